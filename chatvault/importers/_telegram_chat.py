"""A chat of Telegram Desktop as a conversation, its participants, and whose account it is."""

from collections.abc import Iterator

from msgspec.structs import replace

from chatvault.importers._fields import Malformed, maybe
from chatvault.importers._people import People, folded
from chatvault.importers._source import Source
from chatvault.importers._telegram_item import WallClock, message, reactions, reactors, sender
from chatvault.model import Conversation, ConversationKind, Participant, Record

CONTACTS_KEPT = 20_000

# Type of a chat -> what is before the number in its id, the kind, the title where the export has
# none. Groups keep their id when they become public, so the id goes by what Telegram numbers
# together: users, basic groups, channels (of which a supergroup is one).
TYPES = {
    "personal_chat": ("user", ConversationKind.DIRECT, "Deleted Account"),
    "bot_chat": ("user", ConversationKind.DIRECT, "Deleted Account"),
    "saved_messages": ("user", ConversationKind.DIRECT, "Saved Messages"),
    "replies": ("user", ConversationKind.DIRECT, "Replies"),
    "verification_codes": ("user", ConversationKind.DIRECT, "Verification Codes"),
    "private_group": ("chat", ConversationKind.GROUP, "Deleted Group"),
    "private_supergroup": ("channel", ConversationKind.GROUP, "Deleted Group"),
    "public_supergroup": ("channel", ConversationKind.GROUP, "Deleted Group"),
    "private_channel": ("channel", ConversationKind.CHANNEL, "Deleted Channel"),
    "public_channel": ("channel", ConversationKind.CHANNEL, "Deleted Channel"),
}
_UNKNOWN = ("unknown", ConversationKind.GROUP, "Unnamed")


class Account:
    """What an export of a whole account says about people: the owner, and the list of contacts."""

    def __init__(self) -> None:
        self.owner: str | None = None
        self._known: dict[str, tuple[tuple[str, ...], str]] = {}

    def personal(self, value: object) -> None:
        """Take in `personal_information`."""
        self.owner = self._take(value) or self.owner

    def contact(self, value: object) -> None:
        """Take in one entry of the contacts."""
        if len(self._known) < CONTACTS_KEPT:
            self._take(value)

    def _take(self, value: object) -> str | None:
        try:
            number = maybe(value, "user_id", int)
            handles = [maybe(value, name, str) for name in ("phone_number", "username")]
            names = [maybe(value, name, str) for name in ("first_name", "last_name")]
        except Malformed:
            return None  # no item, and nothing that a conversation needs
        if number is None:  # somebody without Telegram
            return None
        identifier = f"user{number}"
        full_name = " ".join(name for name in names if name)
        self._known[identifier] = (tuple(handle for handle in handles if handle), full_name)
        return identifier

    def of(self, identifier: str) -> tuple[tuple[str, ...], str]:
        """Phone number and user name, and the full name in the list of contacts."""
        return self._known.get(identifier, ((), ""))


class Transcript:
    """The messages of one chat, in their order."""

    def __init__(
        self, chat: dict[str, object], account: Account, source: Source, clock: WallClock
    ) -> None:
        self._account = account
        self._source = source
        self._clock = clock
        self._seq = 0
        clock.begin()
        kind = chat["type"] if isinstance(chat.get("type"), str) else ""
        prefix, size, unnamed = TYPES.get(str(kind), _UNKNOWN)
        number, name = chat.get("id"), chat.get("name")
        has_id = isinstance(number, int) and not isinstance(number, bool)
        title = name if isinstance(name, str) and name else unnamed
        told = {"name", "id"} if has_id else {"name"}
        extra = {key: value for key, value in chat.items() if key not in told}
        owner = f"user{number}" if has_id and kind == "saved_messages" else account.owner
        self.conversation = Conversation(
            id=f"{prefix}:{number}" if has_id else f"title:{folded(title)}",
            platform="telegram",
            title=title,
            kind=size,
            owner=owner,
            title_is_id=not has_id,
            extra=extra,
        )
        self._people = People(self.conversation.id, owner or source.told.me)
        # In a conversation of two, whoever is not the other one made the export.
        self._other = f"user{number}" if kind in {"personal_chat", "bot_chat"} else None

    def item(self, value: object) -> list[Record]:
        """The records of one item; Malformed if it is no message."""
        here = self.conversation.id
        who = sender(value, here)
        told = message(value, self._source, self._clock, chat=here, seq=self._seq, sender_id=who[0])
        answers = list(reactions(value, self._clock, told.sent_at))
        people = [person for person in (who, *reactors(value)) if person[0]]
        self._seq += 1
        return [*(one for person in people for one in self._tell(*person)), told, *answers]

    def _tell(self, identifier: str, name: str) -> Iterator[Participant]:
        handles, full_name = self._account.of(identifier)
        mine = self._other not in (None, identifier) and identifier.startswith("user")
        aliases = (full_name,) if full_name else ()
        for participant in self._people.tell(identifier, name, aliases=aliases, is_me=mine):
            yield replace(participant, handles=handles) if handles else participant
