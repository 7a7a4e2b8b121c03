"""What text exports of one conversation share: who said what when, made into records.

    chat = Chat(conversation, zone, body_of)
    yield from chat.records(said)

Such texts have no ids and no zone. A line that somebody pasted looks like a message; what stands
out of time is marked, and joined to the message before it if nobody else has that name.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from chatvault.errors import NeedsAnswer
from chatvault.importers._clock import FileClock, wall_time
from chatvault.importers._fields import Malformed
from chatvault.importers._people import People, folded
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText, Encoding
from chatvault.importers._whatsapp_order import Timed, in_time
from chatvault.model import (
    Assumption,
    Attachment,
    AttachmentState,
    Conversation,
    Mark,
    Message,
    MessageKind,
    Precision,
    Problem,
    Record,
    Timestamp,
)

H = TypeVar("H")

MOST_SENDERS = 10_000  # a safety limit: who they are is held in memory


class Body(NamedTuple):
    """What was said, understood."""

    kind: MessageKind
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    marks: tuple[Mark, ...] = ()
    extra: dict[str, object] = {}  # noqa: RUF012  (never changed)


@dataclass(slots=True)
class Said:
    """One message as it stands in the text; `sender` is None for what the app says.

    `head` is what stands before `text`, in case the message turns out to be no message.
    """

    wall: datetime | None
    sender: str | None
    text: str
    head: str = ""
    precision: Precision = Precision.MINUTE


class Chat:
    """One conversation while it is read; `aliases` are words that stand for a sender's name."""

    def __init__(
        self,
        conversation: Conversation,
        zone: str,
        body_of: Callable[[Said], Body],
        *,
        me: str | None = None,
        aliases: dict[str, str] | None = None,
    ) -> None:
        self.conversation = conversation
        self._zone = zone
        self._clock = FileClock(zone)
        self._body_of = body_of
        self._aliases = aliases or {}
        self._me = me
        self._people = People(conversation.id, me)
        self._told = 0
        self._seq = 0

    def records(self, events: Iterable[Said | Problem]) -> Iterator[Record]:
        """Yield messages with their senders before them, and problems where they are."""
        for one in _joined(events):
            if isinstance(one.item, Problem):
                yield one.item
            else:
                yield from self._message(one.item, suspect=one.suspect)

    def _message(self, said: Said, *, suspect: bool) -> Iterator[Record]:
        body = self._body_of(said)
        extra = dict(body.extra)
        sender = None
        if said.sender is not None:
            name = self._aliases.get(said.sender, said.sender)
            sender = f"name:{folded(name)}"
            self._told += 1
            if self._told > MOST_SENDERS:  # telling somebody again is harmless
                self._people, self._told = People(self.conversation.id, self._me), 0
            mine = said.sender in self._aliases or sender == self.conversation.owner
            alias = (said.sender,) if name != said.sender else ()
            yield from self._people.tell(sender, name, aliases=alias, is_me=mine)
        sent_at = self._sent_at(said)
        if sent_at is None:
            extra["header"] = said.head
        yield Message(
            id=None,
            conversation_id=self.conversation.id,
            sender_id=sender,
            sent_at=sent_at,
            seq=self._seq,
            kind=body.kind,
            text=body.text,
            attachments=body.attachments,
            marks=(*body.marks, Mark.SUSPECT) if suspect else body.marks,
            extra=extra,
        )
        self._seq += 1

    def _sent_at(self, said: Said) -> Timestamp | None:
        if said.wall is None:
            return None
        try:
            if said.precision is Precision.DAY:
                return wall_time(said.wall, self._zone, precision=said.precision)
            return self._clock.time(said.wall, precision=said.precision)
        except Malformed:
            return None  # a year that no message has; the head is kept as it stands


def check_one_title(source: Source, conversations: int) -> None:
    """NeedsAnswer when one title was told for several conversations."""
    if source.told.conversation and conversations > 1:
        raise NeedsAnswer(
            "one title was given, but there are several conversations in this export",
            remedy="import the texts one by one, each with its own --conversation",
        )


def unread(block: Block[H], text: str, file: str, reason: str = "lines of no message") -> Problem:
    """The problem that lines of a text are; `file` is its full name."""
    return Problem(file=file, part=block.place, reason=block.reason(reason), raw=text)


def breaks_off(cause: BrokenText, file: str) -> Problem:
    """The problem that the end of a damaged text is."""
    reason = f"the file cannot be read any further ({cause})"
    return Problem(file=file, part="end", reason=reason, raw="")


def title_id(title: str) -> str:
    """The id of a conversation of which only the title is known."""
    return f"title:{folded(title)}"


def of_encoding(encoding: Encoding) -> Iterator[Assumption]:
    """What the receipt has to say about how a text was decoded, if anything."""
    if encoding.name not in {"utf-8", "utf-16"}:
        why = "the file is not UTF-8; letters may be others"
        yield Assumption(what="encoding", value=encoding.name, why=why)
    elif encoding.damaged:
        why = f"{encoding.damaged} lines hold bytes that are no text; they read as U+FFFD"
        yield Assumption(what="encoding", value="utf-8", why=why)


def placeholder(
    literal: str,
    kind: MessageKind,
    name: str = "",
    *,
    state: AttachmentState = AttachmentState.PLACEHOLDER_ONLY,
    path: str | None = None,
) -> Attachment:
    """An attachment of which the text has only these words; they differ between exports."""
    return Attachment(
        name=name, path=path, state=state, kind=kind, as_exported=literal, stable_name=False
    )


def seconds_of(clock: str) -> int | None:
    """`1:04:00` or `0:12` in seconds; None if it is neither."""
    parts = clock.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdecimal() and len(part) < 4 for part in parts):
        return None
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return total


def _joined(events: Iterable[Said | Problem]) -> Iterator[Timed[Said | Problem]]:
    """The messages; what stands out of time and has the name of nobody seen is text of the one
    before."""
    before: Timed[Said | Problem] | None = None
    seen: set[str] = set()
    for group in in_time(map(_timed, events)):
        for one in group:
            sender = one.item.sender if isinstance(one.item, Said) else None
            stranger = one.suspect and sender is not None and sender not in seen
            if stranger and before is not None and isinstance(before.item, Said):
                before.item.text += f"\n{one.item.head}{one.item.text}"  # type: ignore[union-attr]
                before.suspect = True
                continue
            if before is not None:
                yield before
            before = one
            if sender is not None and len(seen) < MOST_SENDERS:
                seen.add(sender)
    if before is not None:
        yield before


def _timed(event: Said | Problem) -> Timed[Said | Problem]:
    if isinstance(event, Problem):
        return Timed(event, None, len(event.raw))
    exact = event.precision is not Precision.DAY
    return Timed(event, event.wall if exact else None, len(event.text))
