"""What the rendered content of a message means, once its kind is known from its type.

WeFlow, EchoTrace and CipherTalk write one string for everything, into their own JSON and into
ChatLab files alike: words somebody typed, `media\\images\\12_ab.jpg`, `[文件] plan.pdf`,
`[链接] title`, `sure![引用 小满：when?]`. Both importers ask here, so that one message becomes one
record whichever file it comes from.
"""

import re
from typing import Any

import msgspec

from chatvault.importers._source import Source
from chatvault.importers._wechat import MEDIA, cut_quote, is_media_path, label, notice_marks
from chatvault.importers._wechat_payload import place
from chatvault.model import Attachment, AttachmentState, Mark, MessageKind


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """Text as sent, what else people search for, and the files; `facts` are for `extra`.

    `whole` says that the text is all of the content; else the importer keeps that in `extra` too.
    """

    text: str = ""
    words: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    marks: tuple[Mark, ...] = ()
    facts: dict[str, str] = {}
    whole: bool = False


def plain(content: str) -> Body:
    """The body of what somebody typed."""
    return Body(text=content, whole=True)


def reply(content: str) -> Body:
    """The body of a reply: its own text, and the quoted text apart from it."""
    found = cut_quote(content)
    if found is None:
        return plain(content)
    text, name, quoted = found
    is_word = label(quoted) is not None or is_media_path(quoted)
    facts = {key: value for key, value in (("quoted_name", name),) if value}
    if is_word:
        facts["quoted"] = quoted
    return Body(text=text, words=() if is_word or not quoted else (quoted,), facts=facts)


def rendered(content: str, kind: MessageKind, *, source: Source, base: str) -> Body:
    """The body of a message that is no typed text; `base` is the folder of the file it is in."""
    if kind in MEDIA:
        return _media(content, kind, source=source, base=base)
    found = label(content)
    rest = found[1] if found is not None else content
    if kind is MessageKind.SYSTEM:
        return Body(text=rest, marks=notice_marks(rest), whole=found is None)
    if kind in (MessageKind.TEXT, MessageKind.OTHER):
        return Body(text=rest, whole=found is None)
    if kind is MessageKind.LINK and len(rest) <= LONGEST_LINK:
        link = _MARKDOWN.fullmatch(rest.strip())
        words = link.groups() if link is not None else (rest.strip(),)
        return Body(words=tuple(word for word in words if word))
    if kind is MessageKind.LOCATION and (spot := _SPOT.fullmatch(rest)):
        words = (spot[1].strip(),) if spot[1].strip() else ()
        return Body(words=words, facts=place(spot[2], spot[3]))
    return Body(words=(rest.strip(),) if rest.strip() else ())


LONGEST_LINK = 10_000  # characters; matching it is quadratic in the worst case
_MARKDOWN = re.compile(r"\[([^\n]*)\]\((https?://\S*)\)")
_SPOT = re.compile(
    r"([^\n]{0,1000}?)[(（]\s*(-?\d{1,3}(?:\.\d{1,20})?)\s*[,，]\s*(-?\d{1,3}(?:\.\d{1,20})?)\s*[)）]"
)
# CipherTalk: `[语音消息] voices/20240301/1709265600.wav what was said`
_LABELLED_PATH = re.compile(r"(\S{1,1000}[\\/]\S{1,255}\.[A-Za-z0-9]{1,8})(?:\s+(.*))?", re.DOTALL)
_ADDRESS = re.compile(r"https?://\S+")
# a path in a folder that we do not know, or one of the computer that exported
_PATH = re.compile(r"\S{0,1000}[\\/]\S{1,255}\.[A-Za-z0-9]{1,8}|[A-Za-z]:\\[^\r\n]{1,1000}")


def _media(content: str, kind: MessageKind, *, source: Source, base: str) -> Body:
    if _ADDRESS.fullmatch(content):
        return Body(attachments=(remote(kind, content),))
    if is_media_path(content) or _PATH.fullmatch(content):
        return Body(attachments=(attachment(content, kind, source=source, base=base),))
    found = label(content)
    if found is not None:
        rest = found[1]
        path = _LABELLED_PATH.fullmatch(rest)
        if path is not None and is_media_path(path[1]):
            words = (path[2].strip(),) if path[2] and path[2].strip() else ()
            one = attachment(path[1], kind, source=source, base=base)
            return Body(attachments=(one,), words=words)
        if kind is MessageKind.FILE:
            return Body(attachments=(absent(kind, content, name=_base_name(rest)),))
        words = (rest.strip(),) if rest.strip() else ()
        return Body(attachments=(absent(kind, content),), words=words)
    if not content:
        return Body(attachments=(absent(kind, ""),), whole=True)
    if kind is MessageKind.VOICE:
        # What the app made of the voice by listening; nobody typed it.
        return Body(attachments=(absent(kind, ""),), words=(content,))
    if kind is MessageKind.FILE and "\n" not in content:
        return Body(attachments=(absent(kind, "", name=_base_name(content)),))
    return Body(text=content, attachments=(absent(kind, ""),), whole=True)


