"""What hangs on messages: attachments, reactions, earlier texts, and what they answer.

For many messages at a time: on a page of fifty, one statement for each of them takes a millisecond.
"""

import mimetypes
from collections.abc import Sequence
from typing import Any

import msgspec

from chatvault.vault import archive
from chatvault.vault.archive import Connection

WITH_OTHER_IDS = 2  # the schema since which a message may have several ids


class AttachmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attachment; `file` is the row of its stored bytes."""

    id: int
    message: int
    ordinal: int
    file: int | None
    state: str
    kind: str
    name: str
    as_exported: str
    type: str
    size: int | None
    sha256: str
    duration: float | None

    @property
    def media_type(self) -> str:
        """As the export says or the name tells; maybe empty."""
        return self.type or mimetypes.guess_type(self.name)[0] or ""


ATTACHMENT = (
    "a.id, a.message, a.ordinal, a.file, a.state, a.kind, a.name, a.as_exported, a.type,"
    " coalesce((SELECT f.size FROM stored_file f WHERE f.id = a.file), a.size), a.sha256,"
    " a.duration"
)


def attachment(row: Sequence[object]) -> AttachmentRow:
    """A row of the columns `ATTACHMENT`."""
    values: dict[str, Any] = dict(zip(AttachmentRow.__struct_fields__, row, strict=True))
    return AttachmentRow(**values)


def attachments_of(db: Connection, messages: Sequence[int]) -> dict[int, list[AttachmentRow]]:
    """The attachments of those messages that have any."""
    found: dict[int, list[AttachmentRow]] = {}
    for row in db.execute(
        f"SELECT {ATTACHMENT} FROM json_each(?) j CROSS JOIN attachment a ON a.message = j.value"  # noqa: S608
        " ORDER BY a.message, a.ordinal, a.id",
        [_listed(messages)],
    ):
        item = attachment(row)
        found.setdefault(item.message, []).append(item)
    return found


class ReactionRow(msgspec.Struct, frozen=True):
    """A reaction, with the key of who reacted where that is known."""

    emoji: str
    sender: str
    count: int


def reactions_of(db: Connection, messages: Sequence[int]) -> dict[int, list[ReactionRow]]:
    """The reactions to those messages that have any."""
    found: dict[int, list[ReactionRow]] = {}
    for message, *values in db.execute(
        "SELECT r.message, r.emoji, r.sender, r.count FROM json_each(?) j"
        " CROSS JOIN reaction r ON r.message = j.value ORDER BY r.message, r.emoji, r.sender",
        [_listed(messages)],
    ):
        found.setdefault(message, []).append(ReactionRow(*values))
    return found


def versions_of(db: Connection, messages: Sequence[int]) -> dict[int, list[tuple[str, int | None]]]:
    """The other texts that those messages had, and when, as far as exports tell."""
    found: dict[int, list[tuple[str, int | None]]] = {}
    for message, text, at in db.execute(
        "SELECT DISTINCT v.message, v.text, v.at FROM json_each(?) j CROSS JOIN message_version v"
        " ON v.message = j.value CROSS JOIN message m ON m.id = v.message"
        " WHERE v.text NOT IN ('', m.text) ORDER BY v.message, v.at, v.text",
        [_listed(messages)],
    ):
        found.setdefault(message, []).append((text, at))
    return found


def answered(db: Connection, messages: Sequence[int]) -> dict[int, int]:
    """The number of the message that a message answers, if the archive has it. In a merged
    conversation a message may have several ids, and each side tells answers by its own."""
    found = dict(
        db.execute(
            "SELECT m.id, other.id FROM json_each(?) j CROSS JOIN message m ON m.id = j.value"
            " JOIN message other ON other.id_scope = m.id_scope AND other.platform_id = m.reply_to",
            [_listed(messages)],
        ).fetchall()
    )
    rest = [message for message in messages if message not in found]
    if rest and archive.value(db, "PRAGMA user_version") % 1000 >= WITH_OTHER_IDS:
        for message, other in db.execute(
            "WITH asked (id) AS (SELECT value FROM json_each(?)), said (id, scope, reply) AS ("
            " SELECT m.id, m.id_scope, m.reply_to FROM asked CROSS JOIN message m"
            " ON m.id = asked.id WHERE m.reply_to IS NOT NULL"
            " UNION ALL SELECT o.message, o.id_scope, o.reply_to FROM asked"
            " CROSS JOIN message_other_id o ON o.message = asked.id WHERE o.reply_to IS NOT NULL)"
            " SELECT said.id, o.message FROM said CROSS JOIN message_other_id o"
            " ON o.id_scope = scope AND o.platform_id = reply"
            " UNION ALL SELECT said.id, m.id FROM said CROSS JOIN message m"
            " ON m.id_scope = scope AND m.platform_id = reply",
            [_listed(rest)],
        ):
            found.setdefault(message, other)
    return found


def _listed(messages: Sequence[int]) -> str:
    return msgspec.json.encode(messages).decode()
