"""The worker: the process that reads exports and holds no keys.

It has its standard streams and nothing else: no vault, no environment, no folder. The parent serves
the bytes of the files that the user gave; everything that parses outside bytes runs here.
"""

import errno
import hashlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from chatvault.errors import ChatVaultError, DiskTrouble
from chatvault.importers import _explore
from chatvault.importers._levels import FoundExport
from chatvault.importers._limits import Budget, Memory, raised
from chatvault.importers._protocol import Importer
from chatvault.importers._source import Entry, Source
from chatvault.importers.registry import IMPORTERS, importer_named
from chatvault.model import Message, Problem, Record
from chatvault.services import worker_messages as say
from chatvault.services.restrict import GiB, restrict
from chatvault.vault import codec

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE = 1024 * 1024
BATCH = 1000
HASHED_AT_ONCE = 500


class Parent:
    """The other end of the pipes."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self._requests = requests
        self._answers = answers

    def command(self) -> say.Command:
        """The next thing to do."""
        letter, body = say.receive(self._requests)
        if letter != b"m":
            raise say.BrokenPipe
        command: say.Command = say.COMMANDS.decode(body)
        return command

    def tell(self, reply: say.Reply) -> None:
        """Send a structure."""
        say.send(self._answers, b"m", say.ENCODER.encode(reply))

    def tell_records(self, records: list[Record]) -> None:
        """Send a batch of records; one too large for a message is sent in halves."""
        body = say.ENCODER.encode(records)
        if len(body) <= say.LIMIT or len(records) == 1:
            say.send(self._answers, b"r", body)
            return
        middle = len(records) // 2
        self.tell_records(records[:middle])
        self.tell_records(records[middle:])

    def tell_bytes(self, piece: bytes) -> None:
        """Send plain bytes."""
        say.send(self._answers, b"b", piece)

    def need(self, index: int, offset: int, length: int) -> bytes:
        """Bytes of a served file."""
        self.tell(say.Need(index, offset, length))
        letter, body = say.receive(self._requests)
        if letter == b"x":
            raise OSError(errno.EIO, body.decode("utf-8", "replace"))
        if letter != b"b":
            raise say.BrokenPipe
        return body


class ServedFile(io.RawIOBase):
    """A file whose bytes the parent serves."""

    def __init__(self, parent: Parent, index: int, size: int) -> None:
        super().__init__()
        self._parent = parent
        self._index = index
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a place; places before the start are an error, as for any file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("a place before the start of the file")
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        """The place of the next read."""
        return self._place

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Bytes from here on; none at the end."""
        view = memoryview(buffer).cast("B")
        length = min(len(view), max(0, self._size - self._place), PIECE)
        if not length:
            return 0
        piece = self._parent.need(self._index, self._place, length)
        if len(piece) > length:
            raise say.BrokenPipe
        view[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


class ServedOpener:
    """Opens a served file, as often as anybody wants."""

    def __init__(self, parent: Parent, index: int, size: int) -> None:
        self.index = index
        self._parent = parent
        self._size = size

    def __call__(self) -> BinaryIO:
        return io.BufferedReader(ServedFile(self._parent, self.index, self._size), PIECE)


class Worker:
    """Answers the parent's commands, one after the other."""

    def __init__(self, parent: Parent) -> None:
        self._parent = parent
        self._exports: list[tuple[Source, Importer]] = []

    def run(self) -> None:
        """Until the parent closes the pipe."""
        while True:
            try:
                command = self._parent.command()
            except say.BrokenPipe:
                return
            try:
                self._answer(command)
            except ChatVaultError as error:
                self._fail(error)
            except BrokenPipeError:
                return
            except OSError as cause:
                self._fail(
                    DiskTrouble(
                        f"the export cannot be read: {cause.strerror or 'unknown error'}",
                        remedy="run the same again when its disk can be read",
                    )
                )

    def _fail(self, error: ChatVaultError) -> None:
        where = None if error.where is None else (error.where.file, error.where.part)
        self._parent.tell(say.Failed(type(error).__name__, error.message, where, error.remedy))

    def _answer(self, command: say.Command) -> None:
        if isinstance(command, say.Look):
            self._look(command)
        elif isinstance(command, say.Hash):
            self._hash(command)
        elif isinstance(command, say.Probe):
            self._probe(command)
        elif isinstance(command, say.Read):
            self._read(command)
        elif isinstance(command, say.Fetch):
            self._fetch(command)

    def _look(self, command: say.Look) -> None:
        entries = [
            Entry(f.size, ServedOpener(self._parent, n, f.size), f.modified_ms, f.raw_name)
            for n, f in enumerate(command.files)
        ]
        if command.whole:
            named = {f.name: entry for f, entry in zip(command.files, entries, strict=True)}
            source = Source(name=command.name, entries=named, told=command.told)
            self._exports = [(source, importer_named(command.platform or ""))]
            self._parent.tell(say.Found([], [], []))
            return
        sources = [
            Source(
                name=name,
                entries={command.files[n].name: entries[n] for n in numbers},
                told=command.told,
            )
            for name, numbers in command.parts
        ]
        limits = raised(command.told.limits)
        budget = Budget(limits, memory=Memory(limits.nested_in_memory))
        found = _explore.find_parts(sources, IMPORTERS, budget, platform=command.platform)
        self._exports = [(_kept(export), export.importer) for export in found.exports]
        exports = [
            say.FoundExport(
                path=export.path,
                name=export.source.name,
                importer=export.importer.INFO.key,
                importer_version=export.importer.INFO.version,
                platform=export.importer.INFO.platform,
                evidence=list(export.evidence),
                files=len(export.source.entries),
                problems=[(p.file, p.part, p.reason) for p in export.source.problems],
                withheld=_withheld(export),
            )
            for export in found.exports
        ]
        problems = [(problem.file, problem.reason) for problem in found.problems]
        self._parent.tell(say.Found(exports, list(found.rest), problems))

    def _hash(self, command: say.Hash) -> None:
        source, _ = self._exports[command.export]
        skip = set(command.skip)
        hashed: list[say.HashedFile] = []
        # In the container's own order: a large compressed tar can only be read onwards.
        for name, entry in source.entries.items():
            self._parent.tell(say.Alive(name))
            if name in skip:
                hashed.append(
                    _unread(name, entry, "reading it ended the program that reads exports")
                )
            else:
                hashed.append(self._hash_one(name, entry))
            if len(hashed) >= HASHED_AT_ONCE:
                self._parent.tell(say.Hashed(hashed))
                hashed = []
        self._parent.tell(say.Hashed(hashed))
        self._parent.tell(say.Done())

    def _hash_one(self, name: str, entry: Entry) -> say.HashedFile:
        total = hashlib.sha256()
        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for piece in self._pieces(name, entry):
                total.update(piece)
                size += len(piece)
                yield piece

        compressed: int | None = None
        try:
            if codec.is_compressible(name):
                compressed = sum(len(piece) for piece in codec.compressed(counted()))
            else:
                for _ in counted():
                    pass
        except (OSError, ValueError, EOFError) as cause:
            return _unread(name, entry, _reason(cause))
        served = entry.open.index if isinstance(entry.open, ServedOpener) else None
        if compressed is not None and compressed >= size:
            compressed = None
        return say.HashedFile(
            name, size, entry.modified_ms, entry.raw_name, total.digest(), served, compressed
        )

    def _pieces(self, name: str, entry: Entry) -> Iterator[bytes]:
        told = 0
        with entry.open() as file:
            while piece := file.read(PIECE):
                yield piece
                told += len(piece)
                if told >= 64 * PIECE:
                    told = 0
                    self._parent.tell(say.Alive(name))

    def _probe(self, command: say.Probe) -> None:
        source, importer = self._exports[command.export]
        for record in importer.read(source):
            if isinstance(record, Message):
                self._parent.tell(say.Done(messages=1))
                return
            if isinstance(record, Problem):
                self._parent.tell(say.Done(problems=1))
                return
        self._parent.tell(say.Done())

    def _read(self, command: say.Read) -> None:
        source, importer = self._exports[command.export]
        if command.without:
            source = source.without(command.without)
        messages = problems = 0
        batch: list[Record] = []
        for record in importer.read(source):
            messages += isinstance(record, Message)
            problems += isinstance(record, Problem)
            batch.append(record)
            if len(batch) >= BATCH:
                self._parent.tell_records(batch)
                batch = []
        self._parent.tell_records(batch)
        self._parent.tell(say.Done(messages, problems))

    def _fetch(self, command: say.Fetch) -> None:
        source, _ = self._exports[command.export]
        try:
            with source.open(command.name) as file:
                while piece := file.read(PIECE):
                    self._parent.tell_bytes(piece)
        except (OSError, ValueError, EOFError):
            # What was sent has another hash than at the first reading; the parent sees that.
            pass
        self._parent.tell(say.Done())


def _reason(cause: Exception) -> str:
    told = cause.strerror if isinstance(cause, OSError) else str(cause)
    return (told or "it cannot be read")[:200]


def _kept(export: FoundExport) -> Source:
    """An export as it is read and stored: without the keys that no vault may hold."""
    redaction = export.importer.INFO.redaction
    return export.source if redaction is None else redaction.of(export.source)


def _withheld(export: FoundExport) -> str:
    redaction = export.importer.INFO.redaction
    return "" if redaction is None else redaction.what


def _unread(name: str, entry: Entry, reason: str) -> say.HashedFile:
    return say.HashedFile(
        name, entry.size, entry.modified_ms, entry.raw_name, b"", None, None, trouble=reason
    )


def limit_worker(total_bytes: int) -> None:
    """What the reader of an export of this size may use."""
    restrict(address_space=4 * GiB, processor=60 + 10 * (total_bytes // (1024 * 1024) + 1))


def main(limit: Callable[[int], None] = limit_worker) -> None:
    """Run the worker on the standard streams; the argument is the size of what it will read."""
    limit(int(sys.argv[1]))
    # Reading a whole export makes garbage that refers to nothing in a circle; the collector would
    # only walk over it again and again.
    worker = Worker(Parent(sys.stdin.buffer, sys.stdout.buffer))
    worker.run()


if __name__ == "__main__":
    main()
