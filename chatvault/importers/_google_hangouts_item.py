"""One event of Hangouts: its text, time, kind, and the photos and places in it."""

from collections.abc import Callable, Iterator
from typing import cast
from urllib.parse import unquote, urlsplit

from chatvault.importers._fields import Malformed, maybe, need, number, rest, unix_time
from chatvault.importers._google_files import kind_of
from chatvault.model import Attachment, AttachmentState, Message, MessageKind, Timestamp

Finder = Callable[[str], str | None]

_ORDINARY = frozenset({"REGULAR_CHAT_MESSAGE"})
_USED = {"conversation_id", "sender_id", "timestamp", "event_id", "chat_message"}
# The field that says what happened, where it is no message.
_HAPPENED = {
    "hangout_event": MessageKind.CALL,
    "membership_change": MessageKind.SYSTEM,
    "conversation_rename": MessageKind.SYSTEM,
    "otr_modification": MessageKind.SYSTEM,
    "group_link_sharing_modification": MessageKind.SYSTEM,
}
_MEDIA = {
    "PHOTO": MessageKind.IMAGE,
    "ANIMATED_PHOTO": MessageKind.ANIMATION,
    "VIDEO": MessageKind.VIDEO,
}
_PLAIN = frozenset({"type", "text", "formatting"})
_NAMED = ("name", "description", "url", "title")


def person(value: object) -> str:
    """The id in a `sender_id` or `participant_id`; empty if there is none."""
    return maybe(value, "gaia_id", str) or maybe(value, "chat_id", str) or ""


def message(item: object, find: Finder, *, chat: str, seq: int) -> Message:
    """The message of an event; Malformed if it is none."""
    sent_at = _time(need(item, "timestamp", str, int))
    fields = cast("dict[str, object]", item)
    used = set(_USED)
    kind_field = maybe(item, "event_type", str)
    if kind_field in _ORDINARY:
        used.add("event_type")
    sender = maybe(item, "sender_id", dict)
    identifier = maybe(item, "event_id", str)
    chat_message = maybe(item, "chat_message", dict)
    content = maybe(chat_message, "message_content", dict) if chat_message else None
    text, more, extra = _text(content)
    files, places = _attachments(content, find)
    if content is not None and (whole := maybe(content, "attachment", list)):
        extra["attachment"] = whole
        more += _words(whole)
    if content is not None:
        extra |= rest(content, {"segment", "attachment"})
    if chat_message is not None:
        extra |= rest(chat_message, {"message_content"})
    if sender is not None and (also := rest(sender, {"gaia_id"})).get("chat_id") != person(sender):
        extra["sender_id"] = also
    if (own := maybe(item, "self_event_state", dict)) is not None:
        used.add("self_event_state")
        if left := rest(own, {"user_id"}):  # the owner of the account
            extra["self_event_state"] = left
    if fields.get("event_version") == fields.get("timestamp"):
        used.add("event_version")
    kind = _kind(fields, kind_field, files, places=places)
    rename = maybe(item, "conversation_rename", dict)
    if rename is not None:
        more += [name for key in ("old_name", "new_name") if (name := maybe(rename, key, str))]
    return Message(
        id=identifier,
        conversation_id=chat,
        sender_id=person(sender) or None if sender is not None else None,
        sent_at=sent_at,
        seq=seq,
        kind=kind,
        text=text,
        scope=chat if identifier is not None else "",
        more_text=tuple(dict.fromkeys(word for word in more if word and word != text)),
        attachments=files,
        extra={**extra, **rest(item, used)},
    )


def _time(value: str | int) -> Timestamp:
    if number(value) < 10**14:  # always microseconds
        raise Malformed("a time out of range")
    return unix_time(value)


