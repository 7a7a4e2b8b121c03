"""Which files of a folder MemoTrace wrote: what they are called, and what they begin with."""

import re
from itertools import zip_longest

from chatvault.importers import _memotrace_text as texts
from chatvault.importers._csv import head_rows
from chatvault.importers._limits import MiB
from chatvault.importers._memotrace_contacts import CONTACTS
from chatvault.importers._memotrace_csv import FIRST, FIRST_SHORT, OLDEST, SECOND
from chatvault.importers._source import Source
from chatvault.importers._wechat_rows import may_be_id

HEAD = 64 * 1024
PAGE_HEAD = MiB  # large styles stand before the messages of a page
# Of a page: where its messages begin, and whom it is with.
LIST = re.compile(r"const chatMessages\s*=\s*\[(?:\s*\[)?")
TITLE = re.compile(r"<p id=\"title\">(.{0,400}?)</p>", re.DOTALL)

_FOLDER = re.compile(r"(.*)[(（]([^()（）]+)[)）]", re.DOTALL)
_ARCHIVE = re.compile(r"\.(?:zip|tar|tar\.gz|tgz|csv|json|html|txt|md)$", re.IGNORECASE)
_HEADERS = (FIRST, FIRST_SHORT, SECOND, OLDEST)
_FOLDERS = ("avatar/", "image/", "emoji/", "voice/", "video/", "icon/", "file/")
_ENDINGS = (".html.json", ".csv", ".html", ".md", ".txt")


def candidates(source: Source) -> list[str]:
    """The files at the top that may be ours, one of each kind first."""
    kinds: dict[str, list[str]] = {ending: [] for ending in _ENDINGS}
    for name in source.files():
        ending = next((one for one in _ENDINGS if name.lower().endswith(one)), "")
        if ending and not (ending == ".html" and source.has(f"{name}.json")):
            kinds[ending].append(name)
    return [name for row in zip_longest(*kinds.values()) for name in row if name]


def evidence(source: Source, name: str) -> str:
    """How a file is known to be one of MemoTrace; empty if it is none."""
    ending = name.lower()
    if ending.endswith(".html.json"):
        found = _first_keys(source.head(name, HEAD))
        return "has items with is_send, server_id and xml_dict" if found else ""
    if ending.endswith(".csv"):
        header = header_of(source, name)
        return f"has the {len(header)} columns of MemoTrace" if header else ""
    if ending.endswith(".html"):
        head = source.head(name, PAGE_HEAD).decode("utf-8", "replace")
        ours = 'id="chat-container"' in head and TITLE.search(head) and LIST.search(head)
        return "has the list chatMessages of MemoTrace" if ours else ""
    head = source.head(name, HEAD).decode("utf-8-sig", "replace")
    if ending.endswith(".md"):
        return "has messages below the headings of days" if texts.is_marked(head) else ""
    # A text alone is a weak sign: what MemoTrace puts beside it, or names folders, is another.
    beside = any(one.startswith(_FOLDERS) for one in source.entries)
    alone = 1 if beside or named(source.name)[1] else 3
    return "has messages below a clock and a name" if texts.is_plain(head, alone=alone) else ""


def _first_keys(head: bytes) -> bool:
    """Whether the file is a list whose first item has the keys that only MemoTrace writes."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    keys = (b'"is_send"', b'"server_id"', b'"xml_dict"')
    return re.match(rb"\[\s*\{", text) is not None and all(key in text for key in keys)


def header_of(source: Source, name: str) -> tuple[str, ...]:
    """The header of MemoTrace that a CSV file has; empty if it has none of these."""
    found = head_rows(source.head(name, HEAD), limit=1)
    cells = tuple(cell.strip() for cell in found[0]) if found else ()
    if cells[: len(CONTACTS)] == CONTACTS:
        return CONTACTS
    return cells if cells in _HEADERS else ()


def named(folder: str) -> tuple[str, str]:
    """Title and id from the name of a folder `<remark>(<wxid>)`; empty where it says neither."""
    found = _FOLDER.fullmatch(_ARCHIVE.sub("", folder))
    if found is None or not may_be_id(found[2]):
        return "", ""
    return found[1], found[2]
