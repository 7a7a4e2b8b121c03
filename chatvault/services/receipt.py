"""Receipts: what an import did, so that it adds up."""

from datetime import UTC, datetime

import msgspec

LISTED = 1000  # problems told one by one; the rest is counted


class Messages(msgspec.Struct, frozen=True):
    """Items of the export that are messages, by what became of them."""

    items: int
    new: int
    known: int
    updated: int
    unread: int


class Attachments(msgspec.Struct, frozen=True):
    """Files and attachments. `stored` and `known` count files of the export, `missing` attachments
    whose file the export does not hold; `filled` ones were missing and have their file now."""

    stored: int
    known: int
    missing: int
    filled: int = 0
    unlinked: int = 0


class AssumptionLine(msgspec.Struct, frozen=True):
    """What had to be taken as given."""

    what: str
    value: str
    why: str


class ProblemLine(msgspec.Struct, frozen=True):
    """Where something could not be read, and why; never what stands there."""

    file: str
    part: str
    reason: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What one import did. `number` is 0 for one that was only tried out."""

    number: int = msgspec.field(name="import")
    platform: str
    importer: str
    name: str
    conversations: int
    participants: int
    files: int
    first: str | None
    last: str | None
    messages: Messages
    attachments: Attachments
    assumptions: tuple[AssumptionLine, ...] = ()
    problems: tuple[ProblemLine, ...] = ()
    more_problems: int = 0
    finishes: tuple[int, ...] = ()
    withheld: str = ""  # keys of the app, which were in the export and are in no vault
    again: bool = False  # nothing was done: this export was already imported

    def adds_up(self) -> bool:
        """Every item of the export is accounted for."""
        told = self.messages
        return told.items == told.new + told.known + told.updated + told.unread

    def is_complete(self) -> bool:
        """Nothing in the export was left unread or not kept."""
        return not self.messages.unread and not self.problems


def iso(utc_ms: int | None) -> str | None:
    """ISO 8601 in UTC, for --json and the journal."""
    if utc_ms is None:
        return None
    text = datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace(".000", "").replace("+00:00", "Z")


def decoded(text: str | None) -> Receipt:
    """A receipt as the archive keeps it."""
    return msgspec.json.decode(text or "", type=Receipt)
