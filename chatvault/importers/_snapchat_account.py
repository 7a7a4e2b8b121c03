"""Whose Snapchat account it is, and what its friends are called besides their user names."""

from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from chatvault.importers._json_stream import BrokenJson, Field, Item, stream
from chatvault.importers._people import People
from chatvault.importers._source import Source
from chatvault.model import Participant

MOST_FRIENDS = 50_000
_ACCOUNT, _FRIENDS = "account.json", "friends.json"


class Account:
    """The owner, by name or by the first message of theirs, and the list of friends."""

    def __init__(self, source: Source, chats: list[str]) -> None:
        self._source = source
        self._names: dict[str, str] = {}
        self.owner = ""
        for folder in ("json/", ""):
            self._read_account(folder + _ACCOUNT)
            self._read_friends(folder + _FRIENDS)
        for name in chats:
            self.owner = self.owner or self._first_sender(name)

    def name(self, username: str) -> str:
        """The display name of somebody; empty where the export has none."""
        return self._names.get(username, "")

    def people(self, conversation: str) -> People:
        """The participants of a conversation, of whom nobody is known yet."""
        return People(conversation, self.owner or self._source.told.me)

    def tell(self, people: People, username: str, *, mine: bool = False) -> Iterator[Participant]:
        """The participant, if it was not told yet."""
        known = self.name(username)
        for told in people.tell(username, known, is_me=mine or username == self.owner):
            yield replace(told, handles=(username,)) if known else told

    def _read_account(self, name: str) -> None:
        for value in self._fields(name, "Basic Information"):
            if isinstance(value, dict) and isinstance(username := value.get("Username"), str):
                self.owner = self.owner or username
                if isinstance(shown := value.get("Name"), str) and shown:
                    self._names.setdefault(username, shown)

    def _read_friends(self, name: str) -> None:
        if not self._source.has(name):
            return
        with suppress(BrokenJson, OSError), self._source.open(name) as file:
            for part in stream(file, "*"):
                if isinstance(part, Item) and isinstance(part.value, dict):
                    username, shown = part.value.get("Username"), part.value.get("Display Name")
                    known = isinstance(username, str) and isinstance(shown, str) and shown
                    if known and len(self._names) < MOST_FRIENDS:
                        self._names.setdefault(str(username), str(shown))

    def _fields(self, name: str, wanted: str) -> Iterator[object]:
        if not self._source.has(name):
            return
        with suppress(BrokenJson, OSError), self._source.open(name) as file:
            for part in stream(file, "none of the arrays"):
                if isinstance(part, Field) and part.name == wanted:
                    yield part.value

    def _first_sender(self, name: str) -> str:
        """Who wrote the first message that the owner of the export is said to have sent."""
        with suppress(BrokenJson, OSError), self._source.open(name) as file:
            for part in stream(file, "*"):
                match part:
                    case Item(_, {"IsSender": True, "From": str(username)}) if username:
                        return username
        return ""
