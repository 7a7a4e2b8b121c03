"""Searches are proven against one that looks at every message: equal hits, order and totals."""

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from looking import found_by_looking

from chatvault.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationKind,
    Message,
    MessageKind,
    Participant,
    Timestamp,
)
from chatvault.services.query import parse
from chatvault.services.search import search
from chatvault.services.worker import silent
from chatvault.vault import archive, index_upkeep, schema, search_index, store

ZONE = ZoneInfo("Asia/Singapore")
NOW = datetime(2024, 6, 1, tzinfo=UTC)
START = 1_700_000_000  # 2023-11-14
DAY = 86_400

# What people write: pieces of it, so that texts and queries drawn from them meet.
PIECES = [
    *("我们", "去", "北京", "生日快乐", "你", "，", "头发", "发"),
    *("後天", "后天", "我們", "去", "臺灣", "台湾", "頭髮", "發"),
    *("誕生日", "おめでとう", "カフェ", "ｶﾌｪ", "東京", "きょう", "ー", "。"),
    *("생일", "축하해", "한국", "ㅋㅋ", "어디", " "),
    *("สวัสดี", "วันเกิด", "กรุงเทพ", "ๆ"),
    *("مُحَمَّد", "محمد", "عيد", "سعيد", "شكرا", "، "),
    *("שלום", "שָׁלוֹם", "חג", "שמח"),
    *("हिन्दी", "जन्मदिन", "नमस्ते", "क्या"),
    *("ёлка", "елка", "привет", "День", "рождения"),
    *("Straße", "STRASSE", "über", "Kuchen", "Apfelkuchen"),
    *("Işık", "ışık", "İstanbul", "istanbul", "doğum"),
    *("👍", "👍🏽", "❤️", "👩‍💻", "🇩🇪", "🎂", "1️⃣"),
    *("https://example.com/a?b=1", "example", "+49 170 1234567", "170", "IMG_2034.jpg", "2034"),
    *("Happy", "birthday", "birth", "ok", "OK", "don't", "café", "cafe", "2", "²"),
    *(" ", " ", " ", " ", "\n", "!", "…", "“", "_", "-", "\u200e", "\u200d"),
]  # fmt: skip
PIECE = st.sampled_from(PIECES)
SENDERS = {"a1": "Ada Lind", "b2": "Old Wu", "c3": "小满"}
TITLES = {"k1": ("first", "Family"), "k2": ("first", "读书会"), "k3": ("second", "Book club")}


@st.composite
def said(draw):
    """One message: what is searched of it, who said it, where and when."""
    kind = draw(st.sampled_from([MessageKind.TEXT, MessageKind.TEXT, MessageKind.IMAGE]))
    return {
        "text": "".join(draw(st.lists(PIECE, max_size=6))),
        "more": tuple(draw(st.lists(PIECE, max_size=1))),
        "name": draw(PIECE).strip() if kind is MessageKind.IMAGE else None,
        "kind": kind,
        "sender": draw(st.sampled_from([*SENDERS])),
        "place": draw(st.sampled_from([*TITLES])),
        "at": None if draw(st.integers(0, 9)) == 0 else START + draw(st.integers(0, 12 * DAY)),
    }


@st.composite
def cuttings(draw, messages):
    """A piece of something that was said, or of nothing."""
    said = [text for told in messages for text in (told["text"], *told["more"], told["name"] or "")]
    text = draw(st.sampled_from([*said, "".join(draw(st.lists(PIECE, min_size=1, max_size=3)))]))
    start = draw(st.integers(0, len(text)))
    return text[start : start + draw(st.integers(1, 12))]


