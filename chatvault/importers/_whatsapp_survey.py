"""The first way through a WhatsApp export: everything that only the whole file can tell.

Which shape its headers have, which number is the day, who writes, which words the app repeats. Only
counters are kept, each with a bound, so the size of the file does not matter.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from chatvault.errors import NeedsAnswer, Where
from chatvault.importers._date_order import DateOrder, Order
from chatvault.importers._people import folded
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText
from chatvault.importers._whatsapp_bodies import content_of, maybe_edited
from chatvault.importers._whatsapp_events import (
    GROUP_ONLY,
    STRONG,
    is_encryption_notice,
    notice_of,
)
from chatvault.importers._whatsapp_lines import Header, Shape, author_of
from chatvault.importers._whatsapp_media import LRM, Habits, date_in_name, file_attached
from chatvault.importers._whatsapp_words import DELETED_BY_ME, MARKS, squash
from chatvault.model import MessageKind

MOST_SHAPES = 32
MOST_AUTHORS = 10_000  # a safety limit: who they are is held in memory
MOST_PHRASES = 2_000
LONGEST_NAME = 256

# What WhatsApp itself wraps around names. Others (zero-width, overrides) are part of a name: two
# names that differ by them stay two.
_AROUND_NAMES = dict.fromkeys(
    map(ord, "\u200e\u200f\ufeff\u202a\u202b\u202c\u2066\u2067\u2068\u2069")
)


def name_of(author: str) -> str:
    """An author as a name: without WhatsApp's marks and the `~` before people not in contacts."""
    # Names may be long, so they are not remembered here; most are plain.
    name = author
    if not author.isascii():
        name = unicodedata.normalize("NFC", author.translate(_AROUND_NAMES))
    return " ".join(name.split()).removeprefix("~").strip() or author


@dataclass
class Facts:
    """What is known about the messages of one shape."""

    dates: DateOrder
    first: int
    messages: int = 0
    authors: Counter[str] = field(default_factory=Counter)
    actors: Counter[str] = field(default_factory=Counter)  # to whom the app's own lines are given
    me: Counter[str] = field(default_factory=Counter)  # who deleted "you deleted this message"
    edited: Counter[str] = field(default_factory=Counter)
    attached: Counter[str] = field(default_factory=Counter)
    omitted: Counter[str] = field(default_factory=Counter)
    stubs: Counter[str] = field(default_factory=Counter)
    group: bool = False
    single_digit: bool = False


