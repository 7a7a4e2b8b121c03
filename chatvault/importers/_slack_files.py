"""The files of a Slack export: which of them lie in it, and what is said of those that do not.

Tools put them where they like, but always under the id that Slack gives a file:
    __uploads/F0AAAAAA9/menu.pdf          slackdump, and exporters for Mattermost
    lunch/attachments/F0AAAAAA9-menu.pdf  slackdump, export of type standard
    C0AAAAAA1/F0AAAAAA9-menu.pdf          slackdump, dump
    SLACK_FILE_F0AAAAAA9_menu.pdf         others
"""

import re
import unicodedata
from collections.abc import Iterator

from chatvault.importers._fields import Malformed, maybe, rest
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, MessageKind

_ID = re.compile(r"(?:\A|/|SLACK_FILE_?)(F[A-Z0-9]{6,20})(?=[-_./])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json\Z")
_GONE = frozenset({"external", "tombstone", "hidden_by_limit"})
_DENIED = frozenset({"file_not_found", "access_denied"})
_SOUNDS = {"slack_audio": MessageKind.VOICE, "slack_video": MessageKind.VIDEO}
_MIME = {
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "audio": MessageKind.AUDIO,
}
_SIZES = (64, 80, 160, 360, 480, 720, 800, 960, 1024)

# What is told by the attachment, and smaller forms of the file on Slack's servers.
ADDRESSES = ("url_private_download", "url_private")
SMALLER = (
    *(f"thumb_{size}" for size in _SIZES),
    *(f"thumb_{size}_{side}" for size in _SIZES for side in "wh"),
    "thumb_360_gif", "thumb_480_gif", "thumb_pdf", "thumb_pdf_w", "thumb_pdf_h", "thumb_video",
    "thumb_video_w", "thumb_video_h", "thumb_tiny", "thumb_gif", "preview_highlight",
    "preview_plain_text", "deanimate_gif", "pjpeg",
)  # fmt: skip
_TOLD = frozenset({*ADDRESSES, *SMALLER, "name", "mimetype", "size", "duration_ms"})


class Files:
    """What lies in the export, by the id of the file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names: dict[str, list[str]] = {}
        for name in source.names():
            if not _DAY.search(name) and (found := _ID.search(name)):
                self._names.setdefault(found[1], []).append(name)

    def attachment(self, file: object) -> Attachment:
        """The attachment for a file of a message."""
        identifier = maybe(file, "id", str) or ""
        title = maybe(file, "title", str) or ""
        name = maybe(file, "name", str) or title or identifier
        mime = maybe(file, "mimetype", str) or ""
        mode = maybe(file, "mode", str) or ""
        size = maybe(file, "size", int)
        milliseconds = maybe(file, "duration_ms", int, float)
        address = next((url for key in ADDRESSES if (url := maybe(file, key, str))), "")
        if not (name or address):
            raise Malformed("a file without id, name and address")
        path = self._find(identifier, name)
        gone = mode if mode in _GONE else maybe(file, "file_access", str) or ""
        unavailable = gone in _GONE or gone in _DENIED
        return Attachment(
            name=name or address.rpartition("/")[2] or address,
            path=path,
            state=self._state(path, unavailable=unavailable, address=address),
            kind=_kind(maybe(file, "subtype", str) or "", mime, name),
            as_exported=f"{gone} {address}".strip() if unavailable else address or identifier,
            type=mime,
            size=size if size is not None and size >= 0 else None,
            duration=None if milliseconds is None else milliseconds / 1000,
        )

    def _state(self, path: str | None, *, unavailable: bool, address: str) -> AttachmentState:
        if path is not None:
            return AttachmentState.PRESENT
        if unavailable:
            return AttachmentState.UNAVAILABLE
        if self._names:  # the export was made with files
            return AttachmentState.MISSING_FILE
        return AttachmentState.REMOTE_ONLY if address else AttachmentState.ABSENT_NOT_EXPORTED

    def _find(self, identifier: str, name: str) -> str | None:
        """The full name of the file; of several with its id the one that ends with its name."""
        found = self._names.get(identifier, [])
        endings = tuple(f"{mark}{_fold(name)}" for mark in "/-_")
        named = [one for one in found if _fold(one).endswith(endings)]
        best = (named or found)[:1]
        return self._source.full(best[0]) if best else None


def left(file: object) -> dict[str, object]:
    """What else is said of a file; slackdump writes all fields that a file can have."""
    fields = {key: value for key, value in rest(file, _TOLD).items() if value}
    if fields.get("title") == maybe(file, "name", str):
        fields.pop("title", None)
    return fields


def searched(file: object) -> Iterator[str]:
    """What people search for: the title, and the beginning of texts and mails."""
    for key in ("title", "preview", "plain_text"):
        text = maybe(file, key, str)
        if text and text != maybe(file, "name", str):
            yield text


def _kind(subtype: str, mime: str, name: str) -> MessageKind:
    if subtype in _SOUNDS:
        return _SOUNDS[subtype]
    return _MIME.get(mime.partition("/")[0]) or (MessageKind.FILE if mime else kind_by_name(name))


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
