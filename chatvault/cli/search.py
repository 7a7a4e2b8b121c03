"""`chatvault search`"""

from typing import TYPE_CHECKING, Any

import click

from chatvault.cli._errors import advise
from chatvault.cli._hits import show_text
from chatvault.cli._options import (
    VaultOptions,
    asked,
    filter_options,
    json_option,
    local_time,
    vault_options,
)
from chatvault.cli._output import count, hanging, name, print_json, progress, talk
from chatvault.errors import Usage

if TYPE_CHECKING:
    from chatvault.services.search import Hits

INDENT = " " * 10
ORDERS = ("newest", "oldest", "relevance")


class QueryCommand(click.Command):
    """A command whose words may begin with a minus: `-word` leaves out messages with that word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Tell options from words; only what begins with two minuses, and -h, is an option."""
        known = {name: option for option in self.get_params(ctx) for name in option.opts}
        options: list[str] = []
        words: list[str] = []
        rest = iter(args)
        for arg in rest:
            option = known.get(arg)
            if arg == "--":
                words += rest
            elif option is not None and not getattr(option, "is_flag", False):
                value = next(rest, None)
                options += [arg] if value is None else [f"{arg}={value}"]
            elif arg == "-h" or arg.startswith("--"):
                options.append(arg)
            else:
                words.append(arg)
        return super().parse_args(ctx, [*options, "--", *words])


@click.command(
    cls=QueryCommand,
    epilog="Example: chatvault search 北京 --in 小满 --after 2024-01",
)
@click.argument("query", nargs=-1)
@filter_options
@click.option(
    "--sort",
    type=click.Choice(ORDERS),
    default="newest",
    show_default=True,
    help="Which messages come first.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    metavar="N",
    default=20,
    show_default=True,
    help="How many messages to show.",
)
@click.option("--cursor", metavar="NEXT", help='Go on where a page ended (its "next").')
@click.option(
    "--substring",
    is_flag=True,
    help="Look for the words as they stand, signs too; reads every message.",
)
@click.option(
    "--regex",
    is_flag=True,
    help="The words are a regular expression (of Python); reads every message.",
)
@click.option("--jsonl", "as_lines", is_flag=True, help="Print a line of JSON for each message.")
@json_option
@vault_options
def command(
    query: tuple[str, ...],
    filters: dict[str, tuple[str, ...]],
    sort: str,
    limit: int,
    cursor: str | None,
    *,
    substring: bool,
    regex: bool,
    as_lines: bool,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """Find messages by words, people, dates and what hangs on them.

    A query is made of words, "exact phrases", -without, a OR b, and of the filters from: in: on:
    has: kind: before: after: until: during: that the options name too. Chinese, Japanese, Korean
    and Thai are found anywhere in a text, one character included. More: docs/search.md.
    """
    if substring and regex:
        raise Usage("--substring and --regex at once", remedy="give one of the two")
    if (substring or regex) and sort == "relevance":
        raise Usage("a pattern is found or not: there is no relevance", remedy="sort by time")
    page = {"order": sort, "limit": limit, "after": cursor}
    hint = ""
    if substring or regex:
        found = _scanned(vault, " ".join(query), filters, literal=substring, page=page)
    else:
        found, hint = _searched(vault, asked(query, filters), page)
    if as_json:
        print_json(found)
        return
    if as_lines:
        for hit in found.hits:
            print_json(hit, indent=0)
        if found.next is not None:
            talk(f"more: --cursor {found.next}")
        return
    for hit in found.hits:
        what = "" if hit.kind == "text" else f" ({hit.kind.replace('_', ' ')})"
        when = local_time(hit.sent_at) or "no time"
        where, who = name(hit.conversation) or "-", name(hit.sender) or "-"
        hanging(f"{hit.id:>8}  {when}  {where}  {who}{what}", INDENT)
        show_text(hit.text, hit.marks, indent=INDENT)
    shown = "" if len(found.hits) == found.total else f", {len(found.hits):,} of them shown"
    talk(f"{count(found.total, 'message')}{shown}")
    if hint:
        advise(hint)
    if found.next is not None:
        talk(
            f"more: --limit {min(found.total, 10_000)}, or --cursor {found.next} for the next page"
        )
    if found.hits:
        talk("a message in its place: chatvault show NUMBER")


def _searched(vault: VaultOptions, tree: Any, page: dict[str, Any]) -> tuple["Hits", str]:
    """What was found, and what to try if nothing was."""
    from chatvault.services.search import search

    with vault.searching() as opened:
        found = search(opened.db, tree, **page)
        if found.total:
            return found, ""
        from chatvault.services.advice import advice

        return found, advice(opened.db, tree)


def _scanned(
    vault: VaultOptions,
    text: str,
    filters: dict[str, tuple[str, ...]],
    *,
    literal: bool,
    page: dict[str, Any],
) -> "Hits":
    from chatvault.services.scan import pattern_of, scan

    pattern = pattern_of(text, literal=literal)
    tree = asked((), filters)
    with vault.searching(tree) as opened, progress() as told:
        talk("reading every message that the filters leave, which takes longer than a search")
        return scan(opened.db, tree, pattern, **page, progress=told)
