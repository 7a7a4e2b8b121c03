"""One message of Slack: its sender, time, kind, text, files and reactions."""

import re
from collections.abc import Iterator
from typing import cast

import msgspec

from chatvault.importers import _slack_files
from chatvault.importers._fields import EARLIEST_MS, LATEST_MS, Malformed, maybe, need, rest
from chatvault.importers._slack_files import Files
from chatvault.importers._slack_people import Person, Workspace
from chatvault.importers._slack_text import (
    addresses,
    addresses_of_cards,
    shown,
    text_of_blocks,
    text_of_cards,
)
from chatvault.model import (
    Attachment,
    Mark,
    Message,
    MessageKind,
    Precision,
    Reaction,
    Timestamp,
    Version,
)

REPLIES = "slackdump_thread_replies"
CHANGED, REMOVED = "message_changed", "message_deleted"
DERIVED = {
    "message": "the type of every message",
    "blocks": "the formatted form of the text; words that the text has not are searched too",
    "root": "the first message of a conversation below a message, which has a place of its own",
    "user_profile": "who the sender is, kept with the participant",
    "bot_profile": "which bot the sender is, kept with the participant",
    **dict.fromkeys(
        ("replies", "reply_count", "reply_users", "reply_users_count", "latest_reply"),
        "the answers point to the message themselves",
    ),
    "parent_user_id": "who sent the message that this one answers",
    "count": "the number of reactions, kept as those who are named and how many others",
    **dict.fromkeys(_slack_files.SMALLER, "a smaller form of the file, on Slack's servers"),
    **dict.fromkeys(
        _slack_files.ADDRESSES, "where Slack's servers have the file; kept without its token"
    ),
    "duration_ms": "the length of a sound or video, kept in seconds",
}
_TS = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9}))?")
_BLOCKS = "blocks"
_TOLD = {
    "ts", "user", "text", "edited", "reactions", "files", "file", "thread_ts", "root",
    "user_profile", "bot_profile", "replies", "reply_count", "reply_users", "reply_users_count",
    "latest_reply", "parent_user_id", _BLOCKS, REPLIES,
}  # fmt: skip
# What people and bots write; all else that is known was noted by Slack.
_TEXTS = frozenset({
    "", "file_share", "thread_broadcast", "reply_broadcast", "me_message", "bot_message",
    "slackbot_response", "file_mention", "assistant_app_thread",
})  # fmt: skip
_CALLS = frozenset({"huddle_thread", "sh_room_created", "sh_room_shared"})
_NOTED = frozenset({
    "pinned_item", "unpinned_item", "bot_add", "bot_remove", "bot_enable", "bot_disable",
    "reminder_add", "reminder_delete", "file_comment", "joiner_notification",
    "joiner_notification_for_inviter", "app_conversation_join", "ekm_access_denied",
    "document_mention", "channel_canvas_updated", "bookmark_add", "tabbed_canvas_updated",
    *(f"{place}_{what}" for place in ("channel", "group", "mpim", "im") for what in (
        "join", "leave", "topic", "purpose", "name", "archive", "unarchive", "posting_permissions",
        "convert_to_private", "convert_to_public", "retention_setting",
    )),
})  # fmt: skip
_TOMBSTONE = "tombstone"
_FLAGS = frozenset({"replace_original", "delete_original", "subscribed", "is_locked", "hidden"})
_NO_METADATA = {"event_type": "", "event_payload": None}


class Told(msgspec.Struct):
    """A message, and who must be told before it."""

    message: Message
    sender: Person | None
    reactions: list[Reaction] = []


def time_of(ts: str) -> Timestamp:
    """The moment of `1736554636.807919`, in which no digit may be lost: it is also the id."""
    found = _TS.fullmatch(ts)
    if not found:
        raise Malformed("a 'ts' that is no time")
    utc_ms = int(found[1]) * 1000 + int((found[2] or "0").ljust(3, "0")[:3])
    if not EARLIEST_MS <= utc_ms < LATEST_MS:
        raise Malformed("a time out of range")
    return Timestamp(
        utc_ms=utc_ms,
        as_exported=ts,
        precision=Precision.MILLISECOND if found[2] else Precision.SECOND,
    )


