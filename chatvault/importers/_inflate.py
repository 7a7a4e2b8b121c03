"""Decompressing that stays within limits: never more output at a time than was asked for.

The decompressors of the standard library differ in small ways; here all are a `Decoder`, and all
their errors are a `Broken`, which is a ValueError, as `Source.open` promises.
"""

import bz2
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from chatvault.errors import RefusedByLimit, Where
from chatvault.importers._limits import Limits

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

INPUT = 64 * 1024
ERRORS = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError)


class Broken(ValueError):
    """The bytes of an archive are damaged, or they break off."""


class Decoder(Protocol):
    """One compressed stream, fed piece by piece; the rules are those of `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Deflate:
    """zlib with the rules of the others; `wbits` -15 is raw deflate, 31 is gzip."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)

    def copy(self) -> "Deflate":
        """An independent decompressor in the same state."""
        other = Deflate(-15)
        other._inner = self._inner.copy()
        return other


class ZipLzma:
    """LZMA as zip has it: two bytes of version, two of size, then the five usual ones."""

    unused_data = b""

    def __init__(self, window: int) -> None:
        self._window = window
        self._head = b""
        self._inner: lzma.LZMADecompressor | None = None

    @property
    def eof(self) -> bool:
        return self._inner is not None and self._inner.eof

    @property
    def needs_input(self) -> bool:
        return self._inner is None or self._inner.needs_input

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._inner is None:
            self._head += data
            if len(self._head) < 9:
                return b""
            data, packed = self._head[9:], self._head[4]
            size = int.from_bytes(self._head[5:9], "little")
            if self._head[2:4] != b"\5\0" or packed >= 225 or size > self._window:
                raise Broken("its LZMA header asks for something impossible")
            filters = [
                {
                    "id": lzma.FILTER_LZMA1,
                    "lc": packed % 9,
                    "lp": packed // 9 % 5,
                    "pb": packed // 45,
                    "dict_size": max(size, 4096),
                }
            ]
            self._inner = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        return self._inner.decompress(data, max_length)


def xz(limits: Limits) -> Decoder:
    """A decoder for one xz stream."""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.window)


def zstandard(limits: Limits) -> Decoder:
    """A decoder for one zstd frame; the window is what it may ask for in memory."""
    bits = limits.window.bit_length() - 1
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: bits})


# Numbers of APPNOTE 4.4.5, without 0 (stored). Deflate64 (9) has no decoder in Python.
ZIP_METHODS: dict[int, Callable[[Limits], Decoder]] = {
    8: lambda _: Deflate(-15),
    12: lambda _: bz2.BZ2Decompressor(),
    14: lambda limits: ZipLzma(limits.window),
    93: zstandard,
    95: xz,
}
# First bytes of a compressed file and what reads one of its streams; several may follow.
STREAMS: tuple[tuple[bytes, Callable[[Limits], Decoder]], ...] = (
    (b"\x1f\x8b\x08", lambda _: Deflate(31)),
    (b"\xfd7zXZ\0", xz),
    (b"\x28\xb5\x2f\xfd", zstandard),
    (b"BZh", lambda _: bz2.BZ2Decompressor()),
)


