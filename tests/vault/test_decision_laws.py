"""Decisions and imports commute: an archive knows the same, whichever came first.

A history is told twice, as two apps or two people export it: under two conversations, with two sets
of ids or none, and with two names for each person. The decision says what belongs together.
"""

from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_merge_laws import (
    FORMS,
    PEOPLE,
    PLACE,
    archive_after,
    as_form,
    contents,
    cut,
    empty,
    histories,
    tell,
)

import canonical
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    Message,
    MessageKind,
    Participant,
    Reaction,
    Timestamp,
    Version,
)
from chatvault.vault import decisions, people
from chatvault.vault.decisions import Decisions
from chatvault.vault.manifest import (
    ConversationRef,
    MergeConversation,
    RenameConversation,
    SameParticipant,
    SplitConversation,
)
from chatvault.vault.message_parts import answered

HERE = ConversationRef(platform="somewhere", key="c1")
THERE = ConversationRef(platform="somewhere", key="other", owner="o1")
THIRD = ConversationRef(platform="somewhere", key="third")
NAMES = {"u1": "name:ottilie", "u2": "name:jory"}
DECIDED = [
    MergeConversation(conversation=THERE, into=HERE),
    *(
        SameParticipant(conversation=THERE, participant=other, same_as=mine)
        for mine, other in NAMES.items()
    ),
]


def told_there(records):
    """The same records as the other side tells them: other conversation, ids and names."""
    for record in records:
        if isinstance(record, Conversation):
            yield msgspec.structs.replace(record, id="other", owner="o1", title="Row")
        elif isinstance(record, Participant):
            yield msgspec.structs.replace(record, id=NAMES[record.id], conversation_id="other")
        elif isinstance(record, Message):
            yield msgspec.structs.replace(
                record, conversation_id="other", sender_id=NAMES[record.sender_id],
                id=None if record.id is None else str(90 - int(record.id)), scope="other",
            )  # fmt: skip
        else:
            yield msgspec.structs.replace(record, sender_id=NAMES[record.sender_id])


def decide(connection, *lines):
    entry = connection.execute("SELECT coalesce(max(entry), 0) + 1 FROM decision").fetchone()[0]
    decisions.keep(connection, entry, lines)
    people.assign(connection, decisions.load(connection))


def after(*imports, decided=DECIDED, batch=7):
    """An archive that knew the decisions before the first import, as a rebuild makes it."""
    connection = empty()
    decide(connection, *decided)
    for number, export in enumerate(imports, 1):
        tell(connection, number, export, batch=batch)
    found = list(canonical.lines(connection))
    connection.close()
    return found


@st.composite
def both_sides(draw):
    """Two windows of one history, one told by each side."""
    history = draw(histories())
    found = []
    for _ in range(2):
        first, last = sorted([draw(st.integers(0, 4)), draw(st.integers(0, 4))])
        found.append(as_form(cut(history, first, last), draw(st.sampled_from(FORMS))))
    return found[0], list(told_there(found[1]))


@given(both_sides(), st.integers(1, 9))
def test_after_a_merge_the_order_of_imports_and_the_size_of_batches_do_not_matter(sides, batch):
    one, other = sides
    assert after(one, other) == after(other, one, batch=batch)


@st.composite
def several(draw):
    """Windows of one history: one told by this side, two by the other."""
    history = draw(histories())
    found = []
    for _ in range(3):
        first, last = sorted([draw(st.integers(0, 4)), draw(st.integers(0, 4))])
        found.append(as_form(cut(history, first, last), draw(st.sampled_from(FORMS))))
    return [found[0], list(told_there(found[1])), list(told_there(found[2]))]


@given(several())
@settings(max_examples=60)
def test_any_order_of_three_exports_of_two_sides_gives_the_same(exports):
    first, *others = [after(*order) for order in permutations(exports)]
    assert [first] * len(others) == others


@given(both_sides())
def test_merged_sides_say_what_one_side_alone_would_have_said(sides):
    """Nothing doubled, nothing lost: as many messages as if both exports were of one form."""
    one, other = sides
    back = {name: key for key, name in NAMES.items()}
    unmerged = [
        msgspec.structs.replace(
            record, conversation_id="c1", sender_id=back[record.sender_id], id=None, scope=""
        )
        for record in other
        if isinstance(record, Message)
    ]
    # What has ids on one side has seconds; without them the forms are those of the merge laws.
    expected = contents(archive_after(one, [PLACE, *PEOPLE, *unmerged]))
    assert sum(expected.values()) == sum(contents(after(one, other)).values())


