"""`chatvault keys`"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatvault.cli import _remembered, init
from chatvault.cli._group import Group
from chatvault.cli._options import VaultOptions, json_option, vault_options
from chatvault.cli._output import data, line, print_json, table, talk
from chatvault.cli._secrets import SecretOptions, ask, read_secret
from chatvault.errors import KeyStoreTrouble, Usage, WrongSecret

if TYPE_CHECKING:
    from chatvault.services.unlock import KeyRing, Layout

HERE = "this computer (remembered)"
KEPT = "Copies of the vault made before still have the slot."


@click.group(name="keys", cls=Group, epilog="Example: chatvault keys list")
def command() -> None:
    """See, change and test what opens the vault."""


@command.command(name="list", epilog="Example: chatvault keys list")
@json_option
@vault_options
def list_(*, as_json: bool, vault: VaultOptions) -> None:
    """List the key slots. Needs no passphrase."""
    from chatvault.services import keys, opening

    layout = opening.layout_at(vault.folder)
    found = _remembered.look(layout)
    here = found.opened.slot if found is not None and found.opened is not None else ""
    if found is not None and found.note:
        talk(f"note: {line(found.note)}")
    slots = keys.slots(layout, remembered=here)
    if as_json:
        print_json(slots)
        return
    rows = [[slot.name, HERE if slot.remembered else slot.kind] for slot in slots]
    table(["slot", "opened by"], rows)


@command.command(epilog="Example: chatvault keys test")
@vault_options
def test(*, vault: VaultOptions) -> None:
    """Prove that a passphrase or a recovery key opens the vault."""
    from chatvault.services import keys, opening

    layout = opening.layout_at(vault.folder)
    secret = read_secret(vault.secrets, prompt="Passphrase or recovery key")
    opened = keys.prove(layout, opening.parse_secret(secret))
    data(f"it opens the vault (keys/{opened.slot})")


@command.command(epilog="Example: chatvault keys passphrase")
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the new passphrase from a file.",
)
@vault_options
def passphrase(new_passphrase_file: Path | None, *, vault: VaultOptions) -> None:
    """Change the passphrase; the old one or the recovery key is asked for first.

    Where a key is remembered on this computer, that opens the vault instead: so a forgotten
    passphrase can be replaced.
    """
    from chatvault.services import keys

    layout, ring = vault.unlocked()
    if new_passphrase_file is not None:
        new = read_secret(SecretOptions(file=new_passphrase_file))
    else:
        new = ask("New passphrase")
        if ask("The same again") != new:
            raise Usage("the two are not the same", remedy="run this again")
    if keys.is_weak(new):
        talk(f"warning: this passphrase is short. Better: {keys.suggestion()}")
    keys.change_passphrase(layout, ring, new)
    data("the passphrase is changed")
    talk("Copies of the vault made before still open with the old one.")


@command.command(epilog="Example: chatvault keys recovery --recovery-kit ~/kit.txt")
@click.option(
    "--recovery-kit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the new key into this new file instead of showing it.",
)
@vault_options
def recovery(recovery_kit: Path | None, *, vault: VaultOptions) -> None:
    """Make a new recovery key; the old one no longer opens this vault."""
    from chatvault.services import keys

    layout, ring = vault.unlocked()
    key = keys.recovery_key()
    if recovery_kit is None:
        init.show_key(key.text())
        keys.set_recovery_key(layout, ring, key)
    else:
        with init.kit_file(recovery_kit, vault.folder) as write:
            # Written first: a key that opens the vault but that nobody has would be worse.
            write(layout.info().vault, key.text())
            keys.set_recovery_key(layout, ring, key)
    data("the recovery key is changed")
    talk("Copies of the vault made before still open with the old one.")


@command.command(epilog="Example: chatvault keys remember")
@vault_options
def remember(*, vault: VaultOptions) -> None:
    """Let this computer open the vault without a passphrase.

    Whoever is logged in as you on this computer can then read everything. A key made for this
    purpose gets a slot of its own and is kept in the computer's key store (Keychain, Credential
    Manager, Secret Service); the passphrase is not. All copies of the vault here share the key, and
    each needs this once. Needs the package keyring.
    """
    from chatvault.services import opening, remembered

    layout = opening.layout_at(vault.folder)
    slots = _remembered.slots(layout)  # trouble is told before anything is asked
    if slots:
        data(f"this computer remembers this vault already (keys/{slots[0]})")
        return
    secret = opening.parse_secret(read_secret(vault.secrets))
    made = remembered.remember(layout, opening.unlock(layout, secret).ring, tell=talk)
    data(f"this computer opens the vault from now on (keys/{made.slot})")
    if made.again:
        talk("The slot is for the key that this computer had already. If it may have got into")
        talk("other hands: chatvault keys forget, then chatvault keys remember makes another.")
    talk("Whoever is logged in as you here needs no passphrase for it, to read or to change it.")
    talk("Keep the passphrase and the recovery key: they are all that is left without this")
    talk("computer. To end it: chatvault keys forget")


@command.command(epilog="Example: chatvault keys forget")
@vault_options
def forget(*, vault: VaultOptions) -> None:
    """Let this computer no longer open the vault without a passphrase.

    That goes for all copies of the vault on it. The passphrase or the recovery key is asked for, so
    that it is sure that you still have it.
    """
    from chatvault.services import keys, opening, remembered

    layout = opening.layout_at(vault.folder)
    slots = _remembered.slots(layout)
    if slots is None:
        data("nothing is remembered for this vault on this computer")
        return
    if not slots:
        talk("note: the remembered key opens no slot of this copy; it may open other copies")
    ring = _proven_without(vault, layout, *slots)
    for slot in slots:
        keys.remove_slot(layout, ring, slot)
    try:
        remembered.forget_entry(layout, tell=talk)
    except KeyStoreTrouble as trouble:
        if not slots:
            raise
        _warn_kept(trouble)
        for slot in slots:
            data(f"keys/{slot} is removed")
        return
    data("this computer has forgotten the vault")
    talk("Other copies of it on this computer need a passphrase now, too.")
    if slots:
        talk(KEPT)


@command.command(epilog="Example: chatvault keys remove slot-1")
@click.argument("slot", metavar="SLOT")
@vault_options
def remove(slot: str, *, vault: VaultOptions) -> None:
    """Remove a slot: what opens it no longer opens the vault.

    Something that opens another slot is asked for first, so that it is sure that you have it. `keys
    list` shows the slots; those called slot-1, slot-2, ... are mostly keys that computers remember.
    """
    from chatvault.services import keys, opening, remembered

    layout = opening.layout_at(vault.folder)
    name = f"{slot.removesuffix('.age')}.age"
    if name not in [one.name for one in keys.slots(layout)]:
        raise Usage("there is no such slot", remedy="`chatvault keys list` shows them")
    here: list[str] | None = None
    if name.startswith("slot-") and _remembered.may_be(layout.root):
        with suppress(KeyStoreTrouble, Usage):  # then this one is not known to be its slot
            here = _remembered.slots(layout)
    keys.remove_slot(layout, _proven_without(vault, layout, name), name)
    data(f"keys/{name} is removed")
    if here == [name]:
        try:
            remembered.forget_entry(layout, tell=talk)
            talk("This computer has forgotten the vault, and needs a passphrase for all copies.")
        except KeyStoreTrouble as trouble:
            _warn_kept(trouble)
    talk(KEPT)


def _proven_without(vault: VaultOptions, layout: "Layout", *slots: str) -> "KeyRing":
    """The ring, opened by a secret that somebody has and that needs another slot than these."""
    from chatvault.services import keys, opening

    secret = read_secret(vault.secrets, prompt="Passphrase or recovery key")
    try:
        return keys.prove_without(layout, opening.parse_secret(secret), *slots).ring
    except WrongSecret as trouble:
        raise WrongSecret(
            f"this passphrase or key opens no {'other ' if slots else ''}slot; nothing was removed",
            remedy="where a copy of the vault opens without one, `chatvault keys passphrase` makes"
            " another for it",
        ) from trouble


def _warn_kept(trouble: KeyStoreTrouble) -> None:
    talk(f"warning: {line(trouble.message)}; what it holds still opens copies that have the slot")
