"""QQ's own text export: what the cases do not show."""

import pytest

from chatvault.errors import BadExport, NeedsAnswer
from chatvault.importers import qq_text
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

FIRST = "消息记录（此消息记录为文本格式，不支持重新导入）\n\n"
RULE = "=" * 64 + "\n"


def chat(*messages: str, title: str = "桌游小组", folder: str = "我的群聊") -> str:
    head = f"{RULE}消息分组:{folder}\n{RULE}消息对象:{title}\n{RULE}\n"
    return head + "".join(f"{message}\n\n" for message in messages)


def source(text: str, told: Told | None = None, **others: str) -> Source:
    files = {"a.txt": (FIRST + text).encode()} | {n: t.encode() for n, t in others.items()}
    return Source.of(files, told=told)


def read(text: str, told: Told | None = None) -> list[Record]:
    return list(qq_text.read(source(text, told)))


def messages(text: str, told: Told | None = None) -> list[Message]:
    return [one for one in read(text, told) if isinstance(one, Message)]


def said(body: str) -> Message:
    (message,) = messages(chat(f"2019-07-16 18:15:05 小满(10002)\n{body}"))
    return message


def kinds(text: str) -> list[ConversationKind]:
    return [one.kind for one in read(text) if isinstance(one, Conversation)]


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("18:15:05", "2019-07-16T18:15:05"),
        ("8:15:05", "2019-07-16T08:15:05"),
        ("6:15:05 PM", "2019-07-16T18:15:05"),
        ("12:00:00 AM", "2019-07-16T00:00:00"),
        ("12:00:00 PM", "2019-07-16T12:00:00"),
        ("下午 6:15:05", "2019-07-16T18:15:05"),
        ("上午 12:30:00", "2019-07-16T00:30:00"),
    ],
)
def test_clocks_of_12_and_24_hours_are_read(clock: str, expected: str) -> None:
    (message,) = messages(chat(f"2019-07-16 {clock} 小满(10002)\nx"))
    assert message.sent_at is not None
    assert expected == message.sent_at.as_exported


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("小满(10002)", ("10002", "小满", None)),
        ("【群主】小满(10002)", ("10002", "小满", "群主")),
        ("小满(周六)(10002)", ("10002", "小满(周六)", None)),
        ("小满(123)", ("name:小满(123)", "小满(123)", None)),
        ("小满<a.b@example.com>", ("a.b@example.com", "小满", None)),
        ("(10002)", ("10002", "10002", None)),
        ("【帅】小满", ("name:【帅】小满", "【帅】小满", None)),
        ("PM", ("name:pm", "PM", None)),
    ],
)
def test_a_sender_is_known_by_number_or_mail_else_by_name(
    sender: str, expected: tuple[str, str, str | None]
) -> None:
    found = read(chat(f"2019-07-16 18:15:05 {sender}\nx"))
    (who,) = (one for one in found if isinstance(one, Participant))
    (message,) = (one for one in found if isinstance(one, Message))
    assert expected == (who.id, who.name, message.extra.get("title"))
    assert who.id == message.sender_id


def missing(word: str, kind: MessageKind) -> Attachment:
    return Attachment(
        name="", state=AttachmentState.PLACEHOLDER_ONLY, kind=kind, as_exported=word,
        stable_name=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("[图片]", MessageKind.IMAGE),
        ("[表情]", MessageKind.STICKER),
        ("[语音]", MessageKind.VOICE),
        ("[视频]", MessageKind.VIDEO),
        ("[文件]", MessageKind.FILE),
    ],
)
def test_a_word_that_stands_for_a_medium_is_no_text(word: str, kind: MessageKind) -> None:
    message = said(word)
    assert ("", kind, (missing(word, kind),)) == (message.text, message.kind, message.attachments)
    assert (missing(word, kind),) * 2 == said(f"{word}\n{word}").attachments


def test_a_picture_inside_of_a_text_is_taken_out_and_its_place_kept() -> None:
    message = said("看[图片]\n这个")
    assert ("看\n这个", MessageKind.IMAGE) == (message.text, message.kind)
    assert (missing("[图片]", MessageKind.IMAGE),) == message.attachments
    assert {"inline": "看[图片]\n这个"} == message.extra


@pytest.mark.parametrize("text", ["收到[文件]了", "他说[视频]", "[图 片]", "[动画表情]"])
def test_other_words_in_brackets_are_text(text: str) -> None:
    message = said(text)
    assert (text, MessageKind.TEXT, ()) == (message.text, message.kind, message.attachments)


def test_a_message_of_which_nothing_is_left_was_a_medium() -> None:
    assert ("", MessageKind.MEDIA) == (said("").text, said("").kind)


def test_empty_lines_inside_a_message_stay_and_those_behind_it_go() -> None:
    assert "a\n\n\nb" == said("a\n\n\nb\n\n\n").text


