"""slackdump: what this tool writes besides an export: archives (SQLite), chunks and dumps.

    slackdump.sqlite, __uploads/F0AAAAAA9/menu.pdf     archive, since version 3.1
    C0AAAAAA1.json.gz, users.json.gz, __uploads/...    archive before, and `record`
    C0AAAAAA1.json, C0AAAAAA1/F0AAAAAA9-menu.pdf       dump

A dump is one object, its answers inside the messages that they answer:
    {"channel_id": "C0AAAAAA1", "name": "lunch", "messages": [{"type": "message",
      "user": "U0AAAAAA1", "text": "Lunch?", "ts": "1700000000.000100", "blocks": null,
      "slackdump_thread_replies": [{"type": "message", "ts": "1700000060.000200"}]}]}
"""

import io
import re
from collections.abc import Iterator
from contextlib import suppress

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import BrokenJson, Field, Item, stream
from chatvault.importers._protocol import ImporterInfo, Redaction
from chatvault.importers._slack_chat import LISTS, Transcript, conversation, unlisted
from chatvault.importers._slack_chunks import ENDING, Chunks, head
from chatvault.importers._slack_database import TABLES, Archive
from chatvault.importers._slack_files import Files
from chatvault.importers._slack_item import DERIVED, REPLIES
from chatvault.importers._slack_lists import (
    add_account,
    add_users,
    items,
    no_item,
)
from chatvault.importers._slack_people import Workspace
from chatvault.importers._slack_tokens import WHAT, without_tokens
from chatvault.importers._source import Source
from chatvault.importers._sqlite import MAGIC, opened
from chatvault.importers._sqlite_schema import table_names
from chatvault.model import Conversation, Problem, Record

USERS = "users.json"
ARCHIVE = "slackdump.sqlite"
HEAD = 64 * 1024
REMEDY = "give the folder or .zip that slackdump wrote, with all files in it"
_DATABASES = (".sqlite", ".sqlite3", ".db")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{6,}")
_DUMP = re.compile(r"[CDG][A-Z0-9]{6,}(?:[-_].*)?\.json")
_CHUNK = re.compile(rb'\{"t":\d{1,2},"ts":\d')


def _dumps(source: Source) -> list[str]:
    """The files at the top that may be dumps, those named after a conversation first."""
    lists = {*LISTS, USERS, "workspace.json"}
    names = [one for one in source.files() if one.endswith(".json") and one not in lists]
    return sorted(names, key=lambda name: (_DUMP.fullmatch(name) is None, name))


def redacted(source: Source) -> Source:
    """The same export without tokens; databases and chunks have none."""
    return without_tokens(source, [name for name in source.files() if name.endswith(".json")])


