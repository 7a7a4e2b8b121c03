"""X (Twitter), "Download an archive of your data": the direct messages in it.

    data/manifest.js, data/account.js
    data/direct-messages.js, data/direct-messages-group.js (and -part1.js, -part2.js ...)
    data/direct_messages_media/900-pic.jpg, data/direct_messages_group_media/901-clip.mp4

Each file is JavaScript with one assignment. A conversation with one message of it:
    window.YTD.direct_messages.part0 = [ {"dmConversation": {"conversationId": "11-22",
      "messages": [{"messageCreate": {"id": "900", "senderId": "22", "recipientId": "11",
        "text": "hey &amp; hi", "createdAt": "2023-01-05T09:00:00.120Z", "reactions": [],
        "mediaUrls": ["https://ton.twitter.com/dm/900/901/pic.jpg"], "urls": []}}]}} ]
"""

import json
import re
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, Part, Start, stream
from chatvault.importers._people import People
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._x_dm_account import Account
from chatvault.importers._x_dm_item import Media, message, reactions, who_did
from chatvault.importers._x_dm_script import script
from chatvault.model import Conversation, ConversationKind, Problem, Record

INFO = ImporterInfo(
    key="x-dm",
    platform="x",
    title="X (Twitter) direct messages",
    expects="the archive of an X account, twitter-....zip, or the folder in it",
    carries=frozenset({"ids", "reactions", "edits", "system", "media", "links"}),
    derived={
        "createdAtSec": "the time of an edit, kept as the time of that version",
        "recipientId": "the other one of two, who is in the id of the conversation",
    },
    leaves_out="encrypted messages, deleted messages, names of people you never wrote about in a "
    "post, replies between messages",
    seen="archives of 2019 to 2024",
)

NAME = re.compile(r"(?:data/)?direct-messages?(-group)?(?:-part\d{1,6})?\.js")
START = re.compile(rb"\s*window\.YTD\.direct_messages?(?:_group)?\.part\d{1,6}\s*=\s*\[")
CONVERSATION = "[].dmConversation"
MESSAGES = f"{CONVERSATION}.messages"
AROUND = (CONVERSATION, "[]")
PAIR = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
MOST_NAMES = 100_000  # groups whose name is remembered
REMEDY = (
    "on x.com choose Settings > Your account > Download an archive of your data, and give the .zip"
)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: scripts that assign direct messages, by their first bytes."""
    found = []
    for name in _files(source)[:3]:
        head = source.head(name, 4096).removeprefix(b"\xef\xbb\xbf")
        start = START.match(head)
        rest = head[start.end() :].lstrip() if start else b""
        if start and (b'"dmConversation"' in rest or rest.startswith(b"]")):
            found.append(f"{name} assigns direct messages of X")
    return tuple(found)


def _files(source: Source) -> list[str]:
    """The scripts with messages: first those of two people, then those of groups, in parts."""
    names = [name for name in source.entries if NAME.fullmatch(name)]
    return sorted(names, key=lambda name: ("-group" in name, len(name), name))


def read(source: Source) -> Iterator[Record]:
    """Each conversation of each file; the newest message comes first, as in the archive."""
    names = _files(source)
    if not names:
        raise BadExport("there is no direct-messages.js", where=Where(source.name), remedy=REMEDY)
    export = _Export(source)
    for name in names:
        yield from export.file(name)


class _Export:
    """What all files have in common: whose archive it is, names of people, and files sent."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._account = Account(source)
        self._media = Media(source)

    def file(self, name: str) -> Iterator[Record]:
        """The records of one script."""
        full = self._source.full(name)
        found = NAME.fullmatch(name)
        is_group = bool(found and found[1])
        reader = _File(full, self._account, self._media, self._titles(name) if is_group else None)
        try:
            with self._source.open(name) as file:
                for part in stream(script(file), MESSAGES):
                    yield from reader.part(part)
        except (BrokenJson, OSError) as cause:
            yield Problem(file=full, part="end", reason=str(cause), raw="")

    def _titles(self, name: str) -> dict[str, str]:
        """The newest name of each group: a conversation is told before the messages that name
        it."""
        found: dict[str, str] = {}
        identifier = ""
        try:
            with self._source.open(name) as file:
                for part in stream(script(file), MESSAGES):
                    match part:
                        case Field("conversationId", str(value)):
                            identifier = value
                        case Item(_, {"conversationNameUpdate": {"name": str(title)}}):
                            if len(found) < MOST_NAMES:
                                found.setdefault(identifier, title)
        except (BrokenJson, OSError):
            pass  # told when it is read for its messages
        return found


