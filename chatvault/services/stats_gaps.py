"""Gaps in the record: silences that no way of writing explains, and which exports end there.

A silence alone proves little, so what the imports know counts as much: one that has messages of
anybody from that time covers it, and nothing is missing; where one ends and another begins, a gap
is likely.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo

import msgspec

from chatvault.services.stats_silences import AROUND, Silence, silences
from chatvault.vault import counts
from chatvault.vault.archive import Connection
from chatvault.vault.counts import Told
from chatvault.vault.likeness import Place

MOST_EXAMINED = 500  # silences for which the imports are asked, the most striking ones
EPOCH_DAY = date(1970, 1, 1).toordinal()
Days = Mapping[int, Mapping[int, int]]  # of each conversation, messages by number of the day


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Days of which an export may be missing, the first and the last of them. Without a
    conversation it is all of a platform, with so many conversations before and after."""

    platform: str
    conversation: str | None
    id: int | None
    conversations: int
    start: str
    end: str
    days: int
    why: tuple[str, ...]


class _Suspect(msgspec.Struct, frozen=True):
    platform: str
    conversation: int | None
    silence: Silence


def day_text(day: int) -> str:
    """The number of a day, counted from 1970-01-01, as `2019-05-17`."""
    return date.fromordinal(EPOCH_DAY + day).isoformat()


def gaps(db: Connection, days: Days, places: Mapping[int, Place], *, zone: tzinfo) -> list[Gap]:
    """What may be missing in conversations with messages on these days of a zone, by time."""
    found: dict[_Suspect, Gap] = {}
    for suspect in _suspects(days, places):
        if any(_within(suspect, wider) for wider in found):
            continue
        why = _why(db, suspect, zone)
        if why:
            found[suspect] = _gap(suspect, days, places, why)
    return sorted(found.values(), key=lambda gap: (gap.start, gap.platform, gap.id or 0))


def _suspects(days: Days, places: Mapping[int, Place]) -> list[_Suspect]:
    """Silences of whole platforms, then those of conversations; the most striking first."""
    everywhere: defaultdict[str, set[int]] = defaultdict(set)
    parts: defaultdict[str, int] = defaultdict(int)
    for row, mine in days.items():
        everywhere[places[row].platform].update(mine)
        parts[places[row].platform] += 1
    wide = [
        _Suspect(name, None, silence)
        for name, together in everywhere.items()
        if parts[name] > 1
        for silence in silences(sorted(together))
    ]
    narrow = [
        _Suspect(places[row].platform, row, silence)
        for row, mine in days.items()
        for silence in silences(sorted(mine))
    ]
    for one in (wide, narrow):
        one.sort(key=lambda suspect: (suspect.silence.chance, suspect.silence.before))
    return [*wide, *narrow][:MOST_EXAMINED]


def _within(one: _Suspect, wider: _Suspect) -> bool:
    """Whether a silence is mostly that of its whole platform, which is told already."""
    if wider.conversation is not None or wider.platform != one.platform:
        return False
    start = max(one.silence.before, wider.silence.before)
    end = min(one.silence.after, wider.silence.after)
    return 2 * (end - start) > one.silence.after - one.silence.before


def _why(db: Connection, suspect: _Suspect, zone: tzinfo) -> tuple[str, ...]:
    """Why it is thought that something is missing; nothing when it is not."""
    silence, platform, row = suspect.silence, suspect.platform, suspect.conversation
    start, end = _midnight(silence.before + 1, zone), _midnight(silence.after, zone)
    told = counts.told_near(db, start, platform=platform, conversation=row, later=False)
    later = counts.told_near(db, end, platform=platform, conversation=row, later=True)
    both = [one for one in told if one in later]
    if not silence.is_suspicious(between_exports=not both):
        return ()
    if counts.knows_any(db, {one.id for one in (*told, *later)}, start, end):
        return ()
    if both:
        exports = f"{_named(both)} both sides of it, and nothing of anybody from between"
    else:
        exports = (
            f"{_named(told)} what was before, {_named(later)} what came after, and none has both"
        )
    return (_rhythm(silence), _other(silence), exports)


def _rhythm(silence: Silence) -> str:
    return (
        f"messages on {silence.lively_before} of the {AROUND} days before"
        f" and on {silence.lively_after} of the {AROUND} days after"
    )


def _other(silence: Silence) -> str:
    empty = silence.longest - 1
    if not empty:
        return "no other day was without a message around then"
    return f"no other silence around then was longer than {_days(empty)}"


def _days(number: int) -> str:
    return f"{number:,} day" if number == 1 else f"{number:,} days"


def _named(imports: Iterable[Told]) -> str:
    first, *more = [f"{one.id} ({one.name})" for one in imports]
    if not more:
        return f"import {first} has"
    return f"imports {', '.join([first, *more[:2]])}{' and others' * bool(more[2:])} have"


def _gap(suspect: _Suspect, days: Days, places: Mapping[int, Place], why: tuple[str, ...]) -> Gap:
    silence, row = suspect.silence, suspect.conversation
    concerned = 1
    if row is None:
        concerned = sum(
            places[one].platform == suspect.platform
            and min(mine) <= silence.before
            and max(mine) >= silence.after
            for one, mine in days.items()
        )
    return Gap(
        platform=suspect.platform, conversation=None if row is None else places[row].title, id=row,
        conversations=concerned, start=day_text(silence.before + 1),
        end=day_text(silence.after - 1), days=silence.days, why=why,
    )  # fmt: skip


def _midnight(day: int, zone: tzinfo) -> int:
    midnight = datetime.combine(date.fromordinal(EPOCH_DAY + day), datetime.min.time(), zone)
    return round(midnight.astimezone(UTC).timestamp()) * 1000
