"""Where a page of a conversation begins: at a moment, or at the end."""

from chatvault.vault import queries
from chatvault.vault.archive import Connection
from chatvault.vault.queries import MessageRow
from chatvault.vault.time_keys import EPOCH, SLOTS

# A time key may lie behind its message's time, where a second was too full, but never before it.
SINCE = (
    "SELECT id FROM message WHERE conversation = ? AND time_key >= ? AND sent_at >= ?"
    " ORDER BY time_key LIMIT 1"
)
LAST = "SELECT id FROM message WHERE conversation = ? ORDER BY time_key DESC LIMIT 1"


def at(db: Connection, conversation: int, utc_ms: int) -> MessageRow | None:
    """The first message that a conversation has from a moment on; if it ends before, its last one.
    None if no message of it has a time."""
    row = db.execute(SINCE, [conversation, (utc_ms // 1000 - EPOCH) * SLOTS, utc_ms]).fetchone()
    if row is not None:
        return queries.message(db, row[0])
    found = last(db, conversation)
    return None if found is None or found.sent_at is None else found


def last(db: Connection, conversation: int) -> MessageRow | None:
    """The last message of a conversation; None if it has none."""
    row = db.execute(LAST, [conversation]).fetchone()
    return None if row is None else queries.message(db, row[0])
