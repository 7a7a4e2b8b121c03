"""A conversation as plain text. Nothing in it acts on a terminal, reorders or imitates a line.

The lines of a message stand behind four spaces, remarks about it behind `  ~ `: whatever somebody
wrote, it cannot look like the next message.
"""

from collections.abc import Iterable, Iterator

from chatvault.services.escape import Lines, for_terminal, isolate
from chatvault.services.writers import words
from chatvault.services.writers.told import Frame, Item
from chatvault.vault.restoring import About, Place

INDENT = "\n    "


def write(place: Place, about: About, items: Iterable[Item], *, frame: Frame) -> Iterator[str]:
    """The text of one conversation's file."""
    names = about.names()
    yield f"{line(place.title)}\n{line(place.platform)}, {place.kind}\n"
    people = ", ".join(line(name) for name in dict.fromkeys(names.values()) if name)
    if people:
        yield f"people: {people}\n"
    yield f"times: {frame.zone}\n\n"
    for item in items:
        yield from _message(item, names, frame)


def _message(item: Item, names: dict[str, str], frame: Frame) -> Iterator[str]:
    message = item.message
    head = f"[{words.moment(message, frame) or 'no time'}]"
    if message.sender is not None:
        head += f" {line(message.sender_name or message.sender)}:"
    text = isolate(message.text).replace("\n", INDENT)
    yield f"{head} {text}\n" if text else f"{head}\n"
    remarks = []
    if answered := words.answered(item):
        remarks.append(f"answers {answered}")
    for kept, media in zip(message.attachments, item.media, strict=True):
        where = media.path or words.why_not(kept, media)
        remarks.append(f"{words.label(kept)} ({where})")
    remarks += [f"also: {more}" for more in message.more_text]
    if reacted := words.reactions(message, names):
        remarks.append(f"reactions: {', '.join(reacted)}")
    remarks += words.remarks(item, frame)
    for remark in remarks:
        yield f"  ~ {line(remark)}\n"


def line(text: str) -> str:
    """Text on one line, harmless and unable to reorder what stands around it."""
    return isolate(for_terminal(text, Lines.SHOWN))
