"""The bytes of an XML file around the place where its reader is; it only goes forwards."""

import re
from typing import BinaryIO, NamedTuple

from chatvault.importers._xml_events import BrokenXml

LOOK = 1024  # bytes in which the name of an attribute and its quote must be
_SPACES = re.compile(rb"[ \t\r\n]*+")


class Passed(NamedTuple):
    """What was passed over: its beginning, how many bytes it was, and whether its end was there."""

    kept: bytes
    size: int
    ended: bool


class Window:
    """`data` is what was read and is not yet done, `at` the place in it where the reader is."""

    def __init__(self, file: BinaryIO, chunk: int) -> None:
        self._file = file
        self._chunk = chunk
        self._ended = False
        self.data = b""
        self.at = 0
        self.dropped = 0  # bytes of the file before `data`

    @property
    def place(self) -> int:
        """How many bytes of the file are done."""
        return self.dropped + self.at

    def more(self) -> bool:
        """Drop what is done and read on; False at the end of the file."""
        if self._ended:
            return False
        try:
            data = self._file.read(self._chunk)
        except (OSError, ValueError) as cause:
            place = self.dropped + len(self.data)
            raise BrokenXml(f"cannot be read further, at byte {place:,}") from cause
        self._ended = not data
        self.dropped += self.at
        self.data = self.data[self.at :] + data
        self.at = 0
        return bool(data)

    def ahead(self, size: int = LOOK) -> bool:
        """Have so many bytes to look at if the file has them; False at its end."""
        while len(self.data) - self.at < size and self.more():
            pass
        return self.at < len(self.data)

    def skip_spaces(self) -> None:
        """Go to what is no white space, and have enough of it to look at."""
        while True:
            found = _SPACES.match(self.data, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.data):
                self.ahead()
                return
            if not self.more():
                return

    def past(self, mark: bytes, *, keep: int = 0) -> Passed:
        """Go behind the next `mark`, or to the end of the file; what stood before it, of which at
        most so many bytes are kept."""
        pieces: list[bytes] = []
        start, room = self.place, keep
        while True:
            found = self.data.find(mark, self.at)
            # The mark may lie on the border of two pieces.
            end = found if found >= 0 else max(self.at, len(self.data) - len(mark) + 1)
            pieces.append(self.data[self.at : min(end, self.at + room)])
            room -= len(pieces[-1])
            self.at = end
            if found >= 0:
                break
            if not self.more():
                pieces.append(self.data[self.at : self.at + room])
                self.at = end = len(self.data)
                break
        size = self.place - start
        self.at = end + (len(mark) if found >= 0 else 0)
        return Passed(b"".join(pieces), size, ended=found >= 0)
