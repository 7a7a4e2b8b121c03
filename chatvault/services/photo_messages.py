"""What the process with the keys and the one that looks at pictures say to each other.

The same letters, lengths and limits as for the reader of exports (`worker_messages`): `m` a
structure, `b` the bytes of one picture.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from chatvault.services.picture_hash import GRID
from chatvault.services.worker_messages import LIMIT

BYTES = LIMIT  # of one picture


class Trouble(StrEnum):
    """Why something is not known of a picture. Nothing else is ever said, so nothing is quoted."""

    NONE = ""
    NO_PICTURE = "not a picture"
    FORM = "pictures of this form are not decoded"
    PIXELS = "more than 50 megapixels"
    BROKEN = "cut off or damaged"
    MEMORY = "needs too much memory"
    BYTES = "larger than 64 MiB"
    TIME = "looking at it took too long"
    CRASH = "looking at it ended the program that reads pictures"


class Look(msgspec.Struct, frozen=True):
    """The bytes that follow are a picture: its name and time in the export, and the zone of clocks
    that tell none."""

    name: str
    modified_ms: int | None
    zone: str


Pixels = Annotated[int, msgspec.Meta(ge=1, le=2**31)]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a picture says and what it looks like."""

    width: Pixels | None = None
    height: Pixels | None = None
    taken_at: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    camera: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    hash: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    likeness: Annotated[bytes, msgspec.Meta(min_length=GRID**2, max_length=GRID**2)] | None = None
    trouble: Trouble = Trouble.NONE


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The first thing that is said: what goes wrong before it is no picture's fault."""


LOOK = msgspec.msgpack.Decoder(Look)
READY = msgspec.msgpack.Decoder(Ready)
SEEN = msgspec.msgpack.Decoder(Seen)
ENCODER = msgspec.msgpack.Encoder()
