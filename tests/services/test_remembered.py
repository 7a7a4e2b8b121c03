"""Remembering a key: in which order, what a failure leaves, and a key store that never answers."""

import sys
import time
from pathlib import Path

import pytest
import vaults
from keyring import core
from vaults import Made

import key_stores
from chatvault.errors import Damaged, DiskTrouble, KeyStoreTrouble, NoKeyStore, Usage, WrongSecret
from chatvault.services import key_store, keys, remembered
from chatvault.vault import age, keyring
from chatvault.vault.files import FileOps


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    for name, value in key_stores.chosen(tmp_path / "store.json").items():
        monkeypatch.setenv(name, value)
    return vaults.make(tmp_path / "v")


def quiet(_: str) -> None:
    pass


def look(made: Made, **options: float) -> remembered.Look:
    return remembered.look(made.layout, tell=quiet, **options)


def entry(made: Made) -> str | None:
    return key_store.read(made.layout.info().vault, tell=quiet)


def test_what_is_remembered_opens_the_same_ring(made: Made) -> None:
    assert remembered.Look() == look(made)
    found = remembered.remember(made.layout, made.ring, tell=quiet)
    assert remembered.Remembered("slot-1.age", again=False) == found
    opened = look(made).opened
    assert opened is not None
    assert ("slot-1.age", True) == (opened.slot, opened.ring.same_as(made.ring))


def test_a_key_that_is_stored_is_used_again(made: Made) -> None:
    """Another one in its place would shut out other copies of the vault on this computer."""
    found = set()
    for number in range(1, 4):
        slot = remembered.remember(made.layout, made.ring, tell=quiet)
        assert remembered.Remembered(f"slot-{number}.age", again=number > 1) == slot
        found.add(entry(made))
    assert 1 == len(found)
    assert ["slot-1.age", "slot-2.age", "slot-3.age"] == remembered.opens(made.layout, tell=quiet)


def test_what_is_no_key_is_replaced(made: Made) -> None:
    key_store.write(made.layout.info().vault, "scribble", tell=quiet)
    assert [] == remembered.opens(made.layout, tell=quiet)
    assert not remembered.remember(made.layout, made.ring, tell=quiet).again
    assert ["slot-1.age"] == remembered.opens(made.layout, tell=quiet)


def test_after_forgetting_another_key_is_made(made: Made) -> None:
    remembered.remember(made.layout, made.ring, tell=quiet)
    before = entry(made)
    remembered.forget_entry(made.layout, tell=quiet)
    assert remembered.opens(made.layout, tell=quiet) is None
    assert not remembered.remember(made.layout, made.ring, tell=quiet).again
    assert entry(made) not in {None, before}
    assert ["slot-2.age"] == remembered.opens(made.layout, tell=quiet)


