"""DiscordChatExporter's CSV: who, when, what; no ids of messages, no replies, no edits.

AuthorID,Author,Date,Content,Attachments,Reactions
"55","mira","2023-04-24T10:07:17.0110000+00:00","look","x.csv_Files/cat-89abcdef.jpg","👍 (1)"
"""

import re
from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from chatvault.errors import Where
from chatvault.importers._clock import FileClock, hour_24, iso_time, zone_for
from chatvault.importers._csv import Row, Text, open_text, rows
from chatvault.importers._date_order import DateOrder, Layout, Order, in_order
from chatvault.importers._discord import Files, handle_of, is_address, kind_of_file, name_in
from chatvault.importers._discord_chat import conversation_of
from chatvault.importers._fields import Malformed
from chatvault.importers._people import People, folded
from chatvault.importers._source import Source
from chatvault.model import (
    Assumption,
    Attachment,
    Message,
    MessageKind,
    Precision,
    Problem,
    Reaction,
    Record,
    Timestamp,
)

KEPT = 100_000  # messages, behind which people are told once more
FOLDER = 256  # characters of a path in which its first folder has to end
HEADER = ("AuthorID", "Author", "Date", "Content", "Attachments", "Reactions")

_HOUR = r"[ ,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\s*([AaPp]\.?[Mm]\.?))?"
# The tool's own style until 2023, and those of the computer's language since.
_WORDS = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4}|\d{2})" + _HOUR, re.ASCII)
_DIGITS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})" + _HOUR, re.ASCII)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_HASHED = re.compile(r"(.*)-(?:[0-9a-fA-F]{16}|[0-9a-fA-F]{5})(\.[^./]*)?", re.DOTALL)


