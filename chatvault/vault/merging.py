"""How two tellings of one message become one, value by value.

Every rule here is a maximum of some order or a union of sets. So the result does not depend on
which telling came first, telling twice changes nothing, and nothing is ever taken away.
"""

from typing import Any

import msgspec

from chatvault.model import (
    Attachment,
    AttachmentState,
    Message,
    MessageKind,
    Precision,
    Reaction,
)

PRECISION_RANK = {
    Precision.DAY: 0, Precision.MINUTE: 1, Precision.SECOND: 2, Precision.MILLISECOND: 3,
}  # fmt: skip
KIND_RANK = {MessageKind.OTHER: 0, MessageKind.MEDIA: 1, MessageKind.TEXT: 2, MessageKind.FILE: 3}


# Structs without the garbage collector: none of them can be part of a circle, and walking over a
# batch of them again and again took a third of the time of an import.


class StoredAttachment(msgspec.Struct, gc=False):
    """An attachment of a stored message; `file` is the row of its bytes, None while missing."""

    ordinal: int
    file: int | None
    state: str
    kind: str
    name: str
    as_exported: str
    type: str
    size: int | None
    sha256: str
    duration: float | None
    stable_name: bool

    def details(self) -> tuple[Any, ...]:
        """What orders two tellings of the same attachment."""
        return (
            self.state, self.kind, self.name, self.as_exported, self.type, self.size or -1,
            self.sha256, self.duration or -1.0, self.stable_name,
        )  # fmt: skip


class StoredReaction(msgspec.Struct, gc=False):
    """A reaction of a stored message."""

    emoji: str
    sender: str
    count: int
    at: int | None
    extra: str


class Variant(msgspec.Struct, gc=False):
    """A text that a message had, with the content key under which it is found."""

    minute: int
    content_hash: int
    text: str
    at: int | None


class OtherId(msgspec.Struct, gc=False, frozen=True):
    """The id of a message in another copy of a merged conversation, and what it answers there."""

    id: str
    reply_to: str | None


class Row(msgspec.Struct, gc=False):
    """A message of the archive while a batch is merged into it."""

    id: int
    conversation: int
    minute: int
    content_hash: int
    copy: int
    time_key: int | None
    id_scope: int | None
    platform_id: str | None
    sender: int | None
    sent_at: int | None
    utc_offset_minutes: int | None
    time_precision: str | None
    time_basis: str | None
    sent_as_exported: str | None
    place: int
    kind: str
    text: str
    more_text: tuple[str, ...]
    reply_to: str | None
    edited_at: int | None
    marks: tuple[str, ...]
    transcript: int = 0  # the last one of this import that told it
    by_id: bool = False  # this batch matched it by its platform id
    is_new: bool = False
    changed: bool = False
    gone: bool = False  # absorbed by another row
    lists_own: bool = False  # told with variants that say when its own text was written
    foreign: str = ""  # the scope of its id, where that is another side's of a merge
    others: dict[int, OtherId] | None = None  # by scope
    others_changed: bool = False
    indexed_key: int | None = None  # its row id in the search index, if it is there already
    attachments: list[StoredAttachment] = []
    attachments_changed: bool = False
    reactions: dict[tuple[str, str], StoredReaction] = {}
    reactions_changed: bool = False
    variants: list[Variant] = []
    new_variants: list[Variant] = []
    extras: set[int] = msgspec.field(default_factory=set)
    new_extras: dict[int, bytes] = {}

    @property
    def second(self) -> int | None:
        """UTC seconds, where known."""
        if self.sent_at is None or self.time_precision in {"minute", "day"}:
            return None
        return self.sent_at // 1000

    def has_id(self, scope: int | None, platform_id: str | None) -> bool:
        """Whether this is one of its ids."""
        if (self.id_scope, self.platform_id) == (scope, platform_id):
            return platform_id is not None
        other = None if self.others is None or scope is None else self.others.get(scope)
        return other is not None and other.id == platform_id

    def scopes(self) -> set[int | None]:
        """The scopes in which it has an id."""
        return {self.id_scope, *(self.others or ())} - {None}

    def keys(self) -> set[tuple[int, int, int]]:
        """The content keys under which this message is found."""
        found = {(self.conversation, self.minute, self.content_hash)}
        found.update((self.conversation, item.minute, item.content_hash) for item in self.variants)
        return found


