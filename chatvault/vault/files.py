"""The one seam through which files of a vault are made, changed and removed.

Everything durable goes through here, so that a test can put another implementation in its place and
count, fail or forget single steps.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chatvault.errors import Damaged, DiskTrouble, Where

DISK_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
)
# Opening follows no link: who can write into the vault's folder must not make us write elsewhere.
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
BINARY = getattr(os, "O_BINARY", 0)


@contextmanager
def disk_trouble(what: str, *, safe: str = "nothing was changed") -> Iterator[None]:
    """Turn errors of the disk into our own, which says what is safe."""
    try:
        yield
    except OSError as cause:
        if cause.errno not in DISK_ERRORS and not isinstance(cause, FileNotFoundError):
            raise
        reason = (cause.strerror or "unknown error").lower()
        raise DiskTrouble(
            f"{what}: {reason}", remedy=f"{safe}; free or mend the disk, then run the same again"
        ) from cause


class FileOps:
    """Files and folders of a vault, private to their owner."""

    def make_folder(self, path: Path) -> None:
        """A folder that only its owner can enter, whatever the umask; those above are made too."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)

    def create(self, path: Path) -> BinaryIO:
        """A new file that only its owner can read; FileExistsError if there is one."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_FOLLOW | CLOSE_ON_EXEC | BINARY
        descriptor = os.open(path, flags, 0o600)
        if hasattr(os, "fchmod"):
            os.fchmod(
                descriptor, 0o600
            )  # a umask of 777 would have taken even our own right to read
        return os.fdopen(descriptor, "w+b", buffering=0)

    def open(self, path: Path) -> BinaryIO:
        """An ordinary file for reading; refuses links, devices and pipes, never waits for them."""
        flags = os.O_RDONLY | NO_FOLLOW | CLOSE_ON_EXEC | BINARY | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(path, flags)
        except OSError as cause:
            if cause.errno == errno.ELOOP:
                raise _no_file(path) from cause
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise _no_file(path)
        return os.fdopen(descriptor, "rb", buffering=0)

    def read(self, path: Path, limit: int) -> bytes:
        """The whole of a small file; Damaged when it is larger than the limit."""
        with self.open(path) as file:
            data = bytearray()
            while len(data) <= limit and (piece := file.read(limit + 1 - len(data))):
                data += piece
        if len(data) > limit:
            raise Damaged(f"larger than {limit:,} bytes", where=Where(path.name))
        return bytes(data)

    def sync(self, file: BinaryIO) -> None:
        """Return when the bytes of an open file are on the disk."""
        os.fsync(file.fileno())

    def sync_folder(self, path: Path) -> None:
        """Return when the names in a folder are on the disk, where the system can do that."""
        if os.name == "nt":
            return
        descriptor = os.open(path, os.O_RDONLY | CLOSE_ON_EXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename_new(self, old: Path, new: Path) -> None:
        """Give a finished file its name; never over an existing one."""
        # Packs have random names, so this is a check against our own mistakes, not against a race.
        if os.path.lexists(new):
            raise FileExistsError(errno.EEXIST, "exists", str(new))
        old.rename(new)

    def replace(self, old: Path, new: Path) -> None:
        """Give a file the name of another, which is gone then."""
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def write_whole(self, path: Path, data: bytes, tmp: Path) -> None:
        """A small file that is there whole or not at all, replacing an older one."""
        part = tmp / f"{os.urandom(16).hex()}.part"
        with self.create(part) as file:
            write_all(file, data)
            self.sync(file)
        self.replace(part, path)
        self.sync_folder(path.parent)


def write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write every byte; an unbuffered file may take fewer than it was given."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _no_file(path: Path) -> Damaged:
    return Damaged(
        "not an ordinary file",
        where=Where(path.name),
        remedy="a vault holds only ordinary files; bring back the original from a copy",
    )
