"""One message of MemoTrace's pages of the first generation: a JavaScript literal.

{ type:1, text: '明天几点出发？',is_send:0,avatar_path:'./avatar/wxid_lin0demo.png',
  timestamp:1700000000,is_chatroom:0,displayname:'小满'},
{ type:49, text: './file/plan.pdf',is_send:1,…,sub_type:6,file_name: 'plan.pdf',file_size: '20480'},

Texts are escaped as HTML, and emoji are pictures in it. Titles of links and files are not escaped
at all, so a quote in one breaks the literal: `salvaged` takes its fields apart by their names.
"""

import re
from collections.abc import Iterator
from typing import Any

from chatvault.importers._fields import Malformed, maybe, need, number, rest
from chatvault.importers._html import unescaped
from chatvault.importers._memotrace_json import Files
from chatvault.importers._wechat import (
    APP,
    MEDIA,
    REPLY,
    kind_of,
    label,
    moment,
    notice_marks,
    split_type,
)
from chatvault.importers._wechat_body import Body, remote
from chatvault.importers._wechat_rows import may_be_id
from chatvault.importers._wechat_said import Said, text_of
from chatvault.model import Attachment, AttachmentState, MessageKind

_EMOJI = re.compile(
    r"<img\b[^<>]{0,300}?\bid=\"([^\"<>]{1,24})\"[^<>]{0,80}?\bclass=\"emoji_img\"[^<>]{0,80}>"
)
_NAMES = (
    "type", "sub_type", "text", "is_send", "avatar_path", "timestamp", "is_chatroom", "displayname",
    "voice_to_text", "refer_text", "title", "description", "url", "thumbnail", "app_logo",
    "app_name", "artist", "link_url", "website_name", "icon_path", "file_name", "file_size",
    "paysubtype", "pay_memo", "feedesc", "call_type",
)  # fmt: skip
_FIELD = re.compile(rf"(?:\A\{{|,)\s*({'|'.join(_NAMES)})\s*:\s*")
# Words of fields that people search for, by kind.
_WORDS = {
    MessageKind.LINK: ("title", "artist", "description", "url", "link_url", "app_name",
                       "website_name"),
    MessageKind.TRANSFER: ("pay_memo", "feedesc"),
}  # fmt: skip
# The tool wrote Python's word where it found nothing.
_NOTHING = ("None", "undefined", "")
UNDERSTOOD = frozenset({
    "text", "is_send", "timestamp", "is_chatroom", "displayname", "avatar_path", "refer_text",
    "voice_to_text", "file_name",
})  # fmt: skip


def salvaged(raw: str) -> dict[str, Any]:
    """The fields of an item that is no literal, by their names; ValueError if there are none."""
    marks = list(_FIELD.finditer(raw))
    found: dict[str, Any] = {}
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        end = following.start() if following else len(raw.rstrip().removesuffix("}"))
        text = raw[mark.end() : end].strip().rstrip(",").strip()
        if text[:1] == "'" == text[-1:] and len(text) > 1:
            found.setdefault(mark[1], text[1:-1].replace("\\'", "'").replace("\\n", "\n"))
        else:
            found.setdefault(mark[1], text)
    if not {"type", "timestamp"} <= found.keys():
        raise ValueError("no fields of a message")
    return found


def plain(text: str) -> str:
    """A text as it was sent: emoji by their codes, nothing escaped."""
    return unescaped(_EMOJI.sub(lambda found: f"[{found[1].replace(' ', '')}]", text))


def avatar_id(item: object) -> str:
    """Whom an avatar in the export's own folder shows; newer pages have addresses instead."""
    path = text_of(item, "avatar_path").replace("\\", "/")
    if not path.startswith(("./avatar/", "avatar/")):
        return ""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    return stem if may_be_id(stem) else ""


