"""Rows out of tables, as frozen structs."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.message_parts import ATTACHMENT, AttachmentRow, attachment
from chatvault.vault.selection import Selection, source

Order = Literal["newest", "oldest", "relevance"]


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message with the names that people know it by."""

    id: int
    time_key: int
    conversation: int
    conversation_title: str
    platform: str
    sender: int | None
    sender_name: str
    sent_at: int | None
    utc_offset_minutes: int | None
    time_precision: str | None
    kind: str
    text: str
    more_text: tuple[str, ...]
    platform_id: str | None
    id_scope: int | None
    reply_to: str | None
    edited_at: int | None
    marks: tuple[str, ...]


COLUMNS = (
    "m.id, m.time_key, m.conversation, c.title, c.platform, m.sender,"
    " coalesce(h.name, p.name, ''),"
    " m.sent_at, m.utc_offset_minutes, m.time_precision, m.kind, m.text, m.more_text,"
    " m.platform_id, m.id_scope, m.reply_to, m.edited_at, m.marks"
)
NAMES = (
    " JOIN conversation c ON c.id = m.conversation LEFT JOIN participant p ON p.id = m.sender"
    " LEFT JOIN person h ON h.id = p.person"
)


def _message(row: Sequence[object]) -> MessageRow:
    values: dict[str, Any] = dict(zip(MessageRow.__struct_fields__, row, strict=True))
    values["more_text"] = texts_of(values["more_text"])
    values["marks"] = texts_of(values["marks"])
    return MessageRow(**values)


def texts_of(column: str | None) -> tuple[str, ...]:
    """The texts in a column that holds a JSON list of them, or nothing."""
    return () if column is None else tuple(msgspec.json.decode(column))


def hit_keys(
    db: Connection, selection: Selection, *, order: Order, limit: int, after: int | None
) -> list[int]:
    """The time keys of one page of messages, in order; `after` is the last key of the page before
    (for relevance: how many hits come before)."""
    where, params = _of_index(db, selection)
    key, sign = ("m.time_key", 1) if selection.match is None else ("s.rowid", -1)
    if order == "relevance" and selection.match is not None:
        rows = db.execute(
            f"SELECT s.rowid {where} ORDER BY s.rank, s.rowid LIMIT ? OFFSET ?",
            [*params, limit, after or 0],
        )
        return [-row[0] for row in rows]
    rises = (sign if order == "oldest" else -sign) > 0
    if after is not None:
        where += f" AND {key} {'>' if rises else '<'} ?"
        params.append(sign * after)
    where += f" ORDER BY {key} {'ASC' if rises else 'DESC'} LIMIT ?"
    return [sign * row[0] for row in db.execute(f"SELECT {key} {where}", [*params, limit])]


def count(db: Connection, selection: Selection) -> int:
    """How many messages there are in a selection, exactly."""
    where, params = _of_index(db, selection)
    return int(db.execute(f"SELECT count(*) {where}", params).fetchone()[0])


def _of_index(db: Connection, selection: Selection) -> tuple[str, list[object]]:
    """`source` for whoever needs no more of a message than its time key."""
    where, params = source(db, selection)
    if "m.sent_at" not in where:
        # Every row of the index is a message: the join would only cost.
        where = where.replace(" CROSS JOIN message m ON m.time_key = -s.rowid", "")
    return where, params


def by_keys(db: Connection, keys: Sequence[int]) -> list[MessageRow]:
    """The messages with these time keys, in the order of the keys."""
    # One statement: fifty take a millisecond longer.
    rows = db.execute(
        f"SELECT {COLUMNS} FROM json_each(?) k CROSS JOIN message m ON m.time_key = k.value{NAMES}",  # noqa: S608
        [msgspec.json.encode(keys).decode()],
    )
    found = {row[1]: _message(row) for row in rows}
    return [found[key] for key in keys]


def message(db: Connection, row_id: int) -> MessageRow | None:
    """The message with this number."""
    row = db.execute(f"SELECT {COLUMNS} FROM message m{NAMES} WHERE m.id = ?", [row_id]).fetchone()  # noqa: S608
    return None if row is None else _message(row)


def around(db: Connection, center: MessageRow, context: int) -> list[MessageRow]:
    """A message with those before and after it in its conversation, oldest first."""
    found = []
    for sign, order in (("<", "DESC"), (">", "ASC")):
        rows = db.execute(
            f"SELECT {COLUMNS} FROM message m{NAMES} WHERE m.conversation = ?"  # noqa: S608
            f" AND m.time_key {sign} ? ORDER BY m.time_key {order} LIMIT ?",
            [center.conversation, center.time_key, context],
        )
        found.append([_message(row) for row in rows])
    before, after = found
    return [*reversed(before), center, *after]


