"""HTML pages of exports, read piece by piece: forgiving, bounded, and never acted upon.

    for node in elements(file, lambda node: node.has("message")):
        node.find("cite", "sender"), node.text(), node.attributes.get("title")

Every importer of HTML reads it here. What comes out are tags, attributes and text; a script is
text like any other and is left out of `text()`, and no address is ever opened. A page is read as
browsers read it, as far as exports need that: tags may be unclosed, quotes missing, names in
capitals, and nothing in a page is an error. It takes linear time, whatever is in the page.

Limits (`Limits.html_*`): a longer page ends there with BrokenHtml, deeper elements lie flat in the
deepest, and an element with more text is cut and says so (`cut`).
"""

import codecs
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from chatvault.importers._limits import DEFAULT, Limits
from chatvault.importers._replaced import Replaced

CHUNK = 256 * 1024
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
_RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes"})
_ESCAPABLE = frozenset({"title", "textarea"})
# An open one is closed by the next of its kind.
_SINGLE = frozenset({"p", "li", "td", "th", "tr", "dt", "dd", "option"})
_UNSEEN = frozenset({"script", "style", "head", "template"})


class BrokenHtml(ValueError):
    """The page cannot be read further than here; says why, and nothing of what is in it."""


@dataclass(slots=True)
class Node:
    """An element with what is inside of it; `cut` says that there was more than is kept, or that
    the page ended in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)
    cut: bool = False

    def has(self, name: str) -> bool:
        """Whether this is one of its classes."""
        return name in self.attributes.get("class", "").split()

    def all(self, tag: str = "", name: str = "") -> Iterator["Node"]:
        """The elements inside with this tag and this class, in the order of the page."""
        waiting = [child for child in reversed(self.children) if isinstance(child, Node)]
        while waiting:
            node = waiting.pop()
            if (not tag or node.tag == tag) and (not name or node.has(name)):
                yield node
            waiting += [child for child in reversed(node.children) if isinstance(child, Node)]

    def find(self, tag: str = "", name: str = "") -> "Node | None":
        """The first of them."""
        return next(self.all(tag, name), None)

    def text(self) -> str:
        """The text inside as it is written, with a line feed for each `<br>`; scripts are none."""
        found: list[str] = []
        waiting: list[Node | str] = [self]
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                found.append(one)
            elif one.tag == "br":
                found.append("\n")
            elif one.tag not in _UNSEEN or one is self:
                waiting += reversed(one.children)
        return "".join(found)

    def markup(self) -> str:
        """The element as HTML again, to be kept as it could not be understood; not as written."""
        inner = "".join(
            one.markup() if isinstance(one, Node) else html.escape(one, quote=False)
            for one in self.children
        )
        names = "".join(f' {key}="{html.escape(value)}"' for key, value in self.attributes.items())
        start = f"<{self.tag}{names}>"
        return start if self.tag in _VOID else f"{start}{inner}</{self.tag}>"

    def words(self) -> str:
        """The text with single spaces between its words, as a browser shows it on one line."""
        return " ".join(self.text().split())


def elements(
    file: BinaryIO,
    wanted: Callable[[Node], bool],
    *,
    limits: Limits = DEFAULT,
    chunk: int = CHUNK,
    replaced: Replaced | None = None,
) -> Iterator[Node]:
    """Yield each element that is wanted, when it is complete; those inside of it are its children.

    `wanted` is asked when an element begins, and knows its tag and attributes. An element that the
    end of the page closes comes last. BrokenHtml where the page cannot be read further. `replaced`
    counts what is no text.
    """
    reader = _Reader(file, wanted, limits=limits, chunk=chunk, replaced=replaced or Replaced())
    yield from reader.elements()


def unescaped(text: str) -> str:
    """A text whose references (`&amp;`, `&#8239;`) are what they stand for."""
    return _REFERENCE.sub(_resolved, text) if "&" in text else text


# The longest name has 31 letters. More digits than these are no character, and Python is slow at
# turning thousands of them into a number.
_REFERENCE = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?", re.ASCII
)


def _resolved(found: re.Match[str]) -> str:
    return html.unescape(found[0])


_NAME = re.compile(r"(/?)([A-Za-z][^\s/>\0]{0,63})")
_INSIDE = re.compile(r"(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_ATTRIBUTE = re.compile(
    r"([^\s/>=\"'\0][^\s/>=\0]*+)\s*+(?:=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>]*+)))?"
)
_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{1,40})", re.IGNORECASE)
# Those in which ASCII is ASCII, so that a declaration can be read before it is known.
_ENCODINGS = (
    "cp125", "iso8859", "gb", "big5", "cp949", "cp950", "cp932", "euc_", "shift_jis", "koi8",
)  # fmt: skip
_HALF = re.compile("[\ud800-\udfff]")
_LOOK = 256


class _Reader:
    """One way through a page, forwards."""

    def __init__(
        self,
        file: BinaryIO,
        wanted: Callable[[Node], bool],
        *,
        limits: Limits,
        chunk: int,
        replaced: Replaced,
    ) -> None:
        self._replaced = replaced
        self._file = file
        self._wanted = wanted
        self._limits = limits
        self._chunk = chunk
        self._decoder: codecs.IncrementalDecoder | None = None
        self._text = ""
        self._at = 0
        self._read = 0
        self._ended = False
        self._stack: list[Node] = []  # open elements, all of them
        self._flat: dict[str, int] = {}  # open ones that lie too deep to be in the stack
        self._inside = 0  # place in the stack of the wanted element + 1, 0 outside of one
        self._size = 0  # characters kept of the wanted element

    def elements(self) -> Iterator[Node]:
        """All that are wanted."""
        while self._ahead(_LOOK):
            place = self._text.find("<", self._at)
            end = place if place >= 0 else self._whole(len(self._text))
            if end > self._at:
                self._keep(self._text[self._at : end])
                self._at = end
            elif place >= 0:
                yield from self._markup()
            else:
                self._more()
        if self._inside:
            node = self._stack[self._inside - 1]
            node.cut = True
            yield node

    def _markup(self) -> Iterator[Node]:
        """What begins with the `<` here."""
        following = self._text[self._at + 1 : self._at + 2]
        if following in {"!", "?"}:
            self._pass_over("-->" if self._text.startswith("<!--", self._at) else ">")
            return
        name = _NAME.match(self._text, self._at + 1)
        if not name:
            self._keep("<")
            self._at += 1
            return
        start = name.end() - self._at
        inside = self._tag(start)
        if not inside:
            return
        self._at += start + len(inside)
        tag = name[2].lower()
        if name[1]:
            yield from self._close(tag)
            return
        yield from self._open(tag, inside[:-1])

    def _tag(self, start: int) -> str:
        """The rest of a tag up to its `>`; empty if it never ends: then all that follows is text,
        and nobody looks for another one."""
        while True:
            if found := _INSIDE.match(self._text, self._at + start):
                return found[0]
            too_long = len(self._text) - self._at > self._limits.html_tag
            if self._ended or too_long:
                # A quote that is never closed does not hide the end of the tag.
                end = self._text.find(">", self._at + start)
                if end >= 0:
                    return self._text[self._at + start : end + 1]
                if too_long:
                    raise BrokenHtml("a tag that is longer than any")
                self._keep(self._text[self._at :])
                self._at = len(self._text)
                return ""
            self._more(max(self._chunk, len(self._text) - self._at))

    def _open(self, tag: str, inside: str) -> Iterator[Node]:
        node = Node(tag, _attributes(inside))
        if tag in _SINGLE and self._stack and self._stack[-1].tag == tag:
            yield from self._close(tag)
        wanted = not self._inside and self._wanted(node)
        if self._inside:
            self._child(node)
        if tag in _VOID or inside.endswith("/"):
            if wanted:
                yield node
            return
        deep = len(self._stack) >= self._limits.html_depth
        if deep:
            self._flat[tag] = self._flat.get(tag, 0) + 1
        else:
            self._stack.append(node)
            if wanted:
                self._inside = len(self._stack)
                self._size = 0
        if tag in _RAW or tag in _ESCAPABLE:
            self._raw(tag, keep=not deep)

    def _close(self, tag: str) -> Iterator[Node]:
        if self._flat.get(tag):
            self._flat[tag] -= 1
            return
        for place in range(len(self._stack) - 1, -1, -1):
            if self._stack[place].tag == tag:
                if self._inside > place:
                    yield self._stack[self._inside - 1]
                    self._inside = 0
                del self._stack[place:]
                return

    def _child(self, node: Node) -> None:
        if self._size >= self._limits.html_element:
            self._stack[self._inside - 1].cut = True
            return
        self._size += 16 + sum(len(k) + len(v) for k, v in node.attributes.items())
        self._stack[-1].children.append(node)

    def _keep(self, text: str, *, raw: bool = False) -> None:
        """Text inside of a wanted element; elsewhere nobody asked for it."""
        if not self._inside or not text:
            return
        room = self._limits.html_element - self._size
        if len(text) > room:
            self._stack[self._inside - 1].cut = True
            text = text[: max(0, room)]
        self._size += len(text)
        if text:
            children = self._stack[-1].children
            text = text if raw else unescaped(text.replace("\0", "\ufffd"))
            if children and isinstance(children[-1], str) and raw:
                children[-1] += text
            else:
                children.append(text)

    def _raw(self, tag: str, *, keep: bool) -> None:
        """What is in a script or a title: text up to its end tag."""
        end = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE)
        while True:
            found = end.search(self._text, self._at)
            # The end tag may lie on the border of two pieces.
            stop = found.start() if found else self._whole(len(self._text) - len(tag) - 3)
            if keep and stop > self._at:
                self._keep(self._text[self._at : stop], raw=tag in _RAW)
            self._at = max(self._at, stop)
            if found or not (self._more() or self._at < len(self._text)):
                return

    def _whole(self, end: int) -> int:
        """A place at or before `end` that cuts no reference in two; the end of a page cuts none."""
        if self._ended:
            return len(self._text)
        start = self._text.rfind("&", max(self._at, end - 40), max(self._at, end))
        return start if start >= 0 else end

    def _pass_over(self, mark: str) -> None:
        while (end := self._text.find(mark, self._at)) < 0:
            self._at = max(self._at, len(self._text) - len(mark) + 1)
            if not self._more():
                self._at = len(self._text)
                return
        self._at = end + len(mark)

    def _ahead(self, size: int) -> bool:
        while len(self._text) - self._at < size and self._more():
            pass
        return self._at < len(self._text)

    def _more(self, size: int = 0) -> bool:
        """Drop what is done and read on; False at the end of the page."""
        if self._ended:
            return False
        try:
            data = self._file.read(size or self._chunk)
        except (OSError, ValueError) as cause:
            raise BrokenHtml(f"cannot be read further, at byte {self._read:,}") from cause
        if self._decoder is None:
            while len(data) < 1024 and (extra := self._file.read(1024 - len(data))):
                data += extra
            self._replaced.encoding = _encoding(data)
            self._decoder = codecs.getincrementaldecoder(self._replaced.encoding)("replace")
        self._read += len(data)
        if self._read > self._limits.html_page:
            raise BrokenHtml(f"the page is longer than {self._limits.html_page:,} bytes")
        self._ended = not data
        text = self._decoder.decode(data, self._ended)
        self._replaced.piece(data, text)
        self._text = self._text[self._at :] + _HALF.sub("\ufffd", text)
        self._at = 0
        return not self._ended


def _encoding(head: bytes) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return encoding
    declared = _META.search(head, 0, 1024)
    try:
        name = codecs.lookup(declared[1].decode()).name if declared else "utf-8"
    except LookupError:
        return "utf-8"
    return name if name.startswith(_ENCODINGS) else "utf-8"


def _attributes(inside: str) -> dict[str, str]:
    """The attributes of a tag; of two with one name the first counts, as in browsers."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(inside):
        found.setdefault(
            name.lower(), unescaped((double or single or bare).replace("\0", "\ufffd"))
        )
    return found
