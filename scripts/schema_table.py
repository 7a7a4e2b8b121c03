"""Write the tables of archive.db into docs/format.md: `python3 scripts/schema_table.py [--check]`.

They are read from an empty archive, so the page shows what ChatVault really makes; what a column
means stands behind it as a comment in the CREATE statement.
"""

from __future__ import annotations

import re
import sys

import _environment
from _pages import ROOT, between, write_or_check

_environment.enter("dev")

from chatvault.vault import archive, schema  # noqa: E402  (only in there)

PAGE = "docs/format.md"
MARKER = "tables"

# What a table is for. Tables that are not named here are ours or SQLite's and not on the page.
TABLES = {
    "message": "One row for each message, however many exports told it.",
    "conversation": "Where messages are exchanged.",
    "conversation_title": "All titles a conversation was told under.",
    "conversation_extra": "What else exports said of a conversation.",
    "participant": "One identity on one platform.",
    "participant_name": "All names, aliases and handles of a participant.",
    "conversation_participant": "Who is in which conversation.",
    "person": "The human behind several participants, as the owner said.",
    "attachment": "A file that belongs to a message, whether an export had it or not.",
    "reaction": "What somebody stuck to a message.",
    "message_version": "Other texts of a message, as other exports told it.",
    "message_extra": "Fields of the export that ChatVault did not understand.",
    "extra_dictionary": "For `message_extra`: `zstd -d -D DICTIONARY`.",
    "id_scope": "Within what a platform's message ids are unique.",
    "message_other_id": "Ids that messages of merged conversations have besides.",
    "decision": "What the owner decided, but for imports that were undone.",
    "import": "One row for each import.",
    "message_import": "Which imports told which messages.",
    "problem": "What could not be read, kept whole.",
    "pack": "One row for each pack.",
    "stored_file": "One row for each file in the packs; equal files are stored once.",
    "source_file": "The files of every export, and where their bytes are.",
    "photo": "What pictures say of themselves and look like; `import` and `rebuild` fill it.",
    "thumbnail": "Small pictures. Not filled yet.",
    "meta": "Facts about the archive.",
}

HEAD = ("| column | type | meaning |", "| --- | --- | --- |")
COLUMN = re.compile(r" {4}(\w+) (INTEGER|TEXT|BLOB|REAL|ANY)\b([^-]*?),?(?: *-- (.*))?")
TARGET = re.compile(r"REFERENCES (\w+)\((\w+)\)")


def statements() -> dict[str, str]:
    """The CREATE statement of every table in an empty archive."""
    connection = archive.open_in_memory()
    try:
        schema.migrate(connection)
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        return dict(rows.fetchall())
    finally:
        connection.close()


def table(name: str, sql: str) -> list[str]:
    """The part of the page about one table."""
    lines = [f"#### {name}", "", TABLES[name], "", *HEAD]
    keys = []
    for line in sql.split("\n")[1:-1]:
        found = COLUMN.fullmatch(line)
        if found is None:
            keys.append(line.strip(" ,"))
            continue
        column, kind, rest, told = found.groups()
        optional = "NOT NULL" not in rest and "PRIMARY KEY" not in rest
        meaning = [told] if told else []
        if target := TARGET.search(rest):
            meaning.append(f"row of `{target[1]}`" if target[2] == "id" else f"`{target[1]}`")
        elif "PRIMARY KEY" in rest and not told:
            meaning.append("the row's number")
        if "UNIQUE" in rest:
            meaning.append("unique")
        shown = "; ".join(meaning).replace("|", "\\|") or "-"
        lines.append(f"| `{column}` | {kind.lower()}{' or null' if optional else ''} | {shown} |")
    lines += ["", *[f"`{key}`" for key in keys]]
    return [*lines, ""] if keys else lines


def tables() -> str:
    """The marked part of the page."""
    found = statements()
    lines: list[str] = []
    for name in TABLES:
        lines += table(name, found[name])
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    sys.exit(write_or_check({PAGE: between(page, MARKER, tables())}, sys.argv[1:]))
