"""Who looks like the same person: evidence from what exports say, and nothing done."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

import msgspec

from chatvault.services.lists import ListedIdentity
from chatvault.services.named import folded
from chatvault.vault import people
from chatvault.vault.archive import Connection
from chatvault.vault.people import PersonRow

NATIONAL = 9  # the last digits of a phone number, the same with and without country code
SHORTEST = 7  # digits of a number that is one
BEARERS = 12  # people of one name, above which the name says nothing
COMMON = 2  # other names that two groups share, so that they are of the same people
PHONE = re.compile(r"[+(]?[0-9][0-9 ()./\-\u00a0\u2009\u2010\u2011]{5,}[0-9]")
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class SamePeople(msgspec.Struct, frozen=True):
    """People who look like one, why, and the command that makes them one."""

    people: tuple[ListedIdentity, ...]
    evidence: tuple[str, ...]
    command: str


def suggestions(db: Connection) -> list[SamePeople]:
    """Groups of participants that look like one person and are not yet, the surest first."""
    search = _Search(db)
    links: dict[tuple[int, int], list[str]] = {}
    for why, one, other in search.links():
        pair = (min(one, other), max(one, other))
        if one != other and search.person(one) != search.person(other):
            reasons = links.setdefault(pair, [])
            if why not in reasons:
                reasons.append(why)
    groups = _joined(links)
    found = []
    for rows in groups:
        whys = [why for pair, reasons in links.items() if set(pair) <= rows for why in reasons]
        members = search.ordered(rows)
        numbers = " ".join(str(member.participant) for member in members)
        found.append(
            SamePeople(
                tuple(ListedIdentity(m.participant, m.platform, m.name) for m in members),
                tuple(dict.fromkeys(whys)),
                f"chatvault people merge {numbers}",
            )
        )
    return sorted(found, key=lambda one: (-len(one.evidence), one.people[0].id))


def _joined(pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
    groups: dict[int, set[int]] = {}
    for pair in pairs:
        joined = set(pair).union(*(groups.get(row, {row}) for row in pair))
        groups.update(dict.fromkeys(joined, joined))
    return list({id(group): group for group in groups.values()}.values())


class _Search:
    """What exports say of everybody, by participant."""

    def __init__(self, db: Connection) -> None:
        everybody = people.of(db, people.every(db))
        self._rows: dict[int, PersonRow] = {
            row: next(m for m in members if m.participant == row)
            for row, members in everybody.items()
        }
        self._told = people.told(db)
        self._groups: dict[int, set[int]] = defaultdict(set)  # conversation -> participants
        self._direct: set[int] = set()  # participants whose direct conversation there is
        self._in: dict[int, set[int]] = defaultdict(set)
        for member in people.memberships(db):
            if member.kind == "direct":
                self._direct.add(member.participant)
            self._groups[member.conversation].add(member.participant)
            self._in[member.participant].add(member.conversation)

    def person(self, row: int) -> tuple[bool, int]:
        """Equal for participants that are one person already."""
        known = self._rows[row]
        return (True, known.person) if known.person is not None else (False, row)

    def ordered(self, rows: set[int]) -> list[PersonRow]:
        """One participant of each person, those who have a name before those with a number."""
        found = {self.person(row): self._rows[row] for row in sorted(rows, reverse=True)}
        return sorted(
            found.values(),
            key=lambda one: (one.person is None, not _is_name(one.name), one.participant),
        )

    def links(self) -> Iterator[tuple[str, int, int]]:
        """Reason and two participants."""
        yield from _pairs("exports say that this is you", self._me())
        yield from self._equal("the same phone number", self._phones())
        yield from self._equal("the same e-mail address", self._mails())
        yield from self._same_names()

    def _me(self) -> list[int]:
        return [row for row, known in self._rows.items() if known.is_me]

    def _equal(self, why: str, values: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int, int]]:
        found: dict[str, set[int]] = defaultdict(set)
        for value, row in values:
            found[value].add(row)
        for rows in found.values():
            yield from _pairs(why, sorted(rows))

    def _values(self) -> Iterator[tuple[str, int]]:
        for one in self._told:
            yield one.value, one.participant
        for row, known in self._rows.items():
            yield known.key.removeprefix("name:"), row

    def _phones(self) -> Iterator[tuple[str, int]]:
        for value, row in self._values():
            if PHONE.fullmatch(value.strip()):
                digits = re.sub(r"[^0-9]", "", value)
                if len(digits) >= SHORTEST and not _is_an_id(value, digits):
                    yield digits[-NATIONAL:].lstrip("0"), row

    def _mails(self) -> Iterator[tuple[str, int]]:
        for value, row in self._values():
            if MAIL.fullmatch(value.strip()):
                yield value.strip().casefold(), row

    def _same_names(self) -> Iterator[tuple[str, int, int]]:
        bearers: dict[str, set[int]] = defaultdict(set)
        for told in self._told:
            if told.what != "handle" and _is_name(told.value):
                bearers[folded(told.value)].add(told.participant)
        around: dict[int, set[str]] = defaultdict(set)  # conversation -> names in it
        for name, rows in bearers.items():
            for row in rows:
                for conversation in self._in[row]:
                    around[conversation].add(name)
        for name, rows in bearers.items():
            if len(rows) > BEARERS:
                continue
            for one, other in combinations(sorted(rows), 2):
                if one in self._direct and other in self._direct:
                    yield "the same name in direct conversations", one, other
                elif self._share_people(name, self._in[one], self._in[other], around):
                    yield "the same name among the same people", one, other

    def _share_people(
        self, name: str, ours: set[int], theirs: set[int], around: dict[int, set[str]]
    ) -> bool:
        """Whether other names are the same, too, where the two are."""
        for here in ours:
            for there in theirs - {here}:
                common = (around[here] & around[there]) - {name}
                fewest = min(len(self._groups[here]), len(self._groups[there]))
                if len(common) >= max(1, min(COMMON, fewest - 1)):
                    return True
        return False


def _pairs(why: str, rows: Iterable[int]) -> Iterator[tuple[str, int, int]]:
    rows = list(rows)
    yield from ((why, rows[0], row) for row in rows[1:])


def _is_name(text: str) -> bool:
    return any(char.isalpha() for char in text)


def _is_an_id(value: str, digits: str) -> bool:
    """A bare number may be an account's id: a phone number has a plus, a zero or spaces in it."""
    return value.strip() == digits and not digits.startswith("0")
