"""What the user gave to import: paths, opened read-only and served to the worker as bytes."""

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from chatvault.errors import Usage, Where
from chatvault.services.worker_messages import GivenFile

OPEN_AT_ONCE = 16


class Given(Protocol):
    """Files by number, whose bytes can be read anywhere."""

    name: str
    size: int

    def files(self) -> list[GivenFile]:
        """What is there."""

    def parts(self) -> list[tuple[str, list[int]]]:
        """The arguments of the command, each with a name and the numbers of its files."""

    def read(self, index: int, offset: int, length: int) -> bytes:
        """Bytes of a file; fewer at its end."""

    def close(self) -> None:
        """Close what is open."""


class GivenPaths:
    """Folders and files of the user's disk. Nothing in them is ever changed."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Usage when a path is not there, or is neither a folder nor an ordinary file."""
        self.skipped: list[tuple[str, str]] = []  # links and the like: name, reason
        self._paths: list[Path] = []
        self._files: list[GivenFile] = []
        self._parts: list[tuple[str, list[int]]] = []
        self._open: OrderedDict[int, BinaryIO] = OrderedDict()
        for path in paths:
            first = len(self._paths)
            for inner, name in _walk(path, self.skipped):
                status = inner.stat()
                text, raw = _text(name)
                self._paths.append(inner)
                self._files.append(
                    GivenFile(text, status.st_size, status.st_mtime_ns // 1_000_000, raw)
                )
            self._parts.append(
                (_text(path.resolve().name)[0], list(range(first, len(self._paths))))
            )
        self.name = ", ".join(name for name, _ in self._parts)
        self.size = sum(file.size for file in self._files)

    def files(self) -> list[GivenFile]:
        """What is there."""
        return self._files

    def parts(self) -> list[tuple[str, list[int]]]:
        """The arguments of the command."""
        return self._parts

    def read(self, index: int, offset: int, length: int) -> bytes:
        """Bytes of a file."""
        if not 0 <= index < len(self._paths) or offset < 0 or length < 0:
            raise ValueError("no such place")
        file = self._open.pop(index, None)
        if file is None:
            file = _open(self._paths[index])
            if len(self._open) >= OPEN_AT_ONCE:
                self._open.popitem(last=False)[1].close()
        self._open[index] = file
        file.seek(offset)
        return file.read(length)

    def is_unchanged(self, index: int) -> bool:
        """Whether size and time of a file are still those that were first seen."""
        told = self._files[index]
        try:
            status = self._paths[index].stat()
        except OSError:
            return False
        return (told.size, told.modified_ms) == (status.st_size, status.st_mtime_ns // 1_000_000)

    def pieces(self, index: int, size: int = 1024 * 1024) -> Iterator[bytes]:
        """All the bytes of a file."""
        with _open(self._paths[index]) as file:
            while piece := file.read(size):
                yield piece

    def close(self) -> None:
        """Close what is open."""
        for file in self._open.values():
            file.close()
        self._open.clear()


class GivenBytes:
    """Files that come from somewhere else, such as the packs of a vault."""

    def __init__(
        self, name: str, files: list[GivenFile], read: Callable[[int, int, int], bytes]
    ) -> None:
        self.name = name
        self.size = sum(file.size for file in files)
        self._files = files
        self._read = read

    def files(self) -> list[GivenFile]:
        """What is there."""
        return self._files

    def parts(self) -> list[tuple[str, list[int]]]:
        """All of it is one part."""
        return [(self.name, list(range(len(self._files))))]

    def read(self, index: int, offset: int, length: int) -> bytes:
        """Bytes of a file."""
        return self._read(index, offset, length)

    def close(self) -> None:
        """Nothing is open."""


def _walk(path: Path, skipped: list[tuple[str, str]]) -> Iterator[tuple[Path, str]]:
    """The ordinary files of an argument, each with its name relative to it; links are not followed
    and told, so that an export cannot pull in what lies elsewhere."""
    try:
        mode = path.stat().st_mode
    except OSError as cause:
        reason = (cause.strerror or "cannot be read").lower()
        raise Usage(
            f"{path}: {reason}", remedy="check the name; quote it if there are spaces in it"
        ) from cause
    if stat.S_ISREG(mode):
        # Only the argument itself may be a link: what it holds is listed without following any.
        yield path.resolve(), path.name
        return
    if not stat.S_ISDIR(mode):
        raise Usage(f"{path} is neither a file nor a folder", remedy="give an export")

    def unreadable(cause: OSError) -> None:
        skipped.append((os.path.relpath(cause.filename or path, path), "cannot be read"))

    for folder, inner_folders, names in os.walk(path, onerror=unreadable):
        inner_folders.sort()
        here = Path(folder)
        if "vault.json" in names and "packs" in inner_folders:
            # Perhaps the one that is being written to, which then would never end.
            skipped.append((here.relative_to(path).as_posix(), "a vault of ChatVault"))
            inner_folders.clear()
            continue
        skipped.extend(
            ((here / name).relative_to(path).as_posix(), "a link; not followed")
            for name in inner_folders
            if (here / name).is_symlink()
        )
        for name in sorted(names):
            file = here / name
            relative = file.relative_to(path).as_posix()
            try:
                mode = file.lstat().st_mode
            except OSError:
                skipped.append((relative, "cannot be read"))
                continue
            if not stat.S_ISREG(mode):
                what = "a link; not followed" if stat.S_ISLNK(mode) else "not an ordinary file"
                skipped.append((relative, what))
            elif not os.access(file, os.R_OK):
                skipped.append((relative, "no permission to read it"))
            else:
                yield file, relative


def _text(name: str) -> tuple[str, bytes | None]:
    """A name of the file system as text, with its bytes where those are not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(name)
        return raw.decode("utf-8", "replace"), raw
    return name, None


def _open(path: Path) -> BinaryIO:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:
        descriptor = os.open(path, flags)  # O_NOATIME is for owners only
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Usage("changed while it was read", where=Where(path.name))
    return os.fdopen(descriptor, "rb", buffering=0)
