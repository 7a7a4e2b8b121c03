"""What can be said of a vault without opening it."""

import sys
from pathlib import Path

import msgspec

from chatvault.services.escape import for_error
from chatvault.services.opening import layout_at
from chatvault.vault.keyring import slot_names


class Info(msgspec.Struct, frozen=True):
    """Sizes and versions; nothing of the content."""

    folder: str
    vault: str
    format: int
    created_with: str
    slots: tuple[str, ...]
    packs: int
    pack_bytes: int
    archive_bytes: int
    worker_limits: tuple[str, ...]
    strangers: tuple[str, ...]


def info(folder: Path) -> Info:
    """What lies there; NoVault when nothing does."""
    layout = layout_at(folder)
    told = layout.info()
    packs = layout.pack_names()
    archive = layout.archive.stat().st_size if layout.archive.exists() else 0
    return Info(
        for_error(str(folder)), told.vault, told.format, told.created_with,
        tuple(slot_names(layout)), len(packs), sum(packs.values()), archive, worker_limits(),
        tuple(for_error(name) for name in layout.strangers()),
    )  # fmt: skip


def worker_limits() -> tuple[str, ...]:
    """What holds the reader of exports back on this system."""
    always = ("no keys", "no environment", "no open files", "ended after 120 s of silence")
    if sys.platform == "win32":
        return always
    limits = (
        *always,
        "4 GiB of memory",
        "limited processor time",
        "cannot write files",
        "no core dump",
    )
    return (*limits, "no new privileges") if sys.platform.startswith("linux") else limits
