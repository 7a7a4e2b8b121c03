"""Conversations as files: one for each, and their media in a folder beside them."""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chatvault.errors import Damaged, DiskTrouble
from chatvault.services import destination
from chatvault.services.destination import Destination, Page
from chatvault.services.query import Query
from chatvault.services.restore_media import folder_names
from chatvault.services.restore_report import (
    Note,
    RestoredConversations,
    Tally,
    stored_pieces,
)
from chatvault.services.safe_names import dangerous
from chatvault.services.select import select
from chatvault.services.worker import Progress, silent
from chatvault.services.writers import chatlab, csv, json, markdown, text
from chatvault.services.writers.told import Answered, Frame, Item, Media, Writer
from chatvault.vault import file_lists, file_rows, queries, restoring
from chatvault.vault.file_lists import Load
from chatvault.vault.member_names import split_extension
from chatvault.vault.message_parts import answered
from chatvault.vault.restoring import Kept, Place, Whole
from chatvault.vault.selection import Selection
from chatvault.vault.session import Vault

MEDIA = "media"
PLAIN_ENDING = re.compile(r"\.[a-z0-9]{1,10}")
BYTES_OF_A_MESSAGE = 1000  # a guess from above, for telling whether it will fit
REMEMBERED = 4096  # paths of files that come again, such as stickers


@dataclass(frozen=True)
class Form:
    """How a format is written, what its files end in, and whether it shows what is answered."""

    write: Writer
    ending: str
    answers: bool = True


FORMS = {
    "json": Form(json.write, ".jsonl", answers=False),
    "csv": Form(csv.write, ".csv"),
    "txt": Form(text.write, ".txt"),
    "md": Form(markdown.write, ".md"),
    "chatlab": Form(chatlab.write, ".json", answers=False),
}


@dataclass(frozen=True)
class Options:
    """The format, what is the same on all pages, and whether media are written too."""

    form: Form
    frame: Frame
    media: bool = True


def restore_chats(
    vault: Vault,
    path: Path,
    query: Query,
    *,
    options: Options,
    note: Note = lambda _: None,
    progress: Progress = silent,
) -> RestoredConversations:
    """Write the conversations of the messages that a query means."""
    selection = select(vault.db, query)
    tally = Tally(str(path))
    with (
        restoring.snapshot(vault.db),
        destination.opened(path, vault.layout.root) as folder,
    ):
        total = queries.count(vault.db, selection)
        load = Load(0, 0, 0)
        if options.media:
            load = file_lists.load_of_messages(vault.db, selection, once=True)
        size = load.bytes + total * BYTES_OF_A_MESSAGE
        for words in folder.prepare(load.files, size, load.largest):
            note(words)
        run = _Pages(vault, folder, options, tally, progress, total)
        try:
            run.write(selection)
        except DiskTrouble as trouble:
            tally.stopped = trouble.message
    return tally.report(RestoredConversations)


class _Pages:
    def __init__(
        self,
        vault: Vault,
        folder: Destination,
        options: Options,
        tally: Tally,
        progress: Progress,
        total: int,
    ) -> None:
        self._vault = vault
        self._options = options
        self._tally = tally
        self._progress = progress
        self._total = total
        self._media = _MediaFolder(vault, folder, tally)
        self._folder = folder

    def write(self, selection: Selection) -> None:
        """A file for each conversation."""
        places = restoring.places(self._vault.db, selection)
        for place, name in zip(places, folder_names(places), strict=True):
            page = Page(self._folder.root, name + self._options.form.ending)
            try:
                for piece in self._pieces(place, selection):
                    page.add(piece.encode("utf-8", "replace"))
                self._tally.pages.append(page.finish())
            except BaseException:
                page.abandon()
                raise
            self._tally.conversations += 1

    def _pieces(self, place: Place, selection: Selection) -> Iterator[str]:
        about = restoring.about(self._vault.db, place.id)
        frame = self._options.frame
        return self._options.form.write(place, about, self._items(place, selection), frame=frame)

    def _items(self, place: Place, selection: Selection) -> Iterator[Item]:
        db = self._vault.db
        keys = restoring.time_keys(db, selection, place.id)
        for message in restoring.messages(db, keys):
            self._tally.messages += 1
            self._progress("restoring messages", self._tally.messages, self._total)
            media = tuple(self._given(kept) for kept in message.attachments)
            yield Item(message, media, self._answered(message))

    def _given(self, kept: Kept) -> Media:
        if kept.file is None or not self._options.media:
            return Media()
        return self._media.given(kept.file, kept.bytes_sha256 or "")

    def _answered(self, message: Whole) -> Answered | None:
        if not self._options.form.answers or message.reply_to is None or message.id_scope is None:
            return None
        db = self._vault.db
        row = answered(db, [message.id]).get(message.id)
        found = None if row is None else queries.message(db, row)
        return None if found is None else Answered(found.sender_name, found.text)


class _MediaFolder:
    """The files of attachments, each once however often it was sent, named by their SHA-256."""

    def __init__(self, vault: Vault, folder: Destination, tally: Tally) -> None:
        self._vault = vault
        self._folder = folder
        self._tally = tally
        self._top: str | None = None
        # A byte for each file: there may be a million.
        self._state = bytearray(file_lists.largest_row(vault.db) + 1)
        self._paths: OrderedDict[int, str] = OrderedDict()

    def given(self, row: int, sha256: str) -> Media:
        """Where a file is; it is written when it is first asked for."""
        path = self._paths.get(row)
        if path is None:
            path = f"{sha256[:2]}/{sha256}{self._ending(row)}"
            self._paths[row] = path
            if len(self._paths) > REMEMBERED:
                self._paths.popitem(last=False)
        if not self._state[row]:
            self._state[row] = 1 if self._write(row, path) else 2
        if self._state[row] == 2:
            return Media(damaged=True)
        return Media(f"{self._top}/{path}")

    def _ending(self, row: int) -> str:
        ending = split_extension(file_lists.name_of(self._vault.db, row))[1].lower()
        if not PLAIN_ENDING.fullmatch(ending):
            return ""
        return ending + ".bin" if dangerous("x" + ending) else ending

    def _write(self, row: int, path: str) -> bool:
        if self._top is None:
            self._top = self._folder.new_folder(MEDIA)
        part, _, name = path.rpartition("/")
        file = file_rows.stored_file(self._vault.db, row)
        try:
            folder = self._folder.folder(self._top, part)
            folder.write(name, stored_pieces(self._vault, file), exact=True)
        except Damaged as trouble:
            self._tally.lost(name, trouble)
            return False
        self._tally.files += 1
        self._tally.bytes += file.size
        return True
