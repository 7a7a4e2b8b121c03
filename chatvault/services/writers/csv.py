"""A conversation as a table for spreadsheets: every cell quoted, and none of them a formula."""

from collections.abc import Iterable, Iterator

from chatvault.services.dates import iso_z
from chatvault.services.restore_report import row_of
from chatvault.services.writers import words
from chatvault.services.writers.told import Frame, Item
from chatvault.vault.restoring import About, Place

COLUMNS = (
    "time_utc", "time", "conversation", "platform", "sender", "kind", "text", "files", "not_here",
    "answers", "reactions", "marks", "edited_utc", "earlier_texts", "more_text", "message_id",
    "answers_id",
)  # fmt: skip
MARK = "\ufeff"  # without it spreadsheets do not take the file for UTF-8


def write(place: Place, about: About, items: Iterable[Item], *, frame: Frame) -> Iterator[str]:
    """The text of one conversation's file."""
    yield MARK + row_of(COLUMNS)
    names = about.names()
    for item in items:
        message = item.message
        pairs = list(zip(message.attachments, item.media, strict=True))
        yield row_of(
            [
                "" if message.sent_at is None else iso_z(message.sent_at),
                words.moment(message, frame),
                place.title,
                place.platform,
                message.sender_name or message.sender or "",
                message.kind,
                message.text,
                "\n".join(media.path for _, media in pairs if media.path),
                "\n".join(
                    f"{words.label(kept)} ({words.why_not(kept, media)})"
                    for kept, media in pairs
                    if not media.path
                ),
                words.answered(item),
                ", ".join(words.reactions(message, names)),
                ", ".join(words.marks(message)),
                "" if message.edited_at is None else iso_z(message.edited_at),
                "\n".join(message.other_texts()),
                "\n".join(message.more_text),
                message.platform_id or "",
                message.reply_to or "",
            ]
        )
