"""Telegram's pages: who sent a joined message, zones that lie in summer, chats without ids."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest

from archives import zipped
from cases import CASES, complaints
from chatvault.errors import BadExport
from chatvault.importers import telegram_desktop, telegram_html
from chatvault.importers._explore import find
from chatvault.importers._limits import Budget
from chatvault.importers._source import Source, Told
from chatvault.importers._telegram_html_clock import PageClock, day_of
from chatvault.importers.registry import IMPORTERS
from chatvault.model import (
    Assumption,
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Precision,
    Problem,
    Reaction,
    Record,
)

OTTILIE, JORY = "Ottilie Marsh", "Jory Penn"
AT = "09.03.2024 18:05:30 UTC+00:00"


def div(name: str, inner: str = "", more: str = "") -> str:
    return f'<div class="{name}"{more}>\n{inner}\n   </div>\n'


def default(
    number: int, who: str = "", inner: str = "", at: str = AT, text: str | None = None
) -> str:
    name = div("from_name", who) if who else ""
    body = div("pull_right date details", at[11:16], f' title="{at}"') + name + inner
    body += div("text", text if text is not None else f"text {number}")
    joined = "" if who else " joined"
    return div(f"message default clearfix{joined}", div("body", body), f' id="message{number}"')


def service(number: int, text: str) -> str:
    return div("message service", div("body details", text), f' id="message{number}"')


def page(*items: str, title: str = JORY, end: str = "</div></div></div></body></html>") -> bytes:
    head = '<html><head><meta charset="utf-8"/><title>Exported Data</title></head><body>'
    header = div("page_header", div("content", div("text bold", f"{title} ")))
    start = '<div class="page_wrap">' + header + '<div class="page_body"><div class="history">'
    return (head + start + "".join(items) + end).encode()


def read(files: dict[str, bytes] | bytes, **told: str) -> list[Record]:
    given = {"messages.html": files} if isinstance(files, bytes) else files
    records = list(telegram_html.read(Source.of(given, told=Told(**told))))
    assert [] == complaints(records)
    return records


def messages(records: list[Record]) -> list[Message]:
    return [one for one in records if isinstance(one, Message)]


def places(records: list[Record]) -> list[Conversation]:
    return [one for one in records if isinstance(one, Conversation)]


def me(records: list[Record]) -> set[str]:
    return {one.name for one in records if isinstance(one, Participant) and one.is_me}


def only(*inner: str, text: str = "x") -> Message:
    [message] = messages(read(page(default(1, OTTILIE, "".join(inner), text=text))))
    return message


@pytest.mark.parametrize(
    "files",
    [
        {"messages.html": page(default(1, JORY))},
        {"messages2.html": page(default(1, JORY))},
        {"chats/chat_001/messages.html": page(default(1, JORY))},
    ],
)
def test_pages_are_recognised_here_and_in_an_account(files: dict[str, bytes]) -> None:
    [name] = files
    assert (f"{name} is a page of Telegram Desktop",) == telegram_html.recognise(Source.of(files))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("messages.html", page().replace(b"Exported Data", b"Messages")),
        ("messages.html", page().replace(b'class="history"', b'class="list"')),
        ("index.html", page(default(1, JORY))),
        ("export_results.html", page(default(1, JORY))),
        ("a/messages.html", page(default(1, JORY))),
        ("messages.html", b""),
    ],
)
def test_other_pages_are_left_alone(name: str, data: bytes) -> None:
    assert () == telegram_html.recognise(Source.of({name: data}))


def test_an_export_without_pages_says_what_to_give() -> None:
    with pytest.raises(BadExport) as found:
        read({"css/style.css": b""})
    assert "machine-readable JSON" in found.value.remedy


CHAT = {
    "name": JORY, "type": "personal_chat", "id": 700100200,
    "messages": [{
        "id": 1, "type": "message", "date": "2024-03-09T18:05:30", "date_unixtime": "1710007530",
        "from": OTTILIE, "from_id": "user700100300", "text": "text 1", "text_entities": [],
    }],
}  # fmt: skip


def test_json_beside_the_pages_wins_and_broken_json_does_not() -> None:
    pages = {"messages.html": page(default(1, OTTILIE)), "css/style.css": b"", "js/script.js": b""}
    for data, key in (
        (json.dumps(CHAT).encode(), "telegram-desktop"),
        (b"", "telegram-html"),
        (b"{broken", "telegram-html"),
    ):
        files = {**pages, "result.json": data}
        for given in (files, {"export.zip": zipped(files)}):
            exports = find(Source.of(given), IMPORTERS, Budget()).exports
            assert [key] == [one.importer.INFO.key for one in exports]


def test_ids_of_messages_and_replies_are_those_of_the_json() -> None:
    data = json.dumps(CHAT).encode()
    [told] = messages(list(telegram_desktop.read(Source.of({"result.json": data}))))
    [mine] = messages(read(page(default(1, OTTILIE))))
    assert (told.id, told.text, told.kind) == (mine.id, mine.text, mine.kind)
    # A merge of the two conversations brings both scopes together, because each is the id of its
    # conversation.
    assert (told.conversation_id, mine.conversation_id) == (told.scope, mine.scope)


def test_the_pages_are_read_in_the_order_of_their_numbers() -> None:
    numbers = [10, 2, 1]
    files = {f"messages{n if n > 1 else ''}.html": page(default(n, JORY)) for n in numbers}
    texts = [one.text for one in messages(read(files))]
    assert ["text 1", "text 2", "text 10"] == texts


def test_a_page_that_is_not_there_is_told() -> None:
    files = {f"messages{n}.html": page(default(n, JORY)) for n in (2, 5)}
    found = [(one.file, one.reason) for one in read(files) if isinstance(one, Problem)]
    assert [
        ("messages2.html", "a page before this one not in the export"),
        ("messages5.html", "2 pages before this one not in the export"),
    ] == found


def test_a_joined_message_has_the_sender_of_the_one_before() -> None:
    data = page(default(1, JORY), default(2), service(-2, "10 March 2024"), default(3))
    assert ["name:jory penn"] * 3 == [one.sender_id for one in messages(read(data))]


def test_a_line_of_the_app_and_a_new_page_begin_anew() -> None:
    one = page(default(1, JORY), service(7, "Jory Penn took a screenshot"), default(2))
    two = page(default(3))
    found = messages(read({"messages.html": one, "messages2.html": two}))
    assert ["name:jory penn", None, None, None] == [message.sender_id for message in found]


def test_days_between_messages_are_no_messages_and_their_ids_are_not_theirs() -> None:
    data = page(
        service(-1, "9 March 2024"), service(-999999990, "Ada created group &laquo;Row&raquo;")
    )
    [message] = messages(read(data))
    assert ("-999999990", MessageKind.SYSTEM) == (message.id, message.kind)
    assert "Ada created group «Row»" == message.text
    assert message.sent_at is not None
    assert ("2024-03-09", Precision.DAY) == (message.sent_at.as_exported, message.sent_at.precision)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("9 March 2024", datetime(2024, 3, 9)),  # noqa: DTZ001
        ("31 April 2024", None),
        ("9 Maerz 2024", None),
        ("Jory pinned 9 March 2024", None),
    ],
)
def test_a_day_is_one_that_a_calendar_has(text: str, day: datetime | None) -> None:
    assert day == day_of(text)


WINTER, SUMMER = "09.03.2024 18:05:30 UTC+01:00", "02.07.2024 18:05:30 UTC+01:00"


@pytest.mark.parametrize(
    ("told", "stamp", "hour", "assumed"),
    [
        ({"zone": "Europe/Berlin"}, WINTER, 17, None),
        ({"zone": "Europe/Berlin"}, SUMMER, 16, None),
        ({"local_zone": "Europe/Berlin"}, SUMMER, 16, "Europe/Berlin"),
        ({"local_zone": "UTC"}, SUMMER, 17, "UTC+01:00"),
        # What was told is not the zone of this export, and no guess takes its place.
        ({"zone": "Asia/Tokyo", "local_zone": "Europe/Berlin"}, SUMMER, 17, "UTC+01:00"),
        ({"zone": "Asia/Tokyo"}, "02.07.2024 18:05:30", 9, None),
        ({"local_zone": "Asia/Tokyo"}, "02.07.2024 18:05:30", 9, "Asia/Tokyo"),
        ({}, "02.07.2024 18:05:30 UTC", 18, "UTC"),
        ({}, "02.07.2024 18:05:30 UTC-03:30", 21, "UTC-03:30"),
    ],
)
def test_the_printed_offset_is_the_winters_and_only_a_zone_knows_the_summer(
    told: dict[str, str], stamp: str, hour: int, assumed: str | None
) -> None:
    records = read(page(default(1, JORY, at=stamp)), **told)
    [message] = messages(records)
    assert message.sent_at is not None
    assert hour == message.sent_at.utc_ms // 3_600_000 % 24
    found = [one.value for one in records if isinstance(one, Assumption)]
    assert [assumed] * (assumed is not None) == found


def test_an_hour_that_comes_twice_is_told_apart_by_the_order() -> None:
    clock = PageClock(Told(zone="Europe/Berlin"))
    times = [clock.time(f"31.10.2021 {at} UTC+01:00") for at in ("02:30:00", "02:10:00")]
    assert 40 == (times[1].utc_ms - times[0].utc_ms) // 60_000


@pytest.mark.parametrize(
    ("pages", "kind", "mine"),
    [
        ([default(1, OTTILIE), default(2, JORY)], ConversationKind.DIRECT, {OTTILIE}),
        ([default(1, OTTILIE)], ConversationKind.DIRECT, set()),
        ([default(1, JORY)], ConversationKind.DIRECT, set()),
        ([default(1, OTTILIE), default(2, "Ida")], ConversationKind.GROUP, set()),
        ([service(1, "Ida joined group by link from Bo")], ConversationKind.GROUP, set()),
        (
            [service(1, "Channel &laquo;News&raquo; created"), default(2, JORY)],
            ConversationKind.CHANNEL,
            set(),
        ),
    ],
)
def test_the_kind_of_a_chat_and_who_exported_it_show_on_the_first_page(
    pages: list[str], kind: ConversationKind, mine: set[str]
) -> None:
    records = read(page(*pages))
    assert [kind] == [one.kind for one in places(records)]
    assert mine == me(records)


def test_the_title_may_be_told_where_another_chat_has_it_too() -> None:
    [place] = places(read(page(default(1, OTTILIE)), conversation="Jory of the mill"))
    assert ("title:jory of the mill", "Jory of the mill") == (place.id, place.title)


@pytest.mark.parametrize(
    ("markup", "text", "run"),
    [
        ("a<br>b &lt;c&gt;", "a\nb <c>", None),
        ("<br>starts with a line", "\nstarts with a line", None),
        ("<strong>x</strong>", "x", {"type": "bold", "text": "x"}),
        ('<a href="https://e.org">e</a>', "e", {"type": "text_link", "href": "https://e.org"}),
        ('<a href="https://e.org">https://e.org</a>', "https://e.org", {"type": "link"}),
        ('<a href="https://t.me/ida">@ida</a>', "@ida", {"type": "mention"}),
        ('<a href="" onclick="return ShowMentionName()">I</a>', "I", {"type": "mention_name"}),
        ('<a href="tel:+44">+44</a>', "+44", {"type": "phone"}),
        ('<a href = "stickers/a.webp">x</a>', "x", {"document_id": "stickers/a.webp"}),
        ("<script>alert(1)</script>seen", "seen", None),
    ],
)
def test_texts_and_their_formats(markup: str, text: str, run: dict[str, str] | None) -> None:
    message = only(text=markup)
    runs = message.extra.get("text_entities", [{}])
    assert text == message.text
    assert isinstance(runs, list)
    assert (run or {}).items() <= runs[0].items()
    assert ("text_entities" in message.extra) == (run is not None)


def sent(inner: str, files: dict[str, bytes] | None = None) -> list[Attachment]:
    data = page(default(1, OTTILIE, div("media_wrap clearfix", inner)))
    [message] = messages(read({"messages.html": data, **(files or {})}))
    return list(message.attachments)


def wrapped(name: str, href: str) -> str:
    return f'<a class="{name} clearfix pull_left" href="{href}"><img src="t.jpg"/></a>'


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("photo_wrap", MessageKind.IMAGE),
        ("video_file_wrap", MessageKind.VIDEO),
        ("animated_wrap", MessageKind.ANIMATION),
        ("sticker_wrap", MessageKind.STICKER),
    ],
)
def test_a_preview_leads_to_the_file(name: str, kind: MessageKind) -> None:
    [one] = sent(wrapped(name, "photos/a%20b.jpg"), {"photos/a%20b.jpg": b"x"})
    assert ("photos/a%20b.jpg", kind, False) == (one.path, one.kind, one.stable_name)


def test_links_of_an_account_climb_from_the_folder_of_their_chat() -> None:
    files = {}
    for n in (1, 2):
        link = wrapped("photo_wrap", f"../../chats/chat_{n}/photos/photo_1.jpg")
        data = page(default(n, OTTILIE, div("media_wrap clearfix", link)), title=f"Chat {n}")
        files |= {f"chats/chat_{n}/messages.html": data}
        files |= {f"chats/chat_{n}/photos/photo_1.jpg": b"x"}
    found = [one.attachments[0].path for one in messages(read(files))]
    assert [f"chats/chat_{n}/photos/photo_1.jpg" for n in (1, 2)] == found


@pytest.mark.parametrize("href", ["../../../etc/passwd", "/etc/passwd", "file:///etc/passwd"])
def test_H04_a_link_that_climbs_finds_nothing(href: str) -> None:
    [one] = sent(wrapped("photo_wrap", href))
    assert (None, AttachmentState.MISSING_FILE) == (one.path, one.state)


def test_H05_an_address_is_kept_and_never_fetched() -> None:
    [one] = sent(wrapped("photo_wrap", "http://example.org/a.jpg"))
    assert AttachmentState.REMOTE_ONLY is one.state


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("Not included, change data exporting settings", AttachmentState.ABSENT_NOT_EXPORTED),
        ("Exceeds maximum size, change data", AttachmentState.SKIPPED_TOO_BIG),
        ("Unavailable, please try again later.", AttachmentState.UNAVAILABLE),
        ("", AttachmentState.MISSING_FILE),
    ],
)
def test_a_file_that_is_missing_says_why(reason: str, state: AttachmentState) -> None:
    inner = div("body", div("title bold", "Voice message") + div("description", reason))
    [one] = sent(div("media clearfix pull_left media_voice_message", inner))
    assert (state, MessageKind.VOICE) == (one.state, one.kind)


def test_reactions_name_people_or_count_them() -> None:
    people = '<span class="userpics"><div class="userpic"><div class="initials" title="Ida">I</div>'
    people += '</div><img class="userpic" title="Bo"/></span>'
    inner = '<span class="reactions"><span class="reaction"><span class="emoji">\n❤\n</span>'
    inner += f'{people}<span class="count">5</span></span>'
    inner += '<span class="reaction active"><span class="emoji">👍</span></span></span>'
    found = [one for one in read(page(default(1, OTTILIE, inner))) if isinstance(one, Reaction)]
    assert [
        ("❤", "name:ida", 1), ("❤", "name:bo", 1), ("❤", None, 3), ("👍", None, 1),
    ] == [(one.emoji, one.sender_id, one.count) for one in found]  # fmt: skip


def test_of_two_chats_with_one_title_each_is_its_own() -> None:
    files = {
        f"chats/chat_{n}/messages.html": page(default(n * 10, "Deleted Account"), title="Deleted")
        for n in (1, 2)
    }
    assert ["title:deleted #10", "title:deleted #20"] == [one.id for one in places(read(files))]


def test_a_zone_is_told_once_for_all_chats() -> None:
    files = {f"chats/chat_{n}/messages.html": page(default(n, f"P{n}")) for n in (1, 2)}
    assert 1 == sum(isinstance(one, Assumption) for one in read(files, local_zone="Asia/Tokyo"))


def test_J07_a_page_that_breaks_off_gives_what_was_complete() -> None:
    whole = page(default(1, JORY, text="complete"), default(2, JORY, text="half of it"))
    records = read(whole[: whole.index(b"half") + 4])
    assert ["complete"] == [one.text for one in messages(records)]
    [problem] = [one for one in records if isinstance(one, Problem)]
    assert ("message2", "not all of it is there") == (problem.part, problem.reason)
    assert "half" in problem.raw


def shelf() -> dict[str, bytes]:
    return next(c for c in CASES if str(c) == "telegram_html/account").files


@pytest.mark.parametrize("around", ["", "DataExport_2024-03-10/"])
@pytest.mark.parametrize("pack", [zipped, None])
def test_an_account_is_one_export(
    around: str, pack: Callable[[dict[str, bytes]], bytes] | None
) -> None:
    files = {around + name: data for name, data in shelf().items()}
    source = Source.of({"a.zip": pack(files)} if pack else files)
    [export] = find(source, IMPORTERS, Budget()).exports
    assert "telegram-html" == export.importer.INFO.key
    assert 6 == len(places(list(export.importer.read(export.source))))


BACK = b'<a class="content block_link" href="../../lists/chats.html" onclick="return GoBack(this)">'


def test_a_chat_out_of_an_account_is_not_read_a_second_time_beside_its_json() -> None:
    whole = page(default(1, JORY)).replace(b'<div class="content">', BACK)
    account = {"about": "x", "personal_information": {"user_id": 5}, "chats": {"list": [CHAT]}}
    data = json.dumps(account).encode()
    files = {"result.json": data, "lists/chats.html": b"", "chats/chat_1/messages.html": whole}
    for around in ("", "DataExport/"):
        given = Source.of({around + name: data for name, data in files.items()})
        exports = find(given, IMPORTERS, Budget()).exports
        assert ["telegram-desktop"] == [one.importer.INFO.key for one in exports]


def test_a_chat_out_of_an_account_says_what_to_give_and_can_be_read_all_the_same() -> None:
    whole = page(default(1, JORY)).replace(b'<div class="content">', BACK)
    source = Source.of({"chat_1/messages.html": whole})
    with pytest.raises(BadExport) as found:
        find(source, IMPORTERS, Budget())
    assert "DataExport_" in found.value.remedy
    [export] = find(source, IMPORTERS, Budget(), platform="telegram-html").exports
    assert ["text 1"] == [m.text for m in messages(list(export.importer.read(export.source)))]
