"""The pages of imessage-exporter: an element of class `message` for each."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from chatvault.importers._fields import Malformed
from chatvault.importers._html import Node
from chatvault.importers._imessage_posts import CLOCK, MISSING, Post, wall_of
from chatvault.model import Mark, MessageKind

_CLOCK = re.compile(CLOCK, re.ASCII)
_GUID = re.compile(r"message-guid=([0-9A-Za-z:_-]{1,80})")
_ANCHOR = re.compile(r"#?r?-?([0-9A-Za-z:_-]{36,80})")
_NOTES = ("expressive", "shareplay", "shared_location", "deleted", "reply_context")
_ERRORS = ("attachment_error", "app_error")
_LABEL = re.compile(r"(?:Reactions|Tapbacks):")


def wanted(node: Node) -> bool:
    """Whether an element is a message or what the app noted."""
    return node.has("message") or node.has("announcement")


def post_of(node: Node) -> Post:
    """The message of an element; Malformed if it tells no time."""
    stamp = node.find("span", "timestamp")
    words = stamp.words() if stamp else ""
    clock = _CLOCK.search(words)
    if clock is None:
        raise Malformed("no time")
    if node.has("announcement"):
        post = Post(wall_of(clock), None, kind=MessageKind.SYSTEM, guid=_guid(stamp, node))
        post.extra["notice"] = node.words().replace(words, "", 1).strip()
        return post
    body = next((one for one in node.all("div") if one.has("sent") or one.has("received")), node)
    sender = node.find("span", "sender")
    post = Post(
        wall_of(clock), sender.words() if sender else "", mine=body.has("sent"),
        guid=_guid(stamp, node),
    )  # fmt: skip
    if read := words[clock.end() :].strip().removeprefix("(").removesuffix(")"):
        post.extra["read"] = read
    for name in ("SMS", "RCS"):
        if body.has(name):
            post.extra["service"] = name
    for child in body.children:
        if isinstance(child, Node):
            _child(post, child)
    return post


def _guid(stamp: Node | None, node: Node) -> str:
    """The id of a message: newer versions link its time, older ones say it of replies."""
    for link in stamp.all("a") if stamp else ():
        if found := _GUID.search(link.attributes.get("href", "")):
            return found[1]
    found = _ANCHOR.fullmatch(node.attributes.get("id", ""))
    return found[1] if found else ""


def _child(post: Post, node: Node) -> None:
    if node.has("message_part"):
        for child in node.children:
            if isinstance(child, Node):
                _part(post, child)
    elif node.has("reactions") or node.has("tapbacks"):
        lines = (_tapback(child) for child in node.children if isinstance(child, Node))
        post.tapbacks += [line for line in lines if line]
    elif node.has("replies"):
        post.replies += list(_replies(post, node))
    elif subject := ([node] if node.has("subject") else list(node.all("span", "subject"))):
        post.more.append(subject[0].text())
        post.extra["subject"] = subject[0].text()
    else:
        _note(post, node)


def _tapback(node: Node) -> str:
    """A reaction as the text export has it; a sticker with the file that it is."""
    line = _LABEL.sub("", node.words()).strip()
    sticker = node.find("div", "sticker_tapback")
    if sticker is not None:
        said = " ".join(one.words() for one in node.all("div", "sticker_name"))
        line = f"from {sticker.words().removeprefix('by ')}"
    elif not line or " by " in line or line.startswith("Sticker from "):
        return line
    else:
        said = ""
    file = next(_references(node), "")
    return f"Sticker {line}" + (f": {file}" if file else "") + (f" ({said})" if said else "")


def _note(post: Post, node: Node) -> None:
    for name in _NOTES:
        if not node.has(name):
            continue
        if name == "expressive":
            post.extra["effect"] = node.words()
            continue
        post.notes.append(node.words())
        post.is_reply = post.is_reply or name == "reply_context"
        if name == "deleted":
            post.marks.append(Mark.DELETED)
        elif name == "shared_location":
            post.kind = MessageKind.LOCATION


def _replies(post: Post, node: Node) -> Iterator[Post]:
    for one in node.children:
        if not isinstance(one, Node) or not one.has("reply"):
            continue
        inner = next((below for below in one.all("div", "message")), None)
        if inner is None:
            continue
        try:
            reply = post_of(inner)
        except Malformed as cause:
            # A page tells replies by themselves, too; where it does not, this is all there is.
            post.notes.append(f"a reply that cannot be read ({cause}): {inner.markup()}")
            continue
        found = _ANCHOR.fullmatch(one.attributes.get("id", ""))
        reply.guid = reply.guid or (found[1] if found else "")
        yield reply


def _part(post: Post, node: Node) -> None:
    if node.has("edited"):
        _edited(post, node)
    elif node.has("unsent"):
        post.marks.append(Mark.RECALLED)
        post.notes.append(node.words())
    elif node.has("app"):
        _app(post, node)
    elif any(node.has(name) for name in _ERRORS):
        if node.has("app_error"):
            post.kind = MessageKind.OTHER
        else:
            post.files.append((MISSING, None))
        post.notes.append(node.words())
    elif node.has("bubble"):
        post.text.append(node.text())
    else:
        kind = MessageKind.STICKER if node.has("sticker") else None
        files = list(dict.fromkeys(_references(node)))
        post.files += [(reference, kind) for reference in files]
        said = node.words()
        if said and not files:
            post.text.append(node.text().strip())
        elif said:
            post.more.append(said)


def _references(node: Node) -> Iterator[str]:
    """The files that are shown or linked in an element."""
    for one in (node, *node.all()):
        for name in ("src", "href"):
            reference = one.attributes.get(name, "").strip()
            if reference and not re.match(r"(?:https?|sms|data):", reference, re.IGNORECASE):
                path = reference.removeprefix("file://")
                yield unquote(path) if "%" in path else path


def _app(post: Post, node: Node) -> None:
    """What an app showed; of a link its address is what was sent."""
    links = [
        one.attributes.get("href", "") for one in node.all("a")
        if one.attributes.get("href", "").startswith(("http://", "https://"))
    ]  # fmt: skip
    post.kind = MessageKind.LINK if links else MessageKind.OTHER
    post.text += links[:1]
    said = " ".join(text for one in _texts(node) if (text := one.strip()))
    post.more += [said] if said not in links else []
    post.files += [(one, None) for one in dict.fromkeys(_references(node))]


def _texts(node: Node) -> Iterator[str]:
    """The texts inside, one by one: they stand in boxes, and no space is between those."""
    for child in node.children:
        if isinstance(child, str):
            yield child
        else:
            yield from _texts(child)


def _edited(post: Post, node: Node) -> None:
    """The texts that a message had: rows of a table, the first as it was sent."""
    texts = []
    for row in node.all("tr"):
        cells = [one for one in row.children if isinstance(one, Node) and one.tag == "td"]
        if cells:
            texts.append(cells[-1].text().strip())
            if len(cells) > 1 and (said := cells[0].words()):
                post.notes.append(said)
    if texts:
        post.text.append(texts[0])
        post.edits += texts[1:]
    elif said := node.words():
        post.notes.append(said)
