"""An archive that knows less than the packs: after a crash, or when an older copy was put back."""

from collections.abc import Callable, Sequence

from chatvault.errors import Damaged
from chatvault.services import rebuild
from chatvault.vault import archive, catalogue, journal, schema
from chatvault.vault.session import Vault


def take_in(vault: Vault, unknown: Sequence[str], *, tell: Callable[[str], None]) -> Vault:
    """The vault with an archive that knows these packs. Complete imports are replayed by a rebuild;
    packs of an import that was broken off are noted, so that the next run of it finishes it."""
    read = [journal.read_pack(vault.layout, name, vault.ring.identity) for name in unknown]
    if any(pack.entry is not None for pack in read):
        tell("the archive is behind the packs; bringing it up to date")
        vault.close()
        found = rebuild.rebuild(vault.layout, vault.ring)
        if not found.replaced:
            raise Damaged(
                "the archive is behind the packs and cannot be brought up to date: "
                + "; ".join([*found.damaged, *found.fewer][:3]),
                remedy="run `chatvault verify --full`, and bring back what is damaged from a copy",
            )
        entries = ", ".join(str(pack.entry.entry) for pack in read if pack.entry is not None)
        tell(f"journal entry {entries} was complete; the archive knows it now")
        connection = archive.open_archive(vault.layout.archive, vault.ring.database_key)
        return Vault(vault.layout, vault.ring, connection)
    tell(
        f"{len(read)} packs belong to an import that was broken off; importing it again finishes it"
    )
    with schema.database(vault.db).atomic():
        for pack in read:
            if pack.head.number is not None:
                catalogue.note_unfinished(vault.db, pack.head.number, pack.head.import_id)
            catalogue.add_pack(vault.db, pack.info, number=pack.head.number, entry=None)
    return vault
