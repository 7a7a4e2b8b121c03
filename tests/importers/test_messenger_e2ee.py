"""Messenger's encrypted conversations: which is which, letters, media beside or above."""

import json
from typing import Any

import pytest

from archives import zipped
from chatvault.errors import BadExport
from chatvault.importers import messenger_e2ee
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

AT = 1_712_500_000_000


def said(text: str = "", at: int = AT, **more: Any) -> dict[str, Any]:
    return {"senderName": "Omar Fahd", "timestamp": at, "text": text, "type": "text", **more}


def thread(*items: Any, people: tuple[str, ...] = ("Omar Fahd", "Renée Vos"),
           name: str = "Omar Fahd_4") -> bytes:  # fmt: skip
    value = {"participants": list(people), "threadName": name, "messages": list(items)}
    return json.dumps(value, ensure_ascii=False).encode()


def read(files: dict[str, bytes], **told: str) -> list[Record]:
    return list(messenger_e2ee.read(Source.of(files, told=Told(**told))))


def messages(*items: Any) -> list[Message]:
    return [one for one in read({"Omar Fahd_4.json": thread(*items)}) if isinstance(one, Message)]


def place(data: bytes, **told: str) -> Conversation:
    [found] = [one for one in read({"x_1.json": data}, **told) if isinstance(one, Conversation)]
    return found


def test_a_conversation_is_known_by_its_title_and_its_people_in_any_order() -> None:
    first = place(thread(name="Omar Fahd_4"))
    again = place(thread(name="Omar Fahd_17", people=("Renée Vos", "Omar Fahd")))
    assert ("Omar Fahd", True, first.id) == (again.title, again.title_is_id, again.id)
    others = (
        place(thread(people=("Omar Fahd", "Kaspar"))),  # another account's talk with the same
        place(thread(people=("Omar Fahd", "Renée Vos", "Iva"))),
        place(thread(name="Omar_4")),
    )
    assert 4 == len({first.id, *(one.id for one in others)})
    assert [ConversationKind.DIRECT, ConversationKind.GROUP] == [one.kind for one in others[:2]]


def test_its_owner_may_say_which_conversation_it_is() -> None:
    found = place(thread(), conversation="Omar, the neighbour")
    assert ("title:omar, the neighbour", "Omar, the neighbour") == (found.id, found.title)


@pytest.mark.parametrize(
    ("item", "kind", "text"),
    [
        (said("hello"), MessageKind.TEXT, "hello"),
        (said("https://example.org", type="link"), MessageKind.LINK, "https://example.org"),
        (said(media=[{"uri": "./media/a.jpeg"}], type="media"), MessageKind.IMAGE, ""),
        (said(media=[{"uri": "./media/a.mp4"}], type="media"), MessageKind.VIDEO, ""),
        (said(media=[{"uri": "./media/a.ogg"}], type="media"), MessageKind.VOICE, ""),
        (said(media=[{"uri": "./media/a.gif"}], type="media"), MessageKind.ANIMATION, ""),
        (said(media=[{"uri": "./media/a.bin"}], type="media"), MessageKind.FILE, ""),
        (said("Failed to download media", type="media"), MessageKind.MEDIA, ""),
        (said("words of the app", type="placeholder"), MessageKind.OTHER, "words of the app"),
        (said(), MessageKind.OTHER, ""),
        (said("new", type="Never seen"), MessageKind.TEXT, "new"),
        (said("User unsent a message", isUnsent=True), MessageKind.TEXT, ""),
        (said("User unsent a message"), MessageKind.TEXT, "User unsent a message"),
        (said("kept", isUnsent=True), MessageKind.TEXT, "kept"),
    ],
)
def test_the_kind_and_text_of_a_message(item: Any, kind: MessageKind, text: str) -> None:
    [message] = messages(item)
    assert (kind, text) == (message.kind, message.text)
    assert ((Mark.RECALLED,) if item.get("isUnsent") else ()) == message.marks


@pytest.mark.parametrize("words", ["Failed to download media", None, ""])
def test_media_that_messenger_could_not_load_are_missing_with_the_reason(words: Any) -> None:
    [message] = messages(said(type="media", media=[{"uri": words}]))
    assert ["failed_at_export"] == [one.state for one in message.attachments]


