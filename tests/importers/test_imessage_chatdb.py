"""Apple's chat.db: what the laws for all importers do not see."""

import plistlib
import runpy
import sqlite3
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import CASES, DECODER, Case, complaints
from chatvault.errors import BadExport, ChatVaultError
from chatvault.importers import imessage_chatdb
from chatvault.importers._explore import find
from chatvault.importers._imessage_plist import history, preview
from chatvault.importers._imessage_text import decoded, sent_text
from chatvault.importers._imessage_time import apple_time
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Assumption,
    AttachmentState,
    Conversation,
    Mark,
    Message,
    Participant,
    Problem,
    Reaction,
    Record,
)

MAKE = runpy.run_path(str(Path(__file__).parent / "fixtures/imessage_chatdb/make.py"))
OURS = {case.path.name: case for case in CASES if case.importer is imessage_chatdb}
SMALLEST = (
    "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, handle_id INTEGER,"
    " date INTEGER, is_from_me INTEGER)",
    "CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT, chat_identifier TEXT)",
    "CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT)",
    "CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY, guid TEXT, filename TEXT)",
    "CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER)",
    "CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER)",
    "INSERT INTO handle VALUES (1, '+353860000001')",
    "INSERT INTO chat VALUES (1, 'iMessage;-;+353860000001', '+353860000001')",
)


def built(path: Path, *statements: str) -> bytes:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return path.read_bytes()


def filled(path: Path, fill: Any, **options: bool) -> bytes:
    """A database as the cases have them, of which all is in one file."""
    path.unlink(missing_ok=True)
    made = MAKE["Db"](path, **options)
    MAKE["people"](made)
    fill(made)
    made.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    made.db.execute("PRAGMA journal_mode=DELETE")
    made.db.close()
    return path.read_bytes()


def read(data: bytes, **files: bytes) -> list[Record]:
    return list(imessage_chatdb.read(Source.of({"chat.db": data, **files})))


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


def problems(records: list[Record]) -> list[Problem]:
    return [record for record in records if isinstance(record, Problem)]


def test_the_sample_of_the_format_is_read(tmp_path: Path) -> None:
    blob = (
        "040b73747265616d747970656481e803840140848484124e5341747472696275746564537472696e67008484"
        "084e534f626a656374008592848484084e53537472696e67019484012b104b6574746c65206973206f6e20e2"
        "98958684"
    )
    data = built(
        tmp_path / "x", *SMALLEST,
        "ALTER TABLE message ADD COLUMN attributedBody BLOB",
        "ALTER TABLE message ADD COLUMN associated_message_guid TEXT",
        "ALTER TABLE message ADD COLUMN associated_message_type INTEGER",
        "INSERT INTO message VALUES (1, '0A0A0A0A-1111-4222-8333-444444444444', NULL, 1,"
        f" 731700330000000000, 0, X'{blob}', NULL, 0)",
        "INSERT INTO message VALUES (2, '0B0B0B0B-1111-4222-8333-444444444444', 'Liked “Kettle”',"
        " 0, 731700360000000000, 1, NULL, 'p:0/0A0A0A0A-1111-4222-8333-444444444444', 2001)",
        "INSERT INTO chat_message_join VALUES (1, 1), (1, 2)",
    )  # fmt: skip
    *_, message, reaction = read(data)
    assert isinstance(message, Message)
    assert isinstance(reaction, Reaction)
    assert ("Kettle is on ☕", "0A0A0A0A-1111-4222-8333-444444444444") == (message.text, message.id)
    assert ("👍", "me") == (reaction.emoji, reaction.sender_id)


def test_only_the_oldest_columns_are_needed(tmp_path: Path) -> None:
    data = built(
        tmp_path / "x", *SMALLEST,
        "INSERT INTO message VALUES (1, 'G-1', 'hello', 1, 500000000, 0)",
        "INSERT INTO chat_message_join VALUES (1, 1)",
    )  # fmt: skip
    assert imessage_chatdb.recognise(Source.of({"chat.db": data}))
    assert ["hello"] == [message.text for message in messages(read(data))]


@pytest.mark.parametrize(
    ("value", "utc_ms"),
    [
        (731700330000000000, 1710007530000),
        (731700330123456789, 1710007530123),
        (731700330, 1710007530000),
        (1, 978307201000),
        (0, None),
        (None, None),
        (-86400 * 10**9, 978220800000),
    ],
)
def test_a_time_counts_from_2001_in_seconds_or_nanoseconds(
    value: int | None, utc_ms: int | None
) -> None:
    found = apple_time(value)
    assert utc_ms == (found and found.utc_ms)


