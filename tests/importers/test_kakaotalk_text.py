"""KakaoTalk's exports: what the cases do not show."""

import pytest

from chatvault.errors import BadExport, NeedsAnswer
from chatvault.importers import kakaotalk_text
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import claims
from chatvault.model import (
    Assumption,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Precision,
    Problem,
    Record,
)

ANDROID = "하늘 님과 카카오톡 대화\n저장한 날짜 : 2026년 8월 3일 오전 12:51\n\n\n"
WINDOWS = "하늘 님과 카카오톡 대화\n저장한 날짜 : 2026-08-29 22:58:30\n\n"
RULER = "--------------- 2026년 7월 9일 목요일 ---------------\n"
AT = "2026년 7월 9일 오후 8:35, "


def read(text: str, told: Told | None = None, name: str = "KakaoTalkChats.txt") -> list[Record]:
    return list(kakaotalk_text.read(Source.of({name: text.encode()}, told=told)))


def messages(text: str, told: Told | None = None) -> list[Message]:
    return [one for one in read(text, told) if isinstance(one, Message)]


def said(body: str, **files: bytes) -> Message:
    text = f"{ANDROID}{AT}두리 : {body}\n"
    source = Source.of({"a.txt": text.encode(), **files})
    (message,) = (one for one in kakaotalk_text.read(source) if isinstance(one, Message))
    return message


def conversation(text: str, told: Told | None = None) -> Conversation:
    (found,) = (one for one in read(text, told) if isinstance(one, Conversation))
    return found


def lines(text: str, told: Told | None = None) -> list[tuple[str, str | None, str]]:
    """Clock, sender and text of each message."""
    return [
        (one.sent_at.as_exported if one.sent_at else "", one.sender_id, one.text)
        for one in messages(text, told)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "2026년 7월 9일 오후 8:35, 두리 : hello",
        "2026년 7월 9일 20:35, 두리 : hello",
        "2026. 7. 9. 오후 8:35, 두리 : hello",
        "2026. 7. 9. 20:35, 두리 : hello",
        "8:35pm, July 9, 2026, 두리 : hello",
        "8:35 PM, July 9, 2026, 두리 : hello",
        "July 9, 2026, 8:35 PM, 두리 : hello",
        "July 9, 2026, 8:35 p.m., 두리 : hello",
        "July 9, 2026 at 8:35\u202fPM, 두리 : hello",
        "Jul 9, 2026, 8:35 PM, 두리 : hello",
        "Jul 9, 2026, 20:35, 두리 : hello",
        f"{RULER}[두리] [오후 8:35] hello",
        f"{RULER}[두리] [20:35] hello",
        "--------------- Thursday, July 9, 2026 ---------------\n[두리] [8:35 PM] hello",
        f"{RULER}오후 8:35, 두리 : hello",
        "2026. 7. 9. 목요일\n오후 8:35, 두리 : hello",
    ],
)
def test_every_grammar_is_read(line: str) -> None:
    assert [("2026-07-09T20:35", "name:두리", "hello")] == lines(f"{ANDROID}{line}\n")


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("오전 12:05", "00:05"),
        ("오후 12:05", "12:05"),
        ("오전 1:05", "01:05"),
        ("PM 1:05", "13:05"),
    ],
)
def test_halves_of_the_day_are_read(clock: str, expected: str) -> None:
    text = f"{ANDROID}2026년 7월 9일 {clock}, 두리 : hello\n"
    assert [f"2026-07-09T{expected}"] == [at for at, _, _ in lines(text)]


