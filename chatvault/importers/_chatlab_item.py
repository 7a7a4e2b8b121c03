"""Conversation, members and messages of the ChatLab format, as records.

The format has no ids for private conversations, and files that WeFlow wrote do not say whose
account it is: both follow from who is who among the members. What is WeChat's about a message is
read by the same code as in WeFlow's own JSON, so that both give equal records.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from chatvault.importers._chatlab_parts import Head, Member, Post
from chatvault.importers._fields import Malformed, loose_table, loose_text, maybe, rest
from chatvault.importers._people import PICTURE, People, folded
from chatvault.importers._source import Source
from chatvault.importers._wechat import (
    MEDIA,
    PLATFORM,
    WORDS,
    is_room,
    kind_of,
    label,
    moment,
    notice_marks,
    own_id,
    same_account,
    server_id,
    without_sender_prefix,
)
from chatvault.importers._wechat_body import Body, plain, record_lines, rendered, reply
from chatvault.importers._wechat_payload import payload
from chatvault.model import (
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
)

TYPES = {
    0: MessageKind.TEXT,
    1: MessageKind.IMAGE,
    2: MessageKind.VOICE,
    3: MessageKind.VIDEO,
    4: MessageKind.FILE,
    5: MessageKind.STICKER,
    7: MessageKind.LINK,
    8: MessageKind.LOCATION,
    20: MessageKind.RED_PACKET,
    21: MessageKind.TRANSFER,
    22: MessageKind.SYSTEM,
    23: MessageKind.CALL,
    24: MessageKind.LINK,
    25: MessageKind.TEXT,
    26: MessageKind.FORWARD,
    27: MessageKind.CONTACT,
    80: MessageKind.SYSTEM,
    81: MessageKind.SYSTEM,
    99: MessageKind.OTHER,
}
LINK, SHARE, REPLY, NOTICE, RECALL, OTHER = 7, 24, 25, 80, 81, 99

# WeFlow 5.0.0 writes forwarded bundles and unknown cards as 7, transfers as 99, pats as 7 or 80.
_VAGUE = frozenset({LINK, SHARE, OTHER})
_PAT = re.compile(r'["“]?.{1,64}?["”]? ?拍了拍')

_PLATFORMS = {"weixin": PLATFORM, "微信": PLATFORM, "wx": PLATFORM}


class Transcript(msgspec.Struct):
    """What the messages of one transcript have in common; `seq` counts those told."""

    conversation: Conversation
    people: People
    source: Source
    base: str
    peer: str | None = None
    seq: int = 0


class Place(msgspec.Struct, frozen=True):
    """A conversation, and who is on the other side of it if it is private."""

    conversation: Conversation
    peer: str | None


def conversation_of(
    source: Source,
    name: str,
    head: dict[str, Any],
    *,
    members: list[object],
    ahead: Callable[[], Iterable[Head | Member | Post]],
) -> Place:
    """The conversation of a header; reads `ahead` only where header and members do not tell."""
    meta = loose_table(head, "meta")
    if not meta:  # it stands behind the messages, or is lost
        for part in ahead():
            if isinstance(part, Head):
                head, meta = part.value, loose_table(part.value, "meta")
    platform = " ".join(loose_text(meta, "platform").casefold().split()) or "chatlab"
    platform = _PLATFORMS.get(platform, platform)
    room, owner = loose_text(meta, "groupId"), loose_text(meta, "ownerId")
    title = loose_text(meta, "name")
    is_group = loose_text(meta, "type") == "group" or bool(room)
    peer = None
    if not is_group:
        who = _People(source, owner, title)
        who.add(members)
        peer = who.peer() or who.peer_ahead(ahead)
    identifier = room or peer or ""
    title = title or identifier or name.rpartition("/")[2].rpartition(".")[0] or name
    extra: dict[str, object] = {
        key: value for key, value in meta.items() if key not in _META and value not in ("", None)
    }
    if (picture := meta.get("groupAvatar")) and len(str(picture)) <= PICTURE:
        extra["avatar"] = picture
    if meta.get("platform") not in ("", None, platform):
        extra["platform"] = meta["platform"]
    about = loose_table(head, "chatlab")
    extra |= {key: value for key, value in about.items() if key != "exportedAt"}
    for key, value in head.items():
        if key not in {"chatlab", "meta", "_type"}:
            extra[key] = value
    return Place(
        conversation=Conversation(
            id=identifier or f"title:{folded(title)}",
            platform=platform,
            title=title,
            kind=ConversationKind.GROUP if is_group else ConversationKind.DIRECT,
            owner=(own_id(owner) if platform == PLATFORM else owner) or None,
            title_is_id=not identifier,
            extra=extra,
        ),
        peer=peer,
    )


_META = frozenset({"name", "platform", "type", "groupId", "groupAvatar", "ownerId"})


class _People:
    """Who is in a private conversation, to find out which of them is the other side."""

    def __init__(self, source: Source, owner: str, title: str) -> None:
        self._owner = owner
        self._me = source.told.me
        self._title = folded(title)
        self._names: dict[str, set[str]] = {}

    def add(self, members: Iterable[object]) -> None:
        for member in members:
            if isinstance(member, dict) and (who := loose_text(member, "platformId")):
                names = [loose_text(member, "accountName"), loose_text(member, "groupNickname")]
                aliases = member.get("aliases")
                names += [str(one) for one in aliases] if isinstance(aliases, list) else []
                self._names.setdefault(who, set()).update(folded(one) for one in names if one)

    def peer(self) -> str | None:
        """The only one besides a known owner, or the only one whose name is the title."""
        others = [who for who in self._names if not self._is_owner(who)]
        if len(others) == 1 and (self._owner or len(self._names) > 1):
            return others[0]
        titled = [who for who in others if self._title in {folded(who), *self._names[who]}]
        # WeFlow adds the names of forwarded people as members whose id is their name.
        real = [who for who in titled if folded(who) not in self._names[who]] or titled
        return real[0] if len(real) == 1 else None

    def peer_ahead(self, ahead: Callable[[], Iterable[Head | Member | Post]]) -> str | None:
        """The same with everybody who writes, for members may be left out or come last."""
        self._names.clear()
        for part in ahead():
            if isinstance(part, Member):
                self.add([part.value])
                continue
            item = part.value
            if isinstance(part, Head) or not isinstance(item, dict) or len(self._names) >= 64:
                continue
            if TYPES.get(_code(item)) is not MessageKind.SYSTEM:
                self.add([{**item, "platformId": item.get("sender")}])
        return self.peer()

    def _is_owner(self, who: str) -> bool:
        names = {who, *self._names[who]}
        return same_account(who, self._owner) or (
            self._me is not None and bool({self._me, folded(self._me)} & names)
        )


def members_of(transcript: Transcript, members: Iterable[object]) -> Iterator[Participant]:
    """Tell the members; not those whom WeFlow made of a name in a forwarded bundle."""
    owner = transcript.conversation.owner or ""
    for member in members:
        if not isinstance(member, dict) or not (who := loose_text(member, "platformId")):
            continue
        name, nickname = loose_text(member, "accountName"), loose_text(member, "groupNickname")
        more = rest(member, _MEMBER)
        found = member.get("aliases")
        aliases = tuple(str(one) for one in found) if isinstance(found, list) else ()
        only_a_name = name in ("", who) and not nickname and not aliases and not more
        if transcript.conversation.platform == PLATFORM and (is_room(who) or only_a_name):
            continue  # told when it writes something itself
        picture = loose_text(member, "avatar")
        identifier = own_id(who) if same_account(who, owner) else who
        yield from transcript.people.tell(
            identifier,
            transcript.people.name(identifier) or name,
            aliases=(name, nickname, *aliases),
            is_me=same_account(who, owner),
            extra=more,
            picture=picture,
        )


_MEMBER = frozenset({
    "_type", "platformId", "accountName", "groupNickname", "aliases", "avatar",
})  # fmt: skip

_UNDERSTOOD = frozenset({
    "_type", "sender", "accountName", "groupNickname", "timestamp", "type", "content",
    "platformMessageId", "replyToMessageId",
})  # fmt: skip


def message(transcript: Transcript, item: object) -> list[Participant | Message]:
    """The message, and before it its sender if there is news of it; Malformed if it is neither."""
    if not isinstance(item, dict):
        raise Malformed(f"expected an object, found {type(item).__name__}")
    said = item.get("content")
    content = said if isinstance(said, str) else ""
    if said is not None and not isinstance(said, str):
        content = msgspec.json.encode(said).decode()
    is_wechat = transcript.conversation.platform == PLATFORM
    if is_wechat and transcript.conversation.kind is ConversationKind.GROUP:
        _, content = without_sender_prefix(content, loose_text(item, "sender"))
    code = maybe(item, "type", int, str)
    number = _code(item)
    kind = TYPES.get(number, MessageKind.OTHER if code is not None else MessageKind.TEXT)
    answered = server_id(maybe(item, "replyToMessageId", str, int))
    extra = rest(item, _UNDERSTOOD)
    if number and code is not None:
        extra["type"] = code
    if is_wechat:
        kind = _precise(content, kind, number)
        body = _wechat_body(transcript, content, kind, number, is_reply=answered is not None)
    else:
        body = _other_body(transcript, content, kind)
    elsewhere = (body.text, *(file.as_exported for file in body.attachments), "", None)
    if said not in elsewhere:
        extra["content"] = said
    told_id = maybe(item, "platformMessageId", str, int)
    identifier = server_id(told_id)
    if told_id and identifier is None and str(told_id) != "0":
        extra["platformMessageId"] = told_id
    records = maybe(item, "chatRecords", list) or []
    words = dict.fromkeys([*body.words, *record_lines(records)])
    stamp = item.get("timestamp")
    if isinstance(stamp, bool) or not isinstance(stamp, str | int | float):
        raise Malformed("no 'timestamp'" if stamp is None else "'timestamp' is no number")
    at = moment(stamp)
    marks = body.marks or ((Mark.RECALLED,) if number == RECALL else ())
    # Last, because a sender that was told must not be lost with an item that is malformed.
    sender, people = _sender(transcript, item, kind)
    if sender is None:
        known = ("", None, transcript.conversation.id, transcript.conversation.title)
        names = ("sender", "accountName", "groupNickname")
        extra |= {key: item[key] for key in names if item.get(key) not in known}
    return [
        *people,
        Message(
            id=identifier,
            conversation_id=transcript.conversation.id,
            scope=transcript.conversation.id,
            sender_id=sender,
            sent_at=at if at.utc_ms else None,
            seq=transcript.seq,
            kind=kind,
            text=body.text,
            reply_to_id=answered,
            more_text=tuple(word for word in words if word and word != body.text),
            attachments=body.attachments,
            marks=marks,
            extra=extra | body.facts,
        ),
    ]


def _code(item: dict[str, Any]) -> int:
    """The type's number; -1 where there is none."""
    text = loose_text(item, "type")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def _precise(content: str, kind: MessageKind, number: int) -> MessageKind:
    """The kind that WeFlow's numbers lose, from the word its content begins with."""
    if number not in _VAGUE:
        return kind
    if (found := payload(content)) is not None:
        return kind_of(found.base, found.sub)
    if (named := label(content)) is not None:
        return WORDS[named[0]]
    return MessageKind.SYSTEM if _PAT.match(content) else kind


