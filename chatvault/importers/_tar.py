"""Tar archives: members by their place, whatever compression lies around them.

Our own reading and not `tarfile`: that one takes a file of zeros for an empty archive, and at a
damaged or missing later header it stops without a word, as if the archive ended there. Facts about
the format are those of POSIX pax and of the GNU tar manual.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Protocol

from chatvault.errors import RefusedByLimit, Where
from chatvault.importers._inflate import Broken, Inflated, Reader, Slice
from chatvault.importers._limits import Budget, MiB
from chatvault.importers._names import Names, decode
from chatvault.importers._source import Entry
from chatvault.importers._streams import Chain, Compressed
from chatvault.model import Problem

BLOCK = 512
ZEROS = bytes(BLOCK)
# Longer headers than this one, or longer chains of them, only an attacker writes.
META_SIZE = MiB
META_CHAIN = 16
FILE_TYPES = frozenset({b"0", b"\0", b"7"})
WITHOUT_DATA = {
    b"1": "a link, which is never followed",
    b"2": "a link, which is never followed",
    b"3": "a device, which holds no bytes",
    b"4": "a device, which holds no bytes",
    b"6": "a pipe, which holds no bytes",
}
TOO_EARLY = "the archive ends too early; what comes after this is missing"


class Damaged(ValueError):
    """A header that is none: nothing behind it can be found."""


class Steps(Protocol):
    """The plain bytes of a tar, forwards."""

    @property
    def at(self) -> int: ...
    def read(self, size: int, /) -> bytes: ...
    def skip(self, size: int, /) -> int: ...


class InPlace:
    """Steps over an uncompressed tar: passing over a file costs nothing."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self.at = 0

    def read(self, size: int, /) -> bytes:
        self._file.seek(self.at)
        data = self._file.read(size)
        self.at += len(data)
        return data

    def skip(self, size: int, /) -> int:
        done = max(0, min(size, self._size - self.at))
        self.at += done
        return done


