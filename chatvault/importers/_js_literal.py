"""The items of a list that a page holds as JavaScript, one at a time.

    <script> const chatMessages = [
    { type:1, text: 'it\\'s late',is_send:0,timestamp:1700000000,displayname:'小满'},
    ];

    for part in items(file, re.compile(r"const chatMessages = \\[")):
        part is an Item (position, value) or a Bad, kept as text

Nothing is ever run: what is read are literals, that is JSON with names without quotes, with texts
in other quotes, and with commas too many. Tools put some texts in there unescaped; such an item
ends where the next one begins. Memory is bounded by one item, and time is linear.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from chatvault.importers._json_stream import Bad, Item
from chatvault.importers._json_value import decoded, depth, without_halves
from chatvault.importers._limits import DEFAULT, Limits
from chatvault.importers._replaced import Replaced

CHUNK = 256 * 1024
_QUOTED = r"""\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'|`(?:[^`\\]++|\\.)*+`"""
_TOKEN = re.compile(rf"{_QUOTED}|[{{}}\[\]]|[\"'`]", re.DOTALL)
_TEXT = re.compile(_QUOTED, re.DOTALL)
_SPACE = re.compile(r"(?:[\s,]++|//[^\n]*+\n)*+")
_BARE = re.compile(r"[^\s,\]}\"'`{\[]++")
_NEXT_OBJECT = re.compile(r"\}\s*+,?\s*+(?=[{\]])")
_NEXT_TEXT = re.compile(r"[\"']\s*+,\s*+(?=[\"'])|[\"']\s*+(?=\])")
_NAME = re.compile(r"[A-Za-z_$][\w$]*+|\d++")
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(\r\n|.))", re.DOTALL
)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_WORDS = {"true": True, "false": False, "null": None, "undefined": None, "None": None}
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class BrokenScript(ValueError):
    """The list cannot be read further than here; says why, and nothing of what is in it."""


def items(
    file: BinaryIO,
    marker: re.Pattern[str],
    *,
    salvage: Callable[[str], Any] | None = None,
    limits: Limits = DEFAULT,
    chunk: int = CHUNK,
) -> Iterator[Item | Bad]:
    """The items of the list that begins behind the marker, which ends with its bracket.

    `salvage` gets an item that is no literal and may return a value or raise ValueError.
    BrokenScript if there is no list, or where it breaks off.
    """
    window = _Window(file, limits, chunk)
    if not window.find(marker):
        raise BrokenScript("there is no list of messages in it")
    position = 0
    while (first := window.first()) != "]":
        if not first:
            reason = f"the list breaks off, at character {window.passed:,}"
            raise BrokenScript("; ".join(filter(None, (reason, window.replaced.reason()))))
        yield _item(window, position, first, salvage)
        position += 1
    if reason := window.replaced.reason():
        yield Bad("encoding", reason, "")


def _item(
    window: "_Window", position: int, first: str, salvage: Callable[[str], Any] | None
) -> Item | Bad:
    text = window.value()
    if text is not None:
        try:
            value = _read(text, window.limits)
        except (ValueError, RecursionError):
            window.wasted += len(text)
        else:
            window.accept()
            return Item(position, value)
    raw = window.up_to_next(_NEXT_TEXT if first in "\"'`" else _NEXT_OBJECT)
    if salvage is not None:
        try:
            return Item(position, without_halves(salvage(raw)))
        except ValueError:
            pass
    return Bad(f"[{position}]", "an item that cannot be read", without_halves(raw))


def _read(text: str, limits: Limits) -> Any:
    try:
        value = decoded(text)
    except (ValueError, RecursionError):
        value = literal(text, limits)
    if depth(value) > limits.json_depth:
        raise ValueError("nested too deep")
    return value


def literal(text: str, limits: Limits = DEFAULT) -> Any:
    """The value of one JavaScript literal; ValueError if it is none."""
    reader = _Literal(text, limits)
    value = reader.value(0)
    if reader.skip() < len(text):
        raise ValueError("something follows a literal")
    return without_halves(value)


