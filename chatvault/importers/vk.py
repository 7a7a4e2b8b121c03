"""VK's archive of one's own data: HTML in windows-1251, fifty messages a page, and no media.

    messages/index-messages.html, messages/<peer>/messages0.html, messages50.html, ...

    <div class="message" data-id="1201"><div class="message__header">
    <a href="https://vk.com/id1">Ира К</a>, 5 мая 2022 в 1:30:12</div><div>привет<br>второй
    <div class="kludges"><div class="attachment"><div class="attachment__description">Фотография
    </div><a class="attachment__link" href="https://vk.com/photo1_2">...

The newest page is the first, and on each the newest message. A peer above 2,000,000,000 is a group,
one below 0 a community.
"""

import io
import re
from collections.abc import Iterator

from chatvault.errors import BadExport, EmptyExport, Where
from chatvault.importers._clock import FileClock, wall_time, zone_for
from chatvault.importers._fields import Malformed
from chatvault.importers._html import BrokenHtml, Node, elements
from chatvault.importers._limits import DEFAULT
from chatvault.importers._people import People, folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source
from chatvault.importers._vk_page import ME, Said, person, said
from chatvault.model import (
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Problem,
    Record,
)

INFO = ImporterInfo(
    key="vk",
    platform="vk",
    title="VK (ВКонтакте)",
    expects="the zip of the data archive (vk.com/data_protection), or its folder messages",
    carries=frozenset({
        "ids", "edits", "deletions", "forwards", "calls", "locations", "stickers", "polls", "links",
    }),
    derived={
        **dict.fromkeys(
            ("Вы", "Ви", "You"), "how a page names its owner, who is kept"
        ),
        **dict.fromkeys(
            ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
             "октября", "ноября", "декабря", "May", "травня", "at", "am", "pm"),
            "the time in words; the time itself is kept",
        ),
        "ред": "that a message was edited, which is a mark",
    },
    leaves_out="media (only addresses, which need the login), texts of forwarded messages, replies,"
    " reactions, the time zone",
    seen="archives of 2019 to 2024",
)  # fmt: skip

HOME = "Europe/Moscow"
HEAD = 64 * 1024
INDEX = "index-messages.html"
GROUPS_FROM = 2_000_000_000
MOST_TITLES = 50_000
REMEDY = "ask VK for the archive again (vk.com/data_protection), with messages"
_PAGE = re.compile(r"(?:(?:messages/)?(-?\d{1,20})/)?messages(\d{1,9})\.html")
_LINK = re.compile(r"(-?\d{1,20})/messages\d{1,9}\.html")
_SIGN = re.compile(rb'class="message" data-id="|class="message"\s+data-id=')


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: a page where VK has its pages, with a message of VK in it."""
    # Pages without the folder of their conversation are part of a larger export.
    found = [pages[-1] for peer, pages in _pages(source).items() if peer]
    for name in found[:2]:
        if _SIGN.search(source.head(name, HEAD)):
            return (f"{name} is a page of messages", "messages with data-id")
    for name in (f"messages/{INDEX}", INDEX):
        if source.has(name) and b"message-peer" in source.head(name, HEAD):
            return (f"{name} lists conversations of VK",)
    return ()


def read(source: Source) -> Iterator[Record]:
    """Each conversation from its oldest message to the newest."""
    found = _pages(source)
    if not found:
        raise BadExport("there is no page of messages", where=Where(source.name), remedy=REMEDY)
    titles = _titles(source)
    zone, assumed = zone_for(source.told, HOME)
    if assumed is not None:
        yield assumed
    count = unread = 0
    for peer, names in found.items():
        chat = _Chat(source, peer or source.name, names=names, titles=titles, zone=zone)
        for record in chat.records():
            count += isinstance(record, Message)
            unread += isinstance(record, Problem)
            yield record
    if not count and unread:
        raise BadExport("no message can be read", where=Where(source.name), remedy=REMEDY)
    if not count:
        raise EmptyExport("there is not one message in it", where=Where(source.name), remedy=REMEDY)


def _pages(source: Source) -> dict[str, list[str]]:
    """The pages of every peer, the oldest first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name in source.names():
        if match := _PAGE.fullmatch(name):
            found.setdefault(match[1] or "", []).append((int(match[2]), name))
    return {
        peer: [name for _, name in sorted(pages, reverse=True)]
        for peer, pages in sorted(found.items())
    }


