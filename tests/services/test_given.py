"""What the user gave: names, sizes and bytes of files that are only read."""

import os
from pathlib import Path

import pytest
import vaults

from chatvault.errors import Usage
from chatvault.services.given import GivenBytes, GivenPaths
from chatvault.services.worker_messages import GivenFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"b.txt": b"bee", "a/one.jpg": b"one", "a/two.jpg": b"twotwo", "empty": b""}
    return vaults.write(tmp_path / "given", files)


def test_files_are_told_by_their_names_in_the_argument_sorted(folder: Path) -> None:
    given = GivenPaths([folder, folder / "b.txt"])
    assert [("b.txt", 3), ("empty", 0), ("a/one.jpg", 3), ("a/two.jpg", 6), ("b.txt", 3)] == [
        (file.name, file.size) for file in given.files()
    ]
    assert [("given", [0, 1, 2, 3]), ("b.txt", [4])] == given.parts()
    assert ("given, b.txt", 15) == (given.name, given.size)
    given.close()


def test_any_range_of_any_file_is_read(folder: Path) -> None:
    given = GivenPaths([folder])
    assert b"wotw" == given.read(3, 1, 4)
    assert b"tw" == given.read(3, 0, 2)
    assert b"" == given.read(3, 6, 5)
    assert b"twotwo" == given.read(3, 0, 10**6)
    assert [b"twotwo"] == list(given.pieces(3))
    given.close()


def test_few_files_are_open_at_once(tmp_path: Path) -> None:
    many = vaults.write(tmp_path / "many", {f"{n:03}": b"x" for n in range(60)})
    given = GivenPaths([many])
    for number in range(60):
        assert b"x" == given.read(number, 0, 1)
        assert len(given._open) <= 16
    given.close()
    assert {} == given._open


@pytest.mark.parametrize(("index", "offset", "length"), [(-1, 0, 1), (9, 0, 1), (0, -1, 1)])
def test_a_place_that_is_none_is_refused(
    folder: Path, index: int, offset: int, length: int
) -> None:
    given = GivenPaths([folder])
    with pytest.raises(ValueError, match="no such place"):
        given.read(index, offset, length)


def test_a_path_that_is_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(Usage) as caught:
        GivenPaths([tmp_path / "gone away"])
    assert "gone away" in str(caught.value)
    assert "quote it" in caught.value.remedy


def test_T08_what_is_neither_file_nor_folder_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(Usage, match="neither a file nor a folder"):
            GivenPaths([path])


def test_T11_links_inside_are_told_and_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "a" / "link.jpg").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    given = GivenPaths([folder])
    assert 4 == len(given.files())
    assert {"a/link.jpg", "loop", "dangling"} == {name for name, _ in given.skipped}


def test_the_argument_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "to folder").symlink_to(folder, target_is_directory=True)
    (tmp_path / "to file").symlink_to(folder / "b.txt")
    given = GivenPaths([tmp_path / "to folder", tmp_path / "to file"])
    assert 5 == len(given.files())
    assert b"bee" == given.read(4, 0, 9)
    given.close()


def test_T11_a_name_that_is_no_text_keeps_its_bytes(tmp_path: Path) -> None:
    raw = b"gr\xfc\xdfe.jpg"
    (tmp_path / "given").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "given") + b"/" + raw)).write_bytes(b"x")
    (file,) = GivenPaths([tmp_path / "given"]).files()
    assert (raw, "gr\ufffd\ufffde.jpg") == (file.raw_name, file.name)


def test_a_file_that_became_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """Whoever can change the folder while it is imported must not get other files in."""
    given = GivenPaths([folder])
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "b.txt").unlink()
    (folder / "b.txt").symlink_to(tmp_path / "secret")
    with pytest.raises((OSError, Usage)):
        given.read(0, 0, 10)
    with pytest.raises((OSError, Usage)):
        list(given.pieces(0))


def test_a_file_that_became_a_pipe_never_blocks(folder: Path) -> None:
    given = GivenPaths([folder])
    (folder / "b.txt").unlink()
    os.mkfifo(folder / "b.txt")
    with pytest.raises(Usage):
        given.read(0, 0, 10)


def test_a_changed_file_is_noticed_by_its_size_and_time(folder: Path) -> None:
    given = GivenPaths([folder])
    assert all(given.is_unchanged(number) for number in range(4))
    (folder / "b.txt").write_bytes(b"bees")
    os.utime(folder / "empty", (1, 1))
    (folder / "a" / "one.jpg").unlink()
    assert [False, False, False, True] == [given.is_unchanged(number) for number in range(4)]


def test_DUR_3_reading_changes_no_time(folder: Path) -> None:
    before = {path: path.stat().st_atime_ns for path in folder.rglob("*") if path.is_file()}
    given = GivenPaths([folder])
    for number in range(4):
        given.read(number, 0, 10)
        list(given.pieces(number))
    given.close()
    assert before == {p: p.stat().st_atime_ns for p in folder.rglob("*") if p.is_file()}


def test_bytes_from_elsewhere_are_given_in_the_same_way() -> None:
    asked = []

    def read(index: int, offset: int, length: int) -> bytes:
        asked.append((index, offset, length))
        return b"x" * length

    given = GivenBytes("import", [GivenFile("a", 5), GivenFile("b", 7)], read)
    assert ("import", 12, [("import", [0, 1])]) == (given.name, given.size, given.parts())
    assert b"xxx" == given.read(1, 2, 3)
    assert [(1, 2, 3)] == asked
    given.close()
