"""Which files are archives, archives inside archives, and what they may cost."""

import gzip
import re
from pathlib import Path

import pytest

import chatvault.importers
from archives import Counted, One, contents, entry, make_zip, opened, peak, tarred, zipped
from chatvault.errors import RefusedByLimit
from chatvault.importers._containers import expand, stem
from chatvault.importers._limits import Budget, Limits, MiB
from chatvault.importers._source import Entry

FILES = {"a.txt": b"hello " * 100, "d/b.bin": bytes(range(256))}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK", id="two-bytes"),
        pytest.param(b'{"name": "x.zip"}', id="json"),
        pytest.param(bytes(10240), id="zeros"),
        pytest.param(b"\xff\xd8\xff\xe0" + b"x" * 600 + zipped(FILES), id="picture-with-a-zip"),
        pytest.param(zipped({"[Content_Types].xml": "<x/>", "word/a.xml": "x"}), id="document"),
        pytest.param(zipped({"META-INF/MANIFEST.MF": "x", "A.class": "x"}), id="program"),
    ],
)
def test_what_is_no_archive_is_none_whatever_its_name(data):
    assert expand("x.zip", entry(data), Budget()) is None


@pytest.mark.parametrize("data", [zipped(FILES), tarred(FILES), gzip.compress(tarred(FILES))])
def test_an_archive_is_one_whatever_its_name(data):
    source = expand("folder/picture.jpg", entry(data), Budget())
    assert FILES == contents(source)
    assert ("picture.jpg", "") == (source.name, source.prefix)


@pytest.mark.parametrize(
    ("name", "short"),
    [("a.zip", "a"), ("a.TAR.GZ", "a"), ("a.b.tgz", "a.b"), (".zip", ".zip"), ("a.txt", "a.txt")],
)
def test_the_suffix_of_an_archive_is_not_part_of_its_name(name, short):
    assert short == stem(name)


def inner_of(source, name, budget):
    return expand(f"outer/{name}", source.entries[name], budget)


@pytest.mark.parametrize("method", [0, 8], ids=["stored", "deflated"])
@pytest.mark.parametrize("make", [zipped, tarred, lambda files: gzip.compress(tarred(files))])
def test_an_archive_in_an_archive_is_read_where_it_lies_or_in_memory(method, make):
    budget = Budget()
    outer = expand("outer.zip", entry(zipped({"in": make(FILES)}, method)), budget)
    inner = inner_of(outer, "in", budget)
    assert FILES == contents(inner)
    assert FILES == contents(inner)


def test_a_stored_archive_in_an_archive_costs_no_memory():
    big = zipped({"pad": bytes(30 * MiB), "a": b"x"}, 0)
    counted = Counted(zipped({"in.zip": big}, 0))
    budget = Budget(Limits(nested_in_memory=1000))
    outer = expand("o.zip", Entry(len(counted.data), counted.open), budget)
    found = []
    assert peak(lambda: found.append(inner_of(outer, "in.zip", budget))) < 4 * MiB
    assert b"x" == found[0].head("a")


def test_a_deflated_archive_in_an_archive_beyond_the_limit_is_refused():
    budget = Budget(Limits(nested_in_memory=100))
    outer = expand("o.zip", entry(zipped({"in.zip": zipped(FILES)})), budget)
    with pytest.raises(RefusedByLimit, match="inside another") as caught:
        inner_of(outer, "in.zip", budget)
    assert "unpack the outer one" in caught.value.remedy


def test_archives_in_memory_make_room_for_each_other():
    budget = Budget()
    noise = bytes(i * i % 251 for i in range(MiB))
    inners = {f"{n}.zip": zipped({"a": noise + b"%d" % n}, 0) for n in range(12)}
    outer = expand("o.zip", entry(zipped(inners)), budget)
    budget.memory = type(budget.memory)(3 * MiB)

    def read_all():
        sources = [inner_of(outer, name, budget) for name in outer.entries]
        for n, source in enumerate(sources):
            with source.open("a") as file:
                file.seek(MiB)
                assert b"%d" % n == file.read()

    assert peak(read_all) < 8 * MiB


def test_limits_are_shared_by_all_archives_of_an_export():
    budget = Budget(Limits(members=5))
    expand("a.zip", entry(zipped({f"{n}": b"x" for n in range(3)})), budget)
    with pytest.raises(RefusedByLimit, match="more than 5 files"):
        expand("b.zip", entry(zipped({f"{n}": b"x" for n in range(3)})), budget)
    budget = Budget(Limits(archives=2))
    for name in "ab":
        expand(name, entry(zipped({"1": b"x"})), budget)
    with pytest.raises(RefusedByLimit, match="more than 2 archives"):
        expand("c", entry(zipped({"1": b"x"})), budget)


def test_z07_what_is_inside_an_archive_does_not_count_as_given():
    """Else each level could multiply by the ratio anew."""
    outer = zipped({"in.zip": zipped({"a": bytes(900_000)})}, 0)
    ratio = 900_000 * 3 // 4 // len(outer)
    budget = Budget(Limits(export_ratio_from=1000, export_ratio=ratio))
    source = expand("o.zip", entry(outer), budget)
    with pytest.raises(RefusedByLimit, match=f"{ratio} times its size"):
        inner_of(source, "in.zip", budget)


def test_an_archive_that_cannot_be_read_is_no_archive():
    def fails():
        raise OSError

    assert expand("x.zip", Entry(100, fails), Budget()) is None


def test_problems_name_the_archive_and_the_member():
    source = opened(make_zip(One(b"d/a", b"x", flags=1)), name="Downloads/x.zip")
    assert ["Downloads/x.zip/d/a"] == [problem.file for problem in source.problems]


def test_trap_15_nothing_is_ever_extracted():
    folder = Path(chatvault.importers.__file__).parent
    forbidden = re.compile(
        r"\.extract(all)?\(|unpack_archive|import (tempfile|zipfile|tarfile|shutil)"
    )
    assert [] == [
        path.name
        for path in sorted(folder.glob("*.py"))
        if forbidden.search(path.read_text(encoding="utf-8"))
    ]
