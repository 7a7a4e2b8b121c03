"""A window cut out of a conversation is found, and no way of writing is taken for one."""

import random
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import vaults
from hypothesis import given
from hypothesis import strategies as st
from test_search_oracle import tell

from chatvault.model import (
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Timestamp,
)
from chatvault.services import query
from chatvault.services.stats import stats
from chatvault.services.stats_silences import LIVELY, silences
from chatvault.vault import archive, schema

ZONE = ZoneInfo("Europe/Berlin")
YEARS = 2500  # days of an invented history
START = date(2017, 1, 1)
EPOCH = date(1970, 1, 1).toordinal()


def even(rate):
    """Messages fall like rain, so many a day."""
    return lambda draw: draw.expovariate(rate)


def power(exponent, least):
    """Now bursts, now months of nothing."""
    return lambda draw: least * draw.paretovariate(exponent)


def lognormal(middle, width):
    return lambda draw: draw.lognormvariate(middle, width)


def bursts(between):
    """Some days of much, then a pause."""
    return lambda draw: draw.expovariate(1 / between) if draw.random() < 0.05 else 0.2


WAYS = {
    **{f"even {rate}": even(rate) for rate in (0.1, 0.3, 1, 3)},
    **{f"power {exponent}": power(exponent, 0.5) for exponent in (1.1, 1.5, 2, 3)},
    **{f"lognormal {width}": lognormal(0, width) for width in (1, 1.5, 2)},
    **{f"bursts {between}": bursts(between) for between in (5, 20)},
}


def days_of(way, draw):
    at, found = 0.0, set()
    while at < YEARS:
        found.add(int(at))
        at += way(draw)
    return sorted(found)


def slowing(draw):
    """From every day to every month."""
    at, found = 0.0, set()
    while at < YEARS:
        found.add(int(at))
        at += draw.expovariate(1) * (0.3 + (at / YEARS) ** 3 * 40)
    return sorted(found)


def summers(draw):
    """A class: every school day, and nothing for six weeks every summer."""
    return [day for day in range(YEARS) if draw.random() < 0.7 and day % 365 < 365 - 45]


HISTORIES = {
    **{name: lambda draw, way=way: days_of(way, draw) for name, way in WAYS.items()},
    "slowing": slowing,
    "summers": summers,
}
TRIES = 40


def suspicious(days, *, between_exports=False):
    return [one for one in silences(days) if one.is_suspicious(between_exports=between_exports)]


@pytest.mark.slow
def test_fewer_than_one_in_fifty_histories_without_a_gap_give_an_alarm() -> None:
    alarms = {
        name: sum(bool(suspicious(make(random.Random(f"{name} {n}")))) for n in range(TRIES))
        for name, make in HISTORIES.items()
    }
    assert sum(alarms.values()) * 50 < TRIES * len(HISTORIES), alarms
    # The worst is who writes in bursts of a power law; even and steady ones give none at all.
    assert {0} == {n for name, n in alarms.items() if not name.startswith(("power", "lognormal"))}
    assert max(alarms.values()) * 10 <= TRIES, alarms


@pytest.mark.slow
def test_an_export_that_ends_in_any_pause_gives_an_alarm_in_fewer_than_one_of_twenty() -> None:
    """Even if nothing is missing: the longer a pause, the likelier an export ends in it."""
    alarms = 0
    for name, make in HISTORIES.items():
        for number in range(TRIES):
            draw = random.Random(f"{name} {number}")
            days = make(draw)
            end = draw.uniform(days[0], days[-1])
            found = suspicious(days, between_exports=True)
            alarms += any(one.before <= end < one.after for one in found)
    assert alarms * 20 < TRIES * len(HISTORIES)


@pytest.mark.parametrize(
    ("name", "cut", "between_exports"),
    [
        ("even 3", 60, False),
        ("even 1", 180, False),
        ("even 0.3", 180, False),
        ("even 3", 21, True),
        ("even 1", 45, True),
        ("even 0.3", 90, True),
    ],
)
def test_nine_of_ten_windows_cut_out_of_a_steady_conversation_are_found(
    name: str, cut: int, between_exports: bool
) -> None:
    found = 0
    for number in range(50):
        draw = random.Random(f"{name} {cut} {number}")
        start = draw.randint(600, 1800)
        days = [day for day in HISTORIES[name](draw) if not start <= day < start + cut]
        found += any(
            one.before < start and one.after >= start + cut
            for one in suspicious(days, between_exports=between_exports)
        )
    assert found >= 45


@given(
    missing=st.sets(st.integers(0, 399), max_size=60),
    start=st.integers(120, 280),
    cut=st.integers(90, 400),
)
def test_who_wrote_almost_daily_never_pauses_for_a_quarter_unnoticed(missing, start, cut):
    days = [day for day in range(400) if day not in missing or day in (start - 1, start)]
    days = [day if day < start else day + cut for day in days]
    assert (start - 1, start + cut) in [(one.before, one.after) for one in suspicious(days)]


@pytest.mark.parametrize(("every", "found"), [(6, True), (9, False)])
def test_only_a_lively_conversation_can_be_missed(every: int, found: bool) -> None:
    days = [day for day in range(0, 1800, every) if not 900 <= day < 1500]
    assert found == bool(suspicious(days, between_exports=True))


@pytest.mark.parametrize(("years", "found"), [(2, True), (4, False)])
def test_pauses_that_come_again_are_the_way_of_a_conversation(years: int, found: bool) -> None:
    """Two silences alike may be two lost exports; three are summers."""
    days = [day for day in range(365 * years) if 200 <= day % 365 or day % 365 < 150]
    assert found == bool(suspicious(days, between_exports=True))


