"""One message as the page, text or list of a tool shows it, told as records.

    yield from told(Said(at=at, kind=kind, body=body, name="小满", mine=False), transcript)

Tools that wrote pages and texts say who spoke in different ways: by an id, by a name, by the side
of the screen. Here it becomes one sender, the same whichever tool it was.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from chatvault.importers._fields import Malformed
from chatvault.importers._people import folded
from chatvault.importers._source import Source
from chatvault.importers._wechat import (
    WORDS,
    cut_quote,
    is_media_path,
    is_room,
    label,
    moment,
    own_id,
    placeholder,
    same_account,
)
from chatvault.importers._wechat_body import Body, plain, rendered, reply
from chatvault.importers._wechat_rows import Transcript, looks_like_id, name_id
from chatvault.model import (
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Timestamp,
)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message before it is told; `mine` is None where the form does not show whose it is."""

    at: Timestamp | None
    kind: MessageKind
    body: Body
    name: str = ""
    wxid: str = ""
    mine: bool | None = None
    id: str | None = None
    scope: str = ""  # of the id, where it is none of the server
    reply_to: str | None = None
    aliases: tuple[str, ...] = ()
    avatar: str = ""  # where its picture is
    extra: dict[str, object] = {}


def told(said: Said, talk: Transcript) -> Iterator[Participant | Message]:
    """The sender, if there is news of them, and the message."""
    sender_id = None
    extra = dict(said.extra)
    who = "" if said.kind is MessageKind.SYSTEM else _sender(said, talk)
    if who:
        sender_id = who
        mine = bool(said.mine) or same_account(who, talk.place.owner or "")
        about: dict[str, object] = {"avatar": said.avatar} if said.avatar else {}
        if said.wxid and said.wxid != who:
            about["wxid"] = said.wxid
        name = said.name
        if not name and not talk.people.name(who):
            if who == talk.place.id:
                name = talk.place.title
            elif who.startswith("name:"):
                name = talk.me if said.mine else talk.place.title
        yield from talk.people.tell(who, name, aliases=said.aliases, is_me=mine, extra=about)
    else:
        names = [one for one in (said.name, said.wxid, *said.aliases) if one]
        known = {talk.place.id, talk.place.title}
        if others := [one for one in dict.fromkeys(names) if one not in known]:
            extra["sender"] = others
    body = said.body
    words = [word for word in dict.fromkeys(body.words) if word and word != body.text]
    yield Message(
        id=said.id,
        conversation_id=talk.place.id,
        sender_id=sender_id,
        sent_at=said.at,
        seq=talk.next_seq(),
        kind=said.kind,
        text=body.text,
        scope=said.scope or talk.place.id,
        reply_to_id=said.reply_to,
        more_text=tuple(words),
        attachments=body.attachments,
        marks=body.marks,
        extra=extra | body.facts,
    )


def _sender(said: Said, talk: Transcript) -> str:
    """The id of who said it, as good as the form knows it."""
    place = talk.place
    owner = place.owner or (talk.me if looks_like_id(talk.me) else "")
    direct = place.kind is ConversationKind.DIRECT
    if said.wxid and not is_room(said.wxid):
        mine = said.mine or same_account(said.wxid, owner)
        return own_id(said.wxid) if mine else said.wxid
    if said.mine:
        return owner or name_id(said.name or talk.me)
    if direct and not place.title_is_id:
        names = {folded(place.title), folded(talk.people.name(place.id))}
        if said.mine is False or folded(said.name) in names:
            return place.id
    name = said.name or (place.title if direct and said.mine is False else "")
    return name_id(name) if name else ""


def clocked(value: str | int | float, local: str = "") -> Timestamp | None:
    """A time in seconds; the clock beside it tells how far from UTC the computer was.

    None for 0, which tools write where they know no time.
    """
    at = moment(value)
    if at.utc_ms == 0:
        return None
    try:
        clock = datetime.fromisoformat(local.strip()).replace(tzinfo=UTC)
    except ValueError:
        return at
    seconds = clock.timestamp() - at.utc_ms // 1000
    # No zone is any other number of minutes from UTC; such a clock lost its seconds, or is wrong.
    sound = seconds % 900 == 0 and -12 * 3600 <= seconds <= 14 * 3600
    return msgspec.structs.replace(at, offset_minutes=int(seconds // 60)) if sound else at


# Words that tools put before what they know of a message; the others stand alone or are no sign.
_BEFORE = frozenset({
    "文件", "链接", "位置", "小程序", "音乐", "视频号", "视频号直播", "聊天记录", "转账", "红包",
    "微信红包", "名片", "个人名片", "视频通话", "语音通话", "通话", "群公告", "卡片式链接", "接龙",
})  # fmt: skip
_FOLDERS = {
    "image": MessageKind.IMAGE,
    "voice": MessageKind.VOICE,
    "video": MessageKind.VIDEO,
    "emoji": MessageKind.STICKER,
    "file": MessageKind.FILE,
}
_FOLDER = re.compile(r"(?:^|[\\/])(image|voice|video|emoji|file)s?[\\/]")


def shown(content: str, *, source: Source, base: str) -> tuple[MessageKind, Body]:
    """Kind and body of what a text shows, where nothing else says what a message is.

    `base` is the folder of the text. A word counts where it is all there is, or where tools put it
    before what it announces; all of it is kept in `extra` then.
    """
    if is_media_path(content):
        folder = list(_FOLDER.finditer(content))
        kind = _FOLDERS[folder[-1][1]] if folder else MessageKind.FILE
        return kind, rendered(content, kind, source=source, base=base)
    if (alone := placeholder(content)) is not None:
        return alone, _kept(rendered(content.strip(), alone, source=source, base=base), content)
    if (found := label(content)) is not None and found[0] in _BEFORE:
        kind = WORDS[found[0]]
        return kind, _kept(rendered(content, kind, source=source, base=base), content)
    if cut_quote(content) is not None:
        return MessageKind.TEXT, _kept(reply(content), content)
    return MessageKind.TEXT, plain(content)


def _kept(body: Body, content: str) -> Body:
    """With the content as it was written, if the body does not have it whole."""
    if body.whole or any(one.as_exported == content for one in body.attachments):
        return body
    return msgspec.structs.replace(body, facts={**body.facts, "content": content})


def text_of(value: object, key: str) -> str:
    """A field that tools write as text, number or null; Malformed for anything else."""
    found = value.get(key) if isinstance(value, dict) else None
    if found is None or isinstance(found, bool):
        return ""
    if isinstance(found, str | int | float):
        return str(found)
    raise Malformed(f"{key!r} is {type(found).__name__}, expected str or int")
