"""chatlog: answers of its programming interface that somebody saved, as JSON, CSV or text.

[{"seq":1767139200000,"time":"2025-12-31T08:00:00+08:00","talker":"wxid_lin0demo",…}]

Time,SenderName,Sender,TalkerName,Talker,Content
2025-12-31 08:00:00,小满,wxid_lin0demo,小满,wxid_lin0demo,新年快乐

小满(wxid_lin0demo) 12-31 08:00:00
新年快乐
"""

import re
from collections.abc import Iterator
from datetime import date

import msgspec

from chatvault.errors import BadExport, NeedsAnswer, Where
from chatvault.importers._chatlog_item import ME, SYSTEM, as_notice, rendered, said
from chatvault.importers._clock import zone_for
from chatvault.importers._csv import Text, head_rows, open_text, rows
from chatvault.importers._fields import Malformed, maybe, need
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, Encoding, blocks, lines
from chatvault.importers._wechat import is_room
from chatvault.importers._wechat_rows import (
    HOME,
    RowClock,
    Transcript,
    asked_about,
    looks_like_id,
    may_be_id,
    place_of,
    without_copy_number,
)
from chatvault.importers._wechat_said import Said, told
from chatvault.model import Assumption, ConversationKind, Problem, Record

INFO = ImporterInfo(
    key="wechat-chatlog",
    platform="wechat",
    title="WeChat, saved from chatlog",
    expects="the .json, .csv or .txt that /api/v1/chatlog gave",
    carries=frozenset({
        "replies", "forwards", "calls", "locations", "contacts", "stickers", "system", "links",
        "payments",
    }),
    derived={
        "seq": "the time and three digits, by which the app sorts; no key across exports",
        "time": "the clock with its zone, kept as a time",
        "Time": "the clock, kept in its ISO form",
        "talkerName": "the title of the conversation, which is kept",
        "isSelf": "tells the sender, who is kept",
        "系统消息": "the word for the sender of a notice, told by the kind system",
        "我": "the word for the owner of the account, who is kept",
    },
    leaves_out="ids of messages (but of voices), media (addresses of the computer it ran on)",
    seen="chatlog, 2025-03 to 2025-08",
)  # fmt: skip

