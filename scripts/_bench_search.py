"""How long a search takes, beside a scan of the same archive and FTS5 as it comes."""

from __future__ import annotations

import random
import re
import sqlite3
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from _bench_import import Imported, PlainRow, rows
from _bench_results import Asked, Paired, Spread
from _bench_tools import run, timed

from chatvault.services.query import Query, parse
from chatvault.services.search import search
from chatvault.services.select import select
from chatvault.vault import queries
from chatvault.vault.archive import Connection

PAGE = 50
SAMPLE = 20_000
SCANS = 5  # a scan takes so long that a few will do
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = "FROM message_fts f JOIN message m ON m.id = f.rowid WHERE message_fts MATCH ?"
Params = tuple[str | int, ...]


@dataclass(frozen=True)
class _Question:
    """The same question put to all three."""

    ours: str
    plain: str  # for FTS5 with unicode61
    like: str
    filters: str = ""  # SQL on `m`, for the plain database
    scan_filters: str = ""  # the same for the archive
    params: Params = ()

    def tree(self) -> Query:
        """As our query language reads it."""
        return parse(self.ours, now=NOW, zone=UTC)


def sample(messages: int, seed: int) -> list[PlainRow]:
    """Messages from everywhere in the export, to take words from."""
    step = max(1, messages // SAMPLE)
    return [row for place, row in enumerate(rows(messages * 3 // 2, seed)) if place % step == 0]


def measure(
    imported: Imported, texts: list[PlainRow], *, seed: int, asked: int
) -> tuple[Asked, ...]:
    """Every kind of query, many different ones each, on an archive that is open and was used."""
    plain = sqlite3.connect(imported.plain)
    db = imported.vault.open()
    try:
        return tuple(
            _asked(db, plain, what, questions)
            for what, questions in _questions(texts, seed, asked).items()
        )
    finally:
        db.close()
        plain.close()


def measure_whole(
    imported: Imported, texts: list[PlainRow], *, seed: int, rounds: int
) -> tuple[Paired, ...]:
    """What somebody waits for who has nothing open yet: an archive opened for one query, and the
    whole command."""
    questions = _questions(texts, seed, rounds)["a very common word"]

    def fresh(question: _Question) -> None:
        db = imported.vault.open()
        search(db, question.tree(), limit=PAGE)
        db.close()

    def fresh_plain(question: _Question) -> None:
        plain = sqlite3.connect(imported.plain)
        _newest_plain(plain, question)
        plain.close()

    def command(question: _Question) -> None:
        imported.vault.run("search", question.ours)

    def nothing(_: _Question) -> None:
        run([sys.executable, "-c", "pass"])

    found = []
    for what, ours, peer, theirs in (
        ("open the archive and search a common word", fresh, "SQLite + FTS5, opened", fresh_plain),
        ("`chatvault search`, the whole command", command, "`python -c pass`", nothing),
    ):
        pairs = [
            (timed(ours, question), timed(theirs, question))
            for _, question in zip(range(rounds), _forever(questions), strict=False)
        ]
        mine, other = zip(*pairs, strict=True)
        found.append(Paired(what, "ms", 0, mine, peer, 0, other))
    return tuple(found)


def _forever(questions: Sequence[_Question]) -> Iterator[_Question]:
    while True:
        yield from questions


def _questions(texts: list[PlainRow], seed: int, asked: int) -> dict[str, list[_Question]]:
    rng = random.Random(f"{seed} questions")
    english = [row for row in texts if row[3].isascii()]
    chinese = [run for row in texts for run in re.findall("[\u4e00-\u9fff]{2,}", row[3])]
    words = Counter(word for row in english for word in _words(row[3]))
    rare = [word for word, count in words.items() if count == 1 and len(word) > 5]
    common = [word for word, _ in words.most_common(max(5, min(asked, 40)))]
    spoken = [word for row in english for word in _words(row[3])]
    long = [row for row in english if len(_words(row[3])) > 3]
    return {
        "a rare word": [_word(word) for word in rng.sample(rare, min(asked, len(rare)))],
        "a very common word": [_word(word) for word in common],
        "one Chinese character": [_word(rng.choice(rng.choice(chinese))) for _ in range(asked)],
        "two Chinese characters": [_word(_pair(rng.choice(chinese), rng)) for _ in range(asked)],
        "a phrase of three words": [_phrase(rng.choice(long)[3], rng) for _ in range(asked)],
        "the beginning of a word": [_prefix(rng.choice(spoken)) for _ in range(asked)],
        "word, conversation and year": [_filtered(rng.choice(long), rng) for _ in range(asked)],
    }


def _words(text: str) -> list[str]:
    return re.findall("[a-z]+", text.lower())


def _word(word: str) -> _Question:
    return _Question(word, f'"{word}"', word)


def _pair(chars: str, rng: random.Random) -> str:
    start = rng.randrange(len(chars) - 1)
    return chars[start : start + 2]


def _phrase(text: str, rng: random.Random) -> _Question:
    words = _words(text)
    start = rng.randrange(len(words) - 2)
    phrase = " ".join(words[start : start + 3])
    return _Question(f'"{phrase}"', f'"{phrase}"', phrase)


def _prefix(word: str) -> _Question:
    return _Question(f"{word[:3]}*", f'"{word[:3]}" *', word[:3])


def _filtered(row: PlainRow, rng: random.Random) -> _Question:
    title, _, unix, text = row
    word, year = rng.choice(_words(text)), datetime.fromtimestamp(unix, UTC).year
    start, end = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (year, year + 1))
    return _Question(
        f'{word} in:"{title}" during:{year}', f'"{word}"', word,
        " AND m.conversation = ? AND m.sent_at >= ? AND m.sent_at < ?",
        " AND m.conversation IN (SELECT id FROM conversation WHERE title = ?)"
        " AND m.sent_at >= ? * 1000 AND m.sent_at < ? * 1000",
        (title, start, end),
    )  # fmt: skip


def _asked(
    db: Connection, plain: sqlite3.Connection, what: str, questions: list[_Question]
) -> Asked:
    for question in questions[:5]:  # so that the first measured one finds everything in its place
        _newest(db, question.tree())
        _newest_plain(plain, question)
    newest, total, whole, theirs = [], [], [], []
    hits, plain_hits = [], 0
    for question in questions:
        tree = question.tree()
        newest.append(timed(_newest, db, tree))
        total.append(timed(_total, db, tree))
        whole.append(timed(search, db, tree, limit=PAGE))
        theirs.append(timed(_newest_plain, plain, question))
        hits.append(_total(db, tree))
        plain_hits += _value(
            plain, f"SELECT count(*) {PLAIN}{question.filters}", (question.plain, *question.params)
        )
    scans = [timed(_scan, db, question) for question in questions[:SCANS]]
    return Asked(
        what=what, example=questions[0].ours, queries=len(questions), hits=statistics.median(hits),
        newest=Spread.of(newest), total=Spread.of(total), search=Spread.of(whole),
        scan=Spread.of(scans), plain=Spread.of(theirs),
        plain_finds=plain_hits / max(1, sum(hits)),
    )  # fmt: skip


def _newest(db: Connection, tree: Query) -> None:
    keys = queries.hit_keys(db, select(db, tree), order="newest", limit=PAGE, after=None)
    queries.by_keys(db, keys)


def _total(db: Connection, tree: Query) -> int:
    return queries.count(db, select(db, tree))


def _newest_plain(plain: sqlite3.Connection, question: _Question) -> None:
    plain.execute(
        f"SELECT m.* {PLAIN}{question.filters} ORDER BY m.sent_at DESC LIMIT {PAGE}",
        (question.plain, *question.params),
    ).fetchall()


def _scan(db: Connection, question: _Question) -> int:
    return _value(
        db, f"SELECT count(*) FROM message m WHERE m.text LIKE ?{question.scan_filters}",
        (f"%{question.like}%", *question.params),
    )  # fmt: skip


def _value(db: Any, sql: str, params: Params) -> int:
    return int(db.execute(sql, params).fetchone()[0])
