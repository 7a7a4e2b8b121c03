"""Numbers are those that counting by hand gives, whatever was told, filtered or merged."""

import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import vaults
from hypothesis import given
from hypothesis import strategies as st
from test_search_oracle import NOW, TITLES, ZONE, archive_of, searches, tell
from vaults import Said, Telegram

from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Precision,
    Timestamp,
)
from chatvault.services import people, query
from chatvault.services.query import parse
from chatvault.services.stats import Stats, clock, stats
from chatvault.vault import archive, schema

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
ZONES = [
    "UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe",
    "Asia/Kathmandu", "Pacific/Apia", "America/New_York",
]  # fmt: skip
PLACES = {"k1": ("qq", "Family"), "k2": ("qq", "读书会"), "k3": ("wechat", "Book club")}
SENDERS = [None, "a1", "b2", "c3"]
# Around clock changes of all of these zones, and at both ends of what importers take.
MOMENTS = st.one_of(
    st.sampled_from([0, 1, 59_999, 4_102_444_799_999]),
    # Clocks were set in Berlin, St John's (a minute after midnight), on Lord Howe, in Apia.
    st.sampled_from([1_679_792_400, 1_268_537_460, 1_696_087_800, 1_325_239_200]).flatmap(
        lambda second: st.sampled_from([second * 1000 - 1, second * 1000])
    ),
    st.integers(1_000_000_000_000, 1_700_000_000_000),
    st.builds(
        lambda month, minute, rest: month * 2_629_746_000 + minute * 60_000 + rest,
        st.integers(500, 530), st.integers(0, 200), st.integers(0, 59_999),
    ),
)  # fmt: skip


@st.composite
def histories(draw):
    """Messages with what is counted of them."""
    return draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "place": st.sampled_from([*PLACES]),
                    "sender": st.sampled_from(SENDERS),
                    "kind": st.sampled_from(
                        [MessageKind.TEXT, MessageKind.IMAGE, MessageKind.CALL]
                    ),
                    "at": st.one_of(st.none(), MOMENTS, MOMENTS, MOMENTS),
                    "day": st.integers(0, 5).map(lambda n: n == 0),
                    "files": st.lists(st.sampled_from(["image", "video"]), max_size=2),
                }
            ),
            max_size=25,
        )
    )


def archive_with(history):
    """They are told in two imports, in no order."""
    connection = archive.open_in_memory()
    schema.migrate(connection)
    fixed = [
        Conversation(id=key, platform=platform, title=title, kind=ConversationKind.GROUP)
        for key, (platform, title) in PLACES.items()
    ]
    fixed += [
        Participant(id=one, name=one.upper(), conversation_id=place)
        for place in PLACES
        for one in SENDERS
        if one
    ]
    said = [message_of(number, told) for number, told in enumerate(history)]
    random.Random(len(said)).shuffle(said)
    tell(connection, 1, [*fixed, *said[::2]])
    tell(connection, 2, [*fixed, *said[1::2]])
    return connection


def message_of(number, told):
    precision = Precision.DAY if told["day"] else Precision.SECOND
    at = told["at"]
    return Message(
        id=str(number), scope=told["place"], conversation_id=told["place"],
        sender_id=told["sender"], seq=number, kind=told["kind"], text=f"number {number}",
        attachments=tuple(
            Attachment(
                name=f"{number}-{place}", state=AttachmentState.MISSING_FILE,
                kind=MessageKind(kind),
            )
            for place, kind in enumerate(told["files"])
        ),
        sent_at=None if at is None else Timestamp(at, str(at), precision=precision),
    )  # fmt: skip


def iso(ms):
    if ms is None:
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return (
        moment.replace(tzinfo=None).isoformat(
            "T", "milliseconds" if moment.microsecond else "seconds"
        )
        + "Z"
    )


def pairs(found, key):
    return {getattr(one, key): one.messages for one in found}


