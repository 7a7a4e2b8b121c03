"""Exports that begin with the newest message: those of one moment are turned around.

Moments put themselves in order by their times. Within one, only the place in the file says what
came first, and there it stands last.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
MOST = 10_000


def turned(parts: Iterable[T], moment: Callable[[T], object | None]) -> Iterator[T]:
    """The parts, neighbours of one moment in reverse; those without one stay where they are.

    Longer runs than MOST are turned piece by piece.
    """
    held: list[T] = []
    last: object = None
    for part in parts:
        now = moment(part)
        if held and (now is None or now != last or len(held) >= MOST):
            yield from reversed(held)
            held = []
        last = now
        if now is None:
            yield part
        else:
            held.append(part)
    yield from reversed(held)
