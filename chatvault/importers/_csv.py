"""The rows of a CSV file one at a time, whatever has happened to it.

    text = open_text(source, "messages.csv")
    with text.lines() as lines:
        for row in rows(lines, width=12):
            row.cells if not row.reason else row.raw

The standard library's reader keeps its limit for the whole process, and one quote that is never
closed makes it swallow the rest of a file; this one bounds every row and goes on behind the damage.
"""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from chatvault.importers._limits import DEFAULT
from chatvault.importers._source import Source
from chatvault.model import Assumption

HEAD = 64 * 1024
RAW_OF_TOO_LONG = 64 * 1024  # of a row beyond the limit, a Problem shows its beginning
LINE_COST = 256  # of looking at one more line, in characters
_CHUNK = 1024 * 1024


class Row(msgspec.Struct, frozen=True):
    """One row: its first line (counted from 1), its cells, the text it was read from.

    `reason` says why it could not be read; then there are no cells.
    """

    line: int
    cells: list[str]
    raw: str
    reason: str = ""


@dataclass(frozen=True)
class Text:
    """A text file and the encoding found for it; `damaged` counts lines with other bytes."""

    source: Source
    name: str
    encoding: str
    damaged: int = 0

    def lines(self) -> io.TextIOWrapper:
        """The text, with its line ends as they are; to be closed."""
        return io.TextIOWrapper(
            self.source.open(self.name), self.encoding, errors="replace", newline="\n"
        )

    def assumptions(self) -> Iterator[Assumption]:
        """What the receipt has to say about the encoding, if anything."""
        if self.encoding == "gb18030":
            why = "the file is not UTF-8; spreadsheets in Chinese save GB18030"
            yield Assumption(what="encoding", value="gb18030", why=f"{self.name}: {why}")
        elif not self.encoding.startswith("utf"):
            why = "the file is not UTF-8; letters may be others"
            yield Assumption(what="encoding", value=self.encoding, why=f"{self.name}: {why}")
        if self.damaged:
            why = f"{self.damaged} lines with other bytes, shown as U+FFFD; the file itself is kept"
            yield Assumption(what="encoding", value=self.encoding, why=f"{self.name}: {why}")


def open_text(source: Source, name: str, legacy: str = "gb18030") -> Text:
    """The file with its encoding: what its mark says, else UTF-8, else the legacy one.

    Decided over the whole file and by majority: one broken byte does not turn a book into noise.
    """
    with source.open(name) as file:
        start = file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return Text(source, name, "utf-16")
        good = bad = 0
        line = start + file.readline(_CHUNK)
        while line:
            if not line.isascii():
                if _is_utf8(line):
                    good += 1
                else:
                    bad += 1
            line = file.readline(_CHUNK)
    if bad > good:
        return Text(source, name, legacy)
    return Text(source, name, "utf-8-sig", damaged=bad)


