"""The grammar of KakaoTalk's texts: lines with the date of a day, and lines that begin a message.

    2026년 7월 9일 오후 8:35, 두리 : 안녕하세요       Android   8:35pm, July 9, 2026, Duri : hello
    2026. 7. 9. 오후 8:35, 두리 : 안녕하세요          iPhone    Jul 9, 2026, 8:35 PM, Duri : hello
    [두리] [오후 8:35] 안녕하세요                     Windows   [Duri] [8:35 PM] hello

Windows, and some others, write the day once, on a line of its own.
"""

import re
from datetime import date, datetime, time
from typing import Literal

import msgspec

from chatvault.importers._clock import hour_24
from chatvault.importers._kakao_words import MONTHS, WEEKDAYS, event_of

Style = Literal["ko", "dots", "time first", "en", "clock", "brackets", "notice"]
# In these each message has its date.
DATED: frozenset[Style] = frozenset({"ko", "dots", "time first", "en"})

LONGEST_NAME = 300
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2007\u2009"), " ")
_MARKS = "\ufeff\u200e\u200f\u202a\u202c\u2066\u2068\u2069"

# Every repetition is bounded: the patterns are linear (IN-5).
_HALF = r"(?:오전|오후|[AaPp]\.? ?[Mm]\.?)"
_CLOCK = (
    rf"(?:(?P<before>{_HALF}) ?)?(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?: ?(?P<after>{_HALF}))?"
)
_MONTH = r"(?P<name>[A-Z][a-z]{2,8})\.?"
_KO = r"(?P<year>\d{4})년 ?(?P<month>\d{1,2})월 ?(?P<day>\d{1,2})일"
_DOTS = r"(?P<year>\d{4})\. ?(?P<month>\d{1,2})\. ?(?P<day>\d{1,2})\.?"
_EN = rf"{_MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})"
_STAMPS: tuple[tuple[Style, re.Pattern[str]], ...] = (
    ("ko", re.compile(rf"{_KO} {_CLOCK}")),
    ("dots", re.compile(rf"{_DOTS} {_CLOCK}")),
    ("time first", re.compile(rf"{_CLOCK}, {_EN}")),
    ("en", re.compile(rf"{_EN}(?:,| at) {_CLOCK}")),
)
_WEEKDAY = rf"(?:{'|'.join(WEEKDAYS)})"
_DAYS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_KO}(?: {_WEEKDAY})?", rf"{_DOTS}(?: {_WEEKDAY})?", rf"(?:{_WEEKDAY}, )?{_EN}",
    )
)  # fmt: skip
_RULED = re.compile(r"-{3,} ?(.{6,60}?) ?-{3,}")
_BRACKETS = re.compile(rf"\[(?P<sender>.{{1,{LONGEST_NAME}}}?)\] \[{_CLOCK}\](?: |$)")
_ONLY_CLOCK = re.compile(rf"{_CLOCK}, ")


class Day(msgspec.Struct, frozen=True):
    """A line with a date and no message."""

    day: date


class Post(msgspec.Struct, frozen=True):
    """The first line of a message, whose text begins at `at`. `sender` is None for the app; `day`
    where the line has no date."""

    style: Style
    day: date | None
    clock: time | None
    sender: str | None
    at: int


Head = Day | Post


def head_of(line: str) -> Head | None:
    """What a line begins, in any of the grammars; notices without a clock are for the caller."""
    start = len(line) - len(line.lstrip(_MARKS))
    first = line[start : start + 1]
    if first == "[":
        return _bracketed(line, start)
    if first == "-":
        return _ruled(line[start:])
    if not (first.isdecimal() or first in {"오", "A", "P", "a", "p"} or "A" <= first <= "Z"):
        return None
    text = line[start : start + 80].translate(_SPACES)
    for style, pattern in _STAMPS:
        if found := pattern.match(text):
            return _dated(line, style, found, start)
    if day := _day(line[start:]):
        return Day(day)
    return _clocked(line, text, start)


def notice_of(line: str) -> Post | None:
    """A line of Windows in which the app says who came or left; it has no clock."""
    return Post("notice", None, None, None, 0) if event_of(line.strip()) else None


def _dated(line: str, style: Style, found: re.Match[str], start: int) -> Head | None:
    day, clock = _date(found), _time(found)
    if day is None or clock is None:
        return None
    at = start + found.end()
    rest = line[at:]
    if not rest.strip():
        return Day(day)
    if rest.startswith(", "):
        return _said(Post(style, day, clock, None, at + 2), line)
    if rest.lstrip().startswith(":"):
        at += rest.index(":") + 1
        return Post(style, day, clock, None, at + line[at:].startswith(" "))
    return None


def _said(post: Post, line: str) -> Post:
    """The message, its sender split off: names may hold a colon, but not one between spaces."""
    at = line.find(" : ", post.at, post.at + LONGEST_NAME + 3)
    end = at + 3
    if at < 0 and line.endswith(" :") and len(line) - post.at <= LONGEST_NAME:
        at, end = len(line) - 2, len(line)
    if at <= post.at:
        return post
    return msgspec.structs.replace(post, sender=line[post.at : at], at=end)


def _clocked(line: str, text: str, start: int) -> Post | None:
    found = _ONLY_CLOCK.match(text)
    clock = _time(found) if found else None
    if found is None or clock is None:
        return None
    post = _said(Post("clock", None, clock, None, start + found.end()), line)
    return post if post.sender is not None or event_of(line[post.at :].strip()) else None


def _bracketed(line: str, start: int) -> Post | None:
    found = _BRACKETS.match(line[start : start + LONGEST_NAME + 40].translate(_SPACES))
    clock = _time(found) if found else None
    if found is None or clock is None:
        return None
    sender = line[start + found.start("sender") : start + found.end("sender")]
    return Post("brackets", None, clock, sender, start + found.end())


def _ruled(text: str) -> Day | None:
    found = _RULED.fullmatch(text.rstrip()) if len(text) < 200 else None
    day = _day(found[1]) if found else None
    return Day(day) if day else None


def _day(text: str) -> date | None:
    if len(text) > 60:
        return None
    plain = text.translate(_SPACES).strip()
    for pattern in _DAYS:
        if found := pattern.fullmatch(plain):
            return _date(found)
    return None


def _date(found: re.Match[str]) -> date | None:
    groups = found.groupdict()
    month = int(groups["month"]) if "month" in groups else MONTHS.get(groups["name"], 0)
    try:
        return date(int(groups["year"]), month, int(groups["day"]))
    except ValueError:
        return None


def _time(found: re.Match[str]) -> time | None:
    hour = hour_24(int(found["hour"]), found["before"] or found["after"] or "")
    minute = int(found["minute"])
    return time(hour, minute) if hour is not None and minute < 60 else None


def moment(post: Post, day: date | None) -> datetime | None:
    """The wall clock of a message; `day` is the one on the last line with a date."""
    day = post.day or day
    if day is None or post.clock is None:
        return None
    return datetime.combine(day, post.clock)
