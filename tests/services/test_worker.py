"""The process that reads exports: what it is given, and what its parent does when it goes wrong.

The workers that lie are small programs written here; everything they say goes through the pipe.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import vaults
from vaults import Telegram, chat

from chatvault import errors
from chatvault.errors import ChatVaultError, RefusedByLimit
from chatvault.importers._source import Told
from chatvault.services import worker as service
from chatvault.services import worker_messages as say
from chatvault.services.given import GivenPaths
from chatvault.services.worker import Worker, WorkerDied

# What every lying worker begins with: it answers the first command with one export, then lies.
PRELUDE = """
import sys, time, os
from chatvault.services import worker_messages as say

def tell(reply):
    say.send(sys.stdout.buffer, b"m", say.ENCODER.encode(reply))

def asked():
    return say.COMMANDS.decode(say.receive(sys.stdin.buffer)[1])

FOUND = say.FoundExport("e", "e", "telegram-desktop", 1, "telegram", [], 1, [])
asked()
tell(say.Found([FOUND], [], []))
command = asked()
"""


def lying(code: str) -> tuple[str, ...]:
    """A worker that answers the first question, and the second with this code."""
    return (sys.executable, "-c", PRELUDE + code)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return Telegram(chat(1, 6, photos=[2])).folder(tmp_path / "export")


@pytest.fixture
def worker(export: Path) -> Iterator[Worker]:
    with Worker(GivenPaths([export]), told=Told()) as started:
        yield started


def liar(export: Path, code: str, silence: float = 5.0) -> Worker:
    return Worker(GivenPaths([export]), told=Told(), program=lying(code), silence=silence)


def process_of(worker: Worker) -> Path:
    process = worker._process
    assert process is not None
    return Path(f"/proc/{process.pid}")


def test_a_worker_reads_an_export(worker: Worker) -> None:
    (found,) = worker.find().exports
    assert ("telegram-desktop", 2) == (found.importer, found.files)
    assert {"result.json", "photos/photo_2@14-11-2023.jpg"} == {f.name for f in worker.hash(0)}
    assert worker.probe(0)
    assert 5 == sum(type(r).__name__ == "Message" for batch in worker.read(0) for r in batch)
    assert vaults.picture("photo_2@14-11-2023.jpg") == b"".join(
        worker.fetch(0, "photos/photo_2@14-11-2023.jpg")
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_IN_2_a_worker_has_no_environment_no_folder_and_only_its_pipes(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATVAULT_PASSPHRASE", "never seen by a worker")
    leak = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(leak, True)
    try:
        worker.find()
        process = process_of(worker)
        assert b"" == (process / "environ").read_bytes()
        assert "/" == str((process / "cwd").readlink())
        opened = {int(fd.name): str(fd.readlink()) for fd in (process / "fd").iterdir()}
        assert {0, 1, 2} == set(opened)
        assert all(target.startswith("pipe:") for target in opened.values())
    finally:
        os.close(leak)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_IN_2_a_worker_is_limited_by_the_system(worker: Worker) -> None:
    worker.find()
    process = process_of(worker)
    limits = {
        line[:26].strip(): line[26:].split()[:2]
        for line in (process / "limits").read_text().splitlines()[1:]
    }
    assert ["0", "0"] == limits["Max core file size"]
    assert ["0", "0"] == limits["Max file size"]
    assert [str(4 * 1024**3)] * 2 == limits["Max address space"]
    assert ["70", "70"] == limits["Max cpu time"]
    assert "NoNewPrivs:\t1" in (process / "status").read_text()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_IN_2_closing_ends_the_process(export: Path) -> None:
    with Worker(GivenPaths([export]), told=Told()) as worker:
        worker.find()
        process = process_of(worker)
        assert process.exists()
    assert not process.exists()


@pytest.mark.parametrize("code", ["", "os._exit(3)", "os.abort()", "raise SystemExit"])
def test_IN_3_a_worker_that_ends_at_once_refuses_the_export(export: Path, code: str) -> None:
    with liar(export, code) as worker:
        worker.find()
        with pytest.raises(RefusedByLimit, match="ended the reader 3 times"):
            list(worker.hash(0))


def test_IN_3_a_worker_that_never_starts_refuses_the_export(export: Path) -> None:
    program = (sys.executable, "-c", "")
    with (
        Worker(GivenPaths([export]), told=Told(), program=program) as worker,
        pytest.raises(RefusedByLimit),
    ):
        worker.find()


def test_IN_3_a_worker_that_dies_while_probing_refuses_the_export(export: Path) -> None:
    with liar(export, "os._exit(3)") as worker:
        worker.find()
        with pytest.raises(RefusedByLimit):
            worker.probe(0)


def test_IN_3_a_file_that_ends_the_worker_is_named_and_the_rest_is_read(export: Path) -> None:
    code = """
