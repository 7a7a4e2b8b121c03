"""Two countings of every import, each by itself: what came in, and what became of it. Where they
differ that is an error, and the import is not complete."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import vaults
from vaults import Made, Telegram, chat

from chatvault.errors import DoesNotAddUp
from chatvault.model import Message, Problem, Record
from chatvault.services.given import GivenPaths
from chatvault.services.worker import Worker
from chatvault.vault.batches import Batches, Item, Merged
from chatvault.vault.store import Merger

Sabotage = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return vaults.make(tmp_path / "v")


def a_batch_loses_its_last_message(monkeypatch: pytest.MonkeyPatch) -> None:
    merge = Batches.merge

    def lossy(self: Batches, items: list[Item]) -> Merged:
        return merge(self, items[:-1])

    monkeypatch.setattr(Batches, "merge", lossy)


def the_merger_does_not_take_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    add = Merger._add_message

    def lossy(self: Merger, message: Message) -> None:
        if "number 7 " not in message.text:
            add(self, message)

    monkeypatch.setattr(Merger, "_add_message", lossy)


def a_message_is_taken_and_never_decided_on(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Batches._place

    def lossy(self: Batches, item: Item, known: object) -> object:
        row = place(self, item, known)  # type: ignore[arg-type]
        if "number 7 " in item.message.text:
            self._decided.pop()
        return row

    monkeypatch.setattr(Batches, "_place", lossy)


def problems_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(self: Merger) -> None:
        self._problems = []

    monkeypatch.setattr(Merger, "_write_problems", lossy)


def records_get_lost_on_the_way_to_the_merger(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Worker.read

    def lossy(self: Worker, export: int, without: tuple[str, ...] = ()) -> Iterator[list[Record]]:
        for records in read(self, export, without):
            yield [r for r in records if "number 7 " not in getattr(r, "text", "")]

    monkeypatch.setattr(Worker, "read", lossy)


def a_message_is_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    add = Merger._add_message

    def doubling(self: Merger, message: Message) -> None:
        add(self, message)
        if "number 7 " in message.text:
            add(self, message)

    monkeypatch.setattr(Merger, "_add_message", doubling)


WRONG: list[Sabotage] = [
    a_batch_loses_its_last_message,
    the_merger_does_not_take_a_message,
    a_message_is_taken_and_never_decided_on,
    problems_are_not_written,
    records_get_lost_on_the_way_to_the_merger,
    a_message_is_taken_twice,
]


def export(folder: Path, *, last: int = 30) -> Path:
    """A chat of which one message cannot be read."""
    telegram = Telegram(chat(1, last, photos=[3]))
    return vaults.write(
        folder,
        {**telegram.files(), "result.json": telegram.result().replace(b'"id": 9,', b'"id": {},')},
    )


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_an_import_that_loses_count_is_an_error_and_the_archive_stays_as_it_was(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Sabotage
) -> None:
    made.bring(Telegram(chat(1, 5)).folder(tmp_path / "before"))
    before = made.digest()
    whole = export(tmp_path / "e")
    with monkeypatch.context() as patched:
        wrong(patched)
        with pytest.raises(DoesNotAddUp, match="this is a bug: ") as caught:
            made.bring(whole)
    assert 1 == caught.value.exit_code
    assert before == made.digest()
    report = made.verify()
    assert ((), 1) == (report.damage, len(report.unfinished))
    # Once it counts right again, the same import completes what was begun.
    (receipt,) = made.bring(whole)
    told = receipt.messages
    assert (29, 24, 3, 1, 1) == (told.items, told.new, told.known, told.updated, told.unread)
    assert receipt.adds_up()
    assert (2,) == receipt.finishes


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_a_rebuild_that_loses_count_leaves_the_old_archive(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Sabotage
) -> None:
    made.bring(export(tmp_path / "e"))
    before = made.digest()
    wrong(monkeypatch)
    with pytest.raises(DoesNotAddUp) as caught:
        made.rebuild()
    assert "the archive is as it was" in caught.value.remedy
    monkeypatch.undo()
    assert before == made.digest()
    assert made.rebuild().replaced


def test_trying_out_loses_count_too(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    the_merger_does_not_take_a_message(monkeypatch)
    with pytest.raises(DoesNotAddUp):
        made.try_out(export(tmp_path / "e"))
    assert 0 == made.count("import")


def test_what_is_lost_between_batches_stops_an_import_that_goes_on_later(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches before the one that lost count are in the archive as those of an interrupted import
    are; "new" counts both."""
    whole = export(tmp_path / "e")
    with monkeypatch.context() as patched:
        merge = Batches.merge

        def lossy(self: Batches, items: list[Item]) -> Merged:
            return merge(self, items[:-1] if items[0].wanted.platform_id == "17" else items)

        patched.setattr(Batches, "merge", lossy)
        with pytest.raises(DoesNotAddUp):
            made.bring(whole, batch=5)
    assert 0 < made.count("message") < 28
    (receipt,) = made.bring(whole, batch=5)
    told = receipt.messages
    assert (29, 28, 0, 0, 1) == (told.items, told.new, told.known, told.updated, told.unread)


def test_where_reading_broke_off_the_items_before_it_are_counted(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that refers to nothing: what stood before it stays, the rest is told as unread."""
    read = Worker.read

    def disordered(
        self: Worker, number: int, without: tuple[str, ...] = ()
    ) -> Iterator[list[Record]]:
        for records in read(self, number, without):
            yield [
                msgspec.structs.replace(record, conversation_id="nowhere")
                if isinstance(record, Message) and "number 20 " in record.text
                else record
                for record in records
            ]

    monkeypatch.setattr(Worker, "read", disordered)
    (receipt,) = made.bring(export(tmp_path / "e"))
    told = receipt.messages
    assert (19, 18, 0, 0, 1) == (told.items, told.new, told.known, told.updated, told.unread)
    assert not receipt.is_complete()


def test_every_message_and_every_problem_is_an_item(made: Made, tmp_path: Path) -> None:
    with Worker(GivenPaths([export(tmp_path / "e")]), told=vaults.TOLD) as worker:
        worker.find()
        found = [record for records in worker.read(0) for record in records]
        items = [record for record in found if isinstance(record, Message | Problem)]
        assert (29, 29) == (len(items), worker.arrived)
