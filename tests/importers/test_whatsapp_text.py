"""What a whole export means: conversations, people, times, lines that are no messages."""

from dataclasses import replace

import pytest

from chatvault.errors import BadExport, NeedsAnswer
from chatvault.importers import whatsapp_text
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS, claims
from chatvault.model import (
    Assumption,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Precision,
    Problem,
)
from whatsapp_exports import (
    LRM,
    NOTICE,
    TOLD,
    android,
    conversation,
    iphone,
    messages,
    one,
    records,
    source_of,
)

# Titles, conversations, people


@pytest.mark.parametrize(
    ("file", "name", "title"),
    [
        ("_chat.txt", "WhatsApp Chat - Bakers Row.zip", "Bakers Row"),
        ("_chat.txt", "WhatsApp Chat - Bakers Row (2).zip", "Bakers Row"),
        ("_chat.txt", "WhatsApp Chat - Bakers Row", "Bakers Row"),
        ("_chat (1).txt", "WhatsApp_Chat_-_Bakers_Row.zip", "Bakers Row"),
        ("WhatsApp Chat with Bakers Row.txt", "x.zip", "Bakers Row"),
        ("whatsapp chat WITH Bakers Row (1).txt", "x.zip", "Bakers Row"),
        ("Chat de WhatsApp con Bakers Row.txt", "x", "Bakers Row"),
        ("Чат WhatsApp с Bakers Row.txt", "x", "Bakers Row"),
        ("Chat WhatsApp con Bakers Row.txt", "x", "Bakers Row"),
        ("Conversa no WhatsApp com Bakers Row.txt", "x", "Bakers Row"),
        ("Conversa do WhatsApp com Bakers Row.txt", "x", "Bakers Row"),
        ("WhatsApp Chat mit Bakers Row.txt", "x", "Bakers Row"),
        ("WhatsApp-Chat mit Bakers Row.txt", "x", "Bakers Row"),
        ("Discussion WhatsApp avec Bakers Row.txt", "x", "Bakers Row"),
        ("与林小雨的 WhatsApp 聊天.txt", "x", "林小雨"),
        ("與林小雨的WhatsApp對話.txt", "x", "林小雨"),
        ("renamed by hand.txt", "x.zip", "renamed by hand"),
    ],
)
def test_the_title_comes_from_the_name_of_text_zip_or_folder(
    file: str, name: str, title: str
) -> None:
    source = Source.of({file: android(NOTICE, "Ada: hi").encode()}, name, TOLD)
    found = conversation(list(whatsapp_text.read(source)))
    assert (title, f"title:{title.casefold()}", True) == (found.title, found.id, found.title_is_id)


def test_the_title_told_wins() -> None:
    told = replace(TOLD, conversation="The Mill")
    assert "title:the mill" == conversation(records(android(NOTICE, "Ada: hi"), told)).id


def test_one_title_for_several_conversations_is_asked_back() -> None:
    text = android(NOTICE, "Ada: hi").encode()
    source = Source.of({"WhatsApp Chat with A.txt": text, "WhatsApp Chat with B.txt": text})
    with pytest.raises(NeedsAnswer):
        list(whatsapp_text.read(source.with_told(replace(TOLD, conversation="C"))))


def test_each_text_at_the_top_is_a_conversation_of_its_own() -> None:
    text = android(NOTICE, "Ada: hi").encode()
    source = Source.of({"WhatsApp Chat with A.txt": text, "WhatsApp Chat with B.txt": text})
    found = list(whatsapp_text.read(source))
    assert ["A", "B"] == [record.title for record in found if isinstance(record, Conversation)]
    assert [0, 1, 0, 1] == [record.seq for record in found if isinstance(record, Message)]
    assert 1 == sum(isinstance(r, Assumption) and r.what == "timezone" for r in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (android("Ada: x", "Bo: y"), ConversationKind.DIRECT),
        (android("Ada: x", "Bo: y", "Cy: z"), ConversationKind.GROUP),
        (android("Ada: x", "Bo added Cy"), ConversationKind.GROUP),
        (iphone("Ada: x", "Bo: y", f"Ada: {LRM}{NOTICE}"), ConversationKind.DIRECT),
        (iphone("Di: x", "Bo: y", f"Ada: {LRM}{NOTICE}"), ConversationKind.GROUP),
    ],
)
def test_who_writes_tells_a_group_from_two_people(text: str, expected: ConversationKind) -> None:
    assert expected == conversation(records(text)).kind


