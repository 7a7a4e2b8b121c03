"""The parts of an MMS, whichever program wrote them: text, files, and what else they say."""

from collections.abc import Iterable

import msgspec

from chatvault.importers._sms import kind_of
from chatvault.model import Attachment, AttachmentState

# How the exports write that a column has no value.
NULLS = frozenset({"", "null"})
_PLAIN, _LAYOUT = "text/plain", "application/smil"
_NAMES = ("fn", "cl", "name")


class Part(msgspec.Struct, frozen=True):
    """One part: its columns, and its file where it has one; `state` says where that is."""

    fields: dict[str, str]
    path: str | None = None
    state: AttachmentState | None = None  # None: nothing is said about a file


class Content(msgspec.Struct, frozen=True):
    """What the parts of a message hold together."""

    text: str
    attachments: tuple[Attachment, ...]
    more_text: tuple[str, ...]
    left: list[dict[str, str]]


def put_together(parts: Iterable[Part], *, dropped: Iterable[str] = ()) -> Content:
    """Texts are joined in their order; the layout is none. `dropped` are columns that only say
    where a file was on the phone."""
    texts: list[str] = []
    files: list[Attachment] = []
    more: list[str] = []
    left: list[dict[str, str]] = []
    for part in sorted(parts, key=lambda part: whole_number(part.fields.get("seq", ""))):
        fields = part.fields
        kind = value(fields, "ct").partition(";")[0].strip().lower()
        text = value(fields, "text")
        used = set(dropped)
        if kind == _LAYOUT:
            pass
        elif part.state is not None or not (text or kind == _PLAIN):
            files.append(one := _file(part))
            known = {one.name, one.as_exported, one.type}
            used |= {key for key in (*_NAMES, "cid", "ct") if fields.get(key) in known}
        if text and kind == _PLAIN:
            texts.append(text)
            used.add("text")
        elif text and kind != _LAYOUT:
            more.append(text)
        rest = {k: v for k, v in fields.items() if k not in used and v not in NULLS}
        if rest.keys() - {"seq"}:  # which only tells the order
            left.append(rest)
    return Content("\n".join(texts), tuple(files), tuple(more), left)


def value(fields: dict[str, str], key: str) -> str:
    """A column; the word null stands for one without a value."""
    found = fields.get(key, "")
    return "" if found == "null" else found


def whole_number(text: str) -> int:
    """The number in a column, 0 if there is none."""
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 9 else 0


def _file(part: Part) -> Attachment:
    names = [name for key in _NAMES if (name := value(part.fields, key))]
    media_type = value(part.fields, "ct")
    return Attachment(
        name=names[0].replace("\\", "/").rpartition("/")[2] if names else "",
        path=part.path,
        state=part.state or AttachmentState.ABSENT_NOT_EXPORTED,
        kind=kind_of(media_type),
        as_exported=names[0] if names else value(part.fields, "cid") or media_type or "part",
        type=media_type,
    )
