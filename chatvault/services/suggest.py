"""Which conversations look like the same: evidence that a person can judge, and nothing done.

Bounded work at any size: a sample of long texts of each conversation is looked up in the search
index, within a day or so around its time; only what is met there again is compared.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from chatvault.services.named import folded
from chatvault.vault import likeness
from chatvault.vault.archive import Connection
from chatvault.vault.content_key import normal_text
from chatvault.vault.likeness import Place, Said

BUDGET = 8_000  # look-ups in the search index for all conversations together
PAIRS = 500  # pairs that are compared
LEAST, MOST = 4, 24  # of one conversation
EXACT = 2_000  # messages up to which all are compared, not a sample of this size
ENOUGH = 3  # equal messages, below which chance is not ruled out
FEW = 20  # messages of a common time; if none of more is equal, they are two conversations
ALIKE = 0.5  # of the messages of a common time, above which two conversations are the same
QUARTER = 15  # minutes: no zone differs from another by less
ALIKE_TITLES = 8  # conversations of one title, above which the title says nothing


class Candidate(msgspec.Struct, frozen=True):
    """A conversation that looks like another."""

    id: int
    title: str
    messages: int


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """Two conversations that look like the same, why, and the command for it. `import` and
    `clock_minutes` tell of an import whose clocks are off."""

    platform: str
    conversations: tuple[Candidate, Candidate]
    evidence: tuple[str, ...]
    number: int | None = msgspec.field(name="import")
    clock_minutes: int
    command: str


@dataclass(frozen=True)
class Compared:
    """How many messages of the one are in the other, in the time that both cover."""

    equal: int
    of: int
    first: int
    last: int
    sampled: bool
    examples: tuple[tuple[Said, Said], ...] = ()

    @property
    def alike(self) -> bool:
        """Enough, and most of them."""
        return self.equal >= ENOUGH and self.equal >= ALIKE * self.of


@dataclass
class _Search:
    db: Connection
    places: dict[int, Place]
    budget: int
    pairs: int
    spans: dict[int, tuple[int, int] | None] = field(default_factory=dict)

    def span(self, row: int) -> tuple[int, int] | None:
        if row not in self.spans:
            self.spans[row] = likeness.span(self.db, row)
        return self.spans[row]

    def met(self, rows: Iterable[int]) -> Counter[tuple[int, int, int]]:
        """How often texts of these conversations were found in others: pair, the smaller number
        first, and by how many minutes the second is ahead."""
        rows = list(rows)
        size = max(LEAST, min(MOST, self.budget // max(1, len(rows))))
        votes: Counter[tuple[int, int, int]] = Counter()
        for row in rows[: self.budget // LEAST]:
            span = self.span(row)
            if span is None:
                continue
            for said in likeness.sample(self.db, row, *span, size=size):
                votes.update(set(self._elsewhere(row, said)))
        return votes

    def _elsewhere(self, row: int, said: Said) -> Iterator[tuple[int, int, int]]:
        for other, minute in likeness.equal_nearby(self.db, said):
            ahead = minute - said.minute
            if other == row or ahead % QUARTER:
                continue
            if self.places[other].platform == self.places[row].platform:
                yield (row, other, ahead) if row < other else (other, row, -ahead)

    def compare(self, one: int, other: int, ahead: int) -> Compared | None:
        """Compare the time that both cover; None when there is none, or enough was compared."""
        self.pairs -= 1
        if self.pairs < 0:
            return None
        spans = self.span(one), self.span(other)
        if spans[0] is None or spans[1] is None:
            return None
        first, last = max(spans[0][0], spans[1][0] - ahead), min(spans[0][1], spans[1][1] - ahead)
        if last < first:
            return None
        counts = (
            likeness.count(self.db, one, first, last),
            likeness.count(self.db, other, first + ahead, last + ahead),
        )
        turned = counts[1] < counts[0]  # the smaller one is looked up in the larger
        row, target = (other, one) if turned else (one, other)
        by = -ahead if turned else ahead
        start, end = (first + ahead, last + ahead) if turned else (first, last)
        sampled = min(counts) > EXACT
        looked_up = (
            likeness.sample(self.db, row, start, end, size=EXACT)
            if sampled
            else likeness.all_between(self.db, row, start, end)
        )
        examples: list[tuple[Said, Said]] = []
        equal = 0
        for said in looked_up:
            twins = likeness.equal_at(self.db, target, said, said.minute + by)
            equal += bool(twins)
            if twins and len(examples) < ENOUGH and likeness.is_long(said.text):
                examples.append((twins[0], said) if turned else (said, twins[0]))
        return Compared(equal, len(looked_up), first, last, sampled, tuple(examples))


def suggestions(
    db: Connection,
    *,
    touched: Iterable[int] | None = None,
    budget: int = BUDGET,
    pairs: int = PAIRS,
) -> list[Suggestion]:
    """Pairs of conversations of one platform that look like the same, the surest first; only those
    with one of the conversations `touched`, if some are given. `budget` bounds the look-ups in the
    search index, `pairs` how many pairs are compared."""
    search = _Search(db, likeness.places(db), budget, pairs)
    rows = list(search.places) if touched is None else [r for r in touched if r in search.places]
    found: dict[tuple[int, int], tuple[int, Suggestion]] = {}
    votes = search.met(rows)
    for (one, other, ahead), number in votes.most_common():
        if number < 2 or (one, other) in found:
            continue
        compared = search.compare(one, other, ahead)
        if compared is not None and compared.alike:
            found[one, other] = compared.equal, _suggestion(search, one, other, ahead, compared)
    for one, other in _same_title(search, set(rows)):
        if (one, other) not in found:
            compared = search.compare(one, other, 0)
            told = compared if compared is not None and compared.equal >= ENOUGH else None
            if told is not None or compared is None or compared.of < FEW:
                found[one, other] = 0, _suggestion(search, one, other, 0, told)
    for one, other in _two_sides(search, set(rows)):
        if (one, other) not in found:
            found[one, other] = 1, _suggestion(search, one, other, 0, None)
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return [suggestion for _, (_, suggestion) in ordered]


def _same_title(search: _Search, rows: set[int]) -> Iterator[tuple[int, int]]:
    """Pairs of one title and kind, unless many have it."""
    titled: dict[tuple[str, str, str], list[int]] = {}
    for place in search.places.values():
        if place.title.strip():
            title = (place.platform, place.kind, folded(normal_text(place.title)))
            titled.setdefault(title, []).append(place.id)
    for ids in titled.values():
        if 1 < len(ids) <= ALIKE_TITLES:
            yield from (
                (one, other) for one in ids for other in ids if one < other and rows & {one, other}
            )


def _two_sides(search: _Search, rows: set[int]) -> Iterator[tuple[int, int]]:
    """Pairs of which each is named after the other's owner."""
    owned = {
        (p.platform, p.key, p.owner): p.id for p in search.places.values() if p.owner is not None
    }
    for (platform, key, owner), row in owned.items():
        other = owned.get((platform, owner or "", key))
        if other is not None and row < other and rows & {row, other}:
            yield row, other