@st.composite
def terms(draw, messages, depth=2):
    """A query as typed, and a function that says of a message whether it is meant."""
    sort = draw(st.integers(0, 9 if depth else 6))
    if sort <= 2:
        word = draw(cuttings(messages))
        word = "".join(c for c in word if not c.isspace() and c not in '()|:“”"')
        if word.startswith("-") or not found_by_looking(word, word, beginning=False):
            word = "ok"
        return word.rstrip("*"), lambda m: looks(m, word, beginning=False)
    if sort == 3:
        word = draw(
            st.sampled_from(["birth", "Apfel", "생일", "IMG", "сне", "1", "ka", "北", "do"])
        )
        return f"{word}*", lambda m: looks(m, word, beginning=True)
    if sort == 4:
        phrase = draw(cuttings(messages)).replace("“", "").replace('"', "")
        if not found_by_looking(phrase, phrase, beginning=False):
            phrase = "birthday Kuchen"
        return f'"{phrase}"', lambda m: looks(m, phrase, beginning=False)
    if sort == 5:
        wanted = draw(st.lists(st.sampled_from([*SENDERS]), min_size=1, max_size=2))
        names = "|".join(f'"{SENDERS[one]}"' for one in wanted)
        return f"from:{names}", lambda m: m["sender"] in wanted
    if sort == 6:
        return draw(
            st.sampled_from(
                [
                    ("in:Family", lambda m: m["place"] == "k1"),
                    ("in:读书会", lambda m: m["place"] == "k2"),
                    ("on:second", lambda m: m["place"] == "k3"),
                    ("has:photo", lambda m: m["kind"] is MessageKind.IMAGE),
                    ("has:link", lambda m: "https://" in m["text"]),
                    ("kind:image", lambda m: m["kind"] is MessageKind.IMAGE),
                ]
            )
        )
    one, is_one = draw(terms(messages, depth - 1))
    if sort == 7:
        whole = " " not in one and not one.startswith("-")  # "--word" is "-word"
        return (f"-{one}" if whole else f"-({one})"), lambda m: not is_one(m)
    other, is_other = draw(terms(messages, depth - 1))
    if sort == 8:
        return f"({one}) OR ({other})", lambda m: is_one(m) or is_other(m)
    return f"({one} {other})", lambda m: is_one(m) and is_other(m)


@st.composite
def searches(draw):
    """Messages, a query as typed, and a function that says of a message whether it is meant."""
    messages = draw(st.lists(said(), min_size=1, max_size=12))
    drawn = draw(st.lists(terms(messages), min_size=1, max_size=2))
    begin = (START + 8 * 3600) // DAY * DAY - 8 * 3600  # midnight of the first day over there
    for name, number in draw(
        st.lists(
            st.tuples(st.sampled_from(["after", "before", "until"]), st.integers(0, 12)), max_size=3
        )
    ):
        drawn.append((f"{name}:{day(begin + number * DAY)}", when(name, begin + number * DAY)))
    return messages, " ".join(text for text, _ in drawn), lambda m: all(is_(m) for _, is_ in drawn)


def when(name, midnight):
    if name == "after":
        return lambda m: m["at"] is not None and m["at"] >= midnight
    end = midnight + DAY * (name == "until")
    return lambda m: m["at"] is not None and m["at"] < end


def day(seconds):
    return datetime.fromtimestamp(seconds, ZONE).strftime("%Y-%m-%d")


def looks(message, words, *, beginning):
    texts = [message["text"], *message["more"], message["name"] or ""]
    return any(found_by_looking(text, words, beginning=beginning) for text in texts)


def records(messages):
    yield from (
        Conversation(id=key, platform=platform, title=title, kind=ConversationKind.GROUP)
        for key, (platform, title) in TITLES.items()
    )
    for place in TITLES:
        for sender, name in SENDERS.items():
            yield Participant(id=sender, name=name, conversation_id=place)
    for number, told in enumerate(messages):
        if told is None:
            continue
        attachments = ()
        if told["name"] is not None:
            attachments = (
                Attachment(
                    kind=MessageKind.IMAGE, path=None, name=told["name"], as_exported="x",
                    state=AttachmentState.MISSING_FILE,
                ),
            )  # fmt: skip
        at = told["at"]
        yield Message(
            id=str(number), scope=told["place"], conversation_id=told["place"],
            sender_id=told["sender"], seq=number, kind=told["kind"], text=told["text"],
            more_text=told["more"], attachments=attachments,
            sent_at=None if at is None else Timestamp(at * 1000, str(at)),
        )  # fmt: skip


def archive_of(messages, seed=0):
    """They are told in two imports, in no order at all."""
    connection = archive.open_in_memory()
    schema.migrate(connection)
    told = list(enumerate(records(messages)))
    fixed = [record for _, record in told if not isinstance(record, Message)]
    mixed = [record for _, record in told if isinstance(record, Message)]
    random.Random(seed).shuffle(mixed)
    tell(connection, 1, [*fixed, *mixed[::2]])
    tell(connection, 2, [*fixed, *mixed[1::2]])
    return connection


def tell(connection, number, told):
    """One import."""
    connection.execute(
        "INSERT INTO import (id, import_id, state, name, importer, importer_version, platform,"
        " told, export_digest, started_at)"
        " VALUES (?1, ?1, 'complete', '', 'x', 1, 'x', '{}', ?1, 0)",
        [number],
    )
    merger = store.Merger(connection, number, file_of=lambda _: None, batch=5)
    merger.add(told)
    merger.flush()


