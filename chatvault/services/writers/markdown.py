"""A conversation as Markdown: what people wrote stands in quotations, nothing in it is markup."""

import re
from collections.abc import Iterable, Iterator

from chatvault.services.escape import Lines, for_terminal, isolate
from chatvault.services.writers import words
from chatvault.services.writers.told import Frame, Item
from chatvault.vault.restoring import About, Place

# A backslash before these is allowed everywhere and shown nowhere.
_MARKUP = re.compile(r"[\\`*_\[\]<>&#|~!$^{}]")
# Only at the start of a line: lists, rules, headings by underlining.
_START = re.compile(r"^([-+=:]|[0-9]{1,9}(?=[.)]))")
_SPACES = re.compile(r"^[ \u00a0\u3000]+")
BREAK = "  \n"  # a new line that is shown


def write(place: Place, about: About, items: Iterable[Item], *, frame: Frame) -> Iterator[str]:
    """The text of one conversation's file."""
    names = about.names()
    yield f"# {line(place.title) or 'untitled'}\n\n{line(place.platform)}, {place.kind}"
    people = ", ".join(line(name) for name in dict.fromkeys(names.values()) if name)
    if people:
        yield f"{BREAK}People: {people}"
    yield f"{BREAK}Times: {line(str(frame.zone))}\n"
    for item in items:
        yield from _message(item, names, frame)


def _message(item: Item, names: dict[str, str], frame: Frame) -> Iterator[str]:
    message = item.message
    yield f"\n{words.moment(message, frame) or 'no time'}"
    if message.sender is not None:
        yield f" **{line(message.sender_name or message.sender).strip() or '?'}**"
    yield "\n"
    if answered := words.answered(item):
        yield f"\nanswers {line(answered)}\n"
    if message.text:
        yield f"\n{quotation(message.text)}\n"
    for kept, media in zip(message.attachments, item.media, strict=True):
        name = line(words.label(kept))
        if media.path is None:
            yield f"\n{name} ({line(words.why_not(kept, media))})\n"
        else:
            show = "!" if kept.kind in {"image", "sticker"} else ""
            yield f"\n{show}[{name}]({media.path})\n"
    remarks = [f"also: {more}" for more in message.more_text]
    if reacted := words.reactions(message, names):
        remarks.append(", ".join(reacted))
    remarks += words.remarks(item, frame)
    for remark in remarks:
        yield f"\n{line(remark)}\n"


def quotation(text: str) -> str:
    """What somebody wrote, line by line."""
    lines = isolate(text).split("\n")
    return BREAK.join(f"> {_plain(one)}" for one in lines) if lines else ""


def line(text: str) -> str:
    """Text on one line, with nothing in it that is markup."""
    return _plain(isolate(for_terminal(text, Lines.SHOWN)))


def _plain(text: str) -> str:
    """One line, each sign of which is shown as it is."""
    spaces = _SPACES.match(text)
    width = 0 if spaces is None else spaces.end()
    marked = _START.sub(_escaped_start, _MARKUP.sub(r"\\\g<0>", text[width:]))
    return "&nbsp;" * width + marked


def _escaped_start(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"
