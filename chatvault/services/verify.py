"""Is the vault as it was written? Nothing is changed by looking."""

import os
import random
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec

from chatvault.errors import ChatVaultError, Damaged, NewerFormat
from chatvault.services.worker import Progress, silent
from chatvault.vault import archive, catalogue, file_rows, inspection, journal, keyring, packs
from chatvault.vault.catalogue import PackRow
from chatvault.vault.journal import ReadPack
from chatvault.vault.layout import README
from chatvault.vault.manifest import DecisionsHead, EntryRef
from chatvault.vault.session import Comparison, Vault

T = TypeVar("T")
SAMPLE = 0.05  # of a pack's chunks, for the quick look


class Damage(msgspec.Struct, frozen=True):
    """One thing that is not as it was written, and what it touches."""

    file: str
    what: str
    files: int = 0  # stored files that cannot be given back
    messages: int = 0  # messages whose attachments those are
    repair: str = ""


class Checked(msgspec.Struct, frozen=True):
    """How much was looked at."""

    packs: int
    bytes: int
    files: int
    messages: int
    entries: int


class Report(msgspec.Struct, frozen=True):
    """What verifying found. `notes` are no damage; `unfinished` imports wait for their next run."""

    level: str
    ok: bool
    checked: Checked
    damage: tuple[Damage, ...] = ()
    unfinished: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Look:
    vault: Vault
    full: bool
    progress: Progress
    damage: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    bytes: int = 0
    files: int = 0
    entries: int = 0
    _packs: dict[str, str] = field(default_factory=dict)  # file key in hex -> name

    def folder(self) -> None:
        layout = self.vault.layout
        try:
            if layout.ops.read(layout.readme, 64 * 1024) != README.encode():
                self._found("README.txt", "not the text that ChatVault wrote", repair="a copy")
        except (OSError, ChatVaultError):
            self._found("README.txt", "missing or not readable", repair="a copy")
        if not layout.info_file.exists():
            self._found("vault.json", "missing", repair="any command that writes")
        self.notes += [f"{name} is not a file of ChatVault's" for name in layout.strangers()]
        for name in keyring.slot_names(layout):
            try:
                if not layout.ops.read(layout.keys / name, keyring.SLOT_LIMIT).startswith(
                    b"age-encryption.org/v1\n"
                ):
                    self._found(f"keys/{name}", "not a key slot", repair="`chatvault keys`")
            except (OSError, Damaged):
                self._found(f"keys/{name}", "cannot be read", repair="`chatvault keys`")
        if hasattr(os, "geteuid"):
            for path in (layout.root, layout.archive, layout.keys, layout.packs):
                if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
                    self.notes.append(f"{path.name}: others on this computer can read it")

    def archive(self) -> None:
        path = self.vault.layout.archive
        for problem in archive.integrity_problems(self.vault.db, path):
            self._found("archive.db", problem, repair="`chatvault rebuild`")
        if self.full and not self._archive_is_damaged():
            nothing: list[str] = []
            for problem in self._asked(lambda: inspection.inconsistencies(self.vault.db), nothing):
                self._found("archive.db", problem, repair="`chatvault rebuild`")

    def _archive_is_damaged(self) -> bool:
        return any(item.file == "archive.db" for item in self.damage)

    def _asked(self, ask: Callable[[], T], otherwise: T) -> T:
        """What the archive answers; where a page of it is damaged, that is told, once."""
        try:
            return ask()
        except archive.DatabaseError:
            if not self._archive_is_damaged():
                self._found("archive.db", "a page is damaged", repair="`chatvault rebuild`")
            return otherwise

    def all_packs(self) -> None:
        there = Comparison(unknown=tuple(sorted(self.vault.layout.pack_names())))
        compared = self._asked(self.vault.compare, there)
        none: list[PackRow] = []
        known = self._asked(lambda: catalogue.packs(self.vault.db), none)
        rows = {row.name: row for row in known}
        for name in compared.missing:
            self._pack_damage(rows[name], "missing")
        for name in compared.resized:
            self._pack_damage(rows[name], "of another size")
        if compared.torn:
            self._found(
                "archive.db", "its parts are of different moments", repair="`chatvault rebuild`"
            )
        if compared.unknown and not self._archive_is_damaged():
            self.notes.append(f"{len(compared.unknown)} packs are not taken in yet")
        gone = {*compared.missing, *compared.resized}
        entries = []
        names = [*rows, *compared.unknown]
        for number, name in enumerate(names):
            self.progress("checking packs", number, len(names))
            if name in gone:
                continue
            read = self._pack(name, rows.get(name))
            if read is not None and read.entry is not None:
                entries.append(read.entry)
        self.entries = len(entries)
        if gone or any(item.file.startswith("packs/") for item in self.damage):
            return  # what is missing is told; the chain cannot be whole
        try:
            ordered = journal.chain(entries)
        except Damaged as trouble:
            self._found(str(trouble.where or "packs"), trouble.message, repair="a copy of the pack")
            return
        unknown: tuple[int, str | None] = (0, None)
        head, sha256 = self._asked(lambda: catalogue.head(self.vault.db), unknown)
        if head > len(ordered):
            self._found("packs", "the archive knows more than the packs", repair="a copy")
        elif head and ordered[head - 1].sha256 != sha256:
            self._found("archive.db", "it belongs to another journal", repair="`chatvault rebuild`")
        if self.full:
            self._manifests(ordered[:head])

    def _pack(self, name: str, row: PackRow | None) -> ReadPack | None:
        layout = self.vault.layout
        try:
            with packs.opened(layout, name, self.vault.ring.identity) as reader:
                self._identity(reader, row)
                if self.full:
                    bad = reader.plain.verify()
                    self.bytes += reader.plain.size
                    if bad:
                        self._pack_damage(row, f"{len(bad)} damaged chunks", name, bad)
                        return None
                    self._padding(reader)
                else:
                    self._sample(reader)
            if self.full or row is None or row.entry is not None:
                read = journal.read_pack(layout, name, self.vault.ring.identity)
                if row is not None and row.entry != (read.entry and read.entry.entry):
                    raise Damaged("its journal entry is not the one the archive knows")
                return read
        except NewerFormat as trouble:
            self.notes.append(f"packs/{name}: {trouble.message}")
        except (ChatVaultError, OSError) as trouble:
            text = trouble.message if isinstance(trouble, ChatVaultError) else "cannot be read"
            self._pack_damage(row, text, name)
        return None

    def _identity(self, reader: packs.PackReader, row: PackRow | None) -> None:
        """Whether this is the pack that had this name, and the only one of its kind."""
        key = reader.plain.file_key
        if row is not None and row.file_key != key:
            raise Damaged("another pack under this name")
        twin = self._packs.setdefault(key.hex(), reader.name)
        if twin != reader.name:
            raise Damaged(f"a copy of packs/{twin}")

    def _sample(self, reader: packs.PackReader) -> None:
        chunk = 64 * 1024
        count = max(1, -(-reader.plain.size // chunk))
        # Other chunks every time, so that looking often covers everything in the end.
        chosen = {0, *random.SystemRandom().sample(range(count), int(count * SAMPLE))}
        for number in sorted(chosen):
            start = number * chunk
            self.bytes += len(reader.plain.read_range(start, min(chunk, reader.plain.size - start)))

    def _padding(self, reader: packs.PackReader) -> None:
        for member, offset, size in reader.members():
            if member.endswith("/padding") and member.count("/") == 1:
                for piece in reader.pieces(offset, size):
                    if piece.strip(b"\0"):
                        self._found(f"packs/{reader.name}", "the padding is not empty")
                        return

    def _manifests(self, ordered: list[EntryRef]) -> None:
        for ref in ordered:
            db = self.vault.db
            lines = journal.entry_lines(self.vault.layout, ref, self.vault.ring.identity)
            decided = isinstance(ref.head, DecisionsHead)
            compare = partial(inspection.compare_manifest, db, lines)
            if decided:
                compare = partial(inspection.compare_decisions, db, ref.entry, lines)
            try:
                wrong = self._asked(compare, 0)
            except (ChatVaultError, OSError):
                self._found(f"packs/{ref.pack}", "the manifest cannot be read", repair="a copy")
                continue
            if wrong:
                what = f"files of entry {ref.entry} lie elsewhere than it says"
                if decided:
                    what = f"decisions of entry {ref.entry} are not those that it holds"
                self._found("archive.db", f"{wrong} {what}", repair="`chatvault rebuild`")

    def stored_files(self) -> None:
        """Every file, down to its content id; only when everything is to be looked at."""
        self._asked(self._stored_files, None)

    def _stored_files(self) -> None:
        db = self.vault.db
        total = file_rows.stored_count(db)
        damaged = {item.file for item in self.damage}
        lost: dict[str, list[int]] = {}
        for number, file in file_rows.stored_files(db):
            self.files += 1
            self.progress("checking files", self.files, total)
            if f"packs/{file.pack}" in damaged:
                continue
            try:
                for _ in self.vault.file_pieces(file):
                    pass
            except (ChatVaultError, OSError):
                lost.setdefault(file.pack, []).append(number)
        for pack, numbers in lost.items():
            self.damage.append(
                Damage(
                    f"packs/{pack}", "files in it are not those that were stored", len(numbers),
                    file_rows.messages_with(db, numbers), "a copy of the pack",
                )
            )  # fmt: skip

    def _found(self, file: str, what: str, *, repair: str = "") -> None:
        self.damage.append(Damage(file, what, repair=repair))

    def _pack_damage(
        self, row: PackRow | None, what: str, name: str = "", chunks: list[int] | None = None
    ) -> None:
        name = row.name if row is not None else name
        db = self.vault.db
        nothing: list[int] = []
        numbers = self._asked(lambda: file_rows.files_in_pack(db, name, chunks), nothing)
        messages = self._asked(lambda: file_rows.messages_with(db, numbers), 0)
        self.damage.append(
            Damage(f"packs/{name}", what, len(numbers), messages, "a copy of the pack")
        )

    def unfinished(self) -> tuple[str, ...]:
        """The imports that were broken off, in words."""
        db = self.vault.db
        return tuple(
            f"import {row.id} was broken off (packs: {inspection.packs_of(db, row.id):,},"
            f" messages: {inspection.messages_of(db, row.id):,})"
            for row in catalogue.unfinished(db)
        )

    def report(self) -> Report:
        """All that was found."""
        nothing: tuple[str, ...] = ()
        unfinished = self._asked(self.unfinished, nothing)
        checked = Checked(
            packs=len(self.vault.layout.pack_names()),
            bytes=self.bytes,
            files=self.files,
            messages=self._asked(lambda: inspection.message_count(self.vault.db), 0),
            entries=self.entries,
        )
        return Report(
            level="full" if self.full else "quick",
            ok=not self.damage,
            checked=checked,
            damage=tuple(self.damage),
            unfinished=unfinished,
            notes=tuple(self.notes),
        )


def verify(vault: Vault, *, full: bool, progress: Progress = silent) -> Report:
    """Look at everything (`full`), or at names, sizes, heads, pages and a sample of the packs."""
    look = _Look(vault, full, progress)
    look.folder()
    look.archive()
    look.all_packs()
    if full:
        look.stored_files()
    return look.report()
