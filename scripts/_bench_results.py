"""What a run of the measurements found: numbers with what they stand beside, as JSON keeps them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Took(msgspec.Struct, frozen=True):
    """One round: seconds on the clock, and seconds of processors in all processes together, which
    other people's work on the same computer changes less."""

    seconds: float
    processor: float
    peak_mb: float = 0  # of all processes together, where it was watched


class Paired(msgspec.Struct, frozen=True):
    """One thing and its peer, measured in turn.

    `amount` is what was done in each round, in `unit`s; 0 where the time itself counts. Figures
    are medians, and the ratio is the median of the rounds' own ratios: 2 means twice as fast.
    """

    what: str
    unit: str
    amount: float
    rounds: tuple[Took, ...]
    peer: str
    peer_amount: float
    peer_rounds: tuple[Took, ...]

    @property
    def figure(self) -> float:
        """Amount by second; milliseconds where there is no amount."""
        return _figure(self.amount, self.rounds)

    @property
    def peer_figure(self) -> float:
        """The same of the peer."""
        return _figure(self.peer_amount, self.peer_rounds)

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer."""
        share = (self.amount or 1) / (self.peer_amount or 1)
        rounds = zip(self.rounds, self.peer_rounds, strict=True)
        return statistics.median(share * theirs.seconds / ours.seconds for ours, theirs in rounds)

    @property
    def processor(self) -> float:
        """Seconds of processors for all of it."""
        return statistics.median(took.processor for took in self.rounds)

    @property
    def peer_processor(self) -> float:
        """The same of the peer."""
        return statistics.median(took.processor for took in self.peer_rounds)

    @property
    def peak_mb(self) -> float:
        """The most memory in any round."""
        return max(took.peak_mb for took in self.rounds)


def _figure(amount: float, rounds: Sequence[Took]) -> float:
    seconds = statistics.median(took.seconds for took in rounds)
    return amount / seconds if amount else seconds * 1000


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds of many queries: the median, and what 95 of 100 stay below."""

    median: float
    p95: float

    @classmethod
    def of(cls, rounds: Sequence[Took]) -> Spread:
        """The spread of what was measured."""
        ordered = sorted(1000 * took.seconds for took in rounds)
        return cls(
            statistics.median(ordered), ordered[min(len(ordered) - 1, len(ordered) * 19 // 20)]
        )


class Peer(msgspec.Struct, frozen=True):
    """What another way of searching took for the same queries, and what it found."""

    newest: Spread  # the newest 50; a scan has all hits to look at for that
    finds: float  # hits for each of ours, over all queries together


class Asked(msgspec.Struct, frozen=True):
    """Queries of one kind: ours, and the same asked of others in turn."""

    what: str
    example: str
    queries: int
    hits: float  # median
    # The newest 50 messages with everything that is shown of them, and how many there are exactly:
    # each query for the first time, right behind queries of others, and the same once more.
    newest: Spread
    total: Spread
    newest_again: Spread
    total_again: Spread
    search: Spread  # both, and the marks: what the user waits for
    first: Spread  # open the archive, and its newest 50
    per_million: float  # ms of `total_again` for a million hits; 0 where hits were too few
    scans: int  # so many of the queries were also asked of what has to read everything
    like: Spread  # LIKE over all of the same archive, to count them
    utils: Peer  # sqlite-utils with enable-fts (FTS5, unicode61)
    trigram: Peer  # FTS5, trigram
    ripgrep: Spread | None  # over a text file with a line for each message; None without `rg`
    like_by_index: Spread | None = None  # LIKE over one conversation, found by its index

    @property
    def times(self) -> float:
        """How often the slowest of ours fits into a LIKE scan."""
        ours = (self.newest.median, self.total.median, self.search.median)
        return self.like.median / max(ours)


class Machine(msgspec.Struct, frozen=True):
    """Where the figures come from."""

    processor: str
    cores: int
    memory_gb: float
    system: str
    disk: str  # kind of file system
    load_before: float  # what else ran: the load average of a minute
    load_after: float
    versions: dict[str, str]


class Taken(msgspec.Struct, frozen=True):
    """When and where something was measured, and how often."""

    made: str  # day
    rounds: int
    seed: int
    machine: Machine


class Sizes(msgspec.Struct, frozen=True):
    """Bytes on the disk for the same messages."""

    export: int
    archive: int
    packs: int
    plain: int


class Imports(msgspec.Struct, frozen=True):
    """Imports, each beside plain SQLite."""

    results: tuple[Paired, ...]
    sizes: Sizes


class Form(msgspec.Struct, frozen=True):
    """All messages imported from one kind of export."""

    name: str
    messages: int
    export: int  # bytes
    files: int
    rounds: tuple[Took, ...]

    @property
    def rate(self) -> float:
        """Messages by second."""
        return _figure(self.messages, self.rounds)

    @property
    def processor(self) -> float:
        """Seconds of processors for all of it."""
        return statistics.median(took.processor for took in self.rounds)

    @property
    def peak_mb(self) -> float:
        """The most memory in any round."""
        return max(took.peak_mb for took in self.rounds)


class SearchSizes(msgspec.Struct, frozen=True):
    """Bytes of what is searched; those of the others without the table itself."""

    archive: int
    table: int
    utils: int
    trigram: int
    text: int


class Pages(msgspec.Struct, frozen=True):
    """A page of a conversation around a date, drawn at random; and by an index of plain SQLite."""

    asked: int
    ours: Spread
    plain: Spread


class Searched(msgspec.Struct, frozen=True):
    """Searching one vault, and the same messages in other ways."""

    built: Took  # the import that made the vault
    versions: dict[str, str]
    sizes: SearchSizes
    kinds: tuple[Asked, ...]
    pages: Pages
    command: Paired


class Group(msgspec.Struct, Generic[T], frozen=True):
    """What was measured in one go."""

    taken: Taken
    found: T


class Run(msgspec.Struct, frozen=True):
    """What was measured with so many messages; groups that were not are None."""

    messages: int
    imports: Group[Imports] | None = None
    forms: Group[tuple[Form, ...]] | None = None
    search: Group[Searched] | None = None
    media: Group[tuple[Paired, ...]] | None = None
    start: Group[tuple[Paired, ...]] | None = None

    def renewed(self, newer: Run) -> Run:
        """The same with the groups that a newer run has, in place of the older ones."""
        groups = [name for name in Run.__struct_fields__ if name != "messages"]
        found = {name: getattr(newer, name) or getattr(self, name) for name in groups}
        return Run(newer.messages, **found)
