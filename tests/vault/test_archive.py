"""archive.db: how it is opened, what is made sure of first, and the traps of its library."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import vaults
from vaults import Made

from chatvault.errors import Damaged, DiskTrouble, NewerFormat
from chatvault.vault import archive, schema
from chatvault.vault.archive import driver
from chatvault.vault.layout import Layout

KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive with tables in it."""
    made = tmp_path / "archive.db"
    connection = archive.open_archive(made, KEY)
    schema.migrate(connection)
    archive.close_archive(connection)
    return made


def names(path: Path) -> list[str]:
    return sorted(other.name for other in path.parent.iterdir())


def test_nothing_in_the_file_is_plain(path: Path) -> None:
    data = path.read_bytes()
    assert [] == [word for word in (b"SQLite", b"CREATE", b"message", b"meta") if word in data]
    assert 0 == len(data) % 4096


def test_closing_leaves_exactly_one_file(path: Path) -> None:
    connection = archive.open_archive(path, KEY)
    connection.execute("INSERT INTO meta VALUES ('x', 1)")
    assert ["archive.db", "archive.db-shm", "archive.db-wal"] == names(path)
    archive.close_archive(connection)
    assert ["archive.db"] == names(path)


def test_DUR_12_TRAP_9_reading_leaves_exactly_one_file_and_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    connection = archive.open_reading(path, KEY)
    assert [] == connection.execute("SELECT * FROM message").fetchall()
    for sql in ("DELETE FROM meta", "CREATE TABLE t (x)", "INSERT INTO meta VALUES ('y', 1)"):
        with pytest.raises(archive.DatabaseError):
            connection.execute(sql)
    archive.close_archive(connection)
    assert ["archive.db"] == names(path)
    assert before == path.read_bytes()


def test_closing_within_a_statement_leaves_exactly_one_file_too(path: Path) -> None:
    """As after Ctrl-C: somebody still holds a row, and others wait behind it."""
    connection = archive.open_archive(path, KEY)
    connection.executemany("INSERT INTO meta VALUES (?, 1)", [(f"x{n}",) for n in range(9)])
    rows = connection.execute("SELECT key FROM meta")
    assert rows.fetchone() is not None
    archive.close_archive(connection)
    assert ["archive.db"] == names(path)


def test_a_transaction_left_open_is_taken_back_on_closing(path: Path) -> None:
    connection = archive.open_archive(path, KEY)
    connection.execute("BEGIN")
    connection.execute("INSERT INTO meta VALUES ('x', 1)")
    archive.close_archive(connection)
    connection = archive.open_archive(path, KEY)
    assert 0 == archive.value(connection, "SELECT count(*) FROM meta WHERE key = 'x'")
    archive.close_archive(connection)


PRAGMAS = {
    "temp_store": 2, "synchronous": 2, "secure_delete": 1, "trusted_schema": 0,
    "cell_size_check": 1, "foreign_keys": 1, "mmap_size": 0, "query_only": 0,
}  # fmt: skip


def test_DUR_22_TRAP_5_TRAP_24_the_pragmas_are_as_they_must_be(path: Path) -> None:
    connection = archive.open_archive(path, KEY)
    try:
        found = {name: archive.value(connection, f"PRAGMA {name}") for name in PRAGMAS}
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        version = connection.execute("PRAGMA cipher_version").fetchone()[0]
    finally:
        archive.close_archive(connection)
    assert PRAGMAS == found
    assert ("wal", True) == (journal, version.startswith("4."))
    assert tuple(map(int, driver.sqlite_version.split("."))) >= archive.OLDEST_SQLITE


def test_TRAP_10_extensions_cannot_be_loaded(path: Path) -> None:
    connection = archive.open_archive(path, KEY)
    try:
        with pytest.raises(archive.DatabaseError):
            connection.execute("SELECT load_extension('x')")
        with pytest.raises(archive.DatabaseError):
            connection.load_extension("x")
    finally:
        archive.close_archive(connection)


@pytest.mark.parametrize("head", ["real", "only the first bytes"])
def test_TRAP_1_Q06_a_plain_database_is_never_taken_for_an_archive(
    tmp_path: Path, head: str
) -> None:
    plain = tmp_path / "archive.db"
    if head == "real":
        connection = sqlite3.connect(plain)
        connection.execute("CREATE TABLE message (text)")
        connection.close()
    else:
        plain.write_bytes(b"SQLite format 3\0" + os.urandom(8176))
    before = plain.read_bytes()
    for opening in (archive.open_archive, archive.open_reading):
        with pytest.raises(Damaged, match="plain database"):
            opening(plain, KEY)
    assert (before, ["archive.db"]) == (plain.read_bytes(), names(plain))


