"""Discord's own data package: where it lies, whose it is, both generations, and merging by id."""

import json
from typing import Any

import pytest

from archives import zipped
from chatvault.errors import BadExport
from chatvault.importers import discord_dce, discord_package
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Conversation, Message, Participant, Problem, Record

ID = "1100000000000000001"
ME, OTHER = "910000000000000055", "910000000000000056"
MESSAGE = {
    "ID": 1099969801008185351,
    "Timestamp": "2023-04-24 08:07:17",
    "Contents": "look",
    "Attachments": "",
}
ROW = "1099969801008185351,2023-04-24 08:07:17.011000+00:00,look,\n"
HEADING = "ID,Timestamp,Contents,Attachments\n"


def package(
    *messages: object,
    top: str = "Messages/",
    folder: str = f"c{ID}",
    label: str | None = "Direct Message with mira#0",
    channel: dict[str, Any] | None = None,
    user: dict[str, Any] | None = None,
) -> dict[str, bytes]:
    told = channel or {"id": ID, "type": "DM", "recipients": [ME, OTHER]}
    owner = user or {"id": ME, "username": "odile.k", "global_name": "Odile", "email": "x@y"}
    return {
        f"{top}index.json": json.dumps({ID: label}).encode(),
        f"{top}{folder}/channel.json": json.dumps(told).encode(),
        f"{top}{folder}/messages.json": json.dumps(messages or [MESSAGE]).encode(),
        "Account/user.json": json.dumps(owner).encode(),
    }


def read(files: dict[str, bytes], told: Told | None = None) -> list[Record]:
    return list(discord_package.read(Source.of(files, told=told)))


def of(records: list[Record], kind: type[Record]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


@pytest.mark.parametrize("top", ["Messages/", "messages/", "Nachrichten/", "消息/", ""])
@pytest.mark.parametrize("folder", [f"c{ID}", ID, f"C{ID}"])
def test_a_package_is_recognised_in_every_language_and_generation(top: str, folder: str) -> None:
    files = package(top=top, folder=folder)
    around = {f"package/{name}": data for name, data in files.items()}
    for given in (files, around, {"package.zip": zipped(files)}):
        [export] = find(Source.of(given), IMPORTERS, Budget()).exports
        assert discord_package is export.importer


def test_the_folder_of_messages_alone_or_without_index_is_enough() -> None:
    files = {k: v for k, v in package(top="").items() if k != "Account/user.json"}
    assert discord_package.recognise(Source.of(files))
    del files["index.json"]
    assert discord_package.recognise(Source.of(files))
    del files[f"c{ID}/messages.json"]
    assert () == discord_package.recognise(Source.of(files))


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"Messages/index.json": b"{}"},
        {"messages.json": json.dumps([MESSAGE]).encode()},
        {**package(), f"Messages/c{ID}/channel.json": b'{"id": "7"}'},
        {**package(), f"Messages/c{ID}/channel.json": b"[]"},
        {**package(), f"Messages/c{ID}/messages.json": b"[7]", "Messages/index.json": b"[]"},
        {f"a/b/{name}": data for name, data in package().items()},
    ],
)
def test_other_folders_are_not_recognised(files: dict[str, bytes]) -> None:
    assert () == discord_package.recognise(Source.of(files))


def test_nothing_to_read_is_an_error_of_our_own() -> None:
    with pytest.raises(BadExport, match="no folder of a channel"):
        read({"Messages/index.json": b"{}"})


# Whose it is


def test_only_id_and_names_of_the_account_are_taken() -> None:
    user = {"id": ME, "username": "odile", "discriminator": "4821", "phone": "+1555", "ip": "9.9"}
    records = read(package(user=user))
    [mine] = [one for one in of(records, Participant) if one.is_me]
    assert (ME, "odile", ("odile#4821",)) == (mine.id, mine.name, mine.handles)
    assert "+1555" not in repr(records)
    assert "9.9" not in repr(records)


def test_without_account_the_owner_is_who_is_in_all_conversations_of_two() -> None:
    files = package()
    del files["Account/user.json"]
    assert ["name:me"] == [one.sender_id for one in of(read(files), Message)]
    another = "1100000000000000009"
    two = {"id": another, "type": "DM", "recipients": ["910000000000000057", ME]}
    files[f"Messages/c{another}/channel.json"] = json.dumps(two).encode()
    [found] = of(read(files, Told(me="Odile")), Message)
    assert ME == found.sender_id
    assert {(ME, "Odile")} == {
        (one.id, one.name) for one in of(read(files, Told(me="Odile")), Participant) if one.is_me
    }


# Conversations


