"""Where a passphrase may come from, who gets to see it, and what may be one."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from program import PASSPHRASE, PROGRAM, Ended, Vault, environment, run

from chatvault.cli import COMMANDS, _secrets, main
from chatvault.errors import WrongSecret

WORDS = ("passphrase", "secret", "password", "key", "recovery")


def options(command: click.Command) -> list[click.Option]:
    """All options of a command and of what is below it."""
    found = [param for param in command.params if isinstance(param, click.Option)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            found += options(inner) if inner else []
    return found


def private(path: Path, data: bytes) -> Path:
    """A file that only we can read."""
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def script(path: Path, text: str) -> Path:
    """A program that prints a passphrase, or something else."""
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
    path.chmod(0o700)
    return path


def test_L04_no_option_takes_a_secret() -> None:
    named = {
        (name, type(option.type).__name__, option.is_flag)
        for option in options(main)
        for name in option.opts
        if any(word in name for word in WORDS)
    }
    assert {
        ("--passphrase-file", "Path", False),
        ("--new-passphrase-file", "Path", False),
        ("--passphrase-command", "StringParamType", False),
        ("--recovery-kit", "Path", False),
        ("--no-recovery", "BoolParamType", True),
    } == named


def test_L05_the_variable_works_and_no_child_ever_sees_it(vault: Vault, tmp_path: Path) -> None:
    """KEY-10: the worker's environment is in tests/services; here is the passphrase command's."""
    seen = tmp_path / "seen"
    command = script(tmp_path / "ask", f"open({str(seen)!r}, 'w').write(repr(dict(os.environ)))\n"
                                       f"print({PASSPHRASE!r})")  # fmt: skip
    env = vault.locked(CHATVAULT_PASSPHRASE_COMMAND=str(command), CHATVAULT_OTHER="stays")
    assert 0 == run("list", env=env).code
    assert "CHATVAULT_OTHER" in seen.read_text()
    assert "PASSPHRASE" not in seen.read_text()
    assert 0 == run("list", env=vault.env()).code


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@pytest.mark.slow
def test_L06_no_process_ever_has_a_secret_in_its_arguments(empty: Vault, tmp_path: Path) -> None:
    file = private(tmp_path / "pw", f"{PASSPHRASE}\n".encode())
    started = subprocess.Popen(
        [PROGRAM, "import", "--passphrase-file", file, empty.downloads],
        env=empty.locked(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seen: dict[str, bytes] = {}
    while started.poll() is None:
        for folder in _family(started.pid):
            for name in ("cmdline", "environ"):
                try:
                    seen[f"{folder.name} {name}"] = (folder / name).read_bytes()
                except OSError:
                    continue  # it ended, or hides this from others
        time.sleep(0.005)
    assert 0 == started.wait()
    processes = {key.split()[0] for key in seen}
    assert len(processes) >= 2, "the worker was never seen"
    assert [] == [key for key, data in seen.items() if PASSPHRASE.encode() in data]


def _family(pid: int) -> list[Path]:
    """A process and those that it started, in /proc."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        inner = [int(n) for t in threads for n in (t / "children").read_text().split()]
    except OSError:
        return []
    return [Path(f"/proc/{pid}"), *(path for child in inner for path in _family(child))]


def test_L10_without_a_terminal_nothing_is_asked_and_piped_data_is_no_passphrase(
    vault: Vault, tmp_path: Path
) -> None:
    for arguments in (
        ["search", "x"],
        ["import", str(vault.downloads)],
        ["keys", "test"],
        ["keys", "passphrase"],
        ["init", "--no-recovery", "--vault", str(tmp_path / "new")],
    ):
        ended = run(*arguments, env=vault.locked(), given=f"{PASSPHRASE}\n{PASSPHRASE}\n")
        assert (2, "") == (ended.code, ended.out), arguments
        assert "there is no terminal to ask for the passphrase" in ended.err
        assert "--passphrase-file" in ended.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("given", "opens"),
    [
        (PASSPHRASE, True),
        (PASSPHRASE.replace(" ", "\u3000"), True),
        (PASSPHRASE.replace(" ", "\xa0"), True),
        (f"{PASSPHRASE} ", False),
        (PASSPHRASE.capitalize(), False),
        ("x" * 10_000, False),
        ("\udcff", False),
    ],
)
def test_L11_KEY_2_what_opens_a_vault(vault: Vault, given: str, opens: bool) -> None:
    ended = vault.run("list", CHATVAULT_PASSPHRASE=given)
    assert ended.code == 0 if opens else ended.code in (2, 12)
    assert "bug" not in ended.err


