"""What was sent on Telegram's pages besides text: files, places, contacts, calls, polls.

<div class="media_wrap clearfix"><div class="media clearfix pull_left media_voice_message">
<div class="body"><div class="title bold">Voice message</div><div class="status details">
00:07, 24.1 KB</div></div></div></div>
"""

import re
from collections.abc import Iterator

import msgspec

from chatvault.importers._html import Node
from chatvault.importers._source import Source
from chatvault.importers._telegram_html_text import formatted
from chatvault.model import Attachment, AttachmentState, Mark, MessageKind

# A link around a preview: the file is there.
_WRAPS = {
    "photo_wrap": MessageKind.IMAGE,
    "video_file_wrap": MessageKind.VIDEO,
    "animated_wrap": MessageKind.ANIMATION,
    "sticker_wrap": MessageKind.STICKER,
}
_CLASSES = {
    "media_photo": MessageKind.IMAGE,
    "media_video": MessageKind.VIDEO,
    "media_voice_message": MessageKind.VOICE,
    "media_audio_file": MessageKind.AUDIO,
    "media_file": MessageKind.FILE,
    "media_contact": MessageKind.CONTACT,
    "media_location": MessageKind.LOCATION,
    "media_live_location": MessageKind.LOCATION,
    "media_venue": MessageKind.LOCATION,
    "media_call": MessageKind.CALL,
    "media_game": MessageKind.OTHER,
    "media_invoice": MessageKind.TRANSFER,
}
# Titles that say no more than the class, and those that say more.
TITLES = {
    "Photo": MessageKind.IMAGE,
    "Sticker": MessageKind.STICKER,
    "Video file": MessageKind.VIDEO,
    "Video message": MessageKind.VIDEO,
    "Animation": MessageKind.ANIMATION,
    "Voice message": MessageKind.VOICE,
    "Audio file": MessageKind.AUDIO,
    "File": MessageKind.FILE,
    "Location": MessageKind.LOCATION,
    "Live location": MessageKind.LOCATION,
}
_ABSENT = {
    "Unavailable": AttachmentState.UNAVAILABLE,
    "Exceeds maximum size": AttachmentState.SKIPPED_TOO_BIG,
    "Not included": AttachmentState.ABSENT_NOT_EXPORTED,
}
_FILES = frozenset({
    MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.VOICE, MessageKind.AUDIO, MessageKind.FILE,
    MessageKind.ANIMATION, MessageKind.STICKER,
})  # fmt: skip
_REMOTE = re.compile(r"https?://", re.IGNORECASE)
_PLACE = re.compile(r"[?&]q=(-?\d{1,3}(?:\.\d{1,20})?),(-?\d{1,3}(?:\.\d{1,20})?)(?:&|\Z)")
_LENGTH = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})(?:,|\Z)")
_SECONDS = re.compile(r"\((\d{1,9}) seconds\)")
_VOTES = re.compile(r"(\d{1,12}|No) votes?(, chosen vote)?")


class Media(msgspec.Struct):
    """What a message carries."""

    kind: MessageKind
    attachments: list[Attachment] = []
    words: list[str] = []
    extra: dict[str, object] = {}
    marks: list[Mark] = []


def media(wrap: Node, source: Source, base: str) -> Media:
    """What is in an element `media_wrap`; `base` is the folder of the page."""
    for node in wrap.all():
        for name, kind in _WRAPS.items():
            if node.has(name):
                return _preview(node, kind, source, base)
        if node.has("media_poll"):
            return _poll(node)
        if node.has("media"):
            return _generic(node, source, base)
    return Media(MessageKind.OTHER, extra={"media": wrap.words()})


def _preview(node: Node, kind: MessageKind, source: Source, base: str) -> Media:
    length = node.find("div", "video_duration")
    seconds = _length(length.words()) if length else None
    one = _file(node.attributes.get("href", ""), kind, source, base)
    return Media(kind, [msgspec.structs.replace(one, duration=seconds)])


