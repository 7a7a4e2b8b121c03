"""A search that looks at every text, character by character: what the index is proven against."""

import re
import unicodedata

DENSE = (
    *("CJK UNIFIED", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER"),
    *("MYANMAR", "COMBINING KATAKANA"),
)
DROPPED = re.compile(
    "COMBINING (?!KATAKANA)|HEBREW POINT|ARABIC (DAMMA|HAMZA ABOVE)|VARIATION|EMOJI MODIFIER"
    "|ZERO WIDTH|LEFT-TO-RIGHT|ARABIC HAMZA"
)

# Both forms of the Chinese characters in these tests, written down a second time, too.
LETTERS = str.maketrans(
    "øı們發髮頭麼臺灣愛學國書說話這個時間謝門開會飛機見麵面買東車語過還沒來對後聽點",
    "oi们发发头么台湾爱学国书说话这个时间谢门开会飞机见面面买东车语过还没来对后听点",
)


def plain(text):
    """A normalisation written down a second time, for the characters of this test."""
    text = unicodedata.normalize("NFKC", text).casefold()
    parts = unicodedata.normalize("NFD", text)
    kept = "".join(c for c in parts if not DROPPED.match(unicodedata.name(c, "")))
    letters = unicodedata.normalize("NFC", kept).translate(LETTERS)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in letters)


def atoms(text):
    """Words, symbols, single characters of scripts without spaces (glued to the next, or free)."""
    found, glued = [], False
    for char in plain(text):
        kind, name = unicodedata.category(char), unicodedata.name(char, "")
        if name.startswith("REGIONAL"):
            half = glued == "flag" and len(found[-1][0]) == 1
            found[-1:] = [(found[-1][0] + char, None)] if half else [*found[-1:], (char, None)]
            glued = "flag"
        elif kind in ("So", "Sc"):
            found.append((char, None))
            glued = False
        elif name.startswith(DENSE) and kind[0] in "LMN":
            if glued == "dense":
                found[-1] = (found[-1][0], "glued")
            found.append((char, "free"))
            glued = "dense"
        elif kind[0] in "LMN":
            if glued == "word":
                found[-1] = (found[-1][0] + char, None)
            else:
                found.append((char, None))
            glued = "word"
        else:
            glued = False
    return found


def found_by_looking(text, query, *, beginning):
    """Whether the atoms of a query stand in a text one behind the other."""
    have, want = atoms(text), atoms(query)
    if not want:
        return False
    for at in range(len(have) - len(want) + 1):
        here = have[at : at + len(want)]
        *head, (last, last_kind) = want
        ends = here[-1][0] == last or (
            beginning and last_kind is None and here[-1][0].startswith(last)
        )
        if ends and here[:-1] == head:
            return True
    return False
