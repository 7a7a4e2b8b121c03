"""Discord, by DiscordChatExporter: a JSON file for each channel or direct conversation.

`Server - Category - channel [1100000000000000001].json`, large ones in parts (`... [part 2].json`),
with the folder `....json_Files` if media were loaded down too. One message of it:
    {"id": "1100000000000000100", "type": "Default", "timestamp": "2023-04-24T10:07:17.011+00:00",
     "content": "look :blobcat:", "author": {"id": "55", "name": "mira", "nickname": "Mira"},
     "attachments": [{"id": "9", "url": "x.json_Files/cat-89abcdef01234567.jpg",
                      "fileName": "cat.jpg", "fileSizeBytes": 2048}],
     "reactions": [{"emoji": {"id": "", "name": "👍"}, "count": 1, "users": []}]}
The same tool's CSV is read as well; it has no ids of messages.
"""

import io
import json
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._csv import head_rows
from chatvault.importers._discord import Files
from chatvault.importers._discord_chat import Name, Transcript, order
from chatvault.importers._discord_csv import HEADER, Table
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import Problem, Record

INFO = ImporterInfo(
    key="discord-dce",
    platform="discord",
    title="Discord, by DiscordChatExporter",
    version=2,
    expects="the .json files (or .csv, which know less), with their ..._Files folders",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "forwards", "calls", "stickers", "polls",
        "system", "media", "links",
    }),
    derived={
        **dict.fromkeys(("Default", "Reply"), "the type of what people write; replies keep theirs"),
        "Call": "the type of a call, told by the kind",
        "0000": "what stands where a name has no number",
        "Date": "the wall clock of a CSV in its own style, kept as the time",
        **dict.fromkeys(
            ("Attachments", "Reactions"), "the cells of a CSV, kept as the files and reactions"
        ),
        "count": "the number of reactions, kept as those who are named and how many others",
    },
    leaves_out="texts before an edit, deleted messages, who voted for what in a poll",
    seen="DiscordChatExporter 2.30 (2021) to 2.46 (2026)",
)  # fmt: skip

HEAD = 64 * 1024
ARRAY = "messages"
REMEDY = "export the channel again with DiscordChatExporter as JSON, and wait until it is done"


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: how a JSON or CSV file at the top begins."""
    found = ((name, _evidence(source, name)) for name in _candidates(source)[:3])
    return tuple(f"{name}: {evidence}" for name, evidence in found if evidence)


def _candidates(source: Source) -> list[str]:
    names = (name for name in source.files() if name.lower().endswith((".json", ".csv")))
    return sorted(names, key=order)


def _evidence(source: Source, name: str) -> str:
    """What shows that a file is ours; empty if nothing does."""
    head = source.head(name, HEAD)
    if name.lower().endswith(".csv"):
        first = [cell.strip() for cell in next(iter(head_rows(head, 1)), [])]
        return "the columns of DiscordChatExporter" if _columns(first) else ""
    found: dict[str, object] = {}
    try:
        for part in stream(io.BytesIO(head), ARRAY):
            if isinstance(part, Field) and not part.at:
                found[part.name] = part.value
            elif not isinstance(part, Field):
                break
    except BrokenJson:
        pass  # a head ends in the middle
    channel = found.get("channel")
    if not isinstance(found.get("guild"), dict) or not isinstance(channel, dict):
        return ""
    return "a guild and its channel" if "dateRange" in found or "type" in channel else ""


def _columns(cells: list[str]) -> bool:
    return [cell for cell in cells if cell] == list(HEADER)


def read(source: Source) -> Iterator[Record]:
    """The records of all files at the top that are ours; parts of a channel as one transcript."""
    names = [name for name in _candidates(source) if _evidence(source, name)]
    names = names or _candidates(source)[:1]
    if not names:
        where = Where(source.name)
        raise BadExport("there is no JSON of a channel", where=where, remedy=REMEDY)
    files = Files(source)
    before: tuple[str, Transcript] | None = None
    table: tuple[str, Table] | None = None
    for name in names:
        whole = Name(name).whole
        if name.lower().endswith(".csv"):
            told = table[1] if table and table[0] == whole else Table(source, files)
            table = (whole, told)
            yield from told.records(name)
            continue
        file = _File(source, name, files)
        began = False
        try:
            for record in file.records(before[1] if before and before[0] == whole else None):
                began = True
                yield record
        except (BrokenJson, OSError) as cause:
            full = source.full(name)
            if len(names) == 1 and not began:
                raise BadExport(
                    f"not a channel by DiscordChatExporter: {cause}",
                    where=Where(full),
                    remedy=REMEDY,
                ) from cause
            yield Problem(file=full, part="end", reason=str(cause), raw="")
        before = (whole, file.transcript) if file.transcript else None


class _File:
    """One JSON file: a channel, or a part of it."""

    def __init__(self, source: Source, name: str, files: Files) -> None:
        self._source = source
        self._name = name
        self._files = files
        self._full = source.full(name)
        self.transcript: Transcript | None = None

    def records(self, earlier: Transcript | None) -> Iterator[Record]:
        """Everything in the file; `earlier` is the transcript of the part before this one."""
        fields = self._fields()
        found = Transcript(fields, self._name, self._source, self._files)
        if earlier is not None and earlier.conversation.id == found.conversation.id:
            found = earlier
        elif fields:
            yield found.conversation
        self.transcript = found
        begun = bool(fields) or found is earlier
        with self._source.open(self._name) as file:
            for part in stream(file, ARRAY):
                if isinstance(part, Bad):
                    yield part.problem(self._full)
                if not isinstance(part, Item):
                    continue
                if not begun:
                    begun = True
                    yield found.conversation
                yield from self._item(part, found)

    def _fields(self) -> dict[str, object]:
        """What stands around the messages; looked for behind them only if not before."""
        found: dict[str, object] = {}
        try:
            with self._source.open(self._name) as file:
                for part in stream(file, ARRAY):
                    if isinstance(part, Field) and not part.at:
                        found[part.name] = part.value
                    elif isinstance(part, Item) and "channel" in found:
                        break
        except (BrokenJson, OSError):
            return found  # told when the messages are read
        return found

    def _item(self, item: Item, transcript: Transcript) -> Iterator[Record]:
        try:
            found = transcript.item(item.value)
        except Malformed as cause:
            raw = json.dumps(item.value, ensure_ascii=False)
            part = f"messages[{item.position}]"
            yield Problem(file=self._full, part=part, reason=str(cause), raw=raw)
            return
        yield from found
