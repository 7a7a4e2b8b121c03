"""What the XML of a WeChat message says: its type, a card's title and address, a quote, a place.

    <msg><appmsg><title>Look!</title><type>57</type><refermsg><svrid>7300...</svrid>...</refermsg>

Everything here is read from an element tree of `_wechat_xml`; what is not understood stays in the
raw text that the importer keeps.
"""

import msgspec

from chatvault.importers._fields import Malformed, number
from chatvault.importers._wechat import APP, REPLY, notice_marks, server_id
from chatvault.importers._wechat_xml import DEEPEST, Node, tree
from chatvault.model import Mark

LINES = 10_000  # of one forwarded bundle; WeChat itself allows 100 messages


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The message that a reply answers, as far as the reply repeats it."""

    id: str | None
    text: str = ""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a message's XML says; empty where it says nothing.

    `words` is what people search for: titles, descriptions, places, forwarded texts. `text` is the
    readable text of a reply, a notice or a shared text.
    """

    base: int
    sub: int = 0
    text: str = ""
    words: tuple[str, ...] = ()
    url: str = ""
    file_name: str = ""
    file_size: int | None = None
    duration: float | None = None
    quote: Quote | None = None
    marks: tuple[Mark, ...] = ()
    facts: dict[str, str] = {}  # for `extra`: amounts, coordinates, durations


def payload(text: str) -> Payload | None:
    """What this XML says; None when it is no XML of a message, or none that is safe to read."""
    if "<" not in text or (root := tree(text)) is None:
        return None
    if root.tag == "sysmsg":
        return _notice(root)
    if root.tag == "appmsg":
        root = Node("msg", {}, [root])
    for tag, read in _READERS.items():
        if (node := root if root.tag == tag else root.at(tag)) is not None:
            return read(node)
    if root.tag == "msg" and root.attribute("username") and root.attribute("nickname", "alias"):
        name = root.attribute("nickname", "alias")
        return Payload(base=42, words=(name,), facts={"contact": root.attribute("username")})
    return None


def _image(node: Node) -> Payload:
    return Payload(base=3, file_size=_whole(node.attribute("hdlength", "length")))


def _video(node: Node) -> Payload:
    length = _whole(node.attribute("playlength"))
    return Payload(
        base=43,
        file_size=_whole(node.attribute("length")),
        duration=None if length is None else float(length),
    )


def _sticker(node: Node) -> Payload:
    return Payload(base=47, url=node.attribute("cdnurl", "encrypturl", "thumburl"))


def _voice(node: Node) -> Payload:
    length = _whole(node.attribute("voicelength"))
    spoken = node.attribute("transtext") or (
        found.attribute("transtext") if (found := node.at("voicetrans")) else ""
    )
    return Payload(
        base=34,
        duration=None if length is None else length / 1000,
        words=(spoken,) if spoken else (),
    )


def _location(node: Node) -> Payload:
    names = [node.attribute(key) for key in ("poiname", "label", "cityname")]
    latitude, longitude = node.attribute("x"), node.attribute("y")
    return Payload(
        base=48,
        words=tuple(dict.fromkeys(name for name in names if name)),
        facts=place(latitude, longitude),
    )


def place(latitude: str, longitude: str) -> dict[str, str]:
    """Coordinates for `extra`, the right way round: no latitude is more than 90 degrees."""
    try:
        if abs(number(latitude)) > 90:
            latitude, longitude = longitude, latitude
    except Malformed:
        pass  # kept as it was written
    found = {"latitude": latitude, "longitude": longitude}
    return {key: value for key, value in found.items() if value}


def _call(node: Node) -> Payload:
    inner = node.at("VoIPBubbleMsg") or node
    room = inner.value("room_type")
    facts = {"call": {"0": "video", "1": "voice"}.get(room, room)} if room else {}
    said = inner.value("msg")
    return Payload(base=50, words=(said,) if said else (), facts=facts)


