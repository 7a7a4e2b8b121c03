"""The two ways in which Threema begins a message in the text of a chat, and what it says there.

    [09.03.2024, 19:05] Bram: Image: look <0a1b2c3d-....jpg>           Android, dates by its locale
    <<< (Bram) 9 March 2024 at 19:05:30 GMT+1: Image (....jpg)         iPhone, in words

In a talk of two the iPhone names nobody: `<<<` came in, `>>>` went out.
"""

import re
from datetime import timedelta, timezone
from typing import NamedTuple

from chatvault.importers._clock import iso_time
from chatvault.importers._fields import Malformed
from chatvault.importers._generic_time import Wall, When, parse
from chatvault.importers._google_dates import clock_in_words
from chatvault.model import Precision

_ANDROID = re.compile(
    r"\[(?P<first>\d{1,4})(?P<mark>[./-]) ?(?P<second>\d{1,2})(?P=mark) ?(?P<third>\d{1,4})\.?,?"
    r"\s(?P<clock>(?:[^\W\d]{1,8}[.\s]{0,2})?\d{1,2}[:.]\d\d(?:\s[^\W\d][^\]\d\n]{0,9})?)\] "
)
_IPHONE = re.compile(
    r"(?P<way>>>>|<<<) (?:\((?P<name>.{1,256}?)\) )?"
    r"(?P<date>[^\n]{4,60}?\d{1,2}[:.]\d\d[:.]\d\d(?:[^\n:]|:\d\d){0,24}?):(?: |\Z)"
)
_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)")
_OFFSET = re.compile(r"\b(?:GMT|UTC)(?:([+\u2212-])(\d{1,2})(?::(\d\d))?)?")
# An abbreviation such as MEZ or EDT: it names no zone for sure, so it is not used.
_ABBREVIATION = re.compile(r"\s(?!AM\b|PM\b)[A-Z]{2,5}\Z")
_ME = frozenset({"Me", "Ich", "Moi", "Yo", "Io", "Ik", "Eu", "Ja", "J\u00e1", "\u042f", "\u6211"})
_LONGEST_NAME = 256


class Head(NamedTuple):
    """The beginning of a message; the text is what stands behind `end`."""

    iphone: bool
    date: str
    end: int
    name: str = ""
    mine: bool | None = None


def head(line: str) -> Head | None:
    """What a line begins with; None if no message begins in it."""
    if found := _ANDROID.match(line):
        if 4 not in (len(found["first"]), len(found["third"])):
            return None
        return Head(iphone=False, date=_numbers(found), end=found.end())
    if (found := _IPHONE.match(line)) and _YEAR.search(found["date"]):
        name, mine = found["name"] or "", found["way"] == ">>>"
        return Head(iphone=True, date=found["date"], end=found.end(), name=name, mine=mine)
    return None


def _numbers(found: re.Match[str]) -> str:
    """A date of Android as `parse` reads it. Only behind slashes may the month come first."""
    first, mark, second, third = found["first"], found["mark"], found["second"], found["third"]
    clock = re.sub(r"(\d)\.(\d\d)", r"\1:\2", found["clock"])
    if len(first) < 4 and mark == "/":
        return f"{first}/{second}/{third} {clock}"
    year, day = (first, third) if len(first) == 4 else (third, first)
    return f"{year}-{second:0>2}-{day:0>2} {clock}"


def moment(begin: Head) -> When:
    """When it was; Malformed if that is not known."""
    if not begin.iphone:
        return parse(begin.date)
    offset = _OFFSET.search(begin.date)
    plain = begin.date[: offset.start()] + begin.date[offset.end() :] if offset else begin.date
    wall = clock_in_words(_ABBREVIATION.sub("", plain.strip()))
    if wall is None:
        raise Malformed("a date in words that are not known")
    if offset is None:
        return Wall(wall, Precision.SECOND)
    sign, hours, minutes = offset.groups()
    away = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        zone = timezone(away if sign in (None, "+") else -away)
    except ValueError as cause:
        raise Malformed("an offset from UTC that no zone has") from cause
    return iso_time(wall.replace(tzinfo=zone).isoformat(), "UTC")


def said(begin: Head, body: str) -> tuple[Head, str]:
    """Who sent it and the text; Android writes the name in front of the text."""
    if begin.iphone:
        return begin, body
    name, colon, text = body.partition(": ")
    if not colon and body.endswith(":"):
        name, colon, text = body[:-1], ":", ""
    if not colon or "\n" in name or not 0 < len(name) <= _LONGEST_NAME:
        return begin, body
    if name in _ME:
        return begin._replace(mine=True), text
    return begin._replace(name=name), text
