"""Plots of characters: bars, shades and small outlines, on a terminal; elsewhere plain columns."""

import sys
from collections.abc import Sequence

import click

from chatvault.cli._output import GAP, data, in_colour, table, terminal_columns
from chatvault.services import cells

EIGHTHS = " ▏▎▍▌▋▊▉█"
HEIGHTS = " ▁▂▃▄▅▆▇█"
SHADES = " ░▒▓█"
PLAIN_BAR, PLAIN_HEIGHTS, PLAIN_SHADES = "#", " .:-=+*#%", " .:*#"
COLOUR = "cyan"
WIDEST_BAR, NARROWEST_BAR = 40, 8
WIDEST_NAME, NARROWEST_NAME = 40, 10


def title(text: str) -> None:
    """A heading, with an empty line before it."""
    data()
    data(click.style(text, bold=True) if in_colour() else text)


def bars(head: Sequence[str], rows: Sequence[tuple[str, int]]) -> None:
    """Names, numbers, and bars where there is a terminal."""
    columns = terminal_columns()
    if columns is None:
        table(head, [[name, str(number)] for name, number in rows])
        return
    if not rows:
        return
    numbers = [f"{number:,}" for _, number in rows]
    right = max(map(len, numbers))
    left = min(
        max(cells.width(name) for name, _ in rows), WIDEST_NAME,
        max(NARROWEST_NAME, columns - right - 2 * len(GAP) - NARROWEST_BAR),
    )  # fmt: skip
    space = min(WIDEST_BAR, columns - left - right - 2 * len(GAP))
    top = max(number for _, number in rows)
    for (name, number), shown in zip(rows, numbers, strict=True):
        drawn = _bar(number, top, space) if space >= NARROWEST_BAR else ""
        label = cells.padded(cells.cut(name, left), left)
        data(f"{label}{GAP}{shown:>{right}}{GAP}{_coloured(drawn)}".rstrip())


def outline(numbers: Sequence[int], top: int, *, wide: int) -> str:
    """A column for each number, the higher the more, each so many cells wide with the one that
    keeps it apart from the next."""
    heights = HEIGHTS if _has(HEIGHTS) else PLAIN_HEIGHTS
    steps = [-(-8 * number // top) if number else 0 for number in numbers]
    drawn = "".join((heights[step] * (wide - 1)).ljust(wide) for step in steps)
    return _coloured(drawn)


def shades(numbers: Sequence[int], top: int, *, wide: int) -> str:
    """A field for each number, the darker the more."""
    steps = SHADES if _has(SHADES) else PLAIN_SHADES
    drawn = "".join(steps[-(-4 * number // top) if number else 0] * wide for number in numbers)
    return _coloured(drawn)


def _bar(number: int, top: int, space: int) -> str:
    if not _has(EIGHTHS):
        return PLAIN_BAR * (-(-space * number // top) if number else 0)
    eighths = -(-8 * space * number // top) if number else 0
    return EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _has(characters: str) -> bool:
    """Whether stdout can show these."""
    try:
        characters.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _coloured(drawn: str) -> str:
    return click.style(drawn, fg=COLOUR) if drawn.strip() and in_colour() else drawn
