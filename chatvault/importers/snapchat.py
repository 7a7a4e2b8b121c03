"""Snapchat, "My Data" with JSON: saved chats, the list of snaps, and their media.

    json/chat_history.json, json/snap_history.json, json/account.json, json/friends.json
    chat_media/2025-02-01_b~Ei1.jpg

A conversation with one message of it; the key is a user name, or a UUID for groups:
    {"zoe_k": [{"From": "zoe_k", "Media Type": "MEDIA", "Created": "2025-02-01 10:00:00 UTC",
      "Content": "", "Conversation Title": null, "IsSender": false,
      "Created(microseconds)": 1738404000123, "IsSaved": true, "Media IDs": "b~Ei1 | b~Ei2"}]}
Until about 2022 there were two lists instead, of what was received and of what was sent:
    {"Received Saved Chat History": [{"From": "zoe_k", "Media Type": "TEXT",
      "Created": "2021-02-01 10:00:00 UTC", "Text": "it&#39;s late"}]}
"""

import io
import json
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Item, Part, Start, stream
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._snapchat_account import Account
from chatvault.importers._snapchat_chat import Chat
from chatvault.importers._snapchat_item import MEDIA_TYPES, Media
from chatvault.importers._snapchat_lists import LIST, Lists
from chatvault.importers._snapchat_memories import memories
from chatvault.importers._source import Source
from chatvault.model import Problem, Record

INFO = ImporterInfo(
    key="snapchat",
    platform="snapchat",
    title="Snapchat",
    expects="the .zip files of My Data (mydata~....zip), made with JSON",
    carries=frozenset({
        "calls", "deletions", "locations", "links", "media", "stickers", "system",
    }),
    derived={
        "Created": "the time in words beside the one in thousandths of a second",
        "Media IDs": "the ids of files, each of which is kept with its file",
        **dict.fromkeys(MEDIA_TYPES, "the type of a message, told by its kind"),
    },
    leaves_out="everything that nobody saved in the chat, what was on a snap, edits, reactions, "
    "which message another one answers",
    seen="exports of 2019 to 2026",
)  # fmt: skip

HEAD = 64 * 1024
CHATS, SNAPS = "chat_history.json", "snap_history.json"
FOLDERS = ("json/", "")
RECORD = ("Media Type", "Created")
REMEDY = (
    "on accounts.snapchat.com choose My Data, tick Export JSON Files and Chat Media, and give all"
    " the .zip files together"
)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first message in a list of chats or snaps."""
    return tuple(
        f"{name} has messages of Snapchat"
        for name in _files(source)[:3]
        if _is_ours(source.head(name, HEAD))
    )


def _files(source: Source) -> list[str]:
    names = [f"{folder}{name}" for name in (CHATS, SNAPS) for folder in FOLDERS]
    return [name for name in names if source.has(name)]


def _is_ours(head: bytes) -> bool:
    """Whether the first item of a file has the fields of a message."""
    try:
        for part in stream(io.BytesIO(head), "*"):
            if isinstance(part, Item):
                keys = part.value.keys() if isinstance(part.value, dict) else set()
                return all(key in keys for key in RECORD) and ("From" in keys or "To" in keys)
            if not isinstance(part, Start):
                return False
    except BrokenJson:
        pass  # a head ends in the middle
    return False


def read(source: Source) -> Iterator[Record]:
    """Each conversation of the chats, then each of the snaps; memories only if asked for."""
    names = _files(source)
    if not names:
        raise BadExport("there is no chat_history.json", where=Where(source.name), remedy=REMEDY)
    account = Account(source, [name for name in names if name.endswith(CHATS)])
    media = Media(source)
    for name in names:
        yield from _File(source, name, account, media).records()
    if (source.told.conversation or "").casefold() == "memories":
        yield from memories(source, account)


class _File:
    """One of the two files, part by part."""

    def __init__(self, source: Source, name: str, account: Account, media: Media) -> None:
        self._source = source
        self._name = name
        self._full = source.full(name)
        self._account = account
        self._media = media
        self._snaps = name.endswith(SNAPS)
        self._key = ""
        self._place = 0
        self._chat: Chat | None = None
        self._lists = Lists(account, media, snaps=self._snaps)

    def records(self) -> Iterator[Record]:
        """Everything in the file."""
        broken: Problem | None = None
        try:
            with self._source.open(self._name) as file:
                for part in stream(file, "*"):
                    yield from self._part(part)
        except (BrokenJson, OSError) as cause:
            broken = Problem(file=self._full, part="end", reason=str(cause), raw="")
        yield from self._lists.records()
        if broken is not None:
            yield broken

    def _part(self, part: Part) -> Iterator[Record]:
        match part:
            case Start(_, position, key):
                self._place, self._key, self._chat = position, key, None
            case Item(position, value):
                try:
                    yield from self._item(value)
                except Malformed as cause:
                    yield self._problem(f"[{position}]", str(cause), value)
            case Bad(inner, reason, raw):
                place = f"[{self._place}]{inner.removeprefix('*')}"
                inside = place if inner.startswith("*") else inner
                yield Problem(file=self._full, part=inside, reason=reason, raw=raw)
            case _:
                yield self._problem("", "no list of messages", part.value)

    def _item(self, value: object) -> Iterator[Record]:
        if LIST.fullmatch(self._key):
            yield from self._lists.item(value)
            return
        if self._chat is None:
            self._chat = Chat(self._key, value, self._account, self._media, snaps=self._snaps)
            yield self._chat.conversation
        yield from self._chat.item(value)

    def _problem(self, part: str, reason: str, value: object) -> Problem:
        raw = json.dumps(value, ensure_ascii=False)
        return Problem(file=self._full, part=f"[{self._place}]{part}", reason=reason, raw=raw)