def _titles(source: Source) -> dict[str, str]:
    """Titles of conversations by peer, from the index."""
    found: dict[str, str] = {}
    for name in (f"messages/{INDEX}", INDEX):
        if not source.has(name):
            continue
        try:
            for link in elements(_opened(source, name), lambda node: node.tag == "a"):
                match = _LINK.fullmatch(link.attributes.get("href", "").strip())
                if match and link.words() and len(found) < MOST_TITLES:
                    found.setdefault(match[1], link.words())
        except (BrokenHtml, OSError, ValueError):
            pass  # titles only; conversations are known by their folders
    return found


def _opened(source: Source, name: str) -> io.BytesIO:
    """A page; those that do not say so are in windows-1251, too."""
    with source.open(name) as file:
        data = file.read(DEFAULT.html_page + 1)
    if b"charset" not in data[:1024]:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            data = b'<meta charset="windows-1251">' + data
    return io.BytesIO(data)


def _name_of(source: Source, name: str, peer: str) -> str:
    """The name of a person or community that writes on a page; empty if it does not."""
    try:
        for link in elements(_opened(source, name), lambda node: node.tag == "a"):
            if person(link.attributes.get("href", "")) == peer and link.words():
                return link.words()
    except (BrokenHtml, OSError, ValueError):
        pass  # told when the page is read
    return ""


class _Chat:
    """One conversation."""

    def __init__(
        self, source: Source, peer: str, *, names: list[str], titles: dict[str, str], zone: str
    ) -> None:
        self._source = source
        self._zone = zone
        self._clock = FileClock(zone)
        self._seq = 0
        self._names = names
        title = titles.get(peer, "") or source.told.conversation or ""
        whole = peer.removeprefix("-").isdigit()
        title = title or (_name_of(source, names[-1], peer) if whole else "") or peer
        group = whole and int(peer) > GROUPS_FROM
        self._place = Conversation(
            id=peer if whole else f"title:{folded(title)}",
            platform=INFO.platform,
            title=title,
            kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
            owner=ME,
            title_is_id=not whole,
        )
        self._people = People(self._place.id)

    def records(self) -> Iterator[Record]:
        """The messages of its pages, from the oldest on."""
        yield self._place
        for name in self._names:
            yield from self._page(name)

    def _page(self, name: str) -> Iterator[Record]:
        full = self._source.full(name)
        nodes: list[Node] = []
        broken = ""
        replaced = Replaced()
        try:
            for node in elements(_opened(self._source, name), _is_message, replaced=replaced):
                nodes.append(node)  # noqa: PERF402  (what came before a break is kept)
        except BrokenHtml as cause:
            broken = str(cause)
        except (OSError, ValueError) as cause:
            broken = f"the page cannot be read: {type(cause).__name__}"
        for number, node in reversed(list(enumerate(nodes))):
            try:
                yield from self._message(said(node))
            except Malformed as cause:
                part = f"message[{number}]"
                yield Problem(file=full, part=part, reason=str(cause), raw=node.markup())
        if broken:
            yield Problem(file=full, part="end", reason=broken, raw="")
        yield from replaced.problems(full)

    def _message(self, one: Said) -> Iterator[Record]:
        at = self._clock.time(one.clock)
        edited = wall_time(one.edited, self._zone) if one.edited is not None else None
        sender = one.sender or (f"name:{folded(one.name)}" if one.name else "")
        extra = dict(one.extra)
        if one.kind is MessageKind.SYSTEM:
            sender = ""
            if one.name:
                extra["about"] = one.name
        elif sender:
            name = (self._source.told.me or "Me") if sender == ME else one.name
            yield from self._people.tell(sender, name, is_me=sender == ME)
        yield Message(
            id=one.id or None,
            conversation_id=self._place.id,
            scope=self._place.id,
            sender_id=sender or None,
            sent_at=at,
            seq=self._seq,
            kind=one.kind,
            text=one.text,
            more_text=one.more_text,
            attachments=one.attachments,
            edited_at=edited,
            marks=one.marks,
            extra=extra,
        )
        self._seq += 1


def _is_message(node: Node) -> bool:
    return node.tag == "div" and node.has("message")
