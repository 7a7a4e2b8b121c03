"""The big exports for measuring are real exports, and tell the same story."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from chatvault.importers._source import Source
from chatvault.importers.registry import importer_for
from chatvault.model import Message, Participant, Problem

SCRIPT = Path(__file__).resolve().parent.parent / "scripts/make_export.py"
MESSAGES = 600


def made(folder: Path, *arguments: str) -> dict[str, bytes]:
    """The files that the script writes, by their names."""
    subprocess.run([sys.executable, str(SCRIPT), *arguments, str(folder)], check=True)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def told(files: dict[str, bytes]) -> Counter[tuple[int, str, str]]:
    """Time, sender's name and text of every message, as the importer reads them."""
    source = Source.of(files)
    names: dict[str, str] = {}
    found: Counter[tuple[int, str, str]] = Counter()
    for record in importer_for(source).read(source):
        assert not isinstance(record, Problem)
        if isinstance(record, Participant):
            names[record.id] = record.name
        if isinstance(record, Message):
            assert record.sent_at is not None
            found[record.sent_at.utc_ms, names[record.sender_id or ""], record.text] += 1
    return found


def test_telegram_and_weflow_tell_the_same_messages(tmp_path: Path) -> None:
    telegram = made(tmp_path / "t", "telegram", "--messages", str(MESSAGES))
    weflow = made(tmp_path / "w", "weflow", "--messages", str(MESSAGES))
    parts = [told({name: data}) for name, data in weflow.items()]
    assert MESSAGES == told(telegram).total()
    assert told(telegram) == sum(parts, Counter())


def test_half_of_the_messages_are_chinese(tmp_path: Path) -> None:
    export = json.loads(made(tmp_path, "telegram", "--messages", "4000")["result.json"])
    texts = [message["text"] for one in export["chats"]["list"] for message in one["messages"]]
    chinese = sum(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in texts)
    assert 0.4 < chinese / len(texts) < 0.55


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    one, two = (made(tmp_path / name, "weflow", "--messages", "100") for name in "ab")
    other = made(tmp_path / "c", "weflow", "--messages", "100", "--seed", "2")
    assert one == two
    assert one != other


@pytest.mark.parametrize("kind", ["telegram", "weflow"])
def test_parts_of_a_history_overlap_and_make_the_whole(tmp_path: Path, kind: str) -> None:
    def part(name: str, share: str) -> Counter[tuple[int, str, str]]:
        files = made(tmp_path / name, kind, "--messages", str(MESSAGES), "--part", share)
        return sum((told({file: data}) for file, data in files.items()), Counter())

    whole, first, second = part("w", "0:1"), part("f", "0:0.75"), part("s", "0.25:1")
    assert whole == first | second
    assert MESSAGES / 2 == pytest.approx((first & second).total(), rel=0.05)


def test_media_are_pictures_of_the_size_wanted(tmp_path: Path) -> None:
    files = made(tmp_path, "media", "--files", "20", "--bytes", "400000")
    assert 20 == len(files)
    assert pytest.approx(400_000, rel=0.01) == sum(map(len, files.values()))
    assert "photo-folder" == importer_for(Source.of(files)).INFO.key


def test_nothing_is_written_into_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "media", str(tmp_path)], capture_output=True, text=True
    )
    assert 2 == ran.returncode
    assert ["mine.txt"] == [path.name for path in tmp_path.iterdir()]
