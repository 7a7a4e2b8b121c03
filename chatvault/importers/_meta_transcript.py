"""The messages of one conversation in Meta's exports, file after file."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._meta_account import names_in
from chatvault.importers._meta_item import SECONDS, person
from chatvault.importers._people import People
from chatvault.importers._source import Source
from chatvault.model import Conversation, Message, Participant, Problem, Reaction, Record

MEMBERS = 10_000
RUN = 1_000  # messages of one millisecond that are put into their order


class Told(NamedTuple):
    """What one item tells; people by their names."""

    sender: str
    message: Message
    reactions: list[tuple[str, Reaction]]


ReadItem = Callable[[object, int], Told]
Repair = Callable[[Any], Any]


def about(source: Source, names: tuple[str, ...], repair: Repair) -> tuple[dict[str, object], bool]:
    """What the files say about their conversation, in most of them behind the messages; and
    whether there are messages.

    Of a file that breaks off what there is of it; BrokenJson if nothing in any can be read.
    """
    found: dict[str, object] = {}
    broken: BrokenJson | None = None
    something, items = False, False
    for name in names:
        try:
            with source.open(name) as file:
                for part in stream(file, "messages"):
                    something, items = True, items or not isinstance(part, Field)
                    if isinstance(part, Field) and part.at == "":
                        found.setdefault(part.name, part.value)
            break
        except BrokenJson as cause:
            broken = cause  # told once more when the messages are read
        except OSError as cause:
            broken = BrokenJson(str(cause))
    if broken is not None and not something:
        raise broken
    repaired: dict[str, object] = repair(found)
    return repaired, items


class Transcript:
    """One conversation while it is read."""

    def __init__(
        self,
        source: Source,
        conversation: Conversation,
        *,
        time: str,
        newest_first: bool,
        repair: Repair,
        item: ReadItem,
    ) -> None:
        """`time` is the field with the time of an item; `newest_first` how files are as a rule."""
        self.conversation = conversation
        self._source = source
        self._time = time
        self._newest_first = newest_first
        self._repair = repair
        self._item = item
        self._people = People(conversation.id, source.told.me)
        self._seq = 0
        self._before: int | None = None  # time of the run before

    def records(self, participants: object, names: tuple[str, ...]) -> Iterator[Record]:
        """The conversation, its people and messages."""
        yield self.conversation
        yield from self._members(participants)
        for name in names:
            yield from self._file(name)

    def _members(self, participants: object) -> Iterator[Participant]:
        for _, name in zip(range(MEMBERS), names_in(participants), strict=False):
            yield from self._tell(name)

    def _tell(self, name: str) -> Iterator[Participant]:
        if identifier := person(name):
            yield from self._people.tell(
                identifier, name, is_me=identifier == self.conversation.owner
            )

    def _file(self, name: str) -> Iterator[Record]:
        full = self._source.full(name)
        run: list[Item] = []
        broken: Problem | None = None
        try:
            with self._source.open(name) as file:
                for part in stream(file, "messages"):
                    if isinstance(part, Item):
                        if run and (len(run) >= RUN or self._at(part) != self._at(run[0])):
                            yield from self._run(run, full)
                            run = []
                        run.append(part)
                    elif isinstance(part, Bad):
                        yield part.problem(full)
                    elif isinstance(part, Field) and part.name == "participants" and not part.at:
                        yield from self._members(self._repair(part.value))
        except (BrokenJson, OSError) as cause:
            broken = Problem(file=full, part="end", reason=str(cause), raw="")
        yield from self._run(run, full)
        if broken is not None:
            yield broken

    def _at(self, item: Item) -> object:
        value = item.value if isinstance(item.value, dict) else {}
        return value.get(self._time, value.get(SECONDS))

    def _run(self, run: list[Item], full: str) -> Iterator[Record]:
        """Messages of one time: in a file that begins with the newest they are the wrong way round.

        Whoever reads the records goes by the time first, so that nothing else has to be turned.
        """
        at = self._at(run[0]) if run else None
        if isinstance(at, int):
            newest_first = self._newest_first if self._before is None else at < self._before
            run = run[::-1] if newest_first else run
            self._before = at
        for item in run:
            yield from self._records(item, full)

    def _records(self, item: Item, full: str) -> Iterator[Record]:
        try:
            told = self._item(self._repair(item.value), self._seq)
        except Malformed as cause:
            part = f"messages[{item.position}]"
            raw = json.dumps(item.value, ensure_ascii=False)
            yield Problem(file=full, part=part, reason=str(cause), raw=raw)
            return
        self._seq += 1
        for name in (told.sender, *(actor for actor, _ in told.reactions)):
            yield from self._tell(name)
        yield told.message
        yield from (reaction for _, reaction in told.reactions)
