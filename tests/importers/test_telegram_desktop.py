"""Telegram Desktop's JSON: what its versions write, and what must not be taken for it."""

import json
from typing import Any

import pytest

from chatvault.errors import BadExport, NeedsAnswer
from chatvault.importers import telegram_desktop
from chatvault.importers._source import Source, Told
from chatvault.importers._telegram_text import plain, repaired
from chatvault.model import (
    Assumption,
    Attachment,
    AttachmentState,
    Conversation,
    Mark,
    Message,
    Participant,
    Problem,
    Reaction,
    Record,
)
from recognised import importer_for

TIME = {"date": "2024-03-09T18:05:30", "date_unixtime": "1710003930"}
FROM = {"from": "Ottilie Marsh", "from_id": "user700100300"}


def message(number: int = 7, **fields: Any) -> dict[str, Any]:
    return {"id": number, "type": "message", **TIME, **FROM, "text": "", **fields}


def chat(*messages: object, **fields: Any) -> dict[str, Any]:
    known = {"name": "Jory Penn", "type": "personal_chat", "id": 700100200}
    return {**known, **fields, "messages": list(messages)}


def account(*chats: dict[str, Any], left: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": 700100300, "first_name": "Ottilie"},
        "chats": {"about": "All chats.", "list": list(chats)},
        "left_chats": {"about": "Left.", "list": list(left)},
    }


def source(tree: object, told: Told | None = None, **files: bytes) -> Source:
    data = tree if isinstance(tree, bytes) else json.dumps(tree, indent=1).encode()
    return Source.of({"result.json": data, **files}, told=told)


def read(tree: object, told: Told | None = None) -> list[Record]:
    return list(telegram_desktop.read(source(tree, told)))


def only(records: list[Record], kind: type[Record]) -> Any:
    [found] = [record for record in records if isinstance(record, kind)]
    return found


def one(told: Told | None = None, **fields: Any) -> Message:
    """The message that a message with these fields becomes."""
    found = only(read(chat(message(**fields)), told), Message)
    assert isinstance(found, Message)
    return found


# What is ours


@pytest.mark.parametrize(
    "tree",
    [
        chat(message()),
        chat(),
        chat({"id": 1, "type": "unsupported"}),
        chat(message(text_entities=[]), type="a type from the future"),
        account(chat(message())),
        account(),
        dict(reversed(account(chat(message())).items())) | {"about": "x"},
    ],
)
def test_an_export_is_recognised_under_any_name(tree: dict[str, Any]) -> None:
    tree = {"about": tree.pop("about"), **tree} if "about" in tree else tree
    for name in ("result.json", "ada and me.json"):
        found = Source.of({name: json.dumps(tree, indent=1).encode(), "photos/1.jpg": b""})
        assert telegram_desktop.recognise(found)
        assert telegram_desktop is importer_for(found)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        [],
        7,
        {"name": "x", "id": 7, "messages": []},
        {"name": "x", "type": "group", "id": "7", "messages": [{"id": 1, "type": "text"}]},
        {"name": "x", "type": "group", "id": 7, "messages": [{"id": 1, "type": "text"}]},
        {"name": "x", "type": "personal_chat", "id": 7, "messages": [{"sender": 1}]},
        {"name": "x", "type": "personal_chat", "id": 7, "messages": {"id": 1, "type": "message"}},
        {"name": "x", "type": "personal_chat", "id": 7},
        {"about": "x", "chats": {"list": [{"type": "dialog"}]}},
        {"about": "x", "chats": [{"type": "personal_chat"}]},
        {"chats": {"list": [{"type": "personal_chat"}]}},
        {"messages": [{"id": 7, "type": "message", "date_unixtime": "1710003930"}]},
        {"chatlab": {"version": "0.0.1"}, "meta": {"type": "group"}, "messages": []},
    ],
)
def test_other_json_is_not_recognised(tree: object) -> None:
    assert () == telegram_desktop.recognise(source(tree))


def test_an_export_in_html_is_not_ours() -> None:
    page = b'<title>Exported Data</title><div class="page_wrap"><div class="history">'
    assert () == telegram_desktop.recognise(Source.of({"messages.html": page}))


