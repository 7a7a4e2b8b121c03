"""Making the search index anew, when it was made by other rules than today's."""

from collections.abc import Iterator

import msgspec

from chatvault.vault import archive, queries, search_index, tokens
from chatvault.vault.archive import Connection

BATCH = 20_000  # messages
KEY = "SELECT value FROM meta WHERE key = 'tokeniser'"


class _Attached(msgspec.Struct, gc=False):
    kind: str
    name: str


class _Searched(msgspec.Struct, gc=False):
    time_key: int
    conversation: int
    sender: int | None
    kind: str
    text: str
    more_text: tuple[str, ...]
    attachments: list[_Attached]
    indexed_key: None = None


def is_current(db: Connection) -> bool:
    """Whether the index was made by today's rules; else words may not be found."""
    return archive.value(db, KEY) == tokens.VERSION


def renew(db: Connection) -> None:
    """The index of all messages by today's rules; to be called within a transaction."""
    db.execute("INSERT INTO message_search(message_search) VALUES ('delete-all')")
    platforms = queries.platform_of_conversations(db)
    for batch in _messages(db):
        search_index.index(db, batch, platforms)
    db.execute(
        "INSERT INTO meta VALUES ('tokeniser', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1",
        [tokens.VERSION],
    )


def _messages(db: Connection) -> Iterator[list[_Searched]]:
    """All messages with what is searched of them, in the order of the index."""
    after = None
    while True:
        rows = db.execute(
            "SELECT time_key, conversation, sender, kind, text, more_text FROM message"
            " WHERE ?1 IS NULL OR time_key > ?1 ORDER BY time_key LIMIT ?2",
            [after, BATCH],
        ).fetchall()
        if not rows:
            return
        batch = {
            key: _Searched(key, conversation, sender, kind, text, queries.texts_of(more), [])
            for key, conversation, sender, kind, text, more in rows
        }
        for key, kind, name in db.execute(
            "SELECT m.time_key, a.kind, a.name FROM message m CROSS JOIN attachment a"
            " ON a.message = m.id WHERE m.time_key BETWEEN ? AND ?"
            " ORDER BY m.time_key, a.ordinal, a.id",
            [rows[0][0], rows[-1][0]],
        ):
            batch[key].attachments.append(_Attached(kind, name))
        yield list(batch.values())
        after = rows[-1][0]
