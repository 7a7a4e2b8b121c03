"""slackdump's own forms: what was fetched twice, damaged chunks and rows, and what is not ours."""

import gzip
import json
import runpy
import sqlite3
from array import array
from pathlib import Path
from typing import Any

import pytest

from cases import CASES, complaints
from chatvault.errors import BadExport, RefusedByLimit
from chatvault.importers import slackdump
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._slack_chunks import _last_of_each
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Assumption, Conversation, Mark, Message, Problem, Record

MAKE = runpy.run_path(str(Path(__file__).parent / "fixtures/slackdump/make.py"))
OURS = {case.path.name: case for case in CASES if case.importer is slackdump}
LAMPS = "C0LAMPSHP"
TOKEN = "xoxe-1111111111-2222222222-deadbeefdeadbeef"


def chunk(place: str, *items: object, **fields: object) -> bytes:
    line = {"t": 0, "ts": 1700000000, "id": place, **fields, "m": list(items)}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def message(ts: str, text: str = "", **fields: object) -> dict[str, object]:
    return {"type": "message", "ts": ts, "text": text, **fields}


def read(files: dict[str, bytes]) -> list[Record]:
    records = list(slackdump.read(Source.of(files)))
    assert [] == complaints(records)
    return records


def texts(records: list[Record]) -> list[str]:
    return [one.text for one in records if isinstance(one, Message)]


def archive(path: Path, *rows: tuple[str, int, int, bytes | str | None]) -> dict[str, bytes]:
    """A database with these messages: channel, id, chunk, data."""
    database = path / "slackdump.sqlite"
    connection = sqlite3.connect(database, isolation_level=None)
    for statement in MAKE["TABLES"]:
        connection.execute(statement.replace("BLOB NOT NULL", "BLOB"))
    connection.execute("BEGIN")
    for place, number, fetched, data in rows:
        connection.execute(
            "INSERT INTO MESSAGE (CHANNEL_ID, ID, CHUNK_ID, TS, DATA) VALUES (?, ?, ?, '', ?)",
            [place, number, fetched, data],
        )
    connection.execute("COMMIT")
    connection.close()
    return {"slackdump.sqlite": database.read_bytes()}


@pytest.mark.parametrize(
    ("keys", "latest"),
    [([], []), ([5], [1]), ([5, 5], [0, 1]), ([1, 2, 1, 3, 2, 1], [0, 0, 0, 1, 1, 1])],
)
def test_of_what_was_fetched_several_times_the_last_counts(
    keys: list[int], latest: list[int]
) -> None:
    assert latest == list(_last_of_each(array("q", keys)))


def test_equal_times_in_two_conversations_are_two_messages() -> None:
    one = chunk(LAMPS, message("1700000000.000100", "here"))
    other = chunk("C0ELSEWHE", message("1700000000.000100", "there"))
    records = read({"all.json.gz": gzip.compress(one + other)})
    assert ["here", "there"] == texts(records)
    assert [LAMPS, "C0ELSEWHE"] == [one.id for one in records if isinstance(one, Conversation)]


def test_messages_without_a_time_are_copies_of_nothing() -> None:
    broken = [{"text": "a"}, {"text": "b"}, 7, None]
    records = read({"C0LAMPSHP.json.gz": gzip.compress(chunk(LAMPS, *broken))})
    assert len(broken) == sum(isinstance(one, Problem) for one in records)


def test_a_message_that_only_its_answers_tell_about_is_kept() -> None:
    line = chunk(LAMPS, message("1700000060.000000", "answer"), p=message("1700000000.1", "first"))
    assert ["first", "answer"] == texts(read({"C0LAMPSHP.json.gz": gzip.compress(line)}))


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_T07_chunks_in_several_gzip_members_are_read_and_the_last_may_break_off(cut: int) -> None:
    whole = b"".join(
        gzip.compress(chunk(LAMPS, message(f"170000000{number}.000000", f"text {number}")))
        for number in range(3)
    )
    assert ["text 0", "text 1", "text 2"] == texts(read({"C0LAMPSHP.json.gz": whole}))
    records = read({"C0LAMPSHP.json.gz": whole[:-cut]})
    assert ["text 0", "text 1"] == texts(records)[:2]
    assert any(isinstance(one, Problem) for one in records)


def test_J07_what_is_complete_in_a_broken_line_is_read() -> None:
    line = chunk(LAMPS, message("1700000000.1", "one"), message("1700000001.1", "two"))
    records = read({"C0LAMPSHP.json.gz": gzip.compress(line[:-20] + b"\n" + line)})
    assert ["two", "one"] == sorted(texts(records), reverse=True)
    assert any(isinstance(one, Problem) and one.part == "line 1" for one in records)


def test_T07_a_bomb_is_refused() -> None:
    bomb = gzip.compress(chunk(LAMPS, message("1700000000.1", "x" * 1_000_000)) * 40)
    with pytest.raises(RefusedByLimit):
        read({"C0LAMPSHP.json.gz": bomb})


@pytest.mark.parametrize("head", [b"", b"\x1f\x8b\x08", b"\x1f\x8b\x08" + b"\xff" * 50])
def test_a_damaged_chunk_is_not_recognised_and_told_when_read(head: bytes) -> None:
    files = {"C0LAMPSHP.json.gz": head}
    assert () == slackdump.recognise(Source.of(files))
    assert [Problem] == [type(one) for one in read(files)]


