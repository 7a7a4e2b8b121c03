"""Pages that are not read because something better can be had, and what to do instead."""

import re
from collections.abc import Iterable

from chatvault.errors import BadExport, Where
from chatvault.importers._source import Source

_SNAPCHAT = re.compile(r"(?:.*/)?html/chat_history(?:\.html|/[^/]{1,200}\.html)")
_TELEGRAM = re.compile(r"(?:.*/)?messages[0-9]{0,7}\.html?", re.IGNORECASE)
# Above the title of a chat stands the way back to the list of all chats, but not if one chat was
# exported by itself.
ACCOUNT = b'href="../../lists/chats.html"'
MOST = 50  # pages looked into


def better_than_pages(source: Source) -> BadExport | None:
    """The error for a source in which nobody found an export, if it has such pages."""
    if name := next(filter(_SNAPCHAT.fullmatch, source.names()), ""):
        return BadExport(
            "this is Snapchat's My Data as web pages only",
            where=Where(name),
            remedy="on accounts.snapchat.com choose My Data again and tick Export JSON Files",
        )
    for name in _first(filter(_TELEGRAM.fullmatch, source.names())):
        if ACCOUNT in source.head(name, 16 * 1024):
            return BadExport(
                "this is one chat out of the pages of a whole Telegram account",
                where=Where(name),
                remedy="give the folder that it lies in, DataExport_...; if this chat is all there"
                " is left, add --platform telegram-html",
            )
    return None


def _first(names: Iterable[str]) -> list[str]:
    return [name for name, _ in zip(names, range(MOST), strict=False)]
