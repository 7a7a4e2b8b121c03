"""Opening a vault: for reading, or as its one writer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chatvault.errors import Damaged, Where
from chatvault.services import catch_up
from chatvault.vault import age, archive, keyring, schema, session
from chatvault.vault.files import FileOps
from chatvault.vault.keyring import KeyRing, Opened
from chatvault.vault.layout import Layout
from chatvault.vault.session import Vault

Secret = age.Passphrase | age.Identity


def layout_at(folder: Path, ops: FileOps | None = None) -> Layout:
    """The vault in a folder; NoVault when there is none."""
    layout = Layout(folder, ops or FileOps())
    layout.info()
    return layout


def unlock(layout: Layout, secret: Secret) -> Opened:
    """The key ring; WrongSecret or Damaged otherwise."""
    return keyring.open_ring(layout, secret)


def parse_secret(text: str) -> Secret:
    """A passphrase, or a recovery key if it looks like one, the text of a whole kit too."""
    for line in text.splitlines():
        if line.strip().upper().startswith("AGE-SECRET-KEY-1"):
            return age.Identity.parse_typed(line)
    compact = "".join(text.split())
    if compact.upper().startswith("AGE-SECRET-KEY-1"):
        return age.Identity.parse_typed(text)
    return age.Passphrase(keyring.typed_passphrase(text))


@contextmanager
def reading(layout: Layout, ring: KeyRing) -> Iterator[Vault]:
    """The vault for commands that change nothing."""
    with session.reading(layout, ring) as vault:
        yield vault


@contextmanager
def writing(
    layout: Layout, ring: KeyRing, *, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Vault]:
    """The vault for the one command that changes it: locked, checked, and with an archive that
    knows everything the journal says. `tell` hears, in words, what had to be caught up."""
    with layout.locked():
        layout.empty_tmp()
        connection = archive.open_archive(layout.archive, ring.database_key)
        vault = Vault(layout, ring, connection)
        try:
            schema.migrate(connection)
            session.check_ring(vault)
            compared = vault.compare()
            if compared.missing or compared.resized:
                name = (*compared.missing, *compared.resized)[0]
                raise Damaged(
                    "the archive knows packs that are missing or of another size",
                    where=Where(f"packs/{name}"),
                    remedy="get them back from a copy of the vault; `chatvault verify` names them",
                )
            if compared.unknown:
                vault = catch_up.take_in(vault, compared.unknown, tell=tell)
            yield vault
        finally:
            vault.close()


__all__ = [
    "KeyRing", "Layout", "Opened", "Secret", "Vault", "layout_at", "parse_secret", "reading",
    "unlock", "writing",
]  # fmt: skip
