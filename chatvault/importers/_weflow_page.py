"""One message of the pages of WeFlow, as records need it.

{"i":1,"t":1767139200,"s":0,"a":"<img src=\"avatars/wxid_lin0demo.png\" alt=\"小满\" />",
 "b":"<div class=\"message-time\">2025-12-31 08:00:00</div><div class=\"message-content\">
      <div class=\"message-text\">新年快乐</div></div>","p":"7300000000000000001"}
"""

import io
import re
from urllib.parse import unquote

import msgspec

from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._html import Node, elements
from chatvault.importers._source import Source
from chatvault.importers._wechat import label, notice_marks, placeholder, server_id
from chatvault.importers._wechat_body import Body, absent, attachment, remote
from chatvault.importers._wechat_rows import may_be_id
from chatvault.importers._wechat_said import Said, clocked, shown, text_of
from chatvault.model import Attachment, MessageKind

_MEDIA = {
    "image": MessageKind.IMAGE,
    "emoji": MessageKind.STICKER,
    "audio": MessageKind.VOICE,
    "video": MessageKind.VIDEO,
    "file": MessageKind.FILE,
}
_KNOWN = ("message-media", "quoted-message", "message-text")
# A notice has no class of its own; this one cannot be mistaken for what somebody said.
_RECALL = re.compile(r"(?:你|\"?[^\n\"]{1,60}\"?) ?撤回了一条(?:成员)?消息(?: ?重新编辑)?")


class Face(msgspec.Struct, frozen=True):
    """Who an avatar shows: the id in the name of its file, and the name beside it, if any."""

    wxid: str = ""
    name: str = ""
    path: str = ""


def face(item: object) -> Face:
    """What the avatar of a message tells."""
    found = _node(maybe(item, "a", str) or "").find("img")
    if found is None:
        return Face()
    path = unquote(found.attributes.get("src", ""))
    stem = path.rpartition("/")[2].rpartition(".")[0]
    in_folder = path.startswith(("avatars/", "./avatars/", "../avatars/"))
    return Face(
        wxid=stem if in_folder and may_be_id(stem) else "",
        name=found.attributes.get("alt", ""),
        path=path,
    )


def _node(markup: str) -> Node:
    page = io.BytesIO(f"<div>{markup}</div>".encode("utf-8", "replace"))
    return next(elements(page, lambda node: node.tag == "div"), Node("div"))


def text(node: Node) -> str:
    """The text of an element, with the codes of the pictures that stand for emoji."""
    parts: list[str] = []
    waiting: list[Node | str] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            parts.append(one)
        elif one.tag == "br":
            parts.append("\n")
        elif one.tag == "img":
            code = one.attributes.get("alt") or one.attributes.get("title") or "表情"
            parts.append(code if code.startswith("[") else f"[{code}]")
        else:
            waiting += reversed(one.children)
    return "".join(parts)


def said(item: object, source: Source, base: str) -> Said:
    """The message; Malformed if it is none."""
    if not isinstance(item, dict):
        raise Malformed(f"expected an object, found {type(item).__name__}")
    node = _node(need(item, "b", str))
    clock = node.find("div", "message-time")
    at = clocked(need(item, "t", int, float, str), clock.text() if clock else "")
    named = node.find("div", "sender-name")
    who = face(item)
    content = node.find("div", "message-content") or node
    extra: dict[str, object] = rest(item, ("i", "t", "s", "a", "b", "p", "r"))
    kind, body = _body(content, source, base)
    strange = [
        child.markup() if isinstance(child, Node) else child
        for child in content.children
        if not (isinstance(child, Node) and any(child.has(name) for name in _KNOWN))
    ]
    if content is not node and any(one.strip() for one in strange):
        extra["html"] = "".join(strange)
    own = text_of(item, "s") or ("1" if item.get("s") is True else "0")
    return Said(
        at=at,
        kind=kind,
        body=body,
        name=(named.text() if named else "") or who.name,
        wxid=who.wxid,
        mine=own == "1",
        id=server_id(text_of(item, "p")),
        reply_to=server_id(text_of(item, "r")),
        avatar=who.path,
        extra=extra,
    )


def _body(content: Node, source: Source, base: str) -> tuple[MessageKind, Body]:
    shown_text = content.find("div", "message-text")
    typed = text(shown_text) if shown_text else ""
    media = [_medium(node, source, base) for node in content.all(name="message-media")]
    if media:
        return media[0].kind, _with_media(media, typed)
    quote = content.find("div", "quoted-message")
    if quote is not None:
        return MessageKind.TEXT, _reply(quote, typed)
    card = shown_text.find("a", "message-link-card") if shown_text else None
    if card is not None:
        words = (text(card), card.attributes.get("href", ""))
        return MessageKind.LINK, Body(words=tuple(word for word in words if word))
    if shown_text is None:
        typed = text(content) if content.tag == "div" else ""
    if _RECALL.fullmatch(typed):
        return MessageKind.SYSTEM, Body(text=typed, marks=notice_marks(typed))
    return shown(typed, source=source, base=base)


def _with_media(media: list[Attachment], typed: str) -> Body:
    """A word such as [动画表情] says again what the file is; anything else was heard or written."""
    found = label(typed)
    facts = {"content": typed} if typed and typed != media[0].name else {}
    if placeholder(typed) is not None or typed == media[0].name:
        return Body(attachments=tuple(media), facts=facts)
    words = (found[1] if found else typed).strip()
    known = not words or words == media[0].name
    return Body(attachments=tuple(media), words=() if known else (words,), facts=facts)


def _reply(quote: Node, typed: str) -> Body:
    sender, said_ = quote.find("div", "quoted-sender"), quote.find("div", "quoted-text")
    quoted = text(said_) if said_ else ""
    is_word = label(quoted) is not None
    facts = {"quoted_name": text(sender)} if sender else {}
    if is_word:
        facts["quoted"] = quoted
    return Body(text=typed, words=() if is_word or not quoted else (quoted,), facts=facts)


def _medium(node: Node, source: Source, base: str) -> Attachment:
    kind = next((kind for name, kind in _MEDIA.items() if node.has(name)), MessageKind.FILE)
    path = node.attributes.get("src") or node.attributes.get("href") or ""
    if path.startswith(("http://", "https://")):
        return remote(kind, path)
    if not path or path.startswith(("data:", "blob:")):
        return absent(kind, "", name=node.text().strip())
    found = attachment(unquote(path), kind, source=source, base=base)
    return msgspec.structs.replace(found, as_exported=path)
