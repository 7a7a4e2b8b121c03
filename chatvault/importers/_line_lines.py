"""The grammar of LINE's text: lines with the date of a day, and lines with which a message begins.

    2026/09/26(土)                        Sat, 9/26/2026        2026.09.26 Saturday
    10:21<TAB>Sora<TAB>おはよう           10:21 AM<TAB>...      10:21 Sora Good morning

Phones put tabs between the parts, computers single spaces.
"""

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal, NamedTuple

import msgspec

from chatvault.importers._clock import hour_24
from chatvault.importers._date_order import Layout, Order, day_number, in_order
from chatvault.importers._line_words import weekday_of
from chatvault.importers._text_lines import BrokenText, Line

Form = Literal["tabs", "spaces"]

LONGEST_DAY = 48
LONGEST_CLOCK = 32
# How far a closing quote is looked for, and how many characters that may take.
AHEAD_LINES = 400
AHEAD_CHARACTERS = 1 << 20

_MARKS = dict.fromkeys(
    map(ord, "\u200e\u200f\u200b\ufeff\u202a\u202b\u202c\u2066\u2067\u2068\u2069")
)
_BEHIND = r"(?: ?\(([^()]{1,16})\)| ?([^\W\d_][^\d()/]{0,24}?)\.?)?"
_YEAR_FIRST = re.compile(
    rf"(\d{{4}}) ?([./年년-]) ?(\d{{1,2}}) ?[./月월-] ?(\d{{1,2}}) ?[日일.]?,?{_BEHIND}"
)
_YEAR_LAST = re.compile(
    rf"(?:([^\W\d_][^\d()/]{{0,24}}?)[.,]{{0,2}} ?)?(\d{{1,2}})([./-])(\d{{1,2}})\3(\d{{4}})"
    rf"(?: ?(?:BE|B\.E\.|AD|CE|พ\.ศ\.))?,?{_BEHIND}"
)
# Vietnamese numbers the days of the week; Monday is the second.
_NUMBERED = re.compile(r"(?<!\w)(?:Th|Thứ|T) ?([2-7])(?!\d)")
_ENGLISH = dict(zip("234567", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat"), strict=True))
_CLOCK = re.compile(r"(\D{0,16}?) ?(\d{1,2}):(\d{2})(?: ?(\D{1,16}))?")
_SPACED = re.compile(
    r"((?:(?:午前|午後|上午|下午|오전|오후) ?)?\d{1,2}:\d{2}(?: ?[AaPp][Mm])?) (?=\S)"
)
_SAVED = re.compile(r".{0,40}?\d{1,4}[./年-] ?\d{1,2}[./月-] ?\d{1,4}\D{1,20}\d{1,2}:\d{2}.{0,12}")


class DayShape(NamedTuple):
    """How a file writes its days."""

    layout: Layout
    separator: str
    weekday: Literal["", "parentheses", "behind", "front", "unknown"]


class Day(msgspec.Struct, frozen=True):
    """A line with a date; the numbers as they stand, `weekday` from Monday, None if not known."""

    shape: DayShape
    numbers: tuple[int, int, int]
    weekday: int | None


class Post(msgspec.Struct, frozen=True):
    """The first line of a message. `sender` is None for the app; it is not yet known where spaces
    are between the parts: then the name is at the beginning of the text, which starts at `at`."""

    hour: int
    minute: int
    sender: str | None
    at: int
    half: bool


Head = Day | Post


def plain(line: str) -> str:
    """A line as headers are compared: no marks, wide forms and odd spaces as ours."""
    return unicodedata.normalize("NFKC", line.translate(_MARKS)).strip()


def day_of(line: str) -> Day | None:
    """The date that a line consists of, with or without the day of the week."""
    if len(line) > LONGEST_DAY or not any(map(str.isdecimal, line)):
        return None
    text = _NUMBERED.sub(lambda found: _ENGLISH[found[1]], plain(line))
    if found := _YEAR_FIRST.fullmatch(text):
        one, separator, two, three, inside, behind = found.groups()
        layout: Layout = "year first"
        front = None
    elif found := _YEAR_LAST.fullmatch(text):
        front, one, separator, two, three, inside, behind = found.groups()
        layout = "year last"
    else:
        return None
    numbers = (int(one), int(two), int(three))
    pair = numbers[1:] if layout == "year first" else numbers[:2]
    if not (1 <= min(pair) <= 12 and max(pair) <= 31):
        return None
    word = inside or behind or front or ""
    weekday = weekday_of(word) if word else None
    place: Literal["", "parentheses", "behind", "front", "unknown"] = ""
    if inside is not None:
        place = "parentheses"
    elif word:
        place = "unknown" if weekday is None else "front" if front else "behind"
    return Day(DayShape(layout, separator, place), numbers, weekday)


def ordinal(day: Day, order: Order) -> int | None:
    """The number of a day in the calendar; None if there is no such day."""
    return day_number(*in_order(day.numbers, order, day.shape.layout))


def date_of(day: Day, order: Order) -> date | None:
    """The date that is meant; None if there is no such day."""
    number = ordinal(day, order)
    return None if number is None else date.fromordinal(number)


def tabbed(line: str) -> Post | None:
    """A message of a phone: clock, name and text with tabs between. No name: the app says it."""
    stamp, tab, _ = line[: LONGEST_CLOCK + 1].partition("\t")
    if not tab or not any(map(str.isdecimal, stamp)):
        return None
    clock = _clock_of(plain(stamp))
    if clock is None:
        return None
    at = len(stamp) + 1
    sender, tab, _ = line[at:].partition("\t")
    if tab:
        at += len(sender) + 1
    else:
        sender = ""
    return Post(clock[0], clock[1], sender.strip() or None, at, clock[2])


def spaced(line: str) -> Post | None:
    """A message of a computer: clock, name and text with single spaces between."""
    if not line[:1].isdecimal() and line[:2] not in {
        "午前",
        "午後",
        "上午",
        "下午",
        "오전",
        "오후",
    }:
        return None
    found = _SPACED.match(line)
    clock = _clock_of(found[1]) if found else None
    if found is None or clock is None:
        return None
    return Post(clock[0], clock[1], None, found.end(), clock[2])


def is_saved_line(line: str) -> bool:
    """Whether this is the second line of an export, which says when it was made."""
    return len(line) <= 120 and _SAVED.fullmatch(plain(line)) is not None


def _clock_of(text: str) -> tuple[int, int, bool] | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    before, hour, minute, after = found.groups()
    half = before or after or ""
    # Some phones count the hours of a day from 1 to 24: `24:53` is its first hour.
    in_day = 0 if hour == "24" and not half else hour_24(int(hour), half)
    if in_day is None or int(minute) > 59 or (before and after):
        return None
    return in_day, int(minute), bool(half)


class Heads:
    """Which lines begin a day or a message, told to `blocks` line by line.

    A text of several lines stands in quotes. In it a date or a clock is text, if a line that closes
    the quotes comes before the next message; `pasted` are numbers of lines known to be text.
    """

    def __init__(
        self,
        found: Iterator[Line],
        form: Form,
        *,
        is_day: Callable[[Day], bool] = lambda _: True,
        is_post: Callable[[Post, str], bool] = lambda _post, _line: True,
        pasted: frozenset[int] = frozenset(),
    ) -> None:
        self._found = found
        self._form = form
        self._is_day = is_day
        self._is_post = is_post
        self._pasted = pasted
        self._ahead: deque[Line | BrokenText] = deque()
        self._number = 0
        self._open = False  # inside of quotes that some line may close
        self._closed_by = 0  # the number of a line of which we know that it closes them

    def lines(self) -> Iterator[Line]:
        """The lines, for `blocks`."""
        while True:
            line = self._ahead.popleft() if self._ahead else self._pull()
            if isinstance(line, BrokenText):
                raise line
            if line is None:
                return
            self._number = line.number
            yield line

    def __call__(self, text: str) -> Head | None:
        """What a line begins, if anything."""
        if self._form == "spaces":
            return self._spaced(text)
        post = tabbed(text)
        if post is not None and post.sender is not None:
            body = text[post.at :]
            self._open = body.startswith('"') and not (len(body) > 1 and body.endswith('"'))
            return post
        found: Head | None = post or self._day(text)
        if found is not None and not (self._open and self._closes()):
            self._open = False
            return found
        if text.rstrip().endswith('"'):
            self._open = False
        return None

    def _spaced(self, text: str) -> Head | None:
        if day := self._day(text):
            return day
        post = spaced(text)
        return post if post is not None and self._is_post(post, text) else None

    def _day(self, text: str) -> Day | None:
        if self._number in self._pasted:
            return None
        day = day_of(text)
        return day if day is not None and self._is_day(day) else None

    def _pull(self) -> Line | BrokenText | None:
        try:
            return next(self._found, None)
        except BrokenText as cause:
            return cause

    def _closes(self) -> bool:
        """Whether a line that ends in a quote comes before the next message."""
        if self._number < self._closed_by:
            return True
        size = 0
        for place in range(AHEAD_LINES):
            if place == len(self._ahead):
                line = self._pull()
                if line is None:
                    return False
                self._ahead.append(line)
            else:
                line = self._ahead[place]
            if isinstance(line, BrokenText) or size > AHEAD_CHARACTERS:
                return False
            size += len(line.text)
            post = tabbed(line.text)
            if post is not None and post.sender is not None:
                return False
            if line.text.rstrip().endswith('"'):
                self._closed_by = line.number
                return True
        return False
