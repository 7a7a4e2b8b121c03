"""Is the vault as it was written? Nothing is changed by looking."""

import os
import random
import stat
from dataclasses import dataclass, field

import msgspec

from chatvault.errors import ChatVaultError, Damaged, NewerFormat
from chatvault.services.worker import Progress, silent
from chatvault.vault import archive, catalogue, inspection, journal, keyring, packs
from chatvault.vault.catalogue import PackRow
from chatvault.vault.journal import ReadPack
from chatvault.vault.layout import README
from chatvault.vault.manifest import EntryRef
from chatvault.vault.session import Vault

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

    def folder(self) -> None:
        layout = self.vault.layout
        try:
            if layout.ops.read(layout.readme, 64 * 1024) != README.encode():
                self._found("README.txt", "not the text that ChatVault wrote", repair="a copy")
        except (OSError, ChatVaultError):
            self._found("README.txt", "missing or not readable", repair="a copy")
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
        if self.full and not any(item.file == "archive.db" for item in self.damage):
            for problem in inspection.inconsistencies(self.vault.db):
                self._found("archive.db", problem, repair="`chatvault rebuild`")

    def all_packs(self) -> None:
        compared = self.vault.compare()
        rows = {row.name: row for row in catalogue.packs(self.vault.db)}
        for name in compared.missing:
            self._pack_damage(rows[name], "missing")
        for name in compared.resized:
            self._pack_damage(rows[name], "of another size")
        if compared.unknown:
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
        known, sha256 = catalogue.head(self.vault.db)
        if known > len(ordered):
            self._found("packs", "the archive knows more than the packs", repair="a copy")
        elif known and ordered[known - 1].sha256 != sha256:
            self._found("archive.db", "it belongs to another journal", repair="`chatvault rebuild`")
        if self.full:
            self._manifests(ordered)

    def _pack(self, name: str, row: PackRow | None) -> ReadPack | None:
        layout = self.vault.layout
        try:
            with packs.opened(layout, name, self.vault.ring.identity) as reader:
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
                return journal.read_pack(layout, name, self.vault.ring.identity)
        except NewerFormat as trouble:
            self.notes.append(f"packs/{name}: {trouble.message}")
        except (ChatVaultError, OSError) as trouble:
            text = trouble.message if isinstance(trouble, ChatVaultError) else "cannot be read"
            self._pack_damage(row, text, name)
        return None

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
            if ref.entry > catalogue.head(self.vault.db)[0]:
                continue
            lines = journal.entry_lines(self.vault.layout, ref, self.vault.ring.identity)
            try:
                wrong = inspection.compare_manifest(self.vault.db, lines)
            except (ChatVaultError, OSError):
                self._found(f"packs/{ref.pack}", "the manifest cannot be read", repair="a copy")
                continue
            if wrong:
                self._found(
                    "archive.db", f"{wrong} files of entry {ref.entry} lie elsewhere than it says",
                    repair="`chatvault rebuild`",
                )  # fmt: skip

    def stored_files(self) -> None:
        """Every file, down to its content id; only when everything is to be looked at."""
        db = self.vault.db
        total = catalogue.stored_count(db)
        damaged = {item.file for item in self.damage}
        lost: dict[str, list[int]] = {}
        for number, file in catalogue.stored_files(db):
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
                    catalogue.messages_with(db, numbers), "a copy of the pack",
                )
            )  # fmt: skip

    def _found(self, file: str, what: str, *, repair: str = "") -> None:
        self.damage.append(Damage(file, what, repair=repair))

    def _pack_damage(
        self, row: PackRow | None, what: str, name: str = "", chunks: list[int] | None = None
    ) -> None:
        name = row.name if row is not None else name
        numbers = catalogue.files_in_pack(self.vault.db, name, chunks)
        self.damage.append(
            Damage(
                f"packs/{name}", what, len(numbers),
                catalogue.messages_with(self.vault.db, numbers), "a copy of the pack",
            )
        )  # fmt: skip


def verify(vault: Vault, *, full: bool, progress: Progress = silent) -> Report:
    """Look at everything (`full`), or at names, sizes, heads, pages and a sample of the packs."""
    look = _Look(vault, full, progress)
    look.folder()
    look.archive()
    look.all_packs()
    if full:
        look.stored_files()
    unfinished = tuple(
        f"import {row.id} unfinished: {inspection.packs_of(vault.db, row.id)} packs,"
        f" {inspection.messages_of(vault.db, row.id)} messages"
        for row in catalogue.unfinished(vault.db)
    )
    checked = Checked(
        packs=len(catalogue.packs(vault.db)),
        bytes=look.bytes,
        files=look.files,
        messages=inspection.message_count(vault.db),
        entries=look.entries,
    )
    return Report(
        level="full" if full else "quick",
        ok=not look.damage,
        checked=checked,
        damage=tuple(look.damage),
        unfinished=unfinished,
        notes=tuple(look.notes),
    )
