"""The header's limits, and that its parser never raises anything but its own errors."""

import io
import tracemalloc

import pytest
from age_builder import FILE_KEY, IDENTITY, file, header, payload, x25519
from hypothesis import example, given
from hypothesis import strategies as st

from chatvault.vault import age
from chatvault.vault.age_header import (
    MAX_HEADER,
    MAX_LINE,
    MAX_STANZAS,
    Stanza,
    decode_base64,
    encode_base64,
    parse_header,
    render_end,
    render_stanzas,
)
from chatvault.vault.age_keys import encrypt_header

ME = age.Identity.parse(IDENTITY)
VERSION = b"age-encryption.org/v1\n"
GOOD = file()

ARGUMENT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=9)
STANZAS = st.lists(
    st.builds(
        Stanza,
        st.lists(ARGUMENT, min_size=1, max_size=4)
        .filter(lambda found: found[0] not in {"X25519", "scrypt"})
        .map(tuple),
        st.binary(max_size=120),
    ),
    min_size=1,
    max_size=5,
).map(tuple)


class Endless(io.RawIOBase):
    """A file of 1 GiB that is the same piece again and again; says how much of it was read."""

    def __init__(self, start: bytes, piece: bytes) -> None:
        self.start, self.piece, self.position, self.most = start, piece, 0, 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.position = offset + (2**30 if whence == io.SEEK_END else 0)
        return self.position

    def read(self, size: int = -1, /) -> bytes:
        assert 0 <= size <= MAX_HEADER
        whole = self.start + self.piece * (1 + (self.position + size) // len(self.piece))
        found = whole[self.position : self.position + size]
        self.position += len(found)
        self.most = max(self.most, self.position)
        return found


def kind_of(data: bytes) -> str:
    with pytest.raises(age.AgeError) as caught:
        parse_header(data)
    return caught.value.kind


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (VERSION, b"-> x\n\n"),
        (VERSION, b"-"),
        (VERSION, b"-> x " + b"y" * 3000 + b"\n\n"),
        (VERSION + b"-> x\n", b"A" * 64 + b"\n"),
        (VERSION + b"-> ", b"x " * 100),
        (b"age-encryption.org/", b"v"),
    ],
    ids=["stanzas", "line", "long stanzas", "body", "arguments", "version"],
)
def test_g06_an_endless_header_is_refused_after_64_kib_and_within_1_mib(
    start: bytes, piece: bytes
) -> None:
    endless = Endless(start, piece)
    tracemalloc.start()
    try:
        with pytest.raises(age.AgeLimit) as caught:
            age.Reader(endless, [ME])
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "limit" == caught.value.kind
    assert used < 2**20
    assert MAX_HEADER == endless.most


def test_age_4_the_limits_are_those_that_are_published() -> None:
    assert (65_536, 4_096, 64) == (MAX_HEADER, MAX_LINE, MAX_STANZAS)


def test_age_4_sixty_four_stanzas_are_read_and_one_more_is_not() -> None:
    unknown = b"-> x\n\n"
    assert FILE_KEY == ME.unwrap(parse_header(header(*[unknown] * (MAX_STANZAS - 1), x25519())))
    assert "limit" == kind_of(header(*[unknown] * MAX_STANZAS, x25519()))


def test_age_4_a_line_of_4096_bytes_is_read_and_one_more_is_not() -> None:
    name = b"x" * (MAX_LINE - len(b"-> \n"))
    assert FILE_KEY == ME.unwrap(parse_header(header(b"-> " + name + b"\n\n", x25519())))
    assert "limit" == kind_of(header(b"-> " + name + b"x\n\n", x25519()))


