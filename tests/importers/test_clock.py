from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatvault.errors import NeedsAnswer
from chatvault.importers._clock import (
    EVENING,
    MORNING,
    FileClock,
    hour_24,
    iso_time,
    wall_time,
    zone_for,
    zone_named,
)
from chatvault.importers._fields import Malformed
from chatvault.importers._source import Told
from chatvault.model import Precision

BERLIN = "Europe/Berlin"


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


def test_a_wall_clock_is_the_moment_in_its_zone() -> None:
    time = wall_time(datetime.fromisoformat("2024-05-17T15:04"), BERLIN, precision=Precision.MINUTE)
    assert utc("2024-05-17T13:04") == time.utc_ms
    assert "2024-05-17T15:04" == time.as_exported
    assert "assumed:Europe/Berlin" == time.basis
    assert time.offset_minutes is None


@pytest.mark.parametrize(
    ("precision", "expected"),
    [
        (Precision.DAY, "2024-05-17"),
        (Precision.MINUTE, "2024-05-17T15:04"),
        (Precision.SECOND, "2024-05-17T15:04:05"),
        (Precision.MILLISECOND, "2024-05-17T15:04:05.250"),
    ],
)
def test_as_exported_shows_no_more_than_the_clock_did(precision: Precision, expected: str) -> None:
    wall = datetime.fromisoformat("2024-05-17T15:04:05.250")
    assert expected == wall_time(wall, BERLIN, precision=precision).as_exported


def test_an_hour_that_the_clock_skipped_counts_as_if_it_had_not() -> None:
    time = wall_time(datetime.fromisoformat("2024-03-31T02:30"), BERLIN)
    assert utc("2024-03-31T01:30") == time.utc_ms


@pytest.mark.parametrize("year", [1, 1900, 1969, 2100, 9999])
def test_years_that_no_message_has_are_malformed_w04(year: int) -> None:
    with pytest.raises(Malformed):
        wall_time(datetime.fromisoformat(f"{year:04}-06-01"), "Asia/Shanghai")


@pytest.mark.parametrize(
    "name",
    ["Nowhere/Land", "Europe", "../../etc/passwd", "/etc/passwd", "", "a\0b", "\ud800", "x" * 9999],
)
def test_an_unknown_zone_asks_for_one(name: str) -> None:
    with pytest.raises(NeedsAnswer) as caught:
        zone_named(name)
    assert "--timezone" in caught.value.remedy


def test_the_zone_told_wins_and_needs_no_assumption() -> None:
    assert (BERLIN, None) == zone_for(Told(zone=BERLIN, local_zone="UTC"), "Asia/Shanghai")


def test_the_home_of_a_platform_comes_before_the_zone_of_the_computer() -> None:
    zone, assumption = zone_for(Told(local_zone=BERLIN), "Asia/Shanghai")
    assert "Asia/Shanghai" == zone
    assert assumption is not None and "timezone" == assumption.what
    assert BERLIN == zone_for(Told(local_zone=BERLIN))[0]


def times(*walls: str, zone: str = BERLIN) -> list[int]:
    clock = FileClock(zone)
    return [clock.time(datetime.fromisoformat(wall)).utc_ms for wall in walls]


def test_the_hour_that_comes_twice_is_told_by_the_order_of_the_file_w04() -> None:
    day = "2024-10-27T"
    expected = [utc(day + one) for one in ("00:10", "00:50", "01:05", "01:55", "02:01")]
    assert expected == times(*(day + one for one in ("02:10", "02:50", "02:05", "02:55", "03:01")))


def test_a_first_message_in_the_double_hour_is_in_its_first_half() -> None:
    assert [utc("2024-10-27T00:30")] == times("2024-10-27T02:30")


def test_a_few_seconds_back_are_no_second_half() -> None:
    day = "2024-10-27T02:10:"
    assert utc("2024-10-27T00:10:03") == times(day + "09", day + "03")[1]


def test_going_back_a_year_is_no_second_half() -> None:
    assert utc("2023-10-29T00:30") == times("2024-11-01T12:00", "2023-10-29T02:30")[1]


