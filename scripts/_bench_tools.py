"""Tools of the measurements: a vault, programs with their memory watched, the machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import ParamSpec

import _file_key_store
import msgspec
from _bench_results import Machine, Took
from _environment import ROOT

from chatvault.services.create import create
from chatvault.vault import age, archive
from chatvault.vault.keyring import KeyRing

P = ParamSpec("P")
MEASURED = ("chatvault", "sqlcipher3", "cryptography", "msgspec", "sqlite-utils", "click")


@dataclass(frozen=True)
class Ran:
    """A program that ran to its end."""

    took: Took
    output: bytes


@dataclass(frozen=True)
class MeasuredVault:
    """A vault opened by its recovery key, so that no passphrase is stretched while we measure."""

    folder: Path
    key_file: Path
    ring: KeyRing
    secret: dict[str, str] = field(default_factory=dict)  # where the key is; else in the file

    @classmethod
    def make(cls, folder: Path) -> MeasuredVault:
        """A new one; an older one there is replaced."""
        shutil.rmtree(folder, ignore_errors=True)
        identity = age.Identity.generate()
        _, ring = create(folder, "otter piano quartz", recovery=identity, profile=age.TESTING)
        key_file = folder.with_suffix(".key")
        key_file.touch(mode=0o600)
        key_file.write_text(identity.text(), encoding="utf-8")
        return cls(folder, key_file, ring)

    def copy(self, folder: Path) -> MeasuredVault:
        """The same vault elsewhere."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return MeasuredVault(folder, self.key_file, self.ring)

    def remembered(self) -> MeasuredVault:
        """The same with its key remembered, in a key store beside it, and taken from there."""
        store = {
            **_file_key_store.chosen(self.folder.with_suffix(".store")),
            "CHATVAULT_VAULT": str(self.folder),
        }
        key_file = {"CHATVAULT_PASSPHRASE_FILE": str(self.key_file)}
        run([*CHATVAULT, "keys", "remember"], {**store, **key_file})
        return replace(self, secret=store)

    def run(self, *arguments: str | Path) -> Ran:
        """`chatvault` with these arguments on this vault."""
        secret = self.secret or {"CHATVAULT_PASSPHRASE_FILE": str(self.key_file)}
        environment = {"CHATVAULT_VAULT": str(self.folder), **secret}
        return run([*CHATVAULT, *map(str, arguments)], environment)

    def open(self) -> archive.Connection:
        """Its archive, for reading."""
        return archive.open_reading(self.folder / "archive.db", self.ring.database_key)

    @property
    def archive_size(self) -> int:
        """Bytes of the archive."""
        return (self.folder / "archive.db").stat().st_size

    @property
    def packs_size(self) -> int:
        """Bytes of all packs."""
        return folder_size(self.folder / "packs")


class Counts(msgspec.Struct):
    """What the receipts of an import say of its messages, all of them together."""

    items: int = 0
    new: int = 0
    known: int = 0


class _Receipt(msgspec.Struct):
    messages: Counts


class _Receipts(msgspec.Struct):
    imports: list[_Receipt]


def imported(vault: MeasuredVault, export: Path) -> tuple[Ran, Counts]:
    """`chatvault import` of an export, and what its receipts say."""
    ran = vault.run("import", "--json", "--timezone", "Asia/Singapore", export)
    counts = Counts()
    for receipt in msgspec.json.decode(ran.output, type=_Receipts).imports:
        counts.items += receipt.messages.items
        counts.new += receipt.messages.new
        counts.known += receipt.messages.known
    return ran, counts


def _chatvault() -> list[str]:
    program = Path(sys.executable).with_name("chatvault.exe" if os.name == "nt" else "chatvault")
    return [str(program)] if program.exists() else [sys.executable, "-m", "chatvault"]


CHATVAULT = _chatvault()


def run(command: list[str], environment: dict[str, str] | None = None) -> Ran:
    """Run a program to its end, watching the memory of it and of all that it starts."""
    start, before = time.perf_counter(), os.times()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        watch = _Watch(process.pid)
        output, trouble = process.communicate()
        seconds = time.perf_counter() - start
        watch.stop()
    if process.returncode:
        sys.exit(f"{' '.join(command[:3])} ended with {process.returncode}: {trouble.decode()}")
    after = os.times()
    processor = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return Ran(Took(seconds, processor, watch.peak / 2**20), output)


class _Watch(threading.Thread):
    """Adds up, again and again, the resident memory of a process and of those it started.

    Pages that two of them share count twice, so the sum is rather too high than too low. It stays 0
    where there is no /proc.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.wait(0.02):
            self.peak = max(self.peak, _resident(self._pid))

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()
        self.join()


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except (OSError, IndexError):
        return 0  # it ended meanwhile, or this system has no such files
    children = (child for one in threads for child in _children(one))
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(_resident, children))


def _children(thread: Path) -> list[int]:
    """The processes that a thread started."""
    try:
        return [int(child) for child in (thread / "children").read_bytes().split()]
    except OSError:
        return []  # it ended meanwhile


def timed(action: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Took:
    """What a call in this process takes."""
    start, processor = time.perf_counter(), time.process_time()
    action(*args, **kwargs)
    return Took(time.perf_counter() - start, time.process_time() - processor)


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def load() -> float:
    """Processes that wanted a core in the last minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def machine(work: Path, load_before: float) -> Machine:
    """This computer."""
    versions = {"Python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in MEASURED}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if os.name != "nt" else 0
    return Machine(
        processor=_processor(), cores=os.cpu_count() or 1, memory_gb=round(memory / 2**30, 1),
        system=f"{platform.system()} {platform.release()}", disk=_file_system(work),
        load_before=load_before, load_after=load(), versions=versions,
    )  # fmt: skip


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        return platform.processor() or platform.machine()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The kind of file system that a folder lies on: on one in memory, fsync costs nothing."""
    best, kind = "", "unknown"
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return kind
    for mount in mounts:
        _, place, found, *_ = mount.split(" ")
        if folder.resolve().is_relative_to(place) and len(place) >= len(best):
            best, kind = place, found
    return kind
