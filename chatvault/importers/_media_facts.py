"""What the header of a picture or video tells, whichever form it has."""

import msgspec


class Facts(msgspec.Struct):
    """Filled in while a header is read; a clock is `2024-03-09 18:05:30[.123][+01:00]`.

    `clocks` are the times it was taken, the best source first: `exif`, `quicktime`, `video`,
    `png`, `xmp`. `modified` is the time of the last edit. `cut_off` says that the file ends early.
    """

    clocks: list[tuple[str, str]] = []
    modified: str = ""
    width: int | None = None
    height: int | None = None
    orientation: int | None = None
    camera: str = ""
    latitude: float | None = None
    longitude: float | None = None
    duration: float | None = None
    cut_off: bool = False
