"""A vault opens without ChatVault: its page and its own README.txt are followed to the letter.

The commands are taken out of the texts and run with the real programs.
"""

import hashlib
import importlib.util
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatvault.cli.init import KIT
from chatvault.services import create, demo, ingest, undo, unlock
from chatvault.services.ingest import Options, Told
from chatvault.vault import age
from chatvault.vault.layout import README

PAGE = Path(__file__).resolve().parent.parent / "docs/recover-without-chatvault.md"
PASSPHRASE = "seven grey herons wade slowly"
RECOVERY = age.Identity.generate()
NOW = 1_717_000_000_000
OLDEST_SQLITE = (3, 37)  # what the tables need; SQLCipher 4.5.1 has it
INSTALL = {
    "age": "apt install age",
    "tar": "apt install tar",
    "zstd": "apt install zstd",
    "sqlite3": "apt install sqlite3",
    "sha256sum": "apt install coreutils",
}
SECRETS = {"With the passphrase", "With the recovery key"}
DATABASES = {"With sqlcipher", "With Python", "With DB Browser for SQLite"}

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the page is for POSIX shells")


@dataclass(frozen=True)
class Block:
    """A box of the page, with the heading above it."""

    heading: str
    language: str
    text: str


def blocks() -> list[Block]:
    """All boxes of the page, in order."""
    found, heading = [], ""
    for part in re.split(
        r"^(#+ [^\n]+|```\w+\n.*?^```)$", PAGE.read_text("utf-8"), flags=re.M | re.S
    ):
        if part.startswith("#"):
            heading = part.lstrip("# ")
        elif part.startswith("```"):
            language, _, text = part.strip("`").partition("\n")
            found.append(Block(heading, language, text))
    return found


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: {INSTALL[program]}")


def need_sqlcipher() -> None:
    """Skips unless `sqlcipher` can open an SQLCipher 4 database with our tables."""
    remedy = "apt install sqlcipher (Debian 13 or newer)"
    if shutil.which("sqlcipher") is None:
        pytest.skip(f"sqlcipher is missing: {remedy}")
    ran = subprocess.run(["sqlcipher", "-version"], capture_output=True, text=True, check=True)
    version = ran.stdout.split()[0]
    if tuple(map(int, version.split(".")[:2])) < OLDEST_SQLITE:
        pytest.skip(f"sqlcipher is too old (SQLite {version}): {remedy}")


@dataclass(frozen=True)
class Made:
    """A vault where the page expects it, and the files of each export that is in it."""

    home: Path
    vault: Path
    exports: dict[str, dict[str, bytes]]  # name of the export -> path -> bytes


