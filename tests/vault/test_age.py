"""The payload: what is written comes back, by seek too, and nothing changed is ever accepted."""

import io
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from age_builder import (
    CHUNK,
    FILE_KEY,
    IDENTITY,
    NONCE,
    OTHER_IDENTITY,
    chunk,
    chunks,
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
FOUR = chunks(TEXT)
THREE = chunks(TEXT[: 2 * CHUNK + 300])


def reader(data: bytes) -> age.Reader:
    return age.Reader(io.BytesIO(data), [ME])


def kind(data: bytes, use: Callable[[age.Reader], object] = age.Reader.readall) -> str:
    """How opening and using this file fails."""
    with pytest.raises(age.AgeError) as caught:
        use(reader(data))
    return caught.value.kind


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


# Changed files


def test_age_t3_g14_no_flipped_bit_of_a_small_file_is_accepted() -> None:
    data = age.encrypt(TEXT[: 300 - len(HEAD) - 16], [ME.recipient])
    assert 300 == len(data)
    for at, bit in itertools.product(range(len(data)), range(8)):
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        kind(bytes(changed))


def test_g14_no_flipped_bit_of_a_passphrase_slot_is_accepted() -> None:
    secret = age.Passphrase("pretzel", age.ScryptProfile(1))
    data = age.encrypt(b"ring", [secret])
    for at, bit in itertools.product(range(len(data)), range(8)):
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        if changed.count(b" 1\n") or not changed[at : at + 1].isdigit():
            with pytest.raises(age.AgeError):
                age.decrypt(bytes(changed), [secret])


def test_age_t3_no_flipped_bit_of_three_chunks_is_accepted() -> None:
    data = HEAD + b"".join(THREE)
    edges = [len(HEAD) + at * SEALED + place for at in (1, 2) for place in (-17, -16, -1, 0, 1)]
    places = [*range(len(HEAD) + 2), *edges, len(data) - 17, len(data) - 16, len(data) - 1]
    for at, bit in itertools.product(places, range(8)):
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        kind(bytes(changed))


def test_age_t3_no_truncation_of_a_small_file_is_accepted() -> None:
    data = age.encrypt(TEXT[:84], [ME.recipient])
    for length in range(len(data)):
        kind(data[:length])


def test_age_t3_no_truncation_of_three_chunks_is_accepted() -> None:
    data = HEAD + b"".join(THREE)
    borders = [len(HEAD) + at * SEALED for at in (0, 1, 2)]
    near = {border + step for border in borders for step in range(-40, 40)}
    for length in sorted(near | set(range(0, len(data), 977))):
        kind(data[:length])


def test_age_t3_no_appended_byte_is_accepted() -> None:
    for data in (file(plain=TEXT[:84]), file(plain=b""), HEAD + b"".join(THREE)):
        for byte in range(256):
            kind(data + bytes([byte]))


def test_g17_age_t4_chunks_in_another_order_are_refused() -> None:
    for order in itertools.permutations(range(4)):
        data = HEAD + b"".join(FOUR[place] for place in order)
        if order == (0, 1, 2, 3):
            assert TEXT == reader(data).readall()
        else:
            assert kind(data) in {"payload", "truncated"}


@pytest.mark.parametrize("place", range(4))
def test_g17_age_t4_a_chunk_dropped_doubled_or_of_another_file_is_refused(place: int) -> None:
    other = age.encrypt(TEXT, [ME.recipient])
    start = len(other) - len(b"".join(FOUR)) + place * SEALED
    foreign = other[start : start + len(FOUR[place])]
    before, after = FOUR[:place], FOUR[place + 1 :]
    dropped = kind(HEAD + b"".join([*before, *after]))
    assert ("truncated" if place == 3 else "payload") == dropped
    assert "payload" == kind(HEAD + b"".join([*before, FOUR[place], FOUR[place], *after]))
    assert "payload" == kind(HEAD + b"".join([*before, foreign, *after]))


def test_g17_a_header_on_another_payload_is_refused() -> None:
    other = age.encrypt(TEXT, [ME.recipient])
    assert "payload" == kind(HEAD[:-16] + other[len(HEAD) - 16 :])


def test_g18_an_empty_last_chunk_after_full_ones_is_refused() -> None:
    data = HEAD + chunk(TEXT[:CHUNK], 0, last=False) + chunk(b"", 1)
    assert "payload" == kind(data)
    assert "payload" == kind(data, lambda found: found.size)
    assert [1] == reader(data).verify()


def test_g18_two_last_chunks_are_refused() -> None:
    assert "payload" == kind(HEAD + chunk(TEXT[:CHUNK]) + chunk(b"more", 1))


def test_g19_a_full_last_chunk_and_an_empty_payload_are_accepted() -> None:
    assert TEXT[:CHUNK] == reader(HEAD + chunk(TEXT[:CHUNK])).readall()
    assert b"" == reader(HEAD + chunk(b"")).readall()
    assert b"" == reader(HEAD + chunk(b"")).read(10)


@given(st.data())
def test_age_t5_random_edits_are_never_accepted(data: st.DataObject) -> None:
    good = file(plain=TEXT[:500])
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(start + 8, len(good))))
    edited = good[:start] + data.draw(st.binary(max_size=8)) + good[end:]
    if edited != good:
        kind(edited)


# Reading by seek


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