@given(histories(), st.sampled_from(ZONES))
def test_every_number_is_that_of_counting_by_hand(history, zone_name):
    zone = ZoneInfo(zone_name)
    connection = archive_with(history)
    found = stats(connection, query.EVERYTHING, zone=zone, zone_name=zone_name)
    timed = [told for told in history if told["at"] is not None]
    clocks = [
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=told["at"])).astimezone(zone)
        for told in timed
    ]
    exact = [at for at, told in zip(clocks, timed, strict=True) if not told["day"]]
    assert Counter(at.strftime("%Y-%m") for at in clocks) == pairs(found.months, "month")
    assert Counter(at.strftime("%Y") for at in clocks) == pairs(found.years, "year")
    assert [sum(at.hour == hour for at in exact) for hour in range(24)] == list(found.hours)
    for number, name in enumerate(WEEKDAYS):
        day = found.weekdays[number]
        hours = Counter(at.hour for at in exact if at.weekday() == number)
        assert name == day.weekday
        assert sum(at.weekday() == number for at in clocks) == day.messages
        assert [hours[hour] for hour in range(24)] == list(day.hours)
    assert Counter(told["kind"].value for told in history) == pairs(found.kinds, "kind")
    platforms = Counter(PLACES[told["place"]][0] for told in history)
    assert platforms == pairs(found.platforms, "platform")
    for name in platforms:
        mine = [
            at.strftime("%Y-%m")
            for at, told in zip(clocks, timed, strict=True)
            if PLACES[told["place"]][0] == name
        ]
        [one] = [one for one in found.platforms if one.platform == name]
        assert Counter(mine) == pairs(one.months, "month")
    assert Counter(PLACES[told["place"]][1] for told in history) == pairs(
        found.conversations, "title"
    )
    for one in found.conversations:
        times = [told["at"] for told in timed if PLACES[told["place"]][1] == one.title]
        assert iso(min(times, default=None)) == one.first
        assert iso(max(times, default=None)) == one.last
        assert len(times) == sum(month.messages for month in one.months)
    senders = Counter(
        (PLACES[told["place"]][0], told["sender"].upper()) for told in history if told["sender"]
    )
    assert sorted((name, number) for (_, name), number in senders.items()) == sorted(
        (one.name, one.messages) for one in found.people
    )
    files = Counter(kind for told in history for kind in told["files"])
    assert {kind: (n, n, 0) for kind, n in files.items()} == {
        one.kind: (one.count, one.missing, one.bytes) for one in found.media
    }
    times = [told["at"] for told in timed]
    assert (iso(min(times, default=None)), iso(max(times, default=None))) == (
        found.first, found.last
    )  # fmt: skip
    totals = found.totals
    assert (len(history), len(history) - len(timed)) == (totals.messages, totals.without_time)
    assert sum(not told["sender"] for told in history) == totals.without_sender
    days = sorted({at.date() for at in clocks})
    assert (len(senders), len(days)) == (totals.people, totals.days)
    gaps = [(after - before).days - 1 for before, after in pairwise(days)]
    longest = found.longest_silence
    assert max([0, *gaps]) == (0 if longest is None else longest.days)
    connection.close()


@given(searches())
def test_filters_mean_the_same_as_in_a_search(drawn):
    messages, typed, is_meant = drawn
    connection = archive_of(messages)
    found = stats(
        connection, parse(typed, now=NOW, zone=ZONE), zone=ZONE, zone_name="Asia/Singapore"
    )
    meant = [told for told in messages if is_meant(told)]
    assert len(meant) == found.totals.messages
    assert Counter(TITLES[told["place"]][1] for told in meant) == pairs(
        found.conversations, "title"
    )
    assert sum(told["name"] is not None for told in meant) == found.totals.media
    assert sum(told["at"] is None for told in meant) == found.totals.without_time
    times = [told["at"] * 1000 for told in meant if told["at"] is not None]
    assert (iso(min(times, default=None)), iso(max(times, default=None))) == (
        found.first, found.last
    )  # fmt: skip
    connection.close()


