"""Telegram Desktop, "Export chat history" or "Export Telegram data", as machine-readable JSON.

A folder `ChatExport_2024-03-09` (one chat) or `DataExport_2024-03-09` (all of an account) with
`result.json` and the media beside it. One message of it:
    {"id": 11, "type": "message", "date": "2024-03-09T18:05:30", "date_unixtime": "1710007530",
     "from": "Ottilie Marsh", "from_id": "user700100300", "reply_to_message_id": 9,
     "text": ["see ", {"type": "text_link", "text": "plan", "href": "https://example.org/p"}],
     "photo": "photos/photo_1@09-03-2024_18-05-30.jpg", "width": 640, "height": 480}
"""

import io
import json
from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, Part, Start, stream
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._telegram_chat import TYPES, Account, Transcript
from chatvault.importers._telegram_item import WallClock
from chatvault.importers._telegram_text import repaired
from chatvault.model import Problem, Record

INFO = ImporterInfo(
    key="telegram-desktop",
    platform="telegram",
    title="Telegram Desktop",
    version=2,
    expects="a folder with result.json (ChatExport_... or DataExport_...)",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "forwards", "calls", "locations", "contacts",
        "stickers", "polls", "system", "media", "links", "payments",
    }),
    derived={
        "plain": "the type of a run of text without any form; the text itself is kept",
        "message": "the type of an ordinary message, told by the kind",
        "service": "the type of what the app noted, told by the kind system or call",
        "emoji": "the type of a reaction with an ordinary emoji; the emoji itself is kept",
        **dict.fromkeys(
            ("sticker", "voice_message", "animation", "video_file", "audio_file"),
            "the media_type, told by the kind of message and attachment",
        ),
        "from_id": "a number, as it was before April 2021, is kept in the later form user<number>",
        "date": "the local clock beside date_unixtime, kept as the offset from UTC",
        "edited": "the local clock beside edited_unixtime; in 1970 it means never",
        "count": "the number of reactions, kept as those who are named and how many others",
    },
    leaves_out="secret chats, texts before an edit, deleted messages, who voted for what, "
    "files above the size chosen for the export",
    seen="Telegram Desktop from 2018 (first version of the export) to 6.1 of September 2025",
)  # fmt: skip

