"""LINE's text exports: what the cases do not show."""

import pytest

from chatvault.errors import BadExport, NeedsAnswer
from chatvault.importers import line_text
from chatvault.importers._day_trail import NEAR, DayTrail
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import claims
from chatvault.model import (
    Assumption,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Problem,
    Record,
)

HEAD = "[LINE] Chat history with Sora\nSaved on: 2026/09/30 10:00\n\n"
DAY = "2026/09/26(Sat)\n"


def source(text: str, told: Told | None = None, name: str = "[LINE] Sora.txt") -> Source:
    return Source.of({name: text.encode()}, told=told)


def read(text: str, told: Told | None = None, name: str = "[LINE] Sora.txt") -> list[Record]:
    return list(line_text.read(source(text, told, name)))


def messages(text: str, told: Told | None = None) -> list[Message]:
    return [one for one in read(text, told) if isinstance(one, Message)]


def said(body: str) -> Message:
    (message,) = messages(f"{HEAD}{DAY}10:21\tSora\t{body}\n")
    return message


def noticed(body: str) -> Message:
    (message,) = messages(f"{HEAD}{DAY}10:21\t\t{body}\n")
    return message


def conversation(text: str, name: str = "a.txt") -> Conversation:
    (found,) = (one for one in read(text, name=name) if isinstance(one, Conversation))
    return found


def times(text: str, told: Told | None = None) -> list[str]:
    return [one.sent_at.as_exported if one.sent_at else "" for one in messages(text, told)]


def senders(text: str) -> list[str | None]:
    return [one.sender_id for one in messages(text)]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024/01/15(月)", "2024-01-15"),
        ("2024/1/15（一）", "2024-01-15"),
        ("2026/1/30周五", "2026-01-30"),
        ("2020/12/31(Thu)", "2020-12-31"),
        ("2017.09.03 Sunday", "2017-09-03"),
        ("2026.01.09 金曜日", "2026-01-09"),
        ("2024/01/15 จันทร์", "2024-01-15"),
        ("2024.01.15 월요일", "2024-01-15"),
        ("2024/01/15", "2024-01-15"),
        ("2024年1月15日 月曜日", "2024-01-15"),
        ("Fri, 1/30/2026", "2026-01-30"),
        ("Tue, 06/01/2026", "2026-01-06"),
        ("Fri, 28/11/2568 BE", "2025-11-28"),
        ("ศ. 28/11/2568", "2025-11-28"),
        ("vie., 30/1/2026", "2026-01-30"),
        ("пт, 30.01.2026", "2026-01-30"),
        ("Cum, 06.02.2026", "2026-02-06"),
        ("Th 6, 6/2/2026", "2026-02-06"),
        ("2026.02.06 T6", "2026-02-06"),
        ("الجمعة، 6/2/2026", "2026-02-06"),
    ],
)
def test_days_are_read_in_all_languages(day: str, expected: str) -> None:
    assert [f"{expected}T10:21"] == times(f"{HEAD}{day}\n10:21\tSora\thello\n")


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("10:21", "10:21"),
        ("9:05", "09:05"),
        ("10:21 AM", "10:21"),
        ("12:05 AM", "00:05"),
        ("12:05 PM", "12:05"),
        ("1:05PM", "13:05"),
        ("1:05\u202fpm", "13:05"),
        ("午後1:05", "13:05"),
        ("午前 0:05", "00:05"),
        ("下午01:05", "13:05"),
        ("오후 1:05", "13:05"),
    ],
)
def test_clocks_of_12_and_24_hours_are_read(clock: str, expected: str) -> None:
    assert [f"2026-09-26T{expected}"] == times(f"{HEAD}{DAY}{clock}\tSora\thello\n")


def test_an_order_that_nothing_tells_is_asked() -> None:
    text = f"{HEAD}5/6/2026\n10:21\tSora\thello\n"
    with pytest.raises(NeedsAnswer, match="day from the month"):
        read(text)
    assert ["2026-06-05T10:21"] == times(text, Told(date_order="dmy"))
    assert ["2026-05-06T10:21"] == times(text, Told(date_order="mdy"))


