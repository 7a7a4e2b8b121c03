"""The process that looks at pictures and holds no keys; the only user of Pillow.

It has its standard streams and nothing else. Facts come from headers, by the same careful reader
that photo folders are imported with; pixels are decoded only to compare pictures, only of four
forms, the first frame, and not before their number is known.
"""

import io
import signal
import sys
import warnings
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import msgspec
from PIL import Image

from chatvault.importers._fields import Malformed
from chatvault.importers._image_dates import read_header
from chatvault.importers._media_facts import Facts
from chatvault.importers._media_scan import Scan
from chatvault.importers._media_types import HEAD, media_type
from chatvault.importers._photo_dates import taken
from chatvault.model import MessageKind
from chatvault.services import worker_messages as pipe
from chatvault.services.photo_messages import ENCODER, LOOK, Look, Ready, Seen, Trouble
from chatvault.services.picture_hash import GRID, SIDE, is_plain, perceptual_hash
from chatvault.services.restrict import GiB, restrict

FORMS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF"}
PIXELS = 50_000_000
Image.MAX_IMAGE_PIXELS = None  # the limit is ours: Pillow's only warns at first
SMALLEST = 32  # points of a side; a smaller picture is a sign, and many signs are alike
SMOOTH = Image.Resampling.BILINEAR  # weighs what lies on a border; BOX does not
DRAFT = 4 * SIDE  # a JPEG is decoded at an eighth of its size, as long as this much is left
# Times that the picture itself tells; its name and its file are no part of it.
_OWN = frozenset({"exif", "quicktime", "video", "png", "xmp"})
# How a camera was held: what turns its picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def look(data: bytes, asked: Look) -> Seen:
    """What a picture says of itself and what it looks like. Never raises for what is in it."""
    media = media_type(data[:HEAD])
    if media is None or media.kind is not MessageKind.IMAGE:
        return Seen(trouble=Trouble.NO_PICTURE)
    facts = Facts()
    with suppress(ValueError, ArithmeticError, LookupError):
        facts = read_header(Scan(io.BytesIO(data)), media)
    seen = _said(facts, asked)
    if media.form not in FORMS:
        return msgspec.structs.replace(seen, trouble=Trouble.FORM)
    if (seen.width or 0) * (seen.height or 0) > PIXELS:
        return msgspec.structs.replace(seen, trouble=Trouble.PIXELS)
    try:
        return _compared(seen, data, FORMS[media.form], facts.orientation)
    except MemoryError:
        return msgspec.structs.replace(seen, trouble=Trouble.MEMORY)
    except Exception:  # noqa: BLE001 - decoders raise whatever they like
        return msgspec.structs.replace(seen, trouble=Trouble.BROKEN)


def _said(facts: Facts, asked: Look) -> Seen:
    """The facts of a header, without those that cannot be."""
    sides = (facts.width, facts.height)
    width, height = sides if all(side and 0 < side < 2**31 for side in sides) else (None, None)
    latitude, longitude = facts.latitude, facts.longitude
    # A receiver without a fix writes zeros: a place in the sea where nobody is.
    if latitude is None or longitude is None or (round(latitude, 4), round(longitude, 4)) == (0, 0):
        latitude = longitude = None
    at = None
    with suppress(Malformed, ValueError, OverflowError):
        at = taken(
            facts, asked.name, sidecar_ms=None, modified_ms=asked.modified_ms, zone=asked.zone
        )
    return Seen(
        width=width, height=height,
        taken_at=at.at.utc_ms if at is not None and at.source in _OWN else None,
        camera=facts.camera[:200] or None, latitude=latitude, longitude=longitude,
    )  # fmt: skip


def _compared(seen: Seen, data: bytes, form: str, orientation: int | None) -> Seen:
    with Image.open(io.BytesIO(data), formats=[form]) as picture:
        seen = msgspec.structs.replace(seen, width=picture.width, height=picture.height)
        if picture.width * picture.height > PIXELS:
            return msgspec.structs.replace(seen, trouble=Trouble.PIXELS)
        if min(picture.size) < SMALLEST:
            picture.load()
            return seen
        if form == "JPEG":
            picture.draft("L", (DRAFT, DRAFT))
        points = _grey(picture)
    turn = _TURNS.get(orientation or 1)
    if turn is not None:
        points = points.transpose(turn)
    grid = points.resize((GRID, GRID), Image.Resampling.BOX).tobytes()
    if is_plain(grid):
        return seen
    return msgspec.structs.replace(seen, hash=perceptual_hash(points.tobytes()), likeness=grid)


def _grey(picture: Image.Image) -> Image.Image:
    """A small square of brightness. Means over areas, because those stay the same when an app made
    the picture smaller; what is transparent is white, as most apps show it."""
    square = (SIDE, SIDE)
    if picture.mode.startswith("I"):  # 16 bits
        small = picture.resize(square, SMOOTH)
        wide = array("H" if small.mode.startswith("I;16") else "i", small.tobytes())
        return Image.frombytes("L", square, bytes(max(0, min(255, one >> 8)) for one in wide))
    if picture.mode in {"P", "PA", "LA", "La", "RGBa"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode not in {"L", "RGB", "RGBA", "CMYK", "YCbCr"}:
        picture = picture.convert("RGB")
    small = picture.resize(square, SMOOTH)
    if small.mode == "RGBA":
        white = Image.new("RGBA", square, "white")
        small = Image.alpha_composite(white, small)
    return small.convert("L")


def run(requests: BinaryIO, answers: BinaryIO) -> None:
    """Look at one picture after the other, until the parent closes the pipe."""
    pipe.send(answers, b"m", ENCODER.encode(Ready()))
    while True:
        try:
            asked = LOOK.decode(_body(requests, b"m"))
            data = _body(requests, b"b")
        except pipe.BrokenPipe:
            return
        pipe.send(answers, b"m", ENCODER.encode(look(data, asked)))


def _body(requests: BinaryIO, wanted: bytes) -> bytes:
    letter, body = pipe.receive(requests)
    if letter != wanted:
        raise pipe.BrokenPipe
    return body


def limit_reader() -> None:
    """What one picture may use: 50 megapixels with transparency take 200 MB, and are copied."""
    restrict(address_space=GiB)


def main(limit: Callable[[], None] = limit_reader) -> None:
    """Look at pictures on the standard streams."""
    # Whoever stops the program stops the parent: a picture must not be blamed for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    limit()
    Image.preinit()
    run(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
