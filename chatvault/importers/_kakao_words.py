"""What KakaoTalk writes in place of things that are no text, in Korean and English.

Tables only. The wording is that of public parsers of these exports (2015 to 2026); a phrase counts
as a whole body and nothing else. What is not in here stays text.
"""

import re

from chatvault.model import MessageKind

# Bare on computers and iPhones, in angle brackets on Android, in parentheses on a Mac.
MEDIA = {
    phrase: kind
    for kind, phrases in {
        MessageKind.IMAGE: "사진 · photo · photos · picture",
        MessageKind.VIDEO: "동영상 · video · videos",
        MessageKind.STICKER: "이모티콘 · emoticon · emoticons · sticker",
        MessageKind.VOICE: "음성메시지 · 음성 메시지 · voice message · voice note",
        MessageKind.FILE: "파일 · file",
    }.items()
    for phrase in phrases.split(" · ")
}
NEVER_LOADED = frozenset({"사진 읽지 않음", "동영상 읽지 않음"})
# `사진 3장`, `Photos 3`, `3 photos`
SEVERAL = re.compile(
    r"(?:(?P<ko>사진|동영상) (?P<n>\d{1,3})[장개]|(?P<en>photos?|videos?) (?P<m>\d{1,3})"
    r"|(?P<o>\d{1,3}) (?P<last>photos|videos))",
    re.IGNORECASE,
)
STICKERS = ("(이모티콘)", "(emoticon)", "(emoticons)")

# A word, a colon, and what is meant.
TITLED = {
    word: (kind, what)
    for (kind, what), words in {
        (MessageKind.FILE, "file"): "파일 · file",
        (MessageKind.LOCATION, "location"): "지도 · 위치 · location · map",
        (MessageKind.CONTACT, "contact"): "연락처 · contact",
        (MessageKind.POLL, "poll"): "투표 · poll",
        (MessageKind.LINK, "search"): "샵검색",
    }.items()
    for word in words.split(" · ")
}
DELETED = frozenset({
    "삭제된 메시지입니다", "이 메시지는 삭제되었습니다", "this message was deleted",
    "this message has been deleted", "deleted message",
})  # fmt: skip
POLL = "투표"

CALL = re.compile(
    r"(?:보이스톡|페이스톡|그룹 ?보이스톡|그룹 ?페이스톡|그룹콜|라이브톡|voice ?call|face ?talk"
    r"|voice ?talk|free ?call|video ?call|live ?talk)"
    r"(?: ?(?P<how>해요|취소|부재중|응답 없음|종료|시작|거절|canceled|cancelled|missed|no answer"
    r"|ended|started|declined))?(?: ?(?P<time>\d{1,3}(?::\d{2}){1,2}))?",
    re.IGNORECASE,
)
CALL_EVENTS = {
    "취소": "cancelled_call", "canceled": "cancelled_call", "cancelled": "cancelled_call",
    "부재중": "missed_call", "missed": "missed_call",
    "응답 없음": "unanswered_call", "no answer": "unanswered_call",
    "거절": "declined_call", "declined": "declined_call",
}  # fmt: skip

EVENTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (event, re.compile(rf"(?:{pattern})\.?"))
    for event, pattern in (
        ("removed", r"(.{1,64}?)님이 .{1,64}님을 내보냈습니다|(.{1,64}?)님을 내보냈습니다"
         r"|(.{1,64}?) (?:was|has been) removed from this chatroom"),
        ("invited", r"(.{1,64}?)님이 .{1,1000}님을 초대(?:했|하였)습니다"
         r"|(.{1,64}?) invited .{1,1000}"),
        ("joined", r"(.{1,300}?)님이 (?:들어왔습니다|들어오셨습니다|입장했습니다|입장하셨습니다)"
         r"|(.{1,64}?) (?:has )?joined this chatroom"),
        ("left", r"(.{1,64}?)님이 (?:채팅방을 )?(?:나갔습니다|나가셨습니다|퇴장했습니다)"
         r"|(.{1,64}?) (?:has )?left this chatroom"),
        ("hidden", r"(채팅방 관리자|.{1,64}?님|.{1,64}?)[가이] 메시지를 가렸습니다"),
        ("manager", r"(.{1,64}?)님이 (?:방장|부방장)이 되었습니다"
         r"|(.{1,64}?)님[이을] 부방장(?:으로|에서) .{1,30}습니다"),
    )
)  # fmt: skip
# Whatever is no notice is seen from these without a look at all of the patterns.
EVENT_HINT = re.compile(r"습니다\.?\Z|this chatroom\.?\Z| invited ")

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
MONTHS = {
    name[:length]: number for number, name in enumerate(_MONTHS, 1) for length in (3, 4, len(name))
}
WEEKDAYS = (
    *(f"{day}요일" for day in "월화수목금토일"),
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip


def event_of(line: str) -> tuple[str, str] | None:
    """What happened and who did it, if the whole line is one of the app's notices."""
    if len(line) > 1200 or "\n" in line or not EVENT_HINT.search(line):
        return None
    for event, pattern in EVENTS:
        if found := pattern.fullmatch(line):
            return event, next(filter(None, found.groups()))
    return None