@given(st.sets(st.integers(0, 3000), max_size=300))
def test_any_days_give_an_answer_that_is_about_them(drawn):
    days = sorted(drawn)
    for one in silences(days):
        assert one.before in drawn
        assert one.after in drawn
        assert not drawn & set(range(one.before + 1, one.after))
        assert 0 < one.chance <= 1
        assert min(one.lively_before, one.lively_after) >= LIVELY
        assert one.longest < one.after - one.before


def said(place: str, days, *, text: str = "hi"):
    """One message at noon of each of these days."""
    for number, day in enumerate(days):
        at = ((START.toordinal() - EPOCH + day) * 24 + 12) * 3_600_000
        yield Message(
            id=f"{text} {day}", scope=place, conversation_id=place, sender_id="a1", seq=number,
            kind=MessageKind.TEXT, text=f"{text} {day}", sent_at=Timestamp(at, str(at)),
        )  # fmt: skip


def gaps_after(*imports):
    """What is found in imports, each of them conversations with the days they have."""
    connection = archive.open_in_memory()
    schema.migrate(connection)
    for number, told in enumerate(imports, 1):
        records = []
        for place, days in told.items():
            platform = "wechat" if place.startswith("w") else "qq"
            records += [
                Conversation(id=place, platform=platform, title=f"T {place}",
                             kind=ConversationKind.GROUP),
                Participant(id="a1", name="Ada Lind", conversation_id=place),
                *said(place, days),
            ]  # fmt: skip
        tell(connection, number, records)
    found = stats(connection, query.EVERYTHING, zone=ZONE, zone_name="Europe/Berlin").gaps
    connection.close()
    return found


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


DAILY = [n for n in range(400) if n % 7]
FIRST, SECOND = [n for n in DAILY if n < 200], [n for n in DAILY if n >= 260]


def test_a_gap_between_two_exports_is_told_with_both() -> None:
    [gap] = gaps_after({"k1": FIRST}, {"k1": SECOND})
    assert ("qq", "T k1", 1) == (gap.platform, gap.conversation, gap.conversations)
    assert (day(200), day(259), 60) == (gap.start, gap.end, gap.days)
    assert gap.why == (
        "messages on 51 of the 60 days before and on 52 of the 60 days after",
        "no other silence around then was longer than 1 day",
        "import 1 () has what was before, import 2 () has what came after, and none has both",
    )


def test_a_short_gap_is_told_between_two_exports_only() -> None:
    short = [n for n in DAILY if n >= 222]
    assert [day(200)] == [gap.start for gap in gaps_after({"k1": FIRST}, {"k1": short})]
    assert () == gaps_after({"k1": [*FIRST, *short]})


def test_a_long_gap_is_told_in_one_export_that_has_nothing_else_from_then() -> None:
    [gap] = gaps_after({"k1": [*FIRST, *SECOND]})
    assert gap.why[2] == "import 1 () has both sides of it, and nothing of anybody from between"


def test_a_silence_that_an_export_covers_is_no_gap() -> None:
    assert () == gaps_after({"k1": [*FIRST, *SECOND], "k2": [3, 230, 390]})
    assert () == gaps_after({"k1": FIRST, "k2": [3, 215, 230, 250]}, {"k1": SECOND})
    elsewhere = gaps_after({"k1": [*FIRST, *SECOND]}, {"w1": DAILY})
    assert ["T k1"] == [gap.conversation for gap in elsewhere]


def test_overlapping_exports_leave_no_gap() -> None:
    assert () == gaps_after({"k1": FIRST}, {"k1": DAILY}, {"k1": SECOND})


def test_a_silence_of_a_whole_platform_is_told_once() -> None:
    even_days = [n for n in [*FIRST, *SECOND] if n % 2]
    [gap] = gaps_after({"k1": [*FIRST, *SECOND], "k2": even_days, "k3": [2, 5]})
    assert (None, None, 2) == (gap.conversation, gap.id, gap.conversations)
    assert (day(200), day(259)) == (gap.start, gap.end)


def test_conversations_too_sparse_alone_show_a_gap_together() -> None:
    parts = {f"k{n}": [d for d in [*FIRST, *SECOND] if d % 11 == n] for n in range(11)}
    for place, days in parts.items():
        assert () == gaps_after({place: days})
    [gap] = gaps_after(parts)
    assert (None, 11) == (gap.conversation, gap.conversations)


def test_what_was_imported_brings_the_gap_to_an_end(tmp_path: Path) -> None:
    """The whole way, with exports as files."""
    made = vaults.make(tmp_path / "v")

    def whatsapp(name: str, days) -> Path:
        lines = "".join(
            f"{START + timedelta(days=n):%d/%m/%Y}, 09:00 - {'Ada' if n % 2 else 'Noor'}: day {n}\n"
            for n in days
        )
        file = "WhatsApp Chat with Noor.txt"
        return vaults.write(tmp_path / name, {file: lines.encode()}) / file

    def found():
        with made.reading() as vault:
            return stats(vault.db, query.EVERYTHING, zone=ZONE, zone_name="Europe/Berlin").gaps

    made.bring(whatsapp("old", FIRST))
    made.bring(whatsapp("new", SECOND))
    [gap] = found()
    assert "import 1 (WhatsApp Chat with Noor.txt) has what was before" in gap.why[2]
    made.bring(whatsapp("between", [n for n in DAILY if 190 <= n < 270]))
    assert () == found()
