"""One message of Telegram Desktop's JSON: its sender, time, kind, files and reactions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

from chatvault.importers._clock import FileClock, wall_time, zone_for
from chatvault.importers._fields import Malformed, maybe, need, number, rest, unix_time
from chatvault.importers._people import folded
from chatvault.importers._source import Source, Told
from chatvault.importers._telegram_text import searchable, text_of, unwrapped
from chatvault.model import (
    Assumption,
    Attachment,
    AttachmentState,
    Mark,
    Message,
    MessageKind,
    Reaction,
    Timestamp,
)

_MEDIA_TYPES = {
    "sticker": MessageKind.STICKER,
    "video_message": MessageKind.VIDEO,
    "voice_message": MessageKind.VOICE,
    "animation": MessageKind.ANIMATION,
    "video_file": MessageKind.VIDEO,
    "audio_file": MessageKind.AUDIO,
}
# A round video, filmed for the chat, is a video like others but for this word.
_TOLD_BY_KIND = _MEDIA_TYPES.keys() - {"video_message"}
# The first of these fields that a message has says what it is.
_KIND_FIELDS = {
    "photo": MessageKind.IMAGE,
    "file": MessageKind.FILE,
    "contact_information": MessageKind.CONTACT,
    "location_information": MessageKind.LOCATION,
    "live_location_period_seconds": MessageKind.LOCATION,
    "place_name": MessageKind.LOCATION,
    "poll": MessageKind.POLL,
    "invoice_information": MessageKind.TRANSFER,
    "game_title": MessageKind.OTHER,
    "todo_list": MessageKind.OTHER,
    "giveaway_information": MessageKind.OTHER,
    "giveaway_results": MessageKind.OTHER,
    "self_destruct_period_seconds": MessageKind.MEDIA,
    "paid_stars_amount": MessageKind.MEDIA,
}
_ACTIONS = {
    "phone_call": MessageKind.CALL,
    "conference_call": MessageKind.CALL,
    "group_call": MessageKind.CALL,
    "send_payment": MessageKind.TRANSFER,
    "refunded_payment": MessageKind.TRANSFER,
}
# A file that is not there has one of three texts in place of its path; the same in all languages of
# the app and since the first version of the export.
_ABSENT = {
    "(File unavailable": AttachmentState.UNAVAILABLE,
    "(File exceeds": AttachmentState.SKIPPED_TOO_BIG,
    "(File not included": AttachmentState.ABSENT_NOT_EXPORTED,
}
_SAME = timedelta(seconds=2)  # of a reaction and of what the server did then
_SENDERS = (("actor", "actor_id"), ("from", "from_id"))


class WallClock:
    """The clocks of an export without `date_unixtime` (before June 2022), in the zone that was told
    or else is assumed.
    """

    def __init__(self, told: Told) -> None:
        self._told = told
        self._file: FileClock | None = None
        self._zone = ""
        self.assumption: Assumption | None = None  # set once the zone had to be assumed

    def begin(self) -> None:
        """A new transcript, in which the time starts again."""
        self._file = None

    def message(self, text: str) -> Timestamp:
        """The time of the next message."""
        if self._file is None:
            self._file = FileClock(self._named())
        return self._file.time(_wall(text))

    def other(self, text: str, message: Timestamp | None) -> Timestamp:
        """Another time beside a message: of an edit, of a reaction.

        Where nobody told a zone it is taken to be as far from UTC as the message's own clock.
        """
        wall = _wall(text)
        if self._told.zone is None and message and message.offset_minutes is not None:
            utc = wall_time(wall, "UTC").utc_ms - message.offset_minutes * 60_000
            hours, minutes = divmod(abs(message.offset_minutes), 60)
            sign = "-" if message.offset_minutes < 0 else "+"
            basis = f"assumed:UTC{sign}{hours:02}:{minutes:02}"
            return Timestamp(utc_ms=utc, as_exported=text, basis=basis)
        return wall_time(wall, self._named())

    def _named(self) -> str:
        if not self._zone:
            self._zone, self.assumption = zone_for(self._told)
        return self._zone


def _wall(text: str) -> datetime:
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as cause:
        raise Malformed("a time that is none") from cause
    if wall.tzinfo is not None:
        raise Malformed("a local time with a zone")
    return wall


def person(item: object, name_field: str, id_field: str, *, chat: str = "") -> tuple[str, str]:
    """Id and name of who sent or did something; the id is empty where the item names nobody.

    `chat` is the id of the conversation, for numbers that do not say what they number.
    """
    name = maybe(item, name_field, str) or ""
    written = maybe(item, id_field, str, int)
    if isinstance(written, str) and written:
        return written, name
    if isinstance(written, int):
        # Until April 2021 a number: of a user, or (with a 1 or 2 above its 32 bits) of a user, or
        # of a group or channel (kUserPeerIdShift and kChatPeerIdShift in Telegram Desktop).
        above, below = divmod(written, 2**32)
        if above != 2:
            return f"user{below if above == 1 else written}", name
        kind, _, own = chat.partition(":")
        return f"{kind if own == str(below) and kind != 'user' else 'channel'}{below}", name
    return (f"name:{folded(name)}" if name else ""), name


def sender(item: object, chat: str) -> tuple[str, str]:
    """Id and name of the sender of a message, or of who did what a service message tells."""
    for name, field in _SENDERS:
        if isinstance(item, dict) and (name in item or field in item):
            identifier, found = person(item, name, field, chat=chat)
            if identifier:
                return identifier, found
    return "", ""


def message(
    item: object, source: Source, clock: WallClock, *, chat: str, seq: int, sender_id: str
) -> Message:
    """The message of an item; Malformed if it is none."""
    identifier = need(item, "id", int)
    form = need(item, "type", str)
    fields = cast("dict[str, object]", item)  # `need` has seen to it
    sent_at, used = _sent_at(fields, clock, form)
    edited_at = _edited_at(fields, clock, sent_at)
    text, extra = text_of(fields)
    attachments, in_files = _attachments(fields, source)
    used |= _USED | in_files
    if form in {"message", "service"}:  # told by the kind
        used.add("type")
    if edited_at is not None and _is_of_reaction(fields):
        edited_at = None
        used -= {"edited", "edited_unixtime"}
    reply_to = maybe(item, "reply_to_message_id", int)
    # Only a reply to something in another conversation names where that is.
    if reply_to is not None and "reply_to_peer_id" not in fields:
        used.add("reply_to_message_id")
    else:
        reply_to = None
    return Message(
        id=str(identifier),
        conversation_id=chat,
        sender_id=sender_id or None,
        sent_at=sent_at,
        seq=seq,
        kind=_kind(fields, form),
        text=text,
        scope=chat,
        reply_to_id=None if reply_to is None else str(reply_to),
        more_text=searchable(fields),
        attachments=attachments,
        edited_at=edited_at,
        marks=tuple(_marks(fields, edited_at)),
        extra={**extra, **{name: unwrapped(fields, name) for name in rest(item, used)}},
    )


_USED = {
    "id", "edited", "edited_unixtime", "reactions", "text", "text (1)", "text (2)",
    "text_entities", *(name for pair in _SENDERS for name in pair),
}  # fmt: skip


def _sent_at(
    item: dict[str, object], clock: WallClock, form: str
) -> tuple[Timestamp | None, set[str]]:
    """When it was sent, and the fields that say so."""
    local, seconds = maybe(item, "date", str), maybe(item, "date_unixtime", str, int)
    if seconds is not None:
        try:
            return _moment(seconds, local), {"date", "date_unixtime"}
        except Malformed:  # perhaps only the local clock is wrong; then it is kept as it is
            return _moment(seconds), {"date_unixtime"}
    if local is not None:
        return clock.message(local), {"date"}
    if form in {"message", "service"}:
        raise Malformed("no 'date'")
    return None, set()  # an `unsupported` message has nothing but an id


def _moment(seconds: str | int, local: str | None = None) -> Timestamp:
    if number(seconds) >= 10**10:  # always seconds here, so never milliseconds
        raise Malformed("a time out of range")
    return unix_time(seconds, local)


def _edited_at(
    item: dict[str, object], clock: WallClock, sent_at: Timestamp | None
) -> Timestamp | None:
    local, seconds = maybe(item, "edited", str), maybe(item, "edited_unixtime", str, int)
    # Until June 2020 every message had the field, and the year 1970 meant: never.
    if (local or "").startswith("1970-") or (local is None and seconds is None):
        return None
    if seconds is not None:
        return _moment(seconds, local)
    return clock.other(local or "", sent_at)


def _is_of_reaction(item: dict[str, object]) -> bool:
    """Whether `edited` is the time of a reaction: Telegram's server sets it for those as well."""
    edited = maybe(item, "edited", str)
    if not edited:
        return False
    times = (
        maybe(one, "date", str)
        for reaction in maybe(item, "reactions", list) or ()
        for one in maybe(reaction, "recent", list) or ()
    )
    try:
        return any(abs(_wall(edited) - _wall(time)) <= _SAME for time in times if time)
    except Malformed:
        return False


