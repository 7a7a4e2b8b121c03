"""Importing: receipts that add up, nothing twice, nothing lost, and the source as it was."""

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import vaults
from vaults import Made, Said, Telegram, chat

from chatvault.errors import (
    AppDatabase,
    BadExport,
    ChatVaultError,
    EmptyExport,
    RefusedByLimit,
    UnknownExport,
    Usage,
)
from chatvault.services.given import GivenPaths
from chatvault.services.receipt import Attachments, Messages, Receipt
from chatvault.vault import catalogue, file_rows


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return vaults.make(tmp_path / "v")


def told(receipt: Receipt) -> tuple[int, int, int, int]:
    """New, known, updated, unread; the receipt adds up."""
    assert receipt.adds_up()
    m = receipt.messages
    return m.new, m.known, m.updated, m.unread


def test_a_receipt_counts_every_item_and_every_file(made: Made, tmp_path: Path) -> None:
    export = Telegram(chat(1, 30, photos=[3, 5, 7])).folder(tmp_path / "e")
    (receipt,) = made.bring(export)
    assert (
        Messages(items=29, new=29, known=0, updated=0, unread=0),
        Attachments(stored=4, known=0, missing=0, filled=0, unlinked=0),
        4,
    ) == (receipt.messages, receipt.attachments, receipt.files)
    assert (1, "telegram", "telegram-desktop", "e", False) == (
        receipt.number, receipt.platform, receipt.importer, receipt.name, receipt.again,
    )  # fmt: skip
    assert receipt.is_complete()


def test_importing_again_prints_the_receipt_again_and_changes_nothing(
    made: Made, tmp_path: Path
) -> None:
    export = Telegram(chat(1, 30, photos=[3])).folder(tmp_path / "e")
    (first,) = made.bring(export)
    before = vaults.snapshot(made.folder)
    (again,) = made.bring(export)
    assert msgspec.structs.replace(first, again=True) == again
    assert before == vaults.snapshot(made.folder)


def test_the_same_export_under_another_name_and_in_a_zip_brings_nothing_new(
    made: Made, tmp_path: Path
) -> None:
    export = Telegram(chat(1, 30, photos=[3]))
    made.bring(export.folder(tmp_path / "e"))
    before = made.digest()
    (renamed,) = made.bring(export.folder(tmp_path / "other"))
    assert renamed.again
    (zipped,) = made.bring(export.zip(tmp_path / "e.zip"))
    assert zipped.again
    assert before == made.digest()


def test_an_overlapping_export_adds_only_what_is_new(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 30, photos=[25])).folder(tmp_path / "first"))
    (receipt,) = made.bring(Telegram(chat(20, 50, photos=[25, 40])).folder(tmp_path / "second"))
    assert (20, 10, 0, 0) == told(receipt)
    assert (2, 1) == (receipt.attachments.stored, receipt.attachments.known)
    assert 49 == made.count("message")


def test_an_edit_is_an_update_and_both_texts_stay(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram([Said(1, "at noon"), Said(2, "fine")]).folder(tmp_path / "first"))
    edited = Telegram([Said(1, "at one, sorry"), Said(2, "fine")]).folder(tmp_path / "second")
    (receipt,) = made.bring(edited)
    assert (0, 1, 1, 0) == told(receipt)
    with made.reading() as vault:
        texts = {row[0] for row in vault.db.execute("SELECT text FROM message_version")}
    assert {"at noon", "at one, sorry"} == texts


def test_an_answer_of_the_owner_makes_another_import_of_the_same_files(
    made: Made, tmp_path: Path
) -> None:
    export = vaults.write(tmp_path / "e", {"WhatsApp Chat with Ada.txt": vaults.whatsapp(TALK)})
    made.bring(export)
    (receipt,) = made.bring(export, told=vaults.Told(zone="Asia/Shanghai"))
    assert (False, 2) == (receipt.again, receipt.number)
    assert (0, 1) == (receipt.attachments.stored, receipt.attachments.known)


TALK = [(n, "Ada Lind" if n % 2 else "Bohumil Kral", f"word {n} of the talk") for n in range(6)]
PHOTO = "IMG-20240517-WA0001.jpg"
WITH_PHOTO = [*TALK, (7, "Ada Lind", f"{PHOTO} (file attached)")]
NO_PHOTO = [*TALK, (7, "Ada Lind", "<Media omitted>")]


