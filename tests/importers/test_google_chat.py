"""Google Chat: dates in words, names of files that were changed, and where an export begins."""

import json

import pytest

from archives import zipped
from chatvault.importers import google_chat
from chatvault.importers._explore import find, find_parts
from chatvault.importers._google_dates import utc_time
from chatvault.importers._google_files import Files, kind_of
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Conversation, Message, MessageKind, Record

EVENING = "2024-03-01T19:05:09"


@pytest.mark.parametrize(
    "words",
    [
        "Friday, March 1, 2024 at 7:05:09 PM UTC",
        "Friday, March 1, 2024 at 7:05:09\u202fPM UTC",
        "Friday, 1 March 2024 at 19:05:09 UTC",
        "Fri, Mar 1, 2024 at 7:05:09 PM UTC",
        "Freitag, 1. März 2024 um 19:05:09 UTC",
        "vendredi 1 mars 2024 à 19:05:09 UTC",
        "viernes, 1 de marzo de 2024, 19:05:09 UTC",
        "viernes, 1 de marzo de 2024 a las 7:05:09 p. m. UTC",
        "sexta-feira, 1 de março de 2024 às 19:05:09 UTC",
        "venerdì 1 marzo 2024 alle ore 19:05:09 UTC",
        "vrijdag 1 maart 2024 om 19:05:09 UTC",
        "piątek, 1 marca 2024 19:05:09 UTC",
        "пятница, 1 марта 2024 г. в 19:05:09 UTC",
        "п'ятниця, 1 березня 2024 р. о 19:05:09 UTC",
        "1 Mart 2024 Cuma 19:05:09 UTC",
        "perjantai 1. maaliskuuta 2024 klo 19.05.09 UTC",
        "fredag 1 mars 2024 kl. 19:05:09 UTC",
        "2024. március 1., péntek 19:05:09 UTC",
        "2024年3月1日星期五 UTC 19:05:09",
        "2024年3月1日 星期五 下午7:05:09 [UTC]",
        "2024年3月1日金曜日 19時05分09秒 UTC",
        "2024년 3월 1일 금요일 오후 7시 5분 9초 UTC",
        "2024년 3월 1일 금요일 PM 7시 5분 9초 UTC",
    ],
)
def test_a_date_in_words_is_read_in_every_language_of_the_table(words: str) -> None:
    found = utc_time(words)
    assert found is not None
    assert (EVENING, 1_709_319_909_000) == (found.as_exported, found.utc_ms)
    assert (None, "offset") == (found.offset_minutes, found.basis)


@pytest.mark.parametrize(
    ("clock", "hour"), [("12:05:09 AM", 0), ("12:05:09 PM", 12), ("11:05:09 PM", 23)]
)
def test_noon_and_midnight_of_a_clock_of_twelve_hours(clock: str, hour: int) -> None:
    found = utc_time(f"Friday, March 1, 2024 at {clock} UTC")
    assert found is not None
    assert f"2024-03-01T{hour:02}:05:09" == found.as_exported


@pytest.mark.parametrize(
    "words",
    [
        "",
        "yesterday",
        "Friday, March 1, 2024 at 7:05:09 PM PST",
        "Friday, March 1, 2024 at 7:05:09 odpoledne UTC",
        "Friday, March 31, 2024 and March 1, 2024 at 7:05:09 PM UTC",
        "Friday, Maybe 1, 2024 at 7:05:09 PM UTC",
        "Friday, February 30, 2024 at 7:05:09 PM UTC",
        "Friday, March 1, 1924 at 7:05:09 PM UTC",
        "Friday, March 1, 2024 at 7:65:09 PM UTC",
        "x" * 100_000,
        "1 " * 90,
    ],
)
def test_words_that_are_not_surely_a_date_give_no_time(words: str) -> None:
    assert None is utc_time(words)


def beside(*names: str) -> Files:
    return Files(Source.of({f"g/{name}": b"x" for name in names} | {"other/only here.png": b"x"}))


LONG = "File-the harbour in the evening, seen from the bridge.png"


