"""LinkedIn's messages.csv: whose it is, what is markup, and what is no message."""

import pytest

from archives import zipped
from chatvault.errors import BadExport, EmptyExport
from chatvault.importers import linkedin
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

COLUMNS = "CONVERSATION ID,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,CONTENT"
AT = "2024-01-15 09:30:00 UTC"


def row(talk: str, sender: str, to: str, text: str = "hello", at: str = AT) -> str:
    def url(names: str) -> str:
        return ",".join(f"https://www.linkedin.com/in/{one}" for one in names.split(",") if one)

    return f'{talk},{sender},{url(sender)},"{to}","{url(to)}",{at},"{text}"'


def read(*rows: str, columns: str = COLUMNS, told: Told | None = None) -> list[Record]:
    table = "\n".join([columns, *rows, ""]).encode()
    return list(linkedin.read(Source.of({"messages.csv": table}, told=told or Told())))


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


def mine(records: list[Record]) -> set[str]:
    return {one.name for one in records if isinstance(one, Participant) and one.is_me}


def test_the_owner_is_who_takes_part_in_everything() -> None:
    assert {"jo"} == mine(
        read(row("a", "jo", "ema"), row("b", "lars", "jo"), row("b", "jo", "lars"))
    )
    assert set() == mine(read(row("a", "jo", "ema"), row("a", "ema", "jo")))
    assert {"jo"} == mine(read(row("a", "jo", "ema"), told=Told(me="jo")))


def test_a_conversation_of_two_is_named_after_the_other_one() -> None:
    records = read(row("a", "jo", "ema"), row("b", "lars", "jo"), row("c", "jo", "ema,lars"))
    assert [
        ("a", "ema", ConversationKind.DIRECT),
        ("b", "lars", ConversationKind.DIRECT),
        ("c", "ema, lars", ConversationKind.GROUP),
    ] == [(r.id, r.title, r.kind) for r in records if isinstance(r, Conversation)]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>one &lt;b&gt;</p><p>two</p>", "one <b>\ntwo"),
        ("one<br/>two<BR>three", "one\ntwo\nthree"),
        ("a < b and c > d, really", "a < b and c > d, really"),
        ("5 &amp; 6", "5 &amp; 6"),
        ("<script>alert(1)</script><p>x</p>", "alert(1)x"),
    ],
)
def test_H03_markup_becomes_text_and_is_kept_beside_it(content: str, text: str) -> None:
    [message] = messages(read(row("a", "jo", "ema", content)))
    assert text == message.text
    assert (content if text != content else None) == message.extra.get("CONTENT")


def test_markup_without_end_takes_linear_time() -> None:
    text = "<p " + "<" * 300_000
    assert 1 == len(messages(read(row("a", "jo", "ema", text))))


@pytest.mark.parametrize("word", ["Yes", "true"])
def test_drafts_were_never_sent(word: str) -> None:
    columns = f"{COLUMNS},IS MESSAGE DRAFT"
    rows = [row("a", "jo", "ema", "sent") + ",No", row("a", "jo", "ema", "unsent") + f",{word}"]
    records = read(*rows, columns=columns)
    assert ["sent"] == [one.text for one in messages(records)]
    assert not any(isinstance(record, Problem) for record in records)


def test_two_of_one_second_are_in_the_order_they_were_sent() -> None:
    rows = [row("a", "jo", "ema", text, at) for text, at in (
        ("c", "2024-01-15 09:31:00 UTC"), ("b", AT), ("a", AT))]  # fmt: skip
    assert ["c", "a", "b"] == [one.text for one in messages(read(*rows))]


def test_other_tables_of_the_copy_are_left_alone() -> None:
    others = {"Connections.csv": b"First Name,Last Name,URL\nEma,Roth,x\n"}
    assert () == linkedin.recognise(Source.of(others))
    files = {"messages.csv": f"{COLUMNS}\n{row('a', 'jo', 'ema')}\n".encode(), **others}
    assert linkedin.recognise(Source.of(files))
    packed = zipped({name: bytes(data) for name, data in files.items()})
    [export] = find(Source.of({"Basic.zip": packed}), IMPORTERS, Budget()).exports
    assert "linkedin" == export.importer.INFO.key


def test_what_linkedin_leaves_out_was_still_sent_by_somebody() -> None:
    [message] = messages(read(row("a", "jo", "ema", "")))
    assert (MessageKind.OTHER, "") == (message.kind, message.text)
    assert message.sender_id is not None


def test_notes_may_stand_before_the_header() -> None:
    notes = 'Notes:\n"Some messages, as of today, ""may"" be missing"\n\n'
    records = read(row("a", "jo", "ema"), columns=notes + COLUMNS)
    assert ["hello"] == [one.text for one in messages(records)]
    assert not any(isinstance(record, Problem) for record in records)


def test_nothing_readable_is_said() -> None:
    with pytest.raises(EmptyExport):
        read()
    with pytest.raises(BadExport):
        read(row("a", "jo", "ema", at="soon"))
