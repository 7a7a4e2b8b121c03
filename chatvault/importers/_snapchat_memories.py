"""Memories of Snapchat as if somebody had sent them to themselves; only for whoever asks for it."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._snapchat_account import Account
from chatvault.importers._snapchat_item import moment
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Problem,
    Record,
)

ARRAY = "Saved Media"
_FILE = re.compile(r"(?:.*/)?memories/(\d{4}-\d\d-\d\d)_[^/]*-main\.[A-Za-z0-9]{1,8}")
_KINDS = {"image": MessageKind.IMAGE, "video": MessageKind.VIDEO}
_LINKS = ("Media Download Url", "Download Link")
ME = "me"
Slot = tuple[str, MessageKind]  # a day, and what was taken on it


def memories(source: Source, account: Account) -> Iterator[Record]:
    """A conversation of its own with each memory, if the export has a list of them."""
    name = next((one for one in _names() if source.has(one)), "")
    if not name:
        return
    place = Conversation(
        id="memories",
        platform="snapchat",
        title="Memories",
        kind=ConversationKind.DIRECT,
        owner=account.owner or None,
    )
    yield place
    me = account.owner or ME
    yield from account.tell(account.people(place.id), me, mine=True)
    files = _files(source)
    # Nothing says which file a memory is; only where both are alone on their day it is certain.
    counts: Counter[Slot] = Counter()
    for part in _items(source, name):
        if isinstance(part, Item) and (slot := _slot(part.value)):
            counts[slot] += 1
    seq = 0
    full = source.full(name)
    for part in _items(source, name):
        if isinstance(part, Problem):
            yield part
            continue
        slot = _slot(part.value)
        alone = slot is not None and counts[slot] == 1 and len(files.get(slot, ())) == 1
        try:
            told = _memory(part.value, files[slot][0] if slot and alone else None, seq=seq, me=me)
        except Malformed as cause:
            raw = json.dumps(part.value, ensure_ascii=False)
            where = f"{ARRAY}[{part.position}]"
            yield Problem(file=full, part=where, reason=str(cause), raw=raw)
            continue
        seq += 1
        yield told


def _names() -> Iterator[str]:
    yield from ("json/memories_history.json", "memories_history.json")


def _files(source: Source) -> dict[Slot, list[str]]:
    found: dict[Slot, list[str]] = {}
    for name in source.names():
        if file := _FILE.fullmatch(name):
            found.setdefault((file[1], kind_by_name(name)), []).append(source.full(name))
    return found


def _items(source: Source, name: str) -> Iterator[Item | Problem]:
    full = source.full(name)
    try:
        with source.open(name) as file:
            for part in stream(file, ARRAY):
                if isinstance(part, Item):
                    yield part
                elif isinstance(part, Bad):
                    yield part.problem(full)
    except (BrokenJson, OSError) as cause:
        yield Problem(file=full, part="end", reason=str(cause), raw="")


def _slot(item: object) -> Slot | None:
    if not isinstance(item, dict) or not isinstance(date := item.get("Date"), str):
        return None
    kind = item.get("Media Type")
    named = kind.casefold() if isinstance(kind, str) else ""
    return date[:10], _KINDS.get(named, MessageKind.MEDIA)


def _memory(item: object, path: str | None, *, seq: int, me: str) -> Message:
    sent_at = moment(need(item, "Date", str))
    kind = _KINDS.get((maybe(item, "Media Type", str) or "").casefold(), MessageKind.MEDIA)
    link = next((link for key in _LINKS if (link := maybe(item, key, str))), "")
    state = AttachmentState.REMOTE_ONLY if link else AttachmentState.MISSING_FILE
    attachment = Attachment(
        name=path.rpartition("/")[2] if path else "",
        path=path,
        state=state if path is None else AttachmentState.PRESENT,
        kind=kind,
        as_exported=link or "memory",
        stable_name=False,
    )
    used = {"Date", *(key for key in _LINKS if maybe(item, key, str) in ("", link))}
    used |= {"Media Type"} if kind is not MessageKind.MEDIA else set()
    return Message(
        id=None,
        conversation_id="memories",
        sender_id=me,
        sent_at=sent_at,
        seq=seq,
        kind=kind,
        text="",
        attachments=(attachment,),
        extra=rest(item, used),
    )
