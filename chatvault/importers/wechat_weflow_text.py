"""WeChat, the texts of WeFlow and EchoTrace: TXT and Markdown, one file for each conversation.

2025-12-31 08:00:00 '小满'                # 小满
新年快乐[庆祝]                             - 会话ID: `wxid_lin0demo`
                                          ## 2025\\-12\\-31 08:00:00 小满
2025-12-31 08:01:00 '我'
media\\images\\2_0f0f.jpg                  新年快乐\\[庆祝\\]
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._clock import zone_for
from chatvault.importers._fields import Malformed
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText, Encoding, blocks, encoding_of, lines
from chatvault.importers._wechat import cut_quote, label
from chatvault.importers._wechat_body import Body, attachment
from chatvault.importers._wechat_rows import (
    HOME,
    RowClock,
    Transcript,
    asked_about,
    may_be_id,
    place_of,
    without_copy_number,
)
from chatvault.importers._wechat_said import Said, shown, told
from chatvault.model import Assumption, ConversationKind, MessageKind, Problem, Record

INFO = ImporterInfo(
    key="wechat-weflow-text",
    platform="wechat",
    title="WeChat, texts of WeFlow and EchoTrace",
    expects="the .txt or .md files of these tools, with their media",
    carries=frozenset({
        "replies", "forwards", "calls", "locations", "stickers", "system", "media", "links",
        "payments",
    }),
    derived={
        "会话ID": "a label in the head of a Markdown file",
        "会话类型": "a label in the head of a Markdown file",
        "私聊": "the kind of the conversation, which is kept",
        "群聊": "the kind of the conversation, which is kept",
        "消息数量": "heads a Markdown file and differs in every export",
        "导出时间": "heads a Markdown file and differs in every export",
        "导出工具": "heads a Markdown file and names the tool",
        "WeFlow": "heads a Markdown file and names the tool",
        "语音文件": "the text of every link to a voice",
        "视频文件": "the text of every link to a video",
        "图片消息": "the text of every picture, told by its kind",
        "动画表情": "the text of every sticker, told by its kind",
    },
    leaves_out="ids of messages and, in TXT, of everything; the time zone; kinds of messages",
    seen="WeFlow 5.0.0 (2026-07), EchoTrace 5.2.0 (2026-01)",
)  # fmt: skip

HEAD = 64 * 1024
LEGACY = "gb18030"
TEXTS = "texts/"  # WeFlow's folder of files when media go into folders beside it
GROUP, DIRECT = ConversationKind.GROUP, ConversationKind.DIRECT
_CLOCK = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_PLAIN = re.compile(rf"({_CLOCK}) (['\"])(.*)\2", re.ASCII)
_MARKED = re.compile(r"## (\d{4}\\?-\d\d\\?-\d\d \d\d\\?:\d\d\\?:\d\d) (.*)", re.ASCII)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TITLE = re.compile(r"# (.+)")
_ID = re.compile(r"- 会话ID: `([^`\n]{1,200})`")
_GROUP_KIND = re.compile(r"- 会话类型: 群聊")
_LINK = re.compile(r"(!?)\[((?:[^\[\]\\\n]|\\.){0,1000})\]\(<?([^()<>\s]{1,4000})>?\)")
_NAMES = re.compile(r"\A(?:私聊|群聊|公众号|曾经的好友)_")
_DATES = re.compile(
    r"(?:_聊天记录_\d+|_(?:\d{8}(?:-(?:\d{8}|至今))?|截至-\d{8}|全部时间))\Z", re.ASCII
)
_MEDIA = {
    "语音文件": MessageKind.VOICE,
    "视频文件": MessageKind.VIDEO,
    "图片消息": MessageKind.IMAGE,
    "动画表情": MessageKind.STICKER,
}


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: a clock and a quoted name in the first line, or the headings of Markdown."""
    return tuple(
        f"{name} begins as texts of WeFlow do"
        for name in _candidates(source)[:3]
        if _ours(source, name)
    )


def _candidates(source: Source) -> list[str]:
    """Texts at the top or in `texts`; where the same conversation is there as JSON, that wins."""
    found = [
        name
        for name in source.names()
        if name.lower().endswith((".txt", ".md")) and "/" not in name.removeprefix(TEXTS)
    ]
    return [name for name in found if not source.has(name.rpartition(".")[0] + ".json")]


def _is_marked(name: str) -> bool:
    return name.lower().endswith(".md")


def _ours(source: Source, name: str) -> bool:
    texts = source.head(name, HEAD).decode("utf-8-sig", "replace").split("\n")
    if not _is_marked(name):
        return bool(_PLAIN.fullmatch(texts[0].rstrip("\r"))) and len(texts) > 1
    head = [one.rstrip("\r") for one in texts]
    return bool(_TITLE.fullmatch(head[0])) and any(_MARKED.fullmatch(one) for one in head)


def read(source: Source) -> Iterator[Record]:
    """Yield one transcript for each text."""
    names = [name for name in _candidates(source) if _ours(source, name)]
    if not names:
        raise BadExport(
            "no text of WeFlow or EchoTrace can be read here",
            where=Where(source.name),
            remedy="give the folder that holds the texts; better still, export as JSON",
        )
    source = asked_about(source, names)
    zone, assumed = zone_for(source.told, HOME)
    if assumed:
        yield assumed
    for name in names:
        yield from _Text(source, name, zone).read()


@dataclass(frozen=True)
class _Head:
    """The first line of a message."""

    clock: str
    name: str


