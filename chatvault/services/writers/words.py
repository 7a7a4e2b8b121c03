"""What pages for people say about a message, in words; nothing in it is escaped yet."""

from collections.abc import Iterator, Mapping

from chatvault.model import AttachmentState
from chatvault.services.dates import show_time
from chatvault.services.writers.told import Frame, Item, Media
from chatvault.vault.restoring import Kept, Whole

QUOTED = 60  # characters of an answered message
STATES = {
    AttachmentState.PRESENT: "not written here",
    AttachmentState.ABSENT_NOT_EXPORTED: "the export was made without it",
    AttachmentState.MISSING_FILE: "missing in the export",
    AttachmentState.REMOTE_ONLY: "only its address was in the export",
    AttachmentState.FAILED_AT_EXPORT: "the export failed to hold it",
    AttachmentState.PLACEHOLDER_ONLY: "not in the export",
    AttachmentState.SKIPPED_TOO_BIG: "too large for the export",
    AttachmentState.UNAVAILABLE: "not available when it was exported",
}


def moment(message: Whole, frame: Frame) -> str:
    """When it was sent, in the person's zone and as exactly as is known; empty if nobody knows."""
    if message.sent_at is None:
        return ""
    shown = show_time(message.sent_at, frame.zone)
    return shown[: {"day": 10, "minute": 16}.get(message.time_precision or "", 19)]


def label(kept: Kept) -> str:
    """What an attachment is called."""
    return f"{kept.kind}: {kept.name}" if kept.name else kept.kind


def why_not(kept: Kept, media: Media) -> str:
    """Why the file of an attachment is not there."""
    if media.damaged:
        return "damaged in the vault, see `chatvault verify`"
    return STATES[AttachmentState(kept.state)]


def reactions(message: Whole, names: Mapping[str, str]) -> list[str]:
    """The reactions, with who reacted."""
    found = []
    for one in message.reactions:
        who = names.get(one.sender) or one.sender.removeprefix("name:")
        count = f" ×{one.count}" if one.count > 1 else ""
        found.append(f"{one.emoji} {who}{count}" if who else f"{one.emoji}{count}")
    return found


def answered(item: Item) -> str:
    """What it answers, in a few words."""
    if item.answered is None:
        return ""
    text = " ".join(item.answered.text.split())
    if len(text) > QUOTED:
        text = text[: QUOTED - 1] + "…"
    return f"{item.answered.sender}: {text}" if item.answered.sender else text


def marks(message: Whole) -> list[str]:
    """What happened to it."""
    return [mark.replace("_", " ") for mark in message.marks]


def remarks(item: Item, frame: Frame) -> Iterator[str]:
    """What happened to a message and how it read before; one remark each."""
    message = item.message
    happened = marks(message)
    if message.edited_at is not None:
        happened = [mark for mark in happened if mark != "edited"]
        happened.append(f"edited {show_time(message.edited_at, frame.zone)}")
    if happened:
        yield ", ".join(happened)
    for text in message.other_texts():
        yield f"before: {text}"
