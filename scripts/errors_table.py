"""Write docs/errors.md from the error classes: `python3 scripts/errors_table.py [--check]`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _pages import write_or_check

from chatvault import errors

PAGE = "docs/errors.md"

# The codes are a promise to scripts: they never change their meaning.
CODES = {
    0: "done, and complete",
    1: "an error that is explained",
    2: "wrong usage, or a question that only you can answer",
    3: "finished, but something in the export was left unread or not kept; the receipt lists it",
    10: "no vault at this place",
    11: "the vault is in use",
    12: "wrong passphrase or key",
    13: "damage found",
    14: "the vault is older than this machine last saw it",
    15: "made by a newer ChatVault",
    16: "refused by a safety limit",
    17: "disk full, or the disk fails",
    130: "interrupted",
}

HEAD = """\
# Errors and exit codes

<!-- Written by scripts/errors_table.py; do not edit. -->

An error says what is wrong, where, and after `hint:` what to do about it. It never quotes a
message, a name or a secret. The codes are fixed: a script may rely on them.
"""


def classes() -> list[type[errors.ChatVaultError]]:
    """Every class of errors.py, in its order."""
    return [
        thing
        for thing in vars(errors).values()
        if inspect.isclass(thing)
        and issubclass(thing, errors.ChatVaultError)
        and thing.__module__ == errors.__name__
    ]


def complaints() -> list[str]:
    """What is wrong with the classes: no text, an unknown code, one code given twice."""
    owners: dict[int, str] = {}
    found = []
    for error in classes():
        if not error.__doc__:
            found.append(f"{error.__name__} has no docstring: it is the text of the table")
        if error.exit_code not in CODES:
            found.append(f"{error.__name__}: {error.exit_code} is no known exit code")
        if "exit_code" in vars(error):
            other = owners.setdefault(error.exit_code, error.__name__)
            if other != error.__name__:
                found.append(f"{error.__name__} and {other} both define {error.exit_code}")
    return found


def page() -> str:
    """The whole page."""
    lines = [HEAD, "| code | meaning |", "| ---: | --- |"]
    lines += [f"| {code} | {text} |" for code, text in CODES.items()]
    lines += ["", "## Errors", "", "| error | code | what happened |", "| --- | ---: | --- |"]
    for error in classes():
        said = " ".join((error.__doc__ or "").split())
        lines.append(f"| `{error.__name__}` | {error.exit_code} | {said} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Exit code of the script."""
    for complaint in complaints():
        print(complaint, file=sys.stderr)
    return 1 if complaints() else write_or_check({PAGE: page()}, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
