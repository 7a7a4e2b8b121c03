"""qq-chat-exporter: what the cases do not show."""

import json
from typing import Any

import pytest

from chatvault.errors import BadExport
from chatvault.importers import qq_qce
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Assumption,
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

U = "u_AbC-dEf_GhIjKlMnOpQrSt"
LIN = {"uid": U, "uin": "10002", "name": "小满"}
ME = {"uid": "u_me_demo00", "uin": "10001", "name": "阿哲"}
T = 1_717_200_000_000
CHAT = {"name": "桌游小组", "type": "group", "selfUid": "u_me_demo00", "selfUin": "10001"}
META = {"name": "QQChatExporter", "version": "6.2.7"}


def element(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


def item(*elements: dict[str, Any], **fields: Any) -> dict[str, Any]:
    content = {"text": "", "elements": list(elements), "resources": [], "mentions": []}
    return {"id": "7", "timestamp": T, "sender": LIN, "content": content} | fields


def export(*items: Any, chat: dict[str, Any] | None = None, **fields: Any) -> bytes:
    head = {"metadata": META, "chatInfo": CHAT if chat is None else chat, "statistics": {}}
    return json.dumps(head | fields | {"messages": list(items)}, ensure_ascii=False).encode()


def read(
    data: bytes, name: str = "a.json", told: Told | None = None, **more: bytes
) -> list[Record]:
    return list(qq_qce.read(Source.of({name: data, **more}, told=told)))


def message(*elements: dict[str, Any], files: dict[str, bytes] | None = None, **f: Any) -> Message:
    here = Source.of({"a.json": export(item(*elements, **f)), **(files or {})})
    (found,) = (one for one in qq_qce.read(here) if isinstance(one, Message))
    return found


def conversation(name: str, /, **chat: Any) -> Conversation:
    fields = chat.pop("fields", {})
    (found,) = (
        one
        for one in read(export(item(), chat=chat, **fields), name=name)
        if isinstance(one, Conversation)
    )
    return found


@pytest.mark.parametrize(
    ("name", "chat", "expected"),
    [
        ("a.json", {"type": "group", "name": "x", "peerUin": "600000001"}, "600000001"),
        ("group_600000001_20240601_080000.json", {"type": "group", "name": "x"}, "600000001"),
        ("group_桌游_小组_600000001_20240601_080000.json", {"type": "group"}, "600000001"),
        ("group_600000001_20240601_080000 (1).json", {"type": "group"}, "600000001"),
        ("a.json", {"type": "group", "name": "桌游小组"}, "title:桌游小组"),
        ("a.json", {"type": "private", "peerUid": U, "peerUin": "10002"}, "10002"),
        ("a.json", {"type": "private", "peerUid": U}, U),
        (f"friend_{U}_20240601_080000.json", {"type": "private"}, U),
        (f"friend_小满_{U}_20240601_080000.json", {"type": "private", "name": "小满"}, U),
        ("friend_10002_20240601_080000.json", {"type": "private"}, "10002"),
        ("a.json", {"type": "private", "name": "小满"}, "title:小满"),
        ("notes.json", {"type": "private"}, "title:notes"),
    ],
)
def test_a_conversation_is_known_by_number_else_by_uid_else_by_title(
    name: str, chat: dict[str, Any], expected: str
) -> None:
    found = conversation(name, **chat)
    assert expected == found.id
    assert expected.startswith("title:") == found.title_is_id


def test_the_statistics_tell_the_number_of_a_friend() -> None:
    fields = {"statistics": {"senders": [LIN, ME]}}
    by_uid = conversation(f"friend_{U}_20240601_080000.json", type="private", fields=fields)
    by_self = conversation("a.json", type="private", selfUid="u_me_demo00", fields=fields)
    assert ("10002", "10002") == (by_uid.id, by_self.id)
    assert ConversationKind.DIRECT == by_uid.kind


def test_a_sender_without_number_is_the_one_who_had_it_before() -> None:
    items = [item(), item(id="8", sender={"uid": U, "name": "小满"})]
    found = [one.sender_id for one in read(export(*items)) if isinstance(one, Message)]
    assert ["10002", "10002"] == found


def test_who_has_the_account_is_me() -> None:
    found = read(export(item(sender=ME)))
    assert {"10001": True} == {one.id: one.is_me for one in found if isinstance(one, Participant)}


@pytest.mark.parametrize(
    ("element", "text"),
    [
        (element("face", id="14", name="/微笑"), "/微笑"),
        (element("face", id=14, name="微笑"), "[微笑]"),
        (element("at", uid="all", name="全体成员"), "@全体成员"),
        (element("markdown", content="# 标题"), "# 标题"),
        (element("system", text="某人加入了群聊", summary="提示"), "某人加入了群聊"),
        (element("wallet", summary="恭喜发财"), "恭喜发财"),
        (element("av_record", summary="语音通话 - 已取消", text="已取消"), "语音通话 - 已取消"),
        (element("calendar", summary="周五开会", msg="x"), "周五开会"),
        (element("json", title="JSON消息", content="{}"), ""),
        (element("location", title="位置消息"), ""),
    ],
)
def test_an_element_says_what_people_saw(element: dict[str, Any], text: str) -> None:
    assert text == message(element).text


@pytest.mark.parametrize(
    ("elements", "kind"),
    [
        ([element("text", text="a")], MessageKind.TEXT),
        ([element("image", filename="a.png")], MessageKind.IMAGE),
        ([element("text", text="a"), element("image", filename="a.png")], MessageKind.IMAGE),
        ([element("image", filename="a.png", subType="sticker")], MessageKind.STICKER),
        ([element("text", text="a"), element("market_face", name="鸭")], MessageKind.TEXT),
        ([element("reply", messageId="1"), element("audio", duration=3)], MessageKind.VOICE),
        ([element("forward", title="聊天记录")], MessageKind.FORWARD),
        ([element("json", content='{"app":"com.tencent.map"}')], MessageKind.LOCATION),
        ([element("json", content='{"app":"com.tencent.contact.lua"}')], MessageKind.CONTACT),
        ([element("json", content="{half")], MessageKind.LINK),
        ([element("av_record", summary="x")], MessageKind.CALL),
        ([element("text", text="a"), element("inline_keyboard", rows=[1])], MessageKind.TEXT),
        ([element("from the future", text="a")], MessageKind.OTHER),
    ],
)
def test_the_kind_comes_from_the_elements(
    elements: list[dict[str, Any]], kind: MessageKind
) -> None:
    assert kind == message(*elements, type="type_99").kind


@pytest.mark.parametrize(
    ("whole", "elements", "text"),
    [
        ("a[[微笑]]b", [element("face", id="1", name="[微笑]")], "a[微笑]b"),
        ("a[微笑]b", [element("face", id="1", name="微笑")], "a[微笑]b"),
        ("a[图片]b", [element("image", filename="image.jpg")], "ab"),
        ("[回复 : 几点]\n七点", [element("reply", senderName="", content="几点")], "七点"),
        ("@小满 来吗", [element("at", uid=U, name="小满")], "@小满 来吗"),
        ("a[语音]", [element("audio", filename="b.amr")], "a"),
    ],
)
def test_words_that_stand_for_later_elements_are_no_text(
    whole: str, elements: list[dict[str, Any]], text: str
) -> None:
    content = {"text": whole, "elements": [element("text", text=whole), *elements]}
    assert text == message(content=content).text


def test_a_text_that_holds_the_words_of_no_element_stays_whole() -> None:
    whole = "[图片: a.png]"
    content = {"text": whole, "elements": [element("text", text=whole)]}
    assert whole == message(content=content).text
    typed = {"text": "[合并转发: 2条]", "elements": [element("text", text="[合并转发: 2条]")]}
    assert MessageKind.TEXT == message(content=typed, type="type_1").kind


def test_a_notice_is_one_whatever_is_in_it() -> None:
    assert MessageKind.SYSTEM == message(element("text", text="a"), system=True).kind
    assert (Mark.RECALLED,) == message(element("text", text="a"), recalled=True).marks


@pytest.mark.parametrize(
    ("reference", "file"),
    [
        ("images/x.png", "resources/images/x.png"),
        ("resources/images/x.png", "resources/images/x.png"),
        ("images\\x.png", "resources/images/x.png"),
        ("C:\\Users\\me\\resources\\images\\x.png", "resources/images/x.png"),
        ("/home/me/x.png", "resources/images/x.png"),
        ("images/X.PNG", "elsewhere/x.png"),
        ("images/x.png", "images/x.png"),
    ],
)
def test_a_file_is_found_however_a_version_refers_to_it(reference: str, file: str) -> None:
    found = message(element("image", filename="a", localPath=reference), files={file: b"x"})
    assert [(file, AttachmentState.PRESENT)] == [(a.path, a.state) for a in found.attachments]


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({"localPath": "images/x.png"}, AttachmentState.MISSING_FILE),
        ({"localPath": "../../x.png"}, AttachmentState.MISSING_FILE),
        ({"url": "resources/images/x.png"}, AttachmentState.MISSING_FILE),
        ({"url": "https://example.org/x?rkey=1"}, AttachmentState.REMOTE_ONLY),
        ({"url": "/download?appid=1"}, AttachmentState.REMOTE_ONLY),
        ({"url": ""}, AttachmentState.ABSENT_NOT_EXPORTED),
        ({}, AttachmentState.ABSENT_NOT_EXPORTED),
    ],
)
def test_a_file_that_is_not_there_says_why(data: dict[str, str], state: AttachmentState) -> None:
    (found,) = message(element("image", filename="x.png", **data)).attachments
    assert (None, state) == (found.path, found.state)


