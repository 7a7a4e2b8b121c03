"""Damaged exports: whatever is wrong with one, there are records or an error of our own."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import CASE_FILES, DECODER, Case, complaints, share
from chatvault.errors import ChatVaultError
from chatvault.importers._source import Source
from chatvault.model import Record

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
JSON_FILES = [one for one in CASE_FILES if one[1].endswith((".json", ".jsonl", ".ndjson"))]
TEXT_FILES = [
    one for one in CASE_FILES if one[1].endswith((".txt", ".csv", ".md", ".xml", ".html"))
]

ANY_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([-1, 2**31, 2**53, 2**63, 2**70, 10**5000, -(10**18)]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["\ud83d", "\0", "0", "-5", "1e9", "9" * 400, "2024-13-45", "\u202e", "../../x"]
    ),
    st.sampled_from([[], {}, [[]], [None], {"": None}, [{"text": 7}], {"type": []}]),
)
ANY_TEXT = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "\0", '"', '""', ",,,", "[", "<", "&#0;", "99/99/9999", "9" * 400, "\u202e"]
    ),
)


def read(case: Case, source: Source) -> None:
    """Recognise and read; anything but records in good order or our own error is a failure."""
    case.importer.recognise(source)
    records: list[Record] = []
    with suppress(ChatVaultError):
        records.extend(case.importer.read(source))
    assert [] == complaints(records)
    assert records == DECODER.decode(msgspec.msgpack.encode(records))


@pytest.mark.parametrize(("case", "file"), CASE_FILES, ids=str)
@settings(max_examples=share(len(CASE_FILES)), suppress_health_check=SLOW)
@given(data=st.data())
def test_a_file_cut_anywhere(case: Case, file: str, data: st.DataObject) -> None:
    content = case.files[file]
    end = data.draw(st.integers(0, len(content)))
    read(case, case.source_of({**case.files, file: content[:end]}))


@pytest.mark.parametrize(("case", "file"), CASE_FILES, ids=str)
def test_a_file_left_out(case: Case, file: str) -> None:
    read(case, case.source_of({name: data for name, data in case.files.items() if name != file}))


@pytest.mark.parametrize(("case", "file"), CASE_FILES, ids=str)
@settings(max_examples=share(len(CASE_FILES)), suppress_health_check=SLOW)
@given(data=st.data())
def test_other_bytes_anywhere(case: Case, file: str, data: st.DataObject) -> None:
    content = case.files[file]
    start = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(0, 8))
    other = data.draw(st.binary(max_size=8))
    changed = content[:start] + other + content[start + length :]
    read(case, case.source_of({**case.files, file: changed}))


@pytest.mark.parametrize(("case", "file"), JSON_FILES, ids=str)
@settings(max_examples=share(len(JSON_FILES)), suppress_health_check=SLOW)
@given(data=st.data())
def test_one_changed_value(case: Case, file: str, data: st.DataObject) -> None:
    lines = file.endswith("l") or file.endswith("ndjson")
    try:
        text = case.files[file].decode("utf-8-sig")
        trees = [json.loads(one, strict=False) for one in (text.splitlines() if lines else [text])]
    except ValueError:
        return  # a case of broken JSON; its bytes are changed above
    tree = data.draw(st.integers(0, len(trees) - 1)) if len(trees) > 1 else 0
    path = data.draw(st.sampled_from(list(paths(trees[tree]))))
    trees[tree] = replaced(trees[tree], path, data.draw(ANY_VALUE))
    changed = "\n".join(_dumped(one) for one in trees).encode()
    read(case, case.source_of({**case.files, file: changed}))


def _dumped(tree: Any) -> str:
    # json.dumps refuses integers of more than 4,300 digits; an export may hold one.
    if isinstance(tree, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{_dumped(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(_dumped, tree)) + "]"
    if isinstance(tree, int) and not isinstance(tree, bool) and abs(tree) > 10**4000:
        return "1" + "0" * 5000
    return json.dumps(tree)


def paths(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from paths(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from paths(value, (*path, index))


def replaced(tree: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    copy = tree.copy()
    copy[path[0]] = replaced(tree[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize(("case", "file"), TEXT_FILES, ids=str)
@settings(max_examples=share(len(TEXT_FILES)), suppress_health_check=SLOW)
@given(data=st.data())
def test_one_changed_line_or_cell(case: Case, file: str, data: st.DataObject) -> None:
    text = case.files[file].decode("utf-8-sig", "replace")
    if file.endswith(".csv"):
        rows = list(csv.reader(io.StringIO(text, newline="")))
        row = data.draw(st.sampled_from([row for row in rows if row] or [[""]]))
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(ANY_TEXT)
        out = io.StringIO(newline="")
        csv.writer(out).writerows(rows)
        changed = out.getvalue()
    else:
        lines = text.split("\n")
        lines[data.draw(st.integers(0, len(lines) - 1))] = data.draw(ANY_TEXT)
        changed = "\n".join(lines)
    read(case, case.source_of({**case.files, file: changed.encode("utf-8", "replace")}))
