"""WhatsApp-Chat-Exporter's JSON: what the cases do not show."""

import html
import json
from typing import Any

import msgspec
import pytest

from cases import CASES, Case
from chatvault.errors import BadExport
from chatvault.importers import whatsapp_exporter_json
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import claims
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Reaction,
    Record,
)
from test_nothing_lost import values

JID = "447700900123@s.whatsapp.net"
MINE = [case for case in CASES if case.importer is whatsapp_exporter_json]


def item(data: str | None = "hello", **fields: Any) -> dict[str, Any]:
    return {"from_me": False, "timestamp": 1710007560, "key_id": "3EB0", "data": data, **fields}


def export(*items: object, jid: str = JID, **about: Any) -> bytes:
    chat = {"name": "Jory", "type": "android", **about, "messages": dict(enumerate(items))}
    return json.dumps({jid: chat}).encode()


def read(
    data: bytes, told: Told | None = None, files: dict[str, bytes] | None = None
) -> list[Record]:
    source = Source.of({"result.json": data, **(files or {})}, told=told)
    return list(whatsapp_exporter_json.read(source))


def message(data: bytes, files: dict[str, bytes] | None = None) -> Message:
    (found,) = (one for one in read(data, files=files) if isinstance(one, Message))
    return found


@pytest.mark.parametrize("case", MINE, ids=str)
def test_every_value_of_every_message_is_kept(case: Case) -> None:
    derived = whatsapp_exporter_json.INFO.derived
    records = [msgspec.to_builtins(record) for record in case.records()]
    kept = "\n".join(text for _, text in values(records))
    raw = "\n".join(one.raw for one in case.records() if isinstance(one, Problem))
    for name, data in case.files.items():
        if not name.endswith(".json"):
            continue
        for chat in json.loads(data).values():
            items = chat["messages"].values() if isinstance(chat, dict) else [chat]
            for path, text in (value for one in items for value in values(one)):
                if (path and path[-1] in derived) or "vCard" in text:
                    continue
                for line in html.unescape(text).split("<br>"):
                    found = line.strip() in kept or json.dumps(line)[1:-1] in raw
                    assert found, f"{path}: {text}"


@pytest.mark.parametrize(
    ("phone", "data", "expected"),
    [
        ("android", "one <br>two", "one\ntwo"),
        ("android", "one  <br> <br>two", "one \n\ntwo"),
        ("ios", "one<br>two", "one\ntwo"),
        ("ios", "one <br>two", "one \ntwo"),
        ("android", "1 < 2 &amp; <b>3</b>", "1 < 2 &amp; <b>3</b>"),
    ],
)
def test_ends_of_lines_become_line_feeds_again(phone: str, data: str, expected: str) -> None:
    assert expected == message(export(item(data), type=phone)).text


def test_what_was_made_ready_for_a_page_is_text_again() -> None:
    found = message(export(item("Ada &amp; Ben<br><b>left</b>", meta=True, safe=True)))
    assert (MessageKind.SYSTEM, "Ada & Ben\nleft") == (found.kind, found.text)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("A voice call was missed", MessageKind.CALL),
        ("A video call from Jory was missed.", MessageKind.CALL),
        ("A voice call to Jory was not answered.", MessageKind.CALL),
        ("The security code changed", MessageKind.SYSTEM),
        (None, MessageKind.SYSTEM),
    ],
)
def test_what_the_app_says_is_told_by_the_flag(data: str | None, kind: MessageKind) -> None:
    assert kind is message(export(item(data, meta=True))).kind


@pytest.mark.parametrize(
    "data", ["Message deleted", "A voice call was missed", "Location shared: (1.0, 2.0)"]
)
def test_the_same_words_written_by_hand_are_text(data: str) -> None:
    found = message(export(item(data)))
    assert (MessageKind.TEXT, data) == (found.kind, found.text)


def test_a_deleted_message_keeps_who_sent_it() -> None:
    found = message(export(item("Message deleted", meta=True)))
    assert ((Mark.DELETED,), JID, "") == (found.marks, found.sender_id, found.text)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"mime": "image/jpeg", "data": "a.jpg"}, MessageKind.IMAGE),
        ({"mime": "video/mp4", "data": "a.mp4"}, MessageKind.VIDEO),
        ({"mime": "audio/ogg", "data": "PTT-20240309-WA0001.opus"}, MessageKind.VOICE),
        ({"mime": "audio/mpeg", "data": "a.mp3"}, MessageKind.AUDIO),
        ({"mime": "application/pdf", "data": "a.pdf"}, MessageKind.FILE),
        ({"mime": "image/jpeg", "data": "no ending"}, MessageKind.IMAGE),
        ({"mime": "image/webp", "data": "a.webp", "sticker": True}, MessageKind.STICKER),
        ({"mime": "video/mp4", "data": "a.mp4", "message_type": 13}, MessageKind.ANIMATION),
        ({"mime": "media", "data": "The media is missing"}, MessageKind.MEDIA),
    ],
)
def test_media_are_told_by_their_type(fields: dict[str, Any], kind: MessageKind) -> None:
    found = message(export(item(media=True, **fields)))
    assert (kind, kind, AttachmentState.MISSING_FILE) == (
        found.kind, found.attachments[0].kind, found.attachments[0].state,
    )  # fmt: skip


