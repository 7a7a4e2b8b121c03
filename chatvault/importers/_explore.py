"""Finds the exports in what the user gave: files, folders, archives, or a shelf full of them.

Each export found gets names relative to itself, so that the paths of its attachments and the names
it is stored under agree.
"""

from dataclasses import dataclass, replace

from chatvault.errors import ChatVaultError
from chatvault.importers import registry
from chatvault.importers._containers import expand, stem
from chatvault.importers._downloads import combine, groups, joined
from chatvault.importers._inner_files import with_parts
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
from chatvault.importers._nothing import (
    check_not_empty,
    is_about_pages,
    is_junk,
    name_rest,
    why_nothing,
)
from chatvault.importers._protocol import Importer
from chatvault.importers._source import Source, Told
from chatvault.importers._walk import Archives, Result, Walk
from chatvault.model import Problem


@dataclass(frozen=True)
class Found:
    """All exports, and what belongs to none of them, with the reason in brackets where known."""

    exports: tuple[FoundExport, ...]
    rest: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def find(
    source: Source,
    importers: tuple[Importer, ...],
    budget: Budget,
    *,
    platform: str | None = None,
) -> Found:
    """The exports in a source; the error that explains it best when there is none.

    With `platform`, only that importer is asked, and it gets the whole if it recognises nothing.
    """
    check_not_empty(source)
    top = _top(source, budget)
    if not top.entries:
        raise why_nothing(source, {top.path: source_of(top, source.told)})
    archives = Archives(budget)
    if top.archive:
        archives.add(top.path, source_of(top, source.told))
    if platform is not None:
        chosen = registry.importer_named(platform, importers)
        result = Walk((chosen,), source.told, archives).visit(top)
        if not result.exports:
            inner = wrappers(top, budget.limits.depth)[0]
            result = Result([export_of(inner, source.told, chosen, ("chosen with --platform",))])
        return _found(result, source, archives, importers)
    strict = tuple(one for one in importers if one.INFO.rank not in registry.LAST_RESORTS)
    result = Walk(strict, source.told, archives).visit(top)
    last_resorts = tuple(one for one in importers if one.INFO.rank in registry.LAST_RESORTS)
    fallback = Walk(last_resorts, source.told, archives)
    if result.exports:
        return _found(_beside(top, result, fallback, archives), source, archives, importers)
    for error in result.errors:
        if is_about_pages(error):  # its pictures alone are not what somebody wants to keep
            raise error
    last = fallback.visit(top)
    if not last.exports:
        raise why_nothing(
            source,
            archives.opened(),
            errors=result.errors,
            problems=result.problems,
            rest=result.rest,
        )
    return _found(last, source, archives, importers)


def _beside(top: Level, result: Result, fallback: Walk, archives: Archives) -> Result:
    """A folder or archive beside the exports that none of them claims may be one of photos or
    tables; files that lie loose between exports are not taken for one."""
    rest = []
    for label in result.rest:
        found = Result()
        path = label.removesuffix("/")
        depth = path.count("/") + 1
        if inside := archives.opened().get(path):
            found = fallback.visit(inside_of(path, inside, depth))
        elif path != label:
            below = {
                name.removeprefix(label): entry
                for name, entry in top.entries.items()
                if name.startswith(label)
            }
            if below:
                found = fallback.visit(Level(path, path.rpartition("/")[2], below, depth=depth))
        rest += found.rest if found.exports else [label]
        result.exports += found.exports
    result.rest = rest
    return result


