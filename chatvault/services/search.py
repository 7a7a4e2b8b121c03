"""Running a search."""

from collections.abc import Callable

import msgspec

from chatvault.errors import Usage
from chatvault.services import query as ask
from chatvault.services.query import Query
from chatvault.services.receipt import iso
from chatvault.services.select import select
from chatvault.vault import queries, tokens
from chatvault.vault.archive import Connection
from chatvault.vault.message_parts import attachments_of
from chatvault.vault.queries import MessageRow, Order


class Hit(msgspec.Struct, frozen=True):
    """One message that was found. `text` is where the words stand: the message's own text, a file
    name, a quote; `marks` are half-open ranges of its characters."""

    id: int
    conversation: str
    sender: str
    platform: str
    kind: str
    sent_at: str | None
    text: str
    marks: tuple[tuple[int, int], ...]


class Hits(msgspec.Struct, frozen=True):
    """One page of hits, the exact number of all, and where the next page begins."""

    total: int
    hits: tuple[Hit, ...]
    next: str | None


def search(
    db: Connection,
    query: Query,
    *,
    order: Order = "newest",
    limit: int = 50,
    after: str | None = None,
) -> Hits:
    """The messages that a query means. The cursor names a place in time, so pages stay what they
    are while imports go on."""
    selection = select(db, query)
    keys = queries.hit_keys(db, selection, order=order, limit=limit + 1, after=cursor_of(after))
    more = len(keys) > limit
    keys = keys[:limit]
    words, phrases = ask.to_mark(query)

    def mark(text: str) -> list[tuple[int, int]]:
        return tokens.marks(text, words, phrases)

    hits = tuple(hit(db, row, mark) for row in queries.by_keys(db, keys))
    following = None
    if more:
        last = (cursor_of(after) or 0) + limit if order == "relevance" else keys[-1]
        following = str(last)
    return Hits(queries.count(db, selection), hits, following)


def hit(db: Connection, row: MessageRow, mark: Callable[[str], list[tuple[int, int]]]) -> Hit:
    """A message as it is shown: with the first of its texts in which something is marked."""
    text, marks = row.text, mark(row.text)
    if not marks:
        for other in (*row.more_text, *_file_names(db, row.id)):
            found = mark(other)
            if found or not text:
                text, marks = other, found
                if found:
                    break
    return Hit(
        row.id, row.conversation_title, row.sender_name, row.platform, row.kind, iso(row.sent_at),
        text, tuple(marks),
    )  # fmt: skip


def _file_names(db: Connection, message: int) -> list[str]:
    return [item.name for item in attachments_of(db, [message]).get(message, ())]


def cursor_of(after: str | None) -> int | None:
    """The place that a cursor names; Usage when it is none."""
    if after is None:
        return None
    digits = after.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise Usage("this is not a cursor", remedy='give the "next" of the page before')
    return int(after)
