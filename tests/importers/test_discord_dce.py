"""DiscordChatExporter: its versions, parts, files and dates, and what is not taken for it."""

import hashlib
import json
import sqlite3
from typing import Any

import pytest

from chatvault.errors import BadExport, ChatVaultError, NeedsAnswer
from chatvault.importers import discord_dce
from chatvault.importers._discord import Files, snowflake_time
from chatvault.importers._discord_chat import Transcript
from chatvault.importers._explore import find
from chatvault.importers._fields import Malformed
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Assumption,
    AttachmentState,
    Conversation,
    Message,
    MessageKind,
    Participant,
    Problem,
    Reaction,
    Record,
)
from recognised import importer_for

GUILD = {"id": "920000000000000001", "name": "Hill Walkers"}
CHANNEL = {"id": "920000000000000002", "type": "GuildTextChat", "name": "plans"}
AUTHOR = {"id": "910000000000000055", "name": "odile.k", "nickname": "Odile"}
NAME = "Hill Walkers - plans [920000000000000002].json"
HEADER = "AuthorID,Author,Date,Content,Attachments,Reactions\n"


def message(number: int = 7, **fields: Any) -> dict[str, Any]:
    at = "2023-04-24T10:07:17.011+00:00"
    return {"id": str(number), "type": "Default", "timestamp": at, "author": AUTHOR, **fields}


def channel(*messages: object, **fields: Any) -> dict[str, Any]:
    around = {"guild": GUILD, "channel": CHANNEL, "dateRange": {"after": None}}
    return {**around, **fields, "messages": list(messages), "messageCount": len(messages)}


def source(tree: object, told: Told | None = None, **files: bytes) -> Source:
    return Source.of({NAME: json.dumps(tree).encode(), **files}, told=told)


def read(tree: object, told: Told | None = None) -> list[Record]:
    return list(discord_dce.read(source(tree, told)))


def of(records: list[Record], kind: type[Record]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def one(**fields: Any) -> Message:
    [found] = of(read(channel(message(**fields))), Message)
    assert isinstance(found, Message)
    return found


# What is ours


@pytest.mark.parametrize(
    "tree",
    [
        channel(),
        channel(message()),
        {"channel": CHANNEL, "guild": GUILD, "messages": [message()]},
        {"guild": GUILD, "channel": {"id": "1", "name": "x"}, "dateRange": {}, "messages": []},
    ],
)
def test_an_export_is_recognised_under_any_name(tree: dict[str, Any]) -> None:
    for name in (NAME, "x.json"):
        found = Source.of({name: json.dumps(tree, indent=2).encode()})
        assert discord_dce is importer_for(found)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        [],
        [message()],
        {"messages": [message()]},
        {"guild": "x", "channel": "y", "dateRange": {}, "messages": []},
        {"guild": GUILD, "messages": [message()]},
        {"guild": GUILD, "channel": {"id": "1"}, "messages": [message()]},
        {"guild": [GUILD], "channel": [CHANNEL], "dateRange": {}},
    ],
)
def test_other_json_is_not_recognised(tree: object) -> None:
    assert () == discord_dce.recognise(source(tree))


def test_what_breaks_off_before_the_first_message_is_an_error_of_our_own() -> None:
    with pytest.raises(BadExport, match="not a channel"):
        list(discord_dce.read(Source.of({NAME: b'{"guild": {"id"'})))
    with pytest.raises(BadExport, match="no JSON"):
        list(discord_dce.read(Source.of({"x.txt": b""})))


def test_J07_a_file_cut_in_a_message_gives_all_before_it() -> None:
    whole = json.dumps(channel(message(1), message(2), message(3))).encode()
    records = list(discord_dce.read(Source.of({NAME: whole[:-150]})))
    assert ["1", "2"] == [found.id for found in of(records, Message)]
    assert ["end"] == [found.part for found in of(records, Problem)]


PAGE = (
    b"<!DOCTYPE html><html><head><title>Hill Walkers - plans</title><style>"
    b".preamble__entry{font-size:1rem}" + b" " * 5000 + b".chatlog__message{display:grid}"
)
TEXT = "=" * 62 + "\r\nGuild: Hill Walkers\r\nChannel: Text / plans\r\n" + "=" * 62 + "\r\n"


