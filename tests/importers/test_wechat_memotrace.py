"""MemoTrace: what its files say, and what can be made of those that say less."""

import csv
import io
import json
from collections.abc import Iterable

import pytest

from chatvault.errors import EmptyExport
from chatvault.importers import _memotrace_tables, wechat_memotrace
from chatvault.importers._memotrace_csv import FIRST, FIRST_SHORT, SECOND
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Assumption,
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

FOLDER = "小满(wxid_lin0demo)"
LIN = ("小满", "林小满", "wxid_lin0demo")
WU = ("老吴", "吴建国", "wxid_wu0demo")


def table(*rows: Iterable[str], encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def one(
    text: str, kind: int = 1, sub: int = 0, *, at: int = 1_700_000_000, me: bool = False,
    who: tuple[str, ...] = LIN, talker: int = 3,
) -> list[str]:  # fmt: skip
    """A row of the first generation."""
    who = ("", "阿哲", "wxid_zhe0demo") if me else who
    return ["7", str(talker), str(kind), str(sub), str(int(me)), str(at), "", text, "", *who]


def two(text: str, kind: str = "文本", *, who: str = "小满", number: str = "73001") -> list[str]:
    """A row of the second generation."""
    return [number, kind, who, "2025-02-01 20:00:00", text, who, who, "more"]


def page(*items: object) -> bytes:
    return json.dumps(items, ensure_ascii=False, indent=4).encode()


def item(**fields: object) -> dict[str, object]:
    return {
        "type": "1", "is_send": False, "timestamp": 1738411200, "server_id": "73001",
        "display_name": "小满", "avatar_src": "", "xml_dict": {}, **fields,
    }  # fmt: skip


def source(files: dict[str, bytes], name: str = FOLDER, **told: str) -> Source:
    return Source.of(files, name=name, told=Told(**told))


def read(files: dict[str, bytes], name: str = FOLDER, **told: str) -> list[Record]:
    return list(wechat_memotrace.read(source(files, name, **told)))


def messages(files: dict[str, bytes], name: str = FOLDER, **told: str) -> list[Message]:
    return [x for x in read(files, name, **told) if isinstance(x, Message)]


def places(files: dict[str, bytes], name: str = FOLDER) -> list[Conversation]:
    return [x for x in read(files, name) if isinstance(x, Conversation)]


# Recognising


def test_it_is_known_by_its_headers_and_keys_and_not_by_its_names() -> None:
    for header in (FIRST, FIRST_SHORT, SECOND):
        assert wechat_memotrace.recognise(source({"any.csv": table(header)}))
    assert wechat_memotrace.recognise(source({"a.html.json": page(item())}))
    assert not wechat_memotrace.recognise(source({"聊天记录.csv": table(["a", "b"])}))
    assert not wechat_memotrace.recognise(source({"a.html.json": page({"type": 1})}))
    assert not wechat_memotrace.recognise(source({"a.json": page(item())}))


def test_what_only_looks_like_it_is_not_claimed() -> None:
    files = {"小满.html": b"const chatMessages = [", "小满.txt": b"x", "小满.xlsx": b"PK"}
    files |= {"a.md": b"## 2024\n\ntext\n", "contact.csv": b"UserName,Alias\n"}
    assert not wechat_memotrace.recognise(source(files))


def test_a_training_set_is_not_claimed() -> None:
    talk = page({"conversations": [{"role": "user", "content": "hi"}]})
    assert not wechat_memotrace.recognise(source({"小满_train.json": talk}))


def test_a_header_without_rows_is_an_empty_export() -> None:
    with pytest.raises(EmptyExport):
        read({"小满.csv": table(SECOND)})


# Which conversation


def test_the_folder_names_the_conversation() -> None:
    [place] = places({"小满.csv": table(SECOND, two("hi"))})
    assert ("wxid_lin0demo", "小满", ConversationKind.DIRECT) == (place.id, place.title, place.kind)
    [place] = places({"x.csv": table(SECOND, two("hi"))}, "爬山(1号线)(10000000001@chatroom)")
    assert ("10000000001@chatroom", "爬山(1号线)") == (place.id, place.title)
    assert ConversationKind.GROUP is place.kind


def test_without_such_a_folder_the_file_names_it() -> None:
    [place] = places({"小满(1).csv": table(SECOND, two("hi"))}, "Downloads")
    assert ("title:小满", True) == (place.id, place.title_is_id)


def test_each_file_is_a_transcript_of_its_own() -> None:
    files = {"小满.csv": table(SECOND, two("hi")), "小满(1).csv": table(SECOND, two("hi"))}
    found = [x.seq for x in messages(files)]
    assert [0, 0] == found
    assert 2 == len(places(files))


def test_page_and_table_of_one_conversation_meet_by_the_id_of_the_server() -> None:
    files = {"小满.csv": table(SECOND, two("hi")), "小满.html.json": page(item(text="hi"))}
    first, second = messages(files)
    same = ("wxid_lin0demo", "wxid_lin0demo", "73001", "hi", 1738411200000)
    assert same == (first.scope, first.sender_id, first.id, first.text, first.sent_at.utc_ms)  # type: ignore[union-attr]
    assert same == (second.scope, second.sender_id, second.id, second.text, second.sent_at.utc_ms)  # type: ignore[union-attr]


def test_a_first_generation_conversation_of_two_has_the_id_of_its_other_side() -> None:
    [place] = places({"小满_utf8.csv": table(FIRST, one("hi"), one("ho", me=True))}, "小满")
    assert ("wxid_lin0demo", "小满") == (place.id, place.title)


def test_one_speaker_of_a_group_does_not_make_it_a_conversation_of_two() -> None:
    [place] = places({"周末爬山_utf8.csv": table(FIRST, one("hi"))}, "周末爬山")
    assert ("title:周末爬山", ConversationKind.GROUP) == (place.id, place.kind)


def test_all_conversations_of_an_account_are_told_apart_by_their_number() -> None:
    rows = [one("a"), one("b", who=WU, talker=4), one("c", me=True), one("d", who=WU, talker=4)]
    found = read({"messages.csv": table(FIRST, *rows)}, "data")
    told = [x.id for x in found if isinstance(x, Conversation)]
    assert ["wxid_lin0demo", "wxid_wu0demo"] == told
    assert ["a", "c", "b", "d"] == [x.text for x in found if isinstance(x, Message)]
    assert ["conversation"] == [x.what for x in found if isinstance(x, Assumption)]


def test_rows_of_one_second_stay_in_one_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_memotrace_tables, "WINDOW", 2)
    rows = [one("a"), one("ok", at=1_700_000_001), one("ok", at=1_700_000_001), one("b", at=9**9)]
    found = read({"messages.csv": table(FIRST, *rows, one("c", at=10**9))}, "data")
    assert [["a", "ok", "ok"], ["b", "c"]] == [texts for texts in _by_transcript(found) if texts]


