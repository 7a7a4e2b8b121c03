"""Every failure has its exit code, and one line that says what happened and quotes no chat."""

import json
import os
import re
import subprocess
from pathlib import Path

import filelock
import pytest
from click.testing import CliRunner, Result
from program import PASSPHRASE, PROGRAM, Ended, Vault, environment, run

from chatvault.cli import main
from chatvault.services import search as search_service

# One line, our name before it, no capital, no full stop; then perhaps what to do about it.
FORM = re.compile(r"chatvault: [^A-Z\n][^\n]*[^.\n]\n(hint: [^\n]+[^.\n]\n)?")
# ESC, BEL and CR act on terminals; U+202E turns the reading direction round.
HOSTILE = "x\x1b]52;c;aGk=\x07\r\u202egpj.exe"
CANARY = "the kingfisher sings at noon"


def in_process(*arguments: str, vault: Vault, **env: str) -> Result:
    """Run a command in this interpreter, where tests can make it fail."""
    return CliRunner().invoke(main, list(arguments), env={**vault.env(), **env})


def assert_explained(ended: Ended, code: int, what: str, hint: str = "") -> None:
    """The code, the words, the form, and nothing on stdout."""
    assert (code, "") == (ended.code, ended.out)
    assert FORM.fullmatch(ended.err), ended.err
    assert what in ended.err.splitlines()[0]
    assert hint in ended.err


def test_no_vault_is_10(tmp_path: Path) -> None:
    env = environment(CHATVAULT_VAULT=str(tmp_path / "none"), CHATVAULT_PASSPHRASE=PASSPHRASE)
    for arguments in (["search", "x"], ["info"], ["verify"], ["keys", "list"], ["import", "."]):
        ended = run(*arguments, env=env)
        assert_explained(ended, 10, "there is no vault at", "hint: make one with `chatvault init`")
    assert not (tmp_path / "none").exists()


def test_a_vault_in_use_is_11_and_can_still_be_read(vault: Vault) -> None:
    with filelock.FileLock(vault.folder / "lock"):
        assert_explained(
            vault.run("import", vault.downloads), 11, "another ChatVault is writing to this vault"
        )
        assert 0 == vault.run("search", "北京").code


def test_a_wrong_passphrase_is_12(vault: Vault) -> None:
    ended = vault.run("search", "x", CHATVAULT_PASSPHRASE="eight grey herons wade slowly")
    assert_explained(ended, 12, "this passphrase or key does not open the vault", "hint: ")


def test_L16_a_wrong_passphrase_always_gets_the_same_answer(vault: Vault) -> None:
    guesses = ["a", "b" * 1000, PASSPHRASE.upper(), f" {PASSPHRASE}", "密码"]
    ends = {vault.run("list", CHATVAULT_PASSPHRASE=guess) for guess in guesses}
    assert 1 == len(ends)
    assert {12} == {ended.code for ended in ends}


def test_the_key_of_another_vault_is_12_and_a_mistyped_key_is_told_from_it(
    vault: Vault, empty: Vault
) -> None:
    other = vault.run("list", CHATVAULT_PASSPHRASE=empty.recovery)
    assert_explained(other, 12, "does not open the vault")
    last = "Q" if vault.recovery[-1] != "Q" else "P"
    mistyped = vault.run("list", CHATVAULT_PASSPHRASE=vault.recovery[:-1] + last)
    assert_explained(mistyped, 12, "a typing error in the key")


def damage_archive(folder: Path) -> None:
    (folder / "archive.db").write_bytes(b"\0" * 8192)


def damage_info(folder: Path) -> None:
    (folder / "vault.json").write_text("{")


def damage_slots(folder: Path) -> None:
    for slot in (folder / "keys").iterdir():
        slot.write_bytes(slot.read_bytes()[:100])


def remove_archive(folder: Path) -> None:
    (folder / "archive.db").unlink()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (damage_archive, "archive.db"),
        (remove_archive, "archive.db"),
        (damage_info, "vault.json"),
        (damage_slots, "slot"),
    ],
)
def test_damage_is_13_and_says_where_and_what_to_do(vault: Vault, damage, what: str) -> None:
    damage(vault.folder)
    assert_explained(vault.run("search", "北京"), 13, what, "hint: ")


