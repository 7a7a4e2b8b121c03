"""The JSON in the scripts of an X archive: `window.YTD.account.part0 = [...]`, read as a stream."""

import io
import re
from typing import BinaryIO

from chatvault.importers._json_value import decoded
from chatvault.importers._source import Source

LONGEST_START = 4096  # of what stands before the value; real ones have about 50 bytes
LARGEST = 4 * 1024 * 1024  # of the small files that are read whole
_REFERENCE = re.compile(r"&(amp|lt|gt|quot|apos|#39|#039);")
_STANDS_FOR = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "#39": "'", "#039": "'",
}  # fmt: skip


class _Rest(io.RawIOBase):
    """A file from some place on, of which the beginning has been read already."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self._start = start
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        data = self._start[: len(buffer)]
        if data:
            self._start = self._start[len(data) :]
        else:
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def script(file: BinaryIO) -> BinaryIO:
    """The file from behind its first `=` on; the whole of it if there is none near its start."""
    head = file.read(LONGEST_START)
    before, mark, after = head.partition(b"=")
    # A script without an assignment is JSON that somebody has cleaned already.
    cleaned = before.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"[", b"{"}
    return io.BufferedReader(_Rest(head if cleaned or not mark else after, file))


def value_of(source: Source, name: str) -> object:
    """The value that a small script assigns; None if there is none."""
    try:
        with source.open(name) as file, script(file) as rest:
            text = rest.read(LARGEST).decode("utf-8-sig", "replace")
            return decoded(text.strip(" \t\r\n;"))
    except (OSError, ValueError, RecursionError):
        return None


def plain(text: str) -> str:
    """A text as it was typed: X writes `&`, `<` and `>` as references, and nothing else."""
    return _REFERENCE.sub(lambda found: _STANDS_FOR[found[1]], text) if "&" in text else text
