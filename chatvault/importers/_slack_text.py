"""The texts of Slack: its markup as people saw it, and the words of blocks and cards.

Slack writes `<@U1>` for a person, `<#C1|name>` for a conversation, `<!here>` for everybody there,
`<https://x|label>` for a link, and `&amp; &lt; &gt;` for the three characters of the markup.
"""

import re
from collections.abc import Iterator
from typing import Protocol

_MARK = re.compile(r"<([^<>]*)>")
_HEX = re.compile(r"[0-9a-fA-F]{1,6}(?:-[0-9a-fA-F]{1,6}){0,15}")
_LINES = ("rich_text_list", "rich_text_section", "rich_text_preformatted", "rich_text_quote")
_PLAIN = ("title", "alt_text", "fallback", "hint", "label", "description", "placeholder")


class Names(Protocol):
    """Who and what the ids in a text are."""

    def person(self, identifier: str) -> str: ...
    def conversation(self, identifier: str) -> str: ...


def unescaped(text: str) -> str:
    """The text with the three characters that Slack escapes, and no other entity."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def shown(text: str, names: Names) -> str:
    """The text as people saw it, with names for ids and labels for links."""
    if "<" not in text:
        return unescaped(text) if "&" in text else text
    parts = []
    done = 0
    for found in _MARK.finditer(text):
        parts.append(unescaped(text[done : found.start()]))
        parts.append(_mark(found[1], names))
        done = found.end()
    parts.append(unescaped(text[done:]))
    return "".join(parts)


def _mark(inner: str, names: Names) -> str:
    target, _, label = inner.partition("|")
    label = unescaped(label)
    if target.startswith("@"):
        return "@" + (names.person(target[1:]) or label or target[1:])
    if target.startswith("#"):
        return "#" + (names.conversation(target[1:]) or label or target[1:])
    if target.startswith("!"):
        word = target[1:].partition("^")
        if word[0] == "date" and label:
            return label
        return "@" + (label.removeprefix("@") or word[2] or word[0])
    return label or unescaped(target.removeprefix("mailto:"))


def addresses(text: str) -> Iterator[str]:
    """The addresses of links that show other words in their place."""
    for found in _MARK.finditer(text):
        target, _, label = found[1].partition("|")
        target = target.removeprefix("mailto:")
        if label and label != target and not target.startswith(("@", "#", "!")):
            yield unescaped(target)


def text_of_blocks(blocks: object, names: Names) -> str:
    """The words of blocks, one line for each part."""
    lines = (_block(one, names) for one in _list(blocks))
    return "\n".join(line for line in lines if line)


def _block(block: object, names: Names) -> str:
    if not isinstance(block, dict):
        return ""
    if block.get("type") in ("rich_text", *_LINES):
        return _rich(block, names)
    if block.get("type") in ("mrkdwn", "plain_text"):
        return _object(block, names)
    lines = [_object(block.get("text"), names)]
    lines += [_object(block.get(key), names) for key in _PLAIN]
    lines += [_object(one, names) for one in _list(block.get("fields"))]
    lines += [_block(one, names) for one in _list(block.get("elements"))]
    lines += [_block(block.get("accessory"), names)]
    for row in _list(block.get("rows")):
        lines.append(" | ".join(_block(one, names) for one in _list(row)))
    return "\n".join(line for line in lines if line)


def _object(value: object, names: Names) -> str:
    """A text, or an object around one."""
    if isinstance(value, dict):
        text = value.get("text")
        if not isinstance(text, str):
            return ""
        return text if value.get("type") == "plain_text" else shown(text, names)
    return value if isinstance(value, str) else ""


def _rich(block: dict[str, object], names: Names) -> str:
    inner = _list(block.get("elements"))
    if block.get("type") == "rich_text_list":
        return "\n".join(f"• {_rich(one, names)}" for one in inner if isinstance(one, dict))
    parts: list[str] = []
    for one in inner:
        if not isinstance(one, dict):
            continue
        if one.get("type") in _LINES:
            if parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            parts.append(_rich(one, names))
        else:
            parts.append(_inline(one, names))
    return "".join(parts)


def _inline(one: dict[str, object], names: Names) -> str:
    def word(key: str) -> str:
        value = one.get(key)
        return value if isinstance(value, str) else ""

    match one.get("type"):
        case "user":
            return "@" + (names.person(word("user_id")) or word("user_id"))
        case "channel":
            return "#" + (names.conversation(word("channel_id")) or word("channel_id"))
        case "usergroup":
            return "@" + word("usergroup_id")
        case "broadcast":
            return "@" + word("range")
        case "emoji":
            return _emoji(word("unicode")) or f":{word('name')}:"
        case "link":
            return word("text") or word("url")
        case "date":
            return word("fallback")
        case "color":
            return word("value")
        case _:
            return word("text")


def _emoji(code: str) -> str:
    if not _HEX.fullmatch(code):
        return ""
    points = [int(part, 16) for part in code.split("-")]
    # Half of a pair is no character.
    if any(point > 0x10FFFF or 0xD800 <= point < 0xE000 for point in points):
        return ""
    return "".join(map(chr, points))


def text_of_cards(cards: object, names: Names) -> str:
    """The words of what Slack calls attachments: previews of links, and what bots post."""
    lines: list[str] = []
    for card in _list(cards):
        if not isinstance(card, dict):
            continue
        own = [_words(card, key, names) for key in ("pretext", "author_name", "title", "text")]
        for field in _list(card.get("fields")):
            if isinstance(field, dict):
                pair = (_words(field, key, names) for key in ("title", "value"))
                own.append(": ".join(word for word in pair if word))
        own.append(text_of_blocks(card.get("blocks"), names))
        if not any(own):
            own = [_words(card, "fallback", names)]
        lines += [line for line in (*own, _words(card, "footer", names)) if line]
    return "\n".join(lines)


def addresses_of_cards(cards: object) -> Iterator[str]:
    """Where the previews lead to."""
    for card in _list(cards):
        if isinstance(card, dict):
            for key in ("from_url", "title_link", "original_url"):
                if isinstance(address := card.get(key), str) and address:
                    yield address


def _words(item: dict[str, object], key: str, names: Names) -> str:
    value = item.get(key)
    return shown(value, names) if isinstance(value, str) else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
