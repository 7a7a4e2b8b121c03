"""The values of a file of JSON lines, one at a time; blank lines and comments (`#`) are none."""

from collections.abc import Iterator
from typing import Any

import msgspec

from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import DEFAULT
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, encoding_of, lines
from chatvault.model import Assumption

LEGACY = "gb18030"


class Value(msgspec.Struct, frozen=True):
    """What one line holds, and the line itself."""

    part: str
    value: Any
    raw: str


class NoValue(msgspec.Struct, frozen=True):
    """A line that is no JSON, or where the file breaks off."""

    part: str
    reason: str
    raw: str


def values(source: Source, name: str) -> Iterator[Value | NoValue]:
    """The lines in their order, and at the end what is wrong with the file as a whole."""
    encoding = encoding_of(source, name, LEGACY)
    replaced = Replaced(encoding.name)
    try:
        for line in lines(source, name, encoding, replaced=replaced):
            part = f"line {line.number}"
            if not line.text.strip() or (line.text.startswith("#") and not line.goes_on):
                continue
            if line.goes_on:
                yield NoValue(part, "a line that is too long", line.text)
                continue
            try:
                value = decoded(line.text.strip())
            except (ValueError, RecursionError):
                yield NoValue(part, "not valid JSON", line.text)
                continue
            if depth(value) > DEFAULT.json_depth:
                yield NoValue(part, "nested too deep", line.text)
            else:
                yield Value(part, value, line.text)
    except BrokenText as cause:
        yield NoValue("end", f"the file cannot be read further ({cause})", "")
    if reason := replaced.reason():
        yield NoValue("encoding", reason, "")


def notes(source: Source, name: str) -> Iterator[Assumption]:
    """What the receipt has to say of the encoding, if anything."""
    encoding = encoding_of(source, name, LEGACY)
    if encoding.name == LEGACY:
        why = f"{name}: the file is not UTF-8; letters may be others"
        yield Assumption(what="encoding", value=LEGACY, why=why)
