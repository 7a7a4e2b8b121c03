"""Tables by hand: which column is what, what a time is, and what is asked instead of guessed."""

import csv
import io

import pytest

from archives import zipped
from cases import CASES, Case
from chatvault.errors import BadExport, EmptyExport, NeedsAnswer
from chatvault.importers import generic_csv
from chatvault.importers._explore import find
from chatvault.importers._generic import WINDOW
from chatvault.importers._generic_columns import FIELDS
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS, claims
from chatvault.model import (
    Assumption,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Precision,
    Problem,
    Record,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
AT = "2026-01-02 10:00:00Z"


def read(text: str, told: Told | None = None) -> list[Record]:
    given = {"Ida.csv": text.encode()}
    return list(generic_csv.read(Source.of(given, told=told or Told(zone="UTC"))))


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


def problems(records: list[Record]) -> list[str]:
    return [one.reason for one in records if isinstance(one, Problem)]


def one(header: str, row: str, told: Told | None = None) -> Message:
    [message] = messages(read(f"{header}\n{row}\n", told))
    return message


ALIASES = [(field, alias) for field, names in FIELDS.items() for alias in names]


@pytest.mark.parametrize("style", [str, str.upper, lambda name: name.replace("_", " ").title()])
@pytest.mark.parametrize(("field", "alias"), ALIASES)
def test_every_alias_in_any_spelling_is_its_field(field: str, alias: str, style: object) -> None:
    table = {"timestamp": AT, "text": "hello there", "attachment": "picture-81.png"}
    table |= {field: table.get(field, "yes" if field == "is_me" else "image")}
    out = io.StringIO()
    names = [style(alias) if key == field else key for key in table]  # type: ignore[operator]
    csv.writer(out).writerows([names, list(table.values())])
    [message] = messages(read(out.getvalue()))
    assert {} == message.extra


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "sep={}\n"])
def test_cells_may_be_kept_apart_by_commas_semicolons_or_tabs(delimiter: str, first: str) -> None:
    out = io.StringIO()
    said = f"one{delimiter}two\nthree"
    csv.writer(out, delimiter=delimiter).writerows([["date", "from", "message"], [AT, "Ida", said]])
    assert [said] == [m.text for m in messages(read(first.format(delimiter) + out.getvalue()))]


@pytest.mark.parametrize(
    ("header", "field", "alias"),
    [("sender,text", "timestamp", "created_at"), ("date,sender", "text", "body")],
)
def test_a_column_that_is_missing_is_named_with_its_aliases(
    header: str, field: str, alias: str
) -> None:
    with pytest.raises(BadExport) as found:
        read(f"{header}\na,b\n")
    assert f'"{field}"' in str(found.value)
    assert alias in found.value.remedy
    assert () == generic_csv.recognise(Source.of({"Ida.csv": f"{header}\na,b\n".encode()}))


@pytest.mark.parametrize(
    ("header", "names"),
    [("date,msg,body", ["msg", "body"]), ("ts,sent_at,text", ["ts", "sent_at"])],
)
def test_two_columns_that_fit_are_asked_about(header: str, names: list[str]) -> None:
    text = f"{header}\n{AT},{AT},x\n"
    assert generic_csv.recognise(Source.of({"Ida.csv": text.encode()}))
    with pytest.raises(NeedsAnswer) as found:
        read(text)
    assert all(f'"{name}"' in str(found.value) for name in names)


def test_a_column_by_its_own_name_wins_and_the_other_is_kept() -> None:
    message = one("timestamp,date,text,body", f"{AT},1999-01-01,hello,something else")
    assert ("hello", {"date": "1999-01-01", "body": "something else"}) == (
        message.text,
        message.extra,
    )


@pytest.mark.parametrize(
    ("header", "row", "who"),
    [
        ("sender_id,name", "u-55,Ida Berg", ("u-55", "Ida Berg")),
        ("sender,sender_name", "u-55,Ida Berg", ("u-55", "Ida Berg")),
        ("sender,accountName", "u-55,Ida Berg", ("u-55", "Ida Berg")),
        ("sender", "Ida Berg", ("name:ida berg", "Ida Berg")),
        ("sender_id", "u-55", ("u-55", "u-55")),
        ("direction", "out", ("me", "Me")),
        ("direction", "received", ("name:ida", "Ida")),
    ],
)
def test_who_sent_it(header: str, row: str, who: tuple[str, str]) -> None:
    records = read(f"date,text,{header}\n{AT},hello,{row}\n")
    assert [who] == [(p.id, p.name) for p in records if isinstance(p, Participant)]
    assert [who[0]] == [m.sender_id for m in messages(records)]


