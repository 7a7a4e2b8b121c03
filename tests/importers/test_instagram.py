"""Instagram: whose account it is, shares, and what tells it from Messenger."""

import json
from typing import Any

import pytest

from archives import zipped
from chatvault.importers import instagram, messenger
from chatvault.importers._explore import find, find_parts
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Conversation, Message, MessageKind, Participant, Record

AT = 1_712_000_000_000
ROOT = "your_instagram_activity/messages"
FOLDER = "omar.f_17840000000000001"


def thread(*items: dict[str, Any], people: tuple[str, ...] = ("omar.f", "renée")) -> bytes:
    plain = {
        "participants": [{"name": name} for name in people],
        "messages": [{"sender_name": people[0], "timestamp_ms": AT, **item} for item in items],
        "title": people[0],
        "thread_path": f"inbox/{FOLDER}",
    }
    text = json.dumps(plain, ensure_ascii=False).encode().decode("latin-1")
    return json.dumps(json.loads(text)).encode()


def profile(**fields: str) -> bytes:
    values = {name: {"value": value} for name, value in fields.items()}
    return json.dumps({"profile_user": [{"string_map_data": values}]}).encode()


def read(files: dict[str, bytes]) -> list[Record]:
    return list(instagram.read(Source.of(files)))


@pytest.mark.parametrize(
    "name",
    [
        "personal_information/personal_information/personal_information.json",
        "personal_information/personal_information.json",
        "account_information/personal_information.json",
    ],
)
@pytest.mark.parametrize(
    ("fields", "mine", "owner"),
    [
        ({"Username": "renee.v", "Name": "ren\u00c3\u00a9e"}, {"renée"}, "name:renée"),
        ({"Benutzername": "renee.v", "Vorname": "ren\u00c3\u00a9e"}, {"renée"}, "name:renée"),
        ({"Name": "somebody else"}, set(), "name:somebody else"),
        ({"Benutzername": "renee.v"}, set(), None),
        ({}, set(), None),
    ],
)
def test_the_profile_tells_who_i_am_in_every_language(
    name: str, fields: dict[str, str], mine: set[str], owner: str | None
) -> None:
    records = read({f"{ROOT}/inbox/{FOLDER}/message_1.json": thread({}), name: profile(**fields)})
    told = [one for one in records if isinstance(one, Participant)]
    assert mine == {one.name for one in told if one.is_me}
    assert [owner] == [one.owner for one in records if isinstance(one, Conversation)]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"profile_user": [7]}', b'{"profile_user": {}}'])
def test_a_profile_that_is_none_costs_nothing_but_the_owner(data: bytes) -> None:
    records = read({
        f"{ROOT}/inbox/{FOLDER}/message_1.json": thread({"content": "x"}),
        "personal_information/personal_information.json": data,
    })  # fmt: skip
    assert ["x"] == [one.text for one in records if isinstance(one, Message)]


def test_what_was_shared_is_searched_and_the_words_that_stand_for_it_are_not() -> None:
    share = {"link": "https://www.instagram.com/p/1/", "share_text": "tulips", "title_new": "T"}
    item = {"content": "omar.f sent an attachment.", "share": share}
    [message] = [
        one
        for one in read({"inbox/a_12345/message_1.json": thread(item)})
        if isinstance(one, Message)
    ]
    assert (MessageKind.LINK, "") == (message.kind, message.text)
    assert ("tulips", "https://www.instagram.com/p/1/") == message.more_text
    assert {"content": item["content"], "share": share} == message.extra


INSIDE = {f"inbox/{FOLDER}/message_1.json": thread({"content": "x"})}


@pytest.mark.parametrize(
    ("around", "beside"),
    [
        (f"{ROOT}/", {}),
        (f"{ROOT}/", {"media/posts/1.jpg": b"x"}),
        ("messages/", {"followers_and_following/followers_1.json": b"[]"}),
        ("messages/", {"connections/followers_and_following/followers_1.json": b"[]"}),
        ("messages/", {"account_information/personal_information.json": b"{}"}),
    ],
)
def test_what_is_around_the_messages_tells_that_they_are_instagrams(
    around: str, beside: dict[str, bytes]
) -> None:
    files = {around + name: data for name, data in INSIDE.items()} | beside
    for given in (files, {"x.zip": zipped(files)}, {f"in/{n}": data for n, data in files.items()}):
        [export] = find(Source.of(given), IMPORTERS, Budget()).exports
        assert instagram is export.importer


def test_the_addresses_of_its_files_tell_that_one_conversation_is_instagrams() -> None:
    item = {"photos": [{"uri": f"{ROOT}/inbox/{FOLDER}/photos/1.jpg"}]}
    [export] = find(Source.of({"message_1.json": thread(item)}), IMPORTERS, Budget()).exports
    assert instagram is export.importer


def test_downloads_of_both_apps_given_together_stay_apart() -> None:
    beside = {"personal_information/x.json": b"{}"}
    files = {f"{ROOT}/{name}": data for name, data in INSIDE.items()} | beside
    others = {f"your_facebook_activity/messages/{name}": data for name, data in INSIDE.items()}
    parts = [
        Source.of({"a.zip": zipped(files)}, "a.zip"),
        Source.of({"b.zip": zipped(others | beside)}, "b.zip"),
    ]
    found = find_parts(parts, IMPORTERS, Budget()).exports
    assert {instagram, messenger} == {one.importer for one in found}
    assert 2 == len(found)
    assert all("x" in [m.text for m in one.importer.read(one.source) if isinstance(m, Message)]
               for one in found)  # fmt: skip
