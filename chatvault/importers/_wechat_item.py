"""One message of the JSON of WeFlow, EchoTrace or CipherTalk, as records.

The type is told up to four times, and not always alike: by the XML (CipherTalk's `rawContent`), by
`appMsgType`, by a Chinese label, and by the packed number. They are believed in this order.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from chatvault.importers._fields import Malformed, maybe, number
from chatvault.importers._people import People, folded
from chatvault.importers._source import Source
from chatvault.importers._wechat import (
    APP,
    MEDIA,
    REPLY,
    is_room,
    kind_of,
    label,
    moment,
    own_id,
    placeholder,
    same_account,
    server_id,
    split_type,
    without_sender_prefix,
)
from chatvault.importers._wechat_body import (
    Body,
    absent,
    attachment,
    plain,
    record_lines,
    remote,
    rendered,
    reply,
)
from chatvault.importers._wechat_payload import Payload, payload, place
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Timestamp,
)

# The labels of all three tools; they follow the XML, so they know more than a plain number.
LABELS = {
    "文本消息": (1, 0),
    "图片消息": (3, 0),
    "语音消息": (34, 0),
    "视频消息": (43, 0),
    "动画表情": (47, 0),
    "名片消息": (42, 0),
    "位置消息": (48, 0),
    "通话消息": (50, 0),
    "文件消息": (APP, 6),
    "链接消息": (APP, 5),
    "卡片式链接": (APP, 5),
    "图文消息": (APP, 5),
    "音乐消息": (APP, 3),
    "音乐卡片": (APP, 3),
    "小程序消息": (APP, 33),
    "小程序分享": (APP, 33),
    "视频号直播卡片": (APP, 63),
    "聊天记录": (APP, 19),
    "聊天记录合并转发": (APP, 19),
    "引用消息": (APP, REPLY),
    "转账消息": (APP, 2000),
    "转账卡片": (APP, 2000),
    "红包卡片": (APP, 2001),
    "群公告": (APP, 87),
    "拍一拍消息": (APP, 62),
    "系统消息": (10000, 0),
}
_UNKNOWN = re.compile(r"未知类型\((-?[0-9]{1,18})\)")

# Read here, and found again in the record; everything else goes to `extra`.
UNDERSTOOD = frozenset({
    "localId", "createTime", "formattedTime", "content", "isSend", "senderUsername", "senderID",
    "senderDisplayName", "platformMessageId", "replyToMessageId", "quotedContent", "quotedSvrid",
    "linkTitle", "linkUrl", "appMsgDesc", "locationLat", "locationLng", "locationPoiname",
    "locationLabel", "mediaPath", "groupNickname", "senderAvatar", "senderAvatarKey",
    "chatLabType", "rawContent", "emojiCdnUrl", "emojiCaption",
})  # fmt: skip


class Transcript(msgspec.Struct):
    """What the messages of one file have in common; `seq` counts those told."""

    conversation: Conversation
    people: People
    source: Source
    base: str
    senders: Mapping[int, Mapping[str, Any]]
    seq: int = 0


def message(transcript: Transcript, item: object) -> list[Participant | Message]:
    """The message, and before it its sender if there is news of it; Malformed if it is neither."""
    if not isinstance(item, dict):
        raise Malformed(f"expected an object, found {type(item).__name__}")
    said = item.get("content")
    content = said if isinstance(said, str) else "" if said is None else _json(said)
    raw = maybe(item, "rawContent", str) or ""
    prefix: str | None = None
    if transcript.conversation.kind is ConversationKind.GROUP:
        prefix, content = without_sender_prefix(content, maybe(item, "senderUsername", str))
    base, sub, found = _type(item, raw, content)
    kind = kind_of(base, sub)
    body = _body(transcript, item, content=content, kind=kind, base=base, sub=sub, found=found)
    words, facts = _more(item, body, found)
    told_id, row = _scalar(item, "platformMessageId"), _scalar(item, "localId")
    identifier = server_id(told_id, row)
    if told_id and identifier is None and str(told_id) not in {"0", str(row)}:
        facts["platformMessageId"] = told_id
    answered = [server_id(_scalar(item, key)) for key in ("replyToMessageId", "quotedSvrid")]
    if all(answered) and answered[0] != answered[1]:
        facts["quotedSvrid"] = answered[1]
    if found is not None and found.quote is not None:
        answered.append(found.quote.id)
    files = _attachments(transcript, item, kind=kind, body=body, found=found)
    if said is not None and not isinstance(said, str):
        facts["content"] = said
    elif said and (said != content or not body.whole):
        facts |= {"content": said} if all(file.as_exported != said for file in files) else {}
    if not any(item.get("emojiCdnUrl") == file.as_exported for file in files):
        facts |= {key: item[key] for key in ("emojiCdnUrl",) if item.get(key)}
    sent_at = _time(item)
    extra = _rest(item, raw=raw, content=content, plain_text=base == 1) | facts
    # Last, because a sender that was told must not be lost with an item that is malformed.
    sender, people = _sender(transcript, item, kind, prefix)
    if sender is None:
        extra |= _leftover_names(item, transcript.conversation)
    return [
        *people,
        Message(
            id=identifier,
            conversation_id=transcript.conversation.id,
            scope=transcript.conversation.id,
            sender_id=sender,
            sent_at=sent_at,
            seq=transcript.seq,
            kind=kind,
            text=body.text,
            reply_to_id=next((one for one in answered if one), None),
            more_text=words,
            attachments=files,
            marks=body.marks or (found.marks if found else ()),
            extra=extra,
        ),
    ]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _scalar(item: dict[str, Any], key: str) -> str | int | float | None:
    """A field that the tools write as text or number, whichever they like."""
    value = item.get(key)
    if value is None or isinstance(value, str | int | float):
        return value
    raise Malformed(f"{key!r} is {type(value).__name__}, expected str or int")


def _time(item: dict[str, Any]) -> Timestamp | None:
    """createTime; the clock beside it tells the offset of the computer that exported."""
    value = _scalar(item, "createTime")
    if value is None:
        raise Malformed("no 'createTime'")
    at = moment(value)
    if at.utc_ms == 0:
        return None
    local = maybe(item, "formattedTime", str)
    try:
        clock = datetime.fromisoformat(local or "").replace(tzinfo=UTC)
    except ValueError:
        return at
    minutes = round((clock.timestamp() * 1000 - at.utc_ms) / 60_000)
    # Another day's clock is an error of the tool; zones lie within -12 and +14 hours.
    sound = minutes % 15 == 0 and -12 * 60 <= minutes <= 14 * 60
    return msgspec.structs.replace(at, offset_minutes=minutes) if sound else at


def _type(item: dict[str, Any], raw: str, content: str) -> tuple[int, int, Payload | None]:
    """Base and sub type, and what the XML says if there is any."""
    code = _scalar(item, "localType")
    try:
        packed = (0, 0) if code is None else split_type(int(number(code)))
    except (Malformed, OverflowError):
        packed = (0, 0)
    named = maybe(item, "type", str, int)
    if isinstance(named, str) and (unknown := _UNKNOWN.fullmatch(named)):
        packed = packed if packed[0] else split_type(int(unknown[1]))
    by_label = LABELS.get(named) if isinstance(named, str) else None
    if named is None and code is None:
        what = placeholder(content)
        packed = next((pair for pair in LABELS.values() if kind_of(*pair) is what), (1, 0))
    # Text that somebody typed may be XML too, and is not ours to read.
    typed = (by_label or packed) == (1, 0)
    found = None if typed else payload(raw) or payload(content)
    if found is not None and not (found.base == APP and not found.sub):
        return found.base, found.sub, found
    if item.get("appMsgKind") == "quote" or item.get("quotedContent"):
        return APP, REPLY, found
    app = _scalar(item, "appMsgType")
    if app is not None and str(app).isascii() and str(app).isdigit() and len(str(app)) < 6:
        return APP, int(app), found
    # "文件消息" is also what WeFlow and EchoTrace call stickers (8) and notes (24).
    if by_label is not None and not (by_label == (APP, 6) and packed in {(APP, 8), (APP, 24)}):
        # The number says more of the same kind: 33 or 36, 3 or 76.
        same = packed[0] and kind_of(*packed) is kind_of(*by_label) and packed != (1, 0)
        return (*(packed if same else by_label), found)
    return (*packed, found)


def _body(
    transcript: Transcript,
    item: dict[str, Any],
    *,
    content: str,
    kind: MessageKind,
    base: int,
    sub: int,
    found: Payload | None,
) -> Body:
    is_xml = found is not None and content.lstrip()[:1] == "<"
    if found is not None and (is_xml or not content):
        # What is in `content` is the XML itself: its text is what a reader sees.
        files = (absent(kind, ""),) if kind in MEDIA else ()
        return Body(text=found.text, attachments=files, marks=found.marks)
    is_reply = (base, sub) == (APP, REPLY) or bool(
        kind is MessageKind.TEXT
        and (maybe(item, "quotedContent", str) or server_id(item.get("replyToMessageId")))
    )
    if is_reply:
        return reply(content)
    if base == 1:
        return plain(content)
    return rendered(content, kind, source=transcript.source, base=transcript.base)


def _attachments(
    transcript: Transcript,
    item: dict[str, Any],
    *,
    kind: MessageKind,
    body: Body,
    found: Payload | None,
) -> tuple[Attachment, ...]:
    """The files, with what the other fields and the XML know about them."""
    files = list(body.attachments)
    path = maybe(item, "mediaPath", str)
    if path:
        what = kind if kind in MEDIA else MessageKind.FILE
        one = attachment(path, what, source=transcript.source, base=transcript.base)
        files = [one, *(file for file in files if file.path not in (None, one.path))]
    if not files:
        return ()
    first = files[0]
    address = maybe(item, "emojiCdnUrl", str) or (found.url if found else "")
    if kind is MessageKind.STICKER and address and first.state is not AttachmentState.PRESENT:
        first = remote(kind, address)
    if found is not None:
        name = first.name or found.file_name
        first = msgspec.structs.replace(
            first,
            name=name,
            stable_name=first.stable_name or (kind is MessageKind.FILE and bool(name)),
            size=found.file_size,
            duration=found.duration,
        )
    return (first, *files[1:])


def _more(
    item: dict[str, Any], body: Body, found: Payload | None
) -> tuple[tuple[str, ...], dict[str, object]]:
    """What else people search for, and what goes to `extra` in our own words."""
    facts: dict[str, object] = dict(body.facts)
    words = list(body.words)
    for key in (
        "linkTitle", "appMsgDesc", "linkUrl", "locationPoiname", "locationLabel", "emojiCaption",
        "quotedContent",
    ):  # fmt: skip
        text = maybe(item, key, str)
        if text and key == "quotedContent" and label(text) is not None:
            facts["quoted"] = text
        elif text:
            words.append(text)
    sides = [_scalar(item, key) for key in ("locationLat", "locationLng")]
    if any(side is not None for side in sides):
        facts |= place(*("" if side is None else str(side) for side in sides))
    if found is not None:
        words += found.words
        if found.url:
            words.append(found.url)
        if found.quote and found.quote.text:
            words.append(found.quote.text)
        facts |= found.facts
    told: list[str] = []
    for word in words[:100]:
        if word and word != body.text and not any(word in other for other in told):
            told.append(word)
    told += [*words[100:], *record_lines(maybe(item, "chatRecords", list) or [])]
    return tuple(dict.fromkeys(told)), facts


def _sender(
    transcript: Transcript, item: dict[str, Any], kind: MessageKind, prefix: str | None
) -> tuple[str | None, list[Participant]]:
    """Who sent it, and what is new about them; rows about the group have the group as sender."""
    row: Mapping[str, Any] = transcript.senders.get(maybe(item, "senderID", int) or 0, {})
    wxid = maybe(item, "senderUsername", str) or row.get("wxid") or prefix or ""
    name = maybe(item, "senderDisplayName", str) or ""
    conversation = transcript.conversation
    sent = str(_scalar(item, "isSend")) in {"1", "True"}
    is_direct = conversation.kind is ConversationKind.DIRECT
    if not isinstance(wxid, str) or is_room(wxid):
        wxid = ""
    if not wxid and kind is MessageKind.SYSTEM:
        return None, []
    if not wxid and sent and conversation.owner:
        wxid = conversation.owner
    elif not wxid and is_direct and not sent and not conversation.title_is_id:
        wxid = conversation.id
    elif not wxid and name:
        wxid = f"name:{folded(name)}"
    if not wxid:
        return None, []
    # EchoTrace before 1.2.0 turned the directions round: the other side of a private
    # conversation is never the owner, whatever the row says.
    is_me = same_account(wxid, conversation.owner or "") or (
        sent and not (is_direct and wxid == conversation.id)
    )
    identifier = own_id(wxid) if is_me else wxid
    nickname = maybe(item, "groupNickname", str)
    aliases = (nickname,) if nickname else ()
    picture = maybe(item, "senderAvatar", str) or ""
    extra: dict[str, object] = {"wxid": wxid} if identifier != wxid else {}
    return identifier, list(
        transcript.people.tell(
            identifier, name, aliases=aliases, is_me=is_me, extra=extra, picture=picture
        )
    )


def _leftover_names(item: dict[str, Any], conversation: Conversation) -> dict[str, object]:
    """What a row without a sender says in the sender's fields, if it is not the conversation."""
    known = ("", None, conversation.id, conversation.title)
    keys = ("senderUsername", "senderDisplayName", "groupNickname", "senderAvatar")
    return {key: item[key] for key in keys if item.get(key) not in known}


def _rest(item: dict[str, Any], *, raw: str, content: str, plain_text: bool) -> dict[str, object]:
    """The fields that nothing above has put into the record."""
    extra = {
        str(key): value
        for key, value in item.items()
        if key not in UNDERSTOOD and value not in ("", None)
    }
    if plain_text:
        extra.pop("type", None)
        extra.pop("localType", None)
    if raw and raw != content:
        extra["rawContent"] = raw
    if item.get("senderAvatarKey") not in (None, "", item.get("senderUsername")):
        extra["senderAvatarKey"] = item["senderAvatarKey"]
    return extra
