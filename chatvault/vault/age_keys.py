"""Who can open an age file: X25519 identities and their recipients, and passphrases.

Each of them wraps the file key of a new file into a stanza, or finds it in the header of an old
one; `encrypt_header` and `decrypt_header` do that for whole headers.
"""

import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from chatvault.errors import Usage, WrongSecret
from chatvault.vault.age_header import (
    MAX_STANZAS,
    AgeError,
    AgeLimit,
    Header,
    ScryptStanza,
    Stanza,
    X25519Stanza,
    bad_header,
    encode_base64,
    render_end,
    render_stanzas,
)

_X25519_INFO = b"age-encryption.org/v1/X25519"
_SCRYPT_LABEL = b"age-encryption.org/v1/scrypt"
_IDENTITY_PREFIX = "AGE-SECRET-KEY-"
_RECIPIENT_PREFIX = "age"
# The nonce may be zero because every wrap key encrypts exactly one file key: it comes from a
# fresh ephemeral secret or a fresh salt.
_WRAP_NONCE = bytes(12)

MAX_FACTOR = 22  # 4 GiB
ASSUMED_MEMORY = 4 * 1024**3  # where the system does not tell


@dataclass(frozen=True)
class ScryptProfile:
    """What one guess of a passphrase costs: 2^log_n rounds, 1 KiB of memory for each."""

    log_n: int


NORMAL = ScryptProfile(18)  # 256 MiB, about 0.85 s on a laptop of 2020
TESTING = ScryptProfile(10)  # 1 MiB; protects nothing

BadKeyKind = Literal["typing error", "wrong kind"]


