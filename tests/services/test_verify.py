"""`verify`: it finds what was changed, says what that touches, and changes nothing itself."""

import os
from pathlib import Path

import pytest
import vaults
from vaults import Made, Telegram, chat

from chatvault.errors import Damaged
from chatvault.services.verify import Damage, Report
from chatvault.vault import file_rows


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = vaults.make(tmp_path / "v")
    made.bring(Telegram(chat(1, 30, photos=[3, 5])).folder(tmp_path / "first"))
    return made


def files(report: Report) -> set[str]:
    assert report.ok == (not report.damage)
    return {damage.file for damage in report.damage}


def test_a_sound_vault_is_all_good(made: Made) -> None:
    for full in (False, True):
        report = made.verify(full=full)
        assert ((), (), ()) == (report.damage, report.unfinished, report.notes)
        assert report.ok
        assert (2, 29, 1) == (
            report.checked.packs, report.checked.messages, report.checked.entries
        )  # fmt: skip
    assert 3 == report.checked.files
    assert 2 * 1024 * 1024 == report.checked.bytes


def test_an_empty_vault_is_all_good(tmp_path: Path) -> None:
    report = vaults.make(tmp_path / "empty").verify()
    assert ((), 0) == (report.damage, report.checked.packs)


def test_VER_1_verifying_changes_nothing(made: Made) -> None:
    before = vaults.snapshot(made.folder)
    made.verify(full=False)
    made.verify(full=True)
    assert before == vaults.snapshot(made.folder)


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_VER_1_Q14_a_read_only_folder_can_be_read(made: Made) -> None:
    folders = [path for path in [made.folder, *made.folder.rglob("*")] if path.is_dir()]
    digest = made.digest()
    for path in folders:
        path.chmod(0o500)
    try:
        assert digest == made.digest()
        assert () == made.verify().damage
    finally:
        for path in folders:
            path.chmod(0o700)


def test_VER_2_damage_is_told_with_the_files_and_messages_it_touches(made: Made) -> None:
    with made.reading() as vault:
        (pack,) = vault.db.execute("SELECT DISTINCT pack FROM stored_file").fetchall()[0]
    (made.layout.packs / pack).unlink()
    assert [Damage(f"packs/{pack}", "missing", 3, 2, "a copy of the pack")] == list(
        made.verify(full=False).damage
    )


def test_VER_2_one_bad_chunk_is_told_with_what_lies_in_it(made: Made, tmp_path: Path) -> None:
    """A file of several chunks: only what touches the bad one is lost."""
    more = {f"photos/{n}.jpg": vaults.picture(str(n), 150_000) for n in range(4)}
    made.bring(Telegram(chat(50, 53), more=more).folder(tmp_path / "second"))
    with made.reading() as vault:
        row = vault.db.execute(
            "SELECT pack, offset, header_size FROM stored_file s JOIN pack p ON p.name = s.pack"
            " WHERE member LIKE '%/3.jpg'"
        ).fetchone()
    flip(made.layout.packs / row[0], row[2] + 16 + row[1] // 65536 * 65552 + 65552 + 5)
    (damage,) = made.verify().damage
    assert (f"packs/{row[0]}", "1 damaged chunks", 1) == (damage.file, damage.what, damage.files)
    with made.reading() as vault:
        whole = broken = 0
        for _, file in file_rows.stored_files(vault.db):
            try:
                assert file.size == len(b"".join(vault.file_pieces(file)))
                whole += 1
            except Damaged:
                broken += 1
    assert (1, 7) == (broken, whole)


def flip(path: Path, place: int, bit: int = 1) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= bit
    path.write_bytes(data)


def test_F02_a_changed_README_is_damage(made: Made) -> None:
    """Somebody may ask there for the passphrase."""
    with made.layout.readme.open("a") as file:
        file.write("\nType your passphrase at https://example.org\n")
    assert {"README.txt"} == files(made.verify(full=False))


def test_a_missing_README_is_damage(made: Made) -> None:
    made.layout.readme.unlink()
    assert {"README.txt"} == files(made.verify(full=False))


def test_F04_F07_F09_names_that_are_not_ours_are_told_and_left_alone(made: Made) -> None:
    strange = [
        "keys/con.age", "keys/.hidden.age", f"keys/{'x' * 200}.age", "packs/x 2.tar.age",
        "packs/README.txt", "tmp/x.txt", "archive (conflicted copy).db",
    ]  # fmt: skip
    for name in strange:
        (made.folder / name).write_bytes(b"?")
    report = made.verify(full=False)
    assert () == report.damage
    told = "\n".join(report.notes)
    assert [] == [name for name in strange if name not in told]
    with made.writing():
        pass
    assert all((made.folder / name).exists() for name in strange)


def test_a_damaged_slot_is_told(made: Made) -> None:
    (made.layout.keys / "recovery.age").write_bytes(b"nothing")
    assert {"keys/recovery.age"} == files(made.verify(full=False))


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_F05_what_others_can_read_is_noted(made: Made) -> None:
    made.folder.chmod(0o755)
    report = made.verify(full=False)
    assert () == report.damage
    assert any("others on this computer can read it" in note for note in report.notes)


def test_P12_an_unfinished_import_is_told_and_no_damage(made: Made, tmp_path: Path) -> None:
    with made.writing() as vault:
        vault.db.execute(
            "INSERT INTO import (id, import_id, state, name, importer, importer_version, platform,"
            " told, export_digest, started_at)"
            " VALUES (2, 'x', 'running', '', '', 1, '', '{}', '', 0)"
        )
    report = made.verify()
    said = "import 2 was broken off (packs: 0, messages: 0)"
    assert ((), (said,)) == (report.damage, report.unfinished)


def test_Q11_a_message_that_is_not_in_the_search_index_is_found(made: Made) -> None:
    made.change("DELETE FROM message_search WHERE rowid = (SELECT -max(time_key) FROM message)")
    report = made.verify()
    assert ["1 messages are missing in the search index"] == [d.what for d in report.damage]
    assert made.rebuild().replaced
    assert made.verify().ok


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE stored_file SET offset = offset + 512 WHERE id = 1",
        "UPDATE stored_file SET stored = stored - 1 WHERE id = 1",
        "UPDATE stored_file SET size = size + 1 WHERE id = 1",
        "UPDATE stored_file SET codec = 'zst' WHERE codec = ''",
        "UPDATE stored_file SET codec = 'lzma' WHERE id = 1",
        "UPDATE stored_file SET offset = 9223372036854775807 WHERE id = 1",
        "UPDATE stored_file SET offset = -1 WHERE id = 1",
        "UPDATE stored_file SET pack = '../../etc/passwd' WHERE id = 1",
        "UPDATE stored_file SET content_id = 'x' WHERE id = 1",
        "UPDATE source_file SET file = 1",
        "DELETE FROM source_file WHERE id = 1",
        "UPDATE pack SET size = size + 1",
        "UPDATE pack SET file_key = x'00112233445566778899aabbccddeeff'",
        "UPDATE pack SET name = '../' || name WHERE entry IS NULL",
        "UPDATE meta SET value = 'x' WHERE key = 'head_sha256'",
        "UPDATE meta SET value = 7 WHERE key = 'head_entry'",
        "DELETE FROM message WHERE id = 5",
        "DELETE FROM message_import WHERE message = 5",
    ],
)
def test_Q09_an_archive_that_says_something_wrong_is_found(made: Made, sql: str) -> None:
    made.change(sql)
    report = made.verify()
    assert not report.ok, sql
    assert made.rebuild().replaced
    assert made.verify().ok
    assert 29 == made.count("message")
