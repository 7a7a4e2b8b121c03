"""Small pictures drawn by code for the demo: each seed another mosaic, always the same bytes.

JPEG and PNG are written by hand, so that the bytes do not depend on a library and its version.
"""

import random
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime

BLOCK = 8  # a JPEG codes blocks of 8 by 8 points; ours are of one colour each
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Mosaic:
    """A square of coloured blocks, the left half mirrored on the right."""

    blocks: tuple[tuple[Colour, ...], ...]

    @classmethod
    def of(cls, seed: str, side: int = 12) -> "Mosaic":
        """The mosaic that belongs to a text."""
        # Not for secrets: the same seed must give the same picture on every machine.
        rng = random.Random(seed)  # noqa: S311
        sky = _colour(rng, low=150)
        motif = [_colour(rng, low=20), _colour(rng, low=60)]
        half = [
            [rng.choice((sky, sky, *motif)) for _ in range((side + 1) // 2)] for _ in range(side)
        ]
        rows = [[*row, *reversed(row[: side // 2])] for row in half]
        return cls(tuple(tuple(_shade(one, y, side) for one in row) for y, row in enumerate(rows)))

    def enlarged(self, scale: int) -> "Mosaic":
        """The same with more blocks of each colour."""
        rows = [tuple(one for one in row for _ in range(scale)) for row in self.blocks]
        return Mosaic(tuple(row for row in rows for _ in range(scale)))


def _colour(rng: random.Random, low: int) -> Colour:
    return (rng.randrange(low, 256), rng.randrange(low, 256), rng.randrange(low, 256))


def _shade(colour: Colour, row: int, side: int) -> Colour:
    """Darker towards the ground, so that it looks a little like a landscape."""
    light = 1 - 0.35 * row / side
    return (int(colour[0] * light), int(colour[1] * light), int(colour[2] * light))


def png(mosaic: Mosaic) -> bytes:
    """The mosaic as a PNG file."""
    side = len(mosaic.blocks) * BLOCK
    rows = bytearray()
    for row in mosaic.blocks:
        line = b"".join(bytes(colour) * BLOCK for colour in row)
        rows += (b"\0" + line) * BLOCK
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    # Stored, not deflated: compressed bytes differ between builds of zlib.
    parts = [_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows, 0)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# The code lengths of category sizes 0 to 11 in the standard's table for brightness (K.3), and one
# code for "nothing but the mean" after it: with blocks of one colour there is never anything else.
DC_COUNTS = (0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
AC_COUNTS = (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
MEANS_ONLY = "0"


Place = tuple[float, float]  # degrees of latitude and longitude


def jpeg(
    mosaic: Mosaic,
    *,
    taken: datetime | None = None,
    offset: str = "",
    place: Place | None = None,
    scale: int = 1,
) -> bytes:
    """The mosaic as a JPEG file, so many times as large, with the time, zone and place of the
    camera where given."""
    mosaic = mosaic.enlarged(scale)
    side = len(mosaic.blocks) * BLOCK
    parts = [b"\xff\xd8"]
    if taken is not None:
        parts.append(_segment(0xE1, b"Exif\0\0" + _exif(taken, offset, place)))
    else:
        parts.append(_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"))
    parts.append(_segment(0xDB, b"\0" + bytes([BLOCK]) * 64))
    planes = b"".join(bytes([plane, 0x11, 0]) for plane in (1, 2, 3))
    parts.append(_segment(0xC0, struct.pack(">BHHB", 8, side, side, 3) + planes))
    parts.append(_segment(0xC4, b"\x00" + bytes(DC_COUNTS) + bytes(range(12))))
    parts.append(_segment(0xC4, b"\x10" + bytes(AC_COUNTS) + b"\0"))
    parts.append(_segment(0xDA, b"\3\1\0\2\0\3\0" + b"\0\x3f\0"))
    return b"".join(parts) + _scan(mosaic) + b"\xff\xd9"


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _scan(mosaic: Mosaic) -> bytes:
    """The coded means of all blocks, each as its difference from the block before."""
    codes = _dc_codes()
    bits: list[str] = []
    before = [0, 0, 0]
    for row in mosaic.blocks:
        for colour in row:
            for plane, mean in enumerate(_ycc(colour)):
                difference, before[plane] = mean - before[plane], mean
                size = abs(difference).bit_length()
                value = difference if difference >= 0 else difference + (1 << size) - 1
                bits.append(codes[size] + (f"{value:0{size}b}" if size else "") + MEANS_ONLY)
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8, "big")
    return data.replace(b"\xff", b"\xff\0")


def _dc_codes() -> list[str]:
    """The code of each category of size, made from the lengths as the standard says."""
    codes: list[str] = []
    code = 0
    for length, count in enumerate(DC_COUNTS, start=1):
        for _ in range(count):
            codes.append(f"{code:0{length}b}")
            code += 1
        code <<= 1
    return codes


def _ycc(colour: Colour) -> tuple[int, int, int]:
    """Brightness and two colours around zero; a block's mean is eight times that, divided by 8."""
    red, green, blue = colour
    return (
        round(0.299 * red + 0.587 * green + 0.114 * blue) - 128,
        round(-0.1687 * red - 0.3313 * green + 0.5 * blue),
        round(0.5 * red - 0.4187 * green - 0.0813 * blue),
    )


def _exif(taken: datetime, offset: str, place: Place | None) -> bytes:
    """A camera's note: its name, the clock on its wall, with zone and place where given."""
    clock = [(0x9003, 2, taken.strftime("%Y:%m:%d %H:%M:%S").encode() + b"\0")]
    if offset:
        clock.append((0x9011, 2, offset.encode() + b"\0"))
    main = [(0x010F, 2, b"Invented\0"), (0x0110, 2, b"Demo 1\0")]
    # Folders of entries, one behind the other: the camera's own names those of clock and place.
    folders = [(0x8769, clock)]
    if place is not None:
        sides = zip((1, 3), place, ("NS", "EW"), strict=True)
        where = [
            entry
            for tag, degrees, names in sides
            for entry in (
                (tag, 2, names[degrees < 0].encode() + b"\0"),
                (tag + 1, 5, _degrees(degrees)),
            )
        ]
        folders.append((0x8825, where))
    starts = [8]
    for entries in (len(main) + len(folders), *(len(inside) for _, inside in folders)):
        starts.append(starts[-1] + 2 + 12 * entries + 4)
    main += [
        (tag, 4, struct.pack(">I", start))
        for (tag, _), start in zip(folders, starts[1:], strict=False)
    ]
    data, values = bytearray(b"MM\0*" + struct.pack(">I", 8)), bytearray()
    for entries_of in (main, *(inside for _, inside in folders)):
        data += struct.pack(">H", len(entries_of))
        for tag, kind, value in entries_of:
            data += struct.pack(">HHI", tag, kind, len(value) // {2: 1, 4: 4, 5: 8}[kind])
            if len(value) <= 4:
                data += value.ljust(4, b"\0")
            else:
                data += struct.pack(">I", starts[-1] + len(values))
                values += value
        data += struct.pack(">I", 0)
    return bytes(data + values)


def _degrees(value: float) -> bytes:
    """Degrees, minutes and hundredths of seconds, each as a fraction."""
    degrees, rest = divmod(round(abs(value) * 360_000), 360_000)
    minutes, seconds = divmod(rest, 6_000)
    return struct.pack(">6I", degrees, 1, minutes, 1, seconds, 100)
