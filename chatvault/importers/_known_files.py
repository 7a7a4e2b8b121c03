"""Files that are no export of messages whatever is in them: documents, mail, archives that are not
opened, half downloads. Each is answered with what its owner can do.

    kind_of("chat.pdf", head)  ->  Kind(short="document", message="this is a document ...", ...)
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from chatvault.importers._apps import pointer
from chatvault.importers._containers import JOIN_PIECES, PIECE

HEAD = 64 * 1024  # a disk image says so behind 32 KiB
_LITTLE = 16
_LONGEST_PAGE_START = 2_000


class Kind(NamedTuple):
    """What a file is: in brackets behind its name, as a sentence, and what to do."""

    short: str
    message: str
    remedy: str


UNFINISHED = Kind(
    "download not finished",
    "this download did not finish",
    "let the browser go on with it, or download it again, and wait until the ending .crdownload,"
    " .part or .download is gone from its name",
)
IN_THE_CLOUD = Kind(
    "only in iCloud",
    "this only says that the file is in iCloud; the file itself is not on this computer",
    'open the folder in Finder, click the cloud beside the file ("Download Now"), wait, and import'
    " again",
)
LINK_TO_CLOUD = Kind(
    "link to Google Drive",
    "this is only a link to a document in Google Drive",
    "open it in the browser and download it (File, Download); tables as CSV. "
    + pointer(("generic-csv",)),
)
DOCUMENT = Kind(
    "document",
    "this is a document for reading and printing; where one message ends and the next begins"
    " cannot be told from it",
    "make an export in the app that it came from. If the document is all that is left, keep it"
    " beside the vault, or copy its messages into a table with the columns time, sender, text and"
    " import that as CSV. " + pointer(("generic-csv",)),
)
SPREADSHEET = Kind(
    "spreadsheet",
    "spreadsheets are not read",
    "import the JSON, CSV or HTML files that the same tool wrote, or open it in a spreadsheet and"
    " save it as CSV. " + pointer(("generic-csv",)),
)
MAIL = Kind(
    "e-mail",
    "this is e-mail; ChatVault keeps conversations of messengers",
    "keep it with your mail program. If an app mailed you a conversation, save the attachment (.zip"
    " or .txt) out of the mail and import that. " + pointer(),
)
CONTACTS = Kind(
    "contacts",
    "these are cards of an address book; they hold no messages",
    "give the exports of the apps: names come with them, and `chatvault people rename` changes"
    " what is wrong",
)
CALENDAR = Kind(
    "calendar",
    "this is a calendar; it holds no messages",
    "give the export of an app. " + pointer(),
)
PACKED = Kind(
    "archive that is not opened",
    "this is an archive of a kind that ChatVault does not open (it opens .zip, .tar and .tar.gz)",
    "unpack it (7-Zip on Windows, The Unarchiver or Keka on a Mac, `7z x` on Linux) and import the"
    " folder",
)
PIECE_OF_ARCHIVE = Kind(
    "piece of an archive", "this is one piece of an archive that was cut into several", JOIN_PIECES
)
COMPRESSED = Kind(
    "compressed file",
    "this is a single compressed file",
    "unpack it (double-click, or `gunzip`, `unxz`, `bunzip2`, `unzstd`) and import what comes out",
)
DISK_IMAGE = Kind(
    "disk image",
    "this is the image of a disk",
    "open it (double-click mounts it) and import the folder inside that an app or tool wrote",
)
ENCRYPTED = Kind(
    "encrypted file",
    "this file is encrypted",
    "decrypt it with the program and the password that it was encrypted with, and import what comes"
    " out",
)
PROGRAM = Kind(
    "program",
    "this is a program, not an export",
    "open the app, make an export in it and import that. " + pointer(),
)
SAVED_PAGE = Kind(
    "web page under a wrong name",
    "this is not what its name says but a web page: the download needed a login, or had expired",
    "log in, download it again and look at its size before you import it",
)
SHORTCUT = Kind(
    "shortcut",
    "this is only a shortcut to a page or a file",
    "give the file or folder itself",
)
TORN_TABLE = Kind(
    "table without names of columns",
    "this table has dates in its first row, so nothing says which column is what",
    "open it in a spreadsheet, add a first row with the names of the columns"
    " (date,time,sender,phone,text for a table that Viber mailed) and save it as CSV. "
    + pointer(("generic-csv",)),
)
TABLE = Kind(
    "table",
    "this table has no columns that are called like a time and a text of messages",
    "if these are messages, call the columns time, sender and text in its first row and import it"
    " again. " + pointer(("generic-csv",)),
)
JSON = Kind(
    "JSON",
    "this is JSON, but not in the form of an app or tool that ChatVault knows",
    "give the whole folder or .zip that the app wrote, not one file out of it. If your app is not"
    " in the list, its messages can be brought in as JSON lines with time, sender and text. "
    + pointer(("generic-jsonl",)),
)
XML = Kind(
    "XML",
    "this is XML, but not by SMS Backup & Restore",
    "give the whole folder or .zip that the app wrote; if your app is not in the list, its messages"
    " can be brought in as a table. " + pointer(("generic-csv",)),
)
PAGE = Kind(
    "web page",
    "this is a web page, but not by an app or tool whose pages ChatVault knows",
    "look in the app for an export as JSON or text, or for the same export in another format, and"
    " give the whole folder. " + pointer(),
)
TEXT = Kind(
    "text",
    "this is a text, but its lines are not those of an app's export, where date, time and name"
    " stand before each message",
    "give the file as the app wrote it, under its own name. What you typed or copied yourself can"
    " be brought in as a table with the columns time, sender, text. " + pointer(("generic-csv",)),
)

_BY_ENDING = {
    UNFINISHED: "crdownload part partial download opdownload !ut aria2",
    IN_THE_CLOUD: "icloud",
    LINK_TO_CLOUD: "gdoc gsheet gslides gdocx",
    SPREADSHEET: "xlsx xls xlsm xlsb ods numbers et",
    DOCUMENT: "pdf doc docx docm odt rtf pages ppt pptx odp key wps epub ps xps oxps",
    MAIL: "mbox eml emlx msg pst ost olm mbx",
    CONTACTS: "vcf vcard abbu",
    CALENDAR: "ics ical",
    PACKED: "rar 7z ace arj lzh cab sit sitx alz egg zipx",
    DISK_IMAGE: "dmg iso img vhd vhdx vmdk qcow2 sparsebundle toast",
    ENCRYPTED: "gpg pgp age aes axx enc kdbx vc hc p7m",
    PROGRAM: "exe msi apk xapk ipa appimage deb rpm pkg dll",
    SHORTCUT: "url webloc lnk desktop website",
    TABLE: "csv tsv tab",
    JSON: "json jsonl ndjson js",
    XML: "xml",
    PAGE: "html htm xhtml mhtml mht webarchive",
    TEXT: "txt text log md",
}
_ENDINGS = {ending: kind for kind, endings in _BY_ENDING.items() for ending in endings.split()}
_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", DOCUMENT),
    (b"{\\rtf", DOCUMENT),
    (b"Rar!\x1a\x07", PACKED),
    (b"7z\xbc\xaf\x27\x1c", PACKED),
    (b"\x1f\x8b", COMPRESSED),
    (b"\xfd7zXZ\0", COMPRESSED),
    (b"BZh", COMPRESSED),
    (b"\x28\xb5\x2f\xfd", COMPRESSED),
    (b"BEGIN:VCARD", CONTACTS),
    (b"BEGIN:VCALENDAR", CALENDAR),
    (b"!BDN", MAIL),
    (b"From ", MAIL),
    (b"Return-Path:", MAIL),
    (b"Delivered-To:", MAIL),
    (b"Received: ", MAIL),
    (b"vhdxfile", DISK_IMAGE),
    (b"conectix", DISK_IMAGE),
    (b"age-encryption.org/", ENCRYPTED),
    (b"-----BEGIN AGE ENCRYPTED FILE", ENCRYPTED),
    (b"-----BEGIN PGP MESSAGE", ENCRYPTED),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
)
# Endings that say more than the first bytes, which others have too.
_CERTAIN = frozenset({UNFINISHED, IN_THE_CLOUD, LINK_TO_CLOUD, SHORTCUT, SPREADSHEET, DISK_IMAGE})
_PAGE_START = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html)", re.IGNORECASE)
_ARCHIVES = re.compile(r".*\.(?:zip|tar|tgz|gz|json)")
_DATE = re.compile(rb'"?\d{1,4}[./-]\d{1,2}[./-]\d{1,4}')
_MAIL_HEADS = re.compile(
    rb"(?:[A-Za-z-]{2,40}: [^\n]{0,500}\n(?:[ \t][^\n]{0,500}\n)*){2,}", re.ASCII
)
_MAIL_FIELDS = (b"\nsubject:", b"\nfrom:", b"\nto:", b"\ndate:", b"\nmessage-id:")
# Best first: what helps somebody most who gave many files. The first of them are worth a word
# wherever they lie, the others only where there is little else.
STRONG = (
    UNFINISHED, PIECE_OF_ARCHIVE, SAVED_PAGE, IN_THE_CLOUD, PACKED, ENCRYPTED, COMPRESSED,
    SPREADSHEET, TORN_TABLE, LINK_TO_CLOUD, DISK_IMAGE,
)  # fmt: skip
ORDER = (
    *STRONG, TABLE, JSON, XML, PAGE, MAIL, DOCUMENT, TEXT, CONTACTS, CALENDAR, PROGRAM, SHORTCUT,
)  # fmt: skip

# What lies in folders for other reasons; no tool writes it beside the messages that it exports.
_FOREIGN = frozenset({
    UNFINISHED, IN_THE_CLOUD, LINK_TO_CLOUD, DOCUMENT, MAIL, CALENDAR, PACKED, DISK_IMAGE,
    PROGRAM, SHORTCUT,
})  # fmt: skip
_ARCHIVE_ENDINGS = frozenset({"zip", "tar", "gz", "tgz", "xz", "bz2", "zst"})


def is_foreign(name: str) -> bool:
    """Whether a file lies beside an export only by chance, unless a message refers to it."""
    ending = name.rpartition(".")[2].lower()
    return ending in _ARCHIVE_ENDINGS or _ENDINGS.get(ending) in _FOREIGN


def kind_of(name: str, head: Callable[[str, int], bytes]) -> Kind | None:
    """What a file is; None if nothing helpful can be said. `head` gives its first bytes."""
    last = name.rpartition("/")[2].lower()
    if PIECE.fullmatch(last):
        return PIECE_OF_ARCHIVE
    by_ending = _ENDINGS.get(last.rpartition(".")[2]) if "." in last else None
    if by_ending in _CERTAIN:
        return by_ending
    start = head(name, _LONGEST_PAGE_START)
    for magic, kind in _STARTS:
        if start.startswith(magic):
            return kind
    if _PAGE_START.match(start):
        return SAVED_PAGE if _ARCHIVES.fullmatch(last) else PAGE
    if by_ending is TABLE and _DATE.match(start):
        return TORN_TABLE
    if by_ending in {None, TEXT} and _is_mail(start):
        return MAIL
    if by_ending is not None:
        return by_ending
    if head(name, HEAD)[32 * 1024 :].startswith(b"\1CD001") or _boots(head(name, 512)):
        return DISK_IMAGE
    return _by_text(start)


def _is_mail(start: bytes) -> bool:
    lower = b"\n" + start.lower()
    return bool(_MAIL_HEADS.match(start)) and sum(one in lower for one in _MAIL_FIELDS) > 2


def _boots(sector: bytes) -> bool:
    return len(sector) == 512 and sector.endswith(b"\x55\xaa") and b"\0" * _LITTLE in sector


def _by_text(start: bytes) -> Kind | None:
    try:
        text = start.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError as cause:
        if cause.start < len(start) - 3:
            return None
        text = start[: cause.start].decode("utf-8-sig", "replace").lstrip()
    if not text or "\0" in text:
        return None
    if text[0] in "{[":
        return JSON
    return XML if text.startswith("<?xml") else TEXT
