"""Snapchat's exports until about 2022: what was received and what was sent, in a list each.

A conversation is put together from both. The lists hold only what was saved, so they are small;
what they hold is kept until the end of the file, up to a number of messages.
"""

import html
import re
from collections.abc import Iterator

from msgspec.structs import replace

from chatvault.importers._fields import Malformed, need
from chatvault.importers._snapchat_account import Account
from chatvault.importers._snapchat_chat import conversation
from chatvault.importers._snapchat_item import Media, message
from chatvault.model import Message, Record

LIST = re.compile(r"(?:Received|Sent) [A-Za-z ]{0,40}History")
MOST = 50_000  # messages kept before they are told
ME = "me"


class Lists:
    """The messages of both lists, by the other one's user name."""

    def __init__(self, account: Account, media: Media, *, snaps: bool) -> None:
        self._account = account
        self._media = media
        self._snaps = snaps
        self._kept: dict[str, list[Message]] = {}
        self._count = 0

    def item(self, value: object) -> Iterator[Record]:
        """Keep one item; Malformed if it is none. Records only where too many are kept."""
        sent = isinstance(value, dict) and "To" in value
        other = need(value, "To" if sent else "From", str)
        told = message(
            value,
            self._media,
            chat=other,
            seq=0,
            sender_id=(self._account.owner or ME) if sent else other,
            snap=self._snaps,
        )
        if not other:
            raise Malformed("nobody at the other end")
        self._kept.setdefault(other, []).append(replace(told, text=_unescaped(told.text)))
        self._count += 1
        if self._count >= MOST:
            yield from self.records()

    def records(self) -> Iterator[Record]:
        """Everything that is kept, each conversation in the order of time."""
        mine = self._account.owner or ME
        for other, kept in self._kept.items():
            place = conversation(other, "", self._account)
            people = self._account.people(place.id)
            yield place
            kept.sort(key=lambda one: one.sent_at.utc_ms if one.sent_at else 0)
            for seq, told in enumerate(kept):
                who = told.sender_id or mine
                yield from self._account.tell(people, who, mine=who == mine)
                yield replace(told, seq=seq, conversation_id=place.id)
        self._kept, self._count = {}, 0


_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);")


def _unescaped(text: str) -> str:
    """The text as it was typed: these exports write it as HTML."""
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text
