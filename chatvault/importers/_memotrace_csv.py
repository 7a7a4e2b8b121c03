"""One row of a CSV of MemoTrace, in the three headers it has had.

localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender
消息ID,类型,发送人,时间,内容,备注,昵称,更多信息
,用户名,消息内容,发送时间,发送状态,消息类型,isSend,msgId
"""

import re
from collections.abc import Iterator, Mapping

from chatvault.importers._fields import Malformed, number, unix_time
from chatvault.importers._memotrace_json import Files
from chatvault.importers._wechat import (
    APP,
    MEDIA,
    is_room,
    kind_of,
    label,
    moment,
    notice_marks,
    server_id,
    split_type,
    without_sender_prefix,
)
from chatvault.importers._wechat_body import Body, absent, remote
from chatvault.importers._wechat_payload import payload, place
from chatvault.importers._wechat_rows import RowClock, Transcript, name_id
from chatvault.model import (
    Attachment,
    AttachmentState,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Timestamp,
)

FIRST = (
    "localId", "TalkerId", "Type", "SubType", "IsSender", "CreateTime", "Status", "StrContent",
    "StrTime", "Remark", "NickName", "Sender",
)  # fmt: skip
FIRST_SHORT = FIRST[:9]  # what the earliest builds wrote, as header or only as rows
SECOND = ("消息ID", "类型", "发送人", "时间", "内容", "备注", "昵称", "更多信息")
OLDEST = ("", "用户名", "消息内容", "发送时间", "发送状态", "消息类型", "isSend", "msgId")

Row = Mapping[str, str]
Records = Iterator[Participant | Message]

_RECALLED_SUBS = frozenset({1, 5, 6, 33, 36, 57})  # of a notice: the kind of the message taken back


def first(row: Row, talk: Transcript) -> Records:
    """A row of the first generation: the app's own codes, raw XML, no server id."""
    base, sub = _whole(row["Type"], "Type"), _whole(row["SubType"] or "0", "SubType")
    if base not in {APP, 10000}:
        base, packed = split_type(base)
        sub = packed or sub
    at = _moment(row["CreateTime"], row.get("StrTime", ""))
    extra: dict[str, object] = {
        key: row[key] for key in ("localId", "TalkerId", "Status") if row.get(key)
    }
    mine = row["IsSender"].strip() == "1"
    wxid = row.get("Sender", "")
    name = row.get("Remark") or row.get("NickName") or ""
    aliases = tuple(x for x in (row.get("Remark", ""), row.get("NickName", "")) if x)
    marks = (Mark.RECALLED,) if base == 10000 and sub in _RECALLED_SUBS else ()
    body = _body(row["StrContent"], base, sub, sender=wxid)
    if body.kind is not MessageKind.TEXT or sub:
        extra |= {"Type": row["Type"], "SubType": row["SubType"]}
    sender_id = None
    if body.kind is not MessageKind.SYSTEM:
        sender_id, name = _first_sender(talk, wxid=wxid, name=name, mine=mine)
        if sender_id is not None:
            yield from talk.people.tell(sender_id, name, aliases=aliases, is_me=mine)
    elif name:
        extra["sender"] = [x for x in dict.fromkeys((*aliases, wxid)) if x]
    yield _message(talk, body, at=at, sender_id=sender_id, marks=marks, extra=extra)