INFO = ImporterInfo(
    key="slackdump",
    platform="slack",
    title="Slack (slackdump archive, chunks, dump)",
    version=2,
    expects="slackdump.sqlite with __uploads, a folder of .json.gz, or a dump (C….json)",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "calls", "system", "media", "links",
    }),
    derived={
        **DERIVED,
        REPLIES: "the answers, each a message of its own",
        **dict.fromkeys(
            ("ID", "CHUNK_ID", "LOAD_DTTM", "IDX"), "how slackdump numbers what it fetched"
        ),
    },
    leaves_out="what its user could not see, texts before an edit, deleted messages",
    seen="slackdump 1.1 to 4 (2022 to 2026)",
    redaction=Redaction(WHAT, redacted),
)  # fmt: skip


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: tables, chunks or an object as only slackdump writes them."""
    databases = _databases(source)
    if names := _archives(source):
        return tuple(f"{name}: tables of slackdump" for name in names)
    chunks = [name for name in source.files() if name.endswith(ENDING)]
    heads = chunks[: 3 - len(databases)]
    if found := [name for name in heads if _CHUNK.match(head(source, name))]:
        return tuple(f"{name}: chunks of slackdump" for name in found)
    dumps = _dumps(source)[: 3 - len(databases) - len(heads)]
    return tuple(f"{name}: a conversation of Slack" for name in dumps if _is_dump(source, name))


def _databases(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith(_DATABASES)]
    return sorted(names, key=lambda name: (name != ARCHIVE, name))[:2]


def _archives(source: Source) -> list[str]:
    return [name for name in _databases(source) if table_names(source, name) >= TABLES]


def _is_dump(source: Source, name: str) -> bool:
    known = False
    with suppress(BrokenJson):
        for part in stream(io.BytesIO(source.head(name, HEAD)), "messages"):
            if isinstance(part, Field) and part.name == "channel_id":
                known = isinstance(part.value, str) and bool(_CHANNEL.fullmatch(part.value))
            elif isinstance(part, Item):
                return known and isinstance(part.value, dict) and "ts" in part.value
    return False


def read(source: Source) -> Iterator[Record]:
    """The records of all that slackdump wrote here."""
    source = redacted(source)
    databases = _archives(source) or [
        name for name in source.files() if source.head(name, len(MAGIC)) == MAGIC
    ]
    chunks = [name for name in source.files() if name.endswith(ENDING)]
    dumps = [] if databases or chunks else _ours(source)
    if not databases and not chunks and not dumps:
        raise BadExport(
            "there is no archive, chunk or dump of slackdump",
            where=Where(source.name),
            remedy=REMEDY,
        )
    workspace, files = Workspace(), Files(source)
    for name in databases:
        with opened(source, name) as database:
            if "DATA" not in database.columns("MESSAGE"):
                raise BadExport(
                    "no table of messages can be read in it",
                    where=Where(source.full(name)),
                    remedy=REMEDY,
                )
            yield from Archive(source, name, database, workspace=workspace, files=files).records()
    if chunks:
        yield from Chunks(source, chunks, workspace, files).records()
    if dumps:
        yield from _Dumps(source, dumps, workspace, files).records()


def _ours(source: Source) -> list[str]:
    names = _dumps(source)
    return [name for name in names if _DUMP.fullmatch(name) or _is_dump(source, name)]


class _Dumps:
    """The conversations of a dump, each a file."""

    def __init__(
        self, source: Source, names: list[str], workspace: Workspace, files: Files
    ) -> None:
        self._source = source
        self._names = names
        self._workspace = workspace
        self._files = files
        self._places: dict[str, object] = {}

    def records(self) -> Iterator[Record]:
        """Everything in them."""
        add_account(self._source, self._workspace)
        yield from add_users(self._source, USERS, self._workspace)
        for name in LISTS:
            for part in items(self._source, name):
                if isinstance(part, Problem):
                    yield part
                elif isinstance(part.value, dict):
                    self._places[str(part.value.get("id"))] = part.value
                    with suppress(Malformed):
                        self._workspace.add_conversation(part.value)
        for name in self._names:
            self._add_name(name)
        for name in self._names:
            yield from self._file(name)

    def _add_name(self, name: str) -> None:
        """Take in what a conversation is called; only the file of all of it says that."""
        about = {}
        with suppress(BrokenJson):
            for part in stream(io.BytesIO(self._source.head(name)), "messages"):
                if not isinstance(part, Field):
                    break
                about[part.name] = part.value
        with suppress(Malformed):
            self._workspace.add_conversation(
                {"id": about.get("channel_id"), "name": about.get("name")}
            )

    def _file(self, name: str) -> Iterator[Record]:
        full = self._source.full(name)
        about: dict[str, object] = {}
        transcript: Transcript | None = None
        try:
            with self._source.open(name) as file:
                for part in stream(file, "messages"):
                    if isinstance(part, Field):
                        about[part.name] = part.value
                        continue
                    if transcript is None:
                        place, members = self._place(about, name)
                        yield place
                        transcript = Transcript(place, self._workspace, self._files, self._source)
                        yield from transcript.members(members)
                    if isinstance(part, Item):
                        yield from transcript.item(part.value, full, f"messages[{part.position}]")
                    else:
                        yield no_item(part, full)
        except (BrokenJson, OSError) as cause:
            yield Problem(file=full, part="end", reason=str(cause), raw="")
        if transcript is None:
            yield self._place(about, name)[0]

    def _place(self, about: dict[str, object], name: str) -> tuple[Conversation, list[str]]:
        """The conversation of a file, which slackdump calls by name where it has one."""
        identifier = about.get("channel_id")
        if not isinstance(identifier, str) or not identifier:
            identifier = name.removesuffix(".json")
        item = self._places.get(identifier)
        name = self._workspace.conversation(identifier)
        given = {"id": identifier, "name": about.get("name") or name}
        try:
            return conversation(
                item if isinstance(item, dict) else given,
                self._workspace,
                me=self._source.told.me,
            )
        except Malformed:
            return unlisted(identifier, self._workspace), []
