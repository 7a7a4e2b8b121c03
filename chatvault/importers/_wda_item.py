"""One message of WeChatDataAnalysis: an object of `messages.json`, or a line of `messages.txt`.

{"id":"message_0:msg_demo:41","localId":41,"serverId":7300000000000000071,"createTime":1767139260,
 "type":3,"renderType":"image","isSent":false,"senderUsername":"wxid_lin0demo","content":"[图片]",
 "senderDisplayName":"小满","offlineMedia":[{"kind":"image","path":"media/images/0f0f.jpg"}]}
"""

import re
from typing import Any

import msgspec

from chatvault.importers._fields import Malformed, maybe, number, rest
from chatvault.importers._source import Source
from chatvault.importers._wechat import (
    APP,
    MEDIA,
    kind_of,
    label,
    notice_marks,
    same_account,
    server_id,
    split_type,
)
from chatvault.importers._wechat_body import Body, absent, remote
from chatvault.importers._wechat_payload import forwarded, place
from chatvault.importers._wechat_said import Said, clocked, shown, text_of
from chatvault.importers._wechat_xml import Node, tree
from chatvault.model import Attachment, AttachmentState, MessageKind, Timestamp

# What the tool drew; it has read the XML, so it knows more than the number beside it.
DRAWN = {
    "text": MessageKind.TEXT,
    "image": MessageKind.IMAGE,
    "emoji": MessageKind.STICKER,
    "video": MessageKind.VIDEO,
    "voice": MessageKind.VOICE,
    "voip": MessageKind.CALL,
    "system": MessageKind.SYSTEM,
    "quote": MessageKind.TEXT,
    "link": MessageKind.LINK,
    "file": MessageKind.FILE,
    "location": MessageKind.LOCATION,
    "transfer": MessageKind.TRANSFER,
    "redPacket": MessageKind.RED_PACKET,
    "chatHistory": MessageKind.FORWARD,
}
# Fields that are found again in the record, or repeat what is; see INFO.derived for the latter.
UNDERSTOOD = frozenset({
    "id", "localId", "serverId", "createTime", "createTimeText", "sortSeq", "isSent", "isGroup",
    "senderUsername", "senderDisplayName", "senderAvatarPath", "conversationUsername", "content",
    "offlineMedia", "quoteServerId", "type", "renderType",
})  # fmt: skip
# Fields whose text people search for, by kind; `content` comes first where it is no placeholder.
_WORDS = {
    MessageKind.LINK: ("title", "content", "url", "from"),
    MessageKind.LOCATION: ("locationPoiname", "locationLabel"),
    MessageKind.TRANSFER: ("content", "amount", "transferStatus"),
    MessageKind.RED_PACKET: ("content", "title"),
    MessageKind.FORWARD: ("title", "content"),
    MessageKind.CONTACT: ("title", "content"),
    MessageKind.CALL: ("content",),
}  # fmt: skip
_ADDRESSES = {
    MessageKind.STICKER: "emojiUrl",
    MessageKind.IMAGE: "imageUrl",
    MessageKind.VIDEO: "videoUrl",
}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What all messages of one export have in common."""

    source: Source
    with_media: bool = False
    redacted: bool = False


def said(item: object, run: Run) -> Said:
    """The message; Malformed if it is none."""
    if not isinstance(item, dict):
        raise Malformed(f"expected an object, found {type(item).__name__}")
    kind, base = _kind(item)
    content = maybe(item, "content", str) or ""
    at = clocked(maybe(item, "createTime", int, float, str) or 0, text_of(item, "createTimeText"))
    if at is None and maybe(item, "createTime", int, float, str) is None:
        raise Malformed("no 'createTime'")
    extra: dict[str, object] = {
        key: value for key, value in rest(item, UNDERSTOOD).items() if value not in ("", None)
    }
    if kind is not MessageKind.TEXT or base != 1:
        extra |= {key: item[key] for key in ("type", "renderType") if item.get(key)}
    body = _body(item, content, kind, run)
    if (
        content
        and body.text != content
        and all(one.as_exported != content for one in body.attachments)
    ):
        extra["content"] = content
    given = text_of(item, "serverId")
    identifier = server_id(given)
    if identifier is None and given not in ("", "0"):
        extra["serverId"] = given
    answered = server_id(text_of(item, "quoteServerId"))
    name = maybe(item, "senderDisplayName", str) or ""
    wxid = maybe(item, "senderUsername", str) or ""
    return Said(
        at=at,
        kind=kind,
        body=body,
        name=name,
        # Of a redacted export `me`, `other` and `member_2` are no ids.
        wxid="" if run.redacted else wxid,
        mine=maybe(item, "isSent", bool) or False,
        id=identifier,
        reply_to=answered,
        avatar=maybe(item, "senderAvatarPath", str) or "",
        extra=extra | ({"senderUsername": wxid} if run.redacted and wxid else {}),
    )


def _kind(item: dict[str, Any]) -> tuple[MessageKind, int]:
    drawn = maybe(item, "renderType", str) or ""
    code = number(text_of(item, "type") or "0")
    base, sub = split_type(code if isinstance(code, int) else 0)
    kind = DRAWN.get(drawn)
    if kind is None or (drawn == "text" and base != 1):
        # Cards and what the tool does not know are drawn as text.
        by_number = kind_of(base, sub) if base else MessageKind.TEXT
        if kind is None or (by_number is not MessageKind.OTHER and base != APP):
            kind = by_number
    return kind, base


def _body(item: dict[str, Any], content: str, kind: MessageKind, run: Run) -> Body:
    if kind is MessageKind.TEXT or kind is MessageKind.OTHER:
        quoted = maybe(item, "quoteContent", str) or ""
        again = () if not quoted or label(quoted) is not None else (quoted,)
        if run.redacted and label(content) == ("文本", ""):
            content = ""
        return Body(
            text="" if _HIDDEN.fullmatch(content) and run.redacted else content, words=again
        )
    if kind is MessageKind.SYSTEM:
        return Body(text=content, marks=notice_marks(content))
    if kind in MEDIA:
        return _medium(item, content, kind, run)
    words = [maybe(item, key, str) or "" for key in _WORDS.get(kind, ())]
    facts: dict[str, str] = {}
    if kind is MessageKind.LOCATION:
        facts = place(text_of(item, "locationLat"), text_of(item, "locationLng"))
    if kind is MessageKind.FORWARD:
        words += _bundle(maybe(item, "recordItem", str) or "")
    words = [word for word in words if not _HIDDEN.fullmatch(word)]
    return Body(words=tuple(dict.fromkeys(word for word in words if word)), facts=facts)


_HIDDEN = re.compile(r"\[[^\[\]\n]{1,16}\]")  # a word in brackets and nothing else


def _bundle(xml: str) -> list[str]:
    """The lines of a forwarded bundle, which comes as WeChat's own XML."""
    root = tree(xml) if "<" in xml else None
    if root is None:
        return []
    for at in (root, root.at("recorditem"), root.at("appmsg/recorditem")):
        if at is not None and at.tag == "recordinfo":
            return forwarded(Node("recorditem", {}, [at]))
        if at is not None and (lines := forwarded(at)):
            return lines
    return []


