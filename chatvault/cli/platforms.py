"""`chatvault platforms`"""

import click

from chatvault.cli._options import json_option
from chatvault.cli._output import print_json, table


@click.command(epilog="Example: chatvault platforms --json")
@json_option
def command(*, as_json: bool) -> None:
    """List the kinds of export that can be read."""
    from chatvault.services.identify import platforms

    known = platforms()
    if as_json:
        print_json(known)
        return
    table(
        ["importer", "what it is", "what to give", "carries"],
        [[p.importer, p.title, p.expects, ", ".join(p.carries)] for p in known],
        spare=1,
    )
