"""The elements of an XML file, one at a time, in little memory, and safe from hostile XML.

    for part in stream(file, names=("sms", "mms", "part"), held=("data",)):
        match part:
            case Element(): part.name, part.attributes, part.places, part.closed
            case End():     an element that was not closed at once is over
            case Text():    text between tags
            case Bad():     something that cannot be read, kept as text

It is a reader of its own and no library, because exports of phones are not quite XML, and because
they hold values of hundreds of megabytes:

- An emoji is written as two references, `&#55357;&#56900;`, which XML forbids. They are joined.
  Other characters that XML forbids become U+FFFD and are counted.
- Attributes named in `held` are files in base64 and not read: a `Place` says where they lie.
- No document type, no entities but the five of XML: a file that declares any is refused. Nothing is
  ever included or opened.
- One broken tag costs that tag: reading goes on at the next one of a known name.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import BinaryIO

from chatvault.errors import RefusedByLimit
from chatvault.importers._base64_files import Digits
from chatvault.importers._limits import DEFAULT, Limits
from chatvault.importers._xml_events import Bad, BrokenXml, Element, End, Part, Place, Text
from chatvault.importers._xml_text import ORDINARY, Decoder
from chatvault.importers._xml_window import Window

CHUNK = 256 * 1024
_AHEAD = 1024 * 1024  # a tag that is longer is read piece by piece
_RAW = 1024 * 1024  # bytes of what is broken that are kept
_SHORT, _SEEN = 128, 1024  # bytes of a tag that is remembered, and how many of them


def stream(
    file: BinaryIO,
    *,
    names: Collection[str],
    held: Collection[str] = (),
    limits: Limits = DEFAULT,
    chunk: int = CHUNK,
    places_only: bool = False,
) -> Iterator[Part]:
    """Yield what is in the file, in its order. BrokenXml where it breaks off, after everything that
    was complete; RefusedByLimit for a document type and for elements nested too deep.

    `places_only`: for whoever looks for held values only; elements may come without their
    attributes if they have none of these.
    """
    reader = _Reader(
        file, frozenset(held), names, limits=limits, chunk=chunk, places_only=places_only
    )
    yield from reader.parts()


_S = rb"[ \t\r\n]"
_NAME = rb"[A-Za-z_:\x80-\xff][^ \t\r\n/>=<\"'&]{0,255}+"
_VALUE = rb"(?:\"[^\"<]*+\"|'[^'<]*+')"
_SET = _NAME + _S + rb"*+=" + _S + rb"*+"
_TAG = re.compile(
    rb"<(" + _NAME + rb")((?:" + _S + rb"++" + _SET + _VALUE + rb")*+)" + _S + rb"*+(/?)>"
)
_ATTRIBUTE = re.compile(_S + rb"(" + _NAME + rb")" + _S + rb"*+=" + _S + rb"*+(" + _VALUE + rb")")
_ATTRIBUTE_TEXT = re.compile(
    r"[ \t\r\n]([^ \t\r\n/>=<\"'&]++)[ \t\r\n]*+=[ \t\r\n]*+(?:\"([^\"]*+)\"|'([^']*+)')"
)
_BEGIN = re.compile(rb"<(" + _NAME + rb")")
_CLOSING = re.compile(rb"</(" + _NAME + rb")" + _S + rb"{0,64}>")
_EQUALS = re.compile(rb"(" + _NAME + rb")" + _S + rb"{0,64}=" + _S + rb"{0,64}([\"'])")
_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
_STOPS = {b'"': re.compile(rb'["<]'), b"'": re.compile(rb"['<]")}
_DECLARATIONS = (b"<!doctype", b"<!entity", b"<!element", b"<!attlist", b"<!notation")
_ENCODING = re.compile(rb"""\A<\?xml\s[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# Only encodings in which ASCII is ASCII: elsewhere no tag could be found.
_ENCODINGS = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252",
    "windows-1251": "cp1251", "iso-8859-2": "iso-8859-2", "iso-8859-15": "iso-8859-15",
}  # fmt: skip


