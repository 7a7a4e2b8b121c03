"""Where restored files go: never elsewhere, never over another, never half."""

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatvault.errors import Damaged, DiskTrouble, Usage
from chatvault.services import destination, folder_handles
from chatvault.services.destination import Destination
from chatvault.services.folder_handles import ByPath
from chatvault.vault.member_names import collision_key, safe_part

UNSAFE = [
    "CON", "con.txt", "COM¹", "LPT9.jpg", "CONIN$", "a.", "a ", "x:ads", "a\0b", "~$x", "", ".",
    "..", "../up", "/etc/passwd", "a\\b", "x\u202egpj.exe", "\x1b[2J", "-rf", ".bashrc",
    "desktop.ini", ".htaccess", "y" * 300 + ".jpg", "👩‍👩‍👧" * 250 + ".mp4", "\ud800.txt",
]  # fmt: skip


@pytest.fixture(params=["by handle", "by path"])
def way(request, monkeypatch):
    """Both ways to hold a folder; the second is for systems without handles."""
    if request.param == "by path":
        monkeypatch.setattr(destination, "open_root", lambda path: ByPath(path.resolve()))
    elif not folder_handles.BY_DESCRIPTOR:
        pytest.skip("this system has no handles of folders")
    return request.param


@pytest.fixture
def vault(tmp_path):
    folder = tmp_path / "vault"
    folder.mkdir()
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_file_has_its_name_bytes_and_time_and_is_private(way, vault, tmp_path):
    before = os.umask(0)
    try:
        with destination.opened(tmp_path / "new" / "out", vault) as out:
            out.folder("a", "b").write("x.jpg", [b"one", b"two"], modified_ms=1_700_000_000_123)
    finally:
        os.umask(before)
    path = tmp_path / "new" / "out" / "a" / "b" / "x.jpg"
    assert b"onetwo" == path.read_bytes()
    assert 1_700_000_000_123 == path.stat().st_mtime_ns // 1_000_000
    if os.name != "nt":
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)
        assert {0o700} == {stat.S_IMODE(p.stat().st_mode) for p in list(path.parents)[:3]}


@pytest.mark.parametrize("name", UNSAFE)
def test_R01_R03_R04_any_name_becomes_a_safe_one_inside(way, vault, tmp_path, name):
    with destination.opened(tmp_path / "out", vault) as out:
        given_name = out.folder(safe_part(name) or "_").write(name, [b"x"])
    (found,) = tree(tmp_path / "out")
    assert found.endswith("/" + given_name)
    assert given_name == safe_part(given_name)
    assert 180 >= len(given_name.encode())
    if name.endswith((".jpg", ".mp4")):
        assert name[-4:] == given_name[-4:]


def test_R02_names_that_some_system_takes_for_one_are_both_there(way, vault, tmp_path):
    names = ["A.jpg", "a.jpg", "e\u0301", "\u00e9", "ﬁ", "fi", "ＣＯＮ", "con"]
    with destination.opened(tmp_path / "out", vault) as out:
        given_names = [out.root.write(name, [str(n).encode()]) for n, name in enumerate(names)]
    assert 8 == len({collision_key(name) for name in given_names})
    assert {str(n).encode() for n in range(8)} == set(tree(tmp_path / "out").values())