@pytest.mark.parametrize(
    ("data", "opens"),
    [
        (b"%s", True),
        (b"%s\n", True),
        (b"%s\r\n", True),
        (b"%s\n\n", False),
        (b" %s\n", False),
        (b"\0%s", False),  # one at the end changes nothing: HMAC fills up with zeros
        (b"\xff%s", False),
        (b"", False),
        (b"\n", False),
    ],
)
def test_L11_KEY_2_exactly_one_line_end_is_taken_off(
    vault: Vault, tmp_path: Path, data: bytes, opens: bool
) -> None:
    text = data.replace(b"%s", PASSPHRASE.encode())
    file = private(tmp_path / "pw", text)
    by_file = run("list", "--passphrase-file", file, env=vault.locked())
    printing = script(tmp_path / "ask", f"sys.stdout.buffer.write({text!r})")
    by_command = run("list", "--passphrase-command", printing, env=vault.locked())
    for ended in (by_file, by_command):
        assert ended.code == 0 if opens else ended.code in (2, 12)
        assert "bug" not in ended.err


@pytest.mark.parametrize("given", ["tab\there", "bell\x07", "wide\u3000space", "hard\xa0space"])
def test_KEY_2_what_cannot_be_typed_everywhere_is_no_new_passphrase(
    tmp_path: Path, given: str
) -> None:
    env = environment(CHATVAULT_PASSPHRASE=given)
    ended = run("init", "--no-recovery", "--vault", tmp_path / "new", env=env)
    assert (2, "") == (ended.code, ended.out)
    assert "cannot be typed everywhere" in ended.err
    assert given not in ended.err
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_KEY_2_an_accent_is_the_same_however_it_was_typed(tmp_path: Path) -> None:
    place = tmp_path / "new"
    for given, arguments in (
        ("cafe\u0301 au lait", ["init", "--no-recovery"]),
        ("caf\xe9 au lait", ["list"]),
        ("cafe\u0301 au lait", ["list"]),
    ):
        env = environment(CHATVAULT_PASSPHRASE=given, CHATVAULT_VAULT=str(place))
        assert 0 == run(*arguments, env=env).code


@pytest.mark.slow
def test_KEY_2_a_weak_passphrase_gets_a_warning_and_six_words(tmp_path: Path) -> None:
    env = environment(CHATVAULT_PASSPHRASE="hunter2")
    ended = run("init", "--no-recovery", "--vault", tmp_path / "new", env=env)
    warning, words, *_ = ended.err.splitlines()
    assert (0, True) == (ended.code, warning.startswith("warning: this passphrase is short"))
    assert 6 == len(words.split())
    assert "hunter2" not in ended.err


def refused_file(vault: Vault, path: Path) -> str:
    """What is said about a passphrase file that is not taken."""
    ended = run("list", "--passphrase-file", path, env=vault.locked())
    assert (2, "") == (ended.code, ended.out)
    return ended.err