class _Cut(Exception):
    """A tag is broken; reading goes on where the window stands."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Reader:
    """One way through the file, forwards."""

    def __init__(
        self,
        file: BinaryIO,
        held: frozenset[str],
        names: Collection[str],
        *,
        limits: Limits,
        chunk: int,
        places_only: bool,
    ) -> None:
        self._window = Window(file, chunk)
        self._places_only = places_only
        self._seen: dict[bytes, tuple[dict[str, str], str]] = {}  # short tags without held values
        self._held = {name.encode() for name in held}
        known = b"|".join(re.escape(name.encode()) for name in sorted(names))
        # `I <3 you` may stand in a value, the beginning of an element may not.
        self._again = re.compile(rb"</?(?:" + known + rb")(?![^ \t\r\n/>])")
        self._limits = limits
        self._depth = 0
        self._decode = Decoder("utf-8")

    def parts(self) -> Iterator[Part]:
        """Everything, from the start to the end."""
        window = self._window
        self._begin()
        while True:
            yield from self._text()
            if not window.ahead():
                break
            if (part := self._markup()) is not None:
                yield part
        if self._decode.replaced:
            count = self._decode.replaced
            characters = "character" if count == 1 else "characters"
            yield Bad(f"{count:,} {characters} that XML does not allow became U+FFFD", "")
        if self._depth:
            raise BrokenXml(f"the file breaks off, at byte {window.place:,}")

    def _begin(self) -> None:
        window = self._window
        window.ahead()
        if window.data[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in window.data[:4]:
            raise BrokenXml("UTF-16, which no export of this kind is written in")
        if window.data.startswith(b"\xef\xbb\xbf"):
            window.at = 3
        if found := _ENCODING.match(window.data[window.at : window.at + 300]):
            self._decode = Decoder(_ENCODINGS.get(found[1].decode().lower(), "utf-8"))

    def _text(self) -> Iterator[Part]:
        """What stands before the next `<`; white space says nothing."""
        window = self._window
        pieces: list[bytes] = []
        length = 0
        place = window.place
        while True:
            end = window.data.find(b"<", window.at)
            piece = window.data[window.at : end if end >= 0 else len(window.data)]
            window.at += len(piece)
            if pieces or _NOT_SPACE.search(piece):
                pieces.append(piece[: max(0, self._limits.text - length)])
                length += len(piece)
            if end >= 0 or not window.more():
                break
        if pieces:
            text = self._decode(b"".join(pieces))
            yield _too_long(text, place) if length > self._limits.text else Text(text)

    def _markup(self) -> Part | None:
        """What begins with the `<` where the window stands."""
        window = self._window
        data, at = window.data, window.at
        if data.startswith(b"<!", at):
            return self._declaration()
        if data.startswith(b"<?", at):
            window.past(b"?>")
            return None
        if found := _CLOSING.match(data, at):
            window.at = found.end()
            self._depth = max(0, self._depth - 1)
            return End(_undecoded([found[1]]))
        while not (found := _TAG.match(window.data, window.at)):
            if len(window.data) - window.at > _AHEAD or not window.more():
                return self._long_tag()
        window.at = found.end()
        return self._short_tag(found)

    def _declaration(self) -> Part | None:
        window = self._window
        start = window.data[window.at : window.at + 12]
        if start.startswith(b"<!--"):
            window.past(b"-->")
            return None
        if start.startswith(b"<![CDATA["):
            place = window.place
            window.at += 9
            passed = window.past(b"]]>", keep=self._limits.text)
            text = self._decode.literal(passed.kept)
            if passed.size > self._limits.text:
                return _too_long(text, place)
            if not passed.ended:
                return Bad(f"a text without an end, at byte {place:,}", text)
            return Text(text) if text.strip() else None
        if start.lower().startswith(_DECLARATIONS):
            raise RefusedByLimit(
                "it declares a document type of its own, which no export of a phone does",
                remedy="export it again; a file that somebody sent you may be made to harm",
            )
        window.at += 2
        return Bad("a declaration that is none", _undecoded([start]))

    def _short_tag(self, found: re.Match[bytes]) -> Part:
        """A tag that lies whole in the window."""
        tag, name, inner, closing = found[0], *found.groups()
        # The people of a group are named in each of its messages, in the same tags.
        if known := self._seen.get(tag):
            return self._element(name, known[0].copy(), {}, known[1], closed=bool(closing))
        places: dict[str, Place] = {}
        held = any(one in inner for one in self._held)
        if self._places_only and not held:
            return self._element(name, {}, {}, "", closed=bool(closing))
        if held:
            base = self._window.dropped + found.start(2)
            kept = [b"<", name]
            for one in _ATTRIBUTE.finditer(inner):
                if one[1] in self._held:
                    digits = Digits()
                    digits.take(value := one[2][1:-1])
                    start = base + one.start(2) + 1
                    places[one[1].decode()] = Place(start, len(value), digits.size())
                else:
                    kept.append(one[0])
            tag = b"".join((*kept, closing, b">"))
        text = self._decode.raw(tag)
        pairs = [(key, one or other) for key, one, other in _ATTRIBUTE_TEXT.findall(text)]
        attributes = dict(pairs)
        if len(attributes) < len(pairs):
            attributes = {}
            for key, value in pairs:
                _add(attributes, key, value)
        if not ORDINARY.fullmatch(text):
            resolve = self._decode.resolved
            attributes = {key: resolve(value) for key, value in attributes.items()}
            text = _whole([tag])
        elif not held and len(found[0]) <= _SHORT:
            if len(self._seen) >= _SEEN:
                self._seen.clear()
            self._seen[tag] = (attributes.copy(), text)
        return self._element(name, attributes, places, text, closed=bool(closing))

    def _long_tag(self) -> Part:
        """A tag that does not lie whole in the window, or is broken."""
        window = self._window
        begin = _BEGIN.match(window.data, window.at)
        if not begin:
            window.at += 1
            return Text("<")
        kept = [begin[0]]
        window.at = begin.end()
        attributes: dict[str, str] = {}
        places: dict[str, Place] = {}
        try:
            while True:
                window.skip_spaces()
                closing = window.data[window.at : window.at + 2]
                if closing[:1] == b">" or closing == b"/>":
                    window.at += len(closing.partition(b">")[0]) + 1
                    break
                self._attribute(attributes, places, kept)
        except _Cut as cut:
            return Bad(cut.reason, _undecoded(kept), _undecoded([begin[1]]))
        closed = closing == b"/>"
        raw = _whole(kept) + ("/>" if closed else ">")
        return self._element(begin[1], attributes, places, raw, closed=closed)

    def _attribute(
        self, attributes: dict[str, str], places: dict[str, Place], kept: list[bytes]
    ) -> None:
        window = self._window
        head = _EQUALS.match(window.data, window.at)
        if not head:
            if window.at >= len(window.data):
                raise _Cut("the file breaks off in a tag")
            kept.append(b" " + window.data[window.at : window.at + 64])
            window.at += 1
            raise _Cut("a tag that is none")
        key, quote = head.groups()
        window.at = head.end()
        kept += b" ", key, b"=", quote
        if key in self._held:
            digits = Digits()
            start = window.place
            length = self._value(quote, digits.take)
            places[key.decode()] = Place(start, length, digits.size())
        else:
            pieces: list[bytes] = []
            length = 0

            def take(piece: bytes) -> None:
                nonlocal length
                length += len(piece)
                if length <= self._limits.xml_text:
                    pieces.append(piece)

            try:
                if self._value(quote, take) > self._limits.xml_text:
                    raise _Cut("a value that is too long")
            finally:
                kept += pieces
            _add(attributes, self._decode(key), self._decode(b"".join(pieces)))
        kept.append(quote)

    def _value(self, quote: bytes, take: Callable[[bytes], None]) -> int:
        """Pass over a value up to its quote and give its pieces to `take`; its size in bytes."""
        window = self._window
        stop = _STOPS[quote]
        size = 0
        while True:
            found = stop.search(window.data, window.at)
            end = found.start() if found else len(window.data)
            size += end - window.at
            take(window.data[window.at : end])
            window.at = end
            if not found:
                if not window.more():
                    raise _Cut("the file breaks off in a value")
                continue
            if found[0] == quote:
                window.at += 1
                return size
            window.ahead()
            if self._again.match(window.data, window.at):
                raise _Cut("a value without an end")
            take(b"<")
            size += 1
            window.at += 1

    def _element(
        self,
        name: bytes,
        attributes: dict[str, str],
        places: dict[str, Place],
        raw: str,
        *,
        closed: bool,
    ) -> Part:
        if not closed:
            self._depth += 1
            if self._depth > self._limits.xml_depth:
                raise RefusedByLimit(
                    f"elements lie in one another more than {self._limits.xml_depth} deep",
                    remedy="export it again; no export of a phone is built like this",
                )
        if len(attributes) > self._limits.xml_attributes:
            return Bad("too many attributes", raw[:_RAW], _undecoded([name]))
        return Element(_undecoded([name]), attributes, places, raw, closed)


def _too_long(beginning: str, place: int) -> Bad:
    return Bad(f"a text that is too long, at byte {place:,}; its beginning is kept", beginning)


def _undecoded(pieces: list[bytes]) -> str:
    """Bytes of the file as text, for a name or what is broken; references stay as they are."""
    return b"".join(pieces)[:_RAW].decode("utf-8", "replace")


def _whole(pieces: list[bytes]) -> str:
    """A tag as text, however long: nobody is told that it was cut."""
    return b"".join(pieces).decode("utf-8", "replace")


def _add(attributes: dict[str, str], key: str, value: str) -> None:
    """One more attribute; of two with the same name the later has it, the earlier `name (1)`."""
    if key in attributes:
        again = 1
        while f"{key} ({again})" in attributes:
            again += 1
        attributes[f"{key} ({again})"] = attributes[key]
    attributes[key] = value
