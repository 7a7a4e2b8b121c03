"""`chatvault restore` as people run it."""

import json
import os
from pathlib import Path

import pytest
from program import Vault


def files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


@pytest.mark.slow
def test_media_come_back_with_an_index(sealed: Vault, tmp_path: Path) -> None:
    ended = sealed.run("restore", "media", tmp_path / "out", "--in", "Jory Penn")
    assert (0, "") == (ended.code, ended.err)
    assert ended.out.startswith("3 files of 1 conversation, ")
    assert "each file is listed in index.csv and index.json" in ended.out
    assert [
        "Jory Penn/2024/2024-03-02 08.10.40 Jory Penn photo_1@02-03-2024_08-10-40.jpg",
        "Jory Penn/2024/2024-03-09 17.58.32 Noor Hallam photo_2@09-03-2024_17-58-32.jpg",
        "Jory Penn/2024/2024-04-06 16.44.00 Jory Penn photo_3@06-04-2024_16-44-00.jpg",
        "index.csv",
        "index.json",
    ] == files(tmp_path / "out")


@pytest.mark.slow
def test_times_are_in_the_zone_that_was_asked_for(sealed: Vault, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = sealed.run(
        "restore", "chats", out, "--format", "txt", "--in", "Jory", "--timezone", "UTC",
        "--no-media",
    )  # fmt: skip
    assert ["Jory Penn.txt"] == files(out)
    assert 0 == ended.code
    assert "1 conversation with 53 messages and 0 files" in ended.out
    shown = (out / "Jory Penn.txt").read_text(encoding="utf-8")
    assert "[2024-03-02 00:10:40] Jory Penn: Gerald, before the oven" in shown
    wrong = sealed.run("restore", "media", tmp_path / "no", "--timezone", "Atlantis/Centre")
    assert (2, False) == (wrong.code, (tmp_path / "no").exists())


@pytest.mark.slow
def test_originals_are_the_files_that_were_imported(sealed: Vault, tmp_path: Path) -> None:
    ended = sealed.run("restore", "originals", tmp_path / "out", "--json")
    assert (0, "") == (ended.code, ended.err)
    report = json.loads(ended.out)
    name = "ChatExport_2024-05-01/result.json"
    assert (sealed.downloads / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    assert report["files"] == len(files(tmp_path / "out")) - 2
    assert 8 == report["imports"]
    nothing = sealed.run("restore", "originals", tmp_path / "no", "--import", "99")
    assert (2, False) == (nothing.code, (tmp_path / "no").exists())
    assert "there is no import 99" in nothing.err


@pytest.mark.slow
def test_R07_the_vault_is_no_destination(sealed: Vault, tmp_path: Path) -> None:
    for what in (["media"], ["originals"], ["chats", "--format", "json"]):
        for place in (sealed.folder / "out", sealed.folder.parent):
            ended = sealed.run("restore", what[0], place, *what[1:])
            assert 2 == ended.code
            assert "must not lie in one another" in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("what", [["media"], ["originals"], ["chats", "--format", "md"]])
def test_R15_a_damaged_pack_is_told_and_the_code_is_13(
    vault: Vault, tmp_path: Path, what: list[str]
) -> None:
    for pack in (vault.folder / "packs").iterdir():
        data = bytearray(pack.read_bytes())
        for place in range(1000, len(data), 60_000):
            data[place] ^= 1
        pack.write_bytes(data)
    ended = vault.run("restore", what[0], tmp_path / "out", *what[1:])
    assert 13 == ended.code
    assert "damaged: " in ended.out
    assert "(packs/" in ended.out
    assert "bring the damaged packs back" in ended.err
    as_json = vault.run("restore", what[0], tmp_path / "json", *what[1:], "--json")
    assert 13 == as_json.code
    assert json.loads(as_json.out)["damaged"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_R09_a_destination_that_cannot_be_written_is_17(sealed: Vault, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        place = Path("/proc/chatvault-out")  # where not even root can make a folder
    else:
        (tmp_path / "locked").mkdir(mode=0o500)
        place = tmp_path / "locked" / "out"
    ended = sealed.run("restore", "media", place)
    assert 17 == ended.code
    assert "the destination cannot be made" in ended.err


@pytest.mark.slow
def test_OUT_1_hostile_names_do_not_act_on_the_terminal(vault: Vault, tmp_path: Path) -> None:
    out = tmp_path / "out\x1b]52;c;aGk=\x07"
    ended = vault.run("restore", "media", out, "--in", "Jory Penn")
    assert 0 == ended.code
    assert "\x1b" not in ended.out + ended.err
    assert "\\x1b]52" in ended.out


def test_each_command_has_help_with_an_example(sealed: Vault) -> None:
    for what in ("media", "originals", "chats"):
        ended = sealed.run("restore", what, "-h")
        assert 0 == ended.code
        assert f"Example: chatvault restore {what} " in ended.out
