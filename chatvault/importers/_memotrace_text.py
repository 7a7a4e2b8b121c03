"""The texts of MemoTrace: `<remark>.txt` of both generations, and `<remark>.md` of the second.

2023-11-15 06:13:20 小满
明天几点出发？

2023-11-15 06:13:50 小满撤回了一条消息

#### 2025-02-01

**20:00:00 小满**: 八点吧
> 阿哲: 几点？
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from chatvault.importers._fields import Malformed
from chatvault.importers._memotrace_csv import TYPES, rendered
from chatvault.importers._memotrace_json import Files
from chatvault.importers._people import folded
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, Encoding, Line, blocks, encoding_of, lines
from chatvault.importers._wechat import label, notice_marks
from chatvault.importers._wechat_body import Body
from chatvault.importers._wechat_rows import RowClock
from chatvault.importers._wechat_said import Said, shown
from chatvault.model import Attachment, AttachmentState, MessageKind, Problem

LEGACY = "gb18030"
# Not quoted: WeFlow quotes the name. Not with an id in brackets behind it: that is QQ's.
CLOCK = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
HEADER = re.compile(rf"({CLOCK})(?: (?!['\"].*['\"]\Z)(\S.{{0,199}}))?", re.ASCII)
SPOKEN = re.compile(r"\*\*(\d\d:\d\d:\d\d) (.{0,400}?)(?<!\\)\*\*:(.*)", re.ASCII)
NOTICE = re.compile(rf"> ({CLOCK}) (.*)", re.ASCII)
DATE = re.compile(r"(#{2,4}) (\d{4}(?:-\d\d){0,2})", re.ASCII)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|])")
_MARKED_LINK = re.compile(r"\[((?:[^\[\]\\\n]|\\.){0,1000})\]\((\S{0,4000})\)")
_MARKED_WORD = re.compile(r"\[(语音|表情包)\](.*)", re.DOTALL)
_PICTURE = re.compile(r"!\[图片\]\(([^()\n]*)\)")
# What the second generation puts before a message that is no text, and its name of the kind.
_HEADS = {
    "图片": "图片", "视频": "视频", "语音": "语音", "表情包": "表情包", "文件": "文件",
    "分享链接": "分享链接", "位置分享": "位置分享", "发起转账": "转账", "已收款": "转账",
    "已退还": "转账", "红包": "红包", "音视频通话": "音视频通话", "名片": "个人/公众号名片",
    "合并转发的聊天记录": "合并转发的聊天记录", "小程序": "小程序", "视频号": "视频号",
    "音乐分享": "音乐分享", "笔记": "收藏笔记",
}  # fmt: skip
_HEAD = re.compile(rf"【({'|'.join(_HEADS)})】")
_LINK = re.compile(
    r"\s*\[链接\]:title:(.*?)\n\s*description:(.*)\n\s*url:(.*)\n\s*name:(.*)", re.DOTALL
)


@dataclass(frozen=True)
class Head:
    """The first line of a message: its clock, its name if it has one, and text on the same line."""

    clock: str
    name: str = ""
    text: str = ""
    notice: bool = False


@dataclass
class Texts:
    """A text and what its whole says: who speaks in it, and how its bytes are meant."""

    source: Source
    name: str
    names: dict[str, str] = field(default_factory=dict)

    @cached_property
    def encoding(self) -> Encoding:
        """How it is decoded."""
        return encoding_of(self.source, self.name, LEGACY)

    @property
    def marked(self) -> bool:
        """Whether it is Markdown."""
        return self.name.lower().endswith(".md")

    def blocks(self) -> Iterator[Block[Head]]:
        """The messages, each with what lies between it and the next."""
        found = lines(self.source, self.name, self.encoding)
        heads = _Marked() if self.marked else _Plain()
        return blocks(heads.watched(found), heads)

    def look(self) -> None:
        """Learn who speaks: a line with a name and nothing below it is a notice, not a name."""
        for block in self.blocks():
            head = block.head
            if head and head.name and (self.marked or _below(block) is not None):
                self.names.setdefault(folded(head.name), head.name)
            if len(self.names) > 5000:
                break


class _Plain:
    """Which lines of a text begin a message: those behind an empty line."""

    def __init__(self) -> None:
        self._blank = True

    def watched(self, found: Iterable[Line]) -> Iterator[Line]:
        before = True
        for line in found:
            self._blank = before
            before = not line.text.strip()
            yield line

    def __call__(self, line: str) -> Head | None:
        found = HEADER.fullmatch(line) if self._blank else None
        return Head(found[1], found[2] or "") if found else None


class _Marked:
    """The same for Markdown, where the day stands over its messages."""

    def __init__(self) -> None:
        self._day = ""

    def watched(self, found: Iterable[Line]) -> Iterator[Line]:
        for line in found:
            if heading := DATE.fullmatch(line.text):
                self._day = heading[2] if len(heading[2]) == 10 else self._day
            else:
                yield line

    def __call__(self, line: str) -> Head | None:
        if spoken := SPOKEN.fullmatch(line):
            return Head(f"{self._day} {spoken[1]}", _unescaped(spoken[2]), spoken[3])
        if notice := NOTICE.fullmatch(line):
            return Head(notice[1], text=notice[2], notice=True)
        return None


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _below(block: Block[Head]) -> str | None:
    """What stands below the first line, without the empty line between two messages."""
    _, below, text = block.text.removesuffix("\n").partition("\n")
    return text if below else None


def is_plain(head: str, *, alone: int = 3) -> bool:
    """Whether a text begins as these do; `alone` messages are enough without another sign."""
    texts = head.split("\n")
    if not HEADER.fullmatch(texts[0].rstrip("\r")):
        return False
    found = [HEADER.fullmatch(one.rstrip("\r")) for one in texts]
    behind = [one for at, one in enumerate(found) if one and (not at or not texts[at - 1].strip())]
    return len(behind) >= alone


def is_marked(head: str) -> bool:
    """Whether a Markdown file begins with the headings of a day and a message of it."""
    texts = [one.rstrip("\r") for one in head.split("\n") if one.strip()]
    days = [DATE.fullmatch(one) for one in texts[:3]]
    if len(texts) < 4 or not all(days):
        return False
    depths = [len(day[1]) for day in days if day]
    return depths == [2, 3, 4] and bool(SPOKEN.fullmatch(texts[3]) or NOTICE.fullmatch(texts[3]))


def said(text: Texts, clock: RowClock, files: Files) -> Iterator[tuple[str, str, Said] | Problem]:
    """Place, raw text and message, in turn; a Problem for what is no message."""
    full = text.source.full(text.name)
    for block in text.blocks():
        where = block.place
        if block.head is None:
            if block.text.strip():
                reason = block.reason("lines that belong to no message")
                yield Problem(file=full, part=where, reason=reason, raw=block.text)
            continue
        try:
            one = _said(text, block, block.head, clock=clock, files=files)
        except Malformed as cause:
            yield Problem(file=full, part=where, reason=str(cause), raw=block.text)
            continue
        yield where, block.text, one


def _said(text: Texts, block: Block[Head], head: Head, *, clock: RowClock, files: Files) -> Said:
    at = clock.time(head.clock)
    below = _below(block)
    if text.marked and not head.notice:
        content = "\n".join([head.text.removeprefix(" "), *([below] if below else [])])
        kind, body = _marked_body(content.removesuffix("\n"), head, files)
        return Said(at=at, kind=kind, body=body, name=head.name)
    known = folded(head.name) in text.names
    # A notice stands on the line of its clock (generation 1), or below it without a name.
    if head.notice or not head.name or (below is None and not known):
        notice = head.text or (below or "" if not head.name else head.name)
        if head.text and below:
            notice = f"{head.text}\n{below}"
        return Said(
            at=at,
            kind=MessageKind.SYSTEM,
            body=Body(text=notice, marks=notice_marks(notice)),
        )
    kind, body = _body(below or "", head, files)
    return Said(at=at, kind=kind, body=body, name=head.name)


def _marked_body(content: str, head: Head, files: Files) -> tuple[MessageKind, Body]:
    """Of Markdown: what somebody typed is escaped, what the tool put is not."""
    content = content if head.text else content.removeprefix("\n")
    if picture := _PICTURE.fullmatch(content):
        return MessageKind.IMAGE, Body(attachments=(_picture(picture[1], content, files),))
    first, quote, below = content.partition(" \n> ")
    if quote:
        return MessageKind.TEXT, _reply(first, _unescaped(below.replace("\n> ", "\n")), ": ")
    if link := _MARKED_LINK.fullmatch(content):
        linked = (_unescaped(link[1]), link[2])
        return MessageKind.LINK, Body(words=tuple(one for one in linked if one))
    if heard := _MARKED_WORD.fullmatch(content):
        kind, body = shown(f"[{heard[1]}]", source=files.source, base="")
        words = tuple(one for one in (heard[2].strip().strip("[]"),) if one and one != "None")
        return kind, _with(msgspec.structs.replace(body, words=words), content)
    if content.startswith("[") or _HEAD.match(content):
        return _body(content.strip(), head, files)
    return MessageKind.TEXT, Body(text=_unescaped(content))


def _picture(path: str, content: str, files: Files) -> Attachment:
    """The file of a picture; the second generation writes where it lay in WeChat's own folder."""
    found = files.find(path) if path else None
    state = AttachmentState.MISSING_FILE if path else AttachmentState.PLACEHOLDER_ONLY
    return Attachment(
        name=path.replace("\\", "/").rpartition("/")[2],
        path=found,
        state=AttachmentState.PRESENT if found else state,
        kind=MessageKind.IMAGE,
        as_exported=path or content,
        stable_name=False,
    )


