"""Messenger's end-to-end encrypted conversations, downloaded from its secure storage.

One file for each conversation, and the media of all in one folder:
    messages/{Omar Fahd_4.json, Book club_11.json}, media/0b1c2d3e.jpeg

One message:
    {"senderName": "Omar Fahd", "timestamp": 1712500060000, "text": "", "type": "media",
     "media": [{"uri": "./media/0b1c2d3e.jpeg"}], "isUnsent": false,
     "reactions": [{"actor": "Renée Vos", "reaction": "👍"}]}
"""

import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import maybe, need, rest
from chatvault.importers._json_stream import BrokenJson, Field, Item, stream
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._meta_account import Owner, names_in, owner_by_presence
from chatvault.importers._meta_files import Files
from chatvault.importers._meta_item import moment, person, reactions
from chatvault.importers._meta_layout import HEAD
from chatvault.importers._meta_transcript import Repair, Told, Transcript, about
from chatvault.importers._meta_words import all_repaired, is_right
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Problem,
    Record,
)

INFO = ImporterInfo(
    key="messenger-e2ee",
    platform="messenger",
    title="Facebook Messenger, end-to-end encrypted",
    expects="the .zip of messenger.com/secure_storage/dyi, or its .json files and folder media",
    carries=frozenset({"reactions", "deletions", "media", "links"}),
    derived={"type": "text, media or link, told by the kind; any other type is kept"},
    leaves_out="ids, replies, edits, calls, what a sticker or a system notice said",
    seen="downloads of 2024 and 2025",
)

