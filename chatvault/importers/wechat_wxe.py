"""WechatExporter: pages or texts of the conversations in an iPhone's backup.

    index.html (the list)  小满/index.html  小满/Files/42.jpg  小满/Files/Data/msg-1.js
    小满.html  小满_files/42.jpg                                (older versions)
    小满.txt                                                    (text mode)

A message of a page, and of a text:
    <div class="msg chat left" msgid="41" msgtype="1"><div class="nt-box"><span class="dspname
      left">小满</span> 2025-12-31 08:00:00</div> … <span class="msg-text">新年快乐</span></div>
    小满 (2025-12-31 08:00:00):新年快乐
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers import _wxe_page as pages
from chatvault.importers import _wxe_text as texts
from chatvault.importers._clock import zone_for
from chatvault.importers._fields import Malformed
from chatvault.importers._html import BrokenHtml, Node, elements, unescaped
from chatvault.importers._js_literal import BrokenScript, items
from chatvault.importers._json_stream import Bad
from chatvault.importers._limits import MiB
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText
from chatvault.importers._wechat import is_room, own_id
from chatvault.importers._wechat_rows import HOME, Transcript, asked_about, may_be_id, place_of
from chatvault.importers._wechat_said import Said, told
from chatvault.model import Assumption, Conversation, ConversationKind, MessageKind, Problem, Record

INFO = ImporterInfo(
    key="wechat-wxe",
    platform="wechat",
    title="WeChat on an iPhone, by WechatExporter",
    expects="the folder that WechatExporter wrote (HTML or text mode)",
    carries=frozenset({
        "ids", "replies", "forwards", "calls", "locations", "contacts", "stickers", "system",
        "media", "links", "payments",
    }),
    derived={
        "系统消息": "stands before a notice, told by the kind system",
        "微信聊天记录": "stands behind the title of every page and text",
        **dict.fromkeys(("AM", "PM"), "part of the clock of a message, which is kept as a time"),
        "播放": "a link of the page itself, for browsers that play nothing",
    },
    leaves_out="the time of notices and, in text mode, of replies; text mode has no media",
    seen="WechatExporter 1.8 and 1.9, 2020 to 2025",
)  # fmt: skip

HEAD = MiB
FIRST = 2_000  # messages in which to look for who a conversation is with
_SIGN = re.compile(r"<[a-z]+ [^<>]{0,200}\bmsgid=\"")
_TITLE = re.compile(r"<title>(.{0,400}?) - 微信聊天记录\s*</title>", re.DOTALL)
_BODY = re.compile(r"<body\b([^<>]{0,600})>")
_UID, _SID = re.compile(r"\buid=\"([^\"]*)\""), re.compile(r"\bsid=\"([^\"]*)\"")
_MORE = re.compile(r"window\.moreWechatMsgs\s*=\s*\[(?=\s*[\"'])")
_PART = re.compile(r"msgArray\s*=\s*\[|\A\s*\[")
_NUMBER = re.compile(r"(\d{1,9})\.js\Z")
GROUP, DIRECT = ConversationKind.GROUP, ConversationKind.DIRECT


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: a numbered message with a name and a clock, or the first lines of a text."""
    return tuple(
        f"{name} {evidence}"
        for name in _candidates(source)[:3]
        if (evidence := _evidence(source, name))
    )


def _candidates(source: Source) -> list[str]:
    """Pages and texts at the top, and pages in the folders of conversations; large ones first."""
    found = [
        name
        for name in source.names()
        if (name.count("/") == 0 and name.lower().endswith((".html", ".htm", ".txt")))
        or (name.count("/") == 1 and name.endswith("/index.html"))
    ]
    pages_ = {_stem(name) for name in found if not _is_text(name)}
    found = [name for name in found if not (_is_text(name) and _stem(name) in pages_)]
    return sorted(found, key=lambda name: (-source.size(name), name))


def _is_text(name: str) -> bool:
    return name.lower().endswith(".txt")