def oldest(row: Row, talk: Transcript, clock: RowClock) -> Records:
    """A row of the oldest builds: Android's codes and wall clocks."""
    base, sub = split_type(_whole(row["消息类型"], "消息类型"))
    mine = row["isSend"].strip() == "1"
    extra: dict[str, object] = {key: row[key] for key in ("", "发送状态", "msgId") if row.get(key)}
    if extra.get("") is not None:
        extra["row"] = extra.pop("")
    sender, content = without_sender_prefix(row["消息内容"])
    body = _body(content, base, sub, sender=sender or "")
    if body.kind is not MessageKind.TEXT:
        extra["消息类型"] = row["消息类型"]
    at = clock.time(row["发送时间"])
    name = talk.me if mine else row["用户名"]
    sender_id = None
    if body.kind is not MessageKind.SYSTEM:
        sender_id = sender or name_id(name)
        yield from talk.people.tell(sender_id, "" if sender else name, is_me=mine)
    if row["用户名"] != name or sender_id is None or sender:
        extra["用户名"] = row["用户名"]
    yield _message(talk, body, at=at, sender_id=sender_id, extra=extra)


def _first_sender(talk: Transcript, *, wxid: str, name: str, mine: bool) -> tuple[str | None, str]:
    """Rows of nine cells name nobody: they tell the owner from the other side, and that is all."""
    if wxid and not is_room(wxid):
        return wxid, name
    if mine:
        return name_id(talk.me), talk.me
    if talk.place.kind is ConversationKind.DIRECT and not name:
        name = talk.place.title
    return (name_id(name), name) if name else (None, "")


class _Body:
    """What the content of a row means; filled in by kind."""

    def __init__(self, kind: MessageKind, text: str = "") -> None:
        self.kind = kind
        self.text = text
        self.words: tuple[str, ...] = ()
        self.attachments: tuple[Attachment, ...] = ()
        self.reply_to: str | None = None
        self.marks: tuple[Mark, ...] = ()
        self.facts: dict[str, object] = {}


def _body(content: str, base: int, sub: int, *, sender: str) -> _Body:
    """Of raw content: what somebody typed, or XML, or nothing because it was not exported."""
    if base == 1:
        return _Body(MessageKind.TEXT, without_sender_prefix(content, sender or None)[1])
    found = payload(content)
    if found is not None and not (found.base == APP and not found.sub):
        base, sub = found.base, found.sub
    kind = MessageKind.FILE if (base, sub) == (APP, 0) else kind_of(base, sub)
    body = _Body(kind)
    address = content.strip() if content.startswith(("http://", "https://")) else ""
    if found is not None:
        body.text, body.words, body.marks = found.text, found.words, found.marks
        body.facts = {**found.facts, "StrContent": content}
        address = found.url
        if found.quote is not None:
            body.reply_to = found.quote.id
            body.words += (found.quote.text,) if found.quote.text else ()
    elif kind in MEDIA or kind is MessageKind.LOCATION:
        body.facts = {"StrContent": content} if content else {}
    else:
        body.text = content
    if kind is MessageKind.SYSTEM:
        body.marks = body.marks or notice_marks(body.text)
    if kind in MEDIA:
        if address and kind is MessageKind.STICKER:
            body.attachments = (remote(kind, address),)
        elif found is not None:
            name = found.file_name if kind is MessageKind.FILE else ""
            body.attachments = (
                Attachment(
                    name=name,
                    state=AttachmentState.ABSENT_NOT_EXPORTED,
                    kind=kind,
                    as_exported=name or f"Type {base}, SubType {sub}",
                    size=found.file_size or None,
                    duration=found.duration,
                    stable_name=bool(name),
                ),
            )
        else:
            word = content.strip() if label(content) else f"Type {base}, SubType {sub}"
            body.attachments = (absent(kind, word),)
    return body