def test_R05_a_link_in_the_destination_is_refused(way, vault, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(elsewhere)
    with destination.opened(tmp_path / "out", vault) as out, pytest.raises(Usage) as refused:
        out.folder("link").write("x", [b"secret"])
    assert 2 == refused.value.exit_code
    assert {} == tree(elsewhere)


@pytest.mark.parametrize("other", ["link", "folder"])
def test_R05_a_folder_that_is_swapped_during_the_run_is_refused(
    way, vault, tmp_path, monkeypatch, other
):
    monkeypatch.setattr(destination, "OPEN_AT_ONCE", 2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with destination.opened(tmp_path / "out", vault) as out:
        out.folder("one").write("x", [b"1"])
        for name in ("two", "three"):  # so that the first is closed
            out.folder(name)
        (tmp_path / "out" / "one").rename(tmp_path / "out" / "away")
        if other == "link":
            (tmp_path / "out" / "one").symlink_to(elsewhere)
        else:
            (tmp_path / "out" / "one").mkdir()
        with pytest.raises(Usage):
            out.folder("one").write("y", [b"2"])
    assert {} == tree(elsewhere)


def test_R05_a_link_that_takes_the_place_of_an_open_folder_leads_nowhere(vault, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with destination.opened(tmp_path / "out", vault) as out:
        folder = out.folder("one")
        (tmp_path / "out" / "one").rename(tmp_path / "out" / "away")
        (tmp_path / "out" / "one").symlink_to(elsewhere)
        folder.write("x", [b"1"])
    assert {} == tree(elsewhere)
    assert {"away/x": b"1"} == tree(tmp_path / "out" / "away" / "..")


def test_R05_without_handles_an_exchanged_folder_is_refused(vault, tmp_path, monkeypatch):
    monkeypatch.setattr(destination, "open_root", lambda path: ByPath(path.resolve()))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with destination.opened(tmp_path / "out", vault) as out:
        folder = out.folder("one")
        (tmp_path / "out" / "one").rename(tmp_path / "out" / "away")
        (tmp_path / "out" / "one").symlink_to(elsewhere)
        with pytest.raises((Usage, OSError)):
            folder.write("x", [b"1"])
    assert {} == tree(elsewhere)


@pytest.mark.parametrize("exact", [False, True])
def test_R06_what_is_there_is_never_overwritten(way, vault, tmp_path, exact):
    out_path = tmp_path / "out"
    out_path.mkdir()
    (out_path / "x.jpg").write_bytes(b"mine")
    (out_path / "X~2.jpg").write_bytes(b"mine too")
    (out_path / "gone.jpg").symlink_to(out_path / "nowhere")
    with destination.opened(out_path, vault) as out:
        given_names = [
            out.root.write(name, [b"new"], exact=exact) for name in ("x.jpg", "x.jpg", "gone.jpg")
        ]
    assert ["x~3.jpg", "x~4.jpg", "gone~2.jpg"] == given_names
    assert b"mine" == (out_path / "x.jpg").read_bytes()
    assert b"mine too" == (out_path / "X~2.jpg").read_bytes()


def test_R06_a_file_that_comes_into_being_meanwhile_is_not_overwritten(way, vault, tmp_path):
    def pieces():
        yield b"new"
        (tmp_path / "out" / "x.jpg").write_bytes(b"mine")

    with destination.opened(tmp_path / "out", vault) as out:
        assert "x~2.jpg" == out.root.write("x.jpg", pieces())
    assert {"x.jpg": b"mine", "x~2.jpg": b"new"} == tree(tmp_path / "out")


def test_R06_disks_without_hard_links_do_not_overwrite_either(vault, tmp_path, monkeypatch):
    def no_links(*_args, **_kwargs):
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(folder_handles.os, "link", no_links)
    with destination.opened(tmp_path / "out", vault) as out:
        (tmp_path / "out" / "y").write_bytes(b"mine")
        assert ["x", "x~2", "y~2"] == [out.root.write(name, [b"1"]) for name in ("x", "x", "y")]
        (tmp_path / "out" / "z").write_bytes(b"mine")
        assert "z~2" == out.root.write("z", [b"1"])
    assert b"mine" == (tmp_path / "out" / "z").read_bytes()


def test_R07_destination_and_vault_never_lie_in_one_another(way, vault, tmp_path):
    (tmp_path / "alias").symlink_to(vault)
    (vault / "packs").mkdir()
    for path in (
        vault, vault / "out", vault / "packs" / "deep" / "out", tmp_path, tmp_path.parent,
        tmp_path / "alias", tmp_path / "alias" / "out", tmp_path / "x" / ".." / "vault" / "out",
    ):  # fmt: skip
        with pytest.raises(Usage) as refused, destination.opened(path, vault):
            pass
        assert 2 == refused.value.exit_code
    assert ["alias", "vault"] == sorted(path.name for path in tmp_path.iterdir())
    with destination.opened(tmp_path / "vault-2", vault) as out:
        out.root.write("x", [b"1"])


def test_a_destination_that_is_a_file_is_refused(way, vault, tmp_path):
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(Usage), destination.opened(tmp_path / "out", vault):
        pass
    with destination.opened(tmp_path / "other", vault) as out:
        out.root.write("name", [b"1"])
        with pytest.raises(Usage):
            out.folder("name")


def test_R08_too_large_files_are_told_before_anything_is_written(way, vault, tmp_path, monkeypatch):
    def too_large(size):
        raise OSError(errno.EFBIG, "file too large")

    real = Destination._try_size
    monkeypatch.setattr(Destination, "_try_size", lambda self, _: real(self, too_large))
    with destination.opened(tmp_path / "out", vault) as out:
        assert [] == out.prepare(1, 2**32 - 1, 2**32 - 1)
        with pytest.raises(DiskTrouble) as told:
            out.prepare(1, 10, 2**32)
        assert 17 == told.value.exit_code
        assert {} == tree(tmp_path / "out")


def test_R08_a_disk_that_can_hold_a_large_file_is_tried(way, vault, tmp_path):
    with destination.opened(tmp_path / "out", vault) as out:
        assert [] == out.prepare(1, 10, 2**32)
        assert {} == tree(tmp_path / "out")


def test_R08_too_little_space_is_told_before_anything_is_written(way, vault, tmp_path):
    with destination.opened(tmp_path / "out", vault) as out:
        with pytest.raises(DiskTrouble, match="bytes are to be written"):
            out.prepare(1, 2**62, 10)
        with pytest.raises(DiskTrouble):
            out.prepare(2**50, 0, 0)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_R08_a_disk_without_permissions_is_told(vault, tmp_path, monkeypatch):
    class AsOnAStick:
        st_mode = 0o100777
        st_size = 0
        st_blksize = 4096

    with destination.opened(tmp_path / "out", vault) as out, monkeypatch.context() as patch:
        patch.setattr(destination.os, "fstat", lambda _: AsOnAStick)
        (told,) = out.prepare(1, 1, 1)
    assert "permissions" in told


def full_after(monkeypatch, limit):
    """The disk takes so many bytes and no more."""
    left = [limit]
    real = destination.write_all

    def write_all(file, data):
        taken = min(len(data), left[0])
        left[0] -= taken
        real(file, data[:taken])
        if taken < len(data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(destination, "write_all", write_all)


def test_R09_a_full_disk_leaves_no_part_behind(way, vault, tmp_path, monkeypatch):
    full_after(monkeypatch, 1_000_000)
    with destination.opened(tmp_path / "out", vault) as out:
        out.root.write("whole", [b"a" * 600_000])
        with pytest.raises(DiskTrouble) as told:
            out.root.write("half", [b"b" * 300_000] * 2)
    assert (17, ["whole"]) == (told.value.exit_code, list(tree(tmp_path / "out")))


def test_R09_a_list_keeps_what_fits(way, vault, tmp_path, monkeypatch):
    full_after(monkeypatch, 25)
    with destination.opened(tmp_path / "out", vault) as out:
        page = destination.Page(out.root, "list", buffer=10)
        with pytest.raises(DiskTrouble):
            for number in range(9):
                page.add(b"line %d,%d\n" % (number, number))
        page.finish_what_fits()
    assert {"list": b"line 0,0\nline 1,1\n"} == tree(tmp_path / "out")


def test_a_file_that_cannot_be_read_leaves_nothing_behind(way, vault, tmp_path):
    def pieces():
        yield b"x" * 500_000
        raise Damaged("not as it was")

    with destination.opened(tmp_path / "out", vault) as out, pytest.raises(Damaged):
        out.root.write("x", pieces())
    assert not (tmp_path / "out").exists()


def test_a_destination_that_was_there_stays_even_if_empty(way, vault, tmp_path):
    (tmp_path / "out").mkdir()
    with destination.opened(tmp_path / "out", vault):
        pass
    assert (tmp_path / "out").exists()


@pytest.mark.parametrize("moment", [-11_644_473_600_000, -1, 2**40 * 1000, 2**62])
def test_R14_times_that_no_disk_can_hold_are_clamped(way, vault, tmp_path, moment):
    with destination.opened(tmp_path / "out", vault) as out:
        out.root.write("x", [b"1"], modified_ms=moment)
    found = (tmp_path / "out" / "x").stat().st_mtime
    assert found in (destination.EARLIEST_MS / 1000, destination.LATEST_MS / 1000)
    assert (found > 0) == (moment > 0)


@pytest.mark.skipif(os.name == "nt", reason="names of Windows")
@pytest.mark.parametrize(
    "name", ["con.txt", "a.", "x:ads", ".bashrc", "-rf", "x\u202ey", "a\nb", "e\u0301", "y" * 255]
)
def test_exact_names_are_kept_where_the_system_can_hold_them(way, vault, tmp_path, name):
    with destination.opened(tmp_path / "out", vault) as out:
        assert name == out.folder_like((), name)
        assert name == out.folder(name).write(name, [b"1"], exact=True)
    assert {f"{name}/{name}": b"1"} == tree(tmp_path / "out")


@pytest.mark.parametrize("name", ["..", ".", "", "/etc", "a/b", "a\0b", "y" * 256, "\ud800"])
def test_exact_names_never_lead_elsewhere(way, vault, tmp_path, name):
    with destination.opened(tmp_path / "out", vault) as out:
        folder = out.folder_like((), name)
        out.folder(folder).write(name, [b"1"], exact=True)
    (found,) = tree(tmp_path / "out")
    assert 1 == found.count("/")
    assert ["out", "vault"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_folder_whose_name_a_file_has_gets_another(way, vault, tmp_path):
    with destination.opened(tmp_path / "out", vault) as out:
        out.root.write("a", [b"1"], exact=True)
        assert "a~2" == out.folder_like((), "a")
        out.folder("a~2").write("b", [b"2"])
        assert ["n", "n~2"] == [out.new_folder("n"), out.new_folder("n", exact=True)]
    assert {"a": b"1", "a~2/b": b"2"} == tree(tmp_path / "out")


@given(st.lists(st.text(max_size=12), min_size=1, max_size=20), st.booleans())
@settings(max_examples=40)
def test_REST_2_every_file_comes_back_whatever_it_is_called(tmp_path_factory, names, exact):
    top = tmp_path_factory.mktemp("any")
    (top / "vault").mkdir()
    with destination.opened(top / "out", top / "vault") as out:
        folder = out.folder("in")
        for number, name in enumerate(names):
            folder.write(name, [b"%d" % number], exact=exact)
    assert sorted(b"%d" % n for n in range(len(names))) == sorted(tree(top / "out" / "in").values())
    assert {"out", "vault"} == {path.name for path in top.iterdir()}
