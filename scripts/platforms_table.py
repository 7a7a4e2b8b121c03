"""Write docs/platforms.md, and the table in README.md, from the registry of importers.

`python3 scripts/platforms_table.py [--check]`
"""

from __future__ import annotations

import sys
from typing import get_args

import _environment
from _pages import ROOT, between, write_or_check

_environment.enter("dev")

from chatvault.importers._apps import APPS  # noqa: E402  (only in there)
from chatvault.importers._protocol import Carried, Importer  # noqa: E402  (only in there)
from chatvault.importers.registry import IMPORTERS  # noqa: E402

PAGE = "docs/platforms.md"
README = "README.md"

HEAD = """\
# What can be read

<!-- Written by scripts/platforms_table.py; do not edit. -->

ChatVault reads exports: files that an app or a tool wrote and that you already have. It opens no
app's own database, takes no keys and logs in nowhere. `chatvault identify PATH` says which of these
an export is, and how that is known; nothing has to be told by flags.
"""

INSTEAD = """\
## What is not read, and what to do instead

Databases and backups that apps keep for themselves are not opened, whether they are protected or
not ([why](decisions/0006-no-app-databases.md)); `chatvault identify PATH` recognises them, and also
documents, e-mail, web pages where a better form can be had, and downloads that did not finish, and
says the same as here. An app that is in neither table: [a spreadsheet](platforms/generic-csv.md)
brings its messages in.
"""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def short_table(importers: tuple[Importer, ...], folder: str) -> list[str]:
    """One line per importer: what to give, and what the platform itself leaves out."""
    lines = ["| platform | you give | not in the export |", "| --- | --- | --- |"]
    for info in sorted((one.INFO for one in importers), key=lambda info: info.title.casefold()):
        link = f"[{_cell(info.title)}]({folder}platforms/{info.key}.md)"
        lines.append(f"| {link} | {_cell(info.expects)} | {_cell(info.leaves_out) or '-'} |")
    return lines


def carried_table(importers: tuple[Importer, ...]) -> list[str]:
    """What each kind of export carries beside the text; only columns that somebody fills."""
    infos = sorted((one.INFO for one in importers), key=lambda info: info.key)
    columns = [name for name in get_args(Carried) if any(name in info.carries for info in infos)]
    lines = [f"| importer | {' | '.join(columns)} |", f"| --- |{' :-: |' * len(columns)}"]
    for info in infos:
        marks = " | ".join("yes" if name in info.carries else "-" for name in columns)
        lines.append(f"| `{info.key}` | {marks} |")
    return lines


def seen_table(importers: tuple[Importer, ...]) -> list[str]:
    """Which versions of the apps an importer was written for."""
    infos = sorted((one.INFO for one in importers), key=lambda info: info.key)
    lines = ["| importer | version | written for |", "| --- | ---: | --- |"]
    lines += [f"| `{info.key}` | {info.version} | {_cell(info.seen) or '-'} |" for info in infos]
    return lines


def instead_table() -> list[str]:
    """What to do with the own databases and backups of apps, which are not opened."""
    lines = ["| app | instead of its own database or backup |", "| --- | --- |"]
    for app in sorted(APPS, key=lambda app: app.name.casefold()):
        links = ", ".join(f"[{key}](platforms/{key}.md)" for key in app.keys)
        remedy = _cell(app.remedy).rstrip(".")
        lines.append(f"| {app.name} | {remedy}{f' ({links})' if links else ''} |")
    return lines


def pages(importers: tuple[Importer, ...]) -> dict[str, str]:
    """Every page that holds a table of platforms, by its name."""
    parts = [HEAD, *short_table(importers, ""), ""]
    parts += ["## What the exports carry", "", *carried_table(importers), ""]
    parts += ["## Versions", "", *seen_table(importers)]
    parts += ["", INSTEAD, *instead_table()]
    found = {PAGE: "\n".join(parts) + "\n"}
    readme = ROOT / README
    if readme.exists():
        table = "\n".join(short_table(importers, "docs/")) + "\n"
        found[README] = between(readme.read_text(encoding="utf-8"), "platforms", table)
    return found


if __name__ == "__main__":
    sys.exit(write_or_check(pages(IMPORTERS), sys.argv[1:]))
