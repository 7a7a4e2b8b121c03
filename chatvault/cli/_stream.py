"""The two streams: data for programs and people on stdout, talk for people on stderr."""

import contextlib
import io
import os
import shutil
import sys
from typing import TextIO

import click

from chatvault.services import cells

NARROWEST = 20  # columns of a terminal; one that says less is not believed


def data(text: str = "") -> None:
    """A line on stdout, or several."""
    _say(text, sys.stdout)


def talk(text: str) -> None:
    """A line on stderr; on a terminal it ends between words, elsewhere it stays one line."""
    if sys.stderr.isatty():
        columns = max(NARROWEST, shutil.get_terminal_size().columns)
        text = "\n".join(
            one[start:end] for one in text.split("\n") for start, end in cells.lines(one, columns)
        )
    _say(text, sys.stderr)


def _say(text: str, stream: TextIO) -> None:
    try:
        click.echo(text, file=stream)
    except BrokenPipeError:
        # Whoever read this has seen enough (`| head`). The command goes on to its end, because its
        # exit code says more than that a pipe was closed.
        _to_nowhere(stream)


def prepare_streams() -> None:
    """Make sure that there are a stdin, a stdout and a stderr, and that any text can be printed.

    A file opened while one of them is closed would take its number, and what a library then prints
    would go into that file: into the archive, for instance.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            # Old terminals know few characters; what they lack is written out as \u5317.
            stream.reconfigure(errors="backslashreplace")


def finish_streams() -> None:
    """Write out what is still held back; an error here is one of writing, as everywhere else."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            _to_nowhere(stream)


def abandon_streams() -> None:
    """Drop what cannot be written, so that nobody tries once more when the program ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _to_nowhere(stream)


def _to_nowhere(stream: TextIO) -> None:
    """Drop what is still to be written to a stream that nobody reads any more."""
    with contextlib.suppress(OSError, io.UnsupportedOperation):  # a stream that is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
