"""Element: keys that stay out, quotations, edits, and which file belongs to which message."""

import json
from typing import Any

import pytest

from cases import CASES, complaints
from chatvault.errors import BadExport
from chatvault.importers import matrix_element
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._matrix_files import Files
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Conversation,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Reaction,
    Record,
)

OURS = {case.path.name: case for case in CASES if case.importer is matrix_element}
START = 1_767_348_000_000  # 2026-01-02T10:00:00Z
KEY = "q7wertyuiopasdfghjklzxcvbnm1234567890QWERTY"
LIN, BO = "@lin:hs.example", "@bo:hs.example"


def event(identifier: str, **fields: object) -> dict[str, Any]:
    return {
        "type": "m.room.message", "event_id": identifier, "room_id": "!r:hs.example",
        "sender": LIN, "origin_server_ts": START, "unsigned": {}, **fields,
    }  # fmt: skip


def text(identifier: str, body: str, sender: str = LIN, **content: Any) -> dict[str, Any]:
    return event(identifier, sender=sender, content={"msgtype": "m.text", "body": body, **content})


def edit(identifier: str, target: str, body: str, sender: str = LIN, at: int = 0) -> dict[str, Any]:
    relates = {"rel_type": "m.replace", "event_id": target}
    new = {"msgtype": "m.text", "body": body}
    content = {"m.new_content": new, "m.relates_to": relates}
    return {**text(identifier, f"* {body}", sender, **content), "origin_server_ts": START + at}


def export(*events: object, **about: object) -> bytes:
    room = {"room_name": "Garden", "room_creator": "Lin", "topic": "", "exported_by": "Lin"}
    return json.dumps({**room, **about, "messages": events}).encode()


def read(*events: object, **about: object) -> list[Record]:
    records = list(matrix_element.read(Source.of({"export.json": export(*events, **about)})))
    assert [] == complaints(records)
    return records


def messages(*events: object) -> list[Message]:
    return [one for one in read(*events) if isinstance(one, Message)]


def encrypted(**fields: object) -> dict[str, Any]:
    key = {"alg": "A256CTR", "k": KEY, "kty": "oct"}
    file = {"url": "mxc://hs.example/x", "key": key, "iv": "ivivivivivi", "hashes": {"sha256": "h"}}
    content = {"msgtype": "m.file", "body": "plan.pdf", "file": {**file, "v": "v2"}}
    content["info"] = {"thumbnail_file": file, "size": 3}
    return event("$file", content=content, **fields)


def test_the_key_of_a_file_is_neither_in_a_record_nor_in_what_is_stored() -> None:
    data = export(encrypted(), encrypted(event_id=7), encrypted(unsigned={"prev": encrypted()}))
    source = Source.of({"export.json": data + b'{"k": "' + KEY.encode() + b'"'})
    stored = matrix_element.redacted(source)
    with stored.open("export.json") as file:
        kept = file.read()
    assert KEY.encode() not in kept
    records = list(matrix_element.read(source))
    assert {Message, Problem} <= {type(one) for one in records}
    assert KEY not in repr(records)
    assert records == list(matrix_element.read(Source.of({"export.json": kept})))


@pytest.mark.parametrize(
    "value", [KEY[:20], KEY + KEY, "two words and some more of them, longer than"]
)
def test_only_what_looks_like_a_key_is_left_out(value: str) -> None:
    data = export(text("$a", json.dumps({"k": KEY}), k=value))
    with matrix_element.redacted(Source.of({"export.json": data})).open("export.json") as file:
        assert data == file.read()  # within a text the words of a person stay


@pytest.mark.parametrize(
    ("body", "shown", "quoted"),
    [
        ("> <@bo:hs.example> a\n\nb", "b", ("<@bo:hs.example> a",)),
        ("> <@bo:hs.example> a\n>\n> c\n\nb\n\n> d", "b\n\n> d", ("<@bo:hs.example> a\n\nc",)),
        ("> a\nb", "> a\nb", ()),
        (">a\n\nb", ">a\n\nb", ()),
        ("> a", "> a", ()),
        ("> a\n\n", "", ("a",)),
        ("b", "b", ()),
        ("", "", ()),
    ],
)
def test_the_quotation_that_apps_put_before_an_answer_is_no_part_of_it(
    body: str, shown: str, quoted: tuple[str, ...]
) -> None:
    answer: dict[str, Any] = {"m.relates_to": {"m.in_reply_to": {"event_id": "$b"}}}
    found, alone = messages(text("$a", body, **answer), text("$c", body))
    assert (shown, quoted, "$b") == (found.text, found.more_text, found.reply_to_id)
    assert (body, (), None) == (alone.text, alone.more_text, alone.reply_to_id)
    assert (body if quoted else None) == found.extra.get("body")


