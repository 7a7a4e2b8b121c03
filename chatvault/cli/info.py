"""`chatvault info`"""

import click

from chatvault.cli._options import VaultOptions, json_option, vault_options
from chatvault.cli._output import data, indented, line, print_json, size


@click.command(epilog="Example: chatvault info")
@json_option
@vault_options
def command(*, as_json: bool, vault: VaultOptions) -> None:
    """Show where the vault is and how big it is.

    Needs no passphrase, so it shows nothing of what is in the vault.
    """
    from chatvault.services.info import info

    found = info(vault.folder)
    if as_json:
        print_json(found)
        return
    data(f"vault      {found.folder}")
    data(f"id         {found.vault}")
    data(f"format     {found.format}, made by {line(found.created_with or 'an unknown version')}")
    data(f"slots      {', '.join(found.slots) or 'none'}")
    data(f"packs      {found.packs:,}, {size(found.pack_bytes)}")
    data(f"archive    {size(found.archive_bytes)}")
    data("exports    are read by a process that has no more than this:")
    indented(", ".join(found.worker_limits), " " * 11)
    for stranger in found.strangers:
        data(f"not a file of ChatVault: {stranger}")
