"""One message of Messenger's and Instagram's JSON: its time, kind, files and reactions."""

import re
from collections.abc import Iterator
from typing import cast
from urllib.parse import unquote

from chatvault.importers._fields import (
    EARLIEST_MS,
    LATEST_MS,
    Malformed,
    maybe,
    need,
    rest,
    unix_time,
)
from chatvault.importers._meta_files import Files
from chatvault.importers._meta_words import notice, stands_for
from chatvault.importers._people import folded
from chatvault.model import (
    Attachment,
    AttachmentState,
    Mark,
    Message,
    MessageKind,
    Precision,
    Reaction,
    Timestamp,
)

MILLISECONDS, SECONDS = "timestamp_ms", "timestamp"
# The lists of files of a message, in the order in which they decide what it is.
_LISTS = {
    "photos": MessageKind.IMAGE,
    "videos": MessageKind.VIDEO,
    "audio_files": MessageKind.VOICE,
    "gifs": MessageKind.ANIMATION,
    "files": MessageKind.FILE,
}
_TYPES = {
    "Call": MessageKind.CALL,
    "Subscribe": MessageKind.SYSTEM,
    "Unsubscribe": MessageKind.SYSTEM,
}
# Told by the kind of the message.
_PLAIN_TYPES = frozenset({"Generic", "Share", "Call"})
_USED = frozenset({
    "sender_name", MILLISECONDS, "content", "reactions", "ip", "is_unsent", "is_taken_down",
    "sticker", *_LISTS,
})  # fmt: skip
# Flags and leftovers that nearly every message has and that say something only when they are set.
_QUIET = frozenset({
    "is_geoblocked_for_viewer", "is_unsent_image_by_messenger_kid_parent", "missed",
    "media_path_INTERNAL", "type_INTERNAL", "sender_id_INTERNAL",
})  # fmt: skip
_SHARED = ("share_text", "link", "original_content_owner", "profile_share_username",
           "profile_share_name")  # fmt: skip
_MAP = re.compile(r"bing\.com/maps/|maps\.google\.|google\.[a-z.]+/maps\b|maps\.apple\.com")


def person(name: str) -> str:
    """The id of somebody of whom only the name is known; empty for nobody."""
    return f"name:{folded(name)}" if folded(name) else ""


def moment(milliseconds: int) -> Timestamp:
    """A time in Unix milliseconds; Malformed if no message can have it."""
    if not EARLIEST_MS <= milliseconds < LATEST_MS:
        raise Malformed("a time out of range")
    return Timestamp(
        utc_ms=milliseconds, as_exported=str(milliseconds), precision=Precision.MILLISECOND
    )


def message(item: object, files: Files, folder: str, *, place: str, seq: int) -> Message:
    """The message of an item; Malformed if it is none."""
    sent_at, clock = _sent_at(item)
    sender = maybe(item, "sender_name", str) or ""
    content = maybe(item, "content", str) or ""
    fields = cast("dict[str, object]", item)
    attachments, extra = _attachments(fields, files, folder)
    shares = _shares(fields)
    text = content
    beside = bool(attachments or shares)
    if stands_for(content, sender, beside=beside) and (beside or not notice(content, sender)):
        text = ""
        if beside:
            extra["content"] = content
        else:
            attachments = (placeholder(content),)
    used = {*_USED, clock}
    if not _is_bumped(fields, content):
        used.add("bumped_message_metadata")
    extra |= {name: value for name, value in rest(item, used).items() if _says(name, value)}
    more = (value for share in shares for name in _SHARED if (value := maybe(share, name, str)))
    return Message(
        id=None,
        conversation_id=place,
        sender_id=person(sender) or None,
        sent_at=sent_at,
        seq=seq,
        kind=_kind(fields, attachments, shares, text=content, sender=sender),
        text=text,
        more_text=tuple(dict.fromkeys(value for value in more if value not in text)),
        attachments=attachments,
        marks=tuple(_marks(fields)),
        extra=extra,
    )


def _sent_at(item: object) -> tuple[Timestamp, str]:
    """When it was sent, and the field that says so: in the first downloads of 2018 in seconds."""
    if maybe(item, MILLISECONDS, int) is None and (seconds := maybe(item, SECONDS, int)):
        return unix_time(seconds), SECONDS
    return moment(need(item, MILLISECONDS, int)), MILLISECONDS


