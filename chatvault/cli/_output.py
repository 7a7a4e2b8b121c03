"""What commands print: data on stdout, talk on stderr, colours and progress only on a terminal."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import click
import msgspec

from chatvault.cli._stream import NARROWEST
from chatvault.cli._stream import data as data
from chatvault.cli._stream import talk as talk
from chatvault.services import cells
from chatvault.services.escape import Lines, for_terminal
from chatvault.services.escape import short_name as short

TAB = "    "
COLUMN = 12  # cells that a column of a table keeps at least
WORTHWHILE = 24  # cells that it should have, or the last column is left out
GAP = "  "
COUNTED = re.compile("messages|pictures|packs|checking|import")  # other progress is in bytes
STATES = {
    "present": "",
    "absent_not_exported": "not in the export",
    "missing_file": "its file is missing",
    "remote_only": "only an address",
    "failed_at_export": "failed at export",
    "placeholder_only": "not in the export",
    "skipped_too_big": "too big for the export",
    "unavailable": "was not available",
}
_STEERING = re.compile("[\x7f-\x9f\u2028\u2029]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_NUMBER = re.compile(r"[\d,.]+(?: (?:bytes?|KB|MB|GB))?|-?")


def print_json(value: object, *, indent: int = 2) -> None:
    """One value as JSON, on one line where nothing is indented. Characters that could steer a
    terminal, and those that the encoding of stdout lacks, are escaped by JSON's own rules."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()
    text = _STEERING.sub(_json_escape, text)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = _NOT_ASCII.sub(_json_escape, text)
    data(text)


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))


def line(text: str) -> str:
    """Text of a chat on one line, harmless to the terminal."""
    return for_terminal(text, Lines.SHOWN)


def block(text: str) -> str:
    """Text of a chat with its own lines, harmless to the terminal."""
    return for_terminal(text.replace("\t", TAB), Lines.KEPT)


def name(text: str) -> str:
    """A name, harmless and not too long."""
    return short(text)


def count(number: int, one: str, many: str = "") -> str:
    """`1 message`, `2,000 messages`; `many` where it is not the word and an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int) -> str:
    """Bytes as people read them."""
    if number < 1000:
        return count(number, "byte")
    value = number / 1000
    for unit in ("KB", "MB"):
        if value < 999.95:
            return f"{value:,.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"


def state(text: str) -> str:
    """Why the file of an attachment is not there, in words; empty when it is."""
    return STATES.get(text, text.replace("_", " "))


def terminal_columns() -> int | None:
    """How wide the terminal is that stdout goes to; None when it goes somewhere else."""
    if not sys.stdout.isatty():
        return None
    return max(NARROWEST, shutil.get_terminal_size().columns)


def in_colour() -> bool:
    """Whether colours may be used on stdout."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def indented(text: str, indent: str) -> None:
    """Print a harmless text, each of its lines after the indent and broken to fit the terminal."""
    columns = terminal_columns()
    for one in text.split("\n"):
        if columns is None:
            data(indent + one)
            continue
        for start, end in cells.lines(one, columns - len(indent)):
            data(indent + one[start:end])


def hanging(text: str, indent: str) -> None:
    """Print one harmless line; what does not fit the terminal goes on below, after the indent."""
    columns = terminal_columns()
    if columns is None:
        data(text)
        return
    for start, end in cells.lines(text, columns, after=columns - len(indent)):
        data((indent if start else "") + text[start:end])


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, spare: int = 0) -> None:
    """Rows under a head: aligned on a terminal, tab-separated for programs.

    On a terminal without space for all columns the last `spare` ones are left out; where even the
    others are too wide the cells of a row stand one below the other.
    """
    columns = terminal_columns()
    if columns is None:
        for row in rows:
            data("\t".join(row))
        return
    if not rows:
        return
    natural = [max(map(cells.width, column)) for column in zip(head, *rows, strict=True)]
    for kept in range(len(head), len(head) - spare - 1, -1):
        space = columns - len(GAP) * (kept - 1)
        last = kept == len(head) - spare
        widths = _fitting(natural[:kept], space, least=COLUMN if last else WORTHWHILE)
        if widths is not None:
            _drawn(head[:kept], [row[:kept] for row in rows], widths)
            return
    _stacked(head, rows)


def _fitting(natural: Sequence[int], space: int, *, least: int) -> list[int] | None:
    """Widths of columns that fit into the space: the widest give way, down to `least`."""
    widths = list(natural)
    while sum(widths) > space:
        widest = max(widths)
        if widest <= least:
            return None
        widths[widths.index(widest)] -= 1
    return widths


def _drawn(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    right = [all(map(_NUMBER.fullmatch, column)) for column in zip(*rows, strict=True)]
    _row(head, widths, right, bold=in_colour())
    for row in rows:
        _row(row, widths, right)


def _row(
    row: Sequence[str], widths: Sequence[int], right: Sequence[bool], *, bold: bool = False
) -> None:
    """One row, over as many lines as its longest cell needs."""
    broken = [
        [cell[start:end] for start, end in cells.lines(cell, wide)]
        for cell, wide in zip(row, widths, strict=True)
    ]
    for number in range(max(map(len, broken))):
        parts = [
            cells.padded(lines[number] if number < len(lines) else "", wide, right=numbers)
            for lines, wide, numbers in zip(broken, widths, right, strict=True)
        ]
        text = GAP.join(parts).rstrip()
        data(click.style(text, bold=True) if bold else text)


def _stacked(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    margin = max(map(cells.width, head)) + len(GAP)
    columns = terminal_columns() or NARROWEST
    for row in rows:
        for title, cell in zip(head, row, strict=True):
            if cell in ("", "-"):
                continue
            before = cells.padded(title, margin)
            for start, end in cells.lines(cell, max(COLUMN, columns - margin)):
                data(before + cell[start:end])
                before = " " * margin
        data()


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A Progress that shows a bar on a terminal once there is something to tell, and nothing
    elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    with ExitStack() as shown:
        bar: Callable[[str, int, int], None] | None = None

        def tell(what: str, done: int, total: int) -> None:
            nonlocal bar
            bar = bar or shown.enter_context(_bar())
            bar(what, done, total)

        yield tell


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    shown = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=None),
        TextColumn("{task.fields[amount]}"), TimeElapsedColumn(),
        console=Console(stderr=True, no_color="NO_COLOR" in os.environ), transient=True,
    )  # fmt: skip
    with shown:
        task = shown.add_task("", total=None, amount="")
        now = ""

        def tell(what: str, done: int, total: int) -> None:
            nonlocal now
            if what != now:  # another thing begins, with a clock of its own
                shown.reset(task, total=total or None, description=what, amount="")
                now = what
            amounts = [done, total] if total else [done] if done else []
            words = [f"{n:,}" if COUNTED.search(what) else size(n) for n in amounts]
            shown.update(task, completed=done, total=total or None, amount=" of ".join(words))

        yield tell
