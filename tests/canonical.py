"""The content of an archive in an order that depends on nothing but the content.

Two archives that know the same give the same lines, whatever their row numbers are and in whichever
order exports came in. Tests compare archives by this.
"""

import hashlib
from collections.abc import Iterator

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.extras import Extras


def lines(connection: Connection) -> Iterator[bytes]:
    """One JSON line for each conversation, participant, person and message; sorted."""
    yield from sorted(_conversations(connection))
    yield from sorted(_participants(connection))
    yield from sorted(_people(connection))
    yield from sorted(_messages(connection))


def digest(connection: Connection) -> str:
    """SHA-256 over `lines`, in hex."""
    total = hashlib.sha256()
    for line in lines(connection):
        total.update(line + b"\n")
    return total.hexdigest()


def _conversations(db: Connection) -> Iterator[bytes]:
    for row, *values in db.execute(
        "SELECT id, platform, key, owner, title, kind FROM conversation ORDER BY id"
    ).fetchall():
        titles = db.execute(
            "SELECT title, kind FROM conversation_title WHERE conversation = ?"
            " ORDER BY title, kind",
            [row],
        ).fetchall()
        extra = db.execute(
            "SELECT extra FROM conversation_extra WHERE conversation = ? ORDER BY extra", [row]
        ).fetchall()
        yield msgspec.json.encode(["conversation", *values, titles, extra])


def _participants(db: Connection) -> Iterator[bytes]:
    for row, *values in db.execute(
        "SELECT p.id, p.platform, p.key, c.key, p.name, p.is_me FROM participant p"
        " LEFT JOIN conversation c ON c.id = p.conversation ORDER BY p.id"
    ).fetchall():
        names = db.execute(
            "SELECT what, value FROM participant_name WHERE participant = ? ORDER BY what, value",
            [row],
        ).fetchall()
        where = db.execute(
            "SELECT c.platform, c.key, c.owner FROM conversation_participant m JOIN conversation c"
            " ON c.id = m.conversation WHERE m.participant = ? ORDER BY 1, 2, 3",
            [row],
        ).fetchall()
        yield msgspec.json.encode(["participant", *values, names, where])


def _people(db: Connection) -> Iterator[bytes]:
    for row, name in db.execute("SELECT id, name FROM person ORDER BY id").fetchall():
        who = db.execute(
            "SELECT p.platform, p.key, c.key FROM participant p"
            " LEFT JOIN conversation c ON c.id = p.conversation WHERE p.person = ?"
            " ORDER BY 1, 2, 3",
            [row],
        ).fetchall()
        yield msgspec.json.encode(["person", name, who])


def _messages(db: Connection) -> Iterator[bytes]:
    extras = Extras(db)
    for row, *values in db.execute(
        "SELECT m.id, c.platform, c.key, c.owner, s.scope, m.platform_id, p.key, m.sent_at,"
        " m.utc_offset_minutes, m.time_precision, m.time_basis, m.sent_as_exported, m.kind, m.text,"
        " m.more_text, m.reply_to, m.edited_at, m.marks FROM message m"
        " JOIN conversation c ON c.id = m.conversation LEFT JOIN id_scope s ON s.id = m.id_scope"
        " LEFT JOIN participant p ON p.id = m.sender ORDER BY m.id"
    ):
        yield msgspec.json.encode(
            [
                "message",
                *values,
                db.execute(
                    "SELECT a.ordinal, f.content_id, a.state, a.kind, a.name, a.as_exported,"
                    " a.type, a.size, a.sha256, a.duration FROM attachment a"
                    " LEFT JOIN stored_file f ON f.id = a.file WHERE a.message = ?"
                    " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
                    [row],
                ).fetchall(),
                db.execute(
                    "SELECT emoji, sender, count, at, extra FROM reaction WHERE message = ?"
                    " ORDER BY emoji, sender",
                    [row],
                ).fetchall(),
                db.execute(
                    "SELECT DISTINCT text, at FROM message_version WHERE message = ?"
                    " ORDER BY text, at",
                    [row],
                ).fetchall(),
                sorted(
                    extras.plain(dictionary, packed)
                    for dictionary, packed in db.execute(
                        "SELECT dictionary, extra FROM message_extra WHERE message = ?", [row]
                    ).fetchall()
                ),
            ]
        )
