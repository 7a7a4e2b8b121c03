"""WeChatDataAnalysis: a zip `wechat_chat_export_<account>_<time>_<id>.zip`, or its folder.

    manifest.json  report.json  media/images/…  media/voices/…
    conversations/0001_小满_wxid_lin0demo_0f0f0f0f/messages.json (or messages.txt) and meta.json

One message of `messages.json`:
    {"id":"message_0:msg_demo:41","serverId":7300000000000000071,"createTime":1767139260,"type":3,
     "renderType":"image","isSent":false,"senderUsername":"wxid_lin0demo","content":"[图片]",
     "senderDisplayName":"小满","offlineMedia":[{"kind":"image","path":"media/images/0f0f.jpg"}]}
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from chatvault.errors import BadExport, Where
from chatvault.importers._clock import zone_for
from chatvault.importers._fields import Malformed, maybe
from chatvault.importers._json_stream import Bad, BrokenJson, Field, Item, stream
from chatvault.importers._json_value import decoded, depth
from chatvault.importers._limits import DEFAULT, MiB
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, Encoding, blocks, lines
from chatvault.importers._wda_item import LINE, Run, said, said_line
from chatvault.importers._wechat import own_id
from chatvault.importers._wechat_rows import HOME, RowClock, Transcript, conversation
from chatvault.importers._wechat_said import told
from chatvault.model import Assumption, Conversation, ConversationKind, Problem, Record

INFO = ImporterInfo(
    key="wechat-wda",
    platform="wechat",
    title="WeChat, exported by WeChatDataAnalysis",
    expects="the zip wechat_chat_export_….zip (JSON or TXT inside), or its folder",
    carries=frozenset({
        "ids", "replies", "forwards", "calls", "locations", "contacts", "stickers", "system",
        "media", "links", "payments",
    }),
    derived={
        "id": "the row in one of the app's data files on one computer; no key across exports",
        "localId": "the row in one of the app's data files; no key across exports",
        "sortSeq": "createTime and three digits, by which the app sorts",
        "createTimeText": "createTime in the clock of the computer; its distance from UTC is kept",
        "conversationUsername": "the conversation that the message is in",
        "renderType": "the kind, kept wherever it says more than text",
        "系统": "the word that stands for a notice, told by the kind system",
        "会话": "heads the text; the title is that of the conversation",
        "账号": "heads the text; the id is that of the owner",
        "导出时间": "heads the text and differs in every export",
        "会话头像": "heads the text; the picture is kept with the conversation",
        "时间范围": "heads the text and differs in every export",
        "不限": "stands in the head of the text for no limit",
        "消息类型": "heads the text and differs in every export",
        "avatar": "stands before the picture of a sender, which is kept",
    },
    leaves_out="messages deleted before the export; in privacy mode all texts, names and files",
    seen="WeChatDataAnalysis, 2025-12 to 2026-08",
)  # fmt: skip

HEAD = 64 * 1024
MANIFEST, REPORT = "manifest.json", "report.json"
JSON, TEXT = "messages.json", "messages.txt"
BOOK_LIMIT = 16 * MiB
_DEEPEST = 2  # folders around the files of a conversation: `conversations/0001_…/`
_SIGNS = (
    re.compile(r'"schemaVersion"\s*:\s*1\b'),
    re.compile(r'"exportId"\s*:\s*"'),
    re.compile(r'"messagesExported"\s*:'),
    re.compile(r'"privacyMode"\s*:\s*(?:true|false)'),
)
_ALONE = re.compile(
    r'\s*\{\s*"schemaVersion"\s*:\s*1\s*,.{0,400}"account"\s*:.{0,400}"conversation"\s*:\s*\{[^{}]*"username"',
    re.DOTALL,
)
_START = re.compile(r'"messages"\s*:\s*\[\Z')
_BY_LINE = re.compile(r'"messages": ?\[\r?\n *\{"id": ?"[^\n]*(?:\n|\Z)')
_CONVERSATION = re.compile(r"\A(?:[^/]+/){1,2}messages\.[a-z]{3,4}\Z")
_PRIVATE = re.compile(r'"privacyMode"\s*:\s*true')
_MEDIA = re.compile(r'"includeMedia"\s*:\s*true')
_TITLE = re.compile(r"会话: ?(.*) \(([^()\s]{1,128})\)")
_NUMBER = re.compile(r"\d{4,6}_")
_LABELS = ("会话:", "账号:", "会话头像:", "时间范围:", "消息类型:", "导出时间:")


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the manifest, or the beginning of one conversation's file that was taken out."""
    # Without its conversations a manifest is nothing, and with them they belong to it.
    whole = source.has(MANIFEST) and any(_CONVERSATION.search(name) for name in source.entries)
    if whole and _is_manifest(_text(source, MANIFEST)):
        return (f"{MANIFEST} of WeChatDataAnalysis",)
    if source.has(JSON) and _ALONE.match(_text(source, JSON)):
        return (f"{JSON} of WeChatDataAnalysis",)
    if source.has(TEXT) and _heads(_text(source, TEXT)):
        return (f"{TEXT} of WeChatDataAnalysis",)
    return ()


