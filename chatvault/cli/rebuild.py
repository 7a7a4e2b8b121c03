"""`chatvault rebuild`"""

import click

from chatvault.cli._options import VaultOptions, json_option, vault_options
from chatvault.cli._output import count, data, line, print_json, progress
from chatvault.cli._pictures import look_at_pictures
from chatvault.cli._process import INTERRUPTED


@click.command(epilog="Example: chatvault rebuild")
@click.option(
    "--accept-fewer",
    is_flag=True,
    help="Put the new archive in place even if it knows less than receipts say.",
)
@json_option
@vault_options
def command(*, accept_fewer: bool, as_json: bool, vault: VaultOptions) -> None:
    """Make archive.db anew from the packs.

    All exports are read again, with today's importers, so this is also how an export profits from a
    newer ChatVault. The old archive stays until the new one is whole, and stays for good if the new
    one would know less (exit code 13, the differences are listed).
    """
    from chatvault.services.photos import opened
    from chatvault.services.rebuild import rebuild

    all_seen = True
    layout, ring = vault.unlocked()
    with layout.locked(), progress() as tell:
        layout.empty_tmp()
        found = rebuild(layout, ring, progress=tell, fewer="accept" if accept_fewer else "refuse")
        if found.replaced:
            with opened(layout, ring) as new:
                all_seen = look_at_pictures(new, tell)
    if as_json:
        print_json(found)
    else:
        data(f"{count(found.imports, 'import')} replayed, {count(found.messages, 'message')}")
        for text in (*found.damaged, *found.fewer):
            data(f"less than before: {line(text)}")
        if not found.replaced:
            data("the old archive stays; --accept-fewer puts the new one in its place")
    if not found.replaced:
        click.get_current_context().exit(13)
    if not all_seen:
        click.get_current_context().exit(INTERRUPTED)
