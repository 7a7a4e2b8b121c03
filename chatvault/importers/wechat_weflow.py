"""WeChat, the JSON of WeFlow, EchoTrace and CipherTalk: one file for each conversation.

A folder with one or more such files and `media/` or `images/` beside them, or with the files in
`texts/` and the media above. One message of it, as WeFlow writes it:
    {"localId": 2, "createTime": 1767139260, "formattedTime": "2025-12-31 08:01:00",
     "type": "图片消息", "localType": 3, "content": "media\\images\\41_0f0f.jpg", "isSend": 1,
     "senderUsername": "wxid_me0demo", "senderDisplayName": "我", "source": "",
     "platformMessageId": "7300000000000000002"}
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed, maybe
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._people import PICTURE, People, folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._wechat import PLATFORM, is_room, own_id, same_account
from chatvault.importers._wechat_item import Transcript, message
from chatvault.model import Conversation, ConversationKind, Message, Participant, Problem, Record

INFO = ImporterInfo(
    key="wechat-weflow",
    platform=PLATFORM,
    title="WeChat (WeFlow, EchoTrace, CipherTalk)",
    expects="the JSON files these tools wrote (also arkme-json), media folders beside them",
    carries=frozenset({
        "ids", "replies", "forwards", "calls", "locations", "contacts", "stickers", "system",
        "media", "links", "payments",
    }),
    derived={
        "localId": "the row in this file or in one of the app's data files; no key across exports",
        "formattedTime": "createTime again, on the clock of the computer that exported",
        "isSend": "whether the sender is the owner of the account",
        "senderID": "a row of the table `senders`, which gives the sender's id and names",
        "chatLabType": "type again, in the numbers of ChatLab",
        "文本消息": "the type of a message that is nothing but text; other types are kept",
    },
    leaves_out="reactions and edits (WeChat has none), messages deleted before the export, pictures"
    " and videos that were never opened in WeChat on that computer",
    seen="WeFlow 5.0.0 (2026-07), EchoTrace 5.2.0 (2026-01), CipherTalk 5.0.2 (2026-04)",
)  # fmt: skip

HEAD = 64 * 1024
TEXTS = "texts/"  # WeFlow's folder of files when media go into folders beside it

# "avatars.-", which is nobody, makes the stream hand out the entries of that object one by one.
ARRAYS = ("messages", "senders", "groupMembers", "avatars.-")

_NAMES = re.compile(r"(?:私聊|群聊|公众号|曾经的好友)_|_聊天记录_")
_WEFLOW = re.compile(r'"weflow"\s*:\s*\{')
_CIPHERTALK = re.compile(r'"exportInfo"\s*:\s*\{[^{}]*"generator"\s*:\s*"CipherTalk"')
_SESSION = re.compile(r'"session"\s*:\s*\{([^{}]*)')
_OTHERS = re.compile(r'"(?:chatlab|schemaVersion|metadata)"\s*:')


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence that this level has JSON of the family; looks into three files at most."""
    for name in _candidates(source)[:3]:
        if tool := _tool(source, name):
            return (f"JSON written by {tool}", "session and messages")
    return ()


def _candidates(source: Source) -> list[str]:
    """JSON files at the top or in `texts`, those with a name of these tools first."""
    here = source.files() + [
        name
        for name in source.names()
        if name.startswith(TEXTS) and "/" not in name.removeprefix(TEXTS)
    ]
    found = [name for name in here if name.casefold().endswith(".json")]
    if not found and len(here) == 1:
        found = here
    return sorted(found, key=lambda name: (not _NAMES.search(name), name))


def _tool(source: Source, name: str) -> str:
    """Which of the tools wrote a file; empty if none did."""
    data = source.head(name, HEAD)
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    # A picture may fill the head many times over; what stands before it must be enough.
    head = data.decode(encoding, "replace")
    if not head.lstrip().startswith("{") or _OTHERS.search(head):
        return ""
    if _WEFLOW.search(head) and ('"WeFlow"' in head or _SESSION.search(head)):
        return "WeFlow"
    if _CIPHERTALK.search(head):
        return "CipherTalk"
    session = _SESSION.search(head)
    if session is None or '"wxid"' not in session[1]:
        return ""
    messages = '"senderUsername"' in head and '"senderDisplayName"' in head
    described = all(f'"{key}"' in session[1] for key in ("displayName", "type", "messageCount"))
    return "EchoTrace" if messages or described else ""