def told(item: object, workspace: Workspace, files: Files, *, place: str, seq: int) -> Told:
    """The message of an item of the conversation `place`; Malformed if it is none."""
    form = maybe(item, "subtype", str) or ""
    fields = cast("dict[str, object]", item)
    if form == CHANGED and isinstance(fields.get("message"), dict):
        return _changed(fields, workspace, files, place=place, seq=seq)
    if form == REMOVED and maybe(item, "deleted_ts", str) is not None:
        return _removed(fields, workspace, files, place=place, seq=seq)
    ts = need(item, "ts", str)
    sent_at = time_of(ts)
    gone = form == _TOMBSTONE
    sender = None if gone else workspace.sender(fields)
    attachments, files_left, words = _files(fields, files)
    text, more = ("", []) if gone else _text(fields, workspace)
    thread = maybe(item, "thread_ts", str)
    edited = maybe(item, "edited", dict)
    edited_at = None if edited is None else _edited_at(edited)
    marks = [
        mark for mark, there in ((Mark.EDITED, edited is not None), (Mark.DELETED, gone)) if there
    ]
    return Told(
        Message(
            id=ts,
            conversation_id=place,
            sender_id=sender.id if sender else None,
            sent_at=sent_at,
            seq=seq,
            kind=_kind(form, fields, attachments),
            text=text,
            scope=place,
            reply_to_id=thread if thread and thread != ts else None,
            more_text=tuple(dict.fromkeys(word for word in (*more, *words) if word != text)),
            attachments=attachments,
            edited_at=edited_at,
            marks=tuple(marks),
            extra=_extra(fields, sender, text, files_left),
        ),
        sender,
        list(_reactions(fields)),
    )


def _changed(
    event: dict[str, object], workspace: Workspace, files: Files, *, place: str, seq: int
) -> Told:
    """An edit that was noted as an event: the message as it became, with the text before."""
    found = told(event["message"], workspace, files, place=place, seq=seq)
    before = maybe(event, "previous_message", dict) or {}
    old = maybe(before, "text", str)
    versions = () if old is None else (Version(text=shown(old, workspace)),)
    marks = dict.fromkeys((*found.message.marks, Mark.EDITED))
    found.message = msgspec.structs.replace(
        found.message,
        versions=versions,
        marks=tuple(marks),
        extra={**found.message.extra, "event": rest(event, {"message"})},
    )
    return found


def _removed(
    event: dict[str, object], workspace: Workspace, files: Files, *, place: str, seq: int
) -> Told:
    """A deletion that was noted as an event: the message as it was, marked."""
    ts = need(event, "deleted_ts", str)
    before = maybe(event, "previous_message", dict) or {}
    found = told({**before, "ts": ts}, workspace, files, place=place, seq=seq)
    found.message = msgspec.structs.replace(
        found.message,
        marks=tuple(dict.fromkeys((*found.message.marks, Mark.DELETED))),
        extra={**found.message.extra, "event": rest(event, {"previous_message", "deleted_ts"})},
    )
    return found


def with_older(found: Told, items: list[object], workspace: Workspace, files: Files) -> Told:
    """A message with what copies of it said that were fetched before: texts since changed, and
    all of it where only a notice is left that it was deleted."""
    message = found.message
    texts = []
    for item in reversed(items):  # the last of those that still have it is what was deleted
        try:
            old = told(item, workspace, files, place=message.conversation_id, seq=message.seq)
        except Malformed:
            continue
        deleted = Mark.DELETED in message.marks and Mark.DELETED not in old.message.marks
        if deleted and not message.text:
            marks = tuple(dict.fromkeys((*old.message.marks, Mark.DELETED)))
            found = Told(old.message, old.sender, old.reactions)
            message = msgspec.structs.replace(old.message, marks=marks)
        texts.append(old.message.text)
    texts = [text for text in dict.fromkeys(reversed(texts)) if text and text != message.text]
    versions = (*(Version(text=text) for text in texts), *message.versions)
    found.message = msgspec.structs.replace(message, versions=versions)
    return found


