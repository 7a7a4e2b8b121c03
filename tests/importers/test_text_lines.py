import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatvault.importers._source import Entry, Source
from chatvault.importers._text_lines import (
    Block,
    BrokenText,
    Encoding,
    blocks,
    encoding_of,
    lines,
)

FILE = "a.txt"


def texts(data: bytes, limit: int = 8 << 20) -> list[str]:
    source = Source.of({FILE: data})
    return [line.text for line in lines(source, FILE, encoding_of(source, FILE), limit=limit)]


def head(line: str) -> str | None:
    return line[0] if line[:1] in {"#", "*"} else None


def joined(data: bytes, limit: int = 1 << 20) -> list[Block[str]]:
    source = Source.of({FILE: data})
    return list(blocks(lines(source, FILE, Encoding("utf-8")), head, limit=limit))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("Grüße 😀".encode(), "utf-8"),
        ("Grüße".encode("utf-8-sig"), "utf-8"),
        ("Grüße".encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + "Grüße".encode("utf-16-be"), "utf-16"),
        ("Grüße, schön".encode("cp1252"), "cp1252"),
        (b"", "utf-8"),
    ],
)
def test_the_encoding_is_told_by_mark_then_by_trying(data: bytes, expected: str) -> None:
    assert expected == encoding_of(Source.of({FILE: data}), FILE).name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_gives_the_same_lines(encoding: str) -> None:
    assert ["Grüße", "", "schön"] == texts("Grüße\n\nschön\n".encode(encoding))


def test_other_code_pages_are_told_by_the_caller() -> None:
    source = Source.of({FILE: "我们\n北京".encode("gb18030")})
    encoding = encoding_of(source, FILE, legacy="gb18030")
    assert ["我们", "北京"] == [line.text for line in lines(source, FILE, encoding)]


def test_a_few_bad_bytes_leave_a_file_utf_8_and_are_counted() -> None:
    data = "Grüße\nschön\nbö".encode() + b"\xff\n"
    source = Source.of({FILE: data})
    assert Encoding("utf-8", 1) == encoding_of(source, FILE)
    assert "bö\ufffd" == texts(data)[-1]


def test_no_byte_of_a_western_file_is_lost() -> None:
    data = bytes(range(0x80, 0x100))
    source = Source.of({FILE: data})
    [line] = lines(source, FILE, Encoding("cp1252"))
    assert 128 == len(set(line.text))
    assert "\ufffd" not in line.text and "€" == line.text[0]


@settings(max_examples=200)
@given(st.lists(st.text(st.characters(exclude_characters="\n\r\ufeff", codec="utf-8"))))
def test_lines_are_cut_at_line_feeds_only(parts: list[str]) -> None:
    expected = parts[:-1] if parts and not parts[-1] else parts
    assert expected == texts("\n".join(parts).encode())


def test_crlf_and_lf_are_both_ends_and_the_last_may_be_missing() -> None:
    assert ["a", "b", "c"] == texts(b"a\r\nb\nc")


def test_lines_across_the_borders_of_reading_are_whole() -> None:
    long = "ö" * 300_000
    assert [long, "x", long] == texts(f"{long}\nx\n{long}".encode())
    assert [long, "x"] == texts(f"{long}\nx".encode("utf-16"))


def test_an_overlong_line_comes_in_pieces_that_go_on() -> None:
    source = Source.of({FILE: ("é" * 700_000 + "\nend").encode()})
    found = list(lines(source, FILE, Encoding("utf-8"), limit=100_001))
    assert "é" * 700_000 == "".join(line.text for line in found[:-1])
    assert [1, 2] == sorted({line.number for line in found})
    assert [False, True] == [line.goes_on for line in found[:2]]
    assert not found[-1].goes_on


def test_a_message_is_its_header_and_the_lines_below() -> None:
    found = joined(b"before\n#one\nmore\n\nlast\n*two\n")
    assert [(None, "before"), ("#", "#one\nmore\n\nlast"), ("*", "*two")] == [
        (block.head, block.text) for block in found
    ]
    assert [(1, 1), (2, 5), (6, 6)] == [(block.first, block.last) for block in found]


def test_an_overlong_message_goes_on_in_blocks_without_a_header() -> None:
    found = joined(b"#" + b"one two\n" * 100, limit=200)
    assert "#" == found[0].head and [None] * (len(found) - 1) == [b.head for b in found[1:]]
    assert [False, True] == [block.rest for block in found[:2]]
    assert all(len(block.text) <= 208 for block in found)
    assert 100 == sum(block.text.count("one two") for block in found)


def test_a_line_longer_than_a_message_loses_nothing() -> None:
    found = joined(b"#" + b"x" * 999 + b"\nmore\n*next", limit=300)
    assert 999 == sum(block.text.count("x") for block in found) - 1
    assert "more" in "".join(block.text for block in found)
    assert "*next" == found[-1].text


class Breaks(io.RawIOBase):
    """A file that fails after its first bytes."""

    def __init__(self, data: bytes, error: Exception) -> None:
        self._data = data
        self._error = error

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._data:
            raise self._error
        data, self._data = self._data, b""
        return data


def broken(data: bytes, error: Exception) -> Source:
    def opened() -> Breaks:
        return Breaks(data, error)

    source = Source.of({FILE: b""})
    opener: Callable[[], io.RawIOBase] = opened
    return replace(source, entries={FILE: Entry(10, opener)})  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [OSError("disk"), ValueError("crc")])
def test_a_file_that_breaks_gives_what_was_read_and_then_says_so(error: Exception) -> None:
    source = broken(b"#one\nmore\n#tw", error)
    found = blocks(lines(source, FILE, Encoding("utf-8")), head)
    assert ["#one\nmore", "#tw"] == [next(found).text, next(found).text]
    with pytest.raises(BrokenText):
        next(found)
    assert Encoding("utf-8") == encoding_of(broken(b"#one\n", error), FILE)
