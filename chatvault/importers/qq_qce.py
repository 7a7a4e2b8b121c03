"""QQ, exported by qq-chat-exporter (QCE), versions 4 to 6: JSON, and JSONL in chunks.

`group_桌游小组_600000001_20240601_080000.json` with `resources/images/...` beside it, or a folder
`..._chunked_jsonl` with `manifest.json` and `chunks/c000001.jsonl`. One message of either:
    {"id": "7400000000000000001", "seq": "501", "timestamp": 1717200000000,
     "time": "2024-06-01 08:00:00", "type": "text",
     "sender": {"uid": "u_lin_demo", "uin": "10002", "name": "小满(组长)", "nickname": "小满"},
     "content": {"text": "[图片: board.png]", "resources": [...], "mentions": [], "elements": [
       {"type": "image", "data": {"filename": "board.png", "localPath": "images/board.png"}}]},
     "recalled": false, "system": false}
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import DEFAULT
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._qce_chat import Head, Transcript, table
from chatvault.importers._qce_media import Place, text
from chatvault.importers._qq_official import readable
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, encoding_of, lines
from chatvault.model import Problem, Record

INFO = ImporterInfo(
    key="qq-qce",
    platform="qq",
    title="QQ, exported by qq-chat-exporter",
    expects="the .json files it wrote, or folders ..._chunked_jsonl, with the folder resources",
    version=2,
    carries=frozenset({
        "ids", "replies", "deletions", "forwards", "calls", "locations", "contacts", "stickers",
        "system", "media", "links", "payments",
    }),
    derived={
        "type": "what the tool took a message or an element for, told by the kinds",
        "time": "the clock of the computer that exported, beside the time in milliseconds",
        "photo": "what an image is, if it is no sticker",
        "html": "the same message once more, rendered for a page",
        "rawMessage": "the same message once more, as QQ's program had it; stays in the original",
        "messageType": "the number of what a message is, told by its elements",
        "mentions": "who is mentioned, once more: the elements say it",
        "avatarBase64": "a picture larger than a record carries stays in the original",
    },
    leaves_out="reactions, texts of recalled messages, and media whose address had expired when "
    "the tool ran",
    seen="qq-chat-exporter 4.0 (2025-09) to 6.2.7 (2026-08)",
)  # fmt: skip

HEAD = 64 * 1024
LOOKED_AT = 3
MANIFEST = "manifest.json"
CHUNKED = "_chunked_jsonl"

_SIGN = re.compile(
    r'\A\s*\{\s*"metadata"\s*:\s*\{[^{}]{0,400}"name"\s*:\s*"QQChatExporter[^{}]{0,400}\}'
)
_MESSAGES = re.compile(r'"messages"\s*:\s*\[')
_TIMED = re.compile(r"(.+_\d{8}_\d{6})(?:_streaming)?(?: \(\d+\)|~\d+)?")


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the name of the tool in the first field of a file, and what should follow it."""
    found = ((name, _form(source, name)) for name in _candidates(source)[:LOOKED_AT])
    return tuple(f"{name}: qq-chat-exporter, {form}" for name, form in found if form)


def read(source: Source) -> Iterator[Record]:
    """Yield the conversation of each file, and of each folder of chunks."""
    names = [name for name in _candidates(source) if _form(source, name)]
    error = BadExport(
        "not an export of qq-chat-exporter that can be read",
        where=Where(source.full(names[0]) if names else source.name),
        remedy="look for another copy of the file, or export it again as JSON",
    )
    yield from readable((one for name in names for one in _File(source, name).records()), error)


def _candidates(source: Source) -> list[str]:
    """Files at the top, and the manifests of folders of chunks; likely ones first."""
    names = source.files()
    found = [name for name in names if name.lower().endswith(".json")]
    if not found and len(names) == 1:
        found = names
    for folder in source.folders():
        if folder.endswith(CHUNKED) and source.has(f"{folder}/{MANIFEST}"):
            found.append(f"{folder}/{MANIFEST}")
    return sorted(found, key=lambda name: (not _TIMED.match(name), name))


def _form(source: Source, name: str) -> str:
    """JSON or chunks; empty if the file is neither."""
    head = source.head(name, HEAD).decode("utf-8-sig", "replace")
    if not _SIGN.match(head) or '"chatInfo"' not in head:
        return ""
    if name.rpartition("/")[2] == MANIFEST and not _MESSAGES.search(head):
        return "JSONL in chunks"
    return "JSON"


