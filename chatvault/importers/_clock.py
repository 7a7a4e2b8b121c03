"""Wall clock text to Timestamp: zone, the hour that occurs twice, 12 hours with morning or evening.

    wall_time(datetime(2024, 5, 17, 15, 4), "Europe/Berlin", precision=Precision.MINUTE)
    iso_time("2024-05-17 15:04:05", "Asia/Shanghai")

Which of two numbers is the day is decided in `_date_order.py`, over a whole file.
"""

import re
import unicodedata
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from chatvault.errors import NeedsAnswer
from chatvault.importers._fields import EARLIEST_MS, LATEST_MS, Malformed
from chatvault.importers._source import Told
from chatvault.model import Assumption, Precision, Timestamp

# What phones print beside the hour, folded: without dots and spaces, in lower case.
MORNING = frozenset({
    "am", "a", "fm", "vorm", "de", "πμ", "ص", "صباحا", "قظ", "قبلازظهر", "午前", "上午", "凌晨",
    "早上", "清晨", "오전", "sa", "öö", "дп", "пд", "pg", "पूर्वाह्न", "ก่อนเที่ยง",
    "damanhã", "manhã", "dop", "dopoldne", "ap", "vm", "förmiddag", "priešpiet", "priekšp",
    "priekšpusdienā", "pd", "eparadites", "prijepodne", "пријеподне", "проб", "претпл",
    "тң", "таңкы", "to", "то", "sf", "safiya", "rn", "matin", "לפנה״צ", "ਪੂਦੁ", "ጥዋት",
    "ກ່ອນທ່ຽງ",
})  # fmt: skip
EVENING = frozenset({
    "pm", "p", "em", "nachm", "du", "μμ", "م", "مساء", "بظ", "بعدازظهر", "午後", "下午", "傍晚",
    "晚上", "오후", "ch", "ös", "пп", "ptg", "अपराह्न", "หลังเที่ยง",
    "datarde", "tarde", "odp", "pop", "popoldne", "ip", "nm", "eftermiddag", "popiet", "pēcp",
    "pēcpusd", "pēcpusdienā", "md", "epasdites", "popodne", "поподне", "слоб", "попл", "тк",
    "түштөнкийинки", "tk", "ym", "yamma", "in", "soir", "אחה״צ", "ਬਾਦੁ", "ከሰዓት", "ຫຼັງທ່ຽງ",
})  # fmt: skip
NOON = frozenset({"中午"})  # eleven is still morning; twelve and one are not

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r" ?(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_DROPPED = frozenset(".\u064b\u064c\u064d\u064e\u064f\u0650")  # dots and Arabic vowel signs
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (naive on purpose: wall clocks are subtracted from it)
_MS = timedelta(milliseconds=1)
# Lines of one minute are exported out of order by a few seconds; a clock set back jumps further.
_JITTER_MS = 120_000
_NEAR_MS = 3 * 3_600_000


@lru_cache(maxsize=64)
def zone_named(name: str) -> tzinfo:
    """The time zone of this IANA name; NeedsAnswer if there is none."""
    try:
        return ZoneInfo(name)
    # Unknown is a KeyError, a path a ValueError, a folder of zones such as "Europe" an OSError.
    except (KeyError, ValueError, OSError) as cause:
        raise NeedsAnswer(
            "there is no time zone of this name",
            remedy="give --timezone a name such as Europe/Berlin or Asia/Shanghai",
        ) from cause


def zone_for(told: Told, home: str | None = None) -> tuple[str, Assumption | None]:
    """The zone for clocks without one, checked; and what to tell in the receipt if nobody said it.

    `home` is the zone of the platform, where its exports have one.
    """
    if told.zone is not None:
        zone_named(told.zone)
        return told.zone, None
    zone = home or told.local_zone
    zone_named(zone)
    source = "the home of this platform" if home else "the zone of this computer"
    why = f"the export has no time zone; taken is {source} (--timezone to change it)"
    return zone, Assumption(what="timezone", value=zone, why=why)


def wall_time(wall: datetime, zone: str, *, precision: Precision = Precision.SECOND) -> Timestamp:
    """The moment a wall clock (without zone) in `zone` shows; Malformed outside 1970 to 2100.

    An hour that occurs twice counts as its first time (FileClock knows better). An hour that the
    clock skipped counts as if it had not been set forward.
    """
    return Timestamp(
        utc_ms=_in_range(_utc_ms(wall, zone_named(zone), 0)),
        as_exported=_iso(wall, precision),
        precision=precision,
        basis=f"assumed:{zone}",
    )


