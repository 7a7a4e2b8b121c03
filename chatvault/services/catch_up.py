"""An archive that knows less than the packs: after a crash, or when an older copy was put back."""

from collections.abc import Sequence

from chatvault.errors import Damaged
from chatvault.services import rebuild
from chatvault.services.worker import Progress, silent
from chatvault.vault import archive, catalogue, journal, schema
from chatvault.vault.session import Vault


def take_in(vault: Vault, unknown: Sequence[str], progress: Progress = silent) -> Vault:
    """The vault with an archive that knows these packs. Complete imports are replayed by a rebuild;
    packs of an import that was broken off are noted, so that the next run of it finishes it."""
    read = [journal.read_pack(vault.layout, name, vault.ring.identity) for name in unknown]
    if any(pack.entry is not None for pack in read):
        vault.close()
        found = rebuild.rebuild(vault.layout, vault.ring, progress=progress)
        if not found.replaced:
            raise Damaged(
                "the archive is behind the packs and cannot be brought up to date: "
                + "; ".join([*found.damaged, *found.fewer][:3]),
                remedy="run `chatvault verify --full`, and bring back what is damaged from a copy",
            )
        connection = archive.open_archive(vault.layout.archive, vault.ring.database_key)
        return Vault(vault.layout, vault.ring, connection)
    with schema.database(vault.db).atomic():
        for pack in read:
            if pack.head.number is not None:
                catalogue.note_unfinished(vault.db, pack.head.number, pack.head.import_id)
            catalogue.add_pack(vault.db, pack.info, number=pack.head.number, entry=None)
    return vault
