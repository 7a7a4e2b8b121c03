"""Which messages: an expression over the search index and a stretch of time, as SQL."""

from dataclasses import dataclass

from chatvault.vault.archive import Connection
from chatvault.vault.time_keys import EPOCH, NO_TIME, SLOTS


@dataclass(frozen=True)
class Selection:
    """Messages that match an FTS5 expression (None: all), from `start_ms` and before `end_ms`."""

    match: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None

    @property
    def is_everything(self) -> bool:
        """Nothing is left out."""
        return self.match is None and self.start_ms is None and self.end_ms is None


EVERYTHING = Selection()


def source(db: Connection, selection: Selection) -> tuple[str, list[object]]:
    """`FROM ... WHERE ...` with `m` as the message, and its parameters.

    Time keys sort by time, so a stretch of time is a range of them; only behind a second that was
    too full does a key lie later than its message, and then `sent_at` is looked at too.
    """
    if selection.match is not None:
        sql = "FROM message_search s CROSS JOIN message m ON m.time_key = s.rowid"
        where, params = ["message_search MATCH ?"], [selection.match]
    else:
        sql, where, params = "FROM message m", [], []
    conditions, values = key_range(db, selection, "s.rowid" if selection.match else "m.time_key")
    where += conditions
    if conditions and largest_spill(db):
        where += ["m.sent_at >= ?"] * (selection.start_ms is not None)
        where += ["m.sent_at < ?"] * (selection.end_ms is not None)
        values += [ms for ms in (selection.start_ms, selection.end_ms) if ms is not None]
    return f"{sql} WHERE {' AND '.join(where or ['1'])}", [*params, *values]


def key_range(db: Connection, selection: Selection, key: str) -> tuple[list[str], list[object]]:
    """The conditions that keep a time key within the selection's stretch of time."""
    where: list[str] = []
    values: list[object] = []
    if selection.start_ms is not None:
        where.append(f"{key} >= ?")
        values.append((selection.start_ms // 1000 - EPOCH) * SLOTS)
    elif selection.end_ms is not None:
        where.append(f"{key} >= ?")
        values.append(NO_TIME)
    if selection.end_ms is not None:
        where.append(f"{key} < ?")
        end = -(-selection.end_ms // 1000) - EPOCH + largest_spill(db)
        values.append(end * SLOTS)
    return where, values


def largest_spill(db: Connection) -> int:
    """Seconds by which a time key may lie behind its message's time."""
    row = db.execute("SELECT value FROM meta WHERE key = 'largest_spill'").fetchone()
    return 0 if row is None else int(row[0])
