"""Join changelog.d/ into CHANGELOG.md: `python3 scripts/changelog.py VERSION DATE`.

With --check it only says whether every fragment is well formed. A fragment is a file
`<slug>.<added|changed|fixed|security>.md` of one to three sentences for users.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAGMENTS = ROOT / "changelog.d"
CHANGELOG = ROOT / "CHANGELOG.md"
TITLE = "# Changelog\n"
KINDS = ("security", "added", "changed", "fixed")
NAME = re.compile(rf"[a-z0-9][a-z0-9-]*\.({'|'.join(KINDS)})\.md")
LONGEST = 600  # characters; more is documentation, not news


def complaints(folder: Path = FRAGMENTS) -> list[str]:
    """What is wrong with the fragments, one line each."""
    found = []
    for path in sorted(folder.iterdir()):
        text = path.read_text(encoding="utf-8").strip()
        if not NAME.fullmatch(path.name):
            found.append(f"{path.name}: the name must be <slug>.<{'|'.join(KINDS)}>.md")
        elif not text.endswith((".", "!", "`")):
            found.append(f"{path.name}: must be whole sentences")
        elif len(text) > LONGEST:
            found.append(f"{path.name}: longer than {LONGEST} characters")
    return found


def section(version: str, date: str, folder: Path = FRAGMENTS) -> str:
    """The section of one release, newest kinds of news first."""
    lines = [f"## {version} ({date})", ""]
    for kind in KINDS:
        paths = sorted(folder.glob(f"*.{kind}.md"))
        if paths:
            lines += [f"### {kind.capitalize()}", ""]
            lines += [f"* {' '.join(path.read_text(encoding='utf-8').split())}" for path in paths]
            lines += [""]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Exit code of the script."""
    found = complaints()
    for complaint in found:
        print(complaint, file=sys.stderr)
    if found or arguments == ["--check"]:
        return 1 if found else 0
    if len(arguments) != 2 or not re.fullmatch(r"\d{4}-\d\d-\d\d", arguments[1]):
        print("usage: changelog.py VERSION YYYY-MM-DD | --check", file=sys.stderr)
        return 2
    older = CHANGELOG.read_text(encoding="utf-8") if CHANGELOG.exists() else TITLE
    new = section(*arguments)
    CHANGELOG.write_text(f"{TITLE}\n{new}{older.removeprefix(TITLE)}", encoding="utf-8")
    for path in sorted(FRAGMENTS.glob("*.md")):
        path.unlink()
    print(new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
