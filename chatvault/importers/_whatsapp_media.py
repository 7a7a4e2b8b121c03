"""References to photos, videos and documents in a WhatsApp export, and words for those left out.

<attached: 00000042-PHOTO-2024-03-09-18-05-30.jpg>      iPhone, with media
IMG-20240309-WA0007.jpg (file attached)                 Android, with media
image omitted                                           iPhone, without
<Media omitted>                                         Android, without
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from chatvault.importers._whatsapp_words import (
    ATTACHED_WORDS,
    FILE_ATTACHED,
    MARKS,
    OMITTED_KINDS,
    OMITTED_MEDIA,
    squash,
)
from chatvault.model import Attachment, AttachmentState, MessageKind

LRM = "\u200e"
# Words that stand for something are short; a longer line is what somebody wrote.
LONGEST_WORDS = 160

_KINDS_BY_PREFIX = {
    "IMG": MessageKind.IMAGE,
    "PHOTO": MessageKind.IMAGE,
    "VID": MessageKind.VIDEO,
    "VIDEO": MessageKind.VIDEO,
    "AUD": MessageKind.AUDIO,
    "AUDIO": MessageKind.AUDIO,
    "PTT": MessageKind.VOICE,
    "GIF": MessageKind.ANIMATION,
    "STK": MessageKind.STICKER,
    "STICKER": MessageKind.STICKER,
    "DOC": MessageKind.FILE,
}
_KINDS_BY_EXTENSION = {
    extension: kind
    for kind, extensions in {
        MessageKind.IMAGE: "jpg jpeg png webp heic heif bmp avif",
        MessageKind.ANIMATION: "gif",
        MessageKind.VIDEO: "mp4 mov 3gp mkv avi webm m4v",
        MessageKind.VOICE: "opus",
        MessageKind.AUDIO: "mp3 m4a aac ogg oga wav amr flac",
        MessageKind.CONTACT: "vcf",
    }.items()
    for extension in extensions.split()
}
_ANDROID_NAME = re.compile(r"(IMG|VID|AUD|PTT|STK|DOC)-(\d{4})(\d{2})(\d{2})-WA\d", re.ASCII)
_IPHONE_NAME = re.compile(
    r"(PHOTO|VIDEO|AUDIO|GIF|STICKER)-(\d{4})-(\d{2})-(\d{2})-\d{2}-\d{2}", re.ASCII
)
_OLD_IPHONE_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})-(PHOTO|VIDEO|AUDIO|GIF)-\d", re.ASCII)
_RUNNING_NUMBER = re.compile(r"\d{8}-", re.ASCII)


class Habits(NamedTuple):
    """What a whole file repeats, and what must therefore be words of the app in some language."""

    edited: frozenset[str] = frozenset()
    attached: frozenset[str] = frozenset()
    omitted: frozenset[str] = frozenset()
    stubs: frozenset[str] = frozenset()


class Media(NamedTuple):
    """A reference, what was written beside it, and the title of a document."""

    attachment: Attachment
    caption: str
    extra: dict[str, object]


def media_of(body: str, habits: Habits, resolve: Callable[[str], str | None]) -> Media | None:
    """The photo, video or document that a body refers to or has words for, if any."""
    return (
        _attached(body, resolve)
        or _attached_android(body, habits, resolve)
        or _omitted(body, habits)
    )


def file_attached(line: str) -> tuple[str, str] | None:
    """File name and words of `IMG-20240309-WA0007.jpg (file attached)`."""
    text = line.strip(MARKS)
    if not text.endswith(")"):
        return None
    at = text.rfind(" (")
    words = text[at + 2 : -1]
    if at < 1 or not 2 <= len(words) <= 40 or "(" in words or ")" in words:
        return None
    return text[:at].strip(), words


def date_in_name(text: str) -> tuple[int, int, int] | None:
    """Year, month and day in the name that WhatsApp gave a file, near the start of a text."""
    if found := _ANDROID_NAME.search(text, 0, 200) or _IPHONE_NAME.search(text, 0, 200):
        return int(found[2]), int(found[3]), int(found[4])
    if found := _OLD_IPHONE_NAME.search(text, 0, 200):
        return int(found[1]), int(found[2]), int(found[3])
    return None


def kind_of_file(name: str) -> MessageKind:
    """The kind of a file by its name: WhatsApp's own prefix first, then the extension."""
    last = name.rpartition(".")
    extension = last[2].lower() if last[1] else ""
    found = _ANDROID_NAME.search(name) or _IPHONE_NAME.search(name)
    prefix = found[1] if found else ""
    if old := _OLD_IPHONE_NAME.search(name):
        prefix = old[4]
    kind = _KINDS_BY_PREFIX.get(prefix)
    if kind is None:
        return _KINDS_BY_EXTENSION.get(extension, MessageKind.FILE)
    # iPhones call a spoken message and a song AUDIO; only the first is Opus.
    return MessageKind.VOICE if prefix == "AUDIO" and extension == "opus" else kind


