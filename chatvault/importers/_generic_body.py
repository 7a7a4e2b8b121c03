"""What the fields of a generic form mean: kinds, files, directions, ids."""

import re

from chatvault.importers._chatlab_item import TYPES
from chatvault.importers._generic_columns import plain
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, Mark, MessageKind

MEDIA = frozenset({
    MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.VOICE, MessageKind.AUDIO,
    MessageKind.ANIMATION, MessageKind.STICKER, MessageKind.FILE, MessageKind.MEDIA,
})  # fmt: skip
RECALLED = "81"  # ChatLab's number for a message that was taken back
_KINDS = {kind.value.replace("_", ""): kind for kind in MessageKind} | {
    "gif": MessageKind.ANIMATION, "photo": MessageKind.IMAGE, "picture": MessageKind.IMAGE,
    "document": MessageKind.FILE, "voicemessage": MessageKind.VOICE, "emoji": MessageKind.STICKER,
    "notice": MessageKind.SYSTEM, "event": MessageKind.SYSTEM,
}  # fmt: skip
_MINE = frozenset({
    "1", "true", "yes", "y", "out", "outgoing", "outbound", "sent", "me",
})  # fmt: skip
_NOT_MINE = frozenset({
    "0", "false", "no", "n", "in", "incoming", "inbound", "received",
})  # fmt: skip
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]{1,20}://", re.IGNORECASE)
# What a spreadsheet leaves of a number of many digits.
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+\d+")


def kind_of(written: str) -> MessageKind | None:
    """The kind that a name or a number of ChatLab's means; None if it is neither."""
    if written.isascii() and written.isdigit() and len(written) < 4:
        return TYPES.get(int(written))
    return _KINDS.get(plain(written))


def marks_of(written: str) -> tuple[Mark, ...]:
    """What else a type says."""
    return (Mark.RECALLED,) if written == RECALLED else ()


def is_mine(written: str) -> bool | None:
    """Whether the owner of the export sent it; None if the cell does not say."""
    word = plain(written)
    return True if word in _MINE else False if word in _NOT_MINE else None


def whole_id(written: str) -> str:
    """An id as it is; empty where a spreadsheet has rounded it."""
    return "" if _ROUNDED.fullmatch(written) else written


def references(cell: str) -> list[str]:
    """The files of one cell, which `|` or lines keep apart."""
    return [one.strip() for one in re.split(r"[|\n]", cell) if one.strip()]


def attachment(
    source: Source, base: str, reference: str, *, kind: MessageKind | None = None
) -> Attachment:
    """The file that a reference means, which is relative to the folder `base`."""
    if _REMOTE.match(reference):
        return Attachment(
            name="",
            state=AttachmentState.REMOTE_ONLY,
            kind=kind or kind_by_name(re.split(r"[?#]", reference)[0]),
            as_exported=reference,
        )
    path = source.resolve(reference, base)
    name = (path or reference).replace("\\", "/").rpartition("/")[2]
    return Attachment(
        name=name,
        path=path,
        state=AttachmentState.PRESENT if path is not None else AttachmentState.MISSING_FILE,
        kind=kind or kind_by_name(name),
        as_exported=reference,
    )


def left_out(kind: MessageKind, written: str) -> Attachment:
    """What stands for a file of which a row says the type and nothing else."""
    return Attachment(
        name="", state=AttachmentState.ABSENT_NOT_EXPORTED, kind=kind, as_exported=written
    )
