"""No changed, cut, reordered or mixed age file is ever accepted."""

import io
import itertools
from collections.abc import Callable

import pytest
from age_builder import (
    CHUNK,
    IDENTITY,
    NONCE,
    chunk,
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
