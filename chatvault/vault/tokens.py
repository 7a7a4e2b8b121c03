"""Text to search tokens, and what a word of a query becomes: one set of rules for both.

`message_search` is an FTS5 table with `tokenize='ascii'`: it splits at ASCII punctuation and takes
every other byte as part of a token. Everything else is decided here:

* NFKC, case folded, accents and points removed (Latin, Greek, Cyrillic, Hebrew, Arabic; the vowel
  signs of Indic scripts are letters and stay), decimal digits of all scripts as ASCII.
* Traditional Chinese characters become the simplified ones: 發 and 髮 are 发 (see `han`).
* Scripts written without spaces become overlapping pairs and the last character:
  `我们去北京` -> `我们 们去 去北 北京 京`. So two characters are one token, more are a phrase, and
  one character is the beginning of some token wherever it stands.
* Each emoji or other symbol is a token of its own. Skin tones, presentation selectors and keycaps
  are folded away like accents; a joined sequence is its parts side by side (👩‍💻 -> `👩 💻`), so
  each part is found, and the sequence asked for is a phrase. A flag is one token of two letters.
* All other punctuation separates: `IMG_2034.jpg` -> `img 2034 jpg`, `don’t` -> `don t`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from unicodedata import category, decimal, normalize

from chatvault.vault.han import PAIRS

VERSION = 4
"""Stored in the archive: another number means that the index was made by other rules.

Newer Unicode tables only add characters; NFKC of those that exist never changes.
"""

BORDER = "\ue000"
"""Put between the tokens of two texts, so that no phrase goes across; what is no text begins with
it, too (`search_index.SIGN`). No text or query gives it.

