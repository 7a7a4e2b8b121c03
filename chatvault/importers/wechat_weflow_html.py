"""WeChat, the pages (HTML) of WeFlow: one for each conversation.

    私聊_小满.html  media/images/…  avatars/wxid_lin0demo.png  私聊_小满_data/chunk-000000.js

The messages are a list in a script of the page, or in the scripts of a folder beside it:
    window.WEFLOW_DATA = [
    {"i":1,"t":1767139200,"s":0,"a":"<img src=\"avatars/wxid_lin0demo.png\" />",
     "b":"<div class=\"message-text\">新年快乐</div>","p":"7300000000000000001"},
    ];
"""

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._fields import Malformed
from chatvault.importers._html import unescaped
from chatvault.importers._js_literal import BrokenScript, items
from chatvault.importers._json_stream import Bad, Item
from chatvault.importers._limits import MiB
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._wechat import PLATFORM, own_id
from chatvault.importers._wechat_rows import Transcript, asked_about, place_of
from chatvault.importers._wechat_said import told
from chatvault.importers._weflow_page import Face, face, said
from chatvault.model import Conversation, ConversationKind, Problem, Record

INFO = ImporterInfo(
    key="wechat-weflow-html",
    platform=PLATFORM,
    title="WeChat, pages of WeFlow",
    expects="the .html files of WeFlow, with their media, avatars and …_data folders",
    carries=frozenset({
        "ids", "replies", "forwards", "calls", "locations", "contacts", "stickers", "media",
        "links", "payments",
    }),
    derived={
        "i": "the row in this page; no key across exports",
        "聊天记录": "stands behind the title of every page",
        "条消息": "stands behind the number of messages of a page",
        "私聊": "the kind of the conversation, which is kept",
        "群聊": "the kind of the conversation, which is kept",
        "搜索消息": "a label of the page itself",
        "跳转日期和时间": "a label of the page itself",
        "跳转": "a label of the page itself",
    },
    leaves_out="ids of groups; whether a line is a notice of the app (but recalls)",
    seen="WeFlow 5.0.0 (2026-07)",
)  # fmt: skip

HEAD = MiB  # large styles stand before the messages
TEXTS = "texts/"  # WeFlow's folder of files when media go into folders beside it
FIRST = 2_000  # messages in which to look for who the conversation is with

_DATA = re.compile(r"window\.WEFLOW_DATA\s*=\s*\[")
_EXTERNAL = re.compile(rb"window\.WEFLOW_DATA\s*=\s*null\b")
_CHUNKS = re.compile(r"window\.WEFLOW_MANIFEST\s*=\s*\{[^\[\]]{0,400}\"chunks\"\s*:\s*\[")
_CHUNK = re.compile(r"__WEFLOW_CHUNK_LOADED__\(\s*\d{1,9}\s*,\s*\[")
_TITLE = re.compile(r"<title>(.{0,400}?)(?: - 聊天记录)?</title>", re.DOTALL)
_GROUP = re.compile(r"<span>\s*群聊\s*</span>")
_NUMBER = re.compile(r"chunk-(\d{1,9})\.js")


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the name of WeFlow's list of messages in a page; looks into three at most."""
    return tuple(
        f"{name} has WEFLOW_DATA" for name in _candidates(source)[:3] if _is_page(source, name)
    )


def _candidates(source: Source) -> list[str]:
    """Pages at the top or in `texts`; where the same conversation is there as JSON, that wins."""
    found = [
        name
        for name in source.names()
        if name.lower().endswith((".html", ".htm")) and "/" not in name.removeprefix(TEXTS)
    ]
    return [name for name in found if not source.has(name.rpartition(".")[0] + ".json")]


def _is_page(source: Source, name: str) -> bool:
    head = source.head(name, HEAD)
    return b"window.WEFLOW_DATA" in head


def read(source: Source) -> Iterator[Record]:
    """Yield one transcript for each page."""
    names = [name for name in _candidates(source) if _is_page(source, name)]
    if not names:
        raise BadExport(
            "no page of WeFlow can be read here",
            where=Where(source.name),
            remedy="give the folder that holds the pages; better still, export as JSON",
        )
    source = asked_about(source, names)
    for name in names:
        yield from _page(source, name)


