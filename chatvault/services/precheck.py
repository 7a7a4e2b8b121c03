"""Before anything is written: is this really the conversation it seems to be, and at these hours?

Only for exports that name conversations by their titles or tell clocks without a zone; all others
say what they are.
"""

import shutil
from collections import Counter

from chatvault.errors import DiskTrouble, NeedsAnswer
from chatvault.importers._source import Told
from chatvault.model import Conversation, Message, Participant
from chatvault.services.worker import Worker, WorkerDied
from chatvault.vault import content_key, decisions, file_rows, overlap
from chatvault.vault.decisions import Placed
from chatvault.vault.manifest import ConversationRef
from chatvault.vault.session import Vault

SAMPLE = 100_000  # messages looked at: enough to tell, whatever the size of the export
ENOUGH = 20  # minutes in common, below which nothing can be told from a shift
ROOM = 1.3  # free space wanted, as a multiple of what is to be stored
MB = 1_000_000
QUARTER = 15  # minutes: no zone differs from another by less


def check(vault: Vault, worker: Worker, export: int, told: Told) -> None:
    """NeedsAnswer when the owner must say which conversation this is, or in which zone."""
    if not overlap.has_messages(vault.db):
        return
    titles: dict[str, Conversation] = {}
    senders: dict[str, set[str]] = {}
    mine: set[str] = set()
    minutes: dict[str, Counter[tuple[int, int]]] = {}
    decided = decisions.load(vault.db)
    placed: dict[str, Placed] = {}
    clocks = False
    try:
        seen = 0
        for records in worker.read(export):
            for record in records:
                if isinstance(record, Conversation):
                    ref = ConversationRef(
                        platform=record.platform, key=record.id, owner=record.owner
                    )
                    placed[record.id] = decided.place(ref)
                    titles.setdefault(record.id, placed[record.id].conversation(record))
                    continue
                if not isinstance(record, Participant | Message):
                    continue
                place = placed.get(record.conversation_id)
                if place is None:
                    return  # the import itself will say what is wrong
                if isinstance(record, Participant):
                    if record.is_me:
                        mine.add(place.key(record.id))
                elif record.sent_at is not None:
                    record = record if place.as_told else place.message(record)
                    if record.sender_id is not None:
                        senders.setdefault(record.conversation_id, set()).add(record.sender_id)
                    at = record.sent_at
                    clocks = clocks or (at is not None and at.basis.startswith("assumed"))
                    hashed = content_key.content_hash(record, record.sender_id or "")
                    told_minutes = minutes.setdefault(record.conversation_id, Counter())
                    told_minutes[(content_key.minute(at), hashed)] += 1
            seen += len(records)
            if not clocks and not any(c.title_is_id for c in titles.values()):
                return
            if seen >= SAMPLE:
                break
    except WorkerDied:
        return  # the import itself will say what happened
    for key, conversation in titles.items():
        row = overlap.conversation_row(vault.db, conversation)
        if row is None:
            continue
        decision = bool(placed[key].merges)  # then the owner has said which conversation it is
        if conversation.title_is_id and told.conversation is None and not decision:
            _check_people(vault, row, senders.get(key, set()) - mine)
        if clocks and told.zone is None:
            _check_clock(vault, row, minutes.get(key, Counter()))


def check_space(vault: Vault) -> None:
    """DiskTrouble when the new files would not fit; better now than half-way."""
    _, new = file_rows.incoming_size(vault.db)
    free = shutil.disk_usage(vault.layout.root).free
    if free < ROOM * new:
        raise DiskTrouble(
            f"{new // MB:,} MB are to be stored, but only {free // MB:,} MB are free",
            remedy="nothing was changed; free some space, or put the vault on another disk",
        )


def _check_people(vault: Vault, row: int, senders: set[str]) -> None:
    known = overlap.senders(vault.db, row)
    if senders and known and not senders & known:
        raise NeedsAnswer(
            "the vault has a conversation of this title, but with other people in it",
            remedy="if it is another conversation, name it: --conversation 'NEW TITLE'; if it is"
            " the same, give its title: --conversation 'THE SAME TITLE'; who is in the one that is"
            " there: chatvault list conversations",
        )


def _check_clock(vault: Vault, row: int, told: Counter[tuple[int, int]]) -> None:
    """A known conversation whose minutes do not match, but would at one shift: the phone was in
    another zone when this was exported."""
    known = overlap.minutes(vault.db, row, {key for _, key in told})
    if not known:
        return
    first, last = min(m for m, _ in known), max(m for m, _ in known)
    within = {(m, key) for m, key in told if first - 1440 <= m <= last + 1440}
    if len(within) < ENOUGH:
        return
    if len(within & known) >= 0.05 * len(within):
        return
    for quarters in range(-26 * 4, 26 * 4 + 1):
        shift = quarters * QUARTER
        matched = sum((m + shift, key) in known for m, key in within)
        reachable = sum(first <= m + shift <= last for m, _ in within)
        if reachable >= ENOUGH and matched > 0.9 * reachable:
            hours = f"{shift / 60:+g}"
            raise NeedsAnswer(
                f"this conversation is in the vault already, with all clocks {hours} hours off",
                remedy="say in which zone the phone was when this was exported: --timezone ZONE,"
                " for instance --timezone Europe/Berlin",
            )
