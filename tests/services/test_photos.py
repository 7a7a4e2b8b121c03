"""The stage that looks at pictures: everything gets a row, nothing is lost when it is broken off,
and what a picture does to the process that looks at it is told about that picture alone."""

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pictures
import pytest
import vaults
from pictures import encoded, scene
from PIL import Image
from vaults import Made, Said, Telegram

from chatvault.services import photos
from chatvault.services.photo_messages import Look, Seen, Trouble
from chatvault.services.photos import Looked, look_at_all
from chatvault.vault import archive, photo_rows, schema

ASKED = Look("a.jpg", None, "UTC")
GOOD = encoded(scene("good", 160, 120))
COLUMNS = "f.sha256, p.width, p.taken_at, p.latitude, p.hash, p.likeness, p.trouble"

# Programs that say they are ready, then do what stands behind it for each picture.
LIAR = """
import os, signal, sys, time
from chatvault.services import worker_messages as pipe
from chatvault.services.photo_messages import ENCODER, Ready, Seen, Trouble

def tell(reply):
    pipe.send(sys.stdout.buffer, b"m", ENCODER.encode(reply))

tell(Ready())
while True:
    try:
        pipe.receive(sys.stdin.buffer)
        data = pipe.receive(sys.stdin.buffer)[1]
    except pipe.BrokenPipe:
        sys.exit()
    if b"good" in data:
        tell(Seen(width=7))
    else:
        {}
"""


def liar(does: str) -> tuple[str, ...]:
    return (sys.executable, "-c", LIAR.format(does))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return vaults.make(tmp_path / "v")


def brought(made: Made, folder: Path, files: dict[str, bytes]) -> Made:
    """A vault with a chat that has these pictures."""
    said = [Said(number, f"number {number}", name) for number, name in enumerate(files, start=1)]
    chat = Telegram(said).files()
    made.bring(vaults.write(folder, chat | {f"photos/{name}": d for name, d in files.items()}))
    return made


def look(made: Made, **options: object) -> Looked:
    with made.writing() as vault:
        return look_at_all(vault, **options)  # type: ignore[arg-type]


def rows(made: Made) -> list[tuple[object, ...]]:
    sql = f"SELECT {COLUMNS} FROM photo p JOIN stored_file f ON f.id = p.file ORDER BY 1"
    with made.reading() as vault:
        return list(vault.db.execute(sql).fetchall())


def test_every_picture_of_a_message_gets_a_row_and_no_other_file_does(
    made: Made, tmp_path: Path
) -> None:
    files = {"a.jpg": GOOD, "b.png": encoded(scene("b"), form="PNG"), "c.jpg": vaults.picture("c")}
    brought(made, tmp_path / "export", files)
    assert Looked(pictures=3, troubled=1) == look(made)
    assert {160, 640, None} == {row[1] for row in rows(made)}
    assert {"", Trouble.BROKEN.value} == {row[-1] for row in rows(made)}


def test_looking_again_looks_at_nothing_even_if_something_failed(
    made: Made, tmp_path: Path
) -> None:
    brought(made, tmp_path / "export", {"a.jpg": GOOD, "c.jpg": vaults.picture("c")})
    look(made)
    assert Looked() == look(made, program=("this is no program",))


def test_a_newer_reader_looks_again(made: Made, tmp_path: Path) -> None:
    brought(made, tmp_path / "export", {"a.jpg": GOOD})
    look(made)
    made.change("UPDATE photo SET reader = 0, width = 1")
    assert Looked(pictures=1) == look(made)
    assert [160] == [row[1] for row in rows(made)]


def test_a_rebuild_and_another_look_give_equal_rows(made: Made, tmp_path: Path) -> None:
    clock = pictures.exif(place=(1.5, 103.8))  # without a zone: that of the import counts
    files = {"a.jpg": encoded(scene("a"), exif=clock), "b.jpg": GOOD, "c.jpg": b"\xff\xd8\xffno"}
    brought(made, tmp_path / "export", files)
    look(made)
    before, content = rows(made), made.digest()
    assert 1_710_003_930_000 in {row[2] for row in before}  # 18:05:30 in Berlin
    assert made.rebuild().replaced
    assert [] == rows(made)
    assert content == made.digest()
    assert made.verify().ok
    look(made)
    assert before == rows(made)
    assert content == made.digest()
    assert made.verify().ok