def _suggestion(
    search: _Search, one: int, other: int, ahead: int, compared: Compared | None
) -> Suggestion:
    places = search.places[one], search.places[other]
    numbers = [likeness.count(search.db, place.id) for place in places]
    texts = list(_evidence(places, compared))
    # The one to keep: its platform's id goes before a title, then the larger one.
    ranked = sorted(
        zip(places, numbers, strict=True), key=lambda x: (x[0].title_is_id, -x[1], x[0].id)
    )
    (into, into_count), (source, source_count) = ranked
    number = None
    command = f"chatvault conversations merge {into.id} {source.id}"
    if ahead and compared is not None:
        number = _with_wrong_clock(search.db, compared)
        hours = f"{abs(ahead) / 60:g}"
        which = "which of the two" if number is None else f"that of import {number} probably"
        texts.append(f"but the clocks differ by {hours} hours: a time zone is wrong, {which}")
        undone = "N" if number is None else number
        command = (
            f"chatvault imports undo {undone}, then import that export again with --timezone ZONE"
        )
    return Suggestion(
        platform=into.platform,
        conversations=(
            Candidate(into.id, into.title, into_count),
            Candidate(source.id, source.title, source_count),
        ),
        evidence=tuple(texts), number=number, clock_minutes=ahead, command=command,
    )  # fmt: skip


def _evidence(places: tuple[Place, Place], compared: Compared | None) -> Iterator[str]:
    one, other = places
    if compared is not None:
        months = _months(compared)
        if compared.sampled:
            yield (
                f"of {compared.of:,} messages {months} that were compared,"
                f" {compared.equal:,} are in both"
            )
        else:
            yield f"{compared.equal:,} of {compared.of:,} messages {months} are in both"
    if folded(normal_text(one.title)) == folded(normal_text(other.title)):
        yield "both have the same title"
    if one.owner is not None and (one.owner, one.key) == (other.key, other.owner):
        yield "they are the two sides of one conversation, each exported by one of the two people"


def _months(compared: Compared) -> str:
    first, last = (
        datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m")
        for minute in (compared.first, compared.last)
    )
    return f"in {first}" if first == last else f"between {first} and {last}"


def _with_wrong_clock(db: Connection, compared: Compared) -> int | None:
    """The import whose zone was assumed; where both were, the later one."""
    assumed = [
        said.id
        for pair in compared.examples
        for said in pair
        if (said.basis or "").startswith("assumed:")
    ]
    return max(likeness.imports_of(db, assumed), default=None)
