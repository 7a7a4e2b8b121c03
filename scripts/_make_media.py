"""Pictures of random points, which no program can make smaller."""

from __future__ import annotations

import math
import random
import struct
from datetime import datetime
from pathlib import Path

from _make_history import BEGINS, ZONE


def write_media(folder: Path, files: int, total: int, seed: int) -> None:
    """Pictures as a camera names them, with random points: no program can make them smaller."""
    rng = random.Random(f"{seed} media")
    sizes = [rng.lognormvariate(math.log(150_000), 0.8) for _ in range(files)]
    scale = total / sum(sizes) if total else 1
    for number, size in enumerate(sizes):
        taken = datetime.fromtimestamp(BEGINS + number * 7919, ZONE)
        name = f"IMG_{taken:%Y%m%d_%H%M%S}.jpg"
        (folder / name).write_bytes(picture(rng, int(size * scale), width=4000, height=3000))


def picture(rng: random.Random, size: int, *, width: int, height: int) -> bytes:
    """A picture of about so many bytes."""
    head = _head(width, height)
    return head + rng.randbytes(max(1, size - len(head) - 2)) + b"\xff\xd9"


def _head(width: int, height: int) -> bytes:
    """What stands before the points of a JPEG: a JFIF mark, a frame, a scan's start."""
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
        b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
        b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    )