def test_an_archive_from_before_there_were_rows_gets_them(made: Made, tmp_path: Path) -> None:
    brought(made, tmp_path / "export", {"a.jpg": GOOD})
    made.change("DROP TABLE photo")
    made.change("CREATE TABLE photo (file INTEGER PRIMARY KEY, width INTEGER) STRICT")
    made.change("DELETE FROM _sqlite_migrations WHERE name = 'm003_photos'")
    made.change("PRAGMA user_version = 1002")
    with made.reading() as vault:
        assert not photo_rows.is_there(vault.db)
    assert Looked(pictures=1) == look(made)


def test_an_undone_import_leaves_rows_that_hurt_nobody(made: Made, tmp_path: Path) -> None:
    brought(made, tmp_path / "export", {"a.jpg": GOOD})
    look(made)
    made.undo(1)
    assert made.verify().ok
    assert Looked() == look(made)


def test_an_archive_that_follows_a_decision_keeps_what_was_seen(made: Made, tmp_path: Path) -> None:
    brought(made, tmp_path / "one", {"a.jpg": GOOD, "b.jpg": vaults.picture("b")})
    brought(made, tmp_path / "two", {"a.jpg": GOOD, "c.jpg": encoded(scene("c"))})
    look(made)
    before = rows(made)
    made.undo(2)  # both know the first message, so all is read again
    assert 1 == made.count("message WHERE text = 'number 2'")
    kept = rows(made)
    assert 2 <= len(kept)
    assert set(kept) <= set(before)
    assert Looked() == look(made, program=("this is no program",))


# Hostile pictures


@pytest.mark.parametrize(
    "does",
    ["os.abort()", "os._exit(3)", "os.kill(os.getpid(), signal.SIGSEGV)", "sys.exit()"],
)
def test_M14_a_picture_that_ends_the_reader_is_told_and_the_rest_is_seen(
    made: Made, tmp_path: Path, does: str
) -> None:
    files = {f"{n}.jpg": b"\xff\xd8\xff good %d" % n for n in range(4)}
    brought(made, tmp_path / "export", files | {"bad.jpg": b"\xff\xd8\xff bad"})
    assert Looked(pictures=5, troubled=1) == look(made, program=liar(does))
    assert [Trouble.CRASH.value] == [row[-1] for row in rows(made) if row[-1]]
    assert 4 == sum(row[1] == 7 for row in rows(made))


@pytest.mark.parametrize(
    "does",
    [
        "sys.stdout.buffer.write(b'x' * 100); sys.stdout.flush()",
        "pipe.send(sys.stdout.buffer, b'm', b'nonsense')",
        "pipe.send(sys.stdout.buffer, b'r', b'')",
        "sys.stdout.buffer.write(pipe.HEADER.pack(b'm', 2**31)); sys.stdout.flush()",
        "tell({'trouble': 'text of a chat'})",
        "tell({'likeness': bytes(9)})",
    ],
)
def test_IN_3_a_reader_that_lies_is_ended_and_not_believed(
    made: Made, tmp_path: Path, does: str
) -> None:
    brought(made, tmp_path / "export", {"bad.jpg": b"\xff\xd8\xff bad"})
    assert Looked(pictures=1, troubled=1) == look(made, program=liar(does))
    assert [Trouble.CRASH.value] == [row[-1] for row in rows(made)]


def test_M14_an_endless_decoder_is_stopped(made: Made, tmp_path: Path) -> None:
    files = {"bad.jpg": b"\xff\xd8\xff bad", "fine.jpg": b"\xff\xd8\xff good"}
    brought(made, tmp_path / "export", files)
    start = time.perf_counter()
    look(made, program=liar("time.sleep(60)"), seconds=0.3)
    assert time.perf_counter() - start < 5
    assert {Trouble.TIME.value, ""} == {row[-1] for row in rows(made)}


