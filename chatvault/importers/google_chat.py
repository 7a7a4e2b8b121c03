"""Google Chat, as Google Takeout gives it: a folder for each conversation.

    Google Chat/Groups/DM k6demo/{group_info.json, messages.json, File-a.png}
    Google Chat/Users/User 104/user_info.json

One message of `messages.json`:
    {"creator": {"name": "Pia Lund", "email": "pia@example.org", "user_type": "Human"},
     "created_date": "Friday, March 1, 2024 at 7:05:09 PM UTC", "text": "see file",
     "attached_files": [{"original_name": "a.png", "export_name": "File-a.png"}],
     "topic_id": "Tt1", "message_id": "k6demo/Tt1/Tt1"}
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._google_chat_item import Person, message, person, reactions
from chatvault.importers._google_files import Files
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._json_value import decoded
from chatvault.importers._people import People
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import Conversation, ConversationKind, Participant, Problem, Record

INFO = ImporterInfo(
    key="google-chat",
    platform="google-chat",
    title="Google Chat",
    expects="the folder Google Chat of a Takeout, or the .zip files of it",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "calls", "media", "links",
    }),
    derived={
        "created_date": "the time in words of the account's language; the time itself is kept",
        "updated_date": "the time in words of the account's language; the time itself is kept",
        "Human": "what nearly all users are; others are kept",
    },
    leaves_out="who read a message, texts of deleted messages, files that lie in Google Drive",
    seen="Takeouts of 2021 to 2024",
)  # fmt: skip

MESSAGES, GROUP, USER = "messages.json", "group_info.json", "user_info.json"
HEAD = 64 * 1024
LARGEST = 4 * 1024 * 1024  # of the files that tell about a group or a user
MEMBERS = 10_000
REMEDY = "ask Google Takeout for Google Chat again, and give all .zip files of it together"


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: messages with a creator and a topic, in a folder with `group_info.json`."""
    found = []
    for folder in _groups(source)[:3]:
        head = source.head(_in(folder, MESSAGES), HEAD)
        if _is_ours(head):
            found.append(f"{_in(folder, MESSAGES)} has messages with a creator and a topic")
    return tuple(found)


def read(source: Source) -> Iterator[Record]:
    """Each folder as a conversation; the owner is told by `user_info.json`."""
    groups = _groups(source)
    if not groups:
        raise BadExport(
            "there is no messages.json beside a group_info.json",
            where=Where(source.name),
            remedy=REMEDY,
        )
    files = Files(source)
    account = _account(source)
    for folder in groups:
        yield from _Group(source, folder, files, account).records()


def _groups(source: Source) -> list[str]:
    """The folders of conversations: here, below this folder, or below a folder in it."""
    return sorted(
        folder
        for name in source.entries
        if name.rpartition("/")[2] == MESSAGES and name.count("/") <= 2
        if source.has(_in(folder := name.rpartition("/")[0], GROUP))
    )


