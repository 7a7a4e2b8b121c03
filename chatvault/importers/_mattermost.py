"""What a Mattermost export tells around its posts: teams, channels, people, and who is where."""

from collections.abc import Iterator

import msgspec

from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._people import People, folded
from chatvault.model import Conversation, ConversationKind, Participant

PLATFORM = "mattermost"
KEPT = 300_000  # teams, channels and people of one server
_NAMED = 20  # people whose names make the title of a group without one

# Settings of people's apps, which every server writes for everybody.
SETTINGS = (
    "teams", "roles", "locale", "theme", "auth_service", "auth_data", "password", "notify_props",
    "feature_enabled_markdown_preview", "formatting", "show_unread_section", "military_time",
    "link_previews", "message_display", "collapse_consecutive_messages", "colorize_usernames",
    "channel_display_mode", "tutorial_step", "email_interval", "use_markdown_preview",
    "use_formatting", "profile_image", "custom_status",
)  # fmt: skip


class User(msgspec.Struct, frozen=True):
    """Somebody on the server, or a bot."""

    name: str
    handles: tuple[str, ...]
    aliases: tuple[str, ...]
    extra: dict[str, object]


class Server:
    """Everything that is told before the posts that need it."""

    def __init__(self) -> None:
        self._teams: dict[str, dict[str, object]] = {}
        self._channels: dict[tuple[str, str], dict[str, object]] = {}
        self._direct: dict[tuple[str, ...], dict[str, object]] = {}
        self._users: dict[str, User] = {}

    def add(self, form: str, value: object) -> None:
        """Take in a line that is no post; Malformed if it is not as the format says."""
        if len(self._users) + len(self._channels) + len(self._direct) + len(self._teams) >= KEPT:
            return  # names beyond that stay as the posts have them
        match form:
            case "team":
                self._teams[need(value, "name", str)] = rest(value, {"name"})
            case "channel":
                place = need(value, "team", str), need(value, "name", str)
                self._channels[place] = rest(value, {"team", "name"})
            case "direct_channel":
                self._direct[members_of(value, "members", "participants")] = rest(
                    value, {"members", "participants"}
                )
            case "user" | "bot":
                self._users[need(value, "username", str).lower()] = _user(value, form)

    def title_of(self, username: str) -> str:
        """The name of somebody."""
        known = self._users.get(username)
        return known.name if known else username

    def told(self, people: People, username: str, *, name: str = "") -> Iterator[Participant]:
        """Somebody, if that is new; `name` is another name under which a post was sent."""
        known = self._users.get(username)
        if known is None:
            yield from people.tell(username, username, aliases=(name,) if name else ())
            return
        aliases = (*known.aliases, *((name,) if name else ()))
        found = people.tell(username, known.name, aliases=aliases, extra=known.extra)
        for one in found:
            yield msgspec.structs.replace(one, handles=known.handles)

    def channel(self, team: str, name: str) -> Conversation:
        """The conversation of a channel. Its name is its own within the team, and only there."""
        around = self._teams.get(team, {})
        here = self._channels.get((team, name), {})
        shown = _text(here, "display_name") or name
        of = _text(around, "display_name") or team
        told = {k: v for k, v in here.items() if k != "display_name" and v not in (None, "")}
        left = {k: v for k, v in around.items() if v not in (None, "", False)}
        return Conversation(
            id=f"title:{folded(team)}/{folded(name)}",
            platform=PLATFORM,
            title=f"{shown} in {of}",
            kind=ConversationKind.GROUP,
            title_is_id=True,
            extra={**told, "team": {"name": team, **left}, "name": name},
        )

    def direct(self, members: tuple[str, ...], me: str | None) -> Conversation:
        """The conversation of some people, who are all that it is known by."""
        here = self._direct.get(members, {})
        others = [one for one in members if me not in (one, self.title_of(one))] or list(members)
        names = [self.title_of(one) for one in others]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        pair = len(members) <= 2
        extra = {key: value for key, value in here.items() if value not in (None, "", [])}
        return Conversation(
            id=f"title:{','.join(map(folded, members))}",
            platform=PLATFORM,
            title=", ".join(names[:_NAMED]) + more,
            kind=ConversationKind.DIRECT if pair else ConversationKind.GROUP,
            title_is_id=True,
            extra={**extra, "members": list(members)},
        )


def members_of(value: object, *keys: str) -> tuple[str, ...]:
    """The people of a direct conversation, sorted; who writes to themselves is named twice."""
    for key in keys:
        found = maybe(value, key, list)
        if found:
            names = [one.get("username") if isinstance(one, dict) else one for one in found]
            if not all(isinstance(one, str) and one for one in names):
                raise Malformed(f"a name in {key!r} that is no text")
            return tuple(sorted({str(one).lower() for one in names}))
    raise Malformed(f"no {keys[0]!r}")


def _user(value: object, form: str) -> User:
    username = need(value, "username", str)
    full = " ".join(
        one for key in ("first_name", "last_name") if (one := maybe(value, key, str) or "")
    )
    nickname = maybe(value, "nickname", str) or ""
    shown = maybe(value, "display_name", str) or ""
    names = [one for one in (nickname, full, shown, username) if one]
    mail = maybe(value, "email", str) or ""
    known = {"username", "email", "nickname", "first_name", "last_name", "display_name", *SETTINGS}
    extra = {key: one for key, one in rest(value, known).items() if one not in (None, "", 0)}
    if form == "bot":
        extra["bot"] = True
    return User(
        name=names[0],
        handles=tuple(one for one in (username, mail) if one),
        aliases=tuple(names[1:]),
        extra=extra,
    )


def _text(value: dict[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
