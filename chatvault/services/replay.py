"""Playing the journal into an empty archive."""

from collections.abc import Sequence

import msgspec

from chatvault.errors import ChatVaultError, Damaged, DoesNotAddUp, Where
from chatvault.importers._source import Told
from chatvault.services.given import Given
from chatvault.services.packed import packed_files
from chatvault.services.receipt import Receipt
from chatvault.services.worker import Progress, Worker, WorkerDied
from chatvault.vault import archive, catalogue, decisions, file_rows, journal, schema
from chatvault.vault.catalogue import ImportRow
from chatvault.vault.journal import ReadPack
from chatvault.vault.manifest import (
    AnyLine,
    Decision,
    EntryRef,
    FileLine,
    ImportHead,
    ReceiptLine,
    UndoImport,
)
from chatvault.vault.session import Vault
from chatvault.vault.store import Merger, WrongOrder


class Replay:
    """Fills the archive of `vault`, which has tables and nothing in them; then tells what came of
    it: `fewer` is where today's importers found less than a receipt says."""

    def __init__(self, vault: Vault, progress: Progress) -> None:
        self.imports = 0
        self.messages = 0
        self.unfinished: list[int] = []
        self.fewer: list[str] = []
        self._packs: set[str] = set()
        self._some_left_out = False  # undone, or broken off
        self._vault = vault
        self._db = vault.db
        self._database = schema.database(vault.db)
        self._progress = progress

    def run(
        self,
        packs: Sequence[ReadPack],
        entries: Sequence[EntryRef],
        deciding: Sequence[Decision] = (),
    ) -> None:
        """Replay the entries in their order; an import that was undone later is left out, and what
        was decided later is known from the start. `deciding` is what the next entry will hold."""
        decided = self._decided(entries)
        if deciding:
            decided[len(entries) + 1] = list(deciding)
        undone = {
            line.number for lines in decided.values() for line in lines
            if isinstance(line, UndoImport)
        }  # fmt: skip
        self._packs = {pack.info.name for pack in packs}
        with self._database.atomic():
            for number, lines in decided.items():
                decisions.keep(
                    self._db, number, [line for line in lines if isinstance(line, Decision)]
                )
            self._note_packs(packs, entries, undone)
        self._some_left_out = bool(undone or self.unfinished)
        for entry in entries:
            if isinstance(entry.head, ImportHead) and entry.head.number not in undone:
                self._replay_import(entry.head, entry)
            with self._database.atomic():
                catalogue.set_head(self._db, entry.entry, entry.sha256)

    def _decided(self, entries: Sequence[EntryRef]) -> dict[int, list[AnyLine]]:
        """The decisions of each entry that holds some; those about imports or conversations that
        do not exist are without effect."""
        layout, identity = self._vault.layout, self._vault.ring.identity
        return {
            entry.entry: list(journal.entry_lines(layout, entry, identity))
            for entry in entries
            if not isinstance(entry.head, ImportHead)
        }

    def _note_packs(
        self, packs: Sequence[ReadPack], entries: Sequence[EntryRef], undone: set[int]
    ) -> None:
        imports = [(e.head, e) for e in entries if isinstance(e.head, ImportHead)]
        known = {head.import_id for head, _ in imports}
        for head, entry in imports:
            catalogue.add_import(self._db, _row(head, entry))
            if head.number in undone:
                catalogue.note_undone(self._db, head.number, entry.entry)
        for pack in packs:
            number = pack.head.number
            if number is not None and pack.head.import_id not in known:
                catalogue.note_unfinished(
                    self._db, number, pack.head.import_id, pack.head.export_digest
                )
                if number in undone:
                    catalogue.note_undone(self._db, number, None)
            entry_number = pack.entry.entry if pack.entry else None
            catalogue.add_pack(self._db, pack.info, number=number, entry=entry_number)
        for head, _ in imports:
            for finished in head.finishes:
                catalogue.note_finished(self._db, finished, head.number)
        self.unfinished = [row.id for row in catalogue.unfinished(self._db) if row.entry is None]

    def _replay_import(self, head: ImportHead, entry: EntryRef) -> None:
        receipt = self._files(head, entry)
        files = list(file_rows.files_of(self._db, head.number))
        merger = Merger(
            self._db,
            head.number,
            file_of=lambda path: file_rows.file_of(self._db, head.number, path),
        )
        given = packed_files(self._vault, head.name, files)
        try:
            with merger:
                broke_off = self._read_into(merger, head, given, receipt.messages.items)
                merger.flush()
        except DoesNotAddUp as failure:
            failure.remedy = "please report the line above; the archive is as it was"
            raise
        self._vault.close_packs()
        with self._database.atomic():
            filled = file_rows.fill_in_missing(self._db, head.number)
            catalogue.complete(
                self._db, head.number, entry=entry.entry,
                receipt=msgspec.json.encode(receipt).decode(),
                touched_others=merger.tally.touched_others or filled > 0, finishes=(),
            )  # fmt: skip
            self._keep_problems(head.number, receipt)
        self._compare(head.number, merger, receipt, broke_off)
        self.imports += 1
        self.messages += merger.tally.new

    def _read_into(self, merger: Merger, head: ImportHead, given: Given, items: int) -> str:
        """The messages of an import again; why there are no more of them, if reading broke off."""
        told = msgspec.convert(head.told, Told)
        with Worker(given, told=told, platform=head.importer, whole=True) as worker:
            try:
                for records in worker.read(0):
                    merger.add(records)
                    merger.check(worker.arrived)
                    self._progress(f"import {head.number}", merger.tally.new, items)
            except (WorkerDied, WrongOrder):
                return "the reader ended"
            except DoesNotAddUp:
                raise
            except ChatVaultError as failure:
                return failure.message
        return ""

    def _files(self, head: ImportHead, entry: EntryRef) -> Receipt:
        receipt: Receipt | None = None
        lost = 0
        where = Where(f"packs/{entry.pack}")
        try:
            with self._database.atomic():
                for line in journal.entry_lines(
                    self._vault.layout, entry, self._vault.ring.identity
                ):
                    if isinstance(line, FileLine):
                        there = line.pack in self._packs
                        lost += not there
                        file_rows.add_journal_file(self._db, head.number, line, stored=there)
                    elif isinstance(line, ReceiptLine):
                        receipt = msgspec.convert(line.receipt, Receipt)
        except (archive.DatabaseError, msgspec.ValidationError) as cause:
            raise Damaged("the manifest contradicts itself", where=where) from cause
        if receipt is None:
            raise Damaged("the manifest has no receipt", where=where)
        if lost:
            self.fewer.append(f"import {head.number}: {lost:,} files lie in packs that are missing")
        return receipt

    def _keep_problems(self, number: int, receipt: Receipt) -> None:
        """What could not be read from the export itself is told only by the receipt."""
        known = set(catalogue.problems_of(self._db, number))
        lost = [
            (p.file, p.part, p.reason, "")
            for p in receipt.problems
            if (p.file, p.part, p.reason) not in known and not p.part
        ]
        catalogue.add_problems(self._db, number, lost)

    def _compare(self, number: int, merger: Merger, receipt: Receipt, broke_off: str) -> None:
        tally = merger.tally
        told = receipt.messages
        now = tally.new + tally.known + tally.updated
        then = told.new + told.known + told.updated
        if now < then:
            why = f" ({broke_off})" if broke_off else ""
            self.fewer.append(f"import {number}: {now:,} messages instead of {then:,}{why}")
        # What filled a gap may have come with an import that is not replayed; then nothing follows
        # from gaps. Files that lie in no pack are told where the manifest is read.
        missing = 0 if self._some_left_out else file_rows.missing_attachments(self._db, number)
        if missing > receipt.attachments.missing:
            self.fewer.append(
                f"import {number}: {missing:,} attachments without a file instead of"
                f" {receipt.attachments.missing:,}"
            )


def _row(head: ImportHead, entry: EntryRef) -> ImportRow:
    told = msgspec.convert(head.told, Told)
    return ImportRow(
        id=head.number, import_id=head.import_id, state=catalogue.RUNNING, entry=entry.entry,
        name=head.name, importer=head.importer, importer_version=head.importer_version,
        platform=head.platform, told=msgspec.json.encode(told, order="sorted").decode(),
        export_digest=head.export_digest, touched_others=0, finished_by=None,
        started_at=head.started_ms, receipt=None,
    )  # fmt: skip
