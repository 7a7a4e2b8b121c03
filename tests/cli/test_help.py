"""Help for everybody who asks, and for everybody who mistypes."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from program import PROGRAM, Vault, environment, run

from chatvault.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parent.parent.parent


def commands(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its full name."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, *path, name)


ALL = dict(commands(main))
GROUPS = [path for path, command in ALL.items() if isinstance(command, click.Group)]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_says_what_it_does_and_shows_an_example(path: tuple[str, ...]) -> None:
    command = ALL[path]
    assert command.help
    assert command.help.splitlines()[0].endswith((".", ":"))
    assert (command.epilog or "").startswith("Example: chatvault " + " ".join(path)) or (
        path == ("completion",) and "chatvault completion bash" in (command.epilog or "")
    )


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_says_what_it_is_for(path: tuple[str, ...]) -> None:
    silent = [
        option.opts
        for option in ALL[path].params
        if isinstance(option, click.Option) and not option.help
    ]
    assert [] == silent


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_example_of_every_command_is_one_that_parses(path: tuple[str, ...]) -> None:
    """Only the parsing: what it does is tested where it is done."""
    example = (ALL[path].epilog or "").removeprefix("Example: ")
    for line in example.split("; "):
        words = re.findall(r"'[^']*'|\"[^\"]*\"|\S+", line)
        if words[0] != "chatvault" or isinstance(ALL[path], click.Group):
            continue
        given = [word.strip("'\"") for word in words[1 + len(path) :]]
        ALL[path].make_context(" ".join(path), given)


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_nothing_asked_is_answered_with_the_help(path: tuple[str, ...]) -> None:
    bare = run(*path)
    asked = run(*path, "-h")
    assert (0, "") == (bare.code, bare.err)
    assert bare == asked
    assert "Commands:" in bare.out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(["serch"], "search"), (["imprt"], "import"), (["keys", "pasphrase"], "passphrase"),
     (["restore", "medai"], "media"), (["imports", "unod"], "undo")],
)  # fmt: skip
def test_a_mistyped_command_gets_the_nearest_one(typed: list[str], meant: str) -> None:
    ended = run(*typed)
    assert (2, "") == (ended.code, ended.out)
    assert f"did you mean {meant}?" in ended.err


def test_what_is_like_nothing_gets_no_suggestion() -> None:
    ended = run("xyzzy")
    assert "chatvault: there is no command 'xyzzy'\n" == ended.err.splitlines(keepends=True)[0]


@pytest.mark.parametrize("path", [p for p in ALL if p and p not in GROUPS], ids=" ".join)
def test_a_mistyped_option_gets_the_nearest_one(path: tuple[str, ...]) -> None:
    known = [opt for param in ALL[path].params for opt in param.opts if opt.startswith("--")]
    for option in known[:1]:
        ended = run(*path, option + "x")
        assert 2 == ended.code
        assert f"did you mean {option}" in ended.err


def test_a_word_that_is_left_out_of_a_search_is_no_option(sealed: Vault) -> None:
    with_it = sealed.run("search", "--json", "北京")
    without = sealed.run("search", "北京", "-秋天", "--json")
    helping = sealed.run("search", "北京", "-hello", "--limit", "5", "--json")
    assert [2, 1, 2] == [found.out.count('"conversation"') for found in (with_it, without, helping)]


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"chatvault, version [0-9][0-9a-z.]*\n", run("--version").out)


def test_every_command_is_on_the_page_with_an_example() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    for path in ALL:
        if path:
            heading = f"## chatvault {' '.join(path)}\n"
            assert heading in page
            body = page[page.index(heading) + len(heading) :].partition("\n## ")[0]
            assert "```sh\n" in body, path


def completed(line: str, word: int) -> list[str]:
    """What bash is told to offer."""
    ended = run(
        env=environment(_CHATVAULT_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(word))
    )
    return [offer.partition(",")[2] for offer in ended.out.splitlines()]


def test_the_shell_is_told_commands_options_and_choices() -> None:
    assert ["search"] == completed("chatvault se", 1)
    assert set(COMMANDS) <= set(completed("chatvault ", 1))
    assert ["people"] == completed("chatvault list pe", 2)
    assert ["--before"] == completed("chatvault search --bef", 2)
    assert ["newest"] == completed("chatvault search --sort new", 3)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_the_shell_is_printed(shell: str) -> None:
    ended = run("completion", shell)
    assert (0, "") == (ended.code, ended.err)
    assert "_CHATVAULT_COMPLETE" in ended.out


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
def test_bash_takes_the_script_and_completes() -> None:
    session = """
        eval "$(chatvault completion bash)"
        COMP_WORDS=(chatvault ver) COMP_CWORD=1
        _chatvault_completion chatvault
        echo "offered: ${COMPREPLY[*]}"
    """
    path = f"{PROGRAM.parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["/bin/bash", "--norc", "-c", session],
        env=environment(PATH=path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "offered: verify\n" == done.stdout
