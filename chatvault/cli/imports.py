"""`chatvault imports`"""

import click

from chatvault.cli._options import VaultOptions, now_ms, vault_options
from chatvault.cli._output import progress


@click.group(name="imports")
def command() -> None:
    """Take an import back."""


@command.command(epilog="Example: chatvault imports undo 7")
@click.argument("number", type=int)
@vault_options
def undo(number: int, *, vault: VaultOptions) -> None:
    """Make the vault as if import NUMBER had never been.

    The files of its export stay in the packs; messages that other imports know too stay.
    """
    from chatvault.services.undo import undo as service

    with vault.writing() as opened, progress() as tell:
        service(opened, number, now_ms=now_ms(), progress=tell)
    click.echo(f"import {number} is undone")
