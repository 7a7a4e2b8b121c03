"""The files of a message of qq-chat-exporter: where each is, or why it is not there.

Versions differ in how they refer to a file: `images/x.jpg` (6, below `resources`),
`resources/images/x.jpg` (5.5.26), a path of the computer that exported (before), or not at all.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from chatvault.importers._fields import rest
from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, MessageKind

KINDS = {
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "audio": MessageKind.VOICE,
    "file": MessageKind.FILE,
}
# What the tool writes in place of a name that it does not know.
_NO_NAMES = frozenset({"", "图片", "视频", "语音", "文件", "未知"})
_USED = frozenset({"type", "filename", "size", "localPath", "duration"})


class Place(msgspec.Struct, frozen=True):
    """Where files are looked for; `base` is the folder of the export inside of the source."""

    source: Source
    base: str = ""

    def find(self, reference: str, folder: str) -> str | None:
        """The full name of the file that a reference means; `folder` is for its kind of file."""
        plain = reference.replace("\\", "/").removeprefix("./")
        last = plain.rpartition("/")[2]
        tries = (plain, f"resources/{plain}", f"resources/{folder}s/{last}")
        for base in dict.fromkeys((self.base, "")):
            for one in tries:
                name = f"{base}/{one}" if base else one
                if self.source.has(name):
                    return self.source.full(name)
        return self.source.resolve(reference)

    def find_named(self, name: str, folder: str) -> str | None:
        """The full name of a file that nothing refers to but its own name."""
        for base in dict.fromkeys((self.base, "")):
            path = f"{base}/resources/{folder}s/{name}".lstrip("/")
            if self.source.has(path):
                return self.source.full(path)
        return None


def text(value: object) -> str:
    """A text, or a number as text; empty for everything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


class Files:
    """The files of one message: its elements name them, and its resources name them again."""

    def __init__(self, place: Place, resources: object) -> None:
        self._place = place
        self._left: dict[str, list[dict[str, Any]]] = {}
        self.odd: list[object] = []  # what is no resource, or says more than its element
        for one in resources if isinstance(resources, list) else []:
            if isinstance(one, dict) and text(one.get("type")) in KINDS:
                self._left.setdefault(text(one["type"]), []).append(one)
            elif one:
                self.odd.append(one)

    def attachment(self, kind: str, data: dict[str, Any]) -> tuple[Attachment, dict[str, object]]:
        """The file of an element, and what else the element says."""
        again = self._left.get(kind)
        resource = again.pop(0) if again else {}
        whole = {**resource, **{key: value for key, value in data.items() if value}}
        found, more = self._made(kind, whole)
        differs = {k: v for k, v in resource.items() if v and k != "type" and whole.get(k) != v}
        if differs:
            self.odd.append({"type": kind, **differs})
        return found, more

    def others(self) -> Iterator[Attachment]:
        """The files that no element names."""
        for kind, resources in self._left.items():
            for one in resources:
                found, more = self._made(kind, one)
                if more:
                    self.odd.append({"type": kind, **more})
                yield found
        self._left = {}

    def _made(self, kind: str, data: dict[str, Any]) -> tuple[Attachment, dict[str, object]]:
        local, url, name = (text(data.get(key)) for key in ("localPath", "url", "filename"))
        path = self._place.find(local, kind) if local else None
        remote = url.startswith(("http:", "https:", "//", "/download"))
        if path is None and url and not remote:
            path = self._place.find(url, kind)
        if path is None and name not in _NO_NAMES:
            path = self._place.find_named(name, kind)
        state = AttachmentState.PRESENT
        if path is None:
            state = AttachmentState.ABSENT_NOT_EXPORTED
            if local or (url and not remote):
                state = AttachmentState.MISSING_FILE
            elif url:
                state = AttachmentState.REMOTE_ONLY
        if name in _NO_NAMES:
            name = (path or local).replace("\\", "/").rpartition("/")[2]
        sub = text(data.get("subType"))
        sticker = kind == "image" and sub == "sticker"
        size, duration = data.get("size"), data.get("duration")
        used = set(_USED)
        if not isinstance(size, int) or isinstance(size, bool):
            size = int(size) if isinstance(size, str) and size.isdecimal() else None
            used -= {"size"} if size is None else set()
        if not isinstance(duration, int | float) or isinstance(duration, bool):
            duration = None
            used.remove("duration")
        if url in (local, f"resources/{local}", "") or not local:
            used.add("url")
        if sub in {"sticker", "photo"}:
            used.add("subType")
        attachment = Attachment(
            name=name,
            path=path,
            state=state,
            kind=MessageKind.STICKER if sticker else KINDS[kind],
            as_exported=local or url or ("" if name else f"[{kind}]"),
            size=size if size is not None and 0 < size < 2**63 else None,
            duration=float(duration) if duration else None,
            # QQ's own exports, which know the same messages, have no names of pictures.
            stable_name=kind == "file",
        )
        more = {key: value for key, value in rest(data, used).items() if value not in (None, "")}
        return attachment, more
