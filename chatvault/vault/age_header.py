"""The text in front of an age file: parsed strictly and within limits, and written.

    age-encryption.org/v1
    -> X25519 <share>                 one stanza per recipient: arguments, then a body in lines of
    <wrapped file key>                64 characters, the last one shorter (and maybe empty)
    --- <MAC of everything before the space>

What parses is written back byte for byte the same, so no two headers mean the same thing. Format:
c2sp.org/age. Nothing here touches a key.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Literal

from chatvault.errors import Damaged, NewerFormat, RefusedByLimit

# Ours, not the format's: each stanza costs a key agreement before anything is authenticated.
MAX_HEADER = 64 * 1024
MAX_LINE = 4096  # with its line end
MAX_STANZAS = 64

VERSION = b"age-encryption.org/v1"
_ANY_VERSION = re.compile(rb"age-encryption\.org/[\x21-\x7e]+")
_ARGUMENT = re.compile(rb"[\x21-\x7e]+")
_MAC_LINE = re.compile(rb"--- ([A-Za-z0-9+/]{43})")
# int() would also take "+18", "1_8" and full-width digits.
_FACTOR = re.compile(r"[1-9][0-9]*")
_COLUMNS = 64

Kind = Literal["header", "version", "no match", "mac", "limit", "payload", "truncated"]


class AgeError(Damaged):
    """An age file does not open; `kind` says in which of seven ways. Never holds key bytes."""

    kind: Kind

    def __init__(self, kind: Kind, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.kind = kind


class AgeNewer(AgeError, NewerFormat):
    """An age file of a version that we do not know (kind `version`)."""

    exit_code = NewerFormat.exit_code


class AgeLimit(AgeError, RefusedByLimit):
    """An age file asks for more memory or work than we spend on it (kind `limit`)."""

    exit_code = RefusedByLimit.exit_code


@dataclass(frozen=True)
class Stanza:
    """The file key, wrapped for one recipient of any type."""

    arguments: tuple[str, ...]
    body: bytes


@dataclass(frozen=True)
class X25519Stanza:
    """A well-formed X25519 stanza: 32 bytes of share, 32 of wrapped file key."""

    share: bytes
    body: bytes


@dataclass(frozen=True)
class ScryptStanza:
    """A well-formed scrypt stanza; `factor` is any positive number, still to be judged."""

    salt: bytes
    factor: int
    body: bytes


@dataclass(frozen=True)
class Header:
    """A whole header. `signed` are the bytes its MAC covers, `size` is where the payload begins."""

    stanzas: tuple[Stanza, ...]
    x25519: tuple[X25519Stanza, ...]
    scrypt: ScryptStanza | None
    signed: bytes
    mac: bytes
    size: int


def bad_header(reason: str) -> AgeError:
    """The error for a header that breaks a rule of the format."""
    return AgeError("header", f"the age header is malformed: {reason}")


def parse_header(start: bytes) -> Header:
    """Read the header at the start of a file; `start` need not be longer than MAX_HEADER."""
    _check_beginning(start)
    lines = _Lines(start)
    _check_version(lines.next())
    stanzas: list[Stanza] = []
    while (line := lines.next()).startswith(b"-> "):
        if len(stanzas) == MAX_STANZAS:
            raise AgeLimit("limit", f"the age header has more than {MAX_STANZAS} stanzas")
        stanzas.append(Stanza(_arguments(line), _body(lines)))
    end = _MAC_LINE.fullmatch(line)
    if end is None:
        raise bad_header("a line is neither the start of a stanza nor the MAC")
    if not stanzas:
        raise bad_header("no stanza")
    return Header(
        stanzas=tuple(stanzas),
        x25519=tuple(_x25519(stanza) for stanza in stanzas if stanza.arguments[0] == "X25519"),
        scrypt=_only_scrypt(stanzas),
        signed=start[: lines.line_start + 3],
        mac=decode_base64(end[1]),
        size=lines.position,
    )


def render_stanzas(stanzas: tuple[Stanza, ...]) -> bytes:
    """The header up to and including `---`: what the MAC covers."""
    lines = [VERSION]
    for stanza in stanzas:
        lines.append(b"-> " + " ".join(stanza.arguments).encode("ascii"))
        body = encode_base64(stanza.body)
        # One step past the end: a body that fills its last line is closed by an empty one.
        lines += [body[at : at + _COLUMNS] for at in range(0, len(body) + 1, _COLUMNS)]
    return b"\n".join([*lines, b"---"])


def render_end(mac: bytes) -> bytes:
    """The rest of the last header line."""
    return b" " + encode_base64(mac) + b"\n"


def encode_base64(raw: bytes) -> bytes:
    """Standard alphabet, no padding."""
    return base64.b64encode(raw).rstrip(b"=")


def decode_base64(text: bytes) -> bytes:
    """The bytes that `encode_base64` turns into exactly this text; anything else is refused."""
    try:
        raw = binascii.a2b_base64(text + b"=" * (-len(text) % 4))
    except binascii.Error as cause:
        raise bad_header("not base64") from cause
    # The decoder skips foreign characters and ignores left-over bits: only this is strict.
    if encode_base64(raw) != text:
        raise bad_header("not canonical base64")
    return raw


class _Lines:
    """The lines of a header, one after the other, never looking beyond a limit."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self.line_start = 0
        self.position = 0

    def next(self) -> bytes:
        """The next line without its line end."""
        self.line_start = self.position
        limit = min(self.position + MAX_LINE, MAX_HEADER)
        end = self._start.find(b"\n", self.position, limit)
        if end < 0 and len(self._start) >= limit:
            what = "header" if limit == MAX_HEADER else "line of the header"
            raise AgeLimit("limit", f"a {what} of this age file is too long")
        if end < 0:
            raise bad_header("it breaks off")
        self.position = end + 1
        return self._start[self.line_start : end]