def test_an_export_whose_first_message_is_longer_than_a_head_is_recognised() -> None:
    assert telegram_desktop.recognise(source(chat(message(text="x" * 100_000))))


# Identity


@pytest.mark.parametrize("kind", ["personal_chat", "private_group", "public_supergroup"])
def test_a_chat_exported_alone_and_in_the_account_has_the_same_ids(kind: str) -> None:
    single = chat(message(), type=kind)
    alone, within = read(single), read(account(single))
    ids = [only(records, Conversation).id for records in (alone, within)]
    assert ids[0] == ids[1]
    keys = [(found.scope, found.id) for found in (only(alone, Message), only(within, Message))]
    assert keys[0] == keys[1]
    assert None is only(alone, Conversation).owner
    assert "user700100300" == only(within, Conversation).owner


def test_a_group_that_becomes_public_keeps_its_id() -> None:
    ids = {
        only(read(chat(message(), type=kind)), Conversation).id
        for kind in ("private_supergroup", "public_supergroup")
    }
    assert {"channel:700100200"} == ids


def test_equal_numbers_of_a_person_and_a_group_are_two_conversations() -> None:
    ids = {
        only(read(chat(message(), type=kind)), Conversation).id
        for kind in ("personal_chat", "private_group", "private_channel")
    }
    assert 3 == len(ids)


def test_the_owner_is_known_wherever_the_export_tells_it() -> None:
    first = account(chat(message()))
    last = {"about": first["about"], "chats": first["chats"], **first}
    del last["personal_information"]
    last["personal_information"] = first["personal_information"]
    assert list(first) != list(last)
    assert read(first) == read(last)


def test_saved_messages_belong_to_their_owner() -> None:
    records = read({"type": "saved_messages", "id": 700100300, "messages": [message()]})
    assert "user700100300" == only(records, Conversation).owner
    assert only(records, Participant).is_me


def test_in_a_conversation_of_two_the_other_one_is_not_me() -> None:
    other = message(8, **{"from": "Jory Penn", "from_id": "user700100200"})
    people = [r for r in read(chat(message(), other)) if isinstance(r, Participant)]
    assert {"user700100300": True, "user700100200": False} == {p.id: p.is_me for p in people}
    grouped = read(chat(message(), other, type="private_group"))
    assert [] == [r for r in grouped if isinstance(r, Participant) and r.is_me]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("user700100300", "user700100300"),
        ("channel1900200300", "channel1900200300"),
        (700100300, "user700100300"),
        (2**32 + 700100300, "user700100300"),
        (2 * 2**32 + 412345, "chat412345"),
        (2 * 2**32 + 1900200300, "channel1900200300"),
    ],
)
def test_numbers_of_old_versions_are_the_ids_of_new_ones(written: Any, expected: str) -> None:
    group = chat(message(from_id=written), type="private_group", id=412345)
    assert expected == only(read(group), Message).sender_id


def test_a_chat_without_a_number_is_known_by_its_title() -> None:
    found = only(read({"name": "Ada  Löw", "type": "private_group", "messages": [message()]}),
                 Conversation)  # fmt: skip
    assert ("title:ada löw", True) == (found.id, found.title_is_id)


def test_a_left_chat_and_its_title_are_told() -> None:
    records = read(account(left=(chat(message(), type="public_channel", name=None),)))
    found = only(records, Conversation)
    assert ("Deleted Channel", True) == (found.title, found.extra["left"])


# Time


def test_the_offset_comes_from_the_clock_beside_the_seconds() -> None:
    sent_at = one().sent_at
    assert sent_at is not None
    assert (1710003930000, 60) == (sent_at.utc_ms, sent_at.offset_minutes)


def test_a_clock_that_cannot_belong_to_the_seconds_is_kept_and_not_believed() -> None:
    found = one(date="2031-01-01T00:00:00")
    assert found.sent_at is not None
    assert (1710003930000, None) == (found.sent_at.utc_ms, found.sent_at.offset_minutes)
    assert "2031-01-01T00:00:00" == found.extra["date"]


