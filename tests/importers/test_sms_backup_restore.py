"""Backups of texts in XML: what the laws of all importers do not see."""

import io
import shutil
from itertools import chain, islice

import pytest

from archives import contents, peak, zipped
from cases import CASES, Case
from chatvault.errors import BadExport, RefusedByLimit
from chatvault.importers import sms_backup_restore
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget, Limits
from chatvault.importers._sms import OWN, WINDOW, normal
from chatvault.importers._source import Entry, Source, Told
from chatvault.importers._xml_parts import with_parts
from chatvault.importers.registry import IMPORTERS
from chatvault.model import Assumption, Conversation, Message, Precision, Problem, Record

OURS = [case for case in CASES if case.importer is sms_backup_restore]


@pytest.mark.parametrize("case", OURS, ids=str)
def test_the_files_of_a_case_are_those_inside_its_xml(case: Case, update_golden: bool) -> None:
    given = {name: data for name, data in case.files.items() if ".parts/" not in name}
    source = Source.of(given)
    entries, problems = with_parts(source.entries, Budget())
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


def read(*texts: str, me: str | None = None) -> list[Record]:
    files = {f"sms-{n}.xml": text.encode() for n, text in enumerate(texts)}
    return list(sms_backup_restore.read(Source.of(files, told=Told(me=me))))


def sms(
    body: str, date: int = 1_710_007_530_000, address: str = "+48500000001", kind: int = 1
) -> str:
    return f'<sms address="{address}" date="{date}" type="{kind}" body="{body}" />'


def mms(box: int, address: str, *addrs: tuple[str, str]) -> str:
    inner = "".join(f'<addr address="{a}" type="{kind}"/>' for a, kind in addrs)
    return (
        f'<mms date="1710007700000" msg_box="{box}" address="{address}" m_type="132"><parts>'
        f'<part seq="0" ct="text/plain" text="hello"/></parts><addrs>{inner}</addrs></mms>'
    )


def whole(*items: str) -> str:
    return f'<smses count="{len(items)}">{"".join(items)}</smses>'


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("+48 500-000 001", "+48500000001"),
        ("0048 (500) 000.001", "+48500000001"),
        ("500 000 001", "500000001"),
        ("\u202a+48 500\u2011000\u00a0001\u202c", "+48500000001"),
        ("＋48500", "+48500"),
        ("0045", "0045"),
        ("*100#", "*100#"),
        ("Milk  Bank", "milk bank"),
        ("Ola@Example.org", "ola@example.org"),
    ],
)
def test_a_number_counts_without_what_people_put_between_its_digits(
    written: str, expected: str
) -> None:
    assert expected == normal(written)


GROUP = "+48500000001~+48500000002"
ADA, BO, OWNER = "+48500000001", "+48500000002", "+48500000099"


@pytest.mark.parametrize(
    ("item", "place", "sender"),
    [
        (mms(1, GROUP, (ADA, "137"), (BO, "151"), (OWNER, "151")), f"{ADA},{BO}", ADA),
        (mms(2, GROUP, (OWNER, "137"), (ADA, "151"), (BO, "151")), f"{ADA},{BO}", "me"),
        (mms(1, GROUP, (ADA, "137"), (ADA, "151"), (ADA, "151")), f"{ADA},{BO}", None),
        (mms(1, ADA, (ADA, "151"), (OWN, "137")), ADA, ADA),
        (mms(1, ADA), ADA, ADA),
        (mms(1, "null", (ADA, "137"), (OWNER, "151")), ADA, ADA),
        (mms(1, "null", (ADA, "137"), (BO, "151"), (OWN, "151")), f"{ADA},{BO}", ADA),
        (mms(2, "null", (OWN, "137"), (ADA, "151"), (BO, "129")), f"{ADA},{BO}", "me"),
        (mms(1, f"{ADA}~{OWN}", (ADA, "137")), ADA, ADA),
    ],
)
def test_whom_an_mms_is_with_and_who_sent_it(item: str, place: str, sender: str | None) -> None:
    [found] = messages(read(whole(item)))
    assert (place, sender) == (found.conversation_id, found.sender_id)


