"""The laws that every importer keeps, each on every case."""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

import msgspec
import pytest

from cases import CASES, DECODER, Case, complaints, module_of
from chatvault.importers._protocol import Importer
from chatvault.importers._source import Entry, Source
from chatvault.importers.registry import IMPORTERS, claims
from chatvault.model import Attachment, AttachmentState, Conversation, Message, Problem, Record

CASE_KEYS = {"app", "seen", "shows", "items", "neither", "arrays", "name", "told", "foreign"}
each_case = pytest.mark.parametrize("case", CASES, ids=str)
each_importer = pytest.mark.parametrize("importer", IMPORTERS, ids=module_of)


def test_keys_of_importers_are_unique() -> None:
    assert [] == [
        key for key, n in Counter(one.INFO.key for one in IMPORTERS).items() if n > 1 or not key
    ]


@each_importer
def test_every_importer_has_an_ordinary_an_odd_and_two_overlapping_cases(
    importer: Importer,
) -> None:
    assert {"first", "second"} <= {case.path.name for case in CASES if case.importer is importer}
    assert 4 <= sum(case.importer is importer for case in CASES)


@each_case
def test_a_case_says_where_its_format_comes_from(case: Case) -> None:
    assert {"app", "seen", "shows", "items"} <= set(case.told)
    assert set() == set(case.told) - CASE_KEYS
    assert [] == [file for file in case.told.get("arrays", {}) if file not in case.files]


@each_case
def test_a_case_is_recognised_by_its_own_importer_and_by_no_other(case: Case) -> None:
    found = claims(case.source, IMPORTERS)
    assert [case.importer.INFO.key] == [importer.INFO.key for importer, _ in found]
    assert all(isinstance(evidence, str) and evidence for evidence in found[0][1])


@each_importer
def test_recognising_opens_at_most_three_files(importer: Importer) -> None:
    """Also of what others exported; in one test an importer, or there would be thousands."""
    many = {}
    for case in CASES:
        opened: set[str] = set()

        def watched(name: str, entry: Entry, opened: set[str] = opened) -> Callable[[], BinaryIO]:
            def open_() -> BinaryIO:
                opened.add(name)
                return entry.open()

            return open_

        entries = {
            name: replace(entry, open=watched(name, entry))
            for name, entry in case.source.entries.items()
        }
        importer.recognise(replace(case.source, entries=entries))
        if len(opened) > 3:
            many[str(case)] = opened
    assert {} == many


@each_case
def test_reading_twice_gives_equal_records(case: Case) -> None:
    assert case.records() == case.records()


@each_case
def test_a_record_refers_only_to_what_came_before(case: Case) -> None:
    assert [] == complaints(case.records())


def transcripts(records: list[Record]) -> list[list[Message]]:
    """The messages behind each conversation told."""
    found: list[list[Message]] = []
    for record in records:
        if isinstance(record, Conversation):
            found.append([])
        elif isinstance(record, Message):
            found[-1].append(record)
    return found


@each_case
def test_messages_of_a_transcript_are_numbered_from_zero(case: Case) -> None:
    for messages in transcripts(case.records()):
        assert list(range(len(messages))) == [message.seq for message in messages]


@each_case
def test_platform_ids_are_unique_in_their_scope(case: Case) -> None:
    for messages in transcripts(case.records()):
        found = Counter((message.scope, message.id) for message in messages if message.id)
        assert [] == [key for key, count in found.items() if count > 1]


def attachments(records: list[Record]) -> list[Attachment]:
    return [one for record in records if isinstance(record, Message) for one in record.attachments]


@each_case
def test_an_attachment_is_in_the_export_or_says_why_not(case: Case) -> None:
    for attachment in attachments(case.records()):
        present = attachment.state is AttachmentState.PRESENT
        assert present == (attachment.path is not None)
        assert attachment.path is None or attachment.path in case.files
        assert attachment.name or attachment.as_exported


@each_case
def test_a_recognised_export_gives_messages_or_problems(case: Case) -> None:
    assert any(isinstance(record, Message | Problem) for record in case.records())


@each_case
def test_the_items_of_the_export_add_up(case: Case) -> None:
    kept = sum(isinstance(record, Message | Problem) for record in case.records())
    assert case.told["items"] == kept + case.told.get("neither", 0)


@each_case
def test_the_order_of_names_in_a_container_does_not_matter(case: Case) -> None:
    backwards = dict(reversed(case.files.items()))
    assert case.records() == list(case.importer.read(case.source_of(backwards)))


@each_case
def test_an_export_below_a_folder_gives_the_same_records_under_full_names(case: Case) -> None:
    source = case.source
    outer = Source.of({f"around/{source.name}/{name}": data for name, data in case.files.items()})
    inner = outer.with_told(source.told).below("around").below(source.name)
    prefix = f"around/{source.name}/"
    expected = [_moved(msgspec.to_builtins(record), case, prefix) for record in case.records()]
    assert expected == [msgspec.to_builtins(record) for record in case.importer.read(inner)]


def _moved(record: dict[str, Any], case: Case, prefix: str) -> dict[str, Any]:
    if record["record"] == "Problem" and record["file"] in case.files:
        record["file"] = prefix + record["file"]
    for attachment in record.get("attachments", ()):
        if attachment.get("path"):
            attachment["path"] = prefix + attachment["path"]
    return record


@each_case
def test_records_survive_the_way_to_another_process(case: Case) -> None:
    records = case.records()
    assert records == DECODER.decode(msgspec.msgpack.encode(records))
    assert records == msgspec.json.decode(msgspec.json.encode(records), type=list[Record])


@pytest.mark.slow
@each_importer
def test_memory_does_not_grow_with_the_number_of_items(importer: Importer) -> None:
    """Where one large file can be made from a case: 20 times the items, less than twice the memory.

    3 MB more are allowed for windows and buffers, which a small file does not fill. 8,000 records
    that somebody kept would be more than twice that.
    """
    for case in CASES:
        if case.importer is importer and (small := _repeated(case, 400)):
            large = _repeated(case, 8000)
            assert _peak(importer, large) < 2 * _peak(importer, small) + 3_000_000
            return
    pytest.skip("no case of one JSON file with one list of items, or of one text")


def _repeated(case: Case, items: int) -> Source | None:
    """The case with the items of its one array, or the lines of its one text, many times over."""
    arrays = case.told.get("arrays", {})
    if len(arrays) == 1 and all(isinstance(key, str) and "." not in key for key in arrays.values()):
        [(name, key)] = arrays.items()
        whole = msgspec.json.decode(case.files[name])
        array = whole[key] if key else whole
        array[:] = array * (items // max(1, len(array)) + 1)
        return case.source_of({**case.files, name: msgspec.json.encode(whole)})
    texts = [name for name in case.files if name.endswith((".txt", ".csv", ".jsonl", ".ndjson"))]
    if len(texts) != 1 or arrays:
        return None
    head, line, rest = case.files[texts[0]].partition(b"\n")
    lines = max(1, rest.count(b"\n"))
    return case.source_of({**case.files, texts[0]: head + line + rest * (items // lines + 1)})


def _peak(importer: Importer, source: Source) -> int:
    tracemalloc.start()
    try:
        for _ in importer.read(source):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