def test_L12_only_an_ordinary_file_of_ours_that_nobody_else_can_read(
    vault: Vault, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo", 0o600)
    file = private(tmp_path / "pw", PASSPHRASE.encode())
    (tmp_path / "link").symlink_to(file)
    assert "not an ordinary file" in refused_file(vault, tmp_path / "folder")
    assert "not an ordinary file" in refused_file(vault, tmp_path / "fifo")
    assert "it is a link" in refused_file(vault, tmp_path / "link")
    assert "no such file" in refused_file(vault, tmp_path / "none")
    for mode in (0o640, 0o604, 0o620, 0o602):
        file.chmod(mode)
        said = refused_file(vault, file)
        assert "others can read it" in said
        assert "hint: chmod 600" in said


def test_L12_a_huge_file_is_not_read(vault: Vault, tmp_path: Path) -> None:
    file = private(tmp_path / "huge", b"")
    os.truncate(file, 10 * 1024**3)
    assert "too large" in refused_file(vault, file)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_L12_a_file_of_somebody_else_is_refused(vault: Vault, tmp_path: Path) -> None:
    file = private(tmp_path / "pw", PASSPHRASE.encode())
    os.chown(file, 12345, 12345)
    assert "belongs to somebody else" in refused_file(vault, file)


def asked_by(command: str | Path, vault: Vault) -> Ended:
    return run("list", "--passphrase-command", str(command), env=vault.locked())


def test_L13_a_passphrase_command_that_goes_wrong(vault: Vault, tmp_path: Path) -> None:
    fails = asked_by(script(tmp_path / "fails", "print('half a secret'); sys.exit(3)"), vault)
    assert (12, "chatvault: --passphrase-command: it ended with 3\n") == (fails.code, fails.err)
    silent = asked_by(script(tmp_path / "silent", ""), vault)
    assert (12, True) == (silent.code, "it printed no passphrase" in silent.err)
    none = asked_by(tmp_path / "none", vault)
    assert (17, True) == (none.code, "it cannot be started" in none.err)
    unclosed = asked_by("printf 'x", vault)
    assert (17, True) == (unclosed.code, "it cannot be started" in unclosed.err)


def test_L13_a_command_that_prints_without_end_is_stopped(vault: Vault, tmp_path: Path) -> None:
    flood = script(tmp_path / "flood", "while True: sys.stdout.write('x' * 65536)")
    ended = asked_by(flood, vault)
    assert (12, True) == (ended.code, "it printed more than a passphrase" in ended.err)


@pytest.mark.parametrize("hangs", ["time.sleep(60)", "os.close(1); time.sleep(60)"])
def test_L13_a_command_that_hangs_is_ended(tmp_path: Path, hangs: str) -> None:
    pid = tmp_path / "pid"
    command = script(
        tmp_path / "hangs", f"open({str(pid)!r}, 'w').write(str(os.getpid()))\n{hangs}"
    )
    start = time.monotonic()
    with pytest.raises(WrongSecret, match="it did not end within 1 s"):
        _secrets._from_command(str(command), seconds=1)
    assert time.monotonic() - start < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_L13_a_command_gets_no_shell_and_nothing_to_read(vault: Vault, tmp_path: Path) -> None:
    made = tmp_path / "made"
    assert 12 == asked_by(f"printf nothing; touch {made}", vault).code
    assert not made.exists()
    reads = script(tmp_path / "reads", f"print(sys.stdin.read() or {PASSPHRASE!r})")
    assert 0 == asked_by(reads, vault).code


@pytest.mark.parametrize("library", ["cryptography", "sqlite3", "click", "chatvault", "pathlib"])
def test_L15_a_folder_with_a_file_named_like_a_library_is_harmless(
    vault: Vault, tmp_path: Path, library: str
) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / f"{library}.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    assert 0 == run("list", env=vault.env(), cwd=trap).code
    if library not in ("chatvault", "pathlib"):  # these `-m` itself looks for
        done = subprocess.run(
            [sys.executable, "-m", "chatvault", "list"], env=vault.env(), cwd=trap
        )
        assert 0 == done.returncode
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["--passphrase-file", "FILE"], {"CHATVAULT_PASSPHRASE": PASSPHRASE}),
        (["--passphrase-file", "FILE", "--passphrase-command", "echo x"], {}),
        ([], {"CHATVAULT_PASSPHRASE": PASSPHRASE, "CHATVAULT_PASSPHRASE_COMMAND": "echo x"}),
        ([], {"CHATVAULT_PASSPHRASE": PASSPHRASE, "CHATVAULT_PASSPHRASE_FILE": "FILE"}),
    ],
)
def test_KEY_10_two_sources_at_once_are_an_error(
    vault: Vault, tmp_path: Path, arguments: list[str], env: dict[str, str]
) -> None:
    file = private(tmp_path / "pw", PASSPHRASE.encode())
    arguments = [str(file) if text == "FILE" else text for text in arguments]
    env = {name: str(file) if text == "FILE" else text for name, text in env.items()}
    ended = run("list", *arguments, env=vault.locked(**env))
    assert (2, "") == (ended.code, ended.out)
    assert "the passphrase is given in two ways" in ended.err
    assert PASSPHRASE not in ended.err


