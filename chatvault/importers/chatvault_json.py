"""ChatVault's own records, one JSON object per line (docs/records.md).

A file of the name `*.jsonl` with the media beside it. Its first lines:
    {"chatvault":"records","version":1}
    {"record":"Conversation","id":"user1","platform":"telegram","title":"Ada","kind":"direct"}
    {"record":"Participant","id":"user1","name":"Ada","conversation_id":"user1"}
    {"record":"Message","id":"7","conversation_id":"user1","sender_id":"user1","sent_at":{"utc_ms":
     1700000000000,"as_exported":"1700000000"},"seq":0,"kind":"text","text":"hi"}
"""

import unicodedata
from collections.abc import Iterator

import msgspec

from chatvault.errors import BadExport, NewerFormat, Where
from chatvault.importers._fields import EARLIEST_MS, LATEST_MS, Malformed
from chatvault.importers._limits import MiB
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    Message,
    Participant,
    Problem,
    Reaction,
    Record,
    Timestamp,
)

INFO = ImporterInfo(
    key="chatvault-json",
    platform="any",
    title="ChatVault's own JSON lines",
    expects="a .jsonl file (or a folder of them) made by `chatvault restore chats --format json`",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "forwards", "calls", "locations",
        "contacts", "stickers", "polls", "system", "media", "links", "payments",
    }),
    derived={
        "chatvault": "the header of the file, the same in all of them",
        "version": "of the form, told by the header",
    },
    seen="version 1 of the records",
)  # fmt: skip

