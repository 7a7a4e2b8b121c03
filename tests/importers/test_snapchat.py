"""Snapchat's My Data: two generations of lists, times whose name lies, and files known by ids."""

import json

import pytest

from archives import zipped
from cases import complaints
from chatvault.errors import BadExport
from chatvault.importers import snapchat
from chatvault.importers._explore import find, find_parts
from chatvault.importers._limits import Budget
from chatvault.importers._snapchat_lists import Lists
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Attachment,
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

GROUP = "0c5a9d1e-7b3f-4e21-9c84-5d6f7a8b9c0d"
CHATS, SNAPS = "json/chat_history.json", "json/snap_history.json"


def item(text: str = "hello", **fields: object) -> dict[str, object]:
    return {
        "From": "zoe_k", "Media Type": "TEXT", "Created": "2025-02-01 10:00:00 UTC",
        "Content": text, "IsSender": False, "Created(microseconds)": 1738404000123, **fields,
    }  # fmt: skip


def chats(*items: object, key: str = "zoe_k") -> bytes:
    return json.dumps({key: list(items)}).encode()


def read(files: dict[str, bytes], **told: str) -> list[Record]:
    return list(snapchat.read(Source.of(files, told=Told(**told))))


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


def places(records: list[Record]) -> list[Conversation]:
    return [one for one in records if isinstance(one, Conversation)]


def me(records: list[Record]) -> set[str]:
    return {one.id for one in records if isinstance(one, Participant) and one.is_me}


@pytest.mark.parametrize("name", [CHATS, "chat_history.json", SNAPS, "snap_history.json"])
def test_both_generations_are_recognised_by_their_first_message(name: str) -> None:
    old = {"To": "zoe_k", "Media Type": "TEXT", "Created": "2021-02-01 10:00:00 UTC"}
    for data in (chats(item()), chats(old, key="Sent Saved Chat History")):
        assert (f"{name} has messages of Snapchat",) == snapchat.recognise(Source.of({name: data}))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (CHATS, chats({"From": "zoe_k", "Created": "x"})),
        (CHATS, b'{"messages": "Media Type"}'),
        (CHATS, b'[{"From": "a", "Media Type": "TEXT", "Created": ""}]'),
        (CHATS, b""),
        ("other/chat_history.json", chats(item())),
        ("chat.json", chats(item())),
    ],
)
def test_other_files_of_this_name_are_left_alone(name: str, data: bytes) -> None:
    assert () == snapchat.recognise(Source.of({name: data}))


def test_an_export_without_chats_says_how_to_get_one() -> None:
    with pytest.raises(BadExport) as found:
        read({"json/friends.json": b"{}"})
    assert "Export JSON Files" in found.value.remedy


@pytest.mark.parametrize(
    ("number", "utc_ms", "precision"),
    [
        (1738404000123, 1738404000123, Precision.MILLISECOND),
        (1738404000123456, 1738404000123, Precision.MILLISECOND),
        ("1738404000124", 1738404000124, Precision.MILLISECOND),
        (None, 1738404000000, Precision.SECOND),
        (0, 1738404000000, Precision.SECOND),
    ],
)
def test_the_unit_of_a_time_is_decided_by_its_size(
    number: object, utc_ms: int, precision: Precision
) -> None:
    [message] = messages(read({CHATS: chats(item(**{"Created(microseconds)": number}))}))
    assert message.sent_at is not None
    assert (utc_ms, precision) == (message.sent_at.utc_ms, message.sent_at.precision)


def test_a_time_in_words_is_kept_only_where_it_says_something_else() -> None:
    agrees, differs = item(), item(Created="2025-02-01 10:00:05 UTC")
    found = messages(read({CHATS: chats(agrees, differs)}))
    assert [{}, {"Created": "2025-02-01 10:00:05 UTC"}] == [one.extra for one in found]


def test_the_owner_is_whoever_sent_what_is_said_to_be_sent() -> None:
    mine = item("mine", From="mika", IsSender=True)
    records = read({CHATS: chats(item(), mine)})
    assert {"mika"} == me(records)
    assert ["mika"] == [one.owner for one in places(records)]
    account = json.dumps({"Basic Information": {"Username": "mika", "Name": "Mika Rand"}}).encode()
    records = read({CHATS: chats(item()), "json/account.json": account})
    assert ["mika"] == [one.owner for one in places(records)]


