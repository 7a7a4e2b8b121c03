"""Persons as the owner wants them: several participants that are one human being."""

from collections.abc import Sequence

from chatvault.errors import Usage
from chatvault.services import decide
from chatvault.services.lists import ListedPerson, listed_people
from chatvault.services.named import one_named
from chatvault.vault import people, queries
from chatvault.vault.archive import Connection
from chatvault.vault.manifest import Decision, RenamePerson, SamePerson, SplitPerson
from chatvault.vault.people import PersonRow
from chatvault.vault.selection import EVERYTHING
from chatvault.vault.session import Vault

LISTED = "`chatvault people list` shows their numbers"


def find(db: Connection, given: str) -> list[PersonRow]:
    """The participants of the person with this number or name; Usage when there is none, or more
    than one. The number of any participant will do."""
    known = people.of(db, people.every(db))
    first = {row: min(m.participant for m in members) for row, members in known.items()}
    if given.isascii() and given.isdigit() and int(given) in known:
        return known[int(given)]
    shown = {row: known[row][0].person_name or known[row][0].name for row in first.values()}
    named = [(first[row], name) for row, name in queries.participant_names(db)]
    row = one_named(
        given,
        shown,
        named,
        platforms={row: known[row][0].platform for row in shown},
        what="person",
        listed=LISTED,
    )
    return known[row]


def merge(vault: Vault, into: str, others: Sequence[str], *, now_ms: int) -> ListedPerson:
    """Let these be one person, under the name of the first; Usage when that cannot be meant."""
    db = vault.db
    if not others:
        raise Usage(
            "merging needs two people", remedy="name the one whose name is kept, then the other"
        )
    target = find(db, into)
    lines: list[Decision] = []
    taken = {member.participant for member in target}
    kept = people.reference(db, target[0].participant)
    for other in others:
        members = find(db, other)
        if taken & {member.participant for member in members}:
            raise Usage("these are one person already", remedy=LISTED)
        taken |= {member.participant for member in members}
        lines.append(
            SamePerson(participant=people.reference(db, members[0].participant), same_as=kept)
        )
    name = target[0].person_name or target[0].name
    if name:
        lines.append(RenamePerson(participant=kept, name=name))
    decide.decide_values(vault, lines, now_ms=now_ms)
    return shown(db, target[0].participant)


def split(vault: Vault, given: str, only: Sequence[int], *, now_ms: int) -> list[ListedPerson]:
    """Take a person apart, or only these participants out of it; the persons that there are now."""
    db = vault.db
    members = find(db, given)
    rows = {member.participant for member in members}
    if len(members) < 2:
        raise Usage("this person has one name only: nobody was merged into it", remedy=LISTED)
    if not rows >= set(only):
        raise Usage(
            "somebody else has this number",
            remedy="give numbers that belong to this person: " + ", ".join(map(str, sorted(rows))),
        )
    leaving = sorted(set(only) or rows)
    lines = [SplitPerson(participant=people.reference(db, row)) for row in leaving]
    decide.decide_values(vault, lines, now_ms=now_ms)
    found = {person.id: person for person in (shown(db, row) for row in sorted(rows))}
    return list(found.values())


def rename(vault: Vault, given: str, name: str, *, now_ms: int) -> ListedPerson:
    """Give a person a name, or with an empty one that of the exports."""
    member = find(vault.db, given)[0]
    line = RenamePerson(
        participant=people.reference(vault.db, member.participant), name=name.strip()
    )
    decide.decide_values(vault, [line], now_ms=now_ms)
    return shown(vault.db, member.participant)


def shown(db: Connection, participant: int) -> ListedPerson:
    """The person of a participant."""
    counts = {row.id: row.messages for row in queries.participants(db, EVERYTHING)}
    members = people.of(db, [participant])[participant]
    (person,) = listed_people(db, {m.participant: counts.get(m.participant, 0) for m in members})
    return person


def everybody(db: Connection) -> list[ListedPerson]:
    """All persons, those who wrote nothing too; who wrote most first."""
    counts = {row.id: row.messages for row in queries.participants(db, EVERYTHING)}
    return listed_people(db, {row: counts.get(row, 0) for row in people.every(db)})
