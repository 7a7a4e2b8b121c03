"""What Meta did to the letters of its exports, and the sentences that its apps put into them.

Each byte of UTF-8 was written as a character of its own: `caf\\u00c3\\u00a9` is "café". It is taken
back only where the bytes are UTF-8 again. The sentences are in the language of the account; those
of English are known here, any other stays the text of whoever is named as its sender.
"""

import re
from typing import Any

from chatvault.model import MessageKind

_RIGHT = re.compile(rb"\\u(?!00)[0-9a-fA-F]{4}")


def repaired(text: str) -> str:
    """The text before its UTF-8 was taken for Latin-1; the same text if it was not."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def mangled(text: str) -> str:
    """The same text as the export's own letters have it."""
    return text if text.isascii() else text.encode().decode("latin-1")


def all_repaired(value: Any) -> Any:
    """The same value with all its texts repaired, keys included."""
    if isinstance(value, str):
        return repaired(value)
    if isinstance(value, list):
        return [all_repaired(one) for one in value]
    if isinstance(value, dict):
        return {repaired(key): all_repaired(one) for key, one in value.items()}
    return value


def is_right(head: bytes) -> bool:
    """Whether a file that begins so has its letters right: then what looks wrong was typed so."""
    return not head.isascii() or bool(_RIGHT.search(head))


# What stands behind the name of who did it, or behind "You", which people begin with as well: so
# only whole sentences count.
_DONE = (
    (MessageKind.POLL, r"created a poll: .*"),
    (
        MessageKind.TRANSFER,
        r"(?:sent|requested|paid) (?:.{1,80} )?[$€£¥₹₱฿]\s?\d[\d.,]*"
        r"(?: (?:to|from|for) .{1,80})?\.",
    ),
    (MessageKind.CALL, r"started (?:a|an) (?:(?:audio|video) )?(?:call|chat)\."),
    (MessageKind.LOCATION, r"(?:sent a (?:live )?location|started sharing (?:a )?live location)\."),
    (
        MessageKind.SYSTEM,
        r"(?:named the group .*\.|(?:left|joined|created) the (?:group|chat)\."
        r"|(?:changed|removed|set) the (?:group|chat|quick|theme|emoji)\b.*\."
        r"|(?:set|cleared|removed) (?:.{1,80} )?nickname\b.*\."
        r"|changed the theme\b.*\.|(?:added|removed) .{1,300} (?:to|from) the (?:group|chat)\."
        r"|(?:joined|left|ended) the (?:(?:audio|video) )?(?:call|chat)\."
        r"|(?:un)?pinned a message\.|waved (?:hello )?(?:at|to) .{1,80}\."
        r"|voted for .* in the poll: .*|changed .{1,80} vote .* in the poll: .*"
        r"|reacted \S{1,30} to your message ?|liked (?:your|a) message ?)",
    ),
)
_KINDS = [(kind, re.compile(pattern, re.DOTALL)) for kind, pattern in _DONE]
_ALONE = re.compile(
    r"Reacted \S{1,30} to your message ?|Liked a message ?|This poll is no longer available\."
    r"|You are now connected on Messenger\.?|Say hi to your new Facebook friend, .{1,100}\."
)
_SENT = re.compile(
    r"(.{1,200}) sent (?:an attachment|(?:a|\d+) (?:photos?|videos?|voice messages?|GIFs?|stickers?"
    r"|files?|links?|posts?|reels?|stories|story|locations?))\."
)


def notice(text: str, sender: str) -> MessageKind | None:
    """What a sentence that the app wrote tells; None for a text that somebody typed."""
    if _ALONE.fullmatch(text) or text == f"{sender}'s poll has multiple updates.":
        return MessageKind.SYSTEM
    for subject in ("You ", f"{sender} "):
        if len(subject) > 1 and text.startswith(subject):
            done = text[len(subject) :]
            return next((kind for kind, pattern in _KINDS if pattern.fullmatch(done)), None)
    return None


def stands_for(text: str, sender: str, *, beside: bool) -> bool:
    """Whether a text only says that something was sent; `beside` says that this is there, too.

    Instagram writes another name there than in the field for the sender.
    """
    found = _SENT.fullmatch(text)
    return found is not None and (beside or found[1] in {"You", sender})
