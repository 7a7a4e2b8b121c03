"""Names of archive members: hostile labels turned into relative names with `/` between their parts.

A name is never a path for us, but what importers, receipts and the vault call a file should not be
able to become one either. The bytes that the archive has stay in `Entry.raw_name`.
"""

import re
import struct
import zlib

from chatvault.errors import RefusedByLimit, Where
from chatvault.importers._limits import Limits

# Zip says "code page 437" and means whatever the packing computer had.
ENCODINGS = ("utf-8", "gb18030", "cp949", "cp932", "cp1251")
# Most names need nothing at all: no control byte, no backslash, no drive, no empty or dotted part.
PLAIN = re.compile(r"(?!/)(?:(?!\.{0,2}(?:/|\Z))[^\x00-\x1f\x7f\\/:]+/?)+(?<!/)")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
DRIVE = re.compile(r"\A([A-Za-z]):")
UNNAMED = "unnamed"


def decode(raw: bytes) -> str:
    """The text of a name of unknown encoding; every byte string has one."""
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


def from_unicode_field(raw: bytes, extra: bytes) -> str | None:
    """The name in an Info-ZIP Unicode Path field, if there is one and it belongs to `raw`."""
    if len(extra) < 5 or extra[0] != 1 or struct.unpack_from("<I", extra, 1)[0] != zlib.crc32(raw):
        return None
    try:
        return extra[5:].decode("utf-8")
    except UnicodeDecodeError:
        return None


def safe(name: str) -> str:
    """A relative name without `..`, drive, backslash or control characters; ends at a NUL."""
    if PLAIN.fullmatch(name):
        return name
    name = DRIVE.sub(r"\1/", name.partition("\0")[0].replace("\\", "/"))
    parts = [part for part in CONTROL.sub("_", name).split("/") if part not in {"", ".", ".."}]
    return "/".join(parts) or UNNAMED


def numbered(name: str, number: int) -> str:
    """The name with `~2` (and so on) before its extension."""
    folder, slash, last = name.rpartition("/")
    stem, dot, extension = last.rpartition(".")
    if not stem:
        stem, dot, extension = last, "", ""
    return f"{folder}{slash}{stem}~{number}{dot}{extension}"


class Names:
    """The names given so far in one archive: the first owner of a name keeps it."""

    def __init__(self, limits: Limits, archive: str) -> None:
        self._limits = limits
        self._archive = archive
        self._taken: dict[str, int] = {}

    def give(self, raw: bytes, text: str) -> tuple[str, bytes | None]:
        """A name of its own for a member, and its raw name where that differs."""
        if len(raw) > self._limits.member_name or text.count("/") >= self._limits.name_parts:
            raise RefusedByLimit(
                f"a name in it has more than {self._limits.member_name:,} bytes"
                f" or {self._limits.name_parts} parts",
                where=Where(self._archive),
            )
        wanted = name = safe(text)
        while name in self._taken:
            self._taken[wanted] += 1
            name = numbered(wanted, self._taken[wanted])
        self._taken[name] = 1
        return name, None if name.encode("utf-8", "replace") == raw else raw