def read(source: Source) -> Iterator[Record]:
    """Yield one transcript for each file of the family."""
    names = [name for name in _candidates(source) if _tool(source, name)]
    readable = False
    problems: list[Problem] = []
    for name in sorted(names):
        for record in _file(source, name):
            if readable:
                yield record
            elif isinstance(record, Problem) and len(names) > 1:
                problems.append(record)  # one for each file at most, until one can be read
            elif isinstance(record, Problem):
                raise BadExport(
                    f"not a WeChat export that can be read: {record.reason}",
                    where=Where(record.file, record.part),
                    remedy="the file is damaged before its first message; look for another copy",
                )
            else:
                readable = True
                yield from problems
                yield record
    if not readable:
        raise BadExport(
            "no JSON of WeFlow, EchoTrace or CipherTalk can be read here",
            where=Where(source.full(names[0]) if names else source.name),
            remedy="give the folder that holds the JSON files, or another copy of them",
        )


class _Head(msgspec.Struct):
    """What must be known before the first message, wherever it stands in the file."""

    session: dict[str, Any] | None = None
    export: dict[str, Any] = {}
    senders: dict[int, dict[str, Any]] = {}


def _head(source: Source, name: str) -> _Head:
    """Read until it is known whose conversation it is; to the end only if that comes last."""
    head = _Head()
    with source.open(name) as file:
        try:
            for part in stream(file, *ARRAYS):
                if isinstance(part, Field) and part.name == "session" and not part.at:
                    head.session = part.value if isinstance(part.value, dict) else {}
                elif isinstance(part, Field) and part.name in {"weflow", "exportInfo"}:
                    head.export = part.value if isinstance(part.value, dict) else {}
                elif not isinstance(part, Item):
                    continue
                elif part.array == "senders":
                    _add_sender(head.senders, part.value)
                elif part.array == "messages" and head.session is not None:
                    by_number = isinstance(part.value, dict) and "senderID" in part.value
                    if head.senders or not by_number:
                        break
        except BrokenJson:
            pass  # told where the messages are read
    return head


def _add_sender(senders: dict[int, dict[str, Any]], value: object) -> None:
    if isinstance(value, dict) and isinstance(value.get("senderID"), int):
        senders[value["senderID"]] = value


def _file(source: Source, name: str) -> Iterator[Record]:
    full = source.full(name)
    head = _head(source, name)
    if head.session is None:
        yield Problem(file=full, part="session", reason="no session, or damaged before it", raw="")
        return
    try:
        conversation = _conversation(head, name)
    except Malformed as cause:
        raw = msgspec.json.encode(head.session).decode()
        yield Problem(file=full, part="session", reason=str(cause), raw=raw)
        return
    yield conversation
    people = People(conversation.id, source.told.me)
    transcript = Transcript(
        conversation=conversation,
        people=people,
        source=source,
        base=name.rpartition("/")[0],
        senders=head.senders,
    )
    yield from _first_people(transcript, head.session)
    with source.open(name) as file:
        try:
            for part in stream(file, *ARRAYS):
                if isinstance(part, Bad):
                    yield part.problem(full)
                elif isinstance(part, Field) and part.at == "avatars":
                    yield from _picture(people, part)
                elif isinstance(part, Item) and part.array == "messages":
                    yield from _message(transcript, part, full)
                elif isinstance(part, Item):
                    yield from _member(people, part.value)
        except BrokenJson as cause:
            yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")


def _message(
    transcript: Transcript, part: Item, full: str
) -> Iterator[Participant | Message | Problem]:
    try:
        records = message(transcript, part.value)
    except Malformed as cause:
        raw = msgspec.json.encode(part.value).decode()
        where = f"messages[{part.position}]"
        yield Problem(file=full, part=where, reason=str(cause), raw=raw)
        return
    yield from records
    transcript.seq += 1


_KINDS = {"群聊": ConversationKind.GROUP, "公众号": ConversationKind.CHANNEL}


