"""The people, conversations and reactions of a Zulip organisation: its `realm.json`."""

import json
import re
from collections.abc import Iterator

import msgspec

from chatvault.importers._fields import Malformed, maybe, need
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._leaving_out import source_with
from chatvault.importers._source import Source
from chatvault.model import Conversation, ConversationKind, Problem

PLATFORM = "zulip"
REALM = "realm.json"
WHAT = "keys of accounts and bots (Zulip)"
_USERS = ("zerver_userprofile", "zerver_userprofile_crossrealm", "zerver_userprofile_mirrordummy")
_STREAMS, _RECIPIENTS, _REACTIONS = "zerver_stream", "zerver_recipient", "zerver_reaction"
_SUBSCRIPTIONS, _REALMS = "zerver_subscription", "zerver_realm"
# Large tables that say nothing about messages.
_PASSED_OVER = (
    "zerver_useractivity", "zerver_useractivityinterval", "zerver_userpresence",
    "zerver_realmauditlog", "zerver_usertopic", "zerver_client", "zerver_onboardingstep",
    "zerver_presencesequence", "analytics_usercount", "analytics_streamcount",
)  # fmt: skip
ARRAYS = (
    *_USERS, _STREAMS, _RECIPIENTS, _REACTIONS, _SUBSCRIPTIONS, _REALMS, *_PASSED_OVER,
)  # fmt: skip
_PERSON, _STREAM, _GROUP = 1, 2, 3
_NAMED = 8  # people in the title of a group
_SECRET = re.compile(
    rb'("(?:api_key|password|token)"\s{0,20}:\s{0,20}")(?!chatvault:)[^"\\]{1,400}"'
)


def without_keys(source: Source) -> Source:
    """The same export without keys of accounts and bots."""
    names = [REALM] if source.has(REALM) else []

    def without(found: re.Match[bytes]) -> bytes:
        return bytes(found[1]) + b'chatvault:left out"'

    return source_with(source, names, _SECRET, without, longest=600)


class User(msgspec.Struct, frozen=True):
    """Somebody of the organisation."""

    name: str
    handles: tuple[str, ...] = ()
    extra: dict[str, object] = {}


