"""The end of a zip: where its directory lies, and whether this is the whole of one zip."""

import struct
from typing import BinaryIO, NamedTuple

from chatvault.errors import RefusedByLimit, Where
from chatvault.importers._limits import Budget, MiB
from chatvault.importers._source import Entry

RECORD = struct.Struct("<4sHHHHIIH")
LOCATOR = struct.Struct("<4sIQI")
RECORD64 = struct.Struct("<4sQHHIIQQQQ")
SIGNATURE = b"PK\5\6"
TAIL = RECORD.size + 0xFFFF


class End(NamedTuple):
    """Where the directory is; `shift` is how many bytes stand before the zip itself."""

    start: int
    size: int
    files: int
    shift: int
    exact: bool  # the number of files has 64 bits and cannot have wrapped


def find_end(name: str, entry: Entry, file: BinaryIO, budget: Budget) -> End:
    """The end record of a zip, checked; RefusedByLimit if there is none, or more than one."""
    file.seek(0)
    starts_as_zip = file.read(4) == b"PK\3\4"
    offset = max(0, entry.size - TAIL)
    file.seek(offset)
    tail = file.read(TAIL)
    at = _place(name, tail, offset, entry.size)
    _, disk, first_disk, here, count, size, start, _ = RECORD.unpack_from(tail, at - offset)
    stop, exact = at, False
    record = _record64(name, file, at, entry.size)
    if record is not None:
        stop, values = record
        exact = True
        plain = (disk, first_disk, here, count, size, start)
        largest = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
        if any(
            old not in {most, new} for old, most, new in zip(plain, largest, values, strict=True)
        ):
            raise _refused(name, "it has two end records that disagree")
        disk, first_disk, here, count, size, start = values
    if disk or first_disk:
        raise _split(name, disk)
    if here != count:
        raise _refused(name, "its end record does not add up")
    shift = stop - size - start
    if size > budget.limits.central_directory:
        raise RefusedByLimit(
            f"its directory is larger than {budget.limits.central_directory // MiB} MiB",
            where=Where(name),
        )
    if shift < 0 or (shift and starts_as_zip):
        # A zip at the start and an end record that belongs to something behind it: either half of
        # a zip that breaks off behind an inner zip, or two zips joined.
        raise _refused(name, "its end does not belong to its start: half a zip, or two joined")
    _check_prefix(name, file, shift)
    return End(stop - size, size, count, shift, exact)


def _place(name: str, tail: bytes, offset: int, size: int) -> int:
    """Where the end record stands. It must reach the end of the file, comment included."""
    found = []
    at = tail.rfind(SIGNATURE)
    last = at
    while at >= 0:
        if at + RECORD.size <= len(tail):
            note: int = RECORD.unpack_from(tail, at)[7]
            if offset + at + RECORD.size + note == size:
                found.append(offset + at)
        at = tail.rfind(SIGNATURE, 0, at)
    if len(found) > 1:
        raise _refused(name, "it has more than one end record")
    if found:
        return found[0]
    if 0 <= last <= len(tail) - RECORD.size:
        # Something was added behind the end. That is harmless if the zip begins the file.
        *_, directory, start, note = RECORD.unpack_from(tail, last)
        if start + directory == offset + last and last + RECORD.size + note <= len(tail):
            return offset + last
    raise _refused(name, "it has no end: half a zip. Is the download incomplete?")


def _record64(
    name: str, file: BinaryIO, at: int, size: int
) -> tuple[int, tuple[int, int, int, int, int, int]] | None:
    """The zip64 end record in front of the end record, if there is one: its place and values."""
    if at < LOCATOR.size:
        return None
    file.seek(at - LOCATOR.size)
    signature, disk, start, disks = LOCATOR.unpack(file.read(LOCATOR.size))
    if signature != b"PK\6\7":
        return None
    if disk or disks > 1:
        raise _split(name, disks - 1)
    # Behind a prefix the locator counts from the start of the zip: then it stands right before.
    for place in (start, at - LOCATOR.size - RECORD64.size):
        if not 0 <= place <= size - RECORD64.size:
            continue
        file.seek(place)
        found = RECORD64.unpack(file.read(RECORD64.size))
        if found[0] == b"PK\6\6" and place + 12 + found[1] == at - LOCATOR.size:
            return place, found[4:]
    raise _refused(name, "its zip64 end record is not where it should be")


def _check_prefix(name: str, file: BinaryIO, shift: int) -> None:
    if not shift:
        return
    file.seek(max(0, shift - TAIL))
    if SIGNATURE in file.read(min(shift, TAIL)):
        raise _refused(name, "it has more than one end record")


def _split(name: str, disk: int) -> RefusedByLimit:
    stem = name.rpartition("/")[2]
    stem = stem[:-4] if stem.lower().endswith(".zip") else stem
    first = f"{stem}.z01"
    missing = first if disk == 1 else f"{first} to {stem}.z{disk:02}"
    return RefusedByLimit(
        f"this is the last part of a split zip; it needs {missing}",
        where=Where(name),
        remedy="join the parts (zip -s 0 SPLIT.zip --out WHOLE.zip) and import the whole",
    )


def _refused(name: str, reason: str) -> RefusedByLimit:
    return RefusedByLimit(
        reason,
        where=Where(name),
        remedy="download it again and wait until it is complete",
    )
