"""`chatvault info`"""

import click

from chatvault.cli._options import VaultOptions, json_option, vault_options
from chatvault.cli._output import print_json, size


@click.command(epilog="Example: chatvault info")
@json_option
@vault_options
def command(*, as_json: bool, vault: VaultOptions) -> None:
    """Show where the vault is and how big. Needs no passphrase, so it shows nothing of its content."""
    from chatvault.services.info import info

    found = info(vault.folder)
    if as_json:
        print_json(found)
        return
    click.echo(f"vault      {found.folder}")
    click.echo(f"id         {found.vault}")
    click.echo(f"format     {found.format}, made by {found.created_with or 'an unknown version'}")
    click.echo(f"slots      {', '.join(found.slots) or 'none'}")
    click.echo(f"packs      {found.packs:,}, {size(found.pack_bytes)}")
    click.echo(f"archive    {size(found.archive_bytes)}")
    click.echo(f"exports are read in a process of its own: {', '.join(found.worker_limits)}")
    for stranger in found.strangers:
        click.echo(f"not a file of ChatVault's: {stranger}")
