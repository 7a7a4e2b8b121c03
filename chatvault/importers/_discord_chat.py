"""A channel of DiscordChatExporter as a conversation, and who was told in it."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from chatvault.importers._discord import PLATFORM, Files, filled, kind_of_channel, title_of
from chatvault.importers._discord_item import Person, message, people, person, reactions
from chatvault.importers._people import People, folded
from chatvault.importers._source import Source
from chatvault.model import Conversation, ConversationKind, Participant, Record

KEPT = 20_000  # people of a channel; of those who write later all are told once more
DIRECT_MESSAGES = "Direct Messages"  # the name of the server that no direct message has
# `Server - Category - Channel [1100000000000000001] (after 2024-01-01) [part 2].json`
_NAME = re.compile(
    r"(.*?)(?: \[(\d{5,20})\])?(?: \([^()]*\))?(?: \[part (\d+)\])?\.(?:json|csv)",
    re.IGNORECASE | re.DOTALL,
)


class Name:
    """What the name of a file says: what all parts share, the number of the part, the channel."""

    def __init__(self, name: str) -> None:
        found = _NAME.fullmatch(name)
        end = len(name) if found is None or found[3] is None else found.start(3) - len(" [part ")
        self.whole = name[:end] if end < len(name) else name.rpartition(".")[0] or name
        self.part = 1 if found is None or found[3] is None else int(found[3][:9])
        self.channel = "" if found is None else found[2] or ""
        self.title = name[: found.end(1)] if found is not None else self.whole


def order(name: str) -> tuple[bool, str, int, str]:
    """Names with the id of a channel first, parts of a channel by their numbers."""
    told = Name(name)
    return not told.channel, told.whole, told.part, name


class Transcript:
    """The messages of one channel in their order, also over several parts."""

    def __init__(
        self,
        fields: dict[str, object],
        name: str,
        source: Source,
        files: Files,
        *,
        kept: int = KEPT,
    ) -> None:
        self._files = files
        self._kept = kept
        self._me = source.told.me
        self._seq = 0
        channel, server = fields.get("channel"), fields.get("guild")
        here = dict(channel) if isinstance(channel, dict) else {}
        guild = dict(server) if isinstance(server, dict) else {}
        told = Name(name)
        number = here.pop("id", None)
        identifier = str(number) if isinstance(number, str | int) and number else told.channel
        label = here.pop("name", None)
        label = label if isinstance(label, str) and label else told.title
        kind = kind_of_channel(here.get("type"))
        alone = guild.get("id") in ("0", 0) and guild.get("name") == DIRECT_MESSAGES
        owner = guild.get("name")
        title = title_of(label, owner if isinstance(owner, str) and not alone else "", kind)
        self._server = str(guild.get("id") or "")
        self.conversation = Conversation(
            id=identifier or f"title:{folded(title)}",
            platform=PLATFORM,
            title=title,
            kind=kind,
            title_is_id=not identifier,
            extra=filled({**here, "guild": guild if not alone else None}),
        )
        self._people = People(self.conversation.id, self._me)
        self._last: dict[str, object] = {}  # how somebody was told last

    def item(self, value: object) -> list[Record]:
        """The records of one item; Malformed if it is no message."""
        here = self.conversation.id
        told = message(value, self._files, channel=here, server=self._server, seq=self._seq)
        answers = list(reactions(value))
        if len(self._last) > self._kept:
            self._last.clear()
            self._people = People(here, self._me)
        # First all of them: who is told within an item that is then refused is told to nobody.
        named = [(one, who) for one in people(value) if (who := self._new(one)) is not None]
        self._seq += 1
        return [*(one for both in named for one in self._tell(*both)), told, *answers]

    def _new(self, value: object) -> Person | None:
        """Somebody of whom there may be something new to tell."""
        # Every message tells all about its author once more.
        key = value.get("id") if isinstance(value, dict) else None
        known = self._last.get(key) if isinstance(key, str) else None
        return person(value) if known is None or known != value else None

    def _tell(self, value: object, who: Person) -> Iterator[Participant]:
        self._last[who.id] = value
        told = self._people.tell(who.id, who.name, extra=who.extra, picture=who.picture)
        for one in told:
            yield replace(one, handles=(who.handle,)) if who.handle else one


def conversation_of(name: str) -> Conversation:
    """The conversation of a CSV, which says nothing about it but in its name."""
    told = Name(name)
    start = f"{DIRECT_MESSAGES} - "
    alone = told.title.startswith(start)
    title = told.title.removeprefix(start) or name
    return Conversation(
        id=told.channel or f"title:{folded(title)}",
        platform=PLATFORM,
        title=title,
        kind=ConversationKind.DIRECT if alone else ConversationKind.GROUP,
        title_is_id=not told.channel,
    )
