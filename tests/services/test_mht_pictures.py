"""Pictures that lie inside an MHT of QQ: in the vault they are files like all others."""

import shutil
from pathlib import Path

import vaults

from chatvault.services.receipt import Attachments, Messages
from chatvault.vault import file_rows

CASES = Path(__file__).parents[1] / "importers" / "fixtures" / "qq_mht"


def test_an_mht_comes_in_whole_and_its_pictures_as_files(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    (original,) = (CASES / "ordinary" / "input").glob("*.mht")
    given = tmp_path / original.name
    shutil.copy(original, given)
    (receipt,) = made.bring(given, told=vaults.Told())
    assert Messages(items=8, new=8, known=0, updated=0, unread=0) == receipt.messages
    told = receipt.attachments
    assert Attachments(stored=4, known=0, missing=0, filled=0, unlinked=0) == told
    with made.reading() as vault:
        stored = {
            file.path: b"".join(vault.file_pieces(file)) for file in file_rows.files_of(vault.db, 1)
        }
    inside = CASES / "ordinary" / "input"
    files = (path for path in inside.rglob("*") if path.is_file())
    assert {path.relative_to(inside).as_posix(): path.read_bytes() for path in files} == stored


def test_a_vault_with_an_mht_can_be_rebuilt_from_its_packs(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    for case in ("odd", "second"):
        made.bring(*(CASES / case / "input").glob("*.mht"), told=vaults.Told())
    before = made.digest()
    rebuilt = made.rebuild()
    assert ([], before) == (list(rebuilt.fewer), made.digest())


def test_the_picture_of_an_mht_fills_the_gap_that_the_text_left(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    text = CASES.parent / "qq_text" / "second" / "input"
    (first,) = made.bring(*text.glob("*.txt"), told=vaults.Told())
    (second,) = made.bring(*(CASES / "second" / "input").glob("*.mht"), told=vaults.Told())
    assert (5, 1) == (first.messages.new, first.attachments.missing)
    assert (0, 0) == (second.messages.new, second.attachments.missing)