def _by_transcript(records: list[Record]) -> list[list[str]]:
    found: list[list[str]] = []
    for record in records:
        if isinstance(record, Conversation):
            found.append([])
        elif isinstance(record, Message):
            found[-1].append(record.text)
    return found


# Who


def test_in_a_conversation_of_two_all_but_the_other_side_are_the_owner() -> None:
    files = {"小满.csv": table(SECOND, two("a"), two("b", who="阿哲", number="73002"))}
    people = [x for x in read(files) if isinstance(x, Participant)]
    assert [("wxid_lin0demo", False), ("name:阿哲", True)] == [(x.id, x.is_me) for x in people]


def test_nobody_is_the_owner_where_the_title_is_nobodys_name() -> None:
    files = {"x.csv": table(SECOND, two("a"), two("b", who="阿哲", number="73002"))}
    people = [x for x in read(files, "改过的备注(wxid_lin0demo)") if isinstance(x, Participant)]
    assert [False, False] == [x.is_me for x in people]


def test_rows_of_nine_cells_tell_the_owner_from_the_other_side() -> None:
    rows = [one("a")[:9], one("b", me=True)[:9]]
    found = messages({"小满_utf8.csv": table(FIRST, *rows)}, "小满", me="阿哲")
    assert ["name:小满", "name:阿哲"] == [x.sender_id for x in found]


