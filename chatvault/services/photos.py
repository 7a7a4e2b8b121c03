"""Looking at the pictures in the packs: their sizes, times and places, and what they look like.

A stage of its own behind an import or a rebuild, over every picture that has no row yet. It can be
broken off at any moment: what was seen is kept, and the next import or rebuild goes on. The bytes
come from the packs; who looks at them is a process without keys, which is ended when a picture
takes it too long, and started again.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO, cast

import msgspec

from chatvault.errors import Damaged
from chatvault.importers._source import Told
from chatvault.services import worker_messages as pipe
from chatvault.services.photo_messages import BYTES, ENCODER, READY, SEEN, Look, Seen, Trouble
from chatvault.services.worker import Progress, silent, started
from chatvault.vault import archive, file_rows, photo_rows, schema
from chatvault.vault.file_rows import StoredFile
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout
from chatvault.vault.photo_rows import PhotoRow
from chatvault.vault.session import Vault

PROGRAM = (sys.executable, "-I", "-m", "chatvault.services.photo_child")
SECONDS = 20.0  # for one picture; the largest that is decoded takes two
START = 60.0  # seconds until the process says that it is ready
ENDING = 0.3  # seconds for a process that broke its pipe to say with which code it ends
MOST_CHILDREN = 4
RENEWED = 2000  # pictures, then a new process: whatever a decoder lost is given back
AT_ONCE = 64  # rows that are written together
STOPPED = (signal.SIGINT, signal.SIGTERM)
PROGRESS = "looking at pictures"


class Looked(msgspec.Struct):
    """How many pictures were looked at, how many of them could not be read whole, how many are in
    packs that are damaged, and whether the process that looks could not go on."""

    pictures: int = 0
    troubled: int = 0
    damaged: int = 0
    stopped: bool = False


class CannotLook(Exception):
    """The process does not start, or somebody else ended it: no picture is to blame."""


def children() -> int:
    """How many processes look at pictures: one core is left for everything else."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    return max(1, min(cores - 1, MOST_CHILDREN))


@contextmanager
def opened(layout: Layout, ring: KeyRing) -> Iterator[Vault]:
    """The vault as it is after its archive was made anew, for a caller that holds the lock."""
    with archive.trouble():
        vault = Vault(layout, ring, archive.open_archive(layout.archive, ring.database_key))
        try:
            yield vault
        finally:
            vault.close()


def look_at_all(
    vault: Vault,
    *,
    progress: Progress = silent,
    program: Sequence[str] = PROGRAM,
    seconds: float = SECONDS,
    number: int | None = None,
) -> Looked:
    """Look at every picture that nobody looked at yet. Broken off, it keeps what was seen."""
    files = photo_rows.pending(vault.db)
    looked = Looked()
    if not files:
        return looked
    waiting: deque[tuple[int, Future[Seen]]] = deque()
    rows: list[tuple[int, Seen]] = []
    with _pool(program, seconds, number or children()) as (submit, space):
        try:
            for file in files:
                while len(waiting) > space:
                    _take(waiting, rows)
                found = _sent(vault, file, submit)
                if found is None:
                    looked.damaged += 1
                else:
                    waiting.append((file, found))
                if len(rows) >= AT_ONCE:
                    _keep(vault, rows, looked)
                progress(PROGRESS, looked.pictures + len(rows), len(files))
            while waiting:
                _take(waiting, rows)
        except CannotLook:
            looked.stopped = True
        finally:
            _keep(vault, rows, looked)
    return looked


def _take(waiting: "deque[tuple[int, Future[Seen]]]", rows: list[tuple[int, Seen]]) -> None:
    """Wait for the oldest; it stays there when that is broken off."""
    file, found = waiting[0]
    rows.append((file, found.result()))
    waiting.popleft()


def _keep(vault: Vault, rows: list[tuple[int, Seen]], looked: Looked) -> None:
    if not rows:
        return
    with schema.database(vault.db).atomic():
        for file, seen in rows:
            facts = msgspec.structs.asdict(seen) | {"trouble": seen.trouble.value}
            photo_rows.add(vault.db, file, PhotoRow(**facts))
            looked.pictures += 1
            looked.troubled += bool(seen.trouble)
    rows.clear()


def _sent(
    vault: Vault, row: int, submit: Callable[[Look, bytes], "Future[Seen]"]
) -> "Future[Seen] | None":
    """A picture on its way to be looked at; None when its pack is damaged, which says nothing about
    the picture: it is looked at when the pack is back."""
    file = file_rows.stored_file(vault.db, row)
    done: Future[Seen] = Future()
    if file.size > BYTES:
        done.set_result(Seen(trouble=Trouble.BYTES))
        return done
    try:
        data = b"".join(vault.file_pieces(file))
    except Damaged:
        return None
    return submit(_question(vault, row, file), data)


