"""The pictures inside an MHT of QQ: files of the export that nobody unpacks."""

import base64
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archives import Counted, One, contents, entry, make_zip, peak
from cases import CASES, Case
from chatvault.importers import qq_mht
from chatvault.importers._explore import find
from chatvault.importers._inflate import Broken
from chatvault.importers._limits import Budget, Limits
from chatvault.importers._mht import with_parts
from chatvault.importers._source import Entry, Source
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Message

EDGE = "----=_NextPart_00000009.DEMO"
HEAD = f"""From: <Save by Tencent MsgMgr>
Subject: Tencent IM Message
MIME-Version: 1.0
Content-Type:multipart/related;
\tcharset="utf-8"
\ttype="text/html";
\tboundary="{EDGE}"

--{EDGE}
Content-Type: text/html
Content-Transfer-Encoding:7bit

<html><table><tr><td>nothing</td></tr></table></html>

"""
PICTURES = [b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * n for n in (1, 7, 40)]
NAMES = [f"x.mht.parts/{n:06}-{{GUID-{n}}}.png" for n in (1, 2, 3)]
EACH = [case for case in CASES if case.importer is qq_mht]


def part(location: str, body: str, kind: str = "image/png", how: str = "base64") -> str:
    head = f"Content-Type:{kind}\nContent-Transfer-Encoding:{how}\nContent-Location:{location}\n"
    return f"--{EDGE}\n{head}\n{body}\n\n"


def mht(*parts: str, end: str = f"--{EDGE}--\n", line: str = "\r\n") -> bytes:
    return (HEAD + "".join(parts) + end).replace("\n", line).encode()


def picture(number: int, data: bytes, width: int = 76) -> str:
    digits = base64.b64encode(data).decode()
    lines = "\n".join(digits[at : at + width] for at in range(0, len(digits), width))
    return part(f"{{GUID-{number}}}.dat", lines)


def whole() -> bytes:
    return mht(*(picture(number, data) for number, data in enumerate(PICTURES, 1)))


def expanded(data: bytes, name: str = "x.mht", **limits: int) -> Source:
    entries, problems = with_parts({name: entry(data)}, Budget(Limits(**limits)))
    return Source(name="export", entries=entries, problems=problems)


def pictures(source: Source) -> dict[str, bytes]:
    return {name: data for name, data in contents(source).items() if ".parts/" in name}


@pytest.mark.parametrize("case", EACH, ids=str)
def test_an_mht_alone_becomes_the_files_that_its_case_has_beside_it(case: Case) -> None:
    alone = {name: data for name, data in case.files.items() if name.endswith(".mht")}
    entries, _ = with_parts(case.source_of(alone).entries, Budget())
    assert case.files == contents(Source(name="export", entries=entries))


def test_the_file_itself_stays_as_it_is() -> None:
    assert whole() == contents(expanded(whole()))["x.mht"]


def test_sizes_are_known_before_anything_is_decoded() -> None:
    source = expanded(whole())
    assert [len(data) for data in PICTURES] == [source.size(name) for name in NAMES]


@pytest.mark.parametrize("line", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [4, 75, 76, 10_000])
def test_lines_of_any_length_give_the_same_bytes(line: str, width: int) -> None:
    parts = (picture(number, data, width) for number, data in enumerate(PICTURES, 1))
    assert dict(zip(NAMES, PICTURES, strict=True)) == pictures(expanded(mht(*parts, line=line)))


@given(st.integers(1, 3000))
def test_a_boundary_may_lie_across_two_reads(chunk: int) -> None:
    entries, problems = with_parts({"x.mht": entry(whole())}, Budget(), chunk=chunk)
    assert dict(zip(NAMES, PICTURES, strict=True)) == pictures(Source("export", entries))
    assert () == problems


@given(st.integers(0, len(whole())))
def test_a_file_cut_anywhere_gives_the_pictures_before_the_cut(end: int) -> None:
    source = expanded(whole()[:end])
    found = pictures(source)
    for name, data in zip(NAMES, PICTURES, strict=True):
        assert name not in found or data.startswith(found[name])
    complete = whole()[:end].count(b"Content-Location") - 1
    assert PICTURES[: max(0, complete)] == list(found.values())[: max(0, complete)]


def test_a_file_that_breaks_off_is_told_and_a_missing_last_boundary_is_not() -> None:
    assert () == expanded(mht(picture(1, PICTURES[0]), end="")).problems
    (problem,) = expanded(whole()[:-200]).problems
    assert ("x.mht", "end") == (problem.file, problem.part)
    assert "breaks off" in problem.reason


@pytest.mark.parametrize("digits", ["AAAA*AAA", "AA=AAAAA", "AAAAAAA\u00e9"])
def test_damaged_base64_shows_when_it_is_read(digits: str) -> None:
    source = expanded(mht(part("{G}.dat", digits)))
    (name,) = (name for name in source.names() if ".parts/" in name)
    with source.open(name) as file, pytest.raises(Broken):
        file.read()


