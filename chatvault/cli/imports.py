"""`chatvault imports`"""

import click

from chatvault.cli._group import Group
from chatvault.cli._options import VaultOptions, now_ms, vault_options
from chatvault.cli._output import data, progress
from chatvault.cli._pictures import look_at_pictures
from chatvault.cli._process import INTERRUPTED


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
    from chatvault.services.photos import opened
    from chatvault.services.undo import undo as service

    with vault.writing() as before, progress() as tell:
        service(before, number, now_ms=now_ms(), progress=tell)
        # Where the archive had to be made anew, it knows nothing of pictures yet.
        with opened(before.layout, before.ring) as after:
            all_seen = look_at_pictures(after, tell)
    data(f"import {number} is undone")
    if not all_seen:
        click.get_current_context().exit(INTERRUPTED)