@pytest.mark.parametrize(
    ("there", "wanted", "expected"),
    [
        (["a.png"], "a.png", "g/a.png"),
        (["A.PNG"], "a.png", "g/A.PNG"),
        (["e\u0301.png"], "é.png", "g/e\u0301.png"),
        (["a_b.png"], "a?b.png", "g/a_b.png"),
        (["a_b.png", "a?b.png"], "a?b.png", "g/a?b.png"),
        ([LONG[:47] + ".png"], LONG, f"g/{LONG[:47]}.png"),
        ([LONG[:47] + ".jpg"], LONG, None),
        ([LONG[:47] + ".png", LONG[:46] + ".png"], LONG, None),
        ([LONG[:20] + ".png"], LONG, None),
        ([], "only here.png", None),
        (["a.png"], "../other/only here.png", None),
        (["passwd"], "../../../../etc/passwd", "g/passwd"),
        (["a.png"], "file:///g/b.png", None),
        (["a.png"], "a.png\0.exe", None),
        (["a.png"], "", None),
    ],
)
def test_H04_a_file_is_found_only_in_its_folder_whatever_its_name_became(
    there: list[str], wanted: str, expected: str | None
) -> None:
    assert expected == beside(*there).beside("g", wanted)


def test_a_name_that_comes_again_means_the_numbered_file_if_there_is_one() -> None:
    files = beside("a.png", "a(1).png")
    assert ["g/a.png", "g/a(1).png", "g/a.png"] == [
        files.beside("g", "a.png", again=again) for again in range(3)
    ]


def test_a_file_without_its_ending_is_found_if_it_is_the_only_one() -> None:
    files = beside("a.jpg", "a.html", "b.jpg", "b.mp4")
    assert "g/a.jpg" == files.without_ending("g", "a")
    assert None is files.without_ending("g", "b")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.JPG", MessageKind.IMAGE), ("b.mov", MessageKind.VIDEO), ("c", MessageKind.FILE)],
)
def test_what_a_file_is_by_its_name(name: str, kind: MessageKind) -> None:
    assert kind is kind_of(name)


def chat(folder: str, *texts: str, file: str = "") -> dict[str, bytes]:
    items = [
        {
            "creator": {"name": "Pia Lund", "email": "pia@example.org", "user_type": "Human"},
            "created_date": "Friday, March 1, 2024 at 7:05:09 PM UTC",
            "text": text,
            "topic_id": f"T{number}",
            "message_id": f"{folder.split()[-1]}/T{number}/T{number}",
            **({"attached_files": [{"export_name": file}]} if file else {}),
        }
        for number, text in enumerate(texts)
    ]
    return {
        f"{folder}/messages.json": json.dumps({"messages": items}).encode(),
        f"{folder}/group_info.json": b'{"members": []}',
    }


def read(source: Source) -> list[Record]:
    return list(google_chat.read(source))


@pytest.mark.parametrize(
    "around",
    [
        "",
        "Groups/",
        "Google Chat/Groups/",
        "Takeout/Google Chat/Groups/",
        "x/Takeout/Chat/Gruppen/",
    ],
)
def test_a_conversation_is_found_at_every_depth_of_a_takeout(around: str) -> None:
    files = {around + name: data for name, data in chat("DM k1", "hello").items()}
    for given in (files, {"takeout-001.zip": zipped(files)}):
        [export] = find(Source.of(given), IMPORTERS, Budget()).exports
        assert google_chat is export.importer
        [place] = [one for one in read(export.source) if isinstance(one, Conversation)]
        assert "k1" == place.id


def test_a_takeout_in_several_archives_finds_its_files_in_all_of_them() -> None:
    top = "Takeout/Google Chat/Groups/"
    one = {top + name: data for name, data in chat("DM k1", "see", file="File-a.png").items()}
    two = {top + name: data for name, data in chat("DM k2", "see", file="File-b.png").items()}
    two[f"{top}DM k1/File-a.png"] = b"a"
    three = {f"{top}DM k2/File-b.png": b"b", "Takeout/archive_browser.html": b"<html>"}
    parts = [
        Source.of({f"takeout-{n}.zip": zipped(files)}, f"takeout-{n}.zip")
        for n, files in enumerate([one, two, three])
    ]
    [export] = find_parts(parts, IMPORTERS, Budget()).exports
    messages = [one for one in read(export.source) if isinstance(one, Message)]
    assert ["present", "present"] == [one.attachments[0].state for one in messages]


@pytest.mark.parametrize(
    "files",
    [
        {"messages.json": b'{"messages": [{"topic_id": "T", "creator": {}}]}'},
        {"messages.json": b'{"messages": [{"id": 7}]}', "group_info.json": b"{}"},
        {"messages.json": b"[]", "group_info.json": b"{}"},
        {"messages.json": b"\xff", "group_info.json": b""},
    ],
)
def test_other_files_of_that_name_are_left_to_others(files: dict[str, bytes]) -> None:
    assert () == google_chat.recognise(Source.of(files))


def test_only_a_message_that_answers_in_a_thread_is_a_reply() -> None:
    source = Source.of(chat("Space s1", "a"))
    [message] = [one for one in read(source) if isinstance(one, Message)]
    assert None is message.reply_to_id
