"""One message of DiscordChatExporter's JSON: its time, kind, files, embeds and reactions."""

from collections.abc import Iterator
from typing import cast

import msgspec

from chatvault.importers._clock import iso_time
from chatvault.importers._discord import (
    Files,
    emoji_text,
    filled,
    handle_of,
    is_address,
    kind_of_file,
    name_in,
    snowflake_time,
)
from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._media_types import kind_by_name
from chatvault.importers._people import folded
from chatvault.model import Attachment, Mark, Message, MessageKind, Reaction, Timestamp

# What people write, and what bots answer to a command; every other type is a notice of the app.
# Types that the exporter has no word for come as Discord's numbers.
_WRITTEN = frozenset({"Default", "Reply", "0", "19", "20", "23"})
_REPLIES = frozenset({"Reply", "19"})
_PLAIN = frozenset({"Default", "0"})
_CALLS = frozenset({"Call", "3"})
_NOTICES = frozenset({
    "RecipientAdd", "RecipientRemove", "ChannelNameChange", "ChannelIconChange",
    "ChannelPinnedMessage", "GuildMemberJoin", "ThreadCreated",
})  # fmt: skip
_TOLD_BY_KIND = frozenset({"Default", "Reply", "Call", "0", "3", "19"})
_USED = {
    "id", "type", "timestamp", "timestampEdited", "content", "author", "attachments", "reactions",
    "stickers", "mentions", "reference", "forwardedMessage", "embeds", "interaction", "isPinned",
    "components", "inlineEmojis", "callEndedTimestamp", "poll",
}  # fmt: skip
_TOLD_BY_FILE = {
    "attachments": {"url", "fileName", "fileSizeBytes"},
    "stickers": {"sourceUrl", "name"},
}
_POLL_RESULT = "46"
_EMBED_FILES = ("thumbnail", "image", "video")


class Person(msgspec.Struct, frozen=True):
    """Somebody as a message names them."""

    id: str
    name: str
    handle: str
    extra: dict[str, object]
    picture: str


def identity(value: object) -> str | None:
    """The id of somebody; None if nobody is named."""
    if value is None:
        return None
    if identifier := maybe(value, "id", str, int):
        return str(identifier)
    shown = maybe(value, "nickname", str) or maybe(value, "name", str)
    return f"name:{folded(shown)}" if shown else None


def person(value: object) -> Person | None:
    """Who an `author` or a mentioned user is; None if nobody is named."""
    identifier = identity(value)
    if identifier is None:
        return None
    name = maybe(value, "name", str) or ""
    extra = filled(rest(value, {"id", "name", "discriminator", "nickname", "avatarUrl"}))
    if extra.get("isBot") is False:
        del extra["isBot"]
    return Person(
        id=identifier,
        name=maybe(value, "nickname", str) or name,
        handle=handle_of(name, maybe(value, "discriminator", str) or ""),
        extra=extra,
        picture=maybe(value, "avatarUrl", str) or "",
    )


def people(item: object) -> list[object]:
    """Everybody whom a message names, as the export has them, the author first."""
    named = [maybe(item, "author", dict), *(maybe(item, "mentions", list) or ())]
    named.append((maybe(item, "interaction", dict) or {}).get("user"))
    for reaction in maybe(item, "reactions", list) or ():
        named += maybe(reaction, "users", list) or ()
    return named