@given(both_sides())
def test_telling_a_merged_side_twice_is_telling_it_once(sides):
    one, other = sides
    assert after(one, other) == after(one, other, other, one)


@given(histories())
def test_two_whole_sides_give_the_history_once(history):
    one = as_form(history, "ids")
    found = after(one, list(told_there(one)))
    told = [msgspec.json.decode(line) for line in found]
    assert len(history) == len([line for line in told if line[0] == "message"])
    assert ["Bakers Row", "Row"] == sorted(t for t, _ in told[0][6])
    assert {"u1", "u2"} >= {line[6] for line in told if line[0] == "message"}


@given(both_sides(), st.permutations(DECIDED))
@settings(max_examples=30)
def test_the_order_of_the_lines_of_a_merge_does_not_matter(sides, lines):
    assert after(*sides) == after(*sides, decided=lines)


@given(both_sides())
@settings(max_examples=50)
def test_a_merge_that_was_split_is_as_if_it_had_never_been(sides):
    split = [*DECIDED, SplitConversation(conversation=HERE)]
    assert archive_after(*sides) == after(*sides, decided=split)


def message(number, text, *, second=None, **more):
    second = number if second is None else second
    at = Timestamp(1_700_000_040_000 + second * 1000, str(second))
    return Message(
        id=str(number), conversation_id="c1", sender_id="u1", seq=number, kind=MessageKind.TEXT,
        text=text, sent_at=at, scope="c1", **more,
    )  # fmt: skip


def rows(connection, sql):
    return connection.execute(sql).fetchall()


def told_twice(*messages, decided=DECIDED, reverse=False):
    """An archive after both sides told the same."""
    connection = empty()
    decide(connection, *decided)
    sides = [[PLACE, *PEOPLE, *messages], list(told_there([PLACE, *PEOPLE, *messages]))]
    for number, side in enumerate(reversed(sides) if reverse else sides, 1):
        tell(connection, number, side)
    return connection


@pytest.mark.parametrize("reverse", [False, True])
def test_a_message_with_two_ids_keeps_both_and_is_found_by_both(reverse):
    connection = told_twice(message(1, "first"), message(2, "second"), reverse=reverse)
    assert [("1",), ("2",)] == rows(connection, "SELECT platform_id FROM message ORDER BY text")
    others = rows(connection, "SELECT platform_id, message FROM message_other_id ORDER BY 1")
    assert ["88", "89"] == [other for other, _ in others]
    edited = list(told_there([PLACE, *PEOPLE, message(2, "second, edited")]))
    assert 1 == tell(connection, 3, edited).updated
    assert 2 == rows(connection, "SELECT count(*) FROM message")[0][0]
    connection.close()


def test_two_ids_of_one_side_are_two_messages_whatever_they_say():
    """Side two told `ok` twice in one minute, in exports of which each knows only one of them."""
    connection = empty()
    decide(connection, *DECIDED)
    for number, told in enumerate((1, 2), 1):
        export = [PLACE, *PEOPLE, message(told, "ok", second=5)]
        tell(connection, number, list(told_there(export)))
    assert ["88", "89"] == [row[0] for row in rows(
        connection, "SELECT platform_id FROM message ORDER BY platform_id"
    )]  # fmt: skip
    connection.close()


def test_an_edit_does_not_swallow_another_message_of_the_same_side():
    connection = told_twice(message(1, "first"))
    tell(connection, 3, list(told_there([PLACE, *PEOPLE, message(2, "second", second=1)])))
    tell(connection, 4, [PLACE, *PEOPLE, message(1, "second")])
    assert [("1",), ("88",)] == rows(
        connection, "SELECT platform_id FROM message ORDER BY platform_id"
    )
    connection.close()


def retold(tellings, *, by_id):
    """An export with a transcript for each telling of one message that was edited: by which side
    (h: this one, t: there), and which of its texts. Each knows something else besides."""
    for side, text in tellings:
        medium = Attachment(name=text, state=AttachmentState.ABSENT_NOT_EXPORTED, stable_name=False)
        told = message(
            2, text, attachments=(medium,), versions=(Version(text=f"before {text}"),),
            extra={"export": text},
        )  # fmt: skip
        if not by_id:
            told = msgspec.structs.replace(told, id=None)
        records = [PLACE, *PEOPLE, told, Reaction(emoji=text, sender_id="u2")]
        yield from records if side == "h" else told_there(records)


