"""`chatvault show`"""

from datetime import datetime

import click

from chatvault.cli._options import VaultOptions, json_option, local_zone, vault_options
from chatvault.cli._output import block, line, name, print_json


@click.command(epilog="Example: chatvault show 81 --context 20")
@click.argument("message_id", type=int)
@click.option("--context", type=click.IntRange(0, 1000), default=10, show_default=True)
@json_option
@vault_options
def command(message_id: int, context: int, *, as_json: bool, vault: VaultOptions) -> None:
    """Show a message with what was said before and after it."""
    from chatvault.services.browse import show

    with vault.reading() as opened:
        page = show(opened.db, message_id, context=context)
    if as_json:
        print_json(page)
        return
    zone = local_zone()
    click.echo(f"{name(page.conversation)} ({page.platform})")
    for message in page.messages:
        when = "no time         "
        if message.sent_at is not None:
            at = datetime.fromisoformat(message.sent_at).astimezone(zone)
            when = at.strftime("%Y-%m-%d %H:%M")
        here = ">" if message.id == message_id else " "
        marks = f" [{', '.join(message.marks)}]" if message.marks else ""
        what = "" if message.kind == "text" else f" ({message.kind})"
        click.echo(f"{here} {when}  {name(message.sender) or '-'}{what}{marks}")
        for text in block(message.text).splitlines():
            click.echo(f"      {text}")
        for item in message.attachments:
            state = "" if item.state == "present" else f" ({item.state})"
            click.echo(f"      [{item.kind}] {line(item.name)}{state}")
        for text in message.more_text:
            click.echo(f"      | {line(text)}")
        for reaction in message.reactions:
            count = f" x{reaction.count}" if reaction.count > 1 else ""
            click.echo(f"      {line(reaction.emoji)} {name(reaction.sender)}{count}")
        for version in message.versions:
            click.echo(f"      earlier: {line(version.text)}")
