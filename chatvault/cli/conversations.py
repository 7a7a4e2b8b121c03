"""`chatvault conversations`"""

from typing import TYPE_CHECKING

import click

from chatvault.cli import _completing, _suggested
from chatvault.cli._group import Group
from chatvault.cli._options import VaultOptions, json_option, now_ms, vault_options
from chatvault.cli._output import count, data, indented, name, print_json, progress, talk

if TYPE_CHECKING:
    from chatvault.services.conversations import Merged
    from chatvault.services.suggest import Suggestion


@click.group(
    name="conversations",
    cls=Group,
    epilog="Example: chatvault conversations merge 'Bakers Row' 'Row of Bakers'",
)
def command() -> None:
    """Say which conversations are one, and what they are called.

    A conversation is named by its number in `chatvault list conversations`, or by its title.
    """


@command.command(epilog="Example: chatvault conversations merge 'Bakers Row' 'Row of Bakers'")
@click.argument(
    "conversations",
    nargs=-1,
    metavar="INTO OTHER...",
    shell_complete=_completing.conversations,
)
@click.option("--suggest", is_flag=True, help="Show which look like the same; change nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be merged; change nothing.")
@json_option
@vault_options
def merge(
    conversations: tuple[str, ...],
    *,
    suggest: bool,
    dry_run: bool,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """Make OTHER part of INTO: one conversation that two apps or two people exported.

    Messages that both have are there once afterwards. It holds for later imports too, and
    `chatvault conversations split` takes it back. Only conversations of one platform can be one.
    """
    from chatvault.services import conversations as service
    from chatvault.services.suggest import suggestions

    if suggest:
        with vault.searching() as opened:
            found = suggestions(opened.db)
        if as_json:
            print_json(found)
        else:
            _suggested.show(
                ((_about(one), one.evidence, one.command) for one in found),
                nothing="no two conversations look like the same",
            )
        return
    if dry_run:
        with vault.reading() as opened:
            told = service.plan(opened.db, *_named(conversations)).told
    else:
        with vault.writing() as opened, progress() as tell:
            planned = service.plan(opened.db, *_named(conversations))
            told = service.merge(opened, planned, now_ms=now_ms(), progress=tell)
    if as_json:
        print_json(told)
    else:
        _merged(told)


def _named(given: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    if not given:
        raise click.UsageError("missing argument 'INTO OTHER...'", click.get_current_context())
    return given[0], given[1:]


def _merged(told: "Merged") -> None:
    others = ", ".join(map(name, told.merged))
    if told.messages is None:
        data(f"dry run, nothing is changed: {others} would be part of {name(told.title)}")
    else:
        data(f"{others}: now part of {name(told.title)}")
    for pair in told.same:
        seen = count(pair.messages, "equal message")
        indented(f"{name(pair.name)} there is {name(pair.same_as)} here ({seen})", "  ")
    if told.messages is not None:
        before = count(told.messages_before, "message")
        indented(f"{before} before, {told.messages:,} now: what both had is there once", "  ")
        talk(f"to take it back: chatvault conversations split {told.id}")


def _about(item: "Suggestion") -> str:
    one, other = item.conversations
    return f"{one.id} {name(one.title)} and {other.id} {name(other.title)} ({item.platform})"


@command.command(epilog="Example: chatvault conversations split 'Bakers Row'")
@click.argument("conversation", shell_complete=_completing.conversations)
@vault_options
def split(conversation: str, *, vault: VaultOptions) -> None:
    """Take back every merge into CONVERSATION: each is a conversation of its own again."""
    from chatvault.services import conversations as service

    with vault.writing() as opened, progress() as tell:
        title = service.split(opened, conversation, now_ms=now_ms(), progress=tell)
    data(f"{name(title)}: what was merged into it is separate again")


@command.command(epilog="Example: chatvault conversations rename 12 'Grandma'")
@click.argument("conversation", shell_complete=_completing.conversations)
@click.argument("title")
@vault_options
def rename(conversation: str, title: str, *, vault: VaultOptions) -> None:
    """Show CONVERSATION under TITLE. It is still found under its other titles.

    An empty TITLE ('') brings back the one of the exports.
    """
    from chatvault.services import conversations as service

    with vault.writing() as opened:
        shown = service.rename(opened, conversation, title, now_ms=now_ms())
    data(f"the title is {name(shown)} now")