VERSION = 1
# A line holds one record; the longest are problems, whose raw text may be a field of 16 MiB.
LINE_LIMIT = 64 * MiB
RAW_OF_TOO_LONG = 64 * 1024
RECORD: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the header line of one of the first .jsonl files at the top."""
    names = [name for name in source.files() if name.lower().endswith(".jsonl")]
    found = [name for name in names[:3] if _version(source.head(name)) is not None]
    return tuple(f"{name} begins with the header of ChatVault's records" for name in found)


def read(source: Source) -> Iterator[Record]:
    """The records of all files at the top that have our header, as they were written."""
    started = False
    for name in source.files():
        if not name.lower().endswith(".jsonl"):
            continue
        version = _version(source.head(name))
        if version is None:
            continue
        started = True
        if version > VERSION:
            raise NewerFormat(
                f"records of version {version}; this ChatVault reads version {VERSION}",
                where=Where(source.full(name), "line 1"),
                remedy="update ChatVault",
            )
        yield from _File(source, name).records()
    if not started:
        raise BadExport(
            "no file here begins with the header of ChatVault's records",
            remedy='the first line has to be {"chatvault":"records","version":1}',
        )


class _File:
    """One file and what it has told so far: a record may refer only to what came before it."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._conversation: str | None = None
        self._people: set[tuple[str, str]] = set()
        self._place = ""  # the conversation of the message before, "" when there is none

    def records(self) -> Iterator[Record]:
        number = 0
        try:
            with self._source.open(self._name) as file:
                while line := file.readline(LINE_LIMIT + 1):
                    number += 1
                    if len(line) > LINE_LIMIT:
                        yield self._problem(number, "a line that is too long", line)
                        while not line.endswith(b"\n") and (line := file.readline(LINE_LIMIT)):
                            pass
                    elif number > 1 and line.strip():
                        yield from self._line(number, line)
        except (OSError, ValueError) as cause:
            yield self._problem(number + 1, f"the file breaks off: {type(cause).__name__}", b"")

    def _line(self, number: int, line: bytes) -> Iterator[Record]:
        reason = ""
        try:
            yield from self._checked(RECORD.decode(line))
        except Malformed as cause:
            reason = str(cause)
        except msgspec.ValidationError as cause:
            # Only the place: the rest of its text may quote a value.
            place = str(cause).rpartition(" - at ")[2] if " - at " in str(cause) else "$"
            reason = f"not a record of this version, see {place.strip('`')}"
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            reason = "not a JSON object"
        if reason:
            # Reactions behind a lost message must not go to the message before it.
            self._place = ""
            yield self._problem(number, reason, line)

    def _checked(self, record: Record) -> Iterator[Record]:
        if isinstance(record, Conversation | Participant | Message | Reaction):
            record = msgspec.structs.replace(record, extra=_storable(record.extra))
        if isinstance(record, Message) and record.more_extra:
            more = tuple(_storable(extra) for extra in record.more_extra)
            record = msgspec.structs.replace(record, more_extra=more)
        if isinstance(record, Conversation):
            self._conversation = record.id
        elif isinstance(record, Participant):
            self._told(record.conversation_id)
            self._people.add((record.conversation_id, record.id))
        elif isinstance(record, Message):
            self._told(record.conversation_id)
            times = [record.sent_at, record.edited_at, *(old.at for old in record.versions)]
            _check_times(times)
            files = tuple(self._attachment(file) for file in record.attachments)
            record = msgspec.structs.replace(record, attachments=files)
            yield from self._unnamed(record.conversation_id, record.sender_id)
        elif isinstance(record, Reaction):
            if not self._place:
                raise Malformed("a reaction that follows no message")
            _check_times([record.at])
            yield from self._unnamed(self._place, record.sender_id)
        try:
            msgspec.msgpack.encode(record)
        except OverflowError as cause:
            raise Malformed("a number beyond 64 bits") from cause
        if isinstance(record, Message):
            self._place = record.conversation_id
        elif not isinstance(record, Reaction):
            self._place = ""
        yield record

    def _told(self, conversation_id: str) -> None:
        if conversation_id != self._conversation:
            raise Malformed("of another conversation than the last one told")

    def _unnamed(self, conversation_id: str, sender_id: str | None) -> Iterator[Participant]:
        """Somebody whose own line is lost: better a name that is an id than a lost message."""
        if sender_id is None or (conversation_id, sender_id) in self._people:
            return
        self._people.add((conversation_id, sender_id))
        yield Participant(id=sender_id, name=sender_id, conversation_id=conversation_id)

    def _attachment(self, file: Attachment) -> Attachment:
        if file.others:
            others = tuple(self._attachment(other) for other in file.others)
            file = msgspec.structs.replace(file, others=others)
        if file.path is None:
            return file
        path = self._source.resolve(file.path)
        # Our own paths are exact; one that only shares its base name is another file.
        if path is not None and not _same(path, self._source.full(file.path)):
            path = None
        if path is not None:
            return msgspec.structs.replace(file, path=path)
        missing = file.state is AttachmentState.PRESENT
        return msgspec.structs.replace(
            file,
            path=None,
            state=AttachmentState.MISSING_FILE if missing else file.state,
            as_exported=file.as_exported or file.path,
        )

    def _problem(self, number: int, reason: str, line: bytes) -> Problem:
        raw = line if len(line) <= LINE_LIMIT else line[:RAW_OF_TOO_LONG]
        return Problem(
            file=self._source.full(self._name),
            part=f"line {number}",
            reason=reason,
            raw=raw.decode("utf-8", errors="replace").rstrip("\r\n"),
        )


def _version(head: bytes) -> int | None:
    """The version in the header line of a file, None if there is no such line."""
    line = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    try:
        header = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(header, dict) or header.get("chatvault") != "records":
        return None
    version = header.get("version")
    return version if type(version) is int and version > 0 else None


def _same(one: str, other: str) -> bool:
    """Whether two names are one file to systems that fold case and Unicode forms."""
    first, second = (unicodedata.normalize("NFC", name).casefold() for name in (one, other))
    return first == second


def _check_times(times: list[Timestamp | None]) -> None:
    for time in times:
        if time is not None and not EARLIEST_MS <= time.utc_ms < LATEST_MS:
            raise Malformed("a time out of range")


def _storable(extra: dict[str, object]) -> dict[str, object]:
    return {key: _value(value) for key, value in extra.items()}


def _value(value: object) -> object:
    """The same value, but integers that 64 bits do not hold as text."""
    if isinstance(value, dict):
        return {key: _value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value