def test_the_name_of_the_group_is_never_a_person() -> None:
    found = records(iphone(f"Ada: {LRM}{NOTICE}", "Bo: x", "Cy: y", "Ada: some new notice"))
    people = [record.name for record in found if isinstance(record, Participant)]
    assert ["Bo", "Cy"] == people
    last = [record for record in found if isinstance(record, Message)][-1]
    assert (MessageKind.SYSTEM, None, "Ada") == (last.kind, last.sender_id, last.extra["actor"])


def test_a_sender_keeps_one_identity_however_the_name_is_decorated() -> None:
    found = messages(iphone("~ Jory: a", "~\u202fJory: b", "Jory: c", "\u202aJory\u202c: d"))
    assert ["name:Jory"] * 4 == [message.sender_id for message in found]


def test_a_phone_number_is_a_handle() -> None:
    text = android("\u202a+44\u00a07700\u00a0900123\u202c: hi", "Ada: x")
    person = next(record for record in records(text) if isinstance(record, Participant))
    assert ("+44 7700 900123", ("+44 7700 900123",)) == (person.name, person.handles)


def test_names_are_kept_as_exported_whatever_is_in_them_n01() -> None:
    name = "A\x1b[31m\u202eda" + "\u0301" * 10_000
    found = records(android(f"{name}: hi", "Ada: x"))
    person = next(record for record in found if isinstance(record, Participant))
    assert name in (person.name, person.extra.get("as_exported"))


def test_names_that_only_look_alike_stay_apart_n02() -> None:
    names = ["Ada", "Аda", "A\u200bda", "Ad\u202ea", "ada"]
    found = messages(android(*(f"{name}: hi" for name in names)))
    assert len(names) == len({message.sender_id for message in found})


def test_who_deleted_as_you_is_the_owner_of_the_phone() -> None:
    found = records(iphone("Bo: x", f"Ada: {LRM}You deleted this message.", "Ada: y"))
    assert "name:Ada" == conversation(found).owner
    assert [("Bo", False), ("Ada", True)] == [
        (record.name, record.is_me) for record in found if isinstance(record, Participant)
    ]


def test_me_as_told_wins() -> None:
    told = replace(TOLD, me="Bo")
    found = records(iphone("Bo: x", f"Ada: {LRM}You deleted this message."), told)
    assert "name:Bo" == conversation(found).owner


# Time


def test_seconds_are_told_by_the_header() -> None:
    assert Precision.MINUTE is messages(android("Ada: a", "Ada: b"))[0].sent_at.precision  # type: ignore[union-attr]
    assert Precision.SECOND is messages(iphone("Ada: a", "Ada: b"))[0].sent_at.precision  # type: ignore[union-attr]


def test_an_ambiguous_order_of_day_and_month_is_asked_w03() -> None:
    text = "05/06/2018, 21:25 - Ada: a\n05/06/2018, 21:26 - Ada: b\n"
    with pytest.raises(NeedsAnswer) as caught:
        records(text)
    assert 2 == caught.value.exit_code
    assert "--date-order" in caught.value.remedy
    for order, month in (("dmy", "06"), ("mdy", "05")):
        first = messages(text, replace(TOLD, date_order=order))[0].sent_at
        assert first is not None and f"-{month}-" in first.as_exported


def test_no_conversation_is_told_before_every_question_is_asked() -> None:
    files = {
        "WhatsApp Chat with A.txt": android(NOTICE, "Ada: hi").encode(),
        "WhatsApp Chat with B.txt": b"05/06/2018, 21:25 - " + NOTICE.encode(),
    }
    with pytest.raises(NeedsAnswer):
        next(whatsapp_text.read(Source.of(files, told=TOLD)))