@pytest.mark.parametrize("key", [b"", b"short", bytes(31), bytes(33), bytes(64)])
def test_TRAP_2_Q10_a_key_of_another_length_is_refused_before_anything(
    tmp_path: Path, key: bytes
) -> None:
    with pytest.raises(AssertionError):
        archive.open_archive(tmp_path / "archive.db", key)
    assert [] == list(tmp_path.iterdir())


def test_TRAP_2_the_key_is_used_raw_and_not_as_a_passphrase(path: Path) -> None:
    """As any SQLCipher 4 reader opens it with the line in the key ring."""
    connection = driver.connect(str(path))
    connection.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    assert [(1,)] == connection.execute("SELECT value > 0 FROM meta").fetchall()
    connection.close()
    connection = driver.connect(str(path))
    connection.execute(f"PRAGMA key = '{KEY.hex()}'")
    with pytest.raises(driver.DatabaseError):
        connection.execute("SELECT count(*) FROM meta").fetchone()
    connection.close()


@pytest.mark.parametrize("what", ["key", "page size", "page 1", "garbage"])
def test_TRAP_4_Q10_what_does_not_open_is_one_error_with_one_remedy(path: Path, what: str) -> None:
    data = bytearray(path.read_bytes())
    key = KEY
    if what == "key":
        key = bytes(32)
    elif what == "page size":
        path.unlink()
        connection = driver.connect(str(path))
        connection.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
        connection.execute("PRAGMA cipher_page_size = 8192")
        connection.execute("CREATE TABLE t (x)")
        connection.close()
    else:
        data[100:200] = bytes(100) if what == "page 1" else os.urandom(100)
        path.write_bytes(data)
    with pytest.raises(Damaged) as caught:
        archive.open_archive(path, key)
    assert ("archive.db: the archive cannot be opened", archive.REMEDY) == (
        str(caught.value), caught.value.remedy,
    )  # fmt: skip
    assert caught.value.__cause__ is None


def test_TRAP_3_nothing_is_said_on_standard_error(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from chatvault.vault import archive\n"
        "try: archive.open_archive(Path(sys.argv[1]), bytes(32))\n"
        "except archive.Damaged: print('damaged')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert (0, "damaged\n", "") == (ran.returncode, ran.stdout, ran.stderr)


def test_TRAP_6_every_kind_of_damaged_page_is_seen_by_one_of_the_checks(path: Path) -> None:
    data = path.read_bytes()

    def found(changed: bytes) -> list[str]:
        path.write_bytes(changed)
        try:
            connection = archive.open_archive(path, KEY)
        except Damaged:
            return ["it does not open"]
        try:
            return archive.integrity_problems(connection, path)
        finally:
            connection.close()

    assert [] == found(data)
    pages = len(data) // 4096
    for page in range(1, pages, 5):
        flipped = bytearray(data)
        flipped[page * 4096 + 77] ^= 1
        assert found(bytes(flipped)), page
        assert found(data[: page * 4096]), page
    assert found(data + bytes(4096))


def test_TRAP_5_Q12_sorting_many_rows_writes_no_file(path: Path, tmp_path: Path) -> None:
    """Not even a deleted one that is still open."""

    def opened() -> set[str]:
        return {str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}

    connection = archive.open_archive(path, KEY)
    before = opened() if sys.platform.startswith("linux") else set()
    try:
        connection.execute("PRAGMA cache_size=10")
        cursor = connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
            " SELECT i, hex(randomblob(50)) AS r FROM n ORDER BY r"
        )
        cursor.fetchone()
        if sys.platform.startswith("linux"):
            assert set() == {name for name in opened() - before if "/proc/" not in name}
        cursor.fetchall()
    finally:
        archive.close_archive(connection)
    assert ["archive.db"] == names(path)


@pytest.mark.parametrize(
    ("version", "readable", "writable"),
    [
        (0, Damaged, None),
        (archive.VERSION, None, None),
        (archive.VERSION + 1, None, NewerFormat),  # a newer writer that older ones can read
        (1001 * (archive.SCHEMA + 1), NewerFormat, NewerFormat),
    ],
)
def test_Q08_a_newer_archive_is_read_if_it_may_and_never_written(
    path: Path, version: int, readable: type[Exception] | None, writable: type[Exception] | None
) -> None:
    connection = archive.open_archive(path, KEY)
    connection.execute(f"PRAGMA user_version={version}")
    try:
        for check, expected in (
            (archive.check_readable, readable), (archive.check_writable, writable),
        ):  # fmt: skip
            if expected is None:
                check(connection)
            else:
                with pytest.raises(expected):
                    check(connection)
    finally:
        archive.close_archive(connection)


