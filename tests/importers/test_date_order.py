import random
from datetime import date, timedelta

import pytest

from chatvault.errors import Where
from chatvault.importers._date_order import DateOrder, Layout, Order, day_number, in_order

Numbers = tuple[int, int, int]


def ms(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days * 86_400_000


def decided(dates: list[Numbers], layout: Layout = "year last", **more: object) -> Order | None:
    order = DateOrder(layout)
    for numbers in dates:
        order.add(numbers, single_digit=min(numbers) < 10)
    found = order.decide(**more)  # type: ignore[arg-type]
    return found[0] if found else None


def test_four_digits_in_front_are_the_year() -> None:
    assert "ymd" == decided([(2024, 3, 9)], "year first")
    assert "ydm" == decided([(2024, 25, 9), (2024, 26, 9)], "year first")


def test_a_number_above_12_is_the_day() -> None:
    assert "dmy" == decided([(3, 6, 2018), (13, 6, 2018)])
    assert "mdy" == decided([(3, 6, 2018), (6, 13, 2018)])


def test_a_few_impossible_dates_do_not_outweigh_many() -> None:
    assert "dmy" == decided([(13, 6, 2018), (14, 6, 2018), (6, 13, 2018)])


def test_messages_in_order_of_time_tell_the_day() -> None:
    assert "dmy" == decided([(9, 3, 2024), (11, 3, 2024), (2, 4, 2024)])
    assert "mdy" == decided([(3, 9, 2024), (3, 11, 2024), (4, 2, 2024)])


def test_a_message_out_of_order_does_not_spoil_it() -> None:
    days = [(day, 3, 2024) for day in range(1, 12)] + [(day, 4, 2024) for day in range(1, 12)]
    assert "dmy" == decided([*days[:5], (1, 2, 2024), *days[5:]])


def test_an_order_later_than_the_file_is_wrong() -> None:
    dates = [(5, 11, 2024)]
    assert "mdy" == decided(dates, modified_ms=ms("2024-06-01"))
    assert None is decided(dates, modified_ms=ms("2025-01-01"))
    assert None is decided(dates, modified_ms=ms("1980-01-01"))


def test_a_date_in_the_name_of_a_file_settles_it() -> None:
    order = DateOrder("short")
    order.add((3, 9, 24))
    assert order.decide() is None
    order.add_media(2024, 3, 9)
    assert ("mdy", "dates in names of media") == order.decide()


def test_the_number_that_changes_faster_is_the_day() -> None:
    assert "dmy" == decided([(3, 6, 2018), (4, 6, 2018), (5, 6, 2018)])
    assert "mdy" == decided([(6, 3, 2018), (6, 4, 2018), (6, 5, 2018)])


def test_a_single_change_needs_the_style_of_the_country_to_agree() -> None:
    american = [(3, 6, 18), (3, 7, 18)]
    assert "mdy" == decided(american, "short", half_days=True)
    assert None is decided(american, "short")
    assert "dmy" == decided([(6, 3, 18), (7, 3, 18)], "short")


@pytest.mark.parametrize("dates", [[(3, 6, 2018)], [(3, 6, 2018), (4, 7, 2018)], []])
def test_without_evidence_nothing_is_guessed_w03(dates: list[Numbers]) -> None:
    if dates:
        assert None is decided(dates)
    assert "mdy" == decided(dates, told="mdy")
    assert "dmy" == decided(dates, told="dmy")


def test_equal_numbers_need_no_answer() -> None:
    assert "dmy" == decided([(5, 5, 2024), (6, 6, 2024)])


def test_what_was_told_for_another_file_does_not_break_this_one() -> None:
    assert "dmy" == decided([(25, 12, 2024), (26, 12, 2024)], told="mdy")
    assert "ymd" == decided([(2024, 12, 2)], "year first", told="dmy")


def test_two_digits_in_front_are_the_year_if_they_hardly_change() -> None:
    days = [date(2023, 11, 20) + timedelta(days=step) for step in range(0, 90, 3)]
    dates = [(day.year % 100, day.month, day.day) for day in days]
    assert "ymd" == decided(dates, "short")
    assert "dmy" == decided([numbers[::-1] for numbers in dates], "short")
    assert "ymd" == decided([(24, 3, 9)], "short", told="ymd")


def test_other_calendars_are_counted() -> None:
    order = DateOrder("year first")
    order.add((1403, 2, 5))
    order.add((2024, 2, 5))
    assert 1 == order.other_calendar


def test_years_are_of_this_century_and_of_the_common_era() -> None:
    assert (2024, 3, 9) == in_order((9, 3, 24), "dmy", "short")
    assert (2024, 3, 9) == in_order((9, 3, 2567), "dmy", "year last")
    assert (1, 1, 1) == in_order((1, 1, 1), "dmy", "year last")
    assert day_number(2024, 2, 30) is None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("order", ["dmy", "mdy"])
def test_a_year_of_messages_is_never_read_the_wrong_way(order: str, seed: int) -> None:
    chance = random.Random(seed)
    day = date(2020, chance.randint(1, 12), chance.randint(1, 28))
    dates = []
    for _ in range(200):
        day += timedelta(days=chance.choice([0, 0, 1, 1, 2, 9]))
        dates.append((day.day, day.month, 2020) if order == "dmy" else (day.month, day.day, 2020))
    assert order == decided(dates[:200])
    assert decided(dates[:8]) in {order, None}


def test_the_question_shows_a_date_of_the_file_and_what_each_answer_makes_of_it():
    dates = DateOrder("short")
    dates.add((5, 5, 24))
    dates.add((5, 6, 24))
    asked = dates.question(Where("chat.txt"), separator=".")
    assert "nothing in this export tells the day from the month in its dates, such as 05.06.24" == (
        asked.message
    )
    assert (
        "say which it is: --date-order dmy if that is 5 June 2024, --date-order mdy if that is"
        " 6 May 2024, --date-order ymd if that is 24 June 2005"
    ) == asked.remedy
