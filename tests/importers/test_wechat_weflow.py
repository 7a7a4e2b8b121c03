"""WeChat JSON of WeFlow, EchoTrace and CipherTalk: what the cases do not show."""

import json
from typing import Any

import pytest

from chatvault.errors import BadExport
from chatvault.importers import wechat_weflow
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

LIN, ME, ROOM = "wxid_lin0demo", "wxid_me0demo", "10000000001@chatroom"
WEFLOW = {"version": "1.0.3", "exportedAt": 1767225600, "generator": "WeFlow"}
CIPHERTALK = {"version": "0.0.2", "generator": "CipherTalk", "format": "detailed-json"}
T = 1767139200


def session(**fields: Any) -> dict[str, Any]:
    return {"wxid": LIN, "displayName": "小满", "type": "私聊", "messageCount": 1} | fields


def item(**fields: Any) -> dict[str, Any]:
    return {
        "localId": 1,
        "createTime": T,
        "type": "文本消息",
        "localType": 1,
        "content": "hello",
        "isSend": 0,
        "senderUsername": LIN,
        "senderDisplayName": "小满",
        "platformMessageId": "7300000000000000001",
    } | fields


def export(*items: Any, **fields: Any) -> bytes:
    tree = {"weflow": WEFLOW, "session": session(), "messages": list(items)} | fields
    return json.dumps(tree).encode()


def read(files: dict[str, bytes], **told: Any) -> list[Record]:
    source = Source.of(files, told=Told(**told))
    assert wechat_weflow.recognise(source)
    return list(wechat_weflow.read(source))


def messages(*items: Any, files: dict[str, bytes] | None = None, **fields: Any) -> list[Message]:
    records = read({"a.json": export(*items, **fields)} | (files or {}))
    return [record for record in records if isinstance(record, Message)]


def one(files: dict[str, bytes] | None = None, **fields: Any) -> Message:
    [message] = messages(item(**fields), files=files)
    return message


def people(records: list[Record]) -> dict[str, Participant]:
    return {record.id: record for record in records if isinstance(record, Participant)}


# Recognising

PICTURE = "data:image/png;base64," + "QUJD" * 1_500_000


@pytest.mark.parametrize(
    "tree",
    [
        {"weflow": WEFLOW, "session": {"avatar": PICTURE} | session(), "messages": [item()]},
        {"exportInfo": CIPHERTALK, "session": {"avatar": PICTURE} | session(), "messages": []},
        {"session": session() | {"avatar": PICTURE}, "messages": [item()]},
    ],
    ids=["WeFlow", "CipherTalk", "EchoTrace"],
)
def test_a_large_picture_before_the_messages_does_not_hide_them(tree: dict[str, Any]) -> None:
    source = Source.of({"x.json": json.dumps(tree).encode()})
    assert wechat_weflow.recognise(source)
    [conversation] = [r for r in wechat_weflow.read(source) if isinstance(r, Conversation)]
    assert len(str(conversation.extra)) < 100_000


@pytest.mark.parametrize(
    "tree",
    [
        {"chatlab": {"version": "0.0.2"}, "meta": {"name": "a"}, "session": session()},
        {"schemaVersion": 1, "conversation": {"username": LIN}, "messages": []},
        {"name": "小满", "type": "personal_chat", "id": 1, "messages": []},
        {"exportInfo": {"generator": "Other"}, "messages": []},
        {"session": {"wxid": LIN}},
        [item()],
        "weflow",
    ],
)
def test_other_exports_are_not_claimed(tree: object) -> None:
    data = json.dumps(tree, ensure_ascii=False).encode()
    assert () == wechat_weflow.recognise(Source.of({"messages.json": data}))


def test_a_file_saved_as_utf_16_is_read() -> None:
    data = export(item()).decode().encode("utf-16")
    assert 1 == sum(isinstance(record, Message) for record in read({"a.json": data}))


def test_other_json_beside_it_is_left_alone() -> None:
    records = read({"a.json": export(item()), "b.json": b'{"some": "settings"}'})
    assert 1 == sum(isinstance(record, Conversation) for record in records)


# Damage