def test_the_avatar_of_a_page_tells_the_id_of_its_sender() -> None:
    files = {"g.html.json": page(item(text="x", avatar_src="./avatar/wxid_wu0demo.png"))}
    assert "wxid_wu0demo" == messages(files, "g(1@chatroom)")[0].sender_id
    files = {"g.html.json": page(item(text="x", avatar_src="https://example.org/wxid_wu0demo.png"))}
    assert "name:小满" == messages(files, "g(1@chatroom)")[0].sender_id


# What


@pytest.mark.parametrize("number", ["", "0", "7.43727E+18"])
def test_what_is_no_id_of_the_server_is_none(number: str) -> None:
    assert messages({"小满.csv": table(SECOND, two("hi", number=number))})[0].id is None


@pytest.mark.parametrize(
    ("kind", "content", "expected", "words"),
    [
        ("图片", "【图片】", MessageKind.IMAGE, ()),
        ("语音", "【语音】记得带伞", MessageKind.VOICE, ("记得带伞",)),
        ("表情包", "【表情包】 点头", MessageKind.STICKER, ("点头",)),
        ("音视频通话", "【音视频通话】\n通话时长 03:21", MessageKind.CALL, ("通话时长 03:21",)),
        ("转账", "【发起转账】:￥12.00\n备注: 油费\n", MessageKind.TRANSFER, ("油费",)),
        ("红包", "【红包】: 恭喜发财", MessageKind.RED_PACKET, ("恭喜发财",)),
        ("位置分享", "【位置分享】\n坐标: (39.9,116.4)\n名称: 天安门\n标签: 东城区\n",
         MessageKind.LOCATION, ("天安门", "东城区")),
        ("个人/公众号名片", "【名片】\n微信号:abc\n昵称: 队长\n", MessageKind.CONTACT,
         ("abc", "队长")),
        ("收藏笔记", "【笔记】\n帐篷\n手电\n", MessageKind.FORWARD, ("帐篷\n手电",)),
    ],
)  # fmt: skip
def test_rendered_content_is_words_to_search_and_kept_as_it_is(
    kind: str, content: str, expected: MessageKind, words: tuple[str, ...]
) -> None:
    [message] = messages({"小满.csv": table(SECOND, two(content, kind))})
    assert (expected, "", words) == (message.kind, message.text, message.more_text)
    assert content == message.extra["内容"]


def test_what_somebody_typed_is_text_even_if_it_looks_like_a_placeholder() -> None:
    [message] = messages({"小满.csv": table(SECOND, two("【图片】"))})
    assert (MessageKind.TEXT, "【图片】") == (message.kind, message.text)


def test_formulas_stay_literal() -> None:
    assert "=1+1" == messages({"小满.csv": table(SECOND, two("=1+1"))})[0].text


def test_content_that_was_not_exported_leaves_a_message_of_its_kind() -> None:
    [reply, file] = messages(
        {"小满_utf8.csv": table(FIRST, one("", 49, 57), one("", 49, 6))}, "小满"
    )
    assert (MessageKind.TEXT, "") == (reply.kind, reply.text)
    assert MessageKind.FILE is file.attachments[0].kind


def test_a_notice_of_a_recalled_message_is_marked() -> None:
    [message] = messages({"小满_utf8.csv": table(FIRST, one("你撤回了", 10000, 57))}, "小满")
    assert ((Mark.RECALLED,), None) == (message.marks, message.sender_id)


