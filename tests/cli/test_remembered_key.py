"""The remembered key: this computer opens the vault, by a slot of its own, until it forgets it."""

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from program import PASSPHRASE, Ended, Terminal, Vault, run
from test_startup import loaded_by

from chatvault.errors import WrongSecret
from chatvault.services import opening
from chatvault.vault import age, keyring
from key_stores import QUOTED, chosen

IDENTITY = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")
NOBODY_TO_ASK = "chatvault: there is no terminal to ask for the passphrase\n"
STALE = (
    "note: the key remembered on this computer does not open this copy of the vault; `chatvault"
    " keys remember` gives it a slot here, `keys forget` drops it\n"
)


@dataclass(frozen=True)
class Computer:
    """A computer with a key store of its own, and a vault on it."""

    vault: Vault
    file: Path

    def run(self, *arguments: str | Path, **env: str) -> Ended:
        """Run the program where no passphrase is given."""
        return run(*arguments, env=self.env(**env))

    def env(self, store: str = "", **more: str) -> dict[str, str]:
        return self.vault.locked(**{**chosen(self.file, store), **more})

    def remember(self) -> Ended:
        return self.run("keys", "remember", CHATVAULT_PASSPHRASE=PASSPHRASE)

    @property
    def stored(self) -> dict[str, str]:
        """What is in the key store."""
        return json.loads(self.file.read_bytes()) if self.file.exists() else {}

    @property
    def slots(self) -> list[str]:
        return sorted(path.name for path in (self.vault.folder / "keys").iterdir())


@pytest.fixture
def computer(vault: Vault, tmp_path: Path) -> Computer:
    return Computer(vault, tmp_path / "key store.json")


@pytest.fixture(scope="session")
def once(sealed: Vault, tmp_path_factory: pytest.TempPathFactory) -> Computer:
    """One that remembers its vault, for copies of both."""
    folder = tmp_path_factory.mktemp("remembered")
    shutil.copytree(sealed.folder, folder / "vault")
    computer = Computer(replace(sealed, folder=folder / "vault"), folder / "key store.json")
    assert 0 == computer.remember().code
    return computer


@pytest.fixture
def remembering(once: Computer, tmp_path: Path) -> Computer:
    """One that remembers its vault."""
    shutil.copytree(once.vault.folder, tmp_path / "vault")
    shutil.copy(once.file, tmp_path / "key store.json")
    return Computer(replace(once.vault, folder=tmp_path / "vault"), tmp_path / "key store.json")


@pytest.fixture
def second(remembering: Computer, tmp_path: Path) -> Computer:
    """The same computer, with a copy of the vault from before it remembered."""
    shutil.copytree(remembering.vault.folder, tmp_path / "copy")
    (tmp_path / "copy/keys/slot-1.age").unlink()
    return replace(remembering, vault=replace(remembering.vault, folder=tmp_path / "copy"))


@pytest.mark.slow
def test_a_remembered_vault_opens_without_a_passphrase(computer: Computer) -> None:
    assert NOBODY_TO_ASK in computer.run("search", "北京").err
    ended = computer.remember()
    said = "this computer opens the vault from now on (keys/slot-1.age)\n"
    assert (0, said) == (ended.code, ended.out)
    assert "Whoever is logged in as you here needs no passphrase for it" in ended.err
    for command in (["search", "北京"], ["list"], ["people", "list"], ["stats"]):
        assert 0 == computer.run(*command).code, command
    verified = computer.run("verify")
    assert (0, True) == (verified.code, "slot" not in verified.out + verified.err)
    assert "not a file of ChatVault" not in computer.run("info").out
    assert 0 == computer.run("import", computer.vault.downloads).code


def test_completion_uses_the_remembered_key(remembering: Computer) -> None:
    asked = {
        "_CHATVAULT_COMPLETE": "bash_complete", "COMP_WORDS": "chatvault search --from Ott",
        "COMP_CWORD": "3",
    }  # fmt: skip
    assert "Ottilie" in run(env=remembering.env(**asked)).out
    for store in ("Locked", "Refusing", "Absent"):
        ended = run(env=remembering.env(store, **asked))
        assert ("", "") == (ended.out.strip(), ended.err)


