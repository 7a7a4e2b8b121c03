"""Slack: tokens that stay out, times, markup, blocks, and where files and folders are."""

import json
import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from cases import CASES, Case, complaints
from chatvault.errors import BadExport
from chatvault.importers import _leaving_out, slack
from chatvault.importers._fields import Malformed
from chatvault.importers._slack_files import Files
from chatvault.importers._slack_item import time_of
from chatvault.importers._slack_people import Workspace
from chatvault.importers._slack_text import shown, text_of_blocks, text_of_cards
from chatvault.importers._slack_tokens import text_without_tokens
from chatvault.importers._source import Source, Told
from chatvault.model import (
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Precision,
    Problem,
    Record,
)

OURS = {case.path.name: case for case in CASES if case.importer is slack}
TOKEN = "xoxe-1111111111-2222222222-deadbeefdeadbeef"
USERS = [
    {"id": "U0KETTLE1", "name": "ada", "profile": {"display_name": "Ada & co"}},
    {"id": "U0KETTLE2", "name": "bo", "profile": {"real_name": "Bo Marek"}},
]


def export(*messages: object, **files: bytes | object) -> dict[str, bytes]:
    """A small export of one channel with one day; more files by name."""
    given: dict[str, object] = {
        "users.json": USERS,
        "channels.json": [{"id": "C0SHED001", "name": "shed"}],
        "shed/2024-01-11.json": list(messages),
        **files,
    }
    return {
        name: value if isinstance(value, bytes) else json.dumps(value).encode()
        for name, value in given.items()
    }


def message(ts: str = "1705000000.000100", **fields: object) -> dict[str, object]:
    return {"type": "message", "user": "U0KETTLE1", "text": "", "ts": ts, **fields}


def read(files: dict[str, bytes], told: Told | None = None) -> list[Record]:
    return list(slack.read(Source.of(files, name="export", told=told)))


def messages(*items: object, **files: bytes | object) -> list[Message]:
    return [one for one in read(export(*items, **files)) if isinstance(one, Message)]


def workspace() -> Workspace:
    found = Workspace()
    for user in USERS:
        found.add_user(user)
    found.add_conversation({"id": "C0SHED001", "name": "shed"})
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"https://f.example/x?t={TOKEN}", "https://f.example/x"),
        (f"https://f.example/x?a=1&t={TOKEN}", "https://f.example/x?a=1"),
        (f"https://f.example/x?t={TOKEN}&b=2", "https://f.example/x?b=2"),
        (f"https://f.example/x?a=1\\u0026t={TOKEN}\\u0026b=2", "https://f.example/x?a=1\\u0026b=2"),
        (f"https://f.example/x?token={TOKEN}", "https://f.example/x"),
        (f"https://f.example/x?a=1\\u0026token={TOKEN}", "https://f.example/x?a=1"),
        ("https://f.example/x?t=teapot", "https://f.example/x?t=teapot"),
        ("https://f.example/x?token=teapot", "https://f.example/x?token=teapot"),
    ],
)
def test_a_token_is_cut_out_of_an_address_and_the_rest_stays(before: str, after: str) -> None:
    assert after.encode() == text_without_tokens(before.encode())
    assert after.encode() == text_without_tokens(after.encode())


def test_no_token_is_in_a_record_and_none_is_in_what_is_stored() -> None:
    broken = f'[{{"ts":"x","url_private":"https://f.example/y?t={TOKEN}"}},{{"a":"?t={TOKEN}'
    files = export(
        message(files=[{"id": "F0KETTLE1", "url_private": f"https://f.example/x?t={TOKEN}"}]),
        message(ts=f"?t={TOKEN}"),
        **{"shed/2024-01-12.json": broken.encode(), "integration_logs.json": b"[]"},
    )
    assert b"xox" in b"".join(files.values())
    records = read(files)
    assert 3 == sum(isinstance(one, Problem) for one in records)
    assert "xox" not in repr(records)
    stored = slack.redacted(Source.of(files))
    kept = {name: stored.open(name).read() for name in stored.names()}
    assert b"xox" not in b"".join(kept.values())
    assert records == list(slack.read(Source.of(kept, name="export")))


def test_a_program_that_no_list_has_is_called_as_its_message_calls_it() -> None:
    profile = {"id": "B0KETTLE1", "name": "Kettle Poll", "app_id": "A0KETTLE1"}
    [told] = [
        one
        for one in read(export(message(user="U0POLLBOT", bot_profile=profile)))
        if isinstance(one, Participant) and one.id == "U0POLLBOT"
    ]
    assert ("Kettle Poll", (), True) == (told.name, told.handles, told.extra["is_bot"])


