"""The lines of decisions as docs/format.md promises them, byte for byte, and what is refused."""

import pytest

from chatvault.errors import Damaged, Where
from chatvault.vault import archive, decisions, manifest, schema
from chatvault.vault.manifest import (
    ConversationRef,
    MergeConversation,
    ParticipantRef,
    RenameConversation,
    RenamePerson,
    SameParticipant,
    SamePerson,
    SplitConversation,
    SplitPerson,
)

WHERE = Where("packs/x")
ONE = ConversationRef(platform="wechat", key="wxid_b", owner="wxid_a")
OTHER = ConversationRef(platform="wechat", key="小满")
SOMEBODY = ParticipantRef(platform="wechat", key="wxid_b")
NAMED = ParticipantRef(platform="wechat", key="name:小满", conversation=OTHER)
ONE_JSON = '{"platform":"wechat","key":"wxid_b","owner":"wxid_a"}'
OTHER_JSON = '{"platform":"wechat","key":"小满"}'
SOMEBODY_JSON = '{"platform":"wechat","key":"wxid_b"}'
NAMED_JSON = f'{{"platform":"wechat","key":"name:小满","conversation":{OTHER_JSON}}}'
LINES = [
    (
        MergeConversation(conversation=OTHER, into=ONE),
        f'{{"type":"merge-conversation","conversation":{OTHER_JSON},"into":{ONE_JSON}}}',
    ),
    (
        MergeConversation(conversation=OTHER, into=ONE, ids="shared"),
        f'{{"type":"merge-conversation","conversation":{OTHER_JSON},"into":{ONE_JSON},'
        '"ids":"shared"}',
    ),
    (
        SameParticipant(conversation=ONE, participant="name:小满", same_as="wxid_b"),
        f'{{"type":"same-participant","conversation":{ONE_JSON},"participant":"name:小满",'
        '"is":"wxid_b"}',
    ),
    (
        SplitConversation(conversation=ONE),
        f'{{"type":"split-conversation","conversation":{ONE_JSON}}}',
    ),
    (
        RenameConversation(conversation=OTHER, title=""),
        f'{{"type":"rename-conversation","conversation":{OTHER_JSON},"title":""}}',
    ),
    (
        SamePerson(participant=NAMED, same_as=SOMEBODY),
        f'{{"type":"same-person","participant":{NAMED_JSON},"is":{SOMEBODY_JSON}}}',
    ),
    (
        SplitPerson(participant=SOMEBODY),
        f'{{"type":"split-person","participant":{SOMEBODY_JSON}}}',
    ),
    (
        RenamePerson(participant=NAMED, name="Man"),
        f'{{"type":"rename-person","participant":{NAMED_JSON},"name":"Man"}}',
    ),
]


@pytest.mark.parametrize(("line", "text"), LINES, ids=range(len(LINES)))
def test_a_decision_is_written_as_the_page_says_and_read_again(
    line: manifest.Decision, text: str
) -> None:
    assert text.encode() + b"\n" == manifest.encode(line)
    assert [line] == list(manifest.decode_lines([text.encode(), b"\n"], WHERE))
    later = text.removesuffix("}") + ',"why":{"a":1}}\n'
    assert [line] == list(manifest.decode_lines([later.encode()], WHERE))


def test_null_is_the_same_as_missing() -> None:
    text = (
        '{"type":"split-person","participant":{"platform":"a","key":"b","conversation":null}}\n'
        '{"type":"split-conversation","conversation":{"platform":"a","key":"b","owner":null}}\n'
    )
    one, other = manifest.decode_lines([text.encode()], WHERE)
    assert SplitPerson(participant=ParticipantRef(platform="a", key="b")) == one
    assert SplitConversation(conversation=ConversationRef(platform="a", key="b")) == other


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"merge-conversation"}',
        f'{{"type":"merge-conversation","conversation":{ONE_JSON},"into":7}}',
        f'{{"type":"merge-conversation","conversation":{ONE_JSON},"into":{ONE_JSON},"ids":"x"}}',
        '{"type":"same-person","participant":{"platform":"a"},"is":{}}',
        '{"type":"split-conversation","conversation":{"platform":null,"key":"b"}}',
    ],
)
def test_P10_a_decision_that_is_none_is_damage(text: str) -> None:
    with pytest.raises(Damaged):
        list(manifest.decode_lines([text.encode() + b"\n"], WHERE))


def test_what_an_archive_keeps_is_what_was_decided() -> None:
    connection = archive.open_in_memory()
    schema.migrate(connection)
    decisions.keep(connection, 9, [line for line, _ in LINES[:3]])
    decisions.keep(connection, 4, [LINES[4][0]])
    rows = connection.execute("SELECT line FROM decision ORDER BY entry, place").fetchall()
    assert [LINES[4][1], *(text for _, text in LINES[:3])] == [row[0] for row in rows]
    assert ONE == decisions.load(connection).place(OTHER).ref
    connection.close()


def test_an_archive_of_the_first_schema_learns_to_keep_decisions() -> None:
    connection = archive.open_in_memory()
    schema.migrations.apply(schema.database(connection), stop_before="m002_decisions")
    connection.execute("PRAGMA user_version=1001")
    schema.migrate(connection)
    decisions.keep(connection, 1, [LINES[0][0]])
    assert 1 == len(decisions.load(connection).merges)
    assert archive.VERSION == archive.value(connection, "PRAGMA user_version")
    connection.close()
