"""`chatvault show`"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from chatvault.cli import _completing
from chatvault.cli._options import (
    VaultOptions,
    json_option,
    local_day,
    local_time,
    local_zone,
    local_zone_name,
    vault_options,
)
from chatvault.cli._output import (
    block,
    data,
    hanging,
    indented,
    line,
    name,
    print_json,
    state,
    talk,
)
from chatvault.errors import Usage, Where

if TYPE_CHECKING:
    from chatvault.services.dates import Span
    from chatvault.services.pages import Page, Shown

INSIDE = " " * 6
CONTEXT = 10  # messages before and after, if nobody says how many
NO_TIME = "no time".ljust(len("2024-05-17 15:04"))


@click.command(epilog="Example: chatvault show --in 'Bakers Row' --at 2024-05-17")
@click.argument("message_id", metavar="[NUMBER]", type=int, required=False)
@click.option(
    "--in",
    "title",
    metavar="TITLE",
    shell_complete=_completing.conversations,
    help="A conversation, by title or number, instead of a message.",
)
@click.option(
    "--at",
    "date",
    metavar="DATE",
    help="From where on to show it: 2019, 2019-05, 2019-05-17, 2019-05-17T20:15, 7d, ..."
    " [default: its end]",
)
@click.option(
    "--context",
    type=click.IntRange(0, 1000),
    metavar="N",
    default=CONTEXT,
    show_default=True,
    help="How many messages before it and after it.",
)
@json_option
@vault_options
def command(
    message_id: int | None,
    title: str | None,
    date: str | None,
    context: int,
    *,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """Show a message with what was said before and after it.

    NUMBER is what stands before a message that `chatvault search` found. With --in and --at it is
    the first message of a conversation on that day, or the next one after it.
    """
    when = _asked(message_id, title, date)
    with vault.reading() as opened:
        if message_id is not None:
            from chatvault.services.pages import show

            page = show(opened.db, message_id, context=context)
        else:
            from chatvault.services.pages import page_at

            page = page_at(opened.db, title or "", when, context=context)
    if when is not None:
        _note(page, when)
    if as_json:
        print_json(page)
        return
    where = f"{name(page.conversation) or '-'} ({page.platform})"
    hanging(f"{where}, times in {local_zone_name()}", INSIDE)
    for message in page.messages:
        _show(message, here=">" if message.id == page.here else " ")
    if title is not None:
        _ways_on(page, context)


def _asked(message_id: int | None, title: str | None, date: str | None) -> "Span | None":
    """The time that is asked for; Usage where it is not clear what is."""
    if message_id is not None and (title is not None or date is not None):
        raise Usage("a number and --in or --at at once", remedy="give one or the other")
    if message_id is None and title is None:
        if date is not None:
            raise Usage(
                "--at does not say in which conversation",
                remedy="add --in TITLE; `chatvault search --during DATE` looks through all of them",
            )
        raise Usage(
            "this does not say what to show",
            remedy="give the number of a message, or --in TITLE --at DATE",
        )
    if date is None:
        return None
    from chatvault.services.dates import span

    try:
        return span(date, now=datetime.now(UTC), zone=local_zone())
    except Usage as wrong:
        raise Usage(wrong.message, where=Where("--at"), remedy=wrong.remedy) from wrong


def _note(page: "Page", when: "Span") -> None:
    """Say it when the page is not of the time that was asked for."""
    (here,) = (message for message in page.messages if message.id == page.here)
    sent = datetime.fromisoformat(here.sent_at or "").timestamp() * 1000
    if sent < when.start:
        talk(f"note: the conversation ends before that, on {local_day(here.sent_at)}")
    elif sent >= when.end:
        talk(f"note: nothing was sent then; the next message is of {local_day(here.sent_at)}")


def _ways_on(page: "Page", context: int) -> None:
    """Say how to read on: a page does not show the numbers of its messages."""
    places = [message.id for message in page.messages]
    here = places.index(page.here)
    more = "" if context == CONTEXT else f" --context {context}"
    if here == context > 0:
        talk(f"what was before: chatvault show {places[0]}{more}")
    if len(places) - here - 1 == context > 0:
        talk(f"what came after: chatvault show {places[-1]}{more}")


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