EDITED = [(side, text) for side in "ht" for text in "abc"]


@st.composite
def retellings(draw):
    """What is known without ids, then one message again and again in one import, by its two ids."""
    return [
        draw(st.lists(st.sampled_from(EDITED), min_size=least, max_size=most, unique=True))
        for least, most in ((1, 2), (4, 6))
    ]


@given(retellings(), st.integers(1, 6))
def test_ids_of_both_sides_told_again_in_one_import_with_other_texts(tellings, batch):
    """What absorbed a row may be absorbed itself, and all that hung on the first is there."""
    one, other = [list(retold(told, by_id=by_id)) for by_id, told in enumerate(tellings)]
    connection = empty()
    decide(connection, *DECIDED)
    for number, export in enumerate((one, other, one, other), 1):
        tally = tell(connection, number, export, batch=50)
        messages = sum(isinstance(record, Message) for record in export)
        assert messages == tally.new + tally.known + tally.updated
        assert number <= 2 or messages == tally.known
        links = rows(connection, "SELECT DISTINCT import FROM message_import ORDER BY 1")
        assert [(told,) for told in range(1, number + 1)] == links
        assert [] == rows(connection, "PRAGMA foreign_key_check")
        texts = {text for export in tellings[:number] for _, text in export}
        for count in (
            "SELECT count(DISTINCT emoji) FROM reaction",
            "SELECT count(DISTINCT digest) FROM message_extra",
            "SELECT count(DISTINCT text) FROM message_version WHERE text LIKE 'before %'",
        ):
            assert len(texts) == rows(connection, count)[0][0]
        keys = rows(connection, "SELECT -time_key FROM message ORDER BY 1")
        assert keys == rows(connection, "SELECT rowid FROM message_search ORDER BY 1")
    found = list(canonical.lines(connection))
    connection.close()
    assert found == after(one, other, batch=batch)
    assert found == after(other, one, batch=50)


def test_a_row_is_absorbed_by_a_new_one_that_is_absorbed_itself():
    """They told the edit first, we told it in between, and both turn out to be what was known."""
    chain = [("t", "c"), ("h", "b"), ("t", "a"), ("h", "c")]
    connection = empty()
    decide(connection, *DECIDED)
    tell(connection, 1, list(retold([("t", "a")], by_id=False)))
    tally = tell(connection, 2, list(retold(chain, by_id=True)))
    assert (1, 3, 0) == (tally.new, tally.known, tally.updated)
    assert [("2", "88")] == rows(
        connection,
        "SELECT m.platform_id, o.platform_id FROM message m"
        " LEFT JOIN message_other_id o ON o.message = m.id",
    )
    assert [(1,), (2,)] == rows(connection, "SELECT import FROM message_import ORDER BY import")
    assert [("c",)] == rows(connection, "SELECT name FROM attachment")
    assert [("a",), ("b",), ("c",)] == rows(connection, "SELECT emoji FROM reaction ORDER BY emoji")
    assert 3 == rows(connection, "SELECT count(*) FROM message_extra")[0][0]
    assert [("a",), ("b",), ("before a",), ("before b",), ("before c",), ("c",)] == rows(
        connection, "SELECT text FROM message_version ORDER BY text"
    )
    connection.close()


@pytest.mark.parametrize("reverse", [False, True])
def test_an_answer_is_found_whichever_side_told_it(reverse):
    told = [
        message(1, "first"), message(2, "second"), message(3, "third", reply_to_id="1"),
        message(4, "fourth"),
    ]  # fmt: skip
    there = list(told_there([PLACE, *PEOPLE, *told]))
    # Their ids count down from 90: 89 is the first message, 86 the fourth.
    answers = {"88": "89", "87": "89", "86": "88"}
    there = [
        msgspec.structs.replace(record, reply_to_id=answers.get(record.id))
        if isinstance(record, Message) else record
        for record in there
    ]  # fmt: skip
    sides = [[PLACE, *PEOPLE, *told[:3]], there]
    connection = empty()
    decide(connection, *DECIDED)
    for number, side in enumerate(reversed(sides) if reverse else sides, 1):
        tell(connection, number, side)
    numbers = dict(rows(connection, "SELECT text, id FROM message"))
    answers = answered(connection, list(numbers.values()))
    found = {text: answers.get(row) for text, row in numbers.items()}
    connection.close()
    assert {
        "first": None, "second": numbers["first"], "third": numbers["first"],
        "fourth": numbers["second"],
    } == found  # fmt: skip


