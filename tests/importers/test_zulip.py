"""Zulip: who a recipient is, which file an address means, and what an edit history says."""

import json
from typing import Any

import pytest

from archives import tarred
from cases import CASES, complaints
from chatvault.errors import BadExport
from chatvault.importers import zulip
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source
from chatvault.importers._zulip_realm import without_keys
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Problem,
    Reaction,
    Record,
)

OURS = {case.path.name: case for case in CASES if case.importer is zulip}
USERS = [{"id": 11, "full_name": "Hana"}, {"id": 12, "full_name": "Jory"}]
RECIPIENTS = [
    {"id": 21, "type": 2, "type_id": 7},
    {"id": 31, "type": 1, "type_id": 11},
    {"id": 32, "type": 1, "type_id": 12},
    {"id": 41, "type": 3, "type_id": 3},
]
STREAMS = [{"id": 7, "name": "glazes"}]


def message(identifier: int, **fields: object) -> dict[str, object]:
    sent = {"sender": 11, "recipient": 21, "content": "", "date_sent": 1_700_000_000.5}
    return {"id": identifier, **sent, **fields}


def export(*items: object, realm: dict[str, Any] | None = None) -> dict[str, bytes]:
    tables = {
        "zerver_realm": [{"id": 1, "string_id": "teapots"}], "zerver_userprofile": USERS,
        "zerver_stream": STREAMS, "zerver_recipient": RECIPIENTS, **(realm or {}),
    }  # fmt: skip
    return {
        "realm.json": json.dumps(tables).encode(),
        "messages-000001.json": json.dumps({"zerver_message": items}).encode(),
    }


def read(files: dict[str, bytes]) -> list[Record]:
    records = list(zulip.read(Source.of(files)))
    assert [] == complaints(records)
    return records


def messages(*items: object, **realm: Any) -> list[Message]:
    return [one for one in read(export(*items, realm=realm)) if isinstance(one, Message)]


def test_both_directions_of_a_private_conversation_are_one_also_on_newer_servers() -> None:
    subscribed = [{"recipient": 41, "user_profile": who} for who in (11, 12)]
    items = [
        message(1, sender=11, recipient=32),
        message(2, sender=12, recipient=31),
        message(3, sender=12, recipient=41),
    ]
    found = messages(*items, zerver_subscription=subscribed)
    assert ["teapots/dm:11,12"] * 3 == [one.conversation_id for one in found]


def test_messages_to_oneself_are_a_conversation_of_one() -> None:
    [found] = messages(message(1, sender=11, recipient=31))
    assert "teapots/dm:11" == found.conversation_id


def test_the_order_of_tables_does_not_matter() -> None:
    subscribed = [{"recipient": 41, "user_profile": who} for who in (11, 12, 13)]
    files = export(message(1, recipient=41), realm={"zerver_subscription": subscribed})
    tables = json.loads(files["realm.json"])
    backwards = json.dumps(dict(reversed(tables.items()))).encode()
    assert read(files) == read({**files, "realm.json": backwards})


@pytest.mark.parametrize(("private", "kind"), [(False, "channel"), (True, "group")])
def test_a_private_stream_is_a_group(private: bool, kind: str) -> None:
    stream = {"id": 7, "name": "glazes", "invite_only": private}
    [place] = [
        one
        for one in read(export(message(1), realm={"zerver_stream": [stream]}))
        if isinstance(one, Conversation)
    ]
    assert ("glazes", ConversationKind(kind)) == (place.title, place.kind)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/user_uploads/2/ab/a.png", "uploads/2/ab/a.png"),
        ("https://zulip.example/user_uploads/2/ab/a.png", "uploads/2/ab/a.png"),
        ("/user_uploads/2/ab/b%20c.png", "uploads/2/ab/b c.png"),
        ("/user_uploads/2/xy/a.png", None),
        ("/user_uploads/../realm.json", None),
        ("/user_uploads/../../etc/passwd", None),
        ("/user_uploads/%2e%2e/realm.json", None),
    ],
)
def test_H04_an_address_means_the_file_of_exactly_this_path(address: str, path: str | None) -> None:
    there = dict.fromkeys(("uploads/2/ab/a.png", "uploads/2/ab/b c.png", "etc/passwd"), b"x")
    files = export(message(1, content=f"see [words]({address}) and {address}")) | there
    [found] = [one for one in read(files) if isinstance(one, Message)]
    state = AttachmentState.PRESENT if path else AttachmentState.MISSING_FILE
    assert [(path, state)] * 2 == [(one.path, one.state) for one in found.attachments]
    assert "words" == found.attachments[0].name


