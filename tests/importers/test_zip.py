"""Zip archives: read in place, and what happens to the named bad ones of SECURITY.md."""

import io
import struct
import time
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import (
    Counted,
    One,
    contents,
    deflated,
    entry,
    make_zip,
    opened,
    peak,
    reasons,
    zip64_end,
    zipped,
)
from chatvault.errors import ChatVaultError, RefusedByLimit
from chatvault.importers._containers import expand
from chatvault.importers._limits import Budget, Limits, MiB
from chatvault.importers._source import Entry

ENDS = "more than 500,000 files|directory|end"


def refused(data, match, name="x.zip", **limits):
    with pytest.raises(RefusedByLimit, match=match) as caught:
        expand(name, entry(data), Budget(Limits(**limits)))
    return caught.value


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_members_are_read_whatever_their_method(method):
    files = {"a.txt": b"ada " * 50_000, "d/empty": b"", "d/b.bin": bytes(range(256))}
    source = opened(zipped(files, method))
    assert files == contents(source)
    assert files == contents(source)  # a second opening begins at the start


def test_openings_are_independent_and_can_seek():
    data = bytes(range(256)) * 4000
    source = opened(zipped({"a": data}))
    with source.open("a") as one, source.open("a") as other:
        assert data[:5] == one.read(5)
        assert data == other.read()
        one.seek(500_000)
        assert data[500_000:500_010] == one.read(10)
        one.seek(3)
        assert data[3:9] == one.read(6)
        assert len(data) == one.seek(0, io.SEEK_END)


def test_reading_stops_where_the_reader_stops():
    counted = Counted(zipped({"a": bytes(range(256)) * 40_000, "b": b"x"}, zipfile.ZIP_STORED))
    source = expand("x.zip", Entry(len(counted.data), counted.open), Budget())
    counted.read = 0
    assert 16 == len(source.head("a", 16))
    assert counted.read < 100_000


def test_folders_are_no_files():
    assert ["a/b"] == list(opened(zipped({"a/": b"", "a/b": b"x"})).entries)


def test_times_are_utc_where_the_zip_says_and_the_owners_zone_where_it_does_not():
    utc = struct.pack("<HHBi", 0x5455, 5, 1, 1_700_000_000)
    ntfs = struct.pack("<HHIHHQQQ", 10, 32, 0, 1, 24, 133_444_736_000_000_000, 0, 0)
    dos = (2024 - 1980) << 9 | 5 << 5 | 17
    data = make_zip(
        One(b"a", extra=utc), One(b"b", extra=ntfs), One(b"c", date=dos), One(b"d", date=0x21)
    )
    source = expand("x.zip", entry(data), Budget(), zone="Asia/Shanghai")
    times = [source.modified(name) for name in "abcd"]
    assert [1_700_000_000_000, 1_700_000_000_000, 1_715_875_200_000, None] == times


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        pytest.param(b"../../evil", "evil", id="Z01"),
        pytest.param(b"a/../../b/./c", "a/b/c", id="Z01-inside"),
        pytest.param(b"/etc/passwd", "etc/passwd", id="Z02-absolute"),
        pytest.param(b"C:\\x", "C/x", id="Z02-drive"),
        pytest.param(b"\\\\srv\\s", "srv/s", id="Z02-share"),
        pytest.param(b"a\nb", "a_b", id="control"),
        pytest.param(b"..", "unnamed", id="nothing-left"),
    ],
)
def test_z01_z02_a_hostile_name_is_a_label_only(raw, name):
    source = opened(make_zip(One(raw, b"data")))
    assert {name: b"data"} == contents(source)
    assert raw == source.entries[name].raw_name


def test_z03_trap_13_a_name_with_a_zero_byte_is_kept_in_both_forms():
    source = opened(make_zip(One(b"a.txt\0.exe", b"data")))
    assert {"a.txt": b"data"} == contents(source)
    assert b"a.txt\0.exe" == source.entries["a.txt"].raw_name
    assert ["x.zip/a.txt"] == [problem.file for problem in source.problems]


def test_z04_two_members_of_one_name_are_both_kept():
    source = opened(make_zip(One(b"d/a.txt", b"1"), One(b"d/a.txt", b"2"), One(b"d/a.txt", b"3")))
    assert {"d/a.txt": b"1", "d/a~2.txt": b"2", "d/a~3.txt": b"3"} == contents(source)


