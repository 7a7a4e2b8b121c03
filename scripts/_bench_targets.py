"""What searching was meant to reach, beside what was measured: met or not, by the figures alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

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
    for what, median, p95, spread in (
        ("newest 50, again", 2.0, 20.0, attrgetter("newest_again")),
        ("newest 50, once", 2.0, 20.0, attrgetter("newest")),
        ("first query on an archive just opened", 30.0, 30.0, attrgetter("first")),
    ):
        worst = max(found.kinds, key=lambda one: spread(one).median)
        yield _below(f"{what}, median", median, spread(worst).median, worst.what)
        worst = max(found.kinds, key=lambda one: spread(one).p95)
        yield _below(f"{what}, 95 of 100 below", p95, spread(worst).p95, worst.what)
    worst = max(found.kinds, key=attrgetter("per_million"))
    if worst.per_million:
        what = "exact number, again, for a million hits"
        yield _below(what, 50.0, worst.per_million, worst.what)
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