@pytest.mark.parametrize(
    ("folder", "senders", "expected"),
    [
        ("我的群聊", "ab", ConversationKind.GROUP),
        ("我的讨论组", "ab", ConversationKind.GROUP),
        ("我的多人聊天", "ab", ConversationKind.GROUP),
        ("我的好友", "abc", ConversationKind.DIRECT),
        ("同学", "ab", ConversationKind.DIRECT),
        ("同学", "abc", ConversationKind.GROUP),
        ("同学", ["a(10002)", "b(10003)"], ConversationKind.GROUP),
    ],
)
def test_a_group_is_known_by_its_folder_else_by_who_is_in_it(
    folder: str, senders: list[str], expected: ConversationKind
) -> None:
    lines = [f"2019-07-16 18:15:0{n} {who}\nx" for n, who in enumerate(senders)]
    assert [expected] == kinds(chat(*lines, folder=folder))


def test_the_owner_is_who_is_not_the_title_of_a_private_conversation() -> None:
    text = chat(
        "2019-07-16 18:15:05 小满\nx", "2019-07-16 18:15:06 阿哲\ny", title="小满", folder=""
    )
    (conversation, *_) = read(text)
    assert isinstance(conversation, Conversation)
    assert "name:阿哲" == conversation.owner
    one = chat("2019-07-16 18:15:05 小满\nx", title="小满", folder="")
    assert [None] == [c.owner for c in read(one) if isinstance(c, Conversation)]


def test_who_was_told_to_be_me_is_me() -> None:
    found = read(chat("2019-07-16 18:15:05 小满(10002)\nx"), Told(me="10002"))
    assert [True] == [one.is_me for one in found if isinstance(one, Participant)]


def test_a_line_of_equals_signs_in_a_message_is_text() -> None:
    two = chat("2019-07-16 18:15:05 小满(10002)\na\n" + RULE + "b") + chat(
        "2019-07-16 18:15:05 小满(10002)\nc\n" + RULE.strip(), title="另一个"
    )
    assert [f"a\n{RULE}b", f"c\n{RULE.strip()}"] == [one.text for one in messages(two)]


def test_lines_far_from_their_time_are_marked_when_their_sender_is_known() -> None:
    found = messages(
        chat(
            "2019-07-16 18:15:05 小满(10002)\nx",
            "2019-07-01 08:00:00 小满(10002)\nold",
            "2019-07-16 18:16:00 小满(10002)\ny",
        )
    )
    assert [(), (Mark.SUSPECT,), ()] == [one.marks for one in found]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_gives_the_same_records(encoding: str, end: str) -> None:
    text = FIRST + chat("2019-07-16 18:15:05 小满(10002)\n周六来吗\n老地方见")
    data = text.replace("\n", end).encode(encoding)
    here = Source.of({"a.txt": data})
    assert qq_text.recognise(here)
    assert list(qq_text.read(here)) == read(
        chat("2019-07-16 18:15:05 小满(10002)\n周六来吗\n老地方见")
    )


def test_a_text_without_its_first_line_is_known_by_title_and_message() -> None:
    text = chat("2019-07-16 18:15:05 小满(10002)\nx")
    assert qq_text.recognise(Source.of({"a.txt": text.encode()}))
    assert not qq_text.recognise(Source.of({"a.txt": b"2019-07-16 18:15:05 Ada(10002)\nx\n"}))
    assert not qq_text.recognise(Source.of({"a.txt": "消息对象:桌游小组\n没有时间".encode()}))


def test_other_texts_beside_it_are_not_read() -> None:
    here = source(chat("2019-07-16 18:15:05 小满(10002)\nx"), **{"b.txt": "shopping list"})
    assert ["a.txt"] == [one.partition(":")[0] for one in qq_text.recognise(here)]
    assert 1 == sum(isinstance(one, Message) for one in qq_text.read(here))
    assert not any(isinstance(one, Problem) for one in qq_text.read(here))


def test_a_conversation_without_a_title_has_the_name_of_the_file() -> None:
    (first, *_) = read("2019-07-16 18:15:05 小满(10002)\nx\n")
    assert isinstance(first, Conversation)
    assert ("a", "title:a") == (first.title, first.id)


def test_a_title_that_was_told_is_for_one_conversation_only() -> None:
    one = chat("2019-07-16 18:15:05 小满(10002)\nx")
    told = Told(conversation="新名字")
    assert ["新名字"] == [c.title for c in read(one, told) if isinstance(c, Conversation)]
    with pytest.raises(NeedsAnswer):
        read(one + chat("2019-07-16 18:15:05 小满(10002)\nx", title="另一个"), told)


def test_nothing_that_can_be_read_is_an_error() -> None:
    with pytest.raises(BadExport, match="no line"):
        read("只有一行字")


def test_a_long_conversation_is_read_to_its_end() -> None:
    lines = [f"2019-07-16 18:{n // 60:02}:{n % 60:02} 小满(10002)\n{n}" for n in range(1500)]
    assert [str(n) for n in range(1500)] == [one.text for one in messages(chat(*lines))]
