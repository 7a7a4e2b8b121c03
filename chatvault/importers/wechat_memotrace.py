"""MemoTrace (留痕, WeChatMsg): CSV of both generations, and the `.html.json` of the second.

A folder `聊天记录/<remark>(<wxid>)/`, with the media in folders beside the files. One row of each:
    101,3,1,0,0,1700000000,,明天几点出发？,2023-11-15 06:13:20,小满,林小满,wxid_lin0demo
    7300000000000000021,文本,小满,2025-02-01 20:00:00,八点吧,小满,林小满,more
    {"type":"1","is_send":false,"timestamp":1738411200,"server_id":"7300000000000000061",
     "display_name":"小满","avatar_src":"./avatar/wxid_lin0demo.png","xml_dict":{},"text":"好看"}

Exporting again makes `name(1).csv` beside `name.csv`: each file is a transcript of its own.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import msgspec

from chatvault.errors import EmptyExport, Where
from chatvault.importers._clock import zone_for
from chatvault.importers._csv import Row, Text, head_rows, open_text, rows
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._memotrace_csv import (
    FIRST,
    FIRST_SHORT,
    OLDEST,
    SECOND,
    Records,
    first,
    oldest,
    second,
)
from chatvault.importers._memotrace_json import Files, avatar_id, records
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._wechat import is_room
from chatvault.importers._wechat_rows import (
    HOME,
    RowClock,
    Transcript,
    conversation,
    may_be_id,
    without_copy_number,
)
from chatvault.model import Assumption, Conversation, ConversationKind, Problem, Record

INFO = ImporterInfo(
    key="wechat-memotrace",
    platform="wechat",
    title="WeChat, exported by MemoTrace (留痕)",
    expects="folder of one conversation below 聊天记录, with .csv or .html.json files",
    carries=frozenset({
        "ids", "replies", "forwards", "calls", "locations", "contacts", "stickers", "system",
        "media", "links", "payments",
    }),
    derived={
        "StrTime": "CreateTime in the clock of the computer; its distance from UTC is kept",
        "IsSender": "tells the sender, who is kept",
        "is_send": "tells the sender, who is kept",
        "isSend": "tells the sender, who is kept",
        "更多信息": "always the word more",
        "时间": "the clock, kept in its ISO form",
        "发送时间": "the clock, kept in its ISO form",
        "文本": "the name of the plainest kind, which is kept",
        "消息类型": "the number of the kind, kept wherever it says more than text",
    },
    leaves_out="MemoTrace 1 lost what quotes, links and files say; CSV files have no media",
    seen="MemoTrace 0.2 to 1.x and 2.x, 2023 to 2025",
)  # fmt: skip

GROUP, DIRECT = ConversationKind.GROUP, ConversationKind.DIRECT
# `messages.csv` has all conversations in turn; this many rows are sorted into theirs at a time, so
# that a conversation is told in few transcripts and memory stays bounded.
WINDOW = 5000
_FOLDER = re.compile(r"(.*)[(（]([^()（）]+)[)）]", re.DOTALL)
_ARCHIVE = re.compile(r"\.(?:zip|tar|tar\.gz|tgz|csv|json)$", re.IGNORECASE)
_HEADERS = (FIRST, FIRST_SHORT, SECOND, OLDEST)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the header of a CSV file, or the keys of the first item of a `.html.json`."""
    found = []
    names = [name for name in source.files() if _is_page(name) or name.lower().endswith(".csv")]
    for name in sorted(names, key=lambda name: not _is_page(name))[:3]:
        head = source.head(name, 64 * 1024)
        if _is_page(name):
            if _first_keys(head):
                found.append(f"{name} has items with is_send, server_id and xml_dict")
        elif header := _header(head):
            found.append(f"{name} has the {len(header)} columns of MemoTrace")
    return tuple(found)


def read(source: Source) -> Iterator[Record]:
    """The transcript of every file; `.html.json` and CSV of one conversation meet by server id."""
    title, identifier = _named(source.name)
    export = _Export(source, title, identifier, files=Files(source))
    started = False
    for name in source.files():
        head = source.head(name, 64 * 1024)
        if _is_page(name):
            if not _first_keys(head):
                continue
            part = export.page(name)
        elif name.lower().endswith(".csv") and (header := _header(head)):
            part = export.table(name, header)
        else:
            continue
        for record in part:
            yield record
            started = started or not isinstance(record, Assumption | Conversation)
    if not started:
        raise EmptyExport(
            "there is not one message in these files of MemoTrace",
            where=Where(source.name),
            remedy="give the folder of one conversation, with its .csv or .html.json files",
        )