@pytest.mark.parametrize(
    ("first", "title", "kind"),
    [
        ("하늘 님과 카카오톡 대화", "하늘", ConversationKind.DIRECT),
        ("하늘 님과의 카카오톡 대화", "하늘", ConversationKind.DIRECT),
        ("하늘, 두리 4 님과 카카오톡 대화", "하늘, 두리", ConversationKind.GROUP),
        ("Room 2 님과 카카오톡 대화", "Room 2", ConversationKind.DIRECT),
        ("책방 (4명)과 카카오톡 대화-1.txt", "책방", ConversationKind.GROUP),
        ("KakaoTalk Chats with Haneul, Duri (3)", "Haneul, Duri", ConversationKind.GROUP),
        ("KakaoTalk Chats with Books (4 people)-1.txt", "Books", ConversationKind.GROUP),
        ("KakaoTalk Chats with Duri", "Duri", ConversationKind.DIRECT),
        ("Books with KakaoTalk Chats", "Books", ConversationKind.DIRECT),
    ],
)
def test_the_first_line_tells_title_and_kind(
    first: str, title: str, kind: ConversationKind
) -> None:
    found = conversation(f"{first}\n\n{AT}두리 : hello\n")
    assert (title, kind) == (found.title, found.kind)


def test_on_windows_a_number_belongs_to_the_title() -> None:
    found = conversation(f"반 3 님과 카카오톡 대화\n\n{RULER}[두리] [오후 8:35] hello\n")
    assert ("반 3", ConversationKind.DIRECT) == (found.title, found.kind)


def test_the_saved_line_may_come_first() -> None:
    head = "저장한 날짜 : 2024-03-11 22:14:03\n\n책방 님과 카카오톡 대화\n"
    text = f"{head}{RULER}[두리] [오후 8:35] x\n"
    assert "책방" == conversation(text).title


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("사진", MessageKind.IMAGE),
        ("<사진>", MessageKind.IMAGE),
        ("(사진)", MessageKind.IMAGE),
        ("Photo", MessageKind.IMAGE),
        ("<Photo>", MessageKind.IMAGE),
        ("photo", MessageKind.IMAGE),
        ("동영상", MessageKind.VIDEO),
        ("Video", MessageKind.VIDEO),
        ("이모티콘", MessageKind.STICKER),
        ("Emoticons", MessageKind.STICKER),
        ("음성메시지", MessageKind.VOICE),
        ("Voice Message", MessageKind.VOICE),
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
        "사진 봤어?", "<사진> 봐", "Photo please", "파일 좀 봐줘", "보이스톡", "취소", "부재중",
        "송금", "파일: 없음", "두리님이 나갔습니다.", "list.pdf", "see 3 photos",
    ],
)  # fmt: skip
def test_what_only_resembles_the_words_of_the_app_is_text(body: str) -> None:
    message = said(body)
    assert (MessageKind.TEXT, body, "name:두리") == (message.kind, message.text, message.sender_id)


@pytest.mark.parametrize(("body", "count"), [("사진 3장", 3), ("Photos 12", 12), ("동영상 2개", 2)])
def test_several_photos_are_as_many_attachments(body: str, count: int) -> None:
    assert count == len(said(body).attachments)


def test_a_file_in_the_folder_is_the_message() -> None:
    message = said("0123456789abcdef.png", **{"0123456789abcdef.png": b"x"})
    (attachment,) = message.attachments
    assert (MessageKind.IMAGE, "0123456789abcdef.png", "") == (
        message.kind, attachment.path, message.text,
    )  # fmt: skip


def test_several_files_can_be_one_message() -> None:
    message = said("a.jpg\nb.mp4", **{"a.jpg": b"x", "b.mp4": b"y"})
    assert ["a.jpg", "b.mp4"] == [one.path for one in message.attachments]


def test_a_name_of_nothing_is_text_unless_only_the_app_writes_such_names() -> None:
    assert "holiday.jpg" == said("holiday.jpg").text
    (attachment,) = said("0123456789abcdef0123456789abcdef.jpg").attachments
    assert AttachmentState.MISSING_FILE is attachment.state


def test_z01_a_name_that_leads_out_of_the_export_is_text() -> None:
    assert ((), "../a.jpg") == (said("../a.jpg").attachments, said("../a.jpg").text)


