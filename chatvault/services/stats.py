"""Numbers about what the vault holds: how many, of whom, when, of what kind, and what may be
missing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from typing import TypeVar

import msgspec

from chatvault.services import query as ask
from chatvault.services.query import Query
from chatvault.services.receipt import iso
from chatvault.services.select import select
from chatvault.services.stats_gaps import Gap, day_text, gaps
from chatvault.vault import counts, likeness, restoring
from chatvault.vault.archive import Connection
from chatvault.vault.counts import MediaCount, Shift, Tally

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
K = TypeVar("K")


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is. `days` are those with a message; `people` those who sent one."""

    messages: int
    conversations: int
    people: int
    days: int
    media: int
    media_bytes: int
    media_missing: int
    without_time: int
    without_sender: int


class Silence(msgspec.Struct, frozen=True):
    """Days on which nothing was written at all, the first and the last of them."""

    start: str
    end: str
    days: int


class Month(msgspec.Struct, frozen=True):
    """Messages of a month: `2019-05`."""

    month: str
    messages: int


class Year(msgspec.Struct, frozen=True):
    """Messages of a year: `2019`."""

    year: str
    messages: int


class Weekday(msgspec.Struct, frozen=True):
    """Messages of a day of the week, and of each of its 24 hours."""

    weekday: str
    messages: int
    hours: tuple[int, ...]


class KindCount(msgspec.Struct, frozen=True):
    """Messages of a kind."""

    kind: str
    messages: int


class PlatformCount(msgspec.Struct, frozen=True):
    """Messages of a platform."""

    platform: str
    messages: int
    months: tuple[Month, ...]


class ConversationCount(msgspec.Struct, frozen=True):
    """Messages of a conversation."""

    id: int
    title: str
    platform: str
    messages: int
    first: str | None
    last: str | None
    months: tuple[Month, ...]