def test_the_day_of_the_week_says_more_than_what_was_told() -> None:
    text = f"{HEAD}Fri, 5/6/2026\n10:21\tSora\thello\n"
    assert ["2026-06-05T10:21"] == times(text, Told(date_order="mdy"))
    (order,) = (one for one in read(text) if isinstance(one, Assumption) and "date" in one.what)
    assert ("dmy", "the days of the week") == (order.value, order.why)


@pytest.mark.parametrize(
    ("first", "kind", "title"),
    [
        ("[LINE] Soraとのトーク履歴", ConversationKind.DIRECT, "Sora"),
        ("[LINE] 朝市のトーク履歴", ConversationKind.GROUP, "朝市"),
        ("[LINE] 朝市のトーク", ConversationKind.GROUP, "朝市"),
        ("[LINE] Chat history in Bakers", ConversationKind.GROUP, "Bakers"),
        ("Chat history with Sora", ConversationKind.DIRECT, "Sora"),
        ("[LINE] 與Sora的聊天記錄", ConversationKind.DIRECT, "Sora"),
        ("[LINE] 与Sora的聊天记录", ConversationKind.DIRECT, "Sora"),
        ("[LINE] 早市的聊天記錄", ConversationKind.GROUP, "早市"),
        ("[LINE] ประวัติการสนทนากับ Sora", ConversationKind.DIRECT, "Sora"),
        ('[LINE] ประวัติการแชทในกลุ่ม "ตลาด"', ConversationKind.GROUP, "ตลาด"),
        ("[LINE] Riwayat Sora", ConversationKind.DIRECT, "Riwayat Sora"),
    ],
)
def test_the_first_line_tells_title_and_kind(
    first: str, kind: ConversationKind, title: str
) -> None:
    found = conversation(f"{first}\n2026/09/30 10:00\n\n{DAY}10:21\tSora\thello\n")
    assert (kind, title) == (found.kind, found.title)
    assert f"{first}\n2026/09/30 10:00" == found.extra["header"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("[LINE] Chat with Sora Ito.txt", "Sora Ito"),
        ("[LINE]Sora Ito (1).txt", "Sora Ito"),
        ("[LINE] Sora Itoとのトーク.txt", "Sora Ito"),
        ("notes.txt", "notes"),
    ],
)
def test_without_a_first_line_the_name_of_the_file_is_the_title(name: str, title: str) -> None:
    assert title == conversation(f"{DAY}10:21\tA\ta\n10:22\tB\tb\n10:23\tA\tc\n", name).title


def test_more_than_two_people_make_a_group() -> None:
    text = f"{HEAD}{DAY}" + "".join(f"10:21\t{name}\thello\n" for name in ("Ada", "Ben", "Cleo"))
    assert ConversationKind.GROUP is conversation(text).kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("[Photo]", MessageKind.IMAGE),
        ("[写真]", MessageKind.IMAGE),
        ("[照片]", MessageKind.IMAGE),
        ("[รูป]", MessageKind.IMAGE),
        ("[사진]", MessageKind.IMAGE),
        ("[動画]", MessageKind.VIDEO),
        ("[影片]", MessageKind.VIDEO),
        ("[视频]", MessageKind.VIDEO),
        ("[วิดีโอ]", MessageKind.VIDEO),
        ("[Voice message]", MessageKind.VOICE),
        ("[語音訊息]", MessageKind.VOICE),
        ("[语音信息]", MessageKind.VOICE),
        ("[Sticker]", MessageKind.STICKER),
        ("[貼圖]", MessageKind.STICKER),
        ("[贴图]", MessageKind.STICKER),
        ("[สติกเกอร์]", MessageKind.STICKER),
        ("[File]", MessageKind.FILE),
        ("[檔案]", MessageKind.FILE),
    ],
)
def test_a_placeholder_is_an_attachment_and_no_text(body: str, kind: MessageKind) -> None:
    message = said(body)
    assert (kind, "", [body]) == (
        message.kind, message.text, [one.as_exported for one in message.attachments],
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        "[Photo] of me", "see [Photo]", "Photos", "☎ 03-1234-5678", "Ravi joined the group",
        "she added nuts to the group", '"quoted"', "[maybe]", "☎ call me", "メッセージ",
    ],
)  # fmt: skip
def test_what_only_resembles_the_words_of_the_app_is_text(body: str) -> None:
    message = said(body)
    assert (MessageKind.TEXT, body) == (message.kind, message.text)


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("[Location] 4 Mill Lane", MessageKind.LOCATION, "4 Mill Lane"),
        ("[null]https://maps.google.com/?q=1,2", MessageKind.LOCATION,
         "https://maps.google.com/?q=1,2"),
        ("[投票] 何時?", MessageKind.POLL, "何時?"),
        ("[Albums] Fair", MessageKind.OTHER, "Fair"),
        ("[[相簿] (null)]", MessageKind.OTHER, ""),
        ("[記事本]", MessageKind.OTHER, ""),
        ("[聯絡資訊]", MessageKind.CONTACT, ""),
    ],
)  # fmt: skip
def test_places_contacts_and_notes_keep_what_stands_behind_them(
    body: str, kind: MessageKind, text: str
) -> None:
    message = said(body)
    assert (kind, text) == (message.kind, message.text)


