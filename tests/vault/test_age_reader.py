"""Reading by seek: equal to slices, only the chunks needed, and one bad chunk hides no other."""

import io
import os
from collections.abc import Callable
from typing import BinaryIO

import pytest
from age_builder import (
    CHUNK,
    FILE_KEY,
    IDENTITY,
    NONCE,
    chunks,
    file,
    header,
    x25519,
)
from hypothesis import given
from hypothesis import strategies as st

from chatvault.vault import age

ME = age.Identity.parse(IDENTITY)
SEALED = CHUNK + 16
HEAD = header(x25519()) + NONCE
TEXT = (b"all work and no play makes a dull pretzel. " * 7000)[: 4 * CHUNK - 1234]
FOUR = chunks(TEXT)
THREE = chunks(TEXT[: 2 * CHUNK + 300])


def reader(data: bytes) -> age.Reader:
    return age.Reader(io.BytesIO(data), [ME])


def kind(data: bytes, use: Callable[[age.Reader], object] = age.Reader.readall) -> str:
    """How opening and using this file fails."""
    with pytest.raises(age.AgeError) as caught:
        use(reader(data))
    return caught.value.kind


@given(
    st.integers(0, len(TEXT)), st.integers(0, 3 * CHUNK), st.sampled_from([TEXT, TEXT[: 2 * CHUNK]])
)
def test_age_t5_a_range_is_the_slice(offset: int, length: int, plain: bytes) -> None:
    offset = min(offset, len(plain))
    length = min(length, len(plain) - offset)
    data = HEAD + b"".join(chunks(plain))
    found = reader(data)
    assert plain[offset : offset + length] == found.read_range(offset, length)
    assert offset == found.seek(offset)
    assert plain[offset : offset + length] == found.read(length)
    assert offset + length == found.tell()


STEPS = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 3 * CHUNK)),
    st.tuples(st.just("readinto"), st.integers(0, 3 * CHUNK)),
    st.tuples(st.just("seek"), st.integers(0, 5 * CHUNK)),
    st.tuples(st.just("forward"), st.integers(0, CHUNK)),
    st.tuples(st.just("from end"), st.integers(-len(TEXT), CHUNK)),
)


@given(st.lists(STEPS, max_size=12), st.sampled_from([0, 512, CHUNK, CHUNK + 1]))
def test_age_t5_a_reader_is_like_a_plain_file(steps: list[tuple[str, int]], buffer: int) -> None:
    found: BinaryIO = reader(HEAD + b"".join(FOUR))  # type: ignore[assignment]
    if buffer:
        found = io.BufferedReader(found, buffer)  # type: ignore[arg-type,assignment]
    for file_ in (found, io.BytesIO(TEXT)):
        seen = []
        for step, number in steps:
            if step == "read":
                seen.append(file_.read(number))
            elif step == "readinto":
                target = bytearray(number)
                seen.append((file_.readinto(target), bytes(target)))  # type: ignore[attr-defined]
            else:
                whence = {"seek": 0, "forward": 1, "from end": 2}[step]
                seen.append(file_.seek(number, whence))
            seen.append(file_.tell())
        if file_ is found:
            first = seen
    # A raw reader may give less than asked for only at a damaged chunk, and there is none.
    assert first == seen


def test_a_reader_is_readable_seekable_and_not_writable() -> None:
    found = reader(file())
    assert (True, True, False) == (found.readable(), found.seekable(), found.writable())


def test_closing_a_reader_leaves_the_file_open() -> None:
    with io.BytesIO(file()) as source:
        found = age.Reader(source, [ME])
        found.close()
        for use in (
            found.read,
            found.readall,
            lambda: found.readinto(bytearray(1)),
            lambda: found.seek(0),
        ):
            with pytest.raises(ValueError, match="closed"):
                use()
        assert not source.closed


