"""SMS Import / Export: both versions, its files, and whose phone it was."""

import base64
import json
import shutil

import pytest

from archives import contents, zipped
from cases import CASES, Case
from chatvault.errors import BadExport
from chatvault.importers import sms_ie
from chatvault.importers._explore import find
from chatvault.importers._inner_files import with_parts
from chatvault.importers._json_parts import part_name
from chatvault.importers._limits import Budget, Limits
from chatvault.importers._sms_columns import form
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Assumption, AttachmentState, Message, Participant, Problem, Record

OURS = [case for case in CASES if case.importer is sms_ie]
ADA, BO, OWNER = "+48500000001", "+48500000002", "+48500000099"
TOKEN = "insert-address-token"


@pytest.mark.parametrize("case", OURS, ids=str)
def test_the_files_of_a_case_are_those_inside_its_json(case: Case, update_golden: bool) -> None:
    given = {name: data for name, data in case.files.items() if ".parts/" not in name}
    entries, problems = with_parts(Source.of(given).entries, Budget())
    assert () == problems
    found = contents(Source("x", entries))
    if update_golden and found != case.files:
        for name in given:
            shutil.rmtree(case.path / "input" / f"{name}.parts", ignore_errors=True)
        for name in found.keys() - given.keys():
            (case.path / "input" / name).parent.mkdir(exist_ok=True)
            (case.path / "input" / name).write_bytes(found[name])
        pytest.fail("wrote the files; look at them, then run again without --update-golden")
    assert found == case.files


def read(*items: object, me: str | None = None, **files: bytes) -> list[Record]:
    lines = b"".join(json.dumps(item).encode() + b"\n" for item in items)
    return list(sms_ie.read(Source.of({"messages.ndjson": lines, **files}, told=Told(me=me))))


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


def sms(body: str, address: str = ADA, kind: str = "1") -> dict[str, object]:
    item = {"_id": "1", "thread_id": "1", "address": address, "date": "1710007530250"}
    return {**item, "type": kind, "body": body}


def mms(box: str, sender: str, *recipients: str, **columns: object) -> dict[str, object]:
    return {
        "_id": "2",
        "thread_id": "1",
        "date": "1710007700",
        "msg_box": box,
        "__sender_address": {"address": sender, "type": "137"},
        "__recipient_addresses": [{"address": one, "type": "151"} for one in recipients],
        "__parts": [{"seq": "0", "ct": "text/plain", "text": "hello"}],
        **columns,
    }


@pytest.mark.parametrize(
    ("items", "owner", "place"),
    [
        ([mms("1", ADA, BO, OWNER), mms("2", OWNER, ADA, BO)], OWNER, f"{ADA},{BO}"),
        ([mms("1", ADA, BO, OWNER), mms("1", BO, ADA, OWNER)], OWNER, f"{ADA},{BO}"),
        ([mms("1", ADA, BO, OWNER), mms("1", ADA, OWNER)], OWNER, f"{ADA},{BO}"),
        ([mms("1", ADA, BO, OWNER)], None, f"{ADA},{BO},{OWNER}"),
        ([mms("1", ADA, BO, OWNER), mms("1", ADA, BO, OWNER)], None, f"{ADA},{BO},{OWNER}"),
        ([mms("1", ADA, TOKEN), mms("2", TOKEN, ADA)], None, ADA),
        ([mms("1", ADA, OWNER)], None, ADA),
    ],
)
def test_the_owners_number_is_found_out_where_it_is_clear_and_said(
    items: list[object], owner: str | None, place: str
) -> None:
    records = read(*items)
    assert place == messages(records)[0].conversation_id
    said = [one.value for one in records if isinstance(one, Assumption)]
    assert (owner or "unknown number") in said or (owner is None and "," not in place)
    assert owner is None or owner == said[0]


def test_an_owner_who_is_told_is_not_guessed() -> None:
    records = read(mms("1", ADA, BO, OWNER), mms("2", OWNER, ADA, BO), me=OWNER)
    assert [] == [one for one in records if isinstance(one, Assumption)]
    assert [(OWNER,)] == [p.handles for p in records if isinstance(p, Participant) and p.is_me]


def test_texts_are_in_milliseconds_and_mms_in_seconds() -> None:
    times = [one.sent_at for one in messages(read(sms("x"), mms("1", ADA, TOKEN)))]
    assert [(1_710_007_530_250, "millisecond"), (1_710_007_700_000, "second")] == [
        (at.utc_ms, at.precision.value) for at in times if at
    ]


PATH = "/data/user_de/0/com.android.providers.telephony/app_parts/"


@pytest.mark.parametrize(
    ("reference", "there", "state"),
    [
        (PATH + "PART_1", ["data/PART_1"], AttachmentState.PRESENT),
        (PATH + "PART_1", ["data/PART_2"], AttachmentState.MISSING_FILE),
        (PATH + "PART_1", [], AttachmentState.ABSENT_NOT_EXPORTED),
        ("../../../etc/passwd", ["data/PART_2"], AttachmentState.MISSING_FILE),
        ("..\\..\\PART_1", ["data/PART_1"], AttachmentState.PRESENT),
    ],
)
def test_a_file_lies_below_data_under_the_last_part_of_its_path(
    reference: str, there: list[str], state: AttachmentState
) -> None:
    part = {"seq": "0", "ct": "image/png", "cl": "a.png", "_data": reference}
    records = read(mms("1", ADA, TOKEN, __parts=[part]), **dict.fromkeys(there, b"x"))
    [file] = messages(records)[0].attachments
    assert (state, "a.png") == (file.state, file.name)


