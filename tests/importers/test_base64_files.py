"""Files in base64 inside another file."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatvault.importers._base64_files import Cleaner, Digits, Outer, inner_entry
from chatvault.importers._source import Entry

BETWEEN = st.sampled_from(["", "", "\n", "\r\n", "&#10;", "&#13;&#10;", "\\n", " ", "&#xA;"])


def opened(text: bytes, start: int, length: int, *, size: int, in_place: bool = True) -> bytes:
    outer = Outer(Entry(len(text), lambda: io.BytesIO(text), in_place=in_place))
    with inner_entry(outer, start, length, size=size, where="x").open() as file:
        return file.read()


@given(st.binary(min_size=1, max_size=60), st.data())
def test_what_was_put_in_comes_out_whatever_stands_between_the_digits(
    content: bytes, data: st.DataObject
) -> None:
    digits = base64.b64encode(content).decode()
    text = "".join(digit + data.draw(BETWEEN) for digit in digits).encode()
    cut = data.draw(st.integers(0, len(text)))
    counted = Digits()
    counted.take(text[:cut])
    counted.take(text[cut:])
    assert len(content) == counted.size()
    assert content == opened(b"<<" + text + b">>", 2, len(text), size=len(content))


@given(st.binary(max_size=40), st.integers(1, 40))
def test_digits_are_never_lost_where_pieces_end(content: bytes, step: int) -> None:
    text = base64.b64encode(content)
    clean = Cleaner()
    pieces = [clean(text[at : at + step]) for at in range(0, len(text), step)]
    assert text == b"".join([*pieces, clean.rest()])


def test_missing_padding_is_no_damage() -> None:
    assert b"ABCD" == opened(b"QUJDRA", 0, 6, size=4)


@pytest.mark.parametrize("text", [b"QUJD-RA=", b"QUJD"])
def test_damage_shows_when_it_is_read(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"damaged|breaks off"):
        opened(text, 0, 8, size=5)


def test_a_compressed_file_is_read_onwards_and_not_again_from_its_start() -> None:
    openings = []

    def open_() -> io.BytesIO:
        openings.append(io.BytesIO(b"QUJD,REVG,"))
        return openings[-1]

    outer = Outer(Entry(10, open_, in_place=False))
    found = []
    for start in (0, 5):
        with inner_entry(outer, start, 4, size=3, where="x").open() as file:
            found.append(file.read())
    assert [b"ABC", b"DEF"] == found
    assert 1 == len(openings)
