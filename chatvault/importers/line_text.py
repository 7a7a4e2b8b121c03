"""LINE, "Export chat history" of phones and "Save chat" of computers, as text.

`[LINE] Sora Minamiとのトーク.txt`; phones put tabs between clock, name and text:
    [LINE] Sora Minamiとのトーク履歴
    保存日時：2026/09/30 10:00

    2026/09/26(土)
    10:21   Sora Minami     おはよう

Computers write no head, days such as `2026.09.26 Saturday`, and single spaces. The text is read
twice: what only the whole file can tell is counted first, in `_line_survey.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from chatvault.errors import BadExport, Where
from chatvault.importers._clock import zone_for
from chatvault.importers._date_order import Order
from chatvault.importers._line_bodies import body_of, event_of, notice
from chatvault.importers._line_lines import (
    Day,
    DayShape,
    Head,
    Heads,
    Post,
    date_of,
    is_saved_line,
    plain,
)
from chatvault.importers._line_names import Names
from chatvault.importers._line_survey import Survey, day_filter
from chatvault.importers._line_words import TITLES, WEEKDAYS
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
from chatvault.importers._text_lines import Block, BrokenText, Encoding, blocks, encoding_of, lines
from chatvault.model import Assumption, Conversation, ConversationKind, Problem, Record

INFO = ImporterInfo(
    key="line-text",
    platform="line",
    title='LINE, "Export chat history" or "Save chat"',
    expects="the .txt that LINE wrote, on a phone or a computer",
    version=2,
    carries=frozenset({"calls", "contacts", "deletions", "locations", "polls", "stickers",
                       "system"}),
    derived=dict.fromkeys(
        ("AM", "PM", "am", "pm", "上午", "下午", "午前", "午後", "오전", "오후"),
        "part of the clock in front of a message, which is kept as a time",
    )
    | dict.fromkeys(
        {form for word in WEEKDAYS for form in (word, word.capitalize())}
        | {f"{day}曜日" for day in "月火水木金土日"}
        | {f"{week}{day}" for week in ("週", "周", "星期") for day in "一二三四五六日"}
        | {f"{day}요일" for day in "월화수목금토일"},
        "the day of the week, which follows from the date",
    ),
    leaves_out="photos, videos, stickers and files (words such as [Photo] stand for them), message"
    " ids, replies, reactions, the time zone, and whose account it is",
    seen="phones and computers as public parsers describe them, 2016 to 2026",
)  # fmt: skip

HEAD = 64 * 1024
LOOKED_AT = 3
LEGACY = "cp932"
PREFIX = "[LINE]"

_BARE_TITLE = re.compile(r"Chat history (?:with|in) \S")
# What a browser adds to the second download of one name.
_AGAIN = re.compile(r" ?\(\d{1,3}\)\Z", re.ASCII)


@dataclass(frozen=True)
class _Surveyed:
    """One text of the export, surveyed."""

    file: str
    encoding: Encoding
    survey: Survey
    orders: dict[DayShape, Order]
    basis: str


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first line that LINE writes, or its lines of days and messages."""
    found = ((name, _evidence(source, name)) for name in _texts(source)[:LOOKED_AT])
    return tuple(f"{name}: {evidence}" for name, evidence in found if evidence)


def read(source: Source) -> Iterator[Record]:
    """Yield the conversations of an export, each with its messages in the order of the file."""
    zone, assumption = zone_for(source.told)
    files = [file for file in _texts(source) if _evidence(source, file)] or _texts(source)
    surveyed = [text for file in files if (text := _surveyed(source, file)) is not None]
    if not surveyed:
        raise BadExport(
            "no line looks like a message of LINE",
            where=Where(source.full(files[0])) if files else None,
            remedy='make the export again with "Export chat history" and import that file as it is',
        )
    check_one_title(source, len(surveyed))
    for file in sorted(set(files) - {text.file for text in surveyed}):
        reason = "no line looks like a message"
        yield Problem(file=source.full(file), part="", reason=reason, raw="")
    for text in surveyed:
        yield from _conversation(source, text, zone, assumption)
        assumption = None


