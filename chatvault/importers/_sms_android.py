"""What the columns of Android's own messages mean, whichever program copied them."""

from chatvault.importers._fields import Malformed
from chatvault.importers._sms_parts import Content, value
from chatvault.model import Attachment, AttachmentState, MessageKind

_IN, _OUT = frozenset({"1"}), frozenset({"2", "3", "4", "5", "6"})  # 3 to 6: not yet, or failed
_SENT, _FETCHED = "128", "132"  # of an MMS, where its box does not say it
_NOTIFICATION = "130"  # the phone was told of a message and never fetched it


def needed(fields: dict[str, str], key: str) -> str:
    """A column that must be there; Malformed if it is not."""
    if found := value(fields, key):
        return found
    raise Malformed(f"no {key!r}")


def is_text_sent(fields: dict[str, str]) -> bool:
    """Whether the owner sent a text; Malformed if nothing says it."""
    box = fields.get("type", "")
    if box not in _IN | _OUT:
        raise Malformed("no type that says who sent it")
    return box in _OUT


def is_mms_sent(fields: dict[str, str]) -> bool:
    """Whether the owner sent an MMS; Malformed if nothing says it."""
    box = fields.get("msg_box", "")
    if box in _IN | _OUT:
        return box in _OUT
    kind = fields.get("m_type", "")
    if kind in {_SENT, _NOTIFICATION, _FETCHED}:
        return kind == _SENT
    raise Malformed("no msg_box that says who sent it")


def attachments_of(fields: dict[str, str], content: Content) -> tuple[Attachment, ...]:
    """The files of an MMS, or what stands for all of it where the phone never fetched it."""
    if fields.get("m_type") != _NOTIFICATION or content.text or content.attachments:
        return content.attachments
    return (
        Attachment(
            name="",
            state=AttachmentState.UNAVAILABLE,
            kind=MessageKind.MEDIA,
            as_exported=value(fields, "ct_l") or "notification",
        ),
    )
