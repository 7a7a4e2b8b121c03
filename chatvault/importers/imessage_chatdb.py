"""Apple's Messages: `chat.db`, which its owner copied from a Mac or from a backup of an iPhone.

`chat.db` with `chat.db-wal` and `Attachments/` beside it. A row of its table `message`:
    ROWID 1, guid '0A0A0A0A-1111-4222-8333-444444444444', text 'Kettle is on', handle_id 1,
    service 'iMessage', date 731700330000000000 (ns since 2001), is_from_me 0
A reaction is a row of its own, whose associated_message_guid is 'p:0/<guid>' of its message.
"""

from array import array
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._imessage_chats import Chat, People, chats_of, own_addresses
from chatvault.importers._imessage_media import COLUMNS as FILE_COLUMNS
from chatvault.importers._imessage_media import attachment, is_hidden
from chatvault.importers._imessage_rows import (
    BOOKKEEPING,
    LOVED,
    REMOVED,
    REPEATED,
    Fields,
    Tapback,
    message,
    number,
    tapback,
    target,
    text,
)
from chatvault.importers._imessage_time import apple_time
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._sqlite import MAGIC, Database, opened
from chatvault.importers._sqlite_schema import table_names
from chatvault.model import Assumption, Attachment, Problem, Reaction, Record, Timestamp

INFO = ImporterInfo(
    key="imessage-chatdb",
    platform="imessage",
    title="Apple Messages (iMessage, SMS), chat.db",
    expects="a copy of chat.db with chat.db-wal and the folder Attachments",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "locations", "contacts", "stickers",
        "system", "media", "links", "payments",
    }),
    derived={**BOOKKEEPING, **REPEATED},
    leaves_out="names of people (they are in Contacts), media that are only in iCloud",
    seen="macOS 10.12 to 15, iOS 16 to 18 (2017 to 2025)",
)  # fmt: skip