def test_a_photo_that_was_never_loaded_says_so() -> None:
    (attachment,) = said("<사진 읽지 않음>").attachments
    assert AttachmentState.UNAVAILABLE is attachment.state


@pytest.mark.parametrize(
    ("body", "event", "duration"),
    [
        ("보이스톡 해요", "call", None),
        ("페이스톡 해요.", "call", None),
        ("보이스톡 1:23", "call", 83),
        ("페이스톡 1:02:03", "call", 3723),
        ("보이스톡 취소", "cancelled_call", None),
        ("보이스톡 부재중", "missed_call", None),
        ("페이스톡 응답 없음", "unanswered_call", None),
        ("Voice Call 0:07", "call", 7),
    ],
)
def test_calls_are_told_by_their_words(body: str, event: str, duration: int | None) -> None:
    message = said(body)
    assert (MessageKind.CALL, event, duration, body) == (
        message.kind, message.extra["event"], message.extra.get("duration"),
        message.extra["literal"],
    )  # fmt: skip


@pytest.mark.parametrize("body", ["삭제된 메시지입니다.", "This message was deleted."])
def test_a_deleted_message_is_marked(body: str) -> None:
    assert ("", (Mark.DELETED,)) == (said(body).text, said(body).marks)


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("하늘님이 두리님을 초대했습니다.", "invited"),
        ("하늘님이 두리님과 보리님을 초대하였습니다.", "invited"),
        ("두리님이 들어왔습니다.", "joined"),
        ("두리님이 나갔습니다.", "left"),
        ("두리님을 내보냈습니다.", "removed"),
        ("채팅방 관리자가 메시지를 가렸습니다.", "hidden"),
        ("두리님이 방장이 되었습니다.", "manager"),
        ("Haneul invited Duri.", "invited"),
        ("Duri joined this chatroom.", "joined"),
        ("Duri left this chatroom.", "left"),
        ("Duri has been removed from this chatroom.", "removed"),
    ],
)
def test_lines_without_a_sender_are_the_apps(line: str, event: str) -> None:
    (message,) = messages(f"{ANDROID}{AT}{line}\n")
    assert (MessageKind.SYSTEM, None, line, event) == (
        message.kind, message.sender_id, message.text, message.extra["event"],
    )  # fmt: skip


def test_a_colon_right_behind_the_clock_is_the_apps() -> None:
    (message,) = messages(f"{ANDROID}2026. 7. 9. 오후 8:35: 새 : 소식\n")
    assert (None, "새 : 소식") == (message.sender_id, message.text)


def test_a_notice_may_hold_a_colon() -> None:
    text = f"{ANDROID}{AT}하늘님이 두 : 리님을 초대했습니다.\n{AT}두리 : hello\n"
    assert [None, "name:두리"] == [sender for _, sender, _ in lines(text)]


def test_on_windows_a_notice_is_known_by_its_day() -> None:
    text = f"{WINDOWS}{RULER}[두리] [오후 8:35] hello\n하늘님이 나갔습니다.\n"
    message = messages(text)[1]
    assert message.sent_at is not None
    assert (None, Precision.DAY, "2026-07-09") == (
        message.sender_id, message.sent_at.precision, message.sent_at.as_exported,
    )  # fmt: skip


def test_an_english_sentence_is_a_notice_only_about_somebody_who_writes() -> None:
    ruler = "--------------- Thursday, July 9, 2026 ---------------\n"
    text = f"Books with KakaoTalk Chats\n\n{ruler}[Duri] [8:35 PM] and then\nshe invited me\n"
    assert ["and then\nshe invited me"] == [body for _, _, body in lines(text)]
    assert ["and then", "Duri invited Bora."] == [
        body for _, _, body in lines(text.replace("she invited me", "Duri invited Bora."))
    ]


def test_the_owner_is_known_by_the_word_for_you() -> None:
    text = f"{ANDROID}{AT}회원님 : hello\n"
    (person,) = (one for one in read(text) if isinstance(one, Participant))
    assert ("name:회원님", True) == (person.id, person.is_me)
    (person,) = (one for one in read(text, Told(me="보리")) if isinstance(one, Participant))
    assert ("name:보리", True, ("회원님",)) == (person.id, person.is_me, person.aliases)


