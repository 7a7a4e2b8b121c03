"""The writer: what is written comes back, in any size and in any pieces."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from age_builder import (
    CHUNK,
    IDENTITY,
    NONCE,
    OTHER_IDENTITY,
    chunk,
    file,
    header,
    payload_key,
    x25519,
)
from hypothesis import given
from hypothesis import strategies as st

from chatvault.errors import DiskTrouble
from chatvault.vault import age

ME = age.Identity.parse(IDENTITY)
OTHER = age.Identity.parse(OTHER_IDENTITY)
SEALED = CHUNK + 16
HEAD = header(x25519()) + NONCE
SIZES = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 2**20 - 1, 2**20, 2**20 + 1]
TEXT = (b"all work and no play makes a dull pretzel. " * 7000)[: 4 * CHUNK - 1234]


def reader(data: bytes) -> age.Reader:
    return age.Reader(io.BytesIO(data), [ME])


def written(plain: bytes, *pieces: int) -> bytes:
    """The file that comes from writing in pieces of these sizes, and then the rest."""
    target = io.BytesIO()
    writer = age.Writer(target, [ME.recipient])
    at = 0
    for piece in pieces:
        assert min(piece, max(len(plain) - at, 0)) == writer.write(plain[at : at + piece])
        at += piece
    writer.write(plain[at:])
    writer.finish()
    assert len(plain) == writer.plain_size
    return target.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_age_t2_every_size_comes_back(size: int) -> None:
    plain = os.urandom(size)
    data = age.encrypt(plain, [OTHER.recipient, ME.recipient])
    assert plain == age.decrypt(data, [ME]) == age.decrypt(data, [OTHER])
    assert size == reader(data).size
    assert [] == reader(data).verify()


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_what_is_written_is_what_the_specification_says(size: int) -> None:
    target = io.BytesIO()
    writer = age.Writer(target, [ME.recipient])
    writer.write(TEXT[:size])
    writer.finish()
    data = target.getvalue()
    key = payload_key(writer.file_key, writer.nonce)
    assert writer.nonce == data[writer.header_size : writer.header_size + 16]
    sealed = data[writer.header_size + 16 :]
    pieces = [sealed[at : at + SEALED] for at in range(0, len(sealed), SEALED)]
    plain = b""
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        plain += key.decrypt(index.to_bytes(11, "big") + bytes([last]), piece, None)
    assert TEXT[:size] == plain
    assert max(1, -(-size // CHUNK)) == len(pieces)


@given(
    st.integers(0, 20 * CHUNK),
    st.lists(
        st.sampled_from([0, 1, 511, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 17 * CHUNK, 2**20]),
        max_size=6,
    ),
)
def test_age_t5_the_pieces_of_writing_do_not_matter(size: int, pieces: list[int]) -> None:
    plain = (TEXT * 6)[:size]
    assert plain == age.decrypt(written(plain, *pieces), [ME])


@pytest.mark.parametrize(
    "pieces",
    [
        [CHUNK - 1, 1],
        [1, CHUNK - 1],
        [1, CHUNK, CHUNK - 1],
        [CHUNK, CHUNK],
        [2**20, 2**20],
        [CHUNK, 0],
    ],
    ids=str,
)
def test_a_full_last_chunk_is_followed_by_no_empty_one(pieces: list[int]) -> None:
    plain = (TEXT * 9)[: sum(pieces)]
    data = written(plain, *pieces)
    assert plain == age.decrypt(data, [ME])
    assert len(age.encrypt(plain, [ME.recipient])) == len(data)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview], ids=lambda found: found.__name__)
def test_any_bytes_can_be_written(wrap: Callable[[bytes], bytes]) -> None:
    target = io.BytesIO()
    writer = age.Writer(target, [ME.recipient])
    assert 100_000 == writer.write(wrap(TEXT[:100_000]))
    writer.finish()
    assert TEXT[:100_000] == age.decrypt(target.getvalue(), [ME])


def test_a_finished_writer_takes_nothing_more() -> None:
    writer = age.Writer(io.BytesIO(), [ME.recipient])
    writer.finish()
    with pytest.raises(ValueError, match="finished"):
        writer.write(b"more")
    with pytest.raises(ValueError, match="finished"):
        writer.finish()


class Narrow(io.BytesIO):
    """Takes a few bytes at a time, and nothing at all beyond its room."""

    room = 200_000

    def write(self, data: object, /) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        return super().write(view[: min(len(view), 999, self.room - self.tell())])


def test_short_writes_are_continued() -> None:
    target = Narrow()
    writer = age.Writer(target, [ME.recipient])
    writer.write(TEXT[:150_000])
    writer.finish()
    assert TEXT[:150_000] == age.decrypt(target.getvalue(), [ME])


def test_after_a_failed_write_nothing_more_is_written() -> None:
    target = Narrow()
    writer = age.Writer(target, [ME.recipient])
    with pytest.raises(DiskTrouble):
        writer.write(TEXT * 2)
    for again in (lambda: writer.write(b"x"), writer.finish):
        with pytest.raises(ValueError, match="failed"):
            again()
    assert 200_000 == len(target.getvalue())


def test_writer_and_reader_show_nothing() -> None:
    writer = age.Writer(io.BytesIO(), [ME.recipient])
    assert "*** ***" == f"{writer} {reader(file())}"


def test_g28_age_t6_ten_thousand_encryptions_all_differ() -> None:
    keys, headers, nonces, payloads = set(), set(), set(), set()
    for _ in range(10_000):
        writer = age.Writer(target := io.BytesIO(), [ME.recipient])
        writer.finish()
        headers.add(target.getvalue()[: writer.header_size])
        keys.add(writer.file_key)
        nonces.add(writer.nonce)
        payloads.add(target.getvalue()[writer.header_size + 16 :])
    assert [10_000] * 4 == [len(found) for found in (keys, headers, nonces, payloads)]


# Large files


class Sparse(io.RawIOBase):
    """Counts what is written, and keeps only the stretches that a test will look at."""

    def __init__(self, kept: list[range]) -> None:
        self.kept = {span: bytearray(len(span)) for span in kept}
        self.length = 0
        self.position = 0

    def write(self, data: object, /) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        for span, held in self.kept.items():
            start, stop = max(span.start, self.length), min(span.stop, self.length + len(view))
            if start < stop:
                held[start - span.start : stop - span.start] = view[
                    start - self.length : stop - self.length
                ]
        self.length += len(view)
        return len(view)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.position = offset + (self.length if whence == io.SEEK_END else 0)
        return self.position

    def read(self, size: int = -1, /) -> bytes:
        for span, held in self.kept.items():
            if span.start <= self.position < span.stop:
                return bytes(held[self.position - span.start :][:size])
        raise AssertionError(f"nobody should look at {self.position}")


@pytest.mark.slow
def test_g21_a_file_of_5_gib_made_by_the_writer() -> None:
    border = 2**32  # where offsets of 32 bits end
    count = 5 * 2**30 // CHUNK
    places = [0, border // SEALED, count]
    target = Sparse([range(index * SEALED, (index + 3) * SEALED) for index in places])
    writer = age.Writer(target, [ME.recipient])  # type: ignore[arg-type]
    piece = memoryview(bytearray(64 * 2**20))
    for first in range(0, count, len(piece) // CHUNK):
        for index in range(len(piece) // CHUNK):
            piece[index * CHUNK : index * CHUNK + 4] = (first + index).to_bytes(4, "big")
        writer.write(piece)
    writer.write(b"the end")
    writer.finish()
    assert 5 * 2**30 + 7 == writer.plain_size
    found = age.Reader(target, [ME])  # type: ignore[arg-type]
    assert 5 * 2**30 + 7 == found.size
    assert b"the end" == found.read_range(5 * 2**30, 7)
    near = border // SEALED + 1
    assert near.to_bytes(4, "big") + bytes(96) == found.read_range(near * CHUNK, 100)


def test_g21_offsets_beyond_32_bits_in_a_sparse_file(tmp_path: Path) -> None:
    count = 5 * 2**30 // CHUNK
    places = {0: b"first", count // 2: b"middle", count - 1: b"one before", count: b"last"}
    with (tmp_path / "large.age").open("w+b") as target:
        target.write(HEAD)
        for index, text in places.items():
            plain = text if index == count else text.ljust(CHUNK)
            target.seek(len(HEAD) + index * SEALED)
            target.write(chunk(plain, index, last=index == count))
        found = age.Reader(target, [ME])
        assert count * CHUNK + 4 == found.size
        for index, text in places.items():
            assert text == found.read_range(index * CHUNK, len(text))
        with pytest.raises(age.AgeError):
            found.read_range(CHUNK, 1)
