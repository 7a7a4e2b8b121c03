"""WhatsApp, as the tool WhatsApp-Chat-Exporter (KnugiHK) wrote it to JSON.

`result.json`, or one file per chat, beside the folder of media that the tool worked on:
    {"447700900123@s.whatsapp.net": {"name": "Jory Penn", "type": "android", "messages": {
      "101": {"from_me": false, "timestamp": 1710007560, "time": "18:06", "media": false,
        "key_id": "3EB0AAAA0001", "meta": false, "data": "fresh loaf?", "sender": null}}}}

The numbers of the messages are rows of the phone's database; `key_id` is WhatsApp's own id.
"""

import json
import re
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed, maybe
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Part, Start, stream
from chatvault.importers._people import People, folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._whatsapp_exporter_item import body_of, reactions_of, sent_at
from chatvault.model import (
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Problem,
    Reaction,
    Record,
)

INFO = ImporterInfo(
    key="whatsapp-exporter-json",
    platform="whatsapp",
    title="WhatsApp, by WhatsApp-Chat-Exporter",
    expects="result.json (or a .json for each chat), with the folder WhatsApp beside it",
    carries=frozenset({
        "ids", "replies", "reactions", "deletions", "calls", "locations", "contacts", "stickers",
        "system", "media",
    }),
    derived={
        "time": "the clock of the computer that exported, beside the timestamp, which is kept",
        "safe": "whether the tool had made the text ready for its web page",
    },
    leaves_out="numbers of people in groups who have a name; texts before an edit; polls; captions"
    " of videos and documents of newer Android phones",
    seen="the source of WhatsApp-Chat-Exporter, 2022 to 2026",
)  # fmt: skip

HEAD = 64 * 1024
ME = "me"
CHATS, MESSAGES, MESSAGE = "*", "*.messages", "*.messages.*"
REMEDY = "run WhatsApp-Chat-Exporter again with --json, and give the file with its media folder"

_FIRST = re.compile(
    rb'\s*\{\s*"(?:[^"\\\s]{1,128}@(?:s\.whatsapp\.net|g\.us|lid|broadcast|newsletter|c\.us)'
    rb'|0{15})"\s*:\s*\{'
)
_SIGNS = (re.compile(rb'"messages"\s*:\s*\{'), re.compile(rb'"(?:name|type)"\s*:'))


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the addresses of WhatsApp as keys, with messages below."""
    found = ((name, source.head(name, HEAD)) for name in _candidates(source)[:3])
    return tuple(f"{name} has chats by WhatsApp's addresses" for name, head in found if _ours(head))


def _candidates(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith(".json")]
    return sorted(names, key=lambda name: (name.lower() != "result.json", name))


def _ours(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf")
    return _FIRST.match(start) is not None and all(sign.search(start) for sign in _SIGNS)


def read(source: Source) -> Iterator[Record]:
    """The chats of all files at the top that are ours."""
    names = [name for name in _candidates(source) if _ours(source.head(name, HEAD))]
    names = names or _candidates(source)[:1]
    if not names:
        raise BadExport("there is no result.json", where=Where(source.name), remedy=REMEDY)
    for name in names:
        began = False
        try:
            for record in _File(source, name).records():
                began = True
                yield record
        except (BrokenJson, OSError) as cause:
            if len(names) == 1 and not began:
                where = Where(source.full(name))
                reason = f"not an export of WhatsApp-Chat-Exporter: {cause}"
                raise BadExport(reason, where=where, remedy=REMEDY) from cause
            yield Problem(file=source.full(name), part="end", reason=str(cause), raw="")


class _File:
    """One file, and the chat that is being read."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._full = source.full(name)
        self._name = name
        self._jid = ""
        self._row = ""
        self._about: dict[str, object] = {}
        self._chat: _Chat | None = None

    def records(self) -> Iterator[Record]:
        """Everything in the file; BrokenJson where it breaks off."""
        with self._source.open(self._name) as file:
            for part in stream(file, MESSAGE):
                yield from self._part(part)

    def _part(self, part: Part) -> Iterator[Record]:
        match part:
            case Start(path, _, key) if path == CHATS:
                self._jid, self._about, self._chat = key, {}, None
            case Start(path, _, key) if path == MESSAGE:
                self._row = key
            case Field(_, value, at) if at == MESSAGES:
                yield from self._message(value)
            case Field(name, value, at) if at == CHATS and name != "messages":
                self._about[name] = value
            case Field(name, value, _) if not (name == "messages" and value == {}):
                raw = json.dumps(value, ensure_ascii=False)
                yield self._problem(name, "a value where a chat should be", raw)
            case Bad():
                place = part.part.replace(MESSAGE, f"messages.{self._row}")
                yield self._problem(place, part.reason, part.raw)
            case _:
                pass

    def _message(self, item: object) -> Iterator[Record]:
        if self._chat is None:
            self._chat = _Chat(self._jid, self._about, self._source)
            yield self._chat.conversation
        try:
            found = self._chat.message(item)
        except Malformed as cause:
            raw = json.dumps(item, ensure_ascii=False)
            yield self._problem(f"messages.{self._row}", str(cause), raw)
        else:
            yield from found

    def _problem(self, part: str, reason: str, raw: str) -> Problem:
        place = f"{self._jid}.{part}" if self._jid else part
        return Problem(file=self._full, part=place, reason=reason, raw=raw)


