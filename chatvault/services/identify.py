"""What an export is, and how we know; and what can be read at all."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from chatvault.importers._source import Told
from chatvault.importers.registry import IMPORTERS
from chatvault.services.given import GivenPaths
from chatvault.services.worker import Worker


class Identified(msgspec.Struct, frozen=True):
    """One export."""

    path: str
    importer: str
    platform: str
    evidence: tuple[str, ...]


class Found(msgspec.Struct, frozen=True):
    """The exports, and what is none."""

    exports: tuple[Identified, ...]
    rest: tuple[str, ...]


class Platform(msgspec.Struct, frozen=True):
    """One kind of export that can be read."""

    importer: str
    platform: str
    title: str
    expects: str
    carries: tuple[str, ...]


def identify(paths: Sequence[Path]) -> Found:
    """Look at what the user gave; the reading is done by the worker without keys."""
    with Worker(GivenPaths(paths), told=Told()) as worker:
        found = worker.find()
    return Found(
        tuple(Identified(e.path, e.importer, e.platform, tuple(e.evidence)) for e in found.exports),
        tuple(found.rest),
    )


def platforms() -> list[Platform]:
    """What can be read."""
    return [
        Platform(
            i.INFO.key, i.INFO.platform, i.INFO.title, i.INFO.expects, tuple(sorted(i.INFO.carries))
        )
        for i in IMPORTERS
    ]