def test_KEY_11_what_is_stored_opens_its_own_slot_and_is_nothing_else(
    remembering: Computer,
) -> None:
    vault = json.loads((remembering.vault.folder / "vault.json").read_text())["vault"]
    ((name, text),) = remembering.stored.items()
    assert (f"chatvault {vault}", True) == (name, IDENTITY.fullmatch(text) is not None)
    layout = opening.layout_at(remembering.vault.folder)
    identity = age.Identity.parse(text)
    opened = keyring.open_ring(layout, identity)
    assert "slot-1.age" == opened.slot
    for other in ("passphrase.age", "recovery.age"):
        with pytest.raises(WrongSecret):
            keyring.open_ring(layout, identity, only=[other])
    assert text not in {opened.ring.identity.text(), remembering.vault.recovery}
    assert PASSPHRASE not in remembering.file.read_text()


def test_KEY_11_nothing_of_it_lies_in_the_vault_in_clear(remembering: Computer) -> None:
    (text,) = remembering.stored.values()
    recipient = age.Identity.parse(text).recipient.text()
    for path in remembering.vault.folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert text.encode() not in data, path
        assert recipient.encode() not in data, path
    slot = remembering.vault.folder / "keys/slot-1.age"
    assert 0o600 == slot.stat().st_mode & 0o777
    assert [] == list((remembering.vault.folder / "tmp").iterdir())


def test_no_secret_is_said_while_remembering(computer: Computer) -> None:
    ended = computer.remember()
    (text,) = computer.stored.values()
    for said in (text, text[20:40], PASSPHRASE):
        assert said not in ended.out + ended.err


def test_remembering_again_adds_no_slot(remembering: Computer) -> None:
    before = remembering.stored
    ended = remembering.run("keys", "remember")  # and needs no passphrase
    assert (0, "this computer remembers this vault already (keys/slot-1.age)\n", "") == (
        ended.code, ended.out, ended.err
    )  # fmt: skip
    assert before == remembering.stored
    assert ["passphrase.age", "recovery.age", "slot-1.age"] == remembering.slots


def test_a_secret_that_is_given_wins(remembering: Computer, tmp_path: Path) -> None:
    assert 12 == remembering.run("list", CHATVAULT_PASSPHRASE="x").code
    file = tmp_path / "file"
    file.write_text("x")
    file.chmod(0o600)
    assert 12 == remembering.run("list", "--passphrase-file", file).code
    assert 12 == remembering.run("list", "--passphrase-command", "echo x").code
    # nor is the key store asked then
    opened = remembering.run("list", store="Locked", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, "") == (opened.code, opened.err)


def test_KEY_5_testing_a_secret_asks_for_one(remembering: Computer) -> None:
    assert NOBODY_TO_ASK in remembering.run("keys", "test").err


@pytest.mark.parametrize(
    ("store", "note"),
    [
        ("Locked", "note: the key store is locked\n"),
        ("Refusing", "note: the key store refused (OSError)\n"),
        ("Scribbling", STALE),
        ("Forgetful", ""),
        ("Absent", ""),
        ("NoSuchStore", "note: the key store chosen for `keyring` cannot be loaded\n"),
    ],
)
def test_a_key_store_is_never_an_obstacle(remembering: Computer, store: str, note: str) -> None:
    ended = remembering.run("list", store=store)
    hint = "hint: use --passphrase-file or --passphrase-command\n"
    assert (2, note + NOBODY_TO_ASK + hint) == (ended.code, ended.err)
    listed = remembering.run("keys", "list", store=store)
    assert (0, note) == (listed.code, listed.err)
    assert "slot-1.age\tother\n" in listed.out


def test_the_passphrase_is_asked_for_where_the_key_store_is_locked(remembering: Computer) -> None:
    terminal = Terminal("list", env=remembering.env("Locked"))
    terminal.wait_for("note: the key store is locked")
    terminal.wait_for("Passphrase: ")
    terminal.type(PASSPHRASE)
    assert 0 == terminal.end()


