"""Hangouts: both forms of the file, its texts, and the photos that lie beside it."""

import io
import json
from itertools import chain
from typing import Any

import pytest

from archives import peak
from chatvault.errors import BadExport
from chatvault.importers import google_hangouts
from chatvault.importers._google_hangouts_item import message
from chatvault.importers._source import Entry, Source
from chatvault.model import Attachment, AttachmentState, Conversation, Message, Problem, Record

ADA, QUINN = {"gaia_id": "1", "chat_id": "1"}, {"gaia_id": "2", "chat_id": "2"}


def event(number: int = 1, **columns: object) -> dict[str, object]:
    return {
        "conversation_id": {"id": "Ugx1"},
        "sender_id": QUINN,
        "timestamp": "1400000000123456",
        "event_id": f"ev-{number}",
        "event_type": "REGULAR_CHAT_MESSAGE",
        **columns,
    }


def said(*segments: object, attachment: object = None) -> dict[str, object]:
    content: dict[str, object] = {"segment": list(segments)}
    if attachment:
        content["attachment"] = attachment
    return {"chat_message": {"message_content": content}}


def about(**more: object) -> dict[str, object]:
    people = [{"id": ADA, "fallback_name": "Ada Q"}, {"id": QUINN, "fallback_name": "Quinn M"}]
    own = {"self_read_state": {"participant_id": ADA}}
    return {
        "id": {"id": "Ugx1"},
        "type": "STICKY_ONE_TO_ONE",
        "self_conversation_state": own,
        "participant_data": people,
        **more,
    }


def new(*events: object, **more: object) -> dict[str, Any]:
    whole = {"conversation_id": {"id": "Ugx1"}, "conversation": about(**more)}
    return {"conversations": [{"conversation": whole, "events": list(events)}]}


def old(*events: object) -> dict[str, Any]:
    state = {"conversation": about(), "event": list(events)}
    return {
        "conversation_state": [{"conversation_id": {"id": "Ugx1"}, "conversation_state": state}]
    }


def read(tree: object, **files: bytes) -> list[Record]:
    given = {"Hangouts.json": json.dumps(tree).encode(), **files}
    return list(google_hangouts.read(Source.of(given)))


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


def test_both_forms_of_the_file_give_the_same_records() -> None:
    events = [event(1, **said({"type": "TEXT", "text": "hi"})), event(2, event_type="SMS")]
    assert read(new(*events)) == read(old(*events))


A, B, BREAK = {"type": "TEXT", "text": "a"}, {"type": "TEXT", "text": "b"}, {"type": "LINE_BREAK"}


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([A, BREAK, B], "a\nb"),
        ([{"type": "LINE_BREAK", "text": "\n"}], "\n"),
        ([{"text": "no type"}], "no type"),
        ([{"type": "LINK", "text": "x", "link_data": {"link_target": "y"}}], "x"),
        ([], ""),
    ],
)
def test_segments_are_one_text(segments: list[object], expected: str) -> None:
    assert expected == messages(read(new(event(**said(*segments)))))[0].text


def test_the_address_of_a_link_is_searched_where_it_is_not_in_the_text() -> None:
    link = {"type": "LINK", "text": "shown", "link_data": {"link_target": "https://example.org"}}
    assert ("https://example.org",) == messages(read(new(event(**said(link)))))[0].more_text


def photo(**columns: object) -> list[object]:
    return [{"embed_item": {"type": ["PLUS_PHOTO"], "plus_photo": columns}}]


def attached(files: dict[str, bytes], **columns: object) -> Attachment:
    [one] = messages(read(new(event(**said(attachment=photo(**columns)))), **files))
    return one.attachments[0]


