"""What to say when no export was found: the error that helps its owner most."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from chatvault.errors import (
    AppDatabase,
    BadExport,
    ChatVaultError,
    EmptyExport,
    NeedsAnswer,
    RefusedByLimit,
    UnknownExport,
    Usage,
    Where,
)
from chatvault.importers import _meta_pages
from chatvault.importers._app_databases import Explained, explain
from chatvault.importers._apps import pointer
from chatvault.importers._known_files import ORDER, STRONG, Kind, kind_of
from chatvault.importers._meta_layout import undecided
from chatvault.importers._pages_instead import better_than_pages
from chatvault.importers._source import Source
from chatvault.importers._sqlite_schema import table_names
from chatvault.importers._training_sets import TRAINING_SET, training_set
from chatvault.model import Problem

JUNK = re.compile(r"(?:\A|/)(?:__MACOSX/|(?:\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)\Z)")
HISTORY_TRACKER = frozenset({"servers", "channels", "users", "messages", "attachments", "metadata"})
TRACKER = Kind(
    "database of Discord History Tracker",
    "this is a database of Discord History Tracker, which ChatVault cannot read yet",
    "keep the file; for a start ask Discord for your data package (Settings, Data & Privacy), which"
    " holds what you wrote, or give what DiscordChatExporter wrote as JSON."
    f" {pointer(('discord-package', 'discord-dce'))}",
)
SAMPLES = 50
TOO_DEEP = " (too deep)"
ENCRYPTED = "password protected"
NOTHING_IN_IT = "there is nothing in it"
AGAIN = "export it again and wait until the app says it is done"
UNPACK = "unpack it with its password (7-Zip, Keka, The Unarchiver) and import the folder"
_THREEMA = re.compile(r"(?:group_)?message_[^/]{1,80}\.csv")
_FEW = 20  # files of which one answer can speak for all
_LOOKED_INTO = 200
_PER_ENDING = 8
_NAMED_BESIDE = 3
_LONGEST_NAME = 60


class _Place(NamedTuple):
    """Files to look at, and what stands before their names in messages."""

    prefix: str
    source: Source


def is_junk(name: str) -> bool:
    """Whether the operating system put this file there."""
    return JUNK.search(name) is not None


def check_not_empty(source: Source) -> None:
    """EmptyExport when there is nothing at all to look at."""
    sizes = {name: entry.size for name, entry in source.entries.items() if not is_junk(name)}
    if not any(sizes.values()):
        raise EmptyExport(
            NOTHING_IN_IT,
            where=Where(source.name),
            remedy=AGAIN,
        )
    if len(sizes) == 1:
        (name,) = sizes
        head = source.head(name, 64 * 1024)
        if head and not head.strip(b"\0"):
            raise EmptyExport(
                "nothing found: the file holds only zeros",
                where=Where(name),
                remedy="copy it again; a broken copy or a failing disk looks like this",
            )


def check_no_pages(names: Iterable[str], where: str) -> None:
    """BadExport when these files, which nobody claims, could be had in a form that is read."""
    if _meta_pages.has_pages(names):
        raise BadExport(_meta_pages.MESSAGE, where=Where(where), remedy=_meta_pages.REMEDY)


def is_about_pages(error: ChatVaultError) -> bool:
    """Whether an error is the one of `check_no_pages`."""
    return error.message == _meta_pages.MESSAGE


def why_nothing(
    given: Source,
    inside: Mapping[str, Source],
    *,
    errors: Iterable[ChatVaultError] = (),
    problems: Iterable[Problem] = (),
    rest: Iterable[str] = (),
) -> ChatVaultError:
    """The error to raise when no importer claims anything in what was given.

    `inside` are the archives in it that were opened, by their paths; `rest` is what was left over.
    """
    places = _places(given, inside)
    if found := _certain(places):
        return found
    wrong = sorted(errors, key=lambda error: not isinstance(error, RefusedByLimit))
    if locked := _locked(places, [*given.problems, *problems]):
        return locked
    if wrong:
        return wrong[0]
    if deep := next((one for one in rest if one.endswith(TOO_DEEP)), ""):
        return UnknownExport(
            "what is in here lies too deep, in folders and archives within others",
            where=Where(deep.removesuffix(TOO_DEEP)),
            remedy="unpack the archives around it, and give what an app or a tool wrote by itself",
        )
    if found := _by_content(places):
        return found
    files = [
        (place, name)
        for place in places
        for name, entry in place.source.entries.items()
        if entry.size and not is_junk(name)
    ]
    if not files or all(place.prefix + name in inside for place, name in files):
        return EmptyExport(NOTHING_IN_IT, where=Where(given.name), remedy=AGAIN)
    return _by_files(given, files)


def name_rest(
    rest: Iterable[str], given: Source, inside: Mapping[str, Source], tables: Iterable[str] = ()
) -> list[str]:
    """The names of what no importer claimed, each with what it is in brackets, where that helps.

    `tables` are the files among them that could be imported by themselves.
    """
    labels = list(rest)
    alone = frozenset(tables)
    databases: set[str] = set()

    def head(name: str) -> bytes:
        return given.head(name) if given.has(name) else b""

    while found := explain((name for name in labels if name not in databases), head):
        databases.update(found.names)
    named = []
    for label in labels:
        if label in alone:
            note = "can be imported by itself, as a table"
        elif label in databases:
            note = "app database"
        elif label.endswith(")"):
            note = ""
        else:
            note = _note(label, given, inside)
        named.append(f"{label} ({note})" if note else label)
    return named


def _note(label: str, given: Source, inside: Mapping[str, Source]) -> str:
    path = label.removesuffix("/")
    if path in inside:
        source = inside[path]
    elif path != label:
        source = given.below(path)
    elif given.has(label):
        kind = kind_of(label, given.head)
        if kind in STRONG:
            return kind.short
        source = Source(name=label, entries={label: given.entries[label]})
    else:
        return ""
    if explain(_plain(source), source.head):
        return "app database"
    if _locked([_Place("", source)], source.problems):
        return ENCRYPTED
    answer = _known(source)
    return answer[1].short if answer else ""


def _places(given: Source, inside: Mapping[str, Source]) -> list[_Place]:
    places = [_Place("", given)]
    return places + [_Place(f"{path}/", source) for path, source in inside.items()]


def _certain(places: list[_Place]) -> ChatVaultError | None:
    """What is known by the names of an app or by the words of a tool."""
    for prefix, source in places:
        if source.has("vault.json") and "packs" in source.folders():
            return Usage(
                "this is a vault of ChatVault, not an export",
                where=Where(prefix.rstrip("/") or source.name),
                remedy="open it with `chatvault list conversations --vault FOLDER`",
            )
        inner = _inside_wrappers(source)
        if thread := undecided(inner):
            return NeedsAnswer(
                "these are messages of Messenger or of Instagram, and nothing here tells which",
                where=Where(prefix + inner.full(thread)),
                remedy="say it: --platform messenger or --platform instagram; or give the whole"
                " download",
            )
        if name := _history_tracker(source):
            return _error(prefix + name, TRACKER)
        database = explain(_plain(source), source.head)
        if database is not None and database.app:
            return _database(prefix, database)
        if answer := _known(source):
            return _error(prefix + answer[0], answer[1])
    return None


def _known(source: Source) -> tuple[str, Kind] | None:
    """The first file that is known to be no backup, or a page where something better exists."""
    if name := training_set(source):
        return name, TRAINING_SET
    return better_than_pages(source)


def _locked(places: list[_Place], problems: Iterable[Problem]) -> ChatVaultError | None:
    """The answer to archives of which nothing can be read without a password."""
    of_places = (one for place in places for one in place.source.problems)
    files = [one.file for one in (*problems, *of_places) if one.reason == ENCRYPTED]
    if not files:
        return None
    where = Where(next((name for p in places for name in p.source.files()), places[0].source.name))
    archives = [place for place in places if place.prefix]
    if archives and not archives[0].source.entries:
        where = Where(archives[0].prefix.rstrip("/"))
    names = {name.rpartition("/")[2] for name in files}
    if "contacts.csv" in names and any(_THREEMA.fullmatch(name) for name in names):
        return BadExport(
            "this is a data backup of Threema, behind the password that was chosen for it",
            where=where,
            remedy="unpack it with that password and import the folder; 7-Zip, Keka and The"
            " Unarchiver can, what Windows and macOS bring along cannot."
            f" {pointer(('threema',))}",
        )
    return BadExport(f"this is {ENCRYPTED}", where=where, remedy=UNPACK)


def _by_content(places: list[_Place]) -> ChatVaultError | None:
    for prefix, source in places:
        if database := explain(_plain(source), source.head):
            return _database(prefix, database)
    return None


def _by_files(given: Source, files: list[tuple[_Place, str]]) -> ChatVaultError:
    """The best that can be said about files that nobody knows."""
    kinds = list(_kinds(files))
    few = len(files) <= _FEW
    best = min(
        (one for one in kinds if few or one[1] in STRONG),
        key=lambda one: ORDER.index(one[1]),
        default=None,
    )
    if best is not None:
        beside = [(name, kind) for name, kind in kinds if name != best[0]]
        return _error(best[0], best[1], beside=beside)
    return UnknownExport(
        f"none of these {len(files):,} files is an export of messages{_summary(kinds)}"
        if len(files) > 1
        else "this is no export of messages that ChatVault knows",
        where=Where(given.name),
        remedy="give the .zip, folder or file as an app or a tool wrote it; `chatvault platforms`"
        " lists what can be read, and from which app",
    )


def _kinds(files: list[tuple[_Place, str]]) -> Iterator[tuple[str, Kind]]:
    """What files are, some of each ending."""
    seen: Counter[str] = Counter()
    left = _LOOKED_INTO
    for place, name in files:
        ending = name.rpartition(".")[2].lower()
        seen[ending] += 1
        if seen[ending] > _PER_ENDING or not left:
            continue
        left -= 1
        if kind := kind_of(name, place.source.head):
            yield place.prefix + name, kind


def _summary(kinds: list[tuple[str, Kind]]) -> str:
    shorts = dict.fromkeys(kind.short for _, kind in kinds)
    return f" (there is: {', '.join(list(shorts)[:5])})" if shorts else ""


def _error(where: str, kind: Kind, *, beside: Iterable[tuple[str, Kind]] = ()) -> BadExport:
    others = [f"{_end_of(name)} ({other.short})" for name, other in beside if other != kind]
    more = ""
    if others:
        shown = ", ".join(others[:_NAMED_BESIDE])
        more = f". Beside it: {shown}; give one of them alone to hear more about it"
    return BadExport(kind.message, where=Where(where), remedy=kind.remedy + more)


def _end_of(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"


def _database(prefix: str, database: Explained) -> AppDatabase:
    where = Where(prefix + database.names[0])
    return AppDatabase(database.message, where=where, remedy=database.remedy)


def _inside_wrappers(source: Source) -> Source:
    """The folder inside the folders that hold nothing else."""
    while len(folders := source.folders()) == 1 and all(map(is_junk, source.files())):
        source = source.below(folders[0])
    return source


def _plain(source: Source) -> list[str]:
    return [name for name in source.names() if not is_junk(name)]


def _history_tracker(source: Source) -> str:
    """The database of Discord History Tracker; empty if there is none."""
    names = [name for name in source.names() if name.lower().endswith(".dht")]
    files = source.files()
    if not names and len(files) == 1:  # under another name
        names = files
    found = (name for name in names[:SAMPLES] if table_names(source, name) >= HISTORY_TRACKER)
    return next(found, "")