TABLES = frozenset({
    "message", "chat", "handle", "attachment", "chat_message_join", "message_attachment_join",
})  # fmt: skip
BACKUP = "3d0d7e5fb2ce288813306e4d4636395e047a3d28"  # its name in a backup of an iPhone
NAMES = ("chat.db", "sms.db", f"3d/{BACKUP}", BACKUP)
ENDINGS = (".db", ".sqlite", ".sqlite3", ".sqlitedb")
AT_ONCE = 500
RAW = 10_000  # characters of one column in a problem
REMEDY = "copy chat.db again, with chat.db-wal and Attachments, while Messages is closed"


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: an SQLite file with the tables of Messages."""
    return tuple(f"{name}: tables of Apple's Messages" for name in _names(source))


def _names(source: Source) -> list[str]:
    candidates = [name for name in NAMES if source.has(name)]
    files = source.files()
    candidates += [
        name
        for name in files
        if name not in NAMES and (name.lower().endswith(ENDINGS) or len(files) == 1)
    ]
    return [name for name in candidates[:3] if table_names(source, name) >= TABLES]


def read(source: Source) -> Iterator[Record]:
    """The records of the database: each conversation in one transcript, sorted by time."""
    names = _names(source) or [name for name in source.files() if _is_database(source, name)][:1]
    names = names or source.files()[:1]
    if not names:
        raise BadExport("there is no chat.db", remedy=REMEDY)
    for name in names:
        with opened(source, name) as database:
            if "guid" not in database.columns("message"):
                raise BadExport(
                    "no table of messages can be read in it", where=Where(source.full(name)),
                    remedy=REMEDY,
                )  # fmt: skip
            yield from _Reading(source, name, database).records()


def _is_database(source: Source, name: str) -> bool:
    return source.head(name, len(MAGIC)) == MAGIC


class _Reading:
    """One database: first who reacted to what and what belongs where, then the messages."""

    def __init__(self, source: Source, name: str, database: Database) -> None:
        self._source = source
        self._file = source.full(name)
        self._name = name
        self._db = database
        self._columns = [
            name
            for name in database.columns("message")
            if name not in BOOKKEEPING and name not in {"ROWID", "cache_roomnames"}
        ]
        self._people = People(database, source.told)
        self._tapbacks: dict[str, dict[tuple[str, int], Tapback]] = {}
        self._files: dict[int, list[int]] = {}
        self._deleted: set[int] = set()
        self._ids = array("q")
        self._numbers: set[str] = set()  # of the owner's telephones

    def records(self) -> Iterator[Record]:
        yield from self._about_the_log()
        self._look_through()
        # Two people may keep their messages in one vault: each talks to the same third for itself.
        owner = next(iter(self._numbers)) if len(self._numbers) == 1 else None
        for chat in chats_of(self._db, self._ids, owner):
            yield from self._transcript(chat)
        for table in sorted(self._db.damaged):
            yield self._problem(f"table {table}", "damaged: some of it could not be read")

    def _about_the_log(self) -> Iterator[Record]:
        replayed = self._db.replayed
        log = f"{self._name}-wal"
        if replayed is None:
            yield Assumption(
                what="database",
                value=f"{self._name} holds all messages",
                why=f"there is no {log} beside it, in which the app keeps the newest ones;"
                " copy both",
            )
        elif not replayed.frames and replayed.rest:
            yield Problem(
                file=f"{self._file}-wal", part="", raw="",
                reason="damaged, or of another database: the newest messages may be missing",
            )  # fmt: skip

    def _look_through(self) -> None:
        """Find the reactions, of which each is a row of its own, and to which messages."""
        names = (
            "associated_message_type", "associated_message_guid", "associated_message_emoji",
            "handle_id", "is_from_me", "date", "account", "destination_caller_id",
        )  # fmt: skip
        for rowid, *values in self._db.scan("message", names):
            self._ids.append(_int(rowid))
            row = dict(zip(names, values, strict=True))
            if len(self._numbers) < 2:
                self._numbers.update(one for one in own_addresses(row) if one.startswith("+"))
            if number(row, "associated_message_type") < LOVED:
                continue
            found = tapback(_int(rowid), row)
            if found is not None:
                of_message = self._tapbacks.setdefault(target(row)[0], {})
                key = (found.part, found.handle)
                of_message[key] = max(found, of_message.get(key, found))
        if self._tapbacks:
            there = {
                guid for _, guid in self._db.scan("message", ["guid"]) if guid in self._tapbacks
            }
            self._tapbacks = {guid: self._tapbacks[str(guid)] for guid in map(str, there)}
        for _, one, other in self._db.scan(
            "message_attachment_join", ["message_id", "attachment_id"]
        ):
            if isinstance(one, int) and isinstance(other, int):
                self._files.setdefault(one, []).append(other)
        for _, one in self._db.scan("chat_recoverable_message_join", ["message_id"]):
            self._deleted.add(_int(one))

    def _transcript(self, chat: Chat) -> Iterator[Record]:
        ids = self._sorted(chat.messages)
        yield chat.conversation
        told = self._people.in_chat(chat)
        yield from told.members()
        seq = 0
        for first in range(0, len(ids), AT_ONCE):
            some = ids[first : first + AT_ONCE]
            rows = self._db.fetch("message", self._columns, some)
            files = self._attachments(some)
            for rowid in some:
                if rowid not in rows:
                    if "message" in self._db.damaged:
                        yield self._problem(f"message {rowid}", "the database is damaged here")
                    continue
                row = dict(zip(self._columns, rows[rowid], strict=True))
                if tapback(rowid, row) is not None and target(row)[0] in self._tapbacks:
                    continue  # told behind its message
                try:
                    found = list(self._message(chat, row, rowid=rowid, seq=seq, files=files))
                except Malformed as cause:
                    yield self._problem(f"message {rowid}", str(cause), _raw(row))
                    continue
                yield from told.sender(row)
                for one in self._reactions(row):
                    yield from told.reactor(one.handle)
                yield from found
                seq += 1

    def _sorted(self, all_ids: "array[int]") -> list[int]:
        ids = list(dict.fromkeys(all_ids))
        dates = self._db.fetch("message", ["date"], ids)
        # Row ids follow the order of arrival, and a device that syncs takes in the past last.
        return sorted(ids, key=lambda one: (_order(dates.get(one, (0,))[0]), one))

    def _attachments(self, ids: list[int]) -> dict[int, dict[str, object]]:
        wanted = [file for one in ids for file in self._files.get(one, ())]
        rows = self._db.fetch("attachment", FILE_COLUMNS, wanted)
        return {rowid: dict(zip(FILE_COLUMNS, row, strict=True)) for rowid, row in rows.items()}

    def _message(
        self, chat: Chat, row: Fields, *, rowid: int, seq: int, files: dict[int, dict[str, object]]
    ) -> Iterator[Record]:
        voice = bool(number(row, "is_audio_message"))
        shown: list[Attachment] = []
        hidden: list[object] = []
        for one in self._files.get(rowid, ()):
            file = files.get(one)
            if file is None:
                continue
            if is_hidden(file):
                hidden.append(file.get("transfer_name") or file.get("filename"))
            else:
                shown.append(attachment(self._source, file, voice=voice))
        extra: dict[str, object] = {"hidden_attachments": hidden} if hidden else {}
        if other := number(row, "other_handle"):
            extra["other"] = self._people.id_of(other)
        made = message(
            row,
            conversation_id=chat.conversation.id,
            sender_id=self._people.sender_of(row),
            seq=seq,
            attachments=tuple(shown),
            extra=extra,
            deleted=rowid in self._deleted,
        )
        yield made
        for given in self._reactions(row):
            yield Reaction(
                emoji=given.emoji,
                sender_id=self._people.id_of(given.handle),
                at=_moment(given.date),
                extra={"part": given.part} if given.part else {},
            )

    def _reactions(self, row: Fields) -> list[Tapback]:
        """Those that were not taken back, in their order."""
        given = self._tapbacks.get(text(row, "guid"), {})
        return sorted(one for one in given.values() if one.form < LOVED + REMOVED)

    def _problem(self, part: str, reason: str, raw: str = "") -> Problem:
        return Problem(file=self._file, part=part, reason=reason, raw=raw)


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _order(value: object) -> float:
    try:
        time = apple_time(value) if isinstance(value, int | float) else None
    except Malformed:
        return 0
    return time.utc_ms if time else 0


def _moment(date: int) -> Timestamp | None:
    try:
        return apple_time(date)
    except Malformed:
        return None


def _raw(row: Fields) -> str:
    return "\n".join(f"{name}: {value!r}"[:RAW] for name, value in row.items() if value)
