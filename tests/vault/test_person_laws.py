"""Decisions about people and imports commute: whichever came first, the same persons are there."""

import msgspec
import pytest
from test_decision_laws import DECIDED, HERE, THERE, THIRD, after, decide, message, told_there
from test_merge_laws import PEOPLE, PLACE, empty, tell

import canonical
from chatvault.model import Participant
from chatvault.vault.decisions import Decisions
from chatvault.vault.manifest import (
    ConversationRef,
    ParticipantRef,
    RenamePerson,
    SamePerson,
    SplitPerson,
)


def someone(key, conversation=None):
    return ParticipantRef(platform="somewhere", key=key, conversation=conversation)


def persons(found):
    told = [msgspec.json.decode(line) for line in found]
    people_told = [line for line in told if line[0] == "person"]
    return [(name, [key for _, key, _ in who]) for _, name, who in people_told]


SAME = SamePerson(participant=someone("u2"), same_as=someone("u1"))


@pytest.mark.parametrize("batch", [1, 7])
def test_a_person_is_there_whichever_came_first(batch):
    export = [PLACE, *PEOPLE, message(1, "x")]
    first = after(export, decided=[SAME], batch=batch)
    connection = empty()
    tell(connection, 1, export)
    decide(connection, SAME)
    assert list(canonical.lines(connection)) == first
    connection.close()
    assert [("Ottilie", ["u1", "u2"])] == persons(first)


def test_a_person_is_named_and_split():
    export = [PLACE, *PEOPLE, message(1, "x")]
    named = [SAME, RenamePerson(participant=someone("u2"), name="Tilly")]
    assert [("Tilly", ["u1", "u2"])] == persons(after(export, decided=named))
    split = [*named, SplitPerson(participant=someone("u2"))]
    assert [("Tilly", ["u1"])] == persons(after(export, decided=split))
    assert [] == persons(after(export, decided=[SAME, SplitPerson(participant=someone("u2"))]))


def test_a_person_is_split_by_the_name_that_a_participant_has_now():
    """After a merge, and after an import told whose account it is."""
    there = someone("name:jory", ConversationRef(platform="somewhere", key="other"))
    same = SamePerson(participant=there, same_as=someone("u1"))
    merged = Decisions([same, *DECIDED, SplitPerson(participant=someone("u2", HERE))])
    assert [] == merged.people
    owned = Decisions([same, SplitPerson(participant=someone("name:jory", THERE))])
    assert [] == owned.people
    stranger = SplitPerson(participant=someone("name:jory", THIRD))
    assert 1 == len(Decisions([same, stranger]).people)


def test_two_persons_of_one_participant_are_one():
    """Decided when it was not known that it is one conversation."""
    jory = msgspec.structs.replace(PEOPLE[1], id="name:jory")
    export = [PLACE, PEOPLE[0], jory, message(1, "x")]
    owned = [ConversationRef(platform="somewhere", key="c1", owner=o) for o in ("a", "b")]
    other = Participant(id="u9", name="Nine", conversation_id="c1")
    same = [
        SamePerson(participant=someone("name:jory", place), same_as=someone(key))
        for place, key in zip(owned, ("u1", "u9"), strict=True)
    ]
    found = after([*export[:3], other, *export[3:]], decided=same)
    assert [("Ottilie", ["name:jory", "u1", "u9"])] == persons(found)


def test_a_person_follows_a_participant_into_the_merged_conversation():
    there = someone("name:jory", THERE)
    elsewhere = SamePerson(participant=there, same_as=someone("u1"))
    side = list(told_there([PLACE, *PEOPLE, message(1, "x")]))
    found = after([PLACE, *PEOPLE, message(1, "x")], side, decided=[*DECIDED, elsewhere])
    assert [("Ottilie", ["u1", "u2"])] == persons(found)
