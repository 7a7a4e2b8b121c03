"""Everything that must be green before a commit; stops at the first failure and names it.

`python3 scripts/check.py [arguments for the tests]`
"""

from __future__ import annotations

import subprocess
import sys

from _environment import ROOT, attempt, say

# Each writes a page; with --check it only says whether the page is up to date.
GENERATORS = (
    "commands_table.py",
    "errors_table.py",
    "platforms_table.py",
    "schema_table.py",
    "changelog.py",
)


def main(arguments: list[str]) -> int:
    """0, or the exit code of the first step that failed."""
    python = str(attempt("dev"))
    steps = {
        "ruff format": [python, "-m", "ruff", "format", "--check", "--quiet", "."],
        "ruff check": [python, "-m", "ruff", "check", "--quiet", "."],
        "mypy": [python, "-m", "mypy"],
        **{name: [python, f"scripts/{name}", "--check"] for name in GENERATORS},
        "tests": [python, "scripts/test.py", *arguments],
    }
    for name, command in steps.items():
        say(f"chatvault: {name}")
        code = subprocess.call(command, cwd=ROOT)
        if code != 0:
            say(f"chatvault: failed: {name}")
            return code
    say("chatvault: all good")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