def placeholder(words: str) -> Attachment:
    """What was sent, of which only the app's words for it are there."""
    return Attachment(
        name="",
        state=AttachmentState.PLACEHOLDER_ONLY,
        kind=MessageKind.MEDIA,
        as_exported=words,
        stable_name=False,
    )


def _says(name: str, value: object) -> bool:
    """Whether a field is worth keeping."""
    if name == "type":
        return not isinstance(value, str) or value not in _PLAIN_TYPES
    return name not in _QUIET or bool(value)


def _is_bumped(item: dict[str, object], content: str) -> bool:
    """Whether a message was brought up again; all others repeat their own text there."""
    bumped = item.get("bumped_message_metadata")
    if not isinstance(bumped, dict) or not bumped.keys() <= {"bumped_message", "is_bumped"}:
        return True
    return bool(bumped.get("is_bumped")) or bumped.get("bumped_message") not in (None, "", content)


def _marks(item: dict[str, object]) -> Iterator[Mark]:
    if maybe(item, "is_unsent", bool):
        yield Mark.RECALLED
    if maybe(item, "is_taken_down", bool):
        yield Mark.DELETED


def _kind(
    item: dict[str, object],
    attachments: tuple[Attachment, ...],
    shares: list[object],
    *,
    text: str,
    sender: str,
) -> MessageKind:
    told = _TYPES.get(maybe(item, "type", str) or "")
    called = maybe(item, "call_duration", int, float) is not None or maybe(item, "missed", bool)
    if called:
        return MessageKind.CALL
    if attachments:
        return attachments[0].kind
    if shares:
        links = (unquote(maybe(share, "link", str) or "") for share in shares)
        on_map = any(_MAP.search(link) for link in links)
        return MessageKind.LOCATION if on_map else MessageKind.LINK
    if told or not text:
        # Also what was taken back, and the empty messages that every old account has.
        return told or (MessageKind.TEXT if any(_marks(item)) else MessageKind.OTHER)
    return notice(text, sender) or MessageKind.TEXT


def _shares(item: dict[str, object]) -> list[object]:
    share = maybe(item, "share", dict, list)
    return [share] if isinstance(share, dict) and share else list(share or ())


def _attachments(
    item: dict[str, object], files: Files, folder: str
) -> tuple[tuple[Attachment, ...], dict[str, object]]:
    """The files of a message, and what else is said of them."""
    found = []
    extra: dict[str, object] = {}
    sticker = maybe(item, "sticker", dict)
    if sticker is not None:
        found.append(_attachment(sticker, files, MessageKind.STICKER, folder=folder))
        if more := _about(sticker):
            extra["sticker"] = more
    for name, kind in _LISTS.items():
        entries = maybe(item, name, list) or []
        found += [_attachment(entry, files, kind, folder=folder) for entry in entries]
        about = [_about(entry) for entry in entries]
        if any(about):
            extra[name] = about
    return tuple(found), extra


def _about(entry: object) -> dict[str, object]:
    """What is said of a file besides its address."""
    found = rest(entry, {"uri"})
    return {name: value for name, value in found.items() if value or name not in _QUIET}


def _attachment(entry: object, files: Files, kind: MessageKind, *, folder: str) -> Attachment:
    address = maybe(entry, "uri", str)
    if not address:
        return Attachment(
            name=kind.value,
            state=AttachmentState.ABSENT_NOT_EXPORTED,
            kind=kind,
            stable_name=False,
        )
    return files.attachment(address, kind, folder)


def reactions(item: object) -> list[tuple[str, Reaction]]:
    """The reactions to a message, each with the name of who reacted."""
    found = []
    for one in maybe(item, "reactions", list) or ():
        actor = maybe(one, "actor", str) or ""
        at = maybe(one, "timestamp", int)
        reaction = Reaction(
            emoji=need(one, "reaction", str),
            sender_id=person(actor) or None,
            at=None if at is None else unix_time(at),
            extra=rest(one, {"actor", "reaction", "timestamp"}),
        )
        found.append((actor, reaction))
    return found
