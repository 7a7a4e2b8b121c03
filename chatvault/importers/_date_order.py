"""Which number of a date is the day: decided over a whole file, from evidence, or not at all.

One DateOrder collects counters and one date to ask about; `decide` weighs them: impossible dates,
dates in names of media, the age of the file, jumps back in time, which number changes faster.
"""

from datetime import date
from functools import lru_cache
from typing import Literal

from chatvault.errors import NeedsAnswer, Where

Order = Literal["dmy", "mdy", "ymd", "ydm"]
# Where the year stands: four digits in front, four digits at the end, or nowhere plain to see.
Layout = Literal["year first", "year last", "short"]

CANDIDATES: dict[Layout, tuple[Order, ...]] = {
    "year first": ("ymd", "ydm"),
    "year last": ("dmy", "mdy"),
    "short": ("dmy", "mdy", "ymd"),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class DateOrder:
    """The evidence of all dates that are written in one way in one file."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.orders = CANDIDATES[layout]
        self.count = 0
        self._now: tuple[int, int, int] | None = None
        self._day: dict[Order, int | None] = {}  # the date just seen under each order
        self._last: dict[Order, int] = {}  # the one before that was possible
        self._invalid = dict.fromkeys(self.orders, 0)
        self._back = dict.fromkeys(self.orders, 0)
        self._latest = dict.fromkeys(self.orders, 0)
        self._media = dict.fromkeys(self.orders, 0)
        self._changes = [0, 0, 0]
        self._step_back = False  # the first number ever became smaller: no year does
        self._ambiguous = False  # day and month ever differ
        self._example: tuple[int, int, int] | None = None  # the first of these dates
        self._single_digit = False
        self.other_calendar = 0  # dates with a Persian or Islamic year

    def add(self, numbers: tuple[int, int, int], *, single_digit: bool = False) -> None:
        """Count the date of one more message, in the order of the file."""
        self.count += 1
        if numbers != self._now:
            self._change(numbers)
            self._single_digit |= single_digit
        for order in self.orders:
            self._invalid[order] += self._day[order] is None
        self.other_calendar += self.layout != "short" and 1300 <= max(numbers) <= 1500

    def add_media(self, year: int, month: int, day: int) -> None:
        """Count the date in the name of a file that the message just added refers to."""
        named = day_number(year, month, day)
        for order in self.orders:
            self._media[order] += named is not None and self._day[order] == named

    def decide(
        self,
        told: str | None = None,
        *,
        separator: str = "/",
        half_days: bool = False,
        modified_ms: int | None = None,
        certain: bool = False,
    ) -> tuple[Order, str] | None:
        """The order and how we know, or None if only the owner of the export can say.

        What was told wins unless it makes many dates impossible: then it was told for another file.
        With `certain`, habits do not count: how a stranger orders a spreadsheet is not known.
        """
        for order in self.orders:
            if order == told and self._invalid[order] * 10 <= self.count:
                return order, "as told"
        orders: tuple[Order, ...] = self.orders[:2]
        if self.layout == "short" and self._year_in_front():
            return "ymd", "the first number changes once a year"
        first, second = orders
        if certain and self._may_have_year_in_front():
            return None
        least, most = sorted(orders, key=lambda order: self._invalid[order])
        if self._invalid[least] != self._invalid[most]:
            return least, "a number above 12 stands where only a day can be"
        if self.layout == "year first":
            return "ymd", "the year comes first"
        if not self._ambiguous:
            return first, "day and month are equal in every date"
        if self._media[first] != self._media[second]:
            return max(orders, key=lambda order: self._media[order]), "dates in names of media"
        early = [order for order in orders if not self._in_future(order, modified_ms)]
        if len(early) == 1:
            return early[0], "the other order is later than the file itself"
        if certain:
            return None
        if self._back[first] != self._back[second]:
            return min(orders, key=lambda order: self._back[order]), "messages in order of time"
        return self._by_habit(separator, half_days=half_days)

    def question(self, where: Where, *, separator: str = "/") -> NeedsAnswer:
        """What to ask where `decide` has no answer: with a date of the file, and what it may be."""
        numbers = self._example or self._now or (0, 0, 0)
        meanings = [
            f"--date-order {order} if that is {day} {_MONTHS[month - 1]} {year}"
            for order in self.orders
            for year, month, day in [in_order(numbers, order, self.layout)]
            if order != "ydm" and day_number(year, month, day)
        ]
        written = separator.join(f"{number:02}" for number in numbers)
        return NeedsAnswer(
            "nothing in this export tells the day from the month in its dates, such as " + written,
            where=where,
            remedy=f"say which it is: {', '.join(meanings)}",
        )

    def _change(self, numbers: tuple[int, int, int]) -> None:
        if self._now is not None:
            for place in range(3):
                self._changes[place] += numbers[place] != self._now[place]
            self._step_back |= numbers[0] < self._now[0]
        self._now = numbers
        first, second = (1, 2) if self.layout == "year first" else (0, 1)
        if numbers[first] != numbers[second] and not self._ambiguous:
            self._ambiguous = True
            self._example = numbers
        for order in self.orders:
            day = day_number(*in_order(numbers, order, self.layout))
            self._day[order] = day
            if day is None:
                continue
            self._back[order] += day < self._last.get(order, day) - 1
            self._last[order] = day
            self._latest[order] = max(self._latest[order], day)

    def _year_in_front(self) -> bool:
        """Whether two digits in front are the year: seldom changing, never down, the last often."""
        valid = self._invalid["ymd"] * 10 <= self.count
        if valid and min(self._invalid["dmy"], self._invalid["mdy"]) * 2 > self.count:
            return True
        seldom = self._changes[2] >= 3 and self._changes[2] > 4 * self._changes[0]
        return valid and seldom and not self._step_back

    def _may_have_year_in_front(self) -> bool:
        """Whether two digits in front could be the year: every date allows it, and they change
        no more often than the last two."""
        if self.layout != "short" or self._invalid["ymd"]:
            return False
        return self._changes[2] >= self._changes[0]

    def _in_future(self, order: Order, modified_ms: int | None) -> bool:
        if modified_ms is None:
            return False
        return self._latest[order] - _EPOCH_DAY > modified_ms // _DAY_MS + 2

    def _by_habit(self, separator: str, *, half_days: bool) -> tuple[Order, str] | None:
        """The day changes faster than the month; a single change needs the style to agree."""
        lead = self._changes[0] - self._changes[1]
        american = separator == "/" and half_days and self._single_digit and self.layout == "short"
        if lead >= 2 or (lead == 1 and not american):
            return "dmy", "the first number changes faster"
        if lead <= -2 or (lead == -1 and american):
            return "mdy", "the second number changes faster"
        return None


@lru_cache(maxsize=8192)
def in_order(numbers: tuple[int, int, int], order: Order, layout: Layout) -> tuple[int, int, int]:
    """Year, month and day of the three numbers of a date."""
    year, month, day = (numbers[order.index(letter)] for letter in "ymd")
    if layout == "short":
        year += 2000  # WhatsApp and its like are younger than 2000
    elif year > 2400:
        year -= 543  # Thai years of the Buddha
    return year, month, day


@lru_cache(maxsize=8192)
def day_number(year: int, month: int, day: int) -> int | None:
    """The number of a day in the calendar; None if there is no such day."""
    try:
        return date(year, month, day).toordinal()
    except (ValueError, OverflowError):
        return None
