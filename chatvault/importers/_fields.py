"""Typed access to the fields of one item; everything that is wrong with it is one exception."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, TypeVar, overload

from chatvault.model import Precision, Timestamp

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")

# A safety limit: before 1970 or later than this is no time a message can have. Importers
# have no clock, so the upper bound is a fixed year; ingest, which knows the time, marks the rest.
EARLIEST_MS = 0
LATEST_MS = 4_102_444_800_000  # 2100-01-01


class Malformed(ValueError):
    """One item is not as the format says; becomes a Problem record."""


@overload
def need(raw: object, key: str, one: type[T], /) -> T: ...
@overload
def need(raw: object, key: str, one: type[T], two: type[U], /) -> T | U: ...
@overload
def need(raw: object, key: str, one: type[T], two: type[U], three: type[V], /) -> T | U | V: ...
def need(raw: object, key: str, *kinds: type) -> Any:
    """Return raw[key]; it must be there and of one of the kinds."""
    value = _typed(raw, key, kinds)
    if value is None:
        raise Malformed(f"no {key!r}")
    return value


@overload
def maybe(raw: object, key: str, one: type[T], /) -> T | None: ...
@overload
def maybe(raw: object, key: str, one: type[T], two: type[U], /) -> T | U | None: ...
@overload
def maybe(
    raw: object, key: str, one: type[T], two: type[U], three: type[V], /
) -> T | U | V | None: ...
def maybe(raw: object, key: str, *kinds: type) -> Any:
    """Return raw[key] if it is there and not null; it must then be of one of the kinds."""
    return _typed(raw, key, kinds)


def _typed(raw: object, key: str, kinds: tuple[type, ...]) -> Any:
    if not isinstance(raw, dict):
        raise Malformed(f"expected an object, found {type(raw).__name__}")
    value = raw.get(key)
    # bool is a subclass of int, and a flag is not a number.
    fits = bool in kinds if isinstance(value, bool) else isinstance(value, kinds)
    if value is None or fits:
        return value
    names = " or ".join(kind.__name__ for kind in kinds)
    raise Malformed(f"{key!r} is {type(value).__name__}, expected {names}")


def loose_table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    """Return raw[key] if it is an object, else an empty one: for what may be missing or wrong."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def loose_text(raw: dict[str, Any], key: str) -> str:
    """Return raw[key] if it is a text or a whole number, else an empty text."""
    value = raw.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def rest(raw: object, understood: Collection[str]) -> dict[str, object]:
    """The fields of an item that are not in `understood`, for `extra`."""
    if not isinstance(raw, dict):
        raise Malformed(f"expected an object, found {type(raw).__name__}")
    return {str(key): value for key, value in raw.items() if key not in understood}


def number(text: str | int | float) -> int | float:
    """A plain decimal number; `int()` takes `1_8`, `+18`, ` 18 ` and full-width digits as well."""
    if isinstance(text, bool):
        raise Malformed("expected a number, found bool")
    if not isinstance(text, str):
        return text
    digits = text.removeprefix("-")
    whole, dot, fraction = digits.partition(".")
    if not (whole.isascii() and whole.isdigit()) or len(digits) > 40:
        raise Malformed("expected a number, found text")
    if dot and not (fraction.isascii() and fraction.isdigit()):
        raise Malformed("expected a number, found text")
    return float(text) if dot else int(text)


def unix_time(value: str | int | float, local: str | None = None) -> Timestamp:
    """A moment from Unix seconds; larger numbers are taken as ms, us or ns by their magnitude.

    `local` is the wall clock that some exports print beside it: it tells the writer's UTC offset.
    """
    parsed = number(value)
    seconds = parsed
    scale = 0
    while abs(seconds) > 10**10 and scale < 9:
        # The magnitude rule of the formats: seconds stay below 10^10 until the year 2286.
        seconds = seconds / 1000
        scale += 3
    try:
        utc_ms = round(parsed * 1000) if scale == 0 else int(parsed // 10 ** (scale - 3))
    except (OverflowError, ValueError) as cause:
        raise Malformed("a time out of range") from cause
    if not EARLIEST_MS <= utc_ms < LATEST_MS:
        raise Malformed("a time out of range")
    precise = scale > 0 or (isinstance(parsed, float) and parsed != int(parsed))
    return Timestamp(
        utc_ms=utc_ms,
        as_exported=str(value),
        offset_minutes=_offset(utc_ms, local) if local is not None else None,
        precision=Precision.MILLISECOND if precise else Precision.SECOND,
    )


def _offset(utc_ms: int, local: str) -> int:
    try:
        wall = datetime.fromisoformat(local)
    except ValueError as cause:
        raise Malformed("a local time that is no time") from cause
    utc = datetime.fromtimestamp(utc_ms / 1000, UTC).replace(tzinfo=None)
    minutes = round((wall.replace(tzinfo=None) - utc).total_seconds() / 60)
    if abs(minutes) > 15 * 60:  # no zone is further away: one of the two clocks is wrong
        raise Malformed("two times of one message that differ by more than 15 hours")
    return minutes
