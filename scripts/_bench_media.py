"""Photos into a vault and back, beside copying the same files."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import make_export
from _bench_results import Paired
from _bench_tools import MeasuredVault, timed

FILE = 207_000  # bytes, about: the mean of the sizes that make_export gives pictures
PIECE = 1024 * 1024


def measure(work: Path, megabytes: int, *, seed: int, rounds: int) -> tuple[Paired, ...]:
    """Import, give back and check the same files, each in turn with its physical limit."""
    photos = work / "photos"
    photos.mkdir()
    total = megabytes * 1_000_000
    make_export.write_media(photos, max(3, total // FILE), total, seed)
    files = sorted(photos.iterdir())
    amount = sum(path.stat().st_size for path in files) / 1e6
    stored, copied, restored, copied_back, checked, hashed = [], [], [], [], [], []
    peaks: list[tuple[float, float, float]] = []
    for _ in range(rounds):
        vault = MeasuredVault.make(work / "photos.chatvault")
        ran = vault.run("import", photos)
        stored.append(ran.seconds)
        copied.append(timed(_copy, files, work / "copy"))
        full = vault.run("verify", "--full")
        checked.append(full.seconds)
        hashed.append(timed(_hash, files))
        back = vault.run("restore", "originals", work / "back")
        restored.append(back.seconds)
        copied_back.append(timed(_copy, files, work / "copy"))
        peaks.append((ran.peak_mb, back.peak_mb, full.peak_mb))
        shutil.rmtree(work / "back")
    shutil.rmtree(work / "copy")
    imports, backs, fulls = zip(*peaks, strict=True)
    copying, hashing = "copying them, fsync each", "SHA-256 over them"
    return tuple(
        Paired(what, "MB/s", amount, tuple(ours), peer, amount, tuple(theirs), peak)
        for what, ours, peer, theirs, peak in (
            (f"import {len(files):,} photos", stored, copying, copied, imports),
            ("`restore originals`", restored, copying, copied_back, backs),
            ("`verify --full`", checked, hashing, hashed, fulls),
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
