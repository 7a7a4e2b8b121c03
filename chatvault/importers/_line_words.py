"""What LINE writes in place of things that are no text, in the languages of its phones.

Tables only. The wording is that of public parsers of these exports (2016 to 2026); a phrase counts
as a whole body and nothing else. What is not in here stays text.
"""

import re
import unicodedata

from chatvault.model import MessageKind


def _table(phrases: str) -> tuple[str, ...]:
    parts = phrases.replace("\n", "·").split("·")
    return tuple(folded for part in parts if (folded := fold(part)))


def fold(text: str) -> str:
    """A phrase as it stands in the tables: no marks of direction, one case, single spaces."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u200e", "")
    return " ".join(plain.split())


# In brackets (phones) and, where BARE has them too, without (computers).
_KINDS = {
    MessageKind.IMAGE: """Photo · Photos · Image · 写真 · 画像 · 照片 · 圖片 · 图片 · 사진 · ภาพ
        รูป · รูปภาพ · Foto · Gambar""",
    MessageKind.VIDEO: "Video · Videos · 動画 · 影片 · 视频 · 視頻 · 동영상 · วิดีโอ · วีดีโอ",
    MessageKind.VOICE: """Voice message · Voice Message · ボイスメッセージ · 語音訊息 · 语音信息
        语音消息 · 음성 메시지 · 음성메시지 · ข้อความเสียง · Pesan suara""",
    MessageKind.STICKER: "Sticker · Stickers · スタンプ · 貼圖 · 贴图 · 스티커 · สติกเกอร์ · Stiker",
    MessageKind.ANIMATION: "GIF",
    MessageKind.FILE: "File · ファイル · 檔案 · 文件 · 파일 · ไฟล์ · Berkas",
}
MEDIA = {phrase: kind for kind, phrases in _KINDS.items() for phrase in _table(phrases)}

# On computers, without brackets. A single word that people say by itself is not in here.
BARE = {
    phrase: kind
    for kind, phrases in {
        MessageKind.IMAGE: "Photos · 写真 · 圖片 · 照片 · 图片 · 사진 · รูป",
        MessageKind.VIDEO: "Videos · 動画 · 影片 · 视频 · 동영상 · วิดีโอ",
        MessageKind.VOICE: "Audio · ボイスメッセージ · 語音訊息 · 语音信息 · 음성 메시지",
        MessageKind.STICKER: "Stickers · スタンプ · 貼圖 · 贴图 · 스티커 · สติกเกอร์",
        MessageKind.FILE: "Files · ファイル · 檔案 · 文件",
    }.items()
    for phrase in _table(phrases)
}

# In brackets, and something may stand behind them: an address, a title, the name of a file.
TITLED = {
    phrase: (kind, what)
    for (kind, what), phrases in {
        (MessageKind.FILE, "file"): _KINDS[MessageKind.FILE],
        (MessageKind.LOCATION, "location"): """Location · 位置情報 · 位置 · 位置訊息 · 位置資訊
            위치 · ตำแหน่ง · ที่ตั้ง · Lokasi""",
        (MessageKind.CONTACT, "contact"): """Contact · Contacts · 連絡先 · 聯絡資訊 · 聯絡人
            联系人 · 연락처 · รายชื่อ""",
        (MessageKind.POLL, "poll"): "Poll · 投票 · 투표 · โพล",
        (MessageKind.OTHER, "note"): "Note · Notes · ノート · 記事本 · 记事本 · 노트 · โน้ต",
        (MessageKind.OTHER, "album"): "Album · Albums · アルバム · 相簿 · 相册 · 앨범 · อัลบั้ม",
        (MessageKind.OTHER, "gift"): "Gift · プレゼント · ギフト · 禮物 · 礼物 · 선물",
        (MessageKind.OTHER, "event"): "Event · イベント · 活動 · 活动",
        (MessageKind.SYSTEM, "group"): "グループ",
    }.items()
    for phrase in _table(phrases)
}

# Behind a telephone sign; a duration, if there is one, follows.
CALLS = {
    phrase: event
    for event, phrases in {
        "call": "Call time · 通話時間 · 通话时间 · 통화시간 · 통화 시간 · เวลาโทร",
        "missed_call": "Missed call · 不在着信 · 未接來電 · 未接来电 · 부재중 전화 · 부재중통화",
        "cancelled_call": """Canceled call · Cancelled call · 通話をキャンセルしました · 取消通話
            您已取消通話 · 已取消通話 · 取消通话 · 您已取消通话 · 취소된 통화""",
        "unanswered_call": """No answer · 通話に応答がありませんでした · 無人接聽 · 无人接听
            응답 없음""",
        "declined_call": "Declined call · Call declined · 通話を拒否しました · 已拒絕通話",
        "group_call_invitation": """グループ音声通話に招待されました
            グループビデオ通話に招待されました""",
    }.items()
    for phrase in _table(phrases)
}

# What the app says of nobody in particular.
CALL_NOTICES = {
    phrase: event
    for event, phrases in {
        "group_call_started": """Group call started · Group voice call started
            Group video call started · グループ通話が開始されました
            グループ音声通話が開始されました
            グループビデオ通話が開始されました · 群組語音通話已開始 · 群組視訊通話已開始
            群組通話已開始""",
        "group_call_ended": """Group call ended · Group voice call ended · Group video call ended
            グループ通話が終了しました · グループ音声通話が終了しました
            グループビデオ通話が終了しました · 群組通話已結束 · 群組語音通話已結束""",
    }.items()
    for phrase in _table(phrases)
}
UNSENT = frozenset(
    _table(
        """Message unsent · You unsent a message · メッセージの送信を取り消しました · 已收回訊息
        您已收回訊息 · 你已收回訊息 · 撤回了一条消息 · 您撤回了一条消息 · 你撤回了一条消息
        메시지 전송을 취소했습니다 · ยกเลิกข้อความ · คุณยกเลิกข้อความ""".replace("\n", "·")
    )
)
# A message that did not come along when the owner changed to another phone.
LOST = frozenset(_table("このメッセージは、利用していた端末から移行されなかったため表示できません"))

# Notices with a name in them, whole lines. Names are bounded and spaces single: linear (IN-5).
EVENTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (event, re.compile(rf"(?:{pattern})[.。]?"))
    for event, pattern in (
        ("unsent", r"(.{1,64}?) unsent a message|(.{1,64}?)がメッセージの送信を取り消しました"
         r"|(.{1,64}?) ?已收回訊息|(.{1,64}?) ?撤回了一条消息"
         r"|(.{1,64}?)님이 메시지 전송을 취소했습니다|(.{1,64}?) ?ยกเลิกข้อความ"),
        ("joined", r"(.{1,64}?) joined the (?:group|chat)|(.{1,64}?)が(?:グループに)?参加しました"
         r"|(.{1,64}?) ?已加入(?:群組|聊天)|(.{1,64}?) ?已加入该群"
         r"|(.{1,64}?)님이 (?:그룹에 )?참여했습니다|(.{1,64}?) ?เข้าร่วมกลุ่ม(?:แล้ว)?"),
        ("left", r"(.{1,64}?) left the (?:group|chat)"
         r"|(.{1,64}?)が(?:グループを)?(?:退会|退出)しました"
         r"|(.{1,64}?) ?已離開(?:群組|聊天)|(.{1,64}?) ?已退群"
         r"|(.{1,64}?)님이 (?:그룹을 )?나갔습니다|(.{1,64}?) ?ออกจากกลุ่ม(?:แล้ว)?"),
        ("added", r"(.{1,64}?) (?:added|invited) .{1,200} to the (?:group|chat)"
         r"|(.{1,64}?)が.{1,200}をグループに(?:追加|招待)しました"
         r"|(.{1,64}?) ?已新增.{1,200}至群組|(.{1,64}?) ?已将.{1,200}添加[至到]群"
         r"|(.{1,64}?)님이 .{1,200}님을 초대했습니다|(.{1,64}?) เพิ่ม .{1,200} เข้ากลุ่ม"),
        ("removed", r"(.{1,64}?) removed .{1,200} from the (?:group|chat)"
         r"|(.{1,64}?)が.{1,200}をグループから(?:退会させ|削除し)ました"
         r"|(.{1,64}?) ?已將.{1,200}(?:退出|移出)群組"),
        ("announced", r"(.{1,64}?) made an announcement"
         r"|(.{1,64}?)が(?:.{1,200}を)?アナウンスしました"
         r"|(.{1,64}?) ?已設定公告|(.{1,64}?) ?发布了通告"),
        ("renamed", r"(.{1,64}?) changed the (?:group|chat)'?s? ?name to .{1,200}"
         r"|(.{1,64}?)がグループ名を.{0,200}変更しました"),
        ("album", r"(.{1,64}?) (?:created|deleted?|changed the name of) the album.{0,200}"
         r"|(.{1,64}?)が.{0,200}アルバム.{0,200}(?:作成|追加|削除|変更)しました"),
    )
)  # fmt: skip
# Whatever is no notice is seen from these without a look at all of the patterns.
EVENT_HINT = re.compile(
    r"unsent a|(?:group|chat)\b|announcement|album|しました|已|撤回|通告|습니다|กลุ่ม|ข้อความ"
)
GROUP_ONLY = frozenset({"joined", "left", "added", "removed", "renamed"})

_WEEKDAYS = (
    "mon monday lun lunes lunedì lundi mo montag seg segunda segunda-feira sen senin isn isnin "
    "пн понедельник pzt pazartesi الاثنين จ จันทร์ 月 一 월",
    "tue tues tuesday mar martes martedì mardi di dienstag ter terça terça-feira sel selasa "
    "вт вторник sal salı الثلاثاء อ อังคาร 火 二 화",
    "wed wednesday mié mie miércoles mer mercoledì mercredi mi mittwoch qua quarta quarta-feira "
    "rab rabu ср среда çar çarşamba الأربعاء พ พุธ 水 三 수",
    "thu thur thurs thursday jue jueves gio giovedì jeu jeudi do donnerstag qui quinta "
    "quinta-feira kam kamis kha khamis чт четверг per perşembe الخميس พฤ พฤหัสบดี พฤหัส 木 四 목",
    "fri friday vie viernes ven venerdì vendredi fr freitag sex sexta sexta-feira jum jumat jumaat "
    "пт пятница cum cuma الجمعة ศ ศุกร์ 金 五 금",
    "sat saturday sáb sab sábado sabato sam samedi sa samstag sabtu сб суббота cmt cumartesi السبت "
    "ส เสาร์ 土 六 토",
    "sun sunday dom domingo domenica dim dimanche so sonntag min minggu ahd ahad вс воскресенье "
    "paz pazar الأحد cn อา อาทิตย์ 日 天 일",
)
WEEKDAYS = {
    unicodedata.normalize("NFKC", word): number
    for number, words in enumerate(_WEEKDAYS)
    for word in words.split()
}
_AROUND_WEEKDAY = re.compile(r"(?:วัน|週|周|星期|礼拜|禮拜)?(.+?)(?:曜日|曜|요일)?")


def weekday_of(word: str) -> int | None:
    """Monday is 0; None for a word that is the name of no day in any language known here."""
    plain = unicodedata.normalize("NFKC", word).casefold().strip(" .,،")
    found = _AROUND_WEEKDAY.fullmatch(plain)
    day = WEEKDAYS.get(plain)
    return WEEKDAYS.get(found[1]) if day is None and found else day


# The first line: whether the chat is between two, and its title.
TITLES: tuple[tuple[bool | None, re.Pattern[str]], ...] = tuple(
    (direct, re.compile(pattern))
    for direct, pattern in (
        (True, r"Chat (?:history )?with (.+)"),
        (False, r"Chat (?:history )?in (.+)"),
        (True, r"(.+)とのトーク(?:履歴)?"),
        (False, r"(.+)のトーク(?:履歴)?"),
        (True, r"[與与](.+)的聊天[記记][錄录録]"),
        (False, r"(.+)的聊天[記记][錄录録]"),
        (True, r"ประวัติ(?:การ)?(?:แชท|สนทนา)กับ ?(.+)"),
        (False, r"ประวัติ(?:การ)?(?:แชท|สนทนา)ใน(?:กลุ่ม)? ?\"?(.+?)\"?"),
        (None, r"(.+)"),
    )
)
