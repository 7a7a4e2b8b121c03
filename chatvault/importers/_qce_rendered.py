"""Messages of qq-chat-exporter 5 and before, whose first element is the whole message in words.

    {"type": "text", "data": {"text": "[回复 u_lin: 几点]\\n七点[/微笑][图片: board.png]"}}
    {"type": "image", ...}, {"type": "face", ...}, {"type": "reply", ...}

Behind it come the pictures, mentions, faces and the reply once more. What the tool put into the
words for them is taken out again, so that the text is what somebody wrote.
"""

import re
from typing import Any

from chatvault.importers._qce_media import KINDS, text
from chatvault.model import MessageKind

Data = dict[str, Any]

_WORDS = {"image": "图片", "video": "视频", "file": "文件"}
_VOICE = re.compile(r"\[语音(?: (\d{1,5})秒)?\]")
_AGAIN = frozenset({*KINDS, "at", "face", "market_face", "reply"})
# What these versions have no element for, by the type of the message.
_ONLY_WORDS = {
    "type_7": (MessageKind.LINK, re.compile(r"\[卡片消息: (.*)\]", re.DOTALL)),
    "type_11": (MessageKind.FORWARD, re.compile(r"\[合并转发: .*\]", re.DOTALL)),
    "type_17": (MessageKind.LOCATION, re.compile(r"\[位置: .*\]", re.DOTALL)),
}


def is_rendered(elements: list[Any], whole: str) -> bool:
    """Whether the first element is all of the message in words, and the others say parts again."""
    if len(elements) < 2 or not whole or not all(_kind(one) in _AGAIN for one in elements[1:]):
        return False
    return _kind(elements[0]) == "text" and text(elements[0]["data"].get("text")) == whole


def written(elements: list[Any], whole: str) -> str:
    """What somebody wrote of such a message."""
    said = whole
    for element in elements[1:]:
        said = _without(said, _kind(element), element["data"])
    return said.strip()


def with_duration(element: Any, whole: str) -> Any:
    """A voice with its seconds, which stand in the words only."""
    found = _VOICE.search(whole) if _kind(element) == "audio" else None
    if found is None or not found[1] or "duration" in element["data"]:
        return element
    return {**element, "data": {**element["data"], "duration": int(found[1])}}


def only_words(kind: str, whole: str) -> tuple[MessageKind, str] | None:
    """The kind and the text of a card, bundle or place that these versions have no element for."""
    known = _ONLY_WORDS.get(kind)
    found = known[1].fullmatch(whole) if known else None
    if known is None or found is None:
        return None
    return known[0], found[1] if found.re.groups else ""


def _without(said: str, kind: str, data: Data) -> str:
    name = text(data.get("name"))
    if kind == "reply":
        sender, quoted = text(data.get("senderName")), text(data.get("content"))
        return said.removeprefix(f"[回复 {sender}: {quoted}]").removeprefix("\n")
    if kind == "face":
        shown = name if name[:1] in {"/", "["} else f"[{name}]"
        return said.replace(f"[{name}]", shown, 1) if shown != f"[{name}]" else said
    if kind == "market_face":
        return said.replace(f"[{name}]", "", 1)
    if kind == "audio":
        return _VOICE.sub("", said, count=1)
    if word := _WORDS.get(kind):
        named = f"[{word}: {text(data.get('filename'))}]"
        return said.replace(named if named in said else f"[{word}]", "", 1)
    return said


def _kind(element: Any) -> str:
    if not isinstance(element, dict) or not isinstance(element.get("data"), dict):
        return ""
    return text(element.get("type"))
