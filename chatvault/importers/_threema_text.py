"""The export of one chat of Threema: messages.txt, with media beside it."""

import re
from collections.abc import Iterator
from functools import partial

from msgspec.structs import replace

from chatvault.importers._fields import Malformed
from chatvault.importers._generic import File, Item, Part, Place, Unread
from chatvault.importers._generic_body import attachment
from chatvault.importers._source import Source
from chatvault.importers._text_lines import Block, BrokenText, blocks, encoding_of, lines
from chatvault.importers._threema_lines import Head, head, moment, said
from chatvault.model import Attachment, MessageKind

# Until about 2020 the name of the chat was part of it: `messages-Bram.txt`.
_NAME = re.compile(r"messages(?:-(.{1,120}))?\.txt")
_FILE = re.compile(r"<([^<>\n]{1,255}\.[A-Za-z0-9]{1,8})>")
_PLACE = re.compile(r"<geo:[^<>\n]{3,500}>\Z|\A-?\d{1,3}\.\d{6}, -?\d{1,3}\.\d{6}\Z")
_LAST = re.compile(r"(?:\A| )<([^<>\n]{1,255})>\Z")
# As Threema calls a file: by the uid of its message, or the id of the message and a name.
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\w{2,5}")
_NAMED = re.compile(r"[0-9a-f]{16}-(.+)")
_LABEL = re.compile(
    r"(?P<label>[^\n:<>]{1,40}?)(?: \((?P<minutes>\d{1,3}):(?P<seconds>\d\d)\))?"
    r"(?:: (?P<caption>.*))?",
    re.DOTALL,
)
_IPHONE_FILE = re.compile(
    r"(?P<label>[^\n(]{1,40}) \((?:(?P<minutes>\d{1,4}):(?P<seconds>\d{1,2}),)?"
    r"(?P<name>[^\n]{1,255}?\.[A-Za-z0-9]{1,8})(?: [^()\n]{1,60})?\)"
    r"(?:, [^\n:,]{1,40}: (?P<caption>.*))?",
    re.DOTALL,
)
_IPHONE_NAME = re.compile(r"[0-9a-f]{8,}\.\w+|[\d_-]{8,}(?:image|file|audio|video)\b.*")


def names(source: Source) -> list[str]:
    """The files at the top that may be the text of a chat."""
    return [name for name in source.files() if _NAME.fullmatch(name)]


def evidence(source: Source) -> str:
    """A text whose first line is as Threema writes it; empty if there is none."""
    for name in names(source)[:3]:
        first = source.head(name, 1024).decode("utf-8-sig", "replace").partition("\n")[0]
        if head(first):
            return f"{name} begins as Threema writes it"
    return ""


def file(source: Source, name: str) -> File:
    """One chat, whose title is in the name of the file or is the name of the zip."""
    found = _NAME.fullmatch(name)
    called = found[1] if found else None
    title = source.told.conversation or called or source.name
    return File(source, name, partial(_parts, source, name, Place(title, platform="threema")))


def _parts(source: Source, name: str, place: Place) -> Iterator[Part]:
    encoding = encoding_of(source, name)
    try:
        for block in blocks(lines(source, name, encoding), head):
            part = f"line {block.first}"
            if block.head is None or block.rest:
                if block.text.strip():
                    yield Unread(part, block.reason("no message begins here"), block.text)
                continue
            try:
                yield _item(source, place, block, block.head)
            except Malformed as cause:
                yield Unread(part, str(cause), block.text)
    except BrokenText as cause:
        yield Unread("end", f"the file cannot be read further ({cause})", "")
    if encoding.damaged:
        reason = f"text that is no {encoding.name}, in {encoding.damaged} lines, became U+FFFD"
        yield Unread("encoding", reason, "")


def _item(source: Source, place: Place, block: Block[Head], begin: Head) -> Item:
    begin, text = said(begin, block.text[begin.end :].removesuffix("\n"))
    sent = begin.mine is not None or bool(begin.name)
    kind = MessageKind.TEXT if sent else MessageKind.SYSTEM
    text, found, extra = _media(source, text, iphone=begin.iphone)
    if sent and _PLACE.search(text):
        kind = MessageKind.LOCATION
    return Item(
        part=f"line {block.first}",
        raw=block.text,
        place=place,
        when=moment(begin),
        kind=found.kind if found and sent else kind,
        text=text,
        sender=begin.name,
        is_me=begin.mine,
        attachments=(found,) if found else (),
        extra=extra,
    )


def _media(
    source: Source, text: str, *, iphone: bool
) -> tuple[str, Attachment | None, dict[str, object]]:
    """The text, the file it names, and the app's own words for that."""
    if iphone:
        told = _IPHONE_FILE.fullmatch(text)
        if told and (source.has(told["name"]) or _IPHONE_NAME.fullmatch(told["name"])):
            return _labelled(source, told, told["name"])
    elif last := _LAST.search(text):
        named = _NAMED.fullmatch(last[1])
        told = _LABEL.fullmatch(text[: last.start()])
        if told and (named or _UID.fullmatch(last[1])):
            return _labelled(source, told, last[1], called=named[1] if named else "")
    text, found = _written(source, text)
    return text, found, {}


def _labelled(
    source: Source, told: re.Match[str], name: str, *, called: str = ""
) -> tuple[str, Attachment, dict[str, object]]:
    found = attachment(source, "", name)
    if told["minutes"]:
        found = replace(found, duration=int(told["minutes"]) * 60.0 + int(told["seconds"]))
    if called:
        found = replace(found, name=called)
    caption = told["caption"] or ""
    return "" if caption == called else caption, found, {"label": told["label"]}


def _written(source: Source, text: str) -> tuple[str, Attachment | None]:
    """The text and the file it names: in angle brackets, or by nothing but a name that is there."""
    if "\n" not in text and len(text) <= 255 and "." in text and source.has(text):
        return "", attachment(source, "", text)
    found = _FILE.search(text)
    if found is None:
        return text, None
    one = attachment(source, "", found[1])
    whole = text.strip() == found[0]
    if one.path is None and not whole:
        return text, None  # somebody wrote it
    return (text[: found.start()] + text[found.end() :]).strip(), one
