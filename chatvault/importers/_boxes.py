"""The boxes of MP4, QuickTime and HEIF files: when, where, how large, how long.

A box is its size, four letters and its content. At the top of a file boxes are passed by without
being read; inside those that matter nesting and number are bounded, and no size is believed that
reaches out of its parent.
"""

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from chatvault.importers._exif import exif
from chatvault.importers._media_facts import Facts
from chatvault.importers._media_scan import METADATA, Scan

_DEEPEST = 16
_MOST_BOXES = 1000
_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"udta", b"iprp", b"ipco"})
_PLACE = re.compile(r"([+-]\d{1,2}(?:\.\d{1,12})?)([+-]\d{1,3}(?:\.\d{1,12})?)")
_CREATED = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)")
_UNITS = struct.Struct(">I")

Box = tuple[bytes, bytes]


def read_boxes(scan: Scan, facts: Facts, *, picture: bool) -> None:
    """Fill in what `moov` (videos) or `meta` (pictures) says, wherever it lies in the file."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = scan.take(at, 16)
        if len(head) < 8:
            facts.cut_off = bool(head) and not scan.reaches(at + 8)
            return
        size, name, start = _size(head)
        to_the_end = size == 0
        if to_the_end:
            size = METADATA
        elif size < start:
            return
        if name == b"moov" and not picture:
            _movie(scan.take(at + start, min(size - start, METADATA)), facts)
        elif name == b"meta" and picture:
            _picture(scan, scan.take(at + start, min(size - start, METADATA)), facts)
        if to_the_end:
            return
        at += size
        # A declared size may be any 64 bits: what is not there ends the walk.
        if not scan.reaches(at):
            facts.cut_off = True
            return


def _size(head: bytes) -> tuple[int, bytes, int]:
    (size,) = _UNITS.unpack_from(head)
    if size == 1 and len(head) >= 16:
        return int(struct.unpack_from(">Q", head, 8)[0]), head[4:8], 16
    return int(size), head[4:8], 8


def _boxes(data: bytes, level: int = 0) -> Iterator[Box]:
    """The boxes inside, those of containers after their own; `meta` of QuickTime included."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        size, name, start = _size(data[at : at + 16])
        size = len(data) - at if size == 0 else size
        if size < start or (at + size > len(data) and name not in _CONTAINERS):
            return
        # A container may be longer than what was read of it; its first boxes are the telling ones.
        body = data[at + start : at + size]
        yield name, body
        if name in _CONTAINERS and level < _DEEPEST:
            yield from _boxes(body, level + 1)
        at += size


def _movie(data: bytes, facts: Facts) -> None:
    for name, body in _boxes(data):
        if name == b"mvhd":
            _movie_header(body, facts)
        elif name == b"tkhd" and len(body) >= 8:
            width, height = (side >> 16 for side in struct.unpack(">II", body[-8:]))
            if width and height and facts.width is None:
                facts.width, facts.height = width, height
        elif name == b"meta":
            _keys(body, facts)
        elif name == b"\xa9xyz":
            _place(body[4:].decode("latin-1"), facts)


def _movie_header(body: bytes, facts: Facts) -> None:
    form = ">QQIQ" if body[:1] == b"\x01" else ">IIII"
    if len(body) < 4 + struct.calcsize(form):
        return
    created, _, scale, length = struct.unpack_from(form, body, 4)
    if scale and length not in {0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}:
        facts.duration = round(length / scale, 3)
    try:
        moment = _EPOCH + timedelta(seconds=created)
    except OverflowError:
        return
    if created:
        clock = moment.replace(tzinfo=None).isoformat(sep=" ")
        facts.clocks.append(("video", f"{clock}Z"))


