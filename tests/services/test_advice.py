"""Whoever finds nothing is told what to try, if that is known."""

from datetime import UTC, datetime

import pytest
from test_search_oracle import archive_of

from chatvault.model import MessageKind
from chatvault.services.advice import advice
from chatvault.services.query import parse
from chatvault.services.search import search

NOW = datetime(2024, 6, 1, tzinfo=UTC)
TEXTS = ["Happy birthday", "birthdays of birds", "我们去北京", "cakes"]


@pytest.fixture(scope="module")
def db():
    told = [
        {
            "place": "k1", "sender": "a1", "kind": MessageKind.TEXT, "text": text, "more": (),
            "name": None, "at": 1_600_000_000,
        }
        for text in TEXTS
    ]  # fmt: skip
    connection = archive_of(told)
    connection.execute("UPDATE participant SET is_me = 1 WHERE name = 'Old Wu'")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("expected", "typed"),
    [
        ("there are 2: birth*", "birth"),
        ("there are 1: happ* birth*", "happ birth"),
        ("there are 1: birth*", "birth -birthdays"),
        ("there are 3: birth* cake*", "birth OR cake"),
        ("""--from "ada Lind", or 'from:"ada Lind"'""", "from:ada Lind"),
        ('--from "Ada Lind"', "cake from:Ada Lind"),
        ("no day lies within all", "birthday before:2019 after:2021"),
        ("`chatvault people merge --suggest`", "from:me nothing"),
        ("", "nothing"),
        ("", "京北"),
        ("", '"birth day"'),
        ("", "from:Ada nothing"),
    ],
)
def test_who_finds_nothing_is_told_what_finds_more(db, expected, typed):
    tree = parse(typed, now=NOW, zone=UTC)
    assert 0 == search(db, tree).total
    told = advice(db, tree)
    assert expected in told
    assert bool(expected) == bool(told)
