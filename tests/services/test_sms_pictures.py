"""Texts of a phone in the vault: pictures out of XML and JSON, and two apps that tell the same."""

import shutil
from pathlib import Path

import pytest
import vaults

from chatvault.vault import file_rows

FIXTURES = Path(__file__).parents[1] / "importers" / "fixtures"


def given(module: str, case: str, to: Path) -> Path:
    """The export as an app leaves it: without the files that ChatVault takes out of it."""
    root = FIXTURES / module / case / "input"
    folder = to / f"{module}-{case}"
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns("*.parts"))
    return folder


@pytest.mark.parametrize("module", ["sms_backup_restore", "sms_ie"])
def test_pictures_inside_a_file_are_stored_as_files_beside_it(tmp_path: Path, module: str) -> None:
    made = vaults.make(tmp_path / "v")
    (receipt,) = made.bring(given(module, "odd", tmp_path), told=vaults.Told(me="+48600000009"))
    assert 0 == receipt.attachments.unlinked
    with made.reading() as vault:
        stored = {
            file.path: b"".join(vault.file_pieces(file)) for file in file_rows.files_of(vault.db, 1)
        }
    inside = FIXTURES / module / "odd" / "input"
    files = (path for path in inside.rglob("*") if path.is_file())
    assert {path.relative_to(inside).as_posix(): path.read_bytes() for path in files} == stored


def test_backups_of_one_phone_by_two_apps_are_united_in_any_order(tmp_path: Path) -> None:
    exports = [
        given("sms_backup_restore", "first", tmp_path),
        given("sms_backup_restore", "second", tmp_path),
        given("sms_ie", "second", tmp_path),
    ]
    forwards = vaults.make(tmp_path / "v")
    new = [forwards.bring(one, told=vaults.Told())[0].messages.new for one in exports]
    assert [4, 1, 0] == new
    backwards = vaults.make(tmp_path / "w")
    new = [backwards.bring(one, told=vaults.Told())[0].messages.new for one in reversed(exports)]
    assert [4, 0, 1] == new
    for table in ("message", "conversation", "participant", "attachment"):
        assert forwards.count(table) == backwards.count(table)
    assert forwards.texts() == backwards.texts()


def test_a_vault_with_texts_can_be_rebuilt_from_its_packs(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    for module in ("sms_backup_restore", "sms_ie"):
        for case in ("ordinary", "odd", "first", "second"):
            made.bring(given(module, case, tmp_path), told=vaults.Told())
    before = made.digest()
    rebuilt = made.rebuild()
    assert ([], before) == (list(rebuilt.fewer), made.digest())