def test_a_file_that_only_its_name_leads_to_is_found_in_its_folder() -> None:
    found = message(element("image", filename="x.png"), files={"resources/images/x.png": b"x"})
    assert ["resources/images/x.png"] == [one.path for one in found.attachments]


def test_a_resource_fills_in_what_its_element_does_not_say() -> None:
    content = {
        "elements": [element("image", filename="a.png"), element("image", filename="b.png")],
        "resources": [
            {"type": "image", "filename": "a.png", "localPath": "images/a.png", "size": 5},
            {"type": "image", "filename": "b.png", "localPath": "images/b.png", "size": 6},
            {"type": "file", "filename": "c.pdf"},
        ],
    }
    found = message(content=content, files={"resources/images/b.png": b"x"}).attachments
    assert [
        Attachment(
            name="a.png", state=AttachmentState.MISSING_FILE, kind=MessageKind.IMAGE,
            as_exported="images/a.png", size=5, stable_name=False,
        ),
        Attachment(
            name="b.png", path="resources/images/b.png", kind=MessageKind.IMAGE,
            as_exported="images/b.png", size=6, stable_name=False,
        ),
        Attachment(name="c.pdf", state=AttachmentState.ABSENT_NOT_EXPORTED),
    ] == list(found)  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"referencedMessageId": "5", "messageId": "6"}, "5"),
        ({"referencedMessageId": None, "messageId": "6"}, "6"),
        ({"referencedMessageId": None, "messageId": "0"}, None),
        ({}, None),
    ],
)
def test_a_reply_leads_to_its_message_where_the_tool_found_it(
    reply: dict[str, Any], expected: str | None
) -> None:
    assert expected == message(element("reply", **reply)).reply_to_id


