"""Threema: the data backup of Android once it is unpacked, and the export of one chat.

A folder with `contacts.csv`, `groups.csv`, `message_<ID>.csv`, `group_message_<...>.csv` and media
called `message_media_<uid>`; every cell quoted, backslashes doubled, times in milliseconds:
    "apiid","uid","isoutbox","isread","issaved","messagestae","posted_at","created_at",...,"type",
    "0123456789abcdef","11111111-...","0","1","1","READ","1710007530000",...,"TEXT","in the oven"

The export of a chat is `messages.txt`, with media beside it; of Android and of the iPhone:
    [09.03.2024, 19:05] Bram: Bread is in the oven
    <<< 9 March 2024 at 19:05:30 GMT+1: Bread is in the oven
"""

import re
from collections.abc import Iterator
from functools import partial

from chatvault.errors import BadExport, Where
from chatvault.importers import _threema_text
from chatvault.importers._csv import head_rows, open_text, rows_behind
from chatvault.importers._fields import Malformed
from chatvault.importers._generic import File, Header, Part, Place, Unread, records_of
from chatvault.importers._google_dates import MONTH_NAMES
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._threema_row import Row, message
from chatvault.model import ConversationKind, Record

INFO = ImporterInfo(
    key="threema",
    platform="threema",
    title="Threema",
    version=2,
    expects="the folder of an Android data backup that was unpacked with its password, or the zip"
    " of one exported chat",
    carries=frozenset({
        "ids", "replies", "edits", "deletions", "calls", "locations", "contacts", "polls", "system",
        "media",
    }),
    derived={
        "uid": "the name of the file of a message, which is kept with it",
        "isoutbox": "told by who sent it",
        "type": "told by the kind of the message; one that is not known is kept",
        "isstatusmessage": "told by the kind of the message",
        **dict.fromkeys(
            (*MONTH_NAMES, "klo", "AM", "PM"),
            "part of the clock of a message, which is kept as a time",
        ),
        **dict.fromkeys(("GMT", "UTC"), "the offset of a clock, which is kept with the time"),
        **dict.fromkeys(
            ("CET", "MEZ"), "the abbreviation of a zone, none of which names one for sure"
        ),
        "Beschriftung": "the iPhone's word before the text of a picture",
    },
    leaves_out="questions and votes of polls, distribution lists; the export of one chat has no ids"
    " and mostly no time zone",
    seen="Android data backups with the columns of 2018 to 2025, chats of 2019 to 2025",
)  # fmt: skip

HEAD = 16 * 1024
CONTACTS, GROUPS = "contacts.csv", "groups.csv"
MOST = 50_000  # contacts and groups
LEGACY = "cp1252"
REMEDY = (
    "unpack the data backup with its password (7-Zip, Keka or The Unarchiver can, the system's own"
    " programs cannot) and give the folder"
)
_FILE = re.compile(r"(group_)?message_(?!media_|thumbnail_)(.{1,80})\.csv", re.IGNORECASE)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: contacts and a table of messages, or a first line as Threema writes it."""
    tables = _tables(source)
    if tables and (source.has(CONTACTS) or source.has(GROUPS)):
        for name in tables[:3]:
            if _is_ours(source, name):
                return (f"{name} has the columns of Threema's data backup", "contacts beside it")
    if found := _threema_text.evidence(source):
        return (found,)
    return ()


def read(source: Source) -> Iterator[Record]:
    """A conversation for every table, or the one of messages.txt."""
    names = [name for name in _tables(source) if _is_ours(source, name)]
    if not names and (texts := _threema_text.names(source)):
        chats = ((name, _threema_text.file(source, name)) for name in texts)
        yield from records_of(source, chats, remedy=REMEDY)
        return
    if not names:
        raise BadExport(
            "there is no table of messages and no messages.txt",
            where=Where(source.name),
            remedy=REMEDY,
        )
    people, groups = _contacts(source), _groups(source)
    files = ((name, _file(source, name, people, groups)) for name in names)
    yield from records_of(source, files, remedy=REMEDY)


def _tables(source: Source) -> list[str]:
    return [name for name in source.files() if _FILE.fullmatch(name)]


def _is_ours(source: Source, name: str) -> bool:
    """Whether a table begins as Threema's do; those of groups say who wrote, too."""
    columns = _columns(source, name)
    return columns[:2] == ["apiid", "uid"] and "isoutbox" in columns[2:4]


