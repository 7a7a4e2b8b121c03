"""Age files with exactly one fault each (or none), and what opening them must give.

The files in vectors/ are this table written out, so that any other implementation can run them:
lines `key: value`, then `file:`, then the bytes of the age file in printable pieces, where
`\\n`, `\\\\` and `\\xNN` stand for a byte and a line break stands for nothing.
`python tests/vault/age_vectors.py` writes them anew.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from age_builder import (
    EPHEMERAL,
    IDENTITY,
    NONCE,
    OTHER_IDENTITY,
    OTHER_PRIVATE,
    SALT,
    b64,
    chunk,
    file,
    header,
    mac,
    payload,
    scrypt,
    scrypt_body,
    share,
    wrapped_body,
    x25519,
    x25519_body,
)

FOLDER = Path(__file__).parent / "vectors"
PLAIN = b"a pretzel a day"


@dataclass(frozen=True)
class Vector:
    """One age file. `expect` is `success` or the kind of the error."""

    name: str
    expect: str
    comment: str
    data: bytes
    identity: str = IDENTITY
    passphrase: str = ""
    plain: bytes = PLAIN

    def text(self) -> str:
        lines = [f"expect: {self.expect}", f"comment: {self.comment}"]
        if self.identity:
            lines.append(f"identity: {self.identity}")
        if self.passphrase:
            lines.append(f"passphrase: {self.passphrase}")
        if self.expect == "success":
            lines.append(f"plain: {self.plain.decode()}")
        pieces = re.findall(rb"[^\n]{0,60}\n|[^\n]{1,60}", self.data)
        return "\n".join([*lines, "file:", *map(printable, pieces), ""])


def printable(piece: bytes) -> str:
    special = {0x0A: "\\n", 0x5C: "\\\\"}
    return "".join(
        special.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in piece
    )


def parsed(name: str, text: str) -> Vector:
    """The vector in a text file."""
    head, _, body = text.partition("file:\n")
    keys = dict(line.split(": ", 1) for line in head.splitlines())
    data = re.sub(
        rb"\\(n|\\|x[0-9a-f]{2})",
        lambda found: (
            {b"n": b"\n", b"\\": b"\\"}.get(found[1]) or bytes.fromhex(found[1][1:].decode())
        ),
        body.replace("\n", "").encode("ascii"),
    )
    return Vector(
        name=name,
        expect=keys["expect"],
        comment=keys["comment"],
        data=data,
        identity=keys.get("identity", ""),
        passphrase=keys.get("passphrase", ""),
        plain=keys.get("plain", PLAIN.decode()).encode(),
    )


OURS = x25519()
NAME, BODY = OURS[:-44], OURS[-44:]  # "-> X25519 <share>\n" and "<body>\n"
UNKNOWN = b"-> example.com/enigma 1 two !~\n" + wrapped_body(b"nobody knows what this is")
GOOD = file()
SIZE = len(header(OURS))


def changed(old: bytes, new: bytes, *stanzas: bytes) -> bytes:
    """A file whose header was changed in one place, under a MAC that fits."""
    joined = b"".join(stanzas or (OURS,))
    assert joined.count(old) == 1
    return header(joined.replace(old, new)) + payload()


def with_share(raw: bytes) -> bytes:
    return file(b"-> X25519 " + b64(raw) + b"\n" + BODY)


def with_body(raw: bytes) -> bytes:
    return file(NAME + wrapped_body(raw))


def with_mac_line(line: bytes) -> bytes:
    return b"age-encryption.org/v1\n" + OURS + line + payload()


def loose(text: bytes) -> bytes:
    """The same bytes in base64 that is not canonical: a left-over bit is set."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1 :][:1]


MAC = b64(mac(b"age-encryption.org/v1\n" + OURS + b"---"))
SHARE = b64(share())
BODY_TEXT = BODY.strip()
FULL = wrapped_body(bytes(48))  # 64 characters and the empty line after them

# Every point whose multiples of eight are nothing, and the ways to write them.
P = 2**255 - 19
LOW_ORDER = {
    "zero": 0,
    "one": 1,
    "order_8": 325606250916557431795983626356110631294008115727848805560023387167927233504,
    "order_8_too": 39382357235489614581723060781553021112529911719440698176882885853963445705823,
    "p_minus_one": P - 1,
    "p": P,
    "p_plus_one": P + 1,
}


