"""Encrypted files in the age format (c2sp.org/age), version 1, binary: written, and read by seek.

An age file is a header (age_header.py) that holds the file key for each recipient (age_keys.py),
16 bytes of nonce, and the payload in chunks of 64 KiB, each with a tag of 16 bytes. The payload
key comes from file key and nonce; a chunk's nonce is its number and whether it is the last one, so
chunks can be neither moved, dropped nor taken from another file.
"""

import io
import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from chatvault.errors import DiskTrouble
from chatvault.vault.age_header import (
    MAX_HEADER,
    AgeError,
    AgeLimit,
    AgeNewer,
    Kind,
    parse_header,
)
from chatvault.vault.age_keys import (
    NORMAL,
    TESTING,
    BadIdentity,
    BadRecipient,
    Identity,
    Passphrase,
    Recipient,
    ScryptProfile,
    Secret,
    decrypt_header,
    encrypt_header,
    hkdf,
)

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

__all__ = [
    "CHUNK",
    "NORMAL",
    "TESTING",
    "AgeError",
    "AgeLimit",
    "AgeNewer",
    "BadIdentity",
    "BadRecipient",
    "Identity",
    "Kind",
    "Passphrase",
    "Reader",
    "Recipient",
    "ScryptProfile",
    "Writer",
    "decrypt",
    "encrypt",
]

CHUNK = 64 * 1024
TAG = 16
SEALED = CHUNK + TAG
FILE_KEY = 16
NONCE = 16

_BATCH = 16  # chunks that go to the file in one call: 1 MiB
_CACHED = 4  # chunks that a reader keeps, for small reads here and there


def encrypt(data: bytes, recipients: Sequence[Recipient | Passphrase]) -> bytes:
    """A whole small file, encrypted."""
    file = io.BytesIO()
    writer = Writer(file, recipients)
    writer.write(data)
    writer.finish()
    return file.getvalue()


def decrypt(data: bytes, identities: Sequence[Identity | Passphrase]) -> bytes:
    """What a whole small file holds."""
    return Reader(io.BytesIO(data), identities).readall()


def _payload_cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(hkdf(file_key, salt=nonce, info=b"payload"))


def _chunk_nonce(index: int, *, last: bool) -> bytes:
    # A number may serve as nonce because the payload key is used for one file only.
    return index.to_bytes(11, "big") + bytes([last])


