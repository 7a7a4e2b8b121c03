"""Messenger: where a download begins, letters, sentences of the app, files elsewhere, pages."""

import json
from typing import Any

import pytest

from archives import zipped
from chatvault.errors import BadExport, NeedsAnswer, SeveralImporters
from chatvault.importers import instagram, messenger
from chatvault.importers._explore import Found, find, find_parts
from chatvault.importers._limits import Budget
from chatvault.importers._meta_files import Files
from chatvault.importers._meta_words import mangled, notice, repaired, stands_for
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Assumption,
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

AT = 1_712_000_000_000
ME, OMAR, IVA = "Renée Vos", "Omar Fahd", "Iva Petrović"
ROOT = "your_facebook_activity/messages"
OMARS = "omarfahd_10158000000000001"


def bad_letters(value: Any) -> Any:
    """What Meta makes of the letters."""
    if isinstance(value, str):
        return value.encode().decode("latin-1")
    if isinstance(value, list):
        return [bad_letters(one) for one in value]
    if isinstance(value, dict):
        return {key: bad_letters(one) for key, one in value.items()}
    return value


def said(text: str | None = None, at: int = AT, sender: str = OMAR, **more: Any) -> dict[str, Any]:
    content = {} if text is None else {"content": text}
    return {"sender_name": sender, "timestamp_ms": at, **content, **more}


def thread(*items: object, folder: str = OMARS, people: tuple[str, ...] = (OMAR, ME),
           **more: object) -> bytes:  # fmt: skip
    value = {
        "participants": [{"name": name} for name in people],
        "messages": list(items),
        "title": people[0],
        "thread_path": f"inbox/{folder}",
        **more,
    }
    return json.dumps(bad_letters(value)).encode()


def download(*items: object, **more: Any) -> Source:
    return Source.of({f"{ROOT}/inbox/{OMARS}/message_1.json": thread(*items, **more)})


def read(source: Source) -> list[Record]:
    return list(messenger.read(source))


def messages(source: Source) -> list[Message]:
    return [one for one in read(source) if isinstance(one, Message)]


def found(files: dict[str, bytes], name: str = "export", platform: str | None = None) -> Found:
    return find(Source.of(files, name), IMPORTERS, Budget(), platform=platform)


# Letters


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("caf\u00c3\u00a9", "café"),
        ("\u00f0\u009f\u0091\u008d", "👍"),
        ("\u00e2\u009d\u00a4\u00ef\u00b8\u008f", "❤️"),
        ("Petrovi\u00c4\u0087", "Petrović"),
        ("plain", "plain"),
        ("", ""),
        ("café", "café"),
        ("naïve", "naïve"),
        ("already 👍 right", "already 👍 right"),
        ("\u00c3\u00a9 and 👍", "\u00c3\u00a9 and 👍"),
        ("cut in the middle \u00c3", "cut in the middle \u00c3"),
        ("\u00ed\u00a0\u00bd", "\u00ed\u00a0\u00bd"),
    ],
)
def test_J09_letters_are_put_right_only_where_they_are_utf_8_again(
    written: str, right: str
) -> None:
    assert right == repaired(written)
    if written != right:
        assert written == mangled(right)


def test_J09_what_was_mangled_twice_loses_one_layer_only() -> None:
    twice = bad_letters(bad_letters("é"))
    assert bad_letters("é") == repaired(twice)


def test_J05_half_an_emoji_becomes_a_replacement_character() -> None:
    data = thread(said("half HALF")).replace(b"HALF", b"\\ud83d")
    [message] = messages(Source.of({"message_1.json": data}))
    assert "half \ufffd" == message.text


def test_J02_a_time_of_5000_digits_costs_only_its_message() -> None:
    data = thread(said("before"), said("bad", 77), said("after")).replace(
        b" 77", b" " + b"7" * 5000
    )
    records = read(Source.of({"message_1.json": data}))
    texts = [one.text for one in records if isinstance(one, Message)]
    assert {"before", "after"} == set(texts)
    assert ["messages[1]"] == [one.part for one in records if isinstance(one, Problem)]


