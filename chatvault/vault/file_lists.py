"""Which files restoring writes: of messages, of an import, and those that no message refers to."""

from collections.abc import Iterator

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.file_rows import StoredFile
from chatvault.vault.selection import Selection, source

PAGE = 500  # files of an export read together


class Load(msgspec.Struct, frozen=True):
    """How much there is to write."""

    files: int
    bytes: int
    largest: int


def load_of_messages(db: Connection, selection: Selection, *, once: bool) -> Load:
    """The files of the messages of a selection; what is in several messages counts `once` or
    often."""
    where, params = source(db, selection)
    head, _, tail = where.partition(" WHERE ")
    distinct = "DISTINCT" if once else ""
    row = db.execute(
        "SELECT count(*), coalesce(sum(f.size), 0), coalesce(max(f.size), 0) FROM"  # noqa: S608
        f" (SELECT {distinct} a.file AS file {head} JOIN attachment a ON a.message = m.id"
        f" AND a.file IS NOT NULL WHERE {tail}) x JOIN stored_file f ON f.id = x.file",
        params,
    ).fetchone()
    return Load(*row)


def load_of_import(db: Connection, number: int) -> Load:
    """The files of an import."""
    row = db.execute(
        "SELECT count(*), coalesce(sum(size), 0), coalesce(max(size), 0) FROM source_file"
        " WHERE import = ?",
        [number],
    ).fetchone()
    return Load(*row)


def largest_row(db: Connection) -> int:
    """The highest row of a stored file."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM stored_file").fetchone()[0])


def path_of(db: Connection, file: int) -> str:
    """The name of a stored file in the first export that brought it; empty if none did."""
    row = db.execute(
        "SELECT path FROM source_file WHERE file = ? ORDER BY id LIMIT 1", [file]
    ).fetchone()
    return "" if row is None else str(row[0])


def name_of(db: Connection, file: int) -> str:
    """A name for a stored file, always the same: of the first attachment that has one."""
    row = db.execute(
        "SELECT name FROM attachment WHERE file = ? AND name <> '' ORDER BY id LIMIT 1", [file]
    ).fetchone()
    return path_of(db, file) if row is None else str(row[0])


class Unlinked(msgspec.Struct, frozen=True):
    """A file that no message refers to, and the name of the import that first brought it."""

    name: str
    file: int
    path: str
    modified_ms: int | None
    size: int
    sha256: str


# What is stored compressed is text; of a file that came several times, the first counts.
UNLINKED = """FROM source_file f JOIN stored_file s ON s.id = f.file
    JOIN import i ON i.id = f.import
    WHERE s.codec = '' AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.file = f.file)
    AND f.id = (SELECT min(o.id) FROM source_file o WHERE o.file = f.file)"""


def load_of_unlinked(db: Connection) -> Load:
    """The media that no message refers to."""
    row = db.execute(
        f"SELECT count(*), coalesce(sum(s.size), 0), coalesce(max(s.size), 0) {UNLINKED}"
    ).fetchone()
    return Load(*row)


def unlinked(db: Connection) -> Iterator[Unlinked]:
    """The media that no message refers to, each once."""
    rows = db.execute(
        f"SELECT i.name, f.file, f.path, f.modified_ms, s.size, s.sha256 {UNLINKED} ORDER BY f.id"
    )
    for row in rows:
        yield Unlinked(*row)


class Original(msgspec.Struct, frozen=True):
    """A file of an export; `file` is None when its bytes could not be kept."""

    path: str
    modified_ms: int | None
    size: int
    file: StoredFile | None


def originals(db: Connection, number: int) -> Iterator[Original]:
    """The files of an import by their names, so that a folder's files come together."""
    last = ""
    while True:
        rows = db.execute(
            "SELECT f.path, f.raw_path, f.modified_ms, f.size, s.content_id, s.sha256, s.size,"
            " s.pack, s.member, s.offset, s.stored, s.codec FROM source_file f"
            " LEFT JOIN stored_file s ON s.id = f.file WHERE f.import = ? AND f.path > ?"
            " ORDER BY f.path LIMIT ?",
            [number, last, PAGE],
        ).fetchall()
        for path, raw, modified, size, *stored in rows:
            kept = None if stored[0] is None else StoredFile(path, raw, modified, *stored)
            yield Original(path, modified, size, kept)
        if len(rows) < PAGE:
            return
        last = rows[-1][0]