def message(item: object, files: Files, *, channel: str, server: str, seq: int) -> Message:
    """The message of an item; Malformed if it is none."""
    identifier = str(need(item, "id", str, int))
    fields = cast("dict[str, object]", item)  # `need` has seen to it
    form = str(maybe(item, "type", str, int) or "Default")
    kept = rest(item, _USED)
    sent_at = _sent_at(fields, identifier, kept)
    edited_at = _time(fields, "timestampEdited")
    forward = maybe(item, "forwardedMessage", dict)
    text = maybe(item, "content", str) or ""
    if not text and forward:
        text = maybe(forward, "content", str) or ""
    attachments = tuple(_attachments(fields, files, alone=not text))
    reply_to = _reference(fields, form, channel=channel, server=server, kept=kept)
    for key in ("embeds", "components", "inlineEmojis", "callEndedTimestamp", "poll", "isPinned"):
        if value := filled(fields.get(key)):
            kept[key] = value
    if form not in _TOLD_BY_KIND:
        kept["type"] = form
    if mentioned := [one for one in map(identity, maybe(item, "mentions", list) or ()) if one]:
        kept["mentions"] = mentioned
    if interaction := maybe(item, "interaction", dict):
        kept["interaction"] = filled({**interaction, "user": identity(interaction.get("user"))})
    kept.update(_details(fields))
    if forward:
        kept["forwardedMessage"] = _forward(forward, text)
    more = (words for words in _searchable(fields) if words.strip() and words != text)
    marks = [Mark.EDITED] * (edited_at is not None) + [Mark.FORWARDED] * bool(forward)
    return Message(
        id=identifier or None,
        conversation_id=channel,
        sender_id=identity(fields.get("author")),
        sent_at=sent_at,
        seq=seq,
        kind=_kind(fields, form, attachments),
        text=text,
        reply_to_id=reply_to,
        more_text=tuple(dict.fromkeys(more)),
        attachments=attachments,
        edited_at=edited_at,
        marks=tuple(marks),
        extra=kept,
    )


def _sent_at(item: dict[str, object], identifier: str, kept: dict[str, object]) -> Timestamp:
    """When it was sent: as written, else as the id holds it."""
    try:
        written = _time(item, "timestamp")
    except Malformed:
        kept["timestamp"] = item["timestamp"]
        written = None
    return written or snowflake_time(identifier)


def _time(item: dict[str, object], key: str) -> Timestamp | None:
    text = maybe(item, key, str)
    return iso_time(text, "UTC") if text else None


def _reference(
    item: dict[str, object], form: str, *, channel: str, server: str, kept: dict[str, object]
) -> str | None:
    """The id of the message that is answered; what else is referred to is kept."""
    reference = maybe(item, "reference", dict)
    if reference is None:
        return None
    # A pinned message, a thread and a forward refer to a message without answering it.
    answers = form in _REPLIES or (form in _PLAIN and _is_answer(item, reference, channel))
    target = str(maybe(reference, "messageId", str, int) or "") if answers else ""
    known = {
        "type": "Default",
        "channelId": channel,
        "guildId": server,
        "messageId": target or None,
    }
    left = {key: value for key, value in filled(reference).items() if value != known.get(key)}
    if left:
        kept["reference"] = left
    return target or None


def _is_answer(item: dict[str, object], reference: dict[str, object], channel: str) -> bool:
    """Whether an ordinary message answers what it refers to: so replies were told at first."""
    plain = maybe(reference, "type", str, int) in {None, "Default", 0, "0"}
    here = str(maybe(reference, "channelId", str, int)) == channel
    return plain and here and maybe(item, "forwardedMessage", dict) is None


def _details(item: dict[str, object]) -> dict[str, object]:
    """What is said of files and stickers besides what an attachment tells."""
    found: dict[str, object] = {}
    for key, told in _TOLD_BY_FILE.items():
        if any(left := [filled(rest(one, told)) for one in maybe(item, key, list) or ()]):
            found[key] = left
    return found


def _forward(forward: dict[str, object], text: str) -> object:
    """What a forwarded message says besides its text and files."""
    left = rest(forward, _TOLD_BY_FILE)
    if left.get("content") == text:
        del left["content"]
    return filled({**left, **_details(forward)}) or True


def _kind(item: dict[str, object], form: str, attachments: tuple[Attachment, ...]) -> MessageKind:
    if form in _CALLS:
        return MessageKind.CALL
    if form in _NOTICES or (form.isascii() and form.isdigit() and form not in _WRITTEN):
        return MessageKind.SYSTEM
    if form not in _WRITTEN:
        return MessageKind.OTHER
    if item.get("poll"):
        return MessageKind.POLL
    sent = [one for one in attachments if one.stable_name]
    return sent[0].kind if sent else MessageKind.TEXT


