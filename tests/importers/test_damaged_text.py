"""Bytes that are no text become U+FFFD, and the receipt says so, whatever form the export has."""

import codecs
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import CASES, Case, module_of
from chatvault.errors import ChatVaultError
from chatvault.importers import chatvault_json, sms_ie
from chatvault.importers._csv import open_text, rows
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source
from chatvault.model import Assumption, Message, Problem, Record


def _words(case: Case) -> Iterator[bytes]:
    """Words of messages, as they stand in the files if these are UTF-8."""
    for record in case.records():
        if isinstance(record, Message):
            for word in record.text.split()[:1]:
                if len(word) > 3 and (word.isalpha() or not word.isascii()):
                    yield word.encode()


def _damaged(case: Case) -> Iterator[dict[str, bytes]]:
    """The files of a case with the last byte of one word changed, another word each time."""
    for word in dict.fromkeys(_words(case)):
        for name, data in case.files.items():
            if word in data and b"\0" not in data:
                yield {**case.files, name: data.replace(word, word[:-1] + b"\xff", 1)}


def _broken(records: list[Record]) -> int:
    return sum("\ufffd" in one.text for one in records if isinstance(one, Message))


def _told(records: list[Record]) -> bool:
    """Whether a problem or an assumption says that something is no text, or not sure to be."""
    return any(
        (isinstance(one, Problem) and "U+FFFD" in one.reason)
        or (isinstance(one, Assumption) and one.what == "encoding")
        for one in records
    )


@pytest.mark.parametrize("module", sorted({module_of(case.importer) for case in CASES}))
def test_text_that_is_none_is_told(module: str) -> None:
    silent = []
    for case in CASES:
        if module_of(case.importer) == module:
            before = _broken(case.records())
            for files in _damaged(case):
                try:
                    records = list(case.importer.read(case.source_of(files)))
                except ChatVaultError:
                    continue
                if _broken(records) > before:
                    silent += [] if _told(records) else [str(case)]
                    break
    assert [] == silent


@given(st.lists(st.sampled_from(["a", "好", "\ufffd", "é"]), max_size=12), st.integers(1, 5))
def test_a_replacement_that_the_file_itself_has_is_no_damage(letters: list[str], cut: int) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    data = "".join(letters).encode()
    for damage, expected in ((b"", 0), (b"\xff", 1)):
        found = Replaced()
        whole = data + damage
        for at in range(0, len(whole) + 1, cut):
            piece = whole[at : at + cut]
            found.piece(piece, decoder.decode(piece, final=at + cut > len(whole)))
        assert expected == found.places


LONG = b'{"body": "' + b"x" * 30 + b'"}\n'
NEXT = b'{"next": "a line behind it"}\n'


@pytest.mark.parametrize("more", range(-3, 4))
def test_a_line_that_is_too_long_costs_no_line_behind_it(
    more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the line ends exactly where it is cut, nothing of it is left to be passed over."""
    limit = len(LONG) - 1 + more
    monkeypatch.setattr(sms_ie, "LINE", limit)
    monkeypatch.setattr(chatvault_json, "LINE_LIMIT", limit)
    source = Source.of({"a.ndjson": LONG + NEXT})
    assert "line 2" in [p.part for p in sms_ie.read(source) if isinstance(p, Problem)]
    first = b'{"chatvault": "records", "version": 1}\n'
    source = Source.of({"a.jsonl": first + LONG + NEXT})
    problems = [p for p in chatvault_json.read(source) if isinstance(p, Problem)]
    assert ["line 2", "line 3"] == [p.part for p in problems]
    text = open_text(Source.of({"a.csv": b"a," + b"x" * 30 + b"\nnext,row\n"}), "a.csv")
    with text.lines() as lines:
        assert ["next", "row"] == list(rows(lines, limit=32 + more))[-1].cells
