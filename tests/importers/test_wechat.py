"""What all exports of WeChat share: types, ids, words of exporters, and XML that may be hostile."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatvault.importers._fields import Malformed
from chatvault.importers._wechat import (
    cut_quote,
    is_media_path,
    is_room,
    kind_of,
    label,
    moment,
    notice_marks,
    own_id,
    placeholder,
    same_account,
    server_id,
    split_type,
    without_sender_prefix,
)
from chatvault.importers._wechat_payload import payload, place
from chatvault.importers._wechat_xml import tree
from chatvault.model import Mark, MessageKind, Precision


@pytest.mark.parametrize(
    ("packed", "pair"),
    [
        (244813135921, (49, 57)),
        (266287972401, (49, 62)),
        (81604378673, (49, 19)),
        (8589934592049, (49, 2000)),
        (8594229559345, (49, 2001)),
        (25769803825, (49, 6)),
        (21474836529, (49, 5)),
        (34359738417, (49, 8)),
        (1, (1, 0)),
        (10000, (10000, 0)),
        (822083633, (49, 57)),  # Android
        (-1879048186, (49, 17)),
        (268445456, (10000, 0)),
    ],
)
def test_a_type_number_of_any_generation_splits_into_base_and_sub_type(
    packed: int, pair: tuple[int, int]
) -> None:
    assert pair == split_type(packed)


@given(st.integers())
def test_any_number_is_some_type(number: int) -> None:
    assert isinstance(kind_of(*split_type(number)), MessageKind)


def test_stickers_and_notes_are_not_files_whatever_their_label_says() -> None:
    assert MessageKind.STICKER is kind_of(49, 8)
    assert MessageKind.FORWARD is kind_of(49, 24)
    assert MessageKind.OTHER is kind_of(49, 4321)


@pytest.mark.parametrize(
    "value", ["000", 0, "", "7.43727E+18", "7.4e18", None, True, 7.4e18, [], " "]
)
def test_what_a_spreadsheet_or_a_local_message_has_is_no_id(value: object) -> None:
    assert server_id(value) is None


def test_a_row_number_in_the_place_of_an_id_is_no_id() -> None:
    assert server_id("88", 88) is None
    assert "7300000000000000001" == server_id(7300000000000000001, 88)


def test_the_suffix_of_the_account_folder_does_not_make_another_account() -> None:
    assert "wxid_me0demo" == own_id("wxid_me0demo_1a2b")
    assert same_account("wxid_me0demo", "wxid_me0demo_1a2b")
    assert not same_account("wxid_me0demo", "wxid_lin0demo")
    assert not same_account("", "")
    assert is_room("10000000001@chatroom")


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("wxid_wu0demo:\nhello", ("wxid_wu0demo", "hello")),
        ("laowu:\nhello", ("laowu", "hello")),  # equal to the sender
        ("custom:\n<msg><img/></msg>", ("custom", "<msg><img/></msg>")),
        ("Note:\nfoo", (None, "Note:\nfoo")),
        ("two words:\nfoo", (None, "two words:\nfoo")),
        ("x" * 129 + ":\nfoo", (None, "x" * 129 + ":\nfoo")),
    ],
)
def test_a_prefix_is_cut_only_where_it_is_a_sender(text: str, cut: tuple[str | None, str]) -> None:
    assert cut == without_sender_prefix(text, "laowu")


def test_milliseconds_are_recognised_and_whole_seconds_stay_seconds() -> None:
    assert 1767139200000 == moment(1767139200000).utc_ms == moment("1767139200").utc_ms
    assert Precision.SECOND is moment(1767139200000).precision
    with pytest.raises(Malformed):
        moment(10**30)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sure![引用 小满：when?]", ("sure!", "小满", "when?")),
        ("好看！[引用 我：[图片]]", ("好看！", "我", "[图片]")),
        ("[引用 我：half [bracket]", ("", "我", "half [bracket")),
        ("a [引用 b] c[引用 小满：d]", ("a [引用 b] c", "小满", "d")),
        ("x[引用 no name]", ("x", "", "no name")),
        ("[微笑]", None),
        ("plain", None),
    ],
)
def test_a_quote_in_brackets_is_cut_off(text: str, parts: tuple[str, str, str] | None) -> None:
    assert parts == cut_quote(text)


def test_words_of_exporters_count_only_at_the_start_and_placeholders_only_alone() -> None:
    assert ("文件", "plan.pdf") == label("[文件] plan.pdf")
    assert ("语音消息", "") == label("[语音消息 - 转文字失败]")
    assert MessageKind.IMAGE is placeholder("[图片]")
    assert placeholder("[图片] of us") is None
    assert label("[微笑]") is None


@pytest.mark.parametrize(
    "path",
    [
        "media\\images\\12_ab.jpg",
        "../images/12_ab.jpg",
        "voices/20251231/1.wav",
        "..\\videos\\my film.mp4",
    ],
)
def test_a_path_in_an_exporters_folder_is_a_media_path(path: str) -> None:
    assert is_media_path(path)


@pytest.mark.parametrize("text", ["see media/x.jpg", "media/a\nb", "photos/a.jpg", "/media/a", ""])
def test_other_text_is_no_media_path(text: str) -> None:
    assert not is_media_path(text)


def test_a_notice_of_a_recall_is_marked() -> None:
    assert (Mark.RECALLED,) == notice_marks("小满 撤回了一条消息")
    assert () == notice_marks("小满 加入了群聊")


def test_coordinates_written_the_wrong_way_round_are_turned() -> None:
    expected = {"latitude": "39.98", "longitude": "116.19"}
    assert expected == place("39.98", "116.19") == place("116.19", "39.98")
    assert {"latitude": "north"} == place("north", "")


# XML


def test_dirty_xml_is_read_all_the_same() -> None:
    node = tree('null:<?xml version="1.0"?>\n<msg><img md5="ab" length="0" length="1"/></msg>')
    assert node is not None
    assert "ab" == node.at("img").attribute("md5")  # type: ignore[union-attr]
    node = tree("wxid_a:\n<msg><!-- note --><title>A & B</title><des>cut of")
    assert node is not None
    assert "A & B" == node.value("title")


def test_x01_billion_laughs_are_refused_at_once() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a0 "ha">{entities}]><msg>&a11;</msg>'
    started = time.perf_counter()
    assert tree(bomb) is None
    assert payload(bomb) is None
    assert time.perf_counter() - started < 1


def test_x02_quadratic_entities_are_refused() -> None:
    bomb = f'<!DOCTYPE m [<!ENTITY a "{"x" * 100_000}">]><msg>{"&a;" * 10_000}</msg>'
    assert tree(bomb) is None


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE m [<!ENTITY x SYSTEM "{path}">]><msg>&x;</msg>',
        '<!DOCTYPE msg SYSTEM "{path}"><msg>a</msg>',
        '<!DOCTYPE m SYSTEM "http://127.0.0.1:9/x.dtd"><msg>a</msg>',
        '<msg xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{path}"/></msg>',
        '<!DOCTYPE m [<!ENTITY x SYSTEM "{path}">]><msg a="1" a="2">&x;</msg>',  # not well-formed
    ],
)
def test_x03_nothing_outside_is_opened(
    xml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret", encoding="utf-8")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    node = tree(xml.replace("{path}", secret.as_uri()))
    assert "DOCTYPE" not in xml or node is None
    assert node is None or "the secret" not in "".join(_texts(node))


def _texts(node: object) -> Iterator[str]:
    yield node.text  # type: ignore[attr-defined]
    for child in node.children:  # type: ignore[attr-defined]
        yield from _texts(child)


def test_x04_halves_of_an_emoji_are_joined() -> None:
    node = tree("<msg>&#55357;&#56832; &#xD83D;&#xDE00; &#55357;</msg>")
    assert node is not None
    assert "😀 😀 \ufffd" == node.text


def test_x05_characters_that_xml_forbids_become_marks() -> None:
    node = tree("<msg>a&#0;b\x0bc&#1114112;</msg>")
    assert node is not None
    assert "a\ufffdb\ufffdc\ufffd" == node.text


@pytest.mark.parametrize("xml", ["<a>" * 200_000, "<a>" * 200_000 + "</a>" * 200_000])
def test_x06_deep_nesting_is_refused(xml: str) -> None:
    assert tree(xml) is None


@pytest.mark.parametrize(
    "piece", ["<!--", "<![CDATA[", '<a "', "<a x='", "<?", "<", "&#55357;", "<a b='>", "<a>&"]
)
def test_h01_floods_of_openings_take_linear_time(piece: str) -> None:
    started = time.perf_counter()
    tree("<a>" + piece * (100_000 // len(piece)))
    assert time.perf_counter() - started < 1


def test_a_payload_beyond_the_limit_is_left_alone() -> None:
    assert tree(f'<msg a="{"x" * 5_000_000}"/>') is None


@given(st.text(alphabet="<>/ab=\"'&;#!-[]CDAT?x1 \n:", max_size=80))
def test_any_text_is_a_tree_or_none(text: str) -> None:
    tree(text)
    payload(text)


def test_a_quote_in_xml_tells_what_it_answers() -> None:
    quoted = "&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;Menu&lt;/title&gt;&lt;type&gt;5&lt;/type&gt;"
    found = payload(
        "<msg><appmsg><title>ok</title><type>57</type><refermsg><svrid>7300000000000000001</svrid>"
        "<chatusr>wxid_wu0demo</chatusr><displayname>老吴</displayname>"
        f"<content>{quoted}&lt;/appmsg&gt;&lt;/msg&gt;</content></refermsg></appmsg></msg>"
    )
    assert found is not None
    assert found.quote is not None
    assert ("ok", "7300000000000000001", "Menu") == (found.text, found.quote.id, found.quote.text)


def test_quotes_inside_quotes_end_somewhere() -> None:
    xml = "end"
    for _ in range(60):
        xml = xml.replace("&", "&amp;").replace("<", "&lt;")
        xml = (
            f"<msg><appmsg><title>t</title><type>57</type><refermsg><content>{xml}</content>"
            "</refermsg></appmsg></msg>"
        )
    found = payload(xml)
    assert found is not None
    assert "t" == found.text


def test_forwarded_bundles_inside_bundles_give_their_lines() -> None:
    inner = (
        "<recordinfo><datalist><dataitem datatype='1'><sourcename>C</sourcename>"
        "<datadesc>deep</datadesc></dataitem></datalist></recordinfo>"
    )
    found = payload(
        "<msg><appmsg><title>T</title><type>19</type><recorditem><recordinfo><datalist>"
        "<dataitem datatype='1'><sourcename>A</sourcename><datadesc>one</datadesc></dataitem>"
        f"<dataitem datatype='17'><recordxml>{inner}</recordxml></dataitem>"
        "</datalist></recordinfo></recorditem></appmsg></msg>"
    )
    assert found is not None
    assert ("T", "A: one", "C: deep") == found.words


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (
            '<sysmsg type="revokemsg"><revokemsg><newmsgid>73</newmsgid>'
            "<replacemsg><![CDATA[小满 撤回了一条消息]]></replacemsg></revokemsg></sysmsg>",
            "小满 撤回了一条消息",
        ),
        (
            '<sysmsg type="pat"><pat><template>"${wxid_a}" 拍了拍我</template></pat></sysmsg>',
            '"${wxid_a}" 拍了拍我',
        ),
        (
            '<sysmsg type="sysmsgtemplate"><sysmsgtemplate><content_template><template>'
            "$username$ joined</template><link_list><link name='username'><memberlist><member>"
            "<nickname>老吴</nickname></member></memberlist></link></link_list></content_template>"
            "</sysmsgtemplate></sysmsg>",
            "老吴 joined",
        ),
    ],
)
def test_a_notice_in_xml_has_readable_text(xml: str, text: str) -> None:
    found = payload(xml)
    assert found is not None
    assert text == found.text


def test_a_recalled_message_is_named_by_the_notice() -> None:
    found = payload(
        '<sysmsg type="revokemsg"><revokemsg><newmsgid>73</newmsgid></revokemsg></sysmsg>'
    )
    assert found is not None
    assert ({"recalled": "73"}, (Mark.RECALLED,)) == (found.facts, found.marks)


@pytest.mark.parametrize(
    ("xml", "base"),
    [
        ('<msg><videomsg playlength="7" length="9"/></msg>', 43),
        ('<msg><emoji md5="a" cdnurl="http://example.org/a"/></msg>', 47),
        ('<msg username="wxid_card" nickname="Card"/>', 42),
        ("<voipmsg type='x'><VoIPBubbleMsg><msg>通话时长 01:23</msg><room_type>1</room_type>"
         "</VoIPBubbleMsg></voipmsg>", 50),
        ("<msg><location x='1' y='2'/></msg>", 48),
    ],
)  # fmt: skip
def test_the_first_element_tells_the_type(xml: str, base: int) -> None:
    found = payload(xml)
    assert found is not None
    assert base == found.base
