"""What imessage-exporter tells of one message, in whichever form, and the records it makes."""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from chatvault.importers._clock import FileClock, hour_24
from chatvault.importers._fields import Malformed
from chatvault.importers._imessage_media import found_at
from chatvault.importers._imessage_rows import EMOJI
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._people import People, folded
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Reaction,
    Record,
    Version,
)

CLOCK = r"([A-Z][a-z]{2}) (\d{2}), (\d{4})\s+(\d{1,2}):(\d{2}):(\d{2}) ([AP]M)"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
MONTH_NAMES = tuple(_MONTHS)
TAPBACKS = dict(
    zip(("Loved", "Liked", "Disliked", "Laughed", "Emphasized", "Questioned"), EMOJI, strict=True)
)
MISSING = "Attachment missing!"
ME, ORPHANED = "me", "orphaned"
# Replies are told twice; so many wait for their own place.
WAITING = 10_000
_TAPBACK = re.compile(r"(.{1,40}?) by (.{1,200})")
_HANDLE = re.compile(r"\+?\d{4,20}|[^\s@,]{1,64}@[^\s@,]{1,190}", re.ASCII)
_NUMBERED = re.compile(r"(.+) - \d+", re.DOTALL)
_COPIED = re.compile(r"(?:^|[/\\])(attachments[/\\][^\n]*)$", re.IGNORECASE)


@dataclass
class Post:
    """One message as the program wrote it. `sender` is None for what nobody sent."""

    wall: datetime
    sender: str | None
    mine: bool = False
    guid: str = ""
    text: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    files: list[tuple[str, MessageKind | None]] = field(default_factory=list)
    tapbacks: list[str] = field(default_factory=list)
    edits: list[str] = field(default_factory=list)  # later texts
    marks: list[Mark] = field(default_factory=list)
    kind: MessageKind | None = None
    extra: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    replies: list["Post"] = field(default_factory=list)
    is_reply: bool = False


def wall_of(found: re.Match[str]) -> datetime:
    """The clock that a match of CLOCK shows; Malformed if none shows it."""
    month, day, year, hour, minute, second, half = found.groups()[:7]
    try:
        return datetime(  # noqa: DTZ001 - a wall clock
            int(year), _MONTHS.index(month) + 1, int(day), hour_24(int(hour), half) or 0,
            int(minute), int(second),
        )  # fmt: skip
    except ValueError as cause:
        raise Malformed("a time that no clock shows") from cause


def is_tapback(line: str) -> bool:
    """Whether a line in a list of reactions is one."""
    found = _TAPBACK.fullmatch(line)
    return "Sticker from " in line or (
        found is not None and (found[1] in TAPBACKS or not found[1].isascii())
    )


