"""One row of the table `message` of Apple's Messages: what it is, and the message it makes."""

import base64
import math
from collections.abc import Mapping

import msgspec

from chatvault.importers._imessage_plist import history, preview
from chatvault.importers._imessage_text import decoded, sent_text
from chatvault.importers._imessage_time import apple_time
from chatvault.importers._sqlite import Value
from chatvault.model import Attachment, Mark, Message, MessageKind

# What the app notes for itself.
BOOKKEEPING = dict.fromkeys(
    (
        "replace", "service_center", "country", "version", "type", "account_guid", "is_delivered",
        "is_finished", "is_emote", "is_empty", "is_delayed", "is_prepared", "is_sent",
        "has_dd_results", "is_archive", "cache_has_attachments", "was_data_detected",
        "was_deduplicated", "is_played", "ck_sync_state", "ck_record_id", "ck_record_change_tag",
        "is_corrupt", "sort_id", "has_unseen_mention", "syndication_ranges",
        "synced_syndication_ranges", "part_count", "is_kt_verified", "fallback_hash", "is_read",
        "was_delivered_quietly", "did_notify_recipient", "is_pending_satellite_send", "needs_relay",
        "bia_reference_id", "message_source", "associated_message_range_location",
        "associated_message_range_length", "reply_to_guid",
    ),
    "what the app notes for itself",
)  # fmt: skip
REPEATED = {
    "attributedBody": "the text, which is kept; its formats are not",
    "cache_roomnames": "the conversation, which is kept",
    "message_summary_info": "the history of the text, kept as versions",
    "payload_data": "what an app needs to draw its message; of a link, title and address are kept",
}
# What becomes a field of the message.
_TOLD = frozenset({
    "guid", "text", "handle_id", "date", "is_from_me", "date_edited", "thread_originator_guid",
    "associated_message_guid", "associated_message_type", "associated_message_emoji",
    "is_audio_message", "account", "destination_caller_id", "other_handle",
})  # fmt: skip
_LARGEST_BLOB = 4096

LOVED = 2000
EMOJI = ("❤️", "👍", "👎", "😂", "‼️", "❓")
ANY_EMOJI = 2006
PLACED = frozenset({1000, 2007})  # stickers
REMOVED = 1000  # so much higher is the number for taking the same back
LINK = "com.apple.messages.URLBalloonProvider"
_APPS = (
    ("findmy", MessageKind.LOCATION),
    ("PeerPayment", MessageKind.TRANSFER),
    ("Polls", MessageKind.POLL),
)
GUID = 36

Fields = Mapping[str, Value]


class Tapback(msgspec.Struct, frozen=True, order=True):
    """A reaction as the database has it; later ones are larger."""

    date: int
    rowid: int
    form: int
    emoji: str
    part: str
    handle: int  # 0: the owner


def number(row: Fields, name: str) -> int:
    """A whole number; 0 where there is none."""
    value = row.get(name)
    return value if isinstance(value, int) else 0