def _app(node: Node) -> Payload:
    sub = _whole(node.value("type")) or 0
    title, description = node.value("title"), node.value("des")
    if sub == REPLY:
        quote = _quote(refer) if (refer := node.at("refermsg")) is not None else None
        return Payload(base=APP, sub=sub, text=title, quote=quote)
    if sub in (1, 53):
        return Payload(base=APP, sub=sub, text=title, url=node.value("url"))
    if sub in (62, 87):
        text = node.value("textannouncement", "patMsg/records/record/template") or title
        return Payload(base=APP, sub=sub, text=text)
    words = [title, description if sub not in (6, 74) else ""]
    facts = _money(node) if sub in (2000, 2001, 2003) else {}
    if sub in (19, 24, 40) and (record := node.at("recorditem")) is not None:
        words += forwarded(record)
    words += [facts[key] for key in ("memo", "amount") if key in facts]
    if name := node.value("sourcedisplayname", "weappinfo/nickname", "appinfo/appname"):
        facts["app"] = name
    is_file = sub in (6, 74)
    return Payload(
        base=APP,
        sub=sub,
        words=tuple(dict.fromkeys(word for word in words if word)),
        url=node.value("url"),
        file_name=title if is_file else "",
        file_size=_whole(node.value("appattach/totallen")) if is_file else None,
        facts=facts,
    )


def _quote(node: Node) -> Quote:
    content = node.value("content")
    root = tree(content) if "<" in content else None
    # A quoted reply has its own text only: quotes in quotes in quotes end here.
    if root is not None and root.at("appmsg/refermsg") is not None:
        content = root.value("appmsg/title")
    elif root is not None and (inner := payload(content)) is not None:
        content = inner.text or "\n".join(inner.words)
    return Quote(id=server_id(node.value("svrid")), text=content)


# paysubtype of a transfer; 5 and 7 are the delayed forms of 3 and 1
_TRANSFER = {"1": "sent", "3": "received", "4": "returned", "5": "received", "7": "sent"}


def _money(node: Node) -> dict[str, str]:
    info = node.at("wcpayinfo")
    if info is None:
        return {}
    step = info.value("paysubtype")
    found = {
        "amount": info.value("feedesc"),
        "memo": info.value("pay_memo", "sendertitle"),
        "transfer": _TRANSFER.get(step, step),
        "transfer_id": info.value("transferid"),
    }
    return {key: value for key, value in found.items() if value}


def forwarded(record: Node, depth: int = 0) -> list[str]:
    """The lines of a bundle of forwarded messages, `name: text`, bundles inside it included."""
    if depth > DEEPEST // 8:
        return []
    info = record.at("recordinfo")
    if info is None:
        info = tree(record.text)  # CDATA or escaped text that is XML again
    items = info.at("datalist") if info is not None else None
    lines: list[str] = []
    for item in items.children if items is not None else []:
        said = item.value("datadesc", "datatitle")
        name = item.value("sourcename")
        if said:
            lines.append(f"{name}: {said}" if name else said)
        if (inner := item.at("recordxml")) is not None:
            lines += forwarded(inner, depth + 1)
        if len(lines) > LINES:
            break
    return lines[:LINES]


def _notice(root: Node) -> Payload:
    """Text of a notice; the variables of its template are replaced by the names it gives."""
    kind = root.attribute("type")
    body = root.at(kind) if kind else None
    text = ""
    for node in [body, *root.children]:
        if node is None:
            continue
        text = node.value(
            "replacemsg", "content_template/plain", "plain", "text", "content", "template",
            "content_template/template",
        ) or node.text.strip()  # fmt: skip
        if text:
            break
    template = root.at("sysmsgtemplate/content_template")
    if template is not None and not template.value("plain"):
        text = _filled(template)
    marks = (Mark.RECALLED,) if kind == "revokemsg" else notice_marks(text)
    # `newmsgid` is the recalled message's own id, by which it can be found.
    gone = server_id(root.value("revokemsg/newmsgid"))
    return Payload(base=10002, text=text, marks=marks, facts={"recalled": gone} if gone else {})


def _filled(template: Node) -> str:
    text = template.value("template")
    links = template.at("link_list")
    for link in links.children[:64] if links is not None else []:
        members = link.at("memberlist")
        names = [member.value("nickname") for member in members.children] if members else []
        value = "、".join(name for name in names if name) or link.value("plain", "title")
        if value and (name := link.attribute("name")):
            text = text.replace(f"${name}$", value).replace(f"${{{name}}}", value)
        if len(text) > 100_000:
            break
    return text


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


_READERS = {
    "appmsg": _app,
    "img": _image,
    "videomsg": _video,
    "voicemsg": _voice,
    "emoji": _sticker,
    "location": _location,
    "voipmsg": _call,
    "voipinvitemsg": _call,
}
