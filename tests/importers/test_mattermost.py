"""Mattermost's lines: what begins an export, who is where, identity without ids, and passwords."""

import json
from typing import Any

import pytest

from archives import zipped
from chatvault.errors import BadExport
from chatvault.importers import mattermost
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    AttachmentState,
    Conversation,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)
from recognised import importer_for

VERSION = {"type": "version", "version": 1}
AT = 1_700_000_000_000


def post(text: str = "hi", **fields: Any) -> dict[str, Any]:
    known = {"team": "mill", "channel": "flour", "user": "oda", "create_at": AT}
    return {"type": "post", "post": {**known, "message": text, **fields}}


def direct(*members: str, user: str = "oda", **fields: Any) -> dict[str, Any]:
    item = {"channel_members": list(members), "user": user, "message": "hi", "create_at": AT}
    return {"type": "direct_post", "direct_post": {**item, **fields}}


def person(username: str, **fields: Any) -> dict[str, Any]:
    return {"type": "user", "user": {"username": username, **fields}}


def lines(*values: object) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in (VERSION, *values)).encode()


def source(*values: object, told: Told | None = None, **files: bytes) -> Source:
    return Source.of({"import.jsonl": lines(*values), **files}, told=told)


def read(*values: object, told: Told | None = None, **files: bytes) -> list[Record]:
    return list(mattermost.read(source(*values, told=told, **files)))


def of(records: list[Record], kind: type[Record]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def one(**fields: Any) -> Message:
    [found] = of(read(post(**fields)), Message)
    assert isinstance(found, Message)
    return found


# What is ours


@pytest.mark.parametrize("name", ["import.jsonl", "export.json", "x.JSONL"])
def test_an_export_is_known_by_its_first_line(name: str) -> None:
    assert mattermost is importer_for(Source.of({name: lines(post())}))
    packed = Source.of({"export.zip": zipped({name: lines(post()), "data/a.png": b"x"})})
    [export] = find(packed, IMPORTERS, Budget()).exports
    assert mattermost is export.importer


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"[]\n",
        b'{"type":"version"}\n',
        b'{"type":"version","version":"1"}\n',
        b'{"type":"version","version":1,"more":2}\n',
        b'{"version":1,"backupTimeMs":5}\n',
        b'{"type":"post","post":{}}\n{"type":"version","version":1}\n',
        b"\xff\xfe\n",
        b"[" * 100_000,
    ],
)
def test_another_first_line_is_not_ours(first: bytes) -> None:
    other = Source.of({"x.jsonl": first + lines(post())[len(json.dumps(VERSION)) :]})
    assert () == mattermost.recognise(other)
    with pytest.raises(BadExport, match="version line"):
        list(mattermost.read(other))


# Who is where


def test_a_channel_is_told_by_its_team_and_names() -> None:
    team = {"type": "team", "team": {"name": "mill", "display_name": "Old Mill"}}
    channel = {"team": "mill", "name": "flour", "display_name": "Flour", "type": "O"}
    for before in ([team, {"type": "channel", "channel": channel}], []):
        [found] = of(read(*before, post()), Conversation)
        assert ("title:mill/flour", True) == (found.id, found.title_is_id)
        assert ("Flour in Old Mill" if before else "flour in mill") == found.title


def test_equal_names_in_two_teams_are_two_conversations() -> None:
    found = of(read(post(), post(team="loft")), Conversation)
    assert ["title:mill/flour", "title:loft/flour"] == [place.id for place in found]


@pytest.mark.parametrize(
    ("members", "me", "title", "kind"),
    [
        (("peer", "oda"), None, "Oda, peer", "direct"),
        (("oda", "peer"), "oda", "peer", "direct"),
        (("oda", "peer"), "Oda", "peer", "direct"),
        (("oda", "oda"), "oda", "Oda", "direct"),
        (("oda", "peer", "ilka"), "oda", "ilka, peer", "group"),
    ],
)
def test_a_direct_conversation_has_the_names_of_the_others(
    members: tuple[str, ...], me: str | None, title: str, kind: str
) -> None:
    records = read(person("Oda", nickname="Oda"), direct(*members), told=Told(me=me))
    [found] = of(records, Conversation)
    assert (title, kind) == (found.title, found.kind)
    assert f"title:{','.join(sorted(set(members)))}" == found.id


def test_the_title_of_a_large_group_stays_short() -> None:
    [found] = of(read(direct(*(f"p{n:03}" for n in range(300)))), Conversation)
    assert found.title.endswith("p019 and 280 more")


def test_people_have_all_their_names_and_none_of_their_settings() -> None:
    fields = {"first_name": "Oda", "last_name": "Vik", "email": "oda@mill.example", "locale": "nb"}
    [found] = of(read(person("oda", **fields), post()), Participant)
    assert ("oda", "Oda Vik", ("oda", "oda@mill.example")) == (found.id, found.name, found.handles)
    assert {} == found.extra


def test_a_name_that_a_program_gave_itself_stays_findable() -> None:
    [found] = of(read(post(props={"override_username": "Gauge"})), Participant)
    assert ("oda", ("Gauge",)) == (found.name, found.aliases)


