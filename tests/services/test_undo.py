"""`imports undo N`: the vault as if import N had never been; both ways, deleting and rebuilding."""

from collections.abc import Callable
from itertools import combinations, permutations
from pathlib import Path

import pytest
import vaults
from hypothesis import given, settings
from hypothesis import strategies as st
from vaults import Made, Said, Telegram, chat

from chatvault.errors import Usage
from chatvault.services import ingest as ingest_module
from chatvault.services import rebuild as rebuild_module
from chatvault.vault import catalogue


def alone(folder: Path) -> Path:
    """A chat that nobody else is in."""
    said = [Said(n, f"garden {n}", "rose.jpg" * (n == 2), who="Cosima") for n in range(1, 6)]
    return Telegram(said, title="Cosima Hart", chat=4503).folder(folder / "alone")


def early(folder: Path) -> Path:
    return Telegram(chat(1, 30, photos=[3, 25])).folder(folder / "early")


def late(folder: Path) -> Path:
    return Telegram(chat(20, 50, photos=[25, 40])).folder(folder / "late")


def edited(folder: Path) -> Path:
    """The same chat once more, with another title, edits and without its pictures."""
    said = [Said(s.number, s.text + " (edited)" * (s.number % 5 == 0), s.photo, s.who)
            for s in chat(10, 40, photos=[25])]  # fmt: skip
    return Telegram(said, title="Ada L.", media=False).folder(folder / "edited")


def talk(folder: Path) -> Path:
    """A chat without ids, which shares people with nobody."""
    lines = [(n, "Ada Lind" if n % 2 else "Bohumil Kral", f"line {n}") for n in range(9)]
    name = "WhatsApp Chat with Ada Lind.txt"
    return vaults.write(folder / "talk", {name: vaults.whatsapp(lines)}) / name


EXPORTS = {"alone": alone, "early": early, "late": late, "edited": edited, "talk": talk}


def after(folder: Path, names: tuple[str, ...], ring: Made) -> Made:
    """A copy of an empty vault after imports of these exports."""
    made = vaults.copied(ring, folder / ("v-" + "-".join(names)))
    for name in names:
        made.bring(EXPORTS[name](folder / "exports"))
    return made


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return vaults.make(tmp_path_factory.mktemp("empty") / "v")


HISTORIES = [("alone", "talk"), ("edited", "early"), ("talk", "late", "edited")]


@pytest.mark.slow
@pytest.mark.parametrize("names", HISTORIES, ids=lambda names: "-".join(names))
def test_undoing_any_import_gives_the_vault_without_it(
    empty: Made, tmp_path: Path, names: tuple[str, ...]
) -> None:
    whole = after(tmp_path, names, empty)
    for number in range(1, len(names) + 1):
        left = names[: number - 1] + names[number:]
        expected = after(tmp_path / str(number), left, empty)
        made = vaults.copied(whole, tmp_path / f"undo-{number}")
        packs = vaults.snapshot(made.layout.packs)
        made.undo(number)
        assert expected.digest() == made.digest(), (names, number)
        report = made.verify()
        assert ((), ()) == (report.damage, report.unfinished)
        assert packs.items() < vaults.snapshot(made.layout.packs).items()
        assert made.rebuild().replaced
        assert expected.digest() == made.digest(), (names, number)


