"""The title of a conversation in the name of an exported text, zip or folder.

WhatsApp Chat - Bakers Row.zip      WhatsApp Chat with Bakers Row (1).txt
"""

import re

IPHONE = "_chat"

_PREFIXES = (
    "WhatsApp Chat - ",
    "WhatsApp Chat with ",
    "WhatsApp Chat mit ",
    "WhatsApp-Chat mit ",
    "WhatsApp-chat met ",
    "Chat de WhatsApp con ",
    "Chat WhatsApp con ",
    "Chat WhatsApp dengan ",
    "Conversa no WhatsApp com ",
    "Conversa do WhatsApp com ",
    "Discussion WhatsApp avec ",
    "Czat WhatsApp z ",
    "Чат WhatsApp с ",
)
_AROUND = (
    ("与", "的 WhatsApp 聊天"),
    ("与", "的WhatsApp聊天"),
    ("與", "的WhatsApp對話"),
    ("與", "的 WhatsApp 對話"),
)
# What a browser adds to the second download of one name.
_AGAIN = re.compile(r" ?\(\d{1,3}\)\Z", re.ASCII)
_ENDS = (".txt", ".zip")


def title_in(name: str) -> str:
    """The title in a name; the whole name if it is none of WhatsApp's, empty for `_chat`."""
    stem = _stem(name)
    if stem.casefold() == IPHONE:
        return ""
    return (_inner(stem) or stem).strip()


def is_chat_name(name: str) -> bool:
    """Whether WhatsApp names its exports like this."""
    stem = _stem(name)
    return stem.casefold() == IPHONE or bool(_inner(stem))


def _stem(name: str) -> str:
    stem = name.rpartition("/")[2]
    for _ in range(2):  # `chat.txt (1)` and `chat (1).txt` are both seen
        for end in _ENDS:
            if stem.lower().endswith(end):
                stem = stem[: -len(end)]
        stem = _AGAIN.sub("", stem)
    return stem


def _inner(stem: str) -> str:
    # Some systems write `_` for spaces; then those inside the title are meant as spaces, too.
    for text in dict.fromkeys((stem, stem.replace("_", " "))):
        folded = text.casefold()
        for prefix in _PREFIXES:
            if folded.startswith(prefix.casefold()):
                return text[len(prefix) :].strip()
        for start, end in _AROUND:
            if text.startswith(start) and text.endswith(end):
                return text[len(start) : -len(end)].strip()
    return ""