class Supply(Protocol):
    """Plain bytes, from the first to the last."""

    def more(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class Pump:
    """Plain bytes out of a compressed range of an open file, which it closes."""

    def __init__(self, file: BinaryIO, decoder: Decoder, length: int) -> None:
        self._file = file
        self._decoder = decoder
        self._left = length  # compressed bytes not yet read from the file

    def more(self, size: int) -> bytes:
        """Up to `size` plain bytes; none at the end of the stream."""
        while not self._decoder.eof:
            data = b""
            if self._decoder.needs_input:
                data = self._file.read(min(INPUT, self._left))
                self._left -= len(data)
            starved = self._decoder.needs_input and not data
            plain = decompress(self._decoder, data, size)
            if plain or starved or not (data or self._decoder.needs_input):
                return plain  # the last: a decoder that neither gives nor asks is at its end
        return b""

    def close(self) -> None:
        self._file.close()


def decompress(decoder: Decoder, data: bytes, size: int) -> bytes:
    """What a decoder makes of the data; its errors become `Broken`."""
    try:
        return decoder.decompress(data, size)
    except ERRORS as cause:
        raise Broken("its compressed bytes are damaged") from cause


class Reader(io.BufferedReader):
    """A buffered file that hands out what came before a damage, and only then tells the damage.

    A short read would else lose up to a buffer of good bytes: the messages before the damage.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return super().read(size)
        parts: list[bytes] = []
        while size > 0:
            try:
                part = self.read1(size)
            except (OSError, ValueError):
                if not parts:
                    raise
                break
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class Slice(io.RawIOBase):
    """A range of another file, read in place; with a checksum if it is read from start to end."""

    def __init__(self, file: BinaryIO, start: int, size: int, *, crc: int | None = None) -> None:
        self._file = file
        self._start = start
        self._size = size
        self._at = 0
        self._crc = crc
        self._summed = 0  # how far `_sum` has come; seeking past it ends the check
        self._sum = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a seek before the start of the file")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        if self._at >= self._size:
            if self._summed == self._size and self._crc not in {None, self._sum}:
                raise Broken("its checksum is wrong: the file is damaged")
            return 0
        self._file.seek(self._start + self._at)
        data = self._file.read(min(len(buffer), self._size - self._at))
        if not data:
            raise Broken("the archive ends before the file does")
        if self._summed == self._at and self._crc is not None:
            self._sum = zlib.crc32(data, self._sum)
            self._summed += len(data)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class Inflated(io.RawIOBase):
    """A compressed member of known size. Seeking works by reading on, or again from the start.

    It never makes more than one byte beyond the size that the archive declares, and it stops when
    a member grows beyond the ratio of the limits.
    """

    def __init__(
        self, begin: Callable[[], Supply], size: int, *, crc: int | None, allowed: int, where: str
    ) -> None:
        self._begin = begin
        self._supply: Supply | None = None
        self._size = size
        self._crc = crc
        self._allowed = allowed
        self._where = where
        self._sum = 0
        self._at = 0
        self._goal = 0  # where the next read shall begin; seeks cost nothing until then

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._goal, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a seek before the start of the file")
        self._goal = base + offset
        return self._goal

    def tell(self) -> int:
        return self._goal

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        if self._supply is None or self._goal < self._at:
            self._stop()
            self._supply = self._begin()
            self._at = self._sum = 0
        while self._at < min(self._goal, self._size):
            self._next(self._supply, min(INPUT, min(self._goal, self._size) - self._at))
        if self._goal >= self._size:
            self._check_end(self._supply)
            return 0
        data = self._next(self._supply, min(len(buffer), self._size - self._at))
        buffer[: len(data)] = data
        self._goal = self._at
        return len(data)

    def _next(self, supply: Supply, size: int) -> bytes:
        data = supply.more(size)
        if not data:
            raise Broken("it breaks off: the archive promises more bytes than there are")
        self._at += len(data)
        if self._at > self._allowed:
            raise RefusedByLimit(
                "it grows too much when it is decompressed",
                where=Where(self._where),
                remedy="if you trust it, unpack it and import the folder",
            )
        self._sum = zlib.crc32(data, self._sum)
        return data

    def _check_end(self, supply: Supply) -> None:
        if supply.more(1):
            raise Broken("it is longer than the archive says")
        if self._crc not in {None, self._sum}:
            raise Broken("its checksum is wrong: the file is damaged")

    def _stop(self) -> None:
        if self._supply is not None:
            self._supply.close()
            self._supply = None

    def close(self) -> None:
        if not self.closed:
            self._stop()
        super().close()


class Unreadable(io.RawIOBase):
    """A member whose bytes cannot be had; reading it tells why."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object, /) -> int:
        raise Broken(self._reason)
