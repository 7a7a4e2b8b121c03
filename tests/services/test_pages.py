"""A page of a conversation around a date begins where somebody who scrolls there would look."""

from datetime import datetime
from pathlib import Path

import pytest
import vaults
from hypothesis import given, settings
from hypothesis import strategies as st
from test_search_oracle import TITLES, archive_of
from vaults import Said, Telegram

from chatvault.errors import Usage
from chatvault.model import MessageKind
from chatvault.services import conversations
from chatvault.services.dates import Span
from chatvault.services.pages import page_at
from chatvault.vault import pages, queries
from chatvault.vault.time_keys import FIRST_TIMELESS, NO_TIME

START = 1_700_000_000_000
MINUTE = 60_000


@st.composite
def histories(draw):
    """Messages of three conversations, many of them in one minute, some of no known time."""
    at = st.one_of(st.none(), st.integers(0, 400), st.integers(0, 9).map(lambda n: n * 86_400))
    return [
        {
            "place": draw(st.sampled_from(sorted(TITLES))), "sender": "a1",
            "kind": MessageKind.TEXT, "text": f"{n}", "more": (), "name": None,
            "at": None if (second := draw(at)) is None else START // 1000 + second,
        }
        for n in range(draw(st.integers(1, 25)))
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(histories(), st.integers(-100, 900_000), st.integers(0, 3), st.integers(0, 9))
def test_a_page_is_what_reading_from_the_beginning_gives(told, second, context, seed):
    connection = archive_of(told, seed)
    moment = START + second * 1000
    for row, title in queries.conversation_titles(connection):
        every = connection.execute(
            "SELECT id, sent_at FROM message WHERE conversation = ? ORDER BY time_key", [row]
        ).fetchall()
        timed = [place for place, (_, at) in enumerate(every) if at is not None]
        later = [place for place in timed if every[place][1] >= moment]
        if not timed:
            with pytest.raises(Usage, match="no messages" if not every else "has a time"):
                page_at(connection, title, Span(moment, moment + 1), context=context)
        else:
            place = (later or [timed[-1]])[0]
            page = page_at(connection, title, Span(moment, moment + 1), context=context)
            wanted = every[max(0, place - context) : place + context + 1]
            assert every[place][0] == page.here
            assert [at for at, _ in wanted] == [message.id for message in page.messages]
        if every:
            page = page_at(connection, title, None, context=context)
            assert every[-1][0] == page.here
            assert [at for at, _ in every[-1 - context :]] == [m.id for m in page.messages]
    connection.close()


def test_a_page_is_found_without_reading_what_is_before_it():
    """The one index that leads there is used from a row on, and nothing is sorted."""
    connection = archive_of([])
    for sql, values in ((pages.SINCE, [1, 2, 3]), (pages.LAST, [1])):
        (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        assert "INDEX message_in_time (conversation=?" in plan[3]
    connection.close()


@pytest.mark.parametrize("minutes", [(22, 1800), (1800, 22), (22, -1800), (-1800, 22)])
def test_messages_stand_where_the_time_that_counts_puts_them(
    tmp_path: Path, minutes: tuple[int, int]
) -> None:
    """One export has another time for a message than another one."""
    made = vaults.make(tmp_path / "v")
    others = [Said(n, f"at {n}", minute=n) for n in range(10, 40, 5)]
    for number, minute in enumerate(minutes):
        said = [*others, Said(99, "moved", minute=minute)]
        made.bring(Telegram(said).folder(tmp_path / f"e{number}"))
    with made.reading() as vault:
        shown = page_at(vault.db, "Ada Lind", None, context=50).messages
        moved = next(message for message in shown if message.text == "moved")
        again = page_at(vault.db, "Ada Lind", _span(moved.sent_at), context=0)
    assert sorted(message.sent_at for message in shown) == [message.sent_at for message in shown]
    assert [moved.id] == [message.id for message in again.messages]


def _span(sent_at: str | None) -> Span:
    at = int(datetime.fromisoformat(sent_at or "").timestamp() * 1000)
    return Span(at, at + MINUTE)


def test_messages_without_a_time_come_as_they_came_also_in_an_older_archive(tmp_path: Path) -> None:
    """Until schema 4 each had a lower key than the one before it."""
    made = vaults.make(tmp_path / "v")
    lines = [
        '{"chatvault":"records","version":1}',
        '{"record":"Conversation","id":"c","platform":"telegram","title":"Old","kind":"group"}',
        *(
            f'{{"record":"Message","id":"{n}","conversation_id":"c","sender_id":null,"sent_at":null,'
            f'"seq":{n},"kind":"text","text":"number {n}"}}'
            for n in range(5)
        ),
    ]
    (tmp_path / "old.jsonl").write_text("\n".join(lines))
    made.bring(tmp_path / "old.jsonl")
    expected = [f"number {n}" for n in range(5)]

    def texts() -> list[str]:
        with made.reading() as vault:
            return [m.text for m in page_at(vault.db, "Old", None, context=50).messages]

    assert expected == texts()
    low = FIRST_TIMELESS + NO_TIME - 1
    made.change(f"UPDATE message SET time_key = {low} - time_key")
    made.change("DROP INDEX message_in_time")
    made.change("DELETE FROM _sqlite_migrations WHERE name = 'm004_order'")
    made.change("PRAGMA user_version = 1003")
    assert expected[::-1] == texts()
    with made.writing():
        pass
    assert expected == texts()
    assert made.verify().ok


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> vaults.Made:
    folder = tmp_path_factory.mktemp("several")
    made = vaults.make(folder / "v")
    for chat, title in enumerate(
        ("Family", "Family trip", "Trip to 北京", "北京", "7", "北京"), 4501
    ):
        said = [Said(n, f"{title} {n}", minute=n) for n in range(1, 4)]
        made.bring(Telegram(said, title=title, chat=chat).folder(folder / f"e{chat}"))
    return made


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ("Family", "family"), ("Family", " ＦＡＭＩＬＹ "), ("北京", "4"),
        ("Trip to 北京", "to 北"), ("Trip to 北京", "3"), ("7", "7"),
    ],
)  # fmt: skip
def test_a_conversation_is_named_by_title_part_of_it_or_number(
    several: vaults.Made, expected: str, given: str
) -> None:
    with several.reading() as vault:
        assert expected == page_at(vault.db, given, None, context=0).conversation