def _attached(body: str, resolve: Callable[[str], str | None]) -> Media | None:
    """iPhone: `<attached: 00000042-PHOTO-2024-03-09-18-05-30.jpg>` at the end of a line."""
    if "<" not in body or ">" not in body:
        return None
    lines = body.split("\n")
    for number, line in enumerate(lines):
        end = line.rstrip(MARKS)
        at = end.rfind("<")
        if at < 0 or not end.endswith(">"):
            continue
        literal, before = end[at:], end[:at].strip(MARKS + " ")
        words, colon, name = literal[1:-1].replace("\uff1a", ":").partition(":")
        known = len(words) <= 40 and squash(words) in ATTACHED_WORDS
        name = name.strip(MARKS + " ")
        if not colon and known and before:
            name, before = before, ""  # `2015-08-04-PHOTO-00004762.jpg <attached>`
            literal = line.strip(MARKS)
        elif not (colon and name and len(words.strip(MARKS)) <= 31):
            continue
        path = resolve(name)
        if not (known or path is not None or _RUNNING_NUMBER.match(name)):
            continue
        caption, extra = _caption(before, name)
        rest = [*lines[:number], *caption, *lines[number + 1 :]]
        kind = kind_of_file(name)
        return Media(_file(name, path, literal, kind), "\n".join(rest), extra)
    return None


def _attached_android(
    body: str, habits: Habits, resolve: Callable[[str], str | None]
) -> Media | None:
    """Android: `IMG-20240309-WA0007.jpg (file attached)`, what was written below it follows."""
    line, _, caption = body.partition("\n")
    found = file_attached(line)
    if found is None:
        return None
    name, words = found
    path = resolve(name) if "." in name else None
    known = squash(words) in FILE_ATTACHED or words in habits.attached
    if path is None and not known:
        return None
    # A document repeats its name in the place of what was written.
    title, _, below = caption.partition("\n")
    if title.strip(MARKS) == name:
        caption = below
    kind = kind_of_file(name)
    return Media(_file(name, path, line.strip(MARKS), kind), caption, {})


def _omitted(body: str, habits: Habits) -> Media | None:
    """`<Media omitted>` of Android, `image omitted` of iPhones."""
    first, newline, below = body.partition("\n")
    bare = first.strip(MARKS).strip()
    if len(bare) <= LONGEST_WORDS and bare[:1] in {"<", "＜"} and bare[-1:] in {">", "＞"}:
        phrase = squash(bare[1:-1])
        kind = OMITTED_KINDS.get(phrase)
        if kind or phrase in OMITTED_MEDIA or bare in habits.omitted:
            kind = kind or MessageKind.MEDIA
            return Media(absent(bare, kind), below, {})
    above, _, last = body.rpartition("\n")
    before, mark, words = last.rpartition(LRM)
    if not mark and newline:
        return None  # without its mark only a whole message is no text
    if not mark and "\u2022" in last:
        # `Plan.pdf • 3 pages document omitted`, from an export that lost its marks.
        head = last.rpartition("\u2022")[2].split(None, 2)
        words = head[2] if len(head) == 3 else ""
        before = last[: len(last) - len(words)]
    kind = OMITTED_KINDS.get(squash(words)) if len(words) <= 60 else None
    if kind is None:
        return None
    caption, extra = _caption(before.strip(MARKS + " "), "")
    text = "\n".join([above, *caption]) if above else "".join(caption)
    return Media(absent(words.strip(), kind), text, extra)


def _caption(before: str, name: str) -> tuple[list[str], dict[str, object]]:
    """What stands before a reference: something written, or the title and pages of a document."""
    if not before or before == name:
        return [], {}
    if "\u2022" in before:
        return [], {"document": before}
    return [before], {}


def _file(name: str, path: str | None, literal: str, kind: MessageKind) -> Attachment:
    state = AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT
    return Attachment(
        name=name, path=path, state=state, kind=kind, as_exported=literal, stable_name=False
    )


def absent(literal: str, kind: MessageKind) -> Attachment:
    return Attachment(
        name="",
        state=AttachmentState.ABSENT_NOT_EXPORTED,
        kind=kind,
        as_exported=literal,
        stable_name=False,
    )
