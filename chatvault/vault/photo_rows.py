"""Rows of pictures: which are still to be looked at, what was seen, and which a filter leaves."""

import math
from collections.abc import Iterator

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.file_lists import Load
from chatvault.vault.selection import Selection, source

READER = 1  # of what looks at pictures; rows of an older one are made again
EARTH = 6371.0  # km
# Files that may be pictures, by what exports say; what they really are is seen in their bytes.
_SUFFIXES = ("jpg", "jpeg", "jpe", "png", "webp", "gif", "heic", "heif", "avif", "bmp", "tif")
_MAY_BE = (
    "(a.kind IN ('image', 'sticker') OR a.type LIKE 'image/%'"
    + "".join(f" OR a.name LIKE '%.{suffix}'" for suffix in (*_SUFFIXES, "tiff"))
    + ")"
)


class Origin(msgspec.Struct, frozen=True):
    """How the first export that had a file calls it, and what its owner said about the export."""

    path: str
    modified_ms: int | None
    told: str


class PhotoRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture's own data say. `trouble` is why some of it could not be read, or empty;
    without `hash` and `likeness` it is not compared with others."""

    width: int | None = None
    height: int | None = None
    taken_at: int | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    hash: int | None = None
    likeness: bytes | None = None
    trouble: str = ""


def is_there(db: Connection) -> bool:
    """Whether the table can hold what is seen; an archive that no newer command wrote to cannot."""
    sql = "SELECT 1 FROM pragma_table_info('photo') WHERE name = 'reader'"
    return db.execute(sql).fetchone() is not None


FACTS = "p.width, p.height, p.taken_at, p.camera, p.latitude, p.longitude"


def pending(db: Connection) -> list[int]:
    """The stored files that attachments refer to as pictures and that nobody looked at yet, in the
    order of the packs."""
    rows = db.execute(
        "SELECT s.id FROM stored_file s LEFT JOIN photo p ON p.file = s.id"  # noqa: S608 - constants
        " WHERE (p.file IS NULL OR p.reader < ?) AND EXISTS"
        f" (SELECT 1 FROM attachment a WHERE a.file = s.id AND {_MAY_BE})"
        " ORDER BY s.pack, s.offset",
        [READER],
    )
    return [row[0] for row in rows]


def origin(db: Connection, file: int) -> Origin:
    """Where a stored file comes from: of several exports, the one that was imported first."""
    row = db.execute(
        "SELECT f.path, f.modified_ms, i.told FROM source_file f JOIN import i ON i.id = f.import"
        " WHERE f.file = ? ORDER BY i.state <> 'complete', i.id, f.path LIMIT 1",
        [file],
    ).fetchone()
    return Origin("", None, "{}") if row is None else Origin(*row)


def add(db: Connection, file: int, row: PhotoRow) -> None:
    """Keep what was seen of a picture, in place of what was known."""
    db.execute(
        "INSERT OR REPLACE INTO photo (file, width, height, taken_at, camera, latitude, longitude,"
        " hash, likeness, trouble, reader) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file, row.width, row.height, row.taken_at, row.camera, row.latitude, row.longitude,
            row.hash, row.likeness, row.trouble, READER,
        ],
    )  # fmt: skip


def by_content(db: Connection) -> list[tuple[object, ...]]:
    """All that was seen, by the content ids of the files, for `bring`."""
    if not is_there(db):
        return []
    rows = db.execute(
        "SELECT s.content_id, p.width, p.height, p.taken_at, p.camera, p.latitude, p.longitude,"
        " p.hash, p.likeness, p.trouble, p.reader FROM photo p JOIN stored_file s ON s.id = p.file"
    )
    return list(rows.fetchall())


def bring(db: Connection, rows: list[tuple[object, ...]]) -> None:
    """Take over what another archive of the same vault had seen."""
    db.executemany(
        "INSERT OR IGNORE INTO photo (file, width, height, taken_at, camera, latitude, longitude,"
        " hash, likeness, trouble, reader) SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11"
        " FROM stored_file WHERE content_id = ?1",
        rows,
    )


def facts_of(db: Connection, file: int | None) -> PhotoRow:
    """What is known of the picture in a stored file; a row of nothing when that is nothing."""
    row = db.execute(f"SELECT {FACTS} FROM photo p WHERE p.file = ?", [file]).fetchone()  # noqa: S608
    return PhotoRow() if row is None else _facts(row)


def _facts(row: tuple[object, ...]) -> PhotoRow:
    return msgspec.convert(dict(zip(PhotoRow.__struct_fields__, row, strict=False)), PhotoRow)


class Comparable(msgspec.Struct, frozen=True):
    """A picture that can be compared with others."""

    file: int
    width: int
    height: int
    size: int
    hash: int
    likeness: bytes


def comparable(db: Connection) -> Iterator[Comparable]:
    """Every picture that is not too plain to be compared; the best copies first, by pixels, then
    bytes."""
    for row in db.execute(
        "SELECT p.file, p.width, p.height, s.size, p.hash, p.likeness FROM photo p"
        " JOIN stored_file s ON s.id = p.file WHERE p.hash IS NOT NULL"
        " ORDER BY p.width * p.height DESC, s.size DESC, s.content_id"
    ):
        yield Comparable(*row)


class FileChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which files: by bytes (`larger` and `smaller` leave the number itself out), by the time the
    picture was taken (UTC ms, from, and before), by kilometres around a place."""

    larger: int | None = None
    smaller: int | None = None
    taken_start: int | None = None
    taken_end: int | None = None
    near: tuple[float, float, float] | None = None


