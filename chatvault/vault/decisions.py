"""What the owner decided, folded from the lines of the journal, and what it makes of records.

Decisions name things by what exports call them, and they are applied to what exports tell: so it
does not matter whether a decision or an import came first, and a rebuild gives the same again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from chatvault.model import Conversation, Message, Participant
from chatvault.vault import manifest
from chatvault.vault.archive import Connection
from chatvault.vault.manifest import (
    ConversationRef,
    Decision,
    MergeConversation,
    ParticipantRef,
    RenameConversation,
    RenamePerson,
    SameParticipant,
    SamePerson,
    SplitConversation,
    SplitPerson,
)

T = TypeVar("T")
# Ids that another account or tool gave to the messages of a merged conversation are unique only
# among themselves: their scope begins like this.
FOREIGN = "merged:"


class _ByOwner(Generic[T]):
    """Values by conversation, where an unknown owner fits any."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[str | None, T]] = {}

    def get(self, ref: ConversationRef) -> T | None:
        owners = self._found.get((ref.platform, ref.key), {})
        if ref.owner in owners:
            return owners[ref.owner]
        if ref.owner is not None:
            return owners.get(None)
        return owners[min(owner or "" for owner in owners)] if owners else None

    def set(self, ref: ConversationRef, value: T) -> None:
        self._found.setdefault((ref.platform, ref.key), {})[ref.owner] = value

    def remove(self, ref: ConversationRef) -> None:
        owners = self._found.get((ref.platform, ref.key), {})
        for owner in [one for one in owners if one == ref.owner or None in (one, ref.owner)]:
            del owners[owner]

    def items(self) -> Iterator[T]:
        for owners in self._found.values():
            yield from owners.values()

    def __bool__(self) -> bool:
        return any(self._found.values())


def fits(one: ConversationRef, other: ConversationRef) -> bool:
    """Whether two names may be those of one conversation."""
    return (one.platform, one.key) == (other.platform, other.key) and (
        one.owner == other.owner or one.owner is None or other.owner is None
    )


@dataclass(frozen=True)
class Placed:
    """Where the records of one transcript belong, and what becomes of them on the way there."""

    ref: ConversationRef
    merges: tuple[MergeConversation, ...] = ()
    same: dict[str, str] = field(default_factory=dict)

    @property
    def as_told(self) -> bool:
        """Nothing becomes of them."""
        return not self.merges and not self.same

    def conversation(self, told: Conversation) -> Conversation:
        """The conversation that it is told as."""
        if not self.merges:
            return told
        return msgspec.structs.replace(told, id=self.ref.key, owner=self.ref.owner)

    def participant(self, told: Participant) -> Participant:
        """The participant that it is told as."""
        return msgspec.structs.replace(told, id=self.key(told.id))

    def key(self, told: str) -> str:
        """The key of a participant in this conversation."""
        return self.same.get(told, told)

    def message(self, told: Message) -> Message:
        """The message that it is told as."""
        sender = None if told.sender_id is None else self.key(told.sender_id)
        scope = told.scope if told.id is None else self._scope(told.scope)
        return msgspec.structs.replace(told, sender_id=sender, scope=scope)

    def _scope(self, scope: str) -> str:
        for merge in self.merges:
            if merge.ids == "own":
                owner = merge.conversation.owner or ""
                scope = f"{FOREIGN}{merge.conversation.key}:{owner}:{scope}"
            elif scope == merge.conversation.key:
                scope = merge.into.key
        return scope


@dataclass
class Group:
    """One person: the participants that the owner put together, and the name if one was given."""

    members: list[ParticipantRef]
    name: str = ""