def test_names_with_brackets_are_whole() -> None:
    text = f"{WINDOWS}{RULER}[[방장] 김OO/94/늑대#1003] [오전 9:00] [공지] [오후 9:00] 모임\n"
    assert [("2026-07-09T09:00", "name:[방장] 김oo/94/늑대#1003", "[공지] [오후 9:00] 모임")] == (
        lines(text)
    )


def test_lines_in_another_form_are_text() -> None:
    text = f"{WINDOWS}{RULER}[두리] [오후 8:35] look\n{AT}하늘 : pasted\n[두리] [오후 8:36] ok\n"
    assert [f"look\n{AT}하늘 : pasted", "ok"] == [body for _, _, body in lines(text)]


def test_what_stands_out_of_time_is_marked() -> None:
    text = (
        f"{ANDROID}{AT}두리 : one\n{AT}하늘 : two\n2020년 1월 1일 오후 8:00, 하늘 : old\n"
        f"2020년 1월 1일 오후 8:00, 낯선 : strange\n{AT}두리 : three\n"
    )
    assert [("one", ()), ("two", ()),
            ("old\n2020년 1월 1일 오후 8:00, 낯선 : strange", (Mark.SUSPECT,)), ("three", ())] == [
        (one.text, one.marks) for one in messages(text)
    ]  # fmt: skip


def test_a_date_in_a_text_is_kept() -> None:
    text = f"{ANDROID}{AT}두리 : see\n2026년 7월 1일 수요일\n2026년 7월 9일 오후 8:34\nok\n"
    assert ["see\n2026년 7월 1일 수요일\n2026년 7월 9일 오후 8:34\nok"] == [
        body for _, _, body in lines(text)
    ]


def test_blank_lines_inside_of_a_text_stay_and_those_behind_it_go() -> None:
    text = f"{WINDOWS}{RULER}[두리] [오후 8:35] one\n\ntwo\n\n{RULER}[두리] [오후 8:36] three\n"
    assert ["one\n\ntwo", "three"] == [body for _, _, body in lines(text)]


