"""Pages of WeFlow: what the cases do not show."""

import json

import pytest

from chatvault.errors import BadExport
from chatvault.importers import wechat_weflow_html
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import claims
from chatvault.model import (
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

LIN = '<img src="avatars/wxid_lin0demo.png" alt="小满" />'


def item(body: str, **changes: object) -> dict[str, object]:
    content = f'<div class="message-content"><div class="message-text">{body}</div></div>'
    return {"i": 1, "t": 1767139200, "s": 0, "a": LIN, "b": content, "p": "73001", **changes}


def page(*items: object, kind: str = "私聊") -> bytes:
    data = ",\n".join(one if isinstance(one, str) else json.dumps(one) for one in items)
    return (
        f"<title>小满 - 聊天记录</title><span>{kind}</span>"
        f"<script>window.WEFLOW_DATA = [\n{data}\n];</script>"
    ).encode()


def read(files: dict[str, bytes], told: Told | None = None) -> list[Record]:
    return list(wechat_weflow_html.read(Source.of(files, told=told)))


def said(*items: object, files: dict[str, bytes] | None = None) -> list[Message]:
    found = read({"小满.html": page(*items), **(files or {})})
    return [one for one in found if isinstance(one, Message)]


def test_json_beside_a_page_of_the_same_name_wins() -> None:
    session = b'{"session": {"wxid": "wxid_lin0demo", "displayName": "x", "type": "y",'
    session += b'"messageCount": 1}, "messages": []}'
    files = {"a.html": page(item("x")), "a.json": session}
    assert ["wechat-weflow"] == [one.INFO.key for one, _ in claims(Source.of(files))]
    files = {"b.html": page(item("x")), "a.json": session}
    assert 2 == len(claims(Source.of(files)))


def test_a_page_in_the_folder_texts_finds_the_media_above() -> None:
    body = '<div class="message-content"><img class="message-media image" src="{}" /></div>'
    for path in ("../images/1.png", "images/1.png"):
        one = item("", b=body.format(path))
        found = read({"texts/小满.html": page(one), "images/1.png": b"x"})
        [message] = [one for one in found if isinstance(one, Message)]
        assert "images/1.png" == message.attachments[0].path


def test_a_sender_is_whom_the_avatar_shows_in_a_group_too() -> None:
    found = read({"g.html": page(item("x"), kind="群聊")})
    assert ["wxid_lin0demo"] == [one.sender_id for one in found if isinstance(one, Message)]
    [place] = [one for one in found if isinstance(one, Conversation)]
    assert (ConversationKind.GROUP, True) == (place.kind, place.title_is_id)


def test_the_owner_of_an_export_can_say_which_group_it_is() -> None:
    told = Told(conversation="10000000001@chatroom")
    found = read({"g.html": page(item("x"), kind="群聊")}, told)
    [message] = [one for one in found if isinstance(one, Message)]
    assert ("10000000001@chatroom", "73001") == (message.scope, message.id)


def test_a_conversation_of_two_without_avatars_is_known_by_its_title() -> None:
    found = read({"小满.html": page(item("x", a="<span>小</span>"))})
    [place] = [one for one in found if isinstance(one, Conversation)]
    [person] = [one for one in found if isinstance(one, Participant)]
    assert ("title:小满", False) == (place.id, person.is_me)


def test_only_a_notice_that_nobody_could_write_by_chance_is_one() -> None:
    [notice, text] = said(item('"小满" 撤回了一条消息'), item("昨天她说你撤回了一条消息吗？"))
    assert ((Mark.RECALLED,), None) == (notice.marks, notice.sender_id)
    assert (MessageKind.TEXT, ()) == (text.kind, text.marks)


def test_words_that_the_tool_puts_for_media_are_no_text() -> None:
    [message] = said(item("[图片]"))
    assert ("", AttachmentState.PLACEHOLDER_ONLY) == (message.text, message.attachments[0].state)


def test_H05_addresses_are_kept_and_never_fetched() -> None:
    body = '<img class="message-media image" src="https://example.org/a.png" />'
    [message] = said(item("", b=f'<div class="message-content">{body}</div>'))
    assert AttachmentState.REMOTE_ONLY is message.attachments[0].state


def test_J07_a_page_that_breaks_off_gives_what_was_complete() -> None:
    whole = page(item("eins"), item("zwei", p="73002"))
    found = read({"小满.html": whole[: whole.rindex(b"73002")]})
    assert ["eins"] == [one.text for one in found if isinstance(one, Message)]
    assert ["[1]", "end"] == [one.part for one in found if isinstance(one, Problem)]


def test_a_page_of_something_else_is_not_claimed() -> None:
    source = Source.of({"a.html": b"<script>window.OTHER = [1]</script>"})
    assert () == wechat_weflow_html.recognise(source)
    with pytest.raises(BadExport):
        list(wechat_weflow_html.read(source))
