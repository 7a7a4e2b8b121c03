"""signal-export: what the laws for all importers do not see."""

import json
import runpy
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import CASES
from chatvault.errors import BadExport
from chatvault.importers import signal_export
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget, MiB
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Assumption,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    Problem,
    Reaction,
    Record,
)

MAKE = runpy.run_path(str(Path(__file__).parent / "fixtures/signal_export/make.py"))
OURS = {case.path.name: case for case in CASES if case.importer is signal_export}
message, lines, markdown = MAKE["message"], MAKE["lines"], MAKE["markdown"]
TOLD = Told(zone="Europe/Amsterdam")


def read(files: Mapping[str, bytes], name: str = "Bram") -> list[Record]:
    return list(signal_export.read(Source.of(files, name=name, told=TOLD)))


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0`"), max_size=30).filter(
    lambda text: text == text.strip() and "  " not in text and "](./" not in text
)
NAMES = st.sampled_from(["Bram", "Me", "Cara Lindqvist", "No-Sender"])
FILES = st.sampled_from(["a.gif", "b [1].jpg", "c (2).pdf"]).map(
    lambda name: {"name": name, "path": "media/2024_00_" + name.replace(" ", "%20")}
)
ITEMS = st.lists(
    st.builds(
        lambda second, sender, body, reactions, files: message(
            f"10:00:{second:02}", sender, body, reactions=reactions, attachments=files
        ),
        st.integers(0, 59),
        NAMES,
        WORDS,
        st.lists(st.tuples(st.sampled_from(["Me", "Bram"]), st.sampled_from("👍🎉")).map(list),
                 max_size=2),
        st.lists(FILES, max_size=2),
    ),
    min_size=1,
    max_size=5,
)  # fmt: skip


@settings(max_examples=150)
@given(ITEMS)
def test_the_text_for_reading_gives_the_same_messages_as_the_json(
    items: list[dict[str, Any]],
) -> None:
    from_json, from_text = read({"data.json": lines(items)}), read({"chat.md": markdown(items)})
    assert from_json == from_text


def test_a_second_run_into_one_folder_is_a_transcript_of_its_own() -> None:
    first = [message(f"10:0{n}:00", "Bram", f"line {n}") for n in range(3)]
    more = [message("11:00:00", "Me", "new since then")]
    for data in (
        {"data.json": lines([*first, *first, *more])},
        {"chat.md": markdown([*first, *first, *more])},
    ):
        records = read(data)
        assert 2 == sum(isinstance(one, Conversation) for one in records)
        assert [0, 1, 2, 0, 1, 2, 3] == [one.seq for one in messages(records)]


def test_the_same_words_at_the_same_time_are_no_second_run() -> None:
    twice = [message("10:00:00", "Bram", "ok"), message("10:00:00", "Bram", "ok")]
    records = read({"data.json": lines(twice)})
    assert 1 == sum(isinstance(one, Conversation) for one in records)
    assert 2 == len(messages(records))


def test_a_json_array_is_read_like_lines() -> None:
    items = [message("10:00:00", "Bram", "one"), message("10:01:00", "Me", "two")]
    array = json.dumps(items, indent=1).encode()
    assert read({"data.json": lines(items)}) == read({"data.json": array})
    one_line = json.dumps(items[:1]).encode()
    assert signal_export.recognise(Source.of({"data.json": one_line, "chat.md": b""}))


@pytest.mark.parametrize(
    ("title", "senders", "kind"),
    [
        ("Bram", ["Bram", "Me"], ConversationKind.DIRECT),
        ("Bram de Boer", ["Bram de Boer "], ConversationKind.DIRECT),
        ("BramdeBoer", ["Bram de Boer!"], ConversationKind.DIRECT),
        ("Book Club", ["Bram", "Me"], ConversationKind.GROUP),
        ("Bram", ["Bram", "Cara"], ConversationKind.GROUP),
        ("Notes", ["Me", "No-Sender"], ConversationKind.DIRECT),
    ],
)
def test_a_conversation_is_between_two_unless_others_wrote(
    title: str, senders: list[str], kind: ConversationKind
) -> None:
    items = [message(f"10:0{n}:00", sender, "x") for n, sender in enumerate(senders)]
    [told] = [one for one in read({"data.json": lines(items)}, title)
              if isinstance(one, Conversation)]  # fmt: skip
    assert (kind, title) == (told.kind, told.title)


def test_a_header_inside_a_message_is_text_of_it() -> None:
    inside = "he wrote\n[2024-03-09 10:05:00] Bram: not me"
    [one] = messages(read({"chat.md": markdown([message("10:00:00", "Me", inside)])}))
    assert inside == one.text


def test_the_zone_is_assumed_once_for_all_conversations() -> None:
    item = lines([message("10:00:00", "Bram", "x")])
    source = Source.of({"A/data.json": item, "A/chat.md": b"", "B/data.json": item,
                        "B/chat.md": b""})  # fmt: skip
    records = list(signal_export.read(source))
    assert 1 == sum(isinstance(one, Assumption) for one in records)
    assert 2 == len(messages(records))


def test_a_key_of_a_sticker_gets_into_no_record() -> None:
    for case in OURS.values():
        assert not any("invented-key" in repr(record) for record in case.records())


@pytest.mark.parametrize(
    "files",
    [
        {"data.json": b'{"date": "2024-03-09", "text": "x"}\n', "chat.md": b""},
        {"data.json": b"", "chat.md": b""},
        {"chat.md": b"# Notes of a chat\n"},
        {"chat.md": b"[09.03.24, 19:05:30] Bram: WhatsApp of an iPhone\n"},
        {"exported_stickers/data.json": b'{"date": "2024-03-09T10:00:00"}'},
        {"A/data.json": lines([message("10:00:00", "Bram", "x")]), "other.txt": b"x"},
    ],
)
def test_what_only_looks_like_it_is_not_taken_for_it(files: dict[str, bytes]) -> None:
    assert () == signal_export.recognise(Source.of(files))


def test_a_shelf_of_other_exports_is_not_swallowed() -> None:
    case = OURS["ordinary"]
    whatsapp = b"05/13/24, 10:00 - Ottilie Marsh: Hello?\n05/13/24, 10:01 - Noor Hallam: Yes\n"
    shelf = Source.of({**case.files, "WhatsApp Chat with Ovens.txt": whatsapp})
    found = find(shelf, IMPORTERS, Budget()).exports
    assert {"signal-export": 2, "whatsapp-text": 1} == {
        key: sum(one.importer.INFO.key == key for one in found)
        for key in ("signal-export", "whatsapp-text")
    }


def test_reactions_of_the_text_for_reading_are_told() -> None:
    reactions = [one for one in OURS["text"].records() if isinstance(one, Reaction)]
    assert [("😀", "name:me"), ("🎉", "name:cara lindqvist")] == [
        (one.emoji, one.sender_id) for one in reactions
    ]


def test_nothing_of_the_json_is_lost() -> None:
    for case in OURS.values():
        told = "\n".join(map(repr, case.records()))
        raw = "\n".join(one.raw for one in case.records() if isinstance(one, Problem))
        for name, data in case.files.items():
            if not name.endswith("data.json") or "stickers" in name:
                continue
            for line in data.decode().splitlines():
                for word in _values(line):
                    assert repr(word)[1:-1] in told or word in raw


def _values(line: str) -> list[str]:
    try:
        waiting: list[Any] = [json.loads(line)]
    except ValueError:
        return [line]
    found = []
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [value for key, value in one.items() if key not in {"packKey", "date"}]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and one != signal_export.NOBODY:
            found.append(one.strip().removeprefix("> "))
    return found


@pytest.mark.parametrize(
    "unit",
    ["[", "![", "[a](./media/", "\n(- ", " -)", "(media not exported)", "\n(( ", "> \n", "[x]("],
)
def test_the_worst_text_takes_no_time(unit: str) -> None:
    body = "[2024-03-09 10:00:00] Bram: \n\n" + unit * (MiB // 4 // len(unit))
    started = time.process_time()
    read({"chat.md": body.encode()})
    assert 2.0 > time.process_time() - started


def test_without_any_file_of_it_there_is_an_error_of_ours() -> None:
    with pytest.raises(BadExport):
        read({"photo.jpg": b"x"})


def test_an_earlier_text_that_was_empty_is_one() -> None:
    item = {**json.loads(lines([message("10:00:00", "Bram", "Rye")])), "edits": [{"body": None}]}
    (found,) = messages(read({"data.json": json.dumps(item).encode()}))
    assert [("", None)] == [(one.text, one.at) for one in found.versions]
    assert (Mark.EDITED,) == found.marks