def test_persian_and_islamic_years_are_asked_about() -> None:
    text = "1403/02/25, 21:25 - Ada: a\n1403/02/26, 21:26 - Ada: b\n"
    with pytest.raises(NeedsAnswer, match="Persian"):
        records(text)


def test_the_order_of_the_file_is_kept_when_the_clock_goes_back_w04() -> None:
    text = "".join(
        f"[{when}:00] Ada: {number}\n"
        for number, when in enumerate(
            ["13/06/2018, 10:05", "13/06/2018, 10:01", "10/06/2018, 09:00", "13/06/2018, 10:02"]
        )
    )
    found = messages(text)
    assert ["0", "1", "2", "3"] == [message.text for message in found]
    assert [(), (), (Mark.SUSPECT,), ()] == [message.marks for message in found]


def test_years_that_no_message_has_keep_their_place_and_header_w04() -> None:
    text = "13/06/2018, 10:05 - Ada: a\n13/06/0001, 10:06 - Ada: b\n13/06/9999, 10:07 - Ada: c\n"
    found = messages(text)
    assert ["a", "b", "c"] == [message.text for message in found]
    assert [False, True, True] == [message.sent_at is None for message in found]
    assert "13/06/9999, 10:07 - " == found[2].extra["header"]


def test_marks_in_front_of_a_date_are_ignored_and_kept_w02() -> None:
    text = "13/06/2018, 10:05 - Ada: a\n\u202e\u2066\u200e13/06/2018, 10:06 - Ada: b\n"
    found = messages(text)
    assert ["a", "b"] == [message.text for message in found]
    assert "\u202e\u2066\u200e13/06/2018, 10:06 - " == found[1].extra["header"]


# Lines that are no messages


def test_lines_below_belong_to_the_message_blank_ones_too() -> None:
    assert "one\n\n  two" == one("one\n\n  two").text


def test_a_pasted_line_in_another_shape_stays_text() -> None:
    body = "see\n2016-04-29 10:30:00\n[01.02.17, 10:00:00] Bo: hi\n1/2/17, 3:04 PM - Bo: hi"
    assert body == one(body).text


def test_a_pasted_line_in_the_same_shape_is_marked_w01() -> None:
    text = android("Ada: a", "Bo: b", "Ada: look") + "01/02/2017, 10:00 - Bo: old\n"
    text += "20/06/2018, 10:00 - Ada: end\n"
    found = messages(text)
    assert [(), (), (), (Mark.SUSPECT,), ()] == [message.marks for message in found]


def test_a_pasted_line_of_a_stranger_is_text_of_the_message_before_w01() -> None:
    text = android("Ada: a", "Bo: b", "Ada: look") + "01/02/2017, 10:00 - Zed: old\n"
    text += "20/06/2018, 10:00 - Ada: end\n"
    found = messages(text)
    assert "look\n01/02/2017, 10:00 - Zed: old" == found[2].text
    assert [(), (), (Mark.SUSPECT,), ()] == [message.marks for message in found]


def test_a_clock_that_stays_back_is_not_suspect() -> None:
    text = android("Ada: a", "Ada: b") + "".join(
        f"01/02/2017, 10:{minute:02} - Ada: c\n" for minute in range(50)
    )
    assert {()} == {message.marks for message in messages(text)}


def test_more_than_somebody_pastes_is_a_clock_that_was_wrong_for_a_while() -> None:
    text = android("Ada: a", "Ada: b") + "01/02/2017, 10:00 - Ada: c\n" * 500
    text += "20/06/2018, 10:00 - Ada: end\n"
    assert {()} == {message.marks for message in messages(text)}


def test_the_first_line_tells_the_shape_even_if_more_was_pasted() -> None:
    text = android("Ada: look") + iphone(*["Bo: hi"] * 15) + android("Ada: a", "Ada: b", "Ada: c")
    assert 4 == len(messages(text))


def test_two_exports_in_one_file_are_both_read() -> None:
    bodies = [f"Ada: {number}" for number in range(18)] * 4
    text = "".join(android(*bodies[:18]) for _ in range(4))
    text += "".join(iphone(*bodies[:18]) for _ in range(4))
    assert 144 == len(messages(text))