def test_going_back_outside_of_the_double_hour_changes_nothing() -> None:
    assert utc("2024-06-01T08:00") == times("2024-06-01T11:00", "2024-06-01T10:00")[1]


def test_a_gap_has_one_moment_whatever_came_before() -> None:
    assert utc("2024-03-31T01:30") == times("2024-03-31T03:45", "2024-03-31T02:30")[1]


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        (BERLIN, "2024-10-27T01:00"),
        (BERLIN, "2024-03-31T01:00"),
        ("America/New_York", "2024-11-03T06:00"),
        ("Australia/Lord_Howe", "2024-04-06T15:00"),
        ("Asia/Shanghai", "2024-05-17T12:00"),
    ],
)
@given(early=st.integers(0, 50), step=st.integers(3, 25))
def test_moments_come_back_from_their_wall_clocks(
    zone: str, change: str, early: int, step: int
) -> None:
    """Around every change of a clock, if somebody wrote often enough to show it."""
    start = datetime.fromisoformat(change + "+00:00") - timedelta(minutes=60 + early)
    moments = [start + timedelta(minutes=number * step) for number in range(60)]
    assume(moments[0].astimezone(ZoneInfo(zone)).fold == 0)
    walls = [one.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) for one in moments]
    clock = FileClock(zone)
    assert [round(one.timestamp() * 1000) for one in moments] == [
        clock.time(wall).utc_ms for wall in walls
    ]


@pytest.mark.parametrize(
    ("hour", "half", "expected"),
    [
        (12, "AM", 0), (12, "PM", 12), (0, "AM", 0), (1, "p. m.", 13), (1, "p.\u00a0m.", 13),
        (11, "a.m.", 11), (8, "下午", 20), (12, "中午", 12), (1, "中午", 13), (11, "中午", 11),
        (9, "م", 21), (9, "ص", 9), (11, "오후", 23), (3, "μ.μ.", 15), (3, "ＰＭ", 15),
        (14, "", 14), (24, "", None), (13, "PM", 13), (5, "xx", None), (2, "nachm.", 14),
        (9, "صباحًا", 9), (2, "CH", 14), (2, "öö", 2), (2, "em", 14), (12, "午前", 0),
        (9, "dop.", 9), (9, "p.d.", 9), (12, "da manhã", 0), (9, "pēcp.", 21), (9, "nm.", 21),
        (9, "түштөн кийинки", 21), (9, "ECh.", None), (9, "ip.", 21), (9, "popiet", 21),
    ],
)  # fmt: skip
def test_twelve_hours_with_a_half_of_the_day(hour: int, half: str, expected: int | None) -> None:
    assert expected == hour_24(hour, half)


def test_no_word_is_both_morning_and_evening() -> None:
    assert frozenset() == MORNING & EVENING


def test_iso_text_tells_its_precision_and_its_offset() -> None:
    minute = iso_time("2024-05-17 15:04", BERLIN)
    assert (Precision.MINUTE, utc("2024-05-17T13:04")) == (minute.precision, minute.utc_ms)
    offset = iso_time("2024-05-17T15:04:05+08:00", BERLIN)
    assert ("offset", 480, utc("2024-05-17T07:04:05")) == (
        offset.basis,
        offset.offset_minutes,
        offset.utc_ms,
    )
    assert -90 == iso_time("2024-05-17T15:04:05-0130", BERLIN).offset_minutes
    assert 0 == iso_time("2024-05-17T15:04:05Z", BERLIN).offset_minutes
    milli = iso_time("2024-05-17 15:04:05.5", BERLIN)
    assert (Precision.MILLISECOND, 500) == (milli.precision, milli.utc_ms % 1000)


@pytest.mark.parametrize(
    "text", ["", "2024-13-01 10:00", "2024-02-30 10:00", "20240101", "2024-01-01", "x",
             "2024-W01-1", "2024-01-01 10:00+99:00", "2024-01-01 25:00", "２０２４-01-01 10:00"],
)  # fmt: skip
def test_other_texts_are_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        iso_time(text, BERLIN)
