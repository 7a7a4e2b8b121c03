"""Messages of any app in a table: CSV, as every spreadsheet writes it.

    timestamp,chat,sender,text,attachment,id,reply_to
    2026-01-02T10:00:00+01:00,Family,Ulla,Happy new year!,,m1,
    2026-01-02T10:01:30+01:00,Family,Per,,photos/fire.jpg,m2,m1

A time and a text (or an attachment) are all it needs; the names of columns are in
`_generic_columns.py`. Files lie beside the table, below its folder.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chatvault.errors import BadExport, NeedsAnswer, Where
from chatvault.importers._csv import HEAD, Text, head_rows, open_text, rows_behind
from chatvault.importers._fields import Malformed
from chatvault.importers._generic import PLATFORM, File, Item, Part, Place, Unread, records_of
from chatvault.importers._generic_body import (
    MEDIA,
    attachment,
    is_mine,
    kind_of,
    left_out,
    marks_of,
    references,
    whole_id,
)
from chatvault.importers._generic_columns import Plan, TwoFit, aliases, missing, plan
from chatvault.importers._generic_time import parse
from chatvault.importers._media_types import ENDINGS
from chatvault.importers._nothing import is_junk
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import Attachment, MessageKind, Record

INFO = ImporterInfo(
    key="generic-csv",
    platform=PLATFORM,
    title="Any app, as a table (CSV)",
    expects="a .csv or .tsv file with columns for time, sender and text, files below its folder",
    rank="generic",
    carries=frozenset({"ids", "replies", "calls", "locations", "contacts", "stickers", "polls",
        "system", "media", "links"}),
    derived={
        "time": "the time of the message, which is kept; beside `time_utc` the same once more",
        "date": "a part of the time of the message, which is kept",
        "timestamp": "the time of the message, which is kept",
        "is_me": "told by who sent it",
        "direction": "told by who sent it",
        "type": "the kind of the message; one that is not known is kept",
    },
    leaves_out="reactions, edits and deletions: a table has no column for them",
    seen="tables by LibreOffice, Excel, Numbers, Google Sheets and scripts",
)  # fmt: skip

REMEDY = "write times as 2024-05-17 15:04:05, and a text or attachment in every row"
_ENDINGS = (".csv", ".tsv", ".tab")
_DELIMITERS = (",", ";", "\t")
_MOST_COLUMNS = 500


@dataclass(frozen=True)
class _Table:
    """A file whose header is known; `skip` rows stand before its messages."""

    text: Text
    header: tuple[str, ...]
    plan: Plan
    delimiter: str
    skip: int


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: a header at the top with a time and a text, among files of tables and media."""
    names = _candidates(source)
    likely = [name for name in _beside(source) if name.rpartition(".")[2].lower() in ENDINGS]
    if 2 * (len(names) + len(likely)) < len(_beside(source)):
        return ()
    found = []
    for name in names[:3]:
        columns, _, _ = _header(source.head(name, HEAD))
        if columns and not missing(_fields(columns)):
            found.append(f"{name} has columns for time and text: {', '.join(columns)[:200]}")
    return tuple(found)


def read(source: Source) -> Iterator[Record]:
    """The messages of every table at the top; a conversation each, or as the column `chat` says."""
    tables = [(name, _table(source, name)) for name in _candidates(source)]
    ours = [(name, table) for name, table in tables if isinstance(table, _Table)]
    if not ours:
        for _, table in tables:
            if isinstance(table, BadExport):
                raise table
        raise BadExport(
            "there is no table",
            where=Where(source.name),
            remedy="give a .csv or .tsv file whose first line names the columns",
        )
    files = ((name, _file(source, name, table)) for name, table in ours)
    yield from records_of(source, files, remedy=REMEDY)


def _file(source: Source, name: str, table: _Table) -> File:
    return File(source, name, _Rows(source, table).parts, notes=table.text.assumptions())


def _beside(source: Source) -> list[str]:
    return [name for name in source.files() if not is_junk(name)]


def _candidates(source: Source) -> list[str]:
    names = _beside(source)
    tables = [name for name in names if name.lower().endswith(_ENDINGS)]
    return tables or (names if len(names) == 1 else [])


def _header(data: bytes) -> tuple[tuple[str, ...], str, int]:
    """The names of the columns, what stands between them, and how many rows that takes.

    Excel may say in a first row of its own what stands between cells: `sep=;`.
    """
    best: tuple[tuple[str, ...], str, int] = ((), ",", 1)
    most = 0
    for delimiter in _DELIMITERS:
        found = head_rows(data, limit=2, delimiter=delimiter)
        skip = 1
        if found and "".join(found[0]).strip().lower() in {"sep=", *map("sep={}".format, ",;\t")}:
            found, skip = found[1:], 2
        columns = tuple(cell.strip() for cell in found[0]) if found else ()
        fits = len(_fields(columns))
        if fits > most and len(columns) <= _MOST_COLUMNS:
            best, most = (columns, delimiter, skip), fits
    return best


def _fields(columns: tuple[str, ...]) -> Plan:
    """The fields of a header; where two columns fit, they are there all the same."""
    try:
        return plan(columns)
    except TwoFit:
        # Which of two is meant is asked when the table is read.
        found: dict[str, tuple[str, ...]] = {}
        for column in columns:
            for field, names in plan((column,)).items():
                found.setdefault(field, names)
        return found


