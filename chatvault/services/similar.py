"""Copies of one picture: what apps compressed again or made smaller, shown together, never merged.

A hundred thousand pictures are five thousand million pairs. So only pictures are compared whose
hashes share one of five bands of bits: that finds every pair that differs in at most four bits of
64, and most of the others up to eight. A grid of brightness (`picture_hash`) and the shape decide.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from chatvault.services.picture_hash import alike, difference
from chatvault.services.query import Query
from chatvault.services.receipt import iso
from chatvault.services.select import select
from chatvault.vault import photo_rows, queries
from chatvault.vault.archive import Connection
from chatvault.vault.message_parts import AttachmentRow
from chatvault.vault.photo_rows import ANY_FILE, Comparable, FileChoice
from chatvault.vault.selection import EVERYTHING

BANDS = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))  # first bit, and how many
FARTHEST = 8  # bits
MASK = (1 << 64) - 1
SHAPE = 0.02  # by which the sides' ratio may differ, beside a pixel of rounding


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One attachment with this picture: who sent it, where and when."""

    id: int
    message: int
    name: str
    conversation: str
    platform: str
    sender: str
    sent_at: str | None


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """One of several files that show the same picture."""

    width: int
    height: int
    bytes: int
    type: str
    taken_at: str | None
    camera: str | None
    latitude: float | None
    longitude: float | None
    sent: tuple[Sent, ...]


class Group(msgspec.Struct, frozen=True):
    """Copies of one picture, the best first: most pixels, then most bytes."""

    copies: tuple[Copy, ...]


def similar(db: Connection, query: Query, choice: FileChoice = ANY_FILE) -> list[Group]:
    """The groups of which at least one copy is left by the filters, whole; those with the oldest
    message first."""
    if not photo_rows.is_there(db):
        return []
    found = groups(photo_rows.comparable(db))
    wanted = {file for group in found for file in group}
    files = photo_rows.chosen(db, choice)
    selection = select(db, query)
    copies: dict[int, list[tuple[AttachmentRow, queries.MessageRow]]] = defaultdict(list)
    for attachment, message in queries.media(db, EVERYTHING, missing=False):
        if attachment.file in wanted:
            copies[attachment.file].append((attachment, message))
    left = None
    if not selection.is_everything:
        left = {a.file for a, _ in queries.media(db, selection, missing=False)}
    shown = []
    for group in found:
        there = [file for file in group if file in copies]
        asked = (f for f in there if (files is None or f in files) and (left is None or f in left))
        if len(there) > 1 and any(asked):
            keys = [copies[file][0][1].time_key for file in there]
            shown.append((min(keys), Group(tuple(_copy(db, file, copies[file]) for file in there))))
    return [group for _, group in sorted(shown, key=lambda one: one[0])]


def not_looked_at(db: Connection) -> int:
    """How many pictures nobody looked at yet, so that nothing can be said about them."""
    return len(photo_rows.pending(db)) if photo_rows.is_there(db) else 0


def _copy(
    db: Connection, file: int, places: list[tuple[AttachmentRow, queries.MessageRow]]
) -> Copy:
    facts = photo_rows.facts_of(db, file)
    first = places[0][0]
    return Copy(
        width=facts.width or 0, height=facts.height or 0, bytes=first.size or 0,
        type=first.media_type, taken_at=iso(facts.taken_at), camera=facts.camera,
        latitude=facts.latitude,
        longitude=facts.longitude,
        sent=tuple(
            Sent(
                id=a.id, message=m.id, name=a.name, conversation=m.conversation_title,
                platform=m.platform, sender=m.sender_name, sent_at=iso(m.sent_at),
            )
            for a, m in places
        ),
    )  # fmt: skip


def groups(pictures: Iterable[Comparable]) -> list[list[int]]:
    """Files that show the same picture, for pictures that come with the best first.

    Each copy is compared with the best of its group and no other: a chain of pictures that each
    resemble the next would end with two that have nothing in common.
    """
    best: list[list[Comparable]] = []
    hashes: list[int] = []  # of the best of each group
    bands: list[dict[int, list[int]]] = [{} for _ in BANDS]
    for picture in pictures:
        hashed = picture.hash & MASK
        places = [hashed >> start & (1 << size) - 1 for start, size in BANDS]
        near = {
            candidate
            for band, place in zip(bands, places, strict=True)
            for candidate in band.get(place, ())
            if (hashed ^ hashes[candidate]).bit_count() <= FARTHEST
        }
        found = _nearest(picture, best, near)
        if found is not None:
            best[found].append(picture)
            continue
        for band, place in zip(bands, places, strict=True):
            band.setdefault(place, []).append(len(best))
        best.append([picture])
        hashes.append(hashed)
    return [[picture.file for picture in group] for group in best if len(group) > 1]


def _nearest(picture: Comparable, best: list[list[Comparable]], near: set[int]) -> int | None:
    """The group whose best copy this one resembles most, of those whose hash is near."""
    alike_by = []
    for candidate in near:
        other = best[candidate][0]
        if _one_shape(picture, other) and alike(picture.likeness, other.likeness):
            average, _ = difference(picture.likeness, other.likeness)
            alike_by.append((average, candidate))
    return min(alike_by)[1] if alike_by else None


def _one_shape(one: Comparable, other: Comparable) -> bool:
    """Whether one can be the other made smaller, upright or turned."""
    long, short = max(one.width, one.height), min(one.width, one.height)
    other_long, other_short = max(other.width, other.height), min(other.width, other.height)
    wanted = short * other_long / long
    return abs(wanted - other_short) <= 1 + SHAPE * other_short
