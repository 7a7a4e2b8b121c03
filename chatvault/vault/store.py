"""The records of an import, collected in batches and brought into the archive."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chatvault.errors import DoesNotAddUp
from chatvault.model import (
    Assumption,
    Conversation,
    Message,
    Participant,
    Problem,
    Reaction,
    Record,
)
from chatvault.vault import content_key, decisions, merging, people, placement, schema
from chatvault.vault.archive import Connection
from chatvault.vault.batches import Batches, Item
from chatvault.vault.decisions import Placed
from chatvault.vault.identities import Identities
from chatvault.vault.manifest import ConversationRef

BATCH = 20_000  # messages
WAITING = 16 * 1024 * 1024  # characters of messages in a batch; then it is full, too


@dataclass
class Tally:
    """What became of the records of one import."""

    new: int = 0
    known: int = 0
    updated: int = 0
    problems: int = 0
    reactions: int = 0
    conversations: set[int] = field(default_factory=set)
    participants: set[int] = field(default_factory=set)
    first_ms: int | None = None
    last_ms: int | None = None
    assumptions: list[Assumption] = field(default_factory=list)
    touched_others: bool = False


@dataclass(slots=True)
class _Transcript:
    number: int
    conversation: int
    platform: str
    placed: Placed
    minute: int | None = None
    place: int = 0


class WrongOrder(Exception):
    """A record refers to one that was not told before it."""


class Merger:
    """Takes the records of one import and brings them into the archive, a batch at a time."""

    def __init__(
        self,
        connection: Connection,
        number: int,
        *,
        file_of: Callable[[str], int | None],
        finishing: Sequence[int] = (),
        batch: int = BATCH,
    ) -> None:
        """`file_of` gives the row of the stored bytes of a path in the export; `finishing` are the
        unfinished imports that this one completes."""
        self.tally = Tally()
        self._db = connection
        self._database = schema.database(connection)
        self._number = number
        self._file_of = file_of
        self._batch = batch
        self._decisions = decisions.load(connection)
        self._identities = Identities(connection, self._touch, self._decisions)
        self._foreign = self._identities.foreign if self._decisions.foreign_ids else None
        self._platforms: dict[int, str] = {}
        self._batches = Batches(
            connection,
            number,
            finishing=finishing,
            foreign=self._foreign,
            platforms=self._platforms,
        )
        self._transcripts: dict[str, _Transcript] = {}
        self._items: list[Item] = []
        self._waiting = 0
        self._problems: list[Problem] = []
        self._last_transcript = 0
        self._transaction = ExitStack()
        self._begun = False

    def __enter__(self) -> "Merger":
        return self

    def __exit__(self, *failure: Any) -> None:
        """What was waiting when something failed is taken back; batches before it stay."""
        self._transaction.__exit__(*failure)

    @property
    def taken(self) -> int:
        """How many messages and problems are accounted for: decided on and written, or waiting."""
        tally = self.tally
        decided = tally.new + tally.known + tally.updated + tally.problems
        return decided + len(self._items) + len(self._problems)

    def check(self, items: int) -> None:
        """DoesNotAddUp unless this is how many were taken."""
        if self.taken != items:
            raise DoesNotAddUp.counted(items, self.taken)

    def add(self, records: Iterable[Record]) -> None:
        """Take records in the order of the export; full batches go into the archive at once.

        WrongOrder when a record refers to one that was not told; those before it are taken.
        """
        for record in records:
            self._begin()
            if isinstance(record, Message):
                self._add_message(record)
            elif isinstance(record, Reaction):
                if not self._items:
                    raise WrongOrder
                extra = msgspec.json.encode(record.extra).decode() if record.extra else ""
                item = self._items[-1]
                reaction = merging.stored_reaction(record, extra)
                reaction.sender = item.placed.key(reaction.sender)
                item.reactions.append(reaction)
                self.tally.reactions += 1
            elif isinstance(record, Participant):
                transcript = self._transcript(record.conversation_id)
                row = self._identities.participant(
                    transcript.placed.participant(record),
                    transcript.platform,
                    transcript.conversation,
                )
                self.tally.participants.add(row)
            elif isinstance(record, Conversation):
                self._add_conversation(record)
            elif isinstance(record, Problem):
                self._problems.append(record)
            else:
                self.tally.assumptions.append(record)

    def _transcript(self, conversation: str) -> _Transcript:
        transcript = self._transcripts.get(conversation)
        if transcript is None:
            raise WrongOrder
        return transcript

    def _touch(self) -> None:
        self.tally.touched_others = True

    def _add_conversation(self, told: Conversation) -> None:
        placed = self._decisions.place(
            ConversationRef(platform=told.platform, key=told.id, owner=told.owner)
        )
        row = self._identities.conversation(placed.conversation(told))
        self._last_transcript += 1
        self._platforms[row] = told.platform
        self._transcripts[told.id] = _Transcript(self._last_transcript, row, told.platform, placed)
        self.tally.conversations.add(row)

    def _add_message(self, message: Message) -> None:
        # Not after a message but before the next: its reactions are told behind it.
        if len(self._items) >= self._batch or self._waiting > WAITING:
            self.flush()
        transcript = self._transcript(message.conversation_id)
        if not transcript.placed.as_told:
            message = transcript.placed.message(message)
        sender = None
        if message.sender_id is not None:
            sender = self._identities.sender(
                message.sender_id, transcript.platform, transcript.conversation
            )
        minute = content_key.minute(message.sent_at)
        if minute != transcript.minute:
            transcript.minute, transcript.place = minute, 0
        else:
            transcript.place += 1
        attachments = [
            merging.stored_attachment(
                ordinal, item, None if item.path is None else self._file_of(item.path)
            )
            for ordinal, first in enumerate(message.attachments)
            for item in (first, *first.others)
        ]
        scope = None
        if message.id is not None:
            scope = self._identities.scope(transcript.platform, message.scope)
        wanted = placement.Wanted(
            key=(
                transcript.conversation,
                minute,
                content_key.content_hash(message, message.sender_id or ""),
            ),
            second=content_key.second(message.sent_at),
            id_scope=scope,
            platform_id=message.id,
            transcript=transcript.number,
            text=message.text,
            files=frozenset(item.file for item in attachments if item.file is not None)
            if attachments
            else placement.NOTHING,
            names=frozenset(item.name for item in attachments if item.name)
            if attachments
            else placement.NO_NAMES,
            foreign=self._foreign is not None and scope in self._foreign,
        )
        extra: tuple[bytes, ...] = ()
        if message.extra or message.more_extra:
            told = filter(None, (message.extra, *message.more_extra))
            extra = tuple(msgspec.json.encode(one, order="deterministic") for one in told)
            message = msgspec.structs.replace(message, extra={}, more_extra=())
        self._waiting += len(message.text) + sum(map(len, extra))
        self._items.append(
            Item(message, extra, wanted, sender, transcript.place, attachments, transcript.placed)
        )
        at = message.sent_at
        if at is not None:
            tally = self.tally
            tally.first_ms = at.utc_ms if tally.first_ms is None else min(tally.first_ms, at.utc_ms)
            tally.last_ms = at.utc_ms if tally.last_ms is None else max(tally.last_ms, at.utc_ms)

    def flush(self) -> None:
        """Bring what is waiting into the archive; the transaction began with its first record.

        DoesNotAddUp, and none of it in the archive, unless it was decided what each of it is.
        """
        taken = self.taken
        items, self._items = self._items, []
        self._waiting = 0
        self._begin()
        self._begun = False
        with self._transaction.pop_all():
            self._write_problems()
            if items:
                merged = self._batches.merge(items)
                self.tally.new += merged.new
                self.tally.known += merged.known
                self.tally.updated += merged.updated
                self.tally.touched_others |= merged.touched_others
            if self._decisions.people and self._identities.met_people():
                people.assign(self._db, self._decisions)
            self.check(taken)

    def _begin(self) -> None:
        # One transaction for a batch and the people in it: each COMMIT is a flush of the disk.
        if not self._begun:
            self._transaction.enter_context(self._database.atomic())
            self._begun = True

    def _write_problems(self) -> None:
        written = self._db.executemany(
            "INSERT INTO problem (import, file, part, reason, raw) VALUES (?, ?, ?, ?, ?)",
            [(self._number, p.file, p.part, p.reason, p.raw) for p in self._problems],
        )
        self.tally.problems += max(0, written.rowcount)
        self._problems = []
