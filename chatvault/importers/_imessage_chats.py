"""Conversations and people of Apple's Messages, put together from its tables.

A conversation is known by its `chat_identifier`: a number, an address or the id of a group. Whoever
sends now by iMessage and now by SMS has two rows in `chat`, which are one conversation.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from chatvault.importers._imessage_rows import Fields, number, text
from chatvault.importers._source import Told
from chatvault.importers._sqlite import Database
from chatvault.model import Conversation, ConversationKind, Participant

ME = "me"
ORPHANED = "orphaned"
GROUP_STYLE, DIRECT_STYLE = 43, 45
MOST_HANDLES = 20
_CHAT = (
    "guid",
    "chat_identifier",
    "display_name",
    "service_name",
    "room_name",
    "group_id",
    "style",
)
_HANDLE = ("id", "service", "person_centric_id", "uncanonicalized_id")


@dataclass
class Chat:
    """A conversation, the handles in it, and the ids of its messages."""

    conversation: Conversation
    members: list[int]
    messages: "array[int]"


def chats_of(database: Database, all_ids: "array[int]", owner: str | None) -> Iterator[Chat]:
    """The conversations in the order of their rows; last, messages that belong to none."""
    members: dict[int, list[int]] = {}
    for _, place, handle in database.scan("chat_handle_join", ["chat_id", "handle_id"]):
        if isinstance(place, int) and isinstance(handle, int):
            members.setdefault(place, []).append(handle)
    messages: dict[int, array[int]] = {}
    for table in ("chat_message_join", "chat_recoverable_message_join"):
        for _, place, one in database.scan(table, ["chat_id", "message_id"]):
            if isinstance(place, int) and isinstance(one, int):
                messages.setdefault(place, array("q")).append(one)
    found: dict[str, Chat] = {}
    for rowid, *values in database.scan("chat", _CHAT):
        row = dict(zip(_CHAT, values, strict=True))
        of_chat = members.get(rowid, []) if isinstance(rowid, int) else []
        made = _conversation(row, of_chat)
        own = messages.pop(rowid, array("q")) if isinstance(rowid, int) else array("q")
        known = found.get(made.id)
        if known is None:
            found[made.id] = Chat(made, list(dict.fromkeys(of_chat)), own)
            continue
        rows = [*_rows(known.conversation), *_rows(made)]
        known.conversation = replace(
            known.conversation,
            title=known.conversation.title or made.title,
            extra={"chats": rows},
        )
        known.members += [one for one in of_chat if one not in known.members]
        known.messages.extend(own)
    names = dict(_names(database))
    joined: set[int] = set()
    for chat in found.values():
        joined.update(chat.messages)
        if chat.messages:
            titled = chat.conversation.title or _title(chat, names)
            chat.conversation = replace(chat.conversation, title=titled, owner=owner)
            yield chat
    orphans = array("q", (one for one in all_ids if one not in joined))
    if orphans:
        yield Chat(replace(_orphaned(), owner=owner), [], orphans)


def _conversation(row: Fields, members: list[int]) -> Conversation:
    style = number(row, "style")
    identifier = text(row, "chat_identifier") or text(row, "guid")
    direct = style == DIRECT_STYLE or (style != GROUP_STYLE and len(members) < 2)
    told = {name: row[name] for name in ("guid", "service_name", "group_id") if text(row, name)}
    return Conversation(
        id=identifier or ORPHANED,
        platform="imessage",
        title=text(row, "display_name"),
        kind=ConversationKind.DIRECT if direct else ConversationKind.GROUP,
        extra={"chats": [told]} if told else {},
    )


def _rows(conversation: Conversation) -> list[object]:
    rows = conversation.extra.get("chats")
    return rows if isinstance(rows, list) else []


def _title(chat: Chat, names: dict[int, str]) -> str:
    if chat.conversation.kind is ConversationKind.DIRECT or not chat.members:
        return chat.conversation.id
    return ", ".join(names.get(one, "") or str(one) for one in chat.members[:10])


def _names(database: Database) -> Iterator[tuple[int, str]]:
    for rowid, name in database.scan("handle", ["id"]):
        if isinstance(rowid, int) and isinstance(name, str):
            yield rowid, name


def _orphaned() -> Conversation:
    return Conversation(
        id=ORPHANED,
        platform="imessage",
        title="Messages that belong to no conversation",
        kind=ConversationKind.GROUP,
    )


class People:
    """Everybody in the table `handle`: a number or an address, in one row for each service."""

    def __init__(self, database: Database, told: Told) -> None:
        self.told = told
        self._handles: dict[int, Fields] = {}
        for rowid, *values in database.scan("handle", _HANDLE):
            if isinstance(rowid, int):
                self._handles[rowid] = dict(zip(_HANDLE, values, strict=True))

    def id_of(self, handle: int) -> str:
        """The id of a participant; 0 is the owner."""
        if not handle:
            return ME
        known = self._handles.get(handle)
        return (text(known, "id") if known else "") or f"name:handle {handle}"

    def sender_of(self, row: Fields) -> str | None:
        """Who sent a message; None for what nobody sent."""
        if number(row, "is_from_me"):
            return ME
        handle = number(row, "handle_id")
        return self.id_of(handle) if handle else None

    def in_chat(self, chat: Chat) -> "InChat":
        """Who is told in a conversation."""
        return InChat(self, chat)

    def participant(self, handle: int, conversation_id: str) -> Participant:
        """Somebody as a participant."""
        known = self._handles.get(handle) or {}
        identifier = self.id_of(handle)
        extra: dict[str, object] = {
            name: known[name]
            for name in ("person_centric_id", "uncanonicalized_id")
            if text(known, name) and text(known, name) != identifier
        }
        return Participant(
            id=identifier,
            name=identifier.removeprefix("name:"),
            conversation_id=conversation_id,
            handles=() if identifier.startswith("name:") else (identifier,),
            is_me=self.told.me == identifier,
            extra=extra,
        )


class InChat:
    """Tells each participant of one conversation once, and the owner again with each own number."""

    def __init__(self, people: People, chat: Chat) -> None:
        self._people = people
        self._chat = chat
        self._told: set[str] = set()
        self._own: tuple[str, ...] = ()

    def members(self) -> Iterator[Participant]:
        """All members of the conversation."""
        for handle in self._chat.members:
            yield from self.reactor(handle)

    def reactor(self, handle: int) -> Iterator[Participant]:
        """Somebody; the owner where it is 0."""
        if not handle:
            if ME not in self._told:
                yield self._me()
        elif (identifier := self._people.id_of(handle)) not in self._told:
            self._told.add(identifier)
            yield self._people.participant(handle, self._chat.conversation.id)

    def sender(self, row: Fields) -> Iterator[Participant]:
        """Who sent the message of a row."""
        if not number(row, "is_from_me"):
            if handle := number(row, "handle_id"):
                yield from self.reactor(handle)
            return
        new = [one for one in own_addresses(row) if one not in self._own]
        if (new and len(self._own) < MOST_HANDLES) or ME not in self._told:
            self._own += tuple(new)
            yield self._me()

    def _me(self) -> Participant:
        self._told.add(ME)
        return Participant(
            id=ME,
            name=self._people.told.me or "Me",
            conversation_id=self._chat.conversation.id,
            handles=self._own,
            is_me=True,
        )


def own_addresses(row: Fields) -> list[str]:
    """The owner's number or address that a message was sent from or came to."""
    own = [text(row, "destination_caller_id"), text(row, "account")]
    return list(dict.fromkeys(found for one in own if (found := _plain(one))))


def _plain(account: str) -> str:
    """`p:+353860000001` and `E:ada@example.org` without the letter for the kind."""
    kind, colon, name = account.partition(":")
    return name if colon and kind.lower() in {"p", "e"} else account