def test_without_seconds_the_zone_is_assumed_once_and_said() -> None:
    old = [message(n, date="2019-07-01T12:00:00") for n in (1, 2)]
    for item in old:
        del item["date_unixtime"]
    records = read(chat(*old), Told(local_zone="Asia/Tokyo"))
    assert "Asia/Tokyo" == only(records, Assumption).value
    assert records.index(only(records, Assumption)) < min(
        n for n, record in enumerate(records) if isinstance(record, Message)
    )
    first = next(record for record in records if isinstance(record, Message))
    assert first.sent_at is not None
    assert (1561950000000, "assumed:Asia/Tokyo") == (first.sent_at.utc_ms, first.sent_at.basis)


def test_a_zone_that_was_told_is_no_assumption() -> None:
    old = message()
    del old["date_unixtime"]
    records = read(chat(old), Told(zone="Europe/Berlin"))
    assert [] == [record for record in records if isinstance(record, Assumption)]
    with pytest.raises(NeedsAnswer):
        read(chat(old), Told(zone="Europe/Atlantis"))


@pytest.mark.parametrize("never", ["1970-01-01T00:00:00", "1970-01-01T03:00:00"])
def test_edited_in_1970_means_never(never: str) -> None:
    found = one(edited=never)
    assert (None, ()) == (found.edited_at, found.marks)


@pytest.mark.parametrize(("second", "marks"), [("00", ()), ("02", ()), ("03", (Mark.EDITED,))])
def test_the_time_of_a_reaction_is_no_edit(second: str, marks: tuple[Mark, ...]) -> None:
    who = {"from": "Ada", "from_id": "user7", "date": f"2024-03-09T18:06:{second}"}
    reaction = {"type": "emoji", "count": 1, "emoji": "👍", "recent": [who]}
    edited = {"edited": "2024-03-09T18:06:00", "edited_unixtime": "1710003960"}
    found = one(**edited, reactions=[reaction])
    assert marks == found.marks
    assert (found.edited_at is None) == (not marks)
    assert marks or edited.items() <= found.extra.items()


def test_an_edit_is_marked() -> None:
    found = one(edited="2024-03-09T18:06:00", edited_unixtime="1710003960")
    assert found.edited_at is not None
    assert (1710003960000, (Mark.EDITED,)) == (found.edited_at.utc_ms, found.marks)


@pytest.mark.parametrize("seconds", ["1710003930000", "-1", "soon", "1e9", "", 2**40])
def test_a_time_that_is_none_makes_the_item_a_problem(seconds: Any) -> None:
    records = read(chat(message(date_unixtime=seconds), message(8)))
    problem = only(records, Problem)
    assert ("result.json", "messages[0]") == (problem.file, problem.part)
    assert seconds == json.loads(problem.raw)["date_unixtime"]
    assert "8" == only(records, Message).id


# Text


def test_text_is_what_was_sent_whatever_form_it_has() -> None:
    link = {"type": "text_link", "text": "plan", "href": "https://example.org/p"}
    for text in (
        "see plan",
        ["see ", link],
        ["see ", "plan"],
        {"type": "bold", "text": "see plan"},
    ):
        assert "see plan" == one(text=text).text
    assert ("https://example.org/p",) == one(text=["see ", link]).more_text
    assert [link] == one(text=[link]).extra["text"]


def test_entities_are_kept_once_and_only_if_they_say_more_than_the_text() -> None:
    bold = [{"type": "bold", "text": "loud"}]
    assert {"text_entities": bold} == one(text=bold, text_entities=bold).extra
    assert {} == one(text="quiet", text_entities=[{"type": "plain", "text": "quiet"}]).extra
    both = one(text="one", text_entities=[{"type": "plain", "text": "another"}])
    assert [{"type": "plain", "text": "another"}] == both.extra["text_entities"]


