"""L08, L17: nothing of a chat is left anywhere in clear, during a command or after it, and no
command opens a connection or starts a program but its own reader of exports.

Exports with marked words in every place go through a whole session; meanwhile and afterwards every
file of the vault, of the home and temporary folders, and every open file of the processes is
searched for the marks in all usual encodings.
"""

import base64
import json
import os
import re
import secrets
import shutil
import stat
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import vaults
from vaults import Said, Telegram

LINUX = sys.platform.startswith("linux")
SHARED = [Path(name) for name in ("/tmp", "/var/tmp", "/dev/shm")]
MOST = 64 * 2**20


@dataclass(frozen=True)
class Marks:
    """Words that stand nowhere else in the world; new ones for every run."""

    text: str
    name: str
    title: str
    file: str
    picture: bytes

    @classmethod
    def new(cls) -> "Marks":
        word = secrets.token_hex(5)
        return cls(
            f"kanarie{word} zingt", f"Vogel{word}", f"Volière金丝雀{word}", f"veer{word}",
            secrets.token_bytes(24),
        )  # fmt: skip

    def pattern(self) -> re.Pattern[bytes]:
        """All in UTF-8, UTF-16, UTF-32, escaped for JSON, URLs and HTML, as base64 and hex."""
        found = {self.picture, self.picture.hex().encode(), base64.b64encode(self.picture)}
        for word in (self.text, self.name, self.title, self.file):
            for form in (word, word.lower(), word.upper(), word[::-1]):
                found |= {form.encode(code) for code in ("utf-8", "utf-16-le", "utf-32-le")}
                found |= {form.encode("utf-16-be")}
                found |= {json.dumps(form)[1:-1].encode(), urllib.parse.quote(form).encode()}
                found |= {form.encode("ascii", "xmlcharrefreplace"), form.encode().hex().encode()}
        # A part is enough: half a name is a leak too.
        found |= {self.text.split()[0].encode(), self.title[7:].encode()}
        return re.compile(b"|".join(re.escape(form) for form in sorted(found)))


@dataclass
class Watch:
    """Looks for marks in files that were changed since it was made."""

    pattern: re.Pattern[bytes]
    own: Path
    allowed: Sequence[Path]
    hits: set[str] = field(default_factory=set)
    looked: int = 0
    _seen: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _since: float = field(default_factory=lambda: time.time() - 1)

    def files(self, *, shared: bool = True) -> None:
        """Everything below our own folder; of the shared ones what lies near their top."""
        for path in _files(self.own, self.allowed, depth=99):
            self._file(path)
        for folder in SHARED if shared else ():
            for path in _files(folder, [*self.allowed, self.own], depth=2):
                self._file(path)

    def processes(self, root: int) -> None:
        """Open files of a process and all below it, deleted ones too."""
        if not LINUX:
            return
        for process in _below(root):
            try:
                opened = list(Path(f"/proc/{process}/fd").iterdir())
            except OSError:
                continue
            for fd in opened:
                try:
                    target = str(Path(fd).readlink())
                    if target.startswith("/") and not self._is_allowed(Path(target)):
                        self._file(fd, target)
                except OSError:
                    continue

    def _is_allowed(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self.allowed)

    def _file(self, path: Path, name: str = "") -> None:
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_ctime < self._since:
                return
            key, state = (status.st_dev, status.st_ino), (status.st_mtime_ns, status.st_size)
            if self._seen.get(key) == state or status.st_size > MOST:
                return
            data = path.read_bytes()
        except OSError:
            return
        self._seen[key] = state
        self.looked += 1
        if found := self.pattern.search(data):
            self.hits.add(f"{name or path}: {found[0][:20]!r}")
        elif self.pattern.search(os.fsencode(path.name)):
            self.hits.add(f"the name of {name or path}")


def _files(folder: Path, allowed: Sequence[Path], *, depth: int) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, onerror=lambda _: None):
        here = Path(root)
        folders[:] = [
            name
            for name in folders
            if here / name not in allowed and len(here.relative_to(folder).parts) < depth
        ]
        yield from (here / name for name in names)


