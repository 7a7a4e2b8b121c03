"""Property lists in a row of Apple's Messages: the history of its text, the preview of a link."""

import plistlib
from typing import NamedTuple
from xml.parsers.expat import ExpatError

from chatvault.importers._fields import Malformed
from chatvault.importers._imessage_text import decoded
from chatvault.importers._imessage_time import apple_time
from chatvault.model import Timestamp, Version

LARGEST = 4 * 1024 * 1024
_MARK = b"bplist00"
_VALUES = 500
_PREVIEW = {"title": "title", "summary": "summary", "siteName": "site", "URL": "url",
            "originalURL": "url"}  # fmt: skip
_READ = frozenset({*_PREVIEW, "richLinkMetadata", "NS.relative"})


class History(NamedTuple):
    """The texts that a message had, and the parts of it that were unsent."""

    versions: tuple[Version, ...] = ()
    unsent: tuple[int, ...] = ()


def history(blob: object) -> History:
    """What `message_summary_info` says of edits; nothing where it cannot be read."""
    info = _loaded(blob)
    if not isinstance(info, dict):
        return History()
    versions = []
    edits = info.get("ec")
    for part in edits.values() if isinstance(edits, dict) else ():
        for edit in part if isinstance(part, list) else ():
            body = edit.get("t") if isinstance(edit, dict) else None
            text = decoded(body) if isinstance(body, bytes) else None
            if text is not None:
                versions.append(Version(text=text.text, at=_time(edit.get("d"))))
    unsent = info.get("rp")
    parts = [one for one in unsent if type(one) is int] if isinstance(unsent, list) else []
    return History(tuple(versions), tuple(one for one in parts if 0 <= one < 2**31))


def _time(value: object) -> Timestamp | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return apple_time(value)
    except Malformed:
        return None


def preview(blob: object) -> dict[str, str]:
    """Title, summary, site and address in the `payload_data` of a link."""
    archive = _loaded(blob)
    if not isinstance(archive, dict):
        return {}
    objects, top = archive.get("$objects"), archive.get("$top")
    root = top.get("root") if isinstance(top, dict) else None
    if not isinstance(objects, list):
        return {}
    found = _Unarchiver(objects).value(root)
    data = found.get("richLinkMetadata", found) if isinstance(found, dict) else None
    told: dict[str, str] = {}
    for field, name in _PREVIEW.items():
        value = data.get(field) if isinstance(data, dict) else None
        if isinstance(value, dict):  # an address is relative to a base, which is empty as a rule
            value = value.get("NS.relative")
        if isinstance(value, str) and value and value != "$null":
            told.setdefault(name, value)
    return told


class _Unarchiver:
    """Values of a keyed archive, in which objects refer to each other by number."""

    def __init__(self, objects: list[object]) -> None:
        self._objects = objects
        self._left = _VALUES  # objects that refer to each other many times would never end

    def value(self, value: object) -> object:
        """A value with all that it refers to, as far as it is looked for."""
        self._left -= 1
        if self._left < 0:
            return None
        if isinstance(value, plistlib.UID):
            known = value.data < len(self._objects)
            return self.value(self._objects[value.data]) if known else None
        if not isinstance(value, dict):
            return value
        keys, values = value.get("NS.keys"), value.get("NS.objects")
        if isinstance(keys, list) and isinstance(values, list):
            pairs = zip(keys, values, strict=False)
            return {str(self.value(key)): self.value(inner) for key, inner in pairs}
        return {name: self.value(inner) for name, inner in value.items() if name in _READ}


def _loaded(blob: object) -> object:
    if not isinstance(blob, bytes) or len(blob) > LARGEST or not blob.startswith(_MARK):
        return None
    try:
        return plistlib.loads(blob, fmt=plistlib.FMT_BINARY)
    except (
        plistlib.InvalidFileException, ExpatError, ValueError, TypeError, KeyError, IndexError,
        OverflowError, RecursionError, MemoryError, AttributeError,
    ):  # fmt: skip
        return None