def header_faults() -> Iterator[tuple[str, str, bytes]]:
    """Name, comment and file; all of them must give `header`."""
    yield "G01_empty", "nothing at all", b""
    yield "G01_only_version", "ends after the version line", b"age-encryption.org/v1\n"
    yield "G01_half_version", "ends within the version line", b"age-encryption.org/v"
    yield "G01_version_without_end", "no line end", b"age-encryption.org/v1"
    yield "G01_no_stanza", "MAC directly after the version", header() + payload()
    yield "G01_cut_in_arguments", "ends within a stanza's first line", GOOD[:40]
    yield "G01_cut_before_body", "ends before a body", GOOD[: 22 + len(NAME)]
    yield "G01_cut_in_body", "ends within a body", GOOD[: 22 + len(NAME) + 20]
    yield "G01_cut_before_mac", "ends before the MAC line", GOOD[: 22 + len(OURS)]
    yield "G01_cut_in_mac", "ends within the MAC", GOOD[: SIZE - 10]
    yield "G01_mac_without_end", "ends before the line end of the MAC", GOOD[: SIZE - 1]
    yield "G01_not_age", "something else", b"SQLite format 3\x00 and so on\n" * 9
    for name, comment, line in [
        ("upper_case", "version line in upper case", b"AGE-ENCRYPTION.ORG/V1\n"),
        ("crlf", "version line ends with CR LF", b"age-encryption.org/v1\r\n"),
        ("leading_space", "space before the version", b" age-encryption.org/v1\n"),
        ("trailing_space", "space after the version", b"age-encryption.org/v1 \n"),
        ("byte_order_mark", "byte order mark", b"\xef\xbb\xbfage-encryption.org/v1\n"),
        ("no_number", "no version after the slash", b"age-encryption.org/\n"),
        ("other_name", "another format's name", b"age-encryption.com/v1\n"),
        ("empty_line", "empty line first", b"\nage-encryption.org/v1\n"),
        ("v2_crlf", "unknown version, CR LF", b"age-encryption.org/v2\r\n"),
    ]:
        yield f"G02_{name}", comment, header(OURS, version=line) + payload()

    lines = b64(bytes(96))
    for name, comment, stanza in [
        (
            "body_line_63",
            "a line of 63 with more after it",
            lines[:63] + b"\n" + lines[63:] + b"\n",
        ),
        ("body_line_65", "a line of 65", lines[:65] + b"\n" + lines[65:] + b"\n"),
        ("no_short_line", "a full line and then the next stanza", lines[:64] + b"\n"),
        ("no_empty_line", "two full lines, none shorter", lines[:64] + b"\n" + lines[64:] + b"\n"),
        ("two_empty_lines", "two empty lines after a body", lines[:64] + b"\n\n\n"),
    ]:
        yield f"G03_{name}", comment, header(b"-> long\n" + stanza, OURS) + payload()
    yield "G03_body_line_68", "51 bytes on one line", file(b"-> x\n" + b64(bytes(51)) + b"\n", OURS)
    yield "G03_no_body", "a stanza without body", header(b"-> empty\n", OURS) + payload()
    yield "G03_wrapped_early", "our body on two lines", changed(BODY, BODY[:9] + b"\n" + BODY[9:])
    yield "G03_text_before", "a line before the stanzas", header(b"hello\n", OURS) + payload()
    yield "G03_text_after", "a line after the stanzas", header(OURS, b"hello\n") + payload()
    yield (
        "G03_empty_line_between",
        "an empty line between",
        header(OURS, b"\n", UNKNOWN) + payload(),
    )

    yield "G04_padded_share", "padding after the share", changed(SHARE, SHARE + b"=")
    yield "G04_padded_body", "padding after the body", changed(BODY_TEXT, BODY_TEXT + b"=")
    yield "G04_padded_mac", "padding after the MAC", with_mac_line(b"--- " + MAC + b"=\n")
    yield "G04_loose_share", "left-over bit in the share", changed(SHARE, loose(SHARE))
    yield "G04_loose_body", "left-over bit in the body", changed(BODY_TEXT, loose(BODY_TEXT))
    yield "G04_loose_mac", "left-over bit in the MAC", with_mac_line(b"--- " + loose(MAC) + b"\n")
    yield "G04_loose_unknown", "left-over bit, unknown stanza", file(b"-> x\nAB\n", OURS)
    yield "G04_padded_unknown", "padding, unknown stanza", file(b"-> x\nAA==\n", OURS)
    yield "G04_url_safe", "alphabet for addresses", file(b"-> x\n-_-_\n", OURS)
    yield "G04_one_character", "a body of one character", file(b"-> x\nA\n", OURS)
    yield "G04_space_in_body", "a space in a body", changed(BODY, BODY[:9] + b" " + BODY[9:])
    yield "G04_space_after_body", "a space after a body", changed(BODY, BODY[:-1] + b" \n")
    yield "G04_tab_before_body", "a tab before a body", changed(BODY, b"\t" + BODY)
    yield "G04_cr_after_body", "CR after a body", changed(BODY, BODY[:-1] + b"\r\n")
    yield "G04_nul_in_body", "a zero byte in a body", changed(BODY, BODY[:9] + b"\0" + BODY[9:])
    yield "G04_body_not_ascii", "a byte above 127 in a body", changed(BODY, b"\xff" + BODY[1:])

    for name, comment, new in [
        ("double_space", "two spaces between arguments", b"-> X25519  "),
        ("leading_space", "two spaces before the first argument", b"->  X25519 "),
        ("tab", "a tab between arguments", b"-> X25519\t"),
        ("tab_first", "a tab before the arguments", b"->\tX25519 "),
        ("no_space", "no space after the arrow", b"->X25519 "),
        ("broken_arrow", "a space within the arrow", b"- > X25519 "),
        ("no_arrow", "no arrow", b"X25519 "),
        ("control", "a control byte", b"-> X25519 \x01"),
        ("nul", "a zero byte", b"-> X25519 \x00"),
        ("delete", "the byte 127", b"-> X25519\x7f "),
        ("not_ascii", "a byte above 127", b"-> X25519 \xc3\xa9 "),
    ]:
        yield f"G05_{name}", comment, changed(b"-> X25519 ", new)
    yield "G05_trailing_space", "space after the arguments", changed(SHARE + b"\n", SHARE + b" \n")
    yield "G05_cr", "CR after the arguments", changed(SHARE + b"\n", SHARE + b"\r\n")
    yield "G05_no_arguments", "an arrow and a space only", file(b"-> \n\n", OURS)
    yield "G05_bare_arrow", "an arrow only", file(b"->\n\n", OURS)

    yield "G07_no_share", "X25519 without share", file(b"-> X25519\n" + BODY)
    yield "G07_two_shares", "X25519 with two arguments", changed(SHARE, SHARE + b" " + SHARE)
    yield "G07_empty_body", "X25519 with an empty body", file(NAME + b"\n")
    for length in (0, 31, 33):
        raw = (share() + b"!")[:length]
        yield f"G07_share_{length}", f"a share of {length} bytes", with_share(raw or b"?")
    for length in (31, 33, 48):
        raw = (x25519_body() + bytes(16))[:length]
        yield f"G07_body_{length}", f"a body of {length} bytes", with_body(raw)
    yield "G07_long_file_key", "a wrapped key of 32 bytes", with_body(x25519_body(plain=bytes(32)))
    yield "G07_second_stanza", "a bad stanza after ours", file(OURS, b"-> X25519 AAAA\n" + BODY)
    for name, point in LOW_ORDER.items():
        yield f"G08_{name}", "a share of low order", with_share(point.to_bytes(32, "little"))

    for name, comment, line in [
        ("missing", "no MAC", b"---\n"),
        ("empty", "a space and no MAC", b"--- \n"),
        ("extra_space", "two spaces before the MAC", b"---  " + MAC + b"\n"),
        ("no_space", "no space before the MAC", b"---" + MAC + b"\n"),
        ("trailing_space", "a space after the MAC", b"--- " + MAC + b" \n"),
        ("short", "42 characters", b"--- " + MAC[:42] + b"\n"),
        ("long", "44 characters", b"--- " + MAC + b"A\n"),
        ("four_dashes", "four dashes", b"---- " + MAC + b"\n"),
        ("two_dashes", "two dashes", b"-- " + MAC + b"\n"),
        ("argument", "something after the MAC", b"--- " + MAC + b" x\n"),
        ("crlf", "CR LF after the MAC", b"--- " + MAC + b"\r\n"),
        ("url_safe", "alphabet for addresses", b"--- " + b"-" * 42 + b"A\n"),
    ]:
        yield f"G15_mac_{name}", comment, with_mac_line(line)
    yield "G22_armour", "the text form", armoured(GOOD)


