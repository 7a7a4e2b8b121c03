"""What one message of a WhatsApp export is: text, or words that stand for a photo, a poll, a call.

Words that stand for something else are no text: they are kept in `as_exported` and `extra`, and
`text` is what somebody wrote.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from chatvault.importers._whatsapp_events import call_of, notice_of
from chatvault.importers._whatsapp_media import LONGEST_WORDS, LRM, Habits, absent, media_of
from chatvault.importers._whatsapp_words import (
    DELETED,
    DELETED_BY_ADMIN,
    DELETED_BY_ME,
    EDITED,
    LIVE_LOCATION,
    LOCATION_WORDS,
    MARKS,
    OMITTED_KINDS,
    OMITTED_MEDIA,
    VIEW_ONCE,
    WAITING,
    plain,
    squash,
)
from chatvault.model import Attachment, Mark, MessageKind

_NUMBER = r"-?\d{1,3}(?:\.\d{1,20})?"
_MAP = re.compile(
    rf"https?://(?:maps\.google\.com/|(?:www\.)?google\.[a-z.]{{2,6}}/maps)\S{{0,40}}?[?&]q="
    rf"({_NUMBER}),({_NUMBER})",
    re.ASCII,
)
_VENUE = "https://foursquare.com/v/"


class Content(NamedTuple):
    """One body, understood."""

    kind: MessageKind
    text: str
    attachments: tuple[Attachment, ...] = ()
    marks: tuple[Mark, ...] = ()
    more_text: tuple[str, ...] = ()
    extra: dict[str, object] = {}  # noqa: RUF012  (never changed)


def content_of(
    body: str, habits: Habits, resolve: Callable[[str], str | None], *, iphone: bool
) -> Content:
    """What the text behind an author is; `resolve` finds the files that it refers to."""
    rest, edited = cut_edited(body, habits.edited)
    content = _understood(rest, habits, resolve, iphone=iphone)
    if not edited:
        return content
    if not rest:
        content = Content(MessageKind.TEXT, "")
    return content._replace(
        marks=(Mark.EDITED, *content.marks), extra={**content.extra, "edited": edited}
    )


def system_content(text: str) -> Content:
    """What a line without an author is: a call, or something that WhatsApp says."""
    if call := call_of(text):
        return Content(MessageKind.CALL, text, extra={"event": f"{call}_call"})
    event = notice_of(text)
    return Content(MessageKind.SYSTEM, text, extra={"event": event} if event else {})


def cut_edited(body: str, known: frozenset[str] = frozenset()) -> tuple[str, str]:
    """A body without the mark of editing at its end, and the mark; `known` are further wordings."""
    before, literal = _angled(body)
    if not literal:
        return body, ""
    if squash(literal[1:-1]) not in EDITED and (literal not in known or not before):
        return body, ""
    return before, literal


def maybe_edited(body: str) -> str:
    """The words in angle brackets behind a text, if they look like a mark of editing."""
    before, literal = _angled(body)
    if not before or " " not in literal or ":" in literal or "." in literal[:-2]:
        return ""
    words = squash(literal[1:-1])
    return "" if words in OMITTED_MEDIA or words in OMITTED_KINDS else literal


def _angled(body: str) -> tuple[str, str]:
    """What stands before words in angle brackets at the end of a body, and the words."""
    end = body.rstrip(MARKS)
    if not end.endswith(">"):
        return body, ""
    at = end.rfind("<", max(0, len(end) - 62))
    if at < 0:
        return body, ""
    return body[:at].rstrip(MARKS).removesuffix(" "), end[at:]


def _understood(
    body: str, habits: Habits, resolve: Callable[[str], str | None], *, iphone: bool
) -> Content:
    bare = body.strip(MARKS).strip()
    if not bare:
        return Content(MessageKind.MEDIA, "", marks=(Mark.VIEW_ONCE,), extra=_literal(body))
    if media := media_of(body, habits, resolve):
        kind = media.attachment.kind
        return Content(kind, media.caption, (media.attachment,), extra=media.extra)
    content = _poll(body) or _location(bare)
    if content is None and "\n" not in bare and len(bare) <= LONGEST_WORDS:
        content = _words(body, bare)
    if content is None and iphone and body.startswith(LRM):
        event = notice_of(body)
        if not event and len(body) <= LONGEST_WORDS and squash(body) in habits.stubs:
            return Content(MessageKind.MEDIA, "", (absent(bare, MessageKind.MEDIA),))
        content = Content(MessageKind.SYSTEM, body, extra={"event": event} if event else {})
    return content or Content(MessageKind.TEXT, body)


def _poll(body: str) -> Content | None:
    """`POLL:`, the question, and lines `OPTION: text (2 votes)`, in any language."""
    lines = body.rstrip("\n").split("\n", 64)  # a blank line ends some polls
    word = lines[0].strip(MARKS).strip()
    if len(lines) < 3 or not 2 <= len(word) <= 30 or word[-1] not in ":\uff1a":
        return None
    if word != word.upper() or not word[:-1].isalpha():
        return None
    options: list[dict[str, object]] = []
    question: list[str] = []
    for line in lines[1:]:
        option = _option(line)
        if option:
            options.append(option)
        elif options:
            return None
        else:
            question.append(line)
    if not options or not question:
        return None
    texts = tuple(str(option["text"]) for option in options)
    extra: dict[str, object] = {"poll": word, "options": options}
    return Content(MessageKind.POLL, "\n".join(question), more_text=texts, extra=extra)


def _option(line: str) -> dict[str, object] | None:
    bare = line.strip(MARKS).strip()
    word, colon, rest = bare.replace("\uff1a", ":", 1).partition(":")
    if not colon or not word.isalpha() or word != word.upper() or bare[-1] not in ")\uff09":
        return None
    at = max(rest.rfind("("), rest.rfind("\uff08"))
    votes = rest[at + 1 : -1].strip()
    count = re.match(r"\d{1,9}", votes)
    if at < 0 or not count:
        return None
    return {"text": rest[:at].strip(), "votes": int(count[0]), "as_exported": bare}


def _location(bare: str) -> Content | None:
    """`location: https://maps.google.com/?q=51.5007,-0.1246`, or a venue with its name."""
    at = bare.find("https://") if "https://" in bare else bare.find("http://")
    if at < 0 or len(bare) > 2000:
        return None
    words, address = bare[:at].rstrip().strip(MARKS), bare[at:]
    if (words and not words.endswith(":")) or any(c.isspace() for c in address):
        return None
    words = words.removesuffix(":")
    found = _MAP.match(address)
    if found:
        extra: dict[str, object] = {"latitude": float(found[1]), "longitude": float(found[2])}
        if squash(words) in LOCATION_WORDS:
            return Content(
                MessageKind.LOCATION, address, extra={**extra, "literal": bare[:at].rstrip()}
            )
        return Content(MessageKind.LOCATION, bare, extra=extra) if words else None
    if address.startswith(_VENUE) and words:
        return Content(MessageKind.LOCATION, bare)
    return None


def _words(body: str, bare: str) -> Content | None:
    """A single short line that stands for something as a whole."""
    phrase = squash(bare)
    if phrase in DELETED or phrase in DELETED_BY_ME:
        return Content(MessageKind.TEXT, "", marks=(Mark.DELETED,), extra=_literal(bare))
    if phrase in LIVE_LOCATION:
        return Content(MessageKind.LOCATION, "", extra=_literal(bare))
    if phrase == "null":
        # Android writes this for kinds that it cannot export; somebody may have typed it, too.
        return Content(MessageKind.OTHER, bare)
    line = plain(bare)
    if line.startswith(DELETED_BY_ADMIN):
        return Content(MessageKind.TEXT, "", marks=(Mark.DELETED,), extra=_literal(bare))
    marked = LRM in body
    if line.startswith(WAITING) and (marked or line.startswith("waiting for this message. ")):
        return Content(MessageKind.OTHER, "", marks=(Mark.UNDECRYPTED,), extra=_literal(bare))
    if line.startswith(VIEW_ONCE) and (marked or line.startswith("you received a view once")):
        return Content(MessageKind.MEDIA, "", marks=(Mark.VIEW_ONCE,), extra=_literal(bare))
    call = call_of(bare)
    # Somebody may write "Video call?"; WhatsApp sets a mark, or says that it was missed.
    if call and (marked or call.startswith("missed")):
        return Content(MessageKind.CALL, body, extra={"event": f"{call}_call"})
    return None


def _literal(words: str) -> dict[str, object]:
    return {"literal": words} if words else {}
