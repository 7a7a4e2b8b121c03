"""What is taken in ahead comes in order, within its room, and ends when nobody wants it."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chatvault.importers._source import Told
from chatvault.services.given import GivenPaths
from chatvault.services.read_ahead import ReadAhead
from chatvault.services.worker import Worker


class Counting:
    """Gives 0, 1, 2 ... and fails where it is told to."""

    def __init__(self, fails_at: int = -1) -> None:
        self.given = 0
        self._fails_at = fails_at

    def __call__(self) -> int:
        if self.given == self._fails_at:
            raise EOFError("over")
        self.given += 1
        return self.given - 1


def ahead(receive: Callable[[], int], *, last: int, space: int) -> ReadAhead[int]:
    return ReadAhead(receive, last=lambda number: number == last, size=lambda _: 10, space=space)


def settled(value: Callable[[], int]) -> int:
    """A number that has stopped changing."""
    before = -1
    while (now := value()) != before:
        before = now
        time.sleep(0.3)
    return now


def until(true: Callable[[], bool]) -> bool:
    """Whether something becomes true within ten seconds."""
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def test_everything_comes_in_order_and_once() -> None:
    reading = ahead(Counting(), last=99, space=35)
    assert list(range(100)) == [reading.next() for _ in range(100)]
    reading.stop()


def test_no_more_than_the_room_is_taken_in_while_nobody_takes() -> None:
    source = Counting()
    reading = ahead(source, last=-1, space=35)
    # 35 bytes are room for three; the one that is too many was received already.
    assert 4 == settled(lambda: source.given)
    assert [0, 1] == [reading.next(), reading.next()]
    assert 6 == settled(lambda: source.given)
    reading.stop()


def test_nothing_is_asked_for_behind_the_last_one() -> None:
    source = Counting()
    reading = ahead(source, last=2, space=1000)
    assert [0, 1, 2] == [reading.next() for _ in range(3)]
    assert 3 == settled(lambda: source.given)
    reading.stop()


def test_a_failure_comes_behind_what_was_received_before_it() -> None:
    reading = ahead(Counting(fails_at=2), last=-1, space=1000)
    assert [0, 1] == [reading.next(), reading.next()]
    with pytest.raises(EOFError, match="over"):
        reading.next()
    reading.stop()


def test_stopping_ends_the_thread_though_nobody_takes() -> None:
    before = threading.active_count()
    reading = ahead(Counting(), last=-1, space=35)
    assert before + 1 == threading.active_count()
    reading.stop()
    assert before == threading.active_count()


def test_who_waits_gets_what_comes_later() -> None:
    may = threading.Event()

    def receive() -> int:
        may.wait()
        return 7

    reading = ahead(receive, last=7, space=35)
    threading.Timer(0.05, may.set).start()
    assert 7 == reading.next()
    reading.stop()


# Tells batches of 200 kB, more than any pipe holds, and notes each one that it got rid of.
TELLING = """
import sys
from pathlib import Path
from chatvault.model import Problem
from chatvault.services import worker_messages as say

def tell(letter, what):
    say.send(sys.stdout.buffer, letter, say.ENCODER.encode(what))

say.receive(sys.stdin.buffer)
tell(b"m", say.Found([], [], []))
say.receive(sys.stdin.buffer)
for number in range(9):
    tell(b"r", [Problem(file="f", part=str(number), reason="r", raw="x" * 200_000)])
    Path(sys.argv[1]).write_text(str(number + 1))
tell(b"m", say.Done(0, 9))
say.receive(sys.stdin.buffer)
"""


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    (tmp_path / "export").mkdir()
    (tmp_path / "told").touch()
    program = (sys.executable, "-c", TELLING, str(tmp_path / "told"))
    return Worker(GivenPaths([tmp_path / "export"]), told=Told(), program=program)


def test_the_worker_reads_on_while_its_records_go_into_the_archive(
    worker: Worker, tmp_path: Path
) -> None:
    with worker:
        batches = worker.read(0)
        next(batches)
        assert until(lambda: "9" == (tmp_path / "told").read_text())
        assert 8 == len(list(batches))


def test_a_reading_given_up_leaves_neither_process_nor_thread(worker: Worker) -> None:
    before = threading.active_count()
    with worker:
        batches = worker.read(0)
        next(batches)
        batches.close()
        assert worker._process is None
    # Those that watch a process look up now and then only.
    assert until(lambda: threading.active_count() <= before)
