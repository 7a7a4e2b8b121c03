"""TikTok's "Download your data": user_data.json, user_data_tiktok.json, or Direct Messages.txt.

    {"Direct Message":{"Direct Messages":{"ChatHistory":{"Chat History with nina.q:":[
     {"Date":"2025-05-05 05:05:05","From":"nina.q","Content":"lol"}]}}}}

as text, TikTok/Direct Messages/Direct Messages.txt, or both in the words of another language:
    >>> Chat History with nina.q::

    2023-01-01 00:00:00 UTC nina.q: lol

or Chat History.txt, with the time on a line of its own. Older ones do not write UTC.

Only the other one's user name stands over a conversation: whoever else writes is the owner.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._generic import File, Header, Item, Part, Place, Unread, records_of
from chatvault.importers._generic_body import MEDIA, attachment, kind_of
from chatvault.importers._generic_time import Wall, When, parse
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Start, stream
from chatvault.importers._json_stream import Item as Element
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText, blocks, encoding_of, lines
from chatvault.model import (
    Attachment,
    AttachmentState,
    ConversationKind,
    MessageKind,
    Record,
)

INFO = ImporterInfo(
    key="tiktok",
    platform="tiktok",
    title="TikTok",
    version=2,
    expects="the zip of \"Download your data\", or user_data_tiktok.json out of it",
    carries=frozenset({"links"}),
    derived={
        "UTC": "the zone, which stands with every time",
        "Chat": "the heading of a conversation, whose name is kept",
        "History": "the heading of a conversation, whose name is kept",
        "with": "the heading of a conversation, whose name is kept",
    },
    leaves_out="ids of messages, reactions, replies; pictures and videos are addresses or words",
    seen="downloads of 2021 to 2025",
)  # fmt: skip

HEAD = 64 * 1024
REMEDY = "in TikTok: Settings, Account, Download your data, All data, JSON"
DIRECT = (
    "Direct Messages.Chat History.ChatHistory.*",  # until about 2024
    "Direct Message.Direct Messages.ChatHistory.*",
)
GROUPS = ("Direct Messages.Group Chat.GroupChat.*", "Direct Message.Group Chat.GroupChat.*")
TITLE = re.compile(r"(?:Group )?Chat History with (.*?):*", re.DOTALL)
# Parts of the download; which one comes first depends on what there is.
_SECTIONS = re.compile(
    r'\A\s*\{\s*"(?:Activity|Ads and data|App Settings|Comment|Direct Messages?|Income Plus Wallet'
    r"|Likes and Favorites|Location Review|Poll|Post|Profile|Profile And Settings|TikTok Live"
    r'|TikTok Shop|Tiktok Live|Tiktok Shopping|Video|Your Activity)"\s*:'
)
_SIGNS = re.compile(r'"Chat History with [^"]{0,200}"\s*:\s*\[|"ChatHistory"\s*:\s*\{')
_NAMED = re.compile(
    r"user_data[^/]*\.json|(?:.*/)?(?:Chat History|Direct Messages?)\.txt", re.IGNORECASE
)
_ADDRESS = re.compile(r"https?://\S{3,2000}")
_OWN_ADDRESS = re.compile(r"https?://[^/?#]{0,200}tiktok[^/?#]{0,200}(?:[/?#]|\Z)", re.IGNORECASE)
_WORD = re.compile(r"\[([A-Za-z ]{3,20})\]")
_TEXT_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: UTC)?)"
    r"(?:[ \t]*(?:\n|\Z)|(?<=UTC)[ \t]+|[ \t]+(?=[^:\n]{1,100}:(?:\s|\Z)))"
)
_TEXT_SAID = re.compile(r"([^:\n]{1,100}):(?:[ \t]|(?=\n)|\Z)(.*)", re.DOTALL)
MOST_FOLDERS = 2  # over a file of text: TikTok/Direct Messages/
MOST_SENDERS = 4  # of one conversation that are looked at


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: names of parts that only TikTok has, at the top of a JSON or text file."""
    found = ((name, _evidence(source, name)) for name in _candidates(source)[:3])
    return tuple(f"{name} has {what}" for name, what in found if what)


