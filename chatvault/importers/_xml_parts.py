"""The files inside the XML of phone backups, as files of the export that are read in place.

Pictures and voices of an MMS lie in base64 in an attribute. The XML stays the file that it is, and
beside it stand entries for what is in it, each named by the byte where it begins:

    sms-20240310.xml
    sms-20240310.xml.parts/000000001931.gif
"""

import re
from collections.abc import Mapping

from chatvault.errors import ChatVaultError
from chatvault.importers._base64_files import Outer, beside, inner_entry
from chatvault.importers._limits import Budget
from chatvault.importers._source import Entry
from chatvault.importers._xml_events import BrokenXml, Element, Place
from chatvault.importers._xml_stream import stream
from chatvault.model import Problem

HEAD = 16 * 1024
MOST_XML = 200
ROOTS = ("smses", "allsms", "calls")
NAMES = ("smses", "allsms", "calls", "sms", "mms", "call", "parts", "part", "addrs", "addr")
HELD = ("data",)

_SPACE = b" \t\r\n"
_ROOT = re.compile(rb"<(smses|allsms|calls)(?=[ \t\r\n/>])")
_COUNT = re.compile(rb"[^>]{0,2000}\scount\s*=")
_ITEM = re.compile(rb"<(?:sms|mms|call)[ \t\r\n]")
_ENDINGS = {
    "jpeg": "jpg", "x-vcard": "vcf", "vcard": "vcf", "3gpp": "3gp", "quicktime": "mov",
    "mpeg": "mp3", "plain": "txt", "x-vcalendar": "vcs", "svg+xml": "svg",
}  # fmt: skip


def root_of(head: bytes) -> str:
    """The root of a file that begins so, if it is one of ours; else empty."""
    rest = head.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    while rest[:2] in {b"<?", b"<!"}:
        # A document type is passed over so that reading can refuse the file and say why.
        mark = b"-->" if rest.startswith(b"<!--") else b"?>" if rest[1:2] == b"?" else b">"
        if b"[" in rest[: rest.find(mark)] and rest[:9].lower() == b"<!doctype":
            mark = b"]>"
        _, found, rest = rest.partition(mark)
        rest = rest.lstrip(_SPACE) if found else b""
    root = _ROOT.match(rest)
    if not root or not (_COUNT.match(rest) or _ITEM.search(rest)):
        return ""
    return root[1].decode()


def has_data(place: Place | None) -> bool:
    """Whether a part is a file at all; without one stands nothing, or the word null."""
    return place is not None and place.length > len("null")


def is_file(place: Place) -> bool:
    """Whether what lies there is a file that can be read."""
    return has_data(place) and place.size is not None


def part_name(name: str, place: Place, media_type: str) -> str:
    """What stands beside the XML for the file that lies there."""
    kind = media_type.partition(";")[0].strip().rpartition("/")[2].lower()
    kind = _ENDINGS.get(kind, kind)
    ending = kind if kind.isascii() and kind.isalnum() and len(kind) <= 8 else "bin"
    return f"{name}.parts/{place.at:012}.{ending}"


def with_parts(
    entries: Mapping[str, Entry], budget: Budget, *, path: str = ""
) -> tuple[Mapping[str, Entry], tuple[Problem, ...]]:
    """The same files, and beside each backup what is in it; and what is wrong with that.

    `path` is what messages call the folder or archive, with a slash at its end.
    """
    found: dict[str, Entry] = {}
    problems: list[Problem] = []
    for name, entry in _candidates(entries):
        try:
            reason = _expand(name, entry, budget, found, path + name)
        except (OSError, ValueError, ChatVaultError):
            continue  # told when it is read for its messages
        if reason:
            problems.append(Problem(file=path + name, part="", reason=reason, raw=""))
    return beside(entries, found), tuple(problems)


def _candidates(entries: Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    """The files worth opening; a folder may have thousands of XML files of something else."""
    names = [name for name in entries if name.lower().endswith(".xml") or len(entries) == 1]
    if len(names) > MOST_XML:
        names = [name for name in names if name.rpartition("/")[2].lower().startswith("sms")]
    return [(name, entries[name]) for name in names]


def _expand(name: str, entry: Entry, budget: Budget, found: dict[str, Entry], where: str) -> str:
    """Add what is in a file; the reason why not all of it was added."""
    with entry.open() as file:
        if root_of(file.read(HEAD)) not in {"smses", "allsms"}:
            return ""
    outer = Outer(entry)
    with entry.open() as file:
        try:
            for part in stream(
                file, names=NAMES, held=HELD, limits=budget.limits, places_only=True
            ):
                if not isinstance(part, Element):
                    continue
                for place in part.places.values():
                    if not is_file(place):
                        continue
                    if budget.members >= budget.limits.members:
                        return f"more than {budget.limits.members:,} files; the rest stays inside"
                    budget.add_member(where)
                    inner = part_name(name, place, part.attributes.get("ct", ""))
                    found[inner] = inner_entry(
                        outer, place.at, place.length, size=place.size or 0, where=where
                    )
        except BrokenXml:
            return ""  # told when it is read for its messages
    return ""