def test_a_file_that_somebody_sent_is_stored_as_it_is() -> None:
    sent = f"https://f.example/x?t={TOKEN}".encode()
    name = "__uploads/F0KETTLE1/notes.json"
    stored = slack.redacted(Source.of(export(**{name: sent})))
    with stored.open(name) as file:
        assert sent == file.read()


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_a_token_over_the_edge_of_two_readings_is_found(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_leaving_out, "CHUNK", chunk)
    address = f'"https://f.example/x?t={TOKEN}", '
    files = {"users.json": address.encode() * 40}
    with slack.redacted(Source.of(files)).open("users.json") as file:
        assert b'"https://f.example/x", ' * 40 == file.read()


def test_Z15_what_comes_before_a_damage_is_read_although_bytes_are_held_back() -> None:
    class Damaged:
        def __init__(self) -> None:
            self.parts = [b"[1, 2, 3"]

        def read(self, _size: int) -> bytes:
            if self.parts:
                return self.parts.pop()
            raise ValueError("damaged")

        def close(self) -> None: ...

    source = Source.of({"users.json": b""})
    entry = replace(source.entries["users.json"], open=Damaged)  # type: ignore[arg-type]
    with slack.redacted(replace(source, entries={"users.json": entry})).open("users.json") as file:
        assert b"[1, 2, 3" == file.read(100)
        with pytest.raises(ValueError, match="damaged"):
            file.read(100)


@pytest.mark.parametrize(
    ("ts", "utc_ms", "precision"),
    [
        ("1736554636.807919", 1_736_554_636_807, Precision.MILLISECOND),
        ("1736554636.999999", 1_736_554_636_999, Precision.MILLISECOND),
        ("1736554636.000001", 1_736_554_636_000, Precision.MILLISECOND),
        ("1736554636", 1_736_554_636_000, Precision.SECOND),
    ],
)
def test_no_digit_of_a_time_is_lost(ts: str, utc_ms: int, precision: Precision) -> None:
    found = time_of(ts)
    assert (ts, utc_ms, precision) == (found.as_exported, found.utc_ms, found.precision)


@pytest.mark.parametrize(
    "ts",
    ["", "-1.0", "1.2.3", "1e9", "１７０５０００００", " 1705000000", "9" * 11, "9" * 5000, "\0"],
)
def test_a_time_that_is_none_is_a_problem(ts: str) -> None:
    with pytest.raises(Malformed):
        time_of(ts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a &amp;lt; b &lt;c&gt;", "a &lt; b <c>"),
        ("&nbsp; &quot;", "&nbsp; &quot;"),
        ("<@U0KETTLE1> <@U0KETTLE1|old> <@U0NOBODY1|old> <@U0NOBODY1>",
         "@Ada & co @Ada & co @old @U0NOBODY1"),
        ("<#C0SHED001|x> <#C0OTHER01|x> <#C0OTHER01>", "#shed #x #C0OTHER01"),
        ("<!here> <!channel|@channel> <!everyone>", "@here @channel @everyone"),
        ("<!subteam^S1|@team> <!subteam^S1>", "@team @S1"),
        ("<!date^1392734382^{date}^https://x.example|Feb 18>", "Feb 18"),
        ("<https://x.example/?a=1&amp;b=2>", "https://x.example/?a=1&b=2"),
        ("<https://x.example|see &lt;here&gt;>", "see <here>"),
        ("<mailto:io@example.org>", "io@example.org"),
        ("<> < <unclosed <@U0KETTLE2>", " < <unclosed @Bo Marek"),
        ("*bold* _it_ ~no~ `code` :tea:", "*bold* _it_ ~no~ `code` :tea:"),
    ],
)  # fmt: skip
def test_markup_becomes_what_people_saw(text: str, expected: str) -> None:
    assert expected == shown(text, workspace())


def test_the_text_as_exported_is_kept_beside_the_one_with_names() -> None:
    [found] = messages(message(text="<@U0KETTLE2> &amp; me"))
    assert "@Bo Marek & me" == found.text
    assert "<@U0KETTLE2> &amp; me" == found.extra["text"]


