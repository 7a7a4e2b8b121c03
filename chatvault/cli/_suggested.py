"""Suggestions as people read them: what it is about, why, and the command for it."""

from collections.abc import Iterable, Sequence

from chatvault.cli._output import data, indented, talk


def show(found: Iterable[tuple[str, Sequence[str], str]], *, nothing: str) -> None:
    """Print them, with an empty line between two; `nothing` is said when there are none."""
    number = 0
    for number, (about, evidence, command) in enumerate(found, 1):
        if number > 1:
            data()
        indented(about, "")
        for text in evidence:
            indented(text, "  ")
        data(f"  {command}")
    if not number:
        talk(nothing)