# Sentences of the app


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Reacted 😍 to your message ", MessageKind.SYSTEM),
        ("Liked a message", MessageKind.SYSTEM),
        ("Omar Fahd named the group Boats.", MessageKind.SYSTEM),
        ("You left the group.", MessageKind.SYSTEM),
        ("Omar Fahd set the nickname for Iva to Captain.", MessageKind.SYSTEM),
        ("Omar Fahd set his own nickname to Mate.", MessageKind.SYSTEM),
        ("Omar Fahd added Iva and 2 others to the group.", MessageKind.SYSTEM),
        ("Omar Fahd changed the theme to Ocean.", MessageKind.SYSTEM),
        ("Omar Fahd voted for Sunday in the poll: When?", MessageKind.SYSTEM),
        ("This poll is no longer available.", MessageKind.SYSTEM),
        ("Omar Fahd's poll has multiple updates.", MessageKind.SYSTEM),
        ("Iva's poll has multiple updates.", None),
        ("Omar Fahd created a poll: When?", MessageKind.POLL),
        ("You sent Omar Fahd $20.00.", MessageKind.TRANSFER),
        ("Omar Fahd started a video chat.", MessageKind.CALL),
        ("Omar Fahd sent a live location.", MessageKind.LOCATION),
        ("You left the group chat and I laughed", None),
        ("You called him.", None),
        ("You sent me 20 letters", None),
        ("Iva named the group Boats.", None),
        ("that 😂 was good ", None),
        ("Hat mit 😍 auf deine Nachricht reagiert ", None),
        ("", None),
    ],
)
def test_a_sentence_counts_as_a_notice_only_if_the_app_surely_wrote_it(
    text: str, kind: MessageKind | None
) -> None:
    assert kind == notice(text, OMAR)


@pytest.mark.parametrize(
    ("text", "beside", "expected"),
    [
        ("Omar Fahd sent an attachment.", False, True),
        ("You sent 3 photos.", False, True),
        ("omar.f sent an attachment.", False, False),
        ("omar.f sent an attachment.", True, True),
        ("my aunt sent an attachment. Look", True, False),
    ],
)
def test_words_that_stand_for_what_was_sent(text: str, beside: bool, expected: bool) -> None:
    assert expected == stands_for(text, OMAR, beside=beside)


def test_worst_texts_for_the_patterns_are_done_quickly() -> None:
    for text in ("Omar Fahd " + "sent $" * 200_000, "x sent " * 200_000, "You set " * 200_000):
        assert None is notice(text, OMAR)
        assert not stands_for(text, OMAR, beside=True)


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (said("Omar called you.", call_duration=65), MessageKind.CALL),
        (said("missed", missed=True), MessageKind.CALL),
        (said("old call", type="Call"), MessageKind.CALL),
        (said("joined", type="Subscribe"), MessageKind.SYSTEM),
        (said(sticker={"uri": "messages/stickers_used/1.png"}), MessageKind.STICKER),
        (said("x", videos=[{"uri": "v"}], photos=[{"uri": "p"}]), MessageKind.IMAGE),
        (said(audio_files=[{"uri": "a"}]), MessageKind.VOICE),
        (said(share={"link": "https://example.org"}), MessageKind.LINK),
        (said(share={"link": "https://www.bing.com/maps/default.aspx"}), MessageKind.LOCATION),
        (said(share={"link": "https://l.example/?u=www.bing.com%2Fmaps%2F"}), MessageKind.LOCATION),
        (said(share={}), MessageKind.OTHER),
        (said(), MessageKind.OTHER),
        (said(is_unsent=True), MessageKind.TEXT),
        (said("words", type="Never seen before"), MessageKind.TEXT),
    ],
)  # fmt: skip
def test_the_kind_of_a_message(item: dict[str, Any], kind: MessageKind) -> None:
    assert kind is messages(download(item))[0].kind


