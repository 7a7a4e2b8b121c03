"""A conversation of Snapchat, by the key of its list: a user name, or a UUID for groups."""

import re
from collections.abc import Iterator

from chatvault.importers._snapchat_account import Account
from chatvault.importers._snapchat_item import Media, message, sender
from chatvault.model import Conversation, ConversationKind, Record

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def conversation(key: str, title: str, account: Account) -> Conversation:
    """The conversation of a key; `title` is that of a group."""
    group = bool(_UUID.fullmatch(key) or title)
    return Conversation(
        id=key or "unknown",
        platform="snapchat",
        title=title or account.name(key) or key or "unknown",
        kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
        # Two accounts of one person both call a talk after the other one; a UUID is the same for
        # everybody in the group.
        owner=None if _UUID.fullmatch(key) else account.owner or None,
    )


class Chat:
    """The messages of one list."""

    def __init__(
        self, key: str, first: object, account: Account, media: Media, *, snaps: bool
    ) -> None:
        title = first.get("Conversation Title") if isinstance(first, dict) else None
        self._title = title if isinstance(title, str) else ""
        self.conversation = conversation(key, self._title, account)
        self._account = account
        self._media = media
        self._snaps = snaps
        self._people = account.people(self.conversation.id)
        self._seq = 0

    def item(self, value: object) -> Iterator[Record]:
        """The records of one item; Malformed if it is no message."""
        who, mine = sender(value)
        told = message(
            value,
            self._media,
            chat=self.conversation.id,
            seq=self._seq,
            sender_id=who,
            title=self._title,
            snap=self._snaps,
        )
        self._seq += 1
        if who:
            yield from self._account.tell(self._people, who, mine=mine)
        yield told
