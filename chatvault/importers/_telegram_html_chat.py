"""A chat of Telegram's pages: its title, what kind it is, and its messages page by page."""

import io
import re
from collections.abc import Iterator

import msgspec

from chatvault.importers._fields import Malformed
from chatvault.importers._html import BrokenHtml, Node, elements
from chatvault.importers._limits import DEFAULT
from chatvault.importers._people import People, folded
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source
from chatvault.importers._telegram_html_account import Owner
from chatvault.importers._telegram_html_clock import PageClock
from chatvault.importers._telegram_html_item import (
    Line,
    is_empty,
    is_message,
    line,
    separator,
)
from chatvault.model import Conversation, ConversationKind, Participant, Problem, Record

HEAD = 64 * 1024
SENDERS = 50  # looked at on the first page, to tell what kind of chat it is
_FIRST = re.compile(r'\sid="message(\d{1,19})"')
_GROUP = re.compile(
    r" (?:created group|joined group|changed group|removed group|invited|created topic|converted"
    r" (?:this|a basic) group)\b"
)
_CHANNEL = re.compile("Channel (?:title|photo|theme|\u00ab)")
UNNAMED = "Deleted Account"


class Head(msgspec.Struct):
    """What the beginning of a first page says."""

    title: str = ""
    first: str = ""  # id of its first message
    text: str = ""


class Seen(msgspec.Struct):
    """Who writes on the first page, and whether it is a group's or a channel's."""

    senders: list[str] = []
    group: bool = False
    channel: bool = False


def head_of(source: Source, name: str) -> Head:
    """The beginning of a page."""
    data = source.head(name, HEAD)
    text = data.decode("utf-8", "replace")
    first = _FIRST.search(text)
    found = Head(first=first[1] if first else "", text=text)
    try:
        for node in elements(io.BytesIO(data), lambda node: node.has("page_header")):
            title = node.find("div", "text")
            found.title = title.words() if title else ""
            break
    except BrokenHtml:
        pass  # told when it is read for its messages
    return found


class Chat:
    """One chat; `told` is its kind, where the list of chats says it. `assumed` are the zones that
    were told already as taken for given.
    """

    def __init__(
        self,
        source: Source,
        pages: list[str],
        head: Head,
        owner: Owner,
        *,
        identifier: str,
        title: str,
        assumed: set[str],
        told: ConversationKind | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        self._source = source
        self._pages = pages
        self._clock = PageClock(source.told, head.text)
        self._owner = owner
        seen = _seen(source, pages[0])
        kind = told or _kind(seen, title)
        self.conversation = Conversation(
            id=identifier,
            platform="telegram",
            title=title,
            kind=kind,
            title_is_id=True,
            extra=extra or {},
        )
        self._people = People(identifier, source.told.me)
        # Of two who write, the one after whom the chat is not called made the export.
        sure = told is ConversationKind.DIRECT or title in seen.senders
        self._other = title if kind is ConversationKind.DIRECT and sure else None
        self._seq = 0
        self._assumed = assumed

    def records(self) -> Iterator[Record]:
        """The conversation and all of its messages."""
        yield self.conversation
        number = 0
        for name in self._pages:
            wanted, number = number + 1, _number(name)
            if number > wanted:
                gap = "a page" if number - wanted == 1 else f"{number - wanted} pages"
                reason = f"{gap} before this one not in the export"
                full = self._source.full(name)
                yield Problem(file=full, part="beginning", reason=reason, raw="")
            yield from self._page(name)

    def _page(self, name: str) -> Iterator[Record]:
        full = self._source.full(name)
        base = name.rpartition("/")[0]
        day, sender, forwarded, count = None, "", "", 0
        replaced = Replaced()
        try:
            with self._source.open(name) as file:
                for node in elements(file, is_message, replaced=replaced):
                    if found := separator(node):
                        day = found
                        continue
                    if is_empty(node):
                        continue
                    count += 1
                    part = node.attributes.get("id") or f"message {count}"
                    try:
                        told = line(node, self._source, base, clock=self._clock, day=day)
                    except Malformed as cause:
                        raw = node.markup()[: DEFAULT.text]
                        yield Problem(file=full, part=part, reason=str(cause), raw=raw)
                        continue
                    if told.joined:
                        told.sender = told.sender or sender
                        told.forwarded_from = told.forwarded_from or forwarded
                    sender = "" if told.service else told.sender
                    forwarded = told.forwarded_from if told.forwarded else ""
                    yield from self._told(told)
        except (BrokenHtml, OSError, ValueError) as cause:
            yield Problem(file=full, part="end", reason=f"the page breaks off: {cause}", raw="")
        yield from replaced.problems(full)

    def _told(self, told: Line) -> Iterator[Record]:
        assumption = self._clock.assumption
        if assumption is not None and assumption.value not in self._assumed:
            self._assumed.add(assumption.value)
            yield assumption
        if told.forwarded and told.forwarded_from:
            told.extra["forwarded_from"] = told.forwarded_from
            told.words.append(told.forwarded_from)
        names = [told.sender, *(answer.name for answer in told.answers)]
        for name in dict.fromkeys(name for name in names if name):
            yield from self._tell(name)
        here = self.conversation.id
        yield told.message(chat=here, seq=self._seq, sender_id=_id(told.sender))
        self._seq += 1
        for answer in told.answers:
            yield msgspec.structs.replace(answer.reaction, sender_id=_id(answer.name))

    def _tell(self, name: str) -> Iterator[Participant]:
        mine = name == self._owner.name if self._owner.name else self._other not in (None, name)
        mine = mine and name != UNNAMED
        identifier = f"name:{folded(name)}"
        for one in self._people.tell(identifier, name, is_me=mine):
            handles = self._owner.handles if name == self._owner.name else ()
            yield msgspec.structs.replace(one, handles=handles) if handles else one


def _id(name: str) -> str | None:
    return f"name:{folded(name)}" if name else None


def _number(name: str) -> int:
    """The place of a page: `messages.html` is the first, `messages2.html` the second."""
    digits = "".join(c for c in name.rpartition("/")[2] if c.isascii() and c.isdigit())
    return int(digits) if digits else 1


def _seen(source: Source, name: str) -> Seen:
    """Whoever writes on a page; nothing is kept of it but names."""
    seen = Seen()
    senders: dict[str, None] = {}
    try:
        with source.open(name) as file:
            for node in elements(file, is_message):
                _look(node, seen, senders)
    except (BrokenHtml, OSError, ValueError):
        pass  # told when it is read for its messages
    seen.senders = list(senders)
    return seen


def _look(node: Node, seen: Seen, senders: dict[str, None]) -> None:
    if node.has("service"):
        text = node.words()
        seen.group = seen.group or bool(_GROUP.search(text))
        seen.channel = seen.channel or bool(_CHANNEL.match(text))
    elif len(senders) < SENDERS and (name := node.find("div", "from_name")) is not None:
        senders.setdefault(name.words().partition(" via @")[0])


def _kind(seen: Seen, title: str) -> ConversationKind:
    """What kind of chat it is, where no list of chats says it."""
    if seen.channel:
        return ConversationKind.CHANNEL
    others = [name for name in seen.senders if name != title]
    if seen.group or len(others) > 1:
        return ConversationKind.GROUP
    return ConversationKind.DIRECT
