"""`imports undo N`: the vault as if import N had never been."""

import secrets

from chatvault import __version__
from chatvault.errors import Damaged, Usage
from chatvault.services import rebuild
from chatvault.services.worker import Progress, silent
from chatvault.vault import archive, catalogue, journal, manifest, schema, undoing
from chatvault.vault.manifest import DecisionsHead, UndoImport
from chatvault.vault.session import Vault


def undo(vault: Vault, number: int, *, now_ms: int, progress: Progress = silent) -> None:
    """Take an import back. The decision is durable first; then the archive follows it.

    The files stay in the packs: only forgetting them would remove them. The vault is closed
    afterwards and must be opened again.
    """
    row = catalogue.import_number(vault.db, number)
    if row is None or row.state == catalogue.UNDONE or row.finished_by is not None:
        raise Usage(
            f"there is no import {number} to undo", remedy="`chatvault list imports` shows them"
        )
    entry, previous = catalogue.head(vault.db)
    head = DecisionsHead(
        format=manifest.FORMAT,
        entry=entry + 1,
        entry_id=secrets.token_hex(16),
        previous=previous,
        at_ms=now_ms,
        chatvault=__version__,
    )
    decision = UndoImport(number=number, import_id=row.import_id)
    info, sha256 = journal.write_decisions(
        vault.layout, vault.ring.identity.recipient, head, [decision]
    )
    if undoing.stands_alone(vault.db, number):
        with schema.database(vault.db).atomic():
            undoing.remove(vault.db, number)
            catalogue.note_undone(vault.db, number, row.entry)
            catalogue.add_pack(vault.db, info, number=None, entry=head.entry)
            catalogue.set_head(vault.db, head.entry, sha256)
        archive.checkpoint(vault.db)
        return
    vault.close()
    found = rebuild.rebuild(vault.layout, vault.ring, progress=progress)
    if not found.replaced:
        raise Damaged(
            "the decision is kept, but the archive cannot be made anew: "
            + "; ".join([*found.damaged, *found.fewer][:3]),
            remedy="bring back what is damaged from a copy of the vault, then run this again",
        )