def _reply(text: str, referred: str, mark: str) -> Body:
    """A reply and what it quotes, `name: text`."""
    name, _, quoted = referred.partition(mark)
    facts = {"quoted_name": name}
    if label(quoted) is not None:
        facts["quoted"] = quoted
        quoted = ""
    return Body(text=text, words=(quoted,) if quoted else (), facts=facts)


def _body(content: str, head: Head, files: Files) -> tuple[MessageKind, Body]:
    if (found := _HEAD.match(content)) is not None:
        name = _HEADS[found[1]]
        body = rendered(content, name, files=files, clock=head.clock)
        return TYPES[name], _with(body, content)
    if link := _LINK.fullmatch(content):
        words = [one.strip() for one in link.groups()]
        kept = {"content": content.strip()}
        return MessageKind.LINK, Body(words=tuple(one for one in words if one), facts=kept)
    for quote, mark in (("\n引用：", ": "), ("\n引用:", ":")):
        text, found_quote, quoted = content.rpartition(quote)
        if found_quote:
            return MessageKind.TEXT, _reply(text, quoted, mark)
    if content == "[音乐分享]":
        return MessageKind.LINK, Body(facts={"content": content})
    return shown(content, source=files.source, base="")


def _with(body: Body, content: str) -> Body:
    if body.text == content or any(one.as_exported == content for one in body.attachments):
        return body
    return msgspec.structs.replace(body, facts={**body.facts, "content": content})