@pytest.mark.parametrize(
    ("cell", "utc_ms", "precision", "offset"),
    [
        ("2026-01-02T10:00:00+01:00", 1767344400000, Precision.SECOND, 60),
        ("2026-01-02 09:00:00 UTC", 1767344400000, Precision.SECOND, 0),
        ("2026-01-02 10:00", 1767344400000, Precision.MINUTE, None),
        ("2026-01-02 10:00:00.250", 1767344400250, Precision.MILLISECOND, None),
        ("2026-01-02", 1767308400000, Precision.DAY, None),
        ("20260102", 1767308400000, Precision.DAY, None),
        ("20260102100000", 1767344400000, Precision.SECOND, None),
        ("20260102T090000Z", 1767344400000, Precision.SECOND, 0),
        ("2026/1/2 10:00", 1767344400000, Precision.MINUTE, None),
        ("2026/1/2 上午10:00", 1767344400000, Precision.MINUTE, None),
        ("02.01.2026, 10:00:00", 1767344400000, Precision.SECOND, None),
        ("1/2/2026 10:00 AM", 1767344400000, Precision.MINUTE, None),
        ("1/2/2026 12:30 a.m.", 1767310200000, Precision.MINUTE, None),
        ("02/01/26 10:00 +01:00", 1767344400000, Precision.MINUTE, 60),
        ("1767344400", 1767344400000, Precision.SECOND, None),
        ("1767344400.25", 1767344400250, Precision.MILLISECOND, None),
        ("1767344400250", 1767344400250, Precision.MILLISECOND, None),
        ("1767344400250000", 1767344400250, Precision.MILLISECOND, None),
    ],
)
def test_times(cell: str, utc_ms: int, precision: Precision, offset: int | None) -> None:
    order = "mdy" if cell.startswith("1/2") else "dmy"
    told = Told(zone="Europe/Berlin", date_order=order)
    at = one("date,text", f'"{cell}",hello', told).sent_at
    assert at is not None
    assert (utc_ms, precision, offset) == (at.utc_ms, at.precision, at.offset_minutes)


@pytest.mark.parametrize(
    "cell",
    [
        "", "46024.4166", "8", "1.76734E+12", "2026-13-01 10:00", "2026/13/01", "yesterday",
        "10:00", "25:00 1.1.26", "9" * 60, "1" * 100_000, "02/01.2026", "2026-01-02 10:00 or so",
    ],
)  # fmt: skip
def test_what_is_no_time_for_certain_is_a_problem_and_kept_whole(cell: str) -> None:
    records = read(f"date,text\n{AT},good\n{cell},lost?\n")
    assert ["good"] == [m.text for m in messages(records)]
    assert [f"{cell},lost?"] == [p.raw for p in records if isinstance(p, Problem)]


def test_a_clock_without_zone_is_taken_from_this_computer_and_said() -> None:
    records = read("date,text\n2026-01-02 10:00,x\n", Told(local_zone="Asia/Tokyo"))
    assert isinstance(records[0], Assumption)
    assert ("timezone", "Asia/Tokyo") == (records[0].what, records[0].value)
    [message] = messages(records)
    assert message.sent_at is not None
    assert "assumed:Asia/Tokyo" == message.sent_at.basis
    assert not any(isinstance(r, Assumption) for r in read(f"date,text\n{AT},x\n", Told()))


DATES = "date,text\n03/04/2026 10:00,first\n{} 10:00,second\n"


def test_W03_day_and_month_are_told_by_the_whole_column_or_asked_for() -> None:
    for other, order in (("25/04/2026", "dmy"), ("04/25/2026", "mdy")):
        found = [r for r in read(DATES.format(other)) if isinstance(r, Assumption)]
        assert [("date_order", order)] == [(one.what, one.value) for one in found]
    for undecided in ("04/04/2026", "12/12/2026", "03/05/2026"):
        with pytest.raises(NeedsAnswer) as question:
            read(DATES.format(undecided))
        assert "--date-order" in question.value.remedy
        told = Told(zone="UTC", date_order="mdy")
        assert 2 == len(messages(read(DATES.format(undecided), told)))


def test_W03_two_digits_in_front_are_asked_about_if_they_may_be_the_year() -> None:
    with pytest.raises(NeedsAnswer) as question:
        read("date,text\n26/01/05 10:00,x\n26/01/06 10:00,y\n")
    assert "ymd" in question.value.remedy


def test_of_the_newest_first_those_of_one_minute_are_turned_around() -> None:
    rows = ["12:00,f", "11:00,e", "11:00,d", "10:00,c", "10:00,b", "10:00,a"]
    table = "date,text\n" + "".join(f"2026-01-02 {row}\n" for row in rows)
    assert ["f", "d", "e", "a", "b", "c"] == [m.text for m in messages(read(table))]
    upwards = "date,text\n" + "".join(f"2026-01-02 {row}\n" for row in reversed(rows))
    assert list("abcdef") == [m.text for m in messages(read(upwards))]


