"""The first way through a LINE export: everything that only the whole file can tell.

How it writes its days and which number is the day, which dates were pasted, who writes. Only
counters are kept, each with a bound.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from chatvault.errors import Where
from chatvault.importers._date_order import CANDIDATES, DateOrder, Order
from chatvault.importers._day_trail import DayTrail
from chatvault.importers._line_bodies import event_of
from chatvault.importers._line_lines import Day, DayShape, Form, Head, Heads, date_of, ordinal
from chatvault.importers._line_names import Names
from chatvault.importers._line_words import GROUP_ONLY
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText, Encoding, blocks, lines

MOST_SHAPES = 16
MOST_SENDERS = 10_000
LONGEST_NAME = 256
LONGEST_START = 4096  # of the lines before the first day


@dataclass
class _Days:
    """What is known of the days that are written in one way."""

    dates: DateOrder
    trails: dict[Order, DayTrail]
    agree: Counter[Order] = field(default_factory=Counter)
    count: int = 0


@dataclass
class Survey:
    """What is known about one file in one form."""

    form: Form
    names: Names
    days: dict[DayShape, _Days] = field(default_factory=dict)
    posts: int = 0
    senders: Counter[str] = field(default_factory=Counter)
    half_days: bool = False
    group: bool = False
    start: str = ""  # the lines before the first day
    whole_start: bool = True
    first_is_day: bool = False

    @classmethod
    def of(
        cls, source: Source, file: str, encoding: Encoding, form: Form, names: Names
    ) -> "Survey":
        """The survey of a file, as far as it can be read."""
        survey = cls(form, names)
        heads = Heads(lines(source, file, encoding), form)
        found: Iterator[Block[Head]] = blocks(heads.lines(), heads)
        try:
            for block in found:
                survey._add(block.head, block.text, block.first)
        except BrokenText:
            pass  # told when the messages are read
        return survey

    def _add(self, head: Head | None, text: str, line: int) -> None:
        if head is None:
            if line == 1 and not self.posts:
                self.start, self.whole_start = text[:LONGEST_START], len(text) <= LONGEST_START
        elif isinstance(head, Day):
            self.first_is_day |= not self.days and not self.posts and not self.start.strip()
            self._day(head, line)
        else:
            self.posts += 1
            self.half_days |= head.half
            body = text[head.at :].rstrip("\n")
            if self.form == "spaces":
                self.names.add(body)
            elif head.sender is None:
                found = event_of(body.strip())
                self.group |= found is not None and found[0] in GROUP_ONLY
            elif head.sender in self.senders or len(self.senders) < MOST_SENDERS:
                self.senders[head.sender[:LONGEST_NAME]] += 1

    def _day(self, day: Day, line: int) -> None:
        facts = self.days.get(day.shape)
        if facts is None:
            if len(self.days) >= MOST_SHAPES:
                return
            orders = CANDIDATES[day.shape.layout]
            trails = {order: DayTrail() for order in orders}
            facts = self.days[day.shape] = _Days(DateOrder(day.shape.layout), trails)
        facts.count += 1
        facts.dates.add(day.numbers, single_digit=min(day.numbers) < 10)
        for order, trail in facts.trails.items():
            number = ordinal(day, order)
            if number is not None:
                trail.add(line, number)
                date = date_of(day, order)
                facts.agree[order] += date is not None and date.weekday() == day.weekday

    def shapes(self) -> list[DayShape]:
        """The ways in which this file writes its days; others are text. The first is the main one,
        others are so frequent that two exports must be in the file."""
        if not self.days:
            return []
        main = max(self.days, key=lambda shape: self.days[shape].count)
        enough = max(5, self.days[main].count // 4)
        more = [
            shape for shape, facts in self.days.items() if shape != main and facts.count >= enough
        ]
        return [main, *more]

    def decide(self, shape: DayShape, source: Source, file: str) -> tuple[Order, str]:
        """Which number is the day, and how we know; NeedsAnswer if only the owner can say."""
        facts = self.days[shape]
        first, second = CANDIDATES[shape.layout][:2]
        if shape.layout == "year last" and facts.agree[first] != facts.agree[second]:
            # Days of the week are printed beside the dates: they say more than anybody.
            return max(
                (first, second), key=lambda order: facts.agree[order]
            ), "the days of the week"
        found = facts.dates.decide(
            source.told.date_order,
            separator=shape.separator,
            half_days=self.half_days,
            modified_ms=source.modified(file),
        )
        if found is None:
            where = Where(source.full(file))
            raise facts.dates.question(where, separator=shape.separator)
        return found

    def pasted(self, orders: dict[DayShape, Order]) -> frozenset[int]:
        """The numbers of lines whose date begins no day."""
        found: set[int] = set()
        for shape, order in orders.items():
            found |= self.days[shape].trails[order].pasted
        return frozenset(found)


def day_filter(orders: dict[DayShape, Order]) -> Callable[[Day], bool]:
    """Whether a date is written as this file writes its days, and exists."""
    return lambda day: day.shape in orders and ordinal(day, orders[day.shape]) is not None