def _conversation(head: _Head, name: str) -> Conversation:
    session = head.session
    wxid = maybe(session, "wxid", str) or maybe(session, "groupId", str) or ""
    names = [maybe(session, key, str) for key in ("displayName", "remark", "nickname")]
    title = next((text for text in names if text), "") or wxid or _file_title(name)
    kind = _KINDS.get(str(maybe(session, "type", str)), ConversationKind.DIRECT)
    if is_room(wxid) or maybe(session, "isGroup", bool):
        kind = ConversationKind.GROUP
    elif wxid.startswith("gh_"):
        kind = ConversationKind.CHANNEL
    owner = maybe(session, "ownerId", str)
    extra = {
        key: value
        for key, value in (session or {}).items()
        if key not in _SESSION_UNDERSTOOD and value not in ("", None, title)
    }
    extra |= {
        key: head.export[key] for key in ("generator", "version", "format") if key in head.export
    }
    picture = maybe(session, "avatar", str)
    if picture and len(picture) <= PICTURE:
        extra["avatar"] = picture
    return Conversation(
        id=wxid or f"title:{folded(title)}",
        platform=PLATFORM,
        title=title,
        kind=kind,
        owner=own_id(owner) if owner else None,
        title_is_id=not wxid,
        extra=extra,
    )


# What is about the file (how many, first, last) differs in every export of one conversation.
_SESSION_UNDERSTOOD = frozenset({
    "wxid", "displayName", "type", "isGroup", "groupId", "platform", "ownerId", "avatar",
    "messageCount", "firstTimestamp", "lastTimestamp",
})  # fmt: skip

_DATES = re.compile(r"_(?:[0-9]{8}(?:-(?:[0-9]{8}|至今))?|截至-[0-9]{8}|全部时间)$")


def _file_title(name: str) -> str:
    """The title in a file name: `私聊_小满_20250101-20251231.json` is about 小满."""
    stem = name.rpartition("/")[2].removesuffix(".json")
    stem = re.sub(r"_聊天记录_[0-9]+$", "", stem)
    stem = re.sub(r"^(?:私聊|群聊|公众号|曾经的好友)_", "", stem)
    return _DATES.sub("", stem) or stem


def _first_people(transcript: Transcript, session: dict[str, Any]) -> Iterator[Participant]:
    conversation = transcript.conversation
    if conversation.kind is ConversationKind.DIRECT and not conversation.title_is_id:
        names = tuple(
            text for key in ("nickname", "remark") if isinstance(text := session.get(key), str)
        )
        is_me = same_account(conversation.id, conversation.owner or "")
        yield from transcript.people.tell(
            conversation.id, conversation.title, aliases=names, is_me=is_me
        )
    for sender in transcript.senders.values():
        yield from _member(transcript.people, sender)


def _member(people: People, value: object) -> Iterator[Participant]:
    """A row of `senders` or `groupMembers`, who may never have written anything."""
    if not isinstance(value, dict):
        return
    wxid = value.get("wxid")
    if not isinstance(wxid, str) or not wxid or is_room(wxid):
        return
    names = [value.get(key) for key in ("displayName", "groupNickname", "remark", "nickname")]
    known = [name for name in names if isinstance(name, str) and name]
    extra = {
        str(key): found
        for key, found in value.items()
        if key not in _MEMBER_UNDERSTOOD and found not in ("", None)
    }
    picture = value.get("avatar")
    yield from people.tell(
        wxid,
        people.name(wxid) or (known[0] if known else ""),
        aliases=tuple(known),
        extra=extra,
        picture=picture if isinstance(picture, str) else "",
    )


_MEMBER_UNDERSTOOD = frozenset({
    "senderID", "wxid", "displayName", "groupNickname", "remark", "nickname", "avatar",
    "messageCount",
})  # fmt: skip


def _picture(people: People, part: Field) -> Iterator[Participant]:
    """An entry of `avatars`: an address or data URL, or EchoTrace's object with bare Base64."""
    value = part.value
    names: tuple[str, ...] = ()
    if isinstance(value, dict):
        names = (str(value.get("displayName") or ""),)
        value = value.get("base64")
        value = f"data:;base64,{value}" if isinstance(value, str) and value else ""
    if isinstance(value, str) and (known := people.name(part.name)):
        yield from people.tell(part.name, known, aliases=names, picture=value)
