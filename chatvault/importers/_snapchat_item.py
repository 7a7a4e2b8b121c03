"""One message of Snapchat: who, when, what kind, and the files that belong to it."""

import re
from collections.abc import Iterator
from typing import cast

from msgspec.structs import replace

from chatvault.importers._clock import iso_time
from chatvault.importers._fields import Malformed, maybe, need, rest, unix_time
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    Mark,
    Message,
    MessageKind,
    Timestamp,
)

# These say no more than the kind of message that comes of them.
MEDIA_TYPES = {
    "TEXT": MessageKind.TEXT,
    "MEDIA": MessageKind.MEDIA,
    "IMAGE": MessageKind.IMAGE,
    "VIDEO": MessageKind.VIDEO,
    "STICKER": MessageKind.STICKER,
    "NOTE": MessageKind.VOICE,
    "LOCATION": MessageKind.LOCATION,
}
_OTHERS = {"SHARE": MessageKind.LINK, "SHARESAVEDSTORY": MessageKind.LINK}
_MEDIA = frozenset({
    MessageKind.MEDIA, MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.VOICE,
    MessageKind.STICKER,
})  # fmt: skip
_PRECISE = "Created(microseconds)"
_USED = {"From", "To", "Created", _PRECISE, "IsSender", "Conversation Title"}
_TEXTS = ("Content", "Text")
_FILE = re.compile(r"\d{4}-\d\d-\d\d_(b~.+?)(?:\.[A-Za-z0-9]{1,8})?")
_ZONE = re.compile(r" ?(?:UTC|GMT|Z)\Z")
SLACK_MS = 1000  # the time in words has no fractions


class Media:
    """The files of chats that name what they belong to: `2025-02-01_b~Ei1.jpg`."""

    def __init__(self, source: Source) -> None:
        self._files: dict[str, list[str]] = {}
        for name in source.names():
            folder, _, last = name.rpartition("/")
            if folder.rpartition("/")[2] == "chat_media" and (found := _FILE.fullmatch(last)):
                self._files.setdefault(found[1], []).append(source.full(name))

    def of(self, identifier: str) -> list[str]:
        """The full names of the files with this id."""
        return self._files.get(identifier, [])


def sender(item: object) -> tuple[str, bool]:
    """The user name of who wrote it, empty if it says none, and whether that is the owner."""
    return maybe(item, "From", str) or "", maybe(item, "IsSender", bool) is True


def message(
    item: object,
    media: Media,
    *,
    chat: str,
    seq: int,
    sender_id: str,
    title: str = "",
    snap: bool = False,
) -> Message:
    """The message of an item; Malformed if it is none. `snap`: it is one of the list of snaps."""
    kind_named = need(item, "Media Type", str)
    fields = cast("dict[str, object]", item)  # `need` has seen to it
    kind = _kind(kind_named)
    used = set(_USED)
    sent_at = _sent_at(fields, used)
    if maybe(fields, "Conversation Title", str) not in (None, "", title):
        used.discard("Conversation Title")
    if kind_named in MEDIA_TYPES:
        used.add("Media Type")
    texts = [name for name in _TEXTS if maybe(fields, name, str) is not None]
    used.update(texts[:1])
    used |= {"Media IDs", *(("IsSaved",) if fields.get("IsSaved") is True else ())}
    attachments = tuple(_attachments(fields, kind, media))
    if kind is MessageKind.MEDIA and attachments:
        kind = attachments[0].kind
    return Message(
        id=None,
        conversation_id=chat,
        sender_id=sender_id or None,
        sent_at=sent_at,
        seq=seq,
        kind=kind,
        text=maybe(fields, texts[0], str) or "" if texts else "",
        attachments=attachments,
        marks=tuple(_marks(kind_named, snap=snap)),
        extra={key: value for key, value in rest(fields, used).items() if value is not None},
    )


def _kind(named: str) -> MessageKind:
    found = MEDIA_TYPES.get(named) or _OTHERS.get(named)
    if found is not None:
        return found
    if named.startswith("STATUSCALL"):
        return MessageKind.CALL
    return MessageKind.SYSTEM if named.startswith("STATUS") else MessageKind.OTHER


def _marks(named: str, *, snap: bool) -> Iterator[Mark]:
    if named.startswith("STATUSERASED"):
        yield Mark.DELETED
    if snap and named in {"IMAGE", "VIDEO"}:
        yield Mark.VIEW_ONCE


def _sent_at(item: dict[str, object], used: set[str]) -> Timestamp:
    """When it was sent: the precise number, or where there is none the time in words."""
    words = maybe(item, "Created", str)
    number = maybe(item, _PRECISE, int, str)
    if number is None or number in (0, ""):
        if words is None:
            raise Malformed("no 'Created'")
        return moment(words)
    # It is called microseconds and has 13 digits, so milliseconds; some exports really have 16.
    precise = unix_time(number)
    try:
        agrees = words is None or abs(moment(words).utc_ms - precise.utc_ms) <= SLACK_MS
    except Malformed:
        agrees = False
    if not agrees:
        used.discard("Created")
    return precise


def moment(words: str) -> Timestamp:
    """The time of `2025-02-01 10:00:00 UTC`."""
    bare = _ZONE.sub("", words.strip())
    if bare == words.strip():
        raise Malformed("a time that is not said to be UTC")
    return replace(iso_time(f"{bare}Z", "UTC"), as_exported=words, offset_minutes=None)


def _attachments(item: dict[str, object], kind: MessageKind, media: Media) -> Iterator[Attachment]:
    """The files of a message; one that is missing, where its type says that there was one."""
    identifiers = [one for one in (maybe(item, "Media IDs", str) or "").split(" | ") if one]
    for identifier in identifiers:
        found = media.of(identifier)
        for path in found:
            name = path.rpartition("/")[2]
            yield Attachment(
                name=name,
                path=path,
                # A voice note is an MP4 like a video; only `MEDIA` leaves it to the file.
                kind=kind_by_name(name) if kind is MessageKind.MEDIA else kind,
                as_exported=identifier,
                stable_name=False,  # a later export with the file must meet one without it
            )
        if not found:
            yield Attachment(
                name="",
                state=AttachmentState.MISSING_FILE,
                kind=kind,
                as_exported=identifier,
                stable_name=False,
            )
    if not identifiers and kind in _MEDIA:
        named = need(item, "Media Type", str)
        state = AttachmentState.ABSENT_NOT_EXPORTED
        yield Attachment(name="", state=state, kind=kind, as_exported=named, stable_name=False)