def armoured(data: bytes) -> bytes:
    lines = wrapped_body(data).rstrip(b"\n")
    return b"-----BEGIN AGE ENCRYPTED FILE-----\n" + lines + b"\n-----END AGE ENCRYPTED FILE-----\n"


def passphrase_faults() -> Iterator[tuple[str, str, str, bytes]]:
    """Name, kind, comment and file; opened with the passphrase `pretzel`."""
    yield "G10_x25519_after", "header", "scrypt before X25519", file(scrypt(), OURS)
    yield "G10_x25519_before", "header", "scrypt after X25519", file(OURS, scrypt())
    yield "G10_two", "header", "scrypt twice", file(scrypt(), scrypt())
    yield "G10_unknown", "header", "scrypt beside an unknown stanza", file(scrypt(), UNKNOWN)
    for name, factor in {
        "zero": b"0", "leading_zero": b"010", "plus": b"+10", "minus": b"-10",
        "underscore": b"1_0", "full_width": "１０".encode(), "point": b"10.0", "hex": b"0xa",
        "exponent": b"1e1", "word": b"ten", "empty": b"", "garbage": b"10x",
    }.items():  # fmt: skip
        yield f"G11_{name}", "header", "a factor that is no plain number", file(scrypt(factor))
    for factor in (b"23", b"64", b"1" + b"0" * 30, b"9" * 4000):
        name = f"G11_refused_{factor.decode()}" if len(factor) < 9 else f"G11_digits_{len(factor)}"
        yield name, "limit", "a factor above 22", file(scrypt(factor))
    two = scrypt().replace(b" " + b64(SALT), b"")
    four = scrypt().replace(b" 10\n", b" 10 10\n")
    body = scrypt_body()
    yield "G13_no_salt", "header", "no salt", file(two)
    yield "G13_four_arguments", "header", "one argument too many", file(four)
    yield "G13_salt_15", "header", "a salt of 15 bytes", file(scrypt(salt=SALT[:15]))
    yield "G13_salt_17", "header", "a salt of 17 bytes", file(scrypt(salt=SALT + b"!"))
    loose_salt = scrypt().replace(b64(SALT), loose(b64(SALT)))
    yield "G13_loose_salt", "header", "left-over bit in the salt", file(loose_salt)
    yield "G13_body_31", "header", "a body of 31 bytes", file(scrypt(body=body[:31]))
    yield "G13_body_33", "header", "a body of 33 bytes", file(scrypt(body=body + b"!"))
    long = scrypt_body(plain=bytes(32))
    yield "G13_long_file_key", "header", "a wrapped key of 32 bytes", file(scrypt(body=long))
    yield "scrypt_upper_case", "no match", "another type", file(scrypt().replace(b"scr", b"SCR"))
    yield "scrypt_wrong_factor", "no match", "made with another factor", file(scrypt(b"11"))
    broken = body[:-1] + bytes([body[-1] ^ 1])
    yield "scrypt_bad_tag", "no match", "the wrapped key was changed", file(scrypt(body=broken))


