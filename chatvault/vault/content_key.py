"""The content key: by what two tellings of one message without a common id are found equal."""

import hashlib
import unicodedata

from chatvault.model import Message, MessageKind, Precision, Timestamp

NO_MINUTE = -(2**40)  # for messages whose time the export does not say
MEDIA = frozenset(
    {
        MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.VOICE, MessageKind.AUDIO,
        MessageKind.ANIMATION, MessageKind.STICKER, MessageKind.FILE, MessageKind.MEDIA,
    }
)  # fmt: skip
# Marks that decide the direction of letters and spaces of no width: apps add and drop them at will.
INVISIBLE = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, 0xFEFF, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


def normal_text(text: str) -> str:
    """Text as it counts in keys: NFC, no bidi marks, spaces collapsed. Never stored or shown."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(INVISIBLE))
    return " ".join(text.split())


def content_hash(message: Message, sender: str) -> int:
    """64 bits over sender, kind, text and attachments, as a signed integer.

    A medium counts by its name where that is the same in every export, else only as "a medium": so
    a picture left out of one export meets the same picture present in the next.
    """
    if message.attachments:
        what = "\x1f".join(
            f"n{item.name}" if item.stable_name and item.name else "m"
            for item in message.attachments
        )
    elif message.kind in MEDIA:
        what = "m"
    else:
        what = "" if message.kind in {MessageKind.TEXT, MessageKind.LINK} else message.kind.value
    plain = f"{sender}\x1e{what}\x1e{normal_text(message.text)}"
    digest = hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def minute(at: Timestamp | None) -> int:
    """UTC minutes since 1970."""
    return NO_MINUTE if at is None else at.utc_ms // 60_000


def second(at: Timestamp | None) -> int | None:
    """UTC seconds since 1970, or None where the export tells only minutes or days."""
    if at is None or at.precision in {Precision.MINUTE, Precision.DAY}:
        return None
    return at.utc_ms // 1000
