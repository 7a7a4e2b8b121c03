"""VK's archive: where pages are, what a header says, and what words stand for."""

import pytest

from archives import zipped
from chatvault.errors import BadExport, EmptyExport
from chatvault.importers import vk
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers._vk_page import person
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Assumption,
    AttachmentState,
    Conversation,
    ConversationKind,
    Mark,
    Message,
    MessageKind,
    Problem,
    Record,
)

AT = "5 мая 2022 в 1:30:12"
PAGE = "messages/77001/messages0.html"


def item(body: str = "привет", head: str = f"Вы, {AT}", number: int = 7) -> str:
    header = f'<div class="message__header">{head}</div>'
    return f'<div class="message" data-id="{number}">{header}<div>{body}</div></div>'


def attached(words: str, address: str = "") -> str:
    link = f'<a class="attachment__link" href="{address}">{address}</a>' if address else ""
    inner = f'<div class="attachment__description">{words}</div>{link}'
    return f'<div class="kludges"><div class="attachment">{inner}</div></div>'


def read(*items: str, name: str = PAGE, told: Told | None = None) -> list[Record]:
    page = "<html><body>" + "".join(items) + "</body></html>"
    given = {name: page.encode("cp1251", "xmlcharrefreplace")}
    return list(vk.read(Source.of(given, "77001", told or Told(zone="UTC"))))


def messages(records: list[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


def one(body: str = "привет", head: str = f"Вы, {AT}") -> Message:
    [message] = messages(read(item(body, head)))
    return message


@pytest.mark.parametrize("name", [PAGE, "77001/messages0.html", "messages0.html"])
def test_pages_are_found_at_every_level_and_in_their_own_encoding(name: str) -> None:
    source = Source.of({name: item().encode("cp1251")}, "77001", Told(zone="UTC"))
    assert bool(vk.recognise(source)) is ("/" in name)  # else with --platform vk
    records = list(vk.read(source))
    assert ["77001"] == [place.id for place in records if isinstance(place, Conversation)]
    assert ["привет"] == [message.text for message in messages(records)]
    utf8 = Source.of({name: item().encode()}, "77001", Told(zone="UTC"))
    assert ["привет"] == [message.text for message in messages(list(vk.read(utf8)))]


def test_pages_of_others_are_not_taken_for_vks() -> None:
    telegram = b'<div class="message default clearfix" id="message1"><div class="body">'
    assert () == vk.recognise(Source.of({"messages2.html": telegram}))
    assert () == vk.recognise(Source.of({"messages/1/messages0.html": b"<html></html>"}))


def test_an_archive_is_one_export() -> None:
    files = {PAGE: item().encode("cp1251"), "profile/page-info.html": b"<html></html>"}
    files["messages/-5/messages0.html"] = item(number=8).encode("cp1251")
    [export] = find(Source.of({"Archive.zip": zipped(dict(files))}), IMPORTERS, Budget()).exports
    assert "vk" == export.importer.INFO.key


def test_the_oldest_message_comes_first_over_all_pages() -> None:
    pages = {
        f"messages/1/messages{n}.html": "".join(
            item(f"page {n} line {line}", number=n + line) for line in (2, 1)
        ).encode("cp1251")
        for n in (0, 50, 100)
    }
    found = messages(list(vk.read(Source.of(pages, told=Told(zone="UTC")))))
    expected = [f"page {n} line {line}" for n in (100, 50, 0) for line in (1, 2)]
    assert expected == [message.text for message in found]
    assert list(range(6)) == [message.seq for message in found]


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        (AT, "2022-05-05T01:30:12"),
        ("1 янв 2020 в 0:00:01", "2020-01-01T00:00:01"),
        ("31 декабря 2019 в 23:59:59", "2019-12-31T23:59:59"),
        ("3 травня 2020 о 14:15:16", "2020-05-03T14:15:16"),
        ("5 May 2022 at 1:30:12 am", "2022-05-05T01:30:12"),
        ("5 May 2022 at 12:30:12 pm", "2022-05-05T12:30:12"),
    ],
)
def test_times_in_words(written: str, clock: str) -> None:
    at = one(head=f"Вы, {written}").sent_at
    assert at is not None
    assert clock == at.as_exported


def test_a_name_that_looks_like_a_time_is_a_name() -> None:
    link = f'<a href="https://vk.com/id5">1 мая 2020 в 1:01:01</a>, {AT}'
    message = one(head=link)
    assert message.sent_at is not None
    assert ("5", "2022-05-05T01:30:12") == (message.sender_id, message.sent_at.as_exported)