def record_lines(records: list[Any], depth: int = 0) -> list[str]:
    """The lines of a forwarded bundle that is a list of objects, bundles inside it included."""
    lines: list[str] = []
    for record in records:
        if not isinstance(record, dict):
            continue
        name = record.get("senderDisplayName") or record.get("accountName") or record.get("sender")
        said = record.get("content")
        if isinstance(said, str) and said:
            lines.append(f"{name}: {said}" if isinstance(name, str) and name else said)
        inner = record.get("chatRecords")
        if isinstance(inner, list) and depth < 16:
            lines += record_lines(inner, depth + 1)
    return lines


def absent(kind: MessageKind, placeholder: str, name: str = "") -> Attachment:
    """A file that the export was made without."""
    only_word = bool(placeholder) and not name
    return Attachment(
        name=name,
        state=AttachmentState.PLACEHOLDER_ONLY
        if only_word
        else AttachmentState.ABSENT_NOT_EXPORTED,
        kind=kind,
        as_exported=placeholder or kind.value,
        stable_name=bool(name),
    )


def remote(kind: MessageKind, address: str) -> Attachment:
    """A file of which the export has only the address, which is never fetched."""
    return Attachment(
        name="",
        state=AttachmentState.REMOTE_ONLY,
        kind=kind,
        as_exported=address,
        stable_name=False,
    )


def attachment(reference: str, kind: MessageKind, *, source: Source, base: str) -> Attachment:
    """The file that a path in the content means, looked for from `base` and from the folder above.

    Only documents keep their name in every export: pictures and voices are named after the row of
    the file (`12_<md5>.jpg`), the second or the tool.
    """
    name = _base_name(reference)
    path = _fitting(reference, kind, name) and (
        _found(reference, source, base) or _found(reference, source, base.rpartition("/")[0])
    )
    return Attachment(
        name=name,
        path=path or None,
        state=AttachmentState.PRESENT if path else AttachmentState.MISSING_FILE,
        kind=kind,
        as_exported=reference,
        stable_name=kind is MessageKind.FILE,
    )


def _base_name(reference: str) -> str:
    return reference.replace("\\", "/").rpartition("/")[2].strip()


_ENDINGS = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "bmp", "heic", "tif", "tiff"), "image"),
    **dict.fromkeys(("mp4", "mov", "avi", "mkv", "m4v", "3gp", "webm"), "video"),
    **dict.fromkeys(("wav", "mp3", "silk", "slk", "amr", "m4a", "aac", "ogg", "opus"), "sound"),
}
_EXPECTED = {
    MessageKind.IMAGE: "image",
    MessageKind.STICKER: "image",
    MessageKind.VIDEO: "video",
    MessageKind.VOICE: "sound",
}


def _fitting(reference: str, kind: MessageKind, name: str) -> bool:
    """CipherTalk names media by the second alone, so two of one second are given one file."""
    is_a = _ENDINGS.get(name.rpartition(".")[2].casefold())
    expected = _EXPECTED.get(kind)
    return bool(reference) and (is_a is None or expected is None or is_a == expected)


_DIGEST = re.compile(r"[0-9a-fA-F]{24,}")


def _found(reference: str, source: Source, base: str) -> str | None:
    """A file by its path; by name alone only if that is a digest: `7.wav` is everywhere."""
    full = source.resolve(reference, base)
    if full is None:
        return None
    there = [part.casefold() for part in full.removeprefix(source.prefix).split("/")]
    asked = f"{base}/{reference}".replace("\\", "/").casefold().split("/")
    asked = [part for part in asked if part not in {"", "."}]
    while ".." in asked:
        at = asked.index("..")
        del asked[max(at - 1, 0) : at + 1]
    shorter = min(len(there), len(asked))
    if there[-shorter:] == asked[-shorter:] and shorter > 1:
        return full
    return full if there == asked or _DIGEST.search(there[-1]) else None