@pytest.mark.parametrize("file", [("x.html", PAGE), ("x.txt", TEXT.encode())])
def test_pages_and_texts_are_answered_with_what_to_do(file: tuple[str, bytes]) -> None:
    with pytest.raises(BadExport, match="made to be looked at") as found:
        find(Source.of(dict([file])), IMPORTERS, Budget())
    assert "--format Json" in found.value.remedy


TRACKER = ("servers", "channels", "users", "messages", "attachments", "metadata")


@pytest.mark.parametrize("name", ["history.dht", "history.db"])
def test_a_database_of_another_tool_is_answered_with_what_to_do(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    for table in TRACKER:
        connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)")
    data = connection.serialize()
    connection.execute("DROP TABLE servers")
    other = connection.serialize()
    connection.close()
    with pytest.raises(BadExport, match="Discord History Tracker") as found:
        find(Source.of({name: data}), IMPORTERS, Budget())
    assert "data package" in found.value.remedy
    with pytest.raises(ChatVaultError) as else_:
        find(Source.of({name: other}), IMPORTERS, Budget())
    assert "Tracker" not in else_.value.message


# A channel and its parts


def test_a_channel_that_stands_behind_the_messages_is_told_before_them() -> None:
    tree = {"messages": [message()], "guild": GUILD, "channel": CHANNEL}
    first, *rest = read(tree)
    assert isinstance(first, Conversation)
    assert ("920000000000000002", "plans in Hill Walkers") == (first.id, first.title)
    assert [] == of(rest, Conversation)


def test_parts_are_one_transcript_in_the_order_of_their_numbers() -> None:
    names = {1: NAME} | {n: NAME.replace(".json", f" [part {n}].json") for n in (2, 10)}
    files = {name: json.dumps(channel(message(n))).encode() for n, name in names.items()}
    records = list(discord_dce.read(Source.of(files)))
    assert 1 == len(of(records, Conversation))
    told = [(found.id, found.seq) for found in of(records, Message)]
    assert [("1", 0), ("2", 1), ("10", 2)] == told


def test_two_exports_of_a_channel_are_two_transcripts() -> None:
    files = {
        name: json.dumps(channel(message())).encode() for name in (NAME, NAME.replace(" ", "_"))
    }
    records = list(discord_dce.read(Source.of(files)))
    assert [0, 0] == [found.seq for found in of(records, Message)]


def test_a_direct_conversation_has_the_name_of_the_other_one() -> None:
    direct = {"id": "5000000", "type": "DirectTextChat", "name": "mira"}
    guild = {"id": "0", "name": "Direct Messages"}
    [found] = of(read(channel(guild=guild, channel=direct)), Conversation)
    assert ("mira", "direct", {"type": "DirectTextChat"}) == (found.title, found.kind, found.extra)


def test_a_channel_without_id_takes_it_from_the_name_of_the_file_or_its_title() -> None:
    tree = json.dumps(channel(message(), channel={"type": "GuildTextChat", "name": "Plans"}))
    for name, expected in (
        (NAME, ("920000000000000002", False)),
        ("x.json", ("title:plans in hill walkers", True)),
    ):
        [found] = of(list(discord_dce.read(Source.of({name: tree.encode()}))), Conversation)
        assert expected == (found.id, found.title_is_id)


# Messages


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("Default", MessageKind.TEXT),
        ("Reply", MessageKind.TEXT),
        ("20", MessageKind.TEXT),
        ("23", MessageKind.TEXT),
        (19, MessageKind.TEXT),
        ("Call", MessageKind.CALL),
        ("3", MessageKind.CALL),
        ("RecipientAdd", MessageKind.SYSTEM),
        ("GuildMemberJoin", MessageKind.SYSTEM),
        ("8", MessageKind.SYSTEM),
        ("21", MessageKind.SYSTEM),
        ("46", MessageKind.SYSTEM),
        ("9999", MessageKind.SYSTEM),
        ("Hologram", MessageKind.OTHER),
        ("²", MessageKind.OTHER),
    ],
)
def test_the_type_says_what_a_message_is(form: object, kind: MessageKind) -> None:
    assert kind is one(type=form, content="x").kind


