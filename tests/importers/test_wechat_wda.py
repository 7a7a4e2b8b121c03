"""WeChatDataAnalysis: what the cases do not show."""

import json

import pytest

from chatvault.errors import BadExport
from chatvault.importers import wechat_wda
from chatvault.importers._source import Source, Told
from chatvault.model import Conversation, Message, MessageKind, Participant, Problem, Record

MANIFEST = json.dumps(
    {
        "schemaVersion": 1, "exportId": "demo0001", "account": "wxid_me0demo", "format": "json",
        "options": {"includeMedia": False, "privacyMode": False}, "stats": {"messagesExported": 1},
    }
)  # fmt: skip
FOLDER = "conversations/0001_小满_wxid_lin0demo_0f0f0f0f/"
ITEM = {
    "id": "message_0:msg_demo:1", "serverId": 7300000000000000071, "createTime": 1767139200,
    "type": 1, "renderType": "text", "isSent": False, "senderUsername": "wxid_lin0demo",
    "conversationUsername": "wxid_lin0demo", "content": "早", "senderDisplayName": "小满",
}  # fmt: skip
HEAD = (
    '{\n  "schemaVersion": 1,\n  "exportedAt": "2026-01-01T08:00:00",\n'
    '  "account": "wxid_me0demo",\n'
    '  "conversation": {"username": "wxid_lin0demo", "displayName": "小满", "isGroup": false},\n'
    '  "filters": {},\n  "messages": [\n'
)
TEXT_HEAD = "会话: 小满 (wxid_lin0demo)\n账号: wxid_me0demo\n导出时间: 2026-01-01T08:00:00\n\n"


def item(**changes: object) -> str:
    return json.dumps({**ITEM, **changes}, ensure_ascii=False)


def page(*items: str, end: str = "\n  ]\n}\n") -> str:
    return HEAD + ",\n".join("    " + one for one in items) + end


def read(files: dict[str, str], manifest: str = MANIFEST) -> list[Record]:
    data = {name: text.encode() for name, text in {"manifest.json": manifest, **files}.items()}
    return list(wechat_wda.read(Source.of(data, told=Told(zone="Asia/Shanghai"))))


def messages(*items: str) -> list[Message]:
    found = read({FOLDER + "messages.json": page(*items)})
    return [one for one in found if isinstance(one, Message)]


def test_a_message_that_is_no_json_costs_only_its_line() -> None:
    broken = item(content="@").replace('"@"', '"a " inside"')
    found = read({FOLDER + "messages.json": page(item(serverId=1), broken, item(serverId=3))})
    assert ["1", "3"] == [one.id for one in found if isinstance(one, Message)]
    [problem] = [one for one in found if isinstance(one, Problem)]
    assert ("messages[1], line 9", True) == (problem.part, broken in problem.raw)


def test_a_file_that_breaks_off_gives_what_was_complete_and_a_problem() -> None:
    found = read({FOLDER + "messages.json": page(item(), item(serverId=2)[:60], end="")})
    assert ["7300000000000000071"] == [one.id for one in found if isinstance(one, Message)]
    parts = [one.part for one in found if isinstance(one, Problem)]
    assert ["messages[1], line 9", "end"] == parts


def test_the_same_in_other_spacing_gives_the_same() -> None:
    whole = page(item(), item(serverId=2, content="晚"))
    compact = json.dumps(json.loads(whole), ensure_ascii=False)
    name = FOLDER + "messages.json"
    assert read({name: whole}) == read({name: compact}) == read({name: whole.replace("\n", "\r\n")})


def test_json_wins_over_text_of_the_same_conversation() -> None:
    text = TEXT_HEAD + "[2025-12-31 08:00:00] 小满(wxid_lin0demo): 早\n"
    found = read({FOLDER + "messages.json": page(item()), FOLDER + "messages.txt": text})
    assert ["7300000000000000071"] == [one.id for one in found if isinstance(one, Message)]


def test_one_conversation_taken_out_of_the_export_is_recognised() -> None:
    for files in (
        {"messages.json": page(item())},
        {"messages.txt": TEXT_HEAD + "[2025-12-31 08:00:00] 小满(wxid_lin0demo): 早\n"},
    ):
        source = Source.of({name: text.encode() for name, text in files.items()})
        assert wechat_wda.recognise(source)
        [place] = [one for one in wechat_wda.read(source) if isinstance(one, Conversation)]
        assert ("wxid_lin0demo", "wxid_me0demo") == (place.id, place.owner)


@pytest.mark.parametrize("name", ["messages.html", "messages.xlsx"])
def test_pages_and_tables_are_answered_with_what_to_do(name: str) -> None:
    with pytest.raises(BadExport) as caught:
        read({FOLDER + name: "x"})
    assert "JSON" in caught.value.remedy


@pytest.mark.parametrize(
    ("code", "drawn", "expected"),
    [
        (1, "text", MessageKind.TEXT),
        (42, "text", MessageKind.CONTACT),
        (49, "text", MessageKind.TEXT),
        (244813135921, "quote", MessageKind.TEXT),
        (5, "redPacket", MessageKind.RED_PACKET),
        (34, "somethingNew", MessageKind.VOICE),
        (1234, "somethingNew", MessageKind.OTHER),
    ],
)
def test_what_the_tool_drew_is_believed_before_the_number(
    code: int, drawn: str, expected: MessageKind
) -> None:
    assert expected is messages(item(type=code, renderType=drawn, content="x"))[0].kind


@pytest.mark.parametrize("number", [0, "", "7.43727E+18"])
def test_what_is_no_id_of_the_server_is_none(number: object) -> None:
    assert messages(item(serverId=number))[0].id is None


def test_a_placeholder_that_somebody_typed_is_their_text() -> None:
    [message] = messages(item(content="[图片]"))
    assert (MessageKind.TEXT, "[图片]", ()) == (message.kind, message.text, message.attachments)


def test_rows_of_the_account_are_the_owners_whatever_suffix_its_folder_has() -> None:
    text = TEXT_HEAD.replace("me0demo", "me0demo_1a2b")
    line = "[2025-12-31 08:00:00] 阿哲(wxid_me0demo_1a2b): 早\n"
    found = read({FOLDER + "messages.txt": text + line})
    [person] = [one for one in found if isinstance(one, Participant)]
    assert ("wxid_me0demo", True) == (person.id, person.is_me)


def test_a_redacted_export_does_not_share_ids_with_the_full_one() -> None:
    hidden = MANIFEST.replace('"privacyMode": false', '"privacyMode": true')
    found = read({"conversations/0001_single_0f0f/messages.json": page(item())}, hidden)
    [place] = [one for one in found if isinstance(one, Conversation)]
    [message] = [one for one in found if isinstance(one, Message)]
    assert "wxid_lin0demo" not in {place.id, message.scope, message.sender_id}


def test_J01_a_list_nested_too_deep_is_a_problem() -> None:
    deep = item(content="@").replace('"@"', "[" * 80 + "]" * 80)
    found = read({FOLDER + "messages.json": page(deep, item())})
    assert 1 == sum(isinstance(one, Problem) for one in found)
    assert 1 == sum(isinstance(one, Message) for one in found)
