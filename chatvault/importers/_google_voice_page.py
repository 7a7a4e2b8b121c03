"""One page of Google Voice: a burst of texts, a call, or a voicemail."""

import re
from collections.abc import Iterator

import msgspec

from chatvault.importers._clock import iso_time
from chatvault.importers._fields import Malformed
from chatvault.importers._google_files import Files, kind_of
from chatvault.importers._html import Node, elements
from chatvault.importers._limits import DEFAULT
from chatvault.importers._replaced import Replaced
from chatvault.importers._sms import normal
from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, MessageKind, Timestamp

ME = "me"
MOST = 200_000  # messages of one page

# `Ida Noor - Text - 2021-07-17T18_16_16Z.html`; older ones have other words or none.
NAME = re.compile(
    r"(?:(?P<who>.*?) ?- (?:(?P<kind>Text|Received|Placed|Missed|Voicemail|Recorded) - )?)"
    r"\d{4}-\d\d-\d\dT\d\d[_:]\d\d[_:]\d\dZ?(?:\(\d+\))?\.html?",
    re.DOTALL,
)
GROUP = "Group Conversation"
_PARTS = frozenset({"message", "haudio", "participants", "tags", "deletedStatusContainer"})
_LABEL = re.compile(r"#([A-Za-z]+)\Z")
_CALLS = ("placed", "received", "missed", "voicemail", "recorded")
_PLACEHOLDERS = frozenset({"MMS Received", "MMS Sent"})
_DURATION = re.compile(r"PT(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?")
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|data:", re.IGNORECASE)
_MEDIA = {
    "img": ("src", MessageKind.IMAGE),
    "video": ("src", MessageKind.VIDEO),
    "audio": ("src", MessageKind.AUDIO),
}
_LINKED = {
    "video": MessageKind.VIDEO,
    "audio": MessageKind.AUDIO,
    "vcard": MessageKind.CONTACT,
}


