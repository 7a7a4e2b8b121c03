"""What the archive already knows of a conversation that an export seems to continue."""

from chatvault.model import Conversation
from chatvault.vault.archive import Connection


def has_messages(db: Connection) -> bool:
    """Whether there is anything to overlap with."""
    return db.execute("SELECT 1 FROM message LIMIT 1").fetchone() is not None


def conversation_row(db: Connection, told: Conversation) -> int | None:
    """The row of a conversation, if it is known."""
    row = db.execute(
        "SELECT id FROM conversation WHERE platform = ? AND key = ?", [told.platform, told.id]
    ).fetchone()
    return None if row is None else int(row[0])


def senders(db: Connection, conversation: int) -> set[str]:
    """The keys of those who wrote in a conversation, its owner left out."""
    rows = db.execute(
        "SELECT p.key FROM conversation_participant m JOIN participant p ON p.id = m.participant"
        " WHERE m.conversation = ? AND NOT p.is_me",
        [conversation],
    )
    return {row[0] for row in rows}


def minutes(db: Connection, conversation: int, hashes: set[int]) -> set[tuple[int, int]]:
    """Minute and content hash of the messages of a conversation that have one of these hashes."""
    rows = db.execute(
        "SELECT minute, content_hash FROM message WHERE conversation = ?", [conversation]
    )
    return {(minute, key) for minute, key in rows if key in hashes}