def _question(vault: Vault, row: int, file: StoredFile) -> Look:
    """Clocks without a zone are read as the importer of photo folders does: in the zone that was
    told for the export, else in that of the computer that imported it. Both are in the journal, so
    a rebuild comes to the same."""
    origin = photo_rows.origin(vault.db, row)
    try:
        told = msgspec.json.decode(origin.told, type=Told)
    except msgspec.MsgspecError:
        told = Told()
    name = (origin.path or file.path).rpartition("/")[2]
    return Look(name, origin.modified_ms, told.zone or told.local_zone or "UTC")


@contextmanager
def _pool(
    program: Sequence[str], seconds: float, number: int
) -> Iterator[tuple[Callable[[Look, bytes], "Future[Seen]"], int]]:
    """What sends a picture to one of the processes, and how many may be on their way: while one is
    looked at the next is decrypted."""
    idle: queue.SimpleQueue[_Child] = queue.SimpleQueue()
    everybody = [_Child(program, seconds) for _ in range(number)]
    for child in everybody:
        idle.put(child)

    def one(asked: Look, data: bytes) -> Seen:
        child = idle.get()
        try:
            return child.look(asked, data)
        finally:
            idle.put(child)

    threads = ThreadPoolExecutor(number)
    try:
        yield lambda asked, data: threads.submit(one, asked, data), number
    finally:
        for child in everybody:
            child.close()
        threads.shutdown(cancel_futures=True)


class _Child:
    """One process that looks at pictures; used by one thread at a time."""

    def __init__(self, program: Sequence[str], seconds: float) -> None:
        self._program = program
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._closed = False
        self._lock = threading.Lock()

    def look(self, asked: Look, data: bytes) -> Seen:
        """What it sees. When the process ends or takes too long, that is what there is to say;
        CannotLook when it is not the picture's fault."""
        for last in (False, True):
            process = self._started()
            late = threading.Event()
            timer = threading.Timer(self._seconds, _too_late, [process, late])
            timer.start()
            try:
                _send(process, b"m", ENCODER.encode(asked))
                _send(process, b"b", data)
                seen: Seen = SEEN.decode(_answer(process))
                self._count += 1
            except (pipe.BrokenPipe, msgspec.MsgspecError):
                code = self._end()
                if late.is_set():
                    return Seen(trouble=Trouble.TIME)
                if self._closed or (code is not None and -code in STOPPED):
                    raise CannotLook from None
                if last:
                    return Seen(trouble=Trouble.CRASH)
            else:
                return seen
            finally:
                timer.cancel()
        raise AssertionError

    def close(self) -> None:
        """End the process, whatever it does."""
        self._closed = True
        self._end()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._count >= RENEWED:
            self._end()
        with self._lock:
            if self._closed:
                raise CannotLook
            if self._process is not None:
                return self._process
            process = self._process = started(self._program)
        self._count = 0
        timer = threading.Timer(START, process.kill)
        timer.start()
        try:
            READY.decode(_answer(process))
        except (pipe.BrokenPipe, msgspec.MsgspecError):
            self._end()
            raise CannotLook from None
        finally:
            timer.cancel()
        return process

    def _end(self) -> int | None:
        """End the process; with which code it ended by itself, if it did."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return None
        try:
            # What broke its pipe is about to end, or told nonsense and never would.
            code = process.wait(0 if self._closed else ENDING)
        except subprocess.TimeoutExpired:
            code = None
            process.kill()
            process.wait()
        for end in (process.stdin, process.stdout):
            try:
                cast(BinaryIO, end).close()
            except OSError:
                continue  # a pipe that broke has nothing left to flush
        return code


def _too_late(process: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    process.kill()


def _send(process: "subprocess.Popen[bytes]", letter: bytes, body: bytes) -> None:
    try:
        pipe.send(cast(BinaryIO, process.stdin), letter, body)
    except (OSError, ValueError) as cause:  # gone, or closed by whoever stops
        raise pipe.BrokenPipe from cause


def _answer(process: "subprocess.Popen[bytes]") -> bytes:
    try:
        letter, body = pipe.receive(cast(BinaryIO, process.stdout))
    except (OSError, ValueError) as cause:
        raise pipe.BrokenPipe from cause
    if letter != b"m":
        raise pipe.BrokenPipe
    return body
