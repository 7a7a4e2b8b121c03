"""The big exports for measuring are real exports, and tell the same story."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from chatvault.importers._limits import Budget
from chatvault.importers._mht import with_parts
from chatvault.importers._source import Source, Told
from chatvault.model import Message, Participant, Problem
from recognised import importer_for

SCRIPT = Path(__file__).resolve().parent.parent / "scripts/make_export.py"
MESSAGES = 600
ME = "Noor Hallam"


def made(folder: Path, *arguments: str) -> dict[str, bytes]:
    """The files that the script writes, by their names."""
    subprocess.run([sys.executable, str(SCRIPT), *arguments, str(folder)], check=True)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def opened(files: dict[str, bytes]) -> Source:
    """The export with what is inside of its files, as an import sees it."""
    source = Source.of(files)
    entries, problems = with_parts(source.entries, Budget())
    assert problems == ()
    return replace(source, entries=entries, told=Told(zone="Asia/Singapore", me=ME))


def told(files: dict[str, bytes]) -> Counter[tuple[int, str, str]]:
    """Time, sender's name and text of every message, as the importer reads them."""
    source = opened(files)
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


# What each form is, to the program; and whether all of it is one export.
FORMS = {
    "telegram": ("telegram-desktop", True),
    "weflow": ("wechat-weflow", False),
    "qq-jsonl": ("qq-qce", True),
    "qq-mht": ("qq-mht", True),
    "sms": ("sms-backup-restore", True),
    "discord": ("discord-dce", True),
    "slack": ("slack", True),
}


def exports(files: dict[str, bytes], *, together: bool) -> list[dict[str, bytes]]:
    return [files] if together else [{name: data} for name, data in files.items()]


def told_by_all(files: dict[str, bytes], *, together: bool) -> Counter[tuple[int, str, str]]:
    return sum(map(told, exports(files, together=together)), Counter())


@pytest.fixture(scope="module")
def telegram(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[int, str, str]]:
    return told(made(tmp_path_factory.mktemp("t"), "telegram", "--messages", str(MESSAGES)))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_recognised_and_tells_the_same_messages(
    tmp_path: Path, form: str, telegram: Counter[tuple[int, str, str]]
) -> None:
    key, together = FORMS[form]
    files = made(tmp_path, form, "--messages", str(MESSAGES))
    found = exports(files, together=together)
    assert {key} == {importer_for(opened(one)).INFO.key for one in found}
    assert MESSAGES == telegram.total()
    assert telegram == sum(map(told, found), Counter())


def test_an_mht_has_pictures_and_a_workspace_a_file_for_each_day(tmp_path: Path) -> None:
    mht = opened(made(tmp_path / "m", "qq-mht", "--messages", str(MESSAGES)))
    assert 24 <= sum(name.endswith(".jpg") for name in mht.names())
    slack = made(tmp_path / "s", "slack", "--messages", str(MESSAGES))
    assert 24 < sum(name.startswith(("room-", "D0")) for name in slack)


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


@pytest.mark.parametrize("form", ["weflow", "slack"])
def test_parts_of_a_history_overlap_and_make_the_whole(tmp_path: Path, form: str) -> None:
    def part(name: str, share: str) -> Counter[tuple[int, str, str]]:
        files = made(tmp_path / name, form, "--messages", str(MESSAGES), "--part", share)
        return told_by_all(files, together=FORMS[form][1])

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
