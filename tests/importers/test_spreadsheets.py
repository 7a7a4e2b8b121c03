"""Spreadsheets: what somebody is told who has nothing else."""

import pytest

from archives import zipped
from chatvault.errors import BadExport
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS

BOOK = zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"})


@pytest.mark.parametrize("files", [{"小满.xlsx": BOOK}, {"小满.xlsx": BOOK, "notes.doc": b"x"}])
def test_a_spreadsheet_is_answered_with_how_to_save_it(files: dict[str, bytes]) -> None:
    with pytest.raises(BadExport) as caught:
        find(Source.of(files), IMPORTERS, Budget())
    assert "CSV" in caught.value.remedy
