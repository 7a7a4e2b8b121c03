"""What an export is, and how we know; and what can be read at all."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from chatvault.importers._source import Told
from chatvault.importers.registry import IMPORTERS
from chatvault.services.given import GivenPaths
from chatvault.services.worker import Worker

# Platforms that are no app.
ANY_APP = frozenset({"any", "generic", "chatlab"})


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
    leaves_out: str
    seen: str


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
            importer=info.key,
            platform=info.platform,
            title=info.title,
            expects=info.expects,
            carries=tuple(sorted(info.carries)),
            leaves_out=info.leaves_out,
            seen=info.seen,
        )
        for info in (importer.INFO for importer in IMPORTERS)
    ]


def by_app(known: Sequence[Platform]) -> dict[str, list[str]]:
    """The importers of each app, by a name that people know it by."""
    groups: dict[str, list[Platform]] = {}
    for one in known:
        groups.setdefault("" if one.platform in ANY_APP else one.platform, []).append(one)
    named = {
        min((_app(one.title) for one in group), key=len) if platform else "any other app": group
        for platform, group in groups.items()
    }
    # What fits everything is for those who found nothing of their own.
    order = sorted(named, key=lambda app: (app == "any other app", app.casefold()))
    return {app: [one.importer for one in named[app]] for app in order}


def _app(title: str) -> str:
    """An app's name, which its titles begin with."""
    return re.split(r",| \(", title, maxsplit=1)[0]
