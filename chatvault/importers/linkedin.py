"""LinkedIn's messages.csv, out of the copy of one's data that LinkedIn sends.

    CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,
    SUBJECT,CONTENT,FOLDER
    2-abc,,Ema Roth,https://www.linkedin.com/in/ema-roth,Jo Ito,https://www.linkedin.com/in/jo-ito,
    2024-01-15 09:30:00 UTC,,"Hi, quick question",INBOX

Newest first, and without ids of messages. Lines of notes may stand before the header. Whose copy it
is shows in that one person takes part in everything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from chatvault.errors import BadExport, Where
from chatvault.importers._csv import HEAD, Text, head_rows, open_text, rows_behind
from chatvault.importers._fields import Malformed
from chatvault.importers._generic import File, Header, Item, Part, Place, Unread, records_of
from chatvault.importers._generic_body import attachment
from chatvault.importers._generic_time import parse
from chatvault.importers._html import unescaped
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    ConversationKind,
    MessageKind,
    Record,
)

INFO = ImporterInfo(
    key="linkedin",
    platform="linkedin",
    title="LinkedIn",
    version=2,
    expects="the zip Basic_ or Complete_LinkedInDataExport_..., or messages.csv out of it",
    derived={
        "TO": "who takes part, which stands with the conversation",
        "RECIPIENT PROFILE URLS": "who takes part, which stands with the conversation",
        "DATE": "the time of the message, which is kept",
        "IS MESSAGE DRAFT": "drafts are not read, and all others are none",
        "IS CONVERSATION DRAFT": "drafts are not read, and all others are none",
    },
    carries=frozenset({"links"}),
    leaves_out="ids of messages, reactions, edits, read receipts; files are addresses that expire."
    " Drafts were never sent and are not read",
    seen="copies of 2019 to 2024",
)  # fmt: skip

NEEDED = frozenset({"CONVERSATION ID", "FROM", "DATE", "CONTENT"})
_USED = frozenset({
    "CONVERSATION ID", "CONVERSATION TITLE", "FROM", "SENDER PROFILE URL", "TO",
    "RECIPIENT PROFILE URLS", "DATE", "SUBJECT", "CONTENT", "ATTACHMENTS", "IS MESSAGE DRAFT",
    "IS CONVERSATION DRAFT",
})  # fmt: skip
PREAMBLE = 20  # rows before the header
MOST_PLACES = 20_000
MOST_PEOPLE = 1_000  # of one conversation
REMEDY = "ask LinkedIn for the copy again (Settings, Data privacy), with messages"
_ADDRESS = re.compile(r"https?://[^\s,|]+")
_HTML = re.compile(r"</(?:p|div|a|ul|li|span|strong)>|<br ?/?>|<p[ >]", re.IGNORECASE)
_LINE_END = re.compile(r"<br ?/?>|</(?:p|div|li)>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the columns of messages.csv, in any order and below any notes."""
    found = ((name, _header(source.head(name, HEAD))) for name in _candidates(source)[:3])
    return tuple(f"{name} has the columns of LinkedIn" for name, header in found if header)


def read(source: Source) -> Iterator[Record]:
    """The conversations, each with its messages from the newest to the oldest."""
    names = [name for name in _candidates(source) if _header(source.head(name, HEAD))]
    if not names:
        raise BadExport(
            f"no table has the columns {', '.join(sorted(NEEDED))}",
            where=Where(source.name),
            remedy=REMEDY,
        )
    yield from records_of(source, ((name, _file(source, name)) for name in names), remedy=REMEDY)


def _file(source: Source, name: str) -> File:
    table = _Table(source, name)
    return File(source, name, table.parts, zone="UTC", notes=table.text.assumptions())


def _candidates(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith(".csv")]
    return sorted(names, key=lambda name: (name.lower() != "messages.csv", name))


def _header(head: bytes) -> tuple[list[str], int] | None:
    """The columns, and how many rows reach to their end."""
    for number, cells in enumerate(head_rows(head, limit=PREAMBLE), 1):
        columns = [cell.strip().upper() for cell in cells]
        if set(columns) >= NEEDED:
            return columns, number
    return None


@dataclass
class _Talk:
    """What all rows of one conversation say about it."""

    title: str = ""
    people: dict[str, str] = field(default_factory=dict)  # address or folded name -> name

    def join_names(self) -> None:
        """Take out the pieces of names with commas, where whoever bears one wrote something."""
        whole = [name for name in self.people.values() if "," in name]
        for name in whole:
            for piece in name.split(","):
                self.people.pop(f"name:{folded(piece)}", None)