_SCALARS = (
    "serverId", "title", "imageMd5", "imageFileId", "emojiMd5", "videoMd5", "videoThumbMd5",
    "videoFileId", "videoThumbFileId", "fileMd5",
)  # fmt: skip
_OFFLINE = {"emoji": MessageKind.STICKER, "video_thumb": MessageKind.IMAGE}


def _medium(item: dict[str, Any], content: str, kind: MessageKind, run: Run) -> Body:
    """The files that were exported with a message, else why there is none."""
    words = [text_of(item, key) for key in item if key.startswith("voiceTranscript")]
    title = (maybe(item, "title", str) or "") if kind is MessageKind.FILE else ""
    length = text_of(item, "voiceLength")
    duration = int(length) / 1000 if length.isascii() and length.isdigit() else None
    size = text_of(item, "fileSize") if kind is MessageKind.FILE else ""
    files = [
        _offline(one, kind, title=title, run=run)
        for one in maybe(item, "offlineMedia", list) or []
        if isinstance(one, dict)
    ]
    whole = [one for one in files if one.kind is kind]
    if not whole:
        address = maybe(item, _ADDRESSES.get(kind, ""), str) or ""
        if address.startswith(("http://", "https://")):
            first = remote(kind, address)
        elif run.with_media:
            first = Attachment(
                name=title,
                state=AttachmentState.ABSENT_NOT_EXPORTED,
                kind=kind,
                as_exported=content or kind.value,
                stable_name=bool(title),
            )
        else:
            first = absent(kind, content, name=title)
        # A thumbnail is better than nothing; beside the video itself nobody misses it.
        files = [first, *files]
    else:
        files = whole
    first = msgspec.structs.replace(
        files[0],
        duration=duration,
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
    )
    listed = maybe(item, "offlineMedia", list) or []
    kept = {one.as_exported for one in files} | {
        text_of(item, key) for key in _SCALARS if key in item
    }
    # Most of the list only repeats fields of the message.
    told_already = all(
        isinstance(one, dict) and all(key == "kind" or str(one[key]) in kept for key in one)
        for one in listed
    )
    facts = {} if told_already else {"offlineMedia": msgspec.json.encode(listed).decode()}
    return Body(
        words=tuple(word for word in dict.fromkeys(words) if word),
        attachments=(first, *files[1:]),
        facts=facts,
    )


