"""Photos into a vault and back, beside copying the same files."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from _bench_results import Paired
from _bench_tools import MeasuredVault, timed
from _make_media import write_media

FILE = 207_000  # bytes, about: the mean of the sizes that make_export gives pictures
PIECE = 1024 * 1024


def measure(work: Path, megabytes: int, *, seed: int, rounds: int) -> tuple[Paired, ...]:
    """Import, give back and check the same files, each in turn with its physical limit."""
    photos = work / "photos"
    photos.mkdir()
    total = megabytes * 1_000_000
    write_media(photos, max(3, total // FILE), total, seed)
    files = sorted(photos.iterdir())
    amount = sum(path.stat().st_size for path in files) / 1e6
    stored, copied, restored, copied_back, checked, hashed = [], [], [], [], [], []
    for _ in range(rounds):
        vault = MeasuredVault.make(work / "photos.chatvault")
        stored.append(vault.run("import", photos).took)
        copied.append(timed(_copy, files, work / "copy"))
        checked.append(vault.run("verify", "--full").took)
        hashed.append(timed(_hash, files))
        restored.append(vault.run("restore", "originals", work / "back").took)
        copied_back.append(timed(_copy, files, work / "copy"))
        shutil.rmtree(work / "back")
    shutil.rmtree(work / "copy")
    copying, hashing = "copying them, fsync each", "SHA-256 over them"
    return tuple(
        Paired(what, "MB/s", amount, tuple(ours), peer, amount, tuple(theirs))
        for what, ours, peer, theirs in (
            (f"import {len(files):,} photos", stored, copying, copied),
            ("`restore originals`", restored, copying, copied_back),
            ("`verify --full`", checked, hashing, hashed),
        )
    )


def _copy(files: list[Path], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in files:
        with path.open("rb") as source, (folder / path.name).open("wb") as target:
            shutil.copyfileobj(source, target, PIECE)
            target.flush()
            os.fsync(target.fileno())


def _hash(files: list[Path]) -> None:
    for path in files:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
