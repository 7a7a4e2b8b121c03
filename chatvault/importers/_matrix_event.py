"""One event of a Matrix room: its sender, time, kind, text and file."""

import re
from collections.abc import Iterator
from typing import cast

from chatvault.importers._fields import LATEST_MS, Malformed, maybe, need, rest, unix_time
from chatvault.importers._matrix_files import Files
from chatvault.model import (
    Attachment,
    AttachmentState,
    Mark,
    Message,
    MessageKind,
    Timestamp,
    Version,
)

TEXT = "m.room.message"
REACTION, MEMBER, REDACTION = "m.reaction", "m.room.member", "m.room.redaction"
NEW, RELATES, REPLACES = "m.new_content", "m.relates_to", "m.replace"
_ENCRYPTED, _STICKER = "m.room.encrypted", "m.sticker"
_KINDS = {
    "m.text": MessageKind.TEXT,
    "m.emote": MessageKind.TEXT,
    "m.notice": MessageKind.TEXT,
    "m.server_notice": MessageKind.TEXT,
    "m.image": MessageKind.IMAGE,
    "m.video": MessageKind.VIDEO,
    "m.audio": MessageKind.AUDIO,
    "m.file": MessageKind.FILE,
    "m.location": MessageKind.LOCATION,
    "m.key.verification.request": MessageKind.SYSTEM,
}
_VOICE = ("org.matrix.msc3245.voice", "org.matrix.msc3245.voice.v2", "m.voice")
_POLLS = ("org.matrix.msc3381.poll.start", "m.poll.start")
_POLL_PARTS = ("org.matrix.msc3381.poll.start", "m.poll")
_TEXTS = ("org.matrix.msc1767.text", "m.text", "body")
_CALLS = re.compile(r"(?:m|org\.matrix\.msc3401)\.call(?:\..*)?")
_NAMED = {"m.room.name": "name", "m.room.topic": "topic"}
_WORDS = ("displayname", "reason", "name", "topic", "alias")
_MEDIA = frozenset({
    MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.AUDIO, MessageKind.VOICE, MessageKind.FILE,
    MessageKind.STICKER,
})  # fmt: skip
_SECRETS = frozenset({"key", "iv", "hashes", "v"})
DERIVED = {
    "key": "the key of a file, which is never kept",
    "iv": "of no use without the key of the file",
    "hashes": "of the encrypted form of the file",
    "v": "the version of how a file was encrypted",
    "age": "how long ago it was when the server was asked",
    "user_id": "the sender, as older servers repeat it",
    TEXT: "the type of an ordinary message",
    "m.text": "the form of an ordinary text",
    "export_date": "when the export was made, in words",
    "transaction_id": "how the sending app numbered what it sent",
}
_TOLD = {
    "event_id", "room_id", "sender", "user_id", "origin_server_ts", "age", "content", "unsigned",
    "redacts",
}  # fmt: skip


def time_of(event: object) -> Timestamp:
    """When an event was sent."""
    milliseconds = need(event, "origin_server_ts", int)
    if not 10**11 <= milliseconds < LATEST_MS:  # always ms here, so never before 1973
        raise Malformed("a time out of range")
    return unix_time(milliseconds)


def relation(content: object) -> tuple[str, str]:
    """What an event is to which other event; empty where it is nothing."""
    relates = maybe(content, RELATES, dict) or {}
    return maybe(relates, "rel_type", str) or "", maybe(relates, "event_id", str) or ""