def test_a_larger_picture_than_is_sent_is_told_without_being_read(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought(made, tmp_path / "export", {"a.jpg": GOOD})
    monkeypatch.setattr(photos, "BYTES", 100)
    look(made, program=("this is no program",))
    assert [Trouble.BYTES.value] == [row[-1] for row in rows(made)]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of the system")
def test_the_largest_picture_fits_into_the_memory_that_it_may_use() -> None:
    drawn = Image.new("RGBA", (7000, 7000), (200, 0, 0, 90))
    drawn.paste((0, 9, 200, 255), (900, 2000, 3000, 5000))
    child = photos._Child(photos.PROGRAM, 60)
    try:
        seen = child.look(ASKED, encoded(drawn, form="PNG", compress_level=1))
        assert (Trouble.NONE, 7000, False) == (seen.trouble, seen.width, seen.hash is None)
        limits = Path(f"/proc/{child._process.pid}/limits").read_text()  # type: ignore[union-attr]
        assert re.search(rf"Max address space +{2**30} +{2**30} ", limits)
        assert re.search(r"Max file size +0 +0 ", limits)
    finally:
        child.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_IN_2_the_reader_of_pictures_has_no_environment_no_folder_and_only_its_pipes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHATVAULT_PASSPHRASE", "never seen by a reader")
    child = photos._Child(photos.PROGRAM, 20)
    try:
        child.look(ASKED, GOOD)
        process = Path(f"/proc/{child._process.pid}")  # type: ignore[union-attr]
        assert b"" == (process / "environ").read_bytes()
        assert "/" == str((process / "cwd").readlink())
        opened = {int(fd.name): str(fd.readlink()) for fd in (process / "fd").iterdir()}
        assert {0, 1, 2} == set(opened)
        assert "NoNewPrivs:\t1" in (process / "status").read_text()
    finally:
        child.close()
    assert not process.exists()


def test_only_the_reader_of_pictures_loads_pillow() -> None:
    code = (
        "import sys, chatvault.services.photos, chatvault.services.similar,"
        " chatvault.services.worker_child, chatvault.cli.import_, chatvault.cli.list_;"
        "print([name for name in sys.modules if name.split('.')[0] == 'PIL'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


def test_the_reader_of_pictures_loads_nothing_that_knows_keys() -> None:
    code = (
        "import sys, chatvault.services.photo_child;"
        "print([m for m in sys.modules if m.split('.')[0] in ('cryptography', 'sqlcipher3')"
        " or m.startswith('chatvault.vault')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


# Broken off


def test_broken_off_what_was_seen_stays_and_the_next_look_goes_on(
    made: Made, tmp_path: Path
) -> None:
    brought(made, tmp_path / "export", {f"{n}.jpg": b"\xff\xd8\xff good %d" % n for n in range(30)})

    def stop(_what: str, done: int, _total: int) -> None:
        if done >= 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look(made, program=liar("pass"), progress=stop)
    seen = len(rows(made))
    assert 12 <= seen < 30
    assert Looked(pictures=30 - seen) == look(made, program=liar("pass"))
    assert 30 == len(rows(made))


def test_whoever_ends_the_reader_blames_no_picture(made: Made, tmp_path: Path) -> None:
    brought(made, tmp_path / "export", {"a.jpg": b"\xff\xd8\xff bad"})
    looked = look(made, program=liar("os.kill(os.getpid(), signal.SIGTERM)"))
    assert (0, True) == (looked.pictures, looked.stopped)
    assert [] == rows(made)


@pytest.mark.parametrize("code", ["", "import time; time.sleep(60)"])
def test_a_reader_that_never_starts_blames_no_picture(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(photos, "START", 0.5)
    brought(made, tmp_path / "export", {"a.jpg": GOOD, "b.jpg": encoded(scene("b"))})
    assert look(made, program=(sys.executable, "-c", code)).stopped
    assert [] == rows(made)


def test_no_process_is_left_when_it_is_broken_off(made: Made, tmp_path: Path) -> None:
    brought(made, tmp_path / "export", {"bad.jpg": b"\xff\xd8\xff bad"})
    program = liar("open('/dev/null'); time.sleep(60)")
    started: list[subprocess.Popen[bytes]] = []
    ordinary = subprocess.Popen

    def noted(*args: object, **more: object) -> "subprocess.Popen[bytes]":
        started.append(ordinary(*args, **more))  # type: ignore[call-overload]
        return started[-1]

    main = threading.main_thread().ident
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photos.subprocess, "Popen", noted)
        threading.Timer(0.6, signal.pthread_kill, [main, signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            look(made, program=program)
    assert [True] == [process.poll() is not None for process in started]
    assert [] == rows(made)


def test_a_damaged_pack_blames_no_picture(made: Made, tmp_path: Path) -> None:
    brought(made, tmp_path / "export", {"a.jpg": encoded(scene("a"))})
    made.change("UPDATE stored_file SET offset = offset + 1 WHERE size > 5000")
    assert Looked(damaged=1) == look(made)
    made.change("UPDATE stored_file SET offset = offset - 1 WHERE size > 5000")
    assert Looked(pictures=1) == look(made)


def test_no_more_processes_than_cores_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, wanted in ((1, 1), (2, 1), (4, 3), (64, 4)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, n=cores: set(range(n)))
        assert wanted == photos.children()


def test_L08_nothing_of_a_picture_is_left_in_clear(made: Made, tmp_path: Path) -> None:
    marker = secrets.token_bytes(24)
    name = f"kanarie{secrets.token_hex(6)}"
    photo = encoded(scene("c"), exif=pictures.exif(camera=(name, "x")), comment=marker)
    brought(made, tmp_path / "export", {f"{name}.jpg": photo, "cut.jpg": photo[: len(photo) // 2]})
    assert marker in photo
    held = set(_open_files())
    look(made)
    made.rebuild()
    look(made)
    with made.reading() as vault:
        found = vault.db.execute("SELECT count(*) FROM photo WHERE camera LIKE ?", [f"{name}%"])
        assert 2 == found.fetchone()[0]
    for path in made.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert marker not in data
            assert name.encode() not in data
    assert held >= set(_open_files())


def _open_files() -> Iterator[str]:
    if sys.platform.startswith("linux"):
        for one in Path("/proc/self/fd").iterdir():
            if one.is_symlink() and str(one.readlink()).startswith("/"):
                yield str(one.readlink())


# Rows


def test_rows_keep_what_was_seen_and_are_made_again_whole() -> None:
    connection = archive.open_in_memory()
    try:
        schema.migrate(connection)
        connection.execute(
            "INSERT INTO pack VALUES ('p', NULL, NULL, 1, x'00', 1, x'00')"
        )  # fmt: skip
        connection.execute(
            "INSERT INTO stored_file VALUES (1, 'c', 's', 1, 'p', 'm', 0, 1, '')"
        )  # fmt: skip
        row = photo_rows.PhotoRow(width=3, height=2, taken_at=5, camera="x", latitude=1.0)
        photo_rows.add(connection, 1, row)
        assert row == photo_rows.facts_of(connection, 1)
        photo_rows.add(connection, 1, photo_rows.PhotoRow(trouble="t"))
        assert photo_rows.PhotoRow() == photo_rows.facts_of(connection, 1)
        assert photo_rows.PhotoRow() == photo_rows.facts_of(connection, None)
    finally:
        connection.close()


def test_what_is_seen_has_a_column_each() -> None:
    assert set(Seen.__struct_fields__) == set(photo_rows.PhotoRow.__struct_fields__)
    assert Trouble.NONE == msgspec.convert("", Trouble)