class BadIdentity(WrongSecret):
    """This text is no X25519 identity: mistyped, or a key of another kind."""

    def __init__(self, kind: BadKeyKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class BadRecipient(Usage):
    """This text is no X25519 recipient: mistyped, or a key of another kind."""

    def __init__(self, kind: BadKeyKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Secret:
    """Shows nothing of itself, and can be neither pickled nor copied."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is neither pickled nor copied")


class Recipient(Secret):
    """Whom a file is encrypted to. As secret as the identity: it also lets one make valid files."""

    __slots__ = ("_public",)

    def __init__(self, public: bytes) -> None:
        self._public = public

    @classmethod
    def parse(cls, text: str) -> "Recipient":
        """The recipient `age1...`."""
        try:
            prefix, public = _decode_bech32(text)
        except _NotBech32 as cause:
            raise BadRecipient("typing error", f"not an age recipient: {cause}") from cause
        if prefix != _RECIPIENT_PREFIX or len(public) != 32:
            raise BadRecipient("wrong kind", "only recipients of the form age1... can be used")
        try:
            _agree(X25519PrivateKey.from_private_bytes(os.urandom(32)), public)
        except _LowOrder as cause:
            raise BadRecipient("wrong kind", "this age recipient protects nothing") from cause
        return cls(public)

    def text(self) -> str:
        """The recipient as `age1...`; never print the vault's own."""
        return _encode_bech32(_RECIPIENT_PREFIX, self._public)

    def wrap(self, file_key: bytes) -> Stanza:
        """A stanza that only the identity of this recipient opens."""
        ephemeral = X25519PrivateKey.from_private_bytes(os.urandom(32))
        share = ephemeral.public_key().public_bytes_raw()
        key = hkdf(_agree(ephemeral, self._public), salt=share + self._public, info=_X25519_INFO)
        return Stanza(("X25519", encode_base64(share).decode("ascii")), _wrap(key, file_key))


class Identity(Secret):
    """An X25519 key that opens what was encrypted to its recipient."""

    __slots__ = ("_private", "recipient")

    def __init__(self, private: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private)
        self.recipient = Recipient(self._private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "Identity":
        """A new identity."""
        return cls(os.urandom(32))

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """The identity `AGE-SECRET-KEY-1...`, exactly as `text` writes it."""
        try:
            prefix, private = _decode_bech32(text)
        except _NotBech32 as cause:
            raise BadIdentity("typing error", f"a typing error in the key: {cause}") from cause
        if prefix.lower() == _RECIPIENT_PREFIX:
            raise BadIdentity("wrong kind", "this is a recipient (age1...), not the secret key")
        if prefix != _IDENTITY_PREFIX or len(private) != 32:
            raise BadIdentity("wrong kind", "this is not a key of the form AGE-SECRET-KEY-1...")
        return cls(private)

    @classmethod
    def parse_typed(cls, text: str) -> "Identity":
        """An identity as people type it: spaces, line breaks and case do not matter."""
        return cls.parse("".join(text.split()).upper())

    def text(self) -> str:
        """The identity as `AGE-SECRET-KEY-1...`."""
        return _encode_bech32(_IDENTITY_PREFIX, self._private.private_bytes_raw())

    def unwrap(self, header: Header) -> bytes | None:
        """The file key, if a stanza of the header is for this identity."""
        for stanza in header.x25519:
            if (file_key := self._unwrap_stanza(stanza)) is not None:
                return file_key
        return None

    def _unwrap_stanza(self, stanza: X25519Stanza) -> bytes | None:
        try:
            shared = _agree(self._private, stanza.share)
        except _LowOrder as cause:
            raise bad_header("the share of an X25519 stanza is a point of low order") from cause
        public = self._private.public_key().public_bytes_raw()
        return _unwrap(hkdf(shared, salt=stanza.share + public, info=_X25519_INFO), stanza.body)


class Passphrase(Secret):
    """A passphrase, to encrypt to (alone) and to open with. The text is used as it is."""

    __slots__ = ("_profile", "_text")

    def __init__(self, text: str, profile: ScryptProfile = NORMAL) -> None:
        # Half a surrogate pair has no UTF-8. Asked first, because the codec's own error would
        # carry the passphrase.
        if not text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            raise Usage("the passphrase is empty or not valid text")
        self._text = text.encode("utf-8")
        self._profile = profile

    def wrap(self, file_key: bytes) -> Stanza:
        """A stanza that only this passphrase opens."""
        salt = os.urandom(16)
        body = _wrap(self._derive(salt, self._profile.log_n), file_key)
        arguments = ("scrypt", encode_base64(salt).decode("ascii"), str(self._profile.log_n))
        return Stanza(arguments, body)

    def unwrap(self, header: Header) -> bytes | None:
        """The file key, if the header holds it under this passphrase."""
        if header.scrypt is None:
            return None
        return self._unwrap_stanza(header.scrypt)

    def _unwrap_stanza(self, stanza: ScryptStanza) -> bytes | None:
        refuse_costly(stanza.factor, physical_memory())
        return _unwrap(self._derive(stanza.salt, stanza.factor), stanza.body)

    def _derive(self, salt: bytes, log_n: int) -> bytes:
        try:
            return Scrypt(_SCRYPT_LABEL + salt, length=32, n=2**log_n, r=8, p=1).derive(self._text)
        except MemoryError as cause:
            message = f"not enough free memory for the scrypt factor 2^{log_n}"
            raise AgeLimit("limit", message, remedy="close other programs") from cause


def encrypt_header(file_key: bytes, recipients: Sequence[Recipient | Passphrase]) -> bytes:
    """A header that gives the file key to each recipient. A passphrase must be the only one."""
    if not 1 <= len(recipients) <= MAX_STANZAS:
        raise ValueError(f"between one and {MAX_STANZAS} recipients")
    if len(recipients) > 1 and any(isinstance(each, Passphrase) for each in recipients):
        raise ValueError("a passphrase is the only recipient of its file")
    signed = render_stanzas(tuple(recipient.wrap(file_key) for recipient in recipients))
    return signed + render_end(_mac(file_key, signed))


def decrypt_header(header: Header, identities: Sequence[Identity | Passphrase]) -> bytes:
    """The file key, from the first identity that fits; the header is authentic then."""
    for identity in identities:
        file_key = identity.unwrap(header)
        if file_key is None:
            continue
        if not hmac.compare_digest(_mac(file_key, header.signed), header.mac):
            raise AgeError("mac", "the age header was changed after it was written")
        return file_key
    raise AgeError("no match", "this age file is not for this key or passphrase")


def _mac(file_key: bytes, signed: bytes) -> bytes:
    return hmac.digest(hkdf(file_key, salt=b"", info=b"header"), signed, "sha256")


def refuse_costly(factor: int, memory: int) -> None:
    """Raise if a scrypt factor is above 2^22 or needs more than 75 % of the memory."""
    if factor > MAX_FACTOR:
        # A factor may have thousands of digits: it is not worth printing then.
        told = str(factor) if factor < 1000 else "1000 and more"
        message = f"a scrypt factor of 2^{told} is refused (at most 2^{MAX_FACTOR})"
        raise AgeLimit("limit", message)
    needed = 128 * 8 * 2**factor
    if needed > memory * 3 // 4:
        raise AgeLimit(
            "limit",
            f"the scrypt factor 2^{factor} needs {needed // 1024**2:,} MiB, which is more than "
            f"75 % of the {memory // 1024**2:,} MiB of this machine",
            remedy="open it on a machine with more memory",
        )


def physical_memory() -> int:
    """Bytes of memory this machine has."""
    try:
        told = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return ASSUMED_MEMORY
    return told if told > 0 else ASSUMED_MEMORY


def hkdf(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """32 bytes of HKDF-SHA-256."""
    return HKDF(SHA256(), length=32, salt=salt, info=info).derive(secret)


def _wrap(key: bytes, file_key: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(_WRAP_NONCE, file_key, None)


def _unwrap(key: bytes, body: bytes) -> bytes | None:
    try:
        return ChaCha20Poly1305(key).decrypt(_WRAP_NONCE, body, None)
    except InvalidTag:
        return None


class _LowOrder(Exception):
    """The other side's point makes every shared secret zero."""


def _agree(private: X25519PrivateKey, public: bytes) -> bytes:
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        # The library refuses a zero secret itself; we do not rely on it.
        shared = bytes(32)
    if hmac.compare_digest(shared, bytes(32)):
        raise _LowOrder
    return shared


# Bech32 (BIP 173) without its limit on length, as age writes keys.
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM = 6


class _NotBech32(Exception):
    """Says what is wrong, without a character of the key."""


def _encode_bech32(prefix: str, raw: bytes) -> str:
    lower = prefix.lower()
    values = _regroup(raw, 8, 5)
    rest = _polymod([*_expand(lower), *values, *[0] * _CHECKSUM]) ^ 1
    values += [rest >> 5 * (5 - place) & 31 for place in range(_CHECKSUM)]
    text = lower + "1" + "".join(_ALPHABET[value] for value in values)
    return text.upper() if prefix.isupper() else text


def _decode_bech32(text: str) -> tuple[str, bytes]:
    """Prefix, in the case it was written in, and bytes."""
    if not text.isascii() or text not in (text.lower(), text.upper()):
        raise _NotBech32("foreign characters, or upper and lower case mixed")
    prefix, separator, data = text.rpartition("1")
    values = [_ALPHABET.find(character) for character in data.lower()]
    if not prefix or not separator or len(values) < _CHECKSUM or -1 in values:
        raise _NotBech32("a character that no key has, or a part is missing")
    if _polymod([*_expand(prefix.lower()), *values]) != 1:
        raise _NotBech32("the checksum does not fit")
    payload = values[:-_CHECKSUM]
    raw = bytes(_regroup(payload, 5, 8)[: len(payload) * 5 // 8])
    if _regroup(raw, 8, 5) != payload:
        raise _NotBech32("left-over bits")
    return prefix, raw


def _expand(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            if top >> place & 1:
                checksum ^= generator
    return checksum


def _regroup(values: bytes | list[int], old: int, new: int) -> list[int]:
    """The same bits in groups of another width, the last group filled with zeros."""
    count = -(-len(values) * old // new)
    bits = 0
    for value in values:
        bits = bits << old | value
    bits <<= count * new - len(values) * old
    return [bits >> new * (count - 1 - place) & (1 << new) - 1 for place in range(count)]