def test_files_inside_the_json_are_found_by_their_content() -> None:
    picture = b"GIF89a" + bytes(40)
    text = base64.b64encode(picture).decode()
    item = mms("1", ADA, TOKEN, __parts=None, parts=[{"ct": "image/gif", "binary_data": text}])
    item["_id"] = "7"
    given = {"messages-2023-01-05.json": json.dumps([item, item]).encode()}
    for files in (given, {"x.zip": zipped(given)}, {"old/2023/a.zip": zipped(given)}):
        [export] = find(Source.of(files), IMPORTERS, Budget()).exports
        assert sms_ie is export.importer
        paths = {f.path for m in messages(list(sms_ie.read(export.source))) for f in m.attachments}
        assert {part_name("messages-2023-01-05.json", text)} == paths
        with export.source.open(paths.pop() or "") as file:
            assert picture == file.read()


def test_files_beyond_the_limit_stay_inside_and_are_told() -> None:
    [case] = [case for case in OURS if case.path.name == "odd"]
    given = Source.of({name: data for name, data in case.files.items() if name.endswith(".json")})
    entries, [problem] = with_parts(given.entries, Budget(Limits(members=1)))
    assert 3 == len(entries)
    assert "more than 1 files" in problem.reason


@pytest.mark.parametrize(
    ("written", "there"),
    [("QUJD", True), ("QUJDRA", True), ("QUJD RA==", True), ("QUJ!", False), ("Q", False)],
)
def test_whether_something_is_base64_is_said_alike_by_both_readings(
    written: str, there: bool
) -> None:
    item = mms("1", ADA, TOKEN, __parts=None, parts=[{"ct": "image/gif", "binary_data": written}])
    given = Source.of({"messages-1.json": json.dumps([item]).encode()})
    entries, _ = with_parts(given.entries, Budget())
    name = part_name("messages-1.json", written)
    assert ([name] if there else []) == [one for one in entries if one != "messages-1.json"]


@pytest.mark.parametrize("chunk", [1, 3, 50, 4096])
def test_it_does_not_matter_where_the_pieces_of_the_json_end(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    [case] = [case for case in OURS if case.path.name == "odd"]
    given = {name: data for name, data in case.files.items() if name.endswith(".json")}
    monkeypatch.setattr("chatvault.importers._json_parts.CHUNK", chunk)
    entries, _ = with_parts(Source.of(given).entries, Budget())
    assert case.files == contents(Source("x", entries))


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"address": "x", "type": "1"}, "sms"),
        ({"body": "x", "type": "1"}, "sms"),
        ({"msg_box": "1"}, "mms"),
        ({"m_type": "132"}, "mms"),
        ({"number": "x", "duration": "1", "type": "1", "date": "1"}, "call"),
        ({"name": "x"}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_an_item_is_known_by_its_columns(item: object, kind: str) -> None:
    assert kind == form(item)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("messages.ndjson", b'{"id":1,"text":"x"}\n'),
        ("messages.ndjson", b"not json\n"),
        ("messages.json", b'[{"_id":"1","thread_id":"2"}]'),
        ("messages.json", b'{"messages":[{"_id":"1","thread_id":"2","date":"3"}]}'),
        ("contacts-2023-01-05.json", b'[{"_id":"1","display_name":"Ada","contacts_data":[]}]'),
        ("x.json", b"[[[[[[[[["),
    ],
)
def test_other_files_are_left_to_others(name: str, data: bytes) -> None:
    assert () == sms_ie.recognise(Source.of({name: data}))


def test_a_first_message_longer_than_a_head_is_recognised() -> None:
    long = mms("1", ADA, TOKEN, __parts=[{"ct": "text/plain", "text": "x" * 200_000}])
    compact = json.dumps(long, separators=(",", ":")).encode()
    assert sms_ie.recognise(Source.of({"messages.ndjson": compact}))


def test_a_bad_line_costs_itself_and_no_other() -> None:
    lines = json.dumps(sms("one")).encode() + b"\n{broken\n\n" + json.dumps(sms("two")).encode()
    records = list(sms_ie.read(Source.of({"messages.ndjson": lines})))
    assert ["one", "two"] == [one.text for one in messages(records)]
    assert ["line 2"] == [one.part for one in records if isinstance(one, Problem)]


def test_an_array_that_breaks_off_gives_what_was_complete() -> None:
    text = json.dumps([sms("one"), sms("two")])
    records = list(sms_ie.read(Source.of({"messages-1.json": text[:-20].encode()})))
    assert ["one"] == [one.text for one in messages(records)]
    assert ["end"] == [one.part for one in records if isinstance(one, Problem)]
    with pytest.raises(BadExport, match="breaks off"):
        list(sms_ie.read(Source.of({"messages-1.json": b"["})))


def told(case: Case) -> set[tuple[object, ...]]:
    """What the merge goes by."""
    found = set()
    for one in messages(case.records()):
        names = tuple(file.name for file in one.attachments)
        second = one.sent_at and one.sent_at.utc_ms // 1000
        found.add((one.conversation_id, one.sender_id, second, one.kind, one.text, names))
    return found


def test_both_apps_tell_one_message_alike() -> None:
    cases = {case.path.parent.name: case for case in CASES if case.path.name == "second"}
    assert told(cases["sms_backup_restore"]) == told(cases["sms_ie"])
