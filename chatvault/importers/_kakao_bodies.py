"""What one message of a KakaoTalk export is: text, a file beside it, or words for one."""

import re
from collections.abc import Callable

from chatvault.importers._kakao_words import (
    CALL,
    CALL_EVENTS,
    DELETED,
    MEDIA,
    NEVER_LOADED,
    POLL,
    SEVERAL,
    STICKERS,
    TITLED,
    event_of,
)
from chatvault.importers._plain_chat import Body, placeholder, seconds_of
from chatvault.importers._whatsapp_media import kind_of_file
from chatvault.model import Attachment, AttachmentState, Mark, MessageKind

Resolve = Callable[[str], str | None]

# Words that stand for something are short; a longer line is what somebody wrote.
LONGEST_WORDS = 300
# Phones are reported to cut texts at this length (one observer).
CUT_AT = 500
MOST_FILES = 100

_FILE = re.compile(r"[^\s/\\:*?\"<>|]{1,200}\.[A-Za-z0-9]{2,5}")
_HASHED = re.compile(r"[0-9a-f]{24,128}\.[a-z0-9]{2,5}", re.ASCII)
_ENCLOSED = re.compile(r"<([^<>\n]{1,40})>|\(([^()\n]{1,40})\)")
_PREFIX = re.compile(r"([^\W\d_]{1,12}) ?: ?(.+)")


def body_of(text: str, resolve: Resolve, *, phone: bool) -> Body:
    """What somebody sent; `resolve` finds the files that it refers to."""
    bare = text.strip()
    found = _files(bare, resolve)
    if found is None and "\n" not in bare and len(bare) <= LONGEST_WORDS:
        found = _words(bare, resolve)
    if found is None:
        found = _sticker(bare)
    if found is not None:
        return found
    cut = phone and CUT_AT in {len(text), len(text.encode("utf-16-le")) // 2}
    return Body(MessageKind.TEXT, text, extra={"perhaps_cut_at": CUT_AT} if cut else {})


def notice(text: str) -> Body:
    """What the app says."""
    found = event_of(text.strip())
    extra: dict[str, object] = {"event": found[0], "actor": found[1]} if found else {}
    return Body(MessageKind.SYSTEM, text, extra=extra)


def _files(bare: str, resolve: Resolve) -> Body | None:
    """A body of nothing but names of files in the export, one on each line."""
    names = bare.split("\n", MOST_FILES)
    if not all(map(_FILE.fullmatch, names)):
        return None
    paths = [resolve(name) for name in names]
    if not all(path or _HASHED.fullmatch(name) for name, path in zip(names, paths, strict=True)):
        return None
    attachments = tuple(
        _file(name, name, path, kind_of_file(name)) for name, path in zip(names, paths, strict=True)
    )
    return Body(attachments[0].kind, attachments=attachments)


def _words(bare: str, resolve: Resolve) -> Body | None:
    phrase = " ".join(bare.split()).casefold().rstrip(".")
    if phrase in DELETED:
        return Body(MessageKind.TEXT, marks=(Mark.DELETED,), extra={"literal": bare})
    inner = phrase
    if enclosed := _ENCLOSED.fullmatch(phrase):
        inner = enclosed[1] or enclosed[2]
    if inner in NEVER_LOADED:
        kind = MEDIA[inner.split(" ")[0]]
        state = AttachmentState.UNAVAILABLE
        return Body(kind, attachments=(placeholder(bare, kind, state=state),))
    if inner in MEDIA:
        return Body(MEDIA[inner], attachments=(placeholder(bare, MEDIA[inner]),))
    if several := SEVERAL.fullmatch(inner):
        kind = MEDIA[several["ko"] or several["en"] or several["last"]]
        count = int(several["n"] or several["m"] or several["o"])
        each = placeholder(bare, kind)
        return Body(kind, attachments=(each,) * max(1, min(count, MOST_FILES)))
    return _call(bare) or _titled(bare, resolve)


def _call(bare: str) -> Body | None:
    found = CALL.fullmatch(bare.rstrip("."))
    if found is None or not (found["how"] or found["time"]):
        return None
    event = CALL_EVENTS.get((found["how"] or "").casefold(), "call")
    extra: dict[str, object] = {"event": event, "literal": bare}
    if found["time"] and (duration := seconds_of(found["time"])) is not None:
        extra["duration"] = duration
    return Body(MessageKind.CALL, extra=extra)


def _titled(bare: str, resolve: Resolve) -> Body | None:
    """`파일: list.pdf`, `지도: 4 Mill Lane`."""
    if bare == POLL:
        return Body(MessageKind.POLL, extra={"literal": bare})
    found = _PREFIX.fullmatch(bare)
    known = TITLED.get(found[1].casefold()) if found else None
    if found is None or known is None:
        return None
    kind, what = known
    rest = found[2].strip()
    if kind is MessageKind.FILE:
        path = resolve(rest)
        if path is None and "." not in rest:
            return None
        return Body(kind, attachments=(_file(bare, rest, path, kind),))
    return Body(kind, rest, extra={"event": what, "literal": found[1]})


def _sticker(bare: str) -> Body | None:
    """`(이모티콘) Good night`: a sticker, and what was written with it."""
    for literal in STICKERS:
        if bare[: len(literal)].casefold() == literal and bare[len(literal) :][:1] in {" ", "\n"}:
            kind = MessageKind.STICKER
            written = bare[len(literal) + 1 :]
            return Body(kind, written, (placeholder(bare[: len(literal)], kind),))
    return None


def _file(literal: str, name: str, path: str | None, kind: MessageKind) -> Attachment:
    state = AttachmentState.PRESENT
    if path is None:
        state = AttachmentState.MISSING_FILE
        if literal != name:  # only words: texts without files are the usual export
            state = AttachmentState.PLACEHOLDER_ONLY
    return placeholder(literal, kind, name, state=state, path=path)
