"""The exports as they were imported: every file byte for byte, under its name, in its folders."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from chatvault.errors import Damaged, DiskTrouble, Usage
from chatvault.services import destination
from chatvault.services.destination import Destination
from chatvault.services.receipt import iso
from chatvault.services.restore_report import (
    Index,
    Note,
    RestoredOriginals,
    Tally,
    stored_pieces,
)
from chatvault.services.worker import Progress, silent
from chatvault.vault import catalogue, file_lists, restoring
from chatvault.vault.catalogue import ImportRow
from chatvault.vault.file_lists import Load, Original
from chatvault.vault.session import Vault

PATH_BYTES = 2000  # nobody could open a file below a longer path; deeper folders are left out
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


class Entry(msgspec.Struct, frozen=True):
    """One line of the index: the name in the export, and where the file is now."""

    number: int = msgspec.field(name="import")
    path: str
    written: str
    bytes: int
    sha256: str
    modified: str | None
    note: str = ""


def restore_originals(
    vault: Vault,
    path: Path,
    *,
    number: int | None = None,
    note: Note = lambda _: None,
    progress: Progress = silent,
) -> RestoredOriginals:
    """Write the files of all imports, or of one."""
    tally = Tally(str(path))
    with restoring.snapshot(vault.db):
        rows = _wanted(vault, number)
        with destination.opened(path, vault.layout.root) as folder:
            loads = [file_lists.load_of_import(vault.db, row.id) for row in rows]
            load = Load(
                files=sum(one.files for one in loads),
                bytes=sum(one.bytes for one in loads),
                largest=max((one.largest for one in loads), default=0),
            )
            for text in folder.prepare(load.files, load.bytes, load.largest):
                note(text)
            _write(vault, folder, rows, tally, progress, load)
    return tally.report(RestoredOriginals)


def _wanted(vault: Vault, number: int | None) -> list[ImportRow]:
    found = [
        row
        for row in catalogue.imports(vault.db)
        if row.state != catalogue.UNDONE and row.finished_by is None
    ]
    if number is None:
        return found
    one = [row for row in found if row.id == number]
    if not one:
        raise Usage(f"there is no import {number}", remedy="`chatvault list imports` shows them")
    return one


def _write(
    vault: Vault,
    folder: Destination,
    rows: list[ImportRow],
    tally: Tally,
    progress: Progress,
    load: Load,
) -> None:
    index = Index(folder, "originals", Entry)
    try:
        for row in rows:
            for entry in _Export(vault, folder, row, tally).write():
                index.add(entry)
                progress("restoring files", tally.bytes, load.bytes)
    except DiskTrouble as trouble:
        tally.stopped = trouble.message
    except BaseException:
        index.finish(tally)
        raise
    index.finish(tally)


class _Export:
    """The files of one import, in a folder of its own."""

    def __init__(self, vault: Vault, folder: Destination, row: ImportRow, tally: Tally) -> None:
        self._vault = vault
        self._folder = folder
        self._row = row
        self._tally = tally
        self._top: str | None = None
        self._folders: dict[str, tuple[str, ...]] = {}

    def write(self) -> Iterator[Entry]:
        """Write them; an entry for each."""
        for original in file_lists.originals(self._vault.db, self._row.id):
            if self._top is None:
                self._top = self._folder.new_folder(folder_name(self._row.name), exact=True)
                self._tally.imports += 1
            yield self._file(original, self._top)

    def _file(self, original: Original, top: str) -> Entry:
        above, _, name = original.path.rpartition("/")
        written, note = "", ""
        if original.file is None:
            self._tally.not_kept += 1
            note = "it could not be kept when it was imported"
        else:
            names = self._folder_of(top, above)
            try:
                found = self._folder.folder(*names).write(
                    name,
                    stored_pieces(self._vault, original.file),
                    modified_ms=original.modified_ms,
                    exact=True,
                )
            except Damaged as trouble:
                note = self._tally.lost(original.path, trouble)
            else:
                written = "/".join([*names, found])
                self._tally.files += 1
                self._tally.bytes += original.file.size
                if written != f"{top}/{original.path}":
                    self._tally.renamed += 1
                    note = "named otherwise, because this system cannot hold its name"
        return Entry(
            number=self._row.id, path=original.path, written=written, bytes=original.size,
            sha256="" if original.file is None else original.file.sha256,
            modified=iso(original.modified_ms), note=note,
        )  # fmt: skip

    def _folder_of(self, top: str, path: str) -> tuple[str, ...]:
        """The folder on the disk for one of the export; the last ones are remembered, and all that
        have another name."""
        names: tuple[str, ...] = (top,)
        below = ""
        for part in path.split("/") if path else ():
            below += part + "/"
            if len(below.encode("utf-8", "replace")) > PATH_BYTES:
                break
            known = self._folders.get(below)
            if known is None:
                known = (*names, self._folder.folder_like(names, part))
                if len(self._folders) > 1000:
                    self._folders = {
                        raw: kept for raw, kept in self._folders.items() if raw != _raw(kept)
                    }
                self._folders[below] = known
            names = known
        return names


def _raw(names: tuple[str, ...]) -> str:
    """What a folder is called in the export if it has its own name."""
    return "".join(name + "/" for name in names[1:])


def folder_name(name: str) -> str:
    """The name of an import as that of a folder: an archive is given back as what was in it."""
    for ending in ARCHIVES:
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name