@dataclass
class _Export:
    """What the files of one folder have in common; the zone is told once."""

    source: Source
    title: str
    identifier: str
    files: Files
    zone: str = ""
    _assumptions: list[Assumption] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.zone, assumed = zone_for(self.source.told, HOME)
        self._assumptions = [assumed] if assumed else []

    def page(self, name: str) -> Iterator[Record]:
        """The transcript of a `.html.json`."""
        title = self.title or without_copy_number(name[: -len(".html.json")])
        identifier, kind = self.identifier, DIRECT
        if not identifier:
            identifier, kind = self._other_side(name)
        place = conversation(identifier or None, title, kind)
        talk = Transcript(place, self.source.told)
        yield place
        full = self.source.full(name)
        try:
            with self.source.open(name) as file:
                for part in stream(file, ""):
                    if isinstance(part, Bad):
                        yield part.problem(full)
                    elif isinstance(part, Item):
                        yield from self._item(part, talk, full)
        except (BrokenJson, OSError) as cause:
            yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")

    def _item(self, part: Item, talk: Transcript, full: str) -> Iterator[Record]:
        try:
            yield from records(part.value, talk, self.files)
        except Malformed as cause:
            bad = Bad(f"[{part.position}]", str(cause), _json(part.value))
            yield bad.problem(full)

    def _other_side(self, name: str) -> tuple[str, ConversationKind]:
        """Whom a page is with, by the names and avatars of those who are not its owner."""
        people: set[str] = set()
        ids: set[str] = set()
        try:
            with self.source.open(name) as file:
                for part in stream(file, ""):
                    item = part.value if isinstance(part, Item) else None
                    if isinstance(item, dict) and item.get("is_send") is False:
                        people.add(str(item.get("display_name")))
                        ids.add(_avatar(item))
                    if len(people) > 2 or len(ids) > 2:
                        break
        except (BrokenJson, OSError):
            pass  # told when the file is read
        # A second name is the one before somebody changed it, or a system row without one.
        ids.discard("")
        if len(ids) > 1 or len(people) > 2:
            return "", GROUP
        return (ids.pop() if ids else ""), DIRECT

    def table(self, name: str, header: tuple[str, ...]) -> Iterator[Record]:
        """The transcripts of a CSV file."""
        text = open_text(self.source, name)
        yield from text.assumptions()
        if header in (SECOND, OLDEST):
            yield from self._assumptions
            self._assumptions = []
        if header == SECOND:
            yield from self._second(text)
        elif header == OLDEST:
            yield from self._oldest(text)
        else:
            yield from self._first(text, header)

    def _title(self, text: Text) -> str:
        base = text.name.rpartition(".")[0]
        return self.title or without_copy_number(without_copy_number(base).removesuffix("_utf8"))

    def _second(self, text: Text) -> Iterator[Record]:
        title = self._title(text)
        names: set[str] = set()
        known = False
        for row in _cells(text, SECOND):
            if len(row.cells) == len(SECOND):
                person = row.cells[2], row.cells[5], row.cells[6]
                known = known or title in person
                if row.cells[1] != "系统消息" and len(names) < 3:
                    names.add(folded(person[0]))
        kind = GROUP if len(names) > 2 else DIRECT
        place = conversation(self.identifier or None, title, kind)
        talk = Transcript(place, self.source.told, other_is_known=known)
        yield place
        clock = RowClock(self.zone)
        make = partial(second, talk=talk, clock=clock, files=self.files)
        for row in _cells(text, SECOND):
            yield from self._row(text, row, SECOND, make)

    def _oldest(self, text: Text) -> Iterator[Record]:
        place = conversation(self.identifier or None, self._title(text), DIRECT)
        talk = Transcript(place, self.source.told)
        yield place
        clock = RowClock(self.zone)
        for row in _cells(text, OLDEST):
            yield from self._row(text, row, OLDEST, partial(oldest, talk=talk, clock=clock))

    def _first(self, text: Text, header: tuple[str, ...]) -> Iterator[Record]:
        """One conversation, or all of the account: then `TalkerId` tells them apart."""
        whole = not self.identifier and folded(without_copy_number(text.name[:-4])) == "messages"
        places = _places(
            text, header, whole=whole, title=self._title(text), identifier=self.identifier
        )
        if whole and len(places) > 1:
            yield Assumption(
                what="conversation",
                value="TalkerId",
                why=f"{text.name}: equal numbers are taken for one conversation; in a WeChat that "
                "keeps several data files they may be two",
            )
        if not whole:
            place = places.get("") or conversation(
                self.identifier or None, self._title(text), DIRECT
            )
            talk = Transcript(place, self.source.told)
            yield place
            for row in _cells(text, header):
                yield from self._row(text, row, header, partial(first, talk=talk))
            return
        # People are told again in every transcript: it may be the only one that counts a message.
        waiting: dict[str, list[Row]] = {}
        held, last, talker = 0, "", ""
        for row in _cells(text, header):
            # A broken row goes with the one before it.
            talker = row.cells[1] if len(row.cells) > 5 else talker
            second_of_row = row.cells[5] if len(row.cells) > 5 else last
            # Rows of one second stay together, else copies in it would be counted apart.
            if held >= WINDOW and (second_of_row != last or held >= 2 * WINDOW):
                yield from self._window(text, header, waiting, places)
                waiting, held = {}, 0
            waiting.setdefault(talker, []).append(row)
            held, last = held + 1, second_of_row
        yield from self._window(text, header, waiting, places)

    def _window(
        self,
        text: Text,
        header: tuple[str, ...],
        waiting: dict[str, list[Row]],
        places: dict[str, Conversation],
    ) -> Iterator[Record]:
        for talker, held in waiting.items():
            place = places.get(talker) or _talker(talker)
            talk = Transcript(place, self.source.told)
            yield place
            for row in held:
                yield from self._row(text, row, header, partial(first, talk=talk))

    def _row(
        self,
        text: Text,
        row: Row,
        header: tuple[str, ...],
        make: Callable[[dict[str, str]], Records],
    ) -> Iterator[Record]:
        reason = row.reason
        cells = row.cells
        # The earliest builds wrote nine cells under twelve titles; spreadsheets drop empty ends.
        if header == FIRST and 9 <= len(cells) < len(FIRST):
            cells = cells + [""] * (len(FIRST) - len(cells))
        if not reason and len(cells) != len(header):
            reason = f"{len(cells)} cells, expected {len(header)}"
        if not reason:
            try:
                yield from make(dict(zip(header, cells, strict=True)))
            except Malformed as cause:
                reason = str(cause)
        if reason:
            full = self.source.full(text.name)
            raw = row.raw.rstrip("\r\n")
            yield Problem(file=full, part=f"line {row.line}", reason=reason, raw=raw)


