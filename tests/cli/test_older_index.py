"""A vault whose search index an older ChatVault made: whoever asks first has it made anew."""

import json
import re
from pathlib import Path

import pytest
from program import Terminal, Vault

from chatvault.services import opening
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


def test_a_restore_of_what_somebody_sent_leaves_nothing_out(older: Vault, tmp_path: Path) -> None:
    ended = older.run("restore", "chats", tmp_path / "given", "--format", "txt", "--from", "me")
    assert 0 == ended.code
    assert "making the search index anew" in ended.err
    assert list((tmp_path / "given").rglob("*.txt"))


def test_while_another_program_writes_the_vault_is_in_use(older: Vault) -> None:
    with opening.layout_at(older.folder).locked():
        assert 11 == older.run("search", "京").code


def test_making_it_anew_shows_how_far_it_is(older: Vault) -> None:
    terminal = Terminal("search", "京", env=older.env())
    assert 0 == terminal.end()
    assert re.search(r"indexing messages.* 0 of \d+ ", terminal.shown)
