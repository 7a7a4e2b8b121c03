"""One entry of a conversation of X: a message, or something that happened in a group."""

from collections.abc import Iterator
from typing import cast

from msgspec.structs import replace

from chatvault.importers._clock import iso_time
from chatvault.importers._fields import Malformed, maybe, need, rest, unix_time
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._source import Source
from chatvault.importers._x_dm_script import plain
from chatvault.model import (
    Attachment,
    AttachmentState,
    Mark,
    Message,
    MessageKind,
    Reaction,
    Timestamp,
    Version,
)

_FOLDERS = (
    "direct_messages_media", "direct_messages_group_media",
    "direct_message_media", "direct_message_group_media",
)  # fmt: skip
_EMOJI = {
    "like": "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}",
    "funny": "\N{FACE WITH TEARS OF JOY}",
    "surprised": "\N{ASTONISHED FACE}",
    "sad": "\N{CRYING FACE}",
    "excited": "\N{FIRE}",
    "agree": "\N{THUMBS UP SIGN}",
    "disagree": "\N{THUMBS DOWN SIGN}",
}
_MESSAGES = ("messageCreate", "welcomeMessageCreate")
_USED = {"id", "senderId", "text", "createdAt", "mediaUrls", "reactions"}
_WHO = ("initiatingUserId", "senderId", "reactionSenderID", "userIds")
_MEMBERS = 10_000  # people told of one entry


class Media:
    """The files of messages, by the id of the message that their names begin with."""

    def __init__(self, source: Source) -> None:
        self._by_message: dict[str, list[str]] = {}
        for name in source.names():
            folder, _, last = name.rpartition("/")
            if folder.removeprefix("data/") in _FOLDERS:
                self._by_message.setdefault(last.partition("-")[0], []).append(source.full(name))

    def of(self, identifier: str) -> list[str]:
        """The full names of the files of a message."""
        return list(self._by_message.get(identifier, ()))


def who_did(entry: object) -> Iterator[str]:
    """The ids of everybody whom an entry names: who wrote or did it, who joined or left."""
    _, body = _opened(entry)
    found = [body.get(field) for field in (*_WHO, "recipientId", "participantsSnapshot")]
    flat = [one for value in found for one in (value if isinstance(value, list) else [value])]
    yield from (one for one in flat[:_MEMBERS] if isinstance(one, str) and one)


def message(entry: object, media: Media, *, chat: str, seq: int) -> Message:
    """The message of an entry; Malformed if it is none."""
    kind, body = _opened(entry)
    if kind not in _MESSAGES:
        return _event(kind, body, chat=chat, seq=seq)
    identifier = str(need(body, "id", str, int))
    text = plain(maybe(body, "text", str) or "")
    addresses = _texts(body, "mediaUrls")
    attachments = tuple(_attachments(identifier, addresses, media))
    text = _without_media_link(text, body) if attachments else text
    versions, understood = _versions(body)
    extra = rest(body, _USED | understood)
    extra = {key: value for key, value in extra.items() if value not in ([], "")}
    if extra.get("recipientId") in chat.split("-"):
        del extra["recipientId"]
    if kind != "messageCreate":
        extra["event"] = kind
    return Message(
        id=identifier,
        conversation_id=chat,
        sender_id=maybe(body, "senderId", str) or None,
        sent_at=_moment(need(body, "createdAt", str)),
        seq=seq,
        kind=attachments[0].kind if attachments else MessageKind.TEXT,
        text=text,
        more_text=tuple(dict.fromkeys(_links(body, text))),
        attachments=attachments,
        versions=versions,
        marks=(Mark.EDITED,) if versions else (),
        extra=extra,
    )


def _event(kind: str, body: dict[str, object], *, chat: str, seq: int) -> Message:
    """Somebody joined, left, named the group: with everything that the archive says about it."""
    created = maybe(body, "createdAt", str)
    identifier = maybe(body, "id", str, int)
    title = maybe(body, "name", str)
    one = next((who for field in _WHO for who in _texts(body, field)), None)
    return Message(
        id=None if identifier is None else str(identifier),
        conversation_id=chat,
        sender_id=one,
        sent_at=None if created is None else _moment(created),
        seq=seq,
        kind=MessageKind.SYSTEM,
        text="",
        more_text=(title,) if title else (),
        extra={"event": kind, **rest(body, {"createdAt"})},
    )


