"""The export of one chat of Threema: messages.txt, with media beside it."""

import re
from collections.abc import Iterator
from functools import partial

from chatvault.importers._fields import Malformed
from chatvault.importers._generic import File, Item, Part, Place, Unread
from chatvault.importers._generic_body import attachment
from chatvault.importers._generic_time import parse
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText, blocks, encoding_of, lines
from chatvault.model import Attachment, MessageKind

NAME = "messages.txt"
HEADER = re.compile(r"\[(\d\d)\.(\d\d)\.(\d{4}), (\d\d:\d\d)\] ")
_FILE = re.compile(r"<([^<>\n]{1,255}\.[A-Za-z0-9]{1,8})>")
_LONGEST_NAME = 256


def evidence(source: Source) -> str:
    """What the first line of messages.txt is; empty if it is none of Threema's."""
    if not source.has(NAME):
        return ""
    first = source.head(NAME, 1024).decode("utf-8-sig", "replace")
    return f"{NAME} begins as Threema writes it" if HEADER.match(first) else ""


def file(source: Source) -> File:
    """The chat, whose title is the name of the zip."""
    title = source.told.conversation or source.name
    return File(source, NAME, partial(_parts, source, Place(title=title, platform="threema")))


def _parts(source: Source, place: Place) -> Iterator[Part]:
    encoding = encoding_of(source, NAME)
    try:
        for block in blocks(lines(source, NAME, encoding), _header):
            part = f"line {block.first}"
            if block.head is None or block.rest:
                if block.text.strip():
                    yield Unread(part, "no message begins here", block.text)
                continue
            try:
                yield _item(source, place, block, part)
            except Malformed as cause:
                yield Unread(part, str(cause), block.text)
    except BrokenText as cause:
        yield Unread("end", f"the file cannot be read further ({cause})", "")
    if encoding.damaged:
        reason = f"text that is no {encoding.name}, in {encoding.damaged} lines, became U+FFFD"
        yield Unread("encoding", reason, "")


def _header(line: str) -> re.Match[str] | None:
    return HEADER.match(line)


def _item(source: Source, place: Place, block: Block[re.Match[str]], part: str) -> Item:
    head = block.head
    assert head is not None  # noqa: S101  (asked before)
    day, month, year, clock = head.groups()
    body = block.text[head.end() :]
    name, colon, text = body.partition(": ")
    if not colon and body.endswith(":"):
        name, colon, text = body[:-1], ":", ""
    said = bool(colon) and "\n" not in name and 0 < len(name) <= _LONGEST_NAME
    text = text if said else body
    text, files = _files(source, text.removesuffix("\n"))
    kind = MessageKind.TEXT if said else MessageKind.SYSTEM
    return Item(
        part=part,
        raw=block.text,
        place=place,
        when=parse(f"{year}-{month}-{day} {clock}"),
        kind=files[0].kind if files and said else kind,
        text=text,
        sender=name if said else "",
        attachments=files,
    )


def _files(source: Source, text: str) -> tuple[str, tuple[Attachment, ...]]:
    """The text and the file it names: in angle brackets, or by nothing but a name that is there."""
    if "\n" not in text and len(text) <= 255 and "." in text and source.has(text):
        return "", (attachment(source, "", text),)
    found = _FILE.search(text)
    if found is None:
        return text, ()
    one = attachment(source, "", found[1])
    whole = text.strip() == found[0]
    if one.path is None and not whole:
        return text, ()  # somebody wrote it
    return (text[: found.start()] + text[found.end() :]).strip(), (one,)
