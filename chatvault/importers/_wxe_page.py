"""One message of the pages of WechatExporter: an element with the number of the message.

<div class="msg chat left" msgid="41" msgtype="1">
  <div class="nt-box"><span class="dspname left" wxId="wxid_lin0demo">小满</span>
    2025-12-31 08:00:00</div>
  <div class="content-box"><span class="dont-break-out msg-text">新年快乐</span></div></div>

The pages are made from templates that people may change, and that changed over the years: `msg
chat-left` and `name-left` in older ones, `media left` around pictures, `chat-notice` for notices.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import unquote

import msgspec

from chatvault.importers._clock import FileClock, hour_24
from chatvault.importers._fields import Malformed
from chatvault.importers._html import Node
from chatvault.importers._source import Source
from chatvault.importers._wechat import APP, MEDIA, kind_of, label, notice_marks, split_type
from chatvault.importers._wechat_body import Body, absent, attachment, remote
from chatvault.importers._wechat_said import Said
from chatvault.model import Attachment, MessageKind, Precision, Timestamp

CLOCK = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2}) (?:(上午|下午) ?)?(\d{1,2}):(\d\d):(\d\d)"
    r"(?: ?([AaPp][Mm]|上午|下午))?",
    re.ASCII,
)
_NAMED = {
    "text": MessageKind.TEXT,
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "audio": MessageKind.VOICE,
    "voice": MessageKind.VOICE,
    "emoji": MessageKind.STICKER,
    "channels": MessageKind.LINK,
    "share": MessageKind.LINK,
    "card": MessageKind.CONTACT,
    "file": MessageKind.FILE,
    "transfer": MessageKind.TRANSFER,
    "location": MessageKind.LOCATION,
}
_SYSTEM = re.compile(r"(?:系统消息|系統消息|System Message) ?[:：] ?")
_QUOTE = re.compile(r"「(.{0,200}?)：(.*?)」\n?(?:(?:- ?){5,}\n?)?(.*)", re.DOTALL)
_RULED = re.compile(r"「.{0,4000}?」\n(?:- ?){5,}", re.DOTALL)
_VOICE = re.compile(r"\[[^\[\]\n]{1,12} (\d{1,9})[\"'”]?\]")
_DOCUMENT = re.compile(r"(?:\A|/)(?:Files|[^/]+_files)/[^/]+\.[A-Za-z0-9]{1,8}\Z")


def is_message(node: Node) -> bool:
    """Whether an element is a message: it has its number, if only an empty one."""
    return "msgid" in node.attributes


def has(node: Node, *words: str) -> bool:
    """Whether one of these is a class of the element, or the last part of one (`chat-left`)."""
    classes = node.attributes.get("class", "").replace("_", "-").split()
    return any(one == word or one.endswith(f"-{word}") for one in classes for word in words)


def is_part_of_bundle(node: Node) -> bool:
    """Whether it is a message inside a forwarded bundle, or what frames one."""
    return has(node, "fmsg", "fmsgtag")


class Clock:
    """The clocks of one page, and the last of them for what has none."""

    def __init__(self, zone: str) -> None:
        self._clock = FileClock(zone)
        self.last: Timestamp | None = None

    def time(self, text: str) -> Timestamp:
        """The moment that a page shows; Malformed if it shows none."""
        found = CLOCK.search(text)
        if found is None:
            raise Malformed("no time")
        year, month, day, first, hour, minute, second, half = found.groups()
        hours = hour_24(int(hour), half or first or "")
        try:
            if hours is None:
                raise Malformed("a time that no clock shows")
            wall = datetime(int(year), int(month), int(day), hours, int(minute), int(second))  # noqa: DTZ001
        except ValueError as cause:
            raise Malformed("a time that no clock shows") from cause
        self.last = self._clock.time(wall)
        return self.last

    def near(self) -> Timestamp | None:
        """What is known of a notice, which has no clock: the day of the message before it."""
        if self.last is None:
            return None
        return msgspec.structs.replace(self.last, precision=Precision.DAY)


class Bundle:
    """The lines of the forwarded bundle behind a message, as long as they come."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, node: Node) -> None:
        """One more message of the bundle, or its title."""
        name, content = _name(node)[0], _content(node)
        said = _text(content).strip()
        files = [one.as_exported for one in _files(content, Source.of({}), "", MessageKind.FILE)]
        said = said or " ".join(files)
        if said and len(self.lines) < 10_000:
            self.lines.append(f"{name}: {said}" if name else said)


