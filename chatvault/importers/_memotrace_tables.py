"""The CSV files of MemoTrace: which conversations a table holds, and its rows in their order.

`<remark>_utf8.csv` and `<remark>.csv` are one conversation each; `messages.csv` of the first
generation has all of an account in turn, told apart by `TalkerId`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from chatvault.importers._csv import Row, Text, rows
from chatvault.importers._fields import Malformed
from chatvault.importers._memotrace_csv import (
    FIRST,
    OLDEST,
    SECOND,
    Records,
    first,
    oldest,
    second,
)
from chatvault.importers._memotrace_json import Files
from chatvault.importers._people import folded
from chatvault.importers._source import Source
from chatvault.importers._wechat import is_room
from chatvault.importers._wechat_rows import (
    RowClock,
    Transcript,
    conversation,
    without_copy_number,
)
from chatvault.model import Assumption, Conversation, ConversationKind, Problem, Record

GROUP, DIRECT = ConversationKind.GROUP, ConversationKind.DIRECT
# `messages.csv` has all conversations in turn; this many rows are sorted into theirs at a time, so
# that a conversation is told in few transcripts and memory stays bounded.
WINDOW = 5000


@dataclass
class Tables:
    """The tables of one folder; `title` and `identifier` are what its name says."""

    source: Source
    title: str
    identifier: str
    files: Files
    zone: str

    def sides(self, text: Text, header: tuple[str, ...]) -> tuple[str, str]:
        """The ids of the other side of a conversation of two and of its owner, if rows say them."""
        title = self.title_of(text)
        others: dict[str, tuple[str, ...]] = {}
        own: set[str] = set()
        for row in _cells(text, header) if header == FIRST else ():
            cells = row.cells
            if len(cells) < len(FIRST) or cells[2].strip() == "10000" or is_room(cells[11]):
                continue
            if cells[4].strip() == "1":
                own.add(cells[11])
            else:
                others[cells[11]] = (cells[9], cells[10], cells[11])
            if len(others) > 1:
                break
        [other, names] = next(iter(others.items()), ("", ()))
        two = len(others) == 1 and title in names
        return (other if two else "", own.pop() if len(own) == 1 else "")

    def table(self, text: Text, header: tuple[str, ...]) -> Iterator[Record]:
        """The transcripts of a CSV file."""
        if header == SECOND:
            yield from self._second(text)
        elif header == OLDEST:
            yield from self._oldest(text)
        else:
            yield from self._first(text, header)

    def title_of(self, text: Text) -> str:
        """The title of the conversation in a file, by the names of folder and file."""
        base = text.name.rpartition(".")[0]
        return self.title or without_copy_number(without_copy_number(base).removesuffix("_utf8"))

    def _second(self, text: Text) -> Iterator[Record]:
        title = self.title_of(text)
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
        place = conversation(self.identifier or None, self.title_of(text), DIRECT)
        talk = Transcript(place, self.source.told)
        yield place
        clock = RowClock(self.zone)
        for row in _cells(text, OLDEST):
            yield from self._row(text, row, OLDEST, partial(oldest, talk=talk, clock=clock))

    def _first(self, text: Text, header: tuple[str, ...]) -> Iterator[Record]:
        """One conversation, or all of the account: then `TalkerId` tells them apart."""
        whole = not self.identifier and folded(without_copy_number(text.name[:-4])) == "messages"
        places = _places(
            text, header, whole=whole, title=self.title_of(text), identifier=self.identifier
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
                self.identifier or None, self.title_of(text), DIRECT
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
