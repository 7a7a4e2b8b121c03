"""Messages of any app as JSON lines: ChatLab's format with more keys, or one plain object a line.

    {"_type":"header","chatvault":{"version":"1"},"meta":{"name":"Family","type":"group"}}
    {"_type":"member","platformId":"ulla","accountName":"Ulla"}
    {"_type":"message","sender":"ulla","timestampMs":1767344400000,"kind":"image","content":
     "fireworks","platformMessageId":"m1","attachments":[{"path":"media/fire.jpg"}]}

or, without any header:
    {"time":"2026-01-02T10:00:00+01:00","from":"Ulla","text":"Happy new year!"}
"""

from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._generic import PLATFORM, File, Part, Place, Unread, records_of
from chatvault.importers._generic_columns import TwoFit, missing, plan
from chatvault.importers._generic_json import header, member, message, zone_of
from chatvault.importers._json_lines import NoValue, Value, notes, values
from chatvault.importers._json_value import decoded
from chatvault.importers._media_types import ENDINGS
from chatvault.importers._nothing import is_junk
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import Record

INFO = ImporterInfo(
    key="generic-jsonl",
    platform=PLATFORM,
    title="Any app, as JSON lines",
    expects="a .jsonl file with an object for each message, media below its folder",
    rank="generic",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "forwards", "calls", "locations",
        "contacts", "stickers", "polls", "system", "media", "links", "payments",
    }),
    derived={
        "_type": "what a line is: header, member or message",
        "exportedAt": "when the file was written, which is no fact about the conversation",
        "version": "of the form; another one is refused",
        "tz": "the zone of clocks without one, which stands with every time",
        "timestamp": "the time once more in seconds, where it is told in milliseconds",
        "type": "the kind of the message; one that is not known is kept",
        "kind": "the kind of the message; one that is not known is kept",
        "durationMs": "told in seconds",
        "private": "told by the kind of the conversation, `direct`",
    },
    seen="version 1 of the profile; ChatLab 0.0.1 and 0.0.2",
)  # fmt: skip

HEAD = 64 * 1024
REMEDY = "every line has to be an object with a time, and a text or an attachment"
_ENDINGS = (".jsonl", ".ndjson")
_LOOKED_AT = 5  # lines


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first lines of a file at the top, among files of lines and media."""
    names, beside = _candidates(source), _beside(source)
    likely = [name for name in beside if name.rpartition(".")[2].lower() in ENDINGS]
    if 2 * (len(names) + len(likely)) < len(beside):
        return ()
    found = ((name, _evidence(source, name)) for name in names[:3])
    return tuple(f"{name} has {what}" for name, what in found if what)


def read(source: Source) -> Iterator[Record]:
    """The messages of every file of ours at the top, a conversation for each header or file."""
    names = [name for name in _candidates(source) if _evidence(source, name)]
    names = names or _candidates(source)
    if not names:
        raise BadExport(
            "there is no file of JSON lines",
            where=Where(source.name),
            remedy="give a .jsonl file with an object for each message",
        )
    files = ((name, _file(source, name)) for name in names)
    yield from records_of(source, files, remedy=REMEDY)


def _file(source: Source, name: str) -> File:
    parts, zone = _Lines(source, name).parts, _zone(source, name)
    return File(source, name, parts, zone=zone, notes=notes(source, name))


def _beside(source: Source) -> list[str]:
    return [name for name in source.files() if not is_junk(name)]


def _candidates(source: Source) -> list[str]:
    names = _beside(source)
    found = [name for name in names if name.lower().endswith(_ENDINGS)]
    return found or (names if len(names) == 1 else [])


def _evidence(source: Source, name: str) -> str:
    """What the first lines of a file are; empty if they are none of ours."""
    head = source.head(name, HEAD).decode("utf-8-sig", "replace")
    found = [line for line in head.split("\n") if line.strip() and not line.startswith("#")]
    for line in found[:_LOOKED_AT]:
        try:
            value = decoded(line.strip())
        except (ValueError, RecursionError):
            continue  # a header may be longer than what is looked at, and a line may be broken
        if not isinstance(value, dict):
            return ""
        if value.get("_type") == "header" and isinstance(value.get("chatvault"), dict):
            return "the header of ChatVault's profile"
        if value.get("_type") in ("header", "member"):  # not a set: it may be a list
            continue
        if _is_message(value):
            return "objects with a time and a text"
    return ""


def _is_message(value: dict[str, object]) -> bool:
    keys = tuple(key for key in value if value[key] is not None)
    times = "timestampMs" in value
    try:
        lacks = missing(plan(keys))
    except TwoFit:
        return True
    return not lacks or (lacks == "timestamp" and times)


def _zone(source: Source, name: str) -> str:
    """The zone that the first line names."""
    first = next(values(source, name), None)
    return zone_of(first.value) if isinstance(first, Value) else ""


class _Lines:
    """The lines of a file as parts."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._title = source.told.conversation or name.rpartition(".")[0] or name

    def parts(self) -> Iterator[Part]:
        """Every line as what it is, or as what cannot be read."""
        place = Place(title=self._title)
        for line in values(self._source, self._name):
            if isinstance(line, NoValue):
                yield Unread(line.part, line.reason, line.raw)
                continue
            kind = line.value.get("_type") if isinstance(line.value, dict) else None
            try:
                if kind == "header":
                    where = Where(self._source.full(self._name), line.part)
                    begun = header(line.value, self._title, where)
                    place = begun.place
                    yield begun
                elif kind == "member":
                    yield member(line.value, place)
                elif kind is None or kind == "message":
                    yield message(line, place, self._source)
                else:
                    yield Unread(line.part, "neither header, member nor message", line.raw)
            except Malformed as cause:
                yield Unread(line.part, str(cause), line.raw)
