"""Removing an import from the archive where that is only deleting rows."""

from chatvault.vault.archive import Connection

# Anything that ties what the import brought to what others brought: then deleting rows is not
# enough, because values that came together were merged.
TIES = (
    # a message that another import told too
    """SELECT 1 FROM message_import mine CROSS JOIN message_import other
       ON other.message = mine.message AND other.import <> mine.import
       WHERE mine.import = ?1 LIMIT 1""",
    # a conversation in which others have messages
    """SELECT 1 FROM message m JOIN message_import o ON o.message = m.id AND o.import <> ?1
       WHERE m.conversation IN (SELECT m2.conversation FROM message_import i
       JOIN message m2 ON m2.id = i.message WHERE i.import = ?1) LIMIT 1""",
    # a participant who is in a conversation of others
    """SELECT 1 FROM conversation_participant a JOIN conversation_participant b
       ON b.participant = a.participant
       WHERE a.conversation IN (SELECT m.conversation FROM message_import i
       JOIN message m ON m.id = i.message WHERE i.import = ?1)
       AND b.conversation NOT IN (SELECT m.conversation FROM message_import i
       JOIN message m ON m.id = i.message WHERE i.import = ?1) LIMIT 1""",
    # an attachment of others whose only file it brought
    """SELECT 1 FROM attachment a JOIN source_file f ON f.file = a.file AND f.import = ?1
       WHERE NOT EXISTS
         (SELECT 1 FROM message_import i WHERE i.message = a.message AND i.import = ?1)
       AND NOT EXISTS (SELECT 1 FROM source_file o WHERE o.file = a.file AND o.import <> ?1)
       LIMIT 1""",
    # a conversation without messages: whose it is, is not known
    """SELECT 1 FROM conversation c WHERE NOT EXISTS
       (SELECT 1 FROM message m WHERE m.conversation = c.id) LIMIT 1""",
)


def stands_alone(db: Connection, number: int) -> bool:
    """Whether nothing of this import was merged with anything of another."""
    row = db.execute("SELECT touched_others FROM import WHERE id = ?", [number]).fetchone()
    if row is None or row[0]:
        return False
    return not any(db.execute(tie, [number] if "?1" in tie else []).fetchone() for tie in TIES)


def remove(db: Connection, number: int) -> None:
    """Delete everything that this import alone brought; its files stay in the packs."""
    db.execute("CREATE TEMP TABLE IF NOT EXISTS leaving (id INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM leaving")
    db.execute(
        "INSERT OR IGNORE INTO leaving SELECT DISTINCT m.conversation FROM message_import i"
        " JOIN message m ON m.id = i.message WHERE i.import = ?",
        [number],
    )
    db.execute(
        "DELETE FROM message_search WHERE rowid IN (SELECT -m.time_key FROM message_import i"
        " JOIN message m ON m.id = i.message WHERE i.import = ?)",
        [number],
    )
    db.execute(
        "DELETE FROM message WHERE id IN (SELECT message FROM message_import WHERE import = ?)",
        [number],
    )
    db.execute(
        "DELETE FROM participant WHERE id IN (SELECT participant FROM conversation_participant"
        " WHERE conversation IN (SELECT id FROM leaving))"
    )
    db.execute("DELETE FROM conversation WHERE id IN (SELECT id FROM leaving)")
    db.execute("DELETE FROM problem WHERE import = ?", [number])
    db.execute("DELETE FROM source_file WHERE import = ?", [number])
