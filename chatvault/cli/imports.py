"""`chatvault imports`"""

import click

from chatvault.cli._group import Group
from chatvault.cli._options import VaultOptions, now_ms, vault_options
from chatvault.cli._output import data, progress


@click.group(name="imports", cls=Group, epilog="Example: chatvault imports undo 7")
def command() -> None:
    """Take an import back."""


@command.command(epilog="Example: chatvault imports undo 7")
@click.argument("number", type=click.IntRange(min=1))
@vault_options
def undo(number: int, *, vault: VaultOptions) -> None:
    """Make the vault as if import NUMBER had never been.

    The files of its export stay in the packs; messages that other imports know too stay.
    """
    from chatvault.services.undo import undo as service

    with vault.writing() as opened, progress() as tell:
        service(opened, number, now_ms=now_ms(), progress=tell)
    data(f"import {number} is undone")
