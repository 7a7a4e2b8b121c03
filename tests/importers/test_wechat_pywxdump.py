"""PyWxDump and WeClone: one header for two tools, and pages that belong together."""

import csv
import io
import json

import pytest

from chatvault.importers import wechat_pywxdump, wechat_weclone
from chatvault.importers._pywxdump import COLUMNS, COLUMNS_SHORT
from chatvault.importers._source import Source
from chatvault.model import (
    Assumption,
    AttachmentState,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

LIN = "wxid_lin0demo"


def table(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    return out.getvalue().encode()


def row(msg: str = "hi", **cells: str) -> dict[str, str]:
    return {
        "id": "1", "MsgSvrID": "73001", "type_name": "文本", "is_sender": "0", "talker": LIN,
        "room_name": LIN, "msg": msg, "src": "", "CreateTime": "2024-05-01 21:10:05", **cells,
    }  # fmt: skip


def clone(msg: str = "hi", **cells: str) -> dict[str, str]:
    english = {"type_name": "text", "talker": "小满", "CreateTime": "2025-12-31T00:00:00.000Z"}
    return row(msg, **{**english, **cells})


def read(files: dict[str, bytes], name: str = LIN) -> list[Record]:
    return list(wechat_pywxdump.read(Source.of(files, name=name)))


def messages(files: dict[str, bytes], name: str = LIN) -> list[Message]:
    return [x for x in read(files, name) if isinstance(x, Message)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (table(row()), (True, False)),
        (table(row(), columns=COLUMNS_SHORT), (True, False)),
        (table(row(CreateTime="2025-12-31T00:00:00.000Z"), columns=COLUMNS_SHORT), (False, True)),
        (table(clone(), columns=COLUMNS_SHORT), (False, True)),
        (table(columns=COLUMNS_SHORT), (True, False)),
        (b"id,msg\n1,2\n", (False, False)),
    ],
    ids=["rooms", "early", "clocks of UTC", "English", "no rows", "another"],
)
def test_one_tool_claims_a_file_and_never_both(data: bytes, expected: tuple[bool, bool]) -> None:
    source = Source.of({"a.csv": data}, name="csv")
    found = (bool(wechat_pywxdump.recognise(source)), bool(wechat_weclone.recognise(source)))
    assert expected == found


def test_pages_that_follow_each_other_are_one_transcript() -> None:
    pages = {
        f"{LIN}_5000_10000.csv": table(row("b", MsgSvrID="2")),
        f"{LIN}_0_5000.csv": table(row("a")),
        f"{LIN}_10000_15000.csv": table(row("c", MsgSvrID="3")),
    }
    found = read(pages)
    assert 1 == sum(isinstance(x, Conversation) for x in found)
    assert [("a", 0), ("b", 1), ("c", 2)] == [
        (x.text, x.seq) for x in found if isinstance(x, Message)
    ]


def test_pages_that_overlap_are_two_transcripts() -> None:
    pages = {f"{LIN}_0_5000.csv": table(row("a")), f"{LIN}_4000_9000.csv": table(row("a"))}
    assert 2 == sum(isinstance(x, Conversation) for x in read(pages))


def test_the_conversation_is_the_room_else_the_name_of_the_file() -> None:
    room = {"x_0_5000.csv": table(row(room_name="1@chatroom"))}
    assert ConversationKind.GROUP is read(room, "x")[1].kind  # type: ignore[union-attr]
    early = {f"{LIN}_0_5000.csv": table(row(), columns=COLUMNS_SHORT)}
    assert LIN == read(early, "csv")[1].id  # type: ignore[union-attr]


def test_direction_is_told_by_the_flag_and_not_by_the_name() -> None:
    mine = [row("a", is_sender="1", talker="我"), row("b", is_sender="1", talker="wxid_zhe0demo")]
    found = read({"a.csv": table(*mine)})
    assert ["name:我", "wxid_zhe0demo"] == [x.sender_id for x in found if isinstance(x, Message)]
    assert all(x.is_me for x in found if isinstance(x, Participant))


@pytest.mark.parametrize("number", ["", "0", "7.43727E+18"])
def test_what_is_no_id_of_the_server_is_none(number: str) -> None:
    assert messages({"a.csv": table(row(MsgSvrID=number))})[0].id is None


def test_a_file_of_the_apps_own_cache_is_missing_and_never_looked_for_elsewhere() -> None:
    picture = row("图片", type_name="图片", src="FileStorage\\MsgAttach\\0f\\Image\\a1.dat")
    files = {"a.csv": table(picture), "other/a1.dat": b"x", "x/a1.dat": b"y"}
    [message] = messages(files)
    assert AttachmentState.MISSING_FILE is message.attachments[0].state
    assert "a1.dat" == message.attachments[0].name


@pytest.mark.parametrize(
    ("name", "msg", "kind", "words"),
    [
        ("语音", "语音时长：2.00秒\n翻译结果：马上到", MessageKind.VOICE, ("马上到",)),
        ("(分享)小程序", "地铁图", MessageKind.LINK, ("地铁图",)),
        ("位置", "纬度:【39.9】 经度:【116.4】\n位置：天安门\n其他信息：{}", MessageKind.LOCATION,
         ("天安门",)),
        ("转账", "转账：￥5.00", MessageKind.TRANSFER, ("转账：￥5.00",)),
        ("语音通话", "语音/视频通话[通话时长 00:21]", MessageKind.CALL,
         ("语音/视频通话[通话时长 00:21]",)),
        ("引用回复", "好\n\n[引用](2024-05-01 21:10:05)小满:几点", MessageKind.TEXT, ("几点",)),
    ],
)  # fmt: skip
def test_kinds_are_told_by_their_names(
    name: str, msg: str, kind: MessageKind, words: tuple[str, ...]
) -> None:
    [message] = messages({"a.csv": table(row(msg, type_name=name))})
    assert (kind, words) == (message.kind, message.more_text)
    assert msg in {message.extra.get("msg"), *(one.as_exported for one in message.attachments)}


def test_a_spreadsheets_clock_without_seconds_is_a_minute() -> None:
    [message] = messages({"a.csv": table(row(CreateTime="2024/10/4 11:42"))})
    assert ("2024-10-04T11:42", "minute") == (
        message.sent_at.as_exported, message.sent_at.precision,  # type: ignore[union-attr]
    )  # fmt: skip


def test_clocks_of_utc_need_no_zone() -> None:
    source = Source.of({"小满.csv": table(clone(), columns=COLUMNS_SHORT)}, name="小满")
    found = list(wechat_weclone.read(source))
    assert [] == [x for x in found if isinstance(x, Assumption)]
    assert (1767139200000, "second", None) == (
        found[-1].sent_at.utc_ms, found[-1].sent_at.precision,  # type: ignore[union-attr]
        found[-1].sent_at.offset_minutes,  # type: ignore[union-attr]
    )  # fmt: skip


def test_a_broken_list_of_names_costs_the_names_only() -> None:
    found = read({f"{LIN}_0_5000.csv": table(row("a")), "users.json": b"{"})
    assert ["a"] == [x.text for x in found if isinstance(x, Message)]
    assert ["users.json"] == [x.file for x in found if isinstance(x, Problem)]


def test_a_json_page_and_a_csv_page_tell_the_same() -> None:
    item = {**row("a"), "id": 1, "is_sender": 0, "extra": {}}
    one = messages({f"{LIN}_0_9.json": json.dumps([item]).encode()})
    other = messages({f"{LIN}_0_9.csv": table(row("a"))})
    assert one == other