@pytest.mark.parametrize("text", [7, [7], [["x"]], {"type": "bold"}, [{"text": 7}], True])
def test_a_text_that_is_none_makes_the_item_a_problem(text: Any) -> None:
    assert "messages[0]" == only(read(chat(message(text=text))), Problem).part


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"\x01"', r'"\u0001"'),
        (r'"a\x1Fb\x7f"', r'"a\u001Fb\u007f"'),
        (r'"\\x01"', r'"\\x01"'),
        (r'"\\\x01"', r'"\\\u0001"'),
        (r'"\\\\x01"', r'"\\\\x01"'),
        (r'"\x0"', r'"\x0"'),
        ('"document_id": video_files/a.webm', '"document_id": "video_files/a.webm"'),
        ('"document_id": (File not included.)', '"document_id": "(File not included.)"'),
        ('"document_id": a\\b "c"\n}', '"document_id": "a\\\\b \\"c\\""\n}'),
        ('"document_id": 7,', '"document_id": 7,'),
        ('"document_id": "fine"', '"document_id": "fine"'),
    ],
)
def test_what_telegram_writes_wrongly_is_read_as_it_was_meant(written: str, meant: str) -> None:
    assert meant == repaired(written)


def test_a_control_character_costs_nothing_but_its_own_item_a_repair() -> None:
    raw = json.dumps(chat(message(1, text="good"), message(2, text="@")), indent=1)
    records = read(raw.replace("@", r"bell \x07").encode())
    assert ["good", "bell \x07"] == [r.text for r in records if isinstance(r, Message)]


def test_of_two_texts_in_one_message_the_first_that_is_not_empty_counts() -> None:
    raw = json.dumps(chat(message(text="@")))
    for twice, expected in (("first", "first"), ("", "last")):
        text = raw.replace('"text": "@"', f'"text": "{twice}", "text": "last"').encode()
        found = only(read(text), Message)
        assert expected == found.text
        assert ({"text": "last"} if twice else {}) == found.extra


# What belongs to a message


@pytest.mark.parametrize(
    ("reference", "state"),
    [
        ("(File unavailable, please try again later)", AttachmentState.UNAVAILABLE),
        (
            "(File exceeds maximum size. Change data exporting settings to download.)",
            AttachmentState.SKIPPED_TOO_BIG,
        ),
        (
            "(File not included. Change data exporting settings to download.)",
            AttachmentState.ABSENT_NOT_EXPORTED,
        ),
        ("photos/gone.jpg", AttachmentState.MISSING_FILE),
        ("../../etc/passwd", AttachmentState.MISSING_FILE),
        ("(x).jpg", AttachmentState.MISSING_FILE),
    ],
)
def test_a_file_that_is_not_there_says_why(reference: str, state: AttachmentState) -> None:
    [found] = one(photo=reference).attachments
    assert (state, None, reference) == (found.state, found.path, found.as_exported)


def test_a_file_is_named_as_its_sender_named_it() -> None:
    tree = chat(message(file="files/a (1).pdf", file_name="a.pdf", file_size=3))
    [read_] = [
        record
        for record in telegram_desktop.read(source(tree, **{"files/a (1).pdf": b"abc"}))
        if isinstance(record, Message)
    ]
    expected = Attachment(
        name="a.pdf", path="files/a (1).pdf", as_exported="files/a (1).pdf", size=3
    )
    assert (expected,) == read_.attachments


def test_a_reply_to_another_conversation_is_no_reply_in_this_one() -> None:
    assert "5" == one(reply_to_message_id=5).reply_to_id
    found = one(reply_to_message_id=5, reply_to_peer_id="channel9")
    assert None is found.reply_to_id
    assert {"reply_to_message_id": 5, "reply_to_peer_id": "channel9"} == found.extra


