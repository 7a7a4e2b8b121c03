"""What others search with: the same messages in a plain database and in a text file.

The database has one table, in order of time, with sqlite-utils' `enable-fts` and an FTS5 index of
trigrams; the file has a line for each message.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from _bench_questions import Question, Row
from _bench_results import SearchSizes
from _make_history import WHOLE, in_order_of_time
from sqlite_utils import Database

PAGE = 50
BATCH = 50_000
SAMPLE = 20_000
TABLE = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY, conversation TEXT, sender TEXT, sent_at INTEGER, text TEXT
);
CREATE INDEX message_time ON message(conversation, sent_at);
"""
TRIGRAM = """
CREATE VIRTUAL TABLE message_trigram
    USING fts5(text, content='message', content_rowid='id', tokenize='trigram');
INSERT INTO message_trigram (rowid, text) SELECT id, text FROM message;
"""
INSERT = "INSERT INTO message (conversation, sender, sent_at, text) VALUES (?, ?, ?, ?)"
WITHIN = "conversation = :conversation AND sent_at >= :start AND sent_at < :end"
BEFORE = "sent_at < ? ORDER BY sent_at DESC LIMIT ?"
AFTER = "sent_at >= ? ORDER BY sent_at LIMIT ?"


def _rows(messages: int, seed: int) -> Iterator[Row]:
    for conversation, _, one in in_order_of_time(messages, seed, WHOLE):
        yield conversation.title, conversation.people[one.person], one.unix, one.text


class Peers:
    """The database and the file in a folder, opened."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "messages.txt"
        self._connection = sqlite3.connect(folder / "messages.db")
        self._table = Database(self._connection).table("message")

    @classmethod
    def make(cls, folder: Path, messages: int, seed: int, *, archive: int) -> SearchSizes:
        """Write them; what they take beside an archive of so many bytes."""
        path, file = folder / "messages.db", folder / "messages.txt"
        connection = sqlite3.connect(path)
        try:
            connection.executescript(TABLE)
            with file.open("w", encoding="utf-8", newline="\n") as lines:
                told = _rows(messages, seed)
                while batch := list(itertools.islice(told, BATCH)):
                    lines.writelines(map(_line, batch))
                    with connection:
                        connection.executemany(INSERT, batch)
            table = path.stat().st_size
            Database(connection).table("message").enable_fts(["text"])
            connection.commit()
            utils = path.stat().st_size - table
            connection.executescript(TRIGRAM)
            trigram = path.stat().st_size - table - utils
        finally:
            connection.close()
        return SearchSizes(archive, table, utils, trigram, file.stat().st_size)

    def texts(self) -> list[Row]:
        """Messages from everywhere in the history, to take words from."""
        last = self._connection.execute("SELECT max(id) FROM message").fetchone()[0]
        return self._connection.execute(
            "SELECT conversation, sender, sent_at, text FROM message WHERE id % ? = 0 ORDER BY id",
            (max(1, last // SAMPLE),),
        ).fetchall()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def utils(self, question: Question) -> None:
        """The newest 50 by sqlite-utils, as the library is."""
        found = self._table.search(
            question.fts, order_by="sent_at desc", limit=PAGE, where=_where(question) or None,
            where_args=question.within or None,
        )  # fmt: skip
        list(found)

    def trigram(self, question: Question) -> None:
        """The newest 50 by trigrams."""
        self._connection.execute(
            f"SELECT m.* {_source('message_trigram', question)}"
            f" ORDER BY m.sent_at DESC LIMIT {PAGE}",
            {"query": _trigrams(question), **question.within},
        ).fetchall()

    def hits(self, question: Question) -> tuple[int, int]:
        """How many sqlite-utils finds, and how many trigrams do."""
        counts = [
            self._connection.execute(
                f"SELECT count(*) {_source(table, question)}", {"query": query, **question.within}
            ).fetchone()[0]
            for table, query in (
                ("message_fts", question.fts),
                ("message_trigram", _trigrams(question)),
            )
        ]
        return counts[0], counts[1]

    def page(self, title: str, unix: int, context: int) -> None:
        """What stands around a date in a conversation, by the index of the table."""
        for part in (BEFORE, AFTER):
            self._connection.execute(
                f"SELECT * FROM message WHERE conversation = ? AND {part}", (title, unix, context)
            ).fetchall()

    def ripgrep(self, question: Question) -> None:
        """The last 50 lines that ripgrep finds, for which it has to read all of them."""
        command = ["rg", "--no-config", "--no-line-number", *question.ripgrep, str(self._file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as found:
            subprocess.run(
                ["tail", "-n", str(PAGE)], stdin=found.stdout, capture_output=True, check=True
            )
        if found.returncode not in (0, 1):  # 1: there is none
            sys.exit(f"rg {question.ripgrep} ended with {found.returncode}")


def have_ripgrep() -> bool:
    """Whether ripgrep is there, and what takes the last lines of it."""
    return shutil.which("rg") is not None and shutil.which("tail") is not None


def versions() -> dict[str, str]:
    """Of what is measured beside us."""
    found = {"SQLite of Python": sqlite3.sqlite_version}
    if have_ripgrep():
        ran = subprocess.run(["rg", "--version"], capture_output=True, text=True, check=True)
        found["ripgrep"] = ran.stdout.split()[1]
    return found


def _line(row: Row) -> str:
    title, sender, unix, text = row
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%S}\t{title}\t{sender}\t{text}\n"


def _where(question: Question) -> str:
    return WITHIN if question.within else ""


def _source(table: str, question: Question) -> str:
    more = f" AND {_where(question)}" if question.within else ""
    # CROSS: left to itself, SQLite asks the index about each message of the conversation.
    return f"FROM {table} f CROSS JOIN message m ON m.id = f.rowid WHERE {table} MATCH :query{more}"


def _trigrams(question: Question) -> str:
    """The same letters: trigrams know no beginnings of words."""
    return question.fts.removesuffix(" *")
