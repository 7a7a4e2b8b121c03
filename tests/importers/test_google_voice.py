"""Google Voice: whose page it is, what a page holds, and the files beside it."""

import pytest

from archives import zipped
from chatvault.importers import _google_voice_page, google_voice
from chatvault.importers._explore import find, find_parts
from chatvault.importers._google_voice_page import NAME
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    Mark,
    Message,
    MessageKind,
    Participant,
    Problem,
    Record,
)

OWNER = "+12025550100"
IDA, BO = ("Ida Noor", "+12025550147"), ("Bo Ek", "+12025550188")
IDA_PAGE = "Ida Noor - Text - 2021-07-17T18_16_16Z.html"


def cite(name: str, number: str, *, me: bool = False) -> str:
    shown = '<abbr class="fn" title="">Me</abbr>' if me else f'<span class="fn">{name}</span>'
    return f'<cite class="sender vcard"><a class="tel" href="tel:{number}">{shown}</a></cite>'


def text(words: str, who: str = "", minute: int = 16, more: str = "") -> str:
    at = f"2021-07-17T12:{minute:02}:16.451-06:00"
    who = who or cite("", OWNER, me=True)
    return (
        f'<div class="message"><abbr class="dt" title="{at}">x</abbr>: {who}: <q>{words}</q>'
        f"{more}</div>"
    )


def page(*items: str, title: str = "Ida Noor", people: str = "", end: str = "") -> bytes:
    inner = "".join(items)
    return (
        f"<html><head><title>{title}</title></head><body>"
        f'<div class="hChatLog hfeed">{people}{inner}</div>{end}</body></html>'
    ).encode()


def read(files: dict[str, bytes], me: str | None = None) -> list[Record]:
    return list(google_voice.read(Source.of(files, told=Told(me=me))))


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


def places(records: list[Record]) -> list[str]:
    return [one.id for one in records if isinstance(one, Conversation)]


@pytest.mark.parametrize(
    ("name", "who", "kind"),
    [
        (IDA_PAGE, "Ida Noor", "Text"),
        ("+12025550147 - Voicemail - 2021-07-17T18_16_16Z.html", "+12025550147", "Voicemail"),
        ("Group Conversation - 2021-07-17T18_16_16Z.html", "Group Conversation", None),
        (" - Missed - 2021-07-17T18_16_16Z.html", "", "Missed"),
        ("Ida - of the mill - Text - 2021-07-17T18_16_16Z.html", "Ida - of the mill", "Text"),
        ("Ida Noor - 2013-07-17T18:16:16Z.html", "Ida Noor", None),
    ],
)
def test_the_name_of_a_page_tells_whom_it_is_with(name: str, who: str, kind: str | None) -> None:
    found = NAME.fullmatch(name)
    assert found is not None
    assert (who, kind) == (found["who"], found["kind"])


@pytest.mark.parametrize(
    "name", ["Bills.html", "archive_browser.html", "Ida Noor - Text.html", "2021-07-17.html"]
)
def test_other_pages_are_left_alone(name: str) -> None:
    assert () == google_voice.recognise(Source.of({name: page(text("x"))}))


def test_pages_of_one_number_are_one_conversation_whatever_they_are_called() -> None:
    hello = page(text("hello", cite(*IDA)))
    later = page(text("hello again", cite("Ida Noor-Lind", IDA[1])))
    files = {IDA_PAGE: hello, "Ida Noor-Lind - Text - 2022-07-17T18_16_16Z.html": later}
    assert [IDA[1], IDA[1]] == places(read(files))


def test_a_group_is_all_its_numbers_in_their_order_and_not_the_owners() -> None:
    people = f'<div class="participants">{cite(*BO)}{cite("", OWNER, me=True)}{cite(*IDA)}</div>'
    group = page(text("hi", cite(*BO)), title="Group Conversation", people=people)
    files = {"Group Conversation - 2021-07-17T18_16_16Z.html": group}
    assert [f"{IDA[1]},{BO[1]}"] == places(read(files))


def test_a_page_with_only_my_texts_finds_the_number_on_another_page() -> None:
    mine = page(text("anybody?"), title="Me to Ida Noor")
    other = page(text("yes", cite(*IDA)))
    older = "Ida Noor - Text - 2020-01-01T00_00_00Z.html"
    assert ["title:ida noor"] == places(read({older: mine}))
    assert [IDA[1], IDA[1]] == places(read({older: mine, IDA_PAGE: other}))
    numbered = {"+12025550147 - Text - 2020-01-01T00_00_00Z.html": mine}
    assert [IDA[1]] == places(read(numbered))


@pytest.mark.parametrize("how", ["word", "card", "told"])
def test_the_owner_is_known_by_a_word_by_the_card_or_by_being_told(how: str) -> None:
    sender = cite("", OWNER, me=True) if how == "word" else cite("Pia Lund", OWNER)
    files = {"Calls/" + IDA_PAGE: page(text("from me", sender), text("from Ida", cite(*IDA)))}
    if how == "card":
        files["Phones.vcf"] = f"BEGIN:VCARD\r\nitem1.TEL:{OWNER}\r\nEND:VCARD".encode()
    records = read(files, me=OWNER if how == "told" else None)
    assert ["me", IDA[1]] == [one.sender_id for one in messages(records)]
    assert ["me"] == [p.id for p in records if isinstance(p, Participant) and p.is_me]


