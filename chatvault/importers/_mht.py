"""The pictures inside MHT files of PC QQ and TIM, as files of the export that are read in place.

Such a file is one page of HTML and behind it, in base64, a part for each picture; up to hundreds of
gigabytes. It stays the file that it is, and beside it stand entries for what is in it:

    records.mht
    records.mht.parts/000001-{96F1308E-0000-4000-8000-000000000001}.gif

They are numbered, so that whoever reads all files by name goes through the MHT once, from its start
to its end. An entry holds where its part begins and ends; it is decoded while it is read.
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from chatvault.importers._base64_files import Outer, beside, inner_entry
from chatvault.importers._limits import Budget
from chatvault.importers._media_types import media_type
from chatvault.importers._names import safe
from chatvault.importers._source import Entry, Source
from chatvault.model import Problem

SUFFIXES = (".mht", ".mhtml")
FOLDER = ".parts"
HEAD = 4096
CHUNK = 1024 * 1024
PART_HEAD = 8 * 1024  # bytes between a boundary and the empty line; in real files under 200

_SIGNS = (b"Save by Tencent MsgMgr", b"Tencent IM Message")
_BOUNDARY = re.compile(rb'boundary="?([^"\r\n;]{1,200})')
_HEADER_END = re.compile(rb"\r?\n[ \t]*\r?\n")
_FIELD = re.compile(rb"^(Content-[A-Za-z-]{1,40}):[ \t]*([^\r\n]*)", re.MULTILINE)
_SPACE = b" \t\r\n"
_NO_DIGITS = _SPACE + b"="
_NUMBER = re.compile(r"\d{6,}-(.+)")


def is_candidate(name: str) -> bool:
    """Whether a file of this name is worth looking at."""
    return name.lower().endswith(SUFFIXES)


def boundary_of(head: bytes) -> bytes | None:
    """The line between the parts of a file that begins so; None when it is no MHT of QQ."""
    if not any(sign in head for sign in _SIGNS):
        return None
    found = _BOUNDARY.search(head)
    return b"--" + found[1] if found else None


def with_parts(
    entries: Mapping[str, Entry], budget: Budget, *, path: str = "", chunk: int = CHUNK
) -> tuple[Mapping[str, Entry], tuple[Problem, ...]]:
    """The same files, and beside each MHT of QQ what is in it; and what is wrong with them.

    `path` is what messages call the folder or archive, with a slash at its end.
    """
    names = [name for name in entries if is_candidate(name) or len(entries) == 1]
    found: dict[str, Entry] = {}
    problems: list[Problem] = []
    for name in names:
        try:
            with entries[name].open() as file:
                scan = _Scan(file, chunk)
                _expand(name, entries[name], scan, budget, found, problems, path + name)
        except (OSError, ValueError) as cause:
            problems.append(Problem(file=path + name, part="", reason=str(cause), raw=""))
    return beside(entries, found), tuple(problems)


def parts_by_mht(source: Source) -> dict[str, dict[str, str]]:
    """For each MHT what stands beside it: how its page calls a part (see `key`) -> its name."""
    found: dict[str, dict[str, str]] = {}
    for name in source.names():
        folder, slash, last = name.rpartition("/")
        numbered = _NUMBER.fullmatch(last) if slash and folder.endswith(FOLDER) else None
        if numbered:
            # The same picture may come again; the first stands for all.
            beside = found.setdefault(folder.removesuffix(FOLDER), {})
            beside.setdefault(key(numbered[1]), name)
    return found


def key(location: str) -> str:
    """A reference of the page, or the name of a part, in the form in which both are equal."""
    plain = safe(location.removeprefix("file:///")).replace("/", "_").casefold()
    return plain.rpartition(".")[0] or plain


def _expand(
    name: str,
    entry: Entry,
    scan: "_Scan",
    budget: Budget,
    found: dict[str, Entry],
    problems: list[Problem],
    where: str,
) -> None:
    mht = Outer(entry)
    number = 0
    for part in scan.parts():
        if isinstance(part, str):
            problems.append(Problem(file=where, part="end", reason=part, raw=""))
            continue
        if part.type.startswith("text/html"):
            continue
        number += 1
        if budget.members >= budget.limits.members:
            reason = f"more than {budget.limits.members:,} files; the rest stays inside of it"
            problems.append(Problem(file=where, part=f"part {number}", reason=reason, raw=""))
            return
        budget.add_member(where)
        if not part.is_base64:
            reason = "it is not in base64; it stays inside the file"
            problems.append(Problem(file=where, part=f"part {number}", reason=reason, raw=""))
            continue
        found[f"{name}{FOLDER}/{number:06}-{part.name()}"] = inner_entry(
            mht, part.start, part.length, size=part.size, where=where
        )


class _Part:
    """One part while it is passed over."""

    def __init__(self, head: bytes, start: int) -> None:
        fields = {one[1].lower(): one[2].strip() for one in _FIELD.finditer(head)}
        self.type = _text(fields.get(b"content-type", b"")).lower()
        self.is_base64 = fields.get(b"content-transfer-encoding", b"").lower() == b"base64"
        self.location = _text(fields.get(b"content-location", b""))
        self.start = start
        self.end = start
        self._digits = 0
        self._first = b""

    @property
    def size(self) -> int:
        """Bytes when decoded."""
        return self._digits * 3 // 4

    @property
    def length(self) -> int:
        """Bytes in the file. One that breaks off may end with a digit that makes no byte."""
        return self.end - self.start - (self._digits % 4 == 1)

    def pass_over(self, body: bytes) -> None:
        """Count what is in a piece of it."""
        self.end += len(body)
        if self.is_base64:
            self._digits += len(body.translate(None, _NO_DIGITS))
            if len(self._first) < 64:
                self._first += body[:256].translate(None, _SPACE)[:64]

    def name(self) -> str:
        """The name that the page has for it, with the ending of what it really is."""
        try:
            kind = media_type(binascii.a2b_base64(self._first[: len(self._first) // 4 * 4]))
        except binascii.Error:
            kind = None  # told when it is read
        form = (kind.type if kind else self.type).partition(";")[0].rpartition("/")[2]
        ending = {"jpeg": "jpg", "": "dat"}.get(form, form)
        stem = safe(self.location.removeprefix("file:///")).replace("/", "_")[:120]
        stem = stem.rpartition(".")[0] or stem
        return f"{stem}.{ending if ending.isalnum() else 'dat'}"


class _Scan:
    """One way through the file, forwards: where its parts begin and end."""

    def __init__(self, file: BinaryIO, chunk: int) -> None:
        self._file = file
        self._chunk = chunk
        self._held = file.read(HEAD)
        self._line = b"\n" + (boundary_of(self._held) or b"")
        self._start = 0  # place in the file of the first byte held
        self._at = 0  # how many of the bytes held are done
        self._last = self._held[-1:]

    def parts(self) -> Iterator[_Part | str]:
        """The parts, each when it is over; a text for what is wrong at the end. None of these when
        it is no MHT of QQ."""
        if len(self._line) == 1:
            return
        part: _Part | None = None
        while True:
            place = self._held.find(self._line, self._at)
            if place < 0:
                self._pass(max(self._at, len(self._held) - len(self._line) + 1), part)
                if self._more():
                    continue
                # The file may break off in the middle of a boundary, which is no part of a picture.
                edge = self._held.rfind(b"\n", self._at)
                cut = edge >= 0 and self._line.startswith(self._held[edge:])
                self._pass(edge if cut else len(self._held), part)
                break
            self._pass(place, part)
            if part is not None:
                yield part
            head = self._head()
            if head is None:
                return
            self._at += len(head)
            part = _Part(head, self._start + self._at)
        if part is not None:
            yield part
        if self._last not in {b"\n", b""}:
            yield "the file breaks off; what was complete before is kept"

    def _head(self) -> bytes | None:
        """The boundary and the lines of a part's head; None behind the last part."""
        while True:
            begin = self._at + len(self._line)
            if self._held.startswith(b"--", begin):
                return None
            end = _HEADER_END.search(self._held, begin, self._at + PART_HEAD)
            if end is not None:
                return self._held[self._at : end.end()]
            if len(self._held) - self._at >= PART_HEAD or not self._more():
                # No empty line: then it has no head, and is all body.
                return self._line

    def _pass(self, place: int, part: _Part | None) -> None:
        if part is not None:
            part.pass_over(self._held[self._at : place])
        self._at = place

    def _more(self) -> bool:
        data = self._file.read(self._chunk)
        self._held = self._held[self._at :] + data
        self._start += self._at
        self._at = 0
        self._last = data[-1:] or self._last
        return bool(data)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
