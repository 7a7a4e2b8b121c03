"""The packs are the truth: whatever happens to the archive, it comes back from them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import forging
import pytest
import vaults
from vaults import Made, Said, Telegram, chat

from chatvault.errors import Damaged
from chatvault.services import ingest as ingest_module
from chatvault.services import unlock
from chatvault.vault import archive, catalogue
from chatvault.vault.layout import Layout


def first(folder: Path) -> Path:
    return Telegram(chat(1, 30, photos=[3, 25])).folder(folder / "first")


def second(folder: Path) -> Path:
    return Telegram(chat(20, 50, photos=[25, 40])).folder(folder / "second")


def third(folder: Path) -> Path:
    lines = [(n, "Ada Lind" if n % 2 else "Bohumil Kral", f"line {n}") for n in range(9)]
    name = "WhatsApp Chat with Ada Lind.txt"
    return vaults.write(folder / "third", {name: vaults.whatsapp(lines)}) / name


EXPORTS = (first, second, third)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    """One vault after each of three imports, the empty one first."""
    folder = tmp_path_factory.mktemp("states")
    made = vaults.make(folder / "0")
    found = [made]
    for number, export in enumerate(EXPORTS, 1):
        made = vaults.copied(made, folder / str(number))
        made.bring(export(folder))
        found.append(made)
    return found


@pytest.fixture
def made(states: list[Made], tmp_path: Path) -> Made:
    return vaults.copied(states[-1], tmp_path / "v")


def caught_up(made: Made, expected: Made) -> None:
    """The next writer leaves a vault that knows everything."""
    with made.writing():
        pass
    assert expected.digest() == made.digest()
    report = made.verify()
    assert ((), ()) == (report.damage, report.unfinished)
    beside = [path.name for path in made.folder.glob("archive.db*")]
    assert ["archive.db"] == [name for name in sorted(beside) if ".damaged-" not in name]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_rebuilt_archive_equals_the_archive(
    states: list[Made], tmp_path: Path, count: int
) -> None:
    made = vaults.copied(states[count], tmp_path / "v")
    digest, packs = made.digest(), vaults.snapshot(made.layout.packs)
    imports = list(receipts(made))
    found = made.rebuild()
    assert (count, [], [], [], True) == (
        found.imports, found.unfinished, found.damaged, found.fewer, found.replaced,
    )  # fmt: skip
    assert digest == made.digest()
    assert imports == receipts(made)
    assert packs == vaults.snapshot(made.layout.packs)
    assert made.verify().ok


def receipts(made: Made) -> list[tuple[int, str, str | None]]:
    with made.reading() as vault:
        return [(row.id, row.state, row.receipt) for row in catalogue.imports(vault.db)]


def test_a_rebuild_keeps_problems_assumptions_and_filled_gaps(tmp_path: Path) -> None:
    made = vaults.make(tmp_path / "v")
    lacking = Telegram([Said(1, "look", "sea.jpg"), Said(2, "ok")], media=False)
    made.bring(lacking.folder(tmp_path / "lacking"))
    more = {"photos/sea.jpg": vaults.picture("sea.jpg")}
    made.bring(Telegram([Said(1, "other")], chat=7, more=more).folder(tmp_path / "more"))
    text = b"17/05/2024, 09:00 - Ada: hi\n17/05/2024, 09:01 - Bo: \xff\xfe broken\n"
    made.bring(vaults.write(tmp_path / "w", {"WhatsApp Chat with Ada.txt": text}))
    digest, told, problems = made.digest(), receipts(made), made.count("problem")
    assert made.rebuild().replaced
    assert (digest, told, problems) == (made.digest(), receipts(made), made.count("problem"))


def test_an_import_after_a_rebuild_goes_on_as_if_nothing_had_been(
    states: list[Made], tmp_path: Path
) -> None:
    made = vaults.copied(states[2], tmp_path / "v")
    made.layout.archive.unlink()
    made.bring(third(tmp_path))
    assert states[3].digest() == made.digest()
    (again,) = made.bring(second(tmp_path))
    assert again.again


@pytest.mark.parametrize("older", [0, 1, 2])
def test_Q03_DUR_15_an_older_archive_is_brought_up_to_date(
    states: list[Made], made: Made, older: int
) -> None:
    shutil.copy(states[older].layout.archive, made.layout.archive)
    with made.reading() as vault:
        assert vault.compare().unknown
    assert made.verify().ok
    caught_up(made, states[-1])


@pytest.mark.parametrize("newer", [2, 3])
def test_DUR_15_an_archive_ahead_of_the_packs_writes_nothing(
    states: list[Made], tmp_path: Path, newer: int
) -> None:
    """CR-6: packs of an older state under the archive of a newer one."""
    made = vaults.copied(states[1], tmp_path / "v")
    shutil.copy(states[newer].layout.archive, made.layout.archive)
    before = vaults.snapshot(made.folder)
    with pytest.raises(Damaged, match="missing"), made.writing():
        pass
    assert before == vaults.snapshot(made.folder)
    assert {"packs"} == {item.file.partition("/")[0] for item in made.verify().damage}
    assert states[newer].texts() == made.texts()


def test_DUR_14_readers_only_say_that_packs_are_not_taken_in_yet(
    states: list[Made], made: Made
) -> None:
    shutil.copy(states[1].layout.archive, made.layout.archive)
    before = vaults.snapshot(made.folder)
    assert states[1].texts() == made.texts()
    assert ("4 packs are not taken in yet",) == made.verify(full=False).notes
    assert before == vaults.snapshot(made.folder)


def test_Q04_TRAP_7_a_copy_without_its_log_loses_nothing(
    states: list[Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy was made while a writer was at work, and the log was left out."""
    made = vaults.copied(states[1], tmp_path / "v")
    copy = tmp_path / "copy"
    real = ingest_module.checkpoint

    def copying(db: object) -> None:
        shutil.copytree(made.folder, copy, ignore=shutil.ignore_patterns("archive.db-*"))
        real(db)

    monkeypatch.setattr(ingest_module, "checkpoint", copying)
    made.bring(second(tmp_path))
    copied = Made(copy, Layout(copy, made.layout.ops), made.ring, made.recovery)
    assert copied.count("message") < states[2].count("message")
    caught_up(copied, states[2])


