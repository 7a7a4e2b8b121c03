"""Rows of CSV, also of files that are damaged."""

import csv
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatvault.importers._csv import head_rows, open_text, rows, split
from chatvault.importers._source import Source

CELL = st.text(alphabet='ab,"\n\r你 ', max_size=6)


def read(text: str, width: int = 0, limit: int = 1000) -> list[tuple[int, list[str], str]]:
    lines = io.StringIO(text, newline="\n")
    return [(row.line, row.cells, row.reason) for row in rows(lines, width=width, limit=limit)]


@settings(max_examples=200)
@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=5))
def test_rows_are_those_that_csv_wrote(table: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    assert table == [cells for _, cells, _ in read(out.getvalue())]


@settings(max_examples=200)
@given(st.text(alphabet='ab,"\n', max_size=40))
def test_every_character_of_a_file_is_in_the_raw_text_of_a_row(text: str) -> None:
    found = "".join(row.raw for row in rows(io.StringIO(text, newline="\n"), width=2))
    assert text.replace("\n", "") == found.replace("\n", "")


def test_a_quote_inside_a_plain_cell_is_a_character() -> None:
    assert ["a", 'he is 6" tall', "b"] == split('a,he is 6" tall,b\n')


def test_a_row_over_several_lines_is_one_row_with_the_number_of_its_first() -> None:
    expected = [(1, ["a", "one\ntwo"], ""), (3, ["b", "c"], "")]
    assert expected == read('a,"one\ntwo"\nb,c\n')


def test_c01_a_quote_that_is_never_closed_costs_one_row_and_not_the_rest_of_the_file() -> None:
    reason = "a quote that is never closed"
    expected = [(1, ["a", "b"], ""), (2, [], reason), (3, ["e", "f"], ""), (4, ["g", "h"], "")]
    assert expected == read('a,b\nc,"d\ne,f\ng,h\n', width=2)


def test_a_file_that_ends_inside_quotes_is_one_problem_with_all_of_the_row() -> None:
    found = list(rows(io.StringIO('a,b,c\nd,"one\ntwo\nthr', newline="\n"), width=3))
    assert ["a,b,c\n", 'd,"one\ntwo\nthr'] == [row.raw for row in found]
    assert "a quote that is never closed" == found[1].reason


def test_c01_a_field_beyond_the_limit_is_a_problem_and_reading_goes_on() -> None:
    expected = [(1, [], "a row longer than 100 characters"), (2, ["b", "c"], "")]
    assert expected == read("a," + "x" * 500 + "\nb,c\n", limit=100)


def test_c01_nul_is_a_character() -> None:
    assert [(1, ["a\0", "b"], "")] == read("a\0,b\n")


@pytest.mark.parametrize("text", ['a"b,"c\np,q\n', 'a"b,"c\n', '"', '""', ',"', "\n,"])
def test_c01_a_megabyte_of_the_worst_rows_takes_no_time(text: str) -> None:
    lines = io.StringIO(text * (1_000_000 // len(text)), newline="\n")
    start = time.perf_counter()
    count = sum(1 for _ in rows(lines, width=2))
    assert count > 0
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_j06_the_encoding_is_found_by_the_bytes(encoding: str) -> None:
    data = "名字,内容\n小满,周六七点集合\n老吴,可以\n".encode(encoding)
    text = open_text(Source.of({"a.csv": data}), "a.csv")
    with text.lines() as lines:
        assert ["小满", "周六七点集合"] == list(rows(lines))[1].cells
    assert ["小满", "周六七点集合"] == head_rows(data)[1]


def test_j06_one_broken_byte_does_not_change_the_encoding_of_a_file_and_is_told() -> None:
    data = "名字,内容\n小满,可以\n老吴,好".encode() + b"\xff\n"
    text = open_text(Source.of({"a.csv": data}), "a.csv")
    assert [True] == ["1 lines with other bytes" in a.why for a in text.assumptions()]
    with text.lines() as lines:
        assert ["老吴", "好\ufffd"] == list(rows(lines))[2].cells


@given(st.binary(max_size=200))
def test_the_head_of_any_file_gives_rows_or_none(data: bytes) -> None:
    assert all(isinstance(cell, str) for row in head_rows(data) for cell in row)
