"""The vault's folder: its texts, its modes, and names that are not what they should be."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import vaults

from chatvault.errors import ChatVaultError, Damaged, NewerFormat, NoVault, Usage, VaultInUse
from chatvault.services import unlock
from chatvault.vault.files import FileOps
from chatvault.vault.layout import README, Layout, create_layout, seal_layout

UUID = "5a6d1f0e-7c55-4a33-9d2f-0123456789ab"


def test_a_new_vault_has_these_files_and_no_others(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    assert {
        "README.txt", "vault.json", "archive.db", "keys", "keys/passphrase.age",
        "keys/recovery.age", "packs", "tmp",
    } == set(vaults.snapshot(made.folder))  # fmt: skip
    assert [] == made.layout.strangers()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_F06_A7_modes_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    export = vaults.Telegram(vaults.chat(1, 5, photos=[2])).folder(tmp_path / "e")
    old = os.umask(umask)
    try:
        made = vaults.make(tmp_path / "v")
        made.bring(export)
        made.rebuild()
    finally:
        os.umask(old)
    modes = {
        path.relative_to(tmp_path).as_posix(): path.stat().st_mode & 0o777
        for path in [made.folder, *made.folder.rglob("*")]
    }
    wrong = {
        name: oct(mode)
        for name, mode in modes.items()
        if mode != (0o700 if (tmp_path / name).is_dir() else 0o600)
    }
    assert {} == wrong


def test_vault_json_tells_the_format_the_id_and_nothing_else(layout: Layout) -> None:
    text = layout.info_file.read_text()
    info = layout.info()
    assert (1, "test") == (info.format, info.created_with)
    assert f'{{"format":1,"vault":"{info.vault}","created_with":"test"}}\n' == text


def test_the_README_is_the_same_in_every_vault(layout: Layout) -> None:
    assert README == layout.readme.read_text(encoding="utf-8")
    assert layout.info().vault not in README


BAD_INFO = {
    "empty": b"",
    "no JSON": b"hello",
    "a list": b"[]",
    "deep": b"[" * 4000,
    "no id": b'{"format":1}',
    "an id that is none": b'{"format":1,"vault":"me"}',
    "an upper-case id": b'{"format":1,"vault":"' + UUID.upper().encode() + b'"}',
    "an id in braces": b'{"format":1,"vault":"{' + UUID.encode() + b'}"}',
    "format 0": b'{"format":0,"vault":"' + UUID.encode() + b'"}',
    "format as text": b'{"format":"1","vault":"' + UUID.encode() + b'"}',
    "format 1.5": b'{"format":1.5,"vault":"' + UUID.encode() + b'"}',
    "too large": b'{"format":1,"vault":"' + UUID.encode() + b'"}' + b" " * 5000,
    "not UTF-8": b'{"format":1,"vault":"\xff"}',
}


@pytest.mark.parametrize("what", BAD_INFO)
def test_F01_a_vault_json_that_is_not_ours_is_damage(layout: Layout, what: str) -> None:
    layout.info_file.write_bytes(BAD_INFO[what])
    with pytest.raises(Damaged) as caught:
        layout.info()
    assert 13 == caught.value.exit_code


def test_F01_a_huge_vault_json_is_not_read(layout: Layout) -> None:
    with layout.info_file.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(Damaged, match="larger than"):
        layout.info()


def test_F01_a_newer_format_is_told(layout: Layout) -> None:
    layout.info_file.write_text(f'{{"format":2,"vault":"{UUID}","new":[1]}}')
    with pytest.raises(NewerFormat) as caught:
        layout.info()
    assert 15 == caught.value.exit_code


def test_F01_of_two_equal_keys_none_makes_another_vault(tmp_path: Path) -> None:
    """Whichever counts: the id must be that of the ring."""
    made = vaults.make(tmp_path / "v")
    right = made.layout.info().vault
    made.layout.info_file.write_text(f'{{"format":1,"vault":"{right}","vault":"{UUID}"}}')
    with pytest.raises(Damaged, match="another vault"):
        vaults.found(made.folder)


def test_F01_a_vault_that_only_lost_its_vault_json_is_read_and_mended(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    text = made.layout.info_file.read_bytes()
    made.layout.info_file.unlink()
    found = vaults.found(made.folder)
    assert 4 == found.count("message")
    assert ["vault.json"] == [item.file for item in found.verify(full=False).damage]
    heard: list[str] = []
    with unlock.writing(found.layout, found.ring, tell=heard.append):
        pass
    assert ["vault.json was missing; it is there again"] == heard
    assert (
        text.split(b'"created_with"')[0]
        == made.layout.info_file.read_bytes().split(b'"created_with"')[0]
    )
    assert found.verify().ok


def test_F01_a_missing_vault_json_lets_no_foreign_ring_write(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    other = vaults.make(tmp_path / "other")
    made.layout.info_file.unlink()
    shutil.copy(other.layout.keys / "passphrase.age", made.layout.keys / "passphrase.age")
    stranger = vaults.found(made.folder)
    assert stranger.ring.same_as(other.ring)
    with pytest.raises(Damaged), stranger.writing():
        pass
    assert not made.layout.info_file.exists()


def test_F01_without_vault_json_and_packs_there_is_no_vault(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.layout.info_file.unlink()
    with pytest.raises(NoVault) as caught:
        vaults.found(made.folder)
    assert 10 == caught.value.exit_code


@pytest.mark.parametrize("kind", ["missing", "a file", "empty"])
def test_no_vault_is_told_with_what_to_do(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "v"
    if kind == "a file":
        path.write_text("hello")
    if kind == "empty":
        path.mkdir()
    with pytest.raises(NoVault) as caught:
        unlock.layout_at(path)
    assert "init" in caught.value.remedy


SHAPES: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, away: path.symlink_to(away),
    "a pipe": lambda path, away: os.mkfifo(path),
    "a device": lambda path, away: path.symlink_to(os.devnull),
    "a link to nothing": lambda path, away: path.symlink_to(away.with_name("nothing")),
}
NAMES = [
    "vault.json", "archive.db", "archive.db-wal", "archive.db-shm", "archive.db-journal",
    "keys/passphrase.age", "lock",
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_F03_a_name_of_ours_that_is_no_file_is_refused_and_never_followed(
    tmp_path: Path, name: str, shape: str
) -> None:
    made = vaults.make(tmp_path / "v")
    path = made.folder / name
    away = tmp_path / "away"
    if path.exists():
        path.rename(away)
    else:
        away.write_bytes(b"somebody's own file")
    SHAPES[shape](path, away)
    before = away.read_bytes()
    export = vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e")
    try:
        vaults.found(made.folder).bring(export)
    except ChatVaultError as refused:
        assert refused.exit_code in (10, 13)
    else:
        # A log beside the archive may go: the archive is made anew.
        assert name in ("archive.db-wal", "archive.db-shm", "archive.db-journal")
        assert not path.is_symlink()
        assert 4 == made.count("message")
    assert before == away.read_bytes()
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("name", ["keys", "packs", "tmp"])
def test_F03_a_folder_of_ours_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    made = vaults.make(tmp_path / "v")
    (made.folder / name).rename(tmp_path / "away")
    (made.folder / name).symlink_to(tmp_path / "away")
    with pytest.raises(Damaged, match="a link where a folder should be"):
        vaults.found(made.folder)


def test_F03_the_path_of_the_vault_may_be_a_link(tmp_path: Path) -> None:
    vaults.make(tmp_path / "v").bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    (tmp_path / "link").symlink_to(tmp_path / "v")
    made = vaults.found(tmp_path / "link")
    assert 4 == made.count("message")
    (receipt,) = made.bring(tmp_path / "e")
    assert receipt.again


def test_F04_only_unfinished_files_of_ours_are_removed_from_tmp(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    tmp = made.layout.tmp
    ours = [f"{'0a' * 16}.part", f"{'0b' * 16}.part-wal"]
    for name in (*ours, "x.txt", "short.part", f"{'0a' * 16}.PART"):
        (tmp / name).write_bytes(b"?")
    (tmp / "folder.part").mkdir()
    (tmp / f"{'0c' * 16}.part").symlink_to(tmp_path / "elsewhere")
    with made.writing():
        pass
    assert {"x.txt", "short.part", f"{'0a' * 16}.PART", "folder.part", f"{'0c' * 16}.part"} == {
        path.name for path in tmp.iterdir()
    }


def test_a_copy_without_its_empty_folder_tmp_can_be_written_to(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.layout.tmp.rmdir()
    made.bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    assert 4 == made.count("message")


@pytest.mark.parametrize("name", [".", "keys", "packs", "archive.db"])
@pytest.mark.parametrize("mode", [0o020, 0o002])
def test_F05_what_others_can_change_is_not_written_to(tmp_path: Path, name: str, mode: int) -> None:
    made = vaults.make(tmp_path / "v")
    path = made.folder / name
    path.chmod(path.stat().st_mode | mode)
    before = vaults.snapshot(made.folder)
    with pytest.raises(Usage) as caught, made.writing():
        pass
    assert "chmod" in caught.value.remedy
    assert before == vaults.snapshot(made.folder)
    assert 0 == made.count("message")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_F05_what_belongs_to_somebody_else_is_not_written_to(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    os.chown(made.folder, 12345, 12345)
    with pytest.raises(Usage, match="belongs to somebody else"), made.writing():
        pass


def test_F12_init_goes_only_into_a_new_or_empty_place(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    (tmp_path / "file").write_text("hello")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("hello")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (made.folder / "deep").mkdir()
    before = vaults.snapshot(tmp_path)
    for place in ("v", "file", "full", "dangling", "v/inside", "v/packs/inside", "v/deep"):
        with pytest.raises(Usage) as caught:
            vaults.make(tmp_path / place)
        assert (2, True) == (caught.value.exit_code, bool(caught.value.remedy)), place
    assert before == vaults.snapshot(tmp_path)


def test_F12_init_goes_into_an_empty_folder_and_a_place_below_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o755)
    vaults.make(tmp_path / "empty")
    assert 0o700 == (tmp_path / "empty").stat().st_mode & 0o777
    vaults.make(tmp_path / "far" / "below" / "v")


def test_a_broken_off_init_is_told_as_one(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.layout.info_file.unlink()
    with pytest.raises(Usage, match="was broken off") as caught:
        vaults.make(made.folder)
    assert "remove this folder" in caught.value.remedy


def test_nobody_is_told_to_remove_a_vault_that_only_lost_its_vault_json(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.bring(vaults.Telegram(vaults.chat(1, 5)).folder(tmp_path / "e"))
    made.layout.info_file.unlink()
    with pytest.raises(Usage) as caught:
        vaults.make(made.folder)
    assert "remove" not in caught.value.remedy


def test_S1_a_second_writer_is_refused_and_readers_are_not(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    with made.writing():
        with pytest.raises(VaultInUse) as caught, made.writing():
            pass
        assert 11 == caught.value.exit_code
        assert made.layout.is_locked()
        assert 0 == made.count("message")
    assert not made.layout.is_locked()
    with made.writing():
        pass


def test_S1_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    """Nothing stale, no command to unlock."""
    made = vaults.make(tmp_path / "v")
    code = (
        "import sys, vaults, time; from pathlib import Path\n"
        "with vaults.found(Path(sys.argv[1])).writing():\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(made.folder)], stdout=subprocess.PIPE,
        cwd=Path(vaults.__file__).parent,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert b"locked\n" == other.stdout.readline()
        with pytest.raises(VaultInUse), made.writing():
            pass
        other.kill()
        other.wait()
        with made.writing():
            pass


def test_F08_a_lock_file_deleted_while_it_is_held_stays_held_for_its_owner(
    tmp_path: Path,
) -> None:
    """A second writer makes a new one; the first still ends well."""
    made = vaults.make(tmp_path / "v")
    with made.writing():
        made.layout.lock_file.unlink()
    assert made.verify().ok


def test_write_whole_leaves_the_old_text_or_the_new(tmp_path: Path) -> None:
    layout, info = create_layout(tmp_path / "v", FileOps(), "test")
    seal_layout(layout, info)
    layout.ops.write_whole(layout.readme, b"new", layout.tmp)
    assert b"new" == layout.readme.read_bytes()
    assert [] == list(layout.tmp.iterdir())


@pytest.mark.parametrize("shape", ["a link", "a pipe", "a device", "a folder"])
def test_F03_opening_refuses_what_is_no_file_and_never_waits(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "name"
    (tmp_path / "target").write_bytes(b"target")
    if shape == "a folder":
        path.mkdir()
    else:
        SHAPES[shape](path, tmp_path / "target")
    with pytest.raises(Damaged, match="not an ordinary file"):
        FileOps().open(path)


def test_a_rename_never_goes_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "new").write_bytes(b"new")
    with pytest.raises(FileExistsError):
        FileOps().rename_new(tmp_path / "old", tmp_path / "new")
    assert b"new" == (tmp_path / "new").read_bytes()