class PersonCount(msgspec.Struct, frozen=True):
    """Messages of a person, on these platforms; the number is that of `list people`."""

    id: int
    name: str
    is_me: bool
    platforms: tuple[str, ...]
    messages: int


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers. Lists go from the largest to the smallest, those of time from the first to the
    last, and leave out what is zero. `gaps` is None where filters leave out a part of what people
    write to each other: then every silence would look like one."""

    zone: str
    totals: Totals
    first: str | None
    last: str | None
    longest_silence: Silence | None
    years: tuple[Year, ...]
    months: tuple[Month, ...]
    hours: tuple[int, ...]
    weekdays: tuple[Weekday, ...]
    kinds: tuple[KindCount, ...]
    media: tuple[MediaCount, ...]
    platforms: tuple[PlatformCount, ...]
    conversations: tuple[ConversationCount, ...]
    people: tuple[PersonCount, ...]
    gaps: tuple[Gap, ...] | None


def stats(db: Connection, query: Query, *, zone: tzinfo, zone_name: str) -> Stats:
    """The numbers of the messages that a query means, by the clocks of a zone."""
    with restoring.snapshot(db):
        selection = select(db, query)
        tally = counts.count(db, selection, clock(zone, counts.reach(db)))
        media = tuple(counts.media(db, selection))
        places = likeness.places(db)
        people = _people(db, tally.by_sender())
        found = gaps(db, tally.days, places, zone=zone) if is_whole(query) else None
    days = sorted({day for days in tally.days.values() for day in days})
    months = {row: _months(mine) for row, mine in tally.days.items()}
    sizes = tally.by_conversation()
    platforms = _platforms(sizes, months, places)
    every_month = sum((_counter(one.months) for one in platforms), Counter[str]())
    years = Counter[str]()
    for month, number in every_month.items():
        years[month[:4]] += number
    return Stats(
        zone=zone_name,
        totals=Totals(
            messages=sizes.total(), conversations=len(sizes), people=len(people), days=len(days),
            media=sum(m.count for m in media), media_bytes=sum(m.bytes for m in media),
            media_missing=sum(m.missing for m in media), without_time=tally.undated,
            without_sender=tally.by_sender()[None],
        ),
        first=iso(min(tally.first.values(), default=None)),
        last=iso(max(tally.last.values(), default=None)),
        longest_silence=_longest(days),
        years=tuple(Year(*pair) for pair in sorted(years.items())),
        months=_listed(every_month),
        hours=tuple(map(sum, zip(*tally.hours, strict=True))),
        weekdays=_weekdays(tally),
        kinds=tuple(KindCount(*pair) for pair in largest_first(tally.by_kind())),
        media=media,
        platforms=platforms,
        conversations=tuple(
            ConversationCount(
                row, places[row].title, places[row].platform, number, iso(tally.first.get(row)),
                iso(tally.last.get(row)), _listed(months.get(row, {})),
            )
            for row, number in largest_first(sizes)
        ),
        people=people,
        gaps=None if found is None else tuple(found),
    )  # fmt: skip


def _platforms(
    sizes: Mapping[int, int],
    months: Mapping[int, Counter[str]],
    places: Mapping[int, likeness.Place],
) -> tuple[PlatformCount, ...]:
    numbers: Counter[str] = Counter()
    by_month: dict[str, Counter[str]] = {}
    for row, number in sizes.items():
        numbers[places[row].platform] += number
        by_month.setdefault(places[row].platform, Counter()).update(months.get(row, {}))
    return tuple(
        PlatformCount(name, number, _listed(by_month[name]))
        for name, number in largest_first(numbers)
    )


def is_whole(query: Query) -> bool:
    """Whether all that a conversation has within some time is meant."""
    parts = query.parts if isinstance(query, ask.And) else (query,)
    return all(
        isinstance(part, ask.Sent)
        or (isinstance(part, ask.Filter) and part.field in (ask.Field.IN, ask.Field.ON))
        for part in parts
    )


def clock(zone: tzinfo, reach: tuple[int, int] | None) -> list[Shift]:
    """How far the clocks of a zone are ahead of UTC between two moments, to the second."""
    start, end = reach or (0, 0)
    found = [Shift(start, _ahead(zone, start))]
    # Nowhere were clocks set twice within one day.
    for day in range(start, end + counts.HOUR_MS * 24, counts.HOUR_MS * 24):
        ahead = _ahead(zone, day)
        if ahead != found[-1].offset_ms:
            low, high = day // 1000 - 24 * 3600, day // 1000
            while low + 1 < high:
                middle = (low + high) // 2
                if _ahead(zone, middle * 1000) == ahead:
                    high = middle
                else:
                    low = middle
            found.append(Shift(high * 1000, ahead))
    return found


def _ahead(zone: tzinfo, utc_ms: int) -> int:
    moment = (_EPOCH + utc_ms // 1000 * _SECOND).astimezone(zone)
    return (moment.utcoffset() or timedelta()) // _SECOND * 1000


def largest_first(numbers: Mapping[K, int]) -> list[tuple[K, int]]:
    """Pairs by number, equal ones by name or row."""
    return sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))


def _months(days: Mapping[int, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for day, number in days.items():
        found[_month(day)] += number
    return found


@cache
def _month(day: int) -> str:
    return day_text(day)[:7]


def _counter(months: Iterable[Month]) -> Counter[str]:
    return Counter({one.month: one.messages for one in months})


def _listed(months: Mapping[str, int]) -> tuple[Month, ...]:
    return tuple(Month(*pair) for pair in sorted(months.items()))


def _longest(days: Sequence[int]) -> Silence | None:
    """The longest stretch of days without any message; the earliest, if there are several."""
    before, after = max(pairwise(days), key=lambda pair: pair[1] - pair[0], default=(0, 0))
    if after - before < 2:
        return None
    return Silence(day_text(before + 1), day_text(after - 1), after - before - 1)


def _weekdays(tally: Tally) -> tuple[Weekday, ...]:
    messages = [0] * 7
    for days in tally.days.values():
        for day, number in days.items():
            messages[(day + 3) % 7] += number
    return tuple(
        Weekday(name, messages[place], tuple(tally.hours[place]))
        for place, name in enumerate(WEEKDAYS)
    )


def _people(db: Connection, senders: Mapping[int | None, int]) -> tuple[PersonCount, ...]:
    found: Counter[int] = Counter()
    known: dict[int, list[counts.Somebody]] = {}
    for one in counts.everybody(db):
        if one.id in senders:
            found[one.person] += senders[one.id]
            known.setdefault(one.person, []).append(one)
    return tuple(
        PersonCount(
            row,
            known[row][0].name,
            known[row][0].is_me,
            tuple(sorted({one.platform for one in known[row]})),
            number,
        )
        for row, number in largest_first(found)
    )