ANY_FILE = FileChoice()


def condition(db: Connection, choice: FileChoice, file: str) -> tuple[str, list[object]]:
    """An SQL condition on the column `file`, and its parameters."""
    if choice == ANY_FILE:
        return "1", []
    where, params = [f"s.id = {file}"], list[object]()
    for test, value in (
        ("s.size > ?", choice.larger),
        ("s.size < ?", choice.smaller),
        ("p.taken_at >= ?", choice.taken_start),
        ("p.taken_at < ?", choice.taken_end),
    ):
        if value is not None:
            where.append(test)
            params.append(value)
    if choice.near is not None:
        where.append("p.file IN (SELECT value FROM json_each(?))")
        params.append(msgspec.json.encode(_near(db, *choice.near)).decode())
    sql = (
        "EXISTS (SELECT 1 FROM stored_file s LEFT JOIN photo p ON p.file = s.id"  # noqa: S608
        f" WHERE {' AND '.join(where)})"
    )
    return sql, params


def chosen(db: Connection, choice: FileChoice) -> set[int] | None:
    """The files of a choice; None for all."""
    if choice == ANY_FILE:
        return None
    sql, params = condition(db, choice, "x.id")
    rows = db.execute(f"SELECT x.id FROM stored_file x WHERE {sql}", params)  # noqa: S608
    return {row[0] for row in rows}


def load(db: Connection, selection: Selection, choice: FileChoice) -> Load:
    """The files of a choice that the messages of a selection have; what is in several messages
    counts in each."""
    where, params = source(db, selection)
    head, _, tail = where.partition(" WHERE ")
    chosen_sql, more = condition(db, choice, "a.file")
    row = db.execute(
        "SELECT count(*), coalesce(sum(f.size), 0), coalesce(max(f.size), 0)"
        f" {head} JOIN attachment a ON a.message = m.id JOIN stored_file f ON f.id = a.file"
        f" WHERE {tail} AND {chosen_sql}",
        [*params, *more],
    ).fetchone()
    return Load(*row)


def _near(db: Connection, latitude: float, longitude: float, km: float) -> list[int]:
    """The pictures taken at most so many kilometres away."""
    # A degree of latitude is 111 km everywhere; one of longitude is less and less.
    reach = km / 111 + 0.1
    rows = db.execute(
        "SELECT file, latitude, longitude FROM photo WHERE latitude BETWEEN ? AND ?",
        [latitude - reach, latitude + reach],
    )
    return [file for file, *there in rows if distance(latitude, longitude, *there) <= km]


def distance(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Kilometres between two places, over the surface of a sphere."""
    one, other = math.radians(latitude), math.radians(to_latitude)
    across = math.radians(to_longitude - longitude)
    chord = (
        math.sin((other - one) / 2) ** 2
        + math.cos(one) * math.cos(other) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(chord)))
