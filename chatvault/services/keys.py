"""Key slots: which there are, other secrets for them, and the proof that one opens the vault."""

from dataclasses import dataclass

from chatvault.vault import age, keyring
from chatvault.vault.keyring import KeyRing, Opened
from chatvault.vault.layout import Layout


@dataclass(frozen=True)
class Slot:
    """One slot: its file, and whether a passphrase or a key opens it."""

    name: str
    kind: str


def slots(layout: Layout) -> list[Slot]:
    """The slots of a vault; nothing secret is needed to see them."""
    found = []
    for name in keyring.slot_names(layout):
        kind = {"passphrase.age": "passphrase", "recovery.age": "recovery key"}.get(name, "other")
        found.append(Slot(name, kind))
    return found


def change_passphrase(
    layout: Layout, ring: KeyRing, passphrase: str, profile: age.ScryptProfile = age.NORMAL
) -> None:
    """Another passphrase. Copies of the old slot, wherever they are, still open with the old one."""
    secret = age.Passphrase(keyring.new_passphrase(passphrase), profile)
    with layout.locked():
        keyring.write_slot(layout, "passphrase.age", ring, secret, proof=secret)


def new_recovery_key(layout: Layout, ring: KeyRing) -> age.Identity:
    """A fresh recovery key in place of the old one."""
    recovery = age.Identity.generate()
    set_recovery_key(layout, ring, recovery)
    return recovery


def set_recovery_key(layout: Layout, ring: KeyRing, recovery: age.Identity) -> None:
    """Let this recovery key open the vault, and the one before no longer."""
    with layout.locked():
        keyring.write_slot(layout, "recovery.age", ring, recovery.recipient, proof=recovery)


def prove(layout: Layout, secret: age.Passphrase | age.Identity) -> Opened:
    """Proof that a secret opens the vault: the slot that it opened."""
    return keyring.open_ring(layout, secret)


