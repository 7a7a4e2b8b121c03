"""A file in the ChatLab format as one sequence of parts, whether it is JSON or JSONL."""

from collections.abc import Iterator
from typing import Any

import msgspec

from chatvault.importers._json_lines import NoValue, values
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._source import Source


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
    number = -1
    for line in values(source, name):
        if isinstance(line, NoValue):
            yield Unread(line.part, line.reason, line.raw)
            continue
        kind = line.value.get("_type") if isinstance(line.value, dict) else None
        if kind == "header":
            number += 1
            yield Head(line.value, number)
        elif kind == "member":
            yield Member(line.value)
        elif kind == "message":
            yield Post(line.value, line.part)
        else:
            yield Unread(line.part, "neither header, member nor message", line.raw)
