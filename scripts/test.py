"""Run the tests: `python3 scripts/test.py [--quick] [arguments of pytest]`.

Enough on a bare machine: it makes its own environment in `.venv/` first. `--quick` leaves out the
tests marked slow.
"""

from __future__ import annotations

import subprocess
import sys

from _environment import ROOT, attempt, have_program, say


def main(arguments: list[str]) -> int:
    """Exit code of pytest."""
    python = attempt("dev")
    if not have_program("age"):
        say("chatvault: no `age` program, so the tests that use it are skipped (apt install age)")
    ours = ["-n", "auto", "--maxprocesses", "8", "--durations", "10"]
    if "--quick" in arguments:
        arguments = [argument for argument in arguments if argument != "--quick"]
        ours += ["-m", "not slow"]
    return subprocess.call([str(python), "-m", "pytest", *ours, *arguments], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
