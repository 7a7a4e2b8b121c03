"""The messages of signal-export's `chat.md`, for exports that were made without `data.json`.

[2024-03-09 19:05:30] Bram: Bread is in the oven
(- Me: 👍 -)![loaf.jpg](./media/2024-03-09T19-05-30.000_00_loaf.jpg)
"""

import re
from collections.abc import Iterable, Iterator

from chatvault.importers._text_lines import Block, Line

HEADER = re.compile(r"\[(\d{4}-\d\d-\d\d),? (\d\d:\d\d(?::\d\d)?)\] ([^\n]*?):(?: |$)", re.ASCII)
_DELETED = "(This message was deleted)"
_QUOTE = re.compile(r"\n\n((?:>[^\n]*\n)+)\n")
_FILE = "](./media/"
_MISSING = re.compile(r"\((media|attachment) not exported\)")
_ONLY_MISSING = re.compile(r"(?:\((?:media|attachment) not exported\)[ \n]*)+\Z")
_TAIL = 4096  # characters in which the files of a message that has none of them are named
_STICKER = re.compile(r"\[([^\[\]\n]*)\]\(\.\./(exported_stickers/[^()\n]*)\) *\Z")
_LABEL = re.compile(r"\n\(\( ([^\n]*) \)\) *\Z")
_REACTIONS = re.compile(r"\n\(- ([^\n]*) -\) *\Z")


def after_blank(lines: Iterable[Line]) -> Iterator[tuple[Line, bool]]:
    """Each line, and whether an empty one (or nothing) is before it: there a message may begin."""
    blank = True
    for line in lines:
        yield line, blank
        blank = not line.text


def item_of(block: Block[re.Match[str]]) -> dict[str, object]:
    """The message of a block, with the fields that it has in `data.json`."""
    head = block.head
    if head is None:
        return {}
    day, clock, sender = head.groups()
    item: dict[str, object] = {"date": f"{day}T{clock}", "sender": sender}
    text = block.text[head.end() :].rstrip("\n")
    if text.strip() == _DELETED:
        return {**item, "body": "", "deleted": True, "note": _DELETED}
    if quote := _QUOTE.match(text):
        item["quote"] = quote[0]
        text = text[quote.end() :]
    elif text.startswith("\n\n> "):  # nothing but a quotation
        item["quote"], text = text, ""
    text, files = _files(text)
    item["attachments"] = files
    if sticker := _STICKER.search(text):
        item["sticker"] = {"emoji": sticker[1], "path": sticker[2]}
        text = text[: sticker.start()]
    elif label := _LABEL.search(text):
        item["sticker"] = {"emoji": label[1]}
        text = text[: label.start()]
    if found := _REACTIONS.search(text):
        pairs = [one.rpartition(": ") for one in found[1].split(", ")]
        item["reactions"] = [[name, emoji] for name, _, emoji in pairs if emoji]
        text = text[: found.start()]
    return {**item, "body": text}


def _files(text: str) -> tuple[str, list[dict[str, str]]]:
    """The text without the links to files at its end, and what they say.

    The text ends with two spaces, and so does each link; names may have brackets in them.
    """
    first = text.find(_FILE)
    if first >= 0:
        ends = ((text.rfind(mark, 0, first), len(mark)) for mark in ("  ", "\n", " -)"))
        start = max((at + size for at, size in ends if at >= 0), default=0)
    elif missing := _ONLY_MISSING.search(text, max(0, len(text) - _TAIL)):
        start = missing.start()
    else:
        return text, []
    found: list[dict[str, str]] = []
    for link in text[start:].split("  "):
        found += [
            {"name": kind, "path": "", "missing_kind": kind} for kind in _MISSING.findall(link)
        ]
        name, mark, path = _MISSING.sub("", link).partition(_FILE)
        if mark:
            path = "media/" + path.rstrip().removesuffix(")")
            found.append({"name": name.removeprefix("!").removeprefix("["), "path": path})
    return text[:start], found
