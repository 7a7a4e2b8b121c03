"""Looking at every message, for what the index cannot answer: patterns, and signs that separate."""

import re
from collections.abc import Callable

from chatvault.errors import BadQuery
from chatvault.services.query import LONGEST, Query
from chatvault.services.search import Hit, Hits, cursor_of, hit
from chatvault.services.select import select
from chatvault.vault import queries
from chatvault.vault.archive import Connection
from chatvault.vault.queries import Order

TOLD_EACH = 10_000  # messages
MOST_MARKS = 100  # in one text


def pattern_of(text: str, *, literal: bool) -> re.Pattern[str]:
    """A pattern for `scan`; literal text is found whatever its capitals. BadQuery if it is none."""
    if not text:
        raise BadQuery("there is nothing to look for", column=1, remedy="give some text")
    if len(text) > LONGEST:
        raise BadQuery(
            f"the pattern is longer than {LONGEST:,} characters",
            column=LONGEST + 1,
            remedy="look for a part of it",
        )
    try:
        return re.compile(re.escape(text), re.IGNORECASE) if literal else re.compile(text)
    except (re.error, OverflowError, RecursionError) as wrong:
        at = getattr(wrong, "pos", None) or 0
        message = getattr(wrong, "msg", "") or "too large"
        raise BadQuery(
            f"this is not a regular expression: {message}",
            column=at + 1,
            remedy="put a backslash before a sign that is meant as it stands, or use --substring",
        ) from wrong


def scan(
    db: Connection,
    query: Query,
    pattern: re.Pattern[str],
    *,
    order: Order = "newest",
    limit: int = 50,
    after: str | None = None,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> Hits:
    """The messages that a query means and in which the pattern is found: in the text, in what is
    quoted, or in a file's name. Takes seconds for a million messages, all of which are decrypted.
    """
    selection = select(db, query)
    total = queries.count(db, selection)
    named = {key for key, name in queries.names(db, selection) if pattern.search(name)}
    place = cursor_of(after)
    keys: list[int] = []
    found = 0
    for done, (key, texts) in enumerate(queries.texts(db, selection, order)):
        if done % TOLD_EACH == 0:
            progress("looking at messages", done, total)
        if key in named or any(map(pattern.search, texts)):
            found += 1
            behind = place is None or (key > place if order == "oldest" else key < place)
            if behind and len(keys) <= limit:
                keys.append(key)

    def mark(text: str) -> list[tuple[int, int]]:
        spans = (match.span() for match in pattern.finditer(text))
        return [
            span for span, _ in zip(spans, range(MOST_MARKS), strict=False) if span[0] < span[1]
        ]

    hits: tuple[Hit, ...] = tuple(hit(db, row, mark) for row in queries.by_keys(db, keys[:limit]))
    return Hits(found, hits, str(keys[limit - 1]) if len(keys) > limit else None)