def test_missing_media_is_filled_in_by_a_later_export_that_has_it(
    made: Made, tmp_path: Path
) -> None:
    """WhatsApp: first the text alone, then the zip with the picture."""
    name = "WhatsApp Chat with Ada Lind"
    first = vaults.write(tmp_path / "a", {f"{name}.txt": vaults.whatsapp(NO_PHOTO)})
    (receipt,) = made.bring(first / f"{name}.txt")
    assert ((7, 0, 0, 0), 1) == (told(receipt), receipt.attachments.missing)
    whole = vaults.zipped(
        tmp_path / f"{name}.zip",
        {f"{name}.txt": vaults.whatsapp(WITH_PHOTO), PHOTO: vaults.picture("sea")},
    )
    (receipt,) = made.bring(whole)
    assert ((0, 6, 1, 0), 0) == (told(receipt), receipt.attachments.missing)
    assert 7 == made.count("message")
    with made.reading() as vault:
        (row,) = vault.db.execute("SELECT state, file FROM attachment").fetchall()
        stored = file_rows.stored_file(vault.db, row[1])
        assert vaults.picture("sea") == b"".join(vault.file_pieces(stored))
    assert "present" == row[0]


def test_missing_media_is_filled_in_by_name_and_size_from_another_chat(
    made: Made, tmp_path: Path
) -> None:
    lacking = vaults.write(tmp_path / "a", {"chat.jsonl": vaults.records(size=2000)})
    (receipt,) = made.bring(lacking)
    assert 1 == receipt.attachments.missing
    bringing = Telegram([Said(1, "look", "sunset.jpg")], chat=77).folder(tmp_path / "b")
    (receipt,) = made.bring(bringing)
    assert 1 == receipt.attachments.filled
    with made.reading() as vault:
        states = vault.db.execute("SELECT DISTINCT state FROM attachment").fetchall()
    assert [("present",)] == states


def test_a_name_that_two_files_have_fills_nothing_in(made: Made, tmp_path: Path) -> None:
    made.bring(vaults.write(tmp_path / "a", {"chat.jsonl": vaults.records(size=2000)}))
    twice = {"photos/x/sunset.jpg": vaults.picture("one"), "photos/y/sunset.jpg": b"\xff" * 2000}
    (receipt,) = made.bring(Telegram([Said(1, "look")], chat=77, more=twice).folder(tmp_path / "b"))
    assert 0 == receipt.attachments.filled


def test_missing_media_is_filled_in_by_hash_whatever_it_is_called(
    made: Made, tmp_path: Path
) -> None:
    sha256 = hashlib.sha256(vaults.picture("renamed.jpg")).hexdigest()
    made.bring(vaults.write(tmp_path / "a", {"chat.jsonl": vaults.records(sha256=sha256)}))
    (receipt,) = made.bring(Telegram([Said(1, "x", "renamed.jpg")], chat=7).folder(tmp_path / "b"))
    assert 1 == receipt.attachments.filled


def test_a_dry_run_tells_the_receipt_and_changes_not_a_byte(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 30, photos=[25])).folder(tmp_path / "first"))
    second = Telegram(chat(20, 50, photos=[25, 40])).folder(tmp_path / "second")
    before, digest = vaults.snapshot(made.folder), made.digest()
    (tried,) = made.try_out(second).receipts
    assert before == vaults.snapshot(made.folder)
    assert digest == made.digest()
    (receipt,) = made.bring(second)
    assert msgspec.structs.replace(receipt, number=0) == tried


def test_several_exports_in_one_folder_are_imported_one_by_one(made: Made, tmp_path: Path) -> None:
    downloads = tmp_path / "Downloads"
    Telegram(chat(1, 5)).folder(downloads / "ChatExport_2024")
    Telegram(chat(1, 9), title="Cosima Hart", chat=99).zip(downloads / "cosima.zip")
    vaults.write(downloads, {"WhatsApp Chat with Ada Lind.txt": vaults.whatsapp(TALK)})
    vaults.write(downloads, {"invoice.pdf": b"%PDF-1.4 nothing"})
    outcome = made.outcome(downloads)
    assert [1, 2, 3] == [receipt.number for receipt in outcome.receipts]
    assert {4, 8, 6} == {receipt.messages.new for receipt in outcome.receipts}
    assert ["invoice.pdf"] == outcome.rest
    assert all(receipt.is_complete() for receipt in outcome.receipts)