def _stem(name: str) -> str:
    folder, _, last = name.rpartition("/")
    return folder if folder and last == "index.html" else last.rpartition(".")[0]


def _evidence(source: Source, name: str) -> str:
    head = source.head(name, HEAD).decode("utf-8-sig", "replace")
    if _is_text(name):
        return "begins as texts of WechatExporter do" if texts.is_text(head) else ""
    boxes = 'class="nt-box"' in head or 'class="ntBox"' in head
    named = "dspname" in head or 'class="name-' in head
    if _SIGN.search(head) and ((boxes and named) or _TITLE.search(head)):
        return "has numbered messages of WechatExporter"
    # All messages may be in scripts.
    return "has the title of WechatExporter" if _TITLE.search(head) and _MORE.search(head) else ""


def read(source: Source) -> Iterator[Record]:
    """One transcript for each page or text."""
    names = sorted(name for name in _candidates(source) if _evidence(source, name))
    if not names:
        raise BadExport(
            "no page or text of WechatExporter can be read here",
            where=Where(source.name),
            remedy="give the folder that holds the pages, with their folders Files",
        )
    source = asked_about(source, names)
    zone, assumed = zone_for(source.told, HOME)
    if assumed:
        yield assumed
    for name in names:
        yield from _text(source, name, zone) if _is_text(name) else _Page(source, name, zone).read()


