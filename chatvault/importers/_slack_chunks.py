r"""slackdump's chunks: `C0AAAAAA1.json.gz`, an answer of Slack's servers on each line.

    {"t":5,"ts":1,"id":"C0AAAAAA1","ci":{"id":"C0AAAAAA1","name":"lunch"}}
    {"t":0,"ts":2,"id":"C0AAAAAA1","n":1,"m":[{"type":"message","ts":"1700000000.000100"}]}

Lines of a hundred MB are read item by item. A message that was fetched several times is told as it
was fetched last; to know which that is, nine bytes of each are kept in memory.
"""

import json
from array import array
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import BinaryIO, cast

import msgspec

from chatvault.errors import RefusedByLimit
from chatvault.importers._fields import Malformed
from chatvault.importers._inflate import Reader
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._leaving_out import Pieces
from chatvault.importers._limits import raised
from chatvault.importers._slack_chat import Transcript, conversation, unlisted
from chatvault.importers._slack_files import Files
from chatvault.importers._slack_lists import problem
from chatvault.importers._slack_people import Workspace
from chatvault.importers._source import Source
from chatvault.importers._streams import Compressed
from chatvault.model import Conversation, Problem, Record

GZIP = b"\x1f\x8b\x08"
ENDING = ".json.gz"
_CHUNK = 256 * 1024
_MESSAGES, _USERS, _CHANNELS = "m", "u", "ch"
_PARENT, _PLACE, _ACCOUNT = "p", "ci", "w"


def plain(source: Source, name: str) -> BinaryIO:
    """The decompressed bytes of a file; OSError or ValueError where it is damaged."""
    compressed = Compressed(
        source.entries[name], GZIP, limits=raised(source.told.limits), where=source.full(name)
    )
    chain = compressed.start()

    def pieces() -> Iterator[bytes]:
        while piece := chain.more(_CHUNK):
            yield piece

    return Reader(Pieces(pieces(), chain.close), _CHUNK)


def head(source: Source, name: str) -> bytes:
    """The first plain bytes; none if there are none."""
    if source.head(name, len(GZIP)) != GZIP:
        return b""
    try:
        with closing(plain(source, name)) as file:
            return file.read(200)
    except (OSError, ValueError, RefusedByLimit):
        return b""


class _Lines:
    """A file that ends at each end of a line, until the next one is asked for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._held = b""
        self._over = True

    def next(self) -> bool:
        """Go to the next line; False when there is none."""
        while not self._over:
            self.read(_CHUNK)
        self._held = self._held or self._file.read(_CHUNK)
        self._over = False
        return bool(self._held)

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes of the line; none at its end."""
        if not self._over and not self._held:
            self._held = self._file.read(_CHUNK)
        if self._over or not self._held:
            self._over = True
            return b""
        size = len(self._held) if size < 0 else size
        end = self._held.find(b"\n", 0, size) + 1
        self._over = end > 0
        data, self._held = self._held[: end or size], self._held[end or size :]
        return data


class _Head(msgspec.Struct):
    """What a line says before its items."""

    number: int
    channel: str = ""


Found = tuple[_Head, Field | Item | Problem]


def _parts(source: Source, name: str) -> Iterator[Found]:
    full = source.full(name)
    line = _Head(0)
    try:
        with closing(plain(source, name)) as file:
            lines = _Lines(file)
            while lines.next():
                line = _Head(line.number + 1)
                yield from _line(lines, line, full)
    except (OSError, ValueError) as cause:
        yield line, Problem(file=full, part=f"line {line.number}", reason=str(cause), raw="")


def _line(lines: _Lines, line: _Head, full: str) -> Iterator[Found]:
    try:
        # `stream` asks for nothing but `read`.
        for part in stream(cast("BinaryIO", lines), _MESSAGES, _USERS, _CHANNELS):
            if isinstance(part, Bad):
                place = f"line {line.number}, {part.part}"
                yield line, msgspec.structs.replace(part, part=place).problem(full)
            elif isinstance(part, Item):
                yield line, part
            elif isinstance(part, Field):
                if part.name == "id" and isinstance(part.value, str):
                    line.channel = part.value
                yield line, part
    except BrokenJson as cause:
        yield line, Problem(file=full, part=f"line {line.number}", reason=str(cause), raw="")


