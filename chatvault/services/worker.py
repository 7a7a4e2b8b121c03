"""The parent's side of the worker: starts it, serves it bytes, and notices when it dies."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import BinaryIO, NamedTuple, cast

import msgspec

from chatvault import errors
from chatvault.errors import ChatVaultError, DiskTrouble, RefusedByLimit, Where
from chatvault.importers._limits import DEFAULT
from chatvault.importers._source import Told
from chatvault.model import Record
from chatvault.services import worker_messages as say
from chatvault.services.given import Given
from chatvault.services.read_ahead import ReadAhead

SILENCE = 120.0  # seconds without a sign of life
AHEAD = 8 * 1024 * 1024  # bytes of records that may wait while others go into the archive
DEATHS = 3  # in a row, then the export is refused
RECORDS = msgspec.msgpack.Decoder(list[Record])
PROGRAM = (sys.executable, "-I", "-m", "chatvault.services.worker_child")


class WorkerDied(Exception):
    """The worker ended, hung or said what it must not; `name` is the file it was at."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Packed(NamedTuple):
    """A batch of records as it came."""

    body: bytes


_Received = say.Reply | _Packed | bytes


class Worker:
    """A process without keys that reads exports. Closing it ends the process."""

    def __init__(
        self,
        given: Given,
        *,
        told: Told,
        platform: str | None = None,
        whole: bool = False,
        program: Sequence[str] = PROGRAM,
        silence: float = SILENCE,
    ) -> None:
        """`whole`: the files are one export of the importer `platform`; nothing is looked for."""
        self._given = given
        self._program = program
        self._silence = silence
        self._look = say.Look(given.name, given.files(), given.parts(), told, platform, whole)
        self._process: subprocess.Popen[bytes] | None = None
        self._ahead: ReadAhead[_Received] | None = None
        self._deaths = 0
        self._at = ""
        self.arrived = 0  # messages and problems that the last `read` has given, so far
        # Since when we wait for the worker; None while it waits for us, however long that takes.
        self._waiting: float | None = None
        self._trouble: DiskTrouble | None = None

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and close the files it was served."""
        self._kill()
        self._given.close()

    def find(self) -> say.Found:
        """The exports in what was given; RefusedByLimit when looking ended one worker after the
        other."""
        while True:
            try:
                return self._start()
            except WorkerDied:
                continue

    def hash(self, export: int) -> Iterator[say.HashedFile]:
        """Every file of an export after a first reading. A file that kills the worker is told as
        one that cannot be read; a third death in a row refuses the export."""
        skip: list[str] = []
        done: set[str] = set()
        while True:
            try:
                for reply in self._ask(say.Hash(export, skip)):
                    if isinstance(reply, say.Hashed):
                        for file in reply.files:
                            if file.name not in done:
                                done.add(file.name)
                                self._deaths = 0
                                yield file
                        _check_count(len(done))
            except WorkerDied as died:
                skip.append(died.name)
            else:
                return

    def probe(self, export: int) -> bool:
        """Whether there is a message, or at least an item that could not be read; RefusedByLimit
        when reading the first one ended one worker after the other."""
        while True:
            try:
                done = next(iter(self._ask(say.Probe(export))))
            except WorkerDied:
                continue
            return isinstance(done, say.Done) and bool(done.messages or done.problems)

    def read(self, export: int, without: Sequence[str] = ()) -> Iterator[list[Record]]:
        """The records of an export, in batches; WorkerDied when it broke off, DiskTrouble when what
        was given cannot be read any more."""
        messages = problems = self.arrived = 0
        for reply in self._ask(say.Read(export, list(without))):
            if isinstance(reply, list):
                messages += sum(type(record).__name__ == "Message" for record in reply)
                problems += sum(type(record).__name__ == "Problem" for record in reply)
                self.arrived = messages + problems
                yield reply
            elif isinstance(reply, say.Done) and (messages, problems) != (
                reply.messages, reply.problems
            ):  # fmt: skip
                self._died()
                raise WorkerDied(self._at)

    def fetch(self, export: int, name: str) -> Iterator[bytes]:
        """The bytes of one file of an export."""
        for reply in self._ask(say.Fetch(export, name)):
            if isinstance(reply, bytes):
                yield reply

    def _ask(self, command: say.Command) -> Iterator[say.Reply | list[Record] | bytes]:
        if self._process is None:
            self._start()
        process = cast("subprocess.Popen[bytes]", self._process)
        answered = False
        self._trouble = None
        try:
            _send(process, b"m", say.ENCODER.encode(command))
            receive = self._receiver(process, command)
            while True:
                received = receive()
                if isinstance(received, _Packed):
                    yield RECORDS.decode(received.body)
                    continue
                reply = received
                ended = isinstance(reply, (say.Failed, say.Done))
                if self._trouble and ended and isinstance(command, (say.Probe, say.Read)):
                    # Whatever the importer made of it: what it told is not all there is.
                    raise self._trouble
                if isinstance(reply, say.Failed):
                    raise _failure(reply)
                if isinstance(reply, say.Alive):
                    self._at = reply.name
                    continue
                if isinstance(reply, say.Done):
                    self._deaths = 0
                answered = isinstance(reply, (say.Done, say.Found))
                yield reply
                if answered:
                    return
        except (say.BrokenPipe, msgspec.MsgspecError, RecursionError) as cause:
            self._died()
            raise WorkerDied(self._at) from cause
        except GeneratorExit:
            # Nobody wants the rest; a worker in the middle of an answer is of no further use.
            if not answered:
                self._kill()
            raise

    def _receiver(
        self, process: "subprocess.Popen[bytes]", command: say.Command
    ) -> Callable[[], _Received]:
        """What gives the next reply. Records are taken in by a thread: while a batch of them goes
        into the archive, the worker goes on reading, and is served the bytes it asks for."""
        receive = partial(self._receive, process)
        if not isinstance(command, say.Read):
            return receive
        self._ahead = ReadAhead(receive, last=_is_last, size=_size, space=AHEAD)
        return self._ahead.next

    def _receive(self, process: "subprocess.Popen[bytes]") -> _Received:
        """The next thing that the worker says; what it needs is served in between."""
        while True:
            letter, body = self._message(process)
            if letter == b"r":
                return _Packed(body)
            if letter == b"b":
                return body
            if letter != b"m":
                raise say.BrokenPipe
            reply: say.Reply = say.REPLIES.decode(body)
            if not isinstance(reply, say.Need):
                return reply
            self._serve(process, reply)

    def _message(self, process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
        self._waiting = time.monotonic()
        try:
            return say.receive(cast(BinaryIO, process.stdout))
        except OSError as cause:
            raise say.BrokenPipe from cause
        finally:
            self._waiting = None

    def _serve(self, process: "subprocess.Popen[bytes]", need: say.Need) -> None:
        """Bytes of what was given, or why they cannot be read; a worker that asks for others has
        gone wrong."""
        files = self._look.files
        if not 0 <= need.index < len(files) or not 0 <= need.length <= say.LIMIT:
            raise say.BrokenPipe
        if not 0 <= need.offset <= files[need.index].size:
            raise say.BrokenPipe
        try:
            piece = self._given.read(need.index, need.offset, need.length)
        except OSError as cause:
            reason = (cause.strerror or "it cannot be read").lower()
            self._trouble = DiskTrouble(
                f"the export cannot be read: {reason}",
                where=Where(files[need.index].name),
                remedy="run the same again when its disk can be read; what is stored stays",
            )
            _send(process, b"x", reason.encode())
        else:
            _send(process, b"b", piece)

    def _start(self) -> say.Found:
        self._process = started([*self._program, str(self._given.size)])
        threading.Thread(target=self._watch, args=[self._process], daemon=True).start()
        for reply in self._ask(self._look):
            if isinstance(reply, say.Found):
                return reply
        raise WorkerDied(self._at)

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        """End a worker that gives no sign of life while we wait for one."""
        while process.poll() is None:
            since = self._waiting
            if since is not None and time.monotonic() - since > self._silence:
                process.kill()
            time.sleep(min(0.2, self._silence))

    def _died(self) -> None:
        self._kill()
        self._deaths += 1
        if self._deaths >= DEATHS:
            raise RefusedByLimit(
                f"reading this export ended the reader {DEATHS} times",
                where=Where(self._at) if self._at else None,
                remedy="import other parts of it one by one; please report which app made it",
            )

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            ahead, self._ahead = self._ahead, None
            if ahead is not None:
                ahead.stop()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:
                        continue  # a pipe that broke has nothing left to flush


def _is_last(received: _Received) -> bool:
    return isinstance(received, (say.Done, say.Failed))


def _size(received: _Received) -> int:
    # Signs of life count too: a flood of them must not fill the memory while nobody takes them.
    return len(received.body) if isinstance(received, _Packed) else 256


def _check_count(names: int) -> None:
    if names > DEFAULT.members:
        raise RefusedByLimit(
            f"an export of more than {DEFAULT.members:,} files", remedy="import parts of it"
        )


def _send(process: "subprocess.Popen[bytes]", letter: bytes, body: bytes) -> None:
    try:
        say.send(cast(BinaryIO, process.stdin), letter, body)
    except OSError as cause:
        raise say.BrokenPipe from cause


def started(program: Sequence[str]) -> "subprocess.Popen[bytes]":
    """A process that has three pipes, and nothing else of ours: no file, no folder, no word of the
    environment, in which a passphrase may stand."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        cwd=os.path.abspath(os.sep),  # noqa: PTH100 - the root of whatever system this is
        close_fds=True,
    )
    threading.Thread(target=_drain, args=[process], daemon=True).start()
    return process


def _drain(process: "subprocess.Popen[bytes]") -> None:
    """Take in what the worker says on its standard error, and drop it: a traceback of a parser may
    quote a chat."""
    pipe = cast(BinaryIO, process.stderr)
    with pipe:
        while pipe.read(65536):
            pass


def _environment() -> dict[str, str]:
    """Nothing, but for what Windows needs to start a program at all."""
    if os.name != "nt":
        return {}
    return {key: os.environ[key] for key in ("SYSTEMROOT", "SYSTEMDRIVE") if key in os.environ}


def _failure(reply: say.Failed) -> ChatVaultError:
    kind = getattr(errors, reply.kind, ChatVaultError)
    if not (isinstance(kind, type) and issubclass(kind, ChatVaultError)):
        kind = ChatVaultError
    where = None if reply.where is None else Where(*reply.where)
    failure: ChatVaultError = kind(reply.message, where=where, remedy=reply.remedy)
    return failure


Progress = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is (0: not known)."""


def silent(_what: str, _done: int, _total: int, /) -> None:
    """A Progress that nobody watches."""
