"""Which row of the archive a message is, when an export tells it.

First by platform id; then by content key. How many equal messages there are in one minute is the
largest number that the exports together prove:

    copies = max(largest count in any transcript that knows only minutes,
                 sum over seconds of max(distinct ids in that second,
                                         largest count in any transcript that knows seconds))

It comes about by one rule: a transcript never takes a row twice. A message takes a row that fits
and that its transcript has not taken; only when there is none, a new one is made. As a maximum of
maxima it depends neither on the order of exports nor on telling one of them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from chatvault.vault.merging import Row

Key = tuple[int, int, int]  # conversation, minute, content hash
NOTHING: frozenset[int] = frozenset()
NO_NAMES: frozenset[str] = frozenset()


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """What a message shows of itself when it looks for its row."""

    key: Key
    second: int | None
    id_scope: int | None
    platform_id: str | None
    transcript: int
    files: frozenset[int] = NOTHING  # rows of the stored bytes of its attachments
    names: frozenset[str] = NO_NAMES
    text: str = ""
    foreign: bool = False  # its id is another side's of a merge


@dataclass
class Known:
    """The rows of one batch: those of the archive that might match, and those the batch makes."""

    by_id: dict[tuple[int, str], Row] = field(default_factory=dict)
    by_key: dict[Key, list[Row]] = field(default_factory=dict)
    foreign: frozenset[int] = NOTHING  # scopes of ids that another side of a merge has

    def add(self, row: Row) -> None:
        """Let a row be found by its id and by all of its content keys."""
        if row.platform_id is not None and row.id_scope is not None:
            self.by_id[(row.id_scope, row.platform_id)] = row
            for scope, other in (row.others or {}).items():
                self.by_id[(scope, other.id)] = row
        if not row.variants:
            # The common case, without making a set.
            key = (row.conversation, row.minute, row.content_hash)
            rows = self.by_key.get(key)
            if rows is None:
                self.by_key[key] = [row]
            elif not any(known is row for known in rows):
                rows.append(row)
            return
        for key in row.keys():  # noqa: SIM118 - a row is no dict
            rows = self.by_key.setdefault(key, [])
            if not any(known is row for known in rows):
                rows.append(row)


def find(known: Known, wanted: Wanted) -> Row | None:
    """The row that this message is, or None when it is a new one."""
    if wanted.platform_id is not None and wanted.id_scope is not None:
        row = known.by_id.get((wanted.id_scope, wanted.platform_id))
        if row is not None:
            return row
    return _best(known, wanted)


def find_absorbed(known: Known, wanted: Wanted, row: Row) -> Row | None:
    """The row without an id that turns out to be `row`, found by id under a new content key."""
    found = _best(known, wanted, beside=row)
    return None if found is row else found


def find_other(known: Known, wanted: Wanted, taken: Row) -> Row | None:
    """Another row for a message without an id whose row its transcript names by id after all."""
    row = _best(known, wanted)
    return None if row is taken else row


def _best(known: Known, wanted: Wanted, *, beside: Row | None = None) -> Row | None:
    rows = known.by_key.get(wanted.key)
    if rows is None:
        return None
    free = [
        row
        for row in rows
        if not row.gone
        and row.transcript != wanted.transcript
        and (wanted.platform_id is None or row.platform_id is None or _new_side(known, wanted, row))
        and (beside is None or row is beside or not _contradict(row, beside))
    ]
    if not free:
        return None
    if wanted.second is None:
        return min(free, key=lambda row: (*_likeness(row, wanted), row.second is None, _order(row)))
    there = [row for row in free if row.second == wanted.second]
    if there:
        return min(there, key=lambda row: (*_likeness(row, wanted), _order(row)))
    unknown = [row for row in free if row.second is None]
    if unknown:
        return min(unknown, key=lambda row: (*_likeness(row, wanted), _order(row)))
    return None


def _new_side(known: Known, wanted: Wanted, row: Row) -> bool:
    """Whether a message with an id may be a row that has one: only when the ids are of different
    sides of a merge, because within one side different ids are different messages."""
    if wanted.foreign:
        return wanted.id_scope not in row.scopes()
    return bool(known.foreign) and row.scopes() <= known.foreign


def _contradict(row: Row, other: Row) -> bool:
    """Whether two rows have different ids of one side, so that they are two messages."""
    return (row.others is not None or other.others is not None or bool(row.foreign)) and bool(
        row.scopes() & other.scopes()
    )


def _likeness(row: Row, wanted: Wanted) -> tuple[bool, bool, bool]:
    """Finer evidence than the key: the same bytes, the same file names, the text to the letter;
    False sorts first."""
    files = {item.file for item in row.attachments if item.file is not None}
    names = {item.name for item in row.attachments}
    return (not (wanted.files & files), not (wanted.names & names), row.text != wanted.text)


def _order(row: Row) -> tuple[int, int, int]:
    return (row.second or 0, row.place, row.id)


def next_copy(rows: Sequence[Row], key: Key) -> int:
    """The number of one more copy in a class."""
    if not rows:
        return 0
    used = [row.copy for row in rows if (row.conversation, row.minute, row.content_hash) == key]
    return max(used, default=-1) + 1
