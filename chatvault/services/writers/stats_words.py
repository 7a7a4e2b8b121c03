"""Numbers, days and sizes as people write them."""

from datetime import date

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

PLATFORMS = {
    "discord": "Discord", "google-chat": "Google Chat",
    "google-hangouts": "Google Hangouts", "google-voice": "Google Voice", "imessage": "iMessage",
    "instagram": "Instagram", "kakaotalk": "KakaoTalk", "line": "LINE", "linkedin": "LinkedIn",
    "matrix": "Matrix", "mattermost": "Mattermost", "messenger": "Messenger",
    "photo-folder": "Photos", "qq": "QQ",
    "signal": "Signal", "skype": "Skype", "slack": "Slack", "sms": "SMS", "snapchat": "Snapchat",
    "telegram": "Telegram", "threema": "Threema", "tiktok": "TikTok", "vk": "VK",
    "wechat": "WeChat", "whatsapp": "WhatsApp", "x": "X", "zulip": "Zulip",
}  # fmt: skip


def counted(number: int, one: str, many: str = "") -> str:
    """`1 message`, `2,000 messages`; `many` where it is not the word and an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def long_day(day: str) -> str:
    """`2019-05-17` as `17 May 2019`."""
    at = date.fromisoformat(day)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def long_month(month: str) -> str:
    """`2019-05` as `May 2019`."""
    return f"{MONTHS[int(month[5:7]) - 1]} {int(month[:4])}"


def short_month(month: str) -> str:
    """`2019-05` as `May 2019`, every month in three letters."""
    return f"{MONTHS[int(month[5:7]) - 1][:3]} {int(month[:4])}"


def size(number: int) -> str:
    """Bytes, to three digits."""
    value, unit = float(number), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.3g} {unit}"


def platform_title(key: str) -> str:
    """The name of a platform as it writes itself."""
    return PLATFORMS.get(key, key)
