"""Where restored files go: one folder, opened once; nothing is ever written outside of it.

Everything below it is reached by the handle of the folder above, never by a path, and no link is
followed: whoever can write into the folder meanwhile cannot lead a file elsewhere. A file gets its
name when all of its bytes are on the disk, and never the name of one that is there.
"""

import errno
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from chatvault.errors import DiskTrouble, Usage
from chatvault.services.folder_handles import Handle, Refused, open_root
from chatvault.services.safe_names import safe_name
from chatvault.vault.files import write_all
from chatvault.vault.member_names import collision_key, safe_part

OPEN_AT_ONCE = 32
BUFFER = 256 * 1024
BLOCK = 4096  # what the smallest file takes of a disk
LARGEST_ON_FAT = 2**32 - 1
# Moments that every file system can hold; the true ones are in the index.
EARLIEST_MS, LATEST_MS = 0, 4_102_444_800_000  # 1970 to 2100
NAME_LIMIT = 255
# The name is the trouble, and not the disk: a safe one is tried.
BAD_NAME = frozenset({errno.EINVAL, errno.ENAMETOOLONG, errno.EILSEQ, errno.ENOENT})
SAFE = "what was written so far is whole"


@contextmanager
def _disk(what: str) -> Iterator[None]:
    try:
        yield
    except (Refused, FileExistsError) as cause:
        raise Usage(
            "the destination has a link or a file where a folder should be, or was changed",
            remedy="choose a folder that does not exist yet",
        ) from cause
    except OSError as cause:
        reason = (cause.strerror or "unknown error").lower()
        raise DiskTrouble(
            f"{what}: {reason}", remedy=f"{SAFE}; free or mend the disk, then run the same again"
        ) from cause


class Folder:
    """One open folder of the destination. `taken` are the names in it, as systems compare them."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.taken = {collision_key(name) for name in handle.names()}

    def write(
        self,
        name: str,
        pieces: Iterable[bytes],
        *,
        modified_ms: int | None = None,
        exact: bool = False,
    ) -> str:
        """Write a file; the name that it got. Errors of reading `pieces` pass through, and then
        nothing stays behind. `exact`: the name as it is wherever the system can hold it."""
        page = Page(self, name, modified_ms=modified_ms, exact=exact)
        try:
            for piece in pieces:
                page.add(piece)
            return page.finish()
        except BaseException:
            page.abandon()
            raise

    def place(self, part: str, name: str, *, exact: bool) -> str:
        """Give a finished file its name."""
        if exact and can_hold(name):
            try:
                self.handle.rename_new(part, name)
            except FileExistsError:
                pass
            except OSError as cause:
                if cause.errno not in BAD_NAME:
                    raise
            else:
                self.taken.add(collision_key(name))
                return name
        while True:
            chosen = safe_name(name, self.taken)
            with suppress(FileExistsError):
                self.handle.rename_new(part, chosen)
                return chosen


class Page:
    """A file that is being written; it has its name only when it is finished."""

    def __init__(
        self,
        folder: Folder,
        name: str,
        *,
        modified_ms: int | None = None,
        exact: bool = False,
        buffer: int = BUFFER,
    ) -> None:
        self._folder = folder
        self._name = name
        self._modified_ms = modified_ms
        self._exact = exact
        self._buffer = buffer
        self._part = f"{os.urandom(16).hex()}.part"
        self._held: list[bytes] = []
        self._size = 0
        self.written = 0  # bytes that are on the disk
        with _disk("a file cannot be made"):
            self._file = folder.handle.create(self._part)

    def add(self, data: bytes) -> None:
        """Write on. What is given together is on the disk together or not at all."""
        self._held.append(data)
        self._size += len(data)
        if self._size >= self._buffer:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._held)
        with _disk("a file cannot be written"):
            write_all(self._file, data)
        self.written += len(data)
        self._held, self._size = [], 0

    def finish(self) -> str:
        """The file is whole: make it durable and give it its name, which is returned."""
        self._flush()
        return self._named()

    def finish_what_fits(self) -> str:
        """Keep what is on the disk already, when it has no place for the rest."""
        self._held, self._size = [], 0
        with _disk("a file cannot be cut"):
            self._file.truncate(self.written)
        return self._named()

    def _named(self) -> str:
        with _disk("a file cannot be finished"):
            if self._modified_ms is not None:
                self._folder.handle.set_time(self._file, self._part, clamped(self._modified_ms))
            os.fsync(self._file.fileno())
            self._file.close()
            return self._folder.place(self._part, self._name, exact=self._exact)

    def abandon(self) -> None:
        """Remove the unfinished file."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._folder.handle.remove(self._part)