@pytest.mark.parametrize(
    ("label", "channel", "title", "kind"),
    [
        ("Direct Message with mira#0", None, "mira", "direct"),
        ("Direct Message with mira#4821", None, "mira#4821", "direct"),
        ("Direct Message with Unknown Participant", None, ID, "direct"),
        (None, {"id": ID, "type": "GUILD_TEXT"}, ID, "group"),
        ("Unknown channel", {"id": ID, "type": 0}, ID, "group"),
        ("general in Bakers", {"id": ID, "type": "GUILD_TEXT"}, "general in Bakers", "group"),
        ("x", {"id": ID, "name": "tea", "guild": {"name": "Bakers"}}, "tea in Bakers", "group"),
        ("Trio", {"id": ID, "type": "GROUP_DM"}, "Trio", "group"),
        ("news", {"id": ID, "type": "GUILD_ANNOUNCEMENT"}, "news", "channel"),
        (None, {"id": ID, "recipients": [ME, OTHER]}, ID, "direct"),
    ],
)
def test_the_title_is_the_best_that_index_and_channel_know(
    label: str | None, channel: dict[str, Any] | None, title: str, kind: str
) -> None:
    [found] = of(read(package(label=label, channel=channel)), Conversation)
    assert (title, kind) == (found.title, found.kind)


def test_the_other_one_of_two_is_told_by_the_label() -> None:
    people = {one.id: one.name for one in of(read(package()), Participant)}
    assert {ME: "Odile", OTHER: "mira"} == people


# Messages


def test_both_generations_give_the_same_messages() -> None:
    newer = package()
    older = package()
    del older[f"Messages/c{ID}/messages.json"]
    older[f"Messages/c{ID}/messages.csv"] = (HEADING + ROW).encode()
    one, two = (of(read(files), Message)[0] for files in (newer, older))
    assert 1_682_323_637_011 == one.sent_at.utc_ms == two.sent_at.utc_ms
    assert (one.id, one.text, one.sender_id) == (two.id, two.text, two.sender_id)


def test_both_generations_in_one_folder_are_two_transcripts() -> None:
    files = package()
    files[f"Messages/c{ID}/messages.csv"] = (HEADING + ROW).encode()
    assert [0, 0] == [one.seq for one in of(read(files), Message)]
    assert 2 == len(of(read(files), Conversation))


def test_a_message_has_the_id_and_sender_that_the_exporter_tells() -> None:
    """So that both forms meet in one message."""
    item = {
        "id": str(MESSAGE["ID"]),
        "type": "Default",
        "timestamp": "2023-04-24T08:07:17.011+00:00",
        "content": "look",
        "author": {"id": ME, "name": "odile.k"},
    }
    channel = {"id": ID, "type": "DirectTextChat", "name": "mira"}
    tree = {"guild": {"id": "0"}, "channel": channel, "messages": [item]}
    told = list(discord_dce.read(Source.of({"x.json": json.dumps(tree).encode()})))
    records = read(package())
    for kind, fields in (
        (Conversation, ("id", "platform", "title", "kind")),
        (Message, ("id", "scope", "conversation_id", "sender_id", "kind", "text")),
    ):
        one, two = of(told, kind)[0], of(records, kind)[0]
        assert [getattr(one, name) for name in fields] == [getattr(two, name) for name in fields]
    assert of(told, Message)[0].sent_at.utc_ms == of(records, Message)[0].sent_at.utc_ms


@pytest.mark.parametrize(
    ("change", "identifier", "utc_ms"),
    [
        ({"ID": "1099969801008185351"}, "1099969801008185351", 1_682_323_637_011),
        ({"Timestamp": "soon"}, "1099969801008185351", 1_682_323_637_011),
        ({"ID": 1.09e18}, None, 1_682_323_637_000),
        ({"ID": "1.09997E+18"}, None, 1_682_323_637_000),
        ({"ID": 12}, "12", 1_682_323_637_000),
    ],
)
def test_id_and_time_make_up_for_each_other(
    change: dict[str, Any], identifier: str | None, utc_ms: int
) -> None:
    [found] = of(read(package({**MESSAGE, **change})), Message)
    assert (identifier, utc_ms) == (found.id, found.sent_at.utc_ms)


@pytest.mark.parametrize(
    "item", [7, [], {}, {**MESSAGE, "ID": None}, {**MESSAGE, "ID": "x"}, {**MESSAGE, "Contents": 7}]
)
def test_what_is_no_message_is_a_problem_and_the_rest_is_read(item: object) -> None:
    records = read(package(item, MESSAGE))
    assert [1, 1] == [len(of(records, kind)) for kind in (Message, Problem)]


def test_files_are_addresses_parted_by_spaces() -> None:
    urls = "https://cdn.example/1/a%20b.png?ex=1 https://cdn.example/2/c.zip"
    [found] = of(read(package({**MESSAGE, "Attachments": urls})), Message)
    assert [("a b.png", "image"), ("c.zip", "file")] == [
        (one.name, one.kind) for one in found.attachments
    ]


def test_a_file_that_is_no_list_is_told() -> None:
    files = package()
    files[f"Messages/c{ID}/messages.json"] = b'{"a": [1]}'
    assert ["no list of messages"] == [one.reason for one in of(read(files), Problem)]