def test_quoted_words_can_be_searched_and_placeholders_not() -> None:
    assert ("老话",) == message(element("reply", content="老话")).more_text
    for nothing in ("[图片]", "原消息", "[视频:a.mp4]"):
        assert () == message(element("reply", content=nothing)).more_text


def gaps(*numbers: int, **chat: Any) -> list[str]:
    items = [item(id=str(n), seq=str(n)) for n in numbers]
    found = read(export(*items, chat={**CHAT, **chat}))
    return [one.value for one in found if isinstance(one, Assumption) and one.what == "complete"]


def test_gaps_in_the_numbers_of_a_group_are_told() -> None:
    assert [] == gaps(1, 2, 7, 8)
    assert ["5 numbers missing"] == gaps(1, 2, 8)
    assert ["16 numbers missing"] == gaps(1, 8, 19)
    assert [] == gaps(8, 2, 9)
    assert [] == gaps(1, 100, type="private", name="小满")


def test_a_time_of_whole_seconds_is_one() -> None:
    assert "second" == message().sent_at.precision  # type: ignore[union-attr]
    assert "millisecond" == message(timestamp=T + 5).sent_at.precision  # type: ignore[union-attr]
    assert message() == message(timestamp=str(T))


def test_a_clock_counts_only_where_there_is_no_time() -> None:
    told = Told(zone="Europe/Berlin")
    late = item(timestamp=0, time="2024-06-01 08:00:00")
    found = [one for one in read(export(item(), late), told=told) if isinstance(one, Message)]
    assert [T, T + 6 * 3_600_000] == [one.sent_at.utc_ms for one in found if one.sent_at]


