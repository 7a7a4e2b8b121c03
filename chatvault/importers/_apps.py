"""The apps whose own databases and backups people give instead of an export, and what they should
do: by base names and folders, in lower case."""

import re
from typing import NamedTuple

NOT_OPENED = "not an export; ChatVault does not open app databases"
_PHOTOS = "Photos and videos that you have as ordinary files can be imported as a photo folder."
_NOWHERE = frozenset[str]()


class App(NamedTuple):
    """Whose files are known by their names, what is said about them, and which importers read what
    one is asked to export."""

    name: str
    files: re.Pattern[str]  # a whole base name
    folders: frozenset[str]
    message: str
    remedy: str
    keys: tuple[str, ...]

    def advice(self) -> str:
        """What to do instead, and where to read on."""
        return f"{self.remedy} {pointer(self.keys)}"


def pointer(keys: tuple[str, ...] = ()) -> str:
    """Where to read on: the command that shows what these importers read, or all of them."""
    if not keys:
        return "`chatvault platforms` lists what can be read"
    return f"More: `chatvault platforms {' '.join(keys)}`"


def _own(app: str, thing: str = "database") -> str:
    return f"this is {app}'s own {thing}, {NOT_OPENED}"


def _app(
    name: str, files: str, *, remedy: str, message: str = "", folders: frozenset[str] = _NOWHERE,
    keys: tuple[str, ...] = (),
) -> App:  # fmt: skip
    return App(name, re.compile(files), folders, message or _own(name), remedy, keys)


