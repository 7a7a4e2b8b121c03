"""What people type gives a tree, or an error that points at its place; never anything else."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatvault.errors import BadQuery, Usage
from chatvault.model import MessageKind
from chatvault.services.query import (
    EVERYTHING,
    LONGEST,
    And,
    Field,
    Filter,
    Not,
    Or,
    Phrase,
    Sent,
    Word,
    parse,
    to_mark,
    with_filters,
)
from chatvault.vault.tokens import match_phrase, match_word

NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
DAY = 86_400_000
MAY_17 = 1_715_875_200_000  # 2024-05-17 00:00 in Shanghai

PARTS = st.sampled_from(
    [
        *("a", "北京", "conv*", "OR", "AND", "or", "-", "--", "!!!", "(", ")", '"', "“", "”", "「"),
        *(" ", " ", " ", "from:", "in:", "has:", "kind:", "before:", "after:", "during:", "on："),
        *("photo", "|", "2024", "7d", "9" * 30 + "d", "sender:", "http://", "\0", "\ud800", "👍"),
    ]
)


def ask(text):
    return parse(text, now=NOW, zone=ZONE)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Word("hello"), "hello"),
        (Word("京"), "  京  "),
        (Word("conv*"), "conv*"),
        (Phrase("two words"), '"two words"'),
        (Phrase("two words"), "“two words”"),
        (Phrase("去北京"), "「去北京」"),
        (And((Word("a"), Word("b"))), "a b"),
        (And((Word("a"), Word("b"))), "a AND b"),
        (And((Word("a"), Word("or"), Word("b"))), "a or b"),
        (Or((Word("a"), Word("b"), Word("c"))), "a OR b OR c"),
        (And((Word("a"), Or((Word("b"), Word("c"))), Word("d"))), "a b OR c d"),
        (Or((And((Word("a"), Word("b"))), Word("c"))), "(a b) OR c"),
        (And((Word("a"), Not(Word("b")))), "a -b"),
        (Not(Phrase("b c")), '-"b c"'),
        (Not(Or((Word("b"), Word("c")))), "-(b OR c)"),
        (Not(Word("b")), "--b"),
        (Word("e-mail"), "e-mail"),
        (Word("a"), "a - !!! -- :)"),
        (Word("b"), "!!! OR b"),
        (And((Word("x"), Word("b"))), "x !!! OR b"),
        (Word("f(x)"), "f(x)"),
        (Word("f(x)"), "(f(x))"),
        (Word("https://example.com/a"), "https://example.com/a"),
        (Word("12:30"), "12:30"),
        (And((Word("note:"), Word("milk"))), "note: milk"),
        (Phrase("OR"), '"OR"'),
        (Filter(Field.FROM, ("Ada",), column=1), "from:Ada"),
        (Filter(Field.FROM, ("Ada",), column=1), "From:Ada"),
        (Filter(Field.FROM, ("张三",), column=1), "from：张三"),
        (Filter(Field.FROM, ("Old Wu", "Ada"), column=2), ' from:"Old Wu"|Ada'),
        (Filter(Field.IN, ("Book club|2",), column=1), 'in:"Book club|2"'),
        (Filter(Field.ON, ("whatsapp",), column=1), "on:WhatsApp"),
        (Filter(Field.HAS, ("photo", "link"), column=1), "has:photo|link"),
        (Filter(Field.KIND, ("red_packet",), column=1), "kind:red_packet"),
        (Not(Filter(Field.FROM, ("Ada",), column=2)), "-from:Ada"),
        (Filter(Field.FROM, ("Ada(work)",), column=2), "(from:Ada(work))"),
        (Sent(end=MAY_17, column=1), "before:2024-05-17"),
        (Sent(end=MAY_17 + DAY, column=1), "until:2024-05-17"),
        (Sent(start=MAY_17, column=1), "after:2024-05-17"),
        (Sent(MAY_17, MAY_17 + DAY, 1), "during:2024-05-17"),
        (Sent(MAY_17 - DAY, MAY_17, 2), " during:yesterday"),
        (Sent(MAY_17 - 7 * DAY, None, 1), "during:7d"),
        (
            Or((Sent(MAY_17, MAY_17 + DAY, 1), Sent(MAY_17 - DAY, MAY_17, 14))),
            "during:today|yesterday",
        ),
        (EVERYTHING, ""),
        (EVERYTHING, " \t\n"),
    ],
)
def test_what_is_typed_gives_a_tree(expected, text):
    assert expected == ask(text)


@pytest.mark.parametrize(
    ("column", "text", "remedy"),
    [
        (3, 'a "b c', '"'),
        (1, "「b c", "」"),
        (1, "OR a", '"OR"'),
        (3, "a OR", '"OR"'),
        (6, "a OR OR b", "a OR b"),
        (4, "(a AND) b", "a AND b"),
        (3, "b (a", ")"),
        (5, "has:foto", "photo, video, voice, file, link"),
        (11, "has:photo|foto", "photo, video, voice, file, link"),
        (6, "kind:stickers", "sticker"),
        (8, "before:2024-13", "2024-05-17"),
        (8, "before:17/05/2024", "2024-05-17"),
        (9, "x OR in:", 'in:"Book club"'),
        (6, 'from:""', "from:Ada"),
        (6, "from: Ada", "from:Ada"),
        (10, "from:Ada||Bo", "from:Ada"),
        (3, "a sender:Ada", "from:Ada"),
        (3, "a since:2024", "after:2024"),
        (2, " !!! ", "letter"),
        (1, "()", "letter"),
        (LONGEST + 1, "a* " * 10_000, "part"),
        (201, "a " * 101, "quotes"),
        (21, "(" * 21 + "a" + ")" * 21, "fewer"),
    ],
)
def test_v14_what_means_nothing_is_an_error_at_its_column(column, text, remedy):
    with pytest.raises(BadQuery) as caught:
        ask(text)
    assert column == caught.value.column
    assert f"column {column}" in str(caught.value)
    assert remedy in caught.value.remedy
    assert 2 == caught.value.exit_code


@settings(max_examples=200)
@given(st.text() | st.lists(PARTS, max_size=12).map("".join))
@example("-" * 4000)
@example("(" * 4000)
@example('"' * 4001)
@example("from:|")
@example("NEAR(a ^b col:x {a}: \\")
def test_v14_anything_typed_gives_a_tree_or_our_error(text):
    try:
        query = ask(text)
    except BadQuery as wrong:
        assert 1 <= wrong.column <= len(text) + 1
        assert wrong.remedy
        return
    for part in leaves(query):
        # Whatever is asked for is in the index: no part of a tree is without meaning.
        if isinstance(part, Word):
            assert match_word(part.text)
        if isinstance(part, Phrase):
            assert match_phrase(part.text)


def leaves(query):
    if isinstance(query, Not):
        yield from leaves(query.part)
    elif isinstance(query, And | Or):
        for part in query.parts:
            yield from leaves(part)
    else:
        yield query


@settings(max_examples=100)
@given(st.lists(st.sampled_from(["a", "b", "-c", '"d e"', "from:Ada"]), min_size=1, max_size=6))
def test_parentheses_around_everything_change_nothing(terms):
    text = " ".join(terms)
    assert [type(part) for part in leaves(ask(text))] == [
        type(part) for part in leaves(ask(f"(({text}))"))
    ]
    assert to_mark(ask(text)) == to_mark(ask(f"( {text} )"))


def test_every_kind_of_message_can_be_asked_for():
    for kind in MessageKind:
        assert Filter(Field.KIND, (kind.value,), column=1) == ask(f"kind:{kind.value}")


def test_options_are_the_same_filters():
    options = {
        "from": ["Old Wu", "A|B"],
        "has": ["photo|video", "link"],
        "before": ["2024-05-17"],
        "after": ["2024-05-17", "2024-05-16"],
        "kind": [],
    }
    assert And(
        (
            Word("a"),
            Filter(Field.FROM, ("Old Wu", "A|B")),
            Filter(Field.HAS, ("photo", "video", "link")),
            Sent(end=MAY_17),
            Sent(start=MAY_17),
            Sent(start=MAY_17 - DAY),
        )
    ) == with_filters(ask("a"), options, now=NOW, zone=ZONE)


def test_options_without_a_query_stand_alone():
    options = {"in": ["Family"]}
    assert Filter(Field.IN, ("Family",)) == with_filters(ask(""), options, now=NOW, zone=ZONE)
    assert EVERYTHING == with_filters(EVERYTHING, {}, now=NOW, zone=ZONE)


def test_a_query_of_alternatives_stays_one_part_beside_the_options():
    made = with_filters(ask("a OR b"), {"on": ["line"]}, now=NOW, zone=ZONE)
    assert And((Or((Word("a"), Word("b"))), Filter(Field.ON, ("line",)))) == made


@pytest.mark.parametrize(
    ("option", "value"), [("has", "foto"), ("before", "soon"), ("from", " "), ("during", "")]
)
def test_a_wrong_option_is_named(option, value):
    with pytest.raises(Usage) as caught:
        with_filters(EVERYTHING, {option: [value]}, now=NOW, zone=ZONE)
    assert str(caught.value).startswith(f"--{option}: ")
    assert caught.value.remedy


def test_only_what_must_be_there_is_marked():
    query = ask('a -b (c* OR "d* e") -(f g) from:Ada')
    assert (["a", "c*"], ["d* e"]) == to_mark(query)
