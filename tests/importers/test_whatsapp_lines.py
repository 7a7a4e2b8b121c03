"""Every known way to begin a message, and the worst inputs for every scanner (IN-5)."""

import time
from datetime import datetime

import pytest

from chatvault.importers import whatsapp_text
from chatvault.importers._source import Source, Told
from chatvault.importers._text_lines import Encoding, blocks, lines
from chatvault.importers._whatsapp_bodies import content_of, system_content
from chatvault.importers._whatsapp_lines import author_of, header_of
from chatvault.importers._whatsapp_media import Habits
from chatvault.importers._whatsapp_survey import Survey, name_of

MIB = 1 << 20
NNBSP, NBSP, LRM, RLM = "\u202f", "\u00a0", "\u200e", "\u200f"

SHAPES = [
    ("3/6/18, 1:55 p.m. - ", "dmy", "2018-06-03T13:55"),
    ("03-06-2018, 01.55 PM - ", "dmy", "2018-06-03T13:55"),
    ("13.06.18 21.25.15: ", "dmy", "2018-06-13T21:25:15"),
    ("[06.13.18 21:25:15] ", "mdy", "2018-06-13T21:25:15"),
    ("13.6.2018 klo 21.25.15 - ", "dmy", "2018-06-13T21:25:15"),
    ("13. 6. 2018. 21:25:15 ", "dmy", "2018-06-13T21:25:15"),
    ("[3/6/18 1:55:00 p. m.] ", "mdy", "2018-03-06T13:55"),
    (f"{LRM}[3/6/18 1:55:00 p.{NBSP}m.] ", "mdy", "2018-03-06T13:55"),
    (f"[3/6/18 1:55:00{NNBSP}p.{NNBSP}m.] ", "mdy", "2018-03-06T13:55"),
    ("[2018/06/13, 21:25:15] ", "ymd", "2018-06-13T21:25:15"),
    (f"3/6/18, 1:55{NNBSP}PM - ", "mdy", "2018-03-06T13:55"),
    ("24/12/23 20:15 - ", "dmy", "2023-12-24T20:15"),
    ("[2024/2/9 下午8:01:15] ", "ymd", "2024-02-09T20:01:15"),
    ("[2023. 12. 31. 오후 11:58:02] ", "ymd", "2023-12-31T23:58:02"),
    (f"{RLM}[15/03/2024, 9:12:05 م] ", "dmy", "2024-03-15T21:12:05"),
    ("2024/12/01, 10:04 pm - ", "ymd", "2024-12-01T22:04"),
    ("[27.10.23, 22:42:29] ", "dmy", "2023-10-27T22:42:29"),
    ("19.12.19, 18:57 - ", "dmy", "2019-12-19T18:57"),
    ("[1/30/18, 00:04:03 AM] ", "mdy", "2018-01-30T00:04:03"),
    ("19.12.19 um 18:57 – ", "dmy", "2019-12-19T18:57"),
    ("2024-03-09 à 18 h 05 - ", "ymd", "2024-03-09T18:05"),
    ("9.03.24 г., 18:05 ч. - ", "dmy", "2024-03-09T18:05"),
    (f"[{RLM}١٥/٠٣/٢٠٢٤، ٩:١٢:٠٥ م] ", "dmy", "2024-03-15T21:12:05"),
    ("[۲۰۲۴/۰۳/۱۵, ۹:۱۲:۰۵] ", "ymd", "2024-03-15T09:12:05"),
    ("१५/०३/२४, ९:१२ pm - ", "dmy", "2024-03-15T21:12"),
    ("15/03/2567 21:12 - ", "dmy", "2024-03-15T21:12"),
    ("2024. 03. 15. 21:12 - ", "ymd", "2024-03-15T21:12"),
    ("24-03-15 21:12 - ", "ymd", "2024-03-15T21:12"),
    ("15/03/24, 9:12 da tarde - ", "dmy", "2024-03-15T21:12"),
    (f"[15.3.24, 9:12:05{NNBSP}m.d.] ", "dmy", "2024-03-15T21:12:05"),
    ("15/3/24, 9:12 ਬਾ.ਦੁ. - ", "dmy", "2024-03-15T21:12"),
    ("15/03/2024 9:12 ጥዋት - ", "dmy", "2024-03-15T09:12"),
    ("15.3.24 г. 9:12 сл.об. - ", "dmy", "2024-03-15T21:12"),
    ("15.03.2024 9:12 odp. - ", "dmy", "2024-03-15T21:12"),
]


@pytest.mark.parametrize(("header", "order", "expected"), SHAPES)
def test_every_known_shape_begins_a_message(header: str, order: str, expected: str) -> None:
    for text in ("Ada: hi", f"Ada: {LRM}hi", "a system line"):
        found = header_of(header + text)
        assert found is not None
        assert text == (header + text)[found.at :]
        assert datetime.fromisoformat(expected) == found.wall(order)  # type: ignore[arg-type]