def _cells(text: Text, header: tuple[str, ...]) -> Iterator[Row]:
    """The rows behind the header; a file that breaks off ends with a row that says so."""
    last = 1
    try:
        with text.lines() as lines:
            for row in islice(rows(lines, width=len(header)), 1, None):
                last = row.line
                yield row
    except (OSError, ValueError) as cause:
        yield Row(last + 1, [], "", f"the file breaks off: {type(cause).__name__}")


def _places(
    text: Text, header: tuple[str, ...], *, whole: bool, title: str, identifier: str
) -> dict[str, Conversation]:
    """The conversations of a file of the first generation, by TalkerId if it holds all of them.

    A conversation of two has the id of its other side; that of a group is not in the file.
    """
    others: dict[str, dict[str, tuple[str, str]]] = {}
    for row in _cells(text, header):
        cells = row.cells
        if len(cells) < 9 or cells[4].strip() == "1" or cells[2].strip() == "10000":
            continue
        if not cells[5].strip().isdigit():
            continue  # a row that will be a problem says nothing
        people = others.setdefault(cells[1] if whole else "", {})
        wxid = cells[11] if len(cells) > 11 else ""
        if len(people) < 3 and wxid and not is_room(wxid):
            people.setdefault(wxid, (cells[9], cells[10]))
    found = {}
    for talker, people in others.items():
        [wxid, names] = next(iter(people.items()), ("", ("", "")))
        name = next((name for name in names if name), "") or wxid
        if whole:
            # The side of a group that happened to speak alone looks like a conversation of two.
            place = conversation(wxid, name, DIRECT) if len(people) == 1 else _talker(talker)
            if len(people) > 1:
                place = _talker(talker, GROUP)
        elif identifier or not people:
            place = conversation(identifier or None, title, GROUP if len(people) > 1 else DIRECT)
        elif len(people) == 1 and (title in names or title == wxid):
            place = conversation(wxid, title, DIRECT)
        else:
            place = conversation(None, title, GROUP)
        found[talker] = place
    return found


def _talker(talker: str, kind: ConversationKind = DIRECT) -> Conversation:
    return conversation(None, f"TalkerId {talker}", kind)


def _is_page(name: str) -> bool:
    return name.lower().endswith(".html.json")


def _first_keys(head: bytes) -> bool:
    """Whether the file is a list whose first item has the keys that only MemoTrace writes."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    keys = (b'"is_send"', b'"server_id"', b'"xml_dict"')
    return re.match(rb"\[\s*\{", text) is not None and all(key in text for key in keys)


def _header(head: bytes) -> tuple[str, ...] | None:
    """The header of MemoTrace that a CSV file has, if any."""
    found = head_rows(head, limit=1)
    cells = tuple(cell.strip() for cell in found[0]) if found else ()
    return cells if cells in _HEADERS else None


def _named(folder: str) -> tuple[str, str]:
    """Title and id from the name of a folder `<remark>(<wxid>)`; empty where it says neither."""
    found = _FOLDER.fullmatch(_ARCHIVE.sub("", folder))
    if found is None or not may_be_id(found[2]):
        return "", ""
    return found[1], found[2]


def _avatar(item: dict[str, object]) -> str:
    try:
        return avatar_id(item)
    except Malformed:
        return ""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
