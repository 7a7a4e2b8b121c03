"""The lines of a text export, decoded once by rule, and joined into messages.

    encoding = encoding_of(source, "_chat.txt")
    for block in blocks(lines(source, "_chat.txt", encoding), header_of):
        ...                             # block.head: what header_of found in its first line

Everything streams: what is held is one line (cut at 8 MiB) and one message (cut at 4 MiB). Nothing
is ever ignored: bytes that are no text become U+FFFD and are counted, a cut goes on in the next
piece.
"""

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Generic, NamedTuple, TypeVar

from chatvault.importers._limits import DEFAULT, MiB
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source

CHUNK = 1 << 18
TOO_LONG = f"the rest of a message longer than {DEFAULT.text // MiB} MiB"
H = TypeVar("H")

# Windows-1252, with its five holes as the control characters that browsers read there: every byte
# is a character, so nothing is lost even if the guess is wrong.
_WESTERN = {
    byte: text
    for byte in range(0x80, 0xA0)
    if (text := bytes([byte]).decode("cp1252", "replace")) != "\ufffd"
}


class BrokenText(ValueError):
    """The file cannot be read any further; what came before was complete."""


@dataclass(frozen=True)
class Encoding:
    """How a file is decoded, and how many of its lines have bytes that are no text in it."""

    name: str
    damaged: int = 0


class Line(NamedTuple):
    """One line without its end; `goes_on` says that it is the rest of an overlong line before."""

    number: int
    text: str
    goes_on: bool = False


@dataclass(slots=True)
class Block(Generic[H]):
    """A line with a header and the lines below it, up to the next header.

    `head` is None for what comes before the first header, and for what is left of a message that
    is too long (`rest`). `text` holds all lines whole, joined with a line feed.
    """

    head: H | None
    first: int
    last: int
    text: str
    rest: bool = False

    def reason(self, otherwise: str) -> str:
        """Why lines without a header are no message, as a Problem says it."""
        return TOO_LONG if self.rest else otherwise

    @property
    def place(self) -> str:
        """Which lines of the file these are, as a Problem names them."""
        return f"lines {self.first}-{self.last}"


def encoding_of(source: Source, name: str, legacy: str = "cp1252") -> Encoding:
    """The encoding of a whole file: UTF-8 or UTF-16 with its mark, else UTF-8, else `legacy`.

    A few damaged bytes do not turn a UTF-8 file into another: the code page must explain more.
    """
    head = source.head(name, 4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16")
    good = bad = 0
    try:
        for raw, _ in _raw_lines(source, name, _plain):
            try:
                good += not raw.isascii() and bool(raw.decode("utf-8"))
            except UnicodeDecodeError:
                bad += 1
    except BrokenText:
        pass  # whoever reads the file tells it
    return Encoding(legacy) if bad > good else Encoding("utf-8", bad)


def lines(
    source: Source,
    name: str,
    encoding: Encoding,
    *,
    limit: int = DEFAULT.line,
    replaced: Replaced | None = None,
) -> Iterator[Line]:
    """The lines of a file, ends LF or CRLF taken off; BrokenText after the last readable one.

    `replaced` counts the lines with bytes that are no text in it."""
    # One way through bytes for all: other encodings become UTF-8 before lines are cut.
    multibyte = encoding.name not in {"utf-8", "cp1252"}
    recode = _recoder(encoding.name) if multibyte else _plain
    number = 0
    goes_on = False
    western = encoding.name == "cp1252"
    for raw, ended in _raw_lines(source, name, recode, limit):
        if not goes_on:
            number += 1
        if western:
            text = raw.decode("latin-1").translate(_WESTERN)
        else:
            text = raw.decode("utf-8", "replace")
            if replaced is not None:
                replaced.line(b"" if multibyte else raw, text)
        if number == 1 and not goes_on:
            text = text.removeprefix("\ufeff")
        yield Line(number, text, goes_on)
        goes_on = not ended


def blocks(
    found: Iterable[Line],
    header: Callable[[str], H | None],
    *,
    limit: int = DEFAULT.text,
) -> Iterator[Block[H]]:
    """The messages of a text: each begins at a line with a header. BrokenText after the last."""
    head: H | None = None
    parts: list[str] = []
    first = last = size = 0
    rest = False
    broken: BrokenText | None = None
    steps = _until_broken(found)
    for line in steps:
        if isinstance(line, BrokenText):
            broken = line
            break
        number, text, goes_on = line
        begins = header(text) if text and not goes_on else None
        if begins is not None or (size + len(text) > limit and parts):
            if parts:
                yield Block(head, first, last, "".join(parts), rest)
            rest = begins is None
            head, parts, size, first = begins, [], 0, number
        elif parts and not goes_on:
            parts.append("\n")
        # A single line can be longer than a message may be.
        while len(text) > limit:
            parts.append(text[:limit])
            yield Block(head, first or number, number, "".join(parts), rest)
            head, parts, size, first, rest, text = None, [], 0, number, True, text[limit:]
        parts.append(text)
        size += len(text) + 1
        first = first or number
        last = number
    if parts:
        yield Block(head, first, last, "".join(parts), rest)
    if broken is not None:
        raise broken


def _until_broken(found: Iterable[Line]) -> Iterator[Line | BrokenText]:
    """The lines, and the break as a last item: what was read so far can then be handed out."""
    try:
        yield from found
    except BrokenText as cause:
        yield cause


def _raw_lines(
    source: Source,
    name: str,
    recode: Callable[[Iterator[bytes]], Iterator[bytes]],
    limit: int = DEFAULT.line,
) -> Iterator[tuple[bytes, bool]]:
    """Lines as bytes, and whether each is ended (not cut at the limit, not the end of the file)."""
    kept = b""
    broken: Exception | None = None
    with _opened(source, name) as file:
        chunks = recode(_chunks(file))
        while True:
            try:
                chunk = next(chunks, b"")
            except (OSError, ValueError) as cause:
                chunk, broken = b"", cause
            if not chunk:
                break
            *ended, kept = (kept + chunk).split(b"\n")
            for line in ended:
                yield line.removesuffix(b"\r"), True
            while len(kept) > limit:
                at = _character(kept, limit)
                yield kept[:at], False
                kept = kept[at:]
    if kept:
        yield kept.removesuffix(b"\r"), True
    if broken is not None:
        raise BrokenText(type(broken).__name__) from broken


def _opened(source: Source, name: str) -> BinaryIO:
    try:
        return source.open(name)
    except (OSError, ValueError) as cause:
        raise BrokenText(type(cause).__name__) from cause


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _plain(chunks: Iterator[bytes]) -> Iterator[bytes]:
    return chunks


def _recoder(encoding: str) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    def recode(chunks: Iterator[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        for chunk in chunks:
            # An empty piece would read as the end.
            if text := decoder.decode(chunk):
                yield text.encode("utf-8", "replace")
        if text := decoder.decode(b"", final=True):
            yield text.encode("utf-8", "replace")

    return recode


def _character(data: bytes, at: int) -> int:
    """The start of the UTF-8 character that lies at a place."""
    for back in range(4):
        if data[at - back] & 0xC0 != 0x80:
            return at - back
    return at
