"""The remembered key: slots of its own, whose identity is in this computer's key store.

Neither the passphrase nor the ring is ever stored there. A computer has one identity for all copies
of a vault, and each copy has a slot for it: without the slot it opens nothing.
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
    "the key remembered on this computer does not open this copy of the vault; `chatvault keys"
    " remember` gives it a slot here, `keys forget` drops it"
)


@dataclass(frozen=True)
class Look:
    """What came of asking the key store: what it opened, or why nothing, where that helps."""

    opened: Opened | None = None
    note: str = ""


@dataclass(frozen=True)
class Remembered:
    """The slot that was made, and whether the computer had its key before."""

    slot: str
    again: bool


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
        return Look(note=STALE)
    except ChatVaultError as trouble:
        return Look(note=str(trouble))


def remember(layout: Layout, ring: KeyRing, *, tell: Tell) -> Remembered:
    """Let this computer open this copy of the vault without a passphrase."""
    identity = _identity(key_store.read(ring.vault, tell=tell))
    if identity is not None:
        # There is one entry for a vault, and another key in it would shut out the computer's other
        # copies, with slots that nobody can open any more. No other computer makes this key, so
        # that a slot was removed for one of those is not undone by this. But the slot may have been
        # removed because this very key got into other hands: nobody can tell that from a copy that
        # never had one. So it is told, and forgetting in between gives another key.
        return Remembered(keys.add_slot(layout, ring, identity), again=True)
    identity = age.Identity.generate()
    # First the entry, then the slot: an entry without its slot is useless, while a slot whose key
    # nobody has would stay for ever.
    key_store.write(ring.vault, identity.text(), tell=tell)
    try:
        return Remembered(keys.add_slot(layout, ring, identity), again=False)
    except BaseException:
        with suppress(KeyStoreTrouble):
            key_store.drop(ring.vault, tell=tell)
        raise


def opens(layout: Layout, *, tell: Tell) -> list[str] | None:
    """The slots of this copy that this computer's key was seen to open; None where it has nothing
    for the vault. The key store's trouble is raised."""
    vault = layout.info().vault
    if not vault:
        raise Usage(
            "vault.json is missing, so it is not known which vault this is",
            remedy="any command that writes puts it back",
        )
    text = key_store.read(vault, tell=tell)
    if text is None:
        return None
    identity = _identity(text)
    if identity is None:
        return []
    return [name for name in keyring.extra_slots(layout) if _is_opened(layout, identity, name)]


def forget_entry(layout: Layout, *, tell: Tell) -> None:
    """Drop what this computer's key store has for the vault, and so for all its copies here. It may
    be all that opens one of them: only for somebody who proved to have something else."""
    key_store.drop(layout.info().vault, tell=tell)


def _identity(text: str | None) -> age.Identity | None:
    """What is stored, if it is a key at all."""
    try:
        return age.Identity.parse(text) if text is not None else None
    except age.BadIdentity:
        return None


def _is_opened(layout: Layout, identity: age.Identity, slot: str) -> bool:
    try:
        keyring.open_ring(layout, identity, only=[slot])
    except ChatVaultError:
        return False
    return True