def said(node: Node, clock: Clock, *, source: Source, base: str) -> Said:
    """The message of an element; Malformed if it is none."""
    number = node.attributes.get("msgid", "").strip()
    content = _content(node)
    if has(node, "notice"):
        text = _SYSTEM.sub("", _text(content).strip(), count=1)
        return Said(
            at=clock.near(),
            kind=MessageKind.SYSTEM,
            body=Body(text=text, marks=notice_marks(text)),
            id=number or None,
        )
    name, wxid, rest_of_head = _name(node)
    at = clock.time(rest_of_head)
    kind, body, extra = _body(node, content, source=source, base=base)
    mine = True if has(node, "right") else False if has(node, "left") else None
    picture = next((one for one in node.all("img", "avatar")), None)
    return Said(
        at=at,
        kind=kind,
        body=body,
        name=name,
        wxid=wxid,
        mine=mine,
        id=number or None,
        avatar=picture.attributes.get("src", "") if picture else "",
        extra=extra,
    )


def speaker(node: Node) -> tuple[str, str]:
    """Name and id of who speaks in an element; empty where it does not say."""
    name, wxid, _ = _name(node)
    return name, wxid


def _name(node: Node) -> tuple[str, str, str]:
    """Name, id and the text beside them, with the clock."""
    head = next((one for one in node.all() if has(one, "nt-box", "ntBox")), None)
    if head is None:
        # The oldest pages have no classes: the second box has name and clock.
        boxes = [one for one in node.children if isinstance(one, Node) and one.tag == "div"]
        head = boxes[1] if len(boxes) > 2 else None
    if head is None:
        return "", "", ""
    named = next(head.all("span"), None)
    text = head.words()
    found = CLOCK.search(text)
    if named is not None:
        name = named.text().strip()
        return name, named.attributes.get("wxid", ""), text
    return (text[: found.start()].strip() if found else ""), "", text


def _content(node: Node) -> Node:
    found = next((one for one in node.all() if has(one, "content-box", "contentBox")), None)
    if found is not None:
        return found
    boxes = [one for one in node.children if isinstance(one, Node)]
    heads = [one for one in boxes if not has(one, "nt-box", "avatar-box", "avatarBox", "ntBox")]
    if has(node, "notice") or not heads:
        return node
    # Without its box the content is what follows the name, or the third box of the oldest pages.
    if len(heads) == len(boxes) and len(boxes) > 2:
        heads = boxes[2:]
    return Node("div", {}, list(heads))


def _text(content: Node, *, marked_only: bool = False) -> str:
    """What people read in it: the texts that templates mark, else all."""
    marked = [one for one in content.all("span") if has(one, "msg-text", "dont-break-out")]
    outer = [one for one in marked if not any(one in list(other.all()) for other in marked)]
    if outer:
        return "\n".join(one.text().strip("\r\n\t") for one in outer)
    if marked_only:
        return ""
    return "\n".join(line.strip() for line in content.text().split("\n") if line.strip())


def _kind(node: Node) -> tuple[MessageKind | None, int]:
    code = node.attributes.get("msgtype", "").strip().lower()
    if code in _NAMED:
        return _NAMED[code], 0
    if code.isascii() and code.isdigit() and len(code) < 19:
        base = split_type(int(code))[0]
        return (None, base) if base == APP else (kind_of(base), base)
    return None, 0