@pytest.mark.parametrize("name", ["", "_FILE", "_COMMAND"])
def test_KEY_10_a_variable_is_gone_once_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = private(tmp_path / "pw", PASSPHRASE.encode())
    value = {"": PASSPHRASE, "_FILE": str(file), "_COMMAND": f"cat {file}"}[name]
    monkeypatch.setenv(f"CHATVAULT_PASSPHRASE{name}", value)
    assert PASSPHRASE == _secrets.read_secret(_secrets.SecretOptions())
    assert [] == [variable for variable in os.environ if "PASSPHRASE" in variable]


def test_a_recovery_key_and_the_whole_kit_open_the_vault(vault: Vault, tmp_path: Path) -> None:
    typed = " ".join(vault.recovery[n : n + 8] for n in range(0, 74, 8)).lower()
    kit = private(tmp_path / "kit.txt", f"ChatVault\n\n    {vault.recovery}\n\nKeep it.\n".encode())
    for arguments, env in (
        ([], vault.locked(CHATVAULT_PASSPHRASE=vault.recovery)),
        ([], vault.locked(CHATVAULT_PASSPHRASE=typed)),
        (["--passphrase-file", str(kit)], vault.locked()),
    ):
        ended = run("keys", "test", *arguments, env=env)
        assert (0, "it opens the vault (keys/recovery.age)\n") == (ended.code, ended.out)


@pytest.mark.slow
def test_the_recovery_kit_is_private_new_and_outside_the_vault(tmp_path: Path) -> None:
    env = environment(CHATVAULT_PASSPHRASE=PASSPHRASE, CHATVAULT_VAULT=str(tmp_path / "new"))
    inside = run("init", "--recovery-kit", tmp_path / "new/kit.txt", env=env)
    assert (2, True) == (inside.code, "may not lie inside the vault" in inside.err)
    (tmp_path / "taken.txt").write_text("mine")
    taken = run("init", "--recovery-kit", tmp_path / "taken.txt", env=env)
    assert (2, "mine") == (taken.code, (tmp_path / "taken.txt").read_text())
    assert not (tmp_path / "new").exists()
    made = run("init", "--recovery-kit", tmp_path / "kit.txt", env=env)
    assert 0 == made.code
    assert 0o600 == stat.S_IMODE((tmp_path / "kit.txt").stat().st_mode)
    assert "AGE-SECRET-KEY-1" in (tmp_path / "kit.txt").read_text()
    assert "AGE-SECRET-KEY-1" not in made.out + made.err


@pytest.mark.slow
def test_a_passphrase_can_be_changed_and_the_recovery_key_too(vault: Vault, tmp_path: Path) -> None:
    new = private(tmp_path / "new", b"nine brown otters swim home\n")
    changed = vault.run("keys", "passphrase", "--new-passphrase-file", new)
    assert (0, "the passphrase is changed\n") == (changed.code, changed.out)
    assert 12 == vault.run("list").code
    kit = tmp_path / "kit.txt"
    other = run("keys", "recovery", "--recovery-kit", kit, "--passphrase-file", new,
                env=vault.locked())  # fmt: skip
    assert (0, "the recovery key is changed\n") == (other.code, other.out)
    assert 12 == vault.run("list", CHATVAULT_PASSPHRASE=vault.recovery).code
    assert 0 == run("list", "--passphrase-file", kit, env=vault.locked()).code
    assert "Copies of the vault made before still open with the old one." in other.err


def test_every_command_that_opens_a_vault_takes_the_passphrase_in_the_same_ways() -> None:
    without = {"platforms", "identify", "completion", "info", "keys", "imports"}
    context = click.Context(main)
    for name in COMMANDS.keys() - without:
        command = main.get_command(context, name)
        assert command is not None
        names = {opt for option in options(command) for opt in option.opts}
        assert {"--vault", "--passphrase-file", "--passphrase-command"} <= names, name
