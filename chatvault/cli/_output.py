"""What commands print: data on stdout, talk on stderr, colours and progress only on a terminal."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
import msgspec

from chatvault.services.escape import Lines, for_terminal
from chatvault.services.escape import short_name as short


def print_json(value: object) -> None:
    """One value as JSON. Characters that could steer a terminal are escaped by JSON's own rules."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    safe = "".join(
        f"\\u{ord(c):04x}" if c in "\x7f\u2028\u2029" or "\x80" <= c <= "\x9f" else c for c in text
    )
    click.echo(safe)


def talk(text: str) -> None:
    """Something for people, not for programs."""
    click.echo(text, err=True)


def line(text: str) -> str:
    """Text of a chat on one line, harmless to the terminal."""
    return for_terminal(text, Lines.SHOWN)


def block(text: str) -> str:
    """Text of a chat with its own lines, harmless to the terminal."""
    return for_terminal(text, Lines.KEPT)


def name(text: str) -> str:
    """A name, harmless and not too long."""
    return short(text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under a head: drawn on a terminal, tab-separated for programs."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for title in head:
        drawn.add_column(title, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, no_color="NO_COLOR" in os.environ).print(drawn)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A Progress that shows a bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    shown = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[amount]}"), TimeElapsedColumn(),
        console=Console(stderr=True, no_color="NO_COLOR" in os.environ), transient=True,
    )  # fmt: skip
    with shown:
        task = shown.add_task("", total=None, amount="")

        def tell(what: str, done: int, total: int) -> None:
            amount = f"{done:,}" if "messages" in what else size(done)
            shown.update(task, description=what, completed=done, total=total or None, amount=amount)

        yield tell


def size(count: int) -> str:
    """Bytes as people read them."""
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
        value /= 1000
    return ""


def marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """A text on one line with its marks: bold on a terminal, in `[ ]` elsewhere without colour."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    parts, last = [], 0
    for start, end in marks:
        parts.append(line(text[last:start]))
        word = line(text[start:end])
        parts.append(click.style(word, bold=True, fg="yellow") if colour else f"[{word}]")
        last = end
    parts.append(line(text[last:]))
    return "".join(parts)
