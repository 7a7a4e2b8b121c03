"""Threema: tables of the data backup, the text of one chat, and what a password hides."""

import csv
import io
from datetime import UTC, datetime

import pytest

from archives import zipped
from chatvault.errors import BadExport, EmptyExport, NeedsAnswer
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


def time_of(line: str, told: Told) -> tuple[str, str]:
    records = list(threema.read(Source.of({"messages.txt": line.encode()}, "Bram", told)))
    [message] = messages(records)
    assert message.sent_at is not None
    utc = datetime.fromtimestamp(message.sent_at.utc_ms / 1000, UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S}", message.text


@pytest.mark.parametrize(
    "date",
    [
        "[09.03.2024, 19:05] Bram",
        "[9.3.2024, 19:05] Bram",
        "[9. 3. 2024 19:05] Bram",
        "[9-3-2024 19:05] Bram",
        "[9.3.2024 19.05] Bram",
        "[2024-03-09 19:05] Bram",
        "[2024/3/9 19:05] Bram",
        "[2024. 3. 9. \uc624\ud6c4 7:05] Bram",
        "[09/03/2024, 19:05] Bram",
        "[9/3/2024, 7:05\u202fpm] Bram",
        "<<< 9 March 2024 at 19:05:00 UTC",
        "<<< (Bram) March 9, 2024 at 7:05:00\u202fPM GMT",
        "<<< 9. M\u00e4rz 2024 um 20:05:00 GMT+1",
        "<<< 9 mars 2024 \u00e0 14:05:00 UTC\u22125",
        ">>> 9 de marzo de 2024, 0:35:00 GMT+5:30",
        "<<< 2024\u5e743\u67089\u65e5 GMT+8 03:05:00",
    ],
)
def test_a_chat_says_when_in_the_way_of_its_phone(date: str) -> None:
    line = f"{date}: Bread 5: rye\n"
    assert threema.recognise(Source.of({"messages.txt": line.encode()}))
    when, text = time_of(line, Told(zone="UTC", date_order="dmy"))
    day = {">>> 9 de": "2024-03-08", "<<< 2024": "2024-03-08"}.get(date[:8], "2024-03-09")
    assert (f"{day} 19:05:00", "Bread 5: rye") == (when, text)


def test_only_a_date_with_slashes_has_to_be_asked_for() -> None:
    with pytest.raises(NeedsAnswer):
        time_of("[09/03/2024, 19:05] Bram: x\n", Told(zone="UTC"))
    assert "2024-03-09 19:05:00" == time_of("[09.03.2024, 19:05] Bram: x\n", Told(zone="UTC"))[0]


def test_the_app_says_who_the_owner_is() -> None:
    for line in ("[09.03.2024, 19:05] Ich: x", ">>> 9 March 2024 at 19:05:00 UTC: x"):
        given = Source.of({"messages.txt": line.encode()}, "Bram", Told(zone="UTC", me="Ulla"))
        [person] = [one for one in threema.read(given) if isinstance(one, Participant)]
        assert ("me", "Ulla", True) == (person.id, person.name, person.is_me)


def test_only_with_a_file_of_the_apps_own_name_words_before_it_are_the_apps() -> None:
    own = "5f3c1a2e-0000-4000-8000-00000000c0de.jpg"
    assert ("", {"label": "Bild"}) == (
        text_of(f"Bram: Bild <{own}>").text,
        text_of(f"Bram: Bild <{own}>").extra,
    )
    assert "look: here" == text_of(f"Bram: Bild: look: here <{own}>").text
    assert "the crust" == text_of("Bram: the crust <crust.png>", crust_dot_png=PNG).text
    assert "see <b@c.com>" == text_of("Bram: see <b@c.com>").text


def test_older_exports_have_the_name_of_the_chat_in_that_of_the_file() -> None:
    given = {f"messages-{name}.txt": TEXT.encode() for name in ("Bram", "Flour Club")}
    places = [one for one in threema.read(Source.of(given)) if isinstance(one, Conversation)]
    assert ["Bram", "Flour Club"] == [one.title for one in places]


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
