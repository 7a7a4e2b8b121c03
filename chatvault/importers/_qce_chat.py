"""Conversation, participants and messages of qq-chat-exporter, as records.

Who somebody is: the QQ number (`uin`) where an export has it, else the account's other name
(`uid`, `u_` and 22 letters). Older exports have one of them only in places, so what is learned of
both, from the statistics in front and from every sender, is used from there on.
"""

import re
from collections.abc import Iterator
from typing import Any

from chatvault.importers._clock import iso_time, zone_for
from chatvault.importers._fields import Malformed, maybe, rest
from chatvault.importers._people import PICTURE, People, folded
from chatvault.importers._qce_body import body_of
from chatvault.importers._qce_media import Place, text
from chatvault.importers._source import Told
from chatvault.importers._wechat import moment
from chatvault.model import (
    Assumption,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Record,
    Timestamp,
)

PLATFORM = "qq"
HOME = "Asia/Shanghai"
# As the tool itself counts: what people recalled or deleted leaves small gaps everywhere.
SMALL_GAP = 5

_NAMED = re.compile(
    r"(friend|group|private|temp)_(?:.+_)?(u_[A-Za-z0-9_-]{3,40}|\d{5,20})_\d{8}_\d{6}.*"
)
_NUMBER = re.compile(r"[1-9]\d{4,19}", re.ASCII)
_CHAT = frozenset({"name", "type", "selfUid", "selfUin", "selfName"})
_SENDER = frozenset({"uid", "uin", "name", "nickname", "groupCard", "remark", "avatarBase64"})
_MESSAGE = frozenset({
    "id", "messageId", "seq", "timestamp", "time", "sender", "type", "messageType", "content",
    "recalled", "isRecalled", "system", "isSystemMessage", "rawMessage",
})  # fmt: skip
_CONTENT = frozenset({"text", "html", "elements", "resources", "mentions", "reply"})

_LISTS = ("elements", "resources")  # in `content`

Table = dict[str, Any]


def table(value: object) -> Table:
    """An object, empty for everything else."""
    return value if isinstance(value, dict) else {}


class Head:
    """What stands in front of the messages; `stem` is the name of the file or folder."""

    def __init__(self, stem: str, fields: Table) -> None:
        self.stem = stem
        self.metadata = table(fields.get("metadata"))
        self.chat = table(fields.get("chatInfo"))
        senders = table(fields.get("statistics")).get("senders")
        self.senders = [table(one) for one in senders] if isinstance(senders, list) else []
        named = _NAMED.fullmatch(stem)
        self.named_kind, self.named_id = (named[1], named[2]) if named else ("", "")