@dataclass
class _Page:
    """One conversation, in a page and in the scripts that the page loads."""

    source: Source
    name: str
    zone: str
    bundle: pages.Bundle = field(default_factory=pages.Bundle)

    def read(self) -> Iterator[Record]:
        full = self.source.full(self.name)
        place = self._place()
        yield place
        talk = Transcript(place, self.source.told)
        clock = pages.Clock(self.zone)
        base = self.name.rpartition("/")[0]
        waiting: Said | None = None
        for part in self._nodes():
            if isinstance(part, Problem):
                yield part
                continue
            if pages.is_part_of_bundle(part):
                self.bundle.add(part)
                continue
            yield from self._tell(waiting, talk)
            waiting = None
            where = f"message {part.attributes.get('msgid', '')[:40]}"
            if part.cut:
                reason = "a message that is too long, or broken off; its beginning is read"
                yield Problem(file=full, part=where, reason=reason, raw=part.markup())
            try:
                waiting = pages.said(part, clock, source=self.source, base=base)
            except Malformed as cause:
                yield Problem(file=full, part=where, reason=str(cause), raw=part.markup())
        yield from self._tell(waiting, talk)

    def _tell(self, one: Said | None, talk: Transcript) -> Iterator[Record]:
        """The message, with the bundle that came behind it."""
        lines, self.bundle = self.bundle.lines, pages.Bundle()
        if one is None:
            return
        if lines:
            words = (one.body.text, *one.body.words, *lines)
            body = msgspec.structs.replace(one.body, text="", words=words)
            one = msgspec.structs.replace(one, kind=MessageKind.FORWARD, body=body)
        # The number is the phone's own, not the server's: it is unique on this phone only.
        yield from told(msgspec.structs.replace(one, scope=f"iphone:{talk.place.id}"), talk)

    def _nodes(self) -> Iterator[Node | Problem]:
        full = self.source.full(self.name)
        replaced = Replaced()
        try:
            with self.source.open(self.name) as file:
                yield from elements(file, pages.is_message, replaced=replaced)
        except (BrokenHtml, OSError) as cause:
            yield Problem(file=full, part="end", reason=f"the page breaks off: {cause}", raw="")
        yield from replaced.problems(full)
        if _MORE.search(self._all_of_head()):
            yield from self._script(self.name, _MORE)
        for name in self._parts():
            yield from self._script(name, _PART)

    def _all_of_head(self) -> str:
        """The beginning and the end of the page: the list stands in the last script."""
        text = self.source.head(self.name, HEAD).decode("utf-8", "replace")
        if _MORE.search(text) or self.source.size(self.name) <= HEAD:
            return text
        try:
            with self.source.open(self.name) as file:
                found = next(iter(items(file, _MORE)), None)
        except (BrokenScript, OSError):
            return ""
        return 'window.moreWechatMsgs = ["' if found is not None else ""

    def _parts(self) -> list[str]:
        """The scripts with the messages that the page loads later, in their order."""
        folder = self.name.rpartition("/")[0]
        stem = _stem(self.name)
        bases = [f"{folder}/Files/Data/" if folder else "Files/Data/", f"{stem}_files/Data/"]
        found = [
            name
            for name in self.source.entries
            if name.startswith(tuple(bases)) and _NUMBER.search(name)
        ]

        def order(name: str) -> tuple[int, str]:
            number = _NUMBER.search(name)
            return int(number[1]) if number else 0, name

        return sorted(found, key=order)

    def _script(self, name: str, marker: re.Pattern[str]) -> Iterator[Node | Problem]:
        full = self.source.full(name)
        try:
            with self.source.open(name) as file:
                for part in items(file, marker):
                    if isinstance(part, Bad):
                        yield part.problem(full)
                    elif isinstance(part.value, str):
                        page = io.BytesIO(part.value.encode("utf-8", "replace"))
                        yield from elements(page, pages.is_message)
                    else:
                        raw = msgspec.json.encode(part.value).decode()
                        where = f"[{part.position}]"
                        yield Problem(file=full, part=where, reason="no message", raw=raw)
        except (BrokenScript, BrokenHtml, OSError) as cause:
            yield Problem(file=full, part="end", reason=f"the list breaks off: {cause}", raw="")

    def _place(self) -> Conversation:
        head = self.source.head(self.name, HEAD).decode("utf-8-sig", "replace")
        titled = _TITLE.search(head)
        title = unescaped(titled[1]).strip() if titled else _stem(self.name)
        about = _BODY.search(head)
        sid, uid = (
            (found[1].strip() if about and (found := one.search(about[1])) else "")
            for one in (_SID, _UID)
        )
        others: dict[str, str] = {}
        for part in islice(self._nodes(), FIRST):
            if isinstance(part, Problem) or pages.is_part_of_bundle(part):
                continue
            if pages.has(part, "left") and not pages.has(part, "notice"):
                name, wxid = pages.speaker(part)
                others.setdefault(folded(name) or wxid, wxid)
            if len(others) > 1:
                break
        kind = GROUP if len(others) > 1 or is_room(sid) else DIRECT
        identifier = sid if may_be_id(sid) else ""
        wxid = next(iter(others.values()), "")
        if not identifier and kind is DIRECT and may_be_id(wxid):
            identifier = wxid
        if identifier.startswith("gh_"):
            kind = ConversationKind.CHANNEL
        place = place_of(self.source.told, identifier or None, title, kind)
        return msgspec.structs.replace(place, owner=own_id(uid) if may_be_id(uid) else None)


def _text(source: Source, name: str, zone: str) -> Iterator[Record]:
    """The transcript of a text: no ids, no media, and notices without a time."""
    full = source.full(name)
    found = texts.look(source, name)
    kind = GROUP if len(found.names) > 2 else DIRECT
    known = folded(found.title) in found.names
    place = place_of(source.told, None, found.title, kind)
    if found.encoding.damaged:
        why = f"{found.encoding.damaged} lines hold bytes that are no text; they read as U+FFFD"
        yield Assumption(what="encoding", value=found.encoding.name, why=f"{full}: {why}")
    yield place
    talk = Transcript(place, source.told)
    try:
        for part in texts.said(source, name, found, pages.Clock(zone)):
            if isinstance(part, Problem):
                yield part
                continue
            if kind is DIRECT and known and part.name:
                mine = folded(part.name) != folded(found.title)
                part = msgspec.structs.replace(part, mine=mine)
            yield from told(part, talk)
    except BrokenText as cause:
        yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")
