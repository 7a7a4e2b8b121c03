"""The merge laws on the overlapping pair of exports that every importer has."""

import pytest

import canonical
from cases import CASES, Case
from chatvault.model import Attachment
from chatvault.vault import archive, schema
from chatvault.vault.store import Merger

PAIRS = [
    pytest.param(first, second, id=first.path.parent.name)
    for first in CASES
    for second in CASES
    if (first.path.parent, first.path.name, second.path.name)
    == (second.path.parent, "first", "second")
]


def told(*cases: Case) -> tuple[list[bytes], list[int]]:
    """What an archive knows after these imports, and how many messages of each were known."""
    connection = archive.open_in_memory()
    schema.migrate(connection)
    known = []
    for number, case in enumerate(cases, 1):
        connection.execute(
            "INSERT INTO import (id, import_id, state, name, importer, importer_version, platform,"
            " told, export_digest, started_at)"
            " VALUES (?1, ?1, 'complete', '', 'x', 1, ?2, '{}', ?1, 0)",
            [number, case.importer.INFO.platform],
        )
        merger = Merger(connection, number, file_of=no_file)
        merger.add(case.records())
        merger.flush()
        known.append(merger.tally.known + merger.tally.updated)
    found = list(canonical.lines(connection))
    connection.close()
    return found, known


def no_file(_: Attachment) -> None:
    """Where bytes lie is not what is tested here."""


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_order_of_two_exports_does_not_matter_and_twice_is_once(
    first: Case, second: Case
) -> None:
    one, known = told(first, second)
    other, also_known = told(second, first)
    assert one == other
    assert known[1] > 0  # they do overlap
    assert also_known[1] > 0
    again, _ = told(first, second, first, second)
    assert one == again
