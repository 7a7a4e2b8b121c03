"""An SQLite file inside an export, as a private copy in memory, with its write-ahead log.

    with opened(source, "chat.db") as database:
        for rowid, guid in database.scan("message", ["guid"]):
            ...

The file comes from strangers, so nothing in it may act: only plain tables are read, by their row
ids, in steps of at most a second; no view, trigger, virtual table or function runs. Nothing appears
beside the user's file, and what is damaged costs only itself.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from chatvault.errors import BadExport, RefusedByLimit, Where
from chatvault.importers._limits import raised
from chatvault.importers._source import Source
from chatvault.importers._sqlite_wal import Replayed, page_size_of, replay

MAGIC: Final = b"SQLite format 3\0"
STEP = 1.0  # seconds for one statement
PAGE = 1000  # rows of one statement
AT_ONCE = 500  # rows asked for by their ids in one statement
VALUE = 64 * 1024 * 1024  # the largest text or blob
_PIECE = 1024 * 1024
_OPS = 10_000  # steps of SQLite's machine between two looks at the clock
_LOWEST = -(2**63)

Value = str | bytes | int | float | None
Row = tuple[Value, ...]


class Database:
    """The plain tables of a copy. `damaged` names those of which something could not be read."""

    def __init__(self, connection: sqlite3.Connection, *, replayed: Replayed | None) -> None:
        """`replayed` is what became of the log; None when the file had one that is not there."""
        self.replayed = replayed
        self.damaged: set[str] = set()
        self._connection = connection
        self._deadline = 0.0
        connection.set_progress_handler(self._too_late, _OPS)
        self._tables = {name: tuple(self._columns_of(name)) for name in self._plain_tables()}
        connection.set_authorizer(self._authorize)

    def _plain_tables(self) -> Iterator[str]:
        rows, _ = self._rows("SELECT type, name, rootpage, sql FROM sqlite_master", ())
        for kind, name, root, sql in rows:
            if kind == "table" and root and str(sql).upper().startswith("CREATE TABLE"):
                yield str(name)

    def _columns_of(self, table: str) -> Iterator[str]:
        """The columns that hold values; those that are computed would run what a stranger wrote."""
        for _, name, *_, hidden in self._rows(f"PRAGMA table_xinfo({_quoted(table)})", ())[0]:
            if not hidden:
                yield str(name)

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a plain table; none if there is no such table."""
        return self._tables.get(table, ())

    def scan(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """Row id and these columns of every row, in the order of the ids; a column is NULL where
        the table has none of that name.

        Where the file is damaged, the rows before and behind that place.
        """
        if table not in self._tables:
            return
        last = _LOWEST
        start = f"{self._select(table, columns)} > ?"
        while True:
            rows, whole = self._page(f"{start} ORDER BY rowid", (last,))
            for row in rows:
                if not isinstance(row[0], int) or row[0] <= last:
                    whole = False  # pages that refer to each other in a circle
                    break
                last = row[0]
                yield row
            if not whole:
                self.damaged.add(table)
                yield from self._from_the_end(start, last)
                return
            if len(rows) < PAGE:
                return

    def _from_the_end(self, start: str, last: int) -> Iterator[Row]:
        found: list[Row] = []
        first = 2**63 - 1
        while True:
            rows, whole = self._page(f"{start} AND rowid <= ? ORDER BY rowid DESC", (last, first))
            for row in rows:
                if not isinstance(row[0], int) or not last < row[0] <= first:
                    whole = False
                    break
                first = row[0] - 1
                found.append(row)
            if not whole or len(rows) < PAGE:
                break
        yield from reversed(found)

    def fetch(self, table: str, columns: Sequence[str], ids: Sequence[int]) -> dict[int, Row]:
        """These columns of the rows with these ids, as far as they are there and readable."""
        start = f"{self._select(table, columns)} IN "
        found: dict[int, Row] = {}
        if table not in self._tables:
            return found
        for first in range(0, len(ids), AT_ONCE):
            some = ids[first : first + AT_ONCE]
            rows, whole = self._rows(f"{start}({','.join('?' * len(some))})", some)
            if not whole:
                self.damaged.add(table)
                rows = [row for one in some for row in self._rows(f"{start}(?)", (one,))[0]]
            found.update((row[0], row[1:]) for row in rows if isinstance(row[0], int))
        return found

    def _select(self, table: str, columns: Sequence[str]) -> str:
        known = self.columns(table)
        names = (_quoted(name) if name in known else "NULL" for name in columns)
        return f"SELECT {', '.join(['rowid', *names])} FROM {_quoted(table)} WHERE rowid"  # noqa: S608

    def _page(self, statement: str, values: Sequence[int]) -> tuple[list[Row], bool]:
        """The first rows of a statement, and whether these are all that were asked for."""
        rows, whole = self._rows(f"{statement} LIMIT {PAGE}", values)
        if not whole:
            # The module steps ahead, and an error there takes the row before it along.
            rows = self._rows(f"{statement} LIMIT {len(rows) + 1}", values)[0] or rows
        return rows, whole

    def _rows(self, statement: str, values: Sequence[int]) -> tuple[list[Row], bool]:
        """The rows of a statement, and whether these are all."""
        rows: list[Row] = []
        self._deadline = time.monotonic() + STEP
        try:
            for row in self._connection.execute(statement, values):
                rows.append(row)  # noqa: PERF402 - what came before an error counts
        except (sqlite3.Error, ValueError, OverflowError):  # also names that are no text
            return rows, False
        return rows, True

    def _too_late(self) -> int:
        return int(time.monotonic() > self._deadline)

    def _authorize(
        self, action: int, table: str | None, _: str | None, __: str | None, through: str | None
    ) -> int:
        """Only reading, only plain tables, nothing on behalf of a view or trigger."""
        if through is None and (
            action == sqlite3.SQLITE_SELECT
            or (action == sqlite3.SQLITE_READ and table in self._tables)
        ):
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY


@contextmanager
def opened(source: Source, name: str) -> Iterator[Database]:
    """The database of this name, with the log beside it (`<name>-wal`), if there is one.

    BadExport when it cannot be opened, RefusedByLimit when it is too large.
    """
    where = Where(source.full(name))
    try:
        connection, replayed = _copied(source, name)
    except MemoryError as cause:
        raise RefusedByLimit("a database too large for the memory", where=where) from cause
    except (OSError, ValueError, sqlite3.Error) as cause:
        raise BadExport(
            f"the database cannot be opened ({type(cause).__name__})",
            where=where,
            remedy="copy it again, with the files beside it whose names begin with its own",
        ) from cause
    try:
        yield Database(connection, replayed=replayed)
    finally:
        connection.close()


def _copied(source: Source, name: str) -> tuple[sqlite3.Connection, Replayed | None]:
    limit = raised(source.told.limits).sqlite
    data = _bytes_of(source, name, limit)
    if not data.startswith(MAGIC):
        raise BadExport(
            "no SQLite database; encrypted by the app? ChatVault does not decrypt it",
            where=Where(source.full(name)),
            remedy="make an export in the app, or a copy that is not encrypted",
        )
    wal = f"{name}-wal"
    # 2 is the mark of a database with a log; the app may have moved all of it into the file.
    replayed = None if 2 in data[18:20] else Replayed(0, rest=False)
    if source.has(wal):
        with source.open(wal) as file:
            replayed = replay(data, file, limit=limit)
    _mend_header(data)
    return _connected(data), replayed


def _bytes_of(source: Source, name: str, limit: int) -> bytearray:
    data = bytearray()
    with source.open(name) as file:
        while piece := file.read(_PIECE):
            data += piece
            if len(data) > limit:
                raise RefusedByLimit(
                    f"a database of more than {limit:,} bytes",
                    where=Where(source.full(name)),
                    remedy="raise it with --raise-limit sqlite=NUMBER",
                )
    return data


def _mend_header(data: bytearray) -> None:
    """The size as it is, whatever the header claims; and no log, which a copy in memory has not.

    A file that lacks pages can then be read as far as it goes.
    """
    page_size = page_size_of(data)
    if not page_size:
        raise ValueError("a page size that SQLite has not")
    data.extend(bytes(-len(data) % page_size))
    data[18:20] = b"\1\1"
    data[28:32] = (len(data) // page_size).to_bytes(4, "big")
    data[92:96] = data[24:28]  # says that the size above is to be believed


def _connected(data: bytearray) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for limit, most in (
            (sqlite3.SQLITE_LIMIT_LENGTH, VALUE),
            (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
            (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
            (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 50),
        ):
            connection.setlimit(limit, most)
        connection.text_factory = _text
        connection.deserialize(data)
        for pragma in (
            "trusted_schema=OFF", "cell_size_check=ON", "query_only=ON", "temp_store=MEMORY",
            "mmap_size=0", "recursive_triggers=OFF",
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
