"""One message on Telegram's pages: who, when, what, and what it answers.

<div class="message default clearfix joined" id="message12"><div class="body">
<div class="pull_right date details" title="09.03.2024 18:08:00 UTC+00:00">18:08</div>
<div class="reply_to details">In reply to <a href="#go_to_message11">this message</a></div>
<div class="text">see <a href="https://example.org/p">plan</a></div></div></div>
"""

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from chatvault.importers._fields import Malformed
from chatvault.importers._html import Node
from chatvault.importers._source import Source
from chatvault.importers._telegram_html_clock import PageClock, day_of
from chatvault.importers._telegram_html_media import Media, media
from chatvault.importers._telegram_html_text import formatted
from chatvault.model import Attachment, Mark, Message, MessageKind, Reaction, Timestamp

_ID = re.compile(r"message(-?\d{1,19})")
_ANSWERED = re.compile(r"#go_to_message(-?\d{1,19})\Z")
_VIA = re.compile(r"(.*) via (@[A-Za-z0-9_]{1,64})", re.DOTALL)
_SHIFT = 100_000_000  # ids of an upgraded group lie this far and more below zero
EMPTY = "No exported messages"
_UNSUPPORTED = "This message is not supported by this version of Telegram Desktop."
_KNOWN = frozenset({
    "date", "from_name", "forwarded", "reply_to", "media_wrap", "text", "signature", "reactions",
    "userpic_wrap",
})  # fmt: skip
MOST_REACTIONS = 10_000


class Answer(msgspec.Struct, frozen=True):
    """A reaction, and the name of who gave it."""

    reaction: Reaction
    name: str = ""


class Line(msgspec.Struct, kw_only=True):
    """What a message says, before it is known who sent it."""

    id: str | None
    joined: bool = False  # it has the sender of the one before
    service: bool = False
    sender: str = ""
    sent_at: Timestamp | None = None
    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    reply_to: str | None = None
    words: list[str] = []
    attachments: list[Attachment] = []
    marks: list[Mark] = []
    forwarded: bool = False
    forwarded_from: str = ""
    answers: list[Answer] = []
    extra: dict[str, object] = {}

    def message(self, *, chat: str, seq: int, sender_id: str | None) -> Message:
        """The record of it."""
        return Message(
            id=self.id,
            conversation_id=chat,
            sender_id=sender_id,
            sent_at=self.sent_at,
            seq=seq,
            kind=self.kind,
            text=self.text,
            scope=chat if self.id is not None else "",
            reply_to_id=self.reply_to,
            more_text=tuple(dict.fromkeys(word for word in self.words if word)),
            attachments=tuple(self.attachments),
            marks=tuple(self.marks),
            extra=self.extra,
        )


def is_message(node: Node) -> bool:
    """Whether an element is a message, or a line between messages."""
    return node.tag == "div" and node.has("message")


def separator(node: Node) -> datetime | None:
    """The day that a line between messages names; None if it is no such line."""
    return day_of(node.words()) if node.has("service") and _number(node) is None else None


def is_empty(node: Node) -> bool:
    """Whether it is the line of a chat without messages."""
    return node.has("service") and _number(node) is None and node.words() == EMPTY


def _number(node: Node) -> str | None:
    """The id of a message. Lines between messages have ids as well, of their own: -1, -2 ..."""
    found = _ID.fullmatch(node.attributes.get("id", ""))
    if not found or -_SHIFT < int(found[1]) <= 0:
        return None
    return found[1]


def line(node: Node, source: Source, base: str, *, clock: PageClock, day: datetime | None) -> Line:
    """What a message says; Malformed if it cannot be told. `day` is that of the last separator."""
    if node.cut:
        raise Malformed("not all of it is there")
    body = next((child for child in _inside(node) if child.has("body")), None)
    if body is None:
        raise Malformed("no body")
    if node.has("service"):
        return _service(node, body, source, base, at=clock.day(day) if day else None)
    date = next((child for child in _inside(body) if child.has("date")), None)
    if date is None or not date.attributes.get("title"):
        raise Malformed("no time")
    found = Line(
        id=_number(node),
        joined=node.has("joined"),
        sent_at=clock.time(date.attributes["title"]),
        extra={},
    )
    found.sender, via = _name(next((c for c in _inside(body) if c.has("from_name")), None))
    inner = next((c for c in _inside(body) if c.has("forwarded") and c.has("body")), None)
    if inner is not None:
        found.forwarded = True
        found.marks.append(Mark.FORWARDED)
        via = _forwarded(found, inner, clock) or via
    if via:
        found.extra["via_bot"] = via
    for part in (body, *([inner] if inner is not None else [])):
        _take(found, part, source, base)
    return found


