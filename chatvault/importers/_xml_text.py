"""Text of XML files: references resolved, halves of emoji joined, the rest of it never lost."""

import re

_REFERENCE = re.compile(
    r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));", re.ASCII
)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
ORDINARY = re.compile(r"[\t\n\x20-\x25\x27-\ud7ff\ue000-\U0010ffff]*+")


class Decoder:
    """Bytes of a file to text, with references resolved and halves of emoji joined.

    `replaced` counts the characters that no text can hold.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self.replaced = 0

    def __call__(self, data: bytes) -> str:
        """The text of these bytes."""
        text = self.raw(data)
        return text if ORDINARY.fullmatch(text) else self.resolved(text)

    def raw(self, data: bytes) -> str:
        """The text of these bytes with its references, and with halves of emoji."""
        try:
            return data.decode(self._encoding)
        except UnicodeDecodeError:
            pass
        try:
            # Some phones write the halves of an emoji as bytes, each on its own.
            return data.decode(self._encoding, "surrogatepass")
        except UnicodeDecodeError:
            text = data.decode(self._encoding, "replace")
            self.replaced += max(1, text.count("\ufffd") - data.count(b"\xef\xbf\xbd"))
            return text

    def resolved(self, text: str) -> str:
        """A text whose references are what they stand for."""
        text = text.replace("\r\n", "\n")
        if "&" in text:
            text = _REFERENCE.sub(_resolved, text)
        return self._allowed(text)

    def literal(self, data: bytes) -> str:
        """The text of bytes in which nothing is a reference."""
        return self._allowed(self.raw(data).replace("\r\n", "\n"))

    def _allowed(self, text: str) -> str:
        if _FORBIDDEN.search(text):
            joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
            text, count = _FORBIDDEN.subn("\ufffd", joined)
            self.replaced += count
        return text


def _resolved(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return _ENTITIES[name]
    number = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(number) if number <= 0x10FFFF else found[0]
