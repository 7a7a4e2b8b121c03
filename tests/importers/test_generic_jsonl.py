"""JSON lines of any app: whose file it is, what a header says, and what a broken line costs."""

import json

import pytest

from archives import zipped
from cases import CASES, Case
from chatvault.errors import BadExport, EmptyExport, NeedsAnswer, NewerFormat
from chatvault.importers import chatlab, generic_csv, generic_jsonl
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS, claims
from chatvault.model import (
    Assumption,
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

HEADER: dict[str, object] = {
    "_type": "header",
    "chatlab": {"version": "0.0.1"},
    "chatvault": {"version": "1"},
    "meta": {"name": "Noor", "type": "private"},
}


def lines(*values: object) -> bytes:
    return "".join(
        one if isinstance(one, str) else json.dumps(one) + "\n" for one in values
    ).encode()


def read(*values: object, told: Told | None = None) -> list[Record]:
    source = Source.of({"Noor.jsonl": lines(*values)}, told=told or Told(zone="UTC"))
    return list(generic_jsonl.read(source))


def said(**more: object) -> dict[str, object]:
    return {"_type": "message", "sender": "n-1", "timestamp": 1767348000, "content": "x", **more}


def one(**more: object) -> Message:
    [message] = [record for record in read(HEADER, said(**more)) if isinstance(record, Message)]
    return message


@pytest.mark.parametrize(("marked", "key"), [(True, "generic-jsonl"), (False, "chatlab")])
def test_the_mark_in_the_header_decides_between_chatlab_and_its_profile(
    marked: bool, key: str
) -> None:
    head = {name: value for name, value in HEADER.items() if marked or name != "chatvault"}
    source = Source.of({"Noor.jsonl": lines(head, said())})
    assert [key] == [importer.INFO.key for importer, _ in claims(source)]
    assert bool(chatlab.recognise(source)) is not marked


def test_chatlab_and_its_profile_read_the_same_group_alike() -> None:
    head = {**HEADER, "meta": {"name": "Choir", "type": "group", "groupId": "g-1", "platform": "x"}}
    plain = {name: value for name, value in head.items() if name != "chatvault"}
    message = said(accountName="Noor", platformMessageId="p-1", replyToMessageId="p-0")
    there = list(chatlab.read(Source.of({"Noor.jsonl": lines(plain, message)})))
    assert there[1:] == read(head, message)[1:]
    places = [r[0] for r in (there, read(head, message))]
    assert 1 == len({(p.id, p.platform, p.kind) for p in places if isinstance(p, Conversation)})


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"chatvault":"records","version":1}\n',
        b'{"type":"version","version":1}\n',
        b'{"time":1767348000,"level":"info"}\n',
        b'[{"time":1767348000,"text":"in an array"}]\n',
        b'{"_type":"header","meta":{}}\n',
        b"\xff\xfe\0\0",
    ],
)
def test_other_lines_are_not_taken_for_messages(text: bytes) -> None:
    assert () == generic_jsonl.recognise(Source.of({"app.jsonl": text}))


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.importer.INFO.rank in {"specific", "text"}], ids=str
)
def test_the_exports_of_others_stay_theirs(case: Case) -> None:
    assert [case.importer] == [importer for importer, _ in claims(case.source)]


def test_a_file_without_header_is_named_after_itself_and_senders_are_names() -> None:
    records = read({"date": "2026-01-02T10:00:00Z", "author": "Ida Berg", "body": "hello"})
    place, person, message = records
    assert isinstance(place, Conversation)
    assert isinstance(person, Participant)
    assert isinstance(message, Message)
    assert ("title:noor", "Noor", True) == (place.id, place.title, place.title_is_id)
    assert ("name:ida berg", "Ida Berg") == (person.id, person.name)
    assert ("hello", MessageKind.TEXT) == (message.text, message.kind)


def test_a_name_beside_the_sender_makes_the_sender_an_id() -> None:
    records = read({"time": 1767348000, "sender": "i-7", "display_name": "Ida", "text": "hello"})
    assert [("i-7", "Ida")] == [(p.id, p.name) for p in records if isinstance(p, Participant)]


def test_a_header_says_which_conversation_zone_and_owner() -> None:
    head = {
        **HEADER,
        "chatvault": {"version": "1", "tz": "Asia/Tokyo"},
        "meta": {"name": "Noor", "type": "group", "groupId": "g-1", "ownerId": "n-1"},
    }
    records = read(head, said(timestamp="2026-01-02 10:00"), told=Told(local_zone="UTC"))
    assert not any(isinstance(record, Assumption) for record in records)
    [place] = [record for record in records if isinstance(record, Conversation)]
    assert ("g-1", ConversationKind.GROUP, "n-1") == (place.id, place.kind, place.owner)
    assert [True] == [p.is_me for p in records if isinstance(p, Participant)]
    [message] = [record for record in records if isinstance(record, Message)]
    assert message.sent_at is not None
    assert "assumed:Asia/Tokyo" == message.sent_at.basis
    told = read(head, said(timestamp="2026-01-02 10:00"), told=Told(zone="Europe/Paris"))
    assert "assumed:Europe/Paris" in str(told)


def test_a_second_header_begins_another_conversation() -> None:
    other = {**HEADER, "meta": {"name": "Kim", "type": "private", "chatId": "c-2"}}
    records = read(HEADER, said(), other, said(), said(content="y"))
    found = [(m.conversation_id, m.seq) for m in records if isinstance(m, Message)]
    assert [("title:noor", 0), ("c-2", 0), ("c-2", 1)] == found


