"""The merge laws: what an archive knows depends on what it was told, not on when or how often.

Two random exports almost never overlap, so one history is drawn and windows are cut out of it, with
few minutes and few texts, so that equal messages in one minute are common.
"""

from collections import Counter
from itertools import permutations

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import canonical
from chatvault.model import (
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Participant,
    Precision,
    Timestamp,
)
from chatvault.vault import archive, schema
from chatvault.vault.store import Merger

PLACE = Conversation(id="c1", platform="somewhere", title="Bakers Row", kind=ConversationKind.GROUP)
PEOPLE = [
    Participant(id="u1", name="Ottilie", conversation_id="c1"),
    Participant(id="u2", name="Jory", conversation_id="c1"),
]
TEXTS = ["ok", "好", "\u200fok", "a\r\nb", "", "nul\0", "👩‍👩‍👧", "ok "]
START = 1_700_000_040_000  # the first millisecond of a minute


def empty():
    connection = archive.open_in_memory()
    schema.migrate(connection)
    return connection


def tell(connection, number, *exports, batch=7):
    """Import the transcripts of one export."""
    connection.execute(
        "INSERT INTO import (id, import_id, state, name, importer, importer_version, platform,"
        " told, export_digest, started_at) VALUES (?, ?, 'complete', '', 'x', 1, 'x', '{}', ?, 0)",
        [number, str(number), str(number)],
    )
    merger = Merger(connection, number, file_of=lambda _: None, batch=batch)
    for export in exports:
        merger.add(export)
    merger.flush()
    return merger.tally


def archive_after(*imports):
    connection = empty()
    for number, export in enumerate(imports, 1):
        tell(connection, number, export)
    found = list(canonical.lines(connection))
    connection.close()
    return found


