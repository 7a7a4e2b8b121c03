"""TikTok's download: where the chats are, who the owner is, and what an address stands for."""

import json

import pytest

from archives import zipped
from chatvault.errors import BadExport, EmptyExport
from chatvault.importers import tiktok
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    AttachmentState,
    Conversation,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

NAME = "user_data_tiktok.json"


def said(sender: str, content: str = "hello", minute: int = 0) -> dict[str, object]:
    return {"Date": f"2025-05-05 05:{minute:02}:05", "From": sender, "Content": content}


def new(chats: dict[str, object]) -> dict[str, object]:
    return {"Direct Message": {"Direct Messages": {"ChatHistory": chats}}}


def old(chats: dict[str, object]) -> dict[str, object]:
    return {"Direct Messages": {"Chat History": {"ChatHistory": chats}}}


def read(tree: object, told: Told | None = None) -> list[Record]:
    data = json.dumps(tree).encode()
    return list(tiktok.read(Source.of({NAME: data}, told=told or Told())))


def second(message: Message) -> int:
    assert message.sent_at is not None
    return message.sent_at.utc_ms // 1000


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


CHAT = {"Chat History with nina.q:": [said("nina.q"), said("tove", minute=1)]}


@pytest.mark.parametrize("tree", [new(dict(CHAT)), old(dict(CHAT)), dict(CHAT)])
@pytest.mark.parametrize("name", [NAME, "user_data.json", "chats.json"])
def test_chats_are_found_at_all_their_places(tree: object, name: str) -> None:
    source = Source.of({name: json.dumps(tree).encode()})
    assert tiktok.recognise(source)
    found = list(tiktok.read(source))
    assert ["nina.q"] == [one.id for one in found if isinstance(one, Conversation)]
    assert ["nina.q", "tove"] == [one.sender_id for one in messages(found)]


def test_a_download_whose_chats_come_late_is_known_by_its_first_part_and_name() -> None:
    tree = {"Activity": {"x": ["y" * 100] * 1000}, **new(dict(CHAT))}
    data = json.dumps(tree).encode()
    assert tiktok.recognise(Source.of({NAME: data}))
    assert () == tiktok.recognise(Source.of({"result.json": data}))
    assert () == tiktok.recognise(Source.of({NAME: b'{"messages":[]}'}))
    assert 2 == len(messages(read(tree)))
    packed = zipped({NAME: data})
    [export] = find(Source.of({"TikTok_Data.zip": packed}), IMPORTERS, Budget()).exports
    assert "tiktok" == export.importer.INFO.key


def mine(records: list[Record]) -> set[str]:
    return {one.id for one in records if isinstance(one, Participant) and one.is_me}


def test_the_owner_is_whom_the_profile_names_else_the_only_other_one() -> None:
    assert {"tove"} == mine(read(new(dict(CHAT))))
    three = [said("nina.q"), said("tove"), said("tove_before")]
    assert set() == mine(read(new({"Chat History with nina.q:": three})))
    profile = {"Profile": {"Profile Information": {"ProfileMap": {"userName": "tove"}}}}
    assert {"tove"} == mine(read({**new({"Chat History with nina.q:": three}), **profile}))
    only = new({"Chat History with nina.q:": [said("nina.q")]})
    assert set() == mine(read(only))


def test_in_a_group_only_the_profile_tells() -> None:
    group = {"Group Chat History with Skaters:": [said("ollie"), said("tove")]}
    tree: dict[str, object] = {"Direct Message": {"Group Chat": {"GroupChat": group}}}
    assert set() == mine(read(tree))
    tree["Profile And Settings"] = {"Profile Info": {"ProfileMap": {"userName": "tove"}}}
    assert {"tove"} == mine(read(tree))
    [place] = [one for one in read(tree) if isinstance(one, Conversation)]
    assert ("title:skaters", True) == (place.id, place.title_is_id)