def _below(root: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(text.rpartition(")")[2].split()[1])
    found = {root}
    while more := {process for process, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@dataclass
class Session:
    """Commands of a user with a home of their own, watched while they run."""

    folder: Path
    marks: Marks
    watch: Watch
    environment: dict[str, str]

    def start(self, *arguments: str, tracing: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*tracing, sys.executable, "-m", "chatvault", *arguments],
            cwd=self.folder / "home", env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, codes: Sequence[int] = (0,)) -> tuple[bytes, bytes]:
        """What a command printed; it is watched all the time."""
        out = self.folder / "outputs" / secrets.token_hex(4)
        with out.open("wb") as printed, out.with_suffix(".err").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "chatvault", *arguments],
                cwd=self.folder / "home", env=self.environment, stdin=subprocess.DEVNULL,
                stdout=printed, stderr=said,
            )  # fmt: skip
            while process.poll() is None:
                self.watch.processes(process.pid)
                self.watch.files(shared=False)
                time.sleep(0.02)
        self.watch.files()
        told = out.read_bytes(), out.with_suffix(".err").read_bytes()
        assert process.returncode in codes, (arguments, process.returncode, told[1])
        assert set() == self.watch.hits, arguments
        return told


def make_exports(folder: Path, marks: Marks) -> None:
    """Marks in every place where something of a chat can stand."""
    photo = f"{marks.file}.jpg"
    said = [
        Said(n, f"{marks.text} {n}", photo if n == 3 else "", "Ada") for n in range(1, 400)
    ]  # fmt: skip
    files = Telegram(said, title=marks.title).files()
    files["result.json"] = files["result.json"].replace(b'"Ada"', f'"{marks.name}"'.encode())
    files[f"photos/{photo}"] = vaults.picture("x") + marks.picture + bytes(3000) + marks.picture
    files[f"{marks.file} note.txt"] = f"{marks.text} by {marks.name}".encode()
    vaults.write(folder / marks.title, files)
    lines = [(n, marks.name, f"{marks.text}, again {n}") for n in range(20)]
    name = f"WhatsApp Chat with {marks.title}"
    vaults.zipped(
        folder / f"{name}.zip",
        {f"{name}.txt": vaults.whatsapp(lines), f"{marks.file}.opus": marks.picture * 50},
    )
    broken = files["result.json"][:5000]
    vaults.write(folder / "broken" / marks.title, {"result.json": broken})


@pytest.fixture
def session(tmp_path: Path) -> Session:
    marks = Marks.new()
    for name in ("home", "temporary", "sources", "restored", "outputs"):
        (tmp_path / name).mkdir()
    make_exports(tmp_path / "sources", marks)
    vault = tmp_path / "home" / "v"
    vaults.make(vault)
    secret = tmp_path / "home" / "secret"
    secret.touch(mode=0o600)
    secret.write_text(vaults.PASSPHRASE)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LC_ALL": "C.UTF-8",
        "TMPDIR": str(tmp_path / "temporary"), "CHATVAULT_VAULT": str(vault),
        "CHATVAULT_PASSPHRASE_FILE": str(secret), "TZ": "Europe/Berlin",
    }  # fmt: skip
    allowed = [tmp_path / name for name in ("sources", "restored", "outputs")]
    watch = Watch(marks.pattern(), tmp_path, allowed)
    return Session(tmp_path, marks, watch, environment)


@pytest.mark.slow
@pytest.mark.guarantee
def test_L08_nothing_of_a_chat_is_left_by_importing_searching_and_listing(session: Session) -> None:
    marks, sources = session.marks, session.folder / "sources"
    exports = [str(path) for path in sorted(sources.iterdir()) if path.name != "broken"]
    run = session.run
    run("import", "--dry-run", *exports)
    out, _ = run("import", *exports)
    assert marks.title.encode() in out  # told to the owner; what follows proves the marks are in
    run("import", *exports)
    out, _ = run("search", marks.text.split()[0], "--limit", "3", "--json")
    found = json.loads(out)
    assert 419 == found["total"]
    run("show", str(found["hits"][0]["id"]))
    for what in ("conversations", "media", "imports"):
        run("list", what)
    _, said = run("import", str(sources / "broken"), codes=(0, 1, 3))
    assert marks.text.encode() not in said
    run("search", f'"{marks.name}', codes=(2,))
    assert session.watch.looked > 20


