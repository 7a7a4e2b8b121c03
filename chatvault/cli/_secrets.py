"""Where a passphrase may come from: prompt, file, command or variable, but never an argument."""

import errno
import os
import shlex
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import click

from chatvault.errors import DiskTrouble, Usage, Where, WrongSecret

VARIABLE = "CHATVAULT_PASSPHRASE"
LIMIT = 64 * 1024
COMMAND_SECONDS = 60


@dataclass(frozen=True)
class SecretOptions:
    """What the command line says about where the passphrase is."""

    file: Path | None = None
    command: str | None = None


def protect_memory() -> None:
    """No core dump, and no other program of this user may look into our memory."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


def read_secret(options: SecretOptions, *, prompt: str = "Passphrase") -> str:
    """The secret as given; Usage when there is none to be had, or more than one source."""
    protect_memory()
    text = os.environ.pop(VARIABLE, None)
    file = os.environ.pop(f"{VARIABLE}_FILE", None)
    command = os.environ.pop(f"{VARIABLE}_COMMAND", None)
    given = [text, file, command, options.file, options.command]
    if sum(item is not None for item in given) > 1:
        raise Usage(
            "the passphrase is given in two ways",
            remedy=f"use one of --passphrase-file, --passphrase-command, {VARIABLE},"
            f" {VARIABLE}_FILE and {VARIABLE}_COMMAND",
        )
    if text is not None:
        return text
    if file is not None or options.file is not None:
        return _from_file(options.file or Path(file or ""))
    if command is not None or options.command is not None:
        return _from_command(options.command or command or "")
    return ask(prompt)


def is_given(options: SecretOptions) -> bool:
    """Whether the secret can be read without asking anybody."""
    variables = (VARIABLE, f"{VARIABLE}_FILE", f"{VARIABLE}_COMMAND")
    return any(name in os.environ for name in variables) or options != SecretOptions()


def ask(prompt: str) -> str:
    """What somebody types, unseen. Piped input is never taken for a secret."""
    if not sys.stdin.isatty():
        raise Usage(
            "there is no terminal to ask for the passphrase",
            remedy="use --passphrase-file or --passphrase-command",
        )
    answer: str = click.prompt(prompt, hide_input=True, err=True)
    return answer


def _from_file(path: Path) -> str:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    where = Where("--passphrase-file")
    try:
        descriptor = os.open(path, flags)
    except OSError as cause:
        reason = (cause.strerror or "cannot be read").lower()
        if cause.errno == errno.ELOOP:
            reason = "it is a link; name the file itself"
        raise Usage(reason, where=where) from cause
    try:
        _check_file(os.fstat(descriptor), path, where)
    except BaseException:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise Usage("it is too large for a passphrase", where=where)
    return _line(data, where)


def _check_file(status: os.stat_result, path: Path, where: Where) -> None:
    """Usage unless it is an ordinary file of ours that nobody else can read."""
    if not stat.S_ISREG(status.st_mode):
        raise Usage("not an ordinary file", where=where)
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise Usage("it belongs to somebody else", where=where)
    if os.name != "nt" and stat.S_IMODE(status.st_mode) & 0o077:
        raise Usage("others can read it", where=where, remedy=f"chmod 600 {path}")


def _from_command(command: str, seconds: float = COMMAND_SECONDS) -> str:
    where = Where("--passphrase-command")
    try:
        # In our process group: it may have to ask for something on the terminal itself.
        process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
            shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
    except (OSError, ValueError, IndexError) as cause:
        raise DiskTrouble("it cannot be started", where=where, remedy="check its name") from cause
    hangs = WrongSecret(f"it did not end within {seconds:g} s", where=where)
    printed: list[bytes] = []
    reader = threading.Thread(target=_read_into, args=[printed, process], daemon=True)
    reader.start()
    try:
        reader.join(seconds)
        if not printed:
            raise hangs
        if len(printed[0]) > LIMIT:
            raise WrongSecret("it printed more than a passphrase", where=where)
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise hangs from None
    finally:
        process.kill()
        process.wait()
    if code:
        raise WrongSecret(f"it ended with {code}", where=where)
    if not printed[0]:
        raise WrongSecret("it printed no passphrase", where=where)
    return _line(printed[0], where)


def _read_into(printed: list[bytes], process: "subprocess.Popen[bytes]") -> None:
    """What a process prints, but never much more than a passphrase can be."""
    if process.stdout is not None:
        with process.stdout as pipe:
            printed.append(pipe.read(LIMIT + 1))


def _line(data: bytes, where: Where) -> str:
    """Exactly one line end is taken off: a passphrase may end in spaces, hardly in a newline."""
    for end in (b"\r\n", b"\n"):
        if data.endswith(end):
            data = data.removesuffix(end)
            break
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Usage("it is not UTF-8 text", where=where) from None