ODD = {  # in a folder of an export, beside what is read from it
    "empty.bin": b"",
    "already packed.zst": b"not a frame at all",
    "manifest.jsonl": b'{"type":"file"}\n' * 50,
    "import-1/padding": b"mine",
    "-r a'b $(touch oops).jpg": b"dash, quote and dollar",
    "caf\u00e9.JPG": b"accent",
    "CAFE\u0301.jpg": b"the same, apart from capitals and normal form",
    "\u7167\u7247" * 35 + ".jpg": b"a long Chinese name",
    "zeros.json": bytes(3 * 1024 * 1024),  # compresses to nothing
    "noise.dat": hashlib.shake_256(b"noise").digest(3_000_000),
    "control\tand\nline.jpg": b"a name that no list of checksums can hold",
}
COPY = "ChatExport copy"  # of which the import is taken back


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A vault with exports of three platforms, odd names, files that are there twice, small packs,
    and an import that was taken back."""
    home = tmp_path_factory.mktemp("home")
    shelf = home / "Downloads"
    demo_files = demo.demo_exports()
    exports: dict[str, dict[str, bytes]] = {"ChatExport_2024-05-01": dict(ODD), COPY: {}}
    for name, data in demo_files.items():
        top, _, inner = name.partition("/")
        if top == "ChatExport_2024-05-01":
            exports[top][inner] = exports[COPY][inner] = data
        elif top == "WeFlow":
            folder, _, inner = inner.partition("/")
            exports.setdefault(folder, {})[inner] = data
        elif top.startswith("WhatsApp Chat with"):
            exports[top] = {top: data}
    exports[COPY]["one more.jpg"] = b"only in the copy"
    layout, ring = create.create(
        home / "family.chatvault", PASSPHRASE, recovery=RECOVERY, profile=age.TESTING
    )
    options = Options(told=Told(zone="Asia/Singapore"), pack_size=64 * 1024)
    for export, files in exports.items():
        for name, data in files.items():
            path = shelf / export if len(files) == 1 else shelf / export / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, ns=((NOW + len(data)) * 10**6,) * 2)
        if export.endswith(".zip"):
            with zipfile.ZipFile(shelf / export) as archive:
                exports[export] = {name: archive.read(name) for name in archive.namelist()}
        with unlock.writing(layout, ring) as vault:
            outcome = ingest.ingest(vault, [shelf / export], now_ms=NOW, options=options)
        assert [True] == [receipt.is_complete() for receipt in outcome.receipts]
        if export == COPY:
            with unlock.writing(layout, ring) as vault:
                undo.undo(vault, outcome.receipts[0].number, now_ms=NOW)
    kit = KIT.format(vault=ring.vault, key=RECOVERY.text())
    (home / "recovery-kit.txt").write_text(kit, encoding="utf-8")
    # The page's `python3` is the one that runs the tests, which has the package it names.
    python = home / "bin/python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return Made(home, layout.root, exports)


def typed(command: Sequence[str], *, home: Path, cwd: Path, answer: str) -> tuple[int, str, int]:
    """Run a program at a terminal of its own, where somebody types the passphrase when asked for
    one. Exit code, what was on the screen, and how often it was asked for."""
    environment = {
        "HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }  # fmt: skip
    child, terminal = pty.fork()
    if not child:
        try:
            os.chdir(cwd)
            os.execvpe(command[0], list(command), environment)
        finally:
            os._exit(127)
    screen, asked, end = b"", 0, time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not piece:
                break
            screen += piece
            if screen.lower().count(b"enter passphrase") > asked:
                asked += 1
                os.write(terminal, answer.encode() + b"\n")
    finally:
        os.close(terminal)
        if time.monotonic() >= end:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), screen.decode("utf-8", "replace"), asked


def page_script(*ways: str, until: str) -> str:
    """The page's commands in order, of each choice only the ways named, up to a heading."""
    kept = []
    for block in blocks():
        if block.heading.startswith(until):
            break
        if block.language == "sh" and block.heading not in (SECRETS | DATABASES) - set(ways):
            kept.append(block.text)
    return "\n".join(kept)


def recover(made: Made, folder: Path, *ways: str) -> tuple[Path, str, int]:
    """Follow the page in a home folder of its own: where things are then, what was on the screen,
    how often the passphrase was asked for."""
    home = folder / "home"
    shutil.copytree(made.home, home, ignore=shutil.ignore_patterns("Downloads"))
    script = page_script(*ways, until="8.")
    code, screen, asked = typed(["bash", "-euc", script], home=home, cwd=folder, answer=PASSPHRASE)
    assert 0 == code, screen
    return home / "recovered", screen, asked


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def check_files(made: Made, recovered: Path) -> None:
    """Every file of every export is there, under its name and with its bytes and time."""
    for number, (export, files) in enumerate(made.exports.items(), 1):
        name = export.removesuffix(".zip")
        folder = recovered / f"originals/{number} {name}{' (undone)' * (export == COPY)}"
        found = hashes(folder)
        for path, data in files.items():
            digest = hashlib.sha256(data).hexdigest()
            # The one name that cannot be told as it is: a tab and a line end.
            name = path.replace("\t", "_").replace("\n", "_")
            assert digest == found.pop(name), (export, path)
            if not export.endswith(".zip"):
                assert (NOW + len(data)) * 10**6 == (folder / name).stat().st_mtime_ns
        assert {} == found
    assert [] == list(recovered.rglob("oops"))


def answers(recovered: Path) -> dict[str, str]:
    """What the page's questions answer, by their first line of SQL."""
    return {
        block.text: subprocess.run(
            ["sqlite3", str(recovered / "messages.db")], input=block.text, capture_output=True,
            check=True, text=True, encoding="utf-8",
        ).stdout
        for block in blocks()
        if block.language == "sql"
    }  # fmt: skip


