"""A page of a conversation around a date, for somebody who has no number of a message."""

from chatvault.errors import Usage
from chatvault.services import browse
from chatvault.services.browse import Page
from chatvault.services.dates import Span
from chatvault.services.named import one_named
from chatvault.vault import likeness, pages, queries
from chatvault.vault.archive import Connection

LISTED = "`chatvault list conversations` shows their numbers"


def page_at(db: Connection, title: str, when: Span | None, *, context: int) -> Page:
    """The first message from a time on, and those around it; without a time the last one. Usage
    when no conversation, or more than one, has this number or title or a title with it inside."""
    conversation = _conversation(db, title)
    if when is None:
        center = pages.last(db, conversation)
    else:
        center = pages.at(db, conversation, when.start)
    if center is None and when is not None and pages.last(db, conversation) is not None:
        raise Usage(
            "no message of this conversation has a time",
            remedy="leave out --at, and its end is shown",
        )
    if center is None:
        raise Usage("this conversation has no messages", remedy=LISTED)
    return browse.page(db, center, context=context)


def _conversation(db: Connection, given: str) -> int:
    places = likeness.places(db)
    return one_named(
        given,
        {row: place.title for row, place in places.items()},
        queries.conversation_titles(db),
        platforms={row: place.platform for row, place in places.items()},
        what="conversation",
        listed=LISTED,
        parts=True,
    )
