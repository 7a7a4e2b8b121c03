"""Google Hangouts, which ended in 2022, as Google Takeout gave it: one file, `Hangouts.json`.

    {"conversations": [{"conversation": {"conversation_id": {"id": "Ugx1"}, "conversation": {...}},
     "events": [{"conversation_id": {"id": "Ugx1"}, "sender_id": {"gaia_id": "1", "chat_id": "1"},
       "timestamp": "1400000000123456", "event_id": "ev-1", "event_type": "REGULAR_CHAT_MESSAGE",
       "chat_message": {"message_content": {"segment": [{"type": "TEXT", "text": "hi"}]}}}]}]}

Until about 2017 the same was below `conversation_state`, with the events in `event`.
"""

import json
from collections.abc import Iterator

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._google_files import Files
from chatvault.importers._google_hangouts_item import Finder, message, person
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, Part, Start, stream
from chatvault.importers._people import People
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import Conversation, ConversationKind, Participant, Problem, Record

INFO = ImporterInfo(
    key="google-hangouts",
    platform="google-hangouts",
    title="Google Hangouts",
    expects="Hangouts.json of a Takeout, with the files beside it",
    carries=frozenset({"ids", "calls", "locations", "media", "links", "system"}),
    derived={
        "conversation_id": "the conversation that an event is in",
        "user_id": "the owner of the account, in every event once more",
        "event_version": "the timestamp once more; another value is kept",
        "REGULAR_CHAT_MESSAGE": "what most events are; other kinds are kept",
        "TEXT": "the type of most segments of a text",
        "LINE_BREAK": "the type of a segment, kept as the line feed that it is",
    },
    leaves_out="who read a message, edits and deletions; most photos are addresses that only worked"
    " while one was logged in",
    seen="Takeouts of 2013 to 2022",
)  # fmt: skip

