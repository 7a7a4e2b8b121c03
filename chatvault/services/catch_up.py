"""An archive that knows less than the packs: after a crash, or when an older copy was put back."""

from collections.abc import Callable, Sequence

from chatvault.errors import Damaged, Where
from chatvault.services import rebuild
from chatvault.services.worker import Progress
from chatvault.vault import archive, catalogue, journal, schema
from chatvault.vault.keyring import KeyRing
from chatvault.vault.layout import Layout
from chatvault.vault.session import Vault


def take_in(
    vault: Vault, unknown: Sequence[str], *, tell: Callable[[str], None], progress: Progress
) -> Vault:
    """The vault with an archive that knows these packs. Complete imports are replayed by a rebuild;
    packs of an import that was broken off are noted, so that the next run of it finishes it."""
    read = [journal.read_pack(vault.layout, name, vault.ring.identity) for name in unknown]
    if any(pack.entry is not None for pack in read):
        vault = anew(vault, tell=tell, progress=progress)
        entries = ", ".join(str(pack.entry.entry) for pack in read if pack.entry is not None)
        tell(f"journal entry {entries} was complete; the archive knows it now")
        return vault
    known = {pack.file_key: pack.name for pack in catalogue.packs(vault.db)}
    for pack in read:
        if pack.info.file_key in known:
            raise Damaged(
                f"a copy of packs/{known[pack.info.file_key]}",
                where=Where(f"packs/{pack.info.name}"),
                remedy="move it out of the vault",
            )
        known[pack.info.file_key] = pack.info.name
    tell(f"an import was broken off (packs: {len(read):,}); importing the same again finishes it")
    with schema.database(vault.db).atomic():
        for pack in read:
            if pack.head.number is not None:
                catalogue.note_unfinished(
                    vault.db, pack.head.number, pack.head.import_id, pack.head.export_digest
                )
            catalogue.add_pack(vault.db, pack.info, number=pack.head.number, entry=None)
    return vault


def anew(vault: Vault, *, tell: Callable[[str], None], progress: Progress) -> Vault:
    """The vault with a new archive in place of one that is behind, or contradicts itself."""
    vault.close()
    return made_anew(vault.layout, vault.ring, tell=tell, progress=progress)


def made_anew(
    layout: Layout, ring: KeyRing, *, tell: Callable[[str], None], progress: Progress
) -> Vault:
    """A vault with an archive made from its packs; Damaged when it would know less than those."""
    tell("the archive is missing or behind the packs; bringing it up to date")
    layout.empty_tmp()
    found = rebuild.rebuild(layout, ring, progress=progress)
    if not found.replaced:
        raise Damaged(
            "the archive is behind the packs and cannot be brought up to date: "
            + "; ".join([*found.damaged, *found.fewer][:3]),
            remedy="run `chatvault verify --full`, and bring back what is damaged from a copy",
        )
    return Vault(layout, ring, archive.open_archive(layout.archive, ring.database_key))
