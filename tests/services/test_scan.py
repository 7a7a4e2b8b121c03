"""Looking at every message finds what the index cannot: signs, and patterns."""

from datetime import UTC, datetime

import pytest
import vaults
from vaults import Said, Telegram

from chatvault.errors import BadQuery
from chatvault.services.query import EVERYTHING, parse
from chatvault.services.scan import pattern_of, scan
from chatvault.services.search import search
from chatvault.services.select import select
from chatvault.vault import queries

NOW = datetime(2024, 6, 1, tzinfo=UTC)
TEXTS = ["see C:\\photos", "c:\\PHOTOS!", "photos", "IMG 2034", "a.b", "axb", "在 C: 盘", "2034-05"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan")
    made = vaults.make(folder / "v")
    said = [Said(n, text) for n, text in enumerate(TEXTS, 1)]
    said += [Said(90, "", photo="photo_1@x.jpg")]
    made.bring(Telegram(said).folder(folder / "e"))
    return made


def found(made, text, *, literal=False, **how):
    with made.reading() as vault:
        return scan(vault.db, EVERYTHING, pattern_of(text, literal=literal), **how)


@pytest.mark.parametrize(
    ("expected", "text", "literal"),
    [
        (["c:\\PHOTOS!", "see C:\\photos"], "c:\\photos", True),
        (["a.b"], "a.b", True),
        (["axb", "a.b"], "a.b", False),
        (["2034-05", "IMG 2034"], "[0-9]{4}", False),
        (["photo_1@x.jpg"], "@x.j", True),
        ([], "never", True),
    ],
)
def test_what_stands_there_is_found_newest_first(made, expected, text, literal):
    hits = found(made, text, literal=literal)
    assert expected == [hit.text for hit in hits.hits]
    assert len(expected) == hits.total
    for hit in hits.hits:
        assert [] != list(hit.marks)
        for start, end in hit.marks:
            assert pattern_of(text, literal=literal).fullmatch(hit.text[start:end])


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_join_to_all_hits_and_the_total_stays(made, order):
    everything = found(made, ".", order=order)
    one_by_one, cursor = [], None
    while True:
        page = found(made, ".", order=order, limit=2, after=cursor)
        assert everything.total == page.total
        one_by_one += page.hits
        cursor = page.next
        if cursor is None:
            break
    assert list(everything.hits) == one_by_one
    assert 9 == everything.total


def test_a_plain_word_is_found_where_a_search_finds_it(made):
    with made.reading() as vault:
        from_index = search(vault.db, parse("photos", now=NOW, zone=UTC)).hits
    assert {hit.id for hit in from_index} == {hit.id for hit in found(made, r"(?i)\bphotos\b").hits}


@pytest.mark.parametrize(("column", "text"), [(1, "["), (3, "ab(c"), (1, "*a"), (1, "")])
def test_a_bad_pattern_is_an_error_at_its_column(column, text):
    with pytest.raises(BadQuery) as caught:
        pattern_of(text, literal=False)
    assert column == caught.value.column


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_messages_are_read_in_order_and_never_sorted(made, order):
    """Sorting would hold all texts of a large archive in memory."""
    with made.reading() as vault:
        selection = select(vault.db, parse("on:telegram", now=NOW, zone=UTC))
        asked = []
        vault.db.set_trace_callback(asked.append)
        keys = [key for key, _ in queries.texts(vault.db, selection, order)]
        vault.db.set_trace_callback(None)
        (sql,) = (one for one in asked if "more_text" in one)
        plan = [row[3] for row in vault.db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert sorted(keys, reverse=order == "newest") == keys
    assert not any("TEMP B-TREE" in step for step in plan)
