"""Downloads that were cut into several archives: which archives belong together, and the whole.

takeout-20240101T000000Z-001.zip, takeout-20240101T000000Z-002.zip
facebook-jory-2024-01-01-a1B2c3.zip, facebook-jory-2024-01-01-d4E5f6.zip
mydata~1700000000.zip, mydata~1700000000-2.zip
8_live_jory_export.tar, 8_live_jory_export_media.tar
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from chatvault.importers._levels import Level, source_of
from chatvault.importers._names import numbered
from chatvault.importers._nothing import is_junk
from chatvault.importers._source import Entry, Source, Told

# What tells the parts of one download apart: numbers, a number in brackets, a random word.
_PART = re.compile(r"(?:(?:[-_ ][0-9]{1,3}){1,2}|[-_ ~]*\([0-9]{1,3}\)|[-_~ ][0-9A-Za-z]{1,16})\Z")


def groups(names: Sequence[str]) -> list[list[int]]:
    """The numbers of names (of archives, without suffix) that may be parts of one download."""
    starts = [_PART.sub("", name) or name for name in names]
    known = set(starts)
    found: dict[str, list[int]] = {}
    for number, (name, start) in enumerate(zip(names, starts, strict=True)):
        found.setdefault(name if name in known else start, []).append(number)
    return list(found.values())


def joined(parts: list[Level], told: Told) -> Level | None:
    """The whole, if the parts share a top folder and no two have another file under one name."""
    if len(parts) < 2 or not set.intersection(*(set(part.folders()) for part in parts)):
        return None
    sizes: dict[str, int] = {}
    for part in parts:
        for name, entry in part.entries.items():
            if sizes.setdefault(name, entry.size) != entry.size and not is_junk(name):
                return None
    whole = combine([source_of(part, told) for part in parts])
    return replace(parts[0], entries=whole.entries, problems=whole.problems)


def combine(sources: list[Source]) -> Source:
    """Several parts as one export: one file of equal name and size, else a name of its own."""
    entries: dict[str, Entry] = {}
    for source in sources:
        for name, entry in source.entries.items():
            given, number = name, 1
            while given in entries and entries[given].size != entry.size:
                number += 1
                given = numbered(name, number)
            entries.setdefault(given, entry)
    first = sources[0]
    problems = tuple(problem for source in sources for problem in source.problems)
    return replace(first, entries=entries, problems=problems)