def _in(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_ours(head: bytes) -> bool:
    """Whether the first message is one of Google Chat; none at all also is."""
    try:
        for part in stream(io.BytesIO(head), "messages"):
            if isinstance(part, Item):
                keys = part.value.keys() if isinstance(part.value, dict) else set()
                return bool(keys & {"topic_id", "message_id"}) and bool(
                    keys & {"creator", "created_date"}
                )
            return False
    except BrokenJson:
        return False
    return b'"messages"' in head[:100]


@dataclass
class _Account:
    """Whose account it is, and what it calls its groups."""

    owner: str = ""
    titles: dict[str, str] = field(default_factory=dict)


def _account(source: Source) -> _Account:
    account = _Account()
    for name in source.names():
        if name.rpartition("/")[2] != USER or name.count("/") > 2:
            continue
        value = _small(source, name)
        try:
            account.owner = account.owner or person(value.get("user")).id
        except Malformed:
            continue  # then the owner stays unknown
        groups = value.get("membership_info")
        for one in groups if isinstance(groups, list) else ():
            if isinstance(one, dict) and isinstance(title := one.get("group_name"), str):
                account.titles[str(one.get("group_id"))] = title
    return account


def _small(source: Source, name: str) -> dict[str, object]:
    """The object in a small file; empty if there is none."""
    try:
        with source.open(name) as file:
            value = decoded(file.read(LARGEST).decode("utf-8-sig").strip())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class _Group:
    """One conversation and its folder."""

    def __init__(self, source: Source, folder: str, files: Files, account: _Account) -> None:
        self._source = source
        self._folder = folder
        self._files = files
        self._name = _in(folder, MESSAGES)
        self._owner = account.owner
        label = folder.rpartition("/")[2] or source.name
        info = _small(source, _in(folder, GROUP))
        self._members = list(_members(info))
        # The word before the id is in the account's language, and the id is in every message.
        identifier = label.split()[-1] if label.split() else label
        title = info.get("name") if isinstance(info.get("name"), str) else ""
        others = [one.name for one in self._members if one.id != self._owner]
        alone = label.startswith("DM ") or not title
        title = str(title) or account.titles.get(label) or ", ".join(others[:20]) or label
        direct = alone and len(self._members) <= 2
        self._conversation = Conversation(
            id=identifier,
            platform=INFO.platform,
            title=title,
            kind=ConversationKind.DIRECT if direct else ConversationKind.GROUP,
            owner=self._owner or None,
            extra={k: v for k, v in info.items() if k not in {"name", "members"}},
        )
        self._people = People(identifier, self._owner or source.told.me)
        self._names = {one.id: one.name for one in self._members}
        self._again: dict[str, int] = {}
        self._seq = 0

    def records(self) -> Iterator[Record]:
        """The conversation, its members and messages."""
        yield self._conversation
        for member in self._members:
            yield from self._tell(member)
        full = self._source.full(self._name)
        try:
            with self._source.open(self._name) as file:
                for part in stream(file, "messages"):
                    if isinstance(part, Item):
                        yield from self._item(part)
                    elif isinstance(part, Bad):
                        yield part.problem(full)
        except (BrokenJson, OSError) as cause:
            yield Problem(file=full, part="end", reason=str(cause), raw="")

    def _item(self, item: Item) -> Iterator[Record]:
        place = self._conversation.id
        try:
            creator = item.value.get("creator") if isinstance(item.value, dict) else None
            who = person(creator) if creator is not None else Person("")
            told = message(item.value, self._find, chat=place, seq=self._seq, sender_id=who.id)
            answers = reactions(item.value)
        except Malformed as cause:
            part = f"messages[{item.position}]"
            raw = json.dumps(item.value, ensure_ascii=False)
            full = self._source.full(self._name)
            yield Problem(file=full, part=part, reason=str(cause), raw=raw)
            return
        self._seq += 1
        if who.id:
            yield from self._tell(who)
        elif who.extra:
            told = msgspec.structs.replace(told, extra={**told.extra, "creator": who.extra})
        for address, _ in answers:
            if address:
                known = self._names.get(address.lower(), "")
                yield from self._tell(Person(address.lower(), known, address))
        yield told
        yield from (reaction for _, reaction in answers)

    def _find(self, name: str) -> str | None:
        again = self._again.get(name, 0)
        self._again[name] = again + 1
        return self._files.beside(self._folder, name, again=again)

    def _tell(self, who: Person) -> Iterator[Participant]:
        mine = who.id == self._owner
        for told in self._people.tell(who.id, who.name, is_me=mine, extra=who.extra):
            yield msgspec.structs.replace(told, handles=(who.mail,) if who.mail else ())


def _members(info: dict[str, object]) -> Iterator[Person]:
    members = info.get("members")
    for one in members[:MEMBERS] if isinstance(members, list) else ():
        try:
            who = person(one)
        except Malformed:
            continue  # whoever writes is told once more
        if who.id:
            yield who