def _page(source: Source, name: str) -> Iterator[Record]:
    head = source.head(name, HEAD)
    base = name.rpartition("/")[0]
    place = _place(source, name, head)
    yield place
    talk = Transcript(place, source.told)
    for file, marker in _scripts(source, name, head):
        full = source.full(file)
        if not source.has(file):
            part_name = file.rpartition("/")[2]
            reason = "a part of the page that is not there"
            yield Problem(file=source.full(name), part=part_name, reason=reason, raw="")
            continue
        try:
            for part in _items(source, file, marker):
                if isinstance(part, Bad):
                    yield part.problem(full)
                    continue
                try:
                    records = list(told(said(part.value, source, base), talk))
                except Malformed as cause:
                    raw = msgspec.json.encode(part.value).decode()
                    where = f"[{part.position}]"
                    yield Problem(file=full, part=where, reason=str(cause), raw=raw)
                    continue
                yield from records
        except (BrokenScript, OSError) as cause:
            yield Problem(file=full, part="end", reason=f"the page breaks off: {cause}", raw="")


def _items(source: Source, name: str, marker: re.Pattern[str]) -> Iterator[Item | Bad]:
    with source.open(name) as file:
        yield from items(file, marker)


def _scripts(source: Source, name: str, head: bytes) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The files with the messages, in their order; those that the page names may be missing."""
    if not _EXTERNAL.search(head):
        yield name, _DATA
        return
    folder = name.rpartition(".")[0] + "_data"
    there = {one for one in source.names() if one.startswith(f"{folder}/")}
    wanted = []
    try:
        for part in _items(source, name, _CHUNKS):
            value = part.value if isinstance(part, Item) else None
            url = value.get("u") if isinstance(value, dict) else None
            if isinstance(url, str):
                wanted.append(f"{folder}/{unquote(url).rpartition('/')[2]}")
    except (BrokenScript, OSError):
        pass  # then those that are there are all that is known
    for one in sorted({*wanted, *there}, key=_order):
        if _NUMBER.fullmatch(one.rpartition("/")[2]):
            yield one, _CHUNK


def _order(name: str) -> tuple[int, str]:
    found = _NUMBER.fullmatch(name.rpartition("/")[2])
    return int(found[1]) if found else 0, name


def _place(source: Source, name: str, head: bytes) -> Conversation:
    text = head.decode("utf-8", "replace")
    title = _TITLE.search(text)
    stem = re.sub(r"^(?:私聊|群聊|公众号|曾经的好友)_", "", name.rpartition("/")[2])
    named = unescaped(title[1]).strip() if title else ""
    kind = ConversationKind.GROUP if _GROUP.search(text) else ConversationKind.DIRECT
    other, owner = Face(), Face()
    if kind is ConversationKind.DIRECT:
        other, owner = _sides(source, name, head)
    if other.wxid.startswith("gh_"):
        kind = ConversationKind.CHANNEL
    place = place_of(source.told, other.wxid, named or stem.rpartition(".")[0], kind)
    mine = own_id(owner.wxid) if owner.wxid else None
    return msgspec.structs.replace(place, owner=mine)


def _sides(source: Source, name: str, head: bytes) -> tuple[Face, Face]:
    """Who is on the other side and who owns the account, as far as their avatars tell."""
    sides: dict[bool, Face] = {}
    for file, marker in islice(_scripts(source, name, head), 4):
        if not source.has(file):
            continue
        try:
            for part in islice(_items(source, file, marker), FIRST):
                value = part.value if isinstance(part, Item) else None
                if isinstance(value, dict) and value.get("s") in (0, 1):
                    try:
                        found = face(value)
                    except Malformed:
                        continue
                    if found.wxid:
                        sides.setdefault(value["s"] == 1, found)
                if len(sides) == 2:
                    break
        except (BrokenScript, OSError):
            continue  # told when the messages are read
    return sides.get(False, Face()), sides.get(True, Face())