@pytest.mark.parametrize(
    ("body", "event", "duration"),
    [
        ("☎ Call time 1:23", "call", 83),
        ("☎ 通話時間20:25", "call", 1225),
        ("☎ 通話時間 1:04:00", "call", 3840),
        ("☎ 통화시간 0:07", "call", 7),
        ("☎ Missed call", "missed_call", None),
        ("☎ 不在着信", "missed_call", None),
        ("☎ 未接來電", "missed_call", None),
        ("☎ 通話をキャンセルしました", "cancelled_call", None),
        ("☎ 您已取消通話", "cancelled_call", None),
        ("☎ 通話に応答がありませんでした", "unanswered_call", None),
        ("☎ 無人接聽", "unanswered_call", None),
    ],
)
def test_calls_are_told_by_the_telephone(body: str, event: str, duration: int | None) -> None:
    message = said(body)
    assert (MessageKind.CALL, event, duration, body) == (
        message.kind, message.extra["event"], message.extra.get("duration"),
        message.extra["literal"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "actor"),
    [
        ("Sora unsent a message.", "Sora"),
        ("花子がメッセージの送信を取り消しました", "花子"),
        ("可達鴨已收回訊息", "可達鴨"),
        ("阿哲撤回了一条消息", "阿哲"),
        ("Message unsent.", None),
        ("您已收回訊息", None),
    ],
)
def test_a_message_taken_back_is_marked(body: str, actor: str | None) -> None:
    message = noticed(body)
    assert ((Mark.RECALLED,), actor, body) == (
        message.marks, message.extra.get("actor"), message.extra["literal"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ("Sora joined the group.", "joined"),
        ("花子がグループに参加しました", "joined"),
        ("小萍已加入群組", "joined"),
        ("阿哲已加入该群", "joined"),
        ("Sora left the group.", "left"),
        ("花子が退会しました。", "left"),
        ("小萍已離開群組", "left"),
        ("阿哲已退群", "left"),
        ("Sora added Ben to the group.", "added"),
        ("花子が太郎をグループに追加しました", "added"),
        ("小萍已新增阿明至群組", "added"),
        ("花子がアナウンスしました", "announced"),
        ("สมชาย เพิ่ม สมหญิง เข้ากลุ่ม", "added"),
    ],
)
def test_notices_without_a_sender_are_the_apps(body: str, event: str) -> None:
    message = noticed(body)
    assert (MessageKind.SYSTEM, None, body, event) == (
        message.kind, message.sender_id, message.text, message.extra["event"],
    )  # fmt: skip