def read(source: Source) -> Iterator[Record]:
    """The conversations of every file of ours."""
    names = [name for name in _candidates(source) if _evidence(source, name)]
    names = names or _candidates(source)[:1]
    if not names:
        raise BadExport("there is no user_data.json", where=Where(source.name), remedy=REMEDY)
    files = ((name, File(source, name, _Chats(source, name).parts, zone="UTC")) for name in names)
    yield from records_of(source, files, remedy=REMEDY)


def _candidates(source: Source) -> list[str]:
    names = [name for name in source.files() if name.lower().endswith(".json")]
    names += [name for name in source.names() if _may_be_text(name)]
    return sorted(names, key=lambda name: (not _NAMED.fullmatch(name), name))


def _may_be_text(name: str) -> bool:
    """Whether a file is called like the chats: in other languages it is called like its folder."""
    *folders, file = name.split("/")
    stem, dot, ending = file.rpartition(".")
    if not dot or ending.lower() != "txt" or len(folders) > MOST_FOLDERS:
        return False
    return folders[-1:] == [stem] or _NAMED.fullmatch(file) is not None


def _evidence(source: Source, name: str) -> str:
    head = source.head(name, HEAD).decode("utf-8-sig", "replace")
    if not name.lower().endswith(".json"):
        return "the headings of TikTok's chats" if head.startswith(">>> Chat History with ") else ""
    if not head.lstrip().startswith("{"):
        return ""
    if _SIGNS.search(head) and ('"From"' in head or '"ChatHistory"' in head):
        return "chats of TikTok"
    if _NAMED.fullmatch(name) and _SECTIONS.match(head):
        return "parts of TikTok's download"
    return ""


class _Said(msgspec.Struct, frozen=True):
    """One message as it stands in a file, and in which conversation."""

    key: str
    is_group: bool
    value: object
    part: str
    raw: str


class _Chats:
    """The messages of one file as parts."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._is_text = not name.lower().endswith(".json")
        self._said: Callable[[], Iterator[_Said | Unread]]
        reader = _from_text if self._is_text else _from_json
        self._said = partial(reader, source, name)
        self._owner = source.told.me or ("" if self._is_text else _owner(source, name))
        self._mine = self._senders()

    def parts(self) -> Iterator[Part]:
        """Each conversation when it begins, and its messages."""
        last = ""
        for said in self._said():
            if isinstance(said, Unread):
                yield said
                continue
            place = _place(said.key)
            if said.key != last:
                last = said.key
                kind = ConversationKind.GROUP if said.is_group else ConversationKind.DIRECT
                yield Header(place=place, kind=kind, owner=self._mine.get(said.key, ""))
            try:
                yield self._item(said, place)
            except Malformed as cause:
                yield Unread(said.part, str(cause), said.raw)

    def _senders(self) -> dict[str, str]:
        """Who the owner is in each conversation; TikTok lets people change their user names."""
        found: dict[str, set[str]] = {}
        for said in self._said():
            if isinstance(said, _Said) and isinstance(said.value, dict):
                who = said.value.get("From")
                people = found.setdefault(said.key, set())
                if isinstance(who, str) and len(people) < MOST_SENDERS:
                    people.add(who)
            elif isinstance(said, _Said):
                found.setdefault(said.key, set())
        mine = {}
        for key, people in found.items():
            others = people - {_place(key).id}
            if self._owner in others:
                mine[key] = self._owner
            elif len(others) == 1 and not key.startswith("Group "):
                mine[key] = next(iter(others))
        return mine

    def _item(self, said: _Said, place: Place) -> Item:
        value = said.value
        sender = maybe(value, "From", str) or ""
        content = maybe(value, "Content", str) or ""
        kind, text, files = _body(self._source, content)
        return Item(
            part=said.part,
            raw=said.raw,
            place=place,
            when=_when(need(value, "Date", str)),
            kind=kind,
            text=text,
            sender_id=sender,
            sender=sender,
            attachments=files,
            extra=rest(value, {"Date", "From", "Content"}),
        )


def _place(key: str) -> Place:
    found = TITLE.fullmatch(key)
    name = found[1] if found and found[1] else key
    # A group has a title and no id, and could be called like a user.
    return Place(title=name, id="" if key.startswith("Group ") else name, platform=INFO.platform)


def _when(written: str) -> When:
    """TikTok's clocks are UTC, whether they say so or not."""
    found = parse(written)
    return parse(f"{written} UTC") if isinstance(found, Wall) else found


