"""The grammar of the line with which a message of a WhatsApp export begins.

    [09/03/2024, 18:05:30] Ottilie Marsh: Kettle is on        iPhone
    3/9/24, 6:05 PM - Ottilie Marsh: Kettle is on             Android
    13.06.18 21:25:15: Ottilie Marsh: Kettle is on            old iPhones
    13. 6. 2018. 21:25:15 Ottilie Marsh: Kettle is on         Croatian, Serbian, Slovene

A file is written in one *shape* of these. Whether a date exists is known only when the order of day
and month is, so a header holds the three numbers as they stand.
"""

import re
from datetime import datetime
from typing import Literal, NamedTuple

from chatvault.importers._clock import EVENING, MORNING, NOON, fold_half, hour_24
from chatvault.importers._date_order import Layout, Order, day_number, in_order
from chatvault.importers._whatsapp_words import DROP_MARKS, MARKS

Form = Literal["brackets", "dash", "colon", "bare"]

# A header ends within the first 40 characters; marks and wide words leave some room.
WINDOW = 96
# Marks that WhatsApp itself puts around a header; others are somebody's trick and are kept.
USUAL_MARKS = "\u200e\u200f\ufeff"

# Digits of all scripts with phones, and the spaces, commas and colons that stand for ours.
_ZEROS = (
    "\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66"
    "\u0ce6\u0d66\u0e50\u0ed0\u0f20\u1040\u17e0\u1810\uff10"
)
_SAME = {
    **{ord(zero) + n: str(n) for zero in _ZEROS for n in range(10)},
    **dict.fromkeys(map(ord, "\u00a0\u202f\u2007\u2009"), " "),
    **dict.fromkeys(map(ord, "\u060c\uff0c"), ","),
    ord("\uff1a"): ":",
    **dict.fromkeys(DROP_MARKS),
}

# Every repetition is bounded or of one class of characters: the patterns are linear (IN-5).
_DATE = r"(\d{1,4})([./-])( ?)(\d{1,2})\2 ?(\d{1,4})(\.?)(?: ?г\.)?"
_TIME = r"(\d{1,2})( ?h ?|[:.])(\d{2})(?:(?: ?min ?|[:.])(\d{2})(?: ?s)?)?"
_WORD = r"[^\d\[\]:,]{1,16}?"
_CLOCK = rf"{_DATE}(?:(,) *| +)(?:({_WORD}) ?)??{_TIME}"
_HALF = r"(?: ?([^\d\[\]:–-]{1,16}?))?"
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("brackets", re.compile(rf"\[{_CLOCK}{_HALF} ?\](?: |$)")),
    ("dash", re.compile(rf"{_CLOCK}{_HALF} [-–](?: |$)")),
    ("colon", re.compile(rf"{_CLOCK}{_HALF}:(?: |$)")),
    ("bare", re.compile(rf"{_CLOCK}() (?=\S)")),
)
_HALVES = MORNING | EVENING | NOON
_HOUR_WORDS = frozenset({"ч", "h", "uhr", "klo", "น"})


class Shape(NamedTuple):
    """How the headers of a file are written, in all that does not change from line to line."""

    form: Form
    layout: Layout
    separator: str
    spaced: bool
    final_dot: bool
    comma: bool
    seconds: bool
    half: Literal["", "before", "after"]


class Header(NamedTuple):
    """The beginning of a message; `at` is where the rest of the line starts."""

    shape: Shape
    numbers: tuple[int, int, int]
    hour: int
    minute: int
    second: int
    at: int
    single_digit: bool

    def wall(self, order: Order) -> datetime | None:
        """The wall clock; None if there is no such day."""
        year, month, day = in_order(self.numbers, order, self.shape.layout)
        if day_number(year, month, day) is None:
            return None
        return datetime(year, month, day, self.hour, self.minute, self.second)  # noqa: DTZ001


def header_of(line: str) -> Header | None:
    """The header with which a line begins, if it is one in any known shape."""
    start = len(line) - len(line.lstrip(MARKS))
    first = line[start : start + 1]
    if first != "[" and not first.isdecimal():
        return None
    window = line[start : start + WINDOW]
    text = window if window.isascii() else window.translate(_SAME)
    for form, pattern in _FORMS:
        if (form == "brackets") != (first == "["):
            continue
        if found := pattern.match(text):
            at = start + _place(window, found.end())
            if header := _header(form, found, at):
                return header
    return None


def author_of(line: str) -> tuple[str | None, int]:
    """Who wrote the rest of a line, and where their text begins; no author in system lines.

    An author ends at the first colon with a space, or at one that ends the line.
    """
    at = line.find(": ")
    if at > 0:
        return line[:at], at + 2
    bare = line.rstrip(MARKS)
    if bare.endswith(":") and len(bare) > 1:
        return bare[:-1], len(line)
    return None, 0


def _header(form: Form, found: re.Match[str], at: int) -> Header | None:
    one, separator, space, two, three, dot, comma, before, hour, _, minute, second, after = (
        found.groups()
    )
    layout = _layout(one, three)
    if layout is None or (form == "bare" and not dot):
        # Without a dash or brackets only the dotted dates of the Balkans are headers: a plain time
        # at the start of a line is what people and logs write.
        return None
    words = fold_half(before or ""), fold_half(after or "")
    place: Literal["", "before", "after"] = ""
    if words[0] in _HALVES:
        place = "before"
    elif not _is_word(before or ""):
        return None
    if words[1] in _HALVES and not place:
        place = "after"
    elif words[1] and words[1] not in _HOUR_WORDS:
        return None
    half = {"": "", "before": words[0], "after": words[1]}[place]
    clock = hour_24(int(hour), half)
    numbers = (int(one), int(two), int(three))
    if clock is None or int(minute) > 59 or int(second or 0) > 59 or not _possible(numbers, layout):
        return None
    shape = Shape(
        form, layout, separator, bool(space), bool(dot), bool(comma), second is not None, place
    )
    single = len(one) == 1 or len(two) == 1
    return Header(shape, numbers, clock, int(minute), int(second or 0), at, single)


def _layout(first: str, last: str) -> Layout | None:
    if len(first) == 4 and len(last) <= 2:
        return "year first"
    if len(last) == 4 and len(first) <= 2:
        return "year last"
    return "short" if len(last) == 2 and len(first) <= 2 else None


def _possible(numbers: tuple[int, int, int], layout: Layout) -> bool:
    """Whether the numbers can be a date in any order; the calendar is asked later."""
    one, two, three = numbers
    if layout == "year first":
        return _are_day_and_month(two, three)
    return _are_day_and_month(one, two) or (layout == "short" and _are_day_and_month(two, three))


def _are_day_and_month(one: int, two: int) -> bool:
    return 1 <= min(one, two) <= 12 and max(one, two) <= 31


def _is_word(text: str) -> bool:
    """Whether this may stand between date and time: nothing, or `klo`, `um`, `à`."""
    word = text.strip().removesuffix(".")
    return not word or (len(word) <= 4 and word.isalpha())


def _place(window: str, end: int) -> int:
    """The place in the line that a place in its copy without marks has.

    Marks behind the header belong to what follows: they tell system lines on iPhones.
    """
    if window[:end].isascii():
        return end
    place = 0
    while end:
        end -= window[place] not in MARKS
        place += 1
    return place
