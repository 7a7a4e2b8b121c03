"""One message of a page of VK's archive: who, when, what, and what stands for its files."""

import re
from datetime import datetime

import msgspec

from chatvault.importers._clock import fold_half, hour_24
from chatvault.importers._fields import Malformed
from chatvault.importers._html import Node
from chatvault.model import (
    Attachment,
    AttachmentState,
    Mark,
    MessageKind,
)

ME = "me"
_LONGEST = 2000  # characters at the end of a header in which the time is looked for
_ME = frozenset({"вы", "you", "ви"})
_MONTHS = {
    name: number % 12 + 1
    for number, name in enumerate(
        (
            *("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
            *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
            *("січ", "лют", "бер", "кві", "тра", "чер", "лип", "сер", "вер", "жов", "лис", "гру"),
        )
    )
} | {"май": 5}
_TIME = re.compile(
    r"(\d{1,2}) ([^\W\d_]{3,12})\.? (\d{4}) [^\W\d_]{1,3} (\d{1,2}):(\d\d):(\d\d)(?: ?([ap]m))?",
    re.IGNORECASE,
)
_PERSON = re.compile(r"https?://(?:www\.|m\.)?vk\.com/([A-Za-z0-9_.]{1,64})/?")
_NUMBERED = re.compile(r"(id|club|public|event)(\d{1,18})")

# Words of the Russian, English and Ukrainian archive, by how they begin.
_WORDS = (
    (MessageKind.IMAGE, ("фотограф", "photo", "граффити", "graffiti", "графіті")),
    (MessageKind.VOICE, ("голосов", "voice")),
    (MessageKind.STICKER, ("стикер", "sticker", "стікер", "наліпк", "подарок", "gift",
                           "подарунок")),
    (MessageKind.VIDEO, ("видео", "video", "відео")),
    (MessageKind.AUDIO, ("аудио", "audio", "аудіо")),
    (MessageKind.FILE, ("файл", "file", "документ", "document")),
    (MessageKind.LINK, ("ссылка", "link", "посилання", "запись на стене", "wall post", "запис на",
                        "товар", "product", "статья", "article", "комментарий", "comment")),
    (MessageKind.LOCATION, ("карта", "map", "местоположение", "location", "мапа")),
    (MessageKind.CALL, ("звонок", "call", "дзвінок", "входящий", "исходящий", "вхідний",
                        "вихідний", "групповой звонок", "incoming", "outgoing")),
    (MessageKind.POLL, ("опрос", "poll", "опитування")),
    (MessageKind.TRANSFER, ("денежный перевод", "money", "грошовий")),
)  # fmt: skip
_FORWARDED = re.compile(r"\d{1,6} (?:прикреп|пересла|прикріп|attached|forwarded)", re.IGNORECASE)
_DELETED = re.compile(r"сообщение удал|повідомлення видал|(?:deleted message|message deleted)")
_LOOSE = frozenset({MessageKind.LINK, MessageKind.CALL, MessageKind.POLL, MessageKind.TRANSFER,
                    MessageKind.LOCATION})  # fmt: skip


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a page; `sender` is empty for the app's own."""

    id: str
    sender: str
    name: str
    clock: datetime
    edited: datetime | None
    kind: MessageKind
    text: str
    more_text: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    marks: tuple[Mark, ...]
    extra: dict[str, object]


def said(node: Node) -> Said:
    """The message of an element; Malformed if it is none."""
    header = node.find(name="message__header")
    if header is None:
        raise Malformed("no header")
    if node.cut:
        raise Malformed("not all of it is there")
    edited = header.find(name="message-edited")
    words = " ".join(_text(header, "message-edited").split())
    times = list(_TIME.finditer(words[-_LONGEST:]))
    if not times:
        raise Malformed("no time")
    found = times[-1]  # a name may look like anything
    before = words[: len(words) - len(words[-_LONGEST:]) + found.start()]
    sender, name = _sender(header, before.rstrip().rstrip(","))
    body = _Body(node, header)
    marks = list(body.marks)
    at = None
    if edited is not None or words[-_LONGEST:][found.end() :].strip(" ()") in {"ред.", "edited"}:
        marks.insert(0, Mark.EDITED)
        again = _TIME.search(edited.attributes.get("title", "")) if edited is not None else None
        at = _clock(again) if again else None
    return Said(
        id=node.attributes.get("data-id", "").strip(),
        sender="" if body.kind is MessageKind.SYSTEM else sender,
        name=name,
        clock=_clock(found),
        edited=at,
        kind=body.kind,
        text=body.text,
        more_text=tuple(dict.fromkeys(body.words)),
        attachments=tuple(body.files),
        marks=tuple(marks),
        extra=body.extra,
    )


def person(address: str) -> str:
    """The id of whom an address is of: a number, negative for communities, or a short name."""
    found = _PERSON.fullmatch(address.strip())
    if found is None:
        return ""
    numbered = _NUMBERED.fullmatch(found[1])
    if numbered is None:
        return found[1]
    return numbered[2] if numbered[1] == "id" else f"-{numbered[2]}"


def _sender(header: Node, written: str) -> tuple[str, str]:
    link = header.find("a")
    if link is not None and (identifier := person(link.attributes.get("href", ""))):
        return identifier, link.words() or written
    if written.casefold() in _ME:
        return ME, ""
    return "", written


def _clock(found: re.Match[str]) -> datetime:
    day, word, year, hour, minute, second, half = found.groups()
    month = _MONTHS.get(word.casefold()[:3])
    at = hour_24(int(hour), fold_half(half)) if half else int(hour)
    if month is None or at is None:
        raise Malformed("a time in words that are not known")
    try:
        return datetime(int(year), month, int(day), at, int(minute), int(second))  # noqa: DTZ001
    except ValueError as cause:
        raise Malformed("a time that no clock shows") from cause


class _Body:
    """What stands below the header."""

    def __init__(self, node: Node, header: Node) -> None:
        self.marks: list[Mark] = []
        self.words: list[str] = []
        self.files: list[Attachment] = []
        self.extra: dict[str, object] = {}
        self._named: list[str] = []
        self._loose: list[MessageKind] = []
        rest = Node(node.tag, {}, [one for one in node.children if one is not header])
        self.text = _text(rest, "kludges", "attachment").strip("\n")
        for one in rest.all(name="attachment"):
            self._attachment(one)
        # What the app itself says about a conversation stands among the attachments.
        notice = " ".join(
            word for one in rest.all(name="kludges") for word in _text(one, "attachment").split()
        )
        if self._named:
            self.extra["attachments"] = self._named
        self.kind = self._kind_of_all()
        if notice and not self.text and not self._named:
            self.kind, self.text = MessageKind.SYSTEM, notice
        elif notice:
            self.words.append(notice)

    def _attachment(self, node: Node) -> None:
        described = node.find(name="attachment__description")
        link = node.find("a", "attachment__link")
        what = described.words() if described is not None else ""
        address = link.attributes.get("href", "").strip() if link is not None else ""
        shown = link.words() if link is not None else ""
        if what:
            self._named.append(what)
        if shown and shown != address:
            self.words.append(shown)
        if _DELETED.match(what.casefold()):
            self.marks.append(Mark.DELETED)
        elif _FORWARDED.match(what):
            self.marks.append(Mark.FORWARDED)
        else:
            self._file(_kind(what), what, address)

    def _file(self, kind: MessageKind, what: str, address: str) -> None:
        if kind in _LOOSE:
            self._loose.append(kind)
            if address:
                self.words.append(address)
        elif what or address:
            remote = AttachmentState.REMOTE_ONLY if address else AttachmentState.PLACEHOLDER_ONLY
            self.files.append(
                Attachment(name="", state=remote, kind=kind, as_exported=address or what)
            )

    def _kind_of_all(self) -> MessageKind:
        if self.files:
            return self.files[0].kind
        if self._loose:
            return self._loose[0]
        forwarded = Mark.FORWARDED in self.marks and not self.text
        return MessageKind.FORWARD if forwarded else MessageKind.TEXT


def _kind(described: str) -> MessageKind:
    folded = described.casefold()
    for kind, words in _WORDS:
        if folded.startswith(words):
            return kind
    return MessageKind.MEDIA


def _text(node: Node, *without: str) -> str:
    """The text in an element but for the parts of these classes."""
    found: list[str] = []
    waiting: list[Node | str] = list(reversed(node.children))
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif one.tag == "br":
            found.append("\n")
        elif one.tag not in {"script", "style"} and not any(one.has(name) for name in without):
            waiting += reversed(one.children)
    return "".join(found)