def read(source: Source) -> Iterator[Record]:
    """One transcript for each conversation; JSON where there is JSON and text beside it."""
    manifest = _text(source, MANIFEST) if source.has(MANIFEST) else ""
    run = Run(
        source=source,
        with_media=bool(_MEDIA.search(manifest)) or not manifest,
        redacted=bool(_PRIVATE.search(manifest)),
    )
    names = _files(source)
    if not names:
        raise BadExport(
            "no conversation here is in JSON or text",
            where=Where(source.name),
            remedy="pages and tables of WeChatDataAnalysis are not read; export once more as JSON",
        )
    if run.redacted:
        yield Assumption(
            what="redacted",
            value="privacy mode",
            why="the export was made without texts and names; it is kept apart from others",
        )
    zone, assumed = zone_for(source.told, HOME)
    for name in names:
        if name.endswith(JSON):
            yield from _conversation(name, run)
            continue
        if assumed is not None:
            yield assumed
            assumed = None
        yield from _lines(name, run, zone)
    yield from _errors(source)


def _files(source: Source) -> list[str]:
    names = [
        name
        for name in source.names()
        if name.rpartition("/")[2] in (JSON, TEXT) and name.count("/") <= _DEEPEST
    ]
    known = set(names)
    return [name for name in names if name.endswith(JSON) or name[: -len(TEXT)] + JSON not in known]


def _text(source: Source, name: str) -> str:
    return source.head(name, HEAD).decode("utf-8-sig", "replace")


def _is_manifest(text: str) -> bool:
    return text.lstrip().startswith("{") and all(sign.search(text) for sign in _SIGNS)


def _heads(text: str) -> bool:
    """Whether a text begins as those of the tool do."""
    first, _, below = text.partition("\n")
    return first.startswith("会话: ") and below.startswith("账号: ") and "\n导出时间: " in below


def _place(
    name: str, run: Run, *, username: str, title: str, group: bool, account: str
) -> Conversation:
    kind = ConversationKind.GROUP if group else ConversationKind.DIRECT
    if username.startswith("gh_"):
        kind = ConversationKind.CHANNEL
    if run.redacted or not username:
        folder = name.rpartition("/")[0].rpartition("/")[2] or run.source.name
        stem = _NUMBER.sub("", folder, count=1)
        return conversation(None, f"{title or stem} ({stem})", kind)
    owner = own_id(account) if account and account != "hidden" else None
    return msgspec.structs.replace(conversation(username, title, kind), owner=owner)


def _conversation(name: str, run: Run) -> Iterator[Record]:
    full = run.source.full(name)
    head: dict[str, Any] = {}
    try:
        with run.source.open(name) as file:
            for part in stream(file, "messages"):
                if isinstance(part, Field) and not part.at:
                    head[part.name] = part.value
                elif isinstance(part, Item) and "conversation" in head:
                    break
    except (BrokenJson, OSError):
        pass  # told where the messages are read
    about = head.get("conversation")
    try:
        account = maybe(head, "account", str) or ""
        place = _place(
            name,
            run,
            username=maybe(about, "username", str) or "",
            title=maybe(about, "displayName", str) or "",
            group=maybe(about, "isGroup", bool) or False,
            account=account,
        )
    except Malformed as cause:
        raw = msgspec.json.encode(about).decode()
        yield Problem(file=full, part="conversation", reason=str(cause), raw=raw)
        return
    picture = about.get("avatarPath") if isinstance(about, dict) else None
    if isinstance(picture, str) and picture:
        place = msgspec.structs.replace(place, extra={"avatar": picture})
    yield place
    talk = Transcript(place, run.source.told)
    try:
        for part in _items(run.source, name):
            if isinstance(part, Bad):
                yield part.problem(full)
            else:
                yield from _message(part, talk, run=run, full=full)
    except (BrokenJson, BrokenText, OSError) as cause:
        yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")


