"""KakaoTalk, "Export chat" of phones and computers: text of four grammars, or CSV of a Mac.

The text alone, or a folder of Android with the media beside `KakaoTalkChats.txt`:
    Haneul Books 3 님과 카카오톡 대화
    저장한 날짜 : 2026년 8월 3일 오전 12:51

    2026년 7월 9일 오후 8:34
    2026년 7월 9일 오후 8:35, 두리 : 안녕하세요

A long chat comes in several files (`-1.txt`, `-2.txt`); together they are one conversation. Texts
are read twice: what only the whole file can tell is counted first, in `_kakao_survey.py`.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from chatvault.errors import BadExport, Where
from chatvault.importers._clock import zone_for
from chatvault.importers._csv import head_rows, open_text, rows
from chatvault.importers._kakao_bodies import body_of, notice
from chatvault.importers._kakao_lines import DATED, Day, Head, Post, moment
from chatvault.importers._kakao_survey import GROUP_ONLY, LEGACY, MOST_SENDERS, Heads, Survey
from chatvault.importers._kakao_words import MONTHS, WEEKDAYS, event_of
from chatvault.importers._people import folded
from chatvault.importers._plain_chat import (
    Body,
    Chat,
    Said,
    breaks_off,
    check_one_title,
    of_encoding,
    title_id,
    unread,
)
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText, Encoding, blocks, lines
from chatvault.model import (
    Assumption,
    Conversation,
    ConversationKind,
    Precision,
    Problem,
    Record,
)

INFO = ImporterInfo(
    key="kakaotalk-text",
    platform="kakaotalk",
    title='KakaoTalk, "Export chat"',
    expects="the .txt (all parts of it) or .csv, or the folder KakaoTalk_Chats_... of Android",
    carries=frozenset({"calls", "contacts", "deletions", "locations", "media", "polls", "stickers",
                       "system"}),
    derived=dict.fromkeys(
        ("AM", "PM", "am", "pm", "오전", "오후", *MONTHS),
        "part of the date in front of a message, which is kept as a time",
    )
    | dict.fromkeys(WEEKDAYS, "the day of the week, which follows from the date")
    | dict.fromkeys(("Date", "User", "Message"), "the first line of every CSV of a Mac"),
    leaves_out="message ids, replies, reactions, the time zone; media, but for Android's full"
    " export; reported: what is beyond 500 characters of a text, on phones",
    seen="Android, iPhone, Windows and Mac as public parsers describe them, 2015 to 2026",
)  # fmt: skip

HOME = "Asia/Seoul"
HEAD = 64 * 1024
LOOKED_AT = 3
COLUMNS = ["Date", "User", "Message"]

_SECOND = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_PART = re.compile(r"(.+?)[-_ ](\d{1,3})")
_CSV_TITLE = re.compile(r"KakaoTalk_Chat_(.+?)_\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d")
_AGAIN = re.compile(r" ?\(\d{1,3}\)\Z", re.ASCII)
# What phones write for the owner of the account.
_ME = ("회원님",)
_ME_ENGLISH = ("you", "You")


@dataclass(frozen=True)
class _Talk:
    """One conversation of the export: the parts of its text, or its CSV."""

    title: str
    people: int
    parts: tuple[Survey, ...]
    csv: str = ""


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first lines that KakaoTalk writes, or messages in one of its grammars."""
    found = [(name, _evidence(source, name)) for name in _texts(source)[:LOOKED_AT]]
    left = LOOKED_AT - len(found)
    found += [(name, _csv_evidence(source, name)) for name in _tables(source)[: max(0, left)]]
    return tuple(f"{name}: {evidence}" for name, evidence in found if evidence)


def read(source: Source) -> Iterator[Record]:
    """Yield the conversations of an export, each with its messages in the order of the files."""
    zone, assumption = zone_for(source.told, HOME)
    talks = _talks(source)
    if not talks:
        files = [*_texts(source), *_tables(source)]
        raise BadExport(
            "no line looks like a message of KakaoTalk",
            where=Where(source.full(files[0])) if files else None,
            remedy='make the export again with "Export chat" and import that file as it is',
        )
    check_one_title(source, len(talks))
    for talk in talks:
        yield from _conversation(source, talk, zone, assumption)
        assumption = None


def _texts(source: Source) -> list[str]:
    """The texts at the top, those that KakaoTalk named first: people send each other texts, too."""
    return _named_first(name for name in source.files() if name.lower().endswith(".txt"))