def _generic(node: Node, source: Source, base: str) -> Media:
    kind = next((kind for name, kind in _CLASSES.items() if node.has(name)), MessageKind.OTHER)
    title, description, status = (_text(node, name) for name in ("title", "description", "status"))
    kind = TITLES.get(title, kind) if kind in _FILES and kind is not MessageKind.FILE else kind
    found = Media(kind, extra={"status": status} if status else {})
    address = node.attributes.get("href", "")
    if kind is MessageKind.CALL:
        _call(found, title, status)
    elif kind is MessageKind.LOCATION:
        _location(found, node, title, description)
    elif title.startswith("Self-destructing"):
        found.kind = MessageKind.MEDIA
        found.extra["media"] = title
        if status == "Expired":
            found.marks.append(Mark.EXPIRED)
    elif kind in _FILES:
        one = _sent(address, kind, title, description, source, base)
        found.attachments.append(msgspec.structs.replace(one, duration=_length(status)))
        if title == "Video message":
            found.extra["media_type"] = "video_message"
        if description and not _absent(description):
            found.extra["description"] = description
    else:
        found.words += [title, description, *([status] if kind is MessageKind.CONTACT else [])]
        found.extra["media"] = {
            key: value for key, value in (("title", title), ("description", description)) if value
        }
        if address and not _REMOTE.match(address):
            found.attachments.append(_file(address, kind, source, base))
        elif address:
            found.extra["link"] = address
        if not (title or description or status):
            found.extra["media"] = node.words()
    return found


def _sent(
    address: str, kind: MessageKind, title: str, description: str, source: Source, base: str
) -> Attachment:
    """The file of a medium without a preview, or the reason why it is not there."""
    named = title if title not in TITLES else ""
    one = _file(address, kind, source, base) if address else Attachment(
        name="",
        state=_absent(description) or AttachmentState.MISSING_FILE,
        kind=kind,
        as_exported=description or title or kind.value,
        stable_name=False,
    )  # fmt: skip
    if named:
        one = msgspec.structs.replace(one, name=named, stable_name=kind is MessageKind.FILE)
    return one


def _file(address: str, kind: MessageKind, source: Source, base: str) -> Attachment:
    remote = _REMOTE.match(address)
    path = None if remote else source.resolve(address, base)
    state = AttachmentState.REMOTE_ONLY if remote else AttachmentState.MISSING_FILE
    return Attachment(
        name=address.rpartition("/")[2],
        path=path,
        state=state if path is None else AttachmentState.PRESENT,
        kind=kind,
        as_exported=address or kind.value,
        stable_name=False,  # nearly all hold a number that each export counts anew
    )


def _absent(description: str) -> AttachmentState | None:
    return next((state for start, state in _ABSENT.items() if description.startswith(start)), None)


def _call(found: Media, title: str, status: str) -> None:
    found.words.append(title)
    found.extra["action"] = "phone_call"
    if title:
        found.extra["media"] = {"title": title}
    if seconds := _SECONDS.search(status):
        found.extra["duration_seconds"] = int(seconds[1])


def _location(found: Media, node: Node, title: str, description: str) -> None:
    place = _PLACE.search(node.attributes.get("href", ""))
    if place:
        latitude, longitude = float(place[1]), float(place[2])
        found.extra["location_information"] = {"latitude": latitude, "longitude": longitude}
    if node.has("media_venue"):
        found.extra["place_name"] = title
        found.words += [title, description]
        if description:
            found.extra["address"] = description
    elif node.has("media_live_location"):
        found.extra["media"] = "Live location"


def _poll(node: Node) -> Media:
    question = _text(node, "question")
    answers = []
    for one in node.all("div", "answer"):
        votes = one.find("span", "details")
        shown = _VOTES.fullmatch(votes.words()) if votes else None
        text = "".join(_direct(one)).strip().removeprefix("- ").strip()
        answers.append({
            "text": text,
            "voters": int(shown[1]) if shown and shown[1] != "No" else 0,
            "chosen": bool(shown and shown[2]),
        })  # fmt: skip
    poll: dict[str, object] = {"question": question, "answers": answers}
    for one in node.all("div", "details"):
        if one.has("total"):
            total = _VOTES.fullmatch(one.words())
            poll["total_voters"] = int(total[1]) if total and total[1] != "No" else 0
        else:
            poll["closed"] = one.words() == "Final results"
            poll["kind"] = one.words()
    words = [question, *(str(one["text"]) for one in answers)]
    return Media(MessageKind.POLL, words=words, extra={"poll": poll})


def _direct(node: Node) -> Iterator[str]:
    """The text of an element without that of the number of votes in it."""
    for child in node.children:
        if isinstance(child, str):
            yield child
        elif child.tag == "br":
            yield "\n"
        elif not child.has("details"):
            yield child.text()


def _text(node: Node, name: str) -> str:
    found = node.find("div", name)
    return formatted(found)[0].strip() if found else ""


def _length(text: str) -> float | None:
    """Seconds of `0:07` or `1:02:03`."""
    found = _LENGTH.match(text)
    if not found:
        return None
    return float(int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3]))
