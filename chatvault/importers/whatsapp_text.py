"""WhatsApp, "Export chat": a text with a line for each message, the media beside it.

A zip or folder with `_chat.txt` (iPhone) or `WhatsApp Chat with Ottilie Marsh.txt` (Android):
    [09/03/2024, 18:05:30] Ottilie Marsh: Kettle is on - who wants tea?
    3/9/24, 6:06 PM - Ottilie Marsh: IMG-20240309-WA0003.jpg (file attached)

The text is read twice: what only the whole file can tell (which number is the day, what the app
says in this language) is counted first, in `_whatsapp_survey.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chatvault.errors import BadExport, NeedsAnswer, Where
from chatvault.importers._clock import zone_for
from chatvault.importers._date_order import Order
from chatvault.importers._people import folded
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Encoding, blocks, encoding_of, lines
from chatvault.importers._whatsapp_lines import Header, Shape, header_of
from chatvault.importers._whatsapp_messages import Transcript
from chatvault.importers._whatsapp_survey import Survey, name_of
from chatvault.importers._whatsapp_title import is_chat_name, title_in
from chatvault.model import Assumption, Conversation, ConversationKind, Problem, Record

INFO = ImporterInfo(
    key="whatsapp-text",
    platform="whatsapp",
    title='WhatsApp, "Export chat"',
    expects="the zip that WhatsApp made, or its .txt with the media beside it",
    rank="text",
    version=2,
    carries=frozenset({
        "edits", "deletions", "calls", "locations", "contacts", "stickers", "polls", "system",
        "media",
    }),
    derived=dict.fromkeys(
        ("AM", "PM", "am", "pm", "上午", "下午", "오전", "오후", "klo"),
        "part of the clock in front of a message, which is kept as a time",
    ),
    leaves_out="message ids, replies, reactions, who read what, earlier texts of edited messages, "
    "the time zone; reported: all but the newest 40,000 messages (10,000 with media)",
    seen="exports of 2015 to 2026, iPhone and Android",
)  # fmt: skip

HEAD = 64 * 1024
LOOKED_AT = 3


@dataclass(frozen=True)
class _Surveyed:
    """One text of the export, surveyed."""

    file: str
    encoding: Encoding
    survey: Survey
    orders: dict[Shape, Order]
    basis: str


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence that this holds exported texts: lines with headers, and a sign of WhatsApp."""
    looked_at = _texts(source)[:LOOKED_AT]
    return tuple(
        f"{file}: {evidence}" for file in looked_at if (evidence := _evidence(source, file))
    )


def read(source: Source) -> Iterator[Record]:
    """Yield the conversations of an export, each with its messages in the order of the file."""
    zone, zone_assumption = zone_for(source.told)
    files = [file for file in _texts(source) if _evidence(source, file)] or _texts(source)
    surveyed = []
    unread = []
    for file in files:
        text = _surveyed(source, file)
        if text is None:
            unread.append(file)
        else:
            surveyed.append(text)
    if not surveyed:
        raise BadExport(
            "no line looks like a message of WhatsApp",
            where=Where(source.full(files[0])) if files else None,
            remedy='make the export again with "Export chat" and import that file as it is',
        )
    if source.told.conversation and len(surveyed) > 1:
        raise NeedsAnswer(
            "one title was given, but there are several conversations in this export",
            remedy="import the texts one by one, each with its own --conversation",
        )
    for file in unread:
        yield Problem(
            file=source.full(file), part="", reason="no line looks like a message", raw=""
        )
    for number, text in enumerate(surveyed):
        yield from _conversation(source, text, zone, zone_assumption if number == 0 else None)


def _texts(source: Source) -> list[str]:
    """The texts at the top of the export, those that WhatsApp named first."""
    found = [name for name in source.files() if name.lower().endswith(".txt")]
    return sorted(found, key=lambda name: (not is_chat_name(name), name))


def _evidence(source: Source, file: str) -> str:
    """What shows that a text is an exported chat; empty if nothing does."""
    head = source.head(file, HEAD)
    if not head:
        return ""
    part = Source.of({file: head})
    survey = Survey.of(blocks(lines(part, file, encoding_of(part, file)), header_of))
    main = survey.main()
    if main is None:
        return ""
    count = survey.shapes[main].messages
    if survey.odd * 2 >= count or _is_signal(source, main):
        return ""
    named = is_chat_name(file) or is_chat_name(source.name)
    sure = survey.notice or named
    timely = main.form == "dash" or (main.form == "brackets" and main.seconds)
    if not sure and not (
        timely and count >= 2 and count * 5 >= survey.lines and survey.authors([main])
    ):
        return ""
    signs = [f"{count} headers in the form {main.form!r}"]
    if named:
        signs.append("a name that WhatsApp gives")
    if survey.notice:
        signs.append("the notice about encryption")
    return ", ".join(signs)


def _is_signal(source: Source, shape: Shape) -> bool:
    """Whether the text is signal-export's: ISO dates in brackets, no comma, data.json beside."""
    iso = shape.layout == "year first" and shape.separator == "-" and not shape.comma
    return shape.form == "brackets" and iso and source.has("data.json")


def _surveyed(source: Source, file: str) -> _Surveyed | None:
    encoding = encoding_of(source, file)
    survey = Survey.of(blocks(lines(source, file, encoding), header_of))
    shapes = survey.accepted()
    if not shapes:
        return None
    decided = {shape: survey.decide(shape, source, file) for shape in shapes}
    orders = {shape: order for shape, (order, _) in decided.items()}
    return _Surveyed(file, encoding, survey, orders, decided[shapes[0]][1])


def _conversation(
    source: Source, text: _Surveyed, zone: str, zone_assumption: Assumption | None
) -> Iterator[Record]:
    title = source.told.conversation or title_in(text.file) or title_in(source.name) or source.name
    shapes = list(text.orders)
    authors = text.survey.authors(shapes)
    group = text.survey.is_group(shapes, title)
    me = source.told.me or text.survey.me(shapes)
    me = name_of(me) if me else None
    transcript = Transcript(
        source=source,
        file=text.file,
        conversation_id=f"title:{folded(title)}",
        zone=zone,
        orders=text.orders,
        authors=authors,
        habits=text.survey.habits(shapes),
        group=title if group and text.survey.speaks(shapes, title) else None,
        me=me,
    )
    yield Conversation(
        id=transcript.conversation_id,
        platform=INFO.platform,
        title=title,
        kind=ConversationKind.GROUP if group else ConversationKind.DIRECT,
        owner=f"name:{me}" if me in authors else None,
        title_is_id=True,
    )
    if zone_assumption:
        yield zone_assumption
    order = text.orders[shapes[0]]
    yield Assumption(what="date_order", value=order, why=text.basis)
    if text.encoding.name not in {"utf-8", "utf-16"}:
        why = "the file is not UTF-8; letters with accents may be others"
        yield Assumption(what="encoding", value=text.encoding.name, why=why)
    elif text.encoding.damaged:
        why = f"{text.encoding.damaged} lines hold bytes that are no text; they read as U+FFFD"
        yield Assumption(what="encoding", value="utf-8", why=why)
    yield from transcript.records(
        blocks(lines(source, text.file, text.encoding), _starts(text.orders))
    )


def _starts(orders: dict[Shape, Order]) -> Callable[[str], Header | None]:
    """The header of a line, if it is in the shape of this file and its day exists."""

    def header(line: str) -> Header | None:
        found = header_of(line)
        if found is None or found.shape not in orders or found.wall(orders[found.shape]) is None:
            return None
        return found

    return header
