"""Skype's export: markup that is no XML, edits in several entries, files by their ids, Teams."""

import html
import io
import json
import tarfile
import time
from collections.abc import Iterator

import pytest

from archives import peak
from cases import CASES, complaints
from chatvault.errors import BadExport
from chatvault.importers import _skype_item, skype
from chatvault.importers._explore import find, find_parts
from chatvault.importers._limits import Budget
from chatvault.importers._skype_edits import Edits
from chatvault.importers._skype_item import _emoji
from chatvault.importers._skype_markup import parsed
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
    Problem,
    Reaction,
    Record,
)

ME, LEE, GROUP = "8:live:kim", "8:lee", "19:0f1e2d@thread.skype"
NAME = "messages.json"


def entry(content: str = "hello", form: str = "RichText", n: int = 1, **fields: object) -> dict:
    at = f"2025-04-18T18:13:{20 + n:02}.001Z"
    return {
        "id": f"17450000000{n:02}", "displayName": None, "originalarrivaltime": at,
        "messagetype": form, "version": 1.0, "content": content, "conversationid": LEE,
        "from": LEE, "properties": None, "amsreferences": None, **fields,
    }  # fmt: skip


def chat(*entries: object, place: str = LEE, **fields: object) -> dict:
    about = {"displayName": "Lee", "version": 1.0, "properties": {}, "threadProperties": None}
    return {"id": place, **about, "MessageList": list(entries), **fields}


def export(*chats: object) -> bytes:
    whole = {"userId": ME, "exportDate": "2025-04-30T08:00", "conversations": list(chats)}
    return json.dumps(whole).encode()


def read(*chats: object, **files: bytes) -> list[Record]:
    given = {name.replace("__", "/"): data for name, data in files.items()}
    records = list(skype.read(Source.of({NAME: export(*chats), **given})))
    assert [] == complaints(records)
    return records


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


def places(records: list[Record]) -> list[Conversation]:
    return [one for one in records if isinstance(one, Conversation)]


def only(content: str, form: str = "RichText", **fields: object) -> Message:
    [message] = messages(read(chat(entry(content, form, **fields))))
    return message


@pytest.mark.parametrize("name", [NAME, "8_live_kim_export.json"])
def test_the_one_json_file_of_an_export_is_recognised_by_its_fields(name: str) -> None:
    data = export(chat(entry()))
    assert (f"{name} has conversations with a MessageList",) == skype.recognise(
        Source.of({name: data})
    )


@pytest.mark.parametrize(
    "data",
    [
        b'{"userId": "8:a", "conversations": []}',
        b'{"userId": "8:a", "conversations": [{"messages": [{"id": "1"}]}]}',
        b'{"messages": [{"creator": {}, "topic_id": "T"}]}',
        b'{"conversations": [{"MessageList": [{"role": "user", "id": "1"}]}]}',
        b"",
    ],
)
def test_other_files_of_this_name_are_left_alone(data: bytes) -> None:
    assert () == skype.recognise(Source.of({NAME: data}))


def test_an_export_without_messages_says_how_to_get_one() -> None:
    with pytest.raises(BadExport) as found:
        list(skype.read(Source.of({"endpoints.json": b"{}"})))
    assert ".tar" in found.value.remedy


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('ok <ss type="smile">:)</ss> &amp; bye', "ok :) & bye"),
        ("it&apos;s &lt;b&gt; &amp;amp;", "it's <b> &amp;"),
        ('<b raw_pre="*" raw_post="*">so</b> <i>it</i> <s>is</s>', "so it is"),
        ("a & b < c <i>never closed", "a & b < c never closed"),
        ('hey <at id="8:lee">Lee</at>\nline two', "hey Lee\nline two"),
        ("<p>one</p><p>two<br>three</p>", "one\ntwo\nthree"),
        ("<div><div>one</div></div><ul><li>two</li></ul>", "one\ntwo"),
        ("seen<script>alert(1)</script><svg onload=x()>", "seen"),
        ("before</x-content>after", "beforeafter"),
        ('<meta charset="utf-16">schön', "schön"),
        ("<quote>no messageid</quote>answer", "answer"),
    ],
)
def test_the_text_of_markup_is_what_was_typed(content: str, text: str) -> None:
    assert text == only(content).text