def _check_beginning(start: bytes) -> None:
    if start.startswith(b"-----BEGIN AGE"):
        raise AgeError(
            "header",
            "this is the text form (armour) of an age file, which ChatVault does not read",
            remedy="decode the base64 between its first and last line to get the binary form",
        )
    if not start.startswith(VERSION[:-2]):
        raise bad_header("this is not an age file")


def _check_version(line: bytes) -> None:
    if line == VERSION:
        return
    if _ANY_VERSION.fullmatch(line):
        raise AgeNewer("version", "an age file of an unknown version", remedy="update ChatVault")
    raise bad_header("the version line")


def _arguments(line: bytes) -> tuple[str, ...]:
    arguments = line[3:].split(b" ")
    if not all(_ARGUMENT.fullmatch(argument) for argument in arguments):
        raise bad_header("an argument of a stanza is empty or not plain ASCII")
    return tuple(argument.decode("ascii") for argument in arguments)


def _body(lines: _Lines) -> bytes:
    text = bytearray()
    while len(line := lines.next()) == _COLUMNS:
        text += line
    if len(line) > _COLUMNS:
        raise bad_header("a body line is longer than 64 characters")
    return decode_base64(bytes(text + line))


def _x25519(stanza: Stanza) -> X25519Stanza:
    if len(stanza.arguments) != 2:
        raise bad_header("an X25519 stanza has one argument beside its name")
    share = decode_base64(stanza.arguments[1].encode("ascii"))
    # The length of the body is fixed before any key is tried, so that one body cannot be made
    # to open under several keys (partitioning oracle).
    if len(share) != 32 or len(stanza.body) != 32:
        raise bad_header("share or body of an X25519 stanza is not 32 bytes")
    return X25519Stanza(share, stanza.body)


def _only_scrypt(stanzas: list[Stanza]) -> ScryptStanza | None:
    """The scrypt stanza if there is one. It must be alone: a passphrase file authenticates its
    sender, and another stanza would let somebody else read or replace it.
    """
    found = [stanza for stanza in stanzas if stanza.arguments[0] == "scrypt"]
    if not found:
        return None
    if len(stanzas) > 1:
        raise bad_header("a scrypt stanza is not alone")
    [stanza] = found
    if len(stanza.arguments) != 3:
        raise bad_header("a scrypt stanza has two arguments beside its name")
    salt = decode_base64(stanza.arguments[1].encode("ascii"))
    if len(salt) != 16 or len(stanza.body) != 32:
        raise bad_header("salt or body of a scrypt stanza has a wrong size")
    if not _FACTOR.fullmatch(stanza.arguments[2]):
        raise bad_header("the scrypt factor is not a plain number")
    return ScryptStanza(salt, int(stanza.arguments[2]), stanza.body)
