"""Where errors end: what is said about each, and with which code the program exits.

Nothing of a chat, no name out of one and no secret is ever said. Of an exception that nobody
expected only its type and its places in our own code are told: its message may quote anything.
"""

import errno
import traceback
from pathlib import Path

import click

import chatvault
from chatvault.cli._group import did_you_mean
from chatvault.cli._stream import talk
from chatvault.errors import ChatVaultError, DiskTrouble, Usage
from chatvault.services.escape import Lines, for_error, for_hint, for_terminal

INTERRUPTED = 130
PACKAGE = Path(chatvault.__file__).parent
PLACE_CHARACTERS = 100
SHOWN = 12  # places in our code, the innermost ones
REMEDIES = {
    errno.ENOSPC: "make room on that disk, then run the same again",
    errno.EDQUOT: "make room on that disk, then run the same again",
    errno.EACCES: "check who may read and write there",
    errno.EPERM: "check who may read and write there",
    errno.EROFS: "that disk can only be read; use another one",
}


def report(error: BaseException) -> int:
    """Say what went wrong; the exit code."""
    if isinstance(error, ChatVaultError):
        return _tell(_placed(error), error.remedy, code=error.exit_code)
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "chatvault"
        hint = f"`{command} -h` shows how it is used"
        return _tell(_usage(error), hint, code=Usage.exit_code)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _tell("interrupted", " ".join(_notes(error)), code=INTERRUPTED)
    if isinstance(error, MemoryError):
        return _tell("there is not enough memory", "close other programs", code=1)
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if isinstance(error.filename, str) else ""
        hint = REMEDIES.get(error.errno or 0, "")
        return _tell(f"{place}{error.strerror.lower()}", hint, code=DiskTrouble.exit_code)
    talk(f"chatvault: this is a bug: {type(error).__name__} at {_places(error)}")
    talk("hint: please report the line above; it holds nothing of your messages")
    return ChatVaultError.exit_code


def _tell(message: str, remedy: str, *, code: int) -> int:
    talk(f"chatvault: {for_error(message)}")
    if remedy:
        advise(remedy)
    return code


def advise(remedy: str) -> None:
    """Say on stderr what to do."""
    talk(f"hint: {for_hint(remedy)}")


def _placed(error: ChatVaultError) -> str:
    """The message behind its place; of a long one only the end is told, that the message fits."""
    if error.where is None:
        return error.message
    place = for_terminal(str(error.where), Lines.SHOWN)
    if len(place) > PLACE_CHARACTERS:
        place = "…" + place[1 - PLACE_CHARACTERS :]
    return f"{place}: {error.message}"


def _usage(error: click.UsageError) -> str:
    """What click says, in our form: one line, no capital, no full stop."""
    if isinstance(error, click.NoSuchOption):
        near = did_you_mean(error.option_name, error.possibilities or ())
        return f"there is no option {error.option_name!r}{near}"
    message = " ".join(error.format_message().split()).removesuffix(".")
    return message[:1].lower() + message[1:]


def _notes(error: BaseException) -> list[str]:
    """What was noted on the way; click puts an exception of its own in place of an interruption."""
    cause = error.__cause__ if isinstance(error, click.Abort) else error
    return list(getattr(cause, "__notes__", ()))


def _places(error: BaseException) -> str:
    """The places in our own code, the innermost first."""
    found = []
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(PACKAGE):
            found.append(f"{path.relative_to(PACKAGE).as_posix()}:{frame.lineno}")
    return " < ".join(reversed(found[-SHOWN:])) or "an unknown place"