def _keys(body: bytes, facts: Facts) -> None:
    """QuickTime's own metadata: names in `keys`, values by number in `ilst`."""
    inner = dict(_boxes(body)) or dict(_boxes(body[4:]))
    names: list[str] = []
    listed = inner.get(b"keys", b"")
    at = 8
    while at + 8 <= len(listed) and len(names) < _MOST_BOXES:
        (size,) = _UNITS.unpack_from(listed, at)
        if size < 8:
            break
        names.append(listed[at + 8 : at + size].decode("utf-8", errors="replace"))
        at += size
    values: dict[str, str] = {}
    for number, value in _boxes(inner.get(b"ilst", b"")):
        index = _UNITS.unpack(number)[0] - 1
        data = dict(_boxes(value)).get(b"data", b"")
        if 0 <= index < len(names):
            values[names[index]] = data[8:264].decode("utf-8", errors="replace").strip("\0 ")
    start = "com.apple.quicktime."
    found = _CREATED.match(values.get(f"{start}creationdate", ""))
    if found:
        day, time, zone = found.groups()
        facts.clocks.insert(0, ("quicktime", f"{day} {time}{zone}"))
    _place(values.get(f"{start}location.ISO6709", ""), facts)
    make, model = values.get(f"{start}make", ""), values.get(f"{start}model", "")
    facts.camera = facts.camera or (model if model.startswith(make) else f"{make} {model}".strip())


def _place(text: str, facts: Facts) -> None:
    """ISO 6709: `+51.5007-000.1246/`."""
    found = _PLACE.match(text)
    if found and abs(float(found[1])) <= 90 and abs(float(found[2])) <= 180:
        facts.latitude, facts.longitude = float(found[1]), float(found[2])


def _picture(scan: Scan, meta: bytes, facts: Facts) -> None:
    """HEIF: the sizes are among the properties, EXIF is an item that lies elsewhere in the file."""
    boxes = list(_boxes(meta[4:]))
    sizes = [struct.unpack_from(">II", body, 4) for name, body in boxes if name == b"ispe"
             and len(body) >= 12]  # fmt: skip
    if sizes:  # a picture of tiles has one for each; the whole is the largest
        facts.width, facts.height = max(sizes)
    found = dict(boxes)
    number = _exif_item(found.get(b"iinf", b""))
    where = _location(found.get(b"iloc", b""), number) if number is not None else None
    if where is None:
        return
    offset, length = where
    data = scan.take(offset, min(length, 256 * 1024))
    if len(data) > 10:
        # Four bytes say how much stands before the TIFF structure, usually `Exif` and two zeros.
        (skip,) = _UNITS.unpack_from(data)
        fill(facts, data[4 + min(skip, 64) :])


def _exif_item(body: bytes) -> int | None:
    wide = body[:1] != b"\0"
    for name, entry in _boxes(body[8 if wide else 6 :]):
        version = entry[0] if entry else 0
        if name != b"infe" or version < 2:
            continue
        size = 2 if version == 2 else 4
        if entry[4 + size + 2 : 4 + size + 6] == b"Exif":
            return int.from_bytes(entry[4 : 4 + size], "big")
    return None


def _location(body: bytes, wanted: int) -> tuple[int, int] | None:
    """Offset and length of an item in the file, from `iloc`; only items in one piece."""
    if len(body) < 8:
        return None
    version = body[0]
    offset_size, length_size = body[4] >> 4, body[4] & 15
    base_size, index_size = body[5] >> 4, (body[5] & 15 if version else 0)
    wide = 4 if version == 2 else 2
    at = 6

    def number(size: int) -> int:
        nonlocal at
        value = int.from_bytes(body[at : at + size], "big")
        at += size
        return value

    for _ in range(min(number(wide), _MOST_BOXES)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        pieces = number(2)
        if at > len(body):
            return None
        for piece in range(min(pieces, _MOST_BOXES)):
            number(index_size)
            offset, length = number(offset_size), number(length_size)
            if item == wanted and piece == 0:
                return (base + offset, length) if method == 0 and pieces == 1 else None
    return None


def fill(facts: Facts, tiff: bytes) -> None:
    """Take over what EXIF says."""
    found = exif(tiff)
    if found is None:
        return
    if found.taken:
        facts.clocks.append(("exif", found.taken))
    facts.modified = facts.modified or found.modified
    facts.camera = facts.camera or found.camera
    facts.orientation = found.orientation
    facts.latitude, facts.longitude = found.latitude, found.longitude
    if facts.width is None:
        facts.width, facts.height = found.width, found.height
