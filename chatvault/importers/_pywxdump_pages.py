"""The files of PyWxDump and WeClone: pages of one conversation, as CSV or JSON, and `users.json`.

    wxid_lin0demo_0_5000.csv  wxid_lin0demo_5000_10000.csv  users.json

Pages that follow each other are one transcript; two that overlap come from two exports.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from chatvault.importers._clock import zone_for
from chatvault.importers._csv import Row, Text, head_rows, open_text, rows
from chatvault.importers._fields import Malformed, maybe
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._json_value import decoded
from chatvault.importers._limits import MiB
from chatvault.importers._people import folded
from chatvault.importers._pywxdump import (
    COLUMNS,
    COLUMNS_SHORT,
    ENGLISH,
    Book,
    is_mine,
    message,
)
from chatvault.importers._source import Source
from chatvault.importers._wechat import is_room
from chatvault.importers._wechat_rows import (
    HOME,
    RowClock,
    Transcript,
    conversation,
    looks_like_id,
    may_be_id,
    without_copy_number,
)
from chatvault.model import Conversation, ConversationKind, Problem, Record

HEAD = 64 * 1024
BOOK = "users.json"
BOOK_LIMIT = 64 * MiB
Tool = Literal["pywxdump", "weclone"]
_PAGE = re.compile(r"(.+)_(\d{1,9})_(\d{1,9})", re.DOTALL)
_UTC = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


def tool_of(source: Source, name: str) -> Tool | None:
    """Which tool wrote this file, by its header and first rows; None if neither."""
    head = source.head(name, HEAD)
    if name.lower().endswith(".json"):
        return "pywxdump" if name != BOOK and _is_list(head) else None
    if not name.lower().endswith(".csv"):
        return None
    header, *first = head_rows(head) or [[]]
    cells = tuple(cell.strip() for cell in header)
    if set(cells) == set(COLUMNS) and len(cells) == len(COLUMNS):
        return "pywxdump"
    if cells != COLUMNS_SHORT:
        return None
    # Both tools have this header; WeClone's own writer has English kinds and clocks of UTC.
    rows_ = [dict(zip(COLUMNS_SHORT, row, strict=False)) for row in first]
    own = [
        row
        for row in rows_
        if row.get("type_name") in ENGLISH or _UTC.fullmatch(row.get("CreateTime", ""))
    ]
    return "weclone" if own else "pywxdump"


def _is_list(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    keys = (b'"MsgSvrID"', b'"type_name"', b'"is_sender"', b'"talker"')
    return re.match(rb"\[\s*\{", text) is not None and all(key in text for key in keys)


def candidates(source: Source) -> list[str]:
    """The files at the top that may be pages, those that look most like them first."""
    names = [name for name in source.files() if name.lower().endswith((".csv", ".json"))]
    return sorted((name for name in names if name != BOOK), key=lambda name: _key(name)[1:])


def transcripts(source: Source, names: list[str], *, by_name: bool) -> Iterator[Record]:
    """What these files tell; `by_name` says that their senders are names and not ids."""
    zone, assumed = zone_for(source.told, HOME)
    if assumed and not by_name:
        yield assumed
    book, problem = _book(source)
    if problem:
        yield problem
    pages = _Pages(source, zone, book, by_name=by_name)
    end: tuple[str, int] | None = None
    for name in sorted(names, key=_key):
        stem, start, stop = _key(name)
        if end is None or end != (stem, start) or start == 0:
            pages.talk = None
        end = (stem, stop)
        yield from pages.page(name, without_copy_number(stem))


def _key(name: str) -> tuple[str, int, int]:
    """Whose page it is, from which row to which; -1 for a file that is no page."""
    stem = name.rpartition(".")[0]
    found = _PAGE.fullmatch(without_copy_number(stem))
    if found is None:
        return stem, -1, -1
    return found[1], int(found[2]), int(found[3])


class _Pages:
    """The pages read so far; `talk` is the transcript that the next one may go on with."""

    def __init__(self, source: Source, zone: str, book: Book, *, by_name: bool) -> None:
        self._source = source
        self._zone = zone
        self._clock = RowClock(zone)
        self._book = book
        self._by_name = by_name
        self.talk: Transcript | None = None

    def page(self, name: str, stem: str) -> Iterator[Record]:
        """The records of one file."""
        if self.talk is None:
            self._clock = RowClock(self._zone)
        is_csv = name.lower().endswith(".csv")
        text = open_text(self._source, name) if is_csv else None
        if text is not None:
            yield from text.assumptions()
        default = self._default(name, text, stem)
        items = self._json(name) if text is None else self._csv(text)
        for item in items:
            if isinstance(item, Problem):
                if self.talk is None:
                    self.talk = Transcript(default, self._source.told, by_name=self._by_name)
                    yield self.talk.place
                yield item
                continue
            part, raw, row = item
            try:
                place = self._place(row, default)
                if self.talk is None or self.talk.place.id != place.id:
                    self.talk = Transcript(place, self._source.told, by_name=self._by_name)
                    yield place
                yield from message(
                    row, self.talk, clock=self._clock, source=self._source, book=self._book
                )
            except Malformed as cause:
                if self.talk is None:
                    self.talk = Transcript(default, self._source.told, by_name=self._by_name)
                    yield default
                yield Problem(file=self._source.full(name), part=part, reason=str(cause), raw=raw)

    def _place(self, row: Mapping[str, Any], default: Conversation) -> Conversation:
        room = (maybe(row, "room_name", str) or "").strip()
        if not room or room == default.id:
            return default
        return conversation(room, self._book.name(room), ConversationKind.DIRECT)

    def _default(self, name: str, text: Text | None, stem: str) -> Conversation:
        """The conversation by the names of file and folder, for rows that do not say."""
        folder = self._source.name
        identifier = next(
            (one for one in (stem, folder) if looks_like_id(one)),
            stem if not self._by_name and may_be_id(stem) and _key(name)[1] >= 0 else "",
        )
        if identifier:
            return conversation(identifier, self._book.name(identifier), ConversationKind.DIRECT)
        others: set[str] = set()
        for item in self._csv(text) if text is not None else ():
            if not isinstance(item, Problem) and not is_mine(item[2]):
                others.add(folded(str(item[2].get("talker"))))
                if len(others) > 1:
                    break
        kind = ConversationKind.GROUP if len(others) > 1 else ConversationKind.DIRECT
        return conversation(None, stem, kind)

    def _csv(self, text: Text) -> Iterator[Problem | tuple[str, str, Mapping[str, Any]]]:
        full = self._source.full(text.name)
        header: list[str] = []
        for row in _rows(text):
            if not header and not row.reason:
                header = [cell.strip() for cell in row.cells]
                continue
            raw = row.raw.rstrip("\r\n")
            reason = row.reason
            if not reason and len(row.cells) != len(header):
                reason = f"{len(row.cells)} cells, expected {len(header)}"
            if reason:
                yield Problem(file=full, part=f"line {row.line}", reason=reason, raw=raw)
            else:
                yield f"line {row.line}", raw, dict(zip(header, row.cells, strict=True))

    def _json(self, name: str) -> Iterator[Problem | tuple[str, str, Mapping[str, Any]]]:
        full = self._source.full(name)
        try:
            with self._source.open(name) as file:
                for part in stream(file, ""):
                    if isinstance(part, Bad):
                        yield part.problem(full)
                    elif isinstance(part, Item):
                        where = f"[{part.position}]"
                        raw = msgspec.json.encode(part.value).decode()
                        if isinstance(part.value, dict):
                            yield where, raw, part.value
                        else:
                            yield Problem(file=full, part=where, reason="not an object", raw=raw)
        except (BrokenJson, OSError) as cause:
            yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")


def _rows(text: Text) -> Iterator[Row]:
    last = 0
    try:
        with text.lines() as lines:
            # Nine cells or eight; a quote that is never closed ends at either.
            width = len(next(iter(rows(lines)), Row(1, [], "")).cells)
        with text.lines() as lines:
            for row in rows(lines, width=width):
                last = row.line
                yield row
    except (OSError, ValueError) as cause:
        yield Row(last + 1, [], "", f"the file breaks off: {type(cause).__name__}")


def _book(source: Source) -> tuple[Book, Problem | None]:
    """The names in `users.json`, if there is one; what is wrong with it otherwise."""
    if not source.has(BOOK):
        return Book(), None
    full = source.full(BOOK)
    if source.size(BOOK) > BOOK_LIMIT:
        return Book(), Problem(file=full, part="", reason="too large for a list of names", raw="")
    try:
        with source.open(BOOK) as file:
            tree = decoded(file.read(BOOK_LIMIT).decode("utf-8-sig", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return Book(), Problem(file=full, part="", reason="not valid JSON", raw="")
    names: dict[str, tuple[str, ...]] = {}
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if isinstance(value, dict):
            told = [value.get(field) for field in ("remark", "nickname", "account")]
            known = [one for one in told if isinstance(one, str) and one]
            names[key] = tuple(known if not is_room(key) else known[:2])
    return Book(names), None
