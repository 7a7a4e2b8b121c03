"""What is said about something that is no export reaches whoever gave it, whole and in words."""

import re
from pathlib import Path

from program import Terminal, Vault, environment, run

from chatvault.importers._apps import BY_NAME


def test_an_answer_longer_than_a_message_is_shown_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "MSG0.db").write_bytes(b"\1\2\3" * 99)
    ended = run("identify", tmp_path / "MSG0.db")
    assert (1, "") == (ended.code, ended.out)
    assert BY_NAME["WeChat"].advice() in ended.err


def test_on_a_terminal_the_lines_of_an_answer_end_between_words(tmp_path: Path) -> None:
    (tmp_path / "msgstore.db").write_bytes(b"\1\2\3" * 99)
    terminal = Terminal("identify", tmp_path / "msgstore.db", env=environment(), columns=60)
    assert 1 == terminal.end()
    lines = terminal.shown.strip().splitlines()
    assert [] == [line for line in lines if len(line) > 60]
    said = re.sub(r"\s+", " ", terminal.shown).strip()
    assert said.endswith(BY_NAME["WhatsApp"].advice())


def test_L03_a_long_path_leaves_room_for_the_message(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["a" * 60] * 4)
    folder.mkdir(parents=True)
    (folder / "chat.crypt14").write_bytes(b"\1\2\3" * 99)
    ended = run("identify", tmp_path)
    assert "WhatsApp's own database or backup" in ended.err
    assert 250 > len(ended.err.splitlines()[0])


def test_what_lies_beside_exports_is_followed_by_how_to_hear_more(tmp_path: Path) -> None:
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat/WhatsApp Chat - Bram.txt").write_text("[09.03.24, 19:05:30] Bram: Hi\n" * 3)
    (tmp_path / "a.rar").write_bytes(b"Rar!\x1a\x07\1\0")
    ended = run("identify", tmp_path)
    assert 0 == ended.code
    assert "a.rar (archive that is not opened): not an export" in ended.out
    assert "by itself" in ended.err


def test_exports_that_were_imported_before_are_not_counted_again(
    empty: Vault, tmp_path: Path
) -> None:
    for folder, name in (("a", "Bram"), ("b", "Ida")):
        (tmp_path / folder).mkdir()
        text = f"[19.03.24, 19:05:30] {name}: Hi\n" * 3
        (tmp_path / folder / f"WhatsApp Chat - {name}.txt").write_text(text)
    assert 0 == empty.run("import", tmp_path / "a").code
    both = empty.run("import", tmp_path).out.splitlines()
    assert both[-1].startswith("2 exports, 1 imported before: 3 messages = 3 new + ")
    assert "2 exports, 2 imported before" == empty.run("import", tmp_path).out.splitlines()[-1]