def test_lines_before_the_first_message_are_a_problem() -> None:
    found = records("tail of something\n\nmore\n" + android("Ada: a", "Ada: b"))
    [problem] = [record for record in found if isinstance(record, Problem)]
    assert "tail of something\n\nmore" == problem.raw


def test_a_million_lines_without_a_match_are_no_export_w05() -> None:
    text = "nothing to see here\n" * 100_000
    assert () == whatsapp_text.recognise(source_of(text))
    with pytest.raises(BadExport) as caught:
        records(text)
    assert caught.value.remedy


def test_a_message_too_long_loses_nothing() -> None:
    found = records(android("Ada: a", "Ada: " + ("word " * 99 + "word\n") * 10_000, "Ada: end"))
    texts = [r.text for r in found if isinstance(r, Message)]
    rest = [r.raw for r in found if isinstance(r, Problem)]
    assert 1_000_000 == "".join([*texts, *rest]).count("word")
    assert "end" == texts[-1]
    assert all(len(text) < 5 << 20 for text in [*texts, *rest])


# System lines


def test_a_line_without_author_is_a_system_line() -> None:
    found = messages(android("Ada: a", "Bo created group “Mill”", "Something unknown"))
    assert [MessageKind.SYSTEM] * 2 == [message.kind for message in found[1:]]
    assert [{"event": "group_created"}, {}] == [message.extra for message in found[1:]]
    assert [None, None] == [message.sender_id for message in found[1:]]


def test_a_colon_in_the_name_of_a_group_makes_no_author() -> None:
    found = messages(android("Ada: a", 'Bo changed the subject from "A: B" to "C: D"'))
    assert (MessageKind.SYSTEM, None) == (found[1].kind, found[1].sender_id)
    assert 'Bo changed the subject from "A: B" to "C: D"' == found[1].text


def test_what_starts_with_a_mark_on_an_iphone_is_said_by_the_app() -> None:
    found = messages(iphone("Ada: a", f"Ada: {LRM}Ada changed something new"))[1]
    assert (MessageKind.SYSTEM, None, "Ada") == (found.kind, found.sender_id, found.extra["actor"])
    assert MessageKind.TEXT is one(f"{LRM}hi").kind


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("Ottilie added Jory", "added"),
        ("Du hast Jory hinzugefügt.", "added"),
        ("Jory left", "left"),
        ("Ottilie removed Jory", "removed"),
        ("Jory joined using this group's invite link", "joined"),
        ("Ottilie changed this group's icon", "icon"),
        ("Ottilie changed the group description", "description"),
        ("You're now an admin", "admin"),
        ("Your security code with Jory changed. Tap to learn more.", "security_code"),
        ("Jory turned on disappearing messages.", "disappearing"),
        ("Jory pinned a message", "pinned"),
        ("You blocked this contact. Tap to unblock.", "blocked"),
        ("Wilma hat die Gruppe „Mühle“ erstellt.", "group_created"),
        ('Inés creó el grupo "Molino"', "group_created"),
        ("林小雨建立了群組「磨坊」", "group_created"),
        ("Advanced chat privacy was turned on", "privacy"),
    ],
)
def test_events_are_named(text: str, event: str) -> None:
    assert event == messages(android("Ada: a", text))[1].extra["event"]


# Bytes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_gives_the_same_messages(encoding: str) -> None:
    text = android("Ada: Grüße", "Bö: schön, äh")
    source = Source.of({"_chat.txt": text.encode(encoding)}, told=TOLD)
    assert ("_chat.txt: ",) == tuple(one[:11] for one in whatsapp_text.recognise(source))
    found = list(whatsapp_text.read(source))
    assert ["Grüße", "schön, äh"] == [r.text for r in found if isinstance(r, Message)]
    told = [r.value for r in found if isinstance(r, Assumption) and r.what == "encoding"]
    assert (["cp1252"] if encoding == "cp1252" else []) == told


def test_byte_order_marks_in_front_of_inner_lines_are_no_text() -> None:
    text = "".join(
        "\ufeff" + line for line in android("Ada: a", "Ada: b").splitlines(keepends=True)
    )
    assert ["a", "b"] == [message.text for message in messages(text)]


