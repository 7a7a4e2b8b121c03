"""Persons: several participants that the owner said are one human being."""

from collections.abc import Iterable, Sequence

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.decisions import Decisions
from chatvault.vault.manifest import ConversationRef, ParticipantRef


def assign(db: Connection, decisions: Decisions) -> None:
    """Make the persons of the archive those that were decided, as far as they are in it."""
    db.execute("UPDATE participant SET person = NULL WHERE person IS NOT NULL")
    db.execute("DELETE FROM person")
    for name, rows in _persons(db, decisions):
        shown = name or _name_of(db, rows)
        person = db.execute("INSERT INTO person (name) VALUES (?)", [shown]).lastrowid
        db.executemany(
            "UPDATE participant SET person = ? WHERE id = ?", [(person, r) for r in rows]
        )


def _persons(db: Connection, decisions: Decisions) -> list[tuple[str, list[int]]]:
    """Names and participants of persons; two that share one, because conversations were merged,
    are one."""
    found: list[tuple[str, list[int]]] = []
    for group in decisions.people:
        rows = {row for member in group.members if (row := row_of(db, decisions, member))}
        if not rows or (len(rows) == 1 and not group.name):
            continue
        name = group.name
        for other in [one for one in found if rows & set(one[1])]:
            found.remove(other)
            rows |= set(other[1])
            name = max(name, other[0])
        found.append((name, sorted(rows)))
    return found


def row_of(db: Connection, decisions: Decisions, ref: ParticipantRef) -> int | None:
    """The row of a participant, if any export told it."""
    ref = decisions.participant(ref)
    where = 0
    if ref.key.startswith("name:"):
        conversation = None if ref.conversation is None else conversation_row(db, ref.conversation)
        if conversation is None:
            return None
        where = conversation
    row = db.execute(
        "SELECT id FROM participant WHERE platform = ? AND key = ? AND coalesce(conversation, 0)"
        " = ?",
        [ref.platform, ref.key, where],
    ).fetchone()
    return None if row is None else int(row[0])


def conversation_row(db: Connection, ref: ConversationRef) -> int | None:
    """The row of a conversation; an owner that is not known fits any."""
    rows = db.execute(
        "SELECT id, owner FROM conversation WHERE platform = ? AND key = ? ORDER BY owner",
        [ref.platform, ref.key],
    ).fetchall()
    fitting = [row for row, owner in rows if owner == ref.owner]
    fitting += [row for row, owner in rows if ref.owner is None or owner is None]
    return int(fitting[0]) if fitting else None


def _name_of(db: Connection, rows: Sequence[int]) -> str:
    names = [
        db.execute("SELECT name FROM participant WHERE id = ?", [r]).fetchone()[0] for r in rows
    ]
    return str(max(names, key=lambda name: (bool(name), name)))


class PersonRow(msgspec.Struct, frozen=True):
    """A participant, and the person that it belongs to, if somebody said so."""

    participant: int
    platform: str
    key: str
    name: str
    is_me: int
    person: int | None
    person_name: str | None


COLUMNS = "p.id, p.platform, p.key, p.name, p.is_me, p.person, h.name"


def of(db: Connection, participants: Iterable[int]) -> dict[int, list[PersonRow]]:
    """Every one of these participants with all who are the same person, itself included."""
    found: dict[int, list[PersonRow]] = {}
    for row in participants:
        mine = db.execute(
            f"SELECT {COLUMNS} FROM participant p LEFT JOIN person h ON h.id = p.person"  # noqa: S608
            " WHERE p.id = ?",
            [row],
        ).fetchone()
        if mine is None:
            continue
        person = mine[5]
        rows = (
            [mine]
            if person is None
            else db.execute(
                f"SELECT {COLUMNS} FROM participant p JOIN person h ON h.id = p.person"  # noqa: S608
                " WHERE p.person = ? ORDER BY p.platform, p.id",
                [person],
            )
        )
        found[row] = [PersonRow(*values) for values in rows]
    return found


def expanded(db: Connection, participants: Iterable[int]) -> list[int]:
    """These participants and all who are the same person as one of them."""
    every = set(participants)
    for row in list(every):
        every.update(
            other
            for (other,) in db.execute(
                "SELECT b.id FROM participant a JOIN participant b ON b.person = a.person"
                " WHERE a.id = ?",
                [row],
            )
        )
    return sorted(every)


def reference(db: Connection, participant: int) -> ParticipantRef:
    """The name of a participant that outlives a rebuild."""
    platform, key, *conversation = db.execute(
        "SELECT p.platform, p.key, c.key, c.owner FROM participant p"
        " LEFT JOIN conversation c ON c.id = p.conversation WHERE p.id = ?",
        [participant],
    ).fetchone()
    where = None
    if conversation[0] is not None:
        where = ConversationRef(platform=platform, key=conversation[0], owner=conversation[1])
    return ParticipantRef(platform=platform, key=key, conversation=where)


def every(db: Connection) -> list[int]:
    """All participants."""
    return [row[0] for row in db.execute("SELECT id FROM participant ORDER BY id")]


class Told(msgspec.Struct, frozen=True):
    """Something that exports say of a participant: a name, an alias or a handle."""

    participant: int
    what: str
    value: str


def told(db: Connection) -> list[Told]:
    """All names, aliases and handles."""
    rows = db.execute(
        "SELECT participant, what, value FROM participant_name WHERE what <> 'extra'"
        " ORDER BY participant, what, value"
    )
    return [Told(*row) for row in rows]


class Membership(msgspec.Struct, frozen=True):
    """Somebody's place in a conversation."""

    conversation: int
    kind: str
    participant: int


def memberships(db: Connection) -> list[Membership]:
    """Who is in which conversation."""
    rows = db.execute(
        "SELECT c.id, c.kind, m.participant FROM conversation_participant m"
        " JOIN conversation c ON c.id = m.conversation ORDER BY c.id, m.participant"
    )
    return [Membership(*row) for row in rows]
