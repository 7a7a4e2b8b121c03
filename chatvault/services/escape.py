"""What an export said, made harmless for a terminal, a text file or a spreadsheet.

Everything from an export, a file name or a path passes through here before it is shown: a message
may hold sequences that rewrite the screen, set the clipboard or turn `gpj.exe` into `exe.jpg`.
"""

import re
from enum import StrEnum
from itertools import islice
from unicodedata import bidirectional, category

from chatvault.vault.graphemes import graphemes
from chatvault.vault.member_names import BIDI_CONTROLS

NAME_GRAPHEMES = 64
ERROR_CHARACTERS = 200
HINT_CHARACTERS = 1_500
_FIRST_STRONG_ISOLATE = "\u2068"
_POP_ISOLATE = "\u2069"
_MORE = "…"

# C1 and the ends of lines that only some programs know; a terminal cannot print half characters.
_ACTIVE_ABOVE_ASCII = f"\x7f-\x9f{BIDI_CONTROLS}\u2028\u2029\ud800-\udfff"
_ACTIVE = re.compile(f"[\x00-\x1f{_ACTIVE_ABOVE_ASCII}]")
_ACTIVE_BUT_LINES = re.compile(f"[\x00-\x09\x0b-\x1f{_ACTIVE_ABOVE_ASCII}]")
_FORMULA = frozenset("=+-@＝＋－＠\t\r\n")
_QUOTES = frozenset("\"'`“”„‘’‚«»‹›＂＇")


class Lines(StrEnum):
    """What becomes of line ends."""

    KEPT = "kept"
    SHOWN = "shown"  # as \x0a, so that the text stays on its line


def for_terminal(text: str, lines: Lines = Lines.KEPT) -> str:
    """The text with all that could act on a terminal written out as `\\x1b` or `\\u202e`."""
    if lines is Lines.SHOWN:
        return _ACTIVE.sub(_written_out, text)
    return _ACTIVE_BUT_LINES.sub(_written_out, text.replace("\r\n", "\n"))


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def short_name(text: str) -> str:
    """A name for a terminal: one line, at most 64 characters as people see them."""
    # Escaped first, because a name of 64 escapes would be 384 characters wide.
    shown = list(islice(graphemes(for_terminal(text, Lines.SHOWN)), NAME_GRAPHEMES + 1))
    if len(shown) > NAME_GRAPHEMES:
        shown[NAME_GRAPHEMES - 1 :] = [_MORE]
    return "".join(shown)


def for_error(text: str) -> str:
    """A text for an error message: one line of at most 200 characters."""
    return _cut(text, ERROR_CHARACTERS)


def for_hint(text: str) -> str:
    """What to do about an error, in our own words: one line, of a length that nobody reads."""
    return _cut(text, HINT_CHARACTERS)


def _cut(text: str, most: int) -> str:
    shown = for_terminal(text, Lines.SHOWN)
    if len(shown) <= most:
        return shown
    kept = ""
    for grapheme in graphemes(shown[:most]):
        if len(kept) + len(grapheme) >= most:
            break
        kept += grapheme
    return kept + _MORE


def for_csv(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: then with a leading `'`. Quote it always."""
    for char in cell:
        if char in _FORMULA:
            return "'" + cell
        # What a spreadsheet skips before it looks: spaces, quotes, and what is not seen.
        if not (char in _QUOTES or char.isspace() or category(char) in ("Cc", "Cf")):
            break
    return cell


def isolate(text: str) -> str:
    """A name or text for a text file: harmless, and unable to reorder what stands around it.

    Each line is isolated by itself, because a line end closes every isolate. Text without letters
    that run from right to left cannot reorder anything and gets no marks.
    """
    return "\n".join(map(_isolated, for_terminal(text).split("\n")))


def _isolated(line: str) -> str:
    if any(bidirectional(char) in ("R", "AL", "AN") for char in line):
        return f"{_FIRST_STRONG_ISOLATE}{line}{_POP_ISOLATE}"
    return line