@pytest.mark.parametrize("form", [json.dumps, list])
def test_texts_before_edits_come_oldest_first(form: Any) -> None:
    history = [
        {"user_id": 12, "timestamp": 3, "prev_content": "two", "prev_rendered_content": "<p>"},
        {"user_id": 12, "timestamp": 2, "prev_topic": "clay"},
        {"user_id": 12, "timestamp": 1, "prev_content": "one"},
    ]
    [found] = messages(message(1, content="three", edit_history=form(history)))
    assert ["one", "two"] == [one.text for one in found.versions]
    assert (Mark.EDITED,) == found.marks
    assert "clay" in repr(found.extra["edit_history"])


@pytest.mark.parametrize("history", ["", "{", "7", "[7, null, {}]", "[" * 5000])
def test_a_history_of_any_shape_is_no_error(history: str) -> None:
    [found] = messages(message(1, content="x", edit_history=history))
    assert ("x", ()) == (found.text, found.versions)


def test_a_private_message_has_no_topic_also_on_newer_servers() -> None:
    quiet = {"has_image": False, "has_link": True, "is_channel_message": False, "type": 1}
    [told] = messages(message(1, recipient=32, subject="\x07", **quiet))
    assert ((), {}) == (told.more_text, told.extra)
    [told] = messages(message(1, subject="kiln"))
    assert (("kiln",), {"topic": "kiln"}) == (told.more_text, told.extra)


@pytest.mark.parametrize(
    ("form", "kind", "extra"),
    [(1, MessageKind.TEXT, {}), (2, MessageKind.SYSTEM, {}), (7, MessageKind.TEXT, {"type": 7})],
)
def test_what_the_server_notes_about_a_topic_is_no_text_of_somebody(
    form: int, kind: MessageKind, extra: dict[str, object]
) -> None:
    [told] = messages(message(1, type=form))
    assert (kind, extra) == (told.kind, told.extra)


def test_a_reaction_told_twice_counts_once() -> None:
    told = {"message": 1, "user_profile": 12, "emoji_name": "tea", "emoji_code": "1f375"}
    files = export(message(1), realm={"zerver_reaction": [told]})
    both = {"zerver_message": [message(1)], "zerver_reaction": [told]}
    files["messages-000001.json"] = json.dumps(both).encode()
    assert ["🍵"] == [one.emoji for one in read(files) if isinstance(one, Reaction)]


@pytest.mark.parametrize("code", ["", "d83d", "zz", "110000", "-", "1f375-" * 50, "\0"])
def test_a_code_that_is_no_character_gives_way_to_the_name(code: str) -> None:
    told = {"message": 1, "user_profile": 12, "emoji_name": "tea", "emoji_code": code}
    records = read(export(message(1), realm={"zerver_reaction": [told]}))
    assert [":tea:"] == [one.emoji for one in records if isinstance(one, Reaction)]


def test_a_key_is_neither_in_a_record_nor_in_what_is_stored() -> None:
    key = "NotForAnybodysEyes0123456789abcd"
    files = export(message(1), realm={"zerver_userprofile": [{"id": "x", "api_key": key}]})
    stored = without_keys(Source.of(files))
    with stored.open("realm.json") as file:
        kept = file.read()
    assert key.encode() not in kept
    records = read(files)
    assert any(isinstance(one, Problem) for one in records)
    assert key not in repr(records)
    assert records == read({**files, "realm.json": kept})


@pytest.mark.parametrize(
    "files",
    [
        {"realm.json": b'{"zerver_realm": []}'},
        {"realm.json": b'{"realm": []}', "messages-000001.json": b"{}"},
        {"realm.json": b"[]", "messages-000001.json": b"{}"},
        {"realm.json": b'{"zerver_realm": []}', "messages.json": b"{}"},
        {"messages-000001.json": b'{"zerver_message": []}'},
    ],
)
def test_something_else_is_not_taken_for_an_organisation(files: dict[str, bytes]) -> None:
    assert () == zulip.recognise(Source.of(files))


def test_an_export_without_its_realm_says_what_to_give() -> None:
    with pytest.raises(BadExport, match=r"no realm\.json"):
        read({"messages-000001.json": b"{}"})


def test_the_archive_that_a_server_makes_is_one_export() -> None:
    files = OURS["ordinary"].files
    data = tarred({f"zulip-export-x/{name}": one for name, one in files.items()}, "w:gz")
    [found] = find(Source.of({"zulip-export-x.tar.gz": data}), IMPORTERS, Budget()).exports
    assert ("zulip", set(files)) == (found.importer.INFO.key, set(found.source.entries))


def test_a_reaction_beside_the_messages_that_cannot_be_read_is_told() -> None:
    files = export(message(1))
    rows = {"zerver_message": [message(1)], "zerver_reaction": [{"message": 1, "odd": "brambles"}]}
    files["messages-000001.json"] = json.dumps(rows).encode()
    [told] = [one for one in read(files) if isinstance(one, Problem)]
    assert ("messages-000001.json", "zerver_reaction[0]") == (told.file, told.part)
    assert "brambles" in told.raw