def test_j07_a_file_cut_in_the_middle_gives_what_was_complete() -> None:
    items = [item(platformMessageId=str(7300000000000000000 + n)) for n in range(1, 50)]
    data = export(*items)
    records = read({"a.json": data[: len(data) // 2]})
    found = [record for record in records if isinstance(record, Message)]
    assert 20 < len(found) < 30
    assert isinstance(records[-1], Problem)
    assert "end" == records[-1].part


def test_one_file_that_is_damaged_does_not_hide_the_others() -> None:
    records = read(
        {"a.json": b'{"weflow": {"generator": "WeFlow"}, "ses', "b.json": export(item())}
    )
    assert [Problem, Conversation, Participant, Message] == [type(record) for record in records]


def test_an_export_with_nothing_readable_says_so() -> None:
    source = Source.of({"a.json": b'{"weflow": {"generator": "WeFlow"}, "ses'})
    with pytest.raises(BadExport) as caught:
        list(wechat_weflow.read(source))
    assert caught.value.remedy


def test_j05_half_an_emoji_becomes_a_mark() -> None:
    assert "half \ufffd" == one(content="half \ud83d").text


def test_j01_an_item_that_is_nested_too_deep_is_one_problem() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    records = read({"a.json": export(item(extra=deep), item())})
    assert [Problem, Message] == [type(record) for record in records[2:]]


def test_an_item_that_is_malformed_does_not_hide_its_sender() -> None:
    records = read({"a.json": export(item(createTime=None, isSend=1, senderUsername=ME),
                                     item(isSend=1, senderUsername=ME))})  # fmt: skip
    assert people(records)[ME].is_me


# Where things stand in the file


def test_the_session_may_come_last() -> None:
    tree = {"weflow": WEFLOW, "messages": [item()], "session": session()}
    records = read({"a.json": json.dumps(tree).encode()})
    assert isinstance(records[0], Conversation)
    assert LIN == records[0].id


def test_senders_may_come_after_the_messages() -> None:
    row = item(senderID=4)
    del row["senderUsername"], row["senderDisplayName"]
    table = [{"senderID": 4, "wxid": "wxid_wu0demo", "displayName": "老吴", "nickname": "吴"}]
    [message] = messages(row, senders=table)
    assert "wxid_wu0demo" == message.sender_id


def test_members_who_never_wrote_are_told_as_well() -> None:
    members = [{"wxid": "wxid_quiet0demo", "displayName": "静", "groupNickname": "静静"}]
    records = read({"a.json": export(item(), groupMembers=members)})
    assert ("静静",) == people(records)["wxid_quiet0demo"].aliases


def test_pictures_of_people_are_carried_unless_they_are_large() -> None:
    pictures = {LIN: {"displayName": "林小满", "base64": "QUJD"}, ME: PICTURE}
    records = read({"a.json": export(item(), item(isSend=1, senderUsername=ME), avatars=pictures)})
    assert "data:;base64,QUJD" == people(records)[LIN].extra["avatar"]
    assert "avatar" not in people(records)[ME].extra


def test_a_conversation_without_id_has_its_title_from_the_file_name() -> None:
    tree = {"weflow": WEFLOW, "session": {"type": "私聊"}, "messages": [item()]}
    data = json.dumps(tree).encode()
    conversation = read({"私聊_Lin  Man_20250101-至今.json": data})[0]
    assert isinstance(conversation, Conversation)
    assert ("title:lin man", "Lin  Man", True) == (
        conversation.id,
        conversation.title,
        conversation.title_is_id,
    )


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"wxid": ROOM}, ConversationKind.GROUP),
        ({"isGroup": True}, ConversationKind.GROUP),
        ({"wxid": "gh_news0demo"}, ConversationKind.CHANNEL),
        ({"type": "公众号"}, ConversationKind.CHANNEL),
        ({}, ConversationKind.DIRECT),
    ],
)
def test_groups_and_official_accounts_are_known(
    fields: dict[str, Any], kind: ConversationKind
) -> None:
    conversation = read({"a.json": export(item(), session=session(**fields))})[0]
    assert isinstance(conversation, Conversation)
    assert kind is conversation.kind


# Who


