"""WeChat on an Android phone, dumped as text by wechat-dump: a line for each message.

    1|小满:2019-07-16 18:15:05:周六来吗
    3|me:2019-07-16 18:16:11:|img:小满_files/a1.jpg

Type, name (`me` is the owner), clock and content; of pictures also the name of the file. A message
of several lines goes on without any sign, so what does not begin with the four belongs to it.
"""

import re
from collections.abc import Iterator
from contextlib import suppress

from chatvault.errors import BadExport, Where
from chatvault.importers._clock import zone_for
from chatvault.importers._fields import Malformed
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, blocks, encoding_of, lines
from chatvault.importers._wechat import APP, MEDIA, kind_of, notice_marks, split_type
from chatvault.importers._wechat_body import Body, absent, attachment
from chatvault.importers._wechat_payload import payload
from chatvault.importers._wechat_rows import (
    HOME,
    RowClock,
    Transcript,
    asked_about,
    place_of,
    without_copy_number,
)
from chatvault.importers._wechat_said import Said, told
from chatvault.model import Assumption, ConversationKind, MessageKind, Problem, Record

INFO = ImporterInfo(
    key="wechat-dump-text",
    platform="wechat",
    title="WeChat on an Android phone, texts of wechat-dump",
    expects="the .txt files that dump-msg.py wrote, one for each conversation",
    carries=frozenset({
        "calls", "locations", "contacts", "stickers", "system", "media", "links", "payments",
    }),
    derived={
        "img": "stands before the name of a file, which is kept",
        "me": "the word for the owner of the account, who is kept",
    },
    leaves_out="ids, the time zone, most media, replies and forwarded bundles",
    seen="wechat-dump, 2015 to 2026",
)  # fmt: skip

HEAD = 64 * 1024
LEGACY = "gb18030"
ME = "me"
ENOUGH = 3  # lines of this form; fewer may be anything
_LINE = re.compile(
    r"(-?\d{1,12})\|([^|\n]{0,200}?):(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:\.\d+)?:(.*)",
    re.ASCII | re.DOTALL,
)
_FILE = re.compile(r"\|img:(\S.{0,500})\Z")
# What the tool writes of messages that are no text.
_PLACE = re.compile(r"LOCATION:(.*) \((-?[\d.]+),(-?[\d.]+)\)", re.DOTALL)
_WORDS = {
    "URL:": MessageKind.LINK,
    "FILE:": MessageKind.FILE,
    "NAMECARD: ": MessageKind.CONTACT,
    "[RED ENVELOPE]\n": MessageKind.RED_PACKET,
    "LOCATION SHARING": MessageKind.LOCATION,
}


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: three lines of type, name, clock and content at the beginning of a text."""
    return tuple(
        f"{name} has lines of wechat-dump"
        for name in _candidates(source)[:3]
        if _ours(source, name)
    )


def _candidates(source: Source) -> list[str]:
    return [name for name in source.files() if name.lower().endswith(".txt")]


def _ours(source: Source, name: str) -> bool:
    texts = source.head(name, HEAD).decode("utf-8-sig", "replace").split("\n")
    if not _LINE.fullmatch(texts[0].rstrip("\r")):
        return False
    return sum(_LINE.fullmatch(one.rstrip("\r")) is not None for one in texts) >= ENOUGH


def read(source: Source) -> Iterator[Record]:
    """One transcript for each text."""
    names = [name for name in _candidates(source) if _ours(source, name)]
    if not names:
        raise BadExport(
            "no text of wechat-dump can be read here",
            where=Where(source.name),
            remedy="give the .txt files that dump-msg.py wrote",
        )
    source = asked_about(source, names)
    zone, assumed = zone_for(source.told, HOME)
    if assumed:
        yield assumed
    for name in names:
        yield from _text(source, name, zone)


def _text(source: Source, name: str, zone: str) -> Iterator[Record]:
    full = source.full(name)
    encoding = encoding_of(source, name, LEGACY)
    if encoding.damaged:
        why = f"{encoding.damaged} lines hold bytes that are no text; they read as U+FFFD"
        yield Assumption(what="encoding", value=encoding.name, why=f"{name}: {why}")
    others: set[str] = set()
    with suppress(BrokenText):  # told when the text is read
        for line in lines(source, name, encoding):
            found = _LINE.fullmatch(line.text)
            if found and found[2] != ME and found[1] != "10000":
                others.add(folded(found[2]))
            if len(others) > 1:
                break
    kind = ConversationKind.GROUP if len(others) > 1 else ConversationKind.DIRECT
    place = place_of(source.told, None, without_copy_number(name.rpartition(".")[0]), kind)
    yield place
    talk = Transcript(place, source.told)
    clock = RowClock(zone)
    try:
        for block in blocks(lines(source, name, encoding), _LINE.fullmatch):
            where = block.place
            if block.head is None:
                if block.text.strip():
                    reason = block.reason("lines that belong to no message")
                    yield Problem(file=full, part=where, reason=reason, raw=block.text)
                continue
            try:
                one = _said(block.head, block.text, clock, source)
            except Malformed as cause:
                yield Problem(file=full, part=where, reason=str(cause), raw=block.text)
                continue
            yield from told(one, talk)
    except BrokenText as cause:
        yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")


def _said(head: re.Match[str], text: str, clock: RowClock, source: Source) -> Said:
    base, sub = split_type(int(head[1]))
    at = clock.time(head[3])
    content = text[len(head[0]) - len(head[4]) :]
    file = _FILE.search(content)
    if file is not None:
        content = content[: file.start()]
    # Before the name of a file the separator is there even if there is no text.
    kind, body = _body(content, base, sub)
    extra: dict[str, object] = {} if (base, sub) == (1, 0) else {"type": head[1]}
    if content and content not in (body.text, *(one.as_exported for one in body.attachments)):
        extra["content"] = content
    if file is not None:
        what = kind if kind in MEDIA else MessageKind.IMAGE
        found = attachment(file[1], what, source=source, base="")
        body = Body(text=body.text, words=body.words, attachments=(found,), facts=body.facts)
        kind = what
    mine = head[2] == ME
    return Said(at=at, kind=kind, body=body, name="" if mine else head[2], mine=mine, extra=extra)


def _body(content: str, base: int, sub: int) -> tuple[MessageKind, Body]:
    if base == 1:
        return MessageKind.TEXT, Body(text=content)
    found = payload(content)
    kind = kind_of(base, sub)
    if spot := _PLACE.fullmatch(content):
        facts = {"latitude": spot[2], "longitude": spot[3]}
        return MessageKind.LOCATION, Body(words=(spot[1],) if spot[1] else (), facts=facts)
    for word, what in _WORDS.items():
        if content.startswith(word):
            rest = content.removeprefix(word).strip()
            if what is MessageKind.FILE:
                return what, Body(attachments=(absent(what, content, name=rest),))
            inside = payload(rest)
            words = inside.words if inside else (rest,)
            return what, Body(words=tuple(one for one in words if one))
    if kind is MessageKind.SYSTEM:
        said = found.text if found and found.text else content
        return kind, Body(text=said, marks=notice_marks(said))
    if kind in MEDIA:
        words = found.words if found else ()
        return kind, Body(words=words, attachments=(absent(kind, "" if found else content),))
    if base == APP and not sub:
        kind = MessageKind.TEXT
    if kind in {MessageKind.TEXT, MessageKind.OTHER}:
        return kind, Body(text=content)
    words = found.words if found else (content,)
    return kind, Body(words=tuple(word for word in words if word))
