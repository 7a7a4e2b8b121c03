"""A batch of messages merged into the archive: which row each is, and what changes there."""

from collections.abc import Sequence

import msgspec

from chatvault.model import Message
from chatvault.vault import content_key, extras, merging, placement, search_index
from chatvault.vault.archive import Connection
from chatvault.vault.decisions import Placed
from chatvault.vault.merging import Row, StoredAttachment, StoredReaction, Variant
from chatvault.vault.rows import Loaded, Rows
from chatvault.vault.time_keys import TimeKeys


class Item(msgspec.Struct, gc=False):
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


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the messages of a batch; `touched_others`: rows of other imports changed."""

    new: int
    known: int
    updated: int
    touched_others: bool


class Batches:
    """Merges one batch after the other; rows taken by one are known to the next."""

    def __init__(
        self,
        connection: Connection,
        number: int,
        *,
        finishing: Sequence[int],
        foreign: dict[int, str] | None,
        platforms: dict[int, str],
    ) -> None:
        """`foreign` are the scopes of ids that sides of a merge have for themselves, by their rows;
        `platforms` those of the conversations by theirs, as far as they are known."""
        self._db = connection
        self._foreign = foreign
        self._platforms = platforms
        self._rows = Rows(connection, number, finishing, foreign=foreign)
        self._keys = TimeKeys(connection)
        self._extras = extras.Extras(connection)
        self._gone: list[tuple[Row, Row]] = []
        self._displaced: list[Row] = []
        # One row for each message of the batch, as it was decided: what becomes of that row is what
        # the receipt says of the message.
        self._decided: list[Row] = []
        self._anonymous: set[int] = set()  # transcripts that told messages without ids
        self._next_id = 1 + int(
            connection.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0]
        )

    def merge(self, items: list[Item]) -> Merged:
        """Bring a batch into the archive, inside the transaction of whoever calls."""
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
        told.update((row.id, row) for row in self._displaced)
        rows = [row for row in told.values() if not row.gone]
        new, known, updated = self._counted(loaded)
        touched_others = any(row.changed and row.id in loaded.others for row in told.values())
        self._write(rows)
        return Merged(new=new, known=known, updated=updated, touched_others=touched_others)

    def _counted(self, loaded: Loaded) -> tuple[int, int, int]:
        """New, known and updated: what became of each message that was decided on. Nothing is
        inferred from how many there should be; whoever handed them in compares."""
        new = known = updated = 0
        counted: set[int] = set()
        for row in self._decided:
            if row.gone or row.id in counted:
                known += 1  # the same message as another one of this batch
                continue
            counted.add(row.id)
            if row.is_new or row.id in loaded.only_unfinished:
                new += 1
            elif row.changed:
                updated += 1
            else:
                known += 1
        self._decided = []
        return new, known, updated

    def _place(self, item: Item, known: placement.Known) -> Row:
        wanted = item.wanted
        row = placement.find(known, wanted)
        told = self._row_told(item)
        decided = None
        if row is None:
            row = self._new(told, known, wanted.key)
        else:
            by_id = row.has_id(wanted.id_scope, wanted.platform_id)
            # Where all have ids, it was the same id in an earlier batch: a message told twice.
            may_be_other = not row.by_id and wanted.transcript in self._anonymous
            if by_id and row.transcript == wanted.transcript and may_be_other:
                decided = self._displace(item, row, known)
            if by_id and wanted.key not in row.keys():  # noqa: SIM118 - a row is no dict
                twin = placement.find_absorbed(known, wanted, row)
                if twin is not None:
                    self._absorb(row, twin)
            merging.merge_row(row, told)
        if wanted.platform_id is None:
            self._anonymous.add(wanted.transcript)
        row.by_id = row.by_id or wanted.platform_id is not None
        row.transcript = wanted.transcript
        self._add_details(row, item)
        known.add(row)
        self._decided.append(decided or row)
        return row

    def _row_told(self, item: Item) -> Row:
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

    def _displace(self, item: Item, row: Row, known: placement.Known) -> Row:
        """A message without an id had taken this row, and now its transcript names the row by id:
        that one was another copy, whose row is returned. The row taken is counted already."""
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
        return other

    def _absorb(self, row: Row, twin: Row) -> None:
        merging.merge_row(row, twin)
        merging.merge_attachments(row, twin.attachments)
        merging.merge_reactions(row, list(twin.reactions.values()))
        row.new_extras.update(twin.new_extras)
        row.extras.update(twin.extras)
        row.changed = twin.gone = True
        self._gone.append((twin, row))

    def _add_details(self, row: Row, item: Item) -> None:
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
        gone = self._absorbed()
        if any(row.is_new for _, row in gone):
            # Links move to a row that is inserted only after the one it absorbs has made room.
            self._db.execute("PRAGMA defer_foreign_keys=ON")
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

    def _absorbed(self) -> list[tuple[Row, Row]]:
        """The stored rows that were absorbed, each with the row that it is in the end: what took it
        in may have been absorbed itself, and if it was new it is never written."""
        into = {twin.id: row for twin, row in self._gone}
        found = []
        for twin, row in self._gone:
            while row.gone:
                row = into[row.id]
            if not twin.is_new:
                found.append((twin, row))
        return found

    def _platform_of(self, conversation: int) -> str:
        row = self._db.execute("SELECT platform FROM conversation WHERE id = ?", [conversation])
        return str(row.fetchone()[0])


def _versions(item: Item) -> list[Variant]:
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
