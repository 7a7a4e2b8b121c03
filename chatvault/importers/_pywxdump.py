"""One row of PyWxDump, as WeClone's own CSV has it too.

    id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime
    1,7300000000000000031,文本,0,wxid_lin0demo,wxid_lin0demo,到家了吗,,2024-05-01 21:10:05

`talker` is the sender's id, and 我 (or the owner's id) in the owner's rows; WeClone has names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatvault.importers._fields import maybe, rest
from chatvault.importers._source import Source
from chatvault.importers._wechat import MEDIA, is_room, label, notice_marks, server_id
from chatvault.importers._wechat_body import absent, attachment, remote
from chatvault.importers._wechat_payload import place
from chatvault.importers._wechat_rows import (
    RowClock,
    Transcript,
    may_be_id,
    name_id,
)
from chatvault.model import (
    Attachment,
    AttachmentState,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
)

COLUMNS = (
    "id", "MsgSvrID", "type_name", "is_sender", "talker", "room_name", "msg", "src", "CreateTime",
)  # fmt: skip
# Early versions, and WeFlow in its clone of the form, have no room_name.
COLUMNS_SHORT = tuple(name for name in COLUMNS if name != "room_name")

KINDS = {
    "文本": MessageKind.TEXT,
    "粘贴的文本": MessageKind.TEXT,
    "接龙": MessageKind.TEXT,
    "引用回复": MessageKind.TEXT,
    "图片": MessageKind.IMAGE,
    "语音": MessageKind.VOICE,
    "视频": MessageKind.VIDEO,
    "动画表情": MessageKind.STICKER,
    "用户上传的GIF表情": MessageKind.STICKER,
    "位置": MessageKind.LOCATION,
    "位置共享": MessageKind.LOCATION,
    "文件": MessageKind.FILE,
    "文件(猜)": MessageKind.FILE,
    "推荐公众号": MessageKind.CONTACT,
    "企业微信打招呼(猜)": MessageKind.CONTACT,
    "企业微信添加好友(猜)": MessageKind.CONTACT,
    "(分享)笔记": MessageKind.FORWARD,
    "合并转发的聊天记录": MessageKind.FORWARD,
    "转账": MessageKind.TRANSFER,
    "红包": MessageKind.RED_PACKET,
    "赠送红包封面": MessageKind.RED_PACKET,
    "语音通话": MessageKind.CALL,
    "添加好友": MessageKind.SYSTEM,
    "群公告": MessageKind.SYSTEM,
    "拍一拍": MessageKind.SYSTEM,
    "系统通知": MessageKind.SYSTEM,
    "邀请加群": MessageKind.SYSTEM,
}
ENGLISH = {
    "text": MessageKind.TEXT,
    "image": MessageKind.IMAGE,
    "voice": MessageKind.VOICE,
    "video": MessageKind.VIDEO,
    "sticker": MessageKind.STICKER,
    "location": MessageKind.LOCATION,
    "file": MessageKind.FILE,
}
_NOBODY = frozenset({"", "系统", "未知"})
OWNER = "我"

_QUOTE = re.compile(r"(.*)\n\n\[引用\]\(([^()\n]{0,32})\)([^:\n]{0,200}):(.*)", re.DOTALL)
_VOICE = re.compile(r"语音时长：([0-9.]{1,12})秒(?:\n翻译结果：(.*))?\s*", re.DOTALL)
_SPOT = re.compile(r"纬度:【(-?[0-9.]{1,24})】 经度:【(-?[0-9.]{1,24})】")
_WHERE = re.compile(r"^位置：(.*)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a href="([^"\n]*)">[^<\n]*</a>\s*$')
_MOST_WORDS = 2000  # of one forwarded bundle, which stays in `extra` whole


@dataclass
class Book:
    """What is known about people beside the rows: `users.json`."""

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def name(self, identifier: str) -> str:
        """The name WeChat shows for an id; empty if the book has none."""
        return next(iter(self.names.get(identifier, ())), "")


def kind_of_row(name: str) -> MessageKind:
    """The kind of a `type_name`; OTHER for one that we do not know."""
    if name in KINDS or name in ENGLISH:
        return KINDS.get(name) or ENGLISH[name]
    if name.startswith("消息撤回"):
        return MessageKind.SYSTEM
    return MessageKind.LINK if name.startswith(("(分享)", "视频号", "游戏")) else MessageKind.OTHER


def message(
    row: Mapping[str, Any], talk: Transcript, *, clock: RowClock, source: Source, book: Book
) -> Iterator[Participant | Message]:
    """The sender, if there is news of it, and the message; Malformed if the row is none."""
    name = maybe(row, "type_name", str) or ""
    kind = kind_of_row(name)
    at = clock.time(maybe(row, "CreateTime", str) or "")
    told = row.get("msg")
    content = told if isinstance(told, str) else ""
    reference = row.get("src")
    src = reference if isinstance(reference, str) else ""
    extra = rest(row, {*COLUMNS, ""})
    if extra.get("extra") in ({}, None, ""):
        extra.pop("extra", None)
    if told and not isinstance(told, str):
        extra["msg"] = told
    if reference and not isinstance(reference, str):
        extra["src"] = reference
    if name not in {"文本", "text"}:
        extra["type_name"] = name
    raw_id = maybe(row, "MsgSvrID", str, int)
    identifier = server_id(raw_id)
    if identifier is None and raw_id not in (None, "", "0", 0):
        extra["MsgSvrID"] = raw_id
    text, words, facts = _words(content, kind, name, src)
    files = _files(content, src, kind, source)
    if isinstance(reference, dict | list):
        words += _texts(reference)
    kept = {one.as_exported for one in files}
    if content and text != content and content not in kept:
        facts["msg"] = content
    if src and src not in kept and facts.get("url") != src:
        facts["src"] = src
    sender, people = _sender(row, talk, kind, book)
    if sender is None and (talker := maybe(row, "talker", str)):
        facts["talker"] = talker
    yield from people
    recalled = (Mark.RECALLED,) if name.startswith("消息撤回") else ()
    yield Message(
        id=identifier,
        conversation_id=talk.place.id,
        sender_id=sender,
        sent_at=at,
        seq=talk.next_seq(),
        kind=kind,
        text=text,
        scope=talk.place.id,
        more_text=tuple(dict.fromkeys(word for word in words if word)),
        attachments=files,
        marks=recalled or (notice_marks(text) if kind is MessageKind.SYSTEM else ()),
        extra=extra | facts,
    )


def _words(
    content: str, kind: MessageKind, name: str, src: str
) -> tuple[str, list[str], dict[str, object]]:
    """Text as sent, what else people search for, and facts for `extra`."""
    if name == "引用回复" and (found := _QUOTE.fullmatch(content)):
        return found[1], [found[4]], {"quoted_name": found[3], "quoted_at": found[2]}
    if kind in {MessageKind.TEXT, MessageKind.SYSTEM, MessageKind.OTHER}:
        return content, [], {}
    if kind is MessageKind.VOICE:
        spoken = _VOICE.fullmatch(content)
        return "", [(spoken[2] or "").strip()] if spoken else [], {}
    if kind is MessageKind.LOCATION:
        spot = _SPOT.search(content)
        facts: dict[str, object] = dict(place(spot[1], spot[2])) if spot else {}
        found_names = [line.strip() for line in _WHERE.findall(content)]
        word = label(content)
        return "", found_names if spot else [word[1] if word else content], facts
    if kind in MEDIA:
        return "", [], {}
    if kind is MessageKind.LINK:
        anchor = _ANCHOR.search(content)
        title = content[: anchor.start()] if anchor else content
        words = [line.strip() for line in title.splitlines()]
        return "", words, {"url": src} if src and anchor else {}
    return "", [content], {}


def _files(content: str, src: str, kind: MessageKind, source: Source) -> tuple[Attachment, ...]:
    if kind not in MEDIA:
        return ()
    spoken = _VOICE.fullmatch(content) if kind is MessageKind.VOICE else None
    duration = float(spoken[1]) if spoken and spoken[1].replace(".", "", 1).isdigit() else None
    if src.startswith(("http://", "https://")):
        return (remote(kind, src),)
    if src:
        # Paths of the app's own cache are relative to WeChat's folder, which is no export.
        one = attachment(src, kind, source=source, base="")
        stable = kind is MessageKind.FILE
        return (
            Attachment(
                name=one.name,
                path=one.path,
                state=one.state,
                kind=kind,
                as_exported=src,
                duration=duration,
                stable_name=stable,
            ),
        )
    if kind is MessageKind.FILE and content and "\n" not in content and content != "文件":
        return (absent(kind, content, name=content),)
    word = absent(kind, content or kind.value)
    if duration is None:
        return (word,)
    return (
        Attachment(
            name="",
            state=AttachmentState.PLACEHOLDER_ONLY,
            kind=kind,
            as_exported=word.as_exported,
            duration=duration,
            stable_name=False,
        ),
    )


def _texts(tree: object, level: int = 0) -> list[str]:
    """The words of a forwarded bundle, which is the XML as an object."""
    found: list[str] = []
    if isinstance(tree, dict) and level < 32:
        for key, value in tree.items():
            if key in {"datadesc", "datatitle", "title", "desc", "sourcename"}:
                found += [value] if isinstance(value, str) else []
            else:
                found += _texts(value, level + 1)
    elif isinstance(tree, list) and level < 32:
        for value in tree[:_MOST_WORDS]:
            found += _texts(value, level + 1)
    return found[:_MOST_WORDS]


def is_mine(row: Mapping[str, Any]) -> bool:
    """Whether the owner of the account sent it."""
    return str(row.get("is_sender")).strip() in {"1", "True", "true"}


def _sender(
    row: Mapping[str, Any], talk: Transcript, kind: MessageKind, book: Book
) -> tuple[str | None, Iterator[Participant]]:
    talker = (maybe(row, "talker", str) or "").strip()
    nobody: Iterator[Participant] = iter(())
    if kind is MessageKind.SYSTEM or (talker in _NOBODY and not is_mine(row)) or is_room(talker):
        return None, nobody
    direct = talk.place.kind is ConversationKind.DIRECT and not talk.place.title_is_id
    has_id = may_be_id(talker) and not talk.by_name
    if is_mine(row):
        known = talker not in {OWNER, ""} and has_id
        name = book.name(talker) if known else (talker or talk.me)
        name = talk.me if name == OWNER else name
        identifier = talker if known else name_id(name)
        return identifier, talk.people.tell(identifier, name, is_me=True)
    if has_id and (not direct or talker == talk.place.id):
        names = book.names.get(talker, ())
        first = next(iter(names), "")
        return talker, talk.people.tell(talker, first, aliases=names)
    # A name where an id should be; in a conversation of two it is the other side's.
    identifier = talk.place.id if direct else name_id(talker)
    return identifier, talk.people.tell(identifier, talker)
