"""One post or reply of a Mattermost export: its time, kind, files and reactions."""

import hashlib
from collections.abc import Iterator

import msgspec

from chatvault.importers._fields import EARLIEST_MS, LATEST_MS, Malformed, maybe, need, rest
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._source import Source
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

DATA = "data"  # the folder of the files beside the lines

# Types of posts that people and their programs write; `system_...` is what the app notes.
_WRITTEN = frozenset({"", "me", "slack_attachment", "burn_on_read"})
_CALLS = frozenset({"custom_calls", "custom_zoom", "custom_jitsi", "custom_mstmeetings"})
_USED = {
    "team", "channel", "channel_members", "user", "message", "create_at", "edit_at", "reactions",
    "replies", "attachments", "type",
}  # fmt: skip
_SEARCHED = ("pretext", "author_name", "title", "title_link", "text", "footer", "fallback")


class Files:
    """The files of an export, which lie below `data`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._without = not any(name.startswith(f"{DATA}/") for name in source.entries)

    def attachment(self, reference: str) -> Attachment:
        """The file of a path, or the place where it should be."""
        name = reference.replace("\\", "/").rpartition("/")[2]
        path = None
        for known in (f"{DATA}/{reference}", reference):
            if path is None and self._source.has(known):
                path = self._source.full(known)
        path = path or self._source.resolve(reference, DATA)
        absent = AttachmentState.MISSING_FILE
        if self._without:
            absent = AttachmentState.ABSENT_NOT_EXPORTED
        return Attachment(
            name=name,
            path=path,
            state=absent if path is None else AttachmentState.PRESENT,
            kind=kind_by_name(name),
            as_exported=reference,
        )


def sender_of(item: object) -> str:
    """The name by which the server knows the sender."""
    return need(item, "user", str).lower()


def shown_name(item: object) -> str:
    """Another name that a program gave itself for this post."""
    return maybe(_props(item), "override_username", str) or ""


def message(
    item: object, files: Files, *, chat: str, seq: int, reply_to: str | None = None
) -> Message:
    """The message of a post or reply; Malformed if it is none."""
    sender = sender_of(item)
    created = need(item, "create_at", int)
    text = maybe(item, "message", str) or ""
    form = maybe(item, "type", str) or ""
    props = _props(item)
    edited = maybe(item, "edit_at", int) or 0
    attachments = tuple(_attachments(item, files))
    extra = {
        key: value
        for key, value in rest(item, _USED).items()
        if value not in (None, [], {}, "") and value is not False
    }
    if form and not _is_call(form):
        extra["type"] = form
    return Message(
        id=_identity(sender, created, text),
        conversation_id=chat,
        sender_id=sender,
        sent_at=_moment(created),
        seq=seq,
        kind=_kind(form, attachments),
        text=text,
        scope=chat,
        reply_to_id=reply_to,
        more_text=tuple(dict.fromkeys(one for one in _searchable(props) if one and one != text)),
        attachments=attachments,
        edited_at=_moment(edited) if edited > 0 else None,
        marks=(Mark.EDITED,) if edited > 0 else (),
        extra=extra,
    )


def _props(item: object) -> dict[str, object]:
    return maybe(item, "props", dict) or {}


def _identity(sender: str, created: int, text: str) -> str:
    """By what Mattermost itself knows a post again when lines are loaded twice: the exports hold
    no ids. The text belongs to it: programs post several things in one millisecond."""
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return f"{created}-{sender}-{digest[:12]}"


def _moment(number: int) -> Timestamp:
    """Always milliseconds here, however small the number."""
    if not EARLIEST_MS <= number < LATEST_MS:
        raise Malformed("a time out of range")
    return Timestamp(utc_ms=number, as_exported=str(number), precision=Precision.MILLISECOND)


def _is_call(form: str) -> bool:
    return form in _CALLS


def _kind(form: str, attachments: tuple[Attachment, ...]) -> MessageKind:
    if form.startswith("system_"):
        return MessageKind.SYSTEM
    if _is_call(form):
        return MessageKind.CALL
    if form not in _WRITTEN and not form.startswith("custom_"):
        return MessageKind.OTHER
    return attachments[0].kind if attachments else MessageKind.TEXT


def _attachments(item: object, files: Files) -> Iterator[Attachment]:
    for one in maybe(item, "attachments", list) or ():
        path = need(one, "path", str)
        if not path:
            raise Malformed("an attachment without a path")
        yield files.attachment(path)


def _searchable(props: dict[str, object]) -> Iterator[str]:
    """The words of what programs attach to their posts."""
    attached = props.get("attachments")
    for one in attached if isinstance(attached, list) else ():
        if not isinstance(one, dict):
            continue
        yield from (text for key in _SEARCHED if isinstance(text := one.get(key), str))
        fields = one.get("fields")
        for field in fields if isinstance(fields, list) else ():
            if isinstance(field, dict):
                yield from (
                    text for key in ("title", "value") if isinstance(text := field.get(key), str)
                )


def replies(item: object) -> list[object]:
    """What was answered to a post."""
    return maybe(item, "replies", list) or []


def reactions(item: object) -> Iterator[Reaction]:
    """Who reacted, with what, and when."""
    for one in maybe(item, "reactions", list) or ():
        created = maybe(one, "create_at", int)
        name = need(one, "emoji_name", str)
        yield Reaction(
            emoji=f":{name}:",
            sender_id=(maybe(one, "user", str) or "").lower() or None,
            at=None if created is None else _moment(created),
            extra=rest(one, {"user", "emoji_name", "create_at"}),
        )


class Post(msgspec.Struct, frozen=True):
    """A post that waits for those of its conversation; `raw` is its line."""

    part: str
    value: object
    raw: str