@pytest.mark.parametrize("value", [["Generic"], {"a": 1}, 7, True])
def test_a_type_that_is_no_word_makes_a_problem_of_its_message(value: object) -> None:
    records = read(download(said("bad", type=value), said("good")))
    assert ["good"] == [one.text for one in records if isinstance(one, Message)]
    assert 1 == sum(isinstance(one, Problem) for one in records)


def test_what_was_taken_back_or_down_is_marked() -> None:
    marks = [one.marks for one in messages(download(
        said("a", AT + 2, is_unsent=True), said("b", AT + 1, is_taken_down=True), said("c"),
    ))]  # fmt: skip
    assert [(Mark.RECALLED,), (Mark.DELETED,), ()] == marks


def test_the_first_downloads_of_2018_have_seconds_and_say_more_of_files() -> None:
    file = {"uri": "messages/omarfahd_rEQ2Lvo8mQ/photos/1.png", "media_path": "messages/omarfahd"}
    items = [
        {"sender_name": OMAR, "timestamp": 1_523_824_963, "content": "second", "type": "Generic"},
        {"sender_name": ME, "timestamp": 1_523_824_963, "content": "first", "type": "Generic"},
        {"sender_name": ME, "timestamp": 1_523_824_900, "photos": [file], "type": "Generic"},
    ]
    files = {
        "messages/omarfahd_rEQ2Lvo8mQ/message.json": thread(*items),
        "friends/friends.json": b"",
    }
    source = Source.of(files)
    assert messenger.recognise(source)
    told = messages(source)
    assert ["first", "second", ""] == [one.text for one in told]
    assert [1_523_824_963_000, 1_523_824_963_000, 1_523_824_900_000] == [
        one.sent_at.utc_ms for one in told if one.sent_at
    ]
    assert {Precision.SECOND} == {one.sent_at.precision for one in told if one.sent_at}
    assert [{}, {}, {"photos": [{"media_path": "messages/omarfahd"}]}] == [
        one.extra for one in told
    ]


def test_leftovers_of_the_app_beside_a_file_are_not_kept() -> None:
    file = {
        "uri": "x/1.png",
        "media_path_INTERNAL": "",
        "type_INTERNAL": "",
        "creation_timestamp": 1,
    }
    [told] = messages(download(said(photos=[file], sender_id_INTERNAL=0)))
    assert {"photos": [{"creation_timestamp": 1}]} == told.extra


def test_secrets_of_a_download_are_in_no_record() -> None:
    source = download(
        said("old", ip="203.0.113.9"), joinable_mode={"mode": 1, "link": "https://m.me/j/SECRET/"}
    )
    assert not any(word in repr(read(source)) for word in ("203.0.113.9", "SECRET"))


def test_flags_are_kept_where_they_say_something() -> None:
    first, second = messages(download(
        said("a", AT + 1, is_geoblocked_for_viewer=True, some_new_flag=False),
        said("b", is_geoblocked_for_viewer=False),
    ))  # fmt: skip
    assert {"is_geoblocked_for_viewer": True, "some_new_flag": False} == first.extra
    assert {} == second.extra


# Order


def test_messages_of_one_millisecond_get_their_order_back() -> None:
    source = download(said("4", AT + 9), said("3", AT), said("2", AT), said("1", AT), said("0", 7))
    assert ["4", "1", "2", "3", "0"] == [one.text for one in messages(source)]


def test_the_newest_are_taken_to_come_first_where_nothing_else_is_known() -> None:
    assert ["1", "2"] == [one.text for one in messages(download(said("2"), said("1")))]


def test_a_file_that_begins_with_the_oldest_keeps_its_order() -> None:
    source = download(said("0", 7), said("1", AT), said("2", AT), said("3", AT + 1))
    assert ["0", "1", "2", "3"] == [one.text for one in messages(source)]


