"""A conversation in ChatLab's interchange format 0.0.2, as one JSON object.

The format has no fields for files, reactions, edits and several texts of a message; docs/restore.md
says what is lost.
"""

from collections.abc import Iterable, Iterator

import msgspec

from chatvault.model import MessageKind
from chatvault.services.writers.told import Frame, Item
from chatvault.vault.restoring import About, Place

VERSION = "0.0.2"
TYPES = {
    MessageKind.TEXT: 0,
    MessageKind.IMAGE: 1,
    MessageKind.ANIMATION: 1,
    MessageKind.VOICE: 2,
    MessageKind.AUDIO: 2,
    MessageKind.VIDEO: 3,
    MessageKind.FILE: 4,
    MessageKind.STICKER: 5,
    MessageKind.LINK: 7,
    MessageKind.LOCATION: 8,
    MessageKind.RED_PACKET: 20,
    MessageKind.TRANSFER: 21,
    MessageKind.CALL: 23,
    MessageKind.FORWARD: 26,
    MessageKind.CONTACT: 27,
    MessageKind.SYSTEM: 80,
}
REPLY, RECALLED, OTHER = 25, 81, 99


def write(place: Place, about: About, items: Iterable[Item], *, frame: Frame) -> Iterator[str]:
    """The text of one conversation's file."""
    mine = [member.key for member in about.members if member.is_me]
    meta: dict[str, object] = {
        "name": place.title,
        "platform": place.platform,
        "type": "private" if place.kind == "direct" else "group",
    }
    if place.kind != "direct":
        meta["groupId"] = place.key
    if owner := place.owner or next(iter(mine), None):
        meta["ownerId"] = owner
    about_us = {
        "version": VERSION,
        "exportedAt": frame.now_ms // 1000,
        "generator": "ChatVault",
    }
    yield f'{{"chatlab":{_json(about_us)},\n"meta":{_json(meta)},\n"members":['
    yield from _listed(_members(about))
    yield '],\n"messages":['
    yield from _listed(_message(item) for item in items)
    yield "]}\n"


def _members(about: About) -> Iterator[dict[str, object]]:
    for member in about.members:
        others = (*member.said("name"), *member.said("alias"))
        aliases = [name for name in dict.fromkeys(others) if name != member.name]
        told: dict[str, object] = {"platformId": member.key, "accountName": member.name}
        yield told | ({"aliases": aliases} if aliases else {})


def _message(item: Item) -> dict[str, object]:
    message = item.message
    kind = MessageKind(message.kind)
    number = TYPES.get(kind, OTHER)
    if kind is MessageKind.TEXT and message.reply_to is not None:
        number = REPLY
    if kind is MessageKind.SYSTEM and "recalled" in message.marks:
        number = RECALLED
    files = [media.path for media in item.media if media.path]
    told: dict[str, object] = {
        "sender": message.sender or "",
        "accountName": message.sender_name,
        "timestamp": (message.sent_at or 0) // 1000,
        "type": number,
        "content": message.text or next(iter(files), ""),
    }
    if message.platform_id is not None:
        told["platformMessageId"] = message.platform_id
    if message.reply_to is not None:
        told["replyToMessageId"] = message.reply_to
    return told


def _listed(objects: Iterable[dict[str, object]]) -> Iterator[str]:
    between = "\n"
    for one in objects:
        yield between + _json(one)
        between = ",\n"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
