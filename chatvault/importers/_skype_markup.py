"""The markup in messages of Skype and Teams: what was typed, and what else it says.

    ok <ss type="smile">:)</ss> &amp; <a href="https://example.org">bye</a>
    <quote author="8:lee" authorname="Lee" timestamp="1745000000" messageid="1745000000001">
    <legacyquote>[18:13] Lee: </legacyquote>shall we?<legacyquote>&lt;&lt;&lt; </legacyquote>
    </quote>yes

It is no XML: tags stay open and `&` stands alone. It is read like a page: bounded, forgiving, and
nothing in it is ever followed.
"""

import io

import msgspec

from chatvault.importers._html import BrokenHtml, Node, elements, unescaped

_AROUND = "x-content"  # the element that holds everything
_BLOCKS = frozenset({
    "p", "div", "blockquote", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "pre",
})  # fmt: skip
_END = Node("/")  # stands behind what is in a block
_REPLY = "schema.skype.com/reply"
_EDITED = "Edited previous message: "


class Markup(msgspec.Struct):
    """What a message says."""

    text: str = ""
    quoted: list[str] = []
    links: list[str] = []  # addresses that the text does not show
    images: list[str] = []  # their addresses
    reply_to: str = ""
    edit_of: int | None = None  # time of the message that this one replaces, ms
    root: Node | None = None

    def find(self, tag: str) -> Node | None:
        """The first element with this tag."""
        return self.root.find(tag) if self.root else None

    def all(self, tag: str) -> list[Node]:
        """All elements with this tag."""
        return list(self.root.all(tag)) if self.root else []


def parsed(content: str) -> Markup:
    """What a content with markup says."""
    if "<" not in content:
        return Markup(text=unescaped(content))
    around = _AROUND
    while around in content.lower():  # so that nothing in the content can end it
        around += "x"
    # With a mark in front nothing in the content can declare another encoding.
    data = f"\ufeff<{around}>{content}</{around}>".encode("utf-8", "replace")
    try:
        root = next(elements(io.BytesIO(data), lambda node: node.tag == around), Node(around))
    except BrokenHtml:
        return Markup(text=content)
    markup = Markup(root=root)
    reader = _Reader(markup)
    reader.read(root)
    text = reader.text()
    if markup.edit_of is not None:
        text = text.removeprefix(_EDITED)
    markup.text = text
    return markup


class _Reader:
    """One way through the elements; not recursive, because their depth is the sender's choice."""

    def __init__(self, markup: Markup) -> None:
        self._markup = markup
        self._pieces: list[str] = []
        self._blocks = False

    def text(self) -> str:
        """What was typed; where there are blocks, without the line ends around them."""
        text = "".join(self._pieces)
        return text.strip("\n") if self._blocks else text

    def read(self, root: Node) -> None:
        """Take in everything below an element."""
        waiting: list[Node | str] = list(reversed(root.children))
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                self._pieces.append(one)
            elif one is _END:
                self._line()
            elif one.tag == "br":
                self._pieces.append("\n")
            elif one.tag in {"script", "style", "template"}:
                continue
            elif one.tag == "e_m":
                self._markup.edit_of = _edit_of(one)
                # Some close it behind the text that it stands before.
                waiting += reversed(one.children)
            elif one.tag == "quote" or (
                one.tag == "blockquote" and _REPLY in one.attributes.get("itemtype", "").lower()
            ):
                self._quote(one)
            elif one.tag == "img":
                self._image(one)
            else:
                if one.tag == "a":
                    self._link(one)
                if one.tag in _BLOCKS:
                    self._line()
                    waiting.append(_END)
                    self._blocks = True
                waiting += reversed(one.children)

    def _line(self) -> None:
        """Begin a new line, if this is none."""
        if self._pieces and not self._pieces[-1].endswith("\n"):
            self._pieces.append("\n")

    def _quote(self, node: Node) -> None:
        self._markup.reply_to = node.attributes.get("messageid", "") or node.attributes.get(
            "itemid", ""
        )
        # Teams puts the name of the other one before what they wrote.
        preview = (one for one in node.all() if one.attributes.get("itemprop") == "preview")
        text = _without_legacy(next(preview, node)).strip()
        if text:
            self._markup.quoted.append(text)

    def _link(self, node: Node) -> None:
        address = node.attributes.get("href", "")
        if address and address not in node.text():
            self._markup.links.append(address)

    def _image(self, node: Node) -> None:
        address, alternative = node.attributes.get("src", ""), node.attributes.get("alt", "")
        emoji = "emoji" in node.attributes.get("itemtype", "").lower()
        if emoji or not address:
            self._pieces.append(alternative)
        else:
            self._markup.images.append(address)


def _without_legacy(node: Node) -> str:
    """The text of a quote without what older apps show around it."""
    pieces: list[str] = []
    waiting: list[Node | str] = list(reversed(node.children))
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            pieces.append(one)
        elif one.tag == "br":
            pieces.append("\n")
        elif one.tag != "legacyquote":
            waiting += reversed(one.children)
    return "".join(pieces)


def _edit_of(node: Node) -> int | None:
    """The time of the message that was edited: `ts_ms`, or `ts` in seconds."""
    for name, factor in (("ts_ms", 1), ("ts", 1000)):
        digits = node.attributes.get(name, "")
        if digits.isascii() and digits.isdigit() and len(digits) <= 15:
            return int(digits) * factor
    return None
