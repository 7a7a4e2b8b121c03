"""What one message of a LINE export is: text, or words that stand for a photo, a call, a notice."""

import re

from chatvault.importers._line_words import (
    BARE,
    CALL_NOTICES,
    CALLS,
    EVENT_HINT,
    EVENTS,
    LOST,
    MEDIA,
    TITLED,
    UNSENT,
    fold,
)
from chatvault.importers._plain_chat import Body, placeholder, seconds_of
from chatvault.model import Mark, MessageKind

# Words that stand for something are short; a longer line is what somebody wrote.
LONGEST_WORDS = 80
LONGEST_NOTICE = 400

_BRACKETS = re.compile(r"\[([^\[\]\n]{1,40})\](?:[ \n]?(.*))?", re.DOTALL)
_NAMELESS = re.compile(r"\[\[([^\[\]\n]{1,40})\] \(null\)\]")
_CALL = re.compile(r"☎️? ?(\D{1,60}?)[.。]?(?: ?(\d{1,3}(?::\d{2}){1,2}))?")


def body_of(text: str, *, computer: bool) -> Body:
    """What somebody sent; `computer`: media are told there by a bare word."""
    bare = text.strip()
    if "\n" not in bare and len(bare) <= LONGEST_WORDS:
        phrase = fold(bare).rstrip(".。")
        if phrase in UNSENT:
            return _unsent(bare)
        if computer and (kind := BARE.get(phrase)):
            return Body(kind, attachments=(placeholder(bare, kind),))
        if bare.startswith("ⓘ") and phrase.removeprefix("ⓘ").strip() in LOST:
            return Body(MessageKind.OTHER, marks=(Mark.UNDECRYPTED,), extra={"literal": bare})
        if call := _call(bare):
            return call
    return _bracketed(bare) or Body(MessageKind.TEXT, text)


def notice(text: str) -> Body:
    """What the app says, in a line without a sender."""
    bare = text.strip()
    if call := _call(bare):
        return call
    phrase = fold(bare).rstrip(".。")
    if phrase in UNSENT:
        return _unsent(bare)
    if event := CALL_NOTICES.get(phrase):
        return Body(MessageKind.CALL, extra={"event": event, "literal": bare})
    found = event_of(bare)
    if found is None:
        return Body(MessageKind.SYSTEM, text)
    event, actor = found
    if event == "unsent":
        return _unsent(bare, actor)
    return Body(MessageKind.SYSTEM, text, extra={"event": event, "actor": actor})


def event_of(line: str) -> tuple[str, str] | None:
    """What happened and who did it, if the whole line is one of the app's notices."""
    if len(line) > LONGEST_NOTICE or "\n" in line or not EVENT_HINT.search(line):
        return None
    for event, pattern in EVENTS:
        if found := pattern.fullmatch(line):
            return event, next(filter(None, found.groups()))
    return None


def is_call_or_medium(text: str) -> bool:
    """Whether this is what a computer writes for something that is no text, as a whole."""
    return fold(text) in BARE or _call(text) is not None


def _unsent(words: str, actor: str = "") -> Body:
    extra: dict[str, object] = {"event": "unsent", "literal": words}
    if actor:
        extra["actor"] = actor
    return Body(MessageKind.SYSTEM, marks=(Mark.RECALLED,), extra=extra)


def _call(bare: str) -> Body | None:
    """`☎ 通話時間 1:04:00`; in a language not known here only with a duration."""
    if not bare.startswith("☎") or len(bare) > LONGEST_WORDS:
        return None
    found = _CALL.fullmatch(bare)
    if found is None:
        return None
    event = CALLS.get(fold(found[1]))
    duration = seconds_of(found[2]) if found[2] else None
    if event is None and duration is None:
        return None
    extra: dict[str, object] = {"event": event or "call", "literal": bare}
    if duration is not None:
        extra["duration"] = duration
    return Body(MessageKind.CALL, extra=extra)


def _bracketed(bare: str) -> Body | None:
    """`[Photo]`, or `[File] list.pdf`; `[[相簿] (null)]` has nothing to say behind it."""
    if nameless := _NAMELESS.fullmatch(bare):
        phrase, rest, literal = fold(nameless[1]), "", bare
    elif found := _BRACKETS.fullmatch(bare):
        phrase, rest, literal = fold(found[1]), found[2] or "", f"[{found[1]}]"
    else:
        return None
    if not rest and (kind := MEDIA.get(phrase)):
        return Body(kind, attachments=(placeholder(literal, kind),))
    if phrase == "null" and "://maps.google" in rest:
        return Body(MessageKind.LOCATION, rest, extra={"literal": literal})
    if phrase not in TITLED:
        return None
    kind, what = TITLED[phrase]
    if kind is MessageKind.FILE:
        return Body(kind, attachments=(placeholder(bare, kind, rest.strip()),))
    return Body(kind, rest, extra={"event": what, "literal": literal})
