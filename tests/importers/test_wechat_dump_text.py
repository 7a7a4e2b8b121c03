"""Texts of wechat-dump: what the cases do not show."""

import pytest

from chatvault.errors import BadExport
from chatvault.importers import wechat_dump_text
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Assumption,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Record,
)

AT = "2019-07-16 18:15:05"


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    filler = [f"1|小满:{AT}:早"] * 3
    return "\n".join([*(lines or filler), *filler]).encode(encoding)


def read(data: bytes, **told: str) -> list[Record]:
    return list(wechat_dump_text.read(Source.of({"小满.txt": data}, told=Told(**told))))


def first(line: str) -> Message:
    return next(one for one in read(text(line)) if isinstance(one, Message))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (text(), True),
        (f"1|小满:{AT}:早\n".encode() * 2, False),
        (b"notes\n" + text(), False),
        (f"小满:{AT}:早\n".encode() * 9, False),
    ],
)
def test_three_lines_of_the_form_are_needed(data: bytes, expected: bool) -> None:
    assert expected == bool(wechat_dump_text.recognise(Source.of({"a.txt": data})))


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (f"822083633|小满:{AT}:好", MessageKind.TEXT, ()),
        (f"419430449|小满:{AT}:还你", MessageKind.TRANSFER, ("还你",)),
        (f"1048625|小满:{AT}:0f0f", MessageKind.STICKER, ()),
        (f"268445456|小满:{AT}:撤回了一条消息", MessageKind.SYSTEM, ()),
        (f"3|小满:{AT}:", MessageKind.IMAGE, ()),
    ],
)
def test_androids_own_numbers_are_understood(
    line: str, kind: MessageKind, words: tuple[str, ...]
) -> None:
    message = first(line)
    assert (kind, words) == (message.kind, message.more_text)


def test_what_somebody_typed_that_looks_like_the_tools_words_is_text() -> None:
    message = first(f"1|小满:{AT}:URL:https://example.org")
    assert (MessageKind.TEXT, "URL:https://example.org") == (message.kind, message.text)


def test_H04_a_path_out_of_the_export_is_a_missing_file() -> None:
    [attachment] = first(f"3|小满:{AT}:|img:../../etc/passwd").attachments
    assert (None, "../../etc/passwd") == (attachment.path, attachment.as_exported)


def test_the_owner_is_me_and_can_be_told_by_id() -> None:
    found = read(text(f"1|me:{AT}:早"), me="wxid_me0demo")
    assert "wxid_me0demo" == next(x for x in found if isinstance(x, Message)).sender_id


def test_two_names_make_a_group() -> None:
    found = read(text(f"1|老吴:{AT}:早"))
    assert [ConversationKind.GROUP] == [x.kind for x in found if isinstance(x, Conversation)]


def test_J06_bytes_that_are_no_text_are_told_and_another_encoding_is_found() -> None:
    found = read(text() + b"\n1|me:" + AT.encode() + b":\xff")
    assert ["encoding"] == [x.what for x in found if isinstance(x, Assumption)][1:]
    found = read(text(encoding="gb18030"))
    assert "早" == next(x for x in found if isinstance(x, Message)).text


def test_nothing_of_ours_is_an_error_with_a_remedy() -> None:
    with pytest.raises(BadExport):
        read(b"x")