@pytest.mark.parametrize(("header", "order", "expected"), SHAPES)
def test_every_known_shape_is_read_from_a_file(header: str, order: str, expected: str) -> None:
    text = f"{header}Messages and calls are end-to-end encrypted.\n{header}Ada: hi\nthere\n"
    source = Source.of({"_chat.txt": text.encode()}, told=Told(zone="UTC", date_order=order))
    assert whatsapp_text.recognise(source)
    last = list(whatsapp_text.read(source))[-1]
    assert "hi\nthere" == last.text  # type: ignore[union-attr]
    assert last.sent_at.as_exported.startswith(expected)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "line",
    [
        "", "hello", "2018-04-29 10:30:00", "2018-04-29 10:30:00 Ada: hi", "12/12 - Ada: hi",
        "12/12/2018 - Ada: hi", "10:30 - Ada: hi", "[10:30] Ada: hi", "[13/06/2018, 25:25:00] A: b",
        "[13/06/2018, 10:61:00] A: b", "[43/16/2018, 10:00:00] A: b", "13/06/2018, 10:00 Ada: hi",
        "13/06/201, 10:00 - Ada: hi", "13/06-2018, 10:00 - Ada: hi", "13/06/2018, 10:00- Ada: hi",
        "13/06/2018, 10:00 or so - Ada: hi", "13/06/2018 bananas 10:00 - Ada: hi", "1.1.1.1 - x",
        "0/0/2018, 10:00 - Ada: hi", "13/06/2018, 10:00 xm - Ada: hi",
    ],
)  # fmt: skip
def test_other_lines_begin_no_message(line: str) -> None:
    assert header_of(line) is None


def test_a_mark_behind_the_header_belongs_to_what_follows() -> None:
    line = f"{LRM}[13/06/2018,{NNBSP}21:25:15] {LRM}Ada: hi"
    found = header_of(line)
    assert found is not None
    assert f"{LRM}Ada: hi" == line[found.at :]


@pytest.mark.parametrize(
    ("line", "author", "body"),
    [
        ("Ada: hi", "Ada", "hi"), ("Ada: a: b", "Ada", "a: b"), ("Ada:", "Ada", ""),
        (f"Ada: {LRM}", "Ada", LRM), (f"Ada:{LRM}", "Ada", ""), ("Ada left", None, "Ada left"),
        (":", None, ":"), (": x", None, ": x"), ("http://x", None, "http://x"),
    ],
)  # fmt: skip
def test_an_author_ends_at_the_first_colon_with_a_space(
    line: str, author: str | None, body: str
) -> None:
    found, at = author_of(line)
    assert (author, body) == (found, line[at:])


def filled(*parts: str) -> str:
    return "".join(parts) * (MIB // len("".join(parts)))


WORST = [
    filled("0"), filled("1:"), filled("1.1.1 "), filled("1/1/18, "), filled("[1/1/18, 1:1"),
    "1/1/18, " + filled(" "), "1/1/18," + filled("a"), "[1/1/18, 10:00" + filled(" p."),
    filled(LRM), filled(" "), filled(": "), filled("<"), filled(">"), filled("<a: "), filled(" ("),
    filled("<") + ">", filled("<a: b> "), filled("<a: b>\n"), filled(" (a)"), filled("(") + ")",
    "POLL:\nq\n" + filled("OPTION: ("), "POLL:\nq\n" + filled("OPTION: a (1 v)\n"),
    "POLL:\n" + filled("A: "), filled("https://"), "x: https://maps.google.com/" + filled("?q=1"),
    "location: https://maps.google.com/?q=" + filled("1"), filled("\u2022 "), filled(f"{LRM}x"),
    filled("IMG-"), filled("IMG-20180101"), filled("2018-01-01-"), filled("\n"), filled("a\n"),
    "Missed voice call" + filled(","), filled("created group "), filled("the group "),
    filled("\u0301"), filled("\ufdfa"), "~" + filled(" "), filled("PHOTO-2018-01-01-"),
]  # fmt: skip


@pytest.mark.parametrize("text", WORST, ids=range(len(WORST)))
def test_every_scanner_is_linear_in5_w06(text: str) -> None:
    for scan in (
        header_of,
        author_of,
        name_of,
        system_content,
        lambda body: content_of(body, Habits(), lambda name: None, iphone=True),
        lambda body: content_of(LRM + body, Habits(), lambda name: None, iphone=True),
        lambda body: survey(body[: MIB // 4]),  # it does much more than to scan
    ):
        start = time.process_time()
        scan(text)  # type: ignore[operator]
        assert time.process_time() - start < 0.5


def survey(text: str) -> Survey:
    source = Source.of({"a": f"[13/06/2018, 10:00:00] Ada: {text}".encode()})
    return Survey.of(blocks(lines(source, "a", Encoding("utf-8")), header_of))


def test_many_lines_without_a_header_are_linear_w05() -> None:
    start = time.process_time()
    assert 0 == survey(filled("1/1/18 is no header\n")).headers - 1
    assert time.process_time() - start < 0.5
