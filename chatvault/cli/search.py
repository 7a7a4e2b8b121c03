"""`chatvault search`"""

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
from chatvault.cli._output import line, marked, name, print_json, talk


@click.command(
    epilog="Example: chatvault search 北京 --in 小满 --after 2024-01   (docs/search.md has more)",
    # A query may begin with a minus: -word leaves out messages with that word.
    context_settings={"ignore_unknown_options": True},
)
@click.argument("query", nargs=-1)
@filter_options
@click.option(
    "--sort",
    type=click.Choice(["newest", "oldest", "relevance"]),
    default="newest",
    show_default=True,
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--cursor", metavar="NEXT", help='Go on where a page ended (its "next").')
@json_option
@vault_options
def command(
    query: tuple[str, ...],
    filters: dict[str, tuple[str, ...]],
    sort: str,
    limit: int,
    cursor: str | None,
    *,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """Find messages: words, "exact phrases", -without, a OR b, from: in: on: has: kind: before: ...

    Chinese, Japanese, Korean and Thai are found anywhere in a text, one character included.
    """
    from chatvault.services.search import search

    tree = asked(query, filters)
    with vault.reading() as opened:
        found = search(
            opened.db,
            tree,
            order=sort,  # type: ignore[arg-type]  # click.Choice checked it
            limit=limit,
            after=cursor,
        )
    if as_json:
        print_json(found)
        return
    zone = local_zone()
    for hit in found.hits:
        when = "no time"
        if hit.sent_at is not None:
            when = datetime.fromisoformat(hit.sent_at).astimezone(zone).strftime("%Y-%m-%d %H:%M")
        who = name(hit.sender) or "-"
        what = "" if hit.kind == "text" else f" ({hit.kind})"
        click.echo(f"{hit.id:>8}  {when}  {name(hit.conversation)}  {who}{what}")
        click.echo(f"          {marked(hit.text, hit.marks)}")
    shown = "" if len(found.hits) == found.total else f", {len(found.hits):,} shown"
    talk(f"{found.total:,} messages{shown}")
    if found.next is not None:
        talk(
            f"more: --cursor {line(found.next)} or --limit; a message in its place: chatvault show ID"
        )
