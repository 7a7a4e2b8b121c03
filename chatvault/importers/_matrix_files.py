"""The files beside an Element export, found although its JSON does not say which is whose.

Element names a file after what the message calls it and when it was sent, in the language and zone
of whoever exported: `images/rose-1-2-2026 at 11-00-00 AM.jpg`. So a file is taken only where its
size or its clock agrees with the message: seconds are the same in all zones, minutes but for
quarters of an hour.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from chatvault.importers._source import Source
from chatvault.model import MessageKind

FOLDERS = {
    MessageKind.IMAGE: "images",
    MessageKind.VIDEO: "videos",
    MessageKind.AUDIO: "audio",
    MessageKind.VOICE: "audio",
    MessageKind.FILE: "files",
    MessageKind.STICKER: "stickers",
}
_ENDINGS = {MessageKind.VOICE: ".ogg", MessageKind.STICKER: ".png"}
_SEPARATE = re.compile(r"-(?=\D{0,3}\d)")
_NUMBERS = re.compile(r"\d+")
_HALF = re.compile(r"\b([ap])\.?\s?m\b", re.IGNORECASE)
_WEST, _EAST = -12, 15  # hours that zones are away, and one for the minutes left out


class Files:
    """The files in the folders of one export, each for one message only."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for name in source.names():
            folder, _, last = name.partition("/")
            if folder in FOLDERS.values() and last:
                stem, ending = _split(last)
                for found in _SEPARATE.finditer(stem):
                    key = (folder, _fold(stem[: found.start()] + ending))
                    self._names.setdefault(key, []).append((name, stem[found.start() :]))
        self._taken: set[str] = set()

    def find(
        self, kind: MessageKind, body: str, *, size: int | None, sent_ms: int
    ) -> tuple[str | None, str]:
        """The full name of the file of a message, and by what it was found."""
        stem, ending = _split(body)
        key = (FOLDERS.get(kind, "files"), _fold(stem + _ENDINGS.get(kind, ending)))
        best: tuple[int, str, str] | None = None
        for name, words in self._names.get(key, ()):
            if name in self._taken:
                continue
            same = self._source.size(name) == size
            clock = _agrees(words, sent_ms)
            if not same and not clock:
                continue
            # Exporters know the size only as whoever sent the file told it, so a clock may be right
            # where a size is wrong.
            rank = 2 * clock + (1 if same else 0)
            if best is None or rank > best[0]:
                by = [word for word, there in (("size", same), ("time", clock > 0)) if there]
                best = (rank, name, " and ".join(by))
        if best is None:
            return None, ""
        self._taken.add(best[1])
        return self._source.full(best[1]), best[2]


def _agrees(words: str, sent_ms: int) -> int:
    """How well a date in words agrees with a moment: 0 not at all, 1 its minute and second, 2 and 3
    also its day and hour in some zone."""
    numbers = [int(one) for one in _NUMBERS.findall(words)[:8] if len(one) <= 4]
    sent = datetime.fromtimestamp(sent_ms / 1000, UTC)
    for at, (hour, minute, second) in enumerate(
        zip(numbers, numbers[1:], numbers[2:], strict=False)
    ):
        if hour < 25 and second == sent.second and (minute - sent.minute) % 15 == 0:
            date = {*numbers[:at], *numbers[at + 3 :]}
            half = _HALF.search(words)
            if half is None:
                sure, maybe = hour % 24, {hour % 12, hour % 12 + 12}
            else:
                sure, maybe = hour % 12 + (12 if half[1] in "pP" else 0), set()
            if _reaches(date, sure, sent):
                return 3
            # Other languages have other words for the halves of the day.
            return 2 if any(_reaches(date, there, sent) for there in maybe) else 1
    return 0


def _reaches(date: set[int], hour: int, sent: datetime) -> bool:
    """Whether there is a zone with this day and hour at a moment."""
    for days in (-1, 0, 1):
        day = sent + timedelta(days=days)
        if {day.day, day.month} <= date and _WEST <= days * 24 + hour - sent.hour <= _EAST:
            return True
    return False


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if dot else (name, "")


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
