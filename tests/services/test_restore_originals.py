"""Exports come back as they were imported: every file, its bytes, its name, its time."""

import hashlib
import json
import os
from pathlib import Path

import pytest
import vaults
from vaults import Made, Telegram, chat

from chatvault.errors import Usage
from chatvault.services.demo import demo_exports
from chatvault.services.restore_originals import folder_name, restore_originals
from chatvault.services.restore_report import RestoredOriginals


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return vaults.make(tmp_path / "v")


def restore(made: Made, out: Path, number: int | None = None) -> RestoredOriginals:
    with made.reading() as vault:
        return restore_originals(vault, out, number=number)


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {"index.csv", "index.json"}
    }


def entries(folder: Path) -> list[dict[str, object]]:
    return json.loads((folder / "index.json").read_text(encoding="utf-8"))["files"]


def test_every_file_of_every_export_has_its_bytes_its_name_and_its_time(
    made: Made, tmp_path: Path
) -> None:
    first = Telegram(chat(1, 30, photos=[3, 5]), more={"css/style.css": b"a"})
    second = Telegram(chat(20, 40, photos=[5, 25]))
    made.bring(first.folder(tmp_path / "in" / "ChatExport"))
    made.bring(second.zip(tmp_path / "in" / "Second.zip"))
    os.utime(tmp_path / "in" / "ChatExport" / "result.json", (1_600_000_000, 1_600_000_000.5))
    made.bring(tmp_path / "in" / "ChatExport")
    report = restore(made, tmp_path / "out")
    expected = tree(tmp_path / "in" / "ChatExport")
    assert expected == tree(tmp_path / "out" / "ChatExport")
    for path in (tmp_path / "in" / "ChatExport").rglob("*.jpg"):
        other = tmp_path / "out" / path.relative_to(tmp_path / "in")
        assert path.stat().st_mtime_ns // 10**6 == other.stat().st_mtime_ns // 10**6
    assert {
        name: hashlib.sha256(data).hexdigest() for name, data in second.files().items()
    } == tree(tmp_path / "out" / "Second")
    assert (6, 2, 0, 0) == (report.files, report.imports, report.renamed, report.exit_code)


def test_the_index_has_the_name_hash_and_time_of_every_file(made: Made, tmp_path: Path) -> None:
    export = Telegram(chat(1, 5, photos=[3])).folder(tmp_path / "e")
    os.utime(export / "result.json", (1_600_000_000, 1_600_000_000))
    made.bring(export)
    restore(made, tmp_path / "out")
    data = (export / "result.json").read_bytes()
    assert {
        "import": 1, "path": "result.json", "written": "e/result.json", "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(), "modified": "2020-09-13T12:26:40Z", "note": "",
    } == entries(tmp_path / "out")[1]  # fmt: skip
    assert {f"e/{name}": sha for name, sha in tree(export).items()} == {
        entry["written"]: entry["sha256"] for entry in entries(tmp_path / "out")
    }


@pytest.mark.slow
def test_all_demo_exports_come_back_and_are_known_when_imported_again(
    made: Made, tmp_path: Path
) -> None:
    downloads = vaults.write(tmp_path / "Downloads", demo_exports())
    receipts = made.bring(downloads)
    restore(made, tmp_path / "out")
    again = made.bring(tmp_path / "out")
    assert sum(r.messages.new for r in receipts) > 0
    assert sorted(r.number for r in receipts) == sorted(r.number for r in again)
    assert [] == [r.name for r in again if not r.again]


def test_one_import_can_be_chosen(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 5)).folder(tmp_path / "a"))
    made.bring(Telegram(chat(3, 9)).folder(tmp_path / "b"))
    restore(made, tmp_path / "out", 2)
    assert ["b/result.json"] == list(tree(tmp_path / "out"))
    for number in (0, 3):
        with pytest.raises(Usage):
            restore(made, tmp_path / "none", number)
    made.undo(2)
    with pytest.raises(Usage):
        restore(made, tmp_path / "none", 2)
    assert not (tmp_path / "none").exists()


def test_imports_of_one_name_have_a_folder_each(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 5)).folder(tmp_path / "a" / "export"))
    made.bring(Telegram(chat(1, 9)).folder(tmp_path / "b" / "export"))
    (tmp_path / "out" / "export").mkdir(parents=True)
    restore(made, tmp_path / "out")
    assert ["export~2/result.json", "export~3/result.json"] == list(tree(tmp_path / "out"))


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Chat.zip", "Chat"), ("Chat.TAR.GZ", "Chat"), ("Chat.tgz", "Chat"), (".zip", ".zip"),
        ("result.json", "result.json"), ("Chat", "Chat"),
    ],
)  # fmt: skip
def test_an_archive_comes_back_as_a_folder_without_its_ending(name: str, folder: str) -> None:
    assert folder == folder_name(name)