def head_rows(data: bytes, limit: int = 4, *, delimiter: str = ",") -> list[list[str]]:
    """The cells of the first whole rows of a file's head; never fails."""
    encoding = "utf-16" if data[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig"
    if encoding == "utf-8-sig" and not _is_utf8(data[: data.rfind(b"\n") + 1]):
        encoding = "gb18030"
    found: list[list[str]] = []
    text = io.StringIO(data.decode(encoding, errors="replace"), newline="\n")
    for row in rows(text, delimiter=delimiter):
        if row.reason or len(found) == limit:
            break
        found.append(row.cells)
    return found


def rows(
    lines: io.TextIOBase,
    *,
    width: int = 0,
    limit: int = DEFAULT.csv_field,
    delimiter: str = ",",
) -> Iterator[Row]:
    """The rows of a text. `width` is how many cells a row has: it tells where one begins again
    behind a quote that is never closed.
    """
    number = 0
    # Looking ahead for a quote that closes a row costs time, in vain where there is none. What all
    # such rows may cost together is bounded; then rows reach over lines no more. Short lines cost
    # more than their characters.
    ahead = limit
    waiting: list[str] = []
    while True:
        line = waiting.pop() if waiting else lines.readline(limit + 1)
        if not line:
            return
        number += 1
        if len(line) > limit:
            yield Row(number, [], line[:RAW_OF_TOO_LONG], f"a row longer than {limit:,} characters")
            _skip_line(lines, line, limit)
            continue
        if not line.strip("\r\n"):
            continue
        cells = split(line, delimiter)
        if cells is not None:
            yield Row(number, cells, line)
            continue
        block, cells = _until_closed(
            lines, waiting, first=line, limit=min(limit, ahead), delimiter=delimiter
        )
        if cells is not None:
            yield Row(number, cells, "".join(block))
            number += len(block) - 1
            continue
        ahead -= sum(len(line) + LINE_COST for line in block)
        end = _next_row(block, width, delimiter)
        raw = "".join(block[:end])
        yield Row(number, [], raw[:RAW_OF_TOO_LONG], "a quote that is never closed")
        number += end - 1
        waiting.extend(reversed(block[end:]))


def rows_behind(text: Text, skip: int, *, width: int = 0, delimiter: str = ",") -> Iterator[Row]:
    """The rows behind the first `skip`; a file that breaks off ends with a row that says so."""
    last = skip
    try:
        with text.lines() as lines:
            for row in islice(rows(lines, width=width, delimiter=delimiter), skip, None):
                last = row.line
                yield row
    except (OSError, ValueError) as cause:
        yield Row(last + 1, [], "", f"the file breaks off: {type(cause).__name__}")


def split(text: str, delimiter: str = ",") -> list[str] | None:
    """The cells of one row; None if it ends within quotes."""
    text = text.removesuffix("\n").removesuffix("\r")
    if '"' not in text:
        return text.split(delimiter)
    cells: list[str] = []
    at = 0
    while True:
        if not text.startswith('"', at):
            end = text.find(delimiter, at)
            cells.append(text[at:] if end < 0 else text[at:end])
            if end < 0:
                return cells
            at = end + 1
            continue
        pieces: list[str] = []
        at += 1
        while True:
            end = text.find('"', at)
            if end < 0:
                return None
            pieces.append(text[at:end])
            at = end + 1
            if not text.startswith('"', at):
                break
            pieces.append('"')
            at += 1
        # What stands behind the closing quote belongs to the cell, as csv has it.
        end = text.find(delimiter, at)
        pieces.append(text[at:] if end < 0 else text[at:end])
        cells.append("".join(pieces))
        if end < 0:
            return cells
        at = end + 1


def _until_closed(
    lines: io.TextIOBase, waiting: list[str], *, first: str, limit: int, delimiter: str
) -> tuple[list[str], list[str] | None]:
    """The lines of a row that began within quotes, and its cells; None if no line closes it."""
    block = [first]
    size = len(first)
    inside = True
    while size <= limit:
        line = waiting.pop() if waiting else lines.readline(limit + 1)
        if not line:
            return block, None
        block.append(line)
        size += len(line)
        inside = _ends_inside(line, inside, delimiter)
        if not inside:
            return block, split("".join(block), delimiter)
    return block, None


def _ends_inside(line: str, inside: bool, delimiter: str) -> bool:  # noqa: FBT001  (a state)
    """Whether a line that began inside quotes (or not) ends inside."""
    at = 0
    while True:
        if inside:
            at = line.find('"', at)
            if at < 0:
                return True
            if line.startswith('"', at + 1):
                at += 2
                continue
            inside = False
        at = line.find(delimiter, at) + 1
        if not at:
            return False
        if line.startswith('"', at):
            inside = True
            at += 1


def _next_row(block: list[str], width: int, delimiter: str) -> int:
    """Where in the lines behind a broken row the next whole one begins."""
    for at, line in enumerate(block[1:], 1):
        cells = split(line, delimiter)
        if width and cells is not None and len(cells) == width:
            return at
    return len(block)


def _skip_line(lines: io.TextIOBase, line: str, limit: int) -> None:
    """Go behind the end of a line, which may be where its beginning was cut."""
    while line and not line.endswith("\n"):
        line = lines.readline(limit)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
