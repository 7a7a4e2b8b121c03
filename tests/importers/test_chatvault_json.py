"""ChatVault's own records come back as they were written."""

import re
from pathlib import Path

import msgspec
import pytest

from chatvault import model
from chatvault.errors import BadExport, NewerFormat
from chatvault.importers import chatvault_json
from chatvault.importers._source import Source
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    Participant,
    Problem,
    Reaction,
)

PAGE = Path(__file__).parents[2] / "docs" / "records.md"
HEADER = b'{"chatvault":"records","version":1,"made_by":"demo"}'
PLACE = Conversation(id="c1", platform="wechat", title="Hiking", kind=model.ConversationKind.GROUP)
ADA = Participant(id="ada", name="Ada", conversation_id="c1")
STRUCTS = {
    "Conversation": model.Conversation,
    "Participant": model.Participant,
    "Message": model.Message,
    "Reaction": model.Reaction,
    "Assumption": model.Assumption,
    "Problem": model.Problem,
    "Timestamp": model.Timestamp,
    "Attachment": model.Attachment,
    "Version": model.Version,
    "Key": model.Key,
}


def message(seq: int = 0, **fields: object) -> model.Message:
    return msgspec.structs.replace(
        model.Message(
            id=f"m{seq}", conversation_id="c1", sender_id="ada", sent_at=None, seq=seq,
            kind=model.MessageKind.TEXT, text="早上好 😀",
        ),
        **fields,
    )  # fmt: skip


def source(*lines: object, **files: bytes) -> Source:
    encoded = [x if isinstance(x, bytes) else msgspec.json.encode(x) for x in lines]
    data = b"\n".join([HEADER, *encoded, b""])
    return Source.of({"chat.jsonl": data, **{k.replace("_", "/"): v for k, v in files.items()}})


def read(*lines: object, **files: bytes) -> list[model.Record]:
    return list(chatvault_json.read(source(*lines, **files)))


def test_records_come_back_as_they_were_written() -> None:
    time = model.Timestamp(
        utc_ms=1767139200123, as_exported="2025-12-31T08:00:00.123", offset_minutes=480,
        precision=model.Precision.MILLISECOND, basis="offset",
    )  # fmt: skip
    records = [
        model.Assumption(what="timezone", value="Asia/Shanghai", why="nobody said"),
        PLACE,
        ADA,
        message(
            0, sent_at=time, edited_at=time, versions=(model.Version(text="old", at=time),),
            marks=(model.Mark.EDITED,), more_text=("title",), reply_to_id="m9", scope="c1",
            extra={"odd": [1, {"deep": None}], "big": 2**63},
            attachments=(Attachment(name="a.jpg", path="media/a.jpg", sha256="ff", size=3),),
        ),
        Reaction(emoji="👍", sender_id="ada"),
        Problem(file="x.json", part="line 3", reason="no 'id'", raw='{"half'),
        PLACE,
        message(0),
    ]  # fmt: skip
    assert records == read(*records, media_a_jpg=b"jpg", **{"media_a.jpg": b"jpg"})


def test_it_is_known_by_its_header_and_not_by_its_name() -> None:
    assert chatvault_json.recognise(source(PLACE))
    assert not chatvault_json.recognise(Source.of({"chat.jsonl": b'{"_type":"header"}\n'}))
    assert not chatvault_json.recognise(Source.of({"chat.jsonl": b'{"chatvault":{"version":"1"}}'}))
    assert not chatvault_json.recognise(Source.of({"chat.json": HEADER}))


def test_a_file_that_only_has_the_ending_is_left_alone() -> None:
    with pytest.raises(BadExport):
        list(chatvault_json.read(Source.of({"chat.jsonl": b"{}\n"})))


