"""The write-ahead log of an SQLite file, replayed onto a copy of the file.

What an app wrote last stands in `chat.db-wal` until SQLite moves it into `chat.db`. The format is
that of sqlite.org/fileformat2.html, section 4: a header, then frames of one page each. A frame
counts if its salts are those of the header and its checksum, which runs over all frames before it,
is right; and only up to the last frame that ends a transaction.
"""

import struct
from typing import BinaryIO, NamedTuple

HEADER = struct.Struct(">8I")
FRAME = struct.Struct(">6I")
LITTLE, BIG = 0x377F0682, 0x377F0683  # the byte order of the checksums
VERSION = 3007000


class Replayed(NamedTuple):
    """How many frames were replayed; whether some behind them belong to a transaction unfinished or
    broken, which SQLite would not show either."""

    frames: int
    rest: bool


def replay(database: bytearray, wal: BinaryIO, *, limit: int) -> Replayed:
    """Bring the finished transactions of a log into the bytes of its database.

    `limit` is the largest size that the database may get. OSError and ValueError come from reading.
    """
    head = wal.read(HEADER.size)
    if len(head) < HEADER.size:
        return Replayed(0, rest=bool(head))
    magic, version, page_size, _, salt1, salt2, *sums = HEADER.unpack(head)
    if magic not in {LITTLE, BIG} or version != VERSION or page_size != page_size_of(database):
        return Replayed(0, rest=True)
    order = ">" if magic == BIG else "<"
    running = _checksum(head[:24], (0, 0), order)
    if running != tuple(sums):
        return Replayed(0, rest=True)
    done = count = 0
    waiting: dict[int, bytes] = {}  # the pages of the transaction that is being read
    while len(frame := wal.read(FRAME.size)) == FRAME.size:
        number, pages, *salts, sum1, sum2 = FRAME.unpack(frame)
        page = wal.read(page_size)
        if salts != [salt1, salt2] or len(page) < page_size or not number:
            break  # older frames stay behind the newer ones when the log begins again
        running = _checksum(page, _checksum(frame[:8], running, order), order)
        if running != (sum1, sum2) or max(number, pages) * page_size > limit:
            return Replayed(done, rest=True)
        count += 1
        waiting[number] = page
        if pages:
            _apply(database, waiting, pages * page_size, page_size)
            waiting, done = {}, count
    return Replayed(done, rest=count > done)


def page_size_of(database: bytes | bytearray) -> int:
    """The page size that a header tells; 0 if it is none that SQLite has."""
    size = int.from_bytes(database[16:18], "big")
    size = 65536 if size == 1 else size
    return size if 512 <= size <= 65536 and size & (size - 1) == 0 else 0


def _apply(database: bytearray, pages: dict[int, bytes], size: int, page_size: int) -> None:
    if len(database) < size:
        database.extend(bytes(size - len(database)))
    for number, page in pages.items():
        if number * page_size <= size:
            database[(number - 1) * page_size : number * page_size] = page
    del database[size:]


def _checksum(data: bytes, start: tuple[int, int], order: str) -> tuple[int, int]:
    """SQLite's checksum of bytes (a multiple of eight), going on from `start`."""
    one, two = start
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for word in words:
        one = (one + word + two) & 0xFFFFFFFF
        two = (two + next(words) + one) & 0xFFFFFFFF
    return one, two
