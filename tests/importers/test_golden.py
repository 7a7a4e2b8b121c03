"""What each importer yields, record by record."""

import msgspec
import pytest

from cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_records_match_the_golden_file(case: Case, update_golden: bool) -> None:
    expected = case.path / "expected.jsonl"
    lines = [msgspec.json.encode(record) for record in case.records()]
    actual = b"\n".join([*lines, b""])
    if update_golden and not (expected.exists() and expected.read_bytes() == actual):
        expected.write_bytes(actual)
        pytest.fail(f"wrote {expected}; read the diff, then run again without --update-golden")
    assert expected.exists(), "write it with --update-golden, then read it"
    assert expected.read_bytes().decode() == actual.decode()
