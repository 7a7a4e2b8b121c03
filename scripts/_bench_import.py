"""Import rate and memory, beside the same rows going into plain SQLite with FTS5.

The history is half as long again as what one export holds: the first export has its first two
thirds, the second its last two thirds, so that half of the second is known when it comes.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from _bench_results import Imports, Paired, Sizes, Took
from _bench_tools import Counts, MeasuredVault, Ran, folder_size, imported, timed
from _make_history import conversations, exported
from _make_telegram import write_telegram
from _make_weflow import write_weflow

FIRST, SECOND, MIDDLE = (0.0, 2 / 3), (1 / 3, 1.0), (1 / 3, 2 / 3)
BATCH = 50_000
PEER = "the same rows into SQLite + FTS5"
PLAIN = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY, conversation TEXT, sender TEXT, sent_at INTEGER, text TEXT
);
CREATE INDEX message_time ON message(conversation, sent_at);
CREATE VIRTUAL TABLE message_fts USING fts5(text, content='message', content_rowid='id');
"""
PlainRow = tuple[str, str, int, str]


def measure(work: Path, messages: int, *, seed: int, rounds: int) -> Imports:
    """Import every export into an empty vault, or one that knows half of it, each in turn with the
    plain database."""
    history = messages * 3 // 2
    exports = {}
    for name, write, part in (
        ("telegram", write_telegram, FIRST),
        ("weflow", write_weflow, FIRST),
        ("second", write_telegram, SECOND),
        ("middle", write_telegram, MIDDLE),
    ):
        exports[name] = work / f"export-{name}"
        exports[name].mkdir()
        write(exports[name], history, seed, part)
    found: dict[str, list[tuple[Ran, Counts]]] = {name: [] for name in exports}
    plain = work / "plain.db"
    loaded: list[Took] = []
    for _ in range(rounds):
        vault = MeasuredVault.make(work / "first.chatvault")
        found["telegram"].append(imported(vault, exports["telegram"]))
        loaded.append(_load(plain, history, seed))
        other = MeasuredVault.make(work / "other.chatvault")
        found["weflow"].append(imported(other, exports["weflow"]))
        later = vault.copy(work / "later.chatvault")
        found["second"].append(imported(later, exports["second"]))
        found["middle"].append(imported(later, exports["middle"]))
    rows = found["telegram"][0][1].items
    for name, share in {"telegram": 0, "weflow": 0, "second": 1 / 2, "middle": 1}.items():
        counts = found[name][0][1]
        if abs(counts.known - share * counts.items) > 0.05 * counts.items:
            sys.exit(f"{TITLES[name]}: {counts.known:,} of {counts.items:,} were known")
    results = tuple(_paired(name, runs, rows, loaded) for name, runs in found.items())
    sizes = Sizes(
        export=folder_size(exports["telegram"]), archive=vault.archive_size,
        packs=vault.packs_size, plain=plain.stat().st_size,
    )  # fmt: skip
    return Imports(results, sizes)


TITLES = {
    "telegram": "Telegram export into an empty vault",
    "weflow": "the same from WeChat (WeFlow)",
    "second": "a later Telegram export, half of it known",
    "middle": "an export of which everything is known",
}


def _paired(name: str, runs: list[tuple[Ran, Counts]], rows: int, loaded: list[Took]) -> Paired:
    return Paired(
        TITLES[name], "messages/s", runs[0][1].items, tuple(ran.took for ran, _ in runs), PEER,
        rows, tuple(loaded),
    )  # fmt: skip


def rows(history: int, seed: int) -> Iterator[PlainRow]:
    """The messages of the first export, as a plain table keeps them."""
    for conversation in conversations(history, seed):
        for _, said in exported(conversation, seed, FIRST):
            yield (
                conversation.title,
                conversation.people[said.person],
                said.unix,
                said.text,
            )


def _load(path: Path, history: int, seed: int) -> Took:
    """What writing takes; making the rows is not counted."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    parts = []
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(PLAIN)
        batch: list[PlainRow] = []
        for row in rows(history, seed):
            batch.append(row)
            if len(batch) == BATCH:
                parts.append(timed(_write, connection, batch))
                batch = []
        parts.append(timed(_write, connection, batch))
        parts.append(timed(connection.execute, "PRAGMA wal_checkpoint(TRUNCATE)"))
    finally:
        connection.close()
    return Took(sum(part.seconds for part in parts), sum(part.processor for part in parts))


def _write(connection: sqlite3.Connection, batch: list[PlainRow]) -> None:
    with connection:
        last = connection.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0]
        connection.executemany(
            "INSERT INTO message (conversation, sender, sent_at, text) VALUES (?, ?, ?, ?)", batch
        )
        connection.execute(
            "INSERT INTO message_fts (rowid, text) SELECT id, text FROM message WHERE id > ?",
            [last],
        )