@pytest.mark.parametrize(
    "path",
    [
        "../../escaped", "/etc/passwd", "a/../../../escaped", "a//b", "nul\0nul", "..",
        "C:\\Windows\\x", "/".join(["deep" * 60] * 20), "a/" + "y" * 300 + ".jpg",
    ],
)  # fmt: skip
def test_R03_a_name_from_an_export_never_leads_out_of_its_folder(
    made: Made, tmp_path: Path, path: str
) -> None:
    export = Telegram(chat(1, 5, photos=[3])).folder(tmp_path / "e")
    made.bring(export)
    made.change("UPDATE source_file SET path = ? WHERE path LIKE 'photos/%'", path)
    (tmp_path / "in").mkdir()
    report = restore(made, tmp_path / "in" / "out")
    picture = hashlib.sha256(vaults.picture("photo_3@14-11-2023.jpg")).hexdigest()
    assert ["in"] == sorted({p.name for p in tmp_path.iterdir()} - {"v", "e"})
    assert ["out"] == [p.name for p in (tmp_path / "in").iterdir()]
    found = tree(tmp_path / "in" / "out")
    assert {"e"} == {name.partition("/")[0] for name in found}
    assert 1 == list(found.values()).count(picture)
    (entry,) = [one for one in entries(tmp_path / "in" / "out") if one["path"] == path]
    assert picture == found[str(entry["written"])]
    assert (f"e/{path}" != entry["written"]) == bool(report.renamed) == bool(entry["note"])


@pytest.mark.skipif(os.name == "nt", reason="names of Windows")
def test_names_that_only_other_systems_forbid_are_kept(made: Made, tmp_path: Path) -> None:
    names = [
        "con.txt",
        "a:b",
        "x.",
        ".hidden",
        "-rf",
        "x\u202egpj.exe",
        "A.jpg",
        "a.jpg",
        "\u00e9",
        "e\u0301",
    ]
    files = {f"odd/{name}": name.encode() for name in names}
    made.bring(Telegram(chat(1, 5), more=files).folder(tmp_path / "e"))
    report = restore(made, tmp_path / "out")
    assert tree(tmp_path / "e") == tree(tmp_path / "out" / "e")
    assert 0 == report.renamed


def test_R02_a_file_and_a_folder_of_one_name_are_both_there(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 5, photos=[2, 3])).folder(tmp_path / "e"))
    made.change("UPDATE source_file SET path = 'x' WHERE path LIKE '%photo_2%'")
    made.change("UPDATE source_file SET path = 'x/y/z' WHERE path LIKE '%photo_3%'")
    report = restore(made, tmp_path / "out")
    assert ["e/result.json", "e/x", "e/x~2/y/z"] == list(tree(tmp_path / "out"))
    assert 1 == report.renamed


def test_a_file_that_no_import_could_keep_is_told(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 5, photos=[3])).folder(tmp_path / "e"))
    made.change("UPDATE source_file SET file = NULL WHERE path LIKE 'photos/%'")
    report = restore(made, tmp_path / "out")
    (entry,) = [one for one in entries(tmp_path / "out") if not one["written"]]
    assert (3, 1, 1) == (report.exit_code, report.not_kept, report.files)
    assert "could not be kept" in str(entry["note"])


def test_R14_a_modified_time_that_no_disk_holds_is_true_in_the_index(
    made: Made, tmp_path: Path
) -> None:
    made.bring(Telegram(chat(1, 5)).folder(tmp_path / "e"))
    made.change("UPDATE source_file SET modified_ms = -11644473600000")
    restore(made, tmp_path / "out")
    assert 0 == (tmp_path / "out" / "e" / "result.json").stat().st_mtime
    assert "1601-01-01T00:00:00Z" == entries(tmp_path / "out")[0]["modified"]


def test_R15_VER_4_what_is_damaged_is_listed_and_the_rest_is_there(
    made: Made, tmp_path: Path
) -> None:
    export = Telegram(chat(1, 9, photos=range(1, 9))).folder(tmp_path / "e")
    made.bring(export, pack_size=5000)
    with made.reading() as vault:
        rows = vault.db.execute(
            "SELECT s.pack, f.path FROM stored_file s JOIN source_file f ON f.file = s.id"
        ).fetchall()
    bad = rows[0][0]
    lost = {path for pack, path in rows if pack == bad}
    (made.layout.packs / bad).unlink()
    report = restore(made, tmp_path / "out")
    assert {name: sha for name, sha in tree(export).items() if name not in lost} == tree(
        tmp_path / "out" / "e"
    )
    assert (13, lost) == (report.exit_code, {item.name for item in report.damaged})
    assert {(f"packs/{bad}", "the pack is missing")} == {
        (item.pack, item.reason) for item in report.damaged
    }


def test_restoring_changes_nothing_in_the_vault(made: Made, tmp_path: Path) -> None:
    made.bring(Telegram(chat(1, 9, photos=[3])).folder(tmp_path / "e"))
    before = vaults.snapshot(made.folder)
    restore(made, tmp_path / "out")
    assert before == vaults.snapshot(made.folder)
