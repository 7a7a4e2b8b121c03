"""Which column of a table, or key of a JSON object, means what: the names of the generic forms.

    plan(("Date", "from", "message"))  ->  {"timestamp": ("Date",), "sender": ("from",), ...}

The first name of a field is its own, the others are aliases. Spaces, underscores, hyphens and the
size of letters make no difference. Where two columns fit and neither has the field's own name, the
owner is asked.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from chatvault.errors import NeedsAnswer, Where

FIELDS: Mapping[str, tuple[str, ...]] = {
    "timestamp": (
        "timestamp", "time", "date", "datetime", "ts", "created_at", "sent_at", "time_utc",
    ),
    "sender": ("sender", "from", "author", "user", "name", "accountName"),
    "sender_id": ("sender_id",),
    "sender_name": ("sender_name", "display_name"),
    "text": ("text", "message", "content", "body", "msg"),
    "chat": ("chat", "conversation", "channel", "room", "thread", "group", "chat_name"),
    "chat_id": ("chat_id", "conversation_id"),
    "platform": ("platform", "app"),
    "id": ("id", "message_id", "msg_id", "platformMessageId"),
    "reply_to": ("reply_to", "replyToMessageId", "in_reply_to", "answers_id"),
    "type": ("type", "kind"),
    "attachment": ("attachment", "file", "media", "path", "attachments", "files"),
    "is_me": ("is_me", "from_me", "is_sender", "direction"),
}  # fmt: skip

Plan = Mapping[str, tuple[str, ...]]

_BETWEEN = re.compile(r"[\s_\-\ufeff]+")


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name as it is compared."""
    return _BETWEEN.sub("", name[:64].casefold())


_FIELD_OF = {plain(alias): field for field, names in FIELDS.items() for alias in names}


class TwoFit(ValueError):
    """Two columns could be one field; `field` and `names` say which."""

    def __init__(self, field: str, names: Iterable[str]) -> None:
        self.field = field
        self.names = sorted(names)
        listed = " and ".join(f'"{name[:64]}"' for name in self.names)
        super().__init__(f"{listed} could both be the {field}")

    def question(self, where: Where) -> NeedsAnswer:
        """The same, asked of the owner of the export."""
        remedy = f'rename the one that is meant to "{self.field}"'
        return NeedsAnswer(str(self), where=where, remedy=remedy)


def plan(names: tuple[str, ...]) -> Plan:
    """The columns that each field is read from: one, or two where a date and a time stand apart.

    Raises TwoFit where only the owner knows which of two is meant.
    """
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        if field := _FIELD_OF.get(plain(name)):
            found.setdefault(field, []).append(name)
    _split_sender(found)
    return {field: _one(field, columns) for field, columns in found.items()}


def missing(found: Plan) -> str:
    """The field without which nothing is a message; empty when all is there."""
    if "timestamp" not in found:
        return "timestamp"
    return "" if "text" in found or "attachment" in found else "text"


def aliases(field: str) -> str:
    """All names of a field, for people."""
    return ", ".join(FIELDS[field])


def _split_sender(found: dict[str, list[str]]) -> None:
    """A name beside an id is the name: `sender_id` and `name`, or ChatLab's `sender` and
    `accountName`."""
    senders = found.get("sender", [])
    if "sender_name" in found or not senders:
        return
    accounts = [name for name in senders if plain(name) == "accountname"]
    if "sender_id" in found:
        found["sender_name"] = found.pop("sender")
    elif accounts and len(senders) == 2:
        found["sender"] = [name for name in senders if name not in accounts]
        found["sender_id"] = found.pop("sender")
        found["sender_name"] = accounts


def _one(field: str, columns: list[str]) -> tuple[str, ...]:
    by_name = {plain(name): name for name in columns}
    if len(by_name) < len(columns):
        raise TwoFit(field, columns)
    own = by_name.get(plain(field))
    if own is not None or len(columns) == 1:
        return (own or columns[0],)
    if field == "timestamp":
        if "timeutc" in by_name:  # says more than the same time on a wall clock
            return (by_name["timeutc"],)
        if set(by_name) == {"date", "time"}:
            return (by_name["date"], by_name["time"])
    raise TwoFit(field, columns)
