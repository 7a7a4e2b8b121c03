"""Fragments become a section of the changelog; a fragment that is none is named."""

import runpy
from pathlib import Path

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).resolve().parent.parent / "scripts/changelog.py"))


def test_a_section_holds_every_fragment_once_security_first(tmp_path: Path) -> None:
    (tmp_path / "zip-bombs.security.md").write_text("ChatVault now refuses\nbombs.\n", "utf-8")
    (tmp_path / "line.added.md").write_text("ChatVault now reads LINE.\n", "utf-8")
    assert SCRIPT["section"]("1.2.0", "2026-12-01", tmp_path).splitlines() == [
        "## 1.2.0 (2026-12-01)",
        "",
        "### Security",
        "",
        "* ChatVault now refuses bombs.",
        "",
        "### Added",
        "",
        "* ChatVault now reads LINE.",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("line.news.md", "ChatVault now reads LINE."),
        ("Line.added.md", "ChatVault now reads LINE."),
        ("line.added.md", "reads LINE"),
        ("line.added.md", ""),
        ("line.added.md", "ChatVault now reads LINE. " * 30),
    ],
)
def test_a_malformed_fragment_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert [name] == [found.split(":")[0] for found in SCRIPT["complaints"](tmp_path)]


def test_a_good_fragment_gets_no_complaint(tmp_path: Path) -> None:
    (tmp_path / "line.added.md").write_text("ChatVault now reads LINE.\n", "utf-8")
    assert [] == SCRIPT["complaints"](tmp_path)