def _body(
    node: Node, content: Node, *, source: Source, base: str
) -> tuple[MessageKind, Body, dict[str, object]]:
    kind, code = _kind(node)
    extra: dict[str, object] = {}
    if node.attributes.get("msgtype", "1") != "1":
        extra["msgtype"] = node.attributes["msgtype"]
    quoted = content.find("span", "refermsg")
    text = _text(content)
    # Typed by somebody (1) it is their text: WeChat itself once wrote quotes this way.
    if quoted is not None or (code in {0, APP} and kind is None and _RULED.match(text)):
        return MessageKind.TEXT, _reply(text), extra
    files = list(_files(content, source, base, kind))
    if files and kind not in {MessageKind.LOCATION, MessageKind.LINK, MessageKind.CONTACT}:
        kind = kind if kind in MEDIA else files[0].kind
        text = _text(content, marked_only=True).strip()
        said = (text,) if text and text != files[0].name else ()
        return kind, Body(attachments=tuple(files), words=said), extra
    card = next((one for one in content.all("a") if _address(one)), None)
    if card is not None and kind in {None, MessageKind.LINK, MessageKind.TEXT} and code != 1:
        words = (card.text().strip(), *text.split("\n"), _address(card), *_app(content))
        return MessageKind.LINK, Body(words=_distinct(words)), extra
    if kind in MEDIA:
        length = _VOICE.fullmatch(text.strip())
        one = absent(kind, text.strip())
        if length and kind is MessageKind.VOICE:
            one = msgspec.structs.replace(one, duration=int(length[1]) / 1000)
        return kind, Body(attachments=(one,)), extra
    if kind is None:
        kind = MessageKind.TRANSFER if content.find("img", "transfer-icon") else MessageKind.TEXT
        if code == APP and kind is MessageKind.TEXT and (card is not None or _app(content)):
            kind = MessageKind.LINK
    if kind in {MessageKind.TEXT, MessageKind.OTHER, MessageKind.SYSTEM}:
        return kind, Body(text=text), extra
    found = label(text)
    words = (*(found[1] if found else text).split("\n"), *_app(content))
    if kind is MessageKind.CONTACT:
        words = tuple(content.text().split("\n"))
    facts = {"content": text} if found is not None else {}
    return kind, Body(words=_distinct(words), facts=facts), extra


def _distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def _app(content: Node) -> tuple[str, ...]:
    return tuple(one.text().strip() for one in content.all("span", "app-name"))


def _address(node: Node) -> str:
    address = node.attributes.get("href", "")
    return address if address.startswith(("http://", "https://")) else ""


def _reply(text: str) -> Body:
    found = _QUOTE.fullmatch(text)
    if found is None:
        return Body(text=text)
    name, quoted, reply = found.groups()
    facts = {"quoted_name": name}
    if label(quoted) is not None:
        facts["quoted"] = quoted
        quoted = ""
    return Body(text=reply, words=(quoted,) if quoted else (), facts=facts)


def _files(
    content: Node, source: Source, base: str, kind: MessageKind | None
) -> Iterator[Attachment]:
    """The files in a message; a thumbnail only where the picture itself is not named."""
    told: set[str] = set()
    for node in content.all():
        found = _reference(node, kind)
        if found is None or found[1] in told:
            continue
        what, path, small = found
        told |= {path, small}
        if path.startswith(("http://", "https://")):
            yield remote(what, path)
            continue
        one = attachment(unquote(path), what, source=source, base=base)
        if one.path is None and small and not small.startswith(("http", "data:")):
            little = attachment(unquote(small), MessageKind.IMAGE, source=source, base=base)
            yield msgspec.structs.replace(one, as_exported=path)
            if little.path is not None:
                yield little
            continue
        yield msgspec.structs.replace(one, as_exported=path)


def _reference(node: Node, kind: MessageKind | None) -> tuple[MessageKind, str, str] | None:
    """What an element shows: its kind, its path, and that of its thumbnail."""
    about = node.attributes
    if has(node, "avatar", "app-icon", "transfer-icon", "card-avatar"):
        return None
    if node.tag == "img":
        small = about.get("data-src") or about.get("src") or ""
        path = about.get("rawurl") or small
        small = small if small != path else ""
        what = MessageKind.STICKER if kind is MessageKind.STICKER else MessageKind.IMAGE
    elif "audio" in about and has(node, "voicebox"):
        path, small, what = about["audio"], "", MessageKind.VOICE
    elif node.tag == "source":
        path, small = about.get("src", ""), ""
        what = MessageKind.VOICE if about.get("type", "").startswith("audio") else MessageKind.VIDEO
    elif node.tag == "a" and _DOCUMENT.search(unquote(about.get("href", ""))):
        path, small, what = about["href"], "", MessageKind.FILE
        inside = next(node.all("img"), None)
        if inside is not None:  # older pages wrap a picture into a link to the large one
            small, what = inside.attributes.get("src", ""), MessageKind.IMAGE
        elif path.lower().endswith((".mp3", ".mp4")):
            return None  # the link for browsers that play nothing
    else:
        return None
    if not path or path.startswith(("data:", "javascript:", "#")):
        return None
    return what, path, small
