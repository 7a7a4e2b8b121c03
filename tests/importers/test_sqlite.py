"""Databases inside exports: everything that SQLite itself would read, and nothing that acts."""

import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatvault.errors import BadExport, RefusedByLimit
from chatvault.importers import _sqlite
from chatvault.importers._limits import MiB
from chatvault.importers._source import Source, Told
from chatvault.importers._sqlite import Database, Row, opened
from chatvault.importers._sqlite_schema import table_names
from chatvault.importers._sqlite_wal import replay

COLUMNS = ("text",)


def built(path: Path, *statements: str, page_size: int = 4096) -> bytes:
    """The bytes of a database that these statements make."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size={page_size}")
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return path.read_bytes()


def rows(data: bytes, wal: bytes | None = None, table: str = "message") -> list[Row]:
    files = {"chat.db": data} if wal is None else {"chat.db": data, "chat.db-wal": wal}
    with opened(Source.of(files), "chat.db") as database:
        return list(database.scan(table, COLUMNS))


FILL = (
    "INSERT INTO message(text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
    " WHERE i < {}) SELECT 'row ' || i || hex(zeroblob(150)) FROM n"
)
MAKE = "CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT)"


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bytes, bytes]]:
    """A database and its log at several moments of its life, in several page sizes."""
    found = []
    for page_size in (512, 4096, 65536):
        path = tmp_path_factory.mktemp("wal") / "chat.db"
        log = Path(f"{path}-wal")
        writer = sqlite3.connect(path, isolation_level=None)
        reader = sqlite3.connect(path, isolation_level=None)
        writer.execute(f"PRAGMA page_size={page_size}")
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("PRAGMA wal_autocheckpoint=0")

        def moment(path: Path = path, log: Path = log) -> None:
            found.append((path.read_bytes(), log.read_bytes()))

        writer.execute(MAKE)
        writer.execute(FILL.format(40))
        moment()
        writer.execute("PRAGMA wal_checkpoint(RESTART)")
        writer.execute("UPDATE message SET text = 'changed' WHERE id % 3 = 0")
        moment()  # the new log lies before frames of the old one
        writer.execute("BEGIN")
        writer.execute("DELETE FROM message WHERE id > 30")
        writer.execute("COMMIT")
        writer.execute("VACUUM")
        moment()  # the file gets smaller
        writer.execute("PRAGMA cache_size=1")
        writer.execute("BEGIN")
        writer.execute(FILL.format(200))
        moment()  # pages of a transaction that is not finished
        writer.execute("ROLLBACK")
        reader.close()
        writer.close()
    return found


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, bytes], list[Row]]:
    """What SQLite reads from a database with its log."""
    folder = tmp_path_factory.mktemp("oracle")

    def read(data: bytes, wal: bytes) -> list[Row]:
        path = folder / "chat.db"
        for leftover in folder.iterdir():
            leftover.unlink()
        path.write_bytes(data)
        Path(f"{path}-wal").write_bytes(wal)
        connection = sqlite3.connect(path)
        try:
            return connection.execute("SELECT id, text FROM message ORDER BY id").fetchall()
        except sqlite3.Error:
            return []
        finally:
            connection.close()

    return read


def test_s03_a_database_and_its_log_are_read_as_sqlite_reads_them(
    logged: list[tuple[bytes, bytes]], oracle: Callable[[bytes, bytes], list[Row]]
) -> None:
    assert 12 == len(logged)
    for data, wal in logged:
        expected = oracle(data, wal)
        assert len(expected) > 20
        assert expected == rows(data, wal)


@settings(max_examples=150)
@given(data=st.data())
def test_s03_a_log_cut_or_changed_anywhere_is_read_as_sqlite_reads_it(
    data: st.DataObject,
    logged: list[tuple[bytes, bytes]],
    oracle: Callable[[bytes, bytes], list[Row]],
) -> None:
    database, wal = data.draw(st.sampled_from(logged))
    end = data.draw(st.integers(0, len(wal)))
    changed = bytearray(wal[:end])
    if changed and data.draw(st.booleans()):
        place = data.draw(st.one_of(st.integers(0, 60), st.integers(0, 2**20))) % len(changed)
        changed[place] ^= data.draw(st.sampled_from([1, 128, 255]))
    assert oracle(database, bytes(changed)) == rows(database, bytes(changed))


def test_a_log_says_whether_it_was_read_to_its_end(logged: list[tuple[bytes, bytes]]) -> None:
    data, wal = logged[0]
    assert (True, False) == _replayed(data, wal)
    assert (True, True) == _replayed(data, wal[:-1000])
    assert (False, True) == _replayed(data, b"no log at all, but some bytes of another kind")
    assert (False, False) == _replayed(data, b"")


def _replayed(data: bytes, wal: bytes) -> tuple[bool, bool]:
    found = replay(bytearray(data), BytesIO(wal), limit=MiB)
    return found.frames > 0, found.rest


def test_a_log_cannot_make_a_database_larger_than_the_limit(
    logged: list[tuple[bytes, bytes]],
) -> None:
    data, wal = logged[0]
    copy = bytearray(data)
    assert replay(copy, BytesIO(wal), limit=len(data)).rest
    assert len(copy) <= len(data)


def test_s03_a_log_that_is_missing_is_noticed(logged: list[tuple[bytes, bytes]]) -> None:
    data, wal = logged[1]
    with opened(Source.of({"chat.db": data}), "chat.db") as database:
        assert database.replayed is None
    with opened(Source.of({"chat.db": data, "chat.db-wal": wal}), "chat.db") as database:
        assert database.replayed is not None
        assert 0 < database.replayed.frames


def test_a_database_that_has_no_log_misses_none(tmp_path: Path) -> None:
    source = Source.of({"chat.db": built(tmp_path / "x", MAKE)})
    with opened(source, "chat.db") as database:
        assert database.replayed is not None


HOSTILE = (
    "CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT)",
    "INSERT INTO kept VALUES (1, 'plain')",
    "CREATE VIEW message AS SELECT id, text FROM kept",
    "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)"
    " SELECT i AS id, 'x' AS text FROM n",
    "CREATE VIEW extension AS SELECT 1 AS id, load_extension('/tmp/x.so') AS text",
    "CREATE VIRTUAL TABLE found USING fts5(text)",
    "INSERT INTO found VALUES ('indexed')",
    "CREATE TRIGGER acts AFTER INSERT ON kept BEGIN DELETE FROM kept; END",
)


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Database]:
    with opened(Source.of({"chat.db": built(tmp_path / "x", *HOSTILE)}), "chat.db") as database:
        yield database


@pytest.mark.parametrize("name", ["message", "endless", "extension", "found", "nothing"])
def test_s01_views_and_virtual_tables_are_no_tables(hostile: Database, name: str) -> None:
    started = time.process_time()
    assert () == hostile.columns(name)
    assert [] == list(hostile.scan(name, COLUMNS))
    assert {} == hostile.fetch(name, COLUMNS, [1])
    assert 1 > time.process_time() - started


def test_s01_a_plain_table_beside_them_is_read(hostile: Database) -> None:
    assert ("id", "text") == hostile.columns("kept")
    assert [(1, "plain")] == list(hostile.scan("kept", COLUMNS))


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH DATABASE '/tmp/other.db' AS other",
        "PRAGMA writable_schema=ON",
        "PRAGMA query_only=OFF",
        "INSERT INTO kept(text) VALUES ('more')",
        "DELETE FROM kept",
        "CREATE TABLE other (x)",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT hex(text) FROM kept",
        "SELECT text FROM message",
        "SELECT * FROM endless",
        "SELECT * FROM found",
        "SELECT * FROM pragma_table_info('kept')",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n",
        "VACUUM",
        "BEGIN",
    ],
)
def test_s01_nothing_but_reading_plain_tables_is_allowed(hostile: Database, statement: str) -> None:
    with pytest.raises(sqlite3.Error):
        hostile._connection.execute(statement).fetchall()


def test_s01_a_column_that_is_computed_is_not_read(tmp_path: Path) -> None:
    data = built(
        tmp_path / "x",
        "CREATE TABLE message (id INTEGER PRIMARY KEY,"
        " text TEXT GENERATED ALWAYS AS (printf('%.*c', 3000000, 'x')) VIRTUAL)",
        "INSERT INTO message(id) VALUES (1)",
    )
    with opened(Source.of({"chat.db": data}), "chat.db") as database:
        assert ("id",) == database.columns("message")
        assert [(1, None)] == list(database.scan("message", COLUMNS))


def test_s01_a_statement_gets_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1.0 == _sqlite.STEP
    data = built(tmp_path / "x", MAKE, FILL.format(5000))
    monkeypatch.setattr(_sqlite, "STEP", -1.0)
    monkeypatch.setattr(_sqlite, "PAGE", 100_000)
    with opened(Source.of({"chat.db": data}), "chat.db") as database:
        database._tables["message"] = COLUMNS  # asking for them took too long as well
        found = list(database.scan("message", COLUMNS))
    assert len(found) < 5000
    assert {"message"} == database.damaged


def test_s02_a_header_that_claims_more_pages_is_not_believed(tmp_path: Path) -> None:
    data = bytearray(built(tmp_path / "x", MAKE, FILL.format(50)))
    expected = rows(bytes(data))
    data[28:32] = struct.pack(">I", 10**9)
    assert 50 == len(expected)
    assert expected == rows(bytes(data))


@pytest.mark.parametrize("kind", [b"\xff", b"\0"])
def test_s02_a_damaged_page_costs_only_its_rows(tmp_path: Path, kind: bytes) -> None:
    data = bytearray(built(tmp_path / "x", MAKE, FILL.format(2000)))
    whole = rows(bytes(data))
    middle = len(data) // 4096 // 2 * 4096
    data[middle : middle + 4096] = kind * 4096
    with opened(Source.of({"chat.db": bytes(data)}), "chat.db") as database:
        found = list(database.scan("message", COLUMNS))
        assert {"message"} == database.damaged
        single = database.fetch("message", COLUMNS, [row[0] for row in whole])  # type: ignore[misc]
    assert found == [row for row in whole if row in set(found)]
    assert len(whole) - 40 < len(found) < len(whole)
    assert (whole[0], whole[-1]) == (found[0], found[-1])
    assert {row[0] for row in found} == single.keys()


def test_s02_a_file_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    data = built(tmp_path / "x", MAKE, FILL.format(2000))
    whole = rows(data)
    found = rows(data[: len(data) * 2 // 3 + 5])
    assert 500 < len(found) < 2000
    assert set(found) < set(whole)


def test_s02_a_table_that_runs_in_circles_ends(tmp_path: Path) -> None:
    data = bytearray(built(tmp_path / "x", MAKE, FILL.format(3000)))
    pages = range(4096, len(data), 4096)
    interior = [place for place in pages if data[place] == 5]
    cells = int.from_bytes(data[interior[0] + 3 : interior[0] + 5], "big")
    for cell in range(cells):
        at = interior[0] + int.from_bytes(
            data[interior[0] + 12 + 2 * cell : interior[0] + 14 + 2 * cell], "big"
        )
        data[at : at + 4] = (interior[0] // 4096 + 1).to_bytes(4, "big")
    started = time.process_time()
    rows(bytes(data))
    assert 5 > time.process_time() - started


@pytest.mark.parametrize(
    "data",
    [b"", b"SQLite format 3\0", b"SQLite format 3\0" + b"\xff" * 200, b"\x8c\x01" * 4096],
)
def test_s04_what_is_no_database_is_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(BadExport) as caught, opened(Source.of({"chat.db": data}), "chat.db") as one:
        if not one.columns("message"):
            raise BadExport("nothing in it")
    if data[:1] != b"S":
        assert "does not decrypt" in caught.value.message


def test_a_database_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    source = Source.of({"chat.db": built(tmp_path / "x", MAKE)})
    small = replace(_sqlite.raised(None), sqlite=4096)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sqlite, "raised", lambda _: small)
        with pytest.raises(RefusedByLimit), opened(source, "chat.db"):
            pass
    raised = Told(limits=f"sqlite={4 * 1024 * MiB}")
    with opened(source.with_told(raised), "chat.db") as database:
        assert ("id", "text") == database.columns("message")


def test_texts_that_are_no_utf8_are_read_and_blobs_stay_bytes(tmp_path: Path) -> None:
    insert = "INSERT INTO message VALUES ({}, {})"
    data = built(
        tmp_path / "x", MAKE, insert.format(1, "CAST(x'636166e9' AS TEXT)"),
        insert.format(2, "x'00ff'"), insert.format(3, "'日本'"), insert.format(4, "NULL"),
    )  # fmt: skip
    assert [(1, "caf\ufffd"), (2, b"\x00\xff"), (3, "日本"), (4, None)] == rows(data)


def test_utf16_databases_are_read(tmp_path: Path) -> None:
    data = built(
        tmp_path / "x", "PRAGMA encoding='UTF-16le'", MAKE, "INSERT INTO message VALUES (1, '雨')"
    )
    assert [(1, "雨")] == rows(data)


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_the_names_of_tables_are_found_in_a_schema_of_any_size(
    tmp_path: Path, page_size: int
) -> None:
    names = [f"table_number_{number}" for number in range(60)]
    data = built(
        tmp_path / "x",
        *(f"CREATE TABLE {name} (a, b, {', '.join(f'c{n} TEXT' for n in range(20))})"
          for name in names),
        "CREATE VIEW seen AS SELECT a FROM table_number_1",
        "CREATE INDEX found ON table_number_2 (a)",
        page_size=page_size,
    )  # fmt: skip
    assert frozenset(names) == table_names(Source.of({"chat.db": data}), "chat.db")


@settings(max_examples=150)
@given(st.data())
def test_the_names_of_tables_of_damaged_files_are_no_error(
    logged: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    changed = bytearray(data.draw(st.sampled_from(logged))[0])
    for _ in range(data.draw(st.integers(0, 20))):
        changed[data.draw(st.integers(16, min(len(changed), 8192) - 1))] = data.draw(
            st.sampled_from([0, 1, 13, 127, 255])
        )
    end = data.draw(st.integers(0, len(changed)))
    table_names(Source.of({"chat.db": bytes(changed[:end])}), "chat.db")