def _wechat_body(
    transcript: Transcript, content: str, kind: MessageKind, number: int, *, is_reply: bool
) -> Body:
    if kind is MessageKind.TEXT and (number == REPLY or is_reply):
        return reply(content)
    if number in (0, -1):
        return plain(content)
    found = payload(content)
    if found is not None:
        words = (*found.words, found.url) if found.url else found.words
        body = rendered("", kind, source=transcript.source, base=transcript.base)
        return msgspec.structs.replace(
            body, text=found.text, words=words, marks=found.marks, facts=found.facts, whole=False
        )
    return rendered(content, kind, source=transcript.source, base=transcript.base)


def _other_body(transcript: Transcript, content: str, kind: MessageKind) -> Body:
    """On other platforms a link, a place or a call is what somebody wrote, or nothing."""
    if kind in MEDIA:
        return rendered(content, kind, source=transcript.source, base=transcript.base)
    marks = notice_marks(content) if kind is MessageKind.SYSTEM else ()
    return Body(text=content, marks=marks, whole=True)


def _sender(
    transcript: Transcript, item: dict[str, Any], kind: MessageKind
) -> tuple[str | None, list[Participant]]:
    conversation = transcript.conversation
    who, name = loose_text(item, "sender"), loose_text(item, "accountName")
    is_about_room = conversation.kind is ConversationKind.GROUP and who == conversation.id
    if is_about_room or (conversation.platform == PLATFORM and is_room(who)):
        return None, []
    is_notice = kind is MessageKind.SYSTEM and _code(item) in {NOTICE, RECALL}
    if not who and name and not is_notice:
        is_peer = transcript.peer is not None and name == transcript.people.name(transcript.peer)
        who = transcript.peer if is_peer and transcript.peer else f"name:{folded(name)}"
    if not who:
        return None, []
    # In a private conversation whoever is not the other side is the owner.
    only_two = (
        transcript.peer is not None and not conversation.owner and not who.startswith("name:")
    )
    is_me = same_account(who, conversation.owner or "") or (
        only_two and who != transcript.peer and not is_notice
    )
    identifier = own_id(who) if is_me and conversation.platform == PLATFORM else who
    extra: dict[str, object] = {"wxid": who} if identifier != who else {}
    nickname = loose_text(item, "groupNickname")
    aliases = (nickname,) if nickname else ()
    return identifier, list(
        transcript.people.tell(identifier, name, aliases=aliases, is_me=is_me, extra=extra)
    )
