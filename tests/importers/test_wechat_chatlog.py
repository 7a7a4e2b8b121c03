"""Dumps of chatlog: what the cases do not show."""

import json

import pytest

from chatvault.errors import BadExport, NeedsAnswer
from chatvault.importers import wechat_chatlog
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Assumption,
    Conversation,
    Message,
    MessageKind,
    Participant,
    Record,
)

ITEM = {
    "seq": 1767139200000, "time": "2025-12-31T08:00:00+08:00", "talker": "wxid_lin0demo",
    "talkerName": "小满", "isChatRoom": False, "sender": "wxid_lin0demo", "senderName": "小满",
    "isSelf": False, "type": 1, "subType": 0, "content": "早",
}  # fmt: skip
GROUP = {"talker": "10000000001@chatroom", "talkerName": "爬山", "isChatRoom": True}


def dump(*items: dict[str, object]) -> dict[str, bytes]:
    return {"a.json": json.dumps([{**ITEM, **one} for one in items]).encode()}


def read(files: dict[str, bytes], **told: str) -> list[Record]:
    return list(wechat_chatlog.read(Source.of(files, told=Told(**told))))


def messages(files: dict[str, bytes], **told: str) -> list[Message]:
    return [one for one in read(files, **told) if isinstance(one, Message)]


def lines(*said: str) -> bytes:
    return "".join(f"{one}\n\n" for one in said).encode()


def test_the_zone_of_a_dump_is_told_and_need_not_be_assumed() -> None:
    found = read(dump({"time": "2025-12-31T08:00:00+08:00"}, {"time": "2025-12-31T00:00:00Z"}))
    assert not any(isinstance(one, Assumption) for one in found)
    times = [one.sent_at for one in found if isinstance(one, Message)]
    assert [(1767139200000, 480), (1767139200000, None)] == [
        (one.utc_ms, one.offset_minutes) for one in times if one
    ]


def test_the_other_side_is_never_the_owner_whatever_the_tool_guessed() -> None:
    people = [one for one in read(dump({"isSelf": True})) if isinstance(one, Participant)]
    assert [("wxid_lin0demo", False)] == [(one.id, one.is_me) for one in people]


def test_conversations_in_turn_are_told_one_after_the_other() -> None:
    found = read(dump({}, GROUP, {"content": "zwei"}, {**GROUP, "content": "drei"}))
    assert ["wxid_lin0demo", GROUP["talker"]] == [
        one.id for one in found if isinstance(one, Conversation)
    ]
    assert ["早", "zwei", "早", "drei"] == [one.text for one in found if isinstance(one, Message)]


def test_messages_of_one_second_stay_in_one_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wechat_chatlog, "WINDOW", 2)
    later = {"time": "2025-12-31T08:00:01+08:00"}
    found = read(dump(GROUP, later, later, {**GROUP, **later}))
    assert 2 == sum(isinstance(one, Conversation) for one in found)


def test_the_key_of_a_voice_is_the_id_of_the_server() -> None:
    voice = {"type": 34, "content": "", "contents": {"voice": "7300000000000000304"}}
    [message] = messages(dump(voice))
    assert ("7300000000000000304", "wxid_lin0demo") == (message.id, message.scope)


def test_a_year_is_taken_from_the_name_of_the_file_and_told() -> None:
    text = lines("小满(wxid_lin0demo) 12-31 08:00:00\n早")
    found = read({"wxid_lin0demo_2024-12-01_2024-12-31.txt": text}, zone="UTC")
    assert ["year"] == [one.what for one in found if isinstance(one, Assumption)]
    [message] = [one for one in found if isinstance(one, Message)]
    assert "2024-12-31T08:00:00" == message.sent_at.as_exported  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["a.txt", "a_2024-12-01_2025-01-31.txt"])
def test_a_year_that_nothing_says_is_asked_for(name: str) -> None:
    with pytest.raises(NeedsAnswer):
        read({name: lines("小满(wxid_lin0demo) 12-31 08:00:00\n早")})


def test_a_whole_date_needs_no_answer() -> None:
    [message] = messages({"a.txt": lines("小满(wxid_lin0demo) 2024-12-31 08:00:00\n早")})
    assert ("wxid_lin0demo", "早") == (message.conversation_id, message.text)


def test_a_group_that_nothing_names_is_asked_for() -> None:
    both = lines(
        "小满(wxid_lin0demo) 2024-12-31 08:00:00\n早", "吴(wxid_wu0demo) 2024-12-31 08:00:01\n早"
    )
    with pytest.raises(NeedsAnswer):
        read({"聊天.txt": both})
    found = messages({"聊天.txt": both}, conversation="10000000001@chatroom")
    assert {"10000000001@chatroom"} == {one.scope for one in found}


def test_a_line_can_name_its_room() -> None:
    text = lines("小满(wxid_lin0demo) [爬山(10000000001@chatroom)] 2024-12-31 08:00:00\n早")
    [place] = [one for one in read({"a.txt": text}) if isinstance(one, Conversation)]
    assert ("10000000001@chatroom", "爬山") == (place.id, place.title)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        ("[红包]", MessageKind.RED_PACKET, ()),
        ("[GIF表情]", MessageKind.STICKER, ()),
        ("[分享|标题|说明](https://example.org/a)", MessageKind.LINK,
         ("标题", "说明", "https://example.org/a")),
        ("[小程序|买菜]()", MessageKind.LINK, ("买菜",)),
        ("[转账|接收 ￥1.00]", MessageKind.TRANSFER, ("接收 ￥1.00",)),
        ("> [引用]\n好", MessageKind.TEXT, ()),
        ("> 好", MessageKind.TEXT, ()),
    ],
)  # fmt: skip
def test_contents_of_texts_are_what_the_tool_made_of_them(
    content: str, kind: MessageKind, words: tuple[str, ...]
) -> None:
    text = lines(f"小满(wxid_lin0demo) 2024-12-31 08:00:00\n{content}")
    [message] = messages({"a.txt": text})
    assert (kind, words) == (message.kind, message.more_text)


def test_other_lists_and_tables_are_not_claimed() -> None:
    for name, data in (("a.json", b'[{"seq": 1}]'), ("a.csv", b"Time,Sender\n"), ("a.txt", b"x\n")):
        source = Source.of({name: data})
        assert () == wechat_chatlog.recognise(source)
        with pytest.raises(BadExport):
            list(wechat_chatlog.read(source))
