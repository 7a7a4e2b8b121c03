"""ChatVault's own records, one per line (docs/records.md): the form that loses nothing.

Each conversation is one transcript in which every message stands once, with all that exports ever
said of it. So reading it back makes exactly the rows that were there.
"""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

import msgspec

from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Key,
    Mark,
    Message,
    MessageKind,
    Participant,
    Precision,
    Reaction,
    Record,
    Timestamp,
    Version,
)
from chatvault.services.writers.told import Frame, Item, Media
from chatvault.vault import content_key
from chatvault.vault.restoring import About, Kept, Place, Whole

HEADER = '{"chatvault":"records","version":1}\n'


def write(
    place: Place,
    about: About,
    items: Iterable[Item],
    *,
    frame: Frame,  # noqa: ARG001 - all writers are called alike
) -> Iterator[str]:
    """The lines of one conversation's file."""
    yield HEADER
    for record in records(place, about, items):
        yield msgspec.json.encode(record).decode() + "\n"


def records(place: Place, about: About, items: Iterable[Item]) -> Iterator[Record]:
    """A conversation as an importer would yield it."""
    titles = about.titles or ((place.title, place.kind),)
    for title, extra in zip_longest(titles, about.extras):
        name, kind = title or titles[0]
        yield Conversation(
            id=place.key, platform=place.platform, title=name, kind=ConversationKind(kind),
            owner=place.owner, title_is_id=place.title_is_id, extra=_object(extra),
        )  # fmt: skip
    for member in about.members:
        names = member.said("name") or (member.name,)
        for said, extra in zip_longest(names, member.said("extra")):
            yield Participant(
                id=member.key, name=names[0] if said is None else said, conversation_id=place.key,
                handles=member.said("handle"), aliases=member.said("alias"), is_me=member.is_me,
                extra=_object(extra),
            )  # fmt: skip
    for seq, item in enumerate(items):
        yield message_record(place, item, seq)
        for told in item.message.reactions:
            yield Reaction(
                emoji=told.emoji, sender_id=told.sender or None, count=told.count,
                at=_moment(told.at), extra=_object(told.extra),
            )  # fmt: skip


def message_record(place: Place, item: Item, seq: int) -> Message:
    """One message, whole."""
    row = item.message
    extra, *more_extra = [_object(plain) for plain in row.extras] or [{}]
    record = Message(
        id=row.platform_id, conversation_id=place.key, sender_id=row.sender, sent_at=_sent_at(row),
        seq=seq, kind=MessageKind(row.kind), text=row.text, scope=row.scope or "",
        reply_to_id=row.reply_to, more_text=row.more_text, edited_at=_moment(row.edited_at),
        marks=tuple(Mark(mark) for mark in row.marks), extra=extra, more_extra=tuple(more_extra),
    )  # fmt: skip
    if row.attachments:
        record = _with_attachments(record, item)
    if row.variants:
        record = msgspec.structs.replace(record, versions=tuple(_versions(record, row)))
    return record


def _object(text: str | bytes | None) -> dict[str, object]:
    return msgspec.json.decode(text, type=dict[str, object]) if text else {}


def _moment(utc_ms: int | None) -> Timestamp | None:
    """A time of which only the moment was kept."""
    if utc_ms is None:
        return None
    precision = Precision.MILLISECOND if utc_ms % 1000 else Precision.SECOND
    return Timestamp(utc_ms, str(utc_ms), precision=precision)


def _sent_at(row: Whole) -> Timestamp | None:
    if row.sent_at is None:
        return None
    return Timestamp(
        utc_ms=row.sent_at, as_exported=row.sent_as_exported or "",
        offset_minutes=row.utc_offset_minutes,
        precision=Precision(row.time_precision or Precision.SECOND), basis=row.time_basis or "unix",
    )  # fmt: skip


def _with_attachments(record: Message, item: Item) -> Message:
    """The attachments by their places; in some, exports hold several files."""
    places: dict[int, list[Attachment]] = {}
    for kept, media in zip(item.message.attachments, item.media, strict=True):
        places.setdefault(kept.ordinal, []).append(_attachment(kept, media))
    attachments = [
        msgspec.structs.replace(first, others=tuple(others))
        for _, (first, *others) in sorted(places.items())
    ]
    return msgspec.structs.replace(record, attachments=tuple(attachments))


def _attachment(kept: Kept, media: Media) -> Attachment:
    state, sha256 = AttachmentState(kept.state), kept.sha256
    if kept.file is not None and media.path is None:
        # By its hash it finds its file again when an import brings it.
        sha256 = sha256 or kept.bytes_sha256 or ""
        state = AttachmentState.ABSENT_NOT_EXPORTED
        if media.damaged:
            state = AttachmentState.UNAVAILABLE
    return Attachment(
        name=kept.name, path=media.path, state=state, kind=MessageKind(kept.kind),
        as_exported=kept.as_exported, type=kept.type, size=kept.size, sha256=sha256,
        duration=kept.duration, stable_name=kept.stable_name,
    )  # fmt: skip


def _versions(record: Message, row: Whole) -> Iterator[Version]:
    for variant in row.variants:
        key = (variant.minute, variant.content_hash)
        follows = key == _key(msgspec.structs.replace(record, text=variant.text))
        yield Version(
            text=variant.text,
            at=_moment(variant.at),
            key=None if follows else Key(*key),
        )


def _key(record: Message) -> tuple[int, int]:
    content_hash = content_key.content_hash(record, record.sender_id or "")
    return content_key.minute(record.sent_at), content_hash