class _Literal:
    def __init__(self, text: str, limits: Limits) -> None:
        self._text = text
        self._at = 0
        self._limits = limits

    def skip(self) -> int:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def value(self, level: int) -> Any:
        if level > self._limits.json_depth:
            raise ValueError("nested too deep")
        at = self.skip()
        first = self._text[at : at + 1]
        if first == "{":
            return self._object(level)
        if first == "[":
            self._at += 1
            found = []
            while not self._closes("]"):
                found.append(self.value(level + 1))
            return found
        if quoted := _TEXT.match(self._text, at):
            self._at = quoted.end()
            return unquoted(quoted[0])
        bare = _BARE.match(self._text, at)
        if bare is None:
            raise ValueError("no literal")
        self._at = bare.end()
        return _word(bare[0])

    def _object(self, level: int) -> dict[str, Any]:
        self._at += 1
        found: dict[str, Any] = {}
        while not self._closes("}"):
            at = self._at
            if quoted := _TEXT.match(self._text, at):
                self._at = quoted.end()
                name = unquoted(quoted[0])
            elif bare := _NAME.match(self._text, at):
                self._at = bare.end()
                name = bare[0]
            else:
                raise ValueError("no name of a field")
            if self._text[self.skip() : self._at + 1] != ":":
                raise ValueError("no colon behind a name")
            self._at += 1
            found[name] = self.value(level + 1)
        return found

    def _closes(self, bracket: str) -> bool:
        at = self.skip()
        if at >= len(self._text):
            raise ValueError("a literal breaks off")
        if self._text[at] != bracket:
            return False
        self._at += 1
        return True


def _word(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    try:
        return decoded(word)
    except ValueError:
        if not _NAME.fullmatch(word):
            raise
        return word


def unquoted(quoted: str) -> str:
    """The text between two quotes, its escapes resolved; may hold half an emoji."""
    text = quoted[1:-1]
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_character, text)
    return _PAIR.sub(_joined, text)


def _character(found: re.Match[str]) -> str:
    if code := found[1] or found[2] or found[3]:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else "\ufffd"
    letter = found[4]
    return "" if letter in ("\n", "\r\n") else _LETTERS.get(letter, letter)


def _joined(found: re.Match[str]) -> str:
    high, low = map(ord, found[0])
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


class _Window:
    """The text of the file that is being looked at; what was passed is dropped."""

    def __init__(self, file: BinaryIO, limits: Limits, chunk: int) -> None:
        self.limits = limits
        self.passed = 0
        self.wasted = 0  # characters looked at in vain; what they may cost together is bounded
        self._file = file
        self._chunk = chunk
        self.replaced = Replaced()
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._text = ""
        self._at = 0
        self._ended = False
        self._value_end = 0

    def find(self, marker: re.Pattern[str]) -> bool:
        """Go behind the marker; False if the file has none."""
        while True:
            if found := marker.search(self._text, self._at):
                self._pass(found.end())
                return True
            # The marker may lie on the border of two pieces.
            self._pass(max(self._at, len(self._text) - 4096))
            if self.passed > self.limits.html_page or not self._more(self._chunk):
                return False

    def first(self) -> str:
        """The next character that is neither space nor comma; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._pass(found.end() if found else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(self._chunk):
                return ""

    def value(self) -> str | None:
        """The text of the value here; None if its end is not found."""
        while True:
            end = self._end()
            if end > 0:
                self._value_end = end
                return self._text[self._at : end]
            size = len(self._text) - self._at
            if size > self.limits.html_tag or not self._more(max(self._chunk, size)):
                self.wasted += size
                return None

    def accept(self) -> None:
        """Pass the value that was looked at."""
        self._pass(self._value_end)

    def up_to_next(self, following: re.Pattern[str]) -> str:
        """The text of a value that cannot be read, up to where the next one begins; passed."""
        if self.wasted > self.limits.html_page:
            raise BrokenScript(f"too much that cannot be read, at character {self.passed:,}")
        while True:
            if found := following.search(self._text, self._at + 1):
                end = found.start() + 1
                break
            size = len(self._text) - self._at
            if size > self.limits.html_tag or not self._more(max(self._chunk, size)):
                end = len(self._text)
                break
        raw = self._text[self._at : end]
        self._pass(end)
        return raw

    def _end(self) -> int:
        """Where the value here ends; 0 if that is not in the window."""
        first = self._text[self._at]
        if first in "\"'`":
            quoted = _TEXT.match(self._text, self._at)
            return quoted.end() if quoted else 0
        if first not in "{[":
            bare = _BARE.match(self._text, self._at)
            end = bare.end() if bare else self._at + 1
            return end if end < len(self._text) or self._ended else 0
        level = 0
        for token in _TOKEN.finditer(self._text, self._at):
            found = token[0]
            if found in ("{", "["):
                level += 1
            elif found in ("}", "]"):
                level -= 1
                if level == 0:
                    return token.end()
            elif len(found) == 1:
                return 0  # a quote that is not closed in the window
        return 0

    def _pass(self, end: int) -> None:
        self.passed += end - self._at
        self._at = end

    def _more(self, size: int) -> bool:
        if self._ended:
            return False
        try:
            data = self._file.read(size)
        except (OSError, ValueError) as cause:
            raise BrokenScript(f"cannot be read further, at character {self.passed:,}") from cause
        self._ended = not data
        text = self._decoder.decode(data, self._ended)
        self.replaced.piece(data, text)
        self._text = self._text[self._at :] + text
        self._at = 0
        return not self._ended
