"""What is searched for: many different questions of each kind, drawn from the messages."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chatvault.services.query import Query, parse

NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Kinds that the index answers from one list; the others bring several together.
ONE_LIST = frozenset(
    {
        "a rare word", "a very common word", "one Chinese character", "two Chinese characters",
        "the beginning of a word",
    }
)  # fmt: skip
HAN = range(3, 6)  # characters
BEGINNINGS = range(2, 6)  # letters
Row = tuple[str, str, int, str]  # conversation, sender, Unix time, text


@dataclass(frozen=True)
class Question:
    """The same question put to everybody."""

    ours: str
    fts: str  # for FTS5
    like: str
    ripgrep: tuple[str, ...]  # options and pattern
    within: dict[str, str | int] = field(default_factory=dict)  # conversation, start, end

    def tree(self) -> Query:
        """As our query language reads it."""
        return parse(self.ours, now=NOW, zone=UTC)


def questions(texts: Sequence[Row], rng: random.Random, asked: int) -> dict[str, list[Question]]:
    """So many of each kind, or as many as there are."""
    english = [row for row in texts if row[3].isascii()]
    chinese = [run for row in texts for run in re.findall("[\u4e00-\u9fff]{2,}", row[3])]
    words = Counter(word for row in english for word in _words(row[3]))
    rare = [word for word, count in words.items() if count == 1 and len(word) > 5]
    common = [word for word, _ in words.most_common(max(5, min(asked, 40)))]
    spoken = [word for row in english for word in _words(row[3]) if len(word) > 2]
    long_runs = [run for run in chinese if len(run) >= HAN.stop]
    long = [row for row in english if len(_words(row[3])) > 3]
    return {
        "a rare word": [_word(word) for word in rng.sample(rare, min(asked, len(rare)))],
        "a very common word": [_word(word) for word in common],
        "one Chinese character": [_han(rng.choice(rng.choice(chinese))) for _ in range(asked)],
        "two Chinese characters": [_han(_pair(rng.choice(chinese), rng)) for _ in range(asked)],
        "three to five Chinese characters": [_han(_run(long_runs, rng)) for _ in range(asked)],
        "a phrase of three words": [_phrase(rng.choice(long)[3], rng) for _ in range(asked)],
        "the beginning of a word": [_prefix(rng.choice(spoken), rng) for _ in range(asked)],
        "word, conversation and year": [_filtered(rng.choice(long), rng) for _ in range(asked)],
    }


def _words(text: str) -> list[str]:
    return re.findall("[a-z]+", text.lower())


def _word(word: str) -> Question:
    return Question(word, f'"{word}"', word, ("-iwF", word))


def _han(text: str) -> Question:
    return Question(text, f'"{text}"', text, ("-F", text))


def _pair(chars: str, rng: random.Random) -> str:
    start = rng.randrange(len(chars) - 1)
    return chars[start : start + 2]


def _run(runs: Sequence[str], rng: random.Random) -> str:
    chars, length = rng.choice(runs), rng.choice(HAN)
    start = rng.randrange(len(chars) - length + 1)
    return chars[start : start + length]


def _phrase(text: str, rng: random.Random) -> Question:
    words = _words(text)
    start = rng.randrange(len(words) - 2)
    phrase = " ".join(words[start : start + 3])
    return Question(f'"{phrase}"', f'"{phrase}"', phrase, ("-iwF", phrase))


def _prefix(word: str, rng: random.Random) -> Question:
    begin = word[: rng.choice(BEGINNINGS)]
    return Question(f"{begin}*", f'"{begin}" *', begin, ("-i", rf"\b{begin}"))


def _filtered(row: Row, rng: random.Random) -> Question:
    title, _, unix, text = row
    word, year = rng.choice(_words(text)), datetime.fromtimestamp(unix, UTC).year
    start, end = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (year, year + 1))
    return Question(
        f'{word} in:"{title}" during:{year}', f'"{word}"', word,
        ("-i", rf"^{year}-[^\t]*\t{_escaped(title)}\t.*\b{word}\b"),
        {"conversation": title, "start": start, "end": end},
    )  # fmt: skip


def _escaped(text: str) -> str:
    """For ripgrep, which takes a backslash before nothing but what has a meaning."""
    return re.sub(r"[^\w ]", r"\\\g<0>", text)
