"""A page of a conversation: a message in its place, or what was said around a date."""

import msgspec

from chatvault.errors import Usage
from chatvault.services.dates import Span
from chatvault.services.named import one_named
from chatvault.services.receipt import iso
from chatvault.vault import likeness, message_parts, pages, queries
from chatvault.vault.archive import Connection
from chatvault.vault.queries import MessageRow

LISTED = "`chatvault list conversations` shows their numbers"


class ShownAttachment(msgspec.Struct, frozen=True):
    """An attachment of a shown message."""

    id: int
    name: str
    kind: str
    type: str
    bytes: int | None
    state: str


class ShownReaction(msgspec.Struct, frozen=True):
    """A reaction to a shown message."""

    emoji: str
    sender: str
    count: int


class ShownVersion(msgspec.Struct, frozen=True):
    """An earlier text of a shown message."""

    text: str
    at: str | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One message, whole."""

    id: int
    sender: str
    sent_at: str | None
    kind: str
    text: str
    more_text: tuple[str, ...]
    marks: tuple[str, ...]
    edited_at: str | None
    reply_to: int | None
    attachments: tuple[ShownAttachment, ...]
    reactions: tuple[ShownReaction, ...]
    versions: tuple[ShownVersion, ...]


class Page(msgspec.Struct, frozen=True):
    """A stretch of one conversation; `here` is the message that was asked for."""

    conversation: str
    platform: str
    here: int
    messages: tuple[Shown, ...]


def show(db: Connection, message_id: int, *, context: int) -> Page:
    """A message and those around it; Usage when there is none with this number."""
    center = queries.message(db, message_id) if message_id < 2**63 else None
    if center is None:
        raise Usage(
            f"there is no message {message_id}", remedy="`chatvault search` shows their numbers"
        )
    return page(db, center, context=context)


def page(db: Connection, center: MessageRow, *, context: int) -> Page:
    """A message and those around it in its conversation, with everything that hangs on them."""
    rows = queries.around(db, center, context)
    numbers = [row.id for row in rows]
    attachments = message_parts.attachments_of(db, numbers)
    reactions = message_parts.reactions_of(db, numbers)
    versions = message_parts.versions_of(db, numbers)
    answered = message_parts.answered(db, numbers)
    names = dict(queries.member_keys(db, center.conversation)) if reactions else {}
    messages = tuple(
        Shown(
            id=row.id, sender=row.sender_name, sent_at=iso(row.sent_at), kind=row.kind,
            text=row.text, more_text=row.more_text, marks=row.marks, edited_at=iso(row.edited_at),
            reply_to=answered.get(row.id),
            attachments=tuple(
                ShownAttachment(a.id, a.name, a.kind, a.media_type, a.size, a.state)
                for a in attachments.get(row.id, ())
            ),
            reactions=tuple(
                ShownReaction(r.emoji, names.get(r.sender, r.sender.removeprefix("name:")), r.count)
                for r in reactions.get(row.id, ())
            ),
            versions=tuple(
                ShownVersion(text, iso(at)) for text, at in versions.get(row.id, ())
            ),
        )
        for row in rows
    )  # fmt: skip
    return Page(center.conversation_title, center.platform, center.id, messages)


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
    return page(db, center, context=context)


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