def test_a_group_has_no_owner_so_that_exports_of_its_members_meet() -> None:
    mine = item(From="mika", IsSender=True, **{"Conversation Title": "Cliffs"})
    [place] = places(read({CHATS: chats(mine, key=GROUP)}))
    assert (None, ConversationKind.GROUP, "Cliffs") == (place.owner, place.kind, place.title)


def test_friends_have_the_names_of_the_list_of_friends() -> None:
    friends = {"Friends": [{"Username": "zoe_k", "Display Name": "Zoe Kestrel"}, "odd", {}]}
    records = read({CHATS: chats(item()), "json/friends.json": json.dumps(friends).encode()})
    [zoe] = [one for one in records if isinstance(one, Participant)]
    assert ("zoe_k", "Zoe Kestrel", ("zoe_k",)) == (zoe.id, zoe.name, zoe.handles)
    assert ["Zoe Kestrel"] == [one.title for one in places(records)]


@pytest.mark.parametrize(
    ("named", "kind", "marks"),
    [
        ("TEXT", MessageKind.TEXT, ()),
        ("NOTE", MessageKind.VOICE, ()),
        ("SHARE", MessageKind.LINK, ()),
        ("SHARESAVEDSTORY", MessageKind.LINK, ()),
        ("STATUSCALLMISSEDAUDIO", MessageKind.CALL, ()),
        ("STATUSERASEDSNAPMESSAGE", MessageKind.SYSTEM, (Mark.DELETED,)),
        ("STATUSPARTICIPANTREMOVED", MessageKind.SYSTEM, ()),
        ("MAPREACTION", MessageKind.OTHER, ()),
    ],
)
def test_the_kind_comes_from_the_media_type(
    named: str, kind: MessageKind, marks: tuple[Mark, ...]
) -> None:
    [message] = messages(read({CHATS: chats(item("", **{"Media Type": named}))}))
    assert (kind, marks) == (message.kind, message.marks)


def attached(ids: str, *names: str, named: str = "MEDIA") -> list[Attachment]:
    files = {f"chat_media/{name}": b"x" for name in names}
    entry = item("", **{"Media Type": named, "Media IDs": ids})
    [message] = messages(read({CHATS: chats(entry), **files}))
    return list(message.attachments)


def test_files_are_found_by_the_whole_id_behind_the_date() -> None:
    names = ("2025-02-01_b~Ei1.jpg", "2025-02-01_b~Ei12.jpg", "2025-02-02_b~Ei3.mp4")
    found = attached("b~Ei1 | b~Ei3 | b~Ei4", *names, "2025-02-01_overlay~Ei4.png")
    paths = ["chat_media/2025-02-01_b~Ei1.jpg", "chat_media/2025-02-02_b~Ei3.mp4", None]
    assert paths == [one.path for one in found]
    assert [MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.MEDIA] == [one.kind for one in found]
    assert AttachmentState.MISSING_FILE is found[2].state


def test_a_voice_note_stays_one_although_its_file_is_an_mp4() -> None:
    [one] = attached("b~Ei1", "2025-02-01_b~Ei1.mp4", named="NOTE")
    assert MessageKind.VOICE is one.kind


def test_H04_an_id_that_climbs_finds_nothing() -> None:
    [one] = attached("../json/chat_history.json", "2025-02-01_b~Ei1.jpg")
    assert None is one.path


def test_a_snap_was_never_stored_and_says_so() -> None:
    snap = item(**{"Media Type": "IMAGE"})
    del snap["Content"]
    [message] = messages(read({SNAPS: chats(snap)}))
    [one] = message.attachments
    assert (AttachmentState.ABSENT_NOT_EXPORTED, MessageKind.IMAGE) == (one.state, message.kind)
    assert (Mark.VIEW_ONCE,) == message.marks


def lists(*items: dict[str, str]) -> bytes:
    received = [one for one in items if "From" in one]
    sent = [one for one in items if "To" in one]
    found = {"Received Saved Chat History": received, "Sent Saved Chat History": sent}
    return json.dumps(found).encode()


def old(text: str, minute: int, **who: str) -> dict[str, str]:
    at = f"2021-02-01 10:{minute:02}:00 UTC"
    return {**who, "Media Type": "TEXT", "Created": at, "Text": text}