def test_the_clock_beside_the_seconds_tells_the_offset() -> None:
    row = one("hi")
    row[8] = "2023-11-14 23:13:20"
    [message] = messages({"小满_utf8.csv": table(FIRST, row)}, "小满")
    assert 60 == message.sent_at.offset_minutes  # type: ignore[union-attr]
    # A spreadsheet dropped the 50 seconds: no zone is 59 minutes away.
    row[5], row[8] = "1700000030", "2023/11/14 23:13"
    [message] = messages({"小满_utf8.csv": table(FIRST, row)}, "小满")
    assert (None, 1_700_000_030_000) == (
        message.sent_at.offset_minutes, message.sent_at.utc_ms,  # type: ignore[union-attr]
    )  # fmt: skip


def test_a_zone_that_was_told_is_used_and_is_no_assumption() -> None:
    found = read({"小满.csv": table(SECOND, two("hi"))}, zone="Europe/Berlin")
    assert [] == [x for x in found if isinstance(x, Assumption)]
    assert 1738436400000 == found[-1].sent_at.utc_ms  # type: ignore[union-attr]


def test_a_path_out_of_the_export_is_a_missing_file() -> None:
    bad = item(type="3", path="../../../../etc/passwd")
    [message] = messages({"小满.html.json": page(bad), "etc/passwd": b"x"})
    assert AttachmentState.MISSING_FILE is message.attachments[0].state


# Damage


def test_c01_a_quote_that_is_never_closed_costs_one_row() -> None:
    rows = table(SECOND, two("a"))
    broken = b'73002,\xe6\x96\x87\xe6\x9c\xac,x,2025-02-01 20:00:01,"never closed,x,x,more\r\n'
    last = table(two("b", number="73003"), encoding="utf-8")
    found = read({"小满.csv": rows + broken + last})
    assert ["a", "b"] == [x.text for x in found if isinstance(x, Message)]
    assert ["line 3"] == [x.part for x in found if isinstance(x, Problem)]


