"""What the process with the keys and the worker without them say to each other.

Each message is a letter, a length and a body: `m` a structure in MessagePack, `r` a batch of
records in MessagePack, `b` plain bytes, `x` (to the worker) the reason why there are none. Both
ends decode against a schema, so a worker that went wrong gives an error and not a strange row.
"""

import struct
from typing import Annotated, BinaryIO

import msgspec

from chatvault.importers._source import Told

LIMIT = 64 * 1024 * 1024
HEADER = struct.Struct(">cI")
# What the archive can hold: a worker that tells other figures has gone wrong.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Moment = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]


class GivenFile(msgspec.Struct, frozen=True):
    """A file that the parent serves: its name in the export, and what the system says of it."""

    name: str
    size: int
    modified_ms: int | None = None
    raw_name: bytes | None = None


class Command(msgspec.Struct, frozen=True, tag=True):
    """From the parent."""


class Look(Command, frozen=True):
    """Find the exports in these files. `parts` are the arguments of one command, each with the
    numbers of its files; `whole` skips looking: the files are one export of that importer."""

    name: str
    files: list[GivenFile]
    parts: list[tuple[str, list[int]]]
    told: Told
    platform: str | None
    whole: bool


class Hash(Command, frozen=True):
    """Read every file of an export once: sizes, hashes, what compressing would save."""

    export: int
    skip: list[str]


class Probe(Command, frozen=True):
    """Read until the first message, so that an export of which nothing can be read is refused
    before anything is written."""

    export: int


class Read(Command, frozen=True):
    """Read the records of an export, as if the files of these names were not in it."""

    export: int
    without: list[str] = []


class Fetch(Command, frozen=True):
    """The bytes of one file of an export."""

    export: int
    name: str


class Reply(msgspec.Struct, frozen=True, tag=True):
    """From the worker."""


class Need(Reply, frozen=True):
    """Bytes of a served file, please; the answer is one message of plain bytes."""

    index: int
    offset: int
    length: int


class Found(Reply, frozen=True):
    """The exports that were found, and what nobody claims."""

    exports: list["FoundExport"]
    rest: list[str]
    problems: list[tuple[str, str]]


class FoundExport(msgspec.Struct, frozen=True):
    """One export: where it was found, who reads it and why."""

    path: str
    name: str
    importer: str
    importer_version: int
    platform: str
    evidence: list[str]
    files: int
    problems: list[tuple[str, str, str]]  # file, part, reason: what the container could not give
    withheld: str = ""  # keys of the app, without which it is read and stored


class HashedFile(msgspec.Struct, frozen=True):
    """A file of an export after its first reading; `served` is its number where the parent can read
    it itself, `compressed` its size as a zstd frame where that is smaller."""

    name: str
    size: Count
    modified_ms: Moment | None
    raw_name: bytes | None
    sha256: Annotated[bytes, msgspec.Meta(max_length=32)]
    served: Count | None
    compressed: Count | None
    trouble: str = ""


class Hashed(Reply, frozen=True):
    """Some of the files of an export."""

    files: list[HashedFile]


class Alive(Reply, frozen=True):
    """Still at work on this file."""

    name: str


class Done(Reply, frozen=True):
    """The end of an answer; after records, how many there were."""

    messages: int = 0
    problems: int = 0


class Failed(Reply, frozen=True):
    """An expected failure, by the name of its class."""

    kind: str
    message: str
    where: tuple[str, str] | None
    remedy: str


COMMANDS = msgspec.msgpack.Decoder(Look | Hash | Probe | Read | Fetch)
REPLIES = msgspec.msgpack.Decoder(Need | Found | Hashed | Alive | Done | Failed)
ENCODER = msgspec.msgpack.Encoder()


class BrokenPipe(Exception):
    """The other side is gone, or says what it must not."""


def send(pipe: BinaryIO, letter: bytes, body: bytes | memoryview) -> None:
    """Send one message."""
    pipe.write(HEADER.pack(letter, len(body)))
    pipe.write(body)
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[bytes, bytes]:
    """The letter and the body of the next message; BrokenPipe when there is none."""
    head = pipe.read(HEADER.size)
    if len(head) < HEADER.size:
        raise BrokenPipe
    letter, length = HEADER.unpack(head)
    if length > LIMIT or letter not in b"mrbx":
        raise BrokenPipe
    body = pipe.read(length)
    if len(body) < length:
        raise BrokenPipe
    return letter, body
