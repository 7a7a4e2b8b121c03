"""Zip archives: the directory at their end, and the members opened in place.

Our own reading and not `zipfile`: that one reads overlapping members, cuts names at NUL without a
word, lets deflate grow a thousandfold, and holds every entry in a large object. Facts about the
format are those of PKWARE's APPNOTE 6.3.
"""

import io
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from chatvault.errors import RefusedByLimit, Where
from chatvault.importers._inflate import (
    ZIP_METHODS,
    Inflated,
    Pump,
    Reader,
    Slice,
    Unreadable,
)
from chatvault.importers._limits import Budget, Limits
from chatvault.importers._names import Names, decode, from_unicode_field, safe
from chatvault.importers._source import Entry
from chatvault.importers._zip_end import End, find_end
from chatvault.model import Problem

CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
LOCAL = struct.Struct("<4sHHHHHIIIHH")
LENGTHS = struct.Struct("<HHH")
ENCRYPTED = 0x1
DAMAGED = "download it again and wait until it is complete"


class Header(NamedTuple):
    """One entry of the directory, with the sizes of zip64 already in place."""

    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    offset: int
    raw: bytes
    extra: bytes


class Clock:
    """DOS dates of one archive, most of which are alike."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._known: dict[tuple[int, int], int | None] = {}

    def utc_ms(self, date: int, time: int) -> int | None:
        """Milliseconds in UTC; None for no date, and for one that no calendar has."""
        if (date, time) not in self._known:
            self._known[date, time] = self._convert(date, time)
        return self._known[date, time]

    def _convert(self, date: int, time: int) -> int | None:
        if date <= 0x21:  # 1980-01-01 stands for "no date"
            return None
        day = (1980 + (date >> 9), date >> 5 & 15, date & 31)
        try:
            wall = datetime(*day, time >> 11, time >> 5 & 63, time % 32 * 2, tzinfo=self._zone)
        except ValueError:
            return None
        return int(wall.timestamp()) * 1000


@dataclass(slots=True)
class Member:
    """What it takes to open a member; `end` is where the next one begins."""

    archive: Entry
    name: str
    start: int
    packed: int
    size: int
    crc: int
    method: int
    raw: bytes
    limits: Limits
    end: int = 0

    def open(self) -> BinaryIO:
        """The plain bytes; what is wrong with them shows when they are read."""
        file = self.archive.open()
        try:
            start = self._data(file)
        except ValueError as cause:
            file.close()
            return Reader(Unreadable(str(cause)))
        if self.method == 0:
            return Reader(Slice(file, start, self.size, crc=self.crc))
        file.close()
        allowed = max(self.limits.member_ratio_from, self.limits.member_ratio * self.packed)
        return Reader(
            Inflated(
                lambda: self._pump(start),
                self.size,
                crc=self.crc,
                allowed=allowed if self.size <= allowed else self.limits.member_ratio_from,
                where=self.name,
            ),
            io.DEFAULT_BUFFER_SIZE * 4,
        )

    def _pump(self, start: int) -> Pump:
        file = self.archive.open()
        file.seek(start)
        return Pump(file, ZIP_METHODS[self.method](self.limits), self.packed)

    def _data(self, file: BinaryIO) -> int:
        """Where the member's bytes begin, after checking that both of its headers agree."""
        file.seek(self.start)
        head = file.read(LOCAL.size)
        if len(head) < LOCAL.size or not head.startswith(b"PK\3\4"):
            raise ValueError("there is no file where the directory of the zip says")
        _, _, _, method, _, _, _, _, _, name_size, extra_size = LOCAL.unpack(head)
        raw = file.read(name_size)
        if raw != self.raw and safe(_text(raw)) != safe(_text(self.raw)):
            raise ValueError("the zip has two different names for it")
        if method != self.method:
            raise ValueError("the zip names two different methods for it")
        start: int = self.start + LOCAL.size + name_size + extra_size
        if start + self.packed > self.end:
            raise ValueError("its bytes reach into the next file of the zip")
        if method == 0 and self.packed != self.size:
            raise ValueError("the zip gives two different sizes for it")
        return start


def list_zip(
    name: str, entry: Entry, budget: Budget, *, zone: str
) -> tuple[dict[str, Entry], tuple[Problem, ...]]:
    """The members of a zip and what is wrong with it; `zone` is for its clocks without one.

    Raises RefusedByLimit when the whole cannot be trusted.
    """
    members: list[Member] = []
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    names = Names(budget.limits, name)
    clock = Clock(zone)
    with entry.open() as file:
        end = find_end(name, entry, file, budget)
        for header in _directory(name, file, end, budget):
            budget.add_member(name)
            text = _text(header.raw, header.extra)
            given, raw = names.give(header.raw, text)
            member = Member(
                archive=entry,
                name=f"{name}/{given}",
                start=header.offset + end.shift,
                packed=header.packed,
                size=header.size,
                crc=header.crc,
                method=header.method,
                raw=header.raw,
                limits=budget.limits,
            )
            members.append(member)
            if text.endswith(("/", "\\")) and header.size == 0:
                continue
            reason = _unreadable(header)
            if "\0" in text:
                reason = reason or "its name goes on behind a zero byte; kept under the first part"
            if reason:
                problems.append(Problem(file=member.name, part="", reason=reason, raw=""))
            if not _unreadable(header):
                budget.add_plain(header.size, name)
                entries[given] = Entry(
                    size=header.size,
                    open=member.open,
                    modified_ms=_modified(header, clock),
                    raw_name=raw,
                    in_place=header.method == 0 and entry.in_place,
                    nested=True,
                )
    _check_overlap(name, members, end)
    return entries, tuple(problems)