def test_files_come_in_the_order_of_their_numbers() -> None:
    names = ("message_10", "message_2", "message_1")
    source = Source.of({f"inbox/x_12345/{name}.json": thread(said(name)) for name in names})
    assert ["message_1", "message_2", "message_10"] == [one.text for one in messages(source)]


# Conversations and people


def place(source: Source) -> Conversation:
    return next(one for one in read(source) if isinstance(one, Conversation))


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("omarfahd_10158000000000001", "10158000000000001"),
        ("facebookuser_10158000000000001", "10158000000000001"),
        ("omarfahd_rEQ2Lvo8mQ", "rEQ2Lvo8mQ"),
        ("a_b_4Yq-SvV8kg", "4Yq-SvV8kg"),
        ("justaname", "justaname"),
    ],
)
def test_a_conversation_is_known_by_what_is_behind_its_name(folder: str, expected: str) -> None:
    for box in ("inbox", "archived_threads"):
        source = download(said("x"), thread_path=f"{box}/{folder}")
        assert (expected, box) == (place(source).id, place(source).extra["box"])


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, ConversationKind.DIRECT),
        ({"people": (OMAR,)}, ConversationKind.DIRECT),
        ({"people": (OMAR, ME, IVA)}, ConversationKind.GROUP),
        ({"joinable_mode": {"mode": 1}}, ConversationKind.GROUP),
        ({"thread_type": "RegularGroup"}, ConversationKind.GROUP),
        ({"thread_type": "PendingGroup"}, ConversationKind.GROUP),
        ({"thread_type": "Regular", "people": (OMAR, OMAR, ME, "")}, ConversationKind.DIRECT),
    ],
)
def test_what_is_a_group(more: dict[str, Any], kind: ConversationKind) -> None:
    assert kind is place(download(said("x"), **more)).kind


def test_another_file_beside_the_copies_of_groups_is_no_conversation() -> None:
    path = "your_facebook_activity/groups/your_group_messages"
    source = Source.of({
        f"{ROOT}/inbox/{OMARS}/message_1.json": thread(said("x")),
        f"{path}/settings.json": b'{"your_group_messages_settings": []}',
    })  # fmt: skip
    assert 1 == sum(isinstance(one, Conversation) for one in read(source))


def test_a_copy_of_a_group_elsewhere_is_another_transcript_of_it() -> None:
    group = thread(said("hello"), people=(OMAR, ME, IVA))
    source = Source.of({
        f"{ROOT}/inbox/{OMARS}/message_1.json": group,
        "your_facebook_activity/groups/your_group_messages/10158000000000001.json": group,
    })  # fmt: skip
    places = [one.id for one in read(source) if isinstance(one, Conversation)]
    assert ["10158000000000001"] * 2 == places


def me(records: list[Record]) -> set[str]:
    return {one.name for one in records if isinstance(one, Participant) and one.is_me}


def test_the_profile_tells_who_i_am() -> None:
    for profile in ({"profile_v2": {"name": {"full_name": ME}}}, {"profile": {"name": ME}}):
        data = json.dumps(bad_letters(profile)).encode()
        source = Source.of({
            f"{ROOT}/inbox/{OMARS}/message_1.json": thread(said("x")),
            "profile_information/profile_information.json": data,
        })  # fmt: skip
        assert {ME} == me(read(source))
        assert "name:renée vos" == place(source).owner


def test_who_is_in_all_conversations_is_taken_for_me_and_it_is_said() -> None:
    files = {
        f"{ROOT}/inbox/{OMARS}/message_1.json": thread(said("x")),
        f"{ROOT}/inbox/iva_12345678901/message_1.json": thread(said("x"), people=(IVA, ME)),
    }
    records = read(Source.of(files))
    assert {ME} == me(records)
    assert [("owner", ME)] == [(a.what, a.value) for a in records if isinstance(a, Assumption)]
    one = dict(list(files.items())[:1])
    assert set() == me(read(Source.of(one)))
    assert {OMAR} == me(read(Source.of(files, told=Told(me=OMAR))))