def test_KEY_7_a_disk_that_fails_costs_other_copies_nothing(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered.remember(made.layout, made.ring, tell=quiet)
    before = entry(made)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as failing:
        failing.setattr(FileOps, "replace", fail)
        with pytest.raises(DiskTrouble):
            remembered.remember(made.layout, made.ring, tell=quiet)
    assert (before, ["slot-1.age"]) == (entry(made), keyring.extra_slots(made.layout))


def test_the_lowest_free_number_is_taken(made: Made) -> None:
    for number in (1, 3):
        (made.layout.keys / f"slot-{number}.age").write_bytes(b"?")
    assert "slot-2.age" == remembered.remember(made.layout, made.ring, tell=quiet).slot


@pytest.mark.parametrize("step", ["create", "sync", "replace"])
def test_KEY_7_a_disk_that_fails_leaves_neither_slot_nor_entry(
    made: Made, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileOps, step, fail)
    with pytest.raises(DiskTrouble):
        remembered.remember(made.layout, made.ring, tell=quiet)
    monkeypatch.undo()
    for name, value in key_stores.chosen(made.folder.parent / "store.json").items():
        monkeypatch.setenv(name, value)
    assert (None, []) == (entry(made), keyring.extra_slots(made.layout))


def test_KEY_13_nothing_is_remembered_under_foreign_keys(made: Made, tmp_path: Path) -> None:
    made.bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    other = vaults.make(tmp_path / "other")
    with pytest.raises(Damaged):
        remembered.remember(made.layout, other.ring, tell=quiet)
    assert (None, []) == (entry(made), keyring.extra_slots(made.layout))


def test_the_vault_is_not_locked_while_the_key_store_is_asked(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = []
    for name in ("get_password", "set_password", "delete_password"):
        before = getattr(key_stores.FileKeyStore, name)

        def watched(self, *told, before=before):
            locked.append(made.layout.is_locked())
            return before(self, *told)

        monkeypatch.setattr(key_stores.FileKeyStore, name, watched)
    remembered.remember(made.layout, made.ring, tell=quiet)
    look(made)
    remembered.forget_entry(made.layout, tell=quiet)
    assert [False] * 5 == locked


def test_a_key_store_that_never_answers_is_left_alone(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered.remember(made.layout, made.ring, tell=quiet)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "key_stores.Hanging")
    monkeypatch.setattr(key_store, "PATIENCE", 0.05)
    told: list[str] = []
    start = time.monotonic()
    found = remembered.look(made.layout, seconds=0.3, tell=told.append)
    assert time.monotonic() - start < 2
    assert (None, "the key store did not answer within 0.3 s") == (found.opened, found.note)
    assert ["waiting for the key store"] == [text.partition(";")[0] for text in told]


@pytest.mark.parametrize(
    ("store", "error"),
    [
        ("Locked", KeyStoreTrouble), ("Refusing", KeyStoreTrouble), ("Absent", NoKeyStore),
        ("NoSuchStore", KeyStoreTrouble), ("Panicking", KeyStoreTrouble),
    ],
)  # fmt: skip
def test_what_a_key_store_says_is_not_passed_on(
    made: Made, monkeypatch: pytest.MonkeyPatch, store: str, error: type[KeyStoreTrouble]
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"key_stores.{store}")
    with pytest.raises(error) as raised:
        entry(made)
    assert key_stores.QUOTED not in str(raised.value) + raised.value.remedy
    assert raised.value.__cause__ is raised.value.__context__ is None


@pytest.mark.parametrize("name", ["nonsense.Keyring", "nonsense", "key_stores.No", "..", ""])
def test_a_store_that_cannot_be_loaded_is_not_said_to_be_locked(
    made: Made, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    with pytest.raises(KeyStoreTrouble, match="cannot be loaded") as raised:
        entry(made)
    assert "PYTHON_KEYRING_BACKEND" in raised.value.remedy
    assert "unlock" not in raised.value.remedy


@pytest.mark.parametrize("text", ["[backend]\ndefault-keyring = nonsense.Keyring\n", "nonsense"])
def test_a_file_that_names_no_store_is_told(
    nothing_chosen: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "chosen").write_text(text)
    monkeypatch.setattr(core, "_config_path", lambda: tmp_path / "chosen")
    with pytest.raises(KeyStoreTrouble, match="cannot be loaded"):
        entry(nothing_chosen)


@pytest.fixture
def nothing_chosen(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Where the user told `keyring` nothing; the machine's own stores stay out of it."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(core, "_keyring_backend", None)
    monkeypatch.setattr(core.backend, "get_all_keyring", list)
    monkeypatch.setitem(key_store.SYSTEMS_OWN, sys.platform, "key_stores.Elsewhere")
    return made


def test_the_systems_own_store_is_taken_without_looking_for_others(
    nothing_chosen: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking takes longer than all the rest."""
    looked = []
    monkeypatch.setattr(core.backend, "get_all_keyring", lambda: looked.append(1) or [])
    monkeypatch.setitem(key_store.SYSTEMS_OWN, sys.platform, "key_stores.Forgetful")
    assert (None, []) == (entry(nothing_chosen), looked)
    monkeypatch.setitem(key_store.SYSTEMS_OWN, sys.platform, "key_stores.Elsewhere")
    with pytest.raises(NoKeyStore):
        entry(nothing_chosen)
    assert [1] == looked


def test_a_store_that_protects_little_is_never_taken_by_itself(
    nothing_chosen: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = [key_stores.Weak()]
    monkeypatch.setattr(core.backend, "get_all_keyring", lambda: stores)
    with pytest.raises(NoKeyStore):
        entry(nothing_chosen)
    stores.append(key_stores.Forgetful())
    assert entry(nothing_chosen) is None


def test_without_vault_json_nothing_is_remembered_nor_forgotten(made: Made, tmp_path: Path) -> None:
    made.bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    remembered.remember(made.layout, made.ring, tell=quiet)
    made.layout.info_file.unlink()
    assert remembered.Look() == look(made)
    with pytest.raises(Usage):
        remembered.opens(made.layout, tell=quiet)


def test_KEY_5_the_last_slot_is_never_removed(made: Made) -> None:
    keys.remove_slot(made.layout, made.ring, "passphrase.age")
    with pytest.raises(Usage):
        keys.remove_slot(made.layout, made.ring, "recovery.age")
    with pytest.raises(Usage):
        keys.prove_without(made.layout, made.recovery, "recovery.age")
    with pytest.raises(Usage):
        keys.remove_slot(made.layout, made.ring, "slot-7.age")
    assert ["recovery.age"] == keyring.slot_names(made.layout)


def test_KEY_13_no_slot_is_removed_under_foreign_keys(made: Made, tmp_path: Path) -> None:
    made.bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    other = vaults.make(tmp_path / "other")
    with pytest.raises(Damaged):
        keys.remove_slot(made.layout, other.ring, "recovery.age")
    assert ["passphrase.age", "recovery.age"] == keyring.slot_names(made.layout)


def test_a_secret_proves_itself_by_another_slot_only(made: Made) -> None:
    found = keys.prove_without(made.layout, made.recovery, "passphrase.age")
    assert ("recovery.age", True) == (found.slot, found.ring.same_as(made.ring))
    extra = age.Identity.generate()
    assert "slot-1.age" == keys.add_slot(made.layout, made.ring, extra)
    assert "slot-1.age" == keys.prove_without(made.layout, extra, "recovery.age").slot
    assert "slot-1.age" == keys.prove_without(made.layout, extra).slot
    with pytest.raises(WrongSecret):
        keys.prove_without(made.layout, extra, "slot-1.age", "recovery.age")
