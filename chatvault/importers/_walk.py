"""The walk from level to level in search of exports.

Where an importer claims a level, everything below belongs to that export, archives included: they
are what people sent each other. Only a plain folder may be a shelf, such as Downloads, where
exports lie side by side.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from chatvault.errors import ChatVaultError, RefusedByLimit, Where
from chatvault.importers import registry
from chatvault.importers._containers import expand, is_archive, stem
from chatvault.importers._downloads import groups, joined
from chatvault.importers._known_files import is_foreign
from chatvault.importers._levels import (
    FoundExport,
    Level,
    export_of,
    inside_of,
    source_of,
    wrappers,
    zone_of,
)
from chatvault.importers._limits import Budget
from chatvault.importers._nothing import TOO_DEEP, check_no_pages, is_junk
from chatvault.importers._protocol import Importer
from chatvault.importers._source import Entry, Source, Told
from chatvault.model import Message, Problem

# Never an export by themselves: looking into each picture of a folder would take minutes.
MEDIA = (
    *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".heif", ".avif", ".bmp", ".tif", ".tiff"),
    *(".mp4", ".mov", ".m4v", ".3gp", ".mkv", ".webm", ".avi", ".dng", ".pdf"),
    *(".mp3", ".m4a", ".ogg", ".opus", ".oga", ".aac", ".amr", ".wav", ".flac"),
)
LOOSE_FILES = 1_000  # a folder with more of them is no shelf that a person filled


@dataclass
class Result:
    """What a walk has found so far."""

    exports: list[FoundExport] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    errors: list[ChatVaultError] = field(default_factory=list)

    def add(self, other: "Result") -> None:
        """Take over what another walk has found."""
        self.exports += other.exports
        self.rest += other.rest
        self.problems += other.problems
        self.errors += other.errors


class Archives:
    """The archives opened so far: a second walk must not pay for them again."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._known: dict[str, Source | RefusedByLimit | None] = {}

    def open(self, path: str, entry: Entry, told: Told) -> Source | None:
        """The members of an archive; None if the file is none."""
        if path not in self._known:
            try:
                self._known[path] = expand(path, entry, self.budget, zone=zone_of(told))
            except RefusedByLimit as error:
                self._known[path] = error
        known = self._known[path]
        if isinstance(known, RefusedByLimit):
            raise known
        return known

    def add(self, path: str, inside: Source) -> None:
        """Take in an archive that was opened elsewhere."""
        self._known[path] = inside

    def opened(self) -> dict[str, Source]:
        """The members of all archives opened so far, by the path of the archive."""
        return {path: one for path, one in self._known.items() if isinstance(one, Source)}


