"""The ChatLab format: what the cases do not show, and that it agrees with WeFlow's own JSON."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest

from chatvault.errors import BadExport
from chatvault.importers import chatlab, wechat_weflow
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Conversation,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

LIN, ME, ROOM = "wxid_lin0demo", "wxid_me0demo", "10000000001@chatroom"
T = 1767139200
ABOUT = {"version": "0.0.2", "exportedAt": 1767225600, "generator": "WeFlow"}
GROUP = {"name": "周末爬山", "platform": "wechat", "type": "group", "groupId": ROOM}
PRIVATE = {"name": "小满", "platform": "wechat", "type": "private"}


def post(sender: str = LIN, **fields: Any) -> dict[str, Any]:
    return {
        "sender": sender,
        "accountName": {LIN: "小满", ME: "阿哲"}.get(sender, sender),
        "timestamp": T,
        "type": 0,
        "content": "hello",
        "platformMessageId": "7300000000000000001",
    } | fields


def member(identifier: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"platformId": identifier, "accountName": name} | fields


def as_json(
    *posts: Any, meta: dict[str, Any] = GROUP, members: Iterable[dict[str, Any]] = ()
) -> bytes:
    tree = {"chatlab": ABOUT, "meta": meta, "members": list(members), "messages": list(posts)}
    return json.dumps(tree).encode()


def as_lines(
    *posts: Any, meta: dict[str, Any] = GROUP, members: Iterable[dict[str, Any]] = ()
) -> bytes:
    rows = [{"_type": "header", "chatlab": ABOUT, "meta": meta}]
    rows += [{"_type": "member", **one} for one in members]
    rows += [{"_type": "message", **one} for one in posts]
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def read(files: dict[str, bytes] | bytes, **told: Any) -> list[Record]:
    if isinstance(files, bytes):
        files = {"a.jsonl": files}
    source = Source.of(files, told=Told(**told))
    assert chatlab.recognise(source)
    return list(chatlab.read(source))


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


def conversations(records: list[Record]) -> list[str]:
    return [record.id for record in records if isinstance(record, Conversation)]


def people(records: list[Record]) -> dict[str, Participant]:
    return {record.id: record for record in records if isinstance(record, Participant)}


# Both forms


def test_json_and_lines_of_one_conversation_give_equal_records() -> None:
    parts = {"members": [member(LIN, "小满", groupNickname="满满")]}
    posts = [post(), post(ME, type=25, content="a[引用 小满：hello]"), post(ROOM, type=80)]
    assert read({"a.json": as_json(*posts, **parts)}) == read({"a.json": as_lines(*posts, **parts)})


WEFLOW_ROWS = [
    # label, packed number, WeFlow's content, ChatLab's number, ChatLab's content
    ("文本消息", 1, "早", 0, None),
    ("图片消息", 3, "media\\images\\1_ab.jpg", 1, None),
    ("图片消息", 3, "[图片]", 1, None),
    ("语音消息", 34, "我到了", 2, None),
    ("视频消息", 43, "[视频]", 3, None),
    ("动画表情", 47, "[动画表情]", 5, None),
    ("文件消息", 25769803825, "[文件] plan.pdf", 4, None),
    ("名片消息", 42, "[名片] 医生", 27, None),
    ("位置消息", 48, "[位置] 公园 (39.9,116.1)", 8, None),
    ("通话消息", 50, "[语音通话] 00:10", 23, None),
    ("卡片式链接", 21474836529, "[链接] 攻略", 7, "[攻略](https://example.org/p)"),
    ("小程序分享", 141733920817, "[小程序] 打车", 24, None),
    ("聊天记录合并转发", 81604378673, "[聊天记录] 群\n甲: 好", 7, None),
    ("转账消息", 8589934592049, "[转账] ￥5 (我 转账给 小满)", 99, "[转账] ￥5"),
    ("红包卡片", 8594229559345, "[红包] 恭喜", 20, None),
    ("拍一拍消息", 266287972401, '"小满" 拍了拍我', 7, None),
    ("群公告", 373662154801, "[群公告] 集合", 7, None),
    ("文本消息", 227633266737, "[接龙] 报名\n1. 甲", 7, None),
    ("引用消息", 244813135921, "行[引用 小满：[图片]]", 25, None),
]


@pytest.mark.parametrize("row", WEFLOW_ROWS, ids=[f"{i}-{r[1]}" for i, r in enumerate(WEFLOW_ROWS)])
def test_a_message_is_the_same_in_weflow_json_and_in_chatlab(
    row: tuple[str, int, str, int, str | None],
) -> None:
    label, packed, content, number, other = row
    item = {
        "localId": 1, "createTime": T, "formattedTime": "2025-12-31 08:00:00", "type": label,
        "localType": packed, "content": content, "isSend": 1, "senderUsername": ME,
        "senderDisplayName": "阿哲", "source": "", "platformMessageId": "7300000000000000001",
    }  # fmt: skip
    fields: dict[str, Any] = {"type": number, "content": other or content}
    if number == 25:
        fields["replyToMessageId"] = item["replyToMessageId"] = "7300000000000000000"
    tree = {
        "weflow": {"generator": "WeFlow"},
        "session": {"wxid": LIN, "displayName": "小满", "type": "私聊"},
        "messages": [item],
    }
    own = list(wechat_weflow.read(Source.of({"a.json": json.dumps(tree).encode()})))
    both = [member(LIN, "林小满", aliases=["小满"]), member(ME, "阿哲")]
    theirs = read(as_lines(post(ME, **fields), meta=PRIVATE, members=both))
    [one], [two] = messages(own), messages(theirs)
    for name in ("conversation_id", "scope", "id", "sender_id", "kind", "text", "reply_to_id"):
        assert getattr(one, name) == getattr(two, name), name
    assert [a.kind for a in one.attachments] == [a.kind for a in two.attachments]
    assert one.sent_at is not None
    assert two.sent_at is not None
    assert one.sent_at.utc_ms == two.sent_at.utc_ms
    assert {"wechat"} == {r.platform for r in [*own, *theirs] if isinstance(r, Conversation)}
    assert people(own)[ME].is_me
    assert people(theirs)[ME].is_me


# Recognising


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b'{"weflow":{"generator":"WeFlow"},"session":{"wxid":"a"},"messages":[]}'),
        ("a.jsonl", b'{"chatvault":"records","version":1}\n'),
        ("a.jsonl", b'{"_type":"member","platformId":"a"}\n'),
        ("a.json", b'{"text":"\\"chatlab\\": {\\"version\\": 1}"}'),
        ("a.json", b'["chatlab"]'),
        ("a.txt", b"chatlab"),
    ],
)
def test_other_exports_are_not_claimed(name: str, data: bytes) -> None:
    assert () == chatlab.recognise(Source.of({name: data}))


@pytest.mark.parametrize("form", [as_json, as_lines])
def test_a_large_picture_in_the_header_does_not_hide_the_rest(form: Any) -> None:
    picture = "data:image/png;base64," + "QUJD" * 1_000_000
    records = read({"a.json": form(post(), meta={**GROUP, "groupAvatar": picture})})
    assert 1 == len(messages(records))
    assert isinstance(records[0], Conversation)
    assert "avatar" not in records[0].extra


def test_comments_and_blank_lines_before_the_header_are_allowed() -> None:
    assert 1 == len(messages(read(b"# exported\n\n" + as_lines(post()) + b"\n# end\n")))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_lines_saved_by_another_editor_are_read(encoding: str) -> None:
    data = as_lines(post(content="周六七点")).decode().encode(encoding)
    assert ["周六七点"] == [message.text for message in messages(read(data))]


# Which conversation


@pytest.mark.parametrize(
    ("meta", "members", "told", "expected"),
    [
        ({"ownerId": ME}, [member(LIN, "林"), member(ME, "阿哲")], {}, LIN),
        ({"ownerId": ME + "_1a2b"}, [member(LIN, "林"), member(ME, "阿哲")], {}, LIN),
        ({"ownerId": ME}, [], {}, LIN),  # from those who write
        ({}, [member(LIN, "林", aliases=["小满"]), member(ME, "阿哲")], {}, LIN),
        ({}, [member(LIN, "林"), member(ME, "阿哲")], {"me": "阿哲"}, LIN),
        ({}, [member(LIN, "林"), member(ME, "阿哲")], {"me": ME}, LIN),
        ({}, [], {}, LIN),  # its name in a message is the title
        ({"name": "谁"}, [member(LIN, "林"), member(ME, "阿哲")], {}, "title:谁"),
        ({}, [member(LIN, "小满"), member("小满", "小满"), member(ME, "阿哲")], {}, LIN),
    ],
)
def test_a_private_conversation_has_the_id_of_the_other_side(
    meta: dict[str, Any], members: list[dict[str, Any]], told: dict[str, Any], expected: str
) -> None:
    data = as_lines(post(), post(ME), meta=PRIVATE | meta, members=members)
    records = read(data, **told)
    assert [expected] == conversations(records)
    assert {expected} == {message.scope for message in messages(records)}
    assert (expected == LIN) == people(records)[ME].is_me
    assert not people(records)[LIN].is_me


def test_members_and_meta_may_come_after_the_messages() -> None:
    tree = {
        "chatlab": ABOUT,
        "messages": [post(), post(ME)],
        "members": [member(LIN, "林小满", aliases=["小满"]), member(ME, "阿哲")],
        "meta": PRIVATE,
    }
    records = read({"a.json": json.dumps(tree).encode()})
    assert [LIN] == conversations(records)
    assert 2 == len(messages(records))


def test_each_header_begins_a_conversation() -> None:
    other = {**GROUP, "groupId": "10000000002@chatroom"}
    records = read(as_lines(post()) + as_lines(post(), post(), meta=other))
    assert [ROOM, "10000000002@chatroom"] == conversations(records)
    assert [0, 0, 1] == [message.seq for message in messages(records)]


def test_names_in_forwarded_bundles_do_not_become_participants() -> None:
    names = [member("示例甲", "示例甲"), member(LIN, "小满")]
    records = read(as_lines(post(), members=names))
    assert {LIN} == set(people(records))
    assert "示例甲" in people(read(as_lines(post("示例甲"), members=names)))


def test_ids_on_other_platforms_are_left_as_they_are() -> None:
    meta = {"name": "B", "platform": "Telegram", "type": "private", "ownerId": "wxid_a_1234"}
    records = read(as_lines(post("wxid_a_1234"), post("b"), meta=meta))
    assert ["b"] == conversations(records)
    assert people(records)["wxid_a_1234"].is_me
    assert isinstance(records[0], Conversation)
    assert ("telegram", "wxid_a_1234") == (records[0].platform, records[0].owner)


# Messages


@pytest.mark.parametrize("identifier", ["0", "", "7.43727E+18", None])
def test_what_is_no_id_is_missing(identifier: str | None) -> None:
    [message] = messages(read(as_lines(post(platformMessageId=identifier))))
    assert message.id is None


def test_words_in_brackets_count_only_where_the_number_says_too_little() -> None:
    kinds = [
        message.kind
        for message in messages(
            read(as_lines(*(post(type=n, content="[转账] ￥5") for n in (0, 7, 24, 99, 80))))
        )
    ]
    assert [
        MessageKind.TEXT, MessageKind.TRANSFER, MessageKind.TRANSFER, MessageKind.TRANSFER,
        MessageKind.SYSTEM,
    ] == kinds  # fmt: skip


def test_a_recall_is_marked_and_unknown_numbers_are_kept() -> None:
    recall, unknown = messages(read(as_lines(post(type=81, content="x"), post(type=6))))
    assert ((Mark.RECALLED,), MessageKind.SYSTEM) == (recall.marks, recall.kind)
    assert (MessageKind.OTHER, 6, "hello") == (unknown.kind, unknown.extra["type"], unknown.text)


# Damage


def test_lines_that_cannot_be_read_are_problems_with_their_number() -> None:
    deep = b'{"_type":"message","x":' + b"[" * 100_000
    data = as_lines(post()) + b"not json\n" + deep + b"\n[1]\n" + as_lines(post())[-200:]
    problems = [record for record in read(data) if isinstance(record, Problem)]
    assert ["line 3", "line 4", "line 5"] == [problem.part for problem in problems][:3]
    assert "not json" == problems[0].raw


def test_j06_bytes_that_are_no_text_are_told() -> None:
    data = as_lines(post(content="周六"), post(content="HERE")).replace(b"HERE", b"a\xffb")
    records = read(data)
    assert "a\ufffdb" == messages(records)[1].text
    assert "encoding" == next(r.part for r in records if isinstance(r, Problem))


def test_j07_a_json_file_cut_in_the_middle_gives_what_was_complete() -> None:
    data = as_json(*(post() for _ in range(40)))
    records = read({"a.json": data[: len(data) // 2]})
    assert 10 < len(messages(records)) < 30
    assert isinstance(records[-1], Problem)


def test_nothing_readable_is_an_error_with_a_remedy() -> None:
    source = Source.of({"a.json": b'{"chatlab":{"version":"0.0.2"},"meta":'})
    with pytest.raises(BadExport) as caught:
        list(chatlab.read(source))
    assert caught.value.remedy


@pytest.mark.parametrize(
    "piece", ["](http://", "/", "a/b.", "[引用 ", "(1,", "\\", "撤回了", "[图片]"]
)
@pytest.mark.parametrize("number", [1, 4, 7, 8, 25, 80, 99])
def test_contents_made_to_be_slow_are_not(piece: str, number: int) -> None:
    content = "[链接] [" + piece * (200_000 // len(piece)) + "]"
    started = time.perf_counter()
    read(as_lines(post(type=number, content=content), post(type=number, content=content[5:])))
    assert time.perf_counter() - started < 1
