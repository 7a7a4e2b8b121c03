"""Signal's own plaintext export, by Signal Android and Signal Desktop since 2026.

A folder or zip `signal-export-...` with `main.jsonl`, `metadata.json` and the media in `files/`.
Lines of it (the first is about the export, every later one is a frame):
    {"version":"1","backupTimeMs":"1772700000000","mediaRootBackupKey":"AAAA...","currentApp...
    {"recipient":{"id":"2","contact":{"aci":"ERERESIiQzOERFVVVVVVVQ==","profileGivenName":"Bram"}}}
    {"chat":{"id":"1","recipientId":"2"}}
    {"chatItem":{"chatId":"1","authorId":"2","dateSent":"1710007530000","incoming":{"read":true},
     "standardMessage":{"text":{"body":"Bread is in the oven"}}}}
"""

import re
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed, need
from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import DEFAULT
from chatvault.importers._protocol import ImporterInfo, Redaction
from chatvault.importers._signal_files import SERVERS, Files
from chatvault.importers._signal_item import Items
from chatvault.importers._signal_people import PLATFORM, REFERENCES, Book, identifier
from chatvault.importers._signal_secrets import (
    SECRETS,
    WHAT,
    lines_without_secrets,
    source_without_secrets,
)
from chatvault.importers._source import Source
from chatvault.model import Problem, Record

