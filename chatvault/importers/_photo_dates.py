"""When a photo was taken: the best of what its header, its sidecar, its name and its file say.

Every source can be wrong in its own way, so an implausible time gives way to the next source:
cameras whose clock was never set, zips without dates, files that are older than their content.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from chatvault.importers._clock import hour_24, iso_time, wall_time
from chatvault.importers._fields import LATEST_MS, Malformed
from chatvault.importers._media_facts import Facts
from chatvault.model import Precision, Timestamp

_DAY_MS = 86_400_000
_FROM_1990_MS = 631_152_000_000
# What cameras and zips show that were never told the time (the last two are hearsay).
_DEFAULTS = ("1970-01-01", "1980-01-01", "2000-01-01T00:00:00", "2002-12-08T12:00:00")


class Taken(NamedTuple):
    """A time and which source it is from: `exif`, `name`, `mtime` …"""

    at: Timestamp
    source: str


def taken(
    facts: Facts, name: str, *, sidecar_ms: int | None, modified_ms: int | None, zone: str
) -> Taken | None:
    """The time of the best plausible source; None when there is none."""
    latest = LATEST_MS
    if modified_ms is not None and modified_ms >= _FROM_1990_MS:
        latest = min(LATEST_MS, modified_ms + 2 * _DAY_MS)
    for found in _all(facts, name, sidecar_ms=sidecar_ms, modified_ms=modified_ms, zone=zone):
        default = found.at.as_exported.startswith(_DEFAULTS) and found.source != "name"
        if _FROM_1990_MS <= found.at.utc_ms < latest and not default:
            return found
    return None


def by_header(facts: Facts, zone: str) -> Timestamp | None:
    """The first time the header itself tells, for comparing two files of one picture."""
    for _, clock in facts.clocks:
        if (at := _clock(clock, zone)) is not None:
            return at
    return None


def _all(
    facts: Facts, name: str, *, sidecar_ms: int | None, modified_ms: int | None, zone: str
) -> Iterator[Taken]:
    utc = _utc_in_name(name)
    for source, clock in facts.clocks:
        at = _clock(clock, zone)
        if at is not None:
            yield Taken(_with_offset(at, clock, utc) if source == "exif" else at, source)
    if sidecar_ms is not None:
        yield Taken(_moment(sidecar_ms, str(sidecar_ms // 1000)), "sidecar")
    if (named := by_name(name, zone)) is not None:
        yield Taken(named, "name")
    # The time of the last edit: worse than a name, better than what copying leaves of a file.
    if facts.modified and (at := _clock(facts.modified, zone)) is not None:
        yield Taken(at, "exif-modified")
    if modified_ms is not None and 0 <= modified_ms < LATEST_MS:
        yield Taken(_moment(modified_ms, str(modified_ms)), "mtime")


def _clock(text: str, zone: str) -> Timestamp | None:
    try:
        at = iso_time(text.replace(" ", "T"), zone)
    except Malformed:
        return None
    # Z says how the file counts, not where the camera was.
    return msgspec.structs.replace(at, offset_minutes=None) if text.endswith("Z") else at


def _moment(utc_ms: int, as_exported: str) -> Timestamp:
    whole = utc_ms % 1000 == 0
    precision = Precision.SECOND if whole else Precision.MILLISECOND
    return Timestamp(utc_ms=utc_ms, as_exported=as_exported, precision=precision)


def _with_offset(at: Timestamp, clock: str, utc: datetime | None) -> Timestamp:
    """Where the camera's clock has no zone and the name tells UTC, their distance is the zone."""
    if utc is None or at.offset_minutes is not None:
        return at
    wall = datetime.fromisoformat(at.as_exported)
    minutes, rest = divmod(round((wall - utc).total_seconds()), 60)
    if rest or minutes % 15 or not -12 * 60 <= minutes <= 14 * 60:
        return at
    sign = "-" if minutes < 0 else "+"
    try:
        offset = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        return iso_time(clock.replace(" ", "T") + offset, "UTC")
    except Malformed:
        return at


# Names

