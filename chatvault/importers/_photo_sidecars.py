"""What lies beside photos: files of systems, edits, notes of Google Photos, cloud promises."""

import re
from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from chatvault.importers._fields import Malformed, maybe, number
from chatvault.importers._json_value import decoded
from chatvault.importers._limits import MiB
from chatvault.importers._source import Source

JSON_LIMIT = MiB
# Edits and previews: they go with the picture whose stem they have.
BESIDE = frozenset({"aae", "xmp", "thm"})

_SYSTEM = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".nomedia", ".picasa.ini"})
_SUPPLEMENT = "supplemental-metadata"
_NUMBERED = re.compile(r"(.+)(\.[^.()]+)(\(\d+\))")  # `a.jpg(1)` for the picture `a(1).jpg`
_CUT_AT = 40  # Google shortens names of notes beyond 46 characters


def is_system(name: str) -> bool:
    """Whether a file is of an operating system and says nothing about photos."""
    folder, _, base = name.rpartition("/")
    parts = folder.split("/")
    return (
        base.lower() in _SYSTEM
        or base.startswith("._")
        or "__MACOSX" in parts
        or any(part.lower().endswith(".thumbnails") for part in [*parts, base])
    )


def is_promise(base: str) -> bool:
    """Whether a file only says that a photo is in a cloud."""
    return base.lower().endswith(".icloud")


class Note(msgspec.Struct, frozen=True):
    """What Google Photos wrote about a picture; `whole` is all of it."""

    taken_ms: int | None
    latitude: float | None
    longitude: float | None
    description: str
    whole: dict[str, object]


class Bases:
    """The names of the files of one folder, to be asked for one or for the start of one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._sorted = sorted(names)
        self._all = frozenset(self._sorted)

    def __contains__(self, base: str) -> bool:
        return base in self._all

    def beginning(self, start: str) -> list[str]:
        """Up to three names that begin like this."""
        at = bisect_left(self._sorted, start)
        return [name for name in self._sorted[at : at + 3] if name.startswith(start)]


def noted(base: str, bases: Bases) -> str | None:
    """The picture that a `.json` file is the note of, by its name; None if there is none."""
    if not base.lower().endswith(".json"):
        return None
    stem = base[: -len(".json")]
    start, _, end = stem.rpartition(".")
    candidates = [stem]
    if start and _SUPPLEMENT.startswith(end.partition("(")[0].lower()):
        candidates += [start, start + ("(" + end.partition("(")[2] if "(" in end else "")]
    for candidate in candidates:
        if candidate in bases:
            return candidate
        found = _NUMBERED.fullmatch(candidate)
        if found and f"{found[1]}{found[3]}{found[2]}" in bases:
            return f"{found[1]}{found[3]}{found[2]}"
    if len(stem) >= _CUT_AT:
        longer = [other for other in bases.beginning(stem) if other != base]
        return longer[0] if len(longer) == 1 else None
    return None


def note(source: Source, name: str) -> Note | None:
    """The note; None if the file is no such note. Damage is OSError or ValueError."""
    if source.size(name) > JSON_LIMIT:
        return None
    with source.open(name) as file:
        data = file.read(JSON_LIMIT + 1)
    try:
        tree = decoded(data.decode("utf-8-sig"))
        if not isinstance(tree, dict) or "photoTakenTime" not in tree:
            return None
        place = maybe(tree, "geoData", dict) or {}
        sides = [_side(place, key) for key in ("latitude", "longitude")]
        return Note(
            taken_ms=_milliseconds(maybe(tree, "photoTakenTime", dict) or {}),
            latitude=sides[0] if any(sides) else None,
            longitude=sides[1] if any(sides) else None,
            description=maybe(tree, "description", str) or "",
            whole=tree,
        )
    except (Malformed, ValueError, RecursionError):
        return None


def _milliseconds(taken: dict[str, object]) -> int | None:
    stamp = maybe(taken, "timestamp", str, int)
    if stamp is None:
        return None
    seconds = number(stamp)
    return int(seconds * 1000) if abs(seconds) < 10**12 else None


def _side(place: dict[str, object], key: str) -> float:
    value = maybe(place, key, float, int) or 0.0
    return float(value) if abs(value) <= 180 else 0.0
