"""What messages of Skype say that are no text: calls, members, contacts, places, cards.

<partlist type="ended" callId="1593784540478"><part identity="8:kim"><name>Kim</name>
<duration>84.82</duration></part></partlist>
<addmember><eventtime>1594467205492</eventtime><initiator>8:kim</initiator>
<target>8:lee</target></addmember>
"""

import base64
import binascii
from collections.abc import Iterator

import msgspec

from chatvault.importers._html import Node
from chatvault.importers._json_value import decoded, strings
from chatvault.importers._skype_markup import Markup
from chatvault.importers._skype_media import is_card

MOST_WORDS = 200  # of one message
LARGEST_CARD = 1024 * 1024
_NOTES = frozenset({"Poll", "PopCard", "Notice", "Translation", "InviteFreeRelationshipChanged"})
_CARD_TEXTS = ("title", "subtitle", "text", "question", "label")


class Special(msgspec.Struct):
    """What such a message says: words to be searched, facts, and the people it names."""

    words: tuple[str, ...] = ()
    extra: dict[str, object] = {}
    initiator: str = ""
    people: tuple[tuple[str, str], ...] = ()  # id and name


def special(form: str, content: str, markup: Markup) -> Special:
    """What a message of this form says besides its text."""
    if form == "Event/Call":
        return _call(markup)
    if form.startswith("ThreadActivity/"):
        return _activity(markup)
    if form == "RichText/Contacts":
        return _contacts(markup)
    if form == "RichText/Location":
        return _location(markup)
    cards = [_card(one) for node in markup.all("uriobject") if is_card(node) for one in _b64(node)]
    if cards:
        return Special(tuple(word for card in cards for word in _words(card)), {"cards": cards})
    if form in {"Poll", "PopCard", "Notice"} and content.lstrip()[:1] in {"{", "["}:
        return Special(tuple(_words(_json(content))))
    if form.partition("/")[0] in _NOTES and markup.text.strip():
        return Special((markup.text.strip(),))
    return Special()


def _call(markup: Markup) -> Special:
    """A call began, ended or was missed; who took part, and how long each did."""
    top = markup.find("partlist")
    call: dict[str, object] = {}
    if top is not None:
        call = {key: value for key, value in top.attributes.items() if value}
    people, lengths, names = [], [], []
    for part in markup.all("part")[:MOST_WORDS]:
        name = _text(part, "name")
        people.append((part.attributes.get("identity", ""), name))
        names.append(name)
        if (seconds := _seconds(_text(part, "duration"))) is not None:
            lengths.append(seconds)
    if lengths:
        call["duration_seconds"] = max(lengths)
    told = tuple((identifier, name) for identifier, name in people if identifier)
    return Special(tuple(names), {"call": call} if call else {}, people=told)


def _activity(markup: Markup) -> Special:
    """Somebody was added or left, the group was named or got a picture."""
    initiator = next((node.text().strip() for node in markup.all("initiator")), "")
    people = [(node.text().strip(), "") for node in markup.all("target")[:MOST_WORDS]]
    people = [(who, "") for who, _ in people if _is_id(who)]
    words = [node.text().strip() for node in markup.all("value")[:MOST_WORDS]]
    shown = tuple(word for word in words if not word.startswith("URL@"))
    initiator = initiator if _is_id(initiator) else ""
    return Special(shown, initiator=initiator, people=tuple(people))


def _is_id(text: str) -> bool:
    return ":" in text and len(text) < 300 and text.isprintable() and " " not in text


def _contacts(markup: Markup) -> Special:
    """`<c t="s" s="lee" f="Lee Moss"/>`: a name, and a number or an account."""
    found = markup.all("c")[:MOST_WORDS]
    return Special(tuple(n.attributes[k] for n in found for k in ("f", "s", "p") if _has(n, k)))


def _location(markup: Markup) -> Special:
    """Degrees times a million, and an address."""
    node = markup.find("location")
    if node is None:
        return Special()
    place: dict[str, object] = {}
    for name in ("latitude", "longitude"):
        value = _seconds(node.attributes.get(name, "").removeprefix("-"))
        if value is not None:
            sign = -1 if node.attributes[name].startswith("-") else 1
            place[name] = sign * (value / 1_000_000 if value > 1000 else value)
    words = [node.attributes[key] for key in ("address", "pointofinterest") if _has(node, key)]
    words.append(node.text().strip())
    return Special(tuple(words), {"location_information": place} if place else {})


def _b64(node: Node) -> Iterator[str]:
    yield from (one.attributes["b64"] for one in node.all("swift") if _has(one, "b64"))


def _card(written: str) -> object:
    """The JSON of a card, or as it stands there if it cannot be read."""
    if len(written) > LARGEST_CARD:
        return written
    try:
        return decoded(base64.b64decode(written, validate=True).decode("utf-8"))
    except (binascii.Error, ValueError, RecursionError):
        return written


def _json(text: str) -> object:
    try:
        return decoded(text.strip())
    except (ValueError, RecursionError):
        return text


def _words(value: object) -> list[str]:
    """The texts of a card that people read."""
    found: list[str] = []
    waiting = [value]
    while waiting and len(found) < MOST_WORDS:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, dict):
            texts = (one.get(key) for key in _CARD_TEXTS)
            found += [text for text in texts if isinstance(text, str) and text]
            waiting += [inner for inner in reversed(one.values()) if isinstance(inner, dict | list)]
    return found if found or isinstance(value, str) else list(strings(value))[:MOST_WORDS]


def _text(node: Node, tag: str) -> str:
    found = node.find(tag)
    return found.text().strip() if found else ""


def _has(node: Node, key: str) -> bool:
    return bool(node.attributes.get(key))


def _seconds(text: str) -> float | None:
    whole, _, fraction = text.partition(".")
    plain = (whole + fraction).isascii() and (whole + fraction).isdigit()
    return float(text) if plain and whole and len(text) < 20 else None
