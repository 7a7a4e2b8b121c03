"""Makes archives for tests, honest ones and lying ones, byte by byte."""

import io
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from chatvault.importers._containers import expand
from chatvault.importers._limits import Budget, Limits
from chatvault.importers._source import Entry, Source


def entry(data: bytes, **fields) -> Entry:
    return Entry(len(data), lambda: io.BytesIO(data), **fields)


def opened(data: bytes, name: str = "x.zip", **limits: int) -> Source:
    source = expand(name, entry(data), Budget(Limits(**limits)))
    assert source is not None
    return source


def contents(source: Source) -> dict[str, bytes]:
    found = {}
    for name in source.entries:
        with source.open(name) as file:
            found[name] = file.read()
    return found


def reasons(source: Source) -> list[tuple[str, str]]:
    return [(problem.file, problem.reason) for problem in source.problems]


def peak(work: Callable[[], object]) -> int:
    """The most memory that Python held during the work, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@dataclass
class Counted:
    """An archive that is not in memory but made on the way, and counts what is read of it."""

    data: bytes
    read: int = 0

    def open(self) -> BinaryIO:
        outer = self

        class File(io.BytesIO):
            def read(self, size=-1, /):
                data = super().read(size)
                outer.read += len(data)
                return data

        return File(self.data)


@dataclass
class One:
    """A zip member, every field of which may lie; None: what is true."""

    name: bytes
    data: bytes = b""
    method: int = 0
    packed: bytes | None = None
    size: int | None = None
    packed_size: int | None = None
    crc: int | None = None
    flags: int = 0
    local_name: bytes | None = None
    offset: int | None = None  # of the local header, instead of writing one
    extra: bytes = b""
    attributes: int = 0
    disk: int = 0
    date: int = 0


def make_zip(*members: One, prefix: bytes = b"", end: bytes | None = None, **lies: int) -> bytes:
    """A zip; `lies` are count, start and size of its end record."""
    body, directory = bytearray(), bytearray()
    for one in members:
        packed = one.packed
        if packed is None:
            packed = one.data if one.method == 0 else deflated(one.data)
        size = len(one.data) if one.size is None else one.size
        packed_size = len(packed) if one.packed_size is None else one.packed_size
        crc = zlib.crc32(one.data) if one.crc is None else one.crc
        offset = one.offset
        if offset is None:
            offset = len(body)
            name = one.name if one.local_name is None else one.local_name
            fixed = (20, one.flags, one.method, 0, one.date, crc)
            sizes = (packed_size & 0xFFFFFFFF, size & 0xFFFFFFFF)
            body += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *fixed, *sizes, len(name), 0)
            body += name + packed
        extra = one.extra
        if size >= 2**32:
            extra += struct.pack("<HHQ", 1, 8, size)
            size = 0xFFFFFFFF
        directory += struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            *(b"PK\1\2", 0x031E, 20, one.flags, one.method, 0, one.date, crc, packed_size, size),
            *(len(one.name), len(extra), 0, one.disk, 0, one.attributes, offset),
        )
        directory += one.name + extra
    if end is None:
        count = lies.get("count", len(members)) & 0xFFFF
        place = (lies.get("size", len(directory)), lies.get("start", len(body)))
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, *place, 0)
    return prefix + bytes(body) + bytes(directory) + end


def zip64_end(directory_at: int, directory_size: int, count: int) -> bytes:
    """The three records that end a zip64 whose directory ends right before them."""
    at = directory_at + directory_size
    record = (44, 45, 45, 0, 0, count, count, directory_size, directory_at)
    return (
        struct.pack("<4sQHHIIQQQQ", b"PK\6\6", *record)
        + struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
        + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    )


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zipped(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_700_000_000
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def tar_header(name: bytes, size: bytes = b"00000000000\0", kind: bytes = b"0", **lies) -> bytes:
    """One tar header with a checksum that fits, whatever else is in it."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = lies.get("mode", b"0000644\0")
    block[124:136] = size
    block[136:148] = lies.get("mtime", b"14524560000\0")
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


END = bytes(1024)
