"""Signal's plaintext export: what the laws for all importers do not see."""

import base64
import hashlib
import io
import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import CASES, Case
from chatvault.errors import BadExport
from chatvault.importers import signal_plaintext
from chatvault.importers._limits import DEFAULT
from chatvault.importers._signal_secrets import (
    GROUP,
    LEFT_OUT,
    SECRETS,
    line_without_secrets,
    lines_without_secrets,
)
from chatvault.importers._source import Source
from chatvault.model import (
    AttachmentState,
    Conversation,
    Mark,
    Message,
    Participant,
    Problem,
    Record,
)

OURS = [case for case in CASES if case.importer is signal_plaintext]
each_case = pytest.mark.parametrize("case", OURS, ids=str)


def case_named(name: str) -> Case:
    return next(case for case in OURS if case.path.name == name)


def main_of(case: Case) -> str:
    return next(name for name in case.files if name.endswith("main.jsonl"))


def secrets_in(data: bytes) -> set[str]:
    """The values of all fields of an export that are keys."""
    found = set()
    waiting = [json.loads(line) for line in data.splitlines() if line.endswith(b"}")]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found |= {str(value) for name, value in one.items() if name in SECRETS}
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []
    return found


def frames(*extra: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"version": "1", "backupTimeMs": "1772700000000"},
        {"account": {"givenName": "Ilse"}},
        {"recipient": {"id": "1", "self": {}}},
        *extra,
    ]


def contact(number: int, byte: int) -> dict[str, Any]:
    aci = base64.b64encode(bytes([byte]) * 16).decode()
    return {"recipient": {"id": str(number), "contact": {"aci": aci, "e164": f"3160000{number}"}}}


def group(number: int, *members: int) -> dict[str, Any]:
    ids = [base64.b64encode(bytes([byte]) * 16).decode() for byte in members]
    return {
        "recipient": {
            "id": str(number),
            "group": {
                "masterKey": base64.b64encode(bytes([number]) * 32).decode(),
                "snapshot": {"members": [{"userId": one} for one in ids]},
            },
        }
    }


def chat(number: int, recipient: int) -> dict[str, Any]:
    return {"chat": {"id": str(number), "recipientId": str(recipient)}}


def message(chat: int, author: int, sent: int, body: str = "text") -> dict[str, Any]:
    return {
        "chatItem": {
            "chatId": str(chat), "authorId": str(author), "dateSent": str(sent),
            "standardMessage": {"text": {"body": body}},
        }
    }  # fmt: skip


def source_of(lines: list[dict[str, Any]], **files: bytes) -> Source:
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    return Source.of({"main.jsonl": text.encode(), **files})


def read(source: Source) -> list[Record]:
    return list(signal_plaintext.read(source))


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


@each_case
def test_no_key_of_an_export_gets_into_its_records(case: Case) -> None:
    secrets = secrets_in(case.files[main_of(case)])
    told = msgspec.json.encode(case.records()).decode()
    assert len(secrets) > 3
    assert [] == sorted(secret for secret in secrets if secret in told)


@each_case
def test_no_key_of_an_export_is_in_what_a_vault_keeps(case: Case) -> None:
    redaction = signal_plaintext.INFO.redaction
    assert redaction is not None
    kept = redaction.of(case.source)
    data = b"\n".join(kept.open(name).read() for name in kept.names())
    secrets = secrets_in(case.files[main_of(case)])
    assert [] == sorted(secret for secret in secrets if secret.encode() in data)


@each_case
def test_what_a_vault_keeps_gives_equal_records_and_stays_as_it_is(case: Case) -> None:
    once = signal_plaintext.without_secrets(case.source)
    twice = signal_plaintext.without_secrets(once)
    name = main_of(case)
    assert case.records() == read(once) == read(twice)
    assert once.open(name).read() == twice.open(name).read()
    assert [(other, data) for other, data in case.files.items() if other != name] == [
        (other, once.open(other).read()) for other in case.files if other != name
    ]


def test_a_line_without_a_key_is_kept_byte_for_byte() -> None:
    for line in (b'{ "chatItem" : {"text": "\\ud83d key: 7"} }\r\n', b"\xff\x00", b'"keys"', b""):
        assert line == line_without_secrets(line)