def test_an_owner_who_is_not_told_may_be_one_of_a_group_and_that_is_said() -> None:
    item = mms(1, "null", (ADA, "137"), (BO, "151"), (OWNER, "151"))
    records = read(whole(item, item))
    assert ["owner"] == [one.what for one in records if isinstance(one, Assumption)]
    assert f"{ADA},{BO},{OWNER}" == messages(records)[0].conversation_id
    told = read(whole(item), me="+48 500 000 099")
    assert [] == [one for one in told if isinstance(one, Assumption)]
    assert f"{ADA},{BO}" == messages(told)[0].conversation_id


def test_an_owner_who_is_told_is_not_one_of_a_group_that_lists_everybody() -> None:
    item = mms(1, f"{GROUP}~{OWNER}", (ADA, "137"))
    assert f"{ADA},{BO}" == messages(read(whole(item), me=OWNER))[0].conversation_id


def test_a_note_to_oneself_is_a_conversation() -> None:
    assert OWNER == messages(read(whole(sms("x", address=OWNER)), me=OWNER))[0].conversation_id


def test_a_name_that_is_known_later_names_the_conversation() -> None:
    later = sms("two").replace("/>", 'contact_name="Ola Wrona"/>')
    [place] = [one for one in read(whole(sms("one"), later)) if isinstance(one, Conversation)]
    assert "Ola Wrona" == place.title