def test_j07_a_page_that_breaks_off_gives_what_was_complete() -> None:
    data = page(item(text="a"), item(text="b", server_id="73002"), item(text="c"))
    found = read({"小满.html.json": data[: -len(data) // 6]})
    assert ["a", "b"] == [x.text for x in found if isinstance(x, Message)]
    assert isinstance(found[-1], Problem)


def test_j06_a_table_saved_again_by_a_spreadsheet_is_read_and_told() -> None:
    data = table(SECOND, two("明天几点出发"), encoding="gb18030")
    found = read({"小满.csv": data})
    assert "明天几点出发" == found[-1].text  # type: ignore[union-attr]
    assert "gb18030" in [x.value for x in found if isinstance(x, Assumption)]


# Pages, texts and the list of contacts


SHELL = (
    '<p id="title">%s</p><div id="chat-container"></div><script>const chatMessages = %s</script>'
)


def old_page(*items: str, title: str = "小满") -> bytes:
    return (SHELL % (title, "[\n" + "".join(items) + "\n];")).encode()


def old_item(text: str, *, me: bool = False, at: int = 1_700_000_000, more: str = "") -> str:
    name = "阿哲" if me else "小满"
    return (
        f"{{ type:1, text: '{text}',is_send:{int(me)},avatar_path:'https://example.org/a',"
        f"timestamp:{at},is_chatroom:0,displayname:'{name}'{more}}},"
    )


def texts(*blocks: str) -> bytes:
    return "".join(f"{block}\n\n" for block in blocks).encode()


HI = "2023-11-15 06:13:20 小满\n早"
HO = "2023-11-15 06:13:30 阿哲\n嗯"


def test_the_json_behind_a_page_wins_over_the_page() -> None:
    files = {"小满.html": old_page(old_item("page")), "小满.html.json": page(item(text="json"))}
    assert ["json"] == [one.text for one in messages(files)]


def test_a_page_that_the_tool_could_not_write_has_no_messages() -> None:
    [problem] = read({"小满.html": old_page(old_item("示例"), title="出错了")})
    assert isinstance(problem, Problem)


def test_table_page_and_text_of_one_conversation_have_one_sender_and_one_place() -> None:
    files = {
        "小满_utf8.csv": table(FIRST, one("早"), one("嗯", me=True, at=1_700_000_010)),
        "小满.html": old_page(old_item("早"), old_item("嗯", me=True, at=1_700_000_010)),
        "小满.txt": texts(HI, HO, HI.replace("13:20", "14:00")),
    }
    found = messages(files, "小满")
    keys = {(x.conversation_id, x.sender_id, x.text, x.sent_at.utc_ms) for x in found}  # type: ignore[union-attr]
    assert {
        ("wxid_lin0demo", "wxid_lin0demo", "早", 1_700_000_000_000),
        ("wxid_lin0demo", "wxid_zhe0demo", "嗯", 1_700_000_010_000),
        ("wxid_lin0demo", "wxid_lin0demo", "早", 1_700_000_040_000),
    } == keys
    assert 7 == len(found)


def test_a_title_with_a_quote_in_it_does_not_cost_its_message() -> None:
    broken = old_item("x", more=",sub_type:5,title:'It's late',url:'https://example.org'")
    [first, second] = messages(
        {"小满.html": old_page(broken.replace("type:1", "type:49"), old_item("y"))}
    )
    assert (MessageKind.LINK, "It's late") == (first.kind, first.more_text[0])
    assert "y" == second.text


def test_H03_markup_that_somebody_typed_is_text() -> None:
    typed = '&lt;img id="微笑" class="emoji_img"&gt; &amp;lt;'
    [message] = messages({"小满.html": old_page(old_item(typed))})
    assert '<img id="微笑" class="emoji_img"> &lt;' == message.text


@pytest.mark.parametrize(
    ("files", "name", "expected"),
    [
        ({"a.txt": texts(HI, HO, HI)}, "Downloads", True),
        ({"a.txt": texts(HI)}, "Downloads", False),
        ({"a.txt": texts(HI)}, FOLDER, True),
        ({"a.txt": texts(HI), "image/1.png": b"x"}, "Downloads", True),
        ({"a.txt": texts("notes", HI, HO, HI)}, FOLDER, False),
        ({"a.txt": texts(*[x.replace(" 小满", " '小满'") for x in (HI, HI, HI)])}, FOLDER, False),
        ({"a.txt": "消息记录（此消息记录为文本格式，不支持重新导入）\n\n".encode() + texts(HI)},
         FOLDER, False),
    ],
)  # fmt: skip
def test_a_text_is_known_by_its_first_lines_and_a_second_sign(
    files: dict[str, bytes], name: str, expected: bool
) -> None:
    assert expected == bool(wechat_memotrace.recognise(source(files, name)))


def test_a_text_of_a_group_has_nobody_as_its_owner() -> None:
    files = {"爬山.txt": texts(HI, HO, HI.replace("小满", "老吴"))}
    people = [x for x in read(files, "x") if isinstance(x, Participant)]
    assert [False, False, False] == [x.is_me for x in people]
    assert [ConversationKind.GROUP] == [x.kind for x in places(files, "x")]


def test_contacts_give_names_to_people_and_no_messages() -> None:
    header = "UserName,Alias,Type,Remark,NickName,PYInitial,RemarkPYInitial,smallHeadImgUrl"
    rows = f"{header},bigHeadImgUrl,label\nwxid_lin0demo,lin1990,3,小满,林小满,,,,,\n"
    rows += "10000000001@chatroom,,2,,周末爬山,,,,,\n,,3,谁,,,,,,\n"
    found = read({"contacts.csv": rows.encode("utf-8-sig")}, "data")
    people = [x for x in found if isinstance(x, Participant)]
    assert [("wxid_lin0demo", "小满", ("lin1990",), ("林小满",))] == [
        (x.id, x.name, x.handles, x.aliases) for x in people
    ]
    assert ["小满", "周末爬山"] == [x.title for x in found if isinstance(x, Conversation)]
    assert ["no UserName"] == [x.reason for x in found if isinstance(x, Problem)]


def test_a_table_of_a_spreadsheet_is_answered_with_what_to_do() -> None:
    with pytest.raises(EmptyExport) as caught:
        read({"小满.xlsx": b"PK"})
    assert ".xlsx" in caught.value.remedy
