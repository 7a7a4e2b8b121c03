"""Pages and texts that are not read because something better can be had, and what to do instead."""

import re
from collections.abc import Iterable

from chatvault.importers._apps import pointer
from chatvault.importers._known_files import Kind
from chatvault.importers._source import Source

SNAPCHAT = Kind(
    "web pages of Snapchat",
    "this is Snapchat's My Data as web pages only",
    "on accounts.snapchat.com choose My Data again and tick Export JSON Files. "
    + pointer(("snapchat",)),
)
TELEGRAM = Kind(
    "a part of a Telegram account",
    "this is one chat out of the pages of a whole Telegram account",
    "give the folder that it lies in, DataExport_...; if this chat is all there is left, add"
    " --platform telegram-html",
)
DISCORD = Kind(
    "page or text by DiscordChatExporter",
    "this is a page or text by DiscordChatExporter, which is made to be looked at",
    "export the channel again with DiscordChatExporter as JSON (--format Json), or as CSV; the ids,"
    f" replies and reactions are only in the JSON. {pointer(('discord-dce',))}",
)
META = Kind(
    "web page of Messenger or Instagram",
    "this is a conversation of Messenger or Instagram as a page (HTML), which is not read",
    "ask for the download again and choose the format JSON (Accounts Center, Your information and"
    f" permissions). {pointer(('messenger', 'instagram'))}",
)
SLACK = Kind(
    "web page of a Slack export",
    "these are pages that a program made of a Slack export, to be looked at",
    "import the export itself: the .zip with users.json and channels.json, or what slackdump wrote."
    f" {pointer(('slack', 'slackdump'))}",
)
TAKEOUT = Kind(
    "page of a Google Takeout",
    "this is a page of a Google Takeout that only lists or shows what is in it",
    "ask for the Takeout again on takeout.google.com with Google Chat, Hangouts and Voice ticked"
    " (My Activity holds no messages), and import all its .zip files together."
    f" {pointer(('google-chat', 'google-hangouts', 'google-voice'))}",
)

_SNAPCHAT = re.compile(r"(?:.*/)?html/chat_history(?:\.html|/[^/]{1,200}\.html)")
_TELEGRAM = re.compile(r"(?:.*/)?messages[0-9]{0,7}\.html?", re.IGNORECASE)
# Above the title of a chat stands the way back to the list of all chats, but not if one chat was
# exported by itself.
ACCOUNT = b'href="../../lists/chats.html"'
_DISCORD_TEXT = re.compile(r"={62}\r?\nGuild: [^\n]*\nChannel: ")
_META = re.compile(rb'class="[^"]{0,200}\b(?:_a6-[a-z]|_2ph_|_a72d|uiBoxWhite)\b')
_SLACK = re.compile(rb"<title>[^<]{0,200}Slack[^<]{0,40}Export|<title>Slack Export", re.IGNORECASE)
_TAKEOUT = re.compile(rb"<title>[^<]{0,200}(?:Takeout|My Activity)", re.IGNORECASE)
_TAKEOUT_NAMES = frozenset({"archive_browser.html", "myactivity.html"})
_MOST = 50  # pages looked into
_PAGE = 64 * 1024


def better_than_pages(source: Source) -> tuple[str, Kind] | None:
    """A page in a source in which nobody found an export, and what could be had instead."""
    if name := next(filter(_SNAPCHAT.fullmatch, source.names()), ""):
        return name, SNAPCHAT
    for name in _first(filter(_TELEGRAM.fullmatch, source.names())):
        if ACCOUNT in source.head(name, 16 * 1024):
            return name, TELEGRAM
    for name in _first(_with_ending(source, (".txt",))):
        if _DISCORD_TEXT.match(source.head(name).decode("utf-8-sig", "replace")):
            return name, DISCORD
    for name in _first(_with_ending(source, (".html", ".htm"))):
        if kind := _page_kind(name, source.head(name, _PAGE)):
            return name, kind
    return None


def _with_ending(source: Source, endings: tuple[str, ...]) -> Iterable[str]:
    return (name for name in source.names() if name.lower().endswith(endings))


def _page_kind(name: str, head: bytes) -> Kind | None:
    # The styles come before the messages, in all versions since 2018.
    if b"chatlog__message" in head and b"preamble__" in head:
        return DISCORD
    if _META.search(head):
        return META
    if _SLACK.search(head):
        return SLACK
    takeout = name.rpartition("/")[2].lower() in _TAKEOUT_NAMES or _TAKEOUT.search(head)
    return TAKEOUT if takeout else None


def _first(names: Iterable[str]) -> list[str]:
    return [name for name, _ in zip(names, range(_MOST), strict=False)]
