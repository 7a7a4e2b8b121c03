"""The people and conversations of a Slack workspace, by their ids."""

from collections.abc import Iterator

import msgspec

from chatvault.importers._fields import Malformed, maybe, need
from chatvault.importers._people import People, folded
from chatvault.model import Participant

SLACKBOT = "USLACKBOT"  # never listed
_NAMES = ("display_name", "real_name")
_PICTURES = ("image_512", "image_192", "image_72", "image_48")
_KEPT = ("deleted", "is_bot", "is_restricted", "is_app_user", "is_stranger", "team_id", "tz")
_KEPT_OF_PROFILE = ("title", "pronouns", "api_app_id", "bot_id")


class Person(msgspec.Struct, frozen=True):
    """Somebody who can send messages: a user or a bot."""

    id: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    extra: dict[str, object] = {}
    picture: str = ""


def user(item: object) -> Person:
    """Somebody of `users.json`."""
    identifier = need(item, "id", str)
    profile = maybe(item, "profile", dict) or {}
    handle = maybe(item, "name", str) or ""
    names = [maybe(profile, key, str) or "" for key in _NAMES]
    names += [maybe(item, "real_name", str) or "", handle]
    names = [name for name in names if name]
    contacts = [maybe(profile, key, str) or "" for key in ("email", "phone")]
    extra: dict[str, object] = {
        key: value
        for one, keys in ((item, _KEPT), (profile, _KEPT_OF_PROFILE))
        for key in keys
        if isinstance(one, dict) and (value := one.get(key)) and isinstance(value, str | bool)
    }
    return Person(
        identifier,
        names[0] if names else "",
        tuple(dict.fromkeys(names[1:])),
        tuple(dict.fromkeys(one for one in (handle, *contacts) if one)),
        extra,
        next((url for key in _PICTURES if (url := maybe(profile, key, str))), ""),
    )


class Workspace:
    """Who and what the ids of an export are, and whose account made it, where that is known."""

    def __init__(self) -> None:
        self.owner: str | None = None
        self._people: dict[str, Person] = {SLACKBOT: Person(SLACKBOT, "Slackbot")}
        self._conversations: dict[str, str] = {}

    def add_user(self, item: object) -> None:
        """Take in somebody of `users.json`; Malformed if it is nobody."""
        found = user(item)
        self._people[found.id] = found

    def add_conversation(self, item: object) -> None:
        """Take in the name of something of `channels.json`."""
        name = maybe(item, "name", str)
        if name:
            self._conversations[need(item, "id", str)] = name

    def person(self, identifier: str) -> str:
        """The name of somebody; empty if nobody here has this id."""
        found = self._people.get(identifier)
        return found.name if found else ""

    def conversation(self, identifier: str) -> str:
        """The name of a conversation; empty if none here has this id."""
        return self._conversations.get(identifier, "")

    def known(self, identifier: str) -> Person:
        """Somebody by the id alone."""
        return self._people.get(identifier) or Person(identifier)

    def sender(self, item: dict[str, object]) -> Person | None:
        """Who sent a message: a user, else a bot, else whatever name it shows."""
        identifier = maybe(item, "user", str)
        if identifier is None and isinstance(comment := item.get("comment"), dict):
            identifier = maybe(comment, "user", str)
        profile = maybe(item, "bot_profile", dict) or {}
        if identifier:
            found = self._user(identifier, maybe(item, "user_profile", dict))
            # Of the user that stands for a program a dump knows only what its message says.
            program = maybe(profile, "name", str)
            if program and not found.name:
                return Person(identifier, program, extra={"is_bot": True})
            return found
        name = maybe(item, "username", str) or ""
        bot = maybe(item, "bot_id", str) or maybe(profile, "id", str)
        if bot:
            extra: dict[str, object] = {"is_bot": True}
            if isinstance(app := profile.get("app_id"), str):
                extra["app_id"] = app
            return Person(bot, maybe(profile, "name", str) or name, extra=extra)
        return Person(f"name:{folded(name)}", name) if name else None

    def _user(self, identifier: str, profile: dict[str, object] | None) -> Person:
        known = self._people.get(identifier)
        if known is not None or not profile:
            return known or Person(identifier)
        # Somebody of another workspace, or who was removed: only the message knows the name.
        try:
            return user({"id": identifier, "name": profile.get("name"), "profile": profile})
        except Malformed:
            return Person(identifier)


class Present:
    """The participants of one conversation, each told before it is needed."""

    def __init__(self, conversation_id: str, workspace: Workspace, me: str | None) -> None:
        self._people = People(conversation_id, workspace.owner or me)
        self._workspace = workspace

    def tell(self, who: Person) -> Iterator[Participant]:
        """Yield somebody who is new here, or of whom something is."""
        # One bot may post under a hundred names: the first stays, each message keeps its own.
        bot = who.extra.get("is_bot") is True and not who.handles
        name = (self._people.name(who.id) if bot else "") or who.name
        for told in self._people.tell(
            who.id,
            name,
            aliases=who.aliases,
            is_me=who.id == self._workspace.owner,
            extra=who.extra,
            picture=who.picture,
        ):
            yield msgspec.structs.replace(told, handles=who.handles)

    def tell_id(self, identifier: str) -> Iterator[Participant]:
        """Yield somebody of whom only the id is told, unless that was done."""
        if not self._people.name(identifier):
            yield from self.tell(self._workspace.known(identifier))

    def name(self, identifier: str) -> str:
        """The name told."""
        return self._people.name(identifier)
