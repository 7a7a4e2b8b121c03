"""Apple's Messages as imessage-exporter wrote them, as text or as pages.

A file for each conversation (`+353860000001.txt`, `Tea - 12.html`) and `attachments/`. A block of a
text file:
    Mar 09, 2024  6:05:30 PM (Read by you after 1 minute)
    +353860000001
    Kettle is on
    attachments/1/6f1c1c1e.heic
    Tapbacks:
    Liked by Me
"""

import re
from collections.abc import Iterator

from chatvault.errors import BadExport, Where
from chatvault.importers import _imessage_pages as pages
from chatvault.importers import _imessage_plain as plain
from chatvault.importers._clock import zone_for
from chatvault.importers._fields import Malformed
from chatvault.importers._html import BrokenHtml, elements
from chatvault.importers._imessage_posts import CLOCK, MONTH_NAMES, TAPBACKS, Post, Talk
from chatvault.importers._protocol import ImporterInfo
from chatvault.importers._replaced import Replaced
from chatvault.importers._source import Source
from chatvault.importers._text_lines import BrokenText, Encoding, Line, blocks, lines
from chatvault.model import Message, Problem, Record

INFO = ImporterInfo(
    key="imessage-exporter",
    platform="imessage",
    title="Apple Messages, by imessage-exporter",
    version=2,
    expects="the folder imessage_export with .txt or .html files and attachments",
    carries=frozenset({
        "ids", "replies", "reactions", "edits", "deletions", "stickers", "system", "media", "links",
    }),
    derived={
        **dict.fromkeys((*MONTH_NAMES, "AM", "PM"), "the clock, kept in its ISO form"),
        **dict.fromkeys(TAPBACKS, "a tapback, kept as the emoji that it shows"),
        "Reactions": "heads the list of reactions, which are kept",
        "Tapbacks": "heads the list of reactions, which are kept",
        "by": "stands between a tapback and who gave it",
        "Subject": "stands before a subject, which is kept as the first line of the text",
    },
    leaves_out="the time zone; ids of messages, but in pages of newer versions",
    seen="imessage-exporter 1.0 to 2.x (2023 to 2025)",
)  # fmt: skip

HEAD = 64 * 1024
_CLOCK = re.compile(CLOCK.encode())
REMEDY = (
    "give the folder that imessage-exporter wrote; a copy of chat.db is better, see the page of"
    " imessage-chatdb"
)


def recognise(source: Source) -> tuple[str, ...]:
    """Evidence: the first message of a text file, or the classes of a page."""
    return tuple(
        f"{name}: messages of imessage-exporter"
        for name in _candidates(source)[:3]
        if _ours(source, name)
    )


def _candidates(source: Source) -> list[str]:
    """The files of conversations; where there is a page and a text, the page tells more."""
    names = source.files()
    found = [name for name in names if name.lower().endswith((".html", ".htm"))]
    stems = {_stem(name) for name in found}
    found += [name for name in names if name.lower().endswith(".txt") and _stem(name) not in stems]
    return sorted(found, key=lambda name: (source.size(name) == 0, name))


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _is_page(name: str) -> bool:
    return not name.lower().endswith(".txt")


def _ours(source: Source, name: str) -> bool:
    head = source.head(name, HEAD)
    if _is_page(name):
        message = re.search(rb'<div class\s*=\s*"(?:message|announcement)"', head)
        stamp = re.search(rb'<span class="timestamp">\s*(?:<a [^>]{0,300}>)?\s*', head)
        return bool(message and stamp and _CLOCK.match(head, stamp.end()))
    texts = head.decode("utf-8-sig", "replace").split("\n")
    blank = True
    for number, text in enumerate(texts[:-1]):
        if blank and plain.HEADER.fullmatch(text.rstrip("\r")) and texts[number + 1].strip():
            return True
        if blank and text.strip() and not plain.EVENT.fullmatch(text.rstrip("\r")):
            return False
        blank = not text.strip()
    return False


def read(source: Source) -> Iterator[Record]:
    """The records of all files, each a conversation."""
    names = [name for name in _candidates(source) if _ours(source, name)]
    if not names:
        raise BadExport(
            "no file here is one of imessage-exporter", where=Where(source.name), remedy=REMEDY
        )
    zone, assumed = zone_for(source.told)
    for name in names:
        for record in _records(source, name, zone):
            if assumed is not None and isinstance(record, Message):
                yield assumed
                assumed = None
            yield record


def _records(source: Source, name: str, zone: str) -> Iterator[Record]:
    talk = Talk(source, _stem(name), zone)
    yield talk.conversation
    for post in _page(source, name) if _is_page(name) else _text(source, name):
        if isinstance(post, Problem):
            yield post
            continue
        part, raw, told = post
        try:
            records = list(talk.records(told))
        except Malformed as cause:
            yield Problem(file=source.full(name), part=part, reason=str(cause), raw=raw)
            continue
        yield from records
    yield from talk.rest()


def _text(source: Source, name: str) -> Iterator[tuple[str, str, Post] | Problem]:
    full = source.full(name)
    begins = False
    replaced = Replaced()

    def watched() -> Iterator[Line]:
        nonlocal begins
        found = lines(source, name, Encoding("utf-8"), replaced=replaced)
        for line, begins in plain.after_blank(found):  # noqa: B007 - header looks at it
            yield line

    def header(text: str) -> re.Match[str] | None:
        return plain.header(text) if begins else None

    try:
        for block in blocks(watched(), header):
            part = block.place
            try:
                post = plain.post_of(block)
            except Malformed as cause:
                yield Problem(file=full, part=part, reason=str(cause), raw=block.text)
                continue
            if post is not None:
                yield part, block.text, post
            elif block.text.strip():
                reason = block.reason("lines before the first message")
                yield Problem(file=full, part=part, reason=reason, raw=block.text)
    except BrokenText as cause:
        yield Problem(file=full, part="end", reason=f"the file breaks off: {cause}", raw="")
    yield from replaced.problems(full)


def _page(source: Source, name: str) -> Iterator[tuple[str, str, Post] | Problem]:
    full = source.full(name)
    number = 0
    replaced = Replaced()
    try:
        with source.open(name) as file:
            for node in elements(file, pages.wanted, replaced=replaced):
                number += 1
                part = f"message {number}"
                try:
                    post = pages.post_of(node)
                except Malformed as cause:
                    yield Problem(file=full, part=part, reason=str(cause), raw=node.markup())
                    continue
                if node.cut:
                    reason = "a message that is too long, or broken off; its beginning is read"
                    yield Problem(file=full, part=part, reason=reason, raw=node.markup())
                yield part, "", post
    except (BrokenHtml, OSError) as cause:
        yield Problem(file=full, part="end", reason=f"the page breaks off: {cause}", raw="")
    yield from replaced.problems(full)