def _table(source: Source, name: str) -> _Table | BadExport:
    """The table, or why it is none; NeedsAnswer where two columns fit."""
    columns, delimiter, skip = _header(source.head(name, HEAD))
    where = Where(source.full(name), "line 1")
    field = missing(_fields(columns))
    if field:
        either = f" (or an attachment: {aliases('attachment')})" if field == "text" else ""
        return BadExport(
            f'no column for the {field}: none is named "{field}" or by an alias of it',
            where=where,
            remedy=f"name one of the columns by one of these: {aliases(field)}{either}",
        )
    try:
        fields = plan(columns)
    except TwoFit as cause:
        raise cause.question(where) from cause
    try:
        text = open_text(source, name, legacy="")
    except (OSError, ValueError):
        return BadExport("it cannot be read", where=where, remedy="copy it again")
    if not text.encoding:
        raise NeedsAnswer(
            "the letters of this table are not UTF-8, and nothing says what else they are",
            where=where,
            remedy='save it again as "CSV UTF-8", which every spreadsheet offers',
        )
    return _Table(text, columns, fields, delimiter, skip)


class _Rows:
    """The rows of a table as parts."""

    def __init__(self, source: Source, table: _Table) -> None:
        self._source = source
        self._table = table
        name = table.text.name
        self._title = source.told.conversation or name.rpartition(".")[0] or name
        used = {column for columns in table.plan.values() for column in columns}
        seen: set[str] = set()
        # Place -> name in `extra`, for columns that mean nothing here; of two with one name the
        # first may mean something.
        self._others: dict[int, str] = {}
        self._places: dict[str, int] = {}
        for place, column in enumerate(table.header):
            if column in used and column not in seen:
                self._places[column] = place
            else:
                again = column in seen or not column
                self._others[place] = f"{column or 'column'} {place + 1}" if again else column
            seen.add(column)

    def parts(self) -> Iterator[Part]:
        """Every row as a message or as what cannot be read; empty ones are nothing."""
        table = self._table
        width = len(table.header)
        for row in rows_behind(table.text, table.skip, width=width, delimiter=table.delimiter):
            part, raw = f"line {row.line}", row.raw.rstrip("\r\n")
            if row.reason:
                yield Unread(part, row.reason, raw)
            elif any(cell.strip() for cell in row.cells):
                try:
                    yield self._item(row.cells, part=part, raw=raw)
                except Malformed as cause:
                    yield Unread(part, str(cause), raw)

    def _item(self, cells: list[str], *, part: str, raw: str) -> Item:
        width = len(self._table.header)
        if any(cell.strip() for cell in cells[width:]):
            raise Malformed(f"{len(cells)} cells, but {width} columns: is a text without quotes?")
        row = {name: cells[place] for name, place in self._places.items() if place < len(cells)}
        extra: dict[str, object] = {
            name: cells[place]
            for place, name in self._others.items()
            if place < len(cells) and cells[place].strip()
        }
        when = parse(self._cell(row, "timestamp"))
        text = self._cell(row, "text")
        written = self._cell(row, "type").strip()
        files = references(self._cell(row, "attachment"))
        if not text and not files and not written:
            raise Malformed("neither a text nor an attachment")
        kind, attachments = self._kind(written, files, extra)
        mine = self._cell(row, "is_me").strip()
        if mine and is_mine(mine) is None:
            extra[self._table.plan["is_me"][0]] = mine
        return Item(
            part=part,
            raw=raw,
            place=self._place(row),
            when=when,
            kind=kind,
            text=text,
            sender_id=self._sender_id(row),
            sender=(self._cell(row, "sender_name") or self._cell(row, "sender")).strip(),
            is_me=is_mine(mine) if mine else None,
            id=self._id(row, "id", extra),
            reply_to=self._id(row, "reply_to", extra),
            attachments=attachments,
            marks=marks_of(written),
            extra=extra,
        )

    def _cell(self, row: Mapping[str, str], field: str) -> str:
        columns = self._table.plan.get(field, ())
        return " ".join(row[column] for column in columns if row.get(column))

    def _sender_id(self, row: Mapping[str, str]) -> str:
        if "sender_id" in self._table.plan:
            return self._cell(row, "sender_id").strip()
        # Where the name has a column of its own, the sender is an id.
        return self._cell(row, "sender").strip() if "sender_name" in self._table.plan else ""

    def _kind(
        self, written: str, files: list[str], extra: dict[str, object]
    ) -> tuple[MessageKind, tuple[Attachment, ...]]:
        kind = kind_of(written) if written else None
        if written and kind is None:
            extra[self._table.plan["type"][0]] = written
            kind = MessageKind.OTHER
        told = kind if kind in MEDIA and len(files) == 1 else None
        found = tuple(attachment(self._source, "", one, kind=told) for one in files)
        if kind in MEDIA and not found:
            found = (left_out(kind, written),)
        if kind is None:
            kind = found[0].kind if found else MessageKind.TEXT
        return kind, found

    def _id(self, row: Mapping[str, str], field: str, extra: dict[str, object]) -> str:
        cell = self._cell(row, field).strip()
        found = whole_id(cell)
        if cell and not found:
            extra[self._table.plan[field][0]] = cell
        return found

    def _place(self, row: Mapping[str, str]) -> Place:
        identifier = self._cell(row, "chat_id").strip()
        title = self._cell(row, "chat").strip() or identifier or self._title
        platform = folded(self._cell(row, "platform")) or PLATFORM
        return Place(title=title, id=identifier, platform=platform)
