"""What importers yield: poor, platform-free records, in the order of the export.

A record refers only to what came before it: conversation, then participant, then message, then the
message's reactions. The same records, one JSON object per line, are our own export format
(`docs/records.md`) and the golden files of the tests.
"""

from enum import StrEnum
from typing import Annotated

import msgspec


class ConversationKind(StrEnum):
    """How many people a conversation is between."""

    DIRECT = "direct"
    GROUP = "group"
    CHANNEL = "channel"


class Precision(StrEnum):
    """The smallest unit in which the export tells a time."""

    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"
    MILLISECOND = "millisecond"


class MessageKind(StrEnum):
    """What a message is; what somebody wrote under a picture does not make the picture a text."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    VOICE = "voice"
    AUDIO = "audio"
    ANIMATION = "animation"
    STICKER = "sticker"
    FILE = "file"
    MEDIA = "media"  # left out of the export, and the export does not say what it was
    LINK = "link"
    LOCATION = "location"
    CONTACT = "contact"
    CALL = "call"
    POLL = "poll"
    FORWARD = "forward"  # a bundle of messages from another conversation, sent as one
    TRANSFER = "transfer"  # money
    RED_PACKET = "red_packet"
    SYSTEM = "system"
    OTHER = "other"


class Mark(StrEnum):
    """Something that happened to a message, or must be known about it."""

    EDITED = "edited"
    DELETED = "deleted"
    RECALLED = "recalled"
    EXPIRED = "expired"
    FORWARDED = "forwarded"
    VIEW_ONCE = "view_once"
    UNDECRYPTED = "undecrypted"  # the app itself could not read it when it was exported
    SUSPECT = "suspect"  # the line may be text that somebody pasted into another message


class AttachmentState(StrEnum):
    """Whether the file of an attachment is in the export, and if not, why."""

    PRESENT = "present"
    ABSENT_NOT_EXPORTED = "absent_not_exported"  # the export was made without it
    MISSING_FILE = "missing_file"  # referred to, but not there
    REMOTE_ONLY = "remote_only"  # only an address, which is never fetched
    FAILED_AT_EXPORT = "failed_at_export"
    PLACEHOLDER_ONLY = "placeholder_only"  # a word such as [image] and nothing else
    SKIPPED_TOO_BIG = "skipped_too_big"
    UNAVAILABLE = "unavailable"


class Timestamp(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A moment in UTC, and what the export said about it.

    `as_exported` is the number or, for a wall clock, its ISO form (`2024-05-17T15:04`), so that two
    phones with different date styles agree. `basis` is `unix`, `offset` or `assumed:<zone>`.
    """

    utc_ms: int
    as_exported: str
    offset_minutes: int | None = None
    precision: Precision = Precision.SECOND
    basis: str = "unix"


class RecordBase(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag=True, omit_defaults=True
):
    """What all records share: the name of the class travels with them."""


class Conversation(RecordBase, frozen=True, kw_only=True):
    """A place where messages are exchanged; each one told opens a new transcript.

    `id` is unique on its platform. `title_is_id` says that the export gives no id and `id` was made
    from the title. `owner` is the participant whose account this is, where the export says so.
    """

    id: str
    platform: str
    title: str
    kind: ConversationKind
    owner: str | None = None
    title_is_id: bool = False
    extra: dict[str, object] = {}


class Participant(RecordBase, frozen=True, kw_only=True):
    """One identity on one platform; told again when its name changes.

    `id` is the platform's, or `name:<name>` where the export knows only names: then it counts only
    inside its conversation. `is_me` says that the export was made by this participant.
    """

    id: str
    name: str
    conversation_id: str
    handles: tuple[str, ...] = ()  # phone numbers, mail addresses, user names, as exported
    aliases: tuple[str, ...] = ()  # other names of the same participant
    is_me: bool = False
    extra: dict[str, object] = {}


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that belongs to a message; `path` is None when the export lacks it, `state` why."""

    name: str
    path: str | None = None  # its name in the source
    state: AttachmentState = AttachmentState.PRESENT
    kind: MessageKind = MessageKind.FILE
    as_exported: str = ""  # the reference as the export has it
    type: str = ""  # media type, where the export says
    size: int | None = None  # bytes, where the export says
    sha256: str = ""  # hex, where the export says
    duration: float | None = None  # seconds
    stable_name: bool = True  # False where the platform renumbers or drops names at each export
    others: tuple["Attachment", ...] = ()  # other files that exports hold in its place


Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Key(msgspec.Struct, frozen=True):
    """By what an archive recognises other copies of a text; only a restored archive tells it."""

    minute: Int64
    hash: Int64


class Version(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An earlier text of a message that was edited.

    The present text may be among the versions: then they also say when it was written. `key` is
    told where it does not follow from the message and the text.
    """

    text: str
    at: Timestamp | None = None
    key: Key | None = None


class Message(RecordBase, frozen=True, kw_only=True):
    """One message, its text exactly as sent; `id` is None where the platform gives none.

    `scope` is where the id is unique (empty: everywhere on the platform). `seq` is the place in the
    transcript. `more_text` is what else people search for: titles of links, quoted and forwarded
    text, transcripts of voices, options of polls.
    """

    id: str | None
    conversation_id: str
    sender_id: str | None
    sent_at: Timestamp | None
    seq: int
    kind: MessageKind
    text: str
    scope: str = ""
    reply_to_id: str | None = None
    more_text: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    edited_at: Timestamp | None = None
    versions: tuple[Version, ...] = ()
    marks: tuple[Mark, ...] = ()
    extra: dict[str, object] = {}
    more_extra: tuple[dict[str, object], ...] = ()  # what other exports of it said besides


class Reaction(RecordBase, frozen=True, kw_only=True):
    """A reaction to the message told just before; `count` where the export names no people."""

    emoji: str
    sender_id: str | None = None
    count: int = 1
    at: Timestamp | None = None
    extra: dict[str, object] = {}


class Assumption(RecordBase, frozen=True, kw_only=True):
    """Something the export does not say and the importer had to take as given; told in the receipt.

    `what` is for instance `timezone` or `date_order`.
    """

    what: str
    value: str
    why: str


class Problem(RecordBase, frozen=True, kw_only=True):
    """An item of the export that could not be read, kept whole."""

    file: str
    part: str
    reason: str
    raw: str


Record = Conversation | Participant | Message | Reaction | Assumption | Problem
