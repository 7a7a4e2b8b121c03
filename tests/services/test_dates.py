"""Dates as people type them become spans; times come back as people and programs read them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatvault.errors import Usage
from chatvault.services.dates import Span, is_ago, iso_z, show_time, span

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2024, 5, 31, 18, 30, tzinfo=UTC)  # already 1 June in Shanghai
ZONES = st.sampled_from(
    [
        *("UTC", "Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia"),
        *("Asia/Kathmandu", "Africa/Cairo", "America/St_Johns", "Asia/Beirut"),
    ]
).map(ZoneInfo)


def ms(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2024-01-01T00:00+08:00", "2025-01-01T00:00+08:00", "2024"),
        ("2024-12-01T00:00+08:00", "2025-01-01T00:00+08:00", "2024-12"),
        ("2024-02-29T00:00+08:00", "2024-03-01T00:00+08:00", "2024-02-29"),
        ("2024-05-17T08:00+08:00", "2024-05-17T08:01+08:00", "2024-05-17T08:00"),
        ("2024-05-17T08:00+08:00", "2024-05-17T08:01+08:00", " 2024-05-17 08:00 "),
        ("2024-05-17T08:00:30+08:00", "2024-05-17T08:00:31+08:00", "2024-05-17T08:00:30"),
        ("2024-05-17T08:00+00:00", "2024-05-17T08:01+00:00", "2024-05-17T08:00Z"),
        ("2024-05-17T08:00-03:30", "2024-05-17T08:01-03:30", "2024-05-17t08:00-03:30"),
        ("2024-06-01T00:00+08:00", "2024-06-02T00:00+08:00", "today"),
        ("2024-05-31T00:00+08:00", "2024-06-01T00:00+08:00", "Yesterday"),
        ("2024-06-01T00:00+08:00", "2024-06-02T00:00+08:00", "0d"),
        ("2024-05-25T00:00+08:00", "2024-05-26T00:00+08:00", "7d"),
        ("2024-05-18T00:00+08:00", "2024-05-19T00:00+08:00", "2w"),
        ("2024-03-01T00:00+08:00", "2024-03-02T00:00+08:00", "3mo"),
        ("2023-06-01T00:00+08:00", "2023-06-02T00:00+08:00", "1Y"),
    ],
)
def test_a_date_is_the_whole_of_what_it_names(start, end, text):
    assert Span(ms(start), ms(end)) == span(text, now=NOW, zone=SHANGHAI)


def test_a_month_before_the_31st_is_its_last_day():
    asked = span("3mo", now=NOW, zone=UTC)
    assert Span(ms("2024-02-29T00:00+00:00"), ms("2024-03-01T00:00+00:00")) == asked


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "24", "2024-5", "2024-13", "2024-02-30", "2023-02-29", "2024-05-17T25:00"),
        *("17.05.2024", "2024/05/17", "0000", "0001-01-01", "9999", "3000", "1899", "99999y"),
        *(
            "0001-01-01T00:00",
            "9999-12-31T23:59Z",
            "99999d",
            "-7d",
            "7",
            "3m",
            "２０２４",
            "2024-05-17T08",
            "2024-05-17T08:00+99:99",
            "2024\0",
        ),
        "2024-05-17T08:00+24:00",
    ],
)
def test_what_is_no_date_is_an_error_that_says_what_is(text):
    with pytest.raises(Usage) as caught:
        span(text, now=NOW, zone=SHANGHAI)
    assert "2024-05-17" in caught.value.remedy


@given(st.text(st.sampled_from("0129-T:Z+ dwmoy"), max_size=20) | st.text(), ZONES)
def test_any_text_is_a_span_or_our_error(text, zone):
    try:
        found = span(text, now=NOW, zone=zone)
    except Usage:
        return
    assert found.start <= found.end


@given(st.dates(date(1900, 1, 1), date(2999, 12, 30)), ZONES)
def test_every_moment_belongs_to_one_day_also_where_clocks_change(day, zone):
    one = span(day.isoformat(), now=NOW, zone=zone)
    two = span((day + timedelta(days=1)).isoformat(), now=NOW, zone=zone)
    assert one.end == two.start
    month = span(day.isoformat()[:7], now=NOW, zone=zone)
    assert month.start <= one.start <= one.end <= month.end


@given(st.integers(1900, 2998), ZONES)
def test_the_months_of_a_year_are_the_year(year, zone):
    months = [span(f"{year}-{month:02}", now=NOW, zone=zone) for month in range(1, 13)]
    whole = span(str(year), now=NOW, zone=zone)
    assert (whole.start, whole.end) == (months[0].start, months[-1].end)
    assert all(one.end == two.start for one, two in pairwise(months))


def test_a_day_with_a_jump_of_the_clock_has_23_hours():
    found = span("2024-03-31", now=NOW, zone=BERLIN)
    assert 23 * 3_600_000 == found.end - found.start


@given(st.integers(ms("1970-01-02T00:00+00:00"), ms("2099-12-30T00:00+00:00")), ZONES)
def test_a_time_shown_lies_in_the_span_of_its_day(utc_ms, zone):
    found = span(show_time(utc_ms, zone)[:10], now=NOW, zone=zone)
    assert found.start <= utc_ms < found.end


@given(st.integers(ms("1970-01-02T00:00+00:00"), ms("2099-12-30T00:00+00:00")))
def test_what_json_says_is_the_exact_time(utc_ms):
    told = iso_z(utc_ms)
    assert utc_ms == round(datetime.fromisoformat(told).timestamp() * 1000)
    assert told.endswith("Z")
    assert ("." in told) == (utc_ms % 1000 != 0)


@pytest.mark.parametrize(
    ("expected", "utc_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13:20.050Z", 1_700_000_000_050),
        ("9999-12-31T23:59:59Z", 2**62),
        ("0001-01-01T00:00:00Z", -(2**62)),
        ("9999-12-31T23:59:59Z", 2**80),
    ],
)
def test_times_for_programs(expected, utc_ms):
    assert expected == iso_z(utc_ms)


def test_times_for_people():
    assert "2023-11-15 06:13:20" == show_time(1_700_000_000_999, SHANGHAI)
    assert show_time(2**62, SHANGHAI).startswith("9999-12-31")
    assert show_time(-(2**62), ZoneInfo("America/Lima")).startswith("0001-01-01")


def test_ago_is_told_from_a_calendar_day():
    assert is_ago(" 7d ")
    assert not is_ago("2024")
    assert not is_ago("yesterday")
