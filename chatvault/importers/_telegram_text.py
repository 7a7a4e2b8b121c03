"""The texts of Telegram Desktop's JSON: what was sent, what else is searched, and broken JSON."""

import json
import re
from collections.abc import Iterator

from chatvault.importers._fields import Malformed, need
from chatvault.importers._json_value import decoded

# Control characters come as `\x01`, which JSON forbids (SerializeString in Telegram Desktop, never
# mended, see its issue 27571). A backslash before the `\` would make it text that somebody sent.
_CONTROL = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9A-Fa-f]{2})")
# Telegram Desktop 4.1 of August 2022 forgot the quotes around the path of a custom emoji.
_UNQUOTED = re.compile(r'(?m)^([ \t]*"document_id": )(?!["{\[\s])([^\r\n]*?)(,?[ \t]*\r?)$')
_LITERAL = re.compile(r"-?[0-9]+|null|true|false")
# Values that were serialised twice, and so are text that holds JSON.
TWICE = ("invoice_information", "peers")


def repaired(text: str) -> str:
    """An item that is no JSON as Telegram Desktop meant it."""
    text = _CONTROL.sub(r"\1\\u00\2", text)
    return _UNQUOTED.sub(_quoted, text)


def _quoted(found: re.Match[str]) -> str:
    before, value, after = found.groups()
    return before + (value if _LITERAL.fullmatch(value) else json.dumps(value)) + after


def plain(text: object) -> str:
    """The text of a value that is text, a list of texts and entities, or one entity."""
    if isinstance(text, str):
        return text
    if isinstance(text, dict):
        return need(text, "text", str)
    if isinstance(text, list) and not any(isinstance(part, list) for part in text):
        return "".join(plain(part) for part in text)
    raise Malformed(f"a text that is {type(text).__name__}")


def text_of(item: dict[str, object]) -> tuple[str, dict[str, object]]:
    """What was sent, and the fields that must be kept beside it (links, formats, other texts)."""
    # A `send_webview_data` message has two fields `text`: the reader calls the earlier `text (1)`.
    names = [name for name in ("text (1)", "text (2)", "text") if item.get(name) not in (None, "")]
    kept: dict[str, object] = {name: item[name] for name in names[1:]}
    value = item[names[0]] if names else ""
    text = plain(value)
    entities = item.get("text_entities")
    if entities is not None and _joined(entities) == text:
        if _formatted(entities):
            kept["text_entities"] = entities
    else:
        if entities not in (None, []):
            kept["text_entities"] = entities
        if not isinstance(value, str):
            kept[names[0]] = value
    return text, kept


def _joined(entities: object) -> str | None:
    try:
        return plain(entities)
    except Malformed:
        return None


def _formatted(entities: object) -> bool:
    parts = entities if isinstance(entities, list) else [entities]
    return any(
        isinstance(part, dict) and (part.get("type") != "plain" or len(part) > 2) for part in parts
    )


def unwrapped(item: dict[str, object], name: str) -> object:
    """The value of a field that may have been serialised twice."""
    value = item[name]
    if name in TWICE and isinstance(value, str):
        try:
            return decoded(value)
        except (ValueError, RecursionError):
            return value
    return value


# Fields that are searched for whole (empty), and of objects the fields in them that are.
_SEARCHED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((
        "title", "performer", "sticker_emoji", "place_name", "address", "game_title",
        "game_description", "new_title", "members", "inviter", "information_text", "gift_text",
        "comment", "author", "forwarded_from", "reason_app_name", "items",
    ), ()),
    "poll": ("question", "answers"),
    "todo_list": ("title", "answers"),
    "contact_information": ("phone_number",),
    "invoice_information": ("title", "description"),
    "giveaway_information": ("additional_prize",),
    "giveaway_results": ("additional_prize",),
}  # fmt: skip


def searchable(item: dict[str, object]) -> tuple[str, ...]:
    """What else people look for: names, titles, places, options of polls, addresses of links."""
    found: list[str] = []
    for name in item:
        if name in _SEARCHED:  # few messages have any, and this is done for each
            value, inner = unwrapped(item, name), _SEARCHED[name]
            if not inner:
                found += _texts(value)
            elif isinstance(value, dict):
                for field in inner:
                    found += _texts(value.get(field))
    if isinstance(contact := item.get("contact_information"), dict):
        names = [contact.get("first_name"), contact.get("last_name")]
        found.append(" ".join(name for name in names if isinstance(name, str) and name))
    for parts in (item.get("text_entities"), item.get("text")):
        if isinstance(parts, list):
            links = (part.get("href") for part in parts if isinstance(part, dict))
            found += [link for link in links if isinstance(link, str)]
    return tuple(dict.fromkeys(text for text in found if text)) if found else ()


def _texts(value: object) -> Iterator[str]:
    """The texts of a value, in which a formatted text is a list of texts and entities."""
    if isinstance(value, list) and all(
        isinstance(part, dict) and "type" not in part for part in value
    ):
        for part in value:  # options of a poll, each of which has a text
            yield from _texts(part.get("text"))
    elif isinstance(value, list) and all(part is None or isinstance(part, str) for part in value):
        yield from (part for part in value if part)  # names
    else:
        try:
            yield plain(value)
        except Malformed:
            return
