"""Photos come back as files: all of them, under good names, byte for byte."""

import csv
import errno
import hashlib
import json
from datetime import UTC
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pytest
import vaults
from vaults import Made, Said, Telegram, chat

from chatvault.errors import BadQuery, Usage
from chatvault.services import destination
from chatvault.services import query as ask
from chatvault.services.restore_media import Options, restore_media
from chatvault.services.restore_report import RestoredMedia

ALL = ask.And(())
BERLIN = Options(zone=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return vaults.make(tmp_path / "v")


def restore(
    made: Made, out: Path, query: ask.Query = ALL, options: Options = BERLIN
) -> RestoredMedia:
    with made.reading() as vault:
        return restore_media(vault, out, query, options=options)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {"index.csv", "index.json"}
    }


def entries(folder: Path) -> list[dict[str, object]]:
    """The index, after a look whether both forms say the same."""
    found = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    with (folder / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = [
        {key: "" if value is None else str(value) for key, value in entry.items()}
        for entry in found["files"]
    ]
    assert ("media", 1) == (found["chatvault"], found["version"])
    assert shown == [{key: value.removeprefix("'") for key, value in row.items()} for row in rows]
    return found["files"]


def records(folder: Path, *messages: dict[str, object], **files: bytes) -> Path:
    """An export in our own records, for what other exports cannot say."""
    lines: list[dict[str, object]] = [
        {"chatvault": "records", "version": 1},
        {"record": "Conversation", "id": "c", "platform": "wechat", "title": "Hill",
         "kind": "group"},
        {"record": "Participant", "id": "ada", "name": "Ada", "conversation_id": "c"},
    ]  # fmt: skip
    for seq, message in enumerate(messages):
        base = {
            "record": "Message", "id": str(seq), "conversation_id": "c", "sender_id": "ada",
            "sent_at": {"utc_ms": 1_700_000_000_000 + seq * 1000, "as_exported": "x"}, "seq": seq,
            "kind": "image", "text": "",
        }  # fmt: skip
        lines.append(base | message)
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return vaults.write(folder, {"hill.jsonl": data, **files})


def attached(name: str, **more: object) -> dict[str, object]:
    return {"attachments": [{"name": name, "path": name, "kind": "image", **more}]}


def test_files_lie_by_conversation_and_year_and_are_named_by_their_time(
    made: Made, tmp_path: Path
) -> None:
    said = [
        Said(1, "hill", "photo_1.jpg"),
        Said(2, "snow", "photo_2.jpg", "Bohumil", minute=68 * 1440),
    ]
    made.bring(Telegram(said).folder(tmp_path / "e"))
    report = restore(made, tmp_path / "out")
    assert {
        "Ada Lind/2023/2023-11-14 23.14.20 Ada photo_1.jpg": vaults.picture("photo_1.jpg"),
        "Ada Lind/2024/2024-01-21 23.13.20 Bohumil photo_2.jpg": vaults.picture("photo_2.jpg"),
    } == tree(tmp_path / "out")
    assert (2, 4000, 1, ("index.csv", "index.json"), 0) == (
        report.files, report.bytes, report.conversations, report.index, report.exit_code,
    )  # fmt: skip


def test_the_time_of_a_file_is_when_it_was_sent_and_its_name_says_it_in_the_zone(
    made: Made, tmp_path: Path
) -> None:
    made.bring(Telegram([Said(1, "", "p.jpg", minute=46 * 1440 + 30)]).folder(tmp_path / "e"))
    restore(made, tmp_path / "a", options=Options(zone=ZoneInfo("Asia/Shanghai")))
    restore(made, tmp_path / "b", options=Options(zone=UTC))
    (here,), (there,) = tree(tmp_path / "a"), tree(tmp_path / "b")
    assert ("Ada Lind/2023/2023-12-31 06.43.20 Ada p.jpg", "2023-12-30 22.43.20") == (
        here, there[14:33],
    )  # fmt: skip
    sent = 1_700_000_000 + 60 * (46 * 1440 + 30)
    assert (
        sent == (tmp_path / "a" / here).stat().st_mtime == (tmp_path / "b" / there).stat().st_mtime
    )


def test_the_index_says_of_each_file_what_the_message_said(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram([Said(7, "the =hill", "p.jpg")]).folder(tmp_path / "e"))
    restore(made, tmp_path / "out")
    assert [
        {
            "path": "Ada Lind/2023/2023-11-14 23.20.20 Ada p.jpg", "conversation": "Ada Lind",
            "platform": "telegram", "sender": "Ada", "sent_at": "2023-11-14T22:20:20Z",
            "kind": "image", "name": "p.jpg", "type": "image/jpeg", "bytes": 2000,
            "sha256": hashlib.sha256(vaults.picture("p.jpg")).hexdigest(), "message_id": "7",
            "text": "the =hill", "note": "",
        }
    ] == entries(tmp_path / "out")  # fmt: skip


def test_R11_a_cell_of_the_index_is_no_formula(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram([Said(1, '=cmd|"/c calc"', "p.jpg")]).folder(tmp_path / "e"))
    restore(made, tmp_path / "out")
    text = (tmp_path / "out" / "index.csv").read_text(encoding="utf-8-sig")
    assert '"\'=cmd|""/c calc"""' in text
    assert [] == [line for line in text.splitlines() if not line.startswith('"')]


def test_every_photo_comes_back_also_those_that_no_message_refers_to(
    made: Made, tmp_path: Path
) -> None:
    lost = {"photos/lost.jpg": vaults.picture("lost"), "again/lost.jpg": vaults.picture("lost")}
    made.bring(Telegram(chat(1, 9, photos=[3]), more=lost).folder(tmp_path / "My export"))
    report = restore(made, tmp_path / "out")
    assert vaults.picture("lost") == tree(tmp_path / "out")["in no message/My export/lost.jpg"]
    assert (2, 2) == (report.files, len(entries(tmp_path / "out")))
    with made.reading() as vault:
        stored = vault.db.execute("SELECT sha256 FROM stored_file WHERE codec = ''").fetchall()
    found = {(hashlib.sha256(data).hexdigest(),) for data in tree(tmp_path / "out").values()}
    assert set(stored) == found


def test_a_filter_gives_the_media_of_its_messages_only(made: Made, tmp_path: Path) -> None:
    more = {"lost.jpg": vaults.picture("lost")}
    export = Telegram(chat(1, 9, photos=[3, 4, 5]), more=more).folder(tmp_path / "e")
    made.bring(export)
    bohumil = ask.Filter(ask.Field.FROM, ("Bohumil",))
    restore(made, tmp_path / "out", bohumil)
    assert ["Bohumil photo_3@14-11-2023.jpg"] == [
        name.partition("2023-11-14 23.16.20 ")[2] for name in tree(tmp_path / "out")
    ]
    with pytest.raises(Usage), made.reading() as vault:
        restore_media(vault, tmp_path / "no", ask.Filter(ask.Field.FROM, ("Nobody",)))
    with pytest.raises(BadQuery), made.reading() as vault:
        restore_media(vault, tmp_path / "no", ask.Filter(ask.Field.FROM, ("Nobody",), column=1))
    assert not (tmp_path / "no").exists()


def test_a_file_sent_twice_is_there_twice_but_a_sticker_once(made: Made, tmp_path: Path) -> None:
    messages = [attached("p.jpg"), attached("p.jpg")]
    messages += [attached("s.webp") | {"kind": "sticker"} for _ in range(3)]
    for message in messages[2:]:
        message["attachments"][0]["kind"] = "sticker"
    made.bring(
        records(tmp_path / "e", *messages, **{"p.jpg": b"\xff\xd8\xffphoto", "s.webp": b"RIFF"})
    )
    restore(made, tmp_path / "out")
    assert [b"\xff\xd8\xffphoto"] * 2 + [b"RIFF"] == list(tree(tmp_path / "out").values())
    assert 5 == len(entries(tmp_path / "out"))
    assert set(tree(tmp_path / "out")) == {entry["path"] for entry in entries(tmp_path / "out")}


def test_conversations_of_one_title_have_a_folder_each(made: Made, tmp_path: Path) -> None:
    for number in (1, 2):
        said = [Said(number, "", f"{number}.jpg")]
        made.bring(Telegram(said, chat=number).folder(tmp_path / f"e{number}"))
    made.bring(records(tmp_path / "e3", attached("3.jpg"), **{"3.jpg": b"\xff\xd8\xff3"}))
    made.change("UPDATE conversation SET title = 'ADA LIND' WHERE platform = 'wechat'")
    restore(made, tmp_path / "out")
    folders = {name.partition("/")[0] for name in tree(tmp_path / "out")}
    assert {"Ada Lind (telegram)", "Ada Lind (telegram)~2", "ADA LIND (wechat)"} == folders


def test_a_message_without_time_sender_or_file_name_has_a_place(made: Made, tmp_path: Path) -> None:
    nobody = attached("x") | {"sent_at": None, "sender_id": None}
    nobody["attachments"][0] |= {"name": "", "type": "image/png"}
    made.bring(records(tmp_path / "e", nobody, x=b"\x89PNG\r\n\x1a\n"))
    restore(made, tmp_path / "out")
    assert ["Hill/no date/x.png"] == list(tree(tmp_path / "out"))


@pytest.mark.parametrize(
    "name", ["a.url", "a.lnk", "a.desktop", "a.exe", "a.scr", "a.js", "a.html", "a.svg"]
)
def test_R13_what_a_system_would_run_gets_an_ending_that_it_does_not(
    made: Made, tmp_path: Path, name: str
) -> None:
    made.bring(records(tmp_path / "e", attached(name), **{name: b"MZ\x90"}))
    report = restore(made, tmp_path / "out")
    (found,) = tree(tmp_path / "out")
    (entry,) = entries(tmp_path / "out")
    assert (f"{name}.bin", 1) == (found.rpartition(" ")[2], report.renamed)
    assert ".bin" in str(entry["note"])
    options = Options(zone=UTC, keep_dangerous=True)
    assert 0 == restore(made, tmp_path / "kept", options=options).renamed
    assert [name] == [kept.rpartition(" ")[2] for kept in tree(tmp_path / "kept")]


def test_R14_a_time_beyond_what_disks_hold_is_true_in_the_index(made: Made, tmp_path: Path) -> None:
    made.bring(records(tmp_path / "e", attached("p.jpg"), **{"p.jpg": b"\xff\xd8\xff"}))
    for moment, told in ((-11_644_473_600_000, "1601-01-01T00:00:00Z"), (-1, "1969-12-31T23")):
        made.change("UPDATE message SET sent_at = ?", moment)
        restore(made, tmp_path / f"out{moment}")
        (entry,) = entries(tmp_path / f"out{moment}")
        assert str(entry["sent_at"]).startswith(told)
        assert "time" in str(entry["note"])
        assert 0 == (tmp_path / f"out{moment}" / str(entry["path"])).stat().st_mtime


def test_R06_restoring_into_the_same_folder_overwrites_nothing(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram([Said(1, "", "p.jpg")]).folder(tmp_path / "e"))
    restore(made, tmp_path / "out")
    (first,) = tree(tmp_path / "out")
    (tmp_path / "out" / first).write_bytes(b"changed by hand")
    report = restore(made, tmp_path / "out")
    assert b"changed by hand" == (tmp_path / "out" / first).read_bytes()
    assert vaults.picture("p.jpg") == tree(tmp_path / "out")[first.replace(".jpg", "~2.jpg")]
    assert ("index~2.csv", "index~2.json") == report.index


@pytest.mark.parametrize("full", [False, True])
def test_R09_a_full_disk_stops_with_a_list_of_what_is_complete(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    made.bring(Telegram(chat(1, 30, photos=range(1, 20))).folder(tmp_path / "e"))
    left = [10_000]
    real = destination.write_all

    def write_all(file: BinaryIO, data: bytes) -> None:
        left[0] -= len(data) if data[:3] == b"\xff\xd8\xff" else 0
        if left[0] < 0 and (data[:3] == b"\xff\xd8\xff" or full):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, data)

    monkeypatch.setattr(destination, "write_all", write_all)
    report = restore(made, tmp_path / "out")
    assert (17, 5) == (report.exit_code, report.files)
    assert "no space left" in str(report.stopped)
    assert [] == list((tmp_path / "out").rglob("*.part"))
    if full:  # so early nothing of the lists was on the disk
        assert () == report.index
        assert 5 == sum(path.is_file() for path in (tmp_path / "out").rglob("*"))
    else:
        written = {str(entry["path"]) for entry in entries(tmp_path / "out")}
        assert set(tree(tmp_path / "out")) == written


def test_R15_with_one_damaged_pack_everything_else_comes_back(made: Made, tmp_path: Path) -> None:
    photos = range(1, 9)
    made.bring(Telegram(chat(1, 9, photos=photos)).folder(tmp_path / "e"), pack_size=5000)
    with made.reading() as vault:
        rows = vault.db.execute("SELECT pack, member FROM stored_file WHERE codec = ''").fetchall()
    bad = rows[0][0]
    lost = {member.rpartition("/")[2] for pack, member in rows if pack == bad}
    assert 0 < len(lost) < 8
    whole = {f"photo_{n}@14-11-2023.jpg" for n in photos} - lost
    for damage in (_flip, Path.unlink):
        path = made.layout.packs / bad
        data = path.read_bytes()
        damage(path)
        out = tmp_path / damage.__name__
        report = restore(made, out)
        path.write_bytes(data)
        found = {name.rpartition(" ")[2]: data for name, data in tree(out).items()}
        assert {name: vaults.picture(name) for name in whole} == found
        assert (13, {f"packs/{bad}"}) == (report.exit_code, {item.pack for item in report.damaged})
        assert len(lost) == len(report.damaged)
        assert lost == {
            entry["name"]
            for entry in entries(out)
            if not entry["path"] and str(entry["note"]).startswith("damaged")
        }


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(400, len(data), 40_000):
        data[place] ^= 1
    path.write_bytes(data)


def test_REST_1_the_vault_is_no_place_to_restore_to(made: Made) -> None:
    before = vaults.snapshot(made.folder)
    with pytest.raises(Usage):
        restore(made, made.folder / "out")
    assert before == vaults.snapshot(made.folder)
