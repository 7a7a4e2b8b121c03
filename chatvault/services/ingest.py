"""Importing: from what the user gave to a durable import and its receipt.

The steps are those of the commit protocol: look and hash (nothing is written), files into packs,
messages into the archive, the manifest into the last pack (from here on the import exists), the
archive marked complete.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from chatvault import __version__
from chatvault.errors import (
    BadExport,
    ChatVaultError,
    DiskTrouble,
    DoesNotAddUp,
    EmptyExport,
    NeedsAnswer,
    RefusedByLimit,
    Where,
)
from chatvault.importers._source import Told
from chatvault.services import precheck
from chatvault.services.given import GivenPaths
from chatvault.services.receipt import (
    LISTED,
    AssumptionLine,
    Attachments,
    Messages,
    ProblemLine,
    Receipt,
    decoded,
    iso,
)
from chatvault.services.storing import Storing
from chatvault.services.worker import Progress, Worker, WorkerDied, silent
from chatvault.services.worker_messages import FoundExport
from chatvault.vault import catalogue, file_rows, journal, manifest, schema
from chatvault.vault.archive import checkpoint
from chatvault.vault.catalogue import ImportRow
from chatvault.vault.content_id import content_id
from chatvault.vault.file_rows import Incoming
from chatvault.vault.manifest import Container, ImportHead
from chatvault.vault.packs import TARGET
from chatvault.vault.session import Vault
from chatvault.vault.store import BATCH, Merger, WrongOrder

__all__ = ["Options", "Outcome", "Told", "ingest", "try_out"]


@dataclass(frozen=True)
class Options:
    """How to import. Sizes are parameters so that tests can make small things many."""

    told: Told = field(default_factory=Told)
    platform: str | None = None
    dry: bool = False
    pack_size: int = TARGET
    batch: int = BATCH


@dataclass
class Outcome:
    """The receipts of one command, what was left aside, and the exports that could not be read."""

    receipts: list[Receipt] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failures: list[ChatVaultError] = field(default_factory=list)
    conversations: set[int] = field(default_factory=set)  # rows of those that were told


def ingest(
    vault: Vault,
    paths: Sequence[Path],
    *,
    now_ms: int,
    options: Options | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Import every export in these paths. One that cannot be read does not stop the others."""
    options = options or Options()
    given = GivenPaths(paths)
    outcome = Outcome(skipped=given.skipped)
    with Worker(given, told=options.told, platform=options.platform) as worker:
        progress("looking at the export", 0, 0)
        found = worker.find()
        outcome.rest += found.rest
        outcome.skipped += found.problems
        for number, export in enumerate(found.exports):
            one = _Import(vault, worker, given, number, export, options, now_ms, progress)
            try:
                outcome.receipts.append(one.run())
                outcome.conversations |= one.conversations
            except (BadExport, NeedsAnswer, RefusedByLimit) as failure:
                if len(found.exports) == 1:
                    raise
                failure.where = _within(export.path, failure.where)
                outcome.failures.append(failure)
    return outcome


def _within(export: str, where: Where | None) -> Where:
    """A place in one of several exports: which one, too."""
    if where is None:
        return Where(export)
    inside = where.file == export or where.file.startswith(f"{export}/")
    return Where(where.file if inside else f"{export}/{where.file}", where.part)


def try_out(
    vault: Vault,
    paths: Sequence[Path],
    *,
    now_ms: int,
    options: Options | None = None,
    progress: Progress = silent,
) -> Outcome:
    """The receipts that an import would give. Everything happens in one transaction that is taken
    back, and no pack is written."""
    vault.db.execute("BEGIN")
    try:
        return ingest(
            vault, paths, now_ms=now_ms, options=replace(options or Options(), dry=True),
            progress=progress,
        )  # fmt: skip
    finally:
        vault.db.execute("ROLLBACK")


