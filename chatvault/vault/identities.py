"""Conversations and participants in the archive: found by what names them, or made.

Where exports disagree about a name or a title, the one shown depends on the names alone, never on
which export came first; all of them are kept.
"""

from collections.abc import Callable, Sequence

import msgspec

from chatvault.model import Conversation, Participant
from chatvault.vault.archive import Connection
from chatvault.vault.decisions import FOREIGN, Decisions
from chatvault.vault.manifest import ConversationRef

KIND_RANK = {"direct": 0, "group": 1, "channel": 2}


class Identities:
    """Row numbers of conversations, participants and scopes of ids, remembered for one import."""

    def __init__(
        self, connection: Connection, touched: Callable[[], None], decisions: Decisions
    ) -> None:
        """`touched` is called when a value that another import told is changed."""
        self._db = connection
        self._touched = touched
        self._decisions = decisions
        self.foreign: dict[int, str] = dict(
            connection.execute(
                "SELECT id, scope FROM id_scope WHERE substr(scope, 1, ?) = ?",
                [len(FOREIGN), FOREIGN],
            ).fetchall()
        )
        self._met_people = False
        self._conversations: dict[tuple[str, str, str | None], int] = {}
        self._participants: dict[tuple[str, str, int], int] = {}
        self._told: set[Participant | tuple[object, ...]] = set()
        self._scopes: dict[tuple[str, str], int] = {}
        self._members: set[tuple[int, int]] = set()

    def conversation(self, told: Conversation) -> int:
        """The row of a conversation."""
        key = (told.platform, told.id, told.owner)
        row = self._conversations.get(key)
        if row is None:
            row = self._conversations[key] = self._find_conversation(told)
        self._name_conversation(row, told)
        return row

    def _find_conversation(self, told: Conversation) -> int:
        rows = self._db.execute(
            "SELECT id, owner FROM conversation WHERE platform = ? AND key = ? ORDER BY owner",
            [told.platform, told.id],
        ).fetchall()
        # An unknown owner fits any; two known, different ones are two conversations, because in
        # some apps each account numbers the messages for itself.
        for row_id, owner in rows:
            if owner == told.owner or told.owner is None:
                return int(row_id)
        for row_id, owner in rows:
            if owner is None:
                self._db.execute(
                    "UPDATE conversation SET owner = ? WHERE id = ?", [told.owner, row_id]
                )
                self._touched()
                return int(row_id)
        title = self._decisions.title(_ref(told)) or told.title
        cursor = self._db.execute(
            "INSERT INTO conversation (platform, key, owner, title, kind, title_is_id)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [told.platform, told.id, told.owner, title, told.kind.value, told.title_is_id],
        )
        self._db.execute(
            "INSERT INTO conversation_title VALUES (?, ?, ?)",
            [cursor.lastrowid, told.title, told.kind.value],
        )
        return int(cursor.lastrowid)

    def _name_conversation(self, row: int, told: Conversation) -> None:
        if told.extra:
            extra = msgspec.json.encode(told.extra, order="deterministic").decode()
            self._db.execute("INSERT OR IGNORE INTO conversation_extra VALUES (?, ?)", [row, extra])
        added = self._db.execute(
            "INSERT OR IGNORE INTO conversation_title VALUES (?, ?, ?)",
            [row, told.title, told.kind.value],
        )
        if added.rowcount > 0:
            names = self._db.execute(
                "SELECT title, kind FROM conversation_title WHERE conversation = ?", [row]
            ).fetchall()
            title = self._decisions.title(_ref(told)) or shown_title([name for name, _ in names])
            kind = max((kind for _, kind in names), key=lambda kind: KIND_RANK[kind])
            self._db.execute(
                "UPDATE conversation SET title = ?, kind = ? WHERE id = ?", [title, kind, row]
            )
            self._touched()

    def participant(self, told: Participant, platform: str, conversation: int) -> int:
        """The row of a participant; names that count in one conversation are looked up there."""
        where = conversation if told.id.startswith("name:") else 0
        row = self._participant_row(platform, told.id, where, told.name)
        member = (conversation, row)
        if member not in self._members:
            self._members.add(member)
            self._db.execute("INSERT OR IGNORE INTO conversation_participant VALUES (?, ?)", member)
        seen = (row, told.name, told.handles, told.aliases, told.is_me, bool(told.extra))
        if seen not in self._told or told.extra:
            self._told.add(seen)
            self._name_participant(row, told)
        return row

    def sender(self, sender_id: str, platform: str, conversation: int) -> int:
        """The row of a participant that is only mentioned."""
        where = conversation if sender_id.startswith("name:") else 0
        return self._participant_row(platform, sender_id, where, "")

    def _participant_row(self, platform: str, key: str, conversation: int, name: str) -> int:
        row = self._participants.get((platform, key, conversation))
        if row is None:
            self._met_people = True
            found = self._db.execute(
                "SELECT id FROM participant WHERE platform = ? AND key = ?"
                " AND coalesce(conversation, 0) = ?",
                [platform, key, conversation],
            ).fetchone()
            if found is None:
                row = int(
                    self._db.execute(
                        "INSERT INTO participant (platform, key, conversation, name)"
                        " VALUES (?, ?, ?, ?)",
                        [platform, key, conversation or None, name],
                    ).lastrowid
                )
                if name:
                    self._db.execute(
                        "INSERT INTO participant_name VALUES (?, 'name', ?)", [row, name]
                    )
            else:
                row = int(found[0])
            self._participants[(platform, key, conversation)] = row
        return row

    def _name_participant(self, row: int, told: Participant) -> None:
        values = [("name", told.name)] if told.name else []
        values += [("alias", alias) for alias in told.aliases]
        values += [("handle", handle) for handle in told.handles]
        if told.extra:
            values.append(
                ("extra", msgspec.json.encode(told.extra, order="deterministic").decode())
            )
        added = 0
        for what, value in values:
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO participant_name VALUES (?, ?, ?)", [row, what, value]
            )
            added += max(cursor.rowcount, 0)
        if told.is_me:
            added += max(
                self._db.execute(
                    "UPDATE participant SET is_me = 1 WHERE id = ? AND is_me = 0", [row]
                ).rowcount,
                0,
            )
        if added:
            self._db.execute(
                "UPDATE participant SET name = coalesce((SELECT max(value) FROM participant_name"
                " WHERE participant = ?1 AND what = 'name'), name) WHERE id = ?1",
                [row],
            )
            self._touched()

    def met_people(self) -> bool:
        """Whether somebody came up since this was asked last."""
        met, self._met_people = self._met_people, False
        return met

    def scope(self, platform: str, scope: str) -> int:
        """The row of a scope of ids."""
        row = self._scopes.get((platform, scope))
        if row is None:
            found = self._db.execute(
                "SELECT id FROM id_scope WHERE platform = ? AND scope = ?", [platform, scope]
            ).fetchone()
            if found is None:
                found = [
                    self._db.execute(
                        "INSERT INTO id_scope (platform, scope) VALUES (?, ?)", [platform, scope]
                    ).lastrowid
                ]
            row = self._scopes[(platform, scope)] = int(found[0])
            if scope.startswith(FOREIGN):
                self.foreign[row] = scope
        return row


def _ref(told: Conversation) -> ConversationRef:
    return ConversationRef(platform=told.platform, key=told.id, owner=told.owner)


def shown_title(titles: Sequence[str]) -> str:
    """The one of several titles that is shown: it depends on nothing but them."""
    return max(titles, key=lambda title: (bool(title), title))
