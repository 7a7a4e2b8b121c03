"""What people see as one character: text is cut only between these.

Enough of UAX 29 for cutting: marks, joined emoji, skin tones, flags and Hangul stay whole.
"""

from collections.abc import Iterator
from unicodedata import category

# One base with thousands of marks would be "one character" of any length; the Stream-Safe Text
# Format of UAX 15 allows 30 marks, which is more than any language has.
_LONGEST = 32
_JOINER = "\u200d"


def graphemes(text: str) -> Iterator[str]:
    """The characters of a text as people see them; put together they are the text."""
    start = 0
    for at in range(1, len(text)):
        if at - start >= _LONGEST or not _holds(text, start, at):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def cut_to_bytes(text: str, limit: int) -> str:
    """The longest beginning of whole characters that has at most `limit` bytes of UTF-8."""
    # Never more characters than bytes, so the rest of a very long text is not looked at.
    kept, size = [], 0
    for grapheme in graphemes(text[: limit + _LONGEST]):
        size += len(grapheme.encode("utf-8", "surrogatepass"))
        if size > limit:
            break
        kept.append(grapheme)
    return "".join(kept)


def _holds(text: str, start: int, at: int) -> bool:
    """Whether no border lies before text[at]."""
    before, char = text[at - 1], text[at]
    if char < "\u0300":
        return before == "\r" and char == "\n"
    if char == _JOINER or category(char)[0] == "M" or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    if "\U000e0020" <= char <= "\U000e007f":  # the letters inside the flags of England and others
        return True
    if before == _JOINER:
        return True
    if _is_flag_letter(char):
        return _is_flag_letter(before) and (at - start) % 2 == 1
    return _is_hangul(before) and "\u1160" <= char <= "\u11ff"


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_hangul(char: str) -> bool:
    return "\u1100" <= char <= "\u11ff" or "\uac00" <= char <= "\ud7a3"