def _inside(node: Node) -> Iterator[Node]:
    return (child for child in node.children if isinstance(child, Node))


def _service(node: Node, body: Node, source: Source, base: str, *, at: Timestamp | None) -> Line:
    """What the app noted, a sentence in English without a time."""
    text, runs = formatted(body)
    found = Line(id=_number(node), service=True, sent_at=at, kind=MessageKind.SYSTEM, extra={})
    found.text = text.strip()
    for link in body.all("a"):
        if answered := _ANSWERED.search(link.attributes.get("href", "")):
            found.reply_to = answered[1]
    if found.text.startswith(_UNSUPPORTED):
        found.kind, found.text = MessageKind.OTHER, ""
        found.extra["placeholder"] = "".join(str(run["text"]) for run in runs).strip()
    if picture := node.find("a", "userpic_link"):
        reference = picture.attributes.get("href", "")
        path = source.resolve(reference, base)
        if path is not None:  # a picture of the group
            found.attachments.append(Attachment(
                name=reference.rpartition("/")[2],
                path=path,
                kind=MessageKind.IMAGE,
                as_exported=reference,
                stable_name=False,
            ))  # fmt: skip
    return found


def _name(node: Node | None) -> tuple[str, str]:
    """The name in an element, and the bot that somebody wrote through."""
    if node is None:
        return "", ""
    parts = []
    for child in node.children:
        if isinstance(child, str):
            parts.append(child)
        elif not child.has("date"):
            parts.append(child.text())
    text = " ".join("".join(parts).split())
    found = _VIA.fullmatch(text)
    return (found[1], found[2]) if found else (text, "")


def _forwarded(found: Line, inner: Node, clock: PageClock) -> str:
    """Take in whom a message was first from; the bot that it came through."""
    name = next((child for child in _inside(inner) if child.has("from_name")), None)
    found.forwarded_from, via = _name(name)
    date = name.find("span", "date") if name else None
    if date is not None and (title := date.attributes.get("title")):
        found.extra["forwarded_date"] = clock.time(title, main=False).as_exported
    return via


def _take(found: Line, part: Node, source: Source, base: str) -> None:
    """Take in what is in the body of a message, or in what was forwarded in it."""
    for child in _inside(part):
        if child.has("reply_to"):
            _reply(found, child)
        elif child.has("media_wrap"):
            _media(found, media(child, source, base))
        elif child.has("text"):
            _text(found, child)
        elif child.has("signature"):
            found.extra["author"] = child.words()
            found.words.append(child.words())
        elif child.has("reactions"):
            found.answers += _reactions(child)
        elif _KNOWN.isdisjoint(child.attributes.get("class", "").split()) and child.words():
            more = found.extra.setdefault("html", [])
            if isinstance(more, list):
                more.append(child.markup())
            found.words.append(child.words())


def _reply(found: Line, node: Node) -> None:
    link = node.find("a")
    answered = _ANSWERED.search(link.attributes.get("href", "")) if link else None
    if answered:
        found.reply_to = answered[1]
    else:
        found.extra["reply_to"] = node.words()


def _media(found: Line, one: Media) -> None:
    found.kind = one.kind
    found.attachments += one.attachments
    found.words += one.words
    found.extra |= one.extra
    found.marks += one.marks


def _text(found: Line, node: Node) -> None:
    found.text, runs = formatted(node)
    if any(run["type"] != "plain" for run in runs):
        found.extra["text_entities"] = runs
    found.words += [str(run["href"]) for run in runs if run.get("href")]


def _reactions(node: Node) -> Iterator[Answer]:
    """One for each who is named, and the number of the others."""
    for one in node.all("span", "reaction"):
        emoji = _emoji(one.find("span", "emoji"))
        shown = one.find("span", "count")
        digits = shown.words() if shown else ""
        names = list(_titles(one.find("span", "userpics")))[:MOST_REACTIONS]
        for name in names:
            yield Answer(Reaction(emoji=emoji), name)
        count = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
        others = max(count, 1) - len(names) if not names else count - len(names)
        if others > 0:
            yield Answer(Reaction(emoji=emoji, count=others))


def _titles(node: Node | None) -> Iterator[str]:
    for one in _inside(node) if node is not None else ():
        titled = (each.attributes.get("title", "") for each in (one, *one.all()))
        if name := next((title for title in titled if title), ""):
            yield " ".join(name.split())


def _emoji(node: Node | None) -> str:
    """The emoji, or for one of Telegram's own the path to its picture."""
    if node is None:
        return ""
    link = node.find("a")
    return (link.attributes.get("href", "") if link else "") or node.words()
