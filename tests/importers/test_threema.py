"""Threema: tables of the data backup, the text of one chat, and what a password hides."""

import csv
import io

import pytest

from archives import zipped
from chatvault.errors import BadExport, EmptyExport
from chatvault.importers import threema
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS, claims
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

BRAM, TESS = "BRAM4DAM", "TESS9UTR"
CONTACTS = f'"identity","firstname","lastname","nick_name"\n"{BRAM}","Bram","de Wit",""\n'.encode()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)


def table(*rows: dict[str, object], group: bool = False) -> bytes:
    columns = ["apiid", "uid", *(["identity"] if group else []), "isoutbox", "posted_at", "type"]
    columns += ["body", "isstatusmessage", "caption"]
    out = io.StringIO(newline="")
    sheet = csv.writer(out, quoting=csv.QUOTE_ALL)
    sheet.writerow(columns)
    for number, row in enumerate(rows):
        known = {"apiid": f"{number:016x}", "uid": f"u-{number}", "posted_at": 1710007530000}
        cells = {"isoutbox": 0, "type": "TEXT", "isstatusmessage": 0, **known, **row}
        sheet.writerow([str(cells.get(one, "")).replace("\\", "\\\\") for one in columns])
    return out.getvalue().encode()


def read(
    *rows: dict[str, object], told: Told | None = None, files: dict[str, bytes] | None = None
) -> list[Record]:
    given = {"contacts.csv": CONTACTS, f"message_{BRAM}.csv": table(*rows), **(files or {})}
    return list(threema.read(Source.of(given, told=told or Told())))


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


def test_backslashes_and_quotes_are_as_they_were_sent() -> None:
    sent = ["C:\\new\\table", 'he said "so"', "\\\\", "two\nlines"]
    rows: list[dict[str, object]] = [{"body": text} for text in sent]
    assert sent == [one.text for one in messages(read(*rows))]


@pytest.mark.parametrize("folder", ["7f3a9b21-TESS9UTR", "Zm9vYmFy"])
def test_a_group_is_found_by_each_of_its_keys(folder: str) -> None:
    groups = b'"id","creator","groupname","group_uid"\n"7F3A9B21","TESS9UTR","Bread","Zm9vYmFy"\n'
    rows = table({"body": "x", "identity": BRAM}, {"body": "y", "isoutbox": 1}, group=True)
    given = {"contacts.csv": CONTACTS, "groups.csv": groups, f"group_message_{folder}.csv": rows}
    assert threema.recognise(Source.of(given))
    records = list(threema.read(Source.of(given, told=Told(me="Ulla"))))
    assert ["Bread"] == [one.title for one in records if isinstance(one, Conversation)]
    people = [(p.id, p.name, p.is_me) for p in records if isinstance(p, Participant)]
    assert [(BRAM, "Bram de Wit", False), ("me", "Ulla", True)] == people


def test_newer_backups_name_the_files_by_a_key_of_the_contact() -> None:
    contacts = b'"identity","identity_id","nick_name"\n"BRAM4DAM","9q8w7e","brammie"\n'
    files = {"contacts.csv": contacts, "message_9Q8W7E.csv": table({"body": "x"})}
    [place] = [r for r in threema.read(Source.of(files)) if isinstance(r, Conversation)]
    assert (BRAM, "brammie") == (place.id, place.title)


def attached(body: str, kind: str, **files: bytes) -> tuple[Message, Attachment]:
    [message] = messages(read({"body": body, "type": kind}, files=files))
    return message, message.attachments[0]


def test_a_file_lies_under_the_uid_and_its_kind_shows_in_its_bytes() -> None:
    message, file = attached('["image/png",5,"crust.png"]', "FILE", **{"message_media_u-0": PNG})
    assert (MessageKind.IMAGE, "message_media_u-0", "crust.png", "image/png") == (
        message.kind,
        file.path,
        file.name,
        file.type,
    )
    message, file = attached('["image/png",5,"crust.png"]', "FILE")
    assert (MessageKind.IMAGE, AttachmentState.MISSING_FILE) == (message.kind, file.state)


def test_keys_of_files_on_servers_are_not_kept_beside_the_message() -> None:
    key, blob = "ab" * 32, "cd" * 16
    message, _ = attached(f'["{blob}","{key}","image/png",5,"crust.png"]', "FILE")
    assert key not in str(message)
    assert blob not in str(message)
    assert "crust.png" in str(message.extra)


@pytest.mark.parametrize("at", ["", "0", "soon", "-5", "253402300800000", "1.7e12"])
def test_a_row_without_a_time_is_a_problem_and_kept_whole(at: str) -> None:
    records = read({"body": "good"}, {"body": "the lost row", "posted_at": at})
    assert ["good"] == [one.text for one in messages(records)]
    [problem] = [record for record in records if isinstance(record, Problem)]
    assert "the lost row" in problem.raw


TEXT = "[09.03.2024, 19:05] Bram: Bread is in the oven\n"


def test_the_text_of_a_chat_is_known_by_its_name_and_first_line() -> None:
    assert threema.recognise(Source.of({"messages.txt": TEXT.encode()}))
    assert ["threema"] == [
        one.INFO.key for one, _ in claims(Source.of({"messages.txt": TEXT.encode()}))
    ]
    assert () == threema.recognise(Source.of({"chat.txt": TEXT.encode()}))
    other = b"[09.03.24, 19:05:30] Bram: Bread\n"
    assert () == threema.recognise(Source.of({"messages.txt": other}))


def text_of(body: str, **files: bytes) -> Message:
    given = {"messages.txt": f"[09.03.2024, 19:05] {body}".encode()}
    given |= {name.replace("_dot_", "."): data for name, data in files.items()}
    [message] = messages(list(threema.read(Source.of(given, "Bram", Told(zone="UTC")))))
    return message


def test_lines_of_a_chat() -> None:
    assert ("Bread: rye", "name:bram") == (
        text_of("Bram: Bread: rye").text,
        text_of("Bram: Bread: rye").sender_id,
    )
    assert "one\n[10:00] two" == text_of("Bram: one\n[10:00] two\n").text
    assert MessageKind.SYSTEM is text_of("Bram was verified").kind
    assert "" == text_of("Bram:").text
    assert "crust.png" == text_of("Bram: crust.png", crust_dot_png=PNG).attachments[0].path
    assert "crust.png" == text_of("Bram: <crust.png> look", crust_dot_png=PNG).attachments[0].path
    assert () == text_of("Bram: <b>bold.html</b>").attachments
    assert None is text_of("Bram: <../../../etc/passwd.txt>").attachments[0].path


def test_a_backup_behind_a_password_is_named_and_answered() -> None:
    names = ["settings", "contacts.csv", f"message_{BRAM}.csv"]
    packed = bytearray(zipped(dict.fromkeys(names, b"x")))
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # the flag of encryption of each member
        at = packed.find(mark)
        while at >= 0:
            packed[at + place] |= 1
            at = packed.find(mark, at + 4)
    with pytest.raises(BadExport, match="Threema") as found:
        find(Source.of({"threema-backup_1.zip": bytes(packed)}), IMPORTERS, Budget())
    assert "7-Zip" in found.value.remedy


def test_nothing_readable_is_said() -> None:
    with pytest.raises(EmptyExport):
        read()
    with pytest.raises(BadExport):
        read({"posted_at": "soon"})
    with pytest.raises(BadExport):
        list(threema.read(Source.of({"contacts.csv": CONTACTS})))