def _texts(source: Source) -> list[str]:
    """The texts at the top of the export, those that LINE named first."""
    found = [name for name in source.files() if name.lower().endswith(".txt")]
    return sorted(found, key=lambda name: (not name.startswith(PREFIX), name))


def _evidence(source: Source, file: str) -> str:
    """What shows that a text is a chat of LINE; empty if nothing does."""
    head = source.head(file, HEAD)
    if not head:
        return ""
    part = Source.of({file: head})
    encoding = encoding_of(part, file, LEGACY)
    survey = _survey(part, file, encoding)
    first, _, rest = survey.start.partition("\n")
    first = plain(first)
    saved = is_saved_line(rest.partition("\n")[0])
    titled = first.startswith(PREFIX) and (saved or bool(survey.days))
    titled = titled or (_BARE_TITLE.match(first) is not None and saved)
    if titled and survey.posts:
        return "the first line of LINE's text export"
    people = survey.senders.total()
    if survey.form == "tabs" and (survey.first_is_day or (saved and survey.days)) and people >= 3:
        return f"{people} messages with tabs below lines with a date"
    weekdays = any(
        shape.weekday == "behind" and shape.separator == "." and shape.layout == "year first"
        for shape in survey.days
    )
    named = file.startswith(PREFIX) or source.name.startswith(PREFIX)
    enough = survey.posts >= (1 if named else 3)
    if survey.form == "spaces" and weekdays and survey.first_is_day and enough:
        return f"{survey.posts} messages below lines such as 2026.09.26 Saturday"
    return ""


def _survey(source: Source, file: str, encoding: Encoding) -> Survey:
    """The survey of a text in the form that it has."""
    title = _named_title(file) or _named_title(source.name)
    survey = Survey.of(source, file, encoding, "tabs", Names())
    if survey.posts and (survey.senders or survey.start.lstrip().startswith(PREFIX)):
        return survey
    names = Names(source.told.me, title)
    return Survey.of(source, file, encoding, "spaces", names)


def _surveyed(source: Source, file: str) -> _Surveyed | None:
    encoding = encoding_of(source, file, LEGACY)
    survey = _survey(source, file, encoding)
    shapes = survey.shapes()
    if not shapes or not survey.posts:
        return None
    decided = {shape: survey.decide(shape, source, file) for shape in shapes}
    orders = {shape: order for shape, (order, _) in decided.items()}
    return _Surveyed(file, encoding, survey, orders, decided[shapes[0]][1])


def _conversation(
    source: Source, text: _Surveyed, zone: str, assumption: Assumption | None
) -> Iterator[Record]:
    survey = text.survey
    computer = survey.form == "spaces"
    first = plain(survey.start.partition("\n")[0])
    direct, title = _title(first.removeprefix(PREFIX).strip()) if first else (None, "")
    title = title or _named_title(text.file) or _named_title(source.name) or _stem(text.file)
    title = source.told.conversation or title
    counted = survey.names.names() if computer else survey.senders
    # On computers a single line is no proof of a name.
    senders = [name for name, count in counted.items() if count > 1 or not computer]
    known = {folded(name) for name in senders}
    group = survey.group or survey.names.group or direct is False or len(known) > 2
    owner = None
    if not group and len(known) == 2 and folded(title) in known:
        # One of the two has the name of the conversation; the other one exported it.
        owner = f"name:{next(iter(known - {folded(title)}))}"
    if source.told.me and folded(source.told.me) in known:
        owner = f"name:{folded(source.told.me)}"
    conversation = Conversation(
        id=title_id(title),
        platform=INFO.platform,
        title=title,
        kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
        owner=owner,
        title_is_id=True,
        extra={"header": survey.start.strip()} if _is_header(survey) else {},
    )
    yield conversation
    if assumption is not None:
        yield assumption
    shape = next(iter(text.orders))
    if shape.layout == "year last":
        yield Assumption(what="date_order", value=text.orders[shape], why=text.basis)
    if computer:
        why = "names and texts are separated by spaces only; names are told by how often they occur"
        yield Assumption(what="names", value=f"{len(counted)} names", why=why)
    yield from of_encoding(text.encoding)

    def body(said: Said) -> Body:
        if said.sender is None:
            return notice(said.text)
        return body_of(said.text, computer=computer)

    chat = Chat(conversation, zone, body, me=source.told.me)
    yield from chat.records(_events(source, text))