@pytest.mark.parametrize(
    ("address", "name", "there"),
    [
        ("https://lh3.example.org/-A/b.jpg", "b.jpg", True),
        ("https://lh3.example.org/-A/b%20c.jpg?sz=1", "b c.jpg", True),
        ("https://lh3.example.org/-A/b+c.jpg", "b c.jpg", True),
        ("https://lh3.example.org/-A/b+c.jpg", "b+c.jpg", True),
        ("https://lh3.example.org/-A/other.jpg", "b.jpg", False),
        ("https://lh3.example.org/-A/..%2f..%2fetc%2fpasswd", "b.jpg", False),
        ("https://[lh3.example.org/b.jpg", "b.jpg", False),
        ("", "b.jpg", False),
    ],
)
def test_H04_H05_a_photo_is_looked_for_beside_the_file_and_never_fetched(
    address: str, name: str, there: bool
) -> None:
    found = attached({name: b"x"}, url=address, media_type="PHOTO")
    assert (name if there else None) == found.path
    assert "/" not in found.name
    if not there:
        expected = AttachmentState.REMOTE_ONLY if address else AttachmentState.ABSENT_NOT_EXPORTED
        assert expected is found.state


def test_the_owner_is_whose_reading_is_noted() -> None:
    [place] = [one for one in read(new(event())) if isinstance(one, Conversation)]
    assert ("1", "Quinn M") == (place.owner, place.title)


def test_events_before_their_conversation_still_say_which_it_is() -> None:
    whole = {"conversation_id": {"id": "Ugx1"}, "conversation": about()}
    tree = {"conversations": [{"events": [event()], "conversation": whole}]}
    [place] = [one for one in read(tree) if isinstance(one, Conversation)]
    assert ("Ugx1", False) == (place.id, place.title_is_id)


@pytest.mark.parametrize("time", ["1400000000", "1400000000123", "0", "-5", "x", "9" * 30])
def test_a_time_that_is_not_in_microseconds_is_a_problem(time: str) -> None:
    [problem] = [one for one in read(new(event(timestamp=time))) if isinstance(one, Problem)]
    assert "conversations[0].events[0]" == problem.part


def test_a_file_that_breaks_off_gives_what_was_complete() -> None:
    text = json.dumps(new(event(1), event(2)))
    records = list(google_hangouts.read(Source.of({"Hangouts.json": text[:-60].encode()})))
    assert ["ev-1"] == [one.id for one in messages(records)]
    assert ["end"] == [one.part for one in records if isinstance(one, Problem)]
    with pytest.raises(BadExport, match="not an export of Hangouts"):
        list(google_hangouts.read(Source.of({"Hangouts.json": b'{"conv'})))


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'[{"conversation_id": 1, "participant_data": 2}]',
        b'{"conversations": [{"id": "19:x", "MessageList": []}]}',
        b'{"a": "' + b"x" * 2000 + b'", "conversations": ["conversation_id", "participant_data"]}',
        b"\xff\xfe",
    ],
)
def test_other_files_are_left_to_others(data: bytes) -> None:
    assert () == google_hangouts.recognise(Source.of({"Hangouts.json": data}))


class Long(io.RawIOBase):
    """A file of so many events, made on the way."""

    def __init__(self, count: int) -> None:
        head, _, tail = json.dumps(new("EVENTS")).partition('"EVENTS"')
        one = json.dumps(event(**said({"type": "TEXT", "text": "some words"})))
        more = (f"{one},".encode() for _ in range(count))
        self._left = chain([head.encode()], more, [f"{one}{tail}".encode()])

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return next(self._left, b"")


def test_memory_does_not_grow_with_the_number_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    def used(count: int) -> int:
        entry = Entry(10**9, lambda: Long(count))  # type: ignore[arg-type, return-value]
        source = Source("Hangouts", {"Hangouts.json": entry})
        monkeypatch.setattr(google_hangouts, "_is_ours", bool)  # reads a head, which is not here
        return peak(lambda: [None for _ in google_hangouts.read(source)])

    assert used(2000) < 2 * used(100) + 1_000_000


def test_a_message_has_its_id_in_its_conversation() -> None:
    found = message(event(), lambda name: None, chat="Ugx1", seq=3)
    assert ("ev-1", "Ugx1", 3) == (found.id, found.scope, found.seq)
