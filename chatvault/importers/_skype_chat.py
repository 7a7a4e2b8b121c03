"""A conversation of Skype or Teams: its id, title, members and messages."""

import re
from collections.abc import Iterator

from chatvault.importers._json_value import decoded
from chatvault.importers._people import People
from chatvault.importers._skype_edits import Edits, Records
from chatvault.importers._skype_item import edit_of, message, reactions
from chatvault.importers._skype_markup import parsed
from chatvault.importers._skype_media import Files
from chatvault.importers._skype_special import special
from chatvault.importers._source import Source
from chatvault.model import Conversation, ConversationKind, Participant, Record

MEMBERS = 10_000
MOST_NAMES = 100_000
_PAIR = re.compile(r"19:[^@]{1,200}@unq\.gbl\.spaces")
_SPECIAL = {"48:notes": "Notes", "48:calllogs": "Call log"}
_USED = {"id", "displayName", "version", "MessageList", "properties", "threadProperties"}
_THREAD = {"topic", "members", "membercount"}


class Chat:
    """One conversation; `names` are those of people that became known in earlier ones."""

    def __init__(
        self,
        about: dict[str, object],
        owner: str,
        source: Source,
        files: Files,
        *,
        names: dict[str, str],
        platform: str,
    ) -> None:
        self._names = names
        self._files = files
        self._edits = Edits()
        told = about.get("id")
        identifier = told if isinstance(told, str) and told else "unknown"
        thread = about.get("threadProperties")
        thread = thread if isinstance(thread, dict) else {}
        group = identifier.startswith("19:") and not _PAIR.fullmatch(identifier)
        # A group is the same for all of its members. A talk of two is called after the other one,
        # so it is the account's own, and so are the numbers of its messages.
        shared = identifier.startswith("19:")
        self._scope = identifier if shared or not owner else f"{owner} {identifier}"
        self._title = _text(thread, "topic") or _text(about, "displayName")
        if self._title and not shared:
            self._remember(identifier, self._title)
        self._members = list(_members(thread.get("members")))
        self.conversation = Conversation(
            id=identifier,
            platform=platform,
            title=self._title or _SPECIAL.get(identifier) or bare(identifier),
            kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
            owner=None if shared or not owner else owner,
            extra=_extra(about, thread),
        )
        self._owner = owner
        self._people = People(identifier, owner or source.told.me)

    def beginning(self) -> Iterator[Record]:
        """The conversation and its members."""
        yield self.conversation
        for member in self._members:
            yield from self._tell(member)

    def item(self, value: object) -> Iterator[Record]:
        """The records that are complete with one more entry; Malformed if it is none."""
        place = self.conversation.id
        told = message(value, self._files, chat=place, scope=self._scope, seq=0)
        answers = list(reactions(value))
        first_sent = edit_of(value)
        version = value.get("version") if isinstance(value, dict) else None
        number = version if isinstance(version, int | float) else 0
        # At once, although the message may wait: others of theirs may come before it.
        yield from self._named(value, told.sender_id, [one.sender_id for one in answers])
        for records in self._edits.put((told, answers), first_sent, number):
            yield from _flat(records)

    def rest(self) -> Iterator[Record]:
        """What still waits for an earlier text that is not in the export."""
        for records in self._edits.rest():
            yield from _flat(records)

    def _named(
        self, value: object, who: str | None, others: list[str | None]
    ) -> Iterator[Participant]:
        """Everybody whom an entry names."""
        fields = value if isinstance(value, dict) else {}
        if who:
            name = _text(fields, "displayName") or _text(fields, "imdisplayname")
            yield from self._tell(who, name)
        form, content = _text(fields, "messagetype"), _text(fields, "content")
        if form == "Event/Call" or form.startswith("ThreadActivity/"):
            about = special(form, content, parsed(content))
            for identifier, name in ((about.initiator, ""), *about.people):
                if identifier:
                    yield from self._tell(identifier, name)
        for other in others:
            if other:
                yield from self._tell(other)

    def _remember(self, identifier: str, name: str) -> None:
        if len(self._names) < MOST_NAMES:
            self._names[identifier] = name

    def _tell(self, identifier: str, name: str = "") -> Iterator[Participant]:
        if name:
            self._remember(identifier, name)
        # Outside of groups few entries say how their sender is called.
        name = name or self._names.get(identifier) or bare(identifier)
        yield from self._people.tell(identifier, name, is_me=identifier == self._owner)


def bare(identifier: str) -> str:
    """The account in an id: `live:kim` of `8:live:kim`."""
    kind, colon, rest = identifier.partition(":")
    return rest if colon and kind.isdigit() and rest else identifier


def _flat(records: Records) -> Iterator[Record]:
    told, answers = records
    yield told
    yield from answers


def _extra(about: dict[str, object], thread: dict[str, object]) -> dict[str, object]:
    found = {key: value for key, value in about.items() if key not in _USED and value is not None}
    for name, inner, used in (
        ("properties", about.get("properties"), set()),
        ("threadProperties", thread, _THREAD),
    ):
        if isinstance(inner, dict):
            kept = {k: v for k, v in inner.items() if k not in used and v is not None}
            if kept:
                found[name] = kept
    return found


def _members(value: object) -> Iterator[str]:
    """The ids in a list that is written as JSON in a text."""
    if isinstance(value, str):
        try:
            value = decoded(value)
        except (ValueError, RecursionError):
            return
    for one in value[:MEMBERS] if isinstance(value, list) else ():
        if isinstance(one, str) and one:
            yield one if one.partition(":")[0].isdigit() else f"8:{one}"


def _text(value: dict[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
