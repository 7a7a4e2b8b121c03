"""Slots: another passphrase, another recovery key, and the proof that one opens the vault."""

import math
from pathlib import Path

import pytest
import vaults
from vaults import Made

from chatvault.errors import Damaged, DiskTrouble, Usage, VaultInUse, WrongSecret
from chatvault.services import keys, unlock
from chatvault.vault import age
from chatvault.vault.files import FileOps

NEW = "eight brown otters swim slowly"


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = vaults.make(tmp_path / "v")
    made.bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    return made


def opens(made: Made, text: str) -> bool:
    try:
        opened = unlock.unlock(made.layout, age.Passphrase(text, age.TESTING))
    except WrongSecret:
        return False
    return opened.ring.same_as(made.ring)


def test_another_passphrase_opens_the_same_vault_and_the_old_one_no_longer(made: Made) -> None:
    packs, digest = vaults.snapshot(made.layout.packs), made.digest()
    keys.change_passphrase(made.layout, made.ring, NEW, age.TESTING)
    assert (True, False) == (opens(made, NEW), opens(made, vaults.PASSPHRASE))
    assert (packs, digest) == (vaults.snapshot(made.layout.packs), made.digest())
    assert made.verify().ok


def test_KEY_2_an_impossible_passphrase_changes_nothing(made: Made) -> None:
    before = vaults.snapshot(made.folder)
    for text in ("", "a\tb", "nul\0", "wide\u3000space"):
        with pytest.raises(Usage):
            keys.change_passphrase(made.layout, made.ring, text, age.TESTING)
    assert before == vaults.snapshot(made.folder)


def test_another_recovery_key_opens_it_and_the_old_one_no_longer(made: Made) -> None:
    key = keys.recovery_key()
    keys.set_recovery_key(made.layout, made.ring, key)
    assert "recovery.age" == keys.prove(made.layout, key).slot
    with pytest.raises(WrongSecret):
        keys.prove(made.layout, made.recovery)
    assert opens(made, vaults.PASSPHRASE)


def test_KEY_5_proving_a_secret_changes_nothing(made: Made) -> None:
    before = vaults.snapshot(made.folder)
    assert "passphrase.age" == keys.prove(made.layout, made.secret()).slot
    assert "recovery.age" == keys.prove(made.layout, made.recovery).slot
    with pytest.raises(WrongSecret):
        keys.prove(made.layout, age.Passphrase("wrong", age.TESTING))
    assert before == vaults.snapshot(made.folder)


def test_KEY_6_slots_are_listed_without_any_secret(made: Made) -> None:
    (made.layout.keys / "slot-3.age").write_bytes(b"?")
    (made.layout.keys / "mine.age").write_bytes(b"?")
    assert [
        ("passphrase.age", "passphrase"), ("recovery.age", "recovery key"), ("slot-3.age", "other"),
    ] == [(slot.name, slot.kind) for slot in keys.slots(made.layout)]  # fmt: skip


def test_a_slot_is_not_changed_while_somebody_writes(made: Made) -> None:
    with made.writing(), pytest.raises(VaultInUse):
        keys.change_passphrase(made.layout, made.ring, NEW, age.TESTING)
    assert opens(made, vaults.PASSPHRASE)


@pytest.mark.parametrize("step", ["create", "sync", "replace", "sync_folder"])
def test_KEY_7_a_disk_that_fails_leaves_a_slot_that_opens(
    made: Made, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileOps, step, fail)
    with pytest.raises(DiskTrouble):
        keys.change_passphrase(made.layout, made.ring, NEW, age.TESTING)
    monkeypatch.undo()
    # Once it has its name, the new one counts.
    assert [step == "sync_folder", step != "sync_folder"] == [
        opens(made, NEW), opens(made, vaults.PASSPHRASE),
    ]  # fmt: skip
    keys.change_passphrase(made.layout, made.ring, NEW, age.TESTING)
    assert opens(made, NEW)


def test_KEY_13_a_slot_is_not_changed_where_packs_do_not_open(made: Made, tmp_path: Path) -> None:
    other = vaults.make(tmp_path / "other")
    before = vaults.snapshot(made.folder)
    with pytest.raises(Damaged):
        keys.change_passphrase(made.layout, other.ring, NEW, age.TESTING)
    assert before == vaults.snapshot(made.folder)


def test_a_slot_can_be_changed_while_the_archive_is_missing(made: Made) -> None:
    made.layout.archive.unlink()
    keys.change_passphrase(made.layout, made.ring, NEW, age.TESTING)
    assert opens(made, NEW)


def test_KEY_2_six_words_are_offered_and_each_is_worth_its_bits() -> None:
    assert len(set(keys.WORDS)) == len(keys.WORDS) == 256
    assert 8 == math.log2(len(keys.WORDS))
    found = {keys.suggestion() for _ in range(50)}
    assert 50 == len(found)
    for text in found:
        assert 6 == len(text.split())
        assert not keys.is_weak(text)
    assert all(word.isascii() and word.islower() and word.isalpha() for word in keys.WORDS)


def test_a_recovery_key_is_another_each_time() -> None:
    assert 20 == len({keys.recovery_key().text() for _ in range(20)})
