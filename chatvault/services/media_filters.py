"""Filters for pictures and other files, from what people type: by bytes, by the time a picture was
taken, by the place where."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo

from chatvault.errors import Usage, Where
from chatvault.services.dates import is_ago, span
from chatvault.vault.photo_rows import ANY_FILE, FileChoice

__all__ = ["ANY_FILE", "FileChoice", "file_choice"]

DISTANCE = 1.0  # km, when nobody says
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?([kmgt]?i?b?)", re.IGNORECASE)
_UNITS = {
    **{"": 1, "b": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12},
    **{"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40},
}
_SIZES = "write a number of bytes, or 500KB, 1.5MB, 2GB"
_PLACES = "write degrees, and kilometres if you like: 1.2345,103.8765 or 1.2345,103.8765,5"


def file_choice(options: Mapping[str, str | None], *, now: datetime, zone: tzinfo) -> FileChoice:
    """The files that the options of a command mean; Usage names the option that makes no sense."""
    values: dict[str, object] = {}
    for name, text in options.items():
        if text is None:
            continue
        try:
            if name in ("larger", "smaller"):
                values[name] = _size(text)
            elif name == "near":
                values[name] = _place(text)
            else:
                _taken(values, name, text, now=now, zone=zone)
        except Usage as wrong:
            where = Where(f"--{name}")
            raise Usage(wrong.message, where=where, remedy=wrong.remedy) from wrong
    return FileChoice(**values)  # type: ignore[arg-type]  # each is made for its name


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    unit = None if found is None else _UNITS.get(found[2].lower().removesuffix("b"))
    if found is None or unit is None:
        raise Usage("this is not a size", remedy=_SIZES)
    return int(float(found[1]) * unit)


def _place(text: str) -> tuple[float, float, float]:
    try:
        latitude, longitude, *more = (float(part) for part in text.split(","))
    except ValueError as cause:
        raise Usage("this is not a place", remedy=_PLACES) from cause
    km = more[0] if more else DISTANCE
    if len(more) > 1 or not all(map(math.isfinite, (latitude, longitude, km))):
        raise Usage("this is not a place", remedy=_PLACES)
    if abs(latitude) > 90 or abs(longitude) > 180:
        remedy = f"latitude comes first, from -90 to 90, then longitude; {_PLACES}"
        raise Usage("there is no such place", remedy=remedy)
    if not 0 < km <= 20_100:
        raise Usage("there is no such distance", remedy=_PLACES)
    return latitude, longitude, km


def _taken(values: dict[str, object], name: str, text: str, *, now: datetime, zone: tzinfo) -> None:
    found = span(text, now=now, zone=zone)
    start, end = values.get("taken_start"), values.get("taken_end")
    if name in ("taken", "taken-after"):
        values["taken_start"] = found.start if start is None else max(int(str(start)), found.start)
    if name == "taken-before" or (name == "taken" and not is_ago(text)):
        last = found.start if name == "taken-before" else found.end
        values["taken_end"] = last if end is None else min(int(str(end)), last)
