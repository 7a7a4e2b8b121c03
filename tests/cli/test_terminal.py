"""On a terminal: what is asked, what is drawn, and what Ctrl-C does."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from program import PASSPHRASE, PROGRAM, STYLING, Terminal, Vault, environment, run

from chatvault.services import cells

KEY = re.compile(r"AGE-SEC[A-Z0-9 -]+")


def shown_key(terminal: Terminal) -> str:
    """The recovery key on the screen."""
    lines = [line.strip() for line in terminal.shown.splitlines()]
    start = next(n for n, line in enumerate(lines) if line.startswith("AGE-SECR"))
    end = next(n for n in range(start, len(lines)) if not lines[n])
    return " ".join(lines[start:end])


def begin_init(folder: Path) -> Terminal:
    """`init` up to where the recovery key is shown."""
    terminal = Terminal("init", env=environment(CHATVAULT_VAULT=str(folder)))
    terminal.wait_for("New passphrase: ")
    terminal.type(PASSPHRASE)
    terminal.wait_for("The same again: ")
    terminal.type(PASSPHRASE)
    terminal.wait_for("Type its third group: ")
    return terminal


@pytest.mark.slow
def test_KEY_4_init_shows_the_recovery_key_and_has_two_parts_typed_back(tmp_path: Path) -> None:
    terminal = begin_init(tmp_path / "new")
    key = shown_key(terminal)
    groups = key.split()
    terminal.type(f" {groups[2].lower()[:4]} {groups[2][4:]} ")  # case and spaces do not matter
    terminal.wait_for("Type its last but one group: ")
    assert not (tmp_path / "new").exists()
    terminal.type(groups[-2])
    assert 0 == terminal.end()
    assert f"made the vault {tmp_path / 'new'}\n" in terminal.shown
    assert PASSPHRASE not in terminal.shown
    assert 1 == terminal.shown.count(groups[4])
    env = environment(CHATVAULT_VAULT=str(tmp_path / "new"), CHATVAULT_PASSPHRASE=key)
    assert "keys/recovery.age" in run("keys", "test", env=env).out


@pytest.mark.parametrize("group", ["third", "last but one"])
def test_KEY_4_a_wrong_group_makes_nothing(tmp_path: Path, group: str) -> None:
    terminal = begin_init(tmp_path / "new")
    if group == "last but one":
        terminal.type(shown_key(terminal).split()[2])
        terminal.wait_for("Type its last but one group: ")
    terminal.type("QQQQQQQQ")
    assert 2 == terminal.end()
    assert "chatvault: that is not what stands there\nhint: nothing was changed" in terminal.shown
    assert not (tmp_path / "new").exists()


def test_KEY_4_without_a_recovery_key_a_sentence_has_to_be_typed(tmp_path: Path) -> None:
    env = environment(CHATVAULT_VAULT=str(tmp_path / "new"), CHATVAULT_PASSPHRASE=PASSPHRASE)
    terminal = Terminal("init", "--no-recovery", env=env)
    terminal.wait_for('Type "without a recovery key"')
    terminal.type("yes")
    assert 2 == terminal.end()
    assert not (tmp_path / "new").exists()


def test_two_different_passphrases_make_nothing(tmp_path: Path) -> None:
    terminal = Terminal("init", env=environment(CHATVAULT_VAULT=str(tmp_path / "new")))
    terminal.wait_for("New passphrase: ")
    terminal.type("seven grey herons wade slowly")
    terminal.wait_for("The same again: ")
    terminal.type("seven grey herons wade slowy")
    assert 2 == terminal.end()
    assert "the two are not the same" in terminal.shown
    assert not (tmp_path / "new").exists()


def test_a_passphrase_that_cannot_be_one_is_told_before_the_recovery_key_is_shown(
    tmp_path: Path,
) -> None:
    terminal = Terminal("init", env=environment(CHATVAULT_VAULT=str(tmp_path / "new")))
    terminal.wait_for("New passphrase: ")
    terminal.type("seven grey\u3000herons")
    terminal.wait_for("The same again: ")
    terminal.type("seven grey\u3000herons")
    assert 2 == terminal.end()
    assert "cannot be typed everywhere" in terminal.shown
    assert "AGE-SECR" not in terminal.shown


def test_a_taken_folder_is_told_before_anything_is_asked(vault: Vault) -> None:
    terminal = Terminal("init", env=vault.locked())
    assert 2 == terminal.end()
    assert "exists and is not empty" in " ".join(terminal.shown.split())
    assert "assphrase:" not in terminal.shown


def test_KEY_10_the_passphrase_is_asked_for_unseen(sealed: Vault) -> None:
    terminal = Terminal("list", "people", env=sealed.locked())
    terminal.wait_for("Passphrase: ")
    terminal.type(PASSPHRASE)
    assert 0 == terminal.end()
    assert "Ottilie Marsh" in terminal.shown
    assert PASSPHRASE not in terminal.shown


def test_a_wrong_passphrase_on_a_terminal_is_12(sealed: Vault) -> None:
    terminal = Terminal("list", env=sealed.locked())
    terminal.wait_for("Passphrase: ")
    terminal.type("nobody knows")
    assert 12 == terminal.end()
    assert "does not open the vault\nhint: check the keyboard layout" in terminal.shown


def test_ctrl_c_at_the_prompt_is_130_and_leaves_the_terminal_as_it_was(sealed: Vault) -> None:
    terminal = Terminal("list", env=sealed.locked())
    terminal.wait_for("Passphrase: ")
    terminal.send_signal(signal.SIGINT)
    assert 130 == terminal.end()
    assert "chatvault: interrupted" in terminal.shown


@pytest.mark.parametrize("columns", [40, 60, 80, 140])
@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "people"], ["list", "media"], ["platforms"], ["show", "149"]]
)
def test_nothing_is_wider_than_the_terminal(
    sealed: Vault, arguments: list[str], columns: int
) -> None:
    terminal = Terminal(*arguments, env=sealed.env(), columns=columns)
    assert 0 == terminal.end()
    assert [] == [line for line in terminal.shown.splitlines() if cells.width(line) > columns]


def test_columns_stand_below_their_heads(sealed: Vault) -> None:
    terminal = Terminal("list", env=sealed.env(), columns=140)
    assert 0 == terminal.end()
    head, *rows = terminal.shown.splitlines()
    place = head.index("kind")
    kinds = set()
    for row in rows:
        cut = next(n for n in range(len(row)) if cells.width(row[:n]) == place)
        kinds.add(row[cut:].split()[0])
    assert {"direct", "group"} == kinds


def test_a_narrow_terminal_gets_one_value_a_line(sealed: Vault) -> None:
    terminal = Terminal("list", env=sealed.env(), columns=40)
    assert 0 == terminal.end()
    assert "title     老吴\n" in terminal.shown
    assert "messages  36\n" in terminal.shown


def test_what_was_found_is_marked_with_colour_or_without(sealed: Vault) -> None:
    coloured = Terminal("search", "北京", env=sealed.env())
    assert 0 == coloured.end()
    assert "我们去\x1b[33m\x1b[1m北京\x1b[0m看你" in coloured.raw
    plain = Terminal("search", "北京", env=sealed.env(NO_COLOR="1"))
    assert 0 == plain.end()
    assert "我们去[北京]看你" in plain.raw
    assert None is STYLING.search(plain.raw)


def test_progress_is_shown_on_terminals_only(empty: Vault) -> None:
    terminal = Terminal("import", empty.downloads / "周末爬山.jsonl", env=empty.env(), columns=60)
    assert 0 == terminal.end()
    assert "reading messages" in terminal.shown
    quiet = empty.run("import", empty.downloads / "WeFlow")
    assert (0, False) == (quiet.code, "reading" in quiet.err)


def test_progress_counts_what_is_counted(sealed: Vault) -> None:
    terminal = Terminal("verify", "--full", env=sealed.env())
    assert 0 == terminal.end()
    for what in ("checking packs", "checking files"):
        assert re.search(rf"{what}.* \d+ of \d+ ", terminal.shown)


@pytest.fixture
def long_export(tmp_path: Path) -> Path:
    """An export whose import takes a while."""
    lines = [
        '{"chatvault":"records","version":1}',
        '{"record":"Conversation","id":"c","platform":"telegram","title":"Long","kind":"group"}',
    ]
    lines += [
        f'{{"record":"Message","id":"{n}","conversation_id":"c","sender_id":null,"sent_at":null,'
        f'"seq":{n},"kind":"text","text":"message number {n}"}}'
        for n in range(30_000)
    ]
    path = tmp_path / "long.jsonl"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.slow
@pytest.mark.guarantee
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_DUR_9_a_signal_ends_an_import_with_130_and_it_can_go_on(
    empty: Vault, long_export: Path, number: signal.Signals
) -> None:
    for seconds in (0.4, 0.9, 1.4):
        started = subprocess.Popen(
            [PROGRAM, "import", long_export],
            env=empty.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(seconds)
        started.send_signal(number)
        out, err = started.communicate(timeout=60)
        if started.returncode == 0:
            break  # it was done already
        assert (130, "") == (started.returncode, out)
        assert "chatvault: interrupted" in err
        assert "Traceback" not in err
        assert empty.run("verify").code in (0, 3)
    done = empty.run("import", long_export)
    assert 0 == done.code
    assert "30,000 in the export" in done.out
    verified = empty.run("verify", "--full")
    assert (0, True) == (verified.code, "30,000 messages" in verified.out)


@pytest.mark.slow
def test_DUR_9_a_terminals_ctrl_c_reaches_the_worker_too_and_is_no_damage(
    empty: Vault, long_export: Path
) -> None:
    """A terminal sends SIGINT to the whole group: the worker's end must not look like an export
    that breaks off."""
    terminal = Terminal("import", long_export, env=empty.env())
    terminal.wait_for("reading messages")
    terminal.type("\x03")
    assert 130 == terminal.end()
    assert "hint: the vault is whole; import the same again to go on" in terminal.shown
    done = empty.run("import", long_export)
    assert 0 == done.code
    assert re.search(r"\+ +0 kept unread", done.out)


def test_DUR_9_a_second_signal_ends_it_at_once(empty: Vault, long_export: Path) -> None:
    started = subprocess.Popen(
        [PROGRAM, "import", long_export], env=empty.env(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(0.8)
    started.send_signal(signal.SIGTERM)
    started.send_signal(signal.SIGTERM)
    assert 130 == started.wait(10)
    assert empty.run("verify").code in (0, 3)


def test_what_was_to_be_ignored_is_ignored(empty: Vault) -> None:
    """`nohup`: the terminal goes away, the import does not."""
    done = subprocess.run(
        ["/bin/sh", "-c", "trap '' HUP; \"$0\" import \"$1\" & sleep 0.5; kill -HUP $!; wait $!",
         PROGRAM, empty.downloads / "WeFlow"],
        env=empty.env(), stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    assert 0 == done.returncode


def test_what_is_said_on_a_narrow_terminal_ends_between_words(sealed: Vault) -> None:
    terminal = Terminal("search", "has:photo", "--limit", "2", env=sealed.env(), columns=30)
    assert 0 == terminal.end()
    lines = terminal.shown.splitlines()
    assert all(cells.width(line) <= 30 for line in lines)
    assert "a message in its place:" in lines
