"""`chatvault people`"""

from typing import TYPE_CHECKING

import click

from chatvault.cli import _completing, _suggested
from chatvault.cli._group import Group
from chatvault.cli._options import VaultOptions, json_option, now_ms, vault_options
from chatvault.cli._output import name, print_json, table, talk

if TYPE_CHECKING:
    from chatvault.services.lists import ListedPerson
    from chatvault.services.suggest_people import SamePeople


@click.group(name="people", cls=Group, epilog="Example: chatvault people merge --suggest")
def command() -> None:
    """Say who is one person on several platforms, and what they are called.

    A person is named by a number in `chatvault people list`, or by a name.
    """


@command.command(name="list", epilog="Example: chatvault people list")
@json_option
@vault_options
def list_(*, as_json: bool, vault: VaultOptions) -> None:
    """List people with all the names they have, and the number of each name."""
    from chatvault.services.people import everybody

    with vault.reading() as opened:
        found = everybody(opened.db)
    if as_json:
        print_json(found)
        return
    if not found:
        talk("no people")
    _people(found)


def _people(found: "list[ListedPerson]") -> None:
    rows = [
        [
            str(p.id), name(p.name), f"{p.messages:,}",
            ", ".join(f"{i.id} {name(i.name) or '-'} ({i.platform})" for i in p.participants),
        ]
        for p in found
    ]  # fmt: skip
    table(["id", "name", "messages", "is"], rows)


@command.command(epilog="Example: chatvault people merge 'Jory Penn' 8")
@click.argument("people", nargs=-1, metavar="PERSON OTHER...", shell_complete=_completing.people)
@click.option("--suggest", is_flag=True, help="Show who looks like the same; change nothing.")
@json_option
@vault_options
def merge(people: tuple[str, ...], *, suggest: bool, as_json: bool, vault: VaultOptions) -> None:
    """Make PERSON and OTHER one person, under the name of the first.

    `from:` and `--from` then find what that person wrote on any platform: `chatvault search
    from:NAME` is one timeline of it. Messages stay as they are, and `chatvault people split` takes
    it back.
    """
    from chatvault.services import people as service
    from chatvault.services.suggest_people import suggestions

    if suggest:
        with vault.reading() as opened:
            found = suggestions(opened.db)
        if as_json:
            print_json(found)
        else:
            _suggested.show(
                ((_about(one), one.evidence, one.command) for one in found),
                nothing="nobody looks like somebody else",
            )
        return
    if not people:
        raise click.UsageError("missing argument 'PERSON OTHER...'", click.get_current_context())
    with vault.writing() as opened:
        person = service.merge(opened, people[0], people[1:], now_ms=now_ms())
    if as_json:
        print_json(person)
        return
    _people([person])
    talk(f"to take it back: chatvault people split {person.id}")


def _about(item: "SamePeople") -> str:
    return ", ".join(f"{one.id} {name(one.name)} ({one.platform})" for one in item.people)


@command.command(epilog="Example: chatvault people split 'Jory Penn'")
@click.argument("person", shell_complete=_completing.people)
@click.argument("only", nargs=-1, type=click.IntRange(min=1), metavar="[NUMBER]...")
@vault_options
def split(person: str, only: tuple[int, ...], *, vault: VaultOptions) -> None:
    """Make every name of PERSON a person of its own again, or only those with these numbers."""
    from chatvault.services import people as service

    with vault.writing() as opened:
        found = service.split(opened, person, only, now_ms=now_ms())
    _people(found)


@command.command(epilog="Example: chatvault people rename 'Jory Penn' Jory")
@click.argument("person", shell_complete=_completing.people)
@click.argument("new_name", metavar="NAME")
@vault_options
def rename(person: str, new_name: str, *, vault: VaultOptions) -> None:
    """Show PERSON under NAME. They are still found under their other names.

    An empty NAME ('') brings back those of the exports.
    """
    from chatvault.services import people as service

    with vault.writing() as opened:
        found = service.rename(opened, person, new_name, now_ms=now_ms())
    _people([found])
