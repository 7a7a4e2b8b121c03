"""What all exports of WeChat share: ids, type codes, and the words that exporters put for media.

One message as WeFlow, EchoTrace, MemoTrace and ChatLab files carry it, in different fields: a
packed type `244813135921` (sub type 57 in the high 32 bits, base 49 in the low), a sender
`wxid_lin0demo`, a server id `7300000000000000003`, a text `Nice![引用 小满：[图片]]`.
"""

import re

import msgspec

from chatvault.importers._fields import unix_time
from chatvault.model import Mark, MessageKind, Precision, Timestamp

PLATFORM = "wechat"

APP = 49  # base code of app messages, whose kind the sub type tells

BASES = {
    1: MessageKind.TEXT,
    3: MessageKind.IMAGE,
    34: MessageKind.VOICE,
    37: MessageKind.SYSTEM,
    40: MessageKind.SYSTEM,
    42: MessageKind.CONTACT,
    43: MessageKind.VIDEO,
    47: MessageKind.STICKER,
    48: MessageKind.LOCATION,
    50: MessageKind.CALL,
    51: MessageKind.SYSTEM,
    52: MessageKind.SYSTEM,
    53: MessageKind.SYSTEM,
    62: MessageKind.VIDEO,
    64: MessageKind.SYSTEM,
    65: MessageKind.CONTACT,
    66: MessageKind.CONTACT,
    9999: MessageKind.SYSTEM,
    10000: MessageKind.SYSTEM,
    10002: MessageKind.SYSTEM,
}

SUBS = {
    1: MessageKind.TEXT,
    2: MessageKind.IMAGE,
    6: MessageKind.FILE,
    8: MessageKind.STICKER,
    17: MessageKind.LOCATION,
    19: MessageKind.FORWARD,
    24: MessageKind.FORWARD,  # a note: a bundle of texts and media
    53: MessageKind.TEXT,  # a list that everybody in a group adds a line to
    57: MessageKind.TEXT,  # a reply
    62: MessageKind.SYSTEM,  # a pat
    74: MessageKind.FILE,
    87: MessageKind.SYSTEM,  # a group announcement
    2000: MessageKind.TRANSFER,
    2001: MessageKind.RED_PACKET,
    2003: MessageKind.RED_PACKET,
} | dict.fromkeys(
    # music, links, games, coupons, goods, mini programs, favourites, channels and live
    (3, 4, 5, 7, 10, 13, 15, 16, 33, 36, 40, 49, 50, 51, 63, 68, 76, 88, 92),
    MessageKind.LINK,
)

REPLY = 57

# Old exports from Android carry the app's own 32-bit number, one per sub type.
_ANDROID = {
    822083633: REPLY,
    1090519089: 6,
    436207665: 2001,
    419430449: 2000,
    1040187441: 3,
    922746929: 62,
    1048625: 8,
    16777265: 1,
    -1879048186: 17,
}


def split_type(code: int) -> tuple[int, int]:
    """Base type and sub type (0 where the number has none) of any generation's type number."""
    if code in _ANDROID:
        return APP, _ANDROID[code]
    if code >= 1 << 32:
        return code & 0xFFFFFFFF, code >> 32
    low = code & 0xFFFF
    return (low, 0) if code not in BASES and low in {APP, 10000} else (code, 0)


def kind_of(base: int, sub: int = 0) -> MessageKind:
    """What a message of this type is; OTHER for a type we do not know."""
    if base == APP:
        return SUBS.get(sub, MessageKind.OTHER)
    return BASES.get(base, MessageKind.OTHER)


# Ids


def is_room(identifier: str) -> bool:
    """Whether this is the id of a group."""
    return identifier.endswith("@chatroom")


_NO_ID = re.compile(r"\s*(?:[+-]?0*|[+-]?[0-9.,]+[eE]\+?[0-9]+)\s*")
_ACCOUNT_FOLDER = re.compile(r"(wxid_[0-9A-Za-z]+)_[0-9A-Za-z]{4}")


def server_id(value: object, row: object = None) -> str | None:
    """The id that WeChat's server gave a message, None where an export has none.

    0 stands for none, `7.43727E+18` is what a spreadsheet left of one, and CipherTalk writes the
    `row` of its own table where there is none.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    if _NO_ID.fullmatch(text) or (row is not None and text == str(row)):
        return None
    return text


def own_id(identifier: str) -> str:
    """The account's id; WeChat 4 names its folder `<id>_<4 characters>`, which exporters copy."""
    folder = _ACCOUNT_FOLDER.fullmatch(identifier)
    return folder.group(1) if folder else identifier


def same_account(one: str, other: str) -> bool:
    """Whether two ids mean one account, with or without the suffix of its folder."""
    return bool(one) and bool(other) and own_id(one) == own_id(other)


_SENDER_PREFIX = re.compile(r"([^\s:]{1,128}):[ \t]*\r?\n")


