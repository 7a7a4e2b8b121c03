"""imessage-exporter: what the laws for all importers do not see."""

import runpy
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import CASES
from chatvault.errors import BadExport
from chatvault.importers import _imessage_posts, imessage_chatdb, imessage_exporter
from chatvault.importers._limits import MiB
from chatvault.importers._source import Source, Told
from chatvault.model import (
    Assumption,
    Conversation,
    ConversationKind,
    Message,
    Problem,
    Reaction,
    Record,
)
from chatvault.vault import content_key

MAKE = runpy.run_path(str(Path(__file__).parent / "fixtures/imessage_chatdb/make.py"))
OURS = {case.path.name: case for case in CASES if case.importer is imessage_exporter}
TOLD = Told(zone="Europe/Dublin")
START = datetime(2024, 3, 9, 18, 5, 30)  # noqa: DTZ001


def clock(after: int) -> str:
    at = START + timedelta(seconds=after)
    hour = f"{at.hour % 12 or 12:2}"
    return f"{at:%b %d, %Y} {hour}:{at:%M:%S} {'PM' if at.hour >= 12 else 'AM'}"


def block(after: int, sender: str, *lines: str) -> str:
    return "\n".join([clock(after), sender, *lines, "", ""])


def read(files: Mapping[str, str]) -> list[Record]:
    data = {name: text.encode() for name, text in files.items()}
    return list(imessage_exporter.read(Source.of(data, told=TOLD)))


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=40).filter(
    lambda text: text == text.strip("\n") and text and not text.startswith("    ")
)
BLOCKS = st.lists(
    st.tuples(
        st.integers(0, 90_000), st.sampled_from(["Me", "+353860000001", "Ada Lind"]), WORDS,
        st.lists(
            st.sampled_from(["Loved by Me", "👍🏽 by Ada Lind", "Questioned by Me"]), max_size=2
        ),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


@settings(max_examples=150)
@given(BLOCKS, st.sampled_from(["Reactions:", "Tapbacks:"]))
def test_what_was_written_as_text_is_read_again(
    blocks: list[tuple[int, str, str, list[str]]], heading: str
) -> None:
    written = "".join(
        block(after, sender, text, *([heading, *tapbacks, ""] if tapbacks else []))
        for after, sender, text, tapbacks in blocks
    )
    records = read({"Ada Lind.txt": written})
    assert [] == [one for one in records if isinstance(one, Problem)]
    expected = [
        ((START + timedelta(seconds=after)).isoformat(), text) for after, _, text, _ in blocks
    ]
    assert expected == [
        (one.sent_at.as_exported, one.text) for one in messages(records) if one.sent_at
    ]
    given_ = [line.partition(" by ")[2] for *_, tapbacks in blocks for line in tapbacks]
    told = [one for one in records if isinstance(one, Reaction)]
    assert [{"Me": "me", "Ada Lind": "name:ada lind"}[name] for name in given_] == [
        one.sender_id for one in told
    ]


def test_a_message_has_one_key_in_chat_db_and_in_the_text(tmp_path: Path) -> None:
    """So that a copy of chat.db and an older export by the program become one conversation."""
    made = MAKE["Db"](tmp_path / "x")
    MAKE["people"](made)
    made.message(1, 1, 0, text="Kettle is on ☕", handle_id=1)
    made.message(2, 1, 60, text="On my way", is_from_me=1)
    row = made.message(3, 1, 120, text="\ufffc", handle_id=1)
    made.file(row, 3, filename="~/Library/Messages/Attachments/a/b/c/IMG_1.gif",
              mime_type="image/gif", transfer_name="IMG_1.gif")  # fmt: skip
    made.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    made.db.close()
    source = Source.of({"chat.db": (tmp_path / "x").read_bytes()})
    written = (
        block(0, "+353860000001", "Kettle is on ☕")
        + block(60, "Me", "On my way")
        + block(120, "+353860000001", "attachments/1/7f00.gif")
    )
    both = [list(imessage_chatdb.read(source)), read({"+353860000001.txt": written})]
    keys = [
        [
            (one.conversation_id, content_key.minute(one.sent_at),
             content_key.content_hash(one, one.sender_id or ""))
            for one in messages(records)
        ]
        for records in both
    ]  # fmt: skip
    assert 3 == len(set(keys[0]))
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    "text", ["Loved by Me", "Tapbacks:", "🌱 by the window", "Tapbacks:\nnone"]
)
def test_words_of_the_program_outside_of_their_place_are_text(text: str) -> None:
    [one] = messages(read({"Ada Lind.txt": block(0, "Me", text)}))
    assert text == one.text


REPLY = "This message responded to an earlier message."


def test_two_replies_of_one_second_are_both_told_once() -> None:
    nested = "\n".join(
        [f"    {clock(60)}", "    Me", "    one", "", f"    {clock(60)}", "    Me", "    two", ""]
    )
    written = (
        block(0, "Ada Lind", "which?", nested)
        + block(60, "Me", "one", REPLY)
        + block(60, "Me", "two", REPLY)
    )
    found = messages(read({"Ada Lind.txt": written}))
    assert ["which?", "one", "two"] == [one.text for one in found]
    assert [False, True, True] == ["in_reply_to" in one.extra for one in found]


def test_replies_that_never_come_by_themselves_are_told_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = "".join(
        block(n, "Ada Lind", f"question {n}", f"    {clock(n + 500)}", "    Me", f"    answer {n}")
        for n in range(8)
    )
    for most in (1, 100):
        monkeypatch.setattr(_imessage_posts, "WAITING", most)
        texts = sorted(one.text for one in messages(read({"Ada Lind.txt": written})))
        assert sorted(f"{word} {n}" for n in range(8) for word in ("answer", "question")) == texts


def test_where_there_is_a_page_the_text_is_not_read_as_well() -> None:
    case = OURS["page"]
    text = block(0, "Me", "the same history as text")
    files = {**case.files, "Garden club - 7.txt": text.encode()}
    records = list(imessage_exporter.read(case.source_of(files)))
    assert [one for one in records if isinstance(one, Message)] == messages(case.records())


@pytest.mark.parametrize(
    ("name", "identifier", "title", "kind"),
    [
        ("+353860000001.txt", "+353860000001", "+353860000001", ConversationKind.DIRECT),
        ("ada@example.org.txt", "ada@example.org", "ada@example.org", ConversationKind.DIRECT),
        ("Ada Lind.txt", "title:ada lind", "Ada Lind", ConversationKind.DIRECT),
        ("Tea - 12.txt", "title:tea", "Tea", ConversationKind.GROUP),
        ("Ada Lind, +353860000001.txt", "title:ada lind, +353860000001",
         "Ada Lind, +353860000001", ConversationKind.GROUP),
        ("orphaned.txt", "orphaned", "orphaned", ConversationKind.GROUP),
    ],
)  # fmt: skip
def test_the_name_of_a_file_says_which_conversation_it_is(
    name: str, identifier: str, title: str, kind: ConversationKind
) -> None:
    [told] = [one for one in read({name: block(0, "Me", "x")}) if isinstance(one, Conversation)]
    assert (identifier, title, kind) == (told.id, told.title, told.kind)
    assert identifier.startswith("title:") == told.title_is_id


def test_the_zone_is_assumed_once() -> None:
    source = Source.of({f"{n}.txt": block(0, "Me", "x").encode() for n in range(3)})
    records = list(imessage_exporter.read(source))
    assert 1 == sum(isinstance(one, Assumption) for one in records)
    assert 3 == len(messages(records))


def test_what_nobody_sent_may_come_first() -> None:
    first = "Mar 08, 2024  1:00:00 PM You renamed the conversation to Tea\n\n"
    event, message = messages(read({"Tea - 1.txt": first + block(0, "Me", "x")}))
    assert "You renamed the conversation to Tea" == event.extra["notice"]
    assert "x" == message.text


def test_a_text_that_begins_otherwise_is_none_of_the_programs() -> None:
    told = read({"Tea - 1.txt": block(0, "Me", "x"), "x.txt": "by hand\n\n" + block(0, "Me", "y")})
    assert ["x"] == [one.text for one in messages(told)]


@pytest.mark.parametrize(
    "files",
    [
        {"_chat.txt": "[09.03.24, 18:05:30] Ada Lind: hello\n"},
        {"x.txt": "05/13/24, 10:00 - Ottilie Marsh: Hello?\n"},
        {"x.txt": "Mar 09, 2024\nAda Lind\nhello\n"},
        {"x.txt": "Dear diary,\n\nMar 09, 2024  6:05:30 PM\nwas a good moment\n"},
        {"x.txt": "Mar 09, 2024  6:05:30 PM\n\n"},
        {"x.html": '<div class="message"><p>18:05</p></div>'},
        {"x.html": '<span class="timestamp">Mar 09, 2024  6:05:30 PM</span>'},
        {"x.txt": ""},
    ],
)
def test_what_only_looks_like_it_is_not_taken_for_it(files: dict[str, str]) -> None:
    source = Source.of({name: text.encode() for name, text in files.items()})
    assert () == imessage_exporter.recognise(source)
    with pytest.raises(BadExport):
        list(imessage_exporter.read(source))


def test_no_page_names_a_file_outside_of_the_export() -> None:
    case = OURS["page"]
    evil = b'src="../../../../etc/passwd"'
    files = {
        name: data.replace(b'src="attachments/7/aa11.gif"', evil)
        for name, data in case.files.items()
    }
    found = [
        one
        for message in messages(list(imessage_exporter.read(case.source_of(files))))
        for one in message.attachments
    ]
    assert [None] * len(found) == [one.path for one in found]


@pytest.mark.parametrize(
    "unit",
    [
        "Sticker from ", "Edited a later: ", "attachments/", " by ", "/a/attachments",
        "    Mar 09, 2024  6:05:30 PM\n    Me\n    x\n\n", "Tapbacks:\nLoved by Me\n\n",
        "You unsent a message", "\n", "Mar 09, 2024  6:05:30 PM\n",
    ],
)  # fmt: skip
def test_the_worst_text_takes_no_time(unit: str) -> None:
    body = unit * (MiB // 4 // len(unit))
    started = time.process_time()
    read({"x.txt": block(0, "Me", body)})
    assert 2.0 > time.process_time() - started


@pytest.mark.parametrize(
    "unit", ["<div class=message>", "<tr><td>", '<a href="', "<div class=app>"]
)
def test_the_worst_page_takes_no_time(unit: str) -> None:
    page = OURS["page"].files["Garden club - 7.html"].decode()
    body = page.replace("Beds &amp; borders", unit * (MiB // 4 // len(unit)))
    started = time.process_time()
    read({"x.html": body})
    assert 2.0 > time.process_time() - started


PAGE = """<html><meta charset="UTF-8"><div class="message"><div class="sent iMessage">
<p><span class="timestamp">Mar 09, 2024  6:05:30 PM</span> <span class="sender">Me</span></p>
<div class="message_part"><span class="bubble">Rye</span></div>
<hr><div class="tapbacks"><p>Tapbacks:</p><div class="tapback">{}</div></div></div></div></html>"""


@pytest.mark.parametrize(
    ("tapback", "sender", "said"),
    [
        (
            '<img src="attachments/1/star.heic" loading="lazy">\n'
            '<div class="sticker_name">App: Moon</div>'
            '<div class="sticker_tapback">&nbsp;by Ada Lind</div>',
            "name:ada lind", "Sticker from Ada Lind: attachments/1/star.heic (App: Moon)",
        ),
        (
            '<img src="attachments/1/star.heic" loading="lazy"> '
            '<div class="sticker_tapback">&nbsp;by Me</div>',
            "me", "Sticker from Me: attachments/1/star.heic",
        ),
        ('<span class="tapback">Sticker from Ada Lind not found!</span>',
         "name:ada lind", "Sticker from Ada Lind not found!"),
    ],
)  # fmt: skip
def test_a_sticker_as_a_reaction_keeps_its_file_and_who_sent_it(
    tapback: str, sender: str, said: str
) -> None:
    records = read({"Ada Lind.html": PAGE.format(tapback)})
    (found,) = (one for one in records if isinstance(one, Reaction))
    assert ("sticker", sender, {"sticker": said}) == (found.emoji, found.sender_id, found.extra)


def test_a_reply_that_cannot_be_read_is_kept_beside_the_message_it_answers() -> None:
    case = OURS["oldpage"]
    [(name, data)] = case.files.items()
    head, mark, tail = data.partition(b'<div class="reply">')
    broken = head + mark + tail.replace(b"Oct 17, 2021 10:32:03 PM", b"no clock at all", 1)
    records = list(imessage_exporter.read(case.source_of({name: broken})))
    notes = [str(note) for one in messages(records) for note in one.extra.get("notes", ())]
    assert [True] == ["no clock at all" in note for note in notes if "cannot be read" in note]