def _kind(item: dict[str, object], form: str) -> MessageKind:
    if form == "service":
        return _ACTIONS.get(maybe(item, "action", str) or "", MessageKind.SYSTEM)
    if form != "message":
        return MessageKind.OTHER
    media_type = maybe(item, "media_type", str)
    if media_type is not None:
        return _MEDIA_TYPES.get(media_type, MessageKind.FILE)
    for field, kind in _KIND_FIELDS.items():
        if field in item:  # also as null: a place that was not shared in the end
            return kind
    return MessageKind.TEXT


def _marks(item: dict[str, object], edited_at: Timestamp | None) -> Iterator[Mark]:
    if edited_at is not None:
        yield Mark.EDITED
    if "forwarded_from" in item or "saved_from" in item:  # null: from a deleted account
        yield Mark.FORWARDED


def _attachments(
    item: dict[str, object], source: Source
) -> tuple[tuple[Attachment, ...], set[str]]:
    """The files of a message, and the fields that are told by them."""
    found = []
    used: set[str] = set()
    if photo := maybe(item, "photo", str):
        found.append(_attachment(
            source, photo, kind=MessageKind.IMAGE, size=maybe(item, "photo_file_size", int)
        ))  # fmt: skip
        used |= {"photo", "photo_file_size"}
    if file := maybe(item, "file", str):
        found.append(_attachment(
            source,
            file,
            kind=_MEDIA_TYPES.get(maybe(item, "media_type", str) or "", MessageKind.FILE),
            name=maybe(item, "file_name", str) or "",
            size=maybe(item, "file_size", int),
            mime=maybe(item, "mime_type", str) or "",
            duration=maybe(item, "duration_seconds", int, float),
        ))  # fmt: skip
        used |= {"file", "file_name", "file_size", "mime_type", "duration_seconds", "media_type"}
    if card := maybe(item, "contact_vcard", str):
        found.append(_attachment(
            source,
            card,
            kind=MessageKind.CONTACT,
            size=maybe(item, "contact_vcard_file_size", int),
            mime="text/vcard",
        ))  # fmt: skip
        used |= {"contact_vcard", "contact_vcard_file_size"}
    if maybe(item, "media_type", str) not in _TOLD_BY_KIND:
        used.discard("media_type")
    return tuple(found), used


