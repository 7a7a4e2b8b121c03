"""QQ, PC QQ or TIM, "export message record" (导出消息记录) as text.

One .txt, of one conversation or of all of them one after the other:
    消息记录（此消息记录为文本格式，不支持重新导入）

    ================================================================
    消息分组:我的群聊
    ================================================================
    消息对象:桌游小组
    ================================================================

    2019-07-16 18:15:05 【管理员】小满(10002)
    周六来吗

Chinese Windows writes 18:15:05, English Windows 6:15:05 PM.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._clock import hour_24
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._qq_body import body_of_text
from chatvault.importers._qq_official import Chat, Event, Said, readable, records
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText, blocks, encoding_of, lines
from chatvault.importers._whatsapp_order import Timed, in_time
from chatvault.model import Assumption, Problem, Record

INFO = ImporterInfo(
    key="qq-text",
    platform="qq",
    title="QQ, text export of PC QQ or TIM",
    version=2,
    expects="the .txt that the message manager wrote (导出消息记录)",
    carries=frozenset({"system", "forwards"}),
    derived=dict.fromkeys(
        ("AM", "PM", "上午", "下午"), "part of the clock of a message, which is kept as a time"
    )
    | {
        "系统消息": "the name of the app itself, told by the kind system",
        "消息分组": "the label in front of the folder of a conversation, which is kept",
        "消息对象": "the label in front of the title of a conversation, which is kept",
        "消息记录": "the first line of every such file",
        "此消息记录为文本格式": "the first line of every such file",
        "不支持重新导入": "the first line of every such file",
    },
    leaves_out="pictures, voices and files (words such as [图片] stand for them), message ids, "
    "replies, the time zone, and whose account it is",
    seen="PC QQ and TIM, 2010 to 2023 (QQ NT, from 9.7.25 on, has no such export)",
)

SIGNATURE = "消息记录（此消息记录为文本格式"
FOLDER, TITLE = "消息分组:", "消息对象:"
HEAD = 8 * 1024
LOOKED_AT = 3
LEGACY = "gb18030"

_HEADER = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2}) (?:(上午|下午) ?)?(\d{1,2}):(\d{2}):(\d{2})"
    r"(?: (AM|PM|上午|下午))? (.{1,300})",
    re.ASCII,
)
_RULE = re.compile(r"={16,}")
_RULE_AT_END = re.compile(r"(?:\A|\n)={16,}\s*\Z")


class _Begins(msgspec.Struct, frozen=True):
    """The first line of a message."""

    wall: datetime
    sender: str


class _Section(msgspec.Struct, frozen=True):
    """A line that says which folder or conversation follows."""

    label: str
    value: str


_Head = _Begins | _Section


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first line that QQ writes, or a conversation's title and a message below it."""
    found = ((name, _evidence(source, name)) for name in _texts(source)[:LOOKED_AT])
    return tuple(f"{name}: {evidence}" for name, evidence in found if evidence)


def read(source: Source) -> Iterator[Record]:
    """Yield the conversations of all texts, each with its messages in the order of the file."""
    files = [name for name in _texts(source) if _evidence(source, name)] or _texts(source)[:1]
    if not files:
        raise BadExport("there is no text of QQ", remedy="give the .txt that PC QQ or TIM wrote")
    error = BadExport(
        "no line looks like a message of QQ",
        where=Where(source.full(files[0])),
        remedy="export the messages again as text and import that file as it is",
    )
    yield from readable((one for name in files for one in _file(source, name)), error)


def _texts(source: Source) -> list[str]:
    names = source.files()
    return [name for name in names if name.lower().endswith(".txt")] or names * (len(names) == 1)


def _evidence(source: Source, name: str) -> str:
    head = source.head(name, HEAD)
    part = Source.of({name: head})
    text = "\n".join(line.text for line in lines(part, name, encoding_of(part, name, LEGACY)))
    if SIGNATURE in text[:1000]:
        return "the first line of QQ's text export"
    below = text.partition("\n" + TITLE)[2] if not text.startswith(TITLE) else text
    if below and any(_begins(line) for line in below.split("\n")):
        return f"{TITLE} and a message"
    return ""


