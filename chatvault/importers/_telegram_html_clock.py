"""Times on Telegram's pages: `09.03.2024 18:05:30 UTC+01:00`, and without the zone before 2022.

The clock is that of the computer, summer time included, but the offset behind it is the one that
its zone has in winter. So only the zone itself gives the right moment: the one that was told, or
that of this computer where it has this offset; else the offset is taken as it stands.
"""

import re
from datetime import datetime, timedelta

from msgspec.structs import replace

from chatvault.importers._clock import FileClock, iso_time, wall_time, zone_for, zone_named
from chatvault.importers._fields import Malformed
from chatvault.importers._source import Told
from chatvault.model import Assumption, Precision, Timestamp

_STAMP = re.compile(
    r"(\d{2})\.(\d{2})\.(\d{4}) (\d{2}):(\d{2}):(\d{2})(?: (?:UTC|GMT)([+-]\d{1,2}(?::?\d{2})?)?)?",
    re.ASCII,
)
_PRINTED = re.compile(r'title="[0-9. :]{19} (?:UTC|GMT)([+-]\d{1,2}(?::?\d{2})?)?"', re.ASCII)
_DAY = re.compile(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})", re.ASCII)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WHY_LOCAL = (
    "the pages name the offset that their zone has in winter, also in summer; taken is the zone of"
    " this computer, which has it (--timezone to change it)"
)
_WHY_PRINTED = (
    "the pages name the offset that their zone has in winter, also in summer: times in summer may"
    " be one hour off (--timezone to say the zone)"
)


def day_of(text: str) -> datetime | None:
    """The day of a line such as `9 March 2024`."""
    found = _DAY.fullmatch(text)
    if not found or found[2] not in MONTHS:
        return None
    try:
        return datetime(int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]))  # noqa: DTZ001
    except ValueError:
        return None


class PageClock:
    """The clock of one chat; `assumption` is what had to be taken as given, once it had."""

    def __init__(self, told: Told, head: str = "") -> None:
        self._told = told
        self._clocks: dict[str, FileClock] = {}
        self.assumption: Assumption | None = None
        found = _PRINTED.search(head)
        # For days, which come before the first message and say nothing about the zone.
        self._offset = _minutes(found[1]) if found else None

    def time(self, text: str, *, main: bool = True) -> Timestamp:
        """The moment of a clock on a page; `main` if it is that of a message, in their order."""
        found = _STAMP.fullmatch(text.strip())
        if not found:
            raise Malformed("not a time such as 09.03.2024 18:05:30")
        day, month, year, hour, minute, second = map(int, found.groups()[:6])
        try:
            wall = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
        except ValueError as cause:
            raise Malformed("a time that no clock shows") from cause
        offset = _minutes(found[7]) if "UTC" in text or "GMT" in text else None
        zone = self._zone(offset, wall)
        if zone is None:
            return iso_time(f"{wall.isoformat(sep='T')}{_written(offset or 0)}", "UTC")
        if not main:
            return wall_time(wall, zone)
        if zone not in self._clocks:
            self._clocks[zone] = FileClock(zone)
        return self._clocks[zone].time(wall)

    def day(self, day: datetime) -> Timestamp:
        """A day of which no more is known."""
        zone = self._zone(self._offset, day)
        if zone is not None:
            return wall_time(day, zone, precision=Precision.DAY)
        start = iso_time(f"{day.isoformat(sep='T')}{_written(self._offset or 0)}", "UTC")
        return replace(
            start,
            as_exported=day.date().isoformat(),
            offset_minutes=None,
            precision=Precision.DAY,
        )

    def _zone(self, offset: int | None, wall: datetime) -> str | None:
        """The zone in which a clock is read; None if only its offset is known."""
        if offset is None:
            zone, assumed = zone_for(self._told)
            self.assumption = self.assumption or assumed
            return zone
        self._offset = offset
        for known, why in ((self._told.zone, ""), (self._told.local_zone, _WHY_LOCAL)):
            if known is not None and _has(known, offset, wall):
                if why:
                    self._assume(known, why)
                return known
            if known is not None and not why:
                break  # what was told is not overruled by a guess
        self._assume(f"UTC{_written(offset)}", _WHY_PRINTED)
        return None

    def _assume(self, value: str, why: str) -> None:
        self.assumption = self.assumption or Assumption(what="timezone", value=value, why=why)


def _has(zone: str, offset: int, wall: datetime) -> bool:
    """Whether a zone had this offset in the winter of that year."""
    here = zone_named(zone)
    local = wall.replace(tzinfo=here)
    total = here.utcoffset(local) or timedelta()
    return total - (here.dst(local) or timedelta()) == timedelta(minutes=offset)


def _minutes(written: str | None) -> int:
    """An offset such as `+01:00`; plain UTC has none."""
    if not written:
        return 0
    digits = written[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    total = int(hours) * 60 + int(minutes)
    if total > 15 * 60:
        raise Malformed("an offset from UTC that no zone has")
    return -total if written[0] == "-" else total


def _written(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
