import pytest

from chatvault.importers._app_databases import MOST_HEADS, SSEF, explain

SQLITE = b"SQLite format 3\0" + b"\x10\0"


def nothing(name: str) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("app", "name"),
    [
        ("WhatsApp", "msgstore.db"),
        ("WhatsApp", "Databases/msgstore-2024-03-09.1.db.crypt14"),
        ("WhatsApp", "backup.crypt15"),
        ("WhatsApp", "old.CRYPT12"),
        ("WhatsApp", "wa.db"),
        ("WhatsApp", "ChatStorage.sqlite"),
        ("WhatsApp", "Android/media/com.whatsapp/WhatsApp/notes.txt"),
        ("WeChat", "WeChat Files/wxid_invented/config.dat"),
        ("WeChat", "xwechat_files/a.bin"),
        ("WeChat", "wxid_a/db_storage/contact/contact.db"),
        ("WeChat", "Msg/MicroMsg.db"),
        ("WeChat", "MSG.db"),
        ("WeChat", "MSG0.db"),
        ("WeChat", "MediaMSG3.db"),
        ("WeChat", "message_0.db"),
        ("WeChat", "biz_message_1.db"),
        ("WeChat", "merge_all.db"),
        ("WeChat", "EnMicroMsg.db"),
        ("WeChat", "MM.sqlite"),
        ("WeChat", "message_1.sqlite"),
        ("WeChat", "WCDB_Contact.sqlite"),
        ("WeChat", "BAK_0_TEXT"),
        ("QQ", "nt_msg.db"),
        ("QQ", "Msg3.0.db"),
        ("QQ", "MsgEx.db"),
        ("QQ", "Tencent Files/10001/Image/a.jpg"),
        ("Signal", "signal-2019-01-02-03-04-05.backup"),
        ("Signal", "SignalBackups/signal-backup-2026-01-02-03-04-05/main"),
        ("Signal", "Header.sbf"),
    ],
)
def test_an_app_is_known_by_the_names_of_its_own_files(app: str, name: str) -> None:
    found = explain(["photo.jpg", name], nothing)
    assert found is not None
    assert (app, (name,)) == (found.app, found.names)


def test_what_is_said_names_the_app_and_a_way_out() -> None:
    found = explain(["msgstore.db"], nothing)
    assert found is not None
    assert "WhatsApp's own database or backup, not an export" in found.message
    assert '"Export chat"' in found.remedy
    assert found.message[0].islower()


def test_a_name_counts_whatever_its_first_bytes_are() -> None:
    for data in (SQLITE, b"\x93\x01\x77", b""):
        found = explain(["MSG0.db"], lambda name, data=data: data)
        assert found is not None
        assert "WeChat" == found.app


def test_a_signal_archive_is_known_by_its_two_parts() -> None:
    folder = "signal-backup-2026-01-02-03-04-05/"
    found = explain([folder + "main", folder + "metadata"], nothing)
    assert found is not None
    assert "Signal" == found.app
    assert explain([folder + "main"], nothing) is None


def test_a_lone_db_sqlite_is_signals_only_if_it_is_encrypted() -> None:
    signal = explain(["db.sqlite"], lambda name: b"\x07\x31\x99")
    other = explain(["db.sqlite"], lambda name: SQLITE)
    profile = explain(["Signal/sql/db.sqlite", "Signal/config.json"], lambda name: SQLITE)
    assert signal is not None and other is not None and profile is not None
    assert ("Signal", "", "Signal") == (signal.app, other.app, profile.app)


def test_a_bak_file_is_qqs_only_beside_things_of_qq() -> None:
    found = explain(["QQ messages/10001.txt", "QQ messages/10001.bak"], nothing)
    assert found is not None
    assert ("QQ", ("QQ messages/10001.bak",)) == (found.app, found.names)
    assert explain(["10001.bak"], nothing) is None


def test_many_cache_files_are_wechats_but_a_few_files_are_not() -> None:
    names = [f"FileStorage/MsgAttach/ab/{number}.dat" for number in range(3)]
    found = explain(names, nothing)
    assert found is not None
    assert "WeChat" == found.app
    assert explain(names[:2], nothing) is None


@pytest.mark.parametrize("name", ["history.db", "data.sqlite3", "noextension", "chat.sqlitedb"])
def test_any_other_sqlite_file_is_a_database_of_an_app(name: str) -> None:
    found = explain([name, "a.txt"], lambda one: SQLITE if one == name else b"text")
    assert found is not None
    assert ("", (name,)) == (found.app, found.names)
    assert "database of an app" in found.message


def test_a_single_file_is_looked_into_whatever_it_is_called() -> None:
    assert explain(["renamed.txt"], lambda name: SQLITE) is not None


def test_an_encrypted_backup_of_sms_ie_is_explained() -> None:
    found = explain(["messages.bin"], lambda name: SSEF + b"\0")
    assert found is not None
    assert "encrypted" in found.message


def test_ordinary_files_need_no_explanation() -> None:
    names = ["_chat.txt", "IMG-20240309-WA0003.jpg", "result.json", "messages.csv", "main.jsonl"]
    assert explain(names, lambda name: b'{"messages": []}') is None


def test_only_a_few_files_are_opened() -> None:
    opened: list[str] = []

    def head(name: str) -> bytes:
        opened.append(name)
        return b""

    assert explain([f"{number}.db" for number in range(5000)], head) is None
    assert MOST_HEADS == len(opened)