HEAD = 64 * 1024
CHATS = ("chats.list[]", "left_chats.list[]")
CONTACTS = "contacts.list"
ARRAYS = ("messages", *(f"{chat}.messages" for chat in CHATS), CONTACTS)
REMEDY = (
    "export again in Telegram Desktop as machine-readable JSON, and wait until it says it is done"
)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first fields of `result.json`, or of another JSON file at the top."""
    found = ((name, _evidence(source.head(name, HEAD))) for name in _candidates(source)[:3])
    return tuple(f"{name}: {evidence}" for name, evidence in found if evidence)


def _candidates(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith(".json")]
    return sorted(names, key=lambda name: (name != "result.json", name))


def _evidence(head: bytes) -> str:
    """What shows that a file is ours; empty if nothing does."""
    top: dict[str, object] = {}
    first: object = None
    try:
        for part in stream(io.BytesIO(head), *ARRAYS, repair=repaired):
            match part:
                case Field(name, value, ""):
                    top[name] = value
                case Field("type", value, at) if at in CHATS and _known(value):
                    return "chats of an account" if isinstance(top.get("about"), str) else ""
                case Item(0, value, "messages"):
                    first = value
                    break
    except BrokenJson:
        pass  # a head ends in the middle
    personal = top.get("personal_information")
    if isinstance(personal, dict) and isinstance(personal.get("user_id"), int):
        return "an account's own data" if isinstance(top.get("about"), str) else ""
    if not isinstance(top.get("id"), int) or "messages" in top or b'"messages"' not in head:
        return ""
    if isinstance(first, dict):
        sure = {"date_unixtime", "text_entities"} <= first.keys()
        return (
            "one chat"
            if {"id", "type"} <= first.keys() and (_known(top.get("type")) or sure)
            else ""
        )
    return "one chat" if _known(top.get("type")) and first is None else ""


def _known(kind: object) -> bool:
    return isinstance(kind, str) and kind in TYPES


def read(source: Source) -> Iterator[Record]:
    """The records of all files at the top that are ours, each chat as a conversation."""
    names = [name for name in _candidates(source) if _evidence(source.head(name, HEAD))]
    names = names or _candidates(source)[:1]
    if not names:
        raise BadExport("there is no result.json", remedy=REMEDY)
    for name in names:
        began = False
        try:
            for record in _File(source, name).records():
                began = True
                yield record
        except BrokenJson as cause:
            if len(names) == 1 and not began:
                where = Where(source.full(name))
                raise BadExport(
                    f"not a Telegram export: {cause}", where=where, remedy=REMEDY
                ) from cause
            yield Problem(file=source.full(name), part="end", reason=str(cause), raw="")


class _File:
    """One `result.json`: whose account it is, and the chat that is being read."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._clock = WallClock(source.told)
        self._assumed = False
        self._account = Account()
        self._looked_ahead = False
        self._chat: dict[str, object] = {}
        self._place = ""  # of the chat in the file, `chats.list[7].`
        self._transcript: Transcript | None = None

    def records(self) -> Iterator[Record]:
        """Everything in the file; BrokenJson where it breaks off."""
        for part in self._parts():
            match part:
                case Start(path, position):
                    yield from self._opened()
                    self._begin(path, position)
                case Item(_, value, array) if array == CONTACTS:
                    self._account.contact(value)
                case Item(position, value):
                    yield from self._opened()
                    yield from self._item(value, position)
                case Field("personal_information", value, ""):
                    self._account.personal(value)
                case Field(name, value, at) if at in CHATS or (at == "" and not self._place):
                    self._chat[name] = value
                case Bad():
                    if "messages[" in part.part:
                        yield from self._opened()
                    inside = part.part.rpartition("].")[2] if self._place else part.part
                    yield replace(part, part=self._place + inside).problem(self._full)
        yield from self._opened()

    @property
    def _full(self) -> str:
        return self._source.full(self._name)

    def _parts(self) -> Iterator[Part]:
        with self._source.open(self._name) as file:
            yield from stream(file, *ARRAYS, repair=repaired)

    def _begin(self, path: str, position: int) -> None:
        if not self._account.owner and not self._looked_ahead:
            # Versions differ in what comes first, and a conversation must be told with its owner.
            self._looked_ahead = True
            with suppress(BrokenJson):
                for part in self._parts():
                    match part:
                        case Field("personal_information", value, ""):
                            self._account.personal(value)
                        case Item(_, value, array) if array == CONTACTS:
                            self._account.contact(value)
        self._transcript = None
        self._chat = {"left": True} if path == CHATS[1] else {}
        self._place = f"{path.removesuffix('[]')}[{position}]."

    def _opened(self) -> Iterator[Record]:
        """The conversation, if that has not been told; there is none before the first chat."""
        if self._transcript is None and ("type" in self._chat or self._place):
            self._transcript = Transcript(self._chat, self._account, self._source, self._clock)
            yield self._transcript.conversation

    def _item(self, value: object, position: int) -> Iterator[Record]:
        part = f"{self._place}messages[{position}]"
        if self._transcript is None:  # messages of a chat that says nothing about itself
            self._chat["type"] = None
            yield from self._opened()
        try:
            found = self._transcript.item(value) if self._transcript else []
        except Malformed as cause:
            raw = json.dumps(value, ensure_ascii=False)
            yield Problem(file=self._full, part=part, reason=str(cause), raw=raw)
            return
        if self._clock.assumption and not self._assumed:
            self._assumed = True
            yield self._clock.assumption
        yield from found
