"""Messages counted, in one pass over the table whatever is asked of the numbers."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from chatvault.vault.archive import Connection
from chatvault.vault.selection import Selection, key_bounds, largest_spill, source
from chatvault.vault.time_keys import EPOCH, NO_TIME, SLOTS

HOUR_MS = 3_600_000
# Division rounds towards zero in SQL, so times before 1970 are moved behind it and back.
SHIFT_DAYS = 73_050  # 200 years
BATCH = 4000  # rows that are in memory at once; of more the collector of Python makes work
K = TypeVar("K")
NEAR = 200  # messages on one side of a silence that tell which imports know that side


class Shift(msgspec.Struct, frozen=True):
    """From this moment on, local clocks are so far ahead of UTC."""

    from_ms: int
    offset_ms: int


class Tally:
    """Messages by what they are, and by when they were sent on local clocks; days are counted from
    1970-01-01."""

    def __init__(self) -> None:
        self.messages: Counter[tuple[int, int | None, str]] = (
            Counter()
        )  # conversation, sender, kind
        self.days: defaultdict[int, dict[int, int]] = defaultdict(dict)  # of each conversation
        self.hours = [[0] * 24 for _ in range(7)]  # Monday first; without those of unknown hour
        self.undated = 0
        self.first: dict[int, int] = {}  # UTC ms, by conversation
        self.last: dict[int, int] = {}

    def by_conversation(self) -> Counter[int]:
        """Messages of each conversation."""
        return _summed((place, number) for (place, _, _), number in self.messages.items())

    def by_sender(self) -> Counter[int | None]:
        """Messages of each participant, and (None) of nobody."""
        return _summed((sender, number) for (_, sender, _), number in self.messages.items())

    def by_kind(self) -> Counter[str]:
        """Messages of each kind."""
        return _summed((kind, number) for (_, _, kind), number in self.messages.items())


def _summed(pairs: Iterable[tuple[K, int]]) -> Counter[K]:
    found: Counter[K] = Counter()
    for key, number in pairs:
        found[key] += number
    return found


def reach(db: Connection) -> tuple[int, int] | None:
    """UTC milliseconds between which all messages were sent; None when no time is known."""
    # Asked one by one, each is a look at an end of the index.
    first, last = (
        db.execute(f"SELECT {end}(time_key) FROM message WHERE time_key > ?", [NO_TIME]).fetchone()[  # noqa: S608
            0
        ]
        for end in ("min", "max")
    )
    if first is None:
        return None
    start = first // SLOTS + EPOCH - largest_spill(db)
    return start * 1000, (last // SLOTS + EPOCH + 1) * 1000


def count(db: Connection, selection: Selection, clock: Sequence[Shift]) -> Tally:
    """Count the messages of a selection. The first shift of `clock` holds for all before, too."""
    where, params = source(db, selection)
    hour = (
        f"(m.sent_at + {SHIFT_DAYS * 24 * HOUR_MS} + {_offset(clock)}) / {HOUR_MS} * 2"
        " + (m.time_precision = 'day')"
    )
    cursor = db.execute(
        f"SELECT m.conversation, m.sender, m.kind, m.sent_at, {hour} {where}", params
    )
    tally = Tally()
    while rows := cursor.fetchmany(BATCH):
        _add(tally, rows)
    return tally


def _offset(clock: Sequence[Shift]) -> str:
    """How far local clocks are ahead at `m.sent_at`, as a search tree in SQL."""
    if len(clock) == 1:
        return str(int(clock[0].offset_ms))
    middle = len(clock) // 2
    return (
        f"CASE WHEN m.sent_at < {int(clock[middle].from_ms)}"
        f" THEN {_offset(clock[:middle])} ELSE {_offset(clock[middle:])} END"
    )


def _add(tally: Tally, rows: list[Any]) -> None:
    conversations, senders, kinds, times, hours = zip(*rows, strict=True)
    tally.messages.update(zip(conversations, senders, kinds, strict=True))
    for (conversation, hour), number in Counter(zip(conversations, hours, strict=True)).items():
        if hour is None:
            tally.undated += number
            continue
        day, in_day = divmod(hour >> 1, 24)
        day -= SHIFT_DAYS
        days = tally.days[conversation]
        days[day] = days.get(day, 0) + number
        if not hour & 1:
            tally.hours[(day + 3) % 7][in_day] += number  # the first day was a Thursday
    if None in times:
        rows = [row for row in rows if row[3] is not None]
    # Sorted by time, the last one of each conversation stays in a dict: rows are almost in order,
    # and this takes a fifth of comparing them one by one.
    rows.sort(key=itemgetter(3), reverse=True)
    for conversation, sent in {row[0]: row[3] for row in rows}.items():
        tally.first[conversation] = min(tally.first.get(conversation, sent), sent)
    rows.reverse()
    for conversation, sent in {row[0]: row[3] for row in rows}.items():
        tally.last[conversation] = max(tally.last.get(conversation, sent), sent)


class MediaCount(msgspec.Struct, frozen=True):
    """Attachments of a kind: how many, how many of them have no file, and how large the others
    are together."""

    kind: str
    count: int
    missing: int
    bytes: int


def media(db: Connection, selection: Selection) -> list[MediaCount]:
    """Attachments by kind, the most frequent first."""
    head, _, tail = "FROM attachment a", "", "1"
    params: list[object] = []
    if not selection.is_everything:
        where, params = source(db, selection)
        head, _, tail = where.partition(" WHERE ")
        head += " JOIN attachment a ON a.message = m.id"
    rows = db.execute(
        "SELECT a.kind, count(*), count(*) - count(a.file), coalesce(sum(f.size), 0)"
        f" {head} LEFT JOIN stored_file f ON f.id = a.file WHERE {tail}"
        " GROUP BY a.kind ORDER BY count(*) DESC, a.kind",
        params,
    )
    return [MediaCount(*row) for row in rows]


class Somebody(msgspec.Struct, frozen=True):
    """A participant; `person` is the smallest participant that is the same one."""

    id: int
    person: int
    name: str
    is_me: bool
    platform: str


def everybody(db: Connection) -> Iterator[Somebody]:
    """Every participant, under the name of the person."""
    rows = db.execute(
        "SELECT p.id, coalesce(h.first, p.id), coalesce(h.name, p.name), coalesce(h.me, p.is_me),"
        " p.platform"
        " FROM participant p LEFT JOIN (SELECT h.id, h.name, min(o.id) AS first,"
        " max(o.is_me) AS me FROM person h JOIN participant o ON o.person = h.id"
        " GROUP BY h.id) h ON h.id = p.person"
    )
    for row, person, name, is_me, platform in rows:
        yield Somebody(row, person, name, bool(is_me), platform)


class Told(msgspec.Struct, frozen=True):
    """An import that knows messages."""

    id: int
    name: str


def told_near(
    db: Connection, at_ms: int, *, platform: str, conversation: int | None, later: bool
) -> list[Told]:
    """The imports that know the last messages before a moment, or the first ones after it, of a
    conversation or (None) of a platform."""
    sign, order = (">=", "ASC") if later else ("<", "DESC")
    # The plus keeps the index of conversations out of it, behind which all would be sorted.
    place = "+conversation IN (SELECT id FROM conversation WHERE platform = ?)"
    if conversation is not None:
        place = "conversation = ?"
    rows = db.execute(
        "SELECT DISTINCT i.id, i.name FROM (SELECT id FROM message"  # noqa: S608
        f" WHERE {place} AND time_key {sign} ? ORDER BY time_key {order} LIMIT {NEAR}) m"
        " JOIN message_import t ON t.message = m.id JOIN import i ON i.id = t.import"
        " ORDER BY i.id",
        [platform if conversation is None else conversation, (at_ms // 1000 - EPOCH) * SLOTS],
    )
    return [Told(*row) for row in rows]


def knows_any(db: Connection, imports: Collection[int], start_ms: int, end_ms: int) -> bool:
    """Whether one of these imports has any message at all from this stretch of time."""
    bounds = key_bounds(db, Selection(None, start_ms, end_ms))
    conditions = [f"m.time_key {sign} ?" for sign, _ in bounds]
    wanted = ", ".join("?" * len(imports))
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM message m JOIN message_import t ON t.message = m.id"  # noqa: S608
        f" WHERE {' AND '.join(conditions)} AND m.sent_at >= ? AND m.sent_at < ?"
        f" AND t.import IN ({wanted}))",
        [*(key for _, key in bounds), start_ms, end_ms, *imports],
    ).fetchone()
    return bool(row[0])
