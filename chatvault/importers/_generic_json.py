"""One line of the generic JSON lines: header, member or message, as parts of the generic forms."""

from functools import lru_cache
from typing import Any

import msgspec

from chatvault.errors import NewerFormat, Where
from chatvault.importers._fields import (
    EARLIEST_MS,
    LATEST_MS,
    Malformed,
    loose_table,
    loose_text,
    maybe,
    need,
    rest,
)
from chatvault.importers._generic import PLATFORM, Header, Item, Member, Place
from chatvault.importers._generic_body import (
    MEDIA,
    attachment,
    is_mine,
    kind_of,
    left_out,
    marks_of,
    whole_id,
)
from chatvault.importers._generic_columns import Plan, TwoFit, plan
from chatvault.importers._generic_time import When, parse, since_1970
from chatvault.importers._json_lines import Value
from chatvault.importers._people import PICTURE, folded
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    ConversationKind,
    Mark,
    MessageKind,
    Precision,
    Reaction,
    Timestamp,
)

VERSION = 1
# Keys that mean one thing only; all others are looked up by their names and aliases.
_OWN = frozenset({
    "_type", "timestampMs", "editedMs", "deleted", "kind", "attachments", "reactions",
    "forwardedFrom", "call", "location", "groupNickname",
})  # fmt: skip
_META = frozenset({"name", "platform", "type", "groupId", "chatId", "groupAvatar", "ownerId"})
_MEMBER = frozenset({
    "_type", "platformId", "accountName", "groupNickname", "aliases", "avatar",
})  # fmt: skip
_FILE = frozenset({"path", "name", "mime", "size", "sha256", "durationMs", "caption", "state"})
_STATES = frozenset(AttachmentState) - {AttachmentState.PRESENT}


def header(value: dict[str, Any], title: str, where: Where) -> Header:
    """The conversation that a header begins; NewerFormat if a later ChatVault wrote it."""
    profile, meta, about = (loose_table(value, key) for key in ("chatvault", "meta", "chatlab"))
    version = profile.get("version", VERSION)
    if str(version) != str(VERSION):
        raise NewerFormat(
            "lines of a version of the form that this ChatVault does not know",
            where=where,
            remedy="update ChatVault",
        )
    extra: dict[str, object] = {
        key: one for key, one in meta.items() if key not in _META and one not in ("", None)
    }
    if (picture := meta.get("groupAvatar")) and len(str(picture)) <= PICTURE:
        extra["avatar"] = picture
    extra |= {key: one for key, one in about.items() if key != "exportedAt"}
    extra |= {key: one for key, one in profile.items() if key not in {"version", "tz"}}
    extra |= rest(value, {"_type", "chatvault", "meta", "chatlab"})
    identifier = loose_text(meta, "chatId") or loose_text(meta, "groupId")
    kind = {
        "group": ConversationKind.GROUP,
        "private": ConversationKind.DIRECT,
        "channel": ConversationKind.CHANNEL,
    }.get(loose_text(meta, "type"))
    if kind is None and meta.get("type"):
        extra["type"] = meta["type"]
    platform = loose_text(meta, "platform")
    if platform != folded(platform):
        extra["platform"] = platform
    return Header(
        place=Place(
            title=loose_text(meta, "name") or identifier or title,
            id=identifier,
            platform=folded(platform) or PLATFORM,
        ),
        kind=kind,
        owner=loose_text(meta, "ownerId"),
        extra=extra,
    )


def zone_of(value: object) -> str:
    """The zone that a header names for clocks without one; empty if there is none."""
    if not isinstance(value, dict) or value.get("_type") != "header":
        return ""
    return loose_text(loose_table(value, "chatvault"), "tz")


def member(value: dict[str, Any], place: Place) -> Member:
    """Somebody in the conversation; Malformed without an id."""
    who = loose_text(value, "platformId")
    if not who:
        raise Malformed("no 'platformId'")
    name, nickname = loose_text(value, "accountName"), loose_text(value, "groupNickname")
    others = value.get("aliases")
    aliases = [one for one in others if isinstance(one, str)] if isinstance(others, list) else []
    return Member(
        place=place,
        id=who,
        name=name or nickname,
        aliases=(nickname, *aliases),
        picture=loose_text(value, "avatar"),
        extra=rest(value, _MEMBER),
    )