def test_a_plain_text_is_not_escaped() -> None:
    assert "a &amp; <b>" == only("a &amp; <b>", "Text").text


def test_X01_entities_of_a_document_type_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + "&b;" * 3
    assert "aaaa" not in only(bomb).text


@pytest.mark.parametrize("piece", ["<", "<b>", "&", "<quote>", "<!--", "<a href='", "</b>"])
def test_IN5_the_worst_markup_of_256_kib_takes_no_more_than_a_linear_time(piece: str) -> None:
    content = piece * (256 * 1024 // len(piece))
    start = time.process_time()
    parsed(content)
    assert time.process_time() - start < 2


QUOTE = (
    '<quote author="8:x" messageid="1745000000001"><legacyquote>[18:13] X: </legacyquote>shall we?'
    "<legacyquote>\n\n&lt;&lt;&lt; </legacyquote></quote>"
)
REPLY = (
    '<blockquote itemtype="http://schema.skype.com/Reply" itemid="1745000000001"><strong>X</strong>'
    '<p itemprop="preview">shall we?</p></blockquote>'
)


@pytest.mark.parametrize("quote", [QUOTE, REPLY])
def test_a_quote_is_a_reply_and_no_part_of_the_text(quote: str) -> None:
    message = only(f"{quote}yes")
    assert ("yes", "1745000000001") == (message.text, message.reply_to_id)
    assert ("shall we?",) == message.more_text


def test_an_edit_and_the_first_text_are_one_message_with_the_first_ones_id() -> None:
    ms = 1_745_000_001_001
    first = entry("blue", id="100", originalarrivaltime="2025-04-18T18:13:21.001Z")
    mark = f'<e_m ts_ms="{ms}" ts="1745000001" a="lee" t="61"/>'
    last = entry(f"Edited previous message: red{mark}", n=9, id="109")
    records = read(chat(last, entry("between", n=5), {**first, "originalarrivaltime": iso(ms)}))
    found = messages(records)
    assert ["between", "red"] == [one.text for one in found]
    assert ("100", ["blue"]) == (found[1].id, [one.text for one in found[1].versions])
    assert (Mark.EDITED,) == found[1].marks
    assert found[1].sent_at is not None
    assert ms == found[1].sent_at.utc_ms
    assert [0, 1] == [one.seq for one in found]


def iso(ms: int) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000))
    return f"{stamp}.{ms % 1000:03}Z"


def test_a_deleted_message_keeps_the_text_that_an_entry_of_the_list_still_has() -> None:
    gone = entry("", properties={"deletetime": "1745000009001"}, id="1")
    [message] = messages(read(chat(gone, entry("what it was", id="1"))))
    assert ("", (Mark.DELETED,)) == (message.text, message.marks)
    assert ["what it was"] == [one.text for one in message.versions]


def test_of_two_states_of_one_id_the_higher_version_counts() -> None:
    edit = {"edittime": "1745000009001"}
    older = entry("older", properties=edit, version=5.0, id="1")
    newer = entry("newer", properties=edit, version=7.0, id="1")
    for order in ((older, newer), (newer, older)):
        [message] = messages(read(chat(*order)))
        assert ("newer", ["older"]) == (message.text, [one.text for one in message.versions])


def test_many_edits_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{Edits.__module__}.MOST", 3)
    edited = [entry(f"text {n}", n=n, properties={"edittime": "1745000099001"}) for n in range(9)]
    found = messages(read(chat(*edited)))
    assert [f"text {n}" for n in range(9)] == [one.text for one in found]


def test_somebody_whose_edit_waits_is_told_before_their_next_message() -> None:
    edited = entry("waits", n=9, properties={"edittime": "1745000099001"})
    assert ["next", "waits"] == [one.text for one in messages(read(chat(edited, entry("next"))))]