class Counting(io.BytesIO):
    """Counts the bytes that are read from it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.count += len(found)
        return found


def test_age_11_a_range_opens_only_the_chunks_it_needs_and_keeps_a_few() -> None:
    source = Counting(HEAD + b"".join(chunks(TEXT * 3)))
    found = age.Reader(source, [ME])
    source.count = 0
    for _ in range(100):
        assert (TEXT * 3)[70_000:70_100] == found.read_range(70_000, 100)
    assert SEALED == source.count
    for index in range(8):
        found.read_range(index * CHUNK + 5, 1)
    source.count = 0
    found.read_range(7 * CHUNK, 10)
    assert 0 == source.count
    found.read_range(0, 10)
    assert SEALED == source.count
    for index in (1, 2, 0, 3, 4):  # the one used longest ago goes
        found.read_range(index * CHUNK, 10)
    source.count = 0
    found.read_range(0, 10)
    assert 0 == source.count


def test_age_11_the_size_is_believed_only_after_the_last_chunk_was_opened() -> None:
    source = Counting(HEAD + b"".join(FOUR))
    found = age.Reader(source, [ME])
    source.count = 0
    assert len(TEXT) == found.size == found.size
    assert len(FOUR[3]) == source.count
    for broken in (FOUR[3][:-1] + b"?", b"?" * len(FOUR[3])):
        data = HEAD + b"".join(FOUR[:3]) + broken
        assert "payload" == kind(data, lambda found: found.size)
        assert "payload" == kind(data, lambda found: found.seek(0, io.SEEK_END))
        assert "payload" == kind(data, lambda found: found.seek(len(TEXT)) and found.read(1))


@pytest.mark.parametrize("place", range(4))
def test_age_12_one_bad_chunk_hides_no_other(place: int) -> None:
    bad = bytearray(HEAD + b"".join(FOUR))
    bad[len(HEAD) + place * SEALED + 100] ^= 4
    found = reader(bytes(bad))
    assert [place] == found.verify()
    for index in range(4):
        end = min(index * CHUNK + CHUNK, len(TEXT))
        for start, stop in ((index * CHUNK, end), (index * CHUNK + 7, end - 7)):
            if index == place:
                with pytest.raises(age.AgeError, match=f"chunk {place}"):
                    found.read_range(start, stop - start)
            else:
                assert TEXT[start:stop] == found.read_range(start, stop - start)


def test_age_12_reading_on_stops_in_front_of_the_bad_chunk() -> None:
    bad = bytearray(HEAD + b"".join(FOUR))
    bad[len(HEAD) + 2 * SEALED] ^= 1
    found = reader(bytes(bad))
    target = bytearray(len(TEXT))
    assert 2 * CHUNK == found.readinto(target)
    assert TEXT[: 2 * CHUNK] + bytes(len(TEXT) - 2 * CHUNK) == target
    for use in (lambda: found.readinto(target), lambda: found.read(1), found.readall):
        with pytest.raises(age.AgeError, match="chunk 2"):
            use()
    assert 2 * CHUNK == found.tell()
    found.seek(3 * CHUNK)
    assert TEXT[3 * CHUNK :] == found.read()


def test_age_10_nothing_of_a_bad_chunk_is_handed_out() -> None:
    """The cipher decrypts into the caller's memory before it knows; that must be undone."""
    for place in (0, 1):
        bad = bytearray(HEAD + b"".join(FOUR))
        bad[len(HEAD) + place * SEALED + CHUNK + 3] ^= 1
        found = reader(bytes(bad))
        found.seek(place * CHUNK)
        target = bytearray(b"\xaa" * CHUNK)
        with pytest.raises(age.AgeError):
            found.readinto(target)
        assert bytes(CHUNK) == target


def test_age_12_a_file_cut_between_two_chunks_gives_what_is_left_and_no_end() -> None:
    cut = HEAD + b"".join(FOUR[:2])
    assert "truncated" == kind(cut)
    assert "truncated" == kind(cut, lambda found: found.size)
    found = reader(cut)
    assert TEXT[: 2 * CHUNK] == found.read_range(0, 2 * CHUNK)
    assert [2] == found.verify() == found.verify()
    found = reader(cut)
    assert TEXT[: 2 * CHUNK] == found.read(2 * CHUNK)
    with pytest.raises(age.AgeError, match="cut off") as caught:
        found.read(1)
    assert "truncated" == caught.value.kind
    assert [1] == reader(HEAD + FOUR[0] + b"?" * SEALED).verify()