def test_damage_that_verify_finds_is_13_and_listed(vault: Vault) -> None:
    pack = max((vault.folder / "packs").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)
    ended = vault.run("verify", "--full")
    assert 13 == ended.code
    assert f"damage: packs/{pack.name}" in ended.out
    assert "all good" not in ended.out


def test_made_by_a_newer_chatvault_is_15(vault: Vault) -> None:
    told = json.loads((vault.folder / "vault.json").read_text())
    (vault.folder / "vault.json").write_text(json.dumps({**told, "format": 2}))
    assert_explained(vault.run("list"), 15, "format 2", "hint: install a newer ChatVault")


def test_a_slot_that_would_cost_too_much_is_16(vault: Vault) -> None:
    """KEY-3: refused before computing, with the number."""
    slot = vault.folder / "keys/passphrase.age"
    data = re.sub(rb"(-> scrypt \S+ )[0-9]+\n", rb"\g<1>23\n", slot.read_bytes())
    slot.write_bytes(data)
    (vault.folder / "keys/recovery.age").unlink()
    assert_explained(vault.run("list"), 16, "2^23")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_is_17(sealed: Vault) -> None:
    with Path("/dev/full").open("w") as full:
        for arguments in (["platforms"], ["search", "--json", "北京"], ["-h"]):
            done = subprocess.run(
                [PROGRAM, *arguments], env=sealed.env(), stdout=full, stderr=subprocess.PIPE
            )
            assert (17, True) == (done.returncode, b"no space left" in done.stderr), arguments


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (["serch", "x"], "there is no command 'serch'; did you mean search?", "`chatvault -h`"),
        (["keys", "lst"], "there is no command 'lst'; did you mean list?", "`chatvault keys -h`"),
        (
            ["list", "--jsno"],
            "there is no option '--jsno'; did you mean --json?",
            "`chatvault list -h`",
        ),
        (
            ["search", "--form", "x"],
            "there is no option '--form'; did you mean --from?",
            "`chatvault search -h`",
        ),
        (["list", "poeple"], "'poeple' is not one of", "`chatvault list -h`"),
        (["import"], "missing argument", "`chatvault import -h`"),
        (["search", "--limit"], "'--limit'", "`chatvault search -h`"),
        (["show", "first"], "'first' is not a valid integer", "`chatvault show -h`"),
        (["search", '"北京'], "query, column 1", ""),
        (["search", "from:Nobody"], "there is no such participant", "did you mean"),
        (["show", "999999"], "there is no message 999999", "`chatvault search`"),
        (["show", "9" * 30], "there is no message 999", "`chatvault search`"),
        (["show", "--in", "9" * 5000], "there is no such conversation", "list conversations"),
        (["search", "a", "--cursor", "9" * 19], "this is not a cursor", "the page before"),
        (["show"], "this does not say what to show", "--in TITLE --at DATE"),
        (["show", "--at", "2024"], "--at does not say in which", "search --during"),
        (["show", "8", "--at", "2024"], "a number and --in or --at at once", "one or the other"),
        (["show", "--in", "小满", "--at", "17.5.2024"], "--at: this is not a date", "2024-05-17"),
        (["show", "--in", "Nobody", "--at", "2024"], "no such conversation", "list conversations"),
        (["show", "--in", "r", "--at", "2024"], "more than one", "(Bakers Row, whatsapp)"),
        (["import", "no-such-file"], "no such file", "quote it"),
        (["import", "--timezone", "Mars/Olympus", "."], "no time zone", "Europe/Berlin"),
    ],
)
def test_wrong_usage_is_2_and_says_how(
    sealed: Vault, arguments: list[str], what: str, hint: str
) -> None:
    assert_explained(sealed.run(*arguments), 2, what, hint)


