"""The titles that conversations are shown under."""

from chatvault.vault.archive import Connection
from chatvault.vault.decisions import Decisions
from chatvault.vault.identities import shown_title
from chatvault.vault.manifest import ConversationRef


def assign(db: Connection, decisions: Decisions) -> None:
    """Give every conversation the title that the owner decided, or the one of the exports."""
    for row, platform, key, owner, title in db.execute(
        "SELECT id, platform, key, owner, title FROM conversation"
    ).fetchall():
        decided = decisions.title(ConversationRef(platform=platform, key=key, owner=owner))
        wanted = decided or exported(db, row)
        if wanted != title:
            db.execute("UPDATE conversation SET title = ? WHERE id = ?", [wanted, row])


def exported(db: Connection, conversation: int) -> str:
    """The title that exports give to a conversation."""
    rows = db.execute("SELECT title FROM conversation_title WHERE conversation = ?", [conversation])
    return shown_title([row[0] for row in rows])
