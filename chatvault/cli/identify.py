"""`chatvault identify`"""

from pathlib import Path

import click

from chatvault.cli._options import json_option
from chatvault.cli._output import data, indented, line, print_json, talk


@click.command(epilog="Example: chatvault identify ~/Downloads")
@click.argument("exports", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def command(exports: tuple[Path, ...], *, as_json: bool) -> None:
    """Say what these exports are, and how we know. Needs no vault; changes nothing."""
    from chatvault.services.identify import identify

    found = identify(exports)
    if as_json:
        print_json(found.exports)
        return
    for export in found.exports:
        data(f"{line(export.path)}: {export.importer} ({export.platform})")
        for evidence in export.evidence:
            indented(line(evidence), "    ")
    for name in found.rest:
        data(f"{line(name)}: not an export")
    if found.rest:
        talk("given by itself, each of these is answered with what it is and what to do instead")
