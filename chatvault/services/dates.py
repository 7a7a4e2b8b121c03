"""Dates as people type them, as spans of UTC milliseconds; times as people and programs read them.

Nothing here knows the clock or the zone of the machine: both are given.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

import msgspec

from chatvault.errors import Usage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MOMENT = datetime(1, 1, 1, tzinfo=UTC)
_LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
REMEDY = "write 2024, 2024-05, 2024-05-17, 2024-05-17T08:00, 7d, 2w, 3mo, 1y, today or yesterday"

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_CLOCK = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.IGNORECASE,
)
_AGO = re.compile(r"([0-9]{1,5})(d|w|mo|y)", re.IGNORECASE)


class Span(msgspec.Struct, frozen=True):
    """A stretch of time in UTC milliseconds: `start` belongs to it, `end` does not."""

    start: int
    end: int


def span(text: str, *, now: datetime, zone: tzinfo) -> Span:
    """The whole year, month, day, minute or second that a date names, in a zone.

    `7d` is the day seven days before today; weeks, months and years (`2w`, `3mo`, `1y`) likewise.
    """
    word = text.strip()
    today = now.astimezone(zone).date()
    if word.casefold() in ("today", "yesterday"):
        return _day(today - timedelta(days=word.casefold() == "yesterday"), zone)
    if found := _AGO.fullmatch(word):
        return _day(_ago(today, int(found[1]), found[2].casefold()), zone)
    try:
        if found := _DATE.fullmatch(word):
            return _calendar(*found.groups(), zone=zone)
        if found := _CLOCK.fullmatch(word):
            return _clock(found, zone)
    except ValueError as cause:
        raise Usage("there is no such day or time", remedy=REMEDY) from cause
    raise Usage("this is not a date", remedy=REMEDY)


def is_ago(text: str) -> bool:
    """Whether a date counts back from today (`7d`)."""
    return _AGO.fullmatch(text.strip()) is not None


def _ago(today: date, count: int, unit: str) -> date:
    try:
        if unit in ("d", "w"):
            day = today - timedelta(days=count * (7 if unit == "w" else 1))
        else:
            months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
            first = date(months // 12, months % 12 + 1, 1)
            # Three months before 31 May is the last day of February.
            last = _next_month(first) - timedelta(days=1)
            day = min(first.replace(day=1) + timedelta(days=today.day - 1), last)
    except (OverflowError, ValueError) as cause:
        raise Usage("this is too long ago", remedy=REMEDY) from cause
    if day.year < _FIRST_YEAR:
        raise Usage("this is too long ago", remedy=REMEDY)
    return day


def _calendar(year: str, month: str | None, day: str | None, *, zone: tzinfo) -> Span:
    _check_year(int(year))
    if month is None:
        return Span(_ms(date(int(year), 1, 1), zone), _ms(date(int(year) + 1, 1, 1), zone))
    first = date(int(year), int(month), 1)
    if day is None:
        return Span(_ms(first, zone), _ms(_next_month(first), zone))
    return _day(first.replace(day=int(day)), zone)


def _clock(found: re.Match[str], zone: tzinfo) -> Span:
    day = date.fromisoformat(found[1])
    _check_year(day.year)
    hour, minute, second = int(found[2]), int(found[3]), int(found[4] or 0)
    told = datetime.fromisoformat(f"2000-01-01T00:00{found[5].upper()}") if found[5] else None
    at = datetime(
        *(day.year, day.month, day.day, hour, minute, second),
        tzinfo=told.tzinfo if told else zone,
    )
    start = _utc_ms(at)
    return Span(start, start + (1_000 if found[4] else 60_000))


def _check_year(year: int) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Usage(f"the year is not between {_FIRST_YEAR} and {_LAST_YEAR}", remedy=REMEDY)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _day(day: date, zone: tzinfo) -> Span:
    return Span(_ms(day, zone), _ms(day + timedelta(days=1), zone))


def _ms(day: date, zone: tzinfo) -> int:
    # Where clocks jump over midnight, this is the first moment of the day; where midnight comes
    # twice, the first of the two. So every moment belongs to exactly one day.
    return _utc_ms(datetime(day.year, day.month, day.day, tzinfo=zone))


def _utc_ms(at: datetime) -> int:
    return (at.astimezone(UTC) - _EPOCH) // _MILLISECOND


def _moment(utc_ms: int) -> datetime:
    try:
        return _EPOCH + utc_ms * _MILLISECOND
    except OverflowError:
        # What no calendar holds is shown as the calendar's end and not as a crash.
        return _LAST_MOMENT if utc_ms > 0 else _FIRST_MOMENT


def show_time(utc_ms: int, zone: tzinfo) -> str:
    """A time as people read it, in a zone: `2024-05-17 08:00:05`."""
    moment = _moment(utc_ms)
    try:
        moment = moment.astimezone(zone)
    except OverflowError:
        moment = moment.replace(tzinfo=zone)
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def iso_z(utc_ms: int) -> str:
    """A time as programs read it: `2024-05-17T08:00:05Z`, with milliseconds only if it has any."""
    moment = _moment(utc_ms).replace(tzinfo=None)
    return moment.isoformat("T", "milliseconds" if moment.microsecond else "seconds") + "Z"