def test_an_older_copy_gives_the_text_before_an_edit_and_of_a_deletion(tmp_path: Path) -> None:
    ts, number = "1700000000.000100", 1700000000000100
    deleted = message(ts, "This message was deleted.", subtype="tombstone", user="USLACKBOT")
    copies = [message(ts, "frist"), message(ts, "first"), message(ts, "first"), deleted]
    rows = [(LAMPS, number, fetched, json.dumps(one)) for fetched, one in enumerate(copies, 4)]
    for count, expected in ((2, ("first", ["frist"], ())), (4, ("first", ["frist"], ("deleted",)))):
        (tmp_path / str(count)).mkdir()
        records = read(archive(tmp_path / str(count), *reversed(rows[:count])))
        [found] = [one for one in records if isinstance(one, Message)]
        versions = [one.text for one in found.versions]
        assert expected == (found.text, versions, tuple(Mark(one).value for one in found.marks))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00\xff not JSON", "not valid JSON"),
        ("[" * 200 + "]" * 200, "nested too deep"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "expected an object, found list"),
        (None, "not valid JSON"),
        ('{"ts":"never"}', "a 'ts' that is no time"),
    ],
)
def test_J01_a_row_that_cannot_be_read_is_kept_as_it_is(
    tmp_path: Path, data: bytes | str | None, reason: str
) -> None:
    good = json.dumps(message("1700000001.000000", "good"))
    records = read(archive(tmp_path, (LAMPS, 1, 1, data), (LAMPS, 2, 1, good)))
    [problem] = [one for one in records if isinstance(one, Problem)]
    assert (reason, "slackdump.sqlite") == (problem.reason, problem.file)
    assert ["good"] == texts(records)


def test_no_token_of_a_row_is_in_a_record(tmp_path: Path) -> None:
    address = f"https://f.example/x?t={TOKEN}"
    files = [{"id": "F0LAMPONE", "url_private": address}]
    rows = [
        (LAMPS, 1, 1, json.dumps(message("1700000001.000000", files=files))),
        (LAMPS, 2, 1, f'{{"broken": "{address}"'),
    ]
    records = read(archive(tmp_path, *rows))
    assert 3 == len(records)
    assert "xox" not in repr(records)


def test_S03_a_database_whose_log_is_missing_is_an_assumption(tmp_path: Path) -> None:
    [(name, data)] = archive(tmp_path, (LAMPS, 1, 1, json.dumps(message("1700000001.0")))).items()
    with_log = data[:18] + b"\2\2" + data[20:]
    assert [] == [one for one in read({name: data}) if isinstance(one, Assumption)]
    assert 1 == sum(isinstance(one, Assumption) for one in read({name: with_log}))


def test_more_copies_than_are_fetched_at_once_are_still_one_message(tmp_path: Path) -> None:
    rows = [
        (LAMPS, 1700000001000000, fetched, json.dumps(message("1700000001.000000", f"{fetched}")))
        for fetched in range(1, 1203)
    ]
    [found] = [one for one in read(archive(tmp_path, *rows)) if isinstance(one, Message)]
    assert ("1202", 1201) == (found.text, len(found.versions))


@pytest.mark.parametrize(
    "files",
    [
        {"a.json": {"channel_id": LAMPS, "messages": []}},
        {"a.json": {"channel_id": "12345678", "messages": [{"ts": "1"}]}},
        {"a.json": {"channel_id": LAMPS, "messages": [{"id": "1"}]}},
        {"a.json": {"messages": [{"ts": "1"}], "channel_id": LAMPS}},
        {"C0LAMPSHP.json": [{"ts": "1"}]},
        {"inner/C0LAMPSHP.json": {"channel_id": LAMPS, "messages": [{"ts": "1"}]}},
    ],
)
def test_something_else_is_not_taken_for_a_dump(files: dict[str, Any]) -> None:
    given = {name: json.dumps(value).encode() for name, value in files.items()}
    assert () == slackdump.recognise(Source.of(given))


def test_lines_of_something_else_are_not_taken_for_chunks(tmp_path: Path) -> None:
    other = gzip.compress(b'{"type": "message", "ts": 1}\n')
    assert () == slackdump.recognise(Source.of({"events.json.gz": other}))
    database = tmp_path / "other.sqlite"
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("CREATE TABLE MESSAGE (ID INTEGER)")
    connection.execute("CREATE TABLE S_USER (ID INTEGER)")
    connection.close()
    assert () == slackdump.recognise(Source.of({"slackdump.sqlite": database.read_bytes()}))


@pytest.mark.parametrize("name", ["ordinary", "chunks", "odd"])
def test_each_form_is_one_export_with_all_of_its_files(name: str) -> None:
    files = OURS[name].files
    source = Source.of({f"downloads/slack/{one}": data for one, data in files.items()})
    [found] = find(source, IMPORTERS, Budget()).exports
    assert ("slackdump", set(files)) == (found.importer.INFO.key, set(found.source.entries))


def test_a_folder_with_nothing_of_slackdump_says_what_to_give() -> None:
    with pytest.raises(BadExport, match="no archive, chunk or dump"):
        read({"notes.txt": b"x"})
