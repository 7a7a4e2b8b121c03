"""The pages of a whole account of Telegram: whose it is, and the list of its chats.

<a class="entry block_link clearfix" href="../chats/chat_1/messages.html#allow_back">...
<div class="pull_right info details">private</div><div class="name bold">Jory Penn</div>
<div class="details_entry details">12 messages</div></a>
"""

import re

import msgspec

from chatvault.importers._html import BrokenHtml, Node, elements
from chatvault.importers._source import Source
from chatvault.model import ConversationKind

RESULTS, LIST = "export_results.html", "lists/chats.html"
MOST_CHATS = 100_000
_LINK = re.compile(r"(?:\.\./)?chats/([^/#]+)/messages\.html")
KINDS = {
    "private": ConversationKind.DIRECT,
    "bot": ConversationKind.DIRECT,
    "group": ConversationKind.GROUP,
    "channel": ConversationKind.CHANNEL,
}


class Owner(msgspec.Struct):
    """Whose account it is; empty where the pages do not say."""

    name: str = ""
    handles: tuple[str, ...] = ()


class Listed(msgspec.Struct):
    """What the list says about a chat."""

    place: int
    kind: ConversationKind | None = None
    only_mine: bool = False


def owner_of(source: Source) -> Owner:
    """The owner, as the first page of an account names them."""
    found: dict[str, str] = {}
    for node in _nodes(source, RESULTS, "personal_info"):
        for row in node.all("div", "row"):
            label, value = row.find("div", "label"), row.find("div", "value")
            if label is not None and value is not None:
                found.setdefault(label.words(), value.words())
    names = (found.get("First name", ""), found.get("Last name", ""))
    handles = (found.get("Phone number", ""), found.get("Username", ""))
    return Owner(" ".join(name for name in names if name), tuple(one for one in handles if one))


def chats_of(source: Source) -> dict[str, Listed]:
    """What the list of chats says, by the folder of the chat."""
    found: dict[str, Listed] = {}
    for node in _nodes(source, LIST, "entry"):
        link = _LINK.match(node.attributes.get("href", ""))
        if link is None or len(found) >= MOST_CHATS:
            continue
        info = node.find("div", "info")
        counts = " ".join(one.words() for one in node.all("div", "details_entry"))
        kind = KINDS.get(info.words()) if info else None
        found.setdefault(link[1], Listed(len(found), kind, "outgoing" in counts))
    return found


def _nodes(source: Source, name: str, wanted: str) -> list[Node]:
    found: list[Node] = []
    if source.has(name):
        try:
            with source.open(name) as file:
                for node in elements(file, lambda node: node.has(wanted)):
                    found.append(node)
                    if len(found) >= MOST_CHATS:
                        break
        except (BrokenHtml, OSError, ValueError):
            return found  # the chats themselves do not depend on it
    return found