class Talk:
    """One conversation, which is one file."""

    def __init__(self, source: Source, stem: str, zone: str) -> None:
        self._source = source
        self._clock = FileClock(zone)
        named = _NUMBERED.fullmatch(stem)
        title = named[1] if named else stem
        known = bool(_HANDLE.fullmatch(stem)) or stem == ORPHANED
        group = named is not None or ", " in stem or stem == ORPHANED
        self.conversation = Conversation(
            id=stem if known else f"title:{folded(title)}",
            platform="imessage",
            title=title,
            kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
            title_is_id=not known,
        )
        self._people = People(self.conversation.id, source.told.me)
        self._seq = 0
        self._waiting: OrderedDict[tuple[str, str], list[tuple[Post, Post]]] = OrderedDict()

    def records(self, post: Post) -> Iterator[Record]:
        """The message of a post and its reactions, those who sent them before it."""
        parent = self._answered(post) if post.is_reply or post.guid else None
        yield from self._told(post, parent)
        for reply in post.replies:
            self._waiting.setdefault(_key(reply), []).append((reply, post))
        while len(self._waiting) > WAITING:
            for reply, answered in self._waiting.popitem(last=False)[1]:
                yield from self._told(reply, answered)

    def _answered(self, post: Post) -> Post | None:
        """The message that a reply was told below."""
        waiting = self._waiting.get(_key(post))
        if waiting is None:
            return None
        _, parent = waiting.pop(0)
        if not waiting:
            del self._waiting[_key(post)]
        return parent

    def rest(self) -> Iterator[Record]:
        """Replies that were told only below the message that they answer."""
        for waiting in self._waiting.values():
            for reply, parent in waiting:
                yield from self._told(reply, parent)
        self._waiting.clear()

    def _told(self, post: Post, parent: Post | None) -> Iterator[Record]:
        sent_at = self._clock.time(post.wall)
        attachments = tuple(self._attachment(*file) for file in post.files)
        texts = ["\n".join(post.text).strip("\n"), *post.edits]
        extra = dict(post.extra)
        if parent is not None and not parent.guid:
            extra["in_reply_to"] = {"at": parent.wall.isoformat(), "sender": parent.sender or ""}
        if post.notes:
            extra["notes"] = post.notes
        reactions = [_reaction(one) for one in post.tapbacks]
        sender = None if post.sender is None else _id(post.sender, mine=post.mine)
        if sender is not None:
            yield from self._person(sender, post.sender or "")
        for name, _, _ in reactions:
            yield from self._person(_id(name), name)
        kind = post.kind or (attachments[0].kind if attachments else MessageKind.TEXT)
        yield Message(
            id=post.guid or None,
            conversation_id=self.conversation.id,
            sender_id=sender,
            sent_at=sent_at,
            seq=self._seq,
            kind=MessageKind.SYSTEM if sender is None else kind,
            text=texts[-1],
            scope=self.conversation.id if post.guid else "",
            reply_to_id=parent.guid or None if parent else None,
            more_text=tuple(dict.fromkeys(text for text in post.more if text)),
            attachments=attachments,
            versions=tuple(Version(text=text) for text in texts[:-1]),
            marks=tuple(_marks(post, whole=not (texts[-1] or attachments))),
            extra=extra,
        )
        self._seq += 1
        for name, emoji, more in reactions:
            yield Reaction(emoji=emoji, sender_id=_id(name), extra=more)

    def _person(self, identifier: str, name: str) -> Iterator[Participant]:
        for told in self._people.tell(identifier, name, is_me=identifier == ME):
            known = _HANDLE.fullmatch(identifier) is not None
            yield replace(told, handles=(identifier,)) if known else told

    def _attachment(self, reference: str, kind: MessageKind | None) -> Attachment:
        if reference == MISSING:
            return Attachment(
                name="", state=AttachmentState.MISSING_FILE, kind=MessageKind.MEDIA,
                as_exported=reference, stable_name=False,
            )  # fmt: skip
        copied = _COPIED.search(reference)
        path = found_at(self._source, (copied[1] if copied else reference).replace("\\", "/"))
        return Attachment(
            name=re.split(r"[/\\]", reference)[-1],
            path=path,
            state=AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT,
            kind=kind or kind_by_name(reference),
            as_exported=reference,
            stable_name=False,  # a copy is named anew by each export
        )


def _marks(post: Post, *, whole: bool) -> Iterator[Mark]:
    """What happened to a message; of one that was unsent in part the rest is there."""
    if post.edits:
        yield Mark.EDITED
    yield from (mark for mark in post.marks if whole or mark is not Mark.RECALLED)


def _key(post: Post) -> tuple[str, str]:
    return (post.guid, "") if post.guid else (post.wall.isoformat(), post.sender or "")


def _id(name: str, *, mine: bool = False) -> str:
    if mine or name == "Me":
        return ME
    return name if _HANDLE.fullmatch(name) else f"name:{folded(name)}"


def _reaction(line: str) -> tuple[str, str, dict[str, object]]:
    """Who reacted, how, and what else is said."""
    found = _TAPBACK.fullmatch(line)
    if found is None or "Sticker from " in line:
        name = line.partition("Sticker from ")[2].partition(":")[0].removesuffix(" not found!")
        return name.strip() or "somebody", "sticker", {"sticker": line}
    return found[2], TAPBACKS.get(found[1], found[1]), {}