def _kind(
    item: dict[str, object],
    kind_field: str | None,
    files: tuple[Attachment, ...],
    *,
    places: bool,
) -> MessageKind:
    for field, kind in _HAPPENED.items():
        if field in item:
            return kind
    if kind_field == "VOICEMAIL":
        return MessageKind.VOICE
    if files:
        return files[0].kind
    if places:
        return MessageKind.LOCATION
    return MessageKind.TEXT if "chat_message" in item else MessageKind.OTHER


def _text(content: object) -> tuple[str, list[str], dict[str, object]]:
    """The text of the segments, the addresses of links, and the segments if they say more."""
    if content is None:
        return "", [], {}
    segments = maybe(content, "segment", list) or []
    text: list[str] = []
    targets: list[str] = []
    says_more = False
    for one in segments:
        kind = maybe(one, "type", str) or "TEXT"
        written = maybe(one, "text", str)
        text.append("\n" if kind == "LINE_BREAK" else written or "")
        link = maybe(one, "link_data", dict)
        target = maybe(link, "link_target", str) if link is not None else None
        if target and target != written:
            targets.append(target)
        formatting = maybe(one, "formatting", dict) or {}
        plain = not any(formatting.values()) and one.keys() <= _PLAIN
        says_more |= not plain or kind not in {"TEXT", "LINE_BREAK"}
    return "".join(text), targets, {"segment": segments} if says_more else {}


def _attachments(content: object, find: Finder) -> tuple[tuple[Attachment, ...], bool]:
    """The files of a message, and whether there is a place among what else is attached."""
    files: list[Attachment] = []
    places = False
    for one in (maybe(content, "attachment", list) or ()) if content is not None else ():
        embedded = maybe(one, "embed_item", dict) or {}
        photo = maybe(embedded, "plus_photo", dict)
        sound = maybe(embedded, "plus_audio_v2", dict) or maybe(embedded, "plus_audio", dict)
        if photo is not None:
            kind = _MEDIA.get(maybe(photo, "media_type", str) or "", MessageKind.IMAGE)
            addresses = [maybe(photo, key, str) for key in ("original_content_url", "url")]
            files.append(_file([one for one in addresses if one], kind, find, photo))
        if sound is not None:
            address = maybe(sound, "url", str)
            files.append(_file([address] if address else [], MessageKind.VOICE, find, sound))
        places |= any(key.startswith("place") for key in embedded)
    return tuple(files), places


def _file(
    addresses: list[str], kind: MessageKind, find: Finder, embedded: dict[str, object]
) -> Attachment:
    names = [name for address in addresses if (name := _last_part(address))]
    spaced = [name.replace("+", " ") for name in names]
    path = next((found for name in (*names, *spaced) if (found := find(name))), None)
    if path is not None:
        state = AttachmentState.PRESENT
    else:
        state = AttachmentState.REMOTE_ONLY if addresses else AttachmentState.ABSENT_NOT_EXPORTED
    name = next((one for one in names if "." in one), "")
    photo_id = embedded.get("photo_id")
    return Attachment(
        name=name,
        path=path,
        state=state,
        kind=kind_of(name) if kind is MessageKind.FILE else kind,
        as_exported=addresses[0] if addresses else str(photo_id or "photo"),
        stable_name=bool(name),
    )


def _last_part(address: str) -> str:
    """The name of the file that an address ends with."""
    try:
        path = urlsplit(address).path
    except ValueError:
        return ""
    # An escaped slash is a slash once more.
    return unquote(path.rpartition("/")[2]).replace("\\", "/").rpartition("/")[2]


def _words(attached: list[object]) -> list[str]:
    """Names and descriptions in what is attached, such as those of places."""
    return list(_named(attached, depth=0))


def _named(value: object, *, depth: int) -> Iterator[str]:
    if depth > 6:
        return
    if isinstance(value, list):
        for one in value:
            yield from _named(one, depth=depth + 1)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key.startswith(("place", "thing", "embed_item")):
                yield from _named(one, depth=depth + 1)
            elif key in _NAMED and isinstance(one, str):
                yield one
