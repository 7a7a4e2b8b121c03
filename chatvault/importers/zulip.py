"""Zulip: the export of an organisation.

    realm.json  messages-000001.json ...  uploads/records.json  uploads/2/ab/menu.pdf

One message of `zerver_message`:
    {"id": 900, "sender": 11, "recipient": 21, "subject": "lunch",
     "content": "Lunch? [menu.pdf](/user_uploads/2/ab/menu.pdf)", "date_sent": 1700000000.123,
     "last_edit_time": null, "edit_history": null, "has_attachment": true}
"""

import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import cast
from urllib.parse import unquote

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed, maybe, need, rest, unix_time
from chatvault.importers._json_stream import BrokenJson, Field, Item, Start, stream
from chatvault.importers._json_value import decoded
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._people import People
from chatvault.importers._protocol import ImporterInfo, Redaction
from chatvault.importers._source import Source
from chatvault.importers._zulip_realm import ARRAYS, REALM, WHAT, Realm, number, without_keys
from chatvault.model import (
    Attachment,
    AttachmentState,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Reaction,
    Record,
    Timestamp,
    Version,
)

INFO = ImporterInfo(
    key="zulip",
    platform="zulip",
    title="Zulip (export of an organisation)",
    version=2,
    expects="the .tar.gz of a Zulip export, or its folder: realm.json, messages-000001.json",
    carries=frozenset({"ids", "reactions", "edits", "media"}),
    derived={
        "rendered_content": "the text once more, as HTML",
        "rendered_content_version": "how the HTML was made",
        "search_tsvector": "the words of the text, for searching",
        "edit_history": "kept as the texts before each edit, and what else it says about them",
        **dict.fromkeys(
            ("recipient", "recipient_id"), "where a message went, kept as its conversation"
        ),
        "has_attachment": "told by the attachments",
        **dict.fromkeys(("has_image", "has_link"), "told by the text"),
        "is_channel_message": "told by the kind of conversation",
        "type": "told by the kind of message; one that is not known is kept",
        "realm": "the number of the organisation on its server, which is told by its name",
        "prev_rendered_content": "the text before an edit once more, as HTML",
        "prev_rendered_content_version": "how that HTML was made",
    },
    leaves_out="deleted messages; private ones unless the export was made with consent",
    seen="Zulip servers 1.7 to 10 (2017 to 2025)",
    redaction=Redaction(WHAT, without_keys),
)  # fmt: skip

