"""Pictures drawn by seed: scenes, pages, chats on a screen, and what is nearly nothing."""

import io
import random
import struct
import zlib

from PIL import Image, ImageDraw
from PIL.TiffImagePlugin import IFDRational

TAKEN = "2024:03:09 18:05:30"


def encoded(picture: Image.Image, quality: int = 90, form: str = "JPEG", **more: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, quality=quality, **more)
    return buffer.getvalue()


def scene(seed: object, width: int = 640, height: int = 480) -> Image.Image:
    """Hills of colours with finer and finer detail, and some things in front of them."""
    rng = random.Random(f"scene {seed}")
    drawn = Image.new("RGB", (width, height))
    for side, weight in ((3, 1.0), (8, 0.45), (24, 0.35), (80, 0.25)):
        layer = Image.frombytes("RGB", (side, side), rng.randbytes(side * side * 3))
        drawn = Image.blend(drawn, layer.resize((width, height), Image.Resampling.BICUBIC), weight)
    pen = ImageDraw.Draw(drawn)
    for _ in range(rng.randrange(2, 9)):
        x, y, size = rng.randrange(width), rng.randrange(height), rng.randrange(20, 160)
        colour = tuple(rng.randrange(256) for _ in range(3))
        shape = rng.choice((pen.ellipse, pen.rectangle))
        shape((x - size, y - size, x + size, y + rng.randrange(10, size)), fill=colour)
    return drawn


def page(seed: object, *, lines: int = 100, width: int = 480, height: int = 640) -> Image.Image:
    """A page of words, all pages in one type."""
    rng = random.Random(f"page {seed}")
    drawn = Image.new("RGB", (width, height), (250, 250, 245))
    pen = ImageDraw.Draw(drawn)
    y = 40
    while y < height - 40 and lines:
        x, lines = 40, lines - 1
        while x < width - 100:
            length = rng.randrange(10, 60)
            pen.rectangle((x, y, x + length, y + 9), fill=(30, 30, 30))
            x += length + 8
        y += 22 if rng.random() < 0.85 else 44
    return drawn


def screen(seed: object, width: int = 360, height: int = 640) -> Image.Image:
    """A chat in the colours of one app: much of it is the same on every screen."""
    rng = random.Random(f"screen {seed}")
    drawn = Image.new("RGB", (width, height), (236, 229, 221))
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((0, 0, width, 50), fill=(7, 94, 84))
    pen.rectangle((0, height - 45, width, height), fill=(245, 245, 245))
    y = 60
    while y < height - 90:
        tall, wide, mine = rng.choice((28, 46, 64, 120)), rng.randrange(90, 260), rng.random() < 0.5
        x, bottom = width - wide - 10 if mine else 10, min(y + tall, height - 50)
        pen.rectangle((x, y, x + wide, bottom), fill=(220, 248, 198) if mine else (255, 255, 255))
        for line in range(y + 8, bottom - 12, 18):
            end = x + 8 + rng.randrange(20, wide - 14)
            pen.rectangle((x + 8, line, end, line + 7), fill=(40, 40, 40))
        y += tall + 8
    return drawn


def slope(seed: object, width: int = 320, height: int = 240) -> Image.Image:
    """A sky: one colour going over into another."""
    rng = random.Random(f"slope {seed}")
    ends = Image.frombytes("RGB", (1, 2), rng.randbytes(6))
    return ends.resize((width, height), Image.Resampling.BILINEAR)


def horizon(seed: object, width: int = 320, height: int = 240) -> Image.Image:
    """Sea and sky, and the grain of a camera."""
    rng = random.Random(f"horizon {seed}")
    drawn = Image.new("RGB", (width, height), tuple(rng.randrange(120, 256) for _ in range(3)))
    below = (0, rng.randrange(height // 3, height), width, height)
    ImageDraw.Draw(drawn).rectangle(below, fill=tuple(rng.randrange(140) for _ in range(3)))
    grain = Image.frombytes("L", (width, height), rng.randbytes(width * height))
    return Image.blend(drawn, grain.convert("RGB"), 0.05)


def exif(
    taken: str = TAKEN, *, offset: str = "", place: tuple[float, float] | None = None,
    orientation: int | None = None, camera: tuple[str, str] = ("Invented", "Two"),
) -> Image.Exif:  # fmt: skip
    """What a camera writes; south and west are letters, not signs."""
    made = Image.Exif()
    made[0x010F], made[0x0110] = camera
    if orientation is not None:
        made[0x0112] = orientation
    made[0x8769] = {0x9003: taken, **({0x9011: offset} if offset else {})}
    if place is not None:
        latitude, longitude = place
        made[0x8825] = {
            1: "S" if latitude < 0 else "N", 2: _degrees(latitude),
            3: "W" if longitude < 0 else "E", 4: _degrees(longitude),
        }  # fmt: skip
    return made


def _degrees(value: float) -> tuple[IFDRational, ...]:
    hundredths = round(abs(value) * 360_000)
    degrees, rest = divmod(hundredths, 360_000)
    minutes, seconds = divmod(rest, 6000)
    return IFDRational(degrees, 1), IFDRational(minutes, 1), IFDRational(seconds, 100)


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8) -> bytes:
    """A PNG that claims a size, with these chunks behind its header and no pixels."""
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )
