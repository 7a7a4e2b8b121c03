"""The headers of pictures: size, camera, place and the time they were taken. Nothing is decoded.

Segments and chunks are passed by with their declared sizes; what is read of them together stays
under a megabyte, and compressed text inside a picture is left alone.
"""

import re
import struct

from chatvault.importers._boxes import fill, read_boxes
from chatvault.importers._media_facts import Facts
from chatvault.importers._media_scan import Scan
from chatvault.importers._media_types import MediaType

_MOST_PARTS = 4000  # chunks of a PNG, segments of a JPEG
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of JPEG that tell the size
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_TIME = re.compile(
    rb"(?:xmp:CreateDate|photoshop:DateCreated)(?:=[\"']|>)"
    rb"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)?"
)


def read_header(scan: Scan, media: MediaType) -> Facts:
    """What the header of this file says; whether the file is cut off, where its form tells."""
    facts = Facts()
    if media.form == "jpeg":
        _jpeg(scan, facts)
    elif media.form == "png":
        _png(scan, facts)
    elif media.form == "webp":
        _webp(scan, facts)
    elif media.form == "tiff":
        fill(facts, scan.head)
    elif media.form in {"heif", "video"}:
        read_boxes(scan, facts, picture=media.form == "heif")
    elif media.form == "gif" and len(scan.head) >= 10:
        facts.width, facts.height = struct.unpack_from("<HH", scan.head, 6)
    elif media.form == "bmp" and len(scan.head) >= 26:
        width, height = struct.unpack_from("<ii", scan.head, 18)
        facts.width, facts.height = abs(width), abs(height)
    return facts


def _jpeg(scan: Scan, facts: Facts) -> None:
    at = 2
    for _ in range(_MOST_PARTS):
        head = scan.take(at, 4)
        if len(head) < 4 or head[0] != 0xFF:
            facts.cut_off = not scan.reaches(at + 4)
            return
        marker = head[1]
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9:
            return
        size = int.from_bytes(head[2:4], "big")
        if marker == 0xE1 and size > 8:
            body = scan.take(at + 4, size - 2)
            if body.startswith(b"Exif\0\0"):
                fill(facts, body)
            elif body.startswith(_XMP):
                _xmp(body, facts)
        elif marker in _FRAMES:
            frame = scan.take(at + 4, 5)
            if len(frame) == 5:
                facts.height, facts.width = struct.unpack_from(">HH", frame, 1)
        elif marker == 0xDA:
            # In the compressed picture FF is always followed by 00 or a restart: FF D9 is its end.
            # Phones append videos and notes behind it, so it need not be the last.
            facts.cut_off = not scan.find(b"\xff\xd9", at + 2 + size)
            return
        at += 2 + max(size, 2)


def _png(scan: Scan, facts: Facts) -> None:
    at = 8
    for _ in range(_MOST_PARTS):
        head = scan.take(at, 8)
        if len(head) < 8:
            facts.cut_off = not scan.reaches(at + 8)
            return
        size, name = struct.unpack(">I4s", head)
        if name == b"IHDR":
            sides = scan.take(at + 8, 8)
            if len(sides) == 8:
                facts.width, facts.height = struct.unpack(">II", sides)
        elif name == b"tIME" and size == 7:
            _png_time(scan.take(at + 8, 7), facts)
        elif name == b"eXIf":
            fill(facts, scan.take(at + 8, min(size, 65536)))
        elif name == b"iTXt" and size < 65536:
            text = scan.take(at + 8, size)
            # Bytes behind the name: 0, not compressed, method 0.
            if text.startswith(b"XML:com.adobe.xmp\0\0\0"):
                _xmp(text, facts)
        elif name == b"IEND":
            return
        at += 12 + size


def _png_time(data: bytes, facts: Facts) -> None:
    if len(data) == 7:
        year, *rest = struct.unpack(">HBBBBB", data)
        clock = "{:02}-{:02} {:02}:{:02}:{:02}".format(*rest)
        facts.clocks.append(("png", f"{year:04}-{clock}Z"))


def _webp(scan: Scan, facts: Facts) -> None:
    whole = int.from_bytes(scan.head[4:8], "little") + 8
    at = 12
    for _ in range(_MOST_PARTS):
        head = scan.take(at, 8)
        if len(head) < 8:
            break
        name, size = struct.unpack("<4sI", head)
        if name == b"VP8X":
            sides = scan.take(at + 12, 6)
            if len(sides) == 6:
                facts.width = int.from_bytes(sides[:3], "little") + 1
                facts.height = int.from_bytes(sides[3:], "little") + 1
        elif name == b"VP8 " and facts.width is None:
            sides = scan.take(at + 14, 4)
            if len(sides) == 4:
                width, height = struct.unpack("<HH", sides)
                facts.width, facts.height = width & 0x3FFF, height & 0x3FFF
        elif name == b"VP8L" and facts.width is None:
            bits = int.from_bytes(scan.take(at + 9, 4), "little")
            facts.width, facts.height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"EXIF":
            fill(facts, scan.take(at + 8, min(size, 65536)))
        elif name == b"XMP ":
            _xmp(scan.take(at + 8, min(size, 65536)), facts)
        at += 8 + size + size % 2
    facts.cut_off = not scan.reaches(whole)


def _xmp(data: bytes, facts: Facts) -> None:
    found = _XMP_TIME.search(data)
    if found:
        day, minute, second, zone = ((part or b"").decode() for part in found.groups())
        facts.clocks.append(("xmp", f"{day} {minute}{second or ':00'}{zone}"))
