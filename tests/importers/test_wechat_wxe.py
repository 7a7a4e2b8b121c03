"""WechatExporter: what the cases do not show."""

import pytest

from chatvault.errors import BadExport
from chatvault.importers import wechat_wxe
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Precision,
    Problem,
    Record,
)


def box(content: str, number: str = "41", kind: str = "1", side: str = "left", at: str = "") -> str:
    name = "小满" if side == "left" else "阿哲"
    at = at or "2025-12-31 08:00:00"
    return (
        f'<div class="msg chat {side}" msgid="{number}" msgtype="{kind}"><div class="nt-box">'
        f'<span class="dspname {side}">{name}</span> {at}</div>'
        f'<div class="content-box">{content}</div></div>'
    )


def text(content: str) -> str:
    return f'<span class="msg-text"><pre>{content}</pre></span>'


def page(*boxes: str, body: str = "") -> bytes:
    title = "<title>小满 - 微信聊天记录</title>"
    return f"<html><head>{title}</head><body{body}>{''.join(boxes)}</body></html>".encode()


def read(files: dict[str, bytes]) -> list[Record]:
    return list(wechat_wxe.read(Source.of(files, told=Told(zone="Asia/Shanghai"))))


def said(*boxes: str, **files: bytes) -> list[Message]:
    found = read({"index.html": page(*boxes), **files})
    return [one for one in found if isinstance(one, Message)]


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("2025-12-31 20:05:09", "2025-12-31T20:05:09"),
        ("2025/12/31 8:05:09 PM", "2025-12-31T20:05:09"),
        ("2025-12-31 下午8:05:09", "2025-12-31T20:05:09"),
        ("2025-12-31 12:05:09 AM", "2025-12-31T00:05:09"),
    ],
)
def test_clocks_of_twelve_and_twenty_four_hours_are_read(clock: str, expected: str) -> None:
    [message] = said(box(text("x"), at=clock))
    assert expected == message.sent_at.as_exported  # type: ignore[union-attr]


def test_the_number_of_a_message_is_the_phones_own_and_no_id_of_the_server() -> None:
    [message] = said(box(text("x")))
    assert ("41", "iphone:title:小满") == (message.id, message.scope)


def test_a_page_that_names_its_conversation_and_owner_is_believed() -> None:
    body = ' uid="wxid_me0demo" sid="10000000001@chatroom"'
    found = read({"index.html": page(box(text("x"), side="right"), body=body)})
    [place] = [one for one in found if isinstance(one, Conversation)]
    assert ("10000000001@chatroom", ConversationKind.GROUP) == (place.id, place.kind)
    assert [("wxid_me0demo", True)] == [
        (one.id, one.is_me) for one in found if isinstance(one, Participant)
    ]


def test_a_quote_that_is_part_of_a_plain_text_stays_in_it() -> None:
    typed = "「小满：几点」\n- - - - - - - - - - - - - - -\n八点"
    [plain, reply] = said(box(text(typed)), box(text(typed), kind="49"))
    assert (typed, ()) == (plain.text, plain.more_text)
    assert ("八点", ("几点",)) == (reply.text, reply.more_text)


def test_a_notice_has_the_day_of_the_message_before_it() -> None:
    notice = (
        '<div class="msg chat-notice" msgid="42"><span class="msg-text">系统消息：再见</span></div>'
    )
    [first, second] = said(box(text("x")), notice)
    assert (MessageKind.SYSTEM, "再见", Precision.DAY) == (
        second.kind,
        second.text,
        second.sent_at.precision,  # type: ignore[union-attr]
    )
    assert first.sent_at.utc_ms == second.sent_at.utc_ms  # type: ignore[union-attr]


def test_H04_a_path_out_of_the_export_is_a_missing_file() -> None:
    [message] = said(box('<img rawUrl="../../../etc/passwd" />', kind="3"))
    assert message.attachments[0].path is None


def test_H03_scripts_and_event_handlers_are_no_text() -> None:
    [message] = said(box(text("<script>alert(1)</script><b onclick='x()'>fett</b>")))
    assert "fett" == message.text


def test_a_page_wins_over_a_text_of_the_same_conversation() -> None:
    lines = "小满 - 微信聊天记录\n\n小满 (2025-12-31 08:00:00):aus dem Text\n".encode()
    found = read({"小满.html": page(box(text("von der Seite"))), "小满.txt": lines})
    assert ["von der Seite"] == [one.text for one in found if isinstance(one, Message)]


def test_J07_a_page_that_breaks_off_tells_what_was_complete_and_the_rest() -> None:
    whole = page(box(text("eins")), box(text("zwei"), number="42"))
    found = read({"index.html": whole[: whole.rindex(b"zwei") + 2]})
    assert ["eins", "zw"] == [one.text for one in found if isinstance(one, Message)]
    assert 1 == sum(isinstance(one, Problem) for one in found)


def test_a_list_of_conversations_is_none() -> None:
    source = Source.of({"index.html": b"<html><a href='x/index.html'>x</a></html>"})
    assert () == wechat_wxe.recognise(source)
    with pytest.raises(BadExport):
        list(wechat_wxe.read(source))
