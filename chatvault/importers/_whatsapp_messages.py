"""The messages of one WhatsApp text, made of its blocks in the order of the file."""

import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from chatvault.importers._clock import FileClock
from chatvault.importers._date_order import Order
from chatvault.importers._fields import Malformed
from chatvault.importers._people import folded
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText
from chatvault.importers._whatsapp_bodies import Content, content_of, system_content
from chatvault.importers._whatsapp_lines import USUAL_MARKS, Header, Shape, author_of
from chatvault.importers._whatsapp_media import Habits
from chatvault.importers._whatsapp_order import Timed, in_time
from chatvault.importers._whatsapp_survey import (
    LONGEST_NAME,
    MOST_AUTHORS,
    name_of,
    names_an_event,
)
from chatvault.importers._whatsapp_words import MARKS
from chatvault.model import (
    AttachmentState,
    Mark,
    Message,
    MessageKind,
    Participant,
    Precision,
    Problem,
    Record,
    Timestamp,
)

_PHONE = re.compile(r"\+?[\d ()./\u2011\u00a0-]{6,40}")
_UNUSUAL = frozenset(MARKS) - frozenset(USUAL_MARKS)
_CARD = 16 * 1024


@dataclass
class Transcript:
    """One conversation while it is read; `group` is the name to which the app's lines are given."""

    source: Source
    file: str
    conversation_id: str
    zone: str
    orders: dict[Shape, Order]
    authors: Counter[str]
    habits: Habits
    group: str | None
    me: str | None
    _seq: int = 0
    _told: set[tuple[str, str]] = field(default_factory=set)

    def records(self, blocks: Iterable[Block[Header]]) -> Iterator[Record]:
        """Yield messages and their senders; what is no message, and a break, as problems."""
        clock = FileClock(self.zone)
        before: Timed[Block[Header]] | None = None
        try:
            for group in in_time(map(self._timed, blocks)):
                strangers = self._strangers(group) if group[0].suspect else frozenset()
                for one in group:
                    if one.suspect and before is not None and self._author(one.item) in strangers:
                        # Somebody who appears nowhere else: this is text of the message before.
                        before.item.text += "\n" + one.item.text
                        before.suspect = True
                        continue
                    if before is not None:
                        yield from self._records(before, clock)
                    before = one
        except BrokenText as cause:
            if before is not None:
                yield from self._records(before, clock)
                before = None
            yield Problem(
                file=self.source.full(self.file),
                part="end",
                reason=f"the file cannot be read any further ({cause})",
                raw="",
            )
        if before is not None:
            yield from self._records(before, clock)

    def _timed(self, block: Block[Header]) -> Timed[Block[Header]]:
        head = block.head
        wall = head.wall(self.orders[head.shape]) if head else None
        return Timed(block, wall, len(block.text))

    def _strangers(self, group: list[Timed[Block[Header]]]) -> frozenset[str]:
        """Authors among the suspects of a group who write nowhere else in the file."""
        found = Counter(self._author(one.item) for one in group if one.suspect)
        return frozenset(
            name for name, count in found.items() if name and self.authors[name] <= count
        )

    def _author(self, block: Block[Header]) -> str:
        if block.head is None:
            return ""
        author, _ = author_of(block.text[block.head.at :].partition("\n")[0])
        return name_of(author)[:LONGEST_NAME] if author else ""

    def _records(self, timed: Timed[Block[Header]], clock: FileClock) -> Iterator[Record]:
        block = timed.item
        if block.head is None:
            if block.text.strip():
                yield Problem(
                    file=self.source.full(self.file),
                    part=block.place,
                    reason=block.reason("lines before the first message"),
                    raw=block.text,
                )
            return
        head = block.head
        author, content = self._content(block.text[head.at :], head)
        extra = dict(content.extra)
        sender = None
        if author is not None and content.kind is MessageKind.SYSTEM:
            extra["actor"] = author
        elif author is not None:
            sender = yield from self._sender(author)
        prefix = block.text[: head.at]
        if not prefix.isascii() and not _UNUSUAL.isdisjoint(prefix):
            extra["header"] = prefix
        sent_at = self._sent_at(head, clock)
        if sent_at is None:
            extra["header"] = prefix
        marks = (*content.marks, Mark.SUSPECT) if timed.suspect else content.marks
        yield Message(
            id=None,
            conversation_id=self.conversation_id,
            sender_id=sender,
            sent_at=sent_at,
            seq=self._seq,
            kind=content.kind,
            text=content.text,
            more_text=(*content.more_text, *self._card(content)),
            attachments=content.attachments,
            marks=marks,
            extra=extra,
        )
        self._seq += 1

    def _content(self, text: str, head: Header) -> tuple[str | None, Content]:
        author, at = author_of(text.partition("\n")[0])
        if author is not None:
            # A name in a system line may hold a colon: `Ada changed the subject from "A: B"`.
            alone = self.authors[name_of(author)[:LONGEST_NAME]] <= 1
            if alone and names_an_event(author):
                author = None
        if author is None:
            return None, system_content(text)
        iphone = head.shape.form == "brackets"
        content = content_of(text[at:], self.habits, self.source.resolve, iphone=iphone)
        by_group = self.group is not None and folded(name_of(author)) == folded(self.group)
        if by_group and content.kind is MessageKind.TEXT:
            content = content._replace(kind=MessageKind.SYSTEM)
        return author, content

    def _sender(self, author: str) -> Generator[Participant, None, str]:
        name = name_of(author)
        identifier = f"name:{name}"
        if (name, author) not in self._told:
            if len(self._told) >= 2 * MOST_AUTHORS:
                self._told.clear()  # telling somebody again is harmless
            self._told.add((name, author))
            yield Participant(
                id=identifier,
                name=name,
                conversation_id=self.conversation_id,
                handles=(name,) if _PHONE.fullmatch(name) else (),
                is_me=name == self.me,
                extra={"as_exported": author} if author != name else {},
            )
        return identifier

    def _sent_at(self, head: Header, clock: FileClock) -> Timestamp | None:
        wall = head.wall(self.orders[head.shape])
        precision = Precision.SECOND if head.shape.seconds else Precision.MINUTE
        try:
            return clock.time(wall, precision=precision) if wall else None
        except Malformed:
            return None  # a year that no message has; the header is kept as it stands

    def _card(self, content: Content) -> tuple[str, ...]:
        """Names and numbers in a contact's card, if the card is in the export."""
        if content.kind is not MessageKind.CONTACT:
            return ()
        cards = [one.path for one in content.attachments if one.state is AttachmentState.PRESENT]
        if not cards or cards[0] is None:
            return ()
        data = self.source.head(cards[0].removeprefix(self.source.prefix), _CARD)
        found = []
        for line in data.decode("utf-8", "replace").splitlines():
            key, colon, value = line.partition(":")
            if colon and key.split(";")[0].rpartition(".")[2].upper() in {"FN", "TEL"}:
                found.append(value.strip())
        return tuple(dict.fromkeys(value for value in found[:20] if value))
