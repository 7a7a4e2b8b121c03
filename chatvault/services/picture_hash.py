"""What two copies of one picture have in common, whatever an app made of it: numbers that stay
nearly the same when it is compressed again or made smaller, and that differ for other pictures.

`perceptual_hash` finds candidates quickly, `alike` decides by a grid of brightness. Pure: points
come as bytes, one for each, row by row.
"""

import math
from collections.abc import Sequence
from operator import mul, sub

SIDE = 32  # points of the square that is hashed
GRID = 16  # points of the square that is compared
KEPT = 8  # frequencies that are looked at in each direction
PLAIN = 9.0  # spread of brightness (standard deviation) below which there is nothing to compare
DETAIL = 6.0  # the same for `detail`
EVERYWHERE = 0.35  # share of it that half of the points must have
# tests/services/test_similar.py measures: copies differ by at most 0.17 and 0.5, others by more
# than 0.9 and 3.
APART = 0.35  # of the detail, on average
ONE_POINT = 1.2  # of the detail, anywhere

_COSINES = [
    [math.cos(math.pi * (2 * x + 1) * k / (2 * SIDE)) for x in range(SIDE)] for k in range(KEPT + 1)
]
# All low frequencies but the mean, which says only how bright the picture is, and one more.
_FREQUENCIES = [(u, v) for u in range(KEPT) for v in range(KEPT) if u or v] + [(0, KEPT)]

_STEPS = [place - (GRID - 1) / 2 for place in range(GRID)]
_CORNERS = [down * across for down in _STEPS for across in _STEPS]


def perceptual_hash(points: bytes) -> int:
    """64 bits of a square of 32 by 32: which of its low frequencies are stronger than the middle
    one. Signed, as SQLite keeps integers."""
    rows = [points[y * SIDE : (y + 1) * SIDE] for y in range(SIDE)]
    across = [[sum(map(mul, row, cosine)) for row in rows] for cosine in _COSINES]
    values = [sum(map(mul, across[u], _COSINES[v])) for u, v in _FREQUENCIES]
    # In a mirrored picture half of them are nothing but noise around zero; that must not count.
    noise = 0.05 * sum(map(abs, values)) / len(values)
    middle = sorted(values)[len(values) // 2] + noise
    bits = 0
    for value in values:
        bits = bits << 1 | (value > middle)
    return bits - (1 << 64) if bits >> 63 else bits


def spread(grid: Sequence[int]) -> float:
    """How much the brightness of a grid varies: the standard deviation of its points."""
    mean = sum(grid) / len(grid)
    return math.sqrt(sum(map(mul, grid, grid)) / len(grid) - mean * mean + 1e-9)


def detail(grid: bytes) -> float:
    """The spread of what tells a picture from others."""
    rest = _own(grid)
    return math.sqrt(sum(map(mul, rest, rest)) / len(rest))


def _own(grid: bytes) -> list[float]:
    """A grid without what every row or every column has in common and what changes evenly from
    corner to corner: sea and sky, a slope, a line of text tell nothing of a picture."""
    rows = [grid[start : start + GRID] for start in range(0, GRID * GRID, GRID)]
    mean = sum(grid) / len(grid)
    of_columns = [sum(column) / GRID for column in zip(*rows, strict=True)]
    rest: list[float] = []
    for row in rows:
        own = sum(row) / GRID - mean
        rest += [value - own - column for value, column in zip(row, of_columns, strict=True)]
    twist = sum(map(mul, rest, _CORNERS)) / sum(map(mul, _CORNERS, _CORNERS))
    return [value - twist * corner for value, corner in zip(rest, _CORNERS, strict=True)]


def is_plain(grid: bytes) -> bool:
    """Whether there is too little in a picture to tell it from others like it, or too little
    anywhere but in one place: a line on a page, the moon."""
    whole = detail(grid)
    half = sorted(map(abs, _own(grid)))[len(grid) // 2]
    return spread(grid) < PLAIN or whole < DETAIL or half < EVERYWHERE * whole


def difference(one: bytes, other: bytes) -> tuple[float, float]:
    """How far two grids are apart, in units of their detail, brightness as a whole set aside: on
    average (root of the mean square) and at the point where it is most."""
    apart = list(map(sub, one, other))
    mean = sum(apart) / len(apart)
    apart_squared = sum(map(mul, apart, apart)) / len(apart) - mean * mean
    unit = max(DETAIL, (detail(one) + detail(other)) / 2)
    most = max(max(apart) - mean, mean - min(apart))
    return math.sqrt(max(0.0, apart_squared)) / unit, most / unit


def alike(one: bytes, other: bytes) -> bool:
    """Whether two grids are of one picture."""
    average, most = difference(one, other)
    return average <= APART and most <= ONE_POINT
