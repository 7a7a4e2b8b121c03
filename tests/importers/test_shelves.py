"""A folder full of everything, such as Downloads: each export once, and by its own importer."""

from collections import Counter

import pytest

from archives import tarred, zipped
from cases import CASES
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS, LAST_RESORTS
from chatvault.model import Message

ORDINARY = [case for case in CASES if case.path.name in {"ordinary", "early"}]
FIRST = [case for case in CASES if case.path.name == "first"]
STRICT = [case for case in ORDINARY if case.importer.INFO.rank not in LAST_RESORTS]
OTHERS = {"cat.jpg": b"\xff\xd8\xff\xe0" + b"\1" * 90, "tax.pdf": b"%PDF-1.7", ".DS_Store": b"x"}


def shelf(cases, form, others=OTHERS):
    files = dict(others)
    for case in cases:
        name = f"export {case.importer.INFO.key}"
        if form == "folder":
            files.update({f"{name}/{one}": data for one, data in case.files.items()})
        elif form == "wrapped":
            files.update({f"{name}/\u5bfc\u51fa e\u0301/{n}": d for n, d in case.files.items()})
        elif form == "zip":
            files[f"{name}.zip"] = zipped(case.files)
        elif form == "tar":
            files[f"{name}.tar"] = tarred(case.files)
        else:
            files[f"{name}.tar.gz"] = tarred(case.files, "w:gz")
    return files


def found(files, name="Downloads"):
    return find(Source.of(files, name=name), IMPORTERS, Budget())


def keys(result):
    return Counter(one.importer.INFO.key for one in result.exports)


@pytest.mark.parametrize("form", ["folder", "wrapped", "zip", "tar", "tgz"])
@pytest.mark.parametrize("cases", [ORDINARY, FIRST], ids=["ordinary", "first"])
def test_every_export_on_a_shelf_is_found_once_by_its_own_importer(cases, form):
    result = found(shelf(cases, form))
    assert Counter(case.importer.INFO.key for case in cases) == keys(result)
    assert {"cat.jpg", "tax.pdf"} == {one for one in result.rest if "/" not in one}


@pytest.mark.parametrize("case", STRICT, ids=str)
def test_an_export_is_found_beside_another_one(case):
    other = next(one for one in STRICT if one.importer.INFO.platform != case.importer.INFO.platform)
    result = found({**shelf([other], "zip"), **shelf([case], "folder")})
    assert Counter([case.importer.INFO.key, other.importer.INFO.key]) == keys(result)
    taken = {one for export in result.exports for one in export.source.entries}
    assert {"cat.jpg", "tax.pdf"}.isdisjoint(taken)


@pytest.mark.parametrize("case", STRICT, ids=str)
def test_an_export_twice_on_a_shelf_is_found_twice_or_as_one_with_all_messages(case):
    files = shelf([case], "folder", {})
    files.update({f"copy/{name}": data for name, data in case.files.items()})
    result = found({**files, "copy.zip": zipped(case.files)})
    assert {case.importer.INFO.key} == set(keys(result))
    messages = sum(isinstance(one, Message) for one in case.records())
    assert 2 * messages <= sum(
        isinstance(one, Message) for export in result.exports for one in export.importer.read(
            export.source
        )
    )  # fmt: skip


def test_an_archive_whose_texts_stand_as_they_are_is_no_text():
    case = next(case for case in STRICT if case.importer.INFO.key == "qq-text")
    result = found({"qq.tar": tarred(case.files), "tax.pdf": b"%PDF"})
    assert [("qq.tar", "qq-text")] == [(one.path, one.importer.INFO.key) for one in result.exports]
