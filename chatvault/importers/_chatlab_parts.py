"""A file in the ChatLab format as one sequence of parts, whether it is JSON or JSONL."""

from collections.abc import Iterator
from typing import Any

import msgspec

from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import DEFAULT
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, encoding_of, lines


class Head(msgspec.Struct, frozen=True):
    """`chatlab` and `meta` of a conversation; `number` counts the headers of the file."""

    value: dict[str, Any]
    number: int


class Member(msgspec.Struct, frozen=True):
    """Somebody who is in the conversation."""

    value: object


class Post(msgspec.Struct, frozen=True):
    """One message."""

    value: object
    part: str


class Unread(msgspec.Struct, frozen=True):
    """A part that is no JSON, or where the file breaks off."""

    part: str
    reason: str
    raw: str


Part = Head | Member | Post | Unread


def parts_of(source: Source, name: str, *, form: str) -> Iterator[Part]:
    """The parts in the order of the file; a second header begins another conversation."""
    return _of_lines(source, name) if form == "JSONL" else _of_json(source, name)


def _of_json(source: Source, name: str) -> Iterator[Part]:
    head: dict[str, Any] = {}
    told = False
    with source.open(name) as file:
        try:
            for part in stream(file, "members", "messages"):
                if isinstance(part, Bad):
                    yield Unread(part.part, part.reason, part.raw)
                elif isinstance(part, Field) and part.name in {"chatlab", "meta"}:
                    head[part.name] = part.value
                    if len(head) == 2:
                        told = True
                        yield Head(head, 0)
                elif isinstance(part, Item) and part.array == "members":
                    yield Member(part.value)
                elif isinstance(part, Item):
                    yield Post(part.value, f"messages[{part.position}]")
        except BrokenJson as cause:
            yield Unread("end", f"the file breaks off: {cause}", "")
    if head and not told:
        yield Unread("meta", "no 'meta' or no 'chatlab'", msgspec.json.encode(head).decode())


def _of_lines(source: Source, name: str) -> Iterator[Part]:
    encoding = encoding_of(source, name, "gb18030")
    number = -1
    try:
        for line in lines(source, name, encoding):
            part = f"line {line.number}"
            if not line.text.strip() or (line.text.startswith("#") and not line.goes_on):
                continue
            if line.goes_on:
                yield Unread(part, "a line that is too long", line.text)
                continue
            try:
                value = decoded(line.text.strip())
            except (ValueError, RecursionError):
                yield Unread(part, "not valid JSON", line.text)
                continue
            kind = value.get("_type") if isinstance(value, dict) else None
            if depth(value) > DEFAULT.json_depth:
                yield Unread(part, "nested too deep", line.text)
            elif kind == "header":
                number += 1
                yield Head(value, number)
            elif kind == "member":
                yield Member(value)
            elif kind == "message":
                yield Post(value, part)
            else:
                yield Unread(part, "neither header, member nor message", line.text)
    except BrokenText as cause:
        yield Unread("end", f"the file cannot be read further ({cause})", "")
    if encoding.damaged:
        reason = f"text that is no {encoding.name}, in {encoding.damaged} lines, became U+FFFD"
        yield Unread("encoding", reason, "")