@pytest.mark.parametrize(("falling_back", "expected"), [(True, "$root"), (False, "$b")])
def test_in_a_thread_the_answer_counts_only_if_somebody_chose_it(
    falling_back: bool, expected: str
) -> None:
    relates = {
        "rel_type": "m.thread", "event_id": "$root", "is_falling_back": falling_back,
        "m.in_reply_to": {"event_id": "$b"},
    }  # fmt: skip
    related: dict[str, Any] = {"m.relates_to": relates}
    [found] = messages(text("$a", "leaf", **related))
    assert expected == found.reply_to_id


def test_edits_are_folded_in_the_order_of_their_times_and_only_those_of_the_sender() -> None:
    target = text("$t", "one")
    edits = [edit("$2", "$t", "three", at=20), edit("$1", "$t", "two", at=10)]
    found, forged = messages(target, *edits, edit("$3", "$t", "forged", BO, at=30))
    assert ("three", ["one", "two"]) == (found.text, [one.text for one in found.versions])
    assert (START + 20, (Mark.EDITED,)) == (found.edited_at and found.edited_at.utc_ms, found.marks)
    assert ("$3", "forged", BO) == (forged.id, forged.text, forged.sender_id)


def test_an_edit_that_servers_put_beside_a_message_is_the_text_with_the_time() -> None:
    bundled = edit("$e", "$t", "after", at=5)
    for body, versions in (("before", ["before"]), ("after", [])):
        target = {**text("$t", body), "unsigned": {"m.relations": {"m.replace": bundled}}}
        [found] = messages(target)
        assert ("after", versions) == (found.text, [one.text for one in found.versions])
        assert START + 5 == (found.edited_at and found.edited_at.utc_ms)


def test_an_edit_of_what_is_not_in_the_export_stays_a_message() -> None:
    [found] = messages(edit("$e", "$gone", "new words"))
    assert ("$e", "new words", (Mark.EDITED,)) == (found.id, found.text, found.marks)


def test_a_removal_that_comes_later_marks_the_message_and_takes_nothing() -> None:
    removal = event("$r", type="m.room.redaction", redacts="$t", content={})
    [found] = messages(text("$t", "words"), removal)
    assert ("words", (Mark.DELETED,)) == (found.text, found.marks)


def test_a_message_that_could_not_be_decrypted_gives_way_to_one_that_could() -> None:
    locked = event("$t", type="m.room.encrypted", content={"ciphertext": "x"})
    [found] = messages(locked)
    # A system message would win over the text of a later export.
    assert (MessageKind.OTHER, "", (Mark.UNDECRYPTED,)) == (found.kind, found.text, found.marks)


def test_reactions_of_events_count_and_the_number_beside_a_message_only_without_them() -> None:
    relates = {"rel_type": "m.annotation", "event_id": "$t", "key": "🌱"}
    reaction = event("$r", type="m.reaction", sender=BO, content={"m.relates_to": relates})
    many = {"m.relations": {"m.annotation": {"chunk": [{"key": "🌱", "count": 3}]}}}
    for events, expected in (([], [(None, 3)]), ([reaction], [(BO, 1)])):
        records = read({**text("$t", "x"), "unsigned": many}, *events)
        found = [one for one in records if isinstance(one, Reaction)]
        assert expected == [(one.sender_id, one.count) for one in found]


def member(who: str, name: str, **content: object) -> dict[str, Any]:
    fields = {"membership": "join", "displayname": name, **content}
    return event(f"$m{who}{name}", type="m.room.member", sender=who, state_key=who, content=fields)


@pytest.mark.parametrize(
    ("by", "names", "owner"),
    [
        ("Lin", {LIN: "Lin", BO: "Bo"}, LIN),
        ("Lin", {LIN: "Lin", BO: "Lin"}, None),
        ("Lin", {}, None),
        (BO, {}, BO),
        ("", {LIN: ""}, None),
    ],
)
def test_the_exporter_is_the_owner_where_only_one_can_be_meant(
    by: str, names: dict[str, str], owner: str | None
) -> None:
    records = read(*(member(*one) for one in names.items()), text("$a", "x", BO), exported_by=by)
    [room] = [one for one in records if isinstance(one, Conversation)]
    assert owner == room.owner
    mine = {one.id for one in records if isinstance(one, Participant) and one.is_me}
    assert ({owner} if owner else set()) == mine


def test_somebody_has_the_first_name_until_it_changes() -> None:
    before = {"unsigned": {"prev_content": {"displayname": "Bo"}}}
    records = read(text("$a", "x", BO), {**member(BO, "Bo the Gardener"), **before})
    names = [one.name for one in records if isinstance(one, Participant)]
    assert ["Bo", "Bo the Gardener"] == names


