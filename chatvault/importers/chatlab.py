"""ChatLab's interchange format 0.0.1 and 0.0.2, as JSON and as JSONL, from whatever tool wrote it.

One or more files with the media beside them. The first lines of a JSONL file; the JSON form is one
object with `chatlab`, `meta`, `members` and `messages`:
    {"_type":"header","chatlab":{"version":"0.0.2","exportedAt":1767225600,"generator":"WeFlow"},
     "meta":{"name":"周末爬山","platform":"wechat","type":"group","groupId":"10000000001@chatroom"}}
    {"_type":"member","platformId":"wxid_lin0demo","accountName":"小满","groupNickname":"满满"}
    {"_type":"message","sender":"wxid_lin0demo","accountName":"小满","timestamp":1767139200,
     "type":0,"content":"周六七点集合？","platformMessageId":"7300000000000000011"}
"""

import re
from collections.abc import Iterator

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._chatlab_item import Transcript, conversation_of, members_of, message
from chatvault.importers._chatlab_parts import Head, Member, Post, Unread, parts_of
from chatvault.importers._fields import Malformed
from chatvault.importers._json_value import decoded
from chatvault.importers._people import People
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.model import Problem, Record

INFO = ImporterInfo(
    key="chatlab",
    platform="chatlab",
    title="ChatLab format (WeFlow, CipherTalk and other tools)",
    expects=".json or .jsonl files in the ChatLab format, media folders beside them",
    carries=frozenset({
        "ids", "replies", "forwards", "calls", "locations", "contacts", "stickers", "system",
        "media", "links", "payments",
    }),
    derived={
        "_type": "what a line is: header, member or message",
        "exportedAt": "when the file was written, which is no fact about the conversation",
        "private": "told by the kind of the conversation, `direct`",
    },
    leaves_out="reactions and edits, and which file belongs to a message unless its path is in the"
    " text, as WeFlow and CipherTalk write it",
    seen="ChatLab 0.19.0 (2026-05), WeFlow 5.0.0 (2026-07), CipherTalk 5.0.2 (2026-04)",
)  # fmt: skip

HEAD = 64 * 1024
# Files of lines may say that they hold more than the format knows; those have their own importer.
_OTHER_PROFILE = re.compile(r'\A\s*\{(?=.*"_type"\s*:\s*"header").*"chatvault"\s*:\s*\{')


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence that one of the first three candidates at the top is in the format."""
    for name in _candidates(source)[:3]:
        if form := _form(source, name):
            return (f"ChatLab {form}", "chatlab and meta")
    return ()


def _candidates(source: Source) -> list[str]:
    names = source.files()
    found = [name for name in names if name.casefold().endswith((".json", ".jsonl", ".ndjson"))]
    if not found and len(names) == 1:
        found = names
    return sorted(found)


def _form(source: Source, name: str) -> str:
    """JSON or JSONL; empty if the file is neither."""
    data = source.head(name, HEAD)
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    head = data.decode(encoding, "replace")
    for line in head.split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        if _OTHER_PROFILE.search(line):
            return ""
        if _is_header(line):
            return "JSONL"
        break
    return "JSON" if _is_json(head) else ""


def _is_header(line: str) -> bool:
    try:
        value = decoded(line.strip())
    except (ValueError, RecursionError):
        # A picture of the group may make the header longer than what is looked at.
        return '"_type"' in line and '"header"' in line and '"chatlab"' in line
    return isinstance(value, dict) and value.get("_type") == "header" and "chatlab" in value


def _is_json(head: str) -> bool:
    """Whether an object begins with the header; no other signal is as short and as certain."""
    found = re.search(r'"chatlab"\s*:\s*\{([^{}]*)', head)
    if found is None or not head.lstrip().startswith("{"):
        return False
    return '"version"' in found[1] or re.search(r'"meta"\s*:\s*\{', head) is not None


def read(source: Source) -> Iterator[Record]:
    """Yield a transcript for each file, and for each header inside a file of lines."""
    names = [name for name in _candidates(source) if _form(source, name)]
    readable = False
    waiting: list[Problem] = []
    for name in names:
        for record in _file(source, name):
            if not readable and isinstance(record, Problem) and len(waiting) < 1000:
                waiting.append(record)
                continue
            readable = True
            yield from waiting
            waiting.clear()
            yield record
    if not readable:
        first = waiting[0] if waiting else None
        reason = f": {first.reason}" if first else ""
        raise BadExport(
            f"not a ChatLab file that can be read{reason}",
            where=Where(first.file, first.part) if first else Where(source.name),
            remedy="look for another copy of the file, or export it again",
        )


def _file(source: Source, name: str) -> Iterator[Record]:
    full = source.full(name)
    transcript: Transcript | None = None
    head = Head(value={}, number=-1)
    waiting: list[Member] = []
    begun = False
    for part in parts_of(source, name, form=_form(source, name)):
        if isinstance(part, Unread):
            yield Problem(file=full, part=part.part, reason=part.reason, raw=part.raw)
            continue
        if isinstance(part, Head):
            if begun and head.number < 0:
                continue  # behind its messages, and looked for when the first of them came
            if head.value and not begun:
                yield from _begin(source, name, head, waiting)[1]
            head, waiting, begun = part, [], False
            continue
        if isinstance(part, Member) and not begun:
            waiting.append(part)
            continue
        if not begun:
            transcript, records = _begin(source, name, head, waiting)
            yield from records
            begun = True
        if transcript is not None and isinstance(part, Member):
            yield from members_of(transcript, [part.value])
        elif transcript is not None and isinstance(part, Post):
            yield from _post(transcript, part, full)
    if head.value and not begun:
        yield from _begin(source, name, head, waiting)[1]


def _post(transcript: Transcript, part: Post, full: str) -> Iterator[Record]:
    try:
        records = message(transcript, part.value)
    except Malformed as cause:
        raw = msgspec.json.encode(part.value).decode()
        yield Problem(file=full, part=part.part, reason=str(cause), raw=raw)
        return
    yield from records
    transcript.seq += 1


def _begin(
    source: Source, name: str, head: Head, members: list[Member]
) -> tuple[Transcript, list[Record]]:
    """The conversation and the members told so far, looking ahead where they are not enough."""
    values = [member.value for member in members]

    def ahead() -> Iterator[Head | Member | Post]:
        number = -1
        for part in parts_of(source, name, form=_form(source, name)):
            if isinstance(part, Head):
                number = part.number
            if not isinstance(part, Unread) and number in {-1, max(head.number, 0)}:
                yield part

    found = conversation_of(source, name, head.value, members=values, ahead=ahead)
    transcript = Transcript(
        conversation=found.conversation,
        people=People(found.conversation.id, source.told.me),
        source=source,
        base=name.rpartition("/")[0],
        peer=found.peer,
    )
    return transcript, [found.conversation, *members_of(transcript, values)]
