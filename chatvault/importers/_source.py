"""An export as names and bytes: folder, zip, tar, file, several parts, or a dict of bytes.

Inside it is one mapping, name to entry, so every container only has to make entries. Names use `/`
and are relative; what cannot be such a name never becomes one and is told in `problems`. Nothing is
ever unpacked to disk.
"""

import io
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from chatvault.model import Problem


@dataclass(frozen=True)
class Entry:
    """One file of an export; `raw_name` is what the container calls it, where that differs.

    `in_place` says that seeking costs nothing; False: the bytes come out of a compressed stream.
    `nested` says that it lies inside an archive.
    """

    size: int
    open: Callable[[], BinaryIO]
    modified_ms: int | None = None
    raw_name: bytes | None = None
    in_place: bool = True
    nested: bool = False


@dataclass(frozen=True)
class Told:
    """What the owner of the export said about it; part of what a rebuild needs to read it again.

    `zone` is for clocks without one, None when nobody said; `local_zone` is the computer's own.
    """

    zone: str | None = None
    local_zone: str = "UTC"
    me: str | None = None
    date_order: str | None = None  # dmy, mdy or ymd
    conversation: str | None = None  # title of the conversation, where the export leaves doubt
    limits: str | None = None  # raised safety limits, as `_limits.raised` reads them


@dataclass(frozen=True)
class Source:
    """What the user gave us, read-only. `prefix` is where this part lies within the export."""

    name: str
    entries: Mapping[str, Entry]
    told: Told = Told()
    problems: tuple[Problem, ...] = ()
    prefix: str = ""
    _folded: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _bases: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls, files: Mapping[str, bytes], name: str = "export", told: Told | None = None
    ) -> "Source":
        """An export that lies in memory."""
        entries = {path: Entry(len(data), _opener(data)) for path, data in files.items()}
        return cls(name=name, entries=entries, told=told or Told())

    def names(self) -> Iterator[str]:
        """All names, sorted."""
        return iter(sorted(self.entries))

    def has(self, name: str) -> bool:
        """Whether there is a file of exactly this name."""
        return name in self.entries

    def size(self, name: str) -> int:
        """Size in bytes, as the container says."""
        return self.entries[name].size

    def modified(self, name: str) -> int | None:
        """Time of modification in UTC ms, where the container says."""
        return self.entries[name].modified_ms

    def head(self, name: str, size: int = 4096) -> bytes:
        """The first bytes of a file; empty when it cannot be opened, so recognising never fails."""
        try:
            with self.open(name) as file:
                return file.read(size)
        except (OSError, ValueError):
            return b""

    def open(self, name: str) -> BinaryIO:
        """The bytes of a file, from the start. Damage shows as OSError or ValueError on reading."""
        return self.entries[name].open()

    def full(self, name: str) -> str:
        """The name within the whole export, as attachments carry it."""
        return self.prefix + name

    def below(self, folder: str) -> "Source":
        """The part of the export inside a folder (given without a slash at its end)."""
        if not folder:
            return self
        start = folder + "/"
        entries = {
            name.removeprefix(start): entry
            for name, entry in self.entries.items()
            if name.startswith(start)
        }
        return Source(
            name=folder.rpartition("/")[2],
            entries=entries,
            told=self.told,
            prefix=self.prefix + start,
        )

    def without(self, names: Collection[str]) -> "Source":
        """The export as if these files were not in it."""
        left = {name: entry for name, entry in self.entries.items() if name not in names}
        return replace(self, entries=left, _folded={}, _bases={})

    def folders(self) -> list[str]:
        """The names of the folders at the top, sorted."""
        return sorted({name.partition("/")[0] for name in self.entries if "/" in name})

    def files(self) -> list[str]:
        """The names of the files at the top, sorted."""
        return sorted(name for name in self.entries if "/" not in name)

    def with_told(self, told: Told) -> "Source":
        """The same export with other answers of its owner."""
        return replace(self, told=told)

    def resolve(self, reference: str, base: str = "") -> str | None:
        """The name within the whole export of the file that a reference means, or None.

        `base` is the folder that the reference is relative to. Tried in turn: exactly; without
        regard to case and Unicode form; by base name, if only one file has it. Never
        outside this source, whatever the reference says.
        """
        path = _normal(base, reference)
        if path is not None and path in self.entries:
            return self.prefix + path
        if not self._folded and self.entries:
            for name in self.entries:
                self._folded.setdefault(_fold(name), name)
                last = _fold(name.rpartition("/")[2])
                self._bases[last] = None if last in self._bases else name
        found = self._folded.get(_fold(path)) if path is not None else None
        if found is None:
            found = self._bases.get(_fold(reference.replace("\\", "/").rpartition("/")[2]))
        return None if found is None else self.prefix + found


def _opener(data: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(data)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _normal(base: str, reference: str) -> str | None:
    """A reference as a name in the source; None when it leaves the export."""
    if "\0" in reference or "://" in reference[:12]:
        return None
    parts: list[str] = []
    for part in f"{base}/{reference}".replace("\\", "/").split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
