"""The tables of a run, for the terminal and for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from _bench_results import Form, Group, Imports, Paired, Run, T
from _bench_search_page import searching
from _bench_words import figure, megabytes, peak


def page(runs: Sequence[Run]) -> str:
    """The generated part of docs/benchmarks.md, the largest run first."""
    ordered = sorted(runs, key=lambda run: -run.messages)
    return "\n".join(tables(run, runs) for run in ordered)


def tables(run: Run, others: Sequence[Run] = ()) -> str:
    """Everything a run measured; the others are what it is compared with."""
    return "\n".join(_lines(run, others))


def _lines(run: Run, others: Sequence[Run]) -> Iterator[str]:
    yield f"## {run.messages:,} messages"
    yield ""
    if run.imports is not None:
        yield from _headed("Importing", run.imports)
        yield from _imports(run.imports.found)
    if run.forms is not None:
        number = "a million" if run.messages == 1_000_000 else f"{run.messages:,}"
        yield from _headed(f"Memory while importing {number} messages", run.forms)
        yield from _forms(run.forms.found)
    if run.search is not None:
        yield from _headed("Searching", run.search)
        yield from searching(run, others)
    if run.media is not None:
        yield from _headed("Photos", run.media)
        yield from _paired(run.media.found, memory=True)
    if run.start is not None:
        yield from _headed("Starting", run.start)
        yield from _paired(run.start.found)


def _headed(title: str, group: Group[T]) -> Iterator[str]:
    """A title, and when and where it was measured."""
    taken, machine = group.taken, group.taken.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    rounds = "Once" if taken.rounds == 1 else f"{taken.rounds} rounds"
    yield f"### {title}"
    yield ""
    yield (
        f"{taken.made}, {machine.processor}, {machine.cores} cores, {machine.memory_gb:g} GB,"
        f" {machine.system}, {machine.disk}; load average {machine.load_before:.1f} before and"
        f" {machine.load_after:.1f} after. {rounds}, seed {taken.seed}. {versions}."
    )
    yield ""


def _imports(found: Imports) -> Iterator[str]:
    yield from _paired(found.results, memory=True)
    sizes = found.sizes
    yield (
        f"The Telegram export has {megabytes(sizes.export)}. In the vault its messages take"
        f" {megabytes(sizes.archive)}, the export itself {megabytes(sizes.packs)}; in plain SQLite"
        f" the messages take {megabytes(sizes.plain)}."
    )
    yield ""


def _forms(forms: Sequence[Form]) -> Iterator[str]:
    yield "| | messages/s | processor time | peak memory | export | files |"
    yield f"| --- |{' ---: |' * 5}"
    for one in forms:
        yield (
            f"| {one.name} | {figure(one.rate)} | {figure(one.processor)} s | {peak(one.peak_mb)}"
            f" | {megabytes(one.export)} | {one.files:,} |"
        )
    yield ""


def _paired(results: Sequence[Paired], *, memory: bool = False) -> Iterator[str]:
    more = " processor time | beside | peak memory |" if memory else ""
    yield f"| | ChatVault | beside | | times as fast |{more}"
    yield f"| --- | ---: | --- | ---: | ---: |{' ---: |' * 3 if memory else ''}"
    for one in results:
        more = (
            f" {figure(one.processor)} s | {figure(one.peer_processor)} s | {peak(one.peak_mb)} |"
        )
        yield (
            f"| {one.what} | {figure(one.figure)} {one.unit} | {one.peer}"
            f" | {figure(one.peer_figure)} {one.unit} | {_times(one.ratio)} |"
            f"{more if memory else ''}"
        )
    yield ""


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
