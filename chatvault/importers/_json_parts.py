"""The files inside the JSON of SMS Import / Export 1.x, as files of the export, read in place.

Pictures and voices of an MMS lie in base64 in a field `binary_data`. The JSON stays the file that
it is, and beside it stand entries for what is in it, each named by its content, so that whoever
reads the JSON finds them without knowing the place:

    messages-2023-01-05.json
    messages-2023-01-05.json.parts/0c1f...e2.gif
"""

import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import msgspec

from chatvault.importers._base64_files import Cleaner, Digits, Outer, beside, inner_entry
from chatvault.importers._limits import Budget
from chatvault.importers._media_types import media_type
from chatvault.importers._source import Entry
from chatvault.model import Problem

HEAD = 4096
CHUNK = 1024 * 1024
MOST_JSON = 50
_BETWEEN = b" \t\r\n"
_KEY = re.compile(rb'"binary_data"\s{0,20}:\s{0,20}"')
_LONGEST_KEY = 80
# An array whose first object has columns of Android's messages; neither comes in other exports.
_START = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*\[\s*\{")
_COLUMNS = (b'"_id"', b'"thread_id"', b'"date"')


def may_hold_files(head: bytes) -> bool:
    """Whether a file that begins so is of the form that has files inside."""
    return bool(_START.match(head)) and all(column in head for column in _COLUMNS)


class Content:
    """Bytes that pass by: their name beside the JSON."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._head = b""

    def take(self, data: bytes) -> None:
        """The next bytes."""
        self._digest.update(data)
        if len(self._head) < 32:
            self._head += data[:32]

    def name(self, file: str) -> str:
        """The name of a file with these bytes, beside the JSON of this name."""
        kind = media_type(self._head)
        form = kind.type.rpartition("/")[2] if kind else ""
        ending = {"jpeg": "jpg", "mpeg": "mp3", "": "bin"}.get(form, form)
        ending = ending if ending.isalnum() else "bin"
        return f"{file}.parts/{self._digest.hexdigest()[:32]}.{ending}"


def part_name(file: str, base64: str) -> str | None:
    """The name beside the JSON for a file with this base64; None if it is none."""
    given = base64.encode("ascii", "replace").translate(None, _BETWEEN)
    digits, content = Digits(), Content()
    digits.take(given)
    if digits.size() is None or not _pass(_padded(given), content):
        return None
    return content.name(file)


def with_parts(
    entries: Mapping[str, Entry], budget: Budget, *, path: str = ""
) -> tuple[Mapping[str, Entry], tuple[Problem, ...]]:
    """The same files, and beside each JSON of this form what is in it; and what is wrong with that.

    `path` is what messages call the folder or archive, with a slash at its end.
    """
    found: dict[str, Entry] = {}
    problems: list[Problem] = []
    for name, entry in _candidates(entries):
        try:
            reason = _expand(name, entry, budget, found, path + name)
        except (OSError, ValueError):
            continue  # told when it is read for its messages
        if reason:
            problems.append(Problem(file=path + name, part="", reason=reason, raw=""))
    return beside(entries, found), tuple(problems)


def _candidates(entries: Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    """The files worth opening: other exports have thousands of JSON files."""
    names = [name for name in entries if name.lower().endswith(".json")]
    if len(names) > MOST_JSON:
        names = [name for name in names if name.rpartition("/")[2].startswith("messages-")]
    return [(name, entries[name]) for name in names]


class _Value(msgspec.Struct):
    start: int
    length: int
    size: int
    name: str


def _expand(name: str, entry: Entry, budget: Budget, found: dict[str, Entry], where: str) -> str:
    """Add what is in a file; the reason why not all of it was added."""
    with entry.open() as file:
        if not may_hold_files(file.read(HEAD)):
            return ""
    outer = Outer(entry)
    with entry.open() as file:
        for value in _values(file, name):
            if value.name in found:
                continue
            if budget.members >= budget.limits.members:
                return f"more than {budget.limits.members:,} files; the rest stays inside"
            budget.add_member(where)
            found[value.name] = inner_entry(
                outer, value.start, value.length, size=value.size, where=where
            )
    return ""


def _values(file: BinaryIO, name: str) -> Iterator[_Value]:
    """Each value of `binary_data` that is base64. In a text these words have backslashes before
    their quotes, so they cannot be mistaken for it."""
    window, dropped = b"", 0
    while True:
        found = _KEY.search(window)
        if not found:
            keep = window[-_LONGEST_KEY:]
            dropped += len(window) - len(keep)
            data = file.read(CHUNK)
            if not data:
                return
            window = keep + data
            continue
        start = dropped + found.end()
        window, dropped = window[found.end() :], start
        digits, cleaner, content, left = Digits(), Cleaner(), Content(), b""
        fits = True
        while True:
            end = window.find(b'"')
            piece = window[:end] if end >= 0 else window
            dropped += len(piece)
            digits.take(piece)
            left += cleaner(piece).replace(b"\\", b"")
            whole = len(left.rstrip(b"=")) // 4 * 4
            fits = fits and _pass(left[:whole], content)
            left = left[whole:]
            if end >= 0:
                window = window[end:]
                break
            window = file.read(CHUNK)
            if not window:
                return
        fits = fits and _pass(_padded(left), content)
        size = digits.size()
        if fits and size is not None:
            yield _Value(start, dropped - start, size, content.name(name))


def _padded(digits: bytes) -> bytes:
    bare = digits.rstrip(b"=")
    return bare + b"=" * (-len(bare) % 4)


def _pass(digits: bytes, content: Content) -> bool:
    try:
        content.take(binascii.a2b_base64(digits, strict_mode=True) if digits else b"")
    except binascii.Error:
        return False
    return True