@pytest.mark.parametrize("left", [1, 15])
def test_age_12_a_file_cut_within_a_tag_gives_what_is_left_and_no_end(left: int) -> None:
    cut = HEAD + b"".join(FOUR[:2]) + FOUR[2][:left]
    assert "truncated" == kind(cut)
    found = reader(cut)
    assert TEXT[: 2 * CHUNK] == found.read_range(0, 2 * CHUNK)
    assert [2] == found.verify()
    with pytest.raises(age.AgeError, match="breaks off"):
        assert found.size


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, len(TEXT) + 1), (len(TEXT), 1), (len(TEXT) + 1, 0), (0, 2**63), (2**63, 1), (2**64, 0)],
)
def test_g20_a_range_beyond_the_end_is_a_clean_error(offset: int, length: int) -> None:
    assert "truncated" == kind(
        HEAD + b"".join(FOUR), lambda found: found.read_range(offset, length)
    )


def test_g20_a_negative_range_is_a_clean_error() -> None:
    found = reader(file())
    for offset, length in ((-1, 1), (0, -1)):
        with pytest.raises(ValueError, match="zero or more"):
            found.read_range(offset, length)
    with pytest.raises(ValueError, match="zero or more"):
        found.seek(-1)
    with pytest.raises(ValueError, match="start, here or end"):
        found.seek(0, 9)


def test_g20_empty_ranges_huge_reads_and_positions_beyond_the_end() -> None:
    found = reader(HEAD + b"".join(FOUR))
    assert b"" == found.read_range(0, 0) == found.read_range(len(TEXT), 0)
    assert TEXT == found.read(2**62)
    assert len(TEXT) + 1 == found.seek(len(TEXT) + 1)
    assert b"" == found.read() == found.readall()
    assert 2**63 == found.seek(2**63)
    assert b"" == found.read(2**62) == found.read() == found.read(0)
    assert 0 == found.readinto(bytearray(9))
    assert TEXT[:1] == found.read_range(0, 1)


def test_a_file_that_shrinks_while_it_is_read_is_truncated() -> None:
    source = io.BytesIO(HEAD + b"".join(FOUR))
    found = age.Reader(source, [ME])
    source.truncate(len(HEAD) + SEALED + 20)
    assert TEXT[:10] == found.read_range(0, 10)
    with pytest.raises(age.AgeError, match="shorter") as caught:
        found.read_range(CHUNK, 10)
    assert "truncated" == caught.value.kind


class Trickle(io.BytesIO):
    """Gives a few bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 997))


def test_short_reads_are_continued() -> None:
    assert TEXT == age.Reader(Trickle(HEAD + b"".join(FOUR)), [ME]).readall()


# With a file key


def test_a_known_file_key_needs_no_header() -> None:
    target = io.BytesIO()
    writer = age.Writer(target, [ME.recipient])
    writer.write(TEXT)
    writer.finish()
    opened = age.Reader(target, [ME])
    assert writer.file_key == opened.file_key
    assert (writer.header_size, writer.nonce) == (opened.header_size, opened.nonce)
    data = bytearray(target.getvalue())
    data[: writer.header_size] = os.urandom(writer.header_size)
    broken = io.BytesIO(data)
    with pytest.raises(age.AgeError):
        age.Reader(broken, [ME])
    known = age.Reader.with_file_key(broken, writer.file_key, header_size=writer.header_size)
    assert TEXT == known.readall()
    data[: writer.header_size + 16] = bytes(writer.header_size + 16)
    known = age.Reader.with_file_key(
        io.BytesIO(data), writer.file_key, header_size=writer.header_size, nonce=writer.nonce
    )
    assert TEXT == known.readall()


def test_a_wrong_file_key_or_header_size_opens_nothing() -> None:
    data = HEAD + b"".join(THREE)
    for key, size in ((bytes(16), len(HEAD) - 16), (FILE_KEY, len(HEAD) - 17)):
        found = age.Reader.with_file_key(io.BytesIO(data), key, header_size=size)
        assert [0, 1, 2] == found.verify()
        with pytest.raises(age.AgeError):
            found.readall()
    with pytest.raises(age.AgeError) as caught:
        age.Reader.with_file_key(io.BytesIO(data), FILE_KEY, header_size=10**9)
    assert "truncated" == caught.value.kind