def message(
    event: object, files: Files, edits: list[dict[str, object]], *, place: str, seq: int
) -> Message:
    """The message of an event, with what became of it since; Malformed if it is none."""
    fields = cast("dict[str, object]", event)
    form = need(event, "type", str)
    identifier = need(event, "event_id", str)
    sent_at = time_of(event)
    content = maybe(event, "content", dict) or {}
    unsigned = maybe(event, "unsigned", dict) or {}
    redacted = maybe(unsigned, "redacted_because", dict)
    kind = _kind(form, fields, content)
    text, used = _text(kind, form, content)
    attachment, link = None, ""
    if kind in _MEDIA and redacted is None:
        attachment, link = _attachment(kind, content, files, sent_at)
    reply_to, stripped, quoted = _answer(content, text)
    versions, edited_at = _edited([*_bundled(unsigned), *edits], stripped)
    final = versions[-1].text if versions else stripped
    marks = [
        mark
        for mark, there in (
            (Mark.EDITED, bool(versions) or relation(content)[0] == REPLACES),
            (Mark.DELETED, redacted is not None),
            (Mark.UNDECRYPTED, form == _ENCRYPTED and redacted is None),
        )
        if there
    ]
    extra = _extra(fields, content, unsigned, used=used)
    if form != TEXT:
        extra["type"] = form
    if stripped != text:
        extra["body"] = text
    if link:
        extra["file_found_by"] = link
    if edits:
        extra["edits"] = [_edit_left(edit) for edit in edits]
    return Message(
        id=identifier,
        conversation_id=place,
        sender_id=need(event, "sender", str),
        sent_at=sent_at,
        seq=seq,
        kind=kind,
        text=final,
        reply_to_id=reply_to,
        more_text=tuple(dict.fromkeys(one for one in (*quoted, *_more(kind, content)) if one)),
        attachments=(attachment,) if attachment else (),
        edited_at=edited_at,
        versions=tuple(one for one in (Version(text=stripped), *versions) if one.text != final),
        marks=tuple(marks),
        extra=extra,
    )


def _kind(form: str, event: dict[str, object], content: dict[str, object]) -> MessageKind:
    if form == TEXT:
        kind = _KINDS.get(maybe(content, "msgtype", str) or "", MessageKind.OTHER)
        if kind is MessageKind.AUDIO and any(key in content for key in _VOICE):
            return MessageKind.VOICE
        # What was redacted has no content left, and a text does not hide what it was.
        return kind if content else MessageKind.TEXT
    if form == _STICKER:
        return MessageKind.STICKER
    if form in _POLLS:
        return MessageKind.POLL
    if _CALLS.fullmatch(form):
        return MessageKind.CALL
    if form == _ENCRYPTED:
        # Not a system message: a later export that could decrypt it says what it is.
        return MessageKind.OTHER
    return MessageKind.SYSTEM if "state_key" in event else MessageKind.OTHER


def _text(kind: MessageKind, form: str, content: dict[str, object]) -> tuple[str, set[str]]:
    """The text, and the fields of the content that are told by it."""
    body = maybe(content, "body", str) or ""
    if relation(content)[0] == REPLACES and isinstance(new := content.get(NEW), dict):
        return maybe(new, "body", str) or body, set()  # an edit of what is not in the export
    if kind in _MEDIA:
        name = maybe(content, "filename", str)
        return (body, {"body"}) if name is not None and name != body else ("", set())
    if kind is MessageKind.POLL:
        return _question(content), set()
    if form in _NAMED:
        return maybe(content, _NAMED[form], str) or "", set()
    return body, {"body"}


def _answer(content: dict[str, object], text: str) -> tuple[str | None, str, list[str]]:
    """What a message answers, its text without the quotation that apps put before it, and that."""
    relates = maybe(content, RELATES, dict) or {}
    to = maybe(maybe(relates, "m.in_reply_to", dict) or {}, "event_id", str)
    kind, root = relation(content)
    if kind == "m.thread" and (to is None or relates.get("is_falling_back") is True):
        return root or None, text, []
    if to is None or not text.startswith("> "):
        return to, text, []
    quoted = []
    rest_of = text
    while rest_of.startswith(">"):
        line, _, rest_of = rest_of.partition("\n")
        quoted.append(line.removeprefix(">").removeprefix(" "))
    # Only with the empty line behind it is it what apps make of a quotation.
    if not rest_of.startswith("\n"):
        return to, text, []
    return to, rest_of.removeprefix("\n"), ["\n".join(quoted)]


def _bundled(unsigned: dict[str, object]) -> Iterator[dict[str, object]]:
    """The last edit, as servers put it beside the message itself."""
    edit = (maybe(unsigned, "m.relations", dict) or {}).get("m.replace")
    if isinstance(edit, dict):
        yield edit


