"""SMS, MMS and calls of Android, by the app SMS Import / Export (tmo1/sms-ie).

Version 2 writes `messages-2024-03-10.zip` with `messages.ndjson` and the media below `data/`;
version 1, and both versions for calls, write a JSON array. One line:
    {"_id":"41","thread_id":"7","address":"+48500000001","date":"1710007530000","type":"1",
     "body":"Train is late","read":"1","__display_name":"Ola Wrona"}
"""

import json
from collections.abc import Iterator

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers import _json_parts
from chatvault.importers._fields import Malformed
from chatvault.importers._json_stream import Bad, BrokenJson, Item, stream
from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import DEFAULT
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._replaced import Replaced
from chatvault.importers._sms import Threads
from chatvault.importers._sms_columns import Owner, form, texted
from chatvault.importers._source import Source
from chatvault.model import Assumption, AttachmentState, Problem, Record

INFO = ImporterInfo(
    key="sms-ie",
    platform="sms",
    title="SMS and MMS, by SMS Import / Export",
    expects="messages-....zip (version 2) or messages-....json, and calls-....json",
    carries=frozenset({"calls", "contacts", "media"}),
    derived={
        "binary_data": "the bytes of a file, which is kept",
    },
    leaves_out="reactions and the names of groups of RCS chats",
    seen="SMS Import / Export 1.0 to 2.4, 2022 to 2025",
)  # fmt: skip

NAME = "messages.ndjson"
HEAD = 64 * 1024
LINE = DEFAULT.json_string
REMEDY = "export again in SMS Import / Export, and copy the file when the app says that it is done"


class _Line(msgspec.Struct, frozen=True):
    """One item of a file, or what stands in its place; `reason` says why it is none."""

    part: str
    value: object = None
    reason: str = ""
    raw: str = ""


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the columns of Android's messages in the first item of a file at the top."""
    found = ((name, _evidence(source, name)) for name in _candidates(source)[:3])
    return tuple(f"{name} has columns of {what}" for name, what in found if what)


def read(source: Source) -> Iterator[Record]:
    """The messages and calls of all files at the top that are ours."""
    names = [name for name in _candidates(source) if _evidence(source, name)]
    names = names or _candidates(source)[:1]
    if not names:
        raise BadExport("there is no messages.ndjson", where=Where(source.name), remedy=REMEDY)
    for name in names:
        began = False
        for record in _File(source, name).records():
            alone = len(names) == 1 and not began
            if alone and isinstance(record, Problem) and record.part == "end":
                where = Where(source.full(name))
                raise BadExport(record.reason, where=where, remedy=REMEDY)
            began = True
            yield record


def _candidates(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith((".ndjson", ".json"))]
    ours = ("messages", "calls")
    return sorted(names, key=lambda name: (name != NAME, not name.lower().startswith(ours), name))


def _evidence(source: Source, name: str) -> str:
    """What the first item of a file is; empty if it is none of ours."""
    head = source.head(name, HEAD)
    lines = name.lower().endswith(".ndjson")
    if not lines and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return ""
    first = next(_from_lines(head) if lines else _from_array(head), None)
    if not isinstance(first, dict) or "_id" not in first or "date" not in first:
        return ""
    kind = form(first)
    if kind == "call":
        return "calls"
    return "texts" if kind and "thread_id" in first else ""


def _from_lines(head: bytes) -> Iterator[object]:
    try:
        yield decoded(head.partition(b"\n")[0].decode("utf-8-sig").strip())
    except (ValueError, RecursionError):
        # An MMS may be longer than a head; its columns come first.
        text = head.decode("utf-8-sig", "replace").lstrip()
        if text.startswith("{"):
            keys = ("_id", "thread_id", "date", "msg_box")
            yield {key: None for key in keys if f'"{key}":' in text}