_PIXEL = re.compile(r"PXL_(\d{8})_(\d{6})(\d{3})?")
_COMPACT = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)[_-](\d\d)(\d\d)(\d\d)(?:(?=[^\d])|(?=\d{3}(?!\d))|$)"
)
_SPELLED = re.compile(
    r"(?<!\d)((?:19|20)\d\d)-(\d\d)-(\d\d)(?:[-_ T]| at )"
    r"(\d{1,2})[-.:h]?(\d\d)[-.:m]?(\d\d)(?!\d)(?:[\s\u202f]?([AaPp][Mm])\b)?"
)
_TELEGRAM = re.compile(r"@(\d\d)-(\d\d)-(\d{4})_(\d\d)-(\d\d)-(\d\d)(?!\d)")
_WHATSAPP = re.compile(r"(?:IMG|VID|PTT|STK|AUD|DOC)-(\d{4})(\d\d)(\d\d)-WA\d+", re.IGNORECASE)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)-(\d\d)-(\d\d)(?!\d)")
_NUMBER = re.compile(r"(?:(?:mmexport|wx_camera_|microMsg\.|FB_IMG_)(\d{13})|(\d{13})|(\d{10}))\D*")


def by_name(name: str, zone: str) -> Timestamp | None:
    """The time that apps and cameras write into the name of a file; None if there is none."""
    stem = name.rpartition(".")[0] or name
    try:
        return _named(stem, zone)
    except (Malformed, ValueError):
        return None  # digits that are no time


def _named(stem: str, zone: str) -> Timestamp | None:
    if (utc := _utc_in_name(stem)) is not None:
        return _clock(f"{utc.isoformat(timespec='milliseconds')}Z", zone)
    if found := _WHATSAPP.match(stem):
        return _day(*found.groups(), zone=zone)
    if found := _TELEGRAM.search(stem):
        day, month, year, hour, minute, second = map(int, found.groups())
        return wall_time(datetime(year, month, day, hour, minute, second), zone)  # noqa: DTZ001
    if found := _SPELLED.search(stem):
        *numbers, half = found.groups()
        year, month, day, hour, minute, second = map(int, numbers)
        whole = hour_24(hour, half or "")
        if whole is not None:
            wall = datetime(year, month, day, whole, minute, second)  # noqa: DTZ001
            return wall_time(wall, zone)
    if found := _COMPACT.search(stem):
        year, month, day, hour, minute, second = map(int, found.groups())
        return wall_time(datetime(year, month, day, hour, minute, second), zone)  # noqa: DTZ001
    if found := _NUMBER.fullmatch(stem):
        exact = found[1] or found[2]
        at = int(exact) if exact else int(found[3]) * 1000
        return _moment(at, exact or found[3]) if _FROM_1990_MS <= at < LATEST_MS else None
    if found := _DAY.search(stem):
        return _day(*found.groups(), zone=zone)
    return None


def _day(year: str, month: str, day: str, *, zone: str) -> Timestamp:
    wall = datetime(int(year), int(month), int(day))  # noqa: DTZ001
    return wall_time(wall, zone, precision=Precision.DAY)


def _utc_in_name(name: str) -> datetime | None:
    """Google's camera names its pictures by UTC (reported by users, not by Google)."""
    found = _PIXEL.match(name)
    if found is None:
        return None
    try:
        return datetime.strptime(  # noqa: DTZ007
            found[1] + found[2] + (found[3] or "000"), "%Y%m%d%H%M%S%f"
        )
    except ValueError:
        return None


def near(one: Timestamp | None, other: Timestamp | None) -> bool:
    """Whether two files can be one shot: within 3 s, or nobody knows.

    Where one has no zone of its own the difference may also be a whole number of quarter hours.
    """
    if one is None or other is None:
        return True
    apart = abs(one.utc_ms - other.utc_ms)
    assumed = one.basis.startswith("assumed") or other.basis.startswith("assumed")
    if assumed and apart <= _DAY_MS:
        apart = min(apart % 900_000, 900_000 - apart % 900_000)
    return apart <= 3000