@dataclass
class Survey:
    """What is known about one file."""

    shapes: dict[Shape, Facts] = field(default_factory=dict)
    headers: int = 0
    lines: int = 0
    notice: bool = False  # of encryption
    odd: int = 0  # headers as other tools write them
    first_line: Shape | None = None

    @classmethod
    def of(cls, blocks: Iterable[Block[Header]]) -> "Survey":
        """The survey of a file, as far as it can be read."""
        survey = cls()
        try:
            for block in blocks:
                survey.add(block)
        except BrokenText:
            pass  # told when the messages are read
        return survey

    def add(self, block: Block[Header]) -> None:
        """Count one message."""
        self.lines += sum(map(bool, map(str.strip, block.text.split("\n"))))
        header = block.head
        if header is None:
            return
        facts = self.shapes.get(header.shape)
        if facts is None:
            if len(self.shapes) >= MOST_SHAPES:
                return
            facts = self.shapes[header.shape] = Facts(DateOrder(header.shape.layout), block.first)
        if self.headers == 0 and block.first == 1:
            self.first_line = header.shape
        self.headers += 1
        facts.messages += 1
        facts.dates.add(header.numbers, single_digit=header.single_digit)
        facts.single_digit |= header.single_digit
        self._content(facts, header, block.text[header.at :])

    def _content(self, facts: Facts, header: Header, content: str) -> None:
        line, _, below = content.partition("\n")
        if "-" in line and (named := date_in_name(line)):
            facts.dates.add_media(*named)
        author, at = author_of(line)
        if author is None:
            self.notice = self.notice or is_encryption_notice(line)
            self.odd += line.startswith(("<", "*** "))
            facts.group = facts.group or notice_of(line) in GROUP_ONLY
            return
        body = content[at:]
        if header.shape.form == "brackets" and body.startswith(LRM):
            self._marked(facts, author, body)
        else:
            _count(facts.authors, name_of(author)[:LONGEST_NAME], MOST_AUTHORS)
        if body.rstrip(MARKS).endswith(">"):
            if literal := maybe_edited(body):
                _count(facts.edited, literal, MOST_PHRASES)
            bare = line[at:].strip(MARKS)
            if bare.startswith("<") and bare.endswith(">") and ":" not in bare and len(bare) <= 42:
                _count(facts.omitted, bare, MOST_PHRASES)
        found = file_attached(line[at:])
        if found and "." in found[0][-7:]:
            _count(facts.attached, found[1], MOST_PHRASES)
        if not below and len(body) <= 80 and squash(body) in DELETED_BY_ME:
            _count(facts.me, name_of(author), MOST_AUTHORS)

    def _marked(self, facts: Facts, author: str, body: str) -> None:
        """A body that begins with a mark on an iPhone: said by the app, or words for a photo."""
        self.notice = self.notice or is_encryption_notice(body)
        content = content_of(body, Habits(), lambda _: None, iphone=True)
        event = content.extra.get("event") if content.kind is MessageKind.SYSTEM else None
        facts.group = facts.group or event in GROUP_ONLY
        unknown = content.kind is MessageKind.SYSTEM and not event
        if unknown and "\n" not in body and len(body) <= 60 and len(body.split()) <= 4:
            _count(facts.stubs, squash(body), MOST_PHRASES)
        counter = facts.actors if event else facts.authors
        _count(counter, name_of(author)[:LONGEST_NAME], MOST_AUTHORS)

    def main(self) -> Shape | None:
        """The shape of this file: that of its first line, unless hardly any other line has it."""
        if not self.shapes:
            return None
        most = max(self.shapes, key=lambda shape: self.shapes[shape].messages)
        first = self.first_line
        if first is not None and self.shapes[first].messages * 20 >= self.shapes[most].messages:
            return first
        return most

    def accepted(self) -> list[Shape]:
        """The shapes whose lines begin messages; others are text that somebody pasted.

        A second shape counts when there is too much of it for that: two exports in one file.
        """
        main = self.main()
        if main is None:
            return []
        enough = max(50, self.shapes[main].messages // 4)
        others = [
            shape for shape, facts in self.shapes.items()
            if shape != main and facts.messages >= enough
        ]  # fmt: skip
        return [main, *others]

    def decide(self, shape: Shape, source: Source, file: str) -> tuple[Order, str]:
        """The order of day and month in one shape and how we know; NeedsAnswer if nobody can."""
        facts = self.shapes[shape]
        where = Where(source.full(file))
        if facts.dates.other_calendar * 2 > facts.messages:
            raise NeedsAnswer(
                "the years are those of a Persian or Islamic calendar",
                where=where,
                remedy="set the calendar of the phone to Gregorian and export the chat again",
            )
        found = facts.dates.decide(
            source.told.date_order,
            separator=shape.separator,
            half_days=bool(shape.half),
            modified_ms=source.modified(file),
        )
        if found is None:
            raise facts.dates.question(where, separator=shape.separator)
        return found

    def authors(self, shapes: Iterable[Shape]) -> Counter[str]:
        """How often each name writes, in lines of these shapes."""
        return sum((self.shapes[shape].authors for shape in shapes), Counter())

    def me(self, shapes: Iterable[Shape]) -> str | None:
        """Whose phone this is: the one about whom the app says "you deleted"."""
        found = sum((self.shapes[shape].me for shape in shapes), Counter[str]())
        return next(iter(found)) if len(found) == 1 else None

    def is_group(self, shapes: Iterable[Shape], title: str) -> bool:
        """Whether more than two people write, or the app said what it says in groups only.

        On iPhones a group of two shows in the group itself, which "says" what the app says and
        never anything else.
        """
        facts = [self.shapes[shape] for shape in shapes]
        people = {folded(name) for one in facts for name in one.authors}
        counted = folded(title) in people or self.speaks(shapes, title)
        others = len(people - {folded(title)})
        return any(one.group for one in facts) or others >= (2 if counted else 3)

    def speaks(self, shapes: Iterable[Shape], title: str) -> bool:
        """Whether what the app says is given to somebody of this name."""
        actors = (name for shape in shapes for name in self.shapes[shape].actors)
        return any(folded(name) == folded(title) for name in actors)

    def habits(self, shapes: Iterable[Shape]) -> Habits:
        """What the app repeats in this file in words that are in no table."""
        facts = [self.shapes[shape] for shape in shapes]
        return Habits(
            edited=_repeated((one.edited for one in facts), 2),
            attached=_repeated((one.attached for one in facts), 2),
            omitted=_repeated((one.omitted for one in facts), 3),
            stubs=_repeated((one.stubs for one in facts), 3),
        )


def names_an_event(author: str) -> bool:
    """Whether an "author" is the first half of a system line: `Ada changed the subject from "A`."""
    return notice_of(author) in STRONG


def _count(counter: Counter[str], key: str, most: int) -> None:
    if key in counter or len(counter) < most:
        counter[key] += 1


def _repeated(counters: Iterable[Counter[str]], times: int) -> frozenset[str]:
    found = sum(counters, Counter[str]())
    return frozenset(key for key, count in found.items() if count >= times)