class _File:
    """One script, part by part; `titles` are those of groups, None for talks of two."""

    def __init__(
        self, full: str, account: Account, media: Media, titles: dict[str, str] | None
    ) -> None:
        self._full = full
        self._account = account
        self._media = media
        self._titles = titles
        self._place = 0  # of the conversation in the file
        self._about: dict[str, object] = {}
        self._chat: _Chat | None = None

    def part(self, part: Part) -> Iterator[Record]:
        """The records of the next part of the file."""
        match part:
            case Start(_, position):
                self._place, self._about, self._chat = position, {}, None
            case Field(name, value, at) if at in AROUND and name != "messages":
                if self._chat is None:
                    self._about[name] = value
                else:
                    yield self._problem(name, "a field behind the messages", value)
            case Field(name, value):
                yield self._problem(name, "no list of messages", value)
            case Item(position, value):
                if self._chat is None:
                    self._chat = _Chat(self._about, self._account, self._titles)
                    yield self._chat.conversation
                try:
                    yield from self._chat.item(value, self._media)
                except Malformed as cause:
                    yield self._problem(f"messages[{position}]", str(cause), value)
            case Bad(inner, reason, raw):
                # A semicolon may stand behind the value.
                if inner != "end" or raw.strip(" \t\r\n;"):
                    inside = inner.removeprefix("[].").removeprefix("dmConversation.")
                    place = f"[{self._place}]." if inside != inner else ""
                    yield Problem(file=self._full, part=place + inside, reason=reason, raw=raw)

    def _problem(self, part: str, reason: str, value: object) -> Problem:
        raw = json.dumps(value, ensure_ascii=False)
        return Problem(file=self._full, part=f"[{self._place}].{part}", reason=reason, raw=raw)


class _Chat:
    """One conversation."""

    def __init__(
        self, about: dict[str, object], account: Account, titles: dict[str, str] | None
    ) -> None:
        self._account = account
        self._seq = 0
        told = about.get("conversationId")
        known = isinstance(told, str | int) and not isinstance(told, bool) and told != ""
        identifier = str(told) if known else "unknown"
        pair = identifier.split("-") if PAIR.fullmatch(identifier) else []
        title = (titles or {}).get(identifier, "")
        if pair and not title:
            others = [one for one in pair if one != account.id] or pair[:1]
            title = ", ".join(account.name(one) or one for one in others)
        is_group = titles is not None and not pair
        # No owner: ids are the same for everybody, and archives of two people are to meet.
        self.conversation = Conversation(
            id=identifier,
            platform=INFO.platform,
            title=title or (f"Group {identifier}" if is_group else identifier),
            kind=ConversationKind.GROUP if is_group else ConversationKind.DIRECT,
            extra={k: one for k, one in about.items() if k != "conversationId" or not known},
        )
        self._people = People(identifier, account.id or account.told_me)

    def item(self, value: object, media: Media) -> Iterator[Record]:
        """The records of one entry of `messages`; Malformed if it is none."""
        told = message(value, media, chat=self.conversation.id, seq=self._seq)
        answers = list(reactions(value))
        self._seq += 1
        for person in dict.fromkeys((*who_did(value), *(one.sender_id for one in answers))):
            if person:
                yield from self._account.tell(self._people, person)
        yield told
        yield from answers