def _offline(one: dict[str, Any], kind: MessageKind, *, title: str, run: Run) -> Attachment:
    path = maybe(one, "path", str) or ""
    found = run.source.resolve(path) if path else None
    what = maybe(one, "kind", str) or ""
    file_kind = _OFFLINE.get(what) or next((k for k in MEDIA if k.value == what), kind)
    return Attachment(
        name=title or path.rpartition("/")[2],
        path=found,
        state=AttachmentState.PRESENT if found else AttachmentState.MISSING_FILE,
        kind=file_kind,
        as_exported=path or what or kind.value,
        stable_name=bool(title),
    )


# A line of the text: `[2025-12-31 08:00:00] 小满(wxid_lin0demo) [avatar=media/…]: 新年快乐`
LINE = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\] (.*)", re.ASCII | re.DOTALL)
_SYSTEM = re.compile(r"\[系统\] ?(.*)", re.DOTALL)
_SPOKEN = re.compile(
    r"([^\n]{0,200}?)\(([^()\s]{1,128})\)(?: \[avatar=([^\]\n]{0,300})\])?: ?(.*)", re.DOTALL
)
_NAMELESS = re.compile(r"([^\s:()]{1,128})(?: \[avatar=([^\]\n]{0,300})\])?: ?(.*)", re.DOTALL)
_FILES = re.compile(r"((?: ?media/[a-z_]{1,20}/\S{1,255})+)$")
_VOICE = re.compile(r"\[语音 ?(\d{1,9})秒\]", re.ASCII)
_FILE = re.compile(r"(.*) size=(\d*)", re.ASCII | re.DOTALL)
_FOLDERS = {
    "images": MessageKind.IMAGE,
    "emojis": MessageKind.STICKER,
    "videos": MessageKind.VIDEO,
    "video_thumbs": MessageKind.IMAGE,
    "voices": MessageKind.VOICE,
    "files": MessageKind.FILE,
}


def said_line(rest_of_line: str, at: Timestamp, owner: str, run: Run) -> Said:
    """The message of a line of the text, given what stands behind its time."""
    if system := _SYSTEM.fullmatch(rest_of_line):
        text = system[1]
        return Said(at=at, kind=MessageKind.SYSTEM, body=Body(text=text, marks=notice_marks(text)))
    if spoken := _SPOKEN.fullmatch(rest_of_line):
        name, wxid, avatar, content = spoken.groups()
    elif spoken := _NAMELESS.fullmatch(rest_of_line):
        wxid, avatar, content = spoken.groups()
        name = ""
    else:
        raise Malformed("no sender before a colon")
    kind, body = _line_body(content, run)
    return Said(
        at=at,
        kind=kind,
        body=body,
        name=name,
        wxid="" if run.redacted or wxid == "未知" else wxid,
        mine=same_account(wxid, owner) or (run.redacted and wxid == "me"),
        avatar=avatar or "",
    )


def _line_body(content: str, run: Run) -> tuple[MessageKind, Body]:
    found = _FILES.search(content)
    said_ = content[: found.start()] if found else content
    paths = found[1].split() if found else []
    if not paths:
        voice = _VOICE.fullmatch(said_)
        if voice:
            return MessageKind.VOICE, Body(attachments=(absent(MessageKind.VOICE, said_),))
        return shown(said_, source=run.source, base="")
    kinds = [_FOLDERS.get(path.split("/")[1], MessageKind.FILE) for path in paths]
    kind = MessageKind.VIDEO if MessageKind.VIDEO in kinds else kinds[0]
    if any(path.startswith("media/video_thumbs/") for path in paths):
        kind = MessageKind.VIDEO
    title = ""
    if kind is MessageKind.FILE and (named := _FILE.fullmatch(said_)):
        title = named[1].strip().rpartition("\n")[2]
    files = []
    for path, one in zip(paths, kinds, strict=True):
        there = run.source.resolve(path)
        files.append(
            Attachment(
                name=title or path.rpartition("/")[2],
                path=there,
                state=AttachmentState.PRESENT if there else AttachmentState.MISSING_FILE,
                kind=one,
                as_exported=path,
                stable_name=bool(title),
            )
        )
    return kind, Body(attachments=tuple(files), facts={"content": said_} if said_ else {})
