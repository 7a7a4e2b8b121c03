"""Texts of WeFlow and EchoTrace: what the cases do not show."""

import pytest

from chatvault.errors import BadExport
from chatvault.importers import wechat_weflow_text
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

HEAD = "2025-12-31 08:0{}:00 '{}'\n{}\n\n"


def plain(*said: tuple[str, str]) -> bytes:
    return "".join(HEAD.format(n, name, text) for n, (name, text) in enumerate(said)).encode()


def marked(*bodies: str, head: str = "- 会话ID: `wxid_lin0demo`\n- 会话类型: 私聊\n") -> bytes:
    texts = [f"## 2025-12-31 08:0{n}:00 小满\n\n{body}\n\n" for n, body in enumerate(bodies)]
    return (f"# 小满\n\n{head}\n---\n\n" + "".join(texts)).encode()


def read(files: dict[str, bytes], **told: str) -> list[Record]:
    return list(wechat_weflow_text.read(Source.of(files, told=Told(**told))))


def messages(files: dict[str, bytes], **told: str) -> list[Message]:
    return [one for one in read(files, **told) if isinstance(one, Message)]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.txt", plain(("小满", "x")), True),
        ("a.txt", plain(("小满", "x")).replace(b"'", b'"'), True),
        ("a.txt", plain(("小满", "x")).replace(b"'", b""), False),
        ("a.txt", b"notes\n" + plain(("x", "x")), False),
        ("a.md", marked("x"), True),
        ("a.md", b"# 2025\n\n## later\n", False),
    ],
)
def test_a_text_is_known_by_its_first_line(name: str, data: bytes, expected: bool) -> None:
    assert expected == bool(wechat_weflow_text.recognise(Source.of({name: data})))


def test_json_of_the_same_name_wins() -> None:
    files = {"小满.txt": plain(("小满", "x")), "小满.json": b"{}"}
    assert () == wechat_weflow_text.recognise(Source.of(files))


def test_the_owner_is_called_me_only_in_conversations_of_two() -> None:
    found = read({"小满.txt": plain(("小满", "x"), ("我", "y"))})
    people = [(one.id, one.is_me) for one in found if isinstance(one, Participant)]
    assert [("name:小满", False), ("name:我", True)] == people
    found = read({"g.txt": plain(("小满", "x"), ("老吴", "z"), ("我", "y"))})
    assert not any(one.is_me for one in found if isinstance(one, Participant))


def test_the_owner_can_be_told_by_id() -> None:
    found = messages({"小满.txt": plain(("小满", "x"), ("我", "y"))}, me="wxid_me0demo")
    assert ["name:小满", "wxid_me0demo"] == [one.sender_id for one in found]


def test_the_conversation_can_be_told_by_id() -> None:
    found = messages({"小满.txt": plain(("小满", "x"))}, conversation="wxid_lin0demo")
    assert [("wxid_lin0demo", "wxid_lin0demo")] == [
        (one.conversation_id, one.sender_id) for one in found
    ]


def test_an_answer_about_one_conversation_is_not_given_to_several() -> None:
    files = {"小满.txt": plain(("小满", "x")), "老吴.txt": plain(("老吴", "y"))}
    found = messages(files, conversation="wxid_lin0demo")
    assert {"title:小满", "title:老吴"} == {one.conversation_id for one in found}


def test_markdown_says_whose_conversation_it_is() -> None:
    [place] = [one for one in read({"x.md": marked("y")}) if isinstance(one, Conversation)]
    assert ("wxid_lin0demo", "小满", ConversationKind.DIRECT) == (place.id, place.title, place.kind)


@pytest.mark.parametrize(
    ("body", "kind", "text", "words"),
    [
        (r"\*\*x\*\* \_y\_ 1\.5 \\ \`z\`", MessageKind.TEXT, r"**x** _y_ 1.5 \ `z`", ()),
        ("**x** 1.5", MessageKind.TEXT, "**x** 1.5", ()),
        ("> 阿哲: eins\n> zwei\n\ndrei", MessageKind.TEXT, "drei", ("eins\nzwei",)),
        ("[a\\[b\\]](https://example.org/x)", MessageKind.LINK, "",
         ("a[b]", "https://example.org/x")),
        ("\\[图片\\]", MessageKind.IMAGE, "", ()),
        ("[语音文件](media/voices/1.wav)\n\n听见的话", MessageKind.VOICE, "", ("听见的话",)),
    ],
)  # fmt: skip
def test_markdown_means_what_was_sent(
    body: str, kind: MessageKind, text: str, words: tuple[str, ...]
) -> None:
    [message] = messages({"x.md": marked(body)})
    assert (kind, text, words) == (message.kind, message.text, message.more_text)


def test_a_line_that_is_no_header_belongs_to_the_message() -> None:
    [message] = messages({"小满.txt": plain(("小满", "x\n\n2025-12-31 08:00:00 ohne Namen"))})
    assert "x\n\n2025-12-31 08:00:00 ohne Namen" == message.text


def test_what_stands_over_the_first_message_of_markdown_is_told() -> None:
    found = read({"x.md": marked("y", head="verirrte Zeile\n")})
    assert ["verirrte Zeile"] == [one.raw.strip() for one in found if isinstance(one, Problem)]


def test_nothing_of_ours_is_an_error_with_a_remedy() -> None:
    with pytest.raises(BadExport) as caught:
        read({"x.txt": b"x"})
    assert "JSON" in caught.value.remedy
