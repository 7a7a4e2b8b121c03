"""What two conversations have in common: asked by look-ups in indexes, never by joining them."""

from collections.abc import Sequence

import msgspec

from chatvault.vault import tokens
from chatvault.vault.archive import Connection
from chatvault.vault.content_key import NO_MINUTE, normal_text
from chatvault.vault.time_keys import EPOCH, SLOTS

LONG = 9  # bytes of UTF-8 of a text that two people hardly write in one minute by accident
PHRASE = 40  # characters of a text that are looked up in the search index
NEAR = 26 * 60  # minutes between the clocks of two places, at most
MOST_HITS = 50


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as it is looked for among others."""

    id: int
    platform: str
    key: str
    owner: str | None
    title: str
    kind: str
    title_is_id: int


class Said(msgspec.Struct, frozen=True):
    """A message with a text, as far as it tells whether another one is the same."""

    id: int
    minute: int
    text: str
    sender: int | None
    platform_id: str | None
    basis: str | None


SAID = "id, minute, text, sender, platform_id, time_basis"


def places(db: Connection) -> dict[int, Place]:
    """Every conversation."""
    names = ", ".join(Place.__struct_fields__)
    found = {}
    for row in db.execute(f"SELECT {names} FROM conversation ORDER BY id"):  # noqa: S608
        place = Place(**dict(zip(Place.__struct_fields__, row, strict=True)))
        found[place.id] = place
    return found


def span(db: Connection, conversation: int) -> tuple[int, int] | None:
    """The first and the last minute of a conversation."""
    first, last = (
        db.execute(
            f"SELECT {what}(minute) FROM message WHERE conversation = ? AND minute > ?",  # noqa: S608
            [conversation, NO_MINUTE],
        ).fetchone()[0]
        for what in ("min", "max")
    )
    return None if first is None else (int(first), int(last))


def count(db: Connection, conversation: int, first: int = NO_MINUTE, last: int = 2**62) -> int:
    """How many messages there are in a stretch of minutes."""
    row = db.execute(
        "SELECT count(*) FROM message WHERE conversation = ? AND minute BETWEEN ? AND ?",
        [conversation, first, last],
    ).fetchone()
    return int(row[0])


def all_between(db: Connection, conversation: int, first: int, last: int) -> list[Said]:
    """The messages with a text in a stretch of minutes."""
    rows = db.execute(
        f"SELECT {SAID} FROM message WHERE conversation = ? AND minute BETWEEN ? AND ?"  # noqa: S608
        " AND text <> '' ORDER BY minute, place",
        [conversation, first, last],
    )
    return [Said(*row) for row in rows]


def sample(db: Connection, conversation: int, first: int, last: int, *, size: int) -> list[Said]:
    """Long texts from a stretch of minutes, spread over it; not more than `size`, maybe fewer."""
    found: dict[int, Said] = {}
    step = max(1, (last - first) // size)
    for start in range(first, last + 1, step):
        row = db.execute(
            f"SELECT {SAID} FROM message WHERE conversation = ? AND minute BETWEEN ? AND ?"  # noqa: S608
            f" AND length(CAST(text AS BLOB)) >= {LONG} ORDER BY minute LIMIT 1",
            [conversation, start, min(last, start + step - 1)],
        ).fetchone()
        if row is not None:
            found[row[0]] = Said(*row)
    return list(found.values())[:size]


def is_long(text: str) -> bool:
    """Whether a text is long enough to be told from others."""
    return len(normal_text(text).encode("utf-8", "surrogatepass")) >= LONG


def equal_at(db: Connection, conversation: int, said: Said, minute: int) -> list[Said]:
    """The messages of a conversation with this text, in this minute."""
    rows = db.execute(
        f"SELECT {SAID} FROM message WHERE conversation = ? AND minute = ?",  # noqa: S608
        [conversation, minute],
    )
    text = normal_text(said.text)
    return [other for other in (Said(*row) for row in rows) if normal_text(other.text) == text]


def equal_nearby(db: Connection, said: Said) -> list[tuple[int, int]]:
    """Conversation and minute of messages with this text within a day or so, wherever they are."""
    text = normal_text(said.text)
    beginning = text if len(text) <= PHRASE else text[:PHRASE].rpartition(" ")[0] or text[:PHRASE]
    phrases = tokens.match_phrase(beginning)
    if not phrases:
        return []
    first, last = ((said.minute + by) * 60 - EPOCH for by in (-NEAR, NEAR + 1))
    rows = db.execute(
        "SELECT m.conversation, m.minute, m.text FROM message_search s"
        " CROSS JOIN message m ON m.time_key = -s.rowid"
        " WHERE message_search MATCH ? AND s.rowid <= ? AND s.rowid > ? LIMIT ?",
        [
            " AND ".join(f"text : {phrase}" for phrase in phrases),
            -first * SLOTS, -last * SLOTS, MOST_HITS,
        ],
    )  # fmt: skip
    return [(place, minute) for place, minute, other in rows if normal_text(other) == text]


def imports_of(db: Connection, messages: Sequence[int]) -> list[int]:
    """The imports that told some of these messages."""
    found: set[int] = set()
    for message in messages:
        rows = db.execute("SELECT import FROM message_import WHERE message = ?", [message])
        found.update(row[0] for row in rows)
    return sorted(found)


def names_of(db: Connection, conversation: int) -> dict[int, tuple[str, str]]:
    """Key and name of each participant of a conversation, and of who wrote in it."""
    rows = db.execute(
        "SELECT p.id, p.key, p.name FROM conversation_participant m JOIN participant p"
        " ON p.id = m.participant WHERE m.conversation = ?",
        [conversation],
    )
    return {row: (key, name) for row, key, name in rows}
