"""Records into tables: batches of messages merged into the archive."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import msgspec

from chatvault.model import (
    Assumption,
    Conversation,
    Message,
    Participant,
    Problem,
    Reaction,
    Record,
)
from chatvault.vault import (
    content_key,
    decisions,
    extras,
    merging,
    people,
    placement,
    schema,
    search_index,
)
from chatvault.vault.archive import Connection
from chatvault.vault.decisions import Placed
from chatvault.vault.identities import Identities
from chatvault.vault.manifest import ConversationRef
from chatvault.vault.merging import Row, StoredAttachment, StoredReaction, Variant
from chatvault.vault.rows import Rows
from chatvault.vault.time_keys import TimeKeys

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


class _Item(msgspec.Struct, gc=False):
    """One message waiting for its batch; what importers did not understand of it is apart from it,
    encoded, because as objects it takes five times the memory."""

    message: Message
    extras: tuple[bytes, ...]
    wanted: placement.Wanted
    sender: int | None
    place: int
    attachments: list[StoredAttachment]
    placed: Placed
    reactions: list[StoredReaction] = []


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
        self._keys = TimeKeys(connection)
        self._extras = extras.Extras(connection)
        self._foreign = self._identities.foreign if self._decisions.foreign_ids else None
        self._rows = Rows(connection, number, finishing, foreign=self._foreign)
        self._transcripts: dict[str, _Transcript] = {}
        self._platforms: dict[int, str] = {}
        self._gone: list[tuple[Row, Row]] = []
        self._displaced: list[Row] = []
        self._items: list[_Item] = []
        self._waiting = 0
        self._problems: list[Problem] = []
        self._next_id = 1 + int(
            connection.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0]
        )
        self._last_transcript = 0
        self._transaction = ExitStack()
        self._begun = False

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
                self.tally.problems += 1
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
            _Item(message, extra, wanted, sender, transcript.place, attachments, transcript.placed)
        )
        at = message.sent_at
        if at is not None:
            tally = self.tally
            tally.first_ms = at.utc_ms if tally.first_ms is None else min(tally.first_ms, at.utc_ms)
            tally.last_ms = at.utc_ms if tally.last_ms is None else max(tally.last_ms, at.utc_ms)

    def flush(self) -> None:
        """Bring what is waiting into the archive; the transaction began with its first record."""
        items, self._items = self._items, []
        self._waiting = 0
        self._begin()
        self._begun = False
        with self._transaction.pop_all():
            self._write_problems()
            if items:
                self._merge(items)
            if self._decisions.people and self._identities.met_people():
                people.assign(self._db, self._decisions)

    def _begin(self) -> None:
        # One transaction for a batch and the people in it: each COMMIT is a flush of the disk.
        if not self._begun:
            self._transaction.enter_context(self._database.atomic())
            self._begun = True

    def _write_problems(self) -> None:
        self._db.executemany(
            "INSERT INTO problem (import, file, part, reason, raw) VALUES (?, ?, ?, ?, ?)",
            [(self._number, p.file, p.part, p.reason, p.raw) for p in self._problems],
        )
        self._problems = []

    def _merge(self, items: list[_Item]) -> None:
        loaded = self._rows.load([item.wanted for item in items])
        # Within a transcript what shows more of itself chooses first; a form tells either all of
        # its messages with ids or seconds or none, so this seldom changes anything.
        items.sort(
            key=lambda item: (
                item.wanted.transcript,
                item.wanted.platform_id is None,
                item.wanted.second is None,
            )
        )
        told: dict[int, Row] = {}
        for item in items:
            row = self._place(item, loaded.known)
            told[row.id] = row
            self.tally.known += 1  # corrected below for rows that are new or changed
        rows = [row for row in (*told.values(), *self._displaced) if not row.gone]
        for row in rows:
            if row.is_new or row.id in loaded.only_unfinished:
                self.tally.new += 1
                self.tally.known -= 1
            elif row.changed:
                self.tally.updated += 1
                self.tally.known -= 1
            if row.changed and row.id in loaded.others:
                self.tally.touched_others = True
        self._write(rows)

    def _place(self, item: _Item, known: placement.Known) -> Row:
        wanted = item.wanted
        row = placement.find(known, wanted)
        told = self._row_told(item)
        if row is None:
            row = self._new(told, known, wanted.key)
        else:
            by_id = row.has_id(wanted.id_scope, wanted.platform_id)
            if by_id and row.transcript == wanted.transcript and not row.by_id:
                self._displace(item, row, known)
            if by_id and wanted.key not in row.keys():  # noqa: SIM118 - a row is no dict
                twin = placement.find_absorbed(known, wanted, row)
                if twin is not None:
                    self._absorb(row, twin)
            merging.merge_row(row, told)
        row.by_id = row.by_id or wanted.platform_id is not None
        row.transcript = wanted.transcript
        self._add_details(row, item)
        known.add(row)
        return row

    def _row_told(self, item: _Item) -> Row:
        told = merging.new_row(
            0, item.message, conversation=item.wanted.key[0], key=item.wanted.key[1:], copy=0,
            id_scope=item.wanted.id_scope, sender=item.sender, place=item.place,
        )  # fmt: skip
        if item.wanted.foreign and self._foreign is not None:
            told.foreign = self._foreign[item.wanted.id_scope or 0]
        if item.message.versions:
            merging.list_own(told, _versions(item))
        return told

    def _new(self, told: Row, known: placement.Known, key: placement.Key) -> Row:
        told.id, self._next_id = self._next_id, self._next_id + 1
        told.copy = placement.next_copy(known.by_key.get(key, ()), key)
        return told

    def _displace(self, item: _Item, row: Row, known: placement.Known) -> None:
        """A message without an id had taken this row, and now its transcript names the row by id:
        that one was another copy."""
        key = item.wanted.key
        anonymous = placement.Wanted(key, item.wanted.second, None, None, item.wanted.transcript)
        other = placement.find_other(known, anonymous, row)
        if other is None:
            other = self._row_told(item)
            other.platform_id = other.id_scope = None
            other.foreign = ""
            other = self._new(other, known, key)
        other.transcript = item.wanted.transcript
        known.add(other)
        self._displaced.append(other)

    def _absorb(self, row: Row, twin: Row) -> None:
        merging.merge_row(row, twin)
        merging.merge_attachments(row, twin.attachments)
        merging.merge_reactions(row, list(twin.reactions.values()))
        row.new_extras.update(twin.new_extras)
        row.extras.update(twin.extras)
        row.changed = twin.gone = True
        self._gone.append((twin, row))

    def _add_details(self, row: Row, item: _Item) -> None:
        message = item.message
        if item.attachments:
            merging.merge_attachments(row, item.attachments)
        if item.reactions:
            merging.merge_reactions(row, item.reactions)
        for version in _versions(item) if message.versions else ():
            merging.add_version(row, version)
        for plain in item.extras:
            digest = extras.digest(plain)
            if digest not in row.extras:
                row.extras.add(digest)
                row.new_extras[digest] = plain
                row.changed = True

    def _write(self, rows: list[Row]) -> None:
        gone = [(twin, row) for twin, row in self._gone if not twin.is_new]
        for twin, row in gone:
            self._rows.absorb(twin, row)
        search_index.remove(self._db, [twin.indexed_key for twin, _ in gone])
        changed = [row for row in rows if row.changed]
        unplaced = [row for row in changed if row.time_key is None]
        unplaced.sort(key=lambda row: row.sent_at or 0)
        self._keys.start_batch({row.sent_at // 1000 for row in unplaced if row.sent_at is not None})
        for row in unplaced:
            row.time_key = self._keys.take(None if row.sent_at is None else row.sent_at // 1000)
        self._extras.learn([extra for row in changed for extra in row.new_extras.values()])
        self._rows.write(changed, self._extras)
        self._rows.link(rows)
        for row in changed:
            if row.conversation not in self._platforms:
                # An id that counts everywhere on its platform can lead to another conversation.
                self._platforms[row.conversation] = self._platform_of(row.conversation)
        search_index.index(self._db, changed, self._platforms)
        self._gone, self._displaced = [], []
        if self._keys.largest_spill:
            self._db.execute(
                "INSERT INTO meta VALUES ('largest_spill', ?1) ON CONFLICT (key)"
                " DO UPDATE SET value = max(value, ?1)",
                [self._keys.largest_spill],
            )

    def _platform_of(self, conversation: int) -> str:
        row = self._db.execute("SELECT platform FROM conversation WHERE id = ?", [conversation])
        return str(row.fetchone()[0])


def _versions(item: _Item) -> list[Variant]:
    """The texts that a message says it had."""
    message, found = item.message, []
    for version in message.versions:
        minute = item.wanted.key[1]
        if version.key is not None:
            minute, key = version.key.minute, version.key.hash
        else:
            older = msgspec.structs.replace(message, text=version.text)
            key = content_key.content_hash(older, message.sender_id or "")
        at = None if version.at is None else version.at.utc_ms
        found.append(Variant(minute, key, version.text, at))
    return found
