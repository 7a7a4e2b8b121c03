"""Give every file of a ChatVault vault back, without ChatVault: made from docs/format.md alone."""

import argparse
import contextlib
import getpass
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tarfile
import unicodedata
from binascii import a2b_base64
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

zstd: Any = None  # in Python 3.14; or the package backports.zstd; or the program
for package in ("backports", "compression"):
    with contextlib.suppress(ImportError):
        zstd = __import__(package, fromlist=["zstd"]).zstd

CHUNK = LONGEST_LINE = 65_536
KINDS = "file|pack|receipt|undo-import|(merge|split|rename|same)-(conversation|person|participant)"
VALUE, OTHER = b"([A-Za-z0-9+/]{43})", rb"(?:-> (?!X25519|scrypt).+\n(?:.{64}\n)*.{0,63}\n)*"
KIND = rb"(?:X25519 %b|scrypt ([A-Za-z0-9+/]{22}) ([1-9]|1[0-9]|2[0-2]))" % VALUE
HEADER = rb"(age-encryption.org/v1\n%b-> %b\n%b\n%b---) %b\n" % (OTHER, KIND, VALUE, OTHER, VALUE)
RING = r"""# ChatVault key ring, format 1\n# vault: (\S{36})\n# database-key: ([0-9a-f]{64})
# content-id-key: ([0-9a-f]{64})\n(AGE-SECRET-KEY-1[A-Z0-9]{58})\n"""
MEMBER = re.compile(r"entry-(\d+)/(?:manifest|decisions)\.jsonl|(?:import|entry)-\d+/pack\.json")
UNSAFE = re.compile('[\0-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069<>:"\\\\|?*]|[. ]$')
DEVICE = re.compile(r"(?i)^(?=(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$))")
WRONG = (ValueError, LookupError, TypeError, AttributeError, RecursionError, EOFError, OSError)
WRONG += (ArithmeticError, InvalidTag, tarfile.TarError, getattr(zstd, "ZstdError", OSError))
problems: dict[str, None] = {}  # in their order, each once


