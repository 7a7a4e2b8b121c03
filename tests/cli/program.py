"""The installed program as people run it: in its own process, with or without a terminal."""

import errno
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "chatvault"
PASSPHRASE = "seven grey herons wade slowly"
TIMEOUT = 60

# Makes the terminal on its standard input the one that passphrases are asked for on, then becomes
# the program.
ON_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
# As a terminal shows it: no colours, no moving about.
STYLING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def environment(**more: str) -> dict[str, str]:
    """An environment with nothing of this machine's in it."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "Asia/Shanghai", **more}


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str


def run(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    given: str | None = None,
    cwd: Path | None = None,
) -> Ended:
    """Run the program without a terminal."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        env=environment() if env is None else dict(env),
        input=b"" if given is None else given.encode(),
        capture_output=True,
        cwd=cwd,
        timeout=TIMEOUT,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@dataclass(frozen=True)
class Vault:
    """A vault, its recovery key, and the exports that were imported."""

    folder: Path
    recovery: str
    downloads: Path

    def env(self, **more: str) -> dict[str, str]:
        """The environment of somebody who has this vault, with the passphrase in a variable."""
        return {**self.locked(CHATVAULT_PASSPHRASE=PASSPHRASE), **more}

    def locked(self, **more: str) -> dict[str, str]:
        """The same without the passphrase."""
        return environment(CHATVAULT_VAULT=str(self.folder), **more)

    def run(self, *arguments: str | Path, **env: str) -> Ended:
        """Run the installed program on this vault."""
        return run(*arguments, env=self.env(**env))

    def number_of(self, *query: str) -> str:
        """The number of the one message that a search finds."""
        (hit,) = json.loads(self.run("search", *query, "--json").out)["hits"]
        return str(hit["id"])


class Terminal:
    """The program on a terminal of its own."""

    def __init__(
        self,
        *arguments: str | Path,
        env: Mapping[str, str],
        columns: int = 100,
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL, PROGRAM, *map(str, arguments)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={"TERM": "xterm-256color", **env},
            start_new_session=True,
        )
        os.close(slave)
        self.raw = ""
        self._seen = 0

    @property
    def shown(self) -> str:
        """All that was shown, without colours."""
        return STYLING.sub("", self.raw).replace("\r\n", "\n")

    def wait_for(self, text: str) -> None:
        """Until this is shown, behind what was waited for before."""
        end = time.monotonic() + TIMEOUT
        while (found := self.shown.find(text, self._seen)) < 0:
            assert time.monotonic() < end, f"{text!r} did not come; shown: {self.shown!r}"
            assert self._read(), f"{text!r} did not come before the end; shown: {self.shown!r}"
        self._seen = found + len(text)

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._master, text.encode() + b"\n")

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        while self._read():
            pass
        code = self._process.wait(TIMEOUT)
        os.close(self._master)
        return code

    def _read(self) -> bool:
        """Take in what is shown next; False at the end."""
        ready, _, _ = select.select([self._master], [], [], TIMEOUT)
        assert ready, f"the program waits for something; shown: {self.shown!r}"
        try:
            piece = os.read(self._master, 65536)
        except OSError as cause:
            if cause.errno == errno.EIO:  # how Linux says that nobody has the terminal open
                return False
            raise
        self.raw += piece.decode(errors="replace")
        return bool(piece)
