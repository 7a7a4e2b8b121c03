"""`chatvault keys`"""

from pathlib import Path

import click

from chatvault.cli import init
from chatvault.cli._group import Group
from chatvault.cli._options import VaultOptions, json_option, vault_options
from chatvault.cli._output import data, print_json, table, talk
from chatvault.cli._secrets import SecretOptions, ask, read_secret
from chatvault.errors import Usage


@click.group(name="keys", cls=Group, epilog="Example: chatvault keys list")
def command() -> None:
    """See, change and test what opens the vault."""


@command.command(name="list", epilog="Example: chatvault keys list")
@json_option
@vault_options
def list_(*, as_json: bool, vault: VaultOptions) -> None:
    """List the key slots. Needs no passphrase."""
    from chatvault.services import keys, opening

    slots = keys.slots(opening.layout_at(vault.folder))
    if as_json:
        print_json(slots)
        return
    table(["slot", "opened by"], [[slot.name, slot.kind] for slot in slots])


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
    """Change the passphrase; the old one or the recovery key is asked for first."""
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
