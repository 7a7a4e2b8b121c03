"""`python -m chatvault`, and the installed program."""

from chatvault.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
