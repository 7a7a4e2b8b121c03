"""What a restore wrote, and the two lists that it leaves beside the files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from chatvault.errors import ChatVaultError, Damaged, DiskTrouble, Where
from chatvault.services.destination import Destination, Page
from chatvault.services.escape import for_csv
from chatvault.vault.file_rows import StoredFile
from chatvault.vault.session import Vault

OFTEN = 4096  # bytes after which a list is written on, so that a full disk finds most of it there
LISTED = 1000  # told one by one; all are in the index
Note = Callable[[str], None]


class Lost(msgspec.Struct, frozen=True):
    """A file that the vault could not give back."""

    name: str
    pack: str
    reason: str


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was written. `stopped` says why not everything was, if the disk gave up."""

    folder: str
    files: int
    bytes: int
    damaged: tuple[Lost, ...]
    more_damaged: int
    stopped: str | None

    @property
    def exit_code(self) -> int:
        """17 for a full disk, 13 for damage, else 0."""
        if self.stopped is not None:
            return DiskTrouble.exit_code
        return Damaged.exit_code if self.damaged else 0


class RestoredMedia(Restored, frozen=True, kw_only=True):
    """Media by conversation; `renamed` are those that a system would have run or followed."""

    conversations: int
    renamed: int
    index: tuple[str, ...]


class RestoredOriginals(Restored, frozen=True, kw_only=True):
    """Exports; `renamed` are files whose names this system cannot hold, `not_kept` those of which
    no import could keep the bytes."""

    imports: int
    renamed: int
    not_kept: int
    index: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """3 also for files that were not kept."""
        return super().exit_code or (3 if self.not_kept else 0)


class RestoredConversations(Restored, frozen=True, kw_only=True):
    """Conversations; `pages` are their files."""

    conversations: int
    messages: int
    pages: tuple[str, ...]


R = TypeVar("R", bound=Restored)


@dataclass
class Tally:
    """Counts while it is written."""

    folder: str
    conversations: int = 0
    imports: int = 0
    messages: int = 0
    files: int = 0
    bytes: int = 0
    renamed: int = 0
    not_kept: int = 0
    more_damaged: int = 0
    pages: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)
    damaged: list[Lost] = field(default_factory=list)
    stopped: str | None = None

    def lost(self, name: str, trouble: ChatVaultError) -> str:
        """Note a file that is damaged; in words for the index."""
        if len(self.damaged) < LISTED:
            pack = "" if trouble.where is None else trouble.where.file
            self.damaged.append(Lost(name, pack, trouble.message))
        else:
            self.more_damaged += 1
        return f"damaged: {trouble.message}"

    def report(self, kind: type[R]) -> R:
        """The counts that a kind of report has."""
        values = {name: getattr(self, name) for name in kind.__struct_fields__}
        return msgspec.convert(values, kind)


def stored_pieces(vault: Vault, file: StoredFile) -> Iterator[bytes]:
    """The bytes of a stored file; Damaged, and nothing else, when they are wrong or unreadable."""
    where = Where(f"packs/{file.pack}")
    try:
        yield from vault.file_pieces(file)
    except Damaged as trouble:
        trouble.where = where  # the pack, whatever else was said
        raise
    except FileNotFoundError as cause:
        raise Damaged("the pack is missing", where=where) from cause
    except OSError as cause:
        raise Damaged("the pack cannot be read", where=where) from cause


class Index:
    """`index.csv` and `index.json`: one entry for each file, written as the files are."""

    def __init__(self, destination: Destination, kind: str, columns: type[msgspec.Struct]) -> None:
        self._table = Page(destination.root, "index.csv", buffer=OFTEN)
        try:
            self._json = Page(destination.root, "index.json", buffer=OFTEN)
        except BaseException:
            self._table.abandon()
            raise
        # Spreadsheets take a file for UTF-8 only with this mark.
        self._table.add(("\ufeff" + row_of(columns.__struct_fields__)).encode())
        self._json.add(b'{"chatvault":"%s","version":1,"files":[' % kind.encode())
        self._between = b"\n"

    def add(self, entry: msgspec.Struct) -> None:
        """One more file."""
        cells = ["" if cell is None else str(cell) for cell in msgspec.structs.astuple(entry)]
        self._table.add(row_of(cells).encode("utf-8", "replace"))
        self._json.add(self._between + msgspec.json.encode(entry))
        self._between = b",\n"

    def finish(self, tally: Tally) -> None:
        """Make both lists whole. Where the disk is full, the table says what is complete as far as
        it goes, and the other is left out."""
        try:
            tally.index.append(self._table.finish())
        except ChatVaultError as trouble:
            tally.stopped = tally.stopped or trouble.message
            tally.index += self._what_fits()
        try:
            self._json.add(b"\n]}\n")
            tally.index.append(self._json.finish())
        except ChatVaultError as trouble:
            tally.stopped = tally.stopped or trouble.message
            self._json.abandon()

    def _what_fits(self) -> list[str]:
        try:
            return [self._table.finish_what_fits()] if self._table.written else []
        except ChatVaultError:
            return []
        finally:
            self._table.abandon()  # nothing is left of it if it has its name


def row_of(cells: list[str] | tuple[str, ...]) -> str:
    """A line of a table: every cell quoted, none of them a formula."""
    return ",".join('"' + for_csv(cell).replace('"', '""') + '"' for cell in cells) + "\r\n"