def iso_time(text: str, zone: str) -> Timestamp:
    """The moment of `2024-05-17 15:04[:05[.123]]`; an offset in the text wins over `zone`."""
    found = _ISO.fullmatch(text.strip())
    if not found:
        raise Malformed("not a time such as 2024-05-17 15:04:05")
    *numbers, second, fraction, offset = found.groups()
    year, month, day, hour, minute = map(int, numbers)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        wall = datetime(year, month, day, hour, minute, int(second or 0), micro)  # noqa: DTZ001
    except ValueError as cause:
        raise Malformed("a time that no clock shows") from cause
    precision = Precision.MINUTE
    if second:
        precision = Precision.MILLISECOND if fraction else Precision.SECOND
    if offset is None:
        return wall_time(wall, zone, precision=precision)
    minutes = 0
    if offset != "Z":
        minutes = int(offset[1:3]) * 60 + int(offset[-2:])
        minutes = -minutes if offset[0] == "-" else minutes
    if abs(minutes) > 15 * 60:
        raise Malformed("an offset from UTC that no zone has")
    return Timestamp(
        utc_ms=_in_range(_utc_ms(wall, timezone(timedelta(minutes=minutes)), 0)),
        as_exported=text.strip(),
        offset_minutes=minutes,
        precision=precision,
        basis="offset",
    )


class FileClock:
    """The wall clocks of one file, in its order: it tells an hour that comes twice the first time
    from the second.

    In such an hour a clock that goes back means that the second time has begun; without that sign
    it is the first.
    """

    def __init__(self, zone: str) -> None:
        self._basis = f"assumed:{zone}"
        self._zone = zone_named(zone)
        self._last_ms: int | None = None

    def time(self, wall: datetime, *, precision: Precision = Precision.SECOND) -> Timestamp:
        """The moment that the next clock of the file shows; Malformed outside 1970 to 2100."""
        utc_ms = _utc_ms(wall, self._zone, 0)
        behind = 0 if self._last_ms is None else self._last_ms - utc_ms
        if _JITTER_MS < behind <= _NEAR_MS:
            # In a gap the second is before the first, and the first is right.
            utc_ms = max(utc_ms, _utc_ms(wall, self._zone, 1))
        self._last_ms = _in_range(utc_ms)
        return Timestamp(
            utc_ms=utc_ms,
            as_exported=_iso(wall, precision),
            precision=precision,
            basis=self._basis,
        )


def hour_24(hour: int, half: str) -> int | None:
    """The hour of the day, from an hour and its half of the day (`p. m.`, `下午`); None if none."""
    if not half:
        return hour if 0 <= hour <= 23 else None
    word = fold_half(half)
    if word in NOON:
        late = hour in {12, 1}
    elif word in MORNING or word in EVENING:
        late = word in EVENING
    else:
        return None
    if late:
        hour = hour + 12 if hour < 12 else hour
    elif hour == 12:
        hour = 0
    return hour if 0 <= hour <= 23 else None


@lru_cache(maxsize=256)
def fold_half(half: str) -> str:
    """A word for half of the day as it stands in the tables: no dots, no spaces, lower case."""
    plain = unicodedata.normalize("NFKC", half).casefold()
    return "".join(c for c in plain if c not in _DROPPED and not c.isspace())


def _utc_ms(wall: datetime, zone: tzinfo, fold: int) -> int:
    naive = wall.replace(tzinfo=None)
    offset = zone.utcoffset(naive.replace(tzinfo=zone, fold=fold)) or timedelta()
    return (naive - _EPOCH - offset) // _MS


def _in_range(utc_ms: int) -> int:
    if not EARLIEST_MS <= utc_ms < LATEST_MS:
        raise Malformed("a time out of range")
    return utc_ms


def _iso(wall: datetime, precision: Precision) -> str:
    if precision is Precision.DAY:
        return wall.date().isoformat()
    steps = {Precision.MINUTE: "minutes", Precision.SECOND: "seconds"}
    return wall.replace(tzinfo=None, fold=0).isoformat(
        timespec=steps.get(precision, "milliseconds")
    )
