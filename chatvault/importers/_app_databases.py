"""Recognises the databases and backups of apps, which are not opened, and says what to do instead.

    explain(source.names(), source.head)  ->  Explained(app="WhatsApp", names=("msgstore.db",), ...)

Names decide where they are an app's own; beside them only the first bytes of files that may be a
database are looked at.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

SQLITE = b"SQLite format 3\0"
# Files that "SMS Import / Export" encrypted (sms-ie 2).
SSEF = b"SSEF\0\xff"
MOST_HEADS = 64

_NOT_OPENED = "not an export; ChatVault does not open app databases"
_PHOTOS = "Photos and videos that you have as ordinary files can be imported as a photo folder."


class Explained(NamedTuple):
    """Whose files these are, which, and what to tell the user."""

    app: str
    names: tuple[str, ...]
    message: str
    remedy: str


class _App(NamedTuple):
    name: str
    files: re.Pattern[str]  # a whole base name
    folders: frozenset[str]
    message: str
    remedy: str


# Base names and folders are compared in lower case.
_APPS = (
    _App(
        "WhatsApp",
        re.compile(
            r"msgstore\.db|msgstore-.*\.db\.crypt\d*|.*\.crypt1[245]|wa\.db|chatstorage\.sqlite"
        ),
        frozenset({"com.whatsapp"}),
        f"this is WhatsApp's own database or backup, {_NOT_OPENED}",
        'make an export in WhatsApp: open the chat, menu, More, "Export chat" (iPhone: chat info, '
        '"Export Chat"), with media, and import the .zip or .txt. A result.json written by '
        'WhatsApp-Chat-Exporter is read too. The folder "WhatsApp Images" can be imported as a '
        "photo folder.",
    ),
    _App(
        "WeChat",
        re.compile(
            r"(en)?micromsg\.db|(media)?msg\d*\.db|(biz_)?message_\d+\.db|merge_all\.db|msg_\d+\.db"
            r"|mm\.sqlite|message_\d+\.sqlite|wcdb_contact\.sqlite|bak_\d+_text"
        ),
        frozenset({"wechat files", "xwechat_files", "db_storage", "micromsg"}),
        f"this is WeChat's own database, {_NOT_OPENED}",
        "import the JSON, ChatLab, CSV, TXT or HTML files that WeFlow, EchoTrace, CipherTalk, "
        "MemoTrace (留痕), PyWxDump, WeChatDataAnalysis, chatlog, WechatExporter or wechat-dump "
        "wrote earlier: look for *.json, *.jsonl, *.csv, *.html, folders 聊天记录 or "
        f"wechat_chat_export_*.zip on the old computer. {_PHOTOS}",
    ),
    _App(
        "QQ",
        re.compile(r"nt_msg\.db|msg3\.0\.db|msgex\.db"),
        frozenset({"nt_db", "tencent files"}),
        f"this is QQ's own database (or a .bak backup), {_NOT_OPENED}",
        'import the .txt and .mht files that PC QQ or TIM wrote with "export message record" '
        "(导出消息记录), or the JSON (or chunked JSONL) of qq-chat-exporter. "
        f"{_PHOTOS}",
    ),
    _App(
        "Signal",
        re.compile(r"signal-.*\.backup|header\.sbf"),
        frozenset({"signalbackups"}),
        "this is Signal's own protected data, not an export; ChatVault does not open it",
        "make a plaintext export in Signal (Desktop: Settings, Chats, Export chat history; Android "
        "offers the same kind of export) and import that folder or zip. Exports by signal-export "
        "(chat.md, data.json), sigtop (text or JSON) and the XML of signalbackup-tools are read "
        "too.",
    ),
)
_BY_NAME = {app.name: app for app in _APPS}

_SIGNAL_ARCHIVE = re.compile(r"(?:^|.*/)signal-backup-[^/]*/(main|metadata)")
_WECHAT_CACHE = re.compile(r"(?:^|.*/)(?:filestorage|msg/attach)/.*\.dat")
_FEW_CACHE_FILES = 3
# Extensions of databases, and of nothing else that people keep by the thousand.
_MAYBE_DATABASE = frozenset(
    {"", "db", "db3", "sqlite", "sqlite3", "sqlitedb", "bak", "ssef", "bin"}
)


def explain(names: Iterable[str], head: Callable[[str], bytes]) -> Explained | None:
    """Whose databases or backups these files are; None if none of them is one.

    `head` gives the first bytes of a file, and is asked for few of them.
    """
    listing = list(names)
    for app in _APPS:
        found = tuple(name for name in listing if _belongs(app, name.lower()))
        if found:
            return _explained(app, found)
    if found := tuple(_signal(listing, head)):
        return _explained(_BY_NAME["Signal"], found)
    cache = tuple(name for name in listing if _WECHAT_CACHE.fullmatch(name.lower()))
    if len(cache) >= _FEW_CACHE_FILES:
        return _explained(_BY_NAME["WeChat"], cache)
    if found := tuple(_qq_backups(listing)):
        return _explained(_BY_NAME["QQ"], found)
    return _by_content(listing, head)


def _belongs(app: _App, name: str) -> bool:
    *folders, last = name.split("/")
    return bool(app.files.fullmatch(last)) or not app.folders.isdisjoint(folders)


def _signal(names: list[str], head: Callable[[str], bytes]) -> Iterator[str]:
    lower = {name.lower(): name for name in names}
    parts = {found[1]: name for name in lower if (found := _SIGNAL_ARCHIVE.fullmatch(name))}
    if len(parts) == 2:
        yield from (lower[name] for name in parts.values())
    for name, given in lower.items():
        folder, slash, last = name.rpartition("/")
        if last != "db.sqlite":
            continue
        home = folder.rpartition("/")[0] if slash else ""
        profile = f"{home}/config.json".lstrip("/") in lower and folder.endswith("sql")
        # An unencrypted db.sqlite alone is some other app's; Signal's own is not readable as one.
        if profile or not head(given).startswith(SQLITE):
            yield given


def _qq_backups(names: list[str]) -> Iterator[str]:
    around = any("qq" in name.lower() or "tencent" in name.lower() for name in names)
    return (name for name in names if around and name.lower().endswith(".bak"))


def _by_content(names: list[str], head: Callable[[str], bytes]) -> Explained | None:
    candidates = [name for name in names if len(names) == 1 or _extension(name) in _MAYBE_DATABASE]
    heads = {name: head(name)[:16] for name in candidates[:MOST_HEADS]}
    if found := tuple(name for name, start in heads.items() if start.startswith(SQLITE)):
        return Explained(
            app="",
            names=found,
            message=f"this is a database of an app, {_NOT_OPENED}",
            remedy="make an export in the app, or with a tool that writes plain files; "
            "`chatvault platforms` lists what can be read",
        )
    if found := tuple(name for name, start in heads.items() if start.startswith(SSEF)):
        return Explained(
            app="SMS Import / Export",
            names=found,
            message="this file was encrypted by SMS Import / Export",
            remedy="open it once in the app, or export again without a passphrase, and import the "
            "plain file",
        )
    return None


def _extension(name: str) -> str:
    last = name.rpartition("/")[2]
    return last.rpartition(".")[2].lower() if "." in last[1:] else ""


def _explained(app: _App, names: tuple[str, ...]) -> Explained:
    return Explained(app.name, names, app.message, app.remedy)
