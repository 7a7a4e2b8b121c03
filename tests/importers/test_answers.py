"""What people are told who give something that is no export: what it is, and what to do instead."""

import gzip
import re

import pytest

from archives import One, make_zip, zipped
from chatvault.errors import (
    AppDatabase,
    BadExport,
    EmptyExport,
    NeedsAnswer,
    RefusedByLimit,
    UnknownExport,
    Usage,
)
from chatvault.importers import _known_files as known
from chatvault.importers._apps import APPS
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source
from chatvault.importers.registry import IMPORTERS
from chatvault.services.escape import HINT_CHARACTERS

SQLITE = b"SQLite format 3\0" + b"\x10\0\1\1" + bytes(80)
NOISE = bytes((37 * number) % 251 for number in range(1, 900))
PAGE = b"<!DOCTYPE html>\n<html><head><title>%s</title></head><body>%s</body></html>"
MAIL = b"From: a@example.org\nTo: b@example.org\nSubject: hello\n\nhi\n"
ZIP = zipped({"_chat.txt": NOISE})
LOCKED = make_zip(One(b"_chat.txt", b"xxxx", flags=1))
TURNS = b'[{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yo"}]}]'
PHONE = {"Manifest.db": NOISE, "Manifest.plist": b"bplist00" + NOISE, "3d/3d0d": NOISE}

