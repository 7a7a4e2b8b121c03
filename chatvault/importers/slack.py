"""Slack: the export of a workspace, as Slack makes it, or slackdump in its mode `export`.

    channels.json  groups.json  dms.json  mpims.json  users.json
    lunch/2023-11-14.json               a folder for each conversation, a file for each day
    __uploads/F0AAAAAA9/menu.pdf        files, where a tool loaded them

One message of a day:
    {"type": "message", "user": "U0AAAAAA1", "text": "Lunch? &lt;noon&gt; <@U0AAAAAA2>",
     "ts": "1700000000.000100", "thread_ts": "1700000000.000100",
     "reactions": [{"name": "pizza", "users": ["U0AAAAAA2"], "count": 1}]}
"""

import io
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import BrokenJson, Item, stream
from chatvault.importers._protocol import ImporterInfo, Redaction
from chatvault.importers._slack_chat import LISTS, Transcript, conversation, unlisted
from chatvault.importers._slack_files import Files
from chatvault.importers._slack_item import DERIVED
from chatvault.importers._slack_lists import (
    add_account,
    add_conversations,
    add_users,
    items,
    problem,
)
from chatvault.importers._slack_people import Workspace
from chatvault.importers._slack_tokens import WHAT, without_tokens
from chatvault.importers._source import Source
from chatvault.model import Conversation, Problem, Record

USERS = ("org_users.json", "users.json")
GRID = "teams"
HEAD = 64 * 1024
REMEDY = "give the whole .zip that Slack or slackdump made, or the folder that was in it"
_DAY = re.compile(r"(?:(teams/[^/]+)/)?([^/]+)/\d{4}-\d\d-\d\d\.json")
_IDS = {"U": re.compile(r"[UW][A-Z0-9]{6,}"), "C": re.compile(r"[CDG][A-Z0-9]{6,}")}


def _names(source: Source) -> list[str]:
    """The JSON of the export itself; what people sent each other is not looked through."""
    return [
        name
        for name in source.entries
        if _DAY.fullmatch(name)
        or (name.endswith(".json") and (name.count("/") == 0 or _in_team(name)))
    ]


def _in_team(name: str) -> bool:
    return name.startswith(f"{GRID}/") and name.count("/") == 2


def redacted(source: Source) -> Source:
    """The same export without tokens."""
    return without_tokens(source, _names(source))


INFO = ImporterInfo(
    key="slack",
    platform="slack",
    title="Slack (export of a workspace, slackdump export)",
    version=2,
    expects="the .zip of a Slack export, or its folder, with users.json and channels.json",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "calls", "system", "media", "links",
    }),
    derived=DERIVED,
    leaves_out="the files themselves (slackdump has them), texts before an edit, most deleted"
    " messages, private conversations unless the plan allows them",
    seen="Slack exports of 2016 to 2026, slackdump 2 to 4",
    redaction=Redaction(WHAT, redacted),
    holds=frozenset({GRID}),
)  # fmt: skip


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: lists of users and conversations, and a folder with a file for a day."""
    users = [name for name in USERS if source.has(name)]
    lists = [name for name in LISTS if source.has(name)]
    if not users or not lists or not any(map(_DAY.fullmatch, source.entries)):
        return ()
    found = [
        f"{name} lists {what} of Slack"
        for name, letter, what in (
            (users[0], "U", "users"),
            (lists[0], "C", "conversations"),
        )
        if _begins(source.head(name, HEAD), _IDS[letter])
    ]
    return (*found, "a folder with a file for each day") if found else ()


def _begins(head: bytes, identifier: re.Pattern[str]) -> bool:
    """Whether the first object of a list has such an id."""
    with suppress(BrokenJson):
        for part in stream(io.BytesIO(head), ""):
            value = part.value if isinstance(part, Item) else None
            known = value.get("id") if isinstance(value, dict) else None
            return isinstance(known, str) and identifier.fullmatch(known) is not None
    return False


def read(source: Source) -> Iterator[Record]:
    """The records of the export, each conversation with its days in their order."""
    return _Export(redacted(source)).records()


class _Export:
    """One export: who is in it, and which folder is whose."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._files = Files(source)
        self._workspace = Workspace()
        self._days: dict[str, dict[str, list[str]]] = {}  # of each root, by folder
        self._folders: dict[tuple[str, str], str] = {}
        for name in source.names():
            if found := _DAY.fullmatch(name):
                root, folder = found[1] or "", found[2]
                key = _nfc(folder)
                self._days.setdefault(root, {}).setdefault(key, []).append(name)
                self._folders[root, key] = folder
        teams = {name.rpartition("/")[0] for name in source.entries if _in_team(name)}
        self._roots = sorted({"", *teams, *self._days})
        self._told: set[str] = set()

    def records(self) -> Iterator[Record]:
        """Everything in the export."""
        if not self._days:
            raise BadExport(
                "there is no folder with a file for a day (2024-05-17.json)",
                where=Where(self._source.name),
                remedy=REMEDY,
            )
        add_account(self._source, self._workspace)
        for root in self._roots:
            yield from self._people(root)
        for root in self._roots:
            for name in LISTS:
                yield from self._list(root, name)
        for root in self._roots:
            for key in sorted(self._days.get(root, ())):
                folder = self._folders[root, key]
                yield from self._transcript(unlisted(folder, self._workspace), [], root, key)

    def _people(self, root: str) -> Iterator[Record]:
        for name in USERS:
            yield from add_users(self._source, _in(root, name), self._workspace)
        for name in LISTS:
            add_conversations(self._source, _in(root, name), self._workspace)

    def _list(self, root: str, name: str) -> Iterator[Record]:
        kind, name = LISTS[name], _in(root, name)
        for part in items(self._source, name):
            if isinstance(part, Problem):
                yield part
                continue
            try:
                place, members = conversation(
                    part.value, self._workspace, kind=kind, me=self._source.told.me
                )
            except Malformed as cause:
                full = self._source.full(name)
                yield problem(full, f"[{part.position}]", part.value, cause)
                continue
            called = part.value.get("name")
            yield from self._transcript(place, members, root, self._folder(root, place.id, called))

    def _folder(self, root: str, identifier: str, name: object) -> str:
        """The name of the folder of a conversation: its id or its name."""
        days = self._days.get(root, {})
        named = _nfc(name) if isinstance(name, str) else ""
        return next((key for key in (_nfc(identifier), named) if key in days), "")

    def _transcript(
        self, place: Conversation, members: list[str], root: str, key: str
    ) -> Iterator[Record]:
        days = self._days.get(root, {}).pop(key, [])
        if not days and place.id in self._told:
            return  # in the list of another workspace, with its messages there
        self._told.add(place.id)
        yield place
        transcript = Transcript(place, self._workspace, self._files, self._source)
        yield from transcript.members(members)
        for name in days:
            for part in items(self._source, name):
                if isinstance(part, Problem):
                    yield part
                else:
                    full = self._source.full(name)
                    yield from transcript.item(part.value, full, f"[{part.position}]")


def _in(root: str, name: str) -> str:
    return f"{root}/{name}" if root else name


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)
