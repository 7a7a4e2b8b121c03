"""One row of Threema's data backup as a message."""

import re
from typing import Any

from chatvault.importers._fields import EARLIEST_MS, LATEST_MS, Malformed, number
from chatvault.importers._generic import Item, Place
from chatvault.importers._json_value import decoded, depth, strings
from chatvault.importers._media_types import HEAD, kind_by_name, media_type
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    Mark,
    MessageKind,
    Precision,
    Timestamp,
)

Row = dict[str, str]

KINDS = {
    "TEXT": MessageKind.TEXT,
    "IMAGE": MessageKind.IMAGE,
    "VIDEO": MessageKind.VIDEO,
    "VOICEMESSAGE": MessageKind.VOICE,
    "FILE": MessageKind.FILE,
    "LOCATION": MessageKind.LOCATION,
    "CONTACT": MessageKind.CONTACT,
    "BALLOT": MessageKind.POLL,
    "STATUS": MessageKind.SYSTEM,
    "GROUP_STATUS": MessageKind.SYSTEM,
    "VOIP_STATUS": MessageKind.CALL,
    "GROUP_CALL_STATUS": MessageKind.CALL,
}
_MEDIA = frozenset({MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.VOICE, MessageKind.FILE})
_WORDS = frozenset({MessageKind.TEXT, MessageKind.SYSTEM, MessageKind.OTHER})
_KEPT = ("messagestae", "messagestate", "g_msg_states", "display_tags", "delivered_at", "read_at")
_TIMES = ("created_at", "modified_at")
_USED = frozenset({
    "apiid", "uid", "identity", "isoutbox", "isread", "issaved", "isqueued", "posted_at", "type",
    "body", "isstatusmessage", "caption", "quoted_message_apiid", "edited_at", "deleted_at",
    *_KEPT, *_TIMES,
})  # fmt: skip
_LONGEST_BODY = 256 * 1024  # of what is no text
# Ids and keys of files on Threema's servers, which nobody needs once the file is here.
_SECRET = re.compile(r"[0-9a-fA-F]{24,}|[A-Za-z0-9+/]{43}=")
_TYPE = re.compile(r"[a-z]{3,20}/[\w.+-]{1,80}")
_NAME = re.compile(r"[^\0/\\\n]{1,200}\.[A-Za-z0-9]{1,8}")


def message(
    row: Row, source: Source, *, place: Place, part: str, raw: str, other: str,
    names: dict[str, str],
) -> Item:  # fmt: skip
    """The message of a row; `other` is who is on the other side of a conversation of two."""
    at = _moment(row, "posted_at") or _moment(row, "created_at")
    if at is None:
        raise Malformed("no time")
    written = row.get("type", "").strip()
    kind = KINDS.get(written.upper(), MessageKind.OTHER)
    if row.get("isstatusmessage") == "1" and kind is MessageKind.OTHER:
        kind = MessageKind.SYSTEM
    body, caption = row.get("body", ""), row.get("caption", "")
    extra: dict[str, object] = {
        key: cell
        for key, cell in row.items()
        if cell not in {"", "0"} and (key not in _USED or key in _KEPT)
    }
    extra |= {key: row[key] for key in _TIMES if row.get(key) not in ("", None, at.as_exported)}
    if kind is MessageKind.OTHER:
        extra["type"] = written
    text = body
    words: list[str] = []
    files: tuple[Attachment, ...] = ()
    if kind not in _WORDS:
        value = _value(body)
        text = caption
        words = [] if kind in _MEDIA else _readable(value)
        if kind in _MEDIA:
            files = (_file(source, row.get("uid", ""), kind, value),)
            kind = _precise(kind, files[0])
        if (kept := _without_secrets(value)) not in ("", None, [], {}):
            extra["body"] = kept
    elif caption:
        words = [caption]
    mine = row.get("isoutbox", "").strip() == "1"
    sender = "" if mine or kind is MessageKind.SYSTEM else row.get("identity", "").strip() or other
    if row.get("identity", "").strip() not in ("", sender):
        extra["identity"] = row["identity"]
    edited, deleted = _moment(row, "edited_at"), _moment(row, "deleted_at")
    if deleted is not None:
        extra["deleted_at"] = row["deleted_at"]
    marks = [Mark.EDITED] * (edited is not None) + [Mark.DELETED] * (deleted is not None)
    return Item(
        part=part,
        raw=raw,
        place=place,
        when=at,
        kind=kind,
        text=text,
        sender_id=sender,
        sender=names.get(sender, "") if sender else "",
        is_me=True if mine and kind is not MessageKind.SYSTEM else None,
        id=row.get("apiid", "").strip(),
        reply_to=row.get("quoted_message_apiid", "").strip(),
        more_text=tuple(dict.fromkeys(word for word in words if word != text)),
        attachments=files,
        edited_at=edited,
        marks=tuple(marks),
        extra=extra,
    )


def _moment(row: Row, column: str) -> Timestamp | None:
    """A time in ms; None where there is none, which is also written as 0."""
    written = row.get(column, "").strip()
    if written in {"", "0", "null"}:
        return None
    ms = number(written)
    if not isinstance(ms, int) or not EARLIEST_MS <= ms < LATEST_MS:
        raise Malformed("a time out of range")
    return Timestamp(utc_ms=ms, as_exported=written, precision=Precision.MILLISECOND)


def _value(body: str) -> Any:
    """What the body of a picture, place or call says, which is JSON; else the body itself."""
    if body[:1] not in {"[", "{"} or len(body) > _LONGEST_BODY:
        return body
    try:
        value = decoded(body)
    except (ValueError, RecursionError):
        return body
    return body if depth(value) > 8 else value


def _readable(value: Any) -> list[str]:
    """The words in it that somebody may look for."""
    found = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and len(one.strip()) > 2 and not _SECRET.fullmatch(one):
            found.append(one.strip())
        elif isinstance(one, list | dict):
            waiting += reversed(list(one.values() if isinstance(one, dict) else one))
    return found


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    if isinstance(value, dict):
        return {key: _without_secrets(one) for key, one in value.items()}
    return "" if isinstance(value, str) and _SECRET.fullmatch(value) else value


def _file(source: Source, uid: str, kind: MessageKind, value: Any) -> Attachment:
    """The file of a message, which lies under the message's uid and has no ending."""
    path = None
    wanted = (f"message_media_{uid}", f"group_message_media_{uid}") if uid else ()
    for one in wanted:
        if source.has(one):
            path = one
            break
    words = list(strings(value))
    name = next((one for one in words if _NAME.fullmatch(one) and not _TYPE.fullmatch(one)), "")
    told = next((one for one in words if _TYPE.fullmatch(one)), "")
    if path is not None and (found := media_type(source.head(path, HEAD))):
        told = told or found.type
        kind = found.kind if kind is MessageKind.FILE else kind
    elif kind is MessageKind.FILE and name:
        kind = kind_by_name(name)
    return Attachment(
        name=name or path or (wanted[0] if wanted else ""),
        path=None if path is None else source.full(path),
        state=AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT,
        kind=kind,
        as_exported=wanted[0] if wanted else "no uid",
        type=told,
        stable_name=bool(name),
    )


def _precise(kind: MessageKind, file: Attachment) -> MessageKind:
    """Threema sends pictures and voices as files, too: what it is shows in the file."""
    return file.kind if kind is MessageKind.FILE else kind