def test_z05_names_that_differ_by_case_or_form_are_both_kept():
    names = ["A.txt", "a.txt", "\u00e9", "e\u0301"]
    source = opened(zipped({name: b"%d" % at for at, name in enumerate(names, 1)}))
    assert [b"1", b"2", b"3", b"4"] == list(contents(source).values())


def test_z06_trap_13_members_that_share_bytes_are_refused():
    packed = deflated(b"zero" * 1000)
    shared = One(b"a", b"zero" * 1000, method=8, packed=packed)
    twins = [One(name, shared.data, 8, packed=packed, offset=0) for name in (b"b", b"c")]
    refused(make_zip(shared, *twins), "overlap")


def test_z06_members_that_overlap_in_part_are_refused():
    refused(make_zip(One(b"a", b"x" * 100), One(b"b", b"y" * 100, offset=60)), "overlap")


def test_z06_a_local_header_that_reaches_into_the_next_member_is_damage():
    data = bytearray(make_zip(One(b"a", b"x" * 10), One(b"b", b"y" * 10)))
    struct.pack_into("<H", data, 28, 20)  # length of the extra field of the first local header
    source = opened(bytes(data))
    with source.open("a") as file, pytest.raises(ValueError, match="next file"):
        file.read()
    with source.open("b") as file:
        assert b"y" * 10 == file.read()


def test_z08_trap_13_a_bomb_is_refused_while_streaming():
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(MiB)) for _ in range(128)) + packer.flush()
    bomb = One(b"zeros", b"", 8, packed=packed, size=128 * MiB)
    source = opened(make_zip(bomb, One(b"a", b"x")))
    read = 0
    with source.open("zeros") as file, pytest.raises(RefusedByLimit, match="grows"):
        while data := file.read(64 * 1024):
            read += len(data)
    assert read <= 17 * MiB
    assert 4096 == len(source.head("zeros"))  # recognising looks at the first bytes only


def test_z08_an_archive_that_would_grow_too_much_is_refused_before_it_does():
    bombs = [One(b"%d" % n, b"", 8, packed=b"x" * 1000, size=900 * MiB) for n in range(2)]
    refused(make_zip(*bombs), "100 times")


def test_z09_a_member_longer_than_declared_gives_what_was_declared_and_then_an_error():
    real = b"0123456789" * MiB
    source = opened(make_zip(One(b"a", real, 8, size=10), One(b"b", b"fine")))
    with source.open("a") as file:
        assert b"0123456789" == file.read(10)
        with pytest.raises(ValueError, match="longer"):
            file.read(1)
    assert b"fine" == source.open("b").read()
    assert peak(lambda: source.head("a")) < MiB


def test_z10_a_size_of_2_to_the_63_is_refused_without_allocation():
    data = make_zip(One(b"a", b"x", 8, size=2**63))
    assert peak(lambda: refused(data, "larger than 16 GiB")) < MiB


def test_z10_a_lying_zip64_end_is_refused_without_allocation():
    plain = make_zip(One(b"a", b"x"), end=b"")
    start = plain.index(b"PK\1\2")
    size = len(plain) - start
    assert {"a": b"x"} == contents(opened(plain + zip64_end(start, size, 1)))
    lie = zip64_end(start, size, 1)
    for at, value in ((32, 2**63), (40, 2**63), (48, 2**62)):
        broken = bytearray(lie)
        struct.pack_into("<Q", broken, at, value)
        assert peak(lambda broken=broken: refused(plain + bytes(broken), ENDS)) < MiB


def test_z10_two_end_records_that_disagree_are_refused():
    plain = make_zip(One(b"a", b"x"), end=b"")
    start = plain.index(b"PK\1\2")
    ends = bytearray(zip64_end(start, len(plain) - start, 1))
    assert {"a": b"x"} == contents(opened(plain + bytes(ends)))
    struct.pack_into("<H", ends, len(ends) - 12, 7)
    refused(plain + bytes(ends), "disagree")


