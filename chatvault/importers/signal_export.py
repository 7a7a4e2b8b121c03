"""signal-export (the program `sigexport`), which wrote Signal Desktop's messages as files.

A folder for each conversation, with `data.json`, `chat.md` and `media/`, beside
`exported_stickers/`. Despite its name `data.json` has one message on each line:
    {"date": "2024-03-09T19:05:30", "sender": "Bram", "body": "Bread is in the oven  ",
     "quote": "", "sticker": null, "reactions": [["Me", "👍"]],
     "attachments": [{"name": "loaf.jpg", "path": "media/2024-03-09T19-05-30.000_00_loaf.jpg"}]}
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import unquote

from chatvault.errors import BadExport, Where
from chatvault.importers._clock import FileClock, iso_time, zone_for
from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import DEFAULT
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._people import People, folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._replaced import Replaced
from chatvault.importers._signal_markdown import HEADER, after_blank, item_of
from chatvault.importers._signal_secrets import SECRETS, line_without_secrets
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, Encoding, Line, blocks, lines
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Precision,
    Problem,
    Reaction,
    Record,
    Timestamp,
    Version,
)

INFO = ImporterInfo(
    key="signal-export",
    platform="signal",
    title="Signal, by signal-export (sigexport)",
    expects="the folder that signal-export wrote, with chat.md and data.json for each conversation",
    version=2,
    carries=frozenset({"reactions", "edits", "deletions", "calls", "stickers", "media"}),
    derived={"packKey": "a secret key, which is never kept in a record"},
    leaves_out="ids, what a reply answers (only its text), disappearing messages, accents grave;"
    " before 2026: edits",
    seen="signal-export 1.6 to 3 (2023 to 2026)",
)

JSON = "data.json"
MARKDOWN = ("chat.md", "index.md")
STICKERS = "exported_stickers"
KEYS = frozenset({"date", "sender", "body", "quote", "reactions", "attachments"})
HEAD = 64 * 1024
LOOKED_AT = 20  # lines of a text
ME, NOBODY = "Me", "No-Sender"
_USED = frozenset({
    "date", "sender", "body", "quote", "sticker", "reactions", "attachments", "deleted", "call",
    "edits",
})  # fmt: skip
_JUNK = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
REMEDY = "give the folder that signal-export wrote, or make Signal's own plaintext export"


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first message of `data.json` or `chat.md`."""
    names = [_file(source, folder) for folder in _folders(source)]
    filled = [name for name in names if source.size(name)]
    return tuple(f"{name}: signal-export" for name in filled[:3] if _ours(source, name))


def _folders(source: Source) -> list[str]:
    """The folders of conversations, each with a slash; an empty name for the top itself.

    Of a folder of such folders everything must be signal-export's: it may be a shelf of exports.
    """
    if any(source.has(name) for name in (JSON, *MARKDOWN)):
        return [""]
    folders = [one for one in source.folders() if one not in _JUNK and one != STICKERS]
    found = [
        f"{one}/" for one in folders
        if any(source.has(f"{one}/{name}") for name in MARKDOWN)
    ]  # fmt: skip
    whole = len(found) == len(folders) and _JUNK.issuperset(source.files())
    return found if whole else []


def _file(source: Source, folder: str) -> str:
    """The file of a conversation that says most."""
    names = (f"{folder}{name}" for name in (JSON, *MARKDOWN))
    return next(name for name in names if source.has(name))


def _ours(source: Source, name: str) -> bool:
    head = source.head(name, HEAD).decode("utf-8-sig", "replace").lstrip()
    first = head.partition("\n")[0]
    if not name.endswith(JSON):
        return any(HEADER.match(line) for line in head.split("\n", LOOKED_AT)[:LOOKED_AT])
    try:
        value = decoded(first.strip().removeprefix("[").removesuffix("]").removesuffix(","))
    except (ValueError, RecursionError):
        # A first message longer than what is looked at; the order of the keys is always the same.
        start = re.match(r'\[?\s*\{"date": "[^"]{19,40}", "sender": (?:"|null)', first)
        return start is not None and len(first) > HEAD // 2
    return isinstance(value, dict) and value.keys() >= KEYS


def read(source: Source) -> Iterator[Record]:
    """The records of every conversation."""
    folders = _folders(source)
    if not folders:
        raise BadExport("there is no data.json or chat.md", where=Where(source.name), remedy=REMEDY)
    zone, assumed = zone_for(source.told)
    for folder in folders:
        for record in _Conversation(source, folder, zone).records():
            if assumed is not None and isinstance(record, Message):
                yield assumed
                assumed = None
            yield record