def text(row: Fields, name: str) -> str:
    """A text; empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def target(row: Fields) -> tuple[str, str]:
    """Guid and part of the message that a row is about: `p:0/<guid>`, `bp:<guid>` or the guid."""
    reference = text(row, "associated_message_guid")
    before = reference[:-GUID]
    part = before.removeprefix("p:").removesuffix("/") if before.startswith("p:") else ""
    return reference[-GUID:], "" if part == "0" else part


def tapback(rowid: int, row: Fields) -> Tapback | None:
    """The reaction that a row is, or takes back; None if it is none."""
    form = number(row, "associated_message_type")
    kind = form - REMOVED if form >= LOVED + REMOVED else form
    if not LOVED <= kind <= ANY_EMOJI or not text(row, "associated_message_guid"):
        return None
    emoji = EMOJI[kind - LOVED] if kind < ANY_EMOJI else text(row, "associated_message_emoji")
    return Tapback(
        date=number(row, "date"),
        rowid=rowid,
        form=form,
        emoji=emoji or "tapback",
        part=target(row)[1],
        handle=0 if number(row, "is_from_me") else number(row, "handle_id"),
    )


def message(
    row: Fields,
    *,
    conversation_id: str,
    sender_id: str | None,
    seq: int,
    attachments: tuple[Attachment, ...],
    extra: dict[str, object],
    deleted: bool,
) -> Message:
    """The message of a row; Malformed where its time is none."""
    sent_at = apple_time(_time(row, "date"))
    balloon = text(row, "balloon_bundle_id")
    body, recovered = _body(row)
    past = history(row.get("message_summary_info"))
    edited_at = apple_time(_time(row, "date_edited"))
    link = preview(row.get("payload_data")) if balloon else {}
    kind = _kind(row, balloon, attachments)
    found = sent_text(body, balloon=bool(balloon))
    about, _ = target(row)
    if number(row, "associated_message_type"):
        # A tapback tells in words what it is; nobody wrote them.
        extra = {**extra, "associated_message_guid": text(row, "associated_message_guid"),
                 "associated_message_type": number(row, "associated_message_type"),
                 **({"text": found} if found else {})}  # fmt: skip
        found = ""
    unsent = bool(past.unsent or number(row, "date_retracted")) and not (found or attachments)
    marks = (
        *((Mark.EDITED,) if past.versions and not unsent else ()),
        *((Mark.RECALLED,) if unsent else ()),
        *((Mark.DELETED,) if deleted else ()),
    )
    if past.unsent:
        extra = {**extra, "unsent_parts": list(past.unsent)}
    if recovered:
        extra = {**extra, "text_recovered": True}
    blob = row.get("attributedBody")
    if not body and isinstance(blob, bytes) and decoded(blob) is None:
        extra = {**extra, "attributedBody": _plain(blob)}
    more = (text(row, "subject"), text(row, "group_title"), *link.values())
    return Message(
        id=text(row, "guid") or None,
        conversation_id=conversation_id,
        sender_id=sender_id,
        sent_at=sent_at,
        seq=seq,
        kind=kind,
        text=found,
        scope=conversation_id,
        reply_to_id=text(row, "thread_originator_guid") or (about or None),
        more_text=tuple(dict.fromkeys(one for one in more if one and one != found)),
        attachments=attachments,
        edited_at=edited_at if past.versions else None,
        versions=past.versions,
        marks=marks,
        extra={**_rest(row), **({"link": link} if link else {}), **extra},
    )


def _body(row: Fields) -> tuple[str, bool]:
    plain, blob = text(row, "text"), row.get("attributedBody")
    if plain or not isinstance(blob, bytes):
        return plain, False
    found = decoded(blob)
    return (found.text, found.recovered) if found else ("", False)


def _kind(row: Fields, balloon: str, attachments: tuple[Attachment, ...]) -> MessageKind:
    form = number(row, "associated_message_type")
    if form in PLACED:
        return MessageKind.STICKER
    if form:
        return MessageKind.OTHER
    if number(row, "item_type") or number(row, "group_action_type") or text(row, "group_title"):
        return MessageKind.SYSTEM
    if balloon == LINK:
        return MessageKind.LINK
    if balloon:
        return next((kind for name, kind in _APPS if name in balloon), MessageKind.OTHER)
    if attachments:
        return attachments[0].kind
    return MessageKind.VOICE if number(row, "is_audio_message") else MessageKind.TEXT


def _time(row: Fields, name: str) -> int | float | None:
    value = row.get(name)
    return value if isinstance(value, int | float) else None


def _rest(row: Fields) -> dict[str, object]:
    """The columns that are not empty and are told nowhere else."""
    found: dict[str, object] = {}
    for name, value in row.items():
        if name in _TOLD or name in BOOKKEEPING or name in REPEATED or not value:
            continue
        if (name, value) == ("service", "iMessage"):
            continue
        if isinstance(value, bytes):
            found[name] = _plain(value)
        else:
            finite = not isinstance(value, float) or math.isfinite(value)
            found[name] = value if finite else str(value)
    return found


def _plain(value: bytes) -> object:
    """Bytes as a record can hold them, if they are few."""
    large = len(value) > _LARGEST_BLOB
    return {"bytes": len(value)} if large else base64.b64encode(value).decode()