class Destination:
    """The folder that the user named. Use `opened`."""

    def __init__(self, root: Handle) -> None:
        self._root = root
        self.root = Folder(root)
        self._open: OrderedDict[tuple[str, ...], Folder] = OrderedDict()
        self._seen: dict[tuple[str, ...], tuple[int, int]] = {}

    def folder(self, *names: str) -> Folder:
        """The folder below the root with these safe names; made where it is not there."""
        if not names:
            return self.root
        found = self._open.get(names)
        if found is None:
            with _disk("a folder cannot be made"):
                found = Folder(self._seen_again(names[:-1], names[-1]))
            while len(self._open) >= OPEN_AT_ONCE:
                _, oldest = self._open.popitem(last=False)
                self._closed(oldest)
            self._open[names] = found
        self._open.move_to_end(names)
        return found

    def folder_like(self, names: tuple[str, ...], part: str) -> str:
        """Make or open a folder named as in an export, below one with safe names; the name that it
        got, which is another where the system cannot hold that one or a file has it."""
        if can_hold(part):
            try:
                self._seen_again(names, part).close()
            except OSError as cause:
                if isinstance(cause, Refused) or cause.errno not in {*BAD_NAME, errno.EEXIST}:
                    with _disk("a folder cannot be made"):
                        raise
            else:
                return part
        above = self.folder(*names)
        with _disk("a folder cannot be made"):
            while True:
                chosen = safe_name(part, above.taken)
                with suppress(FileExistsError):
                    above.handle.make(chosen)
                    return chosen

    def _seen_again(self, names: tuple[str, ...], part: str) -> Handle:
        """A folder by its handle. If it was closed to make room for others, it must be the same."""
        handle = self.folder(*names).handle.folder(part)
        if self._seen.setdefault((*names, part), handle.identity) != handle.identity:
            handle.close()
            raise Refused(errno.ELOOP, "another folder")
        return handle

    def new_folder(self, name: str, *, exact: bool = False) -> str:
        """Make a folder at the top that is not there yet; the name that it got."""
        with _disk("a folder cannot be made"):
            if exact and can_hold(name) and self._made(name):
                return name
            while not self._made(chosen := safe_name(name, self.root.taken)):
                pass
            return chosen

    def _made(self, name: str) -> bool:
        try:
            self._root.make(name)
        except FileExistsError:
            return False
        except OSError as cause:
            if cause.errno not in BAD_NAME or safe_part(name) == name:
                raise
            return False
        self.root.taken.add(collision_key(name))
        return True

    def prepare(self, files: int, size: int, largest: int) -> list[str]:
        """Look before anything is written: is there space, can the disk hold files so large and
        keep them private? What its owner should know is returned; what cannot work is
        DiskTrouble."""
        needed = size + files * BLOCK
        with _disk("the free space cannot be told"):
            free = self._root.free()
        if needed > free:
            raise DiskTrouble(
                f"{needed:,} bytes are to be written, and only {free:,} are free there",
                remedy="nothing was written; free some space, or name a folder on another disk",
            )
        part = f"{os.urandom(16).hex()}.part"
        with _disk("nothing can be written there"), self._root.create(part) as file:
            try:
                if largest > LARGEST_ON_FAT:
                    self._try_size(file.truncate)
                private = os.name == "nt" or not os.fstat(file.fileno()).st_mode & 0o077
            finally:
                self._root.remove(part)
        if private:
            return []
        return ["this disk knows no permissions: whoever can reach it can read what is restored"]

    def _try_size(self, truncate: Callable[[int], object]) -> None:
        try:
            truncate(LARGEST_ON_FAT + 1)
        except OSError as cause:
            raise DiskTrouble(
                "this disk cannot hold files of 4 GiB, and there are some to be restored",
                remedy="nothing was written; use a disk formatted otherwise (exFAT, NTFS, APFS)",
            ) from cause

    def close(self) -> None:
        """Make the names durable and close every folder."""
        while self._open:
            self._closed(self._open.popitem()[1])
        self._closed(self.root)

    def _closed(self, folder: Folder) -> None:
        with suppress(OSError):
            folder.handle.sync()
        folder.handle.close()


@contextmanager
def opened(path: Path, vault: Path) -> Iterator[Destination]:
    """The destination, made if it is not there; Usage when it and the vault lie in one another."""
    _check_apart(path, vault)
    with _disk("the destination cannot be made"):
        is_new = not os.path.lexists(path)
        if not is_new and not path.is_dir():
            raise Usage(
                "the destination is no folder", remedy="name a folder that is not there yet"
            )
        if is_new:
            path.mkdir(mode=0o700, parents=True)
        handle = open_root(path)
    if handle.identity in _identities(vault.resolve()):
        handle.close()
        raise _not_apart()  # it was put in the place of another since it was looked at
    destination = Destination(handle)
    try:
        yield destination
    finally:
        destination.close()
        if is_new:
            with suppress(OSError):
                path.rmdir()  # only if nothing was written into it


def _check_apart(path: Path, vault: Path) -> None:
    """By name for what does not exist yet, and by identity for what has several names."""
    one, other = path.resolve(), vault.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise _not_apart()
    inside = _identities(one)
    if _identity(other) in inside or (one.exists() and _identity(one) in _identities(other)):
        raise _not_apart()


def _not_apart() -> Usage:
    return Usage(
        "the destination and the vault must not lie in one another",
        remedy="name a folder outside of the vault that does not hold the vault",
    )


def _identities(path: Path) -> set[tuple[int, int]]:
    """A folder and those that it lies in, as far as they exist."""
    return {_identity(one) for one in (path, *path.parents) if one.exists()}


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def clamped(utc_ms: int) -> int:
    """A time that every file system can hold."""
    return min(max(utc_ms, EARLIEST_MS), LATEST_MS)


def can_hold(name: str) -> bool:
    """Whether a name from an export can be one of this system, and of one file only."""
    if os.name == "nt":
        return safe_part(name) == name
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError:
        return False
    special = name in ("", ".", "..") or "/" in name or "\0" in name
    return not special and len(encoded) <= NAME_LIMIT
