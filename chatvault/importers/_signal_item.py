"""One `chatItem` of Signal's plaintext export: its message, versions and reactions."""

from collections import OrderedDict
from typing import NamedTuple, cast

from chatvault.importers._fields import (
    EARLIEST_MS,
    LATEST_MS,
    Malformed,
    maybe,
    need,
    number,
    rest,
)
from chatvault.importers._signal_body import FORMS, Body, Export, body_of
from chatvault.importers._signal_files import Files
from chatvault.importers._signal_people import Book, Recipient, Talk, identifier
from chatvault.model import (
    Mark,
    Message,
    Precision,
    Reaction,
    Record,
    Timestamp,
    Version,
)

# Of so many messages it is remembered that their ids are taken, and of so many edits when they were
# first sent: what refers to them is seldom far away.
REMEMBERED = 50_000
_USED = frozenset({"chatId", "authorId", "dateSent", "revisions"})


def moment(value: str | int | float | None) -> Timestamp | None:
    """A time in milliseconds; none where it is missing or 0, which the export leaves out."""
    ms = number(value) if value is not None else 0
    if not ms:
        return None
    if not isinstance(ms, int) or not EARLIEST_MS <= ms < LATEST_MS:
        raise Malformed("a time out of range")
    return Timestamp(utc_ms=ms, as_exported=str(value), precision=Precision.MILLISECOND)


class _Told(NamedTuple):
    """A reaction and who gave it."""

    by: Recipient
    reaction: Reaction


class Items:
    """Turns the items of one file into records; `talk` is where each belongs."""

    def __init__(self, book: Book, files: Files) -> None:
        self._book = book
        self._export = Export(book, files)
        self._taken: OrderedDict[int, None] = OrderedDict()
        self._first_sent: OrderedDict[tuple[str, str, int], int] = OrderedDict()

    def records(self, item: object, talk: Talk) -> list[Record]:
        """The people, the message and its reactions; Malformed when it is none."""
        author = self._book.of(identifier(need(item, "authorId", str, int)))
        revisions = [
            self._revision(one)
            for one in maybe(item, "revisions", list) or ()
            if isinstance(one, dict)
        ]
        last = moment(maybe(item, "dateSent", str, int))
        sent_at = revisions[0].at if revisions else last
        body = body_of(cast("dict[str, object]", item), self._export)
        reactions = [self._reaction(value) for value in body.reactions]
        message = Message(
            id=self._id(talk, author, sent_at, body),
            conversation_id=talk.id,
            sender_id=author.id if author.participant else None,
            sent_at=sent_at,
            seq=talk.seq,
            kind=body.kind,
            text=body.text,
            scope=talk.id,
            reply_to_id=self._reply_to(talk, body),
            more_text=tuple(dict.fromkeys(text for text in body.more_text if text)),
            attachments=body.attachments,
            edited_at=last if revisions else None,
            versions=tuple(revisions),
            marks=(*((Mark.EDITED,) if revisions else ()), *body.marks),
            extra={**self._details(item), **body.extra},
        )
        people = [one for one in (author, *(told.by for told in reactions)) if one.participant]
        self._remember(talk, author, sent_at, [*revisions, Version(text="", at=last)])
        told = [participant for one in people for participant in talk.tell(one)]
        talk.seq += 1
        return [*told, message, *(told.reaction for told in reactions)]

    def _details(self, item: object) -> dict[str, object]:
        """What is said of an item besides its content."""
        from_body = {name: value for name, value in rest(item, _USED).items() if name not in FORMS}
        # `directionless` and the like are empty as a rule.
        return {
            name: self._book.referring(value)
            for name, value in from_body.items()
            if value not in ({}, None)
        }

    def _revision(self, value: dict[str, object]) -> Version:
        body = body_of(value, self._export)
        return Version(text=body.text, at=moment(maybe(value, "dateSent", str, int)))

    def _reaction(self, value: object) -> _Told:
        by = self._book.of(identifier(need(value, "authorId", str, int)))
        reaction = Reaction(
            emoji=need(value, "emoji", str),
            sender_id=by.id if by.participant else None,
            at=moment(maybe(value, "sentTimestamp", str, int)),
            extra=rest(value, {"emoji", "authorId", "sentTimestamp", "sortOrder"}),
        )
        return _Told(by, reaction)

    def _id(
        self, talk: Talk, author: Recipient, sent_at: Timestamp | None, body: Body
    ) -> str | None:
        """Author and time of sending, by which Signal itself refers to a message.

        What the app noted may have the time of a message; two messages of one time are kept.
        """
        if sent_at is None or not author.stable:
            return None
        found = f"{_who(author)}:{sent_at.utc_ms}" + (f":{body.notice}" if body.notice else "")
        taken = hash((talk.id, found))
        if taken in self._taken:
            return None
        self._taken[taken] = None
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)
        return found

    def _remember(
        self, talk: Talk, author: Recipient, sent_at: Timestamp | None, times: list[Version]
    ) -> None:
        """The first time of sending of an edited message, by all the times that it had."""
        if sent_at is None or len(times) < 2:
            return
        for time in times:
            if time.at is not None:
                self._first_sent[talk.id, _who(author), time.at.utc_ms] = sent_at.utc_ms
        while len(self._first_sent) > REMEMBERED:
            self._first_sent.popitem(last=False)

    def _reply_to(self, talk: Talk, body: Body) -> str | None:
        if body.quoted is None:
            return None
        number, time = body.quoted
        author, at = self._book.of(number), moment(time)
        if at is None or not author.stable:
            return None
        who = _who(author)
        return f"{who}:{self._first_sent.get((talk.id, who, at.utc_ms), at.utc_ms)}"


def _who(author: Recipient) -> str:
    """The author in the id of a message; the owner is the same whether their id is known or not."""
    return "self" if author.mine else author.id
