"""QQ, PC QQ or TIM, "export message record" (导出消息记录) as .mht: a page with pictures behind it.

One file, of one conversation or of all of them; up to hundreds of gigabytes, nearly all of it
pictures in base64. It begins so (the page has one row for each message, see `_qq_page.py`):
    From: <Save by Tencent MsgMgr>
    Subject: Tencent IM Message
    MIME-Version: 1.0
    Content-Type:multipart/related;
        charset="utf-8"
        type="text/html";
        boundary="----=_NextPart_A240C18D_603F_466a_8338.0D1C1796EFC3"

Only the page is read here. The pictures are files that stand beside the MHT in the source
(`_mht.py`).
"""

from collections.abc import Iterator
from datetime import date

import msgspec

from chatvault.errors import BadExport, NeedsAnswer, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._mht import HEAD, boundary_of, is_candidate, key, parts_by_mht
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._qq_body import Body, body_of_pieces
from chatvault.importers._qq_official import Chat, Event, Said, readable, records
from chatvault.importers._qq_page import (
    Image,
    Row,
    Spoken,
    day_of,
    label,
    links,
    pieces,
    rows,
    spoken,
    wall_of,
)
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText
from chatvault.model import (
    Assumption,
    Attachment,
    AttachmentState,
    MessageKind,
    Problem,
    Record,
)

INFO = ImporterInfo(
    key="qq-mht",
    platform="qq",
    title="QQ, .mht export of PC QQ or TIM",
    version=2,
    expects="the .mht that the message manager wrote (导出消息记录), of any size",
    carries=frozenset({"system", "forwards", "media"}),
    leaves_out="voices, videos and files, message ids, replies, the time zone, and whose account "
    "it is",
    seen="PC QQ and TIM, 2012 to 2023 (QQ NT, from 9.7.25 on, has no such export)",
)

LOOKED_AT = 3
FOLDER, TITLE = "消息分组:", "消息对象:"
DAYS = ("日期:", "日期：", "Date:")


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the head that QQ writes, at one of the first three candidates at the top."""
    looked_at = _candidates(source)[:LOOKED_AT]
    return tuple(
        f"{name}: saved by Tencent MsgMgr" for name in looked_at if _boundary(source, name)
    )


def read(source: Source) -> Iterator[Record]:
    """Yield the conversations of all MHT files, each with its messages in the order of the page."""
    files = [name for name in _candidates(source) if _boundary(source, name)]
    error = BadExport(
        "no row looks like a message of QQ",
        where=Where(source.full(files[0]) if files else source.name),
        remedy="export the messages again, as .mht or as text, and import that file as it is",
    )
    yield from readable(_files(source, files), error)


def _files(source: Source, files: list[str]) -> Iterator[Record]:
    parts = parts_by_mht(source)
    for name in files:
        page = _Page(source, name, parts.get(name, {}))
        yield from records(source, name, page.events())
        if page.damaged:
            why = f"{page.damaged} rows hold bytes that are no text; they read as U+FFFD"
            yield Assumption(what="encoding", value="utf-8", why=why)


def _candidates(source: Source) -> list[str]:
    names = source.files()
    return [name for name in names if is_candidate(name)] or names * (len(names) == 1)


def _boundary(source: Source, name: str) -> bytes | None:
    return boundary_of(source.head(name, HEAD))


class _Page:
    """The page of one MHT; `damaged` counts rows with bytes that are no text."""

    def __init__(self, source: Source, name: str, parts: dict[str, str]) -> None:
        self._source = source
        self._name = name
        self._file = source.full(name)
        self._parts = parts
        self._folder = ""
        self._day: date | None = None
        self.damaged = 0

    def events(self) -> Iterator[Event]:
        """What the rows say, in their order."""
        try:
            for row in rows(self._source, self._name, _boundary(self._source, self._name) or b""):
                self.damaged += "\ufffd" in row.html
                if event := self._event(row):
                    yield event
        except BrokenText as cause:
            reason = f"it cannot be read further ({cause})"
            yield Problem(file=self._file, part="end", reason=reason, raw="")

    def _event(self, row: Row) -> Event | None:
        if not row.whole:
            return self._unread(row, "a row that does not end: the file breaks off or is damaged")
        found = spoken(row)
        if found is not None:
            try:
                return self._message(found)
            except Malformed as cause:
                return self._unread(row, str(cause))
        text = label(row)
        if text.startswith(FOLDER):
            self._folder = text.removeprefix(FOLDER).strip()
            return None
        if text.startswith(TITLE):
            self._day = None
            return Chat(self._folder, text.removeprefix(TITLE).strip())
        if text.startswith(DAYS):
            return self._new_day(row, text.replace("：", ":").partition(":")[2])
        return self._unread(row, "a row that is no message") if text else None

    def _new_day(self, row: Row, text: str) -> Event | None:
        try:
            self._day = day_of(text, self._source.told.date_order)
        except Malformed as cause:
            raise NeedsAnswer(
                "day and month of its dates cannot be told apart",
                where=Where(self._file, f"line {row.line}"),
                remedy="give --date-order dmy or --date-order mdy",
            ) from cause
        return None if self._day else self._unread(row, "a date that is none")

    def _message(self, found: Spoken) -> Said:
        if self._day is None:
            raise Malformed("a message without a date above it")
        wall = wall_of(self._day, found.time)
        body = body_of_pieces(map(self._piece, pieces(found.body)))
        if more := links(found.body, body.text):
            body = _with(body, more)
        return Said(wall, found.sender, body)

    def _piece(self, piece: str | Image) -> str | Attachment:
        if isinstance(piece, str):
            return piece
        path = self._parts.get(key(piece.source))
        state = AttachmentState.MISSING_FILE
        if path is not None:
            state = AttachmentState.PRESENT
        elif piece.source.startswith(("http:", "https:")):
            state = AttachmentState.REMOTE_ONLY
        name = (path or piece.source).replace("\\", "/").rpartition("/")[2]
        return Attachment(
            name=name.partition("-")[2] if path is not None else name,
            path=None if path is None else self._source.full(path),
            state=state,
            kind=MessageKind.IMAGE,
            as_exported=piece.source,
            size=None if path is None else self._source.size(path),
            stable_name=False,  # every export names its pictures anew
        )

    def _unread(self, row: Row, reason: str) -> Problem:
        return Problem(file=self._file, part=f"line {row.line}", reason=reason, raw=row.html)


def _with(body: Body, more: list[str]) -> Body:
    return msgspec.structs.replace(body, extra={**body.extra, "links": more})
