"""The XML that WeChat puts into everything that is not text, read leniently and without entities.

    <msg><appmsg><title>Look!</title><type>57</type><refermsg>...</refermsg></appmsg></msg>

`tree` gives elements or None, `payload` what they say. Real ones are dirty: an attribute twice, a
prefix before the first tag, control characters, comments, cut tails. So: expat first, then a small
scanner of tags, then nothing, and the caller keeps the raw text. A document type is refused, so
there is no entity to expand and no file or address to open; only the five entities of XML itself
and numbers are decoded.
"""

import re
from xml.parsers import expat

import msgspec

from chatvault.importers._limits import DEFAULT

DEEPEST = 64  # elements inside each other; WeChat's own nested forwards need about 20


class Node(msgspec.Struct):
    """One element; `text` is all character data directly inside it."""

    tag: str
    attributes: dict[str, str] = {}
    children: list["Node"] = []
    pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def at(self, path: str) -> "Node | None":
        """The first element at `a/b/c` below this one."""
        node = self
        for tag in path.split("/"):
            found = next((child for child in node.children if child.tag == tag), None)
            if found is None:
                return None
            node = found
        return node

    def value(self, *paths: str) -> str:
        """The text at the first of these paths where there is any, without space around it."""
        for path in paths:
            node = self.at(path)
            if node is not None and (text := node.text.strip()):
                return text
        return ""

    def attribute(self, *names: str) -> str:
        """The first of these attributes that is not empty."""
        return next((value for name in names if (value := self.attributes.get(name, ""))), "")


class _Refused(ValueError):
    """A document type, or elements nested too deep."""


_TYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OUTSIDE = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL)
_PREFIX = re.compile(
    r"\s*+(?:null:|[^\s<>:]{1,128}:[ \t\r]*+\n)?\s*+(?:<\?xml[^>]{0,200}\?>)?\s*+(?=<)"
)
_NUMBER = re.compile(r"(?:&#(?:[xX][0-9a-fA-F]{1,8}|[0-9]{1,10});)+")
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NAME = re.compile(r"</?([A-Za-z_][\w:.-]*)")
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([A-Za-z_][\w:.-]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")


def tree(text: str) -> Node | None:
    """The root element of an XML payload; None when it is none, or none that is safe to read."""
    start = _PREFIX.match(text)
    if start is None or len(text) > DEFAULT.text:
        return None
    xml = _NUMBER.sub(_storable, text[start.end() :])
    xml = _CONTROL.sub("\ufffd", xml)
    try:
        return _strict(xml)
    except expat.ExpatError:
        pass
    except _Refused:
        return None
    try:
        return _lenient(xml)
    except _Refused:
        return None


def _storable(match: re.Match[str]) -> str:
    """Numbers of characters that XML forbids, as the character meant or U+FFFD."""
    out: list[str] = []
    high = 0
    for reference in match.group().split(";")[:-1]:
        digits = reference[2:]
        code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
        if high and 0xDC00 <= code < 0xE000:
            out[-1] = chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00))
            high = 0
            continue
        high = code if 0xD800 <= code < 0xDC00 else 0
        forbidden = code > 0x10FFFF or (code < 0x20 and code not in (9, 10, 13))
        out.append("\ufffd" if forbidden or 0xD800 <= code < 0xE000 else reference + ";")
    return "".join(out)


def _strict(xml: str) -> Node:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    top = Node("")
    stack = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        _push(stack, Node(tag, attributes))

    def end(_tag: str) -> None:
        stack.pop()

    def characters(data: str) -> None:
        stack[-1].pieces.append(data)

    def refuse(*_: object) -> None:
        raise _Refused("a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.Parse(xml.encode(), True)  # noqa: FBT003 - expat takes no keyword
    return top.children[0]


def _lenient(xml: str) -> Node | None:
    """The same for XML that is not well-formed; every step goes forward, so it is linear."""
    if _TYPE.search(xml) and _TYPE.search(_OUTSIDE.sub("", xml)):
        raise _Refused("a document type")
    top = Node("")
    stack = [top]
    at = 0
    while (opens := xml.find("<", at)) >= 0:
        stack[-1].pieces.append(_decoded(xml[at:opens]))
        if xml.startswith("<![CDATA[", opens):
            closes = xml.find("]]>", opens)
            stack[-1].pieces.append(xml[opens + 9 : closes if closes >= 0 else len(xml)])
            at = closes + 3 if closes >= 0 else len(xml)
        elif xml.startswith(("<!--", "<?"), opens):
            mark = "-->" if xml[opens + 1] == "!" else "?>"
            closes = xml.find(mark, opens)
            at = closes + len(mark) if closes >= 0 else len(xml)
        elif (name := _NAME.match(xml, opens)) is None:
            stack[-1].pieces.append("<")
            at = opens + 1
        else:
            closes = _tag_end(xml, name.end())
            if closes < 0:
                break  # cut inside a tag: what came before is all there is
            _tag(stack, name.group(1), xml[opens:closes])
            at = closes + 1
    return top.children[0] if top.children else None


def _tag_end(xml: str, at: int) -> int:
    """Where the tag ends; `>` may stand inside an attribute."""
    closes = xml.find(">", at)
    for _ in range(16):
        if closes < 0 or xml.count('"', at, closes) % 2 == 0:
            break
        closes = xml.find(">", closes + 1)
    return closes


def _tag(stack: list[Node], name: str, tag: str) -> None:
    if tag.startswith("</"):
        for index in range(len(stack) - 1, 0, -1):
            if stack[index].tag == name:
                del stack[index:]
                break
        return
    attributes: dict[str, str] = {}
    for key, one, other in _ATTRIBUTE.findall(tag):
        attributes.setdefault(key, _decoded(one or other))
    _push(stack, Node(name, attributes))
    if tag.endswith("/"):
        stack.pop()


def _push(stack: list[Node], node: Node) -> None:
    if len(stack) > DEEPEST:
        raise _Refused("nested too deep")
    stack[-1].children.append(node)
    stack.append(node)


def _decoded(text: str) -> str:
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if code <= 0x10FFFF else "\ufffd"