def test_only_a_reply_answers_the_message_it_refers_to() -> None:
    reference = {"type": "Default", "messageId": "4", "channelId": CHANNEL["id"], "guildId": None}
    reply, pin = one(type="Reply", reference=reference), one(type="6", reference=reference)
    assert ("4", {}) == (reply.reply_to_id, reply.extra)
    assert (None, {"messageId": "4"}) == (pin.reply_to_id, pin.extra["reference"])


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, "4"),
        ({"type": "Default"}, "4"),
        ({"type": "Forward"}, None),
        ({"channelId": "1100000000000000999"}, None),
    ],
)
def test_an_ordinary_message_answers_what_it_refers_to_in_its_own_channel(
    change: dict[str, str], answer: str | None
) -> None:
    reference = {"messageId": "4", "channelId": CHANNEL["id"], "guildId": None, **change}
    assert answer == one(type="Default", reference=reference).reply_to_id


def test_a_voice_message_is_one_only_when_nothing_is_written_beside_it() -> None:
    file = {"id": "9", "url": "https://cdn.example/v.ogg", "fileName": "voice-message.ogg"}
    assert MessageKind.VOICE is one(attachments=[file]).kind
    assert MessageKind.AUDIO is one(attachments=[file], content="a song").kind


def test_everybody_who_is_named_is_told_before_the_message() -> None:
    others = [{"id": str(number), "name": f"p{number}"} for number in range(3)]
    item = message(
        mentions=[others[0]],
        interaction={"id": "5", "name": "wind", "user": others[1]},
        reactions=[{"emoji": {"id": "", "name": "👍"}, "count": 4, "users": [others[2]]}],
    )
    records = read(channel(item))
    assert ["Odile", "p0", "p1", "p2"] == [found.name for found in of(records, Participant)]
    told = [(found.sender_id, found.count) for found in of(records, Reaction)]
    assert [("2", 1), (None, 3)] == told


def test_who_was_named_first_in_an_item_that_is_refused_is_told_with_the_next() -> None:
    refused = message(1, mentions=[{"id": "5", "name": "p", "discriminator": 7}])
    problem, first, second = read(channel(refused, message(2)))[1:]
    assert isinstance(problem, Problem)
    assert isinstance(first, Participant)
    assert isinstance(second, Message)


def test_people_are_told_once_more_where_a_channel_has_too_many_to_remember() -> None:
    place = Transcript({"channel": CHANNEL}, NAME, source({}), Files(source({})), kept=1)
    told: list[str] = []
    for number, author in enumerate("ababcca"):
        for record in place.item(message(number, author={"id": author, "name": author})):
            if isinstance(record, Participant):
                told.append(record.id)
            elif isinstance(record, Message):
                assert record.sender_id in told
    assert 3 < len(told) < 7


def test_who_is_told_to_be_me_by_name_is_me() -> None:
    told = Told(me="Odile")
    assert [True] == [found.is_me for found in of(read(channel(message()), told), Participant)]


def test_text_inside_forwards_embeds_and_buttons_is_searched() -> None:
    found = one(
        content="see",
        embeds=[{"title": "Ridge", "footer": {"text": "hourly"}, "fields": [{"value": "12 kn"}]}],
        components=[{"components": [{"label": "Open", "url": "https://x.example"}]}],
        forwardedMessage={"content": "bus at 7:40", "embeds": [{"description": "line 61"}]},
    )
    expected = "bus at 7:40|line 61|Ridge|hourly|12 kn|Open|https://x.example"
    assert expected.split("|") == list(found.more_text)


# Ids and files


def test_an_id_holds_the_time_to_the_millisecond() -> None:
    assert 1_682_323_637_011 == snowflake_time("1099969801008185351").utc_ms


@pytest.mark.parametrize("identifier", ["", "7", "abc", "-1099969801008185351", "9" * 21, "١" * 19])
def test_an_id_without_a_time_is_refused(identifier: str) -> None:
    with pytest.raises(Malformed):
        snowflake_time(identifier)


URL = "https://cdn.discordapp.com/attachments/1/2/cat.png"
HASH = hashlib.sha256(URL.encode()).hexdigest()