class Age:  # a file of age, opened with an identity (bytes) or a passphrase (text)
    def __init__(self, path: Path, secret: bytes | str) -> None:
        with path.open("rb") as file:
            header, length = re.match(HEADER, file.read(CHUNK)), file.seek(0, 2)
            if not header:
                raise ValueError("no header of age, or its work factor is too high")
            self.path, self.start, self.owner = path, file.seek(header.end()) + 16, None
            nonce = file.read(16)
        share, salt, body, mac = (a2b_base64((header[n] or b"") + b"==") for n in (2, 3, 5, 6))
        if isinstance(secret, bytes):
            private = X25519PrivateKey.from_private_bytes(secret)
            shared = private.exchange(X25519PublicKey.from_public_bytes(share))
            salt = share + private.public_key().public_bytes_raw()
            wrap = hkdf(shared, salt, b"age-encryption.org/v1/X25519")
        else:
            label, cost = b"age-encryption.org/v1/scrypt", 1 << int(header[4])
            wrap = Scrypt(label + salt, 32, cost, 8, 1).derive(secret.encode())
        key = ChaCha20Poly1305(wrap).decrypt(bytes(12), body, None)
        if not hmac.compare_digest(
            hmac.digest(hkdf(key, b"", b"header"), header[1], "sha256"), mac
        ):
            raise ValueError("its header is damaged")
        self.key = ChaCha20Poly1305(hkdf(key, nonce, b"payload"))
        self.chunks = max(1, -(-(length - self.start) // (CHUNK + 16)))
        self.size = length - self.start - 16 * self.chunks

    def plain(self, offset: int, size: int) -> Iterator[bytes]:
        """A range of the plain bytes, in pieces; zeros where a chunk is damaged, which is noted."""
        if not 0 <= offset <= offset + size <= self.size:
            raise ValueError(f"{self.path.name} is too short")
        while size > 0:
            index, skip = divmod(offset, CHUNK)
            nonce = index.to_bytes(11, "big") + bytes([index == self.chunks - 1])
            try:
                with self.path.open("rb") as file:
                    file.seek(self.start + index * (CHUNK + 16))
                    piece = self.key.decrypt(nonce, file.read(CHUNK + 16), None)[skip:][:size]
            except (InvalidTag, OSError):
                problems[f"{self.path.name}: chunk {index} of {self.chunks} is damaged"] = None
                piece = bytes(min(CHUNK - skip, size))
            yield piece
            offset, size = offset + len(piece), size - len(piece)

    def lines(self, offset: int, size: int) -> Iterator[dict[str, Any]]:
        rest = b""
        for piece in self.plain(offset, size):
            *whole, rest = (rest + piece).split(b"\n")
            for text in whole:  # only a receipt may be too long, and no reader needs it
                try:
                    line = json.loads(text) if len(text) <= LONGEST_LINE else {"type": "receipt"}
                    yield line if line.get("format", 1) <= 1 else {"type": "line of a later format"}
                except WRONG:
                    yield {"type": "damaged line"}
            rest = rest[: LONGEST_LINE + 1]


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return hmac.digest(hmac.digest(salt, secret, "sha256"), info + b"\1", "sha256")


def identity(text: str) -> bytes:
    """Bech32, but for its checksum: a mistyped identity opens nothing."""
    digits = text.strip().lower().removeprefix("age-secret-key-1")[:52]
    bits = "".join(f"{'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.index(digit):05b}" for digit in digits)
    return int(bits[:256], 2).to_bytes(32, "big")


def write(pieces: Iterator[bytes], id_key: bytes, line: dict[str, Any], folder: Path) -> None:
    """Write a file of an export: never outside the folder, and never over another."""
    folder.mkdir(exist_ok=True)
    with (part := folder.with_name("unfinished")).open("w+b") as file:
        if not line.get("codec"):
            file.writelines(pieces)
        elif zstd:
            unpacker = zstd.ZstdDecompressor()
            for piece in pieces:
                file.write(unpacker.decompress(piece, CHUNK))
                while not (unpacker.needs_input or unpacker.eof):
                    file.write(unpacker.decompress(b"", CHUNK))
        else:
            with subprocess.Popen(["zstd", "-dcq"], stdin=-1, stdout=file) as program:
                program.stdin.writelines(pieces)
        size, _ = file.seek(0, 2), file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256")
    content_id = hmac.digest(id_key, sha256.digest(), "sha256").hex()
    if [size, sha256.hexdigest(), content_id] != [line["size"], line["sha256"], line["content_id"]]:
        raise ValueError("its bytes are not those that were imported")
    names = [UNSAFE.sub("_", DEVICE.sub("_", name)).encode() for name in line["path"].split("/")]
    names = [name[-180:].decode(errors="ignore") or "_" for name in names[-9:]]
    place, number = folder.joinpath(*names), 2
    while place.exists() or any(map(Path.is_file, place.parents)):
        place, number = folder.joinpath(f"~{number}", *names), number + 1
    place.parent.mkdir(parents=True, exist_ok=True)
    part.rename(place)
    if "modified_ms" in line:
        os.utime(place, ns=(line["modified_ms"] * 10**6,) * 2)


def read_pack(pack: Age) -> Iterator[tuple[int, Age, tuple[int, int], str]]:
    """Read all of a pack, so that any damage is noted; give the entry in it, if it has one."""
    pieces = pack.plain(0, pack.size)
    file: Any = SimpleNamespace(read=lambda _: next(pieces, b""))
    with tarfile.open(fileobj=file, mode="r|", bufsize=CHUNK) as tar:
        for member in tar:
            place, name = (member.offset_data, member.size), MEMBER.fullmatch(member.name)
            if name and name[1]:
                digest: Any = hashlib.file_digest(tar.extractfile(member), "sha256")
                yield int(name[1]), pack, place, digest.hexdigest()
            elif name:
                pack.owner = json.loads(b"".join(pack.plain(*place))).get("import")
            tar.members.clear()
    any(not piece for piece in pieces)  # what tarfile left


def recover(packs: dict[str, Age], entries: list[Any], id_key: bytes, dest: Path) -> None:
    everything = (line for _, pack, place, _ in entries for line in pack.lines(*place))
    undone = [x["import"] for x in everything if x.get("type") == "undo-import"]
    known, before = {None}, None
    for number, pack, place, sha256 in entries:
        folder = None
        for line in pack.lines(*place):
            try:
                if (kind := line["type"]) in ("import", "decisions"):
                    known |= {line.get("import"), *line.get("finishes", ())}
                    if kind == "import" and line["import"] not in undone:
                        folder = dest / f"import-{int(line['import'])}"
                    link, before = before, sha256
                    if (line["entry"], line["previous"]) != (number, link):
                        raise ValueError("does not follow the one before: a pack is missing")
                elif kind == "file" and folder:
                    pieces = packs[line["pack"]].plain(line["offset"], line["stored"])
                    write(pieces, id_key, line, folder)
                elif not re.fullmatch(KINDS, kind):
                    raise ValueError("not understood, and may change what the others mean")
            except WRONG as error:
                problems[f"entry {number}, {kind} {line.get('path', '')!r}: {error}"] = None
    for name, pack in packs.items():
        if pack.owner not in known:
            problems[f"{name}: the list of its files is missing, or was never written"] = None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vault", type=Path)
    parser.add_argument("dest", type=Path)
    parser.add_argument("--recovery-key", type=Path, metavar="FILE")
    parser.add_argument("--show-database-key", action="store_true")
    told, ring = parser.parse_args(), None
    if told.recovery_key:
        key = re.search(r"AGE-SECRET-KEY-1\w{58}", told.recovery_key.read_text())
        secret: bytes | str = identity(key[0] if key else sys.exit("no recovery key in there"))
    else:
        secret = unicodedata.normalize("NFC", getpass.getpass("Passphrase: "))
    for slot in sorted((told.vault / "keys").glob("*.age")):
        with contextlib.suppress(*WRONG):
            age = Age(slot, secret)
            ring = ring or re.fullmatch(RING, b"".join(age.plain(0, age.size)).decode())
    about: dict[str, Any] = {}
    with contextlib.suppress(*WRONG):  # it is not needed
        about = json.loads((told.vault / "vault.json").read_text())
    if not ring or about.get("format", 1) > 1 or about.get("vault", ring[1]) != ring[1]:
        sys.exit("no slot of this vault opens with that, or the vault is of a later format")
    if told.show_database_key:
        print(f"database-key: {ring[2]}")
    os.umask(0o077)
    if told.dest.exists():
        sys.exit(f"{told.dest} is there already")
    told.dest.mkdir(parents=True)
    packs, entries = dict[str, Age](), list[Any]()
    for path in sorted((told.vault / "packs").glob("*.tar.age")):
        try:
            packs[path.name] = Age(path, identity(ring[4]))
            entries += read_pack(packs[path.name])
        except WRONG as error:
            problems[f"{path.name}: {error}"] = None
    recover(packs, sorted(entries, key=lambda x: x[0]), bytes.fromhex(ring[3]), told.dest)
    (told.dest / "unfinished").unlink(missing_ok=True)
    print(*problems, f"{len(problems)} problems", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
