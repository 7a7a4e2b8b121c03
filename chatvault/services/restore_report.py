"""What a restore wrote, and the two lists that it leaves beside the files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from chatvault.errors import ChatVaultError, Damaged, DiskTrouble, Where
from chatvault.services.destination import Destination, Page
from chatvault.services.escape import for_csv
from chatvault.vault.catalogue import StoredFile
from chatvault.vault.session import Vault

LISTED = 1000  # told one by one; all are in the index
Note = Callable[[str], None]


class Lost(msgspec.Struct, frozen=True):
    """A file that the vault could not give back."""

    name: str
    pack: str
    reason: str


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was written. `stopped` says why not everything was, if the disk gave up."""

    what: str
    folder: str
    conversations: int = 0
    imports: int = 0
    messages: int = 0
    files: int = 0
    bytes: int = 0
    pages: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    renamed: int = 0
    not_kept: int = 0
    damaged: tuple[Lost, ...] = ()
    more_damaged: int = 0
    notes: tuple[str, ...] = ()
    stopped: str | None = None

    @property
    def exit_code(self) -> int:
        """17 for a full disk, 13 for damage, 3 for files that no import could keep, else 0."""
        if self.stopped is not None:
            return DiskTrouble.exit_code
        if self.damaged:
            return Damaged.exit_code
        return 3 if self.not_kept else 0


@dataclass
class Tally:
    """Counts while it is written."""

    what: str
    folder: str
    conversations: int = 0
    imports: int = 0
    messages: int = 0
    files: int = 0
    bytes: int = 0
    renamed: int = 0
    not_kept: int = 0
    lost_count: int = 0
    pages: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)
    damaged: list[Lost] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stopped: str | None = None

    def lost(self, name: str, trouble: ChatVaultError) -> str:
        """Note a file that is damaged; in words for the index."""
        self.lost_count += 1
        if len(self.damaged) < LISTED:
            pack = "" if trouble.where is None else trouble.where.file
            self.damaged.append(Lost(name, pack, trouble.message))
        return f"damaged: {trouble.message}"

    def report(self) -> Restored:
        """The counts, finished."""
        return Restored(
            what=self.what, folder=self.folder, conversations=self.conversations,
            imports=self.imports, messages=self.messages, files=self.files, bytes=self.bytes,
            pages=tuple(self.pages), index=tuple(self.index), renamed=self.renamed,
            not_kept=self.not_kept, damaged=tuple(self.damaged),
            more_damaged=self.lost_count - len(self.damaged), notes=tuple(self.notes),
            stopped=self.stopped,
        )  # fmt: skip


def stored_pieces(vault: Vault, file: StoredFile) -> Iterator[bytes]:
    """The bytes of a stored file; Damaged, and nothing else, when they are wrong or unreadable."""
    where = Where(f"packs/{file.pack}")
    try:
        yield from vault.file_pieces(file)
    except FileNotFoundError as cause:
        raise Damaged("the pack is missing", where=where) from cause
    except OSError as cause:
        raise Damaged("the pack cannot be read", where=where) from cause


class Index:
    """`index.csv` and `index.json`: one entry for each file, written as the files are."""

    def __init__(self, destination: Destination, kind: str, columns: type[msgspec.Struct]) -> None:
        self._table = Page(destination.root, "index.csv")
        try:
            self._json = Page(destination.root, "index.json")
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

    def finish(self) -> list[str]:
        """Both lists, whole; their names."""
        self._json.add(b"\n]}\n")
        return [self._table.finish(), self._json.finish()]

    def finish_what_fits(self) -> list[str]:
        """The lists of what is complete, when the disk is full: at least the table, as far as it
        goes."""
        try:
            return self.finish()
        except ChatVaultError:
            self._json.abandon()
        try:
            return [self._table.finish_what_fits()]
        except (ChatVaultError, ValueError):
            self._table.abandon()
        return []


def row_of(cells: list[str] | tuple[str, ...]) -> str:
    """A line of a table: every cell quoted, none of them a formula."""
    return ",".join('"' + for_csv(cell).replace('"', '""') + '"' for cell in cells) + "\r\n"
