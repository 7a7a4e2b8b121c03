"""Recognises the databases and backups of apps, which are not opened, and says what to do instead.

    explain(source.names(), source.head)  ->  Explained(app="WhatsApp", names=("msgstore.db",), ...)

Names decide where they are an app's own; beside them only the first bytes of files that may be a
database are looked at.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from chatvault.importers._apps import APPS, BY_NAME, NOT_OPENED, App, pointer

SQLITE = b"SQLite format 3\0"
# Files that "SMS Import / Export" encrypted (sms-ie 2).
SSEF = b"SSEF\0\xff"
# What `adb backup` writes.
ANDROID_BACKUP = b"ANDROID BACKUP\n"
MOST_HEADS = 64


class Explained(NamedTuple):
    """Whose files these are, which, and what to tell the user."""

    app: str
    names: tuple[str, ...]
    message: str
    remedy: str


_SIGNAL_ARCHIVE = re.compile(r"(?:^|.*/)signal-backup-[^/]*/(main|metadata)")
_WECHAT_CACHE = re.compile(r"(?:^|.*/)(?:filestorage|msg/attach)/.*\.dat")
_BROWSER_STORE = re.compile(r"(?:leveldb|\.leveldb)/[^/]+\.(?:ldb|log)\Z")
_FEW_CACHE_FILES = 3
# Extensions of databases, and of nothing else that people keep by the thousand.
_DATABASE = frozenset({"db", "db3", "sqlite", "sqlite3", "sqlitedb", "edb", "enc", "backup"})
_MAYBE_DATABASE = _DATABASE | {"", "bak", "ssef", "bin", "ab", "dat"}
_PHONE_LISTS = frozenset(
    {"Manifest.db", "Manifest.mbdb", "Manifest.plist", "Status.plist", "Info.plist"}
)
_HASHED = re.compile(r"(?:[0-9a-f]{2}/)?[0-9a-f]{40}")

_PHONE_MESSAGE = "this is a backup of an iPhone or iPad by Finder or iTunes, which is not opened"
_PHONE_REMEDY = (
    "export each app by itself: WhatsApp, Signal, LINE and Telegram on the phone or computer, and"
    " for iMessage and SMS copy chat.db with the folder Attachments from ~/Library/Messages of a"
    " Mac that has the messages. Of a backup without a password, the one file"
    " 3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28 is that database too. "
    + pointer(("imessage-chatdb", "whatsapp-text"))
)


def explain(names: Iterable[str], head: Callable[[str], bytes]) -> Explained | None:
    """Whose databases or backups these files are; None if none of them is one.

    `head` gives the first bytes of a file, and is asked for few of them.
    """
    listing = list(names)
    if found := _phone_backup(listing):
        return Explained("iPhone", found, _PHONE_MESSAGE, _PHONE_REMEDY)
    for app in APPS:
        found = tuple(name for name in listing if _belongs(app, name.lower()))
        if found:
            return _explained(app, found)
    if found := _wire(listing):
        return _explained(BY_NAME["Wire"], found)
    if found := tuple(_signal(listing, head)):
        session = any("session" in name.lower().split("/")[:-2] for name in found)
        return _explained(BY_NAME["Session" if session else "Signal"], found)
    if found := tuple(name for name in listing if _BROWSER_STORE.search(name.lower())):
        return Explained(
            app="a desktop app",
            names=found,
            message=f"this is the storage of an app such as Discord, Slack or Teams, {NOT_OPENED}",
            remedy="make an export in the app. " + pointer(("discord-package", "slack", "skype")),
        )
    cache = tuple(name for name in listing if _WECHAT_CACHE.fullmatch(name.lower()))
    if len(cache) >= _FEW_CACHE_FILES:
        return _explained(BY_NAME["WeChat"], cache)
    if found := tuple(_qq_backups(listing)):
        return _explained(BY_NAME["QQ"], found)
    return _by_content(listing, head)


def _belongs(app: App, name: str) -> bool:
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


def _phone_backup(names: list[str]) -> tuple[str, ...]:
    """A backup by Finder or iTunes: its lists, and the files beside them, named by hashes."""
    folders: dict[str, set[str]] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        if last in _PHONE_LISTS:
            folders.setdefault(folder, set()).add(last)
    backups = [folder for folder, lists in folders.items() if len(lists) > 1]
    if not backups:
        return ()
    start = f"{backups[0]}/" if backups[0] else ""
    return tuple(
        name
        for name in names
        if name.startswith(start)
        and (name[len(start) :] in _PHONE_LISTS or _HASHED.fullmatch(name[len(start) :]))
    )


def _wire(names: list[str]) -> tuple[str, ...]:
    """The files of a backup by Wire that is no archive any more, or was opened as one."""
    listing = set(names)
    for name in names:
        folder, slash, last = name.rpartition("/")
        start = folder + slash
        if (
            last == "events.json"
            and {f"{start}export.json", f"{start}conversations.json"} <= listing
        ):
            return (f"{start}export.json", name, f"{start}conversations.json")
    return ()


def _by_content(names: list[str], head: Callable[[str], bytes]) -> Explained | None:
    candidates = [name for name in names if len(names) == 1 or _extension(name) in _MAYBE_DATABASE]
    heads = {name: head(name)[:16] for name in candidates[:MOST_HEADS]}
    if found := tuple(name for name, start in heads.items() if start.startswith(ANDROID_BACKUP)):
        return Explained(
            app="Android",
            names=found,
            message="this is a backup of an Android phone (adb backup), which ChatVault does not"
            " open",
            remedy="make an export in each app instead; most apps are not in such a backup anyway. "
            + pointer(),
        )
    if found := tuple(name for name, start in heads.items() if start.startswith(SSEF)):
        return Explained(
            app="SMS Import / Export",
            names=found,
            message="this file was encrypted by SMS Import / Export",
            remedy="open it once in the app, or export again without a passphrase, and import the "
            f"plain file. {pointer(('sms-ie',))}",
        )
    if found := tuple(name for name, start in heads.items() if start.startswith(SQLITE)):
        return Explained(
            app="",
            names=found,
            message=f"this is a database of an app, {NOT_OPENED}",
            remedy="make an export in the app, or with a tool that writes plain files. "
            + pointer(),
        )
    if found := tuple(
        name for name, start in heads.items() if _extension(name) in _DATABASE and _is_noise(start)
    ):
        return Explained(
            app="",
            names=found,
            message=f"this looks like a protected database or backup of an app, {NOT_OPENED}",
            remedy="make an export in the app that it belongs to. " + pointer(),
        )
    return None


def _is_noise(start: bytes) -> bool:
    """Whether this is no text, and nothing empty."""
    return bool(start.strip(b"\0")) and any(byte < 9 or byte > 0x7E for byte in start)


def _extension(name: str) -> str:
    last = name.rpartition("/")[2]
    return last.rpartition(".")[2].lower() if "." in last[1:] else ""


def _explained(app: App, names: tuple[str, ...]) -> Explained:
    return Explained(app.name, names, app.message, app.advice())