# The kinds of the second generation by name, and the app's number where it has one.
TYPES = {
    "文本": MessageKind.TEXT,
    "图片": MessageKind.IMAGE,
    "视频": MessageKind.VIDEO,
    "语音": MessageKind.VOICE,
    "表情包": MessageKind.STICKER,
    "音视频通话": MessageKind.CALL,
    "文件": MessageKind.FILE,
    "位置分享": MessageKind.LOCATION,
    "分享链接": MessageKind.LINK,
    "红包": MessageKind.RED_PACKET,
    "转账": MessageKind.TRANSFER,
    "引用消息": MessageKind.TEXT,
    "合并转发的聊天记录": MessageKind.FORWARD,
    "小程序": MessageKind.LINK,
    "视频号": MessageKind.LINK,
    "音乐分享": MessageKind.LINK,
    "收藏笔记": MessageKind.FORWARD,
    "个人/公众号名片": MessageKind.CONTACT,
    "企业微信名片": MessageKind.CONTACT,
    "系统消息": MessageKind.SYSTEM,
    "拍一拍": MessageKind.SYSTEM,
}
_PICTURE_FOLDERS = {
    MessageKind.IMAGE: "image",
    MessageKind.VIDEO: "video",
    MessageKind.VOICE: "voice",
}
# `【文件】plan.pdf 1.20 MB FileStorage/File/2025-02/plan.pdf pdf <md5>`
_FILE = re.compile(r"【文件】(.*?) \d[\d.]* [KMG]?B (.*) (\S*) ([0-9a-fA-F]{0,32})", re.DOTALL)
_SPOT = re.compile(r"坐标: \((-?[\d.]+),(-?[\d.]+)\)")
# Fields of a rendered block, `标题：…`; the colon is not always the same one.
_LINE = re.compile(
    r"^(?:标题|描述|名称|标签|备注|昵称|微信号|公司|签名|发布者|应用)\s*[:：] ?(.+)$", re.M
)
_HEAD = re.compile(r"【[^【】\n]{1,12}】[:：]?[ \n]*")


def second(row: Row, talk: Transcript, *, clock: RowClock, files: Files) -> Records:
    """A row of the second generation: server ids, kinds by name, content as people see it."""
    kind = TYPES.get(row["类型"], MessageKind.OTHER)
    at = clock.time(row["时间"])
    content = row["内容"]
    identifier = server_id(row["消息ID"])
    extra: dict[str, object] = {}
    if row["消息ID"].strip() and identifier is None:
        extra["消息ID"] = row["消息ID"]
    if row["更多信息"] not in {"", "more"}:
        extra["更多信息"] = row["更多信息"]
    found = rendered(content, row["类型"], files=files, clock=row["时间"], identifier=row["消息ID"])
    body = _Body(kind, found.text)
    body.words, body.attachments = found.words, found.attachments
    body.marks, body.facts = found.marks, dict(found.facts)
    if kind is not MessageKind.TEXT or row["类型"] != "文本":
        extra["类型"] = row["类型"]
    if content and body.text != content:
        extra["内容"] = content
    sender_id = None
    name, aliases = row["发送人"], (row["备注"], row["昵称"])
    if kind is MessageKind.SYSTEM:
        if others := [x for x in dict.fromkeys((name, *aliases)) if x]:
            extra["sender"] = others
    elif name or any(aliases):
        name = name or row["备注"] or row["昵称"]
        sender_id, is_me = _second_sender(talk, name, aliases)
        yield from talk.people.tell(sender_id, name, aliases=aliases, is_me=is_me)
    yield _message(talk, body, at=at, sender_id=sender_id, identifier=identifier, extra=extra)


def _second_sender(talk: Transcript, name: str, aliases: tuple[str, ...]) -> tuple[str, bool]:
    """There is no direction: in a private conversation all but the other side are the owner."""
    if talk.place.kind is not ConversationKind.DIRECT or not talk.other_is_known:
        return name_id(name), False
    if talk.place.title in (name, *aliases):
        return (name_id(name) if talk.place.title_is_id else talk.place.id), False
    return name_id(name), True