def _unreadable(header: Header) -> str:
    if header.flags & ENCRYPTED:
        return "password protected"
    if header.method and header.method not in ZIP_METHODS:
        return f"compressed by method {header.method}, which ChatVault cannot read"
    return ""


def _text(raw: bytes, extra: bytes = b"") -> str:
    """The name as text, told by a field or found out; the flag for UTF-8 is not always true."""
    if raw.isascii():
        return raw.decode("ascii")
    for tag, value in _fields(extra):
        if tag == 0x7075 and (text := from_unicode_field(raw, value)) is not None:
            return text
    return decode(raw)


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, at)
        yield tag, extra[at + 4 : at + 4 + size]
        at += 4 + size


def _directory(name: str, file: BinaryIO, end: End, budget: Budget) -> Iterator[Header]:
    """The entries of the directory; they are counted before the first of them is made."""
    file.seek(end.start)
    data = file.read(end.size)
    starts = _starts(name, data)
    # Without zip64 the count has 16 bits, and some programs let it wrap.
    wrap = 2**64 if end.exact else 2**16
    if len(starts) % wrap != end.files % wrap:
        raise _refused(name, "its directory does not add up")
    budget.check_members(len(starts), name)
    for at in starts:
        fixed = CENTRAL.unpack_from(data, at)
        split = at + CENTRAL.size + fixed[10]
        yield _header(name, fixed, data[at + CENTRAL.size : split], data[split : split + fixed[11]])


def _starts(name: str, data: bytes) -> "array[int]":
    """Where each entry of the directory begins."""
    starts = array("L")
    at, last = 0, len(data) - CENTRAL.size
    while at <= last and data.startswith(b"PK\1\2", at):
        starts.append(at)
        name_size, extra_size, note_size = LENGTHS.unpack_from(data, at + 28)
        at += CENTRAL.size + name_size + extra_size + note_size
    if at != len(data):
        raise _refused(name, "its directory is damaged")
    return starts


def _header(name: str, fixed: tuple[int, ...], raw: bytes, extra: bytes) -> Header:
    _, _, _, flags, method, time, date, crc, packed, size, _, _, _, disk, _, _, offset = fixed
    if disk not in {0, 0xFFFF}:
        raise _refused(name, f"part {disk + 1} of this split zip is missing")
    if 0xFFFFFFFF in {packed, size, offset}:
        for tag, value in _fields(extra):
            if tag != 1:
                continue
            numbers = iter(struct.unpack_from(f"<{len(value) // 8}Q", value))
            size = next(numbers, size) if size == 0xFFFFFFFF else size
            packed = next(numbers, packed) if packed == 0xFFFFFFFF else packed
            offset = next(numbers, offset) if offset == 0xFFFFFFFF else offset
    return Header(flags, method, time, date, crc, packed, size, offset, raw, extra)


def _check_overlap(name: str, members: list[Member], end: End) -> None:
    """Every member has bytes of its own, all before the directory; tells each where it must end."""
    members.sort(key=lambda member: member.start)
    limit = end.start
    for member in reversed(members):
        # The local header may be longer than this; `Member._data` looks at it when it is opened.
        if member.start + LOCAL.size + member.packed > limit:
            raise _refused(name, "its files overlap or lie outside of it")
        member.end = limit
        limit = member.start
    if members and limit < end.shift:
        raise _refused(name, "its files overlap or lie outside of it")


def _refused(name: str, reason: str) -> RefusedByLimit:
    return RefusedByLimit(reason, where=Where(name), remedy=DAMAGED)


def _modified(header: Header, clock: Clock) -> int | None:
    """The time of modification: UTC where a field has it, else the packing computer's clock."""
    if header.extra:
        for tag, value in _fields(header.extra):
            if tag == 0x5455 and len(value) >= 5 and value[0] & 1:
                seconds: int = struct.unpack_from("<i", value, 1)[0]
                return seconds * 1000 if seconds > 0 else None
            if tag == 0x000A and len(value) >= 32 and value[4:8] == b"\1\0\x18\0":
                ticks: int = struct.unpack_from("<Q", value, 8)[0]
                ms = ticks // 10_000 - 11_644_473_600_000  # from 1601
                return ms if 0 < ms < 4_102_444_800_000 else None
    return clock.utc_ms(header.date, header.time)