def find_parts(
    sources: list[Source],
    importers: tuple[Importer, ...],
    budget: Budget,
    *,
    platform: str | None = None,
) -> Found:
    """The exports in several things given together, such as the parts of one download.

    Parts of one download are looked through as if nobody had cut it. Otherwise parts that are
    exports by themselves stay apart, and all of them together may be one: this decides only where
    media are looked up. What fits neither way is told in `problems`; an error is raised only when
    nothing was found at all.
    """
    if len(sources) == 1:
        return find(sources[0], importers, budget, platform=platform)
    downloads = groups([stem(source.name) for source in sources])
    if 1 < len(downloads) < len(sources):
        together = [[sources[number] for number in download] for download in downloads]
        return _each(together, importers, budget, platform)
    asked = importers
    if platform is not None:
        asked = (registry.importer_named(platform, importers),)
    strict = tuple(one for one in asked if one.INFO.rank not in registry.LAST_RESORTS or platform)
    tops: list[Level] = []
    found: list[Result] = []
    opened: list[Archives] = []
    try:
        for source in sources:
            check_not_empty(source)
            tops.append(_top(source, budget))
            opened.append(Archives(budget))
            found.append(Walk(strict, source.told, opened[-1]).visit(tops[-1]))
    except ChatVaultError:
        return _each([[source] for source in sources], importers, budget, platform)
    if joined := _one_download(tops, found, sources[0].told, strict, budget):
        return Found(tuple(joined.exports), tuple(joined.rest), tuple(joined.problems))
    if all(one.exports for one in found):
        result = Result()
        for one, source, archives in zip(found, sources, opened, strict=True):
            one.rest = name_rest(one.rest, source, archives.opened())
            result.add(one)
        return Found(tuple(result.exports), tuple(result.rest), tuple(result.problems))
    told = sources[0].told
    known = {one.importer.INFO.key for part in found for one in part.exports}
    inmost = [wrappers(top, budget.limits.depth)[0] for top in tops]
    for levels in (tops, inmost):  # one part may have a folder around it that another lacks
        whole = combine([source_of(level, told) for level in levels])
        level = Level("", whole.name, whole.entries, whole.problems, plain=False)
        for inner in wrappers(level, budget.limits.depth):
            claims = registry.claims(source_of(inner, told), strict)
            if len(claims) == 1 and known <= {claims[0][0].INFO.key}:
                return Found((export_of(inner, told, *claims[0]),))
    return _each([[source] for source in sources], importers, budget, platform)


def _one_download(
    tops: list[Level],
    alone: list[Result],
    told: Told,
    importers: tuple[Importer, ...],
    budget: Budget,
) -> Result | None:
    """The exports in parts of one download, as Takeout cuts its archives; None when they are no
    such parts."""
    whole = joined(tops, told)
    if whole is None:
        return None
    level = Level("", whole.name, whole.entries, whole.problems, plain=False)
    try:
        result = Walk(importers, told, Archives(Budget(budget.limits))).visit(level)
    except ChatVaultError:
        return None
    known = {one.importer.INFO.key for part in alone for one in part.exports}
    keys = {one.importer.INFO.key for one in result.exports}
    return result if keys and known <= keys else None


def _each(
    downloads: list[list[Source]],
    importers: tuple[Importer, ...],
    budget: Budget,
    platform: str | None,
) -> Found:
    """Each download by itself, whatever becomes of the others."""
    exports: list[FoundExport] = []
    rest: list[str] = []
    problems: list[Problem] = []
    errors: list[ChatVaultError] = []
    for parts in downloads:
        alone = Budget(budget.limits, memory=budget.memory)
        try:
            found = find_parts(parts, importers, alone, platform=platform)
        except ChatVaultError as error:
            errors.append(error)
            for source in parts:
                rest.append(f"{source.name} ({error.message})")
                reason = error.message
                problems.append(Problem(file=source.name, part="", reason=reason, raw=""))
            continue
        exports += found.exports
        rest += found.rest
        problems += found.problems
    if not exports:
        raise errors[0]
    return Found(tuple(exports), tuple(rest), tuple(problems))


def _top(source: Source, budget: Budget) -> Level:
    """What the user gave as a level; a single archive is opened, and files that hold others."""
    files = [name for name in source.entries if not is_junk(name)]
    if len(files) == 1 and "/" not in files[0]:
        inside = expand(files[0], source.entries[files[0]], budget, zone=zone_of(source.told))
        if inside is not None:
            return inside_of(files[0], inside, depth=0)
    entries, problems = with_parts(source.entries, budget)
    return Level("", source.name, entries, (*source.problems, *problems))


def _found(
    result: Result, source: Source, archives: Archives, importers: tuple[Importer, ...]
) -> Found:
    """The result of a walk, with words for what was left over."""
    rest = name_rest(
        result.rest, source, archives.opened(), _tables(result.rest, source, importers)
    )
    return Found(tuple(result.exports), tuple(rest), tuple(result.problems))


def _tables(rest: list[str], source: Source, importers: tuple[Importer, ...]) -> list[str]:
    """The loose files beside exports that are imported only when they are given by themselves."""
    generic = tuple(one for one in importers if one.INFO.rank == "generic")
    return [
        name
        for name in rest
        if source.has(name)
        and registry.claims(replace(source, entries={name: source.entries[name]}), generic)
    ]
