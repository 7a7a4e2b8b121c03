"""Opening a vault: for reading (see `opening`), or as its one writer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatvault import __version__
from chatvault.errors import Damaged, DiskTrouble, Where
from chatvault.services import catch_up
from chatvault.services.opening import Secret, layout_at, parse_secret, reading, unlock
from chatvault.services.worker import Progress, silent
from chatvault.vault import archive, index_upkeep, schema, search_index, session
from chatvault.vault.keyring import KeyRing, Opened
from chatvault.vault.layout import Layout
from chatvault.vault.session import Vault


@contextmanager
def writing(
    layout: Layout,
    ring: KeyRing,
    *,
    tell: Callable[[str], None] = lambda _: None,
    progress: Progress = silent,
) -> Iterator[Vault]:
    """The vault for the one command that changes it: locked, checked, and with an archive that
    knows everything the journal says. `tell` hears, in words, what had to be caught up; that may
    take long."""
    layout.check_owner()
    with layout.locked(), archive.trouble():
        vault = _opened(layout, ring, tell, progress)
        try:
            session.check_ring(vault)
            layout.empty_tmp()
            if layout.restore_info(ring.vault, __version__):
                tell("vault.json was missing; it is there again")
            schema.migrate(vault.db)
            _renew_search(vault, tell, progress)
            compared = vault.compare()
            if compared.missing or compared.resized:
                name = (*compared.missing, *compared.resized)[0]
                raise Damaged(
                    "the archive knows packs that are missing or of another size",
                    where=Where(f"packs/{name}"),
                    remedy="get them back from a copy of the vault; `chatvault verify` names them",
                )
            if compared.torn:
                vault = catch_up.anew(vault, tell=tell, progress=progress)
            elif compared.unknown:
                vault = catch_up.take_in(vault, compared.unknown, tell=tell, progress=progress)
            yield vault
            if not vault.closed:
                index_upkeep.join(vault.db)
        finally:
            vault.close()


def renew_index(
    layout: Layout, ring: KeyRing, *, tell: Callable[[str], None], progress: Progress
) -> None:
    """Make a search index of older rules anew, and nothing else: who searches need not have all
    packs. DiskTrouble where nothing can be written."""
    layout.check_owner()
    try:
        with layout.locked(), archive.trouble():
            vault = Vault(layout, ring, archive.open_archive(layout.archive, ring.database_key))
            try:
                session.check_ring(vault)
                schema.migrate(vault.db)
                _renew_search(vault, tell, progress)
            finally:
                vault.close()
    except DiskTrouble as trouble:
        raise DiskTrouble(
            "an older ChatVault made the search index, and it cannot be made anew:"
            f" {trouble.message}",
            where=trouble.where,
            remedy="copy the vault to a disk with room that can be written to, and search there",
        ) from trouble


def _renew_search(vault: Vault, tell: Callable[[str], None], progress: Progress) -> None:
    if not search_index.is_current(vault.db):
        tell("making the search index anew: this ChatVault finds more than the one that made it")
        with schema.database(vault.db).atomic():
            index_upkeep.renew(vault.db, progress)


def _opened(
    layout: Layout, ring: KeyRing, tell: Callable[[str], None], progress: Progress
) -> Vault:
    """The archive as it is, or made anew where it is missing or a log beside it broke it."""
    if not archive.is_there(layout.archive):
        return catch_up.made_anew(layout, ring, tell=tell, progress=progress)
    suspicious = archive.has_leftovers(layout.archive)
    try:
        vault = Vault(layout, ring, archive.open_archive(layout.archive, ring.database_key))
    except Damaged:
        if not suspicious:
            raise
        return catch_up.made_anew(layout, ring, tell=tell, progress=progress)
    try:
        archive.check_writable(vault.db)
        if suspicious and archive.quick_problem(vault.db):
            return catch_up.anew(vault, tell=tell, progress=progress)
        journal = layout.archive.with_name(layout.archive.name + "-journal")
        if journal.exists():
            layout.ops.remove(journal)  # an archive in WAL mode has none
    except BaseException:
        vault.close()
        raise
    return vault


__all__ = [
    "KeyRing", "Layout", "Opened", "Secret", "Vault", "layout_at", "parse_secret", "reading",
    "renew_index", "unlock", "writing",
]  # fmt: skip