@pytest.mark.parametrize("name", ZONES)
def test_clocks_are_those_of_the_zone_to_the_second(name):
    zone = ZoneInfo(name)
    begin, end = 0, 1_800_000_000
    shifts = clock(zone, (begin * 1000, end * 1000))
    draw = random.Random(name)
    looked = {draw.randrange(begin, end) for _ in range(2000)}
    looked |= {shift.from_ms // 1000 + near for shift in shifts for near in (-1, 0)}
    for second in sorted(looked - {-1}):
        told = [shift for shift in shifts if shift.from_ms <= second * 1000][-1]
        offset = datetime.fromtimestamp(second, zone).utcoffset()
        assert offset == timedelta(milliseconds=told.offset_ms), second


def counted(db, typed="") -> Stats:
    return stats(db, parse(typed, now=NOW, zone=ZONE), zone=ZONE, zone_name="Asia/Singapore")


def test_media_are_counted_with_their_bytes(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.bring(Telegram([Said(1, "a", "one.jpg"), Said(2, "b", "two.jpg")]).folder(tmp_path / "t"))
    gone = Telegram([Said(9, "c", "three.jpg")], title="Cosima", chat=4503, media=False)
    made.bring(gone.folder(tmp_path / "gone"))
    size = len(vaults.picture("one.jpg")) + len(vaults.picture("two.jpg"))
    with made.reading() as vault:
        [images] = counted(vault.db).media
        assert (3, 1, size) == (images.count, images.missing, images.bytes)
        [images] = counted(vault.db, "in:Cosima").media
        assert (1, 1, 0) == (images.count, images.missing, images.bytes)


def test_a_person_is_counted_once_over_all_platforms(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.bring(Telegram([Said(1, "a"), Said(2, "b", who="Bohumil")]).folder(tmp_path / "t"))
    name = "WhatsApp Chat with Ada.txt"
    files = {name: vaults.whatsapp([(1, "Ada", "c"), (2, "Cosima", "d"), (3, "Ada", "e")])}
    made.bring(vaults.write(tmp_path / "w", files) / name)
    with made.reading() as vault:
        before = counted(vault.db).people
        both = [str(one.id) for one in before if one.name == "Ada"]
    assert [2, 1, 1, 1] == [one.messages for one in before]
    with made.writing() as vault:
        people.merge(vault, both[0], both[1:], now_ms=vaults.NOW)
    with made.reading() as vault:
        after = counted(vault.db)
    assert [("Ada", 3), ("Bohumil", 1), ("Cosima", 1)] == [
        (one.name, one.messages) for one in after.people
    ]
    assert 3 == after.totals.people


def test_a_vault_with_nothing_in_it_has_numbers(tmp_path: Path) -> None:
    with vaults.make(tmp_path / "v").reading() as vault:
        found = counted(vault.db)
    assert (0, None, None, None, (), ()) == (
        found.totals.messages, found.first, found.last, found.longest_silence, found.months,
        found.gaps,
    )  # fmt: skip
    assert [0] * 24 == list(found.hours)
    assert not math.fsum(day.messages for day in found.weekdays)


@pytest.mark.parametrize(
    ("typed", "is_looked_for"),
    [
        ("", True),
        ("in:Family", True),
        ("on:first during:2023", True),
        ("from:'Ada Lind'", False),
        ("has:photo", False),
        ("-in:Family", False),
        ("cake", False),
    ],
)
def test_gaps_are_looked_for_only_where_whole_conversations_are(typed, is_looked_for):
    messages = [
        {"text": "cake", "more": (), "name": "a.jpg", "kind": MessageKind.IMAGE, "sender": "a1",
         "place": "k1", "at": 1_700_000_000},
    ]  # fmt: skip
    connection = archive_of(messages)
    typed = typed.replace("'", '"').replace("first", TITLES["k1"][0])
    assert is_looked_for == (counted(connection, typed).gaps is not None)
    connection.close()