# Posts


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("", MessageKind.TEXT),
        ("me", MessageKind.TEXT),
        ("slack_attachment", MessageKind.TEXT),
        ("custom_git_pr", MessageKind.TEXT),
        ("system_join_channel", MessageKind.SYSTEM),
        ("custom_calls", MessageKind.CALL),
        ("hologram", MessageKind.OTHER),
    ],
)
def test_the_type_says_what_a_post_is(form: str, kind: MessageKind) -> None:
    assert kind is one(type=form).kind


def test_times_are_milliseconds_however_small() -> None:
    assert 5000 == one(create_at=5000).sent_at.utc_ms


def test_zero_means_never_edited() -> None:
    assert (None, ()) == (one(edit_at=0).edited_at, one(edit_at=0).marks)
    assert (Mark.EDITED,) == one(edit_at=AT + 1).marks


def test_replies_answer_their_post_and_count_on() -> None:
    answers = [{"user": "peer", "message": f"r{n}", "create_at": AT + n} for n in (1, 2)]
    root, *found = of(read(post(replies=answers)), Message)
    assert [root.id, root.id] == [reply.reply_to_id for reply in found]
    assert [1, 2] == [reply.seq for reply in found]


def test_a_reply_that_cannot_be_read_costs_nothing_else() -> None:
    answers = [7, {"user": "peer", "message": "good", "create_at": AT}]
    records = read(post(replies=answers), post("next", create_at=AT + 5))
    assert ["hi", "good", "next"] == [found.text for found in of(records, Message)]
    assert [("line 2, replies[0]", "7")] == [(p.part, p.raw) for p in of(records, Problem)]


def test_a_post_has_the_same_identity_in_every_export() -> None:
    before, after = one(), one(reactions=[], is_pinned=True, replies=[])
    assert (before.id, before.scope) == (after.id, after.scope)


def test_several_posts_of_a_program_in_one_millisecond_stay_several() -> None:
    found = of(read(post("one"), post("two"), post("one", user="peer")), Message)
    assert 3 == len({message.id for message in found})


def test_posts_of_mixed_channels_are_told_in_few_transcripts() -> None:
    posts = [post(f"n{n}", channel=f"c{n % 2}", create_at=AT + n) for n in range(2500)]
    records = read(*posts)
    assert 6 == len(of(records, Conversation))
    assert 2500 == len(of(records, Message))
    seqs: list[int] = []
    for record in records:
        if isinstance(record, Conversation):
            seqs = []
        elif isinstance(record, Message):
            assert record.seq == len(seqs)
            seqs.append(record.seq)


def test_J05_half_an_emoji_is_replaced() -> None:
    assert "half \ufffd" == one(text="half \ud83d").text


# Files


@pytest.mark.parametrize(
    ("file", "state"),
    [
        ("data/2023/wheel.png", AttachmentState.PRESENT),
        ("2023/wheel.png", AttachmentState.PRESENT),
        ("data/moved/wheel.png", AttachmentState.PRESENT),
        ("data/2023/other.png", AttachmentState.MISSING_FILE),
        ("other.png", AttachmentState.ABSENT_NOT_EXPORTED),
    ],
)
def test_a_file_is_below_data_or_its_absence_explained(file: str, state: AttachmentState) -> None:
    records = read(post(attachments=[{"path": "2023/wheel.png"}]), **{file: b"x"})
    [found] = of(records, Message)[0].attachments
    assert state is found.state
    assert (file if state is AttachmentState.PRESENT else None) == found.path


@pytest.mark.parametrize("path", ["../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd"])
def test_H04_a_path_that_leaves_the_export_is_missing(path: str) -> None:
    [found] = of(read(post(attachments=[{"path": path}]), **{"data/x": b""}), Message)
    assert (None, AttachmentState.MISSING_FILE) == (
        found.attachments[0].path,
        found.attachments[0].state,
    )


# Passwords


@pytest.mark.parametrize("gap", ["", " "])
@pytest.mark.parametrize("secret", ["hunter2hunter2", 'with \\" quote', "ü" * 100])
def test_passwords_are_cut_out_of_what_is_stored(secret: str, gap: str) -> None:
    line = f'{{"type":"user","user":{{"username":"oda","password"{gap}:{gap}"{secret}"}}}}\n'
    files = Source.of({"import.jsonl": lines() + line.encode() + lines(post())})
    stored = mattermost.without_passwords(files)
    with stored.open("import.jsonl") as file:
        kept = file.read()
    assert secret.encode() not in kept
    assert line.replace(secret, "").encode() in kept
    with mattermost.without_passwords(stored).open("import.jsonl") as file:
        assert kept == file.read()
    assert list(mattermost.read(files)) == list(mattermost.read(stored))


def test_a_message_about_a_password_is_kept() -> None:
    text = 'set {"password": "swordfish"} in the file'
    assert text == one(text=text).text


def test_a_password_is_not_in_a_problem_either() -> None:
    broken = b'{"type":"user","user":{"password":"hunter2hunter2","username":7}}\n'
    records = list(mattermost.read(Source.of({"x.jsonl": lines() + broken})))
    assert 1 == len(of(records, Problem))
    assert "hunter2" not in repr(records)
