"""Pictures of random points, which no program can make smaller."""

from __future__ import annotations

import math
import random
import struct
from datetime import datetime
from pathlib import Path

from _make_history import BEGINS, ZONE

# What stands before the points of a JPEG: a JFIF mark, a frame of 4000 by 3000, a scan's start.
JPEG_HEAD = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 3000, 4000) + b"\x01\x01\x11\x00"
    b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
)


def write_media(folder: Path, files: int, total: int, seed: int) -> None:
    """Pictures as a camera names them, with random points: no program can make them smaller."""
    rng = random.Random(f"{seed} media")
    sizes = [rng.lognormvariate(math.log(150_000), 0.8) for _ in range(files)]
    scale = total / sum(sizes) if total else 1
    for number, size in enumerate(sizes):
        taken = datetime.fromtimestamp(BEGINS + number * 7919, ZONE)
        name = f"IMG_{taken:%Y%m%d_%H%M%S}.jpg"
        (folder / name).write_bytes(picture(rng, int(size * scale)))


def picture(rng: random.Random, size: int) -> bytes:
    """A picture of about so many bytes."""
    return JPEG_HEAD + rng.randbytes(max(1, size - len(JPEG_HEAD) - 2)) + b"\xff\xd9"