HEAD = 64 * 1024
HEADER = ("Time", "SenderName", "Sender", "TalkerName", "Talker", "Content")
# Several conversations may come in turn; this many messages are sorted into theirs at a time.
WINDOW = 1000
_KEYS = (b'"seq"', b'"talker"', b'"isChatRoom"', b'"isSelf"')
_LINE = re.compile(
    r"(?:(.{0,200})\(([^()\s]{1,128})\)|(我|系统消息|[A-Za-z][\w-]{5,63}|\d{5,20}@\w+))"
    r"(?: \[(.{0,200})\])? ((?:\d{4}-)?(?:\d\d-\d\d )?\d\d:\d\d:\d\d)",
    re.ASCII,
)
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(0[1-9]|1[0-2])-?([0-3]\d)(?!\d)")
_WHO = re.compile(r"(.*)\(([^()\s]{1,128})\)")


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the keys of the first item, the header, or the first line of a text."""
    return tuple(
        f"{name} {evidence}"
        for name in _candidates(source)[:3]
        if (evidence := _evidence(source, name))
    )


def _candidates(source: Source) -> list[str]:
    endings = (".json", ".csv", ".txt")
    found = [name for name in source.files() if name.lower().endswith(endings)]
    found = found or source.files() * (len(source.files()) == 1)
    return sorted(found, key=lambda name: (name.lower().endswith(".txt"), name))


def _evidence(source: Source, name: str) -> str:
    data = source.head(name, HEAD).removeprefix(b"\xef\xbb\xbf")
    if re.match(rb"\s*\[\s*\{", data):
        return "has items of chatlog" if all(key in data for key in _KEYS) else ""
    found = head_rows(data, limit=1) if data.startswith(b"Time,") else []
    if found and tuple(cell.strip() for cell in found[0]) == HEADER:
        return "has the columns of chatlog"
    first = data.partition(b"\n")[0].decode("utf-8", "replace").rstrip("\r")
    return "begins as texts of chatlog do" if _LINE.fullmatch(first) else ""


def read(source: Source) -> Iterator[Record]:
    """The transcripts of each file."""
    names = sorted(name for name in _candidates(source) if _evidence(source, name))
    if not names:
        raise BadExport(
            "nothing of chatlog can be read here",
            where=Where(source.name),
            remedy="save the answer of /api/v1/chatlog with format=json and import that file",
        )
    source = asked_about(source, names)
    zone, assumed = zone_for(source.told, HOME)
    for name in names:
        evidence = _evidence(source, name)
        if assumed and "items" not in evidence:
            yield assumed
            assumed = None
        if "items" in evidence:
            yield from _Dump(source).told(_json(source, name, zone))
        elif "columns" in evidence:
            text = open_text(source, name)
            yield from text.assumptions()
            yield from _Dump(source).told(_csv(text, zone))
        else:
            yield from _text(source, name, zone)


class _Row(msgspec.Struct, frozen=True):
    """A message and the conversation it is in."""

    talker: str
    title: str
    said: Said


class _Dump:
    """The messages of one file, sorted into their conversations."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._talk: Transcript | None = None
        self._waiting: dict[str, list[_Row | Problem]] = {}

    def told(self, found: Iterator[_Row | Problem]) -> Iterator[Record]:
        """The transcripts; a problem goes with the message before it."""
        held, last, talker = 0, -1, ""
        for one in found:
            second = last
            if isinstance(one, _Row):
                talker = one.talker
                second = one.said.at.utc_ms // 1000 if one.said.at else last
            # Messages of one second stay together, else copies in it would be counted apart.
            if held >= WINDOW and (second != last or held >= 2 * WINDOW):
                yield from self._window()
                held = 0
            self._waiting.setdefault(talker, []).append(one)
            held, last = held + 1, second
        yield from self._window()

    def _window(self) -> Iterator[Record]:
        for talker, held in self._waiting.items():
            for one in held:
                if isinstance(one, Problem):
                    yield one
                    continue
                if self._talk is None or self._talk.place.id != talker:
                    kind = ConversationKind.DIRECT
                    if talker.startswith("gh_"):
                        kind = ConversationKind.CHANNEL
                    place = place_of(self._source.told, talker, one.title, kind)
                    self._talk = Transcript(place, self._source.told)
                    yield place
                yield from told(one.said, self._talk)
        self._waiting = {}


def _json(source: Source, name: str, zone: str) -> Iterator[_Row | Problem]:
    full = source.full(name)
    clock = RowClock(zone)
    try:
        with source.open(name) as file:
            for part in stream(file, ""):
                if isinstance(part, Bad):
                    yield part.problem(full)
                elif isinstance(part, Item):
                    yield _item(part, clock, full)
    except (BrokenJson, OSError) as cause:
        yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")


def _item(part: Item, clock: RowClock, full: str) -> _Row | Problem:
    where = f"[{part.position}]"
    raw = msgspec.json.encode(part.value).decode()
    try:
        one = said(part.value, clock)
        talker = need(part.value, "talker", str)
        title = maybe(part.value, "talkerName", str) or ""
    except Malformed as cause:
        return Problem(file=full, part=where, reason=str(cause), raw=raw)
    if not talker:
        return Problem(file=full, part=where, reason="no 'talker'", raw=raw)
    return _Row(talker, title, one)


def _csv(text: Text, zone: str) -> Iterator[_Row | Problem]:
    full = text.source.full(text.name)
    clock = RowClock(zone)
    last = 1
    try:
        with text.lines() as found:
            for number, row in enumerate(rows(found, width=len(HEADER))):
                last = row.line
                if not number:
                    continue
                where, raw = f"line {row.line}", row.raw.rstrip("\r\n")
                reason = row.reason
                if not reason and len(row.cells) != len(HEADER):
                    reason = f"{len(row.cells)} cells, expected {len(HEADER)}"
                if not reason and not row.cells[4].strip():
                    reason = "no Talker"
                try:
                    at = clock.time(row.cells[0]) if not reason else None
                except Malformed as cause:
                    reason = str(cause)
                if reason or at is None:
                    yield Problem(file=full, part=where, reason=reason, raw=raw)
                    continue
                _, sender_name, sender, title, talker, content = row.cells
                kind, body, identifier = rendered(content)
                one = Said(
                    at=at, kind=kind, body=body, name=sender_name, wxid=sender, id=identifier
                )
                if sender == SYSTEM:
                    one = as_notice(one)
                elif not is_room(talker):
                    one = msgspec.structs.replace(one, mine=sender != talker)
                if sender == ME:
                    one = msgspec.structs.replace(one, wxid="", mine=True)
                yield _Row(talker, title, one)
    except (OSError, ValueError) as cause:
        reason = f"the file breaks off: {type(cause).__name__}"
        yield Problem(file=full, part=f"line {last + 1}", reason=reason, raw="")