@pytest.mark.parametrize("store", ["Locked", "Refusing", "Forgetful", "Absent"])
def test_where_nothing_can_be_stored_no_slot_is_made(computer: Computer, store: str) -> None:
    ended = computer.run("keys", "remember", store=store, CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (1, "") == (ended.code, ended.out)
    assert "key store" in ended.err
    assert not re.search(f"{QUOTED}|AGE-SECRET", ended.err)
    assert ["passphrase.age", "recovery.age"] == computer.slots


def test_without_the_package_everything_is_as_before(remembering: Computer, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without/sitecustomize.py").write_text("import sys; sys.modules['keyring'] = None")
    without = {"PYTHONPATH": str(tmp_path / "without")}
    ended = remembering.run("list", **without)
    assert (2, True) == (ended.code, ended.err.startswith(NOBODY_TO_ASK))
    assert 0 == remembering.run("list", CHATVAULT_PASSPHRASE=PASSPHRASE, **without).code
    for command in ("remember", "forget"):
        ended = remembering.run("keys", command, CHATVAULT_PASSPHRASE=PASSPHRASE, **without)
        assert (1, "") == (ended.code, ended.out)
        assert "chatvault: the package `keyring` is not installed\n" in ended.err
        assert "'.[keyring]'" in ended.err
    listed = remembering.run("keys", "list", **without)
    assert (0, True) == (listed.code, "slot-1.age\tother\n" in listed.out)
    removed = remembering.run(
        "keys", "remove", "slot-1", CHATVAULT_PASSPHRASE=PASSPHRASE, **without
    )
    assert (0, "keys/slot-1.age is removed\n") == (removed.code, removed.out)


def test_forgetting_removes_the_slot_and_the_entry(remembering: Computer) -> None:
    ended = remembering.run("keys", "forget", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, "this computer has forgotten the vault\n") == (ended.code, ended.out)
    assert "Copies of the vault made before still have the slot." in ended.err
    assert ({}, ["passphrase.age", "recovery.age"]) == (remembering.stored, remembering.slots)
    assert remembering.run("list").err.startswith(NOBODY_TO_ASK)
    again = remembering.run("keys", "forget")
    assert (0, "nothing is remembered for this vault on this computer\n") == (
        again.code, again.out
    )  # fmt: skip


@pytest.mark.slow
def test_KEY_5_nobody_forgets_who_has_nothing_else_that_opens_the_vault(
    remembering: Computer,
) -> None:
    ((_, text),) = remembering.stored.items()
    for secret in ("forgotten", text):
        ended = remembering.run("keys", "forget", CHATVAULT_PASSPHRASE=secret)
        assert (12, "") == (ended.code, ended.out)
        assert "nothing was removed" in ended.err
    assert NOBODY_TO_ASK in remembering.run("keys", "forget").err
    assert (1, 3) == (len(remembering.stored), len(remembering.slots))
    # but a new passphrase can be had, and then it goes
    new = remembering.file.with_name("new")
    new.write_text("eight brown otters swim slowly")
    new.chmod(0o600)
    changed = remembering.run("keys", "passphrase", "--new-passphrase-file", new)
    assert (0, "the passphrase is changed\n") == (changed.code, changed.out)
    assert 0 == remembering.run("keys", "forget", "--passphrase-file", new).code


def test_KEY_5_another_copy_never_takes_the_only_key_of_the_first(
    remembering: Computer, second: Computer
) -> None:
    """The entry is for all copies: who cannot open one otherwise would have lost it."""
    assert NOBODY_TO_ASK in second.run("keys", "forget").err
    ended = second.run("keys", "forget", CHATVAULT_PASSPHRASE="forgotten")
    assert (12, "") == (ended.code, ended.out)
    assert "note: the remembered key opens no slot of this copy" in ended.err
    assert "opens no slot; nothing was removed" in ended.err
    assert 0 == remembering.run("list").code
    forgotten = second.run("keys", "forget", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, {}) == (forgotten.code, remembering.stored)
    assert "Other copies of it on this computer need a passphrase now, too." in forgotten.err


def test_KEY_5_a_damaged_slot_does_not_cost_the_key(remembering: Computer) -> None:
    slot = remembering.vault.folder / "keys/slot-1.age"
    whole = slot.read_bytes()
    slot.write_bytes(whole[:-5])
    assert NOBODY_TO_ASK in remembering.run("keys", "forget").err
    slot.write_bytes(whole)
    assert 0 == remembering.run("list").code


def test_all_copies_on_a_computer_open_with_one_key(
    remembering: Computer, second: Computer
) -> None:
    before = remembering.stored
    assert second.run("list").err.startswith(NOBODY_TO_ASK)  # asks no key store: there is no slot
    ended = second.remember()
    assert (0, "this computer opens the vault from now on (keys/slot-1.age)\n") == (
        ended.code, ended.out
    )  # fmt: skip
    assert before == remembering.stored
    assert (0, 0) == (remembering.run("list").code, second.run("list").code)
    assert ["passphrase.age", "recovery.age", "slot-1.age"] == remembering.slots == second.slots


def test_forgetting_removes_all_slots_of_the_key(remembering: Computer) -> None:
    slot = remembering.vault.folder / "keys/slot-1.age"
    whole = slot.read_bytes()
    slot.write_bytes(whole[:-5])
    assert 0 == remembering.remember().code
    slot.write_bytes(whole)
    assert ["passphrase.age", "recovery.age", "slot-1.age", "slot-2.age"] == remembering.slots
    # the key itself proves nothing, although either slot opens without the other
    (text,) = remembering.stored.values()
    assert 12 == remembering.run("keys", "forget", CHATVAULT_PASSPHRASE=text).code
    removed = remembering.run("keys", "remove", "slot-1", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, 0) == (removed.code, remembering.run("list").code)
    slot.write_bytes(whole)
    assert 0 == remembering.run("keys", "forget", CHATVAULT_PASSPHRASE=PASSPHRASE).code
    assert ({}, ["passphrase.age", "recovery.age"]) == (remembering.stored, remembering.slots)


def test_the_recovery_key_is_enough_to_forget(remembering: Computer) -> None:
    ended = remembering.run("keys", "forget", CHATVAULT_PASSPHRASE=remembering.vault.recovery)
    assert (0, {}) == (ended.code, remembering.stored)


def test_an_entry_that_cannot_be_deleted_opens_nothing(remembering: Computer) -> None:
    ended = remembering.run("keys", "forget", store="CannotDelete", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, ["passphrase.age", "recovery.age"]) == (ended.code, remembering.slots)
    assert "keys/slot-1.age is removed\n" == ended.out
    assert "what it holds still opens copies that have the slot" in ended.err
    assert QUOTED not in ended.err
    assert remembering.run("list").err.startswith(NOBODY_TO_ASK)
    again = remembering.run("keys", "forget", store="CannotDelete", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (1, "") == (again.code, again.out)
    assert "chatvault: the key store refused (RuntimeError)\n" in again.err


def test_removing_the_slot_elsewhere_ends_it_here(remembering: Computer, tmp_path: Path) -> None:
    other = Computer(remembering.vault, tmp_path / "other store.json")
    assert 0 == other.remember().code
    assert "slot-2.age\tthis computer (remembered)" in other.run("keys", "list").out
    removed = other.run("keys", "remove", "slot-1", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, "keys/slot-1.age is removed\n") == (removed.code, removed.out)
    assert ["passphrase.age", "recovery.age", "slot-2.age"] == other.slots
    assert 0 == other.run("list").code
    assert remembering.run("list").err.startswith(STALE + NOBODY_TO_ASK)
    # remembering again takes the same key, and says how to have another
    stale = remembering.stored
    again = remembering.remember()
    assert (0, stale) == (again.code, remembering.stored)
    assert "The slot is for the key that this computer had already." in again.err
    assert ["passphrase.age", "recovery.age", "slot-1.age", "slot-2.age"] == other.slots
    other.run("keys", "remove", "slot-1.age", CHATVAULT_PASSPHRASE=PASSPHRASE)
    forgotten = remembering.run("keys", "forget", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, {}) == (forgotten.code, remembering.stored)
    fresh = remembering.remember()
    assert (0, False) == (fresh.code, "had already" in fresh.err)
    assert stale.keys() == remembering.stored.keys()
    assert stale != remembering.stored
    assert 0 == remembering.run("list").code


def test_removing_the_slot_of_this_computer_drops_the_entry(remembering: Computer) -> None:
    removed = remembering.run("keys", "remove", "slot-1", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, {}) == (removed.code, remembering.stored)


@pytest.mark.parametrize("slot", ["slot-2", "vault", "../vault.json", "passphrase.age.age", ""])
def test_only_slots_can_be_removed(remembering: Computer, slot: str) -> None:
    ended = remembering.run("keys", "remove", slot, CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (2, True) == (ended.code, "there is no such slot" in ended.err)
    assert 3 == len(remembering.slots)


def test_KEY_5_a_slot_is_removed_only_by_somebody_who_can_open_another(computer: Computer) -> None:
    for slot, secret in (("passphrase", PASSPHRASE), ("recovery", computer.vault.recovery)):
        ended = computer.run("keys", "remove", slot, CHATVAULT_PASSPHRASE=secret)
        assert (12, "") == (ended.code, ended.out)
    assert ["passphrase.age", "recovery.age"] == computer.slots
    ended = computer.run("keys", "remove", "recovery", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (0, ["passphrase.age"]) == (ended.code, computer.slots)
    last = computer.run("keys", "remove", "passphrase", CHATVAULT_PASSPHRASE=PASSPHRASE)
    assert (2, ["passphrase.age"]) == (last.code, computer.slots)
    assert "this is the last slot" in last.err


def test_a_copy_of_another_vault_is_not_opened(
    remembering: Computer, empty: Vault, tmp_path: Path
) -> None:
    """Each vault has an entry of its own; and what is no key for a vault does not open it."""
    elsewhere = Computer(empty, remembering.file)
    assert elsewhere.run("list").err.startswith(NOBODY_TO_ASK)
    assert 0 == elsewhere.remember().code
    assert 2 == len(remembering.stored)
    assert (0, 0) == (remembering.run("list").code, elsewhere.run("list").code)
    ours, theirs = remembering.stored
    swapped = {ours: remembering.stored[theirs], theirs: remembering.stored[ours]}
    remembering.file.write_text(json.dumps(swapped))
    assert remembering.run("list").err.startswith(STALE)


def test_a_damaged_slot_is_told_and_the_passphrase_asked_for(remembering: Computer) -> None:
    slot = remembering.vault.folder / "keys/slot-1.age"
    slot.write_bytes(slot.read_bytes()[:-5])
    ended = remembering.run("list")
    assert (2, True) == (ended.code, "note: " in ended.err)
    assert "slot-1.age" in ended.err
    assert NOBODY_TO_ASK in ended.err


def test_keys_list_tells_programs_which_slot_is_remembered(remembering: Computer) -> None:
    listed = json.loads(remembering.run("keys", "list", "--json").out)
    assert {"passphrase.age": False, "recovery.age": False, "slot-1.age": True} == {
        slot["name"]: slot["remembered"] for slot in listed
    }
    assert "slot-1.age\tthis computer (remembered)\n" in remembering.run("keys", "list").out


@pytest.mark.slow
def test_a_rebuilt_vault_is_still_remembered(remembering: Computer) -> None:
    (remembering.vault.folder / "archive.db").unlink()
    assert 0 == remembering.run("rebuild").code
    assert (0, 0) == (remembering.run("list").code, remembering.run("verify", "--full").code)


def test_vaults_that_nobody_remembers_do_not_pay_for_it(sealed: Vault, computer: Computer) -> None:
    store = chosen(computer.file)
    assert "keyring" not in loaded_by("search", "北京", env=sealed.env(**store))
    assert "keyring" not in loaded_by("keys", "list", env=sealed.locked(**store))
    computer.remember()
    assert "keyring" in loaded_by("search", "北京", env=computer.env())