def test_whoever_sends_is_the_owner() -> None:
    records = read({"a.json": export(item(), item(isSend=1, senderUsername=ME))})
    assert not people(records)[LIN].is_me
    assert people(records)[ME].is_me


def test_directions_turned_round_do_not_make_the_other_side_the_owner() -> None:
    """EchoTrace before 1.2.0."""
    records = read({"a.json": export(item(isSend=1), item(isSend=0, senderUsername=ME))})
    assert not people(records)[LIN].is_me


def test_the_owner_is_known_with_and_without_the_suffix_of_the_folder() -> None:
    head = session(wxid=ROOM, ownerId=ME + "_1a2b")
    records = read({"a.json": export(item(senderUsername=ME), session=head)})
    assert isinstance(records[0], Conversation)
    assert ME == records[0].owner
    assert people(records)[ME].is_me


def test_the_person_may_say_who_they_are() -> None:
    records = read({"a.json": export(item(), item(senderUsername=ME, senderDisplayName="阿哲"))},
                   me="阿哲")  # fmt: skip
    assert people(records)[ME].is_me


def test_rows_about_a_group_have_no_sender() -> None:
    row = item(type="系统消息", localType=10000, senderUsername=ROOM, content="老吴 撤回了一条消息")
    [message] = messages(row, session=session(wxid=ROOM))
    assert (None, MessageKind.SYSTEM, (Mark.RECALLED,)) == (
        message.sender_id,
        message.kind,
        message.marks,
    )


def test_a_row_without_sender_in_a_private_conversation_is_from_the_other_side() -> None:
    assert LIN == one(senderUsername=None, senderDisplayName="").sender_id


def test_a_name_that_changes_is_told_again() -> None:
    records = read({"a.json": export(item(), item(senderDisplayName="满"))})
    assert ["小满", "满"] == [r.name for r in records if isinstance(r, Participant)]


# What


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "文件消息", "localType": 34359738417}, MessageKind.STICKER),
        ({"type": "文件消息", "localType": 103079215153}, MessageKind.FORWARD),
        ({"type": "文件消息", "localType": 25769803825}, MessageKind.FILE),
        ({"type": "转账消息", "localType": 49}, MessageKind.TRANSFER),
        ({"type": "转账消息", "localType": 1}, MessageKind.TRANSFER),
        ({"type": "链接消息", "localType": 49, "appMsgType": "2001"}, MessageKind.RED_PACKET),
        ({"type": "其他消息", "localType": 81604378673}, MessageKind.FORWARD),
        ({"type": "未知类型(47)", "localType": None}, MessageKind.STICKER),
        ({"type": "文本消息", "rawContent": "<msg><img/></msg>"}, MessageKind.TEXT),
        ({"type": "链接消息", "rawContent": "<msg><img/></msg>"}, MessageKind.IMAGE),
        ({"type": None, "localType": None, "content": "[图片]"}, MessageKind.IMAGE),
        ({"type": None, "localType": None}, MessageKind.TEXT),
        ({"type": "whatever", "localType": 999}, MessageKind.OTHER),
    ],
)
def test_xml_wins_over_label_and_label_over_number(
    fields: dict[str, Any], kind: MessageKind
) -> None:
    assert kind is one(**fields).kind


def test_a_typed_placeholder_stays_text() -> None:
    message = one(content="[图片]")
    assert ("[图片]", ()) == (message.text, message.attachments)


def test_a_quote_leaves_the_text_where_the_message_is_known_to_be_a_reply() -> None:
    content = "sure[引用 小满：when?]"
    message = one(content=content, replyToMessageId="7300000000000000009")
    assert ("sure", ("when?",), "7300000000000000009") == (
        message.text,
        message.more_text,
        message.reply_to_id,
    )
    assert content == one(content=content).text


@pytest.mark.parametrize("identifier", ["0", "", "7.43727E+18", "1", None])
def test_what_is_no_server_id_is_no_id(identifier: str | None) -> None:
    """`1` is the row of the item: CipherTalk writes it where there is no server id."""
    assert one(platformMessageId=identifier).id is None


