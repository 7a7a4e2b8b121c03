"""`chatvault verify`"""

import click

from chatvault.cli._options import VaultOptions, json_option, vault_options
from chatvault.cli._output import count, data, hanging, line, print_json, progress, size, talk


@click.command(epilog="Example: chatvault verify --full")
@click.option("--full", is_flag=True, help="Read every byte. Do this before you delete an export.")
@json_option
@vault_options
def command(*, full: bool, as_json: bool, vault: VaultOptions) -> None:
    """Check that the vault is as it was written. Changes nothing.

    Exit code 0: all good; 3: an import was broken off, run it again; 13: damage, listed with what
    it touches and how to mend it.
    """
    from chatvault.services.verify import verify

    with vault.reading() as opened, progress() as tell:
        report = verify(opened, full=full, progress=tell)
    if as_json:
        print_json(report)
    else:
        checked = report.checked
        parts = [
            count(checked.packs, "pack"),
            f"{size(checked.bytes)} read",
            count(checked.entries, "journal entry", "journal entries"),
            count(checked.messages, "message"),
            *([count(checked.files, "file")] if full else []),
        ]
        hanging(f"{report.level} check: {', '.join(parts)}", "    ")
        for item in report.damage:
            hanging(f"damage: {line(item.file)}: {line(item.what)}", "    ")
            if item.files:
                touched = f"{count(item.files, 'file')}, in {count(item.messages, 'message')}"
                hanging(f"    touches {touched}", "    ")
            if item.repair:
                hanging(f"    can be repaired from: {line(item.repair)}", "    ")
        for text in report.unfinished:
            hanging(f"{line(text)}: import the same export again, and it goes on", "    ")
        for note in report.notes:
            talk(f"note: {line(note)}")
        if report.ok:
            data("no damage" if report.unfinished else "all good")
    if report.damage:
        click.get_current_context().exit(13)
    if report.unfinished:
        click.get_current_context().exit(3)