class _Import:
    """One import, from its first reading to its receipt."""

    def __init__(
        self,
        vault: Vault,
        worker: Worker,
        given: GivenPaths,
        export: int,
        found: FoundExport,
        options: Options,
        now_ms: int,
        progress: Progress,
    ) -> None:
        self._vault = vault
        self._db = vault.db
        self._worker = worker
        self._given = given
        self._export = export
        self._found = found
        self._options = options
        self._now_ms = now_ms
        self._progress = progress
        self._database = schema.database(vault.db)
        self._import_id = secrets.token_hex(16)
        self._items = 0  # messages and problems of the export, counted where they come in
        self.conversations: set[int] = set()
        self._unread: list[tuple[str, str, str, str]] = [
            (file, part, reason, "") for file, part, reason in found.problems
        ]

    def run(self) -> Receipt:
        """Do it; everything that can refuse the export does so before the first byte is written."""
        self._hash()
        told = msgspec.json.encode(self._options.told, order="sorted").decode()
        digest = self._digest(told)
        earlier = [row for row in catalogue.imports(self._db) if row.export_digest == digest]
        for row in earlier:
            if row.state == catalogue.COMPLETE:
                return msgspec.structs.replace(decoded(row.receipt), again=True)
        if not self._worker.probe(self._export):
            raise EmptyExport(
                f"recognised as {self._found.importer}, but there is not one message in it",
                where=Where(self._found.path),
                remedy="export it again and look into it before you import it",
            )
        precheck.check(self._vault, self._worker, self._export, self._options.told)
        precheck.check_space(self._vault)
        finishes = [
            row.id for row in earlier if row.state == catalogue.RUNNING and not row.finished_by
        ]
        number = catalogue.next_number(self._db)
        row = ImportRow(
            id=number, import_id=self._import_id, state=catalogue.RUNNING, entry=None,
            name=self._found.name, importer=self._found.importer,
            importer_version=self._found.importer_version, platform=self._found.platform, told=told,
            export_digest=digest, touched_others=0, finished_by=None, started_at=self._now_ms,
            receipt=None,
        )  # fmt: skip
        with self._database.atomic():
            catalogue.add_import(self._db, row)
        storing = Storing(
            self._vault, number, self._import_id, digest, self._database.atomic,
            self._options.pack_size,
        )  # fmt: skip
        try:
            return self._store(row, storing, finishes)
        finally:
            storing.packs.abandon()

    def _hash(self) -> None:
        file_rows.clear_incoming(self._db)
        done = 0
        with self._database.atomic():
            for file in self._worker.hash(self._export):
                if file.trouble:
                    self._unread.append((file.name, "", file.trouble, ""))
                    continue
                file_rows.add_incoming(
                    self._db,
                    Incoming(
                        0, file.name, file.raw_name, file.size, file.modified_ms, file.sha256,
                        content_id(self._vault.ring.content_id_key, file.sha256), file.served,
                        file.compressed,
                    ),
                )  # fmt: skip
                done += file.size
                self._progress("reading files", done, self._given.size)

    def _digest(self, told: str) -> str:
        total = hashlib.sha256(f"{self._found.importer}\n{told}\n".encode())
        for path, sha256 in file_rows.incoming_lines(self._db):
            total.update(path.encode("utf-8", "surrogatepass") + b"\0" + sha256)
        return total.hexdigest()

    def _store(self, row: ImportRow, storing: Storing, finishes: list[int]) -> Receipt:
        if self._options.dry:
            file_rows.pretend_stored(self._db, row.id)
        else:
            storing.store(self._worker, self._export, self._given, self._progress)
        with self._database.atomic():
            file_rows.link_incoming(self._db, row.id)
        merger = self._merge(row, finishes, without=storing.changed)
        self.conversations = merger.tally.conversations
        changed = dict.fromkeys([*storing.changed, *self._changed_since()])
        self._unread += [(path, "", "it changed while it was read", "") for path in changed]
        with self._database.atomic():
            catalogue.add_problems(self._db, row.id, self._unread)
            filled = file_rows.fill_in_missing(self._db, row.id)
        receipt = self._receipt(row, merger, filled, finishes)
        if not receipt.adds_up():
            raise DoesNotAddUp.counted(receipt.messages.items, merger.taken)
        if self._options.dry:
            return msgspec.structs.replace(receipt, number=0)
        entry, previous = catalogue.head(self._db)
        head = ImportHead(
            format=manifest.FORMAT, entry=entry + 1, number=row.id, import_id=self._import_id,
            previous=previous, name=row.name, importer=row.importer,
            importer_version=row.importer_version, platform=row.platform, chatvault=__version__,
            started_at=iso(self._now_ms) or "", started_ms=self._now_ms,
            told=msgspec.to_builtins(self._options.told), export_digest=row.export_digest,
            finishes=tuple(finishes), containers=tuple(self._containers()),
        )  # fmt: skip
        sha256 = self._commit(head, storing, receipt)
        with self._database.atomic():
            for pack in storing.sealed:
                catalogue.add_pack(self._db, pack, number=row.id, entry=head.entry)
            storing.sealed.clear()
            catalogue.complete(
                self._db, row.id, entry=head.entry, receipt=msgspec.json.encode(receipt).decode(),
                touched_others=merger.tally.touched_others or filled > 0, finishes=finishes,
            )  # fmt: skip
            catalogue.set_head(self._db, head.entry, sha256)
        checkpoint(self._db)
        return receipt

    def _containers(self) -> Iterator[Container]:
        """The zips and tars that the export was in: it is kept as their members, so this is all
        that tells later which file it was."""
        served = {number for number, _ in file_rows.incoming_served(self._db)}
        where = self._found.path
        for number, file in enumerate(self._given.files()):
            if number not in served and f"{where}/".startswith(f"{file.name}/"):
                total = hashlib.sha256()
                for piece in self._given.pieces(number):
                    total.update(piece)
                yield Container(name=file.name, sha256=total.hexdigest(), size=file.size)

    def _changed_since(self) -> list[str]:
        """Files that changed after they were stored: what was read of them may be another text."""
        served = dict(file_rows.incoming_served(self._db))
        if served:
            return [path for number, path in served.items() if not self._given.is_unchanged(number)]
        files = self._given.files()
        return [f.name for n, f in enumerate(files) if not self._given.is_unchanged(n)]

    def _merge(self, row: ImportRow, finishes: list[int], *, without: list[str]) -> Merger:
        """The messages, from files whose bytes are stored: what is not in a pack is not read."""

        files: dict[str, int | None] = {}

        def file_of(path: str) -> int | None:
            # A few names are asked for again and again (stickers); the rest is looked up once.
            if path not in files:
                if len(files) > 10_000:
                    files.clear()
                files[path] = file_rows.file_of(self._db, row.id, path)
            return files[path]

        merger = Merger(
            self._db, row.id, file_of=file_of, finishing=finishes, batch=self._options.batch
        )
        with merger:
            self._read_into(merger, without)
            merger.flush()
        return merger

    def _read_into(self, merger: Merger, without: list[str]) -> None:
        done = 0
        try:
            for records in self._worker.read(self._export, without):
                merger.add(records)
                self._items = self._worker.arrived
                merger.check(self._items)
                done += len(records)
                self._progress("reading messages", done, 0)
        except (WorkerDied, WrongOrder):
            # Of the batch that went wrong only what stood before that place was taken over.
            self._items = merger.taken
            self._unread.append(
                (self._found.name, "", "reading the rest ended the program that reads exports", "")
            )
        except (DiskTrouble, DoesNotAddUp):
            raise  # the same again goes on when the disk can be read, or the bug is mended
        except ChatVaultError as failure:
            # It was readable when it was probed: what came before stays, what follows is told.
            self._unread.append((str(failure.where or self._found.name), "", failure.message, ""))

    def _receipt(self, row: ImportRow, merger: Merger, filled: int, finishes: list[int]) -> Receipt:
        tally = merger.tally
        problems = catalogue.problems_of(self._db, row.id)
        missing = file_rows.missing_attachments(self._db, row.id)
        files = file_rows.file_count(self._db, row.id)
        stored = file_rows.stored_since(self._db, row.id, finishes)
        return Receipt(
            number=row.id, platform=row.platform, importer=row.importer, name=row.name,
            conversations=len(tally.conversations), participants=len(tally.participants),
            files=files, first=iso(tally.first_ms), last=iso(tally.last_ms),
            messages=Messages(
                items=self._items, new=tally.new, known=tally.known, updated=tally.updated,
                unread=tally.problems,
            ),
            attachments=Attachments(
                stored=stored, known=max(0, files - stored), missing=missing, filled=filled,
                unlinked=file_rows.unlinked_files(self._db, row.id),
            ),
            assumptions=(
                *(
                    AssumptionLine(a.what, a.value, a.why)
                    for a in dict.fromkeys(tally.assumptions)
                ),
                *(
                    AssumptionLine("limit", part, "raised by --raise-limit")
                    for part in (self._options.told.limits or "").split()
                ),
            ),
            problems=tuple(ProblemLine(*problem) for problem in problems[:LISTED]),
            more_problems=max(0, len(problems) - LISTED), finishes=tuple(finishes),
            withheld=self._found.withheld,
        )  # fmt: skip

    def _commit(self, head: ImportHead, storing: Storing, receipt: Receipt) -> str:
        """The manifest into the last pack: when it is durable, the import exists."""
        last = storing.packs.current().name
        told = msgspec.to_builtins(receipt)
        names = [*storing.pack_names, last]
        total = hashlib.sha256()
        size = 0
        for line in journal.manifest_lines(self._db, head, names, told):
            total.update(line)
            size += len(line)
        storing.packs.add(
            f"entry-{head.entry}/manifest.jsonl",
            journal.manifest_lines(self._db, head, names, told),
            size=size,
            modified_ms=self._now_ms,
        )
        storing.packs.seal()
        return total.hexdigest()
