"""The rows of messages and what hangs on them, read and written a batch at a time.

Bulk statements go straight to the connection: sqlite-utils' `insert_all` takes 35 us a row,
`executemany` 1.6 us.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.extras import Extras
from chatvault.vault.merging import OtherId, Row, StoredAttachment, StoredReaction, Variant
from chatvault.vault.placement import Known, Wanted

COLUMNS = (
    "id", "conversation", "minute", "content_hash", "copy", "time_key", "id_scope", "platform_id",
    "sender", "sent_at", "utc_offset_minutes", "time_precision", "time_basis", "sent_as_exported",
    "place", "kind", "text", "more_text", "reply_to", "edited_at", "marks",
)  # fmt: skip
FIXED = 5  # columns that no other telling can change: the content key of a row
CHANGING = COLUMNS[FIXED:]
MORE_TEXT, MARKS = COLUMNS.index("more_text"), COLUMNS.index("marks")
PLAIN = attrgetter(*COLUMNS[:MORE_TEXT])  # a third of the time of listing all fields
TEMPORARY = """
CREATE TEMP TABLE IF NOT EXISTS staged (
    conversation INTEGER, minute INTEGER, content_hash INTEGER, id_scope INTEGER, platform_id TEXT
);
CREATE TEMP TABLE IF NOT EXISTS candidate (id INTEGER PRIMARY KEY)
"""
# CROSS JOIN fixes the order: with a plain join SQLite once took the wrong index and did not end.
CANDIDATES = (
    """INSERT OR IGNORE INTO candidate SELECT m.id FROM staged s CROSS JOIN message m
       ON m.id_scope = s.id_scope AND m.platform_id = s.platform_id
       WHERE s.platform_id IS NOT NULL""",
    """INSERT OR IGNORE INTO candidate SELECT m.id FROM staged s CROSS JOIN message m
       ON m.conversation = s.conversation AND m.minute = s.minute
       AND m.content_hash = s.content_hash""",
    """INSERT OR IGNORE INTO candidate SELECT v.message FROM staged s CROSS JOIN message_version v
       ON v.conversation = s.conversation AND v.minute = s.minute
       AND v.content_hash = s.content_hash""",
)
OTHER_CANDIDATES = """INSERT OR IGNORE INTO candidate SELECT o.message FROM staged s
    CROSS JOIN message_other_id o ON o.id_scope = s.id_scope AND o.platform_id = s.platform_id
    WHERE s.platform_id IS NOT NULL"""


@dataclass
class Loaded:
    """The rows of the archive that messages of a batch might be."""

    known: Known = field(default_factory=Known)
    others: set[int] = field(default_factory=set)  # also told by other, finished imports
    only_unfinished: set[int] = field(
        default_factory=set
    )  # told by none but what this one finishes


class Rows:
    """Reads and writes the rows of one import's batches."""

    def __init__(
        self,
        connection: Connection,
        number: int,
        finishing: Sequence[int],
        *,
        foreign: dict[int, str] | None = None,
    ) -> None:
        """`foreign` are the scopes of ids that sides of a merge have for themselves, by their rows;
        None: there is no merge, and every message has one id."""
        self._db = connection
        self._foreign = foreign
        self._number = number
        self._mine = ", ".join(str(int(n)) for n in (number, *finishing))
        self._finishing = bool(finishing)
        for statement in TEMPORARY.split(";\n"):
            connection.execute(statement)

    def load(self, wanted: Iterable[Wanted]) -> Loaded:
        """Everything in the archive that shares an id or a content key with these messages."""
        db = self._db
        loaded = Loaded()
        db.execute("DELETE FROM staged")
        db.execute("DELETE FROM candidate")
        db.executemany(
            "INSERT INTO staged VALUES (?, ?, ?, ?, ?)",
            [(*item.key, item.id_scope, item.platform_id) for item in wanted],
        )
        for statement in CANDIDATES:
            db.execute(statement)
        if self._foreign is not None:
            db.execute(OTHER_CANDIDATES)
        rows: dict[int, Row] = {}
        names = ", ".join(f"m.{name}" for name in COLUMNS)
        for *values, transcript in db.execute(
            f"SELECT {names}, i.transcript FROM candidate c CROSS JOIN message m ON m.id = c.id"  # noqa: S608
            " LEFT JOIN message_import i ON i.message = m.id AND i.import = ?",
            [self._number],
        ):
            row = Row(*values)
            row.more_text = _from_json(values[MORE_TEXT])
            row.marks = _from_json(values[MARKS])
            row.transcript = transcript or 0
            row.indexed_key = row.time_key
            rows[row.id] = row
        if self._foreign is not None:
            self._load_ids(rows, self._foreign)
            loaded.known.foreign = frozenset(self._foreign)
        if rows:
            self._load_details(rows)
            self._load_links(loaded)
        for row in rows.values():
            loaded.known.add(row)
        return loaded

    def _load_ids(self, rows: dict[int, Row], foreign: dict[int, str]) -> None:
        for row in rows.values():
            row.foreign = foreign.get(row.id_scope or 0, "")
        for message, scope, other, reply_to in self._db.execute(
            "SELECT message, id_scope, platform_id, reply_to FROM candidate c"
            " CROSS JOIN message_other_id o ON o.message = c.id"
        ):
            row = rows[message]
            row.others = {**(row.others or {}), scope: OtherId(other, reply_to)}

    def _load_details(self, rows: dict[int, Row]) -> None:
        for message, minute, content_hash, text, at in self._db.execute(
            "SELECT message, minute, content_hash, text, at FROM candidate c"
            " CROSS JOIN message_version v ON v.message = c.id"
        ):
            rows[message].variants.append(Variant(minute, content_hash, text, at))
        for message, *values in self._db.execute(
            "SELECT message, ordinal, file, state, kind, name, as_exported, type, size,"
            " sha256, duration, stable_name FROM candidate c"
            " CROSS JOIN attachment a ON a.message = c.id ORDER BY a.message, a.ordinal, a.id"
        ):
            rows[message].attachments.append(StoredAttachment(*values))
        for message, *values in self._db.execute(
            "SELECT message, emoji, sender, count, at, extra FROM candidate c"
            " CROSS JOIN reaction r ON r.message = c.id"
        ):
            reaction = StoredReaction(*values)
            rows[message].reactions[(reaction.emoji, reaction.sender)] = reaction
        for message, digest in self._db.execute(
            "SELECT message, digest FROM candidate c CROSS JOIN message_extra e ON e.message = c.id"
        ):
            rows[message].extras.add(digest)

    def _load_links(self, loaded: Loaded) -> None:
        loaded.others = {
            row[0]
            for row in self._db.execute(
                "SELECT DISTINCT c.id FROM candidate c CROSS JOIN message_import i"  # noqa: S608
                f" ON i.message = c.id WHERE i.import NOT IN ({self._mine})"
            )
        }
        if self._finishing:
            counted = {
                row[0]
                for row in self._db.execute(
                    "SELECT c.id FROM candidate c CROSS JOIN message_import i"
                    " ON i.message = c.id AND i.import = ?",
                    [self._number],
                )
            }
            every = {row[0] for row in self._db.execute("SELECT id FROM candidate")}
            loaded.only_unfinished = every - counted - loaded.others

    def absorb(self, gone: Row, into: Row) -> None:
        """Move the links of a row that turned out to be another, and remove it."""
        for table in ("message_import", "message_extra", "message_version"):
            self._db.execute(
                f"UPDATE OR IGNORE {table} SET message = ? WHERE message = ?",  # noqa: S608
                [into.id, gone.id],
            )
        self._db.execute("DELETE FROM message WHERE id = ?", [gone.id])

    def write(self, rows: Sequence[Row], extras: Extras) -> None:
        """Insert or update messages and what hangs on them."""
        db = self._db
        db.executemany(
            f"INSERT INTO message ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})",  # noqa: S608
            [_values(row) for row in rows if row.is_new],
        )
        db.executemany(
            f"UPDATE message SET {', '.join(f'{name} = ?' for name in CHANGING)} WHERE id = ?",  # noqa: S608
            [(*_values(row)[FIXED:], row.id) for row in rows if not row.is_new],
        )
        if self._foreign is not None:
            self._write_ids([row for row in rows if row.others_changed])
        touched = [row for row in rows if row.attachments_changed]
        db.executemany(
            "DELETE FROM attachment WHERE message = ?",
            [(row.id,) for row in touched if not row.is_new],
        )
        db.executemany(
            "INSERT INTO attachment (message, ordinal, file, state, kind, name, as_exported, type,"
            " size, sha256, duration, stable_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    row.id, a.ordinal, a.file, a.state, a.kind, a.name, a.as_exported, a.type,
                    a.size, a.sha256, a.duration, a.stable_name,
                )
                for row in touched
                for a in sorted(row.attachments, key=lambda a: (a.ordinal, a.details()))
            ],
        )  # fmt: skip
        db.executemany(
            "INSERT OR REPLACE INTO reaction (message, emoji, sender, count, at, extra)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (row.id, r.emoji, r.sender, r.count, r.at, r.extra)
                for row in rows
                if row.reactions_changed
                for r in row.reactions.values()
            ],
        )
        db.executemany(
            "INSERT INTO message_version (message, conversation, minute, content_hash, text, at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at",
            [
                (row.id, row.conversation, v.minute, v.content_hash, v.text, v.at)
                for row in rows
                for v in row.new_variants
            ],
        )
        db.executemany(
            "INSERT OR IGNORE INTO message_extra (message, digest, dictionary, extra)"
            " VALUES (?, ?, ?, ?)",
            [
                (row.id, digest, *extras.packed(plain))
                for row in rows
                for digest, plain in row.new_extras.items()
            ],
        )

    def _write_ids(self, rows: Sequence[Row]) -> None:
        self._db.executemany(
            "DELETE FROM message_other_id WHERE message = ?", [(row.id,) for row in rows]
        )
        self._db.executemany(
            "INSERT INTO message_other_id (id_scope, platform_id, message, reply_to)"
            " VALUES (?, ?, ?, ?)",
            [
                (scope, other.id, row.id, other.reply_to)
                for row in rows
                for scope, other in (row.others or {}).items()
            ],
        )

    def link(self, rows: Iterable[Row]) -> None:
        """Say that this import tells these messages."""
        self._db.executemany(
            "INSERT INTO message_import (message, import, transcript) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET transcript = excluded.transcript",
            [(row.id, self._number, row.transcript) for row in rows],
        )


def _values(row: Row) -> tuple[object, ...]:
    return (
        *PLAIN(row), _to_json(row.more_text), row.reply_to, row.edited_at, _to_json(row.marks),
    )  # fmt: skip


def _to_json(values: tuple[str, ...]) -> str | None:
    return msgspec.json.encode(values).decode() if values else None


def _from_json(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(msgspec.json.decode(text, type=tuple[str, ...]))
