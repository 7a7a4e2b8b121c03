"""Files that lie in base64 inside another file, as entries that are decoded while they are read.

Nothing is held but where each begins and ends in the file around it.
"""

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from chatvault.importers._inflate import Broken, Inflated, Reader
from chatvault.importers._source import Entry

INPUT = 64 * 1024
# Between the digits: white space, also as JSON and XML write it.
_BETWEEN = re.compile(rb"&#(?:10|13|xA|xD|xa|xd);|\\[nr]")
_HALF_BETWEEN = re.compile(rb"(?:&#?x?[0-9aAdD]{0,2}|\\)\Z")
_DIGITS = bytes(range(ord("0"), ord("9") + 1)) + bytes(range(65, 91)) + bytes(range(97, 123))
# JSON may write a slash with a backslash before it.
_ALPHABET = _DIGITS + b"+/\\"
_PLAIN = _DIGITS + b"+/="


class Digits:
    """Counts base64 that passes by: how many bytes it is, and whether it is any."""

    def __init__(self) -> None:
        self._cleaner = Cleaner()
        self._count = 0
        self._padding = 0
        self._fits = True

    def take(self, piece: bytes) -> None:
        """The next piece of it."""
        self._pass(self._cleaner(piece))

    def size(self) -> int | None:
        """How many bytes it makes; None if it is not base64, or nothing."""
        self._pass(self._cleaner.rest())
        whole = self._count % 4 != 1 and self._padding <= 2
        return self._count * 3 // 4 if self._fits and whole and self._count else None

    def _pass(self, digits: bytes) -> None:
        bare = digits.rstrip(b"=")
        padding = len(digits) - len(bare)
        self._fits = self._fits and not bare.translate(None, _ALPHABET)
        self._fits = self._fits and not (self._padding and bare)
        self._count += len(bare) - bare.count(b"\\")
        self._padding += padding


class Cleaner:
    """Base64 without what stands between its digits, piece by piece."""

    def __init__(self) -> None:
        self._half = b""

    def __call__(self, piece: bytes) -> bytes:
        """The digits of a piece; what may be half a sign waits for the next one."""
        piece = (self._half + piece).translate(None, b" \t\r\n")
        self._half = b""
        if piece.translate(None, _PLAIN):  # something else is between them, or it is no base64
            if half := _HALF_BETWEEN.search(piece, max(0, len(piece) - 8)):
                self._half = piece[half.start() :]
                piece = piece[: half.start()]
            piece = _BETWEEN.sub(b"", piece)
        return piece

    def rest(self) -> bytes:
        """What waited, when nothing follows."""
        rest, self._half = self._half, b""
        return rest


class Outer:
    """The file that others lie in. One inside an archive is kept open between two of them, because
    going back in a compressed file means to read it again from its start."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._idle: BinaryIO | None = None

    def take(self) -> BinaryIO:
        """The open file."""
        idle, self._idle = self._idle, None
        return idle if idle is not None else self.entry.open()

    def give_back(self, file: BinaryIO) -> None:
        """Somebody is done with it."""
        if self.entry.in_place or self._idle is not None:
            file.close()
        else:
            self._idle = file


def inner_entry(outer: Outer, start: int, length: int, *, size: int, where: str) -> Entry:
    """The entry for what lies at this place of the file; `size` as `Digits` counted it."""
    member = _Member(outer, start, length, size, where)
    return Entry(size=size, open=member.open, in_place=outer.entry.in_place, nested=True)


def beside(entries: Mapping[str, Entry], inner: Mapping[str, Entry]) -> Mapping[str, Entry]:
    """The files of an export and those inside them, each by its name beside the file around it."""
    # What lies there already was brought back from a vault once, and is the same.
    more = {name: entry for name, entry in inner.items() if name not in entries}
    return {**entries, **more} if more else entries


@dataclass(frozen=True, slots=True)
class _Member:
    outer: Outer
    start: int
    length: int
    size: int
    where: str

    def open(self) -> BinaryIO:
        """The plain bytes; damage shows when they are read."""
        inflated = Inflated(self._begin, self.size, crc=None, allowed=self.size, where=self.where)
        return Reader(inflated)

    def _begin(self) -> "_Base64":
        return _Base64(self.outer, self.start, self.length)


class _Base64:
    """The plain bytes of a range in base64, forwards."""

    def __init__(self, outer: Outer, start: int, length: int) -> None:
        self._outer = outer
        self._file = outer.take()
        self._file.seek(start)
        self._left = length
        self._cleaner = Cleaner()
        self._digits = b""
        self._plain = b""

    def more(self, size: int, /) -> bytes:
        """Up to `size` plain bytes; none at the end."""
        while not self._plain:
            data = self._file.read(min(INPUT, self._left)) if self._left else b""
            self._left -= len(data)
            cleaned = self._cleaner(data) if data else self._cleaner.rest()
            digits = self._digits + cleaned.replace(b"\\", b"")
            if not data:
                bare = digits.rstrip(b"=")
                self._digits = b""
                self._plain = _decoded(bare + b"=" * (-len(bare) % 4))
                break
            # The padding at the end waits until the end is reached.
            whole = len(digits.rstrip(b"=")) // 4 * 4
            self._digits = digits[whole:]
            self._plain = _decoded(digits[:whole])
        plain, self._plain = self._plain[:size], self._plain[size:]
        return plain

    def close(self) -> None:
        """The next one may go on from here."""
        self._outer.give_back(self._file)


def _decoded(digits: bytes) -> bytes:
    try:
        return binascii.a2b_base64(digits, strict_mode=True) if digits else b""
    except binascii.Error as cause:
        raise Broken("its base64 is damaged") from cause