def attached(more: str, **files: bytes) -> list[Attachment]:
    given = {IDA_PAGE: page(text("MMS Received", cite(*IDA), more=more))}
    given |= {name.replace("_dot_", "."): data for name, data in files.items()}
    [message] = messages(read(given))
    assert "" == message.text
    return list(message.attachments)


def test_a_picture_is_found_although_the_page_leaves_out_its_ending() -> None:
    [one] = attached('<img src="pic-1-1">', **{"pic-1-1_dot_jpg": b"x", "pic-1-2_dot_jpg": b"y"})
    assert ("pic-1-1.jpg", MessageKind.IMAGE) == (one.path, one.kind)


def test_a_picture_under_a_name_that_was_cut_is_found_if_it_is_the_only_one() -> None:
    long = "Maximiliane-Friederike von und zu Hohenstein am Berg - Text - 2021-1-1"
    [one] = attached(f'<img src="{long}">', **{f"{long[:50]}_dot_jpg": b"x"})
    assert f"{long[:50]}.jpg" == one.path


@pytest.mark.parametrize(
    "reference", ["../../../../etc/passwd", "file:///etc/passwd", "/etc/passwd"]
)
def test_H04_a_file_is_looked_for_beside_its_page_only(reference: str) -> None:
    [one] = attached(f'<img src="{reference}">')
    assert None is one.path


@pytest.mark.parametrize("reference", ["http://example.org/a.png", "data:image/png;base64,AAAA"])
def test_H05_an_address_is_kept_and_never_fetched(reference: str) -> None:
    [one] = attached(f'<img src="{reference}">')
    assert (AttachmentState.REMOTE_ONLY, reference) == (one.state, one.as_exported)


def test_H03_of_a_hostile_page_only_the_words_are_read() -> None:
    words = "hello<script>alert(1)</script><svg onload=alert(2)><b onclick=x()>world</b></svg>"
    [message] = messages(read({IDA_PAGE: page(text(words, cite(*IDA)))}))
    assert "helloworld" == message.text


def test_a_deleted_page_marks_its_messages() -> None:
    end = '<div class="deletedStatusContainer">User Deleted: True</div>'
    [message] = messages(read({IDA_PAGE: page(text("x", cite(*IDA)), end=end)}))
    assert (Mark.DELETED,) == message.marks


def test_the_zone_of_a_text_is_kept() -> None:
    [message] = messages(read({IDA_PAGE: page(text("x", cite(*IDA)))}))
    assert message.sent_at is not None
    assert (1_626_545_776_451, -360) == (message.sent_at.utc_ms, message.sent_at.offset_minutes)


def test_a_page_that_breaks_off_gives_what_was_complete() -> None:
    whole = page(text("complete", cite(*IDA)), text("half of it", cite(*IDA), minute=17))
    records = read({IDA_PAGE: whole[: whole.index(b"half of it") + 4]})
    assert ["complete"] == [one.text for one in messages(records)]
    [problem] = [one for one in records if isinstance(one, Problem)]
    assert "half" in problem.raw
    nothing = read({IDA_PAGE: whole[: whole.index(b"<abbr") + 9]})
    assert ["not all of it is there"] == [one.reason for one in nothing if isinstance(one, Problem)]


def test_a_takeout_in_parts_finds_its_files_in_all_of_them() -> None:
    more = '<img src="pic-1-1">'
    one = {f"Takeout/Voice/Calls/{IDA_PAGE}": page(text("MMS Received", cite(*IDA), more=more))}
    two = {"Takeout/Voice/Calls/pic-1-1.jpg": b"x", "Takeout/Voice/Phones.vcf": b"BEGIN:VCARD"}
    parts = [Source.of({f"{n}.zip": zipped(part)}, f"{n}.zip") for n, part in enumerate([one, two])]
    [export] = find_parts(parts, IMPORTERS, Budget()).exports
    [message] = messages(list(export.importer.read(export.source)))
    assert AttachmentState.PRESENT is message.attachments[0].state


def test_voice_and_chat_of_one_takeout_are_two_exports() -> None:
    group = "Takeout/Google Chat/Groups/DM k1"
    files = {
        f"Takeout/Voice/Calls/{IDA_PAGE}": page(text("x", cite(*IDA))),
        "Takeout/Voice/Phones.vcf": b"BEGIN:VCARD",
        f"{group}/messages.json": b'{"messages": [{"creator": {}, "topic_id": "T"}]}',
        f"{group}/group_info.json": b"{}",
        "Takeout/archive_browser.html": b"<html></html>",
    }
    for given in (files, {"takeout-001.zip": zipped(files)}):
        found = find(Source.of(given), IMPORTERS, Budget())
        keys = [export.importer.INFO.key for export in found.exports]
        assert ["google-chat", "google-voice"] == keys


def test_what_is_over_the_limit_of_a_page_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_google_voice_page, "MOST", 2)
    name = "Ida Noor - Text - 2021-07-17T18_16_16Z.html"
    records = read({name: page(*(text(f"word {n}", minute=n) for n in range(5)))})
    assert ["word 0", "word 1"] == [one.text for one in messages(records)]
    [told] = [one for one in records if isinstance(one, Problem)]
    assert (name, "end", "3 messages more than are read of one page") == (
        told.file, told.part, told.reason,
    )  # fmt: skip
