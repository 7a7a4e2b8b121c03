"""`chatvault stats`: tables, a page in a new file, and what goes wrong."""

import json
import stat
from pathlib import Path

import pytest
from program import STYLING, Terminal, Vault

from chatvault.services import cells


def told(sealed: Vault, *words: str) -> dict:
    ended = sealed.run("stats", "--json", *words)
    assert 0 == ended.code, ended.err
    return json.loads(ended.out)


def test_the_numbers_agree_with_those_of_list_and_search(sealed: Vault) -> None:
    found = told(sealed)
    listed = json.loads(sealed.run("list", "--json").out)
    assert sorted((c["id"], c["messages"], c["first"], c["last"]) for c in listed) == sorted(
        (c["id"], c["messages"], c["first"], c["last"]) for c in found["conversations"]
    )
    people = json.loads(sealed.run("list", "people", "--json").out)
    assert [(p["id"], p["name"], p["messages"]) for p in people] == [
        (p["id"], p["name"], p["messages"]) for p in found["people"]
    ]
    everything = json.loads(sealed.run("search", "--json", "--limit", "1").out)
    assert everything["total"] == found["totals"]["messages"]


@pytest.mark.parametrize(
    "words",
    [
        ("--in", "小满"),
        ("--from", "小诺", "--after", "2024-03"),
        ("--has", "photo"),
        ("--on", "whatsapp", "--until", "2024-04"),
        ("--kind", "text", "--during", "2024-03"),
    ],
)
def test_filters_are_those_of_search(sealed: Vault, words: tuple[str, ...]) -> None:
    hits = json.loads(sealed.run("search", "--json", "--limit", "1", *words).out)
    assert hits["total"] == told(sealed, *words)["totals"]["messages"] > 0


def test_times_are_those_of_this_computer(sealed: Vault) -> None:
    east = json.loads(sealed.run("stats", "--json", TZ="Pacific/Kiritimati").out)
    west = json.loads(sealed.run("stats", "--json", TZ="Pacific/Pago_Pago").out)
    assert ("Pacific/Kiritimati", "Pacific/Pago_Pago") == (east["zone"], west["zone"])
    assert west["hours"] == [*east["hours"][1:], east["hours"][0]]  # 25 hours apart
    assert east["first"] == west["first"]


def test_without_a_terminal_tables_are_lines_with_tabs(sealed: Vault) -> None:
    ended = sealed.run("stats")
    assert (0, "") == (ended.code, ended.err)
    assert "\nmonths\n" in ended.out
    found = told(sealed)
    for month in found["months"]:
        assert f"\n{month['month']}\t{month['messages']}\n" in ended.out
    for day in found["weekdays"]:
        assert "\t".join(map(str, [day["weekday"], day["messages"], *day["hours"]])) in ended.out


@pytest.mark.parametrize("columns", [40, 60, 100, 140])
def test_nothing_is_wider_than_the_terminal(sealed: Vault, columns: int) -> None:
    terminal = Terminal("stats", env=sealed.env(), columns=columns)
    assert 0 == terminal.end()
    shown = terminal.shown.splitlines()
    assert [] == [text for text in shown if cells.width(text) > columns]
    assert any("█" in text and "小满" in text for text in shown)
    assert any(text.startswith("2024 ") for text in shown)
    assert any(text.startswith("Sun ") for text in shown)


def test_bars_begin_below_one_another_whatever_the_names(sealed: Vault) -> None:
    terminal = Terminal("stats", env=sealed.env(), columns=100)
    assert 0 == terminal.end()
    shown = terminal.shown.split("\nconversations\n")[1].split("\n\n")[0].splitlines()
    assert 1 == len({cells.width(text.split("█")[0]) for text in shown if "█" in text})


def test_without_colour_there_is_none(sealed: Vault) -> None:
    plain = Terminal("stats", env=sealed.env(NO_COLOR="1"))
    assert 0 == plain.end()
    assert None is STYLING.search(plain.raw)
    coloured = Terminal("stats", env=sealed.env())
    assert 0 == coloured.end()
    assert "\x1b[36m█" in coloured.raw


def test_a_terminal_of_few_characters_gets_few(sealed: Vault) -> None:
    env = sealed.env(PYTHONIOENCODING="ascii")
    terminal = Terminal("stats", env=env)
    assert 0 == terminal.end()
    assert terminal.shown.isascii()
    assert "####" in terminal.shown


def test_the_page_is_a_new_private_file(sealed: Vault, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    ended = sealed.run("stats", "--html", file)
    assert (0, "") == (ended.code, ended.out)
    assert "It is not encrypted." in ended.err
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "小满" in text
    again = sealed.run("stats", "--html", file)
    assert (2, "") == (again.code, again.out)
    assert "the file exists already" in again.err
    assert text == file.read_text(encoding="utf-8")


def test_the_page_and_json_come_together(sealed: Vault, tmp_path: Path) -> None:
    ended = sealed.run("stats", "--json", "--html", tmp_path / "page.html", "--in", "小满")
    assert told(sealed, "--in", "小满") == json.loads(ended.out)
    assert (tmp_path / "page.html").exists()


def test_where_no_page_can_be_nothing_is_left(sealed: Vault, tmp_path: Path) -> None:
    link = tmp_path / "link.html"
    link.symlink_to(tmp_path / "elsewhere.html")
    for place, code in (
        (sealed.folder / "page.html", 2),
        (tmp_path / "no/page.html", 2),
        (tmp_path, 2),
        (link, 2),
    ):
        assert code == sealed.run("stats", "--html", place).code, place
    assert 12 == sealed.run("stats", "--html", tmp_path / "x.html", CHATVAULT_PASSPHRASE="no").code
    unknown = sealed.run("stats", "--html", tmp_path / "x.html", "--in", "Nowhere")
    assert (2, "") == (unknown.code, unknown.out)
    assert [link] == list(tmp_path.iterdir())
    assert not (sealed.folder / "page.html").exists()


def test_an_empty_vault_has_numbers(empty: Vault) -> None:
    ended = empty.run("stats")
    assert (0, "0 messages in 0 conversations, by 0 people\n") == (ended.code, ended.out)


def test_what_has_no_name_is_a_dash_and_no_hole(empty: Vault, tmp_path: Path) -> None:
    """One message that nobody named sent, in a conversation without a title."""
    export = tmp_path / "nameless.jsonl"
    export.write_text(
        '{"chatvault":"records","version":1}\n'
        '{"record":"Conversation","id":"c","platform":"telegram","title":"","kind":"group"}\n'
        '{"record":"Message","id":"6","conversation_id":"c","sender_id":null,"seq":1,'
        '"sent_at":{"utc_ms":1700000000000,"as_exported":"x"},"kind":"text","text":"hello"}\n'
    )
    assert 0 == empty.run("import", export).code
    shown = empty.run("stats").out
    assert "conversations\n-\t1\n" in shown
    assert "\n\npeople\n" not in shown
    assert "\n2023-11-15, messages on 1 day\n" in shown
    assert "1\t-\tgroup\ttelegram\t1\t" in empty.run("list").out
    assert "  -  -\n" in empty.run("search", "hello").out
    number = empty.number_of("hello")
    assert empty.run("show", number).out.startswith("- (telegram), times in")
    page = tmp_path / "page.html"
    assert 0 == empty.run("stats", "--html", page).code
    assert ">On 15 November 2023, in 1 conversation.<" in page.read_text(encoding="utf-8")