def message(line: Value, place: Place, source: Source) -> Item:
    """The message of a line; Malformed if it is none."""
    return _Message(line, place, source).item()


@lru_cache(maxsize=1024)
def _plan(keys: tuple[str, ...]) -> Plan | str:
    """Which key is what, or why that cannot be said."""
    try:
        return plan(keys)
    except TwoFit as cause:
        return str(cause)


class _Message:
    """One line while it is read; what is not understood collects in `extra`."""

    def __init__(self, line: Value, place: Place, source: Source) -> None:
        if not isinstance(line.value, dict):
            raise Malformed(f"expected an object, found {type(line.value).__name__}")
        self._line = line
        self._raw: dict[str, Any] = line.value
        self._source = source
        self._header = place
        found = _plan(tuple(key for key in self._raw if key not in _OWN))
        if isinstance(found, str):
            raise Malformed(found)
        self._plan = found
        used = {key for keys in found.values() for key in keys}
        self._extra = rest(self._raw, _OWN | used)
        self._words: list[str] = []

    def item(self) -> Item:
        """The message."""
        raw = self._raw
        when = self._when()
        text = self._string("text")
        kind, attachments, written = self._kind()
        marks = list(marks_of(written))
        edited = maybe(raw, "editedMs", int)
        if edited is not None:
            marks.append(Mark.EDITED)
        if maybe(raw, "deleted", bool):
            marks.append(Mark.DELETED)
        if raw.get("forwardedFrom") not in (None, "", False):
            self._extra["forwardedFrom"] = raw["forwardedFrom"]
            marks.append(Mark.FORWARDED)
        if not (text or attachments or marks or written or kind is not MessageKind.TEXT):
            raise Malformed("neither a text nor an attachment")
        sender_id, sender = self._sender()
        mine = self._field("is_me")
        is_me = None if mine is None else is_mine(str(mine))
        if mine is not None and is_me is None:
            self._extra[self._plan["is_me"][0]] = mine
        nickname = loose_text(raw, "groupNickname")
        reactions, reactors = self._reactions()
        return Item(
            part=self._line.part,
            raw=self._line.raw,
            place=self._place(),
            when=when,
            kind=kind,
            text=text,
            sender_id=sender_id,
            sender=sender,
            is_me=is_me,
            aliases=(nickname,) if nickname else (),
            id=self._id("id"),
            reply_to=self._id("reply_to"),
            more_text=tuple(word for word in dict.fromkeys(self._words) if word != text),
            attachments=attachments,
            edited_at=None if edited is None else _moment(edited),
            marks=tuple(dict.fromkeys(marks)),
            reactions=reactions,
            reactors=reactors,
            extra=self._extra,
        )

    def _field(self, field: str) -> Any:
        keys = self._plan.get(field)
        return self._raw[keys[0]] if keys else None

    def _string(self, field: str) -> str:
        keys = self._plan.get(field)
        if not keys:
            return ""
        found = maybe(self._raw, keys[0], str, int)
        return "" if found is None else str(found)

    def _when(self) -> When:
        exact = maybe(self._raw, "timestampMs", int, float)
        keys = self._plan.get("timestamp", ())
        if exact is not None:
            told = self._raw[keys[0]] if keys else None
            # Seconds for readers that know nothing else; anything else beside it is kept.
            if told is not None and told != exact // 1000:
                self._extra[keys[0]] = told
            return _moment(int(exact))
        if not keys:
            raise Malformed("no time")
        if len(keys) == 2:
            return parse(" ".join(need(self._raw, key, str) for key in keys))
        found = self._raw[keys[0]]
        if isinstance(found, str):
            return parse(found)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise Malformed("no time" if found is None else "a time that is no number and no text")
        return since_1970(found)

    def _kind(self) -> tuple[MessageKind, tuple[Attachment, ...], str]:
        written = self._named_kind()
        kind = kind_of(written) if written else None
        if written and kind is None:
            self._extra["kind" if self._raw.get("kind") is not None else "type"] = written
            kind = MessageKind.OTHER
        told = (("call", MessageKind.CALL), ("location", MessageKind.LOCATION))
        for key, meant in told:
            if (found := self._raw.get(key)) not in (None, False, "", {}):
                self._extra[key] = found
                kind = kind or meant
                if isinstance(found, dict) and isinstance(found.get("name"), str):
                    self._words.append(found["name"])
        files = self._files(kind)
        if kind in MEDIA and not files:
            files = (left_out(kind, written),)
        if kind is None:
            kind = files[0].kind if files else MessageKind.TEXT
        return kind, files, written

    def _named_kind(self) -> str:
        """What the line calls its kind: `kind` by name before `type` by ChatLab's number."""
        named = maybe(self._raw, "kind", str, int)
        number = self._string("type")
        if named is None or named == "":
            return number
        if number and kind_of(number) is not kind_of(str(named)):
            self._extra[self._plan["type"][0]] = self._field("type")
        return str(named)

    def _files(self, kind: MessageKind | None) -> tuple[Attachment, ...]:
        listed = maybe(self._raw, "attachments", list, str)
        named = self._field("attachment")
        given: list[object] = []
        for one in (listed, named):
            given += one if isinstance(one, list) else [one] if one not in (None, "") else []
        told = kind if kind in MEDIA and len(given) == 1 else None
        return tuple(self._file(one, told) for one in given)

    def _file(self, given: object, kind: MessageKind | None) -> Attachment:
        if isinstance(given, str):
            return attachment(self._source, "", given, kind=kind)
        path, url = _text_of(given, "path"), _text_of(given, "url")
        if not path and not url:
            raise Malformed("an attachment without 'path' and 'url'")
        found = attachment(self._source, "", path or url, kind=kind)
        state = _text_of(given, "state")
        others = rest(given, _FILE if path else _FILE | {"url"})
        if found.path is None and state in _STATES:
            found = msgspec.structs.replace(found, state=AttachmentState(state))
        elif state and state != found.state:
            others["state"] = state
        size, length = maybe(given, "size", int), maybe(given, "durationMs", int, float)
        if size is not None and size < 0:
            others["size"], size = size, None
        if caption := _text_of(given, "caption"):
            self._words.append(caption)
        if others:
            known = self._extra.setdefault("attachments", [])
            assert isinstance(known, list)  # noqa: S101  (no other key of this name gets here)
            known.append(others)
        return msgspec.structs.replace(
            found,
            name=_text_of(given, "name") or found.name,
            type=_text_of(given, "mime"),
            size=size,
            sha256=_text_of(given, "sha256").lower(),
            duration=None if length is None else length / 1000,
        )

    def _reactions(self) -> tuple[tuple[Reaction, ...], tuple[str, ...]]:
        found, names, unread = [], [], []
        for one in maybe(self._raw, "reactions", list) or []:
            try:
                emoji, who = need(one, "emoji", str), _text_of(one, "sender")
                at = maybe(one, "timestampMs", int)
                found.append(
                    Reaction(
                        emoji=emoji,
                        sender_id=self._person(who) or None,
                        at=None if at is None else _moment(at),
                        extra=rest(one, {"emoji", "sender", "timestampMs"}),
                    )
                )
                names.append(who)
            except Malformed:
                unread.append(one)
        if unread:
            self._extra["reactions"] = unread
        return tuple(found), tuple(names)

    def _has_ids(self) -> bool:
        """Whether senders are ids: ChatLab's are, others if a name stands beside them."""
        return (
            self._raw.get("_type") is not None
            or "sender_name" in self._plan
            or "sender_id" in self._plan
        )

    def _person(self, who: str) -> str:
        return who if self._has_ids() or not who else f"name:{folded(who)}"

    def _sender(self) -> tuple[str, str]:
        who, name = self._string("sender"), self._string("sender_name")
        if not self._has_ids():
            return "", who
        identifier = self._string("sender_id") or who
        if not identifier:
            return "", name
        return identifier, name

    def _id(self, field: str) -> str:
        written = self._string(field)
        found = whole_id(written)
        if written and not found:
            self._extra[self._plan[field][0]] = written
        return found

    def _place(self) -> Place:
        title, identifier = self._string("chat"), self._string("chat_id")
        platform = folded(self._string("platform")) or self._header.platform
        if not title and not identifier:
            return msgspec.structs.replace(self._header, platform=platform)
        return Place(title=title or identifier, id=identifier, platform=platform)


def _moment(ms: int) -> Timestamp:
    if not EARLIEST_MS <= ms < LATEST_MS:
        raise Malformed("a time out of range")
    return Timestamp(utc_ms=ms, as_exported=str(ms), precision=Precision.MILLISECOND)


def _text_of(value: object, key: str) -> str:
    return maybe(value, key, str) or ""
