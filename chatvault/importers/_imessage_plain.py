"""The text files of imessage-exporter: a block of lines for each message."""

import re
from collections.abc import Iterable, Iterator

from chatvault.importers._imessage_posts import CLOCK, MISSING, Post, is_tapback, wall_of
from chatvault.importers._text_lines import Block, Line
from chatvault.model import Mark, MessageKind

HEADER = re.compile(CLOCK + r"(?: \(([^\n]*)\))?", re.ASCII)
EVENT = re.compile(CLOCK + r" (?!\()(\S[^\n]*)", re.ASCII)  # what nobody sent, on one line
_INDENT = "    "
_LISTS = frozenset({"Reactions:", "Tapbacks:"})
_REPLY = "This message responded to an earlier message."
_DELETED = "This message was deleted from the conversation!"
_EDITED = re.compile(r"Edited [^:\n]{1,80} later: (.*)", re.DOTALL)
_UNSENT = re.compile(
    r"(?:You|They|[^\n]{1,60}) unsent (?:this message part|a message)[^\n]*|"
    r"(?:You|They) deleted a message\."
)
_STICKER = re.compile(r"(?:[A-Z][a-z]+ )?Sticker from [^:\n]{1,200}: ([^\n]+)")
_STICKER_END = re.compile(r" \((?:App|Genmoji prompt): [^\n]*\)\Z")
_PATH = re.compile(
    r"attachments/[^\n]+|~/Library/[^\n]+|(?:/|[A-Za-z]:[/\\])[^\n]*?[/\\]attachments[/\\][^\n]+",
    re.IGNORECASE,
)
_EFFECTS = frozenset(
    f"Sent with {name}"
    for name in (
        "Confetti", "Echo", "Fireworks", "Balloons", "Heart", "Lasers", "Shooting Start",
        "Shooting Star", "Sparkles", "Spotlight", "Slam", "Loud", "Gentle", "Invisible Ink",
    )
)  # fmt: skip
_LOCATION = frozenset({
    "Started sharing location!", "Stopped sharing location!", "Shared location!",
})  # fmt: skip


def after_blank(lines: Iterable[Line]) -> Iterator[tuple[Line, bool]]:
    """Each line, and whether an empty one (or nothing) is before it: there a message may begin."""
    blank = True
    for line in lines:
        yield line, blank
        blank = not line.text


def header(text: str) -> re.Match[str] | None:
    """The first line of a message, or the only one of what nobody sent."""
    return HEADER.fullmatch(text) or EVENT.fullmatch(text)


def post_of(block: Block[re.Match[str]]) -> Post | None:
    """The message of a block; None for lines that begin none."""
    if block.head is None:
        return None
    lines = block.text.split("\n")[1:]
    if event := EVENT.fullmatch(block.head[0]):
        post = Post(wall_of(event), None, kind=MessageKind.SYSTEM)
        post.extra["notice"] = event[8]
        post.text = [line for line in lines if line]
        return post
    return _post(block.head, lines)


def _post(head: re.Match[str], lines: list[str]) -> Post:
    sender = lines[0] if lines else ""
    post = Post(wall_of(head), sender, mine=sender == "Me")
    if head[8]:
        post.extra["read"] = head[8]
    _fill(post, lines[1:])
    return post


def _fill(post: Post, lines: list[str]) -> None:
    at = 0
    listing = False  # inside of a list of reactions
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(_INDENT) and (head := HEADER.fullmatch(line.removeprefix(_INDENT))):
            end = at
            # A reply goes on to the next empty line, behind which more of it may be indented.
            while end < len(lines) and (lines[end] or _goes_on(lines, end)):
                end += 1
            inner = [one.removeprefix(_INDENT) for one in lines[at:end]]
            post.replies.append(_post(head, inner))
            at = end + 1
        elif listing and is_tapback(line):
            post.tapbacks.append(line)
        elif line in _LISTS and at < len(lines) and is_tapback(lines[at]):
            listing = True
        elif listing and not line:
            listing = False
        else:
            listing = False
            _line(post, line)


def _goes_on(lines: list[str], at: int) -> bool:
    """Whether a reply goes on behind the empty line here."""
    following = lines[at + 1] if at + 1 < len(lines) else ""
    return following.startswith(_INDENT) and not HEADER.fullmatch(following.removeprefix(_INDENT))


def _line(post: Post, line: str) -> None:
    if not line:
        if not post.edits:
            post.text.append(line)
    elif line == _REPLY:
        post.is_reply = True
        post.notes.append(line)
    elif line == _DELETED:
        post.marks.append(Mark.DELETED)
        post.notes.append(line)
    elif line in _EFFECTS:
        post.extra["effect"] = line
    elif line in _LOCATION:
        post.kind = MessageKind.LOCATION
        post.notes.append(line)
    elif _UNSENT.fullmatch(line):
        post.marks.append(Mark.RECALLED)
        post.notes.append(line)
    elif line == MISSING or _PATH.fullmatch(line):
        post.files.append((line, None))
    elif sticker := _STICKER.fullmatch(line):
        post.files.append((_STICKER_END.sub("", sticker[1]), MessageKind.STICKER))
        post.notes.append(line)
    elif post.files and line.startswith("Transcription: "):
        post.more.append(line)
    elif line.startswith("Unable to format app message: "):
        post.kind = MessageKind.OTHER
        post.notes.append(line)
    elif edited := _EDITED.fullmatch(line):
        if not post.edits and post.text and (first := EVENT.fullmatch(post.text[0])):
            post.text[0] = first[8]  # the text as sent, with the time when it was
        post.edits.append(edited[1])
        post.notes.append(line[: edited.start(1)].rstrip())
    elif post.edits:
        post.edits[-1] += f"\n{line}"
    else:
        post.text.append(line)
