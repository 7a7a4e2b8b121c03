"""MemoTrace (留痕, WeChatMsg): tables, pages and texts of both generations, and the `.html.json`.

A folder `聊天记录/<remark>(<wxid>)/`, with the media in folders beside the files. One row of each:
    101,3,1,0,0,1700000000,,明天几点出发？,2023-11-15 06:13:20,小满,林小满,wxid_lin0demo
    7300000000000000021,文本,小满,2025-02-01 20:00:00,八点吧,小满,林小满,more
    {"type":"1","is_send":false,"timestamp":1738411200,"server_id":"7300000000000000061",
     "display_name":"小满","avatar_src":"./avatar/wxid_lin0demo.png","xml_dict":{},"text":"好看"}

Exporting again makes `name(1).csv` beside `name.csv`: each file is a transcript of its own.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from chatvault.errors import EmptyExport, Where
from chatvault.importers import _memotrace_page as pages
from chatvault.importers import _memotrace_text as texts
from chatvault.importers._clock import zone_for
from chatvault.importers._csv import Text, open_text
from chatvault.importers._fields import Malformed
from chatvault.importers._html import unescaped
from chatvault.importers._js_literal import BrokenScript, items
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._memotrace_contacts import CONTACTS, contacts
from chatvault.importers._memotrace_csv import FIRST, OLDEST, SECOND
from chatvault.importers._memotrace_files import (
    LIST,
    PAGE_HEAD,
    TITLE,
    candidates,
    evidence,
    header_of,
    named,
)
from chatvault.importers._memotrace_json import Files, avatar_id, records
from chatvault.importers._memotrace_tables import DIRECT, GROUP, Tables
from chatvault.importers._people import folded
from chatvault.importers._plain_chat import of_encoding
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText
from chatvault.importers._wechat_rows import (
    HOME,
    RowClock,
    Transcript,
    asked_about,
    may_be_id,
    place_of,
    without_copy_number,
)
from chatvault.importers._wechat_said import told
from chatvault.model import Assumption, Conversation, ConversationKind, Problem, Record

INFO = ImporterInfo(
    key="wechat-memotrace",
    platform="wechat",
    title="WeChat, exported by MemoTrace (留痕)",
    version=2,
    expects="folder of one conversation below 聊天记录, with .html.json, .csv, .html, .txt or .md",
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
        "引用": "stands before what a reply quotes, which is kept",
    },
    leaves_out="MemoTrace 1 lost what quotes, links and files say; CSV files have no media",
    seen="MemoTrace 0.2 to 1.x and 2.x, 2023 to 2025",
)  # fmt: skip

FIRST_ITEMS = 2_000  # in which to look for who a page is with

_WXID = re.compile(r"const wxid\s*=\s*\"([^\"\n]{1,128})\"")
_FAILED = "出错了"  # the title of a page that the tool could not write


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: what a file begins with. Looks into three files, those that say most first."""
    return tuple(
        f"{name} {found}" for name in candidates(source)[:3] if (found := evidence(source, name))
    )