def test_age_4_a_header_of_64_kib_is_read_and_one_more_byte_is_not() -> None:
    big = b"-> " + b"x" * 4000 + b"\n\n"
    stanzas = [big] * 16
    missing = MAX_HEADER - len(header(*stanzas, b"-> \n\n", x25519()))
    filled = header(*stanzas, b"-> " + b"y" * missing + b"\n\n", x25519())
    assert MAX_HEADER == len(filled) == parse_header(filled).size
    over = header(*stanzas, b"-> " + b"y" * (missing + 1) + b"\n\n", x25519()) + payload()
    assert "limit" == kind_of(over)
    assert "limit" == kind_of(over[:MAX_HEADER])


def test_g22_armour_is_refused_with_a_hint() -> None:
    with pytest.raises(age.AgeError) as caught:
        age.decrypt(b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", [ME])
    assert "header" == caught.value.kind
    assert "binary form" in caught.value.remedy


def test_an_unknown_version_says_what_to_do() -> None:
    with pytest.raises(age.AgeNewer) as caught:
        parse_header(b"age-encryption.org/v9\nwhatever")
    assert 15 == caught.value.exit_code
    assert "update ChatVault" == caught.value.remedy


@given(STANZAS, st.binary(min_size=32, max_size=32), st.binary(max_size=9))
def test_age_14_parse_then_write_is_the_same(
    stanzas: tuple[Stanza, ...], mac: bytes, rest: bytes
) -> None:
    text = render_stanzas(stanzas) + render_end(mac)
    parsed = parse_header(text + rest)
    assert (stanzas, mac, len(text)) == (parsed.stanzas, parsed.mac, parsed.size)
    assert text.startswith(parsed.signed) and parsed.signed.endswith(b"\n---")


@given(st.binary(max_size=400))
@example(b"")
@example(VERSION)
@example(VERSION + b"-> X25519 \n")
@example(VERSION + b"-> scrypt  1\n\n---")
def test_age_t5_the_parser_raises_only_its_own_errors(data: bytes) -> None:
    for start in (b"", VERSION, VERSION + b"-> X25519 "):
        try:
            parsed = parse_header(start + data)
        except age.AgeError:
            continue
        written = render_stanzas(parsed.stanzas) + render_end(parsed.mac)
        assert written == (start + data)[: parsed.size]


@given(
    st.integers(0, len(header(x25519())) - 1),
    st.binary(max_size=3),
    st.sampled_from(["put over", "put in", "take out"]),
)
def test_age_t5_an_edit_of_the_header_is_never_accepted(at: int, bytes_: bytes, how: str) -> None:
    skip = {"put over": len(bytes_), "put in": 0, "take out": len(bytes_) + 1}[how]
    middle = b"" if how == "take out" else bytes_
    edited = GOOD[:at] + middle + GOOD[at + skip :]
    if edited == GOOD:
        return
    with pytest.raises(age.AgeError):
        age.decrypt(edited, [ME])


@given(st.binary(max_size=100))
def test_age_3_base64_is_canonical_and_without_padding(raw: bytes) -> None:
    text = encode_base64(raw)
    assert raw == decode_base64(text)
    assert b"=" not in text


@given(st.text("ABab09+/=-_ \n\t", max_size=12).map(str.encode))
def test_age_3_one_meaning_has_one_text(text: bytes) -> None:
    try:
        raw = decode_base64(text)
    except age.AgeError:
        return
    assert text == encode_base64(raw)


@pytest.mark.parametrize("count", [0, MAX_STANZAS + 1])
def test_a_header_has_one_to_sixty_four_recipients(count: int) -> None:
    with pytest.raises(ValueError, match="recipients"):
        encrypt_header(FILE_KEY, [ME.recipient] * count)


def test_a_passphrase_is_the_only_recipient_of_its_file() -> None:
    with pytest.raises(ValueError, match="only recipient"):
        encrypt_header(FILE_KEY, [ME.recipient, age.Passphrase("pretzel", age.TESTING)])


def test_the_most_recipients_give_a_header_that_can_be_read() -> None:
    text = encrypt_header(FILE_KEY, [ME.recipient] * MAX_STANZAS)
    assert FILE_KEY == ME.unwrap(parse_header(text))
