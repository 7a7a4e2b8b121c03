"""Packs: PAX tars inside age files, written once and never changed.

A pack is written under `tmp/`, made durable, renamed into `packs/`, and the folder made durable:
after a crash there is a whole pack or none.
"""

import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from chatvault.errors import Damaged, Where
from chatvault.vault import age
from chatvault.vault.files import disk_trouble
from chatvault.vault.layout import Layout

MiB = 1024 * 1024
TARGET = 64 * MiB
PADDED_TO = MiB
BLOCK = 512
PIECE = MiB
WHAT, SAFE = "the pack cannot be written", "what was imported before is safe"


@dataclass(frozen=True)
class PackInfo:
    """A finished pack, as the archive keeps it; with the file key it opens without its header."""

    name: str
    size: int
    file_key: bytes
    header_size: int
    nonce: bytes


@dataclass(frozen=True)
class Member:
    """Where a stored file lies: the offset counts in the plain text of the pack."""

    pack: str
    name: str
    offset: int
    stored: int


class PackWriter:
    """One unfinished pack. Use `finish` or `abandon`."""

    def __init__(self, layout: Layout, recipient: age.Recipient) -> None:
        self.name = f"{os.urandom(16).hex()}.tar.age"
        self._layout = layout
        self._part = layout.tmp / f"{os.urandom(16).hex()}.part"
        self._file: BinaryIO = layout.ops.create(self._part)
        try:
            self._age = age.Writer(self._file, [recipient])
        except BaseException:
            self.abandon()
            raise

    @property
    def size(self) -> int:
        """Bytes of plain text so far."""
        return self._age.plain_size

    def add(
        self, name: str, pieces: Iterable[bytes], *, size: int, modified_ms: int | None
    ) -> Member:
        """Store one file; Damaged when the pieces are not `size` bytes together (nothing of the
        pack counts then: abandon it)."""
        info = tarfile.TarInfo(name)
        info.size = size
        info.mode = 0o600
        # A tar's time is whole seconds and not before 1970; the exact one is in the manifest.
        info.mtime = max(0, (modified_ms or 0) // 1000)
        self._age.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        offset = self._age.plain_size
        for piece in pieces:
            self._age.write(piece)
        written = self._age.plain_size - offset
        if written != size:
            raise Damaged(f"{written:,} bytes instead of {size:,}", where=Where(name))
        self._age.write(bytes(-size % BLOCK))
        return Member(self.name, name, offset, size)

    def finish(self, padding: str) -> PackInfo:
        """Pad, close the tar, and make the pack durable under its name."""
        # The padding is a member before the tar's end: behind the end mark `tar` would stop
        # reading, and `age` would never get to check the last chunk.
        fill = -(self.size + BLOCK + 2 * BLOCK) % PADDED_TO
        self.add(padding, _zeros(fill), size=fill, modified_ms=None)
        self._age.write(bytes(2 * BLOCK))
        self._age.finish()
        with self._file:
            self._layout.ops.sync(self._file)
            size = self._file.tell()
        self._layout.ops.rename_new(self._part, self._layout.packs / self.name)
        self._layout.ops.sync_folder(self._layout.packs)
        return PackInfo(self.name, size, self._age.file_key, self._age.header_size, self._age.nonce)

    def abandon(self) -> None:
        """Remove the unfinished file."""
        self._file.close()
        if self._part.exists():
            self._layout.ops.remove(self._part)


def _zeros(count: int) -> Iterator[bytes]:
    while count:
        piece = min(count, PIECE)
        yield bytes(piece)
        count -= piece


class PackSet:
    """The packs of one import, each opened when needed and finished when full."""

    def __init__(
        self,
        layout: Layout,
        recipient: age.Recipient,
        *,
        prefix: str,
        head: Callable[[int], bytes],
        sealed: Callable[[PackInfo], None],
        target: int = TARGET,
    ) -> None:
        """`head(k)` is the pack.json of pack k; `sealed` hears of each pack once it is durable."""
        self._layout = layout
        self._recipient = recipient
        self._prefix = prefix
        self._head = head
        self._sealed = sealed
        self._target = target
        self._pack: PackWriter | None = None
        self._count = 0
        self._filled = False  # with something besides its head

    def add(
        self, name: str, pieces: Iterable[bytes], *, size: int, modified_ms: int | None
    ) -> Member:
        """Store one file in the pack at hand, or in a new one where it would grow too large."""
        # Not a pack that holds nothing but its head: a file larger than all of it goes in there.
        if self._pack is not None and self._filled and self._pack.size + size > self._target:
            self.seal()
        with disk_trouble(WHAT, safe=SAFE):
            try:
                pack = self.current()
                self._filled = True
                return pack.add(name, pieces, size=size, modified_ms=modified_ms)
            except BaseException:
                self.abandon()
                raise

    def current(self) -> PackWriter:
        """The pack at hand; its name is known before it is finished."""
        if self._pack is None:
            with disk_trouble(WHAT, safe=SAFE):
                self._pack = PackWriter(self._layout, self._recipient)
                self._count += 1
                self._filled = False
                head = self._head(self._count)
                name = f"{self._prefix}/pack.json"
                self._pack.add(name, [head], size=len(head), modified_ms=None)
        return self._pack

    def seal(self) -> None:
        """Finish the pack at hand, if there is one; it is durable then."""
        if self._pack is None:
            return
        pack, self._pack = self._pack, None
        with disk_trouble(WHAT, safe=SAFE):
            try:
                info = pack.finish(f"{self._prefix}/padding")
            except BaseException:
                pack.abandon()
                raise
        self._sealed(info)

    def abandon(self) -> None:
        """Remove the unfinished pack, if there is one."""
        if self._pack is not None:
            self._pack.abandon()
            self._pack = None


class PackReader:
    """One pack, read at any place; Damaged when what it should hold is not there."""

    def __init__(self, layout: Layout, name: str, key: "age.Identity | PackInfo") -> None:
        self.name = name
        self._file = layout.ops.open(layout.packs / name)
        try:
            if isinstance(key, PackInfo):
                self.plain = age.Reader.with_file_key(
                    self._file, key.file_key, header_size=key.header_size, nonce=key.nonce
                )
            else:
                self.plain = age.Reader(self._file, [key])
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.plain.close()
        self._file.close()

    def __enter__(self) -> "PackReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pieces(self, offset: int, length: int) -> Iterator[bytes]:
        """A stretch of the plain text, in pieces."""
        if offset < 0 or length < 0:
            raise Damaged("the archive names bytes that the pack does not have", where=self._where)
        while length:
            piece = self.plain.read_range(offset, min(PIECE, length))
            offset += len(piece)
            length -= len(piece)
            yield piece

    @property
    def _where(self) -> Where:
        return Where(f"packs/{self.name}")

    def members(self) -> Iterator[tuple[str, int, int]]:
        """Name, offset and size of each member, in order; Damaged when the tar is not as written.

        Python's tarfile stops without an error at a damaged or cut header, so its end is checked.
        """
        end = 0
        try:
            with tarfile.open(fileobj=self.plain, mode="r:") as tar:
                while (info := tar.next()) is not None:
                    if not info.isreg():
                        raise Damaged("a member is no ordinary file", where=self._where)
                    yield info.name, info.offset_data, info.size
                    end = info.offset_data + info.size + -info.size % BLOCK
                    tar.members = []  # type: ignore[attr-defined]  # it would keep every header
        except tarfile.TarError as cause:
            raise Damaged("the tar in this pack is damaged", where=self._where) from cause
        if self.plain.size - end != 2 * BLOCK or any(self.plain.read_range(end, 2 * BLOCK)):
            raise Damaged("the tar in this pack does not end where it should", where=self._where)


@contextmanager
def opened(layout: Layout, name: str, key: "age.Identity | PackInfo") -> Iterator[PackReader]:
    """A pack for reading; a missing file is Damaged, like any other that cannot be opened."""
    try:
        reader = PackReader(layout, name, key)
    except FileNotFoundError as cause:
        raise Damaged(
            "the pack is missing", where=Where(f"packs/{name}"), remedy="bring it back from a copy"
        ) from cause
    with reader:
        yield reader
