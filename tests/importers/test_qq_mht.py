"""QQ's own .mht export: what the cases do not show."""

import time

import pytest

from archives import Counted
from cases import CASES
from chatvault.errors import BadExport, NeedsAnswer
from chatvault.importers import qq_mht, qq_text
from chatvault.importers._source import Entry, Source, Told
from chatvault.model import Conversation, Message, MessageKind, Problem, Record
from chatvault.vault import content_key
from test_mht import HEAD, mht, part, picture

TABLE = "<html><table><tr><td>nothing</td></tr></table></html>"


def row(body: str, *, name: str = "小满(10002)", clock: str = "18:15:05") -> str:
    return (
        f"<tr><td><div style=color:#42B475;><div style=float:left;>{name}</div>{clock}</div>"
        f"<div style=padding-left:20px;>{body}</div></td></tr>\n"
    )


def day(text: str = "2019-07-16") -> str:
    return f"<tr><td>日期: {text}</td></tr>\n"


def page(*rows: str, title: str = "桌游小组") -> bytes:
    head = f"<html><table><tr><td><div>消息对象:{title}</div></td></tr>"
    return mht().replace(TABLE.encode(), (head + "".join(rows) + "</table></html>").encode())


def read(*rows: str, told: Told | None = None) -> list[Record]:
    return list(qq_mht.read(Source.of({"a.mht": page(*rows)}, told=told)))


def messages(*rows: str, told: Told | None = None) -> list[Message]:
    return [one for one in read(*rows, told=told) if isinstance(one, Message)]


def text(body: str) -> str:
    (message,) = messages(day(), row(body))
    return message.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<font>a &get; b &lt;c&gt; &amp;amp;</font>", "a > b <c> &amp;"),
        ("<font color='1'>a</font><br><font>b<br>c</font>", "a\nb\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<font>&copy=1&lt</font>", "&copy=1&lt"),
        ("<font>&#20013;&#x6587;&#0;</font>", "中文\ufffd"),
        ("<font>a&nbsp;&nbsp;b</font>", "a  b"),
        ("<font>1 < 2</font>", "1 < 2"),
        ("<B>粗</B><i>斜</i><u>线</u>", "粗斜线"),
    ],
)
def test_text_is_as_it_was_sent(body: str, expected: str) -> None:
    assert expected == text(body)


def test_what_somebody_writes_cannot_pass_for_a_row() -> None:
    typed = "&lt;/td&gt;&lt;/tr&gt;&lt;tr&gt;&lt;td&gt;日期: 2001-01-01"
    (message,) = messages(day(), row(f"<font>{typed}</font>"))
    assert "</td></tr><tr><td>日期: 2001-01-01" == message.text


def test_a_date_counts_until_the_next_one() -> None:
    found = messages(day(), row("a"), row("b"), day("2019-7-17"), row("c"))
    assert ["16", "16", "17"] == [m.sent_at.as_exported[8:10] for m in found if m.sent_at]


@pytest.mark.parametrize(
    ("date", "order", "expected"),
    [
        ("2019年7月6日 星期六", None, "2019-07-06"),
        ("2019/7/6", None, "2019-07-06"),
        ("7/16/2019", None, "2019-07-16"),
        ("16/7/2019", None, "2019-07-16"),
        ("7/6/2019", "mdy", "2019-07-06"),
        ("7/6/2019", "dmy", "2019-06-07"),
        ("5/5/2019", None, "2019-05-05"),
    ],
)
def test_dates_are_read_in_every_order_that_is_certain(
    date: str, order: str | None, expected: str
) -> None:
    (message,) = messages(day(date), row("a"), told=Told(date_order=order))
    assert message.sent_at is not None
    assert expected == message.sent_at.as_exported[:10]


def test_a_date_of_which_nobody_knows_the_month_is_asked_for() -> None:
    with pytest.raises(NeedsAnswer):
        read(day("7/6/2019"), row("a"))


def test_a_date_that_is_none_leaves_messages_without_one() -> None:
    found = read(day("2019-13-45"), row("a"), day(), row("b"))
    assert ["a date that is none", "a message without a date above it"] == [
        one.reason for one in found if isinstance(one, Problem)
    ]
    assert ["b"] == [one.text for one in found if isinstance(one, Message)]


def test_rows_need_no_lines_of_their_own() -> None:
    lines = [day(), row("a"), row("b")]
    together = [one.replace("\n", "") for one in lines]
    assert messages(*lines) == messages(*together)