class Realm:
    """What the numbers in messages mean."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.key = ""  # of the organisation: numbers count in it only
        self.users: dict[int, User] = {}
        self._streams: dict[int, tuple[str, dict[str, object]]] = {}
        self._recipients: dict[int, tuple[int, int]] = {}
        self._members: dict[int, list[int]] = {}
        self.reactions: dict[int, list[tuple[int, str]]] = {}

    def read(self) -> Iterator[Problem]:
        """Take in the file; yields what is wrong with it."""
        full = self._source.full(REALM)
        try:
            # Who is subscribed to what makes sense once the recipients are known.
            for later in (False, True):
                with self._source.open(REALM) as file:
                    for part in stream(file, *ARRAYS):
                        if isinstance(part, Bad) and not later:
                            yield part.problem(full)
                        elif isinstance(part, Item) and later == (part.array == _SUBSCRIPTIONS):
                            yield from self._row(part, full)
        except (BrokenJson, OSError) as cause:
            yield Problem(file=full, part="end", reason=str(cause), raw="")

    def _row(self, part: Item, full: str) -> Iterator[Problem]:
        try:
            self.add(part.array, part.value)
        except Malformed as cause:
            where = f"{part.array}[{part.position}]"
            raw = json.dumps(part.value, ensure_ascii=False)
            yield Problem(file=full, part=where, reason=str(cause), raw=raw)

    def add(self, table: str, row: object) -> None:
        """Take in a row of a table."""
        if table == _REALMS:
            names = (maybe(row, key, str) for key in ("uuid", "string_id", "name"))
            self.key = self.key or next((name for name in names if name), "")
        elif table in _USERS:
            self._add_user(row)
        elif table == _STREAMS:
            name = need(row, "name", str)
            kept = (
                {key: row.get(key) for key in ("description", "invite_only")}
                if isinstance(row, dict)
                else {}
            )
            self._streams[need(row, "id", int)] = (name, {k: v for k, v in kept.items() if v})
        elif table == _RECIPIENTS:
            self._recipients[need(row, "id", int)] = (
                need(row, "type", int),
                need(row, "type_id", int),
            )
        elif table == _SUBSCRIPTIONS:
            place, who = number(row, "recipient"), number(row, "user_profile")
            # Only groups are called after their people.
            if self._recipients.get(place, (0, 0))[0] == _GROUP:
                self._members.setdefault(place, []).append(who)
        elif table == _REACTIONS:
            name = need(row, "emoji_name", str)
            code = maybe(row, "emoji_code", str) or ""
            plain = maybe(row, "reaction_type", str) in {None, "unicode_emoji"}
            told = (number(row, "user_profile"), (_emoji(code) if plain else "") or f":{name}:")
            given = self.reactions.setdefault(number(row, "message"), [])
            if told not in given:
                given.append(told)

    def _add_user(self, row: object) -> None:
        mail = maybe(row, "delivery_email", str) or maybe(row, "email", str) or ""
        name = maybe(row, "full_name", str) or mail
        extra: dict[str, object] = {}
        if maybe(row, "is_bot", bool):
            extra["is_bot"] = True
        if maybe(row, "is_active", bool) is False:
            extra["is_active"] = False
        self.users[need(row, "id", int)] = User(name, (mail,) if mail else (), extra)

    def person(self, who: int) -> str:
        """The id of somebody, who is known by a number in this organisation only."""
        return f"{self.key}/user:{who}"

    def name(self, who: int) -> str:
        """The name of somebody; empty if nobody has this number."""
        return self.users[who].name if who in self.users else ""

    def place(self, recipient: int, sender: int) -> str:
        """The id of the conversation in which somebody sent to a recipient."""
        kind, number_of = self._recipients.get(recipient, (0, recipient))
        if kind == _STREAM:
            return f"{self.key}/stream:{number_of}"
        people = {sender, number_of} if kind == _PERSON else set(self._members.get(recipient, ()))
        # Newer servers keep a conversation of two as a group of two.
        if kind == _PERSON or 0 < len(people) <= 2:
            return f"{self.key}/dm:{','.join(map(str, sorted(people)))}"
        return f"{self.key}/{'group' if kind == _GROUP else 'recipient'}:{number_of}"

    def conversation(self, recipient: int, sender: int) -> tuple[Conversation, list[int]]:
        """The conversation, and who is to be told with it."""
        kind, number_of = self._recipients.get(recipient, (0, recipient))
        place = self.place(recipient, sender)
        people: list[int] = []
        extra: dict[str, object] = {}
        if kind == _STREAM:
            title, extra = self._streams.get(number_of, (f"stream {number_of}", {}))
        else:
            people = sorted(
                {sender, number_of} if kind == _PERSON else self._members.get(recipient, ())
            )
            names = [self.name(who) or f"user {who}" for who in people]
            title = ", ".join(names[:_NAMED]) or place.rpartition("/")[2]
        direct = "/dm:" in place
        shape = ConversationKind.CHANNEL if kind == _STREAM else ConversationKind.GROUP
        if extra.get("invite_only"):
            shape = ConversationKind.GROUP
        return Conversation(
            id=place,
            platform=PLATFORM,
            title=title,
            kind=ConversationKind.DIRECT if direct else shape,
            extra=extra,
        ), people


def number(row: object, key: str) -> int:
    """A reference to another table: in some versions its name ends with `_id`."""
    found = maybe(row, key, int)
    return found if found is not None else need(row, f"{key}_id", int)


def _emoji(code: str) -> str:
    try:
        points = [int(part, 16) for part in code.split("-")] if len(code) < 80 else []
        text = "".join(map(chr, points))
        text.encode()
    except (ValueError, OverflowError):
        return ""
    return text
