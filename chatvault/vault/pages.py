"""Where a page of a conversation begins: at a moment, or at the end."""

from chatvault.vault import queries
from chatvault.vault.archive import Connection
from chatvault.vault.queries import MessageRow

# Both go along the index on conversation and minute and stop at the first row; a sort by time key
# is left for one minute. Of a minute the second decides, and where a later export knew the time
# better than the one that brought the message, only `sent_at` is right.
SINCE = (
    "SELECT id FROM message WHERE conversation = ? AND minute >= ? AND sent_at >= ?"
    " ORDER BY minute, time_key LIMIT 1"
)
LAST = "SELECT id FROM message WHERE conversation = ? ORDER BY minute DESC, time_key DESC LIMIT 1"


def at(db: Connection, conversation: int, utc_ms: int) -> MessageRow | None:
    """The first message that a conversation has from a moment on; if it ends before, its last one.
    None if no message of it has a time."""
    row = db.execute(SINCE, [conversation, utc_ms // 60_000, utc_ms]).fetchone()
    if row is not None:
        return queries.message(db, row[0])
    found = last(db, conversation)
    return None if found is None or found.sent_at is None else found


def last(db: Connection, conversation: int) -> MessageRow | None:
    """The last message of a conversation; None if it has none."""
    row = db.execute(LAST, [conversation]).fetchone()
    return None if row is None else queries.message(db, row[0])
