"""Tar archives: read in place or in streams, and the named bad ones of SECURITY.md."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import (
    END,
    contents,
    entry,
    opened,
    padded,
    peak,
    reasons,
    tar_header,
    tarred,
)
from chatvault.errors import ChatVaultError, RefusedByLimit
from chatvault.importers._containers import expand
from chatvault.importers._limits import Budget, Limits, MiB
from chatvault.importers._source import Entry

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
    "bz2": lambda data: bz2.compress(data, 1),
}
FILES = {f"d/{number}.txt": b"%d " % number * 3000 for number in range(40)}


def refused(data, match, **limits):
    with pytest.raises(RefusedByLimit, match=match) as caught:
        expand("x.tar", entry(data), Budget(Limits(**limits)))
    return caught.value


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_are_read_in_place(form):
    files = {**FILES, "n" * 90 + "/" + "m" * 80: b"long", "empty": b""}
    source = opened(tarred(files, form=form))
    assert files == contents(source)
    assert files == contents(source)
    assert {1_700_000_000_000} == {source.modified(name) for name in files}
    assert () == source.problems


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("room", [256 * MiB, 1000], ids=["in-memory", "streamed"])
def test_members_of_a_compressed_tar_are_read_in_any_order(packer, room):
    data = PACKERS[packer](tarred(FILES))
    source = opened(data, nested_in_memory=room)
    assert FILES == contents(source)
    for name in reversed(FILES):
        with source.open(name) as file:
            file.seek(5)
            assert FILES[name][5:] == file.read()


def test_two_members_of_a_streamed_tar_are_open_at_once():
    source = opened(gzip.compress(tarred(FILES)), nested_in_memory=1000)
    with source.open("d/3.txt") as one, source.open("d/30.txt") as other:
        first = one.read(10)
        assert FILES["d/30.txt"] == other.read()
        assert FILES["d/3.txt"] == first + one.read()


def test_reading_in_the_order_of_the_archive_costs_one_pass():
    big = {f"{n}.bin": bytes((n * 7 + i * i) % 251 for i in range(60_000)) for n in range(30)}
    data = lzma.compress(tarred(big))
    read = 0

    class File(io.BytesIO):
        def read(self, size=-1, /):
            nonlocal read
            found = super().read(size)
            read += len(found)
            return found

    limits = Limits(nested_in_memory=1000)
    source = expand("x.tar.xz", Entry(len(data), lambda: File(data)), Budget(limits))
    read = 0
    assert big == contents(source)
    assert read <= 2 * len(data) + 64 * 1024


def test_reading_out_of_order_is_refused_when_it_would_take_too_long():
    source = opened(lzma.compress(tarred(FILES)), nested_in_memory=1000, restream=2)
    with pytest.raises(RefusedByLimit, match="in this order") as caught:
        for name in reversed(FILES):
            with source.open(name) as file:
                file.read()
    assert "unpack it" in caught.value.remedy


def test_gzip_marks_make_any_order_cheap():
    noise = bytes((i * i * 31 + i) % 256 for i in range(MiB))
    big = {f"{n}.bin": noise for n in range(48)}
    source = opened(gzip.compress(tarred(big), 1), nested_in_memory=1000, restream=14)
    for name in reversed(big):  # 24 passes without marks
        assert noise[:100] == source.head(name, 100)


@pytest.mark.parametrize("name", [b"../e", b"/e", b"..\\e", b"\\\\e"])
def test_t01_a_hostile_name_is_a_label_only(name):
    source = opened(tar_header(name, b"00000000001\0") + padded(b"x") + END)
    assert {"e": b"x"} == contents(source)
    assert name == source.entries["e"].raw_name


def test_t02_links_are_not_followed_but_told():
    data = b"".join(
        tar_header(name, kind=kind) for name, kind in ((b"a", b"2"), (b"b", b"1"), (b"c/d", b"2"))
    )
    source = opened(data + tar_header(b"ok", b"00000000001\0") + padded(b"x") + END)
    assert {"ok": b"x"} == contents(source)
    reason = "a link, which is never followed"
    assert [("x.zip/a", reason), ("x.zip/b", reason), ("x.zip/c/d", reason)] == reasons(source)


def test_t03_devices_and_pipes_are_passed_over_and_told():
    data = b"".join(tar_header(b"d" + kind, kind=kind) for kind in (b"3", b"4", b"6"))
    source = opened(data + tar_header(b"ok", b"00000000001\0") + padded(b"x") + END)
    assert {"ok": b"x"} == contents(source)
    assert ["d3", "d4", "d6"] == [problem.file[6:] for problem in source.problems]


def test_t03_a_hole_of_a_tebibyte_is_passed_over_without_allocation():
    hole = tar_header(b"hole", b"00000000000\0", kind=b"S")
    record = b"GNU.sparse.realsize=1099511627776\n"
    record = b"%d %s" % (len(record) + 3, record)
    pax = tar_header(b"p", b"%011o\0" % len(record), kind=b"x") + padded(record)
    data = hole + pax + tar_header(b"h2") + tar_header(b"ok", b"00000000001\0") + padded(b"x") + END
    assert peak(lambda: opened(data)) < 4 * MiB
    source = opened(data)
    assert {"ok": b"x"} == contents(source)
    assert ["x.zip/hole", "x.zip/h2"] == [problem.file for problem in source.problems]


@pytest.mark.parametrize(
    "mtime", [b"\xff" * 12, b"\x80" + b"\0" * 3 + b"\x10" + b"\0" * 7, b"00000000000\0"]
)
def test_t04_impossible_times_and_modes_are_ignored(mtime):
    header = tar_header(b"a", b"00000000001\0", mode=b"0006755\0", mtime=mtime)
    source = opened(header + padded(b"x") + END)
    assert {"a": b"x"} == contents(source)
    assert source.modified("a") is None


def test_t05_a_header_of_a_gibibyte_is_refused_without_allocation():
    data = tar_header(b"p", b"%011o\0" % 2**30, kind=b"x") + bytes(512)
    assert peak(lambda: refused(data, "larger than any honest one")) < 4 * MiB


def test_t05_a_negative_size_is_refused():
    refused(tar_header(b"a", b"\xff" * 11 + b"\x80") + END, "negative size")


def test_t05_long_names_in_circles_are_refused():
    loop = tar_header(b"././@LongLink", b"00000000004\0", kind=b"L") + padded(b"abc\0")
    refused(loop * 100 + tar_header(b"a") + END, "in circles")


def test_t05_a_member_of_2_to_the_80_is_refused():
    refused(tar_header(b"a", b"\x80\0" + b"\1" + bytes(9)) + END, "larger than 16 GiB")


@pytest.mark.parametrize("packer", PACKERS)
def test_t07_a_compressed_bomb_is_refused_by_its_ratio(packer):
    zeros = tar_header(b"zeros", b"%011o\0" % (400 * MiB)) + bytes(40 * MiB)
    refused(PACKERS[packer](zeros), "300 times its size")


def test_t07_joined_gzip_streams_are_one_stream():
    data = tarred(FILES)
    joined = b"".join(gzip.compress(data[at : at + 5000]) for at in range(0, len(data), 5000))
    assert FILES == contents(opened(joined + bytes(512)))


def test_t07_joined_gzip_bombs_are_refused_together():
    head = gzip.compress(tar_header(b"zeros", b"%011o\0" % (400 * MiB)))
    refused(head + gzip.compress(bytes(MiB)) * 100, "300 times its size")


@pytest.mark.parametrize("packer", [*PACKERS, None])
def test_t10_trap_14_an_archive_cut_between_members_is_told(packer):
    data = tarred(FILES)
    cut = data[: data.index(b"d/5.txt")]
    source = opened(PACKERS[packer](cut) if packer else cut)
    assert [f"d/{n}.txt" for n in range(5)] == list(source.entries)
    assert ["the archive ends too early; what comes after this is missing"] == [
        problem.reason for problem in source.problems
    ]


def test_t10_trap_14_a_damaged_later_header_is_told():
    data = bytearray(tarred(FILES))
    data[data.index(b"d/5.txt") + 150] ^= 1
    source = opened(bytes(data))
    assert 5 == len(source.entries)
    assert "a header is damaged" in source.problems[0].reason


@pytest.mark.parametrize("packer", [*PACKERS, None])
def test_t10_a_member_that_breaks_off_gives_what_there_is(packer):
    data = tarred({"a": b"1", "b": bytes(range(256)) * 4000})[: 512 * 3 + 5000]
    source = opened(PACKERS[packer](data) if packer else data)
    assert ["a", "b"] == list(source.entries)
    with source.open("b") as file:
        assert 4000 < len(file.read(9000))
        with pytest.raises(ValueError, match=r"before the file does|breaks off"):
            file.read(9000)
    assert 1 == len(source.problems)


@pytest.mark.parametrize("packer", PACKERS)
def test_t10_a_compressed_tar_that_breaks_off_keeps_what_was_read(packer):
    noise = {
        f"{n}": bytes((i * i * (n + 3) + i // 7) % 256 for i in range(70_000)) for n in range(9)
    }
    data = PACKERS[packer](tarred(noise))
    source = opened(data[: len(data) * 2 // 3])
    assert "ends too early" in source.problems[0].reason


def test_one_zero_block_at_the_end_is_enough():
    assert () == opened(tar_header(b"a") + bytes(512)).problems


def test_members_behind_the_end_are_told():
    one = tarred({"a": b"1"})
    assert "more behind the end" in opened(one + one).problems[0].reason


def test_a_compressed_file_without_a_tar_in_it_is_no_container():
    for pack in PACKERS.values():
        assert expand("a.json.gz", entry(pack(b'{"a": 1}' * 100)), Budget()) is None


VALID = tarred({"a.txt": b"hello " * 100, "ü" * 80: b"x", "d.txt": b"y"})


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 5200), st.integers(0, 255)), max_size=4),
    st.integers(0, len(VALID)),
)
def test_a_damaged_tar_gives_its_members_or_our_own_error(changes, cut):
    data = bytearray(VALID)
    for at, value in changes:
        data[at] = value
    try:
        source = expand("x.tar", entry(bytes(data[:cut])), Budget())
    except ChatVaultError:
        return
    for name in source.entries if source else ():
        with source.open(name) as file:
            try:
                file.read()
            except (OSError, ValueError, ChatVaultError):
                continue