PNG = MessageKind.IMAGE


@pytest.mark.parametrize(
    ("name", "kind", "body", "size", "by"),
    [
        ("images/rose-1-2-2026 at 11-00-00 AM.jpg", PNG, "rose.jpg", 3, "size and time"),
        ("images/rose-1-2-2026 at 11-00-00 AM.jpg", PNG, "rose.jpg", 4, "time"),
        ("images/rose-1-2-2026 at 11-00-00 AM.jpg", PNG, "rose.jpg", None, "time"),
        ("images/rose-1-2-2026 at 11-17-33 AM.jpg", PNG, "rose.jpg", 3, "size"),
        ("images/rose-1-2-2026 at 11-17-33 AM.jpg", PNG, "rose.jpg", 4, ""),
        ("images/rose-1-2-2026 at 3-30-00 PM.jpg", PNG, "rose.jpg", 4, "time"),
        ("images/rose-02.01.2026 um 11-00-00.jpg", PNG, "rose.jpg", 4, "time"),
        ("images/rose-2026-1-2 18-00-00.jpg", PNG, "rose.jpg", 4, "time"),
        ("images/ROSE-1-2-2026 at 11-00-00 AM.JPG", PNG, "rose.jpg", 4, "time"),
        ("images/rose-2-1-2-2026 at 11-00-00 AM.jpg", PNG, "rose-2.jpg", 4, "time"),
        ("images/roses-1-2-2026 at 11-00-00 AM.jpg", PNG, "rose.jpg", 3, ""),
        ("videos/rose-1-2-2026 at 11-00-00 AM.jpg", PNG, "rose.jpg", 3, ""),
        ("rose-1-2-2026 at 11-00-00 AM.jpg", PNG, "rose.jpg", 3, ""),
        ("files/notes-1-2-2026 at 11-00-00 AM", MessageKind.FILE, "notes", 4, "time"),
        ("audio/Voice-1-2-2026 at 11-00-00 AM.ogg", MessageKind.VOICE, "Voice.m4a", 4, "time"),
        ("stickers/worm-1-2-2026 at 11-00-00 AM.png", MessageKind.STICKER, "worm", 4, "time"),
        ("etc/passwd", MessageKind.FILE, "../etc/passwd", 3, ""),
        ("files/x-1-2-2026 at 11-00-00 AM", MessageKind.FILE, "", 3, ""),
    ],
)
def test_H04_a_file_is_taken_where_its_size_or_its_clock_agrees(
    name: str, kind: MessageKind, body: str, size: int | None, by: str
) -> None:
    files = Files(Source.of({name: b"abc"}))
    assert (name if by else None, by) == files.find(kind, body, size=size, sent_ms=START)


@pytest.mark.parametrize(
    "clock",
    [
        "1-{}-2026 at 11-00-00 AM",
        "{}.1.2026 um 11-00-00",
        "1-{}-2026 at 9-00-00 PM",
        "2026-1-{} 上午 11-00-00",
    ],
)
def test_files_of_one_name_go_to_the_messages_of_their_times_and_each_only_once(
    clock: str,
) -> None:
    day = 86_400_000
    names = [f"images/image-{clock.format(day)}.png" for day in (2, 3, 9)]
    files = Files(Source.of(dict.fromkeys(names, b"abc")))
    order = [START + 7 * day, START + day, START]
    found = [files.find(PNG, "image.png", size=3, sent_ms=sent)[0] for sent in order]
    assert [names[2], names[1], names[0]] == found
    assert None is files.find(PNG, "image.png", size=3, sent_ms=START)[0]


@pytest.mark.parametrize(
    "value",
    [
        {"messages": []},
        {"room_name": "x", "messages": [{"event_id": "$a"}]},
        {"room_name": "x", "room_creator": "x", "exported_by": "x", "messages": [{"id": 1}]},
        {"room_name": "x", "room_creator": "x", "exported_by": "x", "messages": [7]},
        [{"event_id": "$a"}],
    ],
)
def test_something_else_is_not_taken_for_a_room(value: object) -> None:
    source = Source.of({"export.json": json.dumps(value).encode()})
    assert () == matrix_element.recognise(source)
    with pytest.raises(BadExport, match="no JSON of a room"):
        list(matrix_element.read(source))


def test_a_zip_with_a_folder_of_its_name_is_one_export_with_its_files() -> None:
    files = OURS["ordinary"].files
    source = Source.of({f"Element - Garden/{name}": data for name, data in files.items()})
    [found] = find(source, IMPORTERS, Budget()).exports
    assert ("matrix-element", set(files)) == (found.importer.INFO.key, set(found.source.entries))