def test_the_clock_beside_the_time_tells_the_offset_if_it_can_be_one() -> None:
    for clock, minutes in [
        ("2025-12-31 08:00:00", 480),
        ("2025-12-30 19:00:00", -300),
        ("2024-12-31 08:00:00", None),
        ("nonsense", None),
    ]:
        sent_at = one(formattedTime=clock).sent_at
        assert sent_at is not None
        assert minutes == sent_at.offset_minutes
        assert ("unix", T * 1000) == (sent_at.basis, sent_at.utc_ms)


# Media

PNG = b"\x89PNG\r\n\x1a\n"
IMAGE = {"type": "图片消息", "localType": 3}


def attached(name: str, content: str, *there: str, **fields: Any) -> Attachment:
    data = export(item(**(IMAGE | {"content": content} | fields)))
    records = read({name: data} | dict.fromkeys(there, PNG))
    [message] = [record for record in records if isinstance(record, Message)]
    [attachment] = message.attachments
    assert "" == message.text
    return attachment


@pytest.mark.parametrize(
    ("name", "content", "there"),
    [
        ("a.json", "media\\images\\12_ab.jpg", "media/images/12_ab.jpg"),
        ("a.json", "media\\私聊_小满\\images\\12_ab.jpg", "media/私聊_小满/images/12_ab.jpg"),
        ("texts/a.json", "..\\images\\12_ab.jpg", "images/12_ab.jpg"),
        ("texts/a.json", "images\\12_ab.jpg", "images/12_ab.jpg"),
        ("a.json", "[图片] images/20251231/1767139200_ab.jpg", "images/20251231/1767139200_ab.jpg"),
        ("a.json", "media\\images\\12_AB.jpg", "media/images/12_ab.JPG"),
        ("a.json", f"media/images/12_{'ab' * 16}.jpg", f"pictures/12_{'ab' * 16}.jpg"),
        ("a.json", "media/images/12_ab.jpg", "images/12_ab.jpg"),
    ],
)
def test_media_are_found_in_every_layout(name: str, content: str, there: str) -> None:
    attachment = attached(name, content, there)
    assert (there, AttachmentState.PRESENT) == (attachment.path, attachment.state)


@pytest.mark.parametrize(
    ("content", "there"),
    [
        ("media/小满/images/7.jpg", "media/老吴/images/7.jpg"),
        ("../../../etc/images/passwd.jpg", "other.txt"),
        ("media/images/7.wav", "media/images/7.wav"),  # two media of one second: not a picture
    ],
)
def test_a_file_of_something_else_is_not_taken(content: str, there: str) -> None:
    attachment = attached("a.json", content, there)
    assert (None, AttachmentState.MISSING_FILE) == (attachment.path, attachment.state)
    assert content == attachment.as_exported


def test_only_documents_keep_their_name_between_exports() -> None:
    assert not attached("a.json", "media/images/12_ab.jpg").stable_name
    file = attached("a.json", "[文件] plan.pdf", type="文件消息", localType=25769803825)
    assert ("plan.pdf", True) == (file.name, file.stable_name)


def test_a_sticker_with_an_address_is_remote_and_nothing_is_fetched() -> None:
    address = "http://emoji.example.org/ab"
    fields = {"type": "动画表情", "localType": 47, "emojiCdnUrl": address}
    sticker = attached("a.json", "[动画表情]", **fields)
    assert (AttachmentState.REMOTE_ONLY, address) == (sticker.state, sticker.as_exported)
    there = attached("a.json", "media/emojis/ab.gif", "media/emojis/ab.gif", **fields)
    assert AttachmentState.PRESENT is there.state


def test_what_was_said_in_a_voice_can_be_searched() -> None:
    voice = {"type": "语音消息", "localType": 34}
    for content in ("I am home", "[语音消息] voices/20251231/1767139200.wav I am home"):
        message = one(content=content, **voice)
        assert ("", ("I am home",)) == (message.text, message.more_text)
        assert MessageKind.VOICE is message.attachments[0].kind


def test_a_media_path_of_echotrace_stands_in_a_field_of_its_own() -> None:
    path = "media/voices/7.wav"
    fields = {"type": "语音消息", "localType": 34, "content": "[语音消息]", "mediaPath": path}
    [attachment] = one({path: b"RIFF"}, **fields).attachments
    assert path == attachment.path
