"""Stored bytes: compressed or not, exactly what went in, and never more than was promised."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatvault.errors import Damaged, Where
from chatvault.vault import codec
from chatvault.vault.codec import zstd
from chatvault.vault.content_id import content_id

WHERE = Where("packs/x")


def packed(data: bytes, *cuts: int) -> bytes:
    """The frame of data given in pieces cut at these places."""
    places = sorted({0, len(data), *(cut for cut in cuts if 0 <= cut <= len(data))})
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]
    return b"".join(codec.compressed(pieces))


def unpacked(stored: bytes, size: int, piece: int = 10**9) -> bytes:
    pieces = [stored[n : n + piece] for n in range(0, len(stored), piece)]
    return b"".join(codec.plain(pieces, codec.ZSTD, size, WHERE))


@given(st.binary(max_size=100_000), st.integers(1, 5000))
def test_what_goes_in_comes_out(data: bytes, piece: int) -> None:
    assert data == unpacked(packed(data), len(data), piece)
    assert data == b"".join(codec.plain([data[:7], data[7:]], "", len(data), WHERE))


@given(st.data())
def test_the_frame_does_not_depend_on_how_the_bytes_were_read(data: st.DataObject) -> None:
    """tar wants the size first, so a file is compressed twice, in pieces of different sizes."""
    text = data.draw(st.binary(max_size=50)) * data.draw(st.sampled_from([1, 100, 20_000]))
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    assert packed(text) == packed(text, *cuts)


@pytest.mark.parametrize("size", [0, 1, 131_071, 131_072, 131_073, 3 * 2**20 + 5])
def test_the_frame_is_the_same_around_the_borders_of_blocks(size: int) -> None:
    data = (b'{"text":"hello","id":%d}' * (size // 20 + 1))[:size]
    pieces = [data[n : n + codec.PIECE] for n in range(0, size, codec.PIECE)]
    assert packed(data) == b"".join(codec.compressed(pieces))
    assert data == unpacked(packed(data), size)


@pytest.mark.parametrize("given_size", [0, 5, 999, 1001, 10**6])
def test_P07_another_size_than_was_promised_is_damage(given_size: int) -> None:
    with pytest.raises(Damaged):
        unpacked(packed(bytes(1000)), given_size)
    with pytest.raises(Damaged):
        list(codec.plain([bytes(1000)], "", given_size, WHERE))


def test_P07_a_bomb_stops_at_the_size_that_was_promised() -> None:
    bomb = packed(bytes(2**28))
    assert len(bomb) < 100_000
    given = 0
    with pytest.raises(Damaged):
        for piece in codec.plain([bomb], codec.ZSTD, 1000, WHERE):
            given += len(piece)
    assert given <= codec.PIECE


def with_options(data: bytes, **options: int) -> bytes:
    named = {int(zstd.CompressionParameter[name]): value for name, value in options.items()}
    frame = zstd.ZstdCompressor(options=named)
    return frame.compress(data) + frame.flush()


BAD = {
    "garbage": b"garbage" * 9,
    "nothing": b"",
    "cut": packed(b"hello" * 99)[:-1],
    "more behind": packed(b"hello" * 99) + b"x",
    "two frames": packed(b"hello" * 50) + packed(b"hello" * 49),
    "a skippable frame before": b"\x50\x2a\x4d\x18\x03\0\0\0abc" + packed(b"hello" * 99),
    "a skippable frame alone": b"\x50\x2a\x4d\x18\x03\0\0\0abc",
    "a dictionary": zstd.compress(
        b"hello" * 99, zstd_dict=zstd.ZstdDict(b"hello world " * 20, is_raw=True)
    ),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("piece", [10**9, 3])
def test_P08_what_is_not_one_whole_frame_is_damage(what: str, piece: int) -> None:
    with pytest.raises(Damaged):
        unpacked(BAD[what], 495, piece)


def test_P08_a_window_of_two_gibibytes_is_refused() -> None:
    wide = zstd.ZstdCompressor(
        options={int(zstd.CompressionParameter.window_log): 31,
                 int(zstd.CompressionParameter.enable_long_distance_matching): 1}
    )  # fmt: skip
    frame = wide.compress(b"x" * 1000) + wide.compress(bytes(1000)) + wide.flush()
    with pytest.raises(Damaged):
        unpacked(frame, 2000)


def test_P08_a_frame_with_its_size_and_checksum_is_fine() -> None:
    data = b"hello" * 99
    frame = with_options(data, checksum_flag=1, content_size_flag=1)
    assert data == unpacked(frame, len(data))


def test_a_flipped_bit_gives_other_bytes_or_damage_and_never_too_many() -> None:
    """The content id catches what the frame does not."""
    data = b"some words, and some more words " * 200
    frame = packed(data)
    for place in range(0, len(frame), 3):
        changed = bytearray(frame)
        changed[place] ^= 4
        try:
            assert len(data) == len(unpacked(bytes(changed), len(data)))
        except Damaged:
            continue


def test_an_unknown_codec_is_damage() -> None:
    with pytest.raises(Damaged):
        list(codec.plain([b"x"], "lzma", 1, WHERE))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("result.json", True), ("Chat.TXT", True), ("a/b.html", True), ("x.db", True),
     ("photo.jpg", False), ("json", False), ("a.zip", False), ("voice.opus", False)],
)  # fmt: skip
def test_text_and_databases_are_compressed_and_media_are_not(name: str, expected: bool) -> None:
    assert expected == codec.is_compressible(name)


def test_a_content_id_is_keyed() -> None:
    """A3: nobody without the key can test whether a known file is inside."""
    sha256 = bytes(range(32))
    assert content_id(b"a" * 32, sha256) == content_id(b"a" * 32, sha256)
    assert content_id(b"a" * 32, sha256) != content_id(b"b" * 32, sha256)
    assert sha256.hex() not in content_id(b"a" * 32, sha256)
