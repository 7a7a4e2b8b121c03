"""One message of chatlog: an item of its JSON, or the content that its CSV and texts show.

{"seq":1767139200000,"time":"2025-12-31T08:00:00+08:00","talker":"wxid_lin0demo","isChatRoom":false,
 "sender":"wxid_lin0demo","senderName":"小满","isSelf":false,"type":49,"subType":5,"content":"",
 "contents":{"title":"北山攻略","url":"https://example.org/beishan"}}

[链接|北山攻略](https://example.org/beishan)
"""

import re
from typing import Any

import msgspec

from chatvault.importers._fields import Malformed, maybe, need, number, rest
from chatvault.importers._source import Source
from chatvault.importers._wechat import (
    MEDIA,
    REPLY,
    kind_of,
    label,
    notice_marks,
    server_id,
    split_type,
)
from chatvault.importers._wechat_body import Body
from chatvault.importers._wechat_payload import place
from chatvault.importers._wechat_rows import RowClock
from chatvault.importers._wechat_said import Said, shown, text_of
from chatvault.model import Attachment, AttachmentState, MessageKind

SYSTEM = "系统消息"  # what the tool writes as the sender of a notice
ME = "我"
UNDERSTOOD = frozenset({
    "seq", "time", "talker", "talkerName", "isChatRoom", "sender", "senderName", "isSelf",
    "content", "type", "subType",
})  # fmt: skip
_WORDS = ("title", "desc", "label", "cityname", "url")
_DEEPEST = 8
_LINES = 2000


def said(item: object, clock: RowClock) -> Said:
    """The message of an item of JSON; Malformed if it is none."""
    if not isinstance(item, dict):
        raise Malformed(f"expected an object, found {type(item).__name__}")
    code, sub = (number(text_of(item, key) or "0") for key in ("type", "subType"))
    if not isinstance(code, int) or not isinstance(sub, int):
        raise Malformed("'type' is no whole number")
    base, packed = split_type(code)
    sub = sub or packed
    kind = kind_of(base, sub)
    at = clock.time(need(item, "time", str))
    content = maybe(item, "content", str) or ""
    contents = maybe(item, "contents", dict) or {}
    sender = maybe(item, "sender", str) or ""
    talker = maybe(item, "talker", str) or ""
    extra: dict[str, object] = {
        key: value for key, value in rest(item, UNDERSTOOD).items() if value not in ("", None)
    }
    if kind is not MessageKind.TEXT or sub:
        extra |= {key: item[key] for key in ("type", "subType") if item.get(key)}
    body = _body(content, contents, kind, sub=sub)
    if content and content != body.text:
        extra["content"] = content
    if sender == SYSTEM and kind is not MessageKind.SYSTEM:
        extra["sender"] = sender
    # The tool guesses whose a message is; the other side of a conversation of two is never its
    # owner, whatever it says.
    other = sender == talker and not maybe(item, "isChatRoom", bool)
    return Said(
        at=at,
        kind=kind,
        body=body,
        name=maybe(item, "senderName", str) or "",
        wxid="" if sender == SYSTEM else sender,
        mine=bool(maybe(item, "isSelf", bool)) and not other,
        id=server_id(text_of(contents, "voice")) if kind is MessageKind.VOICE else None,
        extra=extra,
    )


def _body(content: str, contents: dict[str, Any], kind: MessageKind, *, sub: int) -> Body:
    if kind is MessageKind.SYSTEM:
        return Body(text=content, marks=notice_marks(content))
    if sub == REPLY:
        return _reply(content, contents.get("refer"))
    if kind in MEDIA:
        name = text_of(contents, "title") if kind is MessageKind.FILE else ""
        keys = [text_of(contents, key) for key in ("path", "imgfile", "videofile", "md5", "voice")]
        one = _absent(kind, next((key for key in keys if key), ""), name)
        return Body(text=content, attachments=(one,))
    if kind in {MessageKind.TEXT, MessageKind.OTHER}:
        return Body(text=content)
    words = [text_of(contents, key) for key in _WORDS]
    money = _MONEY.fullmatch(content)
    words += [money[1], money[2] or ""] if money else [content] if label(content) is None else []
    facts = {}
    if kind is MessageKind.LOCATION:
        facts = place(text_of(contents, "x"), text_of(contents, "y"))
    if kind is MessageKind.FORWARD:
        words += bundle(contents.get("recordInfo"), 0)
    return Body(words=tuple(dict.fromkeys(word for word in words if word)), facts=facts)


def _absent(kind: MessageKind, key: str, name: str) -> Attachment:
    return Attachment(
        name=name,
        state=AttachmentState.ABSENT_NOT_EXPORTED,
        kind=kind,
        as_exported=key or kind.value,
        stable_name=bool(name),
    )


def _reply(content: str, refer: object) -> Body:
    if not isinstance(refer, dict):
        return Body(text=content)
    quoted = maybe(refer, "content", str) or ""
    inside = maybe(refer, "contents", dict) or {}
    quoted = quoted or text_of(inside, "title")
    return Body(text=content, words=(quoted,) if quoted and label(quoted) is None else ())


