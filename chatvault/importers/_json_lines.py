"""The values of a file of JSON lines, one at a time; blank lines and comments (`#`) are none."""

from collections.abc import Iterator
from typing import Any

import msgspec

from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import DEFAULT
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, encoding_of, lines


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
    encoding = encoding_of(source, name, "gb18030")
    try:
        for line in lines(source, name, encoding):
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
    if encoding.damaged:
        reason = f"text that is no {encoding.name}, in {encoding.damaged} lines, became U+FFFD"
        yield NoValue("encoding", reason, "")
