"""The tables of searching."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from _bench_results import Asked, Run, Searched
from _bench_targets import targets
from _bench_words import figure, finds, megabytes, peak, spread


def searching(run: Run, others: Sequence[Run]) -> Iterator[str]:
    """What a run measured of searching; the others are what it is compared with."""
    if run.search is None:
        return
    found = run.search.found
    yield from _made(run.messages, found)
    yield from _ours(found.kinds)
    yield from _theirs(found.kinds)
    yield from _scans(found.kinds)
    yield from _around(found)
    before = [one for one in others if one.messages < run.messages and one.search is not None]
    yield from _targets(run, min(before, key=lambda one: one.messages, default=None))


def _made(messages: int, found: Searched) -> Iterator[str]:
    sizes, built = found.sizes, found.built
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    yield (
        f"The archive was made by one import, {messages / built.seconds:,.0f} messages/s, peak"
        f" memory {peak(built.peak_mb)}; it has {megabytes(sizes.archive)}. Beside it: a plain"
        f" table of {megabytes(sizes.table)} with an index by sqlite-utils"
        f" ({megabytes(sizes.utils)}) and one of trigrams ({megabytes(sizes.trigram)}), and"
        f" {megabytes(sizes.text)} of text. {versions}."
    )
    yield ""
    yield (
        "Milliseconds: the median, and what 95 of 100 queries stay below. *Once*: each query for"
        " the first time on an open archive, in turn with queries of others that leave nothing of"
        " ours in the processor's caches; its pages have to be fetched and decrypted. *Again*: the"
        " same query once more."
    )
    yield ""


def _ours(kinds: Sequence[Asked]) -> Iterator[str]:
    yield (
        "| ChatVault | queries | hits | newest 50, once | again | exact number, once | again"
        " | again, for a million hits | both, with marks | first query, with opening |"
    )
    yield f"| --- |{' ---: |' * 9}"
    for one in kinds:
        million = figure(one.per_million) if one.per_million else "-"
        yield (
            f"| {one.what}, as `{one.example}` | {one.queries} | {one.hits:,.0f}"
            f" | {spread(one.newest)} | {spread(one.newest_again)} | {spread(one.total)}"
            f" | {spread(one.total_again)} | {million} | {spread(one.search)}"
            f" | {spread(one.first)} |"
        )
    yield ""


def _theirs(kinds: Sequence[Asked]) -> Iterator[str]:
    yield "| newest 50, once | ChatVault | sqlite-utils | it finds | trigrams | they find |"
    yield f"| --- |{' ---: |' * 5}"
    for one in kinds:
        yield (
            f"| {one.what} | {spread(one.newest)} | {spread(one.utils.newest)}"
            f" | {finds(one.utils.finds)} | {spread(one.trigram.newest)}"
            f" | {finds(one.trigram.finds)} |"
        )
    yield ""


def _scans(kinds: Sequence[Asked]) -> Iterator[str]:
    yield (
        "| beside a scan | queries | LIKE scan | newest 50 | exact number | both, with marks"
        " | ripgrep |"
    )
    yield f"| --- |{' ---: |' * 6}"
    for one in kinds:
        ours = (one.newest.median, one.total.median, one.search.median)
        shares = " | ".join(f"1/{one.like.median / median:,.1f}" for median in ours)
        ripgrep = "-" if one.ripgrep is None else figure(one.ripgrep.median)
        yield f"| {one.what} | {one.scans} | {figure(one.like.median)} | {shares} | {ripgrep} |"
    yield ""
    for one in kinds:
        if one.like_by_index is not None:
            share = one.like_by_index.median / one.newest.median
            yield (
                f"Where a conversation is named, SQLite can look at that one alone, by its index:"
                f" LIKE then takes {figure(one.like_by_index.median)} ms for {one.what}, and"
                f" ChatVault's newest 50 take 1/{share:,.1f} of that."
            )
            yield ""


def _around(found: Searched) -> Iterator[str]:
    pages, command = found.pages, found.command
    yield (
        f"A page of a conversation around a date, {pages.asked:,} dates: {spread(pages.ours)};"
        f" by an index of plain SQLite {spread(pages.plain)}. {command.what}:"
        f" {figure(command.figure)}; {command.peer}: {figure(command.peer_figure)}"
        f" ({len(command.rounds)} times each)."
    )
    yield ""


def _targets(run: Run, smaller: Run | None) -> Iterator[str]:
    yield "| target | wanted | measured | of | |"
    yield "| --- | ---: | ---: | --- | --- |"
    for one in targets(run, smaller):
        met = "met" if one.met else "not met"
        yield f"| {one.what} | {one.wanted} | {one.reached} | {one.worst} | {met} |"
    yield ""
