"""What restoring reads: conversations with their people, and messages whole, a page at a time."""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import msgspec

from chatvault.vault import search_index
from chatvault.vault.archive import Connection
from chatvault.vault.extras import Extras
from chatvault.vault.selection import Selection, source

PAGE = 500  # messages read together with what hangs on them


@contextmanager
def snapshot(db: Connection) -> Iterator[None]:
    """Everything read inside is of one moment, even while somebody imports."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


class Place(msgspec.Struct, frozen=True):
    """A conversation, by what names it."""

    id: int
    platform: str
    key: str
    owner: str | None
    title: str
    kind: str
    title_is_id: bool


class Member(msgspec.Struct, frozen=True):
    """A participant of a conversation; `names` are (name, alias, handle or extra) and the value."""

    key: str
    name: str
    is_me: bool
    names: tuple[tuple[str, str], ...]

    def said(self, what: str) -> tuple[str, ...]:
        """The names of one sort."""
        return tuple(value for sort, value in self.names if sort == what)


class About(msgspec.Struct, frozen=True):
    """What else is known of a conversation: its titles with kinds, its extras, its people."""

    titles: tuple[tuple[str, str], ...]
    extras: tuple[str, ...]
    members: tuple[Member, ...]

    def names(self) -> dict[str, str]:
        """The name of each participant by its key."""
        return {member.key: member.name for member in self.members}


PLACE = "c.id, c.platform, c.key, c.owner, c.title, c.kind, c.title_is_id"


def places(db: Connection, selection: Selection) -> list[Place]:
    """The conversations that have messages of a selection; all, if everything is selected."""
    sql = ""
    params: list[object] = []
    if not selection.is_everything:
        where, params = source(db, selection)
        sql = f" WHERE c.id IN (SELECT DISTINCT m.conversation {where})"
    rows = db.execute(
        f"SELECT {PLACE} FROM conversation c{sql} ORDER BY c.title, c.platform, c.key, c.owner",  # noqa: S608
        params,
    )
    return [
        Place(row, platform, key, owner, title, kind, bool(by_title))
        for row, platform, key, owner, title, kind, by_title in rows
    ]


def about(db: Connection, conversation: int) -> About:
    """Titles, extras and people of a conversation."""
    titles = db.execute(
        "SELECT title, kind FROM conversation_title WHERE conversation = ? ORDER BY title, kind",
        [conversation],
    )
    extras = db.execute(
        "SELECT extra FROM conversation_extra WHERE conversation = ? ORDER BY extra", [conversation]
    )
    return About(
        titles=tuple((title, kind) for title, kind in titles),
        extras=tuple(row[0] for row in extras),
        members=tuple(_members(db, conversation)),
    )


def _members(db: Connection, conversation: int) -> Iterator[Member]:
    rows = db.execute(
        "SELECT p.id, p.key, p.name, p.is_me FROM conversation_participant m"
        " JOIN participant p ON p.id = m.participant WHERE m.conversation = ? ORDER BY p.key",
        [conversation],
    ).fetchall()
    for row, key, name, is_me in rows:
        names = db.execute(
            "SELECT what, value FROM participant_name WHERE participant = ? ORDER BY what, value",
            [row],
        )
        yield Member(key, name, bool(is_me), tuple((what, value) for what, value in names))


class Kept(msgspec.Struct, frozen=True):
    """An attachment; `file` is the row of its bytes, with their number and hash, where there are
    any."""

    ordinal: int
    file: int | None
    state: str
    kind: str
    name: str
    as_exported: str
    type: str
    size: int | None
    sha256: str
    duration: float | None
    stable_name: bool
    bytes: int | None
    bytes_sha256: str | None


class Reacted(msgspec.Struct, frozen=True):
    """A reaction; `sender` is the key of a participant, or empty."""

    emoji: str
    sender: str
    count: int
    at: int | None
    extra: str


class Variant(msgspec.Struct, frozen=True):
    """A text that a message had, and the key under which it is recognised."""

    minute: int
    content_hash: int
    text: str
    at: int | None


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A message with everything that hangs on it."""

    id: int
    time_key: int
    minute: int
    content_hash: int
    id_scope: int | None
    scope: str | None
    platform_id: str | None
    sender: str | None
    sender_name: str
    sent_at: int | None
    utc_offset_minutes: int | None
    time_precision: str | None
    time_basis: str | None
    sent_as_exported: str | None
    kind: str
    text: str
    more_text: tuple[str, ...]
    reply_to: str | None
    edited_at: int | None
    marks: tuple[str, ...]
    attachments: tuple[Kept, ...] = ()
    reactions: tuple[Reacted, ...] = ()
    variants: tuple[Variant, ...] = ()
    extras: tuple[bytes, ...] = ()

    def other_texts(self) -> list[str]:
        """The texts that it had and that are gone."""
        texts = sorted(self.variants, key=lambda variant: (variant.at or 0, variant.text))
        found = dict.fromkeys(variant.text for variant in texts)
        return [text for text in found if text not in ("", self.text)]


