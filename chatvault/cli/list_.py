"""`chatvault list`"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from chatvault.cli._options import (
    VaultOptions,
    asked,
    chosen,
    filter_options,
    json_option,
    local_day,
    media_options,
    vault_options,
)
from chatvault.cli._output import count, data, name, print_json, size, state, table, talk
from chatvault.cli._receipt import show_receipt
from chatvault.errors import Usage, Where

if TYPE_CHECKING:
    from chatvault.services.lists import (
        ListedConversation,
        ListedImport,
        ListedMedia,
        ListedPerson,
    )
    from chatvault.services.similar import Copy, Group

NOTHING = {
    "conversations": "no conversations",
    "people": "no people",
    "imports": "nothing was imported yet",
    "media": "no photos or other files",
    "missing": "nothing is missing",
    "similar": "no two pictures are alike",
}
OF_FILES = ("media", "similar")
STATE = {
    "unfinished": "broken off; importing the same export again finishes it",
    "undone": "undone",
}


@click.command(epilog="Example: chatvault list missing --in 'Bakers Row'")
@click.argument("what", type=click.Choice(list(NOTHING)), default="conversations")
@filter_options
@media_options
@json_option
@vault_options
def command(
    what: str,
    filters: dict[str, tuple[str, ...]],
    media: dict[str, str | None],
    *,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """List conversations, people, imports, media, or media that no export had.

    `list similar` shows copies of one picture together, the best first: what apps compressed again
    or made smaller. Nothing is merged.
    """
    tree, choice = asked((), filters), chosen(media)
    given = [option for option, value in media.items() if value is not None]
    if given and what not in OF_FILES:
        raise Usage(
            f"this filter is for files, and not for {what}", where=Where(f"--{given[0]}"),
            remedy=f"use it with `chatvault list {' or '.join(OF_FILES)}`",
        )  # fmt: skip
    with vault.searching(tree) as opened:
        if what == "similar":
            from chatvault.services import similar

            found: Any = similar.similar(opened.db, tree, choice)
            if left := similar.not_looked_at(opened.db):
                talk(f"note: {count(left, 'picture')} not looked at yet; the next import does that")
        else:
            from chatvault.services import lists

            found = lists.listing(opened.db, what, tree, choice)
    if as_json:
        print_json(found)
        return
    if not found:
        filtered = what == "imports" and any(filters.values())
        talk("no import told such messages" if filtered else NOTHING[what])
    SHOW[what](found)


def _conversations(found: "list[ListedConversation]") -> None:
    rows = [
        [
            str(c.id), name(c.title) or "-", c.kind, c.platform, f"{c.messages:,}",
            local_day(c.first) or "-", local_day(c.last) or "-", name(", ".join(c.participants)),
        ]
        for c in found
    ]  # fmt: skip
    table(["id", "title", "kind", "platform", "messages", "first", "last", "people"], rows, spare=1)


def _people(found: "list[ListedPerson]") -> None:
    rows = [
        [
            str(p.id),
            name(p.name) or "-",
            ", ".join(i.platform for i in p.participants),
            f"{p.messages:,}",
        ]
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
        name(item.conversation) or "-",
        item.kind,
        name(item.name) or "-",
        "-" if item.bytes is None else size(item.bytes),
    ]


def _similar(found: "list[Group]") -> None:
    rows = [
        _copy(number, copy) for number, group in enumerate(found, start=1) for copy in group.copies
    ]
    table(["like", "pixels", "size", "message", "sent", "conversation", "from", "name"], rows)


def _copy(number: int, copy: "Copy") -> list[str]:
    first, *others = copy.sent
    return [
        str(number),
        f"{copy.width} x {copy.height}",
        size(copy.bytes),
        str(first.message),
        local_day(first.sent_at) or "-",
        (name(first.conversation) or "-") + (f" and {len(others):,} more" if others else ""),
        name(first.sender) or "-",
        name(first.name) or "-",
    ]


SHOW: dict[str, Callable[[Any], None]] = {
    "conversations": _conversations,
    "people": _people,
    "imports": _imports,
    "media": _media,
    "missing": _missing,
    "similar": _similar,
}