def test_a_conversation_with_one_name_tells_nothing_about_who_i_am() -> None:
    source = Source.of({
        f"{ROOT}/inbox/{OMARS}/message_1.json": thread(said("x")),
        f"{ROOT}/inbox/gone_12345678901/message_1.json": thread(said("x"), people=(OMAR,)),
    })  # fmt: skip
    assert set() == me(read(source))


def test_two_who_are_in_all_conversations_are_not_told_apart() -> None:
    people = (OMAR, ME, IVA)
    source = Source.of({
        f"{ROOT}/inbox/{OMARS}/message_1.json": thread(said("x")),
        f"{ROOT}/inbox/group_12345678901/message_1.json": thread(said("x"), people=people),
    })  # fmt: skip
    assert (set(), None) == (me(read(source)), place(source).owner)


def test_the_folder_of_conversations_that_became_encrypted_points_to_the_other_download() -> None:
    source = Source.of({f"{ROOT}/e2ee_cutover/{OMARS}/message_1.json": thread(said("x"))})
    [told] = [one for one in read(source) if isinstance(one, Assumption)]
    assert ("complete", True) == (told.what, "messenger.com/secure_storage/dyi" in told.why)


# Files


@pytest.mark.parametrize(
    ("there", "address", "expected"),
    [
        (f"{ROOT}/inbox/o_1/photos/7.jpg", f"{ROOT}/inbox/o_1/photos/7.jpg", True),
        (f"{ROOT}/inbox/o_1/photos/7.jpg", "messages/inbox/o_1/photos/7.jpg", True),
        ("messages/inbox/o_1/photos/7.jpg", f"{ROOT}/inbox/o_1/photos/7.jpg", True),
        (f"{ROOT}/inbox/o_1/photos/7.JPG", f"{ROOT}/inbox/o_1/photos/7.jpg", True),
        (f"{ROOT}/archived_threads/o_1/photos/7.jpg", f"{ROOT}/inbox/o_1/photos/7.jpg", True),
        (f"{ROOT}/archived_threads/o_1/photos/7.jpg", "7.jpg", True),
        (f"{ROOT}/stickers_used/7.png", "messages/stickers_used/7.png", True),
        (f"{ROOT}/inbox/o_1/files/nôte.txt", f"{ROOT}/inbox/o_1/files/nôte.txt", True),
        (f"{ROOT}/inbox/o_1/files/n\u00c3\u00b4te.txt", f"{ROOT}/inbox/o_1/files/nôte.txt", True),
        (f"{ROOT}/inbox/other_2/photos/7.jpg", f"{ROOT}/inbox/o_1/photos/7.jpg", False),
        (f"{ROOT}/inbox/other_2/photos/7.jpg", "7.jpg", False),
        ("etc/passwd", "../../../etc/passwd", False),
        ("etc/passwd", f"{ROOT}/inbox/../../../etc/passwd", False),
        ("7.jpg", "", False),
        ("7.jpg", "7.jpg\0.exe", False),
    ],
)
def test_H04_a_file_is_found_from_every_place_an_address_may_count_from(
    there: str, address: str, expected: bool
) -> None:
    files = Files(Source.of({there: b"x"}))
    folder = f"{ROOT}/archived_threads/o_1"
    assert (there if expected else None) == files.find(address, folder)


def test_H05_an_address_in_the_net_is_only_kept() -> None:
    [message] = messages(download(said(photos=[{"uri": "https://cdn.example/a/b.jpg?sig=1"}])))
    [picture] = message.attachments
    assert ("remote_only", "b.jpg", None) == (picture.state, picture.name, picture.path)


# Where a download begins