def _file(source: Source, name: str) -> Iterator[Record]:
    encoding = encoding_of(source, name, LEGACY)
    if encoding.damaged:
        why = f"{encoding.damaged} lines hold bytes that are no text; they read as U+FFFD"
        yield Assumption(what="encoding", value=encoding.name, why=why)
    heads: Callable[[str], _Head | None] = _Heads()
    found = _whole(blocks(lines(source, name, encoding), heads))
    yield from records(source, name, _events(found, source.full(name)))


class _Heads:
    """Which lines begin something. What looks like a title inside of a message is none: titles
    stand below a line of equals signs, or before the first message."""

    def __init__(self) -> None:
        self._below_rule = True

    def __call__(self, line: str) -> _Head | None:
        below, self._below_rule = self._below_rule, bool(_RULE.fullmatch(line.strip()))
        if begins := _begins(line):
            return begins
        for label in (FOLDER, TITLE):
            if below and line.startswith(label):
                self._below_rule = True  # in some files there is no line between the two
                return _Section(label, line.removeprefix(label).strip())
        if below and (not line.strip() or line.startswith(SIGNATURE)):
            self._below_rule = True
        return None


def _begins(line: str) -> _Begins | None:
    found = _HEADER.fullmatch(line)
    if found is None:
        return None
    year, month, day, before, hour, minute, second, after, sender = found.groups()
    in_day = hour_24(int(hour), before or after or "")
    if in_day is None:
        return None
    try:
        wall = datetime(  # noqa: DTZ001  (a wall clock; its zone is not told)
            int(year), int(month), int(day), in_day, int(minute), int(second)
        )
    except ValueError:
        return None
    return _Begins(wall, sender)


def _whole(found: Iterable[Block[_Head]]) -> Iterator[Block[_Head] | BrokenText]:
    """The blocks, with the line of equals signs above a title cut from the message before it; last
    the error that ended the reading, if there was one."""
    before: Block[_Head] | None = None
    broken: BrokenText | None = None
    steps = iter(found)
    while True:
        try:
            block = next(steps, None)
        except BrokenText as cause:
            block, broken = None, cause
        if before is not None:
            if block is not None and isinstance(block.head, _Section):
                before.text = _RULE_AT_END.sub("", before.text)
            yield before
        before = block
        if block is None:
            break
    if broken is not None:
        yield broken


def _events(found: Iterator[Block[_Head] | BrokenText], file: str) -> Iterator[Event]:
    """What the blocks say. Lines that stand out of time may be pasted: they stay messages, with a
    mark, but those of somebody who has not said anything are text of the message before."""
    folder = ""
    ended: list[Block[_Head] | BrokenText] = []  # by what the messages of a conversation end

    def timed() -> Iterator[Timed[Block[_Head]]]:
        for block in found:
            if isinstance(block, BrokenText) or isinstance(block.head, _Section):
                ended.append(block)
                return
            wall = block.head.wall if block.head is not None else None
            yield Timed(block, wall, len(block.text))

    while True:
        before: Timed[Block[_Head]] | None = None
        seen: set[str] = set()
        for group in in_time(timed()):
            for one in group:
                sender = one.item.head.sender if isinstance(one.item.head, _Begins) else ""
                if one.suspect and before is not None and sender not in seen:
                    before.item.text += "\n" + one.item.text
                    before.suspect = True
                    continue
                if before is not None:
                    yield from _message(before, file)
                before = one
                seen.add(sender)
        if before is not None:
            yield from _message(before, file)
        if not ended:
            return
        block = ended.pop()
        if isinstance(block, BrokenText):
            reason = f"it cannot be read further ({block})"
            yield Problem(file=file, part="end", reason=reason, raw="")
            return
        section = block.head
        if isinstance(section, _Section) and section.label == FOLDER:
            folder = section.value
        elif isinstance(section, _Section):
            yield Chat(folder, section.value)
        below = block.text.partition("\n")[2]
        if below.strip("=\n \t"):
            yield _unread(block, below, file)


def _message(one: Timed[Block[_Head]], file: str) -> Iterator[Event]:
    block = one.item
    if isinstance(block.head, _Begins):
        body = body_of_text(block.text.partition("\n")[2])
        yield Said(block.head.wall, block.head.sender, body, suspect=one.suspect)
    elif block.rest or block.text.replace(SIGNATURE, "").strip("，不支持重新导入）=\n \t\ufeff"):
        yield _unread(block, block.text, file)


def _unread(block: Block[_Head], text: str, file: str) -> Problem:
    reason = block.reason("lines of no message")
    return Problem(file=file, part=block.place, reason=reason, raw=text)