def check_messages(recovered: Path) -> None:
    conversations, one, word, files = answers(recovered).values()
    assert "Bakers Row|whatsapp|60|2024-03-05|2024-05-18" in conversations.splitlines()
    lines = one.splitlines()
    assert (
        "2024-03-05 10:00:00  Ottilie Marsh: Welcome to the group where we decide about ovens"
        in lines
    )
    assert sorted(line[:19] for line in lines if line[:2] == "20") == [
        line[:19] for line in lines if line[:2] == "20"
    ]
    assert "2024-03-29 10:47:40|小满|小满|北京！秋天就去！|" in word.splitlines()
    places = [line.split("|") for line in files.splitlines()]
    assert [] == [p for p in places if (p[-3] == "present") != bool(p[-2])]
    assert [] == [
        place for *_, place, codec in places if place and not (recovered / place).is_file()
    ]
    assert any(state == "placeholder_only" for *_, state, _place, _codec in places)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("secret", "asked"), [("With the passphrase", 1), ("With the recovery key", 0)]
)
def test_the_page_gives_every_file_and_message_back(
    made: Made, tmp_path: Path, secret: str, asked: int
) -> None:
    need("age", "tar", "zstd", "sha256sum", "sqlite3")
    recovered, screen, times = recover(made, tmp_path, secret, "With Python")
    assert asked == times
    assert "every file is as it was imported" in screen
    assert "DAMAGED" not in screen
    assert "MISSING" not in screen
    check_files(made, recovered)
    check_messages(recovered)


@pytest.mark.slow
def test_the_page_gives_the_messages_back_with_sqlcipher(made: Made, tmp_path: Path) -> None:
    need("age", "tar", "zstd", "sha256sum", "sqlite3")
    need_sqlcipher()
    recovered, _, _ = recover(made, tmp_path, "With the recovery key", "With sqlcipher")
    check_messages(recovered)


