"""Whose archive of X it is, and who the others are, who in messages are numbers only."""

import re
from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from chatvault.importers._json_stream import BrokenJson, Item, stream
from chatvault.importers._people import People
from chatvault.importers._source import Source
from chatvault.importers._x_dm_script import script, value_of
from chatvault.model import Participant

MOST = 50_000  # people whose name is remembered
_POSTS = re.compile(r"(?:data/)?tweets?(?:-part\d{1,6})?\.js")


class Account:
    """The owner of the archive, and names of others out of the owner's posts."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[str, tuple[str, str]] | None = None  # id -> name, handle
        self.told_me = source.told.me
        self.id, self._name, self._handle = "", "", ""
        self._from_manifest(_first(source, "manifest.js"))
        accounts = _first(source, "account.js")
        for one in accounts if isinstance(accounts, list) else ():
            self._from_account(one.get("account") if isinstance(one, dict) else None)

    def name(self, identifier: str) -> str:
        """The name of somebody; empty where the archive has none."""
        if identifier == self.id:
            return self._name or self._handle
        return self._others().get(identifier, ("", ""))[0]

    def tell(self, people: People, identifier: str) -> Iterator[Participant]:
        """The participant, if it was not told yet."""
        mine = identifier == self.id
        handle = self._handle if mine else self._others().get(identifier, ("", ""))[1]
        for told in people.tell(identifier, self.name(identifier), is_me=mine):
            yield replace(told, handles=(f"@{handle}",)) if handle else told

    def _from_manifest(self, value: object) -> None:
        user = value.get("userInfo") if isinstance(value, dict) else None
        if isinstance(user, dict):
            self.id = _text(user, "accountId")
            self._name, self._handle = _text(user, "displayName"), _text(user, "userName")

    def _from_account(self, account: object) -> None:
        if isinstance(account, dict):
            self.id = _text(account, "accountId") or self.id
            self._name = _text(account, "accountDisplayName") or self._name
            self._handle = _text(account, "username") or self._handle

    def _others(self) -> dict[str, tuple[str, str]]:
        """People whom the owner's posts mention; the newest post comes first."""
        if self._known is None:
            self._known = {}
            for name in sorted(self._source.entries):
                if _POSTS.fullmatch(name):
                    with suppress(BrokenJson, OSError), self._source.open(name) as file:
                        for part in stream(script(file), ""):
                            if isinstance(part, Item) and len(self._known) < MOST:
                                self._mentioned(part.value)
        return self._known

    def _mentioned(self, post: object) -> None:
        known = self._known if self._known is not None else {}
        inner = post.get("tweet", post) if isinstance(post, dict) else None
        entities = inner.get("entities") if isinstance(inner, dict) else None
        mentions = entities.get("user_mentions") if isinstance(entities, dict) else None
        for one in mentions if isinstance(mentions, list) else ():
            if isinstance(one, dict) and (identifier := _text(one, "id_str") or _text(one, "id")):
                handle = _text(one, "screen_name")
                known.setdefault(identifier, (_text(one, "name") or handle, handle))


def _first(source: Source, name: str) -> object:
    for one in (f"data/{name}", name):
        if source.has(one):
            return value_of(source, one)
    return None


def _text(value: dict[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
