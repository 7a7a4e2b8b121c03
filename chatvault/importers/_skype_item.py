"""One entry of a `MessageList` of Skype: its kind, time, text, files, and who reacted."""

import re
from collections.abc import Iterator
from typing import cast

from msgspec.structs import replace

from chatvault.importers._clock import iso_time
from chatvault.importers._fields import Malformed, maybe, need, rest, unix_time
from chatvault.importers._json_value import decoded
from chatvault.importers._skype_markup import Markup, parsed
from chatvault.importers._skype_media import Files, attachments
from chatvault.importers._skype_special import special
from chatvault.model import Mark, Message, MessageKind, Reaction, Timestamp

_KINDS = {
    "Text": MessageKind.TEXT,
    "RichText": MessageKind.TEXT,
    "RichText/Html": MessageKind.TEXT,
    "RichText/Sms": MessageKind.TEXT,
    "RichText/UriObject": MessageKind.IMAGE,
    "RichText/Media_GenericFile": MessageKind.FILE,
    "RichText/Media_Video": MessageKind.VIDEO,
    "RichText/Media_FlikMsg": MessageKind.VIDEO,
    "RichText/Media_CallRecording": MessageKind.VIDEO,
    "RichText/Media_AudioMsg": MessageKind.VOICE,
    "RichText/Contacts": MessageKind.CONTACT,
    "RichText/Location": MessageKind.LOCATION,
    "RichText/ScheduledCallInvite": MessageKind.CALL,
    "Event/Call": MessageKind.CALL,
    "Poll": MessageKind.POLL,
    "PopCard": MessageKind.SYSTEM,
    "Notice": MessageKind.SYSTEM,
    "Translation": MessageKind.SYSTEM,
}
_SYSTEM = ("ThreadActivity/", "InviteFreeRelationshipChanged/")
_ENCRYPTED = "EndToEndEncryption/Encrypted"
# What the kind says already.
TOLD_BY_KIND = ("Text", "RichText", "RichText/UriObject", "RichText/Media_Video", "Event/Call")
_MEDIA = frozenset({
    MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.VOICE, MessageKind.AUDIO, MessageKind.FILE,
})  # fmt: skip
_USED = {
    "id", "displayName", "originalarrivaltime", "version", "content", "from", "properties",
    "amsreferences", "imdisplayname",
}  # fmt: skip
_PROPERTIES = {"edittime", "deletetime", "emotions"}
_EMOJI = {
    "like": "\N{THUMBS UP SIGN}",
    "yes": "\N{THUMBS UP SIGN}",
    "no": "\N{THUMBS DOWN SIGN}",
    "heart": "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}",
    "laugh": "\N{SMILING FACE WITH OPEN MOUTH AND TIGHTLY-CLOSED EYES}",
    "surprised": "\N{FACE WITH OPEN MOUTH}",
    "sad": "\N{CRYING FACE}",
    "angry": "\N{ANGRY FACE}",
}
_NAMED_BY_CODE = re.compile(r"([0-9a-f]{4,5}(?:-[0-9a-f]{4,5}){0,7})_[a-z0-9_]{1,80}")
MOST_REACTIONS = 10_000


def sender(item: object, chat: str) -> str:
    """The id of who sent it, `8:live:kim`; empty if it does not say. Teams gives an address, and
    what happens in a group is sent by the group: then whoever did it counts.
    """
    who = (maybe(item, "from", str) or "").rpartition("/contacts/")[2]
    form = maybe(item, "messagetype", str) or ""
    if form.startswith("ThreadActivity/"):
        content = maybe(item, "content", str) or ""
        who = special(form, content, parsed(content)).initiator or who
    return "" if who == chat and chat.startswith("19:") else who


def edit_of(item: object) -> int | None:
    """For an edited or deleted message, the time in ms at which it was first sent."""
    properties = properties_of(item)
    own = sent_at(item)
    content = maybe(item, "content", str) or ""
    if "<e_m" in content and (first := parsed(content).edit_of) is not None:
        return min(first, own.utc_ms)
    return own.utc_ms if properties.keys() & {"edittime", "deletetime"} else None