# Recognition


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chat.txt", android("Ada: a", "Bo: b")),
        ("chat.txt", iphone("Ada: a", "Bo: b")),
        ("_chat.txt", iphone("Ada: a")),
        ("WhatsApp Chat with Bo.txt", "13.06.18 21:25:15: Ada: a\n14.06.18 21:25:15: Bo: b\n"),
        ("x.txt", f"13. 6. 2018. 21:25:15 {NOTICE}\n13. 6. 2018. 21:25:15 Ada: hej\n"),
    ],
)
def test_an_export_is_recognised(name: str, text: str) -> None:
    assert whatsapp_text.recognise(Source.of({name: text.encode()}))


@pytest.mark.parametrize(
    "files",
    [
        {"a.txt": "2024/03/09(Sat)\n18:05\tAda\thi\n18:06\tBo\thi\n"},  # LINE
        {"a.txt": "2024년 3월 9일 오후 6:05, Ada : hi\n2024년 3월 9일 오후 6:06, Bo : hi\n"},
        {"a.txt": "[Ada] [오후 6:05] hi\n[Bo] [오후 6:06] hi\n"},
        {"a.txt": "[2023-07-10 01:23:00] <alice> hi\n[2023-07-10 01:24:00] <bob> hi\n"},  # Signal
        {"a.txt": "[2023-07-10 01:23:00] *** Ada sent file\n[2023-07-10 01:24:00] <bob> hi\n"},
        {
            "chat.txt": "[2023-07-10 01:23:00] Ada: hi\n[2023-07-10 01:24:00] Bo: hi\n",
            "data.json": "{}",
        },
        {"chat.md": "[2023-07-10 01:23:00] Ada: hi\n[2023-07-10 01:24:00] Bo: hi\n"},
        {"a.txt": "2024-03-09 18:05:01 ERROR: disk\n2024-03-09 18:05:02 INFO: fine\n"},  # a log
        {"a.txt": "2024-03-09 18:05:01: a: b\n2024-03-09 18:05:02: a: b\n"},
        {"a.txt": "2010-10-10 10:10:10 Ada(10001)\nhi\n2010-10-10 10:10:11 Bo(10002)\nhi\n"},
        {"a.txt": "[18:05] <ada> hi\n[18:06] <bo> hi\n"},  # IRC
        {"a.txt": "[18:05, 09/03/2024] Ada: hi\n[18:06, 09/03/2024] Bo: hi\n"},  # WhatsApp Web copy
        {"a.txt": "hello\n" * 50 + android("Ada: a", "Ada: b")},
        {"sub/_chat.txt": android("Ada: a", "Ada: b")},
        {"_chat.txt": ""},
        {"_chat.txt": "\0" * 5000},
    ],
)  # fmt: skip
def test_look_alikes_are_not_claimed(files: dict[str, str]) -> None:
    source = Source.of({name: text.encode() for name, text in files.items()})
    assert () == whatsapp_text.recognise(source)


def test_no_other_importer_claims_a_bare_text() -> None:
    found = claims(Source.of({"a.txt": android("Ada: a", "Bo: b").encode()}), IMPORTERS)
    assert ["whatsapp-text"] == [importer.INFO.key for importer, _ in found]


@pytest.mark.parametrize("text", [android("Ada: a", "Bo: b"), iphone("Ada: a", "Bo: b")])
def test_nothing_of_the_text_is_lost_if_every_line_is_strange(text: str) -> None:
    strange = [
        "<", ">", "()", "(file attached)", "<attached>", ": ", LRM, f"{LRM}{LRM}", "POLL:", "•",
        "<a: b> c", "[", "]", "https://", "\u202e", "null", "\x00", "x (file attached)", "<a b>",
    ]  # fmt: skip
    text = "".join(f"{line}{' '.join(strange)}\n" for line in text.splitlines())
    text += "\n".join(strange) + "\n"
    found = records(text)
    kept = "\n".join(
        str((r.text, r.more_text, r.extra, r.attachments)) if isinstance(r, Message) else str(r)
        for r in found
    )
    for word in ("attached", "POLL", "https://", "null", "<a: b>", "(file attached)", "•"):
        assert word in kept