def test_a_file_is_found_by_its_path_or_its_name() -> None:
    def path(reference: str, there: str) -> str | None:
        found = message(export(item(reference, media=True, mime="image/png")), {there: b"x"})
        (attachment,) = found.attachments
        assert isinstance(attachment, Attachment)
        return attachment.path

    assert "WhatsApp/Media/a.png" == path("WhatsApp/Media/a.png", "WhatsApp/Media/a.png")
    assert "Media/a.png" == path("WhatsApp\\Media\\a.png", "Media/a.png")
    assert path("../../a.png", "Media/b.png") is None


def test_reactions_are_of_people_who_were_told() -> None:
    records = read(export(item(reactions={"Jory": "👍", "You": "🥖", "Ines": "✋"})))
    assert [JID, "me", "name:ines"] == [
        one.sender_id for one in records if isinstance(one, Reaction)
    ]
    assert {JID, "me", "name:ines"} == {one.id for one in records if isinstance(one, Participant)}


def test_the_account_is_that_of_the_phone() -> None:
    records = read(export(item(from_me=True)), Told(me="Ottilie Marsh"))
    (person,) = (one for one in records if isinstance(one, Participant))
    assert ("me", "Ottilie Marsh", True) == (person.id, person.name, person.is_me)


@pytest.mark.parametrize(
    ("jid", "kind"),
    [
        (JID, ConversationKind.DIRECT),
        ("12345@lid", ConversationKind.DIRECT),
        ("1203@g.us", ConversationKind.GROUP),
        ("1203@newsletter", ConversationKind.CHANNEL),
        ("status@broadcast", ConversationKind.GROUP),
    ],
)
def test_the_address_tells_the_kind(jid: str, kind: ConversationKind) -> None:
    (found,) = (one for one in read(export(item(), jid=jid)) if isinstance(one, Conversation))
    assert (jid, kind, False) == (found.id, found.kind, found.title_is_id)


def test_a_time_in_milliseconds_is_the_same_time() -> None:
    found = message(export(item(timestamp=1710007560123)))
    assert found.sent_at is not None
    assert 1710007560123 == found.sent_at.utc_ms


@pytest.mark.parametrize(
    "bad",
    [
        {"timestamp": None}, {"timestamp": "x"}, {"data": 5}, {"from_me": "yes"}, {"sender": []},
        {"reactions": []}, {"reactions": {"Jory": 1}}, {"key_id": {}}, {"meta": 1},
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_a_problem_and_the_next_message_is_read(
    bad: dict[str, Any],
) -> None:
    records = read(export({**item(sender="Ines"), **bad}, item("next"), jid="1@g.us"))
    assert 1 == sum(isinstance(one, Problem) for one in records)
    assert ["next"] == [one.text for one in records if isinstance(one, Message)]


def test_j07_a_file_that_breaks_off_gives_what_was_whole() -> None:
    data = export(item("one"), item("two"))
    records = read(data[: data.index(b"two")])
    assert ["one"] == [one.text for one in records if isinstance(one, Message)]
    assert "end" == [one.part for one in records if isinstance(one, Problem)][-1]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"[]", b'{"447700900123@s.whatsapp.net": 5}',
        b'{"a": {"name": "x", "messages": {}}}',
        b'{"name": "x", "type": "personal_chat", "id": 5, "messages": []}',
    ],
)  # fmt: skip
def test_other_json_is_not_claimed(data: bytes) -> None:
    assert () == whatsapp_exporter_json.recognise(Source.of({"result.json": data}))


def test_only_this_importer_claims_it() -> None:
    source = Source.of({"result.json": export(item())})
    assert ["whatsapp-exporter-json"] == [one.INFO.key for one, _ in claims(source)]


def test_what_is_no_such_file_is_an_error_with_a_remedy() -> None:
    with pytest.raises(BadExport, match="there is no"):
        list(whatsapp_exporter_json.read(Source.of({})))
    with pytest.raises(BadExport, match="not an export of WhatsApp-Chat-Exporter"):
        read(b"nothing")