def other_faults() -> Iterator[tuple[str, str, str, bytes]]:
    """Name, kind, comment and file, where the header is well-formed."""
    for name, version in {"v2": b"v2", "v1_1": b"v1.1", "capital": b"V1", "word": b"next"}.items():
        line = b"age-encryption.org/" + version + b"\n"
        yield f"G02_{name}", "version", "another version", header(OURS, version=line) + payload()
    broken = x25519_body()[:-1] + b"?"
    theirs = file(x25519(OTHER_PRIVATE))
    yield "x25519_bad_tag", "no match", "the wrapped key was changed", with_body(broken)
    yield "x25519_lower_case", "no match", "another type", changed(b"X25519", b"x25519")
    yield "no_match_other_recipient", "no match", "for somebody else", theirs
    yield "no_match_only_unknown", "no match", "only stanzas of a foreign type", file(UNKNOWN)
    yield "no_match_scrypt", "no match", "for a passphrase", file(scrypt())
    yield "no_match_high_factor", "no match", "for an expensive passphrase", file(scrypt(b"23"))

    other = b64(mac(b"age-encryption.org/v1\n" + UNKNOWN + OURS + b"---"))
    flipped = bytes([MAC[0] ^ 1]) + MAC[1:]
    two = header(OURS, UNKNOWN)
    yield "G15_changed", "mac", "one bit of the MAC", with_mac_line(b"--- " + flipped + b"\n")
    yield "G15_other_file", "mac", "the MAC of another file", with_mac_line(b"--- " + other + b"\n")
    added = GOOD.replace(OURS, OURS + UNKNOWN)
    yield "G15_stanza_added", "mac", "a stanza was added", added
    yield "G15_stanza_removed", "mac", "a stanza was removed", two.replace(UNKNOWN, b"") + payload()
    turned = two.replace(OURS + UNKNOWN, UNKNOWN + OURS)
    yield "G15_reordered", "mac", "two stanzas were exchanged", turned + payload()
    argument = two.replace(b"enigma 1", b"enigma 2")
    yield "G15_argument", "mac", "an unknown stanza was changed", argument + payload()

    yield "G16_no_payload", "truncated", "ends after the header", GOOD[:SIZE]
    yield "G16_half_nonce", "truncated", "ends within the nonce", GOOD[: SIZE + 8]
    yield "G16_no_chunk", "truncated", "ends after the nonce", GOOD[: SIZE + 16]
    yield "G16_half_tag", "truncated", "ends within the first tag", GOOD[: SIZE + 16 + 15]
    only = header(OURS) + NONCE
    yield (
        "G17_flipped",
        "payload",
        "a bit of the text",
        GOOD[:-17] + bytes([GOOD[-17] ^ 1]) + GOOD[-16:],
    )
    yield "G17_tag_flipped", "payload", "a bit of the tag", GOOD[:-1] + bytes([GOOD[-1] ^ 1])
    yield "G17_nonce", "payload", "another nonce", header(OURS) + NONCE[::-1] + chunk(PLAIN)
    yield "G17_not_last", "payload", "not marked as last", only + chunk(PLAIN, last=False)
    yield "G17_second_number", "payload", "the number of the second", only + chunk(PLAIN, index=1)
    yield "G17_cut", "payload", "the last byte is missing", GOOD[:-1]
    yield "G18_more", "payload", "a byte after the last chunk", GOOD + b"!"
    yield "G18_line_end", "payload", "a line end after the last chunk", GOOD + b"\n"
    yield "G18_two", "payload", "two last chunks", GOOD + chunk(PLAIN, index=1)