def _columns(source: Source, name: str) -> list[str]:
    found = head_rows(source.head(name, HEAD), limit=1)
    return [cell.strip().casefold() for cell in found[0]] if found else []


def _file(source: Source, name: str, people: dict[str, Row], groups: dict[str, Row]) -> File:
    found = _FILE.fullmatch(name)
    assert found is not None  # noqa: S101  (names are chosen by it)
    key = found[2]
    if found[1]:
        group = groups.get(key.casefold(), {})
        title = group.get("groupname") or group.get("name") or key
        kind = ConversationKind.GROUP
    else:
        contact = people.get(key.casefold(), {})
        key = contact.get("identity") or key
        title = _name(contact) or key
        kind = ConversationKind.DIRECT
    place = Place(title=title, id=key, platform=INFO.platform)
    names = {one.get("identity", ""): _name(one) for one in people.values()}
    parts = partial(_parts, source, name, Header(place=place, kind=kind), names)
    text = open_text(source, name, legacy=LEGACY)
    return File(source, name, parts, notes=text.assumptions())


def _parts(source: Source, name: str, header: Header, names: dict[str, str]) -> Iterator[Part]:
    yield header
    other = header.place.id if header.kind is ConversationKind.DIRECT else ""
    for row, part, raw in _rows(source, name):
        if isinstance(row, str):
            yield Unread(part, row, raw)
            continue
        try:
            yield message(
                row, source, place=header.place, part=part, raw=raw, other=other, names=names
            )
        except Malformed as cause:
            yield Unread(part, str(cause), raw)


def _rows(source: Source, name: str) -> Iterator[tuple[Row | str, str, str]]:
    """The rows of a table by the names of its columns, or why one cannot be read."""
    columns = _columns(source, name)
    width = len(columns)
    text = open_text(source, name, legacy=LEGACY)
    for row in rows_behind(text, 1, width=width):
        part, raw = f"line {row.line}", row.raw.rstrip("\r\n")
        if row.reason or len(row.cells) > width:
            yield row.reason or f"{len(row.cells)} cells, expected {width}", part, raw
        else:
            cells = (cell.replace("\\\\", "\\") for cell in row.cells)
            yield dict(zip(columns, cells, strict=False)), part, raw


def _contacts(source: Source) -> dict[str, Row]:
    """The contacts by their Threema ID, and by the key that newer backups name files with."""
    found: dict[str, Row] = {}
    for row in _listed(source, CONTACTS):
        for column in ("identity", "identity_id"):
            if key := row.get(column, "").casefold():
                found.setdefault(key, row)
    return found


def _groups(source: Source) -> dict[str, Row]:
    """The groups by all keys that files are named with: number, creator, or a key of their own."""
    found: dict[str, Row] = {}
    for row in _listed(source, GROUPS):
        number, creator = row.get("id", ""), row.get("creator", "")
        for key in (f"{number}-{creator}", row.get("group_uid", ""), number):
            if key.strip("-"):
                found.setdefault(key.casefold(), row)
    return found


def _listed(source: Source, name: str) -> Iterator[Row]:
    if not source.has(name):
        return
    for number, (row, _, _) in enumerate(_rows(source, name)):
        if number >= MOST:
            return
        if isinstance(row, dict):
            yield row


def _name(contact: Row) -> str:
    """Somebody's name as the owner wrote it, else as they call themselves."""
    own = f"{contact.get('firstname', '')} {contact.get('lastname', '')}".strip()
    return own or contact.get("nick_name", "") or contact.get("nickname", "")