@settings(max_examples=200)
@given(st.text(max_size=400))
def test_a_blob_gives_the_text_that_was_put_in(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    found = decoded(MAKE["blob"](text))
    assert (text, False) == found


@pytest.mark.parametrize("length", [127, 128, 32_767, 32_768, 65_535])
def test_lengths_that_need_more_than_one_byte(length: int) -> None:
    assert ("x" * length, False) == decoded(MAKE["blob"]("x" * length))


def test_a_length_of_four_bytes_is_read_and_a_negative_one_is_not_believed() -> None:
    start = MAKE["blob"]("")[:-3]
    text = b"y" * 70_000
    long = start + b"\x82" + len(text).to_bytes(4, "little") + text + b"\x86\x84"
    assert (text.decode(), False) == decoded(long)
    negative = start + b"\x82" + (-5).to_bytes(4, "little", signed=True) + b"kept\x86\x84"
    assert ("kept", True) == decoded(negative)


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=60), st.data())
def test_a_damaged_blob_gives_what_is_left_of_it_or_nothing(text: str, data: st.DataObject) -> None:
    blob = bytearray(MAKE["blob"](text.encode("utf-8", "replace").decode()))
    for _ in range(data.draw(st.integers(0, 3))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    found = decoded(bytes(blob[: data.draw(st.integers(0, len(blob)))]))
    assert found is None or len(found.text) <= len(blob)
    history(bytes(blob))
    preview(bytes(blob))


def test_signs_for_attachments_are_no_text() -> None:
    assert "a\nb" == sent_text("a\ufffcb", balloon=False)
    assert "" == sent_text("\ufffc\ufffc", balloon=False)
    assert "\ufffd" == sent_text("\ufffd", balloon=False)
    assert "" == sent_text("\ufffd", balloon=True)


def test_a_preview_whose_objects_go_round_in_circles_ends() -> None:
    objects: list[Any] = ["$null", {"richLinkMetadata": plistlib.UID(2)}]
    objects += [
        {"NS.keys": [plistlib.UID(0)] * 50, "NS.objects": [plistlib.UID(2 + n % 9)] * 50}
        for n in range(9)
    ]
    archive = {"$top": {"root": plistlib.UID(1)}, "$objects": objects}
    assert {} == preview(plistlib.dumps(archive, fmt=plistlib.FMT_BINARY))


STATES = ((2001, 10), (3001, 20), (2000, 30))  # like, taken back, loved


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("known", [1, 2, 3])
def test_only_the_latest_state_of_a_tapback_counts(
    tmp_path: Path, order: tuple[int, ...], known: int
) -> None:
    chosen = STATES[:known]

    def fill(db: Any) -> None:
        db.message(1, 1, 0, text="tea?", handle_id=1)
        for number in order:
            if number < known:
                form, after = STATES[number]
                db.message(
                    10 + number, 1, after, associated_message_type=form, is_from_me=1,
                    associated_message_guid=f"p:0/{MAKE['guid'](1)}",
                )  # fmt: skip

    records = read(filled(tmp_path / "x", fill))
    expected = {2001: ["👍"], 3001: [], 2000: ["❤️"]}[chosen[-1][0]]
    assert expected == [one.emoji for one in records if isinstance(one, Reaction)]
    assert ["tea?"] == [one.text for one in messages(records)]


def test_a_tapback_of_a_message_that_is_gone_is_kept_without_becoming_text() -> None:
    [kept] = [
        one for one in messages(OURS["odd"].records()) if "associated_message_guid" in one.extra
        and one.extra["associated_message_type"] == 2000
    ]  # fmt: skip
    assert ("", ()) == (kept.text, kept.more_text)
    assert "Loved “gone”" == kept.extra["text"]


def test_a_picture_of_the_same_name_in_another_folder_is_another_one(tmp_path: Path) -> None:
    def fill(db: Any) -> None:
        row = db.message(1, 1, 0, text="\ufffc", handle_id=1)
        db.file(row, 1, filename="~/Library/Messages/Attachments/aa/01/AA/IMG_0001.gif")

    data = filled(tmp_path / "x", fill)
    for folder, state in (
        ("Attachments/aa/01/BB", AttachmentState.MISSING_FILE),
        ("Attachments/aa/01/AA", AttachmentState.PRESENT),
        ("Library/Messages/Attachments/aa/01/aa", AttachmentState.PRESENT),
    ):
        [message] = messages(read(data, **{f"{folder}/IMG_0001.gif": b"GIF89a"}))
        assert state is message.attachments[0].state


def test_s03_a_log_that_is_missing_is_told_in_the_receipt() -> None:
    case = OURS["ordinary"]
    files = {name: data for name, data in case.files.items() if not name.endswith("-wal")}
    with pytest.raises(StopIteration):
        next(iter(messages(list(imessage_chatdb.read(Source.of(files))))))
    told = [one for one in imessage_chatdb.read(Source.of(files)) if isinstance(one, Assumption)]
    assert ["database"] == [one.what for one in told]
    assert not any(isinstance(one, Assumption) for one in case.records())


def test_s03_a_log_of_another_database_is_told() -> None:
    case = OURS["ordinary"]
    files = {**case.files, "chat.db-wal": b"\x37\x7f\x06\x82 and then something else entirely"}
    records = list(imessage_chatdb.read(Source.of(files)))
    assert ["chat.db-wal"] == [one.file for one in problems(records)]


def test_s01_a_view_in_place_of_the_messages_is_not_read(tmp_path: Path) -> None:
    data = built(
        tmp_path / "x", *(one for one in SMALLEST if "TABLE message (" not in one),
        "CREATE VIEW message AS SELECT 1 AS ROWID, 'G' AS guid, 'x' AS text, 1 AS handle_id,"
        " 500000000 AS date, 0 AS is_from_me",
    )  # fmt: skip
    assert () == imessage_chatdb.recognise(Source.of({"chat.db": data}))
    with pytest.raises(BadExport):
        read(data)


def test_s02_a_damaged_page_costs_only_its_messages(tmp_path: Path) -> None:
    def fill(db: Any) -> None:
        for number in range(400):
            db.message(number + 1, 1, number, text=f"message {number} " * 20, handle_id=1)

    data = bytearray(filled(tmp_path / "x", fill))
    place = bytes(data).index(b"message 200 message 200") // 4096 * 4096
    data[place : place + 4096] = b"\xff" * 4096
    records = read(bytes(data))
    found = {one.text.split()[1] for one in messages(records)}
    assert 370 < len(found) < 400
    assert {"0", "399"} <= found
    told = problems(records)
    assert 400 == len(found) + sum(one.part.startswith("message ") for one in told)
    assert "table message" in {one.part for one in told}


def test_s04_a_database_that_the_app_encrypted_is_not_opened() -> None:
    with pytest.raises(BadExport) as caught:
        read(b"\x9c\x11" * 4096)
    assert "does not decrypt" in caught.value.message


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_database_changed_anywhere_gives_records_or_an_error_of_ours(data: st.DataObject) -> None:
    case: Case = OURS[data.draw(st.sampled_from(["odd", "second"]))]
    name = max(case.files, key=lambda one: len(case.files[one]))
    changed = bytearray(case.files[name])
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(changed) - 1)))
        changed[place] = data.draw(st.sampled_from([0, 1, 5, 13, 127, 128, 255]))
    source = Source.of({**case.files, name: bytes(changed)})
    imessage_chatdb.recognise(source)
    records: list[Record] = []
    try:
        records.extend(imessage_chatdb.read(source))
    except ChatVaultError:
        return
    assert [] == complaints(records)
    assert records == DECODER.decode(msgspec.msgpack.encode(records))