@pytest.mark.parametrize(
    ("message", "remedy", "given"),
    [
        ("has this in its name", "2 (Family trip, telegram), 3 (Trip to 北京, telegram)", "trip"),
        ("no such conversation", "did you mean 1 (Family, telegram)?", "Famliy"),
        ("name of more than one", "4 (北京, telegram), 6 (北京, telegram)", "北京"),
        ("no such conversation", "list conversations", ""),
        ("no such conversation", "list conversations", "99"),
    ],
)
def test_what_names_no_conversation_or_several_is_told_with_a_remedy(
    several: vaults.Made, message: str, remedy: str, given: str
) -> None:
    with several.reading() as vault, pytest.raises(Usage, match=message) as raised:
        page_at(vault.db, given, None, context=0)
    assert remedy in raised.value.remedy


def test_a_merged_conversation_is_one_under_both_titles(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    first = [Said(n, f"said {n}", minute=n) for n in (1, 3, 5)]
    second = [Said(n, f"said {n}", minute=n) for n in (2, 4, 6)]
    made.bring(Telegram(first, title="Old phone").folder(tmp_path / "a"))
    made.bring(Telegram(second, title="New phone", chat=4502).folder(tmp_path / "b"))
    with made.writing() as vault:
        plan = conversations.plan(vault.db, "New phone", ["Old phone"])
        conversations.merge(vault, plan, now_ms=vaults.NOW)
    at = START + 3 * MINUTE
    with made.reading() as vault:
        for title in ("Old phone", "New phone"):
            page = page_at(vault.db, title, Span(at, at + MINUTE), context=1)
            assert ["said 2", "said 3", "said 4"] == [m.text for m in page.messages]
            assert "New phone" == page.conversation