while isinstance(command, say.Hash):
    for name in ("good", "bad", "fine"):
        tell(say.Alive(name))
        if name == "bad" and name not in command.skip:
            os._exit(1)
        trouble = "skipped" if name in command.skip else ""
        tell(say.Hashed([say.HashedFile(name, 1, None, None, bytes(32), None, None, trouble)]))
    tell(say.Done())
    command = asked()
"""
    with liar(export, code) as worker:
        worker.find()
        found = {file.name: file.trouble for file in worker.hash(0)}
    assert {"good": "", "bad": "skipped", "fine": ""} == found


def test_IN_3_a_worker_that_says_nothing_is_ended(export: Path) -> None:
    began = time.monotonic()
    with liar(export, "time.sleep(60)", silence=0.3) as worker:
        worker.find()
        with pytest.raises(WorkerDied):
            list(worker.read(0))
    assert time.monotonic() - began < 5


def test_IN_3_a_worker_that_waits_for_its_parent_is_left_alone(export: Path) -> None:
    """Storing many files takes longer than any silence; the worker has nothing to say then."""
    with Worker(GivenPaths([export]), told=Told()) as worker:
        worker.find()
        first = worker.read(0)
        assert next(first)
        process = worker._process
        assert process is not None
        worker._silence = 0.05
        time.sleep(0.5)
        worker._silence = service.SILENCE
        assert [] == list(first)
        worker._silence = 0.05
        time.sleep(0.5)
        worker._silence = service.SILENCE
        assert worker.probe(0)
        assert process is worker._process
        assert process.poll() is None


LIES = {
    "garbage": "sys.stdout.buffer.write(os.urandom(200) + b'q' * 1000)",
    "a letter that is none": "say.send(sys.stdout.buffer, b'x', b'')",
    "an unknown structure": "say.send(sys.stdout.buffer, b'm', b'\\x81\\xa4type\\xa3Odd')",
    "a record of a wrong shape": "say.send(sys.stdout.buffer, b'r', b'\\x91\\x01')",
    "records cut in the middle": "say.send(sys.stdout.buffer, b'r', b'\\x92\\x81')",
    "depth": "say.send(sys.stdout.buffer, b'r', b'\\x91' * 5000)",
    "a message of 4 GiB": "sys.stdout.buffer.write(say.HEADER.pack(b'r', 2**32 - 1))",
    "a lie about the count": "tell(say.Done(messages=7))",
    "another file": "tell(say.Need(99, 0, 10)); time.sleep(9)",
    "a file before the first": "tell(say.Need(-1, 0, 10)); time.sleep(9)",
    "a place before the start": "tell(say.Need(0, -5, 10)); time.sleep(9)",
    "a place far behind the end": "tell(say.Need(0, 2**63 - 1, 10)); time.sleep(9)",
    "more bytes than there is memory": "tell(say.Need(0, 0, 2**62)); time.sleep(9)",
    "half an answer": "sys.stdout.buffer.write(say.HEADER.pack(b'r', 100) + b'half')",
}


@pytest.mark.parametrize("lie", LIES)
def test_IN_3_a_lie_ends_the_worker(export: Path, lie: str) -> None:
    with liar(export, f"{LIES[lie]}\nsys.stdout.flush()") as worker:
        worker.find()
        with pytest.raises(WorkerDied):
            list(worker.read(0))
        assert worker._process is None


def test_IN_3_a_lie_about_sizes_ends_the_worker(export: Path) -> None:
    code = """