def test_z11_a_member_with_two_names_is_an_error_and_the_others_are_read():
    source = opened(make_zip(One(b"a.txt", b"x", local_name=b"b.exe"), One(b"c", b"y")))
    with source.open("a.txt") as file, pytest.raises(ValueError, match="two different names"):
        file.read()
    assert b"" == source.head("a.txt")
    assert b"y" == source.open("c").read()


def test_z12_bytes_before_the_zip_are_passed_over():
    data = make_zip(One(b"a", b"x"), One(b"b", b"y"), prefix=b"MZ unpack me" * 100)
    assert {"a": b"x", "b": b"y"} == contents(opened(data))


def test_z12_two_end_records_are_refused():
    one = make_zip(One(b"a", b"x"))
    refused(one + one, "two joined")
    refused(make_zip(One(b"a", b"x"), prefix=b"MZ" * 300 + one), "more than one end")
    comment = bytearray(one + one[-22:])
    struct.pack_into("<H", comment, len(one) - 2, 22)
    refused(bytes(comment), "more than one end")


def test_bytes_behind_the_end_do_no_harm():
    assert {"a": b"x"} == contents(opened(make_zip(One(b"a", b"x")) + b"\r\n"))


def test_z13_an_encrypted_member_is_told_and_the_others_are_read():
    source = opened(make_zip(One(b"a", b"x", flags=1), One(b"b", b"y")))
    assert {"b": b"y"} == contents(source)
    assert [("x.zip/a", "password protected")] == reasons(source)


@pytest.mark.parametrize("method", [9, 99])
def test_z14_an_unknown_method_is_told_and_the_others_are_read(method):
    source = opened(make_zip(One(b"a", b"x", method), One(b"b", b"y")))
    assert {"b": b"y"} == contents(source)
    assert f"method {method}," in source.problems[0].reason


@pytest.mark.parametrize("method", [0, 8])
def test_z15_one_wrong_checksum_in_a_thousand_members_spoils_one(method):
    files = [One(b"%d.jpg" % n, b"picture %d" % n, method) for n in range(1000)]
    files[500].crc = 12345
    source = opened(make_zip(*files))
    bad = []
    for name in source.entries:
        with source.open(name) as file:
            try:
                file.read()
            except ValueError as error:
                bad.append((name, str(error)))
    assert [("500.jpg", "its checksum is wrong: the file is damaged")] == bad
    assert b"picture 500" == source.head("500.jpg")  # what there is can still be looked at