def message(item: object, files: Files, *, chat: str, scope: str, seq: int) -> Message:
    """The message of an entry; Malformed if it is none."""
    identifier = str(need(item, "id", str, int))
    form = need(item, "messagetype", str)
    fields = cast("dict[str, object]", item)  # `need` has seen to it
    kind = _kind(form)
    content = maybe(fields, "content", str) or ""
    markup = Markup(text=content) if form == "Text" else parsed(content)
    found = tuple(attachments(markup, files, kind))
    about = special(form, content, markup)
    properties = properties_of(fields)
    deleted = "deletetime" in properties or (markup.edit_of is not None and not markup.text)
    edited_at = _moment_of(properties, "edittime")
    at = sent_at(fields)
    if markup.edit_of is not None:
        edited_at = edited_at or at
        at = replace(_from_ms(min(markup.edit_of, at.utc_ms)), as_exported=at.as_exported)
    marks = [Mark.DELETED] if deleted else [Mark.EDITED] if edited_at else []
    if form.startswith(_ENCRYPTED):
        marks.append(Mark.UNDECRYPTED)
    if found and (kind is MessageKind.OTHER or not (kind in _MEDIA or markup.text.strip())):
        kind = found[0].kind
    # Beside a file stands only where to look at it, and a thing that the app noted has its own
    # words.
    shown = kind in {MessageKind.TEXT, MessageKind.OTHER} and not (
        "cards" in about.extra or form.startswith(_ENCRYPTED)
    )
    more = (*markup.quoted, *about.words, *markup.links)
    return Message(
        id=identifier,
        conversation_id=chat,
        sender_id=sender(fields, chat) or None,
        sent_at=at,
        seq=seq,
        kind=kind,
        text=markup.text if shown else "",
        scope=scope,
        reply_to_id=markup.reply_to or None,
        more_text=tuple(dict.fromkeys(word for word in more if word)),
        attachments=found,
        edited_at=None if deleted else edited_at,
        marks=tuple(marks),
        extra=_extra(fields, form, content, chat=chat) | about.extra,
    )


def _extra(item: dict[str, object], form: str, content: str, *, chat: str) -> dict[str, object]:
    used = set(_USED)
    if maybe(item, "conversationid", str) in (None, "", chat):
        used.add("conversationid")
    if form in TOLD_BY_KIND:
        used.add("messagetype")
    if "/contacts/" in (maybe(item, "from", str) or ""):
        used.discard("from")
    found = {key: value for key, value in rest(item, used).items() if value not in (None, "", [])}
    if content and "<" in content and form != "Text":
        found["content"] = content  # with the markup, of which the text has nothing
    elif content and _kind(form) is not MessageKind.TEXT:
        found["content"] = content
    left = {key: one for key, one in properties_of(item).items() if key not in _PROPERTIES}
    if left:
        found["properties"] = left
    deleted = maybe(properties_of(item), "deletetime", str, int)
    if deleted is not None:
        found["deletetime"] = deleted
    names = item.get("amsreferences")
    missing = [one for one in names if str(one) not in content] if isinstance(names, list) else []
    if missing:
        found["amsreferences"] = missing
    return found


def _kind(form: str) -> MessageKind:
    if form.startswith(_SYSTEM):
        return MessageKind.SYSTEM
    return _KINDS.get(form, MessageKind.OTHER)


def properties_of(item: object) -> dict[str, object]:
    """The properties of an entry, which some exports write as JSON in a text."""
    value = maybe(item, "properties", dict, str)
    return _opened(value) if isinstance(value, str) else cast("dict[str, object]", value or {})


def _opened(text: str) -> dict[str, object]:
    try:
        value = decoded(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    return {"properties": text} if text else {}


def sent_at(item: object) -> Timestamp:
    """When the server got it; where that is missing, the id tells it."""
    text = maybe(item, "originalarrivaltime", str) or maybe(item, "composetime", str)
    if text:
        # UTC of the server, which says nothing about the clock of who wrote.
        return replace(iso_time(text, "UTC"), basis="offset", offset_minutes=None)
    identifier = str(maybe(item, "id", str, int) or "")
    if len(identifier) == 13 and identifier.isascii() and identifier.isdigit():
        return unix_time(int(identifier))
    raise Malformed("no 'originalarrivaltime'")


def _moment_of(properties: dict[str, object], key: str) -> Timestamp | None:
    value = maybe(properties, key, str, int)
    if value in (None, "", 0):
        return None
    return unix_time(value) if value is not None else None


def _from_ms(value: int) -> Timestamp:
    return replace(unix_time(value), basis="offset")


def reactions(item: object) -> Iterator[Reaction]:
    """Who reacted how."""
    emotions = properties_of(item).get("emotions")
    if isinstance(emotions, str):
        try:
            emotions = decoded(emotions) if emotions else []
        except (ValueError, RecursionError) as cause:
            raise Malformed("reactions that cannot be read") from cause
    if emotions is not None and not isinstance(emotions, list):
        raise Malformed(f"'emotions' is {type(emotions).__name__}, expected list")
    count = 0
    for one in emotions or ():
        key = need(one, "key", str)
        for user in maybe(one, "users", list) or ():
            count += 1
            if count > MOST_REACTIONS:
                raise Malformed(f"more than {MOST_REACTIONS:,} reactions")
            at = maybe(user, "time", int, str)
            yield Reaction(
                emoji=_emoji(key),
                sender_id=maybe(user, "mri", str) or None,
                at=None if at in (None, 0, "") or at is None else unix_time(at),
                extra={"key": key, **rest(one, {"key", "users"}), **rest(user, {"mri", "time"})},
            )


def _emoji(key: str) -> str:
    """The emoji of a key: `like`, or `1f389_partypopper` with its code."""
    found = _NAMED_BY_CODE.fullmatch(key)
    if not found:
        return _EMOJI.get(key, key)
    codes = [int(code, 16) for code in found[1].split("-")]
    sound = all(0xA0 <= code <= 0x1FAFF and not 0xD800 <= code < 0xE000 for code in codes)
    return "".join(map(chr, codes)) if sound else key
