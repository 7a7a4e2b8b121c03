"""slackdump's archive: `slackdump.sqlite`, in which each answer of Slack's servers is a chunk.

A row of its table MESSAGE, of which there is one for each time that the message was fetched:
    ID 1700000000000100, CHUNK_ID 12, CHANNEL_ID 'C0AAAAAA1', TS '1700000000.000100',
    TXT 'Lunch?', DATA '{"type":"message","user":"U0AAAAAA1","text":"Lunch?",...}'
"""

from array import array
from collections.abc import Iterator

from chatvault.importers._fields import Malformed
from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import raised
from chatvault.importers._slack_chat import Transcript, conversation, unlisted
from chatvault.importers._slack_files import Files
from chatvault.importers._slack_lists import problem
from chatvault.importers._slack_people import Workspace
from chatvault.importers._slack_tokens import text_without_tokens
from chatvault.importers._source import Source
from chatvault.importers._sqlite import Database, Value
from chatvault.model import Assumption, Conversation, Problem, Record

TABLES = frozenset({"MESSAGE", "S_USER", "CHUNK"})
_AT_ONCE = 500
_MEMBERS = 50  # of conversations that are called after them


class Archive:
    """One database, read table by table; `name` is its file in the source."""

    def __init__(
        self, source: Source, name: str, database: Database, *, workspace: Workspace, files: Files
    ) -> None:
        self._source = source
        self._name = name
        self._file = source.full(name)
        self._db = database
        self._workspace = workspace
        self._files = files
        self._depth = raised(source.told.limits).json_depth
        self._places: dict[str, object] = {}
        self._members: dict[str, list[str]] = {}
        self._aliases: dict[str, str] = {}

    def records(self) -> Iterator[Record]:
        """Everything in the database, each conversation in one transcript, sorted by time."""
        if self._db.replayed is None:
            yield Assumption(
                what="database",
                value=f"{self._name} holds all messages",
                why=f"there is no {self._name}-wal beside it, in which slackdump keeps the newest"
                " ones while it runs; copy both",
            )
        for _, owner in self._db.scan("WORKSPACE", ["USER_ID"]):
            self._workspace.owner = str(owner) if owner else self._workspace.owner
        yield from self._look_through()
        rows = self._rows()
        for place in sorted(self._places.keys() | rows.keys()):
            yield from self._transcript(place, rows.get(place, array("q")))
        for table in sorted(self._db.damaged):
            reason = "damaged: some of it could not be read"
            yield Problem(file=self._file, part=f"table {table}", reason=reason, raw="")

    def _look_through(self) -> Iterator[Record]:
        """Who and what is in it; of what was fetched several times the last."""
        for rowid, data in self._db.scan("S_USER", ["DATA"]):
            try:
                self._workspace.add_user(self._value(data))
            except Malformed as cause:
                yield self._problem("S_USER", rowid, data, cause)
        for rowid, identifier, data in self._db.scan("CHANNEL", ["ID", "DATA"]):
            try:
                value = self._value(data)
                self._workspace.add_conversation(value)
            except Malformed as cause:
                yield self._problem("CHANNEL", rowid, data, cause)
                continue
            self._places[str(identifier)] = value
        for _, place, who in self._db.scan("CHANNEL_USER", ["CHANNEL_ID", "ID"]):
            members = self._members.setdefault(str(place), [])
            if len(members) < _MEMBERS:
                members.append(str(who))
        for _, place, alias in self._db.scan("ALIAS", ["CHANNEL_ID", "ALIAS"]):
            self._aliases[str(place)] = str(alias)

    def _rows(self) -> dict[str, "array[int]"]:
        """For each conversation the id, chunk and row of every copy of its messages."""
        found: dict[str, array[int]] = {}
        for rowid, place, number, chunk in self._db.scan(
            "MESSAGE", ["CHANNEL_ID", "ID", "CHUNK_ID"]
        ):
            key = str(place)
            row = [one if isinstance(one, int) else 0 for one in (number, chunk, rowid)]
            found.setdefault(key, array("q")).extend(row)
        return found

    def _transcript(self, place: str, rows: "array[int]") -> Iterator[Record]:
        made, members = self._conversation(place)
        yield made
        transcript = Transcript(made, self._workspace, self._files, self._source)
        yield from transcript.members(members)
        copies = sorted((rows[at], rows[at + 1], rows[at + 2]) for at in range(0, len(rows), 3))
        for first in range(0, len(copies), _AT_ONCE):
            some = copies[first : first + _AT_ONCE]
            following = copies[first + _AT_ONCE : first + _AT_ONCE + 1]
            data = self._db.fetch("MESSAGE", ["DATA"], [rowid for _, _, rowid in some])
            for one, after in zip(some, [*some[1:], *following, None], strict=False):
                number, _, rowid = one
                # A row without a number is nobody's copy.
                if after is not None and number and after[0] == number:
                    if rowid in data:
                        self._older(transcript, data[rowid][0])
                    continue
                yield from self._message(transcript, rowid, data.get(rowid))

    def _older(self, transcript: Transcript, data: Value) -> None:
        try:
            transcript.older(self._value(data))
        except Malformed:
            return  # the copy that was fetched last is told, whatever this one is

    def _message(
        self, transcript: Transcript, rowid: int, row: tuple[Value, ...] | None
    ) -> Iterator[Record]:
        if row is None:
            reason = "the database is damaged here"
            yield Problem(file=self._file, part=f"MESSAGE {rowid}", reason=reason, raw="")
            return
        try:
            value = self._value(row[0])
        except Malformed as cause:
            yield self._problem("MESSAGE", rowid, row[0], cause)
            return
        yield from transcript.item(value, self._file, f"MESSAGE {rowid}")

    def _conversation(self, place: str) -> tuple[Conversation, list[str]]:
        item = self._places.get(place)
        if not isinstance(item, dict):
            return unlisted(place, self._workspace), []
        more: dict[str, object] = {}
        if not item.get("members") and place in self._members:
            more["members"] = self._members[place]
        if place in self._aliases:
            more["alias"] = self._aliases[place]
        try:
            return conversation({**item, **more}, self._workspace, me=self._source.told.me)
        except Malformed:
            return unlisted(place, self._workspace), []

    def _value(self, data: Value) -> object:
        """The object in a column; Malformed if it is none that a record could hold."""
        text = text_without_tokens(data if isinstance(data, bytes) else str(data).encode())
        try:
            value = decoded(text.decode("utf-8", "replace").strip())
        except (ValueError, RecursionError) as cause:
            raise Malformed("not valid JSON") from cause
        if depth(value) > self._depth:
            raise Malformed("nested too deep")
        return value

    def _problem(self, table: str, rowid: Value, data: Value, cause: Malformed) -> Problem:
        raw = text_without_tokens(data if isinstance(data, bytes) else str(data).encode())
        text = raw.decode("utf-8", "replace")
        return problem(self._file, f"{table} {rowid!r}", text, cause)