class _Chat:
    """One conversation: whom it is with, and who was told."""

    def __init__(self, jid: str, about: dict[str, object], source: Source) -> None:
        name = about.get("name")
        phone = about.get("type")
        self._jid = jid
        self._name = name if isinstance(name, str) and name else ""
        self._phone = phone if isinstance(phone, str) else ""
        self._resolve = source.resolve
        self._me = source.told.me or "Me"
        self._seq = 0
        server = jid.rpartition("@")[2]
        self._direct = server in {"s.whatsapp.net", "lid", "c.us"}
        kind = ConversationKind.DIRECT if self._direct else ConversationKind.GROUP
        self.conversation = Conversation(
            id=jid,
            platform=INFO.platform,
            title=self._name or jid.partition("@")[0],
            kind=ConversationKind.CHANNEL if server == "newsletter" else kind,
            owner=ME,
            extra={
                key: value
                for key, value in about.items()
                if key != "name" and value not in (None, "")
            },
        )
        self._people = People(jid)

    def message(self, item: object) -> list[Record]:
        """The records of one message; Malformed if it is none."""
        if not isinstance(item, dict):
            raise Malformed("a message that is no object")
        at = sent_at(item)
        body = body_of(item, self._phone, self._resolve)
        reactions = reactions_of(item)
        key = maybe(item, "key_id", str, int)
        reply = maybe(item, "reply", str, int)
        quoted = maybe(item, "quoted_data", str)
        sender = maybe(item, "sender", str)
        from_me = maybe(item, "from_me", bool) or False
        told: list[Record] = []
        extra = dict(body.extra)
        who = None
        if body.kind is MessageKind.SYSTEM:
            if sender:
                extra["actor"] = sender
        else:
            who = ME if from_me else self._identifier(sender)
            if from_me and sender:
                extra["with"] = sender  # in the list of calls: who was called
            if who is not None:
                told += self._tell(who, sender)
        message = Message(
            id=str(key) if key not in (None, "") else None,
            scope=self._jid,
            conversation_id=self._jid,
            sender_id=who,
            sent_at=at,
            seq=self._seq,
            kind=body.kind,
            text=body.text,
            more_text=(quoted,) if quoted else (),
            reply_to_id=str(reply) if reply not in (None, "") else None,
            attachments=body.attachments,
            marks=body.marks,
            extra=extra,
        )
        reacted: list[Record] = []
        for name, emoji in reactions:
            actor = ME if name == "You" else self._identifier(name)
            if actor is not None:
                told += self._tell(actor, name)
            reacted.append(Reaction(emoji=emoji, sender_id=actor))
        self._seq += 1
        return [*told, message, *reacted]

    def _identifier(self, name: str | None) -> str | None:
        """Who is meant by a name: in a chat of two the other one; groups have only names."""
        if self._direct and (name is None or folded(name) == folded(self._name)):
            return self._jid
        return f"name:{folded(name)}" if name and folded(name) else None

    def _tell(self, identifier: str, name: str | None) -> Iterator[Participant]:
        if identifier == ME:
            return self._people.tell(ME, self._me, is_me=True)
        if identifier == self._jid:
            return self._people.tell(identifier, self._name or self._jid.partition("@")[0])
        return self._people.tell(identifier, name or "")
