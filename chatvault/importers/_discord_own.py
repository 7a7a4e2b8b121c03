"""What is in Discord's own data package: its folders, whose it is, its channels and messages."""

import re
from collections import Counter
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from chatvault.importers._clock import iso_time
from chatvault.importers._discord import (
    PLATFORM,
    Files,
    filled,
    handle_of,
    kind_of_channel,
    kind_of_file,
    name_in,
    snowflake_time,
    title_of,
)
from chatvault.importers._fields import Malformed, maybe, rest
from chatvault.importers._json_stream import BrokenJson, Field, stream
from chatvault.importers._json_value import decoded
from chatvault.importers._people import folded
from chatvault.importers._source import Source
from chatvault.model import Conversation, ConversationKind, Message, MessageKind, Timestamp

COLUMNS = ("ID", "Timestamp", "Contents", "Attachments")
LARGEST = 4 * 1024 * 1024  # of a file that tells about one channel

# Folders are `c<id>`, without the `c` before 2018; the folder around them is in some language.
_FILE = re.compile(
    r"((?:[^/]+/)?)(c?(\d{15,20}))/(channel\.json|messages\.json|messages\.csv)", re.IGNORECASE
)
_USER = re.compile(r"(?:[^/]+/)?user\.json", re.IGNORECASE)
_DIRECT = "Direct Message with "
_UNNAMED = frozenset({"Unknown channel", "Unknown Participant", "Deleted User", "None"})
_ROUNDED = re.compile(r"[0-9.]+[eE]\+?\d+")  # an id that went through a spreadsheet


class Folder(msgspec.Struct, frozen=True):
    """The folder of a channel, the number in its name, and its files of messages."""

    path: str
    number: str
    files: tuple[str, ...]


class Account(msgspec.Struct, frozen=True):
    """Whose package it is."""

    id: str
    name: str
    handles: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """A conversation, and who the other one in it is, if there are two."""

    told: Conversation
    other: str = ""
    other_name: str = ""


def folders(source: Source) -> dict[str, list[Folder]]:
    """The folders of channels, by what stands before their names."""
    files: dict[tuple[str, str, str], list[str]] = {}
    for name in source.entries:
        if found := _FILE.fullmatch(name):
            base, folder, number, _ = found.groups()
            files.setdefault((base, folder, number), []).append(name)
    places: dict[str, list[Folder]] = {}
    for (base, folder, number), names in sorted(files.items()):
        messages = sorted(name for name in names if not name.lower().endswith("channel.json"))
        # The newer form first; both together are two tellings of the same.
        one = Folder(f"{base}{folder}", number, tuple(reversed(messages)))
        places.setdefault(base, []).append(one)
    return places


def small(source: Source, name: str) -> dict[str, object] | None:
    """The object in a small file; None if there is none."""
    try:
        value = decoded(text_of(source, name).strip())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text_of(source: Source, name: str) -> str:
    """The text of a small file; empty if there is none that can be read."""
    if not source.has(name):
        return ""
    return source.head(name, LARGEST).decode("utf-8-sig", "replace")


def account_in(source: Source) -> Account | None:
    """The owner, by `Account/user.json`; of all that is in there only id and names are taken."""
    for name in sorted(filter(_USER.fullmatch, source.entries)):
        found: dict[str, str] = {}
        try:
            with source.open(name) as file:
                for part in stream(file):
                    if isinstance(part, Field) and not part.at:
                        if isinstance(part.value, str | int) and part.name in _OWNER:
                            found[part.name] = str(part.value)
                        if found.keys() >= {"id", "username"} and part.name == "global_name":
                            break
        except (BrokenJson, OSError):
            pass  # what was told before that counts
        if found.get("id"):
            handle = handle_of(found.get("username", ""), found.get("discriminator", ""))
            shown = found.get("global_name") or found.get("username") or found["id"]
            return Account(found["id"], shown, (handle,) if handle else ())
    return None


_OWNER = frozenset({"id", "username", "global_name", "discriminator"})


def other_side(source: Source, found: list[Folder]) -> Account:
    """The owner where the package says nothing: who is in all conversations of two."""
    seen: Counter[str] = Counter()
    several = 0
    for folder in found:
        told = small(source, f"{folder.path}/channel.json") or {}
        recipients = _recipients(told)
        if len(recipients) == 2:
            several += 1
            seen.update(set(recipients))
    most = seen.most_common(2)
    me = source.told.me or ""
    if several > 1 and most[0][1] == several and (len(most) < 2 or most[1][1] < several):
        return Account(most[0][0], me or most[0][0])
    return Account(f"name:{folded(me or 'me')}", me or "me")


