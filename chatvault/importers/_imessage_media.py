"""The attachments of Apple's Messages: which file of the export a row means.

On a Mac they lie in `Attachments/` beside `chat.db`; in a backup of an iPhone under the SHA-1 of
their path, which is how such a backup names everything.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping

from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, MessageKind

COLUMNS = (
    "guid", "filename", "mime_type", "uti", "transfer_name", "total_bytes", "is_sticker",
)  # fmt: skip
HIDDEN = ".pluginpayloadattachment"  # what an app needs to draw its own message
_LIBRARY = "Library/"
_HOMES = ("Library/Messages/", "Library/SMS/", "Library/")


def attachment(source: Source, row: Mapping[str, object], *, voice: bool) -> Attachment:
    """The attachment that a row of the table tells."""
    reference = _text(row, "filename")
    path = found_at(source, reference) if reference else None
    state = AttachmentState.PRESENT
    if path is None:
        # Without a name of a file it was never loaded onto this device.
        state = AttachmentState.MISSING_FILE if reference else AttachmentState.UNAVAILABLE
    size = row.get("total_bytes")
    named = _text(row, "transfer_name")
    mime = _text(row, "mime_type")
    return Attachment(
        name=named or reference.rpartition("/")[2],
        path=path,
        state=state,
        kind=_kind(row, mime, voice=voice),
        as_exported=reference or _text(row, "guid") or mime or "attachment",
        type=mime,
        size=size if isinstance(size, int) and 0 < size < 2**63 else None,
        # The copies of imessage-exporter have other names, and are the same messages.
        stable_name=False,
    )


def is_hidden(row: Mapping[str, object]) -> bool:
    """Whether nobody sees this attachment by itself."""
    names = (_text(row, "filename"), _text(row, "transfer_name"))
    return any(name.lower().endswith(HIDDEN) for name in names)


def _kind(row: Mapping[str, object], mime: str, *, voice: bool) -> MessageKind:
    form = mime.partition("/")[0]
    if row.get("is_sticker"):
        return MessageKind.STICKER
    if voice and form in {"audio", ""}:
        return MessageKind.VOICE
    if form in {"image", "video", "audio"}:
        return MessageKind(form)
    if mime in {"text/vcard", "text/x-vcard", "text/directory"}:
        return MessageKind.CONTACT
    return MessageKind.LOCATION if mime == "text/x-vlocation" else MessageKind.FILE


def found_at(source: Source, reference: str) -> str | None:
    """The name within the whole export of the file that lay here on the device, or None."""
    for path in _paths(reference):
        found = source.resolve(path)
        # Thousands of pictures are called IMG_0001: the folder around it must be the same, too.
        if found is not None and _end(found) == _end(path):
            return found
    return None


def _paths(reference: str) -> Iterator[str]:
    """Where a file may lie in the export, given where it lay on the device."""
    path = reference.removeprefix("~/")
    if path.startswith("/"):
        _, library, inside = path.partition(f"/{_LIBRARY}")
        path = library.removeprefix("/") + inside if library else path.removeprefix("/")
    digest = hashlib.sha1(f"MediaDomain-{path}".encode(), usedforsecurity=False).hexdigest()
    yield f"{digest[:2]}/{digest}"
    yield path
    for home in _HOMES:
        if path.startswith(home):
            yield path.removeprefix(home)


def _end(path: str) -> list[str]:
    folded = unicodedata.normalize("NFC", path).casefold()
    return folded.split("/")[-2:]


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