class _File:
    """One file of the export, or one folder of chunks."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._base = name.rpartition("/")[0]
        self._fields: dict[str, Any] = {}
        self._transcript: Transcript | None = None

    def records(self) -> Iterator[Record]:
        """Its conversation and messages, and what cannot be read."""
        if _form(self._source, self._name) == "JSON":
            yield from self._json()
        else:
            yield from self._manifest()
        if self._fields:
            yield from self._begun()
        if self._transcript is not None:
            yield from self._transcript.end()

    def _json(self) -> Iterator[Record]:
        for part in self._parts(self._name, "messages", "avatars.-"):
            if isinstance(part, Problem):
                yield part
            elif isinstance(part, Item):
                yield from self._message(part.value, self._name, f"messages[{part.position}]")
            elif part.at == "avatars":
                yield from self._avatar(part)
            elif part.at == "":
                self._fields[part.name] = part.value

    def _manifest(self) -> Iterator[Record]:
        for part in self._parts(self._name):
            if isinstance(part, Problem):
                yield part
            elif isinstance(part, Field):
                self._fields[part.name] = part.value
        chunked = table(self._fields.get("chunked"))
        listed = chunked.get("chunks")
        wanted = [_chunk_of(one) for one in listed] if isinstance(listed, list) else []
        names = [self._beside(one) for one in wanted if one]
        missing = [name for name in names if not self._source.has(name)]
        for name in missing:
            reason = "a part of the export that its manifest names is not there"
            full = self._source.full(self._name)
            yield Problem(file=full, part=name, reason=reason, raw="")
        folder = self._beside(text(chunked.get("chunksDir")) or "chunks")
        # Also what the manifest does not name: it may be lost, or older than the chunks.
        there = [
            one
            for one in self._source.names()
            if one.startswith(f"{folder}/") and one.endswith((".jsonl", ".ndjson"))
        ]
        for name in dict.fromkeys([*(one for one in names if one not in missing), *there]):
            yield from self._chunk(name)
        avatars = self._beside("avatars.json")
        if self._transcript is not None and self._source.has(avatars):
            for part in self._parts(avatars):
                if isinstance(part, Problem):
                    yield part
                elif isinstance(part, Field):
                    yield from self._avatar(part)

    def _parts(self, name: str, *arrays: str) -> Iterator[Field | Item | Problem]:
        full = self._source.full(name)
        with self._source.open(name) as file:
            try:
                for part in stream(file, *arrays):
                    if isinstance(part, Bad):
                        yield part.problem(full)
                    elif isinstance(part, Field | Item):
                        yield part
            except BrokenJson as cause:
                yield Problem(file=full, part="end", reason=str(cause), raw="")

    def _chunk(self, name: str) -> Iterator[Record]:
        full = self._source.full(name)
        encoding = encoding_of(self._source, name)
        try:
            for line in lines(self._source, name, encoding):
                part = f"line {line.number}"
                if not line.text.strip():
                    continue
                try:
                    value = decoded(line.text.strip())
                except (ValueError, RecursionError):
                    yield Problem(file=full, part=part, reason="not valid JSON", raw=line.text)
                    continue
                if depth(value) > DEFAULT.json_depth:
                    yield Problem(file=full, part=part, reason="nested too deep", raw=line.text)
                else:
                    yield from self._message(value, name, part)
        except BrokenText as cause:
            reason = f"it cannot be read further ({cause})"
            yield Problem(file=full, part="end", reason=reason, raw="")
        if encoding.damaged:
            reason = f"text that is no {encoding.name}, in {encoding.damaged} lines, became U+FFFD"
            yield Problem(file=full, part="encoding", reason=reason, raw="")

    def _message(self, value: object, name: str, part: str) -> Iterator[Record]:
        yield from self._begun()
        if self._transcript is None:
            return
        try:
            records = list(self._transcript.message(value))
        except Malformed as cause:
            raw = msgspec.json.encode(value).decode()
            yield Problem(file=self._source.full(name), part=part, reason=str(cause), raw=raw)
            return
        yield from records

    def _avatar(self, part: Field) -> Iterator[Record]:
        if self._transcript is not None:
            yield from self._transcript.avatar(part.name, part.value)

    def _begun(self) -> Iterator[Record]:
        """The conversation, if that has not been told."""
        if self._transcript is None:
            head = Head(self._stem(), self._fields)
            place = Place(self._source, self._base)
            self._transcript = Transcript(head, place, self._source.told)
            yield from self._transcript.begin()

    def _stem(self) -> str:
        """The name that the tool gave the export: of the file, or of the folder of chunks."""
        name = self._name.rpartition("/")[2].rpartition(".")[0] or self._name
        if name == "manifest":
            name = (self._base or self._source.name).rpartition("/")[2]
        timed = _TIMED.match(name)
        return timed[1] if timed else name.removesuffix(CHUNKED)

    def _beside(self, name: str) -> str:
        path = f"{self._base}/{name}" if self._base else name
        return "/".join(
            part for part in path.replace("\\", "/").split("/") if part not in {"", "."}
        )


def _chunk_of(entry: object) -> str:
    """The path of a chunk in the manifest; before 5 it had another field."""
    found = table(entry)
    path = text(found.get("relativePath"))
    name = text(found.get("fileName")) or text(found.get("file"))
    return path or (name if "/" in name or not name else f"chunks/{name}")
