"""Discord's own data package ("Request all of my data"): the messages that one person wrote.

A zip with `Messages/index.json`, a folder for each channel, and `Account/user.json`:
    Messages/index.json                     {"1100000000000000001": "Direct Message with mira#0"}
    Messages/c1100000000000000001/channel.json
        {"id": "1100000000000000001", "type": "DM", "recipients": ["55", "66"]}
    Messages/c1100000000000000001/messages.json (until about 2024 messages.csv)
        [{"ID": 1100000000000000100, "Timestamp": "2023-04-24 10:07:17", "Contents": "look",
          "Attachments": "https://cdn.discordapp.com/attachments/1/2/cat.jpg?ex=0"}]
"""

import io
import json
from collections.abc import Iterator

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._csv import Row, head_rows, open_text, rows
from chatvault.importers._discord import Files
from chatvault.importers._discord_own import (
    COLUMNS,
    Account,
    Folder,
    Place,
    account_in,
    cells_of,
    columns,
    conversation,
    folders,
    message,
    other_side,
    small,
    text_of,
)
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._people import People
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import ConversationKind, Participant, Problem, Record

INFO = ImporterInfo(
    key="discord-package",
    platform="discord",
    title="Discord, its own data package",
    expects="the package.zip that Discord sends, or its folder Messages",
    carries=frozenset({"ids", "media"}),
    derived={
        "Timestamp": "the time in another style, kept to the millisecond from the id",
        "Attachments": "addresses in one text, kept one by one",
    },
    leaves_out="what others wrote, replies, reactions, edits, stickers; files are only addresses",
    seen="packages of 2017 to 2025",
)  # fmt: skip

