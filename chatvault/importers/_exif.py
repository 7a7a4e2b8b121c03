"""What EXIF says about a picture: a TIFF structure of a few kilobytes, read with care.

Offsets are only followed inside its own bytes, and from the first directory to two others and no
further, so that no loop and no lie about a count costs anything.
"""

import re
import struct
from datetime import UTC, datetime, timedelta

import msgspec

_MOST_ENTRIES = 512
_MOST_TEXT = 256
_EXIF, _GPS = 0x8769, 0x8825  # offsets of the other two directories
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_TIME = re.compile(r"(\d{4})[:./-](\d\d)[:./-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")

Value = str | tuple[int, ...] | tuple[tuple[int, int], ...]


class Exif(msgspec.Struct, frozen=True):
    """Clocks as `2024-03-09 18:05:30[.123][+01:00]`; empty or None is what the picture lacks."""

    taken: str = ""
    modified: str = ""
    camera: str = ""
    orientation: int | None = None
    width: int | None = None
    height: int | None = None
    latitude: float | None = None
    longitude: float | None = None


def exif(data: bytes) -> Exif | None:
    """The facts of a TIFF structure; None when it is none."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return None
    main = _directory(data, _u32(data, 4, order), order)
    more, gps = (_directory(data, _number(main.get(tag)) or 0, order) for tag in (_EXIF, _GPS))
    return Exif(
        taken=_taken(more, gps),
        modified=_clock(main.get(0x0132)),
        camera=_camera(_text(main.get(0x010F)), _text(main.get(0x0110))),
        orientation=_number(main.get(0x0112)),
        width=_number(more.get(0xA002)) or _number(main.get(0x0100)),
        height=_number(more.get(0xA003)) or _number(main.get(0x0101)),
        latitude=_degrees(gps.get(2), _text(gps.get(1)), most=90),
        longitude=_degrees(gps.get(4), _text(gps.get(3)), most=180),
    )


def _directory(data: bytes, at: int, order: str) -> dict[int, Value]:
    """The entries of the directory at this offset; none where there cannot be one."""
    if not 8 <= at <= len(data) - 2:
        return {}
    (count,) = struct.unpack_from(order + "H", data, at)
    tags: dict[int, Value] = {}
    for number in range(min(count, _MOST_ENTRIES)):
        entry = at + 2 + 12 * number
        if entry + 12 > len(data):
            break
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        size = _SIZES.get(kind, 0) * length
        # Nothing that we read is longer: three rationals, or a name.
        if not size or length > _MOST_TEXT:
            continue
        start = entry + 8 if size <= 4 else _u32(data, entry + 8, order)
        raw = data[start : start + size]
        if len(raw) == size:
            tags.setdefault(tag, _value(raw, kind, order))
    return tags


def _value(raw: bytes, kind: int, order: str) -> Value:
    if kind in {1, 2, 7}:
        return raw.partition(b"\0")[0].decode("utf-8", errors="replace").strip()
    code = {3: "H", 4: "I", 5: "I", 9: "i", 10: "i"}[kind]
    numbers = struct.unpack(f"{order}{len(raw) // struct.calcsize(code)}{code}", raw)
    if kind in {5, 10}:
        return tuple(zip(numbers[::2], numbers[1::2], strict=True))
    return numbers


def _u32(data: bytes, at: int, order: str) -> int:
    return int(struct.unpack_from(order + "I", data, at)[0]) if at + 4 <= len(data) else 0


def _text(value: Value | None) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Value | None) -> int | None:
    first = value[0] if isinstance(value, tuple) and value else None
    return first if isinstance(first, int) else None


def _clock(value: Value | None) -> str:
    found = _TIME.match(_text(value))
    return "{}-{}-{} {}:{}:{}".format(*found.groups()) if found else ""


def _taken(more: dict[int, Value], gps: dict[int, Value]) -> str:
    """DateTimeOriginal, else DateTimeDigitized, each with its own fraction and offset."""
    for time, fraction, offset in ((0x9003, 0x9291, 0x9011), (0x9004, 0x9292, 0x9012)):
        clock = _clock(more.get(time))
        if not clock:
            continue
        digits = _text(more.get(fraction))
        zone = _text(more.get(offset)) or _text(more.get(0x9010))
        zone = zone if _OFFSET.fullmatch(zone) else _offset_by_gps(clock, gps)
        exact = f".{digits[:3]}" if digits.isascii() and digits.isdigit() else ""
        return clock + exact + zone
    return ""


def _offset_by_gps(clock: str, gps: dict[int, Value]) -> str:
    """Satellites tell UTC: the distance to the camera's clock, if it is one that zones have."""
    day = re.fullmatch(r"(\d{4})[:-](\d\d)[:-](\d\d)", _text(gps.get(29)))
    time = gps.get(7)
    if not day or not isinstance(time, tuple) or len(time) != 3:
        return ""
    parts = [_quotient(part) for part in time]
    if None in parts:
        return ""
    hours, minutes, seconds = (part or 0.0 for part in parts)
    try:
        year, month, date = map(int, day.groups())
        start = datetime(year, month, date, tzinfo=UTC)
        moment = start + timedelta(hours=hours, minutes=minutes, seconds=seconds)
        wall = datetime.fromisoformat(clock).replace(tzinfo=UTC)
        away = (wall - moment).total_seconds()
    except (ValueError, OverflowError):
        return ""
    quarters = round(away / 900)
    # A fix can be some seconds old when the picture is taken.
    if abs(away - quarters * 900) > 60 or not -48 <= quarters <= 56:
        return ""
    sign = "-" if quarters < 0 else "+"
    return f"{sign}{abs(quarters) // 4:02}:{abs(quarters) % 4 * 15:02}"


def _quotient(value: object) -> float | None:
    if isinstance(value, tuple) and len(value) == 2 and value[1] != 0:
        return float(value[0]) / float(value[1])
    return None


def _degrees(value: Value | None, side: str, *, most: int) -> float | None:
    if not isinstance(value, tuple) or len(value) != 3 or side not in {"N", "S", "E", "W"}:
        return None
    parts = [_quotient(part) for part in value]
    if parts[0] is None:
        return None
    degrees = parts[0] + (parts[1] or 0.0) / 60 + (parts[2] or 0.0) / 3600
    if not 0 <= degrees <= most:
        return None
    return round(-degrees if side in {"S", "W"} else degrees, 7)


def _camera(make: str, model: str) -> str:
    """Make and model; most models begin with the make."""
    return model if model.startswith(make) else f"{make} {model}".strip()