class Writer(Secret):
    """Encrypts what is written to it into a new age file. Nothing is complete before `finish`.

    `file_key`, `header_size` and `nonce` are what `Reader.with_file_key` asks for. The file gets
    views of a buffer that is used again: it must not keep them.
    """

    def __init__(self, file: BinaryIO, recipients: Sequence[Recipient | Passphrase]) -> None:
        self.file_key = os.urandom(FILE_KEY)
        self.nonce = os.urandom(NONCE)
        self.plain_size = 0
        self._file = file
        self._cipher = _payload_cipher(self.file_key, self.nonce)
        self._chunks = 0
        # The last chunk is marked, so a full one waits here until we know that more follows.
        self._waiting = memoryview(bytearray(CHUNK))
        self._waits = 0
        self._sealed = memoryview(bytearray(_BATCH * SEALED))
        self._closed = False
        header = encrypt_header(self.file_key, recipients)
        self.header_size = len(header)
        self._write_out(memoryview(header + self.nonce))

    def write(self, data: "ReadableBuffer") -> int:
        """Encrypt more bytes; returns how many, always all of them."""
        view = memoryview(data).cast("B")
        self._enter()
        size = len(view)
        if self._waits:
            view = self._top_up(view)
        while len(view) > CHUNK:
            # Straight from the caller's bytes, as many chunks as one call can take; the last
            # one is kept back.
            count = min((len(view) - 1) // CHUNK, _BATCH)
            for place in range(count):
                self._seal(view[place * CHUNK : (place + 1) * CHUNK], place)
            self._write_out(self._sealed[: count * SEALED])
            view = view[count * CHUNK :]
        if view:
            self._waiting[: len(view)] = view
            self._waits = len(view)
        self.plain_size += size
        self._closed = False
        return size

    def finish(self) -> None:
        """Write the last chunk. The file is neither flushed nor closed."""
        self._enter()
        self._seal(self._waiting[: self._waits], 0, last=True)
        self._write_out(self._sealed[: self._waits + TAG])

    def _enter(self) -> None:
        if self._closed:
            raise ValueError("this age file is finished, or a write to it has failed")
        # Opened again at the end of a successful write: after a failure the file may hold part
        # of a chunk and must not be continued.
        self._closed = True

    def _top_up(self, view: memoryview) -> memoryview:
        """Fill the waiting chunk, and write it if more follows; returns what is left over."""
        taken = min(CHUNK - self._waits, len(view))
        self._waiting[self._waits : self._waits + taken] = view[:taken]
        self._waits += taken
        if taken < len(view):
            self._seal(self._waiting, 0)
            self._waits = 0
            self._write_out(self._sealed[:SEALED])
        return view[taken:]

    def _seal(self, plain: memoryview, place: int, *, last: bool = False) -> None:
        start = place * SEALED
        # Counted before it is used, so that no nonce comes twice whatever happens.
        index = self._chunks
        self._chunks += 1
        self._cipher.encrypt_into(
            _chunk_nonce(index, last=last),
            plain,
            None,
            self._sealed[start : start + len(plain) + TAG],
        )

    def _write_out(self, data: memoryview) -> None:
        while data:
            written = self._file.write(data)
            if not written:
                raise DiskTrouble("the file takes no more bytes")
            data = data[written:]


class Reader(Secret, io.RawIOBase):
    """The plain bytes of an age file, read-only, by seek; only the chunks needed are decrypted.

    Nothing is handed out before the tag of its chunk has verified. A damaged or missing chunk
    hides no other: only reads that touch it fail, and so do `size` and the end of the file when
    it is the last one. The file must begin at its position 0 and stays open on `close`.
    """

    def __init__(self, file: BinaryIO, identities: Sequence[Identity | Passphrase]) -> None:
        header = parse_header(_read_at(file, 0, MAX_HEADER))
        self._start(file, decrypt_header(header, identities), header.size, nonce=b"")

    @classmethod
    def with_file_key(
        cls, file: BinaryIO, file_key: bytes, *, header_size: int, nonce: bytes = b""
    ) -> "Reader":
        """Read a file whose key is known, without its header, however damaged that is.

        With the nonce given too, the one in the file is not needed either.
        """
        reader = cls.__new__(cls)
        reader._start(file, file_key, header_size, nonce=nonce)
        return reader

    def _start(self, file: BinaryIO, file_key: bytes, header_size: int, *, nonce: bytes) -> None:
        self.file_key = file_key
        self.header_size = header_size
        self.nonce = nonce or _read_at(file, header_size, NONCE)
        self._file = file
        self._payload = header_size + NONCE
        self._position = 0
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._whole = False  # the last chunk was opened as such: the size is true
        length = file.seek(0, io.SEEK_END) - self._payload
        if length < TAG:
            raise AgeError("truncated", "this age file ends before its first chunk")
        self._cipher = _payload_cipher(file_key, self.nonce)
        # From the length alone: number of the last chunk, its plain size, and whether there can
        # be such a chunk at all. Not believed before that chunk is opened.
        self._last, sealed = divmod(length - 1, SEALED)
        sealed += 1
        self._last_size = max(sealed - TAG, 0)
        self._fault: tuple[Kind, str] | None = None
        if sealed < TAG:
            self._fault = "truncated", "this age file breaks off in its last chunk"
        elif sealed == TAG and self._last:
            self._fault = "payload", "the last chunk of this age file is empty"

    @property
    def size(self) -> int:
        """Number of plain bytes; true, because the last chunk was opened first."""
        while not self._whole:
            self._chunk(self._last)
        return self._end

    def verify(self) -> list[int]:
        """Open every chunk; returns the numbers of those that are damaged or missing."""
        damaged = []
        scratch = memoryview(bytearray(CHUNK))
        index = 0
        while index <= self._last:  # moves on by one if the file turns out to be cut
            try:
                self._open(index, scratch[: self._plain_size(index)])
            except AgeError:
                damaged.append(index)
            index += 1
        return damaged

    def read_range(self, offset: int, length: int) -> bytes:
        """Exactly these bytes; other chunks than theirs are not looked at."""
        if offset < 0 or length < 0:
            raise ValueError("a range begins and goes on at zero or more")
        if offset + length > self._end:
            raise AgeError("truncated", "this age file ends before the bytes asked for")
        found = bytearray(length)
        target = memoryview(found)
        while target:
            done = self._fill(target, offset)
            target = target[done:]
            offset += done
        return bytes(found)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move; beyond the end is allowed, and nothing is there to read."""
        self._check_open()
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += self.size
        elif whence != io.SEEK_SET:
            raise ValueError("a position is counted from start, here or end")
        if offset < 0:
            raise ValueError("a position is zero or more")
        self._position = offset
        return offset

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer as far as there are bytes; stops in front of a damaged chunk."""
        self._check_open()
        view = memoryview(buffer).cast("B")
        # The end is only believed once the last chunk has been opened.
        if not view or (self._position >= self._end and self._position >= self.size):
            return 0
        done = self._fill(view[: self._end - self._position], self._position)
        self._position += done
        return done

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to so many bytes, all there are when negative; never reserves memory beyond them."""
        self._check_open()
        if size is None or size < 0:
            return self.readall()
        # At least one byte, so that `readinto` makes sure of the end.
        found = bytearray(min(size, max(self._end - self._position, 1)))
        return bytes(memoryview(found)[: self.readinto(found)])

    def readall(self) -> bytes:
        """Everything from here to the end."""
        self._check_open()
        if self._position >= self.size:
            return b""
        found = self.read_range(self._position, self.size - self._position)
        self._position += len(found)
        return found

    @property
    def _end(self) -> int:
        return self._last * CHUNK + self._last_size

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("this reader is closed")

    def _plain_size(self, index: int) -> int:
        return self._last_size if index == self._last else CHUNK

    def _fill(self, target: memoryview, offset: int) -> int:
        """Plain bytes from an offset on; fewer than asked for when a damaged chunk follows."""
        done = 0
        while done < len(target):
            index, skip = divmod(offset + done, CHUNK)
            part = target[done : done + self._plain_size(index) - skip]
            try:
                if len(part) == CHUNK and index not in self._cache:
                    self._open(index, part)
                else:
                    part[:] = self._chunk(index)[skip : skip + len(part)]
            except AgeError:
                if not done:
                    raise
                break
            done += len(part)
        return done

    def _chunk(self, index: int) -> bytes:
        """A whole chunk, remembered for a while."""
        if index not in self._cache:
            plain = bytearray(self._plain_size(index))
            self._open(index, memoryview(plain))
            self._cache[index] = bytes(plain)
            if len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        self._cache.move_to_end(index)
        return self._cache[index]

    def _open(self, index: int, target: memoryview) -> None:
        """Decrypt a chunk into the target, or leave zeros there and raise."""
        last = index == self._last
        if last and self._fault:
            raise AgeError(*self._fault)
        size = len(target) + TAG
        sealed = _read_at(self._file, self._payload + index * SEALED, size)
        if len(sealed) < size:
            raise AgeError("truncated", "this age file became shorter while it was read")
        if self._opens(index, sealed, target, last=last):
            self._whole = self._whole or last
        elif last and size == SEALED and self._opens(index, sealed, target, last=False):
            # An undamaged chunk in the middle of a file whose rest is gone: it is readable, and
            # the missing one behind it is the last.
            self._fault = "truncated", "this age file is cut off between two chunks"
            self._last, self._last_size = index + 1, 0
        else:
            raise AgeError("payload", f"chunk {index} of this age file is damaged")

    def _opens(self, index: int, sealed: bytes, target: memoryview, *, last: bool) -> bool:
        try:
            self._cipher.decrypt_into(_chunk_nonce(index, last=last), sealed, None, target)
        except InvalidTag:
            # The cipher writes while it checks: nothing unverified may stay behind.
            target[:] = bytes(len(target))
            return False
        return True


def _read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """So many bytes from an offset on, fewer only at the end of the file."""
    file.seek(offset)
    data = file.read(size)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