def test_messages_are_told_by_time_and_not_by_arrival() -> None:
    for case in OURS.values():
        times: list[int] = []
        for record in case.records():
            if isinstance(record, Conversation):
                times = []
            elif isinstance(record, Message) and record.sent_at:
                times.append(record.sent_at.utc_ms)
                assert sorted(times) == times


def test_the_same_message_has_one_id_in_both_copies() -> None:
    first, second = (messages(OURS[name].records()) for name in ("first", "second"))
    both = {one.id for one in first} & {one.id for one in second}
    assert 2 == len(both)
    assert {first[0].scope} == {one.scope for one in (*first, *second)}
    texts = [{one.id: one.text for one in found if one.id in both} for found in (first, second)]
    assert texts[0] == texts[1]


def test_an_unsent_message_keeps_what_is_known_of_it() -> None:
    [unsent] = [one for one in messages(OURS["odd"].records()) if Mark.RECALLED in one.marks]
    assert ("", ["oops"]) == (unsent.text, [version.text for version in unsent.versions])


@pytest.mark.parametrize(
    ("numbers", "owner"),
    [
        (["p:+353860000099", "E:ada@example.org"], "+353860000099"),
        (["P:+353860000099", "p:+353860000098"], None),
        (["E:ada@example.org"], None),
    ],
)
def test_the_owner_is_told_by_the_only_number_of_their_own(
    tmp_path: Path, numbers: list[str], owner: str | None
) -> None:
    def fill(db: Any) -> None:
        for n, account in enumerate(numbers):
            db.message(n + 1, 1, n, text="mine", is_from_me=1, account=account)

    records = read(filled(tmp_path / "x", fill))
    assert [owner] == [one.owner for one in records if isinstance(one, Conversation)]
    *_, me = [one for one in records if isinstance(one, Participant)]
    assert (True, tuple(number[2:] for number in numbers)) == (me.is_me, me.handles)


def test_a_database_beside_other_exports_keeps_its_log() -> None:
    case = OURS["ordinary"]
    chat = b"05/13/24, 10:00 - Ottilie Marsh: Only ovens?\n05/13/24, 10:01 - Noor Hallam: Yes\n"
    shelf = Source.of({**case.files, "WhatsApp Chat with Ovens.txt": chat})
    exports = {one.importer.INFO.key: one for one in find(shelf, IMPORTERS, Budget()).exports}
    source = exports["imessage-chatdb"].source
    assert 9 == len(messages(list(imessage_chatdb.read(source))))
    assert "Attachments/3a/10/AA-77/IMG_0001.gif" in source.entries
