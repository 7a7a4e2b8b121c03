"""What a run of the measurements found: numbers with what they stand beside, as JSON keeps them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import msgspec


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


class Asked(msgspec.Struct, frozen=True):
    """Queries of one kind: ours, a scan with LIKE over the same archive, and FTS5 as it comes."""

    what: str
    example: str
    queries: int
    hits: float  # median
    newest: Spread  # the newest 50 messages with everything that is shown of them
    total: Spread  # how many there are, exactly
    search: Spread  # both, and the marks: what the user waits for
    scan: Spread  # LIKE, to count them
    plain: Spread  # plain SQLite with FTS5 (unicode61): the newest 50
    plain_finds: float  # hits of plain FTS5 for each of ours, over all queries together


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


class Sizes(msgspec.Struct, frozen=True):
    """Bytes on the disk for the same messages."""

    export: int
    archive: int
    packs: int
    plain: int


class Run(msgspec.Struct, frozen=True):
    """Everything one run measured; what was not asked for is empty."""

    made: str  # day
    messages: int
    rounds: int
    seed: int
    machine: Machine
    imports: tuple[Paired, ...] = ()
    sizes: Sizes | None = None
    searches: tuple[Asked, ...] = ()
    whole_queries: tuple[Paired, ...] = ()
    media: tuple[Paired, ...] = ()
    start: tuple[Paired, ...] = ()