tell(say.Alive("big"))
tell(say.Hashed([say.HashedFile("big", 2**63, None, None, bytes(32), None, None)]))
"""
    with liar(export, code) as worker:
        worker.find()
        with pytest.raises(RefusedByLimit):
            list(worker.hash(0))


def test_IN_3_a_flood_of_names_is_refused(export: Path) -> None:
    code = """
for n in range(600):
    names = [say.HashedFile(f"{n} {k}", 0, None, None, b"", None, None) for k in range(1000)]
    tell(say.Hashed(names))
"""
    with liar(export, code) as worker:
        worker.find()
        with pytest.raises(RefusedByLimit, match="more than 500,000 files"):
            for _ in worker.hash(0):
                pass


def test_IN_3_a_flood_on_standard_error_blocks_nothing(export: Path) -> None:
    code = """
for n in range(200):
    sys.stderr.write("x" * 65536)
tell(say.Done())
"""
    with liar(export, code) as worker:
        worker.find()
        assert [] == list(worker.read(0))


EXPECTED = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ChatVaultError) and kind is not errors.BadQuery
]


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_a_failure_comes_back_as_our_own_class(export: Path, kind: type[ChatVaultError]) -> None:
    code = f"tell(say.Failed('{kind.__name__}', 'what', ('file', 'part'), 'do that'))"
    with liar(export, code) as worker:
        worker.find()
        with pytest.raises(ChatVaultError) as caught:
            list(worker.read(0))
    failure = caught.value
    assert (kind, "file, part: what", "do that") == (type(failure), str(failure), failure.remedy)


@pytest.mark.parametrize("name", ["Where", "dataclass", "NoSuchThing", "__doc__"])
def test_IN_3_a_failure_of_no_class_of_ours_is_an_error_all_the_same(
    export: Path, name: str
) -> None:
    code = f"tell(say.Failed('{name}', 'what', None, ''))"
    with liar(export, code) as worker:
        worker.find()
        with pytest.raises(ChatVaultError, match="what"):
            list(worker.read(0))


def test_a_file_of_the_export_that_cannot_be_read_is_told_and_the_rest_is_read(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad sector under one photo: no reason to give up the others."""
    given = GivenPaths([export])
    names = [file.name for file in given.files()]
    read = given.read

    def failing(index: int, offset: int, length: int) -> bytes:
        if names[index].endswith(".jpg"):
            raise OSError(5, "Input/output error")
        return read(index, offset, length)

    monkeypatch.setattr(given, "read", failing)
    with Worker(given, told=Told()) as worker:
        worker.find()
        found = {file.name: file.trouble for file in worker.hash(0)}
        assert worker.probe(0)
    assert {"result.json": "", "photos/photo_2@14-11-2023.jpg": "input/output error"} == found


def test_the_export_itself_unreadable_is_trouble_of_the_disk(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = GivenPaths([export])
    with Worker(given, told=Told()) as worker:
        worker.find()

        def failing(index: int, offset: int, length: int) -> bytes:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(given, "read", failing)
        with pytest.raises(errors.DiskTrouble, match="input/output error"):
            worker.probe(0)


def test_the_worker_module_knows_no_keys() -> None:
    """The program that reads exports imports nothing that opens a vault."""
    code = (
        "import sys, chatvault.services.worker_child;"
        "print([m for m in sys.modules if 'keyring' in m or 'age' in m.split('.')[-1:]"
        " or m in ('sqlcipher3', 'cryptography', 'chatvault.vault.archive')])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "[]\n" == ran.stdout


def test_a_message_longer_than_the_limit_is_never_read() -> None:
    assert 64 * 1024 * 1024 == say.LIMIT
    assert 3 == service.DEATHS
