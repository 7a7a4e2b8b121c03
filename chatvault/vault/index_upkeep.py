"""The search index as a whole: made anew when today's rules are others, and joined into one piece.

FTS5 writes an index in segments and joins some of them as it goes. A word has to be looked up in
each that is left: 13 after a first import of a million messages, when a word takes 3 ms to find
instead of 0.5. Joining them takes 2 s a million.
"""

from collections.abc import Callable, Iterator

import msgspec

from chatvault.vault import archive, queries, schema, search_index, tokens
from chatvault.vault.archive import Connection

BATCH = 20_000  # messages
PAGES = 1000  # of the index, joined at a time
SHARE = 4  # joined when a quarter of the messages came since the last time: all is read then


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


def renew(db: Connection, progress: Callable[[str, int, int], None]) -> None:
    """The index of all messages by today's rules; to be called within a transaction."""
    done, total = 0, archive.value(db, "SELECT count(*) FROM message")
    db.execute("DROP TABLE message_search")
    db.execute(search_index.CREATE)
    platforms = queries.platform_of_conversations(db)
    for batch in _messages(db):
        progress("indexing messages", done, total)
        search_index.index(db, batch, platforms)
        done += len(batch)
    db.execute(
        "INSERT INTO meta VALUES ('tokeniser', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1",
        [tokens.VERSION],
    )


def join(db: Connection) -> None:
    """Join the segments if that is worth its time; broken off, the next call goes on."""
    pending = archive.value(db, "SELECT value FROM meta WHERE key = 'unjoined'")
    if not pending or pending * SHARE < archive.value(db, "SELECT max(id) FROM message"):
        return
    pages = -PAGES  # the first step says that all segments are meant
    while True:
        before = db.total_changes
        with schema.database(db).atomic():
            db.execute(
                "INSERT INTO message_search(message_search, rank) VALUES ('merge', ?)", [pages]
            )
        pages = PAGES
        if db.total_changes - before < 2:  # so FTS5 says that nothing was left to do
            break
    with schema.database(db).atomic():
        db.execute("DELETE FROM meta WHERE key = ?", [search_index.PENDING])


def _messages(db: Connection) -> Iterator[list[_Searched]]:
    """All messages with what is searched of them, in the order of the index."""
    before = None
    while True:
        rows = db.execute(
            "SELECT time_key, conversation, sender, kind, text, more_text FROM message"
            " WHERE ?1 IS NULL OR time_key < ?1 ORDER BY time_key DESC LIMIT ?2",
            [before, BATCH],
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
            [rows[-1][0], rows[0][0]],
        ):
            batch[key].attachments.append(_Attached(kind, name))
        yield list(batch.values())
        before = rows[-1][0]
