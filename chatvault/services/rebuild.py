"""Making the archive anew from packs and key ring alone, by replaying the journal.

One mechanism serves an archive that is behind, older, damaged or missing, one that has to forget an
import, and a better importer that reads old exports again.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chatvault.errors import Damaged, Where
from chatvault.services.replay import Replay
from chatvault.services.worker import Progress, silent
from chatvault.vault import archive, catalogue, index_upkeep, journal, schema
from chatvault.vault.files import disk_trouble
from chatvault.vault.journal import ReadPack
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout
from chatvault.vault.manifest import Decision, EntryRef
from chatvault.vault.session import Vault


@dataclass
class Rebuilt:
    """What a rebuild found: imports replayed, packs it could not read, and what is less than a
    receipt says (then the old archive stays)."""

    imports: int = 0
    messages: int = 0
    unfinished: list[int] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    fewer: list[str] = field(default_factory=list)
    replaced: bool = False


@dataclass(frozen=True)
class Deciding:
    """Decisions that are not in the journal yet, and what writes them there."""

    lines: Sequence[Decision]
    write: Callable[[Vault], None]


def rebuild(
    layout: Layout,
    ring: KeyRing,
    *,
    progress: Progress = silent,
    fewer: Literal["refuse", "accept"] = "refuse",
    deciding: Deciding | None = None,
) -> Rebuilt:
    """A new archive in place of the old one. The caller holds the lock and has the archive closed.

    `fewer`: whether the new archive takes its place even if it knows less than receipts say.
    `deciding`: decisions that become durable when the archive that follows them is whole.
    """
    found = Rebuilt()
    read = _read_packs(layout, ring, found, progress)
    if found.damaged and not read:
        # Nothing is written under keys that open none of the packs.
        raise Damaged(
            "none of the packs opens with this key ring", where=Where("packs"),
            remedy="bring back the folders packs/ and keys/ from one copy of the vault",
        )  # fmt: skip
    entries = _entries(read, found)
    part = layout.tmp / f"{os.urandom(16).hex()}.part"
    with disk_trouble("the archive cannot be made anew", safe="the old one is as it was"):
        layout.ops.create(part).close()
        vault = Vault(layout, ring, archive.open_archive(part, ring.database_key))
        try:
            schema.migrate(vault.db)
            replay = Replay(vault, progress)
            replay.run(read, entries, () if deciding is None else deciding.lines)
            index_upkeep.join(vault.db)
            found.imports, found.messages = replay.imports, replay.messages
            found.unfinished, found.fewer = replay.unfinished, replay.fewer
            known, now = _known_entries(layout, ring), len(entries)
            if known > now:
                found.fewer.append(f"{now:,} journal entries instead of {known:,}")
            whole = fewer == "accept" or not (found.fewer or found.damaged)
            if whole and deciding is not None:
                deciding.write(vault)
        finally:
            vault.close()
        if not whole:
            layout.ops.remove(part)
            return found
        _put_in_place(layout, ring, part.name)
    found.replaced = True
    return found


def _read_packs(
    layout: Layout, ring: KeyRing, found: Rebuilt, progress: Progress
) -> list[ReadPack]:
    names = sorted(layout.pack_names())
    read = []
    for number, name in enumerate(names):
        progress("reading packs", number, len(names))
        try:
            read.append(journal.read_pack(layout, name, ring.identity))
        except Damaged as trouble:
            found.damaged.append(f"packs/{name}: {trouble.message}")
    return read


def _entries(read: list[ReadPack], found: Rebuilt) -> list[EntryRef]:
    """The journal in its order; where the chain is broken that is told, and what there is of it."""
    entries = [pack.entry for pack in read if pack.entry is not None]
    try:
        return journal.chain(entries)
    except Damaged as trouble:
        found.damaged.append(str(trouble))
    by_number = {ref.entry: ref for ref in entries}
    return [by_number[number] for number in sorted(by_number)]


def _put_in_place(layout: Layout, ring: KeyRing, part: str) -> None:
    new = layout.tmp / part
    with layout.ops.open(new) as file:
        layout.ops.sync(file)
    if layout.archive.exists() and not _opens(layout, ring):
        number = 1
        while (aside := layout.root / f"archive.db.damaged-{number}").exists():
            number += 1
        layout.ops.replace(layout.archive, aside)
    # A write-ahead log that stays behind would be replayed into the new archive.
    for suffix in ("-wal", "-shm", "-journal"):
        beside = layout.archive.with_name(layout.archive.name + suffix)
        if beside.exists():
            layout.ops.remove(beside)
    layout.ops.replace(new, layout.archive)
    layout.ops.sync_folder(layout.root)


def _known_entries(layout: Layout, ring: KeyRing) -> int:
    """How much of the journal the old archive knew, if it can still tell."""
    if not archive.is_there(layout.archive):
        return 0
    try:
        connection = archive.open_archive(layout.archive, ring.database_key)
    except Damaged:
        return 0
    try:
        return max((pack.entry or 0 for pack in catalogue.packs(connection)), default=0)
    except archive.DatabaseError:
        return 0
    finally:
        archive.close_archive(connection)


def _opens(layout: Layout, ring: KeyRing) -> bool:
    try:
        connection = archive.open_archive(layout.archive, ring.database_key)
    except Damaged:
        return False
    try:
        return not archive.integrity_problems(connection, layout.archive)
    finally:
        archive.close_archive(connection)
