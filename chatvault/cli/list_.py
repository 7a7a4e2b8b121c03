"""`chatvault list`"""

from collections.abc import Callable
from datetime import datetime

import click

from chatvault.cli._options import (
    VaultOptions,
    asked,
    filter_options,
    json_option,
    local_zone,
    vault_options,
)
from chatvault.cli._output import line, name, print_json, size, table
from chatvault.cli._receipt import show_receipt

WHAT = ("conversations", "people", "imports", "media", "missing")


@click.command(epilog="Example: chatvault list missing --in 'Bakers Row'")
@click.argument("what", type=click.Choice(WHAT), default="conversations")
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
    SHOW[what](found)


def _day(text: str | None) -> str:
    if text is None:
        return "-"
    return datetime.fromisoformat(text).astimezone(local_zone()).strftime("%Y-%m-%d")


def _conversations(found: list) -> None:  # type: ignore[type-arg]
    rows = [
        [
            str(c.id), name(c.title), c.kind, c.platform, f"{c.messages:,}", _day(c.first),
            _day(c.last), name(", ".join(c.participants)),
        ]
        for c in found
    ]  # fmt: skip
    table(["id", "title", "kind", "platform", "messages", "first", "last", "people"], rows)


def _people(found: list) -> None:  # type: ignore[type-arg]
    rows = [
        [str(p.id), name(p.name), ", ".join(i.platform for i in p.participants), f"{p.messages:,}"]
        for p in found
    ]
    table(["id", "name", "platforms", "messages"], rows)


def _imports(found: list) -> None:  # type: ignore[type-arg]
    for item in found:
        if item.receipt is not None:
            show_receipt(item.receipt)
        if item.state != "complete":
            click.echo(f"import {item.number}: {item.state}")


def _media(found: list) -> None:  # type: ignore[type-arg]
    rows = [
        [
            str(m.id), str(m.message), _day(m.sent_at), line(m.name), m.type or m.kind,
            "-" if m.bytes is None else size(m.bytes), m.state,
        ]
        for m in found
    ]  # fmt: skip
    table(["id", "message", "sent", "name", "type", "size", "state"], rows)


SHOW: dict[str, Callable[[list], None]] = {  # type: ignore[type-arg]
    "conversations": _conversations,
    "people": _people,
    "imports": _imports,
    "media": _media,
    "missing": _media,
}