def test_migrating_twice_is_migrating_once(path: Path) -> None:
    before = path.read_bytes()
    connection = archive.open_archive(path, KEY)
    schema.migrate(connection)
    archive.close_archive(connection)
    assert before == path.read_bytes()


def test_an_empty_file_is_no_archive_for_a_reader(tmp_path: Path) -> None:
    """SQLite would make one of it."""
    path = tmp_path / "archive.db"
    path.write_bytes(b"")
    with pytest.raises(Damaged, match="missing"):
        archive.open_reading(path, KEY)
    assert b"" == path.read_bytes()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_F03_no_link_is_followed(path: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / "target"
    beside = path.with_name(path.name + suffix)
    if suffix:
        target.write_bytes(b"somebody's own file")
    else:
        path.rename(target)
    beside.symlink_to(target)
    before = target.read_bytes()
    with pytest.raises(Damaged, match="not an ordinary file"):
        archive.open_archive(path, KEY)
    assert before == target.read_bytes()


def test_a_path_with_odd_characters_is_opened_and_nothing_else(tmp_path: Path) -> None:
    """SQLite reads some names as addresses with parameters."""
    for name in ("a?mode=memory", "b#c", "d%41", "e&f=g", "file:x", "ü 北"):
        folder = tmp_path / name
        folder.mkdir()
        connection = archive.open_archive(folder / "archive.db", KEY)
        schema.migrate(connection)
        archive.close_archive(connection)
        assert ["archive.db"] == [other.name for other in folder.iterdir()]


def reads_and_cannot_write(made: Made) -> None:
    assert 8 == made.count("message")
    assert made.verify().ok
    with pytest.raises(DiskTrouble), made.writing():
        pass


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_Q14_DUR_12_a_read_only_folder_can_be_read_and_not_written(tmp_path: Path) -> None:
    """As somebody who is not root, whom modes do not stop."""
    made = vaults.make(tmp_path / "v")
    made.bring(vaults.Telegram(vaults.chat(1, 9)).folder(tmp_path / "e"))
    folders = [path for path in [made.folder, *made.folder.rglob("*")] if path.is_dir()]
    for path in folders:
        path.chmod(0o500)
    before = vaults.snapshot(made.folder)
    try:
        as_somebody(made, reads_and_cannot_write)
    finally:
        for path in folders:
            path.chmod(0o700)
    assert before == vaults.snapshot(made.folder)


def as_somebody(made: Made, check: Callable[[Made], None]) -> None:
    """Run a check as a user who owns the vault and is not root."""
    if os.geteuid() != 0:
        check(made)
        return
    nobody = 65534
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        place = Path(open_to_all) / "v"
        shutil.copytree(made.folder, place)
        for path in [place, *place.rglob("*")]:
            os.chown(path, nobody, nobody)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about threads; the child only looks
            child = os.fork()
        if not child:
            try:
                os.setgroups([])
                os.setgid(nobody)
                os.setuid(nobody)
                check(Made(place, Layout(place, made.layout.ops), made.ring, made.recovery))
                os._exit(0)
            except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
                traceback.print_exc()
                os._exit(1)
        assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert vaults.snapshot(made.folder) == vaults.snapshot(place)


def test_errors_of_pages_are_ours(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(8192, len(data), 4096):
        data[place + 50] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged), archive.trouble():
        connection = archive.open_archive(path, KEY)
        try:
            connection.execute("PRAGMA integrity_check").fetchall()
            for table in ("message", "meta", "stored_file", "pack", "import"):
                connection.execute(f"SELECT * FROM {table}").fetchall()
        finally:
            connection.close()


def test_other_errors_of_SQLite_stay_what_they_are() -> None:
    connection = archive.open_in_memory()
    with pytest.raises(archive.DatabaseError), archive.trouble():
        connection.execute("SELECT * FROM nothing")
    connection.close()


def test_a_full_disk_is_told_as_such() -> None:
    connection = archive.open_in_memory()
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA max_page_count=3")
    with pytest.raises(DiskTrouble, match="no space left"), archive.trouble():
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()


def test_Q13_the_archive_is_opened_by_one_function_only() -> None:
    """DUR-11; that nobody else imports the library is held by test_layers.py."""
    package = Path(archive.__file__).parent.parent
    found = [
        path.name
        for path in package.rglob("*.py")
        if "dbapi2.connect(" in path.read_text(encoding="utf-8")
    ]
    assert ["archive.py"] == found
