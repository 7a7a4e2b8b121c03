"""A vault whose search index an older ChatVault made: whoever asks first has it made anew."""

import errno
import json
import re
from pathlib import Path

import pytest
from program import Terminal, Vault

from chatvault.errors import Damaged, DiskTrouble
from chatvault.services import opening, unlock
from chatvault.services.query import Word
from chatvault.services.select import select
from chatvault.services.worker import silent
from chatvault.vault import archive
from chatvault.vault.age import Identity


@pytest.fixture
def older(vault: Vault) -> Vault:
    """The index says that it is of other rules, and finds nothing by today's."""
    layout = opening.layout_at(vault.folder)
    ring = opening.unlock(layout, Identity.parse_typed(vault.recovery)).ring
    connection = archive.open_archive(layout.archive, ring.database_key)
    connection.execute("UPDATE meta SET value = value - 1 WHERE key = 'tokeniser'")
    connection.execute("INSERT INTO message_search(message_search) VALUES ('delete-all')")
    archive.close_archive(connection)
    return vault


def test_a_search_finds_as_if_the_index_had_always_been_new(sealed: Vault, older: Vault) -> None:
    expected = json.loads(sealed.run("search", "京", "--json").out)
    ended = older.run("search", "京", "--json")
    assert expected == json.loads(ended.out)
    assert "making the search index anew" in ended.err
    assert "making the search index anew" not in older.run("search", "京").err


@pytest.mark.parametrize(
    "command",
    [
        ("search", "--substring", "a", "--from", "me"), ("list", "conversations", "--from", "me"),
        ("stats", "--from", "me"), ("restore", "media", "DEST", "--has", "photo"),
        ("restore", "chats", "DEST", "--format", "txt", "--from", "me"),
        ("conversations", "merge", "--suggest"),
    ],
)  # fmt: skip
def test_whatever_looks_there_leaves_nothing_out(
    sealed: Vault, older: Vault, tmp_path: Path, command: tuple[str, ...]
) -> None:
    there, here = (
        vault.run(*(str(tmp_path / name) if word == "DEST" else word for word in command))
        for name, vault in (("one", sealed), ("other", older))
    )
    assert (there.code, there.out.replace("/one", "/other")) == (here.code, here.out)
    assert "making the search index anew" in here.err


@pytest.mark.parametrize(
    "command",
    [
        ("verify", "--full"), ("show", "8"), ("list", "conversations"), ("stats",), ("info",),
        ("list", "media", "--after", "2024"), ("restore", "originals", "DEST"),
    ],
)  # fmt: skip
def test_what_does_not_look_there_needs_no_new_one_and_no_lock(
    sealed: Vault, older: Vault, tmp_path: Path, command: tuple[str, ...]
) -> None:
    arguments = [str(tmp_path / "dest") if word == "DEST" else word for word in command]
    with opening.layout_at(older.folder).locked():
        here = older.run(*arguments)
    assert (0, False) == (here.code, "anew" in here.err)


def test_while_another_program_writes_the_vault_is_in_use(older: Vault) -> None:
    with opening.layout_at(older.folder).locked():
        assert 11 == older.run("search", "京").code


def test_a_missing_pack_is_named_and_hinders_no_search(sealed: Vault, older: Vault) -> None:
    layout = opening.layout_at(older.folder)
    ring = opening.unlock(layout, Identity.parse_typed(older.recovery)).ring
    connection = archive.open_reading(layout.archive, ring.database_key)
    query = "SELECT name FROM pack ORDER BY coalesce(import, 0), coalesce(entry, 0)"
    _, gone, *_ = (row[0] for row in connection.execute(query).fetchall())
    archive.close_archive(connection)
    (older.folder / "packs" / gone).unlink()
    ended = older.run("verify")
    assert 13 == ended.code
    assert gone in ended.out + ended.err
    assert sealed.run("search", "京").out == older.run("search", "京").out


def test_where_nothing_can_be_written_that_is_said_and_nothing_found_is_not(
    older: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = opening.layout_at(older.folder)
    ring = opening.unlock(layout, Identity.parse_typed(older.recovery)).ring

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(DiskTrouble, match="older ChatVault made the search index") as raised:
        unlock.renew_index(layout, ring, tell=lambda _: None, progress=silent)
    assert "copy the vault" in raised.value.remedy
    with opening.reading(layout, ring) as vault, pytest.raises(Damaged, match="nothing would be"):
        select(vault.db, Word("京"))


def test_making_it_anew_shows_how_far_it_is(older: Vault) -> None:
    terminal = Terminal("search", "京", env=older.env())
    assert 0 == terminal.end()
    assert re.search(r"indexing messages.* 0 of \d+ ", terminal.shown)
