"""What every importer offers: is this yours, and what is in it?"""

from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import msgspec

from chatvault.importers._source import Source
from chatvault.model import Record

Carried = Literal[
    "ids", "replies", "reactions", "edits", "deletions", "forwards", "calls", "locations",
    "contacts", "stickers", "polls", "system", "media", "links", "payments",
]  # fmt: skip


class Redaction(msgspec.Struct, frozen=True):
    """What an export holds and no vault may: keys of the app that open more than the messages.

    `of` gives the same export without it; that is what is then read and stored as the original. It
    changes nothing where it was already done, and `read` gives equal records either way.
    """

    what: str  # as the receipt names it
    of: Callable[[Source], Source]


class ImporterInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the table in the docs and `chatvault platforms` say about an importer.

    `version` counts up when `read` gives other records for the same bytes. `rank` decides between
    importers: the lowest that claims an export wins; `generic` and `fallback` are asked only where
    nothing else is found. `derived` names fields of an item that are not kept in a record because
    they only repeat others, each with its reason.
    """

    key: str
    platform: str
    title: str
    expects: str
    version: int = 1
    rank: Literal["specific", "text", "generic", "fallback"] = "specific"
    carries: frozenset[Carried] = frozenset()
    derived: dict[str, str] = {}
    leaves_out: str = ""  # what the platform itself does not put into its export
    seen: str = ""  # versions and dates of the app whose format this is
    redaction: Redaction | None = None
    holds: frozenset[str] = frozenset()  # its own folders that look like exports by themselves


class Importer(Protocol):
    """What every module in this folder offers; mypy checks it at the tuple in the registry."""

    INFO: ImporterInfo

    def recognise(self, source: Source) -> tuple[str, ...]:
        """Evidence that the export is ours, none if it is not. Never raises our own errors.

        It looks at the listing and at the heads of at most three files.
        """

    def read(self, source: Source) -> Iterator[Record]:
        """Yield records lazily, what a message refers to before the message itself."""