class _Conversation:
    """One folder: its title and what stands in its `data.json` or `chat.md`."""

    def __init__(self, source: Source, folder: str, zone: str) -> None:
        self._source = source
        self._folder = folder
        self._zone = zone
        self._name = _file(source, folder)
        self._full = source.full(self._name)
        self._replaced = Replaced()
        self._title = folder.rstrip("/") or source.told.conversation or source.name
        self._clock = FileClock(zone)
        self._people = People(f"title:{folded(self._title)}", source.told.me)
        self._seq = 0
        self._first: object = None
        self._last = ""

    def records(self) -> Iterator[Record]:
        conversation = Conversation(
            id=f"title:{folded(self._title)}",
            platform="signal",
            title=self._title,
            kind=self._kind(),
            title_is_id=True,
        )
        begun = False
        for item in self._items():
            if isinstance(item, Problem):
                yield item
                continue
            part, value, raw = item
            if self._starts_again(value) or not begun:
                # A second run into one folder appends everything once more: as a transcript of its
                # own it is counted once.
                yield conversation
                begun, self._seq, self._last = True, 0, ""
                self._clock = FileClock(self._zone)
            try:
                found = list(self._records(value, conversation.id))
            except Malformed as cause:
                raw = line_without_secrets(raw.encode()).decode()
                yield Problem(file=self._full, part=part, reason=str(cause), raw=raw)
                continue
            yield from found
            self._seq += 1

    def _starts_again(self, value: object) -> bool:
        date = value.get("date") if isinstance(value, dict) else None
        if self._first is None:
            self._first = value
        elif value == self._first and isinstance(date, str) and date < self._last:
            return True
        self._last = max(self._last, date if isinstance(date, str) else "")
        return False

    def _kind(self) -> ConversationKind:
        """Between two, unless somebody else than the title says wrote."""
        others: set[str] = set()
        for item in self._items():
            if isinstance(item, tuple) and isinstance(item[1], dict):
                sender = item[1].get("sender")
                if isinstance(sender, str) and sender not in {ME, NOBODY}:
                    others.add(_letters(sender))
            if len(others) > 1:
                break
        alone = not others or others == {_letters(self._title)}
        return ConversationKind.DIRECT if alone else ConversationKind.GROUP

    def _items(self) -> Iterator[tuple[str, object, str] | Problem]:
        """Place, value and raw text of every item, and what could not be read."""
        self._replaced = Replaced()  # a file is read more than once
        try:
            if not self._name.endswith(JSON):
                yield from self._of_markdown()
            elif self._source.head(self._name, 64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[":
                yield from self._of_array()
            else:
                yield from self._of_lines()
        except (BrokenText, BrokenJson) as cause:
            reason = f"the file breaks off: {cause}"
            yield Problem(file=self._full, part="end", reason=reason, raw="")
        yield from self._replaced.problems(self._full)

    def _lines(self) -> Iterator[Line]:
        return lines(self._source, self._name, Encoding("utf-8"), replaced=self._replaced)

    def _of_lines(self) -> Iterator[tuple[str, object, str] | Problem]:
        for line in self._lines():
            if not line.text.strip():
                continue
            part = f"line {line.number}"
            value: object = None
            if not line.goes_on:
                try:
                    value = decoded(line.text.strip())
                    if depth(value) > DEFAULT.json_depth:
                        value = None
                except (ValueError, RecursionError):
                    value = None
            if value is None:
                raw = line_without_secrets(line.text.encode("utf-8", "replace")).decode()
                yield Problem(file=self._full, part=part, reason="not valid JSON", raw=raw)
            else:
                yield part, value, line.text

    def _of_array(self) -> Iterator[tuple[str, object, str] | Problem]:
        with self._source.open(self._name) as file:
            for part in stream(file, ""):
                if isinstance(part, Bad):
                    raw = line_without_secrets(part.raw.encode("utf-8", "replace")).decode()
                    yield Problem(file=self._full, part=part.part, reason=part.reason, raw=raw)
                elif isinstance(part, Item):
                    raw = json.dumps(part.value, ensure_ascii=False)
                    yield f"[{part.position}]", part.value, raw

    def _of_markdown(self) -> Iterator[tuple[str, object, str] | Problem]:
        begins = False

        def watched() -> Iterator[Line]:
            nonlocal begins
            for line, begins in after_blank(self._lines()):  # noqa: B007 - header looks at it
                yield line

        def header(text: str) -> re.Match[str] | None:
            return HEADER.match(text) if begins else None

        for block in blocks(watched(), header):
            part = block.place
            if block.head is not None:
                yield part, item_of(block), block.text
            elif block.text.strip():
                reason = block.reason("lines before the first message")
                yield Problem(file=self._full, part=part, reason=reason, raw=block.text)

    def _records(self, item: object, conversation_id: str) -> Iterator[Record]:
        sent_at = self._time(need(item, "date", str))
        sender = maybe(item, "sender", str) or NOBODY
        body = maybe(item, "body", str) or ""
        body = body.removesuffix("  ")
        quote = (maybe(item, "quote", str) or "").strip("\n")
        quoted = "\n".join(line.removeprefix("> ") for line in quote.split("\n"))
        extra: dict[str, object] = rest(item, _USED)
        extra = {name: value for name, value in extra.items() if value not in (False, None)}
        attachments = [self._attachment(one) for one in maybe(item, "attachments", list) or ()]
        more = [quoted] if quoted else []
        sticker = item.get("sticker") if isinstance(item, dict) else None
        if sticker:
            file, emoji, details = self._sticker(sticker)
            attachments.append(file)
            more.append(emoji)
            extra.update(details)
        reactions = [_reaction(one) for one in maybe(item, "reactions", list) or ()]
        deleted, call = maybe(item, "deleted", bool), maybe(item, "call", bool)
        versions = tuple(self._version(one) for one in maybe(item, "edits", list) or ())
        marks = ((Mark.DELETED,) if deleted else ()) + ((Mark.EDITED,) if versions else ())
        kind = attachments[0].kind if attachments else MessageKind.TEXT
        if call:
            kind = MessageKind.CALL
        sender_id = f"name:{folded(sender)}" if sender != NOBODY else None
        if sender_id is not None:
            yield from self._people.tell(sender_id, sender, is_me=sender == ME)
        for name, _ in reactions:
            yield from self._people.tell(f"name:{folded(name)}", name, is_me=name == ME)
        yield Message(
            id=None,
            conversation_id=conversation_id,
            sender_id=sender_id,
            sent_at=sent_at,
            seq=self._seq,
            kind=kind,
            text=body,
            more_text=tuple(text for text in more if text),
            attachments=tuple(attachments),
            versions=versions,
            marks=marks,
            extra={**extra, **({"quote": quoted} if quoted else {})},
        )
        for name, emoji in reactions:
            yield Reaction(emoji=emoji, sender_id=f"name:{folded(name)}")

    def _time(self, text: str) -> Timestamp:
        try:
            wall = datetime.fromisoformat(text)
        except ValueError as cause:
            raise Malformed("a time that is none") from cause
        if wall.tzinfo is not None:
            return iso_time(text, self._zone)
        precision = Precision.SECOND
        if "." in text:
            precision = Precision.MILLISECOND
        elif len(text) == len("2024-03-09T19:05"):
            precision = Precision.MINUTE
        return self._clock.time(wall, precision=precision)

    def _version(self, value: object) -> Version:
        """A text before it was edited; its clock is not in the order of the file."""
        date = maybe(value, "date", str)
        text = (maybe(value, "body", str) or "").removesuffix("  ")
        return Version(text=text, at=iso_time(date, self._zone) if date else None)

    def _attachment(self, value: object) -> Attachment:
        name, written = maybe(value, "name", str) or "", maybe(value, "path", str) or ""
        path = self._found(unquote(written)) or self._found(written) if written else None
        left_out = maybe(value, "missing_kind", str)
        state = AttachmentState.PRESENT
        if path is None:
            state = AttachmentState.MISSING_FILE
            if left_out:
                state = AttachmentState.ABSENT_NOT_EXPORTED
        return Attachment(
            name=name or written.rpartition("/")[2] or "attachment",
            path=path,
            state=state,
            kind=kind_by_name(name or written),
            as_exported=written or (f"({left_out} not exported)" if left_out else ""),
        )

    def _sticker(self, value: object) -> tuple[Attachment, str, dict[str, object]]:
        """The file of a sticker, its emoji, and what else is said; older versions say the emoji."""
        if isinstance(value, str):
            value = {"emoji": value}
        emoji = maybe(value, "emoji", str) or ""
        pack, number = maybe(value, "packId", str) or "", maybe(value, "id", str, int)
        extension = maybe(value, "extension", str) or ""
        written = maybe(value, "path", str) or ""
        if pack and number not in (None, "") and not written:
            dot = "." if extension and not extension.startswith(".") else ""
            written = f"{STICKERS}/{pack}/{number}{dot}{extension}"
        path = self._found(f"../{written}") if written else None
        if path is not None and f"{STICKERS}/" not in path:
            path = None  # another file of the same name
        file = Attachment(
            name=written.rpartition("/")[2] or emoji or "sticker",
            path=path,
            state=AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT,
            kind=MessageKind.STICKER,
            as_exported=written or emoji,
        )
        details = rest(value, {"emoji", "path", "extension", *SECRETS})
        details = {name: one for name, one in details.items() if one not in ("", None)}
        return file, emoji, {"sticker": details} if details else {}

    def _found(self, reference: str) -> str | None:
        return self._source.resolve(reference, self._folder.rstrip("/"))


def _reaction(value: object) -> tuple[str, str]:
    """Who reacted how: a pair, or in older versions an object."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value):
        name, emoji = value
    else:
        name, emoji = need(value, "name", str), need(value, "emoji", str)
    return str(name), str(emoji)


def _letters(name: str) -> str:
    """A name as it is left in the name of a folder."""
    return "".join(c for c in folded(name) if c.isalnum())
