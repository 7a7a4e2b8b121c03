"""What a message of QQ's own exports says: its text, its pictures, and what kind of message it is.

Text and MHT exports tell the same messages, one with a word such as `[图片]` where the other has a
picture. Both come out equal here, so that the picture fills the gap instead of a second message
standing beside it: words and pictures are taken out of the text, and where they stood is kept in
`extra` as `inline`.
"""

import re
from collections.abc import Iterable

import msgspec

from chatvault.importers._wechat import notice_marks
from chatvault.model import Attachment, AttachmentState, Mark, MessageKind

PICTURE = "[图片]"

# A message of nothing but these words is what they say. The first two also stand inside of texts:
# QQ writes them for pictures and for faces, of which the MHT has the picture either way.
_WORDS = {
    "[图片]": MessageKind.IMAGE,
    "[表情]": MessageKind.STICKER,
    "[语音]": MessageKind.VOICE,
    "[视频]": MessageKind.VIDEO,
    "[文件]": MessageKind.FILE,
}
_INLINE = re.compile(r"\[图片\]|\[表情\]")
_ONLY_WORDS = re.compile(r"(?:\s*\[(?:图片|表情|语音|视频|文件)\])+\s*")
_WORD = re.compile(r"\[(?:图片|表情|语音|视频|文件)\]")
_KINDS = {
    "[红包]": MessageKind.RED_PACKET,
    "[QQ红包]": MessageKind.RED_PACKET,
    "[转账]": MessageKind.TRANSFER,
    "[位置]": MessageKind.LOCATION,
    "[名片]": MessageKind.CONTACT,
}
_LABEL = re.compile(r"\[[^\[\]\n]{1,8}\]")
# What QQ puts above each message of a bundle: `小满  2019-07-16 18:15:05`.
_FORWARDED = re.compile(
    r"\s*\S[^\n]{0,80}?[ \t\u00a0\u202f]+\d{4}[-/]\d{1,2}[-/]\d{1,2}[ \t\u00a0\u202f]+"
    r"\d{1,2}:\d{2}:\d{2}[ \t\u00a0\u202f]*(?:\n|\Z)"
)


class Body(msgspec.Struct, frozen=True):
    """A message without its sender and time."""

    text: str
    kind: MessageKind
    attachments: tuple[Attachment, ...] = ()
    marks: tuple[Mark, ...] = ()
    extra: dict[str, object] = {}


def body_of_text(text: str) -> Body:
    """The message of a text export, as its lines have it."""
    text = text.strip("\n")
    only = _ONLY_WORDS.fullmatch(text)
    found = [one[0] for one in (_WORD if only else _INLINE).finditer(text)]
    attachments = tuple(
        Attachment(
            name="",
            state=AttachmentState.PLACEHOLDER_ONLY,
            kind=_WORDS[word],
            as_exported=word,
            stable_name=False,
        )
        for word in found
    )
    if only:
        return Body("", attachments[0].kind, attachments)
    return _body(_INLINE.sub("", text).strip() if found else text, attachments, text)


def body_of_pieces(pieces: Iterable[str | Attachment]) -> Body:
    """The message of an MHT export: runs of text and pictures, in their order."""
    texts: list[str] = []
    inline: list[str] = []
    attachments: list[Attachment] = []
    for piece in pieces:
        if isinstance(piece, str):
            texts.append(piece)
            inline.append(piece)
        else:
            inline.append(PICTURE)
            attachments.append(piece)
    if not attachments:
        # What is left out of the MHT, too, stands there as a word.
        return body_of_text("".join(texts))
    text = "".join(texts).strip()
    return _body(text, tuple(attachments), "".join(inline).strip("\n"))


def system_body(body: Body) -> Body:
    """The same as a notice of the app."""
    return msgspec.structs.replace(body, kind=MessageKind.SYSTEM, marks=notice_marks(body.text))


def _body(text: str, attachments: tuple[Attachment, ...], inline: str) -> Body:
    extra: dict[str, object] = {"inline": inline} if attachments and text else {}
    return Body(text, _kind(text, attachments), attachments, extra=extra)


def _kind(text: str, attachments: tuple[Attachment, ...]) -> MessageKind:
    if not text:
        # A message of which the export has nothing: it was no text.
        return attachments[0].kind if attachments else MessageKind.MEDIA
    if _FORWARDED.match(text):
        return MessageKind.FORWARD
    if any(one.kind is MessageKind.IMAGE for one in attachments):
        return MessageKind.IMAGE
    label = _LABEL.match(text)
    return _KINDS.get(label[0], MessageKind.TEXT) if label else MessageKind.TEXT