class Walk:
    """One walk with one set of importers."""

    def __init__(self, importers: tuple[Importer, ...], told: Told, archives: Archives) -> None:
        self._importers = importers
        self._told = told
        self._archives = archives
        self._depth = archives.budget.limits.depth
        # What a fallback claims is no sign that exports lie side by side.
        self._shelves = any(one.INFO.rank not in registry.LAST_RESORTS for one in importers)

    def visit(self, level: Level) -> Result:
        """The exports at a level or below it."""
        chain = wrappers(level, self._depth)
        for inner in chain:
            if claims := self._ask(inner):
                return self._claimed(inner, claims)
        inner = chain[0]
        if self._shelves:
            for around in chain:
                check_no_pages(around.entries, around.path or around.name)
        if inner.plain and self._shelves and (loose := self._loose(inner)):
            children = self._claimed_children(inner)
            return self._shelf(inner, loose, claim=None, children=children)
        return self._descend(inner)

    def _ask(self, level: Level) -> list[tuple[Importer, tuple[str, ...]]]:
        return registry.claims(source_of(level, self._told), self._importers)

    def _claimed(self, level: Level, claims: list[tuple[Importer, tuple[str, ...]]]) -> Result:
        if level.plain and self._shelves:
            own = {one for importer, _ in claims for one in importer.INFO.holds}
            children = self._claimed_children(_without(level, own))
            left = self._ask(_without(level, children)) if children else claims
            if len(left) == 1 and children:
                return self._shelf(level, self._loose(level), claim=left[0], children=children)
            if len(left) > 1:
                loose = self._loose(level)
                keys = {export.importer.INFO.key for export in loose.values()}
                if keys.issuperset(importer.INFO.key for importer, _ in left):
                    return self._shelf(level, loose, claim=None, children=children)
            elif not left and self._is_shelf(level, claims, children):
                return self._shelf(level, self._loose(level), claim=None, children=children)
        if len(claims) > 1:
            raise registry.several(claims, Where(level.path or level.name))
        if level.plain and self._shelves and claims[0][0].INFO.rank == "text":
            return self._without_foreign(level, claims[0])
        return Result([export_of(level, self._told, *claims[0])])

    def _without_foreign(self, level: Level, claim: tuple[Importer, tuple[str, ...]]) -> Result:
        """A folder as one export, but for what lies in it by chance: a text and its photos may
        have been put among downloads. Other exports come as folders of their own, and all that
        lies in those is kept."""
        export = export_of(level, self._told, *claim)
        whole = Result([export])
        foreign = {name for name in level.files() if is_foreign(name) and not is_junk(name)}
        foreign |= {
            f"{name}/"
            for name, entries in level.folders().items()
            if all(is_foreign(one) or is_junk(one) for one in entries)
        }
        if not foreign:
            return whole
        used, complete = _readable_references(export, level.entries)
        foreign -= used | {f"{_first(name)}/" for name in used}
        left = _without(level, {name.removesuffix("/") for name in foreign})
        claims = self._ask(left)
        if not complete or not foreign or [importer for importer, _ in claims] != [claim[0]]:
            return whole
        start = f"{level.path}/" if level.path else ""
        return Result(
            [export_of(left, self._told, *claims[0])], [start + name for name in sorted(foreign)]
        )

    def _is_shelf(
        self,
        level: Level,
        claims: list[tuple[Importer, tuple[str, ...]]],
        children: Mapping[str, frozenset[str]],
    ) -> bool:
        """Whether the folders and archives by which a level was recognised are exports that lie
        side by side, and not the format's own folders and what was sent in them."""
        if len(claims) > 1:
            return True
        export = export_of(level, self._told, *claims[0])
        key = export.importer.INFO.key
        others = {one for one, keys in children.items() if keys != {key} or one in level.entries}
        if not others:
            return False
        sent = _references(export, level.entries)
        return not others <= {_first(name) for name in sent}

    def _loose(self, level: Level) -> dict[str, FoundExport]:
        """The files at the top that are exports by themselves, if only one importer says so."""
        files = {
            name: entry
            for name, entry in level.files().items()
            if not is_junk(name) and not name.lower().endswith(MEDIA)
        }
        if len(files) > LOOSE_FILES or len(level.entries) < 2:
            return {}
        found = {}
        for name, entry in files.items():
            if is_archive(entry):
                continue  # in a tar texts stand as they are
            alone = replace(level, entries={name: entry}, problems=())
            if len(claims := self._ask(alone)) == 1:
                found[name] = export_of(alone, self._told, *claims[0])
        return found

    def _claimed_children(self, level: Level) -> dict[str, frozenset[str]]:
        """The folders and archives of a level that are exports by themselves, and whose."""
        # Most of what is looked into here is no export, so it counts for nobody.
        archives = Archives(Budget(self._archives.budget.limits))
        found = {}
        for child in self._children(level, archives, Result()):
            for inner in wrappers(child, self._depth):
                if claims := self._ask(inner):
                    keys = frozenset(importer.INFO.key for importer, _ in claims)
                    found[child.path.rpartition("/")[2]] = keys
                    break
        return found

    def _shelf(
        self,
        level: Level,
        loose: dict[str, FoundExport],
        *,
        claim: tuple[Importer, tuple[str, ...]] | None,
        children: Collection[str],
    ) -> Result:
        """The exports that lie side by side in a folder."""
        taken: set[str] = set()
        exports = []
        for name, export in loose.items():
            others = {
                other: entry
                for other, entry in level.entries.items()
                if other == name
                or (other not in loose and (other in children or _first(other) not in children))
            }
            # What SQLite has not moved into a database yet lies in a log beside it.
            wanted = {name, *({f"{name}-wal"} & others.keys()), *_references(export, others)}
            taken |= wanted
            entries = {one: entry for one, entry in others.items() if one in wanted}
            path = f"{level.path}/{name}" if level.path else name
            source = replace(export.source, name=stem(name), entries=entries)
            exports.append(replace(export, source=source, path=path))
        if claim is not None and taken.issuperset(children):
            # What seemed to lie beside the export was sent in it.
            return Result([export_of(level, self._told, *claim)])
        if claim is not None and not loose:
            exports = [export_of(_without(level, children), self._told, *claim)]
            taken = {one for one in level.entries if _first(one) not in children}
        left = {name: entry for name, entry in level.entries.items() if name not in taken}
        result = Result(exports)
        result.add(self._descend(replace(level, entries=left)))
        return result

    def _children(self, level: Level, archives: Archives, result: Result) -> list[Level]:
        """The folders and archives of a level, as levels; the rest goes to the result."""
        found = []
        deep = level.depth + 1 > self._depth
        for name, entries in level.folders().items():
            if all(is_junk(f"{name}/{below}") for below in entries):
                continue
            child = level.child(name, entries)
            if deep:
                result.rest.append(child.label + TOO_DEEP)
            else:
                found.append(child)
        for name, entry in level.files().items():
            if is_junk(name):
                continue
            path = f"{level.path}/{name}" if level.path else name
            try:
                inside = None
                if not deep and not name.lower().endswith(MEDIA):
                    inside = archives.open(path, entry, self._told)
            except RefusedByLimit as error:
                result.errors.append(error)
                result.rest.append(f"{path} ({error.message})")
                result.problems.append(Problem(file=path, part="", reason=error.message, raw=""))
                continue
            if inside is None:
                result.rest.append(path)
            else:
                found.append(inside_of(path, inside, depth=level.depth + 1))
        return found

    def _descend(self, level: Level) -> Result:
        result = Result()
        children = self._children(level, self._archives, result)
        result.add(self._descended(self._downloads(children)))
        told = {one for export in result.exports for one in export.source.problems}
        told.update(result.problems)
        result.problems += [one for one in level.problems if one not in told]
        return result

    def _descended(self, downloads: list[list[Level]]) -> Result:
        """What is in these folders and archives, whatever becomes of some of them."""
        result = Result()
        for parts in downloads:
            child = parts[0]
            try:
                below = self._visit_parts(parts)
            except ChatVaultError as error:
                result.errors.append(error)
                result.rest.append(f"{child.label} ({error.message})")
                problem = Problem(file=child.path, part="", reason=error.message, raw="")
                result.problems.append(problem)
                continue
            if not below.exports and len(parts) == 1:
                reasons = [one for one in below.rest if one.endswith(")")]
                below.rest = [child.label, *reasons]
            result.add(below)
        return result

    def _downloads(self, children: list[Level]) -> list[list[Level]]:
        """The folders and archives of a level, parts of one download together."""
        archives = [child for child in children if child.archive and self._shelves]
        together = groups([child.name for child in archives])
        found = [[archives[number] for number in numbers] for numbers in together]
        return found + [[child] for child in children if not (child.archive and self._shelves)]

    def _visit_parts(self, parts: list[Level]) -> Result:
        """The exports in archives that may be one download; each by itself if they are none."""
        if len(parts) == 1:
            return self.visit(parts[0])
        whole = joined(parts, self._told)
        alone = self._descended([[part] for part in parts])
        if whole is None:
            return alone
        try:
            together = self.visit(whole)
        except ChatVaultError:
            return alone
        keys = {one.importer.INFO.key for one in together.exports}
        known = {one.importer.INFO.key for one in alone.exports}
        return together if keys and known <= keys else alone


def _without(level: Level, names: Collection[str]) -> Level:
    entries = {name: entry for name, entry in level.entries.items() if _first(name) not in names}
    return replace(level, entries=entries)


def _first(name: str) -> str:
    return name.partition("/")[0]


def _references(export: FoundExport, entries: Mapping[str, Entry]) -> set[str]:
    """The files that the records of an export refer to; at most all that lie beside it."""
    return _readable_references(export, entries)[0] if len(entries) > 1 else set()


def _readable_references(
    export: FoundExport, entries: Mapping[str, Entry]
) -> tuple[set[str], bool]:
    """Those files, and whether the export could be read to its end."""
    found: set[str] = set()
    try:
        for record in export.importer.read(replace(export.source, entries=entries)):
            if isinstance(record, Message):
                paths = (one.path for one in record.attachments if one.path is not None)
                found.update(path for path in paths if path in entries)
    except (ChatVaultError, OSError, ValueError):
        return found, False  # told when the export is read for good
    return found, True
