"""Opening a vault to read. Apart from `unlock`, because what writes takes longer to load."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatvault.vault import age, keyring, search_index, session
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


def is_index_current(vault: Vault) -> bool:
    """Whether the search index was made by today's rules. By those of another one nothing may be
    found; `unlock.renew_index` makes it anew, and so does whoever opens the vault to write."""
    return search_index.is_current(vault.db)