BLOCKS: list[dict[str, Any]] = [
    {"type": "header", "text": {"type": "plain_text", "text": "Build <failed>"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "by <@U0KETTLE2>"},
     "fields": [{"type": "mrkdwn", "text": "*branch*"}],
     "accessory": {"type": "button", "text": {"type": "plain_text", "text": "Retry"}}},
    {"type": "divider"},
    {"type": "image", "alt_text": "a red lamp", "image_url": "https://x.example/lamp.png"},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "in <#C0SHED001>"}]},
    {"type": "rich_text", "elements": [
        {"type": "rich_text_section", "elements": [
            {"type": "text", "text": "see "}, {"type": "channel", "channel_id": "C0SHED001"},
            {"type": "emoji", "name": "tea", "unicode": "1f375"},
            {"type": "emoji", "name": "own"}, {"type": "emoji", "name": "bad", "unicode": "d83d"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x = 1"}]}]},
]  # fmt: skip


def test_the_words_of_blocks_are_read_line_by_line() -> None:
    lines = [
        "Build <failed>", "by @Bo Marek", "*branch*", "Retry", "a red lamp", "in #shed",
        "see #shed\N{TEACUP WITHOUT HANDLE}:own::bad:", "x = 1",
    ]  # fmt: skip
    assert lines == text_of_blocks(BLOCKS, workspace()).split("\n")


def test_blocks_are_the_text_where_there_is_none_and_searched_where_they_say_more() -> None:
    alone, repeated, more = messages(
        message("1705000000.000100", blocks=BLOCKS[:1]),
        message("1705000000.000200", text="Build failed", blocks=BLOCKS[:1]),
        message("1705000000.000300", text="News", blocks=BLOCKS[:1]),
    )
    assert ("Build <failed>", ()) == (alone.text, alone.more_text)
    assert ("Build failed", ()) == (repeated.text, repeated.more_text)
    assert ("News", ("Build <failed>",)) == (more.text, more.more_text)


@pytest.mark.parametrize(
    "value", [None, 7, "x", [None, 7, "x", []], [{"type": 7, "elements": {"a": 1}, "text": [1]}]]
)
def test_blocks_and_cards_of_any_shape_are_no_error(value: object) -> None:
    assert isinstance(text_of_blocks(value, workspace()), str)
    assert isinstance(text_of_cards(value, workspace()), str)


def test_the_text_of_a_card_falls_back_to_its_summary_only_where_it_says_nothing_else() -> None:
    card = {"fallback": "summary", "title": "Soup", "fields": [{"title": "Price", "value": "4"}]}
    assert "Soup\nPrice: 4" == text_of_cards([card], workspace())
    assert "summary" == text_of_cards([{"fallback": "summary"}], workspace())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("__uploads/F0KETTLE1/a.png", True),
        ("shed/attachments/F0KETTLE1-a.png", True),
        ("C0SHED001/F0KETTLE1-other name.png", True),
        ("SLACK_FILE_F0KETTLE1.png", True),
        ("__uploads/F0KETTLE12/a.png", False),
        ("shed/attachments/a.png", False),
    ],
)
def test_a_file_is_found_by_its_id_wherever_a_tool_put_it(name: str, expected: bool) -> None:
    files = Files(Source.of({name: b"x"}))
    found = files.attachment({"id": "F0KETTLE1", "name": "a.png"})
    assert (name if expected else None) == found.path


def test_of_several_files_with_one_id_the_one_with_its_name_is_taken() -> None:
    names = ["__uploads/F0KETTLE1/a_thumb.png", "__uploads/F0KETTLE1/b.png"]
    files = Files(Source.of(dict.fromkeys(names, b"x")))
    assert names[1] == files.attachment({"id": "F0KETTLE1", "name": "B.png"}).path


@pytest.mark.parametrize("hostile", ["../../../../etc/passwd", "/etc/passwd", "shed", "", "."])
def test_H04_a_hostile_id_or_name_finds_nothing(hostile: str) -> None:
    files = Files(Source.of({"etc/passwd": b"x", "shed/2024-01-11.json": b"x"}))
    found = files.attachment({"id": hostile, "name": hostile, "url_private": "file:///etc/passwd"})
    assert None is found.path


@pytest.mark.parametrize(
    ("fields", "others", "state", "as_exported"),
    [
        ({"url_private": "https://f.example/x"}, [], "remote_only", "https://f.example/x"),
        ({"url_private": "https://f.example/x"}, ["F0OTHERS1"], "missing_file",
         "https://f.example/x"),
        ({}, [], "absent_not_exported", "F0KETTLE1"),
        ({"mode": "tombstone"}, [], "unavailable", "tombstone"),
        ({"mode": "hidden_by_limit"}, ["F0OTHERS1"], "unavailable", "hidden_by_limit"),
        ({"mode": "external", "url_private": "https://d.example/7"}, [], "unavailable",
         "external https://d.example/7"),
        ({"file_access": "access_denied"}, [], "unavailable", "access_denied"),
        ({"mode": "external"}, ["F0KETTLE1"], "present", "external"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_there_says_why(
    fields: dict[str, object], others: list[str], state: str, as_exported: str
) -> None:
    files = Files(Source.of({f"__uploads/{one}/x": b"x" for one in others}))
    found = files.attachment({"id": "F0KETTLE1", "name": "x", **fields})
    assert (AttachmentState(state), as_exported) == (found.state, found.as_exported)


def test_a_deleted_message_takes_no_text_and_no_sender_from_the_notice() -> None:
    [found] = messages(
        message(user="USLACKBOT", text="This message was deleted.", subtype="tombstone")
    )
    assert ("", None, (Mark.DELETED,)) == (found.text, found.sender_id, found.marks)
    # A system message would win over the text that an earlier export has.
    assert MessageKind.TEXT is found.kind


def test_a_message_shown_to_everybody_is_told_once_and_again_only_if_it_changed() -> None:
    shown_to_all = message("1705000000.000200", subtype="thread_broadcast", text="hear, hear")
    found = messages(
        message(slackdump_thread_replies=[message(), shown_to_all]),
        shown_to_all,
        {**shown_to_all, "reactions": [{"name": "ear", "users": ["U0KETTLE2"], "count": 1}]},
    )
    assert ["", "hear, hear", "hear, hear"] == [one.text for one in found]
    assert [0, 1, 2] == [one.seq for one in found]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("shed", "shed"),
        ("C0SHED001", "shed"),
        (unicodedata.normalize("NFD", "überall"), unicodedata.normalize("NFC", "überall")),
    ],
)
def test_a_folder_is_found_by_id_or_name_in_any_form_of_unicode(folder: str, name: str) -> None:
    files = export(**{"channels.json": [{"id": "C0SHED001", "name": name}]})
    files[f"{folder}/2024-02-02.json"] = json.dumps([message()]).encode()
    del files["shed/2024-01-11.json"]
    conversations = [one for one in read(files) if isinstance(one, Conversation)]
    assert ["C0SHED001"] == [one.id for one in conversations]


def test_a_direct_conversation_is_called_after_the_other_where_the_owner_is_known() -> None:
    dms = [{"id": "D0KETTLE1", "members": ["U0KETTLE1", "U0KETTLE2"]}]
    files = export(message(), **{"dms.json": dms})
    for told, title in ((None, "Ada & co, Bo Marek"), (Told(me="Ada & co"), "Bo Marek")):
        records = read(files, told)
        [found] = [one for one in records if getattr(one, "id", "") == "D0KETTLE1"]
        assert isinstance(found, Conversation)
        assert (title, ConversationKind.DIRECT) == (found.title, found.kind)
        mine = {one.id for one in records if isinstance(one, Participant) and one.is_me}
        assert ({"U0KETTLE1"} if told else set()) == mine


@pytest.mark.parametrize(
    "files",
    [
        {"users.json": USERS, "channels.json": [{"id": "C0SHED001"}]},
        {"users.json": USERS, "shed/2024-01-11.json": []},
        {"channels.json": [{"id": "C0SHED001"}], "shed/2024-01-11.json": []},
        {"users.json": [{"id": 7}], "channels.json": [{"id": "x"}], "shed/2024-01-11.json": []},
        {"users.json": {"id": "U0KETTLE1"}, "channels.json": {}, "shed/2024-01-11.json": []},
        {"users.json": USERS, "channels.json": [], "shed/today.json": []},
    ],
)
def test_lists_alone_or_of_something_else_are_no_export(files: dict[str, object]) -> None:
    given = {name: json.dumps(value).encode() for name, value in files.items()}
    assert () == slack.recognise(Source.of(given))


def test_an_export_of_only_direct_conversations_is_recognised() -> None:
    files = export(**{"dms.json": [{"id": "D0KETTLE1", "members": []}]})
    del files["channels.json"]
    assert slack.recognise(Source.of(files))


def test_an_export_without_any_day_says_what_to_give() -> None:
    with pytest.raises(BadExport, match="no folder with a file for a day"):
        read({"users.json": b"[]"})


@pytest.mark.parametrize("case", OURS.values(), ids=str)
def test_a_list_that_breaks_off_costs_only_the_names(case: Case) -> None:
    for name in ("users.json", "channels.json"):
        if name in case.files:
            records = list(case.importer.read(case.source_of({**case.files, name: b'[{"id": "U'})))
            assert [] == complaints(records)
            assert any(isinstance(one, Problem) and one.file == name for one in records)
            ids = {one.id for one in case.records() if isinstance(one, Message)}
            assert ids == {one.id for one in records if isinstance(one, Message)}


@pytest.mark.parametrize("kind", [[], {}, None, 7])
def test_a_kind_of_block_that_is_no_text_is_passed_over(kind: object) -> None:
    inner = {"type": "rich_text_section", "elements": [{"type": kind, "text": "a word"}]}
    for block in ({"type": "rich_text", "elements": [inner]}, {"type": kind, "text": "a word"}):
        assert isinstance(text_of_blocks([block], Workspace()), str)
