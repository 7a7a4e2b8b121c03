"""Files of Skype: `media/<doc_id>.1.png`, and the messages that mean them by their `doc_id`.

<URIObject uri="https://api.asm.skype.com/v1/objects/0-weu-d3-demo" type="Picture.1"
 doc_id="0-weu-d3-demo"><OriginalName v="image.png"/><FileSize v="447"/></URIObject>
"""

import re
from collections.abc import Iterator

from chatvault.importers._html import Node
from chatvault.importers._json_value import decoded
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._skype_markup import Markup
from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, MessageKind

LARGEST = 64 * 1024  # of the description of a file
MOST = 100  # files of one message
_FILE = re.compile(r"(?:media/)?([^/]+)\.(\d{1,3})\.[A-Za-z0-9]{1,8}")
_OBJECT = re.compile(r"/objects/([^/?#]+)")
_TYPES = (
    ("picture", MessageKind.IMAGE),
    ("video", MessageKind.VIDEO),
    ("audio.1/message", MessageKind.VOICE),
    ("audio", MessageKind.AUDIO),
    ("file", MessageKind.FILE),
)


class Files:
    """The files beside the messages, by what messages call them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._main: dict[str, str] = {}
        for name in source.names():
            found = _FILE.fullmatch(name)
            # `.1` is what was sent, `.2` the preview of a video.
            if found and found[2] == "1":
                self._main.setdefault(found[1].casefold(), name)

    def path(self, identifier: str) -> str | None:
        """The full name of what was sent."""
        name = self._main.get(identifier.casefold())
        return None if name is None else self._source.full(name)

    def name(self, identifier: str) -> str:
        """The name that its sender gave it, as the description beside it says; empty if none."""
        describing = f"media/{identifier}.json"
        entry = self._source.entries.get(describing)
        if entry is None or not entry.in_place:  # in a compressed archive each look is dear
            return ""
        try:
            value = decoded(self._source.head(describing, LARGEST).decode("utf-8-sig").strip())
        except (ValueError, RecursionError):
            return ""
        name = value.get("filename") if isinstance(value, dict) else None
        return name if isinstance(name, str) else ""


def is_card(node: Node) -> bool:
    """Whether an object is a card of text, and no file."""
    return node.attributes.get("type", "").lower().startswith("swift")


def attachments(markup: Markup, files: Files, kind: MessageKind) -> Iterator[Attachment]:
    """The files that a message means; `kind` is what the message says that it is."""
    for node in markup.all("uriobject")[:MOST]:
        if not is_card(node):
            yield _attachment(node, files, kind)
    for address in markup.images[:MOST]:
        found = _OBJECT.search(address)
        path = files.path(found[1]) if found else None
        yield Attachment(
            name=files.name(found[1]) if found else "",
            path=path,
            state=AttachmentState.REMOTE_ONLY if path is None else AttachmentState.PRESENT,
            kind=MessageKind.IMAGE,
            as_exported=address,
            stable_name=False,
        )


def _attachment(node: Node, files: Files, kind: MessageKind) -> Attachment:
    address = node.attributes.get("uri", "")
    identifier = node.attributes.get("doc_id", "")
    if not identifier and (found := _OBJECT.search(address)):
        identifier = found[1]
    name = _value(node, "originalname") or _meta(node) or files.name(identifier)
    path = files.path(identifier) if identifier else None
    size = _value(node, "filesize")
    return Attachment(
        name=name,
        path=path,
        # Without media in the export there is an address, of a service that is no more.
        state=AttachmentState.REMOTE_ONLY if path is None else AttachmentState.PRESENT,
        kind=_kind(node, kind, name),
        as_exported=address or identifier or "URIObject",
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
        stable_name=bool(name),
    )


def _kind(node: Node, kind: MessageKind, name: str) -> MessageKind:
    named = node.attributes.get("type", "").lower()
    for start, found in _TYPES:
        if named.startswith(start):
            return found
    return kind if kind is not MessageKind.OTHER else kind_by_name(name)


def _value(node: Node, tag: str) -> str:
    found = node.find(tag)
    return found.attributes.get("v", "") if found else ""


def _meta(node: Node) -> str:
    found = node.find("meta")
    return found.attributes.get("originalname", "") if found else ""