@pytest.mark.parametrize(
    ("content", "kind", "text", "state"),
    [
        ("https://www.tiktokv.com/share/video/73/", MessageKind.VIDEO, "", "remote_only"),
        ("https://p16-sign.tiktokcdn.com/x?y=1", MessageKind.MEDIA, "", "remote_only"),
        ("https://media.example.org/cat.gif", MessageKind.IMAGE, "", "remote_only"),
        ("https://example.org/tiktok", MessageKind.LINK, "https://example.org/tiktok", ""),
        ("see https://example.org/", MessageKind.TEXT, "see https://example.org/", ""),
        ("[Sticker]", MessageKind.STICKER, "", "placeholder_only"),
        ("[lol]", MessageKind.TEXT, "[lol]", ""),
        ("", MessageKind.MEDIA, "", ""),
    ],
)
def test_what_an_address_or_a_word_stands_for(
    content: str, kind: MessageKind, text: str, state: str
) -> None:
    [message] = messages(read(new({"Chat History with nina.q:": [said("nina.q", content)]})))
    assert (kind, text) == (message.kind, message.text)
    states = [AttachmentState(state)] if state else []
    assert states == [one.state for one in message.attachments]


def test_a_file_that_breaks_off_gives_what_was_complete() -> None:
    data = json.dumps(new(dict(CHAT))).encode()
    records = list(tiktok.read(Source.of({NAME: data[:-40]})))
    assert ["nina.q"] == [one.sender_id for one in messages(records)]
    assert ["end"] == [one.part for one in records if isinstance(one, Problem)]


def test_nothing_readable_is_said() -> None:
    with pytest.raises(EmptyExport):
        read(new({}))
    with pytest.raises(BadExport):
        read(new({"Chat History with nina.q:": ["x"]}))


def test_text_that_looks_like_a_time_or_heading_stays_apart() -> None:
    text = (
        ">>> Chat History with nina.q::\n2023-01-01 00:00:00 UTC\nnina.q: at\n\n"
        "2023-01-01 10:00:00 UTC\nnina.q: >>> no heading\n>>> not one either\nof mine\n"
    )
    source = Source.of({"Direct Messages/Chat History.txt": text.encode()})
    records = list(tiktok.read(source))
    assert ["at", ">>> no heading"] == [one.text for one in messages(records)]
    assert ["line 7"] == [one.part for one in records if isinstance(one, Problem)]


@pytest.mark.parametrize(
    "name",
    [
        "TikTok/Direct Messages/Direct Messages.txt",
        "Tiktok/Mensajes directos/Mensajes directos.txt",
        "Direct Messages/Direct Messages.txt",
        "Direct Messages.txt",
        "Chat History.txt",
    ],
)
@pytest.mark.parametrize("zone", [" UTC", ""])
def test_text_with_a_message_on_the_line_of_its_time(name: str, zone: str) -> None:
    text = (
        f">>> Chat History with nina.q::\n\n2026-07-03 23:00:11{zone} nina.q: so: late\n"
        f"2026-01-01 is the date\n2026-07-03 23:00:12{zone} tove:\nbelow\n"
        f"2026-07-03 23:00:13{zone} tove: \n\n"
        f">>> Chat History with rafe::\n\n2026-07-04 01:00:00{zone} rafe: [Sticker]\n"
    )
    source = Source.of({name: text.encode()})
    assert tiktok.recognise(source)
    records = list(tiktok.read(source))
    found = messages(records)
    assert [
        ("nina.q", "so: late\n2026-01-01 is the date"),
        ("tove", "below"),
        ("tove", ""),
        ("rafe", ""),
    ] == [(one.sender_id, one.text) for one in found]
    assert [0, 1, 2, 7189] == [second(one) - second(found[0]) for one in found]
    assert not [one for one in records if isinstance(one, Problem)]


@pytest.mark.parametrize(
    "name", ["Likes/Like List.txt", "a/b/Direct Messages/Direct Messages.txt", "Notes.txt"]
)
def test_text_is_only_looked_for_where_it_lies(name: str) -> None:
    heading = b">>> Chat History with nina.q::\n\n"
    assert not tiktok.recognise(Source.of({name: heading, "other.txt": heading}))
