"""One `sms`, `mms` or `call` of a backup in XML: its people, time, kind, text and files."""

from collections.abc import Iterator

import msgspec

from chatvault.importers._fields import Malformed
from chatvault.importers._sms import OWN, Texted, between, kind_of, moment
from chatvault.importers._source import Source
from chatvault.importers._xml_parts import has_data, is_file, part_name
from chatvault.importers._xml_stream import Bad, Element, End, Part, Text
from chatvault.model import Attachment, AttachmentState, MessageKind

ITEMS = frozenset({"sms", "mms", "call"})
MOST_PARTS = 10_000

_NULLS = frozenset({"", "null"})
_UNKNOWN = frozenset({"", "null", "(Unknown)"})
# Beside the texts and files these only say how the app showed them.
_SHOWN = frozenset({"readable_date", "contact_name"})
_IN, _OUT = frozenset({"1"}), frozenset({"2", "3", "4", "5", "6"})
_CALLED = frozenset({"2"})
_NOTIFICATION = "130"  # the phone was told of a message and never fetched it


class Item(msgspec.Struct):
    """An element that is a message or a call, and what is inside of it."""

    head: Element
    inside: list[Element] = []
    texts: list[str] = []
    broken: list[Bad] = []
    more: int = 0

    def raw(self) -> str:
        """All of it as text, without the files in it."""
        return "\n".join([self.head.raw, *(part.raw for part in self.inside), *self.texts])


def grouped(parts: Iterator[Part]) -> Iterator[Item | Bad | Element]:
    """The items of a file, each with its own parts; what belongs to none comes by itself.

    What was open where the file breaks off is told as Bad.
    """
    item: Item | None = None
    try:
        for part in parts:
            if isinstance(part, Element) and part.name in ITEMS:
                if item is not None:  # its end is missing
                    yield item
                item = Item(part)
                if part.closed:
                    yield item
                    item = None
            elif isinstance(part, End):
                if item is not None and part.name == item.head.name:
                    yield item
                    item = None
            elif item is None:
                if isinstance(part, Text):
                    yield Bad("text between the messages", part.text)
                else:
                    yield part
            elif isinstance(part, Element):
                if len(item.inside) < MOST_PARTS:
                    item.inside.append(part)
                else:
                    item.more += 1
            elif isinstance(part, Text):
                item.texts.append(part.text)
            else:
                item.broken.append(part)
        if item is not None:
            yield item
    except ValueError:
        if item is not None:
            raw = "\n".join([item.raw(), *(bad.raw for bad in item.broken)])
            yield Bad("the file breaks off in it", raw, item.head.name)
        raise


def text_message(item: Item) -> Texted:
    """An `sms`; Malformed if it is none."""
    fields = item.head.attributes
    box = fields.get("type", "")
    if box not in _IN | _OUT:
        raise Malformed("no type that says who sent it")
    address = _value(fields, "address")
    subject = _value(fields, "subject")
    used = {"address", "date", "body"} | ({"type"} if box in {"1", "2"} else set())
    return Texted(
        others=(address,) if address else (),
        sender="" if box in _OUT else address or None,
        sent_at=moment(_needed(fields, "date")),
        kind=MessageKind.TEXT,
        text=_value(fields, "body"),
        names=_names((address,), fields),
        more_text=(subject,) if subject else (),
        extra=_rest(item, used),
    )


def call(item: Item) -> Texted:
    """A `call`; Malformed if it is none."""
    fields = item.head.attributes
    address = _value(fields, "number")
    if address in {"-1", "-2", "-3"}:  # hidden, unknown, a payphone
        address = ""
    _needed(fields, "type")
    return Texted(
        others=(address,) if address else (),
        sender="" if fields["type"] in _CALLED else address or None,
        sent_at=moment(_needed(fields, "date")),
        kind=MessageKind.CALL,
        names=_names((address,), fields),
        extra=_rest(item, {"number", "date"}),
    )


def multimedia_message(item: Item, source: Source, file: str) -> tuple[Texted, bool]:
    """An `mms`, and whether the owner may be among its people; Malformed if it is none."""
    fields = item.head.attributes
    me = source.told.me
    sent = _is_sent(item)
    addresses = tuple(
        one for one in _value(fields, "address").split("~") if one and one != OWN and one != "null"
    )
    others, sender = between(_addresses(item), sent=sent, me=me)
    if not sent and _value(fields, "from_address"):
        sender = _value(fields, "from_address")
    if not sent and sender is None and len(addresses) == 1:
        sender = addresses[0]
    unsure = not addresses and not sent and len(others) > 1
    others = addresses or others
    text, attachments, more, left = _parts(item, source, file)
    if fields.get("m_type") == _NOTIFICATION and not (text or attachments):
        attachments = (
            Attachment(
                name="",
                state=AttachmentState.UNAVAILABLE,
                kind=MessageKind.MEDIA,
                as_exported=_value(fields, "ct_l") or "notification",
            ),
        )
    subject = _value(fields, "sub")
    extra = _rest(item, {"address", "date"} | ({"msg_box"} if _box(item) in {"1", "2"} else set()))
    if left:
        extra["parts"] = left
    if addrs := [one.attributes for one in item.inside if one.name == "addr"]:
        extra["addrs"] = addrs
    told = Texted(
        others=others,
        sender=sender,
        sent_at=moment(_needed(fields, "date"), whole_seconds=True),
        kind=attachments[0].kind if attachments else MessageKind.TEXT,
        text=text,
        names=_names(others, fields),
        title=_title(others, fields),
        more_text=(*((subject,) if subject else ()), *more),
        attachments=attachments,
        extra=extra,
    )
    return told, unsure