# name: files, error, words of the message, words of the remedy
ANSWERS = {
    # Databases and backups of apps
    "wechat android": ({"EnMicroMsg.db": NOISE}, AppDatabase, "WeChat", "WeFlow"),
    "wechat windows 3": ({"MSG0.db": NOISE}, AppDatabase, "WeChat", "MemoTrace"),
    "wechat windows 4": ({"message_0.db": SQLITE}, AppDatabase, "WeChat", "聊天记录"),
    "wechat backup": (
        {"Backup.db": NOISE, "BAK_0_MEDIA": NOISE, "BAK_0_TEXT": NOISE},
        AppDatabase, "WeChat", "WeFlow",
    ),
    "wechat files": ({"WeChat Files/wxid_a/config/a.dat": NOISE}, AppDatabase, "WeChat", "WeFlow"),
    "xwechat": ({"xwechat_files/Backup/a/1.enc": NOISE}, AppDatabase, "WeChat", "WeFlow"),
    "a backup.db": ({"Backup.db": NOISE}, AppDatabase, "protected database", "chatvault platforms"),
    "qq nt": ({"nt_qq/nt_db/nt_msg.db": NOISE}, AppDatabase, "QQ", "导出消息记录"),
    "qq old": ({"Msg3.0.db": NOISE}, AppDatabase, "QQ", "qq-chat-exporter"),
    "qq bak": ({"QQ/10001.bak": NOISE}, AppDatabase, "QQ", "qq-mht"),
    "whatsapp 12": ({"msgstore.db.crypt12": NOISE}, AppDatabase, "WhatsApp", "Export chat"),
    "whatsapp 14": ({"msgstore.db.crypt14": NOISE}, AppDatabase, "WhatsApp", "same number"),
    "whatsapp 15": (
        {"Databases/msgstore-increment-1.db.crypt15": NOISE}, AppDatabase, "WhatsApp",
        "whatsapp-text",
    ),
    "whatsapp iphone": ({"ChatStorage.sqlite": SQLITE}, AppDatabase, "WhatsApp", "Export chat"),
    "signal android": (
        {"signal-2024-01-02-03-04-05.backup": NOISE}, AppDatabase, "Signal", "plaintext",
    ),
    "signal desktop": (
        {"Signal/sql/db.sqlite": NOISE, "Signal/config.json": b"{}"}, AppDatabase, "Signal",
        "Settings, Chats",
    ),
    "session": ({"session.db": NOISE}, AppDatabase, "Session", "no export"),
    "session desktop": (
        {"Session/sql/db.sqlite": NOISE, "Session/config.json": b"{}"}, AppDatabase, "Session",
        "no export",
    ),
    "telegram desktop": (
        {"tdata/key_datas": b"TDF$" + NOISE, "tdata/settingss": b"TDF$" + NOISE}, AppDatabase,
        "Telegram", "Machine-readable JSON",
    ),
    "telegram android": ({"cache4.db": SQLITE}, AppDatabase, "Telegram", "telegram-desktop"),
    "viber": ({"viber.db": SQLITE}, AppDatabase, "Viber", "date,time,sender,phone,text"),
    "line": ({"naver_line": SQLITE}, AppDatabase, "LINE", "line-text"),
    "line iphone": ({"Line.sqlite": SQLITE}, AppDatabase, "LINE", "Export chat"),
    "kakaotalk": ({"KakaoTalk.db": NOISE}, AppDatabase, "KakaoTalk", "대화 내용 내보내기"),
    "threema": ({"ThreemaData.sqlite": SQLITE}, AppDatabase, "Threema", "data backup"),
    "threema locked": (
        {"threema-backup_1.zip": make_zip(
            One(b"contacts.csv", b"x", flags=1), One(b"message_AB.csv", b"x", flags=1),
        )},
        BadExport, "Threema", "7-Zip",
    ),
    "wire": (
        {"a.desktop_wbu": zipped({"export.json": "{}", "events.json": "[]"})}, AppDatabase, "Wire",
        "by hand",
    ),
    "wire android": ({"Wire.android_wbu": NOISE}, AppDatabase, "Wire", "restore"),
    "wire unpacked": (
        {"export.json": b"{}", "events.json": b"[]", "conversations.json": b"[]"}, AppDatabase,
        "Wire", "by hand",
    ),
    "beeper": ({"BeeperTexts/index.db": SQLITE}, AppDatabase, "Beeper", "from each app"),
    "element": ({"matrix-sdk-crypto.sqlite3": SQLITE}, AppDatabase, "Element", "format JSON"),
    "messenger": ({"threads_db2": SQLITE}, AppDatabase, "Messenger", "messenger-e2ee"),
    "discord": ({"discord/leveldb/000003.log": NOISE}, AppDatabase, "storage", "discord-package"),
    "snapchat": ({"arroyo.db": SQLITE}, AppDatabase, "Snapchat", "My Data"),
    "sms": ({"mmssms.db": SQLITE}, AppDatabase, "SMS", "sms-ie"),
    "imessage": ({"chat.db": SQLITE}, AppDatabase, "Messages", "chat.db-wal"),
    "iphone backup": (PHONE, AppDatabase, "iPhone", "imessage-chatdb"),
    "iphone backup in a folder": (
        {f"00008030-0A1B/{name}": data for name, data in PHONE.items()}, AppDatabase, "iPhone",
        "WhatsApp",
    ),
    "android backup": (
        {"backup.ab": b"ANDROID BACKUP\n5\n1\nnone\n" + NOISE}, AppDatabase, "Android", "each app",
    ),
    "a database": ({"history.db": SQLITE}, AppDatabase, "database of an app", "in the app"),
    "a database in a zip": ({"a.zip": zipped({"MSG0.db": NOISE})}, AppDatabase, "WeChat", "WeFlow"),
    "a database in a zip in a folder": (
        {"old/a.zip": zipped({"msgstore.db": SQLITE})}, AppDatabase, "WhatsApp", "Export chat",
    ),
    # Pages where something better can be had
    "messenger pages": (
        {"your_facebook_activity/messages/inbox/jo_1/message_1.html": PAGE % (b"Jo", b"")},
        BadExport, "pages", "JSON",
    ),
    "instagram pages": (
        {"your_instagram_activity/messages/inbox/jo_1/message_1.html": PAGE % (b"Jo", b"")},
        BadExport, "pages", "JSON",
    ),
    "one page of meta": (
        {"message_1.html": PAGE % (b"Jo", b'<div class="_3-95 _a6-p">hi</div>')}, BadExport,
        "Messenger or Instagram", "JSON",
    ),
    "discord page": (
        {"a.html": PAGE % (b"x", b"<style>.preamble__icon .chatlog__message</style>")}, BadExport,
        "DiscordChatExporter", "--format Json",
    ),
    "discord text": (
        {"a.txt": b"=" * 62 + b"\nGuild: G\nChannel: c\n" + b"=" * 62 + b"\n"}, BadExport,
        "DiscordChatExporter", "--format Json",
    ),
    "slack pages": (
        {"html/general/index.html": PAGE % (b"Slack Export - #general", b"")}, BadExport, "Slack",
        "users.json",
    ),
    "takeout pages": (
        {"Takeout/archive_browser.html": PAGE % (b"Google Takeout", b"")}, BadExport, "Takeout",
        "google-chat",
    ),
    "takeout activity": (
        {"Takeout/My Activity/Chat/MyActivity.html": PAGE % (b"x", b"")}, BadExport, "Takeout",
        "ticked",
    ),
    "snapchat pages": (
        {"mydata~1/html/chat_history.html": PAGE % (b"x", b"")}, BadExport, "Snapchat",
        "Export JSON Files",
    ),
    "messages of one of two apps": (
        {"a/jo_1/message_1.json": b'{"participants":[{"name":"Jo"}],"messages":[{"sender_name":"Jo"'
         b',"timestamp_ms":1712000020000,"content":"hi"}]}'},
        NeedsAnswer, "Messenger or of Instagram", "--platform",
    ),
    # Sets for training models
    "chats of roles": ({"train.json": TURNS}, BadExport, "train language models", "MemoTrace"),
    "alpaca": (
        {"sft.json": b'[{"instruction":"hi","input":"","output":"yo"}]'}, BadExport,
        "train language models", "wechat-weclone",
    ),
    "prompts": (
        {"a.jsonl": b'{"prompt":"hi","completion":"yo"}\n' * 3}, BadExport, "train language models",
        "chats",
    ),
    # Documents, mail, contacts
    "spreadsheet": (
        {"a.xlsx": zipped({"[Content_Types].xml": "x", "xl/workbook.xml": "x"})}, BadExport,
        "spreadsheets", "CSV",
    ),
    "old spreadsheet": ({"a.xls": NOISE}, BadExport, "spreadsheets", "CSV"),
    "numbers": (
        {"a.numbers": zipped({"Index/Document.iwa": NOISE})}, BadExport, "spreadsheets", "CSV",
    ),
    "pdf": ({"chat.pdf": b"%PDF-1.7\n" + NOISE}, BadExport, "document", "generic-csv"),
    "pdf renamed": ({"chat": b"%PDF-1.7\n" + NOISE}, BadExport, "document", "generic-csv"),
    "docx": (
        {"a.docx": zipped({"[Content_Types].xml": "x", "word/document.xml": "x"})}, BadExport,
        "document", "export in the app",
    ),
    "odt": ({"a.odt": zipped({"mimetype": "x", "content.xml": "x"})}, BadExport, "document", "CSV"),
    "mbox": ({"mail.mbox": b"From a@example.org Thu\n" + MAIL}, BadExport, "e-mail", "attachment"),
    "eml": ({"a.eml": MAIL}, BadExport, "e-mail", "attachment"),
    "mail without an ending": ({"a": MAIL}, BadExport, "e-mail", "attachment"),
    "outlook": ({"a.pst": b"!BDN" + NOISE}, BadExport, "e-mail", "mail program"),
    "vcard": ({"a.vcf": b"BEGIN:VCARD\nFN:Jo\nEND:VCARD\n"}, BadExport, "address book", "names"),
    "calendar": ({"a.ics": b"BEGIN:VCALENDAR\n"}, BadExport, "calendar", "chatvault platforms"),
    # What nobody knows
    "json": ({"a.json": b'{"hello":[1,2,3]}'}, BadExport, "JSON", "generic-jsonl"),
    "csv": ({"a.csv": b"a,b,c\n1,2,3\n"}, BadExport, "no columns", "generic-csv"),
    "csv without a head": (
        {"Viber messages.zip": zipped({"Jo.csv": "01/02/2024,10:20:30,Jo,+4412345,hello\n"})},
        BadExport, "dates in its first row", "date,time,sender,phone,text",
    ),
    "xml": ({"a.xml": b'<?xml version="1.0"?><root/>'}, BadExport, "XML", "generic-csv"),
    "text": ({"a.txt": b"Dear diary, nice day.\n"}, BadExport, "text", "generic-csv"),
    "typed": ({"a.txt": b"Anna: hi\nBen: hello\n"}, BadExport, "text", "typed or copied"),
    "markdown": ({"a.md": b"# Notes\n\nhi\n"}, BadExport, "text", "generic-csv"),
    "page": ({"a.html": PAGE % (b"x", b"hi")}, BadExport, "web page", "JSON or text"),
    "noise": ({"a": NOISE}, UnknownExport, "knows", "chatvault platforms"),
    "many files": (
        {f"d{n % 9}/f{n}.{('txt', 'py', 'c')[n % 3]}": b"words %d" % n for n in range(300)},
        UnknownExport, "none of these 300 files", "chatvault platforms",
    ),
    # Containers and copies
    "nothing": ({}, EmptyExport, "nothing in it", "export it again"),
    "an empty file": ({"a.txt": b""}, EmptyExport, "nothing in it", "export it again"),
    "an empty zip": ({"a.zip": zipped({})}, EmptyExport, "nothing in it", "export it again"),
    "a zip of no bytes": ({"a.zip": b""}, EmptyExport, "nothing in it", "export it again"),
    "junk": ({".DS_Store": b"x", "Thumbs.db": NOISE}, EmptyExport, "nothing in it", "again"),
    "zeros": ({"a.json": bytes(5000)}, EmptyExport, "only zeros", "copy it again"),
    "password": ({"a.zip": LOCKED}, BadExport, "password", "unpack it"),
    "password in a folder": (
        {"old/a.zip": LOCKED, "old/b.bin": NOISE}, BadExport, "password", "unpack it",
    ),
    "rar": ({"a.rar": b"Rar!\x1a\x07\1\0" + NOISE}, BadExport, "does not open", "unpack it"),
    "7z": ({"a.7z": b"7z\xbc\xaf\x27\x1c" + NOISE}, BadExport, "does not open", "unpack it"),
    "gz": ({"result.json.gz": gzip.compress(b"{}")}, BadExport, "compressed", "gunzip"),
    "dmg": ({"a.dmg": NOISE}, BadExport, "image of a disk", "folder inside"),
    "iso": ({"a": bytes(32 * 1024) + b"\1CD001" + NOISE}, BadExport, "image of a disk", "inside"),
    "icloud": (
        {".WhatsApp Chat.zip.icloud": b"bplist00" + NOISE}, BadExport, "iCloud", "Download Now",
    ),
    "google link": ({"a.gdoc": b'{"url":"x"}'}, BadExport, "only a link", "download it"),
    "login page": ({"facebook.zip": PAGE % (b"Log in", b"")}, BadExport, "web page", "log in"),
    "chrome": ({"Unconfirmed 1.crdownload": NOISE}, BadExport, "did not finish", "download it"),
    "safari": (
        {"a.zip.download/a.zip": ZIP[:200], "a.zip.download/Info.plist": b"x"}, RefusedByLimit,
        "half a zip", "download it again",
    ),
    "firefox": ({"a.zip.part": ZIP[:200]}, RefusedByLimit, "half a zip", "download it again"),
    "half": ({"a.zip": ZIP[: len(ZIP) * 6 // 10]}, RefusedByLimit, "half a zip", "again"),
    "first piece": ({"a.zip.001": ZIP[:200]}, RefusedByLimit, "one piece", "copy /b"),
    "second piece": ({"a.zip.002": ZIP[200:]}, BadExport, "one piece", "7-Zip"),
    "gpg": ({"a.gpg": NOISE}, BadExport, "encrypted", "decrypt"),
    "age": ({"a": b"age-encryption.org/v1\n" + NOISE}, BadExport, "encrypted", "decrypt"),
    "program": ({"setup.exe": b"MZ" + NOISE}, BadExport, "program", "export in it"),
    "a vault": ({"vault.json": b"{}", "packs/a.tar.age": NOISE}, Usage, "vault", "--vault"),
}  # fmt: skip


def answer_to(files):
    name = next(iter(files)) if len(files) == 1 else "given"
    with pytest.raises((BadExport, RefusedByLimit, Usage)) as caught:
        find(Source.of(files, name=name), IMPORTERS, Budget())
    return caught.value


@pytest.mark.parametrize("case", ANSWERS)
def test_everything_that_is_no_export_is_answered_with_what_to_do_instead(case):
    files, kind, what, instead = ANSWERS[case]
    error = answer_to(files)
    assert kind is type(error)
    assert what in error.message
    assert instead in error.remedy
    assert error.where is not None


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_can_be_shown_whole_and_names_only_importers_that_exist(case):
    files, *_ = ANSWERS[case]
    error = answer_to(files)
    assert error.message[0].islower() or error.message.startswith(("e-mail", "JSON"))
    assert not error.remedy.endswith(".")
    assert len(error.remedy) <= HINT_CHARACTERS
    keys = {one.INFO.key for one in IMPORTERS}
    for named in re.findall(r"`chatvault platforms ([^`]+)`", error.remedy):
        assert set(named.split()) <= keys


def test_every_kind_of_file_has_a_place_in_the_order_and_names_a_way_out():
    kinds = [one for one in vars(known).values() if isinstance(one, known.Kind)]
    assert set(kinds) == set(known.ORDER)
    assert [] == [kind.short for kind in kinds if len(kind.remedy) < 20]


def test_every_app_has_a_way_out_that_is_read():
    keys = {one.INFO.key for one in IMPORTERS}
    assert [] == [app.name for app in APPS if not set(app.keys) <= keys or len(app.remedy) < 40]


def test_beside_an_answer_the_other_files_that_matter_are_named():
    error = answer_to({"a.rar": b"Rar!\x1a\x07\1\0", "b.xlsx": NOISE, "c.bin": b"\0x"})
    assert "a.rar" == str(error.where)
    assert "b.xlsx (spreadsheet)" in error.remedy


def test_what_lies_beside_an_export_says_what_it_is():
    whatsapp = "[09.03.24, 19:05:30] Bram: Bread\n[09.03.24, 19:06:30] Ida: Yes\n" * 3
    files = {
        "WhatsApp Chat - Bram.zip": zipped({"_chat.txt": whatsapp}),
        "table.csv": b"time,sender,text\n2026-01-02 10:00,Ulla,hi\n",
        "a.rar": b"Rar!\x1a\x07\1\0",
        "half.zip": ZIP[:200],
        "locked.zip": LOCKED,
        "old/msgstore.db": SQLITE,
        "old2.zip": zipped({"MSG0.db": NOISE}),
        "sets/train.json": TURNS,
        "tax.pdf": b"%PDF-1.4",
    }
    found = find(Source.of(files, name="Downloads"), IMPORTERS, Budget())
    assert ["whatsapp-text"] == [one.importer.INFO.key for one in found.exports]
    assert [
        "a.rar (archive that is not opened)",
        "half.zip (it has no end: half a zip. Is the download incomplete?)",
        "locked.zip (password protected)",
        "old/ (app database)",
        "old2.zip (app database)",
        "sets/ (set to train language models with)",
        "table.csv (can be imported by itself, as a table)",
        "tax.pdf",
    ] == sorted(found.rest)