def test_nothing_that_can_be_imported_is_1_and_changes_nothing(
    vault: Vault, tmp_path: Path
) -> None:
    (tmp_path / "shopping list.txt").write_text("eggs\nflour\n")
    before = sorted(path.name for path in (vault.folder / "packs").iterdir())
    ended = vault.run("import", tmp_path / "shopping list.txt")
    assert_explained(ended, 1, "shopping list.txt", "hint: ")
    assert "eggs" not in ended.err
    assert before == sorted(path.name for path in (vault.folder / "packs").iterdir())


def test_an_export_of_which_something_is_unread_is_3(vault: Vault, tmp_path: Path) -> None:
    export = tmp_path / "two.jsonl"
    export.write_text(
        '{"chatvault":"records","version":1}\n'
        '{"record":"Conversation","id":"c","platform":"telegram","title":"Two","kind":"group"}\n'
        f'{{"record":"Message","id":5,"text":"{CANARY}"}}\n'
        '{"record":"Message","id":"6","conversation_id":"c","sender_id":null,"sent_at":null,'
        '"seq":1,"kind":"text","text":"hello"}\n'
    )
    ended = vault.run("import", export)
    assert 3 == ended.code
    assert re.search(r"\+ +1 kept unread", ended.out)
    assert "two.jsonl, line 3: " in ended.out
    assert CANARY not in ended.out + ended.err


@pytest.mark.parametrize("arguments", [["import"], ["identify"], ["import", "--dry-run"]])
def test_L01_L02_L03_hostile_names_are_written_out(
    vault: Vault, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / HOSTILE).write_text("nothing that anybody exports")
    ended = vault.run(*arguments, tmp_path / HOSTILE)
    assert ended.code in (0, 1)
    assert "\\x1b]52;c;aGk=\\x07\\x0d\\u202egpj.exe" in ended.out + ended.err
    assert set() == set("\x1b\x07\r\u202e") & set(ended.out + ended.err)


def test_L03_a_hostile_argument_is_written_out(sealed: Vault) -> None:
    for arguments in ([HOSTILE], [f"--{HOSTILE}"], ["search", f"--{HOSTILE}"], ["list", HOSTILE]):
        ended = sealed.run(*arguments)
        assert 2 == ended.code
        assert set() == set("\x1b\x07\r\u202e") & set(ended.err)


def test_L03_an_error_is_never_a_wall_of_text(sealed: Vault) -> None:
    ended = sealed.run("search", f"from:{'x' * 5000}")
    assert 2 == ended.code
    assert max(map(len, ended.err.splitlines())) < 250


def test_a_name_that_is_no_text_is_shown_all_the_same(sealed: Vault, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    (tmp_path / name).write_text("nothing that anybody exports")
    ended = sealed.run("identify", tmp_path / name)
    assert (1, "") == (ended.code, ended.out)
    assert "chatvault: caf\ufffd.txt: " in ended.err


@pytest.mark.parametrize("kind", [ValueError, KeyError, RecursionError, AssertionError])
def test_L07_a_bug_tells_its_type_and_place_and_nothing_else(
    sealed: Vault, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise kind(CANARY)

    monkeypatch.setattr(search_service, "search", broken)
    result = in_process("search", CANARY, vault=sealed)
    assert (1, "") == (result.exit_code, result.stdout)
    first, hint = result.stderr.splitlines()
    assert re.fullmatch(rf"chatvault: this is a bug: {kind.__name__} at cli/search.py:\d+.*", first)
    assert hint.startswith("hint: please report")
    assert CANARY not in result.stderr


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (OSError(28, "No space left on device"), 17, "no space left on device\nhint: make room"),
        (PermissionError(13, "Permission denied", "/x/y"), 17, "/x/y: permission denied\nhint: "),
        (MemoryError(), 1, "there is not enough memory\nhint: close other programs"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_what_the_system_does_to_us_is_explained(
    sealed: Vault, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, said: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(search_service, "search", broken)
    result = in_process("search", "x", vault=sealed)
    assert (code, "") == (result.exit_code, result.stdout)
    assert f"chatvault: {said}" in result.stderr
