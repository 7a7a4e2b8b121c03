"""Photos, videos, voices and files out of the vault: by conversation and year, named by their time.

Every photo comes back: those that no message refers to have a folder of their own.
"""

import mimetypes
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

import msgspec

from chatvault.errors import Damaged, DiskTrouble
from chatvault.services import destination
from chatvault.services.dates import show_time
from chatvault.services.destination import Destination
from chatvault.services.query import Query
from chatvault.services.receipt import iso
from chatvault.services.restore_report import Index, Note, RestoredMedia, Tally, stored_pieces
from chatvault.services.safe_names import dangerous, safe_name
from chatvault.services.select import select
from chatvault.services.worker import Progress, silent
from chatvault.vault import file_lists, file_rows, photo_rows, restoring
from chatvault.vault.file_lists import Load
from chatvault.vault.graphemes import cut_to_bytes
from chatvault.vault.member_names import collision_key, safe_part, split_extension
from chatvault.vault.photo_rows import ANY_FILE, FileChoice
from chatvault.vault.restoring import Kept, Place, Whole
from chatvault.vault.selection import Selection
from chatvault.vault.session import Vault

NO_DATE = "no date"
IN_NO_MESSAGE = "in no message"
SENDER_BYTES = 60  # so that the name of the file itself has space


class Entry(msgspec.Struct, frozen=True):
    """One line of the index; `path` is empty where the file is damaged."""

    path: str
    conversation: str = ""
    platform: str = ""
    sender: str = ""
    sent_at: str | None = None
    kind: str = ""
    name: str = ""
    type: str = ""
    bytes: int | None = None
    sha256: str = ""
    message_id: str = ""
    text: str = ""
    note: str = ""


@dataclass(frozen=True)
class Options:
    """In which zone files are named, whether programs keep their endings, and which files."""

    zone: tzinfo = UTC
    keep_dangerous: bool = False
    choice: FileChoice = ANY_FILE


def restore_media(
    vault: Vault,
    path: Path,
    query: Query,
    *,
    options: Options | None = None,
    note: Note = lambda _: None,
    progress: Progress = silent,
) -> RestoredMedia:
    """Write the files of the messages that a query means, if the options choose them; of all, also
    those in no message."""
    selection = select(vault.db, query)
    tally = Tally(str(path))
    with (
        restoring.snapshot(vault.db),
        destination.opened(path, vault.layout.root) as folder,
    ):
        run = _Media(vault, folder, options or Options(), tally, progress)
        run.prepare(selection, note)
        run.write(selection)
    return tally.report(RestoredMedia)


