"""How wide a text stands on a terminal, and where its lines break.

Chinese, Japanese, Korean and emoji take two cells a character, marks and joiners none. Texts come
here after `escape`, so nothing in them acts on the terminal.
"""

from collections.abc import Iterator
from unicodedata import category, east_asian_width

from chatvault.vault.graphemes import graphemes

MORE = "…"
_AS_PICTURE = "\ufe0f"
# No line begins with these: they belong to what stands before.
_CLOSING = frozenset("，。、；：？！）」』】》〉”’…·ー々,.;:?!)]}%")
# No line ends with these: they belong to what follows.
_OPENING = frozenset("（「『【《〈“‘([{")


def width(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() else sum(map(_wide, graphemes(text)))


def _wide(grapheme: str) -> int:
    if len(grapheme) == 1 and grapheme < "\u0300":
        return 1
    first = grapheme[0]
    if east_asian_width(first) in "WF" or "\U0001f1e6" <= first <= "\U0001f1ff":
        return 2
    if _AS_PICTURE in grapheme:
        return 2
    return 0 if category(first) in ("Mn", "Me", "Cf") else 1


def _together(before: str, grapheme: str) -> bool:
    return grapheme[0] in _CLOSING or before[-1:] in _OPENING


def cut(text: str, cells: int) -> str:
    """The text, or its beginning with an ellipsis when it takes more than so many cells."""
    if width(text) <= cells:
        return text
    kept, used = [], 0
    for grapheme in graphemes(text):
        used += _wide(grapheme)
        if used > cells - 1:
            break
        kept.append(grapheme)
    return "".join(kept) + MORE


def padded(text: str, cells: int, *, right: bool = False) -> str:
    """The text with spaces up to so many cells."""
    gap = " " * (cells - width(text))
    return gap + text if right else text + gap


def lines(text: str, cells: int, *, after: int | None = None) -> Iterator[tuple[int, int]]:
    """Where each line of a text begins and ends, none wider than so many cells (`after`: that the
    lines after the first have, if not the same).

    A line breaks at a space, before or after a wide character, or anywhere when nothing else is
    left. The space at a break belongs to no line.
    """
    if len(text) <= cells and width(text) <= cells:
        yield 0, len(text)
        return
    start = at = used = 0
    good = None  # the last place where the line may end, and where the next begins
    before = ""
    for grapheme in graphemes(text):
        wide = _wide(grapheme)
        if grapheme == " ":
            good = at, at + 1
        elif at > start and 2 in (wide, _wide(before)) and not _together(before, grapheme):
            good = at, at
        while used + wide > cells and at > start:
            end, begin = good if good is not None else (at, at)
            yield start, end
            start, good = begin, None
            cells = cells if after is None else after
            used = width(text[start:at])
        at += len(grapheme)
        used += wide
        before = grapheme
    if start < len(text):
        yield start, len(text)
