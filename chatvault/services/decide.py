"""Writing down what the owner decided, and letting the archive follow.

Where a decision changes only values, the entry of the journal is durable first, and then the
archive is changed. Where records belong elsewhere now, the archive is made anew first: a decision
that it cannot follow is never written.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from chatvault import __version__
from chatvault.errors import Damaged
from chatvault.services import rebuild
from chatvault.services.photos import opened
from chatvault.services.worker import Progress, silent
from chatvault.vault import (
    catalogue,
    decisions,
    journal,
    manifest,
    people,
    photo_rows,
    schema,
    titles,
)
from chatvault.vault.archive import checkpoint
from chatvault.vault.manifest import Decision, DecisionsHead, UndoImport
from chatvault.vault.packs import PackInfo
from chatvault.vault.session import Vault


@dataclass(frozen=True)
class Written:
    """An entry of decisions that is durable, but not in the archive yet."""

    entry: int
    sha256: str
    pack: PackInfo


def write(vault: Vault, lines: Sequence[Decision | UndoImport], *, now_ms: int) -> Written:
    """Make decisions durable."""
    entry, previous = catalogue.head(vault.db)
    head = DecisionsHead(
        format=manifest.FORMAT,
        entry=entry + 1,
        entry_id=secrets.token_hex(16),
        previous=previous,
        at_ms=now_ms,
        chatvault=__version__,
    )
    info, sha256 = journal.write_decisions(vault.layout, vault.ring.identity.recipient, head, lines)
    return Written(head.entry, sha256, info)


def note(vault: Vault, written: Written) -> None:
    """Let the archive know the entry; the caller makes its rows what the entry says."""
    catalogue.add_pack(vault.db, written.pack, number=None, entry=written.entry)
    catalogue.set_head(vault.db, written.entry, written.sha256)


def decide_values(vault: Vault, lines: Sequence[Decision], *, now_ms: int) -> None:
    """Decisions about names and persons: messages stay what they are."""
    written = write(vault, lines, now_ms=now_ms)
    with schema.database(vault.db).atomic():
        decisions.keep(vault.db, written.entry, lines)
        known = decisions.load(vault.db)
        titles.assign(vault.db, known)
        people.assign(vault.db, known)
        note(vault, written)
    checkpoint(vault.db)


def decide_places(
    vault: Vault, lines: Sequence[Decision], *, now_ms: int, progress: Progress = silent
) -> None:
    """Decisions about where records belong: all exports are read again with them. The vault is
    closed afterwards and must be opened again."""

    def commit(new: Vault) -> None:
        written = write(new, lines, now_ms=now_ms)
        with schema.database(new.db).atomic():
            note(new, written)

    with _keeping_pictures(vault):
        found = rebuild.rebuild(
            vault.layout, vault.ring, progress=progress, deciding=rebuild.Deciding(lines, commit)
        )
        if not found.replaced:
            raise Damaged(
                "nothing was changed, because not all exports can be read again: "
                + "; ".join([*found.damaged, *found.fewer][:3]),
                remedy="`chatvault rebuild` says more, and `chatvault verify --full`",
            )


def make_anew(vault: Vault, progress: Progress) -> None:
    """A new archive that follows the journal; Damaged when it cannot be made."""
    with _keeping_pictures(vault):
        found = rebuild.rebuild(vault.layout, vault.ring, progress=progress)
        if not found.replaced:
            raise Damaged(
                "the decision is kept, but the archive cannot be made anew: "
                + "; ".join([*found.damaged, *found.fewer][:3]),
                remedy="bring back what is damaged from a copy of the vault, then run this again",
            )


@contextmanager
def _keeping_pictures(vault: Vault) -> Iterator[None]:
    """Close the vault, and give the archive that takes its place what was seen of the pictures:
    they are the same, and looking at a hundred thousand takes half an hour."""
    seen = photo_rows.by_content(vault.db)
    vault.close()
    yield
    if seen:
        with opened(vault.layout, vault.ring) as new, schema.database(new.db).atomic():
            photo_rows.bring(new.db, seen)
