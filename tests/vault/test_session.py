"""An open vault: how its archive compares with its packs, and reading files back."""

import hashlib
from pathlib import Path

import pytest
import vaults
from vaults import Made, Telegram, chat

from chatvault.errors import Damaged
from chatvault.vault import catalogue, file_rows, session
from chatvault.vault.session import Comparison


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = vaults.make(tmp_path / "v")
    made.bring(Telegram(chat(1, 9, photos=[2, 3])).folder(tmp_path / "e"), pack_size=3000)
    return made


def comparison(made: Made) -> Comparison:
    with made.reading() as vault:
        return vault.compare()


def test_a_sound_vault_has_nothing_unknown_missing_or_of_another_size(made: Made) -> None:
    assert Comparison() == comparison(made)


def test_DUR_14_the_comparison_needs_only_names_and_sizes(made: Made) -> None:
    """P16: nothing is opened."""
    one, two, three, *_ = made.packs()
    one.rename(one.with_name(f"{'a' * 32}.tar.age"))
    two.write_bytes(bytes(two.stat().st_size))
    three.write_bytes(three.read_bytes()[:-1])
    found = comparison(made)
    assert (f"{'a' * 32}.tar.age",) == found.unknown
    assert (one.name,) == found.missing
    assert (three.name,) == found.resized


def test_P16_names_that_are_no_packs_are_left_out(made: Made) -> None:
    for name in ("x.tar.age", f"{'a' * 32}.tar", f"{'A' * 32}.tar.age", f"{'a' * 32}.tar.age.bak"):
        (made.layout.packs / name).write_bytes(b"?")
    assert Comparison() == comparison(made)


def test_an_archive_whose_parts_are_of_different_moments_is_torn(made: Made) -> None:
    made.change("UPDATE meta SET value = 0 WHERE key = 'head_entry'")
    assert comparison(made).torn
    with made.writing():
        pass
    assert Comparison() == comparison(made)


def test_every_file_is_given_back_and_its_bytes_are_checked(made: Made) -> None:
    with made.reading() as vault:
        found = {
            file.member.rpartition("/")[2]: b"".join(vault.file_pieces(file))
            for _, file in file_rows.stored_files(vault.db)
        }
    assert vaults.picture("photo_2@14-11-2023.jpg") == found["photo_2@14-11-2023.jpg"]
    assert 3 == len(found)


def test_open_packs_are_few_however_many_are_read(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    more = {f"{n}.jpg": vaults.picture(str(n)) for n in range(20)}
    made.bring(Telegram(chat(1, 3), more=more).folder(tmp_path / "e"), pack_size=1000)
    with made.reading() as vault:
        for _, file in file_rows.stored_files(vault.db):
            assert hashlib.sha256(b"".join(vault.file_pieces(file))).hexdigest() == file.sha256
            assert len(vault._readers) <= 8
        vault.close_packs()
        assert {} == vault._readers


@pytest.mark.parametrize("name", ["../../etc/passwd", "x", f"{'0' * 32}.tar", "/etc/passwd", ""])
def test_Q09_a_pack_of_an_impossible_name_is_never_opened(made: Made, name: str) -> None:
    with made.reading() as vault:
        with pytest.raises(Damaged, match="cannot be"):
            vault.pack(name)
        with pytest.raises(Damaged, match="does not know"):
            vault.pack(f"{'0' * 32}.tar.age")


def test_KEY_13_the_ring_must_open_the_oldest_and_the_newest_pack(
    made: Made, tmp_path: Path
) -> None:
    other = vaults.make(tmp_path / "other")
    other.bring(Telegram(chat(1, 3)).folder(tmp_path / "x"))
    with made.reading() as vault:
        session.check_ring(vault)
        vault.ring = other.ring
        with pytest.raises(Damaged):
            session.check_ring(vault)
        vault.ring = made.ring


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_KEY_13_one_pack_that_opens_proves_nothing(made: Made, tmp_path: Path, which: str) -> None:
    """Whoever plants a ring can plant a pack."""
    made.bring(Telegram(chat(1, 9), chat=7).folder(tmp_path / "more"))
    with made.reading() as vault:
        rows = sorted(catalogue.packs(vault.db), key=lambda row: (row.entry or 0, row.number or 0))
    name = rows[0].name if which == "oldest" else rows[-1].name
    path = made.layout.packs / name
    foreign = vaults.make(tmp_path / "foreign")
    foreign.bring(Telegram(chat(1, 3)).folder(tmp_path / "x"))
    path.write_bytes(foreign.packs()[0].read_bytes())
    with pytest.raises(Damaged), made.writing():
        pass


def test_closing_twice_is_closing_once(made: Made) -> None:
    with made.writing() as vault:
        vault.close()
        vault.close()
