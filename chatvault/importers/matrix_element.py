"""Matrix: a room as Element exports it, "Export chat" as JSON.

    matrix - Garden - Chat Export - 2026-01-02T10-11-12.123Z.json        without attachments
    export.json, images/rose-1-2-2026 at 11-00-00 AM.jpg, files/ ...     with them, in a zip

One event of its `messages`:
    {"type": "m.room.message", "event_id": "$a1", "room_id": "!r:hs.example",
     "sender": "@lin:hs.example", "origin_server_ts": 1767348000123,
     "content": {"msgtype": "m.text", "body": "roses are out"}, "unsigned": {"age": 12}}
"""

import io
import json
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed, maybe, need
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._matrix_event import (
    DERIVED,
    MEMBER,
    REACTION,
    REDACTION,
    RELATES,
    REPLACES,
    message,
    relation,
    time_of,
)
from chatvault.importers._matrix_files import Files
from chatvault.importers._matrix_keys import WHAT, without_keys
from chatvault.importers._people import People, folded
from chatvault.importers._protocol import ImporterInfo, Redaction
from chatvault.importers._source import Source
from chatvault.model import (
    Conversation,
    ConversationKind,
    Mark,
    Message,
    Participant,
    Problem,
    Reaction,
    Record,
)

HEAD = 64 * 1024
FILE = "export.json"
REMEDY = "export the room again in Element as JSON, and wait until it says it is done"
ROOM = ("room_name", "room_creator", "exported_by")
MOST = 200_000  # edits, reactions and removals that are remembered until their message comes


def _candidates(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith(".json")]
    return sorted(names, key=lambda name: (name != FILE, name))


def redacted(source: Source) -> Source:
    """The same export without the keys of files."""
    return without_keys(source, _candidates(source))


