"""Plots as SVG. Places along the x axis are percentages, so a plot fits a phone and a wide screen
while its letters stay as large as they are; heights are pixels of a fixed range."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import count

import msgspec

from chatvault.services.stats import Month, Weekday
from chatvault.services.writers.stats_words import MONTHS

MOST_STEPS = 240  # along the time axis; where there are more, several months are one step
STEPS_OF = (1, 3, 12, 60)  # months that a step may have
TALL, LOW, ROW = 200, 100, 26  # pixels
FEWEST_SHARE = 1000  # a thousandth of all, years away from the rest, does not stretch the axis
FAR_MONTHS = 60
STEPS_UP = ((2, 4, 6, 8, 10), (2, 3, 4, 5, 6, 8, 10))  # an axis ends there, for units and for tens
LEVELS = 8  # of colour in the week


class Axis(msgspec.Struct, frozen=True):
    """Months from the first (counted from the year 0), `per` of them a step."""

    first: int
    steps: int
    per: int
    left_out: int = 0  # messages far before or behind

    def step(self, month: str) -> int | None:
        """Where a month is, if it is on the axis."""
        place = (number_of(month) - self.first) // self.per
        return place if 0 <= place < self.steps else None

    def name(self, step: int) -> str:
        """What a step is called: `May 2019`, `2019`."""
        first = self.first + step * self.per
        if self.per == 1:
            return f"{MONTHS[first % 12]} {first // 12}"
        last = first + self.per - 1
        if self.per < 12:
            return f"{MONTHS[first % 12]} to {MONTHS[last % 12]} {first // 12}"
        return f"{first // 12}" if self.per == 12 else f"{first // 12} to {last // 12}"


def number_of(month: str) -> int:
    """A month such as `2019-05` as a number."""
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def axis(months: Sequence[Month]) -> Axis:
    """An axis for these months (ascending, at least one). A few messages of long before or long
    after, such as those that a wrong clock sent in 1970, are left out."""
    spare = sum(one.messages for one in months) // FEWEST_SHARE
    kept = list(months)
    for end, beside in ((0, 1), (-1, -2)):
        while len(kept) > 1 and kept[end].messages <= spare:
            apart = abs(number_of(kept[beside].month) - number_of(kept[end].month))
            if apart <= FAR_MONTHS:
                break
            spare -= kept.pop(end).messages
    first, last = number_of(kept[0].month), number_of(kept[-1].month)
    per = next((per for per in STEPS_OF if last // per - first // per < MOST_STEPS), STEPS_OF[-1])
    left_out = sum(one.messages for one in months) - sum(one.messages for one in kept)
    return Axis(first // per * per, last // per - first // per + 1, per, left_out)


def summed(months: Sequence[Month], along: Axis) -> dict[int, int]:
    """Messages of each step that has some."""
    found: dict[int, int] = {}
    for one in months:
        step = along.step(one.month)
        if step is not None:
            found[step] = found.get(step, 0) + one.messages
    return found


def svg(body: str, *, title: str, told: str, kind: str, ids: Iterator[int]) -> str:
    """A plot with a title, and what it shows in words for those who do not see it."""
    number = next(ids)
    flat = " flat" if kind == "week" else ""
    return (
        f'<div class="plot{flat}"><svg class="{kind}" role="img"'
        f' aria-labelledby="t{number} d{number}">'
        f'<title id="t{number}">{escape(title)}</title>'
        f'<desc id="d{number}">{escape(told)}</desc>{body}</svg></div>'
    )


def timeline(parts: Sequence[Sequence[Month]], along: Axis) -> str:
    """Bars over time, of several parts one upon the other."""
    by_part = [summed(months, along) for months in parts]
    totals: dict[int, int] = {}
    for part in by_part:
        for step, number in part.items():
            totals[step] = totals.get(step, 0) + number
    top = round_up(max(totals.values(), default=1))
    label = {1: "messages a month", 3: "messages a quarter", 12: "messages a year"}
    drawn = [_grid(top, TALL, label.get(along.per, "messages in five years"))]
    drawn += _years(along)
    width = 100 / along.steps
    base: dict[int, float] = {}
    for place, part in enumerate(by_part):
        for step, number in sorted(part.items()):
            tall = number / top * TALL
            upper = TALL - base.get(step, 0) - tall
            base[step] = base.get(step, 0) + tall
            drawn.append(
                f'<rect class="mark p{place}" x="{step * width:.3f}%" y="{upper:.1f}"'
                f' width="{width * 0.86:.3f}%" height="{max(tall, 0.6):.1f}">'
                f"<title>{along.name(step)}: {totals[step]:,}</title></rect>"
            )
    return "".join(drawn)


def _years(along: Axis) -> Iterator[str]:
    """Where years begin: a line, and the year as far as there is space."""
    months = along.steps * along.per
    begins = [m for m in range(along.first, along.first + months) if m % 12 == 0]
    if not begins:
        yield f'<text x="0" y="{TALL + 18}">{along.name(0)}</text>'
        return
    every = -(-len(begins) // 14)
    shown = [month for month in begins if month // 12 % every == 0] or begins[:1]
    for place, month in enumerate(shown):
        x = f"{(month - along.first) / months * 100:.3f}%"
        other = ' class="every-other"' if place % 2 and len(shown) > 6 else ""
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{TALL}" y2="{TALL + 5}"/>'
        middle = ' text-anchor="middle"' if month > along.first else ""
        yield f'<text{other}{middle} x="{x}" y="{TALL + 18}">{month // 12}</text>'


def _grid(top: int, tall: int, label: str) -> str:
    lines = [f'<text x="-8" y="-14" text-anchor="start">{label}</text>']
    for part in (0, 1, 2):
        y = tall - tall * part / 2
        lines.append(
            f'<line class="grid" x1="0" x2="100%" y1="{y:.0f}" y2="{y:.0f}"/>'
            f'<text x="-8" y="{y + 4:.0f}" text-anchor="end">{short(top * part / 2)}</text>'
        )
    return "".join(lines)


def hours(numbers: Sequence[int]) -> str:
    """Bars for the hours of a day."""
    top = round_up(max(numbers))
    width = 100 / 24
    drawn = [_grid(top, LOW, "messages")]
    for hour, number in enumerate(numbers):
        tall = number / top * LOW
        drawn.append(
            f'<rect class="mark p0" x="{hour * width + 0.3:.2f}%" y="{LOW - tall:.1f}"'
            f' width="{width - 0.6:.2f}%" height="{tall:.1f}">'
            f"<title>{hour}:00 to {hour + 1}:00: {number:,}</title></rect>"
        )
    return "".join([*drawn, _clock(LOW + 18)])


def _clock(y: int) -> str:
    return "".join(
        f'<text x="{hour * 100 / 24:.2f}%" y="{y}"'
        f"{' text-anchor=' + chr(34) + 'end' + chr(34) if hour == 24 else ''}>{hour}:00</text>"
        for hour in (0, 6, 12, 18, 24)
    )


def week(days: Sequence[Weekday]) -> str:
    """A field for each hour of each day of the week, the fuller the stronger."""
    top = max((max(day.hours) for day in days), default=0)
    width = 100 / 24
    drawn = []
    for row, day in enumerate(days):
        y = row * ROW
        drawn.append(f'<text x="-8" y="{y + 16}" text-anchor="end">{day.weekday[:3]}</text>')
        for hour, number in enumerate(day.hours):
            drawn.append(
                f'<rect class="mark h{level(number, top)}" x="{hour * width + 0.1:.2f}%" y="{y}"'
                f' width="{width - 0.2:.2f}%" height="{ROW - 2}" rx="2">'
                f"<title>{day.weekday} {hour}:00 to {hour + 1}:00: {number:,}</title></rect>"
            )
    return "".join([*drawn, _clock(7 * ROW + 14)])


def level(number: int, top: int) -> int:
    """How strong a colour is: 0 for nothing, up to 8."""
    return -(-LEVELS * number // top) if number else 0


def bar(number: int, top: int, colour: int = 0) -> str:
    """One bar beside its name and number, which are text: so it needs no words of its own."""
    width = max(100 * number / top, 0.4) if number else 0
    return (
        '<svg class="bar" aria-hidden="true" viewBox="0 0 100 1" preserveAspectRatio="none">'
        f'<rect class="p{colour}" width="{width:.2f}" height="1"/></svg>'
    )


def spark(numbers: Mapping[int, int], along: Axis, colour: int) -> str:
    """A small outline over time, beside its numbers."""
    top = max(numbers.values(), default=1)
    path, at, high = [], 0, 0
    for step, number in sorted(numbers.items()):
        tall = max(round(40 * number / top), 1)
        if step > at:
            path.append(f"v{high}h{step - at}" if high else f"h{step - at}")
            high = 0
        path.append(f"v{high - tall}h1" if high != tall else "h1")
        at, high = step + 1, tall
    return (
        f'<svg class="spark" aria-hidden="true" viewBox="0 0 {along.steps} 40"'
        f' preserveAspectRatio="none"><path class="p{colour}" d="M0 40{"".join(path)}'
        f'{f"v{high}" if high else ""}z"/></svg>'
    )


def dot(colour: int) -> str:
    """A colour of the key."""
    return (
        '<svg class="dot" aria-hidden="true" viewBox="0 0 2 2">'
        f'<circle class="p{colour}" cx="1" cy="1" r="1"/></svg>'
    )


def round_up(number: int) -> int:
    """The next number that reads well at the end of an axis and halves well."""
    for power in count():
        for step in STEPS_UP[power > 0]:
            if step * 10**power >= number:
                return int(step * 10**power)
    raise AssertionError


def short(number: float) -> str:
    """A number for an axis: 950, 1.5k, 2M."""
    for unit, size in (("M", 1_000_000), ("k", 1000)):
        if number >= size:
            return f"{number / size:g}{unit}"
    return f"{number:g}"
