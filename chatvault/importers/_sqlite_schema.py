"""The names of the tables of an SQLite file, from the few pages that hold its schema.

For recognising, where a database of gigabytes must not be read. The schema is a tree of pages that
begins in the first; see sqlite.org/fileformat2.html, sections 1.6 and 2.
"""

from collections.abc import Iterator

from chatvault.importers._source import Source
from chatvault.importers._sqlite_wal import page_size_of

MAGIC = b"SQLite format 3\0"
PAGES = 200  # a schema has some ten
DEPTH = 5
_INTERIOR, _LEAF = 5, 13
_TEXT = 13  # the first odd type of a text; its length is half of what is above


def table_names(source: Source, name: str) -> frozenset[str]:
    """The names of its tables; none if it is no SQLite file."""
    if source.head(name, len(MAGIC)) != MAGIC:
        return frozenset()
    found: set[str] = set()
    wanted, known = [1], {1}
    for _ in range(DEPTH):
        below: list[int] = []
        for number, page in _pages(source, name, wanted):
            try:
                names, children = _read(page, 100 if number == 1 else 0)
            except IndexError:
                continue
            found |= names
            below += [child for child in children if child not in known]
            known.update(below)
        wanted = sorted(set(below))[:PAGES]
    return frozenset(found)


def _pages(source: Source, name: str, numbers: list[int]) -> Iterator[tuple[int, bytes]]:
    """Pages of the file, in its order, so that a compressed one is passed over once."""
    if not numbers:
        return
    try:
        with source.open(name) as file:
            first = file.read(100)
            size, at = page_size_of(first), 100
            for number in numbers if size else ():
                start = (number - 1) * size
                if file.seekable():
                    file.seek(start)
                else:
                    while at < start and (passed := file.read(min(start - at, 1 << 20))):
                        at += len(passed)
                head = first if number == 1 and not file.seekable() else b""
                page = head + file.read(size - len(head))
                at = start + len(page)
                yield number, page
    except (OSError, ValueError):
        return


def _read(page: bytes, start: int) -> tuple[set[str], list[int]]:
    """Names of tables and numbers of pages below; IndexError where it is no such page."""
    kind = page[start]
    cells = int.from_bytes(page[start + 3 : start + 5], "big")
    if kind not in {_INTERIOR, _LEAF}:
        return set(), []
    pointers = start + (12 if kind == _INTERIOR else 8)
    names: set[str] = set()
    children: list[int] = []
    if kind == _INTERIOR:
        children.append(int.from_bytes(page[start + 8 : start + 12], "big"))
    for cell in range(min(cells, len(page) // 4)):
        at = int.from_bytes(page[pointers + 2 * cell : pointers + 2 * cell + 2], "big")
        if kind == _INTERIOR:
            children.append(int.from_bytes(page[at : at + 4], "big"))
        elif name := _table(page, at):
            names.add(name)
    return names, children


def _table(page: bytes, at: int) -> str:
    """The name in a row of the schema, if it is that of a table."""
    _, at = _varint(page, at)  # size of the row
    _, at = _varint(page, at)  # its id
    head, types = _varint(page, at)
    kind, types = _varint(page, types)
    length, _ = _varint(page, types)
    if kind != _TEXT + 2 * len(b"table") or length < _TEXT or length % 2 == 0:
        return ""
    start = at + head
    end = start + len(b"table")
    if page[start:end] != b"table":
        return ""
    return page[end : end + (length - _TEXT) // 2].decode("utf-8", "replace")


def _varint(page: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(at, at + 9):
        value = value << 7 | page[place] & 0x7F
        if page[place] < 0x80:
            return value, place + 1
    return value, at + 9
