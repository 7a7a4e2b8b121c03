"""Questions that only `verify` asks the archive."""

from collections import Counter
from collections.abc import Iterable

from chatvault.vault import search_index
from chatvault.vault.archive import Connection
from chatvault.vault.manifest import AnyLine, Decision, FileLine, ImportHead, encode


def message_count(db: Connection) -> int:
    """How many messages there are."""
    return int(db.execute("SELECT count(*) FROM message").fetchone()[0])


def messages_of(db: Connection, number: int) -> int:
    """How many messages an import told."""
    row = db.execute("SELECT count(*) FROM message_import WHERE import = ?", [number]).fetchone()
    return int(row[0])


def packs_of(db: Connection, number: int) -> int:
    """How many packs belong to an import."""
    return int(db.execute("SELECT count(*) FROM pack WHERE import = ?", [number]).fetchone()[0])


CHECKS = (
    (
        "messages belong to no import",
        "SELECT count(*) FROM message WHERE id NOT IN (SELECT message FROM message_import)",
    ),
    ("rows point to nothing", "SELECT count(*) FROM pragma_foreign_key_check"),
)
INDEX_CHECKS = (
    (
        "messages are missing in the search index",
        "SELECT count(*) FROM message WHERE -time_key NOT IN"
        " (SELECT id FROM message_search_docsize)",
    ),
    (
        "entries of the search index belong to no message",
        "SELECT count(*) FROM message_search_docsize WHERE id NOT IN"
        " (SELECT -time_key FROM message)",
    ),
)


def inconsistencies(db: Connection) -> list[str]:
    """Rows that contradict each other, in words."""
    checks = list(CHECKS)
    if search_index.is_current(db):  # an older one is made anew before anybody searches
        checks += INDEX_CHECKS
    found = []
    for what, sql in checks:
        count = db.execute(sql).fetchone()[0]
        if count:
            found.append(f"{count:,} {what}")
    return found


def compare_decisions(db: Connection, entry: int, lines: Iterable[AnyLine]) -> int:
    """How many decisions of an entry the archive does not know as they stand there."""
    kept = Counter(
        row[0] for row in db.execute("SELECT line FROM decision WHERE entry = ?", [entry])
    )
    told = Counter(
        encode(line).decode().rstrip("\n") for line in lines if isinstance(line, Decision)
    )
    return (kept - told).total() + (told - kept).total()


def compare_manifest(db: Connection, lines: Iterable[AnyLine]) -> int:
    """How many files of an import the archive looks for elsewhere than its manifest says."""
    wrong = 0
    number = 0
    undone = False
    for line in lines:
        if isinstance(line, ImportHead):
            number = line.number
            row = db.execute("SELECT state FROM import WHERE id = ?", [number]).fetchone()
            undone = row is not None and row[0] == "undone"
        elif isinstance(line, FileLine) and not undone:
            row = db.execute(
                "SELECT s.content_id, s.pack, s.offset, s.stored, s.size, s.codec, s.sha256"
                " FROM source_file f JOIN stored_file s ON s.id = f.file"
                " WHERE f.import = ? AND f.path = ?",
                [number, line.path],
            ).fetchone()
            told = (
                line.content_id, line.pack, line.offset, line.stored, line.size, line.codec,
                line.sha256,
            )  # fmt: skip
            wrong += row is None or tuple(row) != told
    return wrong