PICTURE = {"uri": f"{ROOT}/inbox/{OMARS}/photos/7.jpg"}
INBOX = {
    f"inbox/{OMARS}/message_1.json": thread(said("x", photos=[PICTURE])),
    f"inbox/{OMARS}/photos/7.jpg": b"x",
}


@pytest.mark.parametrize(
    "around", ["", "messages/", f"{ROOT}/", f"facebook-r/{ROOT}/", f"a/b/{ROOT}/"]
)
@pytest.mark.parametrize("beside", [{}, {"friends/friends.json": b"{}"}], ids=["alone", "beside"])
def test_a_download_is_found_at_every_depth(around: str, beside: dict[str, bytes]) -> None:
    top = around.removesuffix(f"{ROOT}/") if ROOT in around else ""
    files = {around + name: data for name, data in INBOX.items()}
    files |= {top + name: data for name, data in beside.items()}
    for given in (files, {"some.zip": zipped(files)}):
        [export] = found(given).exports
        assert messenger is export.importer
        [message] = [one for one in read(export.source) if isinstance(one, Message)]
        assert "present" == message.attachments[0].state


def test_a_folder_of_one_conversation_is_found_by_what_it_says_about_its_files() -> None:
    inside = {name.removeprefix(f"inbox/{OMARS}/"): data for name, data in INBOX.items()}
    [export] = found(inside).exports
    assert messenger is export.importer


def test_parts_of_a_download_find_their_files_in_each_other() -> None:
    path = f"{ROOT}/inbox/{OMARS}"
    parts = [
        {f"{path}/message_1.json": thread(said(photos=[{"uri": f"{path}/photos/7.jpg"}]))},
        {f"{path}/message_2.json": thread(said("older", AT - 1))},
        {f"{path}/photos/7.jpg": b"x", "friends/friends.json": b"{}"},
    ]
    given = [Source.of({f"{n}.zip": zipped(one)}, f"{n}.zip") for n, one in enumerate(parts)]
    [export] = find_parts(given, IMPORTERS, Budget()).exports
    records = read(export.source)
    told = [one for one in records if isinstance(one, Message)]
    assert ["", "older"] == [one.text for one in told]
    assert "present" == told[0].attachments[0].state
    assert 1 == sum(isinstance(one, Conversation) for one in records)


def test_both_apps_unpacked_side_by_side_are_two_exports() -> None:
    files = {f"{ROOT}/inbox/{OMARS}/message_1.json": thread(said("x"))}
    files |= {f"your_instagram_activity/messages/inbox/{OMARS}/message_1.json": thread(said("y"))}
    assert {messenger, instagram} == {one.importer for one in found(files).exports}


def test_whoever_chose_one_app_gets_nothing_of_the_other() -> None:
    files = {f"{ROOT}/inbox/{OMARS}/message_1.json": thread(said("x"))}
    files |= {f"your_instagram_activity/messages/inbox/{OMARS}/message_1.json": thread(said("y"))}
    [export] = found(files, platform="messenger").exports
    assert ["x"] == [one.text for one in messages(export.source)]
    assert ["x"] == [one.text for one in messages(Source.of(files))]


UNDECIDED = {f"messages/inbox/{OMARS}/message_1.json": thread(said("x")), "messages/a.json": b"{}"}


def test_a_download_of_which_nothing_tells_the_app_is_asked_about() -> None:
    with pytest.raises(SeveralImporters) as error:
        found(UNDECIDED)
    assert "--platform" in error.value.remedy
    [export] = found(UNDECIDED, platform="messenger").exports
    assert "x" in [one.text for one in messages(export.source)]


def test_a_single_conversation_of_which_nothing_tells_the_app_is_asked_about() -> None:
    files = {"message_1.json": thread(said("x"))}
    with pytest.raises(NeedsAnswer) as error:
        found(files)
    assert "--platform messenger" in error.value.remedy
    [export] = found(files, platform="messenger").exports
    assert ["x"] == [one.text for one in messages(export.source)]


