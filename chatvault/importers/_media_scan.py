"""A media file read once, from front to end: its digest, and the few bytes that say what it is.

Whoever reads headers asks for `take(offset, size)`, always further on in the file; what lies
between is hashed on the way, so that a picture at the end of a zip is inflated only once.
"""

import hashlib
from typing import BinaryIO

from chatvault.importers._limits import MiB

METADATA = MiB  # bytes of a file that are looked at
_HEAD = 128 * 1024
_CHUNK = MiB


class Scan:
    """One pass over a file. Errors of reading are those of the source."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._position = 0
        self._left = METADATA - _HEAD
        self.head = self._read(_HEAD)

    def take(self, offset: int, size: int) -> bytes:
        """These bytes; fewer, or none, where the file ends, the limit does, or they are behind."""
        if offset < 0 or size <= 0:
            return b""
        known = self.head[offset : offset + size]
        if len(known) == size:
            return known
        if offset + len(known) < self._position:
            return b""
        size = min(size - len(known), self._left)
        self._left -= max(0, size)
        self._skip(offset + len(known) - self._position)
        return known + self._read(size)

    def reaches(self, end: int) -> bool:
        """Whether the file has at least so many bytes."""
        self._skip(end - self._position)
        return self._position >= end

    def find(self, marker: bytes, start: int) -> bool:
        """Whether the marker comes at `start` or behind it; reads on to where it is."""
        tail = self.head[start:] if start < len(self.head) else b""
        if marker in tail:
            return True
        self._skip(start - self._position)
        tail = tail[-len(marker) + 1 :]
        while chunk := self._read(_CHUNK):
            if marker in tail + chunk:
                return True
            tail = chunk[-len(marker) + 1 :]
        return False

    def finish(self) -> tuple[str, int]:
        """SHA-256 in hexadecimal and size of the whole file."""
        while self._read(_CHUNK):
            pass
        return self._digest.hexdigest(), self._position

    def _skip(self, count: int) -> None:
        while count > 0 and (chunk := self._read(min(count, _CHUNK))):
            count -= len(chunk)

    def _read(self, size: int) -> bytes:
        pieces = []
        while size > 0 and (piece := self._file.read(size)):
            pieces.append(piece)
            size -= len(piece)
        data = b"".join(pieces)
        self._digest.update(data)
        self._position += len(data)
        return data