def test_a_text_that_phones_may_have_cut_is_noted() -> None:
    assert {"perhaps_cut_at": 500} == said("가" * 500).extra
    assert {} == said("가" * 499).extra
    text = f"{WINDOWS}{RULER}[두리] [오후 8:35] {'가' * 500}\n"
    assert [{}] == [one.extra for one in messages(text)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949"])
def test_j06_all_encodings_of_korean_texts_are_read(encoding: str) -> None:
    data = f"{WINDOWS}{RULER}[두리] [오후 8:35] 안녕\n".replace("\n", "\r\n").encode(encoding)
    source = Source.of({"a.txt": data})
    assert kakaotalk_text.recognise(source)
    records = list(kakaotalk_text.read(source))
    assert ["안녕"] == [one.text for one in records if isinstance(one, Message)]
    assert (encoding == "cp949") == any(
        isinstance(one, Assumption) and one.what == "encoding" for one in records
    )


def test_parts_of_one_text_are_one_conversation_in_their_order() -> None:
    files = {
        f"Books{part}.txt": f"{ANDROID}{AT}두리 : {body}\n".encode()
        for part, body in (("_10", "ten"), ("", "one"), ("_2", "two"))
    }
    records = list(kakaotalk_text.read(Source.of(files)))
    assert 1 == sum(isinstance(one, Conversation) for one in records)
    assert [(0, "one"), (1, "two"), (2, "ten")] == [
        (one.seq, one.text) for one in records if isinstance(one, Message)
    ]


def test_texts_that_people_sent_are_files_and_hide_nothing() -> None:
    files = {f"{n}.txt": b"a list" for n in range(4)}
    text = f"{ANDROID}{AT}두리 : 2.txt\n"
    source = Source.of({**files, "KakaoTalkChats.txt": text.encode()})
    assert kakaotalk_text.recognise(source)
    (message,) = (one for one in kakaotalk_text.read(source) if isinstance(one, Message))
    assert ["2.txt"] == [one.path for one in message.attachments]


def test_texts_of_two_titles_are_two_conversations() -> None:
    files = {
        f"KakaoTalkChats{part}.txt": f"{title} 님과 카카오톡 대화\n\n{AT}두리 : x\n".encode()
        for part, title in (("", "하늘"), ("_2", "보리"))
    }
    records = list(kakaotalk_text.read(Source.of(files)))
    assert ["하늘", "보리"] == [one.title for one in records if isinstance(one, Conversation)]
    with pytest.raises(NeedsAnswer, match="several conversations"):
        list(kakaotalk_text.read(Source.of(files, told=Told(conversation="하늘"))))


CSV = 'Date,User,Message\n2026-07-09 20:35:26,"두리","안녕"\n'


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("chat.csv", CSV, True),
        ("KakaoTalk_Chat_Duri.csv", CSV.replace("두리", "Duri").replace("안녕", "hi"), True),
        ("chat.csv", CSV.replace("두리", "Duri").replace("안녕", "hi"), False),
        ("chat.csv", CSV.replace("Date", "Time"), False),
        ("chat.csv", CSV.replace("2026-07-09 20:35:26", "yesterday"), False),
        ("chat.csv", "Date,User,Message\n", False),
    ],
)
def test_a_table_of_three_columns_needs_a_sign_of_kakaotalk(
    name: str, text: str, expected: bool
) -> None:
    assert expected == bool(kakaotalk_text.recognise(Source.of({name: text.encode()})))


def test_a_mac_tells_seconds() -> None:
    (message,) = (one for one in read(CSV, name="KakaoTalk.csv") if isinstance(one, Message))
    assert message.sent_at is not None
    assert (Precision.SECOND, "2026-07-09T20:35:26") == (
        message.sent_at.precision, message.sent_at.as_exported,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "hello\n", "KakaoTalk Chats with nobody\n",
        f"{AT}두리 : a\n{AT}두리 : b\n", "[두리] [오후 8:35] a\n" * 4, "오후 8:35, 두리 : a\n" * 4,
        f"note\n{AT}두리 : a\n{AT}두리 : b\n{AT}두리 : c\n",
        "2024년 3월 9일 오후 6:05 - 두리: a\n" * 4,
        "[2023. 12. 31. 오후 11:58:02] 두리: a\n" * 4,
        f"{AT}두리 : a\n{AT}두리 : b\n{AT}두리 : c\n" + "prose\n" * 40,
    ],
)  # fmt: skip
def test_other_texts_are_not_claimed(text: str) -> None:
    assert () == kakaotalk_text.recognise(Source.of({"a.txt": text.encode()}))


def test_without_first_lines_three_messages_are_needed() -> None:
    text = f"{AT}두리 : a\n{AT}두리 : b\n{AT}두리 : c\n"
    assert ["kakaotalk-text"] == [
        one.INFO.key for one, _ in claims(Source.of({"a.txt": text.encode()}))
    ]


def test_nothing_that_can_be_read_is_an_error_with_a_remedy() -> None:
    with pytest.raises(BadExport, match="no line looks like a message of KakaoTalk"):
        read("nothing\n")
    with pytest.raises(BadExport, match="no line looks like a message of KakaoTalk"):
        list(kakaotalk_text.read(Source.of({})))


def test_a_message_before_the_first_day_is_a_problem() -> None:
    text = f"{WINDOWS}[두리] [오후 8:35] early\n{RULER}[두리] [오후 8:36] late\n"
    assert ["[두리] [오후 8:35] early"] == [
        one.raw for one in read(text) if isinstance(one, Problem)
    ]
    assert ["late"] == [body for _, _, body in lines(text)]