def uri(
    name: str = "image.png", doc: str = "0-weu-1", form: str = "Picture.1", id_: str = ""
) -> str:
    return (
        f'<URIObject uri="https://api.asm.skype.com/v1/objects/{doc}" type="{form}"{id_}>'
        f'<OriginalName v="{name}"/><FileSize v="447"/></URIObject>'
    )


def attached(content: str, form: str = "RichText/UriObject", **files: bytes) -> list[Attachment]:
    [message] = messages(read(chat(entry(content, form)), **files))
    assert "" == message.text
    return list(message.attachments)


def test_a_file_is_found_by_its_id_or_by_the_end_of_its_address() -> None:
    files = {"media__0-weu-1.1.png": b"x", "media__0-weu-1.2.jpg": b"y"}
    for content in (uri(), uri(id_=' doc_id="0-weu-1"')):
        [one] = attached(content, **files)
        assert ("media/0-weu-1.1.png", "image.png", 447) == (one.path, one.name, one.size)


def test_a_file_without_a_name_has_that_of_the_description_beside_it() -> None:
    files = {"media__0-weu-1.1.png": b"x", "media__0-weu-1.json": b'{"filename": "told.png"}'}
    [one] = attached(uri(name=""), **files)
    assert "told.png" == one.name


def test_the_preview_of_a_video_is_not_the_video() -> None:
    [one] = attached(uri(), **{"media__0-weu-1.2.jpg": b"y"})
    assert None is one.path


def test_without_media_there_is_only_an_address() -> None:
    [one] = attached(uri())
    assert (None, AttachmentState.REMOTE_ONLY) == (one.path, one.state)


@pytest.mark.parametrize("doc", ["../../messages", "/etc/passwd", "..\\messages", ""])
def test_H04_an_id_that_climbs_finds_nothing(doc: str) -> None:
    [one] = attached(uri(doc=doc, id_=f' doc_id="{doc}"'), **{"media__0-weu-1.1.png": b"x"})
    assert None is one.path


@pytest.mark.parametrize(
    ("form", "typed", "kind"),
    [
        ("RichText/UriObject", "Picture.1", MessageKind.IMAGE),
        ("RichText/Media_Video", "Video.1/Message.1", MessageKind.VIDEO),
        ("RichText/Media_CallRecording", "Video.2/CallRecording.1", MessageKind.VIDEO),
        ("RichText/Media_AudioMsg", "Audio.1/Message.1", MessageKind.VOICE),
        ("RichText/Media_GenericFile", "File.1", MessageKind.FILE),
        ("RichText/Media_Unheard", "Audio.1", MessageKind.AUDIO),
    ],
)
def test_the_kind_comes_from_both_types(form: str, typed: str, kind: MessageKind) -> None:
    [message] = messages(read(chat(entry(uri(form=typed), form))))
    assert (kind, kind) == (message.kind, message.attachments[0].kind)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("Event/Call", MessageKind.CALL),
        ("RichText/Contacts", MessageKind.CONTACT),
        ("RichText/Location", MessageKind.LOCATION),
        ("Poll", MessageKind.POLL),
        ("ThreadActivity/E2EEHandshakeComplete", MessageKind.SYSTEM),
        ("InviteFreeRelationshipChanged/Initialized", MessageKind.SYSTEM),
        ("RichText/Sms", MessageKind.TEXT),
        ("Unheard/Of", MessageKind.OTHER),
    ],
)
def test_every_type_of_message_has_a_kind(form: str, kind: MessageKind) -> None:
    assert kind is only("words", form).kind


def test_a_call_names_who_took_part_and_how_long_it_was() -> None:
    content = (
        '<partlist type="ended" callId="77"><part identity="8:ida"><name>Ida</name><duration>84.82'
        "</duration></part><part identity='8:bo'><name>Bo</name><duration>12</duration></part>"
    )
    records = read(chat(entry(content, "Event/Call")))
    assert {"type": "ended", "callid": "77", "duration_seconds": 84.82} == messages(records)[
        0
    ].extra["call"]
    people = {one.id: one.name for one in records if isinstance(one, Participant)}
    assert {LEE: "Lee", "8:ida": "Ida", "8:bo": "Bo"} == people


