"""What to say when no export was found: the error that helps its owner most."""

import re
from collections.abc import Iterable, Iterator

from chatvault.errors import (
    AppDatabase,
    BadExport,
    ChatVaultError,
    EmptyExport,
    NeedsAnswer,
    UnknownExport,
    Where,
)
from chatvault.importers import _meta_pages
from chatvault.importers._app_databases import explain
from chatvault.importers._meta_layout import undecided
from chatvault.importers._pages_instead import better_than_pages
from chatvault.importers._source import Source
from chatvault.importers._sqlite_schema import table_names

JUNK = re.compile(r"(?:\A|/)(?:__MACOSX/|(?:\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)\Z)")
# MemoTrace writes these next to its real exports: chats to train a model with, merged and shuffled.
CHAT_SET = re.compile(
    r'\A\s*\[?\s*\{\s*(?:"[^"]{0,40}"\s*:\s*"[^"]{0,2000}"\s*,\s*)?'
    r'"(?:conversations|messages)"\s*:\s*\[\s*\{\s*"(?:role|from|content)"\s*:'
)
ALPACA_START = re.compile(r'\A\s*\[?\s*\{\s*"(?:system|instruction|input|output|history)"\s*:')
ALPACA_FIELDS = ('"instruction"', '"input"', '"output"')
DISCORD_TEXT = re.compile(r"={62}\r?\nGuild: [^\n]*\nChannel: ")
PAGE = 64 * 1024
HISTORY_TRACKER = frozenset({"servers", "channels", "users", "messages", "attachments", "metadata"})
SAMPLES = 50
ENCRYPTED = "password protected"
_THREEMA = re.compile(r"(?:group_)?message_[^/]{1,80}\.csv")


def is_junk(name: str) -> bool:
    """Whether the operating system put this file there."""
    return JUNK.search(name) is not None


def check_not_empty(source: Source) -> None:
    """EmptyExport when there is nothing at all to look at."""
    sizes = {name: entry.size for name, entry in source.entries.items() if not is_junk(name)}
    if not any(sizes.values()):
        raise EmptyExport(
            "there is nothing in it",
            where=Where(source.name),
            remedy="export it again and wait until the app says it is done",
        )
    if len(sizes) == 1:
        (name,) = sizes
        head = source.head(name)
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


def why_nothing(source: Source, errors: list[ChatVaultError]) -> ChatVaultError:
    """The error to raise when no importer claims anything in this source."""
    if name := _history_tracker(source):
        return BadExport(
            "this is a database of Discord History Tracker, which ChatVault cannot read yet",
            where=Where(name),
            remedy="keep the file; for a start ask Discord for your data package (Settings, Data &"
            " Privacy), which holds what you wrote, or give what DiscordChatExporter wrote as JSON",
        )
    database = explain(source.names(), source.head)
    if database is not None:
        return AppDatabase(database.message, where=Where(source.name), remedy=database.remedy)
    for name in _samples(source):
        text = source.head(name, 4096).decode("utf-8-sig", "replace")
        if _is_training_set(text):
            return BadExport(
                "this is a set to train language models with, not a backup: texts only, merged"
                " and shuffled",
                where=Where(name),
                remedy="import the CSV, HTML or .html.json files that MemoTrace wrote of the chats",
            )
    if name := next(_discord_pages(source), ""):
        return BadExport(
            "this is a page or text by DiscordChatExporter, which is made to be looked at",
            where=Where(name),
            remedy="export the channel again with DiscordChatExporter as JSON (--format Json), or"
            " as CSV; the ids, replies and reactions are only in the JSON",
        )
    if pages := better_than_pages(source):
        return pages
    if thread := undecided(source):
        return NeedsAnswer(
            "these are messages of Messenger or of Instagram, and nothing here tells which",
            where=Where(thread),
            remedy="say it: --platform messenger or --platform instagram; or give the whole"
            " download",
        )
    if locked := {
        one.file.rpartition("/")[2] for one in source.problems if one.reason == ENCRYPTED
    }:
        if "contacts.csv" in locked and any(_THREEMA.fullmatch(name) for name in locked):
            return BadExport(
                "this is a data backup of Threema, behind the password that was chosen for it",
                where=Where(source.name),
                remedy="unpack it with that password and import the folder; 7-Zip, Keka and The"
                " Unarchiver can, what Windows and macOS bring along cannot",
            )
        return BadExport(
            ENCRYPTED,
            where=Where(source.name),
            remedy="unpack it with its password and import the folder",
        )
    if any(_is_spreadsheet(name) for name in source.entries):
        return BadExport(
            "spreadsheets are not read",
            where=Where(source.name),
            remedy="import the JSON, CSV or HTML files that the same tool wrote, or open it in a"
            " spreadsheet and save it as CSV",
        )
    if errors:
        return errors[0]
    if not any(entry.size for name, entry in source.entries.items() if not is_junk(name)):
        return EmptyExport("there is nothing in it", where=Where(source.name))
    return UnknownExport(
        "no importer recognises this",
        where=Where(source.name),
        remedy="run `chatvault platforms` to see what can be read",
    )


def name_databases(rest: list[str], source: Source) -> list[str]:
    """The names of what no importer claimed, databases of apps marked as such."""

    def head(name: str) -> bytes:
        return source.head(name) if source.has(name) else b""

    databases: set[str] = set()
    while found := explain((name for name in rest if name not in databases), head):
        databases.update(found.names)
    return [f"{name} (app database)" if name in databases else name for name in rest]


def _is_spreadsheet(name: str) -> bool:
    """Whether this is one, or a part of one that was opened as the archive that it is."""
    return name.lower().endswith((".xlsx", ".xls")) or name == "xl/workbook.xml"


def _samples(source: Source) -> list[str]:
    names = (name for name in source.names() if name.lower().endswith((".json", ".jsonl")))
    return [name for name, _ in zip(names, range(SAMPLES), strict=False)]


def _discord_pages(source: Source) -> Iterator[str]:
    """The HTML and TXT files of DiscordChatExporter, whose JSON is read instead."""
    names = (name for name in source.names() if name.lower().endswith((".html", ".htm", ".txt")))
    for name, _ in zip(names, range(SAMPLES), strict=False):
        if name.lower().endswith(".txt"):
            if DISCORD_TEXT.match(source.head(name, 4096).decode("utf-8-sig", "replace")):
                yield name
        # The styles come before the messages, in all versions since 2018.
        elif b"chatlog__message" in (head := source.head(name, PAGE)) and b"preamble__" in head:
            yield name


def _history_tracker(source: Source) -> str:
    """The database of Discord History Tracker; empty if there is none."""
    names = [name for name in source.names() if name.lower().endswith(".dht")]
    files = source.files()
    if not names and len(files) == 1:  # under another name
        names = files
    found = (name for name in names[:SAMPLES] if table_names(source, name) >= HISTORY_TRACKER)
    return next(found, "")


def _is_training_set(text: str) -> bool:
    if CHAT_SET.match(text):
        return True
    return bool(ALPACA_START.match(text)) and all(field in text for field in ALPACA_FIELDS)