class Chunks:
    """All chunks beside each other."""

    def __init__(
        self, source: Source, names: list[str], workspace: Workspace, files: Files
    ) -> None:
        self._source = source
        self._names = names
        self._workspace = workspace
        self._files = files
        self._places: dict[str, dict[str, object]] = {}
        self._latest: dict[str, bytearray] = {}

    def records(self) -> Iterator[Record]:
        """Everything in them."""
        for name in self._names:
            yield from self._look_through(name)
        for name in self._names:
            if self._latest[name]:
                yield from self._messages(name)

    def _look_through(self, name: str) -> Iterator[Record]:
        """Who and what is in a file, and which of its messages are the latest of their ids."""
        keys = array("q")
        full = self._source.full(name)
        for line, part in _parts(self._source, name):
            if isinstance(part, Problem):
                continue  # told with the messages
            value = part.value
            if _is_message(part):
                keys.append(_key(line.channel, value))
            elif isinstance(part, Field):
                self._about(part.name, value)
            elif part.array == _CHANNELS:
                self._about(_CHANNELS, value)
            else:
                try:
                    self._workspace.add_user(value)
                except Malformed as cause:
                    yield problem(full, f"line {line.number}, u[{part.position}]", value, cause)
        if not keys:
            for _, part in _parts(self._source, name):
                if isinstance(part, Problem):
                    yield part
        self._latest[name] = _last_of_each(keys)

    def _about(self, name: str, value: object) -> None:
        if not isinstance(value, dict):
            return
        if name in {_PLACE, _CHANNELS} and isinstance(identifier := value.get("id"), str):
            known = self._places.get(identifier, {})
            # What was asked for one conversation says more than the list of all.
            both = (known, value) if name == _PLACE else (value, known)
            self._places[identifier] = {**both[0], **both[1]}
            with suppress(Malformed):
                self._workspace.add_conversation(value)
        if name == _ACCOUNT and isinstance(owner := value.get("user_id"), str) and owner:
            self._workspace.owner = owner

    def _messages(self, name: str) -> Iterator[Record]:
        latest = iter(self._latest[name])
        full = self._source.full(name)
        place = ""
        transcript: Transcript | None = None
        for line, part in _parts(self._source, name):
            if isinstance(part, Problem):
                yield part
            elif _is_message(part) and next(latest, 0):
                if transcript is None or line.channel != place:
                    place = line.channel
                    made, members = self._place(place)
                    yield made
                    transcript = Transcript(made, self._workspace, self._files, self._source)
                    yield from transcript.members(members)
                item = f"m[{part.position}]" if isinstance(part, Item) else _PARENT
                where = f"line {line.number}, {item}"
                yield from transcript.item(part.value, full, where)

    def _place(self, identifier: str) -> tuple[Conversation, list[str]]:
        if identifier in self._places:
            with suppress(Malformed):
                return conversation(
                    self._places[identifier], self._workspace, me=self._source.told.me
                )
        return unlisted(identifier or "slackdump", self._workspace), []


def _is_message(part: Field | Item) -> bool:
    """Whether a part is a message: one of a list, or that which a list of answers is about."""
    if isinstance(part, Item):
        return part.array == _MESSAGES
    return part.name == _PARENT and isinstance(part.value, dict) and bool(part.value.get("ts"))


def _key(channel: str, value: object) -> int:
    ts = value.get("ts") if isinstance(value, dict) else None
    # What has no id is no copy of anything.
    return hash((channel, ts)) if isinstance(ts, str) else hash(json.dumps(value))


def _last_of_each(keys: "array[int]") -> bytearray:
    """For each key 1 if it does not come again, else 0."""
    latest = bytearray(len(keys))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    for place, position in enumerate(order):
        # Sorting keeps equal keys in their order.
        following = order[place + 1] if place + 1 < len(order) else None
        latest[position] = following is None or keys[following] != keys[position]
    return latest
