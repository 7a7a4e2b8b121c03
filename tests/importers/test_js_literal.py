"""Lists of JavaScript literals in pages: what they mean, and what damage costs."""

import io
import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatvault.importers._js_literal import BrokenScript, items, literal
from chatvault.importers._json_stream import Bad, Item
from chatvault.importers._limits import Limits

MARKER = re.compile(r"const list = \[")


def read(text: str, chunk: int = 7, **more):
    page = io.BytesIO(("<script>\n const list = [" + text).encode("utf-8", "surrogatepass"))
    return list(items(page, MARKER, chunk=chunk, **more))


def values(text: str, **more):
    return [part.value if isinstance(part, Item) else part.raw for part in read(text, **more)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a:1,'b':\"x\",}", {"a": 1, "b": "x"}),
        (r"'it\'s \"so\" \\ \n\t\x41\u4f60\ud83d\ude00\u{1F600}'", "it's \"so\" \\ \n\tA你😀😀"),
        ("`two\nlines`", "two\nlines"),
        ("[true,false,null,undefined,None,-1.5e3,word]",
         [True, False, None, None, None, -1500.0, "word"]),
        ("{ $a_1 : { } , 7 : [ ] }", {"$a_1": {}, "7": []}),
        (r"'\ud83d'", "\ufffd"),
        ("99999999999999999999999", "99999999999999999999999"),
        ("NaN", "NaN"),
    ],
)  # fmt: skip
def test_a_literal_means_what_it_means_in_a_browser(text: str, expected: object) -> None:
    assert expected == literal(text)


@pytest.mark.parametrize("text", ["", "{a}", "{a:}", "[1", "'x", "1 2", "{a:1}}", "?", "{'a':1"])
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        literal(text)


@given(
    st.lists(st.recursive(st.one_of(st.text(max_size=8), st.integers(-99, 99), st.booleans()),
             lambda inner: st.lists(inner, max_size=3)
             | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6)
             .map(lambda value: {"v": value}), max_size=5),
    st.integers(1, 40),
)  # fmt: skip
@settings(max_examples=100)
def test_json_is_read_as_json_in_pieces_of_any_size(tree: list[object], chunk: int) -> None:
    assert tree == values(json.dumps(tree, ensure_ascii=False)[1:] + ";", chunk=chunk)


def test_brackets_and_quotes_in_texts_are_text() -> None:
    assert [{"t": "a}],[{'"}, {"t": '"]'}] == values("{t:\"a}],[{'\"},\n{t:'\"]'},\n];")


def test_an_item_that_cannot_be_read_ends_where_the_next_begins() -> None:
    found = read("{a:1},{title:'it's late',n:2},\n{a:3},{a:'x',b},{a:5}];")
    assert [1, 3, 5] == [one.value["a"] for one in found if isinstance(one, Item)]
    bad = [one for one in found if isinstance(one, Bad)]
    assert ["{title:'it's late',n:2}", "{a:'x',b}"] == [one.raw for one in bad]
    assert ["[1]", "[3]"] == [one.part for one in bad]


def test_what_can_be_saved_of_such_an_item_is() -> None:
    assert ["saved", {"a": 3}] == values("{t:'it's'},{a:3}];", salvage=lambda raw: "saved")


def test_J07_a_list_that_breaks_off_gives_what_was_complete() -> None:
    found = []
    with pytest.raises(BrokenScript):
        found.extend(items(io.BytesIO(b"const list = [{a:1},{a:2},{a:'x"), MARKER))
    assert [{"a": 1}, {"a": 2}] == [one.value for one in found if isinstance(one, Item)]


def test_a_page_without_the_list_says_so() -> None:
    with pytest.raises(BrokenScript):
        list(items(io.BytesIO(b"const other = [1]"), MARKER))


def test_J01_depth_is_limited() -> None:
    deep = "[" * 200 + "]" * 200
    assert [Bad, Item] == [type(part) for part in read("{a:" + deep + "},{a:1}];")]


def test_H01_quotes_that_are_never_closed_cost_no_more_than_the_limit() -> None:
    start = time.perf_counter()
    limits = Limits(html_tag=20_000, html_page=100_000)
    with pytest.raises(BrokenScript):
        read("{a:'},\n{b:\"},\n" * 20_000, chunk=4096, limits=limits)
    assert time.perf_counter() - start < 2
