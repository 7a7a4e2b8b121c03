"""A folder full of everything, such as Downloads: each export once, and by its own importer."""

from collections import Counter

import pytest

from archives import tarred, zipped
from cases import CASES
from chatvault.importers._downloads import groups
from chatvault.importers._explore import find, find_parts
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


BILL = "[19.03.24, 19:06:30] Ida: \u200e<attached: 00000002-bill.pdf>\n"


def test_what_lies_beside_a_lone_text_by_chance_is_not_taken_with_it():
    result = found({
        "WhatsApp Chat - Bram.txt": f"[19.03.24, 19:05:30] Bram: Bread\n{BILL}{BILL}".encode(),
        "IMG-20240309-WA0003.jpg": OTHERS["cat.jpg"],
        "00000002-bill.pdf": b"%PDF-1.7",
        "tax.pdf": b"%PDF-1.7",
        "system.iso": b"\2" * 99,
        "tools/setup.exe": b"MZ",
    })  # fmt: skip
    assert [["00000002-bill.pdf", "IMG-20240309-WA0003.jpg", "WhatsApp Chat - Bram.txt"]] == [
        sorted(one.source.entries) for one in result.exports
    ]
    assert ["system.iso (disk image)", "tax.pdf", "tools/"] == sorted(result.rest)


def test_nothing_is_left_out_while_it_is_open_what_the_text_refers_to():
    text = BILL.replace("19.03", "09.03")  # the day could be the month
    files = {"WhatsApp Chat - Bram.txt": (text * 2).encode(), "a-bill.pdf": b"%PDF-1.7"}
    assert [set(files)] == [set(one.source.entries) for one in found(files).exports]


def cut(key, names):
    """An export as two archives: what it says in the first, its media in the second."""
    case = next(one for one in STRICT if one.importer.INFO.key == key)
    words = (".json", ".html")
    whole = {f"Download/{name}": data for name, data in case.files.items()}
    parts = [
        {name: data for name, data in whole.items() if name.endswith(words) == first}
        for first in (True, False)
    ]
    assert all(parts)
    return {name: zipped(part) for name, part in zip(names, parts, strict=True)}, case


PARTS = [
    ("telegram-desktop", ["ChatExport-001.zip", "ChatExport-002.zip"]),
    ("messenger", ["facebook-jory-2024-a1B2c3.zip", "facebook-jory-2024-d4E5f6.zip"]),
    ("google-chat", ["takeout-20240101T000000Z-1-001.zip", "takeout-20240101T000000Z-2-001.zip"]),
    ("snapchat", ["mydata~1700000000.zip", "mydata~1700000000-2.zip"]),
]


@pytest.mark.parametrize(("key", "names"), PARTS, ids=[key for key, _ in PARTS])
@pytest.mark.parametrize("given", ["in a folder", "side by side", "beside others"])
def test_the_parts_of_a_download_are_one_export_with_all_its_media(key, names, given):
    files, case = cut(key, names)
    whatsapp = next(one for one in STRICT if one.importer.INFO.key == "whatsapp-text")
    others = {"WhatsApp Chat - Bram.zip": zipped(whatsapp.files)} if given != "side by side" else {}
    if given == "in a folder":
        result = found({**files, **others, "tax.pdf": b"%PDF"})
    else:
        sources = [Source.of({n: d}, name=n) for n, d in {**files, **others}.items()]
        result = find_parts(sources, IMPORTERS, Budget())
    expected = {key: 1, "whatsapp-text": 1} if others else {key: 1}
    assert Counter(expected) == keys(result)
    export = next(one for one in result.exports if one.importer.INFO.key == key)
    assert len(case.files) == len(export.source.entries)


def test_an_export_and_a_part_without_one_are_not_taken_for_one_export():
    whatsapp, messenger = (
        next(one for one in STRICT if one.importer.INFO.key == key)
        for key in ("whatsapp-text", "messenger")
    )
    sources = [
        Source.of({"a.zip": zipped(whatsapp.files)}, name="a.zip"),
        Source.of({"facebook.zip": zipped(messenger.files)}, name="facebook.zip"),
        Source.of({"pictures.zip": zipped({"p/1.jpg": OTHERS["cat.jpg"]})}, name="pictures.zip"),
    ]
    assert {"whatsapp-text", "messenger"} <= set(keys(find_parts(sources, IMPORTERS, Budget())))


def test_archives_are_grouped_by_what_their_names_share():
    names = ["a-001", "a-002", "b", "b-media", "c (1)", "c", "WhatsApp Chat - Bram", "x-9-001"]
    assert [[0, 1], [2, 3], [4, 5], [6], [7]] == groups(names)