HEAD = 64 * 1024
FILE = "main.jsonl"
# Messages of all conversations come in one order; so many are sorted into theirs at a time, so that
# a conversation is told in few transcripts and memory stays bounded.
WINDOW = 1000
_INNER = re.compile(r"signal-backup-[^/]+/main\.jsonl")
REMEDY = (
    "export again in Signal (Desktop: Settings, Chats, Export chat history), wait until it is done,"
    " and give the whole folder or zip"
)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first two lines of `main.jsonl`."""
    return tuple(
        f"{name}: Signal's own export" for name in _candidates(source)[:3] if _ours(source, name)
    )


def _candidates(source: Source) -> list[str]:
    """The files at the top that may be it, and the one in the folder that Desktop put inside."""
    names = [name for name in source.files() if name.lower().endswith(".jsonl")]
    inner = [
        f"{folder}/{FILE}"
        for folder in source.folders()
        if _INNER.fullmatch(f"{folder}/{FILE}") and source.has(f"{folder}/{FILE}")
    ]
    return sorted(names, key=lambda name: (name != FILE, name)) + inner


def _ours(source: Source, name: str) -> bool:
    lines = (
        line for line in source.head(name, HEAD).split(b"\n") if line.strip() not in {b"", b"{}"}
    )
    info, account = (_value(next(lines, b"")) for _ in range(2))
    return (
        isinstance(info, dict)
        and {"version", "backupTimeMs"} <= info.keys()
        and isinstance(account, dict)
        and account.keys() == {"account"}
    )


def _value(line: bytes) -> object:
    try:
        return decoded(line.decode("utf-8-sig", "replace").strip())
    except (ValueError, RecursionError):
        return None


def without_secrets(source: Source) -> Source:
    """The export without the secret keys in it; that is what a vault keeps."""
    return source_without_secrets(source, _names(source))


def _names(source: Source) -> list[str]:
    return [name for name in _candidates(source) if _ours(source, name)]


INFO = ImporterInfo(
    key="signal-plaintext",
    platform=PLATFORM,
    title="Signal, its own plaintext export",
    expects="a folder or zip signal-export-... with main.jsonl and files/",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "calls", "contacts", "stickers",
        "polls", "system", "media", "links", "payments",
    }),
    derived={
        **dict.fromkeys(SECRETS, "a secret key, which is never kept"),
        **dict.fromkeys(SERVERS, "where Signal's servers keep the encrypted file"),
        **dict.fromkeys(REFERENCES, "a number of this file, kept as the id that it stands for"),
        **dict.fromkeys(
            ("backupTimeMs", "version", "currentAppVersion", "firstAppVersion", "backupId"),
            "how and when the file was written, which is no fact about the conversations",
        ),
        **dict.fromkeys(
            ("stickerPack", "adHocCall", "notificationProfile", "chatFolder", "account", "style"),
            "settings of the app; the name of the account is kept",
        ),
        **dict.fromkeys(("id", "chatId"), "a number that counts in this file only"),
        **dict.fromkeys(("aci", "pni", "mentionAci"), "the account id, kept in its usual form"),
        "plaintextHash": "the hash of a file, kept in hex",
        "wasDownloaded": "whether the device had the file, which its state tells",
        "longText": "the file of a long text, which is the text of the message",
        "sortOrder": "the order of reactions, which their times tell",
        "VOICE_MESSAGE": "told by the kind of the attachment",
        "GIF": "told by the kind of the attachment",
        "NORMAL": "the ordinary kind of a quotation",
    },
    leaves_out="disappearing messages, what was to be seen once, media that the device had not"
    " loaded",
    seen="Signal Desktop 8.21 and Signal Android 8.10 (2026)",
    redaction=Redaction(WHAT, without_secrets),
)  # fmt: skip


def read(source: Source) -> Iterator[Record]:
    """The records of the export, each conversation in one transcript or a few."""
    names = _names(source)
    if not names:
        raise BadExport(
            "no file here begins as Signal's plaintext export", where=Where(source.name),
            remedy=REMEDY,
        )  # fmt: skip
    for name in names:
        yield from _File(source, name).records()


class _File:
    """One `main.jsonl`."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._book = Book(source.told)
        self._items = Items(self._book, Files(source, name.rpartition("/")[0]))
        self._waiting: dict[str, list[tuple[int, str, object]]] = {}
        self._count = 0

    def records(self) -> Iterator[Record]:
        number = damaged = 0
        broken = ""
        try:
            with self._source.open(self._name) as file:
                for number, line in enumerate(lines_without_secrets(file), 1):
                    text = line.decode("utf-8-sig", "replace").strip()
                    # A U+FFFD that the file itself has is no damage.
                    damaged += text.count("\ufffd") > line.count("\ufffd".encode())
                    if number > 1 and text:
                        yield from self._line(number, text)
        except (OSError, ValueError) as cause:
            broken = f"the file breaks off: {type(cause).__name__}"
        yield from self._flush()
        if broken:
            yield self._problem("end", broken, "")
        if damaged:
            reason = f"text that is no utf-8, in {damaged} lines, became U+FFFD"
            yield self._problem("encoding", reason, "")

    def _line(self, number: int, text: str) -> Iterator[Record]:
        part = f"line {number}"
        try:
            frame = decoded(text)
            if depth(frame) > DEFAULT.json_depth:
                raise Malformed("nested too deep")
            if isinstance(frame, dict) and "chatItem" in frame:
                item = need(frame, "chatItem", dict)
                chat = identifier(need(item, "chatId", str, int))
                self._waiting.setdefault(chat, []).append((number, text, item))
                self._count += 1
            else:
                self._frame(frame)
        except (ValueError, RecursionError) as cause:
            reason = str(cause) if isinstance(cause, Malformed) else "not valid JSON"
            yield self._problem(part, reason, text)
        if self._count >= WINDOW:
            yield from self._flush()

    def _frame(self, frame: object) -> None:
        if not isinstance(frame, dict):
            raise Malformed("a line that is no object")
        if "account" in frame:
            self._book.account(frame["account"])
        elif "recipient" in frame:
            self._book.recipient(frame["recipient"])
        elif "chat" in frame:
            self._book.chat(frame["chat"])

    def _flush(self) -> Iterator[Record]:
        """The messages read so far, conversation by conversation."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        for chat, items in waiting.items():
            begun = False
            for number, text, item in items:
                try:
                    talk = self._book.talk(chat)
                    if not begun:
                        yield from talk.begin()
                        begun = True
                    found = self._items.records(item, talk)
                except Malformed as cause:
                    yield self._problem(f"line {number}", str(cause), text)
                else:
                    yield from found

    def _problem(self, part: str, reason: str, raw: str) -> Problem:
        return Problem(file=self._source.full(self._name), part=part, reason=reason, raw=raw)
