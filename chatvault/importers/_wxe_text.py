"""The texts of WechatExporter: a title, an empty line, and a line for each message.

小满 - 微信聊天记录

小满 (2025-12-31 08:00:00):新年快乐
系统消息: 小满 撤回了一条消息
「小满：几点」
- - - - - - - - - - - - - - -
八点

A reply has neither name nor time. It begins with a quote, so it is told as one all the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from chatvault.importers._fields import Malformed
from chatvault.importers._people import folded
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, Encoding, blocks, encoding_of, lines
from chatvault.importers._wechat import label, notice_marks
from chatvault.importers._wechat_body import Body
from chatvault.importers._wechat_said import Said, shown
from chatvault.importers._wxe_page import Clock
from chatvault.model import MessageKind, Problem

TITLE = " - 微信聊天记录"
_HALF = r"(?:[AaPp][Mm]|上午|下午)"
_CLOCK = rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}} {_HALF}? ?\d{{1,2}}:\d\d:\d\d(?: ?{_HALF})?"
_SPOKEN = re.compile(rf"(.{{0,200}}?) \(({_CLOCK})\):(.*)", re.ASCII | re.DOTALL)
_NOTICE = re.compile(r"(?:系统消息|系統消息) ?[:：] ?(.*)", re.DOTALL)
_QUOTE = re.compile(r"「([^\n：]{0,200})：(.*)", re.DOTALL)
_WHOLE = re.compile(r"「([^\n：]{0,200}?)：(.*?)」\n(?:- ?){5,}\n(.*)", re.DOTALL)


@dataclass
class Found:
    """What the whole text says: its title, and who speaks in it."""

    title: str
    encoding: Encoding
    names: dict[str, str] = field(default_factory=dict)


def is_text(head: str) -> bool:
    """Whether a text begins with the title and a message; the empty line between may be missing."""
    texts = [one.rstrip("\r") for one in head.split("\n")[:40]]
    if not texts[0].endswith(TITLE):
        return False
    return any(_SPOKEN.fullmatch(one) for one in texts[1:])


def look(source: Source, name: str) -> Found:
    """Go through the text once."""
    encoding = encoding_of(source, name, "gb18030")
    stem = name.rpartition(".")[0]
    found = Found(stem, encoding)
    try:
        for line in lines(source, name, encoding):
            if line.number == 1 and line.text.endswith(TITLE):
                found.title = line.text.removesuffix(TITLE)
            spoken = _SPOKEN.fullmatch(line.text)
            if spoken and len(found.names) < 5000:
                found.names.setdefault(folded(spoken[1]), spoken[1])
    except BrokenText:
        pass  # told when the text is read
    return found


def _begins(line: str) -> re.Match[str] | None:
    """Which lines begin something; whether a quote does shows the rule below it."""
    return _SPOKEN.fullmatch(line) or _NOTICE.fullmatch(line) or _QUOTE.fullmatch(line)


def said(source: Source, name: str, found: Found, clock: Clock) -> Iterator[Said | Problem]:
    """The messages; a Problem for what is none."""
    full = source.full(name)
    kept: Said | None = None
    for block in blocks(lines(source, name, found.encoding), _begins):
        where = block.place
        head, text = block.head, block.text
        if head is None:
            first, _, below = text.partition("\n")
            if block.first == 1 and not block.rest and first.endswith(TITLE):
                text = below
            if text.strip():
                reason = block.reason("lines that belong to no message")
                yield Problem(file=full, part=where, reason=reason, raw=text)
            continue
        if head.re is _QUOTE and not _WHOLE.fullmatch(text) and kept is not None:
            # Somebody typed this bracket: it belongs to the message before.
            body = msgspec.structs.replace(kept.body, text=f"{kept.body.text}\n{text}")
            kept = msgspec.structs.replace(kept, body=body)
            continue
        if kept is not None:
            yield kept
        try:
            kept = _said(head, text, clock)
        except Malformed as cause:
            kept = None
            yield Problem(file=full, part=where, reason=str(cause), raw=text)
    if kept is not None:
        yield kept


def _said(head: re.Match[str], text: str, clock: Clock) -> Said:
    if head.re is _SPOKEN:
        content = text[len(head[0]) - len(head[3]) :]
        at = clock.time(head[2])
        kind, body = shown(content, source=_NOWHERE, base="")
        return Said(at=at, kind=kind, body=body, name=head[1])
    if head.re is _NOTICE:
        notice = text[len(head[0]) - len(head[1]) :]
        body = Body(text=notice, marks=notice_marks(notice))
        return Said(at=clock.near(), kind=MessageKind.SYSTEM, body=body)
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        raise Malformed("a quote that does not end")
    name, quoted, reply = whole.groups()
    facts = {"quoted_name": name}
    if label(quoted) is not None:
        facts["quoted"] = quoted
        quoted = ""
    words = (quoted,) if quoted else ()
    return Said(
        at=clock.near(), kind=MessageKind.TEXT, body=Body(text=reply, words=words, facts=facts)
    )


_NOWHERE = Source.of({})
