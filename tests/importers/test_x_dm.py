"""Archives of X: scripts that assign, whose archive it is, and files named after messages."""

import io
import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archives import zipped
from cases import CASES, complaints
from chatvault.errors import BadExport
from chatvault.importers import x_dm
from chatvault.importers._explore import find, find_parts
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers._x_dm_script import plain, script
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Problem,
    Reaction,
    Record,
)
from test_mutations import ANY_VALUE, _dumped, paths, replaced
from test_nothing_lost import is_in, values

MINE = [case for case in CASES if case.importer is x_dm]  # type: ignore[comparison-overlap]
DIRECT, GROUP = "data/direct-messages.js", "data/direct-messages-group.js"
START = "window.YTD.direct_messages.part0 = "


def create(identifier: str = "7001", text: str = "hello", **fields: object) -> dict[str, object]:
    at = "2023-01-05T09:00:00.120Z"
    body = {"id": identifier, "senderId": "22", "recipientId": "11", "text": text, "createdAt": at}
    return {"messageCreate": {**body, **fields}}


def direct(*entries: object, chat: str = "11-22", start: str = START, end: str = "") -> bytes:
    inner = [{"dmConversation": {"conversationId": chat, "messages": list(entries)}}]
    return (start + json.dumps(inner) + end).encode()


def read(files: dict[str, bytes], me: str | None = None) -> list[Record]:
    return list(x_dm.read(Source.of(files, told=Told(me=me))))


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


def account(name: str = "Kim Dale") -> bytes:
    inner = {"accountId": "11", "username": "kim_demo", "accountDisplayName": name}
    return f"window.YTD.account.part0 = [{json.dumps({'account': inner})}]".encode()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        (DIRECT, START),
        ("data/direct-messages-part1.js", "window.YTD.direct_messages.part1 = "),
        (GROUP, "window.YTD.direct_messages_group.part0 = "),
        ("direct-message.js", "window.YTD.direct_message.part0 = "),
        ("direct-message-group.js", "\ufeffwindow.YTD.direct_message_group.part0=\n"),
    ],
)
def test_scripts_of_both_eras_are_recognised_by_what_they_assign(name: str, start: str) -> None:
    source = Source.of({name: direct(create(), start=start)})
    assert (f"{name} assigns direct messages of X",) == x_dm.recognise(source)
    assert ["hello"] == [one.text for one in messages(list(x_dm.read(source)))]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("data/direct-message-headers.js", direct(create())),
        ("data/direct-messages.js", direct(create(), start="")),
        ("data/direct-messages.js", direct(create(), start="window.YTD.tweets.part0 = ")),
        ("data/direct-messages.js", START.encode() + b'[{"tweet": {}}]'),
        ("deep/data/direct-messages.js", direct(create())),
        ("data/direct-messages.json", direct(create())),
    ],
)
def test_other_scripts_are_left_alone(name: str, data: bytes) -> None:
    assert () == x_dm.recognise(Source.of({name: data}))


def test_an_export_without_messages_says_how_to_get_one() -> None:
    with pytest.raises(BadExport) as found:
        read({"data/tweets.js": b"window.YTD.tweets.part0 = []"})
    assert "Download an archive" in found.value.remedy


@pytest.mark.parametrize("before", ["", START, " \n" + START, "x" * 4000 + "="])
def test_the_value_begins_behind_the_first_equals_sign(before: str) -> None:
    data = ("[" + '"a=b", ' * 3000 + "1]").encode()
    assert data == script(io.BytesIO(before.encode() + data)).read().lstrip()


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("a &amp; b &lt;3 &gt;.&lt;", "a & b <3 >.<"),
        ("&amp;amp;", "&amp;"),
        ("&copy; &nbsp", "&copy; &nbsp"),
        ("AT&T; it&#39;s", "AT&T; it's"),
    ],
)
def test_only_the_references_that_x_writes_are_resolved(written: str, typed: str) -> None:
    assert typed == plain(written)


