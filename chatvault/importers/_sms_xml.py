"""One `sms`, `mms` or `call` of a backup in XML: its people, time, kind, text and files."""

from collections.abc import Iterator

import msgspec

from chatvault.importers._sms import OWN, Texted, between, moment, told_by
from chatvault.importers._sms_android import (
    attachments_of,
    is_mms_sent,
    is_text_sent,
    needed,
)
from chatvault.importers._sms_parts import NULLS, Content, Part, put_together, value
from chatvault.importers._source import Source
from chatvault.importers._xml_events import Bad, Element, End, Text
from chatvault.importers._xml_events import Part as XmlPart
from chatvault.importers._xml_parts import has_data, is_file, part_name
from chatvault.model import AttachmentState, MessageKind

ITEMS = frozenset({"sms", "mms", "call"})
MOST_PARTS = 10_000

_UNKNOWN = frozenset({"", "null", "(Unknown)"})
# Beside the texts and files these only say how the app showed them.
_SHOWN = frozenset({"readable_date", "contact_name"})
_CALLED = frozenset({"2"})


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


def grouped(parts: Iterator[XmlPart]) -> Iterator[Item | Bad | Element]:
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
    sent = is_text_sent(fields)
    address = value(fields, "address")
    subject = value(fields, "subject")
    used = {"date", "body"} | ({"type"} if box in {"1", "2"} else set())
    used |= {"address"} if told_by(address) else set()
    return Texted(
        others=(address,) if address else (),
        sender="" if sent else address or None,
        sent_at=moment(needed(fields, "date")),
        kind=MessageKind.TEXT,
        text=value(fields, "body"),
        names=_names((address,), fields),
        more_text=(subject,) if subject else (),
        extra=_rest(item, used),
    )


def call(item: Item) -> Texted:
    """A `call`; Malformed if it is none."""
    fields = item.head.attributes
    address = value(fields, "number")
    if address in {"-1", "-2", "-3"}:  # hidden, unknown, a payphone
        address = ""
    needed(fields, "type")
    return Texted(
        others=(address,) if address else (),
        sender="" if fields["type"] in _CALLED else address or None,
        sent_at=moment(needed(fields, "date")),
        kind=MessageKind.CALL,
        names=_names((address,), fields),
        extra=_rest(item, {"date", "number"} if told_by(address) else {"date"}),
    )


def multimedia_message(item: Item, source: Source, file: str) -> tuple[Texted, bool]:
    """An `mms`, and whether the owner may be among its people; Malformed if it is none."""
    fields = item.head.attributes
    me = source.told.me
    sent = is_mms_sent(fields)
    addresses = tuple(
        one for one in value(fields, "address").split("~") if one and one != OWN and one != "null"
    )
    others, sender = between(_addresses(item), sent=sent, me=me)
    if not sent and value(fields, "from_address"):
        sender = value(fields, "from_address")
    if not sent and sender is None and len(addresses) == 1:
        sender = addresses[0]
    unsure = not addresses and not sent and len(others) > 1
    others = addresses or others
    content = _parts(item, source, file)
    attachments = attachments_of(fields, content)
    subject = value(fields, "sub")
    used = {"date"} | ({"msg_box"} if fields.get("msg_box") in {"1", "2"} else set())
    used |= {"address"} if len(addresses) < 2 and told_by(*addresses) else set()
    extra = _rest(item, used)
    if content.left:
        extra["parts"] = content.left
    if addrs := [one.attributes for one in item.inside if one.name == "addr"]:
        extra["addrs"] = addrs
    told = Texted(
        others=others,
        sender=sender,
        sent_at=moment(needed(fields, "date"), whole_seconds=True),
        kind=attachments[0].kind if attachments else MessageKind.TEXT,
        text=content.text,
        names=_names(others, fields),
        title=_title(others, fields),
        more_text=(*((subject,) if subject else ()), *content.more_text),
        attachments=attachments,
        extra=extra,
    )
    return told, unsure


def _addresses(item: Item) -> Iterator[tuple[str, str]]:
    for one in item.inside:
        if one.name == "addr":
            yield value(one.attributes, "address"), one.attributes.get("type", "")


def _parts(item: Item, source: Source, file: str) -> Content:
    return put_together(_part(one, source, file) for one in item.inside if one.name == "part")


def _part(one: Element, source: Source, file: str) -> Part:
    place = one.places.get("data")
    if place is None or not has_data(place):
        return Part(one.attributes)
    inner = part_name(file, place, value(one.attributes, "ct"))
    if is_file(place) and source.has(inner):
        return Part(one.attributes, source.full(inner), AttachmentState.PRESENT)
    return Part(one.attributes, None, AttachmentState.FAILED_AT_EXPORT)  # its base64 is none


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
        key: text
        for key, text in item.head.attributes.items()
        if key not in used and key not in _SHOWN and text not in NULLS
    }
    known = {"part", "parts", "addr", "addrs"} if item.head.name == "mms" else set()
    others = [one.raw for one in item.inside if one.name not in known]
    if others or item.texts:
        extra["inside"] = [*others, *item.texts]
    if item.more:
        extra["parts_left_out"] = item.more
    return extra
