"""The generic forms as records, whether they were a spreadsheet or lines of JSON.

A file is read twice: first everything that only the whole of it can tell (the order of day and
month, who takes part, whether conversations take turns), then the messages. Of neither more is kept
than counters and a window of rows.
"""

import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from chatvault.errors import BadExport, EmptyExport, Where
from chatvault.importers._clock import FileClock, wall_time, zone_for
from chatvault.importers._date_order import Layout, Order
from chatvault.importers._fields import Malformed
from chatvault.importers._generic_time import Column, Wall, When, Written
from chatvault.importers._people import People, folded
from chatvault.importers._runs import turned
from chatvault.importers._source import Source
from chatvault.model import (
    Assumption,
    Attachment,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Reaction,
    Record,
    Timestamp,
)

PLATFORM = "generic"
ME = "me"  # who sent a message of which the export says only that it went out
WINDOW = 1000  # rows that are sorted into their conversations at a time
MOST_PLACES = 20_000
_HANDLE = re.compile(r"\+\d[\d ()./-]{5,24}|[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@.]{2,24}")


class Place(msgspec.Struct, frozen=True):
    """The conversation of a message, as far as the message or a header says."""

    title: str
    id: str = ""
    platform: str = PLATFORM

    @property
    def key(self) -> str:
        """The id of the conversation."""
        return self.id or f"title:{folded(self.title)}"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says about one of its conversations."""

    place: Place
    kind: ConversationKind | None = None
    owner: str = ""
    extra: dict[str, object] = {}


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a conversation."""

    place: Place
    id: str
    name: str
    aliases: tuple[str, ...] = ()
    picture: str = ""
    extra: dict[str, object] = {}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it stands in the file; `sender_id` is empty where there are only names."""

    part: str
    raw: str
    place: Place
    when: When
    kind: MessageKind
    text: str
    sender_id: str = ""
    sender: str = ""
    is_me: bool | None = None
    aliases: tuple[str, ...] = ()
    id: str = ""
    reply_to: str = ""
    more_text: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    edited_at: Timestamp | None = None
    marks: tuple[Mark, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    reactors: tuple[str, ...] = ()  # the name of each who reacted
    extra: dict[str, object] = {}


class Unread(msgspec.Struct, frozen=True):
    """A row or line that cannot be read, or where the file breaks off."""

    part: str
    reason: str
    raw: str

    def problem(self, file: str) -> Problem:
        """The record for it; `file` is the full name of the file in the export."""
        return Problem(file=file, part=self.part, reason=self.reason, raw=self.raw)


Part = Header | Member | Item | Unread


class Survey:
    """What only a whole file can tell."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.times = Column()
        self.items = 0
        self.unread: Unread | None = None
        self.take_turns = False  # conversations come back after others
        self._people: dict[Place, set[str]] = {}
        last: Place | None = None
        for part in parts:
            if isinstance(part, Unread):
                self.unread = self.unread or part
            elif isinstance(part, Item):
                self.items += 1
                self.times.add(part.when)
                if part.place != last:
                    known = part.place in self._people
                    self.take_turns |= known or len(self._people) >= MOST_PLACES
                    last = part.place
                if len(self._people) < MOST_PLACES or part.place in self._people:
                    people = self._people.setdefault(part.place, set())
                    if len(people) < 3 and (who := _who(part)):
                        people.add(who)

    def kind(self, place: Place) -> ConversationKind:
        """Direct as long as no more than two people write."""
        few = len(self._people.get(place, ())) < 3
        return ConversationKind.DIRECT if few else ConversationKind.GROUP

    def orders(
        self, told: str | None, where: Where, modified_ms: int | None
    ) -> dict[Layout, Order]:
        """The order of the numbers in dates; NeedsAnswer where only the owner knows it."""
        found: dict[Layout, Order] = {}
        for layout, dates in self.times.dates.items():
            decided = dates.decide(
                told,
                separator=self.times.separators[layout],
                modified_ms=modified_ms,
                certain=True,
            )
            if decided is None:
                raise dates.question(where, separator=self.times.separators[layout])
            found[layout] = decided[0]
        return found


def _who(item: Item) -> str:
    if item.sender_id or item.sender:
        return item.sender_id or f"name:{folded(item.sender)}"
    return ME if item.is_me else ""


class File:
    """One file as records; `parts` reads it from its start, each time it is called."""

    def __init__(
        self,
        source: Source,
        name: str,
        parts: Callable[[], Iterator[Part]],
        *,
        zone: str = "",
        notes: Iterable[Assumption] = (),
    ) -> None:
        self._notes = tuple(notes)
        self._source = source
        self._name = name
        self._parts = parts
        self._home = zone or None
        self.survey = Survey(parts())

    def records(self) -> Iterator[Record]:
        """The records; NeedsAnswer before the first if the file leaves something open."""
        yield from self._notes
        told, times = self._source.told, self.survey.times
        full = self._source.full(self._name)
        orders = self.survey.orders(told.date_order, Where(full), self._source.modified(self._name))
        zone = "UTC"
        if times.clocks:
            zone, assumed = zone_for(told, self._home)
            if assumed is not None and self._home is None:
                yield assumed
        for order in orders.values():
            why = f"{self._name}: dates are written with numbers only (--date-order to change it)"
            yield Assumption(what="date_order", value=order, why=why)
        newest_first = times.newest_first(orders)
        parts = _timed(self._parts(), orders, zone, in_order=not newest_first)
        if self.survey.take_turns:
            parts = _sorted(parts)
        if newest_first:
            parts = turned(parts, _moment)
        headers: dict[Place, Header] = {}
        transcript: _Transcript | None = None
        for part in parts:
            if isinstance(part, Unread):
                yield part.problem(full)
                continue
            if isinstance(part, Header):
                headers[part.place] = part
                transcript = None
                continue
            if transcript is None or transcript.place != part.place:
                header = headers.get(part.place) or Header(place=part.place)
                kind = header.kind or self.survey.kind(part.place)
                transcript = _Transcript(header, kind, told.me)
                yield transcript.conversation
            if isinstance(part, Member):
                yield from transcript.member(part)
            else:
                yield from transcript.message(part)


