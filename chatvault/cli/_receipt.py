"""A receipt as people read it."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from chatvault.cli._options import local_zone
from chatvault.cli._output import line, name

if TYPE_CHECKING:
    from chatvault.services.receipt import Receipt

SHOWN = 20  # problems on the screen; all are in --json and in `list imports --json`


def show_receipt(receipt: "Receipt", *, dry_run: bool = False) -> None:
    """Print it."""
    zone = local_zone()
    told = receipt.messages
    head = f"import {receipt.number}: {name(receipt.name)} ({receipt.importer})"
    if dry_run:
        head = f"dry run, nothing was changed: {name(receipt.name)} ({receipt.importer})"
    elif receipt.again:
        head = f"already imported, nothing to do. The receipt of {head}"
    click.echo(head)
    people = f"{receipt.participants:,} people, {_span(receipt, zone)}"
    click.echo(f"  {receipt.conversations:,} conversations, {people}")
    click.echo(f"  messages     {told.items:>9,} in the export")
    click.echo(f"             = {told.new:>9,} new")
    click.echo(f"             + {told.known:>9,} already known")
    click.echo(f"             + {told.updated:>9,} updated")
    click.echo(f"             + {told.unread:>9,} kept unread")
    files = receipt.attachments
    click.echo(
        f"  files        {receipt.files:>9,} in the export = {files.stored:,} stored"
        f" + {files.known:,} already stored"
    )
    if files.filled:
        click.echo(f"  {files.filled:,} photos and files that were missing are there now")
    if files.missing:
        click.echo(
            f"  {files.missing:,} attachments are not in the export (chatvault list missing);"
            " a later export that has them fills them in"
        )
    if files.unlinked:
        click.echo(f"  {files.unlinked:,} media files that no message refers to are kept too")
    for assumption in receipt.assumptions:
        click.echo(
            f"  assumed: {assumption.what} = {line(assumption.value)} ({line(assumption.why)})"
        )
    for problem in receipt.problems[:SHOWN]:
        place = ", ".join(part for part in (problem.file, problem.part) if part)
        click.echo(f"  not read: {line(place)}: {line(problem.reason)}")
    hidden = max(0, len(receipt.problems) - SHOWN) + receipt.more_problems
    if hidden:
        click.echo(f"  and {hidden:,} more (see --json)")
    if not receipt.again and not dry_run:
        click.echo("  before you delete the export: chatvault verify --full")


def _span(receipt: "Receipt", zone: ZoneInfo) -> str:
    from datetime import datetime

    if receipt.first is None or receipt.last is None:
        return "no times"
    days = [
        datetime.fromisoformat(text).astimezone(zone).date().isoformat()
        for text in (receipt.first, receipt.last)
    ]
    return f"{days[0]} to {days[1]}"