class Transcript:
    """One conversation while it is read."""

    def __init__(self, head: Head, place: Place, told: Told) -> None:
        self._place = place
        self._told = told
        self._chat = head.chat
        self._numbers: dict[str, str] = {}  # uid -> uin
        for one in [*head.senders, _self(head.chat)]:
            self._learn(one)
        self._owner = self._id(_self(head.chat))
        self._conversation = self._conversation_of(head)
        self._people = People(self._conversation.id, told.me)
        self._assumed = False  # whether the zone was told
        self._seq = 0
        self._last: int | None = None
        self._gaps: list[int] = [0, 0, 0]  # how many, numbers in them, where the first begins

    def begin(self) -> Iterator[Record]:
        """What comes before its messages."""
        yield self._conversation
        if self._owner:
            name = text(self._chat.get("selfName"))
            yield from self._people.tell(self._owner, name, is_me=True, extra=self._uid(self._chat))

    def message(self, item: object) -> Iterator[Record]:
        """The records of one item; Malformed if it is no message."""
        content = maybe(item, "content", dict)
        fields = table(item)
        if content is None:
            raise Malformed("no 'content'")
        sender = table(fields.get("sender")) or _of_raw(table(fields.get("rawMessage")))
        assumption = None
        sent_at = _sent_at(fields)
        if sent_at is None and (clock := text(fields.get("time")) or text(fields.get("timestamp"))):
            sent_at, assumption = self._wall_clock(clock)
        is_notice = fields.get("system") is True or fields.get("isSystemMessage") is True
        kind = text(fields.get("type"))
        body = body_of(content, self._place, system=is_notice, kind=kind)
        extra = {**rest(item, _MESSAGE), **rest(content, _CONTENT), **body.extra}
        extra |= {
            key: one for key in _LISTS if (one := content.get(key)) and not isinstance(one, list)
        }
        if fields.get("sender") and not isinstance(fields["sender"], dict):
            extra["sender"] = fields["sender"]
        if mentions := content.get("mentions"):
            extra |= _mentions(content, mentions)
        if number := text(fields.get("seq")):
            extra["seq"] = number
        marks = list(body.marks)
        if fields.get("recalled") is True or fields.get("isRecalled") is True:
            marks.append(Mark.RECALLED)
        if assumption is not None:
            yield assumption
        self._learn(sender)
        who = self._id(sender)
        if who:
            yield from self._tell(who, sender)
        else:
            extra |= {"actor": name} if (name := text(sender.get("name"))) else {}
        identifier = text(fields.get("id")) or text(fields.get("messageId"))
        yield Message(
            id=identifier if identifier not in {"", "0"} else None,
            conversation_id=self._conversation.id,
            scope=self._conversation.id,
            sender_id=who or None,
            sent_at=sent_at,
            seq=self._seq,
            kind=body.kind,
            text=body.text,
            reply_to_id=body.reply_to,
            more_text=body.words,
            attachments=body.attachments,
            marks=tuple(dict.fromkeys(marks)),
            extra=extra,
        )
        self._seq += 1
        self._count(number, is_notice=body.kind is MessageKind.SYSTEM)

    def avatar(self, number: str, picture: object) -> Iterator[Record]:
        """The picture of somebody who was told before."""
        if isinstance(picture, str) and self._people.name(number):
            yield from self._people.tell(number, picture=picture)

    def end(self) -> Iterator[Record]:
        """What the numbers of the messages say about the export."""
        gaps, missing, first = self._gaps
        if gaps:
            yield Assumption(
                what="complete",
                value=f"{missing:,} numbers missing",
                why=f"the numbers of the messages in {self._conversation.id} have {gaps:,}"
                f" {'gap' if gaps == 1 else 'gaps'}, the first behind {first}: the tool could not"
                " fetch them, or they were deleted; export that time again",
            )

    def _conversation_of(self, head: Head) -> Conversation:
        chat = head.chat
        kind = text(chat.get("type")) or head.named_kind
        is_group = kind == "group"
        identifier = self._peer(head) if not is_group else _group(head)
        title = text(chat.get("name")) or identifier or head.stem
        extra: dict[str, object] = {
            key: value for key, value in rest(chat, _CHAT).items() if value not in (None, "")
        }
        if len(text(extra.get("avatar"))) > PICTURE:
            del extra["avatar"]
        for key, name in (("name", "generator"), ("version", "version")):
            if told := text(head.metadata.get(key)):
                extra[name] = told
        if kind == "temp":
            extra["type"] = kind
        return Conversation(
            id=identifier or f"title:{folded(title)}",
            platform=PLATFORM,
            title=title,
            kind=ConversationKind.GROUP if is_group else ConversationKind.DIRECT,
            owner=self._owner or None,
            title_is_id=not identifier,
            extra=extra,
        )

    def _peer(self, head: Head) -> str:
        """Who is on the other side, by number if anything tells it: 5 knows only the uid."""
        uid = text(head.chat.get("peerUid"))
        uin = text(head.chat.get("peerUin"))
        named = head.named_id
        if not uid and named.startswith("u_"):
            uid = named
        for number in (uin, self._numbers.get(uid, ""), uid, named):
            if _NUMBER.fullmatch(number):
                return number
        if uid:
            return uid
        others = {self._id(one) for one in head.senders} - {"", self._owner}
        return others.pop() if self._owner and len(others) == 1 else ""

    def _learn(self, sender: Table) -> None:
        uid, uin = text(sender.get("uid")), text(sender.get("uin"))
        if uid and _NUMBER.fullmatch(uin):
            self._numbers.setdefault(uid, uin)

    def _id(self, sender: Table) -> str:
        uin, uid = text(sender.get("uin")), text(sender.get("uid"))
        return uin if _NUMBER.fullmatch(uin) else self._numbers.get(uid, uid)

    def _uid(self, chat: Table) -> dict[str, object]:
        uid = text(chat.get("selfUid"))
        return {"uid": uid} if uid and uid != self._owner else {}

    def _tell(self, who: str, sender: Table) -> Iterator[Record]:
        extra = {key: one for key, one in rest(sender, _SENDER).items() if one not in (None, "")}
        for key in ("uid", "uin"):
            if (told := text(sender.get(key))) and told != who:
                extra[key] = told
        aliases = tuple(text(sender.get(key)) for key in ("nickname", "groupCard", "remark"))
        yield from self._people.tell(
            who,
            text(sender.get("name")),
            aliases=aliases,
            is_me=who == self._owner,
            extra=extra,
            picture=text(sender.get("avatarBase64")),
        )

    def _wall_clock(self, clock: str) -> tuple[Timestamp, Assumption | None]:
        """The time of a message that has only the clock of the computer that exported it."""
        zone, assumption = zone_for(self._told, HOME)
        found = iso_time(clock.replace("/", "-"), zone)
        if self._assumed:
            assumption = None
        self._assumed = True
        return found, assumption

    def _count(self, number: str, *, is_notice: bool) -> None:
        """Look for gaps: only in groups do the numbers of messages follow each other."""
        group = self._conversation.kind is ConversationKind.GROUP
        if is_notice or not group or not number.isdecimal() or len(number) > 18:
            return
        now, last = int(number), self._last
        self._last = now if last is None else max(now, last)
        if last is not None and now - last > SMALL_GAP:
            gaps, missing, first = self._gaps
            self._gaps = [gaps + 1, missing + now - last - 1, first or last]


def _self(chat: Table) -> Table:
    return {"uid": chat.get("selfUid"), "uin": chat.get("selfUin")}


def _group(head: Head) -> str:
    numbers = (text(head.chat.get(key)) for key in ("peerUin", "peerUid"))
    return next((one for one in (*numbers, head.named_id) if _NUMBER.fullmatch(one)), "")


def _of_raw(raw: Table) -> Table:
    """The sender in exports of 4.1 and before."""
    found = {
        "uid": raw.get("senderUid"),
        "uin": raw.get("senderUin"),
        "name": raw.get("sendMemberName") or raw.get("sendNickName"),
        "nickname": raw.get("sendNickName"),
    }
    return {key: value for key, value in found.items() if value}


def _sent_at(fields: Table) -> Timestamp | None:
    """The time in seconds or milliseconds; None where there is none, as in JSONL of 5.0.10."""
    value = fields.get("timestamp")
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not value:
        return None
    if isinstance(value, str) and not value.lstrip("-").replace(".", "", 1).isdecimal():
        return None
    found = moment(value)
    return found if found.utc_ms else None


def _mentions(content: Table, mentions: object) -> Table:
    """Who is mentioned, unless the elements say the same."""
    elements = content.get("elements")
    told = isinstance(elements, list) and any(table(one).get("type") == "at" for one in elements)
    return {} if told else {"mentions": mentions}
