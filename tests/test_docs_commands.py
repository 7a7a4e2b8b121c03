"""What the pages show is what happens: every `$ chatvault ...` line in a `console` block runs, in
order, in an empty folder that holds the demo exports, and what stands below it is what appears."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from chatvault.services.demo import demo_exports

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PASSPHRASE = "otter piano quartz meadow lantern comet"


def sessions():
    for page in PAGES:
        if blocks := BLOCK.findall(page.read_text(encoding="utf-8")):
            yield pytest.param(blocks, id=page.relative_to(ROOT).as_posix())


def commands(blocks):
    """Pairs of a command and what is shown below it; a line `...` stands for any lines."""
    for block in blocks:
        command, shown = "", None
        for line in block.splitlines():
            if line.startswith("$ "):
                if shown is not None:
                    yield command, shown
                command, shown = line[2:], []
            elif shown is not None:
                shown.append(line)
        if shown is not None:
            yield command, shown


def pattern(shown):
    """What is shown, as an expression: `...` alone on a line is anything."""
    lines = "\n".join(shown).strip("\n")
    parts = re.split(r"^\.\.\.$", lines, flags=re.MULTILINE)
    return re.compile(".*?".join(re.escape(part) for part in parts) + r"\s*", re.DOTALL)


@pytest.mark.parametrize("blocks", list(sessions()))
def test_commands_on_a_page_do_what_the_page_shows(blocks, tmp_path):
    for name, data in demo_exports().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    environment = {
        **os.environ,
        "CHATVAULT_VAULT": str(tmp_path / "family.chatvault"),
        "CHATVAULT_PASSPHRASE": PASSPHRASE,
        "TZ": "Asia/Singapore",
        "PYTHONIOENCODING": "utf-8",
        "HOME": str(tmp_path),
    }
    for command, shown in commands(blocks):
        words = shlex.split(command)
        assert "chatvault" == words[0], "a console block holds only our own commands"
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, encoding="utf-8", check=False,
        )  # fmt: skip
        assert done.returncode in (0, 3), f"{command}\n{done.stdout}"
        if shown:
            assert pattern(shown).fullmatch(done.stdout), f"{command}\n{done.stdout}"


def test_a_page_that_shows_something_else_is_noticed():
    assert not pattern(["1 message"]).fullmatch("2 messages\n")
    assert pattern(["1 message", "...", "end"]).fullmatch("1 message\nx\ny\nend\n")


def test_the_first_page_has_a_session():
    assert BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
