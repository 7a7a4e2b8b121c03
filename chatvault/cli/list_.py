"""`chatvault list`"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from chatvault.cli._options import (
    VaultOptions,
    asked,
    filter_options,
    json_option,
    local_day,
    vault_options,
)
from chatvault.cli._output import data, name, print_json, size, state, table, talk
from chatvault.cli._receipt import show_receipt

if TYPE_CHECKING:
    from chatvault.services.browse import (
        ListedConversation,
        ListedImport,
        ListedMedia,
        ListedPerson,
    )

NOTHING = {
    "conversations": "no conversations",
    "people": "no people",
    "imports": "nothing was imported yet",
    "media": "no photos or other files",
    "missing": "nothing is missing",
}
STATE = {
    "unfinished": "broken off; importing the same export again finishes it",
    "undone": "undone",
}


@click.command(epilog="Example: chatvault list missing --in 'Bakers Row'")
@click.argument("what", type=click.Choice(list(NOTHING)), default="conversations")
@filter_options
@json_option
@vault_options
def command(
    what: str, filters: dict[str, tuple[str, ...]], *, as_json: bool, vault: VaultOptions
) -> None:
    """List conversations, people, imports, media, or media that no export had."""
    from chatvault.services import browse

    tree = asked((), filters)
    with vault.reading() as opened:
        found = browse.listing(opened.db, what, tree)
    if as_json:
        print_json(found)
        return
    if not found:
        talk(NOTHING[what])
    SHOW[what](found)


def _conversations(found: "list[ListedConversation]") -> None:
    rows = [
        [
            str(c.id), name(c.title), c.kind, c.platform, f"{c.messages:,}",
            local_day(c.first) or "-", local_day(c.last) or "-", name(", ".join(c.participants)),
        ]
        for c in found
    ]  # fmt: skip
    table(["id", "title", "kind", "platform", "messages", "first", "last", "people"], rows, spare=1)


def _people(found: "list[ListedPerson]") -> None:
    rows = [
        [str(p.id), name(p.name), ", ".join(i.platform for i in p.participants), f"{p.messages:,}"]
        for p in found
    ]
    table(["id", "name", "platforms", "messages"], rows)


def _imports(found: "list[ListedImport]") -> None:
    for number, item in enumerate(found):
        if number:
            data()
        if item.receipt is not None:
            show_receipt(item.receipt)
        else:
            data(f"import {item.number}: {name(item.name)} ({item.importer})")
        if item.state != "complete":
            data(f"  {STATE.get(item.state, item.state)}")


MEDIA = ["message", "sent", "conversation", "kind", "name", "size"]


def _media(found: "list[ListedMedia]") -> None:
    table(MEDIA, [_medium(item) for item in found])


def _missing(found: "list[ListedMedia]") -> None:
    table([*MEDIA, "because"], [[*_medium(item), state(item.state)] for item in found])


def _medium(item: "ListedMedia") -> list[str]:
    return [
        str(item.message),
        local_day(item.sent_at) or "-",
        name(item.conversation),
        item.kind,
        name(item.name) or "-",
        "-" if item.bytes is None else size(item.bytes),
    ]


SHOW: dict[str, Callable[[Any], None]] = {
    "conversations": _conversations,
    "people": _people,
    "imports": _imports,
    "media": _media,
    "missing": _missing,
}