class Table:
    """The CSV of a channel, or its parts one after the other: one transcript."""

    def __init__(self, source: Source, files: Files) -> None:
        self._source = source
        self._files = files
        self._people: People | None = None
        self._place = ""
        self._seq = 0
        self._order: Order | None = None
        self._layout: Layout = "short"
        self._clock: FileClock | None = None
        self._assumption: Assumption | None = None  # the zone, until it was told

    def records(self, name: str) -> Iterator[Record]:
        """Everything in one file."""
        full = self._source.full(name)
        try:
            text = open_text(self._source, name, "cp1252")
            if not self._place:
                conversation = conversation_of(name)
                self._place = conversation.id
                yield conversation
            yield from text.assumptions()
            self._survey(text)
            with text.lines() as lines:
                for number, row in enumerate(rows(lines, width=len(HEADER))):
                    if number or row.reason:
                        yield from self._row(row, full)
        except (OSError, ValueError) as cause:
            reason = f"the file breaks off: {type(cause).__name__}"
            yield Problem(file=full, part="end", reason=reason, raw="")

    def _survey(self, text: Text) -> None:
        """Which number is the day, where dates are all numbers; NeedsAnswer where nothing tells."""
        orders: dict[Layout, DateOrder] = {}
        with text.lines() as lines:
            for row in rows(lines, width=len(HEADER)):
                found = _DIGITS.fullmatch(row.cells[2].strip()) if len(row.cells) > 2 else None
                if found:
                    layout = _layout(found)
                    known = orders.setdefault(layout, DateOrder(layout))
                    known.add((int(found[1]), int(found[3]), int(found[4])))
        if not orders:
            return
        most = max(orders.values(), key=lambda one: one.count)
        decided = most.decide(self._source.told.date_order)
        if decided is not None:
            self._order, self._layout = decided[0], most.layout
        elif self._order is None:  # else a part before this one has told
            raise most.question(Where(self._source.full(text.name)))

    def _row(self, row: Row, full: str) -> Iterator[Record]:
        reason = row.reason
        found: list[Record] = []
        if not reason:
            try:
                found = list(self._message(row.cells))
            except Malformed as cause:
                reason = str(cause)
        if reason:
            yield Problem(file=full, part=f"line {row.line}", reason=reason, raw=row.raw)
        yield from found

    def _message(self, cells: list[str]) -> Iterator[Record]:
        # Versions of 2019 and before end each row with a comma.
        if len(cells) not in {len(HEADER), len(HEADER) + 1} or any(cells[len(HEADER) :]):
            raise Malformed(f"a row of {len(cells)} cells, expected {len(HEADER)}")
        identifier, author, date, content, attached, reacted = cells[: len(HEADER)]
        if not identifier and not author:
            raise Malformed("neither an AuthorID nor an Author")
        sender = identifier or f"name:{folded(author)}"
        sent_at = self._time(date.strip())
        files = tuple(self._attachments(attached, alone=not content))
        answers, left = _reactions(reacted)
        if self._assumption is not None:
            yield self._assumption
            self._assumption = None
        if self._people is None or self._seq % KEPT == 0:  # a public channel has any number
            self._people = People(self._place, self._source.told.me)
        name, _, number = author.rpartition("#")
        plain = name if name and number.isascii() and number.isdigit() else author
        handle = handle_of(plain, number if plain != author else "")
        for one in self._people.tell(sender, plain):
            yield replace(one, handles=(handle,) if handle else ())
        yield Message(
            id=None,
            conversation_id=self._place,
            sender_id=sender,
            sent_at=sent_at,
            seq=self._seq,
            kind=files[0].kind if files else MessageKind.TEXT,
            text=content,
            attachments=files,
            extra={"Reactions": left} if left else {},
        )
        self._seq += 1
        yield from answers

    def _time(self, text: str) -> Timestamp:
        try:
            found = iso_time(text, "UTC")
        except Malformed:
            found = None
        if found is not None and found.basis == "offset":
            return found
        wall, precision = self._wall(text)
        if self._clock is None:
            zone, self._assumption = zone_for(self._source.told)
            self._clock = FileClock(zone)
        return self._clock.time(wall, precision=precision)

    def _wall(self, text: str) -> tuple[datetime, Precision]:
        if found := _WORDS.fullmatch(text):
            if found[2].lower() not in _MONTHS:
                raise Malformed("a date that is none")
            numbers = (_year(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]))
            hour = found.groups()[3:]
        elif found := _DIGITS.fullmatch(text):
            if self._order is None or _layout(found) != self._layout:
                raise Malformed("a date written otherwise than the others")
            three = (int(found[1]), int(found[3]), int(found[4]))
            numbers = in_order(three, self._order, self._layout)
            hour = found.groups()[4:]
        else:
            raise Malformed("a date that is none")
        clock = hour_24(int(hour[0]), hour[3] or "")
        if clock is None:
            raise Malformed("an hour that no clock shows")
        try:
            wall = datetime(*numbers, clock, int(hour[1]), int(hour[2] or 0))  # noqa: DTZ001
        except ValueError as cause:
            raise Malformed("a time that no clock shows") from cause
        return wall, Precision.SECOND if hour[2] else Precision.MINUTE

    def _attachments(self, cell: str, *, alone: bool) -> Iterator[Attachment]:
        for reference in _references(cell):
            name = name_in(reference)
            if not is_address(reference) and (hashed := _HASHED.fullmatch(name)):
                name = hashed[1] + (hashed[2] or "")
            kind = kind_of_file(name, alone=alone)
            yield self._files.attachment(reference, name, kind=kind)


def _layout(found: re.Match[str]) -> Layout:
    if len(found[1]) == 4:
        return "year first"
    return "year last" if len(found[4]) == 4 else "short"


def _year(digits: str) -> int:
    return int(digits) + 2000 if len(digits) <= 2 else int(digits)


def _references(cell: str) -> list[str]:
    """The paths or addresses in a cell; a comma may also be in one of them."""
    if not cell:
        return []
    folder, slash, _ = cell[:FOLDER].replace("\\", "/").partition("/")
    # All files of an export lie in one folder.
    local = f"|{re.escape(folder)}[/\\\\]" if slash and not is_address(cell) else ""
    return [one for one in re.split(f",(?=https?://{local})", cell) if one]


def _reactions(cell: str) -> tuple[list[Reaction], str]:
    """The reactions of a cell, and what of it could not be read."""
    found: list[Reaction] = []
    left = []
    for one in cell.split(",") if cell else ():
        emoji, _, number = one.removesuffix(")").rpartition(" (")
        if emoji and one.endswith(")") and number.isascii() and number.isdigit() and number != "0":
            found.append(Reaction(emoji=emoji, count=int(number[:9])))
        else:
            left.append(one)
    return found, ",".join(left)
