"""One new file where the user says: private to its owner, never in the place of another."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chatvault.errors import Usage
from chatvault.vault.files import FileOps, disk_trouble, write_all


@contextmanager
def new_file(path: Path, vault: Path) -> Iterator[Callable[[bytes], None]]:
    """What writes the whole of a new file outside of the vault. The name is taken at once, and
    free again if nothing could be written."""
    if path.resolve().is_relative_to(vault.resolve()):
        raise Usage("the file may not lie inside the vault", remedy="name one outside of it")
    if not path.parent.exists():
        raise Usage(
            "the folder of this file does not exist",
            remedy="make the folder first, or name a file in one that exists",
        )
    ops = FileOps()
    try:
        with disk_trouble("the file cannot be made"):
            file = ops.create(path)
    except FileExistsError as cause:
        raise Usage("the file exists already", remedy="name a new file") from cause
    except (NotADirectoryError, IsADirectoryError, ValueError) as cause:
        raise Usage(
            "there can be no such file", remedy="name one in a folder that exists"
        ) from cause

    def write(data: bytes) -> None:
        with disk_trouble("the file cannot be written"):
            write_all(file, data)
            os.fsync(file.fileno())

    try:
        with file:
            yield write
    except BaseException:
        path.unlink(missing_ok=True)
        raise