MESSAGES, REACTIONS = "zerver_message", "zerver_reaction"
RECORDS = "uploads/records.json"
TABLES = (MESSAGES, REACTIONS, "zerver_usermessage")
HEAD = 64 * 1024
AT_ONCE = 1000  # messages that are sorted by conversation at once: what Zulip writes into a file
REMEDY = "give the whole .tar.gz that `manage.py export` made, or the folder that was in it"
_FILE = re.compile(r"messages-\d{6}\.json")
_UPLOAD = re.compile(
    r"(?:\[([^\[\]]{0,500})\]\()?((?:https?://[^\s/()]{1,200})?/user_uploads/([^\s()]{1,1000}))"
)
_TOLD = {
    "id", "sender", "sender_id", "recipient", "recipient_id", "subject", "content", "date_sent",
    "pub_date", "last_edit_time", "edit_history", "rendered_content", "rendered_content_version",
    "search_tsvector", "has_attachment", "has_image", "has_link", "is_channel_message", "realm",
    "type",
}  # fmt: skip
NO_TOPIC = "\x07"  # what newer servers keep in place of the topic of private messages
WRITTEN, RESOLVED = 1, 2  # the type of a message; the second notes that a topic is resolved


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: `realm.json` with tables of Zulip beside files of messages."""
    if not source.has(REALM) or not any(map(_FILE.fullmatch, source.files())):
        return ()
    return (f"{REALM} has tables of Zulip",) if _is_ours(source.head(REALM, HEAD)) else ()


def _is_ours(head: bytes) -> bool:
    with suppress(BrokenJson):
        for part in stream(io.BytesIO(head), *ARRAYS):
            if isinstance(part, Item) and part.array.startswith("zerver_"):
                return True
            if isinstance(part, Field) and part.name.startswith("zerver_"):
                return True
            if isinstance(part, Start):
                return False
    return False


def read(source: Source) -> Iterator[Record]:
    """The records of the export, in the order of the files, each sorted by conversation."""
    source = without_keys(source)
    names = [name for name in source.files() if _FILE.fullmatch(name)]
    if not names or not source.has(REALM):
        raise BadExport(
            "there is no realm.json beside messages-000001.json",
            where=Where(source.name),
            remedy=REMEDY,
        )
    realm = Realm(source)
    yield from realm.read()
    moved = _moved(source)
    for name in names:
        yield from _Messages(source, name, realm, moved).records()


def _moved(source: Source) -> dict[str, str]:
    """Where files lie whose place in the export is not that of their address."""
    found = {}
    if source.has(RECORDS):
        with suppress(BrokenJson, OSError), source.open(RECORDS) as file:
            for part in stream(file, ""):
                value = part.value if isinstance(part, Item) else None
                if isinstance(value, dict) and value.get("s3_path") != value.get("path"):
                    found[str(value.get("s3_path"))] = str(value.get("path"))
    return found


Row = tuple[str, object]


class _Messages:
    """One file of messages."""

    def __init__(self, source: Source, name: str, realm: Realm, moved: dict[str, str]) -> None:
        self._source = source
        self._name = name
        self._full = source.full(name)
        self._realm = realm
        self._moved = moved

    def records(self) -> Iterator[Record]:
        """Its messages, those of each conversation together."""
        rows: list[Row] = []
        unread: list[Problem] = []
        try:
            with self._source.open(self._name) as file:
                # They come behind the messages that they are about.
                for part in stream(file, *TABLES):
                    if isinstance(part, Item) and part.array == REACTIONS:
                        try:
                            self._realm.add(REACTIONS, part.value)
                        except Malformed as cause:
                            where = f"{REACTIONS}[{part.position}]"
                            unread.append(self._problem(where, part.value, cause))
        except (BrokenJson, OSError):
            pass  # told below
        yield from unread
        try:
            with self._source.open(self._name) as file:
                for part in stream(file, *TABLES):
                    if isinstance(part, Item) and part.array == MESSAGES:
                        rows.append((f"{MESSAGES}[{part.position}]", part.value))
                        if len(rows) == AT_ONCE:
                            yield from self._sorted(rows)
                            rows = []
                    elif not isinstance(part, Item | Field | Start):
                        yield part.problem(self._full)
        except (BrokenJson, OSError) as cause:
            yield from self._sorted(rows)
            yield Problem(file=self._full, part="end", reason=str(cause), raw="")
            return
        yield from self._sorted(rows)

    def _sorted(self, rows: list[Row]) -> Iterator[Record]:
        places: dict[str, list[tuple[str, dict[str, object]]]] = {}
        for part, row in rows:
            try:
                key = self._realm.place(number(row, "recipient"), number(row, "sender"))
            except Malformed as cause:
                yield self._problem(part, row, cause)
                continue
            places.setdefault(key, []).append((part, cast("dict[str, object]", row)))
        for own in places.values():
            first = own[0][1]
            place, members = self._realm.conversation(
                number(first, "recipient"), number(first, "sender")
            )
            yield place
            people = People(place.id, self._source.told.me)
            for who in members:
                yield from self._tell(people, who)
            seq = 0
            for part, row in own:
                try:
                    told = self._message(row, place=place.id, seq=seq)
                except Malformed as cause:
                    yield self._problem(part, row, cause)
                    continue
                seq += 1
                yield from self._tell(people, number(row, "sender"))
                given = self._realm.reactions.pop(need(row, "id", int), [])
                for who, _ in given:
                    yield from self._tell(people, who)
                yield told
                for who, emoji in given:
                    yield Reaction(emoji=emoji, sender_id=self._realm.person(who))

    def _problem(self, part: str, row: object, cause: Malformed) -> Problem:
        raw = json.dumps(row, ensure_ascii=False)
        return Problem(file=self._full, part=part, reason=str(cause), raw=raw)

    def _tell(self, people: People, who: int) -> Iterator[Participant]:
        known = self._realm.users.get(who)
        identifier = self._realm.person(who)
        name = known.name if known else f"user {who}"
        for told in people.tell(identifier, name, extra=known.extra if known else {}):
            yield msgspec.structs.replace(told, handles=known.handles if known else ())

    def _message(self, row: dict[str, object], *, place: str, seq: int) -> Message:
        text = need(row, "content", str)
        topic = (maybe(row, "subject", str) or "").removeprefix(NO_TOPIC)
        versions, left = _versions(maybe(row, "edit_history", str, list))
        edited_at = _time(row, "last_edit_time")
        attachments = tuple(self._attachments(text))
        form = maybe(row, "type", int)
        extra = {key: one for key, one in rest(row, _TOLD).items() if one not in (None, "", [])}
        if form not in (None, WRITTEN, RESOLVED):
            extra["type"] = form
        if topic:
            extra["topic"] = topic
        if left:
            extra["edit_history"] = left
        return Message(
            id=str(need(row, "id", int)),
            conversation_id=place,
            sender_id=self._realm.person(number(row, "sender")),
            sent_at=_time(row, "date_sent") or _time(row, "pub_date"),
            seq=seq,
            kind=_kind(form, attachments),
            text=text,
            scope=self._realm.key,
            more_text=(topic,) if topic else (),
            attachments=attachments,
            edited_at=edited_at,
            versions=tuple(one for one in versions if one.text != text),
            marks=(Mark.EDITED,) if edited_at or versions else (),
            extra=extra,
        )

    def _attachments(self, text: str) -> Iterator[Attachment]:
        for label, address, path in dict.fromkeys(_UPLOAD.findall(text)):
            wanted = unquote(path)
            # Exactly this file: names repeat, and half of a path is another file.
            there = f"uploads/{self._moved.get(wanted, wanted)}"
            found = there if self._source.has(there) else None
            name = label or wanted.rpartition("/")[2]
            yield Attachment(
                name=name or path,
                path=None if found is None else self._source.full(found),
                state=AttachmentState.MISSING_FILE if found is None else AttachmentState.PRESENT,
                kind=kind_by_name(wanted),
                as_exported=address,
            )


def _kind(form: int | None, attachments: tuple[Attachment, ...]) -> MessageKind:
    if form == RESOLVED:
        return MessageKind.SYSTEM
    return attachments[0].kind if attachments else MessageKind.TEXT


def _time(row: object, key: str) -> Timestamp | None:
    value = maybe(row, key, int, float)
    return None if value is None else unix_time(value)


def _versions(history: str | list[object] | None) -> tuple[list[Version], list[object]]:
    """The texts before each edit, oldest first, and what else is said about the edits."""
    given: object = history
    if isinstance(history, str):
        try:
            given = decoded(history)
        except (ValueError, RecursionError):
            return [], [history]
    found, left = [], []
    for one in reversed(given) if isinstance(given, list) else ():
        before = one.get("prev_content") if isinstance(one, dict) else None
        if isinstance(before, str):
            found.append(Version(text=before))
        dropped = {"prev_content", "prev_rendered_content", "prev_rendered_content_version"}
        other = {k: v for k, v in one.items() if k not in dropped} if isinstance(one, dict) else one
        if other:
            left.append(other)
    return found, left
