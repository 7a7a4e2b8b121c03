"""The files beside a Takeout's messages, found although their names were changed on the way.

Takeout writes `_` for characters that some systems do not allow, cuts long names, numbers names
that come twice, and leaves out endings. A name is taken by guess only where one file alone fits.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, MessageKind

_KINDS = {
    MessageKind.IMAGE: "jpg jpeg png gif webp bmp heic heif avif tif tiff",
    MessageKind.VIDEO: "mp4 mov m4v 3gp 3g2 avi mkv webm mpg mpeg wmv",
    MessageKind.AUDIO: "mp3 m4a aac wav ogg oga opus flac amr",
    MessageKind.CONTACT: "vcf",
}
_KIND = {ending: kind for kind, endings in _KINDS.items() for ending in endings.split()}
_CHANGED = re.compile(r"[<>:\"/\\|?*&%\x00-\x1f]")
SHORTEST_CUT = 40  # characters of a name that was cut; Takeout keeps about 47


def kind_of(name: str) -> MessageKind:
    """What a file of this name is."""
    return _KIND.get(name.rpartition(".")[2].lower(), MessageKind.FILE)


@dataclass
class _Folder:
    """The files of one folder, by folded name, and by folded stem."""

    names: dict[str, str] = field(default_factory=dict)
    stems: dict[str, list[str]] = field(default_factory=dict)


class Files:
    """All files of an export, folder by folder."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._folders: dict[str, _Folder] = {}
        for name in source.names():
            path, _, last = name.rpartition("/")
            folder = self._folders.setdefault(path, _Folder())
            folder.names.setdefault(_fold(last), name)
            folder.stems.setdefault(_fold(_stem(last)), []).append(name)

    def beside(self, folder: str, name: str, *, again: int = 0) -> str | None:
        """The full name of a file in a folder, by the name that a message gives.

        `again` counts earlier messages that gave the same one: Takeout numbers those files.
        """
        there = self._folders.get(folder)
        if there is None or not name or "\0" in name:
            return None
        if again:
            stem, dot, ending = name.rpartition(".")
            numbered = f"{stem}({again}){dot}{ending}" if dot else f"{name}({again})"
            found = self._one(there, numbered)
            if found is not None:
                return found
        return self._one(there, name)

    def without_ending(self, folder: str, stem: str) -> str | None:
        """The full name of the one file in a folder that has this name and some ending."""
        there = self._folders.get(folder)
        if there is None or not stem:
            return None
        last = _fold(_CHANGED.sub("_", stem.replace("\\", "/").rpartition("/")[2]))
        for length in (len(last), *range(len(last) - 1, SHORTEST_CUT - 1, -1)):
            found = [
                name
                for name in there.stems.get(last[:length], ())
                if not name.lower().endswith((".html", ".htm"))
            ]
            if found:
                return self._source.full(found[0]) if len(found) == 1 else None
        return None

    def _one(self, there: _Folder, name: str) -> str | None:
        last = name.replace("\\", "/").rpartition("/")[2] if "/" in name else name
        for wanted in (name, last, _CHANGED.sub("_", name)):
            if (found := there.names.get(_fold(wanted))) is not None:
                return self._source.full(found)
        return self._cut(there, _CHANGED.sub("_", name))

    def _cut(self, there: _Folder, name: str) -> str | None:
        """The one file whose name is the beginning of this one, with the same ending."""
        if len(name) <= SHORTEST_CUT:
            return None
        ending = _fold(name.rpartition(".")[2])
        folded = _fold(_stem(name))
        found = {
            one
            for length in range(SHORTEST_CUT, len(folded))
            for one in there.stems.get(folded[:length], ())
            if _fold(one.rpartition(".")[2]) == ending
        }
        return self._source.full(found.pop()) if len(found) == 1 else None


def attachment(path: str | None, name: str, reference: str, kind: MessageKind) -> Attachment:
    """A file beside a message, or the place where it should be."""
    return Attachment(
        name=name,
        path=path,
        state=AttachmentState.MISSING_FILE if path is None else AttachmentState.PRESENT,
        kind=kind,
        as_exported=reference,
    )


def _stem(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot else name


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