class Through:
    """Steps over a compressed tar: everything has to be decompressed once."""

    def __init__(self, whole: Compressed, chain: Chain) -> None:
        self._whole = whole
        self._chain = chain
        self.broken = False

    @property
    def at(self) -> int:
        return self._chain.state.at

    def read(self, size: int, /) -> bytes:
        parts: list[bytes] = []
        while size and (data := self._more(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def skip(self, size: int, /) -> int:
        left = size
        while left and (data := self._more(min(left, MiB))):
            left -= len(data)
        return size - left

    def _more(self, size: int) -> bytes:
        try:
            data = self._chain.more(size)
        except Broken:
            return b""  # told as an archive that ends too early
        finally:
            self._whole.mark(self._chain)
        return data


@dataclass(frozen=True)
class Item:
    """One member; `reason` says why its bytes cannot be had."""

    raw: bytes
    text: str
    start: int
    size: int
    modified_ms: int | None
    reason: str = ""


def is_tar(head: bytes) -> bool:
    """Whether a file that begins so is a tar: the checksum of its first header says it."""
    return len(head) >= BLOCK and head[:BLOCK] != ZEROS and _checksum_fits(head[:BLOCK])


def list_tar(
    name: str, entry: Entry, budget: Budget, magic: bytes | None
) -> tuple[dict[str, Entry], tuple[Problem, ...]]:
    """The members of a tar and what is wrong with it; `magic` is that of its compression."""
    if magic is None:
        with entry.open() as file:
            items, problems = _collect(name, InPlace(file, entry.size), budget)
        return _in_place(items, entry), problems
    whole = Compressed(entry, magic, limits=budget.limits, where=name)
    chain = whole.start()
    try:
        items, problems = _collect(name, Through(whole, chain), budget)
    finally:
        chain.close()
    if whole.size <= budget.limits.nested_in_memory:
        return _in_place(items, whole.whole(budget.memory)), problems
    return _streamed(items, whole, name), problems


def _in_place(items: dict[str, tuple[Item, bytes | None]], entry: Entry) -> dict[str, Entry]:
    return {
        given: Entry(
            size=item.size,
            open=partial(_slice, entry, item.start, item.size),
            modified_ms=item.modified_ms,
            raw_name=raw,
            in_place=entry.in_place,
            nested=True,
        )
        for given, (item, raw) in items.items()
    }


def _slice(entry: Entry, start: int, size: int) -> BinaryIO:
    return Reader(Slice(entry.open(), start, size))


def _streamed(
    items: dict[str, tuple[Item, bytes | None]], whole: Compressed, name: str
) -> dict[str, Entry]:
    return {
        given: Entry(
            size=item.size,
            open=partial(_inflate, whole, item, f"{name}/{given}"),
            modified_ms=item.modified_ms,
            raw_name=raw,
            in_place=False,
            nested=True,
        )
        for given, (item, raw) in items.items()
    }


def _inflate(whole: Compressed, item: Item, where: str) -> BinaryIO:
    begin = partial(whole.at, item.start, item.size)
    return Reader(Inflated(begin, item.size, crc=None, allowed=item.size, where=where), MiB // 4)


def _collect(
    name: str, steps: Steps, budget: Budget
) -> tuple[dict[str, tuple[Item, bytes | None]], tuple[Problem, ...]]:
    names = Names(budget.limits, name)
    items: dict[str, tuple[Item, bytes | None]] = {}
    problems: list[Problem] = []
    for found in _walk(name, steps, budget):
        if isinstance(found, str):
            part = f"byte {steps.at}"
            problems.append(Problem(file=name, part=part, reason=found, raw=""))
            continue
        given, raw = names.give(found.raw, found.text)
        if found.reason:
            where = f"{name}/{given}"
            problems.append(Problem(file=where, part="", reason=found.reason, raw=""))
        else:
            items[given] = found, raw
    return items, tuple(problems)


def _walk(name: str, steps: Steps, budget: Budget) -> Iterator[Item | str]:
    """The members, and, as text, what is wrong with the archive as a whole."""
    everywhere: dict[str, bytes] = {}
    while True:
        try:
            found = _member(name, steps, budget, everywhere=everywhere)
        except Damaged as cause:
            yield str(cause)
            return
        if found is None:
            if steps.read(MiB).strip(b"\0"):
                yield "there is more behind the end of the archive, which was not read"
            return
        budget.add_member(name)
        item, stored = found
        if item is not None:
            yield item
        if steps.skip(stored) < stored:
            yield TOO_EARLY
            return
        steps.skip(-stored % BLOCK)


def _member(
    name: str, steps: Steps, budget: Budget, *, everywhere: dict[str, bytes]
) -> tuple[Item | None, int] | None:
    """The next member and the bytes it takes, None at the proper end; a folder is no item."""
    here: dict[str, bytes] = {}
    for _ in range(META_CHAIN):
        block = steps.read(BLOCK)
        if len(block) < BLOCK:
            raise Damaged(TOO_EARLY)
        if block == ZEROS:
            return None
        if not _checksum_fits(block):
            raise Damaged("a header is damaged; what comes after it cannot be read")
        size = _number(block[124:136])
        if size < 0:
            raise _refused(name, "a file in it has a negative size")
        kind = block[156:157]
        if kind not in {b"x", b"X", b"g", b"L", b"K"}:
            return _item(name, block, steps, budget=budget, fields={**everywhere, **here})
        if size > META_SIZE:
            raise _refused(name, "a header in it is larger than any honest one")
        payload = steps.read(size)
        if len(payload) < size:
            raise Damaged(TOO_EARLY)
        steps.skip(-size % BLOCK)
        if kind == b"L":
            here["path"] = payload.partition(b"\0")[0]
        elif kind == b"g":
            everywhere.update(_pax(payload))
        elif kind != b"K":
            here.update(_pax(payload))
    raise _refused(name, "its headers go round in circles")


def _item(
    name: str, block: bytes, steps: Steps, *, budget: Budget, fields: dict[str, bytes]
) -> tuple[Item | None, int]:
    kind = block[156:157]
    raw = fields.get("GNU.sparse.name") or fields.get("path") or _plain_name(block)
    size = _decimal(name, fields["size"]) if "size" in fields else _number(block[124:136])
    sparse = kind == b"S" or any(key.startswith("GNU.sparse.") for key in fields)
    text = decode(raw)
    if kind == b"5" or (kind == b"\0" and raw.endswith(b"/")):
        return None, 0
    reason = WITHOUT_DATA.get(kind, "")
    stored = 0 if reason else size
    if sparse:
        reason = "a file with holes, which ChatVault cannot read"
        _skip_sparse_map(block, steps)
    elif not reason and kind not in FILE_TYPES:
        reason = "something of an unknown type"
    if not reason:
        budget.add_plain(size, name)
    modified = _modified(fields.get("mtime"), block[136:148])
    return Item(raw, text, steps.at, size, modified, reason), stored


def _plain_name(block: bytes) -> bytes:
    last = block[:100].partition(b"\0")[0]
    if block[257:263] != b"ustar\0":  # GNU tar keeps other things where POSIX has a prefix
        return last
    prefix = block[345:500].partition(b"\0")[0]
    return prefix + b"/" + last if prefix else last


def _skip_sparse_map(block: bytes, steps: Steps) -> None:
    """Pass over the further maps that GNU tar's own sparse format puts before the data."""
    more = block[156:157] == b"S" and block[482]
    while more:
        block = steps.read(BLOCK)
        if len(block) < BLOCK:
            raise Damaged(TOO_EARLY)
        more = block[504]


def _pax(payload: bytes) -> dict[str, bytes]:
    """The records of a pax header: `<length> <key>=<value>\\n`."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(payload) and payload[at]:
        digits, space, _ = payload[at : at + 20].partition(b" ")
        size = int(digits) if digits.isdigit() else 0
        record = payload[at : at + size]
        key, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        if not (space and equals and record.endswith(b"\n") and len(record) == size):
            raise Damaged("an extended header is damaged; what comes after it cannot be read")
        found[key.decode("utf-8", "replace")] = value
        at += size
    return found


def _decimal(name: str, value: bytes) -> int:
    if not (value.isdigit() and len(value) < 20):
        raise _refused(name, "a file in it has an impossible size")
    return int(value)


def _number(field: bytes) -> int:
    """A number field: octal text, or base 256 when its first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        return value - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else value
    text = field.partition(b"\0")[0].strip(b" ")
    if text.strip(b"01234567"):
        raise Damaged("a header is damaged; what comes after it cannot be read")
    return int(text or b"0", 8)


def _checksum_fits(block: bytes) -> bool:
    field = block[148:156].partition(b"\0")[0].strip(b" ")
    if not field or field.strip(b"01234567"):
        return False
    fixed = int(field, 8)
    counted = block[:148] + b" " * 8 + block[156:]
    # Very old programs added the bytes as signed numbers.
    return fixed in {sum(counted), sum(counted) - 256 * sum(byte > 127 for byte in counted)}


def _modified(pax: bytes | None, field: bytes) -> int | None:
    """Milliseconds of the time of modification, None when no file can have it."""
    try:
        seconds = float(pax) if pax is not None else float(_number(field))
    except ValueError:
        return None
    return int(seconds * 1000) if 0 < seconds < 4_102_444_800 else None


def _refused(name: str, reason: str) -> RefusedByLimit:
    return RefusedByLimit(
        reason,
        where=Where(name),
        remedy="download it again; if it stays like that, unpack it and import the folder",
    )
