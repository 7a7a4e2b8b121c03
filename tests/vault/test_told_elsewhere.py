"""A message whose id counts everywhere, told of another conversation than before."""

from chatvault.model import (
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Timestamp,
)
from chatvault.vault import archive, schema, search_index
from chatvault.vault.store import Merger


def export(conversation: str, text: str) -> list[object]:
    return [
        Conversation(id=conversation, platform="x", title="A", kind=ConversationKind.GROUP),
        Participant(id="u", name="Ottilie", conversation_id=conversation),
        Message(
            id="7", conversation_id=conversation, sender_id="u", seq=0, kind=MessageKind.TEXT,
            sent_at=Timestamp(1_700_000_000_000, "x"), text=text,
        ),
    ]  # fmt: skip


def test_it_is_one_message_that_stays_where_it_was_and_is_found() -> None:
    connection = archive.open_in_memory()
    schema.migrate(connection)
    for number, told in enumerate([export("first", "ok"), export("second", "later")], 1):
        connection.execute(
            "INSERT INTO import (id, import_id, state, name, importer, importer_version, platform,"
            " told, export_digest, started_at) VALUES (?, ?, 'complete', '', 'x', 1, 'x', '{}',"
            " ?, 0)",
            [number, str(number), str(number)],
        )
        merger = Merger(connection, number, file_of=lambda _: None)
        merger.add(told)
        merger.flush()
    rows = connection.execute(
        "SELECT c.key, -s.rowid = m.time_key FROM message m JOIN conversation c"
        " ON c.id = m.conversation JOIN message_search s ON s.rowid = -m.time_key"
        " WHERE message_search MATCH ?",
        [f'"{search_index.platform_token("x")}"'],
    ).fetchall()
    connection.close()
    assert [("first", 1)] == rows