def test_ids_that_mean_the_same_on_both_sides_need_no_equal_text():
    shared = [MergeConversation(conversation=THERE, into=HERE, ids="shared"), *DECIDED[1:]]
    connection = empty()
    decide(connection, *shared)
    tell(connection, 1, [PLACE, *PEOPLE, message(1, "first")])
    other = [
        msgspec.structs.replace(record, id="1") if isinstance(record, Message) else record
        for record in told_there([PLACE, *PEOPLE, message(1, "first, edited")])
    ]
    tell(connection, 2, other)
    assert 1 == rows(connection, "SELECT count(*) FROM message")[0][0]
    assert [] == rows(connection, "SELECT * FROM message_other_id")
    connection.close()


def test_a_reaction_is_of_the_participant_that_the_decision_says():
    connection = empty()
    decide(connection, *DECIDED)
    reaction = Reaction(emoji="+1", sender_id="u2")
    for number, side in enumerate(
        ([PLACE, *PEOPLE, message(1, "x"), reaction],
         list(told_there([PLACE, *PEOPLE, message(1, "x"), reaction]))), 1
    ):  # fmt: skip
        tell(connection, number, side)
    assert [("+1", "u2")] == rows(connection, "SELECT emoji, sender FROM reaction")
    connection.close()


def test_merges_follow_one_another_and_a_circle_is_not_closed():
    lines = [
        MergeConversation(conversation=THERE, into=THIRD),
        MergeConversation(conversation=THIRD, into=HERE),
        MergeConversation(conversation=HERE, into=THERE),
        MergeConversation(conversation=HERE, into=HERE),
    ]
    for order in permutations(lines[:2]):
        decided = Decisions([*order, *lines[2:]])
        assert {HERE} == {decided.place(ref).ref for ref in (HERE, THERE, THIRD)}
    split = Decisions([*lines, SplitConversation(conversation=HERE)])
    assert [HERE, THIRD, THIRD] == [split.place(ref).ref for ref in (HERE, THERE, THIRD)]


def test_a_name_may_be_somebody_else_in_each_conversation_that_is_merged():
    decided = Decisions(
        [
            MergeConversation(conversation=THERE, into=HERE),
            MergeConversation(conversation=THIRD, into=HERE),
            SameParticipant(conversation=THERE, participant="name:jo", same_as="u1"),
            SameParticipant(conversation=THIRD, participant="name:jo", same_as="u2"),
        ]
    )
    found = [decided.place(ref).key("name:jo") for ref in (THERE, THIRD, HERE)]
    assert ["u1", "u2", "name:jo"] == found


def test_an_owner_that_is_not_known_fits_any():
    decided = Decisions([MergeConversation(conversation=THERE, into=HERE)])
    unknown = ConversationRef(platform="somewhere", key="other")
    stranger = ConversationRef(platform="somewhere", key="other", owner="o2")
    assert (HERE, stranger) == (decided.place(unknown).ref, decided.place(stranger).ref)


def test_conversations_of_two_platforms_are_never_one():
    elsewhere = ConversationRef(platform="elsewhere", key="other")
    assert [] == Decisions([MergeConversation(conversation=elsewhere, into=HERE)]).merges


@pytest.mark.parametrize("later", [False, True])
def test_a_title_stays_what_the_owner_made_it(later):
    renamed = RenameConversation(conversation=HERE, title="The row")
    export = [PLACE, *PEOPLE, message(1, "x")]
    titled = [msgspec.structs.replace(PLACE, title="Zed"), *PEOPLE, message(1, "x")]
    exports = [export, titled] if later else [titled]
    told = [msgspec.json.decode(line) for line in after(*exports, decided=[renamed])]
    assert "The row" == told[0][4]
    back = [renamed, RenameConversation(conversation=HERE, title="")]
    told = [msgspec.json.decode(line) for line in after(*exports, decided=back)]
    assert "Zed" == told[0][4]
