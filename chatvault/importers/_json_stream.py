r"""The items of large JSON files, one at a time, and what stands around them.

    for part in stream(file, "messages"):
        match part:
            case Item():  part.position, part.value      one item of the array
            case Field(): part.name, part.value          a field of the object around it
            case Bad():   yield part.problem(name)       one that cannot be read, kept as text

The law: equal to `json.load`, item by item, in the order of the file, but for what a record could
not hold (see `_json_value`).

How: the standard library's decoder runs in C and says where a value ends, so it can be pointed at
one item after the other in a window of text. Only where it refuses an item is the end found by
counting brackets, so that one bad item does not cost the rest of the file.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import msgspec

from chatvault.importers._json_value import (
    DECODER,
    decoded,
    depth,
    may_have_halves,
    strings,
    without_halves,
)
from chatvault.importers._limits import DEFAULT, Limits
from chatvault.model import Problem

CHUNK = 256 * 1024  # bytes; see the measurement in docs/decisions


class BrokenJson(ValueError):
    """The file cannot be read further than here; says where, and nothing of what is in it."""


class Field(msgspec.Struct, frozen=True):
    """A field of an object on the way; `at` is the path of that object, empty at the top."""

    name: str
    value: Any
    at: str = ""


class Item(msgspec.Struct, frozen=True):
    """One item of a wanted array; `array` is the array's path as it was asked for."""

    position: int
    value: Any
    array: str = ""


class Start(msgspec.Struct, frozen=True):
    """The next element of an array on the way begins, for instance a chat of `chats.list[]`; or the
    value of a field that `*` stands for, which is called `key`."""

    path: str
    position: int
    key: str = ""


class Bad(msgspec.Struct, frozen=True):
    """An item or field that cannot be read."""

    part: str
    reason: str
    raw: str

    def problem(self, file: str) -> Problem:
        """The record for it; `file` is the full name of the file in the export."""
        return Problem(file=file, part=self.part, reason=self.reason, raw=self.raw)


Part = Field | Item | Start | Bad


def stream(
    file: BinaryIO,
    *arrays: str,
    repair: Callable[[str], str] | None = None,
    limits: Limits = DEFAULT,
    chunk: int = CHUNK,
) -> Iterator[Part]:
    """Yield the items of these arrays and the other fields of all objects on the way to them.

    An array is named by its path: `messages`; `chats.list[].messages` for one in every element of
    another; `*.messages` for one in every field of the object; empty when the file itself is the
    array. What is not an array there comes as a Field.
    `repair` gets the text of a value that is no JSON and may return a better one. BrokenJson is
    raised where the file breaks off, after everything that was complete.
    """
    window = _Window(file, repair, limits=limits, chunk=chunk)
    wanted = frozenset(arrays)
    on_the_way = {""}
    for array in arrays:
        ends = [match.start() for match in re.finditer(r"\.|\[\]", array)]
        on_the_way |= {array[:end] for end in ends}
        on_the_way |= {array[: end + 2] for end in ends if array[end] == "["}
    try:
        yield from _walk(window, "", wanted=wanted, on_the_way=on_the_way - wanted)
        if window.peek():
            yield Bad("end", "something follows where the JSON is over", window.remainder())
    except BrokenJson as cause:
        more = f"; {window.damage()}" if window.replaced else ""
        raise BrokenJson(f"{cause}{more}") from cause
    if window.replaced:
        yield Bad("encoding", window.damage(), "")


def _walk(
    window: "_Window", path: str, *, wanted: frozenset[str], on_the_way: set[str]
) -> Iterator[Part]:
    opening = window.peek()
    if opening == "[" and path in wanted:
        for position in window.elements():
            part = f"{path}[{position}]"
            value = window.value(part)
            yield value if isinstance(value, Bad) else Item(position, value, path)
    elif opening == "[" and (path + "[]" in on_the_way or path + "[]" in wanted):
        for position in window.elements():
            yield Start(path + "[]", position)
            yield from _walk(window, path + "[]", wanted=wanted, on_the_way=on_the_way)
    elif opening == "{" and (path in on_the_way or path == ""):
        any_key = f"{path}.*" if path else "*"
        for position, key in enumerate(window.fields()):
            below = f"{path}.{key}" if path else key
            # A key such as `chats.list` must not pass for the path of another array.
            if _NAME.fullmatch(key) and (below in wanted or below in on_the_way):
                yield from _walk(window, below, wanted=wanted, on_the_way=on_the_way)
            elif any_key in wanted or any_key in on_the_way:
                yield Start(any_key, position, key)
                yield from _walk(window, any_key, wanted=wanted, on_the_way=on_the_way)
            else:
                value = window.value(below)
                yield value if isinstance(value, Bad) else Field(key, value, path)
    else:
        value = window.value(path)
        above, _, name = path.rpartition(".")
        yield value if isinstance(value, Bad) else Field(name, value, above)