def test_a_line_of_two_columns_is_the_apps() -> None:
    (message,) = messages(f"{HEAD}{DAY}22:10\tsomething new in the app\n")
    assert (MessageKind.SYSTEM, "something new in the app") == (message.kind, message.text)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('"one\ntwo"', "one\ntwo"),
        ('"one\n\ntwo"', "one\n\ntwo"),
        ('"one\ntwo\n"', "one\ntwo\n"),
        ('"one\nsaid ""no"" to it"', 'one\nsaid "no" to it'),
        ('"one\nsaid "no" to it"', 'one\nsaid "no" to it'),
        ('"one\n09:00\tnot a message\ntwo"', "one\n09:00\tnot a message\ntwo"),
        ('"one\n2026/09/20(Sun)\ntwo"', "one\n2026/09/20(Sun)\ntwo"),
        ('"one\ntwo', '"one\ntwo'),
        ("one\ntwo", "one\ntwo"),
    ],
)
def test_quotes_around_several_lines_are_no_text(body: str, expected: str) -> None:
    text = f"{HEAD}{DAY}10:21\tSora\t{body}\n\n2026/09/27(Sun)\n10:22\tSora\tnext\n"
    assert [expected, "next"] == [one.text for one in messages(text)]


def test_a_quote_that_is_never_closed_does_not_swallow_the_next_day() -> None:
    text = f'{HEAD}{DAY}10:21\tSora\t"open\n\n2026/09/27(Sun)\n10:22\tSora\tended"\n'
    assert ["2026-09-26T10:21", "2026-09-27T10:22"] == times(text)


def test_a_date_in_a_text_that_goes_back_begins_no_day() -> None:
    text = (
        f"{HEAD}2026/09/26(Sat)\n10:21\tSora\tlook:\n2026/09/20(Sun)\n10:22\tSora\tsame day\n"
        "\n2026/09/27(Sun)\n10:23\tSora\tnext\n"
    )
    assert ["2026-09-26T10:21", "2026-09-26T10:22", "2026-09-27T10:23"] == times(text)


def test_days_that_go_on_from_an_earlier_one_are_of_a_clock_set_back() -> None:
    text = f"{HEAD}2026/09/26(Sat)\n10:21\tSora\ta\n\n2026/09/20(Sun)\n10:22\tSora\tb\n"
    assert ["2026-09-26T10:21", "2026-09-20T10:22"] == times(text)


def test_names_of_computers_are_told_by_how_often_they_begin_a_line() -> None:
    lines = ["Ada Lund hello", "Ada Lund Photos", "Ada Lund ok", "Ben yes", "Ben no", "Ben hm"]
    text = "2026.09.26 Saturday\n" + "".join(f"10:2{n} {one}\n" for n, one in enumerate(lines))
    assert ["name:ada lund"] * 3 + ["name:ben"] * 3 == senders(text)


def test_people_of_one_first_name_are_two() -> None:
    lines = [f"Ada {last} text{n}" for n in range(4) for last in ("Lund", "Moss")]
    text = "2026.09.26 Saturday\n" + "".join(f"10:2{n} {one}\n" for n, one in enumerate(lines))
    assert {"name:ada lund", "name:ada moss"} == set(senders(text))


def test_a_word_that_somebody_likes_to_begin_with_is_no_name() -> None:
    words = ["so", "so", "so", "well", "hm", "ah", "oh", "no"]
    text = "2026.09.26 Saturday\n" + "".join(
        f"10:2{n} Ben {one} x\n" for n, one in enumerate(words)
    )
    assert {"name:ben"} == set(senders(text))


def test_a_clock_that_goes_back_before_a_new_name_begins_a_line_of_text() -> None:
    text = (
        "2026.09.26 Saturday\n10:20 Ben look\n10:21 Ben be there\n08:30 at the gate\n"
        "10:22 Ada fine\n"
    )
    assert ["look", "be there\n08:30 at the gate", "fine"] == [one.text for one in messages(text)]


def test_so_many_earlier_days_that_the_clock_was_set_back() -> None:
    trail = DayTrail()
    for line, day in enumerate([100, *range(40, 40 + NEAR + 1), 101]):
        trail.add(line, day)
    assert set() == trail.pasted
    trail = DayTrail()
    for line, day in enumerate([100, *range(40, 40 + NEAR), 101]):
        trail.add(line, day)
    assert set(range(1, NEAR + 1)) == trail.pasted