@pytest.mark.parametrize(
    ("there", "json_at"),
    [
        ("media/a.jpeg", ""),
        ("media/a.jpeg", "messages/"),
        ("messages/media/a.jpeg", "messages/"),
    ],
)
def test_media_lie_beside_the_files_or_beside_their_folder(there: str, json_at: str) -> None:
    data = thread(said(type="media", media=[{"uri": "./media/a.jpeg"}]))
    records = read({f"{json_at}Omar Fahd_4.json": data, there: b"x"})
    [message] = [one for one in records if isinstance(one, Message)]
    assert there == message.attachments[0].path


def test_J09_letters_are_left_alone_where_a_file_has_right_ones() -> None:
    [typed, _] = messages(said("\u00c3\u00a9"), said("\u2764", at=AT + 1))
    assert "\u00c3\u00a9" == typed.text
    mangled = json.dumps({
        "participants": ["Omar Fahd"], "threadName": "Omar Fahd_4",
        "messages": [said("d\u00c3\u00a9j\u00c3\u00a0 vu")],
    }).encode()  # fmt: skip
    records = read({"x_4.json": mangled})
    assert ["déjà vu"] == [one.text for one in records if isinstance(one, Message)]


def test_messages_of_one_millisecond_keep_their_order() -> None:
    assert ["1", "2", "3"] == [one.text for one in messages(said("1"), said("2"), said("3"))]
    falling = messages(said("3", AT + 1), said("2"), said("1"))
    assert ["3", "1", "2"] == [one.text for one in falling]


def test_who_is_in_all_conversations_is_taken_for_me() -> None:
    files = {"a_1.json": thread(), "b_2.json": thread(people=("Iva", "Renée Vos"), name="Iva_2")}
    told = [one for one in read(files) if isinstance(one, Participant)]
    assert {"Renée Vos"} == {one.name for one in told if one.is_me}


@pytest.mark.parametrize("around", ["", "messages/", "secure/messages/"])
def test_it_is_found_at_every_depth(around: str) -> None:
    files = {f"{around}Omar Fahd_4.json": thread(said("x")), f"{around}media/a.jpeg": b"x"}
    for given in (files, {"x.zip": zipped(files)}, {f"{around}Omar Fahd_4.json": thread()}):
        [export] = find(Source.of(given), IMPORTERS, Budget()).exports
        assert messenger_e2ee is export.importer


def test_keys_in_another_order_are_recognised_too() -> None:
    value = {"messages": [said("x")], "threadName": "Omar Fahd_4", "participants": ["Omar Fahd"]}
    data = json.dumps(value).encode()
    assert () == messenger_e2ee.recognise(Source.of({"x_4.json": data}))
    value = {"participants": ["Omar Fahd"], "messages": [said("x")], "threadName": "Omar Fahd_4"}
    data = json.dumps(value).encode()
    assert () != messenger_e2ee.recognise(Source.of({"x_4.json": data}))
    assert ["Omar Fahd"] == [
        one.title for one in read({"x_4.json": data}) if isinstance(one, Conversation)
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"participants": [{"name": "Omar"}], "threadName": "x_1", "messages": []}',
        b'{"participants": ["Omar"], "messages": []}',
        b'{"participants": ["Omar"], "threadName": 7, "messages": []}',
        b'{"participants": ["Omar"], "messages": [{"sender_name": "Omar"}]}',
        b'{"threadName": "x_1", "messages": []}',
        b"\xff\xfe\x00\x01",
    ],
)
def test_other_json_is_not_claimed(data: bytes) -> None:
    assert () == messenger_e2ee.recognise(Source.of({"x_1.json": data}))


def test_a_file_that_cannot_be_read_does_not_cost_the_others() -> None:
    records = read({"a_1.json": b"\xff", "b_2.json": thread(said("x"))})
    assert ["a_1.json"] == [one.file for one in records if isinstance(one, Problem)]
    assert ["x"] == [one.text for one in records if isinstance(one, Message)]
    assert [] == read({"a_1.json": b"{}"})
    with pytest.raises(BadExport):
        read({"a_1.json": b"\xff"})
    with pytest.raises(BadExport):
        read({"notes.json": b"{}"})