def texts(
    db: Connection, selection: Selection, order: Order
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The time key of every message of a selection and what is written in it, in order."""
    where, params = source(db, selection)
    key, sign = ("m.time_key", 1) if selection.match is None else ("s.rowid", -1)
    rises = (sign if order == "oldest" else -sign) > 0
    direction = "ASC" if rises else "DESC"
    for time_key, text, more in db.execute(
        f"SELECT m.time_key, m.text, m.more_text {where} ORDER BY {key} {direction}", params
    ):
        yield time_key, (text, *texts_of(more))


def names(db: Connection, selection: Selection) -> Iterator[tuple[int, str]]:
    """The names of the files of a selection, each with the time key of its message."""
    where, params = source(db, selection)
    head, _, tail = where.partition(" WHERE ")
    sql = f"SELECT m.time_key, a.name {head} JOIN attachment a ON a.message = m.id WHERE {tail}"
    yield from db.execute(sql, params)


def media(
    db: Connection, selection: Selection, *, missing: bool
) -> Iterator[tuple[AttachmentRow, MessageRow]]:
    """Attachments that are there, or those that are not, with their messages, oldest first."""
    where, params = source(db, selection)
    head, _, tail = where.partition(" WHERE ")
    test = "a.file IS NULL" if missing else "a.file IS NOT NULL"
    width = ATTACHMENT.count(",") + 1 - 1  # one comma stands inside coalesce()
    sql = (
        f"SELECT {ATTACHMENT}, {COLUMNS} {head}{NAMES} JOIN attachment a ON a.message = m.id"
        f" WHERE {tail} AND {test} ORDER BY m.time_key, a.ordinal, a.id"
    )
    for row in db.execute(sql, params):
        yield attachment(row[:width]), _message(row[width:])


class ConversationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation, with how much of it there is."""

    id: int
    platform: str
    key: str
    owner: str | None
    title: str
    kind: str
    title_is_id: int
    messages: int
    first: int | None
    last: int | None


def conversations(db: Connection, selection: Selection) -> list[ConversationRow]:
    """Conversations with at least one message of the selection, the latest first."""
    where, params = source(db, selection)
    rows = db.execute(
        "SELECT c.id, c.platform, c.key, c.owner, c.title, c.kind, c.title_is_id, n, first, last"  # noqa: S608
        " FROM (SELECT m.conversation AS id, count(*) AS n, min(m.sent_at) AS first,"
        f" max(m.sent_at) AS last {where} GROUP BY m.conversation) x"
        " JOIN conversation c ON c.id = x.id ORDER BY last DESC, c.id",
        params,
    )
    names = ConversationRow.__struct_fields__
    return [ConversationRow(**dict(zip(names, row, strict=True))) for row in rows]


class ParticipantRow(msgspec.Struct, frozen=True, kw_only=True):
    """One participant."""

    id: int
    platform: str
    key: str
    name: str
    is_me: int
    messages: int


def participants(db: Connection, selection: Selection) -> list[ParticipantRow]:
    """Those who sent messages of the selection, who wrote most first."""
    where, params = source(db, selection)
    rows = db.execute(
        "SELECT p.id, p.platform, p.key, p.name, p.is_me, n FROM"  # noqa: S608
        f" (SELECT m.sender AS id, count(*) AS n {where} GROUP BY m.sender) x"
        " JOIN participant p ON p.id = x.id ORDER BY n DESC, p.id",
        params,
    )
    names = ParticipantRow.__struct_fields__
    return [ParticipantRow(**dict(zip(names, row, strict=True))) for row in rows]


def members_of(db: Connection, conversation: int) -> list[str]:
    """The names of the participants of a conversation."""
    rows = db.execute(
        "SELECT p.name FROM conversation_participant m JOIN participant p ON p.id = m.participant"
        " WHERE m.conversation = ? ORDER BY p.name",
        [conversation],
    )
    return [row[0] for row in rows]


def member_keys(db: Connection, conversation: int) -> list[tuple[str, str]]:
    """Key and name of each participant of a conversation."""
    rows = db.execute(
        "SELECT p.key, p.name FROM conversation_participant m JOIN participant p"
        " ON p.id = m.participant WHERE m.conversation = ?",
        [conversation],
    )
    return [(key, name) for key, name in rows]


def participant_names(db: Connection) -> list[tuple[int, str]]:
    """Every name, alias and handle of every participant, that of its person too."""
    rows = db.execute(
        "SELECT participant, value FROM participant_name WHERE what <> 'extra'"
        " UNION SELECT id, name FROM participant"
        " UNION SELECT p.id, h.name FROM participant p JOIN person h ON h.id = p.person"
    )
    return [(row, name) for row, name in rows]


def conversation_titles(db: Connection) -> list[tuple[int, str]]:
    """Every title of every conversation, the one that its owner gave it too."""
    rows = db.execute(
        "SELECT conversation, title FROM conversation_title"
        " UNION SELECT id, title FROM conversation"
    )
    return [(row, title) for row, title in rows]


def platforms(db: Connection) -> list[str]:
    """The platforms of the conversations that there are."""
    rows = db.execute("SELECT DISTINCT platform FROM conversation ORDER BY platform")
    return [row[0] for row in rows]


def platform_of_conversations(db: Connection) -> dict[int, str]:
    """The platform of each conversation, by its row."""
    return dict(db.execute("SELECT id, platform FROM conversation").fetchall())


def my_participants(db: Connection) -> list[int]:
    """The participants that are the owner of the vault."""
    return [row[0] for row in db.execute("SELECT id FROM participant WHERE is_me")]