@pytest.mark.parametrize("name", ["facebook-renee-2024", "instagram-renee-2024"])
def test_the_name_of_the_download_breaks_the_tie(name: str) -> None:
    importers = {"facebook-renee-2024": messenger, "instagram-renee-2024": instagram}
    [export] = found(UNDECIDED, name).exports
    assert importers[name] is export.importer


@pytest.mark.parametrize(
    "files",
    [
        {"messages/inbox/a_1/message_1.json": thread(said("x"), threadName="x_1")},
        {"messages/inbox/a_1/message_1.json": b""},
        {"messages/inbox/a_1/message_1.json": b"\xff\xfe"},
        {"messages/inbox/a_1/message_1.json": b'{"participants": [], "senderName": ""}'},
        {"messages/inbox/a_1/other.json": thread(said("x"))},
        {"somewhere/else/a_1/message_1.json": thread(said("x"))},
        {},
    ],
)
def test_what_is_no_download_is_not_claimed(files: dict[str, bytes]) -> None:
    assert () == messenger.recognise(Source.of(files, "facebook-x"))


# What cannot be read


PAGES = {
    f"{ROOT}/inbox/{OMARS}/message_1.html": b"<html><div class='_a6-g'>x</div>",
    f"{ROOT}/inbox/{OMARS}/photos/7.jpg": b"\xff\xd8\xff\xe0 picture",
    f"{ROOT}/inbox/{OMARS}/photos/8.jpg": b"\xff\xd8\xff\xe0 picture",
    "friends/friends.html": b"<html>",
}


@pytest.mark.parametrize("around", ["", "facebook-r/", "Downloads/facebook-r/"])
@pytest.mark.parametrize("platform", [None, "messenger"])
def test_pages_are_answered_with_what_to_do(around: str, platform: str | None) -> None:
    files = {around + name: data for name, data in PAGES.items()}
    for given in (files, {"x.zip": zipped(files)}):
        with pytest.raises(BadExport) as error:
            found(given, platform=platform)
        assert "JSON" in error.value.remedy
        assert "photo-folder" in error.value.remedy


def test_the_pictures_of_pages_are_not_imported_without_a_word() -> None:
    files = {f"facebook-r/{name}": data for name, data in PAGES.items()}
    with pytest.raises(BadExport, match="HTML"):
        found(files | {"other/notes.bin": b"x"})


def test_the_pictures_of_pages_can_be_kept_by_whoever_says_so() -> None:
    assert {"photo-folder"} == {
        one.importer.INFO.key for one in found(PAGES, platform="photo-folder").exports
    }


def test_pages_beside_other_exports_are_named_with_the_reason() -> None:
    files = {f"pages/{name}": data for name, data in PAGES.items()}
    files |= {f"data/{ROOT}/{name}": data for name, data in INBOX.items()}
    files |= {"data/friends/friends.json": b"{}"}
    result = found(files)
    assert [messenger] == [one.importer for one in result.exports]
    assert any("pages/" in one and "HTML" in one for one in result.rest)


def test_J07_a_file_cut_in_the_middle_gives_what_was_complete() -> None:
    data = thread(said("whole", AT + 1), said("cut"))
    records = read(
        Source.of({f"messages/inbox/{OMARS}/message_1.json": data[: data.index(b'"cut')]})
    )
    assert ["whole"] == [one.text for one in records if isinstance(one, Message)]
    assert ["end"] == [one.part for one in records if isinstance(one, Problem)]
    assert "10158000000000001" == next(one.id for one in records if isinstance(one, Conversation))


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"<html>", b'{"participants'])
def test_a_download_of_which_nothing_can_be_read_is_an_error(data: bytes) -> None:
    with pytest.raises(BadExport):
        read(Source.of({"message_1.json": data}))
    with pytest.raises(BadExport):
        read(Source.of({"photos/7.jpg": b"x"}))