def reactions(entry: object) -> Iterator[Reaction]:
    """The reactions to a message; older archives call the one who reacted by another field."""
    kind, body = _opened(entry)
    if kind not in _MESSAGES:
        return
    for one in maybe(body, "reactions", list) or ():
        key = maybe(one, "reactionKey", str) or ""
        created = maybe(one, "createdAt", str)
        who = maybe(one, "senderId", str) or maybe(one, "reactionSenderID", str)
        if not key and not who:
            raise Malformed("a reaction that says neither what nor who")
        yield Reaction(
            emoji=_EMOJI.get(key, key),
            sender_id=who or None,
            at=None if created is None else _moment(created),
            extra=rest(one, {"senderId", "reactionSenderID", "createdAt"}),
        )


def _opened(entry: object) -> tuple[str, dict[str, object]]:
    """The kind of an entry and what is in it: `{"messageCreate": {...}}`."""
    if not isinstance(entry, dict) or len(entry) != 1:
        raise Malformed("an entry that is not of one kind")
    [(kind, body)] = entry.items()
    if not isinstance(body, dict):
        raise Malformed(f"expected an object, found {type(body).__name__}")
    return str(kind), cast("dict[str, object]", body)


def _texts(body: dict[str, object], key: str) -> list[str]:
    value = body.get(key)
    values = value if isinstance(value, list) else [value]
    texts = [one for one in values if isinstance(one, str)]
    if len(texts) + values.count(None) != len(values):
        raise Malformed(f"{key!r} is not text")
    return [one for one in texts if one]


def _moment(text: str) -> Timestamp:
    """UTC of the server, which says nothing about the clock of who wrote."""
    return replace(iso_time(text, "UTC"), basis="offset", offset_minutes=None)


def _without_media_link(text: str, body: dict[str, object]) -> str:
    """The text without the address that X puts behind it for what was sent with it."""
    for one in maybe(body, "urls", list) or ():
        url, expanded = maybe(one, "url", str), maybe(one, "expanded", str)
        if url and expanded and "/messages/media/" in expanded and text.endswith(url):
            return text.removesuffix(url).removesuffix(" ")
    return text


def _links(body: dict[str, object], text: str) -> Iterator[str]:
    """The addresses that the short links in a text stand for."""
    for one in maybe(body, "urls", list) or ():
        expanded = maybe(one, "expanded", str)
        if expanded and expanded not in text and "/messages/media/" not in expanded:
            yield expanded


def _attachments(identifier: str, addresses: list[str], media: Media) -> Iterator[Attachment]:
    """A file for each address, and those of the message that no address names."""
    left = media.of(identifier)
    for address in addresses:
        name = address.partition("?")[0].rpartition("/")[2]
        wanted = f"{identifier}-{name}".casefold()
        path = next((one for one in left if one.rpartition("/")[2].casefold() == wanted), None)
        if path is not None:
            left.remove(path)
        yield Attachment(
            name=name,
            path=path,
            state=AttachmentState.REMOTE_ONLY if path is None else AttachmentState.PRESENT,
            kind=_kind(name, address),
            as_exported=address,
        )
    for path in left:
        name = path.rpartition("/")[2].removeprefix(f"{identifier}-")
        yield Attachment(name=name, path=path, kind=_kind(name, name), as_exported=name)


def _kind(name: str, address: str) -> MessageKind:
    if "/tweet_video/" in address or "/dm_gif/" in address:  # GIFs are kept as videos
        return MessageKind.ANIMATION
    return kind_by_name(name)


def _versions(body: dict[str, object]) -> tuple[tuple[Version, ...], set[str]]:
    """Earlier texts, if their list is as we know it; else it stays as it is."""
    history = body.get("editHistory")
    found = []
    for one in history if isinstance(history, list) else ():
        if not isinstance(one, dict) or set(one) - {"createdAtSec", "editedText"}:
            return (), set()
        text, seconds = one.get("editedText"), one.get("createdAtSec")
        if not isinstance(text, str) or not isinstance(seconds, str | int | None):
            return (), set()
        found.append(Version(text=plain(text), at=None if seconds is None else unix_time(seconds)))
    return tuple(found), {"editHistory"} if found else set()