def said(item: object, files: Files) -> Said:
    """The message; Malformed if it is none."""
    code = _whole(item, "type")
    sub = _whole(item, "sub_type") if isinstance(item, dict) and "sub_type" in item else 0
    at = moment(need(item, "timestamp", int, float, str))
    text = plain(_text(item, "text"))
    base = 10000 if code == 0 else split_type(code)[0]
    kind = kind_of(base, sub)
    if base == APP and not sub:
        kind = MessageKind.FILE
    if kind is MessageKind.IMAGE and text.startswith(("./emoji/", "http://", "https://")):
        kind = MessageKind.STICKER
    extra: dict[str, object] = {
        key: value for key, value in rest(item, UNDERSTOOD).items() if value not in ("", None)
    }
    if kind is MessageKind.TEXT and not sub:
        extra.pop("type", None)
    mine = text_of(item, "is_send") if isinstance(item, dict) and "is_send" in item else ""
    return Said(
        at=at,
        kind=kind,
        body=_body(item, text, kind, sub=sub, files=files),
        name=plain(_text(item, "displayname")),
        wxid=avatar_id(item),
        mine={"0": False, "1": True}.get(
            mine, item.get("is_send") if isinstance(item, dict) else None
        ),
        avatar=_text(item, "avatar_path"),
        extra=extra,
    )


def _text(item: object, key: str) -> str:
    value = text_of(item, key)
    return "" if value in _NOTHING else value


def _whole(item: object, key: str) -> int:
    found = number(need(item, key, int, str))
    if not isinstance(found, int):
        raise Malformed(f"{key!r} is no whole number")
    return found


def _body(item: object, text: str, kind: MessageKind, *, sub: int, files: Files) -> Body:
    if sub == REPLY:
        return _reply(item, text)
    if kind is MessageKind.SYSTEM:
        return Body(text=text, marks=notice_marks(text))
    if kind in MEDIA:
        return _medium(item, text, kind, files)
    if kind in _WORDS or kind is MessageKind.CALL:
        words = [_text(item, key) for key in _WORDS.get(kind, ())]
        shared = tuple(_shared(text, files)) if kind is MessageKind.LINK else ()
        words += [text] if text and not shared else []
        return Body(words=tuple(dict.fromkeys(word for word in words if word)), attachments=shared)
    return Body(text=text)


def _reply(item: object, text: str) -> Body:
    referred = plain(_text(item, "refer_text"))
    if not referred:
        return Body(text=text)
    name, colon, quoted = referred.partition("：")
    name, quoted = (name, quoted) if colon else ("", referred)
    is_word = label(quoted) is not None
    facts = {"quoted_name": name} if name else {}
    if is_word:
        facts["quoted"] = quoted
    return Body(text=text, words=() if is_word or not quoted else (quoted,), facts=facts)


def _medium(item: object, path: str, kind: MessageKind, files: Files) -> Body:
    name = _text(item, "file_name") if kind is MessageKind.FILE else ""
    heard = plain(_text(item, "voice_to_text")) if kind is MessageKind.VOICE else ""
    words = (heard,) if heard else ()
    if path.startswith(("http://", "https://")):
        return Body(attachments=(remote(kind, path),), words=words)
    found = files.find(path) if path else None
    if found is None and kind is MessageKind.FILE:
        found = files.document(name)
    state = AttachmentState.PRESENT if found else AttachmentState.MISSING_FILE
    one = Attachment(
        name=name or path.replace("\\", "/").rpartition("/")[2],
        path=found,
        state=state if path or found else AttachmentState.ABSENT_NOT_EXPORTED,
        kind=kind,
        as_exported=path or name or kind.value,
        size=_size(maybe(item, "file_size", str, int)) if kind is MessageKind.FILE else None,
        stable_name=bool(name),
    )
    return Body(attachments=(one,), words=words)


def _size(value: str | int | None) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _shared(path: str, files: Files) -> Iterator[Attachment]:
    """The piece of music that the tool loaded for a shared song."""
    if not path.startswith("./music/"):
        return
    found = files.find(path)
    yield Attachment(
        name=path.rpartition("/")[2],
        path=found,
        state=AttachmentState.PRESENT if found else AttachmentState.MISSING_FILE,
        kind=MessageKind.AUDIO,
        as_exported=path,
        stable_name=False,
    )