def _body(source: Source, content: str) -> tuple[MessageKind, str, tuple[Attachment, ...]]:
    """Kind, text and files: an address or a word in brackets is all that is left of a file."""
    if not content:
        return MessageKind.MEDIA, "", ()
    if _ADDRESS.fullmatch(content):
        kind = kind_by_name(re.split(r"[?#]", content)[0])
        if kind in MEDIA and kind is not MessageKind.FILE:
            return kind, "", (attachment(source, "", content, kind=kind),)
        if _OWN_ADDRESS.match(content):
            kind = MessageKind.VIDEO if "/video/" in content else MessageKind.MEDIA
            return kind, "", (attachment(source, "", content, kind=kind),)
        return MessageKind.LINK, content, ()
    word = _WORD.fullmatch(content)
    kind = kind_of(word[1]) or MessageKind.TEXT if word else MessageKind.TEXT
    if kind in MEDIA:
        state = AttachmentState.PLACEHOLDER_ONLY
        return kind, "", (Attachment(name="", state=state, kind=kind, as_exported=content),)
    return MessageKind.TEXT, content, ()


def _from_json(source: Source, name: str) -> Iterator[_Said | Unread]:
    key = ""
    head = source.head(name, HEAD).lstrip(b"\xef\xbb\xbf \t\r\n")
    bare = re.match(rb'\{\s*"Chat History with ', head) is not None
    arrays = ("*",) if bare else (*DIRECT, *GROUPS)
    with source.open(name) as file:
        try:
            for part in stream(file, *arrays):
                if isinstance(part, Start):
                    key = part.key
                elif isinstance(part, Element):
                    where = f"{part.array.removesuffix('*')}{key}[{part.position}]"
                    raw = msgspec.json.encode(part.value).decode()
                    yield _Said(key, part.array in GROUPS, part.value, where, raw)
                elif isinstance(part, Bad) and (_is_chat(part.part) or part.part == "encoding"):
                    yield Unread(part.part, part.reason, part.raw)
                elif isinstance(part, Field) and _is_chat(part.at) and part.value is not None:
                    raw = msgspec.json.encode(part.value).decode()
                    yield Unread(f"{part.at}.{part.name}", "expected a list of messages", raw)
        except BrokenJson as cause:
            yield Unread("end", f"the file breaks off: {cause}", "")


def _is_chat(path: str) -> bool:
    return path.startswith(("Direct Message", "*"))


def _owner(source: Source, name: str) -> str:
    """The owner's user name; empty where the file does not say."""
    found = ""
    with source.open(name) as file:
        try:
            for part in stream(file, *DIRECT, *GROUPS):
                if isinstance(part, Field) and part.name.startswith("Profile"):
                    found = found or _user_name(part.value)
        except BrokenJson:
            pass  # told when the messages are read
    return found


def _user_name(profile: object) -> str:
    """`userName` in the profile, which lay in several places over the years."""
    waiting = [profile]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name = one.get("userName")
            if isinstance(name, str):
                return name
            waiting += one.values()
    return ""


def _from_text(source: Source, name: str) -> Iterator[_Said | Unread]:
    key = ""
    encoding = encoding_of(source, name)
    try:
        for block in blocks(lines(source, name, encoding), _starts):
            part = f"line {block.first}"
            if block.head == "title" and not block.text.partition("\n")[2].strip():
                key = block.text.strip().removeprefix(">>>").strip()
            elif block.head == "time" and key and not block.rest:
                yield _text_said(key, block, part)
            elif block.text.strip():
                yield Unread(part, block.reason("neither a heading nor a message"), block.text)
    except BrokenText as cause:
        yield Unread("end", f"the file cannot be read further ({cause})", "")
    if encoding.damaged:
        reason = f"text that is no {encoding.name}, in {encoding.damaged} lines, became U+FFFD"
        yield Unread("encoding", reason, "")


def _text_said(key: str, block: Block[str], part: str) -> _Said | Unread:
    time = _TEXT_TIME.match(block.text)
    said = time and _TEXT_SAID.match(block.text, time.end())
    if time is None or said is None:
        return Unread(part, "a time without a message", block.text)
    value = {"Date": time[1], "From": said[1], "Content": said[2].strip("\n")}
    return _Said(key, key.startswith("Group "), value, part, block.text)


def _starts(line: str) -> str | None:
    if _TEXT_TIME.match(line):
        return "time"
    return "title" if line.startswith(">>>") else None
