"""`chatvault import`"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatvault.cli._errors import advise
from chatvault.cli._options import VaultOptions, json_option, local_zone_name, now_ms, vault_options
from chatvault.cli._output import count, data, indented, print_json, progress, talk
from chatvault.cli._pictures import look_at_pictures
from chatvault.cli._process import INTERRUPTED
from chatvault.cli._receipt import message_parts, show_receipt
from chatvault.errors import Usage

if TYPE_CHECKING:
    from chatvault.services.receipt import Receipt


GLANCE = 400  # look-ups for a hint; `conversations merge --suggest` makes more


@click.command(epilog="Example: chatvault import ~/Downloads/'WhatsApp Chat - Ottilie.zip'")
@click.argument("exports", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--platform", metavar="KEY", help="Which importer reads it (chatvault platforms).")
@click.option(
    "--timezone", metavar="ZONE", help="Zone of clocks that tell none, e.g. Asia/Shanghai."
)
@click.option(
    "--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="How the export writes dates."
)
@click.option("--me", metavar="NAME", help="Your name in the export.")
@click.option("--conversation", metavar="TITLE", help="Which conversation this is.")
@click.option(
    "--raise-limit", multiple=True, metavar="NAME=NUMBER", help="Raise a safety limit (exit 16)."
)
@click.option("--strict", is_flag=True, help="Exit 3 also when the export lacks media.")
@click.option("--dry-run", is_flag=True, help="Say what would be imported; change nothing.")
@json_option
@vault_options
def command(
    exports: tuple[Path, ...],
    platform: str | None,
    timezone: str | None,
    date_order: str | None,
    me: str | None,
    conversation: str | None,
    raise_limit: tuple[str, ...],
    *,
    strict: bool,
    dry_run: bool,
    as_json: bool,
    vault: VaultOptions,
) -> None:
    """Import exports: zips, folders, files. They are read, never changed.

    Every import ends with a receipt that adds up. Importing again, or an overlapping export, adds
    only what is new. Exit code 3 means: something in the export could not be read; it is kept, and
    listed.
    """
    from chatvault.services import ingest

    options = ingest.Options(
        told=ingest.Told(
            zone=_zone(timezone), local_zone=local_zone_name(), me=me, date_order=date_order,
            conversation=conversation, limits=" ".join(sorted(raise_limit)) or None,
        ),
        platform=platform,
    )  # fmt: skip
    try:
        with vault.writing() as opened, progress() as tell:
            run = ingest.try_out if dry_run else ingest.ingest
            outcome = run(opened, exports, now_ms=now_ms(), options=options, progress=tell)
            alike = 0 if dry_run else _alike(opened, outcome.conversations)
            # The imports are complete: who breaks off here has their receipts all the same.
            all_seen = dry_run or look_at_pictures(opened, tell)
    except KeyboardInterrupt as stopped:
        stopped.add_note("the vault is whole; import the same again to go on")
        raise
    if as_json:
        print_json({"imports": outcome.receipts})
    else:
        _show(outcome.receipts, dry_run=dry_run)
    for name in outcome.rest:
        talk(f"not an export: {_safe(name)}")
    if outcome.rest:
        talk("chatvault identify NAME says what such a file is, and what to do instead")
    for name, reason in outcome.skipped:
        talk(f"left aside: {_safe(name)}: {_safe(reason)}")
    for failure in outcome.failures:
        talk(f"not imported: {_safe(str(failure))}")
        if failure.remedy:
            advise(failure.remedy)
    if alike:
        talk(
            f"{count(alike, 'pair of conversations', 'pairs of conversations')} may be one:"
            " chatvault conversations merge --suggest"
        )
    if any(not receipt.again for receipt in outcome.receipts) and not dry_run:
        talk("before you delete an export: chatvault verify --full")
    complete = all(receipt.is_complete() for receipt in outcome.receipts)
    if strict:
        complete = complete and not any(r.attachments.missing for r in outcome.receipts)
    if not all_seen:
        click.get_current_context().exit(INTERRUPTED)
    if outcome.failures or outcome.skipped or not complete:
        click.get_current_context().exit(3)


def _alike(vault: Any, conversations: set[int]) -> int:
    """How many pairs look like the same conversation, among those that were imported just now."""
    from chatvault.services.suggest import suggestions

    found = suggestions(vault.db, touched=conversations, budget=GLANCE, pairs=GLANCE // 20)
    return len(found)


def _show(receipts: "list[Receipt]", *, dry_run: bool) -> None:
    for receipt in receipts:
        show_receipt(receipt, dry_run=dry_run)
        data()
    if len(receipts) > 1:
        # What a receipt of an earlier import says is no news: it would be counted twice.
        news = [receipt for receipt in receipts if not receipt.again]
        known = len(receipts) - len(news)
        exports = f"{len(receipts):,} exports" + (f", {known:,} imported before" if known else "")
        items = sum(receipt.messages.items for receipt in news)
        parts = [message_parts(receipt.messages) for receipt in news]
        if parts:
            sums = (f"{sum(part[text] for part in parts):,} {text}" for text in parts[0])
            exports += f": {count(items, 'message')} = {' + '.join(sums)}"
        indented(exports, "")


def _zone(name: str | None) -> str | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as cause:
        raise Usage(
            f"there is no time zone {name!r}", remedy="for instance Europe/Berlin or Asia/Shanghai"
        ) from cause
    return name


def _safe(text: str) -> str:
    from chatvault.services.escape import for_error

    return for_error(text)
