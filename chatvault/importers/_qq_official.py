"""What the text and the MHT export of PC QQ and TIM share: who sent what, in which conversation.

Neither has ids, a time zone or a word about whose account it is. A sender is written as
`【群主】小满(10002)`, `阿哲<azhe@example.com>` or, in private conversations, `小满`.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from chatvault.errors import BadExport, NeedsAnswer, Where
from chatvault.importers._clock import FileClock, zone_for
from chatvault.importers._fields import Malformed
from chatvault.importers._people import People, folded
from chatvault.importers._qq_body import Body, system_body
from chatvault.importers._source import Source
from chatvault.model import (
    Assumption,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    Problem,
    Record,
)

PLATFORM = "qq"
HOME = "Asia/Shanghai"
# How much of a conversation is looked at to see how many people are in it.
LOOKED_AT = 500

_SENDER = re.compile(r"(.*?)(?:\((\d{5,20})\)|<([^<>\s]{3,254})>)?\s*", re.DOTALL)
_TITLE = re.compile(r"【([^】\n]{1,16})】(.+)", re.DOTALL)
_SYSTEM = frozenset({"10000", "1000000"})
_GROUPS = re.compile(r"群|讨论组|討論組|多人聊天|group|discussion", re.IGNORECASE)
_FRIENDS = re.compile(r"好友|陌生人|黑名单|friend|stranger", re.IGNORECASE)


class Chat(msgspec.Struct, frozen=True):
    """A conversation begins; `folder` is the list of friends or groups that it is filed in."""

    folder: str
    title: str


class Said(msgspec.Struct, frozen=True):
    """One message."""

    wall: datetime
    sender: str
    body: Body
    suspect: bool = False


Event = Chat | Said | Problem


class Sender(msgspec.Struct, frozen=True):
    """Who sent a message; `id` is empty for the app itself."""

    id: str
    name: str
    title: str = ""


def sender_of(text: str) -> Sender:
    """Who is meant by what the export writes in front of a message."""
    found = _SENDER.fullmatch(text.strip())
    name, number, mail = found.groups() if found else (text, None, None)
    name = name.strip()
    if number in _SYSTEM or not (name or number or mail):
        return Sender("", name)
    if not number and not mail:
        return Sender(f"name:{folded(name)}", name)
    # Only in groups, where people have numbers, is there a title in front of the name.
    titled = _TITLE.fullmatch(name)
    title, name = titled.groups() if titled else ("", name)
    return Sender(number or mail or "", name, title)


def records(source: Source, file: str, events: Iterable[Event]) -> Iterator[Record]:
    """The records of one file, each conversation in it as a transcript."""
    zone, assumption = zone_for(source.told, HOME)
    reading = _Reading(source, file, zone, assumption)
    held: list[Said | Problem] = []
    chat: Chat | None = None
    transcript: _Transcript | None = None
    for event in events:
        if isinstance(event, Chat):
            if chat is not None or held:
                yield from reading.all_of(chat, transcript, held)
            chat, transcript, held = event, None, []
        elif transcript is not None:
            yield from transcript.records(event)
        elif len(held) < LOOKED_AT:
            held.append(event)
        else:
            transcript = reading.transcript(chat, held)
            yield from transcript.begin(reading.assumed())
            for one in [*held, event]:
                yield from transcript.records(one)
            held = []
    if chat is not None or held:
        yield from reading.all_of(chat, transcript, held)


def readable(found: Iterable[Record], error: BadExport) -> Iterator[Record]:
    """The same records; the error instead when there are problems and nothing else."""
    waiting: list[Record] = []
    anything = False
    for record in found:
        if not anything and isinstance(record, Problem | Assumption) and len(waiting) < LOOKED_AT:
            waiting.append(record)
            continue
        anything = True
        yield from waiting
        waiting.clear()
        yield record
    if not anything:
        raise error


class _Reading:
    """One file while it is read."""

    def __init__(self, source: Source, file: str, zone: str, assumption: Assumption | None) -> None:
        self._source = source
        self._file = file
        self._zone = zone
        self._assumption = assumption
        self._folders: dict[str, str] = {}  # of each title so far

    def assumed(self) -> Assumption | None:
        """What is to be told of the zone; once for a file."""
        told, self._assumption = self._assumption, None
        return told

    def all_of(
        self, chat: Chat | None, transcript: "_Transcript | None", held: list[Said | Problem]
    ) -> Iterator[Record]:
        """A conversation that is over."""
        if transcript is None:
            if chat is None and not any(isinstance(one, Said) for one in held):
                yield from (one for one in held if isinstance(one, Problem))
                return
            transcript = self.transcript(chat, held)
            yield from transcript.begin(self.assumed())
        for one in held:
            yield from transcript.records(one)

    def transcript(self, chat: Chat | None, held: list[Said | Problem]) -> "_Transcript":
        """The conversation that begins so."""
        told = self._source.told.conversation
        chat = chat or Chat("", _stem(self._file))
        if told is not None:
            if self._folders:
                raise NeedsAnswer(
                    "one title was given, but there are several conversations in this export",
                    where=Where(self._source.full(self._file)),
                    remedy="import it without --conversation",
                )
            chat = Chat(chat.folder, told)
        title = chat.title or _stem(self._file)
        identifier = f"title:{folded(title)}"
        # Two friends of one name: in the same file they are told apart by where they are filed.
        if self._folders.setdefault(folded(title), chat.folder) != chat.folder:
            identifier += f" ({folded(chat.folder)})"
        said = (sender_of(one.sender) for one in held if isinstance(one, Said))
        senders = {who.id: who for who in said if who.id}
        kind = _kind(chat.folder, list(senders))
        mine = None
        if kind is ConversationKind.DIRECT:
            others = [who.id for who in senders.values() if folded(who.name) != folded(title)]
            # One of the two has the name of the conversation; the other one exported it.
            mine = others[0] if len(others) == 1 and len(senders) == 2 else None
        conversation = Conversation(
            id=identifier,
            platform=PLATFORM,
            title=title,
            kind=kind,
            owner=mine,
            title_is_id=True,
            extra={"folder": chat.folder} if chat.folder else {},
        )
        return _Transcript(conversation, FileClock(self._zone), self._source.told.me, mine)


class _Transcript:
    """One conversation while it is read."""

    def __init__(
        self, conversation: Conversation, clock: FileClock, me: str | None, mine: str | None
    ) -> None:
        self._conversation = conversation
        self._clock = clock
        self._people = People(conversation.id, me)
        self._mine = mine
        self._seq = 0

    def begin(self, assumption: Assumption | None) -> Iterator[Record]:
        """What comes before its messages."""
        yield self._conversation
        if assumption is not None:
            yield assumption

    def records(self, event: Said | Problem) -> Iterator[Record]:
        """The records of one message."""
        if isinstance(event, Problem):
            yield event
            return
        who = sender_of(event.sender)
        body = event.body
        extra = dict(body.extra)
        if who.id:
            yield from self._people.tell(who.id, who.name, is_me=who.id == self._mine)
        else:
            body = system_body(body)
            if who.name not in {"", "系统消息"}:
                extra["actor"] = who.name
        if who.title:
            extra["title"] = who.title
        try:
            sent_at = self._clock.time(event.wall)
        except Malformed:
            sent_at = None
            extra["time"] = event.wall.isoformat(sep=" ")
        yield Message(
            id=None,
            conversation_id=self._conversation.id,
            sender_id=who.id or None,
            sent_at=sent_at,
            seq=self._seq,
            kind=body.kind,
            text=body.text,
            attachments=body.attachments,
            marks=(*body.marks, Mark.SUSPECT) if event.suspect else body.marks,
            extra=extra,
        )
        self._seq += 1


def _kind(folder: str, senders: list[str]) -> ConversationKind:
    if _GROUPS.search(folder):
        return ConversationKind.GROUP
    if _FRIENDS.search(folder):
        return ConversationKind.DIRECT
    # Folders have any name; but only groups have more than two people, and numbers behind names.
    numbered = any(not one.startswith("name:") for one in senders)
    return ConversationKind.GROUP if numbered or len(senders) > 2 else ConversationKind.DIRECT


def _stem(file: str) -> str:
    last = file.rpartition("/")[2]
    return last.rpartition(".")[0] or last