def rendered(content: str, name: str, *, files: Files, clock: str, identifier: str = "") -> Body:
    """The body of what people see of a message, given its kind by name."""
    kind = TYPES.get(name, MessageKind.OTHER)
    rest = _HEAD.sub("", content, count=1) if _HEAD.match(content) else content
    if name == "引用消息":
        text, found, quoted = content.partition("\n引用：")
        if not found:
            return Body(text=text)
        who, _, said = quoted.partition(": ")
        words = (said,) if said and label(said) is None else ()
        return Body(text=text, words=words, facts={"quoted_name": who})
    if kind in {MessageKind.TEXT, MessageKind.SYSTEM, MessageKind.OTHER}:
        marks = notice_marks(content) if kind is MessageKind.SYSTEM else ()
        return Body(text=content, marks=marks)
    if kind is MessageKind.FILE:
        return Body(attachments=(_document(content, rest, files),))
    if kind in MEDIA:
        words = (rest.strip(),) if rest.strip() else ()
        one = _medium(content, kind, files=files, clock=clock, identifier=identifier)
        return Body(words=words, attachments=(one,))
    lines = tuple(dict.fromkeys(found.strip() for found in _LINE.findall(content)))
    if kind is MessageKind.LOCATION:
        spot = _SPOT.search(content)
        return Body(words=lines, facts=place(spot[1], spot[2]) if spot else {})
    return Body(words=lines or ((rest.strip(),) if rest.strip() else ()))


def _document(content: str, rest: str, files: Files) -> Attachment:
    found = _FILE.fullmatch(content)
    name = (found[1] if found else rest).strip()
    path = None
    if found:
        base = found[2].replace("\\", "/").rpartition("/")[2]
        path = files.document(base) or files.document(name)
    if path is None and name:
        path = files.document(name)
    return Attachment(
        name=name,
        path=path,
        state=AttachmentState.PRESENT if path else AttachmentState.PLACEHOLDER_ONLY,
        kind=MessageKind.FILE,
        as_exported=content,
        stable_name=bool(name),
    )


def _medium(
    content: str, kind: MessageKind, *, files: Files, clock: str, identifier: str
) -> Attachment:
    """A picture, video or voice: its file is named after its second, its id and its direction."""
    folder = _PICTURE_FOLDERS.get(kind)
    digits = re.sub(r"[^0-9]", "", clock)
    known = server_id(identifier)
    if folder and known and len(digits) == 14:
        stem = f"{digits[:8]}_{digits[8:]}_{known[:6]}"
        for direction in ("0", "1"):
            month = f"{digits[:4]}-{digits[4:6]}"
            path = files.find(f"{folder}/{month}/{stem}_{direction}")
            if path is not None:
                name = path.rpartition("/")[2]
                return Attachment(
                    name=name, path=path, kind=kind, as_exported=content, stable_name=False
                )
    return absent(kind, content)


def _message(
    talk: Transcript,
    body: _Body,
    *,
    at: Timestamp,
    sender_id: str | None,
    extra: dict[str, object],
    identifier: str | None = None,
    marks: tuple[Mark, ...] = (),
) -> Message:
    return Message(
        id=identifier,
        conversation_id=talk.place.id,
        sender_id=sender_id,
        sent_at=at,
        seq=talk.next_seq(),
        kind=body.kind,
        text=body.text,
        scope=talk.place.id,
        reply_to_id=body.reply_to,
        more_text=tuple(dict.fromkeys(word for word in body.words if word)),
        attachments=body.attachments,
        marks=marks or body.marks,
        extra=extra | body.facts,
    )


def _moment(seconds: str, local: str) -> Timestamp:
    """Seconds since 1970; the clock beside them tells how far from UTC the computer was."""
    try:
        at = (
            unix_time(seconds.strip(), local.strip().replace("/", "-"))
            if local
            else moment(seconds)
        )
    except Malformed:
        return moment(seconds.strip())
    # A spreadsheet drops the seconds of the clock: no zone is so many minutes from UTC.
    return at if at.offset_minutes is None or at.offset_minutes % 15 == 0 else moment(seconds)


def _whole(text: str, key: str) -> int:
    found = number(text.strip())
    if not isinstance(found, int):
        raise Malformed(f"{key!r} is no whole number")
    return found
