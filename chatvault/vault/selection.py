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
MIRRORED = {">=": "<=", "<": ">"}


def source(db: Connection, selection: Selection) -> tuple[str, list[object]]:
    """`FROM ... WHERE ...` with `m` as the message, and its parameters; `s` is its row of the index
    if the selection looks there.

    Time keys sort by time, so a stretch of time is a range of them; only behind a second that was
    too full does a key lie later than its message, and then `sent_at` is looked at too.
    """
    where: list[str] = []
    params: list[object] = []
    bounds = key_bounds(db, selection)
    if selection.match is None:
        sql = "FROM message m"
        where += [f"m.time_key {sign} ?" for sign, _ in bounds]
        params += [key for _, key in bounds]
    else:
        # A row id of the index is a time key with its sign changed: see `search_index`.
        sql = "FROM message_search s CROSS JOIN message m ON m.time_key = -s.rowid"
        where += ["message_search MATCH ?", *(f"s.rowid {MIRRORED[sign]} ?" for sign, _ in bounds)]
        params += [selection.match, *(-key for _, key in bounds)]
    if bounds and largest_spill(db):
        where += ["m.sent_at >= ?"] * (selection.start_ms is not None)
        where += ["m.sent_at < ?"] * (selection.end_ms is not None)
        params += [ms for ms in (selection.start_ms, selection.end_ms) if ms is not None]
    return f"{sql} WHERE {' AND '.join(where or ['1'])}", params


def key_bounds(db: Connection, selection: Selection) -> list[tuple[str, int]]:
    """What keeps a time key within the selection's stretch of time: `>=` and `<`, each with a
    number."""
    bounds: list[tuple[str, int]] = []
    if selection.start_ms is not None:
        bounds.append((">=", (selection.start_ms // 1000 - EPOCH) * SLOTS))
    elif selection.end_ms is not None:
        bounds.append((">=", NO_TIME))
    if selection.end_ms is not None:
        end = -(-selection.end_ms // 1000) - EPOCH + largest_spill(db)
        bounds.append(("<", end * SLOTS))
    return bounds


def largest_spill(db: Connection) -> int:
    """Seconds by which a time key may lie behind its message's time."""
    row = db.execute("SELECT value FROM meta WHERE key = 'largest_spill'").fetchone()
    return 0 if row is None else int(row[0])
