"""The page of numbers: whole in itself, harmless whatever names say, bounded, and for everybody."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chatvault.services.stats import WEEKDAYS as NAMES
from chatvault.services.stats import (
    ConversationCount,
    KindCount,
    Month,
    PersonCount,
    PlatformCount,
    Stats,
    Totals,
    Weekday,
    Year,
)
from chatvault.services.stats_gaps import Gap
from chatvault.services.writers import stats_page, stats_plots
from chatvault.vault.counts import MediaCount

ZONE = ZoneInfo("Asia/Singapore")
NOW = 1_717_000_000_000
EVIL = "<script>alert(1)</script>\"' onload=x </style></title><!-- &amp; \u202egpj.exe"
VOID = {"meta"}


def months_from(year: int, count: int) -> tuple[Month, ...]:
    return tuple(Month(f"{year + n // 12}-{n % 12 + 1:02}", n % 7 + 1) for n in range(count))


def numbers(
    *,
    title: str = "Family",
    platform: str = "whatsapp",
    months: tuple[Month, ...] | None = None,
    conversations: int = 1,
) -> Stats:
    months = months_from(2019, 30) if months is None else months
    total = sum(month.messages for month in months)
    years = {month.month[:4] for month in months}
    gap = Gap(
        platform=platform, conversation=title, id=1, conversations=1, start="2020-01-01",
        end="2020-03-01", days=61, why=(f"import 1 ({title}) has what was before",),
    )  # fmt: skip
    return Stats(
        zone="Asia/Singapore",
        totals=Totals(
            messages=total, conversations=conversations, people=conversations, days=9, media=3,
            media_bytes=4_000_000, media_missing=1, without_time=0, without_sender=0,
        ),
        first="2019-01-01T00:00:00Z", last="2021-06-01T00:00:00Z", longest_silence=None,
        years=tuple(
            Year(year, sum(m.messages for m in months if m.month.startswith(year)))
            for year in sorted(years)
        ),
        months=months, hours=tuple(range(24)),
        weekdays=tuple(Weekday(name, 276, tuple(range(24))) for name in NAMES),
        kinds=(KindCount("red_packet", total),), media=(MediaCount("image", 3, 1, 4_000_000),),
        platforms=(PlatformCount(platform, total, months),),
        conversations=tuple(
            ConversationCount(
                n, title, platform, 5, "2019-01-01T00:00:00Z", "2021-06-01T00:00:00Z", months
            )
            for n in range(conversations)
        ),
        people=tuple(
            PersonCount(n, title, n == 0, (platform,), 5) for n in range(conversations)
        ),
        gaps=(gap,),
    )  # fmt: skip


def page(found: Stats) -> str:
    return stats_page.page(found, zone=ZONE, now_ms=NOW)


class Tree(HTMLParser):
    """Complains about what is not closed; keeps tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert [] == self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def named(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_names_cannot_become_markup() -> None:
    plain, evil = Tree(page(numbers())), Tree(page(numbers(title=EVIL, platform=EVIL)))
    assert [tag for tag, _ in plain.tags] == [tag for tag, _ in evil.tags]
    assert "<script>alert(1)</script>" in evil.text
    assert "\u202e" not in evil.text
    assert "\\u202e" in evil.text


@given(st.text(max_size=80))
def test_any_name_leaves_the_page_as_it_is(name):
    tags = [tag for tag, _ in Tree(page(numbers(months=months_from(2020, 2)))).tags]
    drawn = Tree(page(numbers(title=name, platform=name, months=months_from(2020, 2))))
    assert tags == [tag for tag, _ in drawn.tags]


def test_the_page_loads_and_runs_nothing() -> None:
    text = page(numbers(title="https://example.com"))
    tree = Tree(text)
    policy = next(a for a in tree.named("meta") if a.get("http-equiv"))
    assert policy["content"].startswith("default-src 'none'; style-src 'sha256-")
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy["content"]
    for tag, attributes in tree.tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "form", "a"}
        told = [name for name in attributes if name.startswith("on") or name == "style"]
        assert [] == told
        assert {"src", "href", "xlink:href"}.isdisjoint(attributes)
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_is_for_narrow_dark_and_printed_pages_too() -> None:
    text = page(numbers())
    for wanted in (
        "width=device-width", "prefers-color-scheme: dark", "@media print", "max-width: 40rem",
        '<html lang="en">',
    ):  # fmt: skip
        assert wanted in text


def test_a_plot_is_as_high_as_it_is_drawn_whatever_the_size_of_letters() -> None:
    """On paper letters are smaller: a height in letters would lay the key over the plot."""
    text = page(numbers())
    heights = dict(re.findall(r"\.(tall|low|week) \{ height: (\d+)px; \}", text))
    drawn = {"tall": 218, "low": stats_plots.LOW + 18, "week": stats_plots.ROW * 7 + 14}
    assert drawn.keys() == heights.keys()
    assert all(drawn[kind] < int(height) <= drawn[kind] + 30 for kind, height in heights.items())
    assert [] == re.findall(r"\.(?:tall|low|week|plot|flat) \{[^}]*rem", text)