def _edited(edits: list[dict[str, object]], text: str) -> tuple[list[Version], Timestamp | None]:
    """The texts after each edit, with their times, and the time of the last."""
    found: dict[str, tuple[int, Version]] = {}
    for edit in edits:
        try:
            at = time_of(edit)
        except Malformed:
            continue  # kept beside the message as it is
        new = (maybe(edit, "content", dict) or {}).get(NEW)
        body = new.get("body") if isinstance(new, dict) else None
        key = str(edit.get("event_id"))
        found[key] = at.utc_ms, Version(text=body if isinstance(body, str) else text, at=at)
    versions = [version for _, version in sorted(found.values(), key=lambda one: one[0])]
    return versions, versions[-1].at if versions else None


def _edit_left(edit: dict[str, object]) -> dict[str, object]:
    """What an edit says besides its sender and room, which are those of the message."""
    return rest(edit, {"type", "room_id", "unsigned", "age", "user_id", "state_key"})


def _question(content: dict[str, object]) -> str:
    return next((_words_of(part.get("question")) for part in _polls(content)), "")


def _polls(content: dict[str, object]) -> Iterator[dict[str, object]]:
    for key in _POLL_PARTS:
        if isinstance(part := content.get(key), dict):
            yield part


def _words_of(value: object) -> str:
    """The text of an extensible event: a text, or a list of its forms."""
    if not isinstance(value, dict):
        return ""
    for key in _TEXTS:
        found = value.get(key)
        if isinstance(found, list):
            found = next((one.get("body") for one in found if isinstance(one, dict)), None)
        if isinstance(found, str):
            return found
    return ""


def _more(kind: MessageKind, content: dict[str, object]) -> Iterator[str]:
    """What else people search for: answers of a poll, names and reasons."""
    for part in _polls(content):
        answers = part.get("answers")
        for one in answers if isinstance(answers, list) else ():
            yield _words_of(one)
    if kind is MessageKind.SYSTEM:
        for key in _WORDS:
            if isinstance(word := content.get(key), str):
                yield word


def _attachment(
    kind: MessageKind, content: dict[str, object], files: Files, sent_at: Timestamp
) -> tuple[Attachment, str]:
    """The file of a message, and by what it was found."""
    body = maybe(content, "body", str) or ""
    name = maybe(content, "filename", str) or body
    info = maybe(content, "info", dict) or {}
    encrypted = maybe(content, "file", dict) or {}
    size = maybe(info, "size", int)
    milliseconds = maybe(info, "duration", int, float)
    address = maybe(content, "url", str) or maybe(encrypted, "url", str) or ""
    # The exporter names the file after the body, whatever else the message calls it.
    path, link = files.find(kind, body, size=size, sent_ms=sent_at.utc_ms)
    return Attachment(
        name=name or address.rpartition("/")[2] or kind.value,
        path=path,
        state=AttachmentState.PRESENT if path else AttachmentState.ABSENT_NOT_EXPORTED,
        kind=kind,
        as_exported=address or body,
        type=maybe(info, "mimetype", str) or "",
        size=size if size is not None and size >= 0 else None,
        duration=None if milliseconds is None else milliseconds / 1000,
    ), link


def _extra(
    event: dict[str, object],
    content: dict[str, object],
    unsigned: dict[str, object],
    *,
    used: set[str],
) -> dict[str, object]:
    extra = rest(event, {*_TOLD, "type"})
    inner = {key: _without_keys(value) for key, value in rest(content, used).items()}
    if inner == {"msgtype": "m.text"}:
        inner = {}
    outer = rest(unsigned, {"age", "transaction_id"})
    return {
        **extra,
        **({"content": inner} if inner else {}),
        **({"unsigned": outer} if outer else {}),
    }


def _without_keys(value: object) -> object:
    """A value without what decrypts a file, and without what only helps with that."""
    if isinstance(value, list):
        return [_without_keys(one) for one in value]
    if not isinstance(value, dict):
        return value
    secret = isinstance(value.get("key"), dict) and "url" in value
    return {
        key: _without_keys(one) for key, one in value.items() if not (secret and key in _SECRETS)
    }