def test_reactions_are_those_who_are_named_and_the_number_of_the_others() -> None:
    recent = [{"from": "Jory Penn", "from_id": "user700100200", "date": "2024-03-09T18:07:00"}]
    found = read(
        chat(message(reactions=[{"type": "emoji", "count": 5, "emoji": "👍", "recent": recent}]))
    )
    named, others = (record for record in found if isinstance(record, Reaction))
    assert ("user700100200", 1) == (named.sender_id, named.count)
    assert named.at is not None
    assert 1710004020000 == named.at.utc_ms
    assert (None, 4) == (others.sender_id, others.count)
    assert {"user700100200", "user700100300"} == {
        record.id for record in found if isinstance(record, Participant)
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"place_name": "Fern Gate", "address": "Fern Lane"}, ("Fern Gate", "Fern Lane")),
        ({"media_type": "audio_file", "title": "Crust", "performer": "Pins"}, ("Crust", "Pins")),
        (
            {"poll": {"question": ["When", {"type": "bold", "text": "?"}],
                      "answers": [{"text": "now"}, {"text": [{"type": "bold", "text": "no"}]}]}},
            ("When?", "now", "no"),
        ),
        (
            {"invoice_information": '{"title": "Deposit", "description": "of the table"}'},
            ("Deposit", "of the table"),
        ),
        ({"invoice_information": "not JSON"}, ()),
        (
            {"contact_information": {"first_name": "Im", "last_name": "Sol", "phone_number": "7"}},
            ("7", "Im Sol"),
        ),
        ({"members": ["Ada", None, "Bo"], "title": 7, "inviter": None}, ("Ada", "Bo")),
        ({"text": [{"type": "text_link", "text": "x", "href": 7}]}, ()),
    ],
)  # fmt: skip
def test_what_people_search_for_beside_the_text(
    fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    found = one(**fields)
    assert words == found.more_text
    assert set(fields) - {"media_type", "text"} <= set(found.extra)


def test_people_have_the_numbers_of_the_list_of_contacts() -> None:
    tree = account(chat(message(**{"from": "Jory", "from_id": "user700100200"})))
    entry = {"user_id": 700100200, "first_name": "Jory", "last_name": "P.", "phone_number": "+44 1"}
    tree = {"contacts": {"about": "x", "list": [entry, {"first_name": "No"}, 7]}, **tree}
    found = only(read(tree), Participant)
    assert (("+44 1",), ("Jory P.",)) == (found.handles, found.aliases)


# Damage


@pytest.mark.parametrize("wrap", [chat, lambda *items: account(chat(*items))])
def test_j07_an_export_that_breaks_off_gives_what_was_complete(wrap: Any) -> None:
    raw = json.dumps(wrap(*(message(n, text=f"secret {n}") for n in range(9)))).encode()
    records = read(raw[: raw.index(b"secret 5")])
    assert list("01234") == [record.id for record in records if isinstance(record, Message)]
    assert isinstance(records[-1], Problem)
    assert ("end", True) == (records[-1].part, "breaks off" in records[-1].reason)
    assert "secret" not in records[-1].reason


@pytest.mark.parametrize("data", [b"", b"{", b"nothing", b'{"name": "x", "type": "person'])
def test_an_export_of_which_nothing_can_be_read_is_an_error_with_a_remedy(data: bytes) -> None:
    with pytest.raises(BadExport) as caught:
        read(data)
    assert caught.value.where is not None
    assert "result.json" == caught.value.where.file
    assert "machine-readable JSON" in caught.value.remedy


def test_a_folder_without_json_is_an_error_with_a_remedy() -> None:
    with pytest.raises(BadExport):
        list(telegram_desktop.read(Source.of({"a.txt": b""})))


def test_one_bad_item_costs_only_itself_and_is_kept_whole() -> None:
    raw = json.dumps(account(chat(message(1), message(2, text="@"), message(3)))).encode()
    records = read(raw.replace(b'"@"', b"broken"))
    problem = only(records, Problem)
    assert "chats.list[0].messages[1]" == problem.part
    assert "broken" in problem.raw
    assert ["1", "3"] == [record.id for record in records if isinstance(record, Message)]


def test_several_chats_in_one_folder_are_all_read() -> None:
    files = {
        f"{name}.json": json.dumps(chat(message(), name=name, id=number)).encode()
        for number, name in enumerate(("Ada", "Bo", "Cy", "Di"), 700)
    }
    files["settings.json"] = b'{"theme": "dark"}'
    files["Cy.json"] = files["Cy.json"][:-2]
    records = list(telegram_desktop.read(Source.of(files)))
    titles = [record.title for record in records if isinstance(record, Conversation)]
    assert ["Ada", "Bo", "Cy", "Di"] == titles
    assert "Cy.json" == only(records, Problem).file


def test_a_media_type_that_is_none_makes_the_item_a_problem() -> None:
    assert only(read(chat(message(type="service", media_type=[]))), Problem).raw


def test_plain_text_of_nothing_is_empty() -> None:
    assert "" == plain("") == plain([])