def found(connection, typed, **how):
    """The platform ids of all hits in order, page by page, and the total."""
    tree = parse(typed, now=NOW, zone=ZONE)
    hits, cursor = [], None
    while True:
        page = search(connection, tree, after=cursor, limit=3, **how)
        hits += [hit.id for hit in page.hits]
        cursor = page.next
        if cursor is None:
            break
        assert 3 == len(page.hits)
    ids = dict(connection.execute("SELECT id, platform_id FROM message").fetchall())
    assert page.total == len(hits)
    return [int(ids[hit]) for hit in hits]


@settings(max_examples=120, deadline=None)
@given(searches())
def test_hits_are_those_that_looking_finds_and_come_by_time(drawn):
    messages, typed, is_meant = drawn
    expected = {number for number, told in enumerate(messages) if is_meant(told)}
    connection = archive_of(messages)
    newest = found(connection, typed)
    assert expected == set(newest)
    assert len(expected) == len(newest)
    times = [messages[number]["at"] or 0 for number in newest]
    assert sorted(times, reverse=True) == times
    assert newest == found(connection, typed, order="oldest")[::-1]
    assert expected == set(found(connection, typed, order="relevance"))
    connection.close()


@settings(max_examples=15, deadline=None)
@given(searches())
def test_an_index_made_anew_finds_the_same(drawn):
    messages, typed, _ = drawn
    connection = archive_of(messages)
    before = found(connection, typed)
    connection.execute("UPDATE meta SET value = 0 WHERE key = 'tokeniser'")
    connection.execute("INSERT INTO message_search(message_search) VALUES ('delete-all')")
    assert not search_index.is_current(connection)
    index_upkeep.renew(connection, silent)
    assert search_index.is_current(connection)
    assert before == found(connection, typed)
    connection.close()


@settings(max_examples=15, deadline=None)
@given(searches())
def test_a_joined_index_finds_the_same_in_one_piece(drawn):
    messages, typed, _ = drawn
    connection = archive_of(messages)
    before = found(connection, typed)
    index_upkeep.join(connection)
    assert before == found(connection, typed)
    pieces = "SELECT count(DISTINCT segid) FROM message_search_idx"
    assert archive.value(connection, pieces) <= 1
    connection.close()


def plainly(text, at):
    return {
        "text": text, "more": (), "name": None, "kind": MessageKind.TEXT, "sender": "a1",
        "place": "k1", "at": at,
    }  # fmt: skip


def test_a_second_with_more_messages_than_it_has_keys_stays_within_its_day():
    midnight = START // DAY * DAY - 8 * 3600 + DAY
    last = [plainly(f"ok {number}", midnight - 1) for number in range(600)]
    connection = archive_of([*last, plainly("ok", midnight)])
    assert [600] == found(connection, f"ok after:{day(midnight)}")
    assert set(range(600)) == set(found(connection, f"ok before:{day(midnight)}"))
    assert set(range(600)) == set(found(connection, f"before:{day(midnight)}"))
    connection.close()


def test_pages_stay_what_they_are_while_imports_go_on():
    told = [plainly("ok", START + 60 * number) for number in range(9)]
    connection = archive_of([*told[:3], None, None, None, *told[6:]])
    tree = parse("ok", now=NOW, zone=ZONE)
    first = search(connection, tree, limit=2)
    tell(connection, 3, list(records(told)))  # three that are older, and known ones
    rest = search(connection, tree, limit=20, after=first.next)
    times = [hit.sent_at for hit in (*first.hits, *rest.hits)]
    assert sorted(set(times), reverse=True) == times
    assert first.total < rest.total
    connection.close()


def test_quoted_text_and_file_names_are_searched_and_no_phrase_goes_across_two():
    told = plainly("happy", START) | {"more": ("birthday cake",), "name": "IMG_2034.jpg"}
    connection = archive_of([told, plainly("birthday", START)])
    assert {0, 1} == set(found(connection, "birthday"))
    assert [0] == found(connection, "happy cake 2034")
    assert [] == found(connection, '"happy birthday"')
    assert [] == found(connection, '"cake IMG"')
    connection.close()


def test_all_of_several_dates_hold():
    told = [plainly("ok", START + number * DAY) for number in range(5)]
    connection = archive_of(told)
    days = [day(START + number * DAY) for number in range(5)]
    assert [3] == found(connection, f"after:{days[1]} after:{days[3]} before:{days[4]} until:2030")
    assert [0] == found(connection, f"before:{days[3]} before:{days[1]} after:2020 after:{days[0]}")
    connection.close()