def records_of(
    source: Source, files: Iterable[tuple[str, File]], *, remedy: str
) -> Iterator[Record]:
    """The records of files, each with its name; an error where not one message is in any."""
    names: list[str] = []
    read_any = False
    unread: Unread | None = None
    for name, file in files:
        names.append(name)
        yield from file.records()
        read_any |= file.survey.items > 0
        unread = unread or file.survey.unread
    if read_any:
        return
    where = Where(source.full(names[0]) if names else source.name, unread.part if unread else "")
    if unread is None:
        raise EmptyExport("there is not one message in it", where=where, remedy=remedy)
    raise BadExport(f"no message can be read: {unread.reason}", where=where, remedy=remedy)


class _Transcript:
    """One conversation while it is told; `place` is what its messages say about it."""

    def __init__(self, header: Header, kind: ConversationKind, me: str | None) -> None:
        self.place = header.place
        self._me = me
        self._owner = header.owner
        self._seq = 0
        self.conversation = Conversation(
            id=self.place.key,
            platform=self.place.platform,
            title=self.place.title or self.place.id,
            kind=kind,
            owner=header.owner or None,
            title_is_id=not self.place.id,
            extra=header.extra,
        )
        self._people = People(self.conversation.id, me)

    def member(self, member: Member) -> Iterator[Participant]:
        """A member, as far as it is new."""
        yield from self._people.tell(
            member.id,
            member.name,
            aliases=member.aliases,
            is_me=bool(self._owner) and member.id == self._owner,
            extra=member.extra,
            picture=member.picture,
        )

    def message(self, item: Item) -> Iterator[Record]:
        """The message with its reactions, and before it whoever is new."""
        assert isinstance(item.when, Timestamp)  # noqa: S101  (settled on the way)
        sender, name = self._sender(item)
        if sender:
            is_me = item.is_me is True or (bool(self._owner) and sender == self._owner)
            yield from self._told(sender, name, item.aliases, is_me=is_me)
        for reaction, name in zip(item.reactions, item.reactors, strict=True):
            if who := reaction.sender_id:
                name = "" if name == who else name
                yield from self._told(who, name, (), is_me=bool(self._owner) and who == self._owner)
        yield Message(
            id=item.id or None,
            conversation_id=self.conversation.id,
            scope=self.conversation.id,
            sender_id=sender or None,
            sent_at=item.when,
            seq=self._seq,
            kind=item.kind,
            text=item.text,
            reply_to_id=item.reply_to or None,
            more_text=item.more_text,
            attachments=item.attachments,
            edited_at=item.edited_at,
            marks=item.marks,
            extra=item.extra,
        )
        yield from item.reactions
        self._seq += 1

    def _sender(self, item: Item) -> tuple[str, str]:
        """Id and name of the sender; both empty where the file says neither."""
        if item.sender_id or item.sender:
            return item.sender_id or f"name:{folded(item.sender)}", item.sender
        if item.is_me:
            return ME, self._me or "Me"
        other = item.is_me is False and item.kind is not MessageKind.SYSTEM
        if other and self.conversation.kind is ConversationKind.DIRECT:
            title = self.conversation.title
            return f"name:{folded(title)}", title
        return "", ""

    def _told(
        self, sender: str, name: str, aliases: tuple[str, ...], *, is_me: bool
    ) -> Iterator[Participant]:
        for person in self._people.tell(sender, name, aliases=aliases, is_me=is_me):
            known = (sender, person.name)
            handles = tuple(dict.fromkeys(one for one in known if _HANDLE.fullmatch(one)))
            yield msgspec.structs.replace(person, handles=handles)


def _timed(
    parts: Iterable[Part], orders: dict[Layout, Order], zone: str, *, in_order: bool
) -> Iterator[Part]:
    """The parts with a moment for every message; in the order of the file, as its clock ran."""
    clock = FileClock(zone) if in_order else None
    for part in parts:
        if not isinstance(part, Item):
            yield part
            continue
        try:
            when = part.when
            if isinstance(when, Written):
                when = when.settled(orders[when.layout])
            if isinstance(when, Wall) and clock is not None:
                when = clock.time(when.clock, precision=when.precision)
            elif isinstance(when, Wall):
                when = wall_time(when.clock, zone, precision=when.precision)
        except Malformed as cause:
            yield Unread(part.part, str(cause), part.raw)
            continue
        yield msgspec.structs.replace(part, when=when)


def _sorted(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts, those of one conversation together as far as a window reaches.

    Rows of one moment stay together, else copies in it would be counted apart.
    """
    waiting: dict[Place, list[Item]] = {}
    held = 0
    last: When | None = None
    for part in parts:
        if not isinstance(part, Item):
            if not isinstance(part, Unread):
                yield from (item for items in waiting.values() for item in items)
                waiting, held = {}, 0
            yield part
            continue
        if held >= WINDOW and (part.when != last or held >= 2 * WINDOW):
            yield from (item for items in waiting.values() for item in items)
            waiting, held = {}, 0
        waiting.setdefault(part.place, []).append(part)
        held, last = held + 1, part.when
    yield from (item for items in waiting.values() for item in items)


def _moment(part: Part) -> object:
    """What messages have in common that were sent at one time; None for other parts."""
    return (part.place, part.when) if isinstance(part, Item) else None
