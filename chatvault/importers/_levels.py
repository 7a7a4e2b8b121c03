"""The levels of what the user gave: one folder, or the inside of one archive, is a level."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chatvault.importers._nothing import is_junk
from chatvault.importers._protocol import Importer
from chatvault.importers._source import Entry, Source, Told
from chatvault.model import Problem


@dataclass(frozen=True)
class FoundExport:
    """One export, whose importer it is and how we know; `path` is where it was found."""

    source: Source
    importer: Importer
    evidence: tuple[str, ...]
    path: str


@dataclass(frozen=True)
class Level:
    """One folder or the inside of one archive.

    `plain` says that no archive is around it, `archive` that it is one itself.
    """

    path: str
    name: str
    entries: Mapping[str, Entry]
    problems: tuple[Problem, ...] = ()
    depth: int = 0
    plain: bool = True
    archive: bool = False

    @property
    def label(self) -> str:
        """What messages call it; a folder ends with a slash."""
        return self.path if self.archive else f"{self.path}/"

    def folders(self) -> dict[str, dict[str, Entry]]:
        """What each folder at the top holds, with names relative to it."""
        found: dict[str, dict[str, Entry]] = {}
        for name, entry in self.entries.items():
            top, slash, below = name.partition("/")
            if slash:
                found.setdefault(top, {})[below] = entry
        return dict(sorted(found.items()))

    def files(self) -> dict[str, Entry]:
        """The files at the top."""
        return {name: entry for name, entry in sorted(self.entries.items()) if "/" not in name}

    def child(self, name: str, entries: Mapping[str, Entry]) -> "Level":
        """The level of a folder in this one."""
        path = f"{self.path}/{name}" if self.path else name
        inside = tuple(one for one in self.problems if one.file.startswith(path + "/"))
        return Level(path, name, entries, inside, depth=self.depth + 1, plain=self.plain)


def wrappers(level: Level, depth: int) -> list[Level]:
    """The level and, before it, the folders that are all there is in it: the innermost first."""
    chain = [level]
    while chain[0].depth < depth:
        folders = {
            name: entries
            for name, entries in chain[0].folders().items()
            if not all(is_junk(f"{name}/{below}") for below in entries)
        }
        if len(folders) != 1 or not all(map(is_junk, chain[0].files())):
            break
        ((name, entries),) = folders.items()
        chain.insert(0, replace(chain[0].child(name, entries), problems=level.problems))
    return chain


def inside_of(path: str, inside: Source, depth: int) -> Level:
    """The level inside an archive."""
    return Level(
        path, inside.name, inside.entries, inside.problems, depth=depth, plain=False, archive=True
    )


def source_of(level: Level, told: Told) -> Source:
    """A level as importers see it."""
    return Source(name=level.name, entries=level.entries, told=told, problems=level.problems)


def export_of(
    level: Level, told: Told, importer: Importer, evidence: tuple[str, ...]
) -> FoundExport:
    """A whole level as one export."""
    return FoundExport(source_of(level, told), importer, evidence, level.path or level.name)


def zone_of(told: Told) -> str:
    """The zone for the clocks of archives."""
    return told.zone or told.local_zone