def _tables(source: Source) -> list[str]:
    return _named_first(name for name in source.files() if name.lower().endswith(".csv"))


def _named_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: ("kakao" not in name.casefold(), name))


def _evidence(source: Source, file: str) -> str:
    """What shows that a text is a chat of KakaoTalk; empty if nothing does."""
    head = source.head(file, HEAD)
    if not head:
        return ""
    survey = Survey.of(Source.of({file: head}), file)
    if not survey.styles:
        return ""
    [(style, count)] = survey.styles.most_common(1)
    title, _ = survey.title()
    if title or survey.is_saved():
        return f"the first lines of KakaoTalk, {count} messages in its form {style!r}"
    told = survey.senders.total()
    dated = style in DATED or survey.days > 0
    if survey.start.strip() or count < 3 or told < 3 or count * 5 < survey.lines or not dated:
        return ""
    return f"{count} messages in KakaoTalk's form {style!r}"


def _csv_evidence(source: Source, file: str) -> str:
    """A table of these three columns may be anybody's: the name or the writing must be Korean."""
    data = source.head(file, HEAD)
    found = head_rows(data, 3)
    if len(found) < 2 or found[0] != COLUMNS:
        return ""
    if not all(len(row) == 3 and _SECOND.fullmatch(row[0]) for row in found[1:]):
        return ""
    named = "kakao" in f"{file} {source.name}".casefold()
    text = data.decode("utf-8", "replace")
    if not (named or _HANGUL.search(text) or _HANGUL.search(data.decode(LEGACY, "replace"))):
        return ""
    return "the columns Date, User, Message and a sign of KakaoTalk"


def _talks(source: Source) -> list[_Talk]:
    """The conversations of an export: parts of one text together, in their order."""
    texts = [file for file in _texts(source) if _evidence(source, file)]
    tables = [file for file in _tables(source) if _csv_evidence(source, file)]
    surveys = [Survey.of(source, file) for file in (texts or ([] if tables else _texts(source)))]
    groups: dict[tuple[str, str], list[tuple[int, Survey]]] = {}
    for survey in surveys:
        if not survey.styles:
            continue
        base, number = _numbered(survey.file)
        title = survey.title()[0]
        groups.setdefault((base, folded(title)), []).append((number, survey))
    talks = []
    for (base, _), numbered in groups.items():
        parts = [survey for _, survey in sorted(numbered, key=lambda one: (one[0], one[1].file))]
        title, people = parts[0].title()
        talks.append(_Talk(title or base, people, tuple(parts)))
    for file in tables:
        stem = _stem(file)
        named = _CSV_TITLE.fullmatch(stem)
        talks.append(_Talk(named[1] if named else stem, 0, (), file))
    return talks


def _conversation(
    source: Source, talk: _Talk, zone: str, assumption: Assumption | None
) -> Iterator[Record]:
    title = source.told.conversation or talk.title
    senders: Counter[str] = Counter()
    for part in talk.parts:
        senders += part.senders
    group = talk.people > 2 or any(part.group for part in talk.parts)
    phone = any(part.accepted() <= DATED for part in talk.parts)
    encoding = talk.parts[0].encoding if talk.parts else None
    if talk.csv:
        senders, said_group, encoding = _csv_senders(source, talk.csv)
        group |= said_group
    mine = [word for word in (*_ME, *_ME_ENGLISH) if word in senders and phone]
    me = source.told.me
    aliases = {word: me or word for word in mine}
    names = {folded(aliases.get(name, name)) for name in senders}
    group = group or len(names) > 2
    owner = None
    if mine or (me and folded(me) in names):
        owner = f"name:{folded(me or mine[0])}"
    elif not group and len(names) == 2 and folded(title) in names:
        # One of the two has the name of the conversation; the other one exported it.
        owner = f"name:{next(iter(names - {folded(title)}))}"
    start = "\n".join(part.start.strip() for part in talk.parts if _is_header(part))
    conversation = Conversation(
        id=title_id(title),
        platform=INFO.platform,
        title=title,
        kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
        owner=owner,
        title_is_id=True,
        extra={"header": start} if start else {},
    )
    yield conversation
    if assumption is not None:
        yield assumption
    if encoding is not None:
        yield from of_encoding(encoding)

    def body(said: Said) -> Body:
        if said.sender is None:
            return notice(said.text)
        return body_of(said.text, source.resolve, phone=phone)

    chat = Chat(conversation, zone, body, me=me, aliases=aliases)
    if talk.csv:
        yield from chat.records(_rows(source, talk.csv))
    else:
        yield from chat.records(_events(source, talk.parts))


