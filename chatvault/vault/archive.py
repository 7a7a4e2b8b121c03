"""THE function that opens archive.db, and what it makes sure of first."""

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from chatvault.errors import Damaged, DiskTrouble, NewerFormat, Where

Connection = Any  # sqlcipher3 ships no types; its connection is a DB-API connection
driver = dbapi2  # for sqlite-utils, which must know whose exceptions to expect
DatabaseError = dbapi2.DatabaseError
WHERE = Where("archive.db")
REMEDY = "run `chatvault rebuild`: it makes the archive anew from the packs"
DISK_CODES = {
    8: "the disk cannot be written to",
    10: "input/output error",
    13: "no space left on device",
    14: "a file cannot be opened",
}
DAMAGE_CODES = {11, 26}  # malformed; not a database
OLDEST_SQLITE = (3, 51, 3)  # older ones can damage a database in WAL mode
CACHE_KIB = 32 * 1024
SCHEMA = 4
OLDEST_READER = 1  # the lowest SCHEMA whose code can still read these tables
VERSION = OLDEST_READER * 1000 + SCHEMA  # as kept in `user_version`
IMMUTABLE = "?immutable=1"
PLAIN_HEADER = b"SQLite format 3\0"


def is_there(path: Path) -> bool:
    """Whether there is anything to open; SQLite would make an archive of an empty file."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return status.st_size > 0 or not stat.S_ISREG(status.st_mode)


def has_leftovers(path: Path) -> bool:
    """Whether a log lies beside the archive that SQLite would replay. Without a writer at work it
    comes from a crash, or from somebody who put it there: its checksums need no key."""
    return any(is_there(path.with_name(path.name + suffix)) for suffix in ("-wal", "-journal"))


def quick_problem(connection: Connection) -> bool:
    """Whether the pages contradict each other; a look that is due after a log was replayed."""
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except DatabaseError:
        return True


def open_archive(path: Path, key: bytes) -> Connection:
    """A connection to the encrypted archive, made if it is not there; Damaged if the key does not
    fit or the file is no archive.

    Python's transactions are off (`isolation_level=None`): whoever writes says BEGIN.
    """
    return _opened(path, path.absolute().as_uri(), key)


def open_reading(path: Path, key: bytes) -> Connection:
    """A connection that cannot write. It is opened read-write all the same, so that the last one to
    close leaves exactly one file behind (a `mode=ro` connection leaves `-wal` and `-shm`)."""
    if not is_there(path):
        raise Damaged("the archive is missing", where=WHERE, remedy=REMEDY)
    try:
        connection = open_archive(path, key)
    except DiskTrouble:
        # Where nothing can be written, SQLite cannot lay its log beside the archive; without one
        # there already, the archive can be read as it is.
        if has_leftovers(path):
            raise
        connection = _opened(path, path.absolute().as_uri() + IMMUTABLE, key)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _opened(path: Path, address: str, key: bytes) -> Connection:
    _check_file(path)
    # A raw key of another length would silently be taken as a passphrase.
    assert re.fullmatch(r"[0-9a-f]{64}", key.hex())  # noqa: S101
    connection = None
    try:
        connection = dbapi2.connect(
            address, isolation_level=None, check_same_thread=False, uri=True
        )
        return _prepared(connection, key, wal=not address.endswith(IMMUTABLE))
    except BaseException as cause:
        if connection is not None:
            connection.close()
        if not isinstance(cause, DatabaseError):
            raise
        if _code(cause) in DISK_CODES:
            raise _disk(cause) from cause
        # Never from the cause: with the wrong key every reason looks the same (SQLCipher says only
        # "file is not a database"), and the ring was already found to be this vault's.
        raise Damaged("the archive cannot be opened", where=WHERE, remedy=REMEDY) from None


def open_in_memory() -> Connection:
    """An empty archive that never touches a disk: for what asks for tables, and for no vault."""
    connection = dbapi2.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


@contextmanager
def trouble() -> Iterator[None]:
    """Turn what SQLite says of the disk and of damaged pages into our own errors."""
    try:
        yield
    except DatabaseError as cause:
        if _code(cause) in DISK_CODES:
            raise _disk(cause) from cause
        if _code(cause) in DAMAGE_CODES:
            raise Damaged("the archive is damaged", where=WHERE, remedy=REMEDY) from None
        raise


def _code(cause: BaseException) -> int:
    return int(getattr(cause, "sqlite_errorcode", 0)) & 0xFF


def _disk(cause: BaseException) -> DiskTrouble:
    return DiskTrouble(
        f"the archive cannot be written: {DISK_CODES[_code(cause)]}",
        where=WHERE,
        remedy="what was imported before is safe; free or mend the disk, then run the same again",
    )


def close_archive(connection: Connection) -> None:
    """Close, leaving one file: what is in the write-ahead log moves into the archive first."""
    try:
        if connection.in_transaction:
            connection.rollback()  # whoever left it open failed in the middle
        if not value(connection, "PRAGMA query_only"):
            with suppress(dbapi2.OperationalError):  # interrupted within a statement: locked
                checkpoint(connection)
    finally:
        # SQLite moves what is left of the log when the last connection closes.
        connection.close()


def checkpoint(connection: Connection) -> None:
    """Move the write-ahead log into the archive; others reading at this moment only delay it."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def value(connection: Connection, sql: str) -> int:
    """The one number that a statement answers with (some pragmas answer numbers as text)."""
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row and row[0] not in (None, "") else 0