def test_what_comes_before_a_damage_is_given_first():
    lines = b"".join(b"message %d\n" % number for number in range(100_000))
    packed = deflated(lines)
    source = opened(make_zip(One(b"chat.txt", lines, 8, packed=packed[: len(packed) // 2])))
    got = []
    with (
        source.open("chat.txt") as file,
        pytest.raises(ValueError, match="breaks off"),
    ):
        got.extend(file)
    assert len(got) > 20_000
    assert lines.startswith(b"".join(got))


@pytest.mark.parametrize("cut", [1, 22, 40, 100, 300])
def test_z16_half_a_zip_is_refused_with_what_to_do(cut):
    data = zipped({"a.txt": bytes(range(256)), "b.txt": b"y" * 90})
    error = refused(data[:-cut], "half a zip")
    assert "download it again and wait until it is complete" == error.remedy
    assert 16 == error.exit_code


def test_z16_half_a_zip_that_ends_behind_an_inner_zip_is_not_taken_for_it():
    inner = zipped({"secret.txt": b"x"})
    data = zipped({"inner.zip": inner, "b": b"y"}, zipfile.ZIP_STORED)
    refused(data[: data.index(inner) + len(inner)], "half a zip")
    refused(data[: data.index(inner) + len(inner) + 9], "half a zip")


def empty_members(count):
    header = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, *[0] * 7, 1, 0, 0, 0, 0, 0, 0)
    return (header + b"a") * count


@pytest.mark.parametrize("lie", [1_000_000, 400_000])
def test_z17_a_million_empty_members_are_refused_at_the_limit(lie):
    directory = empty_members(1_000_000)
    data = b"MZ" + directory + zip64_end(0, len(directory), lie)
    started = time.process_time()
    refused(data, "more than 500,000 files" if lie > 500_000 else "does not add up")
    assert time.process_time() - started < 2


@pytest.mark.slow
def test_z17_a_million_empty_members_that_nobody_counted_stay_within_memory():
    directory = empty_members(1_000_000)
    count = 1_000_000 % 2**16
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), 0, 0)
    data = b"MZ" + directory + end
    assert peak(lambda: refused(data, "more than 500,000 files")) < 300 * MiB
    started = time.process_time()
    refused(data, "more than 500,000 files")
    assert time.process_time() - started < 2


def test_z18_a_symbolic_link_is_text():
    link = One(b"link", b"/etc/passwd", attributes=0o120777 << 16)
    assert {"link": b"/etc/passwd"} == contents(opened(make_zip(link)))


def test_z19_a_part_of_a_split_zip_names_what_is_missing():
    whole = zipped({"a": b"x" * 100})
    last = bytearray(whole)
    struct.pack_into("<HH", last, len(last) - 18, 2, 1)
    refused(bytes(last), "needs chat.z01 to chat.z02", name="Downloads/chat.zip")
    refused(b"PK\7\x08" + whole[:50], "up to chat.zip, are missing", name="chat.z01")
    struct.pack_into("<HH", last, len(last) - 18, 0, 0)
    struct.pack_into("<H", last, bytes(last).index(b"PK\1\2") + 34, 3)
    refused(bytes(last), "part 4 of this split zip is missing")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        pytest.param("聊天记录.txt".encode(), "聊天记录.txt", id="utf-8"),
        pytest.param("聊天记录.txt".encode("gb18030"), "聊天记录.txt", id="gbk"),
        pytest.param("caf\u201a.txt".encode("cp1251"), "caf\u201a.txt", id="cp437-e-acute"),
        pytest.param(b"\x98\x20", "\u00ff ", id="no-encoding-but-cp437"),
    ],
)
def test_z20_names_of_unknown_encoding_are_found_out_and_the_bytes_kept(raw, name):
    source = opened(make_zip(One(raw, b"x")))
    assert {name: b"x"} == contents(source)
    assert source.entries[name].raw_name in {raw, None}
    assert (source.entries[name].raw_name is None) == (name.encode() == raw)


def test_z20_a_unicode_field_is_better_than_a_guess():
    raw = "대화.txt".encode("cp949")
    field = struct.pack("<BI", 1, zlib.crc32(raw)) + "대화.txt".encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert ["대화.txt"] == list(opened(make_zip(One(raw, b"x", extra=extra))).entries)


def test_z22_a_file_and_its_compressed_namesake_are_both_kept():
    files = {"a.json": b"{}", "a.json.zst": b"\x28\xb5\x2f\xfd rest"}
    assert files == contents(opened(zipped(files)))


def test_names_beyond_the_limits_are_refused():
    refused(make_zip(One(b"a" * 1025)), "1,024 bytes")
    refused(make_zip(One(b"/".join([b"a"] * 65))), "64 parts")


def test_a_directory_that_does_not_add_up_is_refused():
    refused(make_zip(One(b"a", b"x"), count=2), "add up")
    refused(make_zip(One(b"a", b"x"), One(b"b"), size=47), "half a zip|damaged")


def test_an_archive_beyond_the_limit_is_refused():
    refused(make_zip(One(b"a", b"x")), "larger than", archive=10)


@pytest.mark.slow
def test_listing_a_hundred_thousand_members_takes_less_than_two_seconds():
    data = make_zip(*[One(b"d%d/\xe6\x96\x87%d.txt" % (n % 50, n), b"x") for n in range(100_000)])
    started = time.process_time()
    source = opened(data)
    assert time.process_time() - started < 2
    assert 100_000 == len(source.entries)


VALID = zipped({"a.txt": b"hello " * 100, "b/c.bin": bytes(300), "d.txt": b"x"})


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), max_size=6))
def test_a_damaged_zip_gives_its_members_or_our_own_error(changes):
    data = bytearray(VALID)
    for at, value in changes:
        data[at] = value
    try:
        source = expand("x.zip", entry(bytes(data)), Budget())
    except ChatVaultError:
        return
    if source is None:
        return
    for name in source.entries:
        with source.open(name) as file:
            try:
                file.read()
            except (OSError, ValueError, ChatVaultError):
                continue
