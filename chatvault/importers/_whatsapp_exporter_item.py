"""What one message of WhatsApp-Chat-Exporter's JSON is.

The tool writes for its own web page: lines are ended by `<br>`, what is no text is an English
sentence or a link. Those sentences are known from its source; `data` is kept where it is not text.
"""

import html
import re
from collections.abc import Callable

from msgspec.structs import replace

from chatvault.importers._fields import Malformed, maybe, need, rest, unix_time
from chatvault.importers._plain_chat import Body, placeholder
from chatvault.importers._whatsapp_media import kind_of_file
from chatvault.model import AttachmentState, Mark, MessageKind, Timestamp

Resolve = Callable[[str], str | None]

DELETED = "Message deleted"
MISSING = "The media is missing"
BINARY = "The message is binary data"
UNDERSTOOD = frozenset({
    "from_me", "timestamp", "time", "media", "key_id", "meta", "data", "sender", "safe", "mime",
    "reply", "quoted_data", "caption", "sticker", "reactions",
})  # fmt: skip

# Android's own numbers for what a message is; iPhones have others.
_ANDROID = {
    1: MessageKind.IMAGE, 2: MessageKind.AUDIO, 3: MessageKind.VIDEO, 4: MessageKind.CONTACT,
    9: MessageKind.FILE, 13: MessageKind.ANIMATION, 20: MessageKind.STICKER,
}  # fmt: skip
_LOCATION = re.compile(r"Location shared: \((-?\d{1,3}(?:\.\d+)?), (-?\d{1,3}(?:\.\d+)?)\)")
_CALL = re.compile(r"A (?:video|voice) call (?:was missed|(?:to|from) .{0,300} was .{1,200})")
_LINK = re.compile(r'<a href="([^"]*)">([^<]*)</a>')
_TAG = re.compile(r"<[^<>]*>")


def sent_at(item: object) -> Timestamp:
    """When it was sent; Malformed if it does not say."""
    return unix_time(need(item, "timestamp", int, float))


def body_of(item: object, phone: str, resolve: Resolve) -> Body:
    """What it is; `phone` is `android` or `ios`. Malformed if a field is not what it should be."""
    data = maybe(item, "data", str)
    meta = maybe(item, "meta", bool) or False
    mime = maybe(item, "mime", str) or ""
    extra = {key: value for key, value in rest(item, UNDERSTOOD).items() if value is not None}
    if mime == "text/x-vcard" and data:
        return _contact(data, resolve, extra)
    if maybe(item, "media", bool):
        return _medium(item, data or "", resolve, extra)
    if mime:
        extra["mime"] = mime
    if data is None or data.startswith(BINARY):
        kind = MessageKind.SYSTEM if meta and data is None else MessageKind.OTHER
        kept = {"data": data} if data else {}
        return Body(kind, maybe(item, "caption", str) or "", extra={**extra, **kept})
    text = _text(data, phone, safe=maybe(item, "safe", bool) or False)
    caption = maybe(item, "caption", str)
    if caption is not None and caption != text:
        extra["caption"] = caption
    if not meta:
        kind = MessageKind.STICKER if maybe(item, "sticker", bool) else MessageKind.TEXT
        return Body(kind, text, extra=extra)
    if data == DELETED:
        return Body(MessageKind.TEXT, marks=(Mark.DELETED,), extra={**extra, "data": data})
    if place := _LOCATION.fullmatch(data):
        extra |= {"latitude": float(place[1]), "longitude": float(place[2]), "data": data}
        return Body(MessageKind.LOCATION, extra=extra)
    if _CALL.fullmatch(data):
        event = "missed_call" if data.rstrip(".").endswith("missed") else "call"
        return Body(MessageKind.CALL, text, extra={**extra, "event": event})
    return Body(MessageKind.SYSTEM, text, extra=extra)


def reactions_of(item: object) -> list[tuple[str, str]]:
    """Who reacted, by name, and with what; Malformed if it is something else."""
    found = maybe(item, "reactions", dict) or {}
    if not all(isinstance(emoji, str) and emoji for emoji in found.values()):
        raise Malformed("a reaction that is no emoji")
    return [(str(name), emoji) for name, emoji in found.items()]


def _text(data: str, phone: str, *, safe: bool) -> str:
    """The text with line feeds where the tool put `<br>`: on Android with a space before it."""
    text = data.replace(" <br>", "\n") if phone == "android" else data
    text = text.replace("<br>", "\n")
    return html.unescape(_TAG.sub("", text)) if safe else text


def _medium(item: object, data: str, resolve: Resolve, extra: dict[str, object]) -> Body:
    mime = maybe(item, "mime", str) or ""
    number = extra.get("message_type")
    known = _ANDROID.get(number) if isinstance(number, int) else None
    if maybe(item, "sticker", bool):
        known = MessageKind.STICKER
    name = data.replace("\\", "/").rpartition("/")[2]
    if data == MISSING or not data:
        kind = known or MessageKind.MEDIA
        state = AttachmentState.MISSING_FILE
        attachment = placeholder(data or MISSING, kind, state=state)
    else:
        kind = known or _kind(mime, name)
        path = resolve(data)
        state = AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT
        attachment = placeholder(data, kind, name, state=state, path=path)
    if "/" in mime:
        attachment = replace(attachment, type=mime)
    elif mime not in {"", "media"}:
        extra = {**extra, "mime": mime}
    return Body(kind, maybe(item, "caption", str) or "", (attachment,), extra=extra)


def _kind(mime: str, name: str) -> MessageKind:
    by_name = kind_of_file(name)
    if by_name is not MessageKind.FILE:
        return by_name
    return {
        "image": MessageKind.IMAGE, "video": MessageKind.VIDEO, "audio": MessageKind.AUDIO,
    }.get(mime.partition("/")[0], MessageKind.FILE)  # fmt: skip


def _contact(data: str, resolve: Resolve, extra: dict[str, object]) -> Body:
    """Cards that the tool wrote as files, with links to them."""
    links = [(html.unescape(path), html.unescape(name)) for path, name in _LINK.findall(data)]
    attachments = []
    for reference, name in links:
        path = resolve(reference)
        state = AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT
        kind = MessageKind.CONTACT
        card = placeholder(reference, kind, name, state=state, path=path)
        attachments.append(replace(card, type="text/x-vcard"))
    kept = {} if links else {"data": data}
    return Body(MessageKind.CONTACT, attachments=tuple(attachments), extra={**extra, **kept})