def test_what_happens_in_a_group_is_done_by_who_did_it() -> None:
    content = "<topicupdate><initiator>8:ida</initiator><value>Shed</value></topicupdate>"
    about = {"from": GROUP, "conversationid": GROUP}
    topic = entry(content, "ThreadActivity/TopicUpdate", **about)
    thread = {"topic": "Shed", "members": '["8:ida", "bo"]', "membercount": 2}
    other = entry("x", "ThreadActivity/HistoryDisclosedUpdate", 2, **about)
    records = read(chat(topic, other, place=GROUP, displayName=None, threadProperties=thread))
    assert ["8:ida", None] == [one.sender_id for one in messages(records)]
    [place] = places(records)
    assert ("Shed", ConversationKind.GROUP, None) == (place.title, place.kind, place.owner)
    assert ["8:ida", "8:bo"] == [one.id for one in records if isinstance(one, Participant)]


@pytest.mark.parametrize("as_text", [False, True])
def test_reactions_are_read_as_a_list_and_as_json_in_a_text(as_text: bool) -> None:
    emotions = [{"key": "like", "users": [{"mri": ME, "time": 1745000000001}]}, {"key": "sad"}]
    properties: dict[str, object] = {"emotions": json.dumps(emotions) if as_text else emotions}
    for written in (properties, json.dumps(properties)):
        records = read(chat(entry(properties=written)))
        [one] = [one for one in records if isinstance(one, Reaction)]
        assert ("\N{THUMBS UP SIGN}", ME, {"key": "like"}) == (one.emoji, one.sender_id, one.extra)


@pytest.mark.parametrize(
    ("key", "emoji"),
    [
        ("1f389_partypopper", "\N{PARTY POPPER}"),
        ("1f468-200d-1f469_family", "\U0001f468\u200d\U0001f469"),
        ("0000_nul", "0000_nul"),
        ("d83d_half", "d83d_half"),
        ("cwl", "cwl"),
    ],
)
def test_a_reaction_that_is_named_by_its_code_is_that_emoji(key: str, emoji: str) -> None:
    assert emoji == _emoji(key)


def test_the_same_people_have_one_name_in_all_conversations() -> None:
    group = chat(entry(conversationid=GROUP), place=GROUP, displayName="All")
    records = read(chat(entry()), group)
    assert ["Lee", "Lee"] == [one.name for one in records if isinstance(one, Participant)]


def test_a_talk_of_two_is_the_accounts_own_and_a_group_is_everybodys() -> None:
    records = read(chat(entry()), chat(entry(conversationid=GROUP), place=GROUP))
    assert [ME, None] == [one.owner for one in places(records)]
    assert [f"{ME} {LEE}", GROUP] == [one.scope for one in messages(records)]


@pytest.mark.parametrize(
    "place", ["19:meeting_a@thread.v2", "19:1_2@unq.gbl.spaces", "19:x@thread.skype"]
)
def test_an_id_of_teams_anywhere_makes_it_teams(place: str) -> None:
    records = read(chat(entry()), chat(entry(conversationid=place), place=place))
    expected = "skype" if place.endswith("skype") else "teams"
    assert [expected] * 2 == [one.platform for one in places(records)]


def test_an_id_of_teams_is_found_across_the_pieces_in_which_a_file_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = "19:1_2@unq.gbl.spaces"
    for size in range(100, 110):
        monkeypatch.setattr(skype, "CHUNK", size)
        records = read(chat(entry(conversationid=place), place=place))
        assert ["teams"] == [one.platform for one in places(records)]


def test_words_in_a_message_do_not_make_it_teams() -> None:
    records = read(chat(entry('"id":"19:x@thread.v2"', "Text")))
    assert ["skype"] == [one.platform for one in places(records)]


