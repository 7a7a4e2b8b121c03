"""The remembered key: a slot of its own, whose identity is in this computer's key store.

Neither the passphrase nor the ring is ever stored there. The slot's end is the end of the key.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from chatvault.errors import ChatVaultError, KeyStoreTrouble, NoKeyStore, Usage, WrongSecret
from chatvault.services import key_store, keys
from chatvault.vault import age, keyring
from chatvault.vault.keyring import KeyRing, Opened
from chatvault.vault.layout import Layout

Tell = Callable[[str], None]
STALE = (
    "the key remembered on this computer does not open this vault; `chatvault keys remember` renews"
    " it, `keys forget` drops it"
)


@dataclass(frozen=True)
class Look:
    """What came of asking the key store: what it opened, or why nothing, where that helps."""

    opened: Opened | None = None
    stale: bool = False  # something is stored, and opens nothing
    note: str = ""


def look(layout: Layout, *, seconds: float = key_store.SECONDS, tell: Tell) -> Look:
    """Open the vault with the key that is remembered on this computer, if there is one.

    Whatever is wrong with it or with the key store is no error: then the passphrase is asked for.
    """
    vault = layout.info().vault
    slots = keyring.extra_slots(layout)
    if not vault or not slots:
        return Look()  # without vault.json only the ring tells whose vault this is
    try:
        text = key_store.read(vault, seconds=seconds, tell=tell)
    except NoKeyStore:
        return Look()  # the slots are of other computers
    except KeyStoreTrouble as trouble:
        return Look(note=trouble.message)
    if text is None:
        return Look()
    try:
        return Look(keyring.open_ring(layout, age.Identity.parse(text), only=slots))
    except WrongSecret:
        return Look(stale=True, note=STALE)
    except ChatVaultError as trouble:
        return Look(note=str(trouble))


def remember(layout: Layout, ring: KeyRing, *, tell: Tell) -> str:
    """Let this computer open the vault without a passphrase; the new slot's name.

    What the key store had before for this vault is replaced.
    """
    identity = age.Identity.generate()
    # First the entry, then the slot: an entry without its slot is useless, while a slot whose key
    # nobody has would stay for ever.
    key_store.write(ring.vault, identity.text(), tell=tell)
    try:
        return keys.add_slot(layout, ring, identity)
    except BaseException:
        with suppress(KeyStoreTrouble):
            key_store.drop(ring.vault, tell=tell)
        raise


def forget_entry(layout: Layout, *, tell: Tell) -> None:
    """Drop what this computer's key store has for the vault."""
    key_store.drop(layout.info().vault, tell=tell)


def has_entry(layout: Layout, *, tell: Tell) -> bool:
    """Whether this computer's key store has anything for the vault; its trouble is raised."""
    vault = layout.info().vault
    if not vault:
        raise Usage(
            "vault.json is missing, so it is not known which vault this is",
            remedy="any command that writes puts it back",
        )
    return key_store.read(vault, tell=tell) is not None
