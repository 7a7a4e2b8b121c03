"""Generated pages: write them, or with --check say whether they are up to date."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_or_check(pages: dict[str, str], arguments: list[str]) -> int:
    """Exit code: 0 when written or up to date, 1 when a page is stale, 2 for a wrong call."""
    if arguments not in ([], ["--check"]):
        print("usage: [--check]", file=sys.stderr)
        return 2
    stale = [name for name, text in pages.items() if _on_disk(ROOT / name) != text]
    if arguments:
        for name in stale:
            print(f"{name} is out of date: run {sys.argv[0]} without --check", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).write_text(pages[name], encoding="utf-8", newline="\n")
        print(f"wrote {name}")
    return 0


def between(text: str, marker: str, new: str) -> str:
    """The text with what stands between `<!-- marker -->` and `<!-- /marker -->` replaced."""
    start, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    head, found, rest = text.partition(start)
    _, closed, tail = rest.partition(end)
    return head + start + new + end + tail if found and closed else text


def _on_disk(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
