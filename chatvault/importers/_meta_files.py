"""The media of Meta's exports, found by addresses that count from several places.

An address begins at the top of the download (`your_facebook_activity/messages/inbox/...`) or, in
older ones, below that (`messages/inbox/...`). In a part of the download only its end is there.
"""

import re
import unicodedata
from collections.abc import Iterator

from chatvault.importers._meta_words import mangled
from chatvault.importers._source import Source
from chatvault.model import Attachment, AttachmentState, MessageKind

_REMOTE = re.compile(r"[a-z][a-z0-9+.-]{0,20}://", re.IGNORECASE)
_FOLDERS = ("photos", "videos", "audio", "gifs", "files", "media")


class Files:
    """All files of an export."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names = {_fold(name): name for name in reversed(list(source.names()))}

    def find(self, address: str, folder: str) -> str | None:
        """The full name of the file that an address in the messages of a folder means."""
        for letters in dict.fromkeys((address, mangled(address))):
            parts = [
                part for part in letters.replace("\\", "/").split("/") if part not in {"", "."}
            ]
            if ".." in parts or not parts or "\0" in letters:
                return None
            for name in self._candidates(parts, folder.split("/") if folder else []):
                if (found := self._names.get(_fold("/".join(name)))) is not None:
                    return self._source.full(found)
        return None

    def _candidates(self, parts: list[str], folder: list[str]) -> Iterator[list[str]]:
        yield parts
        yield from ([*folder[:end], *parts] for end in range(len(folder), 0, -1))
        yield from (parts[start:] for start in range(1, len(parts) - 1))
        yield [*folder, *parts[-2:]]
        # Of a bare name nothing is known but whose it is.
        yield [*folder, parts[-1]]
        yield from ([*folder, one, parts[-1]] for one in _FOLDERS)

    def attachment(self, address: str, kind: MessageKind, folder: str) -> Attachment:
        """The file of this address, or why it is not there."""
        remote = bool(_REMOTE.match(address))
        path = None if remote else self.find(address, folder)
        state = AttachmentState.PRESENT
        if path is None:
            state = AttachmentState.REMOTE_ONLY if remote else AttachmentState.MISSING_FILE
        plain = re.split(r"[?#]", address)[0] if remote else address
        return Attachment(
            name=plain.replace("\\", "/").rstrip("/").rpartition("/")[2],
            path=path,
            state=state,
            kind=kind,
            as_exported=address,
            # Each generation of the download names its files in another way.
            stable_name=False,
        )


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