def chunks(*names: str, listed: Any = None) -> Source:
    manifest = {"metadata": META, "chatInfo": CHAT, "statistics": {}, "chunked": {"chunks": listed}}
    files = {"manifest.json": json.dumps(manifest).encode()}
    for number, name in enumerate(names):
        files[name] = json.dumps(item(id=str(number + 1))).encode() + b"\n"
    return Source.of(files)


def ids(source: Source) -> list[str | None]:
    return [one.id for one in qq_qce.read(source) if isinstance(one, Message)]


def test_chunks_are_found_with_and_without_their_list() -> None:
    names = ("chunks/c000001.jsonl", "chunks/c000002.jsonl")
    assert ["1", "2"] == ids(chunks(*names))
    assert ["2", "1"] == ids(chunks(*names, listed=[{"relativePath": names[1]}]))
    assert ["1", "2"] == ids(chunks(*names, listed=[{"file": "c000001.jsonl"}, "x", {}]))


def test_a_chunk_that_is_missing_is_told() -> None:
    here = chunks("chunks/c000001.jsonl", listed=[{"fileName": "c000009.jsonl"}])
    found = [one.part for one in qq_qce.read(here) if isinstance(one, Problem)]
    assert ["chunks/c000009.jsonl"] == found


def test_folders_of_chunks_beside_their_media_are_one_export() -> None:
    inner = chunks("chunks/c000001.jsonl")
    files = {}
    for name in inner.entries:
        with inner.open(name) as file:
            files[f"group_600000001_20240601_080000_chunked_jsonl/{name}"] = file.read()
    here = Source.of({**files, "resources/images/x.png": b"x"})
    assert qq_qce.recognise(here)
    assert ["1"] == ids(here)
    (found,) = (one for one in qq_qce.read(here) if isinstance(one, Conversation))
    assert "600000001" == found.id


@pytest.mark.parametrize(
    "data",
    [
        b'{"metadata":{"name":"Other"},"chatInfo":{},"messages":[]}',
        b'{"chatInfo":{},"metadata":{"name":"QQChatExporter"}}',
        b'{"metadata":{"name":"QQChatExporter"},"messages":[]}',
        b"[QQChatExporter V5 / https://github.com/shuakami/qq-chat-exporter]",
    ],
)
def test_other_files_are_not_claimed(data: bytes) -> None:
    assert () == qq_qce.recognise(Source.of({"a.json": data}))


def test_nothing_that_can_be_read_is_an_error() -> None:
    with pytest.raises(BadExport):
        list(qq_qce.read(Source.of({"a.json": b'{"metadata":{"name":"QQChatExporter"}'})))
