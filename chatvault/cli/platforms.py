"""`chatvault platforms`"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from chatvault.cli._options import json_option
from chatvault.cli._output import data, hanging, print_json, table, talk, terminal_columns
from chatvault.errors import Usage

if TYPE_CHECKING:
    from chatvault.services.identify import Platform

WIDTH = 14  # of the labels


@click.command(epilog="Example: chatvault platforms whatsapp")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def command(names: tuple[str, ...], *, as_json: bool) -> None:
    """List the kinds of export that can be read.

    With names of apps or importers: what to give, what is in it and what is not.
    """
    from chatvault.services.identify import by_app, platforms

    known = platforms()
    chosen = _chosen(names, known)
    if as_json:
        print_json(chosen)
    elif names:
        for one in chosen:
            _about(one)
    elif terminal_columns() is None:
        table([], [[p.importer, p.title, p.expects, ", ".join(p.carries)] for p in known])
    else:
        grouped = by_app(known)
        table(["app", "importers"], [[app, ", ".join(keys)] for app, keys in grouped.items()])
        talk("more: chatvault platforms whatsapp")


def _chosen(names: Sequence[str], known: "Sequence[Platform]") -> "list[Platform]":
    found: list[Platform] = []
    for name in names:
        wanted = name.casefold()
        fitting = [one for one in known if one.importer == wanted]
        fitting = fitting or [
            one for one in known if wanted in (one.platform, *one.title.casefold().split())
        ]
        fitting = fitting or [one for one in known if wanted in one.title.casefold()]
        if not fitting:
            raise Usage(
                f"no importer is called {name!r}, nor what it reads",
                remedy="`chatvault platforms` lists all; what is not there can be brought in as a"
                " table (chatvault platforms generic-csv)",
            )
        found += [one for one in fitting if one not in found]
    return found if names else list(known)


def _about(one: "Platform") -> None:
    data(f"{one.title} ({one.importer})")
    lines = {
        "to give": one.expects,
        "with texts": ", ".join(one.carries),
        "not in it": one.leaves_out,
        "known from": one.seen,
        "step by step": f"docs/platforms/{one.importer}.md",
    }
    for label, text in lines.items():
        if text:
            hanging(f"  {label:<{WIDTH}}{text}", " " * (WIDTH + 2))
    data()