_NAME = re.compile(r"[^.\[*]+")
_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_OUTSIDE = re.compile(r'[^\[\]{},"]*+([\[\]{},"]|)')
_INSIDE = re.compile(r'(?:[^"\\]++|\\.)*+("|)', re.DOTALL)
_KEY = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_OPENING = {"]": "[", "}": "{"}
# Each refusal of the decoder costs the length of the window, isolating only that of the value.
_WARY = 1000
_HOPELESS = 1_000_000  # brackets opened and not closed
_LITERAL = 16  # `-Infinity`, or the two escapes of one emoji: what a cut can leave half done


class _Window:
    """The text of the file around the place where we are."""

    def __init__(
        self, file: BinaryIO, repair: Callable[[str], str] | None, *, limits: Limits, chunk: int
    ) -> None:
        self._file = file
        self._repair = repair
        self._limits = limits
        self._chunk = chunk
        self._largest = 4 * limits.json_string  # characters of one value
        self._text = ""
        self._at = 0
        self._dropped = 0  # characters before the window
        self._ended = False
        self._suspect = False
        self._wary = 0  # so many values are first isolated, because one here was bad
        self._decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.encoding = ""
        self.replaced = 0

    def peek(self) -> str:
        """The next character that is not white space; empty at the end of the file."""
        return self._skip(_SPACE)

    def damage(self) -> str:
        """What was no text, as a Problem says it."""
        return f"text that is no {self.encoding}, in {self.replaced} places, became U+FFFD"

    def elements(self) -> Iterator[int]:
        """Count the elements of the array that begins here; each must then be taken."""
        self._at += 1
        position = 0
        while (following := self._skip(_BETWEEN)) != "]":
            if following in {"", "}"}:
                raise self._broken()
            yield position
            position += 1
        self._at += 1

    def fields(self) -> Iterator[str]:
        """The keys of the object that begins here; the value of each must then be taken."""
        self._at += 1
        while (following := self._skip(_BETWEEN)) != "}":
            yield self._key(following)
        self._at += 1

    def _key(self, quote: str) -> str:
        while not (found := _KEY.match(self._text, self._at)):
            if quote != '"' or len(self._text) - self._at > self._limits.json_string:
                raise self._broken()
            if not self._more(self._chunk):
                raise self._broken()
        try:
            key = decoded(found[0])
        except ValueError:
            raise self._broken() from None
        self._at = found.end()
        if self._skip(_SPACE) != ":":
            raise self._broken()
        self._at += 1
        self.peek()
        return str(key)

    def value(self, part: str) -> Any:
        """The value that begins here, or Bad; white space before it has been skipped."""
        size = self._chunk
        if self._wary:
            self._wary -= 1
            return self._isolated(part)
        while True:
            incomplete = True
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
                # A number may go on behind the window: `0` of `0.5`, `1` of `1e+5`.
                if end + 2 < len(self._text) or self._ended:
                    return self._checked(value, end, part)
            except json.JSONDecodeError as cause:
                incomplete = (
                    cause.msg.startswith("Unterminated string")
                    or cause.pos > len(self._text) - _LITERAL
                )
            except RecursionError:
                incomplete = False
            if not incomplete or len(self._text) - self._at > self._largest:
                self._wary = _WARY
                return self._isolated(part)
            # Doubling, so that a value of many chunks is not decoded from its start for each.
            if not self._more(size):
                return self._isolated(part)
            size *= 2

    def remainder(self) -> str:
        """What is left in the window."""
        return self._text[self._at :][: self._limits.text]

    def _checked(self, value: Any, end: int, part: str) -> Any:
        start, self._at = self._at, end
        text = self._text
        if self._suspect and may_have_halves(text[start:end]):
            value = without_halves(value)
        if (
            text.count("{", start, end) + text.count("[", start, end) > self._limits.json_depth
            and depth(value) > self._limits.json_depth
        ):
            return self._bad(part, "nested too deep", text[start:end])
        if end - start > self._limits.json_string and self._too_long(value):
            return self._bad(part, "a text that is too long", text[start:end])
        return value

    def _too_long(self, value: Any) -> bool:
        return any(len(text) > self._limits.json_string for text in strings(value))

    def _isolated(self, part: str) -> Any:
        """The value that begins here, which the decoder refused; its end is found by brackets."""
        raw = self._up_to_end_of_value()
        if len(raw) > self._largest:
            return self._bad(part, "a value that is too large", raw)
        for mend in (str, self._repair):
            if mend is None:
                continue
            try:
                value = decoded(mend(raw).strip(" \t\r\n"))
            except RecursionError:
                return self._bad(part, "nested too deep", raw)
            except ValueError:
                continue
            if depth(value) > self._limits.json_depth:
                return self._bad(part, "nested too deep", raw)
            if self._too_long(value):
                return self._bad(part, "a text that is too long", raw)
            return value
        return self._bad(part, "not valid JSON", raw)

    def _up_to_end_of_value(self) -> str:
        kept: list[str] = []
        length = 0
        opened: list[str] = []
        count = {"[": 0, "{": 0}  # of the opened, so that a closing one is looked up at once
        inside = False
        while True:
            start = self._at
            ended = False
            while not ended:
                found = (_INSIDE if inside else _OUTSIDE).match(self._text, self._at)
                assert found is not None  # both can match nothing  # noqa: S101
                self._at, mark = found.end(), found[1]
                if mark == '"':
                    inside = not inside
                elif not mark:
                    break
                elif mark in "[{":
                    opened.append(mark)
                    count[mark] += 1
                elif count.get(opening := _OPENING.get(mark, ""), 0):
                    while (last := opened.pop()) != opening:  # brackets that were never closed
                        count[last] -= 1
                    count[opening] -= 1
                elif opening or not opened:  # it belongs to what is around
                    self._at -= 1
                    ended = True
            if len(opened) > _HOPELESS:
                raise self._broken()
            if length <= self._largest:
                kept.append(self._text[start : self._at])
                length += self._at - start
            if ended:
                return "".join(kept)
            if not self._more(self._chunk):
                raise self._broken()

    def _bad(self, part: str, reason: str, raw: str) -> Bad:
        return Bad(part, reason, raw[: self._limits.text])

    def _skip(self, pattern: re.Pattern[str]) -> str:
        while True:
            found = pattern.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(self._chunk):
                return ""

    def _broken(self) -> BrokenJson:
        if self._ended:
            end = self._dropped + len(self._text)
            return BrokenJson(f"the file breaks off, at character {end:,}")
        return BrokenJson(f"no valid JSON from character {self._dropped + self._at:,} on")

    def _more(self, size: int) -> bool:
        """Drop what is done and read on; False at the end of the file."""
        if self._ended:
            return False
        try:
            data = self._file.read(size)
            if not self.encoding:
                while len(data) < 4 and (extra := self._file.read(4 - len(data))):
                    data += extra
                self.encoding, mark = _encoding(data)
                self._decoder = codecs.getincrementaldecoder(self.encoding)("replace")
                data = data[mark:]
        except (OSError, ValueError) as cause:
            place = f"at character {self._dropped + len(self._text):,}"
            raise BrokenJson(f"cannot be read further, {place}") from cause
        self._ended = not data
        self._dropped += self._at
        self._text = self._text[self._at :] + self._decoded(data)
        self._at = 0
        self._suspect = may_have_halves(self._text)
        return True

    def _decoded(self, data: bytes) -> str:
        waiting = self._decoder.getstate()[0] + data
        text = self._decoder.decode(data, self._ended)
        if "\ufffd" in text:
            used = waiting[: len(waiting) - len(self._decoder.getstate()[0])]
            # A U+FFFD that the file itself has is no damage.
            own = used.count("\ufffd".encode(self.encoding))
            self.replaced += max(0, text.count("\ufffd") - own)
        return text


def _encoding(head: bytes) -> tuple[str, int]:
    """The encoding of a file that begins so, and the length of its mark."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    # JSON begins with ASCII, so UTF-16 shows even without its mark.
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le", 0
    if head[:1] == b"\0" and head[1:2] != b"\0":
        return "utf-16-be", 0
    return "utf-8", 0


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