def log_of(made: Made, folder: Path, monkeypatch: pytest.MonkeyPatch, export: Path) -> bytes:
    """The log that an import leaves before it is taken into the archive."""
    kept: list[bytes] = []
    real = ingest_module.checkpoint

    def copying(db: object) -> None:
        kept.append(made.layout.archive.with_name("archive.db-wal").read_bytes())
        real(db)

    monkeypatch.setattr(ingest_module, "checkpoint", copying)
    made.bring(export)
    monkeypatch.undo()
    assert len(kept[0]) > 4096
    return kept[0]


def plant(made: Made, data: bytes, suffix: str = "-wal") -> None:
    forging.copy_to(made.layout.archive.with_name("archive.db" + suffix), data)


def test_Q05_TRAP_8_a_planted_old_log_turns_nothing_back(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is genuine, SQLite replays it, and both integrity checks may pass afterwards."""
    log = log_of(made, tmp_path, monkeypatch, Telegram(chat(60, 63)).folder(tmp_path / "fourth"))
    made.bring(Telegram(chat(60, 90, photos=[70])).folder(tmp_path / "fifth"))
    digest = made.digest()
    plant(made, log)
    with made.writing():
        pass
    assert digest == made.digest()
    report = made.verify()
    assert ((), ()) == (report.damage, report.unfinished)


def test_Q05_a_planted_log_with_one_old_page_is_noticed(made: Made, states: list[Made]) -> None:
    """Only the page that tells the head of the journal: the packs would all be known."""
    older = vaults.copied(made, made.folder.parent / "older")
    connection = archive.open_archive(older.layout.archive, older.ring.database_key)
    connection.execute("UPDATE meta SET value = 2 WHERE key = 'head_entry'")
    log = older.layout.archive.with_name("archive.db-wal").read_bytes()
    archive.close_archive(connection)
    assert len(log) > 4096
    plant(made, log)
    with made.reading() as vault:
        torn = vault.compare().torn
    assert torn
    assert {"archive.db"} == {item.file for item in made.verify().damage}
    caught_up(made, states[-1])


def test_Q05_the_log_of_another_vault(made: Made, states: list[Made], tmp_path: Path) -> None:
    other = vaults.make(tmp_path / "other")
    connection = archive.open_archive(other.layout.archive, other.ring.database_key)
    connection.execute("UPDATE meta SET value = 7")
    log = other.layout.archive.with_name("archive.db-wal").read_bytes()
    archive.close_archive(connection)
    assert len(log) > 4096
    plant(made, log)
    caught_up(made, states[-1])
    plant(made, log)
    with pytest.raises(Damaged) as caught, made.reading():
        pass
    assert "rebuild" in caught.value.remedy
    assert made.rebuild().replaced
    caught_up(made, states[-1])


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
@pytest.mark.parametrize("data", [b"garbage" * 5000, b"\0" * 8192, b"\x37\x7f\x06\x82" * 999])
def test_Q05_garbage_beside_the_archive(
    made: Made, states: list[Made], suffix: str, data: bytes
) -> None:
    plant(made, data, suffix)
    assert states[-1].digest() == made.digest()
    caught_up(made, states[-1])


def test_Q05_a_planted_old_journal_turns_nothing_back(
    made: Made, states: list[Made], tmp_path: Path
) -> None:
    older = vaults.copied(states[1], tmp_path / "older")
    connection = archive.open_archive(older.layout.archive, older.ring.database_key)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA cache_size=1")
    connection.execute("BEGIN")
    connection.execute("UPDATE message SET place = place + 1")
    journal = older.layout.archive.with_name("archive.db-journal").read_bytes()
    connection.execute("ROLLBACK")
    connection.close()
    assert len(journal) > 4096
    plant(made, journal, "-journal")
    caught_up(made, states[-1])


SHAPES: dict[str, Callable[[Path], object]] = {
    "plain SQLite": lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(8176)),
    "garbage": lambda path: path.write_bytes(b"garbage!" * 2048),
    "a folder": lambda path: path.mkdir(),
    "a link": lambda path: path.symlink_to("/etc/hostname"),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_Q06_what_is_no_archive_is_never_opened_and_never_overwritten(
    made: Made, shape: str
) -> None:
    made.layout.archive.unlink()
    SHAPES[shape](made.layout.archive)
    before = vaults.snapshot(made.folder)
    with pytest.raises(Damaged) as caught, made.reading():
        pass
    assert "rebuild" in caught.value.remedy
    with pytest.raises(Damaged), made.writing():
        pass
    assert before == vaults.snapshot(made.folder)


@pytest.mark.parametrize("shape", ["plain SQLite", "garbage"])
def test_Q06_DUR_18_a_rebuild_puts_the_damaged_archive_aside(
    made: Made, states: list[Made], shape: str
) -> None:
    for number in (1, 2):
        made.layout.archive.unlink()
        SHAPES[shape](made.layout.archive)
        held = made.layout.archive.read_bytes()
        assert made.rebuild().replaced
        assert held == (made.folder / f"archive.db.damaged-{number}").read_bytes()
        assert states[-1].digest() == made.digest()


def test_Q06_TRAP_4_the_archive_of_another_vault(made: Made, tmp_path: Path) -> None:
    """To SQLite wrong key, wrong page size and damage are one error; the ring tells them apart."""
    other = vaults.make(tmp_path / "other")
    shutil.copy(other.layout.archive, made.layout.archive)
    before = vaults.snapshot(made.folder)
    with pytest.raises(Damaged) as caught, made.writing():
        pass
    assert (13, True) == (caught.value.exit_code, "rebuild" in caught.value.remedy)
    assert before == vaults.snapshot(made.folder)


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_Q07_without_an_archive_readers_say_rebuild_and_writers_do_it(
    made: Made, states: list[Made], how: str
) -> None:
    made.layout.archive.unlink()
    if how == "empty":
        forging.copy_to(made.layout.archive, b"")
    before = vaults.snapshot(made.folder)
    with pytest.raises(Damaged, match="missing") as caught, made.reading():
        pass
    assert "rebuild" in caught.value.remedy
    assert before == vaults.snapshot(made.folder)
    caught_up(made, states[-1])
    assert 0o600 == made.layout.archive.stat().st_mode & 0o777


def test_P11_a_manifest_in_a_pack_that_the_archive_does_not_know_is_adopted(
    states: list[Made], made: Made
) -> None:
    """Killed between the last pack and the archive."""
    shutil.copy(states[2].layout.archive, made.layout.archive)
    heard: list[str] = []
    with unlock.writing(made.layout, made.ring, tell=heard.append):
        pass
    assert any("entry 3 was complete" in text for text in heard)
    assert states[3].digest() == made.digest()
    assert receipts(states[3]) == receipts(made)


def broken_off(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An import that ended between its files and its manifest."""
    export = Telegram(chat(40, 70, photos=[45])).folder(tmp_path / "fourth")

    def fail(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest_module._Import, "_commit", fail)
    with pytest.raises(KeyboardInterrupt):
        made.bring(export)
    monkeypatch.undo()
    return export


def test_P12_packs_without_a_manifest_wait_for_the_next_run_of_their_import(
    made: Made, states: list[Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = vaults.copied(made, tmp_path / "undisturbed")
    export = broken_off(made, tmp_path, monkeypatch)
    report = made.verify()
    assert () == report.damage
    assert ("import 4 was broken off (packs: 1, messages: 30)",) == report.unfinished
    packs = set(made.packs())
    (receipt,) = made.bring(export)
    assert ((4,), 5) == (receipt.finishes, receipt.number)
    (expected,) = undisturbed.bring(export)
    assert expected.messages.new == receipt.messages.new  # what was new then, counts here
    assert (expected.messages.items, True) == (receipt.messages.items, receipt.adds_up())
    assert expected.attachments == receipt.attachments
    assert packs < set(made.packs())
    caught_up(made, undisturbed)
    assert made.rebuild().replaced
    caught_up(made, undisturbed)


@pytest.mark.slow
def test_P12_a_rebuild_does_not_forget_whose_the_packs_are(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The messages of an unfinished import are gone from the archive; the same again brings them
    and finishes it."""
    undisturbed = vaults.copied(made, tmp_path / "undisturbed")
    export = broken_off(made, tmp_path, monkeypatch)
    found = made.rebuild()
    assert ([4], True) == (found.unfinished, found.replaced)
    assert 1 == len(made.verify().unfinished)
    (receipt,) = made.bring(export)
    assert (4,) == receipt.finishes
    undisturbed.bring(export)
    caught_up(made, undisturbed)
    assert made.rebuild().replaced


@pytest.mark.slow
def test_DUR_19_a_rebuild_that_would_know_less_leaves_the_old_archive(
    made: Made, states: list[Made]
) -> None:
    """CR-6: each pack missing in turn."""
    archive_bytes = made.layout.archive.read_bytes()
    for pack in made.packs():
        held = pack.read_bytes()
        pack.unlink()
        found = made.rebuild()
        assert not found.replaced
        assert found.damaged or found.fewer
        assert archive_bytes == made.layout.archive.read_bytes()
        forging.copy_to(pack, held)
    assert made.rebuild().replaced
    caught_up(made, states[-1])


@pytest.mark.slow
def test_DUR_19_what_is_left_can_be_accepted(made: Made, states: list[Made]) -> None:
    """Each pack missing in turn, the archive too: everything else comes back, and what was lost
    can be imported again."""
    for pack in made.packs():
        held = pack.read_bytes()
        pack.unlink()
        made.layout.archive.unlink()
        found = made.rebuild(fewer="accept")
        assert found.replaced
        assert found.damaged or found.fewer or found.unfinished
        left = made.texts()
        assert set(left) < set(states[-1].texts()) or left == states[-1].texts()
        assert len(left) >= 9
        forging.copy_to(pack, held)
    assert made.rebuild().replaced
    caught_up(made, states[-1])


def test_DUR_19_a_damaged_pack_costs_only_what_lies_in_it(made: Made, states: list[Made]) -> None:
    pack = made.layout.packs / forging.names_of(made).data[0]
    data = bytearray(pack.read_bytes())
    data[600] ^= 1  # in the first chunk, where the head of the pack and the export lie
    pack.write_bytes(data)
    found = made.rebuild()
    assert (False, True) == (found.replaced, bool(found.damaged))
    made.layout.archive.unlink()
    assert made.rebuild(fewer="accept").replaced
    assert set(second_and_third()) <= set(made.texts())


def second_and_third() -> list[str]:
    return [said.text for said in chat(20, 50)] + [f"line {n}" for n in range(9)]


def test_a_rebuild_under_a_ring_that_opens_nothing_writes_nothing(
    made: Made, tmp_path: Path
) -> None:
    """KEY-13: not even with --accept-fewer."""
    foreign = vaults.make(tmp_path / "foreign")
    stranger = Made(made.folder, made.layout, foreign.ring, foreign.recovery)
    made.layout.archive.unlink()
    before = vaults.snapshot(made.folder)
    for fewer in ("refuse", "accept"):
        with pytest.raises(Damaged, match="none of the packs opens"):
            stranger.rebuild(fewer=fewer)
    with pytest.raises(Damaged), stranger.writing():
        pass
    assert before == vaults.snapshot(made.folder)


def test_DUR_12_TRAP_9_reading_leaves_exactly_one_file(made: Made) -> None:
    before = vaults.snapshot(made.folder)
    with made.reading() as vault:
        vault.db.execute("SELECT count(*) FROM message").fetchone()
    assert before == vaults.snapshot(made.folder)
