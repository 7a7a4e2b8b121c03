"""`imports undo N`: the vault as if import N had never been."""

from chatvault.errors import Usage
from chatvault.services import decide
from chatvault.services.worker import Progress, silent
from chatvault.vault import archive, catalogue, decisions, people, schema, undoing
from chatvault.vault.manifest import UndoImport
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
    decision = UndoImport(number=number, import_id=row.import_id)
    written = decide.write(vault, [decision], now_ms=now_ms)
    if undoing.stands_alone(vault.db, number):
        with schema.database(vault.db).atomic():
            undoing.remove(vault.db, number)
            catalogue.note_undone(vault.db, number, row.entry)
            people.assign(vault.db, decisions.load(vault.db))
            decide.note(vault, written)
        archive.checkpoint(vault.db)
        return
    decide.make_anew(vault, progress)