@pytest.mark.slow
@pytest.mark.guarantee
def test_L08_nothing_of_a_chat_is_left_by_restoring_verifying_and_rebuilding(
    session: Session,
) -> None:
    marks, sources = session.marks, session.folder / "sources"
    vaults.found(session.folder / "home" / "v").bring(
        *(path for path in sorted(sources.iterdir()) if path.name != "broken")
    )
    run = session.run
    run("restore", "media", str(session.folder / "restored" / "media"), codes=(0, 3))
    run("restore", "chats", str(session.folder / "restored" / "chats"), "--format", "json")
    run("restore", "originals", str(session.folder / "restored" / "originals"), codes=(0, 3))
    _, said = run("verify", "--full", codes=(0, 3))
    assert not session.watch.pattern.search(said)
    run("imports", "undo", "1")
    run("rebuild")
    assert session.watch.looked > 10
    restored = [p for p in (session.folder / "restored").rglob("*") if p.is_file()]
    assert any(marks.picture in path.read_bytes() for path in restored)


@pytest.mark.slow
@pytest.mark.guarantee
def test_L08_nothing_of_a_chat_is_left_by_an_import_that_was_killed(session: Session) -> None:
    sources = session.folder / "sources"
    exports = [str(path) for path in sorted(sources.iterdir()) if path.name != "broken"]
    killed = 0
    for tenth in range(2, 12, 2):
        process = session.start("import", *exports)
        end = time.monotonic() + tenth / 10
        while process.poll() is None and time.monotonic() < end:
            session.watch.processes(process.pid)
            session.watch.files(shared=False)
        killed += process.poll() is None
        process.kill()
        process.communicate()
        session.watch.files()
        assert set() == session.watch.hits
    assert killed
    session.run("import", *exports)
    session.run("verify", "--full")


@pytest.mark.parametrize("where", ["home", "temporary", "shared", "deleted", "name", "utf-16"])
def test_the_watch_finds_what_is_left_anywhere(session: Session, where: str) -> None:
    marks = session.marks
    place = session.folder / {"home": "home", "name": "home"}.get(where, "temporary") / "left"
    if where == "shared":
        place = Path("/dev/shm" if LINUX else "/var/tmp") / f"left-{secrets.token_hex(8)}"
    if where == "name":
        place = place.with_name(marks.file)
    data = marks.name.encode("utf-16-be" if where == "utf-16" else "utf-8")
    code = (
        "import os, sys, time; f = open(sys.argv[1], 'wb', 0)\n"
        "f.write(bytes.fromhex(sys.argv[2]))\n"
        "if sys.argv[3] == 'deleted': os.unlink(sys.argv[1])\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    hidden = b"nothing" if where == "name" else data
    try:
        with subprocess.Popen(
            [sys.executable, "-c", code, str(place), hidden.hex(), where], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            session.watch.files()
            session.watch.processes(process.pid)
            process.kill()
    finally:
        place.unlink(missing_ok=True)
    assert session.watch.hits


@pytest.mark.slow
@pytest.mark.guarantee
def test_L17_IN_4_no_connection_and_no_program_but_the_reader_of_exports(
    session: Session,
) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    if subprocess.run([strace, "-o", os.devnull, "true"], check=False).returncode:
        pytest.skip("strace may not trace here (in a container: --cap-add=SYS_PTRACE)")
    sources = session.folder / "sources"
    exports = [str(path) for path in sorted(sources.iterdir()) if path.name != "broken"]
    trace = session.folder / "trace"
    readers = 0
    for arguments, code in (
        (("import", *exports), 0), (("search", "zingt"), 0), (("list",), 0),
        (("verify", "--full"), 0), (("rebuild",), 0), (("imports", "undo", "2"), 0),
        (("restore", "chats", str(session.folder / "restored" / "x"), "--format", "txt"), 0),
    ):  # fmt: skip
        process = session.start(
            *arguments,
            tracing=[strace, "-f", "-qq", "-o", str(trace), "-s", "200",
                     "-e", "trace=%network,execve,execveat"],
        )  # fmt: skip
        _, said = process.communicate(timeout=120)
        assert code == process.returncode, said
        lines = trace.read_text(errors="replace").splitlines()
        calls = [line.partition(" ")[2].strip() for line in lines]
        # The C library may ask for a service of this machine that looks up users' names.
        network = [
            call
            for call in calls
            if re.match(r"(socket|connect|bind|sendto|sendmsg|listen)", call)
            and not re.search(r'AF_UNIX, SOCK|sun_path="/(var/)?run/nscd/socket"', call)
        ]
        assert [] == network, arguments
        started = [call for call in calls if call.startswith("exec") and call.endswith("= 0")]
        programs = [call for call in started if not re.search("worker_child|photo_child", call)]
        assert 1 == len(programs), programs
        assert '"-m", "chatvault"' in programs[0]
        readers += len(started) - 1
    assert readers >= 3