def test_a_text_that_looks_like_a_key_is_kept() -> None:
    body = 'my "profileKey":"abc" and \\"svrPin\\":"4711"'
    line = json.dumps({"body": body, "profileKey": "c2VjcmV0"}).encode()
    assert {"body": body, "profileKey": LEFT_OUT} == json.loads(line_without_secrets(line))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SECRETS, "a", "plaintextHash"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def blanked(tree: Any) -> Any:
    """The tree with a mark wherever a key had a plain value."""
    if isinstance(tree, list):
        return [blanked(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        name: "*" if name in SECRETS and not isinstance(value, dict | list) else blanked(value)
        for name, value in tree.items()
    }


@settings(max_examples=200)
@given(JSON, st.booleans(), st.booleans())
def test_only_the_values_of_keys_are_changed(tree: Any, ascii: bool, spaced: bool) -> None:
    separators = (" , ", " : ") if spaced else (",", ":")
    line = json.dumps(tree, ensure_ascii=ascii, separators=separators)
    line = line.encode("utf-8", "surrogatepass")
    kept = line_without_secrets(line)
    assert blanked(tree) == blanked(json.loads(kept))
    assert kept == line_without_secrets(kept)
    for one in _secret_values(json.loads(kept)):
        assert one.startswith("chatvault:")


def _secret_values(tree: Any) -> list[str]:
    if isinstance(tree, list):
        return [found for item in tree for found in _secret_values(item)]
    if not isinstance(tree, dict):
        return []
    own = [
        str(value)
        for name, value in tree.items()
        if name in SECRETS and not isinstance(value, dict | list)
    ]
    return [*own, *(found for item in tree.values() for found in _secret_values(item))]


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_line_that_breaks_off_leaves_no_part_of_a_key(cut: int) -> None:
    line = b'{"chatItem":{"profileKey":"U0VDUkVUU0VDUkVUU0VDUkVU","body":"hi"'
    kept = line_without_secrets(line[:cut])
    assert b"U0V" not in kept
    assert kept == line_without_secrets(kept)


def test_a_line_longer_than_any_message_is_not_kept_and_told() -> None:
    long = b'{"profileKey":"' + b"x" * (DEFAULT.line + 10) + b'"}\n'
    first, second, third = lines_without_secrets(io.BytesIO(b"{}\n" + long + b"[]"))
    assert (b"{}\n", b"[]") == (first, third)
    assert 100 > len(second)
    problem = [one for one in read(source_of(frames())) if isinstance(one, Problem)]
    assert [] == problem
    source = source_of(frames())
    data = source.open("main.jsonl").read() + long
    [problem] = [one for one in read(Source.of({"main.jsonl": data})) if isinstance(one, Problem)]
    assert "line 4" == problem.part


def test_a_group_is_known_by_a_hash_that_is_not_its_key() -> None:
    case = case_named("odd")
    [one] = [r for r in case.records() if isinstance(r, Conversation) and r.kind.value == "group"]
    assert one.id.startswith("group:")
    plain = json.loads(
        next(line for line in case.files[main_of(case)].splitlines() if b"masterKey" in line)
    )
    master = base64.b64decode(plain["recipient"]["group"]["masterKey"])
    assert hashlib.sha256(master).hexdigest() not in one.id
    assert (
        f"{GROUP}{one.id.removeprefix('group:')}"
        in line_without_secrets(json.dumps(plain).encode()).decode()
    )


def test_a_file_is_found_by_the_name_that_the_app_computes() -> None:
    """The values of the format's description: 29 bytes, a key of 64 bytes 0x01."""
    [first, *_] = messages(case_named("ordinary").records())
    stem = "e3973b32c784ef9c3a568008a47cf03d7d70bb8d16d0c53adfd26ac9c749845c"
    assert f"files/e3/{stem}.jpeg" == first.attachments[0].path
    assert hashlib.sha256(b"ChatVault sample image bytes\n").hexdigest() == (
        first.attachments[0].sha256
    )


def test_the_ending_of_a_file_does_not_matter() -> None:
    case = case_named("ordinary")
    files = {name.replace(".jpeg", ".jpg"): data for name, data in case.files.items()}
    [first, *_] = messages(read(case.source_of(files)))
    assert AttachmentState.PRESENT is first.attachments[0].state


def test_a_file_with_the_right_size_and_another_hash_is_not_taken() -> None:
    case = case_named("ordinary")
    files = {name: data for name, data in case.files.items() if not name.endswith(".jpeg")}
    [first, *_] = messages(read(case.source_of({**files, "files/other.jpg": b"x" * 29})))
    assert AttachmentState.MISSING_FILE is first.attachments[0].state


def test_the_same_message_has_one_id_in_both_exports() -> None:
    first, second = (messages(case_named(name).records()) for name in ("first", "second"))
    ids = [message.id for message in first]
    assert 4 == len(set(ids))
    assert ids[1:] == [message.id for message in second][:3]
    assert {first[0].scope} == {one.scope for one in (*first, *second)}
    edited, picture, deleted = second[:3]
    assert ["dough has rizen"] == [version.text for version in edited.versions]
    assert edited.sent_at == first[1].sent_at
    assert AttachmentState.PRESENT is picture.attachments[0].state
    assert ("", (Mark.DELETED,)) == (deleted.text, deleted.marks)


@pytest.mark.parametrize(
    ("lines", "owner"),
    [
        ([contact(2, 7), chat(1, 2)], None),
        ([contact(2, 7), group(5, 7, 9), chat(1, 2)], 9),
        ([contact(2, 7), group(5, 7, 8, 9), chat(1, 2)], None),
        ([contact(2, 7), group(5, 7, 8, 9), group(6, 9, 7), chat(1, 2)], 9),
        ([contact(2, 7), group(5, 7, 8), group(6, 9, 7), chat(1, 2)], None),
    ],
)
def test_the_owner_is_who_is_no_contact_in_all_groups(
    lines: list[dict[str, Any]], owner: int | None
) -> None:
    expected = None if owner is None else "-".join(
        f"{owner:02x}" * length for length in (4, 2, 2, 2, 6)
    )  # fmt: skip
    records = read(source_of([*frames(*lines), message(1, 1, 1750000000000)]))
    assert [expected] == [one.owner for one in records if isinstance(one, Conversation)]
    [me] = [one for one in records if isinstance(one, Participant)]
    assert (True, expected or "self") == (me.is_me, me.id)
    assert ["self:1750000000000"] == [one.id for one in messages(records)]


def test_conversations_that_take_turns_are_told_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = [message(1 + n % 3, 2 + n % 3, 1750000000000 + n) for n in range(60)]
    people = [contact(n, n) for n in (2, 3, 4)] + [chat(n - 1, n) for n in (2, 3, 4)]
    told = read(source_of([*frames(*people), *turns]))
    monkeypatch.setattr(signal_plaintext, "WINDOW", 20)
    in_parts = read(source_of([*frames(*people), *turns]))
    for records, transcripts in ((told, 3), (in_parts, 9)):
        assert transcripts == sum(isinstance(one, Conversation) for one in records)
        assert 60 == len({one.id for one in messages(records)})
        for before, after in pairwise(messages(records)):
            assert before.seq + 1 == after.seq or after.seq == 0


def test_bytes_that_are_no_text_are_counted() -> None:
    lines = source_of([*frames(contact(2, 7), chat(1, 2)), message(1, 2, 1750000000000, "caf?")])
    data = lines.open("main.jsonl").read().replace(b"caf?", b"caf\xe9")
    *_, last = read(Source.of({"main.jsonl": data}))
    assert isinstance(last, Problem)
    assert ("encoding", "text that is no utf-8, in 1 lines, became U+FFFD") == (
        last.part, last.reason
    )  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"version":"1"}\n{"account":{}}\n',
        b'{"version":"1","backupTimeMs":"1"}\n{"message":{}}\n',
        b'{"version":"1","backupTimeMs":"1"}\n{"account":{},"more":1}\n',
        b'{"level":"info","msg":"a log"}\n{"account":{}}\n',
    ],
)
def test_another_main_jsonl_is_not_taken_for_it(data: bytes) -> None:
    source = Source.of({"main.jsonl": data})
    assert () == signal_plaintext.recognise(source)
    with pytest.raises(BadExport):
        read(source)