@dataclass
class _Text:
    """One file, and what its whole says: who speaks in it."""

    source: Source
    name: str
    zone: str
    names: dict[str, str] = field(default_factory=dict)

    def read(self) -> Iterator[Record]:
        full = self.source.full(self.name)
        encoding = encoding_of(self.source, self.name, LEGACY)
        if encoding.damaged:
            why = f"{encoding.damaged} lines hold bytes that are no text; they read as U+FFFD"
            yield Assumption(what="encoding", value=encoding.name, why=f"{full}: {why}")
        with suppress(BrokenText):  # told when the text is read
            for block in self._blocks(encoding):
                if block.head is not None and len(self.names) < 5000:
                    self.names.setdefault(folded(block.head.name), block.head.name)
        talk = self._talk()
        yield talk.place
        clock = RowClock(self.zone)
        try:
            for block in self._blocks(encoding):
                where = block.place
                if block.head is None:
                    if problem := self._before(block, full, where):
                        yield problem
                    continue
                try:
                    records = list(told(self._said(block, block.head, talk, clock), talk))
                except Malformed as cause:
                    yield Problem(file=full, part=where, reason=str(cause), raw=block.text)
                    continue
                yield from records
        except BrokenText as cause:
            yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")

    def _blocks(self, encoding: Encoding) -> Iterator[Block[_Head]]:
        pattern = _MARKED if _is_marked(self.name) else _PLAIN

        def begins(line: str) -> _Head | None:
            found = pattern.fullmatch(line)
            if found is None:
                return None
            if pattern is _MARKED:
                return _Head(_unescaped(found[1]), _unescaped(found[2]))
            return _Head(found[1], found[3])

        return blocks(lines(self.source, self.name, encoding), begins)

    def _talk(self) -> Transcript:
        head = self.source.head(self.name, HEAD).decode("utf-8-sig", "replace")
        head = "\n".join(head.split("\n")[:12]) if _is_marked(self.name) else ""
        stem = without_copy_number(self.name.rpartition("/")[2].rpartition(".")[0])
        title = _DATES.sub("", _NAMES.sub("", stem)) or stem
        if titled := _TITLE.match(head):
            title = _unescaped(titled[1].strip())
        found = _ID.search(head)
        identifier = found[1] if found and may_be_id(found[1]) else ""
        others = [one for key, one in self.names.items() if key != "我"]
        group = len(others) > 1 or stem.startswith("群聊_") or bool(_GROUP_KIND.search(head))
        kind = GROUP if group else DIRECT
        if identifier.startswith("gh_") or stem.startswith("公众号_"):
            kind = ConversationKind.CHANNEL
        if kind is DIRECT and others and not head:
            title = others[0]  # the file's name has lost the letters that no file may have
        place = place_of(self.source.told, identifier or None, title, kind)
        return Transcript(place, self.source.told)

    def _before(self, block: Block[_Head], full: str, where: str) -> Problem | None:
        """The head of a Markdown file stands over its messages; anything else is a problem."""
        left = block.text
        if _is_marked(self.name) and block.first == 1 and not block.rest:
            kept = [
                one
                for one in left.split("\n")
                if not (_TITLE.fullmatch(one) or one.startswith("- ") or one.strip() == "---")
            ]
            left = "\n".join(kept)
        if not left.strip():
            return None
        reason = block.reason("lines that belong to no message")
        return Problem(file=full, part=where, reason=reason, raw=left)

    def _said(self, block: Block[_Head], head: _Head, talk: Transcript, clock: RowClock) -> Said:
        at = clock.time(head.clock)
        content = block.text.partition("\n")[2].removesuffix("\n")
        base = self.name.rpartition("/")[0]
        if _is_marked(self.name):
            kind, body = _marked(content.strip("\n"), self.source, base)
        else:
            kind, body = shown(content, source=self.source, base=base)
        direct = talk.place.kind is not GROUP
        own = head.name == "我" and direct
        return Said(
            at=at,
            kind=kind,
            body=body,
            name="" if own and talk.me != "我" else head.name,
            mine=own if direct else None,
        )


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _marked(content: str, source: Source, base: str) -> tuple[MessageKind, Body]:
    """Of Markdown: a quote, media and text follow each other, each a paragraph of its own."""
    quoted: list[str] = []
    rest = content.split("\n")
    while rest and rest[0].startswith(">"):
        quoted.append(_unescaped(rest.pop(0)[1:].removeprefix(" ")))
    text = "\n".join(rest).strip("\n")
    first, _, below = text.partition("\n\n")
    link = _LINK.fullmatch(first)
    if link is not None and not quoted:
        picture, words, address = link[1], _unescaped(link[2]), link[3]
        if not picture and address.startswith(("http://", "https://")) and not below:
            return MessageKind.LINK, Body(words=(words, address))
        kind = _MEDIA.get(words, MessageKind.IMAGE if picture else MessageKind.FILE)
        found = attachment(unquote(address), kind, source=source, base=base)
        found = msgspec.structs.replace(found, as_exported=address)
        said = _unescaped(below)
        known = label(said)
        more = (said,) if said and known is None else ()
        facts = {"content": said} if known is not None else {}
        return kind, Body(attachments=(found,), words=more, facts=facts)
    typed = _unescaped(text)
    if not quoted:
        return shown(typed, source=source, base=base)
    name, colon, said = "\n".join(quoted).partition(": ")
    name, said = (name, said) if colon else ("", name)
    facts = {"quoted_name": name} if name else {}
    if label(said) is not None:
        facts["quoted"] = said
        said = ""
    found_quote = cut_quote(typed)
    return MessageKind.TEXT, Body(
        text=found_quote[0] if found_quote else typed, words=(said,) if said else (), facts=facts
    )
