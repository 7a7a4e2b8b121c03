"""Builds age files out of their parts, right and wrong ones, from the specification alone.

Shares no line with the code under test. Every random value is fixed, so a file is always the same.
"""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

FILE_KEY = b"yellow submarine"
NONCE = b"sixteen  bytes ."
SALT = b"salted pretzel !"
CHUNK = 65536

PRIVATE = bytes(range(32, 64))
OTHER_PRIVATE = bytes(range(64, 96))
EPHEMERAL = bytes(range(96, 128))

# The two private keys as text, and the first one's recipient; `age-keygen -y` agrees.
IDENTITY = "AGE-SECRET-KEY-1YQSJYGEYY5NZW2PF9G4JCTFW9UCRZV3NXS6NVDEC8YARK0PA8CLSWXGG7Q"
OTHER_IDENTITY = "AGE-SECRET-KEY-1GPQ5YS6YG4RYWJZFFF95CN2WFAG9Z5JN2324V46CT9D9KHZATE0S5FAZ64"
RECIPIENT = "age1xkq8943ktzqdrth2x2ddlyfp8qu9rmfp528rka0fvhgd9ngkvf2qu2snyf"


def b64(raw: bytes) -> bytes:
    return base64.b64encode(raw).rstrip(b"=")


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    extracted = hmac.digest(salt or bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def public_of(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def wrapped(key: bytes, plain: bytes = FILE_KEY) -> bytes:
    return ChaCha20Poly1305(key).encrypt(bytes(12), plain, None)


def wrapped_body(body: bytes) -> bytes:
    """The lines of a stanza's body, each with its line end."""
    text = b64(body)
    return b"".join(text[at : at + 64] + b"\n" for at in range(0, len(text) + 1, 64))


def share(ephemeral: bytes = EPHEMERAL) -> bytes:
    return public_of(ephemeral)


def x25519_body(
    private: bytes = PRIVATE, ephemeral: bytes = EPHEMERAL, plain: bytes = FILE_KEY
) -> bytes:
    public = public_of(private)
    secret = X25519PrivateKey.from_private_bytes(ephemeral).exchange(
        X25519PublicKey.from_public_bytes(public)
    )
    key = hkdf(secret, share(ephemeral) + public, b"age-encryption.org/v1/X25519")
    return wrapped(key, plain)


def x25519(private: bytes = PRIVATE, ephemeral: bytes = EPHEMERAL) -> bytes:
    """A whole X25519 stanza."""
    body = wrapped_body(x25519_body(private, ephemeral))
    return b"-> X25519 " + b64(share(ephemeral)) + b"\n" + body


def scrypt_body(passphrase: bytes = b"pretzel", factor: int = 10, plain: bytes = FILE_KEY) -> bytes:
    label = b"age-encryption.org/v1/scrypt" + SALT
    key = hashlib.scrypt(passphrase, salt=label, n=2**factor, r=8, p=1, dklen=32, maxmem=2**26)
    return wrapped(key, plain)


def scrypt(factor: bytes = b"10", salt: bytes = SALT, body: bytes | None = None) -> bytes:
    """A whole scrypt stanza; the default body opens with the passphrase `pretzel`."""
    body = wrapped_body(scrypt_body() if body is None else body)
    return b"-> scrypt " + b64(salt) + b" " + factor + b"\n" + body


def mac(signed: bytes, file_key: bytes = FILE_KEY) -> bytes:
    return hmac.digest(hkdf(file_key, b"", b"header"), signed, "sha256")


def header(*stanzas: bytes, version: bytes = b"age-encryption.org/v1\n") -> bytes:
    """A header around the stanzas, with the right MAC whatever is in them."""
    signed = version + b"".join(stanzas) + b"---"
    return signed + b" " + b64(mac(signed)) + b"\n"


def payload_key(file_key: bytes = FILE_KEY, nonce: bytes = NONCE) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(hkdf(file_key, nonce, b"payload"))


def chunk(plain: bytes, index: int = 0, last: bool = True) -> bytes:
    nonce = index.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
    return payload_key().encrypt(nonce, plain, None)


def chunks(plain: bytes) -> list[bytes]:
    """The chunks of a whole payload."""
    pieces = [plain[at : at + CHUNK] for at in range(0, len(plain), CHUNK)] or [b""]
    return [chunk(piece, at, at == len(pieces) - 1) for at, piece in enumerate(pieces)]


def payload(plain: bytes = b"a pretzel a day") -> bytes:
    return NONCE + b"".join(chunks(plain))


def file(*stanzas: bytes, plain: bytes = b"a pretzel a day") -> bytes:
    """A whole file, to IDENTITY unless stanzas are given."""
    return header(*(stanzas or (x25519(),))) + payload(plain)
