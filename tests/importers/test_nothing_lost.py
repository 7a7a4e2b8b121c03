"""Every value of every item of an export turns up in a record or in the raw text of a problem.

Values of few characters turn up by accident; that is why the cases use telling ones. A field that
only repeats others is named in `INFO.derived`, with the reason.
"""

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import msgspec
import pytest

from cases import CASE_FILES, CASES, Case
from chatvault.model import Message, Problem

WORD = re.compile(r"[^\W\d_]{2,}")
Value = tuple[tuple[str, ...], str]  # names of the fields on the way, the value as text


def values(tree: object, path: tuple[str, ...] = ()) -> Iterator[Value]:
    """The scalars of a tree as text; flags and empty values say too little to be looked for."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from values(value, (*path, str(key)))
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from values(value, path)
    elif tree is not None and not isinstance(tree, bool) and tree != "":
        yield path, str(tree)


def items_at(tree: object, array: str) -> Iterator[object]:
    """The items of an array named as `stream` names it, `chats.list[].messages`."""
    if array.startswith("[]"):
        for element in tree if isinstance(tree, list) else ():
            yield from items_at(element, array.removeprefix("[]").removeprefix("."))
    elif not array:
        assert isinstance(tree, list), "no array here: is `arrays` of the case right?"
        yield from tree
    else:
        assert isinstance(tree, dict), "no object here: is `arrays` of the case right?"
        key = re.split(r"\.|\[\]", array)[0]
        if key in tree:
            yield from items_at(tree[key], array.removeprefix(key).removeprefix("."))


def expected_values(case: Case, file: str) -> Iterator[Value]:
    arrays = case.told.get("arrays", {})
    data = case.files[file]
    if file in arrays:
        keys = arrays[file] if isinstance(arrays[file], list) else [arrays[file]]
        tree = json.loads(data.decode("utf-8-sig"), strict=False)
        for key in keys:
            for item in items_at(tree, key):
                yield from values(item)
    elif file.endswith((".jsonl", ".ndjson")):
        for line in decoded(data).splitlines():
            yield from _line(line)
    elif file.endswith(".csv"):
        rows = csv.reader(io.StringIO(decoded(data), newline=""))
        head = next(rows, [])
        for row in rows:
            for number, cell in enumerate(row):
                yield (head[number] if number < len(head) else "",), cell.strip()
    elif file.endswith(".xml"):
        yield from _xml(decoded(data))
    elif file.endswith((".html", ".htm")):
        text = re.sub(r"(?s)<(script|style|head)\b.*?</\1>|<[^>]*>", " ", decoded(data))
        yield from (((), word) for word in WORD.findall(html.unescape(text)))
    elif file.endswith((".txt", ".md")):
        yield from (((), word) for word in WORD.findall(decoded(data)))


def _line(line: str) -> Iterator[Value]:
    try:
        yield from values(json.loads(line, strict=False))
    except ValueError:
        yield (), line.strip()


def _xml(text: str) -> Iterator[Value]:
    try:
        tree = ElementTree.fromstring(text.encode())
    except ElementTree.ParseError:
        return  # a case of broken XML has tests of its own
    for element in tree.iter():
        for key, value in element.attrib.items():
            yield (element.tag, key), value
        yield (element.tag,), (element.text or "").strip()


def decoded(data: bytes) -> str:
    declared = re.search(rb"charset=[\"']?([A-Za-z0-9-]{3,20})", data[:1024])
    if declared and declared[1].lower() == b"windows-1251":
        return data.decode("cp1251", "replace")
    for encoding in (
        "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig",
        "gb18030",
    ):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def is_in(text: str, scalars: set[str], found: str) -> bool:
    """Whether a value turned up; of one that is JSON once more, its own values may instead."""
    if text in scalars or text in found:
        return True
    if (right := _unmangled(text)) != text:
        return is_in(right, scalars, found)
    if text[0] not in "[{":
        return False
    inner = [one for _, one in _line(text) if one != text]
    return bool(inner) and all(one in scalars or one in found for one in inner)


def _unmangled(text: str) -> str:
    """A value whose UTF-8 an app wrote as Latin-1, as it was before: so importers keep it."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


@pytest.mark.parametrize(("case", "file"), CASE_FILES, ids=str)
def test_every_value_is_kept(case: Case, file: str) -> None:
    records = case.records()
    sent = {
        attachment.path
        for record in records
        if isinstance(record, Message)
        for attachment in record.attachments
    }
    if file in sent or file in case.told.get("foreign", ()):
        return  # a file that somebody sent, or one that is no part of the export
    kept = [msgspec.to_builtins(record) for record in records]
    raw = "\n".join(record.raw for record in records if isinstance(record, Problem))
    raw_values = "\n".join(text for line in raw.split("\n") for _, text in _line(line))
    scalars = {text for _, text in values(kept)}
    found = "\n".join([*scalars, raw, raw_values])
    derived = case.importer.INFO.derived
    lost = sorted(
        {
            f"{'.'.join(path)}: {text}"
            for path, text in expected_values(case, file)
            if text and not any(name in derived for name in (*path, text))
            if not is_in(text, scalars, found)
        }
    )
    assert [] == lost


@pytest.mark.parametrize("importer", {id(c.importer): c.importer for c in CASES}.values(), ids=str)
def test_what_is_left_out_has_a_reason(importer: object) -> None:
    derived = importer.INFO.derived  # type: ignore[attr-defined]
    assert [] == [name for name, reason in derived.items() if len(reason) < 10]
