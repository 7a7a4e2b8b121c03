"""Times as people have them in spreadsheets: ISO 8601, numbers since 1970, or a date by its local
habit, whose order of day and month only a whole column tells.

    parse("2026-01-02T10:00:00+01:00")   a Timestamp
    parse("2026-01-02 10:00")            a Wall, to be placed in a zone
    parse("02/01/2026 10:00")            a Written, of which the order must be known first
"""

import re
from datetime import datetime

import msgspec

from chatvault.importers._clock import fold_half, hour_24, iso_time
from chatvault.importers._date_order import DateOrder, Layout, Order, day_number, in_order
from chatvault.importers._fields import Malformed, number, unix_time
from chatvault.model import Precision, Timestamp


class Wall(msgspec.Struct, frozen=True):
    """A clock without a zone."""

    clock: datetime
    precision: Precision


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A date of three numbers and the time of its day; `offset` as ISO 8601 writes it, or empty."""

    numbers: tuple[int, int, int]
    layout: Layout
    separator: str
    single_digit: bool
    clock: tuple[int, int, int, int] | None  # None: a whole day; the last are microseconds
    precision: Precision
    offset: str

    def settled(self, order: Order) -> Timestamp | Wall:
        """The moment or clock that this is in one order; Malformed if no calendar has it."""
        year, month, day = in_order(self.numbers, order, self.layout)
        hour, minute, second, micro = self.clock or (0, 0, 0, 0)
        try:
            clock = datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001
        except (ValueError, OverflowError) as cause:
            raise Malformed("a time that no clock shows") from cause
        if not self.offset:
            return Wall(clock, self.precision)
        steps = {Precision.MINUTE: "minutes", Precision.SECOND: "seconds"}
        written = clock.isoformat(timespec=steps.get(self.precision, "milliseconds"))
        return iso_time(written + self.offset, "UTC")

    def place(self, order: Order) -> tuple[int, ...]:
        """Something that grows with time, to compare neighbours by; empty for no day at all."""
        day = day_number(*in_order(self.numbers, order, self.layout))
        return () if day is None else (day, *(self.clock or ()))


When = Timestamp | Wall | Written

LONGEST = 64  # characters of a time
# Seconds below this are of the year 1973 and earlier: a row number, or the days of a spreadsheet.
SMALLEST = 100_000_000
_NUMBER = re.compile(r"-?\d{1,25}(?:\.\d{1,12})?", re.ASCII)
# Digits that are no number of seconds, ms, us or ns since 2001, but are a date.
_COMPACT = re.compile(r"((?:19|20)\d\d)([01]\d)([0-3]\d)(?:T?([0-2]\d)([0-5]\d)([0-5]\d)?)?(Z?)")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})", re.ASCII)
_CLOCK = re.compile(
    r"(?P<before>[^\W\d_]+ ?)?(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)"
    r"(?::(?P<second>[0-5]\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<after>[^\W\d_][^\d:+-]*?)? ?(?P<offset>[+-]\d{2}:?\d{2})?"
)
_UTC = frozenset({"z", "utc", "gmt"})


def parse(text: str) -> When:
    """What a cell says about time; Malformed if it says nothing that is certain."""
    text = " ".join(text.split())
    if not text:
        raise Malformed("no time")
    if len(text) > LONGEST:
        raise Malformed("a time that is too long")
    if compact := _COMPACT.fullmatch(text):
        return _compact(*compact.groups())
    if _NUMBER.fullmatch(text):
        return since_1970(text)
    if _DAY.fullmatch(text):
        text += " 00:00"
        found = _iso(text)
        return Wall(found.clock, Precision.DAY) if isinstance(found, Wall) else found
    head, _, zone = text.rpartition(" ")
    if head and zone.casefold() in _UTC:
        try:
            return _iso(head + "Z")
        except Malformed:
            return _written(text)
    try:
        return _iso(text)
    except Malformed:
        return _written(text)


def since_1970(value: str | int | float) -> Timestamp:
    """The moment of a number of seconds, or by its size of ms, us or ns."""
    if abs(number(value)) < SMALLEST:
        raise Malformed("a number that is too small for a time since 1973: make the column a date")
    return unix_time(value)


def _iso(text: str) -> Timestamp | Wall:
    found = iso_time(text, "UTC")
    if found.offset_minutes is not None:
        return found
    return Wall(datetime.fromisoformat(found.as_exported), found.precision)


def _compact(
    year: str, month: str, day: str, hour: str | None, minute: str | None, second: str | None,
    utc: str,
) -> Timestamp | Wall:  # fmt: skip
    date = f"{year}-{month}-{day}"
    if hour is None:
        found = _iso(f"{date} 00:00")
        return Wall(found.clock, Precision.DAY) if isinstance(found, Wall) else found
    return _iso(f"{date} {hour}:{minute}{':' + second if second else ''}{utc}")


def _written(text: str) -> When:
    date, _, rest = text.partition(" ")
    found = _DATE.fullmatch(date.rstrip(","))
    if not found:
        raise Malformed("not a time such as 2024-05-17 15:04:05")
    first, separator, second, third = found.groups()
    clock, precision, offset = _clock(rest) if rest else (None, Precision.DAY, "")
    written = Written(
        numbers=(int(first), int(second), int(third)),
        layout="year last" if len(third) == 4 else "short",
        separator=separator,
        single_digit=len(first) == 1 or len(second) == 1,
        clock=clock,
        precision=precision,
        offset=offset,
    )
    if len(first) < 3:
        return written
    # Behind a year of four digits nobody writes the day before the month.
    return msgspec.structs.replace(written, layout="year first").settled("ymd")


def _clock(text: str) -> tuple[tuple[int, int, int, int], Precision, str]:
    found = _CLOCK.fullmatch(text)
    if not found:
        raise Malformed("a time of day that is not understood")
    offset, half = found["offset"] or "", found["before"] or found["after"] or ""
    if fold_half(half) in _UTC:
        offset, half = offset or "+00:00", ""
    hour = hour_24(int(found["hour"]), half.strip())
    if hour is None:
        raise Malformed("an hour that no clock shows")
    fraction = found["fraction"] or ""
    clock = (hour, int(found["minute"]), int(found["second"] or 0), int(fraction[:6].ljust(6, "0")))
    if fraction:
        return clock, Precision.MILLISECOND, offset
    return clock, Precision.SECOND if found["second"] else Precision.MINUTE, offset


class Column:
    """What all times of a file say together: the order of day and month, and which way they run."""

    def __init__(self) -> None:
        self.clocks = False  # whether any has no zone
        self.dates: dict[Layout, DateOrder] = {}
        self.separators: dict[Layout, str] = {}
        self.units: set[int] = set()  # digits of numbers that are no seconds
        self._last: dict[str, tuple[int, ...]] = {}
        self._up: dict[str, int] = {}
        self._down: dict[str, int] = {}

    def add(self, when: When) -> None:
        """Count one more time, in the order of the file."""
        if isinstance(when, Timestamp):
            self._step("", (when.utc_ms,))
            return
        self.clocks |= not (isinstance(when, Written) and when.offset)
        if isinstance(when, Wall):
            self._step("wall", when.clock.timetuple()[:6])
            return
        order = self.dates.setdefault(when.layout, DateOrder(when.layout))
        self.separators.setdefault(when.layout, when.separator)
        order.add(when.numbers, single_digit=when.single_digit)
        for one in order.orders:
            if place := when.place(one):
                self._step(one, place)

    def newest_first(self, orders: dict[Layout, Order]) -> bool:
        """Whether times go down more often than up."""
        names = ["", "wall", *orders.values()]
        return sum(self._down.get(one, 0) for one in names) > sum(
            self._up.get(one, 0) for one in names
        )

    def _step(self, name: str, place: tuple[int, ...]) -> None:
        last = self._last.get(name, place)
        if place > last:
            self._up[name] = self._up.get(name, 0) + 1
        elif place < last:
            self._down[name] = self._down.get(name, 0) + 1
        self._last[name] = place