def _recipients(channel: dict[str, object]) -> list[str]:
    recipients = channel.get("recipients")
    found = recipients if isinstance(recipients, list) else []
    return [str(one) for one in found if isinstance(one, str | int) and one]


def conversation(number: str, channel: dict[str, object], label: object, account: Account) -> Place:
    """The conversation of a channel; `label` is what the index calls it, null if it was deleted."""
    recipients = _recipients(channel)
    text = label if isinstance(label, str) and label not in _UNNAMED else ""
    direct = text.removeprefix(_DIRECT) if text.startswith(_DIRECT) else ""
    form = channel.get("type")
    if form is None and (direct or len(recipients) == 2):
        form = "DM"
    kind = kind_of_channel(form)
    name, guild = channel.get("name"), channel.get("guild")
    server = guild.get("name") if isinstance(guild, dict) else None
    named = name if isinstance(name, str) else ""
    other_name = ""
    if kind is ConversationKind.DIRECT:
        plain, _, digits = direct.rpartition("#")
        other_name = plain if plain and digits in {"0", "0000"} else direct
        other_name = "" if other_name in _UNNAMED else other_name
        title = other_name or named or ("" if direct else text)
    else:
        title = title_of(named, server if isinstance(server, str) else "", kind) if named else text
    others = [one for one in recipients if one != account.id]
    extra = filled(rest(channel, {"id", "name"}))
    if isinstance(label, str) and label != title:
        extra["label"] = label
    told = Conversation(
        id=number,
        platform=PLATFORM,
        # An id comes before every name where exports disagree, so any other title wins.
        title=title or number,
        kind=kind,
        owner=account.id,
        extra=extra,
    )
    return Place(told, others[0] if len(others) == 1 else "", other_name)


def columns(cells: list[str]) -> dict[str, int] | None:
    """Where the columns of a CSV are; None if it is another CSV."""
    places = {name.strip().lstrip("\ufeff"): number for number, name in enumerate(cells)}
    return places if set(COLUMNS) <= places.keys() else None


def message(item: object, files: Files, *, chat: str, seq: int, sender_id: str) -> Message:
    """The message of an item, or of a row of a CSV; Malformed if it is none."""
    stamp = maybe(item, "Timestamp", str) or ""
    text = maybe(item, "Contents", str) or ""
    addresses = (maybe(item, "Attachments", str) or "").split()
    extra = rest(item, COLUMNS)
    identifier = _identifier(item, extra)
    attachments = tuple(
        files.attachment(one, name_in(one), kind=kind_of_file(name_in(one), alone=not text))
        for one in addresses
    )
    kind = MessageKind.TEXT
    if attachments:
        kind = attachments[0].kind
    elif not text:
        # A sticker, a forward, a call: the package leaves out what it was.
        kind = MessageKind.OTHER
    return Message(
        id=identifier,
        conversation_id=chat,
        sender_id=sender_id,
        sent_at=_sent_at(identifier, stamp, extra),
        seq=seq,
        kind=kind,
        text=text,
        attachments=attachments,
        extra=extra,
    )


def _identifier(item: object, extra: dict[str, object]) -> str | None:
    value = item.get("ID") if isinstance(item, dict) else None
    text = str(value).strip() if isinstance(value, int | str | float) else ""
    if text.isascii() and text.isdigit() and len(text) <= 20:
        return text
    if not _ROUNDED.fullmatch(text):
        raise Malformed("no 'ID'")
    extra["ID"] = text
    return None


def _sent_at(identifier: str | None, stamp: str, extra: dict[str, object]) -> Timestamp:
    """The time in UTC: to the millisecond from the id, where the export writes whole seconds."""
    written: Timestamp | None = None
    try:
        # Its `+00:00` says nothing about where the writer was.
        written = replace(iso_time(stamp, "UTC"), basis="offset", offset_minutes=None)
    except Malformed:
        if identifier is None:
            raise
        extra["Timestamp"] = stamp
    try:
        held = snowflake_time(identifier or "")
    except Malformed:  # an id too small to hold a time
        if written is None:
            raise
        return written
    return (
        held if written is None else replace(held, as_exported=written.as_exported, basis="offset")
    )


def cells_of(cells: list[str], places: dict[str, int]) -> Iterator[tuple[str, str]]:
    """The cells of a row by the names of their columns."""
    for name, number in places.items():
        if number < len(cells):
            yield name, cells[number]
