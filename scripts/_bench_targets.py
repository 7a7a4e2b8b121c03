"""What searching was meant to reach, beside what was measured: met or not, by the figures alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from _bench_questions import ONE_LIST
from _bench_results import Run, Searched

SAME = 1.5  # medians of two runs this near to each other are called the same


@dataclass(frozen=True)
class Target:
    """One of them; `worst` is the kind of query that `reached` was measured with."""

    what: str
    wanted: str
    reached: str
    worst: str
    met: bool


def targets(run: Run, smaller: Run | None) -> list[Target]:
    """Every target that something was measured for. `smaller` is a run with fewer messages."""
    if run.search is None:
        return []
    found = list(_targets(run.search.found))
    if smaller is not None and smaller.search is not None:
        found += _same(run.search.found, smaller.search.found, smaller.messages)
    return found


def _targets(found: Searched) -> Iterator[Target]:
    by_kind = {
        "newest 50, again, median": (
            2.0,
            {one.what: one.newest_again.median for one in found.kinds},
        ),
        "newest 50, again, 95 of 100 below": (
            20.0,
            {one.what: one.newest_again.p95 for one in found.kinds},
        ),
        "newest 50, once, median": (2.0, {one.what: one.newest.median for one in found.kinds}),
        "newest 50, once, 95 of 100 below": (
            20.0,
            {one.what: one.newest.p95 for one in found.kinds},
        ),
        "first query on an archive just opened, median": (
            30.0,
            {one.what: one.first.median for one in found.kinds},
        ),
        "first query on an archive just opened, 95 of 100 below": (
            30.0,
            {one.what: one.first.p95 for one in found.kinds},
        ),
        "exact number, again, for a million hits": (
            50.0,
            {one.what: one.per_million for one in found.kinds if one.per_million},
        ),
    }
    for what, (most, figures) in by_kind.items():
        if figures:
            worst = max(figures, key=lambda kind: figures[kind])
            yield _below(what, most, figures[worst], worst)
    slow = min(found.kinds, key=lambda one: one.times)
    reached = f"1/{slow.times:,.0f}" if slow.times >= 1 else f"{1 / slow.times:.1f} times it"
    yield Target(
        "newest 50, exact number and both, beside a LIKE scan", "at most 1/20", reached, slow.what,
        slow.times >= 20,
    )  # fmt: skip
    yield _below("a page of a conversation, median", 2.0, found.pages.ours.median, "")
    yield _below("`chatvault search`, all of it, median", 300.0, found.command.figure, "")


def _below(what: str, most: float, reached: float, worst: str) -> Target:
    return Target(what, f"under {most:g} ms", f"{reached:.3g} ms", worst, reached < most)


def _same(found: Searched, smaller: Searched, messages: int) -> Iterator[Target]:
    before = {one.what: one.newest_again.median for one in smaller.kinds}
    grown = {
        one.what: one.newest_again.median / before[one.what]
        for one in found.kinds
        if one.what in before
    }
    for lists, kinds in (
        ("one list", grown.keys() & ONE_LIST),
        ("several lists", grown.keys() - ONE_LIST),
    ):
        if kinds:
            worst = max(kinds, key=lambda kind: grown[kind])
            yield Target(
                f"newest 50 from {lists}, again, median, beside {messages:,} messages",
                f"the same (up to {SAME:g} times)",
                f"{grown[worst]:.2f} times", worst, grown[worst] <= SAME,
            )  # fmt: skip