def without_sender_prefix(text: str, sender: str | None = None) -> tuple[str | None, str]:
    """Sender and text of a group message that still begins with `wxid_x:` and a new line.

    Nothing is cut from what may be somebody's own words, such as `Note:` and a new line.
    """
    found = _SENDER_PREFIX.match(text)
    if found is None:
        return None, text
    name, body = found.group(1), text[found.end() :]
    looks_like_id = name.startswith("wxid_") or "@" in name
    if name == sender or looks_like_id or body.lstrip().startswith(("<msg", "<?xml", "<sysmsg")):
        return name, body
    return None, text


def moment(value: str | int | float) -> Timestamp:
    """A time in seconds or milliseconds since 1970; WeChat has no more than whole seconds."""
    at = unix_time(value)
    if at.precision is Precision.MILLISECOND and at.utc_ms % 1000 == 0:
        return msgspec.structs.replace(at, precision=Precision.SECOND)
    return at


# Words that exporters write

WORDS = {
    "图片": MessageKind.IMAGE,
    "语音": MessageKind.VOICE,
    "语音消息": MessageKind.VOICE,
    "视频": MessageKind.VIDEO,
    "小视频": MessageKind.VIDEO,
    "动画表情": MessageKind.STICKER,
    "表情包": MessageKind.STICKER,
    "表情": MessageKind.STICKER,
    "文件": MessageKind.FILE,
    "名片": MessageKind.CONTACT,
    "个人名片": MessageKind.CONTACT,
    "位置": MessageKind.LOCATION,
    "位置共享": MessageKind.LOCATION,
    "链接": MessageKind.LINK,
    "卡片式链接": MessageKind.LINK,
    "小程序": MessageKind.LINK,
    "音乐": MessageKind.LINK,
    "视频号": MessageKind.LINK,
    "视频号直播": MessageKind.LINK,
    "聊天记录": MessageKind.FORWARD,
    "笔记": MessageKind.FORWARD,
    "转账": MessageKind.TRANSFER,
    "红包": MessageKind.RED_PACKET,
    "微信红包": MessageKind.RED_PACKET,
    "群公告": MessageKind.SYSTEM,
    "拍一拍": MessageKind.SYSTEM,
    "接龙": MessageKind.TEXT,
    "视频通话": MessageKind.CALL,
    "语音通话": MessageKind.CALL,
    "通话": MessageKind.CALL,
    "音视频通话": MessageKind.CALL,
}

MEDIA = frozenset({
    MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.VOICE, MessageKind.AUDIO,
    MessageKind.ANIMATION, MessageKind.STICKER, MessageKind.FILE, MessageKind.MEDIA,
})  # fmt: skip

_LABEL = re.compile(r"[\[【]([^\[\]【】\n]{1,16}?)(?: - [^\[\]【】\n]{1,32})?[\]】][ \t]*")


def label(text: str) -> tuple[str, str] | None:
    """The word in brackets that an exporter put first, and what follows; None if there is none.

    `[文件] plan.pdf` gives `文件` and `plan.pdf`. A user can type the same: ask only for messages
    whose type says that they are no plain text.
    """
    found = _LABEL.match(text)
    if found is None or found.group(1) not in WORDS:
        return None
    return found.group(1), text[found.end() :]


def placeholder(text: str) -> MessageKind | None:
    """What a text stands for that is nothing but such a word; None for any other text."""
    found = label(text.strip())
    return WORDS[found[0]] if found is not None and not found[1] else None


_REFERENCE = re.compile(
    r"(?:\.{1,2}[\\/])*(?:media|images?|voices?|videos?|emojis?|files?|texts)[\\/][^\r\n]+"
)


def is_media_path(text: str) -> bool:
    """Whether the whole text is the path of a file in one of the folders that exporters make."""
    return len(text) <= 1024 and _REFERENCE.fullmatch(text) is not None


_QUOTE = "[引用"


def cut_quote(text: str) -> tuple[str, str, str] | None:
    """Text, name and quoted text of `text[引用 name：quoted]`; None where there is no quote."""
    if not text.endswith("]") or _QUOTE not in text:
        return None
    start = _opening(text)
    if not text.startswith(_QUOTE, start):
        # Somebody quoted half a bracket: the first quote is where the reply ends.
        start = text.find(_QUOTE)
    inside = text[start + len(_QUOTE) : -1].strip(" ")
    name, colon, quoted = inside.partition("：")
    return (text[:start], name.strip(), quoted) if colon else (text[:start], "", inside)


def _opening(text: str) -> int:
    """Where the bracket opens that the text's last character closes; 0 if nowhere."""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        if text[at] == "]":
            depth += 1
        elif text[at] == "[":
            depth -= 1
            if depth == 0:
                return at
    return 0


_RECALLED = re.compile(r"撤回了(?:一条|成员|群成员)|recalled a message", re.IGNORECASE)


def notice_marks(text: str) -> tuple[Mark, ...]:
    """RECALLED for a notice that says so: it stands where the message was."""
    return (Mark.RECALLED,) if len(text) <= 512 and _RECALLED.search(text) else ()