def read(source: Source) -> Iterator[Record]:
    """The transcript of every file; those of one conversation meet by server id or content."""
    title, identifier = named(source.name)
    titles = {without_copy_number(name.partition(".")[0]) for name in candidates(source)}
    source = asked_about(source, titles)
    export = _Export(source, title, identifier, files=Files(source))
    started = False
    for name in sorted(candidates(source)):
        if not evidence(source, name):
            continue
        for record in export.part(name):
            yield record
            started = started or not isinstance(record, Assumption | Conversation)
    if not started:
        raise EmptyExport(
            "there is not one message in these files of MemoTrace",
            where=Where(source.name),
            remedy="give the folder of one conversation, with its .html.json, .csv or .html files;"
            " an .xlsx is not read: save it as .csv first",
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
    _sides: dict[str, tuple[str, str]] | None = None

    def __post_init__(self) -> None:
        self.zone, assumed = zone_for(self.source.told, HOME)
        self._assumptions = [assumed] if assumed else []

    def part(self, name: str) -> Iterator[Record]:
        """The transcripts of one file."""
        ending = name.lower()
        if ending.endswith(".html.json"):
            yield from self.page(name)
        elif ending.endswith(".csv"):
            yield from self._table(name)
        elif ending.endswith(".html"):
            yield from self._html(name)
        else:
            yield from self._text(name)

    def _clock(self) -> Iterator[Record]:
        yield from self._assumptions
        self._assumptions = []

    def _table(self, name: str) -> Iterator[Record]:
        header = header_of(self.source, name)
        text = open_text(self.source, name)
        yield from text.assumptions()
        if header == CONTACTS:
            yield from contacts(text)
            return
        if header in (SECOND, OLDEST):
            yield from self._clock()
        yield from self._tables().table(text, header)

    def _tables(self) -> Tables:
        return Tables(self.source, self.title, self.identifier, self.files, self.zone)

    def _known(self, title: str) -> tuple[str, str]:
        """The ids of both sides of the conversation of this title, as a table beside tells them.

        Pages and texts of the first generation name people, and its tables have their ids.
        """
        if self._sides is None:
            self._sides = {}
            tables = self._tables()
            for name in self.source.files():
                header = header_of(self.source, name) if _is_table(name) else ()
                if header == FIRST:
                    text: Text = open_text(self.source, name)
                    self._sides.setdefault(
                        folded(tables.title_of(text)), tables.sides(text, header)
                    )
        return self._sides.get(folded(title), ("", ""))

    def _place(
        self, title: str, identifier: str, kind: ConversationKind
    ) -> tuple[Conversation, Transcript]:
        title = self.title or title
        other, own = self._known(title)
        identifier = self.identifier or identifier or (other if kind is DIRECT else "")
        place = place_of(self.source.told, identifier or None, title, kind)
        place = msgspec.structs.replace(place, owner=own or None)
        return place, Transcript(place, self.source.told)

    def _html(self, name: str) -> Iterator[Record]:
        """The transcript of a page; the messages are a list in its script."""
        full = self.source.full(name)
        head = self.source.head(name, PAGE_HEAD).decode("utf-8", "replace")
        titled = TITLE.search(head)
        shown = unescaped(titled[1]).strip() if titled else ""
        if shown == _FAILED:
            reason = "MemoTrace could not write this page: there is no message in it"
            yield Problem(file=full, part="", reason=reason, raw="")
            return
        title = shown or without_copy_number(name[: -len(".html")])
        wxid = _WXID.search(head)
        identifier, kind = self._page_sides(name)
        if wxid and may_be_id(wxid[1]):
            identifier = wxid[1]
        place, talk = self._place(title, identifier, kind)
        yield place
        try:
            with self.source.open(name) as file:
                for part in items(file, LIST, salvage=pages.salvaged):
                    if isinstance(part, Bad):
                        yield part.problem(full)
                    elif isinstance(part.value, dict) and "server_id" in part.value:
                        value = _plain(part.value)
                        yield from self._item(Item(part.position, value), talk, full)
                    else:
                        yield from self._page_item(part, talk, full)
        except (BrokenScript, OSError) as cause:
            yield Problem(file=full, part="end", reason=f"the page breaks off: {cause}", raw="")

    def _page_item(self, part: Item, talk: Transcript, full: str) -> Iterator[Record]:
        try:
            found = list(told(pages.said(part.value, self.files), talk))
        except Malformed as cause:
            yield Bad(f"[{part.position}]", str(cause), _json(part.value)).problem(full)
            return
        yield from found

    def _page_sides(self, name: str) -> tuple[str, ConversationKind]:
        """Whom a page is with, and whether that is a group."""
        ids: set[str] = set()
        people: set[str] = set()
        try:
            with self.source.open(name) as file:
                for part in islice(items(file, LIST, salvage=pages.salvaged), FIRST_ITEMS):
                    item = part.value if isinstance(part, Item) else None
                    if not isinstance(item, dict):
                        continue
                    if item.get("is_chatroom") in (1, "1"):
                        return "", GROUP
                    if item.get("is_send") in (0, False) and item.get("type") != 0:
                        people.add(str(item.get("display_name", "")))
                        ids.add(pages.avatar_id(item) if "avatar_path" in item else _avatar(item))
                    if len(people) > 2 or len(ids - {""}) > 2:
                        break
        except (BrokenScript, Malformed, OSError):
            pass  # told when the page is read
        return _with_whom(people, ids)

    def _text(self, name: str) -> Iterator[Record]:
        """The transcript of a text or a Markdown file."""
        full = self.source.full(name)
        text = texts.Texts(self.source, name)
        with suppress(BrokenText):  # told when the text is read
            text.look()
        yield from of_encoding(text.encoding)
        yield from self._clock()
        title = self.title or without_copy_number(name.rpartition(".")[0])
        others = [one for one in text.names.values() if folded(one) != folded(title)]
        known = folded(title) in text.names
        direct = len(text.names) <= 2 and (known or not others)
        place, talk = self._place(title, "", DIRECT if direct or self._is_person() else GROUP)
        yield place
        two = place.kind is DIRECT and known
        try:
            for part in texts.said(text, RowClock(self.zone), self.files):
                if isinstance(part, Problem):
                    yield part
                    continue
                where, raw, one = part
                if two:
                    # There is no direction: all but the other side are the owner.
                    mine = folded(one.name) != folded(title)
                    one = msgspec.structs.replace(one, mine=mine)
                try:
                    yield from told(one, talk)
                except Malformed as cause:
                    yield Problem(file=full, part=where, reason=str(cause), raw=raw)
        except BrokenText as cause:
            yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")

    def _is_person(self) -> bool:
        return bool(self.identifier) and not self.identifier.endswith("@chatroom")

    def page(self, name: str) -> Iterator[Record]:
        """The transcript of a `.html.json`."""
        title = self.title or without_copy_number(name[: -len(".html.json")])
        identifier, kind = self.identifier, DIRECT
        if not identifier:
            identifier, kind = self._other_side(name)
        place = place_of(self.source.told, identifier or None, title, kind)
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
        return _with_whom(people, ids)


def _with_whom(people: set[str], ids: set[str]) -> tuple[str, ConversationKind]:
    """The other side and the kind of a conversation in which, but for the owner, these write."""
    ids = ids - {""}
    # A second name is the one before somebody changed it, or a system row without one.
    if len(ids) > 1 or len(people) > 2:
        return "", GROUP
    return (ids.pop() if ids else ""), DIRECT


def _is_table(name: str) -> bool:
    return name.lower().endswith(".csv")


def _plain(value: object) -> object:
    """A value of a page of the second generation, where texts are escaped as HTML."""
    if isinstance(value, str):
        return value if value.startswith("http") else unescaped(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _avatar(item: dict[str, object]) -> str:
    try:
        return avatar_id(item)
    except Malformed:
        return ""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
