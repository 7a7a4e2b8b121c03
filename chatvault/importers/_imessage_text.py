"""The text of a message of Apple's Messages, from its columns and from the blobs it may be in.

Since macOS 13 most texts are only in `attributedBody`, a "typedstream" of NeXT. Of it only the one
string is read that is the text; formats and mentions are not.
"""

from typing import NamedTuple

_START = b"\x04\x0bstreamtyped"
_STRING = b"NSString"
_BEFORE = b"\x84\x01+"
_AFTER = b"\x86\x84"
_LENGTHS = {0x81: 2, 0x82: 4}  # bytes of a length that does not fit into one
OBJECT, BALLOON = "\ufffc", "\ufffd"  # stand in a text for an attachment and for an app's message


class Decoded(NamedTuple):
    """A text; `recovered` says that its blob is damaged, and it may lack its end."""

    text: str
    recovered: bool = False


def decoded(blob: bytes) -> Decoded | None:
    """The text in an `attributedBody`; None if there is none to be found."""
    if not blob.startswith(_START):
        return None
    string = blob.find(_STRING)
    at = blob.find(_BEFORE, string) if string >= 0 else -1
    if at < 0:
        return None
    at += len(_BEFORE)
    length = blob[at] if at < len(blob) else 0
    at += 1
    if size := _LENGTHS.get(length, 0):
        length = int.from_bytes(blob[at : at + size], "little", signed=True)
        # Two bytes are unsigned: texts are seldom longer than 32,767, but some are.
        length = length & 0xFFFF if size == 2 else length
        at += size
    elif length >= 0x80:
        length = -1
    data = blob[at : at + length] if length >= 0 else b""
    if 0 <= length == len(data):
        try:
            return Decoded(data.decode())
        except UnicodeDecodeError:
            pass
    end = blob.find(_AFTER, at)
    cut = blob[at : end if end >= 0 else len(blob)]
    return Decoded(cut.decode("utf-8", "replace"), recovered=True)


def sent_text(text: str, *, balloon: bool) -> str:
    """A text without the signs that stand for attachments; what is between two is a line."""
    if balloon:
        text = text.replace(BALLOON, OBJECT)
    if OBJECT not in text:
        return text
    return "\n".join(part for part in text.split(OBJECT) if part)