def test_messages_in_turn_are_sorted_into_few_transcripts_and_none_is_lost() -> None:
    items = [sms(f"text {n}", 10**12 + n * 1000, f"+4850000000{n % 3}") for n in range(2000)]
    records = read(whole(*items))
    places = sum(isinstance(one, Conversation) for one in records)
    assert 2000 == len(messages(records))
    assert places <= 3 * (2000 // WINDOW + 1)


def test_equal_texts_of_one_second_stay_in_one_transcript() -> None:
    before = [sms(f"text {n}", 10**12 + n * 1000) for n in range(WINDOW - 1)]
    records = read(whole(*before, sms("ok", 2 * 10**12), sms("ok", 2 * 10**12 + 400)))
    last = records[-2:]
    assert ["ok", "ok"] == [one.text for one in messages(last)]
    assert messages(last)[0].seq + 1 == messages(last)[1].seq


def test_each_file_is_a_transcript_of_its_own() -> None:
    records = read(whole(sms("same")), whole(sms("same")))
    assert [0, 0] == [one.seq for one in messages(records)]


@pytest.mark.parametrize("date", ["1710007530", "1710007530000"])
def test_an_mms_may_tell_its_time_in_seconds(date: str) -> None:
    [found] = messages(read(whole(mms(1, ADA).replace("1710007700000", date))))
    assert found.sent_at is not None
    assert (1_710_007_530_000, Precision.SECOND) == (found.sent_at.utc_ms, found.sent_at.precision)


@pytest.mark.parametrize("date", ["-1", "99999999999999999", "1e9", "17100075300", "null", ""])
def test_a_time_that_is_none_is_a_problem_and_zero_is_unknown(date: str) -> None:
    [problem] = read(whole(sms("x").replace("1710007530000", date)))
    assert isinstance(problem, Problem)
    assert None is messages(read(whole(sms("x", 0))))[0].sent_at


@pytest.mark.parametrize("name", ["X01", "X03"])
def test_X01_X03_a_backup_with_a_document_type_is_recognised_and_refused(name: str) -> None:
    kinds = {"X01": '[<!ENTITY a "ha">]', "X03": 'SYSTEM "file:///etc/passwd"'}
    text = f"<?xml version='1.0'?><!DOCTYPE smses {kinds[name]}>{whole(sms('&a;'))}"
    source = Source.of({"sms.xml": text.encode()})
    assert sms_backup_restore.recognise(source)
    assert dict(source.entries) == with_parts(source.entries, Budget())[0]
    with pytest.raises(RefusedByLimit, match="document type"):
        list(sms_backup_restore.read(source))


def test_a_backup_that_breaks_off_gives_what_was_complete_and_the_rest_as_a_problem() -> None:
    text = whole(sms("complete"), mms(1, ADA))
    records = read(text[: text.index("<addrs>") + 10])
    assert ["complete"] == [one.text for one in messages(records)]
    problems = [one for one in records if isinstance(one, Problem)]
    assert ["mms[1]", "end"] == [one.part for one in problems]
    assert "hello" in problems[0].raw


@pytest.mark.parametrize("text", ["", "<smses", "no XML", "<smses count='1'>", "\0\0"])
def test_an_export_of_which_nothing_can_be_read_says_what_to_do(text: str) -> None:
    if text == "<smses count='1'>":
        with pytest.raises(BadExport, match="breaks off") as caught:
            read(text)
        assert "again" in caught.value.remedy
    else:
        assert () == sms_backup_restore.recognise(Source.of({"a.xml": text.encode()}))


@pytest.mark.parametrize(
    "text",
    [
        "<?xml version='1.0'?>\n<calls count='3'><call number='1'/></calls>",
        "\ufeff<!-- made by <somebody> -->\r\n<?xml-stylesheet?><smses count='0'></smses>",
        "<allsms><sms address='1'/></allsms>",
    ],
)
def test_a_backup_is_known_by_its_first_tag(text: str) -> None:
    assert sms_backup_restore.recognise(Source.of({"any name.xml": text.encode()}))


@pytest.mark.parametrize(
    "text", ["<smsesque count='1'>", "<calls><note/></calls>", "<html><smses count='1'>", "<smses>"]
)
def test_other_xml_is_left_to_others(text: str) -> None:
    assert () == sms_backup_restore.recognise(Source.of({"sms-1.xml": text.encode()}))


@pytest.mark.parametrize("wrap", ["plain", "zipped", "in a folder", "twice"])
def test_pictures_come_out_of_the_xml_however_it_is_wrapped(wrap: str) -> None:
    [case] = [case for case in OURS if case.path.name == "second"]
    [name] = [name for name in case.files if name.endswith(".xml")]
    [picture] = [data for name, data in case.files.items() if name.endswith(".png")]
    alone = {name: case.files[name]}
    given = {
        "plain": alone,
        "zipped": {f"{name}.zip": zipped(alone)},
        "in a folder": {f"SMSBackupRestore/{name}": alone[name]},
        "twice": {"all.zip": zipped({f"phone/{name}.zip": zipped(alone)})},
    }[wrap]
    [export] = find(Source.of(given), IMPORTERS, Budget()).exports
    records = list(export.importer.read(export.source))
    [path] = [file.path for one in messages(records) for file in one.attachments]
    assert path is not None
    with export.source.open(path) as file:
        assert picture == file.read()


def test_files_beyond_the_limit_stay_inside_and_are_told() -> None:
    [case] = [case for case in OURS if case.path.name == "ordinary"]
    given = Source.of({name: data for name, data in case.files.items() if name.endswith("xml")})
    entries, [problem] = with_parts(given.entries, Budget(Limits(members=1)))
    assert 3 == len(entries)
    assert "more than 1 files" in problem.reason


class Long(io.RawIOBase):
    """A backup of so many texts, made on the way."""

    def __init__(self, count: int) -> None:
        body = (sms(f"text {n}", 10**12 + n * 1000, f"+4850000{n % 50:04}") for n in range(count))
        self._left = chain(["<smses count='1'>"], body, ["</smses>"])

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return "".join(islice(self._left, 100)).encode()


def test_memory_does_not_grow_with_the_number_of_texts() -> None:
    def used(count: int) -> int:
        entry = Entry(10**9, lambda: Long(count))  # type: ignore[arg-type, return-value]
        source = Source("x", {"sms.xml": entry})
        return peak(lambda: [None for _ in sms_backup_restore.read(source)])

    assert used(6000) < 2 * used(2 * WINDOW) + 1_000_000
