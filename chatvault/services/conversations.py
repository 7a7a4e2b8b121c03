"""Conversations as the owner wants them: merged, split again, renamed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from chatvault.errors import Usage
from chatvault.services import decide
from chatvault.services.named import one_named
from chatvault.services.worker import Progress, silent
from chatvault.vault import decisions, likeness, queries, session, titles
from chatvault.vault.archive import Connection
from chatvault.vault.identities import shown_title
from chatvault.vault.likeness import Place
from chatvault.vault.manifest import (
    ConversationRef,
    Decision,
    MergeConversation,
    RenameConversation,
    SameParticipant,
    SplitConversation,
)
from chatvault.vault.people import conversation_row
from chatvault.vault.session import Vault

COMPARED = 2_000  # messages of a conversation that are looked up in another for evidence
SURE = 0.9  # of the messages of one name that are of one and the same name in the other
LISTED = "`chatvault list conversations` shows their numbers"


class Same(msgspec.Struct, frozen=True):
    """A participant who has two names in the two conversations, and how often that was seen."""

    name: str
    same_as: str = msgspec.field(name="is")
    messages: int


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What was merged, or would be; `messages` is null as long as nothing was done."""

    id: int
    title: str
    merged: tuple[str, ...]
    same: tuple[Same, ...]
    messages_before: int
    messages: int | None


@dataclass(frozen=True)
class Plan:
    """What a merge would write down."""

    lines: tuple[Decision, ...]
    told: Merged


def reference(place: Place) -> ConversationRef:
    """The name of a conversation that outlives a rebuild."""
    return ConversationRef(platform=place.platform, key=place.key, owner=place.owner)


def find(db: Connection, given: str) -> Place:
    """The conversation with this number or title; Usage when there is none, or more than one."""
    known = likeness.places(db)
    shown = {row: place.title for row, place in known.items()}
    row = one_named(
        given,
        shown,
        queries.conversation_titles(db),
        platforms={row: place.platform for row, place in known.items()},
        what="conversation",
        listed=LISTED,
    )
    return known[row]


def plan(db: Connection, into: str, others: Sequence[str]) -> Plan:
    """What merging would do, found by looking; Usage when it cannot be meant."""
    if not others:
        raise Usage(
            "merging needs two conversations",
            remedy="name the one to keep, then the one that belongs into it",
        )
    target = find(db, into)
    sources = list({place.id: place for place in (find(db, other) for other in others)}.values())
    for place in sources:
        if place.id == target.id:
            raise Usage("a conversation cannot be merged with itself", remedy=LISTED)
        if place.platform != target.platform:
            raise Usage(
                "only conversations of one platform can be merged",
                remedy="to see one person's messages over several platforms, join the person:"
                " chatvault people merge",
            )
    lines: list[Decision] = []
    same: list[Same] = []
    for place in sources:
        evidence = compare(db, place, target)
        lines.append(
            MergeConversation(
                conversation=reference(place), into=reference(target), ids=evidence.ids
            )
        )
        lines += [
            SameParticipant(conversation=reference(place), participant=key, same_as=is_key)
            for key, is_key, _ in evidence.same
        ]
        same += [told for _, _, told in evidence.same]
    lines += _keep_title(db, target, sources)
    every = [target, *sources]
    return Plan(
        tuple(lines),
        Merged(
            id=target.id, title=target.title, merged=tuple(place.title for place in sources),
            same=tuple(same), messages=None,
            messages_before=sum(likeness.count(db, place.id) for place in every),
        ),
    )  # fmt: skip


def _keep_title(db: Connection, target: Place, sources: Sequence[Place]) -> list[Decision]:
    """Among the titles of exports one is chosen by itself: keep the one that was shown."""
    told = [titles.exported(db, place.id) for place in (target, *sources)]
    if shown_title(told) == target.title:
        return []
    return [RenameConversation(conversation=reference(target), title=target.title)]


