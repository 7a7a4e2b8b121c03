"""One transcript made of table rows: its conversation, who has been named in it, its clock.

MemoTrace, PyWxDump and WeClone write a conversation as rows (or flat objects) of the same few
facts: a server id, a kind, a direction, a name, a wall clock, a text.
"""

import re
from collections.abc import Sized
from dataclasses import replace
from datetime import datetime

import msgspec

from chatvault.importers._clock import FileClock, iso_time
from chatvault.importers._people import People, folded
from chatvault.importers._source import Source, Told
from chatvault.importers._wechat import PLATFORM, is_room
from chatvault.model import Conversation, ConversationKind, Precision, Timestamp

HOME = "Asia/Shanghai"  # whose wall clock these exports show, unless their owner says otherwise

# Ids as WeChat gives them to people, groups, official accounts and WeCom contacts.
_ID = re.compile(r"wxid_[0-9A-Za-z_-]+|gh_[0-9a-z]+|[^\s()@]+@(?:chatroom|openim)", re.ASCII)
_OWN_NAME = re.compile(r"[A-Za-z][0-9A-Za-z_-]{5,19}", re.ASCII)
_AGAIN = re.compile(r"\s*[(（]\d{1,3}[)）]$")


def looks_like_id(text: str) -> bool:
    """Whether this is an id that WeChat itself gave; ids that people chose look like any word."""
    return _ID.fullmatch(text) is not None


def may_be_id(text: str) -> bool:
    """Whether this can be an id where one is expected, one that somebody chose included."""
    return looks_like_id(text) or _OWN_NAME.fullmatch(text) is not None


def name_id(name: str) -> str:
    """The id of a participant of whom the export gives only the name."""
    return f"name:{folded(name)}"


def without_copy_number(name: str) -> str:
    """`Ada(1)` is the second export of `Ada` into one folder."""
    return _AGAIN.sub("", name)


def conversation(identifier: str | None, title: str, kind: ConversationKind) -> Conversation:
    """The conversation of this id or, where the export has none, of this title."""
    if identifier:
        room = is_room(identifier)
        return Conversation(
            id=identifier,
            platform=PLATFORM,
            title=title or identifier,
            kind=ConversationKind.GROUP if room else kind,
        )
    return Conversation(
        id=f"title:{folded(title)}", platform=PLATFORM, title=title, kind=kind, title_is_id=True
    )


class Transcript:
    """The transcript being told: its conversation, its people, the place of the next message."""

    def __init__(
        self,
        place: Conversation,
        told: Told,
        *,
        other_is_known: bool = True,
        by_name: bool = False,
    ) -> None:
        self.place = place
        self.by_name = by_name  # the export names people and gives no ids of them
        self.other_is_known = other_is_known  # by the title of a conversation of two
        self.people = People(place.id, told.me)
        self.me = told.me or "我"  # what these tools call the account's owner
        self._seq = 0

    def next_seq(self) -> int:
        """The place of the message that is told now."""
        self._seq += 1
        return self._seq - 1


class RowClock:
    """The clocks of one file: `2025-02-01 20:00:00` or, from a spreadsheet, `2025/2/1 20:00`."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._clock = FileClock(zone)

    def time(self, text: str) -> Timestamp:
        """The moment; a clock with its own offset (`2025-12-31T00:00:00.000Z`) says it itself."""
        stamp = iso_time(text.strip().replace("/", "-", 2), self._zone)
        if stamp.offset_minutes is not None:
            # Z says in which zone the tool wrote, not where anybody was; WeChat has whole seconds.
            whole = stamp.utc_ms % 1000 == 0 and stamp.precision is Precision.MILLISECOND
            return msgspec.structs.replace(
                stamp,
                offset_minutes=None if text.strip().endswith("Z") else stamp.offset_minutes,
                precision=Precision.SECOND if whole else stamp.precision,
            )
        wall = datetime.fromisoformat(stamp.as_exported)
        return self._clock.time(wall, precision=stamp.precision)


def asked_about(source: Source, names: Sized) -> Source:
    """The export, where an answer about its conversation is one about several files: without it."""
    if len(names) < 2 or source.told.conversation is None:
        return source
    return source.with_told(replace(source.told, conversation=None))


def place_of(
    told: Told, identifier: str | None, title: str, kind: ConversationKind
) -> Conversation:
    """The conversation of an export that may not say which it is; its owner may (`--conversation`).

    An answer that is an id of WeChat counts where the export has none, any other as the title.
    """
    if identifier or not told.conversation:
        return conversation(identifier, title, kind)
    if looks_like_id(told.conversation):
        return conversation(told.conversation, title, kind)
    return conversation(None, told.conversation, kind)