NEW, OLD = "conversations[].events", "conversation_state[].conversation_state.event"
HEAD = 64 * 1024
REMEDY = "unpack Hangouts.json from the Takeout again; the service has ended, so keep that archive"
_SIGNS = (b'"participant_data"', b'"self_conversation_state"', b'"current_participant"')
_HEAVY = frozenset({
    "id", "name", "type", "participant_data", "current_participant", "self_conversation_state",
    "read_state", "conversation_id",
})  # fmt: skip


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: conversations with participants and ids as Hangouts writes them."""
    found = ((name, source.head(name, HEAD)) for name in _candidates(source)[:3])
    return tuple(f"{name} has conversations of Hangouts" for name, head in found if _is_ours(head))


def _candidates(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith(".json")]
    return sorted(names, key=lambda name: (name.lower() != "hangouts.json", name))


def _is_ours(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"{") or b'"conversation_id"' not in head:
        return False
    place = min(
        (
            at
            for one in (b'"conversations"', b'"conversation_state"')
            if (at := head.find(one)) >= 0
        ),
        default=-1,
    )
    return 0 <= place < 1000 and any(sign in head for sign in _SIGNS)


def read(source: Source) -> Iterator[Record]:
    """The conversations of the file, each with its people and events."""
    names = [name for name in _candidates(source) if _is_ours(source.head(name, HEAD))]
    names = names or _candidates(source)[:1]
    if not names:
        raise BadExport("there is no Hangouts.json", where=Where(source.name), remedy=REMEDY)
    files = Files(source)
    for name in names:
        began = False
        try:
            for record in _File(source, name, files).records():
                began = True
                yield record
        except (BrokenJson, OSError) as cause:
            if len(names) == 1 and not began:
                where = Where(source.full(name))
                reason = f"not an export of Hangouts: {cause}"
                raise BadExport(reason, where=where, remedy=REMEDY) from cause
            yield Problem(file=source.full(name), part="end", reason=str(cause), raw="")


class _File:
    """One file, and the conversation that is being read."""

    def __init__(self, source: Source, name: str, files: Files) -> None:
        self._source = source
        self._name = name
        self._files = files
        self._place = ""
        self._about: dict[str, object] = {}
        self._talk: _Talk | None = None

    def records(self) -> Iterator[Record]:
        """Everything in the file; BrokenJson where it breaks off."""
        full = self._source.full(self._name)
        with self._source.open(self._name) as file:
            for part in stream(file, NEW, OLD):
                yield from self._part(part, full)
        if self._place:
            yield from self._opened()

    def _part(self, part: Part, full: str) -> Iterator[Record]:
        if isinstance(part, Start):
            if self._place:
                yield from self._opened()
            self._place = f"{part.path.removesuffix('[]')}[{part.position}]"
            self._about, self._talk = {}, None
        elif isinstance(part, Field):
            if part.name in {"conversation", "conversation_id"} and self._place:
                self._about[part.name] = part.value
        elif isinstance(part, Item):
            if self._talk is None and isinstance(part.value, dict):
                # Where the events come first, each still says which conversation it is in.
                self._about.setdefault("conversation_id", part.value.get("conversation_id"))
            yield from self._opened()
            yield from self._event(part, full)
        elif isinstance(part, Bad):
            if "event" in part.part:
                yield from self._opened()
            inside = part.part.rpartition("].")[2] if self._place else part.part
            place = f"{self._place}.{inside}" if self._place else inside
            yield msgspec.structs.replace(part, part=place).problem(full)

    def _opened(self) -> Iterator[Record]:
        """The conversation and its people, if they were not told yet."""
        if self._talk is None:
            self._talk = _Talk(self._about, self._source)
            yield from self._talk.start()

    def _event(self, part: Item, full: str) -> Iterator[Record]:
        try:
            if self._talk is not None:
                yield from self._talk.event(part.value, self._find)
        except Malformed as cause:
            place = f"{self._place}.events[{part.position}]"
            raw = json.dumps(part.value, ensure_ascii=False)
            yield Problem(file=full, part=place, reason=str(cause), raw=raw)

    def _find(self, name: str) -> str | None:
        return self._files.beside("", name)


class _Talk:
    """One conversation: whom it is with, and whose account it is."""

    def __init__(self, about: dict[str, object], source: Source) -> None:
        whole = _object(about.get("conversation"))
        # The newer form has the conversation one level deeper.
        inner = _object(whole.get("conversation")) or whole
        identifier = ""
        for holder, key in ((whole, "conversation_id"), (about, "conversation_id"), (inner, "id")):
            identifier = identifier or _text(_object(holder.get(key)), "id")
        state = _object(_object(inner.get("self_conversation_state")).get("self_read_state"))
        owner = _person(state.get("participant_id"))
        data = inner.get("participant_data")
        self._known = (
            [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
        )
        others = [
            _text(one, "fallback_name") or _phone(one) or _person(one.get("id"))
            for one in self._known
            if _person(one.get("id")) != owner
        ]
        title = _text(inner, "name") or ", ".join(name for name in others[:20] if name)
        group = inner.get("type") == "GROUP" or len(self._known) > 2
        self.conversation = Conversation(
            id=identifier or f"title:{title.casefold() or 'unnamed'}",
            platform=INFO.platform,
            title=title or identifier or "Unnamed",
            kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
            owner=owner or None,
            title_is_id=not identifier,
            extra={key: value for key, value in inner.items() if key not in _HEAVY},
        )
        self._owner = owner
        self._people = People(self.conversation.id, owner or source.told.me)
        self._seq = 0

    def start(self) -> Iterator[Record]:
        """The conversation and those who are in it."""
        yield self.conversation
        for one in self._known:
            identifier = _person(one.get("id"))
            if identifier:
                yield from self._tell(identifier, one)

    def event(self, item: object, find: Finder) -> Iterator[Record]:
        """The records of one event; Malformed if it is none."""
        told = message(item, find, chat=self.conversation.id, seq=self._seq)
        if told.sender_id is not None:
            yield from self._tell(told.sender_id, {})
        self._seq += 1
        yield told

    def _tell(self, identifier: str, about: dict[str, object]) -> Iterator[Participant]:
        phone = _phone(about)
        name = _text(about, "fallback_name") or self._people.name(identifier) or phone
        extra = {
            key: value
            for key, value in about.items()
            if key not in {"id", "fallback_name"} and value != {"e164": phone}
        }
        mine = bool(self._owner) and identifier == self._owner
        for told in self._people.tell(identifier, name, is_me=mine, extra=extra):
            yield msgspec.structs.replace(told, handles=(phone,) if phone else ())


def _phone(about: dict[str, object]) -> str:
    return _text(_object(about.get("phone_number")), "e164")


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: dict[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _person(value: object) -> str:
    try:
        return person(value) if isinstance(value, dict) else ""
    except Malformed:
        return ""