def merge(vault: Vault, planned: Plan, *, now_ms: int, progress: Progress = silent) -> Merged:
    """Do it. The vault is closed afterwards and must be opened again."""
    ref = next(line.into for line in planned.lines if isinstance(line, MergeConversation))
    layout, ring = vault.layout, vault.ring
    decide.decide_places(vault, planned.lines, now_ms=now_ms, progress=progress)
    with session.reading(layout, ring) as opened:
        row = conversation_row(opened.db, ref) or 0
        count = likeness.count(opened.db, row)
    return msgspec.structs.replace(planned.told, id=row, messages=count)


def split(vault: Vault, given: str, *, now_ms: int, progress: Progress = silent) -> str:
    """Take back what was merged into a conversation; its title. The vault is closed afterwards."""
    place = find(vault.db, given)
    ref = reference(place)
    if not any(decisions.fits(m.into, ref) for m in decisions.load(vault.db).merges):
        raise Usage(
            "nothing was merged into this conversation",
            remedy="name the one that shows the messages of both",
        )
    line = SplitConversation(conversation=ref)
    decide.decide_places(vault, [line], now_ms=now_ms, progress=progress)
    return place.title


def rename(vault: Vault, given: str, title: str, *, now_ms: int) -> str:
    """Give a conversation a title, or with an empty one that of the exports; the title it has."""
    place = find(vault.db, given)
    line = RenameConversation(conversation=reference(place), title=title.strip())
    decide.decide_values(vault, [line], now_ms=now_ms)
    return likeness.places(vault.db)[place.id].title


@dataclass
class Evidence:
    """What two conversations have in common: who is who, and whether ids mean the same."""

    ids: Literal["own", "shared"] = "own"
    same: list[tuple[str, str, Same]] = field(default_factory=list)  # key, key, for people


def compare(db: Connection, place: Place, target: Place) -> Evidence:
    """Look for messages of one conversation in the other: equal texts in equal minutes."""
    spans = likeness.span(db, place.id), likeness.span(db, target.id)
    if spans[0] is None or spans[1] is None:
        return Evidence()
    first, last = max(spans[0][0], spans[1][0]), min(spans[0][1], spans[1][1])
    senders: Counter[tuple[int, int]] = Counter()
    ids: Counter[bool] = Counter()
    if last < first:
        return Evidence()
    for said in likeness.sample(db, place.id, first, last, size=COMPARED):
        equal = likeness.equal_at(db, target.id, said, said.minute)
        who = {other.sender for other in equal}
        if len(who) != 1:
            continue  # nobody, or who it was cannot be told
        (sender,) = who
        if said.sender is not None and sender is not None:
            senders[said.sender, sender] += 1
        if said.platform_id is not None and equal[0].platform_id is not None:
            ids[any(other.platform_id == said.platform_id for other in equal)] += 1
    shared = ids[True] >= max(2, SURE * ids.total())
    return Evidence("shared" if shared else "own", _pairs(db, place, target, senders))


def _pairs(
    db: Connection, place: Place, target: Place, senders: Counter[tuple[int, int]]
) -> list[tuple[str, str, Same]]:
    """Who is who: one name of each side, seen together often, and hardly ever with others."""
    there, here = likeness.names_of(db, place.id), likeness.names_of(db, target.id)
    ours: Counter[int] = Counter()
    theirs: Counter[int] = Counter()
    for (one, other), number in senders.items():
        ours[one] += number
        theirs[other] += number
    found = []
    for (one, other), number in sorted(senders.items()):
        if one not in there or other not in here or there[one][0] == here[other][0]:
            continue
        enough = number >= 2 or there[one][1] == here[other][1]
        if enough and number >= SURE * max(ours[one], theirs[other]):
            (key, name), (is_key, is_name) = there[one], here[other]
            found.append((key, is_key, Same(name, is_name, number)))
    return found
