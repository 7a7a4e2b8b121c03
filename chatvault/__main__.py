"""`python -m chatvault`, and the installed program."""

import sys

# With `-m` Python looks for libraries in the folder it is started in first: in a folder of exports,
# where a file may well be called cryptography.py. The installed program has its own folder there.
if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]

from chatvault import cli
from chatvault.cli import _process


def main() -> None:
    """Run the program, and end it."""
    _process.prepare()
    cli.main()


if __name__ == "__main__":
    main()