def check_readable(connection: Connection) -> None:
    """NewerFormat when the tables need a newer ChatVault to be read, Damaged without tables."""
    version = value(connection, "PRAGMA user_version")
    if not version:
        raise Damaged("the archive has no tables", where=WHERE, remedy=REMEDY)
    if version // 1000 > SCHEMA:
        raise NewerFormat("the archive was made by a newer ChatVault", remedy="install a newer one")


def check_writable(connection: Connection) -> None:
    """NewerFormat when the tables are newer than those that this ChatVault writes."""
    if value(connection, "PRAGMA user_version") % 1000 > SCHEMA:
        raise NewerFormat("the archive was made by a newer ChatVault", remedy="install a newer one")


def integrity_problems(connection: Connection, path: Path) -> list[str]:
    """What is wrong with the pages of the archive, in words; empty when nothing is.

    Three checks, because each is blind to something: the first looks only at pages that are there,
    the second cannot see that the file was cut at a page.
    """
    found = []
    try:
        found += [f"page: {row[0]}" for row in connection.execute("PRAGMA cipher_integrity_check")]
        found += [
            f"structure: {row[0]}"
            for row in connection.execute("PRAGMA integrity_check")
            if row[0] != "ok"
        ]
        pages = value(connection, "PRAGMA page_count") * 4096
        wal = path.with_name(path.name + "-wal")
        if path.stat().st_size != pages and not (wal.exists() and wal.stat().st_size):
            found.append(f"size: {path.stat().st_size:,} bytes instead of {pages:,}")
    except DatabaseError:
        found.append("structure: a page cannot be read")
    return found


def _check_file(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + suffix)
        try:
            mode = beside.lstat().st_mode
        except FileNotFoundError:
            continue
        # SQLite would follow a link, and write where it leads.
        if not stat.S_ISREG(mode):
            raise Damaged("not an ordinary file", where=Where(beside.name), remedy=REMEDY)
    if not is_there(path):
        return
    with path.open("rb") as file:
        head = file.read(len(PLAIN_HEADER))
    if head == PLAIN_HEADER:
        raise Damaged("this is a plain database, not an archive", where=WHERE, remedy=REMEDY)


def _prepared(connection: Connection, key: bytes, *, wal: bool) -> Connection:
    # SQLCipher logs to standard error by default, so silence is the first statement.
    connection.execute("PRAGMA cipher_log_level=NONE")
    connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
    for pragma in (
        "temp_store=MEMORY",  # FILE would put plaintext rows into the system's temporary folder
        *(["journal_mode=WAL"] if wal else []),
        "synchronous=FULL",
        "secure_delete=ON",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "foreign_keys=ON",
        "mmap_size=0",
        f"cache_size=-{CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchone()
    connection.enable_load_extension(False)  # noqa: FBT003 - the library's signature
    if not connection.execute("PRAGMA cipher_version").fetchone():
        # A plain SQLite accepts `PRAGMA key` and ignores it.
        raise Damaged(
            "this SQLite does not encrypt", remedy="install ChatVault's dependencies anew"
        )
    if value(connection, "PRAGMA temp_store") != 2:
        raise Damaged("SQLite would write temporary rows to the disk")
    version = tuple(int(part) for part in dbapi2.sqlite_version.split("."))
    if version < OLDEST_SQLITE:
        raise Damaged(f"SQLite {dbapi2.sqlite_version} is too old", remedy="upgrade sqlcipher3")
    connection.execute(
        "SELECT count(*) FROM sqlite_master"
    ).fetchone()  # reads page 1: is the key right?
    if wal and connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        raise Damaged("the archive is not in WAL mode", where=WHERE, remedy=REMEDY)
    return connection