HEAD = 64 * 1024
REMEDY = "ask Discord for your data again (Settings, Data & Privacy), and give the whole zip"


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: folders that are named by the channel that `channel.json` in them tells."""
    for base, found in _bases(source)[:1]:  # at most three files are looked into
        first = found[0]
        told = small(source, f"{first.path}/channel.json")
        if told is None or str(told.get("id")) != first.number:
            continue
        if source.has(f"{base}index.json") and _is_index(source.head(f"{base}index.json", HEAD)):
            return (f"{base}index.json lists channels", f"{first.path}/channel.json tells its own")
        if any(_is_ours(source, name) for name in first.files[:1]):
            return (f"{first.path} is named as its channel and holds messages",)
    return ()


def _bases(source: Source) -> list[tuple[str, list[Folder]]]:
    """Where the folders of channels lie: here, or in a folder with a name in some language."""
    return sorted(folders(source).items(), key=lambda one: (-len(one[1]), one[0]))


def _is_index(head: bytes) -> bool:
    """Whether an object begins whose keys are ids and whose values are labels, or null."""
    try:
        for part in stream(io.BytesIO(head)):
            if not isinstance(part, Field) or not part.name.isdigit():
                return False
            return part.value is None or isinstance(part.value, str)
    except BrokenJson:
        return False
    return head.strip() == b"{}"


def _is_ours(source: Source, name: str) -> bool:
    head = source.head(name, HEAD)
    if name.lower().endswith(".csv"):
        return columns(next(iter(head_rows(head, 1)), [])) is not None
    try:
        for part in stream(io.BytesIO(head), ""):
            value = part.value if isinstance(part, Item) else None
            return isinstance(value, dict) and {"ID", "Timestamp", "Contents"} <= value.keys()
    except BrokenJson:
        return False
    return False


def read(source: Source) -> Iterator[Record]:
    """Each channel as a conversation, with what its owner wrote there."""
    places = _bases(source)
    if not places:
        where = Where(source.name)
        raise BadExport("there is no folder of a channel", where=where, remedy=REMEDY)
    every = [folder for _, found in places for folder in found]
    account = account_in(source) or other_side(source, every)
    files = Files(source)
    for base, found in places:
        labels: dict[str, object] = {}
        yield from _labels(source, f"{base}index.json", labels)
        for folder in found:
            label = labels.get(folder.number)
            yield from _Channel(source, folder, account, files).records(label)


def _labels(source: Source, name: str, labels: dict[str, object]) -> Iterator[Problem]:
    """Fill in what the index calls the channels."""
    if not source.has(name):
        return
    try:
        with source.open(name) as file:
            labels.update(
                (part.name, part.value) for part in stream(file) if isinstance(part, Field)
            )
    except (BrokenJson, OSError) as cause:
        yield Problem(file=source.full(name), part="end", reason=str(cause), raw="")


class _Channel:
    """One channel and its folder."""

    def __init__(self, source: Source, folder: Folder, account: Account, files: Files) -> None:
        self._source = source
        self._folder = folder
        self._account = account
        self._files = files
        self._place = folder.number
        self._seq = 0

    def records(self, label: object) -> Iterator[Record]:
        """The conversation once for each file of messages, and the messages."""
        name = f"{self._folder.path}/channel.json"
        told = small(self._source, name)
        if told is None and self._source.has(name):
            reason = "not a JSON object"
            raw = text_of(self._source, name)
            yield Problem(file=self._source.full(name), part="", reason=reason, raw=raw)
        place = conversation(self._folder.number, told or {}, label, self._account)
        for file in self._folder.files or ("",):
            self._seq = 0
            yield place.told
            yield from self._tell(place)
            if file:
                yield from self._file(file)

    def _tell(self, place: Place) -> Iterator[Participant]:
        """The owner, and the other one of a conversation of two."""
        mine = self._account
        people = People(self._place)
        for one in people.tell(mine.id, mine.name, is_me=True):
            yield msgspec.structs.replace(one, handles=mine.handles)
        if place.told.kind is ConversationKind.DIRECT and place.other and place.other_name:
            yield from people.tell(place.other, place.other_name)

    def _file(self, name: str) -> Iterator[Record]:
        full = self._source.full(name)
        try:
            if name.lower().endswith(".csv"):
                yield from self._table(name, full)
                return
            with self._source.open(name) as file:
                for part in stream(file, ""):
                    match part:
                        case Item(position, value):
                            yield from self._message(value, full, part=f"[{position}]")
                        case Field(_, value):
                            raw = json.dumps(value, ensure_ascii=False)
                            reason = "no list of messages"
                            yield Problem(file=full, part=part.name, reason=reason, raw=raw)
                        case Bad():
                            yield part.problem(full)
        except (BrokenJson, OSError, ValueError) as cause:
            reason = str(cause) if isinstance(cause, BrokenJson) else "the file breaks off"
            yield Problem(file=full, part="end", reason=reason, raw="")

    def _table(self, name: str, full: str) -> Iterator[Record]:
        text = open_text(self._source, name, "cp1252")
        yield from text.assumptions()
        with text.lines() as lines:
            places: dict[str, int] | None = None
            for row in rows(lines, width=len(COLUMNS)):
                if row.reason:
                    part = f"line {row.line}"
                    yield Problem(file=full, part=part, reason=row.reason, raw=row.raw)
                elif places is None:
                    # Without a heading the columns are taken in the order they have always had.
                    places = columns(row.cells)
                    if places is None:
                        places = {name: number for number, name in enumerate(COLUMNS)}
                        yield from self._row(row, places, full)
                else:
                    yield from self._row(row, places, full)

    def _row(self, row: Row, places: dict[str, int], full: str) -> Iterator[Record]:
        value = dict(cells_of(row.cells, places))
        if len(row.cells) > len(places):  # a comma that nobody quoted
            value[""] = ",".join(row.cells[len(places) :])
        yield from self._message(value, full, part=f"line {row.line}", raw=row.raw)

    def _message(self, value: object, full: str, *, part: str, raw: str = "") -> Iterator[Record]:
        try:
            found = message(
                value, self._files, chat=self._place, seq=self._seq, sender_id=self._account.id
            )
        except Malformed as cause:
            raw = raw or json.dumps(value, ensure_ascii=False)
            yield Problem(file=full, part=part, reason=str(cause), raw=raw)
            return
        self._seq += 1
        yield found
