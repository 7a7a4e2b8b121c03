"""The clock of Apple's Messages: from 2001 on, in seconds and later in nanoseconds."""

import math

from chatvault.importers._fields import EARLIEST_MS, LATEST_MS, Malformed
from chatvault.model import Precision, Timestamp

EPOCH_MS = 978_307_200_000  # 2001-01-01
# Real seconds are below 10^9, real nanoseconds above 10^14.
_SECONDS = 10**11


def apple_time(value: int | float | None) -> Timestamp | None:
    """A moment; none for 0, which is how the database says that there was none."""
    if not value:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        raise Malformed("a time that is no number")
    seconds = abs(value) < _SECONDS
    utc_ms = EPOCH_MS + (round(value * 1000) if seconds else int(value // 1_000_000))
    if not EARLIEST_MS <= utc_ms < LATEST_MS:
        raise Malformed("a time out of range")
    whole = seconds and value == int(value)
    return Timestamp(
        utc_ms=utc_ms,
        as_exported=str(value),
        precision=Precision.SECOND if whole else Precision.MILLISECOND,
    )