def test_records_of_a_newer_version_are_refused() -> None:
    newer = Source.of({"chat.jsonl": b'{"chatvault":"records","version":2}\n'})
    with pytest.raises(NewerFormat):
        list(chatvault_json.read(newer))


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'"text"',
        b'{"record":"Secret"}',
        b'{"record":"Message","id":7}',
        b'"\\ud800"',
        b"[" * 100_000,
        b"\xff\xfe",
        msgspec.json.encode(message(1, conversation_id="elsewhere")),
        msgspec.json.encode(
            message(1, sent_at=model.Timestamp(utc_ms=2**62, as_exported="later"))
        ),
    ],
    ids=["cut", "text", "kind", "types", "J05 half an emoji", "J01 depth", "J06 bytes", "no such "
    "conversation", "year"],
)  # fmt: skip
def test_a_bad_line_is_a_problem_and_the_others_are_read(line: bytes) -> None:
    found = read(PLACE, ADA, line, message(2))
    assert [PLACE, ADA, message(2)] == [x for x in found if not isinstance(x, Problem)]
    assert ["line 4"] == [x.part for x in found if isinstance(x, Problem)]


def test_the_reason_of_a_problem_quotes_no_value() -> None:
    found = read(
        PLACE, b'{"record":"Conversation","id":"c","platform":"p","title":"t","kind":"hush"}'
    )
    assert "not a record of this version, see $.kind" == found[1].reason  # type: ignore[union-attr]


def test_a_reaction_behind_a_lost_message_goes_to_nobody_else() -> None:
    found = read(PLACE, ADA, message(0), b"{", Reaction(emoji="👍"))
    assert [model.Message, Problem, Problem] == [type(x) for x in found[2:]]


def test_unknown_fields_of_a_later_version_are_ignored() -> None:
    line = msgspec.json.encode(PLACE)[:-1] + b',"later":{"x":1}}'
    assert [PLACE] == read(line)


def test_somebody_whose_own_line_is_lost_is_named_by_the_id() -> None:
    named = Participant(id="ada", name="ada", conversation_id="c1")
    assert [PLACE, named, message(0), message(1)] == read(PLACE, message(0), message(1))


@pytest.mark.parametrize("path", ["media/b.jpg", "../a.jpg", "/etc/passwd", "other/a.jpg"])
def test_a_path_to_no_file_of_the_export_is_a_missing_file(path: str) -> None:
    file = Attachment(name="a.jpg", path=path)
    found = read(PLACE, ADA, message(0, attachments=(file,)), **{"media_a.jpg": b"jpg"})
    gone = AttachmentState.MISSING_FILE
    expected = Attachment(name="a.jpg", path=None, state=gone, as_exported=path)
    assert (expected,) == found[2].attachments  # type: ignore[union-attr]


def test_integers_beyond_64_bits_become_text() -> None:
    found = read(PLACE, ADA, message(0, extra={"n": [2**80]}))
    assert {"n": [str(2**80)]} == found[2].extra  # type: ignore[union-attr]
    msgspec.msgpack.encode(found)


def test_a_file_that_breaks_off_gives_what_was_complete() -> None:
    data = source(PLACE, ADA, message(0), message(1)).open("chat.jsonl").read()
    found = list(chatvault_json.read(Source.of({"chat.jsonl": data[:-20]})))
    assert [PLACE, ADA, message(0)] == found[:3]
    assert isinstance(found[3], Problem)


@pytest.mark.parametrize("name", STRUCTS)
def test_the_page_about_records_names_every_field_and_its_default(name: str) -> None:
    section = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith(f"{name}\n"))
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\S+) \| .* \|$", text, flags=re.MULTILINE)
    expected = []
    for field in msgspec.structs.fields(STRUCTS[name]):
        default = {} if field.default_factory is dict else field.default
        shown = "required" if field.required else msgspec.json.encode(default).decode()
        expected.append((field.name, shown))
    assert expected == rows


@pytest.mark.parametrize(
    "values", [model.MessageKind, model.Mark, model.AttachmentState, model.Precision]
)
def test_the_page_about_records_names_every_word(values: type[model.MessageKind]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [] == [str(value) for value in values if f"`{value}`" not in text]