def test_every_plot_has_words_and_a_table() -> None:
    tree = Tree(page(numbers()))
    plots = tree.named("svg")
    shown = [svg for svg in plots if svg.get("role") == "img"]
    assert len(shown) == 3
    ids = {attrs.get("id") for tag, attrs in tree.tags if tag in ("title", "desc")}
    for svg in shown:
        assert set(svg["aria-labelledby"].split()) <= ids
    assert all(svg.get("aria-hidden") == "true" for svg in plots if svg not in shown)
    assert len(tree.named("details")) == 2
    for number in ("Jan", "Monday", "2019", "messages a month", "18:00"):
        assert number in tree.text


def test_the_numbers_stand_on_the_page() -> None:
    text = Tree(page(numbers())).text
    for wanted in (
        "115 messages", "From 1 January 2019 to 1 June 2021", "in 1 conversation",
        "1 person", "WhatsApp", "red packet", "4 MB", "1 missing", "Asia/Singapore",
        "nothing from 1 January 2020 to 1 March 2020, 61 days", "30 May 2024",
    ):  # fmt: skip
        assert wanted in " ".join(text.split()), wanted


def test_thousands_of_conversations_over_a_century_stay_below_a_megabyte() -> None:
    months = months_from(1970, 130 * 12)
    platforms = tuple(PlatformCount(f"p{n}", 9, months) for n in range(40))
    found = replace(
        numbers(months=months, title="名" * 500, conversations=3000), platforms=platforms
    )
    found = replace(
        found, conversations=tuple(replace(c, platform="p1") for c in found.conversations),
        gaps=found.gaps * 3000,
    )  # fmt: skip
    text = page(found)
    assert len(text.encode()) < 1_000_000
    assert "And 2,950 other conversations with 14,750 messages." in text
    assert "And 2,960 more." in text


@pytest.mark.parametrize("gaps", [(), None])
def test_no_gaps_and_nothing_said_of_gaps(gaps) -> None:
    text = page(replace(numbers(), gaps=gaps))
    assert ("None were found" in text) == (gaps == ())


def test_a_page_of_nothing_is_a_page() -> None:
    found = numbers(months=(), conversations=0)
    found = replace(
        found, first=None, last=None, kinds=(), media=(), platforms=(), gaps=(),
        totals=replace(found.totals, media=0),
    )  # fmt: skip
    assert "0 messages" in Tree(page(found)).text


def test_a_message_of_a_wrong_clock_does_not_stretch_the_axis() -> None:
    usual = tuple(replace(month, messages=900) for month in months_from(2019, 30))
    axis = stats_plots.axis((Month("1970-01", 3), *usual, Month("2099-12", 1)))
    assert (2019 * 12, 30, 1, 4) == (axis.first, axis.steps, axis.per, axis.left_out)
    few = stats_plots.axis((Month("1970-01", 900), *usual))
    assert (0, 3) == (few.left_out, few.per)
    text = page(numbers(months=(Month("1970-01", 3), *usual)))
    assert "3 messages of many years before or after are not drawn" in text


@given(st.lists(st.integers(0, 1600), min_size=1, max_size=60, unique=True))
def test_every_month_is_drawn_or_said_to_be_left_out(places):
    months = [Month(f"{1970 + n // 12}-{n % 12 + 1:02}", n % 5 + 1) for n in sorted(places)]
    axis = stats_plots.axis(months)
    drawn = stats_plots.summed(months, axis)
    assert sum(m.messages for m in months) == sum(drawn.values()) + axis.left_out
    assert axis.steps <= stats_plots.MOST_STEPS
    assert all(0 <= step < axis.steps for step in drawn)


@pytest.mark.parametrize("count", [30, 400, 1560])
def test_years_stand_where_they_begin(count: int) -> None:
    months = months_from(1971, count)
    axis = stats_plots.axis(months)
    drawn = stats_plots.timeline([months], axis)
    labels = re.findall(r'<text[^>]* x="([0-9.]+)%" y="218">(\d+)</text>', drawn)
    assert 1 < len(labels) <= 14
    for place, year in labels:
        at = axis.first + float(place) / 100 * axis.steps * axis.per
        assert abs(at - int(year) * 12) < 0.1


@given(st.integers(0, 10**9))
def test_an_axis_ends_just_above_its_largest_number(number):
    top = stats_plots.round_up(number)
    assert number <= top <= max(2 * number, 2)


@given(st.dictionaries(st.integers(0, 29), st.integers(1, 10**6), max_size=30))
def test_an_outline_ends_where_it_began(numbers):
    axis = stats_plots.Axis(0, 30, 1)
    [path] = re.findall(r' d="M0 40(.*?)z"', stats_plots.spark(numbers, axis, 0))
    x, y, tops = 0, 40, {}
    for letter, step in re.findall(r"([vh])(-?\d+)", path):
        if letter == "h":
            tops.update(dict.fromkeys(range(x, x + int(step)), 40 - y))
            x += int(step)
        else:
            y += int(step)
    assert (40, True) == (y, x <= 30)
    top = max(numbers.values(), default=1)
    assert {step: max(round(40 * n / top), 1) for step, n in numbers.items()} == {
        step: high for step, high in tops.items() if high
    }
