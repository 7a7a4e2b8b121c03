"""Names, platforms and dates of a query become a selection, or are told with their place."""

from datetime import UTC, datetime

import pytest
from test_search_oracle import archive_of

from chatvault.errors import BadQuery, Usage
from chatvault.model import MessageKind
from chatvault.services.query import parse, with_filters
from chatvault.services.search import search
from chatvault.services.select import select

NOW = datetime(2024, 6, 1, tzinfo=UTC)
DAY = 86_400


@pytest.fixture(scope="module")
def db():
    told = [
        {
            "place": place, "sender": "a1", "kind": MessageKind.TEXT, "text": f"cake {day}",
            "more": (), "name": None, "at": 1_577_836_800 + day * DAY,
        }
        for day in range(8)
        for place in ("k1", "k3")
    ]  # fmt: skip
    connection = archive_of(told)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("column", "typed"),
    [
        (6, "cake during:2020 OR pie"),
        (1, "during:2020 OR pie"),
        (7, "cake -during:2020"),
        (6, "cake during:2019|2020"),
        (9, "pie OR (before:2020 cake)"),
        (9, "-(cake (after:2020 pie))"),
    ],
)
def test_a_date_that_cannot_hold_for_all_is_shown_where_it_stands(db, column, typed):
    with pytest.raises(BadQuery, match="a date cannot stand") as raised:
        select(db, parse(typed, now=NOW, zone=UTC))
    assert column == raised.value.column
    assert "after:2019 before:2021" in raised.value.remedy


@pytest.mark.parametrize(
    ("expected", "typed"),
    [
        (6, "(cake after:2020-01-03) before:2020-01-06"),
        (6, "((cake after:2020-01-03) before:2020-01-06)"),
        (0, "(cake after:2020-01-06) before:2020-01-03"),
        (0, "cake before:1970 until:2020-01-06"),
        (16, "cake after:1970 after:1960"),
    ],
)
def test_dates_in_parentheses_hold_with_the_others(db, expected, typed):
    assert expected == search(db, parse(typed, now=NOW, zone=UTC)).total


@pytest.mark.parametrize(
    ("remedy", "given"),
    [
        ("did you mean second? there are messages of first, second", "secnd"),
        ("there are messages of first, second", "whatsapp"),
    ],
)
def test_an_unknown_platform_is_answered_with_those_that_there_are(db, remedy, given):
    with pytest.raises(BadQuery) as raised:
        select(db, parse(f"on:{given}", now=NOW, zone=UTC))
    assert remedy == raised.value.remedy
    tree = with_filters(parse("", now=NOW, zone=UTC), {"on": [given]}, now=NOW, zone=UTC)
    with pytest.raises(Usage) as raised:
        select(db, tree)
    assert remedy == raised.value.remedy
