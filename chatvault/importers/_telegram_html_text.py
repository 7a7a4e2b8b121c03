"""Texts on Telegram's pages: what was sent, and its formats in the words of Telegram's JSON."""

import re

from chatvault.importers._html import Node

_TAGS = {
    "strong": "bold",
    "em": "italic",
    "u": "underline",
    "s": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "span": "spoiler",
}
# What a link does when it is clicked tells what it is.
_CLICKS = {
    "ShowHashtag": "hashtag",
    "ShowBotCommand": "bot_command",
    "ShowCashtag": "cashtag",
    "ShowMentionName": "mention_name",
    "ShowNotLoadedEmoji": "custom_emoji",
    "ShowNotAvailableEmoji": "custom_emoji",
}
_UNSEEN = frozenset({"script", "style", "template"})
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,20}:", re.IGNORECASE)
# The pages are indented, and a line end that was sent is a `<br>`.
_INDENT = re.compile(r"\n[ \t]*\Z")


def formatted(node: Node) -> tuple[str, list[dict[str, object]]]:
    """The text of an element, and its runs: `{"type": "bold", "text": "..."}`."""
    runs: list[dict[str, object]] = []
    last = len(node.children) - 1
    for place, child in enumerate(node.children):
        if isinstance(child, str):
            text = child.removeprefix("\n") if place == 0 else child
            _add(runs, _INDENT.sub("", text) if place == last else text)
        elif child.tag == "br":
            _add(runs, "\n")
        elif child.tag not in _UNSEEN and child.text():
            runs.append({"type": _type(child), "text": child.text(), **_more(child)})
    return "".join(str(run["text"]) for run in runs), runs


def _add(runs: list[dict[str, object]], text: str) -> None:
    if runs and runs[-1]["type"] == "plain":
        runs[-1]["text"] = f"{runs[-1]['text']}{text}"
    elif text:
        runs.append({"type": "plain", "text": text})


def _type(node: Node) -> str:
    if node.tag != "a":
        return _TAGS.get(node.tag, "unknown")
    click, address, text = _click(node), node.attributes.get("href", ""), node.text()
    if click in _CLICKS:
        return _CLICKS[click]
    if address.startswith("mailto:"):
        return "email"
    if address.startswith("tel:"):
        return "phone"
    if text.startswith("@") and address.endswith(text.removeprefix("@")):
        return "mention"
    if address == text:
        return "link"
    if address and not _SCHEME.match(address):
        return "custom_emoji"  # a path to its picture
    return "text_link"


def _more(node: Node) -> dict[str, object]:
    """What a run says besides its text."""
    kind, address = _type(node), node.attributes.get("href", "")
    if kind == "text_link":
        return {"href": address}
    if kind == "custom_emoji":
        gone = _click(node) == "ShowNotAvailableEmoji"
        return {"document_id": address or ("(unavailable)" if gone else "")}
    return {}


def _click(node: Node) -> str:
    return node.attributes.get("onclick", "").removeprefix("return ").partition("(")[0].strip()
