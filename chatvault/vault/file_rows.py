"""Files in the archive: of the export at hand, of the packs, and who refers to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.catalogue import COMPLETE
from chatvault.vault.manifest import FileLine
from chatvault.vault.packs import Member


@dataclass(frozen=True)
class Incoming:
    """A file of the export that is being imported, after its first reading."""

    id: int
    path: str
    raw_path: bytes | None
    size: int
    modified_ms: int | None
    sha256: bytes
    content_id: str
    served: int | None
    compressed: int | None


def clear_incoming(db: Connection) -> None:
    """An empty list of the files of one export, kept out of Python: there may be half a million."""
    db.execute(
        "CREATE TEMP TABLE IF NOT EXISTS incoming (id INTEGER PRIMARY KEY, path TEXT,"
        " raw_path BLOB, size INTEGER, modified_ms INTEGER, sha256 BLOB, content_id TEXT,"
        " served INTEGER, compressed INTEGER)"
    )
    db.execute("DELETE FROM incoming")


def add_incoming(db: Connection, file: Incoming) -> None:
    """One more file of the export."""
    db.execute(
        "INSERT INTO incoming (path, raw_path, size, modified_ms, sha256, content_id, served,"
        " compressed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file.path, file.raw_path, file.size, file.modified_ms, file.sha256, file.content_id,
            file.served, file.compressed,
        ],
    )  # fmt: skip


def incoming_lines(db: Connection) -> Iterator[tuple[str, bytes]]:
    """Path and hash of every incoming file, by path: what identifies an export."""
    yield from db.execute("SELECT path, sha256 FROM incoming ORDER BY path")


def incoming_served(db: Connection) -> Iterator[tuple[int, str]]:
    """The incoming files that are files of the disk: their numbers there, and their paths."""
    yield from db.execute("SELECT served, path FROM incoming WHERE served IS NOT NULL")


def incoming_size(db: Connection) -> tuple[int, int]:
    """How many files are new to the vault, and their bytes."""
    row = db.execute(
        "SELECT count(*), coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM incoming"
        " WHERE content_id NOT IN (SELECT content_id FROM stored_file) GROUP BY content_id)"
    ).fetchone()
    return int(row[0]), int(row[1])


def next_incoming(db: Connection, after: int) -> Incoming | None:
    """The next incoming file that no pack holds yet."""
    row = db.execute(
        "SELECT id, path, raw_path, size, modified_ms, sha256, content_id, served, compressed"
        " FROM incoming i WHERE id > ? AND NOT EXISTS"
        " (SELECT 1 FROM stored_file s WHERE s.content_id = i.content_id) ORDER BY id LIMIT 1",
        [after],
    ).fetchone()
    return None if row is None else Incoming(*row)


def add_stored(db: Connection, file: Incoming, member: Member, codec: str) -> int:
    """The bytes of a file lie in a pack; the row is its handle."""
    cursor = db.execute(
        "INSERT INTO stored_file (content_id, sha256, size, pack, member, offset, stored, codec)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file.content_id, file.sha256.hex(), file.size, member.pack, member.name, member.offset,
            member.stored, codec,
        ],
    )  # fmt: skip
    return int(cursor.lastrowid)


def add_journal_file(db: Connection, number: int, line: FileLine, *, stored: bool) -> None:
    """A file as a manifest tells it; not `stored` when its pack is not there."""
    if stored:
        db.execute(
            "INSERT OR IGNORE INTO stored_file (content_id, sha256, size, pack, member, offset,"
            " stored, codec) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                line.content_id, line.sha256, line.size, line.pack, line.member, line.offset,
                line.stored, line.codec,
            ],
        )  # fmt: skip
    db.execute(
        "INSERT INTO source_file (import, path, raw_path, file, size, modified_ms) VALUES"
        " (?, ?, ?, (SELECT id FROM stored_file WHERE content_id = ?), ?, ?)",
        [
            number, line.path, None if line.raw_path is None else bytes.fromhex(line.raw_path),
            line.content_id, line.size, line.modified_ms,
        ],
    )  # fmt: skip


def pretend_stored(db: Connection, number: int) -> None:
    """For trying out an import: the new files count as stored, in a pack that does not exist. The
    transaction around it is taken back."""
    db.execute(
        "INSERT INTO pack (name, import, size, file_key, header_size, nonce)"
        " VALUES (?, ?, 0, x'', 0, x'')",
        [f"trial {number}", number],
    )
    db.execute(
        "INSERT OR IGNORE INTO stored_file (content_id, sha256, size, pack, member, offset, stored,"
        " codec) SELECT content_id, lower(hex(sha256)), size, ?, path, 0, 0,"
        " CASE WHEN compressed IS NULL THEN '' ELSE 'zst' END FROM incoming",
        [f"trial {number}"],
    )


def link_incoming(db: Connection, number: int) -> None:
    """Note for every incoming file which import brought it and where its bytes are; a file whose
    bytes could not be stored keeps no link."""
    db.execute(
        "INSERT INTO source_file (import, path, raw_path, file, size, modified_ms)"
        " SELECT ?, i.path, i.raw_path, s.id, i.size, i.modified_ms FROM incoming i"
        " LEFT JOIN stored_file s ON s.content_id = i.content_id ORDER BY i.id",
        [number],
    )


def file_of(db: Connection, number: int, path: str) -> int | None:
    """The row of the stored bytes of a path in an import."""
    row = db.execute(
        "SELECT file FROM source_file WHERE import = ? AND path = ?", [number, path]
    ).fetchone()
    return None if row is None else row[0]


class StoredFile(msgspec.Struct, frozen=True):
    """A file of an export and where its bytes are."""

    path: str
    raw_path: bytes | None
    modified_ms: int | None
    content_id: str
    sha256: str
    size: int
    pack: str
    member: str
    offset: int
    stored: int
    codec: str


STORED = (
    "f.path, f.raw_path, f.modified_ms, s.content_id, s.sha256, s.size, s.pack, s.member, s.offset,"
    " s.stored, s.codec FROM source_file f JOIN stored_file s ON s.id = f.file"
)


def files_of(db: Connection, number: int) -> Iterator[StoredFile]:
    """The files of an import, in the order of their packs."""
    for row in db.execute(
        f"SELECT {STORED} WHERE f.import = ? ORDER BY s.pack, s.offset, f.path",
        [number],
    ):
        yield StoredFile(*row)


def fill_in_missing(db: Connection, number: int) -> int:
    """Give attachments whose file was missing the bytes that this or another complete import
    brought: by hash, or by name and size where exactly one file fits. Looser matches are never made
    silently; files of imports that were broken off or undone do not count."""
    db.execute(
        "CREATE TEMP TABLE IF NOT EXISTS filled (attachment INTEGER PRIMARY KEY, file INTEGER)"
    )
    db.execute("DELETE FROM filled")
    db.execute(
        "INSERT OR IGNORE INTO filled SELECT a.id, s.id FROM attachment a JOIN stored_file s"
        " ON s.sha256 = a.sha256 JOIN source_file f ON f.file = s.id"
        " JOIN import i ON i.id = f.import AND (i.state = ? OR i.id = ?)"
        " WHERE a.file IS NULL AND a.sha256 <> ''",
        [COMPLETE, number],
    )
    db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted_file (size INTEGER, name TEXT)")
    db.execute("CREATE INDEX IF NOT EXISTS temp.wanted_file_size ON wanted_file(size, name)")
    db.execute("DELETE FROM wanted_file")
    db.execute(
        "INSERT INTO wanted_file SELECT DISTINCT size, name FROM attachment WHERE file IS NULL"
        " AND size IS NOT NULL AND name <> '' AND stable_name"
        " AND id NOT IN (SELECT attachment FROM filled)"
    )
    # One walk over the files, each looking among the attachments of its size.
    db.execute(
        "INSERT OR IGNORE INTO filled SELECT a.id, n.file FROM attachment a JOIN"
        " (SELECT w.name, w.size, max(f.file) AS file FROM source_file f"
        " JOIN import i ON i.id = f.import AND (i.state = ? OR i.id = ?)"
        " CROSS JOIN wanted_file w ON w.size = f.size WHERE f.file IS NOT NULL"
        " AND (f.path = w.name OR substr(f.path, -length(w.name) - 1) = '/' || w.name)"
        " GROUP BY w.name, w.size HAVING count(DISTINCT f.file) = 1) n"
        " ON n.name = a.name AND n.size = a.size WHERE a.file IS NULL AND a.stable_name",
        [COMPLETE, number],
    )
    filled = db.execute(
        "UPDATE attachment SET state = 'present', file = (SELECT file FROM filled"
        " WHERE attachment = attachment.id) WHERE id IN (SELECT attachment FROM filled)"
    )
    return max(int(filled.rowcount), 0)


def missing_attachments(db: Connection, number: int) -> int:
    """How many attachments of the messages that an import told lack their file."""
    row = db.execute(
        "SELECT count(*) - count(a.file) FROM message_import i"
        " CROSS JOIN attachment a ON a.message = i.message WHERE i.import = ?",
        [number],
    ).fetchone()
    return int(row[0])


def stored_since(db: Connection, number: int, finishes: Sequence[int]) -> int:
    """How many files of an import lie in packs of its own, or of imports that it finishes."""
    own = ", ".join(str(int(n)) for n in (number, *finishes))
    row = db.execute(
        "SELECT count(DISTINCT s.id) FROM source_file f JOIN stored_file s ON s.id = f.file"  # noqa: S608
        f" JOIN pack p ON p.name = s.pack AND p.import IN ({own}) WHERE f.import = ?",
        [number],
    ).fetchone()
    return int(row[0])


def file_count(db: Connection, number: int) -> int:
    """How many files the export of an import has."""
    row = db.execute("SELECT count(*) FROM source_file WHERE import = ?", [number]).fetchone()
    return int(row[0])


def unlinked_files(db: Connection, number: int) -> int:
    """How many media files of an import no message refers to (what is compressed is text)."""
    row = db.execute(
        "SELECT count(*) FROM source_file f JOIN stored_file s ON s.id = f.file AND s.codec = ''"
        " WHERE f.import = ?"
        " AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.file = f.file)",
        [number],
    ).fetchone()
    return int(row[0])


def stored_count(db: Connection) -> int:
    """How many files the packs hold."""
    return int(db.execute("SELECT count(*) FROM stored_file").fetchone()[0])


def stored_files(db: Connection) -> Iterator[tuple[int, StoredFile]]:
    """Every stored file once, with its row, in the order of the packs."""
    for row, *values in db.execute(
        "SELECT id, member, NULL, NULL, content_id, sha256, size, pack, member, offset, stored,"
        " codec FROM stored_file ORDER BY pack, offset"
    ):
        yield row, StoredFile(*values)


def stored_file(db: Connection, row: int) -> StoredFile:
    """The stored file of a row."""
    values = db.execute(
        "SELECT member, NULL, NULL, content_id, sha256, size, pack, member, offset, stored, codec"
        " FROM stored_file WHERE id = ?",
        [row],
    ).fetchone()
    return StoredFile(*values)


def files_in_pack(db: Connection, pack: str, chunks: Sequence[int] | None = None) -> list[int]:
    """The rows of the files in a pack; with `chunks` (of 64 KiB) only those that touch them."""
    rows = db.execute(
        "SELECT id, offset, stored FROM stored_file WHERE pack = ?", [pack]
    ).fetchall()
    if chunks is None:
        return [row[0] for row in rows]
    bad = set(chunks)
    size = 64 * 1024
    return [
        row
        for row, offset, stored in rows
        if any(n in bad for n in range(offset // size, (offset + max(stored, 1) - 1) // size + 1))
    ]


def messages_with(db: Connection, files: Sequence[int]) -> int:
    """How many messages have one of these files attached."""
    messages: set[int] = set()
    for file in files:
        rows = db.execute("SELECT message FROM attachment WHERE file = ?", [file])
        messages.update(row[0] for row in rows)
    return len(messages)