class Person(msgspec.Struct, frozen=True):
    """Somebody on a page: the number as exported and the name, either of which may be empty."""

    number: str
    name: str
    is_me: bool = False


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message or call of a page; `sender` is None where the page does not say."""

    sender: Person | None
    sent_at: Timestamp
    kind: MessageKind
    text: str = ""
    more_text: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    extra: dict[str, object] = {}


class Unread(msgspec.Struct, frozen=True):
    """A part of a page that could not be understood."""

    part: str
    reason: str
    raw: str


class Page(msgspec.Struct):
    """A whole page."""

    title: str = ""
    people: list[Person] = []  # of a group
    items: list[Said | Unread] = []
    labels: list[str] = []
    deleted: bool = False
    cut: str = ""  # why it could not be read to its end
    left_out: int = 0
    replaced: Replaced = msgspec.field(default_factory=Replaced)


def parse(source: Source, name: str, files: Files) -> Page:
    """The page of this name."""
    page = Page()
    folder = name.rpartition("/")[0]
    with source.open(name) as file:
        try:
            for node in elements(file, _is_part, replaced=page.replaced):
                _take(page, node, folder, files)
        except (OSError, ValueError) as cause:
            page.cut = str(cause)
    return page


def _is_part(node: Node) -> bool:
    return node.tag == "title" or (
        node.tag == "div" and not _PARTS.isdisjoint(node.attributes.get("class", "").split())
    )


def _take(page: Page, node: Node, folder: str, files: Files) -> None:
    if node.tag == "title":
        page.title = node.words()
    elif node.has("participants"):
        page.people = [_person(cite) for cite in node.all("cite") if cite.find("a", "tel")]
    elif node.has("tags"):
        page.labels += _labels(node)
    elif node.has("deletedStatusContainer"):
        page.deleted = _is_deleted(node)
    elif len(page.items) < MOST:
        is_call = node.has("haudio")
        if is_call:
            for tags in node.all("div", "tags"):
                page.labels += _labels(tags)
            status = node.find("div", "deletedStatusContainer")
            page.deleted = status is not None and _is_deleted(status)
        part = f"{'call' if is_call else 'message'}[{len(page.items)}]"
        try:
            said = _call(page, node, folder, files) if is_call else _message(node, folder, files)
            page.items.append(said)
        except Malformed as cause:
            page.items.append(Unread(part, str(cause), node.markup()[: DEFAULT.text]))
    else:
        page.left_out += 1


def _labels(node: Node) -> list[str]:
    return [label for one in node.all("a") if (label := one.words())]


def _is_deleted(node: Node) -> bool:
    return node.words().rpartition(":")[2].strip().lower() == "true"


def _message(node: Node, folder: str, files: Files) -> Said:
    if node.cut:
        raise Malformed("not all of it is there")
    cite = node.find("cite", "sender")
    body = node.find("q")
    text = body.text().removesuffix("\n") if body else ""
    attachments = tuple(_attachments(node, folder, files))
    extra: dict[str, object] = {}
    if text.strip() in _PLACEHOLDERS:
        extra["placeholder"] = text.strip()
        if not attachments:
            attachments = (
                Attachment(
                    name="",
                    state=AttachmentState.ABSENT_NOT_EXPORTED,
                    kind=MessageKind.MEDIA,
                    as_exported=text.strip(),
                ),
            )
        text = ""
    return Said(
        sender=_person(cite) if cite else None,
        sent_at=_time(node.find("abbr", "dt")),
        kind=attachments[0].kind if attachments else MessageKind.TEXT,
        text=text,
        attachments=attachments,
        extra=extra,
    )


def _call(page: Page, node: Node, folder: str, files: Files) -> Said:
    sent_at = _time(node.find("abbr", "published"))
    label = _kind_of_call(node)
    contributor = node.find("div", "contributor")
    other = _person(contributor) if contributor else Person("", "")
    page.people = [other]
    length = node.find("abbr", "duration")
    written = length.attributes.get("title", "") if length else ""
    transcript = node.find("span", "full-text")
    words = transcript.text().strip() if transcript else ""
    seconds = _seconds(written)
    attachments = tuple(
        msgspec.structs.replace(one, duration=seconds, kind=MessageKind.VOICE)
        for one in _attachments(node, folder, files)
    )
    title = node.find("span", "fn")
    extra: dict[str, object] = {"call": label} if label else {}
    if title and title.words():
        extra["title"] = title.words()
    if written:
        extra["duration"] = written
    sender: Person | None = other
    if label == "placed":
        sender = Person("", "", is_me=True)
    elif label == "recorded" or not (other.number or other.name):
        sender = None
    return Said(
        sender=sender,
        sent_at=sent_at,
        kind=MessageKind.VOICE if label == "voicemail" else MessageKind.CALL,
        more_text=(words,) if words else (),
        attachments=attachments,
        extra=extra,
    )


def _kind_of_call(node: Node) -> str:
    """placed, received, missed, voicemail or recorded: the labels name it in every language."""
    for link in node.all("a"):
        found = _LABEL.search(link.attributes.get("href", ""))
        if found and found[1].lower() in _CALLS:
            return found[1].lower()
    title = node.find("span", "fn")
    first = title.words().partition(" ")[0].lower() if title else ""
    return first if first in _CALLS else ""


def _person(node: Node) -> Person:
    link = node.find("a", "tel")
    number = link.attributes.get("href", "").removeprefix("tel:").strip() if link else ""
    mine = node.find("abbr", "fn")
    name = mine or node.find("span", "fn")
    shown = name.words() if name else ""
    if mine is not None:
        return Person(number, mine.attributes.get("title", "").strip() or shown, is_me=True)
    # For people who are no contacts the number stands in place of the name.
    number = number if any(c.isdigit() for c in number) else ""
    return Person(number, "" if number and normal(shown) == normal(number) else shown)


def _time(node: Node | None) -> Timestamp:
    written = node.attributes.get("title", "") if node else ""
    if not written:
        raise Malformed("no time")
    found = iso_time(written, "UTC")
    if found.offset_minutes is None:
        raise Malformed("a time without a zone")
    return found


def _seconds(written: str) -> float | None:
    found = _DURATION.fullmatch(written)
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def _attachments(node: Node, folder: str, files: Files) -> Iterator[Attachment]:
    seen: set[str] = set()
    for one in node.all():
        reference, kind = "", MessageKind.FILE
        if one.tag in _MEDIA:
            attribute, kind = _MEDIA[one.tag]
            reference = one.attributes.get(attribute, "")
        elif one.tag == "a":
            linked = [kind for name, kind in _LINKED.items() if one.has(name)]
            if linked or one.attributes.get("rel") == "enclosure":
                kind = linked[0] if linked else MessageKind.AUDIO
                reference = one.attributes.get("href", "")
        if reference and reference not in seen:
            seen.add(reference)
            yield _attachment(reference, kind, folder, files)


def _attachment(reference: str, kind: MessageKind, folder: str, files: Files) -> Attachment:
    path = None
    state = AttachmentState.REMOTE_ONLY if _REMOTE.match(reference) else None
    if state is None:
        path = files.beside(folder, reference) or files.without_ending(folder, reference)
        state = AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT
    name = (path or reference).replace("\\", "/").rpartition("/")[2]
    found = kind_of(name)
    return Attachment(
        name="" if state is AttachmentState.REMOTE_ONLY else name,
        path=path,
        state=state,
        kind=kind if found is MessageKind.FILE else found,
        as_exported=reference,
        stable_name=False,  # it begins with the name that the contact has today
    )