def bundle(record: object, level: int) -> list[str]:
    """The lines of a forwarded bundle, those of bundles inside it too."""
    listed = record.get("DataList") if isinstance(record, dict) else None
    items = listed.get("DataItems") if isinstance(listed, dict) else None
    lines: list[str] = []
    for one in (items if isinstance(items, list) else [])[:_LINES]:
        if not isinstance(one, dict):
            continue
        name = one.get("SourceName")
        told = one.get("DataDesc") or one.get("DataTitle")
        if isinstance(told, str) and told:
            lines.append(f"{name}: {told}" if isinstance(name, str) and name else told)
        inner = one.get("RecordXML")
        if isinstance(inner, dict) and level < _DEEPEST:
            lines += bundle(inner.get("RecordInfo"), level + 1)
    return lines[:_LINES]


# What CSV and texts show of a message that is no text.
_FILE = re.compile(
    r"!?\[(图片|视频|语音)\]\(http://[^()\s/]{0,200}/(?:image|video|voice)/([^()\n]*)\)"
)
_SHARED = re.compile(
    r"\[(分享|链接|文件|小程序|视频号)\|([^\n]*?)\]\(([^()\s]{0,4000})\)", re.DOTALL
)
_MONEY = re.compile(r"\[转账\|([^\[\]\n]{0,100})\](?:\((.*)\))?", re.DOTALL)
_BUNDLE = re.compile(r"\[合并转发(?:\|([^\n]*))?\](?:\n(.*))?", re.DOTALL)
_KINDS = {"图片": MessageKind.IMAGE, "视频": MessageKind.VIDEO, "语音": MessageKind.VOICE}
_ALONE = {
    "[GIF表情]": MessageKind.STICKER,
    "[红包封面]": MessageKind.RED_PACKET,
    "[合并转发]": MessageKind.FORWARD,
    "[分享]": MessageKind.LINK,
}
_QUOTED = re.compile(r"((?:> [^\n]*\n)+)(.*)", re.DOTALL)
_WHO = re.compile(r"(.{1,200}?)(?:\(([^()\s]{1,128})\))? \S{5,10}(?: \S{8})?")


def rendered(content: str) -> tuple[MessageKind, Body, str | None]:
    """Kind, body and server id, as far as a rendered content tells them."""
    if found := _FILE.fullmatch(content):
        kind, keys = _KINDS[found[1]], found[2]
        identifier = server_id(keys) if kind is MessageKind.VOICE else None
        one = _absent(kind, keys.rstrip(","), "")
        return kind, Body(attachments=(one,), facts={"content": content}), identifier
    if found := _SHARED.fullmatch(content):
        titles = [one for one in found[2].split("|") if one]
        if found[1] == "文件":
            one = _absent(MessageKind.FILE, found[3].rpartition("/")[2], found[2])
            return MessageKind.FILE, Body(attachments=(one,), facts={"content": content}), None
        words = tuple(dict.fromkeys((*titles, found[3])))
        kept = {"content": content}
        return MessageKind.LINK, Body(words=tuple(one for one in words if one), facts=kept), None
    if found := _MONEY.fullmatch(content):
        words = tuple(one for one in (found[1].strip(), found[2]) if one)
        return MessageKind.TRANSFER, Body(words=words, facts={"content": content}), None
    if content in _ALONE:
        return _ALONE[content], Body(facts={"content": content}), None
    if found := _BUNDLE.fullmatch(content):
        lines = [one.strip() for one in (found[2] or "").split("\n")]
        words = tuple(one for one in (found[1] or "", *lines) if one)
        return MessageKind.FORWARD, Body(words=words, facts={"content": content}), None
    if content.startswith("> ") and (found := _QUOTED.fullmatch(content)):
        body = _quoted(found[1], found[2])
        kept = {**body.facts, "content": content}
        return MessageKind.TEXT, msgspec.structs.replace(body, facts=kept), None
    kind, body = shown(content, source=_NOWHERE, base="")
    return kind, body, None


def _quoted(quote: str, text: str) -> Body:
    first, *rest_of_it = [line.removeprefix("> ") for line in quote.rstrip("\n").split("\n")]
    who = _WHO.fullmatch(first)
    quoted = "\n".join(rest_of_it if who else [first, *rest_of_it])
    facts = {"quoted_name": first} if who else {}
    is_word = label(quoted) is not None or _FILE.fullmatch(quoted) is not None
    if is_word:
        facts["quoted"] = quoted
    words = () if is_word or quoted in ("", "[引用]") else (quoted,)
    return Body(text=text, words=words, facts=facts)


_NOWHERE = Source.of({})


def as_notice(said_: Said) -> Said:
    """A row whose sender is the tool's word for notices is one."""
    text = said_.body.text or str(said_.body.facts.get("content", ""))
    body = Body(text=text, marks=notice_marks(text))
    return msgspec.structs.replace(said_, kind=MessageKind.SYSTEM, body=body, wxid="", name="")