The emoji that old phones keep among private characters begin one behind it.
"""

# Combining marks that people leave out when they search.
_ACCENTS = (
    (0x0300, 0x036F),  # Latin, Greek, Cyrillic
    (0x0483, 0x0489),  # old Cyrillic
    (0x0591, 0x05BD),  # Hebrew points and accents
    (0x05BF, 0x05BF),
    (0x05C1, 0x05C2),
    (0x05C4, 0x05C5),
    (0x05C7, 0x05C7),
    (0x0610, 0x061A),  # Arabic
    (0x0640, 0x0640),  # the stretching line is no letter
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E4),
    (0x06E7, 0x06E8),
    (0x06EA, 0x06ED),
    (0x0711, 0x0711),  # Syriac
    (0x0730, 0x074A),
    (0x0898, 0x089F),
    (0x08CA, 0x08E1),
    (0x08E3, 0x08FF),
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20F0),  # around symbols; the keycap of 1️⃣
    (0xFE00, 0xFE0F),  # variation selectors: ❤️ is ❤
    (0xFE20, 0xFE2F),
    (0x1F3FB, 0x1F3FF),  # skin tones
    (0xE0100, 0xE01EF),  # variants of Han characters
)

# Letters that Unicode does not decompose, though people type them without the stroke; and Chinese
# characters, of which a text has one form and whoever searches may type the other.
_LETTERS = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ħ": "h",
    "ŧ": "t",
    "ı": "i",  # the other half of the Turkish pair, İ, becomes i + dot, and the dot is an accent
    "æ": "ae",
    "œ": "oe",
    **dict(zip(PAIRS[::2], PAIRS[1::2], strict=True)),
}

# Written without spaces between words (Hangul has spaces, but its words grow endings).
_DENSE = (
    (0x0E01, 0x0E3A),  # Thai
    (0x0E40, 0x0E4E),
    (0x0E80, 0x0EFF),  # Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17DD),  # Khmer
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x3035),
    (0x3038, 0x303C),
    (0x3041, 0x312F),  # Kana, Bopomofo
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA960, 0xA97F),
    (0xA9E0, 0xA9FE),
    (0xAA60, 0xAA7F),
    (0xAC00, 0xD7FB),  # Hangul
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFD),  # Han, also what later versions of Unicode put there
)
_FLAG = "\U0001f1e6-\U0001f1ff"
_DENSE_CLASS = "".join(f"{chr(first)}-{chr(last)}" for first, last in _DENSE)
_RUN = re.compile(f"[{_DENSE_CLASS}]+|[{_FLAG}]{{1,2}}")
_PIECE = re.compile(f"([{_DENSE_CLASS}]+)|[{_FLAG}]{{1,2}}|[^ {_DENSE_CLASS}{_FLAG}]+")
HEAD = range(2, 5)  # letters of a word's beginning that have a token of their own
# No more of a word than that: in a hostile text it may be megabytes long.
_LETTER = f"[^ {_DENSE_CLASS}{_FLAG}]"
_HEAD = re.compile(f"(?<!{_LETTER}){_LETTER}{{{HEAD.start},{HEAD.stop - 1}}}")

# What `_fold` remembers: the characters of all living scripts, not what a hostile text can hold.
_REMEMBERED = 50_000


def _within(code: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def _folded(char: str) -> str:
    """One character of a normalised text as it stands in tokens: nothing, letters, or spaces."""
    parts = (part for part in normalize("NFKD", char) if not _within(ord(part), _ACCENTS))
    return "".join(map(_placed, normalize("NFC", "".join(parts))))


def _placed(char: str) -> str:
    code, kind = ord(char), category(char)
    if char in _LETTERS:
        return _LETTERS[char]
    if kind == "Nd":
        return str(decimal(char))
    if kind == "Cf":  # joiners, direction marks, soft hyphens, zero-width spaces: not seen
        return ""
    if (_within(code, _DENSE) and kind[0] in "LMNC") or 0x1F1E6 <= code <= 0x1F1FF:
        return char
    if code < 0x80:
        return char.lower() if char.isalnum() else " "
    if char == BORDER or code == 0x2044 or 0x02B9 <= code <= 0x02BF:
        # A fraction slash, or a letter that is used as an apostrophe.
        return " "
    # Co: the emoji of old Japanese phones; Cn: emoji newer than this Python's tables.
    if kind in ("So", "Sm", "Sc", "Co") or (kind == "Cn" and 0x1F000 <= code <= 0x1FAFF):
        return f" {char} "
    unassigned = kind == "Cn" and code & 0xFFFE != 0xFFFE and not 0xFDD0 <= code <= 0xFDEF
    # What the tables do not know yet elsewhere is most likely a letter.
    return char if kind[0] in "LMN" or unassigned else " "


class _Fold(dict[int, str | int]):
    """A table for `str.translate` that fills itself."""

    def __missing__(self, code: int) -> str | int:
        char = chr(code)
        folded = _folded(char)
        value = code if folded == char else folded
        if len(self) < _REMEMBERED:
            self[code] = value
        return value


_ASCII = {code: code if chr(code).isalnum() else 0x20 for code in range(128)}
_fold = _Fold()


def _normal(text: str) -> str:
    return normalize("NFKC", text).casefold().translate(_fold)


class _Single(dict[str, str]):
    """What a character by itself becomes."""

    def __missing__(self, char: str) -> str:
        normal = _normal(char)
        if len(self) < _REMEMBERED:
            self[char] = normal
        return normal


_single = _Single()


def _spread(run: re.Match[str]) -> str:
    chars = run[0]
    if "\U0001f1e6" <= chars[0] <= "\U0001f1ff":
        return f" {chars} "
    # Every pair with a space behind it, by slices: half the time of joining a list of pairs.
    spread = [" "] * (3 * len(chars))
    spread[::3] = chars
    spread[1::3] = chars[1:] + " "
    return f" {''.join(spread)}"


def index_text(text: str) -> str:
    """The tokens of a text, separated by single spaces, for the column `text` of the index."""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII).split())
    return " ".join(_RUN.sub(_spread, _normal(text)).split())


def head_token(begin: str) -> str:
    """The token of all messages in which a word begins so."""
    return f"{BORDER}b{begin}"


class _Heads(dict[str, str]):
    """The tokens of the beginnings of all words that begin so."""

    def __missing__(self, begin: str) -> str:
        heads = " ".join(head_token(begin[:length]) for length in HEAD if length <= len(begin))
        if len(self) < _REMEMBERED:
            self[begin] = heads
        return heads


_heads = _Heads()


def heads(indexed: str) -> str:
    """Tokens for the beginnings of all words in what `index_text` gave.

    So `ne*` is one list: FTS5 has to merge those of all words that begin so, which takes 10 to 70
    ms among five million messages; its own `prefix=` costs more, for pairs of Chinese characters.
    """
    return " ".join({*map(_heads.__getitem__, _HEAD.findall(indexed))})


class _Token(NamedTuple):
    text: str
    start: int  # in the normalised text
    end: int
    dense: bool


def _tokens(normal: str) -> Iterator[_Token]:
    """The same tokens as in the index, with their places."""
    for piece in _PIECE.finditer(normal):
        start, end = piece.span()
        if piece[1] is None:
            yield _Token(piece[0], start, end, dense=False)
            continue
        for at in range(start, end):
            stop = min(at + 2, end)
            yield _Token(normal[at:stop], at, stop, dense=True)


class _Asked(NamedTuple):
    """Tokens that stand one behind the other; of the last one perhaps only its beginning."""

    tokens: tuple[str, ...]
    open_end: bool


def _asked(text: str, *, beginning: bool) -> _Asked | None:
    tokens = list(_tokens(_normal(text)))
    if not tokens:
        return None
    last = tokens[-1]
    if not last.dense:
        return _Asked(tuple(token.text for token in tokens), open_end=beginning)
    # A run may go on where it is found: its last character alone must not be asked for behind the
    # pair that already ends with it, and by itself it is the beginning of a pair.
    pairs = len(tokens) > 1 and tokens[-2].end == last.end
    kept = tokens[:-1] if pairs else tokens
    return _Asked(tuple(token.text for token in kept), open_end=not pairs)


def _asked_word(word: str) -> _Asked | None:
    return _asked(word, beginning=word.endswith("*"))


def _phrases(asked: _Asked | None) -> list[str]:
    if asked is None:
        return []
    if asked.open_end and len(asked.tokens) == 1:
        begin = asked.tokens[0]
        if _HEAD.fullmatch(begin):
            return [f'"{head_token(begin)}"']
    # No token holds a quotation mark: all ASCII punctuation has become a space.
    return [f'"{" ".join(asked.tokens)}"{" *" if asked.open_end else ""}']


def match_word(word: str) -> list[str]:
    """What a word becomes in an FTS5 MATCH expression; `conv*` asks for words that begin so.

    All phrases must match: at most one today, and none if there is nothing to search for in the
    word (`!!!`). What is written without spaces is found anywhere in a run: `去北` in `我们去北京`.
    """
    return _phrases(_asked_word(word))


def match_phrase(phrase: str) -> list[str]:
    """The same for an exact phrase, in which a `*` means nothing."""
    return _phrases(_asked(phrase, beginning=False))


def marks(text: str, words: Iterable[str], phrases: Iterable[str] = ()) -> list[tuple[int, int]]:
    """Where words and phrases stand in a text, as half-open ranges of its characters, in order.

    A text has marks for exactly those words and phrases that find it. A word asked for by its
    beginning is marked whole; ranges that touch are joined.
    """
    wanted = [_asked_word(word) for word in words]
    wanted += [_asked(phrase, beginning=False) for phrase in phrases]
    normal, starts, ends = _mapped(text)
    tokens = list(_tokens(normal))
    found = sorted(
        (starts[first], ends[last - 1])
        for asked in wanted
        if asked is not None
        for first, last in _occurrences(tokens, asked)
    )
    joined: list[tuple[int, int]] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _occurrences(tokens: list[_Token], asked: _Asked) -> Iterator[tuple[int, int]]:
    *whole, last = asked.tokens
    for at in range(len(tokens) - len(whole)):
        if any(tokens[at + n].text != want for n, want in enumerate(whole)):
            continue
        token = tokens[at + len(whole)]
        if token.text == last:
            yield tokens[at].start, token.end
        elif asked.open_end and token.text.startswith(last):
            yield tokens[at].start, token.start + len(last) if token.dense else token.end


def _mapped(text: str) -> tuple[str, list[int], list[int]]:
    """A text normalised, and for each character of that where it comes from in the original."""
    length = len(text)
    if text.isascii():
        return text.lower().translate(_ASCII), [*range(length)], [*range(1, length + 1)]
    singles = list(map(_single.__getitem__, text))
    normal = _normal(text)
    if all(singles) and "".join(singles) == normal:
        # No character changes beside another, as in nearly every text.
        return (
            normal,
            [at for at, single in enumerate(singles) for _ in single],
            [at for at, single in enumerate(singles, 1) for _ in single],
        )
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        part = _normal(text[start:end])
        parts.append(part)
        starts += [start] * len(part)
        ends += [end] * len(part)
    return "".join(parts), starts, ends


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Pieces that can be normalised one by one: no character changes across their borders."""
    start = 0
    for at in range(1, len(text)):
        if not _clings(text[at - 1], text[at]):
            yield start, at
            start = at
    if text:
        yield start, len(text)


def _clings(before: str, char: str) -> bool:
    if char < "\u0300":
        return False
    first = normalize("NFKD", char)[0]
    # Marks compose with what stands before them, and so do the second and third letters of a
    # Hangul syllable. The rest belongs together on the screen: skin tones and joined emoji.
    return (
        category(first)[0] == "M"
        or "\u1160" <= first <= "\u11ff"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or char == "\u200d"
        or (before == "\u200d" and category(char) == "So")
    )