def test_a_conversation_of_the_first_generation_is_put_together_in_the_order_of_time() -> None:
    data = lists(
        old("it&#39;s &lt;late&gt; &copy;", 2, From="zoe_k"),
        old("first", 0, From="zoe_k"),
        old("other", 1, From="bo"),
        old("second", 1, To="zoe_k"),
    )
    records = read({CHATS: data})
    assert ["zoe_k", "bo"] == [one.id for one in places(records)]
    texts = ["first", "second", "it's <late> &copy;", "other"]
    assert texts == [one.text for one in messages(records)]
    assert [] == complaints(records)
    assert {"me"} == me(records)


def test_many_messages_of_the_first_generation_are_told_in_portions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"{Lists.__module__}.MOST", 3)
    data = lists(*(old(f"text {n}", n, From="zoe_k") for n in range(7)))
    records = read({CHATS: data})
    assert [f"text {n}" for n in range(7)] == [one.text for one in messages(records)]
    assert [0, 1, 2, 0, 1, 2, 0] == [one.seq for one in messages(records)]


MEMORY = {
    "Date": "2025-02-01 10:10:00 UTC",
    "Media Type": "Image",
    "Location": "Latitude, Longitude: 51.5, -0.12",
    "Download Link": "",
    "Media Download Url": "",
}


def memories(*entries: object, files: tuple[str, ...] = (), asked: bool = True) -> list[Message]:
    given = {
        CHATS: chats(),
        "json/memories_history.json": json.dumps({"Saved Media": list(entries)}).encode(),
        **{f"memories/{name}": b"x" for name in files},
    }
    records = read(given, conversation="memories") if asked else read(given)
    assert [] == complaints(records)
    return messages(records)


def test_memories_are_no_chat_and_are_read_only_if_asked_for() -> None:
    assert [] == memories(MEMORY, asked=False)
    [message] = memories(MEMORY)
    assert AttachmentState.MISSING_FILE is message.attachments[0].state
    assert {"Location": MEMORY["Location"]} == message.extra


def test_a_memory_has_its_file_only_where_both_are_alone_on_their_day() -> None:
    one, two = "2025-02-01_0a1b-main.jpg", "2025-02-01_2c3d-main.jpg"
    [message] = memories(MEMORY, files=(one, "2025-02-01_0a1b-overlay.png"))
    assert f"memories/{one}" == message.attachments[0].path
    for entries, files in (((MEMORY, MEMORY), (one,)), ((MEMORY,), (one, two))):
        found = memories(*entries, files=files)
        assert {None} == {message.attachments[0].path for message in found}


def test_a_memory_with_an_address_is_only_that() -> None:
    link = "https://example.org/dl?mid=1"
    [message] = memories({**MEMORY, "Download Link": link})
    found = message.attachments[0]
    assert (AttachmentState.REMOTE_ONLY, link) == (found.state, found.as_exported)


def test_J07_an_export_cut_in_the_middle_gives_what_was_complete() -> None:
    whole = chats(item("complete"), item("half"))
    for data in (whole[: whole.index(b"half") + 2], lists(old("complete", 1, From="zoe_k"))[:-4]):
        records = read({CHATS: data})
        assert ["complete"] == [one.text for one in messages(records)]
        assert ["end"] == [one.part for one in records if isinstance(one, Problem)]


def test_media_in_a_later_zip_are_found_and_the_html_beside_is_no_second_export() -> None:
    entry = item("", **{"Media Type": "MEDIA", "Media IDs": "b~Ei1"})
    one = {CHATS: chats(entry), "html/chat_history.html": b"<html></html>"}
    two = {"chat_media/2025-02-01_b~Ei1.jpg": b"x", "memories/2025-02-01_x-main.jpg": b"y"}
    parts = [Source.of({f"{n}.zip": zipped(part)}, f"{n}.zip") for n, part in enumerate([one, two])]
    [export] = find_parts(parts, IMPORTERS, Budget()).exports
    [message] = messages(list(export.importer.read(export.source)))
    assert AttachmentState.PRESENT is message.attachments[0].state
    wrapped = {f"mydata~1/{name}": data for name, data in {**one, **two}.items()}
    [export] = find(Source.of(wrapped), IMPORTERS, Budget()).exports
    assert "snapchat" == export.importer.INFO.key


def test_an_export_of_pages_only_says_what_to_tick() -> None:
    for name in ("html/chat_history.html", "mydata~1/html/chat_history/subpage_zoe.html"):
        with pytest.raises(BadExport) as found:
            find(Source.of({name: b"<html></html>"}), IMPORTERS, Budget())
        assert "Export JSON Files" in found.value.remedy