def _text(item: dict[str, object], workspace: Workspace) -> tuple[str, list[str]]:
    """The text, from blocks or cards where it has none; and what else is searched."""
    raw = maybe(item, "text", str) or ""
    text = shown(raw, workspace)
    in_blocks = text_of_blocks(item.get(_BLOCKS), workspace)
    in_cards = text_of_cards(item.get("attachments"), workspace)
    links = addresses(raw) if "|" in raw else ()
    more = [*links, *addresses_of_cards(item.get("attachments"))]
    if not text.strip():
        return (in_blocks or in_cards or text), [in_cards, *more] if in_cards else more
    if in_blocks != text and not _words(in_blocks) <= _words(text):
        more.append(in_blocks)
    if in_cards:
        more.append(in_cards)
    return text, more


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _files(
    item: dict[str, object], files: Files
) -> tuple[tuple[Attachment, ...], list[dict[str, object]], list[str]]:
    """The files of a message, what else is said of them, and what is searched."""
    given = maybe(item, "files", list)
    if not given and (one := maybe(item, "file", dict)):  # until 2018
        given = [one]
    found: list[Attachment] = []
    left: list[dict[str, object]] = []
    words: list[str] = []
    for file in given or ():
        found.append(files.attachment(file))
        left.append(_slack_files.left(file))
        words += _slack_files.searched(file)
    return tuple(found), left if any(left) else [], words


def _edited_at(edited: dict[str, object]) -> Timestamp | None:
    ts = maybe(edited, "ts", str)
    return time_of(ts) if ts else None


def _kind(form: str, item: dict[str, object], attachments: tuple[Attachment, ...]) -> MessageKind:
    if form in _CALLS or (not form and isinstance(item.get("room"), dict)):
        return MessageKind.CALL
    if form in _NOTED:
        return MessageKind.SYSTEM
    # A text is kept as one when a later export only says that it was deleted.
    if form in _TEXTS or form == _TOMBSTONE:
        return attachments[0].kind if attachments else MessageKind.TEXT
    return MessageKind.OTHER


def _extra(
    item: dict[str, object],
    sender: Person | None,
    text: str,
    files: list[dict[str, object]],
) -> dict[str, object]:
    used = set(_TOLD)
    if item.get("type") == "message":
        used.add("type")
    if sender is not None and sender.id.startswith("name:"):
        used.add("username")  # a bot with an id may post under many names
    if sender is not None and item.get("bot_id") == sender.id:
        used.add("bot_id")
    # slackdump writes all fields that a message can have.
    extra = {
        key: value
        for key, value in rest(item, used).items()
        if value not in (None, [], "", {}, _NO_METADATA) and not (key in _FLAGS and value is False)
    }
    if (raw := item.get("text")) and raw != text:
        extra["text"] = raw
    if sender is None and item.get("user"):
        extra["user"] = item["user"]
    if isinstance(edited := item.get("edited"), dict):
        left = rest(edited, {"ts"})
        if left and left != {"user": item.get("user")}:
            extra["edited"] = left
    if files:
        extra["files"] = files
    return extra


def _reactions(item: dict[str, object]) -> Iterator[Reaction]:
    for one in maybe(item, "reactions", list) or ():
        emoji = f":{need(one, 'name', str)}:"
        extra = rest(one, {"name", "users", "count"})
        named = 0
        for who in maybe(one, "users", list) or ():
            if not isinstance(who, str) or not who:
                raise Malformed("a reaction of somebody without an id")
            named += 1
            yield Reaction(emoji=emoji, sender_id=who, extra=extra)
        count = maybe(one, "count", int)
        # Slack names at most fifty people.
        if count is not None and named < count < 2**31:
            yield Reaction(emoji=emoji, count=count - named, extra=extra)