class _Media:
    def __init__(
        self,
        vault: Vault,
        folder: Destination,
        options: Options,
        tally: Tally,
        progress: Progress,
    ) -> None:
        self._vault = vault
        self._folder = folder
        self._options = options
        self._tally = tally
        self._progress = progress
        self._load = Load(0, 0, 0)
        self._done = 0
        self._chosen: set[int] | None = None

    def prepare(self, selection: Selection, note: Note) -> None:
        """Before anything is written: will it fit?"""
        choice = self._options.choice
        self._chosen = photo_rows.chosen(self._vault.db, choice)
        load = photo_rows.load(self._vault.db, selection, choice)
        if selection.is_everything and self._chosen is None:
            more = file_lists.load_of_unlinked(self._vault.db)
            load = Load(
                load.files + more.files, load.bytes + more.bytes, max(load.largest, more.largest)
            )
        self._load = load
        for text in self._folder.prepare(load.files, load.bytes, load.largest):
            note(text)

    def write(self, selection: Selection) -> None:
        """Write files and index; when the disk is full, the index of what is complete."""
        index = Index(self._folder, "media", Entry)
        try:
            for entry in self._entries(selection):
                index.add(entry)
        except DiskTrouble as trouble:
            self._tally.stopped = trouble.message
        except BaseException:
            index.finish(self._tally)
            raise
        index.finish(self._tally)

    def _entries(self, selection: Selection) -> Iterator[Entry]:
        db = self._vault.db
        places = restoring.places(db, selection)
        for place, name in zip(places, folder_names(places), strict=True):
            keys = restoring.time_keys(db, selection, place.id, with_files=True)
            before = self._tally.messages
            stickers: dict[int, str] = {}
            for message in restoring.messages(db, keys):
                files = [kept for kept in message.attachments if self._is_chosen(kept.file)]
                self._tally.messages += bool(files)
                for kept in files:
                    yield self._attachment(place, name, message, kept, stickers)
            self._tally.conversations += self._tally.messages > before
        if selection.is_everything and self._chosen is None:
            yield from self._unlinked()

    def _is_chosen(self, file: int | None) -> bool:
        return file is not None and (self._chosen is None or file in self._chosen)

    def _attachment(
        self, place: Place, folder: str, message: Whole, kept: Kept, stickers: dict[int, str]
    ) -> Entry:
        file = kept.file or 0
        path, note = stickers.get(file, ""), ""
        if not path:
            year = NO_DATE
            if message.sent_at is not None:
                year = show_time(message.sent_at, self._options.zone)[:4]
            name = self._name(message, kept)
            path, note = self._file((folder, year), name, file, message.sent_at)
        if kept.kind == "sticker" and path:
            stickers[file] = path  # sent again and again: once in a conversation is enough
        return Entry(
            path=path, conversation=place.title, platform=place.platform,
            sender=message.sender_name, sent_at=iso(message.sent_at), kind=kept.kind,
            name=kept.name, type=kept.type or mimetypes.guess_type(kept.name)[0] or "",
            bytes=kept.bytes, sha256=kept.bytes_sha256 or "",
            message_id=message.platform_id or "", text=message.text, note=note,
        )  # fmt: skip

    def _unlinked(self) -> Iterator[Entry]:
        for found in file_lists.unlinked(self._vault.db):
            folder = (IN_NO_MESSAGE, safe_part(found.name))
            name = found.path.rpartition("/")[2]
            path, note = self._file(folder, name, found.file, found.modified_ms)
            yield Entry(
                path=path, name=found.path, type=mimetypes.guess_type(found.path)[0] or "",
                bytes=found.size, sha256=found.sha256, note=note,
            )  # fmt: skip

    def _name(self, message: Whole, kept: Kept) -> str:
        """Date, time, sender and the file's own name."""
        parts = []
        if message.sent_at is not None:
            clock = show_time(message.sent_at, self._options.zone).replace(":", ".")
            length = {"day": 10, "minute": 16}.get(message.time_precision or "", 19)
            parts.append(clock[:length])
        if message.sender_name:
            parts.append(cut_to_bytes(message.sender_name, SENDER_BYTES).strip())
        own = kept.name or file_lists.path_of(self._vault.db, kept.file or 0)
        own = own.replace("\\", "/").rpartition("/")[2]
        if not split_extension(own)[1]:
            own = (own or kept.kind) + (mimetypes.guess_extension(kept.type or "") or "")
        return " ".join([*parts, own])

    def _file(
        self, names: Sequence[str], name: str, row: int, moment: int | None
    ) -> tuple[str, str]:
        """Write one file; its path in the destination and what is to be said about it."""
        notes = []
        if not self._options.keep_dangerous and dangerous(name):
            name += ".bin"
            notes.append("a system would run it or follow it: named .bin")
        if moment is not None and destination.clamped(moment) != moment:
            notes.append("its time is beyond what disks can hold")
        tally = self._tally
        try:
            file = file_rows.stored_file(self._vault.db, row)
            pieces = stored_pieces(self._vault, file)
            folder = self._folder.folder(*names)
            written = folder.write(name, self._counted(pieces), modified_ms=moment)
        except Damaged as trouble:
            return "", tally.lost(name, trouble)
        tally.files += 1
        tally.bytes += file.size
        tally.renamed += name.endswith(".bin") and bool(notes)
        return "/".join([*names, written]), "; ".join(notes)

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._done += len(piece)
            self._progress("restoring media", self._done, self._load.bytes)
            yield piece


def folder_names(places: Sequence[Place]) -> list[str]:
    """A folder for each conversation, named by its title, and by its platform where titles are
    alike."""
    titles = [place.title or "untitled" for place in places]
    alike = Counter(collision_key(safe_part(title)) for title in titles)
    taken = {collision_key(IN_NO_MESSAGE)}
    return [
        safe_name(
            f"{title} ({place.platform})" if alike[collision_key(safe_part(title))] > 1 else title,
            taken,
        )
        for title, place in zip(titles, places, strict=True)
    ]
