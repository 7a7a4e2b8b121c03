"""Files of an export as if certain short runs of bytes were not in them.

For credentials that an export holds beside its messages: what is hashed, stored and read is the
file as it comes out of here, so they get no further. The file is never held as a whole.
"""

import io
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from chatvault.importers._inflate import Reader
from chatvault.importers._source import Entry, Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 256 * 1024

Replace = Callable[[re.Match[bytes]], bytes]


def replaced(
    file: BinaryIO, pattern: re.Pattern[bytes], new: Replace, *, longest: int
) -> Iterator[bytes]:
    """The bytes of a file with every match replaced; no match may be longer than `longest`."""
    held = b""
    while True:
        damage: Exception | None = None
        try:
            data = file.read(CHUNK)
        except (OSError, ValueError) as cause:
            data, damage = b"", cause
        held += data
        # A match that begins later than this may not be complete yet.
        safe = len(held) - longest if data else len(held)
        done = 0
        for found in pattern.finditer(held):
            if found.start() >= safe:
                break
            yield held[done : found.start()] + new(found)
            done = found.end()
        if safe > done:
            yield held[done:safe]
            done = safe
        held = held[done:]
        if damage is not None:
            raise damage
        if not data:
            return


class Pieces(io.RawIOBase):
    """A file of these pieces, for reading onwards only; `done` closes what they come from."""

    def __init__(self, pieces: Iterator[bytes], done: Callable[[], None]) -> None:
        super().__init__()
        self._done = done
        self._pieces = pieces
        self._rest = b""
        self._damage: Exception | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """The next bytes; none at the end."""
        view = memoryview(buffer).cast("B")
        if self._damage is not None:
            raise self._damage  # `Reader` asks again: the end of the pieces is not that of the file
        try:
            while not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    return 0
                self._rest = piece
        except (OSError, ValueError) as cause:
            self._damage = cause
            raise
        piece, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close what is below too."""
        if not self.closed:
            self._done()
        super().close()


def source_with(
    source: Source,
    names: Collection[str],
    pattern: re.Pattern[bytes],
    new: Replace,
    *,
    longest: int,
) -> Source:
    """The same export, but in these files every match is replaced."""

    def changed(entry: Entry) -> Entry:
        def open_() -> BinaryIO:
            file = entry.open()
            pieces = replaced(file, pattern, new, longest=longest)
            return Reader(Pieces(pieces, file.close), CHUNK)

        return replace(entry, open=open_, in_place=False)

    return replace(
        source,
        entries={**source.entries, **{name: changed(source.entries[name]) for name in names}},
    )