def _dates(name: str) -> list[date]:
    """The dates in the name of a file, as the tool gives them to what it saves."""
    found = []
    for year, month, day in _DATE.findall(name):
        try:
            found.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return found


def _day(clock: str, name: str, full: str) -> str:
    """What is to be put before a clock that does not say all of its date."""
    if re.match(r"\d{4}-", clock):
        return ""
    dates = _dates(name)
    if clock.count("-") == 1 and dates and dates[0].year == dates[-1].year:
        return f"{dates[0].year}-"
    if "-" not in clock and dates and dates[0] == dates[-1]:
        return f"{dates[0].isoformat()} "
    raise NeedsAnswer(
        "the clocks of this text have no year, and its name does not say it",
        where=Where(full),
        remedy="save it again with format=json, or put the dates that were asked for into its name:"
        " wxid_abc_2025-12-01_2025-12-31.txt",
    )


def _text(source: Source, name: str, zone: str) -> Iterator[Record]:
    full = source.full(name)
    first = source.head(name, HEAD).decode("utf-8-sig", "replace").partition("\n")[0].rstrip("\r")
    head = _LINE.fullmatch(first)
    before = _day(head[5], name, full) if head else ""
    if before:
        why = f"{name}: the clocks say less; taken is what the name of the file says"
        yield Assumption(what="year" if before.count("-") == 1 else "date", value=before, why=why)
    clock = RowClock(zone)
    yield from _Dump(source).told(_blocks(source, name, clock, before))


def _blocks(source: Source, name: str, clock: RowClock, before: str) -> Iterator[_Row | Problem]:
    full = source.full(name)
    talker, title = _talker(source, name)
    replaced = Replaced()
    try:
        every = lines(source, name, Encoding("utf-8"), replaced=replaced)
        for block in blocks(every, _LINE.fullmatch):
            where = block.place
            if block.head is None:
                if block.text.strip():
                    reason = block.reason("lines that belong to no message")
                    yield Problem(file=full, part=where, reason=reason, raw=block.text)
                continue
            sender_name, wxid, alone, room, stamp = block.head.groups()
            wxid = wxid or alone
            try:
                at = clock.time(before + stamp)
            except Malformed as cause:
                yield Problem(file=full, part=where, reason=str(cause), raw=block.text)
                continue
            content = block.text.partition("\n")[2].removesuffix("\n")
            kind, body, identifier = rendered(content)
            where_to, named = talker, title
            if room:
                found = _WHO.fullmatch(room)
                where_to, named = (found[2], found[1]) if found else (room, room)
            one = Said(
                at=at,
                kind=kind,
                body=body,
                name=sender_name or "",
                wxid="" if wxid == ME else wxid,
                mine=wxid == ME,
                id=identifier,
            )
            yield _Row(where_to, named, as_notice(one) if wxid == SYSTEM else one)
    except BrokenText as cause:
        yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")
    yield from replaced.problems(full)


def _talker(source: Source, name: str) -> tuple[str, str]:
    """The conversation of a text: by the file's name, else the only one who is not the owner."""
    stem = without_copy_number(name.rpartition(".")[0])
    plain = _DATE.sub("", stem).rstrip("_-~ ")
    if looks_like_id(plain):
        return plain, ""
    people: dict[str, str] = {}
    try:
        for line in lines(source, name, Encoding("utf-8")):
            found = _LINE.fullmatch(line.text)
            if found and (found[2] or found[3]) not in (ME, SYSTEM):
                people.setdefault(found[2] or found[3], found[1] or "")
            if len(people) > 1:
                break
    except BrokenText:
        pass  # told when the text is read
    if len(people) == 1:
        return next(iter(people.items()))
    if told_ := source.told.conversation:
        return told_, plain
    if may_be_id(plain):
        return plain, ""
    raise NeedsAnswer(
        "this text does not say which conversation it is",
        where=Where(source.full(name)),
        remedy="give --conversation with its id, such as 1234567890@chatroom, or save it again"
        " with format=json",
    )
