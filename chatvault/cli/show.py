"""`chatvault show`"""

from typing import TYPE_CHECKING

import click

from chatvault.cli._options import (
    VaultOptions,
    json_option,
    local_time,
    local_zone_name,
    vault_options,
)
from chatvault.cli._output import block, data, hanging, indented, line, name, print_json, state

if TYPE_CHECKING:
    from chatvault.services.browse import Shown

INSIDE = " " * 6
NO_TIME = "no time".ljust(len("2024-05-17 15:04"))


@click.command(epilog="Example: chatvault show 81 --context 20")
@click.argument("message_id", metavar="NUMBER", type=int)
@click.option(
    "--context",
    type=click.IntRange(0, 1000),
    metavar="N",
    default=10,
    show_default=True,
    help="How many messages before it and after it.",
)
@json_option
@vault_options
def command(message_id: int, context: int, *, as_json: bool, vault: VaultOptions) -> None:
    """Show a message with what was said before and after it.

    NUMBER is what stands before a message that `chatvault search` found.
    """
    from chatvault.services.browse import show

    with vault.reading() as opened:
        page = show(opened.db, message_id, context=context)
    if as_json:
        print_json(page)
        return
    where = f"{name(page.conversation)} ({page.platform})"
    hanging(f"{where}, times in {local_zone_name()}", INSIDE)
    for message in page.messages:
        _show(message, here=">" if message.id == message_id else " ")


def _show(message: "Shown", *, here: str) -> None:
    when = local_time(message.sent_at) or NO_TIME
    marks = f" [{', '.join(message.marks)}]" if message.marks else ""
    what = "" if message.kind == "text" else f" ({message.kind.replace('_', ' ')})"
    reply = "" if message.reply_to is None else f", in reply to {message.reply_to}"
    hanging(f"{here} {when}  {name(message.sender) or '-'}{what}{reply}{marks}", INSIDE)
    if message.text:
        indented(block(message.text), INSIDE)
    for item in message.attachments:
        why = f"({state(item.state)})" if state(item.state) else ""
        indented(" ".join(filter(None, [f"[{item.kind}]", line(item.name), why])), INSIDE)
    for text in message.more_text:
        indented(block(text), f"{INSIDE}| ")
    for reaction in message.reactions:
        times = f" x{reaction.count:,}" if reaction.count > 1 else ""
        data(f"{INSIDE}{line(reaction.emoji)} {name(reaction.sender)}{times}")
    for version in message.versions:
        indented(block(version.text), f"{INSIDE}earlier: ")
