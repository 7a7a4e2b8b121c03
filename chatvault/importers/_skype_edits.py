"""Messages of Skype that were edited or deleted: several entries of a list that are one message.

Entries come newest first, so the last text comes before the earlier ones. Those that were edited
wait for them, up to a number; both have the sender and the time at which it was first sent.
"""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from chatvault.model import Mark, Message, Reaction, Version

MOST = 5_000  # edited messages that wait for their earlier texts
Records = tuple[Message, list[Reaction]]
Key = tuple[str | None, int]


class _Waiting(msgspec.Struct):
    message: Message
    reactions: list[Reaction]
    version: float


class Edits:
    """The messages of one conversation on their way out."""

    def __init__(self) -> None:
        self._waiting: dict[Key, _Waiting] = {}
        self._seq = 0

    def put(self, records: Records, first_sent: int | None, version: float) -> Iterator[Records]:
        """Take a message in; those that are complete come out. `first_sent` says when an edited
        one was first sent, `version` is the platform's number of this state of it.
        """
        message, reactions = records
        at = message.sent_at.utc_ms if message.sent_at else 0
        key = (message.sender_id, at if first_sent is None else first_sent)
        known = self._waiting.get(key)
        if known is not None:
            if version > known.version and message.id == known.message.id:
                message, known.message = known.message, message
                known.reactions = reactions
                known.version = version
            _unite(known, message)
            if first_sent is None:
                del self._waiting[key]
                yield self._out(known)
            return
        one = _Waiting(message, reactions, version)
        if first_sent is None:
            yield self._out(one)
            return
        self._waiting[key] = one
        if len(self._waiting) > MOST:
            yield self._out(self._waiting.pop(next(iter(self._waiting))))

    def rest(self) -> Iterator[Records]:
        """Those whose earlier texts are not in the export."""
        for one in self._waiting.values():
            yield self._out(one)
        self._waiting = {}

    def _out(self, one: _Waiting) -> Records:
        message = replace(one.message, seq=self._seq)
        self._seq += 1
        return message, one.reactions


def _unite(known: _Waiting, earlier: Message) -> None:
    """Let a message have the id of its first entry, and that one's text as an earlier version."""
    later = known.message
    texts = {one.text for one in later.versions} | {later.text}
    versions = later.versions
    if earlier.text and earlier.text not in texts:
        versions = (Version(text=earlier.text, at=earlier.edited_at or earlier.sent_at), *versions)
    marks = tuple(dict.fromkeys((*later.marks, *earlier.marks)))
    if Mark.DELETED in marks:
        marks = tuple(mark for mark in marks if mark is not Mark.EDITED)
    kept = {key: one for key, one in earlier.extra.items() if later.extra.get(key, one) == one}
    clash = {key: one for key, one in earlier.extra.items() if key not in kept}
    edit = later.id if later.id != earlier.id else None
    known.message = replace(
        later,
        id=earlier.id,
        sent_at=earlier.sent_at,
        kind=earlier.kind if Mark.DELETED in marks else later.kind,
        reply_to_id=later.reply_to_id or earlier.reply_to_id,
        more_text=tuple(dict.fromkeys((*later.more_text, *earlier.more_text))),
        attachments=later.attachments or earlier.attachments,
        versions=versions,
        marks=marks,
        extra={
            **kept,
            **later.extra,
            **_more(later, "earlier", clash),
            **_more(later, "edits", edit),
        },
    )


def _more(message: Message, key: str, value: object) -> dict[str, object]:
    """One value more in a list of `extra`, if it says anything."""
    found = message.extra.get(key)
    return {key: [value, *(found if isinstance(found, list) else [])]} if value else {}