def test_one_export_that_is_refused_does_not_stop_the_others(made: Made, tmp_path: Path) -> None:
    """Whatever the reason: empty, or an answer is needed that only its owner knows."""
    downloads = tmp_path / "Downloads"
    Telegram([]).folder(downloads / "a")
    unclear = b"1/2/24, 9:00 - Ada: one\n3/4/24, 9:01 - Bo: two\n"
    vaults.write(downloads, {"b/WhatsApp Chat with Bo.txt": unclear})
    Telegram(chat(1, 5)).folder(downloads / "c")
    outcome = made.outcome(downloads)
    assert [4] == [receipt.messages.new for receipt in outcome.receipts]
    kinds = {type(failure).__name__ for failure in outcome.failures}
    assert {"EmptyExport", "NeedsAnswer"} == kinds
    assert all(failure.where and failure.remedy for failure in outcome.failures)


def bad_exports(folder: Path) -> dict[str, tuple[Path, type[ChatVaultError]]]:
    whole = Telegram(chat(1, 40, photos=[2, 3])).zip(folder / "whole.zip").read_bytes()
    vaults.write(
        folder,
        {
            "half.zip": whole[: len(whole) // 2],
            "letter.txt": b"Dear Ada,\nnothing of a chat is in here.\n",
            "nothing.zip": b"",
            "MSG0.db": b"SQLite format 3\0" + bytes(4080),
            "msgstore.db.crypt15": os.urandom(2000),
            "thing.bin": bytes(range(256)),
            "zeros.tar": bytes(10240),
        },
    )
    (folder / "empty").mkdir()
    return {
        "empty export": (Telegram([]).folder(folder / "silent"), EmptyExport),
        "half a zip": (folder / "half.zip", RefusedByLimit),
        "a letter": (folder / "letter.txt", BadExport),
        "unknown": (folder / "thing.bin", UnknownExport),
        "file of no bytes": (folder / "nothing.zip", BadExport),
        "empty folder": (folder / "empty", BadExport),
        "database of an app": (folder / "MSG0.db", AppDatabase),
        "backup of an app": (folder / "msgstore.db.crypt15", AppDatabase),
        "not there": (folder / "gone", Usage),
        "T06 zeros": (folder / "zeros.tar", BadExport),
    }


@pytest.mark.parametrize(
    "name",
    [
        "empty export", "half a zip", "a letter", "unknown", "file of no bytes", "empty folder",
        "database of an app", "backup of an app", "not there", "T06 zeros",
    ],
)  # fmt: skip
def test_what_cannot_be_imported_has_its_own_error_and_changes_nothing(
    made: Made, tmp_path: Path, name: str
) -> None:
    path, kind = bad_exports(tmp_path / "bad")[name]
    before = vaults.snapshot(made.folder)
    with pytest.raises(kind) as caught:
        made.bring(path)
    assert caught.value.remedy
    assert before == vaults.snapshot(made.folder)
    assert 0 == made.count("import")


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_T08_neither_a_pipe_nor_a_device_is_an_export(
    made: Made, tmp_path: Path, kind: str
) -> None:
    path = Path(os.devnull)
    if kind == "fifo":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    with pytest.raises(Usage):
        made.bring(path)


def test_T09_T12_DUR_4_a_file_that_changes_while_it_is_read_is_told_and_not_stored(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = Telegram(chat(1, 30, photos=[3, 5])).folder(tmp_path / "e")
    changing = export / "photos" / "photo_3@14-11-2023.jpg"
    pieces = GivenPaths.pieces

    def changed(self: GivenPaths, index: int, size: int = 1 << 20) -> object:
        if self.files()[index].name.endswith("photo_3@14-11-2023.jpg"):
            changing.write_bytes(b"\xff\xd8 others" * 500)
        return pieces(self, index, size)

    monkeypatch.setattr(GivenPaths, "pieces", changed)
    (receipt,) = made.bring(export)
    (problem,) = receipt.problems
    assert ("photos/photo_3@14-11-2023.jpg", "it changed while it was read") == (
        problem.file, problem.reason,
    )  # fmt: skip
    assert (29, 0, 0, 0) == told(receipt)
    assert not receipt.is_complete()
    assert 1 == receipt.attachments.missing
    assert () == made.verify().damage
    assert made.rebuild().replaced


def test_DUR_4_messages_come_only_from_bytes_that_are_stored(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a rebuild would know less than the receipt says, for ever."""
    export = Telegram(chat(1, 30)).folder(tmp_path / "e")
    pieces = GivenPaths.pieces

    def changed(self: GivenPaths, index: int, size: int = 1 << 20) -> object:
        (export / "result.json").write_bytes(Telegram(chat(1, 60)).result())
        return pieces(self, index, size)

    monkeypatch.setattr(GivenPaths, "pieces", changed)
    (receipt,) = made.bring(export)
    assert 0 == made.count("message")
    assert not receipt.is_complete()
    monkeypatch.undo()
    (receipt,) = made.bring(export)
    assert (59, 0, 0, 0) == told(receipt)
    assert made.rebuild().replaced


def test_DUR_4_a_file_that_changes_after_it_was_stored_is_told(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = Telegram(chat(1, 30)).folder(tmp_path / "e")
    link = file_rows.link_incoming

    def later(db: object, number: int) -> None:
        link(db, number)
        (export / "result.json").write_bytes(Telegram(chat(1, 60)).result())

    monkeypatch.setattr(file_rows, "link_incoming", later)
    (receipt,) = made.bring(export)
    assert "it changed while it was read" in [p.reason for p in receipt.problems]


def test_a_large_file_that_changes_leaves_no_trace_in_the_archive(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Larger than what is checked in memory: its member is in the pack, and nothing names it."""
    monkeypatch.setattr("chatvault.services.storing.IN_MEMORY", 1000)
    export = Telegram(chat(1, 30, photos=[3, 5])).folder(tmp_path / "e")
    pieces = GivenPaths.pieces

    def changed(self: GivenPaths, index: int, size: int = 1 << 20) -> object:
        whole = b"".join(pieces(self, index, size))
        yield whole if "photo_3" not in self.files()[index].name else whole[:-7]

    monkeypatch.setattr(GivenPaths, "pieces", changed)
    (receipt,) = made.bring(export)
    assert ["photos/photo_3@14-11-2023.jpg"] == [p.file for p in receipt.problems]
    assert () == made.verify().damage
    assert made.rebuild().replaced


def test_a_worker_that_lies_about_the_compressed_size_stores_nothing_wrong(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IN-3: the process with the keys believes nothing that it did not see itself."""
    monkeypatch.setattr("chatvault.services.storing.IN_MEMORY", 1000)
    add = file_rows.add_incoming

    def lying(db: object, file: file_rows.Incoming) -> None:
        if file.compressed is not None:
            file = file_rows.Incoming(
                file.id, file.path, file.raw_path, file.size, file.modified_ms, file.sha256,
                file.content_id, file.served, file.compressed - 9,
            )  # fmt: skip
        add(db, file)

    monkeypatch.setattr(file_rows, "add_incoming", lying)
    (receipt,) = made.bring(Telegram(chat(1, 90)).folder(tmp_path / "e"))
    assert "result.json" in [p.file for p in receipt.problems]
    assert 0 == made.count("stored_file")
    assert () == made.verify().damage


def test_equal_files_are_stored_once_wherever_packs_end(made: Made, tmp_path: Path) -> None:
    """M13; the twins of a file lie on both sides of the end of a pack."""
    same = {f"copies/{n}.jpg": vaults.picture("same") for n in range(5)}
    other = {f"more/{n}.jpg": vaults.picture(f"{n % 3}") for n in range(9)}
    export = Telegram(chat(1, 5), more={**same, **other}).folder(tmp_path / "e")
    (receipt,) = made.bring(export, pack_size=3000)
    assert (5, 10) == (receipt.attachments.stored, receipt.attachments.known)
    assert () == made.verify().damage
    assert made.rebuild().replaced


def test_a_manifest_larger_than_a_pack_lies_in_the_pack_it_names(
    made: Made, tmp_path: Path
) -> None:
    (receipt,) = made.bring(Telegram(chat(1, 9)).folder(tmp_path / "e"), pack_size=10)
    with made.reading() as vault:
        packs = catalogue.packs(vault.db)
    assert [None, 1] == [pack.entry for pack in packs]
    assert receipt.is_complete()


def test_T11_links_and_odd_names_in_a_folder(made: Made, tmp_path: Path) -> None:
    secret = vaults.write(tmp_path / "elsewhere", {"secret.jpg": vaults.picture("secret")})
    export = Telegram(chat(1, 5)).folder(tmp_path / "e")
    (export / "loop").symlink_to(export, target_is_directory=True)
    (export / "outside.jpg").symlink_to(secret / "secret.jpg")
    os.mkfifo(export / "pipe")
    odd = os.fsencode(export) + b"/gr\xfc\xdfe.jpg"
    Path(os.fsdecode(odd)).write_bytes(vaults.picture("odd"))
    outcome = made.outcome(export)
    (receipt,) = outcome.receipts
    assert {
        ("loop", "a link; not followed"),
        ("outside.jpg", "a link; not followed"),
        ("pipe", "not an ordinary file"),
    } == set(outcome.skipped)
    assert 2 == receipt.files
    with made.reading() as vault:
        raw = vault.db.execute(
            "SELECT raw_path FROM source_file WHERE raw_path IS NOT NULL"
        ).fetchall()
    assert [(b"gr\xfc\xdfe.jpg",)] == raw
    assert made.rebuild().replaced


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_T11_a_file_without_permission_is_told(made: Made, tmp_path: Path) -> None:
    export = Telegram(chat(1, 5, photos=[2])).folder(tmp_path / "e")
    next((export / "photos").iterdir()).chmod(0)
    assert ["no permission to read it"] == [reason for _, reason in made.outcome(export).skipped]


def state_of(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns, stat.S_IMODE(path.lstat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *sorted(folder.rglob("*"))]
    }  # fmt: skip


def test_DUR_3_an_import_leaves_its_source_as_it_was(made: Made, tmp_path: Path) -> None:
    """Names, bytes, modes and times, of folders too."""
    export = Telegram(chat(1, 30, photos=[3, 5])).folder(tmp_path / "sources" / "e")
    Telegram(chat(1, 9), chat=88).zip(tmp_path / "sources" / "other.zip")
    before = state_of(export.parent)
    made.bring(export.parent)
    assert before == state_of(export.parent)


def test_DUR_3_an_import_from_where_nothing_can_be_written(made: Made, tmp_path: Path) -> None:
    export = Telegram(chat(1, 5)).folder(tmp_path / "e")
    (export / "result.json").chmod(0o400)
    export.chmod(0o500)
    try:
        (receipt,) = made.bring(export)
    finally:
        export.chmod(0o700)
    assert receipt.is_complete()


def test_P01_files_of_an_export_are_never_taken_for_ours(made: Made, tmp_path: Path) -> None:
    """Z21: names of ours in an export are names like any other."""
    ours = {
        "pack.json": b'{"format": 9}', "manifest.jsonl": b'{"type":"import"}\n',
        "decisions.jsonl": b'{"type":"undo-import","import":1,"import_id":"x"}\n',
        "entry-1/manifest.jsonl": b"{}\n", "import-9/pack.json": b"{}",
        "../entry-1/decisions.jsonl": b"{}\n",
    }  # fmt: skip
    export = vaults.zipped(tmp_path / "e.zip", {**Telegram(chat(1, 9)).files(), **ours})
    (receipt,) = made.bring(export)
    assert (8, 0, 0, 0) == told(receipt)
    report = made.verify()
    assert ((), 1) == (report.damage, report.checked.entries)
    assert made.rebuild().replaced


@pytest.mark.slow
def test_memory_is_bounded_whatever_the_size_of_the_export(tmp_path: Path) -> None:
    """The process with the keys and its worker, at 100,000 messages: far below what the export
    would take if it were held."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell how much memory a process took")
    export = Telegram(chat(1, 100_001)).folder(tmp_path / "e")
    vaults.make(tmp_path / "v")
    code = (
        "import resource, sys, vaults; from pathlib import Path;"
        "r, = vaults.found(Path(sys.argv[1])).bring(Path(sys.argv[2]));"
        # Not ru_maxrss: that is handed on by whoever started this process, here all of pytest.
        "peak, = [l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')];"
        "print(r.messages.new, peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    here = Path(vaults.__file__).parent
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "v"), str(export)],
        capture_output=True, text=True, check=True, timeout=120, cwd=here,
        env={**os.environ, "PYTHONPATH": str(here.parent)},
    )  # fmt: skip
    new, parent, worker = map(int, ran.stdout.split())
    assert 100_000 == new
    assert (parent + worker) // 1024 < 320  # MiB