def test_an_import_that_stands_alone_is_undone_without_a_rebuild(
    empty: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = after(tmp_path, ("early", "alone"), empty)
    before = after(tmp_path / "x", ("early",), empty)
    monkeypatch.setattr(rebuild_module, "rebuild", forbidden)
    made.undo(2)
    assert before.digest() == made.digest()


def forbidden(*_: object, **__: object) -> None:
    raise AssertionError("no rebuild was needed")


def test_an_import_that_changed_others_is_undone_by_a_rebuild(
    empty: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = after(tmp_path, ("early", "late"), empty)
    monkeypatch.setattr(rebuild_module, "rebuild", forbidden)
    with pytest.raises(AssertionError):
        made.undo(2)
    monkeypatch.undo()
    with made.writing():
        pass  # the decision was durable; the next writer follows it
    assert after(tmp_path / "x", ("early",), empty).digest() == made.digest()


def filling(folder: Path) -> tuple[Path, Path]:
    """An export that lacks a picture, and one of another chat that has it."""
    lacking = {"chat.jsonl": vaults.records(size=2000)}
    more = {"photos/sunset.jpg": vaults.picture("sunset")}
    bringing = Telegram([Said(1, "other", who="Cosima")], chat=4503, more=more)
    return vaults.write(folder / "lacking", lacking), bringing.folder(folder / "bringing")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_undoing_the_import_that_filled_a_gap_opens_it_again(
    empty: Made, tmp_path: Path, order: tuple[int, int]
) -> None:
    exports = filling(tmp_path)
    made = vaults.copied(empty, tmp_path / "v")
    filled = sum(made.bring(exports[which])[0].attachments.filled for which in order)
    assert 1 == filled
    expected = vaults.copied(empty, tmp_path / "expected")
    expected.bring(exports[0])
    assert expected.digest() != made.digest()
    made.undo(order.index(1) + 1)
    assert expected.digest() == made.digest()
    assert made.rebuild().replaced
    assert expected.digest() == made.digest()


def test_files_of_an_undone_import_fill_no_gaps(empty: Made, tmp_path: Path) -> None:
    """Its packs stay, but it never was."""
    lacking, bringing = filling(tmp_path)
    made = vaults.copied(empty, tmp_path / "v")
    made.bring(bringing)
    made.undo(1)
    (receipt,) = made.bring(lacking)
    assert (0, 1) == (receipt.attachments.filled, receipt.attachments.missing)
    expected = vaults.copied(empty, tmp_path / "expected")
    expected.bring(lacking)
    assert expected.digest() == made.digest()
    assert made.rebuild().replaced
    assert expected.digest() == made.digest()


def test_an_undone_import_can_be_imported_again_without_storing_it_again(
    empty: Made, tmp_path: Path
) -> None:
    made = after(tmp_path, ("early",), empty)
    digest = made.digest()
    made.undo(1)
    assert 0 == made.count("message")
    (receipt,) = made.bring(tmp_path / "exports" / "early")
    assert (2, False, 29) == (receipt.number, receipt.again, receipt.messages.new)
    assert digest == made.digest()
    made.undo(2)
    assert 0 == made.count("message")


def test_an_import_is_undone_once(empty: Made, tmp_path: Path) -> None:
    made = after(tmp_path, ("early",), empty)
    made.undo(1)
    before = vaults.snapshot(made.layout.packs)
    for number in (1, 2, 0, -1, 10**12):
        with pytest.raises(Usage) as caught:
            made.undo(number)
        assert caught.value.remedy
    assert before == vaults.snapshot(made.layout.packs)


@pytest.mark.parametrize("stage", ["_merge", "_receipt", "_commit"])
def test_undoing_an_import_that_was_broken_off(
    empty: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    made = after(tmp_path, ("early",), empty)
    digest = made.digest()

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest_module._Import, stage, stop)
    with pytest.raises(KeyboardInterrupt):
        made.bring(late(tmp_path))
    monkeypatch.undo()
    assert 1 == len(made.verify().unfinished)
    made.undo(2)
    report = made.verify()
    assert ((), ()) == (report.damage, report.unfinished)
    assert digest == made.digest()
    (receipt,) = made.bring(tmp_path / "late")
    assert ((), 3) == (receipt.finishes, receipt.number)
    assert after(tmp_path / "x", ("early", "late"), empty).digest() == made.digest()


def test_undoing_the_import_that_finished_another_undoes_both(
    empty: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = after(tmp_path, ("talk",), empty)
    digest = made.digest()
    monkeypatch.setattr(ingest_module._Import, "_commit", forbidden)
    with pytest.raises(AssertionError):
        made.bring(late(tmp_path))
    monkeypatch.undo()
    (receipt,) = made.bring(tmp_path / "late")
    assert (2,) == receipt.finishes
    with pytest.raises(Usage):
        made.undo(2)
    made.undo(3)
    assert digest == made.digest()
    assert () == made.verify().unfinished
    assert made.rebuild().replaced
    assert digest == made.digest()


def test_the_receipt_of_an_undone_import_is_not_told_as_one_that_is_there(
    empty: Made, tmp_path: Path
) -> None:
    made = after(tmp_path, ("early", "talk"), empty)
    made.undo(1)
    with made.reading() as vault:
        states = {row.id: row.state for row in catalogue.imports(vault.db)}
    assert {1: "undone", 2: "complete"} == states


CHOICES: list[Callable[[Path], Path]] = list(EXPORTS.values())


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_order_with_any_of_them_undone_is_the_vault_without_those(
    empty: Made, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("any")
    names = data.draw(st.sampled_from([p for n in (2, 3) for p in permutations(EXPORTS, n)]))
    gone = data.draw(
        st.sampled_from([c for n in (1, 2) for c in combinations(range(1, len(names) + 1), n)])
    )
    made = after(folder, names, empty)
    for number in gone:
        made.undo(number)
    left = tuple(name for number, name in enumerate(names, 1) if number not in gone)
    assert after(folder / "expected", left, empty).digest() == made.digest()