def successes() -> Iterator[tuple[str, str, bytes]]:
    """Name, comment and file."""
    theirs = x25519(OTHER_PRIVATE, EPHEMERAL[::-1])
    yield "x25519", "one recipient", file()
    yield "x25519_second", "our stanza is the second", file(theirs, OURS)
    yield "x25519_twice", "two stanzas for us", file(OURS, x25519(ephemeral=EPHEMERAL[::-1]))
    yield "G09_before", "an unknown stanza before ours", file(UNKNOWN, OURS)
    yield "G09_between", "an unknown stanza between", file(theirs, UNKNOWN, OURS)
    yield "G09_after", "an unknown stanza after ours", file(OURS, UNKNOWN)
    yield "G09_empty_body", "an unknown stanza with an empty body", file(b"-> x\n\n", OURS)
    yield "G09_full_line", "an unknown body of 64 characters", file(b"-> x\n" + FULL, OURS)
    every = bytes(range(0x21, 0x7F))
    yield (
        "G09_every_character",
        "all that an argument may hold",
        file(b"-> " + every + b"\n\n", OURS),
    )
    yield "G09_lower_case", "x25519 is not X25519", file(b"-> x25519 short\n\n", OURS)
    yield "G09_other_case", "Scrypt is not scrypt", file(b"-> Scrypt a b c d\n\n", OURS)
    yield "G09_many", "sixty-three before ours", file(*[b"-> x\n\n"] * 63, OURS)


def table() -> list[Vector]:
    """Every vector, each with a name of its own."""
    found = [Vector(name, "header", comment, data) for name, comment, data in header_faults()]
    found += [Vector(*each) for each in other_faults()]
    found += [Vector(*each, identity="", passphrase="pretzel") for each in passphrase_faults()]
    for name, kind, comment, data in passphrase_faults():
        if name.startswith("G10_"):
            found.append(Vector(f"{name}_identity", kind, comment, data))
    found += [Vector(name, "success", comment, data) for name, comment, data in successes()]
    found += [
        Vector("scrypt", "success", "a passphrase", file(scrypt()), "", "pretzel"),
        Vector("G19_empty", "success", "an empty payload", file(plain=b""), plain=b""),
        Vector("no_match_passphrase", "no match", "wrong one", file(scrypt()), "", "Pretzel"),
        Vector("no_match_for_identity", "no match", "for a recipient", GOOD, "", "pretzel"),
        Vector("no_match_identity", "no match", "another identity", GOOD, OTHER_IDENTITY),
    ]
    return found


def write() -> None:
    """Write the table out, one file for each vector."""
    FOLDER.mkdir(exist_ok=True)
    for vector in table():
        (FOLDER / f"{vector.name}.txt").write_text(vector.text(), encoding="ascii")


if __name__ == "__main__":
    write()