@pytest.mark.parametrize(
    ("url", "file", "expected"),
    [
        ("x_Files/cat-0123456789abcdef.png", "x_Files/cat-0123456789abcdef.png", True),
        ("x_Files\\cat-0123456789abcdef.png", "x_Files/cat-0123456789abcdef.png", True),
        ("C:\\media\\cat-0123456789abcdef.png", "x/cat-0123456789abcdef.png", True),
        ("x_Files/my%20cat.png", "x_Files/my cat.png", True),
        (f"{URL}?ex=1&is=2&hm=3", f"old/whatever-{HASH[:16]}.png", True),
        (URL, f"old/cat-{HASH[:5].upper()}.png", True),
        (URL, f"old/dog-{HASH[:5]}.png", False),
        (f"{URL}?width=5", f"old/cat-{HASH[:16]}.png", False),
        (URL, "cat.png", False),
        (URL, "attachments/1/2/cat.png", False),
        ("https://[", "cat.png", False),
    ],
)
def test_H05_a_file_is_found_by_path_or_hash_and_an_address_never_by_its_name(
    url: str, file: str, expected: bool
) -> None:
    tree = channel(message(attachments=[{"id": "9", "url": url, "fileName": "cat.png"}]))
    [found] = of(list(discord_dce.read(source(tree, **{file: b"x"}))), Message)
    assert expected == (found.attachments[0].path == file)
    remote = AttachmentState.REMOTE_ONLY
    assert expected or found.attachments[0].state is remote


@pytest.mark.parametrize("url", ["../../../../etc/passwd", "file:///etc/passwd", "/etc/passwd"])
def test_H04_a_path_that_leaves_the_export_is_a_missing_file(url: str) -> None:
    [found] = one(attachments=[{"id": "9", "url": url, "fileName": "x"}]).attachments
    assert (None, AttachmentState.MISSING_FILE) == (found.path, found.state)


# CSV


def rows(*dates: str) -> bytes:
    return (HEADER + "".join(f'"55","mira","{date}","hi","",""\n' for date in dates)).encode()


def table(data: bytes, told: Told | None = None) -> list[Record]:
    files = Source.of({"Direct Messages - mira [1100000000000000001].csv": data}, told=told)
    assert discord_dce is importer_for(files)
    return list(discord_dce.read(files))


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["2023-04-24T10:07:17.0110000+02:00"], "2023-04-24T10:07:17.0110000+02:00"),
        (["24-Apr-23 12:07 AM"], "2023-04-24T00:07"),
        (["24-Apr-2023 22:07"], "2023-04-24T22:07"),
        (["24/04/2023 10:07"], "2023-04-24T10:07"),
        (["4/24/2023 10:07:08 PM"], "2023-04-24T22:07:08"),
        (["24.04.23 10:07"], "2023-04-24T10:07"),
        (["2023/04/24 10:07"], "2023-04-24T10:07"),
        (["05/04/2023 10:07", "06/04/2023 10:07", "07/04/2023 10:07"], "2023-04-05T10:07"),
    ],
)
def test_a_date_of_a_csv_is_read_in_every_style(dates: list[str], expected: str) -> None:
    found = of(table(rows(*dates), Told(zone="Europe/Berlin")), Message)
    assert len(dates) == len(found)
    assert expected == found[0].sent_at.as_exported


def test_day_and_month_that_nothing_tells_apart_are_asked_for() -> None:
    with pytest.raises(NeedsAnswer, match="the day from the month"):
        table(rows("05/04/2023 10:07"))
    [found] = of(table(rows("05/04/2023 10:07"), Told(zone="UTC", date_order="mdy")), Message)
    assert "2023-05-04T10:07" == found.sent_at.as_exported


@pytest.mark.parametrize("date", ["", "soon", "24-Foo-23 10:07 AM", "31/02/2023 10:07", "9" * 400])
def test_a_row_with_another_date_is_a_problem(date: str) -> None:
    records = table(rows("24/04/2023 10:07", date))
    assert [1, 1] == [len(of(records, kind)) for kind in (Message, Problem)]


def test_the_zone_of_a_csv_is_told_once_and_only_if_it_had_to_be_assumed() -> None:
    clocks = rows("24-Apr-23 12:07 AM", "24-Apr-23 12:08 AM")
    assert 1 == len(of(table(clocks), Assumption))
    assert [] == of(table(clocks, Told(zone="Asia/Tokyo")), Assumption)
    assert [] == of(table(rows("2023-04-24T10:07:17+02:00")), Assumption)


def test_a_conversation_of_a_csv_is_told_by_the_name_of_the_file() -> None:
    [found] = of(table(rows("24-Apr-23 12:07 AM")), Conversation)
    assert ("1100000000000000001", "mira", "direct") == (found.id, found.title, found.kind)