def _is_header(survey: Survey) -> bool:
    """Whether the lines before the first message are the app's own."""
    return survey.whole_start and bool(survey.title()[0] or survey.is_saved())


def _events(source: Source, parts: tuple[Survey, ...]) -> Iterator[Said | Problem]:
    """What the lines of all parts say, in their order."""
    for part in parts:
        file = source.full(part.file)
        day: date | None = None
        heads = Heads(lines(source, part.file, part.encoding), part)
        found: Iterator[Block[Head]] = blocks(heads.lines(), heads)
        try:
            for block in found:
                head = block.head
                if isinstance(head, Day):
                    day = head.day
                    below = block.text.partition("\n")[2]
                    if below.strip():
                        yield unread(block, below, file)
                elif head is None:
                    # The first lines, where the app wrote them, are kept with the conversation.
                    if block.text.strip() and not (block.first == 1 and _is_header(part)):
                        yield unread(block, block.text, file)
                else:
                    day = head.day or day
                    said = _said(head, block, day, part)
                    why = "a message before the first date"
                    yield said or unread(block, block.text, file, why)
        except BrokenText as cause:
            yield breaks_off(cause, file)


def _said(head: Post, block: Block[Head], day: date | None, part: Survey) -> Said | None:
    """The message that a block is; None if nothing says of which day."""
    text = block.text.rstrip("\n")
    if head.style == "notice":
        if day is None:
            return None
        return Said(datetime.combine(day, time()), None, text, precision=Precision.DAY)
    wall = moment(head, day)
    if wall is None:
        return None
    sender, at = head.sender, head.at
    if sender is not None and part.senders[sender.strip()] == 1:
        # A notice may hold a colon: it is one if the whole line is.
        begin = text.index(sender)
        if sender.find("님") >= 0 and event_of(text[begin:].partition("\n")[0].strip()):
            sender, at = None, begin
    return Said(wall, sender.strip() if sender else None, text[at:], text[:at])


def _csv_senders(source: Source, file: str) -> tuple[Counter[str], bool, Encoding]:
    """Who writes in a CSV, whether it is a group, and how it is decoded."""
    senders: Counter[str] = Counter()
    group = False
    text = open_text(source, file, LEGACY)
    with text.lines() as found:
        for row in _readable(found):
            if isinstance(row, Said):
                event = event_of(row.text.strip())
                group |= row.sender is None and event is not None and event[0] in GROUP_ONLY
                if row.sender and (row.sender in senders or len(senders) < MOST_SENDERS):
                    senders[row.sender] += 1
    name = "utf-8" if text.encoding == "utf-8-sig" else text.encoding
    return senders, group, Encoding(name, text.damaged)


def _rows(source: Source, file: str) -> Iterator[Said | Problem]:
    with open_text(source, file, LEGACY).lines() as found:
        for row in _readable(found):
            if isinstance(row, Said):
                yield row
            else:
                part, reason, raw = row
                yield Problem(file=source.full(file), part=part, reason=reason, raw=raw)


def _readable(found: io.TextIOBase) -> Iterator[Said | tuple[str, str, str]]:
    """The messages of a CSV; of other rows their place, what is wrong, and how they look."""
    try:
        for row in rows(found, width=len(COLUMNS)):
            part = f"line {row.line}"
            if row.line == 1 and row.cells == COLUMNS:
                continue
            if row.reason or len(row.cells) != len(COLUMNS):
                yield part, row.reason or "not three columns", row.raw
                continue
            at, user, text = row.cells
            try:
                wall = datetime.strptime(at, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  (a wall clock)
            except ValueError:
                yield part, "the first column is no time", row.raw
                continue
            event = event_of(text.strip())
            ours = not user.strip() or (event is not None and event[1] == user)
            sender = None if ours else user.strip()
            yield Said(wall, sender, text, head=f"{at},{user},", precision=Precision.SECOND)
    except (OSError, ValueError) as cause:
        yield "end", f"the file cannot be read any further ({type(cause).__name__})", ""


def _numbered(file: str) -> tuple[str, int]:
    """The name of a text without the number of its part, and the number."""
    stem = _stem(file)
    found = _PART.fullmatch(stem)
    return (found[1], int(found[2])) if found else (stem, 1)


def _stem(name: str) -> str:
    stem = name.rpartition("/")[2]
    stem = stem.rpartition(".")[0] or stem
    return _AGAIN.sub("", stem)