def test_conversations_that_take_turns_are_told_in_few_transcripts_and_keep_equal_texts() -> None:
    """Copies are counted in a transcript, so those of one moment must not lie in two."""
    table = "date,chat,from,text\n" + "".join(
        f"{1767344400 + n // 7},{'ab'[n % 2]},Ida,ok\n" for n in range(4 * WINDOW)
    )
    seen: dict[tuple[str, int], set[int]] = {}
    transcript = count = 0
    for record in read(table):
        if isinstance(record, Conversation):
            transcript += 1
        elif isinstance(record, Message) and record.sent_at is not None:
            count += 1
            place = (record.conversation_id, record.sent_at.utc_ms)
            seen.setdefault(place, set()).add(transcript)
    assert 4 * WINDOW == count
    assert 2 * 5 >= transcript
    assert [] == [place for place, found in seen.items() if len(found) > 1]


def test_a_group_is_where_three_people_write() -> None:
    rows = [f"{AT},{name},x\n" for name in ("Ida", "Bo", "Ann")]
    for count, kind in ((2, ConversationKind.DIRECT), (3, ConversationKind.GROUP)):
        records = read("date,from,text\n" + "".join(rows[:count]))
        assert [kind] == [r.kind for r in records if isinstance(r, Conversation)]


def test_files_are_looked_for_beside_the_table_and_nowhere_else() -> None:
    cell = "pics\\A-77.PNG|pics/lost.png|/etc/passwd|../x.png|https://example.org/p.png?s=1"
    source = {"Ida.csv": f"date,attachment\n{AT},{cell}\n".encode(), "pics/a-77.png": PNG}
    [message] = messages(list(generic_csv.read(Source.of(source, told=Told(zone="UTC")))))
    missing, remote = AttachmentState.MISSING_FILE, AttachmentState.REMOTE_ONLY
    states = [AttachmentState.PRESENT, missing, missing, missing, remote]
    assert states == [file.state for file in message.attachments]
    assert ("pics/a-77.png", MessageKind.IMAGE) == (message.attachments[0].path, message.kind)
    assert cell.split("|") == [file.as_exported for file in message.attachments]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("image", MessageKind.IMAGE), ("Photo", MessageKind.IMAGE), ("1", MessageKind.IMAGE),
        ("gif", MessageKind.ANIMATION), ("red packet", MessageKind.RED_PACKET),
        ("20", MessageKind.RED_PACKET), ("23", MessageKind.CALL), ("25", MessageKind.TEXT),
        ("81", MessageKind.SYSTEM), ("holo-call", MessageKind.OTHER), ("777", MessageKind.OTHER),
    ],
)  # fmt: skip
def test_types_by_name_and_by_number(written: str, kind: MessageKind) -> None:
    message = one("date,text,type", f"{AT},words,{written}")
    assert (kind, "words") == (message.kind, message.text)
    assert ((Mark.RECALLED,) if written == "81" else ()) == message.marks
    assert (written if kind is MessageKind.OTHER else None) == message.extra.get("type")


def test_c01_damaged_rows_cost_themselves_only() -> None:
    records = read(f'date,text\n{AT},"never closed\n{AT},a\0b\n{AT},so, many, cells\n{AT},last\n')
    assert ["a\0b", "last"] == [m.text for m in messages(records)]
    assert [
        "a quote that is never closed",
        "4 cells, but 2 columns: is a text without quotes?",
    ] == (problems(records))


def test_a_formula_is_a_text() -> None:
    assert "=1+1" == one("date,text", f"{AT},=1+1").text


def test_a_table_in_other_letters_is_asked_for_again() -> None:
    with pytest.raises(NeedsAnswer) as found:
        list(generic_csv.read(Source.of({"a.csv": f"date,text\n{AT},für\n".encode("cp1252")})))
    assert "CSV UTF-8" in found.value.remedy


def test_a_table_without_a_message_says_so() -> None:
    with pytest.raises(EmptyExport):
        read("date,text\n,\n")
    with pytest.raises(BadExport) as found:
        read("date,text\nsoon,hello\n")
    assert "not a time" in str(found.value)


def test_a_table_among_photos_is_one_export_of_its_own() -> None:
    table = f"date,attachment\n{AT},a.png\n".encode()
    packed = zipped({"Ida.csv": table, "a.png": PNG, "b.png": PNG})
    for given in ({"Ida.csv": table, "a.png": PNG, "b.png": PNG}, {"Ida.zip": packed}):
        [export] = find(Source.of(given), IMPORTERS, Budget()).exports
        assert "generic-csv" == export.importer.INFO.key


def test_a_table_among_many_other_files_is_not_taken_for_an_export_of_all() -> None:
    files = {f"letter {n}.docx": b"x" for n in range(5)} | {"issues.csv": b"date,body\n"}
    assert () == generic_csv.recognise(Source.of(files))


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.importer.INFO.rank in {"specific", "text"}], ids=str
)
def test_the_exports_of_others_are_not_tables(case: Case) -> None:
    """Tables whose columns have our names are known by more, and asked before."""
    if not any(name.endswith(".csv") for name in case.files):
        assert () == generic_csv.recognise(case.source)
    assert [case.importer] == [importer for importer, _ in claims(case.source)]
