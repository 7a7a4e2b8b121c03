"""One message or call as columns of Android's own database, as SMS Import / Export writes it."""

from collections import Counter
from collections.abc import Callable

from chatvault.importers._fields import Malformed, maybe
from chatvault.importers._sms import FROM, OWN, Texted, between, moment, normal, told_by
from chatvault.importers._sms_android import (
    attachments_of,
    is_mms_sent,
    is_text_sent,
    needed,
)
from chatvault.importers._sms_parts import NULLS, Content, Part, put_together, value
from chatvault.model import AttachmentState, MessageKind

KNOWN = 100_000  # numbers that are counted to find the owner's
_CALL = frozenset({"number", "duration", "type", "date"})
# Version 2 marks what the app has added with two underscores.
_SENDERS = ("__sender_address", "sender_address")
_RECIPIENTS = ("__recipient_addresses", "recipient_addresses", "__addresses")
_PARTS = ("__parts", "parts")
_NAMES = ("__display_name", "display_name", "name")
_ADDED = frozenset({*_SENDERS, *_RECIPIENTS, *_PARTS})

# The columns of a part -> where its file is, if the columns say that it has one.
Finder = Callable[[dict[str, str]], tuple[str | None, AttachmentState | None]]


def form(item: object) -> str:
    """What an item is: sms, mms or call; empty if it is none of them."""
    if not isinstance(item, dict):
        return ""
    if "msg_box" in item or "m_type" in item or any(key in item for key in _PARTS):
        return "mms"
    if "type" in item and (
        "address" in item or "body" in item
    ):  # columns without a value are left out
        return "sms"
    return "call" if item.keys() >= _CALL else ""


def texted(item: object, find: Finder, me: str | None) -> tuple[Texted, bool]:
    """The message of an item, and whether the owner may be among its people; Malformed if it is
    none."""
    kind = form(item)
    if kind == "mms":
        return _multimedia(item, find, me)
    if kind == "sms":
        return _text(item), False
    if kind == "call":
        return _call(item), False
    raise Malformed("neither a text nor an MMS nor a call")


def _text(item: object) -> Texted:
    fields = _columns(item)
    box = fields.get("type", "")
    sent = is_text_sent(fields)
    address = value(fields, "address")
    name = _name(fields)
    subject = value(fields, "subject")
    used = {"date", "body", *_NAMES} | ({"type"} if box in {"1", "2"} else set())
    used |= {"address"} if told_by(address) else set()
    return Texted(
        others=(address,) if address else (),
        sender="" if sent else address or None,
        sent_at=moment(needed(fields, "date")),
        kind=MessageKind.TEXT,
        text=fields.get("body", ""),
        names={address: name} if address and name else {},
        more_text=(subject,) if subject else (),
        extra=_rest(item, fields, used),
    )


def _call(item: object) -> Texted:
    fields = _columns(item)
    address = value(fields, "number")
    if address in {"-1", "-2", "-3"}:  # hidden, unknown, a payphone
        address = ""
    name = _name(fields)
    return Texted(
        others=(address,) if address else (),
        sender="" if needed(fields, "type") == "2" else address or None,
        sent_at=moment(needed(fields, "date")),
        kind=MessageKind.CALL,
        names={address: name} if address and name else {},
        extra=_rest(item, fields, {"date", *_NAMES} | ({"number"} if told_by(address) else set())),
    )


def _multimedia(item: object, find: Finder, me: str | None) -> tuple[Texted, bool]:
    fields = _columns(item)
    sent = is_mms_sent(fields)
    people = _people(item)
    addresses = [(value(one, "address"), one.get("type", "")) for one in people]
    others, sender = between(addresses, sent=sent, me=me)
    content = _content(item, find)
    attachments = attachments_of(fields, content)
    subject = value(fields, "sub")
    used = {"date"} | ({"msg_box"} if fields.get("msg_box") in {"1", "2"} else set())
    extra = _rest(item, fields, used)
    if content.left:
        extra["parts"] = content.left
    if people:
        extra["addrs"] = people
    names = {value(one, "address"): name for one in people if (name := _name(one))}
    told = Texted(
        others=others,
        sender=sender,
        sent_at=moment(needed(fields, "date"), whole_seconds=True),
        kind=attachments[0].kind if attachments else MessageKind.TEXT,
        text=content.text,
        names={address: name for address, name in names.items() if address in others},
        more_text=(*((subject,) if subject else ()), *content.more_text),
        attachments=attachments,
        extra=extra,
    )
    return told, not sent and len(others) > 1 and me is None


def _people(item: object) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for key in _SENDERS:
        sender = maybe(item, key, dict)
        found += [_columns(sender)] if sender else []
    for key in _RECIPIENTS:
        found += [_columns(one) for one in maybe(item, key, list) or ()]
    return found


def _content(item: object, find: Finder) -> Content:
    parts = []
    for key in _PARTS:
        for one in maybe(item, key, list) or ():
            fields = _columns(one)
            path, state = find(fields)
            parts.append(Part(fields, path, state))
    return put_together(parts, dropped=("binary_data",))


def _columns(item: object) -> dict[str, str]:
    """The columns as text, as the app writes them; some files have numbers."""
    if not isinstance(item, dict):
        raise Malformed(f"expected an object, found {type(item).__name__}")
    return {
        str(key): str(one)
        for key, one in item.items()
        if isinstance(one, str | int | float) and not isinstance(one, bool)
    }


def _name(fields: dict[str, str]) -> str:
    return next((name for key in _NAMES if (name := value(fields, key))), "")


def _rest(item: object, fields: dict[str, str], used: set[str]) -> dict[str, object]:
    """What an item says besides, for `extra`."""
    if not isinstance(item, dict):
        return {}
    return {
        str(key): one
        for key, one in item.items()
        if key not in used and key not in _ADDED and one is not None
        if fields.get(str(key), "x") not in NULLS
    }


class Owner:
    """Counts in which places numbers stand, to find out which is the owner's.

    It is the one that sends what the owner sends. Where the phone writes no number there, it is the
    only one that is among the recipients of everything that was received.
    """

    def __init__(self) -> None:
        self._sent: Counter[str] = Counter()
        self._received: Counter[str] = Counter()
        self._messages = 0

    def count(self, item: object) -> None:
        """Look at one more item."""
        if form(item) != "mms" or len(self._received) > KNOWN or len(self._sent) > KNOWN:
            return
        try:
            sent = is_mms_sent(_columns(item))
            people = [(normal(value(one, "address")), one.get("type")) for one in _people(item)]
        except Malformed:
            return  # told when it is read
        senders = {who for who, kind in people if kind == FROM and who and who != OWN}
        recipients = {who for who, kind in people if kind != FROM and who and who != OWN}
        if sent:
            self._sent.update(senders)
        elif recipients:
            self._messages += 1
            self._received.update(recipients)

    def number(self) -> str | None:
        """The owner's number, None if that is not clear."""
        if self._sent:
            (first, count), *others = self._sent.most_common(2)
            return first if not others or count > 2 * others[0][1] else None
        always = [who for who, count in self._received.items() if count == self._messages]
        return always[0] if len(always) == 1 and self._messages > 1 else None