class _Table:
    """The rows of one messages.csv as parts."""

    def __init__(self, source: Source, name: str) -> None:
        found = _header(source.head(name, HEAD))
        assert found is not None  # noqa: S101  (asked before)
        self._columns, self._skip = found
        self._source = source
        self.text: Text = open_text(source, name, legacy="cp1252")
        self._talks: dict[str, _Talk] = {}
        self._owner = ""
        self._survey()
        self._places = {key: self._place(key, talk) for key, talk in self._talks.items()}

    def parts(self) -> Iterator[Part]:
        """All conversations that are known, then every row; drafts are nothing."""
        for key, place in self._places.items():
            yield self._begun(self._talks[key], place)
        for row, part, raw in self._rows():
            if isinstance(row, str):
                yield Unread(part, row, raw)
                continue
            try:
                yield self._item(row, part=part, raw=raw)
            except Malformed as cause:
                yield Unread(part, str(cause), raw)

    def _rows(self) -> Iterator[tuple[dict[str, str] | str, str, str]]:
        width = len(self._columns)
        for row in rows_behind(self.text, self._skip, width=width):
            part, raw = f"line {row.line}", row.raw.rstrip("\r\n")
            if row.reason:
                yield row.reason, part, raw
            elif any(cell.strip() for cell in row.cells[width:]):
                yield f"{len(row.cells)} cells, expected {width}", part, raw
            else:
                cells = dict(zip(self._columns, row.cells, strict=False))
                drafts = ("IS MESSAGE DRAFT", "IS CONVERSATION DRAFT")
                if not any(folded(cells.get(key, "")) in {"yes", "true", "1"} for key in drafts):
                    yield cells, part, raw

    def _survey(self) -> None:
        """Who is in which conversation; whoever is in all of several is the owner."""
        everywhere: set[str] | None = None
        names: set[str] = set()
        for row, _, _ in self._rows():
            if isinstance(row, str):
                continue
            people = _people(row)
            here = set(people)
            everywhere = here if everywhere is None else everywhere & here
            key = row.get("CONVERSATION ID", "").strip()
            talk = self._talks.get(key)
            if talk is None:
                if len(self._talks) >= MOST_PLACES:
                    continue
                talk = self._talks[key] = _Talk()
            talk.title = talk.title or row.get("CONVERSATION TITLE", "").strip()
            for who, name in people.items():
                if len(talk.people) < MOST_PEOPLE:
                    talk.people[who] = talk.people.get(who) or name
                if len(names) < 3:
                    names.add(who)
        for talk in self._talks.values():
            talk.join_names()
        if everywhere is not None and len(everywhere) == 1 and len(names) > 1:
            self._owner = everywhere.pop()

    def _place(self, key: str, talk: _Talk) -> Place:
        others = [name or who for who, name in talk.people.items() if not self._is_owner(who, name)]
        others = others if len(talk.people) > 1 else list(talk.people.values())
        title = talk.title or ", ".join(others[:10]) or key or "LinkedIn"
        return Place(title=title, id=key, platform=INFO.platform)

    def _begun(self, talk: _Talk, place: Place) -> Header:
        people = [[name, who] if "://" in who else [name] for who, name in talk.people.items()]
        return Header(
            place=place,
            kind=ConversationKind.DIRECT if len(talk.people) <= 2 else ConversationKind.GROUP,
            owner=self._owner,
            extra={"people": people},
        )

    def _is_owner(self, who: str, name: str) -> bool:
        me = self._source.told.me
        return who == self._owner or (me is not None and me in (who, name))

    def _item(self, row: dict[str, str], *, part: str, raw: str) -> Item:
        key = row.get("CONVERSATION ID", "").strip()
        name = row.get("FROM", "").strip()
        address = _address(row.get("SENDER PROFILE URL", ""))
        content = row.get("CONTENT", "")
        extra: dict[str, object] = {
            column: cell for column, cell in row.items() if cell.strip() and column not in _USED
        }
        text = content
        if _HTML.search(content):
            extra["CONTENT"] = content
            text = unescaped(_TAG.sub("", _LINE_END.sub("\n", content))).rstrip("\n")
        files = tuple(_files(self._source, row.get("ATTACHMENTS", "")))
        subject = row.get("SUBJECT", "").strip()
        return Item(
            part=part,
            raw=raw,
            place=self._places.get(key) or self._place(key, _Talk(people=_people(row))),
            when=parse(row.get("DATE", "")),
            kind=_kind(text or subject, files),
            text=text,
            sender_id=address,
            sender=name,
            more_text=(subject,) if subject else (),
            attachments=files,
            extra=extra,
        )


def _kind(words: str, files: tuple[Attachment, ...]) -> MessageKind:
    """Text, a file, or what LinkedIn leaves out: who sent something when is still told."""
    if words:
        return MessageKind.TEXT
    return files[0].kind if files else MessageKind.OTHER


def _people(row: dict[str, str]) -> dict[str, str]:
    """Who wrote and who received a message: address, or folded name, and name.

    Names may have commas in them: they are only told apart where there are as many as addresses.
    """
    sender = row.get("FROM", "").strip()
    found = {}
    address = _address(row.get("SENDER PROFILE URL", ""))
    if address or sender:
        found[address or f"name:{folded(sender)}"] = sender
    addresses = [_address(one) for one in _ADDRESS.findall(row.get("RECIPIENT PROFILE URLS", ""))]
    received = row.get("TO", "").strip()
    names = [name.strip() for name in received.split(",") if name.strip()]
    if len(names) != len(addresses) and len(addresses) == 1:
        names = [received]
    if not addresses:
        for name in names:
            found.setdefault(f"name:{folded(name)}", name)
    elif len(names) == len(addresses):
        for who, name in zip(addresses, names, strict=True):
            found[who] = found.get(who) or name
    else:
        for who in addresses:
            found.setdefault(who, "")
    return found


def _address(written: str) -> str:
    return written.strip().partition("?")[0].rstrip("/")


def _files(source: Source, cell: str) -> Iterator[Attachment]:
    """The addresses in a cell; of other words that there was something."""
    found = _ADDRESS.findall(cell)
    for address in found:
        yield attachment(source, "", address)
    if cell.strip() and not found:
        state = AttachmentState.PLACEHOLDER_ONLY
        yield Attachment(name="", state=state, as_exported=cell.strip())
