"""Counting what is no text and reads as U+FFFD, because nothing becomes something else silently."""

from collections.abc import Iterator
from dataclasses import dataclass

from chatvault.model import Problem

_SIGN = "\ufffd"
_OWN = _SIGN.encode()


@dataclass(slots=True)
class Replaced:
    """How much of a file was no text in its encoding. A U+FFFD that the file itself has is none."""

    encoding: str = "utf-8"
    lines: int = 0
    places: int = 0
    _before: bytes = b""

    def line(self, raw: bytes, text: str) -> None:
        """Note what became of a line."""
        if _SIGN in text and text.count(_SIGN) > raw.count(_OWN):
            self.lines += 1

    def piece(self, raw: bytes, text: str) -> None:
        """Note what became of a piece of the file, whatever its borders cut through."""
        if _SIGN in text:
            own = (self._before + raw).count(_OWN) if self.encoding.startswith("utf-8") else 0
            self.places += max(0, text.count(_SIGN) - own)
        self._before = (self._before + raw[1 - len(_OWN) :])[1 - len(_OWN) :]

    def reason(self) -> str:
        """What a Problem says of it; empty if there is nothing to say."""
        if not self.lines and not self.places:
            return ""
        where = f"{self.lines} lines" if self.lines else f"{self.places} places"
        return f"text that is no {self.encoding}, in {where}, became U+FFFD"

    def problems(self, file: str) -> Iterator[Problem]:
        """One, if there is something to say; `file` is its full name."""
        if reason := self.reason():
            yield Problem(file=file, part="encoding", reason=reason, raw="")