def test_the_last_box_leaves_no_secret_behind(tmp_path: Path) -> None:
    [last] = [block for block in blocks() if block.heading.startswith("8.")]
    for name in ("ring.txt", "recovery-key.txt", "kept.txt"):
        (tmp_path / name).write_text("secret")
    subprocess.run(["bash", "-euc", last.text], cwd=tmp_path, check=True)
    assert ["kept.txt"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.slow
def test_trap_20_age_takes_the_recovery_slot_only_in_two_steps(made: Made, tmp_path: Path) -> None:
    """Why the page has two ways: one step would be enough for the passphrase, and only for that."""
    need("age")
    pack = next((made.vault / "packs").iterdir())
    slots = {name: str(made.vault / f"keys/{name}.age") for name in ("passphrase", "recovery")}
    codes = {
        name: typed(
            ["age", "-d", "-i", slot, "-o", f"{name}.tar", str(pack)],
            home=made.home, cwd=tmp_path, answer=PASSPHRASE,
        )[0]
        for name, slot in slots.items()
    }  # fmt: skip
    assert {"passphrase": 0, "recovery": 1} == codes


@pytest.mark.slow
def test_trap_21_age_and_tar_both_end_with_0_on_every_pack(made: Made, tmp_path: Path) -> None:
    need("age", "tar")
    (tmp_path / "key.txt").write_text(RECOVERY.text())
    ring = subprocess.run(
        ["age", "-d", "-i", "key.txt", made.vault / "keys/recovery.age"],
        cwd=tmp_path, capture_output=True, check=True,
    ).stdout  # fmt: skip
    (tmp_path / "ring.txt").write_bytes(ring)
    packs = sorted((made.vault / "packs").iterdir())
    codes = []
    for pack in packs:
        with subprocess.Popen(
            ["age", "-d", "-i", "ring.txt", pack], cwd=tmp_path, stdout=subprocess.PIPE
        ) as opening:
            listing = subprocess.run(["tar", "-t"], stdin=opening.stdout, capture_output=True)
        codes.append((opening.returncode, listing.returncode))
    assert [(0, 0)] * len(packs) == codes
    assert len(packs) > 12


@pytest.mark.slow
def test_a_damaged_pack_is_named_and_the_others_come_back(made: Made, tmp_path: Path) -> None:
    need("age", "tar", "zstd", "sha256sum")
    home = tmp_path / "home"
    shutil.copytree(made.home, home, ignore=shutil.ignore_patterns("Downloads"))
    biggest = max((home / "family.chatvault/packs").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(biggest.read_bytes())
    data[len(data) // 2] ^= 1
    biggest.write_bytes(data)
    script = page_script("With the recovery key", until="6.")
    code, screen, _ = typed(["bash", "-uc", script], home=home, cwd=tmp_path, answer="")
    assert 1 == code
    assert [biggest.name] == re.findall(r"DAMAGED: .*/(\S+)", screen)
    assert "as it was imported" not in screen
    lost = set(re.findall(r"^MISSING: (.+?)\r?$", screen, re.M))
    failed = set(re.findall(r"^(?:sha256sum: )?(originals/.+?): ", screen, re.M))
    sums = (home / "recovered/SHA256SUMS").read_text("utf-8").splitlines()
    assert lost <= failed
    assert 0 < len(failed) < len(sums) // 2


def readme_commands() -> list[list[str]]:
    """The commands of README.txt, one list for each paragraph of them."""
    found: list[list[str]] = []
    for part in README.split("\n\n"):
        lines = part.split("\n")
        # Prose beside a number is indented by five, commands by nine; the first two by four.
        if all(re.match(r" {9}| {4}chatvault ", line) for line in lines if line):
            found.append([line.strip() for line in lines if line])
    return found


def test_readme_commands_are_found() -> None:
    assert ["chatvault", "mkdir", "mkdir", "for", "unzstd", "sqlcipher"] == [
        part[0].split()[0] for part in readme_commands()
    ]


@pytest.fixture
def by_readme(made: Made, tmp_path: Path) -> Path:
    """A folder in which README.txt was followed up to `unzstd`, in a copy of the vault."""
    need("age", "tar", "zstd")
    vault = tmp_path / "vault"
    shutil.copytree(made.vault, vault)
    _, by_passphrase, by_key, unpack, decompress, _ = readme_commands()
    (vault / "recovery-key.txt").write_text(RECOVERY.text() + "\n")
    for number, opening in enumerate((by_passphrase, by_key)):
        out = tmp_path / f"out-{number}"
        script = "\n".join([*opening, *unpack]).replace("DESTINATION", f"../{out.name}")
        code, screen, asked = typed(
            ["bash", "-euc", script], home=made.home, cwd=vault, answer=PASSPHRASE
        )
        assert (0, 1 - number) == (code, asked), screen
        assert "damaged" not in screen
        assert 0o700 == out.stat().st_mode & 0o777
    for path in manifest_files(out):
        if path["codec"] == "zst":
            command = [part.replace("FILE.zst", path["member"]) for part in decompress[0].split()]
            subprocess.run(command, cwd=out, capture_output=True, check=True)
    assert (tmp_path / "out-0/ring.txt").read_bytes() == (out / "ring.txt").read_bytes()
    return out


def manifest_files(out: Path) -> list[dict[str, str]]:
    """What the lists tell of every file, once for each member."""
    found = {}
    for path in sorted(out.glob("entry-*/manifest.jsonl")):
        for text in path.read_text(encoding="utf-8").split("\n")[:-1]:
            line = json.loads(text)
            if line["type"] == "file":
                found[line["member"]] = {"codec": "", **line}
    return list(found.values())


@pytest.mark.slow
def test_the_readme_in_the_vault_gives_every_file_back(made: Made, by_readme: Path) -> None:
    assert README == (made.vault / "README.txt").read_text(encoding="utf-8")
    originals = {
        hashlib.sha256(data).hexdigest()
        for files in made.exports.values()
        for data in files.values()
    }
    files = manifest_files(by_readme)
    assert originals == {file["sha256"] for file in files}
    for file in files:
        name = file["member"].removesuffix(".zst") if file["codec"] else file["member"]
        data = (by_readme / name).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest(), file


@pytest.mark.slow
def test_the_readme_in_the_vault_shows_messages(made: Made, by_readme: Path) -> None:
    need_sqlcipher()
    program, *typed_in = readme_commands()[-1]
    [key] = re.findall("^# database-key: (.+)$", (by_readme / "ring.txt").read_text(), re.M)
    shown = subprocess.run(
        program.split(), cwd=by_readme.parent / "vault", capture_output=True, check=True,
        input="\n".join(typed_in).replace("DATABASE-KEY", key).encode(),
    ).stdout.decode()  # fmt: skip
    assert "2024-03-29 10:47:40|北京！秋天就去！" in shown.splitlines()


@pytest.mark.slow
def test_the_readme_in_the_vault_names_commands_that_exist(made: Made, tmp_path: Path) -> None:
    search, restore = readme_commands()[0]
    if importlib.util.find_spec("chatvault.cli.restore") is None:
        pytest.skip("this checkout has no `chatvault restore`")
    (tmp_path / "phrase").write_text(PASSPHRASE)
    (tmp_path / "phrase").chmod(0o600)
    for line in (search, restore):
        words = line.replace("THIS-FOLDER", str(made.vault)).replace("WORD", "北京").split()
        words = [str(tmp_path / "given back") if word == "DESTINATION" else word for word in words]
        ran = subprocess.run(
            [sys.executable, "-m", *words, "--passphrase-file", str(tmp_path / "phrase")],
            capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        assert (0, "") == (ran.returncode, ran.stderr * ran.returncode)
    texts = [path.read_bytes() for path in (tmp_path / "given back").rglob("*") if path.is_file()]
    assert all(data in texts for data in made.exports["ChatExport_2024-05-01"].values())