def test_the_own_name_with_spaces_can_be_told() -> None:
    text = "2026.09.26 Saturday\n10:20 Ada Maria Lund hello\n10:21 Ben a\n10:22 Ben b\n"
    found = messages(text, Told(me="Ada Maria Lund"))
    assert [("name:ada maria lund", "hello"), ("name:ben", "a")] == [
        (one.sender_id, one.text) for one in found[:2]
    ]


def test_bytes_of_japanese_windows_are_read() -> None:
    head = "[LINE] 花子とのトーク履歴\n保存日時：2026/09/30 10:00\n\n"
    text = f"{head}2026/09/26(土)\n10:21\t花子\tおはよう\n"
    records = list(line_text.read(Source.of({"a.txt": text.encode("cp932")})))
    assert ["おはよう"] == [one.text for one in records if isinstance(one, Message)]
    assert ["cp932"] == [
        one.value for one in records if isinstance(one, Assumption) and one.what == "encoding"
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marks_of_byte_order_are_no_text(encoding: str) -> None:
    text = f"{HEAD}{DAY}10:21\tSora\thello\n".replace("\n", "\r\n")
    found = Source.of({"a.txt": text.encode(encoding)})
    assert line_text.recognise(found)
    assert ["hello"] == [one.text for one in line_text.read(found) if isinstance(one, Message)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[LINE] is a nice app\nthat I use\n",
        "10:21\ta\tb\n10:22\ta\tb\n10:23\ta\tb\n",
        "2026.09.26 Saturday\n10:21 buy bread\n",
        "Shopping\n2026.09.26 Saturday\n10:21 a b\n10:22 a b\n10:23 a b\n",
        f"a note\n{DAY}10:21\ta\tb\n10:22\ta\tb\n10:23\ta\tb\n",
        "2026/09/26\n10:21 a b\n10:22 a b\n10:23 a b\n",
        "[09/03/2024, 18:05:30] Ada: hi\n[09/03/2024, 18:05:31] Ada: ho\n",
    ],
)
def test_other_texts_are_not_claimed(text: str) -> None:
    assert () == line_text.recognise(source(text, name="notes.txt"))


def test_only_line_claims_its_texts() -> None:
    text = f"{HEAD}{DAY}10:21\tSora\t[09/03/2024, 18:05:30] Ada: hi\n"
    assert ["line-text"] == [one.INFO.key for one, _ in claims(source(text))]


def test_nothing_that_can_be_read_is_an_error_with_a_remedy() -> None:
    with pytest.raises(BadExport, match="no line looks like a message of LINE"):
        read("nothing\n")


def test_one_title_for_several_texts_is_asked_about() -> None:
    files = {f"{n}.txt": f"{HEAD}{DAY}10:21\tSora\thello\n".encode() for n in "ab"}
    with pytest.raises(NeedsAnswer, match="several conversations"):
        list(line_text.read(Source.of(files, told=Told(conversation="Sora"))))


def test_j07_a_file_that_breaks_off_gives_what_was_whole() -> None:
    text = f"{HEAD}{DAY}10:21\tSora\thello\n10:22\tSo"
    assert ["hello"] == [one.text for one in messages(text)][:1]
    assert [] == [one for one in read(text) if isinstance(one, Problem)]


def test_a_day_of_a_year_that_no_message_has_keeps_its_line() -> None:
    (message,) = messages(f"{HEAD}1601/01/01(Mon)\n10:21\tSora\thello\n")
    assert (None, "10:21\tSora\t") == (message.sent_at, message.extra["header"])


def test_hours_from_1_to_24_begin_the_day_with_24() -> None:
    phone = f"{HEAD}{DAY}24:53\tSora\tstill up\n1:02\tRen\tme too\n"
    computer = "2026.09.26 Saturday\n24:53 Sora still up\n1:02 Ren me too\n1:03 Sora bed\n"
    assert ["2026-09-26T00:53", "2026-09-26T01:02"] == times(phone)
    assert ["2026-09-26T00:53", "2026-09-26T01:02", "2026-09-26T01:03"] == times(computer)