def _attachment(
    source: Source,
    reference: str,
    *,
    kind: MessageKind,
    name: str = "",
    size: int | None = None,
    mime: str = "",
    duration: float | None = None,
) -> Attachment:
    path = source.resolve(reference)
    state = AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT
    in_export = reference.rpartition("/")[2]
    for beginning, reason in _ABSENT.items():
        if reference.startswith(beginning) and path is None:
            state, in_export = reason, ""
    return Attachment(
        name=name or in_export,
        path=path,
        state=state,
        kind=kind,
        as_exported=reference,
        type=mime,
        size=size,
        duration=duration,
        stable_name=bool(name),  # all other names hold a number that each export counts anew
    )


def reactors(item: object) -> Iterator[tuple[str, str]]:
    """Id and name of everybody who is named beside a reaction."""
    for reaction in maybe(item, "reactions", list) or ():
        for one in maybe(reaction, "recent", list) or ():
            identifier, name = person(one, "from", "from_id")
            if identifier:
                yield identifier, name


def reactions(item: object, clock: WallClock, sent_at: Timestamp | None) -> Iterator[Reaction]:
    """The reactions to a message: one for each who is named, and the number of the others."""
    for reaction in maybe(item, "reactions", list) or ():
        form = maybe(reaction, "type", str) or ""
        emoji = maybe(reaction, "emoji", str) or maybe(reaction, "document_id", str)
        emoji = emoji or _EMOJI.get(form, form)
        extra = rest(reaction, {"count", "emoji", "document_id", "recent"})
        if form == "emoji":
            del extra["type"]
        named = 0
        for one in maybe(reaction, "recent", list) or ():
            local = maybe(one, "date", str)
            yield Reaction(
                emoji=emoji,
                sender_id=person(one, "from", "from_id")[0] or None,
                at=None if local is None else clock.other(local, sent_at),
                extra={**extra, **rest(one, {"from", "from_id", "date"})},
            )
            named += 1
        count = maybe(reaction, "count", int)
        others = 1 - named if count is None else count - named
        if others > 0:
            yield Reaction(emoji=emoji, count=others, extra=extra)


_EMOJI = {"paid": "\N{WHITE MEDIUM STAR}"}
