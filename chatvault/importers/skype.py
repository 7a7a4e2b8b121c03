"""Skype's export of chats and files, and that of Microsoft Teams (free) for persons.

A `.tar` with `messages.json` and `media/`. One conversation with one message of it:
    {"userId": "8:live:kim", "exportDate": "2025-04-30T08:00", "conversations": [
      {"id": "8:lee", "displayName": "Lee", "version": 1.0, "properties": {},
       "threadProperties": null, "MessageList": [
        {"id": "1745000000001", "displayName": null, "messagetype": "RichText",
         "originalarrivaltime": "2025-04-18T18:13:20.001Z", "version": 1.0,
         "content": "ok <ss type=\\"smile\\">:)</ss> &amp; bye", "conversationid": "8:lee",
         "from": "8:live:kim", "properties": null, "amsreferences": null}]}]}
"""

import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, Part, Start, stream
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._skype_chat import Chat
from chatvault.importers._skype_item import TOLD_BY_KIND
from chatvault.importers._skype_media import Files
from chatvault.importers._source import Source
from chatvault.model import Problem, Record

INFO = ImporterInfo(
    key="skype",
    platform="skype",
    title="Skype, and Teams for persons",
    expects="the .tar of an export of Skype or Teams (free), or messages.json out of it",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "calls", "locations", "contacts",
        "polls", "system", "media", "links",
    }),
    derived={
        "content": "kept as the text, and beside it as it was where there is markup in it",
        "version": "the server's number of a state of a message; it decides which one is newer",
        "amsreferences": "the ids of files, which are in the content too",
        **dict.fromkeys(TOLD_BY_KIND, "the type of a message, told by its kind"),
    },
    leaves_out="secret chats, texts before an edit in most cases, files older than 30 days in some",
    seen="Skype of 2018 to 2025; Teams was never seen",
)  # fmt: skip

NAME = "messages.json"
HEAD = 64 * 1024
CHATS = "conversations"
MESSAGES = f"{CHATS}[].MessageList"
REMEDY = (
    "give the .tar as it came from Skype (secure.skype.com, Export files and chat history), or"
    " messages.json with the folder media beside it"
)
TEAMS = re.compile(
    rb'"(?:conversation)?id"\s{0,9}:\s{0,9}"19:[^"\\]{1,200}@(?:thread\.v2|unq\.gbl\.spaces)"'
)
CHUNK = 1024 * 1024
OVERLAP = 300


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first fields of `messages.json`."""
    names = [name for name in source.files() if name.lower().endswith(".json")]
    names = [NAME] if NAME in names else names if len(names) == 1 else []
    return tuple(
        f"{name} has conversations with a MessageList"
        for name in names
        if _is_ours(source.head(name, HEAD))
    )


def _is_ours(head: bytes) -> bool:
    """Whether a file begins as ours: whose it is, and a conversation with its messages."""
    whose = chats = False
    try:
        for part in stream(io.BytesIO(head), MESSAGES):
            match part:
                case Field("userId", str(), ""):
                    whose = True
                case Start():
                    chats = True
                case Item(_, value):
                    keys = value.keys() if isinstance(value, dict) else set()
                    return {"messagetype", "id"} <= keys and bool(
                        keys & {"originalarrivaltime", "conversationid"}
                    )
    except BrokenJson:
        pass  # a head ends in the middle
    return whose and chats and b'"MessageList"' in head


def read(source: Source) -> Iterator[Record]:
    """Each conversation; the newest message comes first, as in the export."""
    names = [name for name in source.files() if name.lower().endswith(".json")]
    ours = [name for name in names if _is_ours(source.head(name, HEAD))]
    name = next((one for one in (*ours, NAME) if source.has(one)), "")
    if not name:
        raise BadExport("there is no messages.json", where=Where(source.name), remedy=REMEDY)
    yield from _File(source, name).records()


def _platform(source: Source, name: str) -> str:
    """Teams, if any conversation has an id of its kind; else Skype."""
    before = b""
    try:
        with source.open(name) as file:
            while data := file.read(CHUNK):
                if TEAMS.search(before + data):
                    return "teams"
                before = data[-OVERLAP:]
    except (OSError, ValueError):
        pass  # told when it is read for its messages
    return INFO.platform


class _File:
    """`messages.json`, part by part."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._full = source.full(name)
        self._platform = _platform(source, name)
        self._files = Files(source)
        self._owner = ""
        self._names: dict[str, str] = {}
        self._place = 0  # of the conversation in the file
        self._about: dict[str, object] = {}
        self._all: list[dict[str, object]] | None = None  # what is told behind the messages
        self._chat: Chat | None = None

    def records(self) -> Iterator[Record]:
        """Everything in the file."""
        broken: Problem | None = None
        try:
            with self._source.open(self._name) as file:
                for part in stream(file, MESSAGES):
                    yield from self._part(part)
        except (BrokenJson, OSError) as cause:
            broken = Problem(file=self._full, part="end", reason=str(cause), raw="")
        yield from self._ended()
        if broken is not None:
            yield broken

    def _part(self, part: Part) -> Iterator[Record]:
        match part:
            case Start(_, position):
                yield from self._ended()
                self._place, self._about = position, {}
            case Field("userId", str(owner), ""):
                self._owner = self._owner or owner
            case Field(name, value, at) if at == f"{CHATS}[]" and name != "MessageList":
                self._about[name] = value
            case Field(name, value, at) if (at or name.startswith(CHATS)) and value is not None:
                yield self._problem(name, "no list of messages", value)
            case Item(position, value):
                if self._chat is None:
                    self._chat = self._begun()
                    yield from self._chat.beginning()
                try:
                    yield from self._chat.item(value)
                except Malformed as cause:
                    yield self._problem(f"MessageList[{position}]", str(cause), value)
            case Bad(inner, reason, raw):
                inside = inner.removeprefix(f"{CHATS}[].")
                place = f"{CHATS}[{self._place}]." if inside != inner else ""
                yield Problem(file=self._full, part=place + inside, reason=reason, raw=raw)

    def _begun(self) -> Chat:
        """The conversation; what the file tells about it only behind its messages is looked up."""
        if "id" not in self._about or not self._owner:
            self._look_ahead()
            told = self._all or []
            more = told[self._place] if self._place < len(told) else {}
            self._about = {**more, **self._about}
        return Chat(
            self._about,
            self._owner,
            self._source,
            self._files,
            names=self._names,
            platform=self._platform,
        )

    def _look_ahead(self) -> None:
        if self._all is not None:
            return
        self._all = []
        with suppress(BrokenJson, OSError), self._source.open(self._name) as file:
            for part in stream(file, MESSAGES):
                match part:
                    case Start():
                        self._all.append({})
                    case Field("userId", str(owner), ""):
                        self._owner = self._owner or owner
                    case Field(name, value, at) if at == f"{CHATS}[]" and self._all:
                        self._all[-1][name] = value

    def _ended(self) -> Iterator[Record]:
        if self._chat is not None:
            yield from self._chat.rest()
            self._chat = None

    def _problem(self, part: str, reason: str, value: object) -> Problem:
        raw = json.dumps(value, ensure_ascii=False)
        inside = part.removeprefix(f"{CHATS}[]")
        where = f"{CHATS}[{self._place}]{'.' if inside else ''}{inside}"
        return Problem(file=self._full, part=where, reason=reason, raw=raw)