def _is_header(survey: Survey) -> bool:
    """Whether the lines before the first day are LINE's own, and so no message is lost in them."""
    found = [line for line in survey.start.split("\n") if line.strip()]
    return survey.whole_start and 0 < len(found) <= 2 and (
        plain(found[0]).startswith((PREFIX, "Chat history")) or is_saved_line(found[-1])
    )  # fmt: skip


def _events(source: Source, text: _Surveyed) -> Iterator[Said | Problem]:
    """What the lines say, in the order of the file."""
    survey = text.survey
    file = source.full(text.file)
    day: date | None = None
    before: time | None = None

    def is_post(post: Post, line: str) -> bool:
        """On computers a line of a text may begin with a clock: a name must be behind it."""
        rest = line[post.at :]
        if event_of(rest.strip()):
            return True
        name, said = survey.names.split(rest)
        if not said:
            return False
        if counted[name] >= 2 or before is None:
            return True
        return (post.hour, post.minute) >= (before.hour, before.minute)

    counted = survey.names.names()
    heads = Heads(
        lines(source, text.file, text.encoding),
        survey.form,
        is_day=day_filter(text.orders),
        is_post=is_post,
        pasted=survey.pasted(text.orders),
    )
    found: Iterator[Block[Head]] = blocks(heads.lines(), heads)
    header = _is_header(survey)
    try:
        for block in found:
            if isinstance(block.head, Day):
                day, before = date_of(block.head, text.orders[block.head.shape]), None
                below = block.text.partition("\n")[2]
                if below.strip():
                    yield unread(block, below, file)
            elif block.head is None:
                if block.text.strip() and not (header and block.first == 1):
                    yield unread(block, block.text, file)
            elif day is None:
                yield unread(block, block.text, file, "a message before the first date")
            else:
                before = time(block.head.hour, block.head.minute)
                yield _said(block.head, block.text, datetime.combine(day, before), survey)
    except BrokenText as cause:
        yield breaks_off(cause, file)


def _said(head: Post, text: str, wall: datetime, survey: Survey) -> Said:
    prefix, body = text[: head.at], text[head.at :].rstrip("\n")
    if survey.form == "tabs":
        return Said(wall, head.sender, _unquoted(body), prefix)
    found = event_of(body.strip())
    if found is not None and survey.names.is_name(found[1]):
        return Said(wall, None, body, prefix)
    name, rest = survey.names.split(body)
    return Said(wall, name, rest, f"{prefix}{name} ")


def _unquoted(body: str) -> str:
    """A text of several lines stands in quotes."""
    bare = body.rstrip()
    if "\n" not in bare or not (bare.startswith('"') and bare.endswith('"')):
        return body
    inner = bare[1:-1]
    # Whether quotes inside are doubled is not known; if all are, they were.
    if '"' in inner and '"' not in inner.replace('""', ""):
        inner = inner.replace('""', '"')
    return inner


def _title(text: str) -> tuple[bool | None, str]:
    """Whether a chat is between two, and its title, from LINE's words around it."""
    for direct, pattern in TITLES:
        if found := pattern.fullmatch(text):
            return direct, found[1].strip()
    return None, ""


def _named_title(name: str) -> str:
    """The title in the name of a file that LINE named; empty for other names."""
    stem = _stem(name)
    return _title(stem[len(PREFIX) :].strip())[1] if stem.startswith(PREFIX) else ""


def _stem(name: str) -> str:
    stem = name.rpartition("/")[2]
    for _ in range(2):
        for end in (".txt", ".zip"):
            if stem.lower().endswith(end):
                stem = stem[: -len(end)]
        stem = _AGAIN.sub("", stem)
    return stem