def test_what_stands_behind_the_messages_is_looked_up() -> None:
    about = {"MessageList": [entry()], "displayName": "Lee", "id": LEE}
    whole = {"conversations": [about, {**about, "id": "8:bo"}], "userId": ME}
    source = Source.of({NAME: json.dumps(whole).encode()})
    assert skype.recognise(source)
    found = places(list(skype.read(source)))
    assert [(LEE, "Lee", ME), ("8:bo", "Lee", ME)] == [(c.id, c.title, c.owner) for c in found]


def test_conversations_that_are_none_are_told() -> None:
    records = read("no conversation", chat(MessageList="no list"), chat(MessageList=None))
    found = [(one.part, one.raw) for one in records if isinstance(one, Problem)]
    expected = [("conversations[0]", '"no conversation"')]
    assert [*expected, ("conversations[1].MessageList", '"no list"')] == found


def test_J07_an_export_cut_in_the_middle_gives_what_was_complete_and_what_waited() -> None:
    waits = entry("waited", n=3, properties={"edittime": "1745000009001"})
    whole = export(chat(waits, entry("complete", n=2), entry("half")))
    records = list(skype.read(Source.of({NAME: whole[: whole.index(b"half") + 2]})))
    assert ["complete", "waited"] == [one.text for one in messages(records)]
    assert ["end"] == [one.part for one in records if isinstance(one, Problem)]
    assert isinstance(records[-1], Problem)


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def test_media_in_a_second_tar_are_found() -> None:
    one = tarred({NAME: export(chat(entry(uri(), "RichText/UriObject"))), "endpoints.json": b"{}"})
    two = tarred({"media/0-weu-1.1.png": b"x", "media/0-weu-1.json": b"{}"})
    [alone] = find(Source.of({"a.tar": one}), IMPORTERS, Budget()).exports
    assert "skype" == alone.importer.INFO.key
    parts = [Source.of({f"{n}.tar": data}, f"{n}.tar") for n, data in enumerate([one, two])]
    [export_] = find_parts(parts, IMPORTERS, Budget()).exports
    [message] = messages(list(export_.importer.read(export_.source)))
    assert AttachmentState.PRESENT is message.attachments[0].state


def contents() -> Iterator[tuple[str, str]]:
    for case in CASES:
        if case.importer.INFO.key == "skype":
            for one in json.loads(case.files[NAME])["conversations"]:
                for item in one["MessageList"]:
                    if isinstance(item, dict) and item.get("content"):
                        yield str(case), item["content"]


def test_every_content_is_kept_as_it_was_or_as_the_text_it_stands_for() -> None:
    kept: dict[str, set[str]] = {}
    for case in CASES:
        if case.importer.INFO.key == "skype":
            found = kept.setdefault(str(case), set())
            for one in case.records():
                if isinstance(one, Message):
                    found |= {one.text, str(one.extra.get("content"))}
                    found |= {version.text for version in one.versions}
                elif isinstance(one, Problem):
                    found.add(str(json.loads(one.raw)["content"]) if "content" in one.raw else "")
    lost = [c for case, c in contents() if not {c, html.unescape(c)} & kept[case]]
    assert [] == lost


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_messages() -> None:
    def size(count: int) -> int:
        data = export(chat(*(entry(n=n % 30) for n in range(count))))
        source = Source.of({NAME: data}, told=Told())

        def work() -> None:
            for _ in skype.read(source):
                pass

        return peak(work)

    assert size(3000) < 2 * size(150) + 3_000_000


def test_more_reactions_than_anybody_gives_leave_the_message_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_skype_item, "MOST_REACTIONS", 3)
    for count in (3, 4):
        users = [{"mri": f"8:p{n}", "time": 1745000000001} for n in range(count)]
        records = read(chat(entry(properties={"emotions": [{"key": "like", "users": users}]})))
        reasons = [one.reason for one in records if isinstance(one, Problem)]
        assert ([] if count == 3 else ["more than 3 reactions"]) == reasons
        assert (count if count == 3 else 0) == sum(isinstance(one, Reaction) for one in records)