def _attachments(item: dict[str, object], files: Files, *, alone: bool) -> Iterator[Attachment]:
    """What was sent, also in a forwarded message, and what an exporter loaded down of embeds."""
    parts = [item]
    if forward := maybe(item, "forwardedMessage", dict):
        parts.append(forward)
    for part in parts:
        for one in maybe(part, "attachments", list) or ():
            url = maybe(one, "url", str) or ""
            name = maybe(one, "fileName", str) or name_in(url)
            if not url and not name:
                raise Malformed("an attachment without a name")
            kind = kind_of_file(name, alone=alone)
            size = maybe(one, "fileSizeBytes", int)
            yield files.attachment(url, name, kind=kind, size=size)
        for one in maybe(part, "stickers", list) or ():
            url = maybe(one, "sourceUrl", str) or ""
            name = maybe(one, "name", str) or name_in(url)
            if url or name:
                yield files.attachment(url, name, kind=MessageKind.STICKER)
    seen: set[str] = set()
    for part in parts:
        for url in _embedded(part):
            # Of what only has an address the embed itself is kept.
            if url not in seen and not is_address(url) and files.find(url) is not None:
                seen.add(url)
                yield files.attachment(url, "", kind=kind_by_name(url), stable_name=False)


def _embedded(item: dict[str, object]) -> Iterator[str]:
    for embed in maybe(item, "embeds", list) or ():
        shown = [maybe(embed, key, dict) for key in _EMBED_FILES]
        for one in (*shown, *(maybe(embed, "images", list) or ())):
            if one is not None and (url := maybe(one, "url", str)):
                yield url


def _searchable(item: dict[str, object]) -> Iterator[str]:
    """What else people search for: embeds, names of stickers, buttons, commands, polls."""
    if forward := maybe(item, "forwardedMessage", dict):
        yield maybe(forward, "content", str) or ""
        yield from _searchable(forward)
    for embed in maybe(item, "embeds", list) or ():
        for key in ("title", "description", "url"):
            yield maybe(embed, key, str) or ""
        for key, name in (("author", "name"), ("footer", "text")):
            yield maybe(maybe(embed, key, dict) or {}, name, str) or ""
        for field in maybe(embed, "fields", list) or ():
            if item.get("type") != _POLL_RESULT:  # there they are words of the app, the same always
                yield maybe(field, "name", str) or ""
            yield maybe(field, "value", str) or ""
    for sticker in maybe(item, "stickers", list) or ():
        yield maybe(sticker, "name", str) or ""
    if command := maybe(maybe(item, "interaction", dict) or {}, "name", str):
        yield f"/{command}"
    yield from _words(maybe(item, "components", list), {"label", "content", "url"})
    yield from _words(maybe(item, "poll", dict), {"text", "question"})


def _words(value: object, keys: set[str]) -> Iterator[str]:
    """The texts under these keys, however deep; items are nested to a bound."""
    if isinstance(value, list):
        for one in value:
            yield from _words(one, keys)
    elif isinstance(value, dict):
        for key, one in value.items():
            if isinstance(one, str) and key in keys:
                yield one
            else:
                yield from _words(one, keys)


def reactions(item: object) -> Iterator[Reaction]:
    """One for everybody who is named, and the number of the others."""
    for reaction in maybe(item, "reactions", list) or ():
        emoji = need(reaction, "emoji", dict)
        identifier = str(maybe(emoji, "id", str, int) or "")
        text = emoji_text(maybe(emoji, "name", str) or "", identifier)
        if not text:
            raise Malformed("a reaction without an emoji")
        details = rest(emoji, {"name"})
        if details.get("isAnimated") is False:
            del details["isAnimated"]
        extra = filled({"emoji": details, **rest(reaction, {"emoji", "count", "users"})})
        named = [one for one in map(identity, maybe(reaction, "users", list) or ()) if one]
        for one in named:
            yield Reaction(emoji=text, sender_id=one, extra=extra)
        count = maybe(reaction, "count", int)
        others = 1 - len(named) if count is None else count - len(named)
        if others > 0:
            yield Reaction(emoji=text, count=min(others, 2**31), extra=extra)
