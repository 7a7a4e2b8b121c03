"""Texts of phones: whom a message is with, and the sorting of one long list into conversations.

A phone has no ids of conversations that another phone would know. A conversation is the other
number, or the numbers of a group in their order, so that all exports of all phones agree.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from chatvault.importers._fields import EARLIEST_MS, LATEST_MS, Malformed, number
from chatvault.importers._people import People, folded
from chatvault.importers._source import Told
from chatvault.model import (
    Assumption,
    Attachment,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Precision,
    Record,
    Timestamp,
)

PLATFORM = "sms"
ME = "me"
NOBODY = "unknown"
# What Android writes in place of the phone's own number; it does not know it.
OWN = "insert-address-token"
# Messages of all conversations come in turn; so many are sorted into theirs at a time.
WINDOW = 500
FROM, RECIPIENTS = "137", ("151", "130", "129")

_BETWEEN = re.compile(r"[\s().\-\u2010-\u2015/\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_NUMBER = re.compile(r"\+?[0-9*#]+")
_LONGEST = 64  # characters of an address whose normal form is remembered
_SECONDS = 10**11  # larger numbers are milliseconds
_VOICES = frozenset({"audio/amr", "audio/amr-wb", "audio/3gpp", "audio/qcelp", "audio/evrc"})
_FAMILIES = {"image": MessageKind.IMAGE, "video": MessageKind.VIDEO, "audio": MessageKind.AUDIO}


class Texted(msgspec.Struct, frozen=True, kw_only=True):
    """One message before its conversation is told.

    `others` are the addresses of everybody but the owner, as exported; `sender` is one of them,
    empty for the owner, None where nobody knows.
    """

    others: tuple[str, ...]
    sender: str | None
    sent_at: Timestamp | None
    kind: MessageKind
    text: str = ""
    names: dict[str, str] = {}
    title: str = ""
    more_text: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    extra: dict[str, object] = {}


def normal(address: str) -> str:
    """An address in the form in which it counts: a number without what people put between its
    digits, `00` as `+`; a name folded. National numbers stay national: nobody says of where."""
    return _normal(address) if len(address) <= _LONGEST else _normal.__wrapped__(address)


@lru_cache(maxsize=4096)  # every message names the same few people again
def _normal(address: str) -> str:
    bare = _BETWEEN.sub("", unicodedata.normalize("NFKC", address))
    if not _NUMBER.fullmatch(bare):
        return folded(address)
    return f"+{bare[2:]}" if bare.startswith("00") and len(bare) > 6 else bare


def told_by(*addresses: str) -> bool:
    """Whether these addresses are told whole by their normal forms, so need not be kept beside."""
    return all(normal(address) == address for address in addresses)


def moment(value: str | int | float, *, whole_seconds: bool = False) -> Timestamp | None:
    """The time of a message in seconds or milliseconds; None for zero, which means unknown.

    `whole_seconds`: an MMS has no finer time, whatever the unit it is written in.
    """
    parsed = number(value)
    if parsed == 0:
        return None
    utc_ms = int(parsed if parsed >= _SECONDS else parsed * 1000)
    if not EARLIEST_MS <= utc_ms < LATEST_MS:
        raise Malformed("a time out of range")
    seconds = parsed < _SECONDS or (whole_seconds and utc_ms % 1000 == 0)
    return Timestamp(
        utc_ms=utc_ms,
        as_exported=str(value),
        precision=Precision.SECOND if seconds else Precision.MILLISECOND,
    )


def kind_of(media_type: str) -> MessageKind:
    """What a part of this media type is."""
    plain = media_type.partition(";")[0].strip().lower()
    if plain in _VOICES:
        return MessageKind.VOICE
    if plain.endswith(("vcard", "directory")):
        return MessageKind.CONTACT
    return _FAMILIES.get(plain.partition("/")[0], MessageKind.FILE)


def between(
    addresses: Iterable[tuple[str, str]], *, sent: bool, me: str | None
) -> tuple[tuple[str, ...], str | None]:
    """The others and the sender of an MMS, from its addresses with their types.

    An app is known that writes one number for everybody; then they say nothing, and nobody is told.
    """
    known = [(address, kind) for address, kind in addresses if address]
    if len(known) > 1 and len({normal(address) for address, _ in known}) == 1:
        return (), None
    mine = normal(me) if me else None
    people = [one for one in known if one[0] != OWN and normal(one[0]) != mine]
    senders = [address for address, kind in people if kind == FROM]
    recipients = [address for address, kind in people if kind in RECIPIENTS]
    if sent:
        return tuple(recipients), ""
    if len(people) == len(known) and len(recipients) == 1:
        recipients = []  # of two people one sent it, so the other is the owner
    return (*senders, *recipients), senders[0] if senders else None


class Threads:
    """Sorts messages into conversations, a window at a time: `add` each, and `flush` at the end."""

    def __init__(self, told: Told, *, own: str | None = None) -> None:
        """`own` is the owner's number, where it could be found out."""
        self._name = told.me or "Me"
        own = told.me or own
        self._me = normal(own) if own else None
        self._number = own if own and _NUMBER.fullmatch(normal(own)) else None
        self._waiting: dict[str, list[tuple[Texted, tuple[str, ...]]]] = {}
        self._count = 0
        self._second: int | None = None
        self._titles: dict[str, str] = {}
        self._assumed = False

    def add(self, one: Texted) -> Iterator[Record]:
        """One more message; yields the records of a window that is full."""
        second = one.sent_at.utc_ms // 1000 if one.sent_at else None
        # Messages of one second stay together, else copies in it would be counted apart.
        full = self._count >= WINDOW and (second != self._second or self._count >= 2 * WINDOW)
        if full:
            yield from self.flush()
        others: dict[str, str] = {}
        for address in one.others:
            others.setdefault(normal(address), address)
        if len(others) > 1:
            others.pop(self._me or "", None)
        key = ",".join(sorted(others)) or NOBODY
        title = one.title or ", ".join(one.names.get(a, a) for a in others.values())
        if key not in self._titles or one.title or one.names:
            self._titles[key] = title or "(Unknown)"
        self._waiting.setdefault(key, []).append((one, tuple(others.values())))
        self._count += 1
        self._second = second

    def assume_owner(self) -> Iterator[Assumption]:
        """Tell once that a group may hold the owner's own number."""
        if not self._assumed and not self._me:
            self._assumed = True
            yield Assumption(
                what="owner",
                value="unknown number",
                why="some group messages name all their people, and which of them is you is not"
                " said; a group may count you twice (--me with your number to change it)",
            )

    def flush(self) -> Iterator[Record]:
        """The records of what waits."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        for key, entries in waiting.items():
            yield Conversation(
                id=key,
                platform=PLATFORM,
                title=self._titles[key],
                kind=ConversationKind.GROUP if "," in key else ConversationKind.DIRECT,
                owner=ME,
            )
            # People are told again in every transcript: it may be the only one that is new.
            people = People(key)
            for seq, (one, others) in enumerate(entries):
                yield from self._messages(people, key, one, others=others, seq=seq)

    def _messages(
        self, people: People, key: str, one: Texted, *, others: tuple[str, ...], seq: int
    ) -> Iterator[Record]:
        sender = one.sender
        if sender is not None and normal(sender) == self._me:
            sender = ""
        for address in others:
            yield from _person(people, address, one.names.get(address, ""))
        if sender == "":
            for me in people.tell(ME, self._name, is_me=True):
                yield msgspec.structs.replace(me, handles=(self._number,) if self._number else ())
        elif sender is not None:
            yield from _person(people, sender, one.names.get(sender, ""))
        yield Message(
            id=None,
            conversation_id=key,
            sender_id=ME if sender == "" else None if sender is None else normal(sender),
            sent_at=one.sent_at,
            seq=seq,
            kind=one.kind,
            text=one.text,
            more_text=one.more_text,
            attachments=one.attachments,
            extra=one.extra,
        )


def _person(people: People, address: str, name: str) -> Iterator[Record]:
    for told in people.tell(normal(address), name or people.name(normal(address)) or address):
        yield msgspec.structs.replace(told, handles=(address,))