def test_the_owner_is_known_by_either_script_and_named_in_the_title_of_no_talk() -> None:
    manifest = b'window.__THAR_CONFIG = {"userInfo": {"accountId": "11", "userName": "kim_demo"}}'
    entries = direct(create(), create("7002", senderId="11"))
    for beside in ({"data/account.js": account()}, {"data/manifest.js": manifest}):
        records = read({DIRECT: entries, **beside})
        assert ["11"] == [p.id for p in records if isinstance(p, Participant) and p.is_me]
        assert ["22"] == [c.title for c in records if isinstance(c, Conversation)]


def test_who_i_am_may_be_told_where_the_archive_lacks_it() -> None:
    records = read({DIRECT: direct(create())}, me="22")
    assert ["22"] == [p.id for p in records if isinstance(p, Participant) and p.is_me]


def test_archives_of_both_people_are_one_conversation() -> None:
    mine = read({DIRECT: direct(create()), "data/account.js": account()})
    other = read({DIRECT: direct(create())})
    keys = [(c.id, c.owner) for c in (*mine, *other) if isinstance(c, Conversation)]
    assert [("11-22", None)] * 2 == keys


def test_names_come_from_the_newest_post_that_mentions_somebody() -> None:
    def post(name: str) -> dict[str, object]:
        mention = {"id_str": "22", "name": name, "screen_name": "lee_demo"}
        return {"tweet": {"entities": {"user_mentions": [mention]}}}

    posts = b"window.YTD.tweets.part0 = " + json.dumps([post("Lee Moss"), post("Lee")]).encode()
    records = read({DIRECT: direct(create()), "data/tweets.js": posts, "account.js": account()})
    assert ["Lee Moss"] == [c.title for c in records if isinstance(c, Conversation)]
    known = {p.id: (p.name, p.handles) for p in records if isinstance(p, Participant)}
    assert {"22": ("Lee Moss", ("@lee_demo",)), "11": ("Kim Dale", ("@kim_demo",))} == known


def test_a_group_has_the_newest_of_its_names_and_keeps_the_others() -> None:
    def named(name: str) -> dict[str, object]:
        body = {"initiatingUserId": "22", "name": name, "createdAt": "2023-01-05T09:00:00.000Z"}
        return {"conversationNameUpdate": body}

    records = read({GROUP: direct(named("New"), create(), named("Old"), chat="900")})
    [place] = [one for one in records if isinstance(one, Conversation)]
    assert ("New", ConversationKind.GROUP) == (place.title, place.kind)
    assert [("New",), (), ("Old",)] == [one.more_text for one in messages(records)]


PICTURE = "https://ton.twitter.com/dm/7001/7000/Pic.jpg?x=1"


def attached(files: dict[str, bytes], *addresses: str) -> list[Attachment]:
    [message] = messages(read({DIRECT: direct(create(mediaUrls=list(addresses))), **files}))
    return list(message.attachments)


@pytest.mark.parametrize(
    "folder",
    ["data/direct_messages_media", "data/direct_messages_group_media", "direct_message_media"],
)
def test_a_picture_is_found_by_message_and_name_in_the_folders_of_all_eras(folder: str) -> None:
    [one] = attached({f"{folder}/7001-pic.jpg": b"x", f"{folder}/7002-Pic.jpg": b"y"}, PICTURE)
    assert (f"{folder}/7001-pic.jpg", "Pic.jpg") == (one.path, one.name)
    assert MessageKind.IMAGE is one.kind


def test_a_picture_that_is_not_there_is_only_an_address() -> None:
    [one] = attached({"elsewhere/7001-Pic.jpg": b"x"}, PICTURE)
    assert (None, AttachmentState.REMOTE_ONLY, PICTURE) == (one.path, one.state, one.as_exported)


def test_H04_an_address_that_climbs_finds_only_files_of_its_message() -> None:
    [one] = attached({"data/account.js": account()}, "https://x.example/../../data/account.js")
    assert None is one.path


def test_the_short_link_of_what_was_sent_is_no_text() -> None:
    url = {"url": "https://t.co/a1", "expanded": "https://twitter.com/messages/media/7001"}
    entry = create(text="look https://t.co/a1", urls=[url], mediaUrls=[PICTURE])
    [message] = messages(read({DIRECT: direct(entry)}))
    assert "look" == message.text
    other = create(text="look https://t.co/a1", urls=[{**url, "expanded": "https://example.org"}])
    [message] = messages(read({DIRECT: direct(other)}))
    assert ("look https://t.co/a1", ("https://example.org",)) == (message.text, message.more_text)


