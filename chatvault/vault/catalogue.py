"""Imports, packs and files in the archive: what was stored, where it lies, and who brought it."""

from collections.abc import Iterable, Sequence

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.packs import PackInfo
from chatvault.vault.selection import Selection, source

RUNNING = "running"
COMPLETE = "complete"
UNDONE = "undone"


class ImportRow(msgspec.Struct, frozen=True):
    """One import, as the archive knows it; `receipt` and `told` are JSON."""

    id: int
    import_id: str
    state: str
    entry: int | None
    name: str
    importer: str
    importer_version: int
    platform: str
    told: str
    export_digest: str
    touched_others: int
    finished_by: int | None
    started_at: int
    receipt: str | None


COLUMNS = ", ".join(field.name for field in msgspec.structs.fields(ImportRow))


def imports(db: Connection) -> list[ImportRow]:
    """All imports, oldest first."""
    rows = db.execute(f"SELECT {COLUMNS} FROM import ORDER BY id")  # noqa: S608
    return [ImportRow(*row) for row in rows]


def imports_of(db: Connection, selection: Selection) -> set[int]:
    """The numbers of the imports that told a message of a selection."""
    where, params = source(db, selection)
    head, _, tail = where.partition(" WHERE ")
    rows = db.execute(
        f"SELECT DISTINCT i.import {head} JOIN message_import i ON i.message = m.id WHERE {tail}",
        params,
    )
    return {row[0] for row in rows}


def import_number(db: Connection, number: int) -> ImportRow | None:
    """The import of this number."""
    row = db.execute(f"SELECT {COLUMNS} FROM import WHERE id = ?", [number]).fetchone()  # noqa: S608
    return None if row is None else ImportRow(*row)


def unfinished(db: Connection) -> list[ImportRow]:
    """Imports that were broken off and not completed by another."""
    return [row for row in imports(db) if row.state == RUNNING and row.finished_by is None]


def note_unfinished(db: Connection, number: int, import_id: str, digest: str) -> None:
    """An import of which only packs are known: it was broken off before its manifest."""
    db.execute(
        "INSERT OR IGNORE INTO import (id, import_id, state, name, importer, importer_version,"
        " platform, told, export_digest, started_at) VALUES (?, ?, ?, '', '', 0, '', '{}', ?, 0)",
        [number, import_id, RUNNING, digest],
    )


def note_finished(db: Connection, number: int, by: int) -> None:
    """An unfinished import was completed by another."""
    db.execute("UPDATE import SET finished_by = ? WHERE id = ?", [by, number])


def note_undone(db: Connection, number: int, entry: int | None) -> None:
    """The owner took an import back."""
    db.execute("UPDATE import SET state = ?, entry = ? WHERE id = ?", [UNDONE, entry, number])


def add_import(db: Connection, row: ImportRow) -> None:
    """Note an import."""
    marks = ", ".join("?" * len(msgspec.structs.fields(ImportRow)))
    values = msgspec.structs.astuple(row)
    db.execute(f"INSERT INTO import ({COLUMNS}) VALUES ({marks})", values)  # noqa: S608


def next_number(db: Connection) -> int:
    """The number of the next import; numbers are never used again."""
    return 1 + int(db.execute("SELECT coalesce(max(id), 0) FROM import").fetchone()[0])


def head(db: Connection) -> tuple[int, str | None]:
    """Number and SHA-256 of the newest journal entry that the archive knows."""
    found = dict(
        db.execute(
            "SELECT key, value FROM meta WHERE key IN ('head_entry', 'head_sha256')"
        ).fetchall()
    )
    return int(found.get("head_entry", 0)), found.get("head_sha256")


def set_head(db: Connection, entry: int, sha256: str) -> None:
    """The archive now knows the journal up to this entry."""
    db.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)",
        [("head_entry", entry), ("head_sha256", sha256)],
    )


def add_pack(db: Connection, info: PackInfo, *, number: int | None, entry: int | None) -> None:
    """A pack is durable."""
    db.execute(
        "INSERT INTO pack (name, import, entry, size, file_key, header_size, nonce)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [info.name, number, entry, info.size, info.file_key, info.header_size, info.nonce],
    )


class PackRow(msgspec.Struct, frozen=True):
    """One pack, as the archive knows it."""

    name: str
    number: int | None
    entry: int | None
    size: int
    file_key: bytes
    header_size: int
    nonce: bytes

    def info(self) -> PackInfo:
        """What opens it."""
        return PackInfo(self.name, self.size, self.file_key, self.header_size, self.nonce)


def packs(db: Connection) -> list[PackRow]:
    """All packs, in the order of imports."""
    return [
        PackRow(*row)
        for row in db.execute(
            "SELECT name, import, entry, size, file_key, header_size, nonce FROM pack"
            " ORDER BY coalesce(import, 0), coalesce(entry, 0), name"
        )
    ]


def problems_of(db: Connection, number: int) -> list[tuple[str, str, str]]:
    """File, part and reason of what an import could not read, without what stood there."""
    rows = db.execute(
        "SELECT file, part, reason FROM problem WHERE import = ? ORDER BY id", [number]
    )
    return [(file, part, reason) for file, part, reason in rows]


def add_problems(db: Connection, number: int, problems: Iterable[Sequence[str]]) -> None:
    """Things that could not be read: file, part, reason, raw."""
    db.executemany(
        "INSERT INTO problem (import, file, part, reason, raw) VALUES (?, ?, ?, ?, ?)",
        [(number, *problem) for problem in problems],
    )


def complete(
    db: Connection,
    number: int,
    *,
    entry: int,
    receipt: str,
    touched_others: bool,
    finishes: Sequence[int],
) -> None:
    """The import is complete; it takes over the links of the unfinished ones that it completes."""
    for other in finishes:
        db.execute(
            "UPDATE OR IGNORE message_import SET import = ? WHERE import = ?", [number, other]
        )
        db.execute("DELETE FROM message_import WHERE import = ?", [other])
        db.execute("DELETE FROM problem WHERE import = ?", [other])
        db.execute("DELETE FROM source_file WHERE import = ?", [other])
        db.execute("UPDATE import SET finished_by = ? WHERE id = ?", [number, other])
    db.execute(
        "UPDATE import SET state = ?, entry = ?, receipt = ?, touched_others = ? WHERE id = ?",
        [COMPLETE, entry, receipt, touched_others, number],
    )
