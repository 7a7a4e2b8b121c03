"""The tables of a run, for the terminal and for docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from _bench_results import Paired, Run, Spread


def page(runs: Sequence[Run]) -> str:
    """The generated part of docs/benchmarks.md, the largest run first."""
    ordered = sorted(runs, key=lambda run: -run.messages)
    return "\n".join(tables(run) for run in ordered)


def tables(run: Run) -> str:
    """Everything a run measured."""
    return "\n".join(_lines(run))


def _lines(run: Run) -> Iterator[str]:
    machine = run.machine
    yield f"## {run.messages:,} messages"
    yield ""
    yield (
        f"{run.made}, {machine.processor}, {machine.cores} cores, {machine.memory_gb:g} GB,"
        f" {machine.system}, {machine.disk}. {run.rounds} rounds, seed {run.seed}; load average"
        f" {machine.load_before:.1f} before and {machine.load_after:.1f} after."
    )
    yield ""
    yield ", ".join(f"{name} {version}" for name, version in machine.versions.items()) + "."
    yield ""
    if run.imports:
        yield "### Importing"
        yield ""
        yield from _paired(run.imports, memory=True)
    if run.sizes is not None:
        sizes = run.sizes
        yield (
            f"The Telegram export has {_mb(sizes.export)}. In the vault its messages take"
            f" {_mb(sizes.archive)}, the export itself {_mb(sizes.packs)}; in plain SQLite the"
            f" messages take {_mb(sizes.plain)}."
        )
        yield ""
    if run.searches:
        yield "### Searching"
        yield ""
        yield from _searches(run)
    if run.whole_queries:
        yield "### Searching with nothing open yet"
        yield ""
        yield from _paired(run.whole_queries)
    if run.media:
        yield "### Photos"
        yield ""
        yield from _paired(run.media, memory=True)
    if run.start:
        yield "### Starting"
        yield ""
        yield from _paired(run.start)


def _paired(results: Sequence[Paired], *, memory: bool = False) -> Iterator[str]:
    more = " processor time | beside | peak memory |" if memory else ""
    yield f"| | ChatVault | beside | | times as fast |{more}"
    yield f"| --- | ---: | --- | ---: | ---: |{' ---: |' * 3 if memory else ''}"
    for one in results:
        more = (
            f" {_figure(one.processor)} s | {_figure(one.peer_processor)} s |"
            f" {_peak(one.peak_mb)} |"
        )
        yield (
            f"| {one.what} | {_figure(one.figure)} {one.unit} | {one.peer}"
            f" | {_figure(one.peer_figure)} {one.unit} | {_times(one.ratio)} |"
            f"{more if memory else ''}"
        )
    yield ""


def _peak(megabytes: float) -> str:
    return f"{megabytes:,.0f} MB" if megabytes else "-"


def _searches(run: Run) -> Iterator[str]:
    yield "Milliseconds: the median, and what 95 of 100 queries stay below."
    yield ""
    yield (
        "| | queries | hits | newest 50 | exact number | both, with marks | LIKE scan"
        " | FTS5 `unicode61`, newest 50 | it finds |"
    )
    yield f"| --- |{' ---: |' * 8}"
    for one in run.searches:
        plain = _finds(one.plain_finds)
        yield (
            f"| {one.what}, as `{one.example}` | {one.queries} | {one.hits:,.0f}"
            f" | {_spread(one.newest)} | {_spread(one.total)} | {_spread(one.search)}"
            f" | {_figure(one.scan.median)} | {_spread(one.plain)} | {plain} |"
        )
    yield ""


def _finds(share: float) -> str:
    if share < 0.0005:
        return "nothing"
    return "the same" if abs(share - 1) < 0.0005 else f"{share:.1%}"


def _spread(spread: Spread) -> str:
    return f"{_figure(spread.median)} / {_figure(spread.p95)}"


def _figure(number: float) -> str:
    return (
        f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"
