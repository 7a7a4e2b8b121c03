"""CR-2, CR-5: a disk that is full or fails at any step is exit 17, and the same again works."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
import vaults
from vaults import Made, Telegram, chat

from chatvault.errors import DiskTrouble
from chatvault.vault import archive
from chatvault.vault.files import FileOps


class Failing(FileOps):
    """Fails at the n-th call that changes or flushes something."""

    def __init__(self, at: int, code: int) -> None:
        self.count = 0
        self.at = at
        self.code = code

    def _step(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise OSError(self.code, os.strerror(self.code))

    def make_folder(self, path: Path) -> None:
        self._step()
        super().make_folder(path)

    def create(self, path: Path) -> BinaryIO:
        self._step()
        return Slow(super().create(path), self)  # type: ignore[return-value]

    def sync(self, file: BinaryIO) -> None:
        self._step()
        super().sync(file)

    def sync_folder(self, path: Path) -> None:
        self._step()
        super().sync_folder(path)

    def rename_new(self, old: Path, new: Path) -> None:
        self._step()
        super().rename_new(old, new)

    def replace(self, old: Path, new: Path) -> None:
        self._step()
        super().replace(old, new)


class Slow:
    """A file that takes 100,000 bytes at a time, and whose writes count as steps."""

    def __init__(self, file: BinaryIO, ops: Failing) -> None:
        self._file = file
        self._ops = ops

    def write(self, data: bytes) -> int:
        self._ops._step()
        return self._file.write(data[:100_000])

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def __enter__(self) -> "Slow":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


CODES = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS]


def every_step(action: Callable[[Failing], object], most: int = 400) -> list[int]:
    """Run an action with a failure at its first, second, third step ... until it meets none; gives
    the steps. All but the last raise DiskTrouble."""
    steps = []
    for number in range(1, most):
        ops = Failing(number, CODES[number % len(CODES)])
        try:
            action(ops)
        except DiskTrouble as trouble:
            assert 17 == trouble.exit_code
            assert trouble.remedy
            steps.append(number)
            continue
        assert ops.count < number
        return steps
    raise AssertionError("it never ended")


def test_CR_2_making_a_vault_with_a_failing_disk(tmp_path: Path) -> None:
    folders: list[Path] = []

    def init(ops: Failing) -> None:
        folders.append(tmp_path / str(ops.at))
        vaults.make(folders[-1], ops)

    assert len(every_step(init)) > 20
    for folder in folders[:-2]:
        assert not (folder / "vault.json").exists() or vaults.found(folder).verify().ok
    assert vaults.found(folders[-1]).verify().ok


@pytest.mark.slow
@pytest.mark.parametrize("pack_size", [64 * 2**20, 3000])
def test_CR_2_DUR_6_DUR_7_importing_with_a_failing_disk(tmp_path: Path, pack_size: int) -> None:
    """Over one pack and over several. What is left is unfinished at most; the same again works."""
    export = Telegram(chat(1, 30, photos=[3, 25])).folder(tmp_path / "e")
    base = vaults.make(tmp_path / "base")
    expected = vaults.copied(base, tmp_path / "expected")
    (wanted,) = expected.bring(export, pack_size=pack_size)
    made = vaults.copied(base, tmp_path / "v")

    def bring(ops: Failing) -> None:
        vaults.found(made.folder, ops).bring(export, pack_size=pack_size)

    assert len(every_step(bring)) > 15
    report = made.verify()
    assert ((), ()) == (report.damage, report.unfinished)
    assert expected.digest() == made.digest()
    with made.reading() as vault:
        receipts = [r for (r,) in vault.db.execute("SELECT receipt FROM import") if r]
    assert 1 == len(receipts)
    assert f'"new":{wanted.messages.new},' in receipts[0]
    assert [] == list(made.layout.tmp.iterdir())


@pytest.mark.slow
def test_CR_2_each_step_alone_leaves_no_damage(tmp_path: Path) -> None:
    """A fresh copy for each of some steps: nothing adds up over the failures."""
    export = Telegram(chat(1, 30, photos=[3, 25])).folder(tmp_path / "e")
    base = vaults.make(tmp_path / "base")
    for number in range(1, 18, 4):
        made = vaults.copied(base, tmp_path / str(number))
        with pytest.raises(DiskTrouble):
            vaults.found(made.folder, Failing(number, errno.ENOSPC)).bring(export)
        report = made.verify()
        assert () == report.damage
        assert len(report.unfinished) <= 1
        (receipt,) = made.bring(export)
        assert (29, 3) == (receipt.messages.new, receipt.attachments.stored)


@pytest.mark.slow
def test_CR_2_undoing_with_a_failing_disk(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "base")
    made.bring(Telegram(chat(1, 5), chat=7).folder(tmp_path / "one"))
    expected = made.digest()
    made.bring(Telegram(chat(3, 9, photos=[4]), chat=7).folder(tmp_path / "two"))
    copies: list[Made] = []

    def undo(ops: Failing) -> None:
        copies.append(vaults.copied(made, tmp_path / str(ops.at)))
        vaults.found(copies[-1].folder, ops).undo(2)

    assert len(every_step(undo)) > 5
    for copy in copies[:-1:2]:
        assert () == copy.verify().damage
        with copy.writing() as vault:
            state = vault.db.execute("SELECT state FROM import WHERE id = 2").fetchone()[0]
        if state == "complete":
            copy.undo(2)
        assert expected == copy.digest()


def test_CR_2_rebuilding_with_a_failing_disk(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    made.bring(Telegram(chat(1, 9, photos=[4])).folder(tmp_path / "e"))
    digest = made.digest()

    def rebuild(ops: Failing) -> None:
        vaults.found(made.folder, ops).rebuild()

    assert len(every_step(rebuild)) >= 4
    assert digest == made.digest()
    assert made.verify().ok


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of the system")
def test_CR_5_files_that_may_not_grow(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stops packs and SQLite's files alike, at every size."""
    export = Telegram(chat(1, 400, photos=[3, 25])).folder(tmp_path / "e")
    base = vaults.make(tmp_path / "base")
    expected = vaults.copied(base, tmp_path / "expected")
    expected.bring(export)
    largest = max(p.stat().st_size for p in expected.folder.rglob("*") if p.is_file())
    code = (
        "import resource, sys; n = int(sys.argv.pop(1));"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)); sys.argv[0] = 'drive.py';"
        "import runpy; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    here = Path(vaults.__file__).parent
    ended = []
    for limit in (0, 4096, 210_000, 700_000, largest * 8):
        made = vaults.copied(base, tmp_path / str(limit))
        ran = subprocess.run(
            [sys.executable, "-c", code, str(limit), str(here / "drive.py"), "import",
             str(made.folder), str(export)],
            cwd=here, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        ended.append(ran.returncode)
        assert ran.returncode in (0, 17), (limit, ran.stderr)
        assert () == made.verify().damage
        made.bring(export)
        assert expected.digest() == made.digest()
    assert 0 == ended[-1]
    assert ended.count(17) >= 3


def test_an_error_of_SQLite_about_the_disk_is_ours() -> None:
    with pytest.raises(DiskTrouble, match="no space left"), archive.trouble():
        connection = archive.open_in_memory()
        try:
            connection.execute("CREATE TABLE t (x)")
            connection.execute("PRAGMA max_page_count=3")
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
        finally:
            connection.close()