APPS = (
    _app(
        "WhatsApp",
        r"msgstore\.db|msgstore-.*\.db\.crypt\d*|.*\.crypt(?:[5789]|1[0-9])|wa\.db"
        r"|chatstorage\.sqlite",
        folders=frozenset({"com.whatsapp"}),
        message=_own("WhatsApp", "database or backup"),
        remedy='make an export in WhatsApp: open the chat, menu, More, "Export chat" (iPhone: chat'
        ' info, "Export Chat"), with media, and import the .zip or .txt. If this backup is all'
        " that is left, let WhatsApp restore it on a phone with the same number, and export there."
        " A result.json written by WhatsApp-Chat-Exporter is read too. The folder"
        ' "WhatsApp Images" can be imported as a photo folder.',
        keys=("whatsapp-text",),
    ),
    _app(
        "WeChat",
        r"(en)?micromsg\.db|(media)?msg\d*\.db|(biz_)?message_\d+\.db|merge_all\.db|msg_\d+\.db"
        r"|mm\.sqlite|message_\d+\.sqlite|wcdb_contact\.sqlite|bak_\d+_(?:text|media)",
        folders=frozenset({
            "wechat files", "xwechat_files", "db_storage", "micromsg", "wxbackup",
        }),
        message=_own("WeChat", "database or backup"),
        remedy="import the JSON, ChatLab, CSV, TXT or HTML files that WeFlow, EchoTrace, "
        "CipherTalk, MemoTrace (留痕), PyWxDump, WeChatDataAnalysis, chatlog, WechatExporter or "
        "wechat-dump wrote earlier: look for *.json, *.jsonl, *.csv, *.html, folders 聊天记录 or "
        f"wechat_chat_export_*.zip on the old computer. {_PHOTOS}",
        keys=("wechat-weflow", "wechat-memotrace"),
    ),
    _app(
        "QQ",
        r"nt_msg\.db|msg3\.0(?:index)?\.db|msgex\.db|slowtable_\d{5,12}\.db",
        folders=frozenset({"nt_db", "nt_qq", "tencent files"}),
        message=f"this is QQ's own database (or a .bak backup), {NOT_OPENED}",
        remedy='import the .txt and .mht files that PC QQ or TIM wrote with "export message record"'
        f" (导出消息记录), or the JSON (or chunked JSONL) of qq-chat-exporter. {_PHOTOS}",
        keys=("qq-text", "qq-mht", "qq-qce"),
    ),
    _app(
        "Signal",
        r"signal-.*\.backup|header\.sbf",
        folders=frozenset({"signalbackups"}),
        message="this is Signal's own protected data, not an export; ChatVault does not open it",
        remedy="make a plaintext export in Signal (Desktop: Settings, Chats, Export chat history; "
        "Android offers the same kind of export) and import that folder or zip. If this backup is "
        "all that is left, let Signal restore it on a phone, and export there. Exports by "
        "signal-export (chat.md, data.json), sigtop (text or JSON) and the XML of "
        "signalbackup-tools are read too.",
        keys=("signal-plaintext", "signal-export"),
    ),
    _app(
        "Session",
        r"session\.db",
        message="this is Session's own protected database, which ChatVault does not open",
        remedy="Session offers no export that could be read. Keep your recovery password and the"
        " app; what matters can be copied by hand into a table.",
        keys=("generic-csv",),
    ),
    _app(
        "Telegram",
        r"key_datas?|cache4\.db",
        folders=frozenset({"tdata", "postbox"}),
        message=_own("Telegram", "storage"),
        remedy="open Telegram Desktop (the one from desktop.telegram.org), Settings, Advanced,"
        ' "Export Telegram data", and choose the format "Machine-readable JSON"; one chat: its'
        ' menu, "Export chat history". Then import the folder. A folder with messages.html from an'
        " older export is read too.",
        keys=("telegram-desktop", "telegram-html"),
    ),
    _app(
        "Viber",
        r"viber\.db|viber_(?:messages|data)|viber_messages\.db",
        folders=frozenset({"viberpc"}),
        remedy="let Viber mail the messages to you as tables (on a phone: More, Settings, Account,"
        ' "Email message history", or its name in your version), put a first row with the names'
        " date,time,sender,phone,text into each table, and import them.",
        keys=("generic-csv",),
    ),
    _app(
        "LINE",
        r"naver_line(?:\.db)?|line\.sqlite|line_backup.*",
        remedy='make an export in LINE: open the chat, menu, "Other settings", "Export chat'
        ' history" (computer: "Save chat"), and import the .txt. If this backup is all that is'
        " left, let LINE restore it on a phone with the same account, and export there.",
        message=_own("LINE", "database or backup"),
        keys=("line-text",),
    ),
    _app(
        "KakaoTalk",
        r"kakaotalk2?\.db|chatlogs_.*\.edb|talk_user_db",
        remedy='make an export in KakaoTalk: open the chat, menu, settings (gear), "Export chat"'
        " (대화 내용 내보내기), and import the .txt or .csv.",
        keys=("kakaotalk-text",),
    ),
    _app(
        "Threema",
        r"threemadata\.sqlite|threema4?\.db|threema-safe.*|messages\.threema",
        message=f"this is Threema's own database, or a Threema Safe, {NOT_OPENED}",
        remedy="a Threema Safe holds contacts and no messages. On Android make a data backup"
        " (My Backups, Data Backup), unpack it with its password and import the folder; on an"
        ' iPhone export single chats ("Export chat").',
        keys=("threema",),
    ),
    _app(
        "Wire",
        r".*\.(?:(?:desktop|ios|android)_wbu|wbu)",
        message="this is a backup by Wire, which only Wire reads",
        remedy="there is no other export of Wire. Keep the file and its password, and let the app"
        " restore it; what matters can be copied by hand into a table.",
        keys=("generic-csv",),
    ),
    _app(
        "Beeper",
        r"megabridge\.db",
        folders=frozenset({"beepertexts"}),
        remedy="export from each app that Beeper was connected to (WhatsApp, Signal, Telegram,"
        " Messenger ...); those exports hold more than Beeper knows.",
    ),
    _app(
        "Element (Matrix)",
        r"matrix-sdk-(?:state|crypto|event-cache)\.sqlite3?|matrix-sdk.*\.db",
        remedy='make an export in Element on a computer: open the room, room info, "Export chat",'
        " format JSON, and import the file.",
        keys=("matrix-element",),
    ),
    _app(
        "Messenger",
        r"threads_db2|msys_database.*|lightspeed-.*\.db|orca2\.db",
        remedy="ask for a download as JSON (Accounts Center, Your information and permissions,"
        " Download your information), and for encrypted conversations on messenger.com (Privacy and"
        " safety, End-to-end encrypted chats, Message storage, Download secure storage data).",
        keys=("messenger", "messenger-e2ee"),
    ),
    _app(
        "Instagram",
        r"direct\.db",
        remedy="ask for a download as JSON (Accounts Center, Your information and permissions,"
        " Download your information).",
        keys=("instagram",),
    ),
    _app(
        "Snapchat",
        r"arroyo\.db|tcspahn\.db",
        remedy='ask for your data on accounts.snapchat.com, "My Data", with JSON files ticked.',
        keys=("snapchat",),
    ),
    _app(
        "Discord",
        r"discord\.db",
        folders=frozenset({"discordcanary", "discordptb"}),
        message=_own("Discord", "storage"),
        remedy="ask Discord for your data package (Settings, Data & Privacy), which holds what you"
        " wrote, or give what DiscordChatExporter wrote as JSON.",
        keys=("discord-package", "discord-dce"),
    ),
    _app(
        "the phone for SMS",
        r"mmssms\.db|bugle_db",
        message=f"this is the phone's own database of SMS, {NOT_OPENED}",
        remedy='on the phone make a backup with "SMS Backup & Restore" (.xml) or "SMS Import /'
        ' Export" (.zip), and import that.',
        keys=("sms-backup-restore", "sms-ie"),
    ),
    _app(
        "Messages (Apple)",
        r"(?:chat|sms)\.db",
        message="this looks like the database of Apple's Messages, but it is empty, damaged or"
        " protected",
        remedy="on the Mac quit Messages, and copy chat.db, chat.db-wal, chat.db-shm and the folder"
        " Attachments from ~/Library/Messages together; then import the copy.",
        keys=("imessage-chatdb",),
    ),
    _app(
        "Skype",
        r"s4l-.*\.db|skype\.db",
        remedy="ask for your messages on secure.skype.com/data-export (or use Teams, which took"
        " them over), and import the .tar. If that is closed now, an older .tar is what can be"
        " read.",
        keys=("skype",),
    ),
    _app(
        "the address book",
        r"contacts2\.db|addressbook(?:-v22)?\.(?:abcddb|sqlitedb|sqlite)",
        message="this is an address book; it holds no messages",
        remedy="give the exports of the apps: names come with them, and `chatvault people rename`"
        " changes what is wrong.",
    ),
)  # fmt: skip
BY_NAME = {app.name: app for app in APPS}