def _from_array(head: bytes) -> Iterator[object]:
    if _json_parts.may_hold_files(head):
        # A picture may be longer than a head; the columns of its message come first.
        text = head.decode("utf-8-sig", "replace")
        keys = ("_id", "thread_id", "date", "msg_box", "m_type", "address", "type")
        yield {key: None for key in keys if f'"{key}"' in text}
        return
    end = head.find(b"}")
    try:
        yield decoded(head[head.find(b"{") : end + 1].decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return


class _File:
    """One file, read twice if there is an owner's number to find out."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        self._full = source.full(name)
        self._has_data = any(one.startswith("data/") for one in source.entries)

    def records(self) -> Iterator[Record]:
        """All that is in it."""
        me = self._source.told.me
        if me is None:
            owner = Owner()
            for line in self._lines():
                owner.count(line.value)
            me = owner.number()
            if me is not None:
                why = "no number is said to be yours; taken is the one that sends what you sent"
                why += " or receives all that you received (--me to change it)"
                yield Assumption(what="owner", value=me, why=why)
        threads = Threads(self._source.told, own=me)
        ends: list[Record] = []
        for line in self._lines():
            if line.reason:
                problem = Problem(file=self._full, part=line.part, reason=line.reason, raw=line.raw)
                if line.part == "end":
                    ends.append(problem)
                else:
                    yield problem
                continue
            try:
                told, unsure = texted(line.value, self._find, me)
            except Malformed as cause:
                raw = json.dumps(line.value, ensure_ascii=False)
                yield Problem(file=self._full, part=line.part, reason=str(cause), raw=raw)
                continue
            if unsure:
                yield from threads.assume_owner()
            yield from threads.add(told)
        yield from threads.flush()
        yield from ends

    def _lines(self) -> Iterator[_Line]:
        if self._name.lower().endswith(".ndjson"):
            yield from self._of_lines()
        else:
            yield from self._of_array()

    def _of_lines(self) -> Iterator[_Line]:
        number = 0
        replaced = Replaced()
        try:
            with self._source.open(self._name) as file:
                while line := file.readline(LINE + 1):
                    number += 1
                    part = f"line {number}"
                    if len(line) > LINE:
                        raw = line[: DEFAULT.text].decode("utf-8", "replace")
                        yield _Line(part, reason="a line that is too long", raw=raw)
                        while not line.endswith(b"\n") and (line := file.readline(LINE)):
                            pass
                    elif line.strip():
                        yield _decoded(line, part, number, replaced)
        except (OSError, ValueError) as cause:
            yield _Line("end", reason=f"the file breaks off: {cause}")
        if reason := replaced.reason():
            yield _Line("encoding", reason=reason)

    def _of_array(self) -> Iterator[_Line]:
        try:
            with self._source.open(self._name) as file:
                for part in stream(file, ""):
                    if isinstance(part, Item):
                        yield _Line(f"[{part.position}]", part.value)
                    elif isinstance(part, Bad):
                        yield _Line(part.part, reason=part.reason, raw=part.raw)
        except (BrokenJson, OSError) as cause:
            yield _Line("end", reason=str(cause))

    def _find(self, fields: dict[str, str]) -> tuple[str | None, AttachmentState | None]:
        """Where the file of a part is: below `data/` by the last part of its path, or inside."""
        if inside := fields.get("binary_data"):
            name = _json_parts.part_name(self._name, inside)
            if name is not None and self._source.has(name):
                return self._source.full(name), AttachmentState.PRESENT
            return None, AttachmentState.FAILED_AT_EXPORT
        if path := fields.get("_data"):
            name = "data/" + path.replace("\\", "/").rpartition("/")[2]
            if self._source.has(name):
                return self._source.full(name), AttachmentState.PRESENT
            missing = AttachmentState.MISSING_FILE
            return None, missing if self._has_data else AttachmentState.ABSENT_NOT_EXPORTED
        return None, None


def _decoded(line: bytes, part: str, number: int, replaced: Replaced) -> _Line:
    text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
    replaced.line(line, text)
    try:
        value = decoded(text)
    except (ValueError, RecursionError):
        return _Line(part, reason="not a JSON object", raw=text)
    if depth(value) > DEFAULT.json_depth:
        return _Line(part, reason="nested too deep", raw=text)
    return _Line(part, value)
