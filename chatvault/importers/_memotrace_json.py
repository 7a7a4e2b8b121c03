"""One message of MemoTrace's `<name>.html.json`, the array behind its HTML page.

{"type":"3","is_send":false,"timestamp":1738411200,"server_id":"7300000000000000061",
 "display_name":"小满","avatar_src":"./avatar/wxid_lin0demo.png","xml_dict":{},
 "path":"./image/2025-02/20250201_200000_730000_0","thumb_path":"…_0_t"}
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from chatvault.importers._fields import Malformed, maybe, need, number, rest
from chatvault.importers._source import Source
from chatvault.importers._wechat import (
    MEDIA,
    REPLY,
    kind_of,
    label,
    moment,
    notice_marks,
    server_id,
    split_type,
)
from chatvault.importers._wechat_payload import place
from chatvault.importers._wechat_rows import Transcript, may_be_id, name_id
from chatvault.model import (
    Attachment,
    AttachmentState,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
)

# Fields of every item that are in the record; what a kind of message has beyond these stays in
# `extra` unless `_words` or `_files` say otherwise.
BASICS = frozenset({"is_send", "timestamp", "server_id", "display_name", "avatar_src"})
_WORDS = {
    MessageKind.VOICE: ("voice_to_text",),
    MessageKind.STICKER: ("desc",),
    MessageKind.LOCATION: ("poiname", "label"),
    MessageKind.LINK: ("title", "description", "app_name", "publisher_nickname"),
    MessageKind.CALL: ("display_content",),
    MessageKind.CONTACT: ("nickname", "alias", "username", "open_im_desc"),
    MessageKind.TRANSFER: ("fee_desc", "pay_memo"),
    MessageKind.RED_PACKET: ("text",),
    MessageKind.FORWARD: ("title", "text", "description", "record_item"),
}
_DEEPEST = 8  # bundles within bundles; WeChat itself stops earlier
_MOST_LINES = 2000  # of one bundle; its items stay in `extra` whole


@dataclass
class Files:
    """The media beside the page; MemoTrace writes the names of pictures without their ending."""

    source: Source
    _stems: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.source.names():
            if "/" in name:
                folder, _, base = name.rpartition("/")
                self._stems.setdefault(f"{folder}/{base.rpartition('.')[0] or base}", name)

    def find(self, reference: str) -> str | None:
        """The name within the export of the file that a path means, with or without its ending."""
        plain = reference.replace("\\", "/").removeprefix("./")
        if self.source.has(plain):
            return self.source.full(plain)
        folder, _, base = plain.rpartition("/")
        stem = self._stems.get(plain) or self._stems.get(f"{folder}/{base.rpartition('.')[0]}")
        if stem is not None:
            return self.source.full(stem)
        return None

    def document(self, name: str) -> str | None:
        """The file of this name that somebody sent; documents keep the names they had."""
        found = self.source.resolve(name) if name and "/" not in name else None
        below = found.removeprefix(self.source.prefix) if found else ""
        return found if below.startswith("file/") else None


def records(item: object, talk: Transcript, files: Files) -> Iterator[Participant | Message]:
    """The sender, if new, and the message; Malformed if it is none."""
    base, sub = split_type(_type(item))
    kind = kind_of(base, sub)
    identifier = server_id(maybe(item, "server_id", str, int))
    sent_at = moment(need(item, "timestamp", int, str))
    text = maybe(item, "text", str) or ""
    words = [maybe(item, key, str) or "" for key in _WORDS.get(kind, ())]
    used = {"text", *_WORDS.get(kind, ())}
    extra: dict[str, object] = {}
    reply_to = None
    if kind is MessageKind.TRANSFER:
        used.discard("text")  # what the tool calls the state of the payment
    if sub == REPLY:
        reply_to = server_id(maybe(item, "quote_server_id", str, int))
        quoted = maybe(item, "quote_text", str) or ""
        said = quoted.partition(": ")[2]
        words.append("" if label(said) else said)
        used |= {"quote_server_id"} if reply_to else set()
    if kind is MessageKind.LOCATION:
        where = [_side(item, key) for key in ("x", "y")]
        extra |= place(*where)
    attachments = _files(item, kind, files)
    if kind in MEDIA:
        used |= {"path", "duration"}
        used |= {"file_name", "file_size"} if kind is MessageKind.FILE else set()
    if kind is MessageKind.FORWARD:
        words += _bundle(item, 0)
        attachments += _bundled_files(item, files, 0)
    if kind in _WORDS:
        text = ""
    sender_id = None
    if kind is not MessageKind.SYSTEM:
        sender_id, people = _sender(item, talk)
        yield from people
    left = rest(item, BASICS | used)
    if kind is MessageKind.TEXT and base == 1:
        left.pop("type", None)
    if left.get("xml_dict") == {}:
        del left["xml_dict"]
    if kind is MessageKind.SYSTEM and (name := maybe(item, "display_name", str)):
        extra["display_name"] = name
    yield Message(
        id=identifier,
        conversation_id=talk.place.id,
        sender_id=sender_id,
        sent_at=sent_at,
        seq=talk.next_seq(),
        kind=kind,
        text=text,
        scope=talk.place.id,
        reply_to_id=reply_to,
        more_text=tuple(dict.fromkeys(word for word in words if word)),
        attachments=attachments,
        marks=notice_marks(text) if kind is MessageKind.SYSTEM else (),
        extra=left | extra,
    )


def _type(item: object) -> int:
    code = need(item, "type", str, int)
    parsed = number(code)
    if not isinstance(parsed, int):
        raise Malformed("'type' is no whole number")
    return parsed


def _side(item: object, key: str) -> str:
    """A coordinate, which is a number or a text, depending on the version."""
    value = item.get(key) if isinstance(item, dict) else None
    text = value if isinstance(value, str) else maybe(item, key, int, float)
    return "" if text is None else str(text)


def avatar_id(item: object) -> str:
    """The sender's id from the name of the avatar's file; "" where that is none."""
    source = maybe(item, "avatar_src", str) or ""
    if "://" in source or not source.replace("\\", "/").startswith(("./avatar/", "avatar/")):
        return ""
    stem = source.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    return stem if may_be_id(stem) else ""


def _sender(item: object, talk: Transcript) -> tuple[str, Iterator[Participant]]:
    mine = maybe(item, "is_send", bool, int)
    name = maybe(item, "display_name", str) or ""
    direct = talk.place.kind is ConversationKind.DIRECT
    avatar = maybe(item, "avatar_src", str) or ""
    extra: dict[str, object] = {"avatar_src": avatar} if avatar else {}
    if direct and not mine and not talk.place.title_is_id:
        identifier = talk.place.id
    else:
        identifier = avatar_id(item) or name_id(name)
    return identifier, talk.people.tell(identifier, name, is_me=bool(mine), extra=extra)


def _files(item: object, kind: MessageKind, files: Files) -> tuple[Attachment, ...]:
    if kind not in MEDIA:
        return ()
    path = maybe(item, "path", str) or ""
    name = maybe(item, "file_name", str) or "" if kind is MessageKind.FILE else ""
    name = name or path.replace("\\", "/").rpartition("/")[2]
    size = maybe(item, "file_size", int) if kind is MessageKind.FILE else None
    duration = maybe(item, "duration", int, float)
    if path.startswith(("http://", "https://")):
        state, found, name = AttachmentState.REMOTE_ONLY, None, ""
    elif not path:
        state, found = AttachmentState.ABSENT_NOT_EXPORTED, None
    else:
        found = files.find(path)
        if found is None and kind is MessageKind.FILE:
            found = files.document(name)
        state = AttachmentState.PRESENT if found else AttachmentState.MISSING_FILE
    if found and kind is not MessageKind.FILE:
        name = found.rpartition("/")[2]
    whole = Attachment(
        name=name,
        path=found,
        state=state,
        kind=kind,
        as_exported=path,
        size=size if size is not None and size >= 0 else None,
        duration=float(duration) if duration else None,
        stable_name=kind is MessageKind.FILE and bool(name),
    )
    thumb = maybe(item, "thumb_path", str) or ""
    if found or not thumb or (small := files.find(thumb)) is None:
        return (whole,)
    # The picture itself was never opened in WeChat: its thumbnail is all there is.
    base = small.rpartition("/")[2]
    return whole, Attachment(
        name=base,
        path=small,
        kind=MessageKind.IMAGE,
        as_exported=thumb,
        stable_name=False,
    )


def _bundle(item: object, level: int) -> list[str]:
    lines: list[str] = []
    for inner in (maybe(item, "messages", list) or [])[:_MOST_LINES]:
        if not isinstance(inner, dict):
            continue
        texts = [inner.get(key) for key in ("text", "title", "description", "file_name")]
        said = " ".join(text for text in texts if isinstance(text, str) and text)
        if said:
            lines.append(f"{inner.get('display_name', '')}: {said}")
        if level < _DEEPEST:
            lines += _bundle(inner, level + 1)
    return lines[:_MOST_LINES]


def _bundled_files(item: object, files: Files, level: int) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    for inner in (maybe(item, "messages", list) or [])[:_MOST_LINES]:
        try:
            base, sub = split_type(_type(inner))
            found += [file for file in _files(inner, kind_of(base, sub), files) if file.name]
        except Malformed:
            continue  # the bundle stays in `extra` as it is
        if level < _DEEPEST:
            found += _bundled_files(inner, files, level + 1)
    return tuple(found[:_MOST_LINES])