INFO = ImporterInfo(
    key="matrix-element",
    platform="matrix",
    title="Matrix (Element)",
    expects="the .json or .zip of Element's Export chat, as JSON",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "calls", "locations", "stickers",
        "polls", "system", "media",
    }),
    derived=DERIVED,
    leaves_out="reactions, texts before an edit, votes, files above the size chosen for the export",
    seen="Element Web and Desktop of 2021 to 2026",
    redaction=Redaction(WHAT, redacted),
)  # fmt: skip


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the fields of a room, then events."""
    names = [name for name in _candidates(source)[:3] if _is_ours(source.head(name, HEAD))]
    return tuple(f"{name}: a room of Matrix and its events" for name in names)


def _is_ours(head: bytes) -> bool:
    fields = set()
    with suppress(BrokenJson):
        for part in stream(io.BytesIO(head), "messages"):
            if isinstance(part, Field):
                fields.add(part.name)
            elif isinstance(part, Item):
                known = part.value.get("event_id") if isinstance(part.value, dict) else None
                return fields.issuperset(ROOM) and isinstance(known, str) and known[:1] == "$"
    return fields.issuperset((*ROOM, "export_date")) and b'"messages"' in head


def read(source: Source) -> Iterator[Record]:
    """The records of all rooms at the top, each file in a transcript of its own."""
    source = redacted(source)
    names = [name for name in _candidates(source) if _is_ours(source.head(name, HEAD))]
    if not names:
        raise BadExport("there is no JSON of a room", where=Where(source.full(FILE)), remedy=REMEDY)
    files = Files(source)
    for name in names:
        yield from _Room(source, name, files).records()


class _Room:
    """One file: what became of its messages later, then the messages."""

    def __init__(self, source: Source, name: str, files: Files) -> None:
        self._source = source
        self._name = name
        self._full = source.full(name)
        self._files = files
        self._about: dict[str, object] = {}
        self._names: dict[str, str] = {}
        self._direct = False
        # By the event that they are about; what is used is taken out.
        self._edits: dict[str, list[dict[str, object]]] = {}
        self._reactions: dict[str, list[dict[str, object]]] = {}
        self._removed: dict[str, dict[str, object]] = {}
        self._waiting = 0
        self._done: set[str] = set()
        self._place: Conversation | None = None
        self._people = People("")
        self._owner: str | None = None
        self._seq = 0

    def records(self) -> Iterator[Record]:
        """Everything in the file."""
        with suppress(BrokenJson, OSError):  # told below
            self._look_through()
        self._owner = self._exporter()
        try:
            with self._source.open(self._name) as file:
                for part in stream(file, "messages"):
                    if isinstance(part, Item):
                        yield from self._event(part.value, f"messages[{part.position}]")
                    elif isinstance(part, Bad):
                        yield part.problem(self._full)
        except (BrokenJson, OSError) as cause:
            yield Problem(file=self._full, part="end", reason=str(cause), raw="")
            return
        if self._place is None:
            yield self._opened("")

    def _look_through(self) -> None:
        with self._source.open(self._name) as file:
            for part in stream(file, "messages"):
                if isinstance(part, Field):
                    self._about[part.name] = part.value
                elif isinstance(part, Item):
                    with suppress(Malformed):
                        self._remember(part.value)

    def _remember(self, event: object) -> None:
        """Take in what an event says about another, or about somebody."""
        form = need(event, "type", str)
        content = maybe(event, "content", dict) or {}
        if form == MEMBER:
            before = (maybe(event, "unsigned", dict) or {}).get("prev_content")
            self._meet(need(event, "state_key", str), before, content)
            return
        kind, target = relation(content)
        if form == REDACTION:
            target = maybe(event, "redacts", str) or maybe(content, "redacts", str) or ""
        if not target or self._waiting >= MOST or not isinstance(event, dict):
            return
        if form == REDACTION:
            self._removed[target] = event
        elif form == REACTION and kind == "m.annotation":
            self._reactions.setdefault(target, []).append(event)
        elif kind == REPLACES:
            self._edits.setdefault(target, []).append(event)
        else:
            return
        self._waiting += 1

    def _meet(self, who: str, *contents: object) -> None:
        """Take in the first name that somebody had."""
        for one in contents:
            if isinstance(one, dict):
                self._direct = self._direct or one.get("is_direct") is True
                if isinstance(name := one.get("displayname"), str) and name:
                    self._names.setdefault(who, name)

    def _exporter(self) -> str | None:
        """Whose account it is, where only one can be meant."""
        by = self._about.get("exported_by")
        if not isinstance(by, str) or not by:
            return None
        if by.startswith("@") and ":" in by:
            return by
        found = [who for who, name in self._names.items() if name == by]
        return found[0] if len(found) == 1 else None

    def _opened(self, room: str) -> Conversation:
        """A new transcript."""
        # What the file says about a room is about the first one in it.
        about = self._about if self._place is None else {}
        name = about.get("room_name")
        title = name if isinstance(name, str) and name else room or self._source.name
        hidden = {"room_name", "export_date"} | ({"exported_by"} if self._owner else set())
        self._place = Conversation(
            id=room or f"title:{folded(title)}",
            platform=INFO.platform,
            title=title,
            kind=ConversationKind.DIRECT if self._direct else ConversationKind.GROUP,
            owner=self._owner,
            title_is_id=not room,
            extra={key: one for key, one in about.items() if one and key not in hidden},
        )
        self._people = People(self._place.id, self._owner or self._source.told.me)
        self._seq = 0
        return self._place

    def _event(self, event: object, part: str) -> Iterator[Record]:
        try:
            identifier = need(event, "event_id", str)
            if identifier in self._done:
                return  # told with the message that it is about
            room = maybe(event, "room_id", str) or (self._place.id if self._place else "")
            edits = [
                one
                for one in self._edits.get(identifier, ())
                # Nobody can edit what somebody else wrote.
                if isinstance(event, dict) and one.get("sender") == event.get("sender")
            ]
            told = message(event, self._files, edits, place=room, seq=0)
            reactions = list(self._reactions_to(identifier, event))
        except Malformed as cause:
            raw = json.dumps(event, ensure_ascii=False)
            yield Problem(file=self._full, part=part, reason=str(cause), raw=raw)
            return
        if self._place is None or self._place.id != room:
            yield self._opened(room)
        self._done.update(str(one.get("event_id")) for one in edits)
        self._done.update(str(one.extra["event_id"]) for one in reactions if one.extra)
        self._rename(event)
        yield from self._told(self._in_place(told, identifier), reactions)

    def _in_place(self, told: Message, identifier: str) -> Message:
        """The message in its transcript, marked if an event removed it."""
        marks, extra = told.marks, told.extra
        if (removal := self._removed.pop(identifier, None)) is not None:
            self._done.add(str(removal.get("event_id")))
            marks = tuple(dict.fromkeys((*marks, Mark.DELETED)))
            extra = {**extra, "removed": {k: v for k, v in removal.items() if k != "room_id"}}
        place = self._place.id if self._place else ""
        seq, self._seq = self._seq, self._seq + 1
        return msgspec.structs.replace(
            told, conversation_id=place, seq=seq, marks=marks, extra=extra
        )

    def _told(self, told: Message, reactions: list[Reaction]) -> Iterator[Record]:
        yield from self._tell(told.sender_id)
        for reaction in reactions:
            yield from self._tell(reaction.sender_id)
        yield told
        yield from reactions

    def _rename(self, event: object) -> None:
        """Take in a name that somebody has from here on."""
        if isinstance(event, dict) and event.get("type") == MEMBER:
            content, who = event.get("content"), event.get("state_key")
            name = content.get("displayname") if isinstance(content, dict) else None
            if isinstance(name, str) and name and isinstance(who, str):
                self._names[who] = name

    def _tell(self, who: str | None) -> Iterator[Participant]:
        if who is not None:
            yield from self._people.tell(who, self._names.get(who, ""), is_me=who == self._owner)

    def _reactions_to(self, identifier: str, event: object) -> Iterator[Reaction]:
        given = self._reactions.get(identifier, ())
        for one in given:
            relates = maybe(maybe(one, "content", dict) or {}, RELATES, dict) or {}
            emoji, who = relates.get("key"), one.get("sender")
            if isinstance(emoji, str) and isinstance(who, str):  # else it is an event like others
                yield Reaction(
                    emoji=emoji,
                    sender_id=who,
                    at=time_of(one),
                    extra={"event_id": need(one, "event_id", str)},
                )
        if given:
            return
        # Servers may put only their number beside a message.
        relations = maybe(maybe(event, "unsigned", dict) or {}, "m.relations", dict) or {}
        bundled = relations.get("m.annotation")
        for one in (maybe(bundled, "chunk", list) or ()) if isinstance(bundled, dict) else ():
            emoji = maybe(one, "key", str)
            count = maybe(one, "count", int) or 1
            if emoji and 0 < count < 2**31:
                yield Reaction(emoji=emoji, count=count)
