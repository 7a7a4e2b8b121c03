"""docs/add-an-importer.md is followed word by word in a copy of the checkout, and it works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/add-an-importer.md"
# "`path`:" alone on a line, or with words behind the path, and the block below it.
NAMED = re.compile(
    r"^`([^`\n]+/[^`\n]+)`([^:\n]*):\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
LAWS = ("golden", "contract", "mutations", "nothing_lost", "overlapping_exports")
# Exports of other apps are not needed, and reading them would take most of the time.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "__pycache__", ".*_cache", ".hypothesis", "fixtures", "vectors"
)


def blocks() -> dict[str, tuple[str, str]]:
    """Path to what is said behind it and the text of its block."""
    found = {
        path: (said.strip(), text) for path, said, text in NAMED.findall(PAGE.read_text("utf-8"))
    }
    assert 12 <= len(found)
    return found


def with_line(text: str, diff: str) -> str:
    """A file with the added line of a diff wherever the lines around it stand."""
    before, added, after = (line[1:] for line in diff.splitlines())
    assert 2 == text.count(f"{before}\n{after}\n")
    return text.replace(f"{before}\n{after}\n", f"{before}\n{added}\n{after}\n")


@pytest.mark.slow
def test_the_page_adds_an_importer(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command], cwd=checkout, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(checkout)},
        )  # fmt: skip

    made = {}
    for name, (said, text) in blocks().items():
        path = checkout / name
        if said:
            made[path] = text
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "registry.py":
            text = with_line(path.read_text("utf-8"), text)
        path.write_text(text, encoding="utf-8")
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    pigeon = (*tests, *(f"tests/importers/test_{law}.py" for law in LAWS), "-k", "pigeon")
    first = run(*pigeon, "--update-golden")
    assert "4 failed" in first.stdout, first.stdout  # the golden files were not there
    second = run(*pigeon)
    assert 0 == second.returncode, second.stdout
    assert 70 < int(re.findall(r"^([0-9]+) passed", second.stdout, re.MULTILINE)[0])
    assert {path: path.read_text("utf-8") for path in made} == made
    assert 0 == run("scripts/platforms_table.py").returncode
    pages = run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_docs.py", "-k", "importer"
    )
    assert 0 == pages.returncode, pages.stdout
    known = run("-m", "chatvault", "platforms", "--json")
    assert "pigeon-post" in known.stdout
    for tool in (
        ("-m", "ruff", "check"),
        ("-m", "ruff", "format", "--check"),
    ):
        checked = run(*tool, "chatvault/importers/pigeon_post.py")
        assert 0 == checked.returncode, checked.stdout
