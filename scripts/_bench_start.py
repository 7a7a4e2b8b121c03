"""How long the program takes to start."""

from __future__ import annotations

import sys

from _bench_results import Paired
from _bench_tools import CHATVAULT, run

PEER = "`python -c pass`"
COMMANDS = {
    "`chatvault -h`": [*CHATVAULT, "-h"],
    "`chatvault search -h`": [*CHATVAULT, "search", "-h"],
    "`import click` alone": [sys.executable, "-c", "import click"],
}


def measure(rounds: int) -> tuple[Paired, ...]:
    """Each command in turn with a Python that does nothing."""
    found = []
    for what, command in COMMANDS.items():
        pairs = [
            (run(command).took, run([sys.executable, "-c", "pass"]).took) for _ in range(rounds + 1)
        ]
        ours, theirs = zip(*pairs[1:], strict=True)  # the first one reads the files from the disk
        found.append(Paired(what, "ms", 0, ours, PEER, 0, theirs))
    return tuple(found)
