"""A receipt as people read it."""

from typing import TYPE_CHECKING

from chatvault.cli._options import local_day
from chatvault.cli._output import count, data, hanging, indented, line, name

if TYPE_CHECKING:
    from chatvault.services.receipt import Messages, Receipt

SHOWN = 20  # problems on the screen; --json has more
WHAT = {"timezone": "time zone", "date_order": "order of day, month and year"}


def show_receipt(receipt: "Receipt", *, dry_run: bool = False) -> None:
    """Print it."""
    told, files = receipt.messages, receipt.attachments
    hanging(_head(receipt, dry_run=dry_run), "    ")
    parts = [
        count(receipt.conversations, "conversation"),
        *([count(receipt.participants, "person", "people")] if receipt.participants else []),
        _span(receipt),
    ]
    _say(", ".join(parts))
    _sum("messages", told.items, message_parts(told))
    _sum("files", receipt.files, {"stored": files.stored, "already stored": files.known})
    if receipt.finishes:
        numbers = ", ".join(map(str, receipt.finishes))
        _say(f"this finishes import {numbers}, which was broken off")
    if files.filled:
        _say(f"{count(files.filled, 'missing photo or file', 'missing photos and files')} found")
    if files.missing:
        _say(
            f"{count(files.missing, 'photo or file', 'photos and files')} not in this export; a"
            " later export may bring them (chatvault list missing)"
        )
    if files.unlinked:
        _say(f"{count(files.unlinked, 'file')} that no message refers to, kept all the same")
    if receipt.withheld:
        _say(f"not kept: {receipt.withheld}; the originals are stored without them")
    for assumption in receipt.assumptions:
        what = WHAT.get(assumption.what, assumption.what)
        _say(f"assumed {what} {line(assumption.value)}: {line(assumption.why)}")
    _problems(receipt)


def message_parts(told: "Messages") -> dict[str, int]:
    """What became of the items of an export, in words; the parts add up to all of them."""
    return {
        "new": told.new,
        "already known": told.known,
        "updated": told.updated,
        "kept unread": told.unread,
    }


def _head(receipt: "Receipt", *, dry_run: bool) -> str:
    export = f"{name(receipt.name)} ({receipt.importer})"
    if dry_run:
        return f"dry run, nothing is changed: {export}"
    if receipt.again:
        return f"nothing to do, import {receipt.number} has this export already: {export}"
    return f"import {receipt.number}: {export}"


def _sum(what: str, items: int, parts: dict[str, int]) -> None:
    """Items of the export, and what became of them: it adds up, and is seen to."""
    data(f"  {what:<8}{items:>11,} in the export")
    for number, (text, part) in enumerate(parts.items()):
        data(f"  {'+' if number else '=':>8}{part:>11,} {text}")


def _problems(receipt: "Receipt") -> None:
    if receipt.problems:
        _say("what could not be read, and is kept as it is:")
    for problem in receipt.problems[:SHOWN]:
        place = ", ".join(part for part in (problem.file, problem.part) if part)
        indented(f"{line(place)}: {line(problem.reason)}", "    ")
    hidden = max(0, len(receipt.problems) - SHOWN) + receipt.more_problems
    if hidden:
        _say(f"  and {hidden:,} more (see --json)")


def _say(text: str) -> None:
    indented(text, "  ")


def _span(receipt: "Receipt") -> str:
    if receipt.first is None or receipt.last is None:
        return "no times"
    return f"{local_day(receipt.first)} to {local_day(receipt.last)}"
