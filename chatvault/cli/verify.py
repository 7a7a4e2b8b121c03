"""`chatvault verify`"""

import click

from chatvault.cli._options import VaultOptions, json_option, vault_options
from chatvault.cli._output import line, print_json, progress, size, talk


@click.command(epilog="Example: chatvault verify --full")
@click.option("--full", is_flag=True, help="Read every byte. Do this before you delete an export.")
@json_option
@vault_options
def command(*, full: bool, as_json: bool, vault: VaultOptions) -> None:
    """Check that the vault is as it was written. Changes nothing.

    Exit code 0: all good; 3: an import was broken off, run it again; 13: damage, listed with what it
    touches and how to mend it.
    """
    from chatvault.services.verify import verify

    with vault.reading() as opened, progress() as tell:
        report = verify(opened, full=full, progress=tell)
    if as_json:
        print_json(report)
    else:
        checked = report.checked
        click.echo(
            f"{report.level} check: {checked.packs:,} packs, {size(checked.bytes)} read,"
            f" {checked.entries:,} journal entries, {checked.messages:,} messages"
            + (f", {checked.files:,} files" if full else "")
        )
        for item in report.damage:
            click.echo(f"damage: {line(item.file)}: {line(item.what)}")
            if item.files:
                click.echo(f"    {item.files:,} files, in {item.messages:,} messages")
            if item.repair:
                click.echo(f"    can be repaired from: {item.repair}")
        for text in report.unfinished:
            click.echo(f"{text}; import the same export again, or: chatvault imports undo")
        for note in report.notes:
            talk(f"note: {line(note)}")
        if report.ok:
            click.echo("all good" if not report.unfinished else "no damage")
    if report.damage:
        click.get_current_context().exit(13)
    if report.unfinished:
        click.get_current_context().exit(3)