def test_the_zone_is_moscow_unless_told_and_said() -> None:
    records = read(item(), told=Told(local_zone="Asia/Tokyo"))
    assert ["Europe/Moscow"] == [r.value for r in records if isinstance(r, Assumption)]


@pytest.mark.parametrize(
    ("address", "identifier"),
    [
        ("https://vk.com/id77001", "77001"),
        ("https://vk.com/club5550", "-5550"),
        ("https://vk.com/public5550", "-5550"),
        ("https://m.vk.com/olenka.k", "olenka.k"),
        ("https://example.org/id1", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_whose_address_it_is(address: str, identifier: str) -> None:
    assert identifier == person(address)


@pytest.mark.parametrize(
    ("words", "address", "kind", "state"),
    [
        ("Фотография", "https://vk.com/photo1_2", MessageKind.IMAGE, AttachmentState.REMOTE_ONLY),
        ("Фотография", "", MessageKind.IMAGE, AttachmentState.PLACEHOLDER_ONLY),
        ("Voice message", "https://vk.com/doc1", MessageKind.VOICE, AttachmentState.REMOTE_ONLY),
        ("Стикер", "", MessageKind.STICKER, AttachmentState.PLACEHOLDER_ONLY),
        ("Нечто новое", "https://vk.com/x", MessageKind.MEDIA, AttachmentState.REMOTE_ONLY),
    ],
)
def test_words_and_addresses_stand_for_files(
    words: str, address: str, kind: MessageKind, state: AttachmentState
) -> None:
    message = one("под ней" + attached(words, address))
    [file] = message.attachments
    assert (kind, kind, state, address or words) == (
        message.kind,
        file.kind,
        file.state,
        file.as_exported,
    )
    assert "под ней" == message.text


def test_what_is_no_file_is_a_kind_or_a_mark() -> None:
    link = one("см." + attached("Ссылка", "https://example.org/x"))
    assert (MessageKind.LINK, ("https://example.org/x",)) == (link.kind, link.more_text)
    deleted = one(attached("Сообщение удалено"))
    assert (MessageKind.TEXT, (Mark.DELETED,)) == (deleted.kind, deleted.marks)
    forwarded = one(attached("3 прикреплённых сообщения"))
    assert (MessageKind.FORWARD, (Mark.FORWARDED,)) == (forwarded.kind, forwarded.marks)
    assert MessageKind.CALL is one(attached("Исходящий звонок")).kind


def test_an_edit_has_its_time() -> None:
    edited = '<span class="message-edited" title="5 мая 2022 в 1:31:00">(ред.)</span>'
    message = one(head=f"Вы, {AT} {edited}")
    assert message.edited_at is not None
    assert ((Mark.EDITED,), "2022-05-05T01:31:00") == (message.marks, message.edited_at.as_exported)
    assert (Mark.EDITED,) == one(head=f"Вы, {AT} (ред.)").marks
    assert () == one(head=f"Вы, {AT}").marks


def test_a_notice_of_the_app_has_no_sender() -> None:
    message = one('<div class="kludges"><a class="im_srv_lnk">Ира</a> вышла</div>')
    assert (MessageKind.SYSTEM, None, "Ира вышла") == (
        message.kind,
        message.sender_id,
        message.text,
    )


def test_H03_of_a_hostile_page_only_the_words_are_read() -> None:
    body = "до<script>alert(1)</script><img src=x onerror=y()><svg onload=z()>после</svg>"
    assert "допосле" == one(body).text


def test_a_group_is_known_by_its_number() -> None:
    records = read(item(), name="messages/2000000009/messages0.html")
    assert [ConversationKind.GROUP] == [p.kind for p in records if isinstance(p, Conversation)]


def test_damage_costs_one_message_and_is_kept_whole() -> None:
    page = item("ok") + item("lost", head="Вы, когда-то") + item("cut off")[:-14]
    records = list(vk.read(Source.of({PAGE: page.encode("cp1251")})))
    assert ["ok"] == [message.text for message in messages(records)]
    raws = [record.raw for record in records if isinstance(record, Problem)]
    assert ["cut o" in raws[0], "lost" in raws[1], 2] == [True, True, len(raws)]


def test_nothing_readable_is_said() -> None:
    with pytest.raises(EmptyExport):
        read("<p>nothing</p>")
    with pytest.raises(BadExport):
        read(item(head="Вы, когда-то"))