def _is_sent(item: Item) -> bool:
    box = _box(item)
    if box in _IN | _OUT:
        return box in _OUT
    kind = item.head.attributes.get("m_type", "")
    if kind in {"128", "130", "132"}:
        return kind == "128"
    raise Malformed("no msg_box that says who sent it")


def _box(item: Item) -> str:
    return item.head.attributes.get("msg_box", "")


def _addresses(item: Item) -> Iterator[tuple[str, str]]:
    for one in item.inside:
        if one.name == "addr":
            yield _value(one.attributes, "address"), one.attributes.get("type", "")


def _parts(
    item: Item, source: Source, file: str
) -> tuple[str, tuple[Attachment, ...], tuple[str, ...], list[dict[str, str]]]:
    """The text, the files, other text, and what else the parts say."""
    texts: list[str] = []
    files: list[Attachment] = []
    more: list[str] = []
    left: list[dict[str, str]] = []
    parts = [one for one in item.inside if one.name == "part"]
    for part in sorted(parts, key=lambda part: _number(part.attributes.get("seq", ""))):
        fields = part.attributes
        kind = _value(fields, "ct").partition(";")[0].strip().lower()
        text = fields.get("text", "")
        used: set[str] = set()
        place = part.places.get("data")
        if kind == "application/smil":
            pass
        elif has_data(place) or (text in _NULLS and kind != "text/plain"):
            files.append(one := _file(part, source, file))
            known = {one.name, one.as_exported, one.type}
            used = {key for key in ("fn", "cl", "name", "cid", "ct") if fields.get(key) in known}
        elif text not in _NULLS:
            (texts if kind == "text/plain" else more).append(text)
            used = {"text"} if kind == "text/plain" else set()
        rest = {k: v for k, v in fields.items() if k not in used and v not in _NULLS}
        if rest.keys() - {"seq"}:  # which only tells the order
            left.append(rest)
    return "\n".join(texts), tuple(files), tuple(more), left


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 9 else 0


def _file(part: Element, source: Source, file: str) -> Attachment:
    fields = part.attributes
    names = [_value(fields, key) for key in ("fn", "cl", "name")]
    given = next((name for name in names if name), "")
    media_type = _value(fields, "ct")
    place = part.places.get("data")
    path = None
    state = AttachmentState.ABSENT_NOT_EXPORTED
    if place is not None and has_data(place):
        state = AttachmentState.FAILED_AT_EXPORT  # its base64 is none
        inner = part_name(file, place, media_type)
        if is_file(place) and source.has(inner):
            path, state = source.full(inner), AttachmentState.PRESENT
    return Attachment(
        name=given.replace("\\", "/").rpartition("/")[2],
        path=path,
        state=state,
        kind=kind_of(media_type),
        as_exported=next((name for name in names if name), _value(fields, "cid")) or media_type,
        type=media_type,
    )


def _value(fields: dict[str, str], key: str) -> str:
    """An attribute; the word null stands for one without a value."""
    value = fields.get(key, "")
    return "" if value == "null" else value


def _needed(fields: dict[str, str], key: str) -> str:
    value = _value(fields, key)
    if not value:
        raise Malformed(f"no {key!r}")
    return value


def _names(addresses: tuple[str, ...], fields: dict[str, str]) -> dict[str, str]:
    name = fields.get("contact_name", "")
    if name in _UNKNOWN:
        return {}
    names = [name] if len(addresses) == 1 else name.split(", ")
    if len(names) != len(addresses):
        return {}
    return {a: n for a, n in zip(addresses, names, strict=True) if a and n not in _UNKNOWN}


def _title(addresses: tuple[str, ...], fields: dict[str, str]) -> str:
    name = fields.get("contact_name", "")
    return "" if name in _UNKNOWN or len(addresses) < 2 else name


def _rest(item: Item, used: set[str]) -> dict[str, object]:
    """What an item says besides, for `extra`."""
    extra: dict[str, object] = {
        key: value
        for key, value in item.head.attributes.items()
        if key not in used and key not in _SHOWN and value not in _NULLS
    }
    known = {"part", "parts", "addr", "addrs"} if item.head.name == "mms" else set()
    others = [one.raw for one in item.inside if one.name not in known]
    if others or item.texts:
        extra["inside"] = [*others, *item.texts]
    if item.more:
        extra["parts_left_out"] = item.more
    return extra