def test_a_version_to_come_is_refused() -> None:
    with pytest.raises(NewerFormat):
        read({**HEADER, "chatvault": {"version": "2"}}, said())


def test_milliseconds_win_over_seconds_and_what_differs_is_kept() -> None:
    same = one(timestampMs=1767348000123)
    assert same.sent_at is not None
    assert (1767348000123, {}) == (same.sent_at.utc_ms, same.extra)
    assert {"timestamp": 1767348000} == one(timestampMs=1767349000123).extra


def test_kind_by_name_wins_over_type_by_number() -> None:
    assert (MessageKind.IMAGE, {}) == (
        one(kind="image", type=1).kind,
        one(kind="image", type=1).extra,
    )
    assert (MessageKind.ANIMATION, {"type": 1}) == (
        one(kind="gif", type=1).kind,
        one(kind="gif", type=1).extra,
    )
    assert (MessageKind.OTHER, {"kind": "aura"}) == (one(kind="aura").kind, one(kind="aura").extra)


def test_marks_edits_forwards_calls_and_places() -> None:
    message = one(
        editedMs=1767348060000, deleted=True, forwardedFrom="Bo",
        location={"lat": 1.25, "lon": 2.5, "name": "the quay"},
    )  # fmt: skip
    assert (Mark.EDITED, Mark.DELETED, Mark.FORWARDED) == message.marks
    assert message.edited_at is not None
    assert (MessageKind.LOCATION, ("the quay",)) == (message.kind, message.more_text)
    assert MessageKind.CALL is one(content=None, call={"missed": True}).kind


def test_reactions_tell_who_reacted_and_broken_ones_are_kept() -> None:
    records = read(HEADER, said(reactions=[{"emoji": "👍", "sender": "k-2"}, {"emoji": 7}, "x"]))
    assert [("👍", "k-2")] == [(r.emoji, r.sender_id) for r in records if isinstance(r, Reaction)]
    assert "k-2" in {p.id for p in records if isinstance(p, Participant)}
    [message] = [record for record in records if isinstance(record, Message)]
    assert {"reactions": [{"emoji": 7}, "x"]} == message.extra


def test_H04_files_are_looked_for_beside_the_lines_only() -> None:
    given = [{"path": "pics/a-77.png"}, {"path": "/etc/passwd"}, {"path": "../a.png"},
             {"path": "file:///etc/passwd"}, {"url": "http://example.org/x"}]  # fmt: skip
    source = Source.of(
        {"Noor.jsonl": lines(HEADER, said(attachments=given)), "pics/a-77.png": b"x"}
    )
    [message] = [r for r in generic_jsonl.read(source) if isinstance(r, Message)]
    assert ["pics/a-77.png", None, None, None, None] == [a.path for a in message.attachments]
    assert AttachmentState.REMOTE_ONLY is message.attachments[-1].state


def test_a_broken_line_costs_itself_only_and_is_kept_whole() -> None:
    deep = "[" * 200 + "]" * 200
    records = read("# a comment\n\n", HEADER, '{"cut\n', f'{{"a":{deep}}}\n', said(), "7\n")
    raws = [record.raw for record in records if isinstance(record, Problem)]
    assert ['{"cut', f'{{"a":{deep}}}', "7"] == raws
    assert 1 == sum(isinstance(record, Message) for record in records)


def test_half_an_emoji_and_huge_numbers_do_no_harm() -> None:
    records = read('{"time":1767348000,"text":"half \\ud83d one","n":' + "9" * 5000 + "}\n")
    [message] = [record for record in records if isinstance(record, Message)]
    assert "half \ufffd one" == message.text
    assert {"n": "9" * 5000} == message.extra


def test_files_without_a_message_say_so() -> None:
    with pytest.raises(EmptyExport):
        read(HEADER)
    with pytest.raises(BadExport) as found:
        read({"time": "soon", "text": "x"})
    assert "not a time" in str(found.value)
    with pytest.raises(NeedsAnswer):
        read({"time": "03/04/2026 10:00", "text": "x"})


def test_lines_with_pictures_beside_them_are_one_export() -> None:
    files = {"Noor.jsonl": lines(HEADER, said()), "a.png": b"\x89PNG\r\n\x1a\n" + bytes(30)}
    packed = zipped({"Noor.jsonl": files["Noor.jsonl"], "a.png": files["a.png"]})
    for given in (files, {"Noor.zip": packed}):
        [export] = find(Source.of(given), IMPORTERS, Budget()).exports
        assert "generic-jsonl" == export.importer.INFO.key
    assert () == generic_csv.recognise(Source.of(files))


@pytest.mark.parametrize("kind", [[], {}, [{}], None, 7])
def test_a_kind_of_line_that_is_no_text_is_looked_at_without_harm(kind: object) -> None:
    line = json.dumps({"_type": kind, "sender": "n-1", "content": "a word"}).encode() + b"\n"
    assert isinstance(generic_jsonl.recognise(Source.of({"a.jsonl": line * 3})), tuple)


@pytest.mark.parametrize("kind", [[], {}, [{}], 7])
def test_a_line_of_such_a_kind_among_others_is_told(kind: object) -> None:
    found = read(said(), said(_type=kind))
    assert ["neither header, member nor message"] == [
        record.reason for record in found if isinstance(record, Problem)
    ]
    assert 1 == sum(isinstance(record, Message) for record in found)
