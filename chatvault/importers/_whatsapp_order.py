"""Headers that stand out of time: lines of another conversation that somebody pasted.

A pasted line looks exactly like a message. What gives it away is that time goes back by more than a
day and a half and then forward again; where it only goes back, the clock was set.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

BACK = timedelta(hours=36)
# How much is held back while we wait for time to go forward again.
MOST = 200
MOST_CHARACTERS = 1 << 20


@dataclass(slots=True)
class Timed(Generic[T]):
    """Something with a wall clock, and whether it stands out of the order of time."""

    item: T
    wall: datetime | None
    size: int
    suspect: bool = False


def in_time(items: Iterable[Timed[T]]) -> Iterator[list[Timed[T]]]:
    """The items in their order: alone, or those that stand out of time together as one list."""
    latest: datetime | None = None
    held: list[Timed[T]] = []
    size = 0
    for one in items:
        if one.wall is not None and latest is not None and one.wall < latest - BACK:
            held.append(one)
            size += one.size
            if len(held) > MOST or size > MOST_CHARACTERS:
                # Too much to be pasted: the clock was set back, and this is the time now.
                latest = one.wall
                yield from ([each] for each in held)
                held, size = [], 0
            continue
        if held and one.wall is None:
            held.append(one)  # what cannot be placed stays with what it follows
            size += one.size
            continue
        if held:
            for each in held:
                each.suspect = True
            yield held
            held, size = [], 0
        latest = max(latest, one.wall) if latest and one.wall else one.wall or latest
        yield [one]
    yield from ([each] for each in held)
