"""What a search found, with its words marked."""

from collections.abc import Iterator, Sequence

import click

from chatvault.cli._output import data, in_colour, line, terminal_columns
from chatvault.services import cells

LONGEST = 240  # characters shown of a message; `chatvault show` has all of it
BEFORE = 60  # of them before the first word that was found

Marks = Sequence[tuple[int, int]]


def show_text(text: str, marks: Marks, *, indent: str) -> None:
    """Print the text of a hit, or the part of a long one around the first mark. Marks are bold and
    yellow on a terminal, in `[ ]` without colour. Nothing for a photo without a name."""
    if not text:
        return
    shown, places = _harmless(text, marks, _part(text, marks))
    if not in_colour():
        shown, places = _bracketed(shown, places), ()
    columns = terminal_columns()
    parts = [(0, len(shown))] if columns is None else cells.lines(shown, columns - len(indent))
    for start, end in parts:
        data(indent + "".join(_styled(shown, places, start, end)))


def _part(text: str, marks: Marks) -> tuple[int, int]:
    """Which part of the text is shown; it begins with a word, where there is one."""
    if len(text) <= LONGEST:
        return 0, len(text)
    first = marks[0][0] if marks else 0
    start = max(0, min(first - BEFORE, len(text) - LONGEST))
    if start:
        space = text.find(" ", start, first)
        start = space + 1 if space >= 0 else start
    return start, min(len(text), start + LONGEST)


def _harmless(text: str, marks: Marks, part: tuple[int, int]) -> tuple[str, Marks]:
    """A part of the text as it can be shown on one line, and where the marks are in that."""
    begin, finish = part
    shown, places, last = cells.MORE if begin else "", [], begin
    for start, end in [*marks, (finish, finish)]:
        start, end = max(start, last), min(end, finish)
        if start > end:
            continue
        shown += _one_line(text[last:start])
        word = _one_line(text[start:end])
        if word:
            places.append((len(shown), len(shown) + len(word)))
        shown += word
        last = end
    return shown + (cells.MORE if finish < len(text) else ""), places


def _one_line(text: str) -> str:
    return line(text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def _bracketed(text: str, marks: Marks) -> str:
    for start, end in reversed(marks):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


def _styled(text: str, marks: Marks, begin: int, finish: int) -> Iterator[str]:
    """Characters `begin` to `finish` of the text, in pieces."""
    last = begin
    for start, end in marks:
        start, end = max(start, begin), min(end, finish)
        if start < end:
            yield text[last:start]
            yield click.style(text[start:end], bold=True, fg="yellow")
            last = end
    yield text[last:finish]