@pytest.mark.parametrize("field", ["senderId", "reactionSenderID"])
def test_who_reacted_is_read_in_both_spellings(field: str) -> None:
    records = read({DIRECT: direct(create(reactions=[{field: "33", "reactionKey": "agree"}]))})
    [reaction] = [one for one in records if isinstance(one, Reaction)]
    assert ("33", "\N{THUMBS UP SIGN}") == (reaction.sender_id, reaction.emoji)
    assert [] == complaints(records)


def test_J07_an_archive_cut_in_the_middle_gives_what_was_complete() -> None:
    whole = direct(create(), create("7002", "cut here"))
    records = read({DIRECT: whole[: whole.index(b"cut here") + 3]})
    assert ["hello"] == [one.text for one in messages(records)]
    assert ["end"] == [one.part for one in records if isinstance(one, Problem)]


@pytest.mark.parametrize("end", ["", ";", " ;\n", "\n"])
def test_what_ends_a_script_is_no_problem(end: str) -> None:
    assert [] == [one for one in read({DIRECT: direct(create(), end=end)}) if type(one) is Problem]
    [problem] = [r for r in read({DIRECT: direct(create(), end="; x")}) if isinstance(r, Problem)]
    assert "; x" == problem.raw.strip()


def test_media_in_another_part_of_the_archive_are_found() -> None:
    one = {DIRECT: direct(create(mediaUrls=[PICTURE])), "data/manifest.js": b""}
    two = {"data/direct_messages_media/7001-Pic.jpg": b"x"}
    parts = [Source.of({f"{n}.zip": zipped(part)}, f"{n}.zip") for n, part in enumerate([one, two])]
    [export] = find_parts(parts, IMPORTERS, Budget()).exports
    [message] = messages(list(export.importer.read(export.source)))
    assert AttachmentState.PRESENT is message.attachments[0].state


def test_a_folder_given_as_it_is_is_one_export() -> None:
    files = {f"twitter-2023/{name}": data for name, data in MINE[1].files.items()}
    for whole in (files, {"twitter.zip": zipped(files)}):
        [export] = find(Source.of(whole), IMPORTERS, Budget()).exports
        assert "x-dm" == export.importer.INFO.key


def entries_of(data: bytes) -> Iterator[object]:
    for one in json.loads(data.decode().partition("=")[2].strip().rstrip(";")):
        inner = one["dmConversation"].get("messages", [])
        yield from inner if isinstance(inner, list) else [inner]


SCRIPTS = [(c, n) for c in MINE for n in c.files if x_dm.NAME.fullmatch(n)]


@pytest.mark.parametrize(("case", "name"), SCRIPTS, ids=str)
def test_every_value_of_an_entry_is_kept(case, name: str) -> None:
    records = case.records()
    raw = "\n".join(one.raw for one in records if isinstance(one, Problem))
    scalars = {text for one in records for _, text in values(msgspec.to_builtins(one))}
    found = "\n".join([*scalars, raw])
    lost = [
        (path, text)
        for entry in entries_of(case.files[name])
        for path, text in values(entry)
        if not any(key in x_dm.INFO.derived for key in path)
        if not is_in(plain(text), scalars, found)
        # of what was sent; the address is kept among the links
        if not text.endswith(("AbCdEfGhIj", "ZzYyXxWwVv"))
    ]
    assert [] == lost


@settings(max_examples=60)
@given(data=st.data())
def test_one_changed_value_in_a_script(data: st.DataObject) -> None:
    case, name = data.draw(st.sampled_from(SCRIPTS))
    start, _, inner = case.files[name].decode().partition("=")
    tree = json.loads(inner.strip().rstrip(";"))
    path = data.draw(st.sampled_from(list(paths(tree))))
    changed = _dumped(replaced(tree, path, data.draw(ANY_VALUE)))
    source = case.source_of({**case.files, name: f"{start}={changed}".encode()})
    x_dm.recognise(source)
    records = list(x_dm.read(source))
    assert [] == complaints(records)
    assert records == msgspec.msgpack.decode(msgspec.msgpack.encode(records), type=list[Record])