def test_a_part_can_be_read_from_any_place() -> None:
    source = expanded(whole())
    with source.open(NAMES[2]) as file:
        for start in (5000, 17, 9999, 0):
            file.seek(start)
            assert PICTURES[2][start : start + 50] == file.read(50)


@pytest.mark.parametrize(
    "location", ["../../../etc/passwd", "C:\\Windows\\x.dat", "", "a\x00b.gif"]
)
def test_a_name_from_the_page_stays_inside_its_folder(location: str) -> None:
    source = expanded(mht(part(location, "AAAA")))
    (name,) = (name for name in source.names() if ".parts/" in name)
    assert name.startswith("x.mht.parts/000001-")
    assert "/" not in name.removeprefix("x.mht.parts/")
    assert ".." not in name.split("/")


def test_the_ending_of_a_name_is_that_of_the_bytes() -> None:
    jpeg = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(60)).decode()
    source = expanded(mht(part("{G}.dat", jpeg, kind="image/gif"), part("{H}.dat", "AAAA")))
    endings = [name.rpartition(".")[2] for name in source.names() if ".parts/" in name]
    assert ["jpg", "png"] == endings  # the second has no bytes that say anything


def test_what_is_not_in_base64_stays_inside_and_is_told() -> None:
    source = expanded(mht(part("{G}.dat", "plain", how="7bit"), picture(2, PICTURES[0])))
    assert [NAMES[1]] == [name for name in source.names() if ".parts/" in name]
    assert [("x.mht", "part 1")] == [(one.file, one.part) for one in source.problems]


def test_more_parts_than_an_export_may_have_stay_inside_and_are_told() -> None:
    source = expanded(whole(), members=2)
    assert NAMES[:2] == [name for name in source.names() if ".parts/" in name]
    assert [("x.mht", "part 3")] == [(one.file, one.part) for one in source.problems]


@pytest.mark.parametrize(
    "data",
    [
        whole().replace(b"Tencent", b"Internet Explorer"),
        whole().replace(b"boundary=", b"border="),
        b"Save by Tencent MsgMgr",
        b"",
    ],
)
def test_other_files_are_left_alone(data: bytes) -> None:
    source = expanded(data)
    assert (["x.mht"], ()) == (list(source.names()), source.problems)


def test_pictures_brought_back_from_a_vault_are_those_of_the_file() -> None:
    before = expanded(whole())
    again, _ = with_parts({n: entry(data) for n, data in contents(before).items()}, Budget())
    assert contents(before) == contents(Source("export", again))


def test_a_file_that_is_there_already_is_never_replaced() -> None:
    files = {"x.mht": entry(whole()), NAMES[0]: entry(b"mine")}
    entries, _ = with_parts(files, Budget())
    assert b"mine" == contents(Source("export", entries))[NAMES[0]]


def compressed(data: bytes) -> dict[str, bytes]:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as archive:
        info = tarfile.TarInfo("QQ/x.mht")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return {
        "x.zip": make_zip(One(b"QQ/x.mht", data, method=8)),
        "stored.zip": make_zip(One(b"QQ/x.mht", data)),
        "x.tar.gz": tar.getvalue(),
    }


@pytest.mark.parametrize("archive", ["x.zip", "stored.zip", "x.tar.gz"])
def test_an_mht_in_an_archive_gives_the_same_records_and_pictures(archive: str) -> None:
    (case,) = (case for case in EACH if case.path.name == "ordinary")
    (name,) = (name for name in case.files if name.endswith(".mht"))
    data = compressed(case.files[name])[archive]
    (export,) = find(Source.of({archive: data}, name=archive), IMPORTERS, Budget()).exports
    assert "qq-mht" == export.importer.INFO.key
    assert {one.replace(name, "x.mht"): b for one, b in case.files.items()} == contents(
        export.source
    )
    messages = [one for one in export.importer.read(export.source) if isinstance(one, Message)]
    paths = [file.path for one in messages for file in one.attachments]
    assert 4 == len(paths)
    assert all(path is not None and export.source.has(path) for path in paths)


def test_parts_of_a_compressed_file_cost_one_pass_when_they_are_read_in_order() -> None:
    big = [bytes([n]) * 200_000 for n in range(50)]
    data = mht(*(picture(number, one) for number, one in enumerate(big, 1)))
    inner = Counted(data)
    slow = Entry(size=len(data), open=inner.open, in_place=False)
    entries, _ = with_parts({"x.mht": slow}, Budget())
    scanned = inner.read
    source = Source("export", entries)
    for name in source.names():
        if ".parts/" in name:
            with source.open(name) as file:
                file.read()
    assert inner.read - scanned < 1.1 * len(data)
    assert scanned <= len(data)


def test_memory_stays_small_whatever_the_size_of_the_file() -> None:
    data = mht(*(picture(number, bytes(2_000_000)) for number in range(1, 12)))

    def work() -> None:
        source = expanded(data)
        for name in source.names():
            with source.open(name) as file:
                while file.read(65536):
                    pass

    assert len(data) > 25_000_000
    assert peak(work) < 6_000_000