def test_what_stands_behind_the_page_is_not_read() -> None:
    data = page(day(), row("a")).replace(
        b"</table></html>", b"</table></html>\n\n" + part("{G}.dat", "AAAA").encode()
    )
    data += row("b").encode()
    found = [one for one in qq_mht.read(Source.of({"a.mht": data})) if isinstance(one, Message)]
    assert ["a"] == [one.text for one in found]


def test_only_the_page_is_read_and_not_the_pictures_behind_it() -> None:
    pictures = b"".join(picture(number, bytes(200_000)).encode() for number in range(50))
    data = page(day(), row("a")).replace(b"</html>\r\n", b"</html>\n\n" + pictures)
    counted = Counted(data)
    here = Source("export", {"a.mht": Entry(len(data), counted.open)})
    assert 1 == sum(isinstance(one, Message) for one in qq_mht.read(here))
    assert len(data) > 10_000_000
    assert counted.read < 1_000_000


def test_a_page_that_breaks_off_gives_what_was_complete_and_the_rest_as_a_problem() -> None:
    data = page(day(), row("a"), row("b"))
    cut = data[: data.index(b"</div></td></tr>", data.index(b">b<") - 2)]
    found = list(qq_mht.read(Source.of({"a.mht": cut})))
    assert ["a"] == [one.text for one in found if isinstance(one, Message)]
    (problem,) = (one for one in found if isinstance(one, Problem))
    assert problem.raw.endswith(">b")


def test_several_conversations_are_several_transcripts() -> None:
    second = (
        "<tr><td><div>消息分组:我的好友</div></td></tr><tr><td><div>消息对象:小满</div></td></tr>"
    )
    found = read(day(), row("a"), second, day(), row("b"))
    assert ["桌游小组", "小满"] == [one.title for one in found if isinstance(one, Conversation)]
    assert [0, 0] == [one.seq for one in found if isinstance(one, Message)]


def test_nothing_that_can_be_read_is_an_error() -> None:
    with pytest.raises(BadExport, match="no row"):
        list(qq_mht.read(Source.of({"a.mht": mht()})))


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace("Save by Tencent MsgMgr", "Saved by Blink").replace("Tencent IM", "Any"),
        HEAD.replace("boundary", "border"),
        "From: <Save by Tencent MsgMgr>\n",
    ],
)
def test_other_mht_files_are_not_claimed(head: str) -> None:
    assert () == qq_mht.recognise(Source.of({"a.mht": head.encode()}))


@pytest.mark.parametrize(
    "piece",
    [
        "<td><div><div>",
        "<a ",
        "<td>  ",
        "&#",
        "<tr>",
        "<img src=",
        "<",
        "</div>",
        "<div> ",
        "\n",
        "<a href=b>",
        "<img src=b>",
    ],
)
def test_hostile_pages_cost_no_more_than_their_length(piece: str) -> None:
    much = piece * (100_000 // len(piece))
    start = time.perf_counter()
    read(day(), row("a"), much + "</tr>", row(much), row("a", name=much), much)
    assert time.perf_counter() - start < 5


def hashes(importer: object, name: str) -> list[tuple[int, int]]:
    (case,) = (c for c in CASES if c.importer is importer and c.path.name == name)
    return [
        (content_key.minute(one.sent_at), content_key.content_hash(one, one.sender_id or ""))
        for one in case.records()
        if isinstance(one, Message)
    ]


@pytest.mark.parametrize("name", ["first", "second"])
def test_text_and_mht_of_one_history_are_the_same_messages(name: str) -> None:
    assert hashes(qq_text, name) == hashes(qq_mht, name)


@pytest.mark.parametrize(
    ("as_text", "as_page"),
    [
        ("[图片]", '<IMG src="{G}.dat">'),
        ("看[图片]这个", '<font>看</font><IMG src="{G}.dat"><font>这个</font>'),
        ("哈哈[表情]", '<font>哈哈</font><IMG src="{G}.dat">'),
        ("[图片]\n[图片]", '<IMG src="{G}.dat"><br><IMG src="{H}.dat">'),
        ("一行\n两行", "<font>一行<br>两行</font>"),
        ("a  b", "<font>a&nbsp;&nbsp;b</font>"),
        ("", ""),
        ("[语音]", "<font>[语音]</font>"),
    ],
)
def test_a_message_has_one_key_in_both_forms(as_text: str, as_page: str) -> None:
    lines = f"消息对象:桌游小组\n2019-07-16 18:15:05 小满(10002)\n{as_text}\n\n"
    (one,) = (
        m for m in qq_text.read(Source.of({"a.txt": lines.encode()})) if isinstance(m, Message)
    )
    (other,) = messages(day(), row(as_page))
    assert content_key.content_hash(one, "x") == content_key.content_hash(other, "x")
    assert MessageKind.SYSTEM not in {one.kind, other.kind}
