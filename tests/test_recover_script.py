"""scripts/recover.py, a stranger's reader made from docs/format.md alone, gives the files back."""

import ast
import hashlib
import importlib.util
import os
import pty
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from chatvault.services import create, decide, demo, ingest, undo, unlock
from chatvault.services.ingest import Options, Told
from chatvault.vault import age, manifest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts/recover.py"
PASSPHRASE = "seven grey herons wade slowly"
RECOVERY = age.Identity.generate()
NOW = 1_717_000_000_000

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the terminal is a POSIX one")


@dataclass(frozen=True)
class Made:
    """A vault of two folders, of which the second was undone again."""

    vault: Path
    key: Path
    files: dict[str, bytes]


def decisions() -> list[manifest.Decision]:
    """One of each kind; none of them changes which files there are."""
    one = manifest.ConversationRef(platform="telegram", key="1")
    other = manifest.ConversationRef(platform="telegram", key="2", owner="user3")
    somebody = manifest.ParticipantRef(platform="telegram", key="user4")
    named = manifest.ParticipantRef(platform="whatsapp", key="name:jory", conversation=one)
    return [
        manifest.MergeConversation(conversation=one, into=other, ids="shared"),
        manifest.SameParticipant(conversation=other, participant="user4", same_as="user5"),
        manifest.SplitConversation(conversation=other),
        manifest.RenameConversation(conversation=other, title="Bakers"),
        manifest.SamePerson(participant=somebody, same_as=named),
        manifest.SplitPerson(participant=somebody),
        manifest.RenamePerson(participant=named, name="Jory"),
    ]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    files = {
        name.partition("/")[2]: data
        for name, data in demo.demo_exports().items()
        if name.startswith("ChatExport_2024-05-01/")
    }
    files["zeros.json"] = bytes(3 * 1024 * 1024)
    files["noise.jpg"] = hashlib.shake_256(b"noise").digest(300_000)
    files["files/plain.zst"] = b"not compressed at all"
    layout, ring = create.create(
        tmp_path / "v.chatvault", PASSPHRASE, recovery=RECOVERY, profile=age.TESTING
    )
    options = Options(told=Told(zone="Asia/Singapore"), pack_size=64 * 1024)
    for name, more in {"kept": {}, "undone": {"secret.jpg": b"taken back"}}.items():
        for path, data in (files | more).items():
            place = tmp_path / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            os.utime(place, ns=((NOW + len(data)) * 10**6,) * 2)
        with unlock.writing(layout, ring) as vault:
            outcome = ingest.ingest(vault, [tmp_path / name], now_ms=NOW, options=options)
        assert [receipt.is_complete() for receipt in outcome.receipts] == [True]
    with unlock.writing(layout, ring) as vault:
        undo.undo(vault, outcome.receipts[0].number, now_ms=NOW)
    with unlock.writing(layout, ring) as vault:
        decide.decide_values(vault, decisions(), now_ms=NOW)
    key = tmp_path / "key.txt"
    key.write_text(f"# a comment\n{RECOVERY.text()}\n")
    return Made(layout.root, key, files)


def run(*arguments: object, typed: str = "") -> tuple[int, str]:
    """Run the script at a terminal of its own: exit code and what was on the screen."""
    child, terminal = pty.fork()
    if not child:
        try:
            os.execv(sys.executable, [sys.executable, str(SCRIPT), *map(str, arguments)])
        finally:
            os._exit(127)
    screen = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        screen += piece
        if typed and b"Passphrase: " in screen:
            os.write(terminal, typed.encode() + b"\n")
            typed = ""
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), screen.decode()


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def expected(made: Made) -> dict[str, str]:
    return {
        f"import-1/{name}": hashlib.sha256(data).hexdigest() for name, data in made.files.items()
    }


