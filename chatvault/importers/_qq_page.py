"""The rows of the page in an MHT of PC QQ or TIM, and what each of them says.

    <tr><td>日期: 2019-07-16</td></tr>
    <tr><td><div style=color:#42B475;><div style=float:left;>小满(10002)</div>18:15:05</div>
        <div style=padding-left:20px;><font>周六来吗 &get;_&lt;</font></div></td></tr>

A message is known by its two divisions and the bare time between them; what people write cannot
look like that, because QQ escapes it. A date counts for the rows below it. Nothing here needs the
page to be good HTML, and no expression looks further ahead than a bound.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import date, datetime

import msgspec

from chatvault.importers._clock import hour_24
from chatvault.importers._fields import Malformed
from chatvault.importers._limits import DEFAULT
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Encoding, Line, lines

LOOKED_AT = 16 * 1024  # characters of a message in which its links are looked for

_END_OF_ROW = re.compile(r"</tr\s*>", re.IGNORECASE)
_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_MESSAGE = re.compile(
    r"<td\b[^<>]*>\s*<div\b[^<>]*>\s*<div\b[^<>]*>(.{0,2000}?)</div>([^<]{1,60})</div>(.*)</td>",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]*)\b([^<>]*)>|[^<]+|<")
_ATTRIBUTE = re.compile(
    r"""\b(src|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
# `&get;` is QQ's own mistake for `&gt;`. Nothing else counts: `&copy=2` is part of an address.
_ENTITY = re.compile(r"&(?:(lt|gt|get|amp|quot|apos|nbsp)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_NAMED = {"lt": "<", "gt": ">", "get": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": " "}
_LINE_END = re.compile(r"\s*\n\s*")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})
_TIME = re.compile(r"\s*(上午|下午)? ?(\d{1,2}):(\d{2}):(\d{2}) ?(AM|PM|上午|下午)?\s*", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\b.*", re.ASCII | re.DOTALL)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})\b.*", re.ASCII | re.DOTALL)


class Row(msgspec.Struct, frozen=True):
    """One row of the table as it stands there; `line` is where it ends in the file."""

    html: str
    line: int
    whole: bool = True


class Spoken(msgspec.Struct, frozen=True):
    """The parts of a row that is a message; `body` is still HTML."""

    sender: str
    time: str
    body: str


class Image(msgspec.Struct, frozen=True):
    """A picture inside of a message, as the page refers to it."""

    source: str


def rows(source: Source, name: str, boundary: bytes) -> Iterator[Row]:
    """The rows of the page; BrokenText where the file cannot be read further."""
    held: list[str] = []
    size = 0
    number = 0
    with closing(_page(lines(source, name, Encoding("utf-8")), boundary)) as page:
        for line in page:
            number = line.number
            # Nearly every line is one row.
            *ended, rest = _END_OF_ROW.split(line.text + "\n")
            for row in ended:
                yield Row("".join([*held, row]).lstrip("\n") + "</tr>", number)
                held, size = [], 0
            held.append(rest)
            size += len(rest)
            if size > DEFAULT.text:
                yield Row("".join(held), number, whole=False)
                held, size = [], 0
    rest = "".join(held).strip("\n")
    if _ROW.search(rest):
        yield Row(rest, number, whole=False)


def _page(found: Iterator[Line], boundary: bytes) -> Generator[Line, None, None]:
    """The lines of the first part that is a page."""
    edge = boundary.decode("utf-8", "replace")
    inside = head = html = False
    for line in found:
        if line.text.startswith(edge) and not line.goes_on:
            if inside:
                return
            head, html = True, False
        elif head:
            html = html or line.text.lower().replace(" ", "").startswith("content-type:text/html")
            if not line.text.strip():
                head, inside = False, html
        elif inside:
            yield line


def spoken(row: Row) -> Spoken | None:
    """The message of a row, None if it is none."""
    found = _MESSAGE.search(row.html)
    if found is None:
        return None
    sender = _LINE_END.sub(" ", plain(found[1])).strip()
    return Spoken(sender, plain(found[2]).translate(_SPACES), found[3])


def plain(html: str) -> str:
    """The text of a piece of the page, without its tags."""
    return "".join(one for one in pieces(html) if isinstance(one, str))


def label(row: Row) -> str:
    """The text of a row that is no message."""
    start = _ROW.search(row.html)
    return plain(row.html[start.start() :] if start else row.html).translate(_SPACES).strip()


def pieces(html: str) -> Iterator[str | Image]:
    """Text and pictures of a message in their order; fonts and colours are left to the original."""
    text: list[str] = []
    blank = True
    for token in _TOKEN.finditer(html):
        tag = (token[1] or "").lower()
        if not tag:
            text.append(_ENTITY.sub(_character, token[0]))
            blank = blank and not text[-1].strip()
        elif tag == "br" or (tag in {"div", "p"} and not blank):
            text.append("\n")
        elif tag == "img":
            if text:
                yield "".join(text)
                text = []
            yield Image(_attribute(token[2], "src"))
    if text:
        yield "".join(text)


def links(html: str, text: str) -> list[str]:
    """The addresses behind words of a message, where they are not the words themselves."""
    found = (
        _attribute(token[2], "href")
        for token in _TOKEN.finditer(html)
        if token[1] and token[1].lower() == "a"
    )
    text = text[:LOOKED_AT]
    return [link for link in dict.fromkeys(found) if link and link not in text]


def _attribute(attributes: str, name: str) -> str:
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            return _ENTITY.sub(_character, found[2] or found[3] or found[4] or "")
    return ""


def _character(entity: re.Match[str]) -> str:
    if entity[1]:
        return _NAMED[entity[1]]
    code = int(entity[2]) if entity[2] else int(entity[3], 16)
    allowed = 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000
    return chr(code) if allowed else "\ufffd"


def day_of(text: str, order: str | None) -> date | None:
    """The day that a row of its own tells; None when it is none. Malformed when nobody can know
    which of its numbers is the month."""
    if found := _YEAR_FIRST.match(text.strip()):
        year, month, day = map(int, found.groups())
    elif found := _YEAR_LAST.match(text.strip()):
        first, second, year = map(int, found.groups())
        if order is None and first <= 12 and second <= 12 and first != second:
            raise Malformed("a date of which nobody can know the month")
        day_first = order == "dmy" or (order is None and first > 12)
        day, month = (first, second) if day_first else (second, first)
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def wall_of(day: date, text: str) -> datetime:
    """The wall clock of a message; Malformed if it shows no time."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise Malformed("no time such as 18:15:05")
    before, hour, minute, second, after = found.groups()
    in_day = hour_24(int(hour), before or after or "")
    if in_day is None or int(minute) > 59 or int(second) > 59:
        raise Malformed("a time that no clock shows")
    return datetime(  # noqa: DTZ001  (a wall clock; its zone is not told)
        day.year, day.month, day.day, in_day, int(minute), int(second)
    )
