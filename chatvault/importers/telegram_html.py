"""Telegram Desktop, "Export chat history" or "Export Telegram data", as human-readable HTML.

    messages.html, messages2.html, ... photos/                        one chat
    export_results.html, lists/chats.html, chats/chat_1/messages.html  all of an account

One message of a page:
    <div class="message default clearfix" id="message11"><div class="body">
    <div class="pull_right date details" title="09.03.2024 18:05:30 UTC+00:00">18:05</div>
    <div class="from_name">Ottilie Marsh</div>
    <div class="text">see <a href="https://example.org/p">plan</a></div></div></div>

The pages name nobody's id and not that of the chat, so a chat is known by its title. Ids of
messages are Telegram's, as in its JSON: of a chat that is merged with one out of the JSON, equal
messages become one.
"""

import re
from collections import Counter
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._pages_instead import ACCOUNT
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._telegram_html_account import Listed, Owner, chats_of, owner_of
from chatvault.importers._telegram_html_chat import UNNAMED, Chat, Head, head_of
from chatvault.importers._telegram_html_clock import MONTHS
from chatvault.importers._telegram_html_item import EMPTY
from chatvault.importers._telegram_html_media import TITLES
from chatvault.model import Record

INFO = ImporterInfo(
    key="telegram-html",
    platform="telegram",
    title="Telegram Desktop, HTML",
    expects="a folder with messages.html or export_results.html (better: export as JSON)",
    # Where there is JSON beside the pages, it tells more, and is of a rank that is asked first.
    rank="text",
    carries=frozenset({
        "ids", "replies", "reactions", "forwards", "calls", "locations", "contacts", "stickers",
        "polls", "system", "media", "links", "payments",
    }),
    derived={
        **dict.fromkeys(MONTHS, "lines between messages name the day, which each message has"),
        **dict.fromkeys(
            ("In", "reply", "to", "this", "message", "Previous", "Next", "messages", "GIF"),
            "the words of a link, or on a picture; where a link leads to is kept",
        ),
        **dict.fromkeys(
            {word for title in TITLES for word in title.split()},
            "the title of a medium that says no more than its kind",
        ),
        **dict.fromkeys(
            ("vote", "votes", "No", "chosen"), "numbers of votes, which are kept as such"
        ),
        **dict.fromkeys(EMPTY.split(), "how a chat without messages says so"),
        "via": "stands before the bot that a message came through, which is kept",
    },
    leaves_out="ids of people and chats, edits, times of what the app notes, and what the JSON"
    " lacks too: secret chats, deleted messages",
    seen="Telegram Desktop from 2018 to 6.1 of September 2025",
)  # fmt: skip

PAGE = re.compile(r"messages([0-9]{0,7})\.html?", re.IGNORECASE)
IN_ACCOUNT = re.compile(r"chats/([^/]+)/messages([0-9]{0,7})\.html?", re.IGNORECASE)
MARKS = (b"<title>Exported Data</title>", b'class="page_wrap"', b'class="history"')
HEAD = 16 * 1024
REMEDY = (
    "give the folder that Telegram Desktop wrote, ChatExport_... or DataExport_...; better, export"
    " again as machine-readable JSON"
)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: pages of chats, here or in the folders of an account."""
    names = sorted(filter(PAGE.fullmatch, source.files()), key=_order)
    names = names or sorted(filter(IN_ACCOUNT.fullmatch, source.entries), key=_order)
    return tuple(
        f"{name} is a page of Telegram Desktop"
        for name in names[:3]
        if _is_ours(head := source.head(name, HEAD))
        # The page of a chat does not stand for the account that it was taken out of: there may be
        # JSON, and it would be read twice.
        if "/" in name or ACCOUNT not in head
    )


def _is_ours(head: bytes) -> bool:
    return all(mark in head for mark in MARKS)


def _order(name: str) -> tuple[int, str, int]:
    """Pages of one chat by their number, `messages2.html` before `messages10.html`."""
    folder, _, last = name.rpartition("/")
    found = PAGE.fullmatch(last)
    return len(folder), folder, int(found[1]) if found and found[1] else 0


def read(source: Source) -> Iterator[Record]:
    """Each chat: the one here, or all of an account in the order of its list."""
    here = sorted(filter(PAGE.fullmatch, source.files()), key=_order)
    if here:
        head = head_of(source, here[0])
        title = source.told.conversation or head.title or UNNAMED
        identifier = f"title:{folded(title)}"
        yield from Chat(
            source, here, head, Owner(), identifier=identifier, title=title, assumed=set()
        ).records()
        return
    chats: dict[str, list[str]] = {}
    for name in sorted(filter(IN_ACCOUNT.fullmatch, source.entries), key=_order):
        chats.setdefault(name.split("/")[1], []).append(name)
    if not chats:
        raise BadExport("there is no messages.html", where=Where(source.name), remedy=REMEDY)
    yield from _account(source, chats)


def _account(source: Source, chats: dict[str, list[str]]) -> Iterator[Record]:
    owner, listed, assumed = owner_of(source), chats_of(source), set[str]()
    titles = {folder: head_of(source, pages[0]).title or UNNAMED for folder, pages in chats.items()}
    again = Counter(folded(title) for title in titles.values())
    unknown = Listed(len(listed))
    for folder in sorted(chats, key=lambda one: (listed.get(one, unknown).place, len(one), one)):
        about, title = listed.get(folder, unknown), titles[folder]
        head = head_of(source, chats[folder][0])
        yield from Chat(
            source,
            chats[folder],
            head,
            owner,
            identifier=_identifier(title, head, alone=again[folded(title)] == 1),
            title=title,
            assumed=assumed,
            told=about.kind,
            extra={"only_my_messages": True} if about.only_mine else None,
        ).records()


def _identifier(title: str, head: Head, *, alone: bool) -> str:
    """The id of a chat. Of several with one title, such as those of deleted accounts, each has the
    id of its first message with it: the numbers of folders change from export to export."""
    return f"title:{folded(title)}" if alone else f"title:{folded(title)} #{head.first}"