def _items(source: Source, name: str) -> Iterator[Item | Bad]:
    """The messages of a file. The tool writes each on a line of its own, and versions of it have
    damaged some of them: so one that is no JSON costs only its line."""
    if not _BY_LINE.search(_text(source, name)):
        with source.open(name) as file:
            for part in stream(file, "messages"):
                if isinstance(part, Item | Bad):
                    yield part
        return
    number = -1
    ended = False
    replaced = Replaced()
    for line in lines(source, name, Encoding("utf-8"), replaced=replaced):
        text = line.text.strip()
        if number < 0:
            number = 0 if _START.search(text) else -1
            continue
        ended = ended or text in ("]", "],", "]}")
        if ended or not text:
            continue
        where = f"messages[{number}], line {line.number}"
        number += 1
        try:
            value = decoded(text.removesuffix(","))
        except (ValueError, RecursionError):
            yield Bad(where, "a message that is no JSON", line.text)
            continue
        if depth(value) > DEFAULT.json_depth:
            yield Bad(where, "nested too deep", line.text)
        else:
            yield Item(number - 1, value, "messages")
    if reason := replaced.reason():
        yield Bad("encoding", reason, "")
    if not ended:
        raise BrokenJson("no end of the list of messages")


def _message(part: Item, talk: Transcript, *, run: Run, full: str) -> Iterator[Record]:
    try:
        records = list(told(said(part.value, run), talk))
    except Malformed as cause:
        raw = msgspec.json.encode(part.value).decode()
        where = f"messages[{part.position}]"
        yield Problem(file=full, part=where, reason=str(cause), raw=raw)
        return
    yield from records


def _lines(name: str, run: Run, zone: str) -> Iterator[Record]:
    """The transcript of a text; what stands over its first message says whose it is."""
    full = run.source.full(name)
    head = _text(run.source, name).partition("\n\n")[0]
    titled = _TITLE.match(head)
    account = next(
        (one.partition(":")[2].strip() for one in head.split("\n") if one.startswith("账号:")), ""
    )
    username = titled[2] if titled else ""
    group = username.endswith("@chatroom") or "_group_" in name
    place = _place(
        name,
        run,
        username=username,
        title=titled[1] if titled else "",
        group=group,
        account=account,
    )
    pictures = [one for one in head.split("\n") if one.startswith("会话头像:")]
    if pictures:
        picture = pictures[0].partition(":")[2].strip()
        place = msgspec.structs.replace(place, extra={"avatar": picture})
    yield place
    talk = Transcript(place, run.source.told)
    clock = RowClock(zone)
    replaced = Replaced()
    try:
        found = lines(run.source, name, Encoding("utf-8"), replaced=replaced)
        for block in blocks(found, LINE.fullmatch):
            where = block.place
            if block.head is None:
                left = block.text
                if block.first == 1 and not block.rest:
                    kept = (one for one in left.split("\n") if not one.startswith(_LABELS))
                    left = "\n".join(kept)
                if left.strip():
                    reason = block.reason("lines that belong to no message")
                    yield Problem(file=full, part=where, reason=reason, raw=left)
                continue
            try:
                below = block.text[len(block.head[0]) - len(block.head[2]) :]
                at = clock.time(block.head[1])
                records = list(told(said_line(below, at, place.owner or "", run), talk))
            except Malformed as cause:
                yield Problem(file=full, part=where, reason=str(cause), raw=block.text)
                continue
            yield from records
    except BrokenText as cause:
        yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")
    yield from replaced.problems(full)


def _errors(source: Source) -> Iterator[Problem]:
    """What the tool itself says that it could not export."""
    if not source.has(REPORT) or source.size(REPORT) > BOOK_LIMIT:
        return
    try:
        with source.open(REPORT) as file:
            tree = decoded(file.read(BOOK_LIMIT).decode("utf-8-sig", "replace"))
    except (OSError, ValueError, RecursionError):
        return  # it only repeats what the messages show
    errors = tree.get("errors") if isinstance(tree, dict) else None
    for number, error in enumerate(errors if isinstance(errors, list) else []):
        raw = error if isinstance(error, str) else msgspec.json.encode(error).decode()
        reason = "the tool could not export this"
        yield Problem(file=source.full(REPORT), part=f"errors[{number}]", reason=reason, raw=raw)