@pytest.mark.parametrize("way", ["recovery key", "passphrase"])
def test_every_file_comes_back_and_an_undone_import_does_not(
    made: Made, tmp_path: Path, way: str
) -> None:
    options = ["--recovery-key", made.key] if way == "recovery key" else []
    code, screen = run(made.vault, tmp_path / "out", *options, typed="" if options else PASSPHRASE)
    assert code == 0, screen
    assert hashes(tmp_path / "out") == expected(made)
    for name, data in made.files.items():
        assert (tmp_path / "out/import-1" / name).stat().st_mtime == (NOW + len(data)) / 1000
    assert "database-key" not in screen


def test_a_wrong_passphrase_opens_nothing(made: Made, tmp_path: Path) -> None:
    code, screen = run(made.vault, tmp_path / "out", typed="wrong")
    assert code == 1
    assert "no slot" in screen
    assert not (tmp_path / "out").exists()


def test_the_database_key_is_shown_when_asked_for(made: Made, tmp_path: Path) -> None:
    with_key = ["--recovery-key", made.key, "--show-database-key"]
    code, screen = run(made.vault, tmp_path / "out", *with_key)
    assert code == 0
    key = screen.partition("database-key: ")[2].split()[0]
    assert len(bytes.fromhex(key)) == 32


def test_a_flipped_bit_is_noticed_and_the_rest_comes_back(made: Made, tmp_path: Path) -> None:
    noise = max(made.vault.glob("packs/*.tar.age"), key=lambda path: path.stat().st_size)
    lost = Counter[str]()
    for path in sorted(made.vault.glob("packs/*.tar.age")):
        whole = path.read_bytes()
        path.write_bytes(whole[:200_000] + bytes([whole[200_000] ^ 1]) + whole[200_001:])
        out = tmp_path / path.name
        code, screen = run(made.vault, out, "--recovery-key", made.key)
        path.write_bytes(whole)
        assert code == 1, screen
        assert path.name in screen and "is damaged" in screen
        found = hashes(out)
        assert found.items() <= expected(made).items()
        lost.update(expected(made).keys() - found.keys())
    assert lost == {"import-1/noise.jpg": 1}, noise


def test_a_missing_pack_is_noticed(made: Made, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(made.vault.glob("packs/*.tar.age"))):
        whole = path.read_bytes()
        path.unlink()
        code, screen = run(made.vault, tmp_path / f"{number}", "--recovery-key", made.key)
        path.write_bytes(whole)
        if code == 0:  # it held files of the undone import, or only the decision to undo it
            assert expected(made).items() <= hashes(tmp_path / f"{number}").items(), screen


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recover_script", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_hostile_names_stay_in_the_folder(tmp_path: Path) -> None:
    recover, outside = script(), tmp_path / "outside"
    folder, key = outside / "inside/import-1", bytes(32)
    folder.parent.mkdir(parents=True)
    names = [
        "../../x", "/etc/x", "..", ".", "", "a/../../../x", "a", "a/b", "A", "a", "C:\\x",
        "nul.txt", "line\nfeed\x1b[2J", "\udcff", "long" * 100 + ".jpg", "d/" * 3000 + "x",
        "\u202egpj.exe", "~2",
    ]  # fmt: skip
    for number, name in enumerate(names):
        data = f"{number}".encode()
        digest = hashlib.sha256(data)
        line = {
            "path": name,
            "size": len(data),
            "sha256": digest.hexdigest(),
            "content_id": recover.hmac.digest(key, digest.digest(), "sha256").hex(),
        }
        recover.write(iter([data]), key, line, folder)
    written = [path for path in outside.rglob("*") if path.is_file()]
    assert sorted(int(path.read_text()) for path in written) == list(range(len(names)))
    for path in written:
        inner = path.relative_to(folder)
        assert ".." not in inner.parts
        assert str(inner).isprintable()


def test_the_script_is_short_and_needs_nothing_of_ours() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    code = [line for line in text.splitlines() if line.strip(" #")]
    assert len([line for line in code if not line.lstrip().startswith(("#", '"""'))]) <= 200
    imported = set[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - sys.stdlib_module_names == {"cryptography"}