@st.composite
def histories(draw, texts=TEXTS[:3]):
    """What really happened: every message with an id and a second."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(0, 3), st.sampled_from([0, 0, 1, 30]), st.sampled_from(["u1", "u2"]),
                st.sampled_from(texts),
            ),
            min_size=1, max_size=9,
        )
    )  # fmt: skip
    drawn.sort(key=lambda m: (m[0], m[1]))
    return [
        Message(
            id=str(number), conversation_id="c1", sender_id=sender, seq=number,
            sent_at=Timestamp(START + minute * 60_000 + second * 1000, f"{minute}:{second}"),
            kind=MessageKind.TEXT, text=text,
        )
        for number, (minute, second, sender, text) in enumerate(drawn)
    ]  # fmt: skip


FORMS = ("ids", "seconds", "minutes")


def as_form(messages, form):
    """The same messages as an export tells them that has ids, or only seconds, or only minutes."""
    told = []
    for seq, message in enumerate(messages):
        at = message.sent_at
        if form == "minutes":
            utc = at.utc_ms // 60_000 * 60_000
            at = Timestamp(utc, str(utc), precision=Precision.MINUTE)
        told.append(
            msgspec.structs.replace(
                message, id=message.id if form == "ids" else None, sent_at=at, seq=seq
            )
        )
    return [PLACE, *PEOPLE, *told]


def cut(history, first, last):
    """Whole minutes of a history, as two exports of one phone are cut."""
    return [m for m in history if first * 60_000 <= m.sent_at.utc_ms - START < last * 60_000]


@st.composite
def windows(draw, count, forms=FORMS):
    history = draw(histories())
    found = []
    for _ in range(count):
        first, last = sorted([draw(st.integers(0, 4)), draw(st.integers(0, 4))])
        found.append(as_form(cut(history, first, last), draw(st.sampled_from(forms))))
    return found


def contents(lines):
    """Messages by what they say, however precisely they know when; as a multiset."""
    found = Counter()
    for line in lines:
        kind, *values = msgspec.json.decode(line)
        if kind == "message":
            found[(values[6] // 60_000, values[5], values[12].strip("\u200f ").strip())] += 1
    return found


@given(windows(1))
def test_telling_twice_is_telling_once(exports):
    assert archive_after(exports[0]) == archive_after(exports[0], exports[0])


@given(windows(2))
def test_order_does_not_matter(exports):
    one, other = exports
    assert archive_after(one, other) == archive_after(other, one)


@given(windows(3))
@settings(max_examples=60)
def test_any_order_of_three_exports_gives_the_same(exports):
    first, *others = [archive_after(*order) for order in permutations(exports)]
    assert [first] * len(others) == others


@given(windows(2))
def test_nothing_is_taken_away(exports):
    one, other = exports
    before, after = contents(archive_after(one)), contents(archive_after(one, other))
    assert not before - after


@given(histories(), st.lists(st.sampled_from(FORMS), min_size=2, max_size=2))
@example([], ["ids", "minutes"])
def test_windows_that_cover_a_history_give_the_history(history, forms):
    exports = [as_form(cut(history, 0, 3), forms[0]), as_form(cut(history, 1, 9), forms[1])]
    truth = Counter(
        (m.sent_at.utc_ms // 60_000, m.sender_id, m.text.strip("\u200f ").strip()) for m in history
    )
    assert truth == contents(archive_after(*exports))


@given(windows(2))
def test_parts_of_one_import_are_like_two_imports(exports):
    one, other = exports
    connection = empty()
    tell(connection, 1, one, other)
    together = list(canonical.lines(connection))
    connection.close()
    assert archive_after(one, other) == together


@given(windows(2), st.integers(1, 9))
def test_the_size_of_batches_does_not_show(exports, batch):
    connection = empty()
    for number, export in enumerate(exports, 1):
        tell(connection, number, export, batch=batch)
    found = list(canonical.lines(connection))
    connection.close()
    assert archive_after(*exports) == found


# Texts that differ only in invisible marks are copies of one another; which of two copies an edit
# belongs to can be known only where the texts differ in more.
@given(histories(texts=TEXTS[:2]), st.data())
def test_edits_only_add_and_come_in_any_order(history, data):
    edited = [
        msgspec.structs.replace(
            m, text=m.text + " (later)", marks=(Mark.EDITED,),
            edited_at=Timestamp(m.sent_at.utc_ms + 5_000, "e"),
        )
        if data.draw(st.booleans()) else m
        for m in history
    ]  # fmt: skip
    old, new = as_form(history, "ids"), as_form(edited, "ids")
    poor = as_form(history, data.draw(st.sampled_from(["seconds", "minutes"])))
    orders = [archive_after(*order) for order in permutations([old, new, poor])]
    assert [orders[0]] * 6 == orders
    told = "\n".join(line.decode() for line in orders[0])
    for message in (*history, *edited):
        assert msgspec.json.encode(message.text).decode() in told


@given(histories())
def test_a_deletion_keeps_the_text_and_gains_a_mark(history):
    deleted = [msgspec.structs.replace(m, text="", marks=(Mark.DELETED,)) for m in history]
    after = archive_after(as_form(history, "ids"), as_form(deleted, "ids"))
    assert after == archive_after(as_form(deleted, "ids"), as_form(history, "ids"))
    texts = Counter(
        values[13] for values in map(msgspec.json.decode, after) if values[0] == "message"
    )
    assert Counter(m.text for m in history) == texts


def test_equal_texts_in_one_minute_stay_two():
    pair = [
        Message(
            id=None, conversation_id="c1", sender_id="u1", seq=n, kind=MessageKind.TEXT, text="ok",
            sent_at=Timestamp(START, "x", precision=Precision.MINUTE),
        )
        for n in (0, 1)
    ]  # fmt: skip
    export = [PLACE, *PEOPLE, *pair]
    assert {2} == set(contents(archive_after(export, export)).values())


@pytest.mark.parametrize("equal", [300, 5000])
def test_more_equal_times_than_a_second_has_keys_spill_in_order(equal):
    export = [PLACE, *PEOPLE] + [
        Message(
            id=str(n), conversation_id="c1", sender_id="u1", seq=n, kind=MessageKind.TEXT,
            text=str(n), sent_at=Timestamp(START, "x"),
        )
        for n in range(equal)
    ]  # fmt: skip
    connection = empty()
    tell(connection, 1, export, batch=1000)
    rows = connection.execute("SELECT text FROM message ORDER BY time_key").fetchall()
    spill = connection.execute("SELECT value FROM meta WHERE key = 'largest_spill'").fetchone()
    connection.close()
    assert [str(n) for n in range(equal)] == [row[0] for row in rows]
    assert ((equal - 1) // 256,) == spill


def test_messages_without_a_time_are_kept():
    export = [PLACE, *PEOPLE] + [
        Message(
            id=None, conversation_id="c1", sender_id="u1", seq=n, kind=MessageKind.TEXT,
            text="when?", sent_at=None,
        )
        for n in range(3)
    ]  # fmt: skip
    assert archive_after(export) == archive_after(export, export)
    assert 3 == len([line for line in archive_after(export) if line.startswith(b'["message"')])


def test_receipts_add_up_and_a_second_telling_is_known():
    export = as_form(
        [
            Message(id=str(n), conversation_id="c1", sender_id="u1", seq=n, kind=MessageKind.TEXT,
                    text="x", sent_at=Timestamp(START + n, "x"))
            for n in range(10)
        ], "ids",
    )  # fmt: skip
    connection = empty()
    first = tell(connection, 1, export, batch=3)
    second = tell(connection, 2, export, batch=4)
    connection.close()
    assert (10, 0, 0) == (first.new, first.known, first.updated)
    assert (0, 10, 0) == (second.new, second.known, second.updated)
    assert not second.touched_others


def test_an_id_told_twice_in_one_transcript_is_one_message_wherever_batches_end():
    said = [("1", "ok"), ("2", "好"), ("1", "ok")]
    export = [PLACE, *PEOPLE] + [
        Message(
            id=number, conversation_id="c1", sender_id="u1", seq=seq, kind=MessageKind.TEXT,
            text=text, sent_at=Timestamp(START, "x"),
        )
        for seq, (number, text) in enumerate(said)
    ]  # fmt: skip
    for batch in (1, 2, 3):
        connection = empty()
        tally = tell(connection, 1, export, batch=batch)
        found = connection.execute("SELECT count(*) FROM message").fetchone()
        connection.close()
        assert (2, (2, 1, 0)) == (found[0], (tally.new, tally.known, tally.updated))


@given(windows(2), st.integers(1, 4))
def test_what_became_of_messages_is_counted_as_many_times_as_there_are_messages(exports, batch):
    connection = empty()
    for number, export in enumerate(exports, 1):
        tally = tell(connection, number, export, batch=batch)
        messages = sum(isinstance(record, Message) for record in export)
        counts = (tally.new, tally.known, tally.updated)
        assert (messages, True) == (sum(counts), min(counts) >= 0)
    connection.close()


def test_a_row_is_absorbed_by_one_that_is_new_in_the_same_batch():
    """Two transcripts tell an edit, and the archive knew the second text without an id."""

    def said(number, text):
        return Message(
            id=number, conversation_id="c1", sender_id="u1", seq=0, kind=MessageKind.TEXT,
            text=text, sent_at=Timestamp(START, "x"),
        )  # fmt: skip

    connection = empty()
    tell(connection, 1, [PLACE, *PEOPLE, said(None, "ok")])
    tell(connection, 2, [PLACE, *PEOPLE, said("1", "好"), PLACE, *PEOPLE, said("1", "ok")])
    found = connection.execute("SELECT count(*) FROM message").fetchone()
    links = connection.execute("SELECT import FROM message_import ORDER BY import").fetchall()
    connection.close()
    assert (1, [(1,), (2,)]) == (found[0], links)