def new_row(
    row_id: int,
    message: Message,
    *,
    conversation: int,
    key: tuple[int, int],
    copy: int,
    id_scope: int | None,
    sender: int | None,
    place: int,
) -> Row:
    """The row that a message makes which nobody has told before."""
    at = message.sent_at
    return Row(
        id=row_id, conversation=conversation, minute=key[0], content_hash=key[1], copy=copy,
        time_key=None, id_scope=id_scope, platform_id=message.id, sender=sender,
        sent_at=None if at is None else at.utc_ms,
        utc_offset_minutes=None if at is None else at.offset_minutes,
        time_precision=None if at is None else at.precision.value,
        time_basis=None if at is None else at.basis,
        sent_as_exported=None if at is None else at.as_exported,
        place=place, kind=message.kind.value, text=message.text,
        more_text=tuple(sorted(set(message.more_text))) if message.more_text else (),
        reply_to=message.reply_to_id,
        edited_at=None if message.edited_at is None else message.edited_at.utc_ms,
        marks=tuple(sorted(set(message.marks))) if message.marks else (),
        is_new=True, changed=True,
    )  # fmt: skip


def merge_row(row: Row, other: Row) -> None:
    """Take into `row` what `other`, another telling of the same message, knows better."""
    _merge_time(row, other)
    _merge_text(row, other)
    if _kind_order(other.kind) > _kind_order(row.kind):
        row.kind, row.changed = other.kind, True
    for name in ("more_text", "marks"):
        mine, theirs = getattr(row, name), getattr(other, name)
        if theirs and not set(theirs) <= set(mine):
            setattr(row, name, tuple(sorted({*mine, *theirs})))
            row.changed = True
    _merge_ids(row, other)
    if other.edited_at is not None and other.edited_at > (row.edited_at or -1):
        row.edited_at, row.changed = other.edited_at, True
    if row.sender is None and other.sender is not None:
        row.sender, row.changed = other.sender, True
    if other.place < row.place:
        # Not a change that anybody is told of: it only orders messages within one minute.
        row.place = other.place


def _merge_ids(row: Row, other: Row) -> None:
    """What a message answers is told by the id that it has on the same side of a merge."""
    if other.others:
        for scope, told in other.others.items():
            _add_other(row, scope, told)
    if row.platform_id is None or other.platform_id is None or row.id_scope == other.id_scope:
        if row.platform_id is None and other.platform_id is not None:
            row.platform_id, row.id_scope, row.changed = other.platform_id, other.id_scope, True
            row.foreign = other.foreign
        if other.reply_to is not None and (row.reply_to is None or other.reply_to > row.reply_to):
            row.reply_to, row.changed = other.reply_to, True
        return
    told = OtherId(other.platform_id, other.reply_to)
    if row.id_scope is not None and other.foreign < row.foreign:
        mine, scope = OtherId(row.platform_id, row.reply_to), row.id_scope
        known = None if row.others is None else row.others.pop(other.id_scope or 0, None)
        row.platform_id, row.id_scope = other.platform_id, other.id_scope
        row.foreign, row.reply_to, row.changed = other.foreign, other.reply_to, True
        if known is not None and known.reply_to is not None:
            row.reply_to = max(known.reply_to, row.reply_to or "")
        _add_other(row, scope, mine)
    elif other.id_scope is not None:
        _add_other(row, other.id_scope, told)


def _add_other(row: Row, scope: int, told: OtherId) -> None:
    if scope == row.id_scope:
        if told.reply_to is not None and told.reply_to > (row.reply_to or ""):
            row.reply_to, row.changed = told.reply_to, True
        return
    row.others = row.others or {}
    known = row.others.get(scope)
    if known is not None and (told.reply_to or "") <= (known.reply_to or ""):
        return
    row.others[scope] = told
    row.changed = row.others_changed = True


def _time_order(row: Row) -> tuple[Any, ...]:
    if row.sent_at is None:
        return (-1,)
    basis = 2 if row.time_basis == "unix" else 1 if row.time_basis == "offset" else 0
    return (
        PRECISION_RANK[Precision(row.time_precision or "second")], basis, -row.sent_at,
        row.utc_offset_minutes is not None, row.utc_offset_minutes or 0,
        row.sent_as_exported or "", row.time_basis or "",
    )  # fmt: skip


def _merge_time(row: Row, other: Row) -> None:
    if _time_order(other) <= _time_order(row):
        return
    if row.sent_at != other.sent_at:
        row.time_key = None  # a new place in the order of time is found when the row is written
    row.sent_at = other.sent_at
    row.utc_offset_minutes = other.utc_offset_minutes
    row.time_precision = other.time_precision
    row.time_basis = other.time_basis
    row.sent_as_exported = other.sent_as_exported
    row.changed = True


