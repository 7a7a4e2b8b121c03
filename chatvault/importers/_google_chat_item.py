"""One message of Google Chat's JSON: its sender, time, kind, files, versions and reactions."""

from collections.abc import Callable, Iterator
from typing import cast

import msgspec

from chatvault.importers._fields import Malformed, maybe, need, rest
from chatvault.importers._google_dates import utc_time
from chatvault.importers._google_files import attachment, kind_of
from chatvault.importers._people import folded
from chatvault.model import Attachment, Mark, Message, MessageKind, Reaction, Timestamp, Version

Finder = Callable[[str], str | None]

_WRAPPED = "private_do_not_access_or_else_safe_url_wrapped_value"
_USED = {"creator", "text", "message_id", "attached_files", "reactions"}
_SEARCHED = ("title", "snippet", "name")


class Person(msgspec.Struct, frozen=True):
    """Somebody as a file names them; `id` is empty where nobody is named."""

    id: str
    name: str = ""
    mail: str = ""
    extra: dict[str, object] = {}


def person(value: object) -> Person:
    """Who a `creator` or a member is."""
    mail = maybe(value, "email", str) or ""
    name = maybe(value, "name", str) or ""
    extra = rest(value, {"email", "name"})
    if extra.get("user_type") == "Human":
        del extra["user_type"]
    identifier = mail.lower() or (f"name:{folded(name)}" if name else "")
    return Person(identifier, name or mail, mail, extra)


def message(item: object, find: Finder, *, chat: str, seq: int, sender_id: str) -> Message:
    """The message of an item; Malformed if it is none."""
    identifier = maybe(item, "message_id", str)
    topic = maybe(item, "topic_id", str)
    if identifier is None and topic is None and maybe(item, "created_date", str) is None:
        raise Malformed("neither a message_id nor a topic_id nor a created_date")
    fields = cast("dict[str, object]", item)
    used = set(_USED)
    sent_at = _sent_at(fields, used)
    edited_at = _time(fields, "updated_date", used)
    text = maybe(item, "text", str) or ""
    files = tuple(_files(fields, find))
    marks = []
    if edited_at is not None or maybe(item, "previous_message_versions", list) is not None:
        marks.append(Mark.EDITED)
    state = maybe(item, "message_state", str)
    if state == "DELETED" or "deleted_date" in fields or "deletion_metadata" in fields:
        marks.append(Mark.DELETED)
    return Message(
        id=identifier,
        conversation_id=chat,
        sender_id=sender_id or None,
        sent_at=sent_at,
        seq=seq,
        kind=_kind(fields, files),
        text=text,
        scope=chat if identifier is not None else "",
        reply_to_id=_root(identifier, topic),
        more_text=tuple(dict.fromkeys(word for word in _more(fields) if word and word != text)),
        attachments=files,
        edited_at=edited_at,
        versions=tuple(_versions(fields)),
        marks=tuple(marks),
        extra=rest(item, used),
    )


def _sent_at(item: dict[str, object], used: set[str]) -> Timestamp | None:
    """When it was sent. Messages that were edited or deleted may lack it; then what is left of
    the first version tells it, or the deletion, which came later."""
    if found := _time(item, "created_date", used):
        return found
    for version in (maybe(item, "previous_message_versions", list) or ())[:1]:
        if found := _time(version, "created_date", set()):
            return found
    return _time(item, "deleted_date", set())


def _time(item: object, key: str, used: set[str]) -> Timestamp | None:
    """A date in words; one that is in words unknown to us stays in `extra`."""
    text = maybe(item, key, str)
    found = utc_time(text) if text is not None else None
    if found is not None:
        used.add(key)
    return found


def _root(identifier: str | None, topic: str | None) -> str | None:
    """The first message of the thread that this one answers in: `<group>/<topic>/<topic>`."""
    if identifier is None or topic is None:
        return None
    group, _, inner = identifier.partition("/")
    first = f"{group}/{topic}/{topic}"
    return first if inner.startswith(f"{topic}/") and identifier != first else None


def _files(item: dict[str, object], find: Finder) -> Iterator[Attachment]:
    for one in maybe(item, "attached_files", list) or ():
        export_name = maybe(one, "export_name", str) or ""
        name = maybe(one, "original_name", str) or export_name
        if not name:
            raise Malformed("an attached file without a name")
        path = find(export_name or name)
        yield attachment(path, name, export_name or name, kind_of(export_name or name))


def _kind(item: dict[str, object], files: tuple[Attachment, ...]) -> MessageKind:
    if files:
        return files[0].kind
    for one in maybe(item, "annotations", list) or ():
        integration = maybe(one, "gsuite_integration_metadata", dict) or {}
        if "call_data" in integration:
            return MessageKind.CALL
    return MessageKind.TEXT


def _more(item: dict[str, object]) -> Iterator[str]:
    """What else people search for: titles and addresses of links, quoted text."""
    for one in maybe(item, "annotations", list) or ():
        if not isinstance(one, dict):
            continue
        for metadata in one.values():
            if isinstance(metadata, dict):
                yield from (v for k in _SEARCHED if isinstance(v := metadata.get(k), str))
                url = metadata.get("url")
                if isinstance(url, dict) and isinstance(url.get(_WRAPPED), str):
                    yield url[_WRAPPED]
    quoted = maybe(item, "quoted_message_metadata", dict, list)
    for one in quoted if isinstance(quoted, list) else [quoted]:
        if isinstance(one, dict) and isinstance(one.get("text"), str):
            yield one["text"]


def _versions(item: dict[str, object]) -> Iterator[Version]:
    """The texts before the last edit; what else the export says of them is in `extra`."""
    for one in maybe(item, "previous_message_versions", list) or ():
        text = maybe(one, "text", str)
        if text is not None:
            at = _time(one, "updated_date", set()) or _time(one, "created_date", set())
            yield Version(text=text, at=at)


def reactions(item: object) -> list[tuple[str, Reaction]]:
    """The reactions to a message, each with the address of who reacted; empty for nobody named."""
    found = []
    for one in maybe(item, "reactions", list) or ():
        emoji = need(one, "emoji", dict, str)
        extra = rest(one, {"emoji", "reactor_emails"})
        if isinstance(emoji, dict):
            custom = maybe(emoji, "custom_emoji", dict, str)
            written = maybe(emoji, "unicode", str) or _custom(custom)
            extra |= rest(emoji, {"unicode"})
        else:
            written = emoji
        if not written:
            raise Malformed("a reaction without an emoji")
        addresses = maybe(one, "reactor_emails", list) or []
        if not all(isinstance(address, str) for address in addresses):
            raise Malformed("a reaction by something that is no address")
        for address in addresses or [""]:
            reaction = Reaction(emoji=written, sender_id=address.lower() or None, extra=extra)
            found.append((address, reaction))
    return found


def _custom(emoji: object) -> str:
    if isinstance(emoji, str):
        return emoji
    for key in ("shortcode", "emoji_name", "name", "uuid"):
        if isinstance(emoji, dict) and isinstance(emoji.get(key), str):
            return str(emoji[key])
    return ":custom emoji:" if emoji else ""