COLUMNS = (
    "m.id, m.time_key, m.minute, m.content_hash, m.id_scope, s.scope, m.platform_id, p.key,"
    " coalesce(p.name, ''), m.sent_at, m.utc_offset_minutes, m.time_precision, m.time_basis,"
    " m.sent_as_exported, m.kind, m.text, m.more_text, m.reply_to, m.edited_at, m.marks"
)
FIELDS = Whole.__struct_fields__[:20]


def time_keys(
    db: Connection, selection: Selection, conversation: int, *, with_files: bool = False
) -> Sequence[int]:
    """The messages of a selection that are in a conversation, in the order in which they are read:
    first those without a time, as they came. Eight bytes each."""
    if selection.match is not None:
        token = search_index.conversation_token(conversation)
        selection = replace(selection, match=f'{selection.match} AND "{token}"')
    where, params = source(db, selection)
    where += " AND m.conversation = ?"
    if with_files:
        where += (
            " AND EXISTS (SELECT 1 FROM attachment a WHERE a.message = m.id AND a.file IS NOT NULL)"
        )
    rows = db.execute(f"SELECT m.time_key {where} ORDER BY m.time_key", [*params, conversation])
    return array("q", (row[0] for row in rows))


def messages(db: Connection, keys: Sequence[int], *, page: int = PAGE) -> Iterator[Whole]:
    """The messages with these time keys, in this order."""
    extras = Extras(db)
    for start in range(0, len(keys), page):
        yield from _page(db, list(keys[start : start + page]), extras)


def _page(db: Connection, keys: list[int], extras: Extras) -> Iterator[Whole]:
    rows = {}
    for row in db.execute(
        f"SELECT {COLUMNS} FROM json_each(?) j CROSS JOIN message m ON m.time_key = j.value"  # noqa: S608
        " LEFT JOIN participant p ON p.id = m.sender LEFT JOIN id_scope s ON s.id = m.id_scope",
        [msgspec.json.encode(keys).decode()],
    ):
        rows[row[1]] = dict(zip(FIELDS, row, strict=True))
    ids = msgspec.json.encode([row["id"] for row in rows.values()]).decode()
    attachments: dict[int, list[Kept]] = {}
    for message, *values in db.execute(
        "SELECT a.message, a.ordinal, a.file, a.state, a.kind, a.name, a.as_exported, a.type,"
        " a.size, a.sha256, a.duration, a.stable_name, f.size, f.sha256 FROM json_each(?) j"
        " CROSS JOIN attachment a ON a.message = j.value LEFT JOIN stored_file f ON f.id = a.file"
        " ORDER BY a.message, a.ordinal, a.name, f.sha256, a.id",
        [ids],
    ):
        values[10] = bool(values[10])
        attachments.setdefault(message, []).append(Kept(*values))
    reactions: dict[int, list[Reacted]] = {}
    for message, *values in db.execute(
        "SELECT r.message, r.emoji, r.sender, r.count, r.at, r.extra FROM json_each(?) j"
        " CROSS JOIN reaction r ON r.message = j.value ORDER BY r.message, r.emoji, r.sender",
        [ids],
    ):
        reactions.setdefault(message, []).append(Reacted(*values))
    variants: dict[int, list[Variant]] = {}
    for message, *values in db.execute(
        "SELECT v.message, v.minute, v.content_hash, v.text, v.at FROM json_each(?) j"
        " CROSS JOIN message_version v ON v.message = j.value ORDER BY v.message, v.text, v.minute,"
        " v.content_hash",
        [ids],
    ):
        variants.setdefault(message, []).append(Variant(*values))
    said: dict[int, list[bytes]] = {}
    for message, dictionary, packed in db.execute(
        "SELECT e.message, e.dictionary, e.extra FROM json_each(?) j"
        " CROSS JOIN message_extra e ON e.message = j.value ORDER BY e.message, e.digest",
        [ids],
    ):
        said.setdefault(message, []).append(extras.plain(dictionary, packed))
    for key in keys:
        row = rows[key]
        number = row["id"]
        for name in ("more_text", "marks"):
            row[name] = () if row[name] is None else tuple(msgspec.json.decode(row[name]))
        yield Whole(
            **row,
            attachments=tuple(attachments.get(number, ())),
            reactions=tuple(reactions.get(number, ())),
            variants=tuple(variants.get(number, ())),
            extras=tuple(said.get(number, ())),
        )
