"""Keys of other apps: in the export, but in no vault, whatever becomes of it."""

import json
from pathlib import Path

import pytest
import vaults
from vaults import Made

from chatvault.vault import file_rows

EXPORT = Path(__file__).parent.parent / "importers/fixtures/signal_plaintext/ordinary/input"
KEYS = ("mediaRootBackupKey", "profileKey", "svrPin", "localKey", "packKey", "subscriberId")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return vaults.make(tmp_path / "v")


def files() -> dict[str, bytes]:
    return {
        path.relative_to(EXPORT).as_posix(): path.read_bytes()
        for path in sorted(EXPORT.rglob("*"))
        if path.is_file()
    }


def secrets() -> set[bytes]:
    """The values of keys in the export."""
    waiting = [json.loads(line) for line in (EXPORT / "main.jsonl").read_bytes().splitlines()]
    found = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found |= {str(value).encode() for name, value in one.items() if name in KEYS}
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []
    return found


def originals(made: Made) -> dict[str, bytes]:
    """The files of import 1 as they would be restored."""
    with made.reading() as vault:
        stored = list(file_rows.files_of(vault.db, 1))
        return {file.path: b"".join(vault.file_pieces(file)) for file in stored}


@pytest.mark.parametrize("zipped", [False, True])
def test_keys_of_the_app_are_in_no_original_and_the_receipt_says_so(
    made: Made, tmp_path: Path, zipped: bool
) -> None:
    given = vaults.zipped(tmp_path / "e.zip", files()) if zipped else EXPORT
    (receipt,) = made.bring(given)
    assert (8, True) == (receipt.messages.new, receipt.adds_up())
    assert "keys" in receipt.withheld
    kept = originals(made)
    assert files().keys() == kept.keys()
    assert 6 < len(secrets())
    everything = b"".join(kept.values())
    assert [] == sorted(secret for secret in secrets() if secret in everything)
    changed = [name for name, data in files().items() if kept[name] != data]
    assert ["main.jsonl"] == changed
    assert b"Bread is in the oven" in kept["main.jsonl"]


def test_a_rebuild_and_the_restored_originals_give_the_same_vault(
    made: Made, tmp_path: Path
) -> None:
    made.bring(EXPORT)
    before = made.digest()
    assert [] == made.rebuild().fewer
    assert before == made.digest()
    restored = vaults.write(tmp_path / "restored", originals(made))
    (again,) = made.bring(restored)
    assert again.again
    assert made.verify().ok


def test_an_export_without_such_keys_withholds_nothing(made: Made, tmp_path: Path) -> None:
    export = vaults.Telegram(vaults.chat(1, 3)).folder(tmp_path / "e")
    (receipt,) = made.bring(export)
    assert "" == receipt.withheld
    assert export.joinpath("result.json").read_bytes() == originals(made)["result.json"]