class Decisions:
    """All decisions that hold."""

    def __init__(self, lines: Iterable[Decision] = ()) -> None:
        self._merges: _ByOwner[MergeConversation] = _ByOwner()
        self._same: _ByOwner[dict[str, str]] = _ByOwner()
        self._titles: _ByOwner[str] = _ByOwner()
        self._groups: dict[ParticipantRef, Group] = {}
        self._alike: dict[tuple[str, str], list[ParticipantRef]] = {}
        about_people = []
        for line in lines:
            if isinstance(line, SamePerson | SplitPerson | RenamePerson):
                about_people.append(line)
            else:
                self._take(line)
        # Merges of conversations may change by what a participant is named.
        for line in about_people:
            self._take_person(line)

    @property
    def merges(self) -> list[MergeConversation]:
        """The merges that hold."""
        return list(self._merges.items())

    @property
    def people(self) -> list[Group]:
        """The persons that the owner made or named."""
        unique = {id(group): group for group in self._groups.values()}
        return [group for group in unique.values() if group.name or len(group.members) > 1]

    @property
    def foreign_ids(self) -> bool:
        """Whether messages may have several ids, because each side of a merge has its own."""
        return any(merge.ids == "own" for merge in self._merges.items())

    def title(self, ref: ConversationRef) -> str | None:
        """The title that the owner gave to a conversation."""
        return self._titles.get(ref)

    def place(self, ref: ConversationRef) -> Placed:
        """Where what is told of this conversation belongs."""
        merges: list[MergeConversation] = []
        steps = [self._same.get(ref) or {}]
        while (merge := self._merges.get(ref)) is not None and merge not in merges:
            merges.append(merge)
            ref = merge.into
            steps.append(self._same.get(ref) or {})
        return Placed(ref, tuple(merges), _composed(steps))

    def participant(self, ref: ParticipantRef) -> ParticipantRef:
        """A participant under the names that it has after all merges."""
        if ref.conversation is None:
            return ref
        placed = self.place(ref.conversation)
        return ParticipantRef(
            platform=ref.platform, key=placed.key(ref.key), conversation=placed.ref
        )

    def _take(
        self, line: MergeConversation | SameParticipant | SplitConversation | RenameConversation
    ) -> None:
        if isinstance(line, MergeConversation):
            source, into = self.place(line.conversation).ref, self.place(line.into).ref
            if not fits(source, into) and source.platform == into.platform:
                merge = msgspec.structs.replace(line, conversation=source, into=into)
                self._merges.set(source, merge)
        elif isinstance(line, SameParticipant):
            pairs = dict(self._same.get(line.conversation) or {})
            one, other = _root(pairs, line.participant), _root(pairs, line.same_as)
            if one != other:
                self._same.set(line.conversation, {**pairs, one: other})
        elif isinstance(line, SplitConversation):
            for merge in list(self._merges.items()):
                if fits(merge.into, line.conversation):
                    self._merges.remove(merge.conversation)
                    self._same.remove(merge.conversation)
            self._same.remove(line.conversation)
        else:
            self._titles.remove(line.conversation)
            if line.title:
                self._titles.set(line.conversation, line.title)

    def _take_person(self, line: SamePerson | SplitPerson | RenamePerson) -> None:
        if isinstance(line, SamePerson):
            kept, other = self._group(line.same_as), self._group(line.participant)
            if kept is not other:
                kept.members += other.members
                kept.name = kept.name or other.name
                self._groups.update(dict.fromkeys(other.members, kept))
        elif isinstance(line, SplitPerson):
            leaving = self._known(line.participant)
            self._group(leaving).members.remove(leaving)
            self._groups[leaving] = Group([leaving])
        else:
            self._group(line.participant).name = line.name

    def _group(self, ref: ParticipantRef) -> Group:
        ref = self._known(ref)
        group = self._groups.get(ref)
        if group is None:
            group = self._groups[ref] = Group([ref])
        return group

    def _known(self, ref: ParticipantRef) -> ParticipantRef:
        """The name under which a participant came up first."""
        ref = self.participant(ref)
        alike = self._alike.setdefault((ref.platform, ref.key), [])
        for one in alike:
            if one.conversation is ref.conversation is None or (
                one.conversation is not None
                and ref.conversation is not None
                and fits(one.conversation, ref.conversation)
            ):
                return one
        alike.append(ref)
        return ref


def _root(pairs: dict[str, str], key: str) -> str:
    while key in pairs:
        key = pairs[key]
    return key


def _composed(steps: Sequence[dict[str, str]]) -> dict[str, str]:
    """Every key that some step changes, with what it is after all of them."""
    found = {}
    for start in {key for step in steps for key in step}:
        key = start
        for step in steps:
            key = _root(step, key)
        if key != start:
            found[start] = key
    return found


def load(db: Connection) -> Decisions:
    """The decisions that the archive knows."""
    rows = db.execute("SELECT line FROM decision ORDER BY entry, place")
    return Decisions(
        line
        for line in (manifest.DECODER.decode(row[0]) for row in rows)
        if isinstance(line, Decision)
    )


def keep(db: Connection, entry: int, lines: Iterable[Decision]) -> None:
    """Let the archive know the decisions of a journal entry."""
    db.executemany(
        "INSERT INTO decision (entry, place, line) VALUES (?, ?, ?)",
        [
            (entry, place, manifest.encode(line).decode().rstrip("\n"))
            for place, line in enumerate(lines, 1)
        ],
    )