REMEDY = (
    "download the encrypted conversations again at messenger.com/secure_storage/dyi, and give the"
    " .zip as it is"
)
FAILED = "Failed to download media"
_NUMBERED = re.compile(r"_\d+\Z", re.ASCII)
_FILE = re.compile(r"(?:messages/)?[^/]+\.json")
_LIKELY = re.compile(r".*_\d+\.json", re.ASCII | re.DOTALL)
_USED = frozenset({"senderName", "timestamp", "text", "media", "reactions", "isUnsent"})
_TOLD_BY_KIND = frozenset({"text", "media", "link"})
_UNSENT = "User unsent a message"


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: participants who are only names, beside a thread name."""
    found = [name for name in _candidates(source)[:3] if _is_ours(source.head(name, HEAD))]
    return tuple(f"{name} is an end-to-end encrypted conversation of Messenger" for name in found)


def _candidates(source: Source) -> list[str]:
    names = (name for name in source.entries if name.endswith(".json") and _FILE.fullmatch(name))
    return sorted(names, key=lambda name: (not _LIKELY.fullmatch(name), name))


def _is_ours(head: bytes) -> bool:
    people, named = False, False
    try:
        for part in stream(io.BytesIO(head), "messages"):
            match part:
                case Field("participants", list() as names, ""):
                    people = all(isinstance(name, str) for name in names)
                case Field("threadName", str(), ""):
                    named = True
                case Item(_, value):
                    item = value.keys() if isinstance(value, dict) else set()
                    return people and {"senderName", "timestamp"} <= item
    except BrokenJson:
        return False
    return people and named and b'"messages"' in head


def read(source: Source) -> Iterator[Record]:
    """Each file as a conversation."""
    names = [
        name
        for name in _candidates(source)
        if _LIKELY.fullmatch(name) or _is_ours(source.head(name, HEAD))
    ]
    if not names:
        raise BadExport(
            "there is no .json file of a conversation", where=Where(source.name), remedy=REMEDY
        )
    owner = Owner() if source.told.me else owner_by_presence(source, names)
    if owner.assumption:
        yield owner.assumption
    files = Files(source)
    for name in names:
        yield from _conversation(source, name, files, owner=owner, only=len(names) == 1)


def _conversation(
    source: Source, name: str, files: Files, *, owner: Owner, only: bool
) -> Iterator[Record]:
    # The letters are right in the files that are known; where one shows it, nothing is repaired.
    repair: Repair = _unchanged if is_right(source.head(name, HEAD)) else all_repaired
    try:
        fields, items = about(source, (name,), repair)
    except BrokenJson as cause:
        if only:
            where = Where(source.full(name))
            raise BadExport(f"no messages in it: {cause}", where=where, remedy=REMEDY) from cause
        yield Problem(file=source.full(name), part="end", reason=str(cause), raw="")
        return
    if not (items or {"participants", "threadName"} & fields.keys()):
        return  # a file beside the conversations
    place = _place(fields, name, source, owner)
    folder = name.rpartition("/")[0]

    def item(value: object, seq: int) -> Told:
        told = _message(value, files, folder, place=place.id, seq=seq)
        return Told(maybe(value, "senderName", str) or "", told, reactions(value))

    transcript = Transcript(
        source, place, time="timestamp", newest_first=False, repair=repair, item=item
    )
    yield from transcript.records(fields.get("participants"), (name,))


def _unchanged(value: Any) -> Any:
    return value


def _place(fields: dict[str, object], name: str, source: Source, owner: Owner) -> Conversation:
    named = fields.get("threadName")
    stem = name.rpartition("/")[2].removesuffix(".json")
    # The number behind the name is another in each download.
    title = _NUMBERED.sub("", named if isinstance(named, str) and named.strip() else stem)
    title = source.told.conversation or title
    names = list(dict.fromkeys(names_in(fields.get("participants"))))
    people = "\n".join(sorted({folded(one) for one in names}))
    mark = hashlib.sha256(people.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    known = {"participants", "threadName"}
    return Conversation(
        id=f"title:{folded(title)}" + ("" if source.told.conversation else f" {mark}"),
        platform=INFO.platform,
        title=title or stem,
        kind=ConversationKind.GROUP if len(names) > 2 else ConversationKind.DIRECT,
        owner=owner.among(names),
        title_is_id=True,
        extra={key: value for key, value in fields.items() if key not in known},
    )


def _message(item: object, files: Files, folder: str, *, place: str, seq: int) -> Message:
    """The message of an item; Malformed if it is none."""
    sent_at = moment(need(item, "timestamp", int))
    sender = maybe(item, "senderName", str) or ""
    text = maybe(item, "text", str) or ""
    form = maybe(item, "type", str) or ""
    unsent = maybe(item, "isUnsent", bool) or False
    extra = rest(item, _USED)
    if form in _TOLD_BY_KIND:
        del extra["type"]
    entries = maybe(item, "media", list) or []
    attachments = tuple(_attachment(entry, files, folder) for entry in entries)
    about_media = [rest(entry, {"uri"}) for entry in entries if isinstance(entry, dict)]
    if any(about_media):
        extra["media"] = about_media
    if unsent and text == _UNSENT:
        extra["placeholder"], text = text, ""
    elif text == FAILED:
        attachments, text = (*attachments, _failed(text)), ""
    kind = MessageKind.TEXT
    if attachments:
        kind = attachments[0].kind
    elif form == "link":
        kind = MessageKind.LINK
    elif not unsent and (not text or form == "placeholder"):
        kind = MessageKind.OTHER
    return Message(
        id=None,
        conversation_id=place,
        sender_id=person(sender) or None,
        sent_at=sent_at,
        seq=seq,
        kind=kind,
        text=text,
        attachments=attachments,
        marks=(Mark.RECALLED,) if unsent else (),
        extra=extra,
    )


def _attachment(entry: object, files: Files, folder: str) -> Attachment:
    address = entry if isinstance(entry, str) else maybe(entry, "uri", str) or ""
    if not address or address == FAILED:
        return _failed(address or FAILED)
    kind = kind_by_name(address)
    kind = {MessageKind.AUDIO: MessageKind.VOICE}.get(kind, kind)
    if address.lower().endswith(".gif"):
        kind = MessageKind.ANIMATION
    return files.attachment(address, kind, folder)


def _failed(words: str) -> Attachment:
    return Attachment(
        name="",
        state=AttachmentState.FAILED_AT_EXPORT,
        kind=MessageKind.MEDIA,
        as_exported=words,
        stable_name=False,
    )