def _merge_text(row: Row, other: Row) -> None:
    same_key = (other.minute, other.content_hash) == (row.minute, row.content_hash)
    if other.text == row.text and same_key and not other.variants and not row.variants:
        return
    mine = Variant(row.minute, row.content_hash, row.text, row.edited_at)
    theirs = [Variant(other.minute, other.content_hash, other.text, other.edited_at)]
    if other.lists_own:
        theirs = []
    for variant in [*([] if row.variants else [mine]), *theirs, *other.variants]:
        _add_variant(row, variant)
    # The later edit wins; a text beats none, so a deletion keeps what was said.
    if _text_order(other) > _text_order(row):
        row.text, row.changed = other.text, True


def _text_order(row: Row) -> tuple[bool, int, str]:
    times = [item.at for item in row.variants if item.text == row.text and item.at is not None]
    at = max(times) if times else -1 if row.variants else row.edited_at or -1
    return (bool(row.text), at, row.text)


def _add_variant(row: Row, variant: Variant) -> None:
    for known in row.variants:
        if (known.minute, known.content_hash, known.text) == (
            variant.minute, variant.content_hash, variant.text
        ):  # fmt: skip
            if variant.at is not None and (known.at is None or variant.at > known.at):
                known.at = variant.at
                row.new_variants.append(known)
            return
    row.variants.append(variant)
    row.new_variants.append(variant)
    row.changed = True


def add_version(row: Row, version: Variant) -> None:
    """An earlier text that the export itself tells."""
    if not row.variants:
        _add_variant(row, Variant(row.minute, row.content_hash, row.text, row.edited_at))
    _add_variant(row, version)


def list_own(told: Row, versions: list[Variant]) -> None:
    """Note on a row as told which of its versions are its own text."""
    told.variants = [version for version in versions if version.text == told.text]
    told.new_variants = list(told.variants)
    told.lists_own = bool(told.variants)


def _kind_order(kind: str) -> tuple[int, str]:
    return (KIND_RANK.get(MessageKind(kind), 4), kind)


def stored_attachment(ordinal: int, item: Attachment, file: int | None) -> StoredAttachment:
    """An attachment as told, with the row of its bytes if the import stored them."""
    state = item.state
    if file is not None:
        state = AttachmentState.PRESENT
    elif state is AttachmentState.PRESENT:
        state = AttachmentState.MISSING_FILE
    return StoredAttachment(
        ordinal=ordinal, file=file, state=state.value, kind=item.kind.value, name=item.name,
        as_exported=item.as_exported, type=item.type, size=item.size, sha256=item.sha256,
        duration=item.duration, stable_name=item.stable_name,
    )  # fmt: skip


def merge_attachments(row: Row, told: list[StoredAttachment]) -> None:
    """Unite attachments by their place in the message: a file fills a gap, two files both stay."""
    for item in told:
        same_place = [known for known in row.attachments if known.ordinal == item.ordinal]
        twin = next((known for known in same_place if known.file == item.file), None)
        if twin is not None:
            if item.details() > twin.details():
                row.attachments[row.attachments.index(twin)] = item
                row.attachments_changed = True
        elif item.file is None:
            if not same_place:
                row.attachments.append(item)
                row.attachments_changed = True
        else:
            row.attachments = [
                known
                for known in row.attachments
                if known.ordinal != item.ordinal or known.file is not None
            ]
            row.attachments.append(item)
            row.attachments_changed = True
    if row.attachments_changed:
        row.changed = True


def stored_reaction(item: Reaction, extra: str) -> StoredReaction:
    """A reaction as told."""
    at = None if item.at is None else item.at.utc_ms
    return StoredReaction(item.emoji, item.sender_id or "", item.count, at, extra)


def merge_reactions(row: Row, told: list[StoredReaction]) -> None:
    """Unite reactions by emoji and actor."""
    for item in told:
        known = row.reactions.get((item.emoji, item.sender))
        if known is None:
            row.reactions[(item.emoji, item.sender)] = item
        else:
            united = StoredReaction(
                item.emoji, item.sender, max(item.count, known.count),
                max((at for at in (item.at, known.at) if at is not None), default=None),
                max(item.extra, known.extra),
            )  # fmt: skip
            if united == known:
                continue
            row.reactions[(item.emoji, item.sender)] = united
        row.reactions_changed = row.changed = True
