"""An open folder, by its handle where the system can do that, else by its path and with care."""

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from chatvault.vault.files import BINARY, CLOSE_ON_EXEC, NO_FOLLOW

BY_DESCRIPTOR = {os.open, os.mkdir, os.link, os.unlink, os.rename, os.stat} <= os.supports_dir_fd
DIRECTORY = getattr(os, "O_DIRECTORY", 0)
CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_FOLLOW | CLOSE_ON_EXEC | BINARY
# What disks answer that know no hard links.
NO_LINKS = frozenset(
    {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}
)
NAME_SURROGATE = 0x2000_0000  # in the tag of what leads elsewhere on Windows: links, junctions


class Refused(OSError):
    """There is a link where a folder should be, or another folder than before."""


class Handle(Protocol):
    """What can be done in an open folder. Names are single parts, and no link is followed."""

    identity: tuple[int, int]

    def names(self) -> list[str]:
        """The names in it."""

    def make(self, name: str) -> None:
        """Make a folder that only its owner can enter; FileExistsError if the name is taken."""

    def folder(self, name: str) -> "Handle":
        """Open a folder in it, made if it is not there; Refused if it is a link, FileExistsError if
        it is something else."""

    def create(self, name: str) -> BinaryIO:
        """A new file that only its owner can read; FileExistsError if the name is taken."""

    def rename_new(self, old: str, new: str) -> None:
        """Give a file another name; FileExistsError if that is taken."""

    def remove(self, name: str) -> None:
        """Remove a file."""

    def set_time(self, file: BinaryIO, name: str, utc_ms: int) -> None:
        """Set when an open file was changed last, where the disk can hold that."""

    def free(self) -> int:
        """Bytes that can be written."""

    def sync(self) -> None:
        """Return when its names are on the disk."""

    def close(self) -> None:
        """Close it."""


def open_root(path: Path) -> Handle:
    """A folder that the user named; there a link is the user's own."""
    if BY_DESCRIPTOR:
        return ByDescriptor(os.open(path, os.O_RDONLY | DIRECTORY | CLOSE_ON_EXEC))
    return ByPath(path.resolve())


class ByDescriptor:
    """An open folder of Linux and macOS."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        self.identity = (status.st_dev, status.st_ino)

    def names(self) -> list[str]:
        return os.listdir(self._descriptor)  # noqa: PTH208 - a path cannot be a handle

    def make(self, name: str) -> None:
        os.mkdir(name, 0o700, dir_fd=self._descriptor)

    def folder(self, name: str) -> "ByDescriptor":
        with suppress(FileExistsError):
            self.make(name)
        flags = os.O_RDONLY | DIRECTORY | NO_FOLLOW | CLOSE_ON_EXEC
        try:
            return ByDescriptor(os.open(name, flags, dir_fd=self._descriptor))
        except OSError as cause:
            if cause.errno not in {errno.ELOOP, errno.ENOTDIR}:
                raise
            status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                raise Refused(cause.errno, "a link") from cause
            raise FileExistsError(errno.EEXIST, "not a folder") from cause

    def create(self, name: str) -> BinaryIO:
        descriptor = os.open(name, CREATE, 0o600, dir_fd=self._descriptor)
        os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "w+b", buffering=0)

    def rename_new(self, old: str, new: str) -> None:
        here = self._descriptor
        try:
            # Renaming would replace a file that came into being meanwhile; linking does not.
            os.link(old, new, src_dir_fd=here, dst_dir_fd=here)
        except OSError as cause:
            if cause.errno not in NO_LINKS:
                raise
            try:
                os.stat(new, dir_fd=here, follow_symlinks=False)
            except FileNotFoundError:
                os.rename(old, new, src_dir_fd=here, dst_dir_fd=here)
                return
            raise FileExistsError(errno.EEXIST, "exists") from cause
        os.unlink(old, dir_fd=here)

    def remove(self, name: str) -> None:
        os.unlink(name, dir_fd=self._descriptor)

    def set_time(self, file: BinaryIO, name: str, utc_ms: int) -> None:  # noqa: ARG002 - see ByPath
        _set_time(file.fileno(), utc_ms)

    def free(self) -> int:
        status = os.fstatvfs(self._descriptor)
        return status.f_bavail * status.f_frsize

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class ByPath:
    """A folder of Windows, which has no such handles: before each step it is looked at again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.identity = _folder_identity(path)

    def _at(self, name: str) -> Path:
        if _folder_identity(self._path) != self.identity:
            raise Refused(errno.ENOTDIR, "changed meanwhile")
        return self._path / name

    def names(self) -> list[str]:
        return [entry.name for entry in self._at("").iterdir()]

    def make(self, name: str) -> None:
        self._at(name).mkdir(mode=0o700)

    def folder(self, name: str) -> "ByPath":
        path = self._at(name)
        if not os.path.lexists(path):
            path.mkdir(mode=0o700)
        return ByPath(path)

    def create(self, name: str) -> BinaryIO:
        return os.fdopen(os.open(self._at(name), CREATE, 0o600), "w+b", buffering=0)

    def rename_new(self, old: str, new: str) -> None:
        if os.path.lexists(self._at(new)):  # Windows refuses by itself, others would replace it
            raise FileExistsError(errno.EEXIST, "exists")
        self._at(old).rename(self._at(new))

    def remove(self, name: str) -> None:
        self._at(name).unlink()

    def set_time(self, file: BinaryIO, name: str, utc_ms: int) -> None:
        _set_time(file.fileno() if os.utime in os.supports_fd else self._at(name), utc_ms)

    def free(self) -> int:
        return shutil.disk_usage(self._path).free

    def sync(self) -> None:
        """Windows writes names by itself."""

    def close(self) -> None:
        """Nothing is held open."""


def _folder_identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) & NAME_SURROGATE:
        raise Refused(errno.ELOOP, "a link")
    if not stat.S_ISDIR(status.st_mode):
        raise FileExistsError(errno.EEXIST, "not a folder")
    return status.st_dev, status.st_ino


def _set_time(target: int | Path, utc_ms: int) -> None:
    try:
        os.utime(target, ns=(utc_ms * 1_000_000, utc_ms * 1_000_000))
    except OSError:
        return  # a disk that cannot hold the time still holds the file; the index tells the time
