"""The parent's side of the worker: starts it, serves it bytes, and notices when it dies."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import msgspec

from chatvault import errors
from chatvault.errors import ChatVaultError, RefusedByLimit, Where
from chatvault.importers._source import Told
from chatvault.model import Record
from chatvault.services import worker_messages as say
from chatvault.services.given import Given

SILENCE = 120.0  # seconds without a sign of life
DEATHS = 3  # in a row, then the export is refused
RECORDS = msgspec.msgpack.Decoder(list[Record])
MODULE = "chatvault.services.worker_child"


class WorkerDied(Exception):
    """The worker ended, hung or said what it must not; `name` is the file it was at."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Worker:
    """A process without keys that reads exports. Closing it ends the process."""

    def __init__(
        self, given: Given, *, told: Told, platform: str | None = None, whole: bool = False
    ) -> None:
        """`whole`: the files are one export of the importer `platform`; nothing is looked for."""
        self._given = given
        self._look = say.Look(given.name, given.files(), given.parts(), told, platform, whole)
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._at = ""
        self._sign = time.monotonic()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and close the files it was served."""
        self._kill()
        self._given.close()

    def find(self) -> say.Found:
        """The exports in what was given."""
        return self._start()

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
                                yield file
            except WorkerDied as died:
                skip.append(died.name)
            else:
                return

    def probe(self, export: int) -> bool:
        """Whether there is a message, or at least an item that could not be read."""
        done = next(iter(self._ask(say.Probe(export))))
        return isinstance(done, say.Done) and bool(done.messages or done.problems)

    def read(self, export: int) -> Iterator[list[Record]]:
        """The records of an export, in batches; WorkerDied when it broke off."""
        messages = problems = 0
        for reply in self._ask(say.Read(export)):
            if isinstance(reply, list):
                messages += sum(type(record).__name__ == "Message" for record in reply)
                problems += sum(type(record).__name__ == "Problem" for record in reply)
                yield reply
            elif isinstance(reply, say.Done) and (messages, problems) != (
                reply.messages, reply.problems
            ):  # fmt: skip
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
        try:
            say.send(cast(BinaryIO, process.stdin), b"m", say.ENCODER.encode(command))
            while True:
                reply = self._reply(process)
                if isinstance(reply, say.Need):
                    continue
                if isinstance(reply, say.Failed):
                    raise _failure(reply)
                if isinstance(reply, say.Alive):
                    self._at = reply.name
                    continue
                if isinstance(reply, (say.Done, say.Found)):
                    self._deaths = 0
                    answered = True
                yield reply
                if answered:
                    return
        except (say.BrokenPipe, msgspec.MsgspecError, OSError) as cause:
            if isinstance(cause, OSError) and process.poll() is None:
                raise  # reading the user's own file failed, not the pipe
            self._died()
            raise WorkerDied(self._at) from cause
        except GeneratorExit:
            # Nobody wants the rest; a worker in the middle of an answer is of no further use.
            if not answered:
                self._kill()
            raise

    def _reply(self, process: "subprocess.Popen[bytes]") -> say.Reply | list[Record] | bytes:
        letter, body = say.receive(cast(BinaryIO, process.stdout))
        self._sign = time.monotonic()
        if letter == b"r":
            return RECORDS.decode(body)
        if letter == b"b":
            return body
        reply: say.Reply = say.REPLIES.decode(body)
        if isinstance(reply, say.Need):
            piece = self._given.read(reply.index, reply.offset, reply.length)
            say.send(cast(BinaryIO, process.stdin), b"b", piece)
        return reply

    def _start(self) -> say.Found:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-m", MODULE, str(self._given.size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd=os.path.abspath(os.sep),  # noqa: PTH100 - the root of whatever system this is
            close_fds=True,
        )
        self._sign = time.monotonic()
        threading.Thread(target=self._watch, args=[self._process], daemon=True).start()
        threading.Thread(target=_drain, args=[self._process], daemon=True).start()
        for reply in self._ask(self._look):
            if isinstance(reply, say.Found):
                return reply
        raise WorkerDied(self._at)

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        """End a worker that gives no sign of life."""
        while process.poll() is None:
            if time.monotonic() - self._sign > SILENCE:
                process.kill()
            time.sleep(0.2)

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
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:
                        continue  # a pipe that broke has nothing left to flush


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
